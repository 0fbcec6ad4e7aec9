/* DMARC reports of a period, for a digest. */
#ifndef CLI_DIGEST_DMARC_H
#define CLI_DIGEST_DMARC_H

#include "analyze/dmarc_sum.h"
#include "cli/digest_make.h"

/* NULL with an error where the store fails. Domains that are not ours are left out and counted in
   `foreign` (struct overview_domain *), unless one was asked for: that is told, whosesoever it is.
 */
struct dmarc_set *digest_dmarc(struct cli *cli, const struct digest_request *request,
                               GPtrArray *foreign, GError **error);

#endif
