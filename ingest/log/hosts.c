#include "ingest/log/hosts.h"

#define NAME_BYTES 256

struct log_hosts {
    GPtrArray *list;
    GHashTable *known;     /* the same */
    struct log_host *last; /* lines of one host mostly follow each other */
};

static void host_free(gpointer data)
{
    struct log_host *host = data;

    g_free(host->name);
    g_free(host);
}

static guint hash_host(gconstpointer data)
{
    const struct log_host *host = data;

    return g_str_hash(host->name) + (guint)host->carrier;
}

static gboolean is_same_host(gconstpointer one, gconstpointer other)
{
    const struct log_host *a = one, *b = other;

    return a->carrier == b->carrier && strcmp(a->name, b->name) == 0;
}

struct log_hosts *log_hosts_new(void)
{
    struct log_hosts *hosts = g_new0(struct log_hosts, 1);

    hosts->list = g_ptr_array_new_with_free_func(host_free);
    hosts->known = g_hash_table_new(hash_host, is_same_host);
    return hosts;
}

void log_hosts_free(struct log_hosts *hosts)
{
    if (hosts == NULL)
        return;
    g_hash_table_unref(hosts->known);
    g_ptr_array_unref(hosts->list);
    g_free(hosts);
}

void log_hosts_clear(struct log_hosts *hosts)
{
    hosts->last = NULL;
    if (hosts->list->len == 0)
        return;
    g_hash_table_remove_all(hosts->known);
    g_ptr_array_set_size(hosts->list, 0);
}

static struct log_host *find_host(struct log_hosts *hosts, enum log_carrier carrier,
                                  struct span name, gint64 at)
{
    char text[NAME_BYTES];
    struct log_host wanted = {.name = text, .carrier = carrier, .first_at = at, .last_at = at};
    struct log_host *host;

    if (name.length >= sizeof text)
        return NULL;
    memcpy(text, name.at, name.length);
    text[name.length] = '\0';
    host = g_hash_table_lookup(hosts->known, &wanted);
    if (host != NULL || hosts->list->len >= LOG_HOSTS_MAX)
        return host;
    host = g_memdup2(&wanted, sizeof wanted);
    host->name = g_strdup(text);
    g_ptr_array_add(hosts->list, host);
    g_hash_table_add(hosts->known, host);
    return host;
}

static void widen(struct log_host *host, gint64 first_at, gint64 last_at)
{
    host->first_at = MIN(host->first_at, first_at);
    host->last_at = MAX(host->last_at, last_at);
}

void log_hosts_note(struct log_hosts *hosts, enum log_carrier carrier, struct span name, gint64 at)
{
    if (name.length == 0)
        return;
    if (hosts->last == NULL || hosts->last->carrier != carrier ||
        !span_is(name, hosts->last->name)) {
        if (memchr(name.at, 0, name.length) != NULL)
            return;
        hosts->last = find_host(hosts, carrier, name, at);
    }
    if (hosts->last != NULL)
        widen(hosts->last, at, at);
}

void log_hosts_join(struct log_hosts *hosts, const struct log_hosts *other)
{
    for (guint i = 0; i < other->list->len; i++) {
        const struct log_host *noted = g_ptr_array_index(other->list, i);
        struct log_host *host = find_host(
            hosts, noted->carrier, span_of(noted->name, strlen(noted->name)), noted->first_at);
        if (host != NULL)
            widen(host, noted->first_at, noted->last_at);
    }
}

const GPtrArray *log_hosts_list(const struct log_hosts *hosts)
{
    return hosts->list;
}
