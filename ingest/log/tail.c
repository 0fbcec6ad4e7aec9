#include "ingest/log/tail.h"
#include "ingest/log/rotation.h"
#include "ingest/log/tail_file.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define READ_BYTES ((size_t)64 << 10)

/* Files that were read last are known, so that a copy of one is not read as another. */
#define DONE_MAX 16

struct tail {
    char *path;
    GQueue files; /* struct tail_file *: the first is read, the last is or was that of the path */
    GQueue done;  /* struct tail_file *, closed */
    gint64 since; /* a rotated file that was written to earlier is none of ours */
    bool begun;
    char *problem;
    char bytes[READ_BYTES];
};

static void free_file(gpointer file)
{
    tail_file_free(file);
}

struct tail *tail_new(const char *path)
{
    struct tail *tail = g_new0(struct tail, 1);

    tail->path = g_strdup(path);
    tail->since = g_get_real_time();
    g_queue_init(&tail->files);
    g_queue_init(&tail->done);
    return tail;
}

void tail_free(struct tail *tail)
{
    if (tail == NULL)
        return;
    g_queue_clear_full(&tail->files, free_file);
    g_queue_clear_full(&tail->done, free_file);
    g_free(tail->path);
    g_free(tail->problem);
    g_free(tail);
}

const char *tail_problem(const struct tail *tail)
{
    return tail->problem;
}

static void set_problem(struct tail *tail, const char *path, const char *why)
{
    g_free(tail->problem);
    tail->problem = why != NULL ? g_strdup_printf("%s: %s", path, why) : NULL;
}

/* What is not there is no problem: it is waited for, or went its way. */
static struct tail_file *open_file(struct tail *tail, const char *path)
{
    struct tail_file *file = tail_file_open(path);

    if (file == NULL && errno != ENOENT)
        set_problem(tail, path, errno == EINVAL ? "not a regular file" : g_strerror(errno));
    return file;
}

/* The begin of a known one, or all of it: a copy, maybe one that is being made. */
static bool is_copy_of(const GQueue *files, const struct tail_file *file)
{
    for (const GList *link = files->head; link != NULL; link = link->next) {
        const struct tail_file *known = link->data;
        if (known->head_length >= file->head_length && tail_file_same_head(known, file))
            return true;
    }
    return false;
}

/* Of open files only: the inode of a deleted one is soon that of another file. */
static bool is_inode_in(const GQueue *files, guint64 inode)
{
    for (const GList *link = files->head; link != NULL; link = link->next)
        if (((const struct tail_file *)link->data)->inode == inode)
            return true;
    return false;
}

/* Before what is newer, and before the file that has the log's name; after the one that is read. */
static void insert(struct tail *tail, struct tail_file *file)
{
    GList *link = tail->files.head;

    if (link != NULL && tail->begun)
        link = link->next;
    for (; link != NULL; link = link->next) {
        const struct tail_file *other = link->data;
        if (other->mtime > file->mtime ||
            (link->next == NULL && strcmp(other->path, tail->path) == 0))
            break;
    }
    g_queue_insert_before(&tail->files, link, file);
}

/*
 * Rotated files that were never seen under the name of the log, as when it was rotated twice in a
 * moment. What is empty, or the begin of a copy that is being made, comes again.
 */
static void gather(struct tail *tail, gint64 since, gint64 now)
{
    g_autoptr(GPtrArray) list = rotation_list(tail->path, 0);

    for (guint i = 0; i < list->len && tail->files.length < TAIL_FILES_MAX; i++) {
        const struct rotated *rotated = g_ptr_array_index(list, i);
        struct tail_file *file;

        if (rotated->mtime < MAX(since, tail->since) || is_inode_in(&tail->files, rotated->inode) ||
            (file = open_file(tail, rotated->path)) == NULL)
            continue;
        if (file->head_length == 0 || is_copy_of(&tail->files, file) ||
            is_copy_of(&tail->done, file)) {
            tail_file_free(file);
            continue;
        }
        file->opened_at = now;
        insert(tail, file);
    }
}

