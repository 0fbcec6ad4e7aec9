/*
 * Addresses of the hosts that took mail of ours: a client with such an address is a mail server,
 * whatever else knocks at our door. Known by the day, so that hardly any session writes.
 */
#include "schema/store_log_private.h"
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define DAY 86400

/* Remembered from one write to the next. */
#define PEERS_KEPT 16384
/* Of most sessions a look at the last ones is enough. */
#define PEERS_RECENT 4096

struct peer {
    char *ip;
    char *mx; /* NULL: not told */
    gint64 day;
    bool waits;
};

struct log_peers {
    struct store *store;
    GHashTable *known;            /* struct peer *, by ip */
    GPtrArray *waiting;           /* struct peer *, to be written */
    guint64 recent[PEERS_RECENT]; /* hashes of address and day; 0: none */
};

static void peer_free(gpointer data)
{
    struct peer *peer = data;

    g_free(peer->ip);
    g_free(peer->mx);
    g_free(peer);
}

struct log_peers *log_peers_new(struct store *store)
{
    struct log_peers *peers = g_new0(struct log_peers, 1);

    peers->store = store;
    peers->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, peer_free);
    peers->waiting = g_ptr_array_new();
    return peers;
}

void log_peers_free(struct log_peers *peers)
{
    if (peers == NULL)
        return;
    g_ptr_array_unref(peers->waiting);
    g_hash_table_unref(peers->known);
    g_free(peers);
}

static struct peer *add_peer(struct log_peers *peers, const char *ip)
{
    struct peer *peer = g_new0(struct peer, 1);

    peer->ip = g_strdup(ip);
    peer->day = G_MININT64;
    g_hash_table_insert(peers->known, peer->ip, peer);
    return peer;
}

void log_peers_take(struct log_peers *peers, const struct log_event *session)
{
    gint64 day = store_log_hour(session->at) / 24;
    guint64 hash = XXH3_64bits_withSeed(session->ip, strlen(session->ip), (XXH64_hash_t)day);
    guint64 *recent = &peers->recent[hash % PEERS_RECENT];
    struct peer *peer;

    if (*recent == hash)
        return;
    *recent = hash;
    peer = g_hash_table_lookup(peers->known, session->ip);
    if (peer == NULL)
        peer = add_peer(peers, session->ip);
    if (day <= peer->day)
        return;
    peer->day = day;
    if (g_strcmp0(peer->mx, session->mx) != 0) {
        g_free(peer->mx);
        peer->mx = g_strdup(session->mx);
    }
    if (!peer->waits)
        g_ptr_array_add(peers->waiting, peer);
    peer->waits = true;
}

guint log_peers_waiting(const struct log_peers *peers)
{
    return peers->waiting->len;
}

static bool write_peer(struct store *store, const struct peer *peer, GError **error)
{
    sqlite3_stmt *put = store_statement(store, SQL_PUT_LOG_PEER, error);

    if (put == NULL)
        return false;
    store_bind_text(put, 1, peer->ip);
    store_bind_text(put, 2, peer->mx);
    sqlite3_bind_int64(put, 3, peer->day * DAY);
    return store_run(store, put, "noting who takes our mail", error);
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    const struct peer *const *x = a, *const *y = b;

    return strcmp((*x)->ip, (*y)->ip);
}

/* In the order of the table, which is faster. */
bool log_peers_write(const struct log_peers *peers, GError **error)
{
    g_ptr_array_sort(peers->waiting, by_address);
    for (guint i = 0; i < peers->waiting->len; i++)
        if (!write_peer(peers->store, g_ptr_array_index(peers->waiting, i), error))
            return false;
    return true;
}

void log_peers_settle(struct log_peers *peers, bool committed)
{
    if (!committed)
        return;
    for (guint i = 0; i < peers->waiting->len; i++)
        ((struct peer *)g_ptr_array_index(peers->waiting, i))->waits = false;
    g_ptr_array_set_size(peers->waiting, 0);
    if (g_hash_table_size(peers->known) > PEERS_KEPT)
        g_hash_table_remove_all(peers->known);
}

bool store_each_log_peer(struct store *store, gint64 from, gint64 to, store_log_peer_fn take,
                         void *data, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_LOG_PEERS, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, from);
    sqlite3_bind_int64(find, 2, to);
    while ((code = sqlite3_step(find)) == SQLITE_ROW)
        take((const char *)sqlite3_column_text(find, 0), (const char *)sqlite3_column_text(find, 1),
             data);
    sqlite3_reset(find);
    return code == SQLITE_DONE || store_fail(store, "reading who takes our mail", error);
}
