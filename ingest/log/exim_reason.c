#include "ingest/log/exim_private.h"

/* Where a text leads on to another table. */
enum next { NEXT_NONE, NEXT_REASON, NEXT_ERROR, NEXT_CHECK };

/* What a row of a table says. `detail` earns its result type; `result` stands where it is NONE. */
struct verdict {
    enum exim_rank rank;
    enum log_detail detail;
    enum result_type result;
};

struct row {
    struct pattern pattern;
    struct verdict verdict;
    struct verdict under_dane; /* rank EXIM_NOTHING: the same */
    enum exim_kind kind;
    enum tls_level level; /* LEVEL_DANE and LEVEL_DANE_ONLY: it was about DANE */
    enum next next;
    guint name, ip, rest; /* captures; 0: none */
    bool no_session;
    bool is_dane; /* although kind is EXIM_SOFT */
};

#define EXACT(detail)                                                                              \
    {                                                                                              \
        EXIM_EXACT, detail, RESULT_UNKNOWN                                                         \
    }
#define TYPED(rank, result)                                                                        \
    {                                                                                              \
        rank, DETAIL_NONE, result                                                                  \
    }
#define HANDSHAKE                                                                                  \
    {                                                                                              \
        EXIM_HANDSHAKE, DETAIL_HANDSHAKE_FAILURE, RESULT_UNKNOWN                                   \
    }

#define PEER "(\\S+) \\[([^]]*)\\]"

