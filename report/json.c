/*
 * The digest as one JSON object. Keys are stable: later versions add keys and take none away.
 * Times are RFC 3339 in UTC, days "2026-11-21"; what is not known is null; words are those of the
 * views. All text is ASCII, with \u escapes.
 *
 *   format         "tlstriage-digest", version 1
 *   generated_at, headline, store, domain (null for all)
 *   covers         {from, to, by: "arrival" | "period"}
 *   totals         {reports, successes, failures, faults, singles, fine_domains,
 *                   quarantined, not_yet_read}
 *   faults         worst first; each
 *       failure_type, label, layer, severity, mail_effect, effects_differ, who_acts, microsoft
 *       policy_type, mode       of the rows with the gravest effect
 *       sessions, successes, single, since, first_day, last_day
 *       domains                 [{domain, sessions, successes}]
 *       mx, receiving_ips, sending_ips, result_types, reason_codes
 *                               [{text, sessions}]; a last one "..." sums what was left out
 *       reporters               [{organization, contact, sessions, successes, since, first_day,
 *                                 last_day, newest_day, received_at, reports, late,
 *                                 authenticated_fail}]
 *       policies                [{policy_type, mode, host, strings, organizations, first_day,
 *                                 last_day}]; latest first
 *       knowledge               {means, effect, causes, steps, check, prevent}: each
 *                               [{kind: "text" | "command" | "item" | "blank", text}]
 *       sources                 "RFC 7672, section 3.1.3; ..."
 *   singles        like faults, without knowledge and sources
 *   unexplained    [{domain, organization, policy_type, sessions, successes, first_day, last_day}]
 *   fine           [{domain, successes, reporters}]; only with --all, else null
 *   reporters      [{organization, reports, domains, successes, failures, last_day, received_at,
 *                    unauthenticated}]
 *   issues, arrivals  [{what, count}]
 *   outbound     null where no log was ever read, else
 *                {sessions, failed, domains, verified, first_hour, last_hour, left_out,
 *                 findings: what we must mend, then the worst; each
 *                   failure_type, label, layer, severity, mail_effect, who_acts, level, over,
 *                   since, last_at,
 *                   messages, held, returned, waiting, attempts, throttled: see the manual,
 *                   outcomes {deferred: messages, ...}, delay (seconds), oldest_at, unverified,
 *                   domains [{domain, messages, attempts, throttled, returned, waiting, last_at,
 *                             good_hour, good_outcome, good_elsewhere, verified_hour, over}],
 *                   mx, addresses, details, result_types, reasons, tls_errors, hosts, explains
 *                   as above, line, rows, log_failures [of the view of this name, the first thousand],
 *                   query for `tlstriage sql`, knowledge {means, sending ..., letter}, sources
 *                 passing: likewise, without knowledge and sources,
 *                 held [{text: domain, sessions}], queue {messages, for_findings, unreadable}
 *                 or null,
 *                 month {begins, clear_sessions, clear, unverified_sessions, unverified,
 *                        unchecked_sessions, unchecked [{text: MX domain, sessions}],
 *                        steady [{text: domain, sessions}]} or null,
 *                 inbound [{organization, day, sending_ip, domain, failure_type, reported,
 *                           handshakes, first_at, last_at, details}],
 *                 inbound_peers [{ip, mx or null, handshakes, first_at, last_at, details}],
 *                 inbound_failed, inbound_refused: sessions of clients, as handshakes is: those
 *                 that left right after STARTTLS too}
 *   dmarc          [{domain, reports, organizations, first_day, last_day, messages, aligned,
 *                    dkim_aligned, spf_aligned, failed, unknown, rejected, quarantined, delivered,
 *                    overridden, unfollowed, not_asked, perhaps_not_asked, subdomains,
 *                    failed_subdomains, refused, sources_failing, overrides, policies, news,
 *                    failing}]; in it
 *                    overrides [{type, messages}],
 *                    policies [{p, sp, np, adkim, aspf, pct, testing, reports, organizations,
 *                               organization, first_day, last_day}], of most reports first,
 *                    news and failing [{source_ip, dkim_domain, spf_domain, reason, organizations,
 *                                 messages, aligned, failed, last_failed_day, last_aligned_day,
 *                                 news: "was-aligned" | "new-share" | null}]
 *   arrived      [{kind, count, new, known, unreadable, ignored, senders: [{domain, count}]}]
 *   unreadable   [{problem, clause, count}]
 *   not_ours     [{domain, reports, organizations, successes, failures, dmarc_reports,
 *                 dmarc_organizations}]
 *   signature_failed  [{organization, failed, passed_ever}]
 */
#include "analyze/fault_facts.h"
#include "report/format.h"
#include "report/json_dmarc_private.h"
#include "report/json_private.h"
#include "report/overview_json_private.h"

