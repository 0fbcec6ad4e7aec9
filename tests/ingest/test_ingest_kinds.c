/* What a mailbox that holds everything holds: what each mail is taken for, and what is left alone.
 */
#include "ingest/ingest.h"
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define NOW INT64_C(1772500000)

#define REPORT                                                                                     \
    "{\"organization-name\":\"Reporter Inc.\",\"date-range\":{\"start-datetime\":"                 \
    "\"2026-03-01T00:00:00Z\",\"end-datetime\":\"2026-03-01T23:59:59Z\"},"                         \
    "\"contact-info\":\"tls@reporter.example\",\"report-id\":\"one\",\"policies\":[{\"policy\":"   \
    "{\"policy-type\":\"no-policy-found\",\"policy-domain\":\"a.example\"},"                       \
    "\"summary\":{\"total-successful-session-count\":1,\"total-failure-session-count\":0}}]}"
#define DMARC                                                                                      \
    "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>o</org_name><report_id>d1"        \
    "</report_id></report_metadata></feedback>"

#define FIELDS                                                                                     \
    "From: someone@b.example\nTo: tls@a.example\nDate: Mon, 02 Mar 2026 07:30:00 +0000\n"          \
    "Message-ID: <1@b.example>\nSubject: Hello\nMIME-Version: 1.0\n"
#define REPORT_SUBJECT                                                                             \
    "From: tls@b.example\nSubject: Report Domain: a.example Submitter: b.example Report-ID: <1>\n" \
    "MIME-Version: 1.0\n"
#define NOTICE(type) "Content-Type: multipart/report; report-type=" type "; boundary=\"B\"\n\n"
#define UNNAMED_NOTICE "Content-Type: multipart/report; boundary=\"B\"\n\n"
#define MIXED "Content-Type: multipart/mixed; boundary=\"B\"\n\n"
#define PART(type) "\n--B\nContent-Type: " type "\n\n"
#define NAMED(type, name)                                                                          \
    "\n--B\nContent-Type: " type "\nContent-Disposition: attachment; filename=\"" name "\"\n\n"
#define END "\n--B--\n"
#define SORRY PART("text/plain") "Sorry.\n"
/* A report mail of ours that came back, in the ways that a part may hold it. */
#define TRAP                                                                                       \
    "From: reports@a.example\n"                                                                    \
    "Subject: Report Domain: b.example Submitter: a.example Report-ID: <trap>\n"                   \
    "TLS-Report-Domain: b.example\nMIME-Version: 1.0\n"                                            \
    "Content-Type: application/tlsrpt+json\n\n" REPORT "\n"
#define STATUS(status)                                                                             \
    "Reporting-MTA: dns; mail.a.example\n\nFinal-Recipient: rfc822; user@b.example\n"              \
    "Action: failed\nStatus: " status "\n"
#define FEEDBACK(type) "Feedback-Type: " type "\nUser-Agent: x/1\nVersion: 1\n"
#define RECEIPT                                                                                    \
    "Final-Recipient: rfc822;someone@b.example\n"                                                  \
    "Disposition: manual-action/MDN-sent-manually; displayed\n"

static struct arrival *ingest_bytes(GBytes *bytes, const char *name)
{
    g_autoptr(Site) site = site_new();
    struct unit unit = {.bytes = bytes, .source = g_strdup("-"), .file_name = g_strdup(name)};
    const struct ingest_context context = {site, NOW};
    struct arrival *arrival = ingest_unit(&unit, &context);

    unit_clear(&unit);
    return arrival;
}

static struct arrival *ingest_text(const char *text)
{
    return ingest_bytes(g_bytes_new(text, strlen(text)), NULL);
}

