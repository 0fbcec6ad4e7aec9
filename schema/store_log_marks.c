/* Marks of log lines, by host and hour: what is known of them, and what is new. */
#include "schema/store_log_private.h"
#include <string.h>

#define MARK_BYTES (STORE_LOG_MARK_BITS / 8)
G_STATIC_ASSERT(MARK_BYTES * 8 == STORE_LOG_MARK_BITS && MARK_BYTES < 8);

/* Tables of all hours together. The last two used may go past it: at the turn of an hour lines of
   both come in turns. */
#define CACHE_BYTES ((gsize)12 << 20)
#define HOURS_MIN 2

/* What an hour with few marks takes in memory while it waits, in marks. */
#define HOUR_MARKS 20

/* A row of marks is added to until it fills a page: whoever follows a log writes every few seconds,
   and would write an hour's marks hundreds of times over. */
#define ROW_BYTES 4000

/* An hour begins with as many as the one before came to need, within these. */
#define SLOTS_MIN 32
#define SLOTS_FIRST_MAX 8192

/* What a loaded hour takes besides its slots, at most. */
#define HOUR_BYTES (sizeof(struct hour) + ROW_BYTES)

/* Of one host and hour. */
struct hour {
    char *host; /* first label, lower case */
    gint64 number;
    bool is_loaded;  /* slots, count, row_id and row are as in the store, and `fresh` added */
    guint64 *slots;  /* a mark each; 0: free */
    guint32 size;    /* of slots */
    guint32 count;   /* of marks in them */
    GArray *fresh;   /* guint64: not in the store yet; NULL: none */
    gint64 row_id;   /* the last row of marks; 0: none */
    GByteArray *row; /* what stands in it */
    GList used;      /* in struct log_mark_cache.used */
    guint write;     /* it was used before this one */
};

struct log_mark_cache {
    struct store *store;
    GHashTable *hours; /* struct hour * */
    GQueue used;       /* loaded hours, the last used first */
    gsize bytes;       /* of them */
    GPtrArray *dirty;  /* struct hour * with fresh marks */
    guint writes;      /* settled */
    guint waiting;
    guint32 first_size; /* of slots of the next hour */
    struct hour *last;
    GString *last_host; /* as the log named it */
};

gint64 store_log_hour(gint64 at)
{
    return (at - (at % STORE_LOG_HOUR + STORE_LOG_HOUR) % STORE_LOG_HOUR) / STORE_LOG_HOUR;
}

static guint hash_hour(gconstpointer data)
{
    const struct hour *hour = data;
    return g_str_hash(hour->host) ^ (guint)hour->number * 2654435761u;
}

static gboolean is_same_hour(gconstpointer one, gconstpointer other)
{
    const struct hour *a = one, *b = other;
    return a->number == b->number && strcmp(a->host, b->host) == 0;
}

static void hour_free(gpointer data)
{
    struct hour *hour = data;

    g_free(hour->host);
    g_free(hour->slots);
    if (hour->fresh != NULL)
        g_array_unref(hour->fresh);
    if (hour->row != NULL)
        g_byte_array_unref(hour->row);
    g_free(hour);
}

struct log_mark_cache *log_mark_cache_new(struct store *store)
{
    struct log_mark_cache *cache = g_new0(struct log_mark_cache, 1);

    cache->store = store;
    cache->hours = g_hash_table_new_full(hash_hour, is_same_hour, hour_free, NULL);
    cache->dirty = g_ptr_array_new();
    cache->first_size = SLOTS_MIN;
    cache->last_host = g_string_new(NULL);
    return cache;
}

void log_mark_cache_free(struct log_mark_cache *cache)
{
    if (cache == NULL)
        return;
    g_ptr_array_unref(cache->dirty);
    g_hash_table_unref(cache->hours);
    g_string_free(cache->last_host, TRUE);
    g_free(cache);
}

