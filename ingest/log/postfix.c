/*
 * Postfix' log: lines of its daemons, by the name of the program that wrote them. What they mean
 * stands in tables: postfix_reason.c (why a delivery failed), postfix_evidence.c (what was wrong),
 * postfix_inbound.c (what clients met).
 */
#include "ingest/log/dialect.h"
#include "ingest/log/postfix_private.h"
#include "ingest/log/postfix_reason.h"

/* Names of Postfix' daemons and tools that log, the last part of the program's name. */
static const char *const programs[] = {
    "smtp",     "smtpd",     "qmgr",       "cleanup",   "lmtp",      "pickup",
    "tlsproxy", "anvil",     "postscreen", "dnsblog",   "bounce",    "local",
    "virtual",  "pipe",      "error",      "retry",     "discard",   "trivial-rewrite",
    "tlsmgr",   "master",    "scache",     "verify",    "flush",     "proxymap",
    "showq",    "spawn",     "qmqpd",      "oqmgr",     "nqmgr",     "defer",
    "trace",    "sendmail",  "postdrop",   "postqueue", "postsuper", "postfix-script",
    "postlog",  "postalias", "postmap",    "postlogd",  "postmulti", "proxywrite",
};

static void forget(struct postfix_process *process, void *data)
{
    struct postfix *postfix = data;

    if (process->is_inbound)
        postfix_inbound_settle(postfix, process);
    else
        postfix_outbound_settle(postfix, process);
}

static void *postfix_open(struct log_context *context)
{
    struct postfix *postfix = g_new0(struct postfix, 1);

    postfix->context = context;
    postfix->processes = postfix_processes_new(forget, postfix);
    postfix->evidences = postfix_evidences_new();
    postfix->reasons = postfix_reasons_new();
    postfix->inbound = postfix_inbound_patterns();
    g_queue_init(&postfix->proxied);
    return postfix;
}

static void postfix_close(void *state)
{
    struct postfix *postfix = state;

    postfix_proxy_clear(postfix);
    postfix_processes_free(postfix->processes);
    postfix_evidences_free(postfix->evidences);
    pattern_set_free(postfix->reasons);
    pattern_set_free(postfix->inbound);
    g_free(postfix);
}

static bool claims_program(struct span program)
{
    const char *slash = memrchr(program.at, '/', program.length);
    struct span name;

    if (slash == NULL)
        return false;
    name = span_from(program, (size_t)(slash - program.at) + 1);
    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++)
        if (span_is(name, programs[i]))
            return true;
    return false;
}

/* What stands after the queue id, where that may be of TLS. */
static bool claims_of_queue(struct span rest)
{
    static const char *const begins[] = {
        ": to=<",
        ": Cannot start TLS: ",
        ": Server certificate not ",
        ": TLS is required, but ",
        ": Sender requested REQUIRETLS, but ",
        ": lost connection with ",
        ": conversation with ",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++)
        if (span_begins(rest, begins[i]))
            return true;
    return span_begins(rest, ": from=<") && span_find(rest, "expired, returned") != NULL;
}

/* Words of Postfix alone in the midst of a warning. */
static bool claims_warning(struct span message)
{
    static const char *const words[] = {
        ":query lookup error for \"",
        ": all TLSA records unusable",
        ": unusable TLSA RR: ",
        " unsupported TLSA ",
        " IN TLSA ",
        ": truncated TLSA RR length == ",
        " does not match STS MX pattern for ",
        "_tls_policy_maps, next-hop destination ",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (span_find(message, words[i]) != NULL)
            return true;
    return false;
}

/* A line without its program, as people paste it: by its first words, and no more than these. */
static bool claims_bare(struct span message)
{
    static const char *const begins[] = {
        "to=<",
        "status=deferred (",
        "status=bounced (",
        "status=sent (",
        "SSL_connect error to ",
        "SSL_accept error from ",
        "lost connection after STARTTLS from ",
        "NOQUEUE: lost connection after STARTTLS from ",
        "certificate verification failed for ",
        "server certificate verification failed for ",
        "client certificate verification failed for ",
        "CA certificate verification failed for ",
        "TLSRPT: status=",
        "Trusted TLS connection ",
        "Untrusted TLS connection ",
        "Verified TLS connection ",
        "Anonymous TLS connection ",
        "warning: TLS policy lookup ",
        "warning: TLS library problem: ",
        "warning: DANE TLSA lookup problem: ",
        "warning: DNSSEC status lookup error for ",
        "warning: DNSSEC validation may be unavailable",
        "warning: reason: dnssec_probe ",
        "warning: ciphertext read/write ",
        "TLS handshake failed for service=",
        "(delivery temporarily suspended: ",
    };
    size_t id_length = postfix_queue_id(message);

    if (id_length > 0)
        return claims_of_queue(span_from(message, id_length));
    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++)
        if (span_begins(message, begins[i]))
            return true;
    return (span_begins(message, "warning: ") && claims_warning(message)) ||
           (span_begins(message, "disconnect from ") && span_find(message, " starttls=") != NULL) ||
           span_find(message, ": re-using session with untrusted ") != NULL;
}

