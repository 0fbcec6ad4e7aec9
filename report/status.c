#include "report/status.h"
#include "report/escape.h"
#include "report/overview_json_private.h"
#include "report/phrase.h"

static const char *const level_words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

void status_clear(struct status *status)
{
    g_clear_pointer(&status->worst, g_free);
    g_clear_pointer(&status->overview, overview_free);
}

/* Of who asks for no reports the log tells whether all is well. */
static bool is_log_only(const struct status *status)
{
    return status->never_reported && status->log_sessions > 0;
}

enum status_level status_level(const struct status *status)
{
    if (status->critical > 0)
        return STATUS_CRITICAL;
    if (status->high + status->quarantined > 0)
        return STATUS_WARNING;
    return status->reports == 0 && !is_log_only(status) ? STATUS_WARNING : STATUS_OK;
}

static void append_faults(GString *line, const struct status *status)
{
    g_autofree char *worst = escape_terminal(status->worst);

    if (status->faults == 0)
        g_string_append(line, status->mail_failed ? ", no TLS session fails" : ", nothing fails");
    else
        g_string_append_printf(line, ", %s", worst);
}

/* A bar would begin the performance data, on a later line as well. */
static void without_bars(char *text)
{
    g_strdelimit(text, "|", '/');
}

static void append_reports(GString *line, const struct status *status)
{
    g_autofree char *day = phrase_day(status->newest_day);
    g_autofree char *all = g_strdup_printf("%d day%s", status->days, status->days == 1 ? "" : "s");
    const char *days = status->days == 1 ? "day" : all;

    if (is_log_only(status))
        g_string_append_printf(
            line, "no %sreport so far, %" G_GINT64_FORMAT " session%s of our log in %s",
            status->has_dmarc ? "TLS " : "", status->log_sessions,
            status->log_sessions == 1 ? "" : "s", days);
    else if (status->reports == 0)
        g_string_append_printf(
            line, "no %sreport%s for the last %s%s", status->has_dmarc ? "TLS " : "",
            overview_has_foreign(status->overview) ? " about our domains" : "", days,
            status->never_reported && status->has_log ? ", and our log has no session with others"
                                                      : "");
    else
        g_string_append_printf(line, "%u report%s for the last %s, the newest about %s",
                               status->reports, status->reports == 1 ? "" : "s", days, day);
}

static char *first_line(const struct status *status)
{
    GString *line = g_string_new(NULL);

    g_string_append_printf(line, "tlstriage %s: ", level_words[status_level(status)]);
    append_reports(line, status);
    append_faults(line, status);
    if (status->quarantined > 0)
        g_string_append_printf(line, ", %u unreadable", status->quarantined);
    without_bars(line->str);
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

    overview_write(&page, status->overview);
    without_bars(out->str);
    g_string_prepend(out, line);
    return g_string_free(out, FALSE);
}

static void set_text_or_null(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, text != NULL ? json_string(text) : json_null());
}

char *status_json(const struct status *status)
{
    g_autofree char *newest = phrase_day(status->newest_day);
    json_t *root = json_pack("{s:s,s:i,s:s,s:i,s:i,s:i,s:i,s:i,s:i}", "format", "tlstriage-status",
                             "version", 1, "level", level_words[status_level(status)], "days",
                             status->days, "reports", (int)status->reports, "faults",
                             (int)status->faults, "critical", (int)status->critical, "high",
                             (int)status->high, "quarantined", (int)status->quarantined);
    char *text, *copy;

    set_text_or_null(root, "newest_day", status->newest_day != 0 ? newest : NULL);
    set_text_or_null(root, "worst", status->worst);
    overview_json_set(root, status->overview);
    text = json_dumps(root, JSON_ENSURE_ASCII | JSON_INDENT(2));
    copy = g_strconcat(text, "\n", NULL);
    free(text);
    json_decref(root);
    return copy;
}
