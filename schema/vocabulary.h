/*
 * Every word of the domain, once. An enum travels inside the program; the word beside it is what
 * the store, the views, JSON output and messages say. For each set there is NAME_word() (never
 * NULL) and, where text comes in, NAME_from_word().
 */
#ifndef SCHEMA_VOCABULARY_H
#define SCHEMA_VOCABULARY_H

#include <stdbool.h>

/* RFC 8460, section 4.4: policy-type. POLICY_OTHER is any value the RFC does not define. */
enum policy_type { POLICY_TLSA, POLICY_STS, POLICY_NONE_FOUND, POLICY_OTHER };

/* RFC 8461, section 3.2: mode, as read from the policy string of a report. */
enum sts_mode { STS_MODE_UNKNOWN, STS_MODE_ENFORCE, STS_MODE_TESTING, STS_MODE_NONE };

/* RFC 8460, section 4.3 (IANA "STARTTLS Validation Result Types"). */
enum result_type {
    RESULT_UNKNOWN, /* missing, or not in the registry; the text is kept beside it */
    RESULT_STARTTLS_NOT_SUPPORTED,
    RESULT_CERTIFICATE_HOST_MISMATCH,
    RESULT_CERTIFICATE_EXPIRED,
    RESULT_CERTIFICATE_NOT_TRUSTED,
    RESULT_VALIDATION_FAILURE,
    RESULT_TLSA_INVALID,
    RESULT_DNSSEC_INVALID,
    RESULT_DANE_REQUIRED,
    RESULT_STS_POLICY_FETCH_ERROR,
    RESULT_STS_POLICY_INVALID,
    RESULT_STS_WEBPKI_INVALID,
};

/* Our own classes of failure: finer than the result type, and the key of the knowledge files. */
enum failure_type {
    FAILURE_OTHER,
    FAILURE_STARTTLS_ABSENT,
    FAILURE_STARTTLS_REFUSED,
    FAILURE_TLS_HANDSHAKE_FAILURE,
    FAILURE_CERT_EXPIRED,
    FAILURE_CERT_HOST_MISMATCH,
    FAILURE_CERT_NOT_TRUSTED,
    FAILURE_VALIDATION_UNSPECIFIED,
    FAILURE_DANE_CERT_MISMATCH,
    FAILURE_TLSA_UNUSABLE,
    FAILURE_DANE_TA_CHAIN,
    FAILURE_DANE_TA_NAME,
    FAILURE_DANE_EXPIRED,
    FAILURE_TLSA_LOOKUP_ERROR,
    FAILURE_DNS_LOOKUP_ERROR,
    FAILURE_TLSA_MISSING,
    FAILURE_DNSSEC_BOGUS,
    FAILURE_DNSSEC_INSECURE,
    FAILURE_DANE_REQUIRED,
    FAILURE_DANE_PROTECTION_LOST,
    FAILURE_STS_POLICY_FETCH_ERROR,
    FAILURE_STS_POLICY_INVALID,
    FAILURE_STS_WEBPKI_INVALID,
    FAILURE_STS_MX_MISMATCH,
    FAILURE_STS_STALE,
    FAILURE_REQUIRETLS_UNSUPPORTED,
    FAILURE_MX_INSECURE,
    FAILURE_TLS_REQUIRED_UNMET,
    FAILURE_LOCAL_POLICY_ERROR,
    FAILURE_LOCAL_RESOLVER_FAILING,
    FAILURE_LOCAL_RESOLVER_INSECURE,
    FAILURE_LOCAL_TRUST_STORE,
    FAILURE_DELIVERED_IN_CLEAR,
    FAILURE_REPORTER_FAULT,
    FAILURE_TLSRPT_RECORD_INVALID,
    FAILURE_REPORT_UNSIGNED,
    FAILURE_REPORT_MALFORMED,
    FAILURE_REPORT_DUPLICATE,
    FAILURE_REPORTER_SILENT,
    FAILURE_TYPE_COUNT
};

/* Where a failure lies. */
enum layer {
    LAYER_UNKNOWN,
    LAYER_DNS,
    LAYER_DNSSEC,
    LAYER_TLSA,
    LAYER_STARTTLS,
    LAYER_CERTIFICATE,
    LAYER_MTA_STS,
    LAYER_SENDER_POLICY,
    LAYER_LOCAL,
    LAYER_REPORTING,
};

