/* store_dmarc.c, for store_intake.c and store_keep.c. */
#ifndef SCHEMA_STORE_DMARC_PRIVATE_H
#define SCHEMA_STORE_DMARC_PRIVATE_H

#include "schema/dmarc_record.h"
#include "schema/store_private.h"

/* As store_add_report(). */
bool store_add_dmarc(struct store *store, gint64 arrival_id, const struct arrival *arrival,
                     const struct dmarc_report *report, gint64 now, struct store_counts *counts,
                     enum arrival_outcome *outcome, GError **error);

#endif
