#include "analyze/outbound_facts.h"
#include "analyze/outbound_rows.h"
#include <string.h>

#define DAY FAULT_DAY
#define YEAR_9999 INT64_C(253402300799)

/* Times of strangers may be anything; what is outside the calendar is moved to its edge. */
static gint64 time_bounded(gint64 at)
{
    return CLAMP(at, 0, YEAR_9999);
}

/* ---- making ---- */

GHashTable *out_tallies_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, g_free);
}

static void count_free(struct fault_count *count)
{
    g_free(count->text);
    g_free(count);
}

GPtrArray *out_counts_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)count_free);
}

static void month_free(struct outbound_month *month)
{
    if (month == NULL)
        return;
    g_ptr_array_unref(month->clear);
    g_ptr_array_unref(month->unverified);
    g_ptr_array_unref(month->unchecked);
    g_ptr_array_unref(month->steady);
    g_free(month);
}

void outbound_inbound_free(struct outbound_inbound *inbound)
{
    g_free(inbound->organization);
    g_free(inbound->ip);
    g_free(inbound->domain);
    g_ptr_array_unref(inbound->details);
    g_free(inbound);
}

void outbound_peer_free(struct outbound_peer *peer)
{
    g_free(peer->ip);
    g_free(peer->mx);
    g_ptr_array_unref(peer->details);
    g_free(peer);
}

static struct outbound *outbound_new(void)
{
    struct outbound *outbound = g_new0(struct outbound, 1);

    outbound->findings = g_ptr_array_new_with_free_func((GDestroyNotify)outbound_finding_free);
    outbound->passing = g_ptr_array_new_with_free_func((GDestroyNotify)outbound_finding_free);
    outbound->held = out_counts_new();
    outbound->inbound = g_ptr_array_new_with_free_func((GDestroyNotify)outbound_inbound_free);
    outbound->peers = g_ptr_array_new_with_free_func((GDestroyNotify)outbound_peer_free);
    return outbound;
}

void outbound_free(struct outbound *outbound)
{
    if (outbound == NULL)
        return;
    g_ptr_array_unref(outbound->findings);
    g_ptr_array_unref(outbound->passing);
    g_ptr_array_unref(outbound->held);
    g_ptr_array_unref(outbound->inbound);
    g_ptr_array_unref(outbound->peers);
    month_free(outbound->month);
    g_free(outbound);
}

static void hour_clear(struct out_hour *hour)
{
    g_hash_table_unref(hour->other);
}

struct outbound_builder *outbound_builder_new(const struct outbound_period *period)
{
    struct outbound_builder *builder = g_new0(struct outbound_builder, 1);

    builder->period = *period;
    builder->domain = g_strdup(period->domain);
    builder->names = names_new();
    builder->rows = g_array_new(FALSE, FALSE, sizeof(struct out_row));
    builder->clients = g_array_new(FALSE, FALSE, sizeof(struct in_row));
    builder->reports = g_array_new(FALSE, FALSE, sizeof(struct out_report));
    builder->queue = g_array_new(FALSE, FALSE, sizeof(struct out_queued));
    builder->hours = g_array_new(FALSE, FALSE, sizeof(struct out_hour));
    g_array_set_clear_func(builder->hours, (GDestroyNotify)hour_clear);
    builder->goods = g_hash_table_new_full(out_key_hash, g_int64_equal, NULL, g_free);
    builder->known_zones = g_hash_table_new(NULL, NULL);
    builder->domains = g_hash_table_new(NULL, NULL);
    builder->reported = g_hash_table_new(NULL, NULL);
    builder->peers = g_hash_table_new(NULL, NULL);
    builder->trust = outbound_trust_new();
    builder->held = out_tallies_new();
    builder->clear = out_tallies_new();
    builder->unverified = out_tallies_new();
    builder->unchecked = out_tallies_new();
    builder->steady = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    builder->seen_from = G_MAXINT64;
    builder->outbound = outbound_new();
    return builder;
}

