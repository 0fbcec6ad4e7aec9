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

/* Most first; one's name, where as many. */
static gint by_handshakes(gconstpointer a, gconstpointer b)
{
    const struct outbound_peer *x = *(const struct outbound_peer *const *)a;
    const struct outbound_peer *y = *(const struct outbound_peer *const *)b;

    return x->handshakes != y->handshakes ? (x->handshakes < y->handshakes ? 1 : -1)
                                          : g_strcmp0(x->ip, y->ip);
}

/* What failed of one client; the rows in the order of their times. */
struct handshakes {
    gint64 count;
    gint64 first_at;
    gint64 last_at;
    GHashTable *details;
};

static void add_handshakes(struct outbound_builder *builder, struct handshakes *found,
                           const struct in_row *row)
{
    found->count = count_add(found->count, row->sessions);
    if (found->first_at == 0)
        found->first_at = row->at;
    found->last_at = row->at;
    out_tally(found->details, names_number(builder->names, log_detail_word(row->detail)),
              row->sessions);
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
    return found;
}

/* A reporter's day need not be ours: a day more on either side. */
static void join_report(struct outbound_builder *builder, const struct out_report *report,
                        gint64 sessions, bool told, GHashTable *joined)
{
    struct handshakes sum = {.details = out_tallies_new()};

    for (guint i = first_row(builder->clients, report->ip, report->day - DAY);
         i < builder->clients->len; i++) {
        const struct in_row *row = &g_array_index(builder->clients, struct in_row, i);
        if (row->ip != report->ip || row->at >= report->day + 2 * DAY)
            break;
        add_handshakes(builder, &sum, row);
        told = told || row->current;
    }
    if (told && sum.count > 0) {
        struct outbound_inbound *found = inbound_new(builder->names, report);
        found->reported = sessions;
        found->handshakes = sum.count;
        found->first_at = sum.first_at;
        found->last_at = sum.last_at;
        found->details = out_counts(builder->names, sum.details, OUTBOUND_TEXTS);
        g_ptr_array_add(builder->outbound->inbound, found);
        g_hash_table_add(joined, GUINT_TO_POINTER(report->ip));
    }
    g_hash_table_unref(sum.details);
}

static void join_reports(struct outbound_builder *builder, GHashTable *joined)
{
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
        join_report(builder, first, sessions, told, joined);
    }
}

static void add_peer(struct outbound_builder *builder, guint32 ip, const struct handshakes *sum)
{
    const struct names *names = builder->names;
    guint32 mx = GPOINTER_TO_UINT(g_hash_table_lookup(builder->peers, GUINT_TO_POINTER(ip)));
    struct outbound_peer *peer = g_new0(struct outbound_peer, 1);

    peer->ip = g_strdup(names_text(names, ip));
    peer->mx = g_strdup(names_text(names, mx));
    peer->handshakes = sum->count;
    peer->first_at = sum->first_at;
    peer->last_at = sum->last_at;
    peer->details = out_counts(names, sum->details, OUTBOUND_TEXTS);
    g_ptr_array_add(builder->outbound->peers, peer);
}

/* The current rows from `from` on that have its address, of a client that takes mail of ours;
   where they end. */
static guint sum_client(struct outbound_builder *builder, guint from, bool told)
{
    guint32 ip = g_array_index(builder->clients, struct in_row, from).ip;
    struct handshakes sum = {.details = out_tallies_new()};
    guint i;

    for (i = from; i < builder->clients->len; i++) {
        const struct in_row *row = &g_array_index(builder->clients, struct in_row, i);
        if (row->ip != ip)
            break;
        if (told && row->current)
            add_handshakes(builder, &sum, row);
    }
    if (sum.count > 0)
        add_peer(builder, ip, &sum);
    g_hash_table_unref(sum.details);
    return i;
}

static void find_peers(struct outbound_builder *builder, GHashTable *joined)
{
    for (guint from = 0; from < builder->clients->len;) {
        gpointer ip = GUINT_TO_POINTER(g_array_index(builder->clients, struct in_row, from).ip);
        bool told = g_hash_table_contains(builder->peers, ip) && !g_hash_table_contains(joined, ip);
        from = sum_client(builder, from, told);
    }
    g_ptr_array_sort(builder->outbound->peers, by_handshakes);
}

void outbound_join_inbound(struct outbound_builder *builder)
{
    g_autoptr(GHashTable) joined = g_hash_table_new(NULL, NULL);

    g_array_sort(builder->clients, by_address);
    join_reports(builder, joined);
    find_peers(builder, joined);
}
