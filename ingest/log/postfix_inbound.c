#include "ingest/log/error_text.h"
#include "ingest/log/postfix_private.h"

enum sense {
    SENSE_BROKEN,   /* the handshake, or what followed it, broke off */
    SENSE_LIBRARY,  /* what the TLS library says of that */
    SENSE_REJECTED, /* the client's alert is about our certificate */
    SENSE_LIMIT,    /* by our own limit; the session of this client may be a good one */
    SENSE_LOCAL,    /* our certificate cannot be used */
};

/* src/tls/tls_server.c, tls_misc.c, src/smtpd/smtpd.c; the TLS library's texts by OpenSSL. */
static const struct row {
    struct pattern pattern;
    enum sense sense;
    enum log_detail detail;
    enum postfix_weight weight;
} rows[] = {
    /* tls_server.c, 2.2+: "-1", "0", an error of the connection. */
    {{"^SSL_accept error from ",
      "^SSL_accept error from ([^\\[\\s]*)(?:\\[([^\\]]*)\\])?(?::\\d+)?: "},
     SENSE_BROKEN,
     DETAIL_INBOUND_HANDSHAKE_FAILURE,
     POSTFIX_WEIGHT_HANDSHAKE},
    /* smtpd.c, 2.2+, "NOQUEUE: " since 3.10. */
    {{"connection after STARTTLS from ",
      "^(?:NOQUEUE: )?lost connection after STARTTLS from ([^\\[\\s]*)(?:\\[([^\\]]*)\\])?"},
     SENSE_BROKEN,
     DETAIL_INBOUND_HANDSHAKE_FAILURE,
     POSTFIX_WEIGHT_HINT},
    /* smtpd.c, 2.3+: smtpd_client_new_tls_session_rate_limit. */
    {{"^warning: New TLS session rate limit exceeded: ",
      "^warning: New TLS session rate limit exceeded: \\d+ from ([^\\[\\s]*)(?:\\[([^\\]]*)\\])?"},
     SENSE_LIMIT,
     DETAIL_INBOUND_TLS_RATE_LIMIT,
     POSTFIX_WEIGHT_POLICY},
    {{"^warning: Refusing STARTTLS request from ",
      "^warning: Refusing STARTTLS request from ([^\\[\\s]*)(?:\\[([^\\]]*)\\])?"},
     SENSE_LIMIT,
     DETAIL_INBOUND_TLS_RATE_LIMIT,
     POSTFIX_WEIGHT_POLICY},
    /* Alerts 42 to 46, 48 and 112: "sslv3 alert", since OpenSSL 3.2 "ssl/tls alert". */
    {{"^warning: TLS library problem: ",
      "^warning: TLS library problem: .*alert (?:bad certificate|unsupported certificate|"
      "certificate revoked|certificate expired|certificate unknown|unknown ca|unrecognized name)"
      "()()\\b"},
     SENSE_REJECTED,
     DETAIL_INBOUND_PEER_REJECTED_OUR_CERT,
     POSTFIX_WEIGHT_VERIFY},
    {{"^warning: TLS library problem: ", "^warning: TLS library problem: .*SSL alert number "
                                         "(?:42|43|44|45|46|48|112)\\b"},
     SENSE_REJECTED,
     DETAIL_INBOUND_PEER_REJECTED_OUR_CERT,
     POSTFIX_WEIGHT_VERIFY},
    {{"^warning: TLS library problem: ", "^warning: TLS library problem: .*(?:fopen|system lib|PEM "
                                         "routines|key values mismatch|No such file)"},
     SENSE_LOCAL,
     DETAIL_INBOUND_LOCAL_CERT_PROBLEM,
     POSTFIX_WEIGHT_POLICY},
    {{"^warning: TLS library problem: ", "^"},
     SENSE_LIBRARY,
     DETAIL_INBOUND_HANDSHAKE_FAILURE,
     POSTFIX_WEIGHT_LIBRARY},
    /* smtpd.c and tls_certkey.c, 2.2+: senders see "454 TLS not available", or no STARTTLS. */
    {{"^warning: No server certs available", "^"},
     SENSE_LOCAL,
     DETAIL_INBOUND_LOCAL_CERT_PROBLEM,
     POSTFIX_WEIGHT_POLICY},
    {{"^warning: cannot ", "^warning: cannot (?:get (?:\\S+ )?(?:certificate|private key)|load "
                           "(?:\\S+ )*(?:certificate|key))"},
     SENSE_LOCAL,
     DETAIL_INBOUND_LOCAL_CERT_PROBLEM,
     POSTFIX_WEIGHT_POLICY},
    {{"^warning: error loading ", "^warning: error loading (?:private key|certificate|chain)"},
     SENSE_LOCAL,
     DETAIL_INBOUND_LOCAL_CERT_PROBLEM,
     POSTFIX_WEIGHT_POLICY},
    /* No line about a client, which names it with its address: that may hold what it sent. */
    {{"disabling TLS support", "^(?!.*\\[).*disabling TLS support$"},
     SENSE_LOCAL,
     DETAIL_INBOUND_LOCAL_CERT_PROBLEM,
     POSTFIX_WEIGHT_POLICY},
    {{"^warning: Wrapper-mode request dropped from ",
      "^warning: Wrapper-mode request dropped from ([^\\[\\s]*)(?:\\[([^\\]]*)\\])?.*TLS context"},
     SENSE_LOCAL,
     DETAIL_INBOUND_LOCAL_CERT_PROBLEM,
     POSTFIX_WEIGHT_POLICY},
};