void outbound_builder_free(struct outbound_builder *builder)
{
    GHashTable *tables[] = {builder->goods,    builder->known_zones, builder->domains,
                            builder->held,     builder->clear,       builder->unverified,
                            builder->reported, builder->peers,       builder->unchecked,
                            builder->steady,   builder->trust};
    GArray *arrays[] = {builder->rows, builder->clients, builder->reports, builder->queue,
                        builder->hours};

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
        g_hash_table_unref(tables[i]);
    for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_array_unref(arrays[i]);
    g_clear_pointer(&builder->zone_hours, g_array_unref);
    outbound_free(builder->outbound);
    names_free(builder->names);
    g_free(builder->domain);
    g_free(builder);
}

/* ---- counting ---- */

void out_tally(GHashTable *tallies, guint32 name, gint64 count)
{
    gint64 *sum = g_hash_table_lookup(tallies, GUINT_TO_POINTER(name));

    if (sum == NULL) {
        sum = g_new0(gint64, 1);
        g_hash_table_insert(tallies, GUINT_TO_POINTER(name), sum);
    }
    *sum = count_add(*sum, count);
}

static gint by_count(gconstpointer a, gconstpointer b)
{
    const struct fault_count *x = *(const struct fault_count *const *)a;
    const struct fault_count *y = *(const struct fault_count *const *)b;

    if (x->sessions != y->sessions)
        return x->sessions > y->sessions ? -1 : 1;
    return strcmp(x->text, y->text);
}

static struct fault_count *count_new(const char *text, gint64 sessions)
{
    struct fault_count *count = g_new0(struct fault_count, 1);

    count->text = g_strdup(text);
    count->sessions = sessions;
    return count;
}

GPtrArray *out_counts(const struct names *names, GHashTable *tallies, guint limit)
{
    GPtrArray *counts = out_counts_new();
    GHashTableIter iter;
    gpointer name, sum;
    int64_t rest = 0;

    g_hash_table_iter_init(&iter, tallies);
    while (g_hash_table_iter_next(&iter, &name, &sum))
        if (GPOINTER_TO_UINT(name) != 0)
            g_ptr_array_add(counts,
                            count_new(names_text(names, GPOINTER_TO_UINT(name)), *(gint64 *)sum));
    g_ptr_array_sort(counts, by_count);
    if (counts->len <= limit)
        return counts;
    for (guint i = limit; i < counts->len; i++)
        rest = count_add(rest, ((struct fault_count *)g_ptr_array_index(counts, i))->sessions);
    g_ptr_array_set_size(counts, (gint)limit);
    g_ptr_array_add(counts, count_new("...", rest));
    return counts;
}

/* ---- failures ---- */

static bool in_period(const struct outbound_period *period, gint64 at)
{
    return at >= period->from && at <= period->to;
}

/* What is told of a message may come after its last failure: that it was given up. */
bool outbound_period_has(const struct outbound_period *period,
                         const struct stored_log_failure *failure)
{
    gint64 at = period->stored && failure->stored_at != 0 ? failure->stored_at : failure->event.at;

    return in_period(period, at) ||
           (failure->returned_at != 0 && in_period(period, failure->returned_at));
}

/* Of the addresses that no report names and that take no mail of ours the number is enough. */
static void add_client(struct outbound_builder *builder, const struct stored_log_failure *failure)
{
    const struct log_event *event = &failure->event;
    struct outbound *outbound = builder->outbound;
    struct in_row row = {.at = time_bounded(event->at),
                         .sessions = MAX(event->sessions, 1),
                         .ip = names_find(builder->names, event->ip),
                         .detail = (guint8)event->detail,
                         .current = outbound_period_has(&builder->period, failure)};

    if (row.current)
        outbound->inbound_failed = count_add(outbound->inbound_failed, row.sessions);
    if (row.current && row.detail == DETAIL_INBOUND_PEER_REJECTED_OUR_CERT)
        outbound->inbound_refused = count_add(outbound->inbound_refused, row.sessions);
    if (!g_hash_table_contains(builder->reported, GUINT_TO_POINTER(row.ip)) &&
        !(row.current && g_hash_table_contains(builder->peers, GUINT_TO_POINTER(row.ip))))
        return;
    if (builder->clients->len < OUTBOUND_ROWS)
        g_array_append_val(builder->clients, row);
    else
        outbound->left_out += row.current;
}

