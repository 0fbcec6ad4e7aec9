/* DMARC reports: into the store, and in their place anew. */
#include "schema/store_dmarc.h"
#include "schema/store_dmarc_private.h"
#include <jansson.h>

/* Lists that are in the store already, by the array that the rows of a block share. */
struct writing {
    struct store *store;
    gint64 report;
    GHashTable *lists; /* const void * -> gint64 *, id of dmarc_list */
};

static void set(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, name, json_string(text));
}

/* As the view dmarc_rows gives it. */
static char *auth_json(const struct dmarc_auth *auth, guint count, const char *detail)
{
    json_t *array = json_array();
    char *text;

    for (guint i = 0; i < count; i++) {
        json_t *object = json_object();
        set(object, "domain", auth[i].domain);
        set(object, detail, auth[i].detail);
        set(object, "result", auth[i].result);
        set(object, "human_result", auth[i].human_result);
        json_array_append_new(array, object);
    }
    text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

static char *reasons_json(const struct dmarc_reason *reasons, guint count)
{
    json_t *array = json_array();
    char *text;

    for (guint i = 0; i < count; i++) {
        json_t *object = json_object();
        set(object, "type", reasons[i].type);
        set(object, "comment", reasons[i].comment);
        json_array_append_new(array, object);
    }
    text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

/* The id of the list; 0 with an error. Takes the text. */
static gint64 add_list(struct writing *writing, const void *array, char *items, GError **error)
{
    sqlite3_stmt *add = store_statement(writing->store, SQL_ADD_DMARC_LIST, error);
    gint64 *id = g_new0(gint64, 1);

    if (add != NULL) {
        sqlite3_bind_int64(add, 1, writing->report);
        store_bind_text(add, 2, items);
        if (store_run(writing->store, add, "writing a DMARC row", error))
            *id = sqlite3_last_insert_rowid(writing->store->db);
    }
    free(items);
    g_hash_table_insert(writing->lists, (gpointer)array, id);
    return *id;
}

/* *id stays 0 where there is none. False with an error. */
static bool find_auth_list(struct writing *writing, const struct dmarc_auth *auth, guint count,
                           const char *detail, gint64 *id, GError **error)
{
    const gint64 *known = count > 0 ? g_hash_table_lookup(writing->lists, auth) : NULL;

    if (count == 0)
        return true;
    *id = known != NULL ? *known : add_list(writing, auth, auth_json(auth, count, detail), error);
    return *id != 0;
}

static bool find_reason_list(struct writing *writing, const struct dmarc_row *row, gint64 *id,
                             GError **error)
{
    const gint64 *known =
        row->reason_count > 0 ? g_hash_table_lookup(writing->lists, row->reasons) : NULL;

    if (row->reason_count == 0)
        return true;
    *id = known != NULL ? *known
                        : add_list(writing, row->reasons,
                                   reasons_json(row->reasons, row->reason_count), error);
    return *id != 0;
}

/* 1, 0, NULL. */
static void bind_verdict(sqlite3_stmt *statement, int index, uint8_t verdict)
{
    if (verdict != DMARC_VERDICT_UNKNOWN)
        sqlite3_bind_int(statement, index, verdict == DMARC_PASS);
}

static void bind_auth(sqlite3_stmt *statement, int index, const struct dmarc_auth *auth)
{
    if (auth == NULL)
        return;
    store_bind_text(statement, index, auth->domain);
    store_bind_text(statement, index + 1, auth->detail);
    store_bind_text(statement, index + 2, auth->result);
}

static void bind_id(sqlite3_stmt *statement, int index, gint64 id)
{
    if (id != 0)
        sqlite3_bind_int64(statement, index, id);
}

static void bind_row(sqlite3_stmt *add, const struct dmarc_row *row)
{
    store_bind_text(add, 2, row->source_ip);
    sqlite3_bind_int64(add, 3, row->messages);
    store_bind_text(add, 4, dmarc_disposition_word((enum dmarc_disposition)row->disposition));
    bind_verdict(add, 5, row->dkim_aligned);
    bind_verdict(add, 6, row->spf_aligned);
    store_bind_text(add, 7, dmarc_verdict_word((enum dmarc_verdict)row->dkim_said));
    store_bind_text(add, 8, dmarc_verdict_word((enum dmarc_verdict)row->spf_said));
    store_bind_text(add, 9, row->header_from);
    store_bind_text(add, 10, row->envelope_from);
    store_bind_text(add, 11, row->envelope_to);
    bind_auth(add, 12, row->dkim_count > 0 ? &row->dkim[row->dkim_best] : NULL);
    bind_auth(add, 15, row->spf_count > 0 ? &row->spf[row->spf_best] : NULL);
    store_bind_text(add, 18, row->reason_count > 0 ? row->reasons->type : NULL);
}

static bool add_row(struct writing *writing, const struct dmarc_row *row, GError **error)
{
    gint64 dkim = 0, spf = 0, reasons = 0;
    sqlite3_stmt *add;

    if (!find_auth_list(writing, row->dkim, row->dkim_count, "selector", &dkim, error) ||
        !find_auth_list(writing, row->spf, row->spf_count, "scope", &spf, error) ||
        !find_reason_list(writing, row, &reasons, error) ||
        (add = store_statement(writing->store, SQL_ADD_DMARC_ROW, error)) == NULL)
        return false;
    sqlite3_bind_int64(add, 1, writing->report);
    bind_row(add, row);
    bind_id(add, 19, dkim);
    bind_id(add, 20, spf);
    bind_id(add, 21, reasons);
    return store_run(writing->store, add, "writing a DMARC row", error);
}

static bool add_rows(struct store *store, gint64 id, const struct dmarc_report *report,
                     GError **error)
{
    struct writing writing = {store, id, g_hash_table_new_full(NULL, NULL, NULL, g_free)};
    bool ok = true;

    for (guint i = 0; ok && i < dmarc_rows_count(report->rows); i++) {
        if (i % DMARC_ROWS_BLOCK == 0)
            g_hash_table_remove_all(writing.lists);
        ok = add_row(&writing, dmarc_rows_at(report->rows, i), error);
    }
    g_hash_table_unref(writing.lists);
    return ok;
}

/* Parameters 1 to 20. */
static void bind_report(sqlite3_stmt *statement, const struct dmarc_report *report)
{
    const struct dmarc_policy *policy = &report->policy;

    store_bind_text(statement, 1, report->organization != NULL ? report->organization : "");
    store_bind_text(statement, 2, report->external_id);
    store_bind_text(statement, 3, report->contact);
    store_bind_text(statement, 4, report->extra_contact);
    store_bind_text(statement, 5, report->generator);
    store_bind_text(statement, 6, report->error);
    store_bind_text(statement, 7, dmarc_form_word(report->form));
    store_bind_text(statement, 8, report->version);
    sqlite3_bind_int64(statement, 9, report->begins_at);
    sqlite3_bind_int64(statement, 10, report->ends_at);
    store_bind_text(statement, 11, policy->domain != NULL ? policy->domain : "");
    store_bind_text(statement, 12, dmarc_request_word(policy->p));
    store_bind_text(statement, 13, dmarc_request_word(policy->sp));
    store_bind_text(statement, 14, dmarc_request_word(policy->np));
    store_bind_text(statement, 15, dmarc_strictness_word(policy->adkim));
    store_bind_text(statement, 16, dmarc_strictness_word(policy->aspf));
    if (policy->pct >= 0)
        sqlite3_bind_int(statement, 17, policy->pct);
    sqlite3_bind_int(statement, 18, policy->testing);
    store_bind_text(statement, 19, policy->fo);
    store_bind_text(statement, 20, policy->discovery_method);
}

static bool add_report_row(struct store *store, gint64 arrival_id,
                           const struct dmarc_report *report, gint64 superseded_by, gint64 now,
                           GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_DMARC, error);

    if (add == NULL)
        return false;
    bind_report(add, report);
    sqlite3_bind_int64(add, 21, arrival_id);
    store_bind_hash(add, 22, report->content_hash);
    store_bind_hash(add, 23, report->identity_hash);
    bind_id(add, 24, superseded_by);
    sqlite3_bind_int64(add, 25, now);
    return store_run(store, add, "writing a DMARC report", error);
}

static bool add_xml(struct store *store, gint64 id, const struct original *original, GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_DMARC_XML, error);
    gsize size = 0;
    const void *bytes = original->bytes != NULL ? g_bytes_get_data(original->bytes, &size) : NULL;

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, id);
    store_bind_original(add, 2, original);
    sqlite3_bind_blob64(add, 8, size > 0 ? bytes : "", size, SQLITE_STATIC);
    return store_run(store, add, "writing a report's XML", error);
}

