#include "ingest/mail_plain.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include <gmime/gmime.h>
#include <string.h>

/* Parts past this are no ordinary report mail. */
#define PLAIN_PARTS_MAX 8
#define BOUNDARY_MAX 70 /* RFC 2046, section 5.1.1 */

/* A run of bytes within the message. */
struct span {
    const char *at;
    size_t length;
};

/* The header fields of a message or part that count; values unfolded but not trimmed. */
struct fields {
    struct span from, subject, date, message_id, domain, submitter;
    struct span type, disposition, encoding;
};

static const struct {
    const char *name;
    size_t offset;
} field_names[] = {
    {"from", offsetof(struct fields, from)},
    {"subject", offsetof(struct fields, subject)},
    {"date", offsetof(struct fields, date)},
    {"message-id", offsetof(struct fields, message_id)},
    {"tls-report-domain", offsetof(struct fields, domain)},
    {"tls-report-submitter", offsetof(struct fields, submitter)},
    {"content-type", offsetof(struct fields, type)},
    {"content-disposition", offsetof(struct fields, disposition)},
    {"content-transfer-encoding", offsetof(struct fields, encoding)},
};

static struct span trimmed(struct span span)
{
    while (span.length > 0 && g_ascii_isspace(span.at[0]))
        span.at++, span.length--;
    while (span.length > 0 && g_ascii_isspace(span.at[span.length - 1]))
        span.length--;
    return span;
}

static bool span_is(struct span span, const char *word)
{
    return span.length == strlen(word) && g_ascii_strncasecmp(span.at, word, span.length) == 0;
}

/* Printable ASCII, blanks and folds; no encoded word. */
static bool is_plain(struct span span)
{
    for (size_t i = 0; i < span.length; i++) {
        unsigned char c = (unsigned char)span.at[i];
        if ((c < ' ' && strchr("\t\r\n", c) == NULL) || c == '\0' || c > '~' ||
            (c == '=' && i + 1 < span.length && span.at[i + 1] == '?'))
            return false;
    }
    return true;
}

/* One field; false where it stands twice or is not plain. Others than those above are passed by. */
static bool take_field(struct fields *fields, struct span name, struct span value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(field_names); i++) {
        struct span *slot = (struct span *)(void *)((char *)fields + field_names[i].offset);
        if (!span_is(name, field_names[i].name))
            continue;
        if (slot->at != NULL || !is_plain(value))
            return false;
        *slot = trimmed(value);
        return true;
    }
    return true;
}

/* A header to its empty line; *used tells how long it is with that. */
static bool read_header(struct span text, struct fields *fields, size_t *used)
{
    size_t at = 0;

    while (at < text.length && text.at[at] != '\n' &&
           !(text.at[at] == '\r' && at + 1 < text.length && text.at[at + 1] == '\n')) {
        const char *line = text.at + at;
        const char *colon = memchr(line, ':', MIN(text.length - at, 100));
        size_t end = at;
        do {
            const char *feed = memchr(text.at + end, '\n', text.length - end);
            end = feed != NULL ? (size_t)(feed - text.at) + 1 : text.length;
        } while (end < text.length && (text.at[end] == ' ' || text.at[end] == '\t'));
        if (colon == NULL || colon == line || colon >= text.at + end ||
            memchr(line, ' ', (size_t)(colon - line)) != NULL)
            return false;
        struct span name = {line, (size_t)(colon - line)};
        struct span value = {colon + 1, (size_t)(text.at + end - colon) - 1};
        if (!take_field(fields, name, value))
            return false;
        at = end;
    }
    if (at >= text.length)
        return false;
    *used = at + (text.at[at] == '\r' ? 2 : 1);
    return true;
}

/* A field's value on one line, as the store keeps texts; NULL where missing. */
static char *text_of(struct span span)
{
    char *line, *bounded;
    size_t to = 0;

    if (span.at == NULL)
        return NULL;
    line = g_malloc(span.length + 1);
    for (size_t i = 0; i < span.length; i++)
        if (span.at[i] != '\r' && span.at[i] != '\n')
            line[to++] = span.at[i] == '\t' ? ' ' : span.at[i];
    bounded = text_bounded(line, to, LIMIT_TEXT_BYTES, NULL);
    g_free(line);
    return bounded;
}

