#include "ingest/ingest.h"
#include "ingest/limits.h"
#include "ingest/unpack.h"
#include "schema/dmarc_record.h"
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define NOW INT64_C(1772500000)  /* 2026-03-03T01:06:40Z */
#define SENT INT64_C(1772436600) /* the Date of the mails here */

#define POLICY(domain)                                                                             \
    "{\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-domain\":\"" domain "\"},"          \
    "\"summary\":{\"total-successful-session-count\":1,\"total-failure-session-count\":0}}"
#define REPORT(id, policies)                                                                       \
    "{\"organization-name\":\"Reporter Inc.\",\"date-range\":{\"start-datetime\":"                 \
    "\"2026-03-01T00:00:00Z\",\"end-datetime\":\"2026-03-01T23:59:59Z\"},"                         \
    "\"contact-info\":\"tls@reporter.example\",\"report-id\":\"" id "\",\"policies\":[" policies   \
    "]}"
#define ONE REPORT("one", POLICY("a.example"))
#define TWO REPORT("two", POLICY("b.example"))
#define NO_DOMAIN REPORT("none", "{\"policy\":{\"policy-type\":\"no-policy-found\"}}")
#define DMARC_OF(id)                                                                               \
    "<?xml version=\"1.0\"?>\n<feedback>\n<report_metadata><org_name>o</org_name><report_id>" id   \
    "</report_id></report_metadata></feedback>\n"
#define DMARC DMARC_OF("d1")
#define OTHER_DMARC DMARC_OF("d2")

#define FIELDS                                                                                     \
    "From: Reports <TLS@reporter.example>\r\nTo: tls@a.example\r\n"                                \
    "Date: Mon, 02 Mar 2026 07:30:00 +0000\r\nMessage-ID: <1@reporter.example>\r\n"                \
    "MIME-Version: 1.0\r\n"                                                                        \
    "Subject: Report Domain: a.example Submitter: reporter.example Report-ID: <1@r>\r\n"
#define TLS_FIELDS "TLS-Report-Domain: a.example\r\nTLS-Report-Submitter: reporter.example\r\n"
#define GZIP_TYPE "application/tlsrpt+gzip"
#define GZIP_NAME "reporter.example!a.example!1772323200!1772409599.json.gz"

struct unit_part {
    const char *type;
    const char *name; /* NULL: none */
    GBytes *bytes;    /* given away */
};

static struct arrival *ingest_named(GBytes *bytes, const char *name)
{
    g_autoptr(Site) site = site_new();
    struct unit unit = {.bytes = bytes, .source = g_strdup("-"), .file_name = g_strdup(name)};
    const struct ingest_context context = {site, NOW};
    struct arrival *arrival = ingest_unit(&unit, &context);

    unit_clear(&unit);
    return arrival;
}

static struct arrival *ingest_text(const char *text, const char *name)
{
    return ingest_named(g_bytes_new(text, strlen(text)), name);
}

static GBytes *plain(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

static GBytes *packed(const char *text)
{
    return unpack_pack((const uint8_t *)text, strlen(text));
}

static GBytes *packed_again(GBytes *bytes)
{
    gsize length;
    const uint8_t *data = g_bytes_get_data(bytes, &length);
    GBytes *result = unpack_pack(data, length);

    g_bytes_unref(bytes);
    return result;
}

/* Names and texts by turns, up to NULL. */
static GBytes *zipped(const char *const *members)
{
    size_t room = 1 << 20, used = 0;
    char *out = g_malloc(room);
    struct archive *archive = archive_write_new();

    assert_int_equal(archive_write_set_format_zip(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(archive, out, room, &used), ARCHIVE_OK);
    for (; *members != NULL; members += 2) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[0]);
        archive_entry_set_size(entry, (la_int64_t)strlen(members[1]));
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        archive_write_data(archive, members[1], strlen(members[1]));
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    GBytes *result = g_bytes_new(out, used);
    g_free(out);
    return result;
}

static void append_leaf(GString *out, const struct unit_part *part)
{
    gsize length;
    const guchar *data = g_bytes_get_data(part->bytes, &length);
    g_autofree char *encoded = g_base64_encode(data, length);

    g_string_append_printf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n",
                           part->type);
    if (part->name != NULL)
        g_string_append_printf(out, "Content-Disposition: attachment; filename=\"%s\"\r\n",
                               part->name);
    g_string_append(out, "\r\n");
    for (size_t at = 0; at < strlen(encoded); at += 76)
        g_string_append_printf(out, "%.76s\r\n", encoded + at);
    g_bytes_unref(part->bytes);
}

static char *mail_of(const char *fields, const struct unit_part *parts, size_t count)
{
    GString *out = g_string_new(fields);

    g_string_append(out, "Content-Type: multipart/report; report-type=tlsrpt; boundary=\"B\"\r\n");
    for (size_t i = 0; i < count; i++) {
        g_string_append(out, "\r\n--B\r\n");
        append_leaf(out, &parts[i]);
    }
    g_string_append(out, "\r\n--B--\r\n");
    return g_string_free(out, FALSE);
}

