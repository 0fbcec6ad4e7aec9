/*
 * Halon. Its own text log is little documented, so the good source is a hook that writes a line of
 * JSON per attempt (contrib/halon); beside it the lines known from its manuals and tools are read.
 */
#include "ingest/json.h"
#include "ingest/limits.h"
#include "ingest/log/dialect.h"
#include "ingest/log/error_text.h"
#include "ingest/log/pattern.h"
#include "ingest/log/scrub.h"
#include "ingest/log/stamp.h"
#include "ingest/text.h"
#include "schema/record.h"
#include <jansson.h>

/* Deliveries under way in the text log, by id; a newer one takes the place of an older. */
#define DELIVERIES 256
#define ID_BYTES 64
#define IP_BYTES 64

struct delivery {
    char id[ID_BYTES];
    char domain[LIMIT_DOMAIN_BYTES + 1];
    char mx[LIMIT_DOMAIN_BYTES + 1];
    char ip[IP_BYTES];
};

struct halon {
    struct log_context *context;
    struct error_texts *errors;
    struct pattern_set *lines;
    struct delivery deliveries[DELIVERIES];
};

/* One attempt as the JSON line tells it. Texts belong to the JSON value, unless said otherwise. */
struct attempt {
    const char *host;
    const char *id;
    const char *queue;
    const char *status;
    const char *reason;
    const char *dsn;
    const char *tlsrpt;
    const char *policy;
    const char *protocol;
    const char *tlsa_error;
    const char *peer_error;
    char *domain; /* ours, like the next two */
    char *mx;
    char *ip;
    gint64 at;
    gint64 delay;
    const json_t *started; /* NULL: not told */
    const json_t *verified;
    bool has_tlsa;
    bool expired;
};

enum sense {
    SENSE_RECIPIENT,
    SENSE_HOST,
    SENSE_ADDRESS,
    SENSE_SESSION,
    SENSE_INBOUND,
    SENSE_ERROR,
};

static const struct text_rule {
    struct pattern pattern;
    enum sense sense;
} text_rules[] = {
    {{"Processing message from ", "^Processing message from <.*> to <([^<>]*)>"}, SENSE_RECIPIENT},
    {{"^Delivering message to ", "^Delivering message to \\[?([^\\s\\[\\]]+?)\\]?:\\d+$"},
     SENSE_HOST},
    {{"^Connecting to [", "^Connecting to \\[([0-9A-Fa-f.:]+)\\]:\\d+(?: \\(DNSSEC\\))?$"},
     SENSE_ADDRESS},
    {{"^Connection is now using ",
      "^Connection is now using ((?:TLS|SSL)v[0-9.]+) with cipher \\S+(?: \\(\\d+ bits\\))?"
      "( \\(DANE\\))?"},
     SENSE_SESSION},
    {{"^STARTTLS enabled (", "^STARTTLS enabled \\(((?:TLS|SSL)v[0-9.]+) with cipher [^)]"},
     SENSE_INBOUND},
    {{"^DANE error: ", "^DANE error: \\S.*"}, SENSE_ERROR},
    {{"^STARTTLS error: ", "^STARTTLS error: \\S.*"}, SENSE_ERROR},
    {{"^Bad MTA-STS: ", "^Bad MTA-STS: \\S.*"}, SENSE_ERROR},
};

/*
 * Names that say the same, ours first; then those of halon-extras/tls-rpt and Halon's own. They are
 * spelled without '_', '-' and capitals, as is what they are compared with.
 */
static const char *const host_names[] = {"host", "hostname", NULL};
static const char *const id_names[] = {"transaction", "transactionid", "messageid", NULL};
static const char *const queue_names[] = {"queue", "queueid", NULL};
static const char *const time_names[] = {"time", "timestamp", "ts", NULL};
static const char *const domain_names[] = {"domain", "recipientdomain", "rcptdomain",
                                           "policydomain", NULL};
static const char *const recipient_names[] = {"recipient", "rcpt", NULL};
static const char *const mx_names[] = {
    "mx", "mxhost", "mxname", "mxhostname", "remotemx", "receivingmxhostname", NULL};
static const char *const ip_names[] = {"ip", "mxip", "remoteip", "receivingip", NULL};
static const char *const status_names[] = {"status", "action", NULL};

