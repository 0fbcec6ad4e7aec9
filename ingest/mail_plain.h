/*
 * The shape that nearly every report mail has, read without MIME objects: one multipart whose
 * parts are leaves in base64 or as they are, plain ASCII header fields, no encoded words, no
 * comments. Anything else is left to GMime (mail.c). What is read here is what GMime would have
 * read: tests/ingest/test_mail_plain.c holds the two side by side.
 */
#ifndef INGEST_MAIL_PLAIN_H
#define INGEST_MAIL_PLAIN_H

#include "ingest/mail.h"
#include "ingest/mail_header.h"

/*
 * Fills `mail` (fields and parts, but not authenticated) and gives true; or gives false and leaves
 * it as it was. `body`: what follows the header.
 */
bool mail_plain_read(struct mail *mail, const struct mail_header *header, const uint8_t *body,
                     size_t length);

#endif
