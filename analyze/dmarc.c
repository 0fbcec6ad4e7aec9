#include "analyze/dmarc.h"
#include <string.h>

/* RFC 9990, section 3.1.1.9. */
#define CLAUSE "RFC 9990, section 3.1.1.9; RFC 7489, appendix C"

/* `domain` is `parent`, or a name below it. */
static bool is_within(const char *domain, const char *parent)
{
    size_t length = strlen(domain), tail = strlen(parent);

    if (tail == 0 || length < tail || strcmp(domain + length - tail, parent) != 0)
        return false;
    return length == tail || domain[length - tail - 1] == '.';
}

/* The last two labels of a name; NULL where it has fewer. */
static const char *last_two(const char *name)
{
    const char *at = strrchr(name, '.');

    while (at != NULL && at > name && at[-1] != '.')
        at--;
    return at;
}

static enum dmarc_verdict relaxed(const char *from, const char *domain, const char *policy_domain)
{
    const char *tail = last_two(from), *other = last_two(domain);

    if (tail != NULL && other != NULL && (is_within(from, domain) || is_within(domain, from)))
        return DMARC_PASS;
    if (policy_domain != NULL && strchr(policy_domain, '.') != NULL &&
        is_within(from, policy_domain) && is_within(domain, policy_domain))
        return DMARC_PASS;
    return tail == NULL || other == NULL || strcmp(tail, other) != 0 ? DMARC_FAIL
                                                                     : DMARC_VERDICT_UNKNOWN;
}

enum dmarc_verdict dmarc_alignment(const char *from, const char *domain,
                                   enum dmarc_strictness strictness, const char *policy_domain)
{
    if (from == NULL || domain == NULL)
        return DMARC_FAIL;
    if (strcmp(from, domain) == 0)
        return DMARC_PASS;
    return strictness == DMARC_STRICT ? DMARC_FAIL : relaxed(from, domain, policy_domain);
}

/* What a list of results comes to. */
struct results {
    uint8_t best;
    bool passed;                /* one of them */
    bool identical;             /* one of them, for the domain of From itself */
    enum dmarc_verdict verdict; /* that they give */
};

static bool has_passed(const struct dmarc_auth *auth)
{
    return g_strcmp0(auth->result, "pass") == 0;
}

/* `unused`: what stands beside a result that does not count; NULL: nothing. */
static struct results weigh(const struct dmarc_auth *auth, guint count, const char *from,
                            enum dmarc_strictness strictness, const char *policy_domain,
                            const char *unused)
{
    struct results results = {.verdict = count > 0 ? DMARC_FAIL : DMARC_VERDICT_UNKNOWN};
    int best = -1;

    for (guint i = 0; i < count; i++) {
        enum dmarc_verdict aligned =
            unused != NULL && g_strcmp0(auth[i].detail, unused) == 0
                ? DMARC_FAIL
                : dmarc_alignment(from, auth[i].domain, strictness, policy_domain);
        bool passed = has_passed(&auth[i]);
        int weight = (passed ? 2 : 0) + (aligned == DMARC_PASS ? 3 : 0) +
                     (passed && aligned == DMARC_PASS ? 1 : 0);
        if (weight > best) {
            best = weight;
            results.best = (uint8_t)i;
        }
        results.passed = results.passed || passed;
        results.identical =
            results.identical || (passed && from != NULL && g_strcmp0(from, auth[i].domain) == 0);
        if (passed && (aligned == DMARC_PASS || results.verdict == DMARC_FAIL) &&
            aligned != DMARC_FAIL)
            results.verdict = aligned;
    }
    return results;
}

/* How many rows say other things than their results do. */
struct contradictions {
    guint passed; /* said to pass though nothing passed */
    guint failed; /* said to fail though the very domain passed */
};

static uint8_t settle(uint8_t said, const struct results *results, guint count,
                      struct contradictions *contradictions)
{
    if (said == DMARC_VERDICT_UNKNOWN)
        return (uint8_t)results->verdict;
    contradictions->passed += said == DMARC_PASS && count > 0 && !results->passed;
    contradictions->failed += said == DMARC_FAIL && results->identical;
    return said;
}

/* The name in HELO stands in only where there is no MAIL FROM (RFC 7208, section 2.4). */
static const char *unused_scope(const struct dmarc_row *row)
{
    for (guint i = 0; i < row->spf_count; i++)
        if (g_strcmp0(row->spf[i].detail, "mfrom") == 0)
            return "helo";
    return row->envelope_from != NULL ? "helo" : NULL;
}

static void judge_row(const struct dmarc_policy *policy, struct dmarc_row *row,
                      struct contradictions *contradictions)
{
    struct results dkim =
        weigh(row->dkim, row->dkim_count, row->header_from, policy->adkim, policy->domain, NULL);
    struct results spf = weigh(row->spf, row->spf_count, row->header_from, policy->aspf,
                               policy->domain, unused_scope(row));

    row->dkim_best = dkim.best;
    row->spf_best = spf.best;
    row->dkim_aligned = settle(row->dkim_said, &dkim, row->dkim_count, contradictions);
    row->spf_aligned = settle(row->spf_said, &spf, row->spf_count, contradictions);
}

void dmarc_judge(struct dmarc_report *report)
{
    struct contradictions contradictions = {0};

    for (guint i = 0; i < dmarc_rows_count(report->rows); i++)
        judge_row(&report->policy, dmarc_rows_at(report->rows, i), &contradictions);
    if (contradictions.passed > 0)
        issue_add(report->issues, ISSUE_DMARC, ISSUE_NOTICE, CLAUSE,
                  "policy_evaluated says pass, which counts, where auth_results have none (%u)",
                  contradictions.passed);
    if (contradictions.failed > 0)
        issue_add(
            report->issues, ISSUE_DMARC, ISSUE_NOTICE, CLAUSE,
            "policy_evaluated says fail, which counts, where auth_results have a pass for the "
            "domain of From (%u)",
            contradictions.failed);
}

static enum dmarc_request weaker(enum dmarc_request request)
{
    return request > DMARC_REQUEST_NONE ? request - 1 : request;
}

struct dmarc_asked dmarc_asked_for(const struct dmarc_policy *policy, const char *from)
{
    enum dmarc_request p = policy->p != DMARC_REQUEST_UNKNOWN ? policy->p : DMARC_REQUEST_NONE;
    enum dmarc_request sp = policy->sp != DMARC_REQUEST_UNKNOWN ? policy->sp : p;
    enum dmarc_request np = policy->np != DMARC_REQUEST_UNKNOWN ? policy->np : sp;
    struct dmarc_asked asked = {p, p};

    if (from != NULL && policy->domain != NULL && strcmp(from, policy->domain) != 0)
        asked = (struct dmarc_asked){MIN(sp, np), MAX(sp, np)};
    if (policy->testing)
        asked = (struct dmarc_asked){weaker(asked.least), weaker(asked.most)};
    if (policy->pct >= 0 && policy->pct < 100)
        asked.least = weaker(asked.least);
    return asked;
}
