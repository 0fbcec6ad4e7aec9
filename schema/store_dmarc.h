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

/* A policy as one organization read it, in reports that count. */
struct store_dmarc_policy {
    const char *domain;
    const char *organization;
    enum dmarc_request p, sp, np;
    enum dmarc_strictness adkim, aspf;
    int pct; /* -1 where not said */
    bool testing;
    guint reports;
    gint64 first_at; /* begin of the first period in which it was read so */
    gint64 last_at;
};
typedef void (*store_dmarc_policy_fn)(const struct store_dmarc_policy *policy, void *data);

/* Rows of a domain that fared alike, added up; texts live as long as the call. */
struct store_dmarc_sum {
    const char *domain; /* of the policy */
    const char *header_from;
    const char *source_ip;
    const char *reason; /* type of the first override; NULL where none */
    enum dmarc_disposition disposition;
    enum dmarc_verdict dkim;
    enum dmarc_verdict spf;
    enum dmarc_request p, sp, np; /* of the report it stands in */
    bool testing;
    int pct;
    const char *organization; /* one of the reporters */
    guint organizations;
    gint64 messages;
    gint64 first_at;
    gint64 last_at;
};
typedef void (*store_dmarc_sum_fn)(const struct store_dmarc_sum *sum, void *data);

/* Of the reports that the filter means, domain by domain. filter->domain is that of the policy. */
bool store_each_dmarc_policy(struct store *store, const struct store_filter *filter,
                             store_dmarc_policy_fn take, void *data, GError **error);
bool store_each_dmarc_sum(struct store *store, const struct store_filter *filter,
                          store_dmarc_sum_fn take, void *data, GError **error);

/*
 * What a source sent for a domain in reports about the time from `from` until `until`, of those
 * addresses that the sums of `filter` name.
 */
typedef void (*store_dmarc_past_fn)(const char *domain, const char *source_ip, gint64 messages,
                                    gint64 aligned, gint64 last_aligned, void *data);
bool store_each_dmarc_past(struct store *store, const struct store_filter *filter, gint64 from,
                           store_dmarc_past_fn take, void *data, GError **error);

#endif
