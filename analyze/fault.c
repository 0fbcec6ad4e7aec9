#include "analyze/fault.h"
#include "analyze/classify.h"
#include "analyze/fault_rows.h"
#include <string.h>

#define YEAR_9999 INT64_C(253402300799)

/* Times of strangers may be anything; what is outside the calendar is moved to its edge. */
static int64_t time_bounded(int64_t at)
{
    return CLAMP(at, 0, YEAR_9999);
}

static int64_t day_of(int64_t at)
{
    return time_bounded(at) / FAULT_DAY * FAULT_DAY;
}

struct fault_builder *fault_builder_new(void)
{
    struct fault_builder *builder = g_new0(struct fault_builder, 1);

    builder->names = names_new();
    builder->reports = g_array_new(FALSE, FALSE, sizeof(struct row_report));
    builder->policies = g_array_new(FALSE, FALSE, sizeof(struct row_policy));
    builder->rows = g_array_new(FALSE, FALSE, sizeof(struct fault_row));
    return builder;
}

void fault_builder_free(struct fault_builder *builder)
{
    if (builder == NULL)
        return;
    names_free(builder->names);
    g_array_unref(builder->reports);
    g_array_unref(builder->policies);
    g_array_unref(builder->rows);
    g_free(builder);
}

/* ---- taking in ---- */

/* RFC 8460, section 1.1: the policy domain of a tlsa policy is the TLSA base domain. */
static const char *mx_of(const struct policy *policy, const struct failure *failure)
{
    if (failure->mx != NULL && *failure->mx != '\0')
        return failure->mx;
    if (policy->type == POLICY_TLSA && g_strcmp0(policy->policy_domain, policy->domain) != 0)
        return policy->policy_domain;
    return NULL;
}

/* The reason without the domain's name, which some reporters' error texts hold in a URL. */
static guint32 reason_key(struct names *names, const char *reason, const char *domain)
{
    g_auto(GStrv) pieces = NULL;
    g_autofree char *key = NULL;

    if (reason == NULL || domain == NULL || *domain == '\0' || strstr(reason, domain) == NULL)
        return names_detail(names, reason);
    pieces = g_strsplit(reason, domain, -1);
    key = g_strjoinv("{domain}", pieces);
    return names_detail(names, key);
}

static void add_row(struct fault_builder *builder, const struct policy *policy,
                    const struct failure *failure)
{
    struct names *names = builder->names;
    struct fault_row row = {.type = (guint8)failure->failure_type,
                            .effect = (guint8)failure->mail_effect,
                            .policy = builder->policies->len - 1,
                            .mx = names_number(names, mx_of(policy, failure)),
                            .receiving_ip = names_detail(names, failure->receiving_ip),
                            .sending_ip = names_detail(names, failure->sending_ip),
                            .result = names_detail(names, failure->result_word),
                            .reason = names_detail(names, failure->reason_code),
                            .sessions = MAX(failure->sessions, 0)};

    if (row.mx == 0)
        row.reason_key = reason_key(names, failure->reason_code, policy->domain);
    g_array_append_val(builder->rows, row);
}

