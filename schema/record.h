/*
 * The plain records that cross layers. Every char * is owned by the record that holds it
 * (g_free), may be NULL where nothing was said, and is valid UTF-8 of bounded length; every
 * GPtrArray owns its elements. Times are Unix seconds, UTC. record.c holds their constructors and
 * destructors and nothing else.
 */
#ifndef SCHEMA_RECORD_H
#define SCHEMA_RECORD_H

#include "schema/vocabulary.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define RECORD_HASH_BYTES 32 /* SHA-256 */

/* A departure of an input from its standard, or something that could not be used. */
struct issue {
    enum issue_kind kind;
    enum issue_severity severity;
    char *part; /* place in the input: "1.2", "1.2 rpt.json", "policies[3].summary"; may be NULL */
    char *clause;  /* "RFC 8460, section 4.4"; NULL where no standard is broken */
    char *problem; /* one sentence without a full stop; texts of strangers cut and quoted in it */
};

/* One element of failure-details, RFC 8460, section 4.4. */
struct failure {
    enum result_type result_type;
    char *result_word; /* as reported, lower case; NULL where missing */
    char *sending_ip;  /* RFC 5952 form if it is an address, else as reported */
    char *mx;          /* receiving-mx-hostname, normalised; NULL where missing */
    char *helo;
    char *receiving_ip;
    int64_t sessions; /* failed-session-count, 0 .. RECORD_COUNT_MAX */
    char *reason_code;
    char *additional_information;
    enum failure_type failure_type; /* the rest is filled in by analyze/classify */
    enum mail_effect mail_effect;
};

/* One element of policies, RFC 8460, section 4.4. */
struct policy {
    enum policy_type type;
    char *type_word;     /* as reported, lower case; NULL where missing */
    enum sts_mode mode;  /* from policy-string; UNKNOWN unless type is sts */
    char *policy_domain; /* as reported, normalised; NULL where missing and not derivable */
    char *domain;        /* the recipient domain; never NULL, "" where unknown */
    enum domain_source domain_source;
    GPtrArray *strings;  /* char *, policy-string: one TLSA record or policy line each, trimmed */
    GPtrArray *mx_hosts; /* char *, mx-host */
    int64_t successes;   /* 0 .. RECORD_COUNT_MAX */
    int64_t failures;
    GPtrArray *details; /* struct failure * */
};

/*
 * Counts past this are cut, so that no sum of the store can overflow: that would take 9 * 10^8
 * rows, a store of some 90 GB. No reporter has so many sessions with one domain in a day.
 */
#define RECORD_COUNT_MAX INT64_C(10000000000)

enum original_encoding { ORIGINAL_GZIP, ORIGINAL_ZIP, ORIGINAL_PLAIN };

/* Bytes kept as they came, so that a later version can read them again. */
struct original {
    GBytes *bytes;
    enum original_encoding encoding;
    char *part;      /* where in the arrival; NULL for a plain file */
    char *file_name; /* of the attachment or the file, without folders; NULL where none */
    /* Of the message it stood in; NULL where that is the arrival itself, or says the same. */
    char *report_domain;
    char *report_submitter;
    char *subject;
};

/* One TLS-RPT report. */
struct report {
    char *organization;
    char *submitter;   /* TLS-Report-Submitter, else domain of the contact, else from the name */
    char *external_id; /* report-id */
    char *contact;
    int64_t begins_at;
    int64_t ends_at;
    GPtrArray *policies; /* struct policy * */
    GPtrArray *issues;   /* struct issue * */
    struct original original;
    uint8_t json_hash[RECORD_HASH_BYTES];     /* canonical JSON, after repair */
    uint8_t content_hash[RECORD_HASH_BYTES];  /* the same, with domains that came from outside */
    uint8_t identity_hash[RECORD_HASH_BYTES]; /* organization, id, period, policy domains */
};

/* What is kept though it was not read: a later kind of report, or one that could not be read. */
struct unread {
    enum arrival_kind kind; /* ARRIVAL_DMARC: kept until read. Else: quarantine */
    struct original original;
    char *problem; /* why it could not be read */
    char *clause;
};

