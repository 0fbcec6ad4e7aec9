/*
 * Failing rows of many reports -> faults: one thing that is broken, whoever reported it and
 * whichever domains it hits.
 *
 * Rows of one failure type belong to the same fault if they name the same MX host; MX hosts belong
 * together if they stand in the same parent domain (mx1 and mx2 of host.example) or if half or
 * more of the domains of the one with fewer domains also fail at the other. Rows without an MX
 * host (a policy that could not be fetched) belong together by domain, and to the fault of an MX
 * host where the domain has one of the same type; other domains whose rows share reason code and
 * first day are one fault. So 3 000 customers on 4 MX hosts are one fault.
 */
#ifndef ANALYZE_FAULT_H
#define ANALYZE_FAULT_H

#include "schema/record.h"
#include <glib.h>

#define FAULT_DAY 86400

/* A text with the failed sessions of the rows that carry it. */
struct fault_count {
    char *text;
    int64_t sessions;
};

struct fault_reporter {
    char *organization;
    char *contact;       /* contact-info of its latest report; NULL where none */
    int64_t sessions;    /* failed, of this fault */
    int64_t successes;   /* of the policies in which the failing rows stand */
    int64_t first_day;   /* begin of the earliest period seen with the fault in this set */
    int64_t last_day;    /* begin of the latest */
    int64_t newest_day;  /* begin of its latest period in this set, failing or not: a reporter that
                            is weeks late cannot have told yet that the fault is over */
    int64_t since;       /* first day of the chain of failing days; = first_day until the caller
                            asks the store for what came before */
    int64_t received_at; /* when the report about last_day came */
    guint reports;
    bool late;               /* that was three days or more after the period's end */
    bool authenticated_fail; /* a report of it carried no valid signature */
};

struct fault_domain {
    char *name;
    int64_t sessions;
    int64_t successes;
};

/* A TLSA set or MTA-STS policy as reporters saw it. */
struct fault_policy {
    enum policy_type type;
    char *host; /* tlsa: the MX host whose records they are; NULL where not known */
    enum sts_mode mode;
    GPtrArray *strings;       /* char * */
    GPtrArray *organizations; /* char *, who saw it */
    int64_t first_day;
    int64_t last_day;
};

struct fault {
    enum failure_type type;
    enum severity severity;
    enum mail_effect effect; /* the gravest of its rows */
    bool effects_differ;     /* rows have others too (say: deferred at some, in clear at some) */
    enum actor actor;
    enum policy_type policy_type; /* of the rows with the gravest effect */
    enum sts_mode mode;           /* likewise */
    int64_t sessions;  /* failed; per reporter, day and domain the sum over rows of one policy
                          type, and the maximum over the types (RFC 8460, section 4: one session
                          may stand under several policies) */
    int64_t successes; /* of the same policies, counted in the same way */
    bool single;       /* one failed session in all; a row that counts none is taken for one */
    int64_t first_day;
    int64_t last_day;
    GPtrArray *domains;       /* struct fault_domain *, most failed sessions first */
    GPtrArray *mx;            /* struct fault_count *, empty where no row names one */
    char *mx_ip;              /* receiving address of the first of `mx` that failed most, or NULL */
    GPtrArray *receiving_ips; /* struct fault_count * */
    GPtrArray *sending_ips;   /* struct fault_count * */
    GPtrArray *result_types;  /* struct fault_count *, as reported */
    GPtrArray *reason_codes;  /* struct fault_count * */
    GPtrArray *reporters;     /* struct fault_reporter *, most failed sessions first */
    GPtrArray *policies;      /* struct fault_policy *, latest first, at most FAULT_POLICIES */
    bool microsoft;           /* Exchange Online is among the reporters */
};

#define FAULT_POLICIES 8
/* Of each list of addresses, result types and reason codes; the rest is summed as "...". */
#define FAULT_TEXTS 50

/* A domain with no failing row and no unexplained failure. */
struct fine_domain {
    char *name;
    int64_t successes;
    guint reporters;
};

/* Failed sessions that a report counts and does not explain by any failure-details. */
struct unexplained {
    char *domain;
    char *organization;
    enum policy_type policy_type;
    int64_t sessions;
    int64_t successes;
    int64_t first_day;
    int64_t last_day;
};

struct fault_set {
    GPtrArray *faults;      /* struct fault *, worst first */
    GPtrArray *singles;     /* struct fault *: one failed session in all, nothing to act on yet */
    GPtrArray *unexplained; /* struct unexplained * */
    GPtrArray *fine;        /* struct fine_domain *, by name */
};

struct fault_builder;

struct fault_builder *fault_builder_new(void);
/* Takes what it needs; the report stays the caller's. */
void fault_builder_add(struct fault_builder *builder, const struct stored_report *stored);
/* Groups, judges and sorts. Frees the builder. `now` decides whether a fault is still going on. */
struct fault_set *fault_builder_finish(struct fault_builder *builder, gint64 now);
void fault_builder_free(struct fault_builder *builder);
void fault_set_free(struct fault_set *set);

/* For judging again after `since` of its reporters was filled in. */
enum severity fault_severity(const struct fault *fault, gint64 now);

typedef struct fault_set FaultSet;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FaultSet, fault_set_free)

#endif