/* Past FAULT_ROWS: the first row of each type carries the sessions of all of the policy. */
static void fold_row(struct fault_builder *builder, const struct policy *policy,
                     const struct failure *failure, guint *first_of_type)
{
    guint *first = &first_of_type[failure->failure_type];
    struct fault_row *row;

    if (*first == 0) {
        add_row(builder, policy, failure);
        *first = builder->rows->len;
        return;
    }
    row = &g_array_index(builder->rows, struct fault_row, *first - 1);
    row->sessions = count_add(row->sessions, MAX(failure->sessions, 0));
    row->effect = MAX(row->effect, (guint8)failure->mail_effect);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A TLSA set has no order; the lines of an MTA-STS policy have. */
static guint32 strings_number(struct names *names, const struct policy *policy)
{
    g_autoptr(GPtrArray) strings = g_ptr_array_new();
    g_autofree char *joined = NULL;

    for (guint i = 0; i < policy->strings->len; i++)
        g_ptr_array_add(strings, g_ptr_array_index(policy->strings, i));
    if (policy->type == POLICY_TLSA)
        g_ptr_array_sort(strings, by_text);
    g_ptr_array_add(strings, NULL);
    joined = g_strjoinv(POLICY_JOINT, (char **)strings->pdata);
    return names_detail(names, joined);
}

static void add_policy(struct fault_builder *builder, const struct policy *policy)
{
    struct row_report *report =
        &g_array_index(builder->reports, struct row_report, builder->reports->len - 1);
    struct row_policy kept = {.type = (guint8)policy->type,
                              .mode = (guint8)policy->mode,
                              .report = builder->reports->len - 1,
                              .reporter = report->reporter,
                              .domain = names_number(builder->names, policy->domain),
                              .day = report->day,
                              .successes = MAX(policy->successes, 0)};
    guint first_of_type[FAILURE_TYPE_COUNT] = {0};
    int64_t explained = 0;

    if (policy->details->len > 0)
        kept.strings = strings_number(builder->names, policy);
    for (guint i = 0; i < policy->details->len; i++) {
        const struct failure *failure = g_ptr_array_index(policy->details, i);
        explained = count_add(explained, MAX(failure->sessions, 0));
    }
    kept.unexplained = MAX(policy->failures - explained, 0);
    g_array_append_val(builder->policies, kept);
    for (guint i = 0; i < policy->details->len; i++) {
        const struct failure *failure = g_ptr_array_index(policy->details, i);
        if (builder->rows->len < FAULT_ROWS)
            add_row(builder, policy, failure);
        else
            fold_row(builder, policy, failure, first_of_type);
    }
}

static const char *organization_of(const struct report *report)
{
    if (report->organization != NULL && *report->organization != '\0')
        return report->organization;
    return report->submitter != NULL && *report->submitter != '\0' ? report->submitter : "unknown";
}

void fault_builder_add(struct fault_builder *builder, const struct stored_report *stored)
{
    const struct report *report = stored->report;
    struct row_report kept = {
        .reporter = names_number(builder->names, organization_of(report)),
        .contact = names_detail(builder->names, report->contact),
        .authenticated_fail = stored->authenticated == AUTH_FAIL,
        .microsoft = classify_dialect(report) == DIALECT_MICROSOFT,
        .day = day_of(report->begins_at),
        .ends_at = time_bounded(MAX(report->ends_at, report->begins_at)),
        .received_at = time_bounded(stored->received_at),
    };

    g_array_append_val(builder->reports, kept);
    for (guint i = 0; i < report->policies->len; i++)
        add_policy(builder, g_ptr_array_index(report->policies, i));
}

/* ---- the set ---- */

static void fine_free(struct fine_domain *fine)
{
    g_free(fine->name);
    g_free(fine);
}

static void unexplained_free(struct unexplained *unexplained)
{
    g_free(unexplained->domain);
    g_free(unexplained->organization);
    g_free(unexplained);
}

void fault_set_free(struct fault_set *set)
{
    if (set == NULL)
        return;
    g_ptr_array_unref(set->faults);
    g_ptr_array_unref(set->singles);
    g_ptr_array_unref(set->unexplained);
    g_ptr_array_unref(set->fine);
    g_free(set);
}

/* ---- what no row tells ---- */

static gint by_owner(gconstpointer a, gconstpointer b)
{
    const struct row_policy *x = a, *y = b;
    const int64_t left[] = {x->domain, x->reporter, x->type, x->day};
    const int64_t right[] = {y->domain, y->reporter, y->type, y->day};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static struct unexplained *unexplained_new(const struct names *names,
                                           const struct row_policy *policy)
{
    struct unexplained *found = g_new0(struct unexplained, 1);
    const char *domain = names_text(names, policy->domain);

    found->domain = g_strdup(domain != NULL ? domain : "");
    found->organization = g_strdup(names_text(names, policy->reporter));
    found->policy_type = policy->type;
    found->first_day = policy->day;
    return found;
}

/* Needs the policies sorted by_owner. */
static void find_unexplained(const struct fault_builder *builder, GPtrArray *unexplained)
{
    const struct row_policy *last = NULL;
    struct unexplained *found = NULL;

    for (guint i = 0; i < builder->policies->len; i++) {
        const struct row_policy *policy = &g_array_index(builder->policies, struct row_policy, i);
        if (policy->unexplained == 0)
            continue;
        if (last == NULL || last->domain != policy->domain || last->reporter != policy->reporter ||
            last->type != policy->type) {
            found = unexplained_new(builder->names, policy);
            g_ptr_array_add(unexplained, found);
        }
        found->sessions = count_add(found->sessions, policy->unexplained);
        found->successes = count_add(found->successes, policy->successes);
        found->last_day = policy->day;
        last = policy;
    }
}

static gint by_unexplained(gconstpointer a, gconstpointer b)
{
    const struct unexplained *x = *(const struct unexplained *const *)a;
    const struct unexplained *y = *(const struct unexplained *const *)b;

    if (x->sessions != y->sessions)
        return x->sessions > y->sessions ? -1 : 1;
    return strcmp(x->domain, y->domain);
}

static gint by_day(gconstpointer a, gconstpointer b)
{
    const struct row_policy *x = a, *y = b;
    const int64_t left[] = {x->domain, x->reporter, x->day, x->type};
    const int64_t right[] = {y->domain, y->reporter, y->day, y->type};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

/* Good sessions of one domain, policies [from, to) sorted by_day: each session once. */
static struct fine_domain *fine_new(const struct fault_builder *builder, guint from, guint to)
{
    const struct row_policy *all = (const struct row_policy *)(const void *)builder->policies->data;
    struct fine_domain *fine = g_new0(struct fine_domain, 1);
    int64_t types[POLICY_OTHER + 1] = {0};

    fine->name = g_strdup(names_text(builder->names, all[from].domain));
    for (guint i = from; i < to; i++) {
        bool last = i + 1 == to || all[i + 1].reporter != all[i].reporter;
        types[all[i].type] = count_add(types[all[i].type], all[i].successes);
        fine->reporters += last;
        if (last || all[i + 1].day != all[i].day) {
            int64_t most = 0;
            for (guint t = 0; t < G_N_ELEMENTS(types); t++)
                most = MAX(most, types[t]);
            fine->successes = count_add(fine->successes, most);
            memset(types, 0, sizeof(types));
        }
    }
    return fine;
}

static gint by_fine_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const struct fine_domain *const *)a)->name,
                  (*(const struct fine_domain *const *)b)->name);
}