/* Above a row: the source of its text, the versions that have it, the place in the catalog. */
static const struct row reasons[] = {
    /* The text of "==" and "**" lines, and behind "H=HOST [IP]: ". */
    /* transports/smtp.c since 4.90, the TLS library's words behind it; catalog 4.3 */
    {.pattern = {"^TLS session: ", "^TLS session: (.*)"}, .next = NEXT_ERROR, .rest = 1},
    /* transports/smtp.c; with the host before 4.85; catalog 4.4 */
    {.pattern = {"the server did not offer TLS support",
                 "^a TLS session is required(?: for (\\S+) \\[([^]]*)\\])?(?: for this host)?, but "
                 "the server did not offer TLS support"},
     .verdict = TYPED(EXIM_EXACT, RESULT_STARTTLS_NOT_SUPPORTED),
     .name = 1,
     .ip = 2},
    {.pattern = {"an attempt to start TLS failed",
                 "^a TLS session is required(?: for (\\S+) \\[([^]]*)\\])?(?: for this host)?, but "
                 "an attempt to start TLS failed"},
     .verdict = EXACT(DETAIL_STARTTLS_REFUSED),
     .name = 1,
     .ip = 2},
    /* transports/smtp.c, check_response(), all versions: refused where DANE is in use or
       tls_tempfail_tryclear is off; with the host before 4.85; catalog 4.4 */
    {.pattern = {"STARTTLS: ", "^SMTP error from remote mail server after (?:pipelined )?STARTTLS: "
                               "(?:host " PEER ": )?"},
     .verdict = EXACT(DETAIL_STARTTLS_REFUSED),
     .name = 1,
     .ip = 2},
    /* the same function: no answer to STARTTLS */
    {.pattern = {"STARTTLS",
                 "^Remote host (?:" PEER " )?closed connection in response to (?:pipelined )?"
                 "STARTTLS"},
     .verdict = {EXIM_HANDSHAKE, DETAIL_TLS_SESSION_LOST, RESULT_UNKNOWN},
     .name = 1,
     .ip = 2},
    {.pattern = {"STARTTLS", "^SMTP timeout after (?:pipelined )?STARTTLS"},
     .verdict = {EXIM_HANDSHAKE, DETAIL_TLS_SESSION_LOST, RESULT_UNKNOWN}},
    /* transports/smtp.c since 4.85, hosts_try_dane or hosts_require_dane; catalog 4.5 */
    {.pattern = {"^DANE error: tlsa lookup FAIL", "^DANE error: tlsa lookup FAIL(?!_)"},
     .verdict = EXACT(DETAIL_NO_TLSA),
     .level = LEVEL_DANE_ONLY},
    {.pattern = {"^DANE error: tlsa lookup ", "^DANE error: tlsa lookup "},
     .verdict = EXACT(DETAIL_TLSA_LOOKUP_ERROR),
     .level = LEVEL_DANE},
    /* host.c since 4.91, transports/smtp.c before (without the host): goes on unless required */
    {.pattern = {"^DANE error: TLSA lookup ",
                 "^DANE error: TLSA lookup (?:for (\\S+) )?not DNSSEC"},
     .verdict = EXACT(DETAIL_TLSA_NOT_DNSSEC),
     .kind = EXIM_SOFT,
     .level = LEVEL_DANE,
     .name = 1},
    {.pattern = {" lookup not DNSSEC", "^DANE error: (\\S+) lookup not DNSSEC"},
     .verdict = EXACT(DETAIL_HOST_LOOKUP_NOT_DNSSEC),
     .level = LEVEL_DANE_ONLY,
     .name = 1},
    /* tls-openssl.c, dane_tlsa_load(), since 4.85: names no host; catalog 4.8 */
    {.pattern = {"^DANE error: No usable TLSA records", "^DANE error: No usable TLSA records"},
     .verdict = EXACT(DETAIL_TLSA_UNUSABLE),
     .level = LEVEL_DANE},
    {.pattern = {"^DANE error: ", "^DANE error: "},
     .verdict = TYPED(EXIM_HANDSHAKE, RESULT_VALIDATION_FAILURE),
     .level = LEVEL_DANE},
    /* transports/smtp.c, 4.80 to 4.89; catalog 4.3 */
    {.pattern = {"^failure while setting up TLS session", "^failure while setting up TLS session"},
     .verdict = {EXIM_GENERIC, DETAIL_HANDSHAKE_FAILURE, RESULT_UNKNOWN}},
    /* transports/smtp.c since 4.94: GnuTLS and TLS 1.3 */
    {.pattern = {"^bad first read from TLS conn", "^bad first read from TLS conn"},
     .verdict = HANDSHAKE},
    /* transports/smtp.c with EXPERIMENTAL_SRV_SMTPS; catalog 4.4 */
    {.pattern = {"but STARTTLS not offered", "^Connection aborted; STARTTLS support by (\\S+) "
                                             "\\[([^]]*)\\] required by DNS SRV"},
     .verdict = TYPED(EXIM_EXACT, RESULT_STARTTLS_NOT_SUPPORTED),
     .name = 1,
     .ip = 2},
    /* transports/smtp.c since 4.90: smtps without TLS in the binary */
    {.pattern = {"^TLS support not available", "^TLS support not available"},
     .verdict = EXACT(DETAIL_LOCAL_TLS_CONFIG)},
    /* routers/dnslookup.c and rf_lookup_hostlist.c, all versions: the MX or address lookup of the
       domain; diagnosis 10 */
    {.pattern = {"^host lookup ", "^host lookup (?:for \\S+ )?did not complete"},
     .verdict = EXACT(DETAIL_DNS_LOOKUP_ERROR),
     .no_session = true},
    /* routers/dnslookup.c since 4.83, dnssec_require_domains */
    {.pattern = {"^host lookup ", "^host lookup (?:for \\S+ )?done insecurely"},
     .verdict = EXACT(DETAIL_INSECURE_MX),
     .no_session = true},
    /* transports/smtp.c since 4.90, the same option: the address of a server */
    {.pattern = {"^lookup of IP address for ", "^lookup of IP address for (\\S+) was insecure"},
     .verdict = EXACT(DETAIL_HOST_LOOKUP_NOT_DNSSEC),
     .no_session = true,
     .name = 1},
    /* transports/smtp.c with EXPERIMENTAL_REQUIRETLS, 4.92 */
    {.pattern = {"^REQUIRETLS support ", "^REQUIRETLS support is required from the server"},
     .verdict = EXACT(DETAIL_REQUIRETLS_NOT_OFFERED)},
    /* transports/smtp.c, all versions; with the domain since 4.86 */
    {.pattern = {"^all host address lookups",
                 "^all host address lookups(?: for '[^']*')? failed temporarily"},
     .verdict = EXACT(DETAIL_DNS_LOOKUP_ERROR),
     .no_session = true},
};

