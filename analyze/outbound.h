/*
 * What our own mail server met at others, as its log tells -> findings: one thing that is broken
 * at a destination, or here.
 *
 * Failures of one type belong to one finding by the MX host, as with faults (fault.h): hosts in
 * the same parent domain together, a failure without a host with its domain's other ones. Not told
 * as failures are opportunistic sessions that went out encrypted but unverified, or in clear where
 * STARTTLS was not offered: OUTBOUND_MONTH sums them.
 *
 * Is it them or us: from the hour on in which lookups fail for OUTBOUND_ZONES or more destinations
 * that have no MX domain in common, none of them failing for a day already, more than ten times as
 * many as usually, and in which no destination was verified by DANE, it is our resolver: one
 * finding (local-resolver-failing) explains these failures. Without a failed TLSA lookup and
 * without a destination among them that was verified before, it also takes that they are a fifth of
 * all destinations of the hour, since some dead domains there are always.
 *
 * Likewise, where certificates of OUTBOUND_ZONES or more destinations that have no MX domain in
 * common are not trusted, none of which failed so before the last hour in which this mail server
 * trusted one of anybody, it is our list of authorities (local-trust-store). Certificates that sign
 * themselves do not count, nor do logs that tell of no TLS session since that hour.
 */
#ifndef ANALYZE_OUTBOUND_H
#define ANALYZE_OUTBOUND_H

#include "analyze/fault.h"
#include "schema/log_record.h"
#include <glib.h>

#define OUTBOUND_HOUR 3600
#define OUTBOUND_ZONES 3
#define OUTBOUND_CONTEXT_DAYS 30 /* before the period, that its failures are compared with */
#define OUTBOUND_BEFORE_DAYS 400 /* before the context: who was verified then */
#define OUTBOUND_ROWS 1000000    /* failures past these are counted only */
#define OUTBOUND_SUSPECTS 168    /* hours that are asked about, the latest */
#define OUTBOUND_TEXTS 50        /* of each list of a finding; the rest is summed as "..." */
#define OUTBOUND_IDS 1000        /* rows that a finding names */
#define OUTBOUND_MISSED 30       /* sessions that make "never verified" more than chance */
#define OUTBOUND_STEADY_DAYS 90  /* for which DANE held, before it is worth to be asked for */
#define OUTBOUND_DANE_HOSTS 2    /* MX domains that make it more than a change at one of them */

/* Which failures are told. */
struct outbound_period {
    gint64 from;        /* the first second */
    gint64 to;          /* the last */
    bool stored;        /* of stored_at, not of at: a log may be read late */
    const char *domain; /* only findings with this one; NULL: all */
};

struct outbound_domain {
    char *name;
    guint messages;  /* with a failure; one for each queue id */
    guint attempts;  /* to deliver them */
    guint throttled; /* deferrals without an attempt */
    guint returned;  /* messages */
    guint waiting;   /* messages in the queue, where that was read */
    gint64 last_at;
    gint64 good_at; /* the last hour with a session that did not fail, at any MX; 0: none. Where
                       mail of the finding went in clear, or unverified, sessions like that are no
                       good ones */
    enum session_outcome good;
    bool elsewhere;     /* that session was at another MX host than those that failed */
    gint64 verified_at; /* the last hour with a session verified by DANE; 0: none */
    bool over;          /* a session was good at the host that failed, in a later hour */
};

struct outbound_finding {
    enum failure_type type;
    enum severity severity;
    enum mail_effect effect; /* the gravest of its messages */
    enum actor actor;
    enum mta mta;         /* of most of its rows */
    enum tls_level level; /* likewise */
    guint messages;       /* likewise counted as in outbound_domain */
    guint attempts;
    guint throttled;
    guint warnings; /* rows that are about no message, host or domain */
    guint returned;
    guint waiting;
    guint held; /* messages deferred, and so far neither returned nor delivered after a failure */
    guint outcomes[LOG_OUTCOME_OTHER_MX + 1]; /* messages that met it, by enum log_outcome */
    gint64 delay;      /* the longest that a message was under way, seconds: as the log tells, else
                          since its first failure; -1: not known */
    gint64 held_delay; /* likewise, of the messages in `held` */
    gint64 oldest_at;  /* when that message came to us; 0: not known */
    gint64 first_at;   /* of its failures without a gap of more than a week */
    gint64 last_at;
    bool over;                  /* of all its domains */
    enum session_outcome since; /* where it is over: the weakest of their last sessions there */
    GPtrArray *domains;         /* struct outbound_domain *, most messages first */
    GPtrArray *mx;              /* struct fault_count * from here on, of attempts */
    char *mx_ip;                /* an address of the first of `mx`; NULL where none is told */
    GPtrArray *ips;
    GPtrArray *details;      /* words of enum log_detail */
    GPtrArray *result_types; /* words of RFC 8460, where the lines earn one */
    GPtrArray *reasons;      /* what the server said */
    GPtrArray *tls_errors;   /* what our own TLS noted beside it */
    GPtrArray *hosts;        /* whose log it is */
    GPtrArray *types;        /* of ours, what it explains */
    char *line;              /* the latest line */
    gint64 unverified;       /* local-resolver-insecure: sessions that should have been verified */
    GArray *ids;             /* gint64, of the rows in the store; at most OUTBOUND_IDS */
    guint rows;              /* in all */
    guint bounces;           /* of them: told by a bounce, not by a line of the log */
};

