#include "ingest/json.h"
#include "tests/log/direct.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct sample {
    const char *line;
    const char *events;
};

static const struct sample attempts[] = {
    {"{\"time\":1735700000.5,\"host\":\"out1\",\"transaction\":\"18c190a3-93f4\",\"queue\":7,"
     "\"domain\":\"Example.COM\",\"mx\":\"MX.example.com\",\"ip\":\"2001:DB8:0::1\","
     "\"status\":\"delivered\",\"tls\":{\"started\":true,\"protocol\":\"TLSv1.3\",\"cipher\":"
     "\"TLS_AES_256_GCM_SHA384\",\"policy\":\"dane\",\"tlsa\":{\"records\":[[3,1,1,\"ab\"]]}}}",
     "session: at=1735700000 out verified TLSv1.3 level=dane domain=example.com mx=mx.example.com "
     "ip=2001:db8::1 id=18c190a3-93f4 host=out1\n"},
    {"{\"recipient\":\"bob@example.com\",\"status\":\"deferred\",\"reason\":\"DANE error: no "
     "matching TLSA record, says bob@example.com\",\"dsn\":\"4.7.5\",\"delay\":61.5,\"tls\":"
     "{\"started\":false,\"policy\":\"dane\",\"tlsrpt\":\"validation-failure\",\"tlsa\":"
     "{\"records\":[[3,1,1,\"ab\"]]}}}",
     "session: out failed level=dane domain=example.com dsn=4.7.5 delay=61\n"
     "failure: out validation-failure dane-cert-mismatch tlsa-mismatch deferred level=dane "
     "domain=example.com dsn=4.7.5 delay=61 reason=DANE error: no matching TLSA record, says "
     "@example.com\n"},
    {"{\"domain\":\"example.com\",\"status\":\"bounced\",\"expired\":true,\"tls\":{\"started\":"
     "false,"
     "\"tlsrpt\":\"certificate-expired\",\"policy\":\"sts\",\"peercert\":{\"error\":\"certificate "
     "has "
     "expired\"}}}",
     "session: out failed level=secure domain=example.com\n"
     "failure: out certificate-expired cert-expired bounced level=secure domain=example.com "
     "reason=certificate has expired\n"
     "expired: out level=secure domain=example.com\n"},
    {"{\"domain\":\"example.com\",\"status\":\"deferred\",\"tls\":{\"started\":false,\"tlsrpt\":"
     "\"certificate-not-trusted\",\"peercert\":{\"error\":\"self-signed certificate\"}}}",
     "session: out failed domain=example.com\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed deferred "
     "domain=example.com reason=self-signed certificate\n"},
    {"{\"domain\":\"example.com\",\"status\":\"delivered\",\"tls\":{\"started\":false,\"tlsrpt\":"
     "\"starttls-not-supported\"}}",
     "session: out failed domain=example.com\n"
     "failure: out starttls-not-supported starttls-absent plaintext domain=example.com "
     "reason=starttls-not-supported\n"},
    {"{\"domain\":\"example.com\",\"status\":\"deferred\",\"sts\":{\"error\":\"Failed to fetch STS "
     "policy\",\"tlsrpt\":\"sts-policy-fetch-error\"},\"tls\":{\"started\":false}}",
     "session: out failed level=secure domain=example.com\n"
     "failure: out sts-policy-fetch-error sts-policy-fetch-error deferred level=secure "
     "domain=example.com reason=Failed to fetch STS policy\n"},
    {"{\"domain\":\"example.com\",\"tls\":{\"started\":false,\"tlsrpt\":\"dnssec-invalid\","
     "\"tlsa\":"
     "{\"error\":\"SERVFAIL\"}},\"status\":\"QUEUE\"}",
     "session: out failed level=dane domain=example.com\n"
     "failure: out dnssec-invalid tlsa-lookup-error deferred level=dane domain=example.com "
     "reason=SERVFAIL\n"},
    /* Sessions without a failure. */
    {"{\"domain\":\"example.com\",\"status\":\"delivered\",\"tls\":{\"started\":false}}",
     "session: out plaintext domain=example.com\n"},
    {"{\"domain\":\"example.com\",\"status\":\"delivered\",\"tls\":{\"started\":true,\"protocol\":"
     "\"TLSv1.2\"}}",
     "session: out untrusted TLSv1.2 domain=example.com\n"},
    {"{\"domain\":\"example.com\",\"status\":\"deferred\",\"tls\":{\"started\":true,\"verified\":"
     "true}}",
     "session: out verified domain=example.com\n"},
    {"{\"domain\":\"example.com\",\"tls\":{\"started\":true,\"tlsrpt\":\"success\"}}",
     "session: out untrusted domain=example.com\n"},
    /* What the other server said when there was TLS, or when it took the mail. */
    {"{\"domain\":\"example.com\",\"status\":\"deferred\",\"reason\":\"DANE error: x\",\"tls\":"
     "{\"started\":true,\"verified\":true}}",
     "session: out verified domain=example.com\n"},
    {"{\"domain\":\"example.com\",\"status\":\"delivered\",\"reason\":\"STARTTLS error: x\","
     "\"tls\":{\"started\":false}}",
     "session: out plaintext domain=example.com\n"},
    {"{\"domain\":\"example.com\",\"status\":\"deferred\",\"reason\":\"STARTTLS error: closed\","
     "\"tls\":{\"started\":false}}",
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=example.com reason=STARTTLS error: closed\n"},
    /* Names as others spell them. */
    {"{\"transaction_id\":\"t1\",\"message-id\":\"m1\",\"recipientDomain\":\"example.com\","
     "\"mx_host\":\"mx.example.com\",\"remote_ip\":\"192.0.2.1\",\"tls\":{\"started\":true}}",
     "session: out untrusted domain=example.com mx=mx.example.com ip=192.0.2.1 id=t1\n"},
    {"{\"RCPT\":\"bob@example.com\",\"messageId\":\"m1\",\"tls\":{\"started\":true}}",
     "session: out untrusted domain=example.com id=m1\n"},
    /* Nothing of TLS: the connection failed before. */
    {"{\"domain\":\"example.com\",\"status\":\"deferred\",\"reason\":\"Connection "
     "refused\",\"tls\":"
     "{\"started\":false}}",
     ""},
    /* The same keys in other hands. */
    {"{\"message_id\":\"t1\",\"recipient_domain\":\"example.com\",\"mx_host\":\"mx.example.com\","
     "\"tls\":{\"started\":true}}",
     "session: out untrusted domain=example.com mx=mx.example.com id=t1\n"},
    /* halon-extras/tls-rpt */
    {"{\"timestamp\":1735700000123,\"transactionid\":\"t1\",\"policy-domain\":\"example.com\","
     "\"policy-type\":\"tlsa\",\"result-type\":\"validation-failure\",\"failure-reason-code\":"
     "\"certificate has expired\",\"receiving-mx-hostname\":\"mx.example.com\",\"receiving-ip\":"
     "\"192.0.2.1\"}",
     "session: at=1735700000 out failed level=dane domain=example.com mx=mx.example.com "
     "ip=192.0.2.1 id=t1\n"
     "failure: at=1735700000 out validation-failure validation-unspecified unknown level=dane "
     "domain=example.com mx=mx.example.com ip=192.0.2.1 id=t1 reason=certificate has expired\n"},
    {"{\"timestamp\":1735700000123,\"transactionid\":\"t1\",\"policy-domain\":\"example.com\","
     "\"policy-type\":\"no-policy-found\",\"result-type\":\"success\"}",
     "session: at=1735700000 out untrusted level=may domain=example.com id=t1\n"},
    /* Nothing fits, nothing breaks. */
    {"{\"tls\":{\"started\":[],\"tlsrpt\":{}},\"time\":\"x\",\"delay\":-3,\"dsn\":\"4.7.5x\"}", ""},
    {"{\"tls\":7,\"tlsrpt\":1}", ""},
    {"{\"tls\":{\"started\"}", ""},
};

static void a_json_line_of_the_hook_is_a_session_and_its_failure(void **state)
{
    (void)state;
    json_init();
    for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++) {
        struct direct *direct = direct_new(&log_halon);
        assert_string_equal(direct_take(direct, "", attempts[i].line), attempts[i].events);
        direct_free(direct);
    }
}

