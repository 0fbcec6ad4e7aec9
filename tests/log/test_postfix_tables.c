#include "ingest/log/postfix_evidence.h"
#include "ingest/log/postfix_reason.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PEER "mx.b.example[192.0.2.1]:25"
#define VERIFY "certificate verification failed for " PEER ": "
#define NO_RESULT RESULT_UNKNOWN

static struct span span_of_text(const char *text)
{
    return span_of(text, strlen(text));
}

/* "" is what is not there, too. */
static bool is_text(struct span span, const char *text)
{
    return span.length == 0 ? *text == '\0' : span_is(span, text);
}

/* One of each row, by its number in the table. "" where a line tells no host or next hop. */
static const struct {
    const char *row;
    const char *line;
    const char *host;
    const char *next_hop;
    enum log_detail detail;
    enum result_type result;
} evidences[] = {
    {"V1", VERIFY "self-signed certificate", "mx.b.example", "", DETAIL_SELF_SIGNED, NO_RESULT},
    {"V1", VERIFY "self signed certificate", "mx.b.example", "", DETAIL_SELF_SIGNED, NO_RESULT},
    {"V2", VERIFY "untrusted issuer /O=B, C: D/CN=CA", "mx.b.example", "", DETAIL_UNTRUSTED_ISSUER,
     NO_RESULT},
    {"V2", VERIFY "untrusted issuer <unknown>", "mx.b.example", "", DETAIL_UNTRUSTED_ISSUER,
     NO_RESULT},
    {"V3", VERIFY "not trusted by local or TLSA policy", "mx.b.example", "", DETAIL_NONE,
     RESULT_CERTIFICATE_NOT_TRUSTED},
    {"V4", "server " VERIFY "certificate has expired", "mx.b.example", "", DETAIL_NONE,
     RESULT_CERTIFICATE_EXPIRED},
    {"V4", "CA " VERIFY "certificate has expired", "mx.b.example", "", DETAIL_NONE,
     RESULT_CERTIFICATE_EXPIRED},
    {"V5", "server " VERIFY "certificate not yet valid", "mx.b.example", "",
     DETAIL_CERT_NOT_YET_VALID, NO_RESULT},
    {"V6", VERIFY "not designated for use as a server certificate", "mx.b.example", "",
     DETAIL_CERT_PURPOSE, NO_RESULT},
    {"V7", VERIFY "certificate chain longer than limit(9)", "mx.b.example", "",
     DETAIL_CERT_CHAIN_TOO_LONG, NO_RESULT},
    {"V8", "server " VERIFY "num=62:hostname mismatch", "mx.b.example", "", DETAIL_NONE,
     RESULT_CERTIFICATE_HOST_MISMATCH},
    {"V8", "CA " VERIFY "num=65:No matching DANE TLSA records", "mx.b.example", "",
     DETAIL_TLSA_MISMATCH, NO_RESULT},
    {"V8", VERIFY "num=4711:something new", "mx.b.example", "", DETAIL_NONE,
     RESULT_VALIDATION_FAILURE},
    {"V9", VERIFY "external policy failure (sts-policy-fetch-error)", "mx.b.example", "",
     DETAIL_NONE, RESULT_STS_POLICY_FETCH_ERROR},
    {"V9", VERIFY "external policy failure (sts-webpki-invalid)", "mx.b.example", "", DETAIL_NONE,
     RESULT_STS_WEBPKI_INVALID},
    {"V10",
     PEER ": re-using session with untrusted certificate, look for details earlier in the log",
     "mx.b.example", "", DETAIL_REUSED_UNTRUSTED_SESSION, NO_RESULT},
    {"V10",
     PEER ": re-using session with untrusted peer credential, look for details earlier in the log",
     "mx.b.example", "", DETAIL_REUSED_UNTRUSTED_SESSION, NO_RESULT},
    {"V11", "certificate verification failed for mx.b.example: num=20:unable to get local issuer",
     "mx.b.example", "", DETAIL_UNTRUSTED_ISSUER, NO_RESULT},
    {"V11", "certificate verification failed for mx.b.example:certificate has expired",
     "mx.b.example", "", DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED},
    {"V11",
     "certificate peer name verification failed for mx.b.example: 2 dNSNames in certificate "
     "found, but none match",
     "mx.b.example", "", DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH},
    {"V11",
     "certificate peer name verification failed for mx.b.example: CommonName mis-match: x.example",
     "mx.b.example", "", DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH},
    {"H1", "SSL_connect error to " PEER ": -1", "mx.b.example", "", DETAIL_HANDSHAKE_FAILURE,
     NO_RESULT},
    {"H1", "SSL_connect error to mx.b.example: -1", "mx.b.example", "", DETAIL_HANDSHAKE_FAILURE,
     NO_RESULT},
    {"H2", "SSL_connect error to mx.b.example[2001:db8::1]:25: Connection reset by peer",
     "mx.b.example", "", DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H3", "SSL_connect error to " PEER ": lost connection", "mx.b.example", "",
     DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H4",
     "warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:a.c:350:", "",
     "", DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H4",
     "warning: TLS library problem: 99:error:14094412:SSL routines:SSL3_READ_BYTES:sslv3 alert bad "
     "certificate:s3_pkt.c:1493:SSL alert number 42:",
     "", "", DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H4",
     "warning: TLS library problem: error:0A000086:SSL routines::certificate verify failed:a.c:1:",
     "", "", DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},
    {"H5", "SSL3 alert read:fatal:handshake failure", "", "", DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H5", "SSL3 alert write:fatal:unknown CA", "", "", DETAIL_UNTRUSTED_ISSUER, NO_RESULT},
    {"H5", "SSL3 alert write:fatal:protocol version", "", "", DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H6", "TLS handshake failed for service=smtp peer=[192.0.2.1]:25", "", "",
     DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H6", "warning: ciphertext read/write timeout for [192.0.2.1]:25", "", "",
     DETAIL_HANDSHAKE_FAILURE, NO_RESULT},
    {"H7",
     "warning: TLS library problem: 9:error:02001002:system library:fopen:No such file or "
     "directory:bss_file.c:122:fopen('/etc/postfix/ca.pem','r'):",
     "", "", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"H7", "warning: cannot load Certificate Authority data: disabling TLS support", "", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"H7", "SSL_set_fd error to " PEER, "mx.b.example", "", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"H7", "warning: Could not allocate 'TLScontext->con' with SSL_new()", "", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D1",
     "warning: DANE TLSA lookup problem: Host or domain name not found. Name service error for "
     "name=_25._tcp.mx.b.example type=TLSA: Host not found, try again",
     "mx.b.example", "", DETAIL_TLSA_LOOKUP_ERROR, NO_RESULT},
    {"D2", "warning: DNSSEC status lookup error for mx.b.example: Host not found, try again",
     "mx.b.example", "", DETAIL_TLSA_LOOKUP_ERROR, NO_RESULT},
    {"D3", "warning: TLS policy lookup for b.example/mx.b.example: TLSA lookup error for mx:25",
     "mx.b.example", "b.example", DETAIL_TLSA_LOOKUP_ERROR, NO_RESULT},
    {"D3", "warning: TLS policy lookup for [mx.b.example]:587/mx.b.example: no TLSA records found",
     "mx.b.example", "[mx.b.example]:587", DETAIL_NO_TLSA, NO_RESULT},
    {"D3",
     "warning: TLS policy lookup for b.example/mx.b.example: client TLS configuration problem",
     "mx.b.example", "b.example", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D4", "warning: TLS policy lookup error for b.example/mx.b.example: non DNSSEC destination",
     "mx.b.example", "b.example", DETAIL_INSECURE_MX, NO_RESULT},
    {"D5",
     "warning: _25._tcp.mx.b.example unsupported TLSA certificate usage: 1 1 1 0BFE935E70C3...21C7",
     "mx.b.example", "", DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D5",
     "warning: _25._tcp.mx.b.example -> tlsa.b.example reserved private-use matching type: 3 1 255 "
     "0",
     "mx.b.example", "", DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D6", "warning: " PEER ": unusable TLSA RR: 3 1 1 0BFE", "mx.b.example", "",
     DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D7", "warning: " PEER ": all TLSA records unusable, fallback to unauthenticated TLS",
     "mx.b.example", "", DETAIL_TLSA_UNUSABLE_FALLBACK, NO_RESULT},
    {"D8", "warning: " PEER ": all TLSA records unusable", "mx.b.example", "", DETAIL_TLSA_UNUSABLE,
     NO_RESULT},
    {"D8", "warning: " PEER ": all fingerprints unusable", "mx.b.example", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D9", "warning: _25._tcp.mx.b.example: truncated TLSA RR length == 2", "mx.b.example", "",
     DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D10", "warning: unsupported certificate usage 1 in RR: _25._tcp.mx.b.example IN TLSA 1 ...",
     "mx.b.example", "", DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D10",
     "warning: malformed sha256 digest, length 20, in RR: _25._tcp.mx.b.example IN TLSA 3 1 1 ...",
     "mx.b.example", "", DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D10", "warning: truncated length 2 RR: _25._tcp.mx.b.example IN TLSA ...", "mx.b.example", "",
     DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D10",
     "warning: trust-anchor digests disabled, ignoring RR: _25._tcp.mx.b.example IN TLSA 2 1 1 ...",
     "mx.b.example", "", DETAIL_TLSA_UNUSABLE, NO_RESULT},
    {"D15", "warning: MX name 'mx.b.example' does not match STS MX pattern for 'b.example'",
     "mx.b.example", "b.example", DETAIL_STS_MX_MISMATCH, NO_RESULT},
    {"D16", "warning: DNSSEC validation may be unavailable", "", "",
     DETAIL_LOCAL_RESOLVER_NO_DNSSEC, NO_RESULT},
    {"D16", "warning: reason: dnssec_probe 'ns:.' received no response: timed out", "", "",
     DETAIL_LOCAL_RESOLVER_NO_DNSSEC, NO_RESULT},
    {"D17", "warning: b.example: dane configured with dnssec lookups disabled", "", "b.example",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D17", "warning: b.example: dane configured, but no requisite library support", "",
     "b.example", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D17", "warning: b.example: dane configured with MX lookup errors ignored", "", "b.example",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D17", "warning: dns resolver options incompatible with dane TLS", "", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D17",
     "warning: private/x: the \"dane\" security level is invalid for delivery via unix-domain "
     "sockets",
     "", "", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D18",
     "warning: smtp_tls_policy_maps, next-hop destination \"b.example\": policy table lookup error",
     "", "b.example", DETAIL_LOCAL_POLICY_LOOKUP, NO_RESULT},
    {"D18",
     "warning: lmtp_tls_policy_maps, next-hop destination \"b.example\": invalid security level "
     "\"x\"",
     "", "b.example", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D18", "warning: socketmap:unix:tls:QUERY:query lookup error for \"b.example\"", "",
     "b.example", DETAIL_LOCAL_POLICY_LOOKUP, NO_RESULT},
    {"D18",
     "warning: hash:/etc/postfix/tls_per_site: unknown TLS policy 'x' for next-hop b.example", "",
     "", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D19", "warning: " PEER ": ignoring invalid match name: \".\"", "mx.b.example", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D19", "warning: " PEER ": error setting SNI hostname to: x", "mx.b.example", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D19", "warning: " PEER ": Invalid TLS protocol list \"x\": aborting TLS session",
     "mx.b.example", "", DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D19", "warning: " PEER ": error setting cipher grade: \"high\"", "mx.b.example", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D19", "warning: " PEER ": error setting minimum TLS version to: 0x0304", "mx.b.example", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"D19", "warning: " PEER ": x: aborting TLS session", "mx.b.example", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"H7", "warning: digest algorithm \"sha256\" not supported: no DANE support", "", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"H7", "warning: Invalid tls_dane_digest_agility syntax: x. DANE support disabled.", "", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"H7", "warning: TLS has been selected, but TLS support is not compiled in", "", "",
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT},
    {"TLSRPT",
     "TLSRPT: status=failure, domain=b.example, receiving_mx=mx.b.example[192.0.2.1], "
     "failure_type=certificate_expired",
     "mx.b.example", "", DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED},
    {"TLSRPT",
     "TLSRPT: status=failure, domain=b.example, receiving_mx=mx.b.example[ipaddr], "
     "failure_type=validation_failure, failure_reason=tls-handshake-failure",
     "mx.b.example", "", DETAIL_HANDSHAKE_FAILURE, RESULT_VALIDATION_FAILURE},
};

static void each_row_of_evidence_is_known(void **state)
{
    struct postfix_evidences *set = postfix_evidences_new();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(evidences); i++) {
        struct postfix_evidence found;
        if (!postfix_evidence_read(set, span_of_text(evidences[i].line), &found))
            fail_msg("%s is not known: %s", evidences[i].row, evidences[i].line);
        if (found.detail != evidences[i].detail || found.result != evidences[i].result ||
            !is_text(found.host, evidences[i].host) ||
            !is_text(found.next_hop, evidences[i].next_hop))
            fail_msg("%s is taken for %s %s of %.*s, %.*s: %s", evidences[i].row,
                     log_detail_word(found.detail), result_type_word(found.result),
                     (int)found.host.length, found.host.at, (int)found.next_hop.length,
                     found.next_hop.at, evidences[i].line);
    }
    postfix_evidences_free(set);
}