/* Opportunistic sessions of one month. */
struct outbound_month {
    gint64 begins_at;
    GPtrArray *clear;      /* struct fault_count *, domains, most sessions first */
    GPtrArray *unverified; /* likewise */
    gint64 clear_sessions;
    gint64 unverified_sessions;
    /* Where DANE verified no session at all of the month: those with MX hosts that are known to
       publish TLSA records. Either we do not ask for DANE, or our resolver does not validate. */
    GPtrArray *unchecked; /* struct fault_count *, MX domains, most sessions first */
    gint64 unchecked_sessions;
    /* Domains with which for OUTBOUND_STEADY_DAYS or more, up to the end of the month, every
       session of many was at level dane and verified, and nothing failed; with the sessions of that
       time. */
    GPtrArray *steady; /* struct fault_count *, most sessions first */
};

/* A host that takes mail of ours, and whose own handshakes failed here. */
struct outbound_peer {
    char *ip;
    char *mx; /* as we know it from deliveries; NULL: not told */
    gint64 handshakes;
    gint64 first_at;
    gint64 last_at;
    GPtrArray *details; /* struct fault_count * */
};

/* What a report tells of an address on a day, and what our log has of it. */
struct outbound_inbound {
    char *organization;
    char *ip;
    char *domain; /* ours, that the report is about */
    enum failure_type type;
    gint64 day;        /* of the report */
    gint64 reported;   /* sessions */
    gint64 handshakes; /* that failed here, on that day or one beside it */
    gint64 first_at;
    gint64 last_at;
    GPtrArray *details; /* struct fault_count * */
};

struct outbound {
    GPtrArray *findings; /* struct outbound_finding *: those that we must mend, then the worst */
    GPtrArray *passing;  /* likewise: over, with nothing returned, or seen once */
    GPtrArray *held;     /* struct fault_count *: domains whose sessions DANE verified */
    gint64 verified;     /* sessions, of these */
    gint64 sessions;     /* of the period */
    gint64 failed;       /* likewise */
    guint domains;       /* with a session */
    gint64 first_hour;   /* of the period's sessions */
    gint64 last_hour;    /* of any session known; 0: none */
    struct outbound_month *month; /* NULL: not asked for */
    GPtrArray *inbound;           /* struct outbound_inbound * */
    GPtrArray *peers;             /* struct outbound_peer *, of the period, most first; without
                                     the addresses of `inbound` */
    gint64 inbound_failed;        /* handshakes of clients, all */
    gint64 inbound_refused;       /* of these: the client did not accept our certificate */
    bool queue_read;
    guint queued;             /* messages in the queue */
    guint queued_ours;        /* that wait for one of the findings */
    guint64 queue_unreadable; /* lines */
    guint left_out;           /* rows past OUTBOUND_ROWS */
};

/* What a report says about an address that sent to us. */
struct outbound_report {
    const char *organization;
    const char *domain;
    const char *ip;
    enum failure_type type;
    gint64 begins_at;
    gint64 sessions;
    bool told; /* in the digest that is being made */
};

enum outbound_span {
    OUTBOUND_PERIOD,  /* the hours that the digest is about */
    OUTBOUND_CONTEXT, /* OUTBOUND_CONTEXT_DAYS before it, and up to now */
    OUTBOUND_BEFORE,  /* OUTBOUND_BEFORE_DAYS before that */
    OUTBOUND_MONTH,
    OUTBOUND_DAY, /* of the time from outbound_steady_from() to the end of the month */
};

struct outbound_builder;

struct outbound_builder *outbound_builder_new(const struct outbound_period *period);
void outbound_builder_free(struct outbound_builder *builder);

/* Whether a failure is told: what the period is about, and messages given up in it. */
bool outbound_period_has(const struct outbound_period *period,
                         const struct stored_log_failure *failure);

/*
 * The failures of the period and of the context, in the order of their times. Those of direction in
 * after all reports and peers: only what has the address of one is kept. The caller keeps all
 * texts.
 */
void outbound_builder_add_failure(struct outbound_builder *builder,
                                  const struct stored_log_failure *failure);
void outbound_builder_add_deliveries(struct outbound_builder *builder, enum outbound_span span,
                                     const struct stored_deliveries *deliveries);
void outbound_builder_add_report(struct outbound_builder *builder,
                                 const struct outbound_report *report);
/* Who takes mail of ours; `mx` may be NULL. */
void outbound_builder_add_peer(struct outbound_builder *builder, const char *ip, const char *mx);
void outbound_builder_add_queued(struct outbound_builder *builder,
                                 const struct queued_message *message);
/* That the queue was read, even if it is empty; `unreadable` lines of it could not be. */
void outbound_builder_queue_read(struct outbound_builder *builder, guint64 unreadable);

/*
 * That the month [begins_at, ends_at) is asked for; then its sessions, and day by day those from
 * outbound_steady_from(ends_at) on, with the failures of that time.
 */
void outbound_builder_begin_month(struct outbound_builder *builder, gint64 begins_at,
                                  gint64 ends_at);
gint64 outbound_steady_from(gint64 to);
void outbound_builder_add_unsteady(struct outbound_builder *builder,
                                   const struct stored_log_failure *failure);

/*
 * When all failures and the sessions of the context are in: the hours (gint64, ascending) whose
 * sessions tell whether our resolver worked. Then each session of such an hour.
 */
GArray *outbound_builder_suspects(struct outbound_builder *builder);
void outbound_builder_add_hour(struct outbound_builder *builder, gint64 hour,
                               const struct stored_deliveries *deliveries);

/* Frees the builder. NULL where no log was ever read. */
struct outbound *outbound_builder_finish(struct outbound_builder *builder, gint64 now);
void outbound_free(struct outbound *outbound);

typedef struct outbound Outbound;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outbound, outbound_free)

#endif
