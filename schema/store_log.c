/* What a log tells, into the store. */
#include "schema/store_log_private.h"
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* So much may wait in memory; a caller that looks at log_writer_is_full() now and then goes over it
   by what comes meanwhile. */
#define WAITING_MARKS 200000
#define WAITING_FAILURES 20000
#define WAITING_BYTES ((gsize)8 << 20)

/* Kinds of sessions that are remembered from one write to the next. */
#define ROUTES_KEPT 16384

#define EXPIRY_SECONDS (INT64_C(86400) * STORE_LOG_EXPIRY_DAYS)

#define LOCK_SLEEP_MIN_US 2000
#define LOCK_SLEEP_MAX_US 20000

/* A kind of session. Texts are "" where nothing is known. */
struct route {
    const char *texts[4]; /* host, domain, next hop, mx */
    enum mta mta;
    enum direction direction;
    enum tls_level level;
    enum session_outcome outcome;
    enum tls_version version;
    guint hash;
    gint64 id;      /* log_route.id; 0: not known */
    guint position; /* in the writer's counts, of `hour`; counted from 1 */
    gint64 hour;
};

struct count {
    struct route *route;
    gint64 hour;
    guint64 sessions;
};

struct log_writer {
    struct store *store;
    int lock; /* -1: not held */
    gint64 data_version;
    GError *error; /* of log_writer_take() */
    struct log_mark_cache *marks;
    GHashTable *routes;        /* struct route * */
    GStringChunk *route_texts; /* of routes */
    gsize route_bytes;         /* of routes that came since the last write */
    GArray *counts;            /* struct count, not written yet */
    GPtrArray *failures;       /* struct log_event *, likewise; direction out */
    GHashTable *clients;       /* struct log_event *, likewise; direction in */
    GPtrArray *expiries;       /* struct log_event *, likewise */
    GStringChunk *failure_texts;
    gsize failure_bytes;
    struct store_log_counts waiting; /* of what is not written yet */
    struct store_log_counts written; /* known only once it is written */
};

static guint hash_texts(const char *const *texts, size_t count, guint64 seed)
{
    for (size_t i = 0; i < count; i++)
        seed = XXH3_64bits_withSeed(texts[i], strlen(texts[i]), seed + i);
    return (guint)(seed ^ seed >> 32);
}

static guint hash_route(gconstpointer data)
{
    return ((const struct route *)data)->hash;
}

static gboolean is_same_route(gconstpointer one, gconstpointer other)
{
    const struct route *a = one, *b = other;

    if (a->hash != b->hash || a->mta != b->mta || a->direction != b->direction ||
        a->level != b->level || a->outcome != b->outcome || a->version != b->version)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(a->texts); i++)
        if (strcmp(a->texts[i], b->texts[i]) != 0)
            return false;
    return true;
}

static const char *text_of(const char *text)
{
    return text != NULL ? text : "";
}

