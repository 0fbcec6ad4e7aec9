/* What the builder of outbound findings keeps. Private to analyze/outbound*.c. */
#ifndef ANALYZE_OUTBOUND_ROWS_H
#define ANALYZE_OUTBOUND_ROWS_H

#include "analyze/names.h"
#include "analyze/outbound.h"

/* The latest line of a finding is kept; past so much text no more of them. */
#define OUTBOUND_LINE_BYTES (32u << 20)

/* One failure. Names are numbers. */
struct out_row {
    gint64 id;
    gint64 at;
    gint64 returned_at;
    gint64 delay;
    guint32 host;
    guint32 message; /* queue id with the host; 0: not told */
    guint32 queue_id;
    guint32 domain;
    guint32 mx;
    guint32 ip;
    guint32 reason;
    guint32 tls_error;
    guint32 line;
    guint32 place; /* set by outbound_group(): rows of the same type, MX host and domain */
    guint32 group; /* likewise: rows of the same finding */
    guint8 type;   /* enum failure_type of the line */
    guint8 told;   /* enum failure_type under which it is told */
    guint8 detail;
    guint8 result;
    guint8 outcome;
    guint8 level;
    guint8 mta;
    bool current; /* in the period */
    bool bounce;  /* a bounce told it, no line of a log */
};

/* Handshakes of one client that failed here: one row of the store. */
struct in_row {
    gint64 at;
    gint64 sessions;
    guint32 ip;
    guint8 detail;
    bool current;
};

/* Sessions with a domain at an MX host (0: at any). */
struct out_good {
    gint64 key;
    gint64 good_at;
    gint64 verified_at;
    gint64 sessions; /* in the context */
    gint64 tls_at;   /* as good_at, of sessions that were not in clear */
    gint64 sure_at;  /* likewise, of verified ones, under whatever rule */
    guint8 good;
    guint8 tls;
    bool verified_before; /* the context */
};

/* A host's hour in which lookups fail for suspiciously many zones. */
struct out_hour {
    gint64 hour; /* begin */
    guint32 host;
    guint zones;       /* that fail anew */
    bool dnssec;       /* a TLSA lookup is among them, or a zone that was verified before */
    bool verified;     /* DANE verified a session */
    bool outage;       /* our resolver failed */
    GHashTable *other; /* zones with a good session */
};

/* A zone whose lookups fail in an hour. */
struct out_zone_hour {
    gint64 hour;
    gint64 since; /* first hour of its failures without a gap of OUTBOUND_CHAIN_HOURS */
    guint32 host;
    guint32 zone;
    bool dnssec;
    bool fresh;
    bool outage;
};

struct out_report {
    guint32 organization;
    guint32 domain;
    guint32 ip;
    guint8 type;
    bool told;
    gint64 day;
    gint64 sessions;
};

struct out_queued {
    guint32 queue_id;
    guint32 domain;
    guint32 reason;
    guint32 group; /* of the rows it waits for; OUT_NO_GROUP */
};

#define OUT_NO_GROUP G_MAXUINT32

struct outbound_builder {
    struct outbound_period period;
    char *domain;
    struct names *names;
    GArray *rows;            /* struct out_row */
    GArray *clients;         /* struct in_row */
    GArray *reports;         /* struct out_report */
    GArray *queue;           /* struct out_queued */
    GArray *hours;           /* struct out_hour; NULL until outbound_builder_suspects() */
    GArray *zone_hours;      /* struct out_zone_hour, by host, zone and hour */
    GHashTable *goods;       /* struct out_good, by key */
    GHashTable *known_zones; /* domain -> zone */
    GHashTable *domains;     /* of the period's sessions */
    GHashTable *reported;    /* addresses that reports name */
    GHashTable *peers;       /* address -> MX host, of those that take mail of ours */
    GHashTable *trust;       /* host -> what outbound_trust.c knows of it */
    GHashTable *held;        /* domain -> gint64 *, sessions */
    GHashTable *clear;
    GHashTable *unverified;
    GHashTable *unchecked; /* MX domain -> gint64 *, sessions of the month */
    bool month_verified;   /* DANE verified a session of the month */
    GHashTable *steady;    /* domain -> what outbound_steady.c knows of it */
    gint64 steady_to;      /* end of the month */
    gint64 seen_from;      /* of anything in the context */
    gint64 seen_to;
    gsize line_bytes;
    struct outbound *outbound; /* the sums */
};

