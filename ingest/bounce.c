#include "ingest/bounce.h"
#include "ingest/limits.h"
#include "ingest/log/scrub.h"
#include "ingest/text.h"
#include <string.h>

/* The fields of a group that count; unfolded, trimmed, NULL where missing. */
struct group {
    char *reporting_mta;
    char *queue_id;
    char *recipient;
    char *original_recipient;
    char *action;
    char *status;
    char *diagnostic;
    char *exim; /* its own words, which it does not call a diagnostic */
    char *remote_mta;
};

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    {"Reporting-MTA", offsetof(struct group, reporting_mta)},
    {"X-Postfix-Queue-ID", offsetof(struct group, queue_id)},
    {"Final-Recipient", offsetof(struct group, recipient)},
    {"Original-Recipient", offsetof(struct group, original_recipient)},
    {"Action", offsetof(struct group, action)},
    {"Status", offsetof(struct group, status)},
    {"Diagnostic-Code", offsetof(struct group, diagnostic)},
    {"X-Exim-Diagnostic", offsetof(struct group, exim)},
    {"Remote-MTA", offsetof(struct group, remote_mta)},
};

/* What a status or a text says. The first row that fits counts: texts are exact, codes are not. */
struct reason {
    const char *text;   /* stands in the diagnostic, case aside; NULL: any */
    const char *status; /* the code after its first digit; NULL: any */
    enum log_detail detail;
    enum result_type result; /* where the detail is none or says less */
    bool dane;
};

