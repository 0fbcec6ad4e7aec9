/*
 * A value as bytes in one order: a letter for its kind, then its length or number in eight bytes,
 * little end first, then what it holds; members of an object sorted by name. Text would do as well
 * (RFC 8785), but writing JSON costs three times as much as this.
 */
#include "ingest/json.h"
#include <stdlib.h>
#include <string.h>

/* Members sorted without a heap block. */
#define FEW_MEMBERS 16

struct sink {
    GChecksum *checksum;
    size_t length;
    guchar bytes[4096];
};

static void flush(struct sink *sink)
{
    g_checksum_update(sink->checksum, sink->bytes, (gssize)sink->length);
    sink->length = 0;
}

static void put(struct sink *sink, const void *bytes, size_t length)
{
    if (length > sizeof(sink->bytes) - sink->length)
        flush(sink);
    if (length > sizeof(sink->bytes)) {
        g_checksum_update(sink->checksum, bytes, (gssize)length);
        return;
    }
    memcpy(sink->bytes + sink->length, bytes, length);
    sink->length += length;
}

static void put_number(struct sink *sink, char kind, guint64 number)
{
    guint64 little = GUINT64_TO_LE(number);

    put(sink, &kind, 1);
    put(sink, &little, sizeof(little));
}

static void put_text(struct sink *sink, char kind, const char *text, size_t length)
{
    put_number(sink, kind, length);
    put(sink, text, length);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_value(struct sink *sink, const json_t *value);

static void put_object(struct sink *sink, const json_t *object)
{
    const char *few[FEW_MEMBERS];
    size_t count = json_object_size(object), i = 0;
    const char **names = count <= FEW_MEMBERS ? few : g_new(const char *, count);
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        (void)value;
        names[i++] = name;
    }
    qsort(names, count, sizeof(*names), compare_names);
    put_number(sink, 'o', count);
    for (i = 0; i < count; i++) {
        put_text(sink, 'n', names[i], strlen(names[i]));
        put_value(sink, json_object_get(object, names[i]));
    }
    if (names != few)
        g_free(names);
}

static void put_array(struct sink *sink, const json_t *array)
{
    size_t count = json_array_size(array);

    put_number(sink, 'a', count);
    for (size_t i = 0; i < count; i++)
        put_value(sink, json_array_get(array, i));
}

static void put_real(struct sink *sink, double number)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_dtostr(text, sizeof(text), number);
    put_text(sink, 'r', text, strlen(text));
}

static void put_value(struct sink *sink, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(sink, value);
        break;
    case JSON_ARRAY:
        put_array(sink, value);
        break;
    case JSON_STRING:
        put_text(sink, 's', json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        put_number(sink, 'i', (guint64)json_integer_value(value));
        break;
    case JSON_REAL:
        put_real(sink, json_real_value(value));
        break;
    case JSON_TRUE:
        put(sink, "t", 1);
        break;
    case JSON_FALSE:
        put(sink, "f", 1);
        break;
    case JSON_NULL:
        put(sink, "0", 1);
        break;
    }
}

void json_hash(const json_t *value, uint8_t hash[RECORD_HASH_BYTES])
{
    struct sink sink = {.checksum = g_checksum_new(G_CHECKSUM_SHA256)};
    gsize length = RECORD_HASH_BYTES;

    put_value(&sink, value);
    flush(&sink);
    g_checksum_get_digest(sink.checksum, hash, &length);
    g_checksum_free(sink.checksum);
}
