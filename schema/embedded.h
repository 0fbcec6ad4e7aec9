/*
 * Texts of the tree that are compiled in by schema/embed.sh: the SQL of the store and the
 * knowledge files. A list ends with an entry whose name is NULL.
 */
#ifndef SCHEMA_EMBEDDED_H
#define SCHEMA_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; /* file name without folder: "0001_initial.sql" */
    const char *text; /* NUL-terminated */
    size_t length;    /* without the NUL */
};

extern const struct embedded schema_sql[];
extern const struct embedded knowledge_texts[];

#endif
