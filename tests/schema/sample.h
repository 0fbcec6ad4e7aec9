/*
 * For the tests of the store: a store in a folder of its own, records made by hand, and answers as
 * text.
 */
#ifndef TESTS_SCHEMA_SAMPLE_H
#define TESTS_SCHEMA_SAMPLE_H

#include "schema/record.h"
#include "schema/store.h"
#include <glib/gstdio.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#define SAMPLE_DAY INT64_C(86400)
#define SAMPLE_NOW INT64_C(1795000000) /* some day in 2026 */
#define SAMPLE_RULES 1                 /* the version of the classifier */

struct sample {
    char *folder;
    char *path;
    struct store *store;
    struct store_counts counts;
};

static inline char *sample_folder(void)
{
    char *folder = g_dir_make_tmp("tlstriage-XXXXXX", NULL);

    assert_non_null(folder);
    return folder;
}

static inline void sample_empty(const char *folder)
{
    GDir *names = g_dir_open(folder, 0, NULL);

    for (const char *name; names != NULL && (name = g_dir_read_name(names)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    if (names != NULL)
        g_dir_close(names);
}

static inline void sample_remove(const char *folder)
{
    sample_empty(folder);
    assert_int_equal(g_rmdir(folder), 0);
}

static inline void sample_ok(bool done, GError *error)
{
    if (!done)
        fail_msg("%s", error != NULL ? error->message : "failed without an error");
    assert_null(error);
}

static inline int sample_setup(void **state)
{
    struct sample *sample = g_new0(struct sample, 1);
    GError *error = NULL;

    sample->folder = sample_folder();
    sample->path = g_build_filename(sample->folder, "store.db", NULL);
    sample->store = store_open(sample->path, STORE_WRITE, &error);
    sample_ok(sample->store != NULL, error);
    *state = sample;
    return 0;
}

static inline int sample_teardown(void **state)
{
    struct sample *sample = *state;

    store_close(sample->store);
    sample_remove(sample->folder);
    g_free(sample->folder);
    g_free(sample->path);
    g_free(sample);
    return 0;
}

static inline void sample_hash(const char *text, uint8_t hash[RECORD_HASH_BYTES])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize length = RECORD_HASH_BYTES;

    g_checksum_update(checksum, (const guchar *)text, -1);
    g_checksum_get_digest(checksum, hash, &length);
}

/* A mail; the same name is the same mail. */
static inline struct arrival *sample_mail(const char *name)
{
    struct arrival *arrival = arrival_new();

    sample_hash(name, arrival->key);
    arrival->kind = ARRIVAL_TLSRPT;
    arrival->is_mail = true;
    arrival->source = g_strdup_printf("mbox#%s", name);
    arrival->sender = g_strdup("tlsrpt@reporter.example");
    arrival->message_id = g_strdup_printf("%s@reporter.example", name);
    arrival->subject = g_strdup_printf("Report Domain: example.org %s", name);
    arrival->received_at = SAMPLE_NOW;
    return arrival;
}

/* A report of one day. `id` and the organization tell a revision, `content` what is known. */
static inline struct report *sample_report(const char *organization, const char *id,
                                           gint64 begins_at, const char *content)
{
    struct report *report = report_new();
    g_autofree char *identity =
        g_strdup_printf("%s %s %" G_GINT64_FORMAT, organization, id, begins_at);

    report->organization = g_strdup(organization);
    report->submitter = g_strdup("reporter.example");
    report->external_id = g_strdup(id);
    report->contact = g_strdup("tls@reporter.example");
    report->begins_at = begins_at;
    report->ends_at = begins_at + SAMPLE_DAY - 1;
    report->original.bytes = g_bytes_new(content, strlen(content));
    report->original.encoding = ORIGINAL_PLAIN;
    report->original.part = g_strdup("1.2");
    report->original.file_name = g_strdup("report.json");
    sample_hash(content, report->json_hash);
    sample_hash(content, report->content_hash);
    sample_hash(identity, report->identity_hash);
    return report;
}

/* The same with a domain that does not stand in the JSON. */
static inline void sample_outer_domain(struct report *report, const char *domain)
{
    gsize size;
    const char *json = g_bytes_get_data(report->original.bytes, &size);
    g_autofree char *content = g_strdup_printf("%.*s %s", (int)size, json, domain);

    sample_hash(content, report->content_hash);
}

static inline struct policy *sample_policy(struct report *report, enum policy_type type,
                                           const char *domain, int64_t successes, int64_t failures)
{
    struct policy *policy = policy_new();

    policy->type = type;
    policy->type_word = g_strdup(policy_type_word(type));
    policy->domain = g_strdup(domain);
    policy->policy_domain =
        type == POLICY_TLSA ? g_strconcat("mx.", domain, NULL) : g_strdup(domain);
    policy->domain_source = type == POLICY_TLSA ? DOMAIN_FROM_SIBLING : DOMAIN_FROM_POLICY;
    policy->successes = successes;
    policy->failures = failures;
    g_ptr_array_add(report->policies, policy);
    return policy;
}

static inline struct failure *sample_failure(struct policy *policy, enum failure_type type,
                                             const char *mx, int64_t sessions)
{
    struct failure *failure = failure_new();

    failure->failure_type = type;
    failure->mx = g_strdup(mx);
    failure->sessions = sessions;
    failure->result_word = g_strdup("validation-failure");
    failure->result_type = RESULT_VALIDATION_FAILURE;
    failure->mail_effect = EFFECT_DEFERRED;
    g_ptr_array_add(policy->details, failure);
    return failure;
}

static inline struct unread *sample_unread(struct arrival *arrival, enum arrival_kind kind,
                                           const char *text)
{
    struct unread *unread = unread_new();

    unread->kind = kind;
    unread->original.bytes = g_bytes_new(text, strlen(text));
    unread->original.encoding = ORIGINAL_GZIP;
    unread->original.part = g_strdup("1.3");
    unread->original.file_name = g_strdup("report.json.gz");
    unread->problem = g_strdup("not gzip");
    unread->clause = g_strdup("RFC 1952, section 2.3.1");
    g_ptr_array_add(arrival->unread, unread);
    return unread;
}

/* Makes what holds this text one of those that an earlier version left unread. */
static inline void sample_leave_for_later(const struct sample *sample, const char *text)
{
    g_autofree char *sql =
        g_strdup_printf("UPDATE quarantine SET bytes = bytes - (SELECT sum(size) FROM unread WHERE "
                        "CAST(content AS TEXT) = '%s'); UPDATE unread SET later = 1 WHERE "
                        "CAST(content AS TEXT) = '%s'",
                        text, text);
    sqlite3 *db;

    assert_int_equal(sqlite3_open(sample->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static inline void sample_begin(struct sample *sample)
{
    GError *error = NULL;
    sample_ok(store_begin(sample->store, &error), error);
}

static inline void sample_commit(struct sample *sample)
{
    GError *error = NULL;
    sample_ok(store_commit(sample->store, &error), error);
}

/* Stores an arrival, with `report` in it if that is not NULL, and frees both. */
static inline void sample_put(struct sample *sample, struct arrival *arrival, struct report *report,
                              gint64 now)
{
    GError *error = NULL;

    if (report != NULL)
        g_ptr_array_add(arrival->reports, report);
    sample_begin(sample);
    sample_ok(store_put_arrival(sample->store, arrival, now, SAMPLE_RULES, &sample->counts, &error),
              error);
    sample_commit(sample);
    arrival_free(arrival);
}

static inline bool sample_take_row(int columns, const char *const *names, const char *const *cells,
                                   void *data)
{
    GString *answer = data;

    (void)names;
    for (int i = 0; i < columns; i++)
        g_string_append_printf(answer, "%s%s",
                               i > 0             ? "|"
                               : answer->len > 0 ? "\n"
                                                 : "",
                               cells[i] != NULL ? cells[i] : "NULL");
    return true;
}

/* The rows as text: cells parted by '|', rows by newlines. */
static inline char *sample_ask(const struct sample *sample, const char *sql)
{
    GError *error = NULL;
    GString *answer = g_string_new(NULL);
    struct store *reader = store_open(sample->path, STORE_READ, &error);

    sample_ok(reader != NULL, error);
    bool done = store_query(reader, sql, sample_take_row, answer, &error);
    if (!done)
        fail_msg("%s\n%s", sql, error->message);
    store_close(reader);
    return g_string_free(answer, FALSE);
}

static inline void sample_is(const struct sample *sample, const char *sql, const char *wanted)
{
    g_autofree char *answer = sample_ask(sample, sql);

    if (strcmp(answer, wanted) != 0)
        fail_msg("%s\nanswers \"%s\", not \"%s\"", sql, answer, wanted);
}

/* Every row of every table. */
static inline char *sample_dump(const struct sample *sample)
{
    GString *dump = g_string_new(NULL);
    g_autofree char *tables =
        sample_ask(sample, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    g_auto(GStrv) names = g_strsplit(tables, "\n", -1);

    for (char **name = names; *name != NULL; name++) {
        g_autofree char *sql = g_strdup_printf("SELECT * FROM %s ORDER BY 1, 2", *name);
        g_autofree char *rows = sample_ask(sample, sql);
        g_string_append_printf(dump, "-- %s\n%s\n", *name, rows);
    }
    return g_string_free(dump, FALSE);
}

#endif
