#include "ingest/bounce.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define AT 1763856000

static GPtrArray *parse(const char *text)
{
    GPtrArray *bounced = g_ptr_array_new_with_free_func((GDestroyNotify)bounced_free);

    bounce_parse(text, strlen(text), NULL, AT, bounced);
    return bounced;
}

/* One recipient's group: status, diagnostic and what they mean. */
static const struct {
    const char *status;
    const char *diagnostic;
    const char *result;
    const char *failure;
    const char *detail;
} reasons[] = {
    {"5.7.321",
     "smtp; 550 5.7.321 starttls-not-supported: Destination mail server must support TLS",
     "starttls-not-supported", "starttls-absent", ""},
    {"4.7.322", "smtp; 450 4.7.322 certificate-expired", "certificate-expired", "dane-expired", ""},
    {"5.7.323", "smtp; 550 5.7.323 tlsa-invalid: The domain failed DANE validation", "tlsa-invalid",
     "dane-cert-mismatch", "tlsa-mismatch"},
    {"5.7.324", "smtp; 550 5.7.324 dnssec-invalid", "dnssec-invalid", "tlsa-lookup-error",
     "tlsa-lookup-error"},
    {"5.7.325", "smtp; 550 5.7.325 certificate-host-mismatch", "certificate-host-mismatch",
     "dane-ta-name", ""},
    {"5.4.8", "smtp; 550 5.4.8 MX hosts of 'example.net' failed MTA-STS validation",
     "validation-failure", "sts-mx-mismatch", "sts-mx-mismatch"},
    {"5.7.5", "smtp; 550 5.7.5 Remote certificate MUST have a subject alternative name (MTA-STS)",
     "certificate-host-mismatch", "cert-host-mismatch", ""},
    {"5.7.5",
     "smtp; 550 5.7.5 Remote certificate failed MTA-STS validation. Reason: CertificateExpired",
     "certificate-expired", "cert-expired", ""},
    {"4.7.5", "smtp; 450 4.7.5 Remote certificate failed MTA-STS validation. Reason: UntrustedRoot",
     "certificate-not-trusted", "cert-not-trusted", ""},
    {"5.7.5",
     "smtp; 550 5.7.5 Remote certificate failed MTA-STS validation. Reason: SubjectMismatch",
     "certificate-host-mismatch", "cert-host-mismatch", ""},
    /* What expired is the message. */
    {"5.4.300",
     "smtp; 550 5.4.300 Message expired -> 450 4.7.5 Remote certificate failed MTA-STS validation.",
     "validation-failure", "validation-unspecified", ""},
    {"5.4.312", "smtp; 550 5.4.312 Message expired, DNS query failed", "unknown",
     "dns-lookup-error", "dns-lookup-error"},
    {"5.0.0", "smtp; 450 4.4.312 DNS query failed", "unknown", "dns-lookup-error",
     "dns-lookup-error"},
    {"4.7.5", "X-Postfix; TLSA lookup error for mx.example.net:25", "dnssec-invalid",
     "tlsa-lookup-error", "tlsa-lookup-error"},
    {"4.7.5", "X-Postfix; Server certificate not verified", "certificate-not-trusted",
     "cert-not-trusted", ""},
    {"4.7.4", "X-Postfix; TLS is required, but was not offered by host mx.example.net[192.0.2.1]",
     "starttls-not-supported", "starttls-absent", ""},
    {"5.7.30", "X-Postfix; Sender requested REQUIRETLS, but no server was found that supports it",
     "unknown", "requiretls-unsupported", "requiretls-not-offered"},
    {"5.0.0", "smtp; 500 DANE error: tlsa lookup FAIL", "dane-required", "tlsa-missing", "no-tlsa"},
    {"5.0.0",
     "smtp; 500 TLS session: (certificate verification failed): Verification failed. The "
     "certificate differs. ",
     "certificate-not-trusted", "dane-cert-mismatch", "tlsa-mismatch"},
};