static const struct {
    const char *word;
    enum log_outcome outcome;
    bool is_delivered;
} states[] = {
    {"delivered", LOG_OUTCOME_UNKNOWN, true},  {"sent", LOG_OUTCOME_UNKNOWN, true},
    {"deferred", LOG_OUTCOME_DEFERRED, false}, {"queue", LOG_OUTCOME_DEFERRED, false},
    {"bounced", LOG_OUTCOME_BOUNCED, false},   {"bounce", LOG_OUTCOME_BOUNCED, false},
};

/* Of a policy and of Halon's option "tls" of an attempt. */
static const struct {
    const char *word;
    enum tls_level level;
} levels[] = {
    {"dane", LEVEL_DANE},
    {"tlsa", LEVEL_DANE},
    {"dane_require", LEVEL_DANE_ONLY},
    {"dane_require_verify", LEVEL_DANE_ONLY},
    {"dane_fallback_require", LEVEL_DANE},
    {"dane_fallback_require_verify", LEVEL_DANE},
    {"sts", LEVEL_SECURE},
    {"require_verify", LEVEL_VERIFY},
    {"require", LEVEL_ENCRYPT},
    {"optional", LEVEL_MAY},
    {"optional_verify", LEVEL_MAY},
    {"no-policy-found", LEVEL_MAY},
    {"none", LEVEL_MAY},
    {"disabled", LEVEL_NONE},
};

static bool is_name(const char *key, const char *name)
{
    for (; *key != '\0'; key++)
        if (*key != '_' && *key != '-' && g_ascii_tolower(*key) != *name++)
            return false;
    return *name == '\0';
}

static const json_t *first_of(const json_t *object, const char *const *names)
{
    const json_t *value = NULL;

    for (; value == NULL && *names != NULL; names++) {
        value = json_object_get(object, *names);
        for (void *at = json_object_iter((json_t *)object); at != NULL && value == NULL;
             at = json_object_iter_next((json_t *)object, at))
            if (is_name(json_object_iter_key(at), *names))
                value = json_object_iter_value(at);
    }
    return value;
}

/* NULL for what is no text, and for "". */
static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);

    return text != NULL && *text != '\0' ? text : NULL;
}

static const char *first_text(const json_t *object, const char *const *names)
{
    return text_of(first_of(object, names));
}

static gint64 time_of(const json_t *value, gint64 fallback)
{
    const char *text = text_of(value);
    gint64 at;

    if (json_is_number(value) && stamp_of_number(json_number_value(value), &at))
        return at;
    if (text != NULL && stamp_read(span_of(text, strlen(text)), &at))
        return at;
    return fallback;
}

static char *domain_of(const json_t *root)
{
    const char *domain = first_text(root, domain_names);
    const char *recipient = first_text(root, recipient_names);

    if (domain != NULL)
        return text_domain(domain, NULL);
    return recipient == NULL ? NULL : text_domain_of_address(recipient);
}

static bool is_true_or_false(const json_t *value)
{
    return json_is_true(value) || json_is_false(value);
}

/* A result type that is a failure's; NULL for that of a success. */
static const char *failure_of(const json_t *value)
{
    const char *result = text_of(value);

    return g_strcmp0(result, "success") == 0 ? NULL : result;
}

/* halon-extras/tls-rpt writes members of a report at the top, and no object "tls". */
static void take_flat(struct attempt *attempt, const json_t *root)
{
    const char *result = text_of(json_object_get(root, "result-type"));

    attempt->policy = text_of(json_object_get(root, "policy-type"));
    attempt->peer_error = text_of(json_object_get(root, "failure-reason-code"));
    attempt->has_tlsa = g_strcmp0(attempt->policy, "tlsa") == 0;
    if (g_strcmp0(result, "success") == 0)
        attempt->started = json_true();
    else
        attempt->tlsrpt = result;
}