static bool postfix_claims(const struct log_line *line)
{
    return line->program.length > 0 ? claims_program(line->program) : claims_bare(line->message);
}

/* "QID: from=<...>, status=expired, returned to sender", and "force-expired" by postsuper. */
static bool take_expired(struct postfix *postfix, struct postfix_origin *origin,
                         const struct log_line *line, size_t id_length)
{
    struct span rest = span_from(line->message, id_length);
    struct postfix_tale tale = {.origin = origin, .direction = DIRECTION_OUT};

    if (!span_begins(rest, ": from=<") || (span_find(rest, ">, status=expired") == NULL &&
                                           span_find(rest, ">, status=force-expired") == NULL))
        return false;
    tale.mark = log_mark(postfix->context, line);
    tale.at = log_line_time(postfix->context, line);
    tale.queue_id = span_of(line->message.at, id_length);
    postfix_tell_expired(postfix, &tale);
    return true;
}

/* All but every line of the queue manager ends in "removed" or "(queue active)". */
static bool is_idle_queue(const struct log_line *line)
{
    struct span message = line->message;

    return message.length < 16 || message.at[message.length - 1] == 'd' ||
           memcmp(message.at + message.length - 8, " active)", 8) == 0;
}

static enum log_look look_queue(const struct log_line *line, void *looked)
{
    (void)looked;
    return is_idle_queue(line) ? LOG_LOOK_IDLE : LOG_LOOK_TELLS;
}

/* Mail that went into mailboxes here tells nothing. */
static enum log_look look_client(const struct log_line *line, void *looked)
{
    struct postfix_look *look = looked;

    postfix_outbound_look(line->message, look);
    return look->form == POSTFIX_FORM_DELIVERY && look->delivery.relay == POSTFIX_RELAY_LOCAL
               ? LOG_LOOK_IDLE
               : LOG_LOOK_FILLED;
}

static enum log_look look_server(const struct log_line *line, void *looked)
{
    (void)looked;
    return postfix_inbound_is_idle(line) ? LOG_LOOK_IDLE : LOG_LOOK_TELLS;
}

static enum log_look look_other(const struct log_line *line, void *looked)
{
    (void)line;
    (void)looked;
    return LOG_LOOK_IDLE;
}

static log_look_fn postfix_look(struct span program)
{
    bool is_submission;

    if (program.length == 0)
        return NULL;
    switch (postfix_daemon_of(program, &is_submission)) {
    case POSTFIX_DAEMON_OTHER:
        return look_other;
    case POSTFIX_DAEMON_CLIENT:
        return look_client;
    case POSTFIX_DAEMON_SERVER:
        return look_server;
    case POSTFIX_DAEMON_QUEUE:
        return look_queue;
    default:
        return NULL;
    }
}

static bool take_queue(struct postfix *postfix, struct postfix_origin *origin,
                       const struct log_line *line)
{
    size_t id_length = is_idle_queue(line) ? 0 : postfix_queue_id(line->message);

    return id_length > 0 && (take_expired(postfix, origin, line, id_length) ||
                             postfix_outbound_replay(postfix, origin, line));
}

static bool take_bare(struct postfix *postfix, struct postfix_origin *origin,
                      const struct log_line *line)
{
    struct log_line inbound = *line;

    /* What servers and clients wrote is kept apart. */
    inbound.pid = -1;
    inbound.hash = 0;
    if (postfix_inbound_is(line->message))
        return postfix_inbound_take(postfix, origin, &inbound);
    return postfix_outbound_take(postfix, origin, line) || take_queue(postfix, origin, line);
}

static bool postfix_take(void *state, const struct log_line *line)
{
    struct postfix *postfix = state;
    struct postfix_origin *origin = postfix_origin_find(postfix->processes, line);

    switch (origin->daemon) {
    case POSTFIX_DAEMON_OTHER:
        break;
    case POSTFIX_DAEMON_CLIENT:
        return postfix_outbound_take(postfix, origin, line);
    case POSTFIX_DAEMON_SERVER:
        return postfix_inbound_take(postfix, origin, line);
    case POSTFIX_DAEMON_PROXY:
        return postfix_proxy_take(postfix, origin, line);
    case POSTFIX_DAEMON_QUEUE:
        return take_queue(postfix, origin, line);
    case POSTFIX_DAEMON_REPLAY:
        return postfix_outbound_replay(postfix, origin, line);
    case POSTFIX_DAEMON_BARE:
        return take_bare(postfix, origin, line);
    }
    return false;
}

static void postfix_settle(void *state, gint64 before)
{
    struct postfix *postfix = state;
    gint64 past = before == G_MAXINT64
                      ? before
                      : before - (POSTFIX_SESSION_SECONDS - POSTFIX_ASSOCIATION_SECONDS);

    postfix_processes_settle(postfix->processes, before, past, forget, postfix);
    postfix_proxy_settle(postfix, before);
}

const struct log_dialect log_postfix = {
    .name = "postfix",
    .mta = MTA_POSTFIX,
    .open = postfix_open,
    .claims = postfix_claims,
    .look = postfix_look,
    .take = postfix_take,
    .settle = postfix_settle,
    .close = postfix_close,
};
