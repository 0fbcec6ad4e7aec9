#include "report/escape.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    const char *text, *expected;
};

static void check(char *(*escape)(const char *), const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        g_autofree char *escaped = escape(samples[i].text);
        assert_string_equal(escaped, samples[i].expected);
    }
}

static void no_control_character_reaches_a_terminal(void **state)
{
    static const struct sample samples[] = {
        {NULL, ""},
        {"", ""},
        {"plain text, 100 %", "plain text, 100 %"},
        {"M\xC3\xBCller \xE6\x97\xA5\xE6\x9C\xAC", "M\xC3\xBCller \xE6\x97\xA5\xE6\x9C\xAC"},
        {"\033[31mred", "\\x1B[31mred"},
        {"\033]0;title\007", "\\x1B]0;title\\x07"},
        {"a\r\nb\tc", "a\\x0D\\x0Ab\\x09c"},
        {"\x7F", "\\x7F"},
        {"\xC2\x9B"
         "31m",
         "\\x9B31m"},
        {"\xC2\x85", "\\x85"},
    };

    (void)state;
    check(escape_terminal, samples, G_N_ELEMENTS(samples));
}

static void no_text_is_hidden_or_turned_round(void **state)
{
    static const struct sample samples[] = {
        {"a\xE2\x80\xAEgpj", "a\\u{202E}gpj"},
        {"\xE2\x81\xA6x\xE2\x81\xA9", "\\u{2066}x\\u{2069}"},
        {"\xE2\x80\x8B", "\\u{200B}"},
        {"\xE2\x80\x8F", "\\u{200F}"},
        {"\xD8\x9C", "\\u{061C}"},
        {"\xEF\xBB\xBF", "\\u{FEFF}"},
        {"\xE2\x80\xA8", "\\u{2028}"},
        {"\xF3\xA0\x81\x81", "\\u{E0041}"},
        {"\xF3\xA0\x80\x80", "\\u{E0000}"},
        {"\xC2\xAD", "\\xAD"},
    };

    (void)state;
    check(escape_terminal, samples, G_N_ELEMENTS(samples));
}

static void invalid_bytes_become_replacement_characters(void **state)
{
    static const struct sample samples[] = {
        {"a\xFFz", "a\xEF\xBF\xBDz"},
        {"\xC3", "\xEF\xBF\xBD"},
        {"\xE2\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };

    (void)state;
    check(escape_terminal, samples, G_N_ELEMENTS(samples));
}

/* Any byte but NUL, at a length that a limit of ours would not let in. */
static void any_bytes_of_any_length_give_valid_text(void **state)
{
    const size_t length = 2 * 1024 * 1024;
    g_autofree char *text = g_malloc(length + 1);
    g_autofree char *escaped = NULL;
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)(seed >> 24 | (seed >> 24 == 0));
    }
    text[length] = '\0';
    escaped = escape_terminal(text);
    assert_true(g_utf8_validate(escaped, -1, NULL));
    for (const char *c = escaped; *c != '\0'; c = g_utf8_next_char(c))
        assert_false(g_unichar_iscntrl(g_utf8_get_char(c)));
}

static void a_header_value_stays_one_line_of_ascii(void **state)
{
    static const char *const texts[] = {
        "plain",         "a\r\nBcc: x@example.org", "\xE2\x80\xAE",
        "M\xC3\xBCller", "=?utf-8?q?x?=",           "\xFF\n\xFF",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *escaped = escape_header(texts[i]);
        assert_true(g_str_is_ascii(escaped));
        assert_null(strpbrk(escaped, "\r\n"));
    }
}

static void what_is_not_ascii_becomes_encoded_words(void **state)
{
    static const struct sample samples[] = {
        {"plain text", "plain text"},
        {"a\r\nBcc: x", "a\\x0D\\x0ABcc: x"},
        {"M\xC3\xBCller", "=?UTF-8?B?TcO8bGxlcg==?="},
        {"=?x?q?y?=", "=?UTF-8?B?PT94P3E/eT89?="},
    };

    (void)state;
    check(escape_header, samples, G_N_ELEMENTS(samples));
}

static void an_encoded_word_holds_whole_characters(void **state)
{
    g_autoptr(GString) text = g_string_new("x");
    g_autofree char *escaped = NULL;
    g_auto(GStrv) words = NULL;

    (void)state;
    for (int i = 0; i < 100; i++)
        g_string_append(text, "\xE6\x97\xA5");
    escaped = escape_header(text->str);
    words = g_strsplit(escaped, " ", -1);
    assert_true(g_strv_length(words) > 1);
    for (guint i = 0; words[i] != NULL; i++) {
        gsize length;
        g_autofree guchar *bytes = NULL;
        g_autofree char *coded = g_strndup(words[i] + 10, strlen(words[i]) - 12);
        assert_true(strlen(words[i]) <= 75);
        bytes = g_base64_decode(coded, &length);
        assert_true(g_utf8_validate((const char *)bytes, (gssize)length, NULL));
    }
}

static void a_shell_word_is_taken_literally(void **state)
{
    static const char *const texts[] = {"plain", "a b", "it's", "$(reboot)", "`x`;y", "", "a\nb"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *escaped = escape_shell(texts[i]);
        g_auto(GStrv) words = NULL;
        int count;
        assert_true(g_shell_parse_argv(escaped, &count, &words, NULL));
        assert_int_equal(count, 1);
        assert_string_equal(words[0], texts[i]);
        assert_true(*escaped == '\'');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_control_character_reaches_a_terminal),
        cmocka_unit_test(no_text_is_hidden_or_turned_round),
        cmocka_unit_test(invalid_bytes_become_replacement_characters),
        cmocka_unit_test(any_bytes_of_any_length_give_valid_text),
        cmocka_unit_test(a_header_value_stays_one_line_of_ascii),
        cmocka_unit_test(what_is_not_ascii_becomes_encoded_words),
        cmocka_unit_test(an_encoded_word_holds_whole_characters),
        cmocka_unit_test(a_shell_word_is_taken_literally),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
