/*
 * The rows of a DMARC report, in blocks. What a row points to and the full blocks lie in an arena;
 * texts are found again within a block only, so that a report of any length needs the memory of a
 * block.
 */
#include "schema/dmarc_record.h"
#include <string.h>

#define BLOCK_BYTES (DMARC_ROWS_BLOCK * sizeof(struct dmarc_row))

struct dmarc_rows {
    struct arena *arena;
    GPtrArray *blocks; /* struct dmarc_row *, full ones */
    GArray *open;      /* struct dmarc_row: the block that is being filled */
    GHashTable *texts; /* of the open block: text -> itself; NULL when no more are taken in */
    GHashTable *lists; /* likewise; GBytes * */
    guint looked_at;   /* block */
};

struct dmarc_rows *dmarc_rows_new(void)
{
    struct dmarc_rows *rows = g_new0(struct dmarc_rows, 1);

    rows->arena = arena_new();
    rows->blocks = g_ptr_array_new();
    rows->open = g_array_new(FALSE, FALSE, sizeof(struct dmarc_row));
    rows->texts = g_hash_table_new(g_str_hash, g_str_equal);
    rows->lists =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    return rows;
}

void dmarc_rows_seal(struct dmarc_rows *rows)
{
    g_clear_pointer(&rows->texts, g_hash_table_unref);
    g_clear_pointer(&rows->lists, g_hash_table_unref);
    arena_rest(rows->arena);
}

void dmarc_rows_free(struct dmarc_rows *rows)
{
    if (rows == NULL)
        return;
    dmarc_rows_seal(rows);
    g_array_unref(rows->open);
    g_ptr_array_unref(rows->blocks);
    arena_free(rows->arena);
    g_free(rows);
}

const char *dmarc_rows_text(struct dmarc_rows *rows, const char *text)
{
    const char *known = text != NULL ? g_hash_table_lookup(rows->texts, text) : NULL;

    if (known != NULL || text == NULL)
        return known;
    known = arena_text(rows->arena, text);
    g_hash_table_add(rows->texts, (gpointer)known);
    return known;
}

const void *dmarc_rows_list(struct dmarc_rows *rows, const void *list, size_t size)
{
    g_autoptr(GBytes) asked = g_bytes_new_static(list, size);
    GBytes *known = size > 0 ? g_hash_table_lookup(rows->lists, asked) : NULL;

    if (size == 0)
        return NULL;
    if (known == NULL) {
        known = g_bytes_new_static(memcpy(arena_take(rows->arena, size), list, size), size);
        g_hash_table_add(rows->lists, known);
    }
    return g_bytes_get_data(known, NULL);
}

static void close_block(struct dmarc_rows *rows)
{
    g_ptr_array_add(rows->blocks,
                    memcpy(arena_take(rows->arena, BLOCK_BYTES), rows->open->data, BLOCK_BYTES));
    g_array_set_size(rows->open, 0);
    g_hash_table_remove_all(rows->texts);
    g_hash_table_remove_all(rows->lists);
    arena_rest(rows->arena);
}

void dmarc_rows_add(struct dmarc_rows *rows, const struct dmarc_row *row)
{
    g_array_append_vals(rows->open, row, 1);
    if (rows->open->len == DMARC_ROWS_BLOCK)
        close_block(rows);
}

guint dmarc_rows_count(const struct dmarc_rows *rows)
{
    return rows->blocks->len * DMARC_ROWS_BLOCK + rows->open->len;
}

struct dmarc_row *dmarc_rows_at(struct dmarc_rows *rows, guint index)
{
    guint number = index / DMARC_ROWS_BLOCK;
    struct dmarc_row *block = number < rows->blocks->len
                                  ? g_ptr_array_index(rows->blocks, number)
                                  : (struct dmarc_row *)(void *)rows->open->data;

    if (number != rows->looked_at)
        arena_rest(rows->arena);
    rows->looked_at = number;
    return &block[index % DMARC_ROWS_BLOCK];
}

size_t dmarc_rows_size(const struct dmarc_rows *rows)
{
    return arena_size(rows->arena) + rows->open->len * sizeof(struct dmarc_row);
}
