#include "ingest/log/envelope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka.h needs the ones above. */
#include <cmocka.h>

static const struct {
    const char *text;
    bool log;
} cases[] = {
    /* logs in envelopes */
    {"Mar  3 12:01:20 mx1 postfix/smtp[7]: a\n", true},
    {"Mar  3 12:01:20 mx1 postfix/smtp[7]: a", true},
    {"Mar  3 12:01:20 host CRON[7]: (root) CMD (a)\n", true},
    {"half of a line that was cut\nMar  3 12:01:20 mx1 postfix/smtp[7]: a\n", true},
    {"\n\nMar  3 12:01:20 mx1 postfix/smtp[7]: a\n", true},
    {"# Mar  3 12:01:20 mx1 postfix/smtp[7]: a\n", true},
    {"2025-02-10T14:32:17.244221+00:00 mx1 postfix/smtp[7]: a\n", true},
    {"<22>Mar  3 12:01:20 postfix/smtp[7]: a\n", true},
    {"<22>1 2025-02-10T14:32:17Z mx1 postfix/smtp 42 - - a\n", true},
    {"-- Journal begins at Mon 2025-02-10 14:32:17 CET. --\n"
     "Mar 03 12:01:20 mx1 postfix/smtp[7]: a\n",
     true},
    {"{\"__REALTIME_TIMESTAMP\":\"1\",\"SYSLOG_IDENTIFIER\":\"a\",\"MESSAGE\":\"b\"}\n", true},
    {"{ time: '1770000000', program: 'postfix/smtp', message: 'a' }\n", true},
    {"{\"log\":\"Mar  3 12:01:20 mx1 postfix/smtp[7]: a\\n\",\"time\":\"b\"}\n", true},
    {"__CURSOR=a\n__REALTIME_TIMESTAMP=1\nMESSAGE=a\n\n", true},
    {"postfix  | 2021-01-24T14:43:33.17+00:00 INFO    postfix/smtp[138]: a\n", true},
    {"\xef\xbb\xbfMar  3 12:01:20 mx1 postfix/smtp[7]: a\n", true},
    /* Exim, Halon, PowerMTA, bare lines */
    {"2026-03-03 12:01:20 1e9R09-0005p6-Ik => a@b.example R=r T=t\n", true},
    {"2026-03-03 12:01:20.510 +0000 [95] 1xV155-0000000001X-281p Completed\n", true},
    {"2026-03-03 12:01:20 TLS error on connection from a [192.0.2.1] (b): c\n", true},
    {"2026-03-03 12:01:20 Start queue run: pid=1\n", true},
    {"Mar  3 12:01:20 (info) smtpd: [0a1b] STARTTLS enabled (TLSv1.3)\n", true},
    {"Mar  3 12:01:20 (info) queued: [0a1b] STARTTLS error: handshake failure\n", true},
    {"Mar  3 12:01:20 (info) queued: [0a1b] DANE error: x\n", true},
    {"hsh: smtp_lookup_rcpt: DANE: No TLSA RR for a.example\n", true},
    {"{\"time\":1770000000,\"mx\":\"a\",\"tls\":{\"started\":true}}\n", true},
    {"type,timeLogged,orig,rcpt\n", true},
    {"type,rcpt,dlvTlsProtocol,timeLogged\nd,b@example.com,,1735700400\n", true},
    {"\"type\",\"rcpt\",\"TIMELOGGED\"\n", true},
    {"tls: TLSv1.2 connected with 256-bit ECDHE-RSA-AES256-GCM-SHA384\n", true},
    {"tls: cert: /C=NL; issuer=/C=NL/O=X; verified=yes\n", true},
    {"tls: DANE match: /C=NL; issuer=X; depth=0\n", true},
    {"Starting new query for TLSA _25._tcp.mx.b.example:\n"
     "answer _25._tcp.mx.b.example. 3600 IN CNAME a.b.example.\n",
     true},
    {"Processing message from <a@b.example> to <c@d.example> with x\nDelivering message to "
     "d.example:25\nConnecting to [192.0.2.1]:25 (DNSSEC)\n",
     true},
    {"{\"log\":\"{\\\"time\\\":1770000000,\\\"mx\\\":\\\"a\\\",\\\"tls\\\":{\\\"started\\\":true}}"
     "\\n\",\"time\":\"b\"}\n",
     true},
    {"{\"log\":\"postfix/smtp[7]: a\\n\",\"time\":\"2025-02-10T14:32:17Z\"}\n", true},
    {"2025-02-10T14:32:17Z stdout F postfix/smtp[7]: a\n", true},
    {"d,2026-03-03 12:01:20+0000,a@b.example\n", true},
    {"rcpt,dlvTlsProtocol,type,timeLogged\n", true},
    {"\"type\",\"timeLogged\",\"orig\"\n", true},
    {"\"d\",\"2026-03-03 12:01:20+0000\",\"a@b.example\"\n", true},
    {"2026-03-03 12:01:20 tls: TLSv1.3 connected with 256-bit TLS_AES_256_GCM_SHA384\n", true},
    {"tls: DANE match: /CN=a; issuer=/CN=b; depth=0\n", true},
    {"{\"domain\":\"b.example\",\"tls\":{\"started\":true}}\n", true},
    {"warning: TLS policy lookup for a/b: c\n", true},
    {"SSL_connect error to a[192.0.2.1]:25: -1\n", true},
    {"postfix/smtp: certificate verification failed for a: b\n", true},
    {"to=<a@b.example>, relay=none, delay=1, dsn=4.7.5, status=deferred (a)\n", true},
    {"4AAAA1111A: to=<a@b.example>, relay=none, delay=1, dsn=4.7.5, status=deferred (a)\n", true},
    {"4AAAA1111A: message-id=<a@b.example>\n", true},
    {"4AAAA1111A: from=<a@b.example>, size=300, nrcpt=1 (queue active)\n", true},
    {"4AAAA1111A: uid=0 from=<a>\n4AAAA1111A: removed\n", true},
    {"warning: MX name 'a.example' does not match STS MX pattern for 'b.example'\n", true},
    {"2021-01-24T14:43:33.171226789Z stderr F postfix/smtp[7]: a\n", true},
    {"1e9R09-0005p6-Ik => a@b.example R=r T=t H=mx.b.example [192.0.2.1]\n", true},
    {"1xV155-0000000001X-281p == a@b.example R=r T=t defer (-37): a\n", true},
    {"1xV155-0000000001X-281p <= a@b.example U=a P=local S=1\n", true},
    {"1xV155-0000000001X-281p DANE error: No usable TLSA records\n", true},
    {"{\"log\":\"1e9R09-0005p6-Ik => a@b.example R=r T=t\\n\",\"time\":\"b\"}\n", true},
    {"SMTP connection from [192.0.2.1] (TCP/IP connection count = 1)\n", true},
    /* what is something else */
    {"1e9R09-0005p6-Ik is an identifier\n", false},
    {"", false},
    {"\n\n\n", false},
    {"Received: from a by b with ESMTPS; Mon, 10 Feb 2025 14:32:17 +0000\n", false},
    {"Return-Path: <>\nReceived: from a\n", false},
    {"From: a@b.example\nSubject: b\n\nMar  3 12:01:20 mx1 postfix/smtp[7]: a\n"
     "Mar  3 12:01:20 mx1 postfix/smtp[7]: a\nMar  3 12:01:20 mx1 postfix/smtp[7]: a\n",
     false},
    {"Subject: SSL_connect error to a[192.0.2.1]:25: -1\n", false},
    {"X-Spam: Mar  3 12:01:20\n", false},
    {"From a@b.example Mon Mar  3 12:01:20 2025\nSubject: a\n", false},
    {"{\"organization-name\":\"a\",\"policies\":[]}\n", false},
    {"{\n  \"organization-name\": \"a\",\n  \"policies\": []\n}\n", false},
    {"{\"organization-name\":\"a\"}\n{\"organization-name\":\"b\"}\n", false},
    {"{\"message\":\"policies\",\"time\":1,\"policies\":[],\"tls\":1}\n", false},
    {"{\"a\":1}\n", false},
    {"[{\"a\":1}]\n", false},
    {"<?xml version=\"1.0\"?>\n<feedback>\n", false},
    {"<feedback><report_metadata>\n", false},
    {"<html>Mar  3 12:01:20 mx1 postfix/smtp[7]: a\n", false},
    {"2025-02-10 14:32:17 status installed a:amd64 1.0\n2025-02-10 14:32:17 configure a\n", false},
    {"2025-02-10 14:32:17,123 INFO server started\n", false},
    {"2025-02-10T14:32:17Z INFO server: started\n", false},
    {"192.0.2.1 - - [10/Feb/2025:14:32:17 +0000] \"GET / HTTP/1.1\" 200 1\n", false},
    {"Dear all,\n\nour log says SSL_connect.\n", false},
    {"# a configuration\nsmtp_tls_security_level = dane\n", false},
    {"# About logs\n\nSuch a line:\n\n"
     "Mar  3 12:01:20 mx1 postfix/smtp[7]: a\n\nis read.\n",
     false},
    {"PATH=/bin\nHOME=/\n", false},
    {"name,value\na,b\n", false},
    {"d,1,2\n", false},
    {"type,size,weight\na,1,2\n", false},
    {"{\"log\":\"{\\\"a\\\":1}\\n\",\"time\":\"b\"}\n", false},
    {"\x1f\x8b\x08\x01\x02\x03\xff\xff", false},
    {"PK\x03\x04\x14", false},
    {"\x7f"
     "ELF\x02\x01\x01",
     false},
};

