#include "cli/follow_reader.h"

/* A mark each so many seconds of log time or bytes; past the last, at a line like any other. */
#define MARK_SECONDS 10
#define MARK_BYTES ((guint64)256 << 10)
#define MARK_ANYWHERE_BYTES ((guint64)8 << 20)

#define SETTLE_US ((gint64)60 * G_USEC_PER_SEC)

static void take_event(const struct log_event *event, void *data)
{
    struct follow_reader *reader = data;

    if (reader->mute)
        return;
    log_writer_take(reader->writer, event);
    reader->told++;
}

void follow_reader_init(struct follow_reader *reader, const struct log_options *options,
                        struct log_writer *writer)
{
    *reader = (struct follow_reader){.writer = writer, .fed_at = g_get_monotonic_time()};
    reader->reader = log_reader_new(options, take_event, reader);
}

void follow_reader_clear(struct follow_reader *reader)
{
    g_clear_pointer(&reader->reader, log_reader_free);
}

void follow_reader_take(struct follow_reader *reader, const char *bytes, size_t length)
{
    log_reader_take(reader->reader, bytes, length);
    reader->fed_at = g_get_monotonic_time();
}

gint64 follow_reader_last_at(const struct follow_reader *reader)
{
    return log_reader_counts(reader->reader)->last_at;
}

void follow_reader_settle(struct follow_reader *reader, gint64 quiet_seconds)
{
    log_reader_settle(reader->reader,
                      follow_reader_last_at(reader) + quiet_seconds - FOLLOW_WAITS_SECONDS);
}

void follow_reader_settle_if_quiet(struct follow_reader *reader)
{
    gint64 now = g_get_monotonic_time();

    if (now - MAX(reader->fed_at, reader->settled) < SETTLE_US)
        return;
    reader->settled = now;
    follow_reader_settle(reader, (now - reader->fed_at) / G_USEC_PER_SEC);
}

static void mark_free(gpointer data)
{
    struct follow_mark *mark = data;

    g_free(mark->cursor);
    g_free(mark);
}

void follow_trail_init(struct follow_trail *trail)
{
    g_queue_init(&trail->marks);
    trail->total = 0;
}

void follow_trail_clear(struct follow_trail *trail)
{
    g_queue_clear_full(&trail->marks, mark_free);
}

bool follow_trail_wants(const struct follow_trail *trail, gint64 last_at, bool *anywhere)
{
    const struct follow_mark *last = g_queue_peek_tail((GQueue *)&trail->marks);

    *anywhere = last == NULL || trail->total - last->total >= MARK_ANYWHERE_BYTES;
    return *anywhere || trail->total - last->total >= MARK_BYTES ||
           last_at >= last->at + MARK_SECONDS;
}

/* Whether from this one on enough is read again. */
static bool is_far_back(const struct follow_trail *trail, const struct follow_mark *mark,
                        gint64 last_at)
{
    return trail->total - mark->total >= FOLLOW_CONTEXT_BYTES ||
           (mark->at != 0 && mark->at <= last_at - FOLLOW_CONTEXT_SECONDS);
}

void follow_trail_add(struct follow_trail *trail, struct follow_mark mark)
{
    g_queue_push_tail(&trail->marks, g_memdup2(&mark, sizeof mark));
    while (trail->marks.length > 1 && is_far_back(trail, trail->marks.head->next->data, mark.at))
        mark_free(g_queue_pop_head(&trail->marks));
}