struct pattern_set *postfix_inbound_patterns(void)
{
    return pattern_set_new(rows, G_N_ELEMENTS(rows), sizeof rows[0]);
}

bool postfix_inbound_is(struct span message)
{
    return span_begins(message, "SSL_accept error from ") ||
           span_begins(message, "lost connection after STARTTLS from ") ||
           span_begins(message, "NOQUEUE: lost connection after STARTTLS from ") ||
           span_begins(message, "disconnect from ");
}

static struct postfix_tale tale_of(struct postfix_origin *origin, guint64 mark, gint64 at)
{
    return (struct postfix_tale){
        .origin = origin, .direction = DIRECTION_IN, .mark = mark, .at = at};
}

static struct postfix_process *process_of(struct postfix *postfix, struct postfix_origin *origin,
                                          const struct log_line *line)
{
    struct postfix_process *process = postfix_process_get(postfix->processes, origin, line->pid,
                                                          log_line_time(postfix->context, line));

    process->is_inbound = true;
    return process;
}

bool postfix_inbound_session(struct postfix *postfix, struct postfix_origin *origin,
                             const struct log_line *line, const struct postfix_summary *summary)
{
    gint64 at = log_line_time(postfix->context, line);
    struct postfix_tale tale = tale_of(origin, log_mark(postfix->context, line), at);
    struct postfix_process *process = process_of(postfix, origin, line);

    origin->logs_summaries = true;
    process->session.is_known = true;
    process->session.is_told = true;
    postfix_name_set(&process->session.peer, &summary->peer);
    postfix_tell_session(postfix, &tale, summary->outcome, LEVEL_UNKNOWN, summary->version,
                         line->repeats);
    return true;
}

/* "... from HOST[IP]": who it was stands beside the reason, if it is kept at all. */
static void forget_client(char *reason)
{
    char *from = reason != NULL ? strstr(reason, " from ") : NULL;
    char *name = from != NULL ? from + strlen(" from ") : NULL;
    size_t length = name != NULL ? strcspn(name, " [") : 0;
    char *close = length > 0 && name[length] == '[' ? strchr(name + length, ']') : NULL;

    if (close == NULL)
        return;
    if (close[1] == ':' && g_ascii_isdigit(close[2]))
        close += 1 + strspn(close + 2, "0123456789");
    memmove(from, close + 1, strlen(close + 1) + 1);
}

/*
 * One failed session of a client. Mail programs of our users fail for reasons of their own: those
 * are counted only.
 */
