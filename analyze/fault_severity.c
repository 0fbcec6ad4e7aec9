#include "analyze/fault.h"

/*
 * How grave a fault is, as far as reports tell; the first line that holds decides.
 *
 *   one failed session in all                                          info
 *   type with a fixed severity (table below)                           that, low when past
 *   deferred or returned, going on, and
 *     two or more reporters, or a tenth of the sessions                critical
 *     else                                                             high
 *   deferred or returned, over, within the last 7 days                 high
 *   deferred or returned, longer ago                                   low
 *   over for more than 7 days                                          low
 *   in clear, or unverified                                            medium
 *   unknown effect under a policy: mail may be waiting                 medium
 *   no effect (MTA-STS in testing mode, for one), or unknown           low
 *
 * Deferred or returned mail is raised by one step where Exchange Online is among the reporters and
 * the fault is not past: it returns the mail after 24 hours, where others try for days.
 */

#define ONGOING_DAYS 3
#define RECENT_DAYS 7
/* Reports about days longer ago say nothing about today, however late they came. */
#define LATE_REPORTER_DAYS 31
#define GRAVE_SHARE 10 /* one session in ... */

/* Types of which the effect does not tell how much they matter. */
static const struct {
    enum failure_type type;
    enum severity severity;
} fixed[] = {
    /* It hits one pair of sender and receiver, who have to agree. */
    {FAILURE_DANE_REQUIRED, SEVERITY_HIGH},
    /* The mail goes out, without the protection that the domain wanted. */
    {FAILURE_DANE_PROTECTION_LOST, SEVERITY_MEDIUM},
    {FAILURE_DNSSEC_INSECURE, SEVERITY_MEDIUM},
    {FAILURE_STS_POLICY_FETCH_ERROR, SEVERITY_MEDIUM},
    {FAILURE_STS_POLICY_INVALID, SEVERITY_MEDIUM},
    {FAILURE_STS_WEBPKI_INVALID, SEVERITY_MEDIUM},
    {FAILURE_STS_STALE, SEVERITY_MEDIUM},
    /* The author asked for it, message by message. */
    {FAILURE_REQUIRETLS_UNSUPPORTED, SEVERITY_LOW},
    {FAILURE_DELIVERED_IN_CLEAR, SEVERITY_LOW},
    {FAILURE_REPORTER_FAULT, SEVERITY_INFO},
    {FAILURE_OTHER, SEVERITY_INFO},
};

static int64_t days_before(int64_t day, int64_t now)
{
    return now / FAULT_DAY - day / FAULT_DAY;
}

/* Its newest report came lately, is about days long gone, and tells of the fault. */
static bool is_late_witness(const struct fault_reporter *reporter, gint64 now)
{
    return reporter->late && reporter->last_day >= reporter->newest_day &&
           days_before(reporter->received_at, now) <= RECENT_DAYS &&
           days_before(reporter->last_day, now) <= LATE_REPORTER_DAYS;
}

static bool goes_on(const struct fault *fault, gint64 now)
{
    for (guint i = 0; i < fault->reporters->len; i++) {
        const struct fault_reporter *reporter = g_ptr_array_index(fault->reporters, i);
        if (days_before(reporter->last_day, now) <= ONGOING_DAYS || is_late_witness(reporter, now))
            return true;
    }
    return false;
}

static bool is_wide(const struct fault *fault)
{
    double all = (double)fault->sessions + (double)fault->successes;

    return fault->reporters->len > 1 || (double)fault->sessions * GRAVE_SHARE >= all;
}

static enum severity of_waiting_mail(const struct fault *fault, bool ongoing, bool recent)
{
    enum severity severity = SEVERITY_LOW;

    if (ongoing)
        severity = is_wide(fault) ? SEVERITY_CRITICAL : SEVERITY_HIGH;
    else if (recent)
        severity = SEVERITY_HIGH;
    else
        return severity;
    return fault->microsoft && severity < SEVERITY_CRITICAL ? severity + 1 : severity;
}

static enum severity of_other_mail(const struct fault *fault)
{
    switch (fault->effect) {
    case EFFECT_PLAINTEXT:
    case EFFECT_UNVERIFIED:
        return SEVERITY_MEDIUM;
    case EFFECT_UNKNOWN:
        return fault->policy_type == POLICY_TLSA || fault->policy_type == POLICY_STS
                   ? SEVERITY_MEDIUM
                   : SEVERITY_LOW;
    default:
        return SEVERITY_LOW;
    }
}

enum severity fault_severity(const struct fault *fault, gint64 now)
{
    bool ongoing = goes_on(fault, now);
    bool recent = ongoing || days_before(fault->last_day, now) <= RECENT_DAYS;

    if (fault->single)
        return SEVERITY_INFO;
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        if (fixed[i].type == fault->type)
            return recent ? fixed[i].severity : MIN(fixed[i].severity, SEVERITY_LOW);
    if (fault->effect == EFFECT_DEFERRED || fault->effect == EFFECT_RETURNED)
        return of_waiting_mail(fault, ongoing, recent);
    return recent ? of_other_mail(fault) : SEVERITY_LOW;
}
