/* What could not be read, for people to look at. See the limits in store.h. */
#ifndef SCHEMA_STORE_QUARANTINE_H
#define SCHEMA_STORE_QUARANTINE_H

#include "schema/store.h"

/* One thing in the quarantine. Texts are valid during the call; NULL where nothing is known. */
struct store_quarantined {
    gint64 id;
    gint64 at;
    gint64 size; /* bytes, as it is kept */
    const char *kind;
    const char *sender;
    const char *subject;
    const char *source;
    const char *part;
    const char *file_name;
    const char *problem;
    const char *clause;
    const void *bytes; /* only for store_look_into_quarantine() */
    enum original_encoding encoding;
};
typedef void (*store_quarantined_fn)(const struct store_quarantined *thing, void *data);

/* Oldest first, without bytes. */
bool store_each_quarantined(struct store *store, store_quarantined_fn take, void *data,
                            GError **error);

/* The one with this id, with its bytes. *found false where there is none. */
bool store_look_into_quarantine(struct store *store, gint64 id, store_quarantined_fn take,
                                void *data, bool *found, GError **error);

/* Within a transaction of the caller. *found false where there is none. */
bool store_drop_quarantined(struct store *store, gint64 id, bool *found, GError **error);

#endif