static void other_lines_are_no_evidence(void **state)
{
    static const char *const lines[] = {
        "",
        "TLS certificate verification failed for " PEER ": self-signed certificate",
        "my certificate verification failed for " PEER ": num=18:x",
        "certificate verification depth=0 subject=/CN=mx.b.example",
        "verify return: 1",
        "Unverified: subject_CN=mx.b.example, issuer=CA",
        PEER ": Matched DANE EE certificate at depth 0: 3 1 1 0BFE",
        PEER ": subject_CN=mx.b.example, issuer=CA, cert fingerprint=00, pkey fingerprint=11",
        PEER ": SNI hostname: mx.b.example",
        PEER ": certificate verification failed for x: num=18:y",
        "setting up TLS connection to " PEER,
        "using DANE RR: _25._tcp.mx.b.example IN TLSA 3 1 1 00",
        "using using backwards-compatible default setting smtp_tlsrpt_skip_reused_handshakes=yes",
        "Host offered STARTTLS: [mx.b.example]",
        "SSL_connect:SSLv3/TLS write client hello",
        "SSL_connect:error in SSLv2/v3 read server hello A",
        "TLSRPT: status=success, domain=b.example, receiving_mx=mx.b.example[192.0.2.1]",
        "warning: TLSRPT support: policy lookup failed for b.example: timeout",
        "warning: TLS policy lookup for b.example/mx.b.example: something of a later version",
        "warning: no MX host for b.example has a valid address record",
        "warning: host mx.b.example[192.0.2.1]:25 greeted me with my own hostname out.example.net",
    };
    struct postfix_evidences *set = postfix_evidences_new();
    struct postfix_evidence found;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        if (postfix_evidence_read(set, span_of_text(lines[i]), &found))
            fail_msg("taken for %s: %s", log_detail_word(found.detail), lines[i]);
    postfix_evidences_free(set);
}

