#include "schema/embedded.h"
#include "schema/error.h"
#include "tests/schema/sample.h"
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static int setup_folder(void **state)
{
    *state = sample_folder();
    return 0;
}

static int teardown_folder(void **state)
{
    g_chmod(*state, 0700);
    sample_remove(*state);
    g_free(*state);
    return 0;
}

static void assert_refused(const char *path, enum store_mode mode, enum tlstriage_error code)
{
    GError *error = NULL;
    struct store *store = store_open(path, mode, &error);

    assert_null(store);
    assert_non_null(error);
    if (!g_error_matches(error, TLSTRIAGE_ERROR, (gint)code))
        fail_msg("code %d, not %d: %s", error->code, (int)code, error->message);
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
}

static void assert_opens(const char *path, enum store_mode mode)
{
    GError *error = NULL;
    struct store *store = store_open(path, mode, &error);

    sample_ok(store != NULL, error);
    assert_string_equal(store_path(store), path);
    store_close(store);
}

/* Runs SQL past the store's own code; what went into a write-ahead log stays there. */
static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static char *ask(const char *path, const char *sql)
{
    struct sample sample = {.path = (char *)path};
    return sample_ask(&sample, sql);
}

static gint64 number(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    gint64 value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

static void makes_a_missing_store(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);
    g_autofree char *log = g_strconcat(path, "-wal", NULL);
    struct stat status;
    mode_t before = umask(022);

    assert_opens(path, STORE_WRITE);
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(stat(log, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(status.st_size, 0);
    g_autofree char *mode = ask(path, "PRAGMA journal_mode");
    assert_string_equal(mode, "wal");
    assert_int_equal(number(path, "PRAGMA application_id"), STORE_APPLICATION_ID);
    assert_int_equal(number(path, "PRAGMA user_version"), store_schema_version());
    assert_true(store_schema_version() >= 1);
    assert_opens(path, STORE_READ);
}

static void an_empty_file_becomes_a_store(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);

    assert_true(g_file_set_contents(path, "", 0, NULL));
    assert_refused(path, STORE_READ, TLSTRIAGE_ERROR_OUTDATED);
    assert_opens(path, STORE_WRITE);
    assert_opens(path, STORE_READ);
}

static void reading_makes_no_store(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);

    assert_refused(path, STORE_READ, TLSTRIAGE_ERROR_STORE);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_refused(*state, STORE_WRITE, TLSTRIAGE_ERROR_STORE);
    g_autofree char *nowhere = g_build_filename(*state, "no", "store.db", NULL);
    assert_refused(nowhere, STORE_WRITE, TLSTRIAGE_ERROR_STORE);
}

static void add_hash(GString *picture, const char *path)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;

    /* What there is no log of reads as an empty one; the shared memory is but an index of it. */
    g_file_get_contents(path, &bytes, &size, NULL);
    g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)bytes, size);
    g_string_append_printf(picture, "%s %s\n", path, hash);
}

/* The bytes of a database and of its log. */
static char *picture(const char *path)
{
    GString *picture = g_string_new(NULL);
    g_autofree char *log = g_strconcat(path, "-wal", NULL);

    add_hash(picture, path);
    add_hash(picture, log);
    return g_string_free(picture, FALSE);
}

static void assert_left_alone(const char *path, enum tlstriage_error code)
{
    static const enum store_mode modes[] = {STORE_READ, STORE_WRITE};
    g_autofree char *before = picture(path);

    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        assert_refused(path, modes[i], code);
        g_autofree char *after = picture(path);
        assert_string_equal(before, after);
    }
}

static void leaves_other_databases_alone(void **state)
{
    static const char *const cases[] = {
        "CREATE TABLE t (a)",
        "CREATE TABLE t (a); PRAGMA user_version=1",
        "CREATE TABLE t (a); PRAGMA user_version=99",
        "CREATE TABLE t (a); PRAGMA application_id=7; PRAGMA user_version=1",
        "PRAGMA journal_mode=WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)",
        "CREATE TABLE t (a); PRAGMA journal_mode=WAL",
        "PRAGMA application_id=7",
        "PRAGMA user_version=1",
        "PRAGMA user_version=99",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_build_filename(*state, "other.db", NULL);
        run_sql(path, cases[i]);
        assert_left_alone(path, TLSTRIAGE_ERROR_FOREIGN);
        sample_empty(*state);
    }
}

