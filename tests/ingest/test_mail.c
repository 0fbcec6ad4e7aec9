#include "ingest/limits.h"
#include "ingest/mail.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define FIELDS                                                                                     \
    "From: TLS reports <tls@reporter.example>\n"                                                   \
    "Date: Fri, 2 Jan 2026 03:04:05 +0000\n"                                                       \
    "Message-ID: <one@reporter.example>\n"                                                         \
    "Subject: Report Domain: example.org\n"                                                        \
    "TLS-Report-Domain: example.org\n"                                                             \
    "TLS-Report-Submitter: reporter.example\n"
#define DATE 1767323045
#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\n\n"
#define BASE64 "Content-Transfer-Encoding: base64\n"
#define REPORT "{\"report-id\":\"r1\"}"
#define REPORT_BASE64 "eyJyZXBvcnQtaWQiOiJyMSJ9\n"
#define LEAF(type) "Content-Type: " type "\n" BASE64 "\n" REPORT_BASE64

struct reading {
    Mail *mail;
    GPtrArray *issues;
};

static int setup(void **state)
{
    (void)state;
    mail_init();
    return 0;
}

/* From memory of its very size, so that a sanitizer sees any step past the end. */
static struct reading read_bytes(const char *text, size_t length)
{
    struct reading reading = {.issues = issues_new()};
    uint8_t *exact = g_malloc(MAX(length, 1));

    if (length > 0)
        memcpy(exact, text, length);
    reading.mail = mail_parse(exact, length, NULL, reading.issues);
    g_free(exact);
    return reading;
}

static struct reading read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void reading_clear(struct reading *reading)
{
    mail_free(reading->mail);
    g_ptr_array_unref(reading->issues);
}

static const struct mail_part *part_at(const struct mail *mail, guint index)
{
    assert_true(index < mail->parts->len);
    return g_ptr_array_index(mail->parts, index);
}

static void assert_text(const char *found, const char *expected)
{
    if (g_strcmp0(found, expected) != 0)
        fail_msg("\"%s\" is not \"%s\"", found != NULL ? found : "(none)",
                 expected != NULL ? expected : "(none)");
}

static void assert_bytes(const struct mail_part *part, const char *expected)
{
    gsize length;
    const char *bytes = g_bytes_get_data(part->bytes, &length);

    if (length != strlen(expected) || (length > 0 && memcmp(bytes, expected, length) != 0))
        fail_msg("part %s is \"%.*s\", not \"%s\"", part->part, (int)length, bytes, expected);
}

static void assert_limit_issue(const struct reading *reading)
{
    assert_true(reading->issues->len > 0);
    for (guint i = 0; i < reading->issues->len; i++)
        assert_int_equal(((struct issue *)g_ptr_array_index(reading->issues, i))->kind,
                         ISSUE_LIMIT);
}

/* A mail of one interesting part: its number, its type, its name, its bytes. */
struct leaf {
    const char *text;
    guint index;
    const char *part, *type, *file_name, *bytes;
};

static void assert_leaves(const struct leaf *leaves, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reading reading = read_text(leaves[i].text);
        const struct mail_part *part = part_at(reading.mail, leaves[i].index);
        assert_text(part->part, leaves[i].part);
        assert_text(part->content_type, leaves[i].type);
        assert_text(part->file_name, leaves[i].file_name);
        assert_bytes(part, leaves[i].bytes);
        assert_int_equal(reading.issues->len, 0);
        reading_clear(&reading);
    }
}

static void test_the_fields_of_the_mail_are_read(void **state)
{
    struct reading reading =
        read_text(FIELDS MIXED("b") "--b\n" LEAF("application/tlsrpt+json") "--b--\n");
    const struct mail *mail = reading.mail;

    (void)state;
    assert_text(mail->sender, "tls@reporter.example");
    assert_text(mail->message_id, "one@reporter.example");
    assert_text(mail->subject, "Report Domain: example.org");
    assert_text(mail->report_domain, "example.org");
    assert_text(mail->report_submitter, "reporter.example");
    assert_int_equal(mail->date, DATE);
    assert_int_equal(mail->kind, ARRIVAL_OTHER);
    assert_int_equal(mail->authenticated, AUTH_NONE);
    assert_int_equal(mail->parts->len, 1);
    assert_false(part_at(mail, 0)->is_text);
    assert_text(part_at(mail, 0)->report_domain, "example.org");
    reading_clear(&reading);
}

