/*
 * What Exim tells a person in a bounce or a warning (print_address_error() of its deliver.c): for
 * each recipient the address, below it the whole reason. A Diagnostic-Code has only what follows
 * the first ": " of the reason, and is missing where there is none, where no host was reached, and
 * in the plain mails that versions before 4.85 sent.
 */
#ifndef INGEST_BOUNCE_TEXT_H
#define INGEST_BOUNCE_TEXT_H

#include "schema/vocabulary.h"
#include <glib.h>
#include <stdbool.h>

/* Recipients past this are not looked at. */
#define BOUNCE_RECIPIENTS_MAX 1000

/* One recipient. */
struct bounce_words {
    char *address;  /* to which it could not be delivered */
    char *original; /* which that was made from, by an alias or the like; NULL where none */
    char *mx;       /* NULL where no host is named */
    char *reason;   /* on one line; never NULL */
    bool announced; /* stands below Exim's own heading */
    bool delayed;   /* the heading says that it is tried again */
    /* By what Exim says itself, not a server that answers it. Nothing else is set where it tells of
       no TLS, DANE or MTA-STS. */
    bool is_tls;
    enum result_type result_type;
    enum failure_type failure_type;
    enum log_detail detail;
};

/* struct bounce_words *, in order; of any text, one that is not Exim's gives none. Never fails. */
GPtrArray *bounce_text_read(const char *text, size_t length);

#endif
