/* One unit of input in, one arrival with its records and issues out. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "ingest/input.h"
#include "schema/record.h"

struct ingest_context {
    const struct site *site;
    gint64 now;
};

/* Must be called once, before any thread ingests. */
void ingest_init(void);

/*
 * Finds out by content what the unit is and takes every report out of it. Never fails, never
 * returns NULL. Several threads may call it at once. Free with arrival_free().
 */
struct arrival *ingest_unit(const struct unit *unit, const struct ingest_context *context);

/*
 * Reads again what is kept: `original` with the header fields of its arrival. Gives an arrival with
 * what came of it: of its reports one, or none if it still cannot be read; only reports and issues
 * are filled in. Free with arrival_free().
 */
struct arrival *ingest_again(const struct original *original, const struct arrival *arrival,
                             const struct ingest_context *context);

#endif
