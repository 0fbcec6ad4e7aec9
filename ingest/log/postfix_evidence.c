#include "ingest/log/postfix_evidence.h"
#include "ingest/log/postfix_reason.h"
#include <glib.h>

/* Groups 1 and 2: "HOST[IP]:PORT", "HOST" (2.4 and before), "[redacted]". */
#define PEER "([^\\[\\s]*?)(?:\\[([^\\]]*)\\](?::\\d+)?)?"
/* "_25._tcp.HOST", or with the name that it is an alias of; no address. */
#define TLSA_OWNER "_\\d+\\._tcp\\.([^\\s:]+?)\\.?()(?: -> \\S+?)?"
/* Lines that quote what another host sent name it, with its address, before that. */
#define UNQUOTED "^(?!.*\\[)"
#define VERIFY "^(?:(?:CA|server|client) )?certificate verification failed for " PEER ": ?"
#define VERIFY_LITERAL(text)                                                                       \
    {                                                                                              \
        "certificate verification failed for ", VERIFY text                                        \
    }

/* What group 3 holds. */
enum extra {
    EXTRA_NONE,
    EXTRA_NUMBER,   /* of OpenSSL's verification error */
    EXTRA_RESULT,   /* an RFC 8460 result type */
    EXTRA_LIBRARY,  /* the text of a TLS library */
    EXTRA_ALERT,    /* that we sent */
    EXTRA_NEXT_HOP, /* group 3 is the next hop */
    EXTRA_REASON,   /* group 3 is the next hop, 4 the host, 5 a reason (postfix_reason.h) */
};

/*
 * V: src/tls/tls_verify.c:tls_log_verify_error. H: src/tls/tls_client.c and tls_misc.c. D:
 * src/tls/tls_dane.c, tls_client.c, src/smtp/smtp_connect.c, smtp_tls_policy.c, src/dns. With each
 * the versions that write it.
 */
