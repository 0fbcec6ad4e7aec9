/*
 * A log file that is written to and rotated: its bytes in their order, file after file. Whichever
 * way it is rotated: renamed and made anew at once or later, copied and truncated, packed
 * afterwards, deleted; also while nobody looked. Never waits and never writes.
 */
#ifndef INGEST_LOG_TAIL_H
#define INGEST_LOG_TAIL_H

#include "schema/store_log.h"
#include <glib.h>
#include <stdbool.h>

/*
 * A file that was renamed is left when nothing was written to it for so long, since whoever writes
 * may have it open yet; and at the latest so long after the next file was seen.
 */
#define TAIL_LINGER_MS 5000
#define TAIL_LINGER_MAX_MS 600000

/* Files that are open and wait to be read; more are looked for when these are done. */
#define TAIL_FILES_MAX 64

enum tail_what {
    TAIL_WAIT,  /* there is nothing for now */
    TAIL_BEGIN, /* the next file begins, see log_reader_begin() */
    TAIL_BYTES,
    TAIL_END, /* the file brings no more */
};

struct tail_piece {
    const char *bytes; /* valid until the next call. TAIL_BEGIN not at the begin: the first line */
    size_t length;
    gint64 time; /* TAIL_BEGIN: when the file was last written to */
    /* From here on of the file: who it is. Not with a TAIL_WAIT before the first TAIL_BEGIN. */
    guint64 offset; /* behind the bytes */
    guint64 device;
    guint64 inode;
    guint64 head_hash;
    guint32 head_length;
};

struct tail;

struct tail *tail_new(const char *path);
void tail_free(struct tail *tail);

/*
 * Before the first tail_next(), one of these or none. tail_resume(): the file of the position is
 * looked for among the rotated ones, and goes on at position->context; false where it is found no
 * more, or had nothing yet: then the last rotated file is read as a whole, since it may have lines
 * that nobody has read, and the present one. tail_skip(): what the file has now is not read. None:
 * the file is read from its begin; earlier ones are not.
 */
bool tail_resume(struct tail *tail, const struct log_position *position);
void tail_skip(struct tail *tail);

/* `now`: microseconds as in g_get_real_time(). `hurry`: lingers not. */
enum tail_what tail_next(struct tail *tail, gint64 now, bool hurry, struct tail_piece *piece);

/* A file that cannot be read, and why, for people; NULL where all is well. */
const char *tail_problem(const struct tail *tail);

#endif
