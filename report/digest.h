/* What a digest says, as plain data. The formats (format.h) put it into words; none sees SQL. */
#ifndef REPORT_DIGEST_H
#define REPORT_DIGEST_H

#include "analyze/dmarc_sum.h"
#include "analyze/fault.h"
#include "analyze/outbound.h"
#include "report/overview.h"
#include "schema/record.h"

/* One reporter in the table at the digest's end. */
struct digest_reporter {
    char *organization;
    guint reports;
    guint domains;
    int64_t successes;
    int64_t failures;
    int64_t last_day;      /* begin of its latest period */
    int64_t received_at;   /* when that report came */
    guint unauthenticated; /* reports whose signature failed */
};

/* A number with its word: issues by kind, arrivals by kind and outcome. */
struct digest_count {
    char *what; /* "mail", "container", ...; for arrivals "tlsrpt stored", "other ignored" */
    guint count;
};

struct digest {
    gint64 generated_at;
    gint64 covers_from; /* of arrival in the store (ingested_at), or, where since/until were */
    gint64 covers_to;   /* given, of the reported periods: the last second */
    bool by_period;     /* the latter */
    char *domain;       /* only this one; NULL for all */
    bool all;           /* list the domains that are fine */
    guint reports;
    bool never_reported; /* there is no TLS report in the store at all */
    int64_t successes;   /* sessions, each counted once per domain and day (view domain_days) */
    int64_t failures;
    struct fault_set *faults;  /* owned */
    struct outbound *outbound; /* owned; NULL: no log was ever read */
    struct dmarc_set *dmarc;   /* owned; NULL where nothing is said of it */
    GPtrArray *reporters;      /* struct digest_reporter *, most reports first */
    GPtrArray *issues;         /* struct digest_count * */
    GPtrArray *arrivals;       /* struct digest_count * */
    struct overview *overview; /* owned; by period only what belongs to a report */
    guint quarantined;         /* arrivals of the period that could not be read */
    guint not_yet_read;        /* kept by an earlier version until reparse (DMARC) */
    char *store;               /* path, for the commands it names */
};

struct digest *digest_new(void);
void digest_free(struct digest *digest);

/* "3 faults, 2 critical: mx.example.net: certificate matches no TLSA record" for a Subject; a text
   of strangers in it is not yet escaped. Owned by the caller. */
char *digest_headline(const struct digest *digest);

/* "TLS " where DMARC reports are told as well, so that "no report" is not read as theirs; else "".
   Likewise, where mail failed by them, of "nothing failed". */
const char *digest_kind_of_report(const struct digest *digest);
bool digest_mail_failed(const struct digest *digest);

/* Nobody sends reports, and our own log is read: that none came is no news then. */
bool digest_log_only(const struct digest *digest);

/* Faults that reports tell of, and findings of our own log. */
guint digest_fault_count(const struct digest *digest);

/* Where a fault is: its MX host with most failed sessions, else its domain. Never NULL. */
const char *digest_fault_place(const struct fault *fault);

typedef struct digest Digest;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Digest, digest_free)

#endif