#define JSON_VERSION 1

static const enum knowledge_section fault_sections[] = {
    SECTION_MEANS, SECTION_EFFECT, SECTION_CAUSES, SECTION_STEPS, SECTION_CHECK, SECTION_PREVENT,
};

/* null where the report quotes none, as in the view policies. */
static void set_mode(json_t *object, enum sts_mode mode)
{
    json_set_text(object, "mode", mode != STS_MODE_UNKNOWN ? sts_mode_word(mode) : NULL);
}

static json_t *domain_json(gconstpointer element)
{
    const struct fault_domain *domain = element;
    json_t *object = json_object();

    json_set_text(object, "domain", domain->name);
    json_set_number(object, "sessions", domain->sessions);
    json_set_number(object, "successes", domain->successes);
    return object;
}

static json_t *fault_reporter_json(gconstpointer element)
{
    const struct fault_reporter *reporter = element;
    json_t *object = json_object();

    json_set_text(object, "organization", reporter->organization);
    json_set_text(object, "contact", reporter->contact);
    json_set_number(object, "sessions", reporter->sessions);
    json_set_number(object, "successes", reporter->successes);
    json_set_day(object, "since", reporter->since);
    json_set_day(object, "first_day", reporter->first_day);
    json_set_day(object, "last_day", reporter->last_day);
    json_set_day(object, "newest_day", reporter->newest_day);
    json_set_time(object, "received_at", reporter->received_at);
    json_set_number(object, "reports", reporter->reports);
    json_set_bool(object, "late", reporter->late);
    json_set_bool(object, "authenticated_fail", reporter->authenticated_fail);
    return object;
}

static json_t *policy_json(gconstpointer element)
{
    const struct fault_policy *policy = element;
    json_t *object = json_object();

    json_set_text(object, "policy_type", policy_type_word(policy->type));
    set_mode(object, policy->mode);
    json_set_text(object, "host", policy->host);
    json_set(object, "strings", json_texts(policy->strings));
    json_set(object, "organizations", json_texts(policy->organizations));
    json_set_day(object, "first_day", policy->first_day);
    json_set_day(object, "last_day", policy->last_day);
    return object;
}

static json_t *knowledge_json(const struct fault *fault)
{
    struct fault_facts facts;
    json_t *object;

    fault_facts_init(&facts, fault);
    object = json_knowledge(failure_type_word(fault->type), fault_sections,
                            G_N_ELEMENTS(fault_sections), &facts.facts);
    fault_facts_clear(&facts);
    return object;
}

static void set_judgement(json_t *object, const struct fault *fault)
{
    json_set_text(object, "failure_type", failure_type_word(fault->type));
    json_set_text(object, "label", failure_type_label(fault->type));
    json_set_text(object, "layer", layer_word(failure_type_layer(fault->type)));
    json_set_text(object, "severity", severity_word(fault->severity));
    json_set_text(object, "mail_effect", mail_effect_word(fault->effect));
    json_set_bool(object, "effects_differ", fault->effects_differ);
    json_set_text(object, "who_acts", actor_word(fault->actor));
    json_set_bool(object, "microsoft", fault->microsoft);
    json_set_text(object, "policy_type", policy_type_word(fault->policy_type));
    set_mode(object, fault->mode);
}

static json_t *single_json(gconstpointer element)
{
    const struct fault *fault = element;
    json_t *object = json_object();

    set_judgement(object, fault);
    json_set_number(object, "sessions", fault->sessions);
    json_set_number(object, "successes", fault->successes);
    json_set_bool(object, "single", fault->single);
    json_set_day(object, "since", fault_since(fault));
    json_set_day(object, "first_day", fault->first_day);
    json_set_day(object, "last_day", fault->last_day);
    json_set(object, "domains", json_list(fault->domains, domain_json));
    json_set(object, "mx", json_list(fault->mx, json_count));
    json_set(object, "receiving_ips", json_list(fault->receiving_ips, json_count));
    json_set(object, "sending_ips", json_list(fault->sending_ips, json_count));
    json_set(object, "result_types", json_list(fault->result_types, json_count));
    json_set(object, "reason_codes", json_list(fault->reason_codes, json_count));
    json_set(object, "reporters", json_list(fault->reporters, fault_reporter_json));
    json_set(object, "policies", json_list(fault->policies, policy_json));
    return object;
}

static json_t *fault_json(gconstpointer element)
{
    const struct fault *fault = element;
    json_t *object = single_json(fault);

    json_set(object, "knowledge", knowledge_json(fault));
    json_set_text(object, "sources", knowledge_sources(failure_type_word(fault->type)));
    return object;
}

