#include "ingest/log/envelope_private.h"

#define SNIFF_BYTES (64u << 10)
#define SNIFF_LINES 40
#define HEADER_BYTES 4096 /* of the names of columns, as far as they are looked at */

enum verdict {
    VERDICT_NONE, /* tells nothing: an empty line, a comment of journalctl */
    VERDICT_OURS,
    VERDICT_OTHER,
    VERDICT_NEVER, /* the file is something else, whatever follows */
};

static bool has_one_of(struct span text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (**words == '^' ? span_begins(text, *words + 1) : span_find(text, *words) != NULL)
            return true;
    return false;
}

/* Fields that mail begins with: "^" and the name. */
static bool is_mail(struct span line)
{
    static const char *const fields[] = {
        "from",         "to",           "cc",           "subject",        "date",
        "sender",       "reply-to",     "received",     "received-spf",   "return-path",
        "delivered-to", "message-id",   "mime-version", "dkim-signature", "authentication-results",
        "envelope-to",  "references",   "in-reply-to",  "precedence",     "auto-submitted",
        "status",       "user-agent",   "bcc",          "importance",     "domainkey-signature",
        "organization", "apparently-to"};
    static const char *const families[] = {"x-", "arc-", "list-", "content-", "resent-", "tls-"};
    const char *colon = memchr(line.at, ':', MIN(line.length, 80));
    g_autofree char *name = NULL;

    if (span_begins(line, "From ") || span_begins(line, ">From "))
        return true;
    if (colon == NULL)
        return false;
    name = g_ascii_strdown(line.at, colon - line.at);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        if (strcmp(name, fields[i]) == 0)
            return true;
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
        if (g_str_has_prefix(name, families[i]) && strpbrk(name, " /[") == NULL)
            return true;
    return false;
}

/* The next field of a line of CSV without commas in quotes, and without its quotes. */
static struct span take_field(struct span *text)
{
    const char *comma = text->length == 0 ? NULL : memchr(text->at, ',', text->length);
    struct span field =
        span_of(text->at, comma == NULL ? text->length : (size_t)(comma - text->at));

    *text = span_from(*text, MIN(field.length + 1, text->length));
    if (field.length >= 2 && *field.at == '"' && field.at[field.length - 1] == '"')
        field = span_of(field.at + 1, field.length - 2);
    return field;
}

static bool is_one_of(struct span field, const char *const *names)
{
    for (; *names != NULL; names++)
        if (field.length == strlen(*names) &&
            g_ascii_strncasecmp(field.at, *names, field.length) == 0)
            return true;
    return false;
}

/* "type,timeLogged,...": names of PowerMTA's columns, in any order. */
static bool is_accounting_header(struct span text)
{
    static const char *const type[] = {"type", NULL};
    static const char *const others[] = {
        "timeLogged", "timeQueued",  "dsnAction",        "dsnStatus",      "dsnDiag", "bounceCat",
        "dlvType",    "dlvSourceIp", "dlvDestinationIp", "dlvTlsProtocol", NULL};
    bool has_type = false, has_other = false;

    text.length = MIN(text.length, HEADER_BYTES);
    while (text.length > 0 && !(has_type && has_other)) {
        struct span field = take_field(&text);
        has_type = has_type || is_one_of(field, type);
        has_other = has_other || is_one_of(field, others);
    }
    return has_type && has_other;
}

/* "d,2026-02-08 21:54:05+0000,...": PowerMTA's accounting without its first line. */
static bool is_accounting(struct span text)
{
    static const char *const types[] = {"b", "d", "f", "r", "t", "rb", "rs", "tq"};
    struct span type;

    if (is_accounting_header(text))
        return true;
    type = take_field(&text);
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (span_is(type, types[i]))
            return span_begins(text, "\"") || (text.length > 10 && g_ascii_isdigit(text.at[0]) &&
                                               g_ascii_isdigit(text.at[3]) &&
                                               (text.at[4] == '-' || g_ascii_isdigit(text.at[9])));
    return false;
}

