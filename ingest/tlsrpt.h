/* RFC 8460 report JSON into a struct report. DEVIATIONS.md lists what is accepted beyond it. */
#ifndef INGEST_TLSRPT_H
#define INGEST_TLSRPT_H

#include "schema/record.h"
#include <jansson.h>

/*
 * What is known beside the JSON. RFC 8460, section 5.6: where they disagree the JSON wins; these
 * fill what it lacks. Any may be NULL.
 */
struct tlsrpt_hints {
    const struct site *site;
    const char *report_domain;    /* TLS-Report-Domain */
    const char *report_submitter; /* TLS-Report-Submitter */
    const char *subject;          /* "Report Domain: ... Submitter: ... Report-ID: ..." */
    const char *file_name;        /* "submitter!domain!begin!end!id.json.gz" */
    gint64 received_at;           /* Date of the mail or time of the file; 0 where unknown */
    gint64 now;
};

/* Whether a JSON value looks like a TLS report at all: an object with two of its usual names. */
bool tlsrpt_sniff(const json_t *root);

/*
 * Reads a report. Never refuses for a defect: each becomes an issue in report->issues with its
 * clause, and one bad policy or detail never costs the good ones. NULL if tlsrpt_sniff() is false.
 * The hashes are filled in; report->original is left to the caller. Ownership passes to the
 * caller.
 */
struct report *tlsrpt_parse(const json_t *root, const struct tlsrpt_hints *hints);

#endif
