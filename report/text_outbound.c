#include "report/text_outbound.h"
#include "analyze/outbound_facts.h"
#include "report/escape.h"
#include "report/phrase.h"
#include "report/text_fault.h"
#include "report/text_knowledge.h"
#include <string.h>

#define TOLD_FINDINGS 15
#define LINED_FINDINGS 100
#define SHOWN_COUNTS 6
#define SHOWN_DOMAINS 20
#define SHOWN_PASSING 10
#define SHOWN_HELD 10
#define SHOWN_MONTH 10
#define SHOWN_INBOUND 10
#define SHOWN_IDS 12
#define TEXT_INDENT 6
#define EARLIER_DAYS 6
#define LATE_HOURS 3 /* a log that ends so long before the digest is told of */

/* ---- words ---- */

static char *plural(guint64 count, const char *one)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s%s", count, one, count == 1 ? "" : "s");
}

/* "DAY HH:MM to DAY HH:MM UTC" */
static char *time_span(gint64 first, gint64 last)
{
    g_autofree char *from = phrase_minute(first);
    g_autofree char *to = phrase_minute(last);

    return strcmp(from, to) == 0 ? g_strdup_printf("%s UTC", from)
                                 : g_strdup_printf("%s to %s UTC", from, to);
}

static const char *outcome_phrase(enum session_outcome outcome)
{
    static const char *const phrases[] = {
        [SESSION_UNKNOWN] = "delivered",
        [SESSION_VERIFIED] = "verified",
        [SESSION_TRUSTED] = "trusted",
        [SESSION_UNTRUSTED] = "encrypted, unverified",
        [SESSION_ANONYMOUS] = "encrypted, anonymous",
        [SESSION_PLAINTEXT] = "in clear",
        [SESSION_FAILED] = "failed",
    };

    return phrases[outcome];
}

static void append_part(GString *text, guint count, const char *format, const char *what)
{
    g_autofree char *messages = plural(count, "message");

    if (count == 0)
        return;
    g_string_append(text, text->len > 0 ? "; " : "");
    g_string_append_printf(text, "%s ", messages);
    g_string_append_printf(text, "%s%s", format, what);
}

/* What became of the messages that met it. One message may stand in several parts. */
static char *mail_of(const struct digest *digest, const struct outbound_finding *finding)
{
    bool fresh = !finding->over && digest->generated_at - finding->last_at < FAULT_DAY;
    GString *text = g_string_new(NULL);
    g_autofree char *age = finding->held_delay >= 60 ? phrase_age(finding->held_delay) : NULL;
    g_autofree char *so_far =
        age != NULL ? g_strdup_printf(", up to %s%s", age, fresh ? " so far" : "") : NULL;
    g_autofree char *unverified = plural((guint64)finding->unverified, "session");

    append_part(text, finding->returned,
                finding->returned == 1 ? "returned to its author" : "returned to their authors",
                "");
    append_part(text, finding->held, "held back", so_far != NULL ? so_far : "");
    append_part(text, finding->outcomes[LOG_OUTCOME_PLAINTEXT], "sent in clear", "");
    append_part(text, finding->outcomes[LOG_OUTCOME_UNVERIFIED],
                "sent encrypted, to a server that was not verified", "");
    append_part(text, finding->outcomes[LOG_OUTCOME_OTHER_MX], "delivered by another MX host", "");
    append_part(text, finding->outcomes[LOG_OUTCOME_UNKNOWN],
                "of which the log does not tell what became", "");
    if (finding->unverified > 0)
        g_string_append_printf(text, "%s went on, unverified", unverified);
    return g_string_free(text, FALSE);
}

static char *attempts_of(const struct outbound_finding *finding)
{
    g_autofree char *text = plural(finding->attempts, "attempt");

    if (finding->attempts + finding->throttled == 0)
        return NULL;
    if (finding->throttled == 0)
        return g_steal_pointer(&text);
    return g_strdup_printf("%s, and %u deferred again without one", text, finding->throttled);
}

