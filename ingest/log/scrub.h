/* Personal data out of what is kept of a log. */
#ifndef INGEST_LOG_SCRUB_H
#define INGEST_LOG_SCRUB_H

#include "ingest/log/line.h"

/*
 * Appends `text` as it may be kept: valid UTF-8 of at most `limit` bytes, local parts of addresses
 * cut off ("<@example.com>", "to=<@example.com>"), quoted local parts and names of people before an
 * address ("\"...\" <@example.com>", "From: ... <@example.com>") too; SASL and other login
 * names, subjects and message ids blanked out ("sasl_username=..."); queue ids, hosts and addresses
 * of hosts stay. Tokens of the form A@B where B is no name stay as they are, but A goes.
 */
void scrub_append(GString *out, struct span text, size_t limit);

#endif
