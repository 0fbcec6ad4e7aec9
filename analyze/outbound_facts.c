#include "analyze/outbound_facts.h"

static const char *first_text(const GPtrArray *counts)
{
    return counts->len > 0 ? ((const struct fault_count *)g_ptr_array_index(counts, 0))->text
                           : NULL;
}

static const char *first_domain(const struct outbound_finding *finding)
{
    return finding->domains->len > 0
               ? ((const struct outbound_domain *)g_ptr_array_index(finding->domains, 0))->name
               : NULL;
}

const char *outbound_place(const struct outbound_finding *finding)
{
    const char *mx = first_text(finding->mx);

    return mx != NULL ? mx : first_domain(finding);
}

bool outbound_is_ours(const struct outbound_finding *finding)
{
    return failure_type_layer(finding->type) == LAYER_LOCAL;
}

static char *day_text(gint64 at)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(at);

    return date != NULL ? g_date_time_format(date, "%Y-%m-%d") : NULL;
}

/* Under which policy it failed, as a reporter would call it. */
static enum policy_type policy_of(const struct outbound_finding *finding)
{
    enum layer layer = failure_type_layer(finding->type);

    if (layer == LAYER_MTA_STS)
        return POLICY_STS;
    if (layer == LAYER_TLSA || layer == LAYER_DNSSEC || finding->level >= LEVEL_DANE)
        return POLICY_TLSA;
    return finding->level > LEVEL_MAY ? POLICY_OTHER : POLICY_NONE_FOUND;
}

void outbound_facts_init(struct outbound_facts *facts, const struct outbound_finding *finding,
                         gint64 now)
{
    *facts = (struct outbound_facts){
        .facts = {.domain = first_domain(finding),
                  .mx = first_text(finding->mx),
                  .ip = finding->mx_ip,
                  .reason = first_text(finding->reasons),
                  .tls_error = first_text(finding->tls_errors),
                  .policy_type = policy_of(finding),
                  .effect = finding->effect,
                  .mta = finding->mta,
                  .many_destinations = finding->domains->len > 1},
        .since = day_text(finding->first_at),
        .today = day_text(now),
        .remove_after = day_text(now + (gint64)OUTBOUND_EXCEPTION_DAYS * FAULT_DAY),
    };
    facts->facts.first_day = facts->since;
    facts->facts.today = facts->today;
    facts->facts.remove_after = facts->remove_after;
}

void outbound_facts_clear(struct outbound_facts *facts)
{
    g_free(facts->since);
    g_free(facts->today);
    g_free(facts->remove_after);
    *facts = (struct outbound_facts){0};
}

/* What only our own log can show is written for us, its causes, steps and check too; of the other
   types these are the receiver's. */
static bool is_told_to_senders(enum failure_type type)
{
    const char *word = failure_type_word(type);
    g_autoptr(GPtrArray) sending = knowledge_lines(word, SECTION_SENDING, NULL);

    return sending->len > 0;
}

guint outbound_sections(const struct outbound_finding *finding,
                        enum knowledge_section sections[SECTION_COUNT])
{
    guint count = 0;

    sections[count++] = SECTION_MEANS;
    if (is_told_to_senders(finding->type)) {
        sections[count++] = SECTION_SENDING;
    } else {
        sections[count++] = SECTION_CAUSES;
        sections[count++] = SECTION_STEPS;
        sections[count++] = SECTION_CHECK;
    }
    sections[count++] = SECTION_LETTER;
    return count;
}
