/* What the store is asked: reports for analysis, tallies for the digest, SQL of a person. */
#include "schema/store_dmarc_private.h"
#include "schema/store_private.h"
#include <jansson.h>

/* Bounds of a filter as a statement wants them: zero is no bound. */
static void bind_range(sqlite3_stmt *statement, int index, gint64 from, gint64 to)
{
    sqlite3_bind_int64(statement, index, from);
    sqlite3_bind_int64(statement, index + 1, to != 0 ? to : G_MAXINT64);
}

/* The reports a filter means; parameters 1..6 are bound by bind_filter(). */
#define FILTERED                                                                                   \
    "FROM report r JOIN arrival a ON a.id = r.arrival WHERE r.superseded_by IS NULL "              \
    "AND r.ingested_at >= ?1 AND r.ingested_at < ?2 AND r.begins_at >= ?3 AND r.begins_at < ?4 "   \
    "AND (?5 IS NULL OR r.id IN (SELECT d.report FROM policy d WHERE d.domain = ?5)) "             \
    "AND NOT (?6 AND a.authenticated = 'fail') "

static void bind_filter(sqlite3_stmt *statement, const struct store_filter *filter)
{
    bind_range(statement, 1, filter->ingested_from, filter->ingested_to);
    bind_range(statement, 3, filter->begins_from != 0 ? filter->begins_from : G_MININT64,
               filter->begins_to);
    store_bind_text(statement, 5, filter->domain);
    sqlite3_bind_int(statement, 6, filter->skip_unauthenticated);
}

static sqlite3_stmt *prepare(struct store *store, const char *sql, GError **error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        store_fail(store, "preparing a question", error);
    return statement;
}

static void texts_from_json(const char *text, GPtrArray *texts)
{
    json_t *array = json_loads(text, 0, NULL);
    size_t index;
    json_t *value;

    json_array_foreach(array, index, value) if (json_is_string(value))
        g_ptr_array_add(texts, g_strdup(json_string_value(value)));
    json_decref(array);
}

static bool load_failures(struct store *store, gint64 policy_id, struct policy *policy,
                          GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_FAILURES_OF, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, policy_id);
    while ((code = sqlite3_step(find)) == SQLITE_ROW) {
        struct failure *failure = failure_new();
        failure->result_word = store_column_dup(find, 0);
        failure->result_type = result_type_from_word(failure->result_word);
        failure->sending_ip = store_column_dup(find, 1);
        failure->mx = store_column_dup(find, 2);
        failure->receiving_ip = store_column_dup(find, 3);
        failure->sessions = sqlite3_column_int64(find, 4);
        failure->reason_code = store_column_dup(find, 5);
        failure->additional_information = store_column_dup(find, 6);
        failure_type_from_word((const char *)sqlite3_column_text(find, 7), &failure->failure_type);
        failure->mail_effect = mail_effect_from_word((const char *)sqlite3_column_text(find, 8));
        failure->helo = store_column_dup(find, 9);
        g_ptr_array_add(policy->details, failure);
    }
    sqlite3_reset(find);
    return code == SQLITE_DONE || store_fail(store, "reading failures", error);
}

static struct policy *policy_of_row(sqlite3_stmt *row)
{
    struct policy *policy = policy_new();

    policy->type = policy_type_from_word((const char *)sqlite3_column_text(row, 1));
    policy->mode = sts_mode_from_word((const char *)sqlite3_column_text(row, 2));
    policy->policy_domain = store_column_dup(row, 3);
    policy->domain = store_column_dup(row, 4);
    texts_from_json((const char *)sqlite3_column_text(row, 5), policy->strings);
    texts_from_json((const char *)sqlite3_column_text(row, 6), policy->mx_hosts);
    policy->successes = sqlite3_column_int64(row, 7);
    policy->failures = sqlite3_column_int64(row, 8);
    policy->type_word = store_column_dup(row, 9);
    policy->domain_source = domain_source_from_word((const char *)sqlite3_column_text(row, 10));
    return policy;
}

static bool load_policies(struct store *store, gint64 report_id, const char *domain,
                          struct report *report, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_POLICIES_OF, error);
    int code;
    bool ok = true;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, report_id);
    store_bind_text(find, 2, domain);
    while (ok && (code = sqlite3_step(find)) == SQLITE_ROW) {
        struct policy *policy = policy_of_row(find);
        g_ptr_array_add(report->policies, policy);
        ok = load_failures(store, sqlite3_column_int64(find, 0), policy, error);
    }
    sqlite3_reset(find);
    return ok && (code == SQLITE_DONE || store_fail(store, "reading policies", error));
}

static struct report *report_of_row(sqlite3_stmt *row)
{
    struct report *report = report_new();

    report->organization = store_column_dup(row, 1);
    report->submitter = store_column_dup(row, 2);
    report->external_id = store_column_dup(row, 3);
    report->contact = store_column_dup(row, 4);
    report->begins_at = sqlite3_column_int64(row, 5);
    report->ends_at = sqlite3_column_int64(row, 6);
    return report;
}

