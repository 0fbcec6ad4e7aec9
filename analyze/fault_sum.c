#include "analyze/fault_rows.h"
#include <string.h>

#define MX_UNLIMITED G_MAXUINT
#define LATE_DAYS 3

/* One policy as a fault's row stands in it: for the list of policies seen. */
struct sight {
    guint8 type;
    guint8 mode;
    guint32 host;
    guint32 strings;
    guint32 reporter;
    int64_t day;
    int64_t sessions;
};

/* A text's number with a count. */
struct tally {
    guint32 name;
    int64_t sessions;
    int64_t successes;
};

/* What is at hand while the sorted rows of one fault are added up. */
struct sum {
    struct fault_builder *builder;
    GHashTable *newest; /* reporter -> newest day, in days */
    struct fault *fault;
    guint32 stamp;
    int64_t weight;  /* sessions, with at least one for each row */
    GArray *domains; /* struct tally */
    GArray *sights;  /* struct sight */
};

/* ---- records ---- */

static void count_free(struct fault_count *count)
{
    g_free(count->text);
    g_free(count);
}

static void reporter_free(struct fault_reporter *reporter)
{
    g_free(reporter->organization);
    g_free(reporter->contact);
    g_free(reporter);
}

static void domain_free(struct fault_domain *domain)
{
    g_free(domain->name);
    g_free(domain);
}

static void policy_seen_free(struct fault_policy *policy)
{
    g_free(policy->host);
    g_ptr_array_unref(policy->strings);
    g_ptr_array_unref(policy->organizations);
    g_free(policy);
}

void fault_free(struct fault *fault)
{
    GPtrArray *lists[] = {fault->domains,     fault->mx,           fault->receiving_ips,
                          fault->sending_ips, fault->result_types, fault->reason_codes,
                          fault->reporters,   fault->policies};

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        g_ptr_array_unref(lists[i]);
    g_free(fault->mx_ip);
    g_free(fault);
}

/* The lists of counts are put in when their rows are known. */
static struct fault *fault_new(enum failure_type type)
{
    struct fault *fault = g_new0(struct fault, 1);

    fault->type = type;
    fault->actor = failure_type_actor(type);
    fault->first_day = INT64_MAX;
    fault->domains = g_ptr_array_new_with_free_func((GDestroyNotify)domain_free);
    fault->reporters = g_ptr_array_new_with_free_func((GDestroyNotify)reporter_free);
    fault->policies = g_ptr_array_new_with_free_func((GDestroyNotify)policy_seen_free);
    return fault;
}

/* ---- counting ---- */

static gint by_name(gconstpointer a, gconstpointer b)
{
    const struct tally *x = a, *y = b;

    return x->name < y->name ? -1 : x->name > y->name;
}

/* Sorts and leaves one element for each name. */
static void fold_tallies(GArray *tallies)
{
    guint kept = 0;

    g_array_sort(tallies, by_name);
    for (guint i = 1; i < tallies->len; i++) {
        struct tally *last = &g_array_index(tallies, struct tally, kept);
        const struct tally *tally = &g_array_index(tallies, struct tally, i);
        if (tally->name == last->name) {
            last->sessions = count_add(last->sessions, tally->sessions);
            last->successes = count_add(last->successes, tally->successes);
        } else {
            g_array_index(tallies, struct tally, ++kept) = *tally;
        }
    }
    if (tallies->len > 0)
        g_array_set_size(tallies, kept + 1);
}

static gint by_sessions(gconstpointer a, gconstpointer b, gpointer names)
{
    const struct tally *x = a, *y = b;

    if (x->sessions != y->sessions)
        return x->sessions > y->sessions ? -1 : 1;
    return g_strcmp0(names_text(names, x->name), names_text(names, y->name));
}

static void add_count(GPtrArray *counts, const char *text, int64_t sessions)
{
    struct fault_count *count = g_new0(struct fault_count, 1);

    count->text = g_strdup(text);
    count->sessions = sessions;
    g_ptr_array_add(counts, count);
}

