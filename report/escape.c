#include "report/escape.h"
#include <stdbool.h>
#include <string.h>

/* RFC 2047, section 2: an encoded word has 75 characters at most; 45 bytes make 60 of base64. */
#define WORD_BYTES 45

/*
 * Control and format characters (of which the bidirectional and zero-width ones are a part), line
 * and paragraph separators, tags and what is reserved for more of them.
 */
static bool acts_on_reader(gunichar c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
        return true;
    default:
        return (c >= 0xE0000 && c <= 0xE0FFF) || c == 0x180E || c == 0x115F || c == 0x1160 ||
               c == 0x3164 || c == 0xFFA0;
    }
}

static void append_escaped(GString *out, gunichar c)
{
    if (c < 0x100)
        g_string_append_printf(out, "\\x%02X", c);
    else
        g_string_append_printf(out, "\\u{%04X}", c);
}

char *escape_terminal(const char *text)
{
    GString *out = g_string_new(NULL);
    const char *end = text != NULL ? text + strlen(text) : NULL;

    while (text != NULL && text < end) {
        gunichar c = g_utf8_get_char_validated(text, end - text);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append(out, "\xEF\xBF\xBD");
            text++;
            continue;
        }
        if (acts_on_reader(c))
            append_escaped(out, c);
        else
            g_string_append_unichar(out, c);
        text = g_utf8_next_char(text);
    }
    return g_string_free(out, FALSE);
}

/* The longest run of whole characters that fits one encoded word. */
static size_t word_length(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0') {
        size_t next = (size_t)(g_utf8_next_char(text + length) - text);
        if (next > WORD_BYTES)
            break;
        length = next;
    }
    return length;
}

char *escape_header(const char *text)
{
    g_autofree char *safe = escape_terminal(text);
    GString *out;

    /* "=?" would be taken for an encoded word of a stranger's making. */
    if (g_str_is_ascii(safe) && strstr(safe, "=?") == NULL)
        return g_steal_pointer(&safe);
    out = g_string_new(NULL);
    for (const char *at = safe; *at != '\0';) {
        size_t length = word_length(at);
        g_autofree char *coded = g_base64_encode((const guchar *)at, length);
        g_string_append_printf(out, "%s=?UTF-8?B?%s?=", at == safe ? "" : " ", coded);
        at += length;
    }
    return g_string_free(out, FALSE);
}

char *escape_shell(const char *text)
{
    return g_shell_quote(text != NULL ? text : "");
}
