/* Destinations of which DANE verified every session for months: they might be held to it. */
#include "analyze/outbound_rows.h"

/* A first session need not come on the first day. */
#define SLACK_DAYS 15

/* So much that it is neither chance nor soon forgotten. */
#define STEADY_SESSIONS 30
#define STEADY_SESSION_DAYS 15

struct steady {
    guint32 domain;
    guint days; /* with a session */
    gint64 sessions;
    gint64 first_at;
    gint64 last_at;
    bool is_out; /* something was not as it should be */
};

gint64 outbound_steady_from(gint64 to)
{
    return to - (gint64)(OUTBOUND_STEADY_DAYS + SLACK_DAYS) * FAULT_DAY;
}

static struct steady *steady_of(struct outbound_builder *builder, guint32 domain)
{
    struct steady *steady = g_hash_table_lookup(builder->steady, GUINT_TO_POINTER(domain));

    if (steady == NULL) {
        steady = g_new0(struct steady, 1);
        steady->domain = domain;
        steady->first_at = G_MAXINT64;
        g_hash_table_insert(builder->steady, GUINT_TO_POINTER(domain), steady);
    }
    return steady;
}

/* What is held to DANE already needs no advice. */
void outbound_add_day(struct outbound_builder *builder, const struct stored_deliveries *deliveries,
                      guint32 domain)
{
    struct steady *steady = steady_of(builder, domain);
    gint64 day = deliveries->first_hour / FAULT_DAY;

    if (deliveries->level != LEVEL_DANE || deliveries->outcome != SESSION_VERIFIED)
        steady->is_out = true;
    if (steady->sessions == 0 || day != steady->last_at / FAULT_DAY)
        steady->days++;
    steady->sessions = count_add(steady->sessions, deliveries->sessions);
    steady->first_at = MIN(steady->first_at, deliveries->first_hour);
    steady->last_at = MAX(steady->last_at, deliveries->last_hour);
}

void outbound_builder_add_unsteady(struct outbound_builder *builder,
                                   const struct stored_log_failure *failure)
{
    guint32 domain = names_number(builder->names, failure->event.domain);

    if (domain != 0 && failure->event.at < builder->steady_to)
        steady_of(builder, domain)->is_out = true;
}

static bool is_steady(const struct outbound_builder *builder, const struct steady *steady)
{
    return !steady->is_out && steady->sessions >= STEADY_SESSIONS &&
           steady->days >= STEADY_SESSION_DAYS &&
           steady->first_at <= builder->steady_to - (gint64)OUTBOUND_STEADY_DAYS * FAULT_DAY &&
           steady->last_at >= builder->outbound->month->begins_at;
}

void outbound_sum_steady(const struct outbound_builder *builder, struct outbound_month *month)
{
    g_autoptr(GHashTable) tallies = out_tallies_new();
    GHashTableIter all;
    gpointer steady;

    g_hash_table_iter_init(&all, builder->steady);
    while (g_hash_table_iter_next(&all, NULL, &steady))
        if (is_steady(builder, steady))
            out_tally(tallies, ((struct steady *)steady)->domain,
                      ((struct steady *)steady)->sessions);
    g_ptr_array_unref(month->steady);
    month->steady = out_counts(builder->names, tallies, G_MAXUINT);
}
