/*
 * What an error text tells that a mail server without codes of its own wrote down: texts of TLS
 * libraries, of DANE and MTA-STS, in Halon's and PowerMTA's words. By keywords, so that it is a
 * guess where the server says nothing better itself.
 */
#ifndef INGEST_LOG_ERROR_TEXT_H
#define INGEST_LOG_ERROR_TEXT_H

#include "ingest/log/line.h"
#include "schema/vocabulary.h"

struct error_text {
    enum result_type result; /* RESULT_UNKNOWN: earns none */
    enum log_detail detail;
    bool dane; /* the text speaks of DANE or TLSA */
};

struct error_texts;

struct error_texts *error_texts_new(void);
void error_texts_free(struct error_texts *texts);

/* False, with *found as nothing known, where no word of TLS stands in `text`. */
bool error_text_read(struct error_texts *texts, struct span text, struct error_text *found);

/*
 * What a client says of our certificate by a TLS alert (RFC 8446, section 6.2), in the words of
 * OpenSSL and GnuTLS. RESULT_UNKNOWN where the alert tells no more than that it was refused: many
 * send bad_certificate for a wrong name, or where no TLSA record fits.
 */
enum result_type error_text_alert(struct span text);

#endif