static void each_number_of_openssl_has_its_meaning(void **state)
{
    static const struct {
        guint number;
        enum log_detail detail;
        enum result_type result;
    } numbers[] = {
        {1, DETAIL_NONE, RESULT_VALIDATION_FAILURE},
        {2, DETAIL_UNTRUSTED_ISSUER, NO_RESULT},
        {7, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},
        {9, DETAIL_CERT_NOT_YET_VALID, NO_RESULT},
        {10, DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED},
        {18, DETAIL_SELF_SIGNED, NO_RESULT},
        {19, DETAIL_UNTRUSTED_ISSUER, NO_RESULT},
        {20, DETAIL_UNTRUSTED_ISSUER, NO_RESULT},
        {21, DETAIL_UNTRUSTED_ISSUER, NO_RESULT},
        {22, DETAIL_CERT_CHAIN_TOO_LONG, NO_RESULT},
        {23, DETAIL_CERT_REVOKED, NO_RESULT},
        {24, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},
        {26, DETAIL_CERT_PURPOSE, NO_RESULT},
        {27, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},
        {62, DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH},
        {64, DETAIL_IP_ADDRESS_MISMATCH, NO_RESULT},
        {65, DETAIL_TLSA_MISMATCH, NO_RESULT},
        {66, DETAIL_CERT_WEAK, NO_RESULT},
        {79, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED},
        {99, DETAIL_NONE, RESULT_VALIDATION_FAILURE},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        enum log_detail detail;
        enum result_type result;
        postfix_verify_error(numbers[i].number, &detail, &result);
        if (detail != numbers[i].detail || result != numbers[i].result)
            fail_msg("num=%u is %s %s", numbers[i].number, log_detail_word(detail),
                     result_type_word(result));
    }
}

