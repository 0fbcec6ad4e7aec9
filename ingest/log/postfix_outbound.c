#include "ingest/log/postfix_private.h"
#include "ingest/log/postfix_reason.h"

/* What one line of a delivery is about, while it is looked at. */
struct work {
    struct postfix *postfix;
    struct postfix_origin *origin;
    struct postfix_process *process;
    const struct log_line *line;
    const struct postfix_delivery *delivery;
    struct postfix_attempt attempt;
    bool is_first; /* recipient of its attempt */
    guint64 mark;  /* of the line; 0: nothing rests on it yet */
};

static struct postfix_tale tale_of(struct postfix_origin *origin, guint64 mark, gint64 at)
{
    return (struct postfix_tale){
        .origin = origin, .direction = DIRECTION_OUT, .mark = mark, .at = at};
}

static struct span span_of_text(const char *text)
{
    return text == NULL ? span_of("", 0) : span_of(text, strlen(text));
}

/* `other`: the line of its delivery, NULL where there is none. */
static void tell_session_with(struct postfix *postfix, struct postfix_process *process,
                              struct postfix_session *session, struct span domain,
                              struct span next_hop, enum session_outcome outcome,
                              enum tls_level level, const struct postfix_tale *other)
{
    struct postfix_tale tale = tale_of(process->origin, session->mark, session->at);

    if (other != NULL) {
        tale.other_mark = other->mark;
        tale.other_at = other->at;
    }
    tale.peer = postfix_name_peer(&session->peer);
    tale.domain = domain;
    tale.next_hop = next_hop;
    postfix_tell_session(postfix, &tale, outcome, level, session->version, session->count);
    session->is_told = true;
}

static void tell_session(struct postfix *postfix, struct postfix_process *process,
                         struct postfix_session *session, struct span domain, struct span next_hop,
                         enum session_outcome outcome, enum tls_level level)
{
    tell_session_with(postfix, process, session, domain, next_hop, outcome, level, NULL);
}

/* What goes on at some levels, and a session that was lost, had the outcome its summary says. */
static enum session_outcome outcome_of_clue(const struct postfix_clue *clue)
{
    bool is_open = (clue->flags & POSTFIX_SOFT) != 0 && !clue->is_confirmed;

    if (!is_open && clue->detail != DETAIL_TLS_SESSION_LOST)
        return SESSION_FAILED;
    return clue->session.is_known ? clue->session.outcome : SESSION_UNKNOWN;
}

/*
 * Evidence without a line of a delivery, or of a server that was given up for another one. Each
 * failed session counts, by its summary or for want of one by this.
 */
static void tell_clue(struct postfix *postfix, struct postfix_process *process,
                      struct postfix_clue *clue, struct span domain, enum log_outcome outcome)
{
    struct postfix_verdict verdict = {.outcome = outcome};
    struct postfix_tale tale = tale_of(process->origin, clue->mark, clue->at);
    bool was_kept = (clue->flags & POSTFIX_LOCAL) == 0;

    postfix_judge_clue(clue, &verdict);
    tale.domain = clue->domain != NULL ? span_of_text(clue->domain) : domain;
    if (tale.domain.length == 0)
        tale.domain = span_of_text(clue->next_hop);
    tale.next_hop = span_of_text(clue->next_hop);
    tale.peer = postfix_name_peer(&clue->peer);
    tale.queue_id = span_of_text(clue->queue_id);
    if (clue->session.is_known && !clue->session.is_told)
        tell_session(postfix, process, &clue->session, tale.domain, tale.next_hop,
                     outcome_of_clue(clue), verdict.level);
    else if (was_kept && !clue->session.is_known && (clue->flags & POSTFIX_UNUSABLE) == 0)
        postfix_tell_session(postfix, &tale, outcome_of_clue(clue), verdict.level,
                             TLS_VERSION_UNKNOWN, 1);
    postfix_tell_clue(postfix, &tale, clue, &verdict, was_kept ? 1 : 0);
    postfix_clue_told(postfix, clue, process->origin);
}

/* Each process says the same at its start, or with each mail. */
static void tell_local(struct postfix *postfix, struct postfix_process *process,
                       struct postfix_clue *clue)
{
    guint64 hash = postfix_hash((guint64)clue->detail, span_of_text(clue->next_hop));