void postfix_inbound_tell(struct postfix *postfix, struct postfix_origin *origin,
                          struct postfix_clue *clue)
{
    struct postfix_tale tale = tale_of(origin, clue->mark, clue->at);
    struct postfix_verdict verdict = {.outcome = LOG_OUTCOME_UNKNOWN, .detail = clue->detail};
    bool is_local = (clue->flags & POSTFIX_LOCAL) != 0;
    bool is_counted = is_local || clue->session.is_known;

    if (verdict.detail == DETAIL_HANDSHAKE_FAILURE || verdict.detail == DETAIL_NONE)
        verdict.detail = DETAIL_INBOUND_HANDSHAKE_FAILURE;
    if (verdict.detail == DETAIL_INBOUND_PEER_REJECTED_OUR_CERT)
        verdict.result = error_text_alert(span_of(clue->reason, strlen(clue->reason)));
    if (!is_counted)
        postfix_tell_session(postfix, &tale, SESSION_FAILED, LEVEL_UNKNOWN, TLS_VERSION_UNKNOWN, 1);
    tale.peer.ip = span_of(clue->peer.ip, clue->peer.ip_length);
    if (!is_local)
        forget_client(clue->reason);
    if (is_local || !origin->is_submission)
        postfix_tell_clue(postfix, &tale, clue, &verdict, is_local ? 0 : 1);
}

void postfix_inbound_settle(struct postfix *postfix, struct postfix_process *process)
{
    while (process->clues != NULL) {
        struct postfix_clue *clue = process->clues;
        process->clues = g_steal_pointer(&clue->next);
        postfix_inbound_tell(postfix, process->origin, clue);
        postfix_clue_free(clue);
    }
}

static void tell_local(struct postfix *postfix, struct postfix_process *process,
                       const struct postfix_evidence *evidence, const struct log_line *line)
{
    guint64 hash = postfix_hash(4, evidence->reason);
    gint64 at = log_line_time(postfix->context, line);
    struct postfix_clue *clue;

    if (hash == process->said && at - process->said_at < POSTFIX_ASSOCIATION_SECONDS)
        return;
    process->said = hash;
    process->said_at = at;
    clue = postfix_clue_new(postfix);
    postfix_clue_rest(postfix, clue, evidence, line);
    postfix_inbound_tell(postfix, process->origin, clue);
    postfix_clue_free(clue);
}

/* Of a client that came later: the lines between them are not in this log. */
static bool is_of_another(const struct postfix_clue *clue, const struct postfix_evidence *evidence,
                          gint64 at)
{
    bool has_both = clue->peer.ip_length > 0 && evidence->ip.length > 0;
    bool is_same = has_both && clue->peer.ip_length == evidence->ip.length &&
                   memcmp(clue->peer.ip, evidence->ip.at, evidence->ip.length) == 0;

    return (has_both && !is_same) || at - clue->at > POSTFIX_ASSOCIATION_SECONDS;
}

static void add_evidence(struct postfix *postfix, struct postfix_process *process,
                         const struct postfix_evidence *evidence, const struct log_line *line)
{
    gint64 at = log_line_time(postfix->context, line);

    if (process->clues != NULL && is_of_another(process->clues, evidence, at))
        postfix_inbound_settle(postfix, process);
    if (process->clues == NULL)
        process->clues = postfix_clue_new(postfix);
    postfix_clue_rest(postfix, process->clues, evidence, line);
}

static bool take_evidence(struct postfix *postfix, struct postfix_origin *origin,
                          const struct log_line *line)
{
    struct span captures[PATTERN_CAPTURES];
    int index = pattern_set_match(postfix->inbound, line->message, captures);
    struct postfix_evidence evidence = {.reason = line->message};
    struct postfix_process *process;

    if (index < 0)
        return false;
    if (span_begins(line->message, "warning: "))
        evidence.reason = span_from(line->message, strlen("warning: "));
    evidence.host = captures[1];
    evidence.ip = captures[2];
    evidence.detail = rows[index].detail;
    evidence.weight = rows[index].weight;
    process = process_of(postfix, origin, line);
    if (rows[index].sense == SENSE_LOCAL) {
        evidence.flags = POSTFIX_LOCAL;
        tell_local(postfix, process, &evidence, line);
        return true;
    }
    if (rows[index].sense == SENSE_BROKEN && rows[index].weight > POSTFIX_WEIGHT_HINT)
        process->session.is_known = false;
    add_evidence(postfix, process, &evidence, line);
    if (rows[index].sense == SENSE_LIMIT)
        process->clues->session.is_known = process->session.is_known;
    return true;
}