static struct store_identity identity_of(const struct dmarc_report *report)
{
    return (struct store_identity){&store_family_dmarc, report->content_hash, report->identity_hash,
                                   report->external_id};
}

static bool add_new(struct store *store, gint64 arrival_id, const struct arrival *arrival,
                    const struct dmarc_report *report, gint64 now, struct store_counts *counts,
                    enum arrival_outcome *outcome, GError **error)
{
    const struct store_identity identity = identity_of(report);
    struct store_earlier earlier = {0};
    gint64 id;

    if (!store_find_counting(store, SQL_FIND_DMARC_IDENTITY, report->identity_hash, arrival,
                             &earlier, error))
        return false;
    bool replaces = earlier.id == 0 || store_displaces(arrival, &earlier);
    if (!add_report_row(store, arrival_id, report, replaces ? 0 : earlier.id, now, error))
        return false;
    id = sqlite3_last_insert_rowid(store->db);
    counts->new_dmarc++;
    counts->issues += report->issues->len;
    *outcome = OUTCOME_STORED;
    if (earlier.id != 0) {
        counts->revised_dmarc++;
        counts->issues++;
        *outcome = OUTCOME_REVISED;
        if ((replaces && !store_supersede(store, identity.family, earlier.id, id, error)) ||
            !store_note_revision(store, arrival_id, id, &identity, replaces, now, error))
            return false;
    }
    return add_xml(store, id, &report->original, error) && add_rows(store, id, report, error) &&
           store_add_issues_of(store, identity.family, arrival_id, id, report->issues, now, error);
}

