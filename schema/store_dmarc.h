/* The store's DMARC reports: read again, and asked for the digest. store.h takes them in. */
#ifndef SCHEMA_STORE_DMARC_H
#define SCHEMA_STORE_DMARC_H

#include "schema/dmarc_record.h"
#include "schema/store.h"

/* As store_replace_report() and store_release(). */
bool store_replace_dmarc(struct store *store, gint64 id, const struct dmarc_report *report,
                         bool *changed, GError **error);
bool store_release_dmarc(struct store *store, const struct store_kept *kept,
                         const struct dmarc_report *report, gint64 now, struct store_counts *counts,
                         GError **error);

/*
 * The reports that a filter means, added up: per domain, per domain and fate, per domain and
 * policy, per domain and source, in the order of the domains; filter->domain is that of the policy.
 * Of a domain's sources those with most failed messages come first.
 */
typedef void (*store_dmarc_count_fn)(const struct dmarc_count *count, void *data);
bool store_each_dmarc_count(struct store *store, const struct store_filter *filter,
                            store_dmarc_count_fn take, void *data, GError **error);
typedef void (*store_dmarc_sum_fn)(const struct dmarc_sum *sum, void *data);
bool store_each_dmarc_sum(struct store *store, const struct store_filter *filter,
                          store_dmarc_sum_fn take, void *data, GError **error);
typedef void (*store_dmarc_seen_fn)(const struct dmarc_seen *seen, void *data);
bool store_each_dmarc_seen(struct store *store, const struct store_filter *filter,
                           store_dmarc_seen_fn take, void *data, GError **error);
typedef void (*store_dmarc_source_fn)(const struct dmarc_source *source, void *data);
bool store_each_dmarc_source(struct store *store, const struct store_filter *filter,
                             store_dmarc_source_fn take, void *data, GError **error);

#endif