/* The same queue id at another of our servers is another message. A log names its host in short or
   in full, and a bounce may name it otherwise than the log. */
static guint32 message_number(struct names *names, const struct log_event *event)
{
    const char *host = event->host != NULL ? event->host : "";
    g_autofree char *first = g_ascii_strdown(host, (gssize)strcspn(host, "."));
    g_autofree char *key = NULL;

    if (event->queue_id == NULL || *event->queue_id == '\0')
        return 0;
    key = g_strdup_printf("%s\n%s", first, event->queue_id);
    return names_number(names, key);
}

/* Nobody asked for more than to try: what came of it is summed by the month. Exim tries and says
   so; mail that was refused then for another cause has an unknown outcome. */
static bool is_opportunistic(const struct log_event *event)
{
    bool asked = event->level > LEVEL_MAY;
    bool went_on = event->outcome == LOG_OUTCOME_UNVERIFIED ||
                   (event->outcome == LOG_OUTCOME_UNKNOWN && event->mta == MTA_EXIM);

    if (event->failure_type == FAILURE_DELIVERED_IN_CLEAR)
        return true;
    return !asked && went_on && failure_type_layer(event->failure_type) == LAYER_CERTIFICATE;
}

static guint32 line_number(struct outbound_builder *builder, const char *line)
{
    if (line == NULL || builder->line_bytes >= OUTBOUND_LINE_BYTES)
        return 0;
    builder->line_bytes += strlen(line);
    return names_number(builder->names, line);
}

static void see(struct outbound_builder *builder, gint64 first, gint64 last)
{
    builder->seen_from = MIN(builder->seen_from, first);
    builder->seen_to = MAX(builder->seen_to, last);
}

void outbound_builder_add_failure(struct outbound_builder *builder,
                                  const struct stored_log_failure *failure)
{
    const struct log_event *event = &failure->event;
    struct names *names = builder->names;
    struct out_row row = {.id = failure->id,
                          .at = time_bounded(event->at),
                          .returned_at = time_bounded(failure->returned_at),
                          .delay = CLAMP(event->delay, -1, YEAR_9999),
                          .type = (guint8)event->failure_type,
                          .told = (guint8)event->failure_type,
                          .detail = (guint8)event->detail,
                          .result = (guint8)event->result_type,
                          .outcome = (guint8)event->outcome,
                          .level = (guint8)event->level,
                          .mta = (guint8)event->mta,
                          .bounce = event->line == NULL || *event->line == '\0',
                          .current = outbound_period_has(&builder->period, failure)};

    see(builder, row.at, row.at);
    if (event->direction == DIRECTION_IN &&
        failure_type_layer(event->failure_type) != LAYER_LOCAL) {
        add_client(builder, failure);
        return;
    }
    if (is_opportunistic(event))
        return;
    if (builder->rows->len >= OUTBOUND_ROWS) {
        builder->outbound->left_out += row.current;
        return;
    }
    row.host = names_number(names, event->host);
    row.message = message_number(names, event);
    row.queue_id = row.message != 0 ? names_number(names, event->queue_id) : 0;
    row.domain = names_number(names, event->domain);
    row.mx = names_number(names, event->mx);
    row.ip = names_detail(names, event->ip);
    row.reason = names_detail(names, event->reason);
    row.tls_error = names_detail(names, event->tls_error);
    row.line = row.current ? line_number(builder, event->line) : 0;
    g_array_append_val(builder->rows, row);
}

/* ---- sessions ---- */

gint64 out_key(guint32 domain, guint32 mx)
{
    return (gint64)((guint64)domain << 32 | mx);
}

