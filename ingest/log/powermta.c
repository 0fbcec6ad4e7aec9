/*
 * PowerMTA: the accounting file, CSV whose header names the columns, and the few lines of its text
 * log about TLS that are known. Failures are guessed by keywords: there is no better word for them.
 */
#include "ingest/limits.h"
#include "ingest/log/dialect.h"
#include "ingest/log/error_text.h"
#include "ingest/log/pattern.h"
#include "ingest/log/scrub.h"
#include "ingest/log/stamp.h"
#include "ingest/text.h"

/* Columns past these are not looked at; the known ones are some thirty. */
#define FIELDS_MAX 256

/* Type and time stand among so many first fields of a record; the guide has them in the first two.
 */
#define TIME_WITHIN 32

/* A file may name the columns of each type of record by a header of its own. */
#define HEADERS_MAX 4

/* The first field of a record or header ends within so many bytes. */
#define FIRST_FIELD_BYTES 64

enum column {
    COLUMN_TYPE,
    COLUMN_TIME,
    COLUMN_QUEUED,
    COLUMN_SECONDS,
    COLUMN_RCPT,
    COLUMN_ACTION,
    COLUMN_STATUS,
    COLUMN_DIAG,
    COLUMN_MTA,
    COLUMN_CATEGORY,
    COLUMN_METHOD,
    COLUMN_SOURCE_IP,
    COLUMN_IP,
    COLUMN_ESMTP,
    COLUMN_SIZE,
    COLUMN_VMTA,
    COLUMN_QUEUE,
    COLUMN_POOL,
    COLUMN_PROTOCOL,
    COLUMN_CIPHER,
    COLUMN_COUNT
};

/* What may be kept; other columns can hold anything, a subject for instance, and are blanked. */
static const char *const column_names[COLUMN_COUNT] = {
    [COLUMN_TYPE] = "type",
    [COLUMN_TIME] = "timeLogged",
    [COLUMN_QUEUED] = "timeQueued",
    [COLUMN_SECONDS] = "totalSecondsQueued",
    [COLUMN_RCPT] = "rcpt",
    [COLUMN_ACTION] = "dsnAction",
    [COLUMN_STATUS] = "dsnStatus",
    [COLUMN_DIAG] = "dsnDiag",
    [COLUMN_MTA] = "dsnMta",
    [COLUMN_CATEGORY] = "bounceCat",
    [COLUMN_METHOD] = "dlvType",
    [COLUMN_SOURCE_IP] = "dlvSourceIp",
    [COLUMN_IP] = "dlvDestinationIp",
    [COLUMN_ESMTP] = "dlvEsmtpAvailable",
    [COLUMN_SIZE] = "dlvSize",
    [COLUMN_VMTA] = "vmta",
    [COLUMN_QUEUE] = "queue",
    [COLUMN_POOL] = "vmtaPool",
    [COLUMN_PROTOCOL] = "dlvTlsProtocol",
    [COLUMN_CIPHER] = "dlvTlsCipher",
};

/* Of files without a header: the columns of the guide to 5.0, those of older versions (with the
   time of the imprint), and those of a queue. */
#define HEADER_REST                                                                                \
    "orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,srcType,srcMta,dlvType,"         \
    "dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,envId,queue,vmtaPool"
static const char header_new[] = "type,timeLogged,timeQueued," HEADER_REST;
static const char header_old[] = "type,timeLogged,timeQueued,timeImprinted," HEADER_REST;
static const char header_queue[] = "type,timeLogged,dsnStatus,dsnDiag,dsnMta,dlvType,dlvSourceIp,"
                                   "dlvDestinationIp,vmta,queue";

enum record_kind { RECORD_OTHER, RECORD_DELIVERED, RECORD_BOUNCED, RECORD_TRIED, RECORD_QUEUE };

