#include "ingest/log/exim_private.h"

/* What evidence says, in rising order: of one attempt the strongest line is kept. */
enum weight { WEIGHT_CHECK = 0, WEIGHT_SOFT = 100, WEIGHT_FAILED = 200 };

/* Trouble with one host, while one message was delivered. */
struct attempt {
    char mx[LIMIT_DOMAIN_BYTES + 1];
    char ip[EXIM_IP_BYTES];
    char domain[LIMIT_DOMAIN_BYTES + 1]; /* of the recipient, where no host is known */
    struct exim_finding error;
    struct exim_finding check;
    struct exim_finding soft;
    bool is_dane;
    bool in_clear;
    bool has_evidence; /* what follows is of a line */
    guint weight;
    guint64 mark;
    struct log_clues rests; /* lines that were the strongest so far */
    gint64 at;
    char *reason;
    char *line;
    bool is_told;
    gint64 told_at;
    bool is_refused; /* the host did not take the mail, for something else than TLS */
    gint64 refused_at;
    char refused[LIMIT_DOMAIN_BYTES + 1]; /* domain of that recipient */
};

struct message {
    struct exim_id id;
    char host[LIMIT_DOMAIN_BYTES + 1]; /* whose log it is */
    gint64 at;
    GPtrArray *attempts;
    enum log_outcome outcome; /* of the last line with a flag */
    char domain[LIMIT_DOMAIN_BYTES + 1];
    GList age; /* in struct exim.by_age */
};

static void attempt_free(gpointer data)
{
    struct attempt *attempt = data;

    g_free(attempt->reason);
    g_free(attempt->line);
    g_free(attempt);
}

static void message_free(gpointer data)
{
    struct message *message = data;

    g_ptr_array_unref(message->attempts);
    g_free(message);
}

static guint hash_id(gconstpointer id)
{
    return ((const struct exim_id *)id)->hash;
}

static gboolean is_same_id(gconstpointer one, gconstpointer other)
{
    return strcmp(((const struct exim_id *)one)->text, ((const struct exim_id *)other)->text) == 0;
}

void exim_open_messages(struct exim *exim)
{
    exim->messages = g_hash_table_new_full(hash_id, is_same_id, NULL, message_free);
    g_queue_init(&exim->by_age);
}

void exim_close_messages(struct exim *exim)
{
    g_hash_table_unref(exim->messages);
}

static struct message *find_message(const struct exim *exim)
{
    return g_hash_table_size(exim->messages) == 0 ? NULL
                                                  : g_hash_table_lookup(exim->messages, &exim->id);
}

/* The line that the spans point into goes. */
static struct exim_finding kept(const struct exim_finding *finding)
{
    struct exim_finding kept = *finding;

    kept.name = kept.ip = kept.reason = span_of(NULL, 0);
    return kept;
}

/* The reason, out of what broke the session and what was found wrong with the certificate. */
static struct exim_finding combine(const struct attempt *attempt,
                                   const struct exim_finding *finding)
{
    struct exim_finding best = attempt->error;

    if (finding != NULL && finding->rank > best.rank)
        best = *finding;
    if (best.rank == EXIM_NOTHING)
        best = attempt->check.rank != EXIM_NOTHING ? attempt->check : attempt->soft;
    else if (attempt->check.rank != EXIM_NOTHING && !attempt->is_dane &&
             (best.rank == EXIM_GENERIC || best.rank == EXIM_CHECK_FAILED))
        best = attempt->check;
    best.is_dane |= attempt->is_dane;
    if (best.is_dane && best.dane_detail != DETAIL_NONE) {
        best.detail = best.dane_detail;
        best.result = log_detail_result(best.detail);
    }
    if (best.level == LEVEL_UNKNOWN && attempt->is_dane)
        best.level = LEVEL_DANE;
    return best;
}

/* A row that rests on the evidence itself. */
static void tell(struct exim *exim, const struct message *message, struct attempt *attempt,
                 enum log_outcome outcome, const char *domain)
{
    struct exim_finding finding = combine(attempt, NULL);
    struct log_event event = {
        .kind = LOG_EVENT_FAILURE,
        .mark = attempt->mark,
        .at = attempt->at,
        .host = message->host,
        .mta = MTA_EXIM,
        .queue_id = message->id.text,
        .domain = domain,
        .mx = attempt->mx,
        .ip = attempt->ip,
        .sessions = 1,
        .outcome = outcome,
        .delay = exim_delay(span_of(NULL, 0), message->id.text, attempt->at),
        .reason = attempt->reason,
        .line = attempt->line,
    };

