/*
 * XML into a DMARC report, as a file and mended from its begin. The first byte says how large the
 * pieces are in which it comes; what follows the last two lines' ends is subject and file name.
 * What comes out must keep the promises of schema/dmarc_record.h, and what is mended expat takes.
 */
#include "analyze/dmarc.h"
#include "ingest/dmarc_private.h"
#include "ingest/limits.h"
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define NOW INT64_C(1772500000)
#define TIME_MAX INT64_C(253402300799)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
    const char *text;
    size_t length;
    size_t size;
};

static void give(void *source, dmarc_take_fn take, void *taker)
{
    const struct pieces *pieces = source;

    for (size_t at = 0; at < pieces->length; at += pieces->size)
        if (!take(pieces->text + at, MIN(pieces->size, pieces->length - at), taker))
            return;
}

static void check_text(const char *text)
{
    CHECK(text == NULL || (*text != '\0' && g_utf8_validate(text, -1, NULL)));
    CHECK(text == NULL || strlen(text) <= 3 * LIMIT_TEXT_BYTES);
}

static void check_results(const struct dmarc_auth *results, guint count, guint best)
{
    CHECK(count <= LIMIT_DMARC_RESULTS && (count == 0 || best < count));
    for (guint i = 0; i < count; i++) {
        check_text(results[i].domain);
        check_text(results[i].detail);
        check_text(results[i].result);
        check_text(results[i].human_result);
    }
}

static void check_row(const struct dmarc_row *row)
{
    CHECK(row->messages >= 0 && row->messages <= RECORD_COUNT_MAX);
    CHECK(row->disposition <= DMARC_DISPOSITION_REJECT);
    CHECK(row->dkim_aligned <= DMARC_FAIL && row->spf_aligned <= DMARC_FAIL);
    CHECK(row->dkim_said == DMARC_VERDICT_UNKNOWN || row->dkim_said == row->dkim_aligned);
    CHECK(row->reason_count <= LIMIT_DMARC_REASONS);
    check_text(row->source_ip);
    check_text(row->header_from);
    check_text(row->envelope_from);
    check_text(row->envelope_to);
    check_results(row->dkim, row->dkim_count, row->dkim_best);
    check_results(row->spf, row->spf_count, row->spf_best);
    for (guint i = 0; i < row->reason_count; i++) {
        check_text(row->reasons[i].type);
        check_text(row->reasons[i].comment);
    }
}

static void check_report(const struct dmarc_report *report)
{
    check_text(report->organization);
    check_text(report->contact);
    check_text(report->external_id);
    check_text(report->error);
    CHECK(report->begins_at >= 0 && report->begins_at <= report->ends_at);
    CHECK(report->ends_at <= TIME_MAX);
    CHECK(report->policy.domain != NULL && g_utf8_validate(report->policy.domain, -1, NULL));
    CHECK(report->policy.pct >= -1 && report->policy.pct <= 100);
    CHECK(dmarc_rows_count(report->rows) <= LIMIT_DMARC_ROWS);
    /* Those of dmarc_judge() and of the end come on top. */
    CHECK(report->issues->len <= LIMIT_ISSUES + 5);
    for (guint i = 0; i < dmarc_rows_count(report->rows); i++)
        check_row(dmarc_rows_at(report->rows, i));
    for (guint i = 0; i < report->issues->len; i++)
        CHECK(g_utf8_validate(((struct issue *)report->issues->pdata[i])->problem, -1, NULL));
}

static void check_mended(struct pieces *pieces)
{
    struct dmarc_pass pass;

    dmarc_pass(give, pieces, true, &pass);
    CHECK(pass.end != DMARC_BROKEN);
    dmarc_report_free(pass.report);
}

/* Cuts the last line off `text`; NULL where there is no other before it. */
static char *cut_line(char *text)
{
    char *at = strrchr(text, '\n');

    if (at != NULL)
        *at++ = '\0';
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data + (size > 0), size - (size > 0));
    g_autoptr(GPtrArray) issues = issues_new();
    char *file_name = cut_line(text);
    const struct dmarc_hints hints = {
        .file_name = file_name, .subject = cut_line(text), .now = NOW};
    struct pieces whole = {text, strlen(text), SIZE_MAX / 2};
    struct pieces few = {text, strlen(text), size > 0 ? data[0] % 64 + 1 : 1};
    size_t next, next_again;
    g_autoptr(DmarcReport) report = dmarc_read(give, &whole, &hints, issues, &next);
    guint said = issues->len;
    g_autoptr(DmarcReport) again = dmarc_read(give, &few, &hints, issues, &next_again);

    CHECK((report != NULL) == (again != NULL));
    CHECK(report != NULL || said > 0);
    CHECK(next == next_again && next < MAX(whole.length, 1));
    if (report != NULL) {
        dmarc_judge(report);
        check_report(report);
        CHECK(memcmp(report->content_hash, again->content_hash, RECORD_HASH_BYTES) == 0);
        CHECK(memcmp(report->identity_hash, again->identity_hash, RECORD_HASH_BYTES) == 0);
        CHECK(dmarc_rows_count(report->rows) == dmarc_rows_count(again->rows));
    }
    check_mended(&few);
    return 0;
}