static void each_reason_has_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        g_autofree char *text = g_strdup_printf(
            "Reporting-MTA: dns; mail.example.com\r\n\r\nFinal-Recipient: rfc822; "
            "user@Example.NET\r\nAction: failed\r\nStatus: %s\r\nDiagnostic-Code: %s\r\n",
            reasons[i].status, reasons[i].diagnostic);
        g_autoptr(GPtrArray) all = parse(text);
        assert_int_equal(all->len, 1);
        const struct bounced *told = g_ptr_array_index(all, 0);
        assert_string_equal(result_type_word(told->result_type), reasons[i].result);
        assert_string_equal(failure_type_word(told->failure_type), reasons[i].failure);
        assert_string_equal(log_detail_word(told->detail), reasons[i].detail);
        assert_string_equal(told->domain, "example.net");
        assert_string_equal(told->host, "mail.example.com");
        assert_int_equal(told->outcome, LOG_OUTCOME_BOUNCED);
        assert_int_equal(told->at, AT);
    }
}

static void recipients_are_told_one_by_one(void **state)
{
    g_autoptr(GPtrArray) all =
        parse("Reporting-MTA: dns; mail.example.com\nX-Postfix-Queue-ID: 4jXJrY67pNz1gCfc\n"
              "Arrival-Date: Fri, 21 Nov 2025 10:00:00 +0000\n\n"
              "Final-Recipient: rfc822; first@example.net\nAction: delayed\nStatus: 4.7.5\n"
              "Remote-MTA: dns; mx.example.net\n"
              "Diagnostic-Code: X-Postfix; Cannot start TLS:\n handshake failure\n\n"
              "Final-Recipient: rfc822; second@example.org\nAction: failed\nStatus: 5.1.1\n"
              "Diagnostic-Code: smtp; 550 5.1.1 <second@example.org>: unknown; use TLS\n\n"
              "Final-Recipient: rfc822; third@example.org\nAction: relayed\nStatus: 2.7.5\n"
              "Diagnostic-Code: X-Postfix; no TLSA records found\n");

    (void)state;
    assert_int_equal(all->len, 1);
    const struct bounced *told = g_ptr_array_index(all, 0);
    assert_int_equal(told->outcome, LOG_OUTCOME_DEFERRED);
    assert_int_equal(told->mta, MTA_POSTFIX);
    assert_string_equal(told->queue_id, "4jXJrY67pNz1gCfc");
    assert_string_equal(told->mx, "mx.example.net");
    assert_string_equal(told->reason, "Cannot start TLS: handshake failure");
    assert_string_equal(told->status, "4.7.5");
}

static void other_bounces_tell_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n\n",
        "Reporting-MTA: dns; a",
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n",
        /* A server's words about an address. */
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 certificate verify failed club\n",
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n"
        "Status: 4.2.2 (full)\nDiagnostic-Code: smtp; 450 TLS is required, but was not offered\n",
        "Reporting-MTA: dns; a\n\nAction: failed\nStatus: 5.7.323\n",
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nStatus: 2.7.323\n",
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\n"
        "Diagnostic-Code: smtp; 550 5.7.323 tlsa-invalid\n",
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; nobody\nAction: failed\n"
        "Status: 5.7.323\n",
        /* Other codes that have one of ours in them. */
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n"
        "Status: 5.7.3\nDiagnostic-Code: smtp; 550 15.7.323 5.7.3230 5.7.323.1 192.5.7.323\n",
        /* 5.7.5 of no TLS: RFC 3463 has it for any cryptographic failure. */
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n"
        "Status: 5.7.5\nDiagnostic-Code: smtp; 550 5.7.5 bad signature\n",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GPtrArray) all = parse(texts[i]);
        assert_int_equal(all->len, 0);
    }
}

