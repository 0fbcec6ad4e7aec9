/* What a finding of our own log knows that fills the placeholders of the knowledge texts. */
#ifndef ANALYZE_OUTBOUND_FACTS_H
#define ANALYZE_OUTBOUND_FACTS_H

#include "analyze/knowledge.h"
#include "analyze/outbound.h"

/* An exception for a destination ends after so many days. */
#define OUTBOUND_EXCEPTION_DAYS 7

struct outbound_facts {
    struct knowledge_facts facts; /* its texts are the finding's, except for the days */
    char *since;
    char *today;
    char *remove_after;
};

/* Takes what failed most of each kind. The finding has to outlive the facts. */
void outbound_facts_init(struct outbound_facts *facts, const struct outbound_finding *finding,
                         gint64 now);
void outbound_facts_clear(struct outbound_facts *facts);

/*
 * The sections that tell a sender about this failure, in the order in which they are shown; their
 * number is returned, at most SECTION_COUNT.
 */
guint outbound_sections(const struct outbound_finding *finding,
                        enum knowledge_section sections[SECTION_COUNT]);

/* The destination with most messages, or the MX host that failed most; NULL where none is told. */
const char *outbound_place(const struct outbound_finding *finding);

/* What is at fault is ours: a resolver, or the configuration. */
bool outbound_is_ours(const struct outbound_finding *finding);

#endif