static char *title_of(const struct outbound_finding *finding)
{
    g_autofree char *place = phrase_text(outbound_place(finding));
    const char *label = failure_type_label(finding->type);
    GString *title = g_string_new(NULL);

    if (outbound_is_ours(finding) || *place == '\0') {
        g_string_append(title, label);
        return g_string_free(title, FALSE);
    }
    g_string_append_printf(title, "Our mail to %s", place);
    phrase_rest(title, finding->mx->len > 0 ? finding->mx->len : finding->domains->len, 1);
    g_string_append_printf(title, ": %s", label);
    return g_string_free(title, FALSE);
}

static char *mark_of(const struct outbound_finding *finding, guint number)
{
    g_autofree char *severity = g_ascii_strup(severity_word(finding->severity), -1);

    return g_strdup_printf("%u. %s  ", number, severity);
}

/* ---- one finding ---- */

static char *domain_list(const struct outbound_finding *finding, guint limit)
{
    GString *list = g_string_new(NULL);
    guint shown = MIN(finding->domains->len, limit);

    for (guint i = 0; i < shown; i++) {
        const struct outbound_domain *domain = g_ptr_array_index(finding->domains, i);
        g_autofree char *name = phrase_domain(domain->name);
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", name);
    }
    phrase_rest(list, finding->domains->len, shown);
    return g_string_free(list, FALSE);
}

/* "in the hour from 2026-11-19 13:00 UTC (trusted); DANE verified it until 2026-11-18" */
static char *last_good_of(const struct outbound_domain *domain)
{
    g_autofree char *verified = phrase_day(domain->verified_at);
    g_autofree char *good = phrase_minute(domain->good_at);
    GString *text = g_string_new(NULL);

    if (domain->good_at != 0)
        g_string_append_printf(text, "in the hour from %s UTC (%s%s)", good,
                               outcome_phrase(domain->good),
                               domain->elsewhere ? ", at another MX host" : "");
    else
        g_string_append(text, "none in our log");
    if (domain->verified_at != 0)
        g_string_append_printf(text, "; DANE verified it until %s", verified);
    return g_string_free(text, FALSE);
}

/* Mail that goes again without the check that failed need not mean that anything was mended. */
static bool is_checked_no_more(const struct outbound_finding *finding)
{
    enum layer layer = failure_type_layer(finding->type);

    if (!finding->over)
        return false;
    if (layer == LAYER_TLSA)
        return finding->since > SESSION_VERIFIED;
    return (layer == LAYER_STARTTLS || layer == LAYER_CERTIFICATE) &&
           finding->since == SESSION_PLAINTEXT;
}

static const char *over_of(const struct outbound_finding *finding)
{
    if (!finding->over)
        return NULL;
    if (!is_checked_no_more(finding))
        return "yes: a later session with the same host was good";
    return finding->since == SESSION_PLAINTEXT
               ? "mail goes again, but in clear: if that is by an exception of yours, test and "
                 "remove it"
               : "mail goes again, but unverified: either they have no TLSA records any more, or "
                 "an exception of yours holds, which is to be tested and removed";
}

static bool is_bounces_only(const struct outbound_finding *finding)
{
    return finding->rows > 0 && finding->bounces == finding->rows;
}

static char *origin_of(const struct outbound_finding *finding)
{
    g_autofree char *bounces = plural(finding->bounces, "bounce");

    if (!is_bounces_only(finding))
        return NULL;
    return g_strdup_printf("%s only, which anybody can write: look for it in the mail server's log",
                           bounces);
}

static void write_evidence(struct page *page, const struct outbound_finding *finding)
{
    g_autofree char *types = phrase_counts(finding->types, SHOWN_COUNTS);
    g_autofree char *details = phrase_counts(finding->details, SHOWN_COUNTS);
    g_autofree char *results = phrase_counts(finding->result_types, SHOWN_COUNTS);
    g_autofree char *reasons = phrase_counts(finding->reasons, SHOWN_COUNTS);
    g_autofree char *errors = phrase_counts(finding->tls_errors, SHOWN_COUNTS);
    g_autofree char *mx = phrase_counts(finding->mx, SHOWN_COUNTS);
    g_autofree char *ips = phrase_counts(finding->ips, SHOWN_COUNTS);
    g_autofree char *hosts = phrase_counts(finding->hosts, SHOWN_COUNTS);
    g_autofree char *line = escape_terminal(finding->line);
    g_autofree char *origin = origin_of(finding);

    page_field(page, "Explains", types);
    page_field(page, "Known from", origin);
    page_field(page, is_bounces_only(finding) ? "In bounces" : "In the log", details);
    page_field(page, "RFC 8460", results);
    page_field(page, "Reasons", reasons);
    page_field(page, "TLS errors", errors);
    page_field(page, "MX hosts", mx);
    page_field(page, "Addresses", ips);
    page_field(page, "Our servers", hosts);
    page_field(page, "Last line", line);
}

