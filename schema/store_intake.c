/* What came in, into the store: arrivals, reports, revisions, the quarantine, issues. */
#include "schema/store_dmarc_private.h"
#include "schema/store_private.h"
#include <jansson.h>
#include <string.h>

static const char *const encodings[] = {
    [ORIGINAL_GZIP] = "gzip",
    [ORIGINAL_ZIP] = "zip",
    [ORIGINAL_PLAIN] = "plain",
};

const char *original_encoding_word(enum original_encoding encoding)
{
    return encodings[encoding];
}

enum original_encoding original_encoding_from_word(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(encodings); i++)
        if (g_strcmp0(word, encodings[i]) == 0)
            return (enum original_encoding)i;
    return ORIGINAL_PLAIN;
}

/* A JSON array of texts, as the views give it. */
static char *texts_json(const GPtrArray *texts)
{
    json_t *array = json_array();
    char *text;

    for (guint i = 0; i < texts->len; i++)
        json_array_append_new(array, json_string(g_ptr_array_index(texts, i)));
    text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

static bool add_failure(struct store *store, gint64 policy_id, const struct failure *failure,
                        GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_FAILURE, error);

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, policy_id);
    store_bind_text(add, 2, failure->result_word);
    store_bind_text(add, 3, failure->sending_ip);
    store_bind_text(add, 4, failure->mx);
    store_bind_text(add, 5, failure->helo);
    store_bind_text(add, 6, failure->receiving_ip);
    sqlite3_bind_int64(add, 7, failure->sessions);
    store_bind_text(add, 8, failure->reason_code);
    store_bind_text(add, 9, failure->additional_information);
    store_bind_text(add, 10, failure_type_word(failure->failure_type));
    store_bind_text(add, 11, layer_word(failure_type_layer(failure->failure_type)));
    store_bind_text(add, 12, mail_effect_word(failure->mail_effect));
    return store_run(store, add, "writing a failure", error);
}

static bool add_policy(struct store *store, gint64 report_id, const struct policy *policy,
                       GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_POLICY, error);
    const char *word = policy_type_word(policy->type);
    bool ok;

    if (add == NULL)
        return false;
    char *strings = texts_json(policy->strings), *hosts = texts_json(policy->mx_hosts);
    sqlite3_bind_int64(add, 1, report_id);
    store_bind_text(add, 2, word);
    store_bind_text(add, 3, g_strcmp0(policy->type_word, word) == 0 ? NULL : policy->type_word);
    store_bind_text(add, 4, policy->mode == STS_MODE_UNKNOWN ? NULL : sts_mode_word(policy->mode));
    store_bind_text(add, 5, policy->policy_domain);
    store_bind_text(add, 6, policy->domain);
    store_bind_text(add, 7, domain_source_word(policy->domain_source));
    store_bind_text(add, 8, strings);
    store_bind_text(add, 9, hosts);
    sqlite3_bind_int64(add, 10, policy->successes);
    sqlite3_bind_int64(add, 11, policy->failures);
    ok = store_run(store, add, "writing a policy", error);
    free(strings);
    free(hosts);

    gint64 id = sqlite3_last_insert_rowid(store->db);
    for (guint i = 0; ok && i < policy->details->len; i++)
        ok = add_failure(store, id, g_ptr_array_index(policy->details, i), error);
    return ok;
}

bool store_add_policies(struct store *store, gint64 report_id, const struct report *report,
                        GError **error)
{
    for (guint i = 0; i < report->policies->len; i++)
        if (!add_policy(store, report_id, g_ptr_array_index(report->policies, i), error))
            return false;
    return true;
}

static bool add_issues(struct store *store, gint64 arrival_id, gint64 report_id, gint64 dmarc_id,
                       const GPtrArray *issues, gint64 now, GError **error)
{
    for (guint i = 0; i < issues->len; i++) {
        const struct issue *issue = g_ptr_array_index(issues, i);
        sqlite3_stmt *add = store_statement(store, SQL_ADD_ISSUE, error);
        if (add == NULL)
            return false;
        sqlite3_bind_int64(add, 1, arrival_id);
        if (report_id != 0)
            sqlite3_bind_int64(add, 2, report_id);
        sqlite3_bind_int64(add, 3, now);
        store_bind_text(add, 4, issue_kind_word(issue->kind));
        store_bind_text(add, 5, issue_severity_word(issue->severity));
        store_bind_text(add, 6, issue->part);
        store_bind_text(add, 7, issue->clause);
        store_bind_text(add, 8, issue->problem);
        if (dmarc_id != 0)
            sqlite3_bind_int64(add, 9, dmarc_id);
        if (!store_run(store, add, "writing an issue", error))
            return false;
    }
    return true;
}

