#include "report/escape.h"
#include "report/format.h"
#include "report/page.h"
#include "report/phrase.h"
#include "report/text_dmarc.h"
#include "report/text_fault.h"
#include "report/text_outbound.h"
#include "schema/vocabulary.h"

/* A digest is read by a person: past these it says how many more there are. JSON holds all. */
#define TOLD_FAULTS 25
#define LINED_FAULTS 100
#define SHOWN_SINGLES 10
#define SHOWN_ROWS 30
#define SHOWN_FINE 5

static void write_more(struct page *page, guint total, guint shown, const char *what)
{
    g_autofree char *text = NULL;

    if (total <= shown)
        return;
    text = g_strdup_printf("and %u more %s (tlstriage digest --format json has all)", total - shown,
                           what);
    page_wrap(page, "   ", PAGE_INDENT, text);
}

/* "about 2026-11-10 to 2026-11-22" */
static char *cover_of(const struct digest *digest)
{
    gint64 from = digest->covers_from, to = digest->covers_to;
    g_autofree char *first = digest->by_period ? phrase_day(from) : phrase_minute(from);
    g_autofree char *last = digest->by_period ? phrase_day(to) : phrase_minute(to);

    if (digest->by_period && from == 0)
        return g_strdup_printf("about days up to %s", last);
    if (digest->by_period)
        return g_strdup_printf("about %s to %s", first, last);
    return g_strdup_printf("that came in from %s to %s UTC", first, last);
}

static void write_cover(struct page *page, const struct digest *digest)
{
    g_autofree char *share = phrase_share(digest->failures, digest->successes);
    g_autofree char *cover = cover_of(digest);
    g_autofree char *domain = digest->domain != NULL ? phrase_text(digest->domain) : NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(
        text, "%s %s: %u.",
        digest->reports == 0 && *digest_kind_of_report(digest) != '\0' ? "TLS reports" : "Reports",
        cover, digest->reports);
    if (digest->reports > 0) {
        g_string_append_printf(text,
                               " Sessions: %" G_GINT64_FORMAT " good, %" G_GINT64_FORMAT " failed",
                               digest->successes, digest->failures);
        g_string_append_printf(text, *share != '\0' ? " (%s)." : ".%s", share);
    }
    if (domain != NULL)
        g_string_append_printf(text, " Only the domain %s.", domain);
    page_wrap(page, "", 0, text->str);
}

static void write_faults(struct page *page, const struct digest *digest)
{
    const GPtrArray *faults = digest->faults->faults;
    guint lined = MIN(faults->len, TOLD_FAULTS + LINED_FAULTS);
    guint first = text_outbound_ours(digest) + 1;

    for (guint i = 0; i < MIN(faults->len, TOLD_FAULTS); i++)
        text_fault(page, digest, g_ptr_array_index(faults, i), i + first);
    if (faults->len <= TOLD_FAULTS)
        return;
    page_blank(page);
    page_heading(page, STYLE_BOLD, "", "Further faults");
    for (guint i = TOLD_FAULTS; i < lined; i++)
        text_fault_line(page, g_ptr_array_index(faults, i), i + first);
    write_more(page, faults->len, lined, "faults");
}

static void take_heads(struct table *table, const char *const *heads)
{
    for (guint i = 0; i < table->columns; i++)
        table_take(table, g_strdup(heads[i]));
}

static void write_unexplained(struct page *page, const GPtrArray *unexplained)
{
    /* Where it gets narrow the first column is cut, and a name cut short is worst in a domain. */
    static const enum column_align align[] = {COLUMN_LEFT,  COLUMN_LEFT,  COLUMN_LEFT,
                                              COLUMN_RIGHT, COLUMN_RIGHT, COLUMN_LEFT};
    static const char *const heads[] = {"Reporter", "Domain", "Policy",
                                        "Failed",   "Good",   "Last day"};
    g_autoptr(Table) table = table_new(align, G_N_ELEMENTS(align));
    guint shown = MIN(unexplained->len, SHOWN_ROWS);

    if (unexplained->len == 0)
        return;
    page_blank(page);
    page_heading(page, STYLE_BOLD, "", "Failed sessions that the reports do not explain");
    page_wrap(page, "   ", PAGE_INDENT,
              "These reports count failures without failure-details (RFC 8460, section 4.4, allows "
              "it), so nobody can tell what failed and what became of the mail. Look at what other "
              "reports of these days say; if it goes on, ask the reporter.");
    page_blank(page);
    take_heads(table, heads);
    for (guint i = 0; i < shown; i++) {
        const struct unexplained *one = g_ptr_array_index(unexplained, i);
        table_take(table, phrase_text(one->organization));
        table_take(table, phrase_domain(one->domain));
        table_take(table, g_strdup(policy_type_word(one->policy_type)));
        table_take(table, phrase_number(one->sessions));
        table_take(table, phrase_number(one->successes));
        table_take(table, phrase_day(one->last_day));
    }
    table_write(table, page, PAGE_INDENT);
    write_more(page, unexplained->len, shown, "rows");
}

