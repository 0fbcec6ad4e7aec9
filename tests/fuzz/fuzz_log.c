/*
 * A log of any kind through the reader, in one piece and again in pieces: both must tell the same,
 * and whatever is told must be sound.
 */
#include "ingest/limits.h"
#include "ingest/log/reader.h"
#include "schema/record.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define NOW 1795000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    guint64 sum; /* of what was told, in any order */
    guint64 events;
};

static void check_text(const char *text, size_t limit)
{
    CHECK(text == NULL || (strlen(text) <= limit && g_utf8_validate(text, -1, NULL)));
}

static guint64 mix(guint64 sum, const char *text)
{
    return sum * 31 + (text != NULL ? g_str_hash(text) : 0);
}

static void take(const struct log_event *event, void *data)
{
    struct told *told = data;
    guint64 sum = (guint64)event->kind + event->mark;

    check_text(event->host, LIMIT_TEXT_BYTES);
    check_text(event->domain, LIMIT_TEXT_BYTES);
    check_text(event->next_hop, LIMIT_TEXT_BYTES);
    check_text(event->mx, LIMIT_TEXT_BYTES);
    check_text(event->ip, LIMIT_TEXT_BYTES);
    check_text(event->queue_id, LIMIT_TEXT_BYTES);
    if (event->kind == LOG_EVENT_FAILURE) {
        check_text(event->dsn, LIMIT_TEXT_BYTES);
        check_text(event->reason, LIMIT_LOG_KEPT_BYTES);
        check_text(event->line, LIMIT_LOG_KEPT_BYTES);
        CHECK(strlen(failure_type_word(event->failure_type)) > 0);
        CHECK(event->direction == DIRECTION_OUT || event->domain == NULL || *event->domain == '\0');
    }
    sum = mix(mix(mix(mix(sum, event->domain), event->mx), event->ip), event->queue_id);
    told->sum += sum * UINT64_C(0x9e3779b97f4a7c15);
    told->events++;
}

static struct told read_log(const char *bytes, size_t size, size_t piece)
{
    const struct log_options options = {.now = NOW};
    struct told told = {0};
    struct log_reader *reader = log_reader_new(&options, take, &told);

    log_reader_begin(reader, NOW);
    while (size > 0) {
        size_t length = MIN(piece, size);
        log_reader_take(reader, bytes, length);
        bytes += length;
        size -= length;
    }
    log_reader_end(reader);
    log_reader_settle(reader, G_MAXINT64);
    CHECK(log_reader_counts(reader)->ours <= log_reader_counts(reader)->lines);
    log_reader_free(reader);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct told whole = read_log(bytes, size, size);
    struct told pieces = read_log(bytes, size, size > 3 ? size / 3 : 1);

    CHECK(whole.events == pieces.events && whole.sum == pieces.sum);
    return 0;
}
