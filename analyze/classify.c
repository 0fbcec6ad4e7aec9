#include "analyze/classify.h"
#include "analyze/effect.h"
#include "analyze/sts.h"
#include "analyze/tlsa.h"
#include <string.h>

/*
 * Reason texts are compared in lower case with '-' and '_' as blanks: Postfix writes
 * "self-signed_certificate", OpenSSL "self-signed certificate", Microsoft "MX_HOSTS_MISMATCH".
 */
static void fold_reason(GString *folded, const char *reason)
{
    g_string_truncate(folded, 0);
    for (const char *p = reason != NULL ? reason : ""; *p != '\0'; p++)
        g_string_append_c(folded, *p == '-' || *p == '_' ? ' ' : g_ascii_tolower(*p));
    g_strstrip(folded->str);
    folded->len = strlen(folded->str);
}

/* What a reason text names. */
enum sign {
    SIGN_UNUSABLE = 1 << 0,
    SIGN_NO_MATCH = 1 << 1,
    SIGN_BOGUS = 1 << 2,
    SIGN_LOOKUP = 1 << 3,
    SIGN_REFUSED = 1 << 4,     /* ... if the result type says that it is about STARTTLS */
    SIGN_NOT_STARTED = 1 << 5, /* STARTTLS refused, in so many words */
    SIGN_NOT_OFFERED = 1 << 6, /* no STARTTLS, in so many words */
    SIGN_MX = 1 << 7,
    SIGN_ALERT = 1 << 8,     /* a handshake that broke off */
    SIGN_HANDSHAKE = 1 << 9, /* a handshake, which may have failed for its certificate */
    SIGN_EXPIRED = 1 << 10,
    SIGN_NAME = 1 << 11,
    SIGN_ISSUER = 1 << 12, /* the issuer's certificate is not there */
    SIGN_UNTRUSTED = 1 << 13,
    SIGN_X509 = 1 << 14, /* something else about the certificate */
    SIGN_FETCH = 1 << 15,
};

#define SIGNS_CERTIFICATE                                                                          \
    (SIGN_NO_MATCH | SIGN_EXPIRED | SIGN_NAME | SIGN_ISSUER | SIGN_UNTRUSTED | SIGN_X509)

static const struct {
    const char *text; /* folded */
    guint sign;
} sign_texts[] = {
    {"unusable", SIGN_UNUSABLE},
    {"invalid tlsa record", SIGN_UNUSABLE},
    {"dane no match", SIGN_NO_MATCH},
    {"no matching", SIGN_NO_MATCH},
    {"bogus", SIGN_BOGUS},
    {"tlsa lookup", SIGN_LOOKUP},
    {"dns query failed", SIGN_LOOKUP},
    {"reply code ", SIGN_REFUSED},
    {"refused", SIGN_REFUSED},
    {"not recogni", SIGN_REFUSED},
    {"xxxx", SIGN_REFUSED},
    {"starttls reply code", SIGN_NOT_STARTED},
    {"refused to start tls", SIGN_NOT_STARTED},
    {"refused starttls", SIGN_NOT_STARTED},
    {"starttls refused", SIGN_NOT_STARTED},
    {"starttls was not advertised", SIGN_NOT_OFFERED},
    {"starttls not advertised", SIGN_NOT_OFFERED},
    {"starttls not supported", SIGN_NOT_OFFERED},
    {"starttls is not supported", SIGN_NOT_OFFERED},
    {"not offer starttls", SIGN_NOT_OFFERED},
    {"not offer tls", SIGN_NOT_OFFERED},
    {"not offered by host", SIGN_NOT_OFFERED},
    {"not support starttls", SIGN_NOT_OFFERED},
    {"mx mismatch", SIGN_MX},
    {"mx hosts mismatch", SIGN_MX},
    {"not authorized by policy", SIGN_MX},
    {"not match sts mx", SIGN_MX},
    {"handshake", SIGN_HANDSHAKE},
    {"alert", SIGN_ALERT},
    {"tls remote", SIGN_ALERT},
    {"tls local", SIGN_ALERT},
    {"timeout during", SIGN_ALERT},
    {"closed during", SIGN_ALERT},
    {"record header", SIGN_ALERT},
    {"protocol version", SIGN_ALERT},
    {"unsupported protocol", SIGN_ALERT},
    {"wrong version number", SIGN_ALERT},
    {"no shared cipher", SIGN_ALERT},
    {"no matching cipher", SIGN_ALERT},
    {"unexpected eof", SIGN_ALERT},
    {"handshake eof", SIGN_ALERT},
    {"connection reset", SIGN_ALERT},
    {"corrupt message", SIGN_ALERT},
    {"peer is incompatible", SIGN_ALERT},
    {"peer misbehaved", SIGN_ALERT},
    {"has expired", SIGN_EXPIRED},
    {"certificate expired", SIGN_EXPIRED},
    {"cert expired", SIGN_EXPIRED},
    {"certificate is expired", SIGN_EXPIRED},
    {"peer certificate: expired", SIGN_EXPIRED},
    {"host mismatch", SIGN_NAME},
    {"hostname mismatch", SIGN_NAME},
    {"host name mismatch", SIGN_NAME},
    {"name mismatch", SIGN_NAME},
    {"subjectmismatch", SIGN_NAME},
    {"subject mismatch", SIGN_NAME},
    {"certificate is valid for", SIGN_NAME},
    {"not valid for any names", SIGN_NAME},
    {"not valid for name", SIGN_NAME},
    {"notvalidforname", SIGN_NAME},
    {"local issuer", SIGN_ISSUER},
    {"issuer certificate", SIGN_ISSUER},
    {"first certificate", SIGN_ISSUER},
    {"self signed", SIGN_UNTRUSTED},
    {"unknown authority", SIGN_UNTRUSTED},
    {"unknown issuer", SIGN_UNTRUSTED},
    {"unknownissuer", SIGN_UNTRUSTED},
    {"untrusted", SIGN_UNTRUSTED},
    {"not trusted", SIGN_UNTRUSTED},
    {"certificate verify failed", SIGN_UNTRUSTED},
    {"not yet valid", SIGN_UNTRUSTED},
    {"x509", SIGN_X509},
    {"invalid peer certificate", SIGN_X509},
    {"certificate chain", SIGN_X509},
    {"http request", SIGN_FETCH},
    {"http response", SIGN_FETCH},
    {"https response", SIGN_FETCH},
};

