#include "cli/digest_make.h"
#include "cli/digest_dmarc.h"
#include "cli/outbound_make.h"
#include "cli/overview_make.h"
#include "schema/store_overview.h"

#define DAY FAULT_DAY

/* Days of failures without a gap longer than this are one chain. */
#define CHAIN_GAP_DAYS 7

/* How far back a chain is followed, and at how many MX hosts and domains of a fault. */
#define CHAIN_DAYS 400
#define CHAIN_PLACES 8

struct gathering {
    const struct site *site;
    GHashTable *foreign; /* name -> struct overview_domain *, of the digest's overview */
    struct fault_builder *builder;
    struct outbound_builder *outbound;
    struct digest *digest;
    GHashTable *reporters; /* organization -> struct digest_reporter *, owned by the digest */
    GHashTable *domains;   /* organization NUL domain, to count each once */
};

static struct digest_reporter *reporter_named(struct gathering *gathering, const char *name)
{
    struct digest_reporter *reporter = g_hash_table_lookup(gathering->reporters, name);

    if (reporter == NULL) {
        reporter = g_new0(struct digest_reporter, 1);
        reporter->organization = g_strdup(name);
        g_hash_table_insert(gathering->reporters, reporter->organization, reporter);
        g_ptr_array_add(gathering->digest->reporters, reporter);
    }
    return reporter;
}

/* Adds one for each pair of organization and domain. */
static void count_once(struct gathering *gathering, const char *organization, const char *domain,
                       guint *count)
{
    *count += g_hash_table_add(gathering->domains, g_strconcat(organization, "\n", domain, NULL));
}

/* Sessions of one report: within a policy type and domain the sum, then the maximum over types. */
static void count_sessions(struct digest_reporter *reporter, const struct report *report)
{
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < report->policies->len; i++) {
        const struct policy *first = g_ptr_array_index(report->policies, i);
        int64_t good[POLICY_OTHER + 1] = {0}, bad[POLICY_OTHER + 1] = {0}, most = 0, worst = 0;
        if (!g_hash_table_add(done, first->domain))
            continue;
        for (guint j = i; j < report->policies->len; j++) {
            const struct policy *policy = g_ptr_array_index(report->policies, j);
            if (g_strcmp0(policy->domain, first->domain) != 0)
                continue;
            good[policy->type] += policy->successes;
            bad[policy->type] += policy->failures;
        }
        for (int type = 0; type <= POLICY_OTHER; type++) {
            most = MAX(most, good[type]);
            worst = MAX(worst, bad[type]);
        }
        reporter->successes += most;
        reporter->failures += worst;
    }
}

static struct overview_domain *foreign_named(struct gathering *gathering, const char *name)
{
    struct overview_domain *domain = g_hash_table_lookup(gathering->foreign, name);

    if (domain == NULL) {
        domain = g_new0(struct overview_domain, 1);
        domain->domain = g_strdup(name);
        g_hash_table_insert(gathering->foreign, domain->domain, domain);
        g_ptr_array_add(gathering->digest->overview->foreign, domain);
    }
    return domain;
}

/* What is about a domain that is not ours is told by the overview at the end. */
static bool drop_foreign(struct gathering *gathering, struct report *report)
{
    g_autoptr(GHashTable) counted = g_hash_table_new(NULL, NULL);

    for (guint i = report->policies->len; i > 0; i--) {
        const struct policy *policy = g_ptr_array_index(report->policies, i - 1);
        struct overview_domain *domain;
        if (overview_is_ours(gathering->site, policy))
            continue;
        domain = foreign_named(gathering, policy->domain);
        domain->reports += g_hash_table_add(counted, domain);
        domain->successes += policy->successes;
        domain->failures += policy->failures;
        count_once(gathering, report->organization, policy->domain, &domain->organizations);
        g_ptr_array_remove_index(report->policies, i - 1);
    }
    return report->policies->len == 0;
}

