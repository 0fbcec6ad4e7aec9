/* store_dmarc.c, for store_intake.c and store_keep.c; which reports a filter means. */
#ifndef SCHEMA_STORE_DMARC_PRIVATE_H
#define SCHEMA_STORE_DMARC_PRIVATE_H

#include "schema/dmarc_record.h"
#include "schema/store_private.h"

/* The DMARC reports a filter means; parameters 1..6 as store_query.c and store_dmarc_query.c bind
   them. */
#define STORE_DMARC_FILTERED                                                                       \
    "FROM dmarc_report r JOIN arrival a ON a.id = r.arrival WHERE r.superseded_by IS NULL "        \
    "AND r.ingested_at >= ?1 AND r.ingested_at < ?2 AND r.begins_at >= ?3 AND r.begins_at < ?4 "   \
    "AND (?5 IS NULL OR r.domain = ?5) AND NOT (?6 AND a.authenticated = 'fail') "

/* As store_add_report(). */
bool store_add_dmarc(struct store *store, gint64 arrival_id, const struct arrival *arrival,
                     const struct dmarc_report *report, gint64 now, struct store_counts *counts,
                     enum arrival_outcome *outcome, GError **error);

#endif
