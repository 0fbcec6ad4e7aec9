/*
 * What DMARC reports mean: which domains are aligned (RFC 9989, section 4.4; RFC 7489, section
 * 3.1), which policy holds for a message, and whether the receiver did what it asks.
 */
#ifndef ANALYZE_DMARC_H
#define ANALYZE_DMARC_H

#include "schema/dmarc_record.h"

/*
 * Whether a domain that DKIM or SPF passed for is aligned with that of From. Strict: only the same.
 * Relaxed: both have the same Organizational Domain, which takes the DNS to know; so PASS where one
 * is below the other or both are below the policy's domain, FAIL where they share less than two
 * labels, else UNKNOWN. NULL is aligned with nothing.
 */
enum dmarc_verdict dmarc_alignment(const char *from, const char *domain,
                                   enum dmarc_strictness strictness, const char *policy_domain);

/*
 * Fills dkim_aligned, spf_aligned, dkim_best and spf_best of each row. What policy_evaluated says
 * holds; where it says nothing, what auth_results tell. Where the two contradict each other, an
 * issue in the report counts such rows.
 */
void dmarc_judge(struct dmarc_report *report);

/* How hard a policy is on a message that is not aligned. */
struct dmarc_asked {
    enum dmarc_request least; /* what the receiver may do and still follow it */
    enum dmarc_request most;
};

/*
 * What a policy asks for where From is `from`. Below the policy's domain sp holds, and np where
 * that name does not exist, which the report does not tell. Testing (t=y, RFC 9989, section 4.7)
 * asks for one step less, as pct below 100 does of some (RFC 7489, section 6.6.4).
 */
struct dmarc_asked dmarc_asked_for(const struct dmarc_policy *policy, const char *from);

#endif
