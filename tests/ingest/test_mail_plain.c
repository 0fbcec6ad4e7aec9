#include "ingest/limits.h"
#include "ingest/mail_plain.h"
#include "tests/lib/mail_same.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define FIELDS                                                                                     \
    "From: TLS reports <TLS@Reporter.example>\n"                                                   \
    "Date: Fri, 2 Jan 2026 03:04:05 +0100\n"                                                       \
    "Message-ID: <one.two@reporter.example>\n"                                                     \
    "Subject: Report Domain: example.org Submitter: reporter.example\n"                            \
    " Report-ID: <r1@reporter.example>\n"                                                          \
    "TLS-Report-Domain: example.org\n"                                                             \
    "TLS-Report-Submitter: reporter.example\n"                                                     \
    "MIME-Version: 1.0\n"
#define MULTIPART "Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"b1\"\n\n"
#define TEXT "--b1\nContent-Type: text/plain; charset=\"us-ascii\"\n\nA report.\n\n"
#define TYPE "--b1\nContent-Type: application/tlsrpt+json; \n\tname=\"a!b!1!2.json\"\n"
#define BASE64 "Content-Transfer-Encoding: base64\n\n"
#define END "--b1--\n"
#define PLAIN FIELDS MULTIPART TEXT TYPE BASE64 "eyJhIjox\nfQ==\n" END

static int setup(void **state)
{
    (void)state;
    mail_init();
    return 0;
}

static char *with_crlf(const char *text)
{
    GString *crlf = g_string_new(NULL);

    for (; *text != '\0'; text++) {
        if (*text == '\n')
            g_string_append_c(crlf, '\r');
        g_string_append_c(crlf, *text);
    }
    return g_string_free(crlf, FALSE);
}

static void assert_same(const char *text, size_t length)
{
    g_autoptr(GPtrArray) issues = issues_new();
    g_autofree uint8_t *exact = g_memdup2(text, length);
    g_autoptr(Mail) mail = mail_parse(exact, length, NULL, issues);
    g_autoptr(Mail) slow = mail_parse_with_gmime(exact, length, NULL, issues);
    const char *difference = mail_difference(mail, slow);

    if (difference != NULL)
        fail_msg("another %s in %.*s", difference, (int)length, text);
}

/* Whether the short cut itself reads the mail. */
static bool is_taken(const char *text)
{
    struct mail_header header;
    g_autoptr(GPtrArray) issues = issues_new();
    const uint8_t *bytes = (const uint8_t *)text;
    size_t length = strlen(text);

    struct mail *mail = mail_parse_with_gmime(bytes, 0, NULL, issues);
    g_ptr_array_set_size(mail->parts, 0);
    mail_header_read(&header, bytes, length);
    bool taken = mail_plain_read(mail, &header, bytes + header.body, length - header.body);
    /* What it gives up it leaves as it was. */
    if (!taken) {
        assert_null(mail->sender);
        assert_null(mail->subject);
        assert_int_equal(mail->parts->len, 0);
    }
    mail_header_clear(&header);
    mail_free(mail);
    return taken;
}

static void test_the_common_shape_is_read_without_gmime(void **state)
{
    static const char *const mails[] = {
        PLAIN,
        FIELDS MULTIPART TYPE "\n{\"a\":1}\n" END,
        FIELDS MULTIPART "preamble\n" TEXT TYPE BASE64 "e30=\n" END "epilogue\n",
        "From: tls@reporter.example\nMessage-ID: <a@b>\nContent-Type: multipart/mixed;\n"
        " boundary=b1\n\n" TYPE BASE64 "e30=\n" END,
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autofree char *crlf = with_crlf(mails[i]);
        if (!is_taken(mails[i]) || !is_taken(crlf))
            fail_msg("not taken: %s", mails[i]);
        assert_same(mails[i], strlen(mails[i]));
        assert_same(crlf, strlen(crlf));
    }
}

#define ODD(fields) fields MULTIPART TEXT TYPE BASE64 "e30=\n" END
#define ODD_TYPE(type) FIELDS type "\n\n" TEXT TYPE BASE64 "e30=\n" END
#define ODD_PART(part) FIELDS MULTIPART TEXT part END
#define ID "Message-ID: <a@b>\n"
#define FROM "From: a@b\n"