static const struct {
    const char *word;
    enum record_kind kind;
} record_kinds[] = {
    {"d", RECORD_DELIVERED},
    {"delivery", RECORD_DELIVERED},
    {"b", RECORD_BOUNCED},
    {"bounce", RECORD_BOUNCED},
    {"t", RECORD_TRIED},
    {"transient", RECORD_TRIED},
    {"tq", RECORD_QUEUE},
    {"transient queue", RECORD_QUEUE},
    {"transient-queue", RECORD_QUEUE},
    /* Of others' mail, or long after the attempt. */
    {"r", RECORD_OTHER},
    {"received", RECORD_OTHER},
    {"rb", RECORD_OTHER},
    {"rs", RECORD_OTHER},
    {"f", RECORD_OTHER},
};

enum sense {
    SENSE_CONNECTED,
    SENSE_CERTIFICATE,
    SENSE_MATCH,
    SENSE_QUERY,
    SENSE_ANSWER,
    SENSE_ERROR
};

static const struct text_rule {
    struct pattern pattern;
    enum sense sense;
} text_rules[] = {
    {{"^tls: ", "^tls: ((?:TLS|SSL)v[0-9.]+) connected with \\d+-bit \\S+"}, SENSE_CONNECTED},
    {{"^tls: cert: ", "^tls: cert: .*; ?verified=(yes|no)\\s*$"}, SENSE_CERTIFICATE},
    {{"^tls: DANE match: ", "^tls: DANE match: "}, SENSE_MATCH},
    {{"^tls: ", "^tls: .+"}, SENSE_ERROR},
    {{"^Starting new query for TLSA _25._tcp.",
      "^Starting new query for TLSA _25\\._tcp\\.([^\\s:]+):?$"},
     SENSE_QUERY},
    {{" IN ", "^(?:answer )?\\S+ \\d+ IN (?:TLSA \\d+ \\d+ \\d+ [0-9A-Fa-f]+|CNAME \\S+)$"},
     SENSE_ANSWER},
};

/* Words without which a text is not about TLS, whatever else its words could mean. */
static const struct pattern tls_words[] = {
    {"", "(?i)\\b(?:START)?TLS(?:v[0-9.]+)?\\b|\\bSSL|\\bcertificate|\\bDANE\\b|\\bTLSA\\b"
         "|\\bhandshake|\\bcryptographic\\b|\\bDNSSEC\\b|\\bMTA-STS\\b"},
};

struct layout {
    size_t count;               /* of columns; 0: not in use */
    gint16 place[COLUMN_COUNT]; /* -1: no such column */
    gint16 column[FIELDS_MAX];  /* -1: unknown */
};

struct record {
    struct span fields[FIELDS_MAX]; /* as they stand, with their quotes */
    size_t count;
    const struct layout *layout;
};

/* A session of the text log, whose lines come one after the other. */
struct session {
    bool is_open;
    struct log_event event;
    char *host;
    char *mx;
};

struct powermta {
    struct log_context *context;
    struct error_texts *errors;
    struct pattern_set *lines;
    struct pattern_set *words;
    struct layout headers[HEADERS_MAX]; /* with different counts of columns */
    guint latest; /* of them; what a file without one after it would be read by */
    struct layout header_new;
    struct layout header_old;
    struct layout header_queue;
    struct session session;
    char *queried; /* whose TLSA records were asked for last */
};

static void split(struct record *record, struct span line)
{
    size_t at = 0;

    record->count = 0;
    record->layout = NULL;
    while (record->count < FIELDS_MAX) {
        size_t begin = at;
        bool has_quotes = at < line.length && line.at[at] == '"';
        bool quoted = false;

        for (; at < line.length && (quoted || line.at[at] != ','); at++)
            quoted ^= has_quotes && line.at[at] == '"';
        record->fields[record->count++] = span_of(line.at + begin, at - begin);
        if (at >= line.length)
            return;
        at++;
    }
}

static struct span trim(struct span text)
{
    while (text.length > 0 && g_ascii_isspace(*text.at))
        text = span_from(text, 1);
    while (text.length > 0 && g_ascii_isspace(text.at[text.length - 1]))
        text.length--;
    return text;
}