static const struct row {
    struct pattern pattern;
    enum postfix_weight weight;
    unsigned flags;
    enum log_detail detail;
    enum result_type result; /* RESULT_UNKNOWN: that of the detail */
    enum extra extra;
} rows[] = {
    /* V9, 3.10+: a policy plugin says that MTA-STS failed; the text is the RFC's type. */
    {VERIFY_LITERAL("external policy failure \\(([^)]*)\\)"), POSTFIX_WEIGHT_POLICY, 0, DETAIL_NONE,
     RESULT_UNKNOWN, EXTRA_RESULT},
    /* V8, 2.5+, 62, 64 and 65 since 3.6: OpenSSL's number; its text differs by version. */
    {VERIFY_LITERAL("num=(\\d+)"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT, DETAIL_NONE, RESULT_UNKNOWN,
     EXTRA_NUMBER},
    /* V1, 2.5+. */
    {VERIFY_LITERAL("self[- ]signed certificate"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT,
     DETAIL_SELF_SIGNED, RESULT_UNKNOWN, EXTRA_NONE},
    /* V2, 2.5+: the issuer's name follows, of any characters. */
    {VERIFY_LITERAL("untrusted issuer"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT,
     DETAIL_UNTRUSTED_ISSUER, RESULT_UNKNOWN, EXTRA_NONE},
    /* V3, 2.11+. */
    {VERIFY_LITERAL("not trusted by local or TLSA policy"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT,
     DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, EXTRA_NONE},
    /* V4, 2.3+ (without a blank before 2.5). */
    {VERIFY_LITERAL("certificate has expired"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT, DETAIL_NONE,
     RESULT_CERTIFICATE_EXPIRED, EXTRA_NONE},
    /* V5, 2.3+. */
    {VERIFY_LITERAL("certificate (?:is )?not yet valid"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT,
     DETAIL_CERT_NOT_YET_VALID, RESULT_UNKNOWN, EXTRA_NONE},
    /* V6, 2.5+: key usage. */
    {VERIFY_LITERAL("not designated for use as a"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT,
     DETAIL_CERT_PURPOSE, RESULT_UNKNOWN, EXTRA_NONE},
    /* V7, 2.5+: smtp_tls_scert_verifydepth. */
    {VERIFY_LITERAL("certificate chain longer than limit"), POSTFIX_WEIGHT_VERIFY, POSTFIX_SOFT,
     DETAIL_CERT_CHAIN_TOO_LONG, RESULT_UNKNOWN, EXTRA_NONE},
    /* V11, 2.2-2.4: the names of the certificate. */
    {{"^certificate peer name verification failed for ",
      "^certificate peer name verification failed for " PEER ": "},
     POSTFIX_WEIGHT_VERIFY,
     POSTFIX_SOFT,
     DETAIL_NONE,
     RESULT_CERTIFICATE_HOST_MISMATCH,
     EXTRA_NONE},
    /* V10, 2.5+ ("certificate" until 3.8): what was wrong stands in an older line. */
    {{": re-using session with untrusted ",
      "^" PEER ": re-using session with untrusted (?:certificate|peer credential)"},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_SOFT,
     DETAIL_REUSED_UNTRUSTED_SESSION,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D14, 2.5-3.5, with certmatch: the names of the certificate. */
    {{": subjectAltName: ", "^" PEER ": subjectAltName: "},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_BEFORE_36,
     DETAIL_NONE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{": Matched subjectAltName: ", "^" PEER ": Matched subjectAltName: "},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_BEFORE_36,
     DETAIL_NONE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"CommonName ", "^" PEER " (?:Matched )?CommonName "},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_BEFORE_36,
     DETAIL_NONE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* H1, 2.2+: a protocol error, "-1" or "0"; H2, H3, 2.9+: the connection. */
    {{"^SSL_connect error to ", "^SSL_connect error to " PEER ": (.*)"},
     POSTFIX_WEIGHT_HANDSHAKE,
     POSTFIX_BROKEN,
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* H4, all: OpenSSL's queue of errors, "[PID:]error:HEX:LIBRARY:FUNCTION:REASON:FILE:LINE:". */
    {{"^warning: TLS library problem: ",
      "^warning: TLS library problem: ()()(?:\\d+:)?(error:.*|.+)"},
     POSTFIX_WEIGHT_LIBRARY,
     POSTFIX_BROKEN,
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN,
     EXTRA_LIBRARY},
    /* H5, loglevel 2: "read" is the peer's alert, "write" ours, which tells what we disliked. */
    {{"^SSL3 alert read:fatal:", "^SSL3 alert read:fatal:()()(.*)"},
     POSTFIX_WEIGHT_HANDSHAKE,
     POSTFIX_BROKEN,
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"^SSL3 alert write:fatal:", "^SSL3 alert write:fatal:()()(.*)"},
     POSTFIX_WEIGHT_HANDSHAKE,
     POSTFIX_BROKEN,
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN,
     EXTRA_ALERT},
    /* H6, tlsproxy, 3.4+: its words for H1-H3. */
    {{"^TLS handshake failed for service=",
      "^TLS handshake failed for service=\\S+ peer=" PEER "$"},
     POSTFIX_WEIGHT_HANDSHAKE,
     POSTFIX_BROKEN,
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"^warning: ciphertext read/write ",
      "^warning: ciphertext read/write (?:timeout|error) for " PEER "$"},
     POSTFIX_WEIGHT_HANDSHAKE,
     POSTFIX_BROKEN,
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* H7, all: our own TLS does not work. */
    {{"disabling TLS support", UNQUOTED ".*disabling TLS support$"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"^SSL_set_fd error to ", "^SSL_set_fd error to " PEER "$"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL | POSTFIX_UNREADY,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"^warning: Could not ",
      "^warning: Could not (?:allocate|set application data for) 'TLScontext"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL | POSTFIX_UNREADY,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* smtp.c, 2.2+; tls_dane.c:dane_init, 2.11-3.5. */
    {{"^warning: TLS has been selected, but TLS support is not compiled in", "^"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"DANE support",
      UNQUOTED "warning: .*(?:no (?:trust-anchor or )?DANE support|DANE support disabled\\.)$"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D1, 2.11+: SERVFAIL, a timeout, or a zone whose signatures are bad. Twice at times. */
    {{"DANE TLSA lookup problem: ", "^warning: DANE TLSA lookup problem: .*? name=" TLSA_OWNER " "},
     POSTFIX_WEIGHT_POLICY,
     0,
     DETAIL_TLSA_LOOKUP_ERROR,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D2, 2.11+: the same for an address or alias. */
    {{"^warning: DNSSEC status lookup error for ",
      "^warning: DNSSEC status lookup error for (\\S+?)\\.?()(?:: |$)"},
     POSTFIX_WEIGHT_POLICY,
     0,
     DETAIL_TLSA_LOOKUP_ERROR,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D3, D4 ("error"), 2.11+: a reason (R5, R10-R14, REQUIRETLS), with the next hop. */
    {{"^warning: TLS policy lookup ",
      "^warning: TLS policy lookup (?:error )?for ()()(\\S+)/(\\S+): (.+)"},
     POSTFIX_WEIGHT_POLICY,
     0,
     DETAIL_NONE,
     RESULT_UNKNOWN,
     EXTRA_REASON},
    /* D5, 3.6+: fields of a record that Postfix cannot use; seen before there is a session. */
    {{" unsupported TLSA ", "^warning: " TLSA_OWNER " unsupported TLSA "},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_SOFT | POSTFIX_DANE | POSTFIX_UNUSABLE,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{" reserved private-use matching type", "^warning: " TLSA_OWNER " reserved private-use "},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_SOFT | POSTFIX_DANE | POSTFIX_UNUSABLE,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D6, 3.6+: a record that OpenSSL refuses. */
    {{": unusable TLSA RR: ", "^warning: " PEER ": unusable TLSA RR: "},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_SOFT | POSTFIX_DANE | POSTFIX_UNUSABLE,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{": error loading trust settings", "^warning: " PEER ": error loading trust settings"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_DANE | POSTFIX_UNUSABLE,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D7, 3.6+, level dane. */
    {{": all TLSA records unusable, fallback",
      "^warning: " PEER ": all TLSA records unusable, fallback to unauthenticated TLS"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_SOFT | POSTFIX_DANE | POSTFIX_UNUSABLE | POSTFIX_FALLBACK,
     DETAIL_TLSA_UNUSABLE_FALLBACK,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D8, 3.6+, levels that must be met. */
    {{": all TLSA records unusable", "^warning: " PEER ": all TLSA records unusable$"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_DANE | POSTFIX_UNUSABLE,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{": all ", "^warning: " PEER ": all (?:fingerprints|trust anchors) unusable$"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL | POSTFIX_UNREADY,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D9, 3.6+. */
    {{": truncated TLSA RR length == ", "^warning: " TLSA_OWNER ": truncated TLSA RR length"},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_SOFT | POSTFIX_DANE | POSTFIX_UNUSABLE,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D10, 2.11-3.5: usage, selector, matching type, digest, certificate or key of a record;
       2.11-3.1 also usage 2 with digests turned off. */
    {{" IN TLSA ", "^warning: (?:unsupported|malformed|truncated|trust-anchor digests disabled)\\b"
                   ".* RR: " TLSA_OWNER " IN TLSA "},
     POSTFIX_WEIGHT_HINT,
     POSTFIX_SOFT | POSTFIX_DANE | POSTFIX_UNUSABLE,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D15, 3.10.6+ and 3.11+; 3.10.5 passes the server over without a word. */
    {{" does not match STS MX pattern for ",
      "^warning: MX name '([^']*)'() does not match STS MX pattern for '([^']*)'"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_STS,
     DETAIL_STS_MX_MISMATCH,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    /* D16, 3.6+: our resolver does not validate, so that DANE is off without further words. */
    {{"^warning: DNSSEC validation may be unavailable", "^"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_RESOLVER_NO_DNSSEC,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"^warning: reason: dnssec_probe ", "^"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_RESOLVER_NO_DNSSEC,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D17, 2.11+: dane where it cannot be. */
    {{" dane configured with ", "^warning: ()()(\\S+?): dane configured with "},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    {{" no requisite library support", "^warning: ()()(\\S+?): .*no requisite library support"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    {{"dns resolver options incompatible with ",
      "^warning: ()()(?:(\\S+?): )?dns resolver options incompatible with dane(?:-only)? TLS"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    {{" security level is invalid for delivery via unix-domain sockets",
      "^warning: \\S+: the \"[^\"]*\" security level is invalid for delivery via unix-domain"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D18, 2.3+: the policy table does not answer, or answers nonsense. */
    {{": policy table lookup error",
      "^warning: \\S+, next-hop destination ()()\"([^\"]*)\": policy table lookup error"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_POLICY_LOOKUP,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    {{"_tls_policy_maps, next-hop destination ",
      "^warning: \\S+, next-hop destination ()()\"([^\"]*)\": "},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    {{":query lookup error for ", "^warning: (?:socketmap|tcp):\\S+:query lookup error for "
                                  "()()\"([^\"]*)\""},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_POLICY_LOOKUP,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    {{": per-site table lookup error",
      "^warning: \\S+: .* ()()\"([^\"]*)\": per-site table lookup error"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_POLICY_LOOKUP,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    {{": unknown TLS policy ", "^warning: [^\\s\\[]+: unknown TLS policy '"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"configured at fingerprint security level, but with no fingerprints",
      "^warning: nexthop domain ()()(\\S+): configured at fingerprint"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NEXT_HOP},
    /* smtp_connect.c, 3.0+: TLS from the first byte on is asked for at a level without TLS. */
    {{"_tls_wrappermode requires \"", "^warning: [sl]mtp_tls_wrappermode requires \""},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL | POSTFIX_UNREADY,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* tls_proxy_clnt.c, 3.4+: our own tlsproxy does not answer, or serves no clients. */
    {{"tlsproxy service",
      "^warning: (?:(?:connect to|error sending request to|sending file handle to|"
      "error receiving) \\S*tlsproxy service|\\S*tlsproxy service role \"client\" is not "
      "available)"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL | POSTFIX_UNREADY,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    /* D19, 3.6+: what our settings make impossible for one session. */
    {{"^warning: ",
      "^warning: " PEER ": (?:error loading match name|"
      "could not configure peer name checks|error enabling (?:DANE-based|fingerprint) "
      "certificate validation|error configuring local trust anchors|"
      "Invalid TLS protocol list|invalid .*cipher grade|invalid unary|error setting cipher grade|"
      "error (?:setting|clearing) m(?:in|ax)imum TLS version|error setting SNI hostname)"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL | POSTFIX_UNREADY,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{": ignoring invalid match name", "^warning: " PEER ": ignoring invalid match name"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
    {{"aborting TLS session", "^warning: (?:" PEER ": )?(?!.*\\[).*aborting TLS session$"},
     POSTFIX_WEIGHT_POLICY,
     POSTFIX_LOCAL | POSTFIX_UNREADY,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     EXTRA_NONE},
};

/* OpenSSL's x509_vfy.h; a number that is not here says only that something was wrong. */
static const struct {
    guint first;
    guint last;
    enum log_detail detail;
    enum result_type result;
} verify_errors[] = {
    {2, 2, DETAIL_UNTRUSTED_ISSUER, RESULT_UNKNOWN},         /* issuer not found */
    {3, 3, DETAIL_CERT_REVOKED, RESULT_UNKNOWN},             /* no CRL */
    {7, 7, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},     /* signature of the certificate */
    {9, 9, DETAIL_CERT_NOT_YET_VALID, RESULT_UNKNOWN},       /* not yet valid */
    {10, 10, DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED},       /* expired */
    {11, 12, DETAIL_CERT_REVOKED, RESULT_UNKNOWN},           /* CRL out of its time */
    {18, 18, DETAIL_SELF_SIGNED, RESULT_UNKNOWN},            /* the server's own */
    {19, 21, DETAIL_UNTRUSTED_ISSUER, RESULT_UNKNOWN},       /* unknown root, incomplete chain */
    {22, 22, DETAIL_CERT_CHAIN_TOO_LONG, RESULT_UNKNOWN},    /* chain too long */
    {23, 23, DETAIL_CERT_REVOKED, RESULT_UNKNOWN},           /* revoked */
    {24, 24, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},   /* invalid CA */
    {25, 25, DETAIL_CERT_CHAIN_TOO_LONG, RESULT_UNKNOWN},    /* path length */
    {26, 26, DETAIL_CERT_PURPOSE, RESULT_UNKNOWN},           /* purpose */
    {27, 28, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},   /* not trusted, rejected */
    {62, 63, DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH}, /* host name, address of mail */
    {64, 64, DETAIL_IP_ADDRESS_MISMATCH, RESULT_UNKNOWN},    /* an address was to be in it */
    {65, 65, DETAIL_TLSA_MISMATCH, RESULT_UNKNOWN},          /* TLSA; at fingerprint that */
    {66, 68, DETAIL_CERT_WEAK, RESULT_UNKNOWN},              /* key or digest too weak */
    {79, 79, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},   /* invalid CA certificate */
};

/* The reason of a TLSRPT line (TLSRPT_README), where it is finer than its type. */
static const struct {
    const char *reason;
    enum log_detail detail;
} tlsrpt_reasons[] = {
    {"tls-handshake-failure", DETAIL_HANDSHAKE_FAILURE},
    {"all-TLSA-records-unusable", DETAIL_TLSA_UNUSABLE},
    {"self-signed_certificate", DETAIL_SELF_SIGNED},
    {"self_signed_certificate", DETAIL_SELF_SIGNED},
    {"unable_to_get_local_issuer_certificate", DETAIL_UNTRUSTED_ISSUER},
    {"unable_to_get_issuer_certificate", DETAIL_UNTRUSTED_ISSUER},
    {"certificate_is_not_yet_valid", DETAIL_CERT_NOT_YET_VALID},
    {"unsuitable_certificate_purpose", DETAIL_CERT_PURPOSE},
    {"unsupported_certificate_purpose", DETAIL_CERT_PURPOSE},
    {"certificate_chain_too_long", DETAIL_CERT_CHAIN_TOO_LONG},
    {"path_length_constraint_exceeded", DETAIL_CERT_CHAIN_TOO_LONG},
    {"self-signed_certificate_in_certificate_chain", DETAIL_UNTRUSTED_ISSUER},
    {"self_signed_certificate_in_certificate_chain", DETAIL_UNTRUSTED_ISSUER},
    {"unable_to_verify_the_first_certificate", DETAIL_UNTRUSTED_ISSUER},
    {"certificate_revoked", DETAIL_CERT_REVOKED},
    {"EE_certificate_key_too_weak", DETAIL_CERT_WEAK},
    {"CA_certificate_key_too_weak", DETAIL_CERT_WEAK},
    {"CA_signature_digest_algorithm_too_weak", DETAIL_CERT_WEAK},
    {"all-fingerprints-unusable", DETAIL_LOCAL_TLS_CONFIG},
    {"all-trust-anchors-unusable", DETAIL_LOCAL_TLS_CONFIG},
};

struct postfix_evidences {
    struct pattern_set *lines;
    struct pattern_set *reasons;
};

struct postfix_evidences *postfix_evidences_new(void)
{
    struct postfix_evidences *evidences = g_new0(struct postfix_evidences, 1);

    evidences->lines = pattern_set_new(rows, G_N_ELEMENTS(rows), sizeof rows[0]);
    evidences->reasons = postfix_reasons_new();
    return evidences;
}

void postfix_evidences_free(struct postfix_evidences *evidences)
{
    if (evidences == NULL)
        return;
    pattern_set_free(evidences->lines);
    pattern_set_free(evidences->reasons);
    g_free(evidences);
}

void postfix_verify_error(guint number, enum log_detail *detail, enum result_type *result)
{
    *detail = DETAIL_NONE;
    *result = RESULT_VALIDATION_FAILURE;
    for (size_t i = 0; i < G_N_ELEMENTS(verify_errors); i++)
        if (number >= verify_errors[i].first && number <= verify_errors[i].last) {
            *detail = verify_errors[i].detail;
            *result = verify_errors[i].result;
        }
}

static enum result_type result_of(struct span word)
{
    char text[40];

    if (word.length >= sizeof text)
        return RESULT_UNKNOWN;
    memcpy(text, word.at, word.length);
    text[word.length] = '\0';
    return result_type_from_word(text);
}

static void take_number(struct span digits, struct postfix_evidence *found)
{
    guint number = 0;

    for (size_t i = 0; i < digits.length && i < 4; i++)
        number = number * 10 + (guint)(digits.at[i] - '0');
    postfix_verify_error(number, &found->detail, &found->result);
    if (number == 65)
        found->flags |= POSTFIX_DANE;
    if (number == 1)
        found->weight = POSTFIX_WEIGHT_HINT;
}

/* What OpenSSL could not open is ours; what it could not verify is the peer's certificate. */
static void take_library(struct span text, struct postfix_evidence *found)
{
    if (span_find(text, "fopen") != NULL || span_find(text, "system library") != NULL ||
        span_find(text, "system lib") != NULL || span_find(text, "PEM routines") != NULL ||
        span_find(text, ":BIO_") != NULL || span_find(text, "No such file") != NULL) {
        found->flags = POSTFIX_LOCAL;
        found->detail = DETAIL_LOCAL_TLS_CONFIG;
    } else if (span_find(text, "certificate verify failed") != NULL) {
        found->detail = DETAIL_NONE;
        found->result = RESULT_CERTIFICATE_NOT_TRUSTED;
    }
}

static void take_alert(struct span alert, struct postfix_evidence *found)
{
    static const struct {
        const char *alert;
        enum log_detail detail;
        enum result_type result;
    } alerts[] = {
        {"unknown CA", DETAIL_UNTRUSTED_ISSUER, RESULT_UNKNOWN},
        {"bad certificate", DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},
        {"certificate unknown", DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},
        {"unsupported certificate", DETAIL_CERT_PURPOSE, RESULT_UNKNOWN},
        {"certificate revoked", DETAIL_CERT_REVOKED, RESULT_UNKNOWN},
        {"certificate expired", DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(alerts); i++)
        if (span_is(alert, alerts[i].alert)) {
            found->detail = alerts[i].detail;
            found->result = alerts[i].result;
            found->weight = POSTFIX_WEIGHT_VERIFY;
        }
}

/* False where the reason is none of ours. */
static bool take_reason(struct postfix_evidences *evidences, const struct span *captures,
                        struct postfix_evidence *found)
{
    const struct postfix_reason *reason;
    struct span host;
    bool is_throttled;

    found->next_hop = captures[3];
    found->host = captures[4];
    found->reason = captures[5];
    reason = postfix_reason_find(evidences->reasons, captures[5], &is_throttled, &host);
    found->detail = reason->detail;
    found->result = reason->result;
    found->level = reason->level;
    if (reason->kind == POSTFIX_REASON_LOCAL)
        found->flags |= POSTFIX_LOCAL;
    return reason->kind == POSTFIX_REASON_LOCAL || reason->kind == POSTFIX_REASON_FINAL;
}

static bool take_extra(struct postfix_evidences *evidences, const struct row *row,
                       const struct span *captures, struct postfix_evidence *found)
{
    switch (row->extra) {
    case EXTRA_NONE:
        break;
    case EXTRA_NUMBER:
        take_number(captures[3], found);
        break;
    case EXTRA_RESULT:
        found->result = result_of(captures[3]);
        break;
    case EXTRA_LIBRARY:
        take_library(captures[3], found);
        break;
    case EXTRA_ALERT:
        take_alert(captures[3], found);
        break;
    case EXTRA_NEXT_HOP:
        found->next_hop = captures[3];
        break;
    case EXTRA_REASON:
        return take_reason(evidences, captures, found);
    }
    return true;
}

/* What stands behind "HOST[IP]:PORT: "; the whole reason where no peer is named. "-1" tells none.
 */
static struct span after_peer(struct span message, const struct postfix_evidence *found)
{
    struct span rest = found->reason;
    const char *colon;

    if (found->ip.length == 0)
        return rest;
    rest = span_from(message, (size_t)(found->ip.at - message.at) + found->ip.length);
    colon = span_find(rest, ": ");
    if (colon == NULL)
        return span_of(rest.at, 0);
    rest = span_from(rest, (size_t)(colon - rest.at) + strlen(": "));
    return span_is(rest, "-1") || span_is(rest, "0") ? span_of(rest.at, 0) : rest;
}

bool postfix_evidence_read(struct postfix_evidences *evidences, struct span message,
                           struct postfix_evidence *found)
{
    struct span captures[PATTERN_CAPTURES];
    int index;
    const struct row *row;

    if (span_begins(message, "TLSRPT: "))
        return postfix_tlsrpt_read(message, found);
    index = pattern_set_match(evidences->lines, message, captures);
    if (index < 0)
        return false;
    row = &rows[index];
    *found = (struct postfix_evidence){
        .weight = row->weight,
        .flags = row->flags,
        .detail = row->detail,
        .result = row->result,
        .host = captures[1],
        .ip = captures[2],
        .reason =
            span_begins(message, "warning: ") ? span_from(message, strlen("warning: ")) : message,
    };
    found->error = row->extra == EXTRA_LIBRARY ? captures[3] : after_peer(message, found);
    return take_extra(evidences, row, captures, found);
}

/* The value of "KEY=" up to a comma. */
static struct span value_of(struct span text, const char *key)
{
    const char *at = span_find(text, key);
    struct span value;
    const char *end;

    if (at == NULL)
        return span_of(text.at, 0);
    value = span_from(text, (size_t)(at - text.at) + strlen(key));
    end = value.length == 0 ? NULL : memchr(value.at, ',', value.length);
    if (end != NULL)
        value.length = (size_t)(end - value.at);
    return value;
}

static enum log_detail tlsrpt_detail(struct span reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tlsrpt_reasons); i++)
        if (span_is(reason, tlsrpt_reasons[i].reason))
            return tlsrpt_reasons[i].detail;
    return DETAIL_NONE;
}

/* src/tls/tlsrpt_wrapper.c, 3.10+. */
bool postfix_tlsrpt_read(struct span message, struct postfix_evidence *found)
{
    struct span reason = value_of(message, ", failure_reason=");
    const char *said = span_find(message, "failure_type=");
    struct span mx;
    const char *open;

    if (!span_begins(message, "TLSRPT: status=failure, "))
        return false;
    mx = value_of(message, ", receiving_mx=");
    open = mx.length == 0 ? NULL : memchr(mx.at, '[', mx.length);
    *found = (struct postfix_evidence){
        .weight = POSTFIX_WEIGHT_TLSRPT,
        .flags = POSTFIX_SOFT,
        .detail = tlsrpt_detail(reason),
        .result = result_of(value_of(message, ", failure_type=")),
        .host = open == NULL ? mx : span_of(mx.at, (size_t)(open - mx.at)),
        .domain = value_of(message, " domain="),
        .reason = said == NULL ? message : span_from(message, (size_t)(said - message.at)),
        .error = reason,
    };
    if (open != NULL && mx.at[mx.length - 1] == ']')
        found->ip = span_of(open + 1, (size_t)(mx.at + mx.length - 1 - open - 1));
    if (found->result == RESULT_TLSA_INVALID || found->result == RESULT_DNSSEC_INVALID ||
        found->result == RESULT_DANE_REQUIRED)
        found->flags |= POSTFIX_DANE;
    return true;
}
