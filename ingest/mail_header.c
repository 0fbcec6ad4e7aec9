#include "ingest/mail_header.h"
#include <string.h>

/* Fields that mail.c asks for; a '*' at the end stands for any ending. */
static const char *const wanted[] = {
    "from", "subject", "date", "message-id", "mime-version", "content-*", "tls-report-*",
};

static bool name_is(const uint8_t *name, size_t length, const char *pattern)
{
    size_t size = strlen(pattern);
    bool prefix = pattern[size - 1] == '*';

    size -= prefix;
    return (prefix ? length >= size : length == size) &&
           g_ascii_strncasecmp((const char *)name, pattern, size) == 0;
}

static bool is_wanted(const uint8_t *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
        if (g_ascii_tolower((char)name[0]) == wanted[i][0] && name_is(name, length, wanted[i]))
            return true;
    return false;
}

/* The end of the line that begins at `at`, after its line feed. */
static size_t line_end(const uint8_t *bytes, size_t length, size_t at)
{
    const uint8_t *feed = memchr(bytes + at, '\n', length - at);

    return feed != NULL ? (size_t)(feed - bytes) + 1 : length;
}

static bool is_empty_line(const uint8_t *line, size_t length)
{
    return length == 0 || line[0] == '\n' || (line[0] == '\r' && (length == 1 || line[1] == '\n'));
}

/* A field with its continuation lines. */
static size_t field_end(const uint8_t *bytes, size_t length, size_t at)
{
    at = line_end(bytes, length, at);
    while (at < length && (bytes[at] == ' ' || bytes[at] == '\t') &&
           !is_empty_line(bytes + at, length - at))
        at = line_end(bytes, length, at);
    return at;
}

/* Length of a field's name (RFC 5322, section 2.2); 0 where the line is no field. */
static size_t name_length(const uint8_t *line, size_t length)
{
    size_t at = 0;

    while (at < length && line[at] > ' ' && line[at] < 127 && line[at] != ':')
        at++;
    size_t name = at;
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return at < length && line[at] == ':' ? name : 0;
}

static void keep_field(struct mail_header *header, const char *name, const uint8_t *value,
                       size_t length)
{
    GByteArray *kept = header->kept;

    if (kept->len + strlen(name) + length >= MAIL_KEPT_BYTES)
        return;
    g_byte_array_append(kept, (const guint8 *)name, (guint)strlen(name));
    g_byte_array_append(kept, value, (guint)length);
    if (kept->data[kept->len - 1] != '\n')
        g_byte_array_append(kept, (const guint8 *)"\n", 1);
}

/* Whether the field's value begins with that, whatever follows. */
static bool begins_with_word(const uint8_t *field, size_t length, const char *word)
{
    const uint8_t *at = memchr(field, ':', length), *end = field + length;
    size_t size = strlen(word);

    for (at++; at < end && g_ascii_isspace(*at);)
        at++;
    return (size_t)(end - at) >= size && g_ascii_strncasecmp((const char *)at, word, size) == 0;
}

static char *value_of(const uint8_t *field, size_t length)
{
    const uint8_t *value = memchr(field, ':', length);
    size_t size = length - (size_t)(value + 1 - field);

    return g_strndup((const char *)value + 1, MIN(size, MAIL_FIELD_BYTES));
}

static void take_field(struct mail_header *header, const uint8_t *field, size_t length)
{
    static const char typo[] = "contenttype";
    size_t name = name_length(field, length);

    if (name == 0)
        return;
    if (is_wanted(field, name)) {
        size_t most = name_is(field, name, "from") ? MAIL_FROM_BYTES : MAIL_FIELD_BYTES;
        keep_field(header, "", field, MIN(length, most));
    } else if (name_is(field, name, typo)) {
        keep_field(header, "Content-Type", field + name, MIN(length - name, MAIL_FIELD_BYTES));
    } else if (name_is(field, name, "auto-submitted")) {
        header->is_reply = begins_with_word(field, length, "auto-replied");
    } else if (name_is(field, name, "x-failed-recipients") && header->failed == NULL) {
        header->failed = value_of(field, length);
    } else if (name_is(field, name, "authentication-results") &&
               header->authres->len < MAIL_AUTHRES_FIELDS) {
        g_ptr_array_add(header->authres, value_of(field, length));
    }
}

void mail_header_read(struct mail_header *header, const uint8_t *bytes, size_t length)
{
    size_t at = 0;

    header->is_reply = false;
    header->failed = NULL;
    header->kept = g_byte_array_sized_new(1024);
    header->authres = g_ptr_array_new_with_free_func(g_free);
    if (length >= 5 && memcmp(bytes, "From ", 5) == 0)
        at = line_end(bytes, length, 0);
    while (at < length && !is_empty_line(bytes + at, length - at)) {
        size_t end = field_end(bytes, length, at);
        take_field(header, bytes + at, end - at);
        at = end;
    }
    header->body = at < length ? line_end(bytes, length, at) : length;
    g_byte_array_append(header->kept, (const guint8 *)"\n", 1);
}

void mail_header_clear(struct mail_header *header)
{
    g_byte_array_unref(header->kept);
    g_ptr_array_unref(header->authres);
    g_free(header->failed);
}
