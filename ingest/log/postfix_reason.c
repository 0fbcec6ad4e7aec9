#include "ingest/log/postfix_reason.h"

/*
 * R-numbers: Postfix' texts as src/smtp writes them, with the file and the versions that have
 * them. A reason stands in "status=... (REASON)", after "QID: " where another server is tried, in
 * "TLS policy lookup for DEST/HOST: REASON", and again in postfix/error after "delivery
 * temporarily suspended: ".
 */
static const struct postfix_reason reasons[] = {
    /* R1, smtp_proto.c, 2.3+: no STARTTLS in the answer to EHLO. */
    {{"^TLS is required, but was not offered",
      "^TLS is required, but was not offered by host (\\S+)"},
     POSTFIX_REASON_FINAL,
     DETAIL_NONE,
     RESULT_STARTTLS_NOT_SUPPORTED,
     LEVEL_UNKNOWN},
    /* R2, smtp_proto.c, 2.3+: STARTTLS was offered and then answered with 4xx or 5xx. */
    {{"^TLS is required, but host ", "^TLS is required, but host (\\S+) refused to start TLS: "},
     POSTFIX_REASON_FINAL,
     DETAIL_STARTTLS_REFUSED,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R3, smtp_proto.c, 2.3+: no TLS engine, say for want of a CA file. */
    {{"^TLS is required, but our TLS engine is unavailable", "^"},
     POSTFIX_REASON_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R4, smtp_proto.c, 2.3+: built without TLS. */
    {{"^TLS is required, but unavailable", "^"},
     POSTFIX_REASON_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R5, smtp_proto.c 2.5-2.10, smtp_tls_policy.c 2.11+: the policy makes no sense; D17, D18 say
       why. */
    {{"^client TLS configuration problem", "^"},
     POSTFIX_REASON_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R6, smtp_proto.c, 2.3+. At level may the mail waits first, and goes in clear later. */
    {{"^Cannot start TLS: handshake failure", "^"},
     POSTFIX_REASON_HANDSHAKE,
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R7, smtp_proto.c, 2.5-3.5: the chain. R8: 2.5-3.5 the name, TLSA or fingerprint; 3.6+
       anything about the certificate. */
    {{"^Server certificate not ", "^Server certificate not (?:trusted|verified)"},
     POSTFIX_REASON_CERTIFICATE,
     DETAIL_NONE,
     RESULT_CERTIFICATE_NOT_TRUSTED,
     LEVEL_UNKNOWN},
    /* R9, tls_client.c, 2.2-2.4. */
    {{"^Server certificate could not be verified",
      "^Server certificate could not be verified(?: for (\\S+?))?(?:[:.,]|$)"},
     POSTFIX_REASON_CERTIFICATE,
     DETAIL_NONE,
     RESULT_CERTIFICATE_NOT_TRUSTED,
     LEVEL_UNKNOWN},
    /* R10, smtp_tls_policy.c:dane_init, 2.11+, levels dane and dane-only: SERVFAIL or no answer. */
    {{"^TLSA lookup error for ", "^TLSA lookup error for (\\S+?)(?::\\d+)?$"},
     POSTFIX_REASON_FINAL,
     DETAIL_TLSA_LOOKUP_ERROR,
     RESULT_UNKNOWN,
     LEVEL_DANE},
    /* R11, dane_init, 2.11+, dane-only: MX or address is not signed. */
    {{"^non DNSSEC destination", "^"},
     POSTFIX_REASON_FINAL,
     DETAIL_INSECURE_MX,
     RESULT_UNKNOWN,
     LEVEL_DANE_ONLY},
    /* R12, dane_init, 2.11+, dane-only. */
    {{"^no TLSA records found", "^"},
     POSTFIX_REASON_FINAL,
     DETAIL_NO_TLSA,
     RESULT_UNKNOWN,
     LEVEL_DANE_ONLY},
    /* R13, dane_init, 2.11+, dane-only: records, but none that can be used. */
    {{"^TLSA records unusable", "^"},
     POSTFIX_REASON_FINAL,
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN,
     LEVEL_DANE_ONLY},
    /* R14, dane_init, 3.1+, smtp_tls_dane_insecure_mx_policy = encrypt and dane-only. */
    {{"^Verification not possible, MX RRset is insecure", "^"},
     POSTFIX_REASON_FINAL,
     DETAIL_INSECURE_MX,
     RESULT_UNKNOWN,
     LEVEL_DANE_ONLY},
    /* R15, smtp_connect.c, all; 3.10.5+ also where MTA-STS allows none of the servers (D15). */
    {{"^server unavailable or unable to receive mail", "^"},
     POSTFIX_REASON_NO_SERVER,
     DETAIL_STS_MX_MISMATCH,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R16, smtp_tls_policy.c, 2.3+: smtp_tls_per_site table. */
    {{"^Temporary lookup error", "^Temporary lookup error$"},
     POSTFIX_REASON_LOCAL,
     DETAIL_LOCAL_POLICY_LOOKUP,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R17, smtp_trouble.c:smtp_stream_except, 2.3+, after STARTTLS or instead of its answer. */
    {{" receiving the STARTTLS response",
      "^(?:lost connection|conversation) with (\\S+) .*receiving the STARTTLS response$"},
     POSTFIX_REASON_FINAL,
     DETAIL_TLS_SESSION_LOST,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    {{" performing the ", "^(?:lost connection|conversation) with (\\S+) .*"
                          "performing the (?:EHLO|HELO|LHLO) handshake$"},
     POSTFIX_REASON_LOST,
     DETAIL_TLS_SESSION_LOST,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* The same on port 465 (smtp_tls_wrappermode, 3.0+), where TLS comes first. */
    {{" receiving the initial server greeting",
      "^(?:lost connection|conversation) with (\\S+) .*receiving the initial server greeting$"},
     POSTFIX_REASON_LOST,
     DETAIL_TLS_SESSION_LOST,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* R21-R28, smtp_proto.c and smtp_connect.c, 3.11+: RFC 8689. */
    {{"REQUIRETLS, but TLS service was not offered",
      "^Sender requested REQUIRETLS, but TLS service was not offered by host (\\S+)"},
     POSTFIX_REASON_FINAL,
     DETAIL_REQUIRETLS_NO_STARTTLS,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    {{" refused to start TLS: ",
      "^Sender requested REQUIRETLS, but host (\\S+) refused to start TLS: "},
     POSTFIX_REASON_FINAL,
     DETAIL_REQUIRETLS_NO_STARTTLS,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    {{"REQUIRETLS, but no matching server certificate",
      "^Sender requested REQUIRETLS, but no matching server certificate was found\\. "
      "The last attempted server was (\\S+)"},
     POSTFIX_REASON_CERTIFICATE,
     DETAIL_REQUIRETLS_NO_MATCH,
     RESULT_CERTIFICATE_HOST_MISMATCH,
     LEVEL_UNKNOWN},
    {{"REQUIRETLS, but no trusted server certificate",
      "^Sender requested REQUIRETLS, but no trusted server certificate was found\\. "
      "The last attempted server was (\\S+)"},
     POSTFIX_REASON_CERTIFICATE,
     DETAIL_REQUIRETLS_NO_MATCH,
     RESULT_CERTIFICATE_NOT_TRUSTED,
     LEVEL_UNKNOWN},
    {{"REQUIRETLS, but no server was found",
      "^Sender requested REQUIRETLS, but no server was found that supports REQUIRETLS\\. "
      "The last attempted server was (\\S+)"},
     POSTFIX_REASON_FINAL,
     DETAIL_REQUIRETLS_NOT_OFFERED,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* Our own level, too low for what the sender asks for; in passing where it is not enforced. */
    {{"REQUIRETLS, but my configured TLS security level",
      "^Sender requested REQUIRETLS, but my configured TLS security level '[^']*' disables "
      "(?:certificate matching|encryption)\\. The last attempted server was (\\S+)"},
     POSTFIX_REASON_FINAL,
     DETAIL_REQUIRETLS_LEVEL,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    {{"REQUIRETLS, but REQUIRETLS support was not offered",
      "^Sender requested REQUIRETLS, but REQUIRETLS support was not offered by host (\\S+)"},
     POSTFIX_REASON_TOLERATED,
     DETAIL_REQUIRETLS_NOT_OFFERED,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    {{"^REQUIRETLS policy configuration error", "^"},
     POSTFIX_REASON_LOCAL,
     DETAIL_LOCAL_TLS_CONFIG,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* dns_lookup.c, all: SERVFAIL or no answer, other answers that are none. Without "try again"
       the name does not exist. */
    {{"Name service error for name=",
      "^(?:Host or domain name not found\\. )?Name service error for name=(\\S+) "
      "type=(?:MX|A|AAAA|SRV): (?:Host not found, try again|"
      "Non-recoverable error|Malformed or unexpected name server reply)$"},
     POSTFIX_REASON_DNS,
     DETAIL_DNS_LOOKUP_ERROR,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* smtp_addr.c, smtp_host_lookup = native: EAI_AGAIN in the words of the C library. */
    {{"^unable to look up host ",
      "^unable to look up host (\\S+): (?:Temporary failure in name resolution|Try again|"
      "Name could not be resolved at this time)$"},
     POSTFIX_REASON_DNS,
     DETAIL_DNS_LOOKUP_ERROR,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    /* What the other server says of the mail, R18 ("530 Must issue a STARTTLS command") too. The
       session that it was said in was good; an answer to EHLO or a greeting came before TLS. */
    {{" said: ", "^host (\\S+) said: (?!.*\\(in reply to (?:E|H|L)[HE]LO command\\)$)"},
     POSTFIX_REASON_DIALOGUE,
     DETAIL_NONE,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
    {{" while sending ", "^(?:lost connection|conversation) with (\\S+) .*while sending "},
     POSTFIX_REASON_DIALOGUE,
     DETAIL_NONE,
     RESULT_UNKNOWN,
     LEVEL_UNKNOWN},
};

static const struct postfix_reason other = {
    {"", ""}, POSTFIX_REASON_OTHER, DETAIL_NONE, RESULT_UNKNOWN, LEVEL_UNKNOWN,
};

struct pattern_set *postfix_reasons_new(void)
{
    return pattern_set_new(reasons, G_N_ELEMENTS(reasons), sizeof reasons[0]);
}

/* Texts that stand around a reason. */
static struct span bare_reason(struct span reason, bool *is_throttled)
{
    static const char suspended[] = "delivery temporarily suspended: ";
    const char *end;

    *is_throttled = span_begins(reason, suspended);
    if (*is_throttled)
        reason = span_from(reason, strlen(suspended));
    /* smtp_trouble.c, 2.3+: the answer was neither good nor bad. */
    if (span_begins(reason, "Protocol error: "))
        reason = span_from(reason, strlen("Protocol error: "));
    if (span_begins(reason, "delivery via ") && (end = span_find(reason, ": ")) != NULL)
        reason = span_from(reason, (size_t)(end - reason.at) + 2);
    return reason;
}

const struct postfix_reason *postfix_reason_find(struct pattern_set *set, struct span reason,
                                                 bool *is_throttled, struct span *host)
{
    struct span captures[PATTERN_CAPTURES];
    int row;

    reason = bare_reason(reason, is_throttled);
    row = pattern_set_match(set, reason, captures);
    *host = row >= 0 ? captures[1] : span_of(reason.at, 0);
    return row >= 0 ? &reasons[row] : &other;
}