static const char *null_if_empty(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

/* Of clients one row is kept for each hour, host, address and detail. */
static guint hash_client(gconstpointer data)
{
    const struct log_event *event = data;
    const char *texts[] = {text_of(event->host), text_of(event->ip)};

    return hash_texts(texts, G_N_ELEMENTS(texts),
                      (guint64)store_log_hour(event->at) << 16 | (guint64)event->detail);
}

static gboolean is_same_client(gconstpointer one, gconstpointer other)
{
    const struct log_event *a = one, *b = other;

    return a->detail == b->detail && store_log_hour(a->at) == store_log_hour(b->at) &&
           strcmp(text_of(a->ip), text_of(b->ip)) == 0 &&
           strcmp(text_of(a->host), text_of(b->host)) == 0;
}

struct log_writer *log_writer_new(struct store *store)
{
    struct log_writer *writer = g_new0(struct log_writer, 1);

    writer->store = store;
    writer->lock = -1;
    writer->marks = log_mark_cache_new(store);
    writer->routes = g_hash_table_new_full(hash_route, is_same_route, g_free, NULL);
    writer->route_texts = g_string_chunk_new(32 << 10);
    writer->counts = g_array_new(FALSE, FALSE, sizeof(struct count));
    writer->failures = g_ptr_array_new_with_free_func(g_free);
    writer->clients = g_hash_table_new_full(hash_client, is_same_client, g_free, NULL);
    writer->expiries = g_ptr_array_new_with_free_func(g_free);
    writer->failure_texts = g_string_chunk_new(32 << 10);
    return writer;
}

static void unlock(struct log_writer *writer)
{
    if (writer->lock >= 0)
        close(writer->lock);
    writer->lock = -1;
}

void log_writer_free(struct log_writer *writer)
{
    if (writer == NULL)
        return;
    unlock(writer);
    log_mark_cache_free(writer->marks);
    g_array_unref(writer->counts);
    g_hash_table_unref(writer->routes);
    g_string_chunk_free(writer->route_texts);
    g_ptr_array_unref(writer->failures);
    g_hash_table_unref(writer->clients);
    g_ptr_array_unref(writer->expiries);
    g_string_chunk_free(writer->failure_texts);
    g_clear_error(&writer->error);
    g_free(writer);
}

static void forget_route_ids(struct log_writer *writer)
{
    GHashTableIter routes;
    gpointer route;

    g_hash_table_iter_init(&routes, writer->routes);
    while (g_hash_table_iter_next(&routes, &route, NULL))
        ((struct route *)route)->id = 0;
}

/* Whether another process, or another handle of ours, wrote since this was asked last. */
static bool others_wrote(struct log_writer *writer, bool *yes, GError **error)
{
    sqlite3_stmt *ask = store_statement(writer->store, SQL_DATA_VERSION, error);
    gint64 version;

    if (ask == NULL)
        return false;
    if (sqlite3_step(ask) != SQLITE_ROW) {
        sqlite3_reset(ask);
        return store_fail(writer->store, "looking for changes", error);
    }
    version = sqlite3_column_int64(ask, 0);
    sqlite3_reset(ask);
    *yes = version != writer->data_version;
    writer->data_version = version;
    return true;
}

static bool take_lock(struct log_writer *writer, GError **error)
{
    gint64 begin = g_get_monotonic_time();
    GError *problem = NULL;
    bool changed;

    while ((writer->lock = store_lock(writer->store, "log", &problem)) < 0) {
        if (!g_error_matches(problem, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_BUSY) ||
            g_get_monotonic_time() - begin > (gint64)writer->store->busy_ms * 1000) {
            g_propagate_error(error, problem);
            return false;
        }
        g_clear_error(&problem);
        g_usleep((gulong)g_random_int_range(LOCK_SLEEP_MIN_US, LOCK_SLEEP_MAX_US));
    }
    if (!others_wrote(writer, &changed, error)) {
        unlock(writer);
        return false;
    }
    if (changed) {
        log_mark_cache_forget(writer->marks);
        forget_route_ids(writer);
    }
    return true;
}

static struct route *add_route(struct log_writer *writer, const struct route *wanted)
{
    struct route *route = g_memdup2(wanted, sizeof *wanted);

    writer->route_bytes += sizeof *route;
    for (size_t i = 0; i < G_N_ELEMENTS(route->texts); i++) {
        route->texts[i] = g_string_chunk_insert(writer->route_texts, wanted->texts[i]);
        writer->route_bytes += strlen(route->texts[i]) + 1;
    }
    g_hash_table_add(writer->routes, route);
    return route;
}

static struct route *find_route(struct log_writer *writer, const struct log_event *event)
{
    bool is_out = event->direction == DIRECTION_OUT;
    struct route wanted = {
        .texts = {text_of(event->host), text_of(is_out ? event->domain : NULL),
                  text_of(is_out ? event->next_hop : NULL), text_of(is_out ? event->mx : NULL)},
        .mta = event->mta,
        .direction = event->direction,
        .level = is_out ? event->level : LEVEL_UNKNOWN,
        .outcome = event->session,
        .version = event->version,
    };
    struct route *route;

    wanted.hash = hash_texts(wanted.texts, G_N_ELEMENTS(wanted.texts),
                             (guint64)wanted.mta << 24 | (guint64)wanted.direction << 20 |
                                 (guint64)wanted.level << 16 | (guint64)wanted.outcome << 8 |
                                 (guint64)wanted.version);
    route = g_hash_table_lookup(writer->routes, &wanted);
    return route != NULL ? route : add_route(writer, &wanted);
}

static void take_session(struct log_writer *writer, const struct log_event *event)
{
    struct route *route;
    gint64 hour = store_log_hour(event->at);

    if (event->sessions == 0)
        return;
    writer->waiting.sessions += event->sessions;
    route = find_route(writer, event);
    if (route->position == 0 || route->hour != hour) {
        struct count count = {.route = route, .hour = hour};
        g_array_append_val(writer->counts, count);
        route->position = writer->counts->len;
        route->hour = hour;
    }
    g_array_index(writer->counts, struct count, route->position - 1).sessions += event->sessions;
}

static const char *keep(struct log_writer *writer, const char *text)
{
    if (null_if_empty(text) == NULL)
        return NULL;
    writer->failure_bytes += strlen(text) + 1;
    return g_string_chunk_insert(writer->failure_texts, text);
}

/* With texts of its own, as long as it waits. */
static struct log_event *copy_event(struct log_writer *writer, const struct log_event *event)
{
    struct log_event *copy = g_memdup2(event, sizeof *event);

    writer->failure_bytes += sizeof *copy;
    copy->host = keep(writer, event->host);
    copy->queue_id = keep(writer, event->queue_id);
    copy->domain = keep(writer, event->domain);
    copy->next_hop = keep(writer, event->next_hop);
    copy->mx = keep(writer, event->mx);
    copy->ip = keep(writer, event->ip);
    copy->dsn = keep(writer, event->dsn);
    copy->reason = keep(writer, event->reason);
    copy->line = keep(writer, event->line);
    return copy;
}

static void take_client(struct log_writer *writer, const struct log_event *event)
{
    struct log_event *client = g_hash_table_lookup(writer->clients, event);

    if (client == NULL) {
        client = copy_event(writer, event);
        client->queue_id = client->domain = client->next_hop = client->mx = NULL;
        g_hash_table_add(writer->clients, client);
        return;
    }
    client->sessions += MIN(event->sessions, G_MAXUINT - client->sessions);
    if (event->at < client->at) {
        client->at = event->at;
        client->reason = keep(writer, event->reason);
        client->line = keep(writer, event->line);
    }
}

static void take_new(struct log_writer *writer, const struct log_event *event)
{
    switch (event->kind) {
    case LOG_EVENT_SESSION:
        take_session(writer, event);
        break;
    case LOG_EVENT_FAILURE:
        if (event->direction == DIRECTION_IN) {
            take_client(writer, event);
            break;
        }
        writer->waiting.failures++;
        g_ptr_array_add(writer->failures, copy_event(writer, event));
        break;
    case LOG_EVENT_EXPIRED:
        g_ptr_array_add(writer->expiries, copy_event(writer, event));
        break;
    }
}

void log_writer_take(struct log_writer *writer, const struct log_event *event)
{
    bool is_new;

    if (writer->error != NULL || (writer->lock < 0 && !take_lock(writer, &writer->error)) ||
        !log_mark_cache_take(writer->marks, event, &is_new, &writer->error))
        return;
    if (is_new)
        take_new(writer, event);
    else
        writer->waiting.known++;
}

bool log_writer_is_full(const struct log_writer *writer)
{
    return log_mark_cache_waiting(writer->marks) >= WAITING_MARKS ||
           writer->failures->len + g_hash_table_size(writer->clients) >= WAITING_FAILURES ||
           writer->counts->len * sizeof(struct count) + writer->route_bytes +
                   writer->failure_bytes >=
               WAITING_BYTES;
}

static void bind_route(sqlite3_stmt *statement, const struct route *route)
{
    store_bind_text(statement, 1, null_if_empty(route->texts[0]));
    store_bind_text(statement, 2, mta_word(route->mta));
    store_bind_text(statement, 3, direction_word(route->direction));
    store_bind_text(statement, 4, null_if_empty(route->texts[1]));
    store_bind_text(statement, 5, null_if_empty(route->texts[2]));
    store_bind_text(statement, 6, null_if_empty(route->texts[3]));
    store_bind_text(statement, 7, tls_level_word(route->level));
    store_bind_text(statement, 8, session_outcome_word(route->outcome));
    store_bind_text(statement, 9, null_if_empty(tls_version_word(route->version)));
}

static bool know_route(struct store *store, struct route *route, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_ROUTE, error);
    sqlite3_stmt *add = store_statement(store, SQL_ADD_ROUTE, error);
    int code;

    if (find == NULL || add == NULL)
        return false;
    bind_route(find, route);
    code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        route->id = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        return store_fail(store, "looking up a kind of session", error);
    bind_route(add, route);
    if (!store_run(store, add, "writing a kind of session", error))
        return false;
    route->id = sqlite3_last_insert_rowid(store->db);
    return true;
}

