#include "analyze/tlsa.h"
#include <string.h>

/* Hex digits of the two digests that RFC 6698, section 2.1.3 defines. */
#define SHA256_DIGITS 64
#define SHA512_DIGITS 128

/* A number 0..255 and the blanks after it; moves *at past both. */
static bool read_number(const char **at, int *number)
{
    const char *p = *at;
    int value = 0;
    for (; g_ascii_isdigit(*p); p++) {
        value = value * 10 + (*p - '0');
        if (value > 255)
            return false;
    }
    if (p == *at || !g_ascii_isspace(*p))
        return false;
    while (g_ascii_isspace(*p))
        p++;
    *at = p;
    *number = value;
    return true;
}

/* Lower-case digits without blanks; NULL if there is anything else, or half a byte. */
static char *read_hex(const char *text)
{
    char *hex = g_malloc(strlen(text) + 1);
    size_t length = 0;
    bool good = true;
    for (const char *p = text; good && *p != '\0'; p++) {
        if (g_ascii_isxdigit(*p))
            hex[length++] = g_ascii_tolower(*p);
        else
            good = g_ascii_isspace(*p);
    }
    hex[length] = '\0';
    if (!good || length == 0 || length % 2 != 0)
        g_clear_pointer(&hex, g_free);
    return hex;
}

bool tlsa_parse(const char *text, struct tlsa *record)
{
    struct tlsa parsed = {0};
    if (text == NULL)
        return false;
    while (g_ascii_isspace(*text))
        text++;
    if (!read_number(&text, &parsed.usage) || !read_number(&text, &parsed.selector) ||
        !read_number(&text, &parsed.matching))
        return false;
    parsed.data = read_hex(text);
    if (parsed.data == NULL)
        return false;
    *record = parsed;
    return true;
}

void tlsa_clear(struct tlsa *record)
{
    g_clear_pointer(&record->data, g_free);
}

bool tlsa_usable(const struct tlsa *record)
{
    size_t digits = strlen(record->data);
    /* RFC 7672, section 3.1.3: what PKIX-TA(0) and PKIX-EE(1) mean for SMTP is not defined. */
    if ((record->usage != 2 && record->usage != 3) || record->selector > 1)
        return false;
    switch (record->matching) {
    case 0:
        return digits > SHA256_DIGITS; /* no certificate and no key is as short as a digest */
    case 1:
        return digits == SHA256_DIGITS;
    case 2:
        return digits == SHA512_DIGITS;
    default:
        return false;
    }
}

struct tlsa_set tlsa_summarize(const GPtrArray *strings)
{
    struct tlsa_set set = {0};
    for (guint i = 0; strings != NULL && i < strings->len; i++) {
        struct tlsa record;
        if (!tlsa_parse(strings->pdata[i], &record)) {
            set.unreadable++;
            continue;
        }
        bool usable = tlsa_usable(&record);
        set.records++;
        set.usable += usable;
        set.usable_ee += usable && record.usage == 3;
        set.usable_ta += usable && record.usage == 2;
        tlsa_clear(&record);
    }
    return set;
}