bool store_add_issues(struct store *store, gint64 arrival_id, gint64 report_id,
                      const GPtrArray *issues, gint64 now, GError **error)
{
    return add_issues(store, arrival_id, report_id, 0, issues, now, error);
}

bool store_add_issues_of(struct store *store, const struct store_family *family, gint64 arrival_id,
                         gint64 id, const GPtrArray *issues, gint64 now, GError **error)
{
    return add_issues(store, arrival_id, family == &store_family_tlsrpt ? id : 0,
                      family == &store_family_dmarc ? id : 0, issues, now, error);
}

const struct store_family store_family_tlsrpt = {
    SQL_FIND_CONTENT, SQL_FIND_IDENTITY, SQL_MOVE_REPORT,
    SQL_MOVE_ISSUES,  SQL_SUPERSEDE,     "RFC 8460, section 4.4",
};

const struct store_family store_family_dmarc = {
    SQL_FIND_DMARC_CONTENT, SQL_FIND_DMARC_IDENTITY,
    SQL_MOVE_DMARC,         SQL_MOVE_DMARC_ISSUES,
    SQL_SUPERSEDE_DMARC,    "RFC 9990, section 3.1.1.3; RFC 7489, appendix C",
};

bool store_put_trouble(struct store *store, const struct issue *issue, gint64 now,
                       struct store_counts *counts, GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_TROUBLE, error);

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, now);
    store_bind_text(add, 2, issue_kind_word(issue->kind));
    store_bind_text(add, 3, issue_severity_word(issue->severity));
    store_bind_text(add, 4, issue->part);
    store_bind_text(add, 5, issue->clause);
    store_bind_text(add, 6, issue->problem);
    if (!store_run(store, add, "writing an issue", error))
        return false;
    counts->issues += (guint)sqlite3_changes(store->db);
    return true;
}

/* The id in the first column; 0 where there is no row, -1 with an error. */
gint64 store_find_by_hash(struct store *store, enum statement which,
                          const uint8_t hash[RECORD_HASH_BYTES], GError **error)
{
    sqlite3_stmt *find = store_statement(store, which, error);
    gint64 id = -1;

    if (find == NULL)
        return -1;
    store_bind_hash(find, 1, hash);
    int code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        id = sqlite3_column_int64(find, 0);
    else if (code == SQLITE_DONE)
        id = 0;
    else
        store_fail(store, "looking up a hash", error);
    sqlite3_reset(find);
    return id;
}

static bool has_outer_domain(const struct report *report)
{
    return memcmp(report->content_hash, report->json_hash, RECORD_HASH_BYTES) != 0;
}

static int trust(enum authenticity authenticated)
{
    return authenticated == AUTH_PASS ? 2 : authenticated == AUTH_NONE ? 1 : 0;
}

/* `domain` is `parent`, or a name below it. */
static bool is_within(const char *domain, const char *parent)
{
    size_t length = strlen(domain), tail = strlen(parent);

    return length >= tail && g_ascii_strcasecmp(domain + length - tail, parent) == 0 &&
           (length == tail || domain[length - tail - 1] == '.');
}

/* Anybody may sign a mail in the name of a domain of his own, and write another's name and id into
   the report. */
static bool may_revise(const struct arrival *arrival, const struct store_earlier *earlier,
                       const char *earlier_sender)
{
    const char *domain = arrival != NULL && arrival->is_mail && arrival->sender != NULL
                             ? strrchr(arrival->sender, '@')
                             : NULL;
    const char *other =
        earlier->is_mail && earlier_sender != NULL ? strrchr(earlier_sender, '@') : NULL;

    return domain == NULL || other == NULL ||
           trust(arrival->authenticated) != trust(earlier->authenticated) ||
           is_within(domain + 1, other + 1) || is_within(other + 1, domain + 1);
}