static const struct reason reasons[] = {
    /* Postfix, the reasons of a delivery record (smtp_proto.c, smtp_tls_policy.c). */
    {"Sender requested REQUIRETLS, but no server was found", NULL, DETAIL_REQUIRETLS_NOT_OFFERED,
     RESULT_UNKNOWN, false},
    {"Sender requested REQUIRETLS, but TLS service was not offered", NULL,
     DETAIL_REQUIRETLS_NO_STARTTLS, RESULT_UNKNOWN, false},
    {"Sender requested REQUIRETLS, but host", NULL, DETAIL_REQUIRETLS_NO_STARTTLS, RESULT_UNKNOWN,
     false},
    {"Sender requested REQUIRETLS, but no trusted", NULL, DETAIL_REQUIRETLS_NO_MATCH,
     RESULT_CERTIFICATE_NOT_TRUSTED, false},
    {"Sender requested REQUIRETLS, but no matching", NULL, DETAIL_REQUIRETLS_NO_MATCH,
     RESULT_UNKNOWN, false},
    {"Sender requested REQUIRETLS, but my configured", NULL, DETAIL_REQUIRETLS_LEVEL,
     RESULT_UNKNOWN, false},
    {"TLSA lookup error for", NULL, DETAIL_TLSA_LOOKUP_ERROR, RESULT_UNKNOWN, true},
    {"no TLSA records found", NULL, DETAIL_NO_TLSA, RESULT_UNKNOWN, true},
    {"non DNSSEC destination", NULL, DETAIL_INSECURE_MX, RESULT_UNKNOWN, true},
    {"MX RRset is insecure", NULL, DETAIL_INSECURE_MX, RESULT_UNKNOWN, true},
    {"TLSA records unusable", NULL, DETAIL_TLSA_UNUSABLE, RESULT_UNKNOWN, true},
    {"TLS is required, but was not offered", NULL, DETAIL_NONE, RESULT_STARTTLS_NOT_SUPPORTED,
     false},
    {"refused to start TLS", NULL, DETAIL_STARTTLS_REFUSED, RESULT_UNKNOWN, false},
    {"Cannot start TLS: handshake failure", NULL, DETAIL_HANDSHAKE_FAILURE, RESULT_UNKNOWN, false},
    {"Server certificate not verified", NULL, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, false},
    {"Server certificate not trusted", NULL, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, false},
    {"client TLS configuration problem", NULL, DETAIL_LOCAL_TLS_CONFIG, RESULT_UNKNOWN, false},
    {"TLS engine is unavailable", NULL, DETAIL_LOCAL_TLS_CONFIG, RESULT_UNKNOWN, false},
    /* Exim (transports/smtp.c, tls-openssl.c, tls-gnu.c). */
    {"tlsa lookup DEFER", NULL, DETAIL_TLSA_LOOKUP_ERROR, RESULT_UNKNOWN, true},
    {"tlsa lookup FAIL", NULL, DETAIL_NO_TLSA, RESULT_UNKNOWN, true},
    {"lookup not DNSSEC", NULL, DETAIL_HOST_LOOKUP_NOT_DNSSEC, RESULT_UNKNOWN, true},
    {"No usable TLSA records", NULL, DETAIL_TLSA_UNUSABLE, RESULT_UNKNOWN, true},
    {"the server did not offer TLS support", NULL, DETAIL_NONE, RESULT_STARTTLS_NOT_SUPPORTED,
     false},
    {"an attempt to start TLS failed", NULL, DETAIL_STARTTLS_REFUSED, RESULT_UNKNOWN, false},
    {"The certificate differs", NULL, DETAIL_TLSA_MISMATCH, RESULT_UNKNOWN, true},
    {"certificate verify failed", NULL, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, false},
    {"(certificate verification failed)", NULL, DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, false},
    {"(SSL_connect): ", NULL, DETAIL_HANDSHAKE_FAILURE, RESULT_UNKNOWN, false},
    {"(gnutls_handshake): ", NULL, DETAIL_HANDSHAKE_FAILURE, RESULT_UNKNOWN, false},
    /* Exchange Online. */
    {NULL, ".7.321", DETAIL_NONE, RESULT_STARTTLS_NOT_SUPPORTED, true},
    {NULL, ".7.322", DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED, true},
    {NULL, ".7.323", DETAIL_TLSA_MISMATCH, RESULT_TLSA_INVALID, true},
    {NULL, ".7.324", DETAIL_TLSA_LOOKUP_ERROR, RESULT_DNSSEC_INVALID, true},
    {NULL, ".7.325", DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH, true},
    {"MTA-STS", ".4.8", DETAIL_STS_MX_MISMATCH, RESULT_UNKNOWN, false},
    {"MTA-STS", ".7.5", DETAIL_NONE, RESULT_VALIDATION_FAILURE, false},
    {NULL, ".4.312", DETAIL_DNS_LOOKUP_ERROR, RESULT_UNKNOWN, false},
    /* RFC 3463, section 3.8: X.7.5 is a cryptographic failure, X.7.10 and X.7.30 RFC 8689. */
    {"TLS", ".7.5", DETAIL_NONE, RESULT_VALIDATION_FAILURE, false},
    {NULL, ".7.30", DETAIL_REQUIRETLS_NOT_OFFERED, RESULT_UNKNOWN, false},
};

/* Exchange Online again, what was wrong with the certificate; only where MTA-STS stands as well. */
static const struct reason sts_reasons[] = {
    {"CertificateExpired", ".7.5", DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED, false},
    {"Untrusted", ".7.5", DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, false},
    {"SelfSigned", ".7.5", DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, false},
    {"SubjectMismatch", ".7.5", DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH, false},
    {"subject alternative name", ".7.5", DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH, false},
};

static void group_clear(struct group *group)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        g_free(*(char **)(void *)((char *)group + fields[i].offset));
    memset(group, 0, sizeof *group);
}

/* "rfc822; user@example.com", "dns; mx.example.com": what stands after the type. */
static char *after_type(const char *value)
{
    const char *semicolon = value != NULL ? strchr(value, ';') : NULL;

    return value != NULL ? g_strstrip(g_strdup(semicolon != NULL ? semicolon + 1 : value)) : NULL;
}

