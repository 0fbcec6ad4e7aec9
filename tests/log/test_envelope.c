#include "ingest/limits.h"
#include "ingest/log/envelope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka.h needs the ones above. */
#include <cmocka.h>

/* 2026-03-10 12:00:00 UTC */
#define FILE_TIME 1773144000

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static struct envelope *open_at(const char *zone, gint64 file_time)
{
    g_autoptr(GTimeZone) of = g_time_zone_new_identifier(zone);

    assert_non_null(of);
    return envelope_new(of, file_time, FILE_TIME);
}

/* "2026-03-01T00:00:01Z"; 0 for "". */
static gint64 seconds(const char *text)
{
    g_autoptr(GDateTime) time = *text == '\0' ? NULL : g_date_time_new_from_iso8601(text, NULL);

    assert_true(*text == '\0' || time != NULL);
    return time == NULL ? 0 : g_date_time_to_unix(time);
}

static void assert_span(struct span span, const char *expected, const char *line)
{
    if (!span_is(span, expected))
        fail_msg("\"%.*s\" in place of \"%s\" in %s", (int)span.length, span.at, expected, line);
}

static bool take(struct envelope *envelope, const char *text, struct log_line *line)
{
    /* A copy of just its size: a sanitizer sees any step past its end. */
    size_t length = strlen(text);
    char *copy = malloc(length + (length == 0));
    bool taken;

    memcpy(copy, text, length);
    taken = envelope_take(envelope, copy, length, line);
    free(copy);
    return taken && envelope_take(envelope, text, length, line);
}