static void take_tls(struct attempt *attempt, const json_t *tls)
{
    const json_t *tlsa = json_object_get(tls, "tlsa");
    const json_t *started = json_object_get(tls, "started");
    const json_t *verified = json_object_get(tls, "verified");

    attempt->tlsrpt = failure_of(json_object_get(tls, "tlsrpt"));
    attempt->policy = text_of(json_object_get(tls, "policy"));
    attempt->protocol = text_of(json_object_get(tls, "protocol"));
    attempt->tlsa_error = text_of(json_object_get(tlsa, "error"));
    attempt->peer_error = text_of(json_object_get(json_object_get(tls, "peercert"), "error"));
    attempt->has_tlsa = json_array_size(json_object_get(tlsa, "records")) > 0;
    attempt->started = is_true_or_false(started) ? started : NULL;
    attempt->verified = is_true_or_false(verified) ? verified : NULL;
}

/* What the MTA-STS library found before any connection. */
static void take_sts(struct attempt *attempt, const json_t *sts)
{
    const char *result = failure_of(json_object_get(sts, "tlsrpt"));

    if (result == NULL)
        return;
    attempt->tlsrpt = result;
    attempt->policy = "sts";
    if (attempt->peer_error == NULL)
        attempt->peer_error = text_of(json_object_get(sts, "error"));
}

static void attempt_read(struct attempt *attempt, const json_t *root, gint64 fallback)
{
    const json_t *tls = json_object_get(root, "tls");
    const json_t *delay = json_object_get(root, "delay");

    memset(attempt, 0, sizeof *attempt);
    if (json_is_object(tls))
        take_tls(attempt, tls);
    else
        take_flat(attempt, root);
    take_sts(attempt, json_object_get(root, "sts"));
    attempt->host = first_text(root, host_names);
    attempt->id = first_text(root, id_names);
    attempt->queue = first_text(root, queue_names);
    attempt->status = first_text(root, status_names);
    attempt->reason = text_of(json_object_get(root, "reason"));
    attempt->dsn = text_of(json_object_get(root, "dsn"));
    attempt->at = time_of(first_of(root, time_names), fallback);
    attempt->delay = json_is_number(delay) && json_number_value(delay) >= 0 &&
                             json_number_value(delay) < G_MAXINT32
                         ? (gint64)json_number_value(delay)
                         : -1;
    attempt->expired = json_is_true(json_object_get(root, "expired"));
    attempt->domain = domain_of(root);
    attempt->mx = text_domain(first_text(root, mx_names), NULL);
    attempt->ip = text_address(first_text(root, ip_names), NULL);
}

static void attempt_clear(struct attempt *attempt)
{
    g_free(attempt->domain);
    g_free(attempt->mx);
    g_free(attempt->ip);
}

static bool is_delivered(const struct attempt *attempt)
{
    for (size_t i = 0; attempt->status != NULL && i < G_N_ELEMENTS(states); i++)
        if (g_ascii_strcasecmp(states[i].word, attempt->status) == 0)
            return states[i].is_delivered;
    return false;
}

static enum log_outcome outcome_of(const struct attempt *attempt)
{
    if (is_delivered(attempt))
        return json_is_true(attempt->started) ? LOG_OUTCOME_UNVERIFIED : LOG_OUTCOME_PLAINTEXT;
    for (size_t i = 0; attempt->status != NULL && i < G_N_ELEMENTS(states); i++)
        if (g_ascii_strcasecmp(states[i].word, attempt->status) == 0)
            return states[i].outcome;
    return LOG_OUTCOME_UNKNOWN;
}

static enum tls_level level_of(const struct attempt *attempt)
{
    for (size_t i = 0; attempt->policy != NULL && i < G_N_ELEMENTS(levels); i++)
        if (g_ascii_strcasecmp(levels[i].word, attempt->policy) == 0)
            return levels[i].level;
    return attempt->has_tlsa || attempt->tlsa_error != NULL ? LEVEL_DANE : LEVEL_UNKNOWN;
}

static bool is_dane(enum tls_level level)
{
    return level == LEVEL_DANE || level == LEVEL_DANE_ONLY;
}

/* Halon gives no session at a level that must be verified unless it was. */
static enum session_outcome session_of(const struct attempt *attempt)
{
    enum tls_level level = level_of(attempt);
    bool must_verify =
        (is_dane(level) && attempt->has_tlsa) || level == LEVEL_SECURE || level == LEVEL_VERIFY;

