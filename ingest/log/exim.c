#include "ingest/log/exim_private.h"
#include "ingest/log/scrub.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

static bool is_program(struct span program)
{
    const char *slash = memrchr(program.at, '/', program.length);

    if (slash != NULL)
        program = span_from(program, (size_t)(slash - program.at) + 1);
    /* The option syslog_processname gives any name; "eximstats" and "eximon" are other programs. */
    return program.length >= 4 && g_ascii_strncasecmp(program.at, "exim", 4) == 0 &&
           (program.length == 4 || !g_ascii_isalpha(program.at[4]));
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
        .queue_id = exim->id.text,
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

/* "=>" and ">>" to another host, "<=" from one, "==" and "**"; what comes by its flag. */
static bool look_at_flag(struct span text, struct exim_look *look)
{
    struct span rest = span_from(text, 3);

    if (text.at[1] == '>') {
        look->form = EXIM_DELIVERED;
        if ((*text.at != '=' && *text.at != '>') || !has_host(rest))
            return false;
        exim_parse_delivery(rest, &look->delivery);
        return exim_is_remote(&look->delivery);
    }
    if (text.at[0] == '<') {
        look->form = EXIM_ARRIVED;
        exim_parse_arrival(rest, &look->arrival);
        return exim_is_of_client(&look->arrival);
    }
    look->form = *text.at == '*' ? EXIM_BOUNCED : EXIM_DEFERRED;
    exim_parse_delivery(rest, &look->delivery);
    return true;
}

static bool look_at_text(struct span text, struct exim_look *look)
{
    text = without_own_stamp(text);
    look->id = span_of(text.at, exim_id_length(text));
    look->id_hash = 0;
    look->text = text;
    look->form = EXIM_OTHER;
    if (look->id.length == 0)
        return is_of_connection(text);
    look->id_hash = (guint)XXH3_64bits(look->id.at, look->id.length);
    if (text.length <= look->id.length)
        return false;
    look->text = span_from(text, look->id.length + 1);
    return is_flag(look->text) ? look_at_flag(look->text, look) : may_be_evidence(look->text);
}

static enum log_look look_at_line(const struct log_line *line, void *looked)
{
    if (line->message.length == 0)
        return LOG_LOOK_IDLE;
    if (*line->message.at == '[') /* a piece of a long line */
        return LOG_LOOK_TELLS;
    return look_at_text(line->message, looked) ? LOG_LOOK_FILLED : LOG_LOOK_IDLE;
}

static log_look_fn exim_look(struct span program)
{
    return program.length == 0 ? NULL : look_at_line;
}

static bool take_text(struct exim *exim, const struct log_line *line, struct span text)
{
    if (span_begins(text, "Completed"))
        return exim_take_completed(exim);
    if (span_begins(text, "TLS error on connection ") &&
        !span_begins(text, "TLS error on connection to "))
        return exim_take_connection(exim, line, text);
    return may_be_evidence(text) && exim_take_evidence(exim, line, text);
}

static bool take_look(struct exim *exim, const struct log_line *line, const struct exim_look *look)
{
    take_host(exim, line->host);
    memcpy(exim->id.text, look->id.at, look->id.length);
    exim->id.text[look->id.length] = '\0';
    exim->id.hash = look->id_hash;
    if (look->id.length == 0)
        return exim_take_connection(exim, line, look->text);
    switch (look->form) {
    case EXIM_DELIVERED:
        return exim_take_delivered(exim, line, &look->delivery);
    case EXIM_ARRIVED:
        return exim_take_arrival(exim, line, &look->arrival);
    case EXIM_DEFERRED:
    case EXIM_BOUNCED:
        return exim_take_refused(exim, line, &look->delivery, look->form == EXIM_BOUNCED);
    case EXIM_OTHER:
        break;
    }
    return take_text(exim, line, look->text);
}

bool exim_take_whole(struct exim *exim, const struct log_line *line, struct span text)
{
    struct exim_look look;

    return look_at_text(text, &look) && take_look(exim, line, &look);
}

static bool exim_take(void *state, const struct log_line *line)
{
    struct exim *exim = state;
    bool told;

    if (line->looked != NULL)
        return take_look(exim, line, line->looked);
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
    .look = exim_look,
    .take = exim_take,
    .settle = exim_settle,
    .close = exim_close,
};