static struct arrival *ingest_mail(const char *fields, const struct unit_part *parts, size_t count)
{
    g_autofree char *text = mail_of(fields, parts, count);

    return ingest_text(text, NULL);
}

static const struct report *report_at(const struct arrival *arrival, guint index)
{
    if (index >= arrival->reports->len)
        fail_msg("there are only %u reports", arrival->reports->len);
    return g_ptr_array_index(arrival->reports, index);
}

static const struct unread *unread_at(const struct arrival *arrival, guint index)
{
    if (index >= arrival->unread->len)
        fail_msg("there are only %u unread", arrival->unread->len);
    return g_ptr_array_index(arrival->unread, index);
}

static const struct issue *issue_in(const GPtrArray *issues, const char *said)
{
    for (guint i = 0; i < issues->len; i++) {
        const struct issue *issue = g_ptr_array_index(issues, i);
        if (strstr(issue->problem, said) != NULL)
            return issue;
    }
    fail_msg("no issue says: %s", said);
    return NULL;
}

/* The ids of its reports, with blanks between. */
static char *ids_of(const struct arrival *arrival)
{
    GString *ids = g_string_new(NULL);

    for (guint i = 0; i < arrival->reports->len; i++)
        g_string_append_printf(ids, "%s%s", i > 0 ? " " : "", report_at(arrival, i)->external_id);
    return g_string_free(ids, FALSE);
}

static void assert_ids(const struct arrival *arrival, const char *expected)
{
    g_autofree char *ids = ids_of(arrival);

    assert_string_equal(ids, expected);
    assert_int_equal(arrival->kind, *expected != '\0' ? ARRIVAL_TLSRPT : arrival->kind);
    assert_int_equal(arrival->unread->len, 0);
}

static void assert_file(GBytes *bytes, const char *name, const char *ids)
{
    g_autoptr(Arrival) arrival = ingest_named(bytes, name);

    assert_ids(arrival, ids);
    assert_false(arrival->is_mail);
}

static void takes_reports_out_of_files_by_content(void **state)
{
    static const char *const two[] = {"one.json", ONE, "notes.txt", "hello", "x/two", TWO, NULL};
    static const char *const single[] = {"one.json", ONE, NULL};

    (void)state;
    assert_file(plain(ONE), "one.json", "one");
    assert_file(plain(ONE), "one.zip", "one");
    assert_file(plain("\xef\xbb\xbf\n " ONE), NULL, "one");
    assert_file(packed(ONE), NULL, "one");
    assert_file(packed(ONE), "one.json", "one");
    assert_file(packed_again(packed(ONE)), NULL, "one");
    assert_file(zipped(single), "one.gz", "one");
    assert_file(zipped(two), NULL, "one two");
    assert_file(packed_again(zipped(two)), NULL, "one two");
}

static void takes_several_reports_of_one_text(void **state)
{
    (void)state;
    assert_file(plain(ONE "\n" TWO "\n"), NULL, "one two");
    assert_file(plain(ONE TWO), NULL, "one two");
    assert_file(plain("[" ONE "," TWO "]"), NULL, "one two");
    assert_file(plain("[1," ONE ",{},[" TWO "]]"), NULL, "one");
    assert_file(plain(ONE "\n{\"level\":\"info\"}\n" TWO "\n"), NULL, "one two");
    assert_file(plain("{\"level\":\"info\"}\n" ONE "\n[]\n" TWO), NULL, "one two");
    assert_file(packed(ONE "\n" TWO), "all.ndjson.gz", "one two");
}

static void keeps_the_good_lines_around_a_broken_one(void **state)
{
    g_autoptr(Arrival) arrival = ingest_text(ONE "\n{\"policies\":[{]}\n" TWO "\n", NULL);

    (void)state;
    assert_string_equal(report_at(arrival, 0)->external_id, "one");
    assert_string_equal(report_at(arrival, arrival->reports->len - 1)->external_id, "two");
}

static void notes_bytes_after_the_report(void **state)
{
    g_autoptr(Arrival) arrival = ingest_text(ONE "\ntrailing", NULL);
    const struct issue *issue = issue_in(arrival->issues, "8 bytes after the report");

    (void)state;
    assert_ids(arrival, "one");
    assert_string_equal(issue->clause, "RFC 8259, section 2");
    assert_int_equal(issue->kind, ISSUE_JSON);
}

static void assert_mail(const struct unit_part *parts, size_t count, const char *ids)
{
    g_autoptr(Arrival) arrival = ingest_mail(FIELDS TLS_FIELDS, parts, count);

    assert_ids(arrival, ids);
    assert_true(arrival->is_mail);
}