    if (hash == process->said && clue->at - process->said_at < POSTFIX_ASSOCIATION_SECONDS)
        return;
    process->said = hash;
    process->said_at = clue->at;
    tell_clue(postfix, process, clue, span_of("", 0), LOG_OUTCOME_UNKNOWN);
}

/* --- lines before the line of a delivery --- */

static void unhook(struct postfix_process *process, struct postfix_clue *clue)
{
    struct postfix_clue **at = &process->clues;

    while (*at != clue)
        at = &(*at)->next;
    *at = clue->next;
    clue->next = NULL;
}

static void tell_pending(struct postfix *postfix, struct postfix_process *process,
                         struct postfix_clue *clue)
{
    unhook(process, clue);
    if ((clue->flags & POSTFIX_LOCAL) != 0)
        tell_local(postfix, process, clue);
    else
        tell_clue(postfix, process, clue, span_of("", 0), LOG_OUTCOME_UNKNOWN);
    postfix_clue_free(clue);
}

static void settle(struct postfix_process *process, void *data)
{
    if (!process->is_inbound)
        postfix_outbound_settle(data, process);
}

static struct postfix_clue *add_clue(struct postfix *postfix, struct postfix_process *process)
{
    struct postfix_clue *clue = postfix_clue_new(postfix);
    struct postfix_clue **at;
    guint count = 0;

    if (postfix->clues > POSTFIX_CLUES_TOTAL)
        postfix_processes_settle(postfix->processes, G_MAXINT64, 0, settle, postfix);
    for (at = &process->clues; *at != NULL; at = &(*at)->next)
        count++;
    if (count >= POSTFIX_CLUES_MAX) {
        tell_pending(postfix, process, process->clues);
        for (at = &process->clues; *at != NULL; at = &(*at)->next)
            ;
    }
    *at = clue;
    return clue;
}

static bool is_about(const struct postfix_clue *clue, const struct postfix_peer *peer)
{
    struct postfix_peer own = postfix_name_peer(&clue->peer);

    return postfix_peer_equals(&own, peer);
}

/* Of our own configuration, for the same destination as far as they name one. */
static bool is_same_trouble(const struct postfix_clue *clue,
                            const struct postfix_evidence *evidence)
{
    if ((clue->detail == DETAIL_LOCAL_RESOLVER_NO_DNSSEC) !=
        (evidence->detail == DETAIL_LOCAL_RESOLVER_NO_DNSSEC))
        return false;
    return clue->next_hop == NULL || evidence->next_hop.length == 0 ||
           span_is(evidence->next_hop, clue->next_hop);
}

/*
 * Lines about one peer are one clue. One that names none belongs to the line before it, and one
 * about our own configuration to no peer. A server that was given up has had its clue.
 */
static struct postfix_clue *clue_for(struct postfix *postfix, struct postfix_process *process,
                                     const struct postfix_evidence *evidence)
{
    struct postfix_peer peer = {evidence->host, evidence->ip};
    bool is_local = (evidence->flags & POSTFIX_LOCAL) != 0;
    struct postfix_clue *found = NULL;

    for (struct postfix_clue *clue = process->clues; clue != NULL; clue = clue->next) {
        if (clue->is_confirmed || ((clue->flags & POSTFIX_LOCAL) != 0) != is_local)
            continue;
        if (is_local ? is_same_trouble(clue, evidence)
                     : is_about(clue, &peer) || (peer.host.length == 0 && peer.ip.length == 0 &&
                                                 (clue->flags & POSTFIX_STS) == 0))
            found = clue;
    }
    return found != NULL ? found : add_clue(postfix, process);
}

static bool take_evidence(struct postfix *postfix, struct postfix_origin *origin,
                          const struct log_line *line)
{
    struct postfix_evidence evidence;
    struct postfix_process *process;
    struct postfix_clue *clue;

    if (!postfix_evidence_read(postfix->evidences, line->message, &evidence))
        return false;
    process = postfix_process_get(postfix->processes, origin, line->pid,
                                  log_line_time(postfix->context, line));
    if ((evidence.flags & POSTFIX_BEFORE_36) != 0) {
        process->is_before_36 = true;
        return false;
    }
    clue = clue_for(postfix, process, &evidence);
    /* "TLS policy lookup for ...: client TLS configuration problem" says less than D17 and D18. */
    if ((evidence.flags & POSTFIX_LOCAL) != 0 && clue->line != NULL) {
        if (clue->detail == evidence.detail || evidence.detail == DETAIL_LOCAL_TLS_CONFIG)
            evidence.weight = POSTFIX_WEIGHT_HINT;
        else if (clue->detail == DETAIL_LOCAL_TLS_CONFIG)
            clue->weight = POSTFIX_WEIGHT_HINT;
    }
    postfix_clue_rest(postfix, clue, &evidence, line);
    return true;
}