static void take_field(struct group *group, const char *line)
{
    const char *colon = strchr(line, ':');

    for (size_t i = 0; colon != NULL && i < G_N_ELEMENTS(fields); i++) {
        char **value = (char **)(void *)((char *)group + fields[i].offset);
        size_t length = strlen(fields[i].name);
        if ((size_t)(colon - line) != length ||
            g_ascii_strncasecmp(line, fields[i].name, length) != 0 || *value != NULL)
            continue;
        *value = text_bounded(colon + 1, strlen(colon + 1), LIMIT_TEXT_BYTES, NULL);
        return;
    }
}

static const char *end_of_line(const char *line, const char *end)
{
    const char *newline = memchr(line, '\n', (size_t)(end - line));

    return newline != NULL ? newline : end;
}

/* Its length without the line break; 0 also where it holds nothing but blanks. */
static size_t line_length(const char *line, const char *end)
{
    size_t length = (size_t)(end_of_line(line, end) - line);

    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isspace(line[i]))
            return line[length - 1] == '\r' ? length - 1 : length;
    return 0;
}

static const char *skip_empty_lines(const char *text, const char *end)
{
    while (text < end && line_length(text, end) == 0)
        text = MIN(end_of_line(text, end) + 1, end);
    return text;
}

/* Reads one group of fields (RFC 3464, section 2.1); where the next one begins. */
static const char *read_group(const char *text, const char *end, struct group *group)
{
    g_autoptr(GString) field = g_string_new(NULL);
    size_t length;

    text = skip_empty_lines(text, end);
    while (text < end && (length = line_length(text, end)) > 0) {
        if (*text != ' ' && *text != '\t') {
            take_field(group, field->str);
            g_string_truncate(field, 0);
        }
        if (field->len + length <= LIMIT_STRING_BYTES)
            g_string_append_len(field, text, (gssize)length);
        text = MIN(end_of_line(text, end) + 1, end);
    }
    take_field(group, field->str);
    return skip_empty_lines(text, end);
}

/* Of "5.7.323 (comment)"; 0 where it is no code (RFC 3463, section 2). */
static size_t code_length(const char *text)
{
    size_t length = text != NULL ? strspn(text, "0123456789.") : 0;

    return length > 2 && text[1] == '.' ? length : 0;
}

/* What is in the middle of digits and dots is no code but part of an address or a longer one. */
static bool text_has_code(const char *text, const char *code)
{
    for (const char *at = text; at != NULL && (at = strstr(at, code)) != NULL; at++) {
        const char *after = at + strlen(code);
        bool starts = at > text && (at[-1] == '4' || at[-1] == '5') &&
                      (at - 1 == text || !(g_ascii_isdigit(at[-2]) || at[-2] == '.'));
        bool ends = !g_ascii_isdigit(after[0]) && !(after[0] == '.' && g_ascii_isdigit(after[1]));
        if (starts && ends)
            return true;
    }
    return false;
}

/* "5.7.323" or "4.7.323" fits ".7.323"; the status may also stand in the diagnostic only. */
static bool status_fits(const struct group *group, const char *code)
{
    return (group->status != NULL && strcmp(group->status + 1, code) == 0) ||
           text_has_code(group->diagnostic, code);
}

/* About addresses and mailboxes (RFC 3463, section 3.2 and 3.3): what words a server has for
   that tells nothing of TLS. */
static bool is_about_recipient(const struct group *group)
{
    return group->status != NULL && (g_str_has_prefix(group->status + 1, ".1.") ||
                                     g_str_has_prefix(group->status + 1, ".2."));
}

static bool text_fits(const struct group *group, const char *text)
{
    return text == NULL || (group->diagnostic != NULL && strcasestr(group->diagnostic, text));
}

static bool code_fits(const struct group *group, const char *code)
{
    return code != NULL ? status_fits(group, code) : !is_about_recipient(group);
}

static const struct reason *find_in(const struct reason *table, size_t count,
                                    const struct group *group)
{
    for (size_t i = 0; i < count; i++)
        if (text_fits(group, table[i].text) && code_fits(group, table[i].status))
            return &table[i];
    return NULL;
}