/* Without quotes, doubled ones made single; NULL for an empty field. */
static char *plain(struct span field)
{
    g_autoptr(GString) text = NULL;

    field = trim(field);
    if (field.length == 0)
        return NULL;
    text = g_string_sized_new(field.length);
    if (*field.at != '"') {
        g_string_append_len(text, field.at, (gssize)field.length);
    } else {
        for (size_t i = 1; i < field.length; i++) {
            if (field.at[i] == '"' && (++i >= field.length || field.at[i] != '"'))
                break;
            g_string_append_c(text, field.at[i]);
        }
    }
    return text->len == 0 ? NULL : text_bounded(text->str, text->len, LIMIT_LOG_LINE_BYTES, NULL);
}

static int column_of(struct span field)
{
    g_autofree char *name = plain(field);

    for (int i = 0; name != NULL && i < COLUMN_COUNT; i++)
        if (g_ascii_strcasecmp(name, column_names[i]) == 0)
            return i;
    return -1;
}

static void layout_read(struct layout *layout, const struct record *header)
{
    memset(layout, 0xFF, sizeof *layout); /* -1 everywhere */
    layout->count = header->count;
    for (size_t i = 0; i < header->count; i++) {
        int column = column_of(header->fields[i]);
        layout->column[i] = (gint16)column;
        if (column >= 0 && layout->place[column] < 0)
            layout->place[column] = (gint16)i;
    }
}

static void layout_read_text(struct layout *layout, const char *text)
{
    struct record header;

    split(&header, span_of(text, strlen(text)));
    layout_read(layout, &header);
}

static char *field_of(const struct record *record, enum column column)
{
    gint16 place = record->layout->place[column];

    return place >= 0 && (size_t)place < record->count ? plain(record->fields[place]) : NULL;
}

static bool has_column(const struct record *record, enum column column)
{
    return record->layout->place[column] >= 0;
}

static bool time_of(struct span field, gint64 *at)
{
    g_autofree char *text = plain(field);

    return text != NULL && stamp_read(span_of(text, strlen(text)), at);
}

static bool time_at(const struct record *record, const struct layout *layout, enum column column,
                    gint64 *at)
{
    gint16 place = layout->place[column];

    return place >= 0 && (size_t)place < record->count && time_of(record->fields[place], at);
}

static int kind_of(struct span field)
{
    g_autofree char *word = plain(field);

    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(record_kinds); i++)
        if (strcmp(record_kinds[i].word, word) == 0)
            return (int)record_kinds[i].kind;
    return -1;
}

static struct span without_mark(struct span line)
{
    return span_begins(line, "\xEF\xBB\xBF") ? span_from(line, 3) : line;
}

static bool is_header(const struct record *record)
{
    bool has_type = false, has_other = false;

    for (size_t i = 0; i < record->count; i++) {
        int column = column_of(record->fields[i]);
        /* Hardly any other file has columns in common with these, a record none at all. */
        if (column < 0 && i == 0 && kind_of(record->fields[0]) >= 0)
            return false;
        has_type |= column == COLUMN_TYPE;
        has_other |= column > COLUMN_TYPE;
    }
    return has_type && has_other;
}

static bool is_record(const struct record *record)
{
    bool has_kind = false, has_time = false;
    gint64 at;

    if (record->count < 3)
        return false;
    for (size_t i = 0; i < record->count && i <= TIME_WITHIN && !(has_kind && has_time); i++) {
        has_kind |= kind_of(record->fields[i]) >= 0;
        has_time |= time_of(record->fields[i], &at);
    }
    return has_kind && has_time;
}

static bool fits(const struct record *record, const struct layout *layout)
{
    gint16 type = layout->place[COLUMN_TYPE];
    gint64 at;

    return layout->count > 0 && (size_t)type < record->count &&
           kind_of(record->fields[type]) >= 0 &&
           (layout->place[COLUMN_TIME] < 0 || time_at(record, layout, COLUMN_TIME, &at));
}

