/*
 * Authentication-Results (RFC 8601) of our own mail server, and RFC 8460, section 3: a report must
 * carry a valid DKIM signature of the submitting domain.
 */
#ifndef INGEST_AUTHRES_H
#define INGEST_AUTHRES_H

#include "schema/vocabulary.h"
#include <glib.h>

/*
 * `fields`: the values of all Authentication-Results fields, unfolded or not, topmost first.
 * Only the topmost whose authserv-id equals `authserv_id` (case-insensitively, as RFC 8601,
 * section 2.5 has it) is believed: others may be the sender's own. AUTH_PASS: it has dkim=pass
 * with a header.d (or, failing that, the domain of header.i) that is aligned with `from_domain`:
 * equal, or one a parent of the other. AUTH_FAIL: it has no such result. AUTH_NONE:
 * `authserv_id` is NULL, or no field has it.
 */
enum authenticity authres_judge(char *const *fields, const char *authserv_id,
                                const char *from_domain);

#endif
