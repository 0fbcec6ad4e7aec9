#include "ingest/log/error_text.h"
#include "ingest/log/exim_private.h"

/* A client that went for its reason is not told again for having said nothing. */
#define REFUSED_SECONDS 10

struct row {
    struct pattern pattern;
    enum log_detail detail; /* DETAIL_NONE: it tells nothing */
};

/* What stands around the peer; HELO may hold anything, so that the last address is the peer's. */
static const struct row lines[] = {
    /* smtp_log_tls_fail() of smtp_in.c, tls_error() of tls-*.c before 4.90; catalog 4.10. */
    {.pattern =
         {"^TLS error on connection ",
          "^TLS error on connection (?:Ci=\\S+ )?from (?:.* )?\\[([^][]*)\\](?::\\d+)?"
          "(?: I=\\[[^][]*\\](?::\\d+)?)?(?: \\(via inetd\\)| \\(ODMR customer\\))? "
          "(\\([^()]*\\)(?:: .*|)|SSL_accept: .*|SSL_read_early_data: .*|expansion of .*)$"}},
    /* tls_refill() of tls-openssl.c since 4.90 */
    {.pattern = {"^TLS error (SSL_read): on connection ",
                 "^TLS error \\(SSL_read\\): on connection (?:Ci=\\S+ )?from (?:.* )?\\[([^][]*)\\]"
                 "(?::\\d+)?(?: I=\\[[^][]*\\](?::\\d+)?)?(?: \\(via inetd\\))? (error:.*)$"}},
    /* smtp_log_no_mail() of smtp_in.c, +smtp_no_mail: STARTTLS, a session, and no word in it */
    {.pattern = {" X=",
                 "^no MAIL in (?:TFO\\*? )?SMTP connection from (?:.* )?\\[([^][]*)\\](?::\\d+)?"
                 "(?: .*)? D=\\S+ (?:.* )?X=\\S+ (?:.* )?(C=(?:\\S*,)?STARTTLS(?:,QUIT)?)$"}},
};
enum { LINE_ERROR, LINE_READ, LINE_NO_MAIL };

static const struct row errors[] = {
    /* The connection was there before, or ends without the courtesies. */
    {.pattern = {"non-properly terminated", "non-properly terminated"}},
    /* The peer looked at our certificate; "ssl/tls alert" since OpenSSL 3.2. */
    {.pattern = {" alert ", "alert (?:bad certificate|unsupported certificate|certificate \\w+"
                            "|unknown ca)"},
     .detail = DETAIL_INBOUND_PEER_REJECTED_OUR_CERT},
    /* GnuTLS with the alert's name ("rxd alert: NAME" since 4.97), or without */
    {.pattern = {"alert", "(?:A TLS fatal alert has been received: |rxd alert: )"
                          "(?:Certificate|The certificate|CA|Unknown CA|Unsupported certificate"
                          "|Could not .*certificate|Access was denied)"},
     .detail = DETAIL_INBOUND_PEER_REJECTED_OUR_CERT},
    {.pattern = {"A TLS fatal alert has been received",
                 "A TLS fatal alert has been received\\.?\\s*$"},
     .detail = DETAIL_INBOUND_PEER_REJECTED_OUR_CERT},
    /* Any other trouble after the handshake. */
    {.pattern = {"", "^\\((?:recv|send)\\)|^error:"}},
    /* GnuTLS and TLS 1.3: so looks an alert that came in clear, mostly about our certificate. */
    {.pattern = {"Decryption has failed", "^\\(gnutls_handshake\\): Decryption has failed"},
     .detail = DETAIL_INBOUND_PEER_REJECTED_OUR_CERT},
    /* Our own files and options: clients are answered 454. */
    {.pattern = {"", "^\\((?:cert/key setup|SSL_CTX_|SSL_new|library init|context init|RAND_status"
                     "|openssl_options|X509_STORE|setting certificate trust|No standard prime"
                     "|TLS cache|D-H param|no TLS server certificate|failed to |[Cc]ould not "
                     "|Unable to |Unknown |Error enabling |malloc failed|memory allocation failed"
                     "|overlong filename|Filename too long|gnutls_(?!handshake))|^expansion of "},
     .detail = DETAIL_INBOUND_LOCAL_CERT_PROBLEM},
    {.pattern = {"", ""}, .detail = DETAIL_INBOUND_HANDSHAKE_FAILURE},
};