static const struct {
    const char *row;
    const char *reason;
    const char *host;
    enum postfix_reason_kind kind;
    enum log_detail detail;
    enum result_type result;
    enum tls_level level;
} texts[] = {
    {"R1", "TLS is required, but was not offered by host mx.b.example[192.0.2.1]",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_FINAL, DETAIL_NONE, RESULT_STARTTLS_NOT_SUPPORTED,
     LEVEL_UNKNOWN},
    {"R2",
     "TLS is required, but host mx.b.example[192.0.2.1] refused to start TLS: 454 4.7.0 TLS not "
     "available",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_FINAL, DETAIL_STARTTLS_REFUSED, NO_RESULT,
     LEVEL_UNKNOWN},
    {"R3", "TLS is required, but our TLS engine is unavailable", "", POSTFIX_REASON_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG, NO_RESULT, LEVEL_UNKNOWN},
    {"R4", "TLS is required, but unavailable", "", POSTFIX_REASON_LOCAL, DETAIL_LOCAL_TLS_CONFIG,
     NO_RESULT, LEVEL_UNKNOWN},
    {"R5", "client TLS configuration problem", "", POSTFIX_REASON_LOCAL, DETAIL_LOCAL_TLS_CONFIG,
     NO_RESULT, LEVEL_UNKNOWN},
    {"R6", "Cannot start TLS: handshake failure", "", POSTFIX_REASON_HANDSHAKE,
     DETAIL_HANDSHAKE_FAILURE, NO_RESULT, LEVEL_UNKNOWN},
    {"R7", "Server certificate not trusted", "", POSTFIX_REASON_CERTIFICATE, DETAIL_NONE,
     RESULT_CERTIFICATE_NOT_TRUSTED, LEVEL_UNKNOWN},
    {"R8", "Server certificate not verified", "", POSTFIX_REASON_CERTIFICATE, DETAIL_NONE,
     RESULT_CERTIFICATE_NOT_TRUSTED, LEVEL_UNKNOWN},
    {"R9", "delivery via mx.b.example[192.0.2.1]: Server certificate could not be verified", "",
     POSTFIX_REASON_CERTIFICATE, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, LEVEL_UNKNOWN},
    {"R10", "TLSA lookup error for mx.b.example:25", "mx.b.example", POSTFIX_REASON_FINAL,
     DETAIL_TLSA_LOOKUP_ERROR, NO_RESULT, LEVEL_DANE},
    {"R11", "non DNSSEC destination", "", POSTFIX_REASON_FINAL, DETAIL_INSECURE_MX, NO_RESULT,
     LEVEL_DANE_ONLY},
    {"R12", "no TLSA records found", "", POSTFIX_REASON_FINAL, DETAIL_NO_TLSA, NO_RESULT,
     LEVEL_DANE_ONLY},
    {"R13", "TLSA records unusable", "", POSTFIX_REASON_FINAL, DETAIL_TLSA_UNUSABLE, NO_RESULT,
     LEVEL_DANE_ONLY},
    {"R14", "Verification not possible, MX RRset is insecure", "", POSTFIX_REASON_FINAL,
     DETAIL_INSECURE_MX, NO_RESULT, LEVEL_DANE_ONLY},
    {"R15", "server unavailable or unable to receive mail", "", POSTFIX_REASON_NO_SERVER,
     DETAIL_STS_MX_MISMATCH, NO_RESULT, LEVEL_UNKNOWN},
    {"R16", "Temporary lookup error", "", POSTFIX_REASON_LOCAL, DETAIL_LOCAL_POLICY_LOOKUP,
     NO_RESULT, LEVEL_UNKNOWN},
    {"R17", "lost connection with mx.b.example[192.0.2.1] while performing the EHLO handshake",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_LOST, DETAIL_TLS_SESSION_LOST, NO_RESULT,
     LEVEL_UNKNOWN},
    {"R17",
     "conversation with mx.b.example[192.0.2.1] timed out while receiving the STARTTLS response",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_FINAL, DETAIL_TLS_SESSION_LOST, NO_RESULT,
     LEVEL_UNKNOWN},
    {"R18",
     "host mx.b.example[192.0.2.1] said: 530 5.7.0 Must issue a STARTTLS command first (in reply "
     "to MAIL FROM command)",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_DIALOGUE, DETAIL_NONE, NO_RESULT, LEVEL_UNKNOWN},
    {"R21",
     "Sender requested REQUIRETLS, but TLS service was not offered by host mx.b.example[192.0.2.1]",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_FINAL, DETAIL_REQUIRETLS_NO_STARTTLS, NO_RESULT,
     LEVEL_UNKNOWN},
    {"R22",
     "Sender requested REQUIRETLS, but host mx.b.example[192.0.2.1] refused to start TLS: 454 x",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_FINAL, DETAIL_REQUIRETLS_NO_STARTTLS, NO_RESULT,
     LEVEL_UNKNOWN},
    {"R23",
     "Sender requested REQUIRETLS, but no matching server certificate was found. The last "
     "attempted server was mx.b.example[192.0.2.1]",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_CERTIFICATE, DETAIL_REQUIRETLS_NO_MATCH,
     RESULT_CERTIFICATE_HOST_MISMATCH, LEVEL_UNKNOWN},
    {"R24",
     "Sender requested REQUIRETLS, but no trusted server certificate was found. The last "
     "attempted server was mx.b.example[192.0.2.1]",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_CERTIFICATE, DETAIL_REQUIRETLS_NO_MATCH,
     RESULT_CERTIFICATE_NOT_TRUSTED, LEVEL_UNKNOWN},
    {"R25",
     "Sender requested REQUIRETLS, but no server was found that supports REQUIRETLS. The last "
     "attempted server was mx.b.example[192.0.2.1]",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_FINAL, DETAIL_REQUIRETLS_NOT_OFFERED, NO_RESULT,
     LEVEL_UNKNOWN},
    {"R26",
     "Sender requested REQUIRETLS, but my configured TLS security level 'may' disables "
     "certificate matching. The last attempted server was mx.b.example",
     "mx.b.example", POSTFIX_REASON_FINAL, DETAIL_REQUIRETLS_LEVEL, NO_RESULT, LEVEL_UNKNOWN},
    {"R26",
     "Sender requested REQUIRETLS, but my configured TLS security level 'none' disables "
     "encryption. The last attempted server was mx.b.example",
     "mx.b.example", POSTFIX_REASON_FINAL, DETAIL_REQUIRETLS_LEVEL, NO_RESULT, LEVEL_UNKNOWN},
    {"R27", "REQUIRETLS policy configuration error. The last attempted server was mx.b.example", "",
     POSTFIX_REASON_LOCAL, DETAIL_LOCAL_TLS_CONFIG, NO_RESULT, LEVEL_UNKNOWN},
    {"R28",
     "Sender requested REQUIRETLS, but REQUIRETLS support was not offered by host "
     "mx.b.example[192.0.2.1]",
     "mx.b.example[192.0.2.1]", POSTFIX_REASON_TOLERATED, DETAIL_REQUIRETLS_NOT_OFFERED, NO_RESULT,
     LEVEL_UNKNOWN},
    {"DNS",
     "Host or domain name not found. Name service error for name=b.example type=MX: "
     "Non-recoverable error",
     "b.example", POSTFIX_REASON_DNS, DETAIL_DNS_LOOKUP_ERROR, NO_RESULT, LEVEL_UNKNOWN},
    {"DNS",
     "Name service error for name=mx.b.example type=AAAA: Malformed or unexpected name server "
     "reply",
     "mx.b.example", POSTFIX_REASON_DNS, DETAIL_DNS_LOOKUP_ERROR, NO_RESULT, LEVEL_UNKNOWN},
    {"DNS", "unable to look up host mx.b.example: Temporary failure in name resolution",
     "mx.b.example", POSTFIX_REASON_DNS, DETAIL_DNS_LOOKUP_ERROR, NO_RESULT, LEVEL_UNKNOWN},
    {"DNS",
     "Host or domain name not found. Name service error for name=b.example type=MX: Host not "
     "found, try again",
     "b.example", POSTFIX_REASON_DNS, DETAIL_DNS_LOOKUP_ERROR, NO_RESULT, LEVEL_UNKNOWN},
    {"other",
     "Host or domain name not found. Name service error for name=b.example type=A: Host not found",
     "", POSTFIX_REASON_OTHER, DETAIL_NONE, NO_RESULT, LEVEL_UNKNOWN},
    {"other", "connect to mx.b.example[192.0.2.1]:25: Connection timed out", "",
     POSTFIX_REASON_OTHER, DETAIL_NONE, NO_RESULT, LEVEL_UNKNOWN},
    {"other", "host mx.b.example[192.0.2.1] said: 502 5.5.2 no (in reply to EHLO command)", "",
     POSTFIX_REASON_OTHER, DETAIL_NONE, NO_RESULT, LEVEL_UNKNOWN},
    {"other", "host mx.b.example[192.0.2.1] refused to talk to me: 421 TLS is required", "",
     POSTFIX_REASON_OTHER, DETAIL_NONE, NO_RESULT, LEVEL_UNKNOWN},
    {"other",
     "host mx.b.example[192.0.2.1] refused to talk to me: 454 TLS is required, but was not offered "
     "by host you",
     "", POSTFIX_REASON_OTHER, DETAIL_NONE, NO_RESULT, LEVEL_UNKNOWN},
};

