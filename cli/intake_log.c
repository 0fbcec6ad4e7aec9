#include "cli/intake_log.h"
#include "schema/error.h"
#include <string.h>

/* A log of up to this size is looked at as a whole first, for its years. */
#define WHOLE_BYTES ((size_t)4 << 20)

/* The reading thread is so far ahead. */
#define BLOCK_BYTES ((size_t)256 << 10)
#define BLOCKS 6

/* A log whose last line is no older may go on: what waits for its next line is told when the log is
   read again, since it is known then how it went. */
#define LIVE_SECONDS 3600
#define WAITS_SECONDS 600

struct block {
    struct log_batch *batch;
    size_t length; /* 0: the end */
    char bytes[BLOCK_BYTES];
};

struct intake_log {
    struct cli *cli;
    struct intake_log_counts *counts;
    struct log_reader *reader;
    struct log_writer *writer;
    const char *name;          /* of the log that is read */
    struct log_source *source; /* that the thread reads and splits */
    const char *head;          /* what was read of it before */
    size_t head_length;
    GAsyncQueue *full; /* struct block * */
    GAsyncQueue *empty;
};

static void take_event(const struct log_event *event, void *data)
{
    struct intake_log *intake = data;

    log_writer_take(intake->writer, event);
}

bool intake_log_note(struct store *store, const struct log_reader *reader, GError **error)
{
    const GPtrArray *hosts = log_reader_hosts(reader);

    for (guint i = 0; i < hosts->len; i++) {
        const struct log_host *host = g_ptr_array_index(hosts, i);
        if (host->first_at != 0 &&
            !store_note_log(store, host->name, host->carrier, host->first_at, host->last_at, error))
            return false;
    }
    return true;
}

static bool write_log(struct store *store, struct log_writer *writer,
                      const struct log_reader *reader, struct store_log_counts *counts,
                      GError **error)
{
    bool ok;

    if (!store_begin(store, error)) {
        log_writer_settle(writer, false, counts);
        return false;
    }
    ok = intake_log_note(store, reader, error) && log_writer_write(writer, error) &&
         store_commit(store, error);
    if (!ok)
        store_rollback(store);
    log_writer_settle(writer, ok, counts);
    return ok;
}

/* Whether another way to the log of that host was read in this run. */
static bool came_otherwise(const struct intake_log *intake, const struct log_host *host)
{
    const GPtrArray *hosts = log_reader_hosts(intake->reader);

    for (guint i = 0; i < hosts->len; i++) {
        const struct log_host *other = g_ptr_array_index(hosts, i);
        if (other->carrier != host->carrier && other->first_at != 0 &&
            store_is_log_host(other->name, host->name))
            return true;
    }
    return false;
}

/* The store knows what was written only. Where it fails here, so does the next write. */
static bool admit(const struct log_host *host, void *data)
{
    struct intake_log *intake = data;
    struct store *store = intake->cli->store;
    g_autoptr(GError) error = NULL;

    if (came_otherwise(intake, host) &&
        !write_log(store, intake->writer, intake->reader, &intake->counts->stored, &error))
        return true;
    if (store_may_take_log(store, host->name, host->carrier, host->first_at, host->last_at,
                           &error) ||
        !g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_TWICE))
        return true;
    cli_complain(intake->cli, "%s: %s", intake->name, error->message);
    intake->counts->refused++;
    return false;
}

static struct block *block_new(void)
{
    struct block *block = g_new(struct block, 1);

    block->batch = log_batch_new();
    return block;
}

static void block_free(gpointer data)
{
    struct block *block = data;

    log_batch_free(block->batch);
    g_free(block);
}

struct intake_log *intake_log_new(struct cli *cli, const struct log_options *options,
                                  struct intake_log_counts *counts)
{
    struct intake_log *intake = g_new0(struct intake_log, 1);

    intake->cli = cli;
    intake->counts = counts;
    intake->writer = log_writer_new(cli->store);
    if (cli->now_text != NULL)
        log_writer_set_time(intake->writer, cli->now);
    intake->reader = log_reader_new(options, take_event, intake);
    log_reader_set_admission(intake->reader, admit, intake);
    intake->full = g_async_queue_new();
    intake->empty = g_async_queue_new_full(block_free);
    for (guint i = 0; i < BLOCKS; i++)
        g_async_queue_push(intake->empty, block_new());
    return intake;
}

