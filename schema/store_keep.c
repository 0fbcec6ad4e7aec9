/* What is kept and for how long: pruning, the quarantine's bounds, reading again. */
#include "schema/store_log_private.h"
#include <string.h>

#define DAY 86400

/* Rows dropped in one transaction, so that a delivery never waits long for the lock: rows that much
   hangs on, and small ones. */
#define FEW "500"
#define MANY "20000"

static bool drop_unread(struct store *store, gint64 id, GError **error)
{
    sqlite3_stmt *drop = store_statement(store, SQL_DROP_UNREAD, error);

    if (drop == NULL)
        return false;
    sqlite3_bind_int64(drop, 1, id);
    return store_run(store, drop, "bounding the quarantine", error);
}

static bool oldest_quarantined(struct store *store, gint64 *id, gint64 *size, gint64 *at,
                               GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_OLDEST_QUARANTINED, error);

    if (find == NULL)
        return false;
    int code = sqlite3_step(find);
    *id = code == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    *size = sqlite3_column_int64(find, 1);
    *at = sqlite3_column_int64(find, 2);
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "bounding the quarantine", error);
}

bool store_bound_quarantine(struct store *store, gint64 now, gint64 *dropped, GError **error)
{
    sqlite3_stmt *sum = store_statement(store, SQL_QUARANTINE_SIZE, error);
    gint64 total, id, size, at;

    if (sum == NULL)
        return false;
    if (sqlite3_step(sum) != SQLITE_ROW) {
        sqlite3_reset(sum);
        return store_fail(store, "bounding the quarantine", error);
    }
    total = sqlite3_column_int64(sum, 0);
    sqlite3_reset(sum);
    while (oldest_quarantined(store, &id, &size, &at, error)) {
        if (id == 0 ||
            (total <= STORE_QUARANTINE_BYTES && at >= now - (gint64)STORE_QUARANTINE_DAYS * DAY))
            return true;
        if (!drop_unread(store, id, error))
            return false;
        total -= size;
        if (dropped != NULL)
            (*dropped)++;
    }
    return false;
}

/* The times before which a thing is too old. */
struct cutoffs {
    gint64 things;     /* ?1 */
    gint64 quarantine; /* ?2 */
    gint64 clients;    /* ?3 */
    gint64 expiries;   /* ?4 */
};

/* What pruning takes, in order, once the quarantine is bounded. Of the logs first: a report that
   goes takes with it the reason to keep what its sender's address met. An arrival whose reports are
   gone goes too: else the same mail, read again, would be taken for known. One that has something
   in the quarantine stays with it. */
static const struct {
    const char *table;
    const char *key;
    const char *batch;
    const char *condition;
    size_t counter; /* offset in struct store_pruned */
} prune_steps[] = {
    {"log_failure", "id", FEW, "at < ?1", offsetof(struct store_pruned, log_failures)},
    /* The plus keeps SQLite from walking all failures by their time. */
    {"log_failure", "id", FEW,
     "direction = 'in' AND +at >= ?1 AND +at < ?3 AND (ip IS NULL OR ip NOT IN"
     " (SELECT sending_ip FROM failure WHERE sending_ip IS NOT NULL))",
     offsetof(struct store_pruned, log_failures)},
    {"log_count", "hour, route", MANY, "hour < ?1 / 3600",
     offsetof(struct store_pruned, log_counts)},
    {"log_mark", "id", FEW, "hour < ?1 / 3600", offsetof(struct store_pruned, log_marks)},
    {"log_open", "id", MANY, "hour < ?1 / 3600", offsetof(struct store_pruned, log_marks)},
    {"log_expiry", "queue_id, host, at", MANY, "at < max(?1, ?4)",
     offsetof(struct store_pruned, log_marks)},
    {"log_peer", "ip", MANY, "last_at < ?1", offsetof(struct store_pruned, log_marks)},
    {"log_source", "id", MANY, "last_at < ?1", offsetof(struct store_pruned, log_marks)},
    {"log_position", "path", MANY, "at < ?1", offsetof(struct store_pruned, log_marks)},
    {"report", "id", FEW, "min(ends_at, ingested_at) < ?1", offsetof(struct store_pruned, reports)},
    /* Rows first, and few at a time: one report may have half a million. */
    {"dmarc_row", "id", MANY,
     "report IN (SELECT id FROM dmarc_report WHERE min(ends_at, ingested_at) < ?1)",
     offsetof(struct store_pruned, dmarc_rows)},
    {"dmarc_report", "id", FEW, "min(ends_at, ingested_at) < ?1",
     offsetof(struct store_pruned, dmarc_reports)},
    {"arrival", "id", FEW,
     "(at < ?1 OR (kind IN ('tlsrpt', 'dmarc') AND outcome IN ('stored', 'revised', 'known')"
     " AND received_at < ?1)) AND NOT EXISTS (SELECT 1 FROM report r WHERE r.arrival = arrival.id"
     " AND min(r.ends_at, r.ingested_at) >= ?1)"
     " AND NOT EXISTS (SELECT 1 FROM dmarc_report r WHERE r.arrival = arrival.id"
     " AND min(r.ends_at, r.ingested_at) >= ?1)"
     " AND NOT EXISTS (SELECT 1 FROM unread u WHERE u.arrival = arrival.id"
     " AND u.at >= iif(u.later, ?1, ?2))",
     offsetof(struct store_pruned, arrivals)},
    {"issue", "id", FEW, "arrival IS NULL AND at < ?1", offsetof(struct store_pruned, issues)},
};

