#include "analyze/classify.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define H64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define EE "3 1 1 " H64
#define TA "2 1 1 " H64
#define BAD "1 1 1 " H64
#define CUT "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef01234567"
#define ENFORCE "version: STSv1|mode: enforce|mx: mx.example.com|mx: *.mail.example|max_age: 86400"
#define TESTING "version: STSv1|mode: testing|mx: mx.example.com|max_age: 86400"
#define MX "mx.example.com"

/* One reporter for each dialect, known by what is typical of it. */
static const struct {
    const char *organization;
    const char *contact;
    const char *id;
} reporters[] = {
    [DIALECT_UNKNOWN] = {"Example Ltd", "tls@reporter.example", "2026-01-02T00:00:00Z_a.example"},
    [DIALECT_POSTFIX] = {"Example Ltd", "tls@reporter.example",
                         "2026-01-02T00:00:00Z_idx1_a.example"},
    [DIALECT_MOX] = {"reporter.example", "postmaster@reporter.example",
                     "20260102.a.example@reporter.example"},
    [DIALECT_STALWART] = {"reporter.example", "noreply@reporter.example",
                          "1767312000_9876543210987"},
    [DIALECT_EXIM] = {"Example Ltd", "tls@reporter.example", "one"},
    [DIALECT_MICROSOFT] = {"Microsoft Corporation", "tlsrpt-noreply@microsoft.com",
                           "134000000000000000+a.example"},
    [DIALECT_GOOGLE] = {"Google Inc.", "smtp-tls-reporting@google.com",
                        "2026-01-02T00:00:00Z_a.example"},
    [DIALECT_MAILRU] = {"Mail.ru", "tls_support@corp.mail.ru", "c96d67df@mail.ru"},
};

struct sample {
    const char *rule;
    enum dialect dialect;
    enum policy_type policy;
    const char *strings; /* joined by '|'; NULL: none */
    const char *mx;
    const char *result;
    const char *reason;
    enum failure_type type;
    enum layer layer;
    enum mail_effect effect;
};