bool store_find_counting(struct store *store, enum statement which,
                         const uint8_t hash[RECORD_HASH_BYTES], const struct arrival *arrival,
                         struct store_earlier *earlier, GError **error)
{
    sqlite3_stmt *find = store_statement(store, which, error);
    int code = SQLITE_DONE;

    if (find == NULL)
        return false;
    store_bind_hash(find, 1, hash);
    while (earlier->id == 0 && (code = sqlite3_step(find)) == SQLITE_ROW) {
        struct store_earlier found = {
            .id = sqlite3_column_int64(find, 0),
            .authenticated = authenticity_from_word((const char *)sqlite3_column_text(find, 1)),
            .is_mail = sqlite3_column_int(find, 2) != 0,
            .received_at = sqlite3_column_int64(find, 3),
        };
        if (may_revise(arrival, &found, (const char *)sqlite3_column_text(find, 4)))
            *earlier = found;
    }
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "looking up a report", error);
}

/* Whether a new report takes the place of an earlier one with the same identity. A forged mail must
   not displace a signed one, and an archive read in any order must end in the same state. */
bool store_displaces(const struct arrival *arrival, const struct store_earlier *earlier)
{
    if (arrival->is_mail && trust(arrival->authenticated) != trust(earlier->authenticated))
        return trust(arrival->authenticated) > trust(earlier->authenticated);
    if (arrival->is_mail && earlier->is_mail)
        return arrival->received_at >= earlier->received_at;
    return true;
}

static bool add_report_row(struct store *store, gint64 arrival_id, const struct report *report,
                           gint64 superseded_by, gint64 now, int classified, GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_REPORT, error);

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, arrival_id);
    store_bind_hash(add, 2, report->content_hash);
    if (has_outer_domain(report))
        store_bind_hash(add, 3, report->json_hash);
    store_bind_hash(add, 4, report->identity_hash);
    if (superseded_by != 0)
        sqlite3_bind_int64(add, 5, superseded_by);
    store_bind_text(add, 6, report->organization != NULL ? report->organization : "");
    store_bind_text(add, 7, report->submitter);
    store_bind_text(add, 8, report->external_id);
    store_bind_text(add, 9, report->contact);
    sqlite3_bind_int64(add, 10, report->begins_at);
    sqlite3_bind_int64(add, 11, report->ends_at);
    sqlite3_bind_int64(add, 12, now);
    sqlite3_bind_int(add, 13, classified);
    return store_run(store, add, "writing a report", error);
}

/* Six parameters from `index` on: all of it but the bytes. */
void store_bind_original(sqlite3_stmt *statement, int index, const struct original *original)
{
    store_bind_text(statement, index, original_encoding_word(original->encoding));
    store_bind_text(statement, index + 1, original->part);
    store_bind_text(statement, index + 2, original->file_name);
    store_bind_text(statement, index + 3, original->report_domain);
    store_bind_text(statement, index + 4, original->report_submitter);
    store_bind_text(statement, index + 5, original->subject);
}

static bool add_json(struct store *store, gint64 report_id, const struct original *original,
                     GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_JSON, error);
    gsize size = 0;
    const void *bytes = original->bytes != NULL ? g_bytes_get_data(original->bytes, &size) : NULL;

    if (add == NULL)
        return false;
    sqlite3_bind_int64(add, 1, report_id);
    store_bind_original(add, 2, original);
    sqlite3_bind_blob64(add, 8, size > 0 ? bytes : "", size, SQLITE_STATIC);
    return store_run(store, add, "writing a report's JSON", error);
}

/* `by` 0: it counts again. */
bool store_supersede(struct store *store, const struct store_family *family, gint64 id, gint64 by,
                     GError **error)
{
    sqlite3_stmt *update = store_statement(store, family->supersede, error);

    if (update == NULL)
        return false;
    sqlite3_bind_int64(update, 1, id);
    if (by != 0)
        sqlite3_bind_int64(update, 2, by);
    return store_run(store, update, "marking a revision", error);
}

