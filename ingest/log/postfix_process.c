#include "ingest/log/postfix_process.h"
#include "ingest/text.h"

#define BUCKETS 4096
#define ORIGIN_SLOTS 256

struct postfix_processes {
    struct postfix_process *buckets[BUCKETS];
    GQueue idle;
    GPtrArray *origins;
    struct postfix_origin *slots[ORIGIN_SLOTS]; /* the last ones found, by a hash */
    postfix_process_fn forget;
    void *data;
};

static const struct {
    const char *name;
    enum postfix_daemon daemon;
} daemons[] = {
    {"smtp", POSTFIX_DAEMON_CLIENT},  {"lmtp", POSTFIX_DAEMON_CLIENT},
    {"smtpd", POSTFIX_DAEMON_SERVER}, {"tlsproxy", POSTFIX_DAEMON_PROXY},
    {"qmgr", POSTFIX_DAEMON_QUEUE},   {"oqmgr", POSTFIX_DAEMON_QUEUE},
    {"nqmgr", POSTFIX_DAEMON_QUEUE},  {"error", POSTFIX_DAEMON_REPLAY},
    {"retry", POSTFIX_DAEMON_REPLAY},
};

static void origin_free(gpointer data)
{
    struct postfix_origin *origin = data;

    g_free(origin->host);
    g_free(origin->program);
    g_free(origin->name);
    g_free(origin);
}

struct postfix_processes *postfix_processes_new(postfix_process_fn forget, void *data)
{
    struct postfix_processes *processes = g_new0(struct postfix_processes, 1);

    g_queue_init(&processes->idle);
    processes->origins = g_ptr_array_new_with_free_func(origin_free);
    processes->forget = forget;
    processes->data = data;
    return processes;
}

static guint bucket_of(const struct postfix_origin *origin, gint64 pid)
{
    return (guint)(((gsize)origin >> 5) * 31 + (guint64)pid) % BUCKETS;
}

static void drop(struct postfix_processes *processes, struct postfix_process *process)
{
    struct postfix_process **at = &processes->buckets[bucket_of(process->origin, process->pid)];

    while (*at != process)
        at = &(*at)->next;
    *at = process->next;
    g_queue_unlink(&processes->idle, &process->link);
    postfix_clues_free(process->clues);
    postfix_clues_free(process->facts);
    if (process->earlier != NULL)
        g_array_unref(process->earlier);
    g_free(process);
}

static void forget_all(struct postfix_processes *processes, bool tell)
{
    while (processes->idle.head != NULL) {
        struct postfix_process *process = processes->idle.head->data;
        if (tell)
            processes->forget(process, processes->data);
        drop(processes, process);
    }
}

void postfix_processes_free(struct postfix_processes *processes)
{
    if (processes == NULL)
        return;
    forget_all(processes, false);
    g_ptr_array_unref(processes->origins);
    g_free(processes);
}

/* The last part of a program's name says what it is; what stands before it, an admin chose. */
enum postfix_daemon postfix_daemon_of(struct span program, bool *is_submission)
{
    const char *slash = program.length == 0 ? NULL : memrchr(program.at, '/', program.length);
    struct span name;

    *is_submission =
        span_find(program, "submission") != NULL || span_find(program, "smtps/") != NULL;
    if (slash == NULL)
        return POSTFIX_DAEMON_BARE;
    name = span_from(program, (size_t)(slash - program.at) + 1);
    for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++)
        if (span_is(name, daemons[i].name))
            return daemons[i].daemon;
    return POSTFIX_DAEMON_OTHER;
}

static bool is_origin(const struct postfix_origin *origin, const struct log_line *line)
{
    return origin != NULL && origin->program_length == line->program.length &&
           origin->host_length == line->host.length &&
           (line->program.length == 0 ||
            memcmp(origin->program, line->program.at, line->program.length) == 0) &&
           (line->host.length == 0 || memcmp(origin->host, line->host.at, line->host.length) == 0);
}