static void takes_reports_out_of_mails_by_content(void **state)
{
    static const char *const both[] = {"one.json", ONE, "two.json", TWO, NULL};
    static const char *const types[] = {
        GZIP_TYPE,
        "application/tlsrpt+json",
        "application/tlsrpt",
        "application/gzip",
        "application/octet-stream",
        "application/x-zip-compressed",
        "text/plain",
        "image/png",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        const struct unit_part gzip = {types[i], GZIP_NAME, packed(ONE)};
        const struct unit_part json = {types[i], NULL, plain(ONE)};
        assert_mail(&gzip, 1, "one");
        assert_mail(&json, 1, "one");
    }
    const struct unit_part two[] = {{"text/plain", NULL, plain("Dear postmaster")},
                                    {GZIP_TYPE, GZIP_NAME, packed(ONE)},
                                    {"application/zip", NULL, zipped(both)}};
    assert_mail(two, 3, "one one two");
}

static void the_text_beside_a_report_is_none(void **state)
{
    const struct unit_part quoting[] = {{"text/plain", NULL, plain(TWO)},
                                        {"text/html", NULL, plain(TWO)},
                                        {GZIP_TYPE, GZIP_NAME, packed(ONE)}};
    const struct unit_part alone[] = {{"text/plain", NULL, plain("Dear postmaster")},
                                      {"text/plain", NULL, plain(TWO)}};
    const struct unit_part named[] = {{"text/plain", "two.json", plain(TWO)}};

    (void)state;
    assert_mail(quoting, 3, "one");
    assert_mail(alone, 2, "two");
    assert_mail(named, 1, "two");
}

static void takes_the_whole_body_as_a_report(void **state)
{
    g_autoptr(GString) text = g_string_new(FIELDS);
    const struct unit_part part = {GZIP_TYPE, GZIP_NAME, packed(ONE)};

    (void)state;
    append_leaf(text, &part);
    g_autoptr(Arrival) arrival = ingest_text(text->str, NULL);
    assert_ids(arrival, "one");
    assert_true(arrival->is_mail);
}

static char *forwarded(const char *outer_fields, const char *inner_fields, const char *report)
{
    const struct unit_part part = {GZIP_TYPE, "report.gz", packed(report)};
    g_autofree char *inner = mail_of(inner_fields, &part, 1);

    return g_strdup_printf("%sContent-Type: multipart/mixed; boundary=\"F\"\r\n\r\n"
                           "--F\r\nContent-Type: text/plain\r\n\r\nfyi\r\n"
                           "--F\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--F--\r\n",
                           outer_fields, inner);
}

static const struct policy *first_policy(const struct report *report)
{
    assert_true(report->policies->len > 0);
    return g_ptr_array_index(report->policies, 0);
}

static void a_forwarded_report_has_the_fields_of_its_own_mail(void **state)
{
    g_autofree char *text =
        forwarded("From: admin@b.example\r\nMessage-ID: <2@b>\r\nSubject: fwd\r\n",
                  FIELDS "TLS-Report-Domain: inner.example\r\n", NO_DOMAIN);
    g_autoptr(Arrival) arrival = ingest_text(text, NULL);

    (void)state;
    assert_ids(arrival, "none");
    assert_string_equal(arrival->message_id, "2@b");
    assert_string_equal(arrival->subject, "fwd");
    assert_string_equal(first_policy(report_at(arrival, 0))->domain, "inner.example");
    assert_int_equal(first_policy(report_at(arrival, 0))->domain_source, DOMAIN_FROM_HEADER);
}

static void fields_of_inner_mails_count_where_they_agree(void **state)
{
    static const struct {
        const char *outer, *first, *second, *kept;
    } cases[] = {
        {"", "TLS-Report-Domain: a.example\n", "TLS-Report-Domain: a.example\n", "a.example"},
        {"", "TLS-Report-Domain: a.example\n", "TLS-Report-Domain: b.example\n", NULL},
        {"", "TLS-Report-Domain: a.example\n", "", NULL},
        {"TLS-Report-Domain: o.example\n", "TLS-Report-Domain: a.example\n", "", "o.example"},
        {"", "", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "Subject: fwd\n%sMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=F\n\n"
            "--F\nContent-Type: message/rfc822\n\nSubject: 1\n%s\n" ONE "\n"
            "--F\nContent-Type: message/rfc822\n\nSubject: 2\n%s\n" TWO "\n--F--\n",
            cases[i].outer, cases[i].first, cases[i].second);
        g_autoptr(Arrival) arrival = ingest_text(text, NULL);
        assert_ids(arrival, "one two");
        if (cases[i].kept == NULL)
            assert_null(arrival->report_domain);
        else
            assert_string_equal(arrival->report_domain, cases[i].kept);
    }
}

