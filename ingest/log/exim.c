#include "ingest/log/exim_private.h"
#include "ingest/log/scrub.h"

static bool is_program(struct span program)
{
    const char *slash = memrchr(program.at, '/', program.length);

    if (slash != NULL)
        program = span_from(program, (size_t)(slash - program.at) + 1);
    return span_is(program, "exim") || span_is(program, "exim4");
}

/* Words that no other mail server says so. */
static bool is_bare(struct span message)
{
    return exim_id_length(message) > 0 || span_begins(message, "TLS error on connection ") ||
           span_begins(message, "DANE attempt failed; ") ||
           span_begins(message, "no MAIL in SMTP connection from ") ||
           (span_begins(message, "[") && span_find(message, "] SSL verify error") != NULL);
}

static bool exim_claims(const struct log_line *line)
{
    return line->program.length > 0 ? is_program(line->program) : is_bare(line->message);
}

static void *exim_open(struct log_context *context)
{
    struct exim *exim = g_new0(struct exim, 1);

    exim->context = context;
    exim->reason = g_string_new(NULL);
    exim->split = exim_split_new();
    exim_open_reasons(exim);
    exim_open_inbound(exim);
    exim_open_messages(exim);
    exim_open_domains(exim);
    return exim;
}

static void exim_close(void *state)
{
    struct exim *exim = state;

    exim_close_domains(exim);
    exim_close_messages(exim);
    exim_close_inbound(exim);
    exim_close_reasons(exim);
    exim_split_free(exim->split);
    g_string_free(exim->reason, TRUE);
    g_free(exim);
}

static void exim_settle(void *state, gint64 before)
{
    exim_settle_pieces(state, before);
    exim_settle_messages(state, before);
}

struct log_event exim_event(struct exim *exim, const struct log_line *line,
                            enum log_event_kind kind)
{
    return (struct log_event){
        .kind = kind,
        .at = log_line_time(exim->context, line),
        .host = exim->host,
        .mta = MTA_EXIM,
        .queue_id = exim->id,
        .domain = exim->domain,
        .mx = exim->mx,
        .ip = exim->ip,
        .sessions = line->repeats,
        .delay = -1,
    };
}

const char *exim_scrubbed(struct exim *exim, struct span text)
{
    g_string_truncate(exim->reason, 0);
    scrub_append(exim->reason, text, LIMIT_TEXT_BYTES);
    return exim->reason->str;
}

void exim_put_finding(struct log_event *event, const struct exim_finding *finding)
{
    event->detail = finding->detail;
    event->result_type = finding->result;
    event->failure_type = log_failure_type(finding->detail, finding->result, finding->is_dane);
    event->level = finding->level;
}

/* Whose log it is; hardly ever another than the last one. */
static void take_host(struct exim *exim, struct span host)
{
    size_t length = MIN(host.length, sizeof exim->host - 1);

    if (length > 0 && memcmp(exim->host, host.at, length) != 0)
        memcpy(exim->host, host.at, length);
    exim->host[length] = '\0';
}

static bool take_flag(struct exim *exim, const struct log_line *line, struct span text)
{
    struct span rest = span_from(text, 3);

    if (text.at[1] == '>')
        return (*text.at == '=' || *text.at == '>') && exim_take_delivered(exim, line, rest);
    if (text.at[0] == '<' && text.at[1] == '=')
        return exim_take_arrival(exim, line, rest);
    return exim_take_refused(exim, line, rest, *text.at == '*');
}

static bool is_flag(struct span text)
{
    if (text.length < 4 || text.at[2] != ' ')
        return false;
    return text.at[1] == '>' ? strchr("=->*", *text.at) != NULL && *text.at != '\0'
                             : memcmp(text.at, "<=", 2) == 0 || memcmp(text.at, "==", 2) == 0 ||
                                   memcmp(text.at, "**", 2) == 0;
}

/* Most tell nothing, by their first letter. */
static bool may_be_evidence(struct span text)
{
    return text.length > 0 && memchr("[CDHRSTa", *text.at, 8) != NULL;
}

