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

#endif