/*
 * "ehlo=1 starttls=1 quit=1 commands=3", without a second EHLO: a sender that looked at our
 * certificate and went away, which is what a verifying Postfix does. smtpd writes its counters in
 * a fixed order, so what follows STARTTLS tells whether mail or a login was tried.
 */
static bool is_quit_after_tls(struct span counters, const char *starttls)
{
    static const char *const others[] = {" quit=", " rset=", " noop=", " commands="};
    struct span rest = span_from(counters, (size_t)(starttls - counters.at));

    if (!span_begins(rest, " starttls=1 "))
        return false;
    rest = span_from(rest, strlen(" starttls=1"));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (span_begins(rest, others[i]))
            return span_find(counters, " ehlo=2") == NULL &&
                   span_find(counters, " helo=") == NULL && span_find(rest, " unknown=") == NULL;
    return false;
}

static void take_quit(struct postfix *postfix, struct postfix_process *process,
                      const struct postfix_evidence *counted, const struct log_line *line)
{
    struct postfix_evidence evidence = *counted;
    struct postfix_clue *clue = process->clues;

    evidence.detail = DETAIL_INBOUND_QUIT_AFTER_STARTTLS;
    evidence.weight = POSTFIX_WEIGHT_POLICY;
    if (clue != NULL && clue->weight > POSTFIX_WEIGHT_HINT)
        return;
    add_evidence(postfix, process, &evidence, line);
    process->clues->session.is_known = process->session.is_known;
}

/* "lost connection after STARTTLS", but TLS had begun. */
static void drop_hint(struct postfix_process *process)
{
    if (process->clues != NULL && process->clues->weight == POSTFIX_WEIGHT_HINT)
        g_clear_pointer(&process->clues, postfix_clues_free);
}

/* What the counters of a disconnect line say. */
struct counters {
    const char *starttls; /* where " starttls=" begins; NULL: none */
    bool has_mail;        /* " data=1", " bdat=1/2"; not " data=0/1" */
    bool has_login;
};

static bool is_positive(char digit)
{
    return digit >= '1' && digit <= '9';
}

static void read_counter(const char *at, size_t length, struct counters *found)
{
    static const size_t command = sizeof " data=" - 1;

    if (length <= command)
        return;
    if (memcmp(at, " data=", command) == 0 || memcmp(at, " bdat=", command) == 0)
        found->has_mail = found->has_mail || is_positive(at[command]);
    else if (memcmp(at, " auth=", command) == 0)
        found->has_login = true;
    else if (length > strlen(" starttls=") && memcmp(at, " starttls=", strlen(" starttls=")) == 0)
        found->starttls = at;
}

/* Most lines of a busy server are about clients that come to nothing: each word is looked at once.
 */
static struct counters read_counters(struct span text)
{
    struct counters found = {0};
    const char *end = text.at + text.length, *at = text.at;

    while ((at = memchr(at, ' ', (size_t)(end - at))) != NULL) {
        read_counter(at, (size_t)(end - at), &found);
        at++;
    }
    return found;
}

/* "starttls=0/1". */
static bool is_failed_starttls(struct span counters, const char *starttls)
{
    return starttls != NULL &&
           span_begins(span_from(counters, (size_t)(starttls - counters.at)), " starttls=0");
}

/* Mail of another server that came without TLS: who logs in is no other server, and what comes from
   this machine went over no network. */
static bool is_mail_in_clear(const struct counters *counters, struct span text)
{
    struct postfix_peer peer;

    if (!counters->has_mail || counters->has_login)
        return false;
    peer = postfix_peer_read(text);
    return peer.ip.length > 0 && !span_begins(peer.ip, "127.") && !span_is(peer.ip, "::1");
}