bool store_note_revision(struct store *store, gint64 arrival_id, gint64 id,
                         const struct store_identity *identity, bool counts, gint64 now,
                         GError **error)
{
    g_autoptr(GPtrArray) issues = issues_new();

    issue_add(issues, ISSUE_DUPLICATE, ISSUE_WARNING, identity->family->clause,
              "report-id \"%s\" came before for this period with other content; %s",
              identity->external_id != NULL ? identity->external_id : "",
              counts ? "this one counts" : "the earlier one still counts");
    return store_add_issues_of(store, identity->family, arrival_id, id, issues, now, error);
}

static bool move_to(struct store *store, enum statement which, gint64 report_id, gint64 arrival_id,
                    GError **error)
{
    sqlite3_stmt *move = store_statement(store, which, error);

    if (move == NULL)
        return false;
    sqlite3_bind_int64(move, 1, report_id);
    sqlite3_bind_int64(move, 2, arrival_id);
    return store_run(store, move, "marking a report as signed", error);
}

static bool is_signed(struct store *store, const struct store_identity *identity, bool *yes,
                      GError **error)
{
    sqlite3_stmt *find = store_statement(store, identity->family->find_content, error);

    if (find == NULL)
        return false;
    store_bind_hash(find, 1, identity->content_hash);
    int code = sqlite3_step(find);
    /* Known by its JSON alone: that one holds a domain which this mail did not sign. */
    *yes = code != SQLITE_ROW ||
           authenticity_from_word((const char *)sqlite3_column_text(find, 2)) == AUTH_PASS;
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           store_fail(store, "looking up a report", error);
}

/* Once signed, a report may count again before the revision that took its place. */
static bool count_again(struct store *store, const struct arrival *arrival, gint64 arrival_id,
                        gint64 id, const struct store_identity *identity, gint64 now,
                        struct store_counts *counts, GError **error)
{
    const struct store_family *family = identity->family;
    struct store_earlier counting = {0};

    if (!store_find_counting(store, family->find_identity, identity->identity_hash, arrival,
                             &counting, error))
        return false;
    if (counting.id == 0 || counting.id == id || !store_displaces(arrival, &counting))
        return true;
    counts->issues++;
    return store_supersede(store, family, counting.id, id, error) &&
           store_supersede(store, family, id, 0, error) &&
           store_note_revision(store, arrival_id, id, identity, true, now, error);
}

bool store_know_again(struct store *store, const struct arrival *arrival, gint64 arrival_id,
                      gint64 id, const struct store_identity *identity, gint64 now,
                      struct store_counts *counts, GError **error)
{
    bool was_signed;

    if (arrival->authenticated != AUTH_PASS)
        return true;
    if (!is_signed(store, identity, &was_signed, error))
        return false;
    return was_signed ||
           (move_to(store, identity->family->move, id, arrival_id, error) &&
            move_to(store, identity->family->move_issues, id, arrival_id, error) &&
            count_again(store, arrival, arrival_id, id, identity, now, counts, error));
}

/* 0 where the report is new, its id where it is known, -1 with an error. */
static gint64 find_known(struct store *store, const struct report *report, GError **error)
{
    gint64 id = store_find_by_hash(store, SQL_FIND_CONTENT, report->content_hash, error);

    /* Came with its domain before, and comes without it now. */
    if (id == 0 && !has_outer_domain(report))
        id = store_find_by_hash(store, SQL_FIND_JSON, report->json_hash, error);
    return id;
}

/* The report that a new one is a revision of. */
static bool find_earlier(struct store *store, const struct report *report,
                         const struct arrival *arrival, struct store_earlier *earlier,
                         GError **error)
{
    if (!store_find_counting(store, SQL_FIND_IDENTITY, report->identity_hash, arrival, earlier,
                             error))
        return false;
    if (earlier->id != 0 || !has_outer_domain(report))
        return true;
    if (!store_find_counting(store, SQL_FIND_BARE, report->json_hash, NULL, earlier, error))
        return false;
    /* Came without its domain before: this one knows more, whatever the dates are, and gives way
       only where its signature failed and the other's did not. */
    earlier->received_at = G_MININT64;
    if (earlier->authenticated == AUTH_PASS)
        earlier->authenticated = AUTH_NONE;
    return true;
}