/* What the TLS library says of a session stands in lines of this process, and they are known. */
static bool sees_all(const struct postfix *postfix, const struct postfix_process *process)
{
    return process->pid != 0 && !postfix->has_proxy;
}

static bool is_session_of(const struct postfix_process *process, const struct postfix_peer *peer)
{
    struct postfix_peer own = postfix_name_peer(&process->session.peer);

    return process->session.is_known && postfix_peer_equals(&own, peer);
}

/* A session that no line of a delivery told of yet waits for the next one. */
static void put_session_aside(struct postfix_process *process)
{
    if (process->session.is_known && !process->session.is_told) {
        if (process->earlier == NULL)
            process->earlier = g_array_new(FALSE, FALSE, sizeof process->session);
        g_array_append_val(process->earlier, process->session);
    }
    process->session.is_known = false;
}

static void tell_earlier(struct postfix *postfix, struct postfix_process *process,
                         struct span domain)
{
    for (guint i = 0; process->earlier != NULL && i < process->earlier->len; i++) {
        struct postfix_session *session =
            &g_array_index(process->earlier, struct postfix_session, i);
        tell_session(postfix, process, session, domain, span_of("", 0), session->outcome,
                     LEVEL_UNKNOWN);
    }
    g_clear_pointer(&process->earlier, g_array_unref);
}

static bool take_summary(struct postfix *postfix, struct postfix_origin *origin,
                         const struct log_line *line, const struct postfix_summary *summary)
{
    gint64 at = log_line_time(postfix->context, line);
    struct postfix_process *process =
        postfix_process_get(postfix->processes, origin, line->pid, at);
    struct postfix_session *session = &process->session;

    put_session_aside(process);
    if (process->earlier != NULL && process->earlier->len >= POSTFIX_CLUES_MAX)
        tell_earlier(postfix, process, span_of("", 0));
    origin->logs_summaries = true;
    session->is_known = true;
    session->is_told = summary->is_reused;
    session->is_early = false;
    session->at = at;
    session->mark = summary->is_reused ? 0 : log_mark(postfix->context, line);
    session->count = line->repeats;
    session->outcome = summary->outcome;
    session->version = summary->version;
    postfix_name_set(&session->peer, &summary->peer);
    return !summary->is_reused;
}

/* No line before it says what was wrong with the certificate. */
static void take_silence(struct postfix_evidence *evidence)
{
    enum log_detail detail = postfix_judge_silence(evidence->reason);

    if (detail == DETAIL_NONE)
        return;
    evidence->detail = detail;
    evidence->result = RESULT_UNKNOWN;
    evidence->level = detail == DETAIL_TLSA_MISMATCH ? LEVEL_DANE : LEVEL_FINGERPRINT;
}

/* Another server, or clear text, may be tried after it. */
static bool leads_on(const struct postfix_reason *reason)
{
    return (reason->kind == POSTFIX_REASON_FINAL || reason->kind == POSTFIX_REASON_HANDSHAKE ||
            reason->kind == POSTFIX_REASON_CERTIFICATE || reason->kind == POSTFIX_REASON_LOST) &&
           reason->detail != DETAIL_REQUIRETLS_LEVEL;
}

