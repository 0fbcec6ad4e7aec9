/* One record at a time: what its elements say, into a row of the report. */
#include "ingest/dmarc_private.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include <inttypes.h>
#include <string.h>

/* Results that the standards know: RFC 9990, appendix A, and what RFC 7489, appendix C, has more.
 */
static const char *const dkim_results[] = {"none",    "pass",      "fail",     "policy",
                                           "neutral", "temperror", "permerror"};
static const char *const spf_results[] = {"none",     "neutral",   "pass",     "fail",
                                          "softfail", "temperror", "permerror"};
static const char *const reason_types[] = {
    "forwarded",        "sampled_out", "trusted_forwarder", "mailing_list", "local_policy",
    "policy_test_mode", "other",
};

static bool is_among(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

/* The report's copy; NULL for "". */
static const char *take(struct dmarc_reading *reading, const char *text)
{
    return *text != '\0' ? dmarc_rows_text(reading->report->rows, text) : NULL;
}

static const char *take_lower(struct dmarc_reading *reading, const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);

    return take(reading, lower);
}

static const char *take_domain(struct dmarc_reading *reading, enum dmarc_scope scope,
                               const char *text, const char *clause)
{
    g_autofree char *domain = dmarc_domain(reading, text, dmarc_scope_name(scope), clause);

    return dmarc_rows_text(reading->report->rows, domain);
}

static const char *take_address(struct dmarc_reading *reading, const char *text)
{
    bool valid = true;
    g_autofree char *address = text_address(text, &valid);

    if (address == NULL)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_ROW, "source_ip is empty");
    else if (!valid)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_ROW,
                   "source_ip is no IP address: \"%.60s\"", address);
    return dmarc_rows_text(reading->report->rows, address);
}

/* A number of messages; -1 where it says nothing. */
static gint64 count_of(const char *text)
{
    char *end;
    double number = g_ascii_strtod(text, &end);

    if (*text == '\0' || *end != '\0' || text[strspn(text, "+-.0123456789")] != '\0')
        return -1;
    return (gint64)CLAMP(number, 0.0, 2.0 * (double)RECORD_COUNT_MAX);
}

static void take_count(struct dmarc_reading *reading, const char *text)
{
    gint64 count = count_of(text);

    if (count < 0)
        return;
    if (*text == '-')
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_ROW,
                   "count is negative; taken as 0");
    if (count > RECORD_COUNT_MAX)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_ROW,
                   "count is beyond belief; taken as %" PRId64, RECORD_COUNT_MAX);
    reading->row.messages = MIN(count, RECORD_COUNT_MAX);
    reading->count_seen = true;
}

static void note_case(struct dmarc_reading *reading, enum dmarc_scope scope, const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (g_ascii_isupper(*at)) {
            dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_EVALUATED,
                       "%s is not in lower case: \"%.40s\"", dmarc_scope_name(scope), text);
            return;
        }
}

static void take_disposition(struct dmarc_reading *reading, const char *text)
{
    enum dmarc_disposition disposition = dmarc_disposition_from_word(text);

    if (*text == '\0')
        dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_EVALUATED,
                   "disposition is empty");
    else if (disposition == DMARC_DISPOSITION_UNKNOWN)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_EVALUATED,
                   "disposition is unknown: \"%.40s\"", text);
    note_case(reading, SCOPE_DISPOSITION, text);
    reading->row.disposition = (uint8_t)disposition;
}

static void take_verdict(struct dmarc_reading *reading, uint8_t *field, enum dmarc_scope scope,
                         const char *text)
{
    enum dmarc_verdict verdict = dmarc_verdict_from_word(text);

    /* What is neither passes nothing. */
    if (verdict == DMARC_VERDICT_UNKNOWN && *text != '\0') {
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_EVALUATED,
                   "%s of policy_evaluated is neither pass nor fail: \"%.40s\"",
                   dmarc_scope_name(scope), text);
        verdict = DMARC_FAIL;
    }
    note_case(reading, scope, text);
    *field = (uint8_t)verdict;
}