static void logs_are_told_from_what_else_there_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        if (envelope_sniff(cases[i].text, strlen(cases[i].text), true) != cases[i].log)
            fail_msg("%s: %s", cases[i].log ? "no log" : "a log", cases[i].text);
}

static void the_begin_of_a_file_is_enough(void **state)
{
    static const char report[] = "{\"organization-name\":\"a\",\"policies\":[{\"policy\":";
    g_autoptr(GString) log = g_string_new(NULL);

    (void)state;
    while (log->len < 100000)
        g_string_append(log, "Mar  3 12:01:20 mx1 postfix/smtp[7]: a\n");
    assert_true(envelope_sniff(log->str, log->len, false));
    assert_true(envelope_sniff(log->str, 4096, false));
    assert_true(envelope_sniff(log->str, 37, false));
    assert_false(envelope_sniff(report, sizeof report - 1, false));
}

static void nul_bytes_of_a_crash_are_passed_over(void **state)
{
    static const char text[] = "\0\0\0\0\0Mar  3 12:01:20 mx1 postfix/smtp[7]: a\n";
    static const char nothing[64] = "";

    (void)state;
    assert_true(envelope_sniff(text, sizeof text - 1, true));
    assert_false(envelope_sniff(nothing, sizeof nothing, true));
}

static void random_bytes_are_no_log(void **state)
{
    char bytes[4096];
    GRand *random = g_rand_new_with_seed(1);

    (void)state;
    for (int i = 0; i < 500; i++) {
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (char)g_rand_int_range(random, 0, 256);
        assert_false(envelope_sniff(bytes, sizeof bytes, i % 2));
    }
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_are_told_from_what_else_there_is),
        cmocka_unit_test(the_begin_of_a_file_is_enough),
        cmocka_unit_test(nul_bytes_of_a_crash_are_passed_over),
        cmocka_unit_test(random_bytes_are_no_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
