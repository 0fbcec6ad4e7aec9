/*
 * One mail, read twice: the short cut must read what GMime reads. What comes out keeps the bounds
 * that mail.h and limits.h promise.
 */
#include "ingest/limits.h"
#include "ingest/mail.h"
#include "tests/lib/mail_same.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    if (text == NULL)
        return;
    CHECK(g_utf8_validate(text, -1, NULL));
    CHECK(strlen(text) <= LIMIT_TEXT_BYTES);
}

static void check_part(const struct mail_part *part, size_t size)
{
    CHECK(part->part != NULL && part->part[0] != '\0');
    CHECK(part->content_type != NULL);
    check_text(part->content_type);
    check_text(part->file_name);
    check_text(part->report_domain);
    check_text(part->report_submitter);
    check_text(part->subject);
    CHECK(g_bytes_get_size(part->bytes) <= size);
}

static void check_mail(const struct mail *mail, size_t size)
{
    check_text(mail->sender);
    check_text(mail->message_id);
    check_text(mail->subject);
    check_text(mail->report_domain);
    check_text(mail->report_submitter);
    CHECK(mail->parts->len <= LIMIT_MIME_PARTS);
    for (guint i = 0; i < mail->parts->len; i++)
        check_part(g_ptr_array_index(mail->parts, i), size);
}

/* replay.c knows no LLVMFuzzerInitialize(). */
static void init_once(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        mail_init();
        g_once_init_leave(&done, 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    init_once();
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(GPtrArray) more = issues_new();
    g_autoptr(Mail) mail = mail_parse(data, size, "mx.example", issues);
    g_autoptr(Mail) slow = mail_parse_with_gmime(data, size, "mx.example", more);
    const char *difference = mail_difference(mail, slow);

    if (difference != NULL)
        fprintf(stderr, "the short cut reads another %s\n", difference);
    CHECK(difference == NULL);
    CHECK(mail->authenticated == slow->authenticated);
    CHECK(issues->len == more->len);
    check_mail(mail, size);
    (void)mail_sniff(data, size);
    return 0;
}
