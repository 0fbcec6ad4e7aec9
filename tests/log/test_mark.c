#include "ingest/log/mark.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define AT 1763632802

static struct span span(const char *text)
{
    return span_of(text, strlen(text));
}

static struct log_line line(const char *host, gint64 at, const char *program, gint64 pid,
                            const char *message)
{
    return (struct log_line){.at = at,
                             .host = span(host),
                             .program = span(program),
                             .pid = pid,
                             .message = span(message),
                             .repeats = 1};
}

static guint64 mark(struct log_marks *marks, struct log_line one)
{
    return log_marks_take(marks, &one);
}

static void the_same_line_has_the_same_mark_in_another_file(void **state)
{
    struct log_marks *one = log_marks_new(), *other = log_marks_new();
    struct log_line text = line("mx1.example.com", AT, "postfix/smtp", 7, "a message");
    guint64 first;

    (void)state;
    log_marks_begin(one);
    log_marks_begin(other);
    first = mark(one, text);
    assert_true(first == mark(other, text));
    log_marks_begin(one);
    assert_true(first == mark(one, text));
    log_marks_free(one);
    log_marks_free(other);
}

static void each_part_of_a_line_counts(void **state)
{
    struct log_marks *marks = log_marks_new();
    const struct log_line lines[] = {
        line("mx1", AT, "postfix/smtp", 7, "a message"),
        line("mx2", AT, "postfix/smtp", 7, "a message"),
        line("mx1", AT + 1, "postfix/smtp", 7, "a message"),
        line("mx1", AT, "postfix/smtpd", 7, "a message"),
        line("mx1", AT, "postfix/smtp", 8, "a message"),
        line("mx1", AT, "postfix/smtp", 7, "a messag"),
        line("", AT, "", 0, ""),
    };
    guint64 seen[G_N_ELEMENTS(lines)];

    (void)state;
    log_marks_begin(marks);
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        seen[i] = mark(marks, lines[i]);
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
    log_marks_free(marks);
}

static void a_host_is_its_first_label_whatever_its_case(void **state)
{
    struct log_marks *one = log_marks_new(), *other = log_marks_new();

    (void)state;
    assert_true(mark(one, line("MX1.example.com", AT, "p", 1, "m")) ==
                mark(other, line("mx1", AT, "p", 1, "m")));
    assert_true(mark(one, line("192.0.2.1", AT, "p", 1, "m")) !=
                mark(other, line("192.0.3.1", AT, "p", 1, "m")));
    log_marks_free(one);
    log_marks_free(other);
}

static void equal_lines_are_a_multiset(void **state)
{
    struct log_marks *one = log_marks_new(), *other = log_marks_new();
    struct log_line text = line("mx1", AT, "postfix/smtpd", 7, "SSL_accept error");
    struct log_line between = line("mx1", AT + 1, "postfix/smtpd", 7, "another");
    guint64 first = mark(one, text), second;

    (void)state;
    mark(one, between);
    second = mark(one, text);
    assert_true(first != second);
    assert_true(mark(other, text) == first);
    assert_true(mark(other, text) == second);
    assert_true(mark(other, text) != second);
    log_marks_free(one);
    log_marks_free(other);
}

static void a_flood_of_lines_costs_no_memory(void **state)
{
    struct log_marks *marks = log_marks_new();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    (void)state;
    for (guint i = 0; i < 4 * LOG_MARKS_MAX; i++) {
        g_autofree char *text = g_strdup_printf("message %u", i);
        guint64 one = mark(marks, line("mx1", AT, "p", 1, text));
        assert_true(g_hash_table_add(seen, g_memdup2(&one, sizeof one)));
    }
    log_marks_free(marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_line_has_the_same_mark_in_another_file),
        cmocka_unit_test(each_part_of_a_line_counts),
        cmocka_unit_test(a_host_is_its_first_label_whatever_its_case),
        cmocka_unit_test(equal_lines_are_a_multiset),
        cmocka_unit_test(a_flood_of_lines_costs_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
