#include "ingest/mail_bounds.h"
#include <stdbool.h>
#include <string.h>

enum field { FIELD_OTHER, FIELD_TYPE, FIELD_ADDRESSES };

struct scan {
    size_t dashes, types, header_bytes;
    guint64 address_cost;
    enum field field;
    size_t field_bytes;
    bool in_header;  /* of a part, or of a message in it: as far as lines alone can tell */
    bool has_field;  /* only from the first field on does a header cost anything */
    bool is_message; /* another header follows this one */
    bool in_digest;  /* some multipart/digest: parts are messages unless they say otherwise */
};

static bool begins(const char *line, size_t length, const char *word)
{
    return length >= strlen(word) && g_ascii_strncasecmp(line, word, strlen(word)) == 0;
}

static bool is_word_byte(char c)
{
    return g_ascii_isalnum(c) || strchr("-._", c) != NULL;
}

static bool has_word(const char *line, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (g_ascii_strncasecmp(line + i, word, size) == 0 &&
            (i == 0 || !is_word_byte(line[i - 1])) &&
            (i + size == length || !is_word_byte(line[i + size])))
            return true;
    return false;
}

static enum field field_of(const char *line, size_t length)
{
    static const char *const addresses[] = {"from", "sender", "reply-to", "to", "cc", "bcc"};

    if (begins(line, length, "content-type"))
        return FIELD_TYPE;
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
        if (begins(line, length, addresses[i]))
            return FIELD_ADDRESSES;
    return FIELD_OTHER;
}

static void take_field_line(struct scan *scan, const char *line, size_t length)
{
    guint64 before, after;

    if (line[0] != ' ' && line[0] != '\t') {
        scan->field = field_of(line, length);
        scan->field_bytes = 0;
        scan->types += scan->field == FIELD_TYPE;
    }
    before = (guint64)scan->field_bytes * scan->field_bytes;
    scan->field_bytes += length;
    after = (guint64)scan->field_bytes * scan->field_bytes;
    if (scan->field == FIELD_ADDRESSES)
        scan->address_cost += after - before;
    if (scan->field == FIELD_TYPE) {
        scan->is_message |= has_word(line, length, "message");
        scan->in_digest |= has_word(line, length, "digest");
    }
}

static void take_header_line(struct scan *scan, const char *line, size_t length)
{
    scan->has_field |= memchr(line, ':', length) != NULL;
    if (!scan->has_field)
        return;
    scan->header_bytes += length;
    take_field_line(scan, line, length);
}

static void begin_header(struct scan *scan, bool is_message)
{
    scan->in_header = true;
    scan->has_field = false;
    scan->is_message = is_message;
    scan->field = FIELD_OTHER;
}

static void take_line(struct scan *scan, const char *line, size_t length)
{
    if (length >= 2 && line[0] == '-' && line[1] == '-') {
        scan->dashes++;
        begin_header(scan, scan->in_digest || (scan->in_header && scan->is_message));
    } else if (scan->in_header &&
               (line[0] == '\n' || (length == 2 && line[0] == '\r' && line[1] == '\n'))) {
        if (scan->is_message)
            begin_header(scan, false);
        else
            scan->in_header = false;
    } else if (scan->in_header) {
        take_header_line(scan, line, length);
    }
}

static bool is_past(const struct scan *scan)
{
    return scan->dashes > MAIL_DASH_LINES || scan->types > MAIL_TYPE_LINES ||
           scan->header_bytes > MAIL_INNER_HEADER_BYTES ||
           scan->address_cost > (guint64)MAIL_ADDRESS_BYTES * MAIL_ADDRESS_BYTES;
}

/* Where the first line past a limit begins. */
static size_t take_lines(struct scan *scan, const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        const char *feed = memchr(text + at, '\n', length - at);
        size_t end = feed != NULL ? (size_t)(feed - text) + 1 : length;
        take_line(scan, text + at, end - at);
        if (is_past(scan))
            return at;
        at = end;
    }
    return length;
}

size_t mail_bounds(const struct mail_header *header, const uint8_t *body, size_t length)
{
    struct scan scan = {.in_header = true};

    take_lines(&scan, (const char *)header->kept->data, header->kept->len);
    return take_lines(&scan, (const char *)body, length);
}