/*
 * Microsoft Learn, "How SMTP DANE with DNSSEC works": enhanced status codes 4.x and 5.x of
 * Exchange Online. 5.7.5 and 5.4.8 mean other things elsewhere, so only its own reports count.
 */
static const struct {
    const char *tail; /* the code without its class, 4 or 5 */
    guint sign;
} microsoft_codes[] = {
    {".7.321", SIGN_NOT_OFFERED}, {".7.322", SIGN_EXPIRED}, {".7.323", SIGN_NO_MATCH},
    {".7.324", SIGN_BOGUS},       {".7.325", SIGN_NAME},    {".4.312", SIGN_LOOKUP},
    {".7.5", SIGN_UNTRUSTED},     {".4.8", SIGN_MX},
};

/* Whether `reason` has 4TAIL or 5TAIL as a whole number, not as a part of another. */
static bool has_code(const char *reason, const char *tail)
{
    for (const char *p = strstr(reason, tail); p != NULL; p = strstr(p + 1, tail)) {
        const char *end = p + strlen(tail);
        bool begins = p > reason && (p[-1] == '4' || p[-1] == '5') &&
                      (p - 1 == reason || (!g_ascii_isalnum(p[-2]) && p[-2] != '.'));
        bool ends = !g_ascii_isdigit(*end) && !(*end == '.' && g_ascii_isdigit(end[1]));
        if (begins && ends)
            return true;
    }
    return false;
}

/* "454 TLS not available", and Stalwart's "Code: 454, Enhanced code: 4.7.0, Message: ...". */
static bool is_smtp_reply(const char *reason)
{
    const char *p = g_str_has_prefix(reason, "code: ") ? reason + strlen("code: ") : reason;
    return (*p == '4' || *p == '5') && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) &&
           !g_ascii_isalnum(p[3]) && p[3] != '.';
}

static guint signs_of(const char *reason, enum dialect dialect)
{
    guint signs = 0;
    if (*reason == '\0')
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(sign_texts); i++)
        if (strstr(reason, sign_texts[i].text) != NULL)
            signs |= sign_texts[i].sign;
    for (size_t i = 0; dialect == DIALECT_MICROSOFT && i < G_N_ELEMENTS(microsoft_codes); i++)
        if (has_code(reason, microsoft_codes[i].tail))
            signs |= microsoft_codes[i].sign;
    return is_smtp_reply(reason) ? signs | SIGN_REFUSED : signs;
}

/* The N of mox' "extended-dns-error-N-..." or "dns-extended-error-N-..."; -1 if there is none. */
static int extended_dns_error(const char *reason)
{
    static const char *const texts[] = {"extended dns error ", "dns extended error "};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *p = strstr(reason, texts[i]);
        if (p != NULL && g_ascii_isdigit(p[strlen(texts[i])])) {
            guint64 number = g_ascii_strtoull(p + strlen(texts[i]), NULL, 10);
            return (int)MIN(number, G_MAXUINT16); /* RFC 8914, section 2: 16 bits */
        }
    }
    return -1;
}