static void leaves_other_files_alone(void **state)
{
    static const size_t sizes[] = {2, 15, 99, 100, 511, 512, 5000};
    g_autofree char *text = g_strnfill(5000, 'x');
    g_autofree char *path = g_build_filename(*state, "letter.txt", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        assert_true(g_file_set_contents(path, text, (gssize)sizes[i], NULL));
        assert_left_alone(path, TLSTRIAGE_ERROR_FOREIGN);
    }
}

static void leaves_a_newer_store_alone(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);

    assert_opens(path, STORE_WRITE);
    run_sql(path, "PRAGMA user_version=99");
    assert_left_alone(path, TLSTRIAGE_ERROR_NEWER);
}

static void migrates_an_older_store(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);
    g_autofree char *sql = g_strdup_printf("PRAGMA application_id=%d; CREATE TABLE kept (a); "
                                           "CREATE VIEW reports AS SELECT 'old' AS report",
                                           STORE_APPLICATION_ID);

    run_sql(path, sql);
    assert_refused(path, STORE_READ, TLSTRIAGE_ERROR_OUTDATED);
    assert_opens(path, STORE_WRITE);
    assert_int_equal(number(path, "PRAGMA user_version"), store_schema_version());
    assert_int_equal(number(path, "SELECT count(*) FROM kept"), 0);
    assert_int_equal(number(path, "SELECT count(*) FROM reports"), 0);
}

static void count_it(const char *name, struct sample *sample)
{
    sample_put(sample, sample_mail(name), sample_report("org", name, SAMPLE_NOW, name), SAMPLE_NOW);
}

/* A store as the program of that version made it. */
static void make_version(const char *path, int version)
{
    int done = 0;
    g_autofree char *seal = g_strdup_printf("PRAGMA application_id=%d; PRAGMA user_version=%d",
                                            STORE_APPLICATION_ID, version);

    for (const struct embedded *text = schema_sql; text->name != NULL; text++)
        if (g_ascii_isdigit(text->name[0]) && ++done <= version)
            run_sql(path, text->text);
    run_sql(path, seal);
}

static void a_store_of_the_first_version_keeps_its_reports(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);
    struct sample sample = {.path = path};
    GError *error = NULL;

    make_version(path, 1);
    run_sql(path,
            "INSERT INTO arrival (key, at, received_at, kind, outcome, is_mail, authenticated, "
            "source) VALUES (randomblob(32), 1, 2, 'tlsrpt', 'stored', 1, 'none', '-');"
            "INSERT INTO report (arrival, content_hash, identity_hash, organization, begins_at, "
            "ends_at, ingested_at, classified) "
            "VALUES (1, randomblob(32), randomblob(32), 'org', 0, 86399, 3, 1);"
            "INSERT INTO policy (report, policy_type, domain, domain_source, strings, mx_hosts, "
            "successes, failures) VALUES (1, 'sts', 'example.org', 'policy', '[]', '[]', 7, 2)");
    assert_refused(path, STORE_READ, TLSTRIAGE_ERROR_OUTDATED);
    sample.store = store_open(path, STORE_WRITE, &error);
    sample_ok(sample.store != NULL, error);
    assert_int_equal(number(path, "PRAGMA user_version"), store_schema_version());
    sample_is(&sample, "SELECT day, direction, domain, successes, failures FROM domain_days",
              "1970-01-01|in|example.org|7|2");
    sample_is(&sample, "SELECT (SELECT count(*) FROM deliveries) + count(*) FROM log_failures",
              "0");
    count_it("b", &sample);
    sample_is(&sample, "SELECT count(*) FROM reports", "2");
    store_close(sample.store);
}

static void a_later_migration_that_fails_leaves_the_first_version(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);

    make_version(path, 1);
    run_sql(path, "CREATE TABLE log_position (a)");
    gint64 before = number(path, "SELECT count(*) FROM sqlite_schema");
    assert_refused(path, STORE_WRITE, TLSTRIAGE_ERROR_STORE);
    assert_int_equal(number(path, "PRAGMA user_version"), 1);
    assert_int_equal(number(path, "SELECT count(*) FROM sqlite_schema"), before);
}

