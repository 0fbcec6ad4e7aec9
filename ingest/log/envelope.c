#include "ingest/log/envelope_private.h"

static bool take_known(struct envelope *envelope, struct span text, struct log_line *line,
                       unsigned depth);

static struct span without_blanks(struct span text)
{
    while (text.length > 0 && (*text.at == ' ' || *text.at == '\t'))
        text = span_from(text, 1);
    return text;
}

/* Envelopes */

/* "postfix/smtp[123]: MESSAGE", or without the pid where the name alone is plain enough. */
static void take_bare(struct span text, struct log_line *line)
{
    struct log_line tagged = *line;
    struct span program;

    line->message = text;
    if (!envelope_syslog_tag(text, &tagged))
        return;
    program = tagged.program;
    for (size_t i = 0; i < program.length; i++)
        if (!g_ascii_isalnum(program.at[i]) && memchr("/._-+@", program.at[i], 6) == NULL)
            return;
    if (tagged.pid > 0 || span_is(program, "posttls-finger") || span_is(program, "exim") ||
        (span_begins(program, "postfix") && memchr(program.at, '/', program.length) != NULL))
        *line = tagged;
}

/* A relay that does not name the program wraps what it was sent as it came. */
static void take_wrapped(struct envelope *envelope, struct log_line *line, unsigned depth)
{
    struct log_line inner = *line;

    if (line->program.length > 0 || line->message.length == 0 || *line->message.at != '<' ||
        !take_known(envelope, line->message, &inner, depth + 1))
        return;
    if (!envelope->absolute || inner.at == 0)
        inner.at = line->at;
    envelope->absolute = true;
    *line = inner;
}

/* "TS HOST APP PID MSGID DATA MESSAGE", after the version. */
static bool take_5424(struct envelope *envelope, struct span text, struct log_line *line,
                      unsigned depth)
{
    struct stamp stamp;

    if (span_begins(text, "- "))
        return envelope_syslog_5424(without_blanks(span_from(text, 1)), line);
    if (!envelope_time_take(&envelope->time, text, &stamp) || !stamp.absolute)
        return false;
    text = without_blanks(span_from(text, stamp.length));
    if (!envelope_syslog_5424(text, line) && !envelope_syslog_header(text, line))
        return false;
    line->at = stamp.at;
    envelope->absolute = true;
    take_wrapped(envelope, line, depth);
    return true;
}

/* A relay that did not know what it relayed: a whole envelope stands in the message. */
static bool take_inner(struct envelope *envelope, struct span rest, const struct stamp *outer,
                       struct log_line *line, unsigned depth)
{
    struct span after, host = envelope_syslog_word(rest, &after);
    struct log_line inner = *line;

    envelope->absolute = outer->absolute;
    if (!take_known(envelope, rest, &inner, depth + 1)) {
        if (!take_known(envelope, after, &inner, depth + 1))
            return false;
        if (inner.host.length == 0)
            inner.host = host;
    }
    if (inner.at == 0 || (outer->absolute && !envelope->absolute))
        inner.at = outer->at;
    *line = inner;
    return true;
}

/* "stdout F ", which Kubernetes' runtimes write between their stamp and the line. */
static struct span without_stream(struct span text)
{
    if (*text.at == 's' && (span_begins(text, "stdout F ") || span_begins(text, "stderr F ") ||
                            span_begins(text, "stdout P ") || span_begins(text, "stderr P ")))
        return span_from(text, strlen("stdout F "));
    return text;
}

/* A stamp, and then neither a tag nor an envelope. */
static void take_untagged(struct span rest, struct log_line *line)
{
    struct span after, host = envelope_syslog_word(rest, &after);

    line->message = rest;
    if (!span_begins(after, "last message repeated ") && !span_begins(after, "--- last message ") &&
        !span_begins(after, "-- MARK --"))
        return;
    line->host = host;
    line->message = after;
}

static void take_stamped(struct envelope *envelope, struct span text, const struct stamp *stamp,
                         struct log_line *line, unsigned depth)
{
    struct span rest = without_blanks(span_from(text, stamp->length));

    if (stamp->absolute && rest.length > 0)
        rest = without_stream(rest);
    line->at = stamp->at;
    envelope->absolute = stamp->absolute;
    if (stamp->journal)
        line->carrier = LOG_CARRIER_JOURNAL;
    if (stamp->spaced)
        envelope->mainlog = envelope_exim_mainlog(rest, line);
    else if (!envelope_syslog_header(rest, line) &&
             !(stamp->absolute && envelope_syslog_5424(rest, line)) &&
             !take_inner(envelope, rest, stamp, line, depth))
        take_untagged(rest, line);
}

