/*
 * One escaper per context, for texts of strangers. Each takes any bytes and gives valid UTF-8,
 * newly allocated, in which nothing can act on the reader.
 */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include <glib.h>

/*
 * A terminal or a plain text mail: control characters (C0, C1, DEL, line breaks too) and
 * characters that change the order or hide text (U+202A-202E, U+2066-2069, U+200B-200F, U+061C,
 * U+FEFF, tags) become \xNN or \u{NNNN}; invalid bytes become U+FFFD. "" for NULL.
 */
char *escape_terminal(const char *text);

/* A header field's value, RFC 5322: as above, then RFC 2047 encoded where not ASCII; one line. */
char *escape_header(const char *text);

/* One word of a POSIX shell command. */
char *escape_shell(const char *text);

#endif
