#include "report/format.h"

const struct format formats[] = {
    {"text", "for a terminal", format_text},
    {"json", "for programs", format_json},
    {"mail", "a plain text mail, RFC 5322", format_mail},
    {NULL, NULL, NULL},
};

const struct format *format_find(const char *name)
{
    for (const struct format *format = formats; format->name != NULL; format++)
        if (g_strcmp0(format->name, name) == 0)
            return format;
    return NULL;
}
