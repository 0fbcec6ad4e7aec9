#include "analyze/outbound_rows.h"

/*
 * How grave a finding is; the first line that holds decides.
 *
 *   REQUIRETLS demanded and not to be had: its author asked for it      low
 *   our resolver fails, or no certificate authority is trusted here     critical, high when it is
 *                                                                       a day ago or longer
 *   our resolver does not validate, our configuration is at fault       high
 *   over, with messages returned                                        medium
 *   over                                                                info
 *   lookups of MX or address fail, and our log has no session with any
 *     of the destinations: one attempt at one message                   info
 *     in the last three days                                            medium
 *     else                                                              low
 *   messages were returned, or are under way for three days, and
 *     it is not over for three days, and hits three destinations or
 *     twenty messages                                                   critical
 *     it is not over for three days, and is more than one attempt at
 *     one message                                                       high
 *     else                                                              medium
 *   one attempt at one message                                          info
 *   mail waits, in the last three days                                  high; medium where the rule
 *                                                                       that is not met is ours
 *   mail waited                                                         low
 *   in clear, or unverified, though more was asked for than to try      medium
 *   else                                                                low
 */

#define ONGOING (INT64_C(3) * FAULT_DAY)
#define WIDE_DOMAINS 3
#define WIDE_MESSAGES 20
#define LONG_DELAY (INT64_C(3) * FAULT_DAY)

static bool is_our_rule(enum failure_type type)
{
    return type == FAILURE_MX_INSECURE || type == FAILURE_TLS_REQUIRED_UNMET ||
           type == FAILURE_TLSA_MISSING;
}

static bool asked_for_more(const struct outbound_finding *finding)
{
    enum layer layer = failure_type_layer(finding->type);

    return finding->level > LEVEL_MAY || layer == LAYER_TLSA || layer == LAYER_DNSSEC;
}

/* Misspelt, or given up: of the mail that waits for such names most never was wanted. */
static bool is_never_reached(const struct outbound_finding *finding)
{
    if (finding->type != FAILURE_DNS_LOOKUP_ERROR)
        return false;
    for (guint i = 0; i < finding->domains->len; i++)
        if (((const struct outbound_domain *)g_ptr_array_index(finding->domains, i))->good_at != 0)
            return false;
    return true;
}

static enum severity of_never_reached(const struct outbound_finding *finding, bool ongoing)
{
    if (finding->attempts + finding->throttled <= 1)
        return SEVERITY_INFO;
    return ongoing ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

static enum severity of_ours(const struct outbound_finding *finding, gint64 now)
{
    bool stops_mail = finding->type == FAILURE_LOCAL_RESOLVER_FAILING ||
                      finding->type == FAILURE_LOCAL_TRUST_STORE;

    if (stops_mail && now - finding->last_at < FAULT_DAY)
        return SEVERITY_CRITICAL;
    return SEVERITY_HIGH;
}

static enum severity of_lost_mail(const struct outbound_finding *finding, bool ongoing)
{
    bool wide = finding->domains->len >= WIDE_DOMAINS || finding->messages >= WIDE_MESSAGES;

    if (!ongoing || finding->attempts + finding->throttled <= 1)
        return SEVERITY_MEDIUM;
    return wide && !is_our_rule(finding->type) ? SEVERITY_CRITICAL : SEVERITY_HIGH;
}

enum severity outbound_severity(const struct outbound_finding *finding, gint64 now)
{
    bool ongoing = now - finding->last_at < ONGOING;

    if (finding->type == FAILURE_REQUIRETLS_UNSUPPORTED)
        return SEVERITY_LOW;
    if (failure_type_layer(finding->type) == LAYER_LOCAL)
        return of_ours(finding, now);
    if (finding->over)
        return finding->returned > 0 ? SEVERITY_MEDIUM : SEVERITY_INFO;
    if (is_never_reached(finding))
        return of_never_reached(finding, ongoing);
    if (finding->returned > 0 || (ongoing && finding->delay >= LONG_DELAY))
        return of_lost_mail(finding, ongoing);
    if (finding->attempts + finding->throttled <= 1)
        return SEVERITY_INFO;
    if (finding->effect == EFFECT_DEFERRED && ongoing)
        return is_our_rule(finding->type) ? SEVERITY_MEDIUM : SEVERITY_HIGH;
    if (finding->effect == EFFECT_PLAINTEXT || finding->effect == EFFECT_UNVERIFIED)
        return asked_for_more(finding) ? SEVERITY_MEDIUM : SEVERITY_LOW;
    return SEVERITY_LOW;
}