static const struct row errors[] = {
    /* What the TLS library said: tls_error() of tls-openssl.c and tls-gnu.c; catalog 4.3. */
    /* OpenSSL: our own check. Under DANE no other line tells more. */
    {.pattern = {"certificate verify failed",
                 "^\\(SSL_connect\\): error:[^ ]*.*certificate verify failed"},
     .verdict = TYPED(EXIM_CHECK_FAILED, RESULT_CERTIFICATE_NOT_TRUSTED),
     .under_dane = {EXIM_CHECK_FAILED, DETAIL_TLSA_MISMATCH, RESULT_UNKNOWN}},
    /* OCSP stapling, OpenSSL since 4.87 and GnuTLS since 4.82 */
    {.pattern = {"", "^\\(SSL_connect\\) (?:Server certificate revoked"
                     "|Required TLS certificate status not received)"
                     "|^\\(certificate status check failed\\)|^\\(ocsp decode\\)"},
     .verdict = EXACT(DETAIL_CERT_REVOKED)},
    {.pattern = {"invalid status response", "^\\(SSL_connect\\): error:.*invalid status response"},
     .verdict = EXACT(DETAIL_CERT_REVOKED)},
    {.pattern = {"^(SSL_connect) Server certificate ", "^\\(SSL_connect\\) Server certificate "},
     .verdict = TYPED(EXIM_EXACT, RESULT_VALIDATION_FAILURE)},
    /* GnuTLS: a wrong name is what it gives no reason for */
    {.pattern = {"^(certificate verification failed)",
                 "^\\(certificate verification failed\\):?\\s*$"},
     .verdict = TYPED(EXIM_EXACT, RESULT_CERTIFICATE_HOST_MISMATCH)},
    {.pattern = {"^(certificate verification failed): ",
                 "^\\(certificate verification failed\\): certificate revoked"},
     .verdict = EXACT(DETAIL_CERT_REVOKED)},
    /* unknown issuer, self-signed, expired and not yet valid are one */
    {.pattern = {"^(certificate verification failed): ",
                 "^\\(certificate verification failed\\): certificate invalid"},
     .verdict = TYPED(EXIM_CHECK_FAILED, RESULT_CERTIFICATE_NOT_TRUSTED)},
    /* libdane's dane_verification_status_print(), since 4.91 */
    {.pattern = {"^(certificate verification failed): ",
                 "^\\(certificate verification failed\\): Verification failed\\."},
     .verdict = EXACT(DETAIL_TLSA_MISMATCH),
     .level = LEVEL_DANE},
    {.pattern = {"TLSA record problem", "^(?:\\(certificate verification failed\\): )?"
                                        "TLSA record problem: "},
     .verdict = EXACT(DETAIL_TLSA_UNUSABLE),
     .level = LEVEL_DANE},
    /* tls-openssl.c, dane_tlsa_load(): a record that OpenSSL refuses */
    {.pattern = {"^(tlsa load)", "^\\(tlsa load\\)"},
     .verdict = EXACT(DETAIL_TLSA_UNUSABLE),
     .level = LEVEL_DANE},
    /* none was sent */
    {.pattern = {"^(certificate verification ", "^\\(certificate verification "},
     .verdict = TYPED(EXIM_EXACT, RESULT_VALIDATION_FAILURE)},
    /* our own options and files, before anything is sent */
    {.pattern = {"", "^\\((?:cert/key setup|SSL_CTX_|SSL_new|SSL_set_|library init|context init"
                     "|set ex_data|hostnames load|RAND_status|openssl_options|X509_STORE|alpn init"
                     "|setting certificate trust|No standard prime|TLS cache|D-H param|failed to "
                     "|[Cc]ould not |Unable to |Unknown |Error enabling |malloc failed"
                     "|memory allocation failed|cert-status-req|overlong filename|Filename too long"
                     "|gnutls_(?!handshake))|^expansion of \\S+ failed"},
     .verdict = EXACT(DETAIL_LOCAL_TLS_CONFIG)},
    /* OpenSSL: the peer's alert, its bytes, or its end. 3.x leaves the function empty. */
    {.pattern = {"^(SSL_connect): ", "^\\(SSL_connect\\): (?:error:[0-9A-Fa-f]+:(?:SSL routines|"
                                     "system library|lib\\(0\\)|BIO routines)|timed out|syscall)"},
     .verdict = HANDSHAKE},
    /* GnuTLS; "rxd alert: NAME" since 4.97 */
    {.pattern = {"^(gnutls_handshake)", "^\\(gnutls_handshake\\)"}, .verdict = HANDSHAKE},
    /* ALPN since 4.96; the first bytes after the handshake */
    {.pattern = {"", "^\\(handshake\\): |^error on first read|^synch error before connect"},
     .verdict = HANDSHAKE},
    /* Left in OpenSSL's queue of errors by something before: under DANE the check may have failed,
       seen for a wrong name under usage 2 */
    {.pattern = {"", ""},
     .verdict = HANDSHAKE,
     .under_dane = TYPED(EXIM_HANDSHAKE, RESULT_VALIDATION_FAILURE)},
};

