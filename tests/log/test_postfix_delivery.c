#include "ingest/log/postfix_delivery.h"
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct span span_of_text(const char *text)
{
    return span_of(text, strlen(text));
}

/* "" is what is not there, too. */
static bool is_text(struct span span, const char *text)
{
    return span.length == 0 ? *text == '\0' : span_is(span, text);
}

static bool read_line(const char *text, struct postfix_delivery *delivery)
{
    struct span span = span_of_text(text);

    return postfix_delivery_read(span, postfix_queue_id(span), delivery);
}

static void queue_ids_short_and_long(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } samples[] = {
        {"8305CAE602B: to=<", 11},
        {"4B29629CB9E: ", 11},
        {"4jXJrY67pNz1gCfc: removed", 16},
        {"ABCDE: x", 5},
        {"ABCD: x", 0},
        {"warning: x", 0},
        {"TLSRPT: status", 0},
        {"NOQUEUE: reject", 0},
        {"8305CAE602B:to", 0},
        {"8305CAE602B", 0},
        {"8305CAE602B:", 0},
        {"", 0},
        {"8305cae602b: x", 0},
        {"statistics: x", 0},
        {"bcdfgh: x", 0},
        {"connect from x: y", 0},
        {"SSL3 alert read: x", 0},
        {"8305C AE602B: x", 0},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
        if (postfix_queue_id(span_of_text(samples[i].text)) != samples[i].length)
            fail_msg("%s", samples[i].text);
}

static void fields_in_any_order(void **state)
{
    struct postfix_delivery delivery;

    (void)state;
    assert_true(read_line(
        "4AAAA1111A: to=<u@b.example>, orig_to=<list>, relay=mx.b.example[2001:db8::1]:25,"
        " new=field, conn_use=3, delay=21537, delays=21536/0.08/0.72/0.1, dsn=4.7.4,"
        " tls=!dane, status=deferred (host said: 450 (try (again)) (in reply))",
        &delivery));
    assert_true(span_is(delivery.queue_id, "4AAAA1111A"));
    assert_true(span_is(delivery.domain, "b.example"));
    assert_int_equal(delivery.relay, POSTFIX_RELAY_HOST);
    assert_true(span_is(delivery.peer.host, "mx.b.example"));
    assert_true(span_is(delivery.peer.ip, "2001:db8::1"));
    assert_int_equal(delivery.delay, 21537);
    assert_true(span_is(delivery.timings, "21536/0.08/0.72"));
    assert_true(delivery.is_reused);
    assert_true(delivery.tls.is_violated);
    assert_int_equal(delivery.tls.level, LEVEL_DANE);
    assert_true(span_is(delivery.dsn, "4.7.4"));
    assert_int_equal(delivery.status, POSTFIX_DEFERRED);
    assert_true(span_is(delivery.reason, "host said: 450 (try (again)) (in reply)"));
}

static void deliveries_of_old_versions_and_pieces_of_lines(void **state)
{
    struct postfix_delivery delivery;

    (void)state;
    assert_true(
        read_line("AF14A: to=<u@b.example>, relay=mx.b.example[192.0.2.1], delay=3, status=sent "
                  "(250 ok)",
                  &delivery));
    assert_int_equal(delivery.status, POSTFIX_SENT);
    assert_true(span_is(delivery.peer.ip, "192.0.2.1"));
    assert_true(read_line("to=<u@b.example>, relay=none, delay=0.6, dsn=4.7.5, status=deferred (x",
                          &delivery));
    assert_int_equal(delivery.queue_id.length, 0);
    assert_true(span_is(delivery.reason, "x"));
    assert_true(read_line("status=bounced (TLS is required)", &delivery));
    assert_int_equal(delivery.status, POSTFIX_BOUNCED);
    assert_int_equal(delivery.delay, -1);
    assert_true(
        read_line("to=<u@b.example>, relay=mx.b.example[192.0.2.1]:25, dsn=2.1.5,", &delivery));
    assert_int_equal(delivery.status, POSTFIX_SENT);
    assert_true(
        read_line("AF14A: to=<>, relay=local, delay=1, status=sent (delivered)", &delivery));
    assert_int_equal(delivery.relay, POSTFIX_RELAY_LOCAL);
    assert_true(
        read_line("AF14A: to=<u>, relay=h[private/lmtp], delay=1, status=sent (ok)", &delivery));
    assert_int_equal(delivery.relay, POSTFIX_RELAY_LOCAL);
    assert_int_equal(delivery.domain.length, 0);
}

static void other_lines_are_no_deliveries(void **state)
{
    static const char *const lines[] = {"",
                                        "AF14A: removed",
                                        "AF14A: from=<u@b.example>, size=1, nrcpt=1 (queue active)",
                                        "AF14A: to=<u@b.example",
                                        "AF14A: to=<u@b.example>",
                                        "AF14A: to=<u@b.example>, ",
                                        "to=u@b.example, relay=none, status=sent (x)",
                                        "AF14A: uid=0 from=<to=<u@b.example>>"};
    struct postfix_delivery delivery;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        if (read_line(lines[i], &delivery))
            fail_msg("%s", lines[i]);
}

