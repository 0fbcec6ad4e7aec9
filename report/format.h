/* The formats a digest can take: one file each, one entry each in format.c. */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include "report/digest.h"
#include <glib.h>

struct format_options {
    guint width;      /* columns to wrap text at; 0: 76 */
    bool colour;      /* ANSI colours, for a terminal */
    const char *from; /* mail: addresses; NULL: left to sendmail / undisclosed */
    const char *to;
};

struct format {
    const char *name;    /* "text" */
    const char *summary; /* for --help */
    /* Appends to `out`. False with an error only if the machine fails. */
    bool (*write)(const struct digest *digest, const struct format_options *options, GString *out,
                  GError **error);
};

/* The entries of the table; each stands in the file of its name. */
bool format_text(const struct digest *digest, const struct format_options *options, GString *out,
                 GError **error);
bool format_json(const struct digest *digest, const struct format_options *options, GString *out,
                 GError **error);
bool format_mail(const struct digest *digest, const struct format_options *options, GString *out,
                 GError **error);

/* Ends with an entry whose name is NULL. */
extern const struct format formats[];
const struct format *format_find(const char *name);

#endif