/* Of several headers the one with as many columns as the record has; else the last one. */
static const struct layout *header_of(const struct powermta *powermta, const struct record *record)
{
    for (guint i = 0; i < HEADERS_MAX; i++)
        if (powermta->headers[i].count == record->count && fits(record, &powermta->headers[i]))
            return &powermta->headers[i];
    return &powermta->headers[powermta->latest];
}

/* By the header above, unless the record does not fit it: then a file without one has begun. */
static const struct layout *layout_of(const struct powermta *powermta, const struct record *record)
{
    const struct layout *header = header_of(powermta, record);
    const struct layout *fallback = &powermta->header_new;
    gint64 at;

    if (fits(record, header))
        return header;
    if (kind_of(record->fields[0]) == RECORD_QUEUE)
        fallback = &powermta->header_queue;
    else if (record->count > 3 && time_of(record->fields[3], &at))
        fallback = &powermta->header_old;
    return fits(record, fallback) ? fallback : NULL;
}

/* In place of one with as many columns, or of the oldest. */
static void take_header(struct powermta *powermta, const struct record *record)
{
    guint at = 0;

    while (at < HEADERS_MAX && powermta->headers[at].count != record->count)
        at++;
    if (at == HEADERS_MAX)
        at = (powermta->latest + 1) % HEADERS_MAX;
    layout_read(&powermta->headers[at], record);
    powermta->latest = at;
}

/* "DOMAIN/VMTA"; a queue that is a name of several domains ("yahoo.rollup") is none. */
static char *domain_of_queue(const char *queue)
{
    const char *slash = queue == NULL ? NULL : strchr(queue, '/');
    g_autofree char *name = NULL;

    if (queue == NULL)
        return NULL;
    name = slash != NULL ? g_strndup(queue, (size_t)(slash - queue)) : g_strdup(queue);
    return g_str_has_suffix(name, ".rollup") ? NULL : text_domain(name, NULL);
}

/* "HOST (IP)" */
static void take_mta(const char *mta, char **mx, char **ip)
{
    const char *open = mta == NULL ? NULL : strrchr(mta, '(');
    const char *close = open == NULL ? NULL : strchr(open, ')');
    g_autofree char *host = NULL;
    g_autofree char *address = NULL;

    if (mta == NULL)
        return;
    host = open != NULL ? g_strndup(mta, (size_t)(open - mta)) : g_strdup(mta);
    /* An address of mail is no server, and is not kept as one. */
    *mx = strchr(host, '@') != NULL ? NULL : text_domain(host, NULL);
    if (close == NULL)
        return;
    address = g_strndup(open + 1, (size_t)(close - open - 1));
    *ip = text_address(address, NULL);
}

static char *kept(const struct powermta *powermta, const char *text, size_t limit)
{
    GString *out;

    if (text == NULL)
        return NULL;
    if (powermta->context->keep_addresses)
        return text_bounded(text, strlen(text), limit, NULL);
    out = g_string_new(NULL);
    scrub_append(out, span_of(text, strlen(text)), limit);
    return g_string_free(out, FALSE);
}

static const char *kept_record(const struct powermta *powermta, const struct record *record)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (size_t i = 0; i < record->count; i++) {
        if (i > 0)
            g_string_append_c(line, ',');
        if (record->layout->column[i] >= 0)
            g_string_append_len(line, record->fields[i].at, (gssize)record->fields[i].length);
    }
    return log_context_line(powermta->context, span_of(line->str, line->len));
}

static bool is_about_tls(const struct powermta *powermta, const char *text)
{
    struct span captures[PATTERN_CAPTURES];

    return text != NULL &&
           pattern_set_match(powermta->words, span_of(text, strlen(text)), captures) >= 0;
}

/* "smtp;550 5.1.1 ...": what the other server said. Our side's words may stand behind "smtp;" too.
 */
static bool is_reply(const char *diag)
{
    static const char label[] = "smtp;";
    const char *at = diag;

    if (diag == NULL || g_ascii_strncasecmp(diag, label, strlen(label)) != 0)
        return false;
    at += strlen(label);
    at += strspn(at, " ");
    return g_ascii_isdigit(at[0]) && g_ascii_isdigit(at[1]) && g_ascii_isdigit(at[2]) &&
           !g_ascii_isalnum(at[3]);
}