/* Two events may rest on one line, and a mark of 0 is none. The mixing (that of MurmurHash3) makes
   all bits equally good, whatever the caller's hash is. */
static guint64 mark_of(const struct log_event *event)
{
    guint64 mark = event->mark;

    mark = (mark ^ mark >> 33) * G_GUINT64_CONSTANT(0xff51afd7ed558ccd) + (guint64)event->kind;
    mark = (mark ^ mark >> 33) * G_GUINT64_CONSTANT(0xc4ceb9fe1a85ec53);
    mark = (mark ^ mark >> 33) >> (64 - STORE_LOG_MARK_BITS);
    return mark != 0 ? mark : 1;
}

/* Where the mark stands, or else the free slot for it. */
static guint32 find_slot(const struct hour *hour, guint64 mark)
{
    guint32 i = (guint32)((mark >> (STORE_LOG_MARK_BITS - 32)) * hour->size >> 32);

    while (hour->slots[i] != 0 && hour->slots[i] != mark)
        i = i + 1 < hour->size ? i + 1 : 0;
    return i;
}

/* By half rather than twice, since one hour may take a good part of the memory that we allow. */
static void grow(struct log_mark_cache *cache, struct hour *hour, guint32 size)
{
    guint64 *old = hour->slots;
    guint32 old_size = hour->size;

    /* Written at once: memory that is read first is mapped twice. */
    hour->slots = memset(g_new(guint64, size), 0, size * sizeof(guint64));
    hour->size = size;
    for (guint32 i = 0; i < old_size; i++)
        if (old[i] != 0)
            hour->slots[find_slot(hour, old[i])] = old[i];
    g_free(old);
    cache->bytes += (gsize)(size - old_size) * sizeof(guint64);
}

/* False where it stands there already. */
static bool add_mark(struct log_mark_cache *cache, struct hour *hour, guint64 mark)
{
    guint32 slot;

    if (hour->count + 1 > hour->size - hour->size / 5)
        grow(cache, hour, MAX(SLOTS_MIN, hour->size + hour->size / 2));
    slot = find_slot(hour, mark);
    if (hour->slots[slot] == mark)
        return false;
    hour->slots[slot] = mark;
    hour->count++;
    return true;
}

static void unload(struct log_mark_cache *cache, struct hour *hour)
{
    if (!hour->is_loaded)
        return;
    g_queue_unlink(&cache->used, &hour->used);
    cache->bytes -= HOUR_BYTES + hour->size * sizeof(guint64);
    g_clear_pointer(&hour->slots, g_free);
    g_clear_pointer(&hour->row, g_byte_array_unref);
    hour->size = hour->count = 0;
    hour->row_id = 0;
    hour->is_loaded = false;
    if (hour == cache->last)
        cache->last = NULL;
    if (hour->fresh == NULL)
        g_hash_table_remove(cache->hours, hour);
}

static void bound_memory(struct log_mark_cache *cache)
{
    while (cache->bytes > CACHE_BYTES && cache->used.length > HOURS_MIN)
        unload(cache, g_queue_peek_tail(&cache->used));
}

static guint64 unpack(const guint8 *bytes)
{
    guint64 mark = 0;

    for (int i = MARK_BYTES - 1; i >= 0; i--)
        mark = mark << 8 | bytes[i];
    return mark;
}

static void pack(GByteArray *row, guint64 mark)
{
    guint8 bytes[MARK_BYTES];

    for (int i = 0; i < MARK_BYTES; i++, mark >>= 8)
        bytes[i] = (guint8)mark;
    g_byte_array_append(row, bytes, sizeof bytes);
}