void intake_log_free(struct intake_log *intake)
{
    if (intake == NULL)
        return;
    log_reader_free(intake->reader);
    log_writer_free(intake->writer);
    g_async_queue_unref(intake->full);
    g_async_queue_unref(intake->empty);
    g_free(intake);
}

static bool write_if(struct intake_log *intake, bool due, GError **error)
{
    return !due || write_log(intake->cli->store, intake->writer, intake->reader,
                             &intake->counts->stored, error);
}

static size_t read_block(struct intake_log *intake, char *bytes)
{
    size_t length = MIN(intake->head_length, BLOCK_BYTES);

    if (length == 0)
        return log_source_read(intake->source, bytes, BLOCK_BYTES);
    memcpy(bytes, intake->head, length);
    intake->head += length;
    intake->head_length -= length;
    return length;
}

static gpointer read_ahead(gpointer data)
{
    struct intake_log *intake = data;
    struct block *block;

    do {
        size_t length;
        block = g_async_queue_pop(intake->empty);
        length = read_block(intake, block->bytes);
        block->length = length;
        log_reader_split(intake->reader, block->bytes, length, block->batch);
        g_async_queue_push(intake->full, block);
        if (length == 0)
            break;
    } while (true);
    return NULL;
}

/* What the thread reads; after a failure of the store the rest is only read to its end. */
static bool take_blocks(struct intake_log *intake, intake_log_progress_fn progress, void *data,
                        GError **error)
{
    GThread *thread = g_thread_new("read-log", read_ahead, intake);
    bool ok = true;
    size_t length;

    do {
        struct block *block = g_async_queue_pop(intake->full);
        length = block->length;
        if (ok) {
            log_reader_tell(intake->reader, block->batch);
            ok = write_if(intake, log_writer_is_full(intake->writer), error);
        } else {
            log_batch_clear(block->batch);
        }
        g_async_queue_push(intake->empty, block);
        if (progress != NULL)
            progress(data);
    } while (length > 0);
    g_thread_join(thread);
    return ok;
}

/* *whole: the log ends within WHOLE_BYTES. */
static size_t read_head(struct log_source *source, char *bytes, bool *whole)
{
    size_t length = 0, got = 1;

    while (length < WHOLE_BYTES && got > 0) {
        got = log_source_read(source, bytes + length, MIN(WHOLE_BYTES - length, BLOCK_BYTES));
        length += got;
    }
    *whole = got == 0;
    return length;
}

bool intake_log_take(struct intake_log *intake, const struct unit *unit,
                     intake_log_progress_fn progress, void *data, GError **error)
{
    bool may_wait = unit->time == 0; /* a pipe: what came is not held back for what may come */
    g_autofree char *head = NULL;
    bool whole = false, ok;

    intake->counts->logs++;
    intake->source = unit->log;
    intake->name = unit->source;
    log_reader_begin(intake->reader, unit->time);
    intake->head_length = 0;
    if (!may_wait && !log_source_is_over(unit->log, WHOLE_BYTES)) {
        head = g_malloc(WHOLE_BYTES);
        intake->head = head;
        intake->head_length = read_head(unit->log, head, &whole);
    }
    if (whole) {
        log_reader_look_ahead(intake->reader, head, intake->head_length);
        log_reader_take(intake->reader, head, intake->head_length);
        ok = write_if(intake, log_writer_is_full(intake->writer), error);
    } else {
        ok = take_blocks(intake, progress, data, error);
    }
    if (ok)
        log_reader_end(intake->reader);
    intake->counts->lines = *log_reader_counts(intake->reader);
    return ok;
}

bool intake_log_finish(struct intake_log *intake, GError **error)
{
    gint64 last_at = log_reader_counts(intake->reader)->last_at;
    bool goes_on = last_at > intake->cli->now - LIVE_SECONDS;

    log_reader_settle(intake->reader, goes_on ? last_at - WAITS_SECONDS : G_MAXINT64);
    return write_if(intake, true, error);
}
