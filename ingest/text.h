/*
 * Texts and names of strangers, brought into bounds. All results are valid UTF-8, newly
 * allocated, and owned by the caller.
 */
#ifndef INGEST_TEXT_H
#define INGEST_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * At most `limit` bytes of `text`, cut at a character, blank-trimmed at both ends; invalid UTF-8
 * becomes U+FFFD. Control characters stay: each output escapes for its own context. NULL for NULL
 * and for what is empty after trimming. *cut, unless NULL, is set to true where the limit was met.
 */
char *text_bounded(const char *text, size_t length, size_t limit, bool *cut);

/*
 * A host or domain name in the form the store keeps: lower case, A-labels (RFC 5890), no final
 * dot, no brackets. NULL for NULL, "" or blanks (*valid is then true: nothing is wrong). What is no
 * name at all (RFC 1035, section 2.3.1, with '_' and a leading "*." allowed) is kept as bounded
 * lower-case text, and *valid is false. `valid` may be NULL.
 */
char *text_domain(const char *name, bool *valid);

/*
 * An address in RFC 5952 form (IPv4 in dotted decimal); takes brackets, an "IPv6:" prefix, a zone
 * id, surrounding blanks, and IPv4-mapped IPv6, which becomes IPv4. NULL for NULL, "" or blanks,
 * as in text_domain(). What is no address is kept as bounded text, and *valid is false.
 */
char *text_address(const char *address, bool *valid);

/* `domain` equals `parent` or ends in "." and `parent`; both as text_domain() makes them. */
bool text_domain_within(const char *domain, const char *parent);

/* The domain of an addr-spec, as text_domain() makes it; NULL where there is no '@'. */
char *text_domain_of_address(const char *address);

#endif
