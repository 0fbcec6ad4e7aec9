#include "ingest/log/postfix_private.h"
#include "ingest/log/postfix_reason.h"

enum session_outcome postfix_judge_tls(const struct postfix_tls *tls)
{
    if (!tls->is_present || tls->is_open)
        return SESSION_UNKNOWN;
    switch (tls->actual) {
    case LEVEL_DANE:
    case LEVEL_DANE_ONLY:
    case LEVEL_VERIFY:
    case LEVEL_SECURE:
    case LEVEL_FINGERPRINT:
        return SESSION_VERIFIED;
    case LEVEL_HALFDANE:
        return SESSION_TRUSTED;
    case LEVEL_MAY:
    case LEVEL_ENCRYPT:
        return SESSION_UNTRUSTED;
    case LEVEL_NONE:
        return SESSION_PLAINTEXT;
    case LEVEL_UNKNOWN:
        break;
    }
    return SESSION_UNKNOWN;
}

static bool is_dane_level(enum tls_level level)
{
    return level == LEVEL_DANE || level == LEVEL_DANE_ONLY || level == LEVEL_HALFDANE;
}

/* Content filters on this host: nobody looks at what they offer. */
static bool is_loopback(const struct postfix_peer *peer)
{
    return span_is(peer->ip, "127.0.0.1") || span_is(peer->ip, "::1");
}

static bool is_delivered(const struct postfix_delivery *delivery)
{
    return delivery->status == POSTFIX_SENT || delivery->status == POSTFIX_PROBE_GOOD;
}

static void set_type(struct postfix_verdict *verdict, enum log_detail detail,
                     enum result_type result)
{
    verdict->detail = detail;
    verdict->result = result != RESULT_UNKNOWN ? result : log_detail_result(detail);
}

/*
 * Postfix' own report to its TLSRPT library wins, but where it has no better word than
 * "validation-failure" for what a verification line names: there RFC 8460 has one.
 */
static void add_tlsrpt(const struct postfix_clue *clue, struct postfix_verdict *verdict)
{
    if (clue->tlsrpt == RESULT_UNKNOWN)
        return;
    if (verdict->result == RESULT_UNKNOWN || clue->tlsrpt != RESULT_VALIDATION_FAILURE)
        verdict->result = clue->tlsrpt;
}

/* The same text means another thing by the level. */
static void refine_by_level(const struct postfix_clue *clue, struct postfix_verdict *verdict)
{
    bool is_dane = verdict->level == LEVEL_DANE || verdict->level == LEVEL_DANE_ONLY;

    if (verdict->detail == DETAIL_TLSA_MISMATCH && verdict->level == LEVEL_FINGERPRINT)
        verdict->detail = DETAIL_FINGERPRINT_MISMATCH;
    if (verdict->detail != DETAIL_NONE)
        return;
    if (is_dane && verdict->result == RESULT_CERTIFICATE_HOST_MISMATCH)
        verdict->detail = DETAIL_DANE_TA_NAME;
    if (clue->weight != POSTFIX_WEIGHT_TLSRPT || verdict->result != RESULT_CERTIFICATE_NOT_TRUSTED)
        return;
    if (verdict->level == LEVEL_FINGERPRINT)
        verdict->detail = DETAIL_FINGERPRINT_MISMATCH;
    else if (is_dane)
        verdict->detail = DETAIL_TLSA_MISMATCH;
}

static void judge_dane(const struct postfix_clue *clue, struct postfix_verdict *verdict)
{
    verdict->dane =
        is_dane_level(verdict->level) ||
        (clue != NULL && (clue->flags & POSTFIX_DANE) != 0 && verdict->level != LEVEL_FINGERPRINT);
}

void postfix_judge_clue(const struct postfix_clue *clue, struct postfix_verdict *verdict)
{
    if (verdict->level == LEVEL_UNKNOWN)
        verdict->level = clue->level;
    set_type(verdict, clue->detail, clue->result);
    add_tlsrpt(clue, verdict);
    refine_by_level(clue, verdict);
    judge_dane(clue, verdict);
}