/* All that a rule may look at. */
struct subject {
    const struct policy *policy;
    enum dialect dialect;
    struct tlsa_set tlsa;     /* of the policy, if it is no sts policy */
    struct sts_patterns *sts; /* of the policy, if it is one */
    const struct failure *failure;
    GString *reason; /* folded */
    guint signs;
    int dns_error;
};

static bool has(const struct subject *s, guint signs)
{
    return (s->signs & signs) != 0;
}

static bool result_is(const struct subject *s, enum result_type type)
{
    return s->failure->result_type == type;
}

/* The result type says nothing; the reason may. */
static bool is_vague(const struct subject *s)
{
    return result_is(s, RESULT_VALIDATION_FAILURE) || result_is(s, RESULT_UNKNOWN);
}

/* Stalwart sends certificate-not-trusted for whatever its TLS library says. */
static bool is_loose(const struct subject *s)
{
    return is_vague(s) || result_is(s, RESULT_CERTIFICATE_NOT_TRUSTED);
}

static bool is_tlsa(const struct subject *s)
{
    return s->policy->type == POLICY_TLSA;
}

static bool is_sts(const struct subject *s)
{
    return s->policy->type == POLICY_STS;
}

static bool quotes_records(const struct subject *s)
{
    return s->tlsa.records > 0;
}

/* A string that cannot be read may be a good record, so it forbids the verdict. */
static bool quotes_only_unusable(const struct subject *s)
{
    return quotes_records(s) && s->tlsa.usable == 0 && s->tlsa.unreadable == 0;
}

static bool quotes_only_ta(const struct subject *s)
{
    return s->tlsa.usable_ta > 0 && s->tlsa.usable_ee == 0;
}

/* Names, dates and chains count only under DANE-TA(2), RFC 7672, sections 3.1.1 and 3.2.1. */
static bool may_be_ta(const struct subject *s)
{
    return s->tlsa.usable_ta > 0 || !quotes_records(s) || s->tlsa.unreadable > 0;
}

/* Beside "no match" another fault only tells why one record of several did not help. */
static bool reason_decides(const struct subject *s)
{
    return is_loose(s) && !has(s, SIGN_NO_MATCH);
}

static bool is_name_problem(const struct subject *s)
{
    return result_is(s, RESULT_CERTIFICATE_HOST_MISMATCH) ||
           (reason_decides(s) && has(s, SIGN_NAME));
}

static bool is_expiry(const struct subject *s)
{
    return result_is(s, RESULT_CERTIFICATE_EXPIRED) || (reason_decides(s) && has(s, SIGN_EXPIRED));
}

static bool is_no_match(const struct subject *s)
{
    if (is_vague(s) && has(s, SIGN_NO_MATCH))
        return !is_sts(s);
    if (!is_tlsa(s))
        return false;
    return result_is(s, RESULT_CERTIFICATE_NOT_TRUSTED) ||
           (is_vague(s) && has(s, SIGN_ISSUER | SIGN_UNTRUSTED)) ||
           (result_is(s, RESULT_VALIDATION_FAILURE) && s->reason->len == 0 &&
            (s->dialect == DIALECT_MOX || s->dialect == DIALECT_STALWART));
}

static bool rule_1(const struct subject *s)
{
    return s->dns_error >= 5 && s->dns_error <= 12;
}

static bool rule_1a(const struct subject *s)
{
    return s->dns_error == 1 || s->dns_error == 2 || s->dns_error == 27;
}

static bool rule_2(const struct subject *s)
{
    return s->dns_error >= 0;
}

/*
 * A reason that names something else speaks against it: who got as far as a handshake had found
 * the MX allowed, perhaps by an older policy (Postfix skips such a host and reports nothing).
 */
static bool rule_3(const struct subject *s)
{
    const char *mx = s->failure->mx;
    bool known;
    if (!is_sts(s) || !result_is(s, RESULT_VALIDATION_FAILURE) || mx == NULL || *mx == '[' ||
        g_hostname_is_ip_address(mx))
        return false;
    if (has(s,
            SIGNS_CERTIFICATE | SIGN_ALERT | SIGN_HANDSHAKE | SIGN_NOT_STARTED | SIGN_NOT_OFFERED))
        return false;
    return !sts_patterns_allow(s->sts, mx, &known) && known;
}

static bool rule_4(const struct subject *s)
{
    return result_is(s, RESULT_TLSA_INVALID) && has(s, SIGN_UNUSABLE);
}