static void append_single(GString *text, const struct fault *fault)
{
    const struct fault_domain *domain = g_ptr_array_index(fault->domains, 0);
    const struct fault_reporter *reporter = g_ptr_array_index(fault->reporters, 0);
    g_autofree char *name = phrase_domain(domain->name);
    g_autofree char *organization = phrase_text(reporter->organization);
    g_autofree char *day = phrase_day(fault->last_day);

    g_string_append_printf(text, "%s (%s, %s, %s)", name, failure_type_label(fault->type),
                           organization, day);
}

static void write_singles(struct page *page, const GPtrArray *singles)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint shown = MIN(singles->len, SHOWN_SINGLES);

    if (singles->len == 0)
        return;
    g_string_append_printf(text, "%u failure%s seen once only, nothing to do yet: ", singles->len,
                           singles->len == 1 ? "" : "s");
    for (guint i = 0; i < shown; i++) {
        g_string_append(text, i > 0 ? "; " : "");
        append_single(text, g_ptr_array_index(singles, i));
    }
    phrase_rest(text, singles->len, shown);
    page_blank(page);
    page_heading(page, STYLE_BOLD, "", "Single failed sessions");
    page_wrap(page, "   ", PAGE_INDENT, text->str);
}

static void write_fine_table(struct page *page, const GPtrArray *fine)
{
    static const enum column_align align[] = {COLUMN_LEFT, COLUMN_RIGHT, COLUMN_RIGHT};
    static const char *const heads[] = {"Domain", "Good", "Reporters"};
    g_autoptr(Table) table = table_new(align, G_N_ELEMENTS(align));

    take_heads(table, heads);
    for (guint i = 0; i < fine->len; i++) {
        const struct fine_domain *domain = g_ptr_array_index(fine, i);
        table_take(table, phrase_domain(domain->name));
        table_take(table, phrase_number(domain->successes));
        table_take(table, phrase_number(domain->reporters));
    }
    table_write(table, page, PAGE_INDENT);
}

static void write_fine(struct page *page, const struct digest *digest)
{
    const GPtrArray *fine = digest->faults->fine;
    g_autoptr(GString) text = g_string_new(NULL);

    if (fine->len == 0)
        return;
    page_blank(page);
    page_heading(page, STYLE_BOLD, "", "Domains that are fine");
    if (digest->all) {
        write_fine_table(page, fine);
        return;
    }
    g_string_append_printf(text, "%u domain%s without a failure", fine->len,
                           fine->len == 1 ? "" : "s");
    for (guint i = 0; i < fine->len && fine->len <= SHOWN_FINE; i++) {
        const struct fine_domain *domain = g_ptr_array_index(fine, i);
        g_autofree char *name = phrase_domain(domain->name);
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : ": ", name);
    }
    if (fine->len > SHOWN_FINE)
        g_string_append(text, " (tlstriage digest --all lists them)");
    page_wrap(page, "   ", PAGE_INDENT, text->str);
}

static bool any_unauthenticated(const GPtrArray *reporters)
{
    for (guint i = 0; i < reporters->len; i++)
        if (((const struct digest_reporter *)g_ptr_array_index(reporters, i))->unauthenticated > 0)
            return true;
    return false;
}

static void take_reporter(struct table *table, const struct digest_reporter *reporter,
                          bool unauthenticated)
{
    table_take(table, phrase_text(reporter->organization));
    table_take(table, phrase_number(reporter->reports));
    table_take(table, phrase_number(reporter->successes));
    table_take(table, phrase_number(reporter->failures));
    table_take(table, phrase_day(reporter->last_day));
    table_take(table, phrase_day(reporter->received_at));
    table_take(table, unauthenticated ? phrase_number(reporter->unauthenticated) : g_strdup(""));
}

