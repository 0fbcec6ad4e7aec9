#include "ingest/log/pattern.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    struct pattern pattern;
    int what;
} rows[] = {
    {{"^begin ", "^begin (\\S+)$"}, 1},
    {{"inside", "(a+)? inside (\\d+)"}, 2},
    {{"", "(x+x+)+y"}, 3},
};

static void captures_of_the_first_row_that_fits(void **state)
{
    struct pattern_set *set = pattern_set_new(rows, G_N_ELEMENTS(rows), sizeof rows[0]);
    struct span captures[PATTERN_CAPTURES];

    (void)state;
    assert_int_equal(pattern_set_match(set, span_of("begin word", 10), captures), 0);
    assert_true(span_is(captures[1], "word"));
    assert_int_equal(captures[2].length, 0);
    assert_int_equal(pattern_set_match(set, span_of("is inside 42", 12), captures), 1);
    assert_int_equal(captures[1].length, 0);
    assert_true(span_is(captures[2], "42"));
    assert_int_equal(pattern_set_match(set, span_of("not begin word", 14), captures), -1);
    assert_int_equal(pattern_set_match(set, span_of("", 0), captures), -1);
    pattern_set_free(set);
}

static void a_match_without_end_fits_not(void **state)
{
    struct pattern_set *set = pattern_set_new(rows, G_N_ELEMENTS(rows), sizeof rows[0]);
    struct span captures[PATTERN_CAPTURES];
    g_autofree char *text = g_strnfill(60000, 'x');

    (void)state;
    assert_int_equal(pattern_set_match(set, span_of(text, 60000), captures), -1);
    pattern_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captures_of_the_first_row_that_fits),
        cmocka_unit_test(a_match_without_end_fits_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
