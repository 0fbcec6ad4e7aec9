/* What a log told, into the tables. */
#include "schema/store_log_private.h"
#include <string.h>

#define COUNTS_AT_ONCE 16 /* rows of SQL_ADD_COUNTS */

#define EXPIRY_SECONDS (INT64_C(86400) * STORE_LOG_EXPIRY_DAYS)

static bool words_of_route(struct store *store, const struct log_route *route, gint64 *id,
                           GError **error)
{
    const struct log_words words = {{mta_word(route->mta), tls_level_word(route->level),
                                     store_log_null(tls_version_word(route->version)),
                                     session_outcome_word(route->outcome)}};

    return store_log_words(store, &words, id, error);
}

static void bind_route(sqlite3_stmt *statement, const struct log_route *route, gint64 words)
{
    store_bind_text(statement, 1, store_log_null(route->texts[0]));
    store_bind_text(statement, 2, direction_word(route->direction));
    store_bind_text(statement, 3, store_log_null(route->texts[1]));
    store_bind_text(statement, 4, store_log_null(route->texts[2]));
    store_bind_text(statement, 5, store_log_null(route->texts[3]));
    sqlite3_bind_int64(statement, 6, words);
    sqlite3_bind_int64(statement, 7, route->hash);
}

/* *found false: there is no row for it yet. */
static bool find_route(struct store *store, struct log_route *route, gint64 words, bool *found,
                       GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_ROUTE, error);
    int code;

    if (find == NULL)
        return false;
    bind_route(find, route, words);
    code = sqlite3_step(find);
    *found = code == SQLITE_ROW;
    if (*found)
        route->id = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return *found || code == SQLITE_DONE ||
           store_fail(store, "looking up a kind of session", error);
}

static bool has_routes(struct store *store, bool *yes, GError **error)
{
    sqlite3_stmt *any = store_statement(store, SQL_ANY_ROUTE, error);
    int code;

    if (any == NULL)
        return false;
    code = sqlite3_step(any);
    *yes = code == SQLITE_ROW && sqlite3_column_int(any, 0) != 0;
    sqlite3_reset(any);
    return code == SQLITE_ROW || store_fail(store, "looking up a kind of session", error);
}

/* `none`: there was no route before those of this write, which are all different. */
static bool know_route(struct store *store, struct log_route *route, bool none, GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_ROUTE, error);
    bool found = false;
    gint64 words;

    if (add == NULL || !words_of_route(store, route, &words, error) ||
        (!none && !find_route(store, route, words, &found, error)))
        return false;
    if (found)
        return true;
    bind_route(add, route, words);
    if (!store_run(store, add, "writing a kind of session", error))
        return false;
    route->id = sqlite3_last_insert_rowid(store->db);
    return true;
}

static gint by_hour_and_route(gconstpointer one, gconstpointer other)
{
    const struct log_count *a = one, *b = other;

    if (a->hour != b->hour)
        return a->hour < b->hour ? -1 : 1;
    return a->route->id < b->route->id ? -1 : a->route->id > b->route->id;
}

/* In the order of the table, so that its pages are written one after the other. */
static bool sort_counts(struct log_writer *writer, GError **error)
{
    struct log_count *counts = (struct log_count *)writer->counts->data;
    bool any;

    if (!has_routes(writer->store, &any, error))
        return false;
    for (guint i = 0; i < writer->counts->len; i++)
        if (counts[i].route->id == 0 && !know_route(writer->store, counts[i].route, !any, error))
            return false;
    g_array_sort(writer->counts, by_hour_and_route);
    for (guint i = 0; i < writer->counts->len; i++) {
        counts[i].route->position = i + 1;
        counts[i].route->hour = counts[i].hour;
    }
    return true;
}

static bool add_counts(struct store *store, enum statement which, const struct log_count *counts,
                       guint rows, GError **error)
{
    sqlite3_stmt *add = store_statement(store, which, error);
    int next = 1;

    if (add == NULL)
        return false;
    for (guint i = 0; i < rows; i++) {
        sqlite3_bind_int64(add, next++, counts[i].hour);
        sqlite3_bind_int64(add, next++, counts[i].route->id);
        sqlite3_bind_int64(add, next++, (gint64)counts[i].sessions);
    }
    return store_run(store, add, "counting sessions", error);
}

/* Most of them several at once, in half the time. */
static bool write_counts(struct log_writer *writer, GError **error)
{
    const struct log_count *counts;
    guint i = 0, left;

    if (!sort_counts(writer, error))
        return false;
    counts = (const struct log_count *)(const void *)writer->counts->data;
    for (left = writer->counts->len; left >= COUNTS_AT_ONCE; left -= COUNTS_AT_ONCE) {
        if (!add_counts(writer->store, SQL_ADD_COUNTS, &counts[i], COUNTS_AT_ONCE, error))
            return false;
        i += COUNTS_AT_ONCE;
    }
    for (; left > 0; left--)
        if (!add_counts(writer->store, SQL_ADD_COUNT, &counts[i++], 1, error))
            return false;
    return true;
}