    exim_put_finding(&event, &finding);
    exim->context->emit(&event, exim->context->data);
    log_clues_consume_but(exim->context, &attempt->rests, message->host, attempt->mark);
    attempt->is_told = true;
}

static void tell_failed_session(struct exim *exim, const struct message *message,
                                const struct attempt *attempt, const char *domain)
{
    struct log_event event = {
        .kind = LOG_EVENT_SESSION,
        .mark = attempt->mark,
        .at = attempt->at,
        .host = message->host,
        .mta = MTA_EXIM,
        .queue_id = message->id.text,
        .domain = domain,
        .mx = attempt->mx,
        .ip = attempt->ip,
        .level = combine(attempt, NULL).level,
        .sessions = 1,
        .session = SESSION_FAILED,
        .delay = -1,
    };

    exim->context->emit(&event, exim->context->data);
}

/* The session is that of the delivery, and none of its own as where the log ends here. */
static void tell_counted(struct exim *exim, const struct message *message,
                         const struct attempt *attempt)
{
    const struct log_event counted = {.kind = LOG_EVENT_COUNTED,
                                      .mark = attempt->mark,
                                      .at = attempt->at,
                                      .host = message->host,
                                      .mta = MTA_EXIM,
                                      .delay = -1};

    exim->context->emit(&counted, exim->context->data);
}

/* What it did to the mail cannot be told: that came back, or waits, for another reason. */
static void tell_refused(struct exim *exim, const struct message *message, struct attempt *attempt)
{
    tell(exim, message, attempt, LOG_OUTCOME_UNKNOWN, attempt->refused);
    if (attempt->error.rank != EXIM_NOTHING)
        tell_failed_session(exim, message, attempt, attempt->refused);
    else
        tell_counted(exim, message, attempt);
}

/* Evidence for which no line with a flag came. Another host may have been tried after it. */
static void tell_unclaimed(struct exim *exim, const struct message *message,
                           struct attempt *attempt)
{
    bool has_failed = attempt->error.rank != EXIM_NOTHING;
    bool is_known = message->outcome == LOG_OUTCOME_OTHER_MX || has_failed;
    const char *domain = message->outcome != LOG_OUTCOME_UNKNOWN ? message->domain : "";

    tell(exim, message, attempt, is_known ? message->outcome : LOG_OUTCOME_UNKNOWN, domain);
    if (has_failed)
        tell_failed_session(exim, message, attempt, domain);
}

static void tell_rest(struct exim *exim, struct message *message)
{
    for (guint i = 0; i < message->attempts->len; i++) {
        struct attempt *attempt = g_ptr_array_index(message->attempts, i);

        if (attempt->is_told || !attempt->has_evidence)
            continue;
        if (attempt->is_refused)
            tell_refused(exim, message, attempt);
        else
            tell_unclaimed(exim, message, attempt);
    }
}

static void drop_message(struct exim *exim, struct message *message)
{
    tell_rest(exim, message);
    exim->attempts -= message->attempts->len;
    g_queue_unlink(&exim->by_age, &message->age);
    g_hash_table_remove(exim->messages, &message->id);
}

void exim_settle_messages(struct exim *exim, gint64 before)
{
    GList *next;

    for (GList *item = exim->by_age.head; item != NULL; item = next) {
        struct message *message = item->data;
        next = item->next;
        if (message->at < before)
            drop_message(exim, message);
    }
}

bool exim_take_completed(struct exim *exim)
{
    struct message *message = find_message(exim);

    if (message != NULL)
        drop_message(exim, message);
    return message != NULL;
}

static struct message *need_message(struct exim *exim, gint64 at)
{
    struct message *message = find_message(exim);

    if (message != NULL) {
        g_queue_unlink(&exim->by_age, &message->age);
    } else {
        while (exim->by_age.length > 0 &&
               (exim->by_age.length >= EXIM_MESSAGES_MAX || exim->attempts >= EXIM_ATTEMPTS_MAX))
            drop_message(exim, exim->by_age.head->data);
        message = g_new0(struct message, 1);
        message->id = exim->id;
        g_strlcpy(message->host, exim->host, sizeof message->host);
        message->attempts = g_ptr_array_new_with_free_func(attempt_free);
        message->age.data = message;
        g_hash_table_insert(exim->messages, &message->id, message);
    }
    message->at = MAX(message->at, at);
    g_queue_push_tail_link(&exim->by_age, &message->age);
    return message;
}

