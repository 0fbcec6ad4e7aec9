/*
 * Memory that is taken piece by piece and given back as a whole. The first part of it lies on the
 * heap; what is more lies in files without a name below TMPDIR (else /tmp), so that it can leave
 * the memory of the process while nobody looks at it. Where no file is to be had it is heap, too.
 */
#ifndef SCHEMA_ARENA_H
#define SCHEMA_ARENA_H

#include <glib.h>

#define ARENA_HEAP_BYTES (256u << 10) /* what lies on the heap before files are made */

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);

/* `size` bytes aligned for any type, not cleared, that stay where they are. */
void *arena_take(struct arena *arena, size_t size);
/* A copy. */
char *arena_text(struct arena *arena, const char *text);

/* What lies in files may leave the memory, and comes back at the next look. */
void arena_rest(struct arena *arena);

/* All that was taken so far, and what of it can leave the memory. */
size_t arena_size(const struct arena *arena);
size_t arena_size_in_files(const struct arena *arena);

#endif
