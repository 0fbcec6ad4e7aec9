#include "analyze/outbound_facts.h"
#include "report/json_private.h"
#include "report/text_outbound.h"

/* null where it is not told. */
static void set_time_or_null(json_t *object, const char *key, gint64 at)
{
    if (at != 0)
        json_set_time(object, key, at);
    else
        json_set(object, key, json_null());
}

static json_t *domain_json(gconstpointer element)
{
    const struct outbound_domain *domain = element;
    json_t *object = json_object();

    json_set_text(object, "domain", domain->name);
    json_set_number(object, "messages", domain->messages);
    json_set_number(object, "attempts", domain->attempts);
    json_set_number(object, "throttled", domain->throttled);
    json_set_number(object, "returned", domain->returned);
    json_set_number(object, "waiting", domain->waiting);
    json_set_time(object, "last_at", domain->last_at);
    set_time_or_null(object, "good_hour", domain->good_at);
    json_set_text(object, "good_outcome",
                  domain->good_at != 0 ? session_outcome_word(domain->good) : NULL);
    json_set_bool(object, "good_elsewhere", domain->elsewhere);
    set_time_or_null(object, "verified_hour", domain->verified_at);
    json_set_bool(object, "over", domain->over);
    return object;
}

static json_t *outcomes_json(const struct outbound_finding *finding)
{
    json_t *object = json_object();

    for (guint i = 0; i < G_N_ELEMENTS(finding->outcomes); i++)
        json_set_number(object, log_outcome_word((enum log_outcome)i), finding->outcomes[i]);
    return object;
}

static json_t *ids_json(const struct outbound_finding *finding)
{
    json_t *list = json_array();

    for (guint i = 0; i < finding->ids->len; i++)
        json_array_append_new(list, json_integer(g_array_index(finding->ids, gint64, i)));
    return list;
}

static void set_judgement(json_t *object, const struct outbound_finding *finding)
{
    json_set_text(object, "failure_type", failure_type_word(finding->type));
    json_set_text(object, "label", failure_type_label(finding->type));
    json_set_text(object, "layer", layer_word(failure_type_layer(finding->type)));
    json_set_text(object, "severity", severity_word(finding->severity));
    json_set_text(object, "mail_effect", mail_effect_word(finding->effect));
    json_set_text(object, "who_acts", actor_word(finding->actor));
    json_set_text(object, "level", tls_level_word(finding->level));
    json_set_bool(object, "over", finding->over);
    json_set_text(object, "since_outcome",
                  finding->over ? session_outcome_word(finding->since) : NULL);
    json_set_time(object, "since", finding->first_at);
    json_set_time(object, "last_at", finding->last_at);
}

static void set_counts(json_t *object, const struct outbound_finding *finding)
{
    json_set_number(object, "messages", finding->messages);
    json_set_number(object, "held", finding->held);
    json_set_number(object, "returned", finding->returned);
    json_set_number(object, "waiting", finding->waiting);
    json_set_number(object, "attempts", finding->attempts);
    json_set_number(object, "throttled", finding->throttled);
    json_set_number(object, "warnings", finding->warnings);
    json_set(object, "outcomes", outcomes_json(finding));
    json_set(object, "held_delay",
             finding->held_delay >= 0 ? json_integer(finding->held_delay) : json_null());
    json_set(object, "delay", finding->delay >= 0 ? json_integer(finding->delay) : json_null());
    set_time_or_null(object, "oldest_at", finding->oldest_at);
    json_set_number(object, "unverified", finding->unverified);
}

static json_t *passing_json(gconstpointer element)
{
    const struct outbound_finding *finding = element;
    g_autofree char *query = text_outbound_query(finding);
    json_t *object = json_object();

    set_judgement(object, finding);
    set_counts(object, finding);
    json_set(object, "domains", json_list(finding->domains, domain_json));
    json_set(object, "mx", json_list(finding->mx, json_count));
    json_set(object, "addresses", json_list(finding->ips, json_count));
    json_set(object, "details", json_list(finding->details, json_count));
    json_set(object, "result_types", json_list(finding->result_types, json_count));
    json_set(object, "reasons", json_list(finding->reasons, json_count));
    json_set(object, "tls_errors", json_list(finding->tls_errors, json_count));
    json_set(object, "hosts", json_list(finding->hosts, json_count));
    json_set(object, "explains", json_list(finding->types, json_count));
    json_set_text(object, "line", finding->line);
    json_set_number(object, "rows", finding->rows);
    json_set_number(object, "bounces", finding->bounces);
    json_set(object, "log_failures", ids_json(finding));
    json_set_text(object, "query", query);
    return object;
}

