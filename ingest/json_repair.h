/*
 * The pass over JSON of strangers before jansson sees it. It is linear in time, keeps a bracket
 * stack of fixed size, and copies nothing where nothing has to be mended.
 */
#ifndef INGEST_JSON_REPAIR_H
#define INGEST_JSON_REPAIR_H

#include "ingest/limits.h"
#include <glib.h>
#include <stddef.h>

struct json_repair {
    const char *text; /* what jansson shall parse; NULL where nothing whole was found */
    size_t length;
    size_t consumed; /* as for json_read() */
    GString *mended; /* holds `text`; NULL where that lies in the original */
};

/* Said by an issue where the memory for values ends, here or in jansson. */
#define JSON_REPAIR_MEMORY "the values need more than " G_STRINGIFY(LIMIT_JSON_MEMORY_MIB) " MiB"

/*
 * The first object or array of `text`, in UTF-8. json.h tells the repairs; each is an issue. Cut
 * after `values_max` values: LIMIT_JSON_VALUES, or fewer where these took too much memory.
 */
void json_repair(struct json_repair *repair, const char *text, size_t length, size_t values_max,
                 GPtrArray *issues);
void json_repair_clear(struct json_repair *repair);

#endif
