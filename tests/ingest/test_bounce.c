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

    bounce_parse(text, strlen(text), AT, bounced);
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
        "Reporting-MTA: dns; a\n\nAction: failed\nStatus: 5.7.323\n",
        "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nStatus: 5.7.323\n",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_has_its_type),
        cmocka_unit_test(recipients_are_told_one_by_one),
        cmocka_unit_test(other_bounces_tell_nothing),
        cmocka_unit_test(local_parts_are_not_kept),
        cmocka_unit_test(a_flood_of_recipients_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
