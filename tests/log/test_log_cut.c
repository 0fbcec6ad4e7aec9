/* A log into the store, then parts of it: what is known changes nothing, wherever the cut is. */
#include "ingest/log/reader.h"
#include "schema/store_log.h"
#include "tests/schema/sample.h"

#define DATA "tests/data/logs/"

static void emit(const struct log_event *event, void *data)
{
    log_writer_take(data, event);
}

/* As if by a program of its own. */
static void read_log(struct store *store, const char *bytes, size_t length)
{
    const struct log_options options = {.now = SAMPLE_NOW};
    struct store_log_counts counts = {0};
    struct log_writer *writer = log_writer_new(store);
    struct log_reader *reader = log_reader_new(&options, emit, writer);
    GError *error = NULL;

    log_reader_begin(reader, SAMPLE_NOW);
    log_reader_look_ahead(reader, bytes, length);
    log_reader_take(reader, bytes, length);
    log_reader_end(reader);
    log_reader_settle(reader, G_MAXINT64);
    sample_ok(store_begin(store, &error), error);
    sample_ok(log_writer_write(writer, &error), error);
    sample_ok(store_commit(store, &error), error);
    log_writer_settle(writer, true, &counts);
    log_reader_free(reader);
    log_writer_free(writer);
}

static char *told(const struct sample *sample)
{
    g_autofree char *deliveries =
        sample_ask(sample, "SELECT * FROM deliveries ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
    g_autofree char *failures =
        sample_ask(sample, "SELECT at, host, mta, direction, queue_id, domain, next_hop, mx, ip, "
                           "outcome, result_type, failure_type, detail, reason, mail_effect, line, "
                           "level, tls_version, sessions, delay, dsn FROM log_failures "
                           "ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16");
    return g_strdup_printf("%s\n%s", deliveries, failures);
}

enum parts { HEADS, ALL_PARTS };

static void parts_change_nothing(const char *path, size_t step, enum parts parts)
{
    struct sample *sample = NULL;
    g_autofree char *log = NULL, *wanted = NULL;
    size_t length, line = 0;

    assert_true(g_file_get_contents(path, &log, &length, NULL));
    sample_setup((void **)&sample);
    read_log(sample->store, log, length);
    wanted = told(sample);
    for (const char *cut = log; (cut = strchr(cut, '\n')) != NULL && cut[1] != '\0'; line++) {
        size_t first = (size_t)(++cut - log);
        if (line % step != 0)
            continue;
        read_log(sample->store, log, first);
        if (parts == ALL_PARTS)
            read_log(sample->store, cut, length - first);
        g_autofree char *now = told(sample);
        if (strcmp(now, wanted) != 0)
            fail_msg("%s, cut behind line %zu:\n%s\ninstead of\n%s", path, line + 1, now, wanted);
    }
    assert_true(line > 20);
    sample_teardown((void **)&sample);
}

enum first { HEAD_FIRST, TAIL_FIRST };

/* In a store of its own for each cut: a part, then all of it, then the part again. */
static void a_part_may_come_first(const char *path, size_t step, enum first first)
{
    struct sample *sample = NULL;
    g_autofree char *log = NULL, *wanted = NULL;
    size_t length, line = 0;

    assert_true(g_file_get_contents(path, &log, &length, NULL));
    sample_setup((void **)&sample);
    read_log(sample->store, log, length);
    wanted = told(sample);
    sample_teardown((void **)&sample);
    for (const char *cut = log; (cut = strchr(cut, '\n')) != NULL && cut[1] != '\0'; line++) {
        size_t head = (size_t)(++cut - log);
        const char *part = first == HEAD_FIRST ? log : cut;
        size_t part_length = first == HEAD_FIRST ? head : length - head;

        if (line % step != 0)
            continue;
        sample_setup((void **)&sample);
        read_log(sample->store, part, part_length);
        read_log(sample->store, log, length);
        read_log(sample->store, part, part_length);
        g_autofree char *now = told(sample);
        if (strcmp(now, wanted) != 0)
            fail_msg("%s, cut behind line %zu:\n%s\ninstead of\n%s", path, line + 1, now, wanted);
        sample_teardown((void **)&sample);
    }
}

static void a_log_of_postfix_may_have_been_read_to_a_line_of_it(void **state)
{
    (void)state;
    a_part_may_come_first(DATA "postfix-3.11.6-requiretls.log", 1, HEAD_FIRST);
    a_part_may_come_first(DATA "postfix-3.5.27-matrix.log", 23, HEAD_FIRST);
}

static void a_log_of_postfix_may_have_been_read_from_a_line_of_it_on(void **state)
{
    (void)state;
    a_part_may_come_first(DATA "postfix-3.11.6-requiretls.log", 1, TAIL_FIRST);
}

static void a_log_of_exim_may_have_been_read_to_a_line_of_it(void **state)
{
    (void)state;
    a_part_may_come_first(DATA "exim-4.99.1-openssl-verbose-selectors.mainlog", 1, HEAD_FIRST);
}

static void a_part_of_a_log_of_postfix_adds_nothing(void **state)
{
    (void)state;
    parts_change_nothing(DATA "postfix-3.11.6-requiretls.log", 1, ALL_PARTS);
}

static void a_part_of_a_matrix_of_postfix_adds_nothing(void **state)
{
    (void)state;
    parts_change_nothing(DATA "postfix-3.5.27-matrix.log", 23, ALL_PARTS);
}

static void a_head_of_a_log_of_clients_adds_nothing(void **state)
{
    (void)state;
    parts_change_nothing(DATA "postfix-3.11.6-inbound.log", 1, HEADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_a_log_of_postfix_adds_nothing),
        cmocka_unit_test(a_part_of_a_matrix_of_postfix_adds_nothing),
        cmocka_unit_test(a_head_of_a_log_of_clients_adds_nothing),
        cmocka_unit_test(a_log_of_postfix_may_have_been_read_to_a_line_of_it),
        cmocka_unit_test(a_log_of_postfix_may_have_been_read_from_a_line_of_it_on),
        cmocka_unit_test(a_log_of_exim_may_have_been_read_to_a_line_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