static const struct reason *find_reason(const struct group *group)
{
    const struct reason *reason =
        text_fits(group, "MTA-STS") ? find_in(sts_reasons, G_N_ELEMENTS(sts_reasons), group) : NULL;

    return reason != NULL ? reason : find_in(reasons, G_N_ELEMENTS(reasons), group);
}

static enum mta mta_of(const struct group *message, const struct group *group)
{
    if (message->queue_id != NULL ||
        (group->diagnostic != NULL &&
         g_ascii_strncasecmp(group->diagnostic, "X-Postfix;", 10) == 0))
        return MTA_POSTFIX;
    return group->exim != NULL ? MTA_EXIM : MTA_UNKNOWN;
}

static char *host_name(const char *value)
{
    g_autofree char *name = after_type(value);

    return text_domain(name, NULL);
}

static char *scrubbed_text(const char *text)
{
    GString *kept = g_string_new(NULL);

    if (text != NULL)
        scrub_append(kept, span_of(text, strlen(text)), LIMIT_TEXT_BYTES);
    return g_string_free(kept, FALSE);
}

static char *scrubbed(const char *value)
{
    g_autofree char *code = after_type(value);

    return scrubbed_text(code);
}

/* Exchange Online may name the host nowhere else. */
static char *host_of_diagnostic(const char *diagnostic)
{
    static const char label[] = "[LastAttemptedServerName=";
    const char *at = diagnostic != NULL ? strstr(diagnostic, label) : NULL;
    g_autofree char *name = NULL;

    if (at == NULL)
        return NULL;
    at += strlen(label);
    name = g_strndup(at, strcspn(at, "]"));
    return text_domain(name, NULL);
}

static char *domain_of(const struct group *group)
{
    g_autofree char *final = after_type(group->recipient);
    g_autofree char *original = after_type(group->original_recipient);
    char *domain = text_domain_of_address(final);

    return domain != NULL ? domain : text_domain_of_address(original);
}

/* The status is left as the bare code, or NULL; Exim's own words stand in for a diagnostic. */
static void tidy(struct group *group)
{
    size_t length = code_length(group->status);

    if (length > 0)
        group->status[length] = '\0';
    else
        g_clear_pointer(&group->status, g_free);
    if (group->diagnostic == NULL)
        group->diagnostic = g_strdup(group->exim);
}

/* "failed", perhaps with a comment; without an action the class of the status tells. False where
   the mail was delivered or nothing is said. */
static bool find_outcome(const struct group *group, enum log_outcome *outcome)
{
    const char *action = group->action != NULL ? group->action : "";
    size_t length = strcspn(action, " \t(;");
    char class = length == 0 && group->status != NULL ? *group->status : '\0';
    bool failed = class == '5' || (length == 6 && g_ascii_strncasecmp(action, "failed", 6) == 0);
    bool delayed = class == '4' || (length == 7 && g_ascii_strncasecmp(action, "delayed", 7) == 0);

    *outcome = failed ? LOG_OUTCOME_BOUNCED : LOG_OUTCOME_DEFERRED;
    return failed || delayed;
}

/* Exim names the address that it began with, and in its text what became of it. */
static bool words_fit(const struct bounce_words *words, const char *recipient, const char *mx)
{
    bool is_of_recipient =
        g_ascii_strcasecmp(words->address, recipient) == 0 ||
        (words->original != NULL && g_ascii_strcasecmp(words->original, recipient) == 0);

    return is_of_recipient && (mx == NULL || words->mx == NULL || strcmp(mx, words->mx) == 0);
}

static const struct bounce_words *find_words(const struct group *group, const GPtrArray *all)
{
    g_autofree char *recipient = after_type(group->recipient);
    g_autofree char *mx = host_name(group->remote_mta);

    for (guint i = 0; all != NULL && recipient != NULL && i < all->len; i++) {
        const struct bounce_words *words = g_ptr_array_index(all, i);
        if (words->is_tls && words_fit(words, recipient, mx))
            return words;
    }
    return NULL;
}