/* journalctl -o short-iso, as the entry would stand there; for what is kept of it. */
static void write_whole(GString *whole, struct log_line *line)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(line->at);
    g_autofree char *stamp =
        time == NULL || line->at == 0 ? NULL : g_date_time_format(time, "%Y-%m-%dT%H:%M:%S+00:00 ");

    g_string_assign(whole, stamp == NULL ? "" : stamp);
    g_string_append_len(whole, line->host.at, (gssize)line->host.length);
    if (line->program.length > 0) {
        g_string_append_c(whole, ' ');
        g_string_append_len(whole, line->program.at, (gssize)line->program.length);
        if (line->pid != 0)
            g_string_append_printf(whole, "[%" G_GINT64_FORMAT "]", line->pid);
        g_string_append_c(whole, ':');
    }
    g_string_append_c(whole, ' ');
    g_string_append_len(whole, line->message.at, (gssize)line->message.length);
    line->whole = span_of(whole->str, whole->len);
}

/* A whole line may stand in the message of a logger that knows of no programs. */
static void take_entry(struct envelope *envelope, const struct journal_entry *entry,
                       struct log_line *line, unsigned depth)
{
    struct span message = envelope_journal_fill(entry, &envelope->time, line);
    struct log_line inner = *line;

    envelope->absolute = line->at != 0;
    if (line->program.length == 0 && message.length > 0 &&
        take_known(envelope, message, &inner, depth + 1)) {
        if (line->at != 0 && !envelope->absolute)
            inner.at = line->at;
        if (inner.host.length == 0)
            inner.host = line->host;
        *line = inner;
        line->whole = message;
        return;
    }
    line->message = message;
    if (line->program.length == 0 && message.length > 0)
        take_bare(message, line);
    write_whole(envelope->whole, line);
}

static bool take_json(struct envelope *envelope, struct span text, struct log_line *line,
                      unsigned depth)
{
    struct journal_entry entry = {.text = envelope->texts[depth]};

    g_string_truncate(entry.text, 0);
    if (!envelope_journal_json(text, &entry))
        return false;
    if (!(entry.has & JOURNAL_IS_JOURNAL) &&
        (!(entry.has & JOURNAL_HAS_MESSAGE) || (entry.has & JOURNAL_IS_OTHER)))
        return false;
    take_entry(envelope, &entry, line, depth);
    return true;
}

static bool take_known(struct envelope *envelope, struct span text, struct log_line *line,
                       unsigned depth)
{
    struct stamp stamp;

    if (text.length == 0 || depth >= ENVELOPE_DEPTH)
        return false;
    if (envelope_time_take(&envelope->time, text, &stamp)) {
        take_stamped(envelope, text, &stamp, line, depth);
        return true;
    }
    if (*text.at == '{' && take_json(envelope, text, line, depth))
        return true;
    if (envelope_syslog_priority(&text))
        return take_known(envelope, text, line, depth + 1) || envelope_syslog_header(text, line);
    if (span_begins(text, "1 "))
        return take_5424(envelope, span_from(text, 2), line, depth);
    return envelope_syslog_prefix(&text) && take_known(envelope, text, line, depth + 1);
}

/* Repeats */

/* A number at the begin of `text`, which is then what follows. */
static guint take_count(struct span *text)
{
    guint64 count = 0;
    size_t at = 0;

    while (at < text->length && at < 9 && g_ascii_isdigit(text->at[at]))
        count = count * 10 + (guint64)(text->at[at++] - '0');
    *text = span_from(*text, at);
    return count > ENVELOPE_REPEATS ? 0 : (guint)count;
}

/* "message repeated 2 times: [ TEXT]" */
static void take_repeated(struct log_line *line)
{
    struct span text = span_from(line->message, strlen("message repeated "));
    guint count = take_count(&text);

    if (count == 0 || !span_begins(text, " times: ["))
        return;
    text = without_blanks(span_from(text, strlen(" times: [")));
    if (text.length > 0 && text.at[text.length - 1] == ']')
        text.length--;
    line->message = text;
    line->repeats = count;
}

static struct previous *find_previous(struct envelope *envelope, struct span host)
{
    for (unsigned i = 0, at = envelope->latest; i < envelope->hosts; i++) {
        struct previous *previous = &envelope->previous[at];
        if (previous->host_length == host.length &&
            (host.length == 0 || memcmp(previous->host, host.at, host.length) == 0)) {
            envelope->latest = at;
            return previous;
        }
        at = at + 1 < envelope->hosts ? at + 1 : 0;
    }
    return NULL;
}