bool store_each_report(struct store *store, const struct store_filter *filter, store_report_fn take,
                       void *data, GError **error)
{
    static const char sql[] =
        "SELECT r.id, r.organization, r.submitter, r.external_id, r.contact, r.begins_at, "
        "r.ends_at, a.authenticated, a.received_at, r.ingested_at " FILTERED "ORDER BY r.id";
    sqlite3_stmt *find = prepare(store, sql, error);
    int code = SQLITE_DONE;
    bool ok = find != NULL;

    if (ok)
        bind_filter(find, filter);
    while (ok && (code = sqlite3_step(find)) == SQLITE_ROW) {
        g_autoptr(Report) report = report_of_row(find);
        struct stored_report stored = {
            .id = sqlite3_column_int64(find, 0),
            .report = report,
            .authenticated = authenticity_from_word((const char *)sqlite3_column_text(find, 7)),
            .received_at = sqlite3_column_int64(find, 8),
            .ingested_at = sqlite3_column_int64(find, 9),
        };
        ok = load_policies(store, stored.id, filter->domain, report, error);
        if (ok)
            take(&stored, data);
    }
    sqlite3_finalize(find);
    return ok && (code == SQLITE_DONE || store_fail(store, "reading reports", error));
}

static char *json_of_texts(const GPtrArray *texts)
{
    json_t *array = json_array();
    char *text;

    for (guint i = 0; texts != NULL && i < texts->len; i++)
        json_array_append_new(array, json_string(g_ptr_array_index(texts, i)));
    text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

bool store_sum_sessions(struct store *store, const struct store_filter *filter,
                        const GPtrArray *without, int64_t *successes, int64_t *failures,
                        GError **error)
{
    static const char sql[] =
        "SELECT coalesce(sum(s), 0), coalesce(sum(f), 0) FROM ("
        "SELECT max(s) AS s, max(f) AS f FROM ("
        "SELECT r.begins_at / 86400 AS day, p.domain, r.organization, "
        "sum(p.successes) AS s, sum(p.failures) AS f FROM policy p JOIN ("
        "SELECT r.id, r.begins_at, r.organization " FILTERED ") r ON r.id = p.report "
        "WHERE (?5 IS NULL OR p.domain = ?5) "
        "AND p.domain NOT IN (SELECT value FROM json_each(?7)) GROUP BY 1, 2, 3, p.policy_type) "
        "GROUP BY day, domain, organization)";
    sqlite3_stmt *sum = prepare(store, sql, error);
    bool ok = false;

    if (sum == NULL)
        return false;
    bind_filter(sum, filter);
    sqlite3_bind_text(sum, 7, json_of_texts(without), -1, free);
    if (sqlite3_step(sum) == SQLITE_ROW) {
        *successes = sqlite3_column_int64(sum, 0);
        *failures = sqlite3_column_int64(sum, 1);
        ok = true;
    } else {
        store_fail(store, "adding up sessions", error);
    }
    sqlite3_finalize(sum);
    return ok;
}

bool store_failing_days(struct store *store, enum failure_type type, const char *mx,
                        const char *domain, gint64 from, gint64 until, store_day_fn take,
                        void *data, GError **error)
{
    sqlite3_stmt *find =
        store_statement(store, mx != NULL ? SQL_FAILING_DAYS_MX : SQL_FAILING_DAYS_DOMAIN, error);
    int code;

    if (find == NULL)
        return false;
    store_bind_text(find, 1, failure_type_word(type));
    store_bind_text(find, 2, mx != NULL ? mx : domain);
    sqlite3_bind_int64(find, 3, from);
    sqlite3_bind_int64(find, 4, until);
    while ((code = sqlite3_step(find)) == SQLITE_ROW)
        take((const char *)sqlite3_column_text(find, 0), sqlite3_column_int64(find, 1), data);
    sqlite3_reset(find);
    return code == SQLITE_DONE || store_fail(store, "reading failing days", error);
}

void store_tally_free(struct store_tally *tally)
{
    g_free(tally->what);
    g_free(tally);
}

static GPtrArray *tallies_of(struct store *store, sqlite3_stmt *find, GError **error)
{
    GPtrArray *tallies = g_ptr_array_new_with_free_func((GDestroyNotify)store_tally_free);
    int code;

    while ((code = sqlite3_step(find)) == SQLITE_ROW) {
        struct store_tally *tally = g_new0(struct store_tally, 1);
        tally->what = store_column_dup(find, 0);
        tally->count = (guint)sqlite3_column_int64(find, 1);
        g_ptr_array_add(tallies, tally);
    }
    if (code != SQLITE_DONE) {
        store_fail(store, "counting", error);
        g_clear_pointer(&tallies, g_ptr_array_unref);
    }
    return tallies;
}

static GPtrArray *count(struct store *store, enum statement which,
                        const struct store_filter *filter, GError **error)
{
    sqlite3_stmt *find = store_statement(store, which, error);
    GPtrArray *tallies;

    if (find == NULL)
        return NULL;
    bind_range(find, 1, filter->ingested_from, filter->ingested_to);
    tallies = tallies_of(store, find, error);
    sqlite3_reset(find);
    return tallies;
}

GPtrArray *store_count_issues(struct store *store, const struct store_filter *filter,
                              GError **error)
{
    return count(store, SQL_COUNT_ISSUES, filter, error);
}

GPtrArray *store_count_report_issues(struct store *store, const struct store_filter *filter,
                                     GError **error)
{
    static const char sql[] =
        "SELECT kind, count(*) FROM (SELECT kind FROM issue WHERE report IN (SELECT r.id " FILTERED
        ") UNION ALL SELECT kind FROM issue WHERE dmarc_report IN "
        "(SELECT r.id " STORE_DMARC_FILTERED ")) GROUP BY kind ORDER BY 2 DESC, 1";
    sqlite3_stmt *find = prepare(store, sql, error);
    GPtrArray *tallies;

    if (find == NULL)
        return NULL;
    bind_filter(find, filter);
    tallies = tallies_of(store, find, error);
    sqlite3_finalize(find);
    return tallies;
}

GPtrArray *store_count_arrivals(struct store *store, const struct store_filter *filter,
                                GError **error)
{
    return count(store, SQL_COUNT_ARRIVALS, filter, error);
}

bool store_count_unread(struct store *store, const struct store_filter *filter, guint *quarantined,
                        guint *not_yet, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_COUNT_UNREAD, error);
    bool ok = false;

    if (find == NULL)
        return false;
    bind_range(find, 1, filter->ingested_from, filter->ingested_to);
    if (sqlite3_step(find) == SQLITE_ROW) {
        *quarantined = (guint)sqlite3_column_int64(find, 0);
        *not_yet = (guint)sqlite3_column_int64(find, 1);
        ok = true;
    } else {
        store_fail(store, "counting the quarantine", error);
    }
    sqlite3_reset(find);
    return ok;
}

