#include "analyze/outbound_rows.h"

#define HOUR OUTBOUND_HOUR

/* Failures of a zone without a longer gap are one chain: a mail server may try that seldom. */
#define CHAIN_GAP (48 * HOUR)

/* A zone that failed this long before is dead for itself. */
#define FRESH (24 * HOUR)

/* Where less is known of the time before, it counts as hours without a failure. */
#define OBSERVED_HOURS 48

#define UNUSUAL_FACTOR 10
#define OTHERS_FACTOR 4 /* good zones for each failing one, past which a resolver is sound */

/* ---- which lookups failed when ---- */

bool out_is_lookup(const struct out_row *row)
{
    return row->type == FAILURE_TLSA_LOOKUP_ERROR || row->type == FAILURE_DNS_LOOKUP_ERROR ||
           row->type == FAILURE_DNSSEC_BOGUS;
}

guint32 out_zone(const struct outbound_builder *builder, guint32 domain, guint32 mx)
{
    const char *parent = mx != 0 ? host_parent(names_text(builder->names, mx)) : NULL;
    gpointer known;

    if (parent != NULL)
        return names_number(builder->names, parent);
    if (mx != 0)
        return mx;
    known = g_hash_table_lookup(builder->known_zones, GUINT_TO_POINTER(domain));
    return known != NULL ? GPOINTER_TO_UINT(known) : domain;
}

static gint64 hour_of(gint64 at)
{
    return at / HOUR * HOUR;
}

static bool was_verified(const struct outbound_builder *builder, guint32 domain, gint64 hour)
{
    const struct out_good *good = out_good_of(builder, domain, 0);

    return good != NULL && good->verified_at != 0 &&
           (good->verified_before || good->verified_at != hour);
}

