#include "analyze/fault_facts.h"
#include "analyze/tlsa.h"

static const char *first_text(const GPtrArray *counts)
{
    return counts->len > 0 ? ((const struct fault_count *)g_ptr_array_index(counts, 0))->text
                           : NULL;
}

int64_t fault_since(const struct fault *fault)
{
    int64_t since = fault->first_day;

    for (guint i = 0; i < fault->reporters->len; i++) {
        const struct fault_reporter *reporter = g_ptr_array_index(fault->reporters, i);
        since = MIN(since, reporter->since);
    }
    return since;
}

/* The latest TLSA set of the host that failed most, else the latest of any. */
static const struct fault_policy *tlsa_policy(const struct fault *fault, const char *mx)
{
    const struct fault_policy *found = NULL;

    for (guint i = 0; i < fault->policies->len; i++) {
        const struct fault_policy *policy = g_ptr_array_index(fault->policies, i);
        if (policy->type != POLICY_TLSA)
            continue;
        if (mx != NULL && g_strcmp0(policy->host, mx) == 0)
            return policy;
        if (found == NULL)
            found = policy;
    }
    return found;
}

static char *join_strings(GPtrArray *strings)
{
    GString *joined = g_string_new(NULL);

    for (guint i = 0; i < strings->len; i++) {
        const char *text = g_ptr_array_index(strings, i);
        g_string_append_printf(joined, "%s%s", i > 0 ? "; " : "", text);
    }
    return g_string_free(joined, FALSE);
}

static void add_tlsa(struct fault_facts *facts, const struct fault_policy *policy)
{
    struct tlsa_set set;

    if (policy == NULL)
        return;
    set = tlsa_summarize(policy->strings);
    facts->facts.usage_ee = set.usable_ee > 0;
    facts->facts.usage_ta = set.usable_ta > 0;
    facts->tlsa = join_strings(policy->strings);
    facts->facts.tlsa = facts->tlsa;
}

static char *day_text(int64_t day)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(day);

    return date != NULL ? g_date_time_format(date, "%Y-%m-%d") : NULL;
}

void fault_facts_init(struct fault_facts *facts, const struct fault *fault)
{
    const struct fault_reporter *reporter =
        fault->reporters->len > 0 ? g_ptr_array_index(fault->reporters, 0) : NULL;
    const struct fault_domain *domain =
        fault->domains->len > 0 ? g_ptr_array_index(fault->domains, 0) : NULL;
    const char *mx = first_text(fault->mx);

    *facts = (struct fault_facts){
        .facts = {.domain = domain != NULL && *domain->name != '\0' ? domain->name : NULL,
                  .mx = mx,
                  .ip = mx != NULL ? fault->mx_ip : first_text(fault->receiving_ips),
                  .sending_ip = first_text(fault->sending_ips),
                  .reporter = reporter != NULL ? reporter->organization : NULL,
                  .contact = reporter != NULL ? reporter->contact : NULL,
                  .policy_type = fault->policy_type,
                  .mode = fault->mode,
                  .effect = fault->effect,
                  .many_reporters = fault->reporters->len > 1,
                  .microsoft = fault->microsoft},
        .first_day = day_text(fault_since(fault)),
    };
    facts->facts.first_day = facts->first_day;
    add_tlsa(facts, tlsa_policy(fault, mx));
}

void fault_facts_clear(struct fault_facts *facts)
{
    g_free(facts->tlsa);
    g_free(facts->first_day);
    *facts = (struct fault_facts){0};
}
