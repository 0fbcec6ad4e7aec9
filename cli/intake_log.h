/*
 * The road of a log from its bytes to the store: one thread reads, unpacks and splits it into
 * lines, the other finds what they tell and writes it, in short transactions.
 */
#ifndef CLI_INTAKE_LOG_H
#define CLI_INTAKE_LOG_H

#include "cli/cli.h"
#include "ingest/input.h"
#include "ingest/log/reader.h"
#include "schema/store_log.h"

/* Of logs that were taken in. */
struct intake_log_counts {
    guint logs;
    struct log_counts lines;
    struct store_log_counts stored;
    guint refused; /* hosts whose lines came by another way before; each was complained of */
};

struct intake_log;

struct intake_log *intake_log_new(struct cli *cli, const struct log_options *options,
                                  struct intake_log_counts *counts);

/* Called now and then while a log is read. */
typedef void (*intake_log_progress_fn)(void *data);

/* Takes in unit->log to its end. Within no transaction. False where the store fails. */
bool intake_log_take(struct intake_log *intake, const struct unit *unit,
                     intake_log_progress_fn progress, void *data, GError **error);

/* After the last log: tells what still waited, and writes it. */
bool intake_log_finish(struct intake_log *intake, GError **error);

void intake_log_free(struct intake_log *intake);

/* Notes in the store, within a transaction, of which hosts and times the log is. */
bool intake_log_note(struct store *store, const struct log_reader *reader, GError **error);

#endif