guint out_key_hash(gconstpointer key)
{
    guint64 mixed = *(const guint64 *)key * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);

    return (guint)(mixed >> 32);
}

const struct out_good *out_good_of(const struct outbound_builder *builder, guint32 domain,
                                   guint32 mx)
{
    gint64 key = out_key(domain, mx);

    return g_hash_table_lookup(builder->goods, &key);
}

static struct out_good *good_at(struct outbound_builder *builder, guint32 domain, guint32 mx)
{
    gint64 key = out_key(domain, mx);
    struct out_good *good = g_hash_table_lookup(builder->goods, &key);

    if (good == NULL) {
        good = g_new0(struct out_good, 1);
        good->key = key;
        g_hash_table_insert(builder->goods, &good->key, good);
    }
    return good;
}

bool out_is_held(const struct stored_deliveries *deliveries)
{
    return deliveries->outcome == SESSION_VERIFIED &&
           (deliveries->level == LEVEL_DANE || deliveries->level == LEVEL_DANE_ONLY);
}

static void add_good(struct outbound_builder *builder, enum outbound_span span,
                     const struct stored_deliveries *deliveries, guint32 domain, guint32 mx)
{
    struct out_good *good = good_at(builder, domain, mx);

    if (deliveries->last_hour >= good->good_at) {
        good->good_at = deliveries->last_hour;
        good->good = (guint8)deliveries->outcome;
    }
    if (deliveries->outcome != SESSION_PLAINTEXT && deliveries->last_hour >= good->tls_at) {
        good->tls_at = deliveries->last_hour;
        good->tls = (guint8)deliveries->outcome;
    }
    if (deliveries->outcome == SESSION_VERIFIED)
        good->sure_at = MAX(good->sure_at, deliveries->last_hour);
    if (out_is_held(deliveries)) {
        good->verified_at = MAX(good->verified_at, deliveries->last_hour);
        good->verified_before = good->verified_before || span == OUTBOUND_BEFORE;
    }
    if (span == OUTBOUND_CONTEXT)
        good->sessions = count_add(good->sessions, deliveries->sessions);
}

static void add_context(struct outbound_builder *builder, enum outbound_span span,
                        const struct stored_deliveries *deliveries, guint32 domain)
{
    guint32 mx = names_number(builder->names, deliveries->mx);

    if (span == OUTBOUND_CONTEXT)
        see(builder, deliveries->first_hour, deliveries->last_hour);
    if (deliveries->outcome == SESSION_FAILED)
        return;
    add_good(builder, span, deliveries, domain, 0);
    if (mx == 0)
        return;
    add_good(builder, span, deliveries, domain, mx);
    g_hash_table_insert(builder->known_zones, GUINT_TO_POINTER(domain),
                        GUINT_TO_POINTER(out_zone(builder, domain, mx)));
}

static void add_to_period(struct outbound_builder *builder,
                          const struct stored_deliveries *deliveries, guint32 domain)
{
    struct outbound *outbound = builder->outbound;

    if (outbound->sessions == 0 || deliveries->first_hour < outbound->first_hour)
        outbound->first_hour = deliveries->first_hour;
    outbound->sessions = count_add(outbound->sessions, deliveries->sessions);
    if (deliveries->outcome == SESSION_FAILED)
        outbound->failed = count_add(outbound->failed, deliveries->sessions);
    if (domain != 0)
        g_hash_table_add(builder->domains, GUINT_TO_POINTER(domain));
    if (!out_is_held(deliveries))
        return;
    out_tally(builder->held, domain, deliveries->sessions);
    outbound->verified = count_add(outbound->verified, deliveries->sessions);
}

