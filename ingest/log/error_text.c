#include "ingest/log/error_text.h"
#include "ingest/log/pattern.h"
#include <string.h>

/* The first that fits counts: causes before what they led to. */
static const struct rule {
    struct pattern pattern;
    enum log_detail detail;
    enum result_type result; /* RESULT_UNKNOWN: the detail's */
} rules[] = {
    {{"", "(?i)fail(?:ed|ure)? (?:to )?(?:fetch|retriev)\\w* (?:the )?(?:MTA-)?STS polic"},
     DETAIL_NONE,
     RESULT_STS_POLICY_FETCH_ERROR},
    {{"", "(?i)sts-policy-fetch-error"}, DETAIL_NONE, RESULT_STS_POLICY_FETCH_ERROR},
    {{"", "(?i)\\bSTS\\b.*\\b(?:certificate|webpki)\\b|sts-webpki-invalid"},
     DETAIL_NONE,
     RESULT_STS_WEBPKI_INVALID},
    {{"", "(?i)\\bSTS\\b.*\\b(?:MX|host\\w*)\\b.*\\bmatch"},
     DETAIL_STS_MX_MISMATCH,
     RESULT_UNKNOWN},
    {{"", "(?i)(?:parse|invalid|bad)\\b.*\\bSTS polic|sts-policy-invalid"},
     DETAIL_NONE,
     RESULT_STS_POLICY_INVALID},

    {{"", "(?i)\\bnot (?:yet )?valid (?:yet|before)|\\bnot yet valid"},
     DETAIL_CERT_NOT_YET_VALID,
     RESULT_UNKNOWN},
    {{"", "(?i)\\bcert\\w* (?:has |is )?expired|\\bexpired (?:\\w+ )?cert|certificate-expired"},
     DETAIL_NONE,
     RESULT_CERTIFICATE_EXPIRED},
    {{"", "(?i)\\bcert.*\\brevoked|\\bCRL\\b"}, DETAIL_CERT_REVOKED, RESULT_UNKNOWN},
    {{"", "(?i)\\bself[- ]signed"}, DETAIL_SELF_SIGNED, RESULT_UNKNOWN},
    {{"", "(?i)\\bIP address mismatch"}, DETAIL_IP_ADDRESS_MISMATCH, RESULT_UNKNOWN},
    {{"",
      "(?i)\\b(?:host ?name|subject|name|host)\\b.{0,60}\\b(?:mismatch|does not match|not match)"
      "|\\bno (?:alternative )?cert\\w* (?:subject )?name match|certificate-host-mismatch"
      "|^(?!.*\\b(?:TLSA|DANE)\\b).*\\bcert\\w* (?:does(?: not|n't)|did not) match"},
     DETAIL_NONE,
     RESULT_CERTIFICATE_HOST_MISMATCH},
    {{"", "(?i)\\bpurpose\\b"}, DETAIL_CERT_PURPOSE, RESULT_UNKNOWN},
    {{"", "(?i)\\bcert\\w* chain too long|\\bpath length constraint"},
     DETAIL_CERT_CHAIN_TOO_LONG,
     RESULT_UNKNOWN},
    {{"", "(?i)\\b(?:key|md|digest)\\b.{0,20}\\btoo (?:weak|small)"},
     DETAIL_CERT_WEAK,
     RESULT_UNKNOWN},
    {{"",
      "(?i)\\bunable to (?:get|verify) (?:local |the )?(?:issuer|first) cert|untrusted issuer"
      "|\\bnot (?:signed|issued) by a (?:valid|trusted|known)|\\bunknown (?:CA|issuer|authority)"},
     DETAIL_UNTRUSTED_ISSUER,
     RESULT_UNKNOWN},

    {{"",
      "(?i)\\b(?:unusable|no usable)\\b.*\\b(?:TLSA|DANE)|\\bTLSA\\b.*\\bunusable|tlsa-invalid"},
     DETAIL_TLSA_UNUSABLE,
     RESULT_UNKNOWN},
    {{"",
      "(?i)\\bno match\\w* (?:DANE |TLSA )|\\b(?:DANE|TLSA)\\b.*(?:mismatch|\\b(?:no|not) match)"
      "|\\bnot match\\b.*\\b(?:DANE|TLSA)\\b"},
     DETAIL_TLSA_MISMATCH,
     RESULT_UNKNOWN},
    {{"",
      "(?i)\\b(?:DANE|TLSA|DNSSEC)\\b.*\\b(?:SERVFAIL|bogus|lookup|look up|time[d ]?out|quer\\w+)"
      "|\\b(?:SERVFAIL|bogus|lookup|resolve)\\b.*\\b(?:DANE|TLSA|DNSSEC)|dnssec-invalid"},
     DETAIL_TLSA_LOOKUP_ERROR,
     RESULT_UNKNOWN},
    {{"", "(?i)\\b(?:no|missing) TLSA\\b|\\bTLSA\\b.*\\b(?:not found|missing)|dane-required"},
     DETAIL_NO_TLSA,
     RESULT_UNKNOWN},

    {{"", "(?i)\\bafter STARTTLS\\b.*\\b[45]\\d\\d\\b|\\bSTARTTLS\\b.*\\b(?:refused|rejected)"
          "|\\bSTARTTLS\\b.*\\b(?:454|5\\d\\d)\\b|\\b454\\b.*\\bTLS\\b.*\\bnot available"},
     DETAIL_STARTTLS_REFUSED,
     RESULT_UNKNOWN},
    {{"",
      "(?i)\\b(?:START)?TLS\\b.*\\b(?:not|isn't) (?:been "
      ")?(?:offered|supported|available|advertised)"
      "|\\b(?:does|did|do)(?: not|n't) (?:offer|support|advertise|announce)\\b.*\\b(?:START)?TLS\\b"
      "|\\bSTARTTLS\\b.*\\b(?:unsupported|unavailable)|starttls-not-supported"},
     DETAIL_NONE,
     RESULT_STARTTLS_NOT_SUPPORTED},
    {{"", "(?i)\\bcert\\w*\\b.*\\b(?:verif\\w+|trusted|untrusted|invalid|rejected|bad)"
          "|\\bverif\\w+\\b.*\\bcert|certificate-not-trusted"},
     DETAIL_NONE,
     RESULT_CERTIFICATE_NOT_TRUSTED},
    {{"", "(?i)\\b(?:DANE|TLSA)\\b"}, DETAIL_NONE, RESULT_VALIDATION_FAILURE},
    {{"", "(?i)\\b(?:TLS|SSL)\\b.*\\b(?:closed|lost|reset)|\\bshutdown while in init"},
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN},
    {{"", "(?i)\\bhandshake|\\bSSL_(?:connect|do_handshake)|\\bSSL routines|\\bSTARTTLS\\b"
          "|\\b(?:TLS|SSL)\\b.*\\b(?:error|fail\\w*|alert|negotiat\\w+|version)"
          "|\\bwrong version number"},
     DETAIL_HANDSHAKE_FAILURE,
     RESULT_UNKNOWN},
};