static void take_reason_type(struct dmarc_reading *reading, const char *text)
{
    struct dmarc_reason *reason =
        &g_array_index(reading->reasons, struct dmarc_reason, reading->reasons->len - 1);

    reason->type = take_lower(reading, text);
    if (reason->type != NULL && !is_among(reason_types, G_N_ELEMENTS(reason_types), reason->type))
        dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_REASON,
                   "unknown type of reason: \"%.40s\"", reason->type);
}

static void take_auth(struct dmarc_reading *reading, enum dmarc_scope scope, bool is_dkim,
                      const char *text)
{
    GArray *results = is_dkim ? reading->dkim : reading->spf;
    const char *clause = is_dkim ? DMARC_CLAUSE_DKIM : DMARC_CLAUSE_SPF;
    struct dmarc_auth *auth = &g_array_index(results, struct dmarc_auth, results->len - 1);

    if (scope == SCOPE_AUTH_DOMAIN) {
        /* AOL wrote NULL where there was none. */
        auth->domain = strcmp(text, "NULL") != 0 ? take_domain(reading, scope, text, clause) : NULL;
    } else if (scope == SCOPE_AUTH_DETAIL) {
        auth->detail = is_dkim ? take(reading, text) : take_lower(reading, text);
    } else if (scope == SCOPE_AUTH_HUMAN) {
        auth->human_result = take(reading, text);
    } else {
        auth->result = take_lower(reading, text);
        if (auth->result != NULL &&
            !(is_dkim ? is_among(dkim_results, G_N_ELEMENTS(dkim_results), auth->result)
                      : is_among(spf_results, G_N_ELEMENTS(spf_results), auth->result)))
            dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, clause,
                       "unknown result of %s: \"%.40s\"", is_dkim ? "dkim" : "spf", auth->result);
    }
}

void dmarc_row_text(struct dmarc_reading *reading, enum dmarc_scope scope, enum dmarc_scope parent,
                    const char *text)
{
    struct dmarc_row *row = &reading->row;

    if (reading->full)
        return;
    switch (scope) {
    case SCOPE_SOURCE_IP:
        row->source_ip = take_address(reading, text);
        break;
    case SCOPE_COUNT:
        take_count(reading, text);
        break;
    case SCOPE_DISPOSITION:
        take_disposition(reading, text);
        break;
    case SCOPE_DKIM_VERDICT:
        take_verdict(reading, &row->dkim_said, scope, text);
        break;
    case SCOPE_SPF_VERDICT:
        take_verdict(reading, &row->spf_said, scope, text);
        break;
    case SCOPE_REASON_TYPE:
        take_reason_type(reading, text);
        break;
    case SCOPE_REASON_COMMENT:
        g_array_index(reading->reasons, struct dmarc_reason, reading->reasons->len - 1).comment =
            take(reading, text);
        break;
    case SCOPE_HEADER_FROM:
        row->header_from = take_domain(reading, scope, text, DMARC_CLAUSE_IDENTIFIERS);
        break;
    case SCOPE_ENVELOPE_FROM:
        row->envelope_from = take_domain(reading, scope, text, DMARC_CLAUSE_IDENTIFIERS);
        break;
    case SCOPE_ENVELOPE_TO:
        row->envelope_to = take_domain(reading, scope, text, DMARC_CLAUSE_IDENTIFIERS);
        break;
    default:
        take_auth(reading, scope, parent == SCOPE_DKIM, text);
        break;
    }
}

static void begin_record(struct dmarc_reading *reading)
{
    g_snprintf(reading->part, sizeof(reading->part), "record[%u]", reading->records++);
    memset(&reading->row, 0, sizeof(reading->row));
    reading->count_seen = false;
    reading->identifiers_seen = false;
    reading->results_seen = false;
    g_array_set_size(reading->dkim, 0);
    g_array_set_size(reading->spf, 0);
    g_array_set_size(reading->reasons, 0);
}

/* Past the limit the last one is overwritten. */
static void begin_in_list(struct dmarc_reading *reading, GArray *list, guint limit,
                          const char *what)
{
    if (list->len >= limit) {
        g_array_set_size(list, limit - 1);
        dmarc_note(reading, ISSUE_LIMIT, ISSUE_NOTICE, NULL, "more than %u %s in a record", limit,
                   what);
    }
    g_array_set_size(list, list->len + 1);
}

