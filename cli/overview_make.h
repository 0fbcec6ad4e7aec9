/* From the store to the plain data of an overview. */
#ifndef CLI_OVERVIEW_MAKE_H
#define CLI_OVERVIEW_MAKE_H

#include "cli/cli.h"
#include "report/overview.h"

/* Of what came in at or after `from` and before `to`; 0: no bound. NULL with an error. */
struct overview *overview_make(struct cli *cli, gint64 from, gint64 to, GError **error);

/*
 * Whether a recipient domain is one of ours: the configuration lists it or a domain above it, or
 * lists none at all. `source`: how the domain was found; one that is only the name of an MX host
 * (RFC 8460, section 1.1) may well be ours.
 */
bool overview_is_ours(const struct site *site, const char *domain, enum domain_source source);

#endif
