#include "analyze/dmarc_sum.h"
#include "analyze/dmarc.h"
#include <string.h>

#define DAY 86400

/* What a source sent before. */
struct past {
    int64_t messages;
    int64_t aligned;
    int64_t failed;
    int64_t aligned_at;
};

/* What is known of a domain while it is built. */
struct gathered {
    struct dmarc_domain *domain;
    GPtrArray *senders;  /* struct dmarc_sender *, those that are watched, that fail most first */
    guint strangers;     /* among them that had nothing aligned */
    GHashTable *past;    /* source_ip -> struct past * */
    bool forgot;         /* `past` has not all */
    GHashTable *by_type; /* type -> struct dmarc_override * of the domain */
    int64_t past_volume; /* messages of the time before */
};

struct dmarc_builder {
    dmarc_wanted_fn wanted;
    void *data;
    GPtrArray *gathered; /* struct gathered *, by name */
    GHashTable *by_name;
    int64_t first_at;
};

static void sender_free(struct dmarc_sender *sender)
{
    if (sender == NULL)
        return;
    g_free(sender->source_ip);
    g_free(sender->dkim_domain);
    g_free(sender->spf_domain);
    g_free(sender->reason);
    g_free(sender);
}

static void policy_free_read(struct dmarc_read_policy *policy)
{
    g_free(policy->organization);
    g_free(policy);
}

static void override_free(struct dmarc_override *override)
{
    g_free(override->type);
    g_free(override);
}

static void domain_free(struct dmarc_domain *domain)
{
    g_free(domain->name);
    g_ptr_array_unref(domain->overrides);
    g_ptr_array_unref(domain->policies);
    g_ptr_array_unref(domain->news);
    g_ptr_array_unref(domain->failing);
    g_free(domain);
}

void dmarc_set_free(struct dmarc_set *set)
{
    if (set == NULL)
        return;
    g_ptr_array_unref(set->domains);
    g_free(set);
}

static void gathered_free(struct gathered *gathered)
{
    g_hash_table_unref(gathered->past);
    g_hash_table_unref(gathered->by_type);
    g_ptr_array_unref(gathered->senders);
    g_free(gathered);
}

struct dmarc_builder *dmarc_builder_new(dmarc_wanted_fn wanted, void *data)
{
    struct dmarc_builder *builder = g_new0(struct dmarc_builder, 1);

    builder->wanted = wanted;
    builder->data = data;
    builder->gathered = g_ptr_array_new_with_free_func((GDestroyNotify)gathered_free);
    builder->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return builder;
}

static struct gathered *begin_domain(struct dmarc_builder *builder, const char *name)
{
    struct gathered *gathered = g_new0(struct gathered, 1);
    struct dmarc_domain *domain = g_new0(struct dmarc_domain, 1);

    domain->name = g_strdup(name);
    domain->overrides = g_ptr_array_new_with_free_func((GDestroyNotify)override_free);
    domain->policies = g_ptr_array_new_with_free_func((GDestroyNotify)policy_free_read);
    domain->failing = g_ptr_array_new_with_free_func((GDestroyNotify)sender_free);
    domain->news = g_ptr_array_new_with_free_func((GDestroyNotify)sender_free);
    gathered->domain = domain;
    gathered->senders = g_ptr_array_new_with_free_func((GDestroyNotify)sender_free);
    gathered->past = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    gathered->by_type = g_hash_table_new(g_str_hash, g_str_equal);
    g_ptr_array_add(builder->gathered, gathered);
    g_hash_table_insert(builder->by_name, domain->name, gathered);
    return gathered;
}

void dmarc_builder_add_count(struct dmarc_builder *builder, const struct dmarc_count *count)
{
    struct dmarc_domain *domain;

    if (builder->wanted != NULL && !builder->wanted(count->domain, builder->data))
        return;
    domain = begin_domain(builder, count->domain)->domain;
    domain->reports = count->reports;
    domain->organizations = count->organizations;
    domain->first_at = count->first_at;
    domain->last_at = count->last_at;
    if (builder->first_at == 0 || count->first_at < builder->first_at)
        builder->first_at = count->first_at;
}

int64_t dmarc_builder_first(const struct dmarc_builder *builder)
{
    return builder->first_at;
}

/* A type is what a stranger calls it: there may be as many as records. */
static void add_override(struct gathered *gathered, const char *type, int64_t messages)
{
    struct dmarc_override *override = g_hash_table_lookup(gathered->by_type, type);

    if (override == NULL) {
        override = g_new0(struct dmarc_override, 1);
        override->type = g_strdup(type);
        g_ptr_array_add(gathered->domain->overrides, override);
        g_hash_table_insert(gathered->by_type, override->type, override);
    }
    override->messages += messages;
}

