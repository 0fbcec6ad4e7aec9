/*
 * A log, line by line and as an export of journald: whatever is in it, each line gives spans that
 * can be read, the same ones each time, and an entry ends where it says.
 */
#include "ingest/limits.h"
#include "ingest/log/envelope.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define FILE_TIME 1773144000 /* 2026-03-10 12:00:00 UTC */
#define LAST_TIME G_GINT64_CONSTANT(253402387200) /* 10000-01-02: with any zone */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint64 add_span(guint64 sum, struct span span)
{
    CHECK(span.length == 0 || span.at != NULL);
    for (size_t i = 0; i < span.length; i++)
        sum = sum * 31 + (unsigned char)span.at[i];
    return sum * 31 + span.length;
}

static guint64 add_line(guint64 sum, const struct log_line *line)
{
    CHECK(line->repeats >= 1);
    CHECK(line->pid >= 0);
    CHECK(line->at >= 0 && line->at < LAST_TIME);
    sum = add_span(sum, line->host);
    sum = add_span(sum, line->program);
    sum = add_span(sum, line->message);
    sum = add_span(sum, line->whole);
    return sum * 31 + (guint64)line->at + line->repeats + (guint64)line->pid;
}

static struct envelope *open_one(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("CET-1CEST,M3.5.0,M10.5.0/3");

    return envelope_new(zone, FILE_TIME, FILE_TIME);
}

static guint64 sum_of_lines(const char *text, size_t size, bool look_ahead)
{
    struct envelope *envelope = open_one();
    const char *end = text + size;
    guint64 sum = 0;

    if (look_ahead)
        envelope_look_ahead(envelope, text, size);
    for (const char *at = text; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        struct log_line line;
        bool taken = envelope_take(envelope, at, (size_t)(stop - at), &line);
        CHECK(taken == (line.message.length > 0));
        sum = add_line(sum, &line) + taken;
        if (taken && envelope_unwrap(envelope, &line))
            sum = add_line(sum, &line);
        at = stop + 1;
    }
    envelope_free(envelope);
    return sum;
}

static void check_export(const char *text, size_t size)
{
    struct envelope *envelope = open_one();
    struct log_line line;

    while (size > 0) {
        size_t length = envelope_export_entry(text, size);
        CHECK(length <= size && length <= LIMIT_JOURNAL_ENTRY_BYTES);
        if (length == 0)
            length = size;
        envelope_take_export(envelope, text, length, &line);
        add_line(0, &line);
        text += length;
        size -= length;
    }
    envelope_free(envelope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of just its size: a sanitizer sees any step past its end. */
    char *text = calloc(1, size + (size == 0));

    if (size > 0)
        memcpy(text, data, size);
    envelope_sniff(text, size, true);
    envelope_sniff(text, size, false);
    envelope_is_export(text, size);
    CHECK(sum_of_lines(text, size, false) == sum_of_lines(text, size, false));
    sum_of_lines(text, size, true);
    check_export(text, size);
    free(text);
    return 0;
}
