/* The section about DMARC, as text. */
#ifndef REPORT_TEXT_DMARC_H
#define REPORT_TEXT_DMARC_H

#include "analyze/dmarc_sum.h"
#include "report/page.h"

/* Nothing where no report came. Domains with news come first, then those where most failed. */
void text_dmarc(struct page *page, const struct dmarc_set *set);

#endif
