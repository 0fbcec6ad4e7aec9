/* Why a delivery failed, in the words of Postfix' SMTP client: the table of its reasons. */
#ifndef INGEST_LOG_POSTFIX_REASON_H
#define INGEST_LOG_POSTFIX_REASON_H

#include "ingest/log/pattern.h"
#include "schema/vocabulary.h"

enum postfix_reason_kind {
    POSTFIX_REASON_OTHER,       /* no matter of ours, and no session came of it */
    POSTFIX_REASON_DIALOGUE,    /* no matter of ours: the mail itself was spoken about */
    POSTFIX_REASON_FINAL,       /* the reason says all */
    POSTFIX_REASON_HANDSHAKE,   /* TLS broke off; lines before it may say more */
    POSTFIX_REASON_CERTIFICATE, /* the certificate was refused; lines before it say why */
    POSTFIX_REASON_LOST,        /* of ours only where TLS had begun */
    POSTFIX_REASON_NO_SERVER,   /* of ours only where MTA-STS left no server */
    POSTFIX_REASON_LOCAL,       /* our own configuration */
    POSTFIX_REASON_DNS,         /* MX or address lookup: no word of TLS */
    POSTFIX_REASON_TOLERATED,   /* said in passing, and not acted upon */
};

struct postfix_reason {
    struct pattern pattern; /* group 1: HOST or HOST[IP] that it is about, where it names one */
    enum postfix_reason_kind kind;
    enum log_detail detail;
    enum result_type result; /* RESULT_UNKNOWN: that of the detail */
    enum tls_level level;    /* what it implies for certain */
};

struct pattern_set *postfix_reasons_new(void);

/*
 * Never NULL. "delivery temporarily suspended: " is taken off and noted in *is_throttled, and the
 * "delivery via HOST: " of Postfix 2.2 and before goes too. *host: group 1 or empty.
 */
const struct postfix_reason *postfix_reason_find(struct pattern_set *set, struct span reason,
                                                 bool *is_throttled, struct span *host);

#endif
