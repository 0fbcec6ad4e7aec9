/*
 * A DMARC aggregate report (RFC 7489, appendix C; RFC 9990), as plain records. A report may have a
 * hundred thousand rows that differ in little but an address: a row is a few words, and its texts
 * stand once in the report however many rows say them.
 */
#ifndef SCHEMA_DMARC_RECORD_H
#define SCHEMA_DMARC_RECORD_H

#include "schema/arena.h"
#include "schema/record.h"

/* What the receiver read in the DNS. Words are those of the standard; UNKNOWN: not said. */
struct dmarc_policy {
    char *domain; /* normalised; "" where not said anywhere */
    enum dmarc_request p;
    enum dmarc_request sp;       /* for subdomains; UNKNOWN: p holds */
    enum dmarc_request np;       /* for subdomains that do not exist; UNKNOWN: sp holds */
    enum dmarc_strictness adkim; /* UNKNOWN: relaxed */
    enum dmarc_strictness aspf;  /* likewise */
    int pct;                     /* 0 .. 100; -1 where not said, as in RFC 9990 */
    bool testing;                /* t=y, RFC 9989: the policy holds one step weaker */
    char *fo;
    char *discovery_method; /* "psl", "treewalk"; NULL where not said */
};

/* One result of auth_results. Texts belong to the report; NULL where nothing was said. */
struct dmarc_auth {
    const char *domain; /* normalised */
    const char *detail; /* dkim: selector; spf: scope, "mfrom" or "helo" */
    const char *result; /* lower case, as reported: "pass", "softfail", "hardfail" ... */
    const char *human_result;
};

/* Why the policy was not applied. */
struct dmarc_reason {
    const char *type; /* lower case, as reported: "mailing_list", "policy_test_mode" ... */
    const char *comment;
};

/* One record: messages of one source that fared alike. Texts and lists belong to the report, each
   standing there once. */
struct dmarc_row {
    const char *source_ip;     /* RFC 5952 form if it is an address; NULL where missing */
    const char *header_from;   /* domain of From, normalised */
    const char *envelope_from; /* domain of MAIL FROM */
    const char *envelope_to;   /* domain of RCPT TO */
    const struct dmarc_auth *dkim;
    const struct dmarc_auth *spf;
    const struct dmarc_reason *reasons;
    int64_t messages; /* 0 .. RECORD_COUNT_MAX */
    uint8_t dkim_count;
    uint8_t spf_count;
    uint8_t reason_count;
    uint8_t disposition; /* enum dmarc_disposition */
    uint8_t dkim_said;   /* enum dmarc_verdict, as policy_evaluated has it; */
    uint8_t spf_said;
    uint8_t dkim_aligned; /* what holds: as said, else by auth_results (analyze/dmarc) */
    uint8_t spf_aligned;
    uint8_t dkim_best; /* index of the result that tells most about it, where there is one */
    uint8_t spf_best;
};

/* Rows with their texts and lists. */
struct dmarc_rows;

struct dmarc_report {
    char *organization; /* org_name, else the domain of email, else from the file's name */
    char *contact;      /* email */
    char *external_id;  /* report_id */
    char *extra_contact;
    char *generator;
    char *error;   /* what the receiver found wrong with our record */
    char *version; /* as written */
    enum dmarc_form form;
    int64_t begins_at;
    int64_t ends_at;
    struct dmarc_policy policy;
    struct dmarc_rows *rows;
    GPtrArray *issues; /* struct issue * */
    struct original original;
    uint8_t content_hash[RECORD_HASH_BYTES];  /* of elements and texts; blanks around them do not
                                                 count, nor comments, prefixes, attributes */
    uint8_t identity_hash[RECORD_HASH_BYTES]; /* organization, id, domain, period */
};

/*
 * Reports of a period added up, as the store gives them to analysis. Texts live as long as the
 * call that gives them.
 */

/* Reports about a domain. */
struct dmarc_count {
    const char *domain;
    guint reports;
    guint organizations;
    int64_t first_at; /* begin of the first period */
    int64_t last_at;  /* of the last one */
};

/* Messages for a domain that fared alike under one policy. */
struct dmarc_sum {
    const char *domain;
    const char *reason; /* type of the first override; NULL where none */
    const struct dmarc_policy *policy;
    bool subdomain; /* From is a name below the domain */
    enum dmarc_disposition disposition;
    enum dmarc_verdict dkim;
    enum dmarc_verdict spf;
    int64_t messages;
};

/* A policy as receivers read it. What a report does not say is what the standard puts there. */
struct dmarc_seen {
    const char *domain;
    const char *organization; /* one of them */
    struct dmarc_policy policy;
    guint reports;
    guint organizations;
    int64_t first_at;
    int64_t last_at;
};

/* What a source sent for a domain. */
struct dmarc_source {
    const char *domain;
    const char *source_ip;
    const char *dkim_domain; /* one that DKIM passed for; NULL where none */
    const char *spf_domain;
    const char *reason; /* of messages that were not aligned */
    guint organizations;
    int64_t messages;
    int64_t aligned;
    int64_t failed;     /* neither DKIM nor SPF aligned; what is not known is in neither */
    int64_t aligned_at; /* begin of the last period with aligned messages; 0 where none */
    int64_t failed_at;
};

struct dmarc_report *dmarc_report_new(void);
void dmarc_report_free(struct dmarc_report *report);

/* Rows in the order in which they are added. Their texts and lists are those that these give: the
   same pointer for the same text or list within DMARC_ROWS_BLOCK rows; NULL for none. All stay
   where they are. What is far from the row last looked at may leave the memory. */
#define DMARC_ROWS_BLOCK 2048
struct dmarc_rows *dmarc_rows_new(void);
void dmarc_rows_free(struct dmarc_rows *rows);
const char *dmarc_rows_text(struct dmarc_rows *rows, const char *text);
const void *dmarc_rows_list(struct dmarc_rows *rows, const void *list, size_t size);
void dmarc_rows_add(struct dmarc_rows *rows, const struct dmarc_row *row);
/* Ends adding: what finds a text again is given back. */
void dmarc_rows_seal(struct dmarc_rows *rows);
guint dmarc_rows_count(const struct dmarc_rows *rows);
/* index < count. Until the next row is added. */
struct dmarc_row *dmarc_rows_at(struct dmarc_rows *rows, guint index);
/* Bytes of all rows, texts and lists. */
size_t dmarc_rows_size(const struct dmarc_rows *rows);

typedef struct dmarc_report DmarcReport;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DmarcReport, dmarc_report_free)

#endif