/* One recipient of a mail of ours that was returned or delayed because of TLS (RFC 3464). */
struct bounced {
    gint64 at;
    char *host; /* Reporting-MTA */
    enum mta mta;
    char *queue_id;           /* where Postfix says it */
    char *domain;             /* of the recipient */
    char *mx;                 /* Remote-MTA */
    char *status;             /* "5.7.323" */
    char *reason;             /* Diagnostic-Code, without local parts of addresses */
    enum log_outcome outcome; /* BOUNCED or DEFERRED */
    enum result_type result_type;
    enum failure_type failure_type;
    enum log_detail detail;
};

/* One mail or one plain file that came in. */
struct arrival {
    uint8_t key[RECORD_HASH_BYTES]; /* the same mail again has the same key */
    enum arrival_kind kind;
    enum authenticity authenticated;
    bool is_mail;
    char *source;     /* path with a position, or "-" */
    char *sender;     /* address of From, lower case */
    char *message_id; /* without <> */
    char *subject;
    char *report_domain;    /* TLS-Report-Domain */
    char *report_submitter; /* TLS-Report-Submitter */
    int64_t received_at;    /* the mail's Date, else the file's time, else now */
    GPtrArray *reports;     /* struct report * */
    GPtrArray *dmarc;       /* struct dmarc_report *, dmarc_record.h */
    GPtrArray *unread;      /* struct unread * */
    GPtrArray *bounced;     /* struct bounced * */
    GPtrArray *issues;      /* struct issue *, those that belong to no report */
};

/* A report as the store gives it back, with what is known of how it came. */
struct stored_report {
    int64_t id;
    struct report *report; /* without hashes, issues and original */
    enum authenticity authenticated;
    int64_t received_at;
    int64_t ingested_at;
};

/* A domain that the configuration calls ours. */
struct own_domain {
    char *name;
    GPtrArray *mx;        /* char *, host names */
    GPtrArray *addresses; /* char *, of all MX hosts, RFC 5952 form */
};

/* What the configuration says about this site; read once, never changed while work goes on. */
struct site {
    char *authserv_id;          /* [ingest] authserv-id; NULL: authenticity is not judged */
    bool skip_unauthenticated;  /* [analyze] skip-unauthenticated */
    GPtrArray *domains;         /* struct own_domain * */
    GHashTable *domain_by_mx;   /* host name -> GPtrArray of struct own_domain * (not owned) */
    GHashTable *domain_by_name; /* name -> struct own_domain * (not owned) */
    int keep_days;              /* [store] keep-days */
    char *digest_to;            /* [digest] to */
    char *digest_from;          /* [digest] from */
    char *log_timezone;         /* [log] timezone; NULL: local time */
    bool log_keep_addresses;    /* [log] keep-addresses: local parts stay in kept lines */
};

G_GNUC_PRINTF(5, 6)
void issue_add(GPtrArray *issues, enum issue_kind kind, enum issue_severity severity,
               const char *clause, const char *format, ...);
/* Puts `prefix` before the part of each issue from index `first` on: "1.2" + "summary". */
void issues_place(GPtrArray *issues, guint first, const char *prefix);

GPtrArray *issues_new(void);
struct failure *failure_new(void);
struct policy *policy_new(void);
struct report *report_new(void);
struct unread *unread_new(void);
struct arrival *arrival_new(void);
struct site *site_new(void);

void issue_free(struct issue *issue);
void failure_free(struct failure *failure);
void policy_free(struct policy *policy);
void original_clear(struct original *original);
void report_free(struct report *report);
void unread_free(struct unread *unread);
void bounced_free(struct bounced *bounced);
void arrival_free(struct arrival *arrival);
void own_domain_free(struct own_domain *domain);
void site_free(struct site *site);

/* For g_autoptr(), which wants a name without a blank. */
typedef struct issue Issue;
typedef struct failure Failure;
typedef struct policy Policy;
typedef struct report Report;
typedef struct unread Unread;
typedef struct arrival Arrival;
typedef struct site Site;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Issue, issue_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Failure, failure_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Unread, unread_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Arrival, arrival_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Site, site_free)

#endif