struct error_texts {
    struct pattern_set *rules;
};

struct error_texts *error_texts_new(void)
{
    struct error_texts *texts = g_new0(struct error_texts, 1);

    texts->rules = pattern_set_new(rules, G_N_ELEMENTS(rules), sizeof rules[0]);
    return texts;
}

void error_texts_free(struct error_texts *texts)
{
    if (texts == NULL)
        return;
    pattern_set_free(texts->rules);
    g_free(texts);
}

bool error_text_read(struct error_texts *texts, struct span text, struct error_text *found)
{
    struct span captures[PATTERN_CAPTURES];
    int row = pattern_set_match(texts->rules, text, captures);

    *found = (struct error_text){RESULT_UNKNOWN, DETAIL_NONE, false};
    if (row < 0)
        return false;
    found->detail = rules[row].detail;
    found->result =
        rules[row].result != RESULT_UNKNOWN ? rules[row].result : log_detail_result(found->detail);
    found->dane = span_find(text, "DANE") != NULL || span_find(text, "TLSA") != NULL ||
                  span_find(text, "dane") != NULL || span_find(text, "tlsa") != NULL;
    return true;
}

enum result_type error_text_alert(struct span text)
{
    static const struct {
        const char *words;
        enum result_type result;
    } alerts[] = {
        {"alert certificate expired", RESULT_CERTIFICATE_EXPIRED},
        {"SSL alert number 45", RESULT_CERTIFICATE_EXPIRED},
        {"Certificate is expired", RESULT_CERTIFICATE_EXPIRED},
        {"alert unknown ca", RESULT_CERTIFICATE_NOT_TRUSTED},
        {"SSL alert number 48", RESULT_CERTIFICATE_NOT_TRUSTED},
        {"CA is unknown", RESULT_CERTIFICATE_NOT_TRUSTED},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(alerts); i++)
        if (span_find(text, alerts[i].words) != NULL)
            return alerts[i].result;
    return RESULT_UNKNOWN;
}
