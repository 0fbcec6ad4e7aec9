/* Entries of the knowledge base as plain text: below a fault of the digest, and for `explain`. */
#ifndef REPORT_TEXT_KNOWLEDGE_H
#define REPORT_TEXT_KNOWLEDGE_H

#include "analyze/knowledge.h"
#include "report/page.h"

/* The sections that a digest shows, with the facts of a fault filled in. */
void text_knowledge_sections(struct page *page, const char *word,
                             const enum knowledge_section *sections, size_t count,
                             const struct knowledge_facts *facts);
void text_knowledge(struct page *page, const char *word, const struct knowledge_facts *facts);

/* All sections of an entry, for no case in particular. False where the word is not known. */
bool text_explain(struct page *page, const char *word);

#endif