/*
 * mox calls a mismatch validation-failure and gives a reason with unusable records; what is left
 * is a lookup that failed without an extended DNS error. A set may be quoted all the same: the
 * policy gathers a whole day, and other lookups of that day went well.
 */
static bool rule_4a(const struct subject *s)
{
    return result_is(s, RESULT_TLSA_INVALID) &&
           (has(s, SIGN_LOOKUP) || (s->dialect == DIALECT_MOX && s->reason->len == 0));
}

static bool rule_5(const struct subject *s)
{
    return result_is(s, RESULT_TLSA_INVALID) && quotes_only_unusable(s);
}

static bool rule_5a(const struct subject *s)
{
    return result_is(s, RESULT_TLSA_INVALID) && !quotes_records(s) &&
           (s->dialect == DIALECT_POSTFIX || s->dialect == DIALECT_STALWART);
}

static bool rule_5b(const struct subject *s)
{
    return result_is(s, RESULT_TLSA_INVALID) && quotes_only_ta(s);
}

static bool rule_6(const struct subject *s)
{
    return result_is(s, RESULT_TLSA_INVALID);
}

static bool rule_6a(const struct subject *s)
{
    return result_is(s, RESULT_DNSSEC_INVALID) && has(s, SIGN_LOOKUP) && !has(s, SIGN_BOGUS);
}

static bool rule_7(const struct subject *s)
{
    return result_is(s, RESULT_DNSSEC_INVALID) &&
           (has(s, SIGN_BOGUS) || s->dialect == DIALECT_MICROSOFT ||
            s->dialect == DIALECT_STALWART || s->dialect == DIALECT_MOX);
}

static bool rule_7a(const struct subject *s)
{
    return result_is(s, RESULT_DNSSEC_INVALID);
}

static bool rule_7b(const struct subject *s)
{
    return is_vague(s) && has(s, SIGN_BOGUS);
}

static bool rule_7c(const struct subject *s)
{
    return is_vague(s) && has(s, SIGN_LOOKUP);
}

static bool rule_8(const struct subject *s)
{
    return result_is(s, RESULT_DANE_REQUIRED);
}

static bool rule_9(const struct subject *s)
{
    return result_is(s, RESULT_STARTTLS_NOT_SUPPORTED) && has(s, SIGN_REFUSED | SIGN_NOT_STARTED);
}

static bool rule_9a(const struct subject *s)
{
    return is_vague(s) && has(s, SIGN_NOT_STARTED);
}

static bool rule_10(const struct subject *s)
{
    return result_is(s, RESULT_STARTTLS_NOT_SUPPORTED);
}

static bool rule_10a(const struct subject *s)
{
    return is_vague(s) && has(s, SIGN_NOT_OFFERED);
}

static bool rule_11(const struct subject *s)
{
    return result_is(s, RESULT_STS_POLICY_FETCH_ERROR);
}

static bool rule_11a(const struct subject *s)
{
    return result_is(s, RESULT_STS_POLICY_INVALID);
}

static bool rule_11b(const struct subject *s)
{
    return result_is(s, RESULT_STS_WEBPKI_INVALID);
}

static bool rule_11c(const struct subject *s)
{
    return is_vague(s) && has(s, SIGN_FETCH);
}

static bool rule_12(const struct subject *s)
{
    return is_loose(s) && has(s, SIGN_MX);
}

/* "handshake" may stand in a text about a certificate ("TLS handshake failed: x509 ..."). */
static bool rule_13(const struct subject *s)
{
    return is_loose(s) &&
           (has(s, SIGN_ALERT) || (has(s, SIGN_HANDSHAKE) && !has(s, SIGNS_CERTIFICATE)));
}

/* Stalwart's own DANE check says validation-failure; here its TLS library has spoken. */
static bool is_stalwart_library(const struct subject *s)
{
    return s->dialect == DIALECT_STALWART && is_tlsa(s) &&
           result_is(s, RESULT_CERTIFICATE_NOT_TRUSTED);
}

static bool rule_13a(const struct subject *s)
{
    return is_stalwart_library(s) && !has(s, SIGNS_CERTIFICATE);
}

/*
 * The library looks to public CAs: always in older versions, in newer ones if the set has no usage
 * 3. That the certificate fits no TLSA record is not said.
 */
static bool rule_13b(const struct subject *s)
{
    return is_stalwart_library(s) && !has(s, SIGN_NAME | SIGN_EXPIRED | SIGN_NO_MATCH);
}

static bool rule_14(const struct subject *s)
{
    return is_tlsa(s) && is_name_problem(s) && may_be_ta(s);
}

/* The reporter checked a name that it must not check; the type says what it checked. */
static bool rule_14a(const struct subject *s)
{
    return is_tlsa(s) && is_name_problem(s);
}

