/* What Exim says of a failed delivery, where it stands outside of its log. */
#ifndef INGEST_LOG_EXIM_TEXT_H
#define INGEST_LOG_EXIM_TEXT_H

#include "ingest/log/line.h"

struct exim_texts;

struct exim_texts *exim_texts_new(void);
void exim_texts_free(struct exim_texts *texts);

/* As of a "==" or "**" line of the log. False where the text tells of no failure that we know. */
bool exim_texts_judge(struct exim_texts *texts, struct span text, enum log_detail *detail,
                      enum result_type *result, enum failure_type *failure);

#endif
