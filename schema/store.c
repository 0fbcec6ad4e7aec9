#include "schema/store.h"
#include "schema/embedded.h"
#include "schema/store_private.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A waiting writer looks again after a few milliseconds: SQLite's own handler sleeps up to 100 ms,
   which starves many short deliveries beside one long ingest. */
#define BUSY_SLEEP_MIN_US 2000
#define BUSY_SLEEP_MAX_US 20000

/* Pages kept in memory, in KiB: a bound on what a large store may take, and most of what an ingest
   of many mails takes more than one of few. */
#define CACHE_KIB 7168

/* The log goes into the file after so many pages: twice the pages, half the writing. */
#define CHECKPOINT_PAGES 4000

/* What the log keeps of its size after that. */
#define LOG_BYTES_KEPT (20 << 20)

/* At the end nobody waits as long as for writing: whoever holds the lock empties the log later. */
#define EMPTY_LOG_MS 1000

struct header {
    int application_id;
    int version;
    bool empty;
};

const char *store_path(const struct store *store)
{
    return store->path;
}

bool store_has_moved(struct store *store)
{
    int moved = 0;

    return sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}

void store_set_busy_ms(struct store *store, int milliseconds)
{
    store->busy_ms = milliseconds;
}

void store_set_waits(struct store *store, store_waits_fn waits, void *data)
{
    store->waits = waits;
    store->waits_data = data;
}

bool store_waits_on(const struct store *store, gint64 since)
{
    return g_get_monotonic_time() - since <= (gint64)store->busy_ms * 1000 &&
           (store->waits == NULL || store->waits(store->waits_data));
}

static bool is_migration(const char *name)
{
    return g_ascii_isdigit(name[0]);
}

int store_schema_version(void)
{
    int version = 0;

    for (const struct embedded *text = schema_sql; text->name != NULL; text++)
        version += is_migration(text->name);
    return version;
}

static enum tlstriage_error error_code(int sqlite_code)
{
    switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TLSTRIAGE_ERROR_BUSY;
    case SQLITE_NOTADB:
        return TLSTRIAGE_ERROR_FOREIGN;
    default:
        return TLSTRIAGE_ERROR_STORE;
    }
}

bool store_fail(struct store *store, const char *doing, GError **error)
{
    int code = sqlite3_extended_errcode(store->db);

    g_set_error(error, TLSTRIAGE_ERROR, (gint)error_code(code), "%s: %s: %s", store->path, doing,
                sqlite3_errmsg(store->db));
    return false;
}

sqlite3_stmt *store_statement(struct store *store, enum statement which, GError **error)
{
    sqlite3_stmt **slot = &store->prepared[which];

    if (*slot == NULL && sqlite3_prepare_v3(store->db, store_statements[which], -1,
                                            SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK) {
        store_fail(store, "preparing a statement", error);
        return NULL;
    }
    sqlite3_reset(*slot);
    sqlite3_clear_bindings(*slot);
    return *slot;
}

bool store_run(struct store *store, sqlite3_stmt *statement, const char *doing, GError **error)
{
    bool done = sqlite3_step(statement) == SQLITE_DONE || store_fail(store, doing, error);

    sqlite3_reset(statement);
    return done;
}

bool store_exec(struct store *store, const char *sql, const char *doing, GError **error)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           store_fail(store, doing, error);
}

void store_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    if (text == NULL)
        sqlite3_bind_null(statement, index);
    else
        sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

void store_bind_hash(sqlite3_stmt *statement, int index, const uint8_t hash[RECORD_HASH_BYTES])
{
    sqlite3_bind_blob(statement, index, hash, RECORD_HASH_BYTES, SQLITE_STATIC);
}