/* The request that a disposition fulfils. */
static enum dmarc_request fulfilled(enum dmarc_disposition disposition)
{
    return disposition == DMARC_DISPOSITION_REJECT       ? DMARC_REQUEST_REJECT
           : disposition == DMARC_DISPOSITION_QUARANTINE ? DMARC_REQUEST_QUARANTINE
                                                         : DMARC_REQUEST_NONE;
}

/* Of a message that was delivered; nobody says which ones pct left out, but for this reason. */
static bool asks_nothing(const struct dmarc_asked *asked, const struct dmarc_sum *sum)
{
    return asked->most == DMARC_REQUEST_NONE || g_strcmp0(sum->reason, "sampled_out") == 0;
}

static void add_failed(struct gathered *gathered, const struct dmarc_sum *sum)
{
    struct dmarc_domain *domain = gathered->domain;
    /* Any name below it will do. */
    struct dmarc_asked asked =
        dmarc_asked_for(sum->policy, sum->subdomain ? "subdomain" : sum->domain);
    enum dmarc_request done = fulfilled(sum->disposition);

    domain->failed += sum->messages;
    domain->failed_subdomains += sum->subdomain ? sum->messages : 0;
    *(done == DMARC_REQUEST_REJECT       ? &domain->rejected
      : done == DMARC_REQUEST_QUARANTINE ? &domain->quarantined
                                         : &domain->delivered) += sum->messages;
    if (asked.least == DMARC_REQUEST_NONE && done == DMARC_REQUEST_NONE)
        *(asks_nothing(&asked, sum) ? &domain->not_asked : &domain->perhaps) += sum->messages;
    else if (done < asked.least && sum->reason == NULL)
        domain->unfollowed += sum->messages;
    else if (done < asked.least)
        domain->overridden += sum->messages;
    if (done < asked.least && sum->reason != NULL)
        add_override(gathered, sum->reason, sum->messages);
}

void dmarc_builder_add_sum(struct dmarc_builder *builder, const struct dmarc_sum *sum)
{
    struct gathered *gathered = g_hash_table_lookup(builder->by_name, sum->domain);
    bool aligned = sum->dkim == DMARC_PASS || sum->spf == DMARC_PASS;
    struct dmarc_domain *domain;

    if (gathered == NULL)
        return;
    domain = gathered->domain;
    domain->messages += sum->messages;
    domain->subdomains += sum->subdomain ? sum->messages : 0;
    domain->dkim_aligned += sum->dkim == DMARC_PASS ? sum->messages : 0;
    domain->spf_aligned += sum->spf == DMARC_PASS ? sum->messages : 0;
    if (aligned) {
        domain->aligned += sum->messages;
        domain->punished += fulfilled(sum->disposition) > DMARC_REQUEST_NONE ? sum->messages : 0;
    } else if (sum->dkim == DMARC_FAIL && sum->spf == DMARC_FAIL) {
        add_failed(gathered, sum);
    } else {
        domain->unknown += sum->messages;
    }
}

void dmarc_builder_add_seen(struct dmarc_builder *builder, const struct dmarc_seen *seen)
{
    struct gathered *gathered = g_hash_table_lookup(builder->by_name, seen->domain);
    struct dmarc_read_policy *policy;

    if (gathered == NULL)
        return;
    policy = g_new0(struct dmarc_read_policy, 1);
    policy->p = seen->policy.p;
    policy->sp = seen->policy.sp;
    policy->np = seen->policy.np;
    policy->adkim = seen->policy.adkim;
    policy->aspf = seen->policy.aspf;
    policy->pct = seen->policy.pct;
    policy->testing = seen->policy.testing;
    policy->reports = seen->reports;
    policy->organizations = seen->organizations;
    policy->organization = g_strdup(seen->organization);
    policy->first_at = seen->first_at;
    policy->last_at = seen->last_at;
    g_ptr_array_add(gathered->domain->policies, policy);
}

/* Those that fail most come first. */
void dmarc_builder_add_past(struct dmarc_builder *builder, const struct dmarc_source *source)
{
    struct gathered *gathered = g_hash_table_lookup(builder->by_name, source->domain);
    struct past *past;
    guint limit = source->aligned > 0 ? DMARC_REMEMBERED : DMARC_WATCHED;

    if (gathered == NULL)
        return;
    gathered->past_volume += source->messages;
    if (g_hash_table_size(gathered->past) >= limit) {
        gathered->forgot = true;
        return;
    }
    past = g_new0(struct past, 1);
    past->messages = source->messages;
    past->aligned = source->aligned;
    past->failed = source->failed;
    past->aligned_at = source->aligned_at;
    g_hash_table_replace(gathered->past, g_strdup(source->source_ip), past);
}