static gint by_hour_and_route(gconstpointer one, gconstpointer other)
{
    const struct count *a = one, *b = other;

    if (a->hour != b->hour)
        return a->hour < b->hour ? -1 : 1;
    return a->route->id < b->route->id ? -1 : a->route->id > b->route->id;
}

/* In the order of the table, so that its pages are written one after the other. */
static bool sort_counts(struct log_writer *writer, GError **error)
{
    struct count *counts = (struct count *)writer->counts->data;

    for (guint i = 0; i < writer->counts->len; i++)
        if (counts[i].route->id == 0 && !know_route(writer->store, counts[i].route, error))
            return false;
    g_array_sort(writer->counts, by_hour_and_route);
    for (guint i = 0; i < writer->counts->len; i++) {
        counts[i].route->position = i + 1;
        counts[i].route->hour = counts[i].hour;
    }
    return true;
}

static bool write_counts(struct log_writer *writer, GError **error)
{
    sqlite3_stmt *add = store_statement(writer->store, SQL_ADD_COUNT, error);

    if (add == NULL || !sort_counts(writer, error))
        return false;
    for (guint i = 0; i < writer->counts->len; i++) {
        const struct count *count = &g_array_index(writer->counts, struct count, i);
        sqlite3_bind_int64(add, 1, count->hour);
        sqlite3_bind_int64(add, 2, count->route->id);
        sqlite3_bind_int64(add, 3, (gint64)count->sessions);
        if (!store_run(writer->store, add, "counting sessions", error))
            return false;
    }
    return true;
}