static void test_the_sender_is_the_first_address_of_from(void **state)
{
    static const struct {
        const char *from, *sender;
    } cases[] = {
        {"tls@reporter.example", "tls@reporter.example"},
        {"TLS@Reporter.EXAMPLE", "tls@reporter.example"},
        {"<tls@reporter.example>", "tls@reporter.example"},
        {"\"Reports, TLS\" <tls@reporter.example>", "tls@reporter.example"},
        {"=?utf-8?q?T=4CS?= <tls@reporter.example>", "tls@reporter.example"},
        {"one@a.example, two@b.example", "one@a.example"},
        {"\"fake@b.example\" <one@a.example>", "one@a.example"},
        {"one@a.example (two@b.example)", "one@a.example"},
        {"one@a.example\nFrom: two@b.example", "one@a.example"},
        {"\n\ttls@reporter.example", "tls@reporter.example"},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("From: %s\n\nbody\n", cases[i].from);
        struct reading reading = read_text(text);
        assert_text(reading.mail->sender, cases[i].sender);
        reading_clear(&reading);
    }
}

static void test_a_date_nobody_can_read_is_none(void **state)
{
    static const struct {
        const char *date;
        gint64 seconds;
    } cases[] = {
        {"Fri, 2 Jan 2026 03:04:05 +0000", DATE},
        {"2 Jan 2026 04:04:05 +0100", DATE},
        {"soon", 0},
        {"", 0},
        {"Fri, 99 Foo 2026 03:04:05", 0},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("Date: %s\nSubject: s\n\n", cases[i].date);
        struct reading reading = read_text(text);
        assert_int_equal(reading.mail->date, cases[i].seconds);
        reading_clear(&reading);
    }
}

