/* What our own mail server met, as sections of the text format. */
#ifndef REPORT_TEXT_OUTBOUND_H
#define REPORT_TEXT_OUTBOUND_H

#include "report/digest.h"
#include "report/page.h"

/* The finding's number of those that are told before the faults: what we must mend ourselves. */
guint text_outbound_ours(const struct digest *digest);

/* "Our mail server's log: 120 sessions ...", below the line about the reports. */
void text_outbound_cover(struct page *page, const struct digest *digest);

/* The findings [from, to), numbered from `number` on. */
void text_outbound_findings(struct page *page, const struct digest *digest, guint from, guint to,
                            guint number);

/* What passed, what was held by DANE, the queue, the month, and who failed at us. */
void text_outbound_rest(struct page *page, const struct digest *digest);

/* What answers where the rows of a finding are, for `tlstriage sql`. Owned by the caller. */
char *text_outbound_query(const struct outbound_finding *finding);

#endif