static void each_reason_is_known(void **state)
{
    struct pattern_set *set = postfix_reasons_new();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct span host;
        bool is_throttled;
        const struct postfix_reason *reason =
            postfix_reason_find(set, span_of_text(texts[i].reason), &is_throttled, &host);
        if (reason->kind != texts[i].kind || reason->detail != texts[i].detail ||
            reason->result != texts[i].result || reason->level != texts[i].level ||
            !is_text(host, texts[i].host))
            fail_msg("%s is taken for %d %s %s of %.*s: %s", texts[i].row, (int)reason->kind,
                     log_detail_word(reason->detail), result_type_word(reason->result),
                     (int)host.length, host.at, texts[i].reason);
        assert_false(is_throttled);
    }
    pattern_set_free(set);
}

static void a_suspended_delivery_has_the_reason_of_the_first(void **state)
{
    struct pattern_set *set = postfix_reasons_new();
    struct span host;
    bool is_throttled;
    const struct postfix_reason *reason = postfix_reason_find(
        set, span_of_text("delivery temporarily suspended: non DNSSEC destination"), &is_throttled,
        &host);

    (void)state;
    assert_int_equal(reason->detail, DETAIL_INSECURE_MX);
    assert_true(is_throttled);
    pattern_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_evidence_is_known),
        cmocka_unit_test(other_lines_are_no_evidence),
        cmocka_unit_test(each_number_of_openssl_has_its_meaning),
        cmocka_unit_test(each_reason_is_known),
        cmocka_unit_test(a_suspended_delivery_has_the_reason_of_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
