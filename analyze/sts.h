/* MTA-STS policies as reports quote them (RFC 8461). */
#ifndef ANALYZE_STS_H
#define ANALYZE_STS_H

#include <glib.h>
#include <stdbool.h>

/* RFC 8461, section 4.1: '*' stands for exactly one leftmost label. Case does not count. */
bool sts_pattern_matches(const char *pattern, const char *mx);

/*
 * Whether `mx` is allowed by the "mx: ..." lines of a quoted policy, or, where it quotes none, by
 * `mx_hosts`. *known is false where neither says anything.
 */
bool sts_policy_allows(const GPtrArray *strings, const GPtrArray *mx_hosts, const char *mx,
                       bool *known);

/* The patterns of one quoted policy, made ready for the many failures that stand under it. */
struct sts_patterns;

/* Never NULL; keeps nothing of its arguments, each of which may be NULL. */
struct sts_patterns *sts_patterns_new(const GPtrArray *strings, const GPtrArray *mx_hosts);
bool sts_patterns_allow(const struct sts_patterns *patterns, const char *mx, bool *known);
void sts_patterns_free(struct sts_patterns *patterns);

typedef struct sts_patterns StsPatterns;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StsPatterns, sts_patterns_free)

#endif