char *store_column_dup(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

static int on_busy(void *data, int tries)
{
    struct store *store = data;

    if (tries == 0)
        store->waiting_since = g_get_monotonic_time();
    if (!store_waits_on(store, store->waiting_since))
        return 0;
    g_usleep((gulong)g_random_int_range(BUSY_SLEEP_MIN_US, BUSY_SLEEP_MAX_US));
    return 1;
}

/* Reads what the file says of itself without taking part in anything: a foreign or newer store must
   stay untouched, its journal mode included. */
static bool read_header(struct store *store, struct header *header, GError **error)
{
    static const char sql[] = "SELECT (SELECT application_id FROM pragma_application_id), "
                              "(SELECT user_version FROM pragma_user_version), "
                              "(SELECT count(*) FROM sqlite_schema) = 0";
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;

    if (ok) {
        header->application_id = sqlite3_column_int(statement, 0);
        header->version = sqlite3_column_int(statement, 1);
        header->empty = sqlite3_column_int(statement, 2) != 0;
    } else {
        store_fail(store, "reading the store's header", error);
    }
    sqlite3_finalize(statement);
    return ok;
}

static bool check_header(struct store *store, const struct header *header, enum store_mode mode,
                         GError **error)
{
    int ours = store_schema_version();

    if (header->empty && header->application_id == 0 && header->version == 0) {
        if (mode == STORE_WRITE)
            return true;
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_OUTDATED,
                    "%s: the store is empty; run tlstriage ingest first", store->path);
        return false;
    }
    if (header->application_id != STORE_APPLICATION_ID) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_FOREIGN,
                    "%s: not a store of tlstriage, but another database; left untouched",
                    store->path);
        return false;
    }
    if (header->version > ours) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_NEWER,
                    "%s: made by a later tlstriage (schema %d, this one knows %d); left untouched",
                    store->path, header->version, ours);
        return false;
    }
    if (header->version < ours && mode == STORE_READ) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_OUTDATED,
                    "%s: schema %d is older than this tlstriage (%d); any command that writes, "
                    "such as tlstriage reparse, brings it up to date",
                    store->path, header->version, ours);
        return false;
    }
    return true;
}

/* All missing migrations in one transaction; another process may have done them meanwhile. */
static bool migrate(struct store *store, GError **error)
{
    struct header header;
    int done = 0;
    g_autofree char *seal = g_strdup_printf("PRAGMA application_id=%d; PRAGMA user_version=%d",
                                            STORE_APPLICATION_ID, store_schema_version());

    if (!store_exec(store, "BEGIN IMMEDIATE", "taking the write lock", error))
        return false;
    bool ok =
        read_header(store, &header, error) && check_header(store, &header, STORE_WRITE, error);
    for (const struct embedded *text = schema_sql; ok && text->name != NULL; text++) {
        if (is_migration(text->name) && ++done <= header.version)
            continue;
        ok = store_exec(store, text->text, text->name, error);
    }
    ok = ok && store_exec(store, seal, "sealing the schema", error) &&
         store_exec(store, "COMMIT", "committing the schema", error);
    if (!ok)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

/* -1 where there is one, errno being EEXIST. The mode of SQLite's own file would be 0644. Made by
   root in a folder of another user, a file goes to that user: else the pipe alias and the daily
   digest could not write it. */
static int create_file(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    struct stat status;

    if (fd >= 0 && geteuid() == 0 && stat(folder, &status) == 0 && status.st_uid != 0 &&
        fchown(fd, status.st_uid, status.st_gid) != 0)
        g_debug("%s: owner stays root: %s", path, g_strerror(errno));
    return fd;
}

static bool make_file(const char *path, GError **error)
{
    int fd = create_file(path);

    if (fd < 0 && errno != EEXIST) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_STORE, "%s: cannot be made: %s", path,
                    g_strerror(errno));
        return false;
    }
    if (fd >= 0)
        close(fd);
    return true;
}

/* Asked before SQLite opens it: beside a file that is read-only SQLite makes a log with the same
   mode, which would stay in the way when the file can be written again. */
static bool may_write(const char *path, GError **error)
{
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
        return true;
    g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_STORE, "%s: cannot be written: %s", path,
                g_strerror(errno));
    return false;
}