bool store_add_report(struct store *store, gint64 arrival_id, const struct arrival *arrival,
                      const struct report *report, gint64 now, int classified,
                      struct store_counts *counts, enum arrival_outcome *outcome, GError **error)
{
    const struct store_identity identity = {&store_family_tlsrpt, report->content_hash,
                                            report->identity_hash, report->external_id};
    struct store_earlier earlier = {0};
    gint64 known = find_known(store, report, error);

    if (known < 0)
        return false;
    if (known > 0) {
        counts->known++;
        *outcome = OUTCOME_KNOWN;
        return store_know_again(store, arrival, arrival_id, known, &identity, now, counts, error);
    }
    if (!find_earlier(store, report, arrival, &earlier, error))
        return false;
    bool replaces = earlier.id == 0 || store_displaces(arrival, &earlier);
    if (!add_report_row(store, arrival_id, report, replaces ? 0 : earlier.id, now, classified,
                        error))
        return false;
    gint64 id = sqlite3_last_insert_rowid(store->db);
    counts->new_reports++;
    counts->issues += report->issues->len;
    *outcome = OUTCOME_STORED;
    if (earlier.id != 0) {
        counts->revised++;
        counts->issues++;
        *outcome = OUTCOME_REVISED;
        if ((replaces && !store_supersede(store, identity.family, earlier.id, id, error)) ||
            !store_note_revision(store, arrival_id, id, &identity, replaces, now, error))
            return false;
    }
    return add_json(store, id, &report->original, error) &&
           store_add_policies(store, id, report, error) &&
           store_add_issues(store, arrival_id, id, report->issues, now, error);
}

static void hash_bytes(GBytes *bytes, uint8_t hash[RECORD_HASH_BYTES])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize size = 0, length = RECORD_HASH_BYTES;
    const void *data = g_bytes_get_data(bytes, &size);

    if (size > 0)
        g_checksum_update(checksum, data, (gssize)size);
    g_checksum_get_digest(checksum, hash, &length);
}

static bool add_unread(struct store *store, gint64 arrival_id, const struct unread *unread,
                       gint64 now, struct store_counts *counts, enum arrival_outcome *outcome,
                       GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_UNREAD, error);
    uint8_t hash[RECORD_HASH_BYTES];
    gsize size = 0;
    const void *bytes = g_bytes_get_data(unread->original.bytes, &size);

    if (add == NULL)
        return false;
    hash_bytes(unread->original.bytes, hash);
    sqlite3_bind_int64(add, 1, arrival_id);
    store_bind_hash(add, 2, hash);
    sqlite3_bind_int64(add, 3, now);
    store_bind_text(add, 4, arrival_kind_word(unread->kind));
    sqlite3_bind_int64(add, 5, (gint64)size);
    store_bind_original(add, 6, &unread->original);
    store_bind_text(add, 12, unread->clause);
    store_bind_text(add, 13, unread->problem);
    sqlite3_bind_blob64(add, 14, size > 0 ? bytes : "", size, SQLITE_STATIC);
    if (!store_run(store, add, "writing to the quarantine", error))
        return false;

    bool is_new = sqlite3_changes(store->db) > 0;
    *outcome = OUTCOME_QUARANTINED;
    counts->quarantined += is_new;
    return !is_new || store_bound_quarantine(store, now, NULL, error);
}

static gint64 add_arrival(struct store *store, const struct arrival *arrival, gint64 now,
                          GError **error)
{
    sqlite3_stmt *add = store_statement(store, SQL_ADD_ARRIVAL, error);

    if (add == NULL)
        return -1;
    store_bind_hash(add, 1, arrival->key);
    sqlite3_bind_int64(add, 2, now);
    sqlite3_bind_int64(add, 3, arrival->received_at);
    store_bind_text(add, 4, arrival_kind_word(arrival->kind));
    store_bind_text(add, 5, arrival_outcome_word(OUTCOME_STORED));
    sqlite3_bind_int(add, 6, arrival->is_mail);
    store_bind_text(add, 7, authenticity_word(arrival->authenticated));
    store_bind_text(add, 8, arrival->source != NULL ? arrival->source : "");
    store_bind_text(add, 9, arrival->sender);
    store_bind_text(add, 10, arrival->message_id);
    store_bind_text(add, 11, arrival->subject);
    store_bind_text(add, 12, arrival->report_domain);
    store_bind_text(add, 13, arrival->report_submitter);
    return store_run(store, add, "writing an arrival", error) ? sqlite3_last_insert_rowid(store->db)
                                                              : -1;
}

