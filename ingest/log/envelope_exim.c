#include "ingest/limits.h"
#include "ingest/log/envelope_private.h"

#define PARTS_MAX 999 /* of one line */
#define PID_DIGITS 10

/* A long line of which some parts have come. */
struct split {
    char *host;
    gint64 pid;
    gint64 at;
    unsigned next; /* the part that is awaited; 0: not in use */
    unsigned count;
    GString *text;
    GString *whole; /* the first part up to its text, then all of the text */
};

struct envelope_exim {
    struct split splits[ENVELOPE_SPLIT];
    unsigned latest;
};

/* "[2/3] ", or "[2\3] " where the text had the end of a line there. */
struct part {
    unsigned number;
    unsigned count;
    bool line_end;
};

static struct span without_blanks(struct span text)
{
    while (text.length > 0 && (*text.at == ' ' || *text.at == '\t'))
        text = span_from(text, 1);
    return text;
}

/* "[123] " of log_selector +pid. */
static void take_pid(struct log_line *line)
{
    struct span text = line->message;
    size_t at = 1;
    gint64 pid = 0;

    if (!span_begins(text, "["))
        return;
    while (at < text.length && at <= PID_DIGITS && g_ascii_isdigit(text.at[at]))
        pid = pid * 10 + (text.at[at++] - '0');
    if (at == 1 || at + 1 >= text.length || text.at[at] != ']' || text.at[at + 1] != ' ')
        return;
    line->pid = pid;
    line->message = without_blanks(span_from(text, at + 1));
}

static void take_stamp(struct envelope *envelope, struct log_line *line)
{
    struct stamp stamp;

    if (line->message.length > 0 && g_ascii_isdigit(*line->message.at) &&
        envelope_time_take(&envelope->time, line->message, &stamp) && stamp.spaced) {
        if (line->at == 0)
            line->at = stamp.at;
        line->message = without_blanks(span_from(line->message, stamp.length));
    }
    take_pid(line);
}

/* "TAG[123]:": the first bracket holds a pid, and Exim's own hold addresses or the parts of a line.
 */
static bool has_tag(struct span rest)
{
    const char *open = rest.length == 0 ? NULL : memchr(rest.at, '[', rest.length);
    size_t at;

    if (open == NULL)
        return false;
    rest = span_from(rest, (size_t)(open - rest.at) + 1);
    for (at = 0; at < rest.length && g_ascii_isdigit(rest.at[at]);)
        at++;
    return at > 0 && at + 1 < rest.length && rest.at[at] == ']' && rest.at[at + 1] == ':';
}

/* Lines of PowerMTA's log about TLS; its stamps look like Exim's. */
static bool is_powermta(struct span rest)
{
    return (*rest.at == 't' && span_begins(rest, "tls: ")) ||
           (*rest.at == 'S' && span_begins(rest, "Starting new query for TLSA _"));
}

bool envelope_exim_mainlog(struct span rest, struct log_line *line)
{
    struct log_line syslog = *line;

    if (rest.length > 0 && is_powermta(rest)) {
        line->message = rest;
        return false;
    }

    if (has_tag(rest) && envelope_syslog_header(rest, &syslog) && syslog.pid > 0 &&
        g_ascii_isalpha(*syslog.program.at)) {
        *line = syslog;
        return false;
    }
    line->program = span_of("exim", 4);
    line->message = rest;
    take_pid(line);
    return true;
}

static unsigned take_number(struct span *text)
{
    unsigned number = 0;

    while (text->length > 0 && number <= PARTS_MAX && g_ascii_isdigit(*text->at)) {
        number = number * 10 + (unsigned)(*text->at - '0');
        *text = span_from(*text, 1);
    }
    return number <= PARTS_MAX ? number : 0;
}

