/*
 * The road from input to store: units are read by one thread, taken apart and classified by
 * several, and written by the first in the order in which they were read, in short transactions.
 */
#ifndef CLI_INTAKE_H
#define CLI_INTAKE_H

#include "cli/cli.h"
#include "cli/intake_log.h"
#include "ingest/ingest.h"

/* Called now and then with how far things are. */
typedef void (*intake_progress_fn)(const struct input *input, const struct store_counts *counts,
                                   void *data);

/* Takes in everything `input` gives, logs by `options`. False where the store fails; what was
 * committed stays. */
bool intake_run(struct cli *cli, struct input *input, struct store_counts *counts,
                const struct log_options *options, struct intake_log_counts *logs,
                intake_progress_fn progress, void *data, GError **error);

/* Takes in one unit, in a transaction of its own. */
bool intake_unit(struct cli *cli, const struct unit *unit, struct store_counts *counts,
                 GError **error);

#endif