    if (attempt->tlsrpt != NULL)
        return SESSION_FAILED;
    if (!json_is_true(attempt->started))
        return attempt->started != NULL ? SESSION_PLAINTEXT : SESSION_UNKNOWN;
    if (attempt->verified != NULL)
        return json_is_true(attempt->verified) ? SESSION_VERIFIED : SESSION_UNTRUSTED;
    return must_verify && attempt->peer_error == NULL ? SESSION_VERIFIED : SESSION_UNTRUSTED;
}

/* Whether there was a session at all: an attempt can fail before, say in the DNS. */
static bool tells_session(const struct attempt *attempt)
{
    return attempt->tlsrpt != NULL || json_is_true(attempt->started) || is_delivered(attempt);
}

/* The first of the error texts that says more than "something with TLS". */
static void read_errors(struct halon *halon, const struct attempt *attempt,
                        struct error_text *found)
{
    const char *const texts[] = {attempt->peer_error, attempt->tlsa_error, attempt->reason};
    struct error_text other;

    *found = (struct error_text){RESULT_UNKNOWN, DETAIL_NONE, false};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i] == NULL ||
            !error_text_read(halon->errors, span_of(texts[i], strlen(texts[i])), &other))
            continue;
        other.dane |= found->dane;
        if (found->result == RESULT_UNKNOWN || found->result == RESULT_VALIDATION_FAILURE)
            *found = other;
        found->dane = other.dane;
    }
}

/* What the server names counts, and a detail that belongs to another type says nothing of it. */
static enum log_detail detail_under(const struct error_text *found, enum result_type result)
{
    enum result_type own = log_detail_result(found->detail);
    bool is_vague = result == RESULT_VALIDATION_FAILURE || result == RESULT_UNKNOWN ||
                    result == RESULT_CERTIFICATE_NOT_TRUSTED;

    return own == result || is_vague ? found->detail : DETAIL_NONE;
}

static const char *reason_of(const struct attempt *attempt)
{
    if (attempt->peer_error != NULL)
        return attempt->peer_error;
    if (attempt->tlsa_error != NULL)
        return attempt->tlsa_error;
    return attempt->reason != NULL ? attempt->reason : attempt->tlsrpt;
}

static char *reason_text(const struct halon *halon, const char *reason, size_t length)
{
    g_autoptr(GString) kept = g_string_new(NULL);

    if (halon->context->keep_addresses)
        return text_bounded(reason, length, LIMIT_TEXT_BYTES, NULL);
    scrub_append(kept, span_of(reason, MIN(length, LIMIT_LOG_LINE_BYTES)), LIMIT_TEXT_BYTES);
    return g_string_free(g_steal_pointer(&kept), FALSE);
}

static void emit_failure(struct halon *halon, const struct log_line *line,
                         const struct attempt *attempt, struct log_event *event)
{
    struct error_text found;
    const char *reason = reason_of(attempt);
    g_autofree char *kept = NULL;

    read_errors(halon, attempt, &found);
    event->kind = LOG_EVENT_FAILURE;
    event->sessions = 0;
    event->result_type =
        attempt->tlsrpt != NULL ? result_type_from_word(attempt->tlsrpt) : found.result;
    event->detail = detail_under(&found, event->result_type);
    event->failure_type =
        log_failure_type(event->detail, event->result_type, is_dane(event->level) || found.dane);
    event->outcome = outcome_of(attempt);
    kept = reason == NULL ? NULL : reason_text(halon, reason, strlen(reason));
    event->reason = kept;
    event->line = log_context_line(halon->context, line->message);
    halon->context->emit(event, halon->context->data);
}

/* Of an attempt that says nothing of TLS itself: its reason has the words of our own scripts. Where
   there was TLS, or the mail was taken, they are the other server's. */
static bool is_error_reason(const struct attempt *attempt)
{
    static const char *const begins[] = {"DANE error: ", "STARTTLS error: ", "Bad MTA-STS: "};

    if (attempt->reason == NULL || json_is_true(attempt->started) || is_delivered(attempt))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++)
        if (g_str_has_prefix(attempt->reason, begins[i]))
            return true;
    return false;
}

/* "4.7.5", else nothing. */
static bool is_dsn(const char *text)
{
    guint dots = 0, length = 0;

    for (; text != NULL && length < 12 && (g_ascii_isdigit(text[length]) || text[length] == '.');
         length++)
        dots += text[length] == '.';
    return length > 4 && text[length] == '\0' && dots == 2;
}