static void write_fields(struct page *page, const struct digest *digest,
                         const struct outbound_finding *finding)
{
    g_autofree char *domains = domain_list(finding, SHOWN_DOMAINS);
    g_autofree char *mail = mail_of(digest, finding);
    g_autofree char *attempts = attempts_of(finding);
    g_autofree char *since = time_span(finding->first_at, finding->last_at);
    g_autofree char *waiting = plural(finding->waiting, "message");
    g_autofree char *warnings = finding->warnings > 0 ? plural(finding->warnings, "warning") : NULL;
    g_autofree char *last_good =
        finding->domains->len == 1 ? last_good_of(g_ptr_array_index(finding->domains, 0)) : NULL;

    page_field(page, finding->domains->len == 1 ? "Destination" : "Destinations", domains);
    page_field(page, "The mail", mail);
    page_field(page, "In the queue", finding->waiting > 0 ? waiting : NULL);
    page_field(page, "Who acts", outbound_is_ours(finding) ? "you" : phrase_actor(finding->actor));
    page_field(page, "Attempts", attempts);
    page_field(page, "Warnings", warnings);
    page_field(page, "Since", since);
    page_field(page, "Over", over_of(finding));
    page_field(page, "Last good", last_good);
    write_evidence(page, finding);
}

static void take_domain(struct table *table, const struct outbound_domain *domain, bool queue)
{
    table_take(table, phrase_domain(domain->name));
    table_take(table, phrase_number(domain->messages));
    table_take(table, phrase_number(domain->returned));
    table_take(table, phrase_day(domain->last_at));
    table_take(table, domain->good_at != 0 ? phrase_day(domain->good_at) : g_strdup("never"));
    table_take(table, domain->verified_at != 0 ? phrase_day(domain->verified_at) : g_strdup(""));
    table_take(table, queue ? phrase_number(domain->waiting) : g_strdup(""));
}

static void write_domains(struct page *page, const struct digest *digest,
                          const struct outbound_finding *finding)
{
    static const enum column_align align[] = {COLUMN_LEFT, COLUMN_RIGHT, COLUMN_RIGHT, COLUMN_LEFT,
                                              COLUMN_LEFT, COLUMN_LEFT,  COLUMN_RIGHT};
    static const char *const heads[] = {"Destination", "Mails",     "Returned",
                                        "Last bad",    "Last good", "DANE until"};
    g_autoptr(Table) table = table_new(align, G_N_ELEMENTS(align));
    guint shown = MIN(finding->domains->len, SHOWN_DOMAINS);
    bool queue = digest->outbound->queue_read;

    if (finding->domains->len < 2)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
        table_take(table, g_strdup(heads[i]));
    table_take(table, g_strdup(queue ? "Waiting" : ""));
    for (guint i = 0; i < shown; i++)
        take_domain(table, g_ptr_array_index(finding->domains, i), queue);
    page_blank(page);
    table_write(table, page, PAGE_INDENT);
    if (finding->domains->len > shown) {
        g_autofree char *more =
            g_strdup_printf("and %u more destinations", finding->domains->len - shown);
        page_line(page, PAGE_INDENT, more);
    }
}

/* Words of ours only: names of strangers have no place in a command. */
static void append_types(GString *query, const struct outbound_finding *finding)
{
    g_string_append_printf(query, "failure_type IN ('%s'", failure_type_word(finding->type));
    for (guint i = 0; i < finding->types->len; i++) {
        const struct fault_count *type = g_ptr_array_index(finding->types, i);
        g_string_append_printf(query, ",'%s'", type->text);
    }
    g_string_append_c(query, ')');
}

