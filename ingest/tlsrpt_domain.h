/* For whom a policy of a report is: the recipient domain, and what mails and file names say of it.
 */
#ifndef INGEST_TLSRPT_DOMAIN_H
#define INGEST_TLSRPT_DOMAIN_H

#include "ingest/tlsrpt.h"

/* What a subject line or a file name says, RFC 8460, sections 5.1 and 5.3. Texts may be NULL. */
struct tlsrpt_label {
    char *domain;
    char *submitter;
    char *id;         /* without <>; subjects only */
    gint64 begins_at; /* 0 where not said; file names only */
    gint64 ends_at;
};

/* False, and an empty label, where the text has not the form the RFC gives. */
bool tlsrpt_label_of_subject(const char *subject, struct tlsrpt_label *label);
bool tlsrpt_label_of_file_name(const char *file_name, struct tlsrpt_label *label);
void tlsrpt_label_clear(struct tlsrpt_label *label);

/* The names that stand around a report, best first. */
struct tlsrpt_outer {
    const char *domain; /* NULL where none */
    enum domain_source source;
};

/*
 * Fills domain and domain_source of every policy of `report`, and policy_domain where it is
 * missing: from `outer`, else from the only sibling that names one. sts, no-policy-found and
 * unknown types: the policy domain. tlsa, whose policy domain may be the MX host (RFC 8460, section
 * 1.1; RFC 7672, section 2.2.3), the first that tells: a configured domain of that name or with
 * that MX; a sibling policy's domain; `outer`, unless it is an MX host of that policy; a configured
 * domain that is a suffix; the policy domain.
 */
void tlsrpt_derive_domains(struct report *report, const struct site *site,
                           const struct tlsrpt_outer *outer);

#endif
