#include "report/text_dmarc.h"
#include "report/phrase.h"

/* JSON has all. */
#define SHOWN_DOMAINS 10
#define SHOWN_SOURCES 5
#define SHOWN_NEWS 10
#define SHOWN_POLICIES 3
#define SHOWN_OVERRIDES 4
#define SHOWN_FINE 5

#define PASSES_COLUMNS 30

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* "97.3 %"; "none" of nothing. */
static char *share(int64_t part, int64_t all)
{
    char *text = phrase_share(part, all - part);

    if (*text != '\0')
        return text;
    g_free(text);
    return g_strdup("none");
}

static void write_head(struct page *page, const struct dmarc_domain *domain)
{
    g_autofree char *name = phrase_domain(domain->name);
    g_autofree char *aligned = share(domain->aligned, domain->messages);
    g_autofree char *dkim = share(domain->dkim_aligned, domain->messages);
    g_autofree char *spf = share(domain->spf_aligned, domain->messages);
    g_autofree char *days = phrase_days(domain->first_at, domain->last_at);
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%s: %" G_GINT64_FORMAT " message%s", name, domain->messages,
                           plural(domain->messages));
    if (domain->messages > 0)
        g_string_append_printf(text, ", %s aligned (by DKIM %s, by SPF %s)", aligned, dkim, spf);
    g_string_append_printf(text, "; %u report%s of %u receiver%s about %s", domain->reports,
                           plural(domain->reports), domain->organizations,
                           plural(domain->organizations), days);
    page_wrap(page, "   ", PAGE_INDENT, text->str);
}

static void append_overrides(GString *text, const struct dmarc_domain *domain)
{
    guint shown = MIN(domain->overrides->len, SHOWN_OVERRIDES);

    for (guint i = 0; i < shown; i++) {
        const struct dmarc_override *override = g_ptr_array_index(domain->overrides, i);
        g_autofree char *type = phrase_text(override->type);
        g_string_append_printf(text, "%s%s %" G_GINT64_FORMAT, i > 0 ? ", " : ": ", type,
                               override->messages);
    }
}

static void append_count(GString *text, const char *before, int64_t count, const char *what)
{
    if (count > 0)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT " %s", before, count, what);
}

/* What became of messages that were not aligned, against what the policy asks. */
static char *fate(const struct dmarc_domain *domain)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%" G_GINT64_FORMAT " message%s", domain->failed,
                           plural(domain->failed));
    append_count(text, ": ", domain->rejected, "rejected");
    append_count(text, domain->rejected > 0 ? ", " : ": ", domain->quarantined, "quarantined");
    append_count(text, domain->rejected + domain->quarantined > 0 ? ", " : ": ", domain->delivered,
                 "delivered");
    if (domain->overridden > 0) {
        g_string_append_printf(text, "; policy set aside for %" G_GINT64_FORMAT " with a reason",
                               domain->overridden);
        append_overrides(text, domain);
    }
    if (domain->unfollowed > 0)
        g_string_append_printf(text, "; not followed for %" G_GINT64_FORMAT " without a reason",
                               domain->unfollowed);
    if (domain->not_asked > 0)
        g_string_append_printf(text, "; the policy asks nothing of %" G_GINT64_FORMAT,
                               domain->not_asked);
    if (domain->perhaps > 0)
        g_string_append_printf(text,
                               "; the policy may ask nothing of %" G_GINT64_FORMAT " (pct or np)",
                               domain->perhaps);
    return g_string_free(text, FALSE);
}

static const char *request(enum dmarc_request asked)
{
    return asked != DMARC_REQUEST_UNKNOWN ? dmarc_request_word(asked) : "?";
}

static char *policy_text(const struct dmarc_read_policy *policy)
{
    GString *text = g_string_new(NULL);
    g_autofree char *organization = phrase_text(policy->organization);
    g_autofree char *last = phrase_day(policy->last_at);

    g_string_append_printf(text, "p=%s sp=%s", request(policy->p), request(policy->sp));
    if (policy->np != DMARC_REQUEST_UNKNOWN)
        g_string_append_printf(text, " np=%s", request(policy->np));
    g_string_append_printf(text, " adkim=%s aspf=%s", dmarc_strictness_word(policy->adkim),
                           dmarc_strictness_word(policy->aspf));
    if (policy->pct < 100)
        g_string_append_printf(text, " pct=%d", policy->pct);
    if (policy->testing)
        g_string_append(text, " t=y");
    g_string_append_printf(text, ", in %u report%s", policy->reports, plural(policy->reports));
    if (policy->organizations == 1)
        g_string_append_printf(text, " of %s", organization);
    else
        g_string_append_printf(text, " of %u receivers", policy->organizations);
    g_string_append_printf(text, ", last %s", last);
    return g_string_free(text, FALSE);
}

static void write_more(struct page *page, guint all, guint shown)
{
    g_autofree char *text = g_strdup_printf("%u more", all - MIN(all, shown));

    page_field(page, "and", all > shown ? text : NULL);
}

