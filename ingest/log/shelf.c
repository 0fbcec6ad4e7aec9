#include "ingest/log/shelf.h"
#include "ingest/log/envelope.h"
#include "ingest/log/source.h"
#include "ingest/unpack.h"
#include <string.h>

/* So much of a packed file is unpacked to see whether it is a log. */
#define HEAD_BYTES ((size_t)16 << 10)

/* Lines in which a time is looked for. */
#define HEAD_LINES 20

struct shelf {
    GPtrArray *logs; /* struct shelf_log *, sorted when the first is taken */
    guint next;
    bool sorted;
};

static void log_free(gpointer data)
{
    struct shelf_log *log = data;

    g_free(log->path);
    g_free(log);
}

struct shelf *shelf_new(void)
{
    struct shelf *shelf = g_new0(struct shelf, 1);

    shelf->logs = g_ptr_array_new_with_free_func(log_free);
    return shelf;
}

void shelf_free(struct shelf *shelf)
{
    if (shelf == NULL)
        return;
    g_ptr_array_unref(shelf->logs);
    g_free(shelf);
}

void shelf_add(struct shelf *shelf, const char *path, gint64 first_at, gint64 written_at)
{
    struct shelf_log *log = g_new0(struct shelf_log, 1);

    log->path = g_strdup(path);
    log->first_at = shelf->logs->len < SHELF_LOGS_MAX ? first_at : G_MAXINT64;
    log->written_at = written_at;
    log->number = shelf->logs->len;
    g_ptr_array_add(shelf->logs, log);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const struct shelf_log *first = *(const struct shelf_log *const *)a;
    const struct shelf_log *second = *(const struct shelf_log *const *)b;

    if (first->first_at != second->first_at)
        return first->first_at < second->first_at ? -1 : 1;
    if (first->written_at != second->written_at)
        return first->written_at < second->written_at ? -1 : 1;
    return first->number < second->number ? -1 : 1;
}

const struct shelf_log *shelf_next(struct shelf *shelf)
{
    if (!shelf->sorted)
        g_ptr_array_sort(shelf->logs, compare);
    shelf->sorted = true;
    return shelf->next < shelf->logs->len ? g_ptr_array_index(shelf->logs, shelf->next++) : NULL;
}

static gint64 first_time(const char *bytes, size_t length, gint64 file_time)
{
    struct envelope *envelope = envelope_new(NULL, file_time, file_time);
    const char *end = bytes + length;
    struct log_line line = {.at = 0};

    if (envelope_is_export(bytes, length)) {
        size_t entry = envelope_export_entry(bytes, length);
        if (entry > 0)
            envelope_take_export(envelope, bytes, entry, &line);
        end = bytes;
    }
    for (guint i = 0; i < HEAD_LINES && bytes < end && line.at == 0; i++) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *line_end = newline != NULL ? newline : end;
        envelope_take(envelope, bytes, (size_t)(line_end - bytes), &line);
        bytes = newline != NULL ? newline + 1 : end;
    }
    envelope_free(envelope);
    return line.at != 0 ? line.at : file_time;
}

static bool is_plain_log(const char *bytes, size_t length, bool whole, gint64 file_time,
                         gint64 *first_at)
{
    if (!envelope_sniff(bytes, length, whole))
        return false;
    *first_at = first_time(bytes, length, file_time);
    return true;
}

/* Unpacks the begin of what is packed. */
static bool is_packed_log(const void *bytes, size_t length, gint64 file_time, gint64 *first_at)
{
    struct log_source *source = log_source_new(-1, bytes, length);
    g_autofree char *head = g_malloc(HEAD_BYTES);
    size_t got = 0, more;
    bool is_log;

    while (got < HEAD_BYTES && (more = log_source_read(source, head + got, HEAD_BYTES - got)) > 0)
        got += more;
    is_log = is_plain_log(head, got, got < HEAD_BYTES, file_time, first_at);
    log_source_free(source);
    return is_log;
}

bool shelf_is_log(const void *bytes, size_t length, bool whole, gint64 file_time, gint64 *first_at)
{
    if (unpack_sniff(bytes, length) == UNPACK_GZIP || log_source_is_packed(bytes, length))
        return is_packed_log(bytes, length, file_time, first_at);
    return is_plain_log(bytes, length, whole, file_time, first_at);
}
