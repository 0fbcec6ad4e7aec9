#include "report/overview.h"
#include "report/phrase.h"

/* Of each list so many are named; the rest is counted. */
#define SHOWN_SENDERS 4
#define SHOWN_ROWS 8

static void kind_free(gpointer data)
{
    struct overview_kind *kind = data;

    g_free(kind->kind);
    g_ptr_array_unref(kind->senders);
    g_free(kind);
}

static void problem_free(gpointer data)
{
    struct overview_problem *problem = data;

    g_free(problem->problem);
    g_free(problem->clause);
    g_free(problem);
}

static void domain_free(gpointer data)
{
    struct overview_domain *domain = data;

    g_free(domain->domain);
    g_free(domain);
}

static void unsigned_free(gpointer data)
{
    struct overview_unsigned *reporter = data;

    g_free(reporter->organization);
    g_free(reporter);
}

struct overview *overview_new(void)
{
    struct overview *overview = g_new0(struct overview, 1);

    overview->kinds = g_ptr_array_new_with_free_func(kind_free);
    overview->problems = g_ptr_array_new_with_free_func(problem_free);
    overview->foreign = g_ptr_array_new_with_free_func(domain_free);
    overview->failed = g_ptr_array_new_with_free_func(unsigned_free);
    return overview;
}

void overview_free(struct overview *overview)
{
    if (overview == NULL)
        return;
    g_ptr_array_unref(overview->kinds);
    g_ptr_array_unref(overview->problems);
    g_ptr_array_unref(overview->foreign);
    g_ptr_array_unref(overview->failed);
    g_free(overview);
}

static const struct {
    const char *kind;
    const char *one;
    const char *many;
} kind_names[] = {
    {"tlsrpt", "TLS report", "TLS reports"},
    {"dmarc", "DMARC report", "DMARC reports"},
    {"arf", "failure report", "failure reports"},
    {"bounce", "bounce", "bounces"},
    {"log", "log", "logs"},
};

static const char *kind_name(const struct overview_kind *kind)
{
    for (guint i = 0; i < G_N_ELEMENTS(kind_names); i++)
        if (g_strcmp0(kind_names[i].kind, kind->kind) == 0)
            return kind->count == 1 ? kind_names[i].one : kind_names[i].many;
    return kind->count == 1 ? "other mail or file" : "other mails and files";
}

static void append_part(GString *text, guint count, const char *what)
{
    if (count > 0)
        g_string_append_printf(text, "%s%u %s", text->len > 0 ? ", " : "", count, what);
}

static void append_senders(GString *text, const struct overview_kind *kind)
{
    guint shown = 0, rest = kind->count;

    for (guint i = 0; i < kind->senders->len && shown < SHOWN_SENDERS; i++) {
        const struct overview_sender *sender = g_ptr_array_index(kind->senders, i);
        g_autofree char *name = sender->domain != NULL ? phrase_domain(sender->domain) : NULL;
        if (name == NULL)
            continue;
        g_string_append_printf(text, "%s%s %u", shown++ > 0 ? ", " : "; from ", name,
                               sender->count);
        rest -= MIN(rest, sender->count);
    }
    if (rest > 0 && shown > 0)
        g_string_append_printf(text, ", others %u", rest);
}

/* "12 TLS reports: 11 new, 1 known; from google.com 6, microsoft.com 5" */
static void write_kind(struct page *page, const struct overview_kind *kind)
{
    g_autoptr(GString) outcomes = g_string_new(NULL);
    g_autofree char *line = NULL;

    append_part(outcomes, kind->stored, "new");
    append_part(outcomes, kind->known, "known already");
    append_part(outcomes, kind->quarantined, "unreadable");
    append_part(outcomes, kind->ignored, "without anything for us");
    append_senders(outcomes, kind);
    line = g_strdup_printf("%u %s: %s", kind->count, kind_name(kind), outcomes->str);
    page_wrap(page, "   ", PAGE_INDENT, line);
}

