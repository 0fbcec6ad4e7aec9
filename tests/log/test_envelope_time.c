#include "ingest/log/envelope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka.h needs the ones above. */
#include <cmocka.h>

#define LINES_MAX 12

/* "2026-03-01T00:00:01Z" */
static gint64 seconds(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

    assert_non_null(time);
    return g_date_time_to_unix(time);
}

/* Lines of one file in turn, and what is found for each. */
struct file {
    const char *name;
    const char *zone;
    const char *file_time;
    bool look_ahead;
    struct {
        const char *stamp;
        const char *at;
    } lines[LINES_MAX];
};

static const struct file files[] = {
    {"the latest year not after the file's time",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"Mar 10 11:59:59", "2026-03-10T11:59:59Z"}}},
    {"later in the year is of the year before",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"Mar 12 11:59:59", "2025-03-12T11:59:59Z"}}},
    {"a clock that is wrong or in another zone is no year",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"Mar 10 23:00:00", "2026-03-10T23:00:00Z"}}},
    {"December to January",
     "UTC",
     "2026-01-03T12:00:00Z",
     false,
     {{"Dec 31 23:59:59", "2025-12-31T23:59:59Z"},
      {"Jan  1 00:00:00", "2026-01-01T00:00:00Z"},
      {"Jan  2 00:00:00", "2026-01-02T00:00:00Z"}}},
    {"lines out of order around New Year",
     "UTC",
     "2026-01-03T12:00:00Z",
     false,
     {{"Dec 31 23:59:59", "2025-12-31T23:59:59Z"},
      {"Jan  1 00:00:00", "2026-01-01T00:00:00Z"},
      {"Dec 31 23:59:58", "2025-12-31T23:59:58Z"},
      {"Jan  1 00:00:01", "2026-01-01T00:00:01Z"},
      {"Dec 31 23:59:59", "2025-12-31T23:59:59Z"},
      {"Jan  1 00:00:02", "2026-01-01T00:00:02Z"},
      {"Jan  5 00:00:02", "2026-01-05T00:00:02Z"}}},
    {"a file that begins with January out of order",
     "UTC",
     "2026-01-03T12:00:00Z",
     false,
     {{"Jan  1 00:00:00", "2026-01-01T00:00:00Z"}, {"Dec 31 23:59:58", "2025-12-31T23:59:58Z"}}},
    {"small steps back change no year",
     "UTC",
     "2026-05-03T12:00:00Z",
     false,
     {{"Mar  1 00:00:30", "2026-03-01T00:00:30Z"},
      {"Feb 28 23:59:30", "2026-02-28T23:59:30Z"},
      {"Mar  1 00:00:31", "2026-03-01T00:00:31Z"},
      {"Feb 27 23:59:30", "2026-02-27T23:59:30Z"},
      {"Apr  2 00:00:00", "2026-04-02T00:00:00Z"}}},
    {"a log that sleeps over New Year",
     "UTC",
     "2026-03-03T12:00:00Z",
     false,
     {{"Nov  5 10:00:00", "2025-11-05T10:00:00Z"}, {"Feb 20 10:00:00", "2026-02-20T10:00:00Z"}}},
    {"lines in no order are never of the future",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"Mar  5 10:00:00", "2026-03-05T10:00:00Z"},
      {"Nov  3 10:00:00", "2025-11-03T10:00:00Z"},
      {"Jan 12 10:00:00", "2026-01-12T10:00:00Z"},
      {"Jun  2 10:00:00", "2025-06-02T10:00:00Z"},
      {"Apr  2 10:00:00", "2025-04-02T10:00:00Z"},
      {"Dec 20 10:00:00", "2025-12-20T10:00:00Z"},
      {"Feb  2 10:00:00", "2026-02-02T10:00:00Z"}}},
    {"a log that is followed over New Year, past the time of its begin",
     "UTC",
     "2025-12-30T12:00:00Z",
     false,
     {{"Dec 30 11:00:00", "2025-12-30T11:00:00Z"},
      {"Jan  1 00:00:00", "2026-01-01T00:00:00Z"},
      {"Jan 20 00:00:00", "2026-01-20T00:00:00Z"},
      {"Mar  1 00:00:00", "2026-03-01T00:00:00Z"}}},
    {"several years, seen ahead",
     "UTC",
     "2026-01-03T12:00:00Z",
     true,
     {{"Nov  5 10:00:00", "2023-11-05T10:00:00Z"},
      {"Jan 12 10:00:00", "2024-01-12T10:00:00Z"},
      {"Dec 31 23:59:59", "2024-12-31T23:59:59Z"},
      {"Jan  1 00:00:01", "2025-01-01T00:00:01Z"},
      {"Dec 31 23:59:58", "2024-12-31T23:59:58Z"},
      {"Oct  1 00:00:01", "2025-10-01T00:00:01Z"},
      {"Jan  2 10:00:00", "2026-01-02T10:00:00Z"}}},
    {"a whole year and a day, seen ahead",
     "UTC",
     "2026-03-10T12:00:00Z",
     true,
     {{"Mar  9 10:00:00", "2025-03-09T10:00:00Z"},
      {"Dec  9 10:00:00", "2025-12-09T10:00:00Z"},
      {"Mar 10 11:00:00", "2026-03-10T11:00:00Z"}}},
    {"29 February is of a leap year",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"Feb 29 10:00:00", "2024-02-29T10:00:00Z"}, {"Mar  1 10:00:00", "2024-03-01T10:00:00Z"}}},
    {"29 February after other days",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"Feb 28 10:00:00", "2026-02-28T10:00:00Z"},
      {"Feb 29 10:00:00", "2024-02-29T10:00:00Z"},
      {"Mar  1 10:00:00", "2024-03-01T10:00:00Z"}}},
    {"29 February, seen ahead",
     "UTC",
     "2026-03-10T12:00:00Z",
     true,
     {{"Dec 28 10:00:00", "2023-12-28T10:00:00Z"},
      {"Feb 28 10:00:00", "2024-02-28T10:00:00Z"},
      {"Feb 29 10:00:00", "2024-02-29T10:00:00Z"},
      {"Mar  1 10:00:00", "2024-03-01T10:00:00Z"}}},
    {"the hour that comes not, and the one that comes twice",
     "CET-1CEST,M3.5.0,M10.5.0/3",
     "2025-12-10T12:00:00Z",
     false,
     {{"Mar 30 01:59:59", "2025-03-30T00:59:59Z"},
      {"Mar 30 02:30:00", "2025-03-30T01:30:00Z"},
      {"Mar 30 03:00:00", "2025-03-30T01:00:00Z"},
      {"Oct 26 01:59:59", "2025-10-25T23:59:59Z"},
      {"Oct 26 02:30:00", "2025-10-26T01:30:00Z"},
      {"Oct 26 02:30:00", "2025-10-26T01:30:00Z"},
      {"Oct 26 03:00:00", "2025-10-26T02:00:00Z"},
      {"Oct 26 02:00:00", "2025-10-26T01:00:00Z"}}},
    {"months of a language, and of one that nobody knows",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"дек 31 10:00:00", "2025-12-31T10:00:00Z"},
      {"янв 01 10:00:00", "2026-01-01T10:00:00Z"},
      {"фев 01 10:00:00", "2026-02-01T10:00:00Z"},
      {"ქარ 05 10:00:00", "2026-03-05T10:00:00Z"},
      {"ქარ 06 10:00:00", "2026-03-06T10:00:00Z"},
      {"фев 28 10:00:00", "2026-02-28T10:00:00Z"},
      {"ქარ 06 10:00:01", "2026-03-06T10:00:01Z"}}},
    {"a language that nobody knows begins by the file's time",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"ქარ 20 10:00:00", "2026-02-20T10:00:00Z"},
      {"გაზ 01 10:00:00", "2026-03-01T10:00:00Z"},
      {"ქარ 28 10:00:00", "2026-02-28T10:00:00Z"}}},
    {"one-digit and padded days are the same",
     "UTC",
     "2026-03-10T12:00:00Z",
     false,
     {{"Mar  3 10:00:00", "2026-03-03T10:00:00Z"},
      {"Mar 3 10:00:01", "2026-03-03T10:00:01Z"},
      {"Mar 03 10:00:02", "2026-03-03T10:00:02Z"},
      {"Mar  3 10:00:60", "2026-03-03T10:01:00Z"}}},
};

