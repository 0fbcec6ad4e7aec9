/* One file of a log that is written to, or was until it was rotated; it may be packed since. */
#ifndef INGEST_LOG_TAIL_FILE_H
#define INGEST_LOG_TAIL_FILE_H

#include "ingest/log/source.h"
#include <glib.h>
#include <stdbool.h>

/* By so many of its first bytes, unpacked, a file is known again; by all of them if it has less. */
#define TAIL_HEAD_BYTES 4096

struct tail_file {
    char *path; /* it was opened by */
    int fd;
    struct log_source *source; /* of a packed file, once it is read */
    bool is_packed;
    guint64 device;
    guint64 inode;
    guint64 size;     /* as it was looked at last; packed bytes of a packed file */
    gint64 mtime;     /* likewise, in microseconds */
    gint64 opened_at; /* as `now` of tail_next() */
    guint64 offset;   /* of the next byte that is to be read, unpacked */
    guint32 head_length;
    guint8 head[TAIL_HEAD_BYTES];
};

/* NULL, and errno, where it cannot be opened; EINVAL where it is no regular file. */
struct tail_file *tail_file_open(const char *path);
void tail_file_free(struct tail_file *file);
/* Of a file that is done with only the identity stays. */
void tail_file_close(struct tail_file *file);

/*
 * Looks at size, time and first bytes anew. False where the file was truncated since: it is shorter
 * than what was read of it, or its first bytes are others; the head stays as it was then.
 */
bool tail_file_look(struct tail_file *file);
/* The head as it is now, whatever it was. */
void tail_file_look_anew(struct tail_file *file);

/* Bytes from the offset on, which goes on by as many; 0 where there are none, or none yet. */
size_t tail_file_read(struct tail_file *file, char *bytes, size_t size);

/* Why a packed file ended too early; NULL where it did not. */
const char *tail_file_problem(const struct tail_file *file);

guint64 tail_file_hash(const struct tail_file *file);
/* Whether the file begins with `length` bytes of this hash. */
bool tail_file_begins(const struct tail_file *file, guint64 hash, guint32 length);
/* Whether one of them begins with all that is known of the other's head, and something is. */
bool tail_file_same_head(const struct tail_file *a, const struct tail_file *b);

#endif