/* The same told in the ways that mail servers have: always of example.net, never delivered. */
static const struct {
    const char *text;
    const char *host, *mx, *status, *failure; /* "": none */
    enum mta mta;
    enum log_outcome outcome;
} forms[] = {
    /* Exchange Online. */
    {"Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.exchangelabs.com\r\n"
     "Received-From-MTA: dns;AM0PR01MB9999.eurprd01.prod.exchangelabs.com\r\n"
     "Arrival-Date: Fri, 21 Nov 2025 10:00:00 +0000\r\n\r\n"
     "Original-Recipient: rfc822;user@example.net\r\n"
     "Final-Recipient: rfc822;user@example.net\r\nAction: failed\r\nStatus: 5.7.323\r\n"
     "Diagnostic-Code: smtp;550 5.7.323 tlsa-invalid: The domain failed DANE validation.\r\n"
     "X-Display-Name: user@example.net\r\n\r\n",
     "am0pr01mb1234.eurprd01.prod.exchangelabs.com", "", "5.7.323", "dane-cert-mismatch",
     MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    {"Reporting-MTA: dns;am0.example.com\r\n\r\nFinal-Recipient: rfc822;user@example.net\r\n"
     "Action: failed\r\nStatus: 5.4.300\r\n"
     "Diagnostic-Code: smtp;550 5.4.300 Message expired -> 450 4.7.321 starttls-not-supported:\r\n"
     "\tDestination mail server must support TLS [Message=4.7.321\r\n"
     " starttls-not-supported] [LastAttemptedServerName=mx.example.net]"
     " [LastAttemptedIP=192.0.2.1:25]\r\n",
     "am0.example.com", "mx.example.net", "5.4.300", "starttls-absent", MTA_UNKNOWN,
     LOG_OUTCOME_BOUNCED},
    {"Reporting-MTA: dns;a.example.com\n\nFinal-Recipient: rfc822;user@example.net\n"
     "Action: failed\nStatus: 5.4.316\n"
     "Diagnostic-Code: smtp;550-5.7.322:certificate-expired\n",
     "a.example.com", "", "5.4.316", "dane-expired", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    /* Exim, as it is built with more to say and without. */
    {"Reporting-MTA: dns; exim.example.com\n\nAction: failed\n"
     "Final-Recipient: rfc822;user@example.net\nStatus: 5.0.0\n"
     "Remote-MTA: dns; mx.example.net\nRemote-MTA: X-ip; [192.0.2.1]:25\n"
     "X-Exim-Diagnostic: X-str; DANE error: tlsa lookup FAIL\n\n",
     "exim.example.com", "mx.example.net", "5.0.0", "tlsa-missing", MTA_EXIM, LOG_OUTCOME_BOUNCED},
    {"Reporting-MTA: dns; exim.example.com\n\nAction: delayed\n"
     "Final-Recipient: rfc822;user@example.net\nStatus: 4.0.0\n"
     "Diagnostic-Code: smtp; (SSL_connect): error:0A000152:SSL routines::unsafe legacy\n",
     "exim.example.com", "", "4.0.0", "tls-handshake-failure", MTA_UNKNOWN, LOG_OUTCOME_DEFERRED},
    /* Sendmail: a comment after the code, a name of the host as it was asked for. */
    {"Reporting-MTA: dns; send.example.com\nReceived-From-MTA: DNS; localhost\n"
     "Arrival-Date: Fri, 21 Nov 2025 10:00:00 GMT\n\nFinal-Recipient: RFC822; user@example.net\n"
     "Action: failed\nStatus: 5.7.325 (delivery failed)\nRemote-MTA: DNS; mx.example.net\n"
     "Diagnostic-Code: SMTP; 550 5.7.325 certificate-host-mismatch\n"
     "Last-Attempt-Date: Fri, 21 Nov 2025 10:00:01 GMT\n",
     "send.example.com", "mx.example.net", "5.7.325", "dane-ta-name", MTA_UNKNOWN,
     LOG_OUTCOME_BOUNCED},
    /* What is missing or in an odd form. */
    {"Reporting-MTA: dns; a.example.com\n\nOriginal-Recipient: rfc822;user@example.net\n"
     "Action: failed\nStatus: 5.7.323\n",
     "a.example.com", "", "5.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    {"Reporting-MTA: dns; a.example.com\n\nOriginal-Recipient: rfc822;user@example.net\n"
     "Final-Recipient: x400; C=US/A= /P=Example/S=User\nAction: failed\nStatus: 5.7.323\n",
     "a.example.com", "", "5.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    {"Reporting-MTA: dns; a.example.com\n\nFinal-Recipient: rfc822;<user@EXAMPLE.net>\n"
     "Action: failed (TLS)\nStatus: 5.7.323\n",
     "a.example.com", "", "5.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    {"Reporting-MTA: dns; a.example.com\n\n"
     "Final-Recipient: utf-8; us\xc3\xa9r@example.net\nAction: Failed\nStatus: 5.7.323\n",
     "a.example.com", "", "5.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    {"Reporting-MTA: dns; a.example.com\n\nFinal-Recipient: rfc822; user@example.net\n"
     "Status: 4.7.323\n",
     "a.example.com", "", "4.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_DEFERRED},
    {"\r\n\r\nReporting-MTA: dns; a.example.com\r\n \t\r\n\r\n"
     "Final-Recipient:\r\n rfc822;\r\n user@example.net\r\nAction: failed\r\nStatus: 5.7.323",
     "a.example.com", "", "5.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    /* Without a blank line between what is about the message and what is about the recipient. */
    {"Reporting-MTA: dns; a.example.com\nFinal-Recipient: rfc822; user@example.net\n"
     "Action: failed\nStatus: 5.7.323\n",
     "a.example.com", "", "5.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
    {"Final-Recipient: rfc822; user@example.net\nAction: failed\nStatus: 5.7.323\n", "", "",
     "5.7.323", "dane-cert-mismatch", MTA_UNKNOWN, LOG_OUTCOME_BOUNCED},
};

static void every_mail_servers_form_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GPtrArray) all = parse(forms[i].text);
        if (all->len != 1)
            fail_msg("%u recipients in form %zu", all->len, i);
        const struct bounced *told = g_ptr_array_index(all, 0);
        assert_string_equal(told->domain, "example.net");
        assert_string_equal(told->host != NULL ? told->host : "", forms[i].host);
        assert_string_equal(told->mx != NULL ? told->mx : "", forms[i].mx);
        assert_string_equal(told->status, forms[i].status);
        assert_string_equal(failure_type_word(told->failure_type), forms[i].failure);
        assert_int_equal(told->mta, forms[i].mta);
        assert_int_equal(told->outcome, forms[i].outcome);
    }
}

static void line_ends_may_be_mixed_between_groups(void **state)
{
    g_autoptr(GPtrArray) all =
        parse("Reporting-MTA: dns; a.example.com\r\n\n"
              "Final-Recipient: rfc822; one@one.example\nAction: failed\nStatus: 5.7.321\n\r\n"
              "\r\nFinal-Recipient: rfc822; two@two.example\r\nAction: failed\r\n"
              "Status: 5.7.322\r\n  \r\nFinal-Recipient: rfc822; three@three.example\n"
              "Action: delayed\nStatus: 4.7.324");
    static const char *const domains[] = {"one.example", "two.example", "three.example"};

    (void)state;
    assert_int_equal(all->len, 3);
    for (guint i = 0; i < all->len; i++) {
        const struct bounced *told = g_ptr_array_index(all, i);
        assert_string_equal(told->domain, domains[i]);
        assert_string_equal(told->host, "a.example.com");
    }
}

static void local_parts_are_not_kept(void **state)
{
    g_autoptr(GPtrArray) all = parse(
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; jane@b.example\nAction: failed\n"
        "Status: 5.7.323\nDiagnostic-Code: smtp; 550 5.7.323 tlsa-invalid <jane@b.example>\n");

    (void)state;
    assert_int_equal(all->len, 1);
    const struct bounced *told = g_ptr_array_index(all, 0);
    assert_null(strstr(told->reason, "jane"));
    assert_non_null(strstr(told->reason, "b.example"));
}

static void a_flood_of_recipients_has_an_end(void **state)
{
    g_autoptr(GString) text = g_string_new("Reporting-MTA: dns; a\n\n");

    (void)state;
    for (int i = 0; i < BOUNCE_RECIPIENTS_MAX + 50; i++)
        g_string_append(text, "Final-Recipient: rfc822; a@b.example\nAction: failed\n"
                              "Status: 5.7.323\n\n");
    g_autoptr(GPtrArray) all = parse(text->str);
    assert_int_equal(all->len, BOUNCE_RECIPIENTS_MAX);
}

/* A bounce of Exim's (deliver.c) with the text for a person beside the fields, which may lack the
   reason: print_dsn_diagnostic_code() gives what follows the first ": ", if a host was reached. */
static GPtrArray *parse_with_words(const char *status, const char *text)
{
    GPtrArray *bounced = g_ptr_array_new_with_free_func((GDestroyNotify)bounced_free);
    GPtrArray *words = bounce_text_read(text, strlen(text));

    bounce_parse(status, strlen(status), words, AT, bounced);
    g_ptr_array_unref(words);
    return bounced;
}

#define EXIM_STATUS                                                                                \
    "Reporting-MTA: dns; exim.example.com\n\nAction: failed\n"                                     \
    "Final-Recipient: rfc822;user@example.net\nStatus: 5.0.0\n"
#define EXIM_HEAD                                                                                  \
    "This message was created automatically by mail delivery software.\n\n"                        \
    "A message that you sent could not be delivered to one or more of its\n"                       \
    "recipients. This is a permanent error. The following address(es) failed:\n\n"

/* The lines below the address; failure "": nothing is told. */
static const struct {
    const char *status;
    const char *lines;
    const char *failure;
    const char *mx;
    const char *reason;
} exim_texts[] = {
    {EXIM_STATUS, "    DANE error: tlsa lookup FAIL\n", "tlsa-missing", "",
     "DANE error: tlsa lookup FAIL"},
    {EXIM_STATUS,
     "    host mx.example.net [2001:db8::1]\n    DANE error: mx.example.net lookup not "
     "DNSSEC\n",
     "mx-insecure", "mx.example.net", "DANE error: mx.example.net lookup not DNSSEC"},
    /* No ": " in it: no Diagnostic-Code. */
    {EXIM_STATUS "Remote-MTA: dns; mx.example.net\n",
     "    host mx.example.net [192.0.2.1]\n    a TLS session is required, but the server did not "
     "offer TLS support: retry timeout exceeded\n",
     "starttls-absent", "mx.example.net",
     "a TLS session is required, but the server did not offer TLS support: retry timeout exceeded"},
    /* The field has the words of the other server only. */
    {EXIM_STATUS "Remote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 454 4.7.0 no\n",
     "    host mx.example.net [192.0.2.1]\n    SMTP error from remote mail server after "
     "STARTTLS:\n    454 4.7.0 no\n",
     "starttls-refused", "mx.example.net",
     "SMTP error from remote mail server after STARTTLS: 454 4.7.0 no"},
    /* GnuTLS names no reason for a wrong name. */
    {EXIM_STATUS, "    TLS session: (certificate verification failed): retry timeout exceeded\n",
     "cert-host-mismatch", "",
     "TLS session: (certificate verification failed): retry timeout exceeded"},
    {EXIM_STATUS, "    TLS session: (SSL_connect): error:0A000152:SSL routines::unsafe legacy\n",
     "tls-handshake-failure", "",
     "TLS session: (SSL_connect): error:0A000152:SSL routines::unsafe legacy"},
    /* Made by an alias: the mail could not go to its target. */
    {"Reporting-MTA: dns; exim.example.com\n\nAction: failed\n"
     "Final-Recipient: rfc822;alias@example.com\nStatus: 5.0.0\n",
     "    (generated from alias@example.com)\n    DANE error: tlsa lookup FAIL\n", "tlsa-missing",
     "", "DANE error: tlsa lookup FAIL"},
    /* What another server says, and what tells of no TLS. */
    {EXIM_STATUS,
     "    SMTP error from remote mail server after RCPT TO:<user@example.net>:\n"
     "    550 5.7.1 TLS session: (SSL_connect): timed out\n",
     "", "", ""},
    {EXIM_STATUS,
     "    all hosts for 'example.net' have been failing for a long time (and retry time "
     "not reached)\n",
     "", "", ""},
    {EXIM_STATUS, "    retry timeout exceeded\n", "", "", ""},
    {EXIM_STATUS, "", "", "", ""},
    {"Reporting-MTA: dns; a\n\nAction: failed\nFinal-Recipient: rfc822;other@example.net\n"
     "Status: 5.0.0\n",
     "    DANE error: tlsa lookup FAIL\n", "", "", ""},
};

static void exim_tells_the_reason_in_its_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(exim_texts); i++) {
        g_autofree char *text =
            g_strdup_printf(EXIM_HEAD "  user@example.net\n%s\n", exim_texts[i].lines);
        g_autoptr(GPtrArray) all = parse_with_words(exim_texts[i].status, text);
        if (all->len != (*exim_texts[i].failure != '\0'))
            fail_msg("%u recipients in text %zu", all->len, i);
        if (all->len == 0)
            continue;
        const struct bounced *told = g_ptr_array_index(all, 0);
        assert_string_equal(failure_type_word(told->failure_type), exim_texts[i].failure);
        assert_string_equal(told->mx != NULL ? told->mx : "", exim_texts[i].mx);
        assert_string_equal(told->reason, exim_texts[i].reason);
        assert_string_equal(told->domain, "example.net");
        assert_string_equal(told->status, "5.0.0");
        assert_int_equal(told->mta, MTA_EXIM);
        assert_int_equal(told->outcome, LOG_OUTCOME_BOUNCED);
    }
}

