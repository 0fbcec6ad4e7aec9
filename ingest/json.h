/*
 * JSON of strangers (RFC 8259, RFC 7493) into jansson values, with a repair before it where
 * jansson would refuse a whole document for one byte, and a budget for values and memory.
 */
#ifndef INGEST_JSON_H
#define INGEST_JSON_H

#include "schema/record.h"
#include <glib.h>
#include <jansson.h>

/* Must be called once, before any thread reads: it puts the memory budget under jansson. */
void json_init(void);

/* Whether bytes can begin a JSON object or array: blanks, a byte order mark, then '{' or '['. */
bool json_sniff(const char *text, size_t length);

/*
 * Reads the first value of `text`; *consumed (unless NULL) tells where it ended, so that a caller
 * can go on with what follows. Repairs, each an issue of kind JSON (one per sort of repair, with a
 * count): byte order mark; UTF-16; invalid UTF-8; NUL and other raw control characters; \u0000 and
 * lone surrogates; escapes that do not exist; numbers out of range or in a wrong form; literals
 * that do not exist (NaN, None: null); commas before a closing bracket; duplicate names (the last
 * counts). A text that ends early, breaks the grammar, goes deeper than LIMIT_JSON_DEPTH or holds
 * more than LIMIT_JSON_VALUES values is cut after the last whole element of its top-level
 * "policies" array, or, if it has none, after its last whole top-level member, and closed there.
 * NULL, with an issue of severity ISSUE_ERROR, where nothing could be made of it or the memory
 * budget was met. Several threads may read at once; documents over 1 MiB one after the other, so
 * that memory stays under one budget. Free with json_decref().
 */
json_t *json_read(const char *text, size_t length, size_t *consumed, GPtrArray *issues);

/* SHA-256 of the value in canonical form: compact, names sorted. */
void json_hash(const json_t *value, uint8_t hash[RECORD_HASH_BYTES]);

#endif
