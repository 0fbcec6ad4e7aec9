/* What a log tells, as it waits to be written. */
#include "schema/store_log_private.h"
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* So much may wait in memory; a caller that looks at log_writer_is_full() now and then goes over it
   by what comes meanwhile. */
#define WAITING_MARKS 50000
#define WAITING_FAILURES 20000
#define WAITING_BYTES ((gsize)8 << 20)

/* Kinds of sessions that are remembered from one write to the next. */
#define ROUTES_KEPT 16384

#define LOCK_SLEEP_MIN_US 2000
#define LOCK_SLEEP_MAX_US 20000

static guint hash_texts(const char *const *texts, size_t count, guint64 seed)
{
    for (size_t i = 0; i < count; i++)
        seed = XXH3_64bits_withSeed(texts[i], strlen(texts[i]), seed + i);
    return (guint)(seed ^ seed >> 32);
}

guint log_route_hash(const struct log_route *route)
{
    return hash_texts(route->texts, G_N_ELEMENTS(route->texts),
                      (guint64)route->mta << 24 | (guint64)route->direction << 20 |
                          (guint64)route->level << 16 | (guint64)route->outcome << 8 |
                          (guint64)route->version);
}

static guint hash_route(gconstpointer data)
{
    return ((const struct log_route *)data)->hash;
}

static gboolean is_same_route(gconstpointer one, gconstpointer other)
{
    const struct log_route *a = one, *b = other;

    if (a->hash != b->hash || a->mta != b->mta || a->direction != b->direction ||
        a->level != b->level || a->outcome != b->outcome || a->version != b->version)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(a->texts); i++)
        if (strcmp(a->texts[i], b->texts[i]) != 0)
            return false;
    return true;
}

/* Of clients one row is kept for each hour, host, address and detail. */
static guint hash_client(gconstpointer data)
{
    const struct log_event *event = data;
    const char *texts[] = {store_log_text(event->host), store_log_text(event->ip)};

    return hash_texts(texts, G_N_ELEMENTS(texts),
                      (guint64)store_log_hour(event->at) << 16 | (guint64)event->detail);
}

static gboolean is_same_client(gconstpointer one, gconstpointer other)
{
    const struct log_event *a = one, *b = other;

    return a->detail == b->detail && store_log_hour(a->at) == store_log_hour(b->at) &&
           strcmp(store_log_text(a->ip), store_log_text(b->ip)) == 0 &&
           strcmp(store_log_text(a->host), store_log_text(b->host)) == 0;
}

struct log_writer *log_writer_new(struct store *store)
{
    struct log_writer *writer = g_new0(struct log_writer, 1);

    writer->store = store;
    writer->lock = -1;
    writer->marks = log_mark_cache_new(store);
    writer->open = log_open_new(store);
    writer->peers = log_peers_new(store);
    writer->routes = g_hash_table_new_full(hash_route, is_same_route, g_free, NULL);
    writer->route_texts = g_string_chunk_new(32 << 10);
    writer->counts = g_array_new(FALSE, FALSE, sizeof(struct log_count));
    writer->failures = g_ptr_array_new_with_free_func(g_free);
    writer->consumed = g_array_new(FALSE, FALSE, sizeof(struct log_consumed));
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
    log_open_free(writer->open);
    log_peers_free(writer->peers);
    g_array_unref(writer->counts);
    g_hash_table_unref(writer->routes);
    g_string_chunk_free(writer->route_texts);
    g_ptr_array_unref(writer->failures);
    g_array_unref(writer->consumed);
    g_hash_table_unref(writer->clients);
    g_ptr_array_unref(writer->expiries);
    g_string_chunk_free(writer->failure_texts);
    g_clear_error(&writer->error);
    g_free(writer);
}

void log_writer_set_time(struct log_writer *writer, gint64 now)
{
    writer->now = now;
}

static void forget_route_ids(struct log_writer *writer)
{
    GHashTableIter routes;
    gpointer route;

    g_hash_table_iter_init(&routes, writer->routes);
    while (g_hash_table_iter_next(&routes, &route, NULL))
        ((struct log_route *)route)->id = 0;
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
            !store_waits_on(writer->store, begin)) {
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
    if (!changed)
        return true;
    log_mark_cache_forget(writer->marks);
    forget_route_ids(writer);
    if (log_open_load(writer->open, error))
        return true;
    writer->data_version = 0;
    unlock(writer);
    return false;
}

static struct log_route *add_route(struct log_writer *writer, const struct log_route *wanted)
{
    struct log_route *route = g_memdup2(wanted, sizeof *wanted);

    writer->route_bytes += sizeof *route;
    for (size_t i = 0; i < G_N_ELEMENTS(route->texts); i++) {
        route->texts[i] = g_string_chunk_insert(writer->route_texts, wanted->texts[i]);
        writer->route_bytes += strlen(route->texts[i]) + 1;
    }
    g_hash_table_add(writer->routes, route);
    return route;
}