static bool take_part(struct span *message, struct part *part)
{
    struct span text = *message;

    if (!span_begins(text, "["))
        return false;
    text = span_from(text, 1);
    part->number = take_number(&text);
    if (!span_begins(text, "/") && !span_begins(text, "\\"))
        return false;
    part->line_end = *text.at == '\\';
    text = span_from(text, 1);
    part->count = take_number(&text);
    if (part->number == 0 || part->count < part->number || !span_begins(text, "] "))
        return false;
    *message = span_from(text, 2);
    return true;
}

static bool is_of(const struct split *split, const struct log_line *line)
{
    return split->next != 0 && split->pid == line->pid && span_is(line->host, split->host);
}

static void end_split(struct split *split)
{
    g_clear_pointer(&split->host, g_free);
    split->next = 0;
}

static struct split *find_split(struct envelope *envelope, const struct log_line *line)
{
    for (size_t i = 0; envelope->exim != NULL && i < ENVELOPE_SPLIT; i++)
        if (is_of(&envelope->exim->splits[i], line))
            return &envelope->exim->splits[i];
    return NULL;
}

static struct split *make_split(struct envelope *envelope)
{
    struct split *split;

    if (envelope->exim == NULL)
        envelope->exim = g_new0(struct envelope_exim, 1);
    envelope->exim->latest = (envelope->exim->latest + 1) % ENVELOPE_SPLIT;
    split = &envelope->exim->splits[envelope->exim->latest];
    end_split(split);
    if (split->text == NULL) {
        split->text = g_string_new(NULL);
        split->whole = g_string_new(NULL);
    }
    return split;
}

/* `tag_end`: where the message began before the part's number was taken off. */
static struct split *begin_split(struct envelope *envelope, const struct log_line *line,
                                 const char *tag_end, unsigned count)
{
    struct split *split = find_split(envelope, line);
    const char *whole = line->whole.at;

    if (split == NULL)
        split = make_split(envelope);
    g_free(split->host);
    split->host = g_strndup(line->host.length == 0 ? "" : line->host.at, line->host.length);
    split->pid = line->pid;
    split->at = line->at;
    split->count = count;
    split->next = 1;
    g_string_truncate(split->text, 0);
    g_string_truncate(split->whole, 0);
    if (tag_end >= whole && tag_end <= whole + line->whole.length)
        g_string_append_len(split->whole, whole, tag_end - whole);
    return split;
}

static void append_part(struct split *split, struct span text, const struct part *part)
{
    if (split->text->len + text.length > LIMIT_LOG_LINE_BYTES)
        return;
    g_string_append_len(split->text, text.at, (gssize)text.length);
    if (part->line_end)
        g_string_append_c(split->text, ' ');
}

void envelope_exim_syslog(struct envelope *envelope, struct log_line *line)
{
    const char *tag_end = line->message.at;
    struct split *split = NULL;
    struct part part = {0};

    if (take_part(&line->message, &part))
        split = part.number == 1 ? begin_split(envelope, line, tag_end, part.count)
                                 : find_split(envelope, line);
    if (part.number <= 1)
        take_stamp(envelope, line);
    if (split == NULL)
        return;
    if (split->next != part.number || split->count != part.count) {
        end_split(split);
        return;
    }
    append_part(split, line->message, &part);
    split->next++;
    line->message.length = 0;
    if (part.number < part.count)
        return;
    g_string_append_len(split->whole, split->text->str, (gssize)split->text->len);
    line->at = split->at;
    line->message = span_of(split->text->str, split->text->len);
    line->whole = span_of(split->whole->str, split->whole->len);
    end_split(split);
}

void envelope_exim_free(struct envelope_exim *exim)
{
    for (size_t i = 0; exim != NULL && i < ENVELOPE_SPLIT; i++) {
        struct split *split = &exim->splits[i];
        end_split(split);
        if (split->text != NULL) {
            g_string_free(split->text, TRUE);
            g_string_free(split->whole, TRUE);
        }
    }
    g_free(exim);
}