/* The field at `offset` of the rows [from, to), most sessions first. */
static GPtrArray *count_field(struct fault_builder *builder, guint from, guint to, size_t offset,
                              guint limit)
{
    g_autoptr(GArray) tallies = g_array_new(FALSE, FALSE, sizeof(struct tally));
    GPtrArray *counts = g_ptr_array_new_with_free_func((GDestroyNotify)count_free);
    int64_t rest = 0;

    for (guint i = from; i < to; i++) {
        const struct fault_row *row = &g_array_index(builder->rows, struct fault_row, i);
        struct tally tally = {.name = G_STRUCT_MEMBER(guint32, row, offset),
                              .sessions = row->sessions};
        if (tally.name != 0)
            g_array_append_val(tallies, tally);
    }
    fold_tallies(tallies);
    g_array_sort_with_data(tallies, by_sessions, builder->names);
    for (guint i = 0; i < tallies->len; i++) {
        const struct tally *tally = &g_array_index(tallies, struct tally, i);
        if (i < limit)
            add_count(counts, names_text(builder->names, tally->name), tally->sessions);
        else
            rest = count_add(rest, tally->sessions);
    }
    if (tallies->len > limit)
        add_count(counts, "...", rest);
    return counts;
}

/* The receiving address that failed most at the MX host that failed most. */
static char *address_of_mx(struct fault_builder *builder, guint from, guint to, const char *mx)
{
    g_autoptr(GArray) tallies = g_array_new(FALSE, FALSE, sizeof(struct tally));

    for (guint i = from; i < to; i++) {
        const struct fault_row *row = &g_array_index(builder->rows, struct fault_row, i);
        struct tally tally = {.name = row->receiving_ip, .sessions = row->sessions};
        if (tally.name != 0 && g_strcmp0(names_text(builder->names, row->mx), mx) == 0)
            g_array_append_val(tallies, tally);
    }
    if (tallies->len == 0)
        return NULL;
    fold_tallies(tallies);
    g_array_sort_with_data(tallies, by_sessions, builder->names);
    return g_strdup(names_text(builder->names, g_array_index(tallies, struct tally, 0).name));
}

static void fill_lists(struct sum *sum, guint from, guint to)
{
    struct fault_builder *builder = sum->builder;
    struct fault *fault = sum->fault;

#define COUNT_FIELD(field, limit)                                                                  \
    count_field(builder, from, to, G_STRUCT_OFFSET(struct fault_row, field), limit)
    fault->mx = COUNT_FIELD(mx, MX_UNLIMITED);
    fault->receiving_ips = COUNT_FIELD(receiving_ip, FAULT_TEXTS);
    fault->sending_ips = COUNT_FIELD(sending_ip, FAULT_TEXTS);
    fault->result_types = COUNT_FIELD(result, FAULT_TEXTS);
    fault->reason_codes = COUNT_FIELD(reason, FAULT_TEXTS);
#undef COUNT_FIELD
    if (fault->mx->len > 0) {
        const struct fault_count *first = g_ptr_array_index(fault->mx, 0);
        fault->mx_ip = address_of_mx(builder, from, to, first->text);
    }
}

static void fill_domains(struct sum *sum)
{
    fold_tallies(sum->domains);
    g_array_sort_with_data(sum->domains, by_sessions, sum->builder->names);
    for (guint i = 0; i < sum->domains->len; i++) {
        const struct tally *tally = &g_array_index(sum->domains, struct tally, i);
        const char *name = names_text(sum->builder->names, tally->name);
        struct fault_domain *domain = g_new0(struct fault_domain, 1);
        domain->name = g_strdup(name != NULL ? name : "");
        domain->sessions = tally->sessions;
        domain->successes = tally->successes;
        g_ptr_array_add(sum->fault->domains, domain);
    }
}

