#include "ingest/limits.h"
#include "ingest/log/envelope_private.h"

#define PROGRAM_BYTES 128 /* longer is no program's name */
#define PID_DIGITS 18
#define PREFIX_BYTES 128   /* of a container's name */
#define COUNT_DIGITS 6     /* of octets that are counted */
#define COUNTED_BYTES 4096 /* of the first entry: by a longer one such a file is not known */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span without_blanks(struct span text)
{
    while (text.length > 0 && is_blank(*text.at))
        text = span_from(text, 1);
    return text;
}

struct span envelope_syslog_word(struct span text, struct span *rest)
{
    const char *blank = text.length == 0 ? NULL : memchr(text.at, ' ', text.length);
    size_t length = blank == NULL ? text.length : (size_t)(blank - text.at);

    *rest = without_blanks(span_from(text, length));
    return span_of(text.at, length);
}

static bool is_number(struct span text, gint64 *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!g_ascii_isdigit(text.at[i]))
            return false;
        *number = *number * 10 + (text.at[i] - '0');
    }
    return text.length > 0;
}

/* "[123]" at `at`, and where it ends; what stands in it need not be a number. */
static const char *take_pid(const char *at, const char *end, gint64 *pid)
{
    const char *limit = at + MIN(end - at, PID_DIGITS + 2);
    const char *digits_end = at + MIN(end - at, PID_DIGITS + 1);
    const char *close;

    for (at++; at < digits_end && g_ascii_isdigit(*at); at++)
        *pid = *pid * 10 + (*at - '0');
    if (at < limit && *at == ']')
        return at + 1;
    *pid = 0;
    close = at < limit ? memchr(at, ']', (size_t)(limit - at)) : NULL;
    return close == NULL ? NULL : close + 1;
}

/* Bytes that end a program's name: a table, since this is the loop that all lines go through. */
static const bool ends_name[256] = {['\t'] = true, [' '] = true, [':'] = true, ['['] = true};

bool envelope_syslog_tag(struct span text, struct log_line *line)
{
    const char *end = text.at + text.length;
    const char *limit = text.at + MIN(text.length, PROGRAM_BYTES);
    const char *at = text.at;
    gint64 pid = 0;
    size_t length;

    while (at < limit && !ends_name[(unsigned char)*at])
        at++;
    if (at == text.at || at == limit)
        return false;
    length = (size_t)(at - text.at);
    if (*at == '[')
        at = take_pid(at, end, &pid);
    if (at == NULL || at == end || *at != ':' || (at + 1 < end && !is_blank(at[1])))
        return false;
    line->program = span_of(text.at, length);
    line->pid = pid;
    line->message = without_blanks(span_of(at + 1, (size_t)(end - at - 1)));
    return true;
}

/* "<mail.info>", "<2.6>": what BSD puts before the host. */
static bool is_bracketed(struct span word)
{
    return word.length > 2 && *word.at == '<' && word.at[word.length - 1] == '>';
}

/* "mail.info", "mail:info": what busybox and AIX put after the host. */
static bool is_facility(struct span word)
{
    static const char *const names[] = {"kern", "user",  "mail",  "daemon",  "auth", "syslog",
                                        "lpr",  "news",  "uucp",  "cron",    "ftp",  "authpriv",
                                        "ntp",  "local", "clock", "security"};
    size_t length = 0;

    if (word.length == 0 || strchr("acdfklmnsu", *word.at) == NULL)
        return false;
    while (length < word.length && g_ascii_isalpha(word.at[length]))
        length++;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (length == strlen(names[i]) && memcmp(word.at, names[i], length) == 0) {
            length += length < word.length && g_ascii_isdigit(word.at[length]);
            return length + 1 < word.length && strchr(".:", word.at[length]) != NULL;
        }
    return false;
}

/* "INFO", as containers write where a host stands else; "(info)" of Halon. */
static bool is_severity(struct span word)
{
    static const char *const names[] = {"DEBUG", "INFO",  "NOTICE",   "WARNING", "WARN",
                                        "ERR",   "ERROR", "CRITICAL", "CRIT",    "ALERT",
                                        "EMERG", "FATAL", "PANIC"};

    if (word.length > 2 && *word.at == '(' && word.at[word.length - 1] == ')')
        return true;
    if (word.length == 0 || !g_ascii_isupper(*word.at))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (span_is(word, names[i]))
            return true;
    return false;
}