/* Evidence may name the host, its address, both or none. */
static bool fits(const struct attempt *attempt, const char *mx, const char *ip)
{
    if (*ip != '\0' && *attempt->ip != '\0')
        return strcmp(ip, attempt->ip) == 0;
    if (*mx != '\0' && *attempt->mx != '\0')
        return strcmp(mx, attempt->mx) == 0;
    return *attempt->mx == '\0' && *attempt->ip == '\0' && *attempt->domain == '\0';
}

static struct attempt *find_attempt(const struct message *message, const char *mx, const char *ip)
{
    for (guint i = message->attempts->len; i-- > 0;) {
        struct attempt *attempt = g_ptr_array_index(message->attempts, i);
        if (fits(attempt, mx, ip))
            return attempt;
    }
    return NULL;
}

static struct attempt *add_attempt(struct exim *exim, struct message *message)
{
    struct attempt *attempt = g_new0(struct attempt, 1);
    struct message *oldest;

    /* This message is the youngest. */
    while (exim->attempts >= EXIM_ATTEMPTS_MAX && (oldest = exim->by_age.head->data) != message)
        drop_message(exim, oldest);
    if (message->attempts->len >= EXIM_ATTEMPTS_OF_MESSAGE) {
        tell_rest(exim, message);
        exim->attempts -= message->attempts->len;
        g_ptr_array_set_size(message->attempts, 0);
    }
    g_ptr_array_add(message->attempts, attempt);
    exim->attempts++;
    return attempt;
}

static void name_attempt(struct attempt *attempt, const char *mx, const char *ip)
{
    if (*attempt->mx == '\0')
        g_strlcpy(attempt->mx, mx, sizeof attempt->mx);
    if (*attempt->ip == '\0')
        g_strlcpy(attempt->ip, ip, sizeof attempt->ip);
}

/* The host is tried once more: what was told is over. */
static void renew(struct attempt *attempt)
{
    struct attempt old = *attempt;

    memset(attempt, 0, sizeof *attempt);
    memcpy(attempt->mx, old.mx, sizeof attempt->mx);
    memcpy(attempt->ip, old.ip, sizeof attempt->ip);
    g_free(old.reason);
    g_free(old.line);
}

static void merge(struct attempt *attempt, const struct exim_finding *finding)
{
    attempt->is_dane |= finding->is_dane;
    attempt->in_clear |= finding->kind == EXIM_IN_CLEAR;
    switch (finding->kind) {
    case EXIM_CHECK:
        if (finding->rank > attempt->check.rank)
            attempt->check = kept(finding);
        break;
    case EXIM_SOFT:
        attempt->soft = kept(finding);
        /* What failed first is why. */
        if (attempt->error.rank > finding->rank)
            attempt->soft = attempt->error;
        memset(&attempt->error, 0, sizeof attempt->error);
        break;
    case EXIM_FAILED:
    case EXIM_IN_CLEAR:
        if (finding->rank > attempt->error.rank)
            attempt->error = kept(finding);
        break;
    }
}

static guint weight_of(const struct exim_finding *finding)
{
    guint base = finding->kind == EXIM_CHECK  ? WEIGHT_CHECK
                 : finding->kind == EXIM_SOFT ? WEIGHT_SOFT
                                              : WEIGHT_FAILED;

    return base + finding->rank;
}

static void keep_line(struct exim *exim, struct attempt *attempt, const struct log_line *line,
                      const struct exim_finding *finding, guint64 mark)
{
    guint weight = weight_of(finding);

    if (attempt->has_evidence && weight <= attempt->weight)
        return;
    attempt->has_evidence = true;
    attempt->weight = weight;
    attempt->mark = mark;
    attempt->at = log_line_time(exim->context, line);
    log_clues_add(&attempt->rests, mark, attempt->at);
    g_free(attempt->reason);
    g_free(attempt->line);
    attempt->reason = g_strdup(exim_scrubbed(exim, finding->reason));
    attempt->line = g_strdup(log_context_line(exim->context, line->whole));
}