static void tells_how_a_mail_came(void **state)
{
    const struct unit_part part = {GZIP_TYPE, GZIP_NAME, packed(ONE)};
    g_autoptr(Arrival) arrival = ingest_mail(FIELDS TLS_FIELDS, &part, 1);

    (void)state;
    assert_true(arrival->is_mail);
    assert_string_equal(arrival->source, "-");
    assert_string_equal(arrival->sender, "tls@reporter.example");
    assert_string_equal(arrival->message_id, "1@reporter.example");
    assert_string_equal(arrival->report_domain, "a.example");
    assert_string_equal(arrival->report_submitter, "reporter.example");
    assert_non_null(strstr(arrival->subject, "Report Domain: a.example"));
    assert_int_equal(arrival->received_at, SENT);
    assert_int_equal(arrival->issues->len, 0);
    assert_int_equal(report_at(arrival, 0)->issues->len, 0);
    assert_string_equal(report_at(arrival, 0)->original.file_name, GZIP_NAME);
    assert_string_equal(report_at(arrival, 0)->original.part, "1");
}

static void a_clock_ahead_of_ours_is_not_believed(void **state)
{
    g_autoptr(Site) site = site_new();
    const struct ingest_context context = {site, NOW};
    const gint64 times[][2] = {{0, NOW}, {NOW - 5, NOW - 5}, {NOW + 5, NOW}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        struct unit unit = {.bytes = plain(ONE), .source = g_strdup("-"), .time = times[i][0]};
        g_autoptr(Arrival) arrival = ingest_unit(&unit, &context);
        assert_int_equal(arrival->received_at, times[i][1]);
        unit_clear(&unit);
    }
    g_autoptr(Arrival) mail = ingest_text("Date: Mon, 02 Mar 2037 07:30:00 +0000\r\n"
                                          "Subject: x\r\n\r\nhello\r\n",
                                          NULL);
    assert_int_equal(mail->received_at, NOW);
}

static void a_mail_without_report_leaves_a_note(void **state)
{
    static const struct {
        const char *text;
        enum arrival_kind kind;
        const char *said;
    } cases[] = {
        {"Subject: Lunch\r\nFrom: a@b.example\r\n\r\nAt noon?\r\n", ARRIVAL_OTHER,
         "no report in this mail: \"Lunch\""},
        {"From: a@b.example\r\n\r\n{\"not\":\"a report\"}\r\n", ARRIVAL_OTHER,
         "no report in this mail"},
        {"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;"
         " report-type=delivery-status; boundary=\"B\"\r\n\r\n--B\r\n\r\nno such user\r\n--B--\r\n",
         ARRIVAL_BOUNCE, "a bounce: \"x\""},
        {"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;"
         " report-type=feedback-report; boundary=\"B\"\r\n\r\n--B\r\n\r\nspam\r\n--B--\r\n",
         ARRIVAL_ARF, "a failure report (ARF): \"x\""},
        {"just text", ARRIVAL_OTHER, "no report in this file"},
        {"<html><p>your feedback></p></html>", ARRIVAL_OTHER, "no report in this file"},
        {"", ARRIVAL_OTHER, "no report in this file"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Arrival) arrival = ingest_text(cases[i].text, NULL);
        const struct issue *issue = issue_in(arrival->issues, cases[i].said);
        assert_ids(arrival, "");
        assert_int_equal(arrival->kind, cases[i].kind);
        assert_int_equal(issue->kind, ISSUE_NO_REPORT);
        assert_int_equal(issue->severity, ISSUE_NOTICE);
    }
}

static const struct dmarc_report *dmarc_at(const struct arrival *arrival, guint index)
{
    assert_true(index < arrival->dmarc->len);
    return g_ptr_array_index(arrival->dmarc, index);
}

static void takes_dmarc_reports_however_they_come(void **state)
{
    static const char *const one[] = {"r!a.example!1!2.xml", DMARC, NULL};
    static const char *const foldered[] = {"x/", "", "x/r!a.example!1!2.xml", DMARC, NULL};
    const struct unit_part gzip = {"application/gzip", "r!a.example!1!2.xml.gz", packed(DMARC)};
    const struct unit_part zip = {"application/zip", "r.zip", zipped(one)};
    const struct unit_part text = {"text/xml", NULL, plain(DMARC)};
    struct arrival *const arrivals[] = {
        ingest_text(DMARC, "x.xml"),         ingest_named(packed(DMARC), NULL),
        ingest_named(zipped(one), NULL),     ingest_named(packed_again(packed(DMARC)), "x"),
        ingest_mail(FIELDS, &gzip, 1),       ingest_mail(FIELDS, &zip, 1),
        ingest_mail(FIELDS, &text, 1),       ingest_named(zipped(foldered), NULL),
        ingest_text("\n \n" DMARC, "x.xml"),
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(arrivals); i++) {
        assert_int_equal(arrivals[i]->kind, ARRIVAL_DMARC);
        assert_int_equal(arrivals[i]->unread->len + arrivals[i]->reports->len, 0);
        assert_int_equal(arrivals[i]->dmarc->len, 1);
        assert_string_equal(dmarc_at(arrivals[i], 0)->external_id, "d1");
        assert_memory_equal(dmarc_at(arrivals[i], 0)->content_hash,
                            dmarc_at(arrivals[0], 0)->content_hash, RECORD_HASH_BYTES);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(arrivals); i++)
        arrival_free(arrivals[i]);
}

