/* What a fault knows that fills the placeholders of the knowledge texts. */
#ifndef ANALYZE_FAULT_FACTS_H
#define ANALYZE_FAULT_FACTS_H

#include "analyze/fault.h"
#include "analyze/knowledge.h"

struct fault_facts {
    struct knowledge_facts facts; /* its texts are the fault's, except for the two below */
    char *tlsa;
    char *first_day;
};

/* Takes what failed most of each kind. The fault has to outlive the facts. */
void fault_facts_init(struct fault_facts *facts, const struct fault *fault);
void fault_facts_clear(struct fault_facts *facts);

/* The earliest day that any of its reporters names. */
int64_t fault_since(const struct fault *fault);

#endif