/*
 * Who must trust the chain (verify, secure, TLSA records with a CA) is told what is wrong with it,
 * always (tls_client.c). So "not trusted" without that was asked for by TLSA records of the
 * server's own certificate, and "not verified", for which a trusted chain was no condition, by
 * fingerprint. Since 3.6 no level is without that line, and nothing is "not trusted".
 */
enum log_detail postfix_judge_silence(struct span reason)
{
    if (span_begins(reason, "Server certificate not trusted"))
        return DETAIL_TLSA_MISMATCH;
    if (span_begins(reason, "Server certificate not verified"))
        return DETAIL_FINGERPRINT_MISMATCH;
    return DETAIL_NONE;
}

static void judge_silence(const struct postfix_attempt *attempt, struct postfix_verdict *verdict)
{
    enum log_detail detail = postfix_judge_silence(attempt->delivery->reason);

    if (detail == DETAIL_NONE || verdict->level != LEVEL_UNKNOWN)
        return;
    set_type(verdict, detail, RESULT_UNKNOWN);
    verdict->level = detail == DETAIL_TLSA_MISMATCH ? LEVEL_DANE : LEVEL_FINGERPRINT;
    verdict->dane = detail == DETAIL_TLSA_MISMATCH;
}

/*
 * No line says what was wrong with the certificate. Until 3.5 there was none where the chain was
 * trusted and only name, TLSA record or fingerprint did not match; the word before the session is
 * "Trusted" then.
 */
static void judge_mismatch(const struct postfix_attempt *attempt, struct postfix_verdict *verdict)
{
    bool is_verified_chain = attempt->is_over_tls && attempt->trust == SESSION_TRUSTED &&
                             !span_begins(attempt->delivery->reason, "Server certificate not tr");

    set_type(verdict, attempt->reason->detail, attempt->reason->result);
    if (attempt->reason->detail != DETAIL_NONE)
        return;
    if (verdict->level == LEVEL_FINGERPRINT)
        set_type(verdict, DETAIL_FINGERPRINT_MISMATCH, RESULT_UNKNOWN);
    else if (verdict->dane)
        set_type(verdict, DETAIL_TLSA_MISMATCH, RESULT_UNKNOWN);
    else if (is_verified_chain)
        set_type(verdict, DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH);
    else if (attempt->is_over_tls && attempt->sees_all && attempt->trust == SESSION_UNTRUSTED &&
             attempt->facts == NULL)
        judge_silence(attempt, verdict);
}

/* Up to 3.5 a chain that is not trusted was "not trusted" wherever that mattered. */
static bool is_of_fingerprint(const struct postfix_attempt *attempt)
{
    return attempt->is_before_36 && attempt->facts->weight == POSTFIX_WEIGHT_VERIFY &&
           postfix_judge_silence(attempt->delivery->reason) == DETAIL_FINGERPRINT_MISMATCH;
}

/* Something in the evidence names a fault of the certificate or of what was to authenticate it. */
static bool names_certificate(const struct postfix_clue *clue)
{
    return clue != NULL && (clue->flags & (POSTFIX_BROKEN | POSTFIX_LOCAL)) == 0 &&
           (clue->weight >= POSTFIX_WEIGHT_TLSRPT || clue->tlsrpt != RESULT_UNKNOWN ||
            (clue->detail == DETAIL_NONE && clue->result != RESULT_UNKNOWN));
}

static void judge_certificate(const struct postfix_attempt *attempt,
                              struct postfix_verdict *verdict)
{
    judge_dane(attempt->facts, verdict);
    if (attempt->facts != NULL && (attempt->facts->flags & POSTFIX_UNREADY) != 0) {
        set_type(verdict, DETAIL_LOCAL_TLS_CONFIG, RESULT_UNKNOWN);
        return;
    }
    if (!names_certificate(attempt->facts)) {
        judge_mismatch(attempt, verdict);
        if (attempt->facts != NULL && attempt->facts->detail == DETAIL_REUSED_UNTRUSTED_SESSION)
            set_type(verdict, DETAIL_REUSED_UNTRUSTED_SESSION, RESULT_CERTIFICATE_NOT_TRUSTED);
        return;
    }
    if (is_of_fingerprint(attempt)) {
        judge_silence(attempt, verdict);
        return;
    }
    postfix_judge_clue(attempt->facts, verdict);
    if (attempt->reason->detail != DETAIL_NONE)
        verdict->detail = attempt->reason->detail;
}

