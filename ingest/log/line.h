/* A stretch of bytes that belongs to someone else, and one line of a log as such stretches. */
#ifndef INGEST_LOG_LINE_H
#define INGEST_LOG_LINE_H

#include "schema/log_record.h"
#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* Not terminated; may hold any byte. `at` is never NULL where `length` is not 0. */
struct span {
    const char *at;
    size_t length;
};

/* One line with its envelope taken off. Valid until the next line is asked for. */
struct log_line {
    gint64 at; /* 0 where the envelope has no time */
    enum log_carrier carrier;
    struct span host;    /* as it stands; empty where none */
    struct span program; /* "postfix/smtp"; "exim" for a line of Exim's own mainlog; else empty */
    gint64 pid;          /* 0 where none */
    struct span message;
    struct span whole;  /* the line as it came, without its end */
    guint repeats;      /* 1; N where the envelope says that the message came N more times */
    bool cut;           /* longer than LIMIT_LOG_LINE_BYTES: the rest is lost */
    guint64 hash;       /* log_hash(); 0: not made yet */
    const void *looked; /* what the dialect's log_look_fn found in it; NULL: it was not asked */
};

static inline struct span span_of(const char *at, size_t length)
{
    return (struct span){at, length};
}

/* For small tables of programs, whose names differ near their end: "postfix/smtp", "postfix/lmtp".
 */
static inline guint span_tail_hash(struct span span)
{
    guint32 tail = 0;

    if (span.length >= sizeof tail)
        memcpy(&tail, span.at + span.length - sizeof tail, sizeof tail);
    return (tail ^ (guint32)span.length * 0x9E3779B1u) * 0x85EBCA6Bu >> 16;
}

static inline bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

static inline bool span_begins(struct span span, const char *text)
{
    size_t length = strlen(text);

    return span.length >= length && memcmp(span.at, text, length) == 0;
}

/* Where `text` begins in `span`; NULL where it does not stand there. */
static inline const char *span_find(struct span span, const char *text)
{
    return span.length == 0 ? NULL : memmem(span.at, span.length, text, strlen(text));
}

/* What is left after the first `count` bytes; nothing where there are no more. */
static inline struct span span_from(struct span span, size_t count)
{
    if (count > span.length)
        count = span.length;
    return span_of(span.at + count, span.length - count);
}

#endif
