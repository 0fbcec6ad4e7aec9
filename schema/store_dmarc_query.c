/* What the store is asked about DMARC: sums for the digest. SQL counts; what they mean stands in
   analyze/dmarc*. */
#include "schema/store_dmarc.h"
#include "schema/store_dmarc_private.h"

/* Both false: rows of which nothing is known are not among them. */
#define FAILED "(w.dkim_aligned = 0 AND w.spf_aligned = 0 AND w.messages > 0)"
#define ALIGNED "((w.dkim_aligned IS 1 OR w.spf_aligned IS 1) AND w.messages > 0)"

static sqlite3_stmt *ask(struct store *store, const char *sql, const struct store_filter *filter,
                         GError **error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        store_fail(store, "preparing a question", error);
        return NULL;
    }
    sqlite3_bind_int64(statement, 1, filter->ingested_from);
    sqlite3_bind_int64(statement, 2, filter->ingested_to != 0 ? filter->ingested_to : G_MAXINT64);
    sqlite3_bind_int64(statement, 3, filter->begins_from != 0 ? filter->begins_from : G_MININT64);
    sqlite3_bind_int64(statement, 4, filter->begins_to != 0 ? filter->begins_to : G_MAXINT64);
    store_bind_text(statement, 5, filter->domain);
    sqlite3_bind_int(statement, 6, filter->skip_unauthenticated);
    return statement;
}

static bool end(struct store *store, sqlite3_stmt *statement, int code, GError **error)
{
    sqlite3_finalize(statement);
    return code == SQLITE_DONE || store_fail(store, "adding up DMARC reports", error);
}

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static enum dmarc_verdict verdict_of(sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return DMARC_VERDICT_UNKNOWN;
    return sqlite3_column_int(row, column) != 0 ? DMARC_PASS : DMARC_FAIL;
}

bool store_each_dmarc_count(struct store *store, const struct store_filter *filter,
                            store_dmarc_count_fn take, void *data, GError **error)
{
    static const char sql[] =
        "SELECT r.domain, count(*), count(DISTINCT r.organization), min(r.begins_at), "
        "max(r.begins_at) " STORE_DMARC_FILTERED "GROUP BY 1 ORDER BY 1";
    sqlite3_stmt *row = ask(store, sql, filter, error);
    int code = SQLITE_ERROR;

    while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct dmarc_count count = {
            .domain = text_of(row, 0),
            .reports = (guint)sqlite3_column_int(row, 1),
            .organizations = (guint)sqlite3_column_int(row, 2),
            .first_at = sqlite3_column_int64(row, 3),
            .last_at = sqlite3_column_int64(row, 4),
        };
        take(&count, data);
    }
    return row != NULL && end(store, row, code, error);
}

/* Eight columns from `column` on. `domain` is not copied. */
static struct dmarc_policy policy_of(sqlite3_stmt *row, int column, const char *domain)
{
    return (struct dmarc_policy){
        .domain = (char *)domain,
        .p = dmarc_request_from_word(text_of(row, column)),
        .sp = dmarc_request_from_word(text_of(row, column + 1)),
        .np = dmarc_request_from_word(text_of(row, column + 2)),
        .adkim = dmarc_strictness_from_word(text_of(row, column + 3)),
        .aspf = dmarc_strictness_from_word(text_of(row, column + 4)),
        .pct = sqlite3_column_int(row, column + 5),
        .testing = sqlite3_column_int(row, column + 6) != 0,
    };
}

bool store_each_dmarc_sum(struct store *store, const struct store_filter *filter,
                          store_dmarc_sum_fn take, void *data, GError **error)
{
    static const char sql[] =
        "SELECT r.domain, w.reason, "
        "coalesce(substr(w.header_from, -length(r.domain) - 1) = '.' || r.domain, 0), "
        "w.disposition, w.dkim_aligned, w.spf_aligned, r.p, r.sp, r.np, r.adkim, r.aspf, "
        "coalesce(r.pct, -1), r.testing, sum(w.messages) FROM (SELECT r.* " STORE_DMARC_FILTERED
        ") r "
        "JOIN dmarc_row w ON w.report = r.id "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 ORDER BY 1";
    sqlite3_stmt *row = ask(store, sql, filter, error);
    int code = SQLITE_ERROR;

    while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct dmarc_policy policy = policy_of(row, 6, text_of(row, 0));
        const struct dmarc_sum sum = {
            .domain = text_of(row, 0),
            .reason = text_of(row, 1),
            .policy = &policy,
            .subdomain = sqlite3_column_int(row, 2) != 0,
            .disposition = dmarc_disposition_from_word(text_of(row, 3)),
            .dkim = verdict_of(row, 4),
            .spf = verdict_of(row, 5),
            .messages = sqlite3_column_int64(row, 13),
        };
        take(&sum, data);
    }
    return row != NULL && end(store, row, code, error);
}

