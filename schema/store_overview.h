/* What came in within a time, added up: by kind and sender, by problem, by reporter. */
#ifndef SCHEMA_STORE_OVERVIEW_H
#define SCHEMA_STORE_OVERVIEW_H

#include "schema/store.h"

/* Rows of each list; senders without end would else make an endless list. */
#define STORE_OVERVIEW_ROWS 2000

/* Arrivals at or after `from` and before `to`; 0: no bound. Texts are valid during the call. */
struct store_arrivals_of {
    const char *kind;    /* word of enum arrival_kind */
    const char *outcome; /* word of enum arrival_outcome */
    const char *sender;  /* domain of the sender; NULL for files, where none is said, and in
                            store_each_kind() */
    guint count;
};
typedef void (*store_arrivals_fn)(const struct store_arrivals_of *arrivals, void *data);
/* Both most first. By kind and outcome nothing is left out; by sender too, the rarest are. */
bool store_each_kind(struct store *store, gint64 from, gint64 to, store_arrivals_fn take,
                     void *data, GError **error);
bool store_each_sender(struct store *store, gint64 from, gint64 to, store_arrivals_fn take,
                       void *data, GError **error);

/* What could not be read, by reason. */
typedef void (*store_problem_fn)(const char *problem, const char *clause, guint count, void *data);
bool store_each_problem(struct store *store, gint64 from, gint64 to, store_problem_fn take,
                        void *data, GError **error);

/* Reporters with a report whose signature failed; `passed`: reports of theirs that ever passed. */
typedef void (*store_unsigned_fn)(const char *organization, guint failed, guint passed, void *data);
bool store_each_unsigned(struct store *store, gint64 from, gint64 to, store_unsigned_fn take,
                         void *data, GError **error);

/* Whether a TLS report is in the store, of whatever time. */
bool store_any_report(struct store *store, bool *any, GError **error);

/* Whether anything of a mail server's log is. */
bool store_any_log(struct store *store, bool *any, GError **error);

#endif