static void stamps_without_a_year_get_theirs_by_order_and_file_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        const struct file *file = &files[i];
        g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(file->zone);
        struct envelope *envelope = envelope_new(zone, seconds(file->file_time), 1);
        g_autoptr(GString) all = g_string_new(NULL);
        struct log_line line;

        for (size_t j = 0; j < LINES_MAX && file->lines[j].stamp != NULL; j++)
            g_string_append_printf(all, "%s mx1 postfix/smtp[7]: a\n", file->lines[j].stamp);
        if (file->look_ahead)
            envelope_look_ahead(envelope, all->str, all->len);
        const char *at = all->str;
        for (size_t j = 0; j < LINES_MAX && file->lines[j].stamp != NULL; j++) {
            size_t length = strcspn(at, "\n");
            assert_true(envelope_take(envelope, at, length, &line));
            if (line.at != seconds(file->lines[j].at))
                fail_msg("%s: line %zu: %" G_GINT64_FORMAT " in place of %s", file->name, j,
                         line.at, file->lines[j].at);
            assert_true(span_is(line.program, "postfix/smtp"));
            at += length + 1;
        }
        envelope_free(envelope);
    }
}

static void a_file_without_a_time_is_of_now(void **state)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    struct envelope *envelope = envelope_new(zone, 0, seconds("2020-06-01T00:00:00Z"));
    const char *text = "Jul  3 10:00:00 mx1 postfix/smtp[7]: a";
    struct log_line line;

    (void)state;
    assert_true(envelope_take(envelope, text, strlen(text), &line));
    assert_int_equal(line.at, seconds("2019-07-03T10:00:00Z"));
    envelope_free(envelope);
}