static void a_json_line_may_come_through_syslog_with_an_id(void **state)
{
    struct direct *direct = direct_new(&log_halon);

    (void)state;
    assert_string_equal(direct_take(direct, "smtpd",
                                    "[18c190a3-93f4] {\"domain\":\"example.com\",\"status\":"
                                    "\"delivered\",\"tls\":{\"started\":true}}"),
                        "session: out untrusted domain=example.com\n");
    direct_free(direct);
}

static const struct sample lines[] = {
    {"(info) smtpd: [18c190a3-93f4] STARTTLS enabled (TLSv1.1 with cipher AES256-SHA (256 bits))",
     "session: in untrusted TLSv1.1 id=18c190a3-93f4\n"},
    {"(info) smtpd: [18c190a3-93f4] [SMTP] [tls] 220 2.0.0 Ready to start TLS", ""},
    {"Connection is now using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256 bits) (DANE)",
     "session: out verified TLSv1.2 level=dane\n"},
    {"hsh: smtp_lookup_rcpt: DANE: No TLSA RR for mx.example.com (falling back to optional TLS)",
     ""},
    {"hsh: smtp_lookup_rcpt: Connecting to [2001:db8::7]:25 (DNSSEC)", ""},
    {"hsh: smtp_lookup_rcpt: Connection is now using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
     "(256 bits)",
     "session: out untrusted TLSv1.3 ip=2001:db8::7\n"},
    {"[a1-b2] Processing message from <a@example.org> to <bob@example.com> with daneenabled", ""},
    {"[a1-b2] Delivering message to mx.example.com:25", ""},
    {"[a1-b2] Connecting to [192.0.2.1]:25 (DNSSEC)", ""},
    {"[c3-d4] Connection is now using TLSv1.3 with cipher X (256 bits)",
     "session: out untrusted TLSv1.3 id=c3-d4\n"},
    {"[a1-b2] Connection is now using TLSv1.3 with cipher X (256 bits) (DANE)",
     "session: out verified TLSv1.3 level=dane domain=example.com mx=mx.example.com ip=192.0.2.1 "
     "id=a1-b2\n"},
    {"[a1-b2] DANE error: certificate has expired",
     "session: out failed level=dane domain=example.com mx=mx.example.com ip=192.0.2.1 id=a1-b2\n"
     "failure: out certificate-expired dane-expired unknown level=dane domain=example.com "
     "mx=mx.example.com ip=192.0.2.1 id=a1-b2 reason=DANE error: certificate has expired\n"},
    {"STARTTLS error: DANE: something",
     "session: out failed level=dane ip=2001:db8::7\n"
     "failure: out validation-failure validation-unspecified unknown level=dane ip=2001:db8::7 "
     "reason=STARTTLS error: DANE: something\n"},
    {"[ff] STARTTLS error: unexpected eof while reading",
     "session: out failed id=ff\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure unknown id=ff "
     "reason=STARTTLS error: unexpected eof while reading\n"},
    {"[ff] Bad MTA-STS: Failed to parse STS policy",
     "session: out failed level=secure id=ff\n"
     "failure: out sts-policy-invalid sts-policy-invalid unknown level=secure id=ff reason=Bad "
     "MTA-STS: Failed to parse STS policy\n"},
};