static char *queue_id_of(const struct attempt *attempt)
{
    g_autofree char *id = NULL;

    if (attempt->id == NULL)
        return attempt->queue == NULL
                   ? NULL
                   : text_bounded(attempt->queue, strlen(attempt->queue), LIMIT_DOMAIN_BYTES, NULL);
    if (attempt->queue == NULL)
        return text_bounded(attempt->id, strlen(attempt->id), LIMIT_DOMAIN_BYTES, NULL);
    id = g_strconcat(attempt->id, ":", attempt->queue, NULL);
    return text_bounded(id, strlen(id), LIMIT_DOMAIN_BYTES, NULL);
}

/* The line as it is marked: with the host and the time that it carries. */
static guint64 mark_of(struct halon *halon, const struct log_line *line, const char *host,
                       gint64 at)
{
    struct log_line own = *line;

    if (host != NULL)
        own.host = span_of(host, strlen(host));
    own.at = at;
    own.hash = 0;
    return log_mark(halon->context, &own);
}

static bool emit_attempt(struct halon *halon, const struct log_line *line,
                         const struct attempt *attempt)
{
    g_autofree char *host =
        attempt->host != NULL
            ? text_bounded(attempt->host, strlen(attempt->host), LIMIT_DOMAIN_BYTES, NULL)
            : g_strndup(line->host.at, line->host.length);
    g_autofree char *id = queue_id_of(attempt);
    bool failed = attempt->tlsrpt != NULL || is_error_reason(attempt);
    struct log_event event = {
        .at = attempt->at,
        .host = host,
        .mta = MTA_HALON,
        .direction = DIRECTION_OUT,
        .queue_id = id,
        .domain = attempt->domain,
        .mx = attempt->mx,
        .ip = attempt->ip,
        .level = level_of(attempt),
        .version = tls_version_from_word(attempt->protocol),
        .sessions = line->repeats,
        .delay = attempt->delay,
        .dsn = is_dsn(attempt->dsn) ? attempt->dsn : NULL,
    };

    if (!failed && !tells_session(attempt) && !attempt->expired)
        return false;
    event.mark = mark_of(halon, line, host, attempt->at);
    if (tells_session(attempt)) {
        event.session = session_of(attempt);
        halon->context->emit(&event, halon->context->data);
    }
    if (failed)
        emit_failure(halon, line, attempt, &event);
    if (attempt->expired && outcome_of(attempt) == LOG_OUTCOME_BOUNCED) {
        event.kind = LOG_EVENT_EXPIRED;
        halon->context->emit(&event, halon->context->data);
    }
    return true;
}

static bool take_json(struct halon *halon, const struct log_line *line, struct span text)
{
    g_autoptr(GPtrArray) ignored = g_ptr_array_new_with_free_func((GDestroyNotify)issue_free);
    json_t *root = json_read(text.at, text.length, NULL, ignored);
    struct attempt attempt;
    bool tells = false;

    if (json_is_object(root)) {
        attempt_read(&attempt, root, log_line_time(halon->context, line));
        tells = emit_attempt(halon, line, &attempt);
        attempt_clear(&attempt);
    }
    json_decref(root);
    return tells;
}

static struct span without(struct span text, const char *begin)
{
    return span_begins(text, begin) ? span_from(text, strlen(begin)) : text;
}

/* "[UUID] ": takes it off and gives it. */
static struct span take_id(struct span *text)
{
    const char *close = text->length > 0 && *text->at == '['
                            ? memchr(text->at, ']', MIN(text->length, ID_BYTES))
                            : NULL;
    struct span id;

    if (close == NULL || (size_t)(close - text->at) + 1 >= text->length || close[1] != ' ')
        return span_of(text->at, 0);
    id = span_of(text->at + 1, (size_t)(close - text->at) - 1);
    for (size_t i = 0; i < id.length; i++)
        if (!g_ascii_isxdigit(id.at[i]) && id.at[i] != '-' && id.at[i] != ':')
            return span_of(text->at, 0);
    *text = span_from(*text, id.length + 3);
    return id;
}

/* What stands before the message in the text log and in the output of hsh. */
static struct span message_of(const struct log_line *line, struct span *id)
{
    struct span text = line->message;

