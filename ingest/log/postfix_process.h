/*
 * What is remembered of Postfix' processes between their lines. A process of smtp does one delivery
 * at a time, so lines of the same log host, instance and pid belong together; lines of tlsproxy,
 * which serves many at once, do so by the address they name. All of it is bounded: by number, and
 * by time in postfix.c.
 */
#ifndef INGEST_LOG_POSTFIX_PROCESS_H
#define INGEST_LOG_POSTFIX_PROCESS_H

#include "ingest/limits.h"
#include "ingest/log/dialect.h"
#include "ingest/log/postfix_delivery.h"
#include "ingest/log/postfix_evidence.h"

#define POSTFIX_PROCESSES_MAX 4096 /* the one longest idle is told and forgotten */
#define POSTFIX_CLUES_MAX 16       /* of one process; then the oldest is told */
#define POSTFIX_CLUES_TOTAL 4096   /* of all; then what waits is told */
#define POSTFIX_ORIGINS_MAX 1024   /* past them all is told and forgotten */
#define POSTFIX_ADDRESS_BYTES 64

enum postfix_daemon {
    POSTFIX_DAEMON_OTHER, /* tells nothing */
    POSTFIX_DAEMON_CLIENT,
    POSTFIX_DAEMON_SERVER,
    POSTFIX_DAEMON_PROXY,
    POSTFIX_DAEMON_QUEUE,
    POSTFIX_DAEMON_REPLAY, /* error, retry: reasons of others, again */
    POSTFIX_DAEMON_BARE,   /* a line without a program */
};

/* By the last part of the program's name, as it stands in the line. */
enum postfix_daemon postfix_daemon_of(struct span program, bool *is_submission);

/* A log host and a program of it. */
struct postfix_origin {
    char *host;    /* as it stands */
    char *program; /* "postfix/submission/smtpd" */
    guint32 host_length;
    guint32 program_length;
    char *name; /* of the host, as it is told; NULL where the line has none */
    enum postfix_daemon daemon;
    bool is_submission;  /* for our users' mail programs */
    bool logs_summaries; /* it was seen to log sessions */
};

/* Copied, as it stood. */
struct postfix_name {
    guint16 host_length;
    guint16 ip_length;
    char host[LIMIT_DOMAIN_BYTES + 1];
    char ip[POSTFIX_ADDRESS_BYTES];
};

struct postfix_session {
    bool is_known;
    bool is_told;
    bool is_early; /* told before its delivery: that took long */
    gint64 at;
    guint64 mark;
    guint count;
    enum session_outcome outcome;
    enum tls_version version;
    struct postfix_name peer;
};

/* Lines about one peer that wait for the line of the delivery. */
struct postfix_clue {
    struct postfix_clue *next;
    guint *count; /* how many there are */
    struct postfix_name peer;
    char *next_hop;
    char *domain; /* by TLSRPT */
    enum postfix_weight weight;
    unsigned flags;
    enum log_detail detail;
    enum result_type result;
    enum result_type tlsrpt; /* RESULT_UNKNOWN: no such line */
    enum tls_level level;
    bool is_confirmed;              /* "QID: REASON": this failed, and another try follows */
    struct postfix_session session; /* the one that failed, where it had a summary */
    guint64 mark;                   /* of the strongest line */
    struct log_clues rests;         /* lines that were the strongest so far */
    gint64 at;
    char *line;
    char *reason;
    char *error; /* the most telling so far */
    enum postfix_weight error_weight;
    char *queue_id;
};

struct postfix_process {
    struct postfix_origin *origin;
    gint64 pid;
    bool is_inbound;
    struct postfix_process *next; /* in its bucket */
    GList link;                   /* by time of the last line; the longest idle is the head */
    gint64 last_at;
    struct postfix_session session;
    GArray *earlier; /* of struct postfix_session, that no delivery line told of; NULL: none */
    struct postfix_clue *clues; /* the last is the newest */
    guint64 attempt;            /* hash of what the recipients of one attempt have in common */
    struct postfix_clue *facts; /* what was known of that attempt */
    bool is_before_36;          /* it said what Postfix up to 3.5 says only */
    guint64 said;               /* hash of the last local problem that was told, */
    gint64 said_at;             /* and when */
};

struct postfix_processes;

/* Called before a process is forgotten. */
typedef void (*postfix_process_fn)(struct postfix_process *process, void *data);

struct postfix_processes *postfix_processes_new(postfix_process_fn forget, void *data);
void postfix_processes_free(struct postfix_processes *processes); /* without telling anything */

/* Of the line; remembered. */
struct postfix_origin *postfix_origin_find(struct postfix_processes *processes,
                                           const struct log_line *line);

/* NULL where it is not known. */
struct postfix_process *postfix_process_find(struct postfix_processes *processes,
                                             const struct postfix_origin *origin, gint64 pid);
/* Known from now on, and the last to have said something. */
struct postfix_process *postfix_process_get(struct postfix_processes *processes,
                                            struct postfix_origin *origin, gint64 pid, gint64 at);

/* `each` for processes idle since before `before`, and those idle since `forget` are forgotten. */
void postfix_processes_settle(struct postfix_processes *processes, gint64 before, gint64 forget,
                              postfix_process_fn each, void *data);

void postfix_name_set(struct postfix_name *name, const struct postfix_peer *peer);
struct postfix_peer postfix_name_peer(const struct postfix_name *name);

void postfix_clue_free(struct postfix_clue *clue); /* it alone */
void postfix_clues_free(struct postfix_clue *clue);

/* Adds what `evidence` says; the strongest line is the one that the clue rests on. */
void postfix_clue_add(struct postfix_clue *clue, const struct postfix_evidence *evidence);
/* The same of two clues; `other` is freed. */
void postfix_clue_join(struct postfix_clue *clue, struct postfix_clue *other);

#endif