/* Names and texts by turns, up to NULL. */
static GBytes *zipped(const char *const *members)
{
    size_t room = 1 << 16, used = 0;
    char *out = g_malloc(room);
    struct archive *archive = archive_write_new();

    assert_int_equal(archive_write_set_format_zip(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(archive, out, room, &used), ARCHIVE_OK);
    for (; *members != NULL; members += 2) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[0]);
        archive_entry_set_size(entry, (la_int64_t)strlen(members[1]));
        archive_entry_set_filetype(entry, AE_IFREG);
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

static bool says(const struct arrival *arrival, const char *said)
{
    for (guint i = 0; i < arrival->issues->len; i++)
        if (strstr(((const struct issue *)g_ptr_array_index(arrival->issues, i))->problem, said))
            return true;
    return false;
}

static const struct {
    const char *what;
    const char *text;
    enum arrival_kind kind;
    const char *said;
    guint bounced;
} nothing_for_us[] = {
    {"an abuse report",
     FIELDS NOTICE("feedback-report") SORRY PART("message/feedback-report") FEEDBACK("abuse")
         PART("message/rfc822") TRAP END,
     ARRIVAL_ARF, "a failure report (ARF): \"Hello\"", 0},
    {"an authentication failure report with header fields only",
     FIELDS NOTICE("feedback-report") SORRY PART("message/feedback-report") FEEDBACK("auth-failure")
         PART("text/rfc822-headers") TRAP END,
     ARRIVAL_ARF, "a failure report (ARF)", 0},
    {"a failure report without report-type",
     FIELDS UNNAMED_NOTICE SORRY PART("message/feedback-report") FEEDBACK("auth-failure")
         PART("message/rfc822") TRAP END,
     ARRIVAL_ARF, "a failure report (ARF)", 0},
    {"a failure report that a list re-wrapped",
     FIELDS "Content-Type: multipart/mixed; boundary=\"A\"\n\n--A\n" NOTICE("feedback-report")
         SORRY PART("message/feedback-report") FEEDBACK("fraud") PART("message/rfc822") TRAP END
     "\n--A\nContent-Type: text/plain\n\nThe list.\n--A--\n",
     ARRIVAL_ARF, "a failure report (ARF)", 0},
    {"a bounce",
     FIELDS NOTICE("delivery-status") SORRY PART("message/delivery-status") STATUS("5.1.1")
         PART("message/rfc822") TRAP END,
     ARRIVAL_BOUNCE, "a bounce: \"Hello\"", 0},
    {"a bounce for TLS",
     FIELDS NOTICE("delivery-status") SORRY PART("message/delivery-status") STATUS("5.7.323")
         PART("message/rfc822") TRAP END,
     ARRIVAL_BOUNCE, "a bounce for a TLS reason", 1},
    {"a bounce with non-ASCII addresses",
     FIELDS NOTICE("delivery-status") SORRY PART("message/global-delivery-status") STATUS("5.7.323")
         PART("message/global") TRAP END,
     ARRIVAL_BOUNCE, "a bounce for a TLS reason", 1},
    {"a bounce whose status is in base64",
     FIELDS NOTICE("delivery-status") SORRY
     "\n--B\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
     "UmVwb3J0aW5nLU1UQTogZG5zOyBhLmV4YW1wbGUKCkZpbmFsLVJlY2lwaWVudDogcmZjODIyOyB1\n"
     "QGIuZXhhbXBsZQpBY3Rpb246IGZhaWxlZApTdGF0dXM6IDUuNy4zMjMK\n" END,
     ARRIVAL_BOUNCE, "a bounce for a TLS reason", 1},
    {"a bounce that returns the message as a file",
     FIELDS NOTICE("delivery-status") SORRY PART("message/delivery-status") STATUS("5.1.1")
         NAMED("application/octet-stream", "original.eml") TRAP END,
     ARRIVAL_BOUNCE, "a bounce", 0},
    {"a bounce that returns the parts of the message",
     FIELDS NOTICE("delivery-status") SORRY PART("message/delivery-status") STATUS("5.1.1")
         NAMED("application/tlsrpt+json", "r!b!1772323200!1772409599.json") REPORT END,
     ARRIVAL_BOUNCE, "a bounce", 0},
    {"a bounce that returns a broken report",
     FIELDS NOTICE("delivery-status") SORRY PART("message/delivery-status") STATUS("5.1.1")
         NAMED("application/tlsrpt+gzip", "r!b!1772323200!1772409599.json.gz") "cut off" END,
     ARRIVAL_BOUNCE, "a bounce", 0},
    {"a bounce without a status",
     FIELDS NOTICE("delivery-status") SORRY PART("message/rfc822") TRAP END, ARRIVAL_BOUNCE,
     "a bounce", 0},
    {"a bounce without report-type",
     FIELDS UNNAMED_NOTICE SORRY PART("message/delivery-status") STATUS("5.1.1")
         PART("message/rfc822") TRAP END,
     ARRIVAL_BOUNCE, "a bounce", 0},
    {"a bounce with pictures, as Exchange Online sends it",
     FIELDS NOTICE(
         "delivery-status") "\n--B\nContent-Type: multipart/related; boundary=\"C\"\n\n"
                            "--C\nContent-Type: text/html\n\n<p>Your message couldn't be "
                            "delivered.</p>\n"
                            "--C\nContent-Type: image/png; name=\"chart.png\"\n\nPNG\n--C--\n" PART(
                                "message/delivery-status") STATUS("5.7.323") PART("message/rfc822")
                                TRAP END,
     ARRIVAL_BOUNCE, "a bounce for a TLS reason", 1},
    {"a bounce that someone forwards",
     FIELDS MIXED PART("text/plain") "See below.\n" PART(
         "message/rfc822") "Subject: Undelivered\nMIME-Version: 1.0\n"
                           "Content-Type: multipart/report; report-type=delivery-status; "
                           "boundary=\"C\"\n\n"
                           "--C\nContent-Type: message/delivery-status\n\n" STATUS(
                               "5.7.323") "\n--C\nContent-Type: message/rfc822\n\n" TRAP
                                          "\n--C--\n" END,
     ARRIVAL_BOUNCE, "a bounce: \"Hello\"", 0},
    {"a bounce of a bounce",
     FIELDS NOTICE("delivery-status") SORRY PART("message/delivery-status") STATUS("5.1.1")
         PART("message/rfc822") "Subject: Undelivered\nMIME-Version: 1.0\n"
                                "Content-Type: multipart/report; report-type=delivery-status; "
                                "boundary=\"C\"\n\n"
                                "--C\nContent-Type: message/delivery-status\n\n" STATUS(
                                    "5.7.323") "\n--C--\n" END,
     ARRIVAL_BOUNCE, "a bounce: \"Hello\"", 0},
    {"a bounce of qmail",
     "From: MAILER-DAEMON@mail.b.example\nTo: reports@a.example\nSubject: failure notice\n\n"
     "Hi. This is the qmail-send program at mail.b.example.\n"
     "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
     "<user@b.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
     "--- Below this line is a copy of the message.\n\n" TRAP,
     ARRIVAL_BOUNCE, "a bounce: \"failure notice\"", 0},
    {"what only speaks like qmail", FIELDS "\nHi. This is the newsletter of B.\n", ARRIVAL_OTHER,
     "no report in this mail", 0},
    {"a read receipt",
     FIELDS NOTICE("disposition-notification") SORRY PART("message/disposition-notification")
         RECEIPT PART("message/rfc822") TRAP END,
     ARRIVAL_OTHER, "a receipt (MDN): \"Hello\"", 0},
    {"a read receipt without report-type",
     FIELDS UNNAMED_NOTICE SORRY PART("message/disposition-notification")
         RECEIPT PART("message/rfc822") TRAP END,
     ARRIVAL_OTHER, "a receipt (MDN)", 0},
    {"a vacation reply", "Auto-Submitted: auto-replied\n" REPORT_SUBJECT "\nUntil Monday.\n",
     ARRIVAL_OTHER, "an automatic reply", 0},
    {"a vacation reply that returns the mail",
     "Auto-Submitted: Auto-Replied (vacation)\n" FIELDS MIXED SORRY PART("message/rfc822") TRAP END,
     ARRIVAL_OTHER, "an automatic reply", 0},
    {"a newsletter with data",
     FIELDS MIXED SORRY NAMED("application/json", "data.json") "{\"name\":\"x\",\"version\":1}" END,
     ARRIVAL_OTHER, "no report in this mail", 0},
    {"broken JSON of something else",
     FIELDS MIXED SORRY NAMED("application/json",
                              "package.json") "{\"name\":\"x\",\"policies\":[}" END,
     ARRIVAL_OTHER, "no report in this mail", 0},
    {"an archive that is none",
     FIELDS MIXED SORRY NAMED("application/gzip", "invoice.json.gz") "not packed" END,
     ARRIVAL_OTHER, "no report in this mail", 0},
    {"a zip that is cut off",
     FIELDS MIXED SORRY NAMED("application/zip", "invoice.zip") "PK\3\4rubbish" END, ARRIVAL_OTHER,
     "no report in this mail", 0},
    {"XML of something else",
     FIELDS MIXED SORRY NAMED(
         "text/xml",
         "invoice.xml") "<?xml version=\"1.0\"?><Invoice><note>feedback</note></Invoice>" END,
     ARRIVAL_OTHER, "no report in this mail", 0},
    {"an invitation",
     FIELDS MIXED SORRY PART(
         "text/calendar; method=REQUEST") "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nEND:"
                                          "VEVENT\nEND:VCALENDAR\n" NAMED(
                                              "application/ics",
                                              "invite.ics") "BEGIN:VCALENDAR\nEND:"
                                                            "VCALENDAR\n" END,
     ARRIVAL_OTHER, "no report in this mail", 0},
    {"S/MIME",
     FIELDS "Content-Type: multipart/signed; micalg=sha-256; boundary=\"B\";\n"
            " protocol=\"application/pkcs7-signature\"\n\n" SORRY NAMED(
                "application/pkcs7-signature", "smime.p7s") "0\202\1\2" END,
     ARRIVAL_OTHER, "no report in this mail", 0},
    {"PGP",
     FIELDS
     "Content-Type: multipart/encrypted; boundary=\"B\";\n"
     " protocol=\"application/pgp-encrypted\"\n\n" PART(
         "application/pgp-encrypted") "Version: 1\n" NAMED("application/octet-stream",
                                                           "encrypted.asc") "-----BEGIN PGP "
                                                                            "MESSAGE-----"
                                                                            "\n\nhQEMA\n-----END "
                                                                            "PGP "
                                                                            "MESSAGE-----\n" END,
     ARRIVAL_OTHER, "no report in this mail", 0},
    {"an answer to a report mail, with a picture",
     REPORT_SUBJECT MIXED SORRY NAMED("image/png", "screen.png") "PNG" END, ARRIVAL_OTHER,
     "no report in this mail", 0},
};

static void what_is_no_report_is_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(nothing_for_us); i++) {
        const char *what = nothing_for_us[i].what;
        g_autoptr(Arrival) arrival = ingest_text(nothing_for_us[i].text);
        if (arrival->reports->len + arrival->dmarc->len > 0)
            fail_msg("%s: taken for a report", what);
        if (arrival->unread->len > 0)
            fail_msg("%s: taken for a broken report", what);
        if (arrival->kind != nothing_for_us[i].kind)
            fail_msg("%s: taken for %s", what, arrival_kind_word(arrival->kind));
        if (arrival->bounced->len != nothing_for_us[i].bounced)
            fail_msg("%s: %u bounced", what, arrival->bounced->len);
        if (!says(arrival, nothing_for_us[i].said))
            fail_msg("%s: not said: %s", what, nothing_for_us[i].said);
    }
}