/* "QID: REASON": this server failed, and another one, or clear text, is tried. */
static bool take_passing_reason(struct postfix *postfix, struct postfix_origin *origin,
                                const struct log_line *line, size_t id_length)
{
    struct span text = span_from(line->message, id_length + 2);
    struct postfix_evidence evidence = {.weight = POSTFIX_WEIGHT_HANDSHAKE, .reason = text};
    const struct postfix_reason *reason;
    struct postfix_process *process;
    struct postfix_clue *clue;
    struct postfix_peer peer;
    struct span host;
    bool is_throttled, is_over_tls;

    reason = postfix_reason_find(postfix->reasons, text, &is_throttled, &host);
    if (!leads_on(reason))
        return false;
    process = postfix_process_get(postfix->processes, origin, line->pid,
                                  log_line_time(postfix->context, line));
    peer = postfix_peer_read(host);
    if (host.length == 0 && process->session.is_known && !process->session.is_told)
        peer = postfix_name_peer(&process->session.peer);
    is_over_tls = !process->session.is_told && is_session_of(process, &peer);
    if (reason->kind == POSTFIX_REASON_LOST && !is_over_tls)
        return false;
    evidence.host = peer.host;
    evidence.ip = peer.ip;
    evidence.detail = reason->detail;
    evidence.result = reason->result;
    if (reason->kind == POSTFIX_REASON_FINAL)
        evidence.weight = POSTFIX_WEIGHT_POLICY;
    if (reason->kind == POSTFIX_REASON_CERTIFICATE && is_over_tls &&
        process->session.outcome == SESSION_TRUSTED)
        evidence.result = RESULT_CERTIFICATE_HOST_MISMATCH;
    clue = clue_for(postfix, process, &evidence);
    if (is_over_tls && clue->line == NULL && sees_all(postfix, process) &&
        process->session.outcome == SESSION_UNTRUSTED)
        take_silence(&evidence);
    postfix_clue_rest(postfix, clue, &evidence, line);
    clue->is_confirmed = true;
    if (clue->queue_id == NULL)
        clue->queue_id = g_strndup(line->message.at, id_length);
    if (is_over_tls) {
        clue->session = process->session;
        process->session.is_known = false;
    }
    return true;
}

/* --- the line of a delivery --- */

static bool is_delivered(const struct postfix_delivery *delivery)
{
    return delivery->status == POSTFIX_SENT || delivery->status == POSTFIX_PROBE_GOOD;
}

static guint64 mark_of(struct work *work)
{
    if (work->mark == 0)
        work->mark = log_mark(work->postfix->context, work->line);
    return work->mark;
}

/* What recipients of one attempt have in common: message, server, and when it was connected to. */
static guint64 hash_attempt(const struct postfix_delivery *delivery)
{
    guint64 hash = postfix_hash(1, delivery->queue_id);

    hash = postfix_hash(hash, delivery->relay_text);
    return postfix_hash(hash, delivery->timings);
}

/* "QID: Cannot start TLS: handshake failure", without a line that names the server. */
static bool is_nameless(const struct postfix_clue *clue)
{
    return clue->peer.host_length == 0 && clue->peer.ip_length == 0;
}

static bool is_open_handshake(const struct work *work)
{
    const struct postfix_reason *reason = work->attempt.reason;

    return reason != NULL ? reason->kind == POSTFIX_REASON_HANDSHAKE
                          : !work->process->session.is_known;
}

/* Of our own configuration, and what became of this attempt by it. */
static bool is_own_fault(const struct work *work, const struct postfix_clue *clue)
{
    const struct postfix_reason *reason = work->attempt.reason;

    if (reason == NULL)
        return false;
    if (reason->kind == POSTFIX_REASON_LOCAL)
        return clue->detail != DETAIL_LOCAL_RESOLVER_NO_DNSSEC;
    if ((clue->flags & POSTFIX_UNREADY) == 0)
        return false;
    if (reason->kind == POSTFIX_REASON_NO_SERVER)
        return true;
    return (reason->kind == POSTFIX_REASON_HANDSHAKE ||
            reason->kind == POSTFIX_REASON_CERTIFICATE) &&
           (is_nameless(clue) || is_about(clue, &work->delivery->peer));
}

/* Whether the clue is about the attempt that this line tells of. */
static bool belongs(const struct work *work, const struct postfix_clue *clue)
{
    const struct postfix_reason *reason = work->attempt.reason;
    struct postfix_peer host = postfix_peer_read(work->attempt.reason_host);

    if ((clue->flags & POSTFIX_LOCAL) != 0)
        return is_own_fault(work, clue);
    if (work->delivery->relay == POSTFIX_RELAY_HOST)
        return is_nameless(clue) ? is_open_handshake(work) : is_about(clue, &work->delivery->peer);
    if (reason == NULL)
        return false;
    if (reason->kind == POSTFIX_REASON_NO_SERVER)
        return (clue->flags & POSTFIX_STS) != 0;
    if (reason->kind != POSTFIX_REASON_FINAL)
        return false;
    if (host.host.length > 0)
        return is_about(clue, &host);
    return clue->detail == reason->detail;
}