static struct log_route *find_route(struct log_writer *writer, const struct log_event *event)
{
    bool is_out = event->direction == DIRECTION_OUT;
    struct log_route wanted = {
        .texts = {store_log_text(event->host), store_log_text(is_out ? event->domain : NULL),
                  store_log_text(is_out ? event->next_hop : NULL),
                  store_log_text(is_out ? event->mx : NULL)},
        .mta = event->mta,
        .direction = event->direction,
        .level = is_out ? event->level : LEVEL_UNKNOWN,
        .outcome = event->session,
        .version = event->version,
    };
    struct log_route *route;

    wanted.hash = log_route_hash(&wanted);
    route = g_hash_table_lookup(writer->routes, &wanted);
    return route != NULL ? route : add_route(writer, &wanted);
}

static void take_session(struct log_writer *writer, const struct log_event *event)
{
    struct log_route *route;
    gint64 hour = store_log_hour(event->at);

    if (event->sessions == 0)
        return;
    writer->waiting.sessions += event->sessions;
    route = find_route(writer, event);
    if (route->position == 0 || route->hour != hour) {
        struct log_count count = {.route = route, .hour = hour};
        g_array_append_val(writer->counts, count);
        route->position = writer->counts->len;
        route->hour = hour;
    }
    g_array_index(writer->counts, struct log_count, route->position - 1).sessions +=
        event->sessions;
    if (event->is_open)
        log_open_add(writer->open, event, route);
    if (event->direction == DIRECTION_OUT && event->ip != NULL && event->session != SESSION_FAILED)
        log_peers_take(writer->peers, event);
}

static const char *keep(struct log_writer *writer, const char *text)
{
    if (store_log_null(text) == NULL)
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
    copy->tls_error = keep(writer, event->tls_error);
    copy->line = keep(writer, event->line);
    return copy;
}

/* A line holds the name of a stranger's host; kept where it is about a problem of ours. */
static const char *line_of_client(struct log_writer *writer, const struct log_event *event)
{
    bool is_ours = event->detail == DETAIL_INBOUND_LOCAL_CERT_PROBLEM;

    return is_ours || event->reason == NULL ? keep(writer, event->line) : NULL;
}

static void take_client(struct log_writer *writer, const struct log_event *event)
{
    struct log_event *client = g_hash_table_lookup(writer->clients, event);

    if (client == NULL) {
        client = copy_event(writer, event);
        client->line = line_of_client(writer, event);
        client->queue_id = client->domain = client->next_hop = client->mx = NULL;
        g_hash_table_add(writer->clients, client);
        return;
    }
    client->sessions += MIN(event->sessions, G_MAXUINT - client->sessions);
    if (event->at < client->at) {
        client->at = event->at;
        client->reason = keep(writer, event->reason);
        client->line = line_of_client(writer, event);
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
        if (event->is_open)
            log_open_add(writer->open, event, NULL);
        break;
    case LOG_EVENT_EXPIRED:
        g_ptr_array_add(writer->expiries, copy_event(writer, event));
        break;
    case LOG_EVENT_CONSUMED:
    case LOG_EVENT_COUNTED:
        break;
    }
}

/* Whether what was counted by this line was open; it is taken back. */
static bool take_back(struct log_writer *writer, guint64 mark)
{
    return log_open_take(writer->open, LOG_EVENT_SESSION, mark) != LOG_OPEN_NONE;
}

/* From now on the line is known, as if it and its session had been told alone. */
static void take_consumed(struct log_writer *writer, const struct log_event *event)
{
    struct log_event alone = *event;
    bool is_new, is_new_session;

    alone.kind = LOG_EVENT_SESSION;
    if (!log_mark_cache_take(writer->marks, &alone, &is_new_session, &writer->error))
        return;
    alone.kind = LOG_EVENT_FAILURE;
    if (log_mark_cache_take(writer->marks, &alone, &is_new, &writer->error) && !is_new) {
        bool was_open = !is_new_session && take_back(writer, event->mark);
        struct log_consumed consumed = {event->mark, !is_new_session && !was_open};
        log_open_take(writer->open, LOG_EVENT_FAILURE, event->mark);
        g_array_append_val(writer->consumed, consumed);
    }
}

static void take_counted(struct log_writer *writer, const struct log_event *event)
{
    struct log_event alone = *event;
    bool is_new;

    alone.kind = LOG_EVENT_SESSION;
    if (log_mark_cache_take(writer->marks, &alone, &is_new, &writer->error) && !is_new)
        take_back(writer, event->mark);
}

/* What is known of an event that stands in the store, or waits. */
enum standing { IS_NEW, IS_KNOWN, IS_KNOWN_OTHERWISE };