    text = without(text, "(info) ");
    text = without(text, "smtpd: ");
    text = without(text, "hsh: ");
    text = without(text, "smtp_lookup_rcpt: ");
    *id = take_id(&text);
    return without(text, "[SMTP] ");
}

static struct delivery *delivery_of(struct halon *halon, struct span id)
{
    char name[ID_BYTES] = "";
    struct delivery *delivery;

    memcpy(name, id.at, MIN(id.length, sizeof name - 1));
    delivery = &halon->deliveries[g_str_hash(name) % DELIVERIES];
    if (strcmp(delivery->id, name) != 0) {
        memset(delivery, 0, sizeof *delivery);
        g_strlcpy(delivery->id, name, sizeof delivery->id);
    }
    return delivery;
}

static void note(char *place, size_t size, const char *text)
{
    g_strlcpy(place, text != NULL ? text : "", size);
}

static void note_recipient(struct delivery *delivery, struct span address)
{
    g_autofree char *text = g_strndup(address.at, MIN(address.length, 2 * LIMIT_TEXT_BYTES));
    g_autofree char *domain = text_domain_of_address(text);

    note(delivery->domain, sizeof delivery->domain, domain);
    delivery->mx[0] = delivery->ip[0] = '\0';
}

static void note_host(struct delivery *delivery, struct span name)
{
    g_autofree char *text = g_strndup(name.at, MIN(name.length, 2 * LIMIT_DOMAIN_BYTES));
    g_autofree char *host = text_domain(text, NULL);

    note(delivery->mx, sizeof delivery->mx, host);
    delivery->ip[0] = '\0';
}

static void note_address(struct delivery *delivery, struct span address)
{
    g_autofree char *text = g_strndup(address.at, MIN(address.length, IP_BYTES));
    g_autofree char *ip = text_address(text, NULL);

    note(delivery->ip, sizeof delivery->ip, ip);
}

/* An address there is what a syslog without host names leaves: "(info)" is no host. */
static char *host_of(const struct log_line *line)
{
    if (line->host.length == 0 || *line->host.at == '(')
        return NULL;
    return text_bounded(line->host.at, line->host.length, LIMIT_DOMAIN_BYTES, NULL);
}

static void emit_error(struct halon *halon, const struct log_line *line, struct span text,
                       struct log_event *event)
{
    g_autofree char *reason = reason_text(halon, text.at, text.length);
    struct error_text found;

    event->session = SESSION_FAILED;
    error_text_read(halon->errors, text, &found);
    if (found.dane)
        event->level = LEVEL_DANE;
    else if (span_begins(text, "Bad MTA-STS: "))
        event->level = LEVEL_SECURE;
    halon->context->emit(event, halon->context->data);
    event->kind = LOG_EVENT_FAILURE;
    event->sessions = 0;
    event->result_type = found.result;
    event->detail = found.detail;
    event->failure_type = log_failure_type(found.detail, found.result, found.dane);
    event->reason = reason;
    event->line = log_context_line(halon->context, line->message);
    halon->context->emit(event, halon->context->data);
}

static void emit_text(struct halon *halon, const struct log_line *line, enum sense sense,
                      const struct delivery *delivery, const struct span *captures)
{
    g_autofree char *host = host_of(line);
    g_autofree char *version = g_strndup(captures[1].at, captures[1].length);
    bool is_in = sense == SENSE_INBOUND;
    struct log_event event = {
        .mark = log_mark(halon->context, line),
        .at = log_line_time(halon->context, line),
        .host = host,
        .mta = MTA_HALON,
        .direction = is_in ? DIRECTION_IN : DIRECTION_OUT,
        .queue_id = delivery->id,
        .domain = is_in ? NULL : delivery->domain,
        .mx = is_in ? NULL : delivery->mx,
        .ip = is_in ? NULL : delivery->ip,
        .sessions = line->repeats,
        .session = SESSION_UNTRUSTED,
        .delay = -1,
    };

    if (sense == SENSE_ERROR) {
        emit_error(halon, line, captures[0], &event);
        return;
    }
    event.version = tls_version_from_word(version);
    if (captures[2].length > 0) {
        event.session = SESSION_VERIFIED;
        event.level = LEVEL_DANE;
    }
    halon->context->emit(&event, halon->context->data);
}