static void a_migration_is_done_whole_or_not_at_all(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);
    g_autofree char *sql = g_strdup_printf("PRAGMA application_id=%d; CREATE TABLE digest_sent (a)",
                                           STORE_APPLICATION_ID);

    run_sql(path, sql);
    assert_refused(path, STORE_WRITE, TLSTRIAGE_ERROR_STORE);
    assert_int_equal(number(path, "PRAGMA user_version"), 0);
    assert_int_equal(number(path, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void opening_again_changes_nothing(void **state)
{
    g_autofree char *path = g_build_filename(*state, "store.db", NULL);

    assert_opens(path, STORE_WRITE);
    g_autofree char *before = picture(path);
    assert_opens(path, STORE_WRITE);
    assert_opens(path, STORE_READ);
    g_autofree char *after = picture(path);
    assert_string_equal(before, after);
    store_close(NULL);
}

/* A name that an URI has to escape, since such a folder is read by means of one. */
static void reads_in_a_folder_it_may_not_write(void **state)
{
    if (geteuid() == 0)
        skip(); /* who may write everywhere */

    g_autofree char *path = g_build_filename(*state, "a?b%20c#d.db", NULL);
    g_autofree char *log = g_strconcat(path, "-wal", NULL);
    g_autofree char *shared = g_strconcat(path, "-shm", NULL);

    assert_opens(path, STORE_WRITE);
    assert_int_equal(g_chmod(*state, 0500), 0);
    g_autofree char *with_log = ask(path, "SELECT count(*) FROM reports");
    assert_string_equal(with_log, "0");

    assert_int_equal(g_chmod(*state, 0700), 0);
    assert_int_equal(g_unlink(log) + g_unlink(shared), 0);
    assert_int_equal(g_chmod(*state, 0500), 0);
    g_autofree char *alone = ask(path, "SELECT count(*) FROM reports");
    assert_string_equal(alone, "0");
}

static void rollback_leaves_nothing(void **state)
{
    struct sample *sample = *state;
    struct arrival *mail = sample_mail("a");
    GError *error = NULL;
    g_autofree char *before = sample_dump(sample);

    g_ptr_array_add(mail->reports, sample_report("org", "a", SAMPLE_NOW, "a"));
    sample_unread(mail, ARRIVAL_OTHER, "cut");
    sample_begin(sample);
    sample_ok(
        store_put_arrival(sample->store, mail, SAMPLE_NOW, SAMPLE_RULES, &sample->counts, &error),
        error);
    store_rollback(sample->store);
    arrival_free(mail);
    g_autofree char *after = sample_dump(sample);
    assert_string_equal(before, after);

    store_rollback(sample->store);
    count_it("b", sample);
    sample_is(sample, "SELECT external_id FROM reports", "b");
}

static void a_reader_does_not_wait_for_a_writer(void **state)
{
    struct sample *sample = *state;

    count_it("a", sample);
    sample_begin(sample);
    sample_is(sample, "SELECT count(*) FROM reports", "1");
    sample_commit(sample);
}

static void a_store_that_stays_locked_is_busy(void **state)
{
    struct sample *sample = *state;
    GError *error = NULL;
    struct store *other = store_open(sample->path, STORE_WRITE, &error);

    sample_ok(other != NULL, error);
    store_set_busy_ms(other, 50);
    sample_begin(sample);
    gint64 begin = g_get_monotonic_time();
    assert_false(store_begin(other, &error));
    gint64 waited = g_get_monotonic_time() - begin;
    assert_true(g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_BUSY));
    assert_true(waited >= 50 * 1000);
    g_clear_error(&error);
    sample_commit(sample);
    sample_ok(store_begin(other, &error), error);
    store_rollback(other);
    store_close(other);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup_folder, teardown_folder)
#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(makes_a_missing_store),
        IN_FOLDER(an_empty_file_becomes_a_store),
        IN_FOLDER(reading_makes_no_store),
        IN_FOLDER(leaves_other_databases_alone),
        IN_FOLDER(leaves_other_files_alone),
        IN_FOLDER(leaves_a_newer_store_alone),
        IN_FOLDER(migrates_an_older_store),
        IN_FOLDER(a_store_of_the_first_version_keeps_its_reports),
        IN_FOLDER(a_later_migration_that_fails_leaves_the_first_version),
        IN_FOLDER(a_migration_is_done_whole_or_not_at_all),
        IN_FOLDER(opening_again_changes_nothing),
        IN_FOLDER(reads_in_a_folder_it_may_not_write),
        IN_STORE(rollback_leaves_nothing),
        IN_STORE(a_reader_does_not_wait_for_a_writer),
        IN_STORE(a_store_that_stays_locked_is_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