static void put_reason(struct bounced *told, const struct reason *reason)
{
    told->detail = reason->detail;
    told->result_type =
        reason->result != RESULT_UNKNOWN ? reason->result : log_detail_result(reason->detail);
    told->failure_type = log_failure_type(told->detail, told->result_type, reason->dane);
}

static void put_words(struct bounced *told, const struct bounce_words *words)
{
    char *domain = text_domain_of_address(words->address);

    told->mta = MTA_EXIM;
    told->detail = words->detail;
    told->result_type = words->result_type;
    told->failure_type = words->failure_type;
    g_free(told->reason);
    told->reason = scrubbed_text(words->reason);
    if (told->mx == NULL)
        told->mx = g_strdup(words->mx);
    if (domain != NULL) {
        g_free(told->domain);
        told->domain = domain;
    }
}

static void take_recipient(const struct group *message, struct group *group, const GPtrArray *all,
                           gint64 at, GPtrArray *bounced)
{
    const struct bounce_words *words = find_words(group, all);
    const struct reason *reason;
    g_autofree char *domain = domain_of(group);
    enum log_outcome outcome;
    struct bounced *told;

    tidy(group);
    reason = find_reason(group);
    if ((reason == NULL && words == NULL) || domain == NULL || !find_outcome(group, &outcome))
        return;
    told = g_new0(struct bounced, 1);
    told->at = at;
    told->mta = mta_of(message, group);
    told->host = host_name(message->reporting_mta);
    told->queue_id = g_strdup(message->queue_id);
    told->domain = g_steal_pointer(&domain);
    told->mx = host_name(group->remote_mta);
    if (told->mx == NULL)
        told->mx = host_of_diagnostic(group->diagnostic);
    told->status = g_strdup(group->status);
    told->reason = scrubbed(group->diagnostic);
    told->outcome = outcome;
    if (words != NULL)
        put_words(told, words);
    else
        put_reason(told, reason);
    g_ptr_array_add(bounced, told);
}

void bounce_parse(const char *bytes, size_t length, const GPtrArray *words, gint64 at,
                  GPtrArray *bounced)
{
    const char *end = bytes + length;
    struct group message = {0};

    bytes = read_group(bytes, end, &message);
    /* Some leave out the blank line after what is about the message. */
    take_recipient(&message, &message, words, at, bounced);
    for (int i = 0; i < BOUNCE_RECIPIENTS_MAX && bytes < end; i++) {
        struct group group = {0};
        bytes = read_group(bytes, end, &group);
        take_recipient(&message, &group, words, at, bounced);
        group_clear(&group);
    }
    group_clear(&message);
}

/* Whether the address is one of those that the field lists. */
static bool lists(const char *field, const char *address)
{
    size_t length = strlen(address);

    for (const char *at = field; at != NULL && *at != '\0';) {
        size_t size;
        at += strspn(at, ", \t\r\n");
        size = strcspn(at, ", \t\r\n");
        if (size == length && g_ascii_strncasecmp(at, address, length) == 0)
            return true;
        at += size;
    }
    return false;
}

void bounce_parse_plain(const struct bounce_mail *mail, const GPtrArray *words, gint64 at,
                        GPtrArray *bounced)
{
    for (guint i = 0; i < words->len; i++) {
        const struct bounce_words *each = g_ptr_array_index(words, i);
        struct bounced *told;

        if (!each->is_tls || !(each->announced || lists(mail->failed, each->address)))
            continue;
        told = g_new0(struct bounced, 1);
        told->at = at;
        told->outcome = each->delayed ? LOG_OUTCOME_DEFERRED : LOG_OUTCOME_BOUNCED;
        told->host = text_domain_of_address(mail->message_id);
        put_words(told, each);
        if (told->domain != NULL)
            g_ptr_array_add(bounced, told);
        else
            bounced_free(told);
    }
}
