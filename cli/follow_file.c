#include "cli/follow_file.h"
#include <string.h>
#include <sys/stat.h>

/* One of the files that the log was or is: rotated ones stay as long as they are read again. */
struct run {
    guint number;
    struct log_position place; /* without texts */
    guint64 known_until;       /* lines before were read by an earlier run of the program */
    bool ended;
    gint64 ended_at; /* log time */
};

struct follow_file {
    char *path;
    struct tail *tail;
    struct follow_reader reader;
    struct follow_trail trail;
    bool is_new;         /* the store has no position of it */
    GQueue runs;         /* struct run *, the last is read */
    guint64 known_until; /* of the next file that begins: that of the position; else 0 */
    gint64 first_at;     /* log time before the lines that are read again */
    gint64 mute_until;   /* log time; 0: not known yet */
    bool moved;
    guint numbers;
};

struct follow_file *follow_file_new(const char *path, const struct log_options *options,
                                    struct log_writer *writer, const struct log_position *position,
                                    bool from_end)
{
    struct follow_file *file = g_new0(struct follow_file, 1);

    file->path = g_strdup(path);
    file->tail = tail_new(path);
    follow_reader_init(&file->reader, options, writer);
    follow_trail_init(&file->trail);
    g_queue_init(&file->runs);
    file->is_new = position == NULL;
    if (position != NULL && tail_resume(file->tail, position))
        file->known_until = position->offset;
    else if (position == NULL && from_end)
        tail_skip(file->tail);
    return file;
}

void follow_file_free(struct follow_file *file)
{
    if (file == NULL)
        return;
    tail_free(file->tail);
    follow_reader_clear(&file->reader);
    follow_trail_clear(&file->trail);
    g_queue_clear_full(&file->runs, g_free);
    g_free(file->path);
    g_free(file);
}

static void set_place(struct run *run, const struct tail_piece *piece)
{
    run->place.device = piece->device;
    run->place.inode = piece->inode;
    run->place.head_hash = piece->head_hash;
    run->place.head_length = piece->head_length;
}

static void begin_run(struct follow_file *file, const struct tail_piece *piece)
{
    struct run *run = g_new0(struct run, 1);
    gint64 last_at = follow_reader_last_at(&file->reader);

    run->number = file->numbers++;
    run->known_until = file->known_until;
    run->place.offset = MAX(piece->offset, run->known_until);
    set_place(run, piece);
    g_queue_push_tail(&file->runs, run);
    file->known_until = 0;
    log_reader_begin(file->reader.reader, piece->time);
    follow_trail_add(&file->trail, (struct follow_mark){.at = last_at,
                                                        .total = file->trail.total,
                                                        .offset = piece->offset,
                                                        .file = run->number});
    file->reader.mute = true;
    follow_reader_take(&file->reader, piece->bytes, piece->length);
    file->first_at = follow_reader_last_at(&file->reader);
    file->reader.mute = piece->offset < run->known_until;
    file->moved = true;
}

/* Of the lines that were read before, only those of FOLLOW_WAITS_SECONDS need no telling. */
static void end_mute(struct follow_file *file, const struct run *run, guint64 offset)
{
    gint64 last_at = follow_reader_last_at(&file->reader);

    if (file->mute_until == 0 && last_at > file->first_at)
        file->mute_until = last_at + FOLLOW_WAITS_SECONDS;
    file->reader.mute =
        offset < run->known_until && (file->mute_until == 0 || last_at < file->mute_until);
}

/* How many bytes are taken at once: all, or to the end of a line where something hangs on it. */
static size_t next_length(const struct follow_file *file, const struct run *run, const char *bytes,
                          size_t length, guint64 offset, bool by_line)
{
    const char *newline = by_line ? memchr(bytes, '\n', length) : NULL;
    size_t next = newline != NULL ? (size_t)(newline + 1 - bytes) : length;

    return file->reader.mute ? (size_t)MIN(next, run->known_until - offset) : next;
}