static gint by_zone(gconstpointer a, gconstpointer b)
{
    const struct out_zone_hour *x = a, *y = b;
    const int64_t left[] = {x->host, x->zone, x->hour}, right[] = {y->host, y->zone, y->hour};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static gint by_hour(gconstpointer a, gconstpointer b)
{
    const struct out_zone_hour *x = a, *y = b;
    const int64_t left[] = {x->host, x->hour, x->zone}, right[] = {y->host, y->hour, y->zone};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static struct out_zone_hour zone_hour_of(const struct outbound_builder *builder,
                                         const struct out_row *row)
{
    struct out_zone_hour found = {.hour = hour_of(row->at),
                                  .host = row->host,
                                  .zone = out_zone(builder, row->domain, row->mx)};

    found.since = found.hour;
    found.dnssec =
        row->type != FAILURE_DNS_LOOKUP_ERROR || was_verified(builder, row->domain, found.hour);
    return found;
}

/* Leaves one element for each host, zone and hour, and finds when its chain began. */
static void fold_zone_hours(GArray *all)
{
    guint kept = 0;

    g_array_sort(all, by_zone);
    for (guint i = 1; i < all->len; i++) {
        struct out_zone_hour *last = &g_array_index(all, struct out_zone_hour, kept);
        struct out_zone_hour next = g_array_index(all, struct out_zone_hour, i);
        bool same = next.host == last->host && next.zone == last->zone;
        if (same && next.hour == last->hour) {
            last->dnssec = last->dnssec || next.dnssec;
            continue;
        }
        if (same && next.hour - last->hour <= CHAIN_GAP)
            next.since = last->since;
        g_array_index(all, struct out_zone_hour, ++kept) = next;
    }
    if (all->len > 0)
        g_array_set_size(all, kept + 1);
}

static void find_zone_hours(struct outbound_builder *builder)
{
    builder->zone_hours = g_array_new(FALSE, FALSE, sizeof(struct out_zone_hour));
    for (guint i = 0; i < builder->rows->len; i++) {
        const struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        if (out_is_lookup(row)) {
            struct out_zone_hour found = zone_hour_of(builder, row);
            g_array_append_val(builder->zone_hours, found);
        }
    }
    fold_zone_hours(builder->zone_hours);
}

/* ---- which hours are unusual ---- */

static gint by_size(gconstpointer a, gconstpointer b)
{
    guint x = *(const guint *)a, y = *(const guint *)b;

    return x < y ? -1 : x > y;
}

/* The median of zones that fail anew in the hours observed of one host, [from, to) sorted
   by_hour. */
static guint usual_zones(const struct outbound_builder *builder, const struct out_zone_hour *all,
                         guint from, guint to)
{
    g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(guint));
    gint64 observed = (builder->seen_to - builder->seen_from) / HOUR + 1;
    guint zones = 0, middle;

    for (guint i = from; i < to; i++) {
        zones += all[i].hour - all[i].since < FRESH;
        if (i + 1 == to || all[i + 1].hour != all[i].hour) {
            g_array_append_val(sizes, zones);
            zones = 0;
        }
    }
    observed = MAX(MAX(observed, OBSERVED_HOURS), (gint64)sizes->len);
    if (observed / 2 < observed - (gint64)sizes->len)
        return 0;
    g_array_sort(sizes, by_size);
    middle = (guint)(observed / 2 - (observed - (gint64)sizes->len));
    return g_array_index(sizes, guint, MIN(middle, sizes->len - 1));
}

/* One hour, [from, to); `begin`: of the unusual hours that this one goes on with, or itself. */
static struct out_hour look_at_hour(struct out_zone_hour *all, guint from, guint to, gint64 begin)
{
    struct out_hour hour = {.hour = all[from].hour, .host = all[from].host};

    for (guint i = from; i < to; i++) {
        all[i].fresh = begin - all[i].since < FRESH;
        hour.zones += all[i].fresh;
        hour.dnssec = hour.dnssec || (all[i].fresh && all[i].dnssec);
    }
    return hour;
}

static void find_hours_of_host(struct outbound_builder *builder, struct out_zone_hour *all,
                               guint from, guint to)
{
    guint least = MAX(OUTBOUND_ZONES, UNUSUAL_FACTOR * usual_zones(builder, all, from, to));
    gint64 begin = 0, last = -3 * HOUR;

    for (guint i = from, next; i < to; i = next) {
        struct out_hour hour;
        for (next = i + 1; next < to && all[next].hour == all[i].hour;)
            next++;
        if (all[i].hour - last > 2 * HOUR)
            begin = all[i].hour;
        hour = look_at_hour(all, i, next, begin);
        if (hour.zones < least)
            continue;
        last = hour.hour;
        hour.other = g_hash_table_new(NULL, NULL);
        g_array_append_val(builder->hours, hour);
    }
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    const struct out_hour *x = a, *y = b;
    const int64_t left[] = {x->hour, x->host}, right[] = {y->hour, y->host};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static void find_hours(struct outbound_builder *builder)
{
    GArray *zone_hours = builder->zone_hours;
    struct out_zone_hour *all;

    g_array_sort(zone_hours, by_hour);
    all = (struct out_zone_hour *)(void *)zone_hours->data;
    for (guint from = 0, to; from < zone_hours->len; from = to) {
        for (to = from + 1; to < zone_hours->len && all[to].host == all[from].host;)
            to++;
        find_hours_of_host(builder, all, from, to);
    }
    g_array_sort(builder->hours, by_time);
    if (builder->hours->len > OUTBOUND_SUSPECTS)
        g_array_remove_range(builder->hours, 0, builder->hours->len - OUTBOUND_SUSPECTS);
}

GArray *outbound_builder_suspects(struct outbound_builder *builder)
{
    GArray *hours = g_array_new(FALSE, FALSE, sizeof(gint64));

    if (builder->zone_hours == NULL) {
        find_zone_hours(builder);
        find_hours(builder);
    }
    for (guint i = 0; i < builder->hours->len; i++) {
        gint64 hour = g_array_index(builder->hours, struct out_hour, i).hour;
        if (hours->len == 0 || g_array_index(hours, gint64, hours->len - 1) != hour)
            g_array_append_val(hours, hour);
    }
    return hours;
}

void outbound_builder_add_hour(struct outbound_builder *builder, gint64 hour,
                               const struct stored_deliveries *deliveries)
{
    guint32 host = names_number(builder->names, deliveries->host);
    guint32 domain = names_number(builder->names, deliveries->domain);
    guint32 mx = names_number(builder->names, deliveries->mx);

    if (deliveries->outcome == SESSION_FAILED || domain == 0)
        return;
    for (guint i = 0; i < builder->hours->len; i++) {
        struct out_hour *one = &g_array_index(builder->hours, struct out_hour, i);
        if (one->hour != hour || one->host != host)
            continue;
        one->verified = one->verified || out_is_held(deliveries);
        g_hash_table_add(one->other, GUINT_TO_POINTER(out_zone(builder, domain, mx)));
    }
}

/* ---- the judgement ---- */

static struct out_zone_hour *find_zone_hour(const struct outbound_builder *builder, guint32 host,
                                            guint32 zone, gint64 hour)
{
    const struct out_zone_hour key = {.host = host, .zone = zone, .hour = hour};
    guint index;

    if (!g_array_binary_search(builder->zone_hours, &key, by_hour, &index))
        return NULL;
    return &g_array_index(builder->zone_hours, struct out_zone_hour, index);
}

static void mark_outage(struct outbound_builder *builder, const struct out_hour *hour)
{
    GArray *all = builder->zone_hours;

    for (guint i = 0; i < all->len; i++) {
        struct out_zone_hour *one = &g_array_index(all, struct out_zone_hour, i);
        if (one->host == hour->host && one->hour == hour->hour)
            one->outage = one->fresh;
    }
}

/* An outage begins and ends within an hour that has good sessions too. */
static bool is_explained(const struct outbound_builder *builder, const struct out_row *row)
{
    guint32 zone = out_zone(builder, row->domain, row->mx);

    for (int i = -1; i <= 1; i++) {
        const struct out_zone_hour *one =
            find_zone_hour(builder, row->host, zone, hour_of(row->at) + i * HOUR);
        if (one != NULL && one->outage)
            return true;
    }
    return false;
}

void outbound_judge_hours(struct outbound_builder *builder)
{
    g_autoptr(GArray) asked = outbound_builder_suspects(builder);
    bool any = false;

    for (guint i = 0; i < builder->hours->len; i++) {
        struct out_hour *hour = &g_array_index(builder->hours, struct out_hour, i);
        guint others = g_hash_table_size(hour->other);
        hour->outage = !hour->verified && (hour->dnssec || hour->zones * OTHERS_FACTOR >= others);
        if (hour->outage)
            mark_outage(builder, hour);
        any = any || hour->outage;
    }
    for (guint i = 0; any && i < builder->rows->len; i++) {
        struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        if (out_is_lookup(row) && is_explained(builder, row))
            row->told = FAILURE_LOCAL_RESOLVER_FAILING;
    }
}

/* ---- a resolver that does not validate ---- */

struct missed {
    gint64 sessions;
    GPtrArray *domains;
    const struct names *names;
};

static void look_for_missed(gpointer key, gpointer value, gpointer data)
{
    const struct out_good *good = value;
    guint32 domain = (guint32)((guint64)good->key >> 32), mx = (guint32)good->key;
    struct missed *missed = data;
    struct outbound_domain *found;

    (void)key;
    if (mx != 0 || !good->verified_before || good->sessions == 0)
        return;
    found = g_new0(struct outbound_domain, 1);
    found->name = g_strdup(names_text(missed->names, domain));
    found->attempts = (guint)MIN(good->sessions, G_MAXUINT);
    found->last_at = found->good_at = good->good_at;
    found->good = good->good;
    found->verified_at = good->verified_at;
    missed->sessions = count_add(missed->sessions, good->sessions);
    g_ptr_array_add(missed->domains, found);
}

static bool any_verified_since(const struct outbound_builder *builder, gint64 from)
{
    GHashTableIter iter;
    gpointer good;

    g_hash_table_iter_init(&iter, builder->goods);
    while (g_hash_table_iter_next(&iter, NULL, &good))
        if (((const struct out_good *)good)->verified_at >= from)
            return true;
    return false;
}

struct outbound_finding *outbound_unverified(const struct outbound_builder *builder, gint64 now)
{
    struct outbound_finding *finding = outbound_finding_new(FAILURE_LOCAL_RESOLVER_INSECURE);
    struct missed missed = {.domains = finding->domains, .names = builder->names};

    if (!any_verified_since(builder, builder->seen_from))
        g_hash_table_foreach(builder->goods, look_for_missed, &missed);
    if (missed.sessions < OUTBOUND_MISSED) {
        outbound_finding_free(finding);
        return NULL;
    }
    finding->unverified = missed.sessions;
    finding->effect = EFFECT_UNVERIFIED;
    finding->first_at = builder->seen_from;
    finding->last_at = builder->seen_to;
    finding->severity = outbound_severity(finding, now);
    return finding;
}

/* ---- never verified at all ---- */

/* Large operators whose MX hosts have had TLSA records for years. */
static const char *const dane_hosts[] = {
    "bund.de",   "comcast.net", "gmx.net",       "mailbox.org", "mx.microsoft",
    "posteo.de", "web.de",      "protonmail.ch", "tutanota.de",
};

/* The one of them that an MX host belongs to. */
static const char *dane_host(const char *mx)
{
    size_t length = mx != NULL ? strlen(mx) : 0;

    for (size_t i = 0; i < G_N_ELEMENTS(dane_hosts); i++) {
        size_t tail = strlen(dane_hosts[i]);
        if (length > tail && mx[length - tail - 1] == '.' &&
            strcmp(mx + length - tail, dane_hosts[i]) == 0)
            return dane_hosts[i];
    }
    return NULL;
}

void outbound_look_for_dane(struct outbound_builder *builder,
                            const struct stored_deliveries *deliveries)
{
    bool may_be_dane = deliveries->level == LEVEL_UNKNOWN || deliveries->level == LEVEL_DANE ||
                       deliveries->level == LEVEL_DANE_ONLY;
    const char *host = dane_host(deliveries->mx);

    if (deliveries->outcome == SESSION_VERIFIED && may_be_dane)
        builder->month_verified = true;
    else if (host != NULL && deliveries->outcome != SESSION_FAILED &&
             deliveries->outcome != SESSION_UNKNOWN)
        out_tally(builder->unchecked, names_number(builder->names, host), deliveries->sessions);
}

void outbound_sum_unchecked(const struct outbound_builder *builder, struct outbound_month *month)
{
    GPtrArray *unchecked = out_counts(builder->names, builder->unchecked, G_MAXUINT);
    gint64 sessions = 0;

    for (guint i = 0; i < unchecked->len; i++)
        sessions =
            count_add(sessions, ((struct fault_count *)g_ptr_array_index(unchecked, i))->sessions);
    if (builder->month_verified || unchecked->len < OUTBOUND_DANE_HOSTS ||
        sessions < OUTBOUND_MISSED) {
        g_ptr_array_unref(unchecked);
        return;
    }
    g_ptr_array_unref(month->unchecked);
    month->unchecked = unchecked;
    month->unchecked_sessions = sessions;
}
