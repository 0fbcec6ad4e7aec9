#include "analyze/tlsa.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define H8 "0123abcd"
#define H32 H8 H8 H8 H8
#define H56 H32 H8 H8 H8
#define H64 H32 H32
#define H128 H64 H64

static void a_record_is_read_as_it_is_written(void **state)
{
    static const struct {
        const char *text;
        int usage, selector, matching;
        const char *data; /* NULL: no record */
    } cases[] = {
        {"3 1 1 " H64, 3, 1, 1, H64},
        {"  3\t1  1\t" H64 " \r\n", 3, 1, 1, H64},
        {"3 1 1 0123ABCD", 3, 1, 1, H8},
        {"3 1 1 " H56 " " H8, 3, 1, 1, H64},
        {"2 0 2 " H128, 2, 0, 2, H128},
        {"255 255 255 00", 255, 255, 255, "00"},
        {"3 1 1 " H56, 3, 1, 1, H56},
        {"256 1 1 " H64, 0, 0, 0, NULL},
        {"99999999999999999999 1 1 " H64, 0, 0, 0, NULL},
        {"-3 1 1 " H64, 0, 0, 0, NULL},
        {"+3 1 1 " H64, 0, 0, 0, NULL},
        {"3 1 " H64, 0, 0, 0, NULL},
        {"3 1 1", 0, 0, 0, NULL},
        {"3 1 1 ", 0, 0, 0, NULL},
        {"3 1 1 abc", 0, 0, 0, NULL},
        {"3 1 1 " H64 ";", 0, 0, 0, NULL},
        {"3 1 1 0xabcd", 0, 0, 0, NULL},
        {"3,1,1," H64, 0, 0, 0, NULL},
        {"[\"3 1 1 " H64 "\"]", 0, 0, 0, NULL},
        {"version: STSv1", 0, 0, 0, NULL},
        {"\xc3\xa9 1 1 00", 0, 0, 0, NULL},
        {"", 0, 0, 0, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct tlsa record = {-1, -1, -1, NULL};
        bool parsed = tlsa_parse(cases[i].text, &record);
        if (parsed != (cases[i].data != NULL))
            fail_msg("case %zu: %s", i, cases[i].text);
        if (!parsed) {
            assert_true(record.usage == -1 && record.selector == -1 && record.matching == -1);
            assert_null(record.data);
            continue;
        }
        assert_int_equal(record.usage, cases[i].usage);
        assert_int_equal(record.selector, cases[i].selector);
        assert_int_equal(record.matching, cases[i].matching);
        assert_string_equal(record.data, cases[i].data);
        tlsa_clear(&record);
        assert_null(record.data);
    }
}

static void only_what_rfc_7672_section_3_1_lets_smtp_use_is_usable(void **state)
{
    static const struct {
        const char *text;
        bool usable;
    } cases[] = {
        {"3 1 1 " H64, true},       {"3 0 1 " H64, true},    {"2 1 1 " H64, true},
        {"2 0 2 " H128, true},      {"3 1 2 " H128, true},   {"3 1 0 " H64 "00", true},
        {"2 0 0 " H128 H128, true}, {"0 1 1 " H64, false},   {"1 1 1 " H64, false},
        {"4 1 1 " H64, false},      {"255 1 1 " H64, false}, {"3 2 1 " H64, false},
        {"3 1 3 " H64, false},      {"3 1 1 " H56, false},   {"3 1 1 " H64 "00", false},
        {"3 1 1 " H128, false},     {"3 1 2 " H64, false},   {"3 1 2 " H128 "00", false},
        {"3 1 0 " H64, false},      {"3 1 0 " H8, false},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct tlsa record;
        assert_true(tlsa_parse(cases[i].text, &record));
        if (tlsa_usable(&record) != cases[i].usable)
            fail_msg("%s", cases[i].text);
        tlsa_clear(&record);
    }
}

static struct tlsa_set summary_of(const char *joined)
{
    g_auto(GStrv) parts = g_strsplit(joined, "|", -1);
    const GPtrArray array = {.pdata = (gpointer *)parts, .len = g_strv_length(parts)};
    return tlsa_summarize(&array);
}

static void a_set_is_counted_by_what_its_records_are_good_for(void **state)
{
    static const struct {
        const char *joined;
        struct tlsa_set set; /* records, usable, usable_ee, usable_ta, unreadable */
    } cases[] = {
        {"3 1 1 " H64, {1, 1, 1, 0, 0}},
        {"2 1 1 " H64 "|2 1 1 " H64, {2, 2, 0, 2, 0}},
        {"3 1 1 " H64 "|2 0 1 " H64 "|0 0 1 " H64 "|1 0 1 " H64, {4, 2, 1, 1, 0}},
        {"0 0 1 " H64 "|1 0 1 " H64, {2, 0, 0, 0, 0}},
        {"3 1 1 " H56 "|2 1 1 " H56, {2, 0, 0, 0, 0}},
        {"junk|3 1 1 " H64, {1, 1, 1, 0, 1}},
        {"version: STSv1|mode: enforce", {0, 0, 0, 0, 2}},
        {"", {0, 0, 0, 0, 0}},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct tlsa_set set = summary_of(cases[i].joined);
        if (memcmp(&set, &cases[i].set, sizeof set) != 0)
            fail_msg("%s: %u %u %u %u %u", cases[i].joined, set.records, set.usable, set.usable_ee,
                     set.usable_ta, set.unreadable);
    }
    struct tlsa_set nothing = tlsa_summarize(NULL);
    assert_int_equal(nothing.records + nothing.unreadable, 0);
}

static void giant_texts_are_read_or_refused_like_small_ones(void **state)
{
    (void)state;
    g_autofree char *hex = g_strnfill(8 << 20, 'F');
    g_autofree char *good = g_strconcat("3 0 0 ", hex, NULL);
    g_autofree char *bad = g_strconcat("3 0 0 ", hex, "g", NULL);
    g_autofree char *number = g_strnfill(8 << 20, '0');
    struct tlsa record;
    assert_true(tlsa_parse(good, &record));
    assert_true(tlsa_usable(&record));
    assert_int_equal(record.data[0], 'f');
    tlsa_clear(&record);
    assert_false(tlsa_parse(bad, &record));
    assert_false(tlsa_parse(number, &record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_it_is_written),
        cmocka_unit_test(only_what_rfc_7672_section_3_1_lets_smtp_use_is_usable),
        cmocka_unit_test(a_set_is_counted_by_what_its_records_are_good_for),
        cmocka_unit_test(giant_texts_are_read_or_refused_like_small_ones),
    };
    return cmocka_run_group_tests_name("tlsa", tests, NULL, NULL);
}
