#include "schema/vocabulary.h"
#include <glib.h>
#include <string.h>

static const char *const policy_types[] = {
    [POLICY_TLSA] = "tlsa",
    [POLICY_STS] = "sts",
    [POLICY_NONE_FOUND] = "no-policy-found",
    [POLICY_OTHER] = "other",
};

static const char *const sts_modes[] = {
    [STS_MODE_UNKNOWN] = "unknown",
    [STS_MODE_ENFORCE] = "enforce",
    [STS_MODE_TESTING] = "testing",
    [STS_MODE_NONE] = "none",
};

static const char *const result_types[] = {
    [RESULT_UNKNOWN] = "unknown",
    [RESULT_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
    [RESULT_CERTIFICATE_HOST_MISMATCH] = "certificate-host-mismatch",
    [RESULT_CERTIFICATE_EXPIRED] = "certificate-expired",
    [RESULT_CERTIFICATE_NOT_TRUSTED] = "certificate-not-trusted",
    [RESULT_VALIDATION_FAILURE] = "validation-failure",
    [RESULT_TLSA_INVALID] = "tlsa-invalid",
    [RESULT_DNSSEC_INVALID] = "dnssec-invalid",
    [RESULT_DANE_REQUIRED] = "dane-required",
    [RESULT_STS_POLICY_FETCH_ERROR] = "sts-policy-fetch-error",
    [RESULT_STS_POLICY_INVALID] = "sts-policy-invalid",
    [RESULT_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
};

static const char *const layers[] = {
    [LAYER_UNKNOWN] = "unknown",   [LAYER_DNS] = "dns",
    [LAYER_DNSSEC] = "dnssec",     [LAYER_TLSA] = "tlsa",
    [LAYER_STARTTLS] = "starttls", [LAYER_CERTIFICATE] = "certificate",
    [LAYER_MTA_STS] = "mta-sts",   [LAYER_SENDER_POLICY] = "sender-policy",
    [LAYER_LOCAL] = "local",       [LAYER_REPORTING] = "reporting",
};

static const char *const mail_effects[] = {
    [EFFECT_UNKNOWN] = "unknown",       [EFFECT_NONE] = "none",
    [EFFECT_UNVERIFIED] = "unverified", [EFFECT_PLAINTEXT] = "plaintext",
    [EFFECT_DEFERRED] = "deferred",     [EFFECT_RETURNED] = "returned",
};

static const char *const severities[] = {
    [SEVERITY_INFO] = "info", [SEVERITY_LOW] = "low",           [SEVERITY_MEDIUM] = "medium",
    [SEVERITY_HIGH] = "high", [SEVERITY_CRITICAL] = "critical",
};

static const char *const actors[] = {
    [ACTOR_NOBODY] = "nobody",
    [ACTOR_RECEIVER] = "receiver",
    [ACTOR_DNS_OPERATOR] = "dns-operator",
    [ACTOR_SENDER] = "sender",
    [ACTOR_US] = "us",
    [ACTOR_REPORTER] = "reporter",
};

static const char *const authenticities[] = {
    [AUTH_NONE] = "none",
    [AUTH_PASS] = "pass",
    [AUTH_FAIL] = "fail",
};

static const char *const arrival_kinds[] = {
    [ARRIVAL_OTHER] = "other", [ARRIVAL_TLSRPT] = "tlsrpt", [ARRIVAL_DMARC] = "dmarc",
    [ARRIVAL_ARF] = "arf",     [ARRIVAL_BOUNCE] = "bounce", [ARRIVAL_LOG] = "log",
};

static const char *const arrival_outcomes[] = {
    [OUTCOME_IGNORED] = "ignored", [OUTCOME_QUARANTINED] = "quarantined", [OUTCOME_KNOWN] = "known",
    [OUTCOME_REVISED] = "revised", [OUTCOME_STORED] = "stored",
};

static const char *const domain_sources[] = {
    [DOMAIN_FROM_POLICY] = "policy",
    [DOMAIN_FROM_CONFIG_MX] = "config-mx",
    [DOMAIN_FROM_SIBLING] = "sibling-policy",
    [DOMAIN_FROM_HEADER] = "header",
    [DOMAIN_FROM_SUBJECT] = "subject",
    [DOMAIN_FROM_FILE_NAME] = "file-name",
    [DOMAIN_FROM_CONFIG_SUFFIX] = "config-suffix",
    [DOMAIN_FROM_POLICY_HOST] = "policy-host",
    [DOMAIN_UNKNOWN] = "unknown",
};

static const char *const dmarc_requests[] = {
    [DMARC_REQUEST_UNKNOWN] = "",
    [DMARC_REQUEST_NONE] = "none",
    [DMARC_REQUEST_QUARANTINE] = "quarantine",
    [DMARC_REQUEST_REJECT] = "reject",
};

static const char *const dmarc_strictnesses[] = {
    [DMARC_STRICTNESS_UNKNOWN] = "", [DMARC_RELAXED] = "r", [DMARC_STRICT] = "s"};

static const char *const dmarc_dispositions[] = {
    [DMARC_DISPOSITION_UNKNOWN] = "",      [DMARC_DISPOSITION_NONE] = "none",
    [DMARC_DISPOSITION_PASS] = "pass",     [DMARC_DISPOSITION_QUARANTINE] = "quarantine",
    [DMARC_DISPOSITION_REJECT] = "reject",
};

static const char *const dmarc_verdicts[] = {
    [DMARC_VERDICT_UNKNOWN] = "", [DMARC_PASS] = "pass", [DMARC_FAIL] = "fail"};

static const char *const dmarc_forms[] = {
    [DMARC_FORM_NONE] = "none",
    [DMARC_FORM_RFC7489] = "rfc7489",
    [DMARC_FORM_RFC9990] = "rfc9990",
    [DMARC_FORM_OTHER] = "other",
};

static const char *const issue_kinds[] = {
    [ISSUE_INPUT] = "input",          [ISSUE_MAIL] = "mail",
    [ISSUE_CONTAINER] = "container",  [ISSUE_JSON] = "json",
    [ISSUE_REPORT] = "report",        [ISSUE_LIMIT] = "limit",
    [ISSUE_NO_REPORT] = "no-report",  [ISSUE_DUPLICATE] = "revision",
    [ISSUE_NOT_YET] = "not-yet-read", [ISSUE_XML] = "xml",
    [ISSUE_DMARC] = "dmarc",
};

static const char *const issue_severities[] = {
    [ISSUE_NOTICE] = "notice",
    [ISSUE_WARNING] = "warning",
    [ISSUE_ERROR] = "error",
};

static const char *const mtas[] = {
    [MTA_UNKNOWN] = "unknown", [MTA_POSTFIX] = "postfix",   [MTA_EXIM] = "exim",
    [MTA_HALON] = "halon",     [MTA_POWERMTA] = "powermta",
};

static const char *const directions[] = {[DIRECTION_OUT] = "out", [DIRECTION_IN] = "in"};

static const char *const tls_levels[] = {
    [LEVEL_UNKNOWN] = "unknown",
    [LEVEL_NONE] = "none",
    [LEVEL_MAY] = "may",
    [LEVEL_ENCRYPT] = "encrypt",
    [LEVEL_FINGERPRINT] = "fingerprint",
    [LEVEL_VERIFY] = "verify",
    [LEVEL_SECURE] = "secure",
    [LEVEL_DANE] = "dane",
    [LEVEL_DANE_ONLY] = "dane-only",
    [LEVEL_HALFDANE] = "halfdane",
};

static const char *const session_outcomes[] = {
    [SESSION_UNKNOWN] = "unknown",     [SESSION_VERIFIED] = "verified",
    [SESSION_TRUSTED] = "trusted",     [SESSION_UNTRUSTED] = "untrusted",
    [SESSION_ANONYMOUS] = "anonymous", [SESSION_PLAINTEXT] = "plaintext",
    [SESSION_FAILED] = "failed",
};

static const char *const tls_versions[] = {
    [TLS_VERSION_UNKNOWN] = "",    [TLS_VERSION_SSL3] = "SSLv3",  [TLS_VERSION_1_0] = "TLSv1",
    [TLS_VERSION_1_1] = "TLSv1.1", [TLS_VERSION_1_2] = "TLSv1.2", [TLS_VERSION_1_3] = "TLSv1.3",
};

static const char *const log_outcomes[] = {
    [LOG_OUTCOME_UNKNOWN] = "unknown",     [LOG_OUTCOME_DEFERRED] = "deferred",
    [LOG_OUTCOME_BOUNCED] = "bounced",     [LOG_OUTCOME_THROTTLED] = "throttled",
    [LOG_OUTCOME_PLAINTEXT] = "plaintext", [LOG_OUTCOME_UNVERIFIED] = "unverified",
    [LOG_OUTCOME_OTHER_MX] = "other-mx",
};

static const enum mail_effect log_effects[] = {
    [LOG_OUTCOME_UNKNOWN] = EFFECT_UNKNOWN,     [LOG_OUTCOME_DEFERRED] = EFFECT_DEFERRED,
    [LOG_OUTCOME_BOUNCED] = EFFECT_RETURNED,    [LOG_OUTCOME_THROTTLED] = EFFECT_DEFERRED,
    [LOG_OUTCOME_PLAINTEXT] = EFFECT_PLAINTEXT, [LOG_OUTCOME_UNVERIFIED] = EFFECT_UNVERIFIED,
    [LOG_OUTCOME_OTHER_MX] = EFFECT_NONE,
};

/*
 * How the three vocabularies of a failure hang together: the finer word of a log line, the RFC
 * 8460 result type that it earns (section 4.3; RESULT_UNKNOWN: none), and our failure type, which
 * for a certificate at fault depends on whether TLSA records were to authenticate it.
 */
static const struct {
    const char *word;
    enum result_type result;
    enum failure_type failure;
    enum failure_type under_dane; /* FAILURE_OTHER: the same */
} log_details[DETAIL_COUNT] = {
    [DETAIL_NONE] = {"", RESULT_UNKNOWN, FAILURE_OTHER, FAILURE_OTHER},
    [DETAIL_HANDSHAKE_FAILURE] = {"handshake-failure", RESULT_VALIDATION_FAILURE,
                                  FAILURE_TLS_HANDSHAKE_FAILURE, FAILURE_OTHER},
    [DETAIL_STARTTLS_REFUSED] = {"starttls-refused", RESULT_STARTTLS_NOT_SUPPORTED,
                                 FAILURE_STARTTLS_REFUSED, FAILURE_OTHER},
    [DETAIL_STARTTLS_REFUSED_FALLBACK] = {"starttls-refused-fallback",
                                          RESULT_STARTTLS_NOT_SUPPORTED, FAILURE_STARTTLS_REFUSED,
                                          FAILURE_OTHER},
    [DETAIL_NO_STARTTLS_OPPORTUNISTIC] = {"no-starttls-opportunistic", RESULT_UNKNOWN,
                                          FAILURE_DELIVERED_IN_CLEAR, FAILURE_OTHER},
    [DETAIL_PLAINTEXT_FALLBACK] = {"plaintext-fallback", RESULT_VALIDATION_FAILURE,
                                   FAILURE_TLS_HANDSHAKE_FAILURE, FAILURE_OTHER},
    [DETAIL_TLS_SESSION_LOST] = {"tls-session-lost", RESULT_UNKNOWN, FAILURE_TLS_HANDSHAKE_FAILURE,
                                 FAILURE_OTHER},
    [DETAIL_TLSA_MISMATCH] = {"tlsa-mismatch", RESULT_CERTIFICATE_NOT_TRUSTED,
                              FAILURE_DANE_CERT_MISMATCH, FAILURE_OTHER},
    [DETAIL_FINGERPRINT_MISMATCH] = {"fingerprint-mismatch", RESULT_CERTIFICATE_NOT_TRUSTED,
                                     FAILURE_TLS_REQUIRED_UNMET, FAILURE_OTHER},
    [DETAIL_IP_ADDRESS_MISMATCH] = {"ip-address-mismatch", RESULT_CERTIFICATE_HOST_MISMATCH,
                                    FAILURE_CERT_HOST_MISMATCH, FAILURE_OTHER},
    [DETAIL_DANE_TA_NAME] = {"dane-ta-name", RESULT_CERTIFICATE_HOST_MISMATCH, FAILURE_DANE_TA_NAME,
                             FAILURE_OTHER},
    [DETAIL_SELF_SIGNED] = {"self-signed", RESULT_CERTIFICATE_NOT_TRUSTED, FAILURE_CERT_NOT_TRUSTED,
                            FAILURE_DANE_CERT_MISMATCH},
    [DETAIL_UNTRUSTED_ISSUER] = {"untrusted-issuer", RESULT_CERTIFICATE_NOT_TRUSTED,
                                 FAILURE_CERT_NOT_TRUSTED, FAILURE_DANE_TA_CHAIN},
    [DETAIL_CERT_NOT_YET_VALID] = {"cert-not-yet-valid", RESULT_VALIDATION_FAILURE,
                                   FAILURE_CERT_NOT_TRUSTED, FAILURE_OTHER},
    [DETAIL_CERT_PURPOSE] = {"cert-purpose", RESULT_VALIDATION_FAILURE, FAILURE_CERT_NOT_TRUSTED,
                             FAILURE_OTHER},
    [DETAIL_CERT_CHAIN_TOO_LONG] = {"cert-chain-too-long", RESULT_VALIDATION_FAILURE,
                                    FAILURE_CERT_NOT_TRUSTED, FAILURE_OTHER},
    [DETAIL_CERT_REVOKED] = {"cert-revoked", RESULT_VALIDATION_FAILURE, FAILURE_CERT_NOT_TRUSTED,
                             FAILURE_OTHER},
    [DETAIL_CERT_WEAK] = {"cert-weak", RESULT_VALIDATION_FAILURE, FAILURE_CERT_NOT_TRUSTED,
                          FAILURE_OTHER},
    [DETAIL_TLSA_UNUSABLE] = {"tlsa-unusable", RESULT_TLSA_INVALID, FAILURE_TLSA_UNUSABLE,
                              FAILURE_OTHER},
    [DETAIL_TLSA_UNUSABLE_FALLBACK] = {"tlsa-unusable-fallback", RESULT_TLSA_INVALID,
                                       FAILURE_TLSA_UNUSABLE, FAILURE_OTHER},
    [DETAIL_TLSA_LOOKUP_ERROR] = {"tlsa-lookup-error", RESULT_DNSSEC_INVALID,
                                  FAILURE_TLSA_LOOKUP_ERROR, FAILURE_OTHER},
    [DETAIL_NO_TLSA] = {"no-tlsa", RESULT_DANE_REQUIRED, FAILURE_TLSA_MISSING, FAILURE_OTHER},
    [DETAIL_INSECURE_MX] = {"insecure-mx", RESULT_DANE_REQUIRED, FAILURE_MX_INSECURE,
                            FAILURE_OTHER},
    [DETAIL_HOST_LOOKUP_NOT_DNSSEC] = {"host-lookup-not-dnssec", RESULT_DANE_REQUIRED,
                                       FAILURE_MX_INSECURE, FAILURE_OTHER},
    [DETAIL_TLSA_NOT_DNSSEC] = {"tlsa-not-dnssec", RESULT_UNKNOWN, FAILURE_DNSSEC_INSECURE,
                                FAILURE_OTHER},
    [DETAIL_STS_MX_MISMATCH] = {"sts-mx-mismatch", RESULT_VALIDATION_FAILURE,
                                FAILURE_STS_MX_MISMATCH, FAILURE_OTHER},
    [DETAIL_REQUIRETLS_NOT_OFFERED] = {"requiretls-not-offered", RESULT_UNKNOWN,
                                       FAILURE_REQUIRETLS_UNSUPPORTED, FAILURE_OTHER},
    [DETAIL_REQUIRETLS_NO_MATCH] = {"requiretls-no-match", RESULT_CERTIFICATE_HOST_MISMATCH,
                                    FAILURE_REQUIRETLS_UNSUPPORTED, FAILURE_OTHER},
    [DETAIL_REQUIRETLS_NO_STARTTLS] = {"requiretls-no-starttls", RESULT_STARTTLS_NOT_SUPPORTED,
                                       FAILURE_REQUIRETLS_UNSUPPORTED, FAILURE_OTHER},
    [DETAIL_REQUIRETLS_LEVEL] = {"requiretls-level", RESULT_UNKNOWN, FAILURE_REQUIRETLS_UNSUPPORTED,
                                 FAILURE_OTHER},
    [DETAIL_LOCAL_TLS_CONFIG] = {"local-tls-config", RESULT_UNKNOWN, FAILURE_LOCAL_POLICY_ERROR,
                                 FAILURE_OTHER},
    [DETAIL_LOCAL_RESOLVER_NO_DNSSEC] = {"local-resolver-no-dnssec", RESULT_UNKNOWN,
                                         FAILURE_LOCAL_RESOLVER_INSECURE, FAILURE_OTHER},
    [DETAIL_LOCAL_POLICY_LOOKUP] = {"local-policy-lookup", RESULT_UNKNOWN,
                                    FAILURE_LOCAL_POLICY_ERROR, FAILURE_OTHER},
    [DETAIL_REUSED_UNTRUSTED_SESSION] = {"reused-untrusted-session", RESULT_UNKNOWN,
                                         FAILURE_CERT_NOT_TRUSTED, FAILURE_DANE_CERT_MISMATCH},
    [DETAIL_DNS_LOOKUP_ERROR] = {"dns-lookup-error", RESULT_UNKNOWN, FAILURE_DNS_LOOKUP_ERROR,
                                 FAILURE_OTHER},
    [DETAIL_INBOUND_HANDSHAKE_FAILURE] = {"inbound-handshake-failure", RESULT_UNKNOWN,
                                          FAILURE_TLS_HANDSHAKE_FAILURE, FAILURE_OTHER},
    [DETAIL_INBOUND_PEER_REJECTED_OUR_CERT] = {"inbound-peer-rejected-our-cert", RESULT_UNKNOWN,
                                               FAILURE_CERT_NOT_TRUSTED, FAILURE_OTHER},
    [DETAIL_INBOUND_QUIT_AFTER_STARTTLS] = {"inbound-quit-after-starttls", RESULT_UNKNOWN,
                                            FAILURE_VALIDATION_UNSPECIFIED, FAILURE_OTHER},
    [DETAIL_INBOUND_LOCAL_CERT_PROBLEM] = {"inbound-local-cert-problem", RESULT_UNKNOWN,
                                           FAILURE_LOCAL_POLICY_ERROR, FAILURE_OTHER},
    [DETAIL_INBOUND_TLS_RATE_LIMIT] = {"inbound-tls-rate-limit", RESULT_UNKNOWN,
                                       FAILURE_STARTTLS_REFUSED, FAILURE_OTHER},
};

/* The same where a log gives no more than the result type (Postfix' TLSRPT lines, Halon). */
static const struct {
    enum failure_type failure;
    enum failure_type under_dane;
} log_results[] = {
    [RESULT_UNKNOWN] = {FAILURE_OTHER, FAILURE_OTHER},
    [RESULT_STARTTLS_NOT_SUPPORTED] = {FAILURE_STARTTLS_ABSENT, FAILURE_OTHER},
    [RESULT_CERTIFICATE_HOST_MISMATCH] = {FAILURE_CERT_HOST_MISMATCH, FAILURE_DANE_TA_NAME},
    [RESULT_CERTIFICATE_EXPIRED] = {FAILURE_CERT_EXPIRED, FAILURE_DANE_EXPIRED},
    [RESULT_CERTIFICATE_NOT_TRUSTED] = {FAILURE_CERT_NOT_TRUSTED, FAILURE_DANE_CERT_MISMATCH},
    [RESULT_VALIDATION_FAILURE] = {FAILURE_VALIDATION_UNSPECIFIED, FAILURE_OTHER},
    [RESULT_TLSA_INVALID] = {FAILURE_TLSA_UNUSABLE, FAILURE_OTHER},
    [RESULT_DNSSEC_INVALID] = {FAILURE_TLSA_LOOKUP_ERROR, FAILURE_OTHER},
    [RESULT_DANE_REQUIRED] = {FAILURE_TLSA_MISSING, FAILURE_OTHER},
    [RESULT_STS_POLICY_FETCH_ERROR] = {FAILURE_STS_POLICY_FETCH_ERROR, FAILURE_OTHER},
    [RESULT_STS_POLICY_INVALID] = {FAILURE_STS_POLICY_INVALID, FAILURE_OTHER},
    [RESULT_STS_WEBPKI_INVALID] = {FAILURE_STS_WEBPKI_INVALID, FAILURE_OTHER},
};

/* The taxonomy: one row for each failure type. */
static const struct {
    const char *word;
    enum layer layer;
    enum actor actor;
    const char *label;
} failure_types[FAILURE_TYPE_COUNT] = {
    [FAILURE_OTHER] = {"other", LAYER_UNKNOWN, ACTOR_NOBODY, "failure of an unknown kind"},
    [FAILURE_STARTTLS_ABSENT] = {"starttls-absent", LAYER_STARTTLS, ACTOR_RECEIVER,
                                 "STARTTLS not offered"},
    [FAILURE_STARTTLS_REFUSED] = {"starttls-refused", LAYER_STARTTLS, ACTOR_RECEIVER,
                                  "STARTTLS offered, then refused"},
    [FAILURE_TLS_HANDSHAKE_FAILURE] = {"tls-handshake-failure", LAYER_STARTTLS, ACTOR_RECEIVER,
                                       "TLS handshake broke off"},
    [FAILURE_CERT_EXPIRED] = {"cert-expired", LAYER_CERTIFICATE, ACTOR_RECEIVER,
                              "certificate expired"},
    [FAILURE_CERT_HOST_MISMATCH] = {"cert-host-mismatch", LAYER_CERTIFICATE, ACTOR_RECEIVER,
                                    "certificate lacks the MX name"},
    [FAILURE_CERT_NOT_TRUSTED] = {"cert-not-trusted", LAYER_CERTIFICATE, ACTOR_RECEIVER,
                                  "certificate chain not trusted or incomplete"},
    [FAILURE_VALIDATION_UNSPECIFIED] = {"validation-unspecified", LAYER_CERTIFICATE, ACTOR_RECEIVER,
                                        "validation failed, no reason given"},
    [FAILURE_DANE_CERT_MISMATCH] = {"dane-cert-mismatch", LAYER_TLSA, ACTOR_RECEIVER,
                                    "certificate matches no TLSA record"},
    [FAILURE_TLSA_UNUSABLE] = {"tlsa-unusable", LAYER_TLSA, ACTOR_RECEIVER,
                               "TLSA records all unusable"},
    [FAILURE_DANE_TA_CHAIN] = {"dane-ta-chain", LAYER_TLSA, ACTOR_RECEIVER,
                               "CA certificate of a DANE-TA(2) record not sent"},
    [FAILURE_DANE_TA_NAME] = {"dane-ta-name", LAYER_TLSA, ACTOR_RECEIVER,
                              "certificate under DANE-TA(2) names another host"},
    [FAILURE_DANE_EXPIRED] = {"dane-expired", LAYER_TLSA, ACTOR_RECEIVER,
                              "certificate expired under a TLSA policy"},
    [FAILURE_TLSA_LOOKUP_ERROR] = {"tlsa-lookup-error", LAYER_DNS, ACTOR_DNS_OPERATOR,
                                   "TLSA lookup fails"},
    [FAILURE_DNS_LOOKUP_ERROR] = {"dns-lookup-error", LAYER_DNS, ACTOR_DNS_OPERATOR,
                                  "MX or address lookup fails"},
    [FAILURE_TLSA_MISSING] = {"tlsa-missing", LAYER_TLSA, ACTOR_US,
                              "TLSA records expected, none found"},
    [FAILURE_DNSSEC_BOGUS] = {"dnssec-bogus", LAYER_DNSSEC, ACTOR_DNS_OPERATOR,
                              "DNSSEC validation failed"},
    [FAILURE_DNSSEC_INSECURE] = {"dnssec-insecure", LAYER_DNSSEC, ACTOR_DNS_OPERATOR,
                                 "zone not signed where DANE was expected"},
    [FAILURE_DANE_REQUIRED] = {"dane-required", LAYER_SENDER_POLICY, ACTOR_SENDER,
                               "sender insists on DANE, no TLSA here"},
    [FAILURE_DANE_PROTECTION_LOST] = {"dane-protection-lost", LAYER_TLSA, ACTOR_DNS_OPERATOR,
                                      "DANE protection lost"},
    [FAILURE_STS_POLICY_FETCH_ERROR] = {"sts-policy-fetch-error", LAYER_MTA_STS, ACTOR_RECEIVER,
                                        "MTA-STS policy could not be fetched"},
    [FAILURE_STS_POLICY_INVALID] = {"sts-policy-invalid", LAYER_MTA_STS, ACTOR_RECEIVER,
                                    "MTA-STS policy text invalid"},
    [FAILURE_STS_WEBPKI_INVALID] = {"sts-webpki-invalid", LAYER_MTA_STS, ACTOR_RECEIVER,
                                    "certificate of the MTA-STS policy host invalid"},
    [FAILURE_STS_MX_MISMATCH] = {"sts-mx-mismatch", LAYER_MTA_STS, ACTOR_RECEIVER,
                                 "MX host not in the MTA-STS policy"},
    [FAILURE_STS_STALE] = {"sts-stale", LAYER_MTA_STS, ACTOR_RECEIVER,
                           "several MTA-STS policy versions in use"},
    [FAILURE_REQUIRETLS_UNSUPPORTED] = {"requiretls-unsupported", LAYER_SENDER_POLICY, ACTOR_SENDER,
                                        "REQUIRETLS demanded and not to be had"},
    [FAILURE_MX_INSECURE] = {"mx-insecure", LAYER_DNSSEC, ACTOR_US,
                             "MX without DNSSEC under dane-only"},
    [FAILURE_TLS_REQUIRED_UNMET] = {"tls-required-unmet", LAYER_SENDER_POLICY, ACTOR_US,
                                    "our own TLS policy not met"},
    [FAILURE_LOCAL_POLICY_ERROR] = {"local-policy-error", LAYER_LOCAL, ACTOR_US,
                                    "our TLS configuration is at fault"},
    [FAILURE_LOCAL_RESOLVER_FAILING] = {"local-resolver-failing", LAYER_LOCAL, ACTOR_US,
                                        "our resolver fails"},
    [FAILURE_LOCAL_RESOLVER_INSECURE] = {"local-resolver-insecure", LAYER_LOCAL, ACTOR_US,
                                         "our resolver does not validate"},
    [FAILURE_LOCAL_TRUST_STORE] = {"local-trust-store", LAYER_LOCAL, ACTOR_US,
                                   "no certificate authority is trusted here"},
    [FAILURE_DELIVERED_IN_CLEAR] = {"delivered-in-clear", LAYER_STARTTLS, ACTOR_NOBODY,
                                    "session without TLS"},
    [FAILURE_REPORTER_FAULT] = {"reporter-fault", LAYER_SENDER_POLICY, ACTOR_REPORTER,
                                "fault lies at one reporter"},
    [FAILURE_TLSRPT_RECORD_INVALID] = {"tlsrpt-record-invalid", LAYER_REPORTING, ACTOR_RECEIVER,
                                       "TLSRPT record missing or malformed"},
    [FAILURE_REPORT_UNSIGNED] = {"report-unsigned", LAYER_REPORTING, ACTOR_REPORTER,
                                 "report without a valid DKIM signature"},
    [FAILURE_REPORT_MALFORMED] = {"report-malformed", LAYER_REPORTING, ACTOR_REPORTER,
                                  "report that cannot be read"},
    [FAILURE_REPORT_DUPLICATE] = {"report-duplicate", LAYER_REPORTING, ACTOR_NOBODY,
                                  "report seen before"},
    [FAILURE_REPORTER_SILENT] = {"reporter-silent", LAYER_REPORTING, ACTOR_RECEIVER,
                                 "daily reporter stopped"},
};

/* The word at `index`; values never come from outside, so a bad one is a bug of ours. */
static const char *word_at(const char *const *words, size_t count, size_t index)
{
    g_return_val_if_fail(index < count && words[index] != NULL, "unknown");
    return words[index];
}

/* Index of `word`, or `otherwise`; '_' equals '-' and case does not count. */
static size_t find_word(const char *const *words, size_t count, const char *word, size_t otherwise)
{
    if (word == NULL)
        return otherwise;
    for (size_t i = 0; i < count; i++) {
        const char *a = words[i], *b = word;
        while (*a != '\0' && (g_ascii_tolower(*b) == *a || (*a == '-' && *b == '_')))
            a++, b++;
        if (*a == '\0' && *b == '\0')
            return i;
    }
    return otherwise;
}

#define WORD(words, index) word_at(words, G_N_ELEMENTS(words), index)
#define FIND(words, word, otherwise) find_word(words, G_N_ELEMENTS(words), word, otherwise)

const char *policy_type_word(enum policy_type type)
{
    return WORD(policy_types, type);
}

const char *sts_mode_word(enum sts_mode mode)
{
    return WORD(sts_modes, mode);
}

const char *result_type_word(enum result_type type)
{
    return WORD(result_types, type);
}

const char *layer_word(enum layer layer)
{
    return WORD(layers, layer);
}

const char *mail_effect_word(enum mail_effect effect)
{
    return WORD(mail_effects, effect);
}

const char *severity_word(enum severity severity)
{
    return WORD(severities, severity);
}

const char *actor_word(enum actor actor)
{
    return WORD(actors, actor);
}

const char *authenticity_word(enum authenticity authenticity)
{
    return WORD(authenticities, authenticity);
}

const char *arrival_kind_word(enum arrival_kind kind)
{
    return WORD(arrival_kinds, kind);
}

const char *arrival_outcome_word(enum arrival_outcome outcome)
{
    return WORD(arrival_outcomes, outcome);
}

const char *domain_source_word(enum domain_source source)
{
    return WORD(domain_sources, source);
}

const char *issue_kind_word(enum issue_kind kind)
{
    return WORD(issue_kinds, kind);
}

const char *issue_severity_word(enum issue_severity severity)
{
    return WORD(issue_severities, severity);
}

const char *mta_word(enum mta mta)
{
    return WORD(mtas, mta);
}

const char *direction_word(enum direction direction)
{
    return WORD(directions, direction);
}

const char *tls_level_word(enum tls_level level)
{
    return WORD(tls_levels, level);
}

const char *session_outcome_word(enum session_outcome outcome)
{
    return WORD(session_outcomes, outcome);
}

const char *tls_version_word(enum tls_version version)
{
    return WORD(tls_versions, version);
}

const char *log_outcome_word(enum log_outcome outcome)
{
    return WORD(log_outcomes, outcome);
}

enum mta mta_from_word(const char *word)
{
    return (enum mta)FIND(mtas, word, MTA_UNKNOWN);
}

enum tls_level tls_level_from_word(const char *word)
{
    return (enum tls_level)FIND(tls_levels, word, LEVEL_UNKNOWN);
}

enum session_outcome session_outcome_from_word(const char *word)
{
    return (enum session_outcome)FIND(session_outcomes, word, SESSION_UNKNOWN);
}

enum log_outcome log_outcome_from_word(const char *word)
{
    return (enum log_outcome)FIND(log_outcomes, word, LOG_OUTCOME_UNKNOWN);
}

/* OpenSSL writes "TLSv1.3", GnuTLS "TLS1.3", Exim either. */
enum tls_version tls_version_from_word(const char *word)
{
    static const struct {
        const char *number;
        enum tls_version version;
    } numbers[] = {{"1.3", TLS_VERSION_1_3},
                   {"1.2", TLS_VERSION_1_2},
                   {"1.1", TLS_VERSION_1_1},
                   {"1.0", TLS_VERSION_1_0},
                   {"1", TLS_VERSION_1_0}};

    if (word == NULL)
        return TLS_VERSION_UNKNOWN;
    if (g_ascii_strncasecmp(word, "SSL", 3) == 0)
        return TLS_VERSION_SSL3;
    if (g_ascii_strncasecmp(word, "TLS", 3) != 0)
        return TLS_VERSION_UNKNOWN;
    word += strlen("TLS");
    if (*word == 'v' || *word == 'V')
        word++;
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (strcmp(word, numbers[i].number) == 0)
            return numbers[i].version;
    return TLS_VERSION_UNKNOWN;
}

static bool detail_is_known(enum log_detail detail)
{
    g_return_val_if_fail((size_t)detail < DETAIL_COUNT, false);
    return true;
}

const char *log_detail_word(enum log_detail detail)
{
    return detail_is_known(detail) ? log_details[detail].word : "";
}

enum log_detail log_detail_from_word(const char *word)
{
    for (size_t i = DETAIL_NONE + 1; word != NULL && i < DETAIL_COUNT; i++)
        if (strcmp(log_details[i].word, word) == 0)
            return (enum log_detail)i;
    return DETAIL_NONE;
}

enum result_type log_detail_result(enum log_detail detail)
{
    return detail_is_known(detail) ? log_details[detail].result : RESULT_UNKNOWN;
}

enum failure_type log_failure_type(enum log_detail detail, enum result_type result, bool dane)
{
    enum failure_type failure = FAILURE_OTHER, under_dane = FAILURE_OTHER;

    /* What a client refused our certificate for, where its alert tells. */
    if (detail == DETAIL_INBOUND_PEER_REJECTED_OUR_CERT && result != RESULT_UNKNOWN)
        detail = DETAIL_NONE;
    if (detail != DETAIL_NONE && detail_is_known(detail)) {
        failure = log_details[detail].failure;
        under_dane = log_details[detail].under_dane;
    } else if ((size_t)result < G_N_ELEMENTS(log_results)) {
        failure = log_results[result].failure;
        under_dane = log_results[result].under_dane;
    }
    return dane && under_dane != FAILURE_OTHER ? under_dane : failure;
}

enum mail_effect log_outcome_effect(enum log_outcome outcome)
{
    g_return_val_if_fail((size_t)outcome < G_N_ELEMENTS(log_effects), EFFECT_UNKNOWN);
    return log_effects[outcome];
}

enum policy_type policy_type_from_word(const char *word)
{
    return (enum policy_type)FIND(policy_types, word, POLICY_OTHER);
}

enum sts_mode sts_mode_from_word(const char *word)
{
    return (enum sts_mode)FIND(sts_modes, word, STS_MODE_UNKNOWN);
}

enum result_type result_type_from_word(const char *word)
{
    return (enum result_type)FIND(result_types, word, RESULT_UNKNOWN);
}

enum mail_effect mail_effect_from_word(const char *word)
{
    return (enum mail_effect)FIND(mail_effects, word, EFFECT_UNKNOWN);
}

enum authenticity authenticity_from_word(const char *word)
{
    return (enum authenticity)FIND(authenticities, word, AUTH_NONE);
}

enum domain_source domain_source_from_word(const char *word)
{
    return (enum domain_source)FIND(domain_sources, word, DOMAIN_UNKNOWN);
}

static const char *failure_type_known(enum failure_type type)
{
    g_return_val_if_fail((size_t)type < FAILURE_TYPE_COUNT, NULL);
    return failure_types[type].word;
}

bool failure_type_from_word(const char *word, enum failure_type *type)
{
    for (size_t i = 0; word != NULL && i < FAILURE_TYPE_COUNT; i++)
        if (strcmp(failure_types[i].word, word) == 0) {
            *type = (enum failure_type)i;
            return true;
        }
    return false;
}

const char *failure_type_word(enum failure_type type)
{
    return failure_type_known(type) != NULL ? failure_types[type].word : "other";
}

enum layer failure_type_layer(enum failure_type type)
{
    return failure_type_known(type) != NULL ? failure_types[type].layer : LAYER_UNKNOWN;
}

enum actor failure_type_actor(enum failure_type type)
{
    return failure_type_known(type) != NULL ? failure_types[type].actor : ACTOR_NOBODY;
}

const char *failure_type_label(enum failure_type type)
{
    return failure_type_known(type) != NULL ? failure_types[type].label : "unknown";
}

const char *dmarc_request_word(enum dmarc_request request)
{
    return WORD(dmarc_requests, request);
}

const char *dmarc_strictness_word(enum dmarc_strictness strictness)
{
    return WORD(dmarc_strictnesses, strictness);
}

const char *dmarc_disposition_word(enum dmarc_disposition disposition)
{
    return WORD(dmarc_dispositions, disposition);
}

const char *dmarc_verdict_word(enum dmarc_verdict verdict)
{
    return WORD(dmarc_verdicts, verdict);
}

const char *dmarc_form_word(enum dmarc_form form)
{
    return WORD(dmarc_forms, form);
}

enum dmarc_request dmarc_request_from_word(const char *word)
{
    return (enum dmarc_request)FIND(dmarc_requests, word, DMARC_REQUEST_UNKNOWN);
}

enum dmarc_strictness dmarc_strictness_from_word(const char *word)
{
    return (enum dmarc_strictness)FIND(dmarc_strictnesses, word, DMARC_STRICTNESS_UNKNOWN);
}

enum dmarc_disposition dmarc_disposition_from_word(const char *word)
{
    return (enum dmarc_disposition)FIND(dmarc_dispositions, word, DMARC_DISPOSITION_UNKNOWN);
}

enum dmarc_verdict dmarc_verdict_from_word(const char *word)
{
    return (enum dmarc_verdict)FIND(dmarc_verdicts, word, DMARC_VERDICT_UNKNOWN);
}
