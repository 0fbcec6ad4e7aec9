/* Which logs were read, by which road and how far. */
#include "schema/store_log_private.h"
#include <string.h>

/* Clocks of journald and of the syslog daemon may differ by so much at the seam between a time that
   was read from one and a time that was read from the other. */
#define OVERLAP_SECONDS 60

static const char *const carriers[] = {
    [LOG_CARRIER_FILE] = "file",
    [LOG_CARRIER_JOURNAL] = "journal",
};

static const char *const carrier_names[] = {
    [LOG_CARRIER_FILE] = "log files",
    [LOG_CARRIER_JOURNAL] = "the journal",
};

static char *time_text(gint64 at)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at);
    char *text = time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;

    return text != NULL ? text : g_strdup_printf("%" G_GINT64_FORMAT, at);
}

static void bind_span(sqlite3_stmt *statement, const char *host, enum log_carrier carrier,
                      gint64 first_at, gint64 last_at)
{
    store_bind_text(statement, 1, host);
    store_bind_text(statement, 2, carriers[carrier]);
    sqlite3_bind_int64(statement, 3, first_at);
    sqlite3_bind_int64(statement, 4, last_at);
}

static void refuse(const char *host, enum log_carrier carrier, gint64 first_at, gint64 last_at,
                   sqlite3_stmt *other, GError **error)
{
    enum log_carrier before = carrier == LOG_CARRIER_FILE ? LOG_CARRIER_JOURNAL : LOG_CARRIER_FILE;
    g_autofree char *first = time_text(first_at), *last = time_text(last_at);
    g_autofree char *other_first = time_text(sqlite3_column_int64(other, 1));
    g_autofree char *other_last = time_text(sqlite3_column_int64(other, 2));

    g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_TWICE,
                "the log of %s from %s to %s came from %s before; %s from %s to %s would count the "
                "same mail twice. Read the log of a host from one of them only, or only the time "
                "that the other has not",
                *host != '\0' ? host : "this host", other_first, other_last, carrier_names[before],
                carrier_names[carrier], first, last);
}

/* Within a minute more than one thing may be read of both. */
static bool check_other(struct store *store, const char *host, enum log_carrier carrier,
                        gint64 first_at, gint64 last_at, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_OTHER_CARRIER, error);
    int code;

    if (find == NULL)
        return false;
    bind_span(find, host, carrier, first_at, last_at);
    sqlite3_bind_int64(find, 5, OVERLAP_SECONDS);
    code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        refuse(host, carrier, first_at, last_at, find, error);
    else if (code != SQLITE_DONE)
        store_fail(store, "looking up what was read", error);
    sqlite3_reset(find);
    return code == SQLITE_DONE;
}

/* Widens the span by those of the same carrier that it touches. *is_known: one of them holds it. */
static bool widen(struct store *store, const char *host, enum log_carrier carrier, gint64 *first_at,
                  gint64 *last_at, bool *is_known, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_SPAN_OF_LOG, error);

    if (find == NULL)
        return false;
    bind_span(find, host, carrier, *first_at, *last_at);
    sqlite3_bind_int64(find, 5, OVERLAP_SECONDS);
    if (sqlite3_step(find) != SQLITE_ROW) {
        sqlite3_reset(find);
        return store_fail(store, "looking up what was read", error);
    }
    *is_known = false;
    if (sqlite3_column_type(find, 0) != SQLITE_NULL) {
        gint64 first = sqlite3_column_int64(find, 0), last = sqlite3_column_int64(find, 1);
        *is_known = sqlite3_column_int64(find, 2) == 1 && first <= *first_at && last >= *last_at;
        *first_at = MIN(*first_at, first);
        *last_at = MAX(*last_at, last);
    }
    sqlite3_reset(find);
    return true;
}

static bool change_spans(struct store *store, enum statement which, const char *host,
                         enum log_carrier carrier, gint64 first_at, gint64 last_at, GError **error)
{
    sqlite3_stmt *change = store_statement(store, which, error);

    if (change == NULL)
        return false;
    bind_span(change, host, carrier, first_at, last_at);
    return store_run(store, change, "noting what was read", error);
}

bool store_note_log(struct store *store, const char *host, enum log_carrier carrier,
                    gint64 first_at, gint64 last_at, GError **error)
{
    g_autofree char *label = store_log_host(host);
    bool is_known = false;

    if (!check_other(store, label, carrier, first_at, last_at, error) ||
        !widen(store, label, carrier, &first_at, &last_at, &is_known, error))
        return false;
    return is_known ||
           (change_spans(store, SQL_DROP_LOG_SPANS, label, carrier, first_at, last_at, error) &&
            change_spans(store, SQL_ADD_LOG_SPAN, label, carrier, first_at, last_at, error));
}

bool store_may_take_log(struct store *store, const char *host, enum log_carrier carrier,
                        gint64 first_at, gint64 last_at, GError **error)
{
    g_autofree char *label = store_log_host(host);

    return check_other(store, label, carrier, first_at, last_at, error);
}

bool store_is_log_host(const char *host, const char *other)
{
    g_autofree char *label = store_log_host(host);
    g_autofree char *other_label = store_log_host(other);

    return strcmp(label, other_label) == 0;
}

void log_position_clear(struct log_position *position)
{
    g_clear_pointer(&position->path, g_free);
    g_clear_pointer(&position->cursor, g_free);
}

bool store_get_log_position(struct store *store, const char *path, struct log_position *position,
                            bool *found, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_POSITION, error);
    int code;

    if (find == NULL)
        return false;
    store_bind_text(find, 1, path);
    code = sqlite3_step(find);
    *found = code == SQLITE_ROW;
    if (*found)
        *position = (struct log_position){
            .path = g_strdup(path),
            .device = (guint64)sqlite3_column_int64(find, 0),
            .inode = (guint64)sqlite3_column_int64(find, 1),
            .offset = (guint64)sqlite3_column_int64(find, 2),
            .context = (guint64)sqlite3_column_int64(find, 3),
            .head_hash = (guint64)sqlite3_column_int64(find, 4),
            .head_length = (guint32)sqlite3_column_int64(find, 5),
            .cursor = store_column_dup(find, 6),
        };
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "reading where a log was left off", error);
}

bool store_put_log_position(struct store *store, const struct log_position *position, gint64 at,
                            GError **error)
{
    sqlite3_stmt *put = store_statement(store, SQL_PUT_POSITION, error);

    if (put == NULL)
        return false;
    store_bind_text(put, 1, position->path);
    sqlite3_bind_int64(put, 2, (gint64)position->device);
    sqlite3_bind_int64(put, 3, (gint64)position->inode);
    sqlite3_bind_int64(put, 4, (gint64)position->offset);
    sqlite3_bind_int64(put, 5, (gint64)position->context);
    sqlite3_bind_int64(put, 6, (gint64)position->head_hash);
    sqlite3_bind_int64(put, 7, position->head_length);
    store_bind_text(put, 8, position->cursor);
    sqlite3_bind_int64(put, 9, at);
    return store_run(store, put, "noting where a log was left off", error);
}
