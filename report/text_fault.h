/* One fault as a section of the text format. */
#ifndef REPORT_TEXT_FAULT_H
#define REPORT_TEXT_FAULT_H

#include "report/digest.h"
#include "report/page.h"

/* "tlstriage --db FILE": how the commands that a digest names begin. Owned by the caller. */
char *text_command(const struct digest *digest);

void text_fault(struct page *page, const struct digest *digest, const struct fault *fault,
                guint number);
/* The same in one line, for the faults past those that are told at length. */
void text_fault_line(struct page *page, const struct fault *fault, guint number);

#endif