/* A line of a message; `text` is what follows the id. */
static bool take_message_line(struct exim *exim, const struct log_line *line, struct span text)
{
    if (is_flag(text))
        return take_flag(exim, line, text);
    if (span_begins(text, "Completed"))
        return exim_take_completed(exim);
    if (span_begins(text, "TLS error on connection ") &&
        !span_begins(text, "TLS error on connection to "))
        return exim_take_connection(exim, line, text);
    if (may_be_evidence(text))
        return exim_take_evidence(exim, line, text);
    return false;
}

/* "2026-11-22 06:29:43.510 +0000 " of its own behind the one of syslog. */
static size_t stamp_length(struct span text)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd";
    size_t at;

    if (text.length < sizeof form || text.at[4] != '-')
        return 0;
    for (at = 0; form[at] != '\0'; at++)
        if (form[at] == 'd' ? !g_ascii_isdigit(text.at[at]) : text.at[at] != form[at])
            return 0;
    if (text.at[at] == '.')
        for (at++; at < text.length && g_ascii_isdigit(text.at[at]);)
            at++;
    if (text.length - at > 7 && text.at[at] == ' ' && strchr("+-", text.at[at + 1]) != NULL &&
        g_ascii_isdigit(text.at[at + 2]) && text.at[at + 6] == ' ')
        at += 6;
    return at < text.length && text.at[at] == ' ' ? at + 1 : 0;
}

/* "[95] " of +pid. */
static size_t pid_length(struct span text)
{
    size_t at = 1;

    if (text.length < 4 || *text.at != '[')
        return 0;
    while (at < text.length && g_ascii_isdigit(text.at[at]))
        at++;
    return at > 1 && at + 1 < text.length && text.at[at] == ']' && text.at[at + 1] == ' ' ? at + 2
                                                                                          : 0;
}

static struct span without_own_stamp(struct span text)
{
    text = span_from(text, stamp_length(text));
    return span_from(text, pid_length(text));
}

/* Of lines without the id of a message. */
static bool is_of_connection(struct span text)
{
    return span_begins(text, "TLS error ") || span_begins(text, "no MAIL in ");
}

static bool has_host(struct span text)
{
    const char *end = text.at + text.length;

    for (const char *at = text.at; (at = memchr(at, 'H', (size_t)(end - at))) != NULL; at++)
        if (at + 1 < end && at[1] == '=')
            return true;
    return false;
}

/* "->" and "*>", and mail that did not leave the host. */
static bool is_idle_flag(struct span text)
{
    return text.at[1] == '>' && ((*text.at != '=' && *text.at != '>') || !has_host(text));
}

static bool is_idle(const struct log_line *line)
{
    struct span text = line->message;
    size_t length;

    if (text.length == 0)
        return true;
    if (*text.at == '[')
        return false;
    text = without_own_stamp(text);
    length = exim_id_length(text);
    if (length == 0)
        return !is_of_connection(text);
    if (text.length <= length)
        return true;
    text = span_from(text, length + 1);
    return is_flag(text) ? is_idle_flag(text) : !may_be_evidence(text);
}

static log_idle_fn exim_idle(struct span program)
{
    return program.length == 0 ? NULL : is_idle;
}

bool exim_take_whole(struct exim *exim, const struct log_line *line, struct span text)
{
    size_t length;

    text = without_own_stamp(text);
    length = exim_id_length(text);
    take_host(exim, line->host);
    if (length == 0) {
        *exim->id = '\0';
        return is_of_connection(text) && exim_take_connection(exim, line, text);
    }
    memcpy(exim->id, text.at, length);
    exim->id[length] = '\0';
    return text.length > length && take_message_line(exim, line, span_from(text, length + 1));
}

static bool exim_take(void *state, const struct log_line *line)
{
    struct exim *exim = state;
    bool told;

    if (line->message.length == 0)
        return false;
    if (*line->message.at == '[' && exim_take_piece(exim, line, line->message, &told))
        return told;
    return exim_take_whole(exim, line, line->message);
}

const struct log_dialect log_exim = {
    .name = "exim",
    .mta = MTA_EXIM,
    .open = exim_open,
    .claims = exim_claims,
    .idle = exim_idle,
    .take = exim_take,
    .settle = exim_settle,
    .close = exim_close,
};
