/*
 * Logs that Exim 4.99.1 (OpenSSL) wrote in a laboratory of ours, on loopback: the recipient
 * u@POLICY.SCENARIO.example names the configuration and what was wrong at the other side, so that
 * the cause of each delivery is known by its set-up and not by its line. That table says "soft" for
 * what went encrypted to a peer that was not verified.
 */
#include "tests/log/direct.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define VERBOSE "tests/data/logs/exim-4.99.1-openssl-verbose-selectors"
#define INBOUND "tests/data/logs/exim-4.99.1-openssl-inbound.mainlog"

/* What a log told of its messages. */
struct told {
    GHashTable *sessions; /* id: outcome of its only session */
    GHashTable *failures; /* id: "OUTCOME\tRESULT\tDETAIL" of its only row */
    GString *inbound;     /* "IP DETAIL\n" of each row */
    guint rows;
};

static void note(const struct log_event *event, void *data)
{
    struct told *told = data;
    const char *result =
        event->result_type == RESULT_UNKNOWN ? "-" : result_type_word(event->result_type);

    if (event->kind == LOG_EVENT_CONSUMED || event->kind == LOG_EVENT_COUNTED)
        return;
    if (event->direction == DIRECTION_IN) {
        if (event->kind == LOG_EVENT_FAILURE)
            g_string_append_printf(told->inbound, "%s %s\n", event->ip,
                                   log_detail_word(event->detail));
        else
            assert_int_equal(event->session, SESSION_FAILED);
        return;
    }
    assert_int_equal(event->sessions, 1);
    if (event->kind == LOG_EVENT_SESSION) {
        assert_true(g_hash_table_insert(told->sessions, g_strdup(event->queue_id),
                                        g_strdup(session_outcome_word(event->session))));
        return;
    }
    told->rows++;
    assert_int_equal(event->kind, LOG_EVENT_FAILURE);
    assert_true(g_hash_table_insert(told->failures, g_strdup(event->queue_id),
                                    g_strdup_printf("%s\t%s\t%s", log_outcome_word(event->outcome),
                                                    result, log_detail_word(event->detail))));
}

/* "2026-11-22 06:29:43.510 +0000 [95] TEXT": the stamp goes, and what +pid wrote. */
static struct log_line without_stamp(const char *text)
{
    const char *message = text + strlen("2026-11-22 06:29:43");
    struct log_line line;

    if (*message == '.')
        message += strlen(".510 +0000");
    line = direct_line("exim", message + 1, -1);
    line.whole = span_of(text, strlen(text));
    line.at = 1700000000;
    return line;
}

static struct told *read_log(const char *path)
{
    struct told *told = g_new0(struct told, 1);
    struct direct *direct = direct_new(&log_exim);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    told->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    told->failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    told->inbound = g_string_new(NULL);
    direct->context.emit = note;
    direct->context.data = told;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; *lines[i] != '\0'; i++) {
        struct log_line line = without_stamp(lines[i]);
        direct->dialect->take(direct->state, &line);
    }
    direct->dialect->settle(direct->state, G_MAXINT64);
    direct_free(direct);
    return told;
}

static void told_free(struct told *told)
{
    g_hash_table_unref(told->sessions);
    g_hash_table_unref(told->failures);
    g_string_free(told->inbound, TRUE);
    g_free(told);
}

/* A mail that went in clear or was bounced or delivered as asked for. */
static const char *session_of(const char *outcome, const char *session)
{
    if (strcmp(outcome, "plaintext") == 0)
        return "plaintext";
    if (strcmp(outcome, "soft") == 0)
        return "untrusted";
    if (strcmp(outcome, "success") != 0)
        return "failed";
    return strcmp(session, "verified") == 0 ? "verified" : "trusted";
}

static void check_delivery(const struct told *told, char *const *fields)
{
    const char *id = fields[0], *outcome = fields[5], *result = fields[6], *detail = fields[7];
    const char *row = g_hash_table_lookup(told->failures, id);
    const char *session = g_hash_table_lookup(told->sessions, id);
    g_autofree char *wanted = g_strdup_printf(
        "%s\t%s\t%s", strcmp(outcome, "soft") == 0 ? "unverified" : outcome, result, detail);

    assert_non_null(session);
    assert_string_equal(session, session_of(outcome, session));
    /* That nothing was offered, or no TLSA records were there, is no failure where none was asked
       for. */
    if (strcmp(result, "-") == 0)
        assert_null(row);
    else
        assert_string_equal(row, wanted);
}

static void every_delivery_of_the_laboratory_is_told_as_it_was(void **state)
{
    struct told *told = read_log(VERBOSE ".mainlog");
    g_autofree char *text = NULL;
    g_auto(GStrv) rows = NULL;
    guint typed = 0, all = 0;

    (void)state;
    assert_true(g_file_get_contents(VERBOSE ".truth.tsv", &text, NULL, NULL));
    rows = g_strsplit(text, "\n", -1);
    for (guint i = 1; *rows[i] != '\0'; i++, all++) {
        g_auto(GStrv) fields = g_strsplit(rows[i], "\t", -1);
        assert_int_equal(g_strv_length(fields), 8);
        check_delivery(told, fields);
        typed += strcmp(fields[6], "-") != 0;
    }
    assert_int_equal(all, 45);
    assert_int_equal(g_hash_table_size(told->sessions), all);
    assert_int_equal(told->rows, typed);
    told_free(told);
}

static void verified_by_dane_is_what_had_matching_records(void **state)
{
    struct told *told = read_log(VERBOSE ".mainlog");
    guint verified = 0;
    GHashTableIter iter;
    gpointer value;

    (void)state;
    g_hash_table_iter_init(&iter, told->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        verified += strcmp(value, "verified") == 0;
    assert_int_equal(verified, 2);
    told_free(told);
}

static void every_failed_client_of_the_laboratory_is_told_once(void **state)
{
    struct told *told = read_log(INBOUND);

    (void)state;
    assert_string_equal(told->inbound->str, "127.0.0.1 inbound-peer-rejected-our-cert\n"
                                            "127.0.0.1 inbound-peer-rejected-our-cert\n"
                                            "127.0.0.1 inbound-peer-rejected-our-cert\n"
                                            "127.0.0.1 inbound-handshake-failure\n"
                                            "127.0.0.1 inbound-handshake-failure\n"
                                            "127.0.0.1 inbound-handshake-failure\n"
                                            "127.0.0.1 inbound-handshake-failure\n"
                                            "127.0.0.1 inbound-handshake-failure\n"
                                            "127.0.0.1 inbound-quit-after-starttls\n"
                                            "127.0.0.1 inbound-quit-after-starttls\n"
                                            "127.0.0.1 inbound-quit-after-starttls\n");
    told_free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_delivery_of_the_laboratory_is_told_as_it_was),
        cmocka_unit_test(verified_by_dane_is_what_had_matching_records),
        cmocka_unit_test(every_failed_client_of_the_laboratory_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