static void write_reporters(struct page *page, const GPtrArray *reporters)
{
    static const enum column_align align[] = {COLUMN_LEFT, COLUMN_RIGHT, COLUMN_RIGHT, COLUMN_RIGHT,
                                              COLUMN_LEFT, COLUMN_LEFT,  COLUMN_RIGHT};
    static const char *const heads[] = {"Reporter", "Reports",  "Good",
                                        "Failed",   "Last day", "Came"};
    g_autoptr(Table) table = table_new(align, G_N_ELEMENTS(align));
    bool unauthenticated = any_unauthenticated(reporters);
    guint shown = MIN(reporters->len, SHOWN_ROWS);

    if (reporters->len == 0)
        return;
    page_blank(page);
    page_heading(page, STYLE_BOLD, "", "Who reported");
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
        table_take(table, g_strdup(heads[i]));
    table_take(table, g_strdup(unauthenticated ? "Unsigned" : ""));
    for (guint i = 0; i < shown; i++)
        take_reporter(table, g_ptr_array_index(reporters, i), unauthenticated);
    table_write(table, page, PAGE_INDENT);
    write_more(page, reporters->len, shown, "reporters");
}

static char *count_list(const GPtrArray *counts)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < counts->len; i++) {
        const struct digest_count *count = g_ptr_array_index(counts, i);
        g_autofree char *what = phrase_text(count->what);
        /* That a mail is something else is told with the kinds. */
        if (g_strcmp0(count->what, issue_kind_word(ISSUE_NO_REPORT)) != 0)
            g_string_append_printf(text, "%s%s %u", text->len > 0 ? ", " : "", what, count->count);
    }
    return g_string_free(text, FALSE);
}

/* Line breaks of the query stay: to a shell they are part of it, and to SQL blanks. */
static void write_query(struct page *page, const struct digest *digest, const char *query)
{
    g_autofree char *command = text_command(digest);
    g_autofree char *whole = g_strdup_printf("%s sql \"\n%s\"", command, query);
    g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++)
        page_line(page, PAGE_INDENT + (i == 0 ? 3 : 5), lines[i]);
}

/* Reports of one sender have the same oddities day after day, so these are counted. A domain is the
   user's own word and not put into SQL: for one domain the question would be another. */
static void write_oddities(struct page *page, const struct digest *digest)
{
    g_autofree char *from = phrase_time(digest->covers_from);
    g_autofree char *to = phrase_time(digest->covers_to);
    g_autofree char *begin = digest->covers_from != 0
                                 ? g_strdup_printf("coalesce(r.begins_at, d.begins_at) >= '%s'\n  "
                                                   "AND ",
                                                   from)
                                 : g_strdup("");
    g_autofree char *query = g_strdup_printf(
        "SELECT coalesce(r.organization, d.organization), i.clause, i.problem, count(*)\n"
        "FROM issues i LEFT JOIN reports r ON r.report = i.report\n"
        "  LEFT JOIN dmarc_reports d ON d.report = i.dmarc_report\n"
        "WHERE %scoalesce(r.begins_at, d.begins_at) <= '%s'\n"
        "GROUP BY 1, 2, 3",
        begin, to);

    if (digest->domain == NULL)
        write_query(page, digest, query);
}

static void write_intake(struct page *page, const struct digest *digest)
{
    g_autofree char *issues = count_list(digest->issues);
    g_autofree char *later =
        g_strdup_printf("%u (DMARC): tlstriage reparse reads them", digest->not_yet_read);

    if (digest->arrivals->len + digest->issues->len + digest->overview->foreign->len == 0 &&
        digest->quarantined + digest->not_yet_read == 0)
        return;
    page_blank(page);
    page_heading(page, STYLE_BOLD, "",
                 digest->by_period        ? "What is odd in these reports"
                 : digest->domain != NULL ? "What came in, about any domain"
                                          : "What came in");
    overview_write(page, digest->overview);
    page_field(page, "Issues", issues);
    page_field(page, "For later", digest->not_yet_read > 0 ? later : NULL);
    if (digest->by_period)
        write_oddities(page, digest);
    else if (*issues != '\0' || digest->quarantined > 0)
        write_query(page, digest,
                    "SELECT at, kind, source, problem FROM issues ORDER BY at DESC LIMIT 20");
}

static char *lookup_of(const struct digest *digest)
{
    g_autofree char *quoted = digest->domain != NULL ? escape_shell(digest->domain) : NULL;
    g_autofree char *domain = quoted != NULL ? escape_terminal(quoted) : g_strdup("DOMAIN");

    return g_strdup_printf("dig +short TXT _smtp._tls.%s", domain);
}