/* The gravest effect, and the policy under which most of its sessions failed. */
static void judge_effect(struct sum *sum, guint from, guint to)
{
    int64_t sessions[POLICY_OTHER + 1][STS_MODE_NONE + 1] = {{0}};
    struct fault *fault = sum->fault;
    int64_t most = 0;

    for (guint i = from; i < to; i++) {
        const struct fault_row *row = &g_array_index(sum->builder->rows, struct fault_row, i);
        if (i > from && row->effect != fault->effect)
            fault->effects_differ = true;
        fault->effect = MAX(fault->effect, (enum mail_effect)row->effect);
    }
    for (guint i = from; i < to; i++) {
        const struct fault_row *row = &g_array_index(sum->builder->rows, struct fault_row, i);
        const struct row_policy *policy =
            &g_array_index(sum->builder->policies, struct row_policy, row->policy);
        int64_t *cell = &sessions[policy->type][policy->mode];
        if (row->effect != fault->effect)
            continue;
        *cell = count_add(*cell, MAX(row->sessions, 1));
        if (*cell > most) {
            most = *cell;
            fault->policy_type = policy->type;
            fault->mode = policy->mode;
        }
    }
}

/* ---- policies as seen ---- */

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gint by_sight(gconstpointer a, gconstpointer b)
{
    const struct sight *x = a, *y = b;
    const int64_t left[] = {x->type, x->mode, x->host, x->strings, x->day, x->reporter};
    const int64_t right[] = {y->type, y->mode, y->host, y->strings, y->day, y->reporter};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static bool same_policy(const struct sight *x, const struct sight *y)
{
    return x->type == y->type && x->mode == y->mode && x->host == y->host &&
           x->strings == y->strings;
}

/* Ranges of the sorted sights that saw the same policy. */
struct view {
    guint from, to;
    int64_t last_day;
    int64_t sessions;
};

static gint by_latest(gconstpointer a, gconstpointer b)
{
    const struct view *x = a, *y = b;
    const int64_t left[] = {-x->last_day, -x->sessions, x->from};
    const int64_t right[] = {-y->last_day, -y->sessions, y->from};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static GPtrArray *organizations_of(struct sum *sum, const struct view *view)
{
    GPtrArray *organizations = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint i = view->from; i < view->to; i++) {
        guint32 reporter = g_array_index(sum->sights, struct sight, i).reporter;
        if (g_hash_table_add(seen, GUINT_TO_POINTER(reporter)))
            g_ptr_array_add(organizations, g_strdup(names_text(sum->builder->names, reporter)));
    }
    g_ptr_array_sort(organizations, by_text);
    return organizations;
}

static void add_view(struct sum *sum, const struct view *view)
{
    const struct sight *first = &g_array_index(sum->sights, struct sight, view->from);
    struct fault_policy *policy = g_new0(struct fault_policy, 1);
    g_auto(GStrv) strings =
        g_strsplit(names_text(sum->builder->names, first->strings), POLICY_JOINT, -1);

    policy->type = first->type;
    policy->mode = first->mode;
    policy->host = g_strdup(names_text(sum->builder->names, first->host));
    policy->strings = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; strings[i] != NULL; i++)
        g_ptr_array_add(policy->strings, g_strdup(strings[i]));
    policy->organizations = organizations_of(sum, view);
    policy->first_day = first->day;
    policy->last_day = view->last_day;
    g_ptr_array_add(sum->fault->policies, policy);
}

static void fill_policies(struct sum *sum)
{
    g_autoptr(GArray) views = g_array_new(FALSE, FALSE, sizeof(struct view));

    g_array_sort(sum->sights, by_sight);
    for (guint i = 0; i < sum->sights->len; i++) {
        const struct sight *sight = &g_array_index(sum->sights, struct sight, i);
        struct view fresh = {.from = i}, *view;
        if (i == 0 || !same_policy(sight, sight - 1))
            g_array_append_val(views, fresh);
        view = &g_array_index(views, struct view, views->len - 1);
        view->to = i + 1;
        view->last_day = sight->day;
        view->sessions = count_add(view->sessions, sight->sessions);
    }
    g_array_sort(views, by_latest);
    for (guint i = 0; i < MIN(views->len, FAULT_POLICIES); i++)
        add_view(sum, &g_array_index(views, struct view, i));
}