static bool step_with_cutoffs(struct store *store, const char *sql, const struct cutoffs *cutoffs,
                              gint64 *value, GError **error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return store_fail(store, "pruning", error);
    const gint64 values[] = {cutoffs->things, cutoffs->quarantine, cutoffs->clients,
                             cutoffs->expiries};
    for (int i = 0; i < MIN(sqlite3_bind_parameter_count(statement), (int)G_N_ELEMENTS(values));
         i++)
        sqlite3_bind_int64(statement, i + 1, values[i]);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    else if (code == SQLITE_DONE)
        *value = sqlite3_changes64(store->db);
    bool ok = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(store, "pruning", error);
    sqlite3_finalize(statement);
    return ok;
}

static bool prune_batch(struct store *store, const char *sql, const struct cutoffs *cutoffs,
                        gint64 *dropped, GError **error)
{
    if (!store_begin(store, error))
        return false;
    if (step_with_cutoffs(store, sql, cutoffs, dropped, error) && store_commit(store, error))
        return true;
    store_rollback(store);
    return false;
}

static bool prune_table(struct store *store, size_t step, const struct cutoffs *cutoffs,
                        bool dry_run, gint64 *total, GError **error)
{
    const char *table = prune_steps[step].table, *key = prune_steps[step].key;
    const char *condition = prune_steps[step].condition;
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM %s WHERE %s", table, condition);
    g_autofree char *drop =
        g_strdup_printf("DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s LIMIT %s)", table,
                        key, key, table, condition, prune_steps[step].batch);
    gint64 dropped = 0;

    if (dry_run) {
        bool ok = step_with_cutoffs(store, count, cutoffs, &dropped, error);
        *total += dropped;
        return ok;
    }
    do {
        if (!prune_batch(store, drop, cutoffs, &dropped, error))
            return false;
        *total += dropped;
    } while (dropped > 0);
    return true;
}

/* Kinds of sessions that no count is left of. */
static bool prune_routes(struct store *store, GError **error)
{
    static const char drop[] =
        "DELETE FROM log_route WHERE id NOT IN (SELECT route FROM log_count)";
    const struct cutoffs none = {0};
    gint64 dropped;

    return prune_batch(store, drop, &none, &dropped, error);
}

static bool prune_quarantine(struct store *store, gint64 now, const struct cutoffs *cutoffs,
                             bool dry_run, gint64 *total, GError **error)
{
    static const char too_old[] = "SELECT count(*) FROM unread WHERE later = 0 AND at < ?2";

    if (dry_run)
        return step_with_cutoffs(store, too_old, cutoffs, total, error);
    if (!store_begin(store, error))
        return false;
    if (store_bound_quarantine(store, now, total, error) && store_commit(store, error))
        return true;
    store_rollback(store);
    return false;
}

bool store_prune(struct store *store, int days, gint64 now, bool dry_run,
                 struct store_pruned *pruned, GError **error)
{
    const struct cutoffs cutoffs = {
        .things = now - (gint64)days * DAY,
        .quarantine = now - (gint64)STORE_QUARANTINE_DAYS * DAY,
        .clients = now - (gint64)STORE_LOG_INBOUND_DAYS * DAY,
        .expiries = now - (gint64)STORE_LOG_EXPIRY_DAYS * DAY,
    };