static json_t *finding_json(const struct digest *digest, const struct outbound_finding *finding)
{
    const char *word = failure_type_word(finding->type);
    json_t *object = passing_json(finding);
    enum knowledge_section sections[SECTION_COUNT];
    guint count = outbound_sections(finding, sections);
    struct outbound_facts facts;

    outbound_facts_init(&facts, finding, digest->generated_at);
    json_set(object, "knowledge", json_knowledge(word, sections, count, &facts.facts));
    outbound_facts_clear(&facts);
    json_set_text(object, "sources", knowledge_sources(word));
    return object;
}

static json_t *findings_json(const struct digest *digest)
{
    const GPtrArray *findings = digest->outbound->findings;
    json_t *list = json_array();

    for (guint i = 0; i < findings->len; i++)
        json_array_append_new(list, finding_json(digest, g_ptr_array_index(findings, i)));
    return list;
}

static json_t *inbound_json(gconstpointer element)
{
    const struct outbound_inbound *inbound = element;
    json_t *object = json_object();

    json_set_text(object, "organization", inbound->organization);
    json_set_day(object, "day", inbound->day);
    json_set_text(object, "sending_ip", inbound->ip);
    json_set_text(object, "domain", inbound->domain);
    json_set_text(object, "failure_type", failure_type_word(inbound->type));
    json_set_number(object, "reported", inbound->reported);
    json_set_number(object, "handshakes", inbound->handshakes);
    json_set_time(object, "first_at", inbound->first_at);
    json_set_time(object, "last_at", inbound->last_at);
    json_set(object, "details", json_list(inbound->details, json_count));
    return object;
}

static json_t *peer_json(gconstpointer element)
{
    const struct outbound_peer *peer = element;
    json_t *object = json_object();

    json_set_text(object, "ip", peer->ip);
    json_set_text(object, "mx", peer->mx);
    json_set_number(object, "handshakes", peer->handshakes);
    json_set_time(object, "first_at", peer->first_at);
    json_set_time(object, "last_at", peer->last_at);
    json_set(object, "details", json_list(peer->details, json_count));
    return object;
}

static json_t *month_json(const struct outbound_month *month)
{
    json_t *object;

    if (month == NULL)
        return json_null();
    object = json_object();
    json_set_day(object, "begins", month->begins_at);
    json_set_number(object, "clear_sessions", month->clear_sessions);
    json_set(object, "clear", json_list(month->clear, json_count));
    json_set_number(object, "unverified_sessions", month->unverified_sessions);
    json_set(object, "unverified", json_list(month->unverified, json_count));
    json_set_number(object, "unchecked_sessions", month->unchecked_sessions);
    json_set(object, "unchecked", json_list(month->unchecked, json_count));
    json_set(object, "steady", json_list(month->steady, json_count));
    return object;
}

static json_t *queue_json(const struct outbound *outbound)
{
    json_t *object;

    if (!outbound->queue_read)
        return json_null();
    object = json_object();
    json_set_number(object, "messages", outbound->queued);
    json_set_number(object, "for_findings", outbound->queued_ours);
    json_set_number(object, "unreadable", (int64_t)outbound->queue_unreadable);
    return object;
}

json_t *json_outbound(const struct digest *digest)
{
    const struct outbound *outbound = digest->outbound;
    json_t *object;

    if (outbound == NULL)
        return json_null();
    object = json_object();
    json_set_number(object, "sessions", outbound->sessions);
    json_set_number(object, "failed", outbound->failed);
    json_set_number(object, "domains", outbound->domains);
    json_set_number(object, "verified", outbound->verified);
    set_time_or_null(object, "first_hour", outbound->first_hour);
    set_time_or_null(object, "last_hour", outbound->last_hour);
    json_set_number(object, "left_out", outbound->left_out);
    json_set(object, "findings", findings_json(digest));
    json_set(object, "passing", json_list(outbound->passing, passing_json));
    json_set(object, "held", json_list(outbound->held, json_count));
    json_set(object, "queue", queue_json(outbound));
    json_set(object, "month", month_json(outbound->month));
    json_set(object, "inbound", json_list(outbound->inbound, inbound_json));
    json_set(object, "inbound_peers", json_list(outbound->peers, peer_json));
    json_set_number(object, "inbound_failed", outbound->inbound_failed);
    json_set_number(object, "inbound_refused", outbound->inbound_refused);
    return object;
}