static struct postfix_origin *add_origin(struct postfix_processes *processes,
                                         const struct log_line *line)
{
    struct postfix_origin *origin = g_new0(struct postfix_origin, 1);

    if (processes->origins->len >= POSTFIX_ORIGINS_MAX) {
        forget_all(processes, true);
        g_ptr_array_set_size(processes->origins, 0);
        memset(processes->slots, 0, sizeof processes->slots);
    }
    origin->host = g_strndup(line->host.at, line->host.length);
    origin->program = g_strndup(line->program.at, line->program.length);
    origin->host_length = (guint32)line->host.length;
    origin->program_length = (guint32)line->program.length;
    if (line->host.length > 0)
        origin->name = text_bounded(line->host.at, line->host.length, LIMIT_DOMAIN_BYTES, NULL);
    origin->daemon = postfix_daemon_of(line->program, &origin->is_submission);
    g_ptr_array_add(processes->origins, origin);
    return origin;
}

struct postfix_origin *postfix_origin_find(struct postfix_processes *processes,
                                           const struct log_line *line)
{
    guint hash = span_tail_hash(line->program) + (guint)line->host.length;
    struct postfix_origin **slot = &processes->slots[hash % ORIGIN_SLOTS];

    if (is_origin(*slot, line))
        return *slot;
    for (guint i = 0; i < processes->origins->len; i++) {
        *slot = g_ptr_array_index(processes->origins, i);
        if (is_origin(*slot, line))
            return *slot;
    }
    *slot = NULL;
    *slot = add_origin(processes, line);
    return *slot;
}

struct postfix_process *postfix_process_find(struct postfix_processes *processes,
                                             const struct postfix_origin *origin, gint64 pid)
{
    struct postfix_process *process = processes->buckets[bucket_of(origin, pid)];

    while (process != NULL && (process->pid != pid || process->origin != origin))
        process = process->next;
    return process;
}

struct postfix_process *postfix_process_get(struct postfix_processes *processes,
                                            struct postfix_origin *origin, gint64 pid, gint64 at)
{
    struct postfix_process *process = postfix_process_find(processes, origin, pid);
    struct postfix_process **bucket;

    if (process != NULL) {
        g_queue_unlink(&processes->idle, &process->link);
        g_queue_push_tail_link(&processes->idle, &process->link);
        process->last_at = at;
        return process;
    }
    if (processes->idle.length >= POSTFIX_PROCESSES_MAX) {
        struct postfix_process *oldest = processes->idle.head->data;
        processes->forget(oldest, processes->data);
        drop(processes, oldest);
    }
    process = g_new0(struct postfix_process, 1);
    process->origin = origin;
    process->pid = pid;
    process->last_at = at;
    process->link.data = process;
    bucket = &processes->buckets[bucket_of(origin, pid)];
    process->next = *bucket;
    *bucket = process;
    g_queue_push_tail_link(&processes->idle, &process->link);
    return process;
}

void postfix_processes_settle(struct postfix_processes *processes, gint64 before, gint64 forget,
                              postfix_process_fn each, void *data)
{
    GList *next;

    for (GList *link = processes->idle.head; link != NULL; link = next) {
        struct postfix_process *process = link->data;
        next = link->next;
        if (process->last_at >= before)
            break;
        each(process, data);
        if (process->last_at < forget)
            drop(processes, process);
    }
}

void postfix_name_set(struct postfix_name *name, const struct postfix_peer *peer)
{
    name->host_length = (guint16)MIN(peer->host.length, sizeof name->host - 1);
    name->ip_length = (guint16)MIN(peer->ip.length, sizeof name->ip - 1);
    if (name->host_length > 0)
        memcpy(name->host, peer->host.at, name->host_length);
    if (name->ip_length > 0)
        memcpy(name->ip, peer->ip.at, name->ip_length);
    name->host[name->host_length] = '\0';
    name->ip[name->ip_length] = '\0';
}

