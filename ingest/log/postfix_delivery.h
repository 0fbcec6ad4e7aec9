/*
 * The parts of a line of Postfix' mail programs: queue id, HOST[IP], the record of a delivery
 * (global/log_adhoc.c) and the summary of a TLS session (tls/tls_misc.c). By hand on bytes: these
 * are most of what is read of a log.
 */
#ifndef INGEST_LOG_POSTFIX_DELIVERY_H
#define INGEST_LOG_POSTFIX_DELIVERY_H

#include "ingest/log/line.h"

/* HOST[IP]:PORT, as it stands; `ip` is empty where there are no brackets. */
struct postfix_peer {
    struct span host;
    struct span ip;
};

enum postfix_relay {
    POSTFIX_RELAY_NONE,  /* no connection was made */
    POSTFIX_RELAY_LOCAL, /* another program of this host: "local", "HOST[private/lmtp]" */
    POSTFIX_RELAY_HOST,
};

enum postfix_status {
    POSTFIX_STATUS_UNKNOWN,
    POSTFIX_SENT,
    POSTFIX_DEFERRED,
    POSTFIX_BOUNCED,
    POSTFIX_PROBE_GOOD, /* "deliverable": no mail, an address was asked for */
    POSTFIX_PROBE_BAD,
};

/* tls= (3.11 and later): what the policy asked for, and what became of it. */
struct postfix_tls {
    bool is_present;
    bool is_violated;      /* "!dane" */
    bool is_open;          /* "dane?": it ended before that was decided */
    enum tls_level level;  /* of the policy; LEVEL_UNKNOWN for "unknown" */
    enum tls_level actual; /* "dane:encrypt": what was done instead; else the same */
};

struct postfix_delivery {
    struct span queue_id;
    struct span domain; /* of the recipient, after the last '@' */
    enum postfix_relay relay;
    struct postfix_peer peer; /* where `relay` is a host */
    struct span relay_text;
    gint64 delay;        /* whole seconds; -1 where not told */
    struct span timings; /* the first three of delays=: the same for all recipients of an attempt */
    bool is_reused;      /* conn_use=: an earlier delivery opened the connection */
    struct postfix_tls tls;
    struct span dsn;
    enum postfix_status status;
    struct span reason; /* in the outermost parentheses */
};

struct postfix_summary {
    enum session_outcome outcome; /* by the word it begins with */
    enum tls_version version;
    bool is_inbound;
    bool is_reused;
    struct postfix_peer peer;
};

/* The length of the queue id that the text begins with, before ": "; 0: none. */
size_t postfix_queue_id(struct span text);

struct postfix_peer postfix_peer_read(struct span text);
bool postfix_peer_equals(const struct postfix_peer *one, const struct postfix_peer *other);

/*
 * `id_length`: as postfix_queue_id() gives it. False where the text is no record of a delivery; one
 * without a recipient is one.
 */
bool postfix_delivery_read(struct span text, size_t id_length, struct postfix_delivery *delivery);

bool postfix_summary_read(struct span text, struct postfix_summary *summary);

#endif