/* RFC 3463's own name of X.7.5 stands beside any server's 5.7.5, say for a bad signature. */
static bool is_name_of_code(const char *status)
{
    return strcasestr(status, "(cryptographic failure") != NULL;
}

/* Our side's words, which are taken as they are. */
static bool read_own(const struct powermta *powermta, const char *text, bool is_security,
                     struct error_text *found)
{
    if (!is_about_tls(powermta, text))
        return false;
    if (error_text_read(powermta->errors, span_of(text, strlen(text)), found))
        return true;
    found->result = RESULT_VALIDATION_FAILURE;
    return is_security;
}

/* The other server's, which are its own business ("TLS required by the recipient"), unless it
   refused STARTTLS. */
static bool read_reply(const struct powermta *powermta, const char *text, struct error_text *found)
{
    return is_about_tls(powermta, text) &&
           error_text_read(powermta->errors, span_of(text, strlen(text)), found) &&
           found->detail == DETAIL_STARTTLS_REFUSED;
}

static bool is_vague(const struct error_text *found)
{
    return found->detail == DETAIL_HANDSHAKE_FAILURE ||
           (found->detail == DETAIL_NONE && found->result == RESULT_VALIDATION_FAILURE);
}

/* The text by which it was TLS that failed, NULL where none is; of two the one that says more. What
   the status says beside a reply is our side's, but where TLS was there it cannot be that it
   failed. */
static const char *find_failure(const struct powermta *powermta, const struct record *record,
                                const char *status, const char *diag, struct error_text *found)
{
    g_autofree char *protocol = field_of(record, COLUMN_PROTOCOL);
    bool is_security = status != NULL && strlen(status) > 4 && strncmp(status + 1, ".7.", 3) == 0;
    bool replied = is_reply(diag);
    bool status_counts =
        status != NULL && !(replied && (protocol != NULL || is_name_of_code(status)));
    struct error_text by_status = {RESULT_UNKNOWN, DETAIL_NONE, false};
    bool in_diag =
        replied ? read_reply(powermta, diag, found) : read_own(powermta, diag, is_security, found);
    bool in_status = status_counts && read_own(powermta, status, is_security, &by_status);

    if (in_diag && in_status)
        by_status.dane = found->dane = by_status.dane || found->dane;
    if (!in_diag)
        *found = (struct error_text){RESULT_UNKNOWN, DETAIL_NONE, false};
    if (!in_status || (in_diag && (!is_vague(found) || is_vague(&by_status))))
        return in_diag ? diag : NULL;
    *found = by_status;
    return status;
}

/* False: the attempt came to no session, or the record does not say so. What the server offered
   does not tell that it went on in clear: without an answer the connection may have ended there. */
static bool find_session(const struct record *record, enum record_kind kind, const char *diag,
                         bool failed, struct log_event *event)
{
    g_autofree char *protocol = field_of(record, COLUMN_PROTOCOL);
    g_autofree char *offered = field_of(record, COLUMN_ESMTP);

    event->version = tls_version_from_word(protocol);
    if (failed)
        event->session = SESSION_FAILED;
    else if (protocol != NULL)
        event->session = SESSION_UNTRUSTED;
    else
        event->session = has_column(record, COLUMN_PROTOCOL) ? SESSION_PLAINTEXT : SESSION_UNKNOWN;
    return failed || kind == RECORD_DELIVERED || protocol != NULL ||
           (kind != RECORD_QUEUE && offered != NULL && is_reply(diag));
}

static gint64 delay_of(const struct record *record, gint64 at)
{
    g_autofree char *seconds = field_of(record, COLUMN_SECONDS);
    gint64 queued;

    if (seconds != NULL && g_ascii_isdigit(*seconds))
        return (gint64)MIN(g_ascii_strtoull(seconds, NULL, 10), G_MAXINT32);
    if (time_at(record, record->layout, COLUMN_QUEUED, &queued) && queued <= at)
        return at - queued;
    return -1;
}

