/*
 * DMARC reports of a period -> what a postmaster wants to know of each domain: how much was
 * aligned, what became of the rest and whether that is what the policy asks, who fails most, what
 * receivers read as the policy, and what is new.
 *
 * News is a source that was aligned before and is not now, or one not known before that has a
 * share of all messages worth a look. Single messages of many strangers, as a spam run brings
 * them, are none.
 */
#ifndef ANALYZE_DMARC_SUM_H
#define ANALYZE_DMARC_SUM_H

#include "schema/dmarc_record.h"

/* How far back a source is looked for, before the first report of the period. */
#define DMARC_PAST_DAYS 30

/* A source that was aligned is news from so many failed messages on, or from the share below. */
#define DMARC_NEWS_MESSAGES 3

/* An unknown one from this share of a domain's messages on, and so many of them. */
#define DMARC_NEWS_SHARE 0.01
#define DMARC_NEWS_UNKNOWN 10

/* Sources that are listed as failing, and that are watched for news, of one domain. */
#define DMARC_SOURCES 20
#define DMARC_WATCHED 1000

/* Sources with aligned mail are remembered and watched beside those, whatever a spam run has. */
#define DMARC_REMEMBERED 100000

/* Types of overrides that are listed; the standard knows seven. */
#define DMARC_OVERRIDES 20

enum dmarc_news { DMARC_NO_NEWS, DMARC_WAS_ALIGNED, DMARC_NEW_SHARE };

struct dmarc_sender {
    char *source_ip;
    char *dkim_domain; /* that it passes DKIM or SPF for; NULL where none */
    char *spf_domain;
    char *reason; /* a receiver's, why it did not apply the policy; NULL where none */
    guint organizations;
    int64_t messages;
    int64_t aligned;
    int64_t failed;
    int64_t failed_at;
    int64_t aligned_at; /* also before the period; 0: not seen */
    int64_t past_messages;
    int64_t past_aligned;
    int64_t past_failed;
    bool known; /* sent before, or may have: not all are remembered */
    enum dmarc_news news;
};

/* A policy as receivers read it; the first one is that of most reports. */
struct dmarc_read_policy {
    enum dmarc_request p, sp, np; /* np UNKNOWN: not said */
    enum dmarc_strictness adkim, aspf;
    int pct;
    bool testing;
    guint reports;
    guint organizations;
    char *organization;
    int64_t first_at;
    int64_t last_at;
};

/* Why messages that were not aligned were let through all the same. */
struct dmarc_override {
    char *type;
    int64_t messages;
};

struct dmarc_domain {
    char *name;
    guint reports;
    guint organizations;
    int64_t first_at;
    int64_t last_at;
    int64_t messages;
    int64_t aligned;
    int64_t dkim_aligned;
    int64_t spf_aligned;
    int64_t failed;
    int64_t unknown; /* the reports do not tell */
    /* Of those that failed: */
    int64_t rejected;
    int64_t quarantined;
    int64_t delivered;
    int64_t overridden; /* delivered or treated less hard than the policy asks, with a reason */
    int64_t unfollowed; /* the same without one */
    int64_t not_asked;  /* the policy asks for nothing: p=none, testing, outside of pct */
    int64_t perhaps;    /* the same, unless they are within pct, or np holds, which nobody says */
    int64_t subdomains; /* messages with a name below the domain in From ... */
    int64_t failed_subdomains;
    int64_t punished;     /* aligned, and quarantined or rejected all the same */
    GPtrArray *overrides; /* struct dmarc_override *, most first; DMARC_OVERRIDES at most */
    GPtrArray *policies;  /* struct dmarc_read_policy * */
    GPtrArray *news;      /* struct dmarc_sender *, most failed messages first */
    GPtrArray *failing;   /* the same, of those that are no news; DMARC_SOURCES at most */
    guint sources_failing;
};

struct dmarc_set {
    GPtrArray *domains; /* struct dmarc_domain *, by name */
};
void dmarc_set_free(struct dmarc_set *set);

/* Takes what the store adds up, in this order: counts, sums, policies, sources of the time before,
   and sources, those that fail most first. `wanted` leaves out domains; NULL wants all. */
struct dmarc_builder;
typedef bool (*dmarc_wanted_fn)(const char *domain, void *data);
struct dmarc_builder *dmarc_builder_new(dmarc_wanted_fn wanted, void *data);
void dmarc_builder_add_count(struct dmarc_builder *builder, const struct dmarc_count *count);
void dmarc_builder_add_sum(struct dmarc_builder *builder, const struct dmarc_sum *sum);
void dmarc_builder_add_seen(struct dmarc_builder *builder, const struct dmarc_seen *seen);
void dmarc_builder_add_past(struct dmarc_builder *builder, const struct dmarc_source *source);
void dmarc_builder_add_source(struct dmarc_builder *builder, const struct dmarc_source *source);
/* Begin of the first period among the reports; 0 where there are none. */
int64_t dmarc_builder_first(const struct dmarc_builder *builder);
/* Frees the builder. */
struct dmarc_set *dmarc_builder_finish(struct dmarc_builder *builder);

typedef struct dmarc_set DmarcSet;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DmarcSet, dmarc_set_free)

#endif