char *text_outbound_query(const struct outbound_finding *finding)
{
    GString *query = g_string_new(NULL);
    g_autofree char *from = phrase_time(finding->first_at);
    g_autofree char *to = phrase_time(finding->last_at);

    if (finding->rows == 0) {
        g_string_append_printf(query,
                               "SELECT domain, level, outcome, sum(sessions) FROM deliveries\n"
                               "WHERE direction = 'out' AND hour BETWEEN '%s' AND '%s'\n"
                               "GROUP BY 1, 2, 3",
                               from, to);
        return g_string_free(query, FALSE);
    }
    g_string_append(query,
                    "SELECT at, domain, mx, outcome, reason, line FROM log_failures\nWHERE ");
    if (finding->rows > SHOWN_IDS) {
        append_types(query, finding);
        g_string_append_printf(query, "\nAND at BETWEEN '%s' AND '%s'", from, to);
        return g_string_free(query, FALSE);
    }
    for (guint i = 0; i < finding->ids->len; i++)
        g_string_append_printf(query, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "log_failure IN (",
                               g_array_index(finding->ids, gint64, i));
    g_string_append_c(query, ')');
    return g_string_free(query, FALSE);
}

static void write_query(struct page *page, const struct digest *digest,
                        const struct outbound_finding *finding)
{
    g_autofree char *query = text_outbound_query(finding);
    g_autofree char *command = text_command(digest);
    g_autofree char *whole = g_strdup_printf("%s sql \"\n%s\"", command, query);
    g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);

    page_blank(page);
    page_subheading(page, PAGE_INDENT,
                    is_bounces_only(finding) ? "The rows" : "Where it stands in the log");
    for (guint i = 0; lines[i] != NULL; i++)
        page_line(page, TEXT_INDENT + (i == 0 ? 0 : 2), lines[i]);
}

static enum page_style style_of(enum severity severity)
{
    if (severity == SEVERITY_CRITICAL)
        return STYLE_RED;
    return severity == SEVERITY_HIGH ? STYLE_YELLOW : STYLE_BOLD;
}

static void write_finding(struct page *page, const struct digest *digest,
                          const struct outbound_finding *finding, guint number)
{
    const char *word = failure_type_word(finding->type);
    g_autofree char *mark = mark_of(finding, number);
    g_autofree char *title = title_of(finding);
    g_autofree char *more = g_strdup_printf("More: tlstriage explain %s", word);
    enum knowledge_section sections[SECTION_COUNT];
    struct outbound_facts facts;
    guint count = outbound_sections(finding, sections);

    page_blank(page);
    page_heading(page, style_of(finding->severity), mark, title);
    write_fields(page, digest, finding);
    write_domains(page, digest, finding);
    outbound_facts_init(&facts, finding, digest->generated_at);
    text_knowledge_sections(page, word, sections, count, &facts.facts);
    outbound_facts_clear(&facts);
    write_query(page, digest, finding);
    page_blank(page);
    page_line(page, PAGE_INDENT, more);
}

void text_outbound_findings(struct page *page, const struct digest *digest, guint from, guint to,
                            guint number)
{
    for (guint i = from; i < to; i++, number++) {
        const struct outbound_finding *finding = g_ptr_array_index(digest->outbound->findings, i);
        g_autofree char *mark = mark_of(finding, number);
        g_autofree char *title = title_of(finding);
        if (i < TOLD_FINDINGS) {
            write_finding(page, digest, finding, number);
            continue;
        }
        if (i - TOLD_FINDINGS == LINED_FINDINGS) {
            g_autofree char *more =
                g_strdup_printf("and %u more (tlstriage digest --format json has all)", to - i);
            page_wrap(page, "   ", PAGE_INDENT, more);
            return;
        }
        if (i == TOLD_FINDINGS) {
            page_blank(page);
            page_heading(page, STYLE_BOLD, "", "Further destinations");
        }
        page_wrap(page, mark, TEXT_INDENT, title);
    }
}

guint text_outbound_ours(const struct digest *digest)
{
    guint count = 0;

    if (digest->outbound == NULL)
        return 0;
    while (count < digest->outbound->findings->len &&
           outbound_is_ours(g_ptr_array_index(digest->outbound->findings, count)))
        count++;
    return count;
}

/* ---- the rest ---- */