/* Shapes that the short cut must leave alone: here GMime reads something else than what stands. */
static const char *const odd[] = {
    ODD(FROM "Message-ID: <a@b> (comment)\n"),
    ODD(FROM "Message-ID: a@b\n"),
    ODD(FROM "Message-ID: <a b@c>\n"),
    ODD(FROM "Message-ID: <a@b@c>\n"),
    ODD(FROM "Message-ID: <a..b@c>\n"),
    ODD(FROM "Message-ID: <@c>\n"),
    ODD(FROM "Message-ID: <>\n"),
    ODD(FROM),
    ODD(ID),
    ODD(ID "From: \"a\" <a@b>\n"),
    ODD(ID "From: group: a@b, c@d;\n"),
    ODD(ID "From: a@b, c@d\n"),
    ODD(ID "From: =?utf-8?q?a?= <a@b>\n"),
    ODD(ID "From: x@y <a@b>\n"),
    ODD(ID "From: a@xn--caf-dma.example\n"),
    ODD(ID "From: a@b\nFrom: c@d\n"),
    ODD(ID "From: a@[192.0.2.1]\n"),
    ODD(ID "From: <a@b> c\n"),
    ODD(FROM ID "Subject: one\nSubject: two\n"),
    ODD(FROM ID "Subject: =?utf-8?q?a?=\n"),

    ODD(FROM ID "Subject: caf\xc3\xa9\n"),
    ODD(FROM ID "Content-Transfer-Encoding: base64\n"),
    ODD(FROM ID "Content-Type: text/plain\n"),
    ODD_TYPE("Content-Type: multipart/report; report-type=feedback-report; boundary=b1"),
    ODD_TYPE("Content-Type: multipart/mixed; boundary*=us-ascii''b1"),
    ODD_TYPE("Content-Type: multipart/mixed; boundary*0=b; boundary*1=1"),
    ODD_TYPE("Content-Type: multipart/mixed; bound(x)ary=b1"),
    ODD_TYPE("Content-Type: multipart/mixed; boundary=b1; + x=y; boundary=b2"),
    ODD_TYPE("Content-Type: multipart/mixed;+ x=y; boundary=b1"),
    ODD_TYPE("Content-Type: multipart/mixed; boundary=\"b\\1\""),
    ODD_TYPE("Content-Type: multipart/mixed; boundary=\"b1"),
    ODD_TYPE("Content-Type: multipart/mixed (c); boundary=b1"),
    ODD_TYPE("Content-Type: multipart; boundary=b1"),
    ODD_TYPE("Content-Type: multipart/mixed; boundary=\"b1 \""),
    ODD_PART("--b1\n\nno type\n"),
    ODD_PART("--b1\nContent-Type: multipart/mixed; boundary=b2\n\n--b2\n\nx\n--b2--\n"),
    ODD_PART("--b1\nContent-Type: message/rfc822\n\n" PLAIN),
    ODD_PART("--b1\nContent-Type: message/delivery-status\n\nx: y\n"),
    ODD_PART(TYPE "Content-Transfer-Encoding: quoted-printable\n\n{=7D\n"),
    ODD_PART(TYPE "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n`\nend\n"),
    ODD_PART(TYPE "Content-Transfer-Encoding: x-other\n\n{}\n"),
    ODD_PART(TYPE "\nH4sIAAAA\n"),
    ODD_PART(TYPE "\neyJhIjoxfQ==\n"),
    ODD_PART(TYPE BASE64 "e3!0=\n"),
    ODD_PART(TYPE BASE64 "e30\n"),
    ODD_PART(TYPE BASE64 "e30=e30=\n"),
    ODD_PART(TYPE BASE64 "e30=====\n"),
    ODD_PART("--b1\nContent-Type: a/b; name=\"x\n y\"\n" BASE64 "e30=\n"),
    ODD_PART("--b1\nContent-Type: a/b; name=\"d/x\"\n" BASE64 "e30=\n"),
    ODD_PART("--b1\nContent-Type: a/b; name=\"=?utf-8?q?x?=\"\n" BASE64 "e30=\n"),
    ODD_PART("--b1\nContent-Type: a/b; name*=utf-8''x%21\n" BASE64 "e30=\n"),
    ODD_PART("--b1\nContent-Type : a/b\n" BASE64 "e30=\n"),
    ODD_PART("--b1\nno field\n" BASE64 "e30=\n"),
    ODD_PART("--b1 \nContent-Type: a/b\n" BASE64 "e30=\n"),
    ODD_PART("--b1x\nContent-Type: a/b\n" BASE64 "e30=\n"),
    FIELDS MULTIPART TEXT TYPE BASE64 "e30=\n",
    FIELDS MULTIPART TEXT TYPE BASE64 "e30=\n--b1--x\n",
    FIELDS MULTIPART TEXT TYPE BASE64 "e30=\n--b1--x\n" END,
    FIELDS MULTIPART TEXT TYPE BASE64 "e30=\n--b1--\r\n",
    FIELDS MULTIPART TEXT TYPE "\n{}\r\n--b1--\n",
    FIELDS MULTIPART "no part\n",
    FIELDS MULTIPART END,
    FIELDS "\nno type\n",
    "",
    "\n",
};