static void gather(const struct stored_report *stored, void *data)
{
    struct gathering *gathering = data;
    const struct report *report = stored->report;
    struct digest_reporter *reporter;

    /* Who asks for a domain is told of it, whosesoever it is. */
    if (gathering->digest->domain == NULL && report->policies->len > 0 &&
        drop_foreign(gathering, stored->report))
        return;
    reporter = reporter_named(gathering, report->organization);

    reporter->reports++;
    reporter->unauthenticated += stored->authenticated == AUTH_FAIL;
    if (reporter->reports == 1 || report->begins_at >= reporter->last_day) {
        reporter->last_day = report->begins_at;
        reporter->received_at = stored->received_at;
    }
    count_sessions(reporter, report);
    for (guint i = 0; i < report->policies->len; i++)
        count_once(gathering, report->organization,
                   ((const struct policy *)g_ptr_array_index(report->policies, i))->domain,
                   &reporter->domains);
    gathering->digest->reports++;
    fault_builder_add(gathering->builder, stored);
    outbound_add_report(gathering->outbound, report, true);
}

static gint most_reports_first(gconstpointer a, gconstpointer b)
{
    const struct digest_reporter *one = *(const struct digest_reporter *const *)a;
    const struct digest_reporter *other = *(const struct digest_reporter *const *)b;

    if (one->reports != other->reports)
        return one->reports > other->reports ? -1 : 1;
    return g_strcmp0(one->organization, other->organization);
}

/* Days come the latest first: the first one past a gap ends the chain for all before it. */
static void follow_chain(const char *organization, gint64 day, void *data)
{
    struct fault_reporter *reporter = g_hash_table_lookup(data, organization);

    if (reporter != NULL && reporter->since - day <= (gint64)(CHAIN_GAP_DAYS + 1) * DAY)
        reporter->since = MIN(reporter->since, day);
}

static bool follow_place(struct cli *cli, const struct fault *fault, GHashTable *reporters,
                         const char *mx, const char *domain, GError **error)
{
    return store_failing_days(cli->store, fault->type, mx, domain,
                              fault->first_day - (gint64)CHAIN_DAYS * DAY, fault->last_day,
                              follow_chain, reporters, error);
}

/* Since when each reporter sees the fault, from what the store held before the digest's period. */
static bool find_since(struct cli *cli, const struct fault *fault, GError **error)
{
    g_autoptr(GHashTable) reporters = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < fault->reporters->len; i++) {
        struct fault_reporter *reporter = g_ptr_array_index(fault->reporters, i);
        g_hash_table_insert(reporters, reporter->organization, reporter);
    }
    for (guint i = 0; i < MIN(fault->mx->len, CHAIN_PLACES); i++) {
        const struct fault_count *mx = g_ptr_array_index(fault->mx, i);
        if (!follow_place(cli, fault, reporters, mx->text, NULL, error))
            return false;
    }
    for (guint i = 0; i < MIN(fault->domains->len, CHAIN_PLACES); i++) {
        const struct fault_domain *domain = g_ptr_array_index(fault->domains, i);
        if (!follow_place(cli, fault, reporters, NULL, domain->name, error))
            return false;
    }
    return true;
}

static bool find_all_since(struct cli *cli, GPtrArray *faults, GError **error)
{
    for (guint i = 0; i < faults->len; i++)
        if (!find_since(cli, g_ptr_array_index(faults, i), error))
            return false;
    return true;
}

static void take_tallies(GPtrArray *tallies, GPtrArray *counts)
{
    for (guint i = 0; tallies != NULL && i < tallies->len; i++) {
        const struct store_tally *tally = g_ptr_array_index(tallies, i);
        struct digest_count *count = g_new0(struct digest_count, 1);
        count->what = g_strdup(tally->what);
        count->count = tally->count;
        g_ptr_array_add(counts, count);
    }
}

/* Asked for by period only what belongs to a report has its place in it. */
static bool count_arrivals(struct cli *cli, const struct digest_request *request,
                           struct digest *digest, GError **error)
{
    const struct store_filter *filter = &request->filter;
    g_autoptr(GPtrArray) issues = NULL, arrivals = NULL;

