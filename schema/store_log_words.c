/* The words of the vocabulary that counts and failures share. */
#include "schema/store_log_private.h"
#include <string.h>

struct known_words {
    struct log_words words;
    gint64 id;
};

/* By where the words stand: each stands once, in the tables of the vocabulary. */
static guint hash_words(gconstpointer data)
{
    const struct log_words *words = data;
    gsize hash = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(words->at); i++)
        hash = hash * 31 + ((gsize)words->at[i] >> 3);
    return (guint)(hash ^ hash >> 32);
}

static gboolean is_same_words(gconstpointer one, gconstpointer other)
{
    return memcmp(one, other, sizeof(struct log_words)) == 0;
}

static void bind_words(sqlite3_stmt *statement, const struct log_words *words)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words->at); i++)
        store_bind_text(statement, (int)i + 1, words->at[i]);
}

/* *id 0: there is no row for them yet. */
static bool find_words(struct store *store, const struct log_words *words, gint64 *id,
                       GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FIND_LOG_WORDS, error);
    int code;

    if (find == NULL)
        return false;
    bind_words(find, words);
    code = sqlite3_step(find);
    *id = code == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "looking up words of the log", error);
}

static bool add_words(struct store *store, const struct log_words *words, gint64 *id,
                      GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_LOG_WORDS, error);

    if (add == NULL)
        return false;
    bind_words(add, words);
    if (!store_run(store, add, "writing words of the log", error))
        return false;
    *id = sqlite3_last_insert_rowid(store->db);
    return true;
}

bool store_log_words(struct store *store, const struct log_words *words, gint64 *id, GError **error)
{
    struct known_words *known;

    if (store->log_words == NULL)
        store->log_words = g_hash_table_new_full(hash_words, is_same_words, g_free, NULL);
    known = g_hash_table_lookup(store->log_words, words);
    if (known == NULL) {
        struct known_words new = {.words = *words};
        if (!find_words(store, words, &new.id, error) ||
            (new.id == 0 && !add_words(store, words, &new.id, error)))
            return false;
        known = g_memdup2(&new, sizeof new);
        g_hash_table_add(store->log_words, known);
    }
    *id = known->id;
    return true;
}
