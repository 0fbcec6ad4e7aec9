/*
 * Delivery status notifications (RFC 3464): of mail of ours that was returned or delayed for a TLS,
 * DANE or MTA-STS reason. Other bounces tell nothing here.
 */
#ifndef INGEST_BOUNCE_H
#define INGEST_BOUNCE_H

#include "schema/record.h"
#include <glib.h>

/* Recipients past this are not looked at. */
#define BOUNCE_RECIPIENTS_MAX 1000

/*
 * The content of a message/delivery-status part. Appends struct bounced * to `bounced`; at: when
 * the notification came, for fields that have no time. Never fails.
 */
void bounce_parse(const char *bytes, size_t length, gint64 at, GPtrArray *bounced);

#endif