static const struct row checks[] = {
    /* OpenSSL's X509_verify_cert_error_string(), whose words change with its versions; 4.6 */
    {.pattern = {"certificate has expired", "^certificate has expired"},
     .verdict = TYPED(EXIM_EXPIRED, RESULT_CERTIFICATE_EXPIRED)},
    {.pattern = {"revoked", "^certificate revoked"},
     .verdict = {EXIM_REVOKED, DETAIL_CERT_REVOKED, RESULT_UNKNOWN}},
    {.pattern = {"CRL", "CRL"}, .verdict = {EXIM_CHECKED, DETAIL_CERT_REVOKED, RESULT_UNKNOWN}},
    /* with '-' since OpenSSL 3.0 */
    {.pattern = {"signed certificate in ", "^self[- ]signed certificate in certificate chain"},
     .verdict = {EXIM_UNTRUSTED, DETAIL_UNTRUSTED_ISSUER, RESULT_UNKNOWN}},
    {.pattern = {"signed certificate", "^self[- ]signed certificate"},
     .verdict = {EXIM_SELF_SIGNED, DETAIL_SELF_SIGNED, RESULT_UNKNOWN}},
    {.pattern = {"", "^unable to get (?:local )?issuer certificate"
                     "|^unable to verify the first certificate"
                     "|^certificate (?:not trusted|rejected)"},
     .verdict = {EXIM_UNTRUSTED, DETAIL_UNTRUSTED_ISSUER, RESULT_UNKNOWN}},
    {.pattern = {"", "^invalid CA certificate|^certificate signature failure"},
     .verdict = TYPED(EXIM_UNTRUSTED, RESULT_CERTIFICATE_NOT_TRUSTED)},
    {.pattern = {"not yet valid", "^certificate is not yet valid"},
     .verdict = {EXIM_CHECKED, DETAIL_CERT_NOT_YET_VALID, RESULT_UNKNOWN}},
    /* "unsuitable" since OpenSSL 3.0 */
    {.pattern = {"certificate purpose", "^uns(?:uitable|upported) certificate purpose"},
     .verdict = {EXIM_CHECKED, DETAIL_CERT_PURPOSE, RESULT_UNKNOWN}},
    {.pattern = {"", "^certificate chain too long|^path length constraint exceeded"},
     .verdict = {EXIM_CHECKED, DETAIL_CERT_CHAIN_TOO_LONG, RESULT_UNKNOWN}},
    {.pattern = {"too weak", "too weak"},
     .verdict = {EXIM_CHECKED, DETAIL_CERT_WEAK, RESULT_UNKNOWN}},
    {.pattern = {"mismatch", "^[Hh]ost ?name mismatch"},
     .verdict = TYPED(EXIM_NAME_MISMATCH, RESULT_CERTIFICATE_HOST_MISMATCH)},
    {.pattern = {"mismatch", "^IP address mismatch"},
     .verdict = {EXIM_NAME_MISMATCH, DETAIL_IP_ADDRESS_MISMATCH, RESULT_UNKNOWN}},
    {.pattern = {"", ""}, .verdict = TYPED(EXIM_CHECKED, RESULT_VALIDATION_FAILURE)},
};

