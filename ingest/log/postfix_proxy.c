#include "ingest/log/postfix_private.h"

/* Lines of one failed session of tlsproxy follow each other without delay. */
#define TOGETHER_SECONDS 2

/* tlsproxy serves many sessions at once: one of them. */
struct postfix_proxied {
    struct postfix_clue *clue;
    struct postfix_origin *origin;
    gint64 pid;
    bool is_whole; /* the line that ends it was seen */
};

static void free_proxied(struct postfix_proxied *proxied)
{
    postfix_clue_free(proxied->clue);
    g_free(proxied);
}

void postfix_proxy_clear(struct postfix *postfix)
{
    struct postfix_proxied *proxied;

    while ((proxied = g_queue_pop_head(&postfix->proxied)) != NULL)
        free_proxied(proxied);
}

static void tell_proxied(struct postfix *postfix, struct postfix_proxied *proxied)
{
    struct postfix_verdict verdict = {.outcome = LOG_OUTCOME_UNKNOWN};
    struct postfix_clue *clue = proxied->clue;
    struct postfix_tale tale = {.origin = proxied->origin,
                                .direction = DIRECTION_OUT,
                                .mark = clue->mark,
                                .at = clue->at,
                                .peer = postfix_name_peer(&clue->peer)};
    bool is_broken = (clue->flags & POSTFIX_BROKEN) != 0;
    bool is_local = (clue->flags & POSTFIX_LOCAL) != 0;

    postfix_judge_clue(clue, &verdict);
    if (clue->domain != NULL)
        tale.domain = span_of(clue->domain, strlen(clue->domain));
    if (!is_local)
        postfix_tell_session(postfix, &tale, is_broken ? SESSION_FAILED : SESSION_UNKNOWN,
                             verdict.level, TLS_VERSION_UNKNOWN, 1);
    postfix_tell_clue(postfix, &tale, clue, &verdict, is_local ? 0 : 1);
}

void postfix_proxy_settle(struct postfix *postfix, gint64 before)
{
    struct postfix_proxied *proxied;

    while ((proxied = g_queue_peek_head(&postfix->proxied)) != NULL && proxied->clue->at < before) {
        g_queue_pop_head(&postfix->proxied);
        tell_proxied(postfix, proxied);
        free_proxied(proxied);
    }
}

/* The session that this process told of last, where more may be said of it. */
static struct postfix_proxied *open_session(struct postfix *postfix,
                                            const struct postfix_origin *origin, gint64 pid,
                                            gint64 at, const struct postfix_peer *peer)
{
    for (GList *link = postfix->proxied.tail; link != NULL; link = link->prev) {
        struct postfix_proxied *proxied = link->data;
        struct postfix_peer own = postfix_name_peer(&proxied->clue->peer);
        bool is_nameless = own.ip.length == 0 || peer->ip.length == 0;

        if (proxied->origin != origin || proxied->pid != pid)
            continue;
        if (proxied->is_whole || at - proxied->clue->at > TOGETHER_SECONDS)
            return NULL;
        return is_nameless || postfix_peer_equals(&own, peer) ? proxied : NULL;
    }
    return NULL;
}

static struct postfix_proxied *begin_session(struct postfix *postfix, struct postfix_origin *origin,
                                             gint64 pid)
{
    struct postfix_proxied *proxied = g_new0(struct postfix_proxied, 1);

    if (postfix->proxied.length >= POSTFIX_PROXIED_MAX) {
        struct postfix_proxied *oldest = g_queue_pop_head(&postfix->proxied);
        tell_proxied(postfix, oldest);
        free_proxied(oldest);
    }
    proxied->clue = postfix_clue_new(postfix);
    proxied->origin = origin;
    proxied->pid = pid;
    g_queue_push_tail(&postfix->proxied, proxied);
    return proxied;
}

static guint64 hash_endpoint(const struct postfix_origin *origin, struct span endpoint)
{
    return postfix_hash(postfix_hash(3, span_of(origin->host, origin->host_length)), endpoint) | 1;
}

/* "CONNECT from [IP]:PORT": what follows about this endpoint is of a client of ours. */
static void note_connection(struct postfix *postfix, const struct postfix_origin *origin,
                            struct span message)
{
    bool is_client = span_begins(message, "CONNECT from ");
    size_t begin = strlen(is_client ? "CONNECT from " : "CONNECT to ");
    guint64 hash, *slot;

    if (!is_client && !span_begins(message, "CONNECT to "))
        return;
    hash = hash_endpoint(origin, span_from(message, begin));
    slot = &postfix->clients[hash % POSTFIX_ENDPOINTS];
    if (is_client)
        *slot = hash;
    else if (*slot == hash)
        *slot = 0;
}

/* What does not say so and goes to no port of mail came from a client, too. */
static bool is_of_client(const struct postfix *postfix, const struct postfix_origin *origin,
                         struct span message)
{
    const char *open = message.length == 0 ? NULL : memchr(message.at, '[', message.length);
    struct span endpoint;
    guint64 hash;

    if (open == NULL)
        return false;
    endpoint = span_from(message, (size_t)(open - message.at));
    hash = hash_endpoint(origin, endpoint);
    if (postfix->clients[hash % POSTFIX_ENDPOINTS] == hash)
        return true;
    return span_find(endpoint, "]:25") == NULL && span_find(endpoint, "]:465") == NULL &&
           span_find(endpoint, "]:587") == NULL && span_find(endpoint, "]:") != NULL;
}

static bool ends_session(struct span message)
{
    return span_begins(message, "TLS handshake failed for service=");
}

