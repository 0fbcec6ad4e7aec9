/*
 * How much of a mail's body a MIME parser with objects may see. GMime makes some hundred bytes of
 * objects for each header field, parameter and part, and looks for the end of each word of an
 * address list; a mail made for that would cost gigabytes or minutes.
 */
#ifndef INGEST_MAIL_BOUNDS_H
#define INGEST_MAIL_BOUNDS_H

#include "ingest/mail_header.h"
#include <stddef.h>
#include <stdint.h>

/* Lines that begin with "--" as a delimiter does; header fields that tell a type. */
#define MAIL_DASH_LINES 10000
#define MAIL_TYPE_LINES 4000
/* Bytes in the header of parts and of messages in message/rfc822. */
#define MAIL_INNER_HEADER_BYTES (1u << 20)
/* Bytes of one list of addresses; of several the squares are added up, as the time is. */
#define MAIL_ADDRESS_BYTES (24u << 10)

/* Where the body must be cut; `length` where it need not be, as in all mail that is no attack. */
size_t mail_bounds(const struct mail_header *header, const uint8_t *body, size_t length);

#endif
