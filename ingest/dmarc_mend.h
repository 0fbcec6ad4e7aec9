/*
 * XML of strangers that expat refuses, made well-formed: a stream between the text and expat.
 *
 * Only tags with names that DMARC reports use are taken for tags; every other '<' and every '&'
 * that begins no reference of XML itself becomes text. Prefixes, attributes but for namespaces,
 * comments and processing instructions are left out. An end tag closes what was left open inside
 * it; one without a begin is dropped. What begins where it has no place, but would have one if an
 * element around that place had ended, ends that; so does a record inside a record. What is open
 * at the end stays open: a record cut short is none.
 * Bytes that are no UTF-8 are read in the declared encoding, else as windows-1252 has them. What
 * comes out begins with one element around everything. Time is linear; no more than one tag is
 * held.
 */
#ifndef INGEST_DMARC_MEND_H
#define INGEST_DMARC_MEND_H

#include "ingest/dmarc_private.h"

struct dmarc_mend;

/* The element around everything. */
#define DMARC_MEND_ROOT "mended"

struct dmarc_mend *dmarc_mend_new(dmarc_take_fn take, void *taker);
void dmarc_mend_free(struct dmarc_mend *mend);

/* False where no more is wanted: `take` has enough, or the text is refused. */
bool dmarc_mend_feed(struct dmarc_mend *mend, const char *bytes, size_t length);
/* Whether there was a document type declaration. */
bool dmarc_mend_refused(const struct dmarc_mend *mend);
/* To be called by `take` at the report's end. */
void dmarc_mend_end(struct dmarc_mend *mend);
/* Where that was, in bytes of what was fed; 0: nowhere yet. */
size_t dmarc_mend_used(const struct dmarc_mend *mend);
/* Whether bytes were read as windows-1252 that are no UTF-8, and whether anything else that is not
   well-formed was changed so far. */
void dmarc_mend_look(const struct dmarc_mend *mend, bool *foreign, bool *repaired);
/* Gives what is held; true where the text ended inside an element. */
bool dmarc_mend_finish(struct dmarc_mend *mend);

#endif
