/* What the store is asked of the logs. */
#include "schema/store_log_private.h"

/* Parameters 1..4; the direction is always asked for. */
static void bind_filter(sqlite3_stmt *statement, const struct store_log_filter *filter, gint64 unit)
{
    sqlite3_bind_int64(statement, 1, filter->from / unit + (filter->from % unit > 0));
    sqlite3_bind_int64(statement, 2,
                       filter->to == 0 ? G_MAXINT64 : filter->to / unit + (filter->to % unit > 0));
    store_bind_text(statement, 3, direction_word(filter->direction));
    store_bind_text(statement, 4, filter->domain);
}

static const char *text_at(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static struct stored_log_failure failure_of_row(sqlite3_stmt *row)
{
    struct stored_log_failure failure = {
        .id = sqlite3_column_int64(row, 0),
        .stored_at = sqlite3_column_int64(row, 21),
        .returned_at = sqlite3_column_int64(row, 19),
        .event =
            {
                .kind = LOG_EVENT_FAILURE,
                .at = sqlite3_column_int64(row, 1),
                .host = text_at(row, 2),
                .mta = mta_from_word(text_at(row, 3)),
                .queue_id = text_at(row, 4),
                .domain = text_at(row, 5),
                .next_hop = text_at(row, 6),
                .mx = text_at(row, 7),
                .ip = text_at(row, 8),
                .level = tls_level_from_word(text_at(row, 9)),
                .version = tls_version_from_word(text_at(row, 10)),
                .sessions = (guint)sqlite3_column_int64(row, 11),
                .outcome = log_outcome_from_word(text_at(row, 12)),
                .result_type = result_type_from_word(text_at(row, 13)),
                .detail = log_detail_from_word(text_at(row, 15)),
                .delay = sqlite3_column_type(row, 16) == SQLITE_NULL
                             ? -1
                             : sqlite3_column_int64(row, 16),
                .dsn = text_at(row, 17),
                .reason = text_at(row, 18),
                .tls_error = text_at(row, 22),
                .line = text_at(row, 20),
            },
    };

    failure_type_from_word(text_at(row, 14), &failure.event.failure_type);
    return failure;
}

bool store_each_log_failure(struct store *store, const struct store_log_filter *filter,
                            store_log_failure_fn take, void *data, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_LOG_FAILURES, error);
    int code;

    if (find == NULL)
        return false;
    bind_filter(find, filter, 1);
    while ((code = sqlite3_step(find)) == SQLITE_ROW) {
        struct stored_log_failure failure = failure_of_row(find);
        failure.event.direction = filter->direction;
        take(&failure, data);
    }
    sqlite3_reset(find);
    return code == SQLITE_DONE || store_fail(store, "reading failures of the log", error);
}

bool store_span_log_failures(struct store *store, enum direction direction, gint64 from, gint64 to,
                             gint64 now, gint64 *first_at, gint64 *last_at, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_LOG_FAILURE_SPAN, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, from);
    sqlite3_bind_int64(find, 2, to);
    sqlite3_bind_int64(find, 3, now);
    store_bind_text(find, 4, direction_word(direction));
    code = sqlite3_step(find);
    if (code == SQLITE_ROW) {
        *first_at = sqlite3_column_int64(find, 0);
        *last_at = sqlite3_column_int64(find, 1);
    }
    sqlite3_reset(find);
    return code == SQLITE_ROW || store_fail(store, "looking for failures of the log", error);
}

bool store_each_deliveries(struct store *store, const struct store_log_filter *filter,
                           store_deliveries_fn take, void *data, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_DELIVERIES, error);
    int code;

    if (find == NULL)
        return false;
    bind_filter(find, filter, STORE_LOG_HOUR);
    while ((code = sqlite3_step(find)) == SQLITE_ROW) {
        const struct stored_deliveries deliveries = {
            .host = text_at(find, 0),
            .mta = mta_from_word(text_at(find, 1)),
            .domain = text_at(find, 2),
            .next_hop = text_at(find, 3),
            .mx = text_at(find, 4),
            .level = tls_level_from_word(text_at(find, 5)),
            .outcome = session_outcome_from_word(text_at(find, 6)),
            .version = tls_version_from_word(text_at(find, 7)),
            .sessions = sqlite3_column_int64(find, 8),
            .first_hour = sqlite3_column_int64(find, 9) * STORE_LOG_HOUR,
            .last_hour = sqlite3_column_int64(find, 10) * STORE_LOG_HOUR,
        };
        take(&deliveries, data);
    }
    sqlite3_reset(find);
    return code == SQLITE_DONE || store_fail(store, "reading deliveries", error);
}
