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
 *   arrived      [{kind, count, new, known, unreadable, ignored, senders: [{domain, count}]}]
 *   unreadable   [{problem, clause, count}]
 *   not_ours     [{domain, reports, organizations, successes, failures}]
 *   signature_failed  [{organization, failed, passed_ever}]
 */
#include "analyze/fault_facts.h"
#include "report/format.h"
#include "report/overview_json_private.h"
#include "report/phrase.h"
#include <jansson.h>

#define JSON_VERSION 1

static const char *const section_keys[SECTION_COUNT] = {
    [SECTION_MEANS] = "means", [SECTION_EFFECT] = "effect", [SECTION_CAUSES] = "causes",
    [SECTION_STEPS] = "steps", [SECTION_CHECK] = "check",   [SECTION_PREVENT] = "prevent",
};

static const char *const line_kinds[] = {
    [LINE_TEXT] = "text",
    [LINE_COMMAND] = "command",
    [LINE_ITEM] = "item",
    [LINE_BLANK] = "blank",
};

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;

    set(object, key, valid != NULL ? json_string(valid) : json_null());
}

/* null where the report quotes none, as in the view policies. */
static void set_mode(json_t *object, enum sts_mode mode)
{
    set_text(object, "mode", mode != STS_MODE_UNKNOWN ? sts_mode_word(mode) : NULL);
}

static void set_number(json_t *object, const char *key, int64_t number)
{
    set(object, key, json_integer(number));
}

static void set_bool(json_t *object, const char *key, bool value)
{
    set(object, key, json_boolean(value));
}

static void set_day(json_t *object, const char *key, int64_t at)
{
    g_autofree char *day = phrase_day(at);

    set_text(object, key, day);
}

static void set_time(json_t *object, const char *key, int64_t at)
{
    g_autofree char *time = phrase_time(at);

    set_text(object, key, time);
}

static json_t *texts_json(const GPtrArray *texts)
{
    json_t *list = json_array();

    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *valid = g_utf8_make_valid(g_ptr_array_index(texts, i), -1);
        json_array_append_new(list, json_string(valid));
    }
    return list;
}

/* A list with one object, made by `one`, for each element. */
static json_t *list_json(const GPtrArray *elements, json_t *(*one)(gconstpointer element))
{
    json_t *list = json_array();

    for (guint i = 0; i < elements->len; i++)
        json_array_append_new(list, one(g_ptr_array_index(elements, i)));
    return list;
}

static json_t *count_json(gconstpointer element)
{
    const struct fault_count *count = element;
    json_t *object = json_object();

    set_text(object, "text", count->text);
    set_number(object, "sessions", count->sessions);
    return object;
}

static json_t *domain_json(gconstpointer element)
{
    const struct fault_domain *domain = element;
    json_t *object = json_object();

    set_text(object, "domain", domain->name);
    set_number(object, "sessions", domain->sessions);
    set_number(object, "successes", domain->successes);
    return object;
}

static json_t *fault_reporter_json(gconstpointer element)
{
    const struct fault_reporter *reporter = element;
    json_t *object = json_object();

    set_text(object, "organization", reporter->organization);
    set_text(object, "contact", reporter->contact);
    set_number(object, "sessions", reporter->sessions);
    set_number(object, "successes", reporter->successes);
    set_day(object, "since", reporter->since);
    set_day(object, "first_day", reporter->first_day);
    set_day(object, "last_day", reporter->last_day);
    set_day(object, "newest_day", reporter->newest_day);
    set_time(object, "received_at", reporter->received_at);
    set_number(object, "reports", reporter->reports);
    set_bool(object, "late", reporter->late);
    set_bool(object, "authenticated_fail", reporter->authenticated_fail);
    return object;
}

static json_t *policy_json(gconstpointer element)
{
    const struct fault_policy *policy = element;
    json_t *object = json_object();

    set_text(object, "policy_type", policy_type_word(policy->type));
    set_mode(object, policy->mode);
    set_text(object, "host", policy->host);
    set(object, "strings", texts_json(policy->strings));
    set(object, "organizations", texts_json(policy->organizations));
    set_day(object, "first_day", policy->first_day);
    set_day(object, "last_day", policy->last_day);
    return object;
}

static json_t *line_json(gconstpointer element)
{
    const struct knowledge_line *line = element;
    json_t *object = json_object();

    set_text(object, "kind", line_kinds[line->kind]);
    set_text(object, "text", line->text != NULL ? line->text : "");
    return object;
}

static json_t *knowledge_json(const struct fault *fault)
{
    json_t *object = json_object();
    struct fault_facts facts;

    fault_facts_init(&facts, fault);
    for (guint i = 0; i < SECTION_COUNT; i++) {
        g_autoptr(GPtrArray) lines = knowledge_lines(failure_type_word(fault->type),
                                                     (enum knowledge_section)i, &facts.facts);
        set(object, section_keys[i], list_json(lines, line_json));
    }
    fault_facts_clear(&facts);
    return object;
}

static void set_judgement(json_t *object, const struct fault *fault)
{
    set_text(object, "failure_type", failure_type_word(fault->type));
    set_text(object, "label", failure_type_label(fault->type));
    set_text(object, "layer", layer_word(failure_type_layer(fault->type)));
    set_text(object, "severity", severity_word(fault->severity));
    set_text(object, "mail_effect", mail_effect_word(fault->effect));
    set_bool(object, "effects_differ", fault->effects_differ);
    set_text(object, "who_acts", actor_word(fault->actor));
    set_bool(object, "microsoft", fault->microsoft);
    set_text(object, "policy_type", policy_type_word(fault->policy_type));
    set_mode(object, fault->mode);
}

