#include "ingest/log/postfix_private.h"
#include "ingest/log/postfix_reason.h"
#include "ingest/log/scrub.h"
#include "ingest/text.h"
#include <arpa/inet.h>

#define NAME_BYTES (LIMIT_DOMAIN_BYTES + 1)
#define DSN_BYTES 16
#define SECONDS_OF_DAY 86400

#define HASH_BEGIN G_GUINT64_CONSTANT(0xcbf29ce484222325)
#define HASH_FACTOR G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

/* The names of one event, in the form that they are told in. */
struct names {
    char domain[NAME_BYTES];
    char next_hop[NAME_BYTES];
    char mx[NAME_BYTES];
    char ip[POSTFIX_ADDRESS_BYTES];
    char queue_id[64];
};

guint64 postfix_hash(guint64 hash, struct span text)
{
    hash = (hash ^ HASH_BEGIN ^ text.length) * HASH_FACTOR;
    for (size_t i = 0; i < text.length; i += sizeof hash) {
        guint64 word = 0;
        memcpy(&word, text.at + i, MIN(sizeof word, text.length - i));
        hash = (hash ^ word) * HASH_FACTOR;
        hash ^= hash >> 32;
    }
    return hash;
}

/* Lower case, without a final dot; false where that is not all that is to be done to it. */
static bool copy_plain_name(char out[NAME_BYTES], struct span name)
{
    size_t length = name.length;

    if (length > 0 && name.at[length - 1] == '.')
        length--;
    if (length == 0 || length >= NAME_BYTES)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name.at[i];
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' &&
                 c != '_')
            return false;
        out[i] = c;
    }
    out[length] = '\0';
    return true;
}

static const char *name_of(char out[NAME_BYTES], struct span name)
{
    g_autofree char *text = NULL;
    g_autofree char *domain = NULL;

    if (name.length == 0)
        return NULL;
    if (copy_plain_name(out, name))
        return out;
    text = g_strndup(name.at, MIN(name.length, NAME_BYTES));
    domain = text_domain(text, NULL);
    if (domain == NULL)
        return NULL;
    g_strlcpy(out, domain, NAME_BYTES);
    return out;
}

/* What is redacted or damaged is no address. */
static const char *address_of(char out[POSTFIX_ADDRESS_BYTES], struct span address)
{
    char text[POSTFIX_ADDRESS_BYTES];
    struct in6_addr bytes;
    bool is_valid;
    g_autofree char *normal = NULL;

    if (address.length == 0 || address.length >= sizeof text)
        return NULL;
    memcpy(text, address.at, address.length);
    text[address.length] = '\0';
    if (inet_pton(AF_INET, text, &bytes) == 1) {
        memcpy(out, text, address.length + 1);
        return out;
    }
    if (text[0] != ':' && inet_pton(AF_INET6, text, &bytes) == 1)
        return inet_ntop(AF_INET6, &bytes, out, POSTFIX_ADDRESS_BYTES);
    normal = text_address(text, &is_valid);
    if (normal == NULL || !is_valid)
        return NULL;
    g_strlcpy(out, normal, POSTFIX_ADDRESS_BYTES);
    return out;
}

/* The address of a good session's peer, once a day: there are many sessions with each. */
static const char *new_peer(struct postfix *postfix, const struct postfix_tale *tale,
                            char out[POSTFIX_ADDRESS_BYTES])
{
    guint64 hash = postfix_hash((guint64)(tale->at / SECONDS_OF_DAY), tale->peer.ip);
    guint64 *told = &postfix->peers[hash % POSTFIX_PEERS];

    if (*told == hash)
        return NULL;
    *told = hash;
    return address_of(out, tale->peer.ip);
}

