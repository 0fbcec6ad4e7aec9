#include "schema/store_overview.h"
#include "schema/store_private.h"

/* ?1, ?2: the time; ?3: STORE_OVERVIEW_ROWS. */
static const char kinds[] = "SELECT kind, outcome, NULL, count(*) FROM arrival "
                            "WHERE at >= ?1 AND at < ?2 GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2 "
                            "LIMIT ?3";

/* What rtrim() leaves ends with the last "@": a local part in quotes may hold others. */
static const char senders[] =
    "SELECT kind, outcome, CASE WHEN instr(sender, '@') > 0 "
    "THEN substr(sender, length(rtrim(sender, replace(sender, '@', ''))) + 1) END, count(*) "
    "FROM arrival WHERE at >= ?1 AND at < ?2 GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 3, 2 LIMIT ?3";

static const char problems[] =
    "SELECT problem, clause, count(*) FROM unread "
    "WHERE later = 0 AND at >= ?1 AND at < ?2 GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT ?3";

/* Once over all: a forger has many names, and one search for each of them would not end. Nor must
   they displace those that are known. */
static const char unsigned_reporters[] =
    "SELECT organization, sum(authenticated = 'fail' AND ingested_at >= ?1 AND ingested_at < ?2) "
    "AS failed, sum(authenticated = 'pass') FROM "
    "(SELECT r.organization, r.ingested_at, a.authenticated FROM report r "
    "JOIN arrival a ON a.id = r.arrival WHERE a.authenticated IN ('fail', 'pass') "
    "UNION ALL SELECT r.organization, r.ingested_at, a.authenticated FROM dmarc_report r "
    "JOIN arrival a ON a.id = r.arrival WHERE a.authenticated IN ('fail', 'pass')) "
    "GROUP BY 1 HAVING failed > 0 ORDER BY sum(authenticated = 'pass') = 0, 2 DESC, 1 LIMIT ?3";

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static sqlite3_stmt *ask(struct store *store, const char *sql, gint64 from, gint64 to,
                         GError **error)
{
    sqlite3_stmt *question = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &question, NULL) != SQLITE_OK) {
        store_fail(store, "preparing a question", error);
        return NULL;
    }
    sqlite3_bind_int64(question, 1, from);
    sqlite3_bind_int64(question, 2, to != 0 ? to : G_MAXINT64);
    sqlite3_bind_int(question, 3, STORE_OVERVIEW_ROWS);
    return question;
}

static bool end(struct store *store, sqlite3_stmt *question, int code, GError **error)
{
    sqlite3_finalize(question);
    return code == SQLITE_DONE || store_fail(store, "adding up what came in", error);
}

static bool each_arrivals(struct store *store, const char *sql, gint64 from, gint64 to,
                          store_arrivals_fn take, void *data, GError **error)
{
    sqlite3_stmt *row = ask(store, sql, from, to, error);
    int code = SQLITE_ERROR;

    while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct store_arrivals_of arrivals = {
            text_of(row, 0), text_of(row, 1), text_of(row, 2), (guint)sqlite3_column_int64(row, 3)};
        take(&arrivals, data);
    }
    return row != NULL && end(store, row, code, error);
}

bool store_each_kind(struct store *store, gint64 from, gint64 to, store_arrivals_fn take,
                     void *data, GError **error)
{
    return each_arrivals(store, kinds, from, to, take, data, error);
}

bool store_each_sender(struct store *store, gint64 from, gint64 to, store_arrivals_fn take,
                       void *data, GError **error)
{
    return each_arrivals(store, senders, from, to, take, data, error);
}

bool store_each_problem(struct store *store, gint64 from, gint64 to, store_problem_fn take,
                        void *data, GError **error)
{
    sqlite3_stmt *row = ask(store, problems, from, to, error);
    int code = SQLITE_ERROR;

    while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW)
        take(text_of(row, 0), text_of(row, 1), (guint)sqlite3_column_int64(row, 2), data);
    return row != NULL && end(store, row, code, error);
}

bool store_each_unsigned(struct store *store, gint64 from, gint64 to, store_unsigned_fn take,
                         void *data, GError **error)
{
    sqlite3_stmt *row = ask(store, unsigned_reporters, from, to, error);
    int code = SQLITE_ERROR;

    while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW)
        take(text_of(row, 0), (guint)sqlite3_column_int64(row, 1),
             (guint)sqlite3_column_int64(row, 2), data);
    return row != NULL && end(store, row, code, error);
}

static bool any_row(struct store *store, const char *sql, bool *any, GError **error)
{
    sqlite3_stmt *row = ask(store, sql, 0, 0, error);
    int code = row != NULL ? sqlite3_step(row) : SQLITE_ERROR;

    *any = code == SQLITE_ROW;
    return row != NULL && end(store, row, *any ? SQLITE_DONE : code, error);
}

bool store_any_report(struct store *store, bool *any, GError **error)
{
    return any_row(store, "SELECT 1 FROM report LIMIT 1", any, error);
}

bool store_any_log(struct store *store, bool *any, GError **error)
{
    return any_row(store, "SELECT 1 FROM log_route UNION ALL SELECT 1 FROM log_failure LIMIT 1",
                   any, error);
}