void exim_open_inbound(struct exim *exim)
{
    exim->inbound = pattern_set_new(lines, G_N_ELEMENTS(lines), sizeof *lines);
    exim->inbound_errors = pattern_set_new(errors, G_N_ELEMENTS(errors), sizeof *errors);
}

void exim_close_inbound(struct exim *exim)
{
    pattern_set_free(exim->inbound);
    pattern_set_free(exim->inbound_errors);
}

/* RFC 3848: "esmtps" "esmtpsa" "smtps", as Exim names them also "utf8esmtps". */
static bool is_protocol_with_tls(struct span protocol)
{
    return span_find(protocol, "smtps") != NULL;
}

static enum session_outcome arrival_session(const struct exim_arrival *arrival)
{
    if (arrival->cipher.length == 0)
        return is_protocol_with_tls(arrival->protocol) ? SESSION_UNTRUSTED : SESSION_PLAINTEXT;
    if (arrival->verified == EXIM_CV_YES)
        return SESSION_TRUSTED;
    return arrival->has_name ? SESSION_UNTRUSTED : SESSION_ANONYMOUS;
}

bool exim_take_arrival(struct exim *exim, const struct log_line *line,
                       const struct exim_arrival *arrival)
{
    struct log_event event = exim_event(exim, line, LOG_EVENT_SESSION);

    event.mark = log_mark(exim->context, line);
    event.direction = DIRECTION_IN;
    event.queue_id = event.domain = event.mx = event.ip = NULL;
    event.session = arrival_session(arrival);
    event.version = exim_tls_version(exim_read_cipher(exim, arrival->cipher));
    exim->context->emit(&event, exim->context->data);
    return true;
}

static void tell_refused(struct exim *exim, const struct log_line *line, enum log_detail detail,
                         struct span reason)
{
    struct log_event event = exim_event(exim, line, LOG_EVENT_SESSION);

    event.mark = log_mark(exim->context, line);
    event.direction = DIRECTION_IN;
    event.queue_id = event.domain = event.mx = event.ip = NULL;
    event.session = SESSION_FAILED;
    exim->context->emit(&event, exim->context->data);
    event.kind = LOG_EVENT_FAILURE;
    event.ip = exim->ip;
    event.detail = detail;
    event.result_type = detail == DETAIL_INBOUND_PEER_REJECTED_OUR_CERT ? error_text_alert(reason)
                                                                        : log_detail_result(detail);
    event.failure_type = log_failure_type(detail, event.result_type, false);
    event.reason = exim_scrubbed(exim, reason);
    if (detail == DETAIL_INBOUND_LOCAL_CERT_PROBLEM)
        event.line = log_context_line(exim->context, line->whole);
    exim->context->emit(&event, exim->context->data);
}

static enum log_detail read_error(struct exim *exim, struct span text)
{
    struct span captures[PATTERN_CAPTURES];
    int found = pattern_set_match(exim->inbound_errors, text, captures);

    return found < 0 ? DETAIL_NONE : errors[found].detail;
}

bool exim_take_connection(struct exim *exim, const struct log_line *line, struct span text)
{
    struct span captures[PATTERN_CAPTURES];
    int found = pattern_set_match(exim->inbound, text, captures);
    enum log_detail detail;
    gint64 at = log_line_time(exim->context, line);

    if (found < 0)
        return false;
    exim_take_ip(exim, captures[1]);
    detail =
        found == LINE_NO_MAIL ? DETAIL_INBOUND_QUIT_AFTER_STARTTLS : read_error(exim, captures[2]);
    if (detail == DETAIL_NONE)
        return false;
    if (found == LINE_NO_MAIL && exim_was_seen(exim->refused, exim->ip, at, REFUSED_SECONDS))
        return false;
    /* After the handshake, so that what comes of the connection later says X= as well. */
    if (found == LINE_READ || span_begins(captures[2], "(recv)"))
        exim_see_host(exim->refused, exim->ip, at, REFUSED_SECONDS);
    tell_refused(exim, line, detail, captures[2]);
    return true;
}