static void write_rest(struct page *page, guint all, const char *what)
{
    g_autofree char *line = g_strdup_printf("and %u %s more", all - SHOWN_ROWS, what);

    if (all > SHOWN_ROWS)
        page_wrap(page, "     ", PAGE_INDENT + 2, line);
}

static void write_problems(struct page *page, const GPtrArray *problems)
{
    if (problems->len > 0)
        page_wrap(page, "   ", PAGE_INDENT,
                  "Unreadable, to be looked at with tlstriage quarantine:");
    for (guint i = 0; i < MIN(problems->len, SHOWN_ROWS); i++) {
        const struct overview_problem *problem = g_ptr_array_index(problems, i);
        g_autofree char *text = phrase_text(problem->problem);
        g_autofree char *line = g_strdup_printf(
            "%u: %s%s%s%s", problem->count, text, problem->clause != NULL ? " (" : "",
            problem->clause != NULL ? problem->clause : "", problem->clause != NULL ? ")" : "");
        page_wrap(page, "     ", PAGE_INDENT + 4, line);
    }
    write_rest(page, problems->len, "reasons");
}

bool overview_has_foreign(const struct overview *overview)
{
    for (guint i = 0; i < overview->foreign->len; i++)
        if (((const struct overview_domain *)g_ptr_array_index(overview->foreign, i))->reports > 0)
            return true;
    return false;
}

static const char *plural(guint count)
{
    return count == 1 ? "" : "s";
}

/* "other.example: 2 reports of 1 reporter, 6 failed; 1 DMARC report of 1 receiver" */
static char *foreign_line(const struct overview_domain *domain)
{
    g_autofree char *name = phrase_domain(domain->domain);
    g_autofree char *failures = phrase_number(domain->failures);
    GString *line = g_string_new(name);

    if (domain->reports > 0)
        g_string_append_printf(line, ": %u report%s of %u reporter%s, %s failed", domain->reports,
                               plural(domain->reports), domain->organizations,
                               plural(domain->organizations), failures);
    if (domain->dmarc_reports > 0)
        g_string_append_printf(line, "%s %u DMARC report%s of %u receiver%s",
                               domain->reports > 0 ? ";" : ":", domain->dmarc_reports,
                               plural(domain->dmarc_reports), domain->dmarc_organizations,
                               plural(domain->dmarc_organizations));
    return g_string_free(line, FALSE);
}

static void write_foreign(struct page *page, const GPtrArray *foreign)
{
    if (foreign->len > 0)
        page_wrap(page, "   ", PAGE_INDENT,
                  "About domains that the configuration does not list as ours, and not told "
                  "above:");
    for (guint i = 0; i < MIN(foreign->len, SHOWN_ROWS); i++) {
        g_autofree char *line = foreign_line(g_ptr_array_index(foreign, i));
        page_wrap(page, "     ", PAGE_INDENT + 4, line);
    }
    write_rest(page, foreign->len, "domains");
}

static void write_failed(struct page *page, const GPtrArray *failed)
{
    for (guint i = 0, shown = 0; i < failed->len && shown < SHOWN_ROWS; i++) {
        const struct overview_unsigned *reporter = g_ptr_array_index(failed, i);
        g_autofree char *name = phrase_text(reporter->organization);
        g_autofree char *line = g_strdup_printf(
            "%s: %u report%s without a valid signature, though %u came with one: forged, changed "
            "on the way here, or not to be checked then",
            name, reporter->failed, reporter->failed == 1 ? "" : "s", reporter->passed);
        if (reporter->passed == 0)
            continue;
        page_wrap(page, "   ", PAGE_INDENT, line);
        shown++;
    }
}

void overview_write(struct page *page, const struct overview *overview)
{
    for (guint i = 0; i < overview->kinds->len; i++)
        write_kind(page, g_ptr_array_index(overview->kinds, i));
    write_problems(page, overview->problems);
    write_foreign(page, overview->foreign);
    write_failed(page, overview->failed);
}