/* What a failed session did to the mail it was for. */
enum mail_effect {
    EFFECT_UNKNOWN,    /* the report does not tell */
    EFFECT_NONE,       /* delivered as if nothing had happened */
    EFFECT_UNVERIFIED, /* delivered encrypted, but nobody checked to whom */
    EFFECT_PLAINTEXT,  /* delivered in clear */
    EFFECT_DEFERRED,   /* kept in the sender's queue; returned when that gives up */
    EFFECT_RETURNED,   /* returned to its author at once */
};

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

/* Who can mend it. */
enum actor {
    ACTOR_NOBODY,
    ACTOR_RECEIVER,
    ACTOR_DNS_OPERATOR,
    ACTOR_SENDER,
    ACTOR_US,
    ACTOR_REPORTER
};

/* RFC 8460, section 3: whether the mail that brought a report was signed by its submitter. */
enum authenticity { AUTH_NONE, AUTH_PASS, AUTH_FAIL };

enum arrival_kind {
    ARRIVAL_OTHER,
    ARRIVAL_TLSRPT,
    ARRIVAL_DMARC,
    ARRIVAL_ARF,
    ARRIVAL_BOUNCE,
    ARRIVAL_LOG
};

/* In rising order of weight: of several parts in one arrival the highest counts. */
enum arrival_outcome {
    OUTCOME_IGNORED,
    OUTCOME_QUARANTINED,
    OUTCOME_KNOWN,
    OUTCOME_REVISED,
    OUTCOME_STORED
};

/* Whose log it is. */
enum mta { MTA_UNKNOWN, MTA_POSTFIX, MTA_EXIM, MTA_HALON, MTA_POWERMTA };

enum direction { DIRECTION_OUT, DIRECTION_IN };

/* What our mail server asked of the session: Postfix' levels; Exim's options in the same words. */
enum tls_level {
    LEVEL_UNKNOWN,
    LEVEL_NONE,
    LEVEL_MAY,
    LEVEL_ENCRYPT,
    LEVEL_FINGERPRINT,
    LEVEL_VERIFY,
    LEVEL_SECURE,
    LEVEL_DANE,
    LEVEL_DANE_ONLY,
    LEVEL_HALFDANE,
};

/* What a session came to. One session has one outcome, however many recipients it was for. */
enum session_outcome {
    SESSION_UNKNOWN,   /* the log does not tell (no TLS logging) */
    SESSION_VERIFIED,  /* the peer's certificate is the one that was asked for */
    SESSION_TRUSTED,   /* its chain is trusted, its name was not asked for */
    SESSION_UNTRUSTED, /* encrypted, the chain not trusted or not looked at */
    SESSION_ANONYMOUS, /* encrypted without a certificate */
    SESSION_PLAINTEXT,
    SESSION_FAILED, /* there was no session that our policy accepts */
};

enum tls_version {
    TLS_VERSION_UNKNOWN,
    TLS_VERSION_SSL3,
    TLS_VERSION_1_0,
    TLS_VERSION_1_1,
    TLS_VERSION_1_2,
    TLS_VERSION_1_3,
};

/* What a failure in a log did to the delivery. */
enum log_outcome {
    LOG_OUTCOME_UNKNOWN,    /* no delivery line tells */
    LOG_OUTCOME_DEFERRED,   /* stays in our queue */
    LOG_OUTCOME_BOUNCED,    /* returned to its author */
    LOG_OUTCOME_THROTTLED,  /* deferred again without a new connection */
    LOG_OUTCOME_PLAINTEXT,  /* sent in clear after the failure */
    LOG_OUTCOME_UNVERIFIED, /* sent encrypted to a peer that was not verified */
    LOG_OUTCOME_OTHER_MX,   /* delivered by another MX host */
};

/*
 * What a log line tells more finely than the failure type; the table in vocabulary.c says for
 * each which RFC 8460 result type it earns and which failure type it belongs to.
 */