static void each_recipient_has_its_own_words(void **state)
{
    g_autoptr(GPtrArray) all = parse_with_words(
        "Reporting-MTA: dns; a.example.com\n\nAction: delayed\n"
        "Final-Recipient: rfc822;one@one.example\nStatus: 4.0.0\n\nAction: delayed\n"
        "Final-Recipient: rfc822;two@two.example\nStatus: 4.0.0\n\nAction: delayed\n"
        "Final-Recipient: rfc822;three@three.example\nStatus: 4.0.0\n",
        "The addresses to which the message has not yet been delivered are:\n\n"
        "  three@three.example\n    Delay reason: DANE error: tlsa lookup DEFER\n"
        "  an undisclosed address\n"
        "  two@two.example\n    Delay reason: SMTP error from remote mail server after MAIL:\n"
        "    451 <jane@two.example> TLS session: no\n"
        "  one@one.example\n    host mx.one.example [192.0.2.1]\n"
        "    Delay reason: SMTP error from remote mail server after STARTTLS:\n"
        "    454 <jane@one.example> not now\n\n");

    (void)state;
    assert_int_equal(all->len, 2);
    const struct bounced *one = g_ptr_array_index(all, 0), *three = g_ptr_array_index(all, 1);
    assert_string_equal(one->domain, "one.example");
    assert_string_equal(one->mx, "mx.one.example");
    assert_string_equal(
        one->reason,
        "SMTP error from remote mail server after STARTTLS: 454 <@one.example> not now");
    assert_string_equal(three->domain, "three.example");
    assert_null(three->mx);
    assert_string_equal(failure_type_word(three->failure_type), "tlsa-lookup-error");
    assert_int_equal(three->outcome, LOG_OUTCOME_DEFERRED);
}