/* Of a log that was read late only the failures are news; its sessions are shown when asked for. */
static void write_earlier(struct page *page, const struct digest *digest, GString *text)
{
    gint64 last = digest->outbound->last_hour;
    g_autofree char *command = text_command(digest);
    g_autofree char *since = phrase_day(last - (gint64)EARLIER_DAYS * FAULT_DAY);
    g_autofree char *whole = g_strdup_printf("%s digest --since %s", command, since);

    g_string_append(text, " What it tells of the week before:");
    page_wrap(page, "", 0, text->str);
    page_line(page, PAGE_INDENT, whole);
}

void text_outbound_cover(struct page *page, const struct digest *digest)
{
    const struct outbound *outbound = digest->outbound;
    g_autofree char *share = phrase_share(outbound->failed, outbound->sessions - outbound->failed);
    g_autofree char *last = phrase_minute(outbound->last_hour + OUTBOUND_HOUR);
    g_autofree char *sessions = plural((guint64)outbound->sessions, "session");
    g_autofree char *domains = plural(outbound->domains, "domain");
    g_autofree char *first = phrase_minute(outbound->first_hour);
    g_autoptr(GString) text = g_string_new("Our mail server's log");

    if (outbound->sessions > 0)
        g_string_append_printf(text, " from %s UTC on", first);
    g_string_append(text, ": ");
    if (outbound->sessions == 0)
        g_string_append(text, "no session with another mail server in this time.");
    else
        g_string_append_printf(text, "%s with %s, %" G_GINT64_FORMAT " failed (%s).", sessions,
                               domains, outbound->failed, share);
    if (outbound->last_hour != 0 &&
        outbound->last_hour + (LATE_HOURS + 1) * OUTBOUND_HOUR < digest->covers_to)
        g_string_append_printf(text, " It is known up to %s UTC only.", last);
    if (outbound->left_out > 0)
        g_string_append_printf(text, " %u of its failures are too many to be looked at.",
                               outbound->left_out);
    if (outbound->sessions == 0 && outbound->last_hour != 0 && !digest->by_period)
        write_earlier(page, digest, text);
    else
        page_wrap(page, "", 0, text->str);
}

/* `unchecked`: those that is_checked_no_more() is true of; else the others. */
static void write_passing(struct page *page, const GPtrArray *passing, bool unchecked)
{
    g_autoptr(GString) text = g_string_new(
        unchecked ? "Delivered since, but unverified or in clear; if that is by an exception of "
                    "yours, test and remove it: "
                  : "Seen once, or delivered since; nothing to do: ");
    guint count = 0, shown = 0;

    for (guint i = 0; i < passing->len; i++) {
        const struct outbound_finding *finding = g_ptr_array_index(passing, i);
        if (is_checked_no_more(finding) != unchecked || count++ >= SHOWN_PASSING)
            continue;
        g_autofree char *place = phrase_domain(outbound_place(finding));
        g_autofree char *last = phrase_minute(finding->last_at);
        g_string_append_printf(text, "%s%s (%s, %s%s)", shown++ > 0 ? "; " : "", place,
                               failure_type_label(finding->type), last,
                               finding->over && !unchecked ? ", delivered since" : "");
    }
    phrase_rest(text, count, shown);
    if (count > 0)
        page_wrap(page, "   ", PAGE_INDENT, text->str);
}

static void write_held(struct page *page, const struct digest *digest)
{
    const struct outbound *outbound = digest->outbound;
    g_autofree char *sessions = plural((guint64)outbound->verified, "session");
    g_autofree char *domains = plural(outbound->held->len, "domain");
    g_autofree char *names = phrase_counts(outbound->held, digest->all ? G_MAXUINT : SHOWN_HELD);
    g_autofree char *text =
        g_strdup_printf("DANE held: %s with %s %s verified: %s", sessions, domains,
                        outbound->verified == 1 ? "was" : "were", names);

    if (outbound->held->len > 0)
        page_wrap(page, "   ", PAGE_INDENT, text);
}

static void write_queue_count(struct page *page, const struct outbound *outbound)
{
    g_autofree char *all = plural(outbound->queued, "message");
    g_autofree char *unreadable = plural(outbound->queue_unreadable, "line");
    g_autoptr(GString) text = g_string_new(NULL);

    if (!outbound->queue_read)
        return;
    g_string_append_printf(text, "In the queue: %s, of which %u wait%s for what is told above.",
                           all, outbound->queued_ours, outbound->queued_ours == 1 ? "s" : "");
    if (outbound->queue_unreadable > 0)
        g_string_append_printf(text, " %s of what was given as the queue could not be read.",
                               unreadable);
    page_wrap(page, "   ", PAGE_INDENT, text->str);
}