static void begin_event(struct log_event *event, struct names *names,
                        const struct postfix_tale *tale)
{
    memset(event, 0, sizeof *event);
    event->mark = tale->mark;
    event->at = tale->at;
    event->host = tale->origin->name;
    event->mta = MTA_POSTFIX;
    event->direction = tale->direction;
    event->domain = name_of(names->domain, tale->domain);
    event->next_hop = name_of(names->next_hop, tale->next_hop);
    event->mx = name_of(names->mx, tale->peer.host);
    event->delay = -1;
    event->lacks_session = tale->lacks_session;
    if (tale->queue_id.length > 0 && tale->queue_id.length < sizeof names->queue_id) {
        memcpy(names->queue_id, tale->queue_id.at, tale->queue_id.length);
        names->queue_id[tale->queue_id.length] = '\0';
        event->queue_id = names->queue_id;
    }
}

void postfix_tell_session(struct postfix *postfix, const struct postfix_tale *tale,
                          enum session_outcome outcome, enum tls_level level,
                          enum tls_version version, guint count)
{
    struct names names;
    struct log_event event;

    begin_event(&event, &names, tale);
    event.kind = LOG_EVENT_SESSION;
    event.session = outcome;
    event.level = level;
    event.version = version;
    event.sessions = count;
    if (tale->direction == DIRECTION_OUT && outcome != SESSION_FAILED)
        event.ip = new_peer(postfix, tale, names.ip);
    event.other_mark = tale->other_mark;
    event.other_at = tale->other_at;
    postfix->context->emit(&event, postfix->context->data);
}

void postfix_tell_counted(struct postfix *postfix, const struct postfix_tale *tale)
{
    const struct log_event event = {.kind = LOG_EVENT_COUNTED,
                                    .mark = tale->mark,
                                    .at = tale->at,
                                    .host = tale->origin->name,
                                    .mta = MTA_POSTFIX,
                                    .delay = -1};

    postfix->context->emit(&event, postfix->context->data);
}

static void add_verdict(struct log_event *event, struct names *names,
                        const struct postfix_tale *tale, const struct postfix_verdict *verdict)
{
    event->ip = address_of(names->ip, tale->peer.ip);
    event->kind = LOG_EVENT_FAILURE;
    event->outcome = verdict->outcome;
    event->detail = verdict->detail;
    event->result_type = verdict->result;
    event->failure_type = log_failure_type(verdict->detail, verdict->result, verdict->dane);
    event->level = verdict->level;
}

/* RFC 3463, section 2: "4.7.5" */
static bool is_dsn(struct span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!g_ascii_isdigit(text.at[i]) && text.at[i] != '.')
            return false;
    return text.length > 0 && text.length < DSN_BYTES;
}

/* An error that the reason does not hold already. */
static const char *beside(const char *error, const char *reason)
{
    bool is_held = error != NULL && reason != NULL && g_str_has_suffix(reason, error);

    return is_held ? NULL : error;
}

/* Where the line says that TLS failed, but not how. */
static const char *error_of(const struct postfix_attempt *attempt, const char *reason)
{
    const struct postfix_reason *why = attempt->reason;
    const char *error = attempt->facts != NULL ? attempt->facts->error : NULL;

    if (why != NULL && why->kind != POSTFIX_REASON_HANDSHAKE &&
        why->kind != POSTFIX_REASON_CERTIFICATE && why->kind != POSTFIX_REASON_LOST)
        return NULL;
    return beside(error, reason);
}

void postfix_tell_delivery(struct postfix *postfix, const struct postfix_tale *tale,
                           const struct postfix_attempt *attempt,
                           const struct postfix_verdict *verdict, struct span line, guint sessions)
{
    const struct postfix_delivery *delivery = attempt->delivery;
    g_autoptr(GString) reason = g_string_new(NULL);
    struct names names;
    struct log_event event;
    char dsn[DSN_BYTES] = "";

    begin_event(&event, &names, tale);
    add_verdict(&event, &names, tale, verdict);
    event.sessions = sessions;
    event.version = attempt->version;
    event.delay = delivery->delay;
    if (is_dsn(delivery->dsn))
        memcpy(dsn, delivery->dsn.at, delivery->dsn.length);
    event.dsn = dsn;
    scrub_append(reason, delivery->reason, LIMIT_LOG_KEPT_BYTES);
    /* What the other server said when it took the mail explains nothing. */
    event.reason =
        attempt->reason == NULL && attempt->facts != NULL ? attempt->facts->reason : reason->str;
    event.tls_error = error_of(attempt, event.reason);
    event.line = log_context_line(postfix->context, line);
    postfix->context->emit(&event, postfix->context->data);
}

