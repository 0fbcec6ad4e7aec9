/* RFC 6587: lines without ends, each behind the count of its octets. */
#include "ingest/limits.h"
#include "tests/log/direct.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SENDER "<22>1 2025-01-01T10:00:00Z out postfix/smtp 7 - - "

static const char *const messages[] = {
    SENDER "SSL_connect error to mx.b.example[192.0.2.1]:25: -1",
    SENDER "4AAAA1111A: to=<u@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1, "
           "delays=1/0/0.1/0, dsn=4.7.5, status=deferred (Cannot start TLS: handshake failure)",
    SENDER "Verified TLS connection established to mx.c.example[192.0.2.2]:25: TLSv1.3 with cipher "
           "TLS_AES_256_GCM_SHA384 (256/256 bits)",
    "<22>Jan  1 10:00:01 out postfix/smtp[7]: 4BBBB2222B: to=<u@c.example>, "
    "relay=mx.c.example[192.0.2.2]:25, delay=1, delays=1/0/0.1/0, dsn=2.0.0, status=sent (250 ok)",
};

static GString *lines_of(void)
{
    GString *log = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++)
        g_string_append_printf(log, "%s\n", messages[i]);
    return log;
}

static GString *counted_of(const char *end)
{
    GString *log = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++)
        g_string_append_printf(log, "%zu %s%s", strlen(messages[i]) + strlen(end), messages[i],
                               end);
    return log;
}

/* What the log makes the reader emit where it comes in pieces of `step` bytes. */
static char *read_by(const GString *log, size_t step)
{
    struct log_options options = {.zone = g_time_zone_new_utc(), .now = DIRECT_FILE_TIME + 86400};
    struct direct direct = {.events = g_string_new(NULL)};
    struct log_reader *reader = log_reader_new(&options, direct_emit, &direct);

    log_reader_begin(reader, options.now);
    for (size_t at = 0; at < log->len; at += step)
        log_reader_take(reader, log->str + at, MIN(step, log->len - at));
    log_reader_end(reader);
    log_reader_settle(reader, G_MAXINT64);
    log_reader_free(reader);
    g_time_zone_unref(options.zone);
    return g_string_free(direct.events, FALSE);
}

static void they_give_what_lines_give(void **state)
{
    static const size_t steps[] = {1, 7, 64, 1000, 100000};
    g_autoptr(GString) lines = lines_of();
    g_autofree char *wanted = read_by(lines, lines->len);

    (void)state;
    assert_non_null(strstr(wanted, "failure: at=1735725600 out validation-failure"));
    assert_non_null(strstr(wanted, "verified TLSv1.3"));
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(GString) counted = counted_of("");
        g_autoptr(GString) with_ends = counted_of("\n");
        g_autofree char *events = read_by(counted, steps[i]);
        g_autofree char *events_with_ends = read_by(with_ends, steps[i]);
        assert_string_equal(events, wanted);
        assert_string_equal(events_with_ends, wanted);
    }
}

static void counts_before_whole_lines_are_dropped(void **state)
{
    g_autoptr(GString) lines = lines_of();
    g_autoptr(GString) counted = g_string_new(NULL);
    g_autofree char *wanted = read_by(lines, lines->len);
    g_autofree char *events = NULL;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++)
        g_string_append_printf(counted, "%zu %s\n", strlen(messages[i]), messages[i]);
    events = read_by(counted, 100);
    assert_string_equal(events, wanted);
}

static void what_is_no_entry_ends_with_its_line(void **state)
{
    g_autoptr(GString) lines = lines_of();
    g_autoptr(GString) counted = counted_of("");
    g_autofree char *wanted = read_by(lines, lines->len);
    g_autofree char *events = NULL;

    (void)state;
    g_string_insert(counted, (gssize)(strlen("101 ") + strlen(messages[0])),
                    "999999 <22>too long\n12 not one\n\n");
    events = read_by(counted, 50);
    assert_string_equal(events, wanted);
}

static void pieces_give_what_the_whole_gives(void **state)
{
    static const size_t counts[] = {60, 4000, 4090, 4091, 4092, 4999, 5001};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(GString) log = g_string_new(NULL);
        g_string_append_printf(log, "%zu <22>a\nb\n", counts[i]);
        while (log->len < 5000)
            g_string_append(log, "20 <22>Jan  1 10:00\n101 ");
        g_string_append_printf(log, "%s\n", messages[0]);
        g_autofree char *whole = read_by(log, log->len);
        for (size_t step = 1; step < 5000; step += 13) {
            g_autofree char *pieces = read_by(log, step);
            if (strcmp(pieces, whole) != 0)
                fail_msg("count %zu, by %zu: %s instead of %s", counts[i], step, pieces, whole);
        }
    }
}

#define EXPORT_BEGIN(program)                                                                      \
    "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1735725600000000\n_HOSTNAME=out\n"                         \
    "SYSLOG_IDENTIFIER=" program "\n"
#define EXPORT_FAILURE                                                                             \
    "MESSAGE=4AAAA1111A: to=<u@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1, "            \
    "delays=1/0/0.1/0, dsn=4.7.4, status=deferred (TLS is required, but was not offered by host "  \
    "mx.b.example[192.0.2.1])\n\n"

/* What a program logs, say a request of a stranger, is one value, however long it is. */
static void a_value_past_the_limit_holds_no_entries(void **state)
{
    static const size_t steps[] = {4096, 65536, 10000000};
    g_autoptr(GString) value = g_string_new(NULL);
    g_autoptr(GString) log = g_string_new(EXPORT_BEGIN("web") "MESSAGE\n");
    guint64 size;

    (void)state;
    while (value->len < 2 * LIMIT_JOURNAL_ENTRY_BYTES)
        g_string_append(value, "x\n\n" EXPORT_BEGIN("postfix/smtp") EXPORT_FAILURE);
    size = GUINT64_TO_LE((guint64)value->len);
    g_string_append_len(log, (const char *)&size, sizeof size);
    g_string_append_len(log, value->str, (gssize)value->len);
    g_string_append(log, "\n_PID=1\n\n" EXPORT_BEGIN("postfix/smtp") EXPORT_FAILURE);
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *events = read_by(log, steps[i]);
        g_auto(GStrv) lines = g_strsplit(events, "\n", -1);
        assert_int_equal(g_strv_length(lines), 3); /* a session, its failure, and the end */
    }
}

static void a_count_that_lies_does_no_harm(void **state)
{
    static const char *const begins[] = {"9 <22>a",     "0 <",  "65536 <22>1",
                                         "65537 <22>1", "1 <9", "999999 <"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++) {
        g_autoptr(GString) log = g_string_new(NULL);
        while (log->len < 300000)
            g_string_append(log, begins[i]);
        g_autofree char *whole = read_by(log, log->len);
        g_autofree char *parts = read_by(log, 1000);
        assert_string_equal(whole, "");
        assert_string_equal(parts, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_give_what_lines_give),
        cmocka_unit_test(counts_before_whole_lines_are_dropped),
        cmocka_unit_test(what_is_no_entry_ends_with_its_line),
        cmocka_unit_test(pieces_give_what_the_whole_gives),
        cmocka_unit_test(a_value_past_the_limit_holds_no_entries),
        cmocka_unit_test(a_count_that_lies_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