static bool rule_15(const struct subject *s)
{
    return is_tlsa(s) && is_expiry(s);
}

static bool rule_16(const struct subject *s)
{
    return is_tlsa(s) && reason_decides(s) && has(s, SIGN_ISSUER) && may_be_ta(s);
}

static bool rule_16a(const struct subject *s)
{
    return is_no_match(s) && quotes_only_ta(s);
}

static bool rule_17(const struct subject *s)
{
    return is_no_match(s);
}

static bool rule_18(const struct subject *s)
{
    return is_expiry(s);
}

static bool rule_18a(const struct subject *s)
{
    return is_name_problem(s);
}

static bool rule_18b(const struct subject *s)
{
    return result_is(s, RESULT_CERTIFICATE_NOT_TRUSTED);
}

static bool rule_18c(const struct subject *s)
{
    return is_vague(s) && !is_tlsa(s) && has(s, SIGN_ISSUER | SIGN_UNTRUSTED | SIGN_X509);
}

static bool rule_19(const struct subject *s)
{
    return result_is(s, RESULT_VALIDATION_FAILURE);
}

static bool rule_20(const struct subject *s)
{
    (void)s;
    return true;
}

/*
 * In order; the first that holds wins. "Vague" is validation-failure or a result type that the
 * registry does not have; "loose" is that or certificate-not-trusted.
 */
