/*
 * One log, or several files of it one after the other: bytes in, events out. Lines are split,
 * envelopes taken off, and each is given to the dialect of its program.
 */
#ifndef INGEST_LOG_READER_H
#define INGEST_LOG_READER_H

#include "ingest/log/hosts.h"
#include "schema/log_record.h"
#include <glib.h>

struct log_options {
    GTimeZone *zone; /* of stamps that name none; NULL: local time */
    gint64 now;
    bool keep_addresses;
};

struct log_counts {
    guint64 lines;
    guint64 ours;    /* of a mail server we know */
    guint64 told;    /* that told something */
    guint64 cut;     /* past LIMIT_LOG_LINE_BYTES */
    guint64 unknown; /* in no envelope that we know */
    gint64 first_at; /* 0: none */
    gint64 last_at;
};

struct log_reader;

struct log_reader *log_reader_new(const struct log_options *options, log_event_fn emit, void *data);

/* Asks for each host before lines of it are told; not set: all are. */
void log_reader_set_admission(struct log_reader *reader, log_admit_fn admit, void *data);

/*
 * Begins the next file. What was remembered of lines before stays: a rotated log goes on. `time`:
 * when it was last written to, 0 where unknown.
 */
void log_reader_begin(struct log_reader *reader, gint64 time);

/*
 * For stamps without a year, where the file is at hand as a whole: looks how many New Years it goes
 * over. Between log_reader_begin() and the first log_reader_take(); without it one is thought of.
 */
void log_reader_look_ahead(struct log_reader *reader, const char *bytes, size_t length);

/* The next bytes of the file, of any length. */
void log_reader_take(struct log_reader *reader, const char *bytes, size_t length);

/*
 * The same in two steps, for two threads: one splits the bytes into lines and takes their envelopes
 * off, the other gives the lines, batch after batch in their order, to the dialects. The bytes must
 * stay as they are until their batch was told. Nothing else may be asked of the reader meanwhile.
 */
struct log_batch;
struct log_batch *log_batch_new(void);
void log_batch_free(struct log_batch *batch);
void log_batch_clear(struct log_batch *batch); /* of lines that are not told */
void log_reader_split(struct log_reader *reader, const char *bytes, size_t length,
                      struct log_batch *batch);
void log_reader_tell(struct log_reader *reader, struct log_batch *batch);

/*
 * Bytes at the end that are not a whole line yet and are held back; whoever goes on later at a
 * position goes on before them.
 */
size_t log_reader_pending(const struct log_reader *reader);

/* The file is at its end: what is left of a last line is one. */
void log_reader_end(struct log_reader *reader);

/*
 * What waits for further lines and is older than `before` is told as it stands; G_MAXINT64: all of
 * it. To be called at the end of all files, and now and then where a log is followed.
 */
void log_reader_settle(struct log_reader *reader, gint64 before);

const struct log_counts *log_reader_counts(const struct log_reader *reader);
/* GPtrArray of struct log_host *, those seen since log_reader_new(), refused ones too. */
const GPtrArray *log_reader_hosts(const struct log_reader *reader);

void log_reader_free(struct log_reader *reader);

#endif
