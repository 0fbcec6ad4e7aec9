#include "analyze/names.h"
#include <string.h>

#define CHUNK_BYTES 65536

struct names *names_new(void)
{
    struct names *names = g_new0(struct names, 1);

    names->chunk = g_string_chunk_new(CHUNK_BYTES);
    names->numbers = g_hash_table_new(g_str_hash, g_str_equal);
    names->texts = g_ptr_array_new();
    g_ptr_array_add(names->texts, NULL);
    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    g_hash_table_unref(names->numbers);
    g_ptr_array_unref(names->texts);
    g_string_chunk_free(names->chunk);
    g_free(names);
}

guint32 names_number(struct names *names, const char *text)
{
    gpointer known;

    if (text == NULL || *text == '\0')
        return 0;
    known = g_hash_table_lookup(names->numbers, text);
    if (known == NULL) {
        char *kept = g_string_chunk_insert(names->chunk, text);
        known = GUINT_TO_POINTER(names->texts->len);
        g_ptr_array_add(names->texts, kept);
        g_hash_table_insert(names->numbers, kept, known);
        names->bytes += strlen(kept);
    }
    return GPOINTER_TO_UINT(known);
}

guint32 names_detail(struct names *names, const char *text)
{
    if (text == NULL || names->bytes < NAMES_DETAIL_BYTES)
        return names_number(names, text);
    return GPOINTER_TO_UINT(g_hash_table_lookup(names->numbers, text));
}

guint32 names_find(const struct names *names, const char *text)
{
    return text != NULL ? GPOINTER_TO_UINT(g_hash_table_lookup(names->numbers, text)) : 0;
}

const char *names_text(const struct names *names, guint32 number)
{
    return g_ptr_array_index(names->texts, number);
}

int64_t count_add(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int keys_compare(const int64_t *a, const int64_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* co.uk, com.au, ne.jp: what stands below them has nothing in common. */
static bool looks_like_registry(const char *parent)
{
    const char *dot = strchr(parent, '.');

    return dot - parent <= 3 && strlen(dot + 1) == 2;
}

const char *host_parent(const char *host)
{
    const char *parent = strchr(host, '.');
    const char *last = strrchr(host, '.');

    if (parent == NULL || parent == host || strchr(parent + 1, '.') == NULL)
        return NULL;
    if (strspn(last + 1, "0123456789") == strlen(last + 1) || strchr(host, ':') != NULL)
        return NULL; /* an address */
    parent++;
    if (strchr(parent, '.') == last && looks_like_registry(parent))
        return NULL;
    return parent;
}
