/* From the store to the plain data of an overview. */
#ifndef CLI_OVERVIEW_MAKE_H
#define CLI_OVERVIEW_MAKE_H

#include "cli/cli.h"
#include "report/overview.h"

/* Of what came in at or after `from` and before `to`; 0: no bound. `foreign` stays empty: who reads
   the reports knows. NULL with an error. */
struct overview *overview_make(struct cli *cli, gint64 from, gint64 to, GError **error);

/*
 * Whether a policy is about a recipient domain of ours: the configuration lists the domain or one
 * above it, or the policy or a failure under it names an MX host that is listed; or it lists no
 * domain at all. Where the domain is only the name of an MX host (RFC 8460, section 1.1) it may
 * well be ours.
 */
bool overview_is_ours(const struct site *site, const struct policy *policy);

#endif
