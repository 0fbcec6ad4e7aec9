/*
 * What the mail server's log tells, as plain records. A log is read line by line and never held as
 * a whole, so an event lives only while it is handed on: its texts belong to whoever emits it.
 * Every text is valid UTF-8 of bounded length; NULL or "" where the log tells nothing. Names are
 * lower case A-labels without a final dot, addresses in RFC 5952 form. Times are Unix seconds, UTC.
 */
#ifndef SCHEMA_LOG_RECORD_H
#define SCHEMA_LOG_RECORD_H

#include "schema/vocabulary.h"
#include <glib.h>
#include <stdbool.h>

enum log_event_kind {
    LOG_EVENT_SESSION, /* counted by the hour */
    LOG_EVENT_FAILURE, /* kept as a row */
    LOG_EVENT_EXPIRED, /* a message was given up and returned: host, queue_id, at */
    /* The line with this mark was told with another one: where a part of the log was read before,
       and the line was told alone then, that row and its session go. host, mark, at */
    LOG_EVENT_CONSUMED,
    /* The line with this mark is of a session that was counted with another line: where only the
       rest of the log is read, it counts none. host, mark, at */
    LOG_EVENT_COUNTED,
};

/* One thing that a log tells, resting on one line. */
struct log_event {
    enum log_event_kind kind;
    guint64 mark; /* of the line it rests on (log_mark()): the same line again has the same */
    gint64 at;
    const char *host; /* whose log it is */
    enum mta mta;
    enum direction direction;
    const char *queue_id;
    const char *domain;   /* of the recipient; in: NULL */
    const char *next_hop; /* where the log names it */
    const char *mx;
    const char *ip; /* of the peer; of a good session told at least once a day for each peer */
    enum tls_level level;
    enum tls_version version;
    bool lacks_session; /* it came of a session of which no line was read */
    bool is_open;       /* told for want of lines that another part of the log may hold */
    guint sessions; /* 0: the session was counted with another line of it; N for repeated lines */

    enum session_outcome session; /* LOG_EVENT_SESSION */
    /* The line that the session is counted by where the one it rests on is not read; 0: none. */
    guint64 other_mark;
    gint64 other_at;

    enum log_outcome outcome;     /* from here on LOG_EVENT_FAILURE */
    enum result_type result_type; /* RESULT_UNKNOWN where the line earns none */
    enum failure_type failure_type;
    enum log_detail detail;
    gint64 delay;       /* age of the message in seconds; -1 where not told */
    const char *dsn;    /* "4.7.5" */
    const char *reason; /* what the server said, without local parts of addresses */
    /* What our side noted of the TLS session, where the reason leaves it out: a verification error,
       a message of the TLS library, or the failure_reason of Postfix's TLSRPT line. */
    const char *tls_error;
    /* The line itself, scrubbed alike (ingest/log/scrub.h); NULL for direction in where the reason
       tells all. */
    const char *line;
};

typedef void (*log_event_fn)(const struct log_event *event, void *data);

/* A failure as it was stored. Texts are valid while it is handed on. */
struct stored_log_failure {
    gint64 id;
    struct log_event event; /* kind FAILURE, mark 0 */
    gint64 stored_at;       /* when the row came into the store */
    gint64 returned_at;     /* when the message was given up; 0: not seen */
};

/* Sessions of the same kind, added up over some time. */
struct stored_deliveries {
    const char *host;
    enum mta mta;
    const char *domain; /* NULL for direction in */
    const char *next_hop;
    const char *mx;
    enum tls_level level;
    enum session_outcome outcome;
    enum tls_version version;
    gint64 sessions;
    gint64 first_hour; /* begin of it */
    gint64 last_hour;
};

/* A message in the mail server's queue, for one of its recipients. */
struct queued_message {
    const char *queue_name; /* "deferred", "active", "hold", "incoming" */
    const char *queue_id;
    gint64 arrived_at;
    const char *domain; /* of the recipient */
    const char *reason; /* why it waits; NULL where it was not tried yet */
};

/* How a log reached us. Of one host only one is read: both hold the same lines in other words. */
enum log_carrier { LOG_CARRIER_FILE, LOG_CARRIER_JOURNAL };

#endif
