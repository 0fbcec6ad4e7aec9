/*
 * What `follow` takes a log apart with. After a restart lines are read again, from FOLLOW_CONTEXT_*
 * before where it was left off, so that what waits for further lines is remembered. Of the first
 * of them nothing is told, since lines before them may be missing that they belong to; what the
 * others tell is known by its marks.
 */
#ifndef CLI_FOLLOW_READER_H
#define CLI_FOLLOW_READER_H

#include "ingest/log/reader.h"
#include "schema/store_log.h"

/* In the time of the log. */
#define FOLLOW_WAITS_SECONDS 600 /* nothing waits longer for a further line */
#define FOLLOW_CONTEXT_SECONDS (2 * FOLLOW_WAITS_SECONDS)
#define FOLLOW_CONTEXT_BYTES ((guint64)64 << 20)

/* One log at most keeps others waiting for so long. */
#define FOLLOW_TURN_US ((gint64)200000)

struct follow_reader {
    struct log_reader *reader;
    struct log_writer *writer;
    bool mute;      /* what is told now was told before */
    guint64 told;   /* events that went to the writer */
    gint64 fed_at;  /* monotonic time of the last bytes */
    gint64 settled; /* monotonic time */
};

void follow_reader_init(struct follow_reader *reader, const struct log_options *options,
                        struct log_writer *writer);
void follow_reader_clear(struct follow_reader *reader);

void follow_reader_take(struct follow_reader *reader, const char *bytes, size_t length);

/* Log time of the newest line so far; 0: none. */
gint64 follow_reader_last_at(const struct follow_reader *reader);

/* No line came for so many seconds: what waits for one is told when its time is over. */
void follow_reader_settle(struct follow_reader *reader, gint64 quiet_seconds);
/* The same by the clock, now and then. */
void follow_reader_settle_if_quiet(struct follow_reader *reader);

/*
 * Places in the log that it can be read again from: lines whose second differs from that of the
 * line before, as the marks of equal lines need it. The oldest one is as far back as lines are to
 * be read again.
 */
struct follow_mark {
    gint64 at;     /* log time of the line that begins there */
    guint64 total; /* bytes that were read before it, of all files */
    guint64 offset;
    guint file; /* number of the file, where there are several */
    char *cursor;
};

struct follow_trail {
    GQueue marks; /* struct follow_mark * */
    guint64 total;
};

void follow_trail_init(struct follow_trail *trail);
void follow_trail_clear(struct follow_trail *trail);

/* Whether there should be a mark again. *anywhere: none was found for so long that any line will
   do. */
bool follow_trail_wants(const struct follow_trail *trail, gint64 last_at, bool *anywhere);
/* Takes over the cursor. Drops marks that are older than is needed. */
void follow_trail_add(struct follow_trail *trail, struct follow_mark mark);

#endif