    issues = request->by_period ? store_count_report_issues(cli->store, filter, error)
                                : store_count_issues(cli->store, filter, error);
    take_tallies(issues, digest->issues);
    if (request->by_period || issues == NULL)
        return issues != NULL;
    arrivals = store_count_arrivals(cli->store, filter, error);
    take_tallies(arrivals, digest->arrivals);
    return arrivals != NULL && store_count_unread(cli->store, filter, &digest->quarantined,
                                                  &digest->not_yet_read, error);
}

static struct digest *begin_digest(struct cli *cli, const struct digest_request *request)
{
    struct digest *digest = digest_new();

    digest->generated_at = cli->now;
    digest->covers_from = request->covers_from;
    digest->covers_to = request->covers_to;
    digest->by_period = request->by_period;
    digest->domain = g_strdup(request->filter.domain);
    digest->all = request->all;
    digest->store = g_strdup(store_path(cli->store));
    return digest;
}

static bool sum_sessions(struct cli *cli, const struct digest_request *request,
                         struct digest *digest, GError **error)
{
    const GPtrArray *foreign = digest->overview->foreign;
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < foreign->len; i++) {
        const struct overview_domain *domain = g_ptr_array_index(foreign, i);
        if (domain->reports > 0)
            g_ptr_array_add(names, domain->domain);
    }
    return store_sum_sessions(cli->store, &request->filter, names, &digest->successes,
                              &digest->failures, error);
}

/* By arrival: all that came in. By period only what belongs to a report has its place here, and
   that was gathered with the reports. */
static bool look_over(struct cli *cli, const struct digest_request *request, struct digest *digest,
                      GError **error)
{
    const struct store_filter *filter = &request->filter;
    g_autoptr(Overview) overview = NULL;

    if (request->by_period)
        return true;
    overview = overview_make(cli, filter->ingested_from, filter->ingested_to, error);
    if (overview == NULL)
        return false;
    g_ptr_array_unref(overview->foreign);
    overview->foreign = g_ptr_array_ref(digest->overview->foreign);
    overview_free(digest->overview);
    digest->overview = g_steal_pointer(&overview);
    return true;
}

static bool know_reports(struct cli *cli, struct digest *digest, GError **error)
{
    bool any = false;

    if (!store_any_report(cli->store, &any, error))
        return false;
    digest->never_reported = !any;
    return true;
}

struct digest *digest_make(struct cli *cli, const struct digest_request *request, GError **error)
{
    g_autoptr(Digest) digest = begin_digest(cli, request);
    struct gathering gathering = {
        .site = cli->site,
        .foreign = g_hash_table_new(g_str_hash, g_str_equal),
        .builder = fault_builder_new(),
        .outbound = outbound_begin(request),
        .digest = digest,
        .reporters = g_hash_table_new(g_str_hash, g_str_equal),
        .domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    bool ok = store_each_report(cli->store, &request->filter, gather, &gathering, error);

    if (ok)
        ok = outbound_make(cli, request, gathering.outbound, &digest->outbound, error);
    else
        outbound_builder_free(gathering.outbound);
    g_clear_pointer(&digest->faults, fault_set_free);
    digest->faults = fault_builder_finish(gathering.builder, cli->now);
    g_ptr_array_sort(digest->reporters, most_reports_first);
    g_hash_table_unref(gathering.foreign);
    g_hash_table_unref(gathering.reporters);
    g_hash_table_unref(gathering.domains);
    if (!ok ||
        (digest->dmarc = digest_dmarc(cli, request, digest->overview->foreign, error)) == NULL ||
        !know_reports(cli, digest, error) || !find_all_since(cli, digest->faults->faults, error) ||
        !find_all_since(cli, digest->faults->singles, error) ||
        !sum_sessions(cli, request, digest, error) ||
        !count_arrivals(cli, request, digest, error) || !look_over(cli, request, digest, error))
        return NULL;
    return g_steal_pointer(&digest);
}