static json_t *unexplained_json(gconstpointer element)
{
    const struct unexplained *unexplained = element;
    json_t *object = json_object();

    json_set_text(object, "domain", unexplained->domain);
    json_set_text(object, "organization", unexplained->organization);
    json_set_text(object, "policy_type", policy_type_word(unexplained->policy_type));
    json_set_number(object, "sessions", unexplained->sessions);
    json_set_number(object, "successes", unexplained->successes);
    json_set_day(object, "first_day", unexplained->first_day);
    json_set_day(object, "last_day", unexplained->last_day);
    return object;
}

static json_t *fine_json(gconstpointer element)
{
    const struct fine_domain *fine = element;
    json_t *object = json_object();

    json_set_text(object, "domain", fine->name);
    json_set_number(object, "successes", fine->successes);
    json_set_number(object, "reporters", fine->reporters);
    return object;
}

static json_t *reporter_json(gconstpointer element)
{
    const struct digest_reporter *reporter = element;
    json_t *object = json_object();

    json_set_text(object, "organization", reporter->organization);
    json_set_number(object, "reports", reporter->reports);
    json_set_number(object, "domains", reporter->domains);
    json_set_number(object, "successes", reporter->successes);
    json_set_number(object, "failures", reporter->failures);
    json_set_day(object, "last_day", reporter->last_day);
    json_set_time(object, "received_at", reporter->received_at);
    json_set_number(object, "unauthenticated", reporter->unauthenticated);
    return object;
}

static json_t *digest_count_json(gconstpointer element)
{
    const struct digest_count *count = element;
    json_t *object = json_object();

    json_set_text(object, "what", count->what);
    json_set_number(object, "count", count->count);
    return object;
}

static json_t *covers_json(const struct digest *digest)
{
    json_t *object = json_object();

    if (digest->covers_from != 0)
        json_set_time(object, "from", digest->covers_from);
    else
        json_set(object, "from", json_null());
    json_set_time(object, "to", digest->covers_to);
    json_set_text(object, "by", digest->by_period ? "period" : "arrival");
    return object;
}

static json_t *totals_json(const struct digest *digest)
{
    const struct fault_set *found = digest->faults;
    json_t *object = json_object();

    json_set_number(object, "reports", digest->reports);
    json_set_number(object, "successes", digest->successes);
    json_set_number(object, "failures", digest->failures);
    json_set_number(object, "faults", found != NULL ? found->faults->len : 0);
    json_set_number(object, "singles", found != NULL ? found->singles->len : 0);
    json_set_number(object, "fine_domains", found != NULL ? found->fine->len : 0);
    json_set_number(object, "quarantined", digest->quarantined);
    json_set_number(object, "not_yet_read", digest->not_yet_read);
    return object;
}

static json_t *digest_json(const struct digest *digest)
{
    const struct fault_set *found = digest->faults;
    g_autofree char *headline = digest_headline(digest);
    json_t *root = json_object();

    json_set_text(root, "format", "tlstriage-digest");
    json_set_number(root, "version", JSON_VERSION);
    json_set_time(root, "generated_at", digest->generated_at);
    json_set_text(root, "headline", headline);
    json_set_text(root, "store", digest->store);
    json_set_text(root, "domain", digest->domain);
    json_set(root, "covers", covers_json(digest));
    json_set(root, "totals", totals_json(digest));
    json_set(root, "faults", found != NULL ? json_list(found->faults, fault_json) : json_array());
    json_set(root, "singles",
             found != NULL ? json_list(found->singles, single_json) : json_array());
    json_set(root, "unexplained",
             found != NULL ? json_list(found->unexplained, unexplained_json) : json_array());
    json_set(root, "fine",
             digest->all && found != NULL ? json_list(found->fine, fine_json) : json_null());
    json_set(root, "reporters", json_list(digest->reporters, reporter_json));
    json_set(root, "issues", json_list(digest->issues, digest_count_json));
    json_set(root, "arrivals", json_list(digest->arrivals, digest_count_json));
    json_set(root, "outbound", json_outbound(digest));
    json_set(root, "dmarc", json_dmarc(digest->dmarc));
    overview_json_set(root, digest->overview);
    return root;
}

/* jansson escapes every control character but DEL, which stands in texts only. */
static int append(const char *buffer, size_t size, void *data)
{
    GString *out = data;

    for (size_t i = 0; i < size; i++)
        if (buffer[i] == '\x7f')
            g_string_append(out, "\\u007f");
        else
            g_string_append_c(out, buffer[i]);
    return 0;
}

bool format_json(const struct digest *digest, const struct format_options *options, GString *out,
                 GError **error)
{
    json_t *root = digest_json(digest);

    (void)options;
    (void)error;
    json_dump_callback(root, append, out, JSON_ENSURE_ASCII | JSON_INDENT(2));
    json_decref(root);
    g_string_append_c(out, '\n');
    return true;
}
