#include "ingest/log/tail_file.h"
#include "ingest/unpack.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define SKIP_BYTES ((size_t)64 << 10)

static bool look_at(struct tail_file *file)
{
    struct stat status;

    if (fstat(file->fd, &status) != 0)
        return false;
    file->device = (guint64)status.st_dev;
    file->inode = (guint64)status.st_ino;
    file->size = (guint64)status.st_size;
    file->mtime = (gint64)status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;
    return S_ISREG(status.st_mode);
}

static guint32 read_plain_head(const struct tail_file *file, guint8 head[TAIL_HEAD_BYTES])
{
    ssize_t got = pread(file->fd, head, TAIL_HEAD_BYTES, 0);

    return got > 0 ? (guint32)got : 0;
}

/* The source reads through the offset of the descriptor, which a copy shares. */
static struct log_source *open_source(const struct tail_file *file)
{
    int fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    return log_source_new(fd, NULL, 0);
}

static void read_packed_head(struct tail_file *file)
{
    struct log_source *source = open_source(file);
    size_t got;

    file->head_length = 0;
    while (source != NULL && file->head_length < TAIL_HEAD_BYTES &&
           (got = log_source_read(source, (char *)file->head + file->head_length,
                                  TAIL_HEAD_BYTES - file->head_length)) > 0)
        file->head_length += (guint32)got;
    log_source_free(source);
}

struct tail_file *tail_file_open(const char *path)
{
    struct tail_file *file = g_new0(struct tail_file, 1);

    file->path = g_strdup(path);
    /* Not to wait for the other end of a pipe that someone put there. */
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0 || !look_at(file)) {
        int problem = file->fd < 0 ? errno : EINVAL;
        tail_file_free(file);
        errno = problem;
        return NULL;
    }
    file->head_length = read_plain_head(file, file->head);
    file->is_packed = unpack_sniff(file->head, file->head_length) == UNPACK_GZIP ||
                      log_source_is_packed(file->head, file->head_length);
    if (file->is_packed)
        read_packed_head(file);
    return file;
}

void tail_file_close(struct tail_file *file)
{
    g_clear_pointer(&file->source, log_source_free);
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

void tail_file_free(struct tail_file *file)
{
    if (file == NULL)
        return;
    tail_file_close(file);
    g_free(file->path);
    g_free(file);
}

bool tail_file_look(struct tail_file *file)
{
    guint8 head[TAIL_HEAD_BYTES];
    guint32 length;

    if (!look_at(file))
        return false;
    if (file->is_packed)
        return true;
    length = read_plain_head(file, head);
    if (file->size < file->offset || length < file->head_length ||
        memcmp(head, file->head, file->head_length) != 0)
        return false;
    memcpy(file->head, head, length);
    file->head_length = length;
    return true;
}

void tail_file_look_anew(struct tail_file *file)
{
    if (!file->is_packed)
        file->head_length = 0;
    tail_file_look(file);
}

static bool skip_packed(struct tail_file *file)
{
    g_autofree char *bytes = g_malloc(SKIP_BYTES);
    guint64 left = file->offset;
    size_t got;

    while (left > 0 &&
           (got = log_source_read(file->source, bytes, (size_t)MIN(left, SKIP_BYTES))) > 0)
        left -= got;
    return left == 0;
}

static size_t read_packed(struct tail_file *file, char *bytes, size_t size)
{
    bool reaches = true;

    if (file->source == NULL) {
        file->source = open_source(file);
        reaches = file->source != NULL && skip_packed(file);
    }
    return reaches ? log_source_read(file->source, bytes, size) : 0;
}

size_t tail_file_read(struct tail_file *file, char *bytes, size_t size)
{
    ssize_t got = 0;

    if (file->is_packed)
        got = (ssize_t)read_packed(file, bytes, size);
    else
        got = pread(file->fd, bytes, size, (off_t)file->offset);
    if (got <= 0)
        return 0;
    /* What is read first is what the head is of, should another content take its place now. */
    if (file->offset == 0 && file->head_length == 0) {
        file->head_length = (guint32)MIN((size_t)got, TAIL_HEAD_BYTES);
        memcpy(file->head, bytes, file->head_length);
    }
    file->offset += (guint64)got;
    return (size_t)got;
}

const char *tail_file_problem(const struct tail_file *file)
{
    return file->source != NULL ? log_source_problem(file->source) : NULL;
}

guint64 tail_file_hash(const struct tail_file *file)
{
    return XXH3_64bits(file->head, file->head_length);
}

bool tail_file_begins(const struct tail_file *file, guint64 hash, guint32 length)
{
    return length <= file->head_length && XXH3_64bits(file->head, length) == hash;
}

bool tail_file_same_head(const struct tail_file *a, const struct tail_file *b)
{
    guint32 length = MIN(a->head_length, b->head_length);

    return length > 0 && memcmp(a->head, b->head, length) == 0;
}