static const struct row evidence[] = {
    /* Lines with a message id and no flag. */
    /* verify.c: of a callout, which is no delivery; catalog 4.6 */
    {.pattern = {" (during ", "SSL verify error \\(during [^)]*\\)"}},
    /* tls-openssl.c, verify_callback(); with [IP] since 4.86 */
    {.pattern = {"SSL verify error: depth=",
                 "^(?:\\[([^]]*)\\] )?SSL verify error: depth=\\d+ error=(.*?)(?: cert=.*)?$"},
     .kind = EXIM_CHECK,
     .next = NEXT_CHECK,
     .ip = 1,
     .rest = 2},
    {.pattern = {"certificate name mismatch",
                 "^(?:\\[([^]]*)\\] )?SSL verify error: (?:\\w+ )?certificate name mismatch"},
     .verdict = TYPED(EXIM_NAME_MISMATCH, RESULT_CERTIFICATE_HOST_MISMATCH),
     .kind = EXIM_CHECK,
     .ip = 1},
    /* transports/smtp.c since 4.90; catalog 4.3, 4.5 */
    {.pattern = {"^DANE attempt failed; ",
                 "^DANE attempt failed; TLS connection to " PEER ": (.*)"},
     .level = LEVEL_DANE,
     .next = NEXT_ERROR,
     .name = 1,
     .ip = 2,
     .rest = 3},
    /* 4.88 and 4.89 */
    {.pattern = {"^DANE attempt failed; ", "^DANE attempt failed; no TLS connection to " PEER},
     .verdict = TYPED(EXIM_GENERIC, RESULT_VALIDATION_FAILURE),
     .level = LEVEL_DANE,
     .name = 1,
     .ip = 2},
    /* 4.85 to 4.87: a second handshake, without TLSA records */
    {.pattern = {"^DANE attempt failed; ", "^DANE attempt failed; trying CA-root TLS to " PEER},
     .verdict = TYPED(EXIM_GENERIC, RESULT_VALIDATION_FAILURE),
     .kind = EXIM_SOFT,
     .level = LEVEL_DANE,
     .is_dane = true,
     .name = 1,
     .ip = 2},
    /* transports/smtp.c since 4.90, then 4.80 to 4.89; catalog 4.3, 4.7 */
    {.pattern = {": delivering unencrypted to ",
                 "^TLS session: (.*): delivering unencrypted to H=" PEER},
     .kind = EXIM_IN_CLEAR,
     .next = NEXT_ERROR,
     .name = 2,
     .ip = 3,
     .rest = 1},
    {.pattern = {": delivering unencrypted to ",
                 "^TLS session failure: delivering unencrypted to (?:H=)?" PEER},
     .verdict = {EXIM_GENERIC, DETAIL_HANDSHAKE_FAILURE, RESULT_UNKNOWN},
     .kind = EXIM_IN_CLEAR,
     .name = 1,
     .ip = 2},
    /* a host that was tried, write_logs() of transports/smtp.c */
    {.pattern = {"]", "^H=(\\S+) (?:DS )?\\[([^]]*)\\](?::\\d+)?: (.*)"},
     .next = NEXT_REASON,
     .name = 1,
     .ip = 2,
     .rest = 3},
    /* in the middle of a session, or its end: GnuTLS complains of every peer that just closes */
    {.pattern = {"TLS error on connection ",
                 "TLS error on connection (?:to " PEER " )?\\((?:recv|send)\\)"}},
    /* the handshake, 4.85 to 4.89, then up to 4.84; catalog 4.7 */
    {.pattern = {" TLS error on connection (", "^H=" PEER " TLS error on connection (\\(.*)"},
     .next = NEXT_ERROR,
     .name = 1,
     .ip = 2,
     .rest = 3},
    {.pattern = {"^TLS error on connection to ", "^TLS error on connection to " PEER " (\\(.*)"},
     .next = NEXT_ERROR,
     .name = 1,
     .ip = 2,
     .rest = 3},
    /* tls-openssl.c, tls_client_stapling_cb() */
    {.pattern = {"^Server certificate revoked", "^Server certificate revoked"},
     .verdict = EXACT(DETAIL_CERT_REVOKED),
     .kind = EXIM_CHECK},
    /* as a reason; before 4.85 write_logs() wrote nothing before it */
    {.pattern = {"", "^((?:DANE error: |Connection aborted; |a TLS session is required for "
                     "|SMTP error from remote mail server after |Remote host ).*)"},
     .next = NEXT_REASON,
     .rest = 1},
};

void exim_open_reasons(struct exim *exim)
{
    exim->reasons = pattern_set_new(reasons, G_N_ELEMENTS(reasons), sizeof *reasons);
    exim->errors = pattern_set_new(errors, G_N_ELEMENTS(errors), sizeof *errors);
    exim->checks = pattern_set_new(checks, G_N_ELEMENTS(checks), sizeof *checks);
    exim->evidence = pattern_set_new(evidence, G_N_ELEMENTS(evidence), sizeof *evidence);
}

void exim_close_reasons(struct exim *exim)
{
    pattern_set_free(exim->reasons);
    pattern_set_free(exim->errors);
    pattern_set_free(exim->checks);
    pattern_set_free(exim->evidence);
}