/* Exim before 4.85, or with texts of one's own: no fields at all. */
static void a_plain_bounce_is_read(void **state)
{
    static const struct {
        const char *text, *failed;
        guint count;
        enum log_outcome outcome;
    } plain[] = {
        {EXIM_HEAD "  user@example.net\n    DANE error: tlsa lookup FAIL\n\n"
                   "------ This is a copy of the message, including all the headers. ------\n\n"
                   "Subject: x\n\n  jane@example.net\n    DANE error: tlsa lookup FAIL\n",
         NULL, 1, LOG_OUTCOME_BOUNCED},
        {"The address to which the message has not yet been delivered is:\r\n\r\n"
         "  user@example.net\r\n    Delay reason: DANE error: tlsa lookup FAIL\r\n",
         NULL, 1, LOG_OUTCOME_DEFERRED},
        {"Unzustellbar:\n\n  user@example.net\n    DANE error: tlsa lookup FAIL\n",
         " a@b.example,\r\n  user@example.net", 1, LOG_OUTCOME_BOUNCED},
        {"Look at this:\n\n  user@example.net\n    DANE error: tlsa lookup FAIL\n",
         " a@b.example,\n  auser@example.net", 0, LOG_OUTCOME_BOUNCED},
        {"Look at this:\n\n  user@example.net\n    DANE error: tlsa lookup FAIL\n", NULL, 0,
         LOG_OUTCOME_BOUNCED},
        {EXIM_HEAD "  user@example.net\n", " user@example.net", 0, LOG_OUTCOME_BOUNCED},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        const struct bounce_mail mail = {plain[i].failed, "E1wZ2Ab-00001X-28@exim.example.com"};
        g_autoptr(GPtrArray) words = bounce_text_read(plain[i].text, strlen(plain[i].text));
        g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)bounced_free);
        bounce_parse_plain(&mail, words, AT, all);
        if (all->len != plain[i].count)
            fail_msg("%u recipients in mail %zu", all->len, i);
        if (all->len == 0)
            continue;
        const struct bounced *told = g_ptr_array_index(all, 0);
        assert_string_equal(told->domain, "example.net");
        assert_string_equal(told->host, "exim.example.com");
        assert_int_equal(told->outcome, plain[i].outcome);
        assert_int_equal(told->failure_type, FAILURE_TLSA_MISSING);
    }
}

static void a_flood_of_words_has_an_end(void **state)
{
    g_autoptr(GString) text = g_string_new(EXIM_HEAD);

    (void)state;
    for (int i = 0; i < BOUNCE_RECIPIENTS_MAX + 50; i++)
        g_string_append(text, "  a@b.example\n    host lookup\n");
    for (int i = 0; i < 10000; i++)
        g_string_append(text, "    TLS session: TLS session: TLS session\n");
    g_autoptr(GPtrArray) words = bounce_text_read(text->str, text->len);
    assert_int_equal(words->len, BOUNCE_RECIPIENTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_has_its_type),
        cmocka_unit_test(recipients_are_told_one_by_one),
        cmocka_unit_test(other_bounces_tell_nothing),
        cmocka_unit_test(every_mail_servers_form_is_read),
        cmocka_unit_test(line_ends_may_be_mixed_between_groups),
        cmocka_unit_test(local_parts_are_not_kept),
        cmocka_unit_test(a_flood_of_recipients_has_an_end),
        cmocka_unit_test(exim_tells_the_reason_in_its_text),
        cmocka_unit_test(each_recipient_has_its_own_words),
        cmocka_unit_test(a_plain_bounce_is_read),
        cmocka_unit_test(a_flood_of_words_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