static void take_bytes(struct follow_file *file, struct run *run, const struct tail_piece *piece)
{
    const char *bytes = piece->bytes;
    size_t left = piece->length;
    guint64 offset = piece->offset - left;

    while (left > 0) {
        gint64 before = follow_reader_last_at(&file->reader), last_at;
        guint64 line = offset - log_reader_pending(file->reader.reader);
        bool anywhere, wants = follow_trail_wants(&file->trail, before, &anywhere);
        size_t length = next_length(file, run, bytes, left, offset, wants || file->reader.mute);

        follow_reader_take(&file->reader, bytes, length);
        last_at = follow_reader_last_at(&file->reader);
        if (wants && (last_at > before || (anywhere && bytes[length - 1] == '\n')))
            follow_trail_add(&file->trail, (struct follow_mark){.at = last_at,
                                                                .total = file->trail.total,
                                                                .offset = line,
                                                                .file = run->number});
        bytes += length;
        left -= length;
        offset += length;
        file->trail.total += length;
        if (file->reader.mute)
            end_mute(file, run, offset);
    }
    run->place.offset = MAX(offset - log_reader_pending(file->reader.reader), run->known_until);
}

static void end_run(struct follow_file *file, struct run *run, const struct tail_piece *piece)
{
    log_reader_end(file->reader.reader);
    file->reader.mute = false;
    run->place.offset = piece->offset;
    run->ended = true;
    run->ended_at = follow_reader_last_at(&file->reader);
    file->moved = true;
}

/* Runs that no mark is of any more. */
static void drop_runs(struct follow_file *file)
{
    const struct follow_mark *oldest = g_queue_peek_head(&file->trail.marks);

    while (((struct run *)file->runs.head->data)->number < oldest->file)
        g_free(g_queue_pop_head(&file->runs));
}

bool follow_file_read(struct follow_file *file, bool hurry)
{
    gint64 until = g_get_monotonic_time() + FOLLOW_TURN_US;
    struct tail_piece piece;
    enum tail_what what;

    while (!log_writer_is_full(file->reader.writer) && g_get_monotonic_time() < until) {
        what = tail_next(file->tail, g_get_real_time(), hurry, &piece);
        struct run *run = g_queue_peek_tail(&file->runs);
        if (what == TAIL_WAIT)
            return false;
        if (what == TAIL_BEGIN) {
            begin_run(file, &piece);
        } else {
            set_place(run, &piece);
            if (what == TAIL_BYTES)
                take_bytes(file, run, &piece);
            else
                end_run(file, run, &piece);
        }
        drop_runs(file);
    }
    return true;
}

void follow_file_settle(struct follow_file *file)
{
    struct stat status;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    if (stat(file->path, &status) == 0)
        follow_reader_settle(&file->reader, MAX(0, now - (gint64)status.st_mtim.tv_sec));
}

bool follow_file_has_moved(struct follow_file *file)
{
    bool moved = file->moved;

    file->moved = false;
    return moved;
}

static const struct run *find_run(const struct follow_file *file, guint number)
{
    const GList *link = file->runs.head;

    while (((const struct run *)link->data)->number != number)
        link = link->next;
    return link->data;
}

/*
 * A file that ended is left to itself when nothing of it waits any more: the next one is read from
 * its begin then.
 */
static bool is_over(const struct follow_file *file, const struct run *run)
{
    gint64 last_at = follow_reader_last_at(&file->reader);

    return run->ended && run != file->runs.tail->data &&
           run->ended_at <= last_at - FOLLOW_WAITS_SECONDS;
}

bool follow_file_position(const struct follow_file *file, struct log_position *position)
{
    for (const GList *link = file->trail.marks.head; link != NULL; link = link->next) {
        const struct follow_mark *mark = link->data;
        const struct run *run = find_run(file, mark->file);
        if (is_over(file, run))
            continue;
        *position = run->place;
        position->path = file->path;
        position->context = MIN(mark->offset, position->offset);
        return true;
    }
    /* Nothing was there, so that all there will be is to be read, also what is rotated by then. */
    *position = (struct log_position){.path = file->path};
    return file->is_new;
}

void follow_file_forget_context(struct follow_file *file)
{
    const struct run *run = g_queue_peek_tail(&file->runs);

    if (run == NULL)
        return;
    follow_trail_clear(&file->trail);
    follow_trail_add(&file->trail, (struct follow_mark){.at = follow_reader_last_at(&file->reader),
                                                        .total = file->trail.total,
                                                        .offset = run->place.offset,
                                                        .file = run->number});
}

struct follow_reader *follow_file_reader(struct follow_file *file)
{
    return &file->reader;
}

const char *follow_file_path(const struct follow_file *file)
{
    return file->path;
}

const char *follow_file_problem(const struct follow_file *file)
{
    return tail_problem(file->tail);
}
