#include "analyze/outbound_rows.h"

#define DAY FAULT_DAY

static gint by_address(gconstpointer a, gconstpointer b)
{
    const struct in_row *x = a, *y = b;
    const int64_t left[] = {x->ip, x->at}, right[] = {y->ip, y->at};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static gint by_report(gconstpointer a, gconstpointer b)
{
    const struct out_report *x = a, *y = b;
    const int64_t left[] = {x->organization, x->ip, x->day, x->domain, x->type};
    const int64_t right[] = {y->organization, y->ip, y->day, y->domain, y->type};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

/* The first row of `ip` at or after `at`; `rows` sorted by_address. */
static guint first_row(const GArray *rows, guint32 ip, gint64 at)
{
    const struct in_row key = {.ip = ip, .at = at};
    guint low = 0, high = rows->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (by_address(&g_array_index(rows, struct in_row, middle), &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_handshakes(struct outbound_builder *builder, struct outbound_inbound *found,
                           GHashTable *details, const struct in_row *row)
{
    found->handshakes = count_add(found->handshakes, row->sessions);
    if (found->first_at == 0)
        found->first_at = row->at;
    found->last_at = row->at;
    out_tally(details, names_number(builder->names, log_detail_word(row->detail)), row->sessions);
}

static struct outbound_inbound *inbound_new(const struct names *names,
                                            const struct out_report *report)
{
    struct outbound_inbound *found = g_new0(struct outbound_inbound, 1);

    found->organization = g_strdup(names_text(names, report->organization));
    found->ip = g_strdup(names_text(names, report->ip));
    found->domain = g_strdup(names_text(names, report->domain));
    found->type = report->type;
    found->day = report->day;
    found->details = out_counts_new();
    return found;
}

/* A reporter's day need not be ours: a day more on either side. */
static void join_report(struct outbound_builder *builder, const struct out_report *report,
                        gint64 sessions, bool told)
{
    g_autoptr(GHashTable) details = out_tallies_new();
    struct outbound_inbound *found = inbound_new(builder->names, report);

    found->reported = sessions;
    for (guint i = first_row(builder->clients, report->ip, report->day - DAY);
         i < builder->clients->len; i++) {
        const struct in_row *row = &g_array_index(builder->clients, struct in_row, i);
        if (row->ip != report->ip || row->at >= report->day + 2 * DAY)
            break;
        add_handshakes(builder, found, details, row);
        told = told || row->current;
    }
    g_ptr_array_unref(found->details);
    found->details = out_counts(builder->names, details, OUTBOUND_TEXTS);
    if (told && found->handshakes > 0) {
        g_ptr_array_add(builder->outbound->inbound, found);
        return;
    }
    outbound_inbound_free(found);
}

void outbound_join_inbound(struct outbound_builder *builder)
{
    g_array_sort(builder->clients, by_address);
    g_array_sort(builder->reports, by_report);
    for (guint from = 0, to; from < builder->reports->len; from = to) {
        const struct out_report *first = &g_array_index(builder->reports, struct out_report, from);
        gint64 sessions = 0;
        bool told = false;
        for (to = from; to < builder->reports->len; to++) {
            const struct out_report *report =
                &g_array_index(builder->reports, struct out_report, to);
            if (by_report(first, report) != 0)
                break;
            sessions = count_add(sessions, report->sessions);
            told = told || report->told;
        }
        join_report(builder, first, sessions, told);
    }
}