/* smtp and tlsproxy are two processes, and may log in either order. */
static struct postfix_expected *find_expected(struct postfix *postfix,
                                              const struct postfix_origin *origin,
                                              const struct postfix_peer *peer, guint64 *hash)
{
    *hash = hash_endpoint(origin, peer->ip);
    return &postfix->expected[*hash % POSTFIX_EXPECTED];
}

void postfix_proxy_expect(struct postfix *postfix, const struct postfix_origin *origin,
                          const struct postfix_peer *peer, gint64 at)
{
    guint64 hash;
    struct postfix_expected *expected = find_expected(postfix, origin, peer, &hash);

    expected->count =
        expected->hash == hash && at - expected->at <= TOGETHER_SECONDS ? expected->count + 1 : 1;
    expected->hash = hash;
    expected->at = at;
}

static bool is_expected(struct postfix *postfix, const struct postfix_origin *origin,
                        const struct postfix_clue *clue, gint64 at)
{
    guint64 hash;
    struct postfix_peer peer = postfix_name_peer(&clue->peer);
    struct postfix_expected *expected = find_expected(postfix, origin, &peer, &hash);

    if (expected->hash != hash || expected->count == 0 || at - expected->at > TOGETHER_SECONDS)
        return false;
    expected->count--;
    return true;
}

static bool take_evidence(struct postfix *postfix, struct postfix_origin *origin,
                          const struct log_line *line, const struct postfix_evidence *evidence)
{
    gint64 at = log_line_time(postfix->context, line);
    struct postfix_peer peer = {evidence->host, evidence->ip};
    struct postfix_proxied *proxied = open_session(postfix, origin, line->pid, at, &peer);

    if (proxied == NULL)
        proxied = begin_session(postfix, origin, line->pid);
    postfix_clue_rest(postfix, proxied->clue, evidence, line);
    proxied->is_whole = ends_session(line->message);
    if (!proxied->is_whole)
        return true;
    if (is_of_client(postfix, origin, line->message))
        postfix_inbound_tell(postfix, origin, proxied->clue);
    else if (!is_expected(postfix, origin, proxied->clue, at))
        return true;
    g_queue_remove(&postfix->proxied, proxied);
    free_proxied(proxied);
    return true;
}

/* Its summaries are said again by smtp; one ends what was said about the certificate. */
static void end_session(struct postfix *postfix, const struct postfix_origin *origin,
                        const struct log_line *line, const struct postfix_peer *peer)
{
    struct postfix_proxied *proxied =
        postfix->proxied.head == NULL
            ? NULL
            : open_session(postfix, origin, line->pid, log_line_time(postfix->context, line), peer);

    if (proxied != NULL)
        proxied->is_whole = true;
}

bool postfix_proxy_take(struct postfix *postfix, struct postfix_origin *origin,
                        const struct log_line *line)
{
    struct postfix_evidence evidence;
    struct postfix_summary summary;

    postfix->has_proxy = true;
    if (span_begins(line->message, "CONNECT ")) {
        note_connection(postfix, origin, line->message);
        return false;
    }
    if (postfix_summary_read(line->message, &summary)) {
        if (summary.is_inbound)
            return postfix_inbound_session(postfix, origin, line, &summary);
        end_session(postfix, origin, line, &summary.peer);
        return false;
    }
    return !span_begins(line->message, "DISCONNECT ") &&
           postfix_evidence_read(postfix->evidences, line->message, &evidence) &&
           (evidence.flags & POSTFIX_BEFORE_36) == 0 &&
           take_evidence(postfix, origin, line, &evidence);
}

static bool is_same_host(const struct postfix_origin *one, const struct postfix_origin *other)
{
    return one->host_length == other->host_length &&
           memcmp(one->host, other->host, one->host_length) == 0;
}

static bool may_have(const struct postfix_clue *clue, enum postfix_fate fate)
{
    switch (fate) {
    case POSTFIX_FATE_BROKEN:
        return (clue->flags & POSTFIX_BROKEN) != 0;
    case POSTFIX_FATE_REFUSED:
        return (clue->flags & (POSTFIX_BROKEN | POSTFIX_FALLBACK)) == 0;
    case POSTFIX_FATE_USED:
        break;
    }
    return (clue->flags & POSTFIX_BROKEN) == 0 && (clue->flags & POSTFIX_SOFT) != 0;
}

static bool fits(const struct postfix_proxied *proxied, const struct postfix_origin *origin,
                 const struct postfix_peer *peer, enum postfix_fate fate)
{
    struct postfix_peer own = postfix_name_peer(&proxied->clue->peer);

    return own.ip.length > 0 && may_have(proxied->clue, fate) &&
           is_same_host(proxied->origin, origin) && postfix_peer_equals(&own, peer);
}

/* Several processes of smtp may ask for the same server: the domain decides, else the order. */
struct postfix_clue *postfix_proxy_find(struct postfix *postfix,
                                        const struct postfix_origin *origin,
                                        const struct postfix_peer *peer, struct span domain,
                                        enum postfix_fate fate)
{
    GList *found = NULL;
    struct postfix_proxied *proxied;
    struct postfix_clue *clue;

    for (GList *link = postfix->proxied.head; link != NULL; link = link->next) {
        proxied = link->data;
        if (!fits(proxied, origin, peer, fate))
            continue;
        if (proxied->clue->domain == NULL && found == NULL)
            found = link;
        if (proxied->clue->domain != NULL && span_is(domain, proxied->clue->domain)) {
            found = link;
            break;
        }
    }
    if (found == NULL)
        return NULL;
    proxied = found->data;
    g_queue_delete_link(&postfix->proxied, found);
    clue = g_steal_pointer(&proxied->clue);
    free_proxied(proxied);
    return clue;
}