static bool take_text(struct halon *halon, const struct log_line *line, struct span text,
                      struct span id)
{
    struct span captures[PATTERN_CAPTURES];
    int row = pattern_set_match(halon->lines, text, captures);
    struct delivery *delivery;

    if (row < 0)
        return false;
    delivery = delivery_of(halon, id);
    switch (text_rules[row].sense) {
    case SENSE_RECIPIENT:
        note_recipient(delivery, captures[1]);
        return false;
    case SENSE_HOST:
        note_host(delivery, captures[1]);
        return false;
    case SENSE_ADDRESS:
        note_address(delivery, captures[1]);
        return false;
    case SENSE_ERROR:
    case SENSE_SESSION:
    case SENSE_INBOUND:
        break;
    }
    emit_text(halon, line, text_rules[row].sense, delivery, captures);
    return true;
}

/* An object of ours or of halon-extras/tls-rpt; never a report, which has "policies". */
static bool is_attempt(struct span text)
{
    while (text.length > 0 && g_ascii_isspace(text.at[text.length - 1]))
        text.length--;
    if (text.length < 2 || *text.at != '{' || text.at[text.length - 1] != '}' ||
        span_find(text, "\"policies\"") != NULL)
        return false;
    if (span_find(text, "\"result-type\"") != NULL)
        return span_find(text, "\"policy-type\"") != NULL &&
               span_find(text, "\"transactionid\"") != NULL;
    return span_find(text, "\"tls\"") != NULL &&
           (span_find(text, "\"started\"") != NULL || span_find(text, "\"tlsrpt\"") != NULL);
}

static bool ends_in_port(struct span text)
{
    static const char secure[] = " (DNSSEC)";
    size_t digits = 0;

    if (text.length > strlen(secure) &&
        memcmp(text.at + text.length - strlen(secure), secure, strlen(secure)) == 0)
        text.length -= strlen(secure);
    while (digits < text.length && g_ascii_isdigit(text.at[text.length - 1 - digits]))
        digits++;
    return digits > 0 && digits < text.length && text.at[text.length - 1 - digits] == ':';
}

static bool is_text(struct span text)
{
    static const char *const begins[] = {
        "Connection is now using TLSv",
        "Connection is now using SSLv",
        "STARTTLS enabled (TLSv",
        "STARTTLS enabled (SSLv",
        "DANE error: ",
        "STARTTLS error: ",
        "Bad MTA-STS: ",
        "DANE: No TLSA RR for ",
        "[tls] 220 ",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++)
        if (span_begins(text, begins[i]))
            return true;
    if (span_begins(text, "Processing message from <"))
        return span_find(text, "> to <") != NULL;
    return (span_begins(text, "Delivering message to ") || span_begins(text, "Connecting to [")) &&
           ends_in_port(text);
}

static bool halon_claims(const struct log_line *line)
{
    static const char *const programs[] = {"smtpd", "queued", "mailqueued", "halon", "hsh"};
    struct span id;

    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++)
        if (span_is(line->program, programs[i]))
            return true;
    if (line->program.length > 0 || line->message.length == 0)
        return false;
    return is_attempt(line->message) || is_text(message_of(line, &id));
}

static void *halon_open(struct log_context *context)
{
    struct halon *halon = g_new0(struct halon, 1);

    halon->context = context;
    halon->errors = error_texts_new();
    halon->lines = pattern_set_new(text_rules, G_N_ELEMENTS(text_rules), sizeof text_rules[0]);
    return halon;
}

static bool halon_take(void *state, const struct log_line *line)
{
    struct span id, text;

    if (line->message.length == 0)
        return false;
    text = message_of(line, &id);
    if (text.length > 0 && *text.at == '{')
        return is_attempt(text) && take_json(state, line, text);
    return take_text(state, line, text, id);
}

/* Each line is told as it comes. */
static void halon_settle(void *state, gint64 before)
{
    (void)state;
    (void)before;
}

static void halon_close(void *state)
{
    struct halon *halon = state;

    error_texts_free(halon->errors);
    pattern_set_free(halon->lines);
    g_free(halon);
}

const struct log_dialect log_halon = {
    .name = "halon",
    .mta = MTA_HALON,
    .open = halon_open,
    .claims = halon_claims,
    .take = halon_take,
    .settle = halon_settle,
    .close = halon_close,
};