/* Takes in the file that has the log's name now, where it is another one than before. */
static void look_for_live(struct tail *tail, gint64 now)
{
    struct tail_file *first = g_queue_peek_head(&tail->files),
                     *last = g_queue_peek_tail(&tail->files), *file;
    struct stat status;

    if (tail->files.length >= TAIL_FILES_MAX ||
        (last != NULL && stat(tail->path, &status) == 0 && last->inode == (guint64)status.st_ino &&
         last->device == (guint64)status.st_dev))
        return;
    file = open_file(tail, tail->path);
    if (file == NULL)
        return;
    set_problem(tail, NULL, NULL);
    file->opened_at = now;
    g_queue_push_tail(&tail->files, file);
    if (first != NULL)
        gather(tail, first->mtime, now);
}

static void describe(const struct tail_file *file, struct tail_piece *piece)
{
    piece->offset = file->offset;
    piece->device = file->device;
    piece->inode = file->inode;
    piece->head_hash = tail_file_hash(file);
    piece->head_length = file->head_length;
}

/* Whoever begins further on still wants to see the first line: it may name columns. */
static enum tail_what begin(struct tail *tail, const struct tail_file *file,
                            struct tail_piece *piece)
{
    const guint8 *newline = memchr(file->head, '\n', file->head_length);

    tail->begun = true;
    piece->time = file->mtime / G_USEC_PER_SEC;
    if (newline != NULL && (guint64)(newline + 1 - file->head) <= file->offset) {
        piece->bytes = (const char *)file->head;
        piece->length = (size_t)(newline + 1 - file->head);
    }
    describe(file, piece);
    return TAIL_BEGIN;
}

static enum tail_what leave(struct tail *tail, gint64 now, struct tail_piece *piece)
{
    struct tail_file *file = g_queue_pop_head(&tail->files);
    const char *problem = tail_file_problem(file);

    if (problem != NULL)
        set_problem(tail, file->path, problem);
    describe(file, piece);
    tail_file_close(file);
    g_queue_push_tail(&tail->done, file);
    if (tail->done.length > DONE_MAX)
        tail_file_free(g_queue_pop_head(&tail->done));
    tail->begun = false;
    for (GList *link = tail->files.head; link != NULL; link = link->next)
        tail_file_look_anew(link->data);
    gather(tail, file->mtime, now);
    return TAIL_END;
}

static bool is_copy(const struct tail_file *file, const struct tail_file *of)
{
    return of->head_length > 0 && file->head_length >= of->head_length &&
           tail_file_same_head(file, of);
}

/* The rest of a truncated file stands in the copy that was made of it, if one was. */
static bool go_on_in_copy(struct tail *tail, struct tail_file *file, gint64 now)
{
    g_autoptr(GPtrArray) list = rotation_list(tail->path, 0);

    for (guint i = list->len; i > 0; i--) {
        const struct rotated *rotated = g_ptr_array_index(list, i - 1);
        struct tail_file *copy = NULL;

        if (!is_inode_in(&tail->files, rotated->inode))
            copy = open_file(tail, rotated->path);
        if (copy != NULL && is_copy(copy, file)) {
            copy->offset = file->offset;
            copy->opened_at = now;
            tail_file_free(g_queue_pop_head(&tail->files));
            g_queue_push_head(&tail->files, copy);
            return true;
        }
        tail_file_free(copy);
    }
    return false;
}

static bool may_leave(const struct tail *tail, const struct tail_file *file, gint64 now, bool hurry)
{
    const GList *link = tail->files.head->next;
    const struct tail_file *next = link != NULL ? link->data : NULL;

    if (next == NULL || (next->size == 0 && link->next == NULL) ||
        (!file->is_packed && file->size > file->offset))
        return false;
    return hurry || file->is_packed || now - file->mtime >= TAIL_LINGER_MS * (gint64)1000 ||
           now - next->opened_at >= TAIL_LINGER_MAX_MS * (gint64)1000;
}

static enum tail_what read_on(struct tail *tail, gint64 now, bool hurry, struct tail_piece *piece)
{
    struct tail_file *file = g_queue_peek_head(&tail->files);
    guint64 before = file->offset;
    size_t got = tail_file_read(file, tail->bytes, READ_BYTES);

