#include "report/status.h"
#include "tests/report/overview_sample.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define DAY INT64_C(1795219200) /* 2026-11-21 */

static struct status status_of(guint reports, guint critical, guint high, guint others)
{
    return (struct status){
        .days = 7,
        .reports = reports,
        .newest_day = reports > 0 ? DAY : 0,
        .faults = critical + high + others,
        .critical = critical,
        .high = high,
        .worst = critical + high + others > 0 ? g_strdup("2 faults, 1 critical: mx.example") : NULL,
        .overview = overview_new(),
    };
}

static void the_level_is_that_of_the_gravest(void **state)
{
    static const struct {
        guint reports, critical, high, others, quarantined;
        enum status_level level;
        const char *begin;
    } cases[] = {
        {5, 0, 0, 0, 0, STATUS_OK,
         "tlstriage OK: 5 reports for the last 7 days, the newest about 2026-11-2"},
        {1, 0, 0, 3, 0, STATUS_OK, "tlstriage OK: 1 report for the last 7 days"},
        {5, 0, 1, 0, 0, STATUS_WARNING, "tlstriage WARNING: 5 reports"},
        {5, 0, 0, 0, 2, STATUS_WARNING, "tlstriage WARNING: 5 reports"},
        {0, 0, 0, 0, 0, STATUS_WARNING,
         "tlstriage WARNING: no report for the last 7 days, nothing fails"},
        {5, 1, 0, 0, 0, STATUS_CRITICAL, "tlstriage CRITICAL: 5 reports"},
        {0, 1, 1, 0, 1, STATUS_CRITICAL, "tlstriage CRITICAL: no report"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct status status =
            status_of(cases[i].reports, cases[i].critical, cases[i].high, cases[i].others);
        status.quarantined = cases[i].quarantined;
        g_autofree char *text = status_text(&status, 100);
        g_autofree char *figures = g_strdup_printf(
            " | reports=%u faults=%u critical=%u high=%u quarantined=%u\n", status.reports,
            status.faults, status.critical, status.high, status.quarantined);
        assert_int_equal(status_level(&status), cases[i].level);
        assert_true(g_str_has_prefix(text, cases[i].begin));
        assert_true(g_str_has_suffix(text, figures));
        assert_true((strstr(text, ", 2 faults, 1 critical: mx.example") != NULL) ==
                    (status.faults > 0));
        status_clear(&status);
    }
}

static void silence_about_our_domains_is_told_as_such(void **state)
{
    struct status status = status_of(0, 0, 0, 0);

    (void)state;
    add_foreign(status.overview, "other.example", 1, 1, 1);
    g_autofree char *text = status_text(&status, 100);
    assert_true(g_str_has_prefix(
        text, "tlstriage WARNING: no report about our domains for the last 7 days"));
    status_clear(&status);
}

static void texts_of_strangers_end_neither_line_nor_figures(void **state)
{
    struct status status = status_of(5, 1, 0, 0);

    (void)state;
    g_free(status.worst);
    status.worst = g_strdup("1 fault: mx|x=1\n|\033[31m.example");
    add_sender(add_kind(status.overview, "other", 1), "a|b=2.example", 1);
    add_problem(status.overview, "c|d\n|e=3", NULL, 1);
    add_foreign(status.overview, "f|g\n|.example", 1, 1, 1);
    g_autofree char *text = status_text(&status, 100);
    const char *bar = strchr(text, '|'), *end = strchr(text, '\n');
    assert_non_null(bar);
    assert_true(g_str_has_prefix(bar, "| reports=5 "));
    assert_true(bar < end);
    assert_null(strchr(bar + 1, '|'));
    assert_null(strchr(text, '\033'));
    status_clear(&status);
}

static void json_has_all_of_it(void **state)
{
    struct status status = status_of(5, 1, 0, 0);

    (void)state;
    g_free(status.worst);
    status.worst = g_strdup("mx|\"\\\n\033\xc3\xa9");
    add_sender(add_kind(status.overview, "other", 1), NULL, 1);
    add_problem(status.overview, "c\"d", NULL, 4000000);
    add_foreign(status.overview, "f.example", 1, 1, INT64_C(9007199254740993));
    add_unsigned(status.overview, "Google", 2, 5);
    g_autofree char *text = status_json(&status);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "format")), "tlstriage-status");
    assert_string_equal(json_string_value(json_object_get(root, "level")), "CRITICAL");
    assert_string_equal(json_string_value(json_object_get(root, "newest_day")), "2026-11-21");
    assert_string_equal(json_string_value(json_object_get(root, "worst")), status.worst);
    json_t *arrived = json_array_get(json_object_get(root, "arrived"), 0);
    assert_true(json_is_null(
        json_object_get(json_array_get(json_object_get(arrived, "senders"), 0), "domain")));
    json_t *unreadable = json_array_get(json_object_get(root, "unreadable"), 0);
    assert_string_equal(json_string_value(json_object_get(unreadable, "problem")), "c\"d");
    assert_int_equal(json_integer_value(json_object_get(unreadable, "count")), 4000000);
    json_t *foreign = json_array_get(json_object_get(root, "not_ours"), 0);
    assert_true(json_integer_value(json_object_get(foreign, "failures")) ==
                INT64_C(9007199254740993));
    assert_int_equal(json_array_size(json_object_get(root, "signature_failed")), 1);
    json_decref(root);
    status_clear(&status);
}

static void json_of_nothing_says_null(void **state)
{
    struct status status = status_of(0, 0, 0, 0);

    (void)state;
    g_autofree char *text = status_json(&status);
    json_t *root = json_loads(text, 0, NULL);
    assert_true(json_is_null(json_object_get(root, "newest_day")));
    assert_true(json_is_null(json_object_get(root, "worst")));
    assert_int_equal(json_array_size(json_object_get(root, "arrived")), 0);
    assert_true(g_str_has_suffix(text, "}\n"));
    json_decref(root);
    status_clear(&status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_is_that_of_the_gravest),
        cmocka_unit_test(silence_about_our_domains_is_told_as_such),
        cmocka_unit_test(texts_of_strangers_end_neither_line_nor_figures),
        cmocka_unit_test(json_has_all_of_it),
        cmocka_unit_test(json_of_nothing_says_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