static char *dsn_of(const char *status)
{
    size_t length = status == NULL ? 0 : strspn(status, "0123456789.");

    return length < 5 || length > 11 ? NULL : g_strndup(status, length);
}

static enum log_outcome outcome_of(enum record_kind kind)
{
    if (kind == RECORD_DELIVERED)
        return LOG_OUTCOME_PLAINTEXT;
    return kind == RECORD_BOUNCED ? LOG_OUTCOME_BOUNCED : LOG_OUTCOME_DEFERRED;
}

static void emit_failure(const struct powermta *powermta, const struct record *record,
                         enum record_kind kind, const char *text, const struct error_text *found,
                         struct log_event *event)
{
    g_autofree char *reason = kept(powermta, text, LIMIT_TEXT_BYTES);

    event->kind = LOG_EVENT_FAILURE;
    event->sessions = 0;
    event->outcome = outcome_of(kind);
    event->detail = found->detail;
    event->result_type = found->result;
    event->failure_type = kind == RECORD_DELIVERED
                              ? FAILURE_DELIVERED_IN_CLEAR
                              : log_failure_type(found->detail, found->result, found->dane);
    event->reason = reason;
    event->line = kept_record(powermta, record);
    powermta->context->emit(event, powermta->context->data);
}

/* Offered, and yet the mail went in clear: whatever the reason was, no record tells it. */
static bool went_in_clear(const struct record *record, const struct log_event *event)
{
    g_autofree char *offered = field_of(record, COLUMN_ESMTP);

    return event->session == SESSION_PLAINTEXT && offered != NULL &&
           strstr(offered, "STARTTLS") != NULL;
}

/* What names the peer. The texts are the caller's. */
struct peer {
    char *domain;
    char *hop;
    char *mx;
    char *ip;
};

static void peer_read(struct peer *peer, const struct record *record)
{
    g_autofree char *rcpt = field_of(record, COLUMN_RCPT);
    g_autofree char *queue = field_of(record, COLUMN_QUEUE);
    g_autofree char *mta = field_of(record, COLUMN_MTA);
    g_autofree char *ip = field_of(record, COLUMN_IP);

    memset(peer, 0, sizeof *peer);
    peer->hop = domain_of_queue(queue);
    peer->domain = rcpt != NULL ? text_domain_of_address(rcpt) : g_strdup(peer->hop);
    take_mta(mta, &peer->mx, &peer->ip);
    if (ip != NULL && strcmp(ip, "0.0.0.0") != 0) {
        g_free(peer->ip);
        peer->ip = text_address(ip, NULL);
    }
}

static void peer_clear(struct peer *peer)
{
    g_free(peer->domain);
    g_free(peer->hop);
    g_free(peer->mx);
    g_free(peer->ip);
}

static char *host_of(const struct log_line *line)
{
    return line->host.length == 0
               ? NULL
               : text_bounded(line->host.at, line->host.length, LIMIT_DOMAIN_BYTES, NULL);
}

static bool emit_record(const struct powermta *powermta, const struct log_line *line,
                        const struct record *record, enum record_kind kind, struct log_event *event)
{
    g_autofree char *status = field_of(record, COLUMN_STATUS);
    g_autofree char *diag = field_of(record, COLUMN_DIAG);
    g_autofree char *dsn = dsn_of(status);
    struct error_text found = {RESULT_UNKNOWN, DETAIL_NONE, false};
    struct log_line timed = *line;
    const char *failed =
        kind == RECORD_DELIVERED ? NULL : find_failure(powermta, record, status, diag, &found);
    bool has_session = find_session(record, kind, diag, failed != NULL, event);

    if (!has_session)
        return false;
    timed.at = event->at;
    timed.hash = 0;
    event->mark = log_mark(powermta->context, &timed);
    event->sessions = line->repeats;
    event->level = found.dane ? LEVEL_DANE : LEVEL_UNKNOWN;
    event->dsn = dsn;
    event->delay = delay_of(record, event->at);
    powermta->context->emit(event, powermta->context->data);
    if (failed != NULL)
        emit_failure(powermta, record, kind, failed, &found, event);
    else if (kind == RECORD_DELIVERED && went_in_clear(record, event))
        emit_failure(powermta, record, kind, diag != NULL ? diag : status, &found, event);
    return true;
}

