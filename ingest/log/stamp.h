/* Times within the lines of a log, for records that carry their own. */
#ifndef INGEST_LOG_STAMP_H
#define INGEST_LOG_STAMP_H

#include "ingest/log/line.h"

/*
 * "2025-01-02 03:04:05+0100", with 'T' and "Z", a fraction, "+01:00" or no zone (then UTC);
 * "01/02/2025 03:04:05+0100"; seconds or milliseconds since 1970. False where it is none of these.
 */
bool stamp_read(struct span text, gint64 *at);

/* Seconds, or milliseconds from the year 1973 on where they are too many for seconds. */
bool stamp_of_number(double number, gint64 *at);

#endif