static const struct {
    const char *what;
    const char *text;
    enum arrival_kind kind;
} reports[] = {
    {"a TLS report that is forwarded", FIELDS MIXED SORRY PART("message/rfc822") TRAP END,
     ARRIVAL_TLSRPT},
    {"one beside a bounce that is forwarded with it",
     FIELDS MIXED PART("message/rfc822") "Subject: Undelivered\nMIME-Version: 1.0\n"
                                         "Content-Type: multipart/report; "
                                         "report-type=delivery-status; boundary=\"C\"\n\n"
                                         "--C\nContent-Type: message/delivery-status\n\n" STATUS(
                                             "5.7.323") "\n--C--\n" PART("message/rfc822") TRAP END,
     ARRIVAL_TLSRPT},
    {"one by an odd name in a mail that says nothing",
     FIELDS MIXED SORRY NAMED("application/octet-stream", "data.bin") REPORT END, ARRIVAL_TLSRPT},
    {"one under the wrong report-type",
     FIELDS NOTICE("feedback-report") SORRY PART("application/tlsrpt+json") REPORT END,
     ARRIVAL_TLSRPT},
    {"one sent by a program",
     "Auto-Submitted: auto-generated\n" FIELDS MIXED SORRY PART("message/rfc822") TRAP END,
     ARRIVAL_TLSRPT},
    {"one that an automatic reply brings itself",
     "Auto-Submitted: auto-replied\n" FIELDS MIXED SORRY PART("application/tlsrpt+json") REPORT END,
     ARRIVAL_TLSRPT},
    {"a DMARC report",
     REPORT_SUBJECT MIXED SORRY NAMED("text/xml", "b!a.example!1!2.xml") DMARC END, ARRIVAL_DMARC},
};