void postfix_tell_clue(struct postfix *postfix, const struct postfix_tale *tale,
                       struct postfix_clue *clue, const struct postfix_verdict *verdict,
                       guint sessions)
{
    struct names names;
    struct log_event event;

    begin_event(&event, &names, tale);
    add_verdict(&event, &names, tale, verdict);
    event.sessions = sessions;
    if (clue->session.is_known)
        event.version = clue->session.version;
    event.reason = clue->reason;
    event.tls_error = beside(clue->error, clue->reason);
    event.line = clue->line;
    postfix->context->emit(&event, postfix->context->data);
    log_clues_consume_but(postfix->context, &clue->rests, tale->origin->name, clue->mark);
}

void postfix_tell_expired(struct postfix *postfix, const struct postfix_tale *tale)
{
    struct names names;
    struct log_event event;

    begin_event(&event, &names, tale);
    event.kind = LOG_EVENT_EXPIRED;
    postfix->context->emit(&event, postfix->context->data);
}

struct postfix_clue *postfix_clue_new(struct postfix *postfix)
{
    struct postfix_clue *clue = g_new0(struct postfix_clue, 1);

    clue->count = &postfix->clues;
    postfix->clues++;
    return clue;
}

/* What a TLSRPT line says of the error is shorter than what any other line says. */
static void take_error(struct postfix_clue *clue, const struct postfix_evidence *evidence)
{
    enum postfix_weight weight =
        evidence->weight == POSTFIX_WEIGHT_TLSRPT ? POSTFIX_WEIGHT_HINT : evidence->weight;
    GString *error;

    if (evidence->error.length == 0 || (clue->error != NULL && weight <= clue->error_weight))
        return;
    error = g_string_new(NULL);
    scrub_append(error, evidence->error, LIMIT_LOG_KEPT_BYTES);
    g_free(clue->error);
    clue->error = g_string_free(error, FALSE);
    clue->error_weight = weight;
}

void postfix_clue_rest(struct postfix *postfix, struct postfix_clue *clue,
                       const struct postfix_evidence *evidence, const struct log_line *line)
{
    bool is_stronger = clue->line == NULL || evidence->weight > clue->weight;
    guint64 mark = log_mark(postfix->context, line);
    gint64 at = log_line_time(postfix->context, line);
    g_autoptr(GString) reason = NULL;

    postfix_clue_add(clue, evidence);
    take_error(clue, evidence);
    log_clues_add(&clue->rests, mark, at);
    if (!is_stronger)
        return;
    reason = g_string_new(NULL);
    scrub_append(reason, evidence->reason, LIMIT_LOG_KEPT_BYTES);
    clue->mark = mark;
    clue->at = at;
    g_free(clue->reason);
    clue->reason = g_string_free(g_steal_pointer(&reason), FALSE);
    g_free(clue->line);
    clue->line = g_strdup(log_context_line(postfix->context, line->whole));
}

void postfix_clue_told(struct postfix *postfix, struct postfix_clue *clue,
                       const struct postfix_origin *origin)
{
    struct log_clues weaker = {0};

    for (guint i = 0; i < MIN(clue->rests.count, LOG_CLUES_MAX); i++)
        if (clue->rests.lines[i].mark != clue->mark)
            log_clues_add(&weaker, clue->rests.lines[i].mark, clue->rests.lines[i].at);
    clue->rests.count = 0;
    log_clues_consume(postfix->context, &weaker, origin->name);
}