static void takes_each_dmarc_report_of_a_zip(void **state)
{
    static const char *const files[] = {"one.xml", DMARC, "two.xml", OTHER_DMARC, NULL};
    g_autoptr(Arrival) arrival = ingest_named(zipped(files), "both.zip");

    (void)state;
    assert_int_equal(arrival->dmarc->len, 2);
    assert_string_equal(dmarc_at(arrival, 0)->original.file_name, "one.xml");
    assert_string_equal(dmarc_at(arrival, 1)->external_id, "d2");
}

/* RFC 9990 has one XML file, packed once. */
static void notes_how_dmarc_reports_are_packed(void **state)
{
    static const char *const one[] = {"x/", "", "x/r!a.example!1!2.xml", DMARC, NULL};
    static const char *const two[] = {"one.xml", DMARC, "two.xml", OTHER_DMARC, NULL};
    static const char *const none[] = {"one.txt", "1", "two.txt", "2", NULL};
    const struct {
        GBytes *bytes;
        const char *problem; /* NULL: there is none */
    } cases[] = {
        {packed(DMARC), NULL},
        {zipped(one), NULL},
        {packed_again(packed(DMARC)), "a packed file in a packed file"},
        {packed_again(zipped(one)), "a packed file in a packed file"},
        {zipped(two), "2 files are packed together"},
        {zipped(none), NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Arrival) arrival = ingest_named(cases[i].bytes, "x");
        const struct issue *found = NULL;
        for (guint k = 0; k < arrival->issues->len; k++) {
            const struct issue *issue = g_ptr_array_index(arrival->issues, k);
            if (issue->kind == ISSUE_CONTAINER)
                found = issue;
        }
        assert_true((found != NULL) == (cases[i].problem != NULL));
        if (found == NULL)
            continue;
        assert_string_equal(found->problem, cases[i].problem);
        assert_string_equal(found->clause, "RFC 9990, section 3.5.2; RFC 7489, section 7.2.1.1");
    }
}

static void quarantines_a_dmarc_report_that_cannot_be_read(void **state)
{
    static const char *const texts[] = {
        "<!DOCTYPE feedback [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><feedback><report_metadata>"
        "<org_name>&x;</org_name></report_metadata></feedback>",
        "<feedback/>",
        "<?xml version=\"1.0\"?><!-- x --><ns1:feedback xmlns:ns1=\"x\">",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const struct unit_part part = {"application/gzip", "r!a.example!1!2.xml.gz",
                                       packed(texts[i])};
        g_autoptr(Arrival) mail = ingest_mail(FIELDS, &part, 1);
        assert_int_equal(mail->kind, ARRIVAL_DMARC);
        assert_int_equal(mail->dmarc->len, 0);
        assert_int_equal(mail->unread->len, 1);
        assert_int_equal(unread_at(mail, 0)->kind, ARRIVAL_DMARC);
        assert_non_null(unread_at(mail, 0)->problem);
        assert_string_equal(unread_at(mail, 0)->original.file_name, "r!a.example!1!2.xml.gz");
    }
}

/* One of so many rows that it is read while it is unpacked. */
static char *large_dmarc(guint rows)
{
    GString *text = g_string_new("<feedback><report_metadata><report_id>large</report_id>"
                                 "</report_metadata>");

    for (guint i = 0; i < rows; i++)
        g_string_append_printf(text,
                               "<record><row><source_ip>2001:db8::%x</source_ip><count>1</count>"
                               "</row><identifiers><header_from>a.example</header_from>"
                               "</identifiers></record>\n",
                               i);
    g_string_append(text, "</feedback>");
    return g_string_free(text, FALSE);
}

static void reads_a_large_dmarc_report_while_it_is_unpacked(void **state)
{
    g_autofree char *text = large_dmarc(5000);
    const char *const files[] = {"one.xml", text, "two.xml", OTHER_DMARC, NULL};
    struct arrival *const arrivals[] = {
        ingest_named(packed(text), "x.xml.gz"),
        ingest_named(packed_again(packed(text)), "x.xml.gz.gz"),
        ingest_named(zipped(files), "x.zip"),
    };

    (void)state;
    assert_true(strlen(text) > UNPACK_HELD_BYTES);
    for (size_t i = 0; i < G_N_ELEMENTS(arrivals); i++) {
        g_autoptr(Site) site = site_new();
        const struct ingest_context context = {site, NOW};
        const struct dmarc_report *report = dmarc_at(arrivals[i], 0);
        g_autoptr(Arrival) again = ingest_again(&report->original, arrivals[i], &context);
        assert_int_equal(dmarc_rows_count(report->rows), 5000);
        assert_int_equal(dmarc_rows_count(dmarc_at(again, 0)->rows), 5000);
        assert_memory_equal(dmarc_at(again, 0)->content_hash, report->content_hash,
                            RECORD_HASH_BYTES);
        arrival_free(arrivals[i]);
    }
}

