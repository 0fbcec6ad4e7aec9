#include "cli/digest_dmarc.h"
#include "ingest/text.h"
#include "schema/store_dmarc.h"

#define DAY 86400

struct gathering {
    const struct site *site;
    bool asked; /* for one domain */
    struct dmarc_builder *builder;
    GPtrArray *foreign; /* struct overview_domain * */
    GHashTable *by_name;
};

/* A configured domain or a name below one; where none is configured all are ours. */
static bool is_ours(const struct site *site, const char *domain)
{
    for (guint i = 0; i < site->domains->len; i++) {
        const struct own_domain *own = g_ptr_array_index(site->domains, i);
        if (text_domain_within(domain, own->name))
            return true;
    }
    return site->domains->len == 0;
}

static bool is_wanted(const char *domain, void *data)
{
    const struct gathering *gathering = data;

    return gathering->asked || is_ours(gathering->site, domain);
}

/* TLS reports may have told of it. */
static struct overview_domain *foreign_named(struct gathering *gathering, const char *name)
{
    struct overview_domain *domain = g_hash_table_lookup(gathering->by_name, name);

    if (domain == NULL) {
        domain = g_new0(struct overview_domain, 1);
        domain->domain = g_strdup(name);
        g_hash_table_insert(gathering->by_name, domain->domain, domain);
        g_ptr_array_add(gathering->foreign, domain);
    }
    return domain;
}

static void take_count(const struct dmarc_count *count, void *data)
{
    struct gathering *gathering = data;
    struct overview_domain *domain;

    dmarc_builder_add_count(gathering->builder, count);
    if (is_wanted(count->domain, gathering))
        return;
    domain = foreign_named(gathering, count->domain);
    domain->dmarc_reports = count->reports;
    domain->dmarc_organizations = count->organizations;
}

static bool count_reports(struct cli *cli, const struct store_filter *filter,
                          struct gathering *gathering, GError **error)
{
    bool ok;

    gathering->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < gathering->foreign->len; i++) {
        struct overview_domain *domain = g_ptr_array_index(gathering->foreign, i);
        g_hash_table_insert(gathering->by_name, domain->domain, domain);
    }
    ok = store_each_dmarc_count(cli->store, filter, take_count, gathering, error);
    g_hash_table_unref(gathering->by_name);
    return ok;
}

static void take_sum(const struct dmarc_sum *sum, void *data)
{
    dmarc_builder_add_sum(data, sum);
}

static void take_seen(const struct dmarc_seen *seen, void *data)
{
    dmarc_builder_add_seen(data, seen);
}

static void take_source(const struct dmarc_source *source, void *data)
{
    dmarc_builder_add_source(data, source);
}

static void take_past(const struct dmarc_source *source, void *data)
{
    dmarc_builder_add_past(data, source);
}

/* What the store held before the digest's period. */
static bool look_back(struct store *store, const struct store_filter *filter,
                      struct dmarc_builder *builder, GError **error)
{
    int64_t first = dmarc_builder_first(builder);
    struct store_filter past = {
        .domain = filter->domain,
        .skip_unauthenticated = filter->skip_unauthenticated,
        .begins_from = first - (int64_t)DMARC_PAST_DAYS * DAY,
        .begins_to = filter->begins_from,
        .ingested_to = filter->ingested_from,
    };

    /* A period without a begin has nothing before it. */
    if (first == 0 || (filter->begins_from == 0 && filter->ingested_from == 0))
        return true;
    return store_each_dmarc_source(store, &past, take_past, builder, error);
}

struct dmarc_set *digest_dmarc(struct cli *cli, const struct digest_request *request,
                               GPtrArray *foreign, GError **error)
{
    const struct store_filter *filter = &request->filter;
    struct gathering gathering = {
        .site = cli->site, .asked = filter->domain != NULL, .foreign = foreign};
    struct dmarc_builder *builder = dmarc_builder_new(is_wanted, &gathering);
    gathering.builder = builder;
    bool ok = count_reports(cli, filter, &gathering, error) &&
              store_each_dmarc_sum(cli->store, filter, take_sum, builder, error) &&
              store_each_dmarc_seen(cli->store, filter, take_seen, builder, error) &&
              look_back(cli->store, filter, builder, error) &&
              store_each_dmarc_source(cli->store, filter, take_source, builder, error);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);

    return ok ? g_steal_pointer(&set) : NULL;
}