static bool add_failure(struct store *store, const struct log_event *event, const char *ip,
                        GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_LOG_FAILURE, error);

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, event->at);
    store_bind_text(add, 2, event->host);
    store_bind_text(add, 3, mta_word(event->mta));
    store_bind_text(add, 4, direction_word(event->direction));
    store_bind_text(add, 5, event->queue_id);
    store_bind_text(add, 6, event->domain);
    store_bind_text(add, 7, event->next_hop);
    store_bind_text(add, 8, event->mx);
    store_bind_text(add, 9, ip);
    store_bind_text(add, 10, tls_level_word(event->level));
    store_bind_text(add, 11, null_if_empty(tls_version_word(event->version)));
    sqlite3_bind_int64(add, 12, event->sessions);
    store_bind_text(add, 13, log_outcome_word(event->outcome));
    if (event->result_type != RESULT_UNKNOWN)
        store_bind_text(add, 14, result_type_word(event->result_type));
    store_bind_text(add, 15, failure_type_word(event->failure_type));
    store_bind_text(add, 16, layer_word(failure_type_layer(event->failure_type)));
    store_bind_text(add, 17, null_if_empty(log_detail_word(event->detail)));
    store_bind_text(add, 18, mail_effect_word(log_outcome_effect(event->outcome)));
    if (event->delay >= 0)
        sqlite3_bind_int64(add, 19, event->delay);
    store_bind_text(add, 20, event->dsn);
    store_bind_text(add, 21, event->reason);
    store_bind_text(add, 22, event->line);
    return store_run(store, add, "writing a failure of the log", error);
}

static bool write_failures(struct log_writer *writer, GError **error)
{
    for (guint i = 0; i < writer->failures->len; i++) {
        const struct log_event *event = g_ptr_array_index(writer->failures, i);
        if (!add_failure(writer->store, event, event->ip, error))
            return false;
    }
    return true;
}

