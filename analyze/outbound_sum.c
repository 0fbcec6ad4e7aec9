#include "analyze/fault_rows.h"
#include "analyze/outbound_rows.h"
#include <string.h>

/* Failures without a longer gap are one story, as with faults. */
#define CHAIN_GAP (INT64_C(8) * FAULT_DAY)

/* ---- records ---- */

static void domain_free(struct outbound_domain *domain)
{
    g_free(domain->name);
    g_free(domain);
}

struct outbound_finding *outbound_finding_new(enum failure_type type)
{
    struct outbound_finding *finding = g_new0(struct outbound_finding, 1);
    GPtrArray **lists[] = {&finding->mx,      &finding->ips,       &finding->details,
                           &finding->reasons, &finding->hosts,     &finding->result_types,
                           &finding->types,   &finding->tls_errors};

    finding->type = type;
    finding->actor = failure_type_actor(type);
    if (finding->actor == ACTOR_SENDER)
        finding->actor = ACTOR_US;
    finding->delay = -1;
    finding->held_delay = -1;
    finding->domains = g_ptr_array_new_with_free_func((GDestroyNotify)domain_free);
    finding->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        *lists[i] = out_counts_new();
    return finding;
}

void outbound_finding_free(struct outbound_finding *finding)
{
    GPtrArray *lists[] = {finding->domains,      finding->mx,      finding->ips,
                          finding->details,      finding->reasons, finding->hosts,
                          finding->result_types, finding->types,   finding->tls_errors};

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        g_ptr_array_unref(lists[i]);
    g_array_unref(finding->ids);
    g_free(finding->mx_ip);
    g_free(finding->line);
    g_free(finding);
}

/* ---- what belongs together ---- */

static bool is_local(const struct out_row *row)
{
    return failure_type_layer(row->told) == LAYER_LOCAL;
}

/* What is wrong here is one finding wherever it shows. */
static void place_of(const struct out_row *row, int64_t place[3])
{
    place[0] = row->told;
    place[1] = is_local(row) ? 0 : row->mx;
    place[2] = is_local(row) ? 0 : row->domain;
}

