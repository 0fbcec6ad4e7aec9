#include "report/overview_json_private.h"

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *kinds_json(const GPtrArray *kinds)
{
    json_t *array = json_array();

    for (guint i = 0; i < kinds->len; i++) {
        const struct overview_kind *kind = g_ptr_array_index(kinds, i);
        json_t *senders = json_array();
        for (guint j = 0; j < kind->senders->len; j++) {
            const struct overview_sender *sender = g_ptr_array_index(kind->senders, j);
            json_array_append_new(senders,
                                  json_pack("{s:o,s:i}", "domain", text_or_null(sender->domain),
                                            "count", (int)sender->count));
        }
        json_array_append_new(array, json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:o}", "kind", kind->kind,
                                               "count", (int)kind->count, "new", (int)kind->stored,
                                               "known", (int)kind->known, "unreadable",
                                               (int)kind->quarantined, "ignored",
                                               (int)kind->ignored, "senders", senders));
    }
    return array;
}

static json_t *problems_json(const GPtrArray *problems)
{
    json_t *array = json_array();

    for (guint i = 0; i < problems->len; i++) {
        const struct overview_problem *problem = g_ptr_array_index(problems, i);
        json_array_append_new(
            array, json_pack("{s:o,s:o,s:i}", "problem", text_or_null(problem->problem), "clause",
                             text_or_null(problem->clause), "count", (int)problem->count));
    }
    return array;
}

static json_t *foreign_json(const GPtrArray *foreign)
{
    json_t *array = json_array();

    for (guint i = 0; i < foreign->len; i++) {
        const struct overview_domain *domain = g_ptr_array_index(foreign, i);
        json_array_append_new(
            array,
            json_pack("{s:s,s:i,s:i,s:I,s:I,s:i,s:i}", "domain", domain->domain, "reports",
                      (int)domain->reports, "organizations", (int)domain->organizations,
                      "successes", (json_int_t)domain->successes, "failures",
                      (json_int_t)domain->failures, "dmarc_reports", (int)domain->dmarc_reports,
                      "dmarc_organizations", (int)domain->dmarc_organizations));
    }
    return array;
}

static json_t *failed_json(const GPtrArray *failed)
{
    json_t *array = json_array();

    for (guint i = 0; i < failed->len; i++) {
        const struct overview_unsigned *reporter = g_ptr_array_index(failed, i);
        json_array_append_new(
            array, json_pack("{s:s,s:i,s:i}", "organization", reporter->organization, "failed",
                             (int)reporter->failed, "passed_ever", (int)reporter->passed));
    }
    return array;
}

void overview_json_set(json_t *object, const struct overview *overview)
{
    json_object_set_new(object, "arrived", kinds_json(overview->kinds));
    json_object_set_new(object, "unreadable", problems_json(overview->problems));
    json_object_set_new(object, "not_ours", foreign_json(overview->foreign));
    json_object_set_new(object, "signature_failed", failed_json(overview->failed));
}
