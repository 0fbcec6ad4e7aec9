/* What the files of the Postfix dialect share. */
#ifndef INGEST_LOG_POSTFIX_PRIVATE_H
#define INGEST_LOG_POSTFIX_PRIVATE_H

#include "ingest/log/postfix_process.h"

/* A line of a delivery follows the lines about it within so many seconds of log time. */
#define POSTFIX_ASSOCIATION_SECONDS 600
/* A session is known by its summary for so long; a large message takes its time. */
#define POSTFIX_SESSION_SECONDS 3600

#define POSTFIX_RECENT 512
#define POSTFIX_ENDPOINTS 512
#define POSTFIX_PEERS 4096 /* that are remembered; another one is told again */
#define POSTFIX_PROXIED_MAX 256
#define POSTFIX_EXPECTED 32

/* A connection is kept open for other mail for so long (smtp_connection_reuse_time_limit). */
#define POSTFIX_REUSE_SECONDS 300

/*
 * What a failure turned out to be, for when it is said again without its evidence: in a reason that
 * is repeated, or by mail over a connection that is in clear since.
 */
struct postfix_recent {
    guint64 hash; /* of log host, domain and reason; of log host and peer */
    gint64 at;
    enum log_detail detail;
    enum result_type result;
    enum tls_level level;
    bool dane;
};

/* A failed handshake that smtp told of before tlsproxy did. */
struct postfix_expected {
    guint64 hash; /* of log host and address */
    gint64 at;
    guint count; /* of those that no line of tlsproxy came for */
};

struct postfix {
    struct log_context *context;
    struct postfix_processes *processes;
    struct postfix_evidences *evidences;
    struct pattern_set *reasons;
    struct pattern_set *inbound;
    guint clues;    /* that there are */
    GQueue proxied; /* of struct postfix_proxied, what tlsproxy said */
    bool has_proxy; /* tlsproxy said something at all */
    struct postfix_expected expected[POSTFIX_EXPECTED];
    struct postfix_recent recent[POSTFIX_RECENT];
    guint64 peers[POSTFIX_PEERS];       /* hashes of addresses and days that were told */
    guint64 clients[POSTFIX_ENDPOINTS]; /* hashes of endpoints that tlsproxy serves as a server */
};

/* What a line of smtp or lmtp says by itself; found ahead, in the thread that splits the log. */
enum postfix_form {
    POSTFIX_FORM_OTHER,
    POSTFIX_FORM_MESSAGE, /* of a message, but no record of a delivery */
    POSTFIX_FORM_DELIVERY,
    POSTFIX_FORM_SUMMARY,
};

struct postfix_look {
    enum postfix_form form;
    size_t id_length; /* of the queue id that it begins with; 0: none */
    union {
        struct postfix_delivery delivery;
        struct postfix_summary summary;
    };
};
G_STATIC_ASSERT(sizeof(struct postfix_look) <= LOG_LOOK_BYTES);

/* postfix_outbound.c: smtp, lmtp, error, retry, qmgr */
void postfix_outbound_look(struct span message, struct postfix_look *look);
bool postfix_outbound_take(struct postfix *postfix, struct postfix_origin *origin,
                           const struct log_line *line);
bool postfix_outbound_replay(struct postfix *postfix, struct postfix_origin *origin,
                             const struct log_line *line);
/* What waits for a line of a delivery is told without it. */
void postfix_outbound_settle(struct postfix *postfix, struct postfix_process *process);

/* postfix_judge.c: what a delivery's line and the lines before it come to */
struct postfix_attempt {
    const struct postfix_delivery *delivery;
    const struct postfix_reason *reason; /* NULL: it was delivered */
    struct span reason_host;
    bool is_throttled;
    bool is_over_tls;           /* a summary of the session was seen */
    bool sees_all;              /* what the TLS library says of it would be at hand */
    bool is_before_36;          /* Postfix up to 3.5 */
    enum session_outcome trust; /* by that, as the next one */
    enum tls_version version;
    const struct postfix_clue *facts; /* NULL: none */
};

struct postfix_verdict {
    bool is_failure;
    bool is_session_failed; /* the session, if there was one, is none that the policy accepts */
    enum log_outcome outcome;
    enum log_detail detail;
    enum result_type result;
    enum tls_level level;
    bool dane;
};

struct postfix_verdict postfix_judge(const struct postfix_attempt *attempt);

