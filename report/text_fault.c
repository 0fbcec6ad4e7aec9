#include "report/text_fault.h"
#include "analyze/fault_facts.h"
#include "report/escape.h"
#include "report/phrase.h"
#include "report/text_knowledge.h"
#include <string.h>

#define SHOWN_DOMAINS 10
#define SHOWN_COUNTS 8
#define SHOWN_REPORTERS 20
#define SHOWN_WITNESSES 3
#define SHOWN_STRINGS 24
#define TEXT_INDENT 6
#define OLD_DAYS 5

char *text_command(const struct digest *digest)
{
    g_autofree char *quoted = NULL, *store = NULL;

    if (digest->store == NULL)
        return g_strdup("tlstriage");
    quoted = escape_shell(digest->store);
    store = escape_terminal(quoted);
    return g_strdup_printf("tlstriage --db %s", store);
}

/* "1. CRITICAL  " */
static char *mark_of(const struct fault *fault, guint number)
{
    g_autofree char *severity = g_ascii_strup(severity_word(fault->severity), -1);

    return g_strdup_printf("%u. %s  ", number, severity);
}

static char *title_of(const struct fault *fault)
{
    g_autofree char *place = phrase_text(digest_fault_place(fault));
    GString *title = g_string_new(NULL);

    g_string_append_printf(title, "%s: %s", failure_type_label(fault->type), place);
    phrase_rest(title, fault->mx->len > 0 ? fault->mx->len : fault->domains->len, 1);
    return g_string_free(title, FALSE);
}

static enum page_style style_of(enum severity severity)
{
    if (severity == SEVERITY_CRITICAL)
        return STYLE_RED;
    return severity == SEVERITY_HIGH ? STYLE_YELLOW : STYLE_BOLD;
}

static void write_domains(struct page *page, const struct digest *digest, const struct fault *fault)
{
    g_autoptr(GString) list = g_string_new(NULL);
    guint shown = MIN(fault->domains->len, SHOWN_DOMAINS);

    for (guint i = 0; i < shown; i++) {
        const struct fault_domain *domain = g_ptr_array_index(fault->domains, i);
        g_autofree char *name = phrase_domain(domain->name);
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", name);
    }
    phrase_rest(list, fault->domains->len, shown);
    page_field(page, fault->domains->len == 1 ? "Domain" : "Domains", list->str);
    if (fault->domains->len > shown) {
        g_autofree char *command = text_command(digest);
        g_autofree char *day = phrase_day(fault->first_day);
        g_autofree char *query = g_strdup_printf("%s sql \"SELECT DISTINCT domain FROM failures"
                                                 " WHERE failure_type = '%s' AND day >= '%s'\"",
                                                 command, failure_type_word(fault->type), day);
        page_line(page, TEXT_INDENT, query);
    }
}

static void write_sessions(struct page *page, const struct fault *fault)
{
    g_autofree char *share = phrase_share(fault->sessions, fault->successes);
    g_autofree char *text =
        fault->sessions == 0
            ? g_strdup("some sessions; the reports do not count them")
            : g_strdup_printf("%" G_GINT64_FORMAT
                              " of %.0f sessions (%s) of these reporters under the same policies",
                              fault->sessions, (double)fault->sessions + (double)fault->successes,
                              share);

    page_field(page, "Failed", text);
}

/* The day up to which all its reporters have told of days without it, or 0. */
static int64_t over_until(const struct fault *fault)
{
    int64_t until = INT64_MAX;

    for (guint i = 0; i < fault->reporters->len; i++) {
        const struct fault_reporter *reporter = g_ptr_array_index(fault->reporters, i);
        if (reporter->newest_day <= fault->last_day)
            return 0;
        until = MIN(until, reporter->newest_day);
    }
    return until < INT64_MAX ? until : 0;
}

/* Reports are about the past: a fault that may be over must not send anybody to work unchecked. */
static void write_days(struct page *page, const struct digest *digest, const struct fault *fault)
{
    g_autofree char *days = phrase_days(fault_since(fault), fault->last_day);
    int64_t ago = (digest->generated_at - fault->last_day) / FAULT_DAY, over = over_until(fault);
    g_autoptr(GString) text = g_string_new(days);

    if (over != 0) {
        g_autofree char *until = phrase_day(over);
        g_string_append_printf(text, "; not in the later reports of these reporters, to %s", until);
    } else if (ago >= OLD_DAYS) {
        g_string_append_printf(text, "; that is %" G_GINT64_FORMAT " days ago: check first", ago);
    }
    page_field(page, "Days", text->str);
}

/* Of a policy that could not be had the mail servers know nothing. */
static const char *who_acts(const struct fault *fault)
{
    switch (fault->type) {
    case FAILURE_STS_POLICY_FETCH_ERROR:
    case FAILURE_STS_POLICY_INVALID:
    case FAILURE_STS_WEBPKI_INVALID:
        return "the operator of the web host of the MTA-STS policy";
    default:
        return phrase_actor(fault->actor);
    }
}

