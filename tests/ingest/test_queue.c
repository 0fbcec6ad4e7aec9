#include "ingest/limits.h"
#include "ingest/queue.h"
#include "schema/error.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

/* What was given, one line for each recipient. */
static void note(const struct queued_message *message, void *data)
{
    g_string_append_printf(data, "%s %s %" G_GINT64_FORMAT " %s|%s\n",
                           message->queue_name != NULL ? message->queue_name : "-",
                           message->queue_id, message->arrived_at,
                           message->domain != NULL ? message->domain : "-",
                           message->reason != NULL ? message->reason : "-");
}

static char *read_text(const char *text, gssize length, struct queue_counts *counts)
{
    g_autofree char *path = NULL;
    GString *out = g_string_new(NULL);
    int fd = g_file_open_tmp("tlstriage-queue-XXXXXX", &path, NULL);

    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(path, text, length, NULL));
    *counts = (struct queue_counts){0};
    assert_true(queue_read(path, note, out, counts, NULL));
    g_unlink(path);
    return g_string_free(out, FALSE);
}

static const char good[] =
    "{\"queue_name\": \"deferred\", \"queue_id\": \"4XyZ123\", \"arrival_time\": 1795348800, "
    "\"message_size\": 352, \"forced_expire\": false, \"sender\": \"me@our.example\", "
    "\"recipients\": [{\"address\": \"one@A.Example\", \"delay_reason\": \"Server certificate not "
    "verified\"}, {\"address\": \"two@b.example\"}]}\n"
    "{\"queue_name\": \"active\", \"queue_id\": \"4XyZ124\", \"arrival_time\": 1795348801, "
    "\"recipients\": [{\"address\": \"x@c.example\", \"delay_reason\": \"host mx.c.example said: "
    "450 <x@c.example>: later\"}]}\n";

static void each_recipient_is_given_with_its_domain_and_reason(void **state)
{
    struct queue_counts counts;
    g_autofree char *out = read_text(good, -1, &counts);

    (void)state;
    assert_string_equal(out, "deferred 4XyZ123 1795348800 a.example|Server certificate not "
                             "verified\n"
                             "deferred 4XyZ123 1795348800 b.example|-\n"
                             "active 4XyZ124 1795348801 c.example|host mx.c.example said: 450 "
                             "<@c.example>: later\n");
    assert_int_equal(counts.messages, 2);
    assert_int_equal(counts.unreadable, 0);
}

static void no_local_part_of_an_address_is_given(void **state)
{
    struct queue_counts counts;
    g_autofree char *out = read_text(good, -1, &counts);

    (void)state;
    assert_null(strstr(out, "one@"));
    assert_null(strstr(out, "x@"));
    assert_null(strstr(out, "our.example"));
}

static void what_is_no_message_is_counted_and_the_rest_is_read(void **state)
{
    static const char *const bad[] = {
        "Mail queue is empty",
        "[1,2,3]",
        "{}",
        "{\"queue_id\": 7, \"recipients\": []}",
        "{\"queue_id\": \"A\"}",
        "{\"queue_id\": \"A\", \"recipients\": {}}",
        "{\"queue_id\": \"A\", \"recipients\": [",
        "{\"queue_id\": \"\\udc00\", \"recipients\": []}",
        "\xff\xfe",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf("%s\n\n%s", bad[i], good);
        struct queue_counts counts;
        g_autofree char *out = read_text(text, -1, &counts);
        if (counts.messages != 2 || counts.unreadable != 1)
            fail_msg("%s: %u messages, %u unreadable", bad[i], (guint)counts.messages,
                     (guint)counts.unreadable);
    }
}

static void odd_values_do_no_harm(void **state)
{
    static const char text[] = "{\"queue_name\": null, \"queue_id\": \"A\", \"arrival_time\": "
                               "\"x\", \"recipients\": [1, null, {\"address\": 5}, "
                               "{\"address\": \"nobody\", \"delay_reason\": [] }, "
                               "{\"address\": \"@\", \"delay_reason\": \"\"}]}";
    struct queue_counts counts;
    g_autofree char *out = read_text(text, -1, &counts);

    (void)state;
    assert_int_equal(counts.messages, 1);
    assert_string_equal(out, "- A 0 -|-\n- A 0 -|-\n- A 0 -|-\n- A 0 -|-\n- A 0 -|-\n");
}

static void an_endless_line_is_left_out_and_the_next_is_read(void **state)
{
    g_autofree char *filler = g_strnfill(LIMIT_QUEUE_LINE_BYTES + 100, ' ');
    g_autofree char *text = g_strconcat("{", filler, "}\n", good, NULL);
    struct queue_counts counts;
    g_autofree char *out = read_text(text, -1, &counts);

    (void)state;
    assert_int_equal(counts.unreadable, 1);
    assert_int_equal(counts.messages, 2);
}

static void bytes_of_nul_end_nothing(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct queue_counts counts;
    g_autofree char *out = NULL;

    (void)state;
    g_string_append_len(text, "{\0}\n", 4);
    g_string_append(text, good);
    out = read_text(text->str, (gssize)text->len, &counts);
    assert_int_equal(counts.unreadable, 1);
    assert_int_equal(counts.messages, 2);
}

static void an_empty_queue_is_no_message(void **state)
{
    struct queue_counts counts;
    g_autofree char *out = read_text("", 0, &counts);

    (void)state;
    assert_string_equal(out, "");
    assert_int_equal(counts.messages + counts.unreadable, 0);
}

static void what_cannot_be_read_is_an_error(void **state)
{
    static const char *const paths[] = {"/nonexistent/queue", "/"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        struct queue_counts counts = {0};
        g_autoptr(GError) error = NULL;
        assert_false(queue_read(paths[i], note, NULL, &counts, &error));
        assert_true(g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_INPUT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_is_given_with_its_domain_and_reason),
        cmocka_unit_test(no_local_part_of_an_address_is_given),
        cmocka_unit_test(what_is_no_message_is_counted_and_the_rest_is_read),
        cmocka_unit_test(odd_values_do_no_harm),
        cmocka_unit_test(an_endless_line_is_left_out_and_the_next_is_read),
        cmocka_unit_test(bytes_of_nul_end_nothing),
        cmocka_unit_test(an_empty_queue_is_no_message),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