static bool is_token(struct span span)
{
    for (size_t i = 0; i < span.length; i++)
        if (!g_ascii_isalnum(span.at[i]) && strchr("-_.", span.at[i]) == NULL)
            return false;
    return span.length > 0;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && g_ascii_isspace(*at))
        at++;
    return at;
}

/* A token, or a quoted string without escapes; gives what follows it, NULL where it is neither. */
static const char *take_value(const char *at, const char *end, struct span *value)
{
    bool quoted = at < end && *at == '"';

    at += quoted;
    value->at = at;
    while (at < end && (quoted ? *at != '"' : strchr(" \t\r\n;()<>@,:\\\"/[]?=", *at) == NULL))
        at++;
    value->length = (size_t)(at - value->at);
    if (memchr(value->at, '\\', value->length) != NULL || (quoted && at == end))
        return NULL;
    return at + quoted;
}

/* The value of one parameter. Of all parameters none may be in the form of RFC 2231. False where
   the field is not that plain. */
static bool find_parameter(struct span field, const char *wanted, struct span *value)
{
    const char *at = memchr(field.at, ';', field.length), *end = field.at + field.length;

    while (at != NULL && at < end) {
        struct span rest = {at + 1, (size_t)(end - at) - 1}, found;
        const char *equals = memchr(rest.at, '=', rest.length);
        if (equals == NULL)
            return trimmed(rest).length == 0;
        struct span name = trimmed((struct span){rest.at, (size_t)(equals - rest.at)});
        at = take_value(skip_blanks(equals + 1, end), end, &found);
        if (at == NULL || !is_token(name))
            return false;
        if (span_is(name, wanted) && value->at == NULL)
            *value = found;
        at = skip_blanks(at, end);
        if (at < end && *at != ';')
            return false;
    }
    return true;
}

/* "type/subtype" of a Content-Type; false where comments or worse stand in it. */
static bool find_type(struct span field, struct span *type)
{
    const char *end = memchr(field.at, ';', field.length);
    size_t slashes = 0;

    *type = trimmed((struct span){field.at, end != NULL ? (size_t)(end - field.at) : field.length});
    for (size_t i = 0; i < type->length; i++) {
        slashes += type->at[i] == '/';
        if (!g_ascii_isalnum(type->at[i]) && strchr("/+-._", type->at[i]) == NULL)
            return false;
    }
    return slashes == 1 && type->at[0] != '/' && type->at[type->length - 1] != '/' &&
           memchr(field.at, '(', field.length) == NULL;
}

static bool type_begins(struct span type, const char *prefix)
{
    return type.length >= strlen(prefix) &&
           g_ascii_strncasecmp(type.at, prefix, strlen(prefix)) == 0;
}

/* Whole groups of four, blanks between them, nothing else; decoders differ in the rest. */
static bool is_strict_base64(struct span text)
{
    size_t digits = 0, pads = 0;

    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        bool digit = g_ascii_isalnum(c) || c == '+' || c == '/';
        if ((!digit && c != '=' && !g_ascii_isspace(c)) || (digit && pads > 0))
            return false;
        digits += digit;
        pads += c == '=';
    }
    return (digits + pads) % 4 == 0 && pads <= 2;
}

static GBytes *decode_base64(struct span text)
{
    gint state = 0;
    guint save = 0;

    if (!is_strict_base64(text))
        return NULL;
    guchar *out = g_malloc(text.length / 4 * 3 + 3);
    gsize size = g_base64_decode_step(text.at, text.length, out, &state, &save);
    return g_bytes_new_take(out, size);
}

static GBytes *content_of(const struct fields *fields, struct span text)
{
    struct span encoding = fields->encoding;

    if (encoding.at != NULL && span_is(encoding, "base64"))
        return decode_base64(text);
    /* Base64 that nobody declared is GMime's and mail.c's to find. */
    if ((encoding.at != NULL && !span_is(encoding, "7bit") && !span_is(encoding, "8bit")) ||
        (text.length >= 4 && (memcmp(text.at, "H4sI", 4) == 0 || memcmp(text.at, "UEsD", 4) == 0 ||
                              memcmp(text.at, "e", 1) == 0)))
        return NULL;
    return g_bytes_new(text.at, text.length);
}