enum log_detail {
    DETAIL_NONE,
    DETAIL_HANDSHAKE_FAILURE,
    DETAIL_STARTTLS_REFUSED,
    DETAIL_STARTTLS_REFUSED_FALLBACK, /* and the mail went in clear */
    DETAIL_NO_STARTTLS_OPPORTUNISTIC,
    DETAIL_PLAINTEXT_FALLBACK,
    DETAIL_TLS_SESSION_LOST,
    DETAIL_TLSA_MISMATCH,
    DETAIL_FINGERPRINT_MISMATCH,
    DETAIL_IP_ADDRESS_MISMATCH,
    DETAIL_DANE_TA_NAME,
    DETAIL_SELF_SIGNED,
    DETAIL_UNTRUSTED_ISSUER,
    DETAIL_CERT_NOT_YET_VALID,
    DETAIL_CERT_PURPOSE,
    DETAIL_CERT_CHAIN_TOO_LONG,
    DETAIL_CERT_REVOKED,
    DETAIL_CERT_WEAK,
    DETAIL_TLSA_UNUSABLE,
    DETAIL_TLSA_UNUSABLE_FALLBACK,
    DETAIL_TLSA_LOOKUP_ERROR,
    DETAIL_NO_TLSA,
    DETAIL_INSECURE_MX,
    DETAIL_HOST_LOOKUP_NOT_DNSSEC,
    DETAIL_TLSA_NOT_DNSSEC,
    DETAIL_STS_MX_MISMATCH,
    DETAIL_REQUIRETLS_NOT_OFFERED,
    DETAIL_REQUIRETLS_NO_MATCH,
    DETAIL_REQUIRETLS_NO_STARTTLS,
    DETAIL_REQUIRETLS_LEVEL,
    DETAIL_LOCAL_TLS_CONFIG,
    DETAIL_LOCAL_RESOLVER_NO_DNSSEC,
    DETAIL_LOCAL_POLICY_LOOKUP,
    DETAIL_REUSED_UNTRUSTED_SESSION,
    DETAIL_DNS_LOOKUP_ERROR, /* MX or address lookup: no TLS word in the line at all */
    DETAIL_INBOUND_HANDSHAKE_FAILURE,
    DETAIL_INBOUND_PEER_REJECTED_OUR_CERT,
    DETAIL_INBOUND_QUIT_AFTER_STARTTLS,
    DETAIL_INBOUND_LOCAL_CERT_PROBLEM,
    DETAIL_INBOUND_TLS_RATE_LIMIT,
    DETAIL_COUNT
};

/* RFC 9989, section 4.7 (RFC 7489, section 6.3): what p, sp and np ask for. */
enum dmarc_request {
    DMARC_REQUEST_UNKNOWN,
    DMARC_REQUEST_NONE,
    DMARC_REQUEST_QUARANTINE,
    DMARC_REQUEST_REJECT,
};

/* adkim, aspf: "r", "s". */
enum dmarc_strictness { DMARC_STRICTNESS_UNKNOWN, DMARC_RELAXED, DMARC_STRICT };

/* What became of messages: policy_evaluated, RFC 9990, section 3.1.1.9. PASS: they were aligned. */
enum dmarc_disposition {
    DMARC_DISPOSITION_UNKNOWN,
    DMARC_DISPOSITION_NONE,
    DMARC_DISPOSITION_PASS,
    DMARC_DISPOSITION_QUARANTINE,
    DMARC_DISPOSITION_REJECT,
};

/* Whether DKIM or SPF passed with a domain that is aligned with that of From. */
enum dmarc_verdict { DMARC_VERDICT_UNKNOWN, DMARC_PASS, DMARC_FAIL };

/* By its namespace; older reports have none. */
enum dmarc_form { DMARC_FORM_NONE, DMARC_FORM_RFC7489, DMARC_FORM_RFC9990, DMARC_FORM_OTHER };

/* By what the recipient domain of a policy was found; the man page tlstriage-ingest explains. */
enum domain_source {
    DOMAIN_FROM_POLICY,        /* sts, no-policy-found: the policy domain itself */
    DOMAIN_FROM_CONFIG_MX,     /* tlsa: a configured domain lists the host as its MX */
    DOMAIN_FROM_SIBLING,       /* tlsa: another policy of the same report names the domain */
    DOMAIN_FROM_HEADER,        /* the mail's TLS-Report-Domain */
    DOMAIN_FROM_SUBJECT,       /* the mail's Subject, RFC 8460, section 5.3 */
    DOMAIN_FROM_FILE_NAME,     /* the file's name, RFC 8460, section 5.1 */
    DOMAIN_FROM_CONFIG_SUFFIX, /* tlsa: a configured domain is a suffix of the host */
    DOMAIN_FROM_POLICY_HOST,   /* tlsa: nothing better than the policy domain */
    DOMAIN_UNKNOWN,            /* no name anywhere */
};