static void add_to_month(struct outbound_builder *builder,
                         const struct stored_deliveries *deliveries, guint32 domain)
{
    struct outbound_month *month = builder->outbound->month;

    if (month == NULL)
        return;
    outbound_look_for_dane(builder, deliveries);
    if (deliveries->level > LEVEL_MAY)
        return;
    if (deliveries->outcome == SESSION_PLAINTEXT) {
        out_tally(builder->clear, domain, deliveries->sessions);
        month->clear_sessions = count_add(month->clear_sessions, deliveries->sessions);
    } else if (deliveries->outcome == SESSION_UNTRUSTED ||
               deliveries->outcome == SESSION_ANONYMOUS) {
        out_tally(builder->unverified, domain, deliveries->sessions);
        month->unverified_sessions = count_add(month->unverified_sessions, deliveries->sessions);
    }
}

void outbound_builder_add_deliveries(struct outbound_builder *builder, enum outbound_span span,
                                     const struct stored_deliveries *deliveries)
{
    guint32 domain = names_number(builder->names, deliveries->domain);
    struct stored_deliveries bounded = *deliveries;

    bounded.first_hour = time_bounded(deliveries->first_hour);
    bounded.last_hour = time_bounded(deliveries->last_hour);
    builder->outbound->last_hour = MAX(builder->outbound->last_hour, bounded.last_hour);
    outbound_note_trust(builder, &bounded);
    if (span == OUTBOUND_PERIOD)
        add_to_period(builder, &bounded, domain);
    else if (span == OUTBOUND_MONTH)
        add_to_month(builder, &bounded, domain);
    else if (span == OUTBOUND_DAY && domain != 0)
        outbound_add_day(builder, &bounded, domain);
    else if (domain != 0)
        add_context(builder, span, &bounded, domain);
}

void outbound_builder_begin_month(struct outbound_builder *builder, gint64 begins_at,
                                  gint64 ends_at)
{
    struct outbound_month *month = g_new0(struct outbound_month, 1);

    month_free(builder->outbound->month);
    month->begins_at = begins_at;
    month->clear = out_counts_new();
    month->unverified = out_counts_new();
    month->unchecked = out_counts_new();
    month->steady = out_counts_new();
    builder->steady_to = ends_at;
    builder->outbound->month = month;
}

/* ---- reports, queue ---- */

void outbound_builder_add_report(struct outbound_builder *builder,
                                 const struct outbound_report *report)
{
    struct out_report row = {.organization = names_number(builder->names, report->organization),
                             .domain = names_number(builder->names, report->domain),
                             .ip = names_detail(builder->names, report->ip),
                             .type = (guint8)report->type,
                             .told = report->told,
                             .day = time_bounded(report->begins_at) / DAY * DAY,
                             .sessions = MAX(report->sessions, 0)};

    if (row.ip == 0 || builder->reports->len >= OUTBOUND_ROWS)
        return;
    g_array_append_val(builder->reports, row);
    g_hash_table_add(builder->reported, GUINT_TO_POINTER(row.ip));
}

void outbound_builder_add_peer(struct outbound_builder *builder, const char *ip, const char *mx)
{
    guint32 address = names_detail(builder->names, ip);

    if (address != 0)
        g_hash_table_insert(builder->peers, GUINT_TO_POINTER(address),
                            GUINT_TO_POINTER(names_number(builder->names, mx)));
}

/* Postfix says so of a message that it did not try again (postfix/error). */
static const char *bare_reason(const char *reason)
{
    static const char suspended[] = "delivery temporarily suspended: ";

    if (reason != NULL && g_str_has_prefix(reason, suspended))
        return reason + strlen(suspended);
    return reason;
}

void outbound_builder_add_queued(struct outbound_builder *builder,
                                 const struct queued_message *message)
{
    struct out_queued row = {.queue_id = names_detail(builder->names, message->queue_id),
                             .domain = names_detail(builder->names, message->domain),
                             .reason = names_detail(builder->names, bare_reason(message->reason))};

    if (builder->queue->len < OUTBOUND_ROWS)
        g_array_append_val(builder->queue, row);
}

void outbound_builder_queue_read(struct outbound_builder *builder, guint64 unreadable)
{
    builder->outbound->queue_read = true;
    builder->outbound->queue_unreadable = unreadable;
}