static enum log_outcome outcome_elsewhere(const struct work *work)
{
    switch (work->delivery->status) {
    case POSTFIX_SENT:
        return LOG_OUTCOME_OTHER_MX;
    case POSTFIX_DEFERRED:
        return LOG_OUTCOME_DEFERRED;
    case POSTFIX_BOUNCED:
        return LOG_OUTCOME_BOUNCED;
    case POSTFIX_STATUS_UNKNOWN:
    case POSTFIX_PROBE_GOOD:
    case POSTFIX_PROBE_BAD:
        break;
    }
    return LOG_OUTCOME_UNKNOWN;
}

/* Of a server that was tried before this one. What goes on at any level is no failure. */
static void tell_elsewhere(struct work *work, struct postfix_clue *clue)
{
    if ((clue->flags & POSTFIX_LOCAL) != 0)
        tell_local(work->postfix, work->process, clue);
    else if (clue->is_confirmed || (clue->flags & POSTFIX_SOFT) == 0)
        tell_clue(work->postfix, work->process, clue, work->delivery->domain,
                  outcome_elsewhere(work));
    else
        log_clues_consume(work->postfix->context, &clue->rests, work->origin->name);
}

/*
 * The same server failed, then was tried again in clear: where that went well, or ill for another
 * reason, the first failure is one of its own.
 */
static bool is_same_failure(const struct work *work, const struct postfix_clue *clue)
{
    const struct postfix_reason *reason = work->attempt.reason;

    if (!clue->is_confirmed)
        return true;
    /* Nothing goes in clear for a certificate: then this was another server, at the same address.
     */
    if (reason == NULL)
        return clue->detail == DETAIL_HANDSHAKE_FAILURE || clue->detail == DETAIL_TLS_SESSION_LOST;
    return reason->kind != POSTFIX_REASON_OTHER && reason->kind != POSTFIX_REASON_DIALOGUE &&
           reason->kind != POSTFIX_REASON_DNS;
}

/* Lines without a pid may be of many processes: what is not about this delivery waits on. */
static bool is_shared(const struct postfix_process *process)
{
    return process->pid == 0;
}

static void resolve_clues(struct work *work)
{
    struct postfix_process *process = work->process;
    struct postfix_clue *clue = g_steal_pointer(&process->clues);
    struct postfix_clue **left = &process->clues;

    while (clue != NULL) {
        struct postfix_clue *next = clue->next;
        clue->next = NULL;
        if (belongs(work, clue) && is_same_failure(work, clue)) {
            log_clues_consume(work->postfix->context, &clue->rests, process->origin->name);
            if (process->facts == NULL)
                process->facts = clue;
            else
                postfix_clue_join(process->facts, clue);
        } else if (is_shared(process)) {
            *left = clue;
            left = &clue->next;
        } else {
            tell_elsewhere(work, clue);
            postfix_clue_free(clue);
        }
        clue = next;
    }
}

/* tlsproxy says what smtp would have said itself. */
static void ask_proxy(struct work *work)
{
    struct postfix_attempt *attempt = &work->attempt;
    bool broken = attempt->reason != NULL && attempt->reason->kind == POSTFIX_REASON_HANDSHAKE;
    bool refused = attempt->reason != NULL && attempt->reason->kind == POSTFIX_REASON_CERTIFICATE;
    enum postfix_fate fate = broken    ? POSTFIX_FATE_BROKEN
                             : refused ? POSTFIX_FATE_REFUSED
                                       : POSTFIX_FATE_USED;
    bool may_be_soft = attempt->reason == NULL && attempt->is_over_tls &&
                       !work->delivery->is_reused && attempt->trust != SESSION_VERIFIED;
    struct postfix_clue *clue;

    if (!work->postfix->has_proxy || work->delivery->relay != POSTFIX_RELAY_HOST ||
        (!broken && !refused && !may_be_soft))
        return;
    clue = postfix_proxy_find(work->postfix, work->origin, &work->delivery->peer,
                              work->delivery->domain, fate);
    if (clue == NULL && broken)
        postfix_proxy_expect(work->postfix, work->origin, &work->delivery->peer,
                             log_line_time(work->postfix->context, work->line));
    if (clue == NULL)
        return;
    log_clues_consume(work->postfix->context, &clue->rests, work->origin->name);
    if (work->process->facts == NULL)
        work->process->facts = clue;
    else
        postfix_clue_join(work->process->facts, clue);
}

