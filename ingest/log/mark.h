/* Marks of log lines: by them a line is known again. See log_mark() in dialect.h. */
#ifndef INGEST_LOG_MARK_H
#define INGEST_LOG_MARK_H

#include "ingest/log/line.h"

/*
 * How many equal lines came before is remembered for LOG_MARKS_SECONDS of log time, and of about
 * LOG_MARKS_MAX different lines: equal lines have the same second, so that only what comes out of
 * order needs more.
 */
#define LOG_MARKS_SECONDS 120
#define LOG_MARKS_MAX 16384

/* The host of the last line, and its hash: it hardly ever changes. Begins as zeroes. */
struct log_hasher {
    char host[64];
    size_t host_length;
    guint64 host_hash;
};

/* Of host, second, program[pid] and message; never 0. */
guint64 log_hash(struct log_hasher *hasher, const struct log_line *line);

struct log_marks;

struct log_marks *log_marks_new(void);
void log_marks_free(struct log_marks *marks);

/* Another file begins: equal lines are counted from the first one on again. */
void log_marks_begin(struct log_marks *marks);

guint64 log_marks_take(struct log_marks *marks, const struct log_line *line);

#endif
