#include "schema/dmarc_record.h"
#include <string.h>

#define CHUNK_BYTES 2048

struct dmarc_report *dmarc_report_new(void)
{
    struct dmarc_report *report = g_new0(struct dmarc_report, 1);

    report->policy.pct = -1;
    report->rows = g_array_new(FALSE, TRUE, sizeof(struct dmarc_row));
    report->texts.chunk = g_string_chunk_new(CHUNK_BYTES);
    report->texts.known = g_hash_table_new(g_str_hash, g_str_equal);
    report->lists =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
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
    g_array_unref(report->rows);
    g_hash_table_unref(report->lists);
    dmarc_texts_seal(&report->texts);
    g_string_chunk_free(report->texts.chunk);
    g_ptr_array_unref(report->issues);
    original_clear(&report->original);
    g_free(report);
}

const char *dmarc_texts_take(struct dmarc_texts *texts, const char *text)
{
    const char *known = text != NULL ? g_hash_table_lookup(texts->known, text) : NULL;

    if (known != NULL || text == NULL)
        return known;
    known = g_string_chunk_insert(texts->chunk, text);
    g_hash_table_add(texts->known, (gpointer)known);
    texts->bytes += strlen(text) + 1;
    return known;
}

void dmarc_texts_seal(struct dmarc_texts *texts)
{
    g_clear_pointer(&texts->known, g_hash_table_unref);
}