/*
 * "Server certificate not trusted", "... not verified", and no line says why, although the chain is
 * not trusted. Up to 3.5 that was so at two levels only; what it was at them. DETAIL_NONE: another
 * reason.
 */
enum log_detail postfix_judge_silence(struct span reason);
/* Of evidence alone: detail, result, level and dane. */
void postfix_judge_clue(const struct postfix_clue *clue, struct postfix_verdict *verdict);
/* SESSION_UNKNOWN where tls= does not tell. */
enum session_outcome postfix_judge_tls(const struct postfix_tls *tls);

/* postfix_proxy.c: tlsproxy */
bool postfix_proxy_take(struct postfix *postfix, struct postfix_origin *origin,
                        const struct log_line *line);
/* What smtp says of a session that tlsproxy made for it. */
enum postfix_fate {
    POSTFIX_FATE_BROKEN,  /* there was none */
    POSTFIX_FATE_REFUSED, /* its certificate was not good enough */
    POSTFIX_FATE_USED,    /* mail was sent, so that nothing in it forbade that */
};

/* What tlsproxy said of the session of this peer; NULL: nothing. The caller frees it. */
struct postfix_clue *postfix_proxy_find(struct postfix *postfix,
                                        const struct postfix_origin *origin,
                                        const struct postfix_peer *peer, struct span domain,
                                        enum postfix_fate fate);
/* A failed handshake was told of; a line of tlsproxy that comes later is about the same. */
void postfix_proxy_expect(struct postfix *postfix, const struct postfix_origin *origin,
                          const struct postfix_peer *peer, gint64 at);
void postfix_proxy_settle(struct postfix *postfix, gint64 before);
void postfix_proxy_clear(struct postfix *postfix);

/* postfix_inbound.c: smtpd, and tlsproxy as a server */
struct pattern_set *postfix_inbound_patterns(void);
/* Of most lines of smtpd: mail that was taken or refused. */
bool postfix_inbound_is_idle(const struct log_line *line);
bool postfix_inbound_take(struct postfix *postfix, struct postfix_origin *origin,
                          const struct log_line *line);
void postfix_inbound_settle(struct postfix *postfix, struct postfix_process *process);
bool postfix_inbound_is(struct span message); /* a bare line that a server wrote */
bool postfix_inbound_session(struct postfix *postfix, struct postfix_origin *origin,
                             const struct log_line *line, const struct postfix_summary *summary);
void postfix_inbound_tell(struct postfix *postfix, struct postfix_origin *origin,
                          struct postfix_clue *clue);

/* postfix_tell.c: events */
struct postfix_tale {
    struct postfix_origin *origin;
    enum direction direction;
    guint64 mark;
    gint64 at;
    guint64 other_mark; /* of a session, see struct log_event */
    gint64 other_at;
    bool lacks_session; /* likewise */
    struct span queue_id;
    struct span domain;
    struct span next_hop;
    struct postfix_peer peer;
};

void postfix_tell_session(struct postfix *postfix, const struct postfix_tale *tale,
                          enum session_outcome outcome, enum tls_level level,
                          enum tls_version version, guint count);
/* Of a delivery by a session that was counted before. */
void postfix_tell_counted(struct postfix *postfix, const struct postfix_tale *tale);
/* Of a line that is at hand. */
void postfix_tell_delivery(struct postfix *postfix, const struct postfix_tale *tale,
                           const struct postfix_attempt *attempt,
                           const struct postfix_verdict *verdict, struct span line, guint sessions);
/* Of a line that is past; its texts are kept with the clue. */
void postfix_tell_clue(struct postfix *postfix, const struct postfix_tale *tale,
                       struct postfix_clue *clue, const struct postfix_verdict *verdict,
                       guint sessions);
void postfix_tell_expired(struct postfix *postfix, const struct postfix_tale *tale);

struct postfix_clue *postfix_clue_new(struct postfix *postfix);

/* A clue that rests on this line, or keeps it where the evidence is the strongest so far. */
void postfix_clue_rest(struct postfix *postfix, struct postfix_clue *clue,
                       const struct postfix_evidence *evidence, const struct log_line *line);

/* It was told by its strongest line: the weaker ones are none any more. */
void postfix_clue_told(struct postfix *postfix, struct postfix_clue *clue,
                       const struct postfix_origin *origin);

/* Of a text, going on from `hash`. */
guint64 postfix_hash(guint64 hash, struct span text);

#endif
