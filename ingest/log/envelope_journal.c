#include "ingest/limits.h"
#include "ingest/log/envelope_private.h"

#define NAME_BYTES 64 /* a longer name of a field is none that we know */

static const struct field {
    const char *name;
    enum journal_slot slot;
    unsigned rank;
    unsigned has;
} fields[] = {
    /* The time that the program gave comes first, as journalctl -o short has it. */
    {"MESSAGE", JOURNAL_MESSAGE, 0, 0},
    {"_HOSTNAME", JOURNAL_HOST, 0, 0},
    {"SYSLOG_IDENTIFIER", JOURNAL_PROGRAM, 0, JOURNAL_IS_JOURNAL},
    {"_COMM", JOURNAL_PROGRAM, 9, JOURNAL_IS_JOURNAL},
    {"SYSLOG_PID", JOURNAL_PID, 0, JOURNAL_IS_JOURNAL},
    {"_PID", JOURNAL_PID, 1, JOURNAL_IS_JOURNAL},
    {"_SOURCE_REALTIME_TIMESTAMP", JOURNAL_TIME, 0, JOURNAL_IS_JOURNAL},
    {"__REALTIME_TIMESTAMP", JOURNAL_TIME, 1, JOURNAL_IS_JOURNAL},
    /* Of other loggers: syslog-ng, rsyslog, Docker, GELF, Logstash, Vector. */
    {"message", JOURNAL_MESSAGE, 2, 0},
    {"msg", JOURNAL_MESSAGE, 3, 0},
    {"short_message", JOURNAL_MESSAGE, 4, 0},
    {"log", JOURNAL_MESSAGE, 5, 0},
    {"@message", JOURNAL_MESSAGE, 6, 0},
    {"hostname", JOURNAL_HOST, 2, 0},
    {"HOSTNAME", JOURNAL_HOST, 2, 0},
    {"host", JOURNAL_HOST, 3, 0},
    {"HOST", JOURNAL_HOST, 3, 0},
    {"logsource", JOURNAL_HOST, 4, 0},
    {"fromhost", JOURNAL_HOST, 5, 0},
    {"syslogtag", JOURNAL_PROGRAM, 1, 0},
    {"program", JOURNAL_PROGRAM, 2, 0},
    {"_program", JOURNAL_PROGRAM, 2, 0},
    {"_application_name", JOURNAL_PROGRAM, 3, 0},
    {"application_name", JOURNAL_PROGRAM, 3, 0},
    {"PROGRAM", JOURNAL_PROGRAM, 2, 0},
    {"programname", JOURNAL_PROGRAM, 3, 0},
    {"syslog_identifier", JOURNAL_PROGRAM, 2, 0},
    {"ident", JOURNAL_PROGRAM, 4, 0},
    {"appname", JOURNAL_PROGRAM, 4, 0},
    {"app_name", JOURNAL_PROGRAM, 4, 0},
    {"app-name", JOURNAL_PROGRAM, 4, 0},
    {"tag", JOURNAL_PROGRAM, 5, 0},
    {"process", JOURNAL_PROGRAM, 6, 0},
    {"pid", JOURNAL_PID, 2, 0},
    {"_pid", JOURNAL_PID, 2, 0},
    {"_process_id", JOURNAL_PID, 4, 0},
    {"PID", JOURNAL_PID, 2, 0},
    {"procid", JOURNAL_PID, 3, 0},
    {"proc_id", JOURNAL_PID, 3, 0},
    {"process_id", JOURNAL_PID, 4, 0},
    {"@timestamp", JOURNAL_TIME, 2, 0},
    {"timestamp", JOURNAL_TIME, 3, 0},
    {"TIMESTAMP", JOURNAL_TIME, 3, 0},
    {"time", JOURNAL_TIME, 4, 0},
    {"timereported", JOURNAL_TIME, 4, 0},
    {"datetime", JOURNAL_TIME, 5, 0},
    {"ISODATE", JOURNAL_TIME, 5, 0},
    {"DATE", JOURNAL_TIME, 6, 0},
    {"date", JOURNAL_TIME, 6, 0},
    {"ts", JOURNAL_TIME, 7, 0},
    /* Whose line or file it is, when it is not a logger's. */
    {"tls", JOURNAL_SLOTS, 0, JOURNAL_IS_OTHER},
    {"mx", JOURNAL_SLOTS, 0, JOURNAL_IS_OTHER},
    {"policies", JOURNAL_SLOTS, 0, JOURNAL_IS_REPORT},
    {"organization-name", JOURNAL_SLOTS, 0, JOURNAL_IS_REPORT},
    {"date-range", JOURNAL_SLOTS, 0, JOURNAL_IS_REPORT},
    {"report-id", JOURNAL_SLOTS, 0, JOURNAL_IS_REPORT},
};

