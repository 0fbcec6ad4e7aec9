/*
 * (result type, policy type, reason code, reporter, policy string, MX) -> failure type and effect
 * on the mail, for each failure of a report. The rules stand in one table, in order; the first
 * that holds wins.
 */
#ifndef ANALYZE_CLASSIFY_H
#define ANALYZE_CLASSIFY_H

#include "schema/record.h"

/* Raised with every change of a rule, so that `tlstriage reparse` knows what to do again. */
#define CLASSIFY_VERSION 1

/* How a reporter uses the result types; found from its organization and submitter. */
enum dialect {
    DIALECT_UNKNOWN,
    DIALECT_POSTFIX, /* libtlsrpt with tlsrpt-reporter */
    DIALECT_MOX,
    DIALECT_STALWART,
    DIALECT_EXIM,
    DIALECT_MICROSOFT,
    DIALECT_GOOGLE,
    DIALECT_MAILRU,
};

struct classify_rule {
    const char *id;        /* "4.3": as in the table of the knowledge base, stable for tests */
    const char *condition; /* in words */
    const char *source;    /* RFC clause, or the program whose code or documents say so */
    enum failure_type type;
};

/* Sets failure_type and mail_effect of every failure of `report`. */
void classify_report(struct report *report);

/* The rule that decides, for tests and for `explain`; never NULL. */
const struct classify_rule *classify_failure(const struct report *report,
                                             const struct policy *policy,
                                             const struct failure *failure);

/* The rules in the order in which they are asked; NULL past the last one. */
const struct classify_rule *classify_rule_at(guint index);

enum dialect classify_dialect(const struct report *report);

#endif
