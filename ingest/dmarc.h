/*
 * DMARC aggregate reports: XML as RFC 7489, appendix C, and RFC 9990 have it, into a struct
 * dmarc_report. Elements are known by their local names, whatever namespace they are in.
 * DEVIATIONS.md lists what is accepted beyond the standards.
 *
 * The text comes in pieces and is never held whole; XML that expat refuses is read a second time
 * through dmarc_mend.h. A document type declaration is refused with the whole text (RFC 9990 has
 * none): no entity is ever declared or expanded.
 */
#ifndef INGEST_DMARC_H
#define INGEST_DMARC_H

#include "schema/dmarc_record.h"

/* Takes the next bytes of a text; false: no more are wanted. */
typedef bool (*dmarc_take_fn)(const char *bytes, size_t length, void *taker);

/* Gives all bytes of a text, from its begin each time it is called, until `take` has enough. */
typedef void (*dmarc_source_fn)(void *source, dmarc_take_fn take, void *taker);

/* What is known beside the XML, which wins where they disagree. Any may be NULL. */
struct dmarc_hints {
    const char *subject;
    const char *file_name;
    gint64 received_at; /* 0 where unknown */
    gint64 now;
};

/* How much of a text dmarc_sniff() looks at. */
#define DMARC_HEAD 16384

/* <feedback>, with whatever prefix, in a text that begins like XML, UTF-16 too: as its first
   element, or early in one that has other names of DMARC's. */
bool dmarc_sniff(const char *text, size_t length);

/*
 * Reads a report. Each defect becomes an issue in report->issues with its clause, and one bad
 * record never costs the good ones. NULL where the text is refused or holds nothing of a report:
 * then `issues` says why, last, as an error or, of the latter, a notice. report->original and the
 * *_aligned and *_best of the rows are left to the caller. *next: where in the text another report
 * begins, which is left to the caller as well; 0: there is none, or nothing was read. Safe to call
 * from several threads.
 */
struct dmarc_report *dmarc_read(dmarc_source_fn source, void *data, const struct dmarc_hints *hints,
                                GPtrArray *issues, size_t *next);

#endif