static const struct field *find_field(struct span name)
{
    for (size_t i = 0; name.length > 0 && name.length < NAME_BYTES && i < G_N_ELEMENTS(fields); i++)
        if (*name.at == *fields[i].name && span_is(name, fields[i].name))
            return &fields[i];
    return NULL;
}

/* What a field's value is for: NULL where a better one was there. */
static struct journal_value *value_for(struct journal_entry *entry, const struct field *field)
{
    struct journal_value *value;

    if (field == NULL)
        return NULL;
    entry->has |= field->has;
    if (field->slot == JOURNAL_SLOTS)
        return NULL;
    value = &entry->values[field->slot];
    return value->set && value->rank <= field->rank ? NULL : value;
}

static void set_value(struct journal_entry *entry, const struct field *field, gsize at)
{
    struct journal_value *value = &entry->values[field->slot];

    *value = (struct journal_value){true, field->rank, at, entry->text->len - at};
    if (field->slot == JOURNAL_MESSAGE)
        entry->has |= JOURNAL_HAS_MESSAGE;
    else if (field->slot != JOURNAL_HOST)
        entry->has |= JOURNAL_HAS_CONTEXT;
}

/* JSON, in the loose way of some loggers too: single quotes, names without any. */

struct walk {
    const char *at;
    const char *end;
};

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->end && strchr(" \t\r\n,", *walk->at) != NULL && *walk->at != '\0')
        walk->at++;
}

static bool is_next(const struct walk *walk, char c)
{
    return walk->at < walk->end && *walk->at == c;
}