/* "4AAAA1111A: from=<": what Postfix says of every mail. */
static bool is_of_queue(struct span text)
{
    static const char *const words[] = {
        "^: to=<", "^: from=<", "^: message-id=", "^: uid=", "^: client=", NULL};
    size_t length = 0;

    while (length < MIN(text.length, 20) && g_ascii_isalnum(text.at[length]))
        length++;
    return length >= 6 && has_one_of(span_from(text, length), words);
}

static bool is_base62(const char *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!g_ascii_isalnum(at[i]))
            return false;
    return true;
}

/* Of "1e9R09-0005p6-Ik ", "1xV155-0000000001X-281p ", without the blank; 0: it is none. */
static size_t message_id_length(struct span text)
{
    static const size_t parts[][3] = {{6, 6, 2}, {6, 11, 4}};

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        const size_t *part = parts[i], first = part[0], second = first + 1 + part[1],
                     length = second + 1 + part[2];
        if (text.length > length && text.at[first] == '-' && text.at[second] == '-' &&
            text.at[length] == ' ' && is_base62(text.at, first) &&
            is_base62(text.at + first + 1, part[1]) && is_base62(text.at + second + 1, part[2]))
            return length;
    }
    return 0;
}

/* "1e9R09-0005p6-Ik => ": what Exim says of every mail, and what it says of TLS. */
static bool is_of_exim(struct span text)
{
    static const char *const words[] = {
        "^ <= ", "^ => ", "^ -> ",  "^ >> ",          "^ == ",           "^ ** ",  "^ Completed",
        "^ H=",  "^ [",   "^ TLS ", "^ DANE error: ", "^ DANE attempt ", "^ SSL ", NULL,
    };
    size_t length = message_id_length(text);

    return length > 0 && has_one_of(span_from(text, length), words);
}

/* A message without an envelope, in words of the mail servers that we read. */
static bool is_message(struct span text)
{
    static const char *const words[] = {
        "TLS connection established to ",
        "TLS connection established from ",
        "SSL_connect error to ",
        "SSL_accept error from ",
        "certificate verification failed for ",
        "TLSRPT: status=",
        "TLS policy lookup for ",
        " does not match STS MX pattern for ",
        "^connect from ",
        "^SMTP connection from [",
        "^SMTP connection from (",
        "TLS library problem: ",
        "^setting up TLS connection ",
        "^to=<",
        ", status=deferred (",
        ", status=sent (",
        ", status=bounced (",
        "TLS is required, but was not offered",
        "Server certificate not verified",
        "smtp_tls_policy_maps",
        ": re-using session with ",
        "SSL verify error: ",
        "TLS error on connection ",
        "TLS session: ",
        " STARTTLS enabled (",
        "Connection is now using TLS",
        "^tls: TLSv",
        "^tls: SSLv",
        "^tls: cert: ",
        "^tls: DANE ",
        "^Starting new query for TLSA _",
        "^hsh: ",
        "^smtp_lookup_rcpt: ",
        "DANE: No TLSA RR for ",
        "^Processing message from <",
        "^Delivering message to ",
        "^Connecting to [",
        "^tls: TLSv",
        "^tls: SSLv",
        "^tls: cert: ",
        "^tls: DANE ",
        "^Starting new query for TLSA _",
        " IN TLSA ",
        "] STARTTLS error: ",
        "] DANE error: ",
        "] Bad MTA-STS: ",
        "^STARTTLS error: ",
        "^DANE error: ",
        "^Bad MTA-STS: ",
        NULL,
    };

    return has_one_of(text, words) || is_of_queue(text) || is_of_exim(text) || is_accounting(text);
}

bool envelope_is_exim_message(struct span text)
{
    static const char *const words[] = {
        "^exim ",
        "^Start queue run: ",
        "^End queue run: ",
        "^SMTP connection ",
        "^SMTP protocol ",
        "^SMTP command timeout ",
        "^SMTP call from ",
        "^TLS error on connection ",
        "^TLS session: ",
        "^H=",
        "^no host name found for ",
        "^no IP address found for host ",
        "^unexpected disconnection while ",
        "^cwd=",
        "^rejected ",
        "^Warning: purging the environment",
        "^SIGHUP received: ",
        " authenticator failed for ",
        "SSL verify error: ",
        "^daemon: ",
        "^Connection from [",
        "^remote host address ",
        NULL,
    };

    return message_id_length(text) > 0 || has_one_of(text, words);
}