static void reports_are_taken_wherever_they_are_sent_for_themselves(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(reports); i++) {
        g_autoptr(Arrival) arrival = ingest_text(reports[i].text);
        if (arrival->kind != reports[i].kind || arrival->reports->len + arrival->dmarc->len != 1)
            fail_msg("%s: taken for %s", reports[i].what, arrival_kind_word(arrival->kind));
        assert_int_equal(arrival->unread->len, 0);
        assert_int_equal(arrival->bounced->len, 0);
    }
}

static const struct {
    const char *what;
    const char *text;
    enum arrival_kind kind;
} broken[] = {
    {"by its type", FIELDS MIXED NAMED("application/tlsrpt+gzip", "x") "rubbish" END,
     ARRIVAL_TLSRPT},
    {"by the form of its name",
     FIELDS MIXED NAMED("application/gzip", "b!a.example!1772323200!1772409599.JSON.GZ") "no" END,
     ARRIVAL_TLSRPT},
    {"by the form of its name, DMARC",
     FIELDS MIXED NAMED("application/gzip", "b!a.example!1772323200!1772409599.xml.gz") "no" END,
     ARRIVAL_DMARC},
    {"by the form of its name, either",
     FIELDS MIXED NAMED("application/zip", "b!a.example!1772323200!1772409599.zip") "no" END,
     ARRIVAL_OTHER},
    {"by the subject and a name", REPORT_SUBJECT MIXED NAMED("application/json", "r.json") "{" END,
     ARRIVAL_TLSRPT},
    {"by the subject and a packed file",
     REPORT_SUBJECT MIXED NAMED("application/octet-stream", "r.gz") "no" END, ARRIVAL_OTHER},
    {"by the report-type and a name",
     FIELDS NOTICE("tlsrpt") NAMED("application/json", "r.json") "{" END, ARRIVAL_TLSRPT},
    {"by a field and a name",
     "TLS-Report-Domain: a.example\n" FIELDS MIXED NAMED("application/json", "r.json") "{" END,
     ARRIVAL_TLSRPT},
    {"by what stands in it",
     FIELDS MIXED NAMED("application/octet-stream",
                        "data.bin") "{{\"organization-name\":\"x\" \"report-id\":[" END,
     ARRIVAL_TLSRPT},
};