static void add_row(struct log_mark_cache *cache, struct hour *hour, sqlite3_stmt *row)
{
    const guint8 *bytes = sqlite3_column_blob(row, 1);
    guint32 length = (guint32)sqlite3_column_bytes(row, 1) / MARK_BYTES * MARK_BYTES;
    guint32 wanted = hour->count + length / MARK_BYTES;

    if (wanted > hour->size - hour->size / 5)
        grow(cache, hour, wanted + wanted / 3);
    for (guint32 i = 0; i < length; i += MARK_BYTES)
        add_mark(cache, hour, MAX(unpack(bytes + i), 1));
    hour->row_id = sqlite3_column_int64(row, 0);
    g_byte_array_set_size(hour->row, 0);
    if (length <= ROW_BYTES)
        g_byte_array_append(hour->row, bytes, length);
    else
        hour->row_id = 0;
}

static bool load(struct log_mark_cache *cache, struct hour *hour, GError **error)
{
    sqlite3_stmt *find = store_statement(cache->store, SQL_FIND_MARKS, error);
    int code;

    if (find == NULL)
        return false;
    hour->row = g_byte_array_new();
    hour->is_loaded = true;
    hour->used.data = hour;
    g_queue_push_head_link(&cache->used, &hour->used);
    cache->bytes += HOUR_BYTES;
    grow(cache, hour, cache->first_size);
    sqlite3_bind_int64(find, 1, hour->number);
    store_bind_text(find, 2, hour->host);
    while ((code = sqlite3_step(find)) == SQLITE_ROW)
        add_row(cache, hour, find);
    sqlite3_reset(find);
    for (guint i = 0; hour->fresh != NULL && i < hour->fresh->len; i++)
        add_mark(cache, hour, g_array_index(hour->fresh, guint64, i));
    if (code == SQLITE_DONE)
        return true;
    store_fail(cache->store, "reading marks of log lines", error);
    unload(cache, hour);
    return false;
}

char *store_log_host(const char *host)
{
    const char *name = host != NULL ? host : "";
    const char *dot = g_ascii_isdigit(*name) ? NULL : strchr(name, '.');

    return g_ascii_strdown(name, dot != NULL ? dot - name : -1);
}

static struct hour *find_hour(struct log_mark_cache *cache, const struct log_event *event)
{
    struct hour wanted = {.host = store_log_host(event->host), .number = store_log_hour(event->at)};
    struct hour *hour = g_hash_table_lookup(cache->hours, &wanted);

    if (hour == NULL) {
        hour = g_memdup2(&wanted, sizeof wanted);
        g_hash_table_add(cache->hours, hour);
    } else {
        g_free(wanted.host);
    }
    g_string_assign(cache->last_host, event->host != NULL ? event->host : "");
    return hour;
}

static bool is_last(const struct log_mark_cache *cache, const struct log_event *event)
{
    return cache->last != NULL && cache->last->number == store_log_hour(event->at) &&
           strcmp(cache->last_host->str, event->host != NULL ? event->host : "") == 0;
}

static struct hour *use_hour(struct log_mark_cache *cache, const struct log_event *event,
                             GError **error)
{
    struct hour *hour;

    if (is_last(cache, event)) {
        cache->last->write = cache->writes;
        return cache->last;
    }
    hour = find_hour(cache, event);
    if (cache->last != NULL)
        cache->first_size = CLAMP(cache->last->count, SLOTS_MIN, SLOTS_FIRST_MAX);
    cache->last = NULL;
    if (hour->is_loaded) {
        g_queue_unlink(&cache->used, &hour->used);
        g_queue_push_head_link(&cache->used, &hour->used);
    } else if (!load(cache, hour, error)) {
        return NULL;
    }
    hour->write = cache->writes;
    cache->last = hour;
    return hour;
}

bool log_mark_cache_take(struct log_mark_cache *cache, const struct log_event *event, bool *is_new,
                         GError **error)
{
    struct hour *hour = use_hour(cache, event, error);
    guint64 mark = mark_of(event);

    if (hour == NULL)
        return false;
    if (hour->count >= STORE_LOG_MARKS_MAX) {
        *is_new = hour->slots[find_slot(hour, mark)] != mark;
        return true;
    }
    *is_new = add_mark(cache, hour, mark);
    if (*is_new) {
        if (hour->fresh == NULL) {
            hour->fresh = g_array_new(FALSE, FALSE, sizeof(guint64));
            g_ptr_array_add(cache->dirty, hour);
        }
        g_array_append_val(hour->fresh, mark);
        cache->waiting++;
    }
    if (cache->bytes > CACHE_BYTES)
        bound_memory(cache);
    return true;
}