static const struct rule {
    struct classify_rule face;
    bool (*holds)(const struct subject *subject);
} rules[] = {
    {{"1", "reason has an extended DNS error 5 to 12", "RFC 8914, section 4", FAILURE_DNSSEC_BOGUS},
     rule_1},
    {{"1a", "reason has extended DNS error 1, 2 or 27: unsupported parameters",
      "RFC 8914, section 4; RFC 9276, section 3.2", FAILURE_TLSA_LOOKUP_ERROR},
     rule_1a},
    {{"2", "reason has any other extended DNS error", "RFC 8914, section 4",
      FAILURE_TLSA_LOOKUP_ERROR},
     rule_2},
    {{"3", "sts, validation-failure, and no mx pattern of the quoted policy covers the MX host",
      "RFC 8461, section 4.1", FAILURE_STS_MX_MISMATCH},
     rule_3},
    {{"4", "tlsa-invalid, reason says that the records are unusable",
      "Postfix smtp_tlsrpt.c; mox queue/direct.go; Stalwart outbound/delivery.rs",
      FAILURE_TLSA_UNUSABLE},
     rule_4},
    {{"4a", "tlsa-invalid, reason names a lookup, or mox gives none", "mox queue/direct.go",
      FAILURE_TLSA_LOOKUP_ERROR},
     rule_4a},
    {{"5", "tlsa-invalid, records quoted and none of them usable",
      "RFC 7672, section 3.1; RFC 6698, section 2.1", FAILURE_TLSA_UNUSABLE},
     rule_5},
    {{"5a", "tlsa-invalid from Postfix or Stalwart, no record quoted",
      "Postfix smtp_tlsrpt.c; Stalwart outbound/delivery.rs", FAILURE_TLSA_UNUSABLE},
     rule_5a},
    {{"5b", "tlsa-invalid, every usable record has usage 2", "RFC 7672, section 3.1.2",
      FAILURE_DANE_TA_CHAIN},
     rule_5b},
    {{"6", "tlsa-invalid otherwise",
      "RFC 8460, section 4.3.2.1; Microsoft Learn, How SMTP DANE works",
      FAILURE_DANE_CERT_MISMATCH},
     rule_6},
    {{"6a", "dnssec-invalid, reason names a failed lookup and no verdict",
      "Microsoft Learn, How SMTP DANE works", FAILURE_TLSA_LOOKUP_ERROR},
     rule_6a},
    {{"7", "dnssec-invalid, reason says bogus, or from Microsoft, Stalwart or mox",
      "RFC 8460, section 4.3.2.1; mox queue/direct.go; Stalwart outbound/delivery.rs",
      FAILURE_DNSSEC_BOGUS},
     rule_7},
    {{"7a", "dnssec-invalid otherwise: bogus or unreachable",
      "RFC 8460, section 4.3.2.1; Exim smtp.c", FAILURE_TLSA_LOOKUP_ERROR},
     rule_7a},
    {{"7b", "vague, reason says bogus", "RFC 8460, section 4.3.3", FAILURE_DNSSEC_BOGUS}, rule_7b},
    {{"7c", "vague, reason names a failed lookup", "RFC 8460, section 4.3.3",
      FAILURE_TLSA_LOOKUP_ERROR},
     rule_7c},
    {{"8", "dane-required", "RFC 8460, section 4.3.2.1; RFC 7672, section 6",
      FAILURE_DANE_REQUIRED},
     rule_8},
    {{"9", "starttls-not-supported, reason tells of a refusal",
      "RFC 3207, section 4; mox smtpclient/client.go", FAILURE_STARTTLS_REFUSED},
     rule_9},
    {{"9a", "vague, reason says that STARTTLS was refused", "Exim smtp.c",
      FAILURE_STARTTLS_REFUSED},
     rule_9a},
    {{"10", "starttls-not-supported otherwise", "RFC 8460, section 4.3.1", FAILURE_STARTTLS_ABSENT},
     rule_10},
    {{"10a", "vague, reason says that STARTTLS was not offered", "RFC 8460, section 4.3.3",
      FAILURE_STARTTLS_ABSENT},
     rule_10a},
    {{"11", "sts-policy-fetch-error", "RFC 8460, section 4.3.2.2", FAILURE_STS_POLICY_FETCH_ERROR},
     rule_11},
    {{"11a", "sts-policy-invalid", "RFC 8460, section 4.3.2.2", FAILURE_STS_POLICY_INVALID},
     rule_11a},
    {{"11b", "sts-webpki-invalid", "RFC 8460, section 4.3.2.2", FAILURE_STS_WEBPKI_INVALID},
     rule_11b},
    {{"11c", "vague, reason names an HTTP request", "Reports of Mail.ru",
      FAILURE_STS_POLICY_FETCH_ERROR},
     rule_11c},
    {{"12", "loose, reason says that the policy does not allow the MX host",
      "mox queue/direct.go; Stalwart outbound/delivery.rs; reports of Microsoft",
      FAILURE_STS_MX_MISMATCH},
     rule_12},
    {{"13", "loose, reason tells of a broken handshake",
      "Postfix smtp_tlsrpt.c; mox smtpclient/client.go; RFC 8446, section 6",
      FAILURE_TLS_HANDSHAKE_FAILURE},
     rule_13},
    {{"13a", "tlsa, certificate-not-trusted from Stalwart, no word about the certificate",
      "Stalwart outbound/delivery.rs", FAILURE_TLS_HANDSHAKE_FAILURE},
     rule_13a},
    {{"13b", "tlsa, certificate-not-trusted from Stalwart, the chain leads to no trusted CA",
      "Stalwart outbound/delivery.rs", FAILURE_CERT_NOT_TRUSTED},
     rule_13b},
    {{"14", "tlsa, host mismatch by result type or reason, records of usage 2 or none quoted",
      "RFC 7672, section 3.2.2", FAILURE_DANE_TA_NAME},
     rule_14},
    {{"14a", "tlsa, host mismatch by result type or reason, no usable record of usage 2",
      "RFC 7672, section 3.1.1", FAILURE_CERT_HOST_MISMATCH},
     rule_14a},
    {{"15", "tlsa, expired by result type or reason",
      "RFC 7672, section 3.1.1; RFC 7671, section 5.2", FAILURE_DANE_EXPIRED},
     rule_15},
    {{"16", "tlsa, loose, reason misses an issuer, records of usage 2 or none quoted",
      "RFC 7671, section 5.2.2", FAILURE_DANE_TA_CHAIN},
     rule_16},
    {{"16a", "no match (as in 17), every usable record has usage 2", "RFC 7672, section 3.1.2",
      FAILURE_DANE_TA_CHAIN},
     rule_16a},
    {{"17",
      "tlsa, certificate-not-trusted, or vague with a reason that says no match or not trusted, "
      "or validation-failure without reason from mox or Stalwart",
      "Postfix smtp_tlsrpt.c; mox smtpclient/client.go; Stalwart dane/verify.rs",
      FAILURE_DANE_CERT_MISMATCH},
     rule_17},
    {{"18", "certificate-expired, or loose with a reason that says so", "RFC 8460, section 4.3.1",
      FAILURE_CERT_EXPIRED},
     rule_18},
    {{"18a", "certificate-host-mismatch, or loose with a reason that says so",
      "RFC 8460, section 4.3.1", FAILURE_CERT_HOST_MISMATCH},
     rule_18a},
    {{"18b", "certificate-not-trusted", "RFC 8460, section 4.3.1", FAILURE_CERT_NOT_TRUSTED},
     rule_18b},
    {{"18c", "not tlsa, vague, reason finds fault with the certificate's chain",
      "Postfix smtp_tlsrpt.c", FAILURE_CERT_NOT_TRUSTED},
     rule_18c},
    {{"19", "validation-failure otherwise", "RFC 8460, section 4.3.3",
      FAILURE_VALIDATION_UNSPECIFIED},
     rule_19},
    {{"20", "anything else", "RFC 8460, section 4.3", FAILURE_OTHER}, rule_20},
};

