/* Lines that were told alone when only a part of the log had been read, with their sessions. */
#include "schema/store_log_private.h"

/* The session of such a line: a kind without its outcome and version, and its hour. */
struct alone {
    gint64 hour;
    struct log_route route;
    char *texts[4];
};

static void clear(struct alone *alone)
{
    for (size_t i = 0; i < G_N_ELEMENTS(alone->texts); i++)
        g_free(alone->texts[i]);
}

static void read_columns(sqlite3_stmt *find, struct alone *alone)
{
    alone->hour = sqlite3_column_int64(find, 0);
    alone->route.direction = DIRECTION_OUT;
    alone->route.mta = mta_from_word((const char *)sqlite3_column_text(find, 1));
    alone->route.level = tls_level_from_word((const char *)sqlite3_column_text(find, 2));
    for (size_t i = 0; i < G_N_ELEMENTS(alone->texts); i++) {
        alone->texts[i] = store_column_dup(find, (int)i + 3);
        alone->route.texts[i] = store_log_text(alone->texts[i]);
    }
}

static bool find_alone(struct store *store, guint64 mark, struct alone *alone, bool *found,
                       GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_ALONE, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, (gint64)mark);
    code = sqlite3_step(find);
    *found = code == SQLITE_ROW;
    if (*found)
        read_columns(find, alone);
    sqlite3_reset(find);
    return *found || code == SQLITE_DONE ||
           store_fail(store, "looking up a failure of the log", error);
}

/* *route 0: there is none of this outcome and version. */
static bool find_count(struct store *store, const struct alone *alone, gint64 *route,
                       GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_ALONE_COUNT, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, alone->hour);
    sqlite3_bind_int64(find, 2, log_route_hash(&alone->route));
    store_bind_text(find, 3, session_outcome_word(alone->route.outcome));
    for (size_t i = 0; i < G_N_ELEMENTS(alone->texts); i++)
        store_bind_text(find, (int)i + 4, alone->texts[i]);
    code = sqlite3_step(find);
    *route = code == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "looking up a kind of session", error);
}

static bool change_count(struct store *store, enum statement which, gint64 hour, gint64 route,
                         GError **error)
{
    sqlite3_stmt *change = store_statement(store, which, error);

    if (change == NULL)
        return false;
    sqlite3_bind_int64(change, 1, hour);
    sqlite3_bind_int64(change, 2, route);
    return store_run(store, change, "counting sessions", error);
}

/* Failed, or of unknown outcome where the line alone does not say that it was. Each kind that it
   may be is asked for by its hash: an hour can have a hundred thousand others. */
static bool uncount_session(struct store *store, struct alone *alone, GError **error)
{
    static const enum session_outcome outcomes[] = {SESSION_FAILED, SESSION_UNKNOWN};
    gint64 route = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(outcomes) && route == 0; i++)
        for (int version = TLS_VERSION_UNKNOWN; version <= TLS_VERSION_1_3 && route == 0;
             version++) {
            alone->route.outcome = outcomes[i];
            alone->route.version = (enum tls_version)version;
            if (!find_count(store, alone, &route, error))
                return false;
        }
    return route == 0 || (change_count(store, SQL_UNCOUNT_ALONE, alone->hour, route, error) &&
                          change_count(store, SQL_DROP_EMPTY_COUNT, alone->hour, route, error));
}

static bool drop_session(struct store *store, guint64 mark, GError **error)
{
    struct alone alone = {0};
    bool found;
    bool ok = find_alone(store, mark, &alone, &found, error) &&
              (!found || uncount_session(store, &alone, error));

    clear(&alone);
    return ok;
}

static bool drop_failure(struct store *store, guint64 mark, GError **error)
{
    sqlite3_stmt *drop = store_statement(store, SQL_DROP_LOG_FAILURE, error);

    if (drop == NULL)
        return false;
    sqlite3_bind_int64(drop, 1, (gint64)mark);
    return store_run(store, drop, "dropping a failure of the log", error);
}

bool log_alone_drop(struct store *store, const GArray *consumed, GError **error)
{
    for (guint i = 0; i < consumed->len; i++) {
        const struct log_consumed *alone = &g_array_index(consumed, struct log_consumed, i);
        if ((alone->was_counted && !drop_session(store, alone->mark, error)) ||
            !drop_failure(store, alone->mark, error))
            return false;
    }
    return true;
}