static bool take_record(const struct powermta *powermta, const struct log_line *line,
                        struct record *record)
{
    enum record_kind kind;
    g_autofree char *method = NULL;
    g_autofree char *host = host_of(line);
    struct peer peer;
    bool tells;
    struct log_event event = {
        .at = log_line_time(powermta->context, line),
        .host = host,
        .mta = MTA_POWERMTA,
        .direction = DIRECTION_OUT,
    };

    record->layout = layout_of(powermta, record);
    if (record->layout == NULL)
        return false;
    kind = (enum record_kind)kind_of(record->fields[record->layout->place[COLUMN_TYPE]]);
    method = field_of(record, COLUMN_METHOD);
    if (kind == RECORD_OTHER || (method != NULL && g_ascii_strcasecmp(method, "smtp") != 0))
        return false;
    time_at(record, record->layout, COLUMN_TIME, &event.at);
    peer_read(&peer, record);
    event.domain = peer.domain;
    event.next_hop = peer.hop;
    event.mx = peer.mx;
    event.ip = peer.ip;
    tells = emit_record(powermta, line, record, kind, &event);
    peer_clear(&peer);
    return tells;
}

static void session_end(struct powermta *powermta)
{
    struct session *session = &powermta->session;

    if (session->is_open)
        powermta->context->emit(&session->event, powermta->context->data);
    g_clear_pointer(&session->host, g_free);
    g_clear_pointer(&session->mx, g_free);
    session->is_open = false;
}

static struct session *session_begin(struct powermta *powermta, const struct log_line *line)
{
    struct session *session = &powermta->session;

    session_end(powermta);
    session->is_open = true;
    session->host = host_of(line);
    session->mx = g_steal_pointer(&powermta->queried);
    session->event = (struct log_event){
        .mark = log_mark(powermta->context, line),
        .at = log_line_time(powermta->context, line),
        .host = session->host,
        .mta = MTA_POWERMTA,
        .direction = DIRECTION_OUT,
        .mx = session->mx,
        .sessions = line->repeats,
        .session = SESSION_UNTRUSTED,
        .delay = -1,
    };
    return session;
}

/* The line goes on with the session before it; without one it is all that is left of its own. */
static struct session *session_of(struct powermta *powermta, const struct log_line *line)
{
    return powermta->session.is_open ? &powermta->session : session_begin(powermta, line);
}

static bool take_error(struct powermta *powermta, const struct log_line *line, struct span text)
{
    g_autofree char *own = g_strndup(text.at, text.length);
    struct error_text found;
    struct session *session;
    struct log_event event;
    g_autofree char *reason = NULL;

    if (!error_text_read(powermta->errors, text, &found))
        return false;
    session = session_of(powermta, line);
    session->event.session = SESSION_FAILED;
    if (found.dane)
        session->event.level = LEVEL_DANE;
    event = session->event;
    reason = kept(powermta, own, LIMIT_TEXT_BYTES);
    event.kind = LOG_EVENT_FAILURE;
    event.sessions = 0;
    event.result_type = found.result;
    event.detail = found.detail;
    event.failure_type = log_failure_type(found.detail, found.result, found.dane);
    event.reason = reason;
    event.line = log_context_line(powermta->context, line->message);
    powermta->context->emit(&event, powermta->context->data);
    session_end(powermta);
    return true;
}

static void note_query(struct powermta *powermta, struct span name)
{
    g_autofree char *text = g_strndup(name.at, MIN(name.length, 2 * LIMIT_DOMAIN_BYTES));

    g_free(powermta->queried);
    powermta->queried = text_domain(text, NULL);
}