static char *month_name(const struct outbound_month *month)
{
    g_autoptr(GDateTime) begin = g_date_time_new_from_unix_utc(month->begins_at);

    return begin != NULL ? g_date_time_format(begin, "%Y-%m") : g_strdup("");
}

static void write_month_line(struct page *page, const struct outbound_month *month,
                             const char *what, const GPtrArray *domains, gint64 sessions)
{
    g_autofree char *name = month_name(month);
    g_autofree char *all = plural((guint64)sessions, "session");
    g_autofree char *count = plural(domains->len, "destination");
    g_autofree char *names = phrase_counts(domains, SHOWN_MONTH);
    g_autofree char *text = g_strdup_printf("%s in %s, where no more was asked for: %s with %s: %s",
                                            what, name, all, count, names);

    if (domains->len > 0)
        page_wrap(page, "   ", PAGE_INDENT, text);
}

/* That may be as it was meant; it is said once a month. */
static void write_unchecked(struct page *page, const struct digest *digest,
                            const struct outbound_month *month)
{
    g_autofree char *name = month_name(month);
    g_autofree char *all = plural((guint64)month->unchecked_sessions, "session");
    g_autofree char *names = phrase_counts(month->unchecked, SHOWN_MONTH);
    g_autofree char *command = text_command(digest);
    g_autofree char *explain = g_strdup_printf("%s explain %s", command,
                                               failure_type_word(FAILURE_LOCAL_RESOLVER_INSECURE));
    g_autofree char *text = g_strdup_printf(
        "DANE verified no session in %s, although %s went to MX hosts that are known for "
        "their TLSA records: %s. Either DANE is not asked for (Postfix: smtp_tls_security_level, "
        "smtp_dns_support_level; Exim: hosts_try_dane), or the resolver does not validate:",
        name, all, names);

    if (month->unchecked->len == 0)
        return;
    page_wrap(page, "   ", PAGE_INDENT, text);
    page_line(page, TEXT_INDENT, explain);
}

static void write_steady(struct page *page, const struct outbound_month *month)
{
    g_autofree char *name = month_name(month);
    g_autofree char *count = plural(month->steady->len, "destination");
    g_autofree char *names = phrase_counts(month->steady, SHOWN_MONTH);
    g_autofree char *text = g_strdup_printf(
        "DANE verified every session of %d days or more, up to the end of %s, with %s: %s. For a "
        "partner among them whose mail must never go out unverified, dane-only (Postfix: "
        "smtp_tls_policy_maps; Exim: hosts_require_dane) also guards against the loss of its TLSA "
        "records or its DNSSEC. Agree on it first, and watch it: should DANE be given up there, "
        "mail waits and is returned in the end.",
        OUTBOUND_STEADY_DAYS, name, count, names);

    if (month->steady->len > 0)
        page_wrap(page, "   ", PAGE_INDENT, text);
}

/* A scanner takes any certificate; so who refuses ours may well have mail for us. */
static void write_refused(struct page *page, const struct digest *digest)
{
    gint64 refused = digest->outbound->inbound_refused;
    g_autofree char *all = plural((guint64)refused, "handshake");
    g_autofree char *text = g_strdup_printf(
        "In %s the client did not accept our certificate. Most scanners take any, so "
        "mail servers may be among them. All that the store knows of:",
        all);
    g_autofree char *command = text_command(digest);
    g_autofree char *first = g_strdup_printf("%s sql \"", command);
    g_autofree char *where = g_strdup_printf(
        "WHERE detail = '%s'", log_detail_word(DETAIL_INBOUND_PEER_REJECTED_OUR_CERT));

    if (refused == 0)
        return;
    page_wrap(page, "   ", PAGE_INDENT, text);
    page_line(page, TEXT_INDENT, first);
    page_line(page, TEXT_INDENT + 2, "SELECT ip, reason, sum(sessions), max(at) FROM log_failures");
    page_line(page, TEXT_INDENT + 2, where);
    page_line(page, TEXT_INDENT + 2, "GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 20\"");
}