static json_t *single_json(gconstpointer element)
{
    const struct fault *fault = element;
    json_t *object = json_object();

    set_judgement(object, fault);
    set_number(object, "sessions", fault->sessions);
    set_number(object, "successes", fault->successes);
    set_bool(object, "single", fault->single);
    set_day(object, "since", fault_since(fault));
    set_day(object, "first_day", fault->first_day);
    set_day(object, "last_day", fault->last_day);
    set(object, "domains", list_json(fault->domains, domain_json));
    set(object, "mx", list_json(fault->mx, count_json));
    set(object, "receiving_ips", list_json(fault->receiving_ips, count_json));
    set(object, "sending_ips", list_json(fault->sending_ips, count_json));
    set(object, "result_types", list_json(fault->result_types, count_json));
    set(object, "reason_codes", list_json(fault->reason_codes, count_json));
    set(object, "reporters", list_json(fault->reporters, fault_reporter_json));
    set(object, "policies", list_json(fault->policies, policy_json));
    return object;
}

static json_t *fault_json(gconstpointer element)
{
    const struct fault *fault = element;
    json_t *object = single_json(fault);

    set(object, "knowledge", knowledge_json(fault));
    set_text(object, "sources", knowledge_sources(failure_type_word(fault->type)));
    return object;
}

static json_t *unexplained_json(gconstpointer element)
{
    const struct unexplained *unexplained = element;
    json_t *object = json_object();

    set_text(object, "domain", unexplained->domain);
    set_text(object, "organization", unexplained->organization);
    set_text(object, "policy_type", policy_type_word(unexplained->policy_type));
    set_number(object, "sessions", unexplained->sessions);
    set_number(object, "successes", unexplained->successes);
    set_day(object, "first_day", unexplained->first_day);
    set_day(object, "last_day", unexplained->last_day);
    return object;
}

static json_t *fine_json(gconstpointer element)
{
    const struct fine_domain *fine = element;
    json_t *object = json_object();

    set_text(object, "domain", fine->name);
    set_number(object, "successes", fine->successes);
    set_number(object, "reporters", fine->reporters);
    return object;
}

static json_t *reporter_json(gconstpointer element)
{
    const struct digest_reporter *reporter = element;
    json_t *object = json_object();

    set_text(object, "organization", reporter->organization);
    set_number(object, "reports", reporter->reports);
    set_number(object, "domains", reporter->domains);
    set_number(object, "successes", reporter->successes);
    set_number(object, "failures", reporter->failures);
    set_day(object, "last_day", reporter->last_day);
    set_time(object, "received_at", reporter->received_at);
    set_number(object, "unauthenticated", reporter->unauthenticated);
    return object;
}

static json_t *digest_count_json(gconstpointer element)
{
    const struct digest_count *count = element;
    json_t *object = json_object();

    set_text(object, "what", count->what);
    set_number(object, "count", count->count);
    return object;
}

static json_t *covers_json(const struct digest *digest)
{
    json_t *object = json_object();

    if (digest->covers_from != 0)
        set_time(object, "from", digest->covers_from);
    else
        set(object, "from", json_null());
    set_time(object, "to", digest->covers_to);
    set_text(object, "by", digest->by_period ? "period" : "arrival");
    return object;
}

static json_t *totals_json(const struct digest *digest)
{
    const struct fault_set *found = digest->faults;
    json_t *object = json_object();

    set_number(object, "reports", digest->reports);
    set_number(object, "successes", digest->successes);
    set_number(object, "failures", digest->failures);
    set_number(object, "faults", found != NULL ? found->faults->len : 0);
    set_number(object, "singles", found != NULL ? found->singles->len : 0);
    set_number(object, "fine_domains", found != NULL ? found->fine->len : 0);
    set_number(object, "quarantined", digest->quarantined);
    set_number(object, "not_yet_read", digest->not_yet_read);
    return object;
}

static json_t *digest_json(const struct digest *digest)
{
    const struct fault_set *found = digest->faults;
    g_autofree char *headline = digest_headline(digest);
    json_t *root = json_object();

    set_text(root, "format", "tlstriage-digest");
    set_number(root, "version", JSON_VERSION);
    set_time(root, "generated_at", digest->generated_at);
    set_text(root, "headline", headline);
    set_text(root, "store", digest->store);
    set_text(root, "domain", digest->domain);
    set(root, "covers", covers_json(digest));
    set(root, "totals", totals_json(digest));
    set(root, "faults", found != NULL ? list_json(found->faults, fault_json) : json_array());
    set(root, "singles", found != NULL ? list_json(found->singles, single_json) : json_array());
    set(root, "unexplained",
        found != NULL ? list_json(found->unexplained, unexplained_json) : json_array());
    set(root, "fine",
        digest->all && found != NULL ? list_json(found->fine, fine_json) : json_null());
    set(root, "reporters", list_json(digest->reporters, reporter_json));
    set(root, "issues", list_json(digest->issues, digest_count_json));
    set(root, "arrivals", list_json(digest->arrivals, digest_count_json));
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
