/*
 * Logs among files, and log files in the order of their times: rotated logs are named so that
 * mail.log comes before mail.log.1, which is the older one.
 */
#ifndef INGEST_LOG_SHELF_H
#define INGEST_LOG_SHELF_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Past so many logs the rest is read in the order of their names. */
#define SHELF_LOGS_MAX 100000

struct shelf;

struct shelf_log {
    char *path;
    gint64 first_at;   /* time of its first line that has one; else when it was written to last */
    gint64 written_at; /* when it was written to last; tells logs apart that begin in one second */
    guint number;      /* in the order of shelf_add() */
};

/*
 * Whether a file that begins with these bytes is a log that we read (envelope_sniff()), packed or
 * not; `whole`: it has no more. *first_at as above; `file_time` 0: unknown.
 */
bool shelf_is_log(const void *bytes, size_t length, bool whole, gint64 file_time, gint64 *first_at);

struct shelf *shelf_new(void);
void shelf_free(struct shelf *shelf);

void shelf_add(struct shelf *shelf, const char *path, gint64 first_at, gint64 written_at);

/* The log with the earliest first line, NULL where none is left; it stays the shelf's. Once one was
   taken none may be added. */
const struct shelf_log *shelf_next(struct shelf *shelf);

#endif