static void a_large_dmarc_report_that_is_broken_is_read_from_its_begin_again(void **state)
{
    g_autofree char *text = large_dmarc(5000);
    g_autoptr(Arrival) arrival = NULL;

    (void)state;
    memcpy(text + UNPACK_HELD_BYTES + 10000, "<<<", 3);
    arrival = ingest_named(packed(text), "x.xml.gz");
    assert_in_range(dmarc_rows_count(dmarc_at(arrival, 0)->rows), 4999, 5000);
}

static void quarantines_what_claims_to_be_a_report(void **state)
{
    static const struct {
        const char *type, *name, *text;
        enum arrival_kind kind;
        const char *problem;
    } cases[] = {
        {GZIP_TYPE, NULL, "\x1f\x8b rubbish", ARRIVAL_TLSRPT, ""},
        {GZIP_TYPE, NULL, "rubbish", ARRIVAL_TLSRPT, "no TLS report"},
        {"application/tlsrpt+json", NULL, "", ARRIVAL_TLSRPT, "empty where a report should be"},
        {"application/tlsrpt+json", NULL, "{\"a\":1}", ARRIVAL_TLSRPT, "no TLS report"},
        {"application/octet-stream", "x.json.gz", "PK\3\4rubbish", ARRIVAL_TLSRPT, ""},
        {"text/plain", "x.json", "{{{{", ARRIVAL_TLSRPT, ""},
        {"application/zip", "x.zip", "PK\3\4rubbish", ARRIVAL_OTHER, ""},
        {"text/xml", "r.example!o.example!1!2.xml", "rubbish", ARRIVAL_DMARC,
         "no DMARC report, though announced as one"},
        {"text/xml", "r.example!o.example!1!2.zip", "rubbish", ARRIVAL_OTHER,
         "no report, though announced as one"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct unit_part part = {cases[i].type, cases[i].name, plain(cases[i].text)};
        g_autoptr(Arrival) arrival = ingest_mail(FIELDS, &part, 1);
        const struct unread *unread = unread_at(arrival, 0);
        assert_int_equal(arrival->reports->len, 0);
        assert_int_equal(arrival->unread->len, 1);
        assert_int_equal(arrival->kind, cases[i].kind);
        assert_non_null(strstr(unread->problem, cases[i].problem));
        assert_true(arrival->issues->len > 0);
        assert_true(g_bytes_get_size(unread->original.bytes) > 0);
    }
}

static void of_a_zip_the_member_is_named(void **state)
{
    static const char *const files[] = {"d/one.xml", DMARC,        "r.example!o.example!1!2.xml",
                                        "rubbish",   "readme.txt", "rubbish",
                                        NULL};
    g_autoptr(Arrival) arrival = ingest_named(zipped(files), "several.zip");
    const GPtrArray *issues = dmarc_at(arrival, 0)->issues;

    (void)state;
    assert_int_equal(arrival->dmarc->len, 1);
    assert_true(issues->len > 0);
    for (guint i = 0; i < issues->len; i++)
        assert_string_equal(((const struct issue *)g_ptr_array_index(issues, i))->part, "one.xml");
    assert_int_equal(arrival->unread->len, 1);
    assert_string_equal(unread_at(arrival, 0)->original.file_name, "r.example!o.example!1!2.xml");
    assert_string_equal(issue_in(arrival->issues, "though announced as one")->part,
                        "r.example!o.example!1!2.xml");
}

static void leaves_other_attachments_alone(void **state)
{
    static const char *const types[] = {"application/pdf", "application/octet-stream", "text/csv",
                                        "application/json"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        const struct unit_part part = {types[i], "invoice.pdf", plain("{%PDF-1.4 \x01\x02")};
        g_autoptr(Arrival) arrival = ingest_mail("Subject: invoice\r\n", &part, 1);
        assert_ids(arrival, "");
        issue_in(arrival->issues, "no report in this mail: \"invoice\"");
    }
}

static void uses_the_good_part_of_a_cut_gzip(void **state)
{
    g_autoptr(GString) text = g_string_new(ONE);
    guint32 random = 1;

    (void)state;
    g_string_truncate(text, text->len - 2);
    for (int i = 0; i < 400; i++) {
        random = random * 1664525 + 1013904223;
        g_string_append_printf(text, "," POLICY("d%08x.example"), random);
    }
    g_string_append(text, "]}");
    g_autoptr(GBytes) whole = packed(text->str);
    const struct unit_part part = {
        GZIP_TYPE, GZIP_NAME,
        g_bytes_new(g_bytes_get_data(whole, NULL), g_bytes_get_size(whole) / 2)};
    g_autoptr(Arrival) arrival = ingest_mail(FIELDS, &part, 1);
    const struct report *report = report_at(arrival, 0);
    assert_ids(arrival, "one");
    assert_in_range(report->policies->len, 50, 390);
    assert_string_equal(first_policy(report)->domain, "a.example");
    assert_true(arrival->issues->len + report->issues->len >= 2);
}

static bool same_key(const struct arrival *a, const struct arrival *b)
{
    return memcmp(a->key, b->key, RECORD_HASH_BYTES) == 0;
}

static struct arrival *keyed(const char *fields, const char *report)
{
    const struct unit_part part = {GZIP_TYPE, GZIP_NAME, packed(report)};

    return ingest_mail(fields, &part, 1);
}

static void the_same_mail_has_the_same_key(void **state)
{
    const struct unit_part part = {GZIP_TYPE, GZIP_NAME, packed(ONE)};
    g_autofree char *text = mail_of(FIELDS TLS_FIELDS, &part, 1);
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    g_autofree char *with_lf = g_strjoinv("\n", lines);
    g_autofree char *traced = g_strconcat("Received: from a by b; now\r\n", text, NULL);
    g_autofree char *from_line = g_strconcat("From x Mon Mar  2 07:30:00 2026\n", with_lf, NULL);
    g_autoptr(Arrival) first = ingest_text(text, NULL), lf = ingest_text(with_lf, NULL);
    g_autoptr(Arrival) again = ingest_text(traced, NULL), mbox = ingest_text(from_line, NULL);

    (void)state;
    assert_ids(lf, "one");
    assert_ids(mbox, "one");
    assert_true(same_key(first, lf));
    assert_true(same_key(first, again));
    assert_true(same_key(first, mbox));
}

static void another_mail_has_another_key(void **state)
{
    g_autoptr(Arrival) first = keyed(FIELDS, ONE), content = keyed(FIELDS, TWO);
    g_autoptr(Arrival) other_id = keyed("Message-ID: <2@reporter.example>\r\n", ONE);
    g_autoptr(Arrival) file = ingest_text(ONE, NULL), text = ingest_text("Subject: a\n\nb", NULL);
    g_autoptr(Arrival) other_text = ingest_text("Subject: a\n\nc", NULL);
    g_autoptr(Arrival) dmarc = keyed(FIELDS, DMARC), other_dmarc = keyed(FIELDS, OTHER_DMARC);
    const struct arrival *all[] = {first, content, other_id,   file,
                                   text,  dmarc,   other_text, other_dmarc};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        for (size_t k = 0; k < i; k++)
            assert_false(same_key(all[i], all[k]));
}

static void assert_again(const struct arrival *arrival)
{
    g_autoptr(Site) site = site_new();
    const struct ingest_context context = {site, NOW + 86400};

    assert_true(arrival->reports->len > 0);
    for (guint i = 0; i < arrival->reports->len; i++) {
        const struct report *report = report_at(arrival, i);
        g_autoptr(Arrival) scratch = ingest_again(&report->original, arrival, &context);
        const struct report *again = report_at(scratch, 0);
        assert_string_equal(again->external_id, report->external_id);
        assert_memory_equal(again->json_hash, report->json_hash, RECORD_HASH_BYTES);
        assert_memory_equal(again->content_hash, report->content_hash, RECORD_HASH_BYTES);
        assert_memory_equal(again->identity_hash, report->identity_hash, RECORD_HASH_BYTES);
        assert_string_equal(first_policy(again)->domain, first_policy(report)->domain);
    }
}

static void reads_what_was_kept_again(void **state)
{
    static const char *const both[] = {"one.json", ONE, "two.json", TWO, NULL};
    static const char *const single[] = {"r!z.example!1772323200!1772409599.json", NO_DOMAIN, NULL};
    const struct unit_part hinted = {GZIP_TYPE, GZIP_NAME, packed(NO_DOMAIN)};
    g_autofree char *forward = forwarded("From: a@b.example\r\nSubject: fwd\r\n",
                                         FIELDS "TLS-Report-Domain: inner.example\r\n", NO_DOMAIN);
    struct arrival *const arrivals[] = {
        ingest_text(ONE, "one.json"),
        ingest_text(ONE "\n" TWO " trailing", NULL),
        ingest_text("[" ONE "," TWO "]", NULL),
        ingest_named(packed(ONE), NULL),
        ingest_named(packed_again(packed(ONE)), NULL),
        ingest_named(packed(ONE "\n" TWO), NULL),
        ingest_named(zipped(both), NULL),
        ingest_named(zipped(single), NULL),
        ingest_named(packed(NO_DOMAIN), "r!z.example!1772323200!1772409599.json.gz"),
        ingest_mail(FIELDS TLS_FIELDS, &hinted, 1),
        ingest_text(forward, NULL),
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(arrivals); i++) {
        assert_again(arrivals[i]);
        arrival_free(arrivals[i]);
    }
}

static void what_cannot_be_read_stays_unread(void **state)
{
    g_autoptr(Arrival) arrival = ingest_text("{{{{", GZIP_NAME);
    g_autoptr(Site) site = site_new();
    const struct ingest_context context = {site, NOW};
    g_autoptr(Arrival) again = ingest_again(&unread_at(arrival, 0)->original, arrival, &context);

    (void)state;
    assert_int_equal(again->reports->len + again->dmarc->len, 0);
    assert_true(again->issues->len > 0);
}

static void keeps_no_more_reports_than_the_limit(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);

    (void)state;
    for (int i = 0; i < LIMIT_REPORTS_PER_ARRIVAL + 5; i++)
        g_string_append_printf(text, "{\"report-id\":\"%d\",\"policies\":[]}\n", i);
    g_autoptr(Arrival) lines = ingest_text(text->str, NULL);
    assert_int_equal(lines->reports->len, LIMIT_REPORTS_PER_ARRIVAL);
    assert_int_equal(issue_in(lines->issues, "more than 10000")->kind, ISSUE_LIMIT);
}