static bool find_file_name(const struct fields *fields, char **name)
{
    struct span found = {NULL, 0}, other = {NULL, 0};

    if ((fields->disposition.at != NULL &&
         !find_parameter(fields->disposition, "filename", &found)) ||
        !find_parameter(fields->type, "name", &other))
        return false;
    if (found.at == NULL)
        found = other;
    /* A name that was folded, or has a path, is for those who know how to mend it. */
    for (size_t i = 0; i < found.length; i++)
        if (g_ascii_isspace(found.at[i]) || found.at[i] == '/' || found.at[i] == '\\')
            return false;
    *name = found.length > 0 ? g_strndup(found.at, MIN(found.length, LIMIT_TEXT_BYTES)) : NULL;
    return found.length <= LIMIT_TEXT_BYTES;
}

static bool read_part(struct mail *mail, struct span text)
{
    struct mail_part *part = g_new0(struct mail_part, 1);
    struct fields fields = {0};
    struct span type;
    size_t used;

    /* In the list at once: whoever gives up empties it. */
    part->part = g_strdup_printf("%u", mail->parts->len + 1);
    g_ptr_array_add(mail->parts, part);
    if (!read_header(text, &fields, &used) || fields.type.at == NULL ||
        !find_type(fields.type, &type) || type_begins(type, "multipart/") ||
        type_begins(type, "message/") || !find_file_name(&fields, &part->file_name))
        return false;
    part->content_type = g_ascii_strdown(type.at, (gssize)type.length);
    part->is_text = span_is(type, "text/plain") || span_is(type, "text/html");
    part->report_domain = g_strdup(mail->report_domain);
    part->report_submitter = g_strdup(mail->report_submitter);
    part->subject = g_strdup(mail->subject);
    part->bytes = content_of(&fields, (struct span){text.at + used, text.length - used});
    return part->bytes != NULL;
}

/* The next line that begins with the delimiter; NULL where none does. */
static const char *find_delimiter(const char *at, const char *end, const char *delimiter,
                                  size_t length)
{
    const char *start = at;

    while ((at = memmem(at, (size_t)(end - at), delimiter, length)) != NULL) {
        if (at == start || at[-1] == '\n')
            return at;
        at++;
    }
    return NULL;
}

/* What stands between the lines of two delimiters. The line break before a delimiter belongs to it
   (RFC 2046, section 5.1.1). False where line breaks are mixed. */
static bool part_before(const char *start, const char *delimiter, const char *end,
                        struct span *part)
{
    const char *feed = memchr(delimiter, '\n', (size_t)(end - delimiter));
    bool by_crlf = feed != NULL && feed[-1] == '\r';
    size_t length = (size_t)(delimiter - start), cut = by_crlf ? 2 : 1;

    if (length < cut || start[length - 1] != '\n' ||
        (length > 1 && start[length - 2] == '\r') != by_crlf)
        return false;
    *part = (struct span){start, length - cut};
    return true;
}

/* The end of the line at `at` where nothing more stands in it; NULL elsewhere. */
static const char *after_line_break(const char *at, const char *end)
{
    at += at < end && *at == '\r';
    return at < end && *at == '\n' ? at + 1 : NULL;
}

static bool read_parts(struct mail *mail, struct span body, struct span boundary)
{
    g_autofree char *delimiter = g_strdup_printf("--%.*s", (int)boundary.length, boundary.at);
    size_t length = boundary.length + 2;
    const char *end = body.at + body.length;
    const char *at = find_delimiter(body.at, end, delimiter, length);
    struct span part;

    while (at != NULL && mail->parts->len < PLAIN_PARTS_MAX) {
        const char *line = at + length;
        if (end - line >= 2 && memcmp(line, "--", 2) == 0)
            return mail->parts->len > 0 &&
                   (line + 2 == end || after_line_break(line + 2, end) != NULL);
        line = after_line_break(line, end);
        if (line == NULL)
            return false;
        at = find_delimiter(line, end, delimiter, length);
        if (at == NULL || !part_before(line, at, end, &part) || !read_part(mail, part))
            return false;
    }
    return false;
}

/* Atoms with single dots between them (RFC 5322, section 3.2.3). */
static bool is_dot_atom(struct span span, const char *others)
{
    bool after_dot = true;

    for (size_t i = 0; i < span.length; i++) {
        bool dot = span.at[i] == '.';
        if ((dot && after_dot) ||
            (!dot && !g_ascii_isalnum(span.at[i]) && strchr(others, span.at[i]) == NULL))
            return false;
        after_dot = dot;
    }
    return !after_dot;
}

