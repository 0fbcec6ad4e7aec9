/*
 * Delivery status notifications (RFC 3464): of mail of ours that was returned or delayed for a TLS,
 * DANE or MTA-STS reason. Other bounces tell nothing here.
 */
#ifndef INGEST_BOUNCE_H
#define INGEST_BOUNCE_H

#include "ingest/bounce_text.h"
#include "schema/record.h"
#include <glib.h>

/*
 * The content of a message/delivery-status part. `words`: struct bounce_words *, from the text
 * beside it; what Exim says there in full goes before the shorter field. NULL: none. Appends struct
 * bounced * to `bounced`; at: when the notification came, for fields that have no time. Never
 * fails.
 */
void bounce_parse(const char *bytes, size_t length, const GPtrArray *words, gint64 at,
                  GPtrArray *bounced);

/* What a notification says of itself that has no such part. */
struct bounce_mail {
    const char *failed;     /* X-Failed-Recipients; NULL where missing */
    const char *message_id; /* without <>; NULL where missing */
};

/* A bounce or warning of Exim's that is one text: `words` as above. */
void bounce_parse_plain(const struct bounce_mail *mail, const GPtrArray *words, gint64 at,
                        GPtrArray *bounced);

#endif