bool exim_take_evidence(struct exim *exim, const struct log_line *line, struct span text)
{
    struct exim_finding finding;
    struct message *message;
    struct attempt *attempt;

    if (!exim_read_evidence(exim, text, &finding) || finding.no_session)
        return false;
    exim_take_name(finding.name, exim->mx);
    exim_take_ip(exim, finding.ip);
    message = need_message(exim, log_line_time(exim->context, line));
    attempt = find_attempt(message, exim->mx, exim->ip);
    if (attempt != NULL && attempt->is_refused && !attempt->is_told)
        tell_refused(exim, message, attempt);
    if (attempt == NULL)
        attempt = add_attempt(exim, message);
    else if (attempt->is_told)
        renew(attempt);
    name_attempt(attempt, exim->mx, exim->ip);
    merge(attempt, &finding);
    keep_line(exim, attempt, line, &finding, log_mark(exim->context, line));
    return true;
}

/* The session of a line with X=, or in clear. */
static void tell_session(struct exim *exim, const struct log_line *line,
                         const struct exim_delivery *delivery, guint64 mark)
{
    const struct exim_cipher *cipher = exim_read_cipher(exim, delivery->cipher);
    struct log_event event = exim_event(exim, line, LOG_EVENT_SESSION);

    event.mark = mark;
    event.session =
        delivery->is_encrypted ? exim_session(cipher, delivery->verified) : SESSION_PLAINTEXT;
    event.version = exim_tls_version(cipher);
    event.level = delivery->verified == EXIM_CV_DANE ? LEVEL_DANE : LEVEL_UNKNOWN;
    exim->context->emit(&event, exim->context->data);
}

static void tell_passed(struct exim *exim, const struct message *message, struct attempt *attempt,
                        enum log_outcome outcome)
{
    tell(exim, message, attempt, outcome, exim->domain);
    tell_counted(exim, message, attempt);
}

/* It turned out to be nothing. */
static void take_back(struct exim *exim, const struct message *message, struct attempt *attempt)
{
    attempt->is_told = true;
    log_clues_consume(exim->context, &attempt->rests, message->host);
}

/* What a check found does not count where the peer was verified in the end. */
static bool is_verified(const struct attempt *attempt, const struct exim_delivery *delivery)
{
    return !attempt->in_clear && attempt->error.rank == EXIM_NOTHING &&
           (delivery->verified == EXIM_CV_DANE ||
            (delivery->verified == EXIM_CV_YES && attempt->soft.rank == EXIM_NOTHING));
}

/* Evidence of trouble with a host that took the mail all the same. */
static void tell_soft(struct exim *exim, struct message *message,
                      const struct exim_delivery *delivery)
{
    struct attempt *attempt = find_attempt(message, exim->mx, exim->ip);
    bool is_clear = !delivery->is_encrypted;

    if (attempt == NULL || attempt->is_told || !attempt->has_evidence)
        return;
    name_attempt(attempt, exim->mx, exim->ip);
    if (attempt->in_clear || (is_clear && attempt->error.rank != EXIM_NOTHING))
        tell_passed(exim, message, attempt, LOG_OUTCOME_PLAINTEXT);
    else if (is_verified(attempt, delivery))
        take_back(exim, message, attempt);
    else if (attempt->error.rank == EXIM_NOTHING)
        tell_passed(exim, message, attempt,
                    is_clear ? LOG_OUTCOME_PLAINTEXT : LOG_OUTCOME_UNVERIFIED);
}

/* The same where the host refused this recipient; it may take the mail for the next one. */
static void keep_refused(struct exim *exim, struct message *message,
                         const struct exim_delivery *delivery, gint64 at)
{
    struct attempt *attempt = find_attempt(message, exim->mx, exim->ip);

    if (attempt == NULL || attempt->is_told || !attempt->has_evidence || attempt->is_refused)
        return;
    /* Whether there was a session at all is not known. */
    if (attempt->check.rank == EXIM_NOTHING && !attempt->in_clear)
        return;
    name_attempt(attempt, exim->mx, exim->ip);
    if (is_verified(attempt, delivery)) {
        take_back(exim, message, attempt);
    } else if (attempt->in_clear || attempt->error.rank == EXIM_NOTHING) {
        attempt->is_refused = true;
        attempt->refused_at = at;
        g_strlcpy(attempt->refused, exim->domain, sizeof attempt->refused);
    }
}