    /* Looked at after reading: what was read is of this file if it was not truncated until then. */
    if (!tail_file_look(file)) {
        file->offset = before;
        if (!go_on_in_copy(tail, file, now))
            return leave(tail, now, piece);
        file = g_queue_peek_head(&tail->files);
        look_for_live(tail, now);
        got = tail_file_read(file, tail->bytes, READ_BYTES);
    }
    if (got == 0 && tail->files.length > 1) {
        tail_file_look_anew(tail->files.head->next->data);
        if (may_leave(tail, file, now, hurry))
            return leave(tail, now, piece);
    }
    piece->bytes = tail->bytes;
    piece->length = got;
    describe(file, piece);
    return got > 0 ? TAIL_BYTES : TAIL_WAIT;
}

/* It begins with its first line, by whose time the years of the others are known. */
static bool is_empty_yet(struct tail *tail)
{
    struct tail_file *file = g_queue_peek_head(&tail->files);

    if (tail->files.length > 1 || file->size > 0)
        return false;
    tail_file_look_anew(file);
    return file->size == 0;
}

enum tail_what tail_next(struct tail *tail, gint64 now, bool hurry, struct tail_piece *piece)
{
    memset(piece, 0, sizeof *piece);
    look_for_live(tail, now);
    if (tail->begun)
        return read_on(tail, now, hurry, piece);
    if (tail->files.length == 0 || is_empty_yet(tail))
        return TAIL_WAIT;
    return begin(tail, g_queue_peek_head(&tail->files), piece);
}

/*
 * The file of the position where it has its old name yet. Not if it was empty then: what came into
 * it may have been copied away and truncated.
 */
static struct tail_file *find_in_place(struct tail *tail, const struct log_position *position)
{
    struct tail_file *file = open_file(tail, tail->path);

    if (file == NULL)
        return NULL;
    if (file->inode == position->inode && position->head_length > 0 &&
        tail_file_begins(file, position->head_hash, position->head_length) &&
        (file->is_packed || file->size >= position->offset))
        return file;
    tail_file_free(file);
    return NULL;
}

/* By inode, else by its first bytes: a copy, or packed since. */
static struct tail_file *find_rotated(struct tail *tail, const struct log_position *position,
                                      bool by_inode)
{
    g_autoptr(GPtrArray) list = rotation_list(tail->path, by_inode ? position->inode : 0);

    for (guint i = list->len; i > 0; i--) {
        const struct rotated *rotated = g_ptr_array_index(list, i - 1);
        struct tail_file *file = NULL;

        if (by_inode ? rotated->inode == position->inode : position->head_length > 0)
            file = open_file(tail, rotated->path);
        if (file != NULL && tail_file_begins(file, position->head_hash, position->head_length))
            return file;
        tail_file_free(file);
    }
    return NULL;
}

static struct tail_file *open_last_rotated(struct tail *tail)
{
    g_autoptr(GPtrArray) list = rotation_list(tail->path, 0);
    const struct rotated *last = list->len > 0 ? g_ptr_array_index(list, list->len - 1) : NULL;

    return last != NULL ? open_file(tail, last->path) : NULL;
}

bool tail_resume(struct tail *tail, const struct log_position *position)
{
    struct tail_file *file = find_in_place(tail, position);
    bool in_place = file != NULL, found;

    if (file == NULL)
        file = find_rotated(tail, position, true);
    if (file == NULL)
        file = find_rotated(tail, position, false);
    found = file != NULL;
    if (found)
        file->offset = position->context;
    else
        file = open_last_rotated(tail);
    tail->since = 0;
    if (file == NULL)
        return found;
    g_queue_push_tail(&tail->files, file);
    if (!in_place)
        gather(tail, file->mtime, file->mtime);
    return found;
}

void tail_skip(struct tail *tail)
{
    struct tail_file *file;

    look_for_live(tail, 0);
    file = g_queue_peek_head(&tail->files);
    if (file != NULL)
        file->offset = file->size;
}