    memset(pruned, 0, sizeof(*pruned));
    if (!prune_quarantine(store, now, &cutoffs, dry_run, &pruned->quarantined, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(prune_steps); i++)
        if (!prune_table(store, i, &cutoffs, dry_run,
                         (gint64 *)((char *)pruned + prune_steps[i].counter), error))
            return false;
    return dry_run || pruned->log_counts == 0 || prune_routes(store, error);
}

void store_kept_clear(struct store_kept *kept)
{
    original_clear(&kept->original);
    g_clear_pointer(&kept->arrival, arrival_free);
}

static void kept_of_row(sqlite3_stmt *row, enum store_kept_kind kind, struct store_kept *kept)
{
    struct arrival *arrival = arrival_new();

    kept->id = sqlite3_column_int64(row, 0);
    kept->kind = kind;
    kept->original.encoding =
        original_encoding_from_word((const char *)sqlite3_column_text(row, 1));
    kept->original.part = store_column_dup(row, 2);
    kept->original.file_name = store_column_dup(row, 3);
    kept->original.bytes =
        g_bytes_new(sqlite3_column_blob(row, 4), (gsize)sqlite3_column_bytes(row, 4));
    kept->original.report_domain = store_column_dup(row, 5);
    kept->original.report_submitter = store_column_dup(row, 6);
    kept->original.subject = store_column_dup(row, 7);
    arrival->received_at = sqlite3_column_int64(row, 8);
    arrival->sender = store_column_dup(row, 9);
    arrival->message_id = store_column_dup(row, 10);
    arrival->subject = store_column_dup(row, 11);
    arrival->report_domain = store_column_dup(row, 12);
    arrival->report_submitter = store_column_dup(row, 13);
    arrival->source = store_column_dup(row, 14);
    arrival->is_mail = sqlite3_column_int(row, 15) != 0;
    arrival->authenticated = authenticity_from_word((const char *)sqlite3_column_text(row, 16));
    kept->arrival = arrival;
    kept->later = kind == KEPT_UNREAD && sqlite3_column_int(row, 17) != 0;
}

bool store_next_kept(struct store *store, enum store_kept_kind kind, gint64 after,
                     struct store_kept *kept, bool *found, GError **error)
{
    static const enum statement next[] = {
        [KEPT_REPORT] = SQL_NEXT_REPORT,
        [KEPT_UNREAD] = SQL_NEXT_UNREAD,
        [KEPT_DMARC] = SQL_NEXT_DMARC,
    };
    sqlite3_stmt *find = store_statement(store, next[kind], error);

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, after);
    int code = sqlite3_step(find);
    *found = code == SQLITE_ROW;
    if (*found)
        kept_of_row(find, kind, kept);
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "reading what is kept", error);
}

void store_hash_column(GChecksum *hash, sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);

    /* The zero at its end parts it from the next one. */
    if (text != NULL)
        g_checksum_update(hash, text, sqlite3_column_bytes(row, column) + 1);
}

static bool hash_failures(struct store *store, gint64 policy, GChecksum *hash, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_PRINT_FAILURES, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, policy);
    while ((code = sqlite3_step(find)) == SQLITE_ROW)
        store_hash_column(hash, find, 0);
    sqlite3_reset(find);
    return code == SQLITE_DONE || store_fail(store, "reading a report", error);
}

/* Of a report's policies and failures, to see whether reading it again changed anything. NULL with
   an error. */
static char *fingerprint(struct store *store, gint64 id, GError **error)
{
    g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
    sqlite3_stmt *find = store_statement(store, SQL_PRINT_POLICIES, error);
    int code = SQLITE_DONE;
    bool ok = true;

    if (find == NULL)
        return NULL;
    sqlite3_bind_int64(find, 1, id);
    while (ok && (code = sqlite3_step(find)) == SQLITE_ROW) {
        store_hash_column(hash, find, 1);
        ok = hash_failures(store, sqlite3_column_int64(find, 0), hash, error);
    }
    sqlite3_reset(find);
    ok = ok && (code == SQLITE_DONE || store_fail(store, "reading a report", error));
    return ok ? g_strdup(g_checksum_get_string(hash)) : NULL;
}

bool store_run_for(struct store *store, enum statement which, gint64 id, GError **error)
{
    sqlite3_stmt *statement = store_statement(store, which, error);

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, id);
    return store_run(store, statement, "rewriting a report", error);
}

