#include "cli/digest_dmarc.h"
#include "ingest/text.h"
#include "schema/store_dmarc.h"

#define DAY 86400

/* A configured domain or a name below one; where none is configured all are ours. */
static bool is_ours(const char *domain, void *data)
{
    const struct site *site = data;

    for (guint i = 0; i < site->domains->len; i++) {
        const struct own_domain *own = g_ptr_array_index(site->domains, i);
        if (text_domain_within(domain, own->name))
            return true;
    }
    return site->domains->len == 0;
}

static void take_count(const struct dmarc_count *count, void *data)
{
    dmarc_builder_add_count(data, count);
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
                               GError **error)
{
    const struct store_filter *filter = &request->filter;
    struct dmarc_builder *builder = dmarc_builder_new(is_ours, (void *)cli->site);
    bool ok = store_each_dmarc_count(cli->store, filter, take_count, builder, error) &&
              store_each_dmarc_sum(cli->store, filter, take_sum, builder, error) &&
              store_each_dmarc_seen(cli->store, filter, take_seen, builder, error) &&
              store_each_dmarc_source(cli->store, filter, take_source, builder, error) &&
              look_back(cli->store, filter, builder, error);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);

    return ok ? g_steal_pointer(&set) : NULL;
}