/* In the order of the rules; within a rule the dialects that reach it. */
static const struct sample samples[] = {
#define S(rule, dialect, policy, strings, mx, result, reason, type, layer, effect)                 \
    {                                                                                              \
        rule, DIALECT_##dialect, POLICY_##policy, strings, mx, result, reason, FAILURE_##type,     \
            LAYER_##layer, EFFECT_##effect                                                         \
    }
    /* Extended DNS errors */
    S("1", MOX, TLSA, NULL, MX, "dnssec-invalid", "extended-dns-error-7-signature-expired",
      DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("1", MOX, TLSA, NULL, MX, "tlsa-invalid", "extended-dns-error-6-dnssec-bogus", DNSSEC_BOGUS,
      DNSSEC, DEFERRED),
    S("1", MOX, NONE_FOUND, NULL, NULL, "validation-failure", "dns-extended-error-9-dnskey-missing",
      DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("1", UNKNOWN, TLSA, NULL, MX, "dnssec-invalid", "Extended_DNS_Error_5", DNSSEC_BOGUS, DNSSEC,
      DEFERRED),
    S("1", UNKNOWN, TLSA, NULL, MX, NULL, "extended-dns-error-12", DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("1a", MOX, TLSA, NULL, MX, "dnssec-invalid", "extended-dns-error-1-unsupported-dnskey",
      TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("1a", MOX, TLSA, NULL, MX, "tlsa-invalid", "extended-dns-error-2", TLSA_LOOKUP_ERROR, DNS,
      DEFERRED),
    S("1a", MOX, TLSA, NULL, MX, "tlsa-invalid", "extended-dns-error-27-nsec3", TLSA_LOOKUP_ERROR,
      DNS, DEFERRED),
    S("2", MOX, TLSA, NULL, MX, "tlsa-invalid", "extended-dns-error-22-no-reachable-authority",
      TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("2", MOX, TLSA, NULL, MX, "dnssec-invalid", "extended-dns-error-23-network-error",
      TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("2", MOX, NONE_FOUND, NULL, NULL, "validation-failure", "dns-extended-error-13-cached-error",
      TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("2", UNKNOWN, TLSA, NULL, MX, "dnssec-invalid", "extended-dns-error-0", TLSA_LOOKUP_ERROR,
      DNS, DEFERRED),
    S("2", UNKNOWN, TLSA, NULL, MX, "dnssec-invalid",
      "extended-dns-error-99999999999999999999999999", TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    /* MX host against the quoted policy */
    S("3", GOOGLE, STS, ENFORCE, "mx9.example.com", "validation-failure", NULL, STS_MX_MISMATCH,
      MTA_STS, DEFERRED),
    S("3", GOOGLE, STS, TESTING, "mx9.example.com", "validation-failure", NULL, STS_MX_MISMATCH,
      MTA_STS, NONE),
    S("3", GOOGLE, STS, ENFORCE, "a.b.mail.example", "validation-failure", NULL, STS_MX_MISMATCH,
      MTA_STS, DEFERRED),
    S("3", MICROSOFT, STS, ENFORCE, "mx9.example.com", "validation-failure", "VALIDATION_FAILURE",
      STS_MX_MISMATCH, MTA_STS, DEFERRED),
    S("3", MOX, STS, ENFORCE, "mx9.example.com", "validation-failure", "mtasts-policy-mx-mismatch",
      STS_MX_MISMATCH, MTA_STS, DEFERRED),
    /* tlsa-invalid */
    S("4", POSTFIX, TLSA, BAD, MX, "tlsa-invalid", "all-TLSA-records-unusable", TLSA_UNUSABLE, TLSA,
      UNVERIFIED),
    S("4", POSTFIX, TLSA, EE, MX, "tlsa-invalid", "all-TLSA-records-unusable", TLSA_UNUSABLE, TLSA,
      UNVERIFIED),
    S("4", MOX, TLSA, BAD, MX, "tlsa-invalid", "all-unusable-records+ignored", TLSA_UNUSABLE, TLSA,
      UNVERIFIED),
    S("4", STALWART, TLSA, NULL, MX, "tlsa-invalid", "Invalid TLSA record.", TLSA_UNUSABLE, TLSA,
      UNVERIFIED),
    S("4", EXIM, TLSA, BAD, MX, "tlsa-invalid", "DANE error: No unusable TLSA records",
      TLSA_UNUSABLE, TLSA, DEFERRED),
    S("4a", MOX, TLSA, NULL, MX, "tlsa-invalid", NULL, TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("4a", MOX, TLSA, EE, MX, "tlsa-invalid", "", TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("4a", EXIM, TLSA, NULL, MX, "tlsa-invalid", "DANE error: tlsa lookup DEFER",
      TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("5", UNKNOWN, TLSA, BAD "|0 1 1 " H64, MX, "tlsa-invalid", NULL, TLSA_UNUSABLE, TLSA,
      UNVERIFIED),
    S("5", MICROSOFT, TLSA, CUT, MX, "tlsa-invalid", NULL, TLSA_UNUSABLE, TLSA, UNVERIFIED),
    S("5", UNKNOWN, TLSA, "3 2 1 " H64, MX, "tlsa-invalid", NULL, TLSA_UNUSABLE, TLSA, UNVERIFIED),
    S("5a", POSTFIX, TLSA, NULL, MX, "tlsa-invalid", NULL, TLSA_UNUSABLE, TLSA, UNVERIFIED),
    S("5a", STALWART, TLSA, NULL, MX, "tlsa-invalid", NULL, TLSA_UNUSABLE, TLSA, UNVERIFIED),
    S("5b", MICROSOFT, TLSA, TA "|" TA, MX, "tlsa-invalid", NULL, DANE_TA_CHAIN, TLSA, DEFERRED),
    S("5b", UNKNOWN, TLSA, TA "|" BAD, MX, "tlsa-invalid", NULL, DANE_TA_CHAIN, TLSA, DEFERRED),
    S("6", MICROSOFT, TLSA, EE, MX, "tlsa-invalid", NULL, DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("6", MICROSOFT, TLSA, NULL, MX, "tlsa-invalid", "4.7.323 tlsa-invalid", DANE_CERT_MISMATCH,
      TLSA, DEFERRED),
    S("6", UNKNOWN, TLSA, EE "|" TA, MX, "tlsa-invalid", NULL, DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("6", UNKNOWN, TLSA, "junk|" BAD, MX, "tlsa-invalid", NULL, DANE_CERT_MISMATCH, TLSA,
      DEFERRED),
    S("6", POSTFIX, TLSA, EE, MX, "tlsa-invalid", NULL, DANE_CERT_MISMATCH, TLSA, DEFERRED),
    /* dnssec-invalid */
    S("6a", MICROSOFT, TLSA, NULL, MX, "dnssec-invalid", "450 4.4.312 DNS query failed",
      TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("7", MICROSOFT, TLSA, NULL, MX, "dnssec-invalid", NULL, DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("7", MICROSOFT, TLSA, NULL, MX, "dnssec-invalid", "5.7.324", DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("7", MOX, TLSA, NULL, MX, "dnssec-invalid", NULL, DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("7", STALWART, TLSA, NULL, MX, "dnssec-invalid", "Bogus TLSA records were found.",
      DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("7", STALWART, NONE_FOUND, NULL, NULL, "dnssec-invalid", "Bogus MX records were found.",
      DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("7", UNKNOWN, TLSA, NULL, MX, "dnssec-invalid", "answer is BOGUS", DNSSEC_BOGUS, DNSSEC,
      DEFERRED),
    S("7", UNKNOWN, TLSA, NULL, MX, "dnssec-invalid", "TLSA lookup is bogus", DNSSEC_BOGUS, DNSSEC,
      DEFERRED),
    S("7a", UNKNOWN, TLSA, NULL, MX, "dnssec-invalid", NULL, TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("7a", EXIM, TLSA, NULL, MX, "dnssec-invalid", "DANE error: lookup failed", TLSA_LOOKUP_ERROR,
      DNS, DEFERRED),
    S("7b", UNKNOWN, TLSA, NULL, MX, "validation-failure", "bogus answer for TLSA", DNSSEC_BOGUS,
      DNSSEC, DEFERRED),
    S("7b", MICROSOFT, TLSA, NULL, MX, NULL, "5.7.324", DNSSEC_BOGUS, DNSSEC, DEFERRED),
    S("7c", EXIM, TLSA, NULL, MX, "validation-failure", "DANE error: tlsa lookup DEFER",
      TLSA_LOOKUP_ERROR, DNS, DEFERRED),
    S("7c", MICROSOFT, TLSA, NULL, MX, "validation-failure", "4/5.4.312", TLSA_LOOKUP_ERROR, DNS,
      DEFERRED),
    /* dane-required */
    S("8", STALWART, NONE_FOUND, NULL, MX, "dane-required", "No TLSA records found for MX.",
      DANE_REQUIRED, SENDER_POLICY, DEFERRED),
    S("8", EXIM, TLSA, NULL, MX, "dane-required", "DANE error: required", DANE_REQUIRED,
      SENDER_POLICY, RETURNED),
    S("8", UNKNOWN, STS, TESTING, MX, "dane-required", NULL, DANE_REQUIRED, SENDER_POLICY,
      DEFERRED),
    /* STARTTLS */
    S("9", MOX, TLSA, EE, MX, "starttls-not-supported", "smtp-starttls-reply-code-454",
      STARTTLS_REFUSED, STARTTLS, DEFERRED),
    S("9", MOX, NONE_FOUND, NULL, MX, "starttls-not-supported", "smtp-starttls-reply-code-502",
      STARTTLS_REFUSED, STARTTLS, PLAINTEXT),
    S("9", STALWART, STS, ENFORCE, MX, "starttls-not-supported",
      "Code: 454, Enhanced code: 4.7.0, Message: TLS not available", STARTTLS_REFUSED, STARTTLS,
      DEFERRED),
    S("9", UNKNOWN, STS, TESTING, MX, "starttls-not-supported", "502 5.5.2 what?", STARTTLS_REFUSED,
      STARTTLS, NONE),
    S("9", UNKNOWN, NONE_FOUND, NULL, MX, "starttls-not-supported", "454", STARTTLS_REFUSED,
      STARTTLS, PLAINTEXT),
    S("9", UNKNOWN, NONE_FOUND, NULL, MX, "starttls-not-supported", "Command not recognized",
      STARTTLS_REFUSED, STARTTLS, PLAINTEXT),
    S("9", UNKNOWN, NONE_FOUND, NULL, MX, "starttls-not-supported", "EHLO shows XXXXXXXA",
      STARTTLS_REFUSED, STARTTLS, PLAINTEXT),
    S("9a", EXIM, TLSA, EE, MX, "validation-failure", "DANE attempt failed; STARTTLS refused",
      STARTTLS_REFUSED, STARTTLS, DEFERRED),
    S("10", GOOGLE, NONE_FOUND, NULL, MX, "starttls-not-supported", NULL, STARTTLS_ABSENT, STARTTLS,
      PLAINTEXT),
    S("10", POSTFIX, TLSA, EE, MX, "starttls-not-supported", NULL, STARTTLS_ABSENT, STARTTLS,
      DEFERRED),
    S("10", MICROSOFT, STS, NULL, MX, "starttls-not-supported", "5.7.321", STARTTLS_ABSENT,
      STARTTLS, UNKNOWN),
    S("10", STALWART, STS, ENFORCE, MX, "starttls-not-supported",
      "STARTTLS was not advertised by host", STARTTLS_ABSENT, STARTTLS, DEFERRED),
    S("10", EXIM, OTHER, NULL, MX, "starttls-not-supported", "DANE error:", STARTTLS_ABSENT,
      STARTTLS, UNKNOWN),
    S("10a", MICROSOFT, NONE_FOUND, NULL, MX, NULL, "450 4.7.321", STARTTLS_ABSENT, STARTTLS,
      PLAINTEXT),
    S("10a", UNKNOWN, STS, ENFORCE, MX, "validation-failure",
      "TLS is required, but was not offered by host", STARTTLS_ABSENT, STARTTLS, DEFERRED),
    /* The policy itself */
    S("11", GOOGLE, STS, NULL, NULL, "sts-policy-fetch-error", NULL, STS_POLICY_FETCH_ERROR,
      MTA_STS, NONE),
    S("11", MOX, STS, ENFORCE, NULL, "sts-policy-fetch-error",
      "io-timeout+fallback-to-cached-policy", STS_POLICY_FETCH_ERROR, MTA_STS, NONE),
    S("11", MAILRU, STS, NULL, NULL, "sts-policy-fetch-error",
      "unable to do http request: Get \"https://x\": context deadline exceeded (Client.Timeout)",
      STS_POLICY_FETCH_ERROR, MTA_STS, NONE),
    S("11a", GOOGLE, STS, NULL, NULL, "sts-policy-invalid", NULL, STS_POLICY_INVALID, MTA_STS,
      NONE),
    S("11b", GOOGLE, STS, NULL, NULL, "sts-webpki-invalid", "x509: certificate has expired",
      STS_WEBPKI_INVALID, MTA_STS, NONE),
    S("11c", MAILRU, STS, NULL, NULL, "validation-failure", "bad https response code: 404",
      STS_POLICY_FETCH_ERROR, MTA_STS, NONE),
    S("12", MICROSOFT, STS, NULL, NULL, "validation-failure", "MX_HOSTS_MISMATCH", STS_MX_MISMATCH,
      MTA_STS, UNKNOWN),
    S("12", MICROSOFT, STS, ENFORCE, NULL, "validation-failure", "550 5.4.8", STS_MX_MISMATCH,
      MTA_STS, DEFERRED),
    S("12", STALWART, STS, NULL, MX, "validation-failure", "MX not authorized by policy.",
      STS_MX_MISMATCH, MTA_STS, UNKNOWN),
    S("12", MOX, STS, TESTING, MX, "validation-failure", "mtasts-policy-mx-mismatch",
      STS_MX_MISMATCH, MTA_STS, NONE),
    S("12", UNKNOWN, STS, ENFORCE, "mx9.example.com", NULL, "mx-mismatch", STS_MX_MISMATCH, MTA_STS,
      DEFERRED),
    /* Handshakes */
    S("13", POSTFIX, TLSA, EE, MX, "validation-failure", "tls-handshake-failure",
      TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13", POSTFIX, STS, ENFORCE, "mx9.example.com", "validation-failure", "tls-handshake-failure",
      TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13", MOX, NONE_FOUND, NULL, MX, "validation-failure", "tls-remote-40-handshake-failure",
      TLS_HANDSHAKE_FAILURE, STARTTLS, PLAINTEXT),
    S("13", MOX, TLSA, EE, MX, "validation-failure", "tls-remote-45-certificate-expired",
      TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13", MOX, STS, TESTING, MX, "validation-failure", "io-timeout-during-handshake",
      TLS_HANDSHAKE_FAILURE, STARTTLS, NONE),
    S("13", MOX, STS, ENFORCE, MX, "validation-failure", "tls-record-header-error",
      TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13", STALWART, STS, ENFORCE, MX, "certificate-not-trusted",
      "received fatal alert: HandshakeFailure", TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13", STALWART, TLSA, EE, MX, "certificate-not-trusted", "tls handshake eof",
      TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13", EXIM, TLSA, EE, MX, "validation-failure", "DANE attempt failed; no shared cipher",
      TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13a", STALWART, TLSA, EE, MX, "certificate-not-trusted", "some words of a library",
      TLS_HANDSHAKE_FAILURE, STARTTLS, DEFERRED),
    S("13b", STALWART, TLSA, EE, MX, "certificate-not-trusted",
      "invalid peer certificate: UnknownIssuer", CERT_NOT_TRUSTED, CERTIFICATE, DEFERRED),
    S("13b", STALWART, TLSA, TA, MX, "certificate-not-trusted",
      "invalid peer certificate: BadSignature", CERT_NOT_TRUSTED, CERTIFICATE, DEFERRED),
    /* Names, dates and chains under DANE */
    S("14", POSTFIX, TLSA, TA, MX, "certificate-host-mismatch", NULL, DANE_TA_NAME, TLSA, DEFERRED),
    S("14", POSTFIX, TLSA, TA "|" EE, MX, "certificate-host-mismatch", NULL, DANE_TA_NAME, TLSA,
      DEFERRED),
    S("14", UNKNOWN, TLSA, NULL, MX, "certificate-host-mismatch", NULL, DANE_TA_NAME, TLSA,
      DEFERRED),
    S("14", UNKNOWN, TLSA, TA, MX, "validation-failure", "Hostname mismatch", DANE_TA_NAME, TLSA,
      DEFERRED),
    S("14", MICROSOFT, TLSA, NULL, MX, "validation-failure", "5.7.325", DANE_TA_NAME, TLSA,
      DEFERRED),
    S("14a", MICROSOFT, TLSA, EE, MX, "certificate-host-mismatch", NULL, CERT_HOST_MISMATCH,
      CERTIFICATE, DEFERRED),
    S("14a", UNKNOWN, TLSA, EE, MX, "validation-failure", "host name mismatch", CERT_HOST_MISMATCH,
      CERTIFICATE, DEFERRED),
    S("15", POSTFIX, TLSA, TA, MX, "certificate-expired", NULL, DANE_EXPIRED, TLSA, DEFERRED),
    S("15", MICROSOFT, TLSA, EE, MX, "certificate-expired", "5.7.322", DANE_EXPIRED, TLSA,
      DEFERRED),
    S("15", STALWART, TLSA, TA, MX, "certificate-not-trusted", "invalid peer certificate: Expired",
      DANE_EXPIRED, TLSA, DEFERRED),
    S("15", UNKNOWN, TLSA, TA, MX, "validation-failure", "certificate has expired", DANE_EXPIRED,
      TLSA, DEFERRED),
    S("16", UNKNOWN, TLSA, TA, MX, "certificate-not-trusted",
      "unable to get local issuer certificate", DANE_TA_CHAIN, TLSA, DEFERRED),
    S("16", POSTFIX, TLSA, NULL, MX, "validation-failure", "unable_to_verify_the_first_certificate",
      DANE_TA_CHAIN, TLSA, DEFERRED),
    S("16a", POSTFIX, TLSA, TA "|" BAD, MX, "certificate-not-trusted", NULL, DANE_TA_CHAIN, TLSA,
      DEFERRED),
    S("16a", MOX, TLSA, TA, MX, "validation-failure", "dane-no-match", DANE_TA_CHAIN, TLSA,
      DEFERRED),
    S("16a", STALWART, TLSA, TA, MX, "validation-failure", "No matching certificates found.",
      DANE_TA_CHAIN, TLSA, RETURNED),
    S("17", POSTFIX, TLSA, EE, MX, "certificate-not-trusted", NULL, DANE_CERT_MISMATCH, TLSA,
      DEFERRED),
    S("17", UNKNOWN, TLSA, NULL, MX, "certificate-not-trusted", NULL, DANE_CERT_MISMATCH, TLSA,
      DEFERRED),
    S("17", POSTFIX, TLSA, EE, MX, "validation-failure", "unable_to_get_local_issuer_certificate",
      DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("17", POSTFIX, TLSA, EE, MX, "validation-failure", "self-signed_certificate",
      DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("17", MOX, TLSA, EE, MX, "validation-failure", "dane-no-match", DANE_CERT_MISMATCH, TLSA,
      DEFERRED),
    S("17", MOX, TLSA, EE "|" TA, MX, "validation-failure", "dane-no-match+errors",
      DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("17", EXIM, TLSA, EE "|" TA, MX, "validation-failure",
      "DANE attempt failed; No matching DANE TLSA records, certificate has expired",
      DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("17", MOX, TLSA, EE, MX, "validation-failure", NULL, DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("17", MOX, NONE_FOUND, NULL, MX, "validation-failure", "dane-no-match", DANE_CERT_MISMATCH,
      TLSA, DEFERRED),
    S("17", STALWART, TLSA, EE, MX, "validation-failure", "No matching certificates found.",
      DANE_CERT_MISMATCH, TLSA, RETURNED),
    S("17", MICROSOFT, TLSA, EE, MX, "validation-failure", "450 4.7.323 tlsa-invalid",
      DANE_CERT_MISMATCH, TLSA, DEFERRED),
    S("17", UNKNOWN, TLSA, EE, MX, NULL, "num=65:No matching DANE TLSA records", DANE_CERT_MISMATCH,
      TLSA, DEFERRED),
    /* Certificates without DANE */
    S("18", POSTFIX, STS, ENFORCE, MX, "certificate-expired", NULL, CERT_EXPIRED, CERTIFICATE,
      DEFERRED),
    S("18", STALWART, STS, ENFORCE, MX, "certificate-not-trusted",
      "invalid peer certificate: Expired", CERT_EXPIRED, CERTIFICATE, DEFERRED),
    S("18", MOX, STS, TESTING, MX, "validation-failure",
      "tls handshake: x509: certificate has expired or is not yet valid", CERT_EXPIRED, CERTIFICATE,
      NONE),
    S("18", UNKNOWN, NONE_FOUND, NULL, MX, NULL, "X509_V_ERR_CERT_HAS_EXPIRED", CERT_EXPIRED,
      CERTIFICATE, NONE),
    S("18a", GOOGLE, STS, ENFORCE, "mx9.example.com", "certificate-host-mismatch", NULL,
      CERT_HOST_MISMATCH, CERTIFICATE, DEFERRED),
    S("18a", STALWART, STS, ENFORCE, MX, "certificate-not-trusted",
      "invalid peer certificate: NotValidForName", CERT_HOST_MISMATCH, CERTIFICATE, DEFERRED),
    S("18a", MICROSOFT, STS, ENFORCE, MX, "validation-failure", "5.7.5 SubjectMismatch",
      CERT_HOST_MISMATCH, CERTIFICATE, DEFERRED),
    S("18b", GOOGLE, STS, TESTING, MX, "certificate-not-trusted", NULL, CERT_NOT_TRUSTED,
      CERTIFICATE, NONE),
    S("18b", POSTFIX, NONE_FOUND, NULL, MX, "certificate-not-trusted", "self-signed_certificate",
      CERT_NOT_TRUSTED, CERTIFICATE, NONE),
    S("18b", STALWART, OTHER, NULL, MX, "certificate-not-trusted", "UnknownIssuer",
      CERT_NOT_TRUSTED, CERTIFICATE, UNKNOWN),
    S("18c", POSTFIX, STS, ENFORCE, MX, "validation-failure", "self-signed_certificate",
      CERT_NOT_TRUSTED, CERTIFICATE, DEFERRED),
    S("18c", POSTFIX, STS, ENFORCE, "mx9.example.com", "validation-failure",
      "unable_to_get_local_issuer_certificate", CERT_NOT_TRUSTED, CERTIFICATE, DEFERRED),
    S("18c", MICROSOFT, STS, ENFORCE, MX, "validation-failure", "5.7.5", CERT_NOT_TRUSTED,
      CERTIFICATE, DEFERRED),
    S("18c", UNKNOWN, STS, ENFORCE, MX, "validation-failure",
      "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED", CERT_NOT_TRUSTED, CERTIFICATE, DEFERRED),
    /* The rest */
    S("19", GOOGLE, STS, ENFORCE, MX, "validation-failure", NULL, VALIDATION_UNSPECIFIED,
      CERTIFICATE, DEFERRED),
    S("19", GOOGLE, STS, ENFORCE, "a.mail.example", "validation-failure", NULL,
      VALIDATION_UNSPECIFIED, CERTIFICATE, DEFERRED),
    S("19", GOOGLE, STS, ENFORCE, "192.0.2.1", "validation-failure", NULL, VALIDATION_UNSPECIFIED,
      CERTIFICATE, DEFERRED),
    S("19", GOOGLE, STS, ENFORCE, "[192.0.2.1]", "validation-failure", NULL, VALIDATION_UNSPECIFIED,
      CERTIFICATE, DEFERRED),
    S("19", GOOGLE, STS, NULL, MX, "validation-failure", NULL, VALIDATION_UNSPECIFIED, CERTIFICATE,
      UNKNOWN),
    S("19", MICROSOFT, STS, ENFORCE, MX, "validation-failure", "VALIDATION_FAILURE",
      VALIDATION_UNSPECIFIED, CERTIFICATE, DEFERRED),
    S("19", UNKNOWN, STS, ENFORCE, MX, "validation-failure", "no matching words",
      VALIDATION_UNSPECIFIED, CERTIFICATE, DEFERRED),
    S("19", EXIM, TLSA, EE, MX, "validation-failure", "DANE attempt failed", VALIDATION_UNSPECIFIED,
      CERTIFICATE, DEFERRED),
    S("19", UNKNOWN, TLSA, EE, MX, "validation-failure", NULL, VALIDATION_UNSPECIFIED, CERTIFICATE,
      DEFERRED),
    S("19", STALWART, TLSA, EE, MX, "validation-failure", "No certificates were provided by host",
      VALIDATION_UNSPECIFIED, CERTIFICATE, DEFERRED),
    S("19", UNKNOWN, STS, ENFORCE, MX, "validation-failure", "15.7.325 and 5.7.3251 and 5.7.325.1",
      VALIDATION_UNSPECIFIED, CERTIFICATE, DEFERRED),
    S("20", MICROSOFT, STS, ENFORCE, MX, "testing", "123", OTHER, UNKNOWN, UNKNOWN),
    S("20", POSTFIX, TLSA, EE, MX, NULL, "unknown code from a newer MTA", OTHER, UNKNOWN, UNKNOWN),
    S("20", UNKNOWN, OTHER, NULL, NULL, NULL, NULL, OTHER, UNKNOWN, UNKNOWN),
#undef S
};

static void put_lines(struct policy *policy, const char *joined)
{
    g_auto(GStrv) lines = g_strsplit(joined != NULL ? joined : "", "|", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_ptr_array_add(policy->strings, g_strdup(*line));
        if (policy->type == POLICY_STS && g_str_has_prefix(*line, "mode: "))
            policy->mode = sts_mode_from_word(*line + strlen("mode: "));
    }
}

static struct failure *add_failure(struct policy *policy, const char *result, const char *reason,
                                   const char *mx)
{
    struct failure *failure = failure_new();
    failure->result_type = result_type_from_word(result);
    failure->result_word = g_strdup(result);
    failure->reason_code = g_strdup(reason);
    failure->mx = g_strdup(mx);
    failure->sessions = 1;
    g_ptr_array_add(policy->details, failure);
    return failure;
}

static struct report *new_report(enum dialect dialect)
{
    struct report *report = report_new();
    report->organization = g_strdup(reporters[dialect].organization);
    report->contact = g_strdup(reporters[dialect].contact);
    report->external_id = g_strdup(reporters[dialect].id);
    return report;
}

static struct policy *add_policy(struct report *report, enum policy_type type, const char *strings)
{
    struct policy *policy = policy_new();
    policy->type = type;
    put_lines(policy, strings);
    g_ptr_array_add(report->policies, policy);
    return policy;
}

static struct report *report_of(const struct sample *sample)
{
    struct report *report = new_report(sample->dialect);
    struct policy *policy = add_policy(report, sample->policy, sample->strings);
    add_failure(policy, sample->result, sample->reason, sample->mx);
    return report;
}

static const struct classify_rule *rule_of(const struct report *report)
{
    const struct policy *policy = report->policies->pdata[0];
    return classify_failure(report, policy, policy->details->pdata[0]);
}

static void each_sample_gets_its_rule_type_layer_and_effect(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        const struct sample *s = &samples[i];
        g_autoptr(Report) report = report_of(s);
        const struct classify_rule *rule = rule_of(report);
        classify_report(report);
        const struct policy *policy = report->policies->pdata[0];
        const struct failure *failure = policy->details->pdata[0];
        if (strcmp(rule->id, s->rule) != 0 || rule->type != s->type ||
            failure->failure_type != s->type || failure->mail_effect != s->effect ||
            failure_type_layer(failure->failure_type) != s->layer)
            fail_msg("sample %zu (%s, %s) of rule %s: rule %s, %s, %s, %s", i, s->result, s->reason,
                     s->rule, rule->id, failure_type_word(failure->failure_type),
                     layer_word(failure_type_layer(failure->failure_type)),
                     mail_effect_word(failure->mail_effect));
    }
}

static void each_sample_comes_from_the_dialect_it_names(void **state)
{
    bool seen[G_N_ELEMENTS(reporters)] = {false};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autoptr(Report) report = report_of(&samples[i]);
        enum dialect dialect = classify_dialect(report);
        seen[samples[i].dialect] = true;
        /* With an unknown reporter the reason may tell; nothing else may. */
        if (dialect != samples[i].dialect && samples[i].dialect != DIALECT_UNKNOWN)
            fail_msg("sample %zu: dialect %d", i, (int)dialect);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++)
        assert_true(seen[i]);
}

static void rule_ids_are_unique_and_every_rule_says_what_and_whence(void **state)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    guint count = 0;
    (void)state;
    for (const struct classify_rule *rule; (rule = classify_rule_at(count)) != NULL; count++) {
        assert_true(g_hash_table_add(ids, (gpointer)rule->id));
        assert_true(*rule->condition != '\0' && *rule->source != '\0');
    }
    assert_true(count > 30);
    assert_null(classify_rule_at(G_MAXUINT));
}

static void every_rule_has_a_sample(void **state)
{
    g_autoptr(GHashTable) reached = g_hash_table_new(g_str_hash, g_str_equal);
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autoptr(Report) report = report_of(&samples[i]);
        g_hash_table_add(reached, (gpointer)rule_of(report)->id);
    }
    for (guint i = 0; classify_rule_at(i) != NULL; i++)
        if (!g_hash_table_contains(reached, classify_rule_at(i)->id))
            fail_msg("no sample reaches rule %s", classify_rule_at(i)->id);
}

static void every_failure_type_that_reports_can_show_has_a_rule(void **state)
{
    static const enum failure_type types[] = {
        FAILURE_STARTTLS_ABSENT,        FAILURE_STARTTLS_REFUSED,
        FAILURE_TLS_HANDSHAKE_FAILURE,  FAILURE_CERT_EXPIRED,
        FAILURE_CERT_HOST_MISMATCH,     FAILURE_CERT_NOT_TRUSTED,
        FAILURE_VALIDATION_UNSPECIFIED, FAILURE_DANE_CERT_MISMATCH,
        FAILURE_TLSA_UNUSABLE,          FAILURE_DANE_TA_CHAIN,
        FAILURE_DANE_TA_NAME,           FAILURE_DANE_EXPIRED,
        FAILURE_TLSA_LOOKUP_ERROR,      FAILURE_DNSSEC_BOGUS,
        FAILURE_DANE_REQUIRED,          FAILURE_STS_POLICY_FETCH_ERROR,
        FAILURE_STS_POLICY_INVALID,     FAILURE_STS_WEBPKI_INVALID,
        FAILURE_STS_MX_MISMATCH,        FAILURE_OTHER,
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        bool found = false;
        for (guint j = 0; classify_rule_at(j) != NULL; j++)
            found = found || classify_rule_at(j)->type == types[i];
        if (!found)
            fail_msg("no rule gives %s", failure_type_word(types[i]));
    }
}

static void the_effect_of_one_failure_follows_policy_type_and_mode(void **state)
{
    static const struct {
        enum policy_type type;
        const char *strings;
        enum mail_effect effect;
    } cases[] = {
        {POLICY_TLSA, EE, EFFECT_DEFERRED},   {POLICY_STS, ENFORCE, EFFECT_DEFERRED},
        {POLICY_STS, TESTING, EFFECT_NONE},   {POLICY_STS, "mode: none", EFFECT_NONE},
        {POLICY_STS, NULL, EFFECT_UNKNOWN},   {POLICY_NONE_FOUND, NULL, EFFECT_PLAINTEXT},
        {POLICY_OTHER, NULL, EFFECT_UNKNOWN},
    };
    (void)state;
    g_autoptr(Report) report = new_report(DIALECT_GOOGLE);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        add_failure(add_policy(report, cases[i].type, cases[i].strings), "starttls-not-supported",
                    NULL, MX);
    classify_report(report);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct policy *policy = report->policies->pdata[i];
        const struct failure *failure = policy->details->pdata[0];
        assert_int_equal(failure->failure_type, FAILURE_STARTTLS_ABSENT);
        assert_int_equal(failure->mail_effect, cases[i].effect);
    }
}

static void a_dialect_is_told_by_name_then_report_id_then_reason(void **state)
{
    static const struct {
        const char *organization, *submitter, *contact, *id, *reason;
        enum dialect dialect;
    } cases[] = {
        {"Google Inc.", NULL, NULL, NULL, NULL, DIALECT_GOOGLE},
        {"Google LLC", NULL, NULL, NULL, NULL, DIALECT_GOOGLE},
        {"google", NULL, NULL, NULL, NULL, DIALECT_GOOGLE},
        {"Google, Inc.", NULL, NULL, NULL, NULL, DIALECT_GOOGLE},
        {"Google fans", NULL, NULL, NULL, NULL, DIALECT_UNKNOWN},
        {"google.example", NULL, NULL, NULL, NULL, DIALECT_UNKNOWN},
        {"Microsoft Corporation", NULL, NULL, NULL, NULL, DIALECT_MICROSOFT},
        {"MICROSOFT CORP", NULL, NULL, NULL, NULL, DIALECT_MICROSOFT},
        {"not-microsoft.example", NULL, NULL, NULL, NULL, DIALECT_UNKNOWN},
        {"microsoft.example", NULL, NULL, NULL, NULL, DIALECT_UNKNOWN},
        {"Not Microsoft Corporation", NULL, NULL, NULL, NULL, DIALECT_UNKNOWN},
        {"microsoft.com", NULL, NULL, NULL, NULL, DIALECT_MICROSOFT},
        {"notmicrosoft.com", "notmicrosoft.com", "a@notmicrosoft.com", NULL, NULL, DIALECT_UNKNOWN},
        {"x", "microsoft.com.example", "microsoft.com@x.example", NULL, NULL, DIALECT_UNKNOWN},
        {"x", "mail.protection.microsoft.com", NULL, NULL, NULL, DIALECT_MICROSOFT},
        {NULL, NULL, "<tlsrpt-noreply@Microsoft.com>", NULL, NULL, DIALECT_MICROSOFT},
        {"Mail.ru", NULL, NULL, NULL, NULL, DIALECT_MAILRU},
        {"Mail.Ru LLC", NULL, NULL, NULL, NULL, DIALECT_MAILRU},
        {"mail.rural.example", NULL, NULL, NULL, NULL, DIALECT_UNKNOWN},
        {"x", "mail.ru", "tls_support@corp.mail.ru", NULL, NULL, DIALECT_MAILRU},
        {"x", NULL, NULL, "2025-09-20T00:00:00Z_idx12_a.example", NULL, DIALECT_POSTFIX},
        {"x", NULL, NULL, "2025-09-20T00:00:00Z_idx_a.example", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "20240225.a.example@b.example", NULL, DIALECT_MOX},
        {"x", NULL, NULL, "20240225.@b.example", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "2024022.a.example@b.example", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "20240225.a.example@", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "1735689600_1234567890123", NULL, DIALECT_STALWART},
        {"x", NULL, NULL, "123_456", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "1735689600_", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "1735689600_12x", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "133988091029006454+a.example", NULL, DIALECT_MICROSOFT},
        {"x", NULL, NULL, "133988091029006454+", NULL, DIALECT_MICROSOFT},
        {"x", NULL, NULL, "1234567890+a.example", NULL, DIALECT_UNKNOWN},
        {"x", NULL, NULL, "1", "all-TLSA-records-unusable", DIALECT_POSTFIX},
        {"x", NULL, NULL, "1", "tls-remote-70", DIALECT_MOX},
        {"x", NULL, NULL, "1", "dane-no-match", DIALECT_MOX},
        {"x", NULL, NULL, "1", "No matching certificates found.", DIALECT_STALWART},
        {"x", NULL, NULL, "1", "DANE error: tlsa lookup DEFER", DIALECT_EXIM},
        {"x", NULL, NULL, "1", "450 4.7.323 tlsa-invalid", DIALECT_MICROSOFT},
        {"x", NULL, NULL, "1", "5.7.5", DIALECT_UNKNOWN},
        {"x", NULL, NULL, "1735689600_1", "dane-no-match", DIALECT_STALWART},
        {"Google Inc.", NULL, NULL, "20240225.a.example@b.example", "dane-no-match",
         DIALECT_GOOGLE},
        {NULL, NULL, NULL, NULL, NULL, DIALECT_UNKNOWN},
        {"", "", "", "", "", DIALECT_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report = report_new();
        report->organization = g_strdup(cases[i].organization);
        report->submitter = g_strdup(cases[i].submitter);
        report->contact = g_strdup(cases[i].contact);
        report->external_id = g_strdup(cases[i].id);
        add_failure(add_policy(report, POLICY_TLSA, NULL), NULL, cases[i].reason, NULL);
        if (classify_dialect(report) != cases[i].dialect)
            fail_msg("case %zu: %s, %s: dialect %d", i, cases[i].organization, cases[i].id,
                     (int)classify_dialect(report));
    }
}

static void one_telling_reason_gives_the_dialect_of_the_whole_report(void **state)
{
    (void)state;
    g_autoptr(Report) report = new_report(DIALECT_UNKNOWN);
    struct policy *policy = add_policy(report, POLICY_TLSA, NULL);
    struct failure *silent = add_failure(policy, "tlsa-invalid", NULL, MX);
    classify_report(report);
    assert_int_equal(silent->failure_type, FAILURE_DANE_CERT_MISMATCH);
    add_failure(add_policy(report, POLICY_TLSA, NULL), "validation-failure", "tls-remote-40", MX);
    classify_report(report);
    assert_int_equal(silent->failure_type, FAILURE_TLSA_LOOKUP_ERROR);
}

static void mx_host_counts_where_no_policy_text_is_quoted(void **state)
{
    (void)state;
    g_autoptr(Report) report = new_report(DIALECT_GOOGLE);
    struct policy *policy = add_policy(report, POLICY_STS, NULL);
    g_ptr_array_add(policy->mx_hosts, g_strdup("*.example.com"));
    struct failure *outside = add_failure(policy, "validation-failure", NULL, "mx.example.net");
    struct failure *inside = add_failure(policy, "validation-failure", NULL, "MX.example.com.");
    classify_report(report);
    assert_int_equal(outside->failure_type, FAILURE_STS_MX_MISMATCH);
    assert_int_equal(inside->failure_type, FAILURE_VALIDATION_UNSPECIFIED);
}

static void hostile_texts_are_classified_like_any_other(void **state)
{
    (void)state;
    g_autofree char *giant = g_strnfill(1 << 20, '.');
    const char *reasons[] = {"extended-dns-error-",
                             "extended-dns-error--7",
                             "\xff\xfe",
                             "____----",
                             ".7.321",
                             "5.7.321.",
                             "%s%n",
                             giant};
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        g_autoptr(Report) report = new_report(DIALECT_MICROSOFT);
        struct policy *policy = add_policy(report, POLICY_STS, ENFORCE);
        g_free(report->external_id);
        report->external_id = g_strdup(reasons[i]);
        struct failure *failure = add_failure(policy, "validation-failure", reasons[i], giant);
        classify_report(report);
        assert_int_not_equal(failure->failure_type, FAILURE_OTHER);
    }
}

/* The patterns must be read once and not for each failure, or this takes minutes. */
static void a_report_at_the_limits_is_classified_in_one_go(void **state)
{
    enum { DETAILS = 100000, PATTERNS = 200 };
    (void)state;
    g_autoptr(Report) report = new_report(DIALECT_UNKNOWN);
    struct policy *policy = add_policy(report, POLICY_STS, "mode: enforce");
    for (int i = 0; i < PATTERNS; i++)
        g_ptr_array_add(policy->strings, g_strdup_printf("mx: *.mail%d.example.com", i));
    for (int i = 0; i < DETAILS; i++) {
        g_autofree char *mx = g_strdup_printf("mx.mail%d.example.com", i % (2 * PATTERNS));
        add_failure(policy, "validation-failure", "nothing to tell", mx);
    }
    classify_report(report);
    for (int i = 0; i < DETAILS; i++) {
        const struct failure *failure = policy->details->pdata[i];
        bool allowed = i % (2 * PATTERNS) < PATTERNS;
        assert_int_equal(failure->failure_type,
                         allowed ? FAILURE_VALIDATION_UNSPECIFIED : FAILURE_STS_MX_MISMATCH);
        assert_int_equal(failure->mail_effect, EFFECT_DEFERRED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_gets_its_rule_type_layer_and_effect),
        cmocka_unit_test(each_sample_comes_from_the_dialect_it_names),
        cmocka_unit_test(rule_ids_are_unique_and_every_rule_says_what_and_whence),
        cmocka_unit_test(every_rule_has_a_sample),
        cmocka_unit_test(every_failure_type_that_reports_can_show_has_a_rule),
        cmocka_unit_test(the_effect_of_one_failure_follows_policy_type_and_mode),
        cmocka_unit_test(a_dialect_is_told_by_name_then_report_id_then_reason),
        cmocka_unit_test(one_telling_reason_gives_the_dialect_of_the_whole_report),
        cmocka_unit_test(mx_host_counts_where_no_policy_text_is_quoted),
        cmocka_unit_test(hostile_texts_are_classified_like_any_other),
        cmocka_unit_test(a_report_at_the_limits_is_classified_in_one_go),
    };
    return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