static bool tell_in_clear(struct postfix *postfix, struct postfix_origin *origin,
                          const struct log_line *line)
{
    struct postfix_tale tale =
        tale_of(origin, log_mark(postfix->context, line), log_line_time(postfix->context, line));

    postfix_tell_session(postfix, &tale, SESSION_PLAINTEXT, LEVEL_UNKNOWN, TLS_VERSION_UNKNOWN,
                         line->repeats);
    return true;
}

static void tell_disconnect(struct postfix *postfix, struct postfix_process *process,
                            const struct log_line *line, struct span counters, const char *starttls)
{
    struct postfix_peer peer = postfix_peer_read(counters);
    struct postfix_evidence evidence = {.detail = DETAIL_INBOUND_HANDSHAKE_FAILURE,
                                        .weight = POSTFIX_WEIGHT_HINT,
                                        .reason = line->message,
                                        .host = peer.host,
                                        .ip = peer.ip};

    if (is_failed_starttls(counters, starttls))
        add_evidence(postfix, process, &evidence, line);
    else if (starttls != NULL && is_quit_after_tls(counters, starttls))
        take_quit(postfix, process, &evidence, line);
    else if (process->session.is_known || starttls != NULL)
        drop_hint(process);
    postfix_inbound_settle(postfix, process);
}

/* What the connection came to; the line has counters since 3.0. */
static bool take_disconnect(struct postfix *postfix, struct postfix_origin *origin,
                            const struct log_line *line)
{
    struct span text = span_from(line->message, strlen("disconnect from "));
    struct counters counters = read_counters(text);
    const char *starttls = counters.starttls;
    struct postfix_process *process = postfix_process_find(postfix->processes, origin, line->pid);
    bool is_known = process != NULL && process->session.is_known;
    bool told = (process != NULL && process->clues != NULL) || is_failed_starttls(text, starttls) ||
                (starttls != NULL && is_quit_after_tls(text, starttls));

    if (told) {
        process = process_of(postfix, origin, line);
        tell_disconnect(postfix, process, line, text, starttls);
    }
    if (process != NULL)
        process->session.is_known = false;
    return (starttls == NULL && !is_known && is_mail_in_clear(&counters, text))
               ? tell_in_clear(postfix, origin, line)
               : told;
}

static bool take_connect(struct postfix *postfix, struct postfix_origin *origin,
                         const struct log_line *line)
{
    struct postfix_process *process = postfix_process_find(postfix->processes, origin, line->pid);

    if (process == NULL || process->clues == NULL)
        return false;
    postfix_inbound_settle(postfix, process);
    return true;
}

/* Most lines of smtpd are of mail and of refusals. */
static bool may_be_evidence(struct span message)
{
    switch (*message.at) {
    case 'S':
        return true;
    case 'l':
        return !span_begins(message, "lost connection after ") ||
               span_begins(message, "lost connection after STARTTLS ");
    case 'N':
        return span_begins(message, "NOQUEUE: lost ");
    case 'w':
        return !span_begins(message, "warning: hostname ");
    default:
        return false;
    }
}

bool postfix_inbound_is_idle(const struct log_line *line)
{
    struct span message = line->message;

    switch (message.length == 0 ? '\0' : *message.at) {
    case 'A':
    case 'T':
    case 'U':
    case 'V':
    case 'c':
    case 'd':
        return postfix_queue_id(message) > 0;
    default:
        return message.length == 0 || !may_be_evidence(message);
    }
}

bool postfix_inbound_take(struct postfix *postfix, struct postfix_origin *origin,
                          const struct log_line *line)
{
    struct span message = line->message;
    struct postfix_summary summary;

    if (message.length == 0)
        return false;
    if (span_begins(message, "disconnect from "))
        return take_disconnect(postfix, origin, line);
    if (span_begins(message, "connect from "))
        return take_connect(postfix, origin, line);
    if (postfix_summary_read(message, &summary))
        return summary.is_inbound && postfix_inbound_session(postfix, origin, line, &summary);
    return may_be_evidence(message) && take_evidence(postfix, origin, line);
}
