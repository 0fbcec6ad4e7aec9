/*
 * Postfix' queue as `postqueue -j` prints it (postqueue(1), JSON OBJECT FORMAT): one object a line
 * for each message. Of other mail servers nothing is read.
 */
#ifndef INGEST_QUEUE_H
#define INGEST_QUEUE_H

#include "schema/log_record.h"
#include <glib.h>
#include <stdbool.h>

struct queue_counts {
    guint64 messages;
    guint64 unreadable; /* lines that are no such object, or too long */
    bool cut;           /* there were more than LIMIT_QUEUE_MESSAGES */
};

/* For each recipient of a message; the texts are valid during the call. */
typedef void (*queued_fn)(const struct queued_message *message, void *data);

/*
 * Reads the file at `path`, "-" for standard input. What cannot be read of it is counted and left
 * out. Addresses are cut to their domains, reasons are scrubbed as in logs. False with
 * TLSTRIAGE_ERROR_INPUT where the file cannot be opened or read.
 */
bool queue_read(const char *path, queued_fn take, void *data, struct queue_counts *counts,
                GError **error);

#endif