/* ---- adding up one fault ---- */

static gint by_cell(gconstpointer a, gconstpointer b, gpointer data)
{
    const struct fault_row *x = a, *y = b;
    const struct fault_builder *builder = data;
    const struct row_policy *p = &g_array_index(builder->policies, struct row_policy, x->policy);
    const struct row_policy *q = &g_array_index(builder->policies, struct row_policy, y->policy);
    const int64_t left[] = {x->group, p->reporter, p->day, p->domain, p->type, x->policy, x->mx};
    const int64_t right[] = {y->group, q->reporter, q->day, q->domain, q->type, y->policy, y->mx};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static void see_policy(struct sum *sum, const struct fault_row *row,
                       const struct row_policy *policy)
{
    struct sight sight = {.type = policy->type,
                          .mode = policy->mode,
                          .host = policy->type == POLICY_TLSA ? row->mx : 0,
                          .strings = policy->strings,
                          .reporter = policy->reporter,
                          .day = policy->day,
                          .sessions = row->sessions};

    if (policy->strings != 0)
        g_array_append_val(sum->sights, sight);
}

/* What the report as such adds to its reporter; each report once. */
static void see_report(struct sum *sum, struct fault_reporter *reporter, guint32 index)
{
    struct row_report *report = &g_array_index(sum->builder->reports, struct row_report, index);

    if (report->stamp == sum->stamp)
        return;
    report->stamp = sum->stamp;
    reporter->reports++;
    reporter->authenticated_fail |= report->authenticated_fail;
    sum->fault->microsoft |= report->microsoft;
    reporter->first_day = MIN(reporter->first_day, report->day);
    if (report->day < reporter->last_day ||
        (report->day == reporter->last_day && report->received_at < reporter->received_at))
        return;
    reporter->last_day = report->day;
    reporter->received_at = report->received_at;
    reporter->late = report->received_at - report->ends_at >= LATE_DAYS * FAULT_DAY;
    g_free(reporter->contact);
    reporter->contact = g_strdup(names_text(sum->builder->names, report->contact));
}

/* Sums of one policy type on one day. */
struct cell {
    int64_t sessions;
    int64_t weight;
    int64_t successes;
};

/* Rows [from, to) of one reporter, day and domain: the type under which most sessions failed. */
static struct cell sum_cell(struct sum *sum, struct fault_reporter *reporter, guint from, guint to)
{
    struct cell types[POLICY_OTHER + 1] = {{0}}, *best = &types[0];
    guint32 last_policy = G_MAXUINT32, last_mx = 0;

    for (guint i = from; i < to; i++) {
        const struct fault_row *row = &g_array_index(sum->builder->rows, struct fault_row, i);
        const struct row_policy *policy =
            &g_array_index(sum->builder->policies, struct row_policy, row->policy);
        struct cell *cell = &types[policy->type];
        cell->sessions = count_add(cell->sessions, row->sessions);
        cell->weight = count_add(cell->weight, MAX(row->sessions, 1));
        if (row->policy != last_policy) {
            cell->successes = count_add(cell->successes, policy->successes);
            see_report(sum, reporter, policy->report);
        }
        if (row->policy != last_policy || row->mx != last_mx)
            see_policy(sum, row, policy);
        last_policy = row->policy;
        last_mx = row->mx;
    }
    for (guint i = 1; i < G_N_ELEMENTS(types); i++)
        if (types[i].weight > best->weight)
            best = &types[i];
    return *best;
}

/* The end of the run of rows that have the reporter (and the day and domain) of row `from`. */
static guint run_end(const struct fault_builder *builder, guint from, guint to, bool cell)
{
    const struct row_policy *first, *policy;
    guint i = from;

    first = &g_array_index(builder->policies, struct row_policy,
                           g_array_index(builder->rows, struct fault_row, from).policy);
    for (; i < to; i++) {
        policy = &g_array_index(builder->policies, struct row_policy,
                                g_array_index(builder->rows, struct fault_row, i).policy);
        if (policy->reporter != first->reporter ||
            (cell && (policy->day != first->day || policy->domain != first->domain)))
            break;
    }
    return i;
}

static void sum_reporter(struct sum *sum, guint from, guint to)
{
    struct fault_reporter *reporter = g_new0(struct fault_reporter, 1);
    guint32 index = g_array_index(sum->builder->rows, struct fault_row, from).policy, name;

    name = g_array_index(sum->builder->policies, struct row_policy, index).reporter;
    reporter->organization = g_strdup(names_text(sum->builder->names, name));
    reporter->first_day = INT64_MAX;
    reporter->newest_day =
        (int64_t)GPOINTER_TO_INT(g_hash_table_lookup(sum->newest, GUINT_TO_POINTER(name))) *
        FAULT_DAY;
    for (guint end; from < to; from = end) {
        struct cell cell;
        struct tally tally;
        index = g_array_index(sum->builder->rows, struct fault_row, from).policy;
        end = run_end(sum->builder, from, to, true);
        cell = sum_cell(sum, reporter, from, end);
        tally.name = g_array_index(sum->builder->policies, struct row_policy, index).domain;
        tally.sessions = cell.sessions;
        tally.successes = cell.successes;
        g_array_append_val(sum->domains, tally);
        reporter->sessions = count_add(reporter->sessions, cell.sessions);
        reporter->successes = count_add(reporter->successes, cell.successes);
        sum->weight = count_add(sum->weight, cell.weight);
    }
    reporter->since = reporter->first_day;
    g_ptr_array_add(sum->fault->reporters, reporter);
}

static gint by_failed(gconstpointer a, gconstpointer b)
{
    const struct fault_reporter *x = *(const struct fault_reporter *const *)a;
    const struct fault_reporter *y = *(const struct fault_reporter *const *)b;

    if (x->sessions != y->sessions)
        return x->sessions > y->sessions ? -1 : 1;
    return strcmp(x->organization, y->organization);
}

static void sum_reporters(struct sum *sum, guint from, guint to)
{
    struct fault *fault = sum->fault;

    for (guint end; from < to; from = end) {
        end = run_end(sum->builder, from, to, false);
        sum_reporter(sum, from, end);
    }
    g_ptr_array_sort(fault->reporters, by_failed);
    for (guint i = 0; i < fault->reporters->len; i++) {
        const struct fault_reporter *reporter = g_ptr_array_index(fault->reporters, i);
        fault->sessions = count_add(fault->sessions, reporter->sessions);
        fault->successes = count_add(fault->successes, reporter->successes);
        fault->first_day = MIN(fault->first_day, reporter->first_day);
        fault->last_day = MAX(fault->last_day, reporter->last_day);
    }
    fault->single = sum->weight <= 1;
}

struct fault *fault_sum(struct fault_builder *builder, GHashTable *newest, guint32 stamp,
                        guint from, guint to)
{
    g_autoptr(GArray) domains = g_array_new(FALSE, FALSE, sizeof(struct tally));
    g_autoptr(GArray) sights = g_array_new(FALSE, FALSE, sizeof(struct sight));
    struct fault *fault = fault_new(g_array_index(builder->rows, struct fault_row, from).type);
    struct sum sum = {.builder = builder,
                      .newest = newest,
                      .fault = fault,
                      .stamp = stamp,
                      .domains = domains,
                      .sights = sights};

    sum_reporters(&sum, from, to);
    fill_lists(&sum, from, to);
    fill_domains(&sum);
    fill_policies(&sum);
    judge_effect(&sum, from, to);
    return fault;
}

void fault_sort(struct fault_builder *builder)
{
    g_array_sort_with_data(builder->rows, by_cell, builder);
}
