/* Tables of patterns (PCRE2 with JIT), compiled once and asked for the first row that fits. */
#ifndef INGEST_LOG_PATTERN_H
#define INGEST_LOG_PATTERN_H

#include "ingest/log/line.h"

#define PATTERN_CAPTURES 16

/*
 * First member of each row of a dialect's table. `literal` must stand somewhere in the text for the
 * expression to be tried at all (a leading '^' in it: at its begin); "" always tries. `regex` is
 * PCRE2 on bytes, not anchored unless it says so.
 */
struct pattern {
    const char *literal;
    const char *regex;
};

struct pattern_set;

/* `rows`: the first of `count` rows of `stride` bytes, each beginning with a struct pattern. */
struct pattern_set *pattern_set_new(const void *rows, size_t count, size_t stride);
void pattern_set_free(struct pattern_set *set);

/*
 * Index of the first row that fits, -1 where none does. captures[0] is what was matched, the others
 * its groups in order; an unset group is empty. One thread at a time per set. Time is bounded: a
 * match that takes too long fits not.
 */
int pattern_set_match(struct pattern_set *set, struct span text,
                      struct span captures[PATTERN_CAPTURES]);

#endif
