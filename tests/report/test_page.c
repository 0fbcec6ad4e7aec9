#include "report/page.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct page page_of(GString *out, guint width)
{
    return (struct page){.out = out, .width = width};
}

static void paragraphs_are_wrapped_at_blanks(void **state)
{
    static const struct {
        const char *first, *text, *expected;
        guint indent;
    } samples[] = {
        {"", "", "\n", 0},
        {"", "one two three", "one two\nthree\n", 0},
        {"- ", "one two three", "- one two\n  three\n", 2},
        {"", "a   b", "a b\n", 0},
        {"", "longer-than-the-line is", "longer-than-the-line\nis\n", 0},
        {"- ", "longer-than-the-line is", "- longer-than-the-line\n  is\n", 2},
        {"", "exactly-10 x", "exactly-10\nx\n", 0},
        /* Wide characters take two columns, combining ones none. */
        {"", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E abcd",
         "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\nabcd\n", 0},
        {"", "failed 2.8 %. Next", "failed\n2.8 %.\nNext\n", 0},
        {"", "e\xCC\x81\xCC\x81\xCC\x81 12345678", "e\xCC\x81\xCC\x81\xCC\x81 12345678\n", 0},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        struct page page = page_of(out, 10);
        page_wrap(&page, samples[i].first, samples[i].indent, samples[i].text);
        assert_string_equal(out->str, samples[i].expected);
    }
}

static void a_field_without_text_is_left_out(void **state)
{
    g_autoptr(GString) out = g_string_new(NULL);
    struct page page = page_of(out, 40);

    (void)state;
    page_field(&page, "Label", "");
    page_field(&page, "Label", NULL);
    assert_string_equal(out->str, "");
    page_field(&page, "Label", "text");
    assert_string_equal(out->str, "   Label        text\n");
}

static struct table *make_table(const char *const *cells, size_t count)
{
    static const enum column_align align[] = {COLUMN_LEFT, COLUMN_RIGHT, COLUMN_LEFT};
    struct table *table = table_new(align, G_N_ELEMENTS(align));

    for (size_t i = 0; i < count; i++)
        table_take(table, g_strdup(cells[i]));
    return table;
}

static void columns_are_aligned(void **state)
{
    static const char *const cells[] = {"Name", "N", "Day", "a", "1000", "x", "bcdef", "1", ""};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(Table) table = make_table(cells, G_N_ELEMENTS(cells));
    struct page page = page_of(out, 40);

    (void)state;
    table_write(table, &page, 2);
    assert_string_equal(out->str, "  Name      N  Day\n"
                                  "  a      1000  x\n"
                                  "  bcdef     1\n");
}

static void a_column_that_is_empty_throughout_takes_no_room(void **state)
{
    static const char *const cells[] = {"Name", "", "Day", "a", "", "x"};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(Table) table = make_table(cells, G_N_ELEMENTS(cells));
    struct page page = page_of(out, 40);

    (void)state;
    table_write(table, &page, 0);
    assert_string_equal(out->str, "Name  Day\na     x\n");
}

static void a_long_name_is_cut_and_the_numbers_are_not(void **state)
{
    static const char *const cells[] = {"Name",   "N",         "Day", "a name that is far too long",
                                        "123456", "2026-11-21"};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(Table) table = make_table(cells, G_N_ELEMENTS(cells));
    struct page page = page_of(out, 40);
    g_auto(GStrv) lines = NULL;

    (void)state;
    table_write(table, &page, 3);
    lines = g_strsplit(out->str, "\n", -1);
    assert_string_equal(lines[1], "   a name that is...  123456  2026-11-21");
    assert_int_equal(strlen(lines[1]), 40);
}

static void headings_are_underlined_to_their_length(void **state)
{
    g_autoptr(GString) out = g_string_new(NULL);
    struct page page = page_of(out, 20);

    (void)state;
    page_heading(&page, STYLE_RED, "1. ", "short");
    assert_string_equal(out->str, "1. short\n--------\n");
    g_string_truncate(out, 0);
    page_heading(&page, STYLE_RED, "1. ", "a heading of several words");
    assert_string_equal(out->str, "1. a heading of\n   several words\n--------------------\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paragraphs_are_wrapped_at_blanks),
        cmocka_unit_test(a_field_without_text_is_left_out),
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(a_column_that_is_empty_throughout_takes_no_room),
        cmocka_unit_test(a_long_name_is_cut_and_the_numbers_are_not),
        cmocka_unit_test(headings_are_underlined_to_their_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
