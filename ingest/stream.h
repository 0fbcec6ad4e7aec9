/*
 * One open file as units: message by message where it is an mbox (RFC 4155; mboxo, mboxrd), else
 * whole. Never holds more than one message and a window of 256 KiB.
 */
#ifndef INGEST_STREAM_H
#define INGEST_STREAM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct stream_unit {
    GBytes *bytes; /* owned by the caller; maybe empty */
    guint message; /* 1 for the first message of an mbox; 0: the whole file */
    bool cut;      /* longer than LIMIT_MESSAGE_BYTES (mail) or LIMIT_UNPACKED_BYTES, or a read
                      error: the rest is not in it */
};

struct stream;

struct stream *stream_new(void);
void stream_free(struct stream *stream);

/*
 * Takes over `fd`, which may be non-blocking. `drain`: read to the end even past a limit, so that
 * whoever writes into a pipe is not killed by it.
 */
void stream_open(struct stream *stream, int fd, bool drain);
void stream_close(struct stream *stream);

/*
 * The next unit; false at the end. An empty file gives no unit, an empty message neither. Of an
 * mbox, the "From " lines and the empty line before each are left out, and one '>' is taken from
 * lines of '>' and "From ". A large file of DMARC XML is given packed with gzip, up to
 * LIMIT_DMARC_BYTES of it.
 */
bool stream_next(struct stream *stream, struct stream_unit *unit);

/*
 * The first bytes of the file, before the first unit is asked for; at most a window of them. They
 * stay the stream's, and its first unit begins with them. *whole: the file has no more.
 */
const uint8_t *stream_peek(struct stream *stream, size_t *length, bool *whole);

/* Gives the descriptor away: what stream_peek() gave came from it. Nothing more can be asked for.
 */
int stream_give_up(struct stream *stream);

int stream_error(const struct stream *stream);          /* errno of a read that failed, else 0 */
guint64 stream_bytes_read(const struct stream *stream); /* since stream_open() */

/* Whether bytes begin with a "From " line with a time in it, and something after that line. */
bool stream_is_mbox(const uint8_t *bytes, size_t length);

#endif