/* ---- the end ---- */

static gint by_weight(gconstpointer a, gconstpointer b)
{
    const struct outbound_finding *x = *(const struct outbound_finding *const *)a;
    const struct outbound_finding *y = *(const struct outbound_finding *const *)b;
    const int64_t left[] = {!outbound_is_ours(x), -(int64_t)x->severity, -(int64_t)x->effect,
                            -(int64_t)x->messages};
    const int64_t right[] = {!outbound_is_ours(y), -(int64_t)y->severity, -(int64_t)y->effect,
                             -(int64_t)y->messages};
    int order = keys_compare(left, right, G_N_ELEMENTS(left));

    if (order == 0)
        order = g_strcmp0(outbound_place(x), outbound_place(y));
    return order != 0 ? order : (int)x->type - (int)y->type;
}

static bool is_wanted(const struct outbound_builder *builder,
                      const struct outbound_finding *finding)
{
    if (builder->domain == NULL)
        return true;
    for (guint i = 0; i < finding->domains->len; i++) {
        const struct outbound_domain *domain = g_ptr_array_index(finding->domains, i);
        if (strcmp(domain->name, builder->domain) == 0)
            return true;
    }
    return false;
}

static void keep(struct outbound_builder *builder, struct outbound_finding *finding)
{
    struct outbound *outbound = builder->outbound;

    if (finding == NULL)
        return;
    if (is_wanted(builder, finding))
        g_ptr_array_add(finding->severity == SEVERITY_INFO ? outbound->passing : outbound->findings,
                        finding);
    else
        outbound_finding_free(finding);
}

static bool says_insecure(const struct outbound *outbound)
{
    for (guint i = 0; i < outbound->findings->len; i++) {
        const struct outbound_finding *finding = g_ptr_array_index(outbound->findings, i);
        if (finding->type == FAILURE_LOCAL_RESOLVER_INSECURE)
            return true;
    }
    return false;
}

static void find_all(struct outbound_builder *builder, gint64 now)
{
    struct outbound *outbound = builder->outbound;
    const struct out_row *rows;

    outbound_judge_hours(builder);
    outbound_judge_trust(builder);
    outbound_group(builder);
    outbound_match_queue(builder);
    rows = (const struct out_row *)(const void *)builder->rows->data;
    for (guint from = 0, to; from < builder->rows->len; from = to) {
        for (to = from + 1; to < builder->rows->len && rows[to].group == rows[from].group;)
            to++;
        keep(builder, outbound_sum(builder, from, to, now));
    }
    if (!says_insecure(outbound))
        keep(builder, outbound_unverified(builder, now));
    g_ptr_array_sort(outbound->findings, by_weight);
    g_ptr_array_sort(outbound->passing, by_weight);
}

static void fill_month(struct outbound_builder *builder)
{
    struct outbound_month *month = builder->outbound->month;

    if (month == NULL)
        return;
    g_ptr_array_unref(month->clear);
    g_ptr_array_unref(month->unverified);
    month->clear = out_counts(builder->names, builder->clear, G_MAXUINT);
    month->unverified = out_counts(builder->names, builder->unverified, G_MAXUINT);
    outbound_sum_unchecked(builder, month);
    outbound_sum_steady(builder, month);
}

struct outbound *outbound_builder_finish(struct outbound_builder *builder, gint64 now)
{
    struct outbound *outbound = builder->outbound;
    bool any = outbound->last_hour != 0 || outbound->inbound_failed > 0 || outbound->queue_read ||
               builder->rows->len + builder->clients->len > 0;

    find_all(builder, now);
    outbound_join_inbound(builder);
    g_ptr_array_unref(outbound->held);
    outbound->held = out_counts(builder->names, builder->held, G_MAXUINT);
    outbound->domains = g_hash_table_size(builder->domains);
    fill_month(builder);
    if (any)
        builder->outbound = NULL;
    outbound_builder_free(builder);
    return any ? outbound : NULL;
}