/* Nearly always a part of the line, so that its place is enough. SQL counts characters. */
static void bind_reason(sqlite3_stmt *add, const struct log_event *event)
{
    const char *place = event->line != NULL && event->reason != NULL && *event->reason != '\0'
                            ? strstr(event->line, event->reason)
                            : NULL;
    size_t before = place != NULL ? (size_t)(place - event->line) : 0;
    size_t length = place != NULL ? strlen(event->reason) : 0;

    if (place == NULL || length > G_MAXUINT16 || !g_str_is_ascii(event->line)) {
        store_bind_text(add, 13, event->reason);
        return;
    }
    sqlite3_bind_int64(add, 14, (gint64)(before + 1) << 16 | (gint64)length);
}

static bool words_of_failure(struct store *store, const struct log_event *event, gint64 *id,
                             GError **error)
{
    const struct log_words words = {{
        mta_word(event->mta),
        tls_level_word(event->level),
        store_log_null(tls_version_word(event->version)),
        log_outcome_word(event->outcome),
        event->result_type != RESULT_UNKNOWN ? result_type_word(event->result_type) : NULL,
        failure_type_word(event->failure_type),
        layer_word(failure_type_layer(event->failure_type)),
        store_log_null(log_detail_word(event->detail)),
        mail_effect_word(log_outcome_effect(event->outcome)),
    }};

    return store_log_words(store, &words, id, error);
}

/* Whether the line may be told again with the line of a delivery. */
static bool is_alone(const struct log_event *event)
{
    return (event->outcome == LOG_OUTCOME_UNKNOWN || event->is_open) &&
           event->direction == DIRECTION_OUT && event->mark != 0;
}

bool store_add_log_failure(struct store *store, const struct log_event *event, const char *ip,
                           gint64 now, GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_LOG_FAILURE, error);
    gint64 words;

    if (add == NULL || !words_of_failure(store, event, &words, error))
        return false;
    sqlite3_bind_int64(add, 1, event->at);
    store_bind_text(add, 2, event->host);
    store_bind_text(add, 3, direction_word(event->direction));
    store_bind_text(add, 4, event->queue_id);
    store_bind_text(add, 5, event->domain);
    store_bind_text(add, 6, event->next_hop);
    store_bind_text(add, 7, event->mx);
    store_bind_text(add, 8, ip);
    sqlite3_bind_int64(add, 9, words);
    sqlite3_bind_int64(add, 10, event->sessions);
    if (event->delay >= 0)
        sqlite3_bind_int64(add, 11, event->delay);
    store_bind_text(add, 12, event->dsn);
    bind_reason(add, event);
    store_bind_text(add, 15, event->tls_error);
    if (is_alone(event))
        sqlite3_bind_int64(add, 16, (gint64)event->mark);
    store_bind_text(add, 17, event->line);
    sqlite3_bind_int64(add, 18, now);
    return store_run(store, add, "writing a failure of the log", error);
}

static gint64 time_of(const struct log_writer *writer)
{
    return writer->now != 0 ? writer->now : g_get_real_time() / G_USEC_PER_SEC;
}

static bool write_failures(struct log_writer *writer, GError **error)
{
    for (guint i = 0; i < writer->failures->len; i++) {
        const struct log_event *event = g_ptr_array_index(writer->failures, i);
        if (!store_add_log_failure(writer->store, event, event->ip, time_of(writer), error))
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
    store_bind_text(update, 5, store_log_null(log_detail_word(client->detail)));
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
    bool was_empty; /* before this write, which has each client once */
};

static bool count_crowd(struct store *store, const struct log_event *client, struct crowd *crowd,
                        GError **error)
{
    sqlite3_stmt *count;
    gint64 hour = store_log_hour(client->at);

    if (crowd->host != NULL && crowd->hour == hour &&
        strcmp(crowd->host, store_log_text(client->host)) == 0)
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
    *crowd = (struct crowd){
        .host = store_log_text(client->host), .hour = hour, .rows = sqlite3_column_int64(count, 0)};
    crowd->was_empty = crowd->rows == 0;
    sqlite3_reset(count);
    return true;
}

static bool write_client(struct log_writer *writer, const struct log_event *client,
                         struct crowd *crowd, GError **error)
{
    const char *ip = client->ip;
    bool found = false;

    if (!count_crowd(writer->store, client, crowd, error))
        return false;
    if ((!crowd->was_empty || ip == NULL) &&
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
    return store_add_log_failure(writer->store, client, ip, time_of(writer), error);
}

static gint by_host_and_time(gconstpointer one, gconstpointer other)
{
    const struct log_event *a = *(const struct log_event *const *)one;
    const struct log_event *b = *(const struct log_event *const *)other;
    int order = strcmp(store_log_text(a->host), store_log_text(b->host));

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
    store_bind_text(add, 2, store_log_text(message->host));
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
    store_bind_text(find, 2, store_log_text(failure->host));
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

bool store_log_write(struct log_writer *writer, GError **error)
{
    return write_counts(writer, error) && log_open_drop_failures(writer->open, error) &&
           write_failures(writer, error) && log_open_write(writer->open, error) &&
           log_alone_drop(writer->store, writer->consumed, error) && write_clients(writer, error) &&
           write_expiries(writer, error) && log_peers_write(writer->peers, error);
}
