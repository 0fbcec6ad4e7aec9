#include "ingest/log/exim_private.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

#define PROBES 8

guint exim_hash(gconstpointer text)
{
    return (guint)XXH3_64bits(text, strlen(text));
}

void exim_open_domains(struct exim *exim)
{
    exim->domains = g_hash_table_new_full(exim_hash, g_str_equal, NULL, g_free);
    g_queue_init(&exim->domains_by_age);
    exim->open = g_new0(struct exim_open, EXIM_OPEN_HOSTS);
    exim->refused = g_new0(struct exim_open, EXIM_OPEN_HOSTS);
}

void exim_close_domains(struct exim *exim)
{
    g_hash_table_unref(exim->domains);
    g_free(exim->open);
    g_free(exim->refused);
}

static void drop_domain(struct exim *exim, struct exim_domain *domain)
{
    g_queue_unlink(&exim->domains_by_age, &domain->age);
    g_hash_table_remove(exim->domains, domain->name);
}

void exim_forget_domain(struct exim *exim, const char *name)
{
    struct exim_domain *domain;

    if (g_hash_table_size(exim->domains) == 0)
        return;
    domain = g_hash_table_lookup(exim->domains, name);
    if (domain != NULL)
        drop_domain(exim, domain);
}

void exim_remember_domain(struct exim *exim, const struct log_event *event,
                          const struct exim_finding *finding)
{
    struct exim_domain *domain;

    if (event->domain == NULL || *event->domain == '\0')
        return;
    exim_forget_domain(exim, event->domain);
    if (exim->domains_by_age.length >= EXIM_DOMAINS_MAX)
        drop_domain(exim, exim->domains_by_age.head->data);
    domain = g_new0(struct exim_domain, 1);
    g_strlcpy(domain->name, event->domain, sizeof domain->name);
    g_strlcpy(domain->mx, event->mx != NULL ? event->mx : "", sizeof domain->mx);
    g_strlcpy(domain->ip, event->ip != NULL ? event->ip : "", sizeof domain->ip);
    domain->finding = *finding;
    domain->finding.name = domain->finding.ip = domain->finding.reason = span_of(NULL, 0);
    domain->age.data = domain;
    g_queue_push_tail_link(&exim->domains_by_age, &domain->age);
    g_hash_table_insert(exim->domains, domain->name, domain);
}

const struct exim_domain *exim_find_domain(const struct exim *exim, const char *name)
{
    return g_hash_table_lookup(exim->domains, name);
}

bool exim_was_seen(const struct exim_open *open, const char *ip, gint64 at, gint64 seconds)
{
    guint64 hash = XXH3_64bits(ip, strlen(ip));

    for (guint i = 0; i < PROBES; i++) {
        const struct exim_open *slot = &open[(hash + i) % EXIM_OPEN_HOSTS];
        if (slot->at != 0 && slot->hash == hash)
            return at - slot->at <= seconds;
    }
    return false;
}

bool exim_see_host(struct exim_open *open, const char *ip, gint64 at, gint64 seconds)
{
    guint64 hash = XXH3_64bits(ip, strlen(ip));
    bool was_seen = exim_was_seen(open, ip, at, seconds);
    struct exim_open *place = NULL;

    for (guint i = 0; i < PROBES; i++) {
        struct exim_open *slot = &open[(hash + i) % EXIM_OPEN_HOSTS];
        bool is_own = slot->at != 0 && slot->hash == hash;
        if (place == NULL || is_own || slot->at < place->at)
            place = slot;
        if (is_own)
            break;
    }
    *place = (struct exim_open){.hash = hash, .at = at};
    return was_seen;
}