/* "last message repeated 3 times", for the host's line before. */
static void take_again(struct envelope *envelope, struct log_line *line)
{
    const struct previous *previous = find_previous(envelope, line->host);
    struct span text = line->message;
    guint count;

    if (previous == NULL || previous->line.message.length == 0)
        return;
    text = span_from(text, span_begins(text, "--- ") ? 4 : 0);
    if (!span_begins(text, "last message repeated "))
        return;
    text = span_from(text, strlen("last message repeated "));
    count = take_count(&text);
    if (count == 0 || !span_begins(text, " time"))
        return;
    line->program = previous->line.program;
    line->pid = previous->line.pid;
    line->message = previous->line.message;
    line->repeats = count;
}

static struct previous *make_previous(struct envelope *envelope, struct span host)
{
    struct previous *previous = find_previous(envelope, host);

    if (previous != NULL || host.length > ENVELOPE_HOST_BYTES)
        return previous;
    if (envelope->previous == NULL)
        envelope->previous = g_new(struct previous, ENVELOPE_HOSTS);
    if (envelope->hosts < ENVELOPE_HOSTS)
        envelope->latest = envelope->hosts++;
    else
        envelope->latest = (envelope->latest + 1) % ENVELOPE_HOSTS;
    previous = &envelope->previous[envelope->latest];
    if (host.length > 0)
        memcpy(previous->host, host.at, host.length);
    previous->host_length = host.length;
    previous->is_lent = false;
    return previous;
}

/* Only where tag and message stand in the line as they came, which then is one piece. */
static void remember(struct envelope *envelope, struct span text, const struct log_line *line)
{
    const char *from = line->program.at, *end = text.at + text.length;
    struct previous *previous;
    size_t length;

    if (line->program.length == 0 || from < text.at || from >= end || line->message.at < from ||
        line->message.at > end)
        return;
    previous = make_previous(envelope, line->host);
    if (previous == NULL)
        return;
    length = (size_t)(line->message.at - from) + line->message.length;
    previous->line.message.length = 0;
    previous->is_lent = false;
    if (length > sizeof previous->text)
        return;
    previous->line.program = line->program;
    previous->line.pid = line->pid;
    previous->line.message = line->message;
    previous->is_lent = true;
}

static void keep(struct previous *previous)
{
    struct log_line *line = &previous->line;
    size_t before = (size_t)(line->message.at - line->program.at);

    memcpy(previous->text, line->program.at, before + line->message.length);
    line->program.at = previous->text;
    line->message.at = previous->text + before;
    previous->is_lent = false;
}

void envelope_keep(struct envelope *envelope)
{
    for (unsigned i = 0; i < envelope->hosts; i++)
        if (envelope->previous[i].is_lent)
            keep(&envelope->previous[i]);
}

static bool is_exim(struct span program)
{
    return program.length >= 4 && (*program.at == 'e' || *program.at == 'E') &&
           g_ascii_strncasecmp(program.at, "exim", 4) == 0;
}

/* What the program itself, or syslog for it, did to the message. */
static void finish_message(struct envelope *envelope, struct log_line *line)
{
    if (envelope->journal)
        line->carrier = LOG_CARRIER_JOURNAL;
    if (line->message.length == 0)
        return;
    if (!envelope->mainlog && is_exim(line->program))
        envelope_exim_syslog(envelope, line);
    if (line->message.length == 0)
        return;
    if (line->program.length == 0 && (*line->message.at == 'l' || *line->message.at == '-'))
        take_again(envelope, line);
    else if (*line->message.at == 'm' && span_begins(line->message, "message repeated "))
        take_repeated(line);
}

static void finish(struct envelope *envelope, struct span text, struct log_line *line)
{
    finish_message(envelope, line);
    if (line->message.length > 0)
        remember(envelope, text, line);
}

/* "-- Journal begins at ...", "-- Boot 1234 --", "-- cursor: ..." */
static bool is_comment(struct span text)
{
    return span_begins(text, "-- ") &&
           (memcmp(text.at + text.length - 3, " --", 3) == 0 || span_begins(text, "-- cursor: ") ||
            span_begins(text, "-- Logs begin at ") || span_begins(text, "-- Journal begins at "));
}

struct envelope *envelope_new(GTimeZone *zone, gint64 file_time, gint64 now)
{
    struct envelope *envelope = g_new0(struct envelope, 1);

    envelope_time_init(&envelope->time, zone, file_time != 0 ? file_time : now);
    for (size_t i = 0; i < G_N_ELEMENTS(envelope->texts); i++)
        envelope->texts[i] = g_string_new(NULL);
    envelope->whole = g_string_new(NULL);
    return envelope;
}