/* A word instead of the host, or before it: "INFO    TAG", "<mail.info> HOST TAG". */
static bool take_after_word(struct span rest, struct log_line *line, struct span *host)
{
    struct span after;

    *host = span_of(rest.at, 0);
    if (envelope_syslog_tag(rest, line))
        return true;
    *host = envelope_syslog_word(rest, &after);
    return envelope_syslog_tag(after, line);
}

/* "HOST mail.info TAG" */
static bool take_after_host(struct span rest, struct log_line *line)
{
    struct span after, word = envelope_syslog_word(rest, &after);

    return (is_facility(word) || is_severity(word)) && envelope_syslog_tag(after, line);
}

/* Solaris: "[ID 197553 mail.info] ". */
static void drop_message_id(struct log_line *line)
{
    const char *close;

    if (!span_begins(line->message, "[ID "))
        return;
    close = memchr(line->message.at, ']', MIN(line->message.length, 40));
    if (close != NULL)
        line->message =
            without_blanks(span_from(line->message, (size_t)(close + 1 - line->message.at)));
}

bool envelope_syslog_header(struct span text, struct log_line *line)
{
    struct span rest, host = envelope_syslog_word(text, &rest);
    bool found;

    if (host.length == 0)
        return false;
    if (host.at[host.length - 1] == ':' && envelope_syslog_tag(text, line)) {
        host.length = 0;
        found = true;
    } else if (is_severity(host) || is_bracketed(host)) {
        found = take_after_word(rest, line, &host);
    } else {
        found = envelope_syslog_tag(rest, line) || take_after_host(rest, line);
    }
    if (!found)
        return false;
    line->host = host;
    if (line->message.length > 0 && *line->message.at == '[')
        drop_message_id(line);
    return true;
}

/* "[id name="value"][...]" or "-"; quotes hide brackets. */
static bool take_data(struct span text, struct span *rest)
{
    bool quoted = false, inside = false;
    size_t at = 0;

    if (text.length == 0 || (*text.at != '-' && *text.at != '['))
        return false;
    for (at = *text.at == '-'; at < text.length; at++) {
        char c = text.at[at];
        if (quoted && c == '\\')
            at++;
        else if (inside && c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == ']'))
            inside = c == '[';
        else if (!inside)
            break;
    }
    if (at < text.length && text.at[at] != ' ')
        return false;
    *rest = without_blanks(span_from(text, MIN(at, text.length)));
    if (span_begins(*rest, "\xef\xbb\xbf"))
        *rest = span_from(*rest, 3);
    return true;
}

static struct span unless_nil(struct span word)
{
    return span_is(word, "-") ? span_of(word.at, 0) : word;
}

/* "postfix/smtp[42]" as the name: of relays that take the whole tag for it. */
static void take_pid_of_name(struct log_line *line)
{
    const char *open = memchr(line->program.at, '[', line->program.length);
    size_t length = open == NULL ? 0 : (size_t)(open - line->program.at);
    struct span digits;
    gint64 number;

    if (length == 0)
        return;
    digits = span_of(open + 1, line->program.length - length - 2);
    if (digits.length > PID_DIGITS || !is_number(digits, &number))
        return;
    line->program.length = length;
    line->pid = number;
}

bool envelope_syslog_5424(struct span text, struct log_line *line)
{
    struct span host = envelope_syslog_word(text, &text);
    struct span program = envelope_syslog_word(text, &text);
    struct span pid = envelope_syslog_word(text, &text);
    struct span message_id = envelope_syslog_word(text, &text);
    gint64 number;

    if (message_id.length == 0 || program.at[program.length - 1] == ':' ||
        !take_data(text, &line->message))
        return false;
    line->host = unless_nil(host);
    line->program = unless_nil(program);
    line->pid = pid.length <= PID_DIGITS && is_number(pid, &number) ? number : 0;
    if (line->program.length > 0 && line->program.at[line->program.length - 1] == ']')
        take_pid_of_name(line);
    return true;
}

bool envelope_syslog_priority(struct span *text)
{
    size_t at = 1;

    if (text->length < 3 || *text->at != '<')
        return false;
    while (at < 4 && at < text->length && g_ascii_isdigit(text->at[at]))
        at++;
    if (at == 1 || at == text->length || text->at[at] != '>')
        return false;
    *text = without_blanks(span_from(*text, at + 1));
    return true;
}