static gint by_place(gconstpointer a, gconstpointer b)
{
    int64_t left[3], right[3];

    place_of(a, left);
    place_of(b, right);
    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static gint by_group(gconstpointer a, gconstpointer b)
{
    const struct out_row *x = a, *y = b;
    const int64_t left[] = {x->group, x->at, x->id}, right[] = {y->group, y->at, y->id};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

/* Each place becomes one row of one policy; what joins faults joins findings. A domain's own number
   is its reason, so that without an MX host nothing but the domain joins. */
static void add_place(struct fault_builder *places, const struct out_row *row)
{
    int64_t place[3];
    struct row_policy policy = {.day = row->at};
    struct fault_row fault = {.type = row->told, .policy = places->policies->len, .sessions = 1};

    place_of(row, place);
    fault.mx = (guint32)place[1];
    fault.reason_key = (guint32)place[2];
    policy.domain = (guint32)place[2];
    g_array_append_val(places->policies, policy);
    g_array_append_val(places->rows, fault);
}

static void find_places(struct outbound_builder *builder, struct fault_builder *places)
{
    const struct out_row *last = NULL;

    g_array_sort(builder->rows, by_place);
    for (guint i = 0; i < builder->rows->len; i++) {
        struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        if (last == NULL || by_place(last, row) != 0)
            add_place(places, row);
        row->place = places->policies->len - 1;
        last = row;
    }
}

void outbound_group(struct outbound_builder *builder)
{
    struct fault_builder *places = fault_builder_new();
    struct names *own = places->names;
    g_autofree guint32 *groups = NULL;

    places->names = builder->names;
    find_places(builder, places);
    fault_group(places);
    groups = g_new0(guint32, places->rows->len + 1);
    for (guint i = 0; i < places->rows->len; i++) {
        const struct fault_row *row = &g_array_index(places->rows, struct fault_row, i);
        groups[row->policy] = row->group;
    }
    for (guint i = 0; i < builder->rows->len; i++) {
        struct out_row *row = &g_array_index(builder->rows, struct out_row, i);
        row->group = groups[row->place];
    }
    places->names = own;
    fault_builder_free(places);
    g_array_sort(builder->rows, by_group);
}

/* ---- adding up ---- */

struct sum {
    struct outbound_builder *builder;
    struct outbound_finding *finding;
    GPtrArray *rows; /* const struct out_row *, the current ones by time */
};

/* A text, a word or a number of each row, counted. */
static GPtrArray *count_rows(const struct sum *sum, size_t offset)
{
    g_autoptr(GHashTable) tallies = out_tallies_new();

    for (guint i = 0; i < sum->rows->len; i++) {
        const struct out_row *row = g_ptr_array_index(sum->rows, i);
        out_tally(tallies, G_STRUCT_MEMBER(guint32, row, offset), 1);
    }
    return out_counts(sum->builder->names, tallies, OUTBOUND_TEXTS);
}

static guint32 detail_of(struct names *names, const struct out_row *row)
{
    return names_number(names, log_detail_word(row->detail));
}

static guint32 result_of(struct names *names, const struct out_row *row)
{
    return row->result == RESULT_UNKNOWN ? 0 : names_number(names, result_type_word(row->result));
}

static guint32 type_of(struct names *names, const struct out_row *row)
{
    return row->type == row->told ? 0 : names_number(names, failure_type_word(row->type));
}

static GPtrArray *count_words(const struct sum *sum,
                              guint32 (*word)(struct names *names, const struct out_row *row))
{
    g_autoptr(GHashTable) tallies = out_tallies_new();

    for (guint i = 0; i < sum->rows->len; i++)
        out_tally(tallies, word(sum->builder->names, g_ptr_array_index(sum->rows, i)), 1);
    return out_counts(sum->builder->names, tallies, OUTBOUND_TEXTS);
}

static void replace(GPtrArray **list, GPtrArray *counts)
{
    g_ptr_array_unref(*list);
    *list = counts;
}

static void add_lists(struct sum *sum)
{
    struct outbound_finding *finding = sum->finding;

    replace(&finding->mx, count_rows(sum, G_STRUCT_OFFSET(struct out_row, mx)));
    replace(&finding->ips, count_rows(sum, G_STRUCT_OFFSET(struct out_row, ip)));
    replace(&finding->reasons, count_rows(sum, G_STRUCT_OFFSET(struct out_row, reason)));
    replace(&finding->tls_errors, count_rows(sum, G_STRUCT_OFFSET(struct out_row, tls_error)));
    replace(&finding->hosts, count_rows(sum, G_STRUCT_OFFSET(struct out_row, host)));
    replace(&finding->details, count_words(sum, detail_of));
    replace(&finding->result_types, count_words(sum, result_of));
    replace(&finding->types, count_words(sum, type_of));
}

/* The latest address at the MX host that failed most. */
static char *address_of_mx(const struct sum *sum)
{
    const struct names *names = sum->builder->names;
    const struct fault_count *mx =
        sum->finding->mx->len > 0 ? g_ptr_array_index(sum->finding->mx, 0) : NULL;
    guint32 ip = 0;

    for (guint i = 0; i < sum->rows->len; i++) {
        const struct out_row *row = g_ptr_array_index(sum->rows, i);
        if (row->ip != 0 && (mx == NULL || g_strcmp0(names_text(names, row->mx), mx->text) == 0))
            ip = row->ip;
    }
    return g_strdup(names_text(names, ip));
}

static guint8 most_of(const struct sum *sum, size_t offset)
{
    guint counts[G_MAXUINT8 + 1] = {0}, best = 0;

    for (guint i = 0; i < sum->rows->len; i++) {
        const struct out_row *row = g_ptr_array_index(sum->rows, i);
        counts[G_STRUCT_MEMBER(guint8, row, offset)]++;
    }
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        if (counts[i] > counts[best])
            best = i;
    return (guint8)best;
}

/* ---- messages ---- */

static gint by_message(gconstpointer a, gconstpointer b)
{
    const struct out_row *x = *(const struct out_row *const *)a;
    const struct out_row *y = *(const struct out_row *const *)b;
    const int64_t left[] = {x->message, x->at, x->id}, right[] = {y->message, y->at, y->id};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static gint by_domain(gconstpointer a, gconstpointer b)
{
    const struct out_row *x = *(const struct out_row *const *)a;
    const struct out_row *y = *(const struct out_row *const *)b;

    if (x->domain != y->domain)
        return x->domain < y->domain ? -1 : 1;
    return by_message(a, b);
}

#define HOLDING (1u << LOG_OUTCOME_DEFERRED | 1u << LOG_OUTCOME_THROTTLED)

/* What became of one message: rows [from, to) of one queue id, or one row that names none. */
struct message {
    bool returned;
    bool held; /* and neither returned nor delivered since, as far as its rows tell */
    guint attempts;
    guint throttled;
    guint outcomes; /* bits */
    gint64 delay;   /* the longest; -1: not known */
};

/* Whether the last that is known of one of its domains is that it waits. After a handshake that
   failed Postfix holds a message back once, and sends it in clear at the next attempt. */
static bool is_held(const GPtrArray *rows, guint from, guint to)
{
    g_autoptr(GHashTable) domains = g_hash_table_new(NULL, NULL);

    for (guint i = to; i > from; i--) {
        const struct out_row *row = g_ptr_array_index(rows, i - 1);
        if (row->outcome == LOG_OUTCOME_UNKNOWN ||
            !g_hash_table_add(domains, GUINT_TO_POINTER(row->domain)))
            continue;
        if ((1u << row->outcome & HOLDING) != 0)
            return true;
    }
    return false;
}

/* Recipients of one message that fail together are one attempt. */
static struct message look_at_message(const GPtrArray *rows, guint from, guint to)
{
    struct message message = {.delay = -1};
    gint64 last = G_MININT64;

    for (guint i = from; i < to; i++) {
        const struct out_row *row = g_ptr_array_index(rows, i);
        message.returned =
            message.returned || row->returned_at != 0 || row->outcome == LOG_OUTCOME_BOUNCED;
        message.outcomes |= 1u << row->outcome;
        message.delay = MAX(message.delay, row->delay);
        if (row->at == last)
            continue;
        if (row->outcome == LOG_OUTCOME_THROTTLED)
            message.throttled++;
        else
            message.attempts++;
        last = row->at;
    }
    message.held =
        !message.returned && (message.outcomes & HOLDING) != 0 && is_held(rows, from, to);
    return message;
}

static enum mail_effect effect_of(const struct message *message)
{
    guint outcomes = message->held ? message->outcomes : message->outcomes & ~HOLDING;
    enum mail_effect effect = message->returned ? EFFECT_RETURNED : EFFECT_UNKNOWN;

    for (guint i = 0; i <= LOG_OUTCOME_OTHER_MX; i++)
        if ((outcomes >> i & 1) != 0)
            effect = MAX(effect, log_outcome_effect((enum log_outcome)i));
    return effect;
}

static guint message_end(const GPtrArray *rows, guint from, bool by_domain_too)
{
    const struct out_row *first = g_ptr_array_index(rows, from);
    guint to = from + 1;

    while (first->message != 0 && to < rows->len) {
        const struct out_row *row = g_ptr_array_index(rows, to);
        if (row->message != first->message || (by_domain_too && row->domain != first->domain))
            break;
        to++;
    }
    return to;
}

/* What our server says of itself. */
static bool is_warning(const struct out_row *row)
{
    return row->message == 0 && row->domain == 0 && row->mx == 0 &&
           row->outcome == LOG_OUTCOME_UNKNOWN;
}

static void count_messages(struct sum *sum)
{
    struct outbound_finding *finding = sum->finding;

    g_ptr_array_sort(sum->rows, by_message);
    for (guint from = 0, to; from < sum->rows->len; from = to) {
        struct message message;
        to = message_end(sum->rows, from, false);
        if (is_warning(g_ptr_array_index(sum->rows, from))) {
            finding->warnings++;
            continue;
        }
        message = look_at_message(sum->rows, from, to);
        finding->messages++;
        finding->attempts += message.attempts;
        finding->throttled += message.throttled;
        finding->returned += message.returned;
        finding->effect = MAX(finding->effect, effect_of(&message));
        if (message.held) {
            finding->held++;
            finding->held_delay = MAX(finding->held_delay, message.delay);
        }
        for (guint i = 0; i < G_N_ELEMENTS(finding->outcomes); i++)
            finding->outcomes[i] += (message.outcomes >> i) & 1;
    }
}

/* ---- domains ---- */

struct good_session {
    gint64 at; /* its hour; 0: none */
    enum session_outcome outcome;
};

static struct good_session last_good(const struct sum *sum, const struct out_row *row, guint32 mx)
{
    const struct out_good *good = out_good_of(sum->builder, row->domain, mx);

    if (good == NULL)
        return (struct good_session){0};
    if (sum->finding->outcomes[LOG_OUTCOME_UNVERIFIED] > 0)
        return (struct good_session){good->sure_at, SESSION_VERIFIED};
    if (sum->finding->outcomes[LOG_OUTCOME_PLAINTEXT] > 0)
        return (struct good_session){good->tls_at, good->tls};
    return (struct good_session){good->good_at, good->good};
}

/* Whether a session was good at the host that failed, in an hour after the failure. */
static bool is_over(const struct sum *sum, const struct out_row *row)
{
    struct good_session good = last_good(sum, row, row->mx);

    if (good.at <= row->at)
        return false;
    sum->finding->since = MAX(sum->finding->since, good.outcome);
    return true;
}

static void begin_domain(struct sum *sum, const struct out_row *row)
{
    const struct out_good *all = out_good_of(sum->builder, row->domain, 0);
    struct good_session good = last_good(sum, row, 0);
    struct outbound_domain *domain = g_new0(struct outbound_domain, 1);

    domain->name = g_strdup(names_text(sum->builder->names, row->domain));
    domain->over = true;
    domain->good_at = good.at;
    domain->good = good.outcome;
    domain->elsewhere = good.at != 0;
    domain->verified_at = all != NULL ? all->verified_at : 0;
    g_ptr_array_add(sum->finding->domains, domain);
}

static void add_to_domain(struct sum *sum, struct outbound_domain *domain, guint from, guint to)
{
    struct message message = look_at_message(sum->rows, from, to);

    domain->messages++;
    domain->attempts += message.attempts;
    domain->throttled += message.throttled;
    domain->returned += message.returned;
    for (guint i = from; i < to; i++) {
        const struct out_row *row = g_ptr_array_index(sum->rows, i);
        domain->elsewhere = domain->elsewhere && last_good(sum, row, row->mx).at != domain->good_at;
        domain->last_at = MAX(domain->last_at, row->at);
        domain->over = domain->over && is_over(sum, row);
    }
}

static gint by_messages(gconstpointer a, gconstpointer b)
{
    const struct outbound_domain *x = *(const struct outbound_domain *const *)a;
    const struct outbound_domain *y = *(const struct outbound_domain *const *)b;

    if (x->messages != y->messages)
        return x->messages > y->messages ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Also whether all of it is over: not where a failure names no domain. */
static void add_domains(struct sum *sum)
{
    struct outbound_finding *finding = sum->finding;
    guint32 last = 0;
    bool over = true;

    g_ptr_array_sort(sum->rows, by_domain);
    for (guint from = 0, to; from < sum->rows->len; from = to) {
        const struct out_row *row = g_ptr_array_index(sum->rows, from);
        to = message_end(sum->rows, from, true);
        if (row->domain == 0) {
            over = false;
            continue;
        }
        if (row->domain != last)
            begin_domain(sum, row);
        last = row->domain;
        add_to_domain(sum, g_ptr_array_index(finding->domains, finding->domains->len - 1), from,
                      to);
    }
    for (guint i = 0; i < finding->domains->len; i++)
        over = over && ((struct outbound_domain *)g_ptr_array_index(finding->domains, i))->over;
    finding->over = over;
    g_ptr_array_sort(finding->domains, by_messages);
}

/* ---- the finding ---- */

/* Not every mail server says how long a message is under way: since its first failure, then. */
static gint64 age_of(GHashTable *firsts, const struct out_row *row)
{
    const struct out_row *first;

    if (row->delay >= 0 || row->message == 0)
        return row->delay;
    first = g_hash_table_lookup(firsts, GUINT_TO_POINTER(row->message));
    if (first == NULL) {
        g_hash_table_insert(firsts, GUINT_TO_POINTER(row->message), (gpointer)row);
        return -1;
    }
    return row->at - first->at;
}

static void add_row(struct sum *sum, const struct out_row *row)
{
    struct outbound_finding *finding = sum->finding;

    g_ptr_array_add(sum->rows, (gpointer)row);
    finding->last_at = row->at;
    if (row->delay > finding->delay) {
        finding->delay = row->delay;
        finding->oldest_at = row->at - row->delay;
    }
    if (finding->ids->len < OUTBOUND_IDS)
        g_array_append_val(finding->ids, row->id);
    finding->rows++;
    finding->bounces += row->bounce;
    if (row->line != 0) {
        g_free(finding->line);
        finding->line = g_strdup(names_text(sum->builder->names, row->line));
    }
}

/* What came before the period tells only since when it fails. */
static void walk_rows(struct sum *sum, guint from, guint to)
{
    struct out_row *rows = (struct out_row *)(void *)sum->builder->rows->data;
    g_autoptr(GHashTable) firsts = g_hash_table_new(NULL, NULL);

    for (guint i = from; i < to; i++) {
        bool gap = i > from && rows[i].at - rows[i - 1].at > CHAIN_GAP;
        if (i == from || (gap && sum->rows->len == 0))
            sum->finding->first_at = rows[i].at;
        rows[i].delay = age_of(firsts, &rows[i]);
        if (rows[i].current)
            add_row(sum, &rows[i]);
    }
}

struct outbound_finding *outbound_sum(struct outbound_builder *builder, guint from, guint to,
                                      gint64 now)
{
    enum failure_type type = g_array_index(builder->rows, struct out_row, from).told;
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    struct sum sum = {.builder = builder, .finding = outbound_finding_new(type), .rows = rows};

    walk_rows(&sum, from, to);
    if (rows->len == 0) {
        outbound_finding_free(sum.finding);
        return NULL;
    }
    sum.finding->mta = most_of(&sum, G_STRUCT_OFFSET(struct out_row, mta));
    sum.finding->level = most_of(&sum, G_STRUCT_OFFSET(struct out_row, level));
    add_lists(&sum);
    sum.finding->mx_ip = address_of_mx(&sum);
    count_messages(&sum);
    add_domains(&sum);
    outbound_count_waiting(builder, g_array_index(builder->rows, struct out_row, from).group,
                           sum.finding);
    sum.finding->severity = outbound_severity(sum.finding, now);
    return sum.finding;
}