static void take_verdict(struct exim_finding *finding, const struct row *row)
{
    const struct verdict *verdict =
        finding->is_dane && row->under_dane.rank != EXIM_NOTHING ? &row->under_dane : &row->verdict;

    finding->rank = verdict->rank;
    finding->detail = verdict->detail;
    finding->dane_detail = row->under_dane.detail;
    finding->result =
        verdict->detail != DETAIL_NONE ? log_detail_result(verdict->detail) : verdict->result;
}

/* What one row says goes over what rows that led to it said, but for what it leaves open. */
static void take_row(struct exim_finding *finding, const struct row *row, struct span text,
                     const struct span captures[PATTERN_CAPTURES])
{
    finding->kind = MAX(finding->kind, row->kind);
    finding->level = row->level != LEVEL_UNKNOWN ? row->level : finding->level;
    /* TLSA records that nobody vouches for authenticate nothing. */
    finding->is_dane |= row->level != LEVEL_UNKNOWN && row->kind != EXIM_SOFT;
    finding->is_dane |= row->is_dane;
    finding->no_session |= row->no_session;
    if (row->name != 0 && captures[row->name].length > 0)
        finding->name = captures[row->name];
    if (row->ip != 0 && captures[row->ip].length > 0)
        finding->ip = captures[row->ip];
    finding->reason = row->rest != 0 ? captures[row->rest] : text;
    take_verdict(finding, row);
}

static enum next read_table(struct pattern_set *set, const struct row *rows, struct span text,
                            struct exim_finding *finding)
{
    struct span captures[PATTERN_CAPTURES];
    int found = pattern_set_match(set, text, captures);

    if (found < 0)
        return NEXT_NONE;
    take_row(finding, &rows[found], text, captures);
    return rows[found].next;
}

/* An empty text (the library gave none) is none that a pattern is asked for. */
static struct span or_blank(struct span text)
{
    return text.length > 0 ? text : span_of(" ", 1);
}

static bool follow(struct exim *exim, enum next next, struct exim_finding *finding)
{
    struct span reason = finding->reason;

    if (next == NEXT_REASON) {
        next = read_table(exim->reasons, reasons, reason, finding);
        if (next == NEXT_ERROR)
            read_table(exim->errors, errors, or_blank(finding->reason), finding);
    } else if (next == NEXT_ERROR) {
        read_table(exim->errors, errors, or_blank(reason), finding);
    } else if (next == NEXT_CHECK) {
        read_table(exim->checks, checks, or_blank(reason), finding);
    }
    if (finding->reason.length == 0 || *finding->reason.at == ' ')
        finding->reason = reason;
    return finding->rank != EXIM_NOTHING;
}

bool exim_read_reason(struct exim *exim, struct span text, struct exim_finding *finding)
{
    memset(finding, 0, sizeof *finding);
    finding->reason = text;
    if (!follow(exim, NEXT_REASON, finding))
        return false;
    finding->kind = EXIM_FAILED;
    finding->reason = text;
    return true;
}

bool exim_read_evidence(struct exim *exim, struct span text, struct exim_finding *finding)
{
    enum next next;

    memset(finding, 0, sizeof *finding);
    next = read_table(exim->evidence, evidence, text, finding);
    return follow(exim, next, finding);
}

bool exim_is_retry(struct span text)
{
    return span_begins(text, "retry time not reached") ||
           (span_begins(text, "all hosts") &&
            span_find(text, " have been failing for a long time") != NULL);
}

/* Digits from `at` on; 0 where there is none or more than three. */
static size_t digits_at(struct span text, size_t at)
{
    size_t end = at;

    while (end < text.length && g_ascii_isdigit(text.at[end]))
        end++;
    return end - at <= 3 ? end - at : 0;
}

struct span exim_read_dsn(struct span text)
{
    const char *code = span_find(text, ": 4");
    size_t at, subject, detail;

    if (code == NULL)
        code = span_find(text, ": 5");
    if (code == NULL)
        return span_of(NULL, 0);
    at = (size_t)(code - text.at) + 2;
    if (digits_at(text, at) != 3 || at + 6 >= text.length)
        return span_of(NULL, 0);
    at += 4;
    if (digits_at(text, at) != 1 || text.at[at + 1] != '.')
        return span_of(NULL, 0);
    subject = digits_at(text, at + 2);
    if (subject == 0 || at + 2 + subject >= text.length || text.at[at + 2 + subject] != '.')
        return span_of(NULL, 0);
    detail = digits_at(text, at + 3 + subject);
    return detail == 0 ? span_of(NULL, 0) : span_of(text.at + at, 3 + subject + detail);
}