static void begin_attempt(struct work *work, guint64 hash)
{
    struct postfix_process *process = work->process;
    const struct postfix_delivery *delivery = work->delivery;
    bool is_same_peer =
        delivery->relay == POSTFIX_RELAY_HOST && is_session_of(process, &delivery->peer);

    process->attempt = hash;
    g_clear_pointer(&process->facts, postfix_clue_free);
    if (process->session.is_known && !is_same_peer)
        put_session_aside(process);
    if (process->session.is_told && !process->session.is_early && !delivery->is_reused)
        process->session.is_known = false;
    process->session.is_early = false;
    if (process->clues != NULL)
        resolve_clues(work);
    if (process->earlier != NULL && !is_shared(process))
        tell_earlier(work->postfix, process, delivery->domain);
}

static struct postfix_tale tale_of_work(struct work *work)
{
    const struct postfix_delivery *delivery = work->delivery;
    const struct postfix_clue *facts = work->attempt.facts;
    struct postfix_tale tale =
        tale_of(work->origin, 0, log_line_time(work->postfix->context, work->line));
    struct postfix_peer named = postfix_peer_read(work->attempt.reason_host);

    tale.queue_id = delivery->queue_id;
    tale.domain = delivery->domain;
    tale.peer = delivery->peer;
    if (facts != NULL)
        tale.next_hop = span_of_text(facts->next_hop);
    if (delivery->relay == POSTFIX_RELAY_HOST)
        return tale;
    tale.peer = facts != NULL ? postfix_name_peer(&facts->peer) : named;
    if (named.host.length == delivery->domain.length && named.host.length > 0 &&
        g_ascii_strncasecmp(named.host.at, delivery->domain.at, named.host.length) == 0)
        tale.peer.host.length = 0;
    return tale;
}

/* Without a summary: what tls= says, else what is not said where sessions are logged. */
static enum session_outcome outcome_unseen(const struct work *work,
                                           const struct postfix_verdict *verdict)
{
    enum session_outcome outcome = postfix_judge_tls(&work->delivery->tls);

    if (verdict->outcome == LOG_OUTCOME_PLAINTEXT)
        return SESSION_PLAINTEXT;
    if (work->delivery->tls.is_present)
        return outcome;
    return work->origin->logs_summaries ? SESSION_PLAINTEXT : SESSION_UNKNOWN;
}

/* The connection came so far that there was a session of some kind. */
static bool had_session(const struct work *work)
{
    const struct postfix_attempt *attempt = &work->attempt;

    if (work->delivery->relay != POSTFIX_RELAY_HOST)
        return false;
    if (is_delivered(work->delivery))
        return true;
    return attempt->reason != NULL &&
           (attempt->reason->kind == POSTFIX_REASON_DIALOGUE ||
            (attempt->reason->kind == POSTFIX_REASON_LOST &&
             postfix_judge_tls(&work->delivery->tls) != SESSION_UNKNOWN));
}

/* Whether the line counts a session where no line before it is read. */
static bool counts_alone(const struct work *work, bool failed)
{
    return !work->attempt.is_throttled && !work->delivery->is_reused &&
           (failed || had_session(work));
}

static bool count_session(struct work *work, struct postfix_tale *tale,
                          const struct postfix_verdict *verdict)
{
    struct postfix_session *session = &work->process->session;
    struct postfix_clue *facts = work->process->facts;
    bool failed = verdict->is_failure && verdict->is_session_failed;
    bool alone = counts_alone(work, failed);
    const struct postfix_tale *other = alone ? tale : NULL;

    if (alone)
        tale->mark = mark_of(work);
    if (facts != NULL && facts->session.is_known && !facts->session.is_told) {
        tell_session_with(work->postfix, work->process, &facts->session, tale->domain,
                          tale->next_hop, outcome_of_clue(facts), verdict->level,
                          failed ? other : NULL);
        if (failed)
            return true;
    }
    if (session->is_known && !session->is_told) {
        tell_session_with(work->postfix, work->process, session, tale->domain, tale->next_hop,
                          failed ? SESSION_FAILED : session->outcome, verdict->level, other);
        return true;
    }
    if (!alone)
        return false;
    if (!work->is_first || session->is_known) {
        postfix_tell_counted(work->postfix, tale);
        return false;
    }
    postfix_tell_session(work->postfix, tale,
                         failed ? SESSION_FAILED : outcome_unseen(work, verdict), verdict->level,
                         TLS_VERSION_UNKNOWN, 1);
    return true;
}