guint log_mark_cache_waiting(const struct log_mark_cache *cache)
{
    return cache->waiting + cache->dirty->len * HOUR_MARKS;
}

/* *changed false: there is no such row any more. */
static bool set_row(struct store *store, gint64 id, const GByteArray *row, bool *changed,
                    GError **error)
{
    sqlite3_stmt *update = store_statement(store, SQL_SET_MARKS, error);

    if (update == NULL)
        return false;
    sqlite3_bind_int64(update, 1, id);
    sqlite3_bind_blob64(update, 2, row->data, row->len, SQLITE_STATIC);
    if (!store_run(store, update, "writing marks of log lines", error))
        return false;
    *changed = sqlite3_changes(store->db) > 0;
    return true;
}

static bool new_row(struct store *store, const struct hour *hour, const GByteArray *row,
                    GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_MARKS, error);

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, hour->number);
    store_bind_text(add, 2, hour->host);
    sqlite3_bind_blob64(add, 3, row->data, row->len, SQLITE_STATIC);
    return store_run(store, add, "writing marks of log lines", error);
}

static bool write_hour(struct log_mark_cache *cache, struct hour *hour, GError **error)
{
    g_autoptr(GByteArray) row = g_byte_array_new();
    bool appends = hour->row_id != 0 && hour->row->len + hour->fresh->len * MARK_BYTES <= ROW_BYTES;
    bool done = false;

    if (appends)
        g_byte_array_append(row, hour->row->data, hour->row->len);
    for (guint i = 0; i < hour->fresh->len; i++)
        pack(row, g_array_index(hour->fresh, guint64, i));
    if (appends && !set_row(cache->store, hour->row_id, row, &done, error))
        return false;
    if (!done && !new_row(cache->store, hour, row, error))
        return false;
    if (!hour->is_loaded)
        return true;
    if (!done)
        hour->row_id = row->len < ROW_BYTES ? sqlite3_last_insert_rowid(cache->store->db) : 0;
    g_byte_array_set_size(hour->row, 0);
    if (hour->row_id != 0)
        g_byte_array_append(hour->row, row->data, row->len);
    return true;
}

bool log_mark_cache_write(struct log_mark_cache *cache, GError **error)
{
    for (guint i = 0; i < cache->dirty->len; i++)
        if (!write_hour(cache, g_ptr_array_index(cache->dirty, i), error))
            return false;
    return true;
}

void log_mark_cache_forget(struct log_mark_cache *cache)
{
    while (!g_queue_is_empty(&cache->used))
        unload(cache, g_queue_peek_head(&cache->used));
}

/* A log goes on with its last hours: what a whole write did without is not held longer. */
static void unload_idle(struct log_mark_cache *cache)
{
    struct hour *oldest;

    while ((oldest = g_queue_peek_tail(&cache->used)) != NULL && oldest->write != cache->writes)
        unload(cache, oldest);
}

void log_mark_cache_settle(struct log_mark_cache *cache, bool committed)
{
    /* What was noted of rows is of a transaction that never was. */
    if (!committed) {
        log_mark_cache_forget(cache);
        return;
    }
    for (guint i = 0; i < cache->dirty->len; i++) {
        struct hour *hour = g_ptr_array_index(cache->dirty, i);
        g_clear_pointer(&hour->fresh, g_array_unref);
        if (!hour->is_loaded)
            g_hash_table_remove(cache->hours, hour);
    }
    g_ptr_array_set_size(cache->dirty, 0);
    cache->waiting = 0;
    unload_idle(cache);
    cache->writes++;
}
