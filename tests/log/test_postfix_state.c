#include "ingest/log/postfix_process.h"
#include "tests/log/lines.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MX "mx.b.example[192.0.2.1]"
#define SUMMARY "Trusted TLS connection established to " MX ":25: TLSv1.3 with cipher X"
#define SENT                                                                                       \
    "4AAAA1111A: to=<u@b.example>, relay=" MX                                                      \
    ":25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)"
#define VERIFY "certificate verification failed for " MX ":25: self-signed certificate"

/* One line of a process of smtp, so many seconds into the log. */
static void take(struct direct *direct, const char *program, gint64 pid, gint64 seconds,
                 const char *message)
{
    struct log_line line = direct_line(program, message, -1);

    line.at = DIRECT_FILE_TIME + seconds;
    line.pid = pid;
    line.host = span_of("out", 3);
    assert_true(direct->dialect->claims(&line));
    direct->dialect->take(direct->state, &line);
}

static guint count_of(const struct direct *direct, const char *word)
{
    guint count = 0;

    for (const char *at = direct->events->str; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

static void processes_past_the_limit_are_told_and_forgotten(void **state)
{
    struct direct *direct = direct_new(&log_postfix);

    (void)state;
    for (guint i = 0; i < POSTFIX_PROCESSES_MAX + 100; i++)
        take(direct, "postfix/smtp", i + 1, 0, SUMMARY);
    assert_int_equal(count_of(direct, "session:"), 100);
    direct->dialect->settle(direct->state, G_MAXINT64);
    assert_int_equal(count_of(direct, "session:"), POSTFIX_PROCESSES_MAX + 100);
    direct_free(direct);
}

static void programs_past_the_limit_are_forgotten(void **state)
{
    struct direct *direct = direct_new(&log_postfix);

    (void)state;
    for (guint i = 0; i < POSTFIX_ORIGINS_MAX + 10; i++) {
        g_autofree char *program = g_strdup_printf("postfix%u/smtp", i);
        take(direct, program, 1, 0, SUMMARY);
    }
    assert_int_equal(count_of(direct, "session:"), POSTFIX_ORIGINS_MAX);
    direct->dialect->settle(direct->state, G_MAXINT64);
    assert_int_equal(count_of(direct, "session:"), POSTFIX_ORIGINS_MAX + 10);
    direct_free(direct);
}

static void evidence_past_the_limit_is_told(void **state)
{
    struct direct *direct = direct_new(&log_postfix);

    (void)state;
    for (guint i = 0; i < POSTFIX_CLUES_MAX + 5; i++) {
        g_autofree char *line =
            g_strdup_printf("SSL_connect error to m%u.b.example[192.0.2.1%u]:25: -1", i, i);
        take(direct, "postfix/smtp", 1, 0, line);
    }
    assert_int_equal(count_of(direct, "failure:"), 5);
    for (guint i = 0; i < 3 * POSTFIX_CLUES_MAX; i++)
        take(direct, "postfix/smtp", 1, 0, SUMMARY);
    assert_true(count_of(direct, "session: out trusted") >= 2 * POSTFIX_CLUES_MAX - 1);
    direct_free(direct);
}

static void evidence_of_all_processes_is_bounded(void **state)
{
    struct direct *direct = direct_new(&log_postfix);

    (void)state;
    for (guint i = 0; i <= POSTFIX_CLUES_TOTAL; i++)
        take(direct, "postfix/smtp", i % 1000 + 1, 0,
             i % 2 == 0 ? VERIFY : "SSL_connect error to other.example[192.0.2.77]:25: -1");
    assert_int_equal(count_of(direct, "failure:"), 0);
    for (guint i = 0; i < 2 * POSTFIX_CLUES_TOTAL; i++) {
        g_autofree char *line = g_strdup_printf("SSL_connect error to m%u.example: -1", i);
        take(direct, "postfix/smtp", i % 1000 + 1, 0, line);
    }
    assert_true(count_of(direct, "failure:") >= POSTFIX_CLUES_TOTAL);
    direct_free(direct);
}

static void evidence_waits_ten_minutes_for_its_delivery(void **state)
{
    struct direct *direct = direct_new(&log_postfix);

    (void)state;
    take(direct, "postfix/smtp", 1, 0, VERIFY);
    take(direct, "postfix/smtp", 1, 0, SUMMARY);
    direct->dialect->settle(direct->state, DIRECT_FILE_TIME);
    assert_string_equal(direct->events->str, "");
    direct->dialect->settle(direct->state, DIRECT_FILE_TIME + 1);
    assert_int_equal(
        count_of(direct, "session: out trusted TLSv1.3 mx=mx.b.example ip=192.0.2.1 host=out\n"),
        1);
    assert_int_equal(count_of(direct, " self-signed unknown "), 1);
    direct->dialect->settle(direct->state, G_MAXINT64);
    assert_int_equal(count_of(direct, "session:"), 1);
    assert_int_equal(count_of(direct, "failure:"), 1);
    direct_free(direct);
}

static void a_session_that_was_told_early_is_not_counted_again(void **state)
{
    struct direct *direct = direct_new(&log_postfix);

    (void)state;
    take(direct, "postfix/smtp", 1, 0, SUMMARY);
    direct->dialect->settle(direct->state, DIRECT_FILE_TIME + 1);
    take(direct, "postfix/smtp", 1, 1200, SENT);
    assert_int_equal(count_of(direct, "session:"), 1);
    /* The same process again: without a summary this is a connection in clear. */
    take(direct, "postfix/smtp", 1, 1300,
         "5BBBB1111A: to=<u@b.example>, relay=" MX
         ":25, delay=9, delays=9/0/1/0, dsn=2.0.0, status=sent (250 ok)");
    assert_int_equal(count_of(direct, "session:"), 2);
    assert_int_equal(count_of(direct, " plaintext "), 1);
    direct_free(direct);
}

static void events_rest_on_the_line_that_tells(void **state)
{
    struct direct *direct = direct_new(&log_postfix);
    guint64 first;

    (void)state;
    take(direct, "postfix/smtp", 1, 5, SUMMARY);
    take(direct, "postfix/smtp", 1, 65, SENT);
    assert_non_null(strstr(direct->events->str, "session: at=1735689605 out trusted"));
    first = direct->mark;
    direct_free(direct);

    direct = direct_new(&log_postfix);
    take(direct, "postfix/smtp", 1, 5, SUMMARY);
    take(direct, "postfix/smtp", 1, 65, SENT);
    assert_true(direct->mark == first);
    take(direct, "postfix/smtp", 1, 5, SUMMARY);
    direct->dialect->settle(direct->state, G_MAXINT64);
    assert_true(direct->mark != first);
    direct_free(direct);
}

static void kept_lines_name_no_person(void **state)
{
    struct direct *direct = direct_new(&log_postfix);

    (void)state;
    take(
        direct, "postfix/smtp", 1, 0,
        "4AAAA1111A: to=<alice@b.example>, relay=none, delay=1, dsn=4.7.5, status=deferred (TLS is "
        "required, but host " MX " refused to start TLS: 454 not for alice@b.example)");
    assert_int_equal(count_of(direct, "failure:"), 1);
    assert_null(strstr(direct->events->str, "alice"));
    assert_null(strstr(direct->context.scratch->str, "alice"));
    assert_non_null(strstr(direct->context.scratch->str, "to=<@b.example>"));
    direct_free(direct);
}

/* Lines with bytes changed, left out and doubled: nothing is promised of them but an end. */
static void damaged_lines_do_no_harm(void **state)
{
    static const char *const messages[] = {
        SUMMARY,
        SENT,
        VERIFY,
        "4AAAA1111A: to=<u@b.example>, relay=" MX
        ":25, delay=1, delays=0/0/1/0, tls=!dane/!requiretls:none, dsn=4.7.5, status=deferred "
        "(Server certificate not verified)",
        "4AAAA1111A: Cannot start TLS: handshake failure",
        "warning: TLS policy lookup for b.example/mx.b.example: TLSA lookup error for mx:25",
        "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX ", failure_type=tlsa_invalid",
        "SSL_accept error from c.example[192.0.2.3]: -1",
        "disconnect from c.example[192.0.2.3] ehlo=1 starttls=1 quit=1 commands=3",
        "TLS handshake failed for service=smtp peer=[192.0.2.1]:25",
        "4AAAA1111A: from=<u@a.example>, status=expired, returned to sender",
    };
    static const char *const programs[] = {"postfix/smtp", "postfix/smtpd", "postfix/tlsproxy",
                                           "postfix/qmgr", "postfix/error"};
    struct direct *direct = direct_new(&log_postfix);
    g_autoptr(GRand) random = g_rand_new_with_seed(1);

    (void)state;
    for (guint i = 0; i < 5000; i++) {
        const char *message = messages[g_rand_int_range(random, 0, G_N_ELEMENTS(messages))];
        size_t length = (size_t)g_rand_int_range(random, 0, (gint32)strlen(message) + 1);
        g_autofree char *bytes = g_memdup2(message, length + 1);
        const char *program = programs[g_rand_int_range(random, 0, G_N_ELEMENTS(programs))];
        struct log_line line = direct_line(program, bytes, (gssize)length);

        for (guint n = 0; length > 0 && n < 3; n++)
            bytes[g_rand_int_range(random, 0, (gint32)length)] = (char)g_rand_int(random);
        line.pid = g_rand_int_range(random, 0, 4);
        line.at = DIRECT_FILE_TIME + i;
        direct->dialect->take(direct->state, &line);
        if (i % 100 == 0)
            direct->dialect->settle(direct->state, line.at - 600);
    }
    direct->dialect->settle(direct->state, G_MAXINT64);
    assert_true(g_utf8_validate(direct->events->str, -1, NULL));
    direct_free(direct);
}

static void only_postfix_is_claimed(void **state)
{
    static const char *const ours[] = {
        "postfix/smtp",  "postfix-out/smtpd", "postfix/submission/smtpd",
        "mail/out/lmtp", "postfix/qmgr",      "postfix/cleanup"};
    static const char *const others[] = {"sendmail",      "dovecot",        "smtp",
                                         "exim",          "postfix/x",      "smtp/",
                                         "opensmtpd/foo", "posttls-finger", "postfix"};
    static const char *const bare[] = {
        "SSL_connect error to " MX ":25: -1",
        SUMMARY,
        SENT,
        "TLSRPT: status=success, domain=b.example",
        "4AAAA1111A: Cannot start TLS: handshake failure",
        "4AAAA1111A: Server certificate not verified",
        "4AAAA1111A: TLS is required, but was not offered by host a",
        "4AAAA1111A: Sender requested REQUIRETLS, but a",
        "4AAAA1111A: lost connection with a while b",
        "4AAAA1111A: from=<a@b.example>, status=expired, returned",
        "warning: " MX ":25: all TLSA records unusable",
        "warning: " MX ":25: unusable TLSA RR: 3 1 1 00",
        "warning: _25._tcp.a unsupported TLSA selector: 3 9 1 00",
        "warning: malformed sha256 digest, length 3, in RR: _25._tcp.a "
        "IN TLSA 3 1 1 ...",
        "warning: MX name 'a' does not match STS MX pattern for 'b'",
        "warning: DNSSEC status lookup error for a: b",
        "warning: DNSSEC validation may be unavailable",
        "warning: lmtp_tls_policy_maps, next-hop destination \"a\": b",
        "TLS handshake failed for service=smtp peer=[192.0.2.1]:25",
        "NOQUEUE: lost connection after STARTTLS from a[192.0.2.1]",
        "disconnect from a[192.0.2.1] ehlo=1 starttls=1 quit=1 commands=3",
        "warning: ciphertext read/write timeout for [192.0.2.1]:25"};
    static const char *const not_bare[] = {
        "",
        "hello",
        "TLS certificate verification failed for " MX,
        "warning: something else",
        "disconnect from a",
        "4AAAA1111A: removed",
        "4AAAA1111A: from=<a@b.example>, size=1",
        "STARTTLS=client, relay=[127.0.0.1], version=TLSv1, verify=FAIL",
        "2017-06-17 09:41:00 1dMDyB-0006qE-Ux ** u@b.example R=r T=t: TLS error"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        assert_true(direct_claims(&log_postfix, ours[i], ""));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        assert_false(direct_claims(&log_postfix, others[i], SENT));
    for (size_t i = 0; i < G_N_ELEMENTS(bare); i++)
        assert_true(direct_claims(&log_postfix, "", bare[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(not_bare); i++)
        assert_false(direct_claims(&log_postfix, "", not_bare[i]));
}

static void a_stamp_of_the_future_does_not_join_what_comes_after_it(void **state)
{
#define ERROR " h postfix/smtp[7]: SSL_connect error to " MX ":25: -1\n"
    struct direct direct = {.events = g_string_new(NULL)};
    g_autofree char *told = direct_read("2031-01-01T00:00:00Z" ERROR "2024-12-31T10:00:00Z" ERROR
                                        "2024-12-31T12:00:00Z" ERROR "2024-12-31T14:00:00Z" ERROR);

    (void)state;
    g_string_assign(direct.events, told);
    assert_true(count_of(&direct, "failure:") >= 3);
    g_string_free(direct.events, TRUE);
#undef ERROR
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_past_the_limit_are_told_and_forgotten),
        cmocka_unit_test(programs_past_the_limit_are_forgotten),
        cmocka_unit_test(evidence_past_the_limit_is_told),
        cmocka_unit_test(evidence_of_all_processes_is_bounded),
        cmocka_unit_test(evidence_waits_ten_minutes_for_its_delivery),
        cmocka_unit_test(a_session_that_was_told_early_is_not_counted_again),
        cmocka_unit_test(events_rest_on_the_line_that_tells),
        cmocka_unit_test(kept_lines_name_no_person),
        cmocka_unit_test(damaged_lines_do_no_harm),
        cmocka_unit_test(a_stamp_of_the_future_does_not_join_what_comes_after_it),
        cmocka_unit_test(only_postfix_is_claimed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