static void write_policies(struct page *page, const struct dmarc_domain *domain)
{
    guint shown = MIN(domain->policies->len, SHOWN_POLICIES);

    for (guint i = 0; i < shown; i++) {
        g_autofree char *text = policy_text(g_ptr_array_index(domain->policies, i));
        page_field(page, i == 0 ? "Policy read" : "and", text);
    }
    write_more(page, domain->policies->len, shown);
}

/* "SPF" `before` "mailer.example"; "" where it passes for nobody. */
static char *passes_for(const struct dmarc_sender *sender, const char *before)
{
    g_autofree char *dkim = sender->dkim_domain != NULL ? phrase_text(sender->dkim_domain) : NULL;
    g_autofree char *spf = sender->spf_domain != NULL ? phrase_text(sender->spf_domain) : NULL;

    if (dkim != NULL && spf != NULL && g_strcmp0(dkim, spf) != 0)
        return g_strdup_printf("DKIM%s%s, SPF%s%s", before, dkim, before, spf);
    if (dkim != NULL && spf != NULL)
        return g_strdup_printf("DKIM and SPF%s%s", before, dkim);
    if (dkim != NULL)
        return g_strdup_printf("DKIM%s%s", before, dkim);
    return spf != NULL ? g_strdup_printf("SPF%s%s", before, spf) : g_strdup("");
}

/* A table cuts its first column where it is too wide, and that is the source. Takes the text. */
static char *cut(char *text)
{
    char *shorter;

    if (g_utf8_strlen(text, -1) <= PASSES_COLUMNS)
        return text;
    shorter = g_utf8_substring(text, 0, PASSES_COLUMNS - 3);
    g_free(text);
    text = g_strconcat(shorter, "...", NULL);
    g_free(shorter);
    return text;
}

static void append_news(GString *text, const struct dmarc_domain *domain,
                        const struct dmarc_sender *sender)
{
    g_autofree char *day = phrase_day(sender->aligned_at);
    g_autofree char *failed = share(sender->failed, domain->messages);
    g_autofree char *sent = share(sender->messages, domain->messages);

    if (sender->news == DMARC_WAS_ALIGNED)
        g_string_append_printf(text, " was aligned until %s and is not now", day);
    else if (sender->known)
        g_string_append_printf(text, " fails with %s of all messages, which is new", failed);
    else
        g_string_append_printf(text, " is new with %s of all messages", sent);
}

static char *news_text(const struct dmarc_domain *domain, const struct dmarc_sender *sender)
{
    g_autofree char *ip = phrase_text(sender->source_ip);
    g_autofree char *passes = passes_for(sender, " for ");
    GString *text = g_string_new(ip);

    append_news(text, domain, sender);
    g_string_append_printf(text, ": %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " not aligned",
                           sender->failed, sender->messages);
    if (sender->news == DMARC_NEW_SHARE && sender->past_messages > 0)
        g_string_append_printf(text, ", %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " before",
                               sender->past_failed, sender->past_messages);
    g_string_append_printf(text, ", seen by %u receiver%s", sender->organizations,
                           plural(sender->organizations));
    if (*passes != '\0')
        g_string_append_printf(text, "; it passes %s", passes);
    return g_string_free(text, FALSE);
}

static void write_news(struct page *page, const struct dmarc_domain *domain)
{
    for (guint i = 0; i < MIN(domain->news->len, SHOWN_NEWS); i++) {
        g_autofree char *text = news_text(domain, g_ptr_array_index(domain->news, i));
        page_field(page, i == 0 ? "News" : "and", text);
    }
    write_more(page, domain->news->len, SHOWN_NEWS);
}

/* Not aligned with itself: the report tells of it, or contradicts itself. */
static bool passes_for_itself(const struct dmarc_domain *domain, guint shown)
{
    for (guint i = 0; i < shown; i++) {
        const struct dmarc_sender *sender = g_ptr_array_index(domain->failing, i);
        if (g_strcmp0(sender->dkim_domain, domain->name) == 0 ||
            g_strcmp0(sender->spf_domain, domain->name) == 0)
            return true;
    }
    return false;
}