static bool put_contents(struct store *store, gint64 id, const struct arrival *arrival, gint64 now,
                         int classified, struct store_counts *counts, enum arrival_outcome *outcome,
                         GError **error)
{
    enum arrival_outcome one = OUTCOME_IGNORED;

    for (guint i = 0; i < arrival->reports->len; i++) {
        if (!store_add_report(store, id, arrival, g_ptr_array_index(arrival->reports, i), now,
                              classified, counts, &one, error))
            return false;
        *outcome = MAX(*outcome, one);
    }
    for (guint i = 0; i < arrival->dmarc->len; i++) {
        if (!store_add_dmarc(store, id, arrival, g_ptr_array_index(arrival->dmarc, i), now, counts,
                             &one, error))
            return false;
        *outcome = MAX(*outcome, one);
    }
    for (guint i = 0; i < arrival->unread->len; i++) {
        if (!add_unread(store, id, g_ptr_array_index(arrival->unread, i), now, counts, &one, error))
            return false;
        *outcome = MAX(*outcome, one);
    }
    return true;
}

static bool set_outcome(struct store *store, gint64 id, enum arrival_outcome outcome,
                        GError **error)
{
    sqlite3_stmt *update = store_statement(store, SQL_SET_OUTCOME, error);

    if (update == NULL)
        return false;
    sqlite3_bind_int64(update, 1, id);
    store_bind_text(update, 2, arrival_outcome_word(outcome));
    return store_run(store, update, "writing an arrival", error);
}

/* What a bounce tells stands beside what logs tell: it is our own mail that it is about. */
static bool add_bounced(struct store *store, const struct arrival *arrival, gint64 now,
                        enum arrival_outcome *outcome, GError **error)
{
    for (guint i = 0; i < arrival->bounced->len; i++) {
        const struct bounced *told = g_ptr_array_index(arrival->bounced, i);
        const struct log_event event = {
            .kind = LOG_EVENT_FAILURE,
            .at = told->at,
            .host = told->host,
            .mta = told->mta,
            .direction = DIRECTION_OUT,
            .queue_id = told->queue_id,
            .domain = told->domain,
            .mx = told->mx,
            .outcome = told->outcome,
            .result_type = told->result_type,
            .failure_type = told->failure_type,
            .detail = told->detail,
            .delay = -1,
            .dsn = told->status,
            .reason = told->reason,
        };
        if (!store_add_log_failure(store, &event, NULL, now, error))
            return false;
        *outcome = OUTCOME_STORED;
    }
    return true;
}

bool store_put_arrival(struct store *store, const struct arrival *arrival, gint64 now,
                       int classified, struct store_counts *counts, GError **error)
{
    enum arrival_outcome outcome = OUTCOME_IGNORED;
    gint64 id = store_find_by_hash(store, SQL_FIND_ARRIVAL, arrival->key, error);
    bool is_new = id == 0;

    if (is_new)
        id = add_arrival(store, arrival, now, error);
    if (id < 0 || !put_contents(store, id, arrival, now, classified, counts, &outcome, error))
        return false;
    counts->mails += arrival->is_mail;
    counts->files += !arrival->is_mail;
    counts->without += arrival->reports->len + arrival->dmarc->len + arrival->unread->len == 0;
    if (!is_new)
        return true;
    if (!add_bounced(store, arrival, now, &outcome, error))
        return false;
    counts->bounced += arrival->bounced->len > 0;
    counts->issues += arrival->issues->len;
    return store_add_issues(store, id, 0, arrival->issues, now, error) &&
           (outcome == OUTCOME_STORED || set_outcome(store, id, outcome, error));
}
