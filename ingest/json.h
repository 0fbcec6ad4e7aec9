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

/*
 * Whether bytes can begin a JSON object or array: blanks, a byte order mark (of UTF-8 or UTF-16),
 * then '{' or '['.
 */
bool json_sniff(const char *text, size_t length);

/*
 * Reads the first value of `text`, an object or array; *consumed (unless NULL) tells where it
 * ended, so that a caller can go on with what follows. Repairs, each an issue of kind JSON (one per
 * sort of repair, with a count): byte order mark; UTF-16; invalid UTF-8; NUL and other raw control
 * characters; \u0000 and lone surrogates; escapes that do not exist; numbers out of range or in a
 * wrong form; literals that do not exist (NaN, None: null); superfluous commas; control and
 * non-ASCII characters between tokens; duplicate names (the last counts). A text that ends early,
 * breaks the grammar, goes deeper than LIMIT_JSON_DEPTH, holds more than LIMIT_JSON_VALUES values
 * or needs more than LIMIT_JSON_MEMORY is cut after the last whole element of its top-level
 * "policies" array or, where that comes later, its last whole top-level member, and closed there;
 * *consumed is then the start of the next line that begins with '{', else `length`. It always is
 * more than 0, unless `length` is 0. NULL, with an issue of severity ISSUE_ERROR, where nothing
 * could be made of it. Several threads may read at once; documents over 1 MiB take turns. Free with
 * json_decref().
 */
json_t *json_read(const char *text, size_t length, size_t *consumed, GPtrArray *issues);

/*
 * The turn of a big document. json_read() takes it by itself, but only while it reads: a value may
 * need LIMIT_JSON_MEMORY, and it is the caller's from then on. So where several threads read, each
 * takes the turn before json_read() and passes it after json_decref(), with the same `length`; then
 * there is never more than one big value. Does nothing for small documents; may be nested.
 */
void json_turn_take(size_t length);
void json_turn_pass(size_t length);

/*
 * SHA-256 of the value: neither white space nor the order of names counts, everything else does.
 * Part of a store's identity: a change of the form hashed makes every kept report a new one.
 */
void json_hash(const json_t *value, uint8_t hash[RECORD_HASH_BYTES]);

#endif