static struct dmarc_sender *sender_of(const struct dmarc_source *source, const struct past *past,
                                      bool forgot)
{
    struct dmarc_sender *sender = g_new0(struct dmarc_sender, 1);

    sender->source_ip = g_strdup(source->source_ip);
    sender->dkim_domain = g_strdup(source->dkim_domain);
    sender->spf_domain = g_strdup(source->spf_domain);
    sender->reason = g_strdup(source->reason);
    sender->organizations = source->organizations;
    sender->messages = source->messages;
    sender->aligned = source->aligned;
    sender->failed = source->failed;
    sender->failed_at = source->failed_at;
    sender->aligned_at = source->aligned_at;
    sender->known = past != NULL || forgot;
    if (past == NULL)
        return sender;
    sender->past_messages = past->messages;
    sender->past_aligned = past->aligned;
    sender->past_failed = past->failed;
    sender->aligned_at = MAX(sender->aligned_at, past->aligned_at);
    return sender;
}

/* A spam run of thousands must not hide the one that sent our mail. */
void dmarc_builder_add_source(struct dmarc_builder *builder, const struct dmarc_source *source)
{
    struct gathered *gathered = g_hash_table_lookup(builder->by_name, source->domain);
    const struct past *past;
    bool is_stranger;

    if (gathered == NULL || source->failed == 0)
        return;
    past = g_hash_table_lookup(gathered->past, source->source_ip);
    is_stranger = source->aligned == 0 && (past == NULL || past->aligned == 0);
    gathered->domain->sources_failing++;
    if ((is_stranger && gathered->strangers >= DMARC_WATCHED) ||
        gathered->senders->len >= DMARC_WATCHED + DMARC_REMEMBERED)
        return;
    gathered->strangers += is_stranger;
    g_ptr_array_add(gathered->senders, sender_of(source, past, gathered->forgot));
}

/* Most of what it sent was aligned, up to a day; since then nothing was. */
static bool was_aligned(const struct dmarc_sender *sender, double share)
{
    int64_t aligned = sender->aligned + sender->past_aligned;
    int64_t failed = sender->failed + sender->past_failed;

    return aligned > 0 && aligned >= failed && sender->aligned_at / DAY < sender->failed_at / DAY &&
           (sender->failed >= DMARC_NEWS_MESSAGES || share >= DMARC_NEWS_SHARE);
}

/* Where nothing is known of the time before, everything would be new. */
static bool has_new_share(const struct gathered *gathered, const struct dmarc_sender *sender,
                          double share)
{
    return gathered->past_volume > 0 && share >= DMARC_NEWS_SHARE &&
           sender->failed >= DMARC_NEWS_UNKNOWN &&
           (double)sender->past_failed < DMARC_NEWS_SHARE * (double)gathered->past_volume;
}

static enum dmarc_news judge(const struct gathered *gathered, const struct dmarc_sender *sender)
{
    double share = (double)sender->failed / (double)MAX(gathered->domain->messages, 1);

    if (was_aligned(sender, share))
        return DMARC_WAS_ALIGNED;
    return has_new_share(gathered, sender, share) ? DMARC_NEW_SHARE : DMARC_NO_NEWS;
}

static gint most_messages_first(gconstpointer a, gconstpointer b)
{
    const struct dmarc_override *one = *(const struct dmarc_override *const *)a;
    const struct dmarc_override *other = *(const struct dmarc_override *const *)b;

    if (one->messages != other->messages)
        return one->messages > other->messages ? -1 : 1;
    return strcmp(one->type, other->type);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const struct dmarc_domain *const *)a)->name,
                  (*(const struct dmarc_domain *const *)b)->name);
}

/* News stand in a list of their own, the rest of those that fail most in the other. */
static struct dmarc_domain *finish_domain(struct gathered *gathered)
{
    struct dmarc_domain *domain = gathered->domain;

    for (guint i = 0; i < gathered->senders->len; i++) {
        struct dmarc_sender *sender = g_ptr_array_index(gathered->senders, i);
        sender->news = judge(gathered, sender);
        if (sender->news != DMARC_NO_NEWS && domain->news->len < DMARC_WATCHED)
            g_ptr_array_add(domain->news, sender);
        else if (domain->failing->len < DMARC_SOURCES)
            g_ptr_array_add(domain->failing, sender);
        else
            continue;
        gathered->senders->pdata[i] = NULL;
    }
    g_ptr_array_sort(domain->overrides, most_messages_first);
    g_hash_table_remove_all(gathered->by_type);
    g_ptr_array_set_size(domain->overrides, (gint)MIN(domain->overrides->len, DMARC_OVERRIDES));
    return domain;
}

struct dmarc_set *dmarc_builder_finish(struct dmarc_builder *builder)
{
    struct dmarc_set *set = g_new0(struct dmarc_set, 1);

    set->domains = g_ptr_array_new_with_free_func((GDestroyNotify)domain_free);
    for (guint i = 0; i < builder->gathered->len; i++)
        g_ptr_array_add(set->domains, finish_domain(g_ptr_array_index(builder->gathered, i)));
    g_ptr_array_sort(set->domains, by_name);
    g_hash_table_unref(builder->by_name);
    g_ptr_array_unref(builder->gathered);
    g_free(builder);
    return set;
}