/* Reports of RFC 7489 know neither np nor t: what they read is counted with the latest policy that
   differs from theirs in nothing else. */
bool store_each_dmarc_seen(struct store *store, const struct store_filter *filter,
                           store_dmarc_seen_fn take, void *data, GError **error)
{
    static const char sql[] =
        "WITH read AS (SELECT r.domain, r.organization, r.begins_at, r.p, "
        "iif(r.sp = '', r.p, r.sp) AS sp, r.np, iif(r.adkim = '', 'r', r.adkim) AS adkim, "
        "iif(r.aspf = '', 'r', r.aspf) AS aspf, coalesce(r.pct, 100) AS pct, r.testing, "
        "r.form = 'rfc9990' OR r.np <> '' OR r.testing OR r.discovery_method IS NOT NULL "
        "AS knows " STORE_DMARC_FILTERED "), "
        "latest AS (SELECT domain, p, sp, adkim, aspf, pct, np, testing, max(begins_at) "
        "FROM read WHERE knows GROUP BY 1, 2, 3, 4, 5, 6) "
        "SELECT w.domain, max(w.organization), count(*), count(DISTINCT w.organization), "
        "min(w.begins_at), max(w.begins_at), w.p, w.sp, "
        "iif(w.knows OR l.domain IS NULL, w.np, l.np) AS np, w.adkim, w.aspf, w.pct, "
        "iif(w.knows OR l.domain IS NULL, w.testing, l.testing) AS testing "
        "FROM read w LEFT JOIN latest l ON l.domain = w.domain AND l.p = w.p AND l.sp = w.sp "
        "AND l.adkim = w.adkim AND l.aspf = w.aspf AND l.pct = w.pct "
        "GROUP BY 1, 7, 8, 9, 10, 11, 12, 13 ORDER BY 1, 3 DESC, 6 DESC";
    sqlite3_stmt *row = ask(store, sql, filter, error);
    int code = SQLITE_ERROR;

    while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct dmarc_seen seen = {
            .domain = text_of(row, 0),
            .organization = text_of(row, 1),
            .policy = policy_of(row, 6, text_of(row, 0)),
            .reports = (guint)sqlite3_column_int(row, 2),
            .organizations = (guint)sqlite3_column_int(row, 3),
            .first_at = sqlite3_column_int64(row, 4),
            .last_at = sqlite3_column_int64(row, 5),
        };
        take(&seen, data);
    }
    return row != NULL && end(store, row, code, error);
}

bool store_each_dmarc_source(struct store *store, const struct store_filter *filter,
                             store_dmarc_source_fn take, void *data, GError **error)
{
    static const char sql[] =
        "SELECT r.domain, w.source_ip, max(CASE WHEN w.dkim_result = 'pass' THEN w.dkim_domain "
        "END), max(CASE WHEN w.spf_result = 'pass' THEN w.spf_domain END), "
        "max(CASE WHEN " FAILED " THEN w.reason END), count(DISTINCT r.organization), "
        "sum(w.messages), sum(iif(" ALIGNED ", w.messages, 0)), "
        "sum(iif(" FAILED ", w.messages, 0)) AS failed, "
        "max(iif(" ALIGNED ", r.begins_at, 0)), max(iif(" FAILED ", r.begins_at, 0)) "
        "FROM (SELECT r.* " STORE_DMARC_FILTERED ") r JOIN dmarc_row w ON w.report = r.id "
        "WHERE w.source_ip IS NOT NULL GROUP BY 1, 2 ORDER BY 1, failed DESC, 2";
    sqlite3_stmt *row = ask(store, sql, filter, error);
    int code = SQLITE_ERROR;

    while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct dmarc_source source = {
            .domain = text_of(row, 0),
            .source_ip = text_of(row, 1),
            .dkim_domain = text_of(row, 2),
            .spf_domain = text_of(row, 3),
            .reason = text_of(row, 4),
            .organizations = (guint)sqlite3_column_int(row, 5),
            .messages = sqlite3_column_int64(row, 6),
            .aligned = sqlite3_column_int64(row, 7),
            .failed = sqlite3_column_int64(row, 8),
            .aligned_at = sqlite3_column_int64(row, 9),
            .failed_at = sqlite3_column_int64(row, 10),
        };
        take(&source, data);
    }
    return row != NULL && end(store, row, code, error);
}