/* What a report says of a client, and what our log has of it. */
static void write_joined(struct page *page, const struct outbound_inbound *one)
{
    g_autofree char *organization = phrase_text(one->organization);
    g_autofree char *ip = phrase_text(one->ip);
    g_autofree char *domain = phrase_domain(one->domain);
    g_autofree char *day = phrase_day(one->day);
    g_autofree char *span = time_span(one->first_at, one->last_at);
    g_autofree char *details = phrase_counts(one->details, SHOWN_COUNTS);
    g_autofree char *handshakes = plural((guint64)one->handshakes, "failed session");
    g_autofree char *text =
        g_strdup_printf("%s reports for %s: %s to %s, %s (%" G_GINT64_FORMAT
                        "). Our log shows %s of this address, %s: %s.",
                        organization, day, ip, domain, failure_type_label(one->type), one->reported,
                        handshakes, span, details);
    page_wrap(page, "   ", PAGE_INDENT, text);
}

/* A client that is a mail server: mail of it may be late, or come in clear. */
static void write_peer(struct page *page, const struct outbound_peer *peer)
{
    g_autofree char *mx = phrase_domain(peer->mx);
    g_autofree char *ip = phrase_text(peer->ip);
    g_autofree char *handshakes = plural((guint64)peer->handshakes, "session");
    g_autofree char *span = time_span(peer->first_at, peer->last_at);
    g_autofree char *details = phrase_counts(peer->details, SHOWN_COUNTS);
    g_autofree char *name = peer->mx != NULL ? g_strdup_printf("%s (%s)", mx, ip) : g_strdup(ip);
    g_autofree char *text =
        g_strdup_printf("%s takes our mail, so it is a mail server. At ours %s of it failed, %s: "
                        "%s.",
                        name, handshakes, span, details);

    page_wrap(page, "   ", PAGE_INDENT, text);
}

static void write_inbound(struct page *page, const struct digest *digest)
{
    const struct outbound *outbound = digest->outbound;
    guint shown = MIN(outbound->inbound->len, SHOWN_INBOUND);
    g_autofree char *all = plural((guint64)outbound->inbound_failed, "session");
    g_autofree char *more = g_strdup_printf("... and %u more hosts that take our mail.",
                                            outbound->peers->len - SHOWN_INBOUND);
    g_autofree char *count = g_strdup_printf(
        "%s of clients failed at our server, most of them of scanners as a rule. Told is only what "
        "a report speaks of too, and what failed of hosts that take our mail.",
        all);

    for (guint i = 0; i < shown; i++)
        write_joined(page, g_ptr_array_index(outbound->inbound, i));
    for (guint i = 0; i < MIN(outbound->peers->len, SHOWN_INBOUND); i++)
        write_peer(page, g_ptr_array_index(outbound->peers, i));
    if (outbound->peers->len > SHOWN_INBOUND)
        page_wrap(page, "   ", PAGE_INDENT, more);
    if (outbound->inbound_failed > 0)
        page_wrap(page, "   ", PAGE_INDENT, count);
    write_refused(page, digest);
}

static bool has_rest(const struct outbound *outbound)
{
    const struct outbound_month *month = outbound->month;

    return outbound->passing->len + outbound->held->len + outbound->inbound->len > 0 ||
           outbound->queue_read || outbound->inbound_failed > 0 ||
           (month != NULL && month->clear->len + month->unverified->len + month->unchecked->len +
                                     month->steady->len >
                                 0);
}

void text_outbound_rest(struct page *page, const struct digest *digest)
{
    const struct outbound *outbound = digest->outbound;

    if (!has_rest(outbound))
        return;
    page_blank(page);
    page_heading(page, STYLE_BOLD, "", "What our own mail server met besides");
    write_passing(page, outbound->passing, true);
    write_passing(page, outbound->passing, false);
    write_queue_count(page, outbound);
    write_held(page, digest);
    if (outbound->month != NULL) {
        write_month_line(page, outbound->month, "In clear", outbound->month->clear,
                         outbound->month->clear_sessions);
        write_month_line(page, outbound->month, "Encrypted but unverified",
                         outbound->month->unverified, outbound->month->unverified_sessions);
        write_unchecked(page, digest, outbound->month);
        write_steady(page, outbound->month);
    }
    write_inbound(page, digest);
}
