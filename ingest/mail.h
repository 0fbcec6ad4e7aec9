/*
 * The parts of a message that may hold a report (RFC 5322, RFC 2045, RFC 6522), with GMime. Takes
 * what real mail boxes hold: CRLF or LF, a leading "From " line, header fields of mail readers
 * first, wrong or missing types, single parts, reports in message/rfc822.
 */
#ifndef INGEST_MAIL_H
#define INGEST_MAIL_H

#include "schema/record.h"
#include <glib.h>
#include <stdint.h>

/* Whose word a part is. */
enum mail_place {
    MAIL_OWN,       /* the sender's of this mail */
    MAIL_FORWARDED, /* of a message inside it */
    MAIL_RETURNED,  /* of the message that a bounce, a failure report, a receipt or an automatic
                       reply is about: none of it was sent to us for itself */
};

/* A leaf of the MIME tree, its transfer encoding undone. */
struct mail_part {
    char *part;         /* "1", "2.1": as IMAP numbers parts (RFC 9051, section 6.4.5.1) */
    char *content_type; /* lower case, "" where none was given */
    char *file_name;    /* Content-Disposition filename, else Content-Type name; RFC 2231 and RFC
                           2047 decoded, folders and line breaks removed; NULL where none */
    enum mail_place place;
    bool is_text; /* text/plain or text/html, or no type: maybe just words for a person */
    /* Header fields of the message the part stands in: the nearest message/rfc822 around it, where
       that has them, else the outermost message. */
    char *report_domain;    /* TLS-Report-Domain */
    char *report_submitter; /* TLS-Report-Submitter */
    char *subject;
    GBytes *bytes;
};

struct mail {
    char *sender;     /* first address of From, lower case; NULL where none */
    char *message_id; /* without <>; NULL where none */
    char *subject;    /* unfolded and decoded */
    char *report_domain;
    char *report_submitter;
    char *failed_recipients;         /* X-Failed-Recipients, still folded; NULL where none */
    gint64 date;                     /* of the Date field; 0 where missing or not readable */
    enum authenticity authenticated; /* by ingest/authres.h */
    enum arrival_kind kind; /* ARF and BOUNCE by report-type or type, of a forwarded mail too;
                               BOUNCE also where an automatic reply names the recipients that
                               failed; OTHER else, a report's too */
    bool is_receipt;        /* a disposition notification (RFC 8098) */
    bool is_reply;          /* an automatic reply: Auto-Submitted (RFC 3834) is auto-replied */
    bool says_tlsrpt;       /* report-type is tlsrpt */
    GPtrArray *parts;       /* struct mail_part *, in order */
};

/* Must be called once, before any thread parses. */
void mail_init(void);

/*
 * Never fails: what is no mail gives a mail without parts. `authserv_id` as in struct site, may be
 * NULL. Parts past LIMIT_MIME_PARTS or LIMIT_MIME_DEPTH are left out with an issue (kind LIMIT).
 * Memory stays within a small multiple of `length`, whatever the nesting. Threads may call it at
 * once. Free with mail_free().
 */
struct mail *mail_parse(const uint8_t *bytes, size_t length, const char *authserv_id,
                        GPtrArray *issues);
/* The same without the short cut of mail_plain.h, for tests to compare. */
struct mail *mail_parse_with_gmime(const uint8_t *bytes, size_t length, const char *authserv_id,
                                   GPtrArray *issues);
void mail_free(struct mail *mail);

/* Whether bytes begin as a message does: a "From " line or a header field. */
bool mail_sniff(const uint8_t *bytes, size_t length);

typedef struct mail Mail;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mail, mail_free)

#endif