/* A cached day, second or zone must never show: each stamp alone and after any other. */
static void a_stamp_means_the_same_after_any_other(void **state)
{
    static const struct {
        const char *stamp, *at;
    } stamps[] = {
        {"Mar  3 10:00:00", "2025-03-03T09:00:00Z"},
        {"Mar  3 10:00:01", "2025-03-03T09:00:01Z"},
        {"Mar 3 11:00:01", "2025-03-03T10:00:01Z"},
        {"Mar 30 02:59:59", "2025-03-30T01:59:59Z"},
        {"Mar 30 10:00:00", "2025-03-30T08:00:00Z"},
        {"Mar 30 01:00:00", "2025-03-30T00:00:00Z"},
        {"Mar 3 2025 10:00:00", "2025-03-03T09:00:00Z"},
        {"2025-03-03T10:00:00", "2025-03-03T09:00:00Z"},
        {"2025-03-03T10:00:00Z", "2025-03-03T10:00:00Z"},
        {"2025-03-03T10:00:00.5+02:00", "2025-03-03T08:00:00Z"},
        {"2025-03-30T10:00:00", "2025-03-30T08:00:00Z"},
        {"2025-03-03 10:00:00", "2025-03-03T09:00:00Z"},
        {"mär  3 10:00:00", "2025-03-03T09:00:00Z"},
        {"Mon 2025-03-03 10:00:00 CEST", "2025-03-03T08:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(stamps); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(stamps); j++) {
            g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("CET-1CEST,M3.5.0,M10.5.0/3");
            struct envelope *envelope = envelope_new(zone, seconds("2025-06-01T00:00:00Z"), 1);
            const size_t order[] = {i, j, i};
            struct log_line line;
            for (size_t k = 0; k < G_N_ELEMENTS(order); k++) {
                g_autofree char *text =
                    g_strdup_printf("%s mx1 postfix/smtp[7]: a", stamps[order[k]].stamp);
                assert_true(envelope_take(envelope, text, strlen(text), &line));
                if (line.at != seconds(stamps[order[k]].at))
                    fail_msg("%s after %s: %" G_GINT64_FORMAT, text, stamps[i].stamp, line.at);
            }
            envelope_free(envelope);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_without_a_year_get_theirs_by_order_and_file_time),
        cmocka_unit_test(a_file_without_a_time_is_of_now),
        cmocka_unit_test(a_stamp_means_the_same_after_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
