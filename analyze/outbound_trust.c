#include "analyze/outbound_rows.h"

/* When a host first did not trust the certificates of a zone. */
struct first {
    gint64 key;
    gint64 at;
    guint32 host;
};

/* What the sessions of a host tell of its list of authorities. */
struct trust {
    gint64 trusted_at;      /* the last hour with a chain that was trusted; 0: none */
    gint64 verified_at;     /* likewise, verified, by such a chain or by DANE */
    gint64 from;            /* from when on nobody was, once all is in */
    gint64 told_at;         /* the last hour in which the log told a version of TLS */
    GHashTable *distrusted; /* zone -> gint64 *, the last hour with a chain that was not trusted */
};

/* ---- what is known ---- */

static void trust_free(struct trust *trust)
{
    g_hash_table_unref(trust->distrusted);
    g_free(trust);
}

GHashTable *outbound_trust_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)trust_free);
}

static struct trust *trust_of(struct outbound_builder *builder, guint32 host)
{
    struct trust *trust = g_hash_table_lookup(builder->trust, GUINT_TO_POINTER(host));

    if (trust == NULL) {
        trust = g_new0(struct trust, 1);
        trust->distrusted = out_tallies_new();
        g_hash_table_insert(builder->trust, GUINT_TO_POINTER(host), trust);
    }
    return trust;
}

static void note_distrusted(struct outbound_builder *builder, struct trust *trust,
                            const struct stored_deliveries *deliveries)
{
    guint32 zone = out_zone(builder, names_number(builder->names, deliveries->domain),
                            names_number(builder->names, deliveries->mx));
    gint64 *last;

    out_tally(trust->distrusted, zone, 0);
    last = g_hash_table_lookup(trust->distrusted, GUINT_TO_POINTER(zone));
    *last = MAX(*last, deliveries->last_hour);
}

void outbound_note_trust(struct outbound_builder *builder,
                         const struct stored_deliveries *deliveries)
{
    struct trust *trust = trust_of(builder, names_number(builder->names, deliveries->host));
    gint64 hour = deliveries->last_hour;

    if (deliveries->version != TLS_VERSION_UNKNOWN)
        trust->told_at = MAX(trust->told_at, hour);
    if (deliveries->outcome == SESSION_UNTRUSTED)
        note_distrusted(builder, trust, deliveries);
    else if (deliveries->outcome == SESSION_VERIFIED && deliveries->level == LEVEL_UNKNOWN)
        trust->verified_at = MAX(trust->verified_at, hour);
    else if (deliveries->outcome == SESSION_TRUSTED ||
             (deliveries->outcome == SESSION_VERIFIED && !out_is_held(deliveries)))
        trust->trusted_at = MAX(trust->trusted_at, hour);
}

static gint64 after(gint64 hour)
{
    return hour == 0 ? 0 : hour + OUTBOUND_HOUR;
}

static guint distrusted_since(const struct trust *trust, gint64 from)
{
    GHashTableIter iter;
    gpointer last;
    guint zones = 0;

    g_hash_table_iter_init(&iter, trust->distrusted);
    while (g_hash_table_iter_next(&iter, NULL, &last))
        zones += *(const gint64 *)last >= from;
    return zones;
}

/* From when on the host trusted nobody. Postfix before 3.11 does not tell whether DANE verified a
   session; where nobody was trusted who need not be, and several were not, DANE it was. */
static void find_from(gpointer host, gpointer value, gpointer data)
{
    struct trust *trust = value;

    (void)host;
    (void)data;
    trust->from = after(trust->trusted_at);
    if (trust->verified_at >= trust->from && distrusted_since(trust, trust->from) < OUTBOUND_ZONES)
        trust->from = MAX(trust->from, after(trust->verified_at));
}

/* Whether the log would have said so if somebody had been trusted: Postfix at smtp_tls_loglevel 0
   tells of failures only, and never of a version. */
static bool is_telling(const struct trust *trust)
{
    return trust->told_at >= trust->from && trust->told_at != 0;
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

/* host -> gint64 *, from when on it trusts nobody: zones enough that began to fail since then. */
static GHashTable *find_untrusting(const struct outbound_builder *builder, GHashTable *firsts)
{
    GHashTable *hosts = out_tallies_new();
    g_autoptr(GHashTable) zones = out_tallies_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, firsts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct first *first = value;
        const struct trust *trust =
            g_hash_table_lookup(builder->trust, GUINT_TO_POINTER(first->host));
        const gint64 *count;
        if (trust == NULL || !is_telling(trust) || first->at < trust->from)
            continue;
        out_tally(zones, first->host, 1);
        count = g_hash_table_lookup(zones, GUINT_TO_POINTER(first->host));
        if (*count == OUTBOUND_ZONES)
            out_tally(hosts, first->host, trust->from);
    }
    return hosts;
}

void outbound_judge_trust(struct outbound_builder *builder)
{
    g_autoptr(GHashTable) firsts = find_firsts(builder);
    g_autoptr(GHashTable) hosts = NULL;

    g_hash_table_foreach(builder->trust, find_from, NULL);
    hosts = find_untrusting(builder, firsts);
    for (guint i = 0; i < builder->rows->len; i++) {
        struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        gint64 key = first_key(builder, row);
        const gint64 *from = g_hash_table_lookup(hosts, GUINT_TO_POINTER(row->host));
        const struct first *first = g_hash_table_lookup(firsts, &key);
        if (from != NULL && first != NULL && may_be_ours(row) && first->at >= *from)
            row->told = FAILURE_LOCAL_TRUST_STORE;
    }
}