static enum verdict judge_json(struct envelope *envelope, struct span line, bool is_inner)
{
    static const char *const halon[] = {"\"tlsrpt\"", "\"started\"", NULL};
    g_autofree char *inner = NULL;
    struct journal_entry entry = {.text = envelope->texts[ENVELOPE_DEPTH - 1]};
    struct log_line taken;

    g_string_truncate(entry.text, 0);
    envelope_journal_json(line, &entry);
    if (entry.has & JOURNAL_IS_REPORT)
        return VERDICT_NEVER;
    if (entry.has & JOURNAL_IS_OTHER)
        return (entry.has & JOURNAL_HAS_CONTEXT) || has_one_of(line, halon) ? VERDICT_OURS
                                                                            : VERDICT_NEVER;
    if (!envelope_know(envelope, line, &taken))
        return VERDICT_NEVER;
    /* Halon's line as a container's logger keeps it. */
    if (!is_inner && taken.program.length == 0 && taken.message.length > 0 &&
        *taken.message.at == '{') {
        size_t length = taken.message.length;
        inner = g_strndup(taken.message.at, length);
        return judge_json(envelope, span_of(inner, length), true);
    }
    return entry.has & JOURNAL_IS_JOURNAL || taken.program.length > 0 || is_message(taken.message)
               ? VERDICT_OURS
               : VERDICT_NEVER;
}

static enum verdict judge(struct envelope *envelope, struct span line)
{
    struct log_line taken;

    while (line.length > 0 && memchr("\r \t\0", line.at[line.length - 1], 4) != NULL)
        line.length--;
    if (line.length == 0)
        return VERDICT_NONE;
    if (*line.at == '{')
        return judge_json(envelope, line, false);
    bool known = envelope_know(envelope, line, &taken);
    if (known && taken.message.length == 0 && taken.program.length == 0)
        return envelope->journal ? VERDICT_NONE : VERDICT_OTHER;
    if (known && span_is(taken.program, "exim") && taken.host.length == 0)
        return envelope_is_exim_message(taken.message) ? VERDICT_OURS : VERDICT_OTHER;
    if (taken.program.length > 0 && (!known || taken.host.length > 0 || taken.pid > 0))
        return VERDICT_OURS;
    return is_message(taken.message) ? VERDICT_OURS : VERDICT_OTHER;
}

/* By the first line that tells anything, or else by most of them: a log may begin anywhere. */
static bool judge_lines(struct envelope *envelope, struct span text, bool whole)
{
    unsigned ours = 0, others = 0;

    for (unsigned i = 0; i < SNIFF_LINES && text.length > 0; i++) {
        const char *newline = memchr(text.at, '\n', text.length);
        size_t length = newline == NULL ? text.length : (size_t)(newline - text.at);
        if (newline == NULL && !whole && i > 0)
            break;
        enum verdict verdict = judge(envelope, span_of(text.at, length));
        if (verdict == VERDICT_NEVER || (verdict == VERDICT_OURS && others == 0))
            return verdict == VERDICT_OURS;
        ours += verdict == VERDICT_OURS;
        others += verdict == VERDICT_OTHER;
        text = span_from(text, length + (newline != NULL));
    }
    return ours > 0 && ours >= others;
}

bool envelope_sniff(const char *bytes, size_t length, bool whole)
{
    struct span text = span_of(bytes, MIN(length, SNIFF_BYTES));
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    struct envelope *envelope;
    bool ours;

    whole = whole && length <= SNIFF_BYTES;
    if (span_begins(text, "\xef\xbb\xbf"))
        text = span_from(text, 3);
    while (text.length > 0 && memchr("\0\r\n", *text.at, 3) != NULL)
        text = span_from(text, 1);
    if (text.length == 0 || is_mail(text))
        return false;
    if (*text.at == '<' && (text.length < 2 || !g_ascii_isdigit(text.at[1])))
        return false;
    if (envelope_is_export(text.at, text.length))
        return true;
    envelope = envelope_new(zone, 0, g_get_real_time() / G_USEC_PER_SEC);
    ours = judge_lines(envelope, text, whole);
    envelope_free(envelope);
    return ours;
}