/* Of a handshake we broke off ourselves, the alert or the TLS library tells for what. */
static void judge_handshake(const struct postfix_attempt *attempt, struct postfix_verdict *verdict)
{
    const struct postfix_clue *facts = attempt->facts;
    bool names_peer =
        facts != NULL && (facts->flags & POSTFIX_BROKEN) != 0 &&
        (facts->flags & POSTFIX_UNUSABLE) == 0 && facts->detail != DETAIL_HANDSHAKE_FAILURE &&
        (facts->weight == POSTFIX_WEIGHT_LIBRARY || facts->weight == POSTFIX_WEIGHT_VERIFY);

    if (names_peer)
        postfix_judge_clue(facts, verdict);
    else
        set_type(verdict, attempt->reason->detail, attempt->reason->result);
}

static enum log_outcome outcome_of(const struct postfix_attempt *attempt)
{
    if (attempt->is_throttled)
        return LOG_OUTCOME_THROTTLED;
    switch (attempt->delivery->status) {
    case POSTFIX_DEFERRED:
        return LOG_OUTCOME_DEFERRED;
    case POSTFIX_BOUNCED:
        return LOG_OUTCOME_BOUNCED;
    case POSTFIX_STATUS_UNKNOWN:
    case POSTFIX_SENT:
    case POSTFIX_PROBE_GOOD:
    case POSTFIX_PROBE_BAD:
        break;
    }
    return LOG_OUTCOME_UNKNOWN;
}

/* tls=may and no '?' or ':': TLS was there when the connection was lost. */
static bool was_encrypted(const struct postfix_attempt *attempt)
{
    enum session_outcome outcome = postfix_judge_tls(&attempt->delivery->tls);

    return attempt->is_over_tls || (outcome != SESSION_UNKNOWN && outcome != SESSION_PLAINTEXT &&
                                    !attempt->delivery->tls.is_violated);
}

static void judge_local(const struct postfix_attempt *attempt, struct postfix_verdict *verdict)
{
    bool knows_more = attempt->facts != NULL && (attempt->facts->flags & POSTFIX_LOCAL) != 0 &&
                      attempt->facts->detail != DETAIL_NONE;

    set_type(verdict, knows_more ? attempt->facts->detail : attempt->reason->detail,
             RESULT_UNKNOWN);
}

/* Our own settings stood in the way: what was seen of the server afterwards is no fault of it. */
static bool is_own_fault(const struct postfix_attempt *attempt)
{
    return attempt->facts != NULL && (attempt->facts->flags & POSTFIX_UNREADY) != 0 &&
           (attempt->reason->kind == POSTFIX_REASON_HANDSHAKE ||
            attempt->reason->kind == POSTFIX_REASON_CERTIFICATE ||
            attempt->reason->kind == POSTFIX_REASON_NO_SERVER);
}

