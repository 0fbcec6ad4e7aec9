/* From the store to what our own mail server's log tells in a digest. */
#ifndef CLI_OUTBOUND_MAKE_H
#define CLI_OUTBOUND_MAKE_H

#include "analyze/outbound.h"
#include "cli/digest_make.h"

struct outbound_builder *outbound_begin(const struct digest_request *request);

/* The addresses that a report names, for what failed at us; `told`: in this digest. */
void outbound_add_report(struct outbound_builder *builder, const struct report *report, bool told);

/* Frees the builder, also where it fails. *found: NULL where there is nothing to say. */
bool outbound_make(struct cli *cli, const struct digest_request *request,
                   struct outbound_builder *builder, struct outbound **found, GError **error);

#endif