void envelope_free(struct envelope *envelope)
{
    if (envelope == NULL)
        return;
    envelope_time_clear(&envelope->time);
    for (size_t i = 0; i < G_N_ELEMENTS(envelope->texts); i++)
        g_string_free(envelope->texts[i], TRUE);
    g_string_free(envelope->whole, TRUE);
    envelope_exim_free(envelope->exim);
    g_free(envelope->previous);
    g_free(envelope);
}

/* Member by member: compilers clear the whole with an instruction that takes a while to start. */
static void clear(struct log_line *line, struct span text)
{
    const struct span none = span_of(text.at, 0);

    line->at = 0;
    line->carrier = LOG_CARRIER_FILE;
    line->host = line->program = line->message = none;
    line->pid = 0;
    line->whole = text;
    line->repeats = 1;
    line->cut = false;
    line->hash = 0;
    line->looked = NULL;
}

bool envelope_know(struct envelope *envelope, struct span text, struct log_line *line)
{
    bool known;

    clear(line, text);
    envelope->mainlog = false;
    if (is_comment(text)) {
        envelope->journal = true;
        return true;
    }
    known = take_known(envelope, text, line, 0);
    if (!known)
        take_bare(text, line);
    finish(envelope, text, line);
    return known;
}

bool envelope_take(struct envelope *envelope, const char *bytes, size_t length,
                   struct log_line *line)
{
    size_t blanks = 0;

    while (length > 0 && bytes[length - 1] == '\r')
        length--;
    while (blanks < length && bytes[blanks] == ' ')
        blanks++;
    envelope_know(envelope, span_of(bytes, blanks == length ? 0 : length), line);
    return line->message.length > 0;
}

/* Only a stamp of its own tells such a line from what any program says; Exim's, which others have
 * as well, only with what Exim says. */
static bool is_line_of_its_own(const struct envelope *envelope, const struct log_line *line)
{
    return line->program.length > 0 &&
           (!envelope->mainlog || envelope_is_exim_message(line->message));
}

bool envelope_unwrap(struct envelope *envelope, struct log_line *line)
{
    const struct span none = span_of(line->message.at, 0);
    const struct span message = line->message;
    const struct envelope_time before = envelope->time;
    struct log_line inner = *line;
    struct stamp stamp;

    if (line->program.length == 0 || !envelope_time_take(&envelope->time, message, &stamp))
        return false;
    inner.program = inner.host = none;
    inner.pid = 0;
    envelope->mainlog = false;
    take_known(envelope, message, &inner, ENVELOPE_DEPTH - 1);
    envelope->time = before;
    if (!is_line_of_its_own(envelope, &inner))
        return false;
    /* Clocks in containers mostly go by UTC, and the years of others' stamps are not ours. */
    if (!stamp.absolute && line->at != 0)
        inner.at = line->at;
    if (inner.host.length == 0)
        inner.host = line->host;
    *line = inner;
    finish_message(envelope, line);
    return true;
}

bool envelope_take_export(struct envelope *envelope, const char *bytes, size_t length,
                          struct log_line *line)
{
    struct journal_entry entry = {.text = envelope->texts[0]};

    *line = (struct log_line){.repeats = 1, .whole = span_of(bytes, length)};
    envelope->mainlog = false;
    g_string_truncate(entry.text, 0);
    envelope_journal_export(span_of(bytes, length), &entry);
    entry.has |= JOURNAL_IS_JOURNAL;
    take_entry(envelope, &entry, line, 0);
    /* All of it stands in memory that the next entry takes: there is nothing to remember. */
    finish_message(envelope, line);
    return line->message.length > 0;
}

/* What stands before a stamp in every line of some logs. */
static struct span without_prefix(struct span line)
{
    for (unsigned i = 0; i < ENVELOPE_DEPTH && line.length > 0; i++) {
        if (g_ascii_isdigit(*line.at) || *line.at == '{')
            break;
        if (g_ascii_isalpha(*line.at) && memchr(line.at, '|', MIN(line.length, 64)) == NULL)
            break;
        if (!envelope_syslog_priority(&line) && !envelope_syslog_prefix(&line))
            break;
    }
    return line;
}

void envelope_look_ahead(struct envelope *envelope, const char *bytes, size_t length)
{
    struct envelope_look look = {.leap_year = -1};
    const char *end = bytes + length;

    for (const char *at = bytes; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        envelope_time_look_next(&look, &envelope->time,
                                without_prefix(span_of(at, (size_t)(stop - at))));
        at = stop + 1;
    }
    envelope_time_look_end(&look, &envelope->time);
}
