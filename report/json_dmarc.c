#include "report/json_dmarc_private.h"
#include "report/json_private.h"
#include "report/phrase.h"

/* null where it was never. */
static void set_day(json_t *object, const char *key, int64_t at)
{
    g_autofree char *day = at != 0 ? phrase_day(at) : NULL;

    json_set_text(object, key, day);
}

static void set_request(json_t *object, const char *key, enum dmarc_request request)
{
    json_set_text(object, key,
                  request != DMARC_REQUEST_UNKNOWN ? dmarc_request_word(request) : NULL);
}

static json_t *policy_json(const struct dmarc_read_policy *policy)
{
    json_t *object = json_object();

    set_request(object, "p", policy->p);
    set_request(object, "sp", policy->sp);
    set_request(object, "np", policy->np);
    json_set_text(object, "adkim", dmarc_strictness_word(policy->adkim));
    json_set_text(object, "aspf", dmarc_strictness_word(policy->aspf));
    json_set_number(object, "pct", policy->pct);
    json_set(object, "testing", json_boolean(policy->testing));
    json_set_number(object, "reports", policy->reports);
    json_set_number(object, "organizations", policy->organizations);
    json_set_text(object, "organization", policy->organization);
    set_day(object, "first_day", policy->first_at);
    set_day(object, "last_day", policy->last_at);
    return object;
}

static json_t *sender_json(const struct dmarc_sender *sender)
{
    json_t *object = json_object();

    json_set_text(object, "source_ip", sender->source_ip);
    json_set_text(object, "dkim_domain", sender->dkim_domain);
    json_set_text(object, "spf_domain", sender->spf_domain);
    json_set_text(object, "reason", sender->reason);
    json_set_number(object, "organizations", sender->organizations);
    json_set_number(object, "messages", sender->messages);
    json_set_number(object, "aligned", sender->aligned);
    json_set_number(object, "failed", sender->failed);
    json_set_number(object, "messages_before", sender->past_messages);
    json_set_number(object, "failed_before", sender->past_failed);
    set_day(object, "last_failed_day", sender->failed_at);
    set_day(object, "last_aligned_day", sender->aligned_at);
    json_set_text(object, "news",
                  sender->news == DMARC_WAS_ALIGNED ? "was-aligned"
                  : sender->news == DMARC_NEW_SHARE ? "new-share"
                                                    : NULL);
    return object;
}

static json_t *override_json(const struct dmarc_override *override)
{
    json_t *object = json_object();

    json_set_text(object, "type", override->type);
    json_set_number(object, "messages", override->messages);
    return object;
}

static void set_numbers(json_t *object, const struct dmarc_domain *domain)
{
    json_set_number(object, "reports", domain->reports);
    json_set_number(object, "organizations", domain->organizations);
    set_day(object, "first_day", domain->first_at);
    set_day(object, "last_day", domain->last_at);
    json_set_number(object, "messages", domain->messages);
    json_set_number(object, "aligned", domain->aligned);
    json_set_number(object, "dkim_aligned", domain->dkim_aligned);
    json_set_number(object, "spf_aligned", domain->spf_aligned);
    json_set_number(object, "failed", domain->failed);
    json_set_number(object, "unknown", domain->unknown);
    json_set_number(object, "rejected", domain->rejected);
    json_set_number(object, "quarantined", domain->quarantined);
    json_set_number(object, "delivered", domain->delivered);
    json_set_number(object, "overridden", domain->overridden);
    json_set_number(object, "unfollowed", domain->unfollowed);
    json_set_number(object, "not_asked", domain->not_asked);
    json_set_number(object, "perhaps_not_asked", domain->perhaps);
    json_set_number(object, "subdomains", domain->subdomains);
    json_set_number(object, "failed_subdomains", domain->failed_subdomains);
    json_set_number(object, "refused", domain->punished);
    json_set_number(object, "sources_failing", domain->sources_failing);
}

static json_t *domain_json(const struct dmarc_domain *domain)
{
    json_t *object = json_object(), *overrides = json_array(), *policies = json_array();
    json_t *news = json_array(), *failing = json_array();

    for (guint i = 0; i < domain->overrides->len; i++)
        json_array_append_new(overrides, override_json(domain->overrides->pdata[i]));
    for (guint i = 0; i < domain->policies->len; i++)
        json_array_append_new(policies, policy_json(domain->policies->pdata[i]));
    for (guint i = 0; i < domain->news->len; i++)
        json_array_append_new(news, sender_json(domain->news->pdata[i]));
    for (guint i = 0; i < domain->failing->len; i++)
        json_array_append_new(failing, sender_json(domain->failing->pdata[i]));
    json_set_text(object, "domain", domain->name);
    set_numbers(object, domain);
    json_set(object, "overrides", overrides);
    json_set(object, "policies", policies);
    json_set(object, "news", news);
    json_set(object, "failing", failing);
    return object;
}

json_t *json_dmarc(const struct dmarc_set *set)
{
    json_t *list = json_array();

    for (guint i = 0; set != NULL && i < set->domains->len; i++)
        json_array_append_new(list, domain_json(set->domains->pdata[i]));
    return list;
}
