#include "ingest/authres.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define OURS "mx.example.org"
#define FROM "reporter.example"

struct judgement {
    const char *fields[4];
    enum authenticity expected;
};

static enum authenticity judged(const struct judgement *judgement)
{
    return authres_judge((char *const *)judgement->fields, OURS, FROM);
}

static void assert_judgements(const struct judgement *judgements, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (judged(&judgements[i]) != judgements[i].expected)
            fail_msg("%s: %d", judgements[i].fields[0], judged(&judgements[i]));
}

static void test_our_topmost_field_alone_is_believed(void **state)
{
    static const struct judgement judgements[] = {
        {{NULL}, AUTH_NONE},
        {{"mx.other.example; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{OURS "; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS ";dkim=fail header.d=" FROM, OURS "; dkim=pass header.d=" FROM}, AUTH_FAIL},
        {{"mx.other.example; dkim=fail header.d=" FROM, OURS "; dkim=pass header.d=" FROM},
         AUTH_PASS},
        {{"x" OURS "; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{OURS ".evil.example; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{"example.org; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{"a." OURS "; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{OURS "=x; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{OURS "/x; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{OURS "@evil.example; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{OURS " evil.example; dkim=pass header.d=" FROM}, AUTH_NONE},
    };

    (void)state;
    assert_judgements(judgements, G_N_ELEMENTS(judgements));
}

static void test_the_id_may_be_written_as_rfc_8601_allows(void **state)
{
    static const struct judgement judgements[] = {
        {{"MX.Example.ORG; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS " 1; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{" (note) " OURS " (v) 1 (one); dkim=pass header.d=" FROM}, AUTH_PASS},
        {{"\r\n\t" OURS "\r\n 1;\r\n dkim=pass\r\n header.d=" FROM "\r\n"}, AUTH_PASS},
        {{"\"" OURS "\"; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS " (a (nested; dkim=fail) \\) one); dkim=pass header.d=" FROM}, AUTH_PASS},
        {{"(" OURS "; dkim=pass) mx.other.example; dkim=pass header.d=" FROM}, AUTH_NONE},
    };

    (void)state;
    assert_judgements(judgements, G_N_ELEMENTS(judgements));
}

static void test_a_pass_counts_only_with_an_aligned_signer(void **state)
{
    static const struct judgement judgements[] = {
        {{OURS "; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS "; dkim=pass header.d=mail." FROM}, AUTH_PASS},
        {{OURS "; dkim=pass header.d=REPORTER.Example."}, AUTH_PASS},
        {{OURS "; dkim=pass header.d=other.example"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.d=xreporter.example"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.d=example"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.d=\"\""}, AUTH_FAIL},
        {{OURS "; dkim=pass"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.i=@" FROM}, AUTH_PASS},
        {{OURS "; dkim=pass header.i=tls@mail." FROM}, AUTH_PASS},
        {{OURS "; dkim=pass header.i=\"tls(x)@" FROM "\""}, AUTH_PASS},
        {{OURS "; dkim=pass header.i=" FROM "@other.example"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.i=@" FROM " header.d=other.example"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.s=sel header.b=\"a/b+c=\" header.d=" FROM}, AUTH_PASS},
        {{OURS "; dkim=pass (header.d=" FROM ")"}, AUTH_FAIL},
        {{OURS "; dkim=pass reason=\"header.d=" FROM "\""}, AUTH_FAIL},
        {{OURS "; dkim=pass reason=\"; dkim=pass header.d=" FROM "\""}, AUTH_FAIL},
        {{OURS "; dkim=pass smtp.mailfrom=" FROM}, AUTH_FAIL},
    };

    (void)state;
    assert_judgements(judgements, G_N_ELEMENTS(judgements));
}

static void test_one_pass_of_several_results_is_enough(void **state)
{
    static const struct judgement judgements[] = {
        {{OURS "; none"}, AUTH_FAIL},
        {{OURS}, AUTH_FAIL},
        {{OURS ";"}, AUTH_FAIL},
        {{OURS "; spf=pass smtp.mailfrom=" FROM "; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS "; spf=pass header.d=" FROM}, AUTH_FAIL},
        {{OURS "; dkim=fail (bad) header.d=" FROM "; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS "; dkim=pass header.d=other.example; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS "; dkim=pass header.d=other.example; dkim=fail header.d=" FROM}, AUTH_FAIL},
        {{OURS "; DKIM=PASS Header.D=" FROM}, AUTH_PASS},
        {{OURS "; dkim/1 = pass header.d = " FROM}, AUTH_PASS},
        {{OURS "; dkim (c) = (c) pass (c) header.d (c) = (c) " FROM}, AUTH_PASS},
        {{OURS "; xdkim=pass header.d=" FROM}, AUTH_FAIL},
        {{OURS "; dkim-atps=pass header.d=" FROM}, AUTH_FAIL},
        {{OURS "; dkim=passed header.d=" FROM}, AUTH_FAIL},
        {{OURS "; dkim=neutral header.d=" FROM "; dmarc=pass header.from=" FROM}, AUTH_FAIL},
        {{OURS " dkim=pass header.d=" FROM}, AUTH_NONE},
    };

    (void)state;
    assert_judgements(judgements, G_N_ELEMENTS(judgements));
}

static void test_fields_that_never_end_pass_nothing(void **state)
{
    static const struct judgement judgements[] = {
        {{""}, AUTH_NONE},
        {{"   \r\n "}, AUTH_NONE},
        {{"(" OURS "; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{"\"" OURS "; dkim=pass header.d=" FROM}, AUTH_NONE},
        {{OURS "; dkim=pass reason=\"; header.d=" FROM}, AUTH_FAIL},
        {{OURS "; dkim=pass (header.d=" FROM}, AUTH_FAIL},
        {{OURS "; dkim=pass header.d=\\"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.d=\"\\"}, AUTH_FAIL},
        {{OURS "; dkim=pass header.d"}, AUTH_FAIL},
        {{OURS "; dkim="}, AUTH_FAIL},
        {{OURS ";;;; dkim=pass header.d=" FROM}, AUTH_PASS},
        {{OURS "; ) dkim=pass header.d=" FROM}, AUTH_FAIL},
    };

    (void)state;
    assert_judgements(judgements, G_N_ELEMENTS(judgements));
}

static void test_the_from_domain_decides_alignment(void **state)
{
    static const struct {
        const char *signer, *from;
        enum authenticity expected;
    } cases[] = {
        {"example.com", "example.com", AUTH_PASS},
        {"example.com", "tls.example.com", AUTH_PASS},
        {"tls.example.com", "example.com", AUTH_PASS},
        {"a.example.com", "b.example.com", AUTH_FAIL},
        {"com", "example.com", AUTH_FAIL},
        {"com", "com", AUTH_FAIL},
        {"example.com", "com", AUTH_FAIL},
        {"example.com", "badexample.com", AUTH_FAIL},
        {"example.com", NULL, AUTH_FAIL},
        {"example.com", "", AUTH_FAIL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *field = g_strdup_printf(OURS "; dkim=pass header.d=%s", cases[i].signer);
        char *const fields[] = {field, NULL};
        if (authres_judge(fields, OURS, cases[i].from) != cases[i].expected)
            fail_msg("%s signs for %s", cases[i].signer, cases[i].from);
    }
}

static void test_without_configuration_nothing_is_judged(void **state)
{
    char field[] = OURS "; dkim=pass header.d=" FROM;
    char *const fields[] = {field, NULL};

    (void)state;
    assert_int_equal(authres_judge(fields, NULL, FROM), AUTH_NONE);
    assert_int_equal(authres_judge(fields, "", FROM), AUTH_NONE);
}

static void test_long_fields_are_read_to_their_end(void **state)
{
    static const char *const fillers[] = {"(",    ")",  "\"", ";",    "\\",     "=",
                                          "x=y ", "()", "; ", "\"\"", "dkim=;", "(\\"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(fillers); i++) {
        GString *field = g_string_new(OURS "; ");
        while (field->len < (64u << 10))
            g_string_append(field, fillers[i]);
        char *const fields[] = {field->str, NULL};
        assert_int_equal(authres_judge(fields, OURS, FROM), AUTH_FAIL);
        g_string_free(field, TRUE);
    }
    g_autofree char *comment = g_strnfill(64u << 10, 'c');
    g_autofree char *field = g_strdup_printf(OURS " (%s); dkim=pass header.d=" FROM, comment);
    char *const fields[] = {field, NULL};
    assert_int_equal(authres_judge(fields, OURS, FROM), AUTH_PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_topmost_field_alone_is_believed),
        cmocka_unit_test(test_the_id_may_be_written_as_rfc_8601_allows),
        cmocka_unit_test(test_a_pass_counts_only_with_an_aligned_signer),
        cmocka_unit_test(test_one_pass_of_several_results_is_enough),
        cmocka_unit_test(test_fields_that_never_end_pass_nothing),
        cmocka_unit_test(test_the_from_domain_decides_alignment),
        cmocka_unit_test(test_without_configuration_nothing_is_judged),
        cmocka_unit_test(test_long_fields_are_read_to_their_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
