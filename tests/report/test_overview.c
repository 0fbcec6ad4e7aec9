#include "tests/report/overview_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static char *written(const struct overview *overview)
{
    struct page page = {.out = g_string_new(NULL), .width = 400};

    overview_write(&page, overview);
    return g_string_free(page.out, FALSE);
}

static void where_nothing_came_nothing_is_said(void **state)
{
    g_autoptr(Overview) overview = overview_new();
    g_autofree char *text = written(overview);

    (void)state;
    assert_string_equal(text, "");
}

static void each_kind_has_its_name_outcomes_and_senders(void **state)
{
    g_autoptr(Overview) overview = overview_new();
    struct overview_kind *kind = add_kind(overview, "tlsrpt", 12);

    (void)state;
    kind->stored = 9;
    kind->known = 2;
    kind->quarantined = 1;
    add_sender(kind, "google.example", 7);
    add_sender(kind, "microsoft.example", 5);
    add_kind(overview, "dmarc", 1)->stored = 1;
    add_kind(overview, "arf", 2)->ignored = 2;
    add_kind(overview, "bounce", 1)->ignored = 1;
    add_kind(overview, "log", 1)->stored = 1;
    add_kind(overview, "other", 1)->ignored = 1;
    add_kind(overview, "a kind to come", 2)->ignored = 2;
    g_autofree char *text = written(overview);
    assert_string_equal(
        text, "   12 TLS reports: 9 new, 2 known already, 1 unreadable; from google.example 7, "
              "microsoft.example 5\n"
              "   1 DMARC report: 1 new\n"
              "   2 failure reports: 2 without anything for us\n"
              "   1 bounce: 1 without anything for us\n"
              "   1 log: 1 new\n"
              "   1 other mail or file: 1 without anything for us\n"
              "   2 other mails and files: 2 without anything for us\n");
}

static void who_is_not_named_is_counted(void **state)
{
    g_autoptr(Overview) overview = overview_new();
    struct overview_kind *kind = add_kind(overview, "other", 100);
    struct overview_kind *files = add_kind(overview, "tlsrpt", 3);

    (void)state;
    add_sender(kind, "a.example", 20);
    add_sender(kind, NULL, 10);
    add_sender(kind, "b.example", 9);
    add_sender(kind, "c.example", 8);
    add_sender(kind, "d.example", 7);
    add_sender(kind, "e.example", 6);
    files->stored = 3;
    add_sender(files, NULL, 3);
    g_autofree char *text = written(overview);
    assert_non_null(
        strstr(text, "from a.example 20, b.example 9, c.example 8, d.example 7, others 56\n"));
    assert_non_null(strstr(text, "   3 TLS reports: 3 new\n"));
}

static void problems_have_their_clause(void **state)
{
    g_autoptr(Overview) overview = overview_new();

    (void)state;
    add_problem(overview, "no TLS report", "RFC 8460, section 4.4", 3);
    add_problem(overview, "cut off", NULL, 1);
    g_autofree char *text = written(overview);
    assert_non_null(strstr(text, "tlstriage quarantine"));
    assert_non_null(strstr(text, "3: no TLS report (RFC 8460, section 4.4)\n"));
    assert_non_null(strstr(text, "1: cut off\n"));
}

static void long_lists_have_an_end(void **state)
{
    g_autoptr(Overview) overview = overview_new();

    (void)state;
    for (int i = 0; i < 20; i++) {
        g_autofree char *name = g_strdup_printf("d%d.example", i);
        add_problem(overview, name, NULL, 1);
        add_foreign(overview, name, 1, 1, 0);
    }
    g_autofree char *text = written(overview);
    assert_non_null(strstr(text, "and 12 reasons more\n"));
    assert_non_null(strstr(text, "and 12 domains more\n"));
    assert_null(strstr(text, "d9.example"));
}

static void other_domains_are_told_with_what_failed(void **state)
{
    g_autoptr(Overview) overview = overview_new();

    (void)state;
    add_foreign(overview, "one.example", 1, 1, 0);
    add_foreign(overview, "two.example", 2, 3, 12345);
    g_autofree char *text = written(overview);
    assert_non_null(strstr(text, "does not list as ours"));
    assert_non_null(strstr(text, "one.example: 1 report of 1 reporter, 0 failed\n"));
    assert_non_null(strstr(text, "two.example: 2 reports of 3 reporters, 12"));
}

static void reports_on_dmarc_about_other_domains_are_told_too(void **state)
{
    g_autoptr(Overview) overview = overview_new();
    struct overview_domain *domain;

    (void)state;
    add_foreign(overview, "one.example", 0, 0, 0);
    domain = g_ptr_array_index(overview->foreign, 0);
    domain->dmarc_reports = 2;
    domain->dmarc_organizations = 1;
    assert_false(overview_has_foreign(overview));
    add_foreign(overview, "two.example", 1, 1, 3);
    domain = g_ptr_array_index(overview->foreign, 1);
    domain->dmarc_reports = domain->dmarc_organizations = 1;
    assert_true(overview_has_foreign(overview));
    g_autofree char *text = written(overview);
    assert_non_null(strstr(text, " one.example: 2 DMARC reports of 1 receiver\n"));
    assert_non_null(strstr(
        text, " two.example: 1 report of 1 reporter, 3 failed; 1 DMARC report of 1 receiver\n"));
}

static void only_a_known_reporter_can_miss_its_signature(void **state)
{
    g_autoptr(Overview) overview = overview_new();

    (void)state;
    for (int i = 0; i < 100; i++)
        add_unsigned(overview, "Nobody", 3, 0);
    add_unsigned(overview, "Google", 2, 5);
    g_autofree char *text = written(overview);
    assert_non_null(strstr(
        text, "Google: 2 reports without a valid signature, though 5 came with one: forged, "));
    assert_null(strstr(text, "Nobody"));
}

static void texts_of_strangers_do_not_act(void **state)
{
    g_autoptr(Overview) overview = overview_new();
    struct overview_kind *kind = add_kind(overview, "other", 1);

    (void)state;
    add_sender(kind, "a\033[31m\n.example", 1);
    add_problem(overview, "b\033]0;x\007\r\n", NULL, 1);
    add_foreign(overview, "c\033\xe2\x80\xae.example", 1, 1, 1);
    add_unsigned(overview, "d\033\n", 1, 1);
    g_autofree char *text = written(overview);
    for (const char *at = text; *at != '\0'; at++)
        assert_true((unsigned char)*at >= ' ' || *at == '\n');
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strstr(text, "\n.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_came_nothing_is_said),
        cmocka_unit_test(each_kind_has_its_name_outcomes_and_senders),
        cmocka_unit_test(who_is_not_named_is_counted),
        cmocka_unit_test(problems_have_their_clause),
        cmocka_unit_test(long_lists_have_an_end),
        cmocka_unit_test(other_domains_are_told_with_what_failed),
        cmocka_unit_test(reports_on_dmarc_about_other_domains_are_told_too),
        cmocka_unit_test(only_a_known_reporter_can_miss_its_signature),
        cmocka_unit_test(texts_of_strangers_do_not_act),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
