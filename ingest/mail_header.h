/*
 * The header of the outermost message, thinned out before MIME parsing: real mail carries dozens
 * of trace and signature fields that no part of us reads, and building an object for each costs
 * more than all the rest.
 */
#ifndef INGEST_MAIL_HEADER_H
#define INGEST_MAIL_HEADER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct mail_header {
    GByteArray *kept;   /* the fields we read, with an empty line after them */
    GPtrArray *authres; /* char *, values of Authentication-Results, topmost first, still folded */
    char *failed;  /* X-Failed-Recipients, still folded, the first of them; NULL where missing */
    bool is_reply; /* Auto-Submitted is auto-replied */
    size_t body;   /* where the body begins in the message */
};

/*
 * Takes any bytes: a leading "From " line and lines that are no field are dropped, "ContentType:"
 * becomes "Content-Type:", fields longer than MAIL_FIELD_BYTES are cut, those that would bring
 * `kept` past MAIL_KEPT_BYTES are left out.
 */
void mail_header_read(struct mail_header *header, const uint8_t *bytes, size_t length);
void mail_header_clear(struct mail_header *header);

#define MAIL_FIELD_BYTES (64u << 10)
#define MAIL_FROM_BYTES (2u << 10) /* the time for a list of addresses grows with its square */
#define MAIL_KEPT_BYTES (128u << 10)
#define MAIL_AUTHRES_FIELDS 50

#endif