/* *found false: there is no row for it yet. */
static bool add_to_client(struct store *store, const struct log_event *client, const char *ip,
                          bool *found, GError **error)
{
    sqlite3_stmt *update = store_statement(store, SQL_ADD_TO_CLIENT, error);
    gint64 begin = store_log_hour(client->at) * STORE_LOG_HOUR;

    if (update == NULL)
        return false;
    store_bind_text(update, 1, ip);
    sqlite3_bind_int64(update, 2, begin);
    sqlite3_bind_int64(update, 3, begin + STORE_LOG_HOUR);
    store_bind_text(update, 4, client->host);
    store_bind_text(update, 5, null_if_empty(log_detail_word(client->detail)));
    sqlite3_bind_int64(update, 6, client->sessions);
    sqlite3_bind_int64(update, 7, client->at);
    store_bind_text(update, 8, client->line);
    store_bind_text(update, 9, client->reason);
    if (!store_run(store, update, "adding to a failure of the log", error))
        return false;
    *found = sqlite3_changes(store->db) > 0;
    return true;
}

/* Rows of clients that one host and hour has. */
struct crowd {
    const char *host; /* NULL: nothing is known yet */
    gint64 hour;
    gint64 rows;
};

static bool count_crowd(struct store *store, const struct log_event *client, struct crowd *crowd,
                        GError **error)
{
    sqlite3_stmt *count;
    gint64 hour = store_log_hour(client->at);

    if (crowd->host != NULL && crowd->hour == hour &&
        strcmp(crowd->host, text_of(client->host)) == 0)
        return true;
    count = store_statement(store, SQL_COUNT_CLIENTS, error);
    if (count == NULL)
        return false;
    sqlite3_bind_int64(count, 1, hour * STORE_LOG_HOUR);
    sqlite3_bind_int64(count, 2, (hour + 1) * STORE_LOG_HOUR);
    store_bind_text(count, 3, client->host);
    if (sqlite3_step(count) != SQLITE_ROW) {
        sqlite3_reset(count);
        return store_fail(store, "counting failures of the log", error);
    }
    *crowd = (struct crowd){text_of(client->host), hour, sqlite3_column_int64(count, 0)};
    sqlite3_reset(count);
    return true;
}

static bool write_client(struct log_writer *writer, const struct log_event *client,
                         struct crowd *crowd, GError **error)
{
    const char *ip = client->ip;
    bool found;

    if (!count_crowd(writer->store, client, crowd, error) ||
        !add_to_client(writer->store, client, ip, &found, error))
        return false;
    if (!found && ip != NULL && crowd->rows >= STORE_LOG_INBOUND_ROWS) {
        ip = NULL;
        if (!add_to_client(writer->store, client, ip, &found, error))
            return false;
    }
    if (found)
        return true;
    crowd->rows++;
    writer->written.failures++;
    return add_failure(writer->store, client, ip, error);
}

static gint by_host_and_time(gconstpointer one, gconstpointer other)
{
    const struct log_event *a = *(const struct log_event *const *)one;
    const struct log_event *b = *(const struct log_event *const *)other;
    int order = strcmp(text_of(a->host), text_of(b->host));

    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

static bool write_clients(struct log_writer *writer, GError **error)
{
    g_autoptr(GPtrArray) clients = g_ptr_array_new();
    struct crowd crowd = {0};
    GHashTableIter all;
    gpointer client;

    g_hash_table_iter_init(&all, writer->clients);
    while (g_hash_table_iter_next(&all, &client, NULL))
        g_ptr_array_add(clients, client);
    g_ptr_array_sort(clients, by_host_and_time);
    for (guint i = 0; i < clients->len; i++)
        if (!write_client(writer, g_ptr_array_index(clients, i), &crowd, error))
            return false;
    return true;
}

static bool is_returned(struct store *store, const struct log_event *message, gint64 at, bool *yes,
                        GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_RETURNED, error);

    if (find == NULL)
        return false;
    store_bind_text(find, 1, message->queue_id);
    store_bind_text(find, 2, message->host);
    sqlite3_bind_int64(find, 3, at);
    int code = sqlite3_step(find);
    *yes = code == SQLITE_ROW;
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "looking up a message", error);
}

static bool set_returned(struct log_writer *writer, const struct log_event *message, gint64 at,
                         GError **error)
{
    struct store *store = writer->store;
    sqlite3_stmt *update = store_statement(store, SQL_SET_RETURNED, error);
    bool before;

    if (update == NULL || !is_returned(store, message, at, &before, error))
        return false;
    store_bind_text(update, 1, message->queue_id);
    store_bind_text(update, 2, message->host);
    sqlite3_bind_int64(update, 3, at);
    sqlite3_bind_int64(update, 4, at - EXPIRY_SECONDS);
    if (!store_run(store, update, "noting a returned message", error))
        return false;
    writer->written.expired += !before && sqlite3_changes(store->db) > 0;
    return true;
}