static void test_subjects_are_unfolded_decoded_and_bounded(void **state)
{
    static const struct {
        const char *subject, *expected;
    } cases[] = {
        {"Report\n Domain:\n example.org", "Report Domain: example.org"},
        {"Report\n\tDomain:\n\texample.org", "Report Domain: example.org"},
        {"=?utf-8?q?Report_Dom=61in:?= example.org", "Report Domain: example.org"},
        {"=?utf-8?b?UmVwb3J0?=", "Report"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"  ", NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("Subject: %s\n\n", cases[i].subject);
        struct reading reading = read_text(text);
        assert_text(reading.mail->subject, cases[i].expected);
        reading_clear(&reading);
    }
    g_autofree char *words = g_strnfill(1u << 20, 'w');
    g_autofree char *text = g_strdup_printf("Subject: %s\n\n", words);
    struct reading reading = read_text(text);
    assert_int_equal(strlen(reading.mail->subject), LIMIT_TEXT_BYTES);
    reading_clear(&reading);
}

static void test_a_report_is_found_in_any_shape_of_mail(void **state)
{
    static const struct leaf leaves[] = {
        {FIELDS LEAF("application/tlsrpt+gzip"), 0, "1", "application/tlsrpt+gzip", NULL, REPORT},
        {FIELDS BASE64 "\n" REPORT_BASE64, 0, "1", "", NULL, REPORT},
        {FIELDS "ContentType: application/tlsrpt+json\n\n" REPORT, 0, "1",
         "application/tlsrpt+json", NULL, REPORT},
        {FIELDS "Content-Type: application/tlsrpt+gzip; \n\tname=\"a!b!1!2.json.gz\"\n" BASE64
                "\n" REPORT_BASE64,
         0, "1", "application/tlsrpt+gzip", "a!b!1!2.json.gz", REPORT},
        {FIELDS
         "Content-Type: multipart/report; boundary=b\n\n--b\n\ntext\n--b\n" LEAF("a/b") "--b--\n",
         1, "2", "a/b", NULL, REPORT},
        {FIELDS MIXED("b") "--b\n" LEAF("a/b"), 0, "1", "a/b", NULL, REPORT},
        {FIELDS MIXED("o") "--o\n" MIXED("b") "--b\n\ntext\n--b\n" LEAF("a/b") "--b--\n--o--\n", 1,
         "1.2", "a/b", NULL, REPORT},
        {FIELDS MIXED("b") "--b\n" LEAF("A/B") "--b\n\nfooter\n--b--\n", 0, "1", "a/b", NULL,
         REPORT},
    };

    (void)state;
    assert_leaves(leaves, G_N_ELEMENTS(leaves));
}

static void test_transfer_encodings_are_undone(void **state)
{
    static const struct leaf leaves[] = {
        {"Content-Type: a/b\n" BASE64 "\n ey Jy\tZXBv\r\ncnQt!aWQi*OiJy\n\nMSJ9", 0, "1", "a/b",
         NULL, REPORT},
        {"Content-Type: a/b\n\n" REPORT_BASE64, 0, "1", "a/b", NULL, REPORT},
        {"Content-Type: a/b\nContent-Transfer-Encoding: BASE64 \n\n" REPORT_BASE64, 0, "1", "a/b",
         NULL, REPORT},
        {"Content-Type: a/b\nContent-Transfer-Encoding: quoted-printable\n\n"
         "{\"report-=\nid\"=3A\"r1\"}",
         0, "1", "a/b", NULL, REPORT},
        {"Content-Type: a/b\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 r.json\n"
         "2>R)R97!O<G0M:60B.B)R,2)]\n`\nend\n",
         0, "1", "a/b", NULL, REPORT},
        {"Content-Type: a/b\nContent-Transfer-Encoding: x-unheard-of\n\n" REPORT, 0, "1", "a/b",
         NULL, REPORT},
        {"Content-Type: a/b\nContent-Transfer-Encoding: 8bit\n\n" REPORT, 0, "1", "a/b", NULL,
         REPORT},
        {"Content-Type: a/b\nContent-Transfer-Encoding: binary\n\n" REPORT, 0, "1", "a/b", NULL,
         REPORT},
        {"Content-Type: a/b\n" BASE64 "\n", 0, "1", "a/b", NULL, ""},
    };

    (void)state;
    assert_leaves(leaves, G_N_ELEMENTS(leaves));
}

static void test_file_names_are_decoded_and_mended(void **state)
{
    static const struct {
        const char *fields, *file_name;
    } cases[] = {
        {"Content-Disposition: attachment; filename=\"a!b!1!2.json\"\n", "a!b!1!2.json"},
        {"Content-Disposition: attachment; filename=a!b!1!2.json;\n", "a!b!1!2.json"},
        {"Content-Type: a/b; name=x.json\nContent-Disposition: attachment; filename=y.json\n",
         "y.json"},
        {"Content-Type: a/b; name=x.json\n", "x.json"},
        {"Content-Disposition: attachment; filename=\"a!b\n !1!2.json\"\n", "a!b!1!2.json"},
        {"Content-Disposition: attachment; filename=\"a!b\n\t!1!2.json\"\n", "a!b!1!2.json"},
        {"Content-Disposition: attachment; filename*=utf-8''a%21b%C3%A9.json\n",
         "a!b\xc3\xa9.json"},
        {"Content-Disposition: attachment; filename*0=\"a!\"; filename*1=\"b.json\"\n", "a!b.json"},
        {"Content-Disposition: attachment; filename=\"=?utf-8?B?YSFiLmpzb24=?=\"\n", "a!b.json"},
        {"Content-Disposition: attachment; filename==?utf-8?Q?a=21b.json?=\n", "a!b.json"},
        {"Content-Disposition: attachment; filename=\"my report.json\"\n", "my report.json"},
        {"Content-Disposition: attachment; filename=\"../up/x.json\"\n", "x.json"},
        {"Content-Disposition: attachment; filename=\"C:\\\\x\\\\y.json\"\n", "y.json"},
        {"Content-Disposition: attachment\n", NULL},
        {"Content-Disposition: attachment; filename=\"\"\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("%s\nbody", cases[i].fields);
        struct reading reading = read_text(text);
        assert_text(part_at(reading.mail, 0)->file_name, cases[i].file_name);
        reading_clear(&reading);
    }
}

static void test_first_lines_of_mailboxes_and_readers_do_no_harm(void **state)
{
    static const char *const starts[] = {
        "From tls@reporter.example Fri Jan  2 03:04:05 2026\n",
        ">From tls@reporter.example Fri Jan  2 03:04:05 2026\n",
        "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n",
        "Return-Path: <tls@reporter.example>\nDelivered-To: a@example.org\n",
        "From tls@reporter.example\nX-Mozilla-Status: 0001\n",
        "Submitter: reporter.example\nReport-ID: <r1>\n",
        "this is no field\n",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autofree char *text = g_strconcat(starts[i], FIELDS, LEAF("a/b"), NULL);
        struct reading reading = read_text(text);
        assert_text(reading.mail->sender, "tls@reporter.example");
        assert_text(reading.mail->subject, "Report Domain: example.org");
        assert_bytes(part_at(reading.mail, 0), REPORT);
        reading_clear(&reading);
    }
}

static void test_line_ends_may_be_of_any_kind(void **state)
{
    static const char text[] =
        FIELDS MIXED("b") "--b\n\nwords\n--b\nContent-Type: a/b\n\n" REPORT "\n--b--\n";
    static const guint steps[] = {1, 2, 3, 5, 100000};

    (void)state;
    /* Every line, every second one, ... ends in CRLF. */
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        for (guint first = 0; first < 5; first++) {
            GString *mixed = g_string_new(NULL);
            guint line = first;
            for (const char *at = text; *at != '\0'; at++) {
                if (*at == '\n' && line++ % steps[i] == 0)
                    g_string_append_c(mixed, '\r');
                g_string_append_c(mixed, *at);
            }
            struct reading reading = read_bytes(mixed->str, mixed->len);
            gsize length;
            const char *bytes = g_bytes_get_data(part_at(reading.mail, 1)->bytes, &length);
            assert_true(length >= strlen(REPORT));
            assert_memory_equal(bytes, REPORT, strlen(REPORT));
            assert_text(reading.mail->report_submitter, "reporter.example");
            reading_clear(&reading);
            g_string_free(mixed, TRUE);
        }
    }
}

static void test_what_is_hardly_a_mail_is_read_without_harm(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"", 0},
        {"\n", 1},
        {"\0\0\0", 3},
        {"no header at all", 16},
        {"\nno header\n", 11},
        {"From: a@b", 9},
        {"From: a@b\n", 10},
        {"From ", 5},
        {"From \n", 6},
        {": \n:\n\n", 6},
        {"Content-Type\n\n", 14},
        {"Content-Type:\n\n", 15},
        {"Content-Type: multipart/mixed; boundary=\n\n--\n\nx\n----\n", 54},
        {"Content-Type: multipart/mixed\n\n--\n\nx\n", 38},
        {"Content-Type: message/rfc822\n\n", 30},
        {"Content-Type: message/rfc822\n" BASE64 "\nAAAA\n", 68},
        {"a: b\0c\nContent-Type: a/b\0\n\n\0{}", 31},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct reading reading = read_bytes(cases[i].text, cases[i].length);
        assert_true(reading.mail->parts->len <= 1);
        assert_int_equal(reading.mail->kind, ARRIVAL_OTHER);
        reading_clear(&reading);
    }
    struct reading nothing = {.issues = issues_new()};
    nothing.mail = mail_parse(NULL, 0, NULL, nothing.issues);
    assert_null(nothing.mail->sender);
    reading_clear(&nothing);
}