static void write_fields(struct page *page, const struct digest *digest, const struct fault *fault)
{
    g_autofree char *results = phrase_counts(fault->result_types, SHOWN_COUNTS);
    g_autofree char *reasons = phrase_counts(fault->reason_codes, SHOWN_COUNTS);
    g_autofree char *mx = phrase_counts(fault->mx, SHOWN_COUNTS);
    g_autofree char *addresses = phrase_counts(fault->receiving_ips, SHOWN_COUNTS);
    g_autofree char *effect =
        g_strdup_printf("%s%s", phrase_effect(fault->effect),
                        fault->effects_differ ? "; not so at every sender or every time" : "");

    write_domains(page, digest, fault);
    page_field(page, "The mail", effect);
    page_field(page, "Who acts", who_acts(fault));
    write_sessions(page, fault);
    write_days(page, digest, fault);
    page_field(page, "Reported as", results);
    page_field(page, "Reasons", reasons);
    page_field(page, "MX hosts", mx);
    page_field(page, "Addresses", addresses);
}

static const char *note_of(const struct fault_reporter *reporter)
{
    if (reporter->late)
        return reporter->authenticated_fail ? "late, unsigned" : "late";
    return reporter->authenticated_fail ? "unsigned" : "";
}

static void write_reporters(struct page *page, const struct fault *fault)
{
    static const enum column_align align[] = {COLUMN_LEFT, COLUMN_RIGHT, COLUMN_LEFT,
                                              COLUMN_LEFT, COLUMN_LEFT,  COLUMN_LEFT};
    static const char *const heads[] = {"Reporter", "Failed", "Since", "Last day", "Came", ""};
    g_autoptr(Table) table = table_new(align, G_N_ELEMENTS(align));
    guint shown = MIN(fault->reporters->len, SHOWN_REPORTERS);

    for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
        table_take(table, g_strdup(heads[i]));
    for (guint i = 0; i < shown; i++) {
        const struct fault_reporter *reporter = g_ptr_array_index(fault->reporters, i);
        table_take(table, phrase_text(reporter->organization));
        table_take(table, phrase_number(reporter->sessions));
        table_take(table, phrase_day(reporter->since));
        table_take(table, phrase_day(reporter->last_day));
        table_take(table, phrase_day(reporter->received_at));
        table_take(table, g_strdup(note_of(reporter)));
    }
    page_blank(page);
    table_write(table, page, PAGE_INDENT);
    if (fault->reporters->len > shown) {
        g_autofree char *more =
            g_strdup_printf("and %u more reporters", fault->reporters->len - shown);
        page_line(page, PAGE_INDENT, more);
    }
}

static char *policy_title(const struct fault_policy *policy)
{
    g_autofree char *who = phrase_names(policy->organizations, SHOWN_WITNESSES);
    g_autofree char *days = phrase_days(policy->first_day, policy->last_day);
    g_autofree char *host = phrase_text(policy->host);

    if (policy->type == POLICY_TLSA)
        return g_strdup_printf("TLSA records%s%s as %s saw them, %s:", *host != '\0' ? " of " : "",
                               host, who, days);
    if (policy->type == POLICY_STS)
        return g_strdup_printf(
            "MTA-STS policy (mode %s) as %s saw it, %s:", sts_mode_word(policy->mode), who, days);
    return g_strdup_printf("Policy as %s saw it, %s:", who, days);
}

static void write_policies(struct page *page, const struct fault *fault)
{
    for (guint i = 0; i < fault->policies->len; i++) {
        const struct fault_policy *policy = g_ptr_array_index(fault->policies, i);
        g_autofree char *title = policy_title(policy);
        page_blank(page);
        page_wrap(page, "   ", TEXT_INDENT, title);
        for (guint j = 0; j < MIN(policy->strings->len, SHOWN_STRINGS); j++) {
            g_autofree char *text = escape_terminal(g_ptr_array_index(policy->strings, j));
            page_line(page, TEXT_INDENT, text);
        }
        if (policy->strings->len > SHOWN_STRINGS) {
            g_autofree char *more =
                g_strdup_printf("and %u more", policy->strings->len - SHOWN_STRINGS);
            page_line(page, TEXT_INDENT, more);
        }
    }
}

void text_fault(struct page *page, const struct digest *digest, const struct fault *fault,
                guint number)
{
    const char *word = failure_type_word(fault->type);
    g_autofree char *mark = mark_of(fault, number);
    g_autofree char *title = title_of(fault);
    g_autofree char *more = g_strdup_printf("More: tlstriage explain %s", word);
    struct fault_facts facts;

    page_blank(page);
    page_heading(page, style_of(fault->severity), mark, title);
    write_fields(page, digest, fault);
    write_reporters(page, fault);
    write_policies(page, fault);
    fault_facts_init(&facts, fault);
    text_knowledge(page, word, &facts.facts);
    fault_facts_clear(&facts);
    page_blank(page);
    page_line(page, PAGE_INDENT, more);
}

void text_fault_line(struct page *page, const struct fault *fault, guint number)
{
    g_autofree char *mark = mark_of(fault, number);
    g_autofree char *title = title_of(fault);

    page_wrap(page, mark, TEXT_INDENT, title);
}
