/* From the store to the plain data of a digest. */
#ifndef CLI_DIGEST_MAKE_H
#define CLI_DIGEST_MAKE_H

#include "cli/cli.h"
#include "report/digest.h"

/* What a digest is asked to cover. */
struct digest_request {
    struct store_filter filter; /* ingested_* or begins_*, and the domain */
    bool by_period;
    const char *queue; /* file of postqueue -j, "-": standard input; NULL: not asked for */
    bool all;
    gint64 covers_from; /* as the digest names it */
    gint64 covers_to;
};

/* NULL with an error where the store fails. Owned by the caller (digest_free). */
struct digest *digest_make(struct cli *cli, const struct digest_request *request, GError **error);

#endif
