#include "schema/arena.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_BYTES 2048
#define FILE_BYTES (1u << 20)

struct chunk {
    void *at;
    size_t size;
    bool in_file;
};

struct arena {
    GArray *chunks;
    char *next; /* of the last chunk */
    size_t left;
    size_t heap_size; /* of the next chunk there */
    size_t on_heap;
    size_t in_files;
};

struct arena *arena_new(void)
{
    struct arena *arena = g_new0(struct arena, 1);

    arena->chunks = g_array_new(FALSE, FALSE, sizeof(struct chunk));
    arena->heap_size = FIRST_BYTES;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    for (guint i = 0; i < arena->chunks->len; i++) {
        struct chunk *chunk = &g_array_index(arena->chunks, struct chunk, i);
        if (chunk->in_file)
            munmap(chunk->at, chunk->size);
        else
            g_free(chunk->at);
    }
    g_array_unref(arena->chunks);
    g_free(arena);
}

static int nameless_file(void)
{
    const char *folder = g_get_tmp_dir();
    g_autofree char *name = NULL;
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (file >= 0)
        return file;
    name = g_build_filename(folder, "tlstriage-XXXXXX", NULL);
    file = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        unlink(name);
    return file;
}

/* The room is taken on the disk at once: a full disk is found out here, not by SIGBUS later. */
static void *map_file(size_t size)
{
    int file = nameless_file();
    void *at = MAP_FAILED;

    if (file < 0)
        return NULL;
    if (posix_fallocate(file, 0, (off_t)size) == 0)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return at != MAP_FAILED ? at : NULL;
}

static void add_chunk(struct arena *arena, size_t least)
{
    size_t on_heap = MAX(least, arena->heap_size);
    size_t in_file = (least + FILE_BYTES - 1) / FILE_BYTES * FILE_BYTES;
    struct chunk chunk = {.size = in_file, .in_file = true};

    if (arena->on_heap + on_heap > ARENA_HEAP_BYTES)
        chunk.at = map_file(in_file);
    if (chunk.at != NULL)
        arena->in_files += in_file;
    else {
        chunk = (struct chunk){.at = g_malloc(on_heap), .size = on_heap};
        arena->on_heap += on_heap;
        arena->heap_size = MIN(arena->heap_size * 2, ARENA_HEAP_BYTES / 4);
    }
    arena->next = chunk.at;
    arena->left = chunk.size;
    g_array_append_val(arena->chunks, chunk);
}

static void *take(struct arena *arena, size_t size, size_t alignment)
{
    size_t gap = arena->left % alignment; /* chunks end at a multiple of any alignment */
    char *at;

    if (size + gap > arena->left) {
        size_t unit = _Alignof(max_align_t);
        add_chunk(arena, (size + unit - 1) / unit * unit);
        gap = 0;
    }
    at = arena->next + gap;
    arena->next = at + size;
    arena->left -= gap + size;
    return at;
}

void *arena_take(struct arena *arena, size_t size)
{
    return take(arena, size, _Alignof(max_align_t));
}

char *arena_text(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(take(arena, size, 1), text, size);
}

void arena_rest(struct arena *arena)
{
    for (guint i = 0; i < arena->chunks->len; i++) {
        struct chunk *chunk = &g_array_index(arena->chunks, struct chunk, i);
        if (chunk->in_file)
            madvise(chunk->at, chunk->size, MADV_DONTNEED); /* shared: the file keeps it */
    }
}

size_t arena_size(const struct arena *arena)
{
    return arena->on_heap + arena->in_files;
}

size_t arena_size_in_files(const struct arena *arena)
{
    return arena->in_files;
}