static void judge_failed(const struct postfix_attempt *attempt, struct postfix_verdict *verdict)
{
    const struct postfix_reason *reason = attempt->reason;

    verdict->is_failure = verdict->is_session_failed = true;
    if (is_own_fault(attempt)) {
        set_type(verdict, DETAIL_LOCAL_TLS_CONFIG, attempt->facts->tlsrpt);
        verdict->is_session_failed = reason->kind != POSTFIX_REASON_NO_SERVER;
        return;
    }
    switch (reason->kind) {
    case POSTFIX_REASON_OTHER:
    case POSTFIX_REASON_DIALOGUE:
    case POSTFIX_REASON_TOLERATED:
        verdict->is_failure = verdict->is_session_failed = false;
        break;
    case POSTFIX_REASON_FINAL:
        set_type(verdict, reason->detail, reason->result);
        break;
    case POSTFIX_REASON_HANDSHAKE:
        judge_handshake(attempt, verdict);
        break;
    case POSTFIX_REASON_CERTIFICATE:
        judge_certificate(attempt, verdict);
        break;
    case POSTFIX_REASON_LOST:
        verdict->is_failure = was_encrypted(attempt);
        verdict->is_session_failed = false;
        set_type(verdict, reason->detail, reason->result);
        break;
    case POSTFIX_REASON_NO_SERVER:
        verdict->is_failure = verdict->is_session_failed =
            attempt->facts != NULL && (attempt->facts->flags & POSTFIX_STS) != 0;
        set_type(verdict, reason->detail, reason->result);
        break;
    case POSTFIX_REASON_LOCAL:
        judge_local(attempt, verdict);
        verdict->is_session_failed = false;
        break;
    case POSTFIX_REASON_DNS:
        set_type(verdict, reason->detail, reason->result);
        verdict->is_session_failed = false;
        break;
    }
}

/* All TLSA records were unusable at level dane: what the session was not authenticated for. */
static bool fell_back(const struct postfix_attempt *attempt)
{
    const struct postfix_tls *tls = &attempt->delivery->tls;
    unsigned flags = attempt->facts != NULL ? attempt->facts->flags : 0;

    if (tls->is_present && is_dane_level(tls->level) && tls->actual == LEVEL_ENCRYPT)
        return true;
    if ((flags & POSTFIX_FALLBACK) != 0)
        return true;
    if ((flags & POSTFIX_UNUSABLE) == 0)
        return false;
    return tls->is_present ? tls->actual == LEVEL_ENCRYPT
                           : attempt->is_over_tls && attempt->trust != SESSION_VERIFIED;
}

static void judge_sent(const struct postfix_attempt *attempt, struct postfix_verdict *verdict)
{
    const struct postfix_clue *facts = attempt->facts;
    enum session_outcome by_tls = postfix_judge_tls(&attempt->delivery->tls);
    bool is_clear =
        !attempt->is_over_tls && (by_tls == SESSION_PLAINTEXT || by_tls == SESSION_UNKNOWN);

    if (attempt->delivery->is_reused || is_loopback(&attempt->delivery->peer))
        return;
    if (fell_back(attempt)) {
        verdict->is_failure = true;
        verdict->outcome = LOG_OUTCOME_UNVERIFIED;
        verdict->level = LEVEL_DANE;
        set_type(verdict, DETAIL_TLSA_UNUSABLE_FALLBACK, RESULT_UNKNOWN);
    } else if (is_clear && facts != NULL && facts->tlsrpt == RESULT_STARTTLS_NOT_SUPPORTED) {
        verdict->is_failure = true;
        verdict->outcome = LOG_OUTCOME_PLAINTEXT;
        set_type(verdict, DETAIL_STARTTLS_REFUSED_FALLBACK, RESULT_UNKNOWN);
    } else if (is_clear && facts != NULL &&
               (facts->is_confirmed || (facts->flags & POSTFIX_BROKEN) != 0)) {
        postfix_judge_clue(facts, verdict);
        verdict->is_failure = true;
        verdict->outcome = LOG_OUTCOME_PLAINTEXT;
    }
}

struct postfix_verdict postfix_judge(const struct postfix_attempt *attempt)
{
    struct postfix_verdict verdict = {.outcome = outcome_of(attempt)};

    verdict.level = attempt->delivery->tls.level;
    if (verdict.level == LEVEL_UNKNOWN && attempt->reason != NULL)
        verdict.level = attempt->reason->level;
    if (verdict.level == LEVEL_UNKNOWN && attempt->facts != NULL)
        verdict.level = attempt->facts->level;
    judge_dane(attempt->facts, &verdict);
    if (is_delivered(attempt->delivery))
        judge_sent(attempt, &verdict);
    else if (attempt->reason != NULL)
        judge_failed(attempt, &verdict);
    judge_dane(attempt->facts, &verdict);
    return verdict;
}