bool store_last_digest(struct store *store, gint64 *covers_to, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_LAST_DIGEST, error);
    bool ok = find != NULL && sqlite3_step(find) == SQLITE_ROW;

    if (ok)
        *covers_to = sqlite3_column_int64(find, 0);
    else if (find != NULL)
        store_fail(store, "reading the last digest", error);
    if (find != NULL)
        sqlite3_reset(find);
    return ok;
}

bool store_put_digest(struct store *store, gint64 at, gint64 covers_from, gint64 covers_to,
                      const char *recipient, GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_DIGEST, error);

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, at);
    sqlite3_bind_int64(add, 2, covers_from);
    sqlite3_bind_int64(add, 3, covers_to);
    store_bind_text(add, 4, recipient);
    return store_run(store, add, "noting the digest", error);
}

static char *blob_hex(sqlite3_stmt *row, int column)
{
    const unsigned char *bytes = sqlite3_column_blob(row, column);
    int length = sqlite3_column_bytes(row, column);
    GString *hex = g_string_sized_new((gsize)length * 2);

    for (int i = 0; i < length; i++)
        g_string_append_printf(hex, "%02X", bytes[i]);
    return g_string_free(hex, FALSE);
}

/* *more: whether `take` wants what comes next. */
static bool give_rows(struct store *store, sqlite3_stmt *statement, store_row_fn take, void *data,
                      bool *more, GError **error)
{
    int columns = sqlite3_column_count(statement), code = SQLITE_DONE;

    while (*more && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
        for (int i = 0; i < columns; i++) {
            g_ptr_array_add(names, (gpointer)sqlite3_column_name(statement, i));
            g_ptr_array_add(cells, sqlite3_column_type(statement, i) == SQLITE_BLOB
                                       ? blob_hex(statement, i)
                                       : store_column_dup(statement, i));
        }
        *more = take(columns, (const char *const *)names->pdata, (const char *const *)cells->pdata,
                     data);
    }
    return !*more || code == SQLITE_DONE || store_fail(store, "running the question", error);
}

/* ATTACH, and VACUUM INTO which rests on it, make files even from a store opened for reading. */
static int deny_attach(void *data, int action, const char *one, const char *two,
                       const char *database, const char *trigger)
{
    (void)data, (void)one, (void)two, (void)database, (void)trigger;
    return action == SQLITE_ATTACH ? SQLITE_DENY : SQLITE_OK;
}

bool store_query(struct store *store, const char *sql, store_row_fn take, void *data,
                 GError **error)
{
    bool ok = true, more = true;

    sqlite3_set_authorizer(store->db, deny_attach, NULL);
    while (ok && more && sql != NULL && *sql != '\0') {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v2(store->db, sql, -1, &statement, &sql) != SQLITE_OK)
            return store_fail(store, "reading the question", error);
        if (statement != NULL)
            ok = give_rows(store, statement, take, data, &more, error);
        sqlite3_finalize(statement);
    }
    return ok;
}