int store_lock(const struct store *store, const char *name, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s.%s-lock", store->path, name);
    int fd = create_file(path);

    /* A link there would be of another's making: root is not to follow it. */
    if (fd < 0 && errno == EEXIST)
        fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    g_set_error(error, TLSTRIAGE_ERROR,
                errno == EWOULDBLOCK ? TLSTRIAGE_ERROR_BUSY : TLSTRIAGE_ERROR_STORE, "%s: %s", path,
                errno == EWOULDBLOCK ? "locked by another process" : g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Whether everything is in the file itself: no write-ahead log beside it, or an empty one. */
static bool log_is_empty(const char *path)
{
    g_autofree char *log = g_strconcat(path, "-wal", NULL);
    struct stat status;

    return stat(log, &status) != 0 || status.st_size == 0;
}

/* A store in WAL mode on a read-only medium, or in a folder the reader may not write, may have no
   shared-memory file to open. If there is no log either, the file alone is the whole store. */
static int open_immutable(struct store *store)
{
    g_autofree char *escaped = g_uri_escape_string(store->path, "/", FALSE);
    g_autofree char *uri = g_strdup_printf("file:%s?immutable=1", escaped);

    sqlite3_close(store->db);
    store->db = NULL;
    return sqlite3_open_v2(uri, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

static bool open_database(struct store *store, enum store_mode mode, GError **error)
{
    static const char probe[] = "SELECT 1 FROM sqlite_schema LIMIT 1";
    /* One thread uses a store at a time. */
    int flags =
        SQLITE_OPEN_NOMUTEX | (mode == STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int code;

    /* Nobody asks SQLite how much memory it has: counting takes a lock for each piece. Refused, and
       no matter, once a store is open. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    code = sqlite3_open_v2(store->path, &store->db, flags, NULL);

    sqlite3_busy_handler(store->db, on_busy, store);
    if (code == SQLITE_OK)
        code = sqlite3_exec(store->db, probe, NULL, NULL, NULL);
    if (((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY) &&
        mode == STORE_READ && access(store->path, R_OK) == 0 && log_is_empty(store->path))
        code = open_immutable(store);
    return code == SQLITE_OK || store_fail(store, "cannot be opened", error);
}

static bool configure(struct store *store, enum store_mode mode, GError **error)
{
    g_autofree char *pragmas =
        g_strdup_printf("PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; "
                        "PRAGMA cache_size=-%d; PRAGMA synchronous=FULL%s",
                        CACHE_KIB, mode == STORE_READ ? "; PRAGMA query_only=ON" : "");

    sqlite3_extended_result_codes(store->db, 1);
    return store_exec(store, pragmas, "setting up", error);
}

/* Asking first: setting the mode wants the file for itself, even where it is WAL already. */
static bool use_log(struct store *store, GError **error)
{
    sqlite3_stmt *statement = NULL;
    bool wal =
        sqlite3_prepare_v2(store->db, "PRAGMA journal_mode", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        g_strcmp0((const char *)sqlite3_column_text(statement, 0), "wal") == 0;

    sqlite3_finalize(statement);
    return wal || store_exec(store, "PRAGMA journal_mode=WAL", "setting up the log", error);
}

static bool prepare_to_write(struct store *store, const struct header *header, GError **error)
{
    int on = 1;
    g_autofree char *log_limits =
        g_strdup_printf("PRAGMA wal_autocheckpoint=%d; PRAGMA journal_size_limit=%d",
                        CHECKPOINT_PAGES, LOG_BYTES_KEPT);

    /* Log and shared memory stay after the last writer: members of the group may then read a store
       in a folder where they cannot make files. */
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    store->leaves_log = false;
    return use_log(store, error) && store_exec(store, log_limits, "setting up the log", error) &&
           (header->version == store_schema_version() || migrate(store, error));
}

/* Closing would move the log of a store that is not for us into its file. */
static void leave_untouched(struct store *store)
{
    if (store->db != NULL && !log_is_empty(store->path))
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

struct store *store_open(const char *path, enum store_mode mode, GError **error)
{
    struct store *store = g_new0(struct store, 1);
    struct header header = {0};

    store->path = g_strdup(path);
    store->busy_ms = STORE_BUSY_MS;
    store->leaves_log = true; /* until it is known to be ours to write */
    if ((mode == STORE_WRITE && (!make_file(path, error) || !may_write(path, error))) ||
        !open_database(store, mode, error) || !configure(store, mode, error) ||
        !read_header(store, &header, error) || !check_header(store, &header, mode, error) ||
        (mode == STORE_WRITE && !prepare_to_write(store, &header, error))) {
        leave_untouched(store);
        store_close(store);
        return NULL;
    }
    return store;
}

void store_leave_log(struct store *store)
{
    store->leaves_log = true;
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

/* As the last one out: a reader who cannot write the folder needs the log to be there, and small.
 */
static void empty_log(struct store *store)
{
    if (store->db == NULL || store->leaves_log || sqlite3_db_readonly(store->db, "main") != 0)
        return;
    sqlite3_busy_timeout(store->db, EMPTY_LOG_MS);
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(store->prepared[i]);
    empty_log(store);
    sqlite3_close(store->db);
    g_clear_pointer(&store->log_words, g_hash_table_unref);
    g_free(store->path);
    g_free(store);
}

bool store_begin(struct store *store, GError **error)
{
    sqlite3_stmt *statement = store_statement(store, SQL_BEGIN, error);
    return statement != NULL && store_run(store, statement, "taking the write lock", error);
}

bool store_commit(struct store *store, GError **error)
{
    sqlite3_stmt *statement = store_statement(store, SQL_COMMIT, error);
    return statement != NULL && store_run(store, statement, "committing", error);
}

void store_rollback(struct store *store)
{
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    g_clear_pointer(&store->log_words, g_hash_table_unref);
}