/* Evidence of a session that is over does not belong to the next one. */
static void end_refused(struct exim *exim, struct message *message, gint64 at)
{
    struct attempt *attempt = find_attempt(message, exim->mx, exim->ip);

    if (attempt != NULL && attempt->is_refused && !attempt->is_told &&
        at - attempt->refused_at > EXIM_ATTEMPT_SECONDS)
        tell_refused(exim, message, attempt);
}

static void note_outcome(struct exim *exim, struct message *message, enum log_outcome outcome)
{
    message->outcome = outcome;
    g_strlcpy(message->domain, exim->domain, sizeof message->domain);
}

static void take_names(struct exim *exim, const struct exim_delivery *delivery)
{
    exim_take_name(exim_recipient_domain(delivery), exim->domain);
    exim_take_name(delivery->host, exim->mx);
    exim_take_ip(exim, delivery->ip);
}

bool exim_take_delivered(struct exim *exim, const struct log_line *line,
                         const struct exim_delivery *delivery)
{
    struct message *message;
    bool is_open;

    take_names(exim, delivery);
    is_open =
        exim_see_host(exim->open, exim->ip, log_line_time(exim->context, line), EXIM_OPEN_SECONDS);
    if (!delivery->is_continued || !is_open)
        tell_session(exim, line, delivery, log_mark(exim->context, line));
    exim_forget_domain(exim, exim->domain);
    message = find_message(exim);
    if (message != NULL) {
        end_refused(exim, message, log_line_time(exim->context, line));
        tell_soft(exim, message, delivery);
        note_outcome(exim, message, LOG_OUTCOME_OTHER_MX);
    }
    return true;
}

/* A line "==" or "**". */
struct refusal {
    const struct log_line *line;
    struct exim_delivery delivery;
    struct exim_finding finding;
    guint64 mark;
    gint64 at;
    bool is_bounce;
    char dsn[16];
};

/* A row that rests on the line; the host is for the caller to put in. */
static struct log_event failure_event(struct exim *exim, struct refusal *refusal)
{
    struct log_event event = exim_event(exim, refusal->line, LOG_EVENT_FAILURE);
    struct span dsn = exim_read_dsn(refusal->delivery.text);

    event.mark = refusal->mark;
    event.outcome = refusal->is_bounce ? LOG_OUTCOME_BOUNCED : LOG_OUTCOME_DEFERRED;
    event.delay = exim_delay(refusal->line->message, exim->id.text, event.at);
    event.reason = exim_scrubbed(exim, refusal->delivery.text);
    event.line = log_context_line(exim->context, refusal->line->whole);
    if (dsn.length > 0 && dsn.length < sizeof refusal->dsn) {
        memcpy(refusal->dsn, dsn.at, dsn.length);
        event.dsn = refusal->dsn;
    }
    return event;
}

/* Not tried again before its time: why it waits is known from an earlier line. */
static bool tell_retry(struct exim *exim, struct refusal *refusal)
{
    const struct exim_domain *domain = exim_find_domain(exim, exim->domain);
    struct log_event event;

    if (domain == NULL)
        return false;
    event = failure_event(exim, refusal);
    event.mx = domain->mx;
    event.ip = domain->ip;
    event.sessions = 0;
    if (!refusal->is_bounce)
        event.outcome = LOG_OUTCOME_THROTTLED;
    exim_put_finding(&event, &domain->finding);
    exim->context->emit(&event, exim->context->data);
    return true;
}

/* Given up after the last of the retries; why stands in the "==" line before. */
static void tell_expiry(struct exim *exim, const struct refusal *refusal)
{
    struct log_event event = exim_event(exim, refusal->line, LOG_EVENT_EXPIRED);

    event.mark = refusal->mark;
    exim->context->emit(&event, exim->context->data);
}

/* For something else than TLS. */
static bool take_other(struct exim *exim, const struct refusal *refusal)
{
    const struct exim_delivery *delivery = &refusal->delivery;
    struct message *message = find_message(exim);
    bool has_host = delivery->ip.length > 0;
    bool has_session = has_host && delivery->is_encrypted;

    exim_forget_domain(exim, exim->domain);
    if (has_session) {
        bool is_open = exim_see_host(exim->open, exim->ip, refusal->at, EXIM_OPEN_SECONDS);
        if (!delivery->is_continued || !is_open)
            tell_session(exim, refusal->line, delivery, refusal->mark);
    }
    if (message != NULL) {
        if (has_host)
            keep_refused(exim, message, delivery, refusal->at);
        note_outcome(exim, message,
                     refusal->is_bounce ? LOG_OUTCOME_BOUNCED : LOG_OUTCOME_DEFERRED);
    }
    return has_session || message != NULL;
}

