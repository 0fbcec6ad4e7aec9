#include "analyze/outbound_rows.h"

/* When a host first did not trust the certificates of a zone. */
struct first {
    gint64 key;
    gint64 at;
    guint32 host;
};

/* ---- what is known ---- */

static void note(GHashTable *hours, guint32 host, gint64 hour)
{
    gint64 *last;

    out_tally(hours, host, 0);
    last = g_hash_table_lookup(hours, GUINT_TO_POINTER(host));
    *last = MAX(*last, hour);
}

void outbound_note_trust(struct outbound_builder *builder,
                         const struct stored_deliveries *deliveries)
{
    guint32 host = names_number(builder->names, deliveries->host);
    enum session_outcome outcome = deliveries->outcome;
    /* Under DANE no authority is asked for. */
    bool trusted =
        outcome == SESSION_TRUSTED || (outcome == SESSION_VERIFIED && !out_is_held(deliveries));

    if (trusted)
        note(builder->trusted, host, deliveries->last_hour);
    if (deliveries->version != TLS_VERSION_UNKNOWN)
        note(builder->told_tls, host, deliveries->last_hour);
}

/* From when on the host trusted nobody. */
static gint64 untrusting_from(const struct outbound_builder *builder, guint32 host)
{
    const gint64 *last = g_hash_table_lookup(builder->trusted, GUINT_TO_POINTER(host));

    return last == NULL ? 0 : *last + OUTBOUND_HOUR;
}

/* A certificate that signs itself, or was revoked, is trusted nowhere. */
static bool may_be_ours(const struct out_row *row)
{
    return row->type == FAILURE_CERT_NOT_TRUSTED && row->told == FAILURE_CERT_NOT_TRUSTED &&
           (row->detail == DETAIL_NONE || row->detail == DETAIL_UNTRUSTED_ISSUER) && !row->bounce;
}

/* ---- the judgement ---- */

static gint64 first_key(const struct outbound_builder *builder, const struct out_row *row)
{
    return out_key(row->host, out_zone(builder, row->domain, row->mx));
}

static GHashTable *find_firsts(const struct outbound_builder *builder)
{
    GHashTable *firsts = g_hash_table_new_full(out_key_hash, g_int64_equal, NULL, g_free);

    for (guint i = 0; i < builder->rows->len; i++) {
        const struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        gint64 key = first_key(builder, row);
        struct first *first;
        if (!may_be_ours(row))
            continue;
        first = g_hash_table_lookup(firsts, &key);
        if (first == NULL) {
            first = g_new(struct first, 1);
            *first = (struct first){key, row->at, row->host};
            g_hash_table_insert(firsts, &first->key, first);
        }
        first->at = MIN(first->at, row->at);
    }
    return firsts;
}

/* Whether the log would have said so if somebody had been trusted: Postfix at smtp_tls_loglevel 0
   tells of failures only, and never of a version. */
static bool is_telling(const struct outbound_builder *builder, guint32 host)
{
    const gint64 *last = g_hash_table_lookup(builder->told_tls, GUINT_TO_POINTER(host));

    return last != NULL && *last >= untrusting_from(builder, host);
}

/* host -> gint64 *, zones whose certificates it does not trust since it trusted any. */
static GHashTable *count_zones(const struct outbound_builder *builder, GHashTable *firsts)
{
    GHashTable *zones = out_tallies_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, firsts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct first *first = value;
        if (first->at >= untrusting_from(builder, first->host) && is_telling(builder, first->host))
            out_tally(zones, first->host, 1);
    }
    return zones;
}

void outbound_judge_trust(struct outbound_builder *builder)
{
    g_autoptr(GHashTable) firsts = find_firsts(builder);
    g_autoptr(GHashTable) zones = count_zones(builder, firsts);

    for (guint i = 0; i < builder->rows->len; i++) {
        struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        gint64 key = first_key(builder, row);
        const gint64 *count = g_hash_table_lookup(zones, GUINT_TO_POINTER(row->host));
        const struct first *first = g_hash_table_lookup(firsts, &key);
        if (count != NULL && *count >= OUTBOUND_ZONES && may_be_ours(row) && first != NULL &&
            first->at >= untrusting_from(builder, row->host))
            row->told = FAILURE_LOCAL_TRUST_STORE;
    }
}
