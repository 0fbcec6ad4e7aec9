#include "tests/log/lines.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DATA "tests/data/logs/"

/* A row of a truth table: what its scenario was made to give, whatever the log says. */
struct truth {
    char **cells;
    const char *id;
    const char *domain;
    const char *policy;
    const char *outcome;
    const char *result;
    const char *detail;
};

enum { CELL_ID, CELL_RECIPIENT, CELL_POLICY, CELL_OUTCOME = 6, CELL_RESULT, CELL_DETAIL, CELLS };

static struct truth truth_of(const char *line)
{
    char **cells = g_strsplit(line, "\t", -1);

    assert_int_equal(g_strv_length(cells), CELLS);
    return (struct truth){
        .cells = cells,
        .id = cells[CELL_ID],
        .domain = strchr(cells[CELL_RECIPIENT], '@') + 1,
        .policy = cells[CELL_POLICY],
        .outcome = cells[CELL_OUTCOME],
        .result = cells[CELL_RESULT],
        .detail = cells[CELL_DETAIL],
    };
}

/* What a session is without its mail having suffered. */
static bool is_no_failure(const struct truth *truth)
{
    static const char *const details[] = {
        "",
        "unauthenticated",
        "old-protocol",
        "no-tlsa",
        "halfdane",
        "policy-none",
        "policy-failure-not-enforced-at-may",
        "no-starttls-opportunistic",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(details); i++)
        if (strcmp(truth->result, "-") == 0 && strcmp(truth->detail, details[i]) == 0)
            return true;
    return false;
}

/*
 * Postfix 3.5 does not log its level, nor a line for a certificate that matches neither name nor
 * TLSA record nor fingerprint. So where one of the latter two was asked for, the log only tells
 * that the certificate was at fault. It has no TLSRPT either, the only trace of a refused STARTTLS
 * at level may.
 */
static bool is_hidden_mismatch(const struct truth *truth)
{
    return strcmp(truth->detail, "tlsa-mismatch") == 0 ||
           strcmp(truth->detail, "fingerprint-mismatch") == 0 ||
           strcmp(truth->detail, "dane-ta-name") == 0;
}

static bool is_hidden_fallback(const struct truth *truth)
{
    return strcmp(truth->detail, "starttls-refused-fallback") == 0;
}

/* The failures of this delivery line, by queue id and domain; resting on it, so they have a dsn. */
static GPtrArray *failures_of(char **events, const struct truth *truth)
{
    g_autofree char *id = g_strdup_printf(" id=%s ", truth->id);
    g_autofree char *domain = g_strdup_printf(" domain=%s ", truth->domain);
    GPtrArray *found = g_ptr_array_new();

    for (; *events != NULL; events++)
        if (g_str_has_prefix(*events, "failure: ") && strstr(*events, id) != NULL &&
            strstr(*events, domain) != NULL && strstr(*events, " dsn=") != NULL)
            g_ptr_array_add(found, *events);
    return found;
}

static bool has_word(const char *event, const char *word)
{
    g_autofree char *padded = g_strdup_printf(" %s ", word);

    return *word == '\0' || strcmp(word, "-") == 0 || strstr(event, padded) != NULL;
}

/* Of an event that earns none the third word is no result type of the RFC. */
static bool has_result(const char *event, const char *result)
{
    g_auto(GStrv) words = g_strsplit(event, " ", 5);

    return strcmp(result, "-") != 0 ? strcmp(words[3], result) == 0
                                    : result_type_from_word(words[3]) == RESULT_UNKNOWN;
}

static bool fits(const char *event, const struct truth *truth, bool is_old)
{
    const char *outcome = strcmp(truth->outcome, "soft") == 0 ? "unverified" : truth->outcome;

    if (!has_word(event, outcome))
        return false;
    if (is_old && is_hidden_mismatch(truth))
        return has_word(event, "certificate-not-trusted") ||
               has_word(event, "certificate-host-mismatch") ||
               has_word(event, "certificate-expired") || has_word(event, "validation-failure");
    return has_result(event, truth->result) && has_word(event, truth->detail);
}

static void check_row(char **events, const struct truth *truth, bool is_old)
{
    g_autoptr(GPtrArray) found = failures_of(events, truth);
    bool expects = !is_no_failure(truth) && !(is_old && is_hidden_fallback(truth));

    if (found->len == (expects ? 1 : 0) && (!expects || fits(found->pdata[0], truth, is_old)))
        return;
    fail_msg("%s, %s: %u rows; wanted %s %s %s, got %s", truth->id, truth->domain, found->len,
             truth->outcome, truth->result, truth->detail,
             found->len > 0 ? (const char *)found->pdata[0] : "none");
}