/* The colours of docker compose: ESC [ ... m. */
static bool take_colour(struct span *text)
{
    size_t at = 2;

    if (!span_begins(*text, "\x1b["))
        return false;
    while (at < text->length && (g_ascii_isdigit(text->at[at]) || text->at[at] == ';'))
        at++;
    if (at >= text->length || text->at[at] != 'm')
        return false;
    *text = span_from(*text, at + 1);
    return true;
}

/* "postfix-1  | " */
static bool take_service(struct span *text)
{
    size_t at = 0, most = MIN(text->length, PREFIX_BYTES);

    while (at < most && (g_ascii_isalnum(text->at[at]) || memchr("._-@/", text->at[at], 5)))
        at++;
    if (at == 0)
        return false;
    while (at < most && text->at[at] == ' ')
        at++;
    if (at + 1 >= most || text->at[at] != '|')
        return false;
    *text = span_from(*text, at + 1);
    while (take_colour(text))
        continue;
    *text = without_blanks(*text);
    return true;
}

/* "[pod/mail-0/postfix] " of kubectl logs --prefix. */
static bool take_pod(struct span *text)
{
    const char *close;

    if (!span_begins(*text, "[pod/"))
        return false;
    close = memchr(text->at, ']', text->length);
    if (close == NULL)
        return false;
    *text = without_blanks(span_from(*text, (size_t)(close + 1 - text->at)));
    return true;
}

/* "123 <22>1 ...": octets counted as in RFC 6587. */
static bool take_count(struct span *text)
{
    struct span rest, word = envelope_syslog_word(*text, &rest);
    gint64 count;

    if (word.length > 6 || !is_number(word, &count) || !envelope_syslog_priority(&rest))
        return false;
    *text = span_from(*text, word.length + 1);
    return true;
}

/* "45 <" at the begin: the length of the entry with its count; 0: that does not stand there. */
static size_t counted_length(struct span text, struct span *message)
{
    size_t at = 0, count = 0;

    while (at < text.length && at < COUNT_DIGITS && g_ascii_isdigit(text.at[at]))
        count = count * 10 + (size_t)(text.at[at++] - '0');
    if (at == 0 || at + 1 >= text.length || text.at[at] != ' ' || text.at[at + 1] != '<' ||
        count == 0 || count > LIMIT_LOG_LINE_BYTES)
        return 0;
    *message = span_from(text, at + 1);
    message->length = MIN(message->length, count);
    return at + 1 + count;
}

/* "45" or "45 ", and no more yet. */
static bool may_be_count(const char *bytes, size_t length)
{
    size_t at = 0;

    while (at < length && at < COUNT_DIGITS && g_ascii_isdigit(bytes[at]))
        at++;
    return at == length || (at + 1 == length && bytes[at] == ' ');
}

bool envelope_is_counted(const char *bytes, size_t length, bool *more)
{
    struct span message;
    size_t entry = counted_length(span_of(bytes, length), &message);

    if (entry >= COUNTED_BYTES)
        entry = 0;
    *more = may_be_count(bytes, length) || (entry > 0 && entry >= length);
    return entry > 0 && entry < length && g_ascii_isdigit(bytes[entry]);
}

size_t envelope_counted_entry(const char *bytes, size_t length, struct span *line)
{
    size_t entry = counted_length(span_of(bytes, length), line);
    const char *newline;

    if (entry == 0) {
        newline = length == 0 ? NULL : memchr(bytes, '\n', length);
        entry = newline == NULL ? LIMIT_LOG_LINE_BYTES : (size_t)(newline - bytes) + 1;
        *line = span_of(bytes, MIN(entry, length));
    }
    while (line->length > 0 && memchr("\r\n", line->at[line->length - 1], 3) != NULL)
        line->length--;
    return entry <= length ? entry : 0;
}

bool envelope_syslog_prefix(struct span *text)
{
    static const char *const dropped[] = {"\xef\xbb\xbf", "\x1e",      "data: ",    "#",
                                          "stdout F ",    "stderr F ", "stdout P ", "stderr P "};
    struct span rest = *text;

    while (rest.length > 0 && (*rest.at == '\0' || is_blank(*rest.at)))
        rest = span_from(rest, 1);
    if (rest.length < text->length) {
        *text = rest;
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(dropped); i++)
        if (span_begins(rest, dropped[i])) {
            *text = span_from(rest, strlen(dropped[i]));
            return true;
        }
    return take_colour(text) || take_service(text) || take_pod(text) || take_count(text);
}
