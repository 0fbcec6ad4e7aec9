#include "schema/store_quarantine.h"
#include "schema/store_private.h"

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static struct store_quarantined thing_of_row(sqlite3_stmt *row)
{
    return (struct store_quarantined){
        .id = sqlite3_column_int64(row, 0),
        .at = sqlite3_column_int64(row, 1),
        .size = sqlite3_column_int64(row, 2),
        .kind = text_of(row, 3),
        .sender = text_of(row, 4),
        .subject = text_of(row, 5),
        .source = text_of(row, 6),
        .part = text_of(row, 7),
        .file_name = text_of(row, 8),
        .problem = text_of(row, 9),
        .clause = text_of(row, 10),
    };
}

bool store_each_quarantined(struct store *store, store_quarantined_fn take, void *data,
                            GError **error)
{
    sqlite3_stmt *list = store_statement(store, SQL_LIST_QUARANTINE, error);
    int code;

    if (list == NULL)
        return false;
    while ((code = sqlite3_step(list)) == SQLITE_ROW) {
        struct store_quarantined thing = thing_of_row(list);
        take(&thing, data);
    }
    sqlite3_reset(list);
    return code == SQLITE_DONE || store_fail(store, "reading the quarantine", error);
}

bool store_look_into_quarantine(struct store *store, gint64 id, store_quarantined_fn take,
                                void *data, bool *found, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_QUARANTINED, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, id);
    code = sqlite3_step(find);
    *found = code == SQLITE_ROW;
    if (*found) {
        struct store_quarantined thing = thing_of_row(find);
        thing.encoding = original_encoding_from_word(text_of(find, 11));
        thing.bytes = sqlite3_column_blob(find, 12);
        thing.size = sqlite3_column_bytes(find, 12);
        take(&thing, data);
    }
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "reading the quarantine", error);
}

bool store_drop_quarantined(struct store *store, gint64 id, bool *found, GError **error)
{
    sqlite3_stmt *drop = store_statement(store, SQL_DROP_QUARANTINED, error);

    if (drop == NULL)
        return false;
    sqlite3_bind_int64(drop, 1, id);
    if (!store_run(store, drop, "emptying the quarantine", error))
        return false;
    *found = sqlite3_changes(store->db) > 0;
    return true;
}