static guint64 hash_of_host(const struct work *work, guint64 begin)
{
    return postfix_hash(begin, span_of(work->origin->host, work->origin->host_length));
}

static void remember(struct work *work, guint64 hash, const struct postfix_verdict *verdict)
{
    work->postfix->recent[hash % POSTFIX_RECENT] =
        (struct postfix_recent){hash,
                                log_line_time(work->postfix->context, work->line),
                                verdict->detail,
                                verdict->result,
                                verdict->level,
                                verdict->dane};
}

static bool recall(struct work *work, guint64 hash, gint64 since, struct postfix_verdict *verdict)
{
    const struct postfix_recent *recent = &work->postfix->recent[hash % POSTFIX_RECENT];

    if (recent->hash != hash || recent->at < since)
        return false;
    verdict->detail = recent->detail;
    verdict->result = recent->result;
    verdict->level = recent->level;
    verdict->dane = recent->dane;
    return true;
}

/* A reason that is said again has lost the lines that told more. */
static void share_reason(struct work *work, struct postfix_verdict *verdict)
{
    static const char suspended[] = "delivery temporarily suspended: ";
    struct span reason = work->delivery->reason;
    guint64 hash;

    if (work->attempt.is_throttled)
        reason = span_from(reason, strlen(suspended));
    hash = postfix_hash(postfix_hash(hash_of_host(work, 2), work->delivery->domain), reason);
    if (work->attempt.is_throttled)
        recall(work, hash, 0, verdict);
    else
        remember(work, hash, verdict);
}

/* Mail over a connection that another delivery began, and that went on in clear after a failure. */
static void share_connection(struct work *work, struct postfix_verdict *verdict)
{
    gint64 since = log_line_time(work->postfix->context, work->line) - POSTFIX_REUSE_SECONDS;
    guint64 hash = postfix_hash(hash_of_host(work, 5), work->delivery->peer.ip);

    if (verdict->is_failure && verdict->outcome == LOG_OUTCOME_PLAINTEXT) {
        remember(work, hash, verdict);
    } else if (work->delivery->is_reused && work->delivery->status == POSTFIX_SENT &&
               !work->attempt.is_over_tls && recall(work, hash, since, verdict)) {
        verdict->is_failure = true;
        verdict->outcome = LOG_OUTCOME_PLAINTEXT;
    }
}

static void tell_failure(struct work *work, struct postfix_tale *tale,
                         struct postfix_verdict *verdict)
{
    bool counts = work->is_first && !work->attempt.is_throttled && !work->delivery->is_reused;

    if (work->attempt.reason != NULL)
        share_reason(work, verdict);
    tale->mark = mark_of(work);
    postfix_tell_delivery(work->postfix, tale, &work->attempt, verdict, work->line->whole,
                          counts ? 1 : 0);
}

static bool tell_work(struct work *work)
{
    struct postfix_verdict verdict;
    struct postfix_tale tale;
    bool tells;

    work->attempt.facts = work->process->facts;
    verdict = postfix_judge(&work->attempt);
    if (work->delivery->status == POSTFIX_SENT)
        share_connection(work, &verdict);
    tale = tale_of_work(work);
    tale.lacks_session = work->process->facts == NULL && !work->process->session.is_known;
    tells = count_session(work, &tale, &verdict);
    if (verdict.is_failure)
        tell_failure(work, &tale, &verdict);
    return tells || verdict.is_failure;
}

static void find_reason(struct work *work)
{
    struct postfix_attempt *attempt = &work->attempt;

    if (!is_delivered(work->delivery))
        attempt->reason = postfix_reason_find(work->postfix->reasons, work->delivery->reason,
                                              &attempt->is_throttled, &attempt->reason_host);
}