/* `failing`: the names of domains that have a row. */
static void find_fine(struct fault_builder *builder, GHashTable *failing, GPtrArray *fine)
{
    const struct row_policy *all;

    g_array_sort(builder->policies, by_day);
    all = (const struct row_policy *)(const void *)builder->policies->data;
    for (guint from = 0, to; from < builder->policies->len; from = to) {
        bool good = all[from].domain != 0 &&
                    !g_hash_table_contains(failing, GUINT_TO_POINTER(all[from].domain));
        for (to = from; to < builder->policies->len && all[to].domain == all[from].domain; to++)
            good = good && all[to].unexplained == 0;
        if (good)
            g_ptr_array_add(fine, fine_new(builder, from, to));
    }
    g_ptr_array_sort(fine, by_fine_name);
}

/* ---- the end ---- */

static const char *fault_name(const struct fault *fault)
{
    if (fault->mx->len > 0)
        return ((const struct fault_count *)g_ptr_array_index(fault->mx, 0))->text;
    return ((const struct fault_domain *)g_ptr_array_index(fault->domains, 0))->name;
}

static gint by_weight(gconstpointer a, gconstpointer b)
{
    const struct fault *x = *(const struct fault *const *)a;
    const struct fault *y = *(const struct fault *const *)b;
    const int64_t left[] = {-(int64_t)x->severity, -(int64_t)x->effect, -x->sessions};
    const int64_t right[] = {-(int64_t)y->severity, -(int64_t)y->effect, -y->sessions};
    int order = keys_compare(left, right, G_N_ELEMENTS(left));

    if (order == 0)
        order = strcmp(fault_name(x), fault_name(y));
    return order != 0 ? order : (int)x->type - (int)y->type;
}

static GHashTable *newest_days(const struct fault_builder *builder)
{
    GHashTable *newest = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < builder->reports->len; i++) {
        const struct row_report *report = &g_array_index(builder->reports, struct row_report, i);
        gpointer key = GUINT_TO_POINTER(report->reporter);
        int day = (int)(report->day / FAULT_DAY);
        if (day >= GPOINTER_TO_INT(g_hash_table_lookup(newest, key)))
            g_hash_table_insert(newest, key, GINT_TO_POINTER(day));
    }
    return newest;
}

static GHashTable *failing_domains(const struct fault_builder *builder)
{
    GHashTable *failing = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < builder->rows->len; i++) {
        guint32 index = g_array_index(builder->rows, struct fault_row, i).policy;
        guint32 domain = g_array_index(builder->policies, struct row_policy, index).domain;
        g_hash_table_add(failing, GUINT_TO_POINTER(domain));
    }
    return failing;
}

static void find_faults(struct fault_builder *builder, struct fault_set *set, gint64 now)
{
    g_autoptr(GHashTable) newest = newest_days(builder);
    guint32 stamp = 0;

    fault_group(builder);
    fault_sort(builder);
    for (guint from = 0, to; from < builder->rows->len; from = to) {
        const struct fault_row *rows = (const struct fault_row *)(const void *)builder->rows->data;
        struct fault *fault;
        for (to = from + 1; to < builder->rows->len && rows[to].group == rows[from].group;)
            to++;
        fault = fault_sum(builder, newest, ++stamp, from, to);
        fault->severity = fault_severity(fault, now);
        g_ptr_array_add(fault->single ? set->singles : set->faults, fault);
    }
    g_ptr_array_sort(set->faults, by_weight);
    g_ptr_array_sort(set->singles, by_weight);
}

static struct fault_set *fault_set_new(void)
{
    struct fault_set *set = g_new0(struct fault_set, 1);

    set->faults = g_ptr_array_new_with_free_func((GDestroyNotify)fault_free);
    set->singles = g_ptr_array_new_with_free_func((GDestroyNotify)fault_free);
    set->unexplained = g_ptr_array_new_with_free_func((GDestroyNotify)unexplained_free);
    set->fine = g_ptr_array_new_with_free_func((GDestroyNotify)fine_free);
    return set;
}

/* The rows refer to policies by index, so the policies are sorted only when rows are done with. */
struct fault_set *fault_builder_finish(struct fault_builder *builder, gint64 now)
{
    struct fault_set *set = fault_set_new();
    g_autoptr(GHashTable) failing = failing_domains(builder);

    find_faults(builder, set, now);
    g_array_sort(builder->policies, by_owner);
    find_unexplained(builder, set->unexplained);
    g_ptr_array_sort(set->unexplained, by_unexplained);
    find_fine(builder, failing, set->fine);
    fault_builder_free(builder);
    return set;
}
