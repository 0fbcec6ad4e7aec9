/* What was told of a part of a log, and goes where the rest tells how it was. */
#include "schema/store_log_private.h"

/* Of one read come those near its ends only; past this many they stay as they were told. */
#define ADDED_MAX 4096

enum table { SESSIONS, FAILURES, TABLES };

struct added {
    enum table table;
    gint64 mark;
    const struct log_route *route; /* SESSIONS */
    gint64 hour;
    guint sessions;
    bool is_gone;
};

struct log_open {
    struct store *store;
    GHashTable *known[TABLES]; /* gint64 marks, of the store and of those added */
    GArray *added;             /* struct added, not written yet */
    GArray *gone[TABLES];      /* gint64 marks, likewise */
};

static enum table table_of(enum log_event_kind kind)
{
    return kind == LOG_EVENT_FAILURE ? FAILURES : SESSIONS;
}

struct log_open *log_open_new(struct store *store)
{
    struct log_open *open = g_new0(struct log_open, 1);

    open->store = store;
    open->added = g_array_new(FALSE, FALSE, sizeof(struct added));
    for (int i = 0; i < TABLES; i++) {
        open->known[i] = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        open->gone[i] = g_array_new(FALSE, FALSE, sizeof(gint64));
    }
    return open;
}

void log_open_free(struct log_open *open)
{
    if (open == NULL)
        return;
    g_array_unref(open->added);
    for (int i = 0; i < TABLES; i++) {
        g_hash_table_unref(open->known[i]);
        g_array_unref(open->gone[i]);
    }
    g_free(open);
}

static void know(struct log_open *open, enum table table, gint64 mark)
{
    g_hash_table_add(open->known[table], g_memdup2(&mark, sizeof mark));
}

bool log_open_load(struct log_open *open, GError **error)
{
    sqlite3_stmt *read = store_statement(open->store, SQL_READ_OPEN, error);
    int code;

    if (read == NULL)
        return false;
    for (int i = 0; i < TABLES; i++)
        g_hash_table_remove_all(open->known[i]);
    while ((code = sqlite3_step(read)) == SQLITE_ROW)
        know(open, sqlite3_column_int(read, 1) != 0 ? SESSIONS : FAILURES,
             sqlite3_column_int64(read, 0));
    sqlite3_reset(read);
    for (guint i = 0; i < open->added->len; i++) {
        const struct added *added = &g_array_index(open->added, struct added, i);
        if (!added->is_gone)
            know(open, added->table, added->mark);
    }
    for (int i = 0; i < TABLES; i++)
        for (guint k = 0; k < open->gone[i]->len; k++)
            g_hash_table_remove(open->known[i], &g_array_index(open->gone[i], gint64, k));
    return code == SQLITE_DONE || store_fail(open->store, "reading what is open of the log", error);
}

void log_open_add(struct log_open *open, const struct log_event *event,
                  const struct log_route *route)
{
    struct added added = {.table = table_of(event->kind),
                          .mark = (gint64)event->mark,
                          .route = route,
                          .hour = store_log_hour(event->at),
                          .sessions = event->sessions};

    if (event->mark == 0 || open->added->len >= ADDED_MAX)
        return;
    g_array_append_val(open->added, added);
    know(open, added.table, added.mark);
}

/* Where it waits to be written itself; NULL: in the store. */
static struct added *find_added(struct log_open *open, enum table table, gint64 mark)
{
    for (guint i = open->added->len; i-- > 0;) {
        struct added *added = &g_array_index(open->added, struct added, i);
        if (added->table == table && added->mark == mark && !added->is_gone)
            return added;
    }
    return NULL;
}

enum log_open_found log_open_take(struct log_open *open, enum log_event_kind kind, guint64 mark)
{
    enum table table = table_of(kind);
    gint64 key = (gint64)mark;
    struct added *added;

    if (g_hash_table_size(open->known[table]) == 0 ||
        !g_hash_table_remove(open->known[table], &key))
        return LOG_OPEN_NONE;
    added = find_added(open, table, key);
    /* A count that waits is taken back once it is written. */
    if (added != NULL && table == FAILURES) {
        added->is_gone = true;
        return LOG_OPEN_WAITING;
    }
    g_array_append_val(open->gone[table], key);
    return LOG_OPEN_STORED;
}

static bool run_for(struct log_open *open, enum statement which, const GArray *marks,
                    GError **error)
{
    sqlite3_stmt *statement = store_statement(open->store, which, error);

    for (guint i = 0; statement != NULL && i < marks->len; i++) {
        sqlite3_bind_int64(statement, 1, g_array_index(marks, gint64, i));
        if (!store_run(open->store, statement, "taking back what was open of the log", error))
            return false;
    }
    return statement != NULL;
}

bool log_open_drop_failures(struct log_open *open, GError **error)
{
    const GArray *gone = open->gone[FAILURES];

    return gone->len == 0 || (run_for(open, SQL_DROP_LOG_FAILURE, gone, error) &&
                              run_for(open, SQL_DROP_OPEN_FAILURE, gone, error));
}

static bool write_added(struct log_open *open, const struct added *added, GError **error)
{
    sqlite3_stmt *add = store_statement(open->store, SQL_ADD_OPEN, error);

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, added->mark);
    if (added->route != NULL) {
        sqlite3_bind_int64(add, 2, added->route->id);
        sqlite3_bind_int64(add, 3, added->hour);
        sqlite3_bind_int64(add, 4, added->sessions);
    }
    return store_run(open->store, add, "noting what is open of the log", error);
}

static bool bound(struct log_open *open, GError **error)
{
    sqlite3_stmt *drop = store_statement(open->store, SQL_BOUND_OPEN, error);

    if (drop == NULL)
        return false;
    sqlite3_bind_int64(drop, 1, STORE_LOG_OPEN_MAX);
    return store_run(open->store, drop, "dropping what was open of the log", error);
}

bool log_open_write(struct log_open *open, GError **error)
{
    const GArray *gone = open->gone[SESSIONS];
    bool any = false;

    for (guint i = 0; i < open->added->len; i++) {
        const struct added *added = &g_array_index(open->added, struct added, i);
        if (!added->is_gone && !write_added(open, added, error))
            return false;
        any = true;
    }
    if (gone->len > 0 && !(run_for(open, SQL_UNCOUNT_OPEN, gone, error) &&
                           run_for(open, SQL_DROP_EMPTY_OPEN_COUNT, gone, error) &&
                           run_for(open, SQL_DROP_OPEN_SESSION, gone, error)))
        return false;
    return !any || bound(open, error);
}

void log_open_settle(struct log_open *open, bool committed)
{
    if (!committed)
        return;
    g_array_set_size(open->added, 0);
    for (int i = 0; i < TABLES; i++)
        g_array_set_size(open->gone[i], 0);
}