void dmarc_row_begin(struct dmarc_reading *reading, enum dmarc_scope scope)
{
    reading->identifiers_seen |= scope == SCOPE_IDENTIFIERS;
    reading->results_seen |= scope == SCOPE_AUTH_RESULTS;
    if (scope == SCOPE_RECORD)
        begin_record(reading);
    else if (scope == SCOPE_DKIM)
        begin_in_list(reading, reading->dkim, LIMIT_DMARC_RESULTS, "DKIM results");
    else if (scope == SCOPE_SPF)
        begin_in_list(reading, reading->spf, LIMIT_DMARC_RESULTS, "SPF results");
    else if (scope == SCOPE_REASON)
        begin_in_list(reading, reading->reasons, LIMIT_DMARC_REASONS, "reasons");
}

/* The report's own copy of an array. */
static const void *keep_list(struct dmarc_reading *reading, const GArray *list, size_t size)
{
    return dmarc_rows_list(reading->report->rows, list->data, list->len * size);
}

/* <dkim/> and <reason/> with nothing in them tell nothing. */
static void drop_empty(GArray *list, size_t size)
{
    static const char zeros[sizeof(struct dmarc_auth)];

    for (guint i = list->len; i-- > 0;)
        if (memcmp(list->data + i * size, zeros, size) == 0)
            g_array_remove_index(list, i);
}

static void check_reasons(struct dmarc_reading *reading)
{
    for (guint i = 0; i < reading->reasons->len; i++)
        if (g_array_index(reading->reasons, struct dmarc_reason, i).type == NULL)
            dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_OVERRIDE,
                       "type of reason is missing or empty");
}

/* RFC 7489 has always a result of SPF there, RFC 9990 takes none at all. */
static void check_results(struct dmarc_reading *reading)
{
    if (!reading->results_seen)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_RECORD,
                   "auth_results is missing");
    else if (reading->dkim->len + reading->spf->len == 0 &&
             reading->report->form != DMARC_FORM_RFC9990)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_BEFORE_RFC9990,
                   "auth_results is empty");
}

static void check_row(struct dmarc_reading *reading)
{
    struct dmarc_row *row = &reading->row;

    check_reasons(reading);
    check_results(reading);
    if (!reading->identifiers_seen)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_RECORD,
                   "identifiers is missing");
    else if (row->header_from == NULL)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_IDENTIFIERS,
                   "header_from is missing or empty");
    if (row->dkim_said == DMARC_VERDICT_UNKNOWN || row->spf_said == DMARC_VERDICT_UNKNOWN)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_EVALUATED,
                   "policy_evaluated lacks dkim or spf; taken from auth_results where these tell");
    if (reading->count_seen)
        return;
    row->messages = 1;
    dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_ROW,
               "count is missing or no number; taken as 1");
}

static bool has_room(struct dmarc_reading *reading)
{
    const struct dmarc_rows *rows = reading->report->rows;

    if (dmarc_rows_count(rows) < LIMIT_DMARC_ROWS && dmarc_rows_size(rows) < LIMIT_DMARC_ROWS_BYTES)
        return true;
    reading->full = true;
    dmarc_note(reading, ISSUE_LIMIT, ISSUE_WARNING, NULL,
               "only the first %u records are read; the rest is dropped", dmarc_rows_count(rows));
    return false;
}

void dmarc_row_end(struct dmarc_reading *reading)
{
    struct dmarc_row *row = &reading->row;

    if (!reading->full && has_room(reading)) {
        drop_empty(reading->dkim, sizeof(struct dmarc_auth));
        drop_empty(reading->spf, sizeof(struct dmarc_auth));
        check_row(reading);
        drop_empty(reading->reasons, sizeof(struct dmarc_reason));
        row->dkim = keep_list(reading, reading->dkim, sizeof(struct dmarc_auth));
        row->spf = keep_list(reading, reading->spf, sizeof(struct dmarc_auth));
        row->reasons = keep_list(reading, reading->reasons, sizeof(struct dmarc_reason));
        row->dkim_count = (uint8_t)reading->dkim->len;
        row->spf_count = (uint8_t)reading->spf->len;
        row->reason_count = (uint8_t)reading->reasons->len;
        dmarc_rows_add(reading->report->rows, row);
    }
    reading->part[0] = '\0';
}