static char **events_of(const char *log)
{
    g_autofree char *path = g_strdup_printf(DATA "%s.log", log);
    g_autofree char *text = NULL;
    size_t length;
    struct direct *direct = direct_new(&log_postfix);
    char **events;

    assert_true(g_file_get_contents(path, &text, &length, NULL));
    lines_take(direct, text, length);
    direct->dialect->settle(direct->state, G_MAXINT64);
    events = g_strsplit(direct->events->str, "\n", -1);
    direct_free(direct);
    return events;
}

static guint count_of(char **events, const char *begin, const char *word)
{
    guint count = 0;

    for (; *events != NULL; events++)
        count += g_str_has_prefix(*events, begin) && strstr(*events, word) != NULL;
    return count;
}

static void check_log(const char *log, guint rows, bool is_old)
{
    g_auto(GStrv) events = events_of(log);
    g_autofree char *path = g_strdup_printf(DATA "%s.truth.tsv", log);
    g_autofree char *table = NULL;
    g_auto(GStrv) lines = NULL;
    guint count = 0;

    assert_true(g_file_get_contents(path, &table, NULL, NULL));
    lines = g_strsplit(g_strchomp(table), "\n", -1);
    for (guint i = 1; lines[i] != NULL; i++, count++) {
        struct truth truth = truth_of(lines[i]);
        check_row(events, &truth, is_old);
        g_strfreev(truth.cells);
    }
    assert_int_equal(count, rows);
    /* Nothing beside what the table has: no failure without a delivery. */
    assert_int_equal(count_of(events, "failure:", " unknown "), 0);
    assert_int_equal(count_of(events, "failure:", " other-mx "), 0);
}

static void each_delivery_of_3_11_as_it_was_made(void **state)
{
    (void)state;
    check_log("postfix-3.11.6-matrix", 227, false);
}

static void each_delivery_through_tlsproxy_as_it_was_made(void **state)
{
    (void)state;
    check_log("postfix-3.11.6-tlsproxy-reuse", 156, false);
}

static void each_delivery_of_3_5_as_far_as_it_is_logged(void **state)
{
    (void)state;
    check_log("postfix-3.5.27-matrix", 205, true);
}

static void keywords_of_the_log_level_change_nothing(void **state)
{
    (void)state;
    check_log("postfix-3.5.27-keyword-loglevel", 206, true);
}

static void requiretls_is_met_or_returned(void **state)
{
    g_auto(GStrv) events = events_of("postfix-3.11.6-requiretls");

    (void)state;
    assert_int_equal(count_of(events, "failure:", " bounced "), 12);
    assert_int_equal(count_of(events, "failure:", " requiretls-unsupported "), 12);
    assert_int_equal(count_of(events, "failure:", " requiretls-no-starttls "), 4);
    assert_int_equal(count_of(events, "failure:", " requiretls-no-match "), 3);
    assert_int_equal(count_of(events, "failure:", " requiretls-level "), 3);
    assert_int_equal(count_of(events, "failure:", " requiretls-not-offered "), 2);
    assert_int_equal(count_of(events, "failure:", " handshake-failure deferred "), 1);
    assert_int_equal(count_of(events, "failure:", ""), 13);
}

static void each_connection_of_a_client_is_one_session(void **state)
{
    g_auto(GStrv) events = events_of("postfix-3.11.6-inbound");

    (void)state;
    assert_int_equal(count_of(events, "session:", " in failed "), 8);
    assert_int_equal(count_of(events, "session:", " in anonymous TLSv1.3 "), 2);
    assert_int_equal(count_of(events, "failure:", " inbound-peer-rejected-our-cert "), 2);
    assert_int_equal(count_of(events, "failure:", " inbound-handshake-failure "), 6);
    assert_int_equal(count_of(events, "failure:", " inbound-quit-after-starttls "), 2);
    assert_int_equal(count_of(events, "", " "), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_delivery_of_3_11_as_it_was_made),
        cmocka_unit_test(each_delivery_through_tlsproxy_as_it_was_made),
        cmocka_unit_test(each_delivery_of_3_5_as_far_as_it_is_logged),
        cmocka_unit_test(keywords_of_the_log_level_change_nothing),
        cmocka_unit_test(requiretls_is_met_or_returned),
        cmocka_unit_test(each_connection_of_a_client_is_one_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
