#include "schema/dmarc_record.h"
struct dmarc_report *dmarc_report_new(void)
{
    struct dmarc_report *report = g_new0(struct dmarc_report, 1);

    report->policy.pct = -1;
    report->rows = dmarc_rows_new();
    report->issues = issues_new();
    return report;
}

void dmarc_report_free(struct dmarc_report *report)
{
    if (report == NULL)
        return;
    g_free(report->organization);
    g_free(report->contact);
    g_free(report->external_id);
    g_free(report->extra_contact);
    g_free(report->generator);
    g_free(report->error);
    g_free(report->version);
    g_free(report->policy.domain);
    g_free(report->policy.fo);
    g_free(report->policy.discovery_method);
    dmarc_rows_free(report->rows);
    g_ptr_array_unref(report->issues);
    original_clear(&report->original);
    g_free(report);
}