static void test_nul_bytes_of_a_part_are_kept(void **state)
{
    static const char text[] = "Content-Type: a/b\n\n{\0}\0\n";
    struct reading reading = read_bytes(text, sizeof text - 1);
    gsize length;
    const char *bytes = g_bytes_get_data(part_at(reading.mail, 0)->bytes, &length);

    (void)state;
    assert_int_equal(length, 5);
    assert_memory_equal(bytes, "{\0}\0\n", 5);
    reading_clear(&reading);
}

static void test_kinds_are_told_by_type_or_report_type(void **state)
{
    static const struct {
        const char *text;
        enum arrival_kind kind;
    } cases[] = {
        {"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nx\n",
         ARRIVAL_ARF},
        {"Content-Type: multipart/report; report-type=Delivery-Status; boundary=b\n\n--b\n\nx\n",
         ARRIVAL_BOUNCE},
        {MIXED("b") "--b\nContent-Type: message/feedback-report\n\nx: y\n--b--\n", ARRIVAL_ARF},
        {MIXED("b") "--b\nContent-Type: message/delivery-status\n\nx: y\n--b--\n", ARRIVAL_BOUNCE},
        {"Content-Type: multipart/report; report-type=tlsrpt; boundary=b\n\n--b\n\nx\n--b--\n",
         ARRIVAL_OTHER},
        {"Content-Type: multipart/report; boundary=b\n\n--b\n\nx\n--b--\n", ARRIVAL_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct reading reading = read_text(cases[i].text);
        assert_int_equal(reading.mail->kind, cases[i].kind);
        reading_clear(&reading);
    }
}

static void test_parts_for_a_person_are_told_apart(void **state)
{
    static const struct {
        const char *type;
        bool is_text;
    } cases[] = {
        {"Content-Type: text/plain\n", true},
        {"Content-Type: TEXT/HTML; charset=x\n", true},
        {"", true},
        {"Content-Type: text/json\n", false},
        {"Content-Type: application/octet-stream\n", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("Subject: s\n%s\n{}", cases[i].type);
        struct reading reading = read_text(text);
        assert_int_equal(part_at(reading.mail, 0)->is_text, cases[i].is_text);
        reading_clear(&reading);
    }
}

static void test_parts_inherit_from_the_message_they_stand_in(void **state)
{
    static const char inner[] = "Subject: inner\nTLS-Report-Domain: inner.example\n" LEAF("a/b");
    g_autofree char *encoded = g_base64_encode((const guchar *)inner, strlen(inner));
    char *texts[] = {
        g_strconcat(FIELDS MIXED("b") "--b\nContent-Type: message/rfc822\n\n", inner, "--b--\n",
                    NULL),
        g_strconcat(FIELDS MIXED("b") "--b\nContent-Type: message/rfc822\n" BASE64 "\n", encoded,
                    "\n--b--\n", NULL),
        g_strconcat(FIELDS MIXED("b") "--b\nContent-Type: message/global\n"
                                      "Content-Transfer-Encoding: quoted-printable\n\n",
                    inner, "--b--\n", NULL),
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct reading reading = read_text(texts[i]);
        const struct mail_part *part = part_at(reading.mail, 0);
        assert_text(part->part, "1.1");
        assert_text(part->subject, "inner");
        assert_text(part->report_domain, "inner.example");
        assert_text(part->report_submitter, "reporter.example");
        assert_text(reading.mail->subject, "Report Domain: example.org");
        assert_bytes(part, REPORT);
        reading_clear(&reading);
        g_free(texts[i]);
    }
}

/* A multipart that is the whole of a message adds no number, a leaf that is, adds ".1". */
static void test_parts_are_numbered_as_imap_does(void **state)
{
    static const char text[] = MIXED("a") "--a\n\nx\n--a\nContent-Type: message/rfc822\n\n" MIXED(
        "b") "--b\n\nx\n--b\n" MIXED("c") "--c\n\nx\n--c--\n--b--\n--a\n"
                                          "Content-Type: message/rfc822\n\nSubject: s\n\nx\n"
                                          "--a\n\nx\n--a--\n";
    static const char *const numbers[] = {"1", "2.1", "2.2.1", "3.1", "4"};
    struct reading reading = read_text(text);

    (void)state;
    assert_int_equal(reading.mail->parts->len, G_N_ELEMENTS(numbers));
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        assert_text(part_at(reading.mail, i)->part, numbers[i]);
    reading_clear(&reading);
}

static void test_forwards_are_read_down_to_the_limit_of_depth(void **state)
{
    (void)state;
    /* A message and what is in it count as two levels. */
    for (int levels = 1; levels <= LIMIT_MIME_DEPTH; levels++) {
        GString *text = g_string_new("Subject: s\n");
        for (int i = 0; i < levels; i++)
            g_string_append(text, "Content-Type: message/rfc822\n\n");
        g_string_append(text, LEAF("a/b"));
        struct reading reading = read_text(text->str);
        bool found = reading.mail->parts->len == 1;
        assert_int_equal(found, reading.issues->len == 0);
        assert_int_equal(found, levels < LIMIT_MIME_DEPTH);
        if (found)
            assert_bytes(part_at(reading.mail, 0), REPORT);
        else
            assert_limit_issue(&reading);
        reading_clear(&reading);
        g_string_free(text, TRUE);
    }
}

static void test_authentication_is_of_the_outermost_header(void **state)
{
    static const char text[] = "Authentication-Results: mx.example; dkim=pass\n"
                               " header.d=reporter.example\n"
                               "Authentication-Results: mx.example; dkim=fail\n" FIELDS "\nx";
    static const char inner[] = FIELDS "Content-Type: message/rfc822\n\n"
                                       "Authentication-Results: mx.example; dkim=pass"
                                       " header.d=reporter.example\n\nx";
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(Mail) one = mail_parse((const uint8_t *)text, strlen(text), "mx.example", issues);
    g_autoptr(Mail) two = mail_parse((const uint8_t *)inner, strlen(inner), "mx.example", issues);
    g_autoptr(Mail) other = mail_parse((const uint8_t *)text, strlen(text), "other", issues);

    (void)state;
    assert_int_equal(one->authenticated, AUTH_PASS);
    assert_int_equal(two->authenticated, AUTH_NONE);
    assert_int_equal(other->authenticated, AUTH_NONE);
}

/* `count` times `text` after `start`; "%" in it becomes the number. */
static GString *repeated(const char *start, const char *text, int count)
{
    GString *all = g_string_new(start);
    const char *sign = strchr(text, '%');

    for (int i = 0; i < count && all->len < LIMIT_MESSAGE_BYTES; i++) {
        size_t at = all->len;
        g_string_append(all, text);
        for (char *hit; sign != NULL && (hit = strchr(all->str + at, '%')) != NULL;) {
            g_autofree char *number = g_strdup_printf("%d", i);
            g_string_erase(all, hit - all->str, 1);
            g_string_insert(all, hit - all->str, number);
        }
    }
    return all;
}

static const struct {
    const char *start, *text;
    int count;
    bool is_cut;
} hostile[] = {
    {FIELDS, "Content-Type: multipart/mixed; boundary=b%\n\n--b%\n", 100000, true},
    {FIELDS, "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 100000, true},
    {FIELDS, "Content-Type: message/rfc822\n\n", 400000, true},
    {FIELDS MIXED("b"), "--b\n\nx\n", 100000, true},
    {FIELDS MIXED("b"), "--b\nContent-Type: a/b\n\nx\n", 100000, true},
    {FIELDS, "X-Field: value\n", 400000, false},
    {FIELDS, "From: a@b\n", 400000, false},
    {FIELDS, "Content-X: y\n", 400000, false},
    {FIELDS MIXED("b") "--b\n", "X: y\n", 400000, true},
    {FIELDS MIXED("b") "--b\nContent-Type: a/b; ", "a=b;", 400000, true},
    {FIELDS MIXED("b") "--b\nContent-Type: a/b", ";\n name*%=a", 400000, true},
    {FIELDS "Content-Type: message/rfc822\n\n", "X: y\n", 400000, true},
    {FIELDS "Content-Type: message/rfc822\n\nTo: ", "a,", 400000, true},
    {FIELDS "Content-Type: message/rfc822\n\n", "To: a, b\n", 400000, true},
    {FIELDS "Content-Type:\n message/rfc822\n--\n\nTo: ", "a,", 400000, true},
    {FIELDS "Content-Type: multipart/digest; boundary=b\n\n--b\n\nTo: ", "a,", 400000, true},
    {"From: ", "a,", 400000, false},
    {"Subject: ", "=?utf-8?q?a?= ", 400000, false},
    {FIELDS MIXED("b") "--b\n\n", "\n", 8000000, false},
    {FIELDS MIXED("b"), "prologue\n", 2000000, false},
    {FIELDS MIXED("b"), "--\n", 400000, true},
};

static void test_hostile_numbers_are_cut_with_an_issue(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        GString *text = repeated(hostile[i].start, hostile[i].text, hostile[i].count);
        struct reading reading = read_bytes(text->str, text->len);
        assert_true(reading.mail->parts->len <= LIMIT_MIME_PARTS);
        if (hostile[i].is_cut)
            assert_limit_issue(&reading);
        else
            assert_int_equal(reading.issues->len, 0);
        reading_clear(&reading);
        g_string_free(text, TRUE);
    }
}

static void test_parts_before_a_limit_are_kept(void **state)
{
    GString *text = repeated(FIELDS MIXED("b") "--b\n" LEAF("a/b") "--b\n", "X: y\n", 1000000);
    struct reading many = read_bytes(text->str, text->len);

    (void)state;
    assert_bytes(part_at(many.mail, 0), REPORT);
    assert_limit_issue(&many);
    reading_clear(&many);
    g_string_free(text, TRUE);
    text = repeated(FIELDS MIXED("b"), "--b\n" LEAF("a/b"), LIMIT_MIME_PARTS + 100);
    struct reading full = read_bytes(text->str, text->len);
    assert_int_equal(full.mail->parts->len, LIMIT_MIME_PARTS);
    assert_bytes(part_at(full.mail, LIMIT_MIME_PARTS - 1), REPORT);
    assert_limit_issue(&full);
    reading_clear(&full);
    g_string_free(text, TRUE);
}

/* What has a large part, lines of dashes or long names in it is no attack. */
static void test_large_honest_mails_are_not_cut(void **state)
{
    g_autofree char *line = g_strnfill(3u << 20, '1');
    g_autofree char *json = g_strdup_printf("{\"a\": %s}", line);
    g_autofree char *text =
        g_strconcat(FIELDS "Content-Type: multipart/mixed; boundary=b; x=message\n\n--b\n"
                           "Content-Type: application/json; name=\"message.json\"\n\n",
                    json, "\n--b--\n", NULL);
    struct reading reading = read_text(text);

    (void)state;
    assert_int_equal(reading.issues->len, 0);
    assert_bytes(part_at(reading.mail, 0), json);
    reading_clear(&reading);
    GString *forwards = repeated(
        FIELDS MIXED("o"),
        "--o\nContent-Type: message/rfc822\n\nTo: a@example.org\n" FIELDS LEAF("a/b"), 300);
    struct reading many = read_bytes(forwards->str, forwards->len);
    assert_int_equal(many.issues->len, 0);
    assert_int_equal(many.mail->parts->len, 300);
    reading_clear(&many);
    g_string_free(forwards, TRUE);
}

static void test_mails_are_told_by_their_first_line(void **state)
{
    static const struct {
        const char *text;
        bool is_mail;
    } cases[] = {
        {"From a@b Fri Jan  2 03:04:05 2026\n", true},
        {"From: a@b\n", true},
        {"X-Mozilla-Status: 0001\n", true},
        {"Return-Path: <>\n", true},
        {"{\"a\":1}", false},
        {"\x1f\x8b:", false},
        {"", false},
        {"word", false},
        {": x", false},
        {"two words: x", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        if (mail_sniff((const uint8_t *)cases[i].text, strlen(cases[i].text)) != cases[i].is_mail)
            fail_msg("%s", cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fields_of_the_mail_are_read),
        cmocka_unit_test(test_the_sender_is_the_first_address_of_from),
        cmocka_unit_test(test_a_date_nobody_can_read_is_none),
        cmocka_unit_test(test_subjects_are_unfolded_decoded_and_bounded),
        cmocka_unit_test(test_a_report_is_found_in_any_shape_of_mail),
        cmocka_unit_test(test_transfer_encodings_are_undone),
        cmocka_unit_test(test_file_names_are_decoded_and_mended),
        cmocka_unit_test(test_first_lines_of_mailboxes_and_readers_do_no_harm),
        cmocka_unit_test(test_line_ends_may_be_of_any_kind),
        cmocka_unit_test(test_what_is_hardly_a_mail_is_read_without_harm),
        cmocka_unit_test(test_nul_bytes_of_a_part_are_kept),
        cmocka_unit_test(test_kinds_are_told_by_type_or_report_type),
        cmocka_unit_test(test_parts_for_a_person_are_told_apart),
        cmocka_unit_test(test_parts_inherit_from_the_message_they_stand_in),
        cmocka_unit_test(test_parts_are_numbered_as_imap_does),
        cmocka_unit_test(test_forwards_are_read_down_to_the_limit_of_depth),
        cmocka_unit_test(test_authentication_is_of_the_outermost_header),
        cmocka_unit_test(test_hostile_numbers_are_cut_with_an_issue),
        cmocka_unit_test(test_parts_before_a_limit_are_kept),
        cmocka_unit_test(test_large_honest_mails_are_not_cut),
        cmocka_unit_test(test_mails_are_told_by_their_first_line),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