/* The four digits of "\uXXXX"; -1 where they are none. */
static int take_hex(struct walk *walk)
{
    int code = 0;

    if (walk->end - walk->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(walk->at[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    walk->at += 4;
    return code;
}

static void take_unicode(struct walk *walk, GString *out)
{
    int code = take_hex(walk), low;
    struct walk next = *walk;

    if (code >= 0xd800 && code < 0xdc00 && next.end - next.at >= 6 && next.at[0] == '\\' &&
        next.at[1] == 'u') {
        next.at += 2;
        low = take_hex(&next);
        if (low >= 0xdc00 && low < 0xe000) {
            *walk = next;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    if (code < 0 || (code >= 0xd800 && code < 0xe000))
        code = 0xfffd;
    g_string_append_unichar(out, (gunichar)code);
}

static void take_escape(struct walk *walk, GString *out)
{
    static const char escapes[] = "b\bf\fn\nr\rt\t";
    char c = *walk->at++;
    const char *found = c == '\0' ? NULL : strchr(escapes, c);

    if (c == 'u')
        take_unicode(walk, out);
    else
        g_string_append_c(out, found != NULL && (found - escapes) % 2 == 0 ? found[1] : c);
}

/* A string, opened by any quote; its end may be missing. */
static void take_string(struct walk *walk, GString *out)
{
    char quote = *walk->at++;

    while (walk->at < walk->end && *walk->at != quote) {
        const char *from = walk->at;
        while (walk->at < walk->end && *walk->at != quote && *walk->at != '\\')
            walk->at++;
        if (out != NULL)
            g_string_append_len(out, from, walk->at - from);
        if (!is_next(walk, '\\') || walk->at + 1 >= walk->end) {
            walk->at += is_next(walk, '\\');
            continue;
        }
        walk->at++;
        if (out != NULL)
            take_escape(walk, out);
        else
            walk->at++;
    }
    walk->at += walk->at < walk->end;
}

static bool is_quote(const struct walk *walk)
{
    return is_next(walk, '"') || is_next(walk, '\'');
}

/* A number, a literal, a name without quotes. */
static struct span take_bare(struct walk *walk)
{
    const char *from = walk->at;

    while (walk->at < walk->end && memchr(" \t\r\n,:{}[]\"'", *walk->at, 12) == NULL)
        walk->at++;
    return span_of(from, (size_t)(walk->at - from));
}

/* To the end of the object or array that stands around at this depth. */
static void skip_out_of(struct walk *walk, size_t depth)
{
    while (walk->at < walk->end && depth > 0) {
        if (is_quote(walk)) {
            take_string(walk, NULL);
            continue;
        }
        depth += is_next(walk, '{') || is_next(walk, '[');
        depth -= is_next(walk, '}') || is_next(walk, ']');
        walk->at++;
    }
}

static void take_bytes(struct walk *walk, GString *out)
{
    for (skip_space(walk); walk->at < walk->end; skip_space(walk)) {
        struct span digits = take_bare(walk);
        unsigned byte = 0;
        if (digits.length == 0 || digits.length > 3)
            return;
        for (size_t i = 0; i < digits.length; i++)
            byte = byte * 10 + (unsigned char)digits.at[i] - '0';
        if (byte < 256)
            g_string_append_c(out, (char)byte);
    }
}

/*
 * journald gives bytes that are no text as an array of numbers, and a field that came more than
 * once as an array of its values: of those the first counts.
 */
static void take_array(struct walk *walk, GString *out)
{
    size_t depth = 1;

    walk->at++;
    skip_space(walk);
    if (is_next(walk, '[')) {
        walk->at++;
        depth++;
    }
    if (is_quote(walk))
        take_string(walk, out);
    else
        take_bytes(walk, out);
    skip_out_of(walk, depth);
}

/* False: the value is null, or an object. */
static bool take_value(struct walk *walk, GString *out)
{
    struct span bare;

    if (is_quote(walk)) {
        take_string(walk, out);
    } else if (is_next(walk, '[')) {
        take_array(walk, out);
    } else if (is_next(walk, '{')) {
        walk->at++;
        skip_out_of(walk, 1);
        return false;
    } else {
        bare = take_bare(walk);
        g_string_append_len(out, bare.at, (gssize)bare.length);
        return !span_is(bare, "null");
    }
    return true;
}

static struct span take_name(struct walk *walk)
{
    const char *from = walk->at + 1;

    if (!is_quote(walk))
        return take_bare(walk);
    take_string(walk, NULL);
    return span_of(from, (size_t)(walk->at - from) - (walk->at > from));
}

static void take_member(struct walk *walk, struct journal_entry *entry)
{
    gsize at = entry->text->len;
    struct span name = take_name(walk);
    const struct field *field;
    bool wanted;

    skip_space(walk);
    if (!is_next(walk, ':')) {
        walk->at += name.length == 0 && walk->at < walk->end;
        return;
    }
    walk->at++;
    skip_space(walk);
    field = find_field(name);
    wanted = value_for(entry, field) != NULL;
    if (take_value(walk, entry->text) && wanted)
        set_value(entry, field, at);
    else
        g_string_truncate(entry->text, at);
}

bool envelope_journal_json(struct span bytes, struct journal_entry *entry)
{
    struct walk walk = {bytes.at, bytes.at + bytes.length};

    skip_space(&walk);
    if (!is_next(&walk, '{'))
        return false;
    walk.at++;
    for (skip_space(&walk); walk.at < walk.end && *walk.at != '}'; skip_space(&walk))
        take_member(&walk, entry);
    return true;
}

/* journalctl -o export */

/* The journal takes no longer value (DATA_SIZE_MAX of systemd); a size past it is damaged. */
#define VALUE_BYTES ((guint64)768 << 20)

static bool is_field_name(const char *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isupper(at[i]) && !g_ascii_isdigit(at[i]) && at[i] != '_')
            return false;
    return length > 0;
}

struct export_field {
    struct span name;
    struct span value;
    bool blank; /* the line is empty: the entry ends */
};

/* Eight bytes that tell the size, and as many of data. */
static size_t take_data(struct span rest, struct span name, struct export_field *field)
{
    guint64 size;

    if (rest.length < sizeof size)
        return 0;
    memcpy(&size, rest.at, sizeof size);
    size = GUINT64_FROM_LE(size);
    field->name = name;
    field->value = span_from(rest, sizeof size);
    if (size >= field->value.length)
        return 0;
    field->value.length = (size_t)size;
    return sizeof size + (size_t)size + 1;
}

/*
 * One field at `at`; the length that it takes with its newline, 0 where its end is not there: what
 * there is of its value is given all the same.
 */
static size_t take_field(struct span bytes, size_t at, struct export_field *field)
{
    struct span rest = span_from(bytes, at);
    const char *newline = rest.length == 0 ? NULL : memchr(rest.at, '\n', rest.length);
    size_t line = newline == NULL ? rest.length : (size_t)(newline - rest.at);
    const char *equals = line == 0 ? NULL : memchr(rest.at, '=', line);

    *field = (struct export_field){.blank = line == 0};
    if (equals != NULL) {
        field->name = span_of(rest.at, (size_t)(equals - rest.at));
        field->value = span_of(equals + 1, line - field->name.length - 1);
        return newline == NULL ? 0 : line + 1;
    }
    if (newline == NULL)
        return 0;
    if (!is_field_name(rest.at, line))
        return line + 1;
    size_t data = take_data(span_from(rest, line + 1), span_of(rest.at, line), field);
    return data == 0 ? 0 : line + 1 + data;
}

bool envelope_is_export(const char *bytes, size_t length)
{
    struct span text = span_of(bytes, length);
    struct export_field field;

    while (text.length > 0 && *text.at == '\n')
        text = span_from(text, 1);
    if (!span_begins(text, "_") && !span_begins(text, "MESSAGE="))
        return false;
    for (size_t at = 0, next; (next = take_field(text, at, &field)) != 0; at += next) {
        if (!is_field_name(field.name.at, field.name.length))
            return false;
        if (span_is(field.name, "__CURSOR") || span_is(field.name, "__REALTIME_TIMESTAMP"))
            return true;
    }
    return false;
}

size_t envelope_export_entry(const char *bytes, size_t length)
{
    struct span text = span_of(bytes, MIN(length, LIMIT_JOURNAL_ENTRY_BYTES));
    struct export_field field;
    size_t at = 0, next;

    while (at < text.length && text.at[at] == '\n')
        at++;
    for (; (next = take_field(text, at, &field)) != 0; at += next)
        if (field.blank)
            return at + next;
    return length >= LIMIT_JOURNAL_ENTRY_BYTES ? LIMIT_JOURNAL_ENTRY_BYTES : 0;
}

/* What the size of the value at `at` has it take, with its name and newline; 0: it tells none. */
static guint64 told_size(struct span text, size_t at)
{
    struct span rest = span_from(text, at);
    const char *newline = rest.length == 0 ? NULL : memchr(rest.at, '\n', rest.length);
    size_t line = newline == NULL ? 0 : (size_t)(newline - rest.at);
    guint64 size;

    if (!is_field_name(rest.at, line) || rest.length < line + 1 + sizeof size)
        return 0;
    memcpy(&size, newline + 1, sizeof size);
    size = GUINT64_FROM_LE(size);
    return size > VALUE_BYTES ? 0 : line + 1 + sizeof size + size + 1;
}

guint64 envelope_export_excess(const char *bytes, size_t length)
{
    struct span text = span_of(bytes, length);
    struct export_field field;
    size_t at = 0, next;
    guint64 size;

    while (at < text.length && text.at[at] == '\n')
        at++;
    for (; (next = take_field(text, at, &field)) != 0; at += next)
        if (field.blank)
            return 0;
    size = told_size(text, at);
    return at + size > length ? at + size - length : 0;
}

void envelope_journal_export(struct span bytes, struct journal_entry *entry)
{
    struct export_field field;
    size_t at = 0, next;

    do {
        next = take_field(bytes, at, &field);
        const struct field *known = find_field(field.name);
        gsize start = entry->text->len;
        at += next;
        if (value_for(entry, known) == NULL)
            continue;
        g_string_append_len(entry->text, field.value.at, (gssize)field.value.length);
        set_value(entry, known, start);
    } while (next != 0);
}

/* What both give */

static struct span value_of(const struct journal_entry *entry, enum journal_slot slot)
{
    const struct journal_value *value = &entry->values[slot];

    return value->set ? span_of(entry->text->str + value->at, value->length) : span_of("", 0);
}

static gint64 number_of(struct span text)
{
    gint64 number = 0;

    for (size_t i = 0; i < text.length; i++) {
        if (!g_ascii_isdigit(text.at[i]) || i >= 18)
            return 0;
        number = number * 10 + (text.at[i] - '0');
    }
    return number;
}

static gint64 time_of(struct span text, struct envelope_time *time)
{
    const char *dot = text.length == 0 ? NULL : memchr(text.at, '.', text.length);
    gint64 at =
        envelope_time_of_number(dot == NULL ? text : span_of(text.at, (size_t)(dot - text.at)));
    struct stamp stamp;

    if (at != 0)
        return at;
    return envelope_time_take(time, text, &stamp) ? stamp.at : 0;
}

/* "postfix/smtp", or the whole tag "postfix/smtp[123]:". */
static void fill_program(struct span program, struct log_line *line)
{
    const char *bracket;

    while (program.length > 0 && strchr(": ", program.at[program.length - 1]) != NULL)
        program.length--;
    line->program = program;
    if (program.length == 0 || program.at[program.length - 1] != ']')
        return;
    bracket = memchr(program.at, '[', program.length);
    if (bracket == NULL)
        return;
    line->program.length = (size_t)(bracket - program.at);
    line->pid = number_of(span_of(bracket + 1, program.length - line->program.length - 2));
}

struct span envelope_journal_fill(const struct journal_entry *entry, struct envelope_time *time,
                                  struct log_line *line)
{
    struct span message = value_of(entry, JOURNAL_MESSAGE);

    line->host = value_of(entry, JOURNAL_HOST);
    fill_program(value_of(entry, JOURNAL_PROGRAM), line);
    if (entry->values[JOURNAL_PID].set)
        line->pid = number_of(value_of(entry, JOURNAL_PID));
    line->at = time_of(value_of(entry, JOURNAL_TIME), time);
    if (entry->has & JOURNAL_IS_JOURNAL)
        line->carrier = LOG_CARRIER_JOURNAL;
    while (message.length > 0 && strchr("\r\n", message.at[message.length - 1]) != NULL)
        message.length--;
    /* rsyslog counts the blank after the tag to the message. */
    while (message.length > 0 && *message.at == ' ')
        message = span_from(message, 1);
    return message;
}