/* Where our log tells the other half, that there is no report is no fault by itself. */
static void write_no_reports(struct page *page, const struct digest *digest)
{
    g_autofree char *lookup = lookup_of(digest);

    page_blank(page);
    page_wrap(
        page, "", 0,
        digest->domain != NULL
            ? "No report is about this domain. If it is one of yours, see that it asks for "
              "reports (RFC 8460, section 3):"
            : "No TLS report came in so far: they tell what fails on the way to you, which no "
              "log here can. Other servers send them where a record asks for it (RFC 8460, "
              "section 3; tlstriage-deliver(1)):");
    page_line(page, PAGE_INDENT + 3, lookup);
}

/* A digest without reports must not pass for good news. */
static void write_silence(struct page *page, const struct digest *digest)
{
    g_autofree char *lookup = lookup_of(digest);
    g_autofree char *text =
        g_strdup_printf("No %sreport %s. That says nothing about your TLS: it may be that nobody "
                        "sent mail, or that reports do not "
                        "reach this program. Check:",
                        digest_kind_of_report(digest),
                        digest->domain != NULL ? "is about this domain"
                        : overview_has_foreign(digest->overview)
                            ? "is about a domain that the configuration lists as ours"
                        : digest->by_period ? "is about these days"
                                            : "came in");

    page_blank(page);
    page_wrap(page, "", 0, text);
    page_wrap(page, "1. ", PAGE_INDENT,
              "The domain asks for reports: one record that begins with v=TLSRPTv1; and names "
              "your address (RFC 8460, section 3).");
    page_line(page, PAGE_INDENT + 3, lookup);
    page_wrap(page, "2. ", PAGE_INDENT,
              "Mail to that address reaches `tlstriage deliver`: send one and see it here.");
    write_query(page, digest,
                "SELECT at, kind, sender, outcome FROM arrivals ORDER BY at DESC LIMIT 10");
    page_wrap(page, "3. ", PAGE_INDENT,
              "Reports come once a day, and some come days late: the latest days seen so far.");
    write_query(page, digest,
                "SELECT organization, max(ends_at), max(received_at) FROM reports GROUP BY 1");
    if (!digest->by_period)
        page_wrap(page, "", 0, "What came earlier: tlstriage digest --since DAY");
}

/* Reports tell of one direction only. */
static const char *what_did_not(const struct digest *digest)
{
    bool both = digest->outbound != NULL;

    if (digest_mail_failed(digest))
        return both ? "No TLS session to us" : "No TLS session";
    return both ? "Nothing on the way to us" : "Nothing";
}

static void write_quiet(struct page *page, const struct digest *digest)
{
    const struct fault_set *set = digest->faults;

    if (digest->reports == 0 && digest->outbound != NULL &&
        (digest->never_reported || digest->domain != NULL)) {
        write_no_reports(page, digest);
    } else if (digest->reports == 0) {
        write_silence(page, digest);
    } else if (set == NULL || set->faults->len + set->singles->len + set->unexplained->len == 0) {
        page_blank(page);
        g_autofree char *text = g_strdup_printf(
            digest->successes > 0 ? "%s failed. The %sreports below tell of good sessions only."
                                  : "%s failed, but the %sreports below tell of no session at all.",
            what_did_not(digest), digest_kind_of_report(digest));
        page_wrap(page, "", 0, text);
    }
}

bool format_text(const struct digest *digest, const struct format_options *options, GString *out,
                 GError **error)
{
    guint width = options->width != 0 ? MAX(options->width, PAGE_WIDTH_MIN) : PAGE_WIDTH;
    struct page page = {.out = out, .width = width, .colour = options->colour};
    g_autofree char *headline = digest_headline(digest);
    g_autofree char *safe = escape_terminal(headline);
    guint ours = text_outbound_ours(digest);
    guint faults = digest->faults != NULL ? digest->faults->faults->len : 0;

    (void)error;
    page_wrap(&page, "tlstriage: ", PAGE_INDENT, safe);
    page_blank(&page);
    write_cover(&page, digest);
    if (digest->outbound != NULL)
        text_outbound_cover(&page, digest);
    write_quiet(&page, digest);
    if (digest->outbound != NULL)
        text_outbound_findings(&page, digest, 0, ours, 1);
    if (digest->faults != NULL)
        write_faults(&page, digest);
    if (digest->outbound != NULL)
        text_outbound_findings(&page, digest, ours, digest->outbound->findings->len,
                               1 + ours + faults);
    if (digest->faults != NULL) {
        write_unexplained(&page, digest->faults->unexplained);
        write_singles(&page, digest->faults->singles);
        write_fine(&page, digest);
    }
    if (digest->outbound != NULL)
        text_outbound_rest(&page, digest);
    text_dmarc(&page, digest->dmarc);
    write_reporters(&page, digest->reporters);
    write_intake(&page, digest);
    return true;
}
