#include "ingest/log/hosts.h"

#define NAME_BYTES 256

struct log_hosts {
    GPtrArray *list;
    GHashTable *known;     /* the same */
    struct log_host *last; /* lines of one host mostly follow each other */
    size_t last_length;    /* of its name */
    guint refused;         /* hosts */
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
    hosts->refused = 0;
    if (hosts->list->len == 0)
        return;
    g_hash_table_remove_all(hosts->known);
    g_ptr_array_set_size(hosts->list, 0);
}

static struct log_host *look_up(const struct log_hosts *hosts, enum log_carrier carrier,
                                struct span name)
{
    char text[NAME_BYTES];
    const struct log_host wanted = {.name = text, .carrier = carrier};

    if (name.length >= sizeof text)
        return NULL;
    memcpy(text, name.at, name.length);
    text[name.length] = '\0';
    return g_hash_table_lookup(hosts->known, &wanted);
}

static struct log_host *find_host(struct log_hosts *hosts, enum log_carrier carrier,
                                  struct span name)
{
    struct log_host *host = look_up(hosts, carrier, name);

    if (host != NULL || hosts->list->len >= LOG_HOSTS_MAX || name.length >= NAME_BYTES)
        return host;
    host = g_new0(struct log_host, 1);
    host->name = g_strndup(name.at, name.length);
    host->carrier = carrier;
    g_ptr_array_add(hosts->list, host);
    g_hash_table_add(hosts->known, host);
    return host;
}

static void widen(struct log_host *host, gint64 first_at, gint64 last_at)
{
    host->first_at = host->first_at != 0 ? MIN(host->first_at, first_at) : first_at;
    host->last_at = MAX(host->last_at, last_at);
}

void log_hosts_note(struct log_hosts *hosts, enum log_carrier carrier, struct span name, gint64 at)
{
    if (name.length == 0)
        return;
    if (hosts->last == NULL || hosts->last->carrier != carrier ||
        name.length != hosts->last_length || memcmp(name.at, hosts->last->name, name.length) != 0) {
        if (memchr(name.at, 0, name.length) != NULL)
            return;
        hosts->last = find_host(hosts, carrier, name);
        hosts->last_length = name.length;
    }
    if (hosts->last != NULL)
        widen(hosts->last, at, at);
}

void log_hosts_join(struct log_hosts *hosts, const struct log_hosts *other, log_admit_fn admit,
                    void *data)
{
    for (guint i = 0; i < other->list->len; i++) {
        const struct log_host *noted = g_ptr_array_index(other->list, i);
        struct log_host *host =
            find_host(hosts, noted->carrier, span_of(noted->name, strlen(noted->name)));
        struct log_host wider;
        if (host == NULL || host->refused)
            continue;
        wider = *host;
        widen(&wider, noted->first_at, noted->last_at);
        wider.refused = admit != NULL && !admit(&wider, data);
        if (!wider.refused)
            *host = wider;
        host->refused = wider.refused;
        hosts->refused += wider.refused;
    }
}

bool log_hosts_refuse(const struct log_hosts *hosts, enum log_carrier carrier, struct span name)
{
    const struct log_host *host = hosts->refused > 0 ? look_up(hosts, carrier, name) : NULL;

    return host != NULL && host->refused;
}

const GPtrArray *log_hosts_list(const struct log_hosts *hosts)
{
    return hosts->list;
}