/* domain and mx as one key of `goods`. */
gint64 out_key(guint32 domain, guint32 mx);
/* In the place of g_int64_hash(), which leaves out half of it. */
guint out_key_hash(gconstpointer key);
const struct out_good *out_good_of(const struct outbound_builder *builder, guint32 domain,
                                   guint32 mx);

/* What a lookup depends on: the MX host's parent domain, else the domain. */
guint32 out_zone(const struct outbound_builder *builder, guint32 domain, guint32 mx);

/* Adds to a number's count. */
void out_tally(GHashTable *tallies, guint32 name, gint64 count);
/* Most first; past `limit` the rest as "...". struct fault_count *. */
GPtrArray *out_counts(const struct names *names, GHashTable *tallies, guint limit);
GHashTable *out_tallies_new(void);
GPtrArray *out_counts_new(void);

/* Level dane or dane-only, and verified. */
bool out_is_held(const struct stored_deliveries *deliveries);

/* Whether a row's lookups failed: them or us. */
bool out_is_lookup(const struct out_row *row);

/* Decides which of the hours were outages, and sets `told` of the rows that they explain. */
void outbound_judge_hours(struct outbound_builder *builder);
GHashTable *outbound_trust_new(void);
/* Which host's sessions were with a certificate of an authority that it trusts. */
void outbound_note_trust(struct outbound_builder *builder,
                         const struct stored_deliveries *deliveries);
/* Decides which hosts trust no authority, and sets `told` of the rows that this explains. */
void outbound_judge_trust(struct outbound_builder *builder);

/* The finding that nothing is verified any more; NULL where that is not so. */
struct outbound_finding *outbound_unverified(const struct outbound_builder *builder, gint64 now);

/* Of the month: what DANE verified, or should have. */
void outbound_look_for_dane(struct outbound_builder *builder,
                            const struct stored_deliveries *deliveries);
/* Fills `unchecked` of the month. */
void outbound_sum_unchecked(const struct outbound_builder *builder, struct outbound_month *month);

/* Sessions of one day with a domain, days in their order. */
void outbound_add_day(struct outbound_builder *builder, const struct stored_deliveries *deliveries,
                      guint32 domain);
/* Fills `steady` of the month. */
void outbound_sum_steady(const struct outbound_builder *builder, struct outbound_month *month);

/* Sets place and group of the rows and sorts them by group and time. */
void outbound_group(struct outbound_builder *builder);
/* The finding of the rows [from, to) of one group; NULL where none is current. */
struct outbound_finding *outbound_sum(struct outbound_builder *builder, guint from, guint to,
                                      gint64 now);
struct outbound_finding *outbound_finding_new(enum failure_type type);
void outbound_finding_free(struct outbound_finding *finding);
enum severity outbound_severity(const struct outbound_finding *finding, gint64 now);

/* When the rows have their groups: which messages wait for which. Sorts the queue by group. */
void outbound_match_queue(struct outbound_builder *builder);
/* Fills `waiting` of the finding of a group, and of its domains. */
void outbound_count_waiting(const struct outbound_builder *builder, guint32 group,
                            struct outbound_finding *finding);

void outbound_inbound_free(struct outbound_inbound *inbound);
void outbound_peer_free(struct outbound_peer *peer);
/* Fills outbound->inbound and outbound->peers. */
void outbound_join_inbound(struct outbound_builder *builder);

#endif