static void every_form_gives_time_host_program_pid_and_message(void **state)
{
    static const struct {
        const char *line, *at, *host, *program;
        gint64 pid;
        const char *message;
    } cases[] = {
        /* RFC 3164 as files have it */
        {"Mar  3 12:01:20 mx1 postfix/smtp[71295]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 71295, "text"},
        {"Mar 3 12:01:20 mx1 postfix/smtp[71295]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 71295, "text"},
        {"Mar 03 12:01:20 out postfix-out/smtp[125]: text", "2026-03-03T11:01:20Z", "out",
         "postfix-out/smtp", 125, "text"},
        {"Mar  3 12:01:20 mx1 postfix/submission/smtpd[9]: warning: a: b\r", "2026-03-03T11:01:20Z",
         "mx1", "postfix/submission/smtpd", 9, "warning: a: b"},
        {"Mar  3 12:01:20 2001:db8::1 exim: text", "2026-03-03T11:01:20Z", "2001:db8::1", "exim", 0,
         "text"},
        {"Mar  3 12:01:20 postfix/smtp[1520]: text", "2026-03-03T11:01:20Z", "", "postfix/smtp",
         1520, "text"},
        {"Mar  3 12:01:20.123456 mx1 postfix/smtp[1]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 1, "text"},
        {"# Mar  3 12:01:20 mx1 postfix/smtp[1]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 1, "text"},
        {"#Mar 03 12:01:20 mx1 postfix/smtp[1]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 1, "text"},
        /* Digits without an end are no process id. */
        {"Mar  3 12:01:20 mx1 postfix/smtp[9999999999999999999]: text", "2026-03-03T11:01:20Z", "",
         "", 0, "mx1 postfix/smtp[9999999999999999999]: text"},
        {"Mar  3 12:01:20 mx1 mail.info postfix/smtp[1]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 1, "text"},
        {"Mar  3 12:01:20 <mail.info> mx1 postfix/smtp[1]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 1, "text"},
        {"Mar  3 12:01:20 mx1 postfix/smtp[1]: [ID 197553 mail.info] text", "2026-03-03T11:01:20Z",
         "mx1", "postfix/smtp", 1, "text"},
        {"Mar  3 2024 12:01:20 mx1 postfix/smtp[1]: text", "2024-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 1, "text"},
        {"Mon Mar  3 12:01:20 2025 mail.info postfix/smtp[1]: text", "2025-03-03T11:01:20Z",
         "mail.info", "postfix/smtp", 1, "text"},
        {"Mar  3 12:01:20 (info) smtpd: [0a1b] STARTTLS enabled", "2026-03-03T11:01:20Z", "",
         "smtpd", 0, "[0a1b] STARTTLS enabled"},
        {"Mar  3 12:01:20 mx1 -- MARK --", "2026-03-03T11:01:20Z", "mx1", "", 0, "-- MARK --"},
        {"Mar  3 12:01:20 SSL_connect error to a[192.0.2.1]:25: -1", "2026-03-03T11:01:20Z", "", "",
         0, "SSL_connect error to a[192.0.2.1]:25: -1"},
        /* rsyslog's and others' ISO */
        {"2025-02-10T14:32:17.244221+00:00 mx1 postfix/smtp[7]: text", "2025-02-10T14:32:17Z",
         "mx1", "postfix/smtp", 7, "text"},
        {"2025-02-10T14:32:17Z mx1 postfix/smtp[7]: text", "2025-02-10T14:32:17Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"2025-02-10T14:32:17.123456789-03:30 mx1 postfix/smtp[7]: text", "2025-02-10T18:02:17Z",
         "mx1", "postfix/smtp", 7, "text"},
        {"2025-02-10T14:32:17 mx1 postfix/smtp[7]: text", "2025-02-10T13:32:17Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"2025-02-10 14:32:17 mx1 postfix/smtp[7]: text", "2025-02-10T13:32:17Z", "mx1",
         "postfix/smtp", 7, "text"},
        /* RFC 5424 */
        {"<22>1 2025-02-10T14:32:17.003Z mx1 postfix/smtp 42 - - text", "2025-02-10T14:32:17Z",
         "mx1", "postfix/smtp", 42, "text"},
        {"<22>1 2025-02-10T14:32:17Z mx1 postfix/smtp 42 ID1 [a@1 b=\"]\\\"\" c=\"d\"][e] "
         "\xef\xbb\xbftext",
         "2025-02-10T14:32:17Z", "mx1", "postfix/smtp", 42, "text"},
        {"1 2025-02-10T14:32:17+03:00 mx1 postfix/smtp - - - text: more", "2025-02-10T11:32:17Z",
         "mx1", "postfix/smtp", 0, "text: more"},
        {"2025-02-10T14:32:17+03:00 mx1 postfix/smtp 5 - - text", "2025-02-10T11:32:17Z", "mx1",
         "postfix/smtp", 5, "text"},
        {"<22>1 - - postfix/smtp - - - text", "", "", "postfix/smtp", 0, "text"},
        {"<22>1 2025-02-10T14:32:17Z mx1 postfix/smtp[42] - - - text", "2025-02-10T14:32:17Z",
         "mx1", "postfix/smtp", 42, "text"},
        {"<22>1 2025-02-10T14:32:17Z mx1 postfix/smtp[x] 42 - - text", "2025-02-10T14:32:17Z",
         "mx1", "postfix/smtp[x]", 42, "text"},
        {"97 <22>1 2025-02-10T14:32:17Z mx1 postfix/smtp 42 - - text", "2025-02-10T14:32:17Z",
         "mx1", "postfix/smtp", 42, "text"},
        {"Sep 12 21:37:54 relay 1 2025-09-12T21:37:54.1+03:00 mx1 postfix/smtpd 126369 - - text",
         "2025-09-12T18:37:54Z", "mx1", "postfix/smtpd", 126369, "text"},
        {"Sep 12 21:37:54 relay Sep 12 21:37:53 mx1 postfix/smtpd[4]: text", "2025-09-12T19:37:53Z",
         "mx1", "postfix/smtpd", 4, "text"},
        {"<13>1 2025-09-12T21:37:54Z relay - - - - <22>1 2025-09-12T21:37:53Z mx1 postfix/smtp 4 - "
         "- "
         "text",
         "2025-09-12T21:37:53Z", "mx1", "postfix/smtp", 4, "text"},
        {"<13>1 2025-09-12T21:37:54Z relay - - - - <22>Mar  3 12:01:20 mx1 postfix/smtp[4]: text",
         "2025-09-12T21:37:54Z", "mx1", "postfix/smtp", 4, "text"},
        {"<13>1 2025-09-12T21:37:54Z relay - - - - plain text", "2025-09-12T21:37:54Z", "relay", "",
         0, "plain text"},
        /* /dev/log */
        {"<22>Mar  3 12:01:20 postfix/smtp[71295]: text", "2026-03-03T11:01:20Z", "",
         "postfix/smtp", 71295, "text"},
        {"<22>Mar  3 12:01:20 mx1 postfix/smtp[71295]: text", "2026-03-03T11:01:20Z", "mx1",
         "postfix/smtp", 71295, "text"},
        {"<22>postfix/smtp[71295]: text", "", "", "postfix/smtp", 71295, "text"},
        /* journalctl */
        {"2025-02-10T14:32:17+0100 mx1 postfix/smtp[7]: text", "2025-02-10T13:32:17Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"Mon 2025-02-10 14:32:17 CET mx1 postfix/smtp[7]: text", "2025-02-10T13:32:17Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"Mon 2025-02-10 14:32:17 EST mx1 postfix/smtp[7]: text", "2025-02-10T19:32:17Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"Mon 2025-02-10 14:32:17 +0545 mx1 postfix/smtp[7]: text", "2025-02-10T08:47:17Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"Sun 2025-10-26 02:30:00 CEST mx1 postfix/smtp[7]: text", "2025-10-26T00:30:00Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"Sun 2025-10-26 02:30:00 CET mx1 postfix/smtp[7]: text", "2025-10-26T01:30:00Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"1770000000.123456 mx1 postfix/smtp[7]: text", "2026-02-02T02:40:00Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"[66783.123456] mx1 postfix/smtp[7]: text", "", "mx1", "postfix/smtp", 7, "text"},
        {"авг 09 12:01:20 mx1 postfix/smtp[7]: text", "2025-08-09T10:01:20Z", "mx1", "postfix/smtp",
         7, "text"},
        {"Mär 03 12:01:20 mx1 postfix/smtp[7]: text", "2026-03-03T11:01:20Z", "mx1", "postfix/smtp",
         7, "text"},
        {"févr. 03 12:01:20 mx1 postfix/smtp[7]: text", "2026-02-03T11:01:20Z", "mx1",
         "postfix/smtp", 7, "text"},
        {"ene 03 12:01:20 mx1 postfix/smtp[7]: text", "2026-01-03T11:01:20Z", "mx1", "postfix/smtp",
         7, "text"},
        {"12月 03 12:01:20 mx1 postfix/smtp[7]: text", "2025-12-03T11:01:20Z", "mx1",
         "postfix/smtp", 7, "text"},
        /* containers */
        {"postfix         | 2021-01-24T14:43:33.171226+00:00 INFO    postfix/smtp[138]: text",
         "2021-01-24T14:43:33Z", "", "postfix/smtp", 138, "text"},
        {"2024-12-30T12:16:32.052694+01:00 WARNING postfix/smtp[1204]: warning: text",
         "2024-12-30T11:16:32Z", "", "postfix/smtp", 1204, "warning: text"},
        {"\x1b[36mmail-1  |\x1b[0m Mar  3 12:01:20 mx1 postfix/smtp[7]: text",
         "2026-03-03T11:01:20Z", "mx1", "postfix/smtp", 7, "text"},
        {"2021-01-24T14:43:33.171226789Z Mar  3 12:01:20 mx1 postfix/smtp[7]: text",
         "2021-01-24T14:43:33Z", "mx1", "postfix/smtp", 7, "text"},
        {"2021-01-24T14:43:33.171226789Z stdout F Mar  3 12:01:20 mx1 postfix/smtp[7]: text",
         "2021-01-24T14:43:33Z", "mx1", "postfix/smtp", 7, "text"},
        {"2021-01-24T14:43:33.171226789Z stdout F postfix/smtp[7]: text", "2021-01-24T14:43:33Z",
         "", "postfix/smtp", 7, "text"},
        {"2021-01-24T14:43:33.171226789Z stderr F {\"tls\":1}", "2021-01-24T14:43:33Z", "", "", 0,
         "{\"tls\":1}"},
        {"{\"log\":\"postfix/smtp[7]: text\\n\",\"time\":\"2021-01-24T14:43:33.1Z\"}",
         "2021-01-24T14:43:33Z", "", "postfix/smtp", 7, "text"},
        {"[pod/mail-0/postfix] 2021-01-24T14:43:33Z INFO postfix/smtp[7]: text",
         "2021-01-24T14:43:33Z", "", "postfix/smtp", 7, "text"},
        {"2021-01-24T14:43:33.171226789Z stderr F postfix/smtp[7]: text", "2021-01-24T14:43:33Z",
         "", "postfix/smtp", 7, "text"},
        {"2021-01-24T14:43:33.171226789Z stdout F to=<a@b.example>, text", "2021-01-24T14:43:33Z",
         "", "", 0, "to=<a@b.example>, text"},
        /* Exim */
        {"2026-03-03 12:01:20 1e9R09-0005p6-Ik => a@b.example R=r T=t", "2026-03-03T11:01:20Z", "",
         "exim", 0, "1e9R09-0005p6-Ik => a@b.example R=r T=t"},
        {"2026-03-03 12:01:20.510 +0000 [95] 1xV155-0000000001X-281p Completed",
         "2026-03-03T12:01:20Z", "", "exim", 95, "1xV155-0000000001X-281p Completed"},
        {"2026-03-03 12:01:20 [192.0.2.1] SSL verify error: x", "2026-03-03T11:01:20Z", "", "exim",
         0, "[192.0.2.1] SSL verify error: x"},
        {"2026-03-03 12:01:20 [77] H=(a) [192.0.2.1]:17125 X=b", "2026-03-03T11:01:20Z", "", "exim",
         77, "H=(a) [192.0.2.1]:17125 X=b"},
        {"2026-03-03 12:01:20 tls: DANE match: /CN=a; issuer=b; depth=0", "2026-03-03T11:01:20Z",
         "", "", 0, "tls: DANE match: /CN=a; issuer=b; depth=0"},
        {"Mar  3 12:01:21 mx1 exim[33]: 2026-03-03 12:01:20 1e9R09-0005p6-Ik Completed",
         "2026-03-03T11:01:21Z", "mx1", "exim", 33, "1e9R09-0005p6-Ik Completed"},
        {"Mar  3 12:01:21 mx1 Exim-out[33]: 2026-03-03 12:01:20 1e9R09-0005p6-Ik Completed",
         "2026-03-03T11:01:21Z", "mx1", "Exim-out", 33, "1e9R09-0005p6-Ik Completed"},
        {"Mar  3 12:01:21 mx1 exim: 1e9R09-0005p6-Ik Completed", "2026-03-03T11:01:21Z", "mx1",
         "exim", 0, "1e9R09-0005p6-Ik Completed"},
        /* PowerMTA's stamps are as Exim's */
        {"2026-03-03 12:01:20 tls: DANE match: a", "2026-03-03T11:01:20Z", "", "", 0,
         "tls: DANE match: a"},
        /* bare */
        {"certificate verification failed for a[192.0.2.1]:25: b", "", "", "", 0,
         "certificate verification failed for a[192.0.2.1]:25: b"},
        {"warning: TLS policy lookup for a/b: c", "", "", "", 0,
         "warning: TLS policy lookup for a/b: c"},
        {"postfix/smtp: text", "", "", "postfix/smtp", 0, "text"},
        {"postfix/submission/smtpd[3090131]: text", "", "", "postfix/submission/smtpd", 3090131,
         "text"},
        {"posttls-finger: text", "", "", "posttls-finger", 0, "text"},
        {"hsh: smtp_lookup_rcpt: text", "", "", "", 0, "hsh: smtp_lookup_rcpt: text"},
        {"d,2026-03-03 12:01:20+0000,a@b.example", "", "", "", 0,
         "d,2026-03-03 12:01:20+0000,a@b.example"},
        {"# no log at all", "", "", "", 0, "# no log at all"},
        /* what is no stamp */
        {"Feb 30 12:01:20 mx1 postfix/smtp[7]: text", "", "", "", 0,
         "Feb 30 12:01:20 mx1 postfix/smtp[7]: text"},
        {"Mar  3 24:01:20 mx1 postfix/smtp[7]: text", "", "", "", 0,
         "Mar  3 24:01:20 mx1 postfix/smtp[7]: text"},
        {"2026-13-03 12:01:20 text", "", "", "", 0, "2026-13-03 12:01:20 text"},
        {"2026-03-03T12:01:20text", "", "", "", 0, "2026-03-03T12:01:20text"},
        /* JSON */
        {"{\"__REALTIME_TIMESTAMP\":\"1770000000123456\",\"_HOSTNAME\":\"mx1\",\"_PID\":\"8\","
         "\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"SYSLOG_PID\":\"7\",\"MESSAGE\":\"a \\\"b\\\" "
         "\\u00e4\\ud83d\\ude00\\u0041\"}",
         "2026-02-02T02:40:00Z", "mx1", "postfix/smtp", 7, "a \"b\" ä😀A"},
        {"{\"MESSAGE\":[116,101,255,120],\"SYSLOG_IDENTIFIER\":\"postfix/smtp\"}", "", "",
         "postfix/smtp", 0, "te\xffx"},
        {"{\"MESSAGE\":[[116,101],[255]],\"SYSLOG_IDENTIFIER\":[\"postfix/smtp\",\"b\"],\"_PID\":"
         "3}",
         "", "", "postfix/smtp", 3, "te"},
        {"{ time: '1770000000', program: 'postfix/smtp', priority: 'info', message: 'it\\'s' }",
         "2026-02-02T02:40:00Z", "", "postfix/smtp", 0, "it's"},
        {"{\"@timestamp\":\"2025-02-10T14:32:17.2Z\",\"host\":{\"name\":\"x\"},\"program\":"
         "\"postfix/smtp\",\"pid\":12,\"message\":\"text\"}",
         "2025-02-10T14:32:17Z", "", "postfix/smtp", 12, "text"},
        {"{\"syslogtag\":\"postfix/smtp[12]:\",\"hostname\":\"mx1\",\"msg\":\"text\"}", "", "mx1",
         "postfix/smtp", 12, "text"},
        {"{\"timestamp\":\"2025-02-10T14:32:17.2Z\",\"host\":\"mx1\",\"syslogtag\":"
         "\"postfix/smtp[12]:\",\"message\":\" text\"}",
         "2025-02-10T14:32:17Z", "mx1", "postfix/smtp", 12, "text"},
        {"{\"version\":\"1.1\",\"host\":\"mx1\",\"short_message\":\"text\",\"timestamp\":"
         "1770000000.5,\"_program\":\"postfix/smtp\",\"_pid\":\"7\"}",
         "2026-02-02T02:40:00Z", "mx1", "postfix/smtp", 7, "text"},
        {"{\"version\":\"1.1\",\"host\":\"mx1\",\"short_message\":\"text\",\"timestamp\":"
         "1770000000.5,\"_application_name\":\"postfix/smtp\",\"_process_id\":7}",
         "2026-02-02T02:40:00Z", "mx1", "postfix/smtp", 7, "text"},
        {"{\"log\":\"postfix/smtp[7]: text\\n\",\"stream\":\"stdout\",\"time\":"
         "\"2026-03-03T12:01:20.5Z\"}",
         "2026-03-03T12:01:20Z", "", "postfix/smtp", 7, "text"},
        {"{\"log\":\"2026-03-03T12:01:19Z INFO    postfix/smtp[7]: text\\r\\n\",\"time\":"
         "\"2026-03-03T12:01:20.5Z\"}",
         "2026-03-03T12:01:19Z", "", "postfix/smtp", 7, "text"},
        {"{\"log\":\"Mar  3 12:01:20 mx1 postfix/smtp[7]: text\\n\",\"stream\":\"stdout\",\"time\":"
         "\"2026-03-03T12:01:20.5Z\"}",
         "2026-03-03T12:01:20Z", "mx1", "postfix/smtp", 7, "text"},
        {"data: {\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"MESSAGE\":\"text\"}", "", "",
         "postfix/smtp", 0, "text"},
        {"\x1e{\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"MESSAGE\":\"text\"}", "", "",
         "postfix/smtp", 0, "text"},
        {"{\"program\":\"postfix/smtp\",\"message\":\"cut of", "", "", "postfix/smtp", 0, "cut of"},
        {"{\"time\":1770000000,\"message\":\"a\",\"tls\":{\"started\":true}}", "", "", "", 0,
         "{\"time\":1770000000,\"message\":\"a\",\"tls\":{\"started\":true}}"},
        {"{\"mx\":\"a\",\"recipient\":\"b\"}", "", "", "", 0, "{\"mx\":\"a\",\"recipient\":\"b\"}"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct envelope *envelope = open_at(BERLIN, FILE_TIME);
        struct log_line line;
        const char *text = cases[i].line;
        if (!take(envelope, text, &line))
            fail_msg("nothing in %s", text);
        if (line.at != seconds(cases[i].at))
            fail_msg("time %" G_GINT64_FORMAT " in place of %s in %s", line.at, cases[i].at, text);
        assert_span(line.host, cases[i].host, text);
        assert_span(line.program, cases[i].program, text);
        assert_span(line.message, cases[i].message, text);
        if (line.pid != cases[i].pid)
            fail_msg("pid %" G_GINT64_FORMAT " in %s", line.pid, text);
        assert_int_equal(line.repeats, 1);
        envelope_free(envelope);
    }
}

static void what_a_container_wrote_is_taken_out_of_its_message(void **state)
{
    static const struct {
        const char *line, *at, *host, *program;
        gint64 pid;
        const char *message;
    } cases[] = {
        /* The inner stamp is of the container's clock, whatever zone that has. */
        {"Mar  3 12:01:20 mx1 docker/mail[999]: Mar  3 11:01:20 box postfix/smtp[7]: text",
         "2026-03-03T11:01:20Z", "box", "postfix/smtp", 7, "text"},
        {"Mar  3 12:01:20 mx1 mail[999]: 2026-03-03T11:01:19.5+00:00 box postfix/smtp[7]: text",
         "2026-03-03T11:01:19Z", "box", "postfix/smtp", 7, "text"},
        {"2025-02-10T14:32:17Z mx1 0a1b2c3d4e5f 9 - - Feb 10 14:32:16 postfix/smtp[7]: text",
         "2025-02-10T14:32:17Z", "mx1", "postfix/smtp", 7, "text"},
        {"Mar  3 12:01:20 mx1 mail[9]: 2026-03-03T11:01:19Z INFO    postfix/smtp[7]: text",
         "2026-03-03T11:01:19Z", "mx1", "postfix/smtp", 7, "text"},
        {"Mar  3 12:01:20 mx1 docker/exim[9]: 2026-03-03 11:01:20 1e9R09-0005p6-Ik Completed",
         "2026-03-03T11:01:20Z", "mx1", "exim", 0, "1e9R09-0005p6-Ik Completed"},
        {"{\"_HOSTNAME\":\"mx1\",\"__REALTIME_TIMESTAMP\":\"1770000000123456\",\"_PID\":\"9\","
         "\"SYSLOG_IDENTIFIER\":\"mail\",\"MESSAGE\":\"Feb  2 03:40:00 box postfix/smtp[7]: "
         "text\"}",
         "2026-02-02T02:40:00Z", "box", "postfix/smtp", 7, "text"},
    };
    static const char *const others[] = {
        "Mar  3 12:01:20 mx1 app[9]: Jan 12 11:01:20 is a date",
        "Mar  3 12:01:20 mx1 app[9]: 2026-03-03 11:01:20 INFO: 1e9R09-0005p6-Ik is an id",
        "Mar  3 12:01:20 mx1 app[9]: postfix/smtp[7]: text",
        "Mar  3 12:01:20 text",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct envelope *envelope = open_at(BERLIN, FILE_TIME);
        struct log_line line;
        assert_true(take(envelope, cases[i].line, &line));
        if (!envelope_unwrap(envelope, &line) || line.at != seconds(cases[i].at))
            fail_msg("%s", cases[i].line);
        assert_span(line.host, cases[i].host, cases[i].line);
        assert_span(line.program, cases[i].program, cases[i].line);
        assert_span(line.message, cases[i].message, cases[i].line);
        assert_int_equal(line.pid, cases[i].pid);
        envelope_free(envelope);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        struct envelope *envelope = open_at(BERLIN, FILE_TIME);
        struct log_line line;
        assert_true(take(envelope, others[i], &line));
        if (envelope_unwrap(envelope, &line))
            fail_msg("%s", others[i]);
        envelope_free(envelope);
    }
}

/* Years are counted by the order of stamps: an old date that a program names is none of them. */
static void a_date_in_a_message_moves_no_year(void **state)
{
    struct envelope *envelope = open_at(BERLIN, FILE_TIME);
    struct log_line line;

    (void)state;
    assert_true(take(envelope, "Mar  3 12:01:20 mx1 app[9]: Dec 31 11:01:20 box a[1]: b", &line));
    assert_true(envelope_unwrap(envelope, &line));
    assert_int_equal(line.at, seconds("2026-03-03T11:01:20Z"));
    assert_true(take(envelope, "Mar  3 12:01:21 mx1 postfix/smtp[7]: text", &line));
    assert_int_equal(line.at, seconds("2026-03-03T11:01:21Z"));
    envelope_free(envelope);
}

static void some_lines_carry_no_message(void **state)
{
    static const char *const lines[] = {
        "",
        "  ",
        "\r",
        "-- Journal begins at Mon 2025-02-10 14:32:17 CET, ends at Tue 2025-02-11 --",
        "-- Boot 0123456789abcdef --",
        "-- No entries --",
        "-- cursor: s=1;i=2",
        "{\"MESSAGE\":null,\"SYSLOG_IDENTIFIER\":\"postfix/smtp\"}",
    };
    struct envelope *envelope = open_at(BERLIN, FILE_TIME);
    struct log_line line;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        if (take(envelope, lines[i], &line))
            fail_msg("a message in %s", lines[i]);
    envelope_free(envelope);
}

static void the_whole_line_is_kept_as_it_came(void **state)
{
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    struct log_line line;

    (void)state;
    assert_true(take(envelope, "<22>Mar  3 12:01:20 mx1 postfix/smtp[7]: text\r", &line));
    assert_span(line.whole, "<22>Mar  3 12:01:20 mx1 postfix/smtp[7]: text", "whole");
    assert_true(take(envelope,
                     "{\"_HOSTNAME\":\"mx1\",\"__REALTIME_TIMESTAMP\":\"1770000000123456\","
                     "\"SYSLOG_PID\":\"7\",\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"MESSAGE\":"
                     "\"text\"}",
                     &line));
    assert_span(line.whole, "2026-02-02T02:40:00+00:00 mx1 postfix/smtp[7]: text", "whole");
    envelope_free(envelope);
}

static void the_journal_is_known_by_its_forms(void **state)
{
    static const struct {
        const char *line;
        enum log_carrier carrier;
    } cases[] = {
        {"Mar  3 12:01:20 mx1 postfix/smtp[7]: a", LOG_CARRIER_FILE},
        {"2025-02-10T14:32:17+01:00 mx1 postfix/smtp[7]: a", LOG_CARRIER_FILE},
        {"2025-02-10T14:32:17Z mx1 postfix/smtp[7]: a", LOG_CARRIER_FILE},
        {"{\"program\":\"postfix/smtp\",\"message\":\"a\"}", LOG_CARRIER_FILE},
        {"2025-02-10T14:32:17+0100 mx1 postfix/smtp[7]: a", LOG_CARRIER_JOURNAL},
        {"Mon 2025-02-10 14:32:17 CET mx1 postfix/smtp[7]: a", LOG_CARRIER_JOURNAL},
        {"1770000000.123456 mx1 postfix/smtp[7]: a", LOG_CARRIER_JOURNAL},
        {"{\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"MESSAGE\":\"a\"}", LOG_CARRIER_JOURNAL},
    };
    struct log_line line;
    struct envelope *envelope;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        envelope = open_at("UTC", FILE_TIME);
        assert_true(take(envelope, cases[i].line, &line));
        if (line.carrier != cases[i].carrier)
            fail_msg("carrier of %s", cases[i].line);
        envelope_free(envelope);
    }
    envelope = open_at("UTC", FILE_TIME);
    assert_false(take(envelope, "-- Boot 0123456789abcdef --", &line));
    assert_true(take(envelope, cases[0].line, &line));
    assert_int_equal(line.carrier, LOG_CARRIER_JOURNAL);
    envelope_free(envelope);
}

static void repeated_messages_come_again_with_their_number(void **state)
{
    static const struct {
        const char *line, *host, *program;
        gint64 pid;
        const char *message;
        guint repeats;
    } lines[] = {
        {"Mar  3 12:01:20 mx1 last message repeated 2 times", "mx1", "", 0,
         "last message repeated 2 times", 1},
        {"Mar  3 12:01:20 mx1 postfix/smtp[7]: first", "mx1", "postfix/smtp", 7, "first", 1},
        {"Mar  3 12:01:20 mx2 postfix/smtpd[8]: second", "mx2", "postfix/smtpd", 8, "second", 1},
        {"Mar  3 12:01:25 mx1 last message repeated 2 times", "mx1", "postfix/smtp", 7, "first", 2},
        {"Mar  3 12:01:26 mx2 last message repeated 1 time", "mx2", "postfix/smtpd", 8, "second",
         1},
        {"Mar  3 12:01:27 mx1 --- last message repeated 5 times ---", "mx1", "postfix/smtp", 7,
         "first", 5},
        {"Mar  3 12:01:28 mx1 postfix/smtp[9]: message repeated 3 times: [ third [x]]", "mx1",
         "postfix/smtp", 9, "third [x]", 3},
        {"Mar  3 12:01:29 mx1 last message repeated 4 times", "mx1", "postfix/smtp", 9, "third [x]",
         4},
        {"Mar  3 12:01:29 mx1 postfix/smtp[9]: message repeated 99999999999 times: [ x]", "mx1",
         "postfix/smtp", 9, "message repeated 99999999999 times: [ x]", 1},
        {"2026-03-03T12:01:30+00:00 mx1 postfix/smtp[9]: message repeated 2 times: [ a]", "mx1",
         "postfix/smtp", 9, "a", 2},
        {"2026-03-03T12:01:30+00:00 mx2 last message repeated 6 times", "mx2", "postfix/smtpd", 8,
         "second", 6},
    };
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    struct log_line line;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        assert_true(envelope_take(envelope, lines[i].line, strlen(lines[i].line), &line));
        assert_span(line.host, lines[i].host, lines[i].line);
        assert_span(line.program, lines[i].program, lines[i].line);
        assert_span(line.message, lines[i].message, lines[i].line);
        assert_int_equal(line.pid, lines[i].pid);
        assert_int_equal(line.repeats, lines[i].repeats);
    }
    envelope_free(envelope);
}

static void long_lines_of_exim_come_in_one_piece(void **state)
{
    static const struct {
        const char *line, *message; /* NULL: none yet */
    } lines[] = {
        {"Mar  3 12:01:20 mx1 exim[7]: [1/3] 2026-03-03 12:01:20 1e9R09-0005p6-Ik ** a: one", NULL},
        {"Mar  3 12:01:20 mx1 exim[8]: [1\\2] 2026-03-03 12:01:20 other", NULL},
        {"Mar  3 12:01:20 mx1 exim[7]: [2/3]  and", NULL},
        {"Mar  3 12:01:20 mx1 exim[9]: 1e9R09-0005p6-Ik Completed", "1e9R09-0005p6-Ik Completed"},
        {"Mar  3 12:01:21 mx1 exim[7]: [3/3]  two", "1e9R09-0005p6-Ik ** a: one and two"},
        {"Mar  3 12:01:20 mx1 exim[8]: [2/2] line", "other line"},
        {"Mar  3 12:01:20 mx1 exim[8]: [2/2] of nothing", "of nothing"},
        {"Mar  3 12:01:20 mx1 exim[7]: [1/3] begun", NULL},
        {"Mar  3 12:01:20 mx1 exim[7]: [3/3] not gone on", "not gone on"},
        {"Mar  3 12:01:20 mx1 exim[7]: [192.0.2.1] SSL", "[192.0.2.1] SSL"},
        {"exim[7]: [1/2] bare ", NULL},
        {"exim[7]: [2/2] line", "bare line"},
    };
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    struct log_line line;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        bool taken = envelope_take(envelope, lines[i].line, strlen(lines[i].line), &line);
        if (taken != (lines[i].message != NULL))
            fail_msg("%s in %s", taken ? "a message" : "nothing", lines[i].line);
        if (taken)
            assert_span(line.message, lines[i].message, lines[i].line);
        if (i == 4) {
            assert_span(line.whole,
                        "Mar  3 12:01:20 mx1 exim[7]: 1e9R09-0005p6-Ik ** a: one and two",
                        "the whole");
            assert_int_equal(line.at, seconds("2026-03-03T12:01:20Z"));
            assert_int_equal(line.pid, 7);
        }
    }
    envelope_free(envelope);
}

static void a_line_of_exim_without_end_is_cut(void **state)
{
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    g_autofree char *fill = g_strnfill(60000, 'a');
    struct log_line line;

    (void)state;
    for (int i = 1; i <= 900; i++) {
        g_autofree char *text = g_strdup_printf("<22>exim[7]: [%d/900] %s", i, fill);
        assert_true(envelope_take(envelope, text, strlen(text), &line) == (i == 900));
    }
    assert_in_range(line.message.length, 60000, LIMIT_LOG_LINE_BYTES);
    envelope_free(envelope);
}

static void lines_before_are_kept_for_few_hosts_only(void **state)
{
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    struct log_line line;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        g_autofree char *text =
            g_strdup_printf("Mar  3 12:01:20 mx%d postfix/smtp[7]: of %d", i, i);
        assert_true(envelope_take(envelope, text, strlen(text), &line));
        envelope_keep(envelope);
    }
    assert_true(take(envelope, "Mar  3 12:01:20 mx999 last message repeated 2 times", &line));
    assert_span(line.message, "of 999", "mx999");
    assert_true(take(envelope, "Mar  3 12:01:20 mx1 last message repeated 2 times", &line));
    assert_span(line.message, "last message repeated 2 times", "mx1");
    envelope_free(envelope);
}

/* An entry of journalctl -o export with a binary MESSAGE that holds a line end and a NUL. */
static const char entry[] = "__CURSOR=s=1;i=2\n"
                            "__REALTIME_TIMESTAMP=1770000000123456\n"
                            "_HOSTNAME=mx1\n"
                            "MESSAGE\n\x09\0\0\0\0\0\0\0one\n\n\0two\n"
                            "SYSLOG_IDENTIFIER=postfix/smtp\n"
                            "_PID=17\n"
                            "\n";

static void an_export_entry_ends_at_its_empty_line(void **state)
{
    size_t length = sizeof entry - 1;
    g_autofree char *two = g_malloc(2 * length);
    g_autofree char *endless = g_strnfill(2 * LIMIT_JOURNAL_ENTRY_BYTES, 'A');

    (void)state;
    memcpy(two, entry, length);
    memcpy(two + length, entry, length);
    assert_int_equal(envelope_export_entry(two, 2 * length), length);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(envelope_export_entry(entry, i), 0);
    assert_int_equal(envelope_export_entry(endless, 2 * LIMIT_JOURNAL_ENTRY_BYTES),
                     LIMIT_JOURNAL_ENTRY_BYTES);
    assert_int_equal(envelope_export_entry("MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"
                                           "a\n\n",
                                           18),
                     0);
}

/* The entry's text is gone with the next one, so that nothing of it is kept for later. */
static void a_line_within_an_export_entry_is_not_remembered(void **state)
{
    static const char within[] =
        "__CURSOR=1\nMESSAGE=Mar  3 12:01:20 mx1 postfix/smtp[7]: text\n\n";
    g_autofree char *padding = g_strnfill(1 << 16, 'x');
    g_autofree char *next = g_strconcat("__CURSOR=2\nMESSAGE=", padding, "\n\n", NULL);
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    struct log_line line;

    (void)state;
    assert_true(envelope_take_export(envelope, within, sizeof within - 1, &line));
    assert_span(line.program, "postfix/smtp", within);
    assert_true(envelope_take_export(envelope, next, strlen(next), &line));
    envelope_keep(envelope); /* a sanitizer sees what is copied */
    envelope_free(envelope);
}

static void an_export_entry_gives_what_it_holds(void **state)
{
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    struct log_line line;
    static const char cut[] = "__CURSOR=a\nSYSLOG_IDENTIFIER=exim\nMESSAGE=2026-03-03 12:01:20 te";

    (void)state;
    assert_true(envelope_is_export(entry, sizeof entry - 1));
    assert_true(envelope_take_export(envelope, entry, sizeof entry - 1, &line));
    assert_int_equal(line.at, 1770000000);
    assert_int_equal(line.carrier, LOG_CARRIER_JOURNAL);
    assert_int_equal(line.pid, 17);
    assert_span(line.host, "mx1", "entry");
    assert_span(line.program, "postfix/smtp", "entry");
    assert_int_equal(line.message.length, 9);
    assert_memory_equal(line.message.at, "one\n\n\0two", 9);

    assert_true(envelope_take_export(envelope, cut, sizeof cut - 1, &line));
    assert_span(line.message, "te", "cut entry");
    assert_int_equal(line.at, seconds("2026-03-03T12:01:20Z"));
    assert_false(envelope_take_export(envelope, "\n", 1, &line));
    assert_false(envelope_is_export("PATH=/bin\nHOME=/\n", 17));
    assert_false(envelope_is_export("Mar  3 12:01:20 mx1 a: b\n", 25));
    envelope_free(envelope);
}

static void a_line_of_any_length_and_any_bytes_is_taken(void **state)
{
    static const char *const begins[] = {
        "Mar  3 12:01:20 mx1 postfix/smtp[7]: ",
        "{\"MESSAGE\":[",
        "{\"MESSAGE\":\"",
        "{\"a\":[[[[[[",
        "INFO INFO INFO ",
        "<22>1 2025-02-10T14:32:17Z a b c d [",
        "# # # # # #",
        "postfix | | | | |",
        "",
    };
    static const char fills[] = "a [{\"\\]\xff# 1:I";
    const size_t length = 10 << 20;
    g_autofree char *bytes = g_malloc(length);
    struct log_line line;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++)
        for (size_t j = 0; j < sizeof fills; j++) {
            struct envelope *envelope = open_at("UTC", FILE_TIME);
            memset(bytes, fills[j], length);
            memcpy(bytes, begins[i], strlen(begins[i]));
            if (envelope_take(envelope, bytes, length, &line))
                assert_true(line.message.length > 0 && line.message.length <= length);
            envelope_free(envelope);
        }
}

static void nul_bytes_before_a_line_are_dropped_and_others_stay(void **state)
{
    static const char text[] = "\0\0\0\0Mar  3 12:01:20 mx1 postfix/smtp[7]: a\0b\xff";
    struct envelope *envelope = open_at("UTC", FILE_TIME);
    struct log_line line;

    (void)state;
    assert_true(envelope_take(envelope, text, sizeof text - 1, &line));
    assert_span(line.host, "mx1", "NUL");
    assert_int_equal(line.message.length, 4);
    assert_memory_equal(line.message.at, "a\0b\xff", 4);
    envelope_free(envelope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_time_host_program_pid_and_message),
        cmocka_unit_test(what_a_container_wrote_is_taken_out_of_its_message),
        cmocka_unit_test(a_date_in_a_message_moves_no_year),
        cmocka_unit_test(some_lines_carry_no_message),
        cmocka_unit_test(the_whole_line_is_kept_as_it_came),
        cmocka_unit_test(the_journal_is_known_by_its_forms),
        cmocka_unit_test(repeated_messages_come_again_with_their_number),
        cmocka_unit_test(long_lines_of_exim_come_in_one_piece),
        cmocka_unit_test(a_line_of_exim_without_end_is_cut),
        cmocka_unit_test(lines_before_are_kept_for_few_hosts_only),
        cmocka_unit_test(an_export_entry_ends_at_its_empty_line),
        cmocka_unit_test(an_export_entry_gives_what_it_holds),
        cmocka_unit_test(a_line_within_an_export_entry_is_not_remembered),
        cmocka_unit_test(a_line_of_any_length_and_any_bytes_is_taken),
        cmocka_unit_test(nul_bytes_before_a_line_are_dropped_and_others_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