static void names_the_part_an_issue_is_about(void **state)
{
    const struct unit_part parts[] = {
        {"text/plain", NULL, plain("Dear postmaster")},
        {GZIP_TYPE, "r.json.gz", packed(REPORT("x", POLICY("a.example") ",7"))}};
    g_autoptr(Arrival) arrival = ingest_mail(FIELDS, parts, 2);

    (void)state;
    assert_string_equal(issue_in(report_at(arrival, 0)->issues, "no object")->part,
                        "2 r.json.gz policies[1]");
}

static void issues_stay_bounded_and_valid_utf8(void **state)
{
    g_autoptr(GString) report = g_string_new("{\"report-id\":\"a\xff\",\"policies\":[");
    g_autofree char *filler = g_strnfill(199, 'a');
    g_autofree char *fields = g_strdup_printf("Subject: %s\xc3\xa4\xc3\xa4\r\n", filler);
    g_autofree char *name = g_strdup_printf("%s\xc3\xa4.json", filler);

    (void)state;
    for (int i = 0; i < 300; i++)
        g_string_append_printf(report, "%s%d", i > 0 ? "," : "", i);
    g_string_append(report, "]}");
    const struct unit_part part = {GZIP_TYPE, name, plain(report->str)};
    g_autoptr(Arrival) arrival = ingest_mail(fields, &part, 1);
    const GPtrArray *issues = report_at(arrival, 0)->issues;
    assert_int_equal(issues->len, LIMIT_ISSUES);
    issue_in(issues, "UTF-8");
    for (guint i = 0; i < issues->len; i++)
        if (((struct issue *)issues->pdata[i])->part != NULL)
            assert_true(g_utf8_validate(((struct issue *)issues->pdata[i])->part, -1, NULL));
    g_autofree char *text = g_strconcat(fields, "\r\nhello\r\n", NULL);
    g_autoptr(Arrival) other = ingest_text(text, NULL);
    assert_true(g_utf8_validate(issue_in(other->issues, "no report in")->problem, -1, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_reports_out_of_files_by_content),
        cmocka_unit_test(takes_several_reports_of_one_text),
        cmocka_unit_test(keeps_the_good_lines_around_a_broken_one),
        cmocka_unit_test(notes_bytes_after_the_report),
        cmocka_unit_test(takes_reports_out_of_mails_by_content),
        cmocka_unit_test(the_text_beside_a_report_is_none),
        cmocka_unit_test(takes_the_whole_body_as_a_report),
        cmocka_unit_test(a_forwarded_report_has_the_fields_of_its_own_mail),
        cmocka_unit_test(fields_of_inner_mails_count_where_they_agree),
        cmocka_unit_test(tells_how_a_mail_came),
        cmocka_unit_test(a_clock_ahead_of_ours_is_not_believed),
        cmocka_unit_test(a_mail_without_report_leaves_a_note),
        cmocka_unit_test(takes_dmarc_reports_however_they_come),
        cmocka_unit_test(takes_each_dmarc_report_of_a_zip),
        cmocka_unit_test(notes_how_dmarc_reports_are_packed),
        cmocka_unit_test(quarantines_a_dmarc_report_that_cannot_be_read),
        cmocka_unit_test(reads_a_large_dmarc_report_while_it_is_unpacked),
        cmocka_unit_test(a_large_dmarc_report_that_is_broken_is_read_from_its_begin_again),
        cmocka_unit_test(quarantines_what_claims_to_be_a_report),
        cmocka_unit_test(of_a_zip_the_member_is_named),
        cmocka_unit_test(leaves_other_attachments_alone),
        cmocka_unit_test(uses_the_good_part_of_a_cut_gzip),
        cmocka_unit_test(the_same_mail_has_the_same_key),
        cmocka_unit_test(another_mail_has_another_key),
        cmocka_unit_test(reads_what_was_kept_again),
        cmocka_unit_test(what_cannot_be_read_stays_unread),
        cmocka_unit_test(keeps_no_more_reports_than_the_limit),
        cmocka_unit_test(names_the_part_an_issue_is_about),
        cmocka_unit_test(issues_stay_bounded_and_valid_utf8),
    };

    ingest_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
