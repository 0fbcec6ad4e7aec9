#include "report/status.h"
#include "report/escape.h"
#include "report/phrase.h"
#include <jansson.h>

static const char *const level_words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

void status_clear(struct status *status)
{
    g_clear_pointer(&status->worst, g_free);
    g_clear_pointer(&status->overview, overview_free);
}

enum status_level status_level(const struct status *status)
{
    if (status->critical > 0)
        return STATUS_CRITICAL;
    return status->high + status->quarantined > 0 || status->reports == 0 ? STATUS_WARNING
                                                                          : STATUS_OK;
}

static void append_faults(GString *line, const struct status *status)
{
    g_autofree char *worst = escape_terminal(status->worst);

    if (status->faults == 0)
        g_string_append(line, ", nothing fails");
    else
        g_string_append_printf(line, ", %u fault%s: %s", status->faults,
                               status->faults == 1 ? "" : "s", worst);
}

/* A bar would begin the performance data. */
static void without_bars(GString *line)
{
    g_strdelimit(line->str, "|", '/');
}

static char *first_line(const struct status *status)
{
    GString *line = g_string_new(NULL);
    g_autofree char *day = phrase_day(status->newest_day);

    g_string_append_printf(line, "tlstriage %s: ", level_words[status_level(status)]);
    if (status->reports == 0)
        g_string_append_printf(line, "no report in %d days", status->days);
    else
        g_string_append_printf(line, "%u report%s in %d days, the newest about %s", status->reports,
                               status->reports == 1 ? "" : "s", status->days, day);
    append_faults(line, status);
    if (status->quarantined > 0)
        g_string_append_printf(line, ", %u unreadable", status->quarantined);
    without_bars(line);
    g_string_append_printf(line, " | reports=%u faults=%u critical=%u high=%u quarantined=%u\n",
                           status->reports, status->faults, status->critical, status->high,
                           status->quarantined);
    return g_string_free(line, FALSE);
}

char *status_text(const struct status *status, guint width)
{
    GString *out = g_string_new(NULL);
    struct page page = {.out = out, .width = MAX(width, PAGE_WIDTH_MIN)};
    g_autofree char *line = first_line(status);

    g_string_append(out, line);
    overview_write(&page, status->overview);
    return g_string_free(out, FALSE);
}

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
        json_array_append_new(array, json_pack("{s:s,s:i,s:i,s:I,s:I}", "domain", domain->domain,
                                               "reports", (int)domain->reports, "organizations",
                                               (int)domain->organizations, "successes",
                                               (json_int_t)domain->successes, "failures",
                                               (json_int_t)domain->failures));
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

char *status_json(const struct status *status)
{
    g_autofree char *newest = phrase_day(status->newest_day);
    const struct overview *overview = status->overview;
    json_t *root = json_pack(
        "{s:s,s:i,s:s,s:i,s:i,s:o,s:i,s:i,s:i,s:i,s:o,s:o,s:o,s:o,s:o}", "format",
        "tlstriage-status", "version", 1, "level", level_words[status_level(status)], "days",
        status->days, "reports", (int)status->reports, "newest_day",
        text_or_null(status->newest_day != 0 ? newest : NULL), "faults", (int)status->faults,
        "critical", (int)status->critical, "high", (int)status->high, "quarantined",
        (int)status->quarantined, "worst", text_or_null(status->worst), "arrivals",
        kinds_json(overview->kinds), "unreadable", problems_json(overview->problems), "not_ours",
        foreign_json(overview->foreign), "signature_failed", failed_json(overview->failed));
    char *text = json_dumps(root, JSON_ENSURE_ASCII | JSON_INDENT(2));
    char *copy = g_strconcat(text, "\n", NULL);

    free(text);
    json_decref(root);
    return copy;
}