/* What an issue is about. */
enum issue_kind {
    ISSUE_INPUT,     /* a file or folder that could not be read, or not whole */
    ISSUE_MAIL,      /* RFC 5322 and MIME */
    ISSUE_CONTAINER, /* gzip, zip */
    ISSUE_JSON,      /* RFC 8259, RFC 7493 */
    ISSUE_REPORT,    /* RFC 8460 */
    ISSUE_LIMIT,     /* one of our limits was reached */
    ISSUE_NO_REPORT, /* an arrival that holds no report */
    ISSUE_DUPLICATE, /* a revision: the same report with other content */
    ISSUE_NOT_YET,   /* kept until a later version reads it */
    ISSUE_XML,       /* XML 1.0 */
    ISSUE_DMARC,     /* RFC 7489, RFC 9990 */
};

/* Notices cost nothing; a warning cost something in the report; an error cost a report. */
enum issue_severity { ISSUE_NOTICE, ISSUE_WARNING, ISSUE_ERROR };

const char *policy_type_word(enum policy_type type);
const char *sts_mode_word(enum sts_mode mode); /* "unknown" for STS_MODE_UNKNOWN */
const char *result_type_word(enum result_type type);
const char *failure_type_word(enum failure_type type);
const char *layer_word(enum layer layer);
const char *mail_effect_word(enum mail_effect effect);
const char *severity_word(enum severity severity);
const char *actor_word(enum actor actor);
const char *authenticity_word(enum authenticity authenticity);
const char *arrival_kind_word(enum arrival_kind kind);
const char *arrival_outcome_word(enum arrival_outcome outcome);
const char *domain_source_word(enum domain_source source);
const char *issue_kind_word(enum issue_kind kind);
const char *issue_severity_word(enum issue_severity severity);
const char *mta_word(enum mta mta);
const char *direction_word(enum direction direction);
const char *tls_level_word(enum tls_level level);
const char *session_outcome_word(enum session_outcome outcome);
const char *tls_version_word(enum tls_version version); /* "TLSv1.3"; "" for UNKNOWN */
const char *log_outcome_word(enum log_outcome outcome);
const char *log_detail_word(enum log_detail detail); /* "" for NONE */

const char *dmarc_request_word(enum dmarc_request request); /* "" for UNKNOWN, here and below */
const char *dmarc_strictness_word(enum dmarc_strictness strictness);
const char *dmarc_disposition_word(enum dmarc_disposition disposition);
const char *dmarc_verdict_word(enum dmarc_verdict verdict);
const char *dmarc_form_word(enum dmarc_form form); /* "none", "rfc7489", "rfc9990", "other" */

enum dmarc_request dmarc_request_from_word(const char *word);
enum dmarc_strictness dmarc_strictness_from_word(const char *word);
enum dmarc_disposition dmarc_disposition_from_word(const char *word);
enum dmarc_verdict dmarc_verdict_from_word(const char *word);

/* Case-insensitive; an unknown word or NULL gives POLICY_OTHER, STS_MODE_UNKNOWN, ... */
enum policy_type policy_type_from_word(const char *word);
enum sts_mode sts_mode_from_word(const char *word);
enum mail_effect mail_effect_from_word(const char *word);
enum authenticity authenticity_from_word(const char *word);
enum domain_source domain_source_from_word(const char *word);

enum mta mta_from_word(const char *word);
enum tls_level tls_level_from_word(const char *word);
enum session_outcome session_outcome_from_word(const char *word);
enum tls_version tls_version_from_word(const char *word); /* also "TLS1.3", "TLSv1" */
enum log_outcome log_outcome_from_word(const char *word);
enum log_detail log_detail_from_word(const char *word);

/* The RFC 8460 type that a detail earns; RESULT_UNKNOWN where it earns none. */
enum result_type log_detail_result(enum log_detail detail);

/*
 * The failure type of what a log tells: by the detail, where that says it, else by the result type.
 * `dane`: the peer was to be authenticated by TLSA records, so that a certificate at fault is
 * another failure than under another policy.
 */
enum failure_type log_failure_type(enum log_detail detail, enum result_type result, bool dane);

/* What the outcome means for the mail. */
enum mail_effect log_outcome_effect(enum log_outcome outcome);

/* Takes the RFC's spelling and that of Postfix' log, which writes '_' for '-'. */
enum result_type result_type_from_word(const char *word);

/* Exact; false leaves *type alone. */
bool failure_type_from_word(const char *word, enum failure_type *type);

/* Facts of a failure type that hold wherever it is met. */
enum layer failure_type_layer(enum failure_type type);
enum actor failure_type_actor(enum failure_type type);
const char *failure_type_label(enum failure_type type); /* "STARTTLS not offered" */

#endif