static void test_odd_mails_are_left_to_gmime(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
        if (is_taken(odd[i]))
            fail_msg("taken: %s", odd[i]);
        assert_same(odd[i], strlen(odd[i]));
    }
}

static void test_more_parts_than_reports_have_are_left_to_gmime(void **state)
{
    GString *text = g_string_new(FIELDS MULTIPART);

    (void)state;
    for (int i = 0; i < 20; i++)
        g_string_append(text, TYPE BASE64 "e30=\n");
    g_string_append(text, END);
    assert_false(is_taken(text->str));
    assert_same(text->str, text->len);
    g_string_free(text, TRUE);
}

static void test_dates_are_read_as_gmime_reads_them(void **state)
{
    static const char *const dates[] = {
        "Fri, 2 Jan 2026 03:04:05 +0000",
        "2 Jan 2026 03:04 GMT",
        "Fri, 2 Jan 26 03:04:05 EST",
        "Fri, May 09 2017 16:54:30 -0800",
        "not a date",
        "",
        "Fri, 32 Jan 2026 25:61:61 +9999",
        "Fri, 2 Jan 9999 0:0:0 Z",
        "Fri,\n 2 Jan\n 2026 1:2:3 Z",
        "Fri, 2 Jan 2026 03:04:05 (CET)",
        "Fri, 2 Jan 99999999999",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
        g_autofree char *text =
            g_strdup_printf(FROM ID "Date: %s\n" MULTIPART TEXT TYPE BASE64 "e30=\n" END, dates[i]);
        assert_same(text, strlen(text));
    }
}

static void test_a_mail_cut_anywhere_is_read_the_same(void **state)
{
    g_autofree char *crlf = with_crlf(PLAIN);

    (void)state;
    for (size_t length = 0; length < sizeof PLAIN; length++)
        assert_same(PLAIN, length);
    for (size_t length = 0; length <= strlen(crlf); length++)
        assert_same(crlf, length);
}

static void test_a_mail_with_any_byte_changed_is_read_the_same(void **state)
{
    static const char others[] = {'\0', '\n', '\r', ' ',  '\t', '"', '(', ';', '=', '-', ':',
                                  '<',  '>',  '@',  '\\', '*',  '.', ',', 'x', '/', '?', '\x80'};
    g_autofree char *mail = g_strdup(PLAIN);
    size_t length = strlen(mail);

    (void)state;
    for (size_t i = 0; i < length; i++) {
        char byte = mail[i];
        for (size_t k = 0; k < sizeof others; k++) {
            mail[i] = others[k];
            assert_same(mail, length);
        }
        mail[i] = byte;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_common_shape_is_read_without_gmime),
        cmocka_unit_test(test_odd_mails_are_left_to_gmime),
        cmocka_unit_test(test_more_parts_than_reports_have_are_left_to_gmime),
        cmocka_unit_test(test_dates_are_read_as_gmime_reads_them),
        cmocka_unit_test(test_a_mail_cut_anywhere_is_read_the_same),
        cmocka_unit_test(test_a_mail_with_any_byte_changed_is_read_the_same),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