static void what_claims_to_be_a_report_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(Arrival) arrival = ingest_text(broken[i].text);
        if (arrival->unread->len != 1)
            fail_msg("%s: %u kept", broken[i].what, arrival->unread->len);
        if (arrival->kind != broken[i].kind)
            fail_msg("%s: taken for %s", broken[i].what, arrival_kind_word(arrival->kind));
        assert_int_equal(arrival->reports->len + arrival->dmarc->len, 0);
    }
}

static void only_what_looks_like_a_report_is_missed_in_a_zip(void **state)
{
    static const char name[] = "b!a.example!1772323200!1772409599.zip";
    static const char *const packed[][7] = {
        {"r.json", REPORT, "__MACOSX/._r.json", "\5\26\7", "README", "Read me.", NULL},
        {"r.json", REPORT, "q.json", "{\"a\":", "README.txt", "Read me.", NULL},
        {"a.txt", "Read me.", "b.txt", "And me.", NULL},
    };
    static const guint read[] = {1, 1, 0}, kept[] = {0, 1, 1};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(packed); i++) {
        g_autoptr(Arrival) arrival = ingest_bytes(zipped(packed[i]), name);
        assert_int_equal(arrival->reports->len, read[i]);
        assert_int_equal(arrival->unread->len, kept[i]);
    }
}

static char *with_other_id(const char *text)
{
    g_auto(GStrv) pieces = g_strsplit(text, "<1@b.example>", 2);

    return g_strjoinv("<2@b.example>", pieces);
}

static void the_same_bounce_from_elsewhere_is_known_again(void **state)
{
    static const char bounce[] = FIELDS NOTICE("delivery-status")
        SORRY PART("message/delivery-status") STATUS("5.7.323") END;
    static const char without_id[] =
        "Date: Mon, 02 Mar 2026 07:30:00 +0000\nMIME-Version: 1.0\n" NOTICE("delivery-status")
            SORRY PART("message/delivery-status") STATUS("5.7.323") END;
    g_autoptr(Arrival) one = ingest_text(bounce);
    g_autoptr(Arrival) traced = ingest_text(
        "From x@y Mon Mar  2 07:30:00 2026\nReceived: from a by b\nX-Mailbox: 1\n" FIELDS NOTICE(
            "delivery-status") SORRY PART("message/delivery-status") STATUS("5.7.323") END);
    g_autofree char *second = with_other_id(bounce);
    g_autoptr(Arrival) other = ingest_text(second);
    g_autofree char *more = g_strconcat("X-Trace: 1\n", without_id, NULL);
    g_autoptr(Arrival) nameless = ingest_text(without_id);
    g_autoptr(Arrival) another = ingest_text(more);

    (void)state;
    assert_int_equal(one->bounced->len + traced->bounced->len + other->bounced->len, 3);
    assert_memory_equal(one->key, traced->key, RECORD_HASH_BYTES);
    assert_memory_not_equal(one->key, other->key, RECORD_HASH_BYTES);
    assert_memory_not_equal(nameless->key, another->key, RECORD_HASH_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_report_is_left_alone),
        cmocka_unit_test(reports_are_taken_wherever_they_are_sent_for_themselves),
        cmocka_unit_test(what_claims_to_be_a_report_is_kept),
        cmocka_unit_test(only_what_looks_like_a_report_is_missed_in_a_zip),
        cmocka_unit_test(the_same_bounce_from_elsewhere_is_known_again),
    };

    ingest_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