/* GMime decodes the A-labels (RFC 5890) of an address. */
static bool is_address(struct span span)
{
    const char *sign = memchr(span.at, '@', span.length);

    if (sign == NULL || memmem(span.at, span.length, "--", 2) != NULL)
        return false;
    size_t local = (size_t)(sign - span.at);
    return is_dot_atom((struct span){span.at, local}, "!#$%&'*+/=?^_`{|}~-") &&
           is_dot_atom((struct span){sign + 1, span.length - local - 1}, "-_");
}

/* What stands between "<" and the ">" at the end; nothing where it is not so. */
static struct span bracketed(struct span span)
{
    const char *open = memchr(span.at, '<', span.length);

    if (open == NULL || span.at[span.length - 1] != '>')
        return (struct span){NULL, 0};
    return (struct span){open + 1, span.length - (size_t)(open - span.at) - 2};
}

/* "user@host" alone, or in <> with nothing but plain words before it. */
static bool find_address(struct span from, struct span *address)
{
    if (from.length == 0)
        return false;
    *address = bracketed(from);
    if (address->at == NULL)
        *address = from;
    for (const char *at = from.at; at + 1 < address->at; at++)
        if (!g_ascii_isalnum(*at) && strchr(" -_", *at) == NULL)
            return false;
    return is_address(*address);
}

static bool read_date(struct span field, gint64 *seconds)
{
    g_autofree char *text = text_of(field);
    GDateTime *date = text != NULL ? g_mime_utils_header_decode_date(text) : NULL;

    if (date == NULL)
        return text == NULL;
    *seconds = g_date_time_to_unix(date);
    g_date_time_unref(date);
    return true;
}

static bool read_fields(struct mail *mail, const struct fields *fields)
{
    struct span address, id;

    if (fields->from.at == NULL || fields->message_id.length == 0 ||
        fields->message_id.at[0] != '<' || !find_address(fields->from, &address))
        return false;
    id = bracketed(fields->message_id);
    if (id.at == NULL || !is_address(id) || !read_date(fields->date, &mail->date))
        return false;
    mail->sender = g_ascii_strdown(address.at, (gssize)MIN(address.length, LIMIT_TEXT_BYTES));
    mail->message_id = g_strndup(id.at, MIN(id.length, LIMIT_TEXT_BYTES));
    mail->subject = text_of(fields->subject);
    mail->report_domain = text_of(fields->domain);
    mail->report_submitter = text_of(fields->submitter);
    return true;
}

static bool find_boundary(const struct fields *fields, struct span *boundary, bool *says_tlsrpt)
{
    struct span type, report_type = {NULL, 0};
    bool found =
        fields->type.at != NULL && fields->encoding.at == NULL && find_type(fields->type, &type) &&
        type_begins(type, "multipart/") && find_parameter(fields->type, "boundary", boundary) &&
        find_parameter(fields->type, "report-type", &report_type) &&
        (report_type.at == NULL || span_is(report_type, "tlsrpt")) && boundary->length > 0 &&
        boundary->length <= BOUNDARY_MAX && !g_ascii_isspace(boundary->at[boundary->length - 1]);

    *says_tlsrpt = found && report_type.at != NULL;
    return found;
}

static void forget(struct mail *mail)
{
    g_clear_pointer(&mail->sender, g_free);
    g_clear_pointer(&mail->message_id, g_free);
    g_clear_pointer(&mail->subject, g_free);
    g_clear_pointer(&mail->report_domain, g_free);
    g_clear_pointer(&mail->report_submitter, g_free);
    g_ptr_array_set_size(mail->parts, 0);
    mail->date = 0;
    mail->says_tlsrpt = false;
}

bool mail_plain_read(struct mail *mail, const struct mail_header *header, const uint8_t *body,
                     size_t length)
{
    struct span text = {(const char *)header->kept->data, header->kept->len};
    struct fields fields = {0};
    struct span boundary = {NULL, 0};
    size_t used;

    if (read_header(text, &fields, &used) &&
        find_boundary(&fields, &boundary, &mail->says_tlsrpt) && read_fields(mail, &fields) &&
        read_parts(mail, (struct span){(const char *)body, length}, boundary))
        return true;
    forget(mail);
    return false;
}