static void recipients_may_hold_what_divides_fields(void **state)
{
    struct postfix_delivery delivery;

    (void)state;
    assert_true(
        read_line("AF14A: to=<\"a, b>, c\"@b.example>, orig_to=<x>, y>, relay=none, delay=1, "
                  "status=deferred (x)",
                  &delivery));
    assert_true(span_is(delivery.domain, "b.example"));
    assert_int_equal(delivery.relay, POSTFIX_RELAY_NONE);
    assert_int_equal(delivery.status, POSTFIX_DEFERRED);
}

static void the_grammar_of_tls(void **state)
{
    static const struct {
        const char *text;
        enum tls_level level;
        enum tls_level actual;
        bool is_violated;
        bool is_open;
    } samples[] = {
        {"dane", LEVEL_DANE, LEVEL_DANE, false, false},
        {"dane-only", LEVEL_DANE_ONLY, LEVEL_DANE_ONLY, false, false},
        {"halfdane", LEVEL_HALFDANE, LEVEL_HALFDANE, false, false},
        {"may:none", LEVEL_MAY, LEVEL_NONE, false, false},
        {"dane:encrypt", LEVEL_DANE, LEVEL_ENCRYPT, false, false},
        {"!fingerprint", LEVEL_FINGERPRINT, LEVEL_FINGERPRINT, true, false},
        {"secure?", LEVEL_SECURE, LEVEL_SECURE, false, true},
        {"unknown?", LEVEL_UNKNOWN, LEVEL_UNKNOWN, false, true},
        {"!verify/!requiretls:nocertmatch", LEVEL_VERIFY, LEVEL_VERIFY, true, false},
        {"may?/!requiretls:nostarttls", LEVEL_MAY, LEVEL_MAY, false, true},
        {"verify/requiretls?", LEVEL_VERIFY, LEVEL_VERIFY, false, false},
        {"something-of-a-later-version", LEVEL_UNKNOWN, LEVEL_UNKNOWN, false, false},
        {"", LEVEL_UNKNOWN, LEVEL_UNKNOWN, false, false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autofree char *line = g_strdup_printf(
            "AF14A: to=<u@b.example>, relay=none, tls=%s, status=sent (x)", samples[i].text);
        struct postfix_delivery delivery;
        assert_true(read_line(line, &delivery));
        assert_true(delivery.tls.is_present);
        if (delivery.tls.level != samples[i].level || delivery.tls.actual != samples[i].actual ||
            delivery.tls.is_violated != samples[i].is_violated ||
            delivery.tls.is_open != samples[i].is_open)
            fail_msg("%s", line);
    }
}

static void summaries_of_sessions(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        const char *ip;
        enum session_outcome outcome;
        enum tls_version version;
        bool is_inbound;
        bool is_reused;
    } samples[] = {
        {"Verified TLS connection established to mx.b.example[192.0.2.1]:25: TLSv1.3 with cipher X "
         "(256/256 bits) key-exchange x25519",
         "mx.b.example", "192.0.2.1", SESSION_VERIFIED, TLS_VERSION_1_3, false, false},
        {"Trusted TLS connection reused to mx.b.example[2001:db8::1]:25: TLSv1.2 with cipher X",
         "mx.b.example", "2001:db8::1", SESSION_TRUSTED, TLS_VERSION_1_2, false, true},
        {"Untrusted TLS connection established to 127.0.0.1[127.0.0.1]:2525: TLSv1 with cipher X",
         "127.0.0.1", "127.0.0.1", SESSION_UNTRUSTED, TLS_VERSION_1_0, false, false},
        {"TLS connection established to mx.b.example: TLSv1 with cipher X", "mx.b.example", "",
         SESSION_UNTRUSTED, TLS_VERSION_1_0, false, false},
        {"Anonymous TLS connection established from c.example[192.0.2.3] to mx.a.example: TLSv1.1 "
         "with cipher X",
         "c.example", "192.0.2.3", SESSION_ANONYMOUS, TLS_VERSION_1_1, true, false},
        {"Anonymous TLS connection established from [192.0.2.3]:1000: SSLv3 with cipher X", "",
         "192.0.2.3", SESSION_ANONYMOUS, TLS_VERSION_SSL3, true, false},
    };
    static const char *const others[] = {
        "",
        "Trusted",
        "Trusted TLS connection ",
        "Trusted TLS connection established to mx.b.example[192.0.2.1]:25",
        "Trusted TLS connection lost to mx.b.example[192.0.2.1]:25: TLSv1",
        "A Trusted TLS connection established to mx.b.example[192.0.2.1]:25: TLSv1.3 with",
    };
    struct postfix_summary summary;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
        if (!postfix_summary_read(span_of_text(samples[i].text), &summary) ||
            !is_text(summary.peer.host, samples[i].host) ||
            !is_text(summary.peer.ip, samples[i].ip) || summary.outcome != samples[i].outcome ||
            summary.version != samples[i].version || summary.is_inbound != samples[i].is_inbound ||
            summary.is_reused != samples[i].is_reused)
            fail_msg("%s", samples[i].text);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (postfix_summary_read(span_of_text(others[i]), &summary))
            fail_msg("%s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_ids_short_and_long),
        cmocka_unit_test(fields_in_any_order),
        cmocka_unit_test(deliveries_of_old_versions_and_pieces_of_lines),
        cmocka_unit_test(other_lines_are_no_deliveries),
        cmocka_unit_test(recipients_may_hold_what_divides_fields),
        cmocka_unit_test(the_grammar_of_tls),
        cmocka_unit_test(summaries_of_sessions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