static bool take_delivery(struct postfix *postfix, struct postfix_origin *origin,
                          const struct log_line *line, const struct postfix_delivery *delivery)
{
    struct work work = {.postfix = postfix, .origin = origin, .line = line, .delivery = delivery};
    guint64 hash = hash_attempt(delivery);

    if (delivery->relay == POSTFIX_RELAY_LOCAL)
        return false;
    work.attempt.delivery = delivery;
    find_reason(&work);
    work.process = postfix_process_get(postfix->processes, origin, line->pid,
                                       log_line_time(postfix->context, line));
    work.is_first = work.process->attempt != hash || delivery->queue_id.length == 0;
    if (work.is_first)
        begin_attempt(&work, hash);
    work.attempt.is_over_tls =
        delivery->relay == POSTFIX_RELAY_HOST && work.process->session.is_known;
    work.attempt.trust = work.process->session.outcome;
    work.attempt.sees_all = sees_all(postfix, work.process);
    work.process->is_before_36 |= span_begins(delivery->reason, "Server certificate not trusted");
    work.attempt.is_before_36 = work.process->is_before_36 && work.process->pid != 0;
    if (work.attempt.is_over_tls)
        work.attempt.version = work.process->session.version;
    if (work.is_first)
        ask_proxy(&work);
    return tell_work(&work);
}

void postfix_outbound_look(struct span message, struct postfix_look *look)
{
    look->id_length = postfix_queue_id(message);
    look->form = POSTFIX_FORM_OTHER;
    if (look->id_length > 0 && !span_begins(span_from(message, look->id_length), ": to=<"))
        look->form = POSTFIX_FORM_MESSAGE;
    else if (postfix_delivery_read(message, look->id_length, &look->delivery))
        look->form = POSTFIX_FORM_DELIVERY;
    else if (postfix_summary_read(message, &look->summary))
        look->form = POSTFIX_FORM_SUMMARY;
}

bool postfix_outbound_take(struct postfix *postfix, struct postfix_origin *origin,
                           const struct log_line *line)
{
    const struct postfix_look *look = line->looked;
    struct postfix_look own;

    if (look == NULL) {
        postfix_outbound_look(line->message, &own);
        look = &own;
    }
    switch (look->form) {
    case POSTFIX_FORM_MESSAGE:
        return take_passing_reason(postfix, origin, line, look->id_length);
    case POSTFIX_FORM_DELIVERY:
        return take_delivery(postfix, origin, line, &look->delivery);
    case POSTFIX_FORM_SUMMARY:
        return look->summary.is_inbound
                   ? postfix_inbound_session(postfix, origin, line, &look->summary)
                   : take_summary(postfix, origin, line, &look->summary);
    case POSTFIX_FORM_OTHER:
        break;
    }
    return !span_begins(line->message, "connect to ") && take_evidence(postfix, origin, line);
}

/* Lines of error and retry, and of the queue manager until 2.4. */
bool postfix_outbound_replay(struct postfix *postfix, struct postfix_origin *origin,
                             const struct log_line *line)
{
    struct postfix_delivery delivery;

    if (!postfix_delivery_read(line->message, postfix_queue_id(line->message), &delivery) ||
        !span_begins(delivery.reason, "delivery temporarily suspended: "))
        return false;
    return take_delivery(postfix, origin, line, &delivery);
}

/* A clue and a session of the same peer are one. */
static void join_session(struct postfix_process *process)
{
    for (struct postfix_clue *clue = process->clues; clue != NULL; clue = clue->next) {
        struct postfix_peer peer = postfix_name_peer(&clue->peer);
        if (process->session.is_told || clue->session.is_known || !is_session_of(process, &peer))
            continue;
        clue->session = process->session;
        process->session.is_told = process->session.is_early = true;
    }
}

void postfix_outbound_settle(struct postfix *postfix, struct postfix_process *process)
{
    struct postfix_session *session = &process->session;

    join_session(process);
    while (process->clues != NULL)
        tell_pending(postfix, process, process->clues);
    tell_earlier(postfix, process, span_of("", 0));
    if (!session->is_known || session->is_told)
        return;
    tell_session(postfix, process, session, span_of("", 0), span_of("", 0), session->outcome,
                 LEVEL_UNKNOWN);
    session->is_early = true;
}
