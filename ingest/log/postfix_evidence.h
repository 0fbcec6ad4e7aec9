/*
 * Lines that say what went wrong with TLS or DANE before the line of the delivery says what came
 * of it: the table of them.
 */
#ifndef INGEST_LOG_POSTFIX_EVIDENCE_H
#define INGEST_LOG_POSTFIX_EVIDENCE_H

#include "ingest/log/pattern.h"
#include "schema/vocabulary.h"

/* In rising order: of several lines on one session the strongest tells what it was. */
enum postfix_weight {
    POSTFIX_WEIGHT_HINT,      /* a fault was seen, and others may tell more */
    POSTFIX_WEIGHT_HANDSHAKE, /* TLS broke off */
    POSTFIX_WEIGHT_LIBRARY,   /* and the TLS library says why */
    POSTFIX_WEIGHT_TLSRPT,
    POSTFIX_WEIGHT_VERIFY, /* the certificate, and what is wrong with it */
    POSTFIX_WEIGHT_POLICY, /* no session could satisfy the policy */
};

enum {
    POSTFIX_SOFT = 1 << 0, /* met also where mail is sent all the same: tells no failure alone */
    POSTFIX_DANE = 1 << 1, /* the host has TLSA records */
    POSTFIX_UNUSABLE = 1 << 2,  /* of which at least one cannot be used */
    POSTFIX_FALLBACK = 1 << 3,  /* none, so that the session is not authenticated */
    POSTFIX_LOCAL = 1 << 4,     /* our own configuration: about no session */
    POSTFIX_BROKEN = 1 << 5,    /* there is no session */
    POSTFIX_STS = 1 << 6,       /* a server was passed over for MTA-STS */
    POSTFIX_UNREADY = 1 << 7,   /* with POSTFIX_LOCAL: for want of us no session could be good */
    POSTFIX_BEFORE_36 = 1 << 8, /* Postfix up to 3.5 says so, and it says nothing else */
};

struct postfix_evidence {
    enum postfix_weight weight;
    unsigned flags;
    enum log_detail detail;
    enum result_type result;
    enum tls_level level; /* that the line implies */
    struct span host;     /* these are empty where the line does not tell */
    struct span ip;
    struct span next_hop;
    struct span domain; /* of the recipient, by a TLSRPT line */
    struct span reason; /* the part of the line that says it */
    struct span error;  /* the part of it that a delivery's line leaves out */
};

struct postfix_evidences;

struct postfix_evidences *postfix_evidences_new(void);
void postfix_evidences_free(struct postfix_evidences *evidences);

/* A line of smtp, lmtp or tlsproxy. False where it is none of these. */
bool postfix_evidence_read(struct postfix_evidences *evidences, struct span message,
                           struct postfix_evidence *found);

/* "TLSRPT: status=failure, ...". False for one of a success and for other lines. */
bool postfix_tlsrpt_read(struct span message, struct postfix_evidence *found);

/* What OpenSSL's number of a verification error (X509_V_ERR_*) stands for. */
void postfix_verify_error(guint number, enum log_detail *detail, enum result_type *result);

#endif