static void write_sources(struct page *page, const struct dmarc_domain *domain)
{
    static const enum column_align align[] = {COLUMN_LEFT, COLUMN_RIGHT, COLUMN_RIGHT, COLUMN_RIGHT,
                                              COLUMN_LEFT};
    static const char *const heads[] = {"Source", "Not aligned", "Of", "Receivers", "Passes for"};
    g_autoptr(Table) table = table_new(align, G_N_ELEMENTS(align));
    guint shown = MIN(domain->failing->len, SHOWN_SOURCES);
    guint told = shown + domain->news->len;
    g_autofree char *more = g_strdup_printf("and %u more source%s", domain->sources_failing - told,
                                            domain->sources_failing - told == 1 ? "" : "s");

    if (shown == 0)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
        table_take(table, g_strdup(heads[i]));
    for (guint i = 0; i < shown; i++) {
        const struct dmarc_sender *sender = g_ptr_array_index(domain->failing, i);
        table_take(table, phrase_text(sender->source_ip));
        table_take(table, phrase_number(sender->failed));
        table_take(table, phrase_number(sender->messages));
        table_take(table, phrase_number(sender->organizations));
        table_take(table, cut(passes_for(sender, " ")));
    }
    page_blank(page);
    table_write(table, page, 2 * PAGE_INDENT);
    if (domain->sources_failing > told)
        page_line(page, 2 * PAGE_INDENT, more);
    if (passes_for_itself(domain, shown))
        page_wrap(
            page, "      ", 2 * PAGE_INDENT,
            "What passes for the domain itself is not aligned where From is another name under "
            "it and adkim or aspf is strict, or where the receiver contradicts its own "
            "results, which the view issues tells.");
}

static void write_domain(struct page *page, const struct dmarc_domain *domain)
{
    g_autofree char *failed = fate(domain);
    g_autofree char *open =
        g_strdup_printf("%" G_GINT64_FORMAT " message%s: the reports lack the verdict",
                        domain->unknown, plural(domain->unknown));
    g_autofree char *below = g_strdup_printf(
        "%" G_GINT64_FORMAT " message%s from names below it, %" G_GINT64_FORMAT " not aligned",
        domain->subdomains, plural(domain->subdomains), domain->failed_subdomains);
    g_autofree char *punished = g_strdup_printf(
        "%" G_GINT64_FORMAT " aligned message%s quarantined or rejected all the same",
        domain->punished, plural(domain->punished));

    page_blank(page);
    write_head(page, domain);
    write_news(page, domain);
    page_field(page, "Not aligned", domain->failed > 0 ? failed : NULL);
    page_field(page, "Not told", domain->unknown > 0 ? open : NULL);
    page_field(page, "Subdomains", domain->subdomains > 0 ? below : NULL);
    page_field(page, "Refused", domain->punished > 0 ? punished : NULL);
    write_policies(page, domain);
    write_sources(page, domain);
}

/* Nothing to look at but the numbers. */
static bool is_fine(const struct dmarc_domain *domain)
{
    return domain->news->len == 0 && domain->failed + domain->unknown + domain->punished == 0;
}

static gint worst_first(gconstpointer a, gconstpointer b)
{
    const struct dmarc_domain *one = *(const struct dmarc_domain *const *)a;
    const struct dmarc_domain *other = *(const struct dmarc_domain *const *)b;

    if (is_fine(one) != is_fine(other))
        return is_fine(one) ? 1 : -1;
    if ((one->news->len > 0) != (other->news->len > 0))
        return one->news->len > 0 ? -1 : 1;
    if (one->failed != other->failed)
        return one->failed > other->failed ? -1 : 1;
    return g_strcmp0(one->name, other->name);
}

/* Of those from index `first` on, the ones with messages or the ones without. */
static void write_fine(struct page *page, const GPtrArray *domains, guint first, bool empty)
{
    g_autoptr(GString) text = g_string_new(empty ? "Reports without a message" : "All aligned");
    guint fine = 0, shown = 0;

    for (guint i = first; i < domains->len; i++) {
        const struct dmarc_domain *domain = g_ptr_array_index(domains, i);
        g_autofree char *name = phrase_domain(domain->name);
        if ((domain->messages == 0) != empty || fine++ >= SHOWN_FINE)
            continue;
        g_string_append_printf(text, "%s%s", shown++ > 0 ? ", " : ": ", name);
        if (!empty)
            g_string_append_printf(text, " (%" G_GINT64_FORMAT " message%s)", domain->messages,
                                   plural(domain->messages));
    }
    if (fine == 0)
        return;
    phrase_rest(text, fine, shown);
    page_blank(page);
    page_wrap(page, "   ", PAGE_INDENT, text->str);
}

void text_dmarc(struct page *page, const struct dmarc_set *set)
{
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    guint bad = 0, shown;

    if (set == NULL || set->domains->len == 0)
        return;
    for (guint i = 0; i < set->domains->len; i++) {
        bad += !is_fine(set->domains->pdata[i]);
        g_ptr_array_add(domains, set->domains->pdata[i]);
    }
    g_ptr_array_sort(domains, worst_first);
    shown = MIN(bad, SHOWN_DOMAINS);
    page_blank(page);
    page_heading(page, STYLE_BOLD, "", "DMARC: mail in your name, as its receivers saw it");
    for (guint i = 0; i < shown; i++)
        write_domain(page, g_ptr_array_index(domains, i));
    if (bad > shown) {
        g_autofree char *more = g_strdup_printf(
            "and %u more domains (tlstriage digest --format json has all)", bad - shown);
        page_blank(page);
        page_wrap(page, "   ", PAGE_INDENT, more);
    }
    write_fine(page, domains, bad, false);
    write_fine(page, domains, bad, true);
}