bool store_add_dmarc(struct store *store, gint64 arrival_id, const struct arrival *arrival,
                     const struct dmarc_report *report, gint64 now, struct store_counts *counts,
                     enum arrival_outcome *outcome, GError **error)
{
    const struct store_identity identity = identity_of(report);
    gint64 known = store_find_by_hash(store, SQL_FIND_DMARC_CONTENT, report->content_hash, error);

    if (known < 0)
        return false;
    if (known == 0)
        return add_new(store, arrival_id, arrival, report, now, counts, outcome, error);
    counts->known_dmarc++;
    *outcome = OUTCOME_KNOWN;
    return store_know_again(store, arrival, arrival_id, known, &identity, now, counts, error);
}

static bool hash_rows(struct store *store, enum statement which, gint64 id, GChecksum *hash,
                      GError **error)
{
    sqlite3_stmt *find = store_statement(store, which, error);
    int code;

    if (find == NULL)
        return false;
    sqlite3_bind_int64(find, 1, id);
    while ((code = sqlite3_step(find)) == SQLITE_ROW)
        store_hash_column(hash, find, 0);
    sqlite3_reset(find);
    return code == SQLITE_DONE || store_fail(store, "reading a DMARC report", error);
}

/* To see whether reading it again changed anything. NULL with an error. */
static char *fingerprint(struct store *store, gint64 id, GError **error)
{
    g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);

    return hash_rows(store, SQL_PRINT_DMARC, id, hash, error) &&
                   hash_rows(store, SQL_PRINT_DMARC_ROWS, id, hash, error)
               ? g_strdup(g_checksum_get_string(hash))
               : NULL;
}

static bool update_report(struct store *store, gint64 id, const struct dmarc_report *report,
                          GError **error)
{
    sqlite3_stmt *update = store_statement(store, SQL_UPDATE_DMARC, error);

    if (update == NULL)
        return false;
    bind_report(update, report);
    sqlite3_bind_int64(update, 21, id);
    if (!store_run(store, update, "rewriting a DMARC report", error) ||
        (update = store_statement(store, SQL_UPDATE_DMARC_HASHES, error)) == NULL)
        return false;
    sqlite3_bind_int64(update, 1, id);
    store_bind_hash(update, 2, report->content_hash);
    store_bind_hash(update, 3, report->identity_hash);
    return store_run(store, update, "rewriting a DMARC report", error);
}

bool store_replace_dmarc(struct store *store, gint64 id, const struct dmarc_report *report,
                         bool *changed, GError **error)
{
    g_autofree char *before = fingerprint(store, id, error);
    g_autofree char *after = NULL;
    gint64 ingested_at = 0;
    gint64 arrival =
        before != NULL ? store_arrival_of(store, SQL_ARRIVAL_OF_DMARC, id, &ingested_at, error) : 0;

    if (arrival == 0 || !store_run_for(store, SQL_DROP_DMARC_ROWS, id, error) ||
        !store_run_for(store, SQL_DROP_DMARC_LISTS, id, error) ||
        !store_run_for(store, SQL_DROP_DMARC_ISSUES, id, error) ||
        !update_report(store, id, report, error) || !add_rows(store, id, report, error) ||
        !store_add_issues_of(store, &store_family_dmarc, arrival, id, report->issues, ingested_at,
                             error))
        return false;
    after = fingerprint(store, id, error);
    *changed = g_strcmp0(before, after) != 0;
    return after != NULL;
}

bool store_release_dmarc(struct store *store, const struct store_kept *kept,
                         const struct dmarc_report *report, gint64 now, struct store_counts *counts,
                         GError **error)
{
    enum arrival_outcome outcome;
    gint64 arrival = store_arrival_of_unread(store, kept->id, error);

    return arrival != 0 &&
           store_add_dmarc(store, arrival, kept->arrival, report, now, counts, &outcome, error) &&
           store_unread_is_read(store, kept, arrival, outcome, error);
}
