#include "analyze/outbound_rows.h"

static void add_key(GHashTable *keys, guint32 domain, guint32 other, guint32 group)
{
    gint64 key = out_key(domain, other);

    if (domain != 0 && other != 0)
        g_hash_table_insert(keys, g_memdup2(&key, sizeof(key)), GUINT_TO_POINTER(group));
}

/* What current rows name, domain with queue id and domain with reason -> group. */
static GHashTable *keys_of(const struct outbound_builder *builder)
{
    GHashTable *keys = g_hash_table_new_full(out_key_hash, g_int64_equal, g_free, NULL);

    for (guint i = 0; i < builder->rows->len; i++) {
        const struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        if (!row->current)
            continue;
        add_key(keys, row->domain, row->queue_id, row->group);
        add_key(keys, row->domain, row->reason, row->group);
    }
    return keys;
}

static guint32 group_of(GHashTable *keys, guint32 domain, guint32 other)
{
    gint64 key = out_key(domain, other);
    gpointer group;

    if (domain == 0 || other == 0 || !g_hash_table_lookup_extended(keys, &key, NULL, &group))
        return OUT_NO_GROUP;
    return GPOINTER_TO_UINT(group);
}

static gint by_group(gconstpointer a, gconstpointer b)
{
    const struct out_queued *x = a, *y = b;
    const int64_t left[] = {x->group, x->queue_id, x->domain};
    const int64_t right[] = {y->group, y->queue_id, y->domain};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static void count_messages(struct outbound_builder *builder)
{
    g_autoptr(GHashTable) all = g_hash_table_new(NULL, NULL), ours = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < builder->queue->len; i++) {
        const struct out_queued *one = &g_array_index(builder->queue, struct out_queued, i);
        g_hash_table_add(all, GUINT_TO_POINTER(one->queue_id));
        if (one->group != OUT_NO_GROUP)
            g_hash_table_add(ours, GUINT_TO_POINTER(one->queue_id));
    }
    builder->outbound->queued = g_hash_table_size(all);
    builder->outbound->queued_ours = g_hash_table_size(ours);
}

void outbound_match_queue(struct outbound_builder *builder)
{
    g_autoptr(GHashTable) keys = builder->queue->len > 0 ? keys_of(builder) : NULL;

    for (guint i = 0; i < builder->queue->len; i++) {
        struct out_queued *one = &g_array_index(builder->queue, struct out_queued, i);
        one->group = group_of(keys, one->domain, one->queue_id);
        if (one->group == OUT_NO_GROUP)
            one->group = group_of(keys, one->domain, one->reason);
    }
    g_array_sort(builder->queue, by_group);
    count_messages(builder);
}

static guint first_of_group(const GArray *queue, guint32 group)
{
    guint low = 0, high = queue->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(queue, struct out_queued, middle).group < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void outbound_count_waiting(const struct outbound_builder *builder, guint32 group,
                            struct outbound_finding *finding)
{
    const struct out_queued *queue = (const struct out_queued *)(const void *)builder->queue->data;
    g_autoptr(GHashTable) domains = out_tallies_new();
    guint from = first_of_group(builder->queue, group);

    for (guint i = from; i < builder->queue->len && queue[i].group == group; i++) {
        bool same_id = i > from && queue[i].queue_id == queue[i - 1].queue_id;
        finding->waiting += !same_id;
        if (!same_id || queue[i].domain != queue[i - 1].domain)
            out_tally(domains, queue[i].domain, 1);
    }
    for (guint i = 0; i < finding->domains->len && finding->waiting > 0; i++) {
        struct outbound_domain *domain = g_ptr_array_index(finding->domains, i);
        guint32 name = names_number(builder->names, domain->name);
        const gint64 *count = g_hash_table_lookup(domains, GUINT_TO_POINTER(name));
        domain->waiting = count != NULL ? (guint)*count : 0;
    }
}