static bool take_text(struct powermta *powermta, const struct log_line *line, struct span text)
{
    struct span captures[PATTERN_CAPTURES];
    int row = pattern_set_match(powermta->lines, text, captures);
    struct session *session;
    g_autofree char *version = NULL;

    if (row < 0)
        return false;
    switch (text_rules[row].sense) {
    case SENSE_CONNECTED:
        version = g_strndup(captures[1].at, captures[1].length);
        session_begin(powermta, line)->event.version = tls_version_from_word(version);
        return true;
    case SENSE_CERTIFICATE:
        session = session_of(powermta, line);
        if (span_is(captures[1], "yes") && session->event.session == SESSION_UNTRUSTED)
            session->event.session = SESSION_TRUSTED;
        return true;
    case SENSE_MATCH:
        session = session_of(powermta, line);
        session->event.session = SESSION_VERIFIED;
        session->event.level = LEVEL_DANE;
        return true;
    case SENSE_ERROR:
        return take_error(powermta, line, text);
    case SENSE_QUERY:
        note_query(powermta, captures[1]);
        return false;
    case SENSE_ANSWER:
        break;
    }
    return false;
}

static bool begins_text(struct span text)
{
    static const char *const begins[] = {
        "tls: TLSv", "tls: SSLv", "tls: cert: ", "tls: DANE ", "Starting new query for TLSA _",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++)
        if (span_begins(text, begins[i]))
            return true;
    return false;
}

/* The first field of a record is short; so this is cheap for the lines of others. */
static bool may_be_csv(struct span text)
{
    const char *comma =
        text.length == 0 ? NULL : memchr(text.at, ',', MIN(text.length, FIRST_FIELD_BYTES));

    return comma != NULL;
}

static bool powermta_claims(const struct log_line *line)
{
    static const char *const programs[] = {"pmta", "pmtad", "powermta"};
    struct span text = without_mark(line->message);
    struct record record;

    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++)
        if (span_is(line->program, programs[i]))
            return true;
    if (line->program.length > 0 || text.length == 0)
        return false;
    if (begins_text(text))
        return true;
    if (!may_be_csv(text))
        return false;
    split(&record, text);
    return is_header(&record) || is_record(&record);
}

static void *powermta_open(struct log_context *context)
{
    struct powermta *powermta = g_new0(struct powermta, 1);

    powermta->context = context;
    powermta->errors = error_texts_new();
    powermta->lines = pattern_set_new(text_rules, G_N_ELEMENTS(text_rules), sizeof text_rules[0]);
    powermta->words = pattern_set_new(tls_words, G_N_ELEMENTS(tls_words), sizeof tls_words[0]);
    layout_read_text(&powermta->header_new, header_new);
    layout_read_text(&powermta->header_old, header_old);
    layout_read_text(&powermta->header_queue, header_queue);
    return powermta;
}

static bool powermta_take(void *state, const struct log_line *line)
{
    struct powermta *powermta = state;
    struct span text = without_mark(line->message);
    struct record record;

    if (text.length == 0)
        return false;
    if (may_be_csv(text)) {
        split(&record, text);
        if (is_header(&record)) {
            take_header(powermta, &record);
            return false;
        }
        if (is_record(&record))
            return take_record(powermta, line, &record);
    }
    return take_text(powermta, line, text);
}

static void powermta_settle(void *state, gint64 before)
{
    struct powermta *powermta = state;

    if (powermta->session.is_open && powermta->session.event.at < before)
        session_end(powermta);
}

static void powermta_close(void *state)
{
    struct powermta *powermta = state;

    g_free(powermta->session.host);
    g_free(powermta->session.mx);
    g_free(powermta->queried);
    error_texts_free(powermta->errors);
    pattern_set_free(powermta->lines);
    pattern_set_free(powermta->words);
    g_free(powermta);
}

const struct log_dialect log_powermta = {
    .name = "powermta",
    .mta = MTA_POWERMTA,
    .open = powermta_open,
    .claims = powermta_claims,
    .take = powermta_take,
    .settle = powermta_settle,
    .close = powermta_close,
};
