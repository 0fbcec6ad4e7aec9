#include "cli/overview_make.h"
#include "ingest/text.h"
#include "schema/store_overview.h"
#include <string.h>

static bool is_listed_host(const struct site *site, const char *host)
{
    return host != NULL && g_hash_table_contains(site->domain_by_mx, host);
}

static bool names_listed_host(const struct site *site, const struct policy *policy)
{
    for (guint i = 0; i < policy->mx_hosts->len; i++)
        if (is_listed_host(site, g_ptr_array_index(policy->mx_hosts, i)))
            return true;
    for (guint i = 0; i < policy->details->len; i++)
        if (is_listed_host(site,
                           ((const struct failure *)g_ptr_array_index(policy->details, i))->mx))
            return true;
    return is_listed_host(site, policy->policy_domain);
}

bool overview_is_ours(const struct site *site, const struct policy *policy)
{
    if (site->domains->len == 0 || policy->domain_source == DOMAIN_FROM_POLICY_HOST ||
        policy->domain_source == DOMAIN_UNKNOWN || *policy->domain == '\0')
        return true;
    for (guint i = 0; i < site->domains->len; i++) {
        const struct own_domain *own = g_ptr_array_index(site->domains, i);
        if (text_domain_within(policy->domain, own->name))
            return true;
    }
    return names_listed_host(site, policy);
}

static void sender_free(gpointer data)
{
    struct overview_sender *sender = data;

    g_free(sender->domain);
    g_free(sender);
}

static struct overview_kind *kind_named(GPtrArray *kinds, const char *word)
{
    struct overview_kind *kind;

    for (guint i = 0; i < kinds->len; i++) {
        kind = g_ptr_array_index(kinds, i);
        if (strcmp(kind->kind, word) == 0)
            return kind;
    }
    kind = g_new0(struct overview_kind, 1);
    kind->kind = g_strdup(word);
    kind->senders = g_ptr_array_new_with_free_func(sender_free);
    g_ptr_array_add(kinds, kind);
    return kind;
}

static void count_outcome(struct overview_kind *kind, const char *word, guint count)
{
    kind->count += count;
    if (strcmp(word, arrival_outcome_word(OUTCOME_STORED)) == 0 ||
        strcmp(word, arrival_outcome_word(OUTCOME_REVISED)) == 0)
        kind->stored += count;
    else if (strcmp(word, arrival_outcome_word(OUTCOME_KNOWN)) == 0)
        kind->known += count;
    else if (strcmp(word, arrival_outcome_word(OUTCOME_QUARANTINED)) == 0)
        kind->quarantined += count;
    else
        kind->ignored += count;
}

static void count_sender(struct overview_kind *kind, const char *domain, guint count)
{
    struct overview_sender *sender;

    for (guint i = 0; i < kind->senders->len; i++) {
        sender = g_ptr_array_index(kind->senders, i);
        if (g_strcmp0(sender->domain, domain) == 0) {
            sender->count += count;
            return;
        }
    }
    sender = g_new0(struct overview_sender, 1);
    sender->domain = g_strdup(domain);
    sender->count = count;
    g_ptr_array_add(kind->senders, sender);
}

static void take_kind(const struct store_arrivals_of *arrivals, void *data)
{
    const struct overview *overview = data;

    count_outcome(kind_named(overview->kinds, arrivals->kind), arrivals->outcome, arrivals->count);
}

static void take_sender(const struct store_arrivals_of *arrivals, void *data)
{
    const struct overview *overview = data;

    count_sender(kind_named(overview->kinds, arrivals->kind), arrivals->sender, arrivals->count);
}

static void take_problem(const char *problem, const char *clause, guint count, void *data)
{
    struct overview *overview = data;
    struct overview_problem *told = g_new0(struct overview_problem, 1);

    told->problem = g_strdup(problem);
    told->clause = g_strdup(clause);
    told->count = count;
    g_ptr_array_add(overview->problems, told);
}

static void take_unsigned(const char *organization, guint failed, guint passed, void *data)
{
    struct overview *overview = data;
    struct overview_unsigned *told = g_new0(struct overview_unsigned, 1);

    told->organization = g_strdup(organization);
    told->failed = failed;
    told->passed = passed;
    g_ptr_array_add(overview->failed, told);
}

static gint most_first(gconstpointer a, gconstpointer b)
{
    const struct overview_kind *one = *(const struct overview_kind *const *)a;
    const struct overview_kind *other = *(const struct overview_kind *const *)b;

    return one->count == other->count ? strcmp(one->kind, other->kind)
                                      : (one->count > other->count ? -1 : 1);
}

/* In the store a sender stands once for each outcome, so that its order is not this one. */
static gint busiest_first(gconstpointer a, gconstpointer b)
{
    const struct overview_sender *one = *(const struct overview_sender *const *)a;
    const struct overview_sender *other = *(const struct overview_sender *const *)b;

    return one->count == other->count ? g_strcmp0(one->domain, other->domain)
                                      : (one->count > other->count ? -1 : 1);
}

struct overview *overview_make(struct cli *cli, gint64 from, gint64 to, GError **error)
{
    g_autoptr(Overview) overview = overview_new();

    if (!store_each_kind(cli->store, from, to, take_kind, overview, error) ||
        !store_each_sender(cli->store, from, to, take_sender, overview, error) ||
        !store_each_problem(cli->store, from, to, take_problem, overview, error) ||
        !store_each_unsigned(cli->store, from, to, take_unsigned, overview, error))
        return NULL;
    g_ptr_array_sort(overview->kinds, most_first);
    for (guint i = 0; i < overview->kinds->len; i++)
        g_ptr_array_sort(((struct overview_kind *)g_ptr_array_index(overview->kinds, i))->senders,
                         busiest_first);
    return g_steal_pointer(&overview);
}
