/*
 * The mail server's log in the store: sessions as hourly counts, failures as rows, and marks of the
 * lines they rest on, so that a line read twice changes nothing.
 */
#ifndef SCHEMA_STORE_LOG_H
#define SCHEMA_STORE_LOG_H

#include "schema/log_record.h"
#include "schema/store.h"

/*
 * Marks are kept by host and hour, STORE_LOG_MARK_BITS of each; past STORE_LOG_MARKS_MAX in one
 * hour no more are kept, and a line past it is counted again when it is read again. A line is taken
 * for a known one by mistake with a chance of (marks of its hour) / 2^STORE_LOG_MARK_BITS.
 */
#define STORE_LOG_MARK_BITS 40
#define STORE_LOG_MARKS_MAX 1000000

/* Rows of failed handshakes that clients began (direction in) are kept so long. */
#define STORE_LOG_INBOUND_DAYS 30

/* So many such rows of one host and hour; the rest is counted in rows without an address. */
#define STORE_LOG_INBOUND_ROWS 2000

/* A message is returned at most so long after its failures. */
#define STORE_LOG_EXPIRY_DAYS 30

/* So many things that were told of a part of a log can be told otherwise when more of it is read;
   of older ones the first telling stays. */
#define STORE_LOG_OPEN_MAX 20000

/* What came of a log, added up. */
struct store_log_counts {
    guint64 sessions; /* new ones */
    guint64 failures; /* new rows */
    guint64 expired;  /* messages with such rows that were returned */
    guint64 known;    /* lines that were read before */
};

/*
 * Takes events, adds up in memory what is new, and writes it when asked to. One at a time for each
 * store, whoever else writes: a lock file (store_lock(), "log") is held from the first event after
 * a write until log_writer_settle(); waiting for it is bounded by STORE_BUSY_MS. One writer for
 * each handle of a store: what another handle wrote is seen, what another writer of this one wrote
 * not.
 */
struct log_writer;

struct log_writer *log_writer_new(struct store *store);
void log_writer_free(struct log_writer *writer); /* what was not written is lost */

/* The time by which rows are stored from now on; until this is called the clock of the machine. */
void log_writer_set_time(struct log_writer *writer, gint64 now);

/*
 * Trouble with the store is kept and given by the next log_writer_write(). The event is lost then,
 * and all that come before that call: what was read since the last settled write is to be read
 * again, by which nothing is counted twice.
 */
void log_writer_take(struct log_writer *writer, const struct log_event *event);

/* So much waits in memory that it should be written. */
bool log_writer_is_full(const struct log_writer *writer);

/*
 * Within a transaction of the caller, writes what waits. After store_commit() call
 * log_writer_settle(writer, true, counts); where the transaction failed, with false: then it waits
 * on and may be written later.
 */
bool log_writer_write(struct log_writer *writer, GError **error);
void log_writer_settle(struct log_writer *writer, bool committed, struct store_log_counts *counts);

/*
 * Notes that the log of `host` was read from `carrier` for this time; within a transaction.
 * TLSTRIAGE_ERROR_TWICE where another carrier of the same host (first label, without case) was read
 * for a time that overlaps with it: both hold the same lines in other words.
 */
bool store_note_log(struct store *store, const char *host, enum log_carrier carrier,
                    gint64 first_at, gint64 last_at, GError **error);
/* The same question, with nothing noted. */
bool store_may_take_log(struct store *store, const char *host, enum log_carrier carrier,
                        gint64 first_at, gint64 last_at, GError **error);
/* Whether both names are of one host: the first label, without case. */
bool store_is_log_host(const char *host, const char *other);

/* Where a followed log was left off. */
struct log_position {
    char *path;     /* of the file as it was named, "journal" for the journal */
    guint64 device; /* of the file read last */
    guint64 inode;
    guint64 offset;    /* of the next unread byte */
    guint64 context;   /* from here on lines are read again, so that what waits is remembered */
    guint64 head_hash; /* of the first bytes of the file, to know it again after a rename */
    guint32 head_length;
    char *cursor; /* of the journal */
};
void log_position_clear(struct log_position *position);
/* *found false where nothing is known of the path. */
bool store_get_log_position(struct store *store, const char *path, struct log_position *position,
                            bool *found, GError **error);
/* Within a transaction. */
bool store_put_log_position(struct store *store, const struct log_position *position, gint64 at,
                            GError **error);

/* Which part of the logs is meant. Zero or NULL: no bound; the direction is always one. */
struct store_log_filter {
    gint64 from; /* at or after; 0: no bound */
    gint64 to;   /* before */
    enum direction direction;
    const char *domain; /* of recipients; NULL: all */
};

typedef void (*store_log_failure_fn)(const struct stored_log_failure *failure, void *data);
/* In the order of their times. */
bool store_each_log_failure(struct store *store, const struct store_log_filter *filter,
                            store_log_failure_fn take, void *data, GError **error);

/*
 * The times of the first and the last failure, of those not later than `now`, that came into the
 * store within [from, to], or whose message is known to have been given up within that time. Both
 * 0 where there is none.
 */
bool store_span_log_failures(struct store *store, enum direction direction, gint64 from, gint64 to,
                             gint64 now, gint64 *first_at, gint64 *last_at, GError **error);

/*
 * Clients that failed at our server within [from, to) and have the address of a host that took mail
 * of ours; with its name, NULL where none was told.
 */
typedef void (*store_log_peer_fn)(const char *ip, const char *mx, void *data);
bool store_each_log_peer(struct store *store, gint64 from, gint64 to, store_log_peer_fn take,
                         void *data, GError **error);

/* Of the hours that begin within the filter's time. */
typedef void (*store_deliveries_fn)(const struct stored_deliveries *deliveries, void *data);
bool store_each_deliveries(struct store *store, const struct store_log_filter *filter,
                           store_deliveries_fn take, void *data, GError **error);

#endif
