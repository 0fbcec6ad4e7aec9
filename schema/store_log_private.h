/* Shared by store_log*.c only. */
#ifndef SCHEMA_STORE_LOG_PRIVATE_H
#define SCHEMA_STORE_LOG_PRIVATE_H

#include "schema/store_log.h"
#include "schema/store_private.h"

#define STORE_LOG_HOUR 3600

/* The hour that a time lies in, counted from 1970; also for times before that. */
gint64 store_log_hour(gint64 at);

/* By what a host is known, however its name is written: the first label in lower case, or the whole
   address; "" for NULL. To be freed. */
char *store_log_host(const char *host);

/*
 * Marks of lines: what the store has, as far as it is looked at, and what is new. Memory is
 * bounded: hours that were not asked for lately are read again from the store.
 */
struct log_mark_cache;

struct log_mark_cache *log_mark_cache_new(struct store *store);
void log_mark_cache_free(struct log_mark_cache *cache);

/*
 * Whether the mark of an event of this kind is new for host and hour of `at`; then it is
 * remembered. `host` as the log names it. False with an error where the store cannot be read.
 */
bool log_mark_cache_take(struct log_mark_cache *cache, const struct log_event *event, bool *is_new,
                         GError **error);

/* How many marks wait to be written, those of hours with few of them counted for more. */
guint log_mark_cache_waiting(const struct log_mark_cache *cache);

/* Within a transaction; then settle. Where that failed, the marks wait on. */
bool log_mark_cache_write(struct log_mark_cache *cache, GError **error);
void log_mark_cache_settle(struct log_mark_cache *cache, bool committed);

/* Others may have written: what was read of the store holds no longer. */
void log_mark_cache_forget(struct log_mark_cache *cache);

/* What log_words has of a count or a failure, in the order of its columns from mta on; NULL where
   a column has none. Words of the vocabulary only, as they stand there. */
struct log_words {
    const char *at[9];
};

/* The row of log_words with these, which is made where there is none. Within a transaction; the
   store remembers it until one is rolled back. */
bool store_log_words(struct store *store, const struct log_words *words, gint64 *id,
                     GError **error);

/* A kind of session. Texts are "" where nothing is known. */
struct log_route {
    const char *texts[4]; /* host, domain, next hop, mx */
    enum mta mta;
    enum direction direction;
    enum tls_level level;
    enum session_outcome outcome;
    enum tls_version version;
    guint hash;
    gint64 id;      /* log_route.id; 0: not known */
    guint position; /* in the writer's counts, of `hour`; counted from 1 */
    gint64 hour;
};

/* Of all but itself, id and position; the store finds a route by it. */
guint log_route_hash(const struct log_route *route);

struct log_count {
    struct log_route *route;
    gint64 hour;
    guint64 sessions;
};

/*
 * What was told of a part of a log only (log_event.is_open): by its mark it is found again where
 * more of the log tells how it was, and taken back then.
 */
struct log_open;

struct log_open *log_open_new(struct store *store);
void log_open_free(struct log_open *open);

/* Before the first log_open_take(), and when others wrote. */
bool log_open_load(struct log_open *open, GError **error);

/* `route`: of a session; NULL for a failure. Both stay until they are settled. */
void log_open_add(struct log_open *open, const struct log_event *event,
                  const struct log_route *route);

/* Whether the mark is that of something open, which it is no more; a failure that waits is for the
   caller to drop, all else goes with the next write. */
enum log_open_found { LOG_OPEN_NONE, LOG_OPEN_STORED, LOG_OPEN_WAITING };
enum log_open_found log_open_take(struct log_open *open, enum log_event_kind kind, guint64 mark);

/* Within a transaction: the first before failures are written, the second after the counts. */
bool log_open_drop_failures(struct log_open *open, GError **error);
bool log_open_write(struct log_open *open, GError **error);
void log_open_settle(struct log_open *open, bool committed);

/* Who takes our mail. */
struct log_peers;

struct log_peers *log_peers_new(struct store *store);
void log_peers_free(struct log_peers *peers);

/* A session of ours that did not fail, with the address of its peer. */
void log_peers_take(struct log_peers *peers, const struct log_event *session);
guint log_peers_waiting(const struct log_peers *peers);

/* Within a transaction; then settle. Where that failed, they wait on. */
bool log_peers_write(const struct log_peers *peers, GError **error);
void log_peers_settle(struct log_peers *peers, bool committed);

/* A line that was told with another one, and may have been told alone before. */
struct log_consumed {
    guint64 mark;
    bool was_counted; /* a session, too */
};

/* Takes the rows of these, and their sessions, back. Within a transaction. */
bool log_alone_drop(struct store *store, const GArray *consumed, GError **error);

struct log_writer {
    struct store *store;
    int lock; /* -1: not held */
    gint64 data_version;
    gint64 now;    /* 0: the clock of the machine */
    GError *error; /* of log_writer_take() */
    struct log_mark_cache *marks;
    struct log_open *open;
    struct log_peers *peers;
    GHashTable *routes;        /* struct log_route * */
    GStringChunk *route_texts; /* of routes */
    gsize route_bytes;         /* of routes that came since the last write */
    GArray *counts;            /* struct log_count, not written yet */
    GPtrArray *failures;       /* struct log_event *, likewise; direction out */
    GArray *consumed;          /* struct log_consumed, of lines told alone before */
    GHashTable *clients;       /* struct log_event *, likewise; direction in */
    GPtrArray *expiries;       /* struct log_event *, likewise */
    GStringChunk *failure_texts;
    gsize failure_bytes;
    struct store_log_counts waiting; /* of what is not written yet */
    struct store_log_counts written; /* known only once it is written */
};

/* Writes counts, failures and expiries; sets writer->written. */
bool store_log_write(struct log_writer *writer, GError **error);

static inline const char *store_log_text(const char *text)
{
    return text != NULL ? text : "";
}

static inline const char *store_log_null(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

#endif