struct postfix_peer postfix_name_peer(const struct postfix_name *name)
{
    return (struct postfix_peer){span_of(name->host, name->host_length),
                                 span_of(name->ip, name->ip_length)};
}

void postfix_clue_free(struct postfix_clue *clue)
{
    if (clue == NULL)
        return;
    --*clue->count;
    g_free(clue->next_hop);
    g_free(clue->domain);
    g_free(clue->line);
    g_free(clue->reason);
    g_free(clue->error);
    g_free(clue->queue_id);
    g_free(clue);
}

void postfix_clues_free(struct postfix_clue *clue)
{
    while (clue != NULL) {
        struct postfix_clue *next = clue->next;
        postfix_clue_free(clue);
        clue = next;
    }
}

static void keep(char **to, struct span text)
{
    if (*to == NULL && text.length > 0)
        *to = g_strndup(text.at, MIN(text.length, LIMIT_DOMAIN_BYTES));
}

/* A name that has no address yet gets it from a line that has both. */
static void join_peers(struct postfix_name *name, const struct postfix_peer *peer)
{
    struct postfix_peer own = postfix_name_peer(name);
    struct postfix_peer joint = {own.host.length > 0 ? own.host : peer->host,
                                 own.ip.length > 0 ? own.ip : peer->ip};
    struct postfix_name copy;

    postfix_name_set(&copy, &joint);
    *name = copy;
}

void postfix_clue_add(struct postfix_clue *clue, const struct postfix_evidence *evidence)
{
    struct postfix_peer peer = {evidence->host, evidence->ip};
    bool is_stronger = evidence->weight > clue->weight || clue->line == NULL;

    join_peers(&clue->peer, &peer);
    keep(&clue->next_hop, evidence->next_hop);
    keep(&clue->domain, evidence->domain);
    if (evidence->weight == POSTFIX_WEIGHT_TLSRPT)
        clue->tlsrpt = evidence->result;
    if (evidence->level != LEVEL_UNKNOWN)
        clue->level = evidence->level;
    /* What tells no failure alone does not take that from a line that does. */
    clue->flags = (clue->line == NULL ? evidence->flags
                                      : (clue->flags & evidence->flags & POSTFIX_SOFT) |
                                            ((clue->flags | evidence->flags) & ~POSTFIX_SOFT));
    if (!is_stronger)
        return;
    clue->weight = evidence->weight;
    clue->detail = evidence->detail;
    clue->result = evidence->result;
}

void postfix_clue_join(struct postfix_clue *clue, struct postfix_clue *other)
{
    struct postfix_evidence evidence = {
        .weight = other->weight,
        .flags = other->flags,
        .detail = other->detail,
        .result = other->result,
        .level = other->level,
        .host = span_of(other->peer.host, other->peer.host_length),
        .ip = span_of(other->peer.ip, other->peer.ip_length),
    };

    if (other->weight > clue->weight) {
        clue->mark = other->mark;
        clue->at = other->at;
        g_free(clue->line);
        g_free(clue->reason);
        clue->line = g_steal_pointer(&other->line);
        clue->reason = g_steal_pointer(&other->reason);
    }
    if (other->error != NULL && (clue->error == NULL || other->error_weight > clue->error_weight)) {
        g_free(clue->error);
        clue->error = g_steal_pointer(&other->error);
        clue->error_weight = other->error_weight;
    }
    postfix_clue_add(clue, &evidence);
    log_clues_join(&clue->rests, &other->rests);
    if (clue->next_hop == NULL)
        clue->next_hop = g_steal_pointer(&other->next_hop);
    if (clue->domain == NULL)
        clue->domain = g_steal_pointer(&other->domain);
    if (other->tlsrpt != RESULT_UNKNOWN)
        clue->tlsrpt = other->tlsrpt;
    clue->is_confirmed |= other->is_confirmed;
    if (!clue->session.is_known)
        clue->session = other->session;
    postfix_clue_free(other);
}