/* The line names no host: that of the last evidence of the kind, else the domain stands for it. */
static struct attempt *find_by_reason(const struct exim *exim, const struct message *message,
                                      const struct exim_finding *finding)
{
    for (guint i = message->attempts->len; i-- > 0;) {
        struct attempt *attempt = g_ptr_array_index(message->attempts, i);

        if (finding->no_session != attempt->error.no_session)
            continue;
        if (*attempt->domain != '\0'
                ? strcmp(attempt->domain, exim->domain) == 0
                : attempt->error.detail == finding->detail || finding->rank == EXIM_GENERIC)
            return attempt;
    }
    return NULL;
}

static struct attempt *need_attempt(struct exim *exim, struct message *message,
                                    const struct exim_finding *finding)
{
    bool has_host = *exim->mx != '\0' || *exim->ip != '\0';
    struct attempt *attempt = has_host ? find_attempt(message, exim->mx, exim->ip)
                                       : find_by_reason(exim, message, finding);

    if (attempt == NULL) {
        attempt = add_attempt(exim, message);
        attempt->error = kept(finding);
        if (!has_host)
            g_strlcpy(attempt->domain, exim->domain, sizeof attempt->domain);
    }
    name_attempt(attempt, exim->mx, exim->ip);
    return attempt;
}

/* Whether no line was of this attempt before. */
static bool is_first(struct attempt *attempt, gint64 at)
{
    bool is_same = attempt->is_told && at - attempt->told_at <= EXIM_ATTEMPT_SECONDS;

    attempt->is_told = true;
    attempt->told_at = at;
    return !is_same;
}

static void tell_failed(struct exim *exim, struct refusal *refusal, struct attempt *attempt)
{
    struct exim_finding finding = combine(attempt, &refusal->finding);
    struct log_event event = failure_event(exim, refusal);
    struct log_event session = exim_event(exim, refusal->line, LOG_EVENT_SESSION);
    bool is_counted = is_first(attempt, refusal->at);

    event.mx = attempt->mx;
    event.ip = attempt->ip;
    exim_put_finding(&event, &finding);
    if (!is_counted)
        event.sessions = 0;
    if (is_counted && !finding.no_session) {
        session.mark = refusal->mark;
        session.session = SESSION_FAILED;
        session.mx = attempt->mx;
        session.ip = attempt->ip;
        session.level = finding.level;
        exim->context->emit(&session, exim->context->data);
    }
    exim->context->emit(&event, exim->context->data);
    log_clues_consume(exim->context, &attempt->rests, event.host);
    exim_remember_domain(exim, &event, &finding);
}

static void take_failed(struct exim *exim, struct refusal *refusal)
{
    struct message *message = need_message(exim, refusal->at);

    if (*exim->mx == '\0' && *exim->ip == '\0') {
        exim_take_name(refusal->finding.name, exim->mx);
        exim_take_ip(exim, refusal->finding.ip);
    }
    tell_failed(exim, refusal, need_attempt(exim, message, &refusal->finding));
    note_outcome(exim, message, refusal->is_bounce ? LOG_OUTCOME_BOUNCED : LOG_OUTCOME_DEFERRED);
}

bool exim_take_refused(struct exim *exim, const struct log_line *line,
                       const struct exim_delivery *delivery, bool is_bounce)
{
    struct refusal refusal = {.line = line, .delivery = *delivery, .is_bounce = is_bounce};
    bool is_expired;

    take_names(exim, &refusal.delivery);
    refusal.at = log_line_time(exim->context, line);
    refusal.mark = log_mark(exim->context, line);
    is_expired = is_bounce && span_find(refusal.delivery.text, "retry timeout exceeded") != NULL;
    if (is_expired)
        tell_expiry(exim, &refusal);
    if (exim_read_reason(exim, refusal.delivery.text, &refusal.finding)) {
        take_failed(exim, &refusal);
        return true;
    }
    if (exim_is_retry(refusal.delivery.text))
        return tell_retry(exim, &refusal);
    return take_other(exim, &refusal) || is_expired;
}