static bool update_report(struct store *store, gint64 id, const struct report *report,
                          int classified, GError **error)
{
    sqlite3_stmt *update = store_statement(store, SQL_UPDATE_REPORT, error);

    if (update == NULL)
        return false;
    sqlite3_bind_int64(update, 1, id);
    store_bind_text(update, 2, report->organization != NULL ? report->organization : "");
    store_bind_text(update, 3, report->submitter);
    store_bind_text(update, 4, report->external_id);
    store_bind_text(update, 5, report->contact);
    sqlite3_bind_int64(update, 6, report->begins_at);
    sqlite3_bind_int64(update, 7, report->ends_at);
    sqlite3_bind_int(update, 8, classified);
    if (!store_run(store, update, "rewriting a report", error))
        return false;

    if ((update = store_statement(store, SQL_UPDATE_HASHES, error)) == NULL)
        return false;
    sqlite3_bind_int64(update, 1, id);
    store_bind_hash(update, 2, report->content_hash);
    if (memcmp(report->content_hash, report->json_hash, RECORD_HASH_BYTES) != 0)
        store_bind_hash(update, 3, report->json_hash);
    store_bind_hash(update, 4, report->identity_hash);
    return store_run(store, update, "rewriting a report", error);
}

gint64 store_arrival_of(struct store *store, enum statement which, gint64 id, gint64 *ingested_at,
                        GError **error)
{
    sqlite3_stmt *find = store_statement(store, which, error);
    gint64 arrival = 0;

    if (find == NULL)
        return 0;
    sqlite3_bind_int64(find, 1, id);
    if (sqlite3_step(find) == SQLITE_ROW) {
        arrival = sqlite3_column_int64(find, 0);
        *ingested_at = sqlite3_column_int64(find, 1);
    } else {
        store_fail(store, "reading a report", error);
    }
    sqlite3_reset(find);
    return arrival;
}

bool store_replace_report(struct store *store, gint64 id, const struct report *report,
                          int classified, bool *changed, GError **error)
{
    g_autofree char *before = fingerprint(store, id, error);
    g_autofree char *after = NULL;
    gint64 ingested_at = 0, arrival = before != NULL ? store_arrival_of(store, SQL_ARRIVAL_OF, id,
                                                                        &ingested_at, error)
                                                     : 0;

    if (arrival == 0 || !store_run_for(store, SQL_DROP_POLICIES, id, error) ||
        !store_run_for(store, SQL_DROP_REPORT_ISSUES, id, error) ||
        !update_report(store, id, report, classified, error) ||
        !store_add_policies(store, id, report, error) ||
        !store_add_issues(store, arrival, id, report->issues, ingested_at, error))
        return false;
    after = fingerprint(store, id, error);
    *changed = g_strcmp0(before, after) != 0;
    return after != NULL;
}

gint64 store_arrival_of_unread(struct store *store, gint64 id, GError **error)
{
    sqlite3_stmt *find = store_statement(store, SQL_ARRIVAL_OF_UNREAD, error);
    gint64 arrival = 0;

    if (find == NULL)
        return 0;
    sqlite3_bind_int64(find, 1, id);
    if (sqlite3_step(find) == SQLITE_ROW)
        arrival = sqlite3_column_int64(find, 0);
    else
        store_fail(store, "reading the quarantine", error);
    sqlite3_reset(find);
    return arrival;
}

static bool raise_outcome(struct store *store, gint64 arrival, enum arrival_outcome outcome,
                          GError **error)
{
    sqlite3_stmt *update = store_statement(store, SQL_RAISE_OUTCOME, error);

    if (update == NULL)
        return false;
    sqlite3_bind_int64(update, 1, arrival);
    store_bind_text(update, 2, arrival_outcome_word(outcome));
    return store_run(store, update, "writing an arrival", error);
}

bool store_unread_is_read(struct store *store, const struct store_kept *kept, gint64 arrival,
                          enum arrival_outcome outcome, GError **error)
{
    return raise_outcome(store, arrival, outcome, error) &&
           (kept->stays || drop_unread(store, kept->id, error));
}

bool store_release(struct store *store, const struct store_kept *kept, struct report *report,
                   gint64 now, int classified, struct store_counts *counts, GError **error)
{
    enum arrival_outcome outcome;
    gint64 arrival = store_arrival_of_unread(store, kept->id, error);

    return arrival != 0 &&
           store_add_report(store, arrival, kept->arrival, report, now, classified, counts,
                            &outcome, error) &&
           store_unread_is_read(store, kept, arrival, outcome, error);
}