const struct classify_rule *classify_rule_at(guint index)
{
    return index < G_N_ELEMENTS(rules) ? &rules[index].face : NULL;
}

/* Who a reporter is by name: the first word of the organization, or a domain. */
static const struct {
    enum dialect dialect;
    const char *name;
    const char *domain;
} brands[] = {
    {DIALECT_MICROSOFT, "microsoft", "microsoft.com"},
    {DIALECT_GOOGLE, "google", "google.com"},
    {DIALECT_MAILRU, "mail.ru", "mail.ru"},
};

static bool is_company_word(const char *word)
{
    static const char *const words[] = {"inc",  "llc", "ltd",     "limited",  "corporation",
                                        "corp", "co",  "company", "group",    "ireland",
                                        "gmbh", "ooo", "mail",    "exchange", "online"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return *word == '\0';
}

/* "Google LLC" and "Google, Inc." are Google; "Google fans" and "google.example" are not. */
static bool is_named(const char *organization, const char *name)
{
    size_t length = strlen(name);
    if (g_ascii_strncasecmp(organization, name, length) != 0 ||
        (organization[length] != '\0' && strchr(" ,", organization[length]) == NULL))
        return false;
    g_autofree char *rest = g_ascii_strdown(organization + length, -1);
    g_auto(GStrv) words = g_strsplit_set(rest, " ,.", -1);
    for (char **word = words; *word != NULL; word++)
        if (!is_company_word(*word))
            return false;
    return true;
}

/* `address` is a domain or a mail address. */
static bool is_within(const char *address, const char *domain)
{
    if (address == NULL)
        return false;
    const char *at = strrchr(address, '@');
    const char *host = at != NULL ? at + 1 : address;
    size_t length = strcspn(host, "> "), tail = strlen(domain);
    return length >= tail && g_ascii_strncasecmp(host + length - tail, domain, tail) == 0 &&
           (length == tail || host[length - tail - 1] == '.');
}

static enum dialect dialect_of_name(const struct report *report)
{
    for (size_t i = 0; i < G_N_ELEMENTS(brands); i++)
        if ((report->organization != NULL && is_named(report->organization, brands[i].name)) ||
            is_within(report->organization, brands[i].domain) ||
            is_within(report->submitter, brands[i].domain) ||
            is_within(report->contact, brands[i].domain))
            return brands[i].dialect;
    return DIALECT_UNKNOWN;
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* "2025-09-20T00:00:00Z_idx1_example.com" */
static bool is_tlsrpt_reporter_id(const char *id)
{
    const char *index = strstr(id, "_idx");
    if (index == NULL)
        return false;
    index += strlen("_idx");
    return digits(index) > 0 && index[digits(index)] == '_';
}

/* "20240225.example.com@mox.example" */
static bool is_mox_id(const char *id)
{
    const char *at = strchr(id, '@');
    return digits(id) == 8 && id[8] == '.' && at != NULL && at > id + 9 && at[1] != '\0';
}

/* "133988091029006454+example.com", where the domain may be missing */
static bool is_microsoft_id(const char *id)
{
    return digits(id) == 18 && id[18] == '+';
}

/* "1735689600_1234567890": Unix seconds, then a hash; shorter numbers are anybody's. */
static bool is_stalwart_id(const char *id)
{
    size_t epoch = digits(id);
    if (epoch < 9 || epoch > 11 || id[epoch] != '_')
        return false;
    const char *hash = id + epoch + 1;
    return digits(hash) > 0 && hash[digits(hash)] == '\0';
}

static const struct {
    enum dialect dialect;
    bool (*holds)(const char *id);
} id_shapes[] = {
    {DIALECT_POSTFIX, is_tlsrpt_reporter_id},
    {DIALECT_MOX, is_mox_id},
    {DIALECT_MICROSOFT, is_microsoft_id},
    {DIALECT_STALWART, is_stalwart_id},
};

static enum dialect dialect_of_id(const char *id)
{
    for (size_t i = 0; id != NULL && i < G_N_ELEMENTS(id_shapes); i++)
        if (id_shapes[i].holds(id))
            return id_shapes[i].dialect;
    return DIALECT_UNKNOWN;
}

/* Texts that only one program is known to write. */
static const struct {
    enum dialect dialect;
    const char *text; /* folded */
} idioms[] = {
    {DIALECT_POSTFIX, "all tlsa records unusable"},
    {DIALECT_MOX, "dane no match"},
    {DIALECT_MOX, "all unusable records"},
    {DIALECT_MOX, "tls remote "},
    {DIALECT_MOX, "tls local "},
    {DIALECT_MOX, "tls record header error"},
    {DIALECT_MOX, "smtp starttls reply code "},
    {DIALECT_MOX, "mtasts policy mx mismatch"},
    {DIALECT_MOX, "fallback to cached policy"},
    {DIALECT_MOX, "extended dns error "},
    {DIALECT_MOX, "dns extended error "},
    {DIALECT_STALWART, "no matching certificates found"},
    {DIALECT_STALWART, "invalid tlsa record."},
    {DIALECT_STALWART, "bogus tlsa records were found"},
    {DIALECT_STALWART, "bogus mx records were found"},
    {DIALECT_STALWART, "starttls was not advertised by host"},
    {DIALECT_STALWART, "mx not authorized by policy"},
    {DIALECT_EXIM, "dane error:"},
    {DIALECT_EXIM, "dane attempt failed"},
    {DIALECT_MICROSOFT, "mx hosts mismatch"},
};

static enum dialect dialect_of_reason(const char *reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(idioms); i++)
        if (strstr(reason, idioms[i].text) != NULL)
            return idioms[i].dialect;
    /* The three-digit details are nobody else's; 5.7.5 and 5.4.8 are. */
    for (size_t i = 0; i < G_N_ELEMENTS(microsoft_codes); i++)
        if (strlen(microsoft_codes[i].tail) == strlen(".7.321") &&
            has_code(reason, microsoft_codes[i].tail))
            return DIALECT_MICROSOFT;
    return DIALECT_UNKNOWN;
}

static enum dialect dialect_of_reasons(const struct report *report)
{
    g_autoptr(GString) reason = g_string_new(NULL);
    for (guint i = 0; i < report->policies->len; i++) {
        const struct policy *policy = report->policies->pdata[i];
        for (guint j = 0; j < policy->details->len; j++) {
            const struct failure *failure = policy->details->pdata[j];
            fold_reason(reason, failure->reason_code);
            enum dialect dialect = dialect_of_reason(reason->str);
            if (dialect != DIALECT_UNKNOWN)
                return dialect;
        }
    }
    return DIALECT_UNKNOWN;
}

enum dialect classify_dialect(const struct report *report)
{
    enum dialect dialect = dialect_of_name(report);
    if (dialect == DIALECT_UNKNOWN)
        dialect = dialect_of_id(report->external_id);
    if (dialect == DIALECT_UNKNOWN)
        dialect = dialect_of_reasons(report);
    return dialect;
}

/* What holds for all failures of one policy is found once. */
static void subject_init(struct subject *subject, const struct policy *policy, enum dialect dialect)
{
    bool sts = policy->type == POLICY_STS;
    *subject = (struct subject){
        .policy = policy,
        .dialect = dialect,
        .tlsa = tlsa_summarize(sts ? NULL : policy->strings),
        .sts = sts_patterns_new(sts ? policy->strings : NULL, sts ? policy->mx_hosts : NULL),
        .reason = g_string_new(NULL),
    };
}

static void subject_clear(struct subject *subject)
{
    sts_patterns_free(subject->sts);
    g_string_free(subject->reason, TRUE);
}

static const struct classify_rule *first_rule(struct subject *subject,
                                              const struct failure *failure)
{
    const struct rule *rule = rules;
    fold_reason(subject->reason, failure->reason_code);
    subject->failure = failure;
    subject->signs = signs_of(subject->reason->str, subject->dialect);
    subject->dns_error = extended_dns_error(subject->reason->str);
    while (!rule->holds(subject)) /* the last one holds always */
        rule++;
    return &rule->face;
}

static void classify_policy(struct policy *policy, enum dialect dialect)
{
    struct subject subject;
    if (policy->details->len == 0)
        return;
    subject_init(&subject, policy, dialect);
    for (guint i = 0; i < policy->details->len; i++) {
        struct failure *failure = policy->details->pdata[i];
        failure->failure_type = first_rule(&subject, failure)->type;
        failure->mail_effect =
            effect_of(failure->failure_type, policy->type, policy->mode, dialect);
    }
    subject_clear(&subject);
}

void classify_report(struct report *report)
{
    enum dialect dialect = classify_dialect(report);
    for (guint i = 0; i < report->policies->len; i++)
        classify_policy(report->policies->pdata[i], dialect);
}

const struct classify_rule *classify_failure(const struct report *report,
                                             const struct policy *policy,
                                             const struct failure *failure)
{
    struct subject subject;
    subject_init(&subject, policy, classify_dialect(report));
    const struct classify_rule *rule = first_rule(&subject, failure);
    subject_clear(&subject);
    return rule;
}
