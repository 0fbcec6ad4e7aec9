#include "ingest/dmarc_private.h"
#include <string.h>

/* Encodings of one byte for each character, by how their names begin. No other name reaches
   iconv, which looks for a module of that name on disk. */
static const char *const families[] = {"windows-125", "cp125", "iso-8859-", "koi8-"};

static bool is_single_byte(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        size_t length = strlen(families[i]);
        const char *rest = name + length;
        if (g_ascii_strncasecmp(name, families[i], length) == 0 && strlen(rest) >= 1 &&
            strlen(rest) <= 2 && g_ascii_isalnum(rest[0]) &&
            (rest[1] == '\0' || g_ascii_isdigit(rest[1])))
            return true;
    }
    return false;
}

bool dmarc_charset(const char *name, int map[256])
{
    GIConv iconv = is_single_byte(name) ? g_iconv_open("UTF-32LE", name) : (GIConv)-1;

    if (iconv == (GIConv)-1)
        return false;
    for (int byte = 0; byte < 256; byte++) {
        char in = (char)byte, *from = &in;
        guint32 out = 0;
        char *to = (char *)&out;
        gsize in_left = 1, out_left = sizeof(out);

        /* What stands for nothing does no harm in a text: shown as the character for that. */
        map[byte] = g_iconv(iconv, &from, &in_left, &to, &out_left) == (gsize)-1
                        ? 0xfffd
                        : (int)GUINT32_FROM_LE(out);
        g_iconv(iconv, NULL, NULL, NULL, NULL);
    }
    g_iconv_close(iconv);
    return true;
}
