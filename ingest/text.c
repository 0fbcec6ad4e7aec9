#include "ingest/text.h"
#include "ingest/limits.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define LABEL_BYTES_MAX 63 /* RFC 1035, section 2.3.4 */

/* A character of at most 4 bytes becomes at least one byte of an A-label. */
#define U_LABEL_BYTES_MAX (4 * (size_t)LIMIT_DOMAIN_BYTES)

/* A stretch of somebody else's text. */
struct span {
    const char *start;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span span_trim(struct span span)
{
    while (span.length > 0 && is_blank(span.start[0])) {
        span.start++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.start[span.length - 1]))
        span.length--;
    return span;
}

static struct span span_of(const char *text)
{
    struct span span = {text, text == NULL ? 0 : strlen(text)};

    return span;
}

static struct span span_without_brackets(struct span span)
{
    if (span.length >= 2 && span.start[0] == '[' && span.start[span.length - 1] == ']') {
        span.start++;
        span.length -= 2;
    }
    return span_trim(span);
}

/* How much of valid UTF-8 fits in `limit` bytes without a character cut in two. */
static size_t whole_characters(const char *text, size_t length, size_t limit)
{
    if (length <= limit)
        return length;
    while (limit > 0 && ((uint8_t)text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

static char *span_bounded(struct span span, size_t limit, bool *cut)
{
    g_autofree char *mended = NULL;

    span = span_trim(span);
    bool too_long = span.length > limit;
    /* Repair never shortens, so a character broken by this cut comes to lie past the limit. */
    span.length = MIN(span.length, limit + 4);
    if (!g_utf8_validate_len(span.start, span.length, NULL)) {
        mended = g_utf8_make_valid(span.start, (gssize)span.length);
        span = span_of(mended);
    }
    if (cut != NULL && (too_long || span.length > limit))
        *cut = true;
    span.length = whole_characters(span.start, span.length, limit);
    span = span_trim(span);
    return span.length == 0 ? NULL : g_strndup(span.start, span.length);
}

char *text_bounded(const char *text, size_t length, size_t limit, bool *cut)
{
    struct span span = {text, length};

    if (text == NULL)
        return NULL;
    return span_bounded(span, limit, cut);
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || g_ascii_isdigit(c) || c == '-' || c == '_';
}

/* The label at the start of `name`; 0 where it is none. */
static size_t label_length(const char *name, size_t length, bool *numeric)
{
    size_t end = 0;

    *numeric = true;
    for (; end < length && name[end] != '.'; end++) {
        if (!is_name_byte(name[end]))
            return 0;
        *numeric = *numeric && g_ascii_isdigit(name[end]);
    }
    if (end == 0 || end > LABEL_BYTES_MAX || name[0] == '-' || name[end - 1] == '-')
        return 0;
    return end;
}

/* A name whose last label is a number is an address or part of one, RFC 3696, section 2. */
static bool is_domain(const char *name, size_t length)
{
    bool numeric = true;

    if (length > LIMIT_DOMAIN_BYTES)
        return false;
    size_t at = length > 2 && name[0] == '*' && name[1] == '.' ? 2 : 0;
    for (; at < length; at++) {
        size_t label = label_length(name + at, length - at, &numeric);
        if (label == 0)
            return false;
        at += label;
        if (at + 1 == length)
            return false;
    }
    return !numeric;
}

static struct span span_without_final_dot(struct span span)
{
    if (span.length > 1 && span.start[span.length - 1] == '.')
        span.length--;
    return span;
}

/* What is not plain lower-case ASCII: other cases, U-labels, and everything that is no name. */
static char *domain_converted(struct span span, bool *valid)
{
    bool cut = false;
    g_autofree char *text = span_bounded(span, U_LABEL_BYTES_MAX, &cut);
    g_autofree char *lower = text == NULL ? NULL : g_ascii_strdown(text, -1);
    g_autofree char *ascii = NULL;

    if (lower == NULL)
        return NULL;
    struct span name = span_of(lower);
    if (!cut && !g_str_is_ascii(lower) && (ascii = g_hostname_to_ascii(lower)) != NULL)
        name = span_without_final_dot(span_of(ascii));
    *valid = !cut && is_domain(name.start, name.length);
    if (*valid)
        return g_strndup(name.start, name.length);
    return span_bounded(span_of(lower), LIMIT_DOMAIN_BYTES, NULL);
}

static char *span_domain(struct span span, bool *valid)
{
    bool ignored;

    if (valid == NULL)
        valid = &ignored;
    *valid = true;
    span = span_without_final_dot(span_without_brackets(span_trim(span)));
    if (span.length == 0)
        return NULL;
    if (is_domain(span.start, span.length))
        return g_strndup(span.start, span.length);
    return domain_converted(span, valid);
}

char *text_domain(const char *name, bool *valid)
{
    return span_domain(span_of(name), valid);
}

/* 0 .. 255 without leading zeros, which some read as octal; returns how many bytes, 0 if none. */
static size_t octet_length(const char *text, size_t length)
{
    unsigned value = 0;
    size_t at = 0;

    for (; at < length && at < 3 && g_ascii_isdigit(text[at]); at++)
        value = value * 10 + (unsigned)(text[at] - '0');
    return value > 255 || (at > 1 && text[0] == '0') ? 0 : at;
}

static bool is_ipv4(struct span span)
{
    size_t at = 0;

    for (int octet = 0; octet < 4; octet++) {
        if (octet > 0 && (at >= span.length || span.start[at++] != '.'))
            return false;
        size_t length = octet_length(span.start + at, span.length - at);
        if (length == 0)
            return false;
        at += length;
    }
    return at == span.length;
}

static char *ipv6_canonical(struct span span)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const char *zone = memchr(span.start, '%', span.length);

    if (zone != NULL)
        span.length = (size_t)(zone - span.start);
    if (span.length >= sizeof text)
        return NULL;
    memcpy(text, span.start, span.length);
    text[span.length] = '\0';
    if (inet_pton(AF_INET6, text, &address) != 1)
        return NULL;
    if (IN6_IS_ADDR_V4MAPPED(&address))
        inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof text);
    else
        inet_ntop(AF_INET6, &address, text, sizeof text);
    return g_strdup(text);
}

char *text_address(const char *address, bool *valid)
{
    static const char PREFIX[] = "IPv6:"; /* RFC 5321, section 4.1.3 */
    static const size_t PREFIX_BYTES = sizeof PREFIX - 1;
    struct span whole = span_trim(span_of(address));
    struct span span = span_without_brackets(whole);

    if (valid != NULL)
        *valid = true;
    if (span.length == 0)
        return NULL;
    if (is_ipv4(span))
        return g_strndup(span.start, span.length);
    if (span.length > PREFIX_BYTES && g_ascii_strncasecmp(span.start, PREFIX, PREFIX_BYTES) == 0) {
        span.start += PREFIX_BYTES;
        span.length -= PREFIX_BYTES;
        span = span_trim(span);
    }
    char *canonical = ipv6_canonical(span);
    if (canonical != NULL)
        return canonical;
    if (valid != NULL)
        *valid = false;
    return span_bounded(whole, LIMIT_TEXT_BYTES, NULL);
}

bool text_domain_within(const char *domain, const char *parent)
{
    if (domain == NULL || parent == NULL || *parent == '\0')
        return false;
    size_t length = strlen(domain);
    size_t tail = strlen(parent);
    if (length < tail || strcmp(domain + length - tail, parent) != 0)
        return false;
    return length == tail || domain[length - tail - 1] == '.';
}

char *text_domain_of_address(const char *address)
{
    const char *at = address == NULL ? NULL : strrchr(address, '@');

    if (at == NULL)
        return NULL;
    struct span span = {at + 1, strcspn(at + 1, ">")};
    return span_domain(span, NULL);
}
