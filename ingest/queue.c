#include "ingest/queue.h"
#include "ingest/limits.h"
#include "ingest/log/scrub.h"
#include "ingest/text.h"
#include "schema/error.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct reading {
    queued_fn take;
    void *data;
    struct queue_counts *counts;
};

/* At most `limit` bytes of the next line, without its end; false at the end of the file. */
static bool read_line(FILE *file, GString *line, size_t limit, bool *cut)
{
    int c;

    g_string_truncate(line, 0);
    *cut = false;
    while ((c = getc(file)) != EOF && c != '\n') {
        if (line->len < limit)
            g_string_append_c(line, (char)c);
        else
            *cut = true;
    }
    return c != EOF || line->len > 0;
}

static char *text_of(const json_t *object, const char *key, size_t limit)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? text_bounded(json_string_value(value), json_string_length(value), limit, NULL)
               : NULL;
}

static char *reason_of(const json_t *recipient)
{
    const json_t *value = json_object_get(recipient, "delay_reason");
    GString *reason;

    if (!json_is_string(value) || json_string_length(value) == 0)
        return NULL;
    reason = g_string_new(NULL);
    scrub_append(reason, (struct span){json_string_value(value), json_string_length(value)},
                 LIMIT_TEXT_BYTES);
    return g_string_free(reason, FALSE);
}

static void give_recipient(const struct reading *reading, const struct queued_message *message,
                           const json_t *recipient)
{
    g_autofree char *address = text_of(recipient, "address", LIMIT_STRING_BYTES);
    g_autofree char *domain = text_domain_of_address(address);
    g_autofree char *reason = reason_of(recipient);
    struct queued_message one = *message;

    one.domain = domain;
    one.reason = reason;
    reading->take(&one, reading->data);
}

static bool give_message(const struct reading *reading, const json_t *object)
{
    g_autofree char *name = text_of(object, "queue_name", LIMIT_TEXT_BYTES);
    g_autofree char *id = text_of(object, "queue_id", LIMIT_TEXT_BYTES);
    const json_t *recipients = json_object_get(object, "recipients");
    const struct queued_message message = {
        .queue_name = name,
        .queue_id = id,
        .arrived_at = json_integer_value(json_object_get(object, "arrival_time")),
    };

    if (id == NULL || !json_is_array(recipients))
        return false;
    reading->counts->messages++;
    for (size_t i = 0; i < json_array_size(recipients); i++)
        give_recipient(reading, &message, json_array_get(recipients, i));
    return true;
}

static void take_line(const struct reading *reading, const GString *line, bool cut)
{
    json_t *object;

    if (strspn(line->str, " \t\r") == line->len)
        return;
    object = cut ? NULL : json_loadb(line->str, line->len, 0, NULL);
    if (!json_is_object(object) || !give_message(reading, object))
        reading->counts->unreadable++;
    json_decref(object);
}

static bool read_file(FILE *file, const struct reading *reading)
{
    g_autoptr(GString) line = g_string_new(NULL);
    bool cut;

    while (!reading->counts->cut && read_line(file, line, LIMIT_QUEUE_LINE_BYTES, &cut)) {
        take_line(reading, line, cut);
        reading->counts->cut =
            reading->counts->messages + reading->counts->unreadable >= LIMIT_QUEUE_MESSAGES;
    }
    return ferror(file) == 0;
}

bool queue_read(const char *path, queued_fn take, void *data, struct queue_counts *counts,
                GError **error)
{
    const struct reading reading = {take, data, counts};
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    bool ok = file != NULL && read_file(file, &reading);

    if (!ok)
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_INPUT, "%s: %s", path,
                    g_strerror(errno));
    if (file != NULL && !is_stdin)
        fclose(file);
    return ok;
}
