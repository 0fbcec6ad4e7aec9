/*
 * The pass over JSON of strangers before jansson sees it. It is linear in time, keeps a bracket
 * stack of fixed size, and copies nothing where nothing has to be mended.
 */
#ifndef INGEST_JSON_REPAIR_H
#define INGEST_JSON_REPAIR_H

#include <glib.h>
#include <stddef.h>

struct json_repair {
    const char *text; /* what jansson shall parse; NULL where nothing whole was found */
    size_t length;
    size_t consumed; /* as for json_read() */
    GString *mended; /* holds `text`; NULL where that lies in the original */
};

/* The first object or array of `text`, in UTF-8. json.h tells the repairs; each is an issue. */
void json_repair(struct json_repair *repair, const char *text, size_t length, GPtrArray *issues);
void json_repair_clear(struct json_repair *repair);

#endif