static bool add_expiry(struct log_writer *writer, const struct log_event *message, GError **error)
{
    sqlite3_stmt *add = store_statement(writer->store, SQL_ADD_EXPIRY, error);

    if (add == NULL)
        return false;
    store_bind_text(add, 1, message->queue_id);
    store_bind_text(add, 2, text_of(message->host));
    sqlite3_bind_int64(add, 3, message->at);
    return store_run(writer->store, add, "noting a returned message", error) &&
           set_returned(writer, message, message->at, error);
}

/* Where the end of this message was read before its failure. */
static bool look_for_expiry(struct log_writer *writer, const struct log_event *failure,
                            GError **error)
{
    sqlite3_stmt *find = store_statement(writer->store, SQL_FIND_EXPIRY, error);
    gint64 at;
    bool found;

    if (find == NULL)
        return false;
    store_bind_text(find, 1, failure->queue_id);
    store_bind_text(find, 2, text_of(failure->host));
    sqlite3_bind_int64(find, 3, failure->at);
    sqlite3_bind_int64(find, 4, failure->at + EXPIRY_SECONDS);
    if (sqlite3_step(find) != SQLITE_ROW) {
        sqlite3_reset(find);
        return store_fail(writer->store, "looking up a message", error);
    }
    found = sqlite3_column_type(find, 0) != SQLITE_NULL;
    at = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return !found || set_returned(writer, failure, at, error);
}

/* After the failures. */
static bool write_expiries(struct log_writer *writer, GError **error)
{
    for (guint i = 0; i < writer->failures->len; i++) {
        const struct log_event *failure = g_ptr_array_index(writer->failures, i);
        if (failure->queue_id != NULL && !look_for_expiry(writer, failure, error))
            return false;
    }
    for (guint i = 0; i < writer->expiries->len; i++) {
        const struct log_event *message = g_ptr_array_index(writer->expiries, i);
        if (message->queue_id != NULL && !add_expiry(writer, message, error))
            return false;
    }
    return true;
}

bool log_writer_write(struct log_writer *writer, GError **error)
{
    bool changed;

    memset(&writer->written, 0, sizeof writer->written);
    if (writer->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&writer->error));
        return false;
    }
    /* While we hold the lock nobody adds, but prune may have dropped kinds of sessions. */
    if (!others_wrote(writer, &changed, error))
        return false;
    if (changed)
        forget_route_ids(writer);
    return log_mark_cache_write(writer->marks, error) && write_counts(writer, error) &&
           write_failures(writer, error) && write_clients(writer, error) &&
           write_expiries(writer, error);
}

static void forget_routes(struct log_writer *writer)
{
    g_hash_table_remove_all(writer->routes);
    g_string_chunk_clear(writer->route_texts);
}

static void drop_waiting(struct log_writer *writer)
{
    for (guint i = 0; i < writer->counts->len; i++)
        g_array_index(writer->counts, struct count, i).route->position = 0;
    g_array_set_size(writer->counts, 0);
    if (g_hash_table_size(writer->routes) > ROUTES_KEPT)
        forget_routes(writer);
    writer->route_bytes = 0;
    g_ptr_array_set_size(writer->failures, 0);
    g_hash_table_remove_all(writer->clients);
    g_ptr_array_set_size(writer->expiries, 0);
    g_string_chunk_clear(writer->failure_texts);
    writer->failure_bytes = 0;
    memset(&writer->waiting, 0, sizeof writer->waiting);
}

void log_writer_settle(struct log_writer *writer, bool committed, struct store_log_counts *counts)
{
    log_mark_cache_settle(writer->marks, committed);
    if (!committed) {
        forget_route_ids(writer);
        return;
    }
    counts->sessions += writer->waiting.sessions;
    counts->failures += writer->waiting.failures + writer->written.failures;
    counts->expired += writer->written.expired;
    counts->known += writer->waiting.known;
    drop_waiting(writer);
    unlock(writer);
}