static void lines_of_the_text_log_and_of_hsh(void **state)
{
    struct direct *direct = direct_new(&log_halon);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        assert_string_equal(direct_take(direct, "", lines[i].line), lines[i].events);
    direct_free(direct);
}

static void what_is_of_others_is_not_claimed(void **state)
{
    static const char *const others[] = {
        "",
        "{}",
        "{\"tls\":{\"started\":tr",
        "{\"policies\":[{\"policy\":{\"policy-type\":\"sts\"},\"result-type\":\"x\"}],"
        "\"transactionid\":\"x\"}",
        "{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":\"tls started\"}",
        "Connecting to [192.0.2.1]",
        "Connecting to [the database]: please wait",
        "Delivering message to bob",
        "Connection is now using the new cable",
        "warning: STARTTLS error: x",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        assert_false(direct_claims(&log_halon, "", others[i]));
    assert_false(direct_claims(&log_halon, "postfix/smtpd", "STARTTLS error: x"));
    assert_true(direct_claims(&log_halon, "queued", "x"));
    assert_true(direct_claims(&log_halon, "mailqueued", "x"));
}

static void marks_go_by_the_host_and_time_in_the_line(void **state)
{
    static const char once[] = "{\"time\":1735700000,\"host\":\"a\",\"domain\":\"example.com\","
                               "\"status\":\"delivered\",\"tls\":{\"started\":true}}";
    struct direct *direct = direct_new(&log_halon);
    struct direct *again = direct_new(&log_halon);
    guint64 first;

    (void)state;
    direct_take(direct, "", once);
    first = direct->mark;
    direct_take(direct, "", once);
    assert_true(direct->mark != first);
    direct_take(again, "", once);
    assert_true(again->mark == first);
    direct_free(direct);
    direct_free(again);
}

static void a_whole_log_through_the_reader(void **state)
{
    g_autofree char *events = direct_read(
        "2025-01-01T03:00:00+00:00 out1 smtpd[7]: [18c1] {\"domain\":\"example.com\","
        "\"status\":\"delivered\",\"tls\":{\"started\":true}}\n"
        "2025-01-01T03:00:01+00:00 out1 smtpd[7]: 1a2b smtp connected address=local\n"
        "{\"time\":1735700402,\"domain\":\"example.com\",\"status\":\"delivered\","
        "\"tls\":{\"started\":false}}\n"
        "hsh: smtp_lookup_rcpt: Connection is now using TLSv1.3 with cipher X (256 bits) "
        "(DANE)\n");

    (void)state;
    assert_string_equal(events,
                        "session: at=1735700400 out untrusted domain=example.com host=out1\n"
                        "session: at=1735700402 out plaintext domain=example.com\n"
                        "session: out verified TLSv1.3 level=dane\n");
}

static void the_text_log_names_no_host(void **state)
{
    g_autofree char *events =
        direct_read("Dec 31 03:00:00 (info) smtpd: [18c1-a] [SMTP] [tls] 220 2.0.0 Ready to start "
                    "TLS\n"
                    "Dec 31 03:00:00 (info) smtpd: [18c1-a] STARTTLS enabled (TLSv1.1 with cipher "
                    "AES256-SHA (256 bits))\n");

    (void)state;
    assert_string_equal(events, "session: at=1735614000 in untrusted TLSv1.1 id=18c1-a\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_line_of_the_hook_is_a_session_and_its_failure),
        cmocka_unit_test(a_json_line_may_come_through_syslog_with_an_id),
        cmocka_unit_test(lines_of_the_text_log_and_of_hsh),
        cmocka_unit_test(what_is_of_others_is_not_claimed),
        cmocka_unit_test(marks_go_by_the_host_and_time_in_the_line),
        cmocka_unit_test(a_whole_log_through_the_reader),
        cmocka_unit_test(the_text_log_names_no_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
