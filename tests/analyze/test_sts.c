#include "analyze/sts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static GPtrArray *texts(const char *joined)
{
    GPtrArray *array = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(joined, "|", -1);
    for (char **part = parts; *part != NULL; part++)
        g_ptr_array_add(array, g_strdup(*part));
    return array;
}

static void a_pattern_covers_what_rfc_8461_section_4_1_says(void **state)
{
    static const struct {
        const char *pattern;
        const char *mx;
        bool covers;
    } cases[] = {
        {"mail.example.com", "mail.example.com", true},
        {"mail.example.com", "mx.example.com", false},
        {"mail.example.com", "example.com", false},
        {"*.example.com", "mail.example.com", true},
        {"*.example.com", "example.com", false},
        {"*.example.com", ".example.com", false},
        {"*.example.com", "a.b.example.com", false},
        {"*.example.com", "mail.example.com.evil.test", false},
        {"*.example.com", "mailexample.com", false},
        {"*.Example.COM", "MAIL.example.com", true},
        {"Mail.Example.Com", "mail.example.com", true},
        {"*.example.com.", "mail.example.com", true},
        {"mail.example.com", "mail.example.com.", true},
        {"*", "mail.example.com", false},
        {"*", "mail", false},
        {"*.", "mail.", false},
        {"*.*.example.com", "a.b.example.com", false},
        {"*.*.example.com", "*.*.example.com", false},
        {"m*.example.com", "mail.example.com", false},
        {"mail.*.com", "mail.example.com", false},
        {"*mail.example.com", "mail.example.com", false},
        {".example.com", "mail.example.com", false},
        {"*.example.com", "*.example.com", false},
        {"", "", false},
        {"", "mail.example.com", false},
        {"*.example.com", "", false},
        {NULL, "mail.example.com", false},
        {"*.example.com", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        if (sts_pattern_matches(cases[i].pattern, cases[i].mx) != cases[i].covers)
            fail_msg("pattern %s, MX %s", cases[i].pattern, cases[i].mx);
}

static void a_quoted_policy_decides_before_mx_host(void **state)
{
    static const struct {
        const char *strings; /* NULL: none */
        const char *mx_hosts;
        const char *mx;
        bool known;
        bool allowed;
    } cases[] = {
        {"version: STSv1|mode: enforce|mx: a.example|mx: *.b.example", NULL, "a.example", true,
         true},
        {"version: STSv1|mode: enforce|mx: a.example|mx: *.b.example", NULL, "x.b.example", true,
         true},
        {"version: STSv1|mode: enforce|mx: a.example|mx: *.b.example", NULL, "c.example", true,
         false},
        {"mx: a.example", "c.example", "c.example", true, false},
        {"version: STSv1|mode: enforce", "c.example|*.d.example", "c.example", true, true},
        {"version: STSv1|mode: enforce", "c.example|*.d.example", "x.d.example", true, true},
        {NULL, "c.example", "a.example", true, false},
        {"version: STSv1|mode: none", NULL, "a.example", false, false},
        {NULL, NULL, "a.example", false, false},
        {"mx: a.example", NULL, NULL, false, false},
        {"mx: a.example", NULL, "", false, false},
        {"mx:", "|", "a.example", false, false},
        {"MX : A.Example. \r", NULL, "a.example", true, true},
        {"version: STSv1\r\nmode: enforce\r\nmx: a.example\r\n", NULL, "a.example", true, true},
        {"mx: *", NULL, "a.example", true, false},
        {"mxx: a.example|no colon", NULL, "a.example", false, false},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) strings = cases[i].strings ? texts(cases[i].strings) : NULL;
        g_autoptr(GPtrArray) hosts = cases[i].mx_hosts ? texts(cases[i].mx_hosts) : NULL;
        bool known = !cases[i].known;
        bool allowed = sts_policy_allows(strings, hosts, cases[i].mx, &known);
        if (allowed != cases[i].allowed || known != cases[i].known)
            fail_msg("case %zu: known %d, allowed %d", i, known, allowed);
    }
}

static void patterns_outlive_the_policy_they_came_from(void **state)
{
    (void)state;
    GPtrArray *strings = texts("mx: a.example");
    g_autoptr(StsPatterns) patterns = sts_patterns_new(strings, NULL);
    g_ptr_array_unref(strings);
    bool known = false;
    assert_true(sts_patterns_allow(patterns, "a.example", &known));
    assert_true(known);
    assert_false(sts_patterns_allow(patterns, "b.example", &known));
}

static void a_giant_name_is_only_a_name_that_does_not_match(void **state)
{
    (void)state;
    g_autofree char *giant = g_strnfill(4 << 20, '.');
    assert_false(sts_pattern_matches("*.example.com", giant));
    memset(giant, 'a', 4 << 20);
    assert_false(sts_pattern_matches("*.example.com", giant));
    assert_false(sts_pattern_matches(giant, "mail.example.com"));
    assert_true(sts_pattern_matches(giant, giant));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_covers_what_rfc_8461_section_4_1_says),
        cmocka_unit_test(a_quoted_policy_decides_before_mx_host),
        cmocka_unit_test(patterns_outlive_the_policy_they_came_from),
        cmocka_unit_test(a_giant_name_is_only_a_name_that_does_not_match),
    };
    return cmocka_run_group_tests_name("sts", tests, NULL, NULL);
}