static enum standing stands(bool is_new, bool is_taken_back)
{
    return is_new ? IS_NEW : is_taken_back ? IS_KNOWN_OTHERWISE : IS_KNOWN;
}

/* A session that was counted by either of its lines is known; from now on by both. */
static bool look_up_session(struct log_writer *writer, const struct log_event *event,
                            enum standing *standing)
{
    struct log_event other = *event;
    enum standing by_other;
    bool is_new;

    if (!log_mark_cache_take(writer->marks, event, &is_new, &writer->error))
        return false;
    *standing = stands(is_new, !is_new && !event->is_open && take_back(writer, event->mark));
    if (event->other_mark == 0)
        return true;
    other.mark = event->other_mark;
    other.at = event->other_at;
    if (!log_mark_cache_take(writer->marks, &other, &is_new, &writer->error))
        return false;
    by_other = stands(is_new, !is_new && !event->is_open && take_back(writer, event->other_mark));
    if (*standing == IS_NEW || by_other == IS_KNOWN)
        *standing = by_other;
    return true;
}

static void drop_waiting_failure(struct log_writer *writer, guint64 mark)
{
    for (guint i = writer->failures->len; i-- > 0;) {
        const struct log_event *failure = g_ptr_array_index(writer->failures, i);
        if (failure->mark == mark && failure->is_open) {
            g_ptr_array_remove_index(writer->failures, i);
            return;
        }
    }
}

static bool look_up(struct log_writer *writer, const struct log_event *event,
                    enum standing *standing)
{
    enum log_open_found found;
    bool is_new;

    if (event->kind == LOG_EVENT_SESSION)
        return look_up_session(writer, event, standing);
    if (!log_mark_cache_take(writer->marks, event, &is_new, &writer->error))
        return false;
    *standing = stands(is_new, false);
    if (is_new || event->kind != LOG_EVENT_FAILURE || event->is_open)
        return true;
    found = log_open_take(writer->open, LOG_EVENT_FAILURE, event->mark);
    if (found == LOG_OPEN_WAITING)
        drop_waiting_failure(writer, event->mark);
    *standing = stands(false, found != LOG_OPEN_NONE);
    return true;
}

/* The counts of what is new leave it out. */
static void take_otherwise(struct log_writer *writer, const struct log_event *event)
{
    struct store_log_counts before = writer->waiting;

    take_new(writer, event);
    writer->waiting = before;
    writer->waiting.known++;
}

void log_writer_take(struct log_writer *writer, const struct log_event *event)
{
    enum standing standing;

    if (writer->error != NULL || (writer->lock < 0 && !take_lock(writer, &writer->error)))
        return;
    if (event->kind == LOG_EVENT_CONSUMED) {
        take_consumed(writer, event);
        return;
    }
    if (event->kind == LOG_EVENT_COUNTED) {
        take_counted(writer, event);
        return;
    }
    if (!look_up(writer, event, &standing))
        return;
    switch (standing) {
    case IS_NEW:
        take_new(writer, event);
        break;
    case IS_KNOWN_OTHERWISE:
        take_otherwise(writer, event);
        break;
    case IS_KNOWN:
        writer->waiting.known++;
        break;
    }
}

bool log_writer_is_full(const struct log_writer *writer)
{
    return log_mark_cache_waiting(writer->marks) >= WAITING_MARKS ||
           writer->failures->len + g_hash_table_size(writer->clients) +
                   log_peers_waiting(writer->peers) >=
               WAITING_FAILURES ||
           writer->counts->len * sizeof(struct log_count) + writer->route_bytes +
                   writer->failure_bytes >=
               WAITING_BYTES;
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
    return log_mark_cache_write(writer->marks, error) && store_log_write(writer, error);
}

static void forget_routes(struct log_writer *writer)
{
    g_hash_table_remove_all(writer->routes);
    g_string_chunk_clear(writer->route_texts);
}

static void drop_waiting(struct log_writer *writer)
{
    for (guint i = 0; i < writer->counts->len; i++)
        g_array_index(writer->counts, struct log_count, i).route->position = 0;
    g_array_set_size(writer->counts, 0);
    if (g_hash_table_size(writer->routes) > ROUTES_KEPT)
        forget_routes(writer);
    writer->route_bytes = 0;
    g_ptr_array_set_size(writer->failures, 0);
    g_array_set_size(writer->consumed, 0);
    g_hash_table_remove_all(writer->clients);
    g_ptr_array_set_size(writer->expiries, 0);
    g_string_chunk_clear(writer->failure_texts);
    writer->failure_bytes = 0;
    memset(&writer->waiting, 0, sizeof writer->waiting);
}

void log_writer_settle(struct log_writer *writer, bool committed, struct store_log_counts *counts)
{
    log_mark_cache_settle(writer->marks, committed);
    log_open_settle(writer->open, committed);
    log_peers_settle(writer->peers, committed);
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
