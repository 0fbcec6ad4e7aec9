/* The bytes of a log, unpacked where they are packed: gzip, xz, zstd, bzip2 and compress, known by
 * their first bytes. Never more than a window of them is in memory. */
#ifndef INGEST_LOG_SOURCE_H
#define INGEST_LOG_SOURCE_H

#include <glib.h>
#include <stdbool.h>

struct log_source;

/*
 * Takes over `fd` (-1: nothing follows `first`). `first`: `length` bytes that were read from it
 * already; copied.
 */
struct log_source *log_source_new(int fd, const void *first, size_t length);
void log_source_free(struct log_source *source);

/* Up to `size` bytes; 0 at the end, also where it ends for a problem. */
size_t log_source_read(struct log_source *source, char *bytes, size_t size);

/* Whether more than `size` bytes are sure to come, packed or not: known of files only. */
bool log_source_is_over(const struct log_source *source, guint64 size);

/* Why it ended too early, for people; NULL where it did not. */
const char *log_source_problem(const struct log_source *source);

/* Bytes read from `fd` and `first`. */
guint64 log_source_bytes_read(const struct log_source *source);

/* Whether these first bytes are packed in a way that only logs are read in: not gzip, not zip. */
bool log_source_is_packed(const void *bytes, size_t length);

#endif
