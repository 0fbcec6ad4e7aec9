#include "ingest/log/scrub.h"

#define BLANK "..."

/* A name of a person before an address is no longer; a display name is one part of RFC 5322. */
#define DISPLAY_BYTES 256

/* Longer ids go unseen; else each "id=" of a line full of them would look through the whole line.
 */
#define ID_BYTES 512

/* What stands after a key. */
enum value {
    VALUE_ADDRESS, /* one address, or a local part alone */
    VALUE_XTEXT,   /* the same with "+40" for '@' (RFC 3461), and perhaps "rfc822;" before it */
    VALUE_NAME,    /* a login name: goes */
    VALUE_LOGIN,   /* MECHANISM:NAME of Exim: the name goes */
    VALUE_ID,      /* a message id where it holds an '@', else something else's id */
    VALUE_TITLE,   /* "TEXT" in quotes, which goes */
    VALUE_SUBJECT, /* text up to Postfix' own words about the message, else to the end */
    VALUE_MESSAGE_ID,
};

#define KEY(name) name, sizeof name - 1

static const struct key {
    const char *name;
    size_t length;
    const char *signs; /* what may stand between the key and its value */
    enum value value;
} keys[] = {
    {KEY("to"), "=:", VALUE_ADDRESS},
    {KEY("orig_to"), "=", VALUE_ADDRESS},
    {KEY("from"), "=:", VALUE_ADDRESS},
    {KEY("for"), "=", VALUE_ADDRESS},
    {KEY("sender"), "=", VALUE_ADDRESS},
    {KEY("recipient"), "=", VALUE_ADDRESS},
    {KEY("rcpt"), "=", VALUE_ADDRESS},
    {KEY("orig"), "=", VALUE_ADDRESS},
    {KEY("mail"), "=", VALUE_ADDRESS},
    {KEY("mfrom"), "=", VALUE_ADDRESS},
    {KEY("email"), "=", VALUE_ADDRESS},
    {KEY("emailAddress"), "=", VALUE_ADDRESS},
    {KEY("F"), "=", VALUE_ADDRESS},
    {KEY("orcpt"), "=", VALUE_XTEXT},
    {KEY("rfc822"), ";", VALUE_XTEXT},
    {KEY("sasl_username"), "=", VALUE_NAME},
    {KEY("sasl_sender"), "=", VALUE_NAME},
    {KEY("username"), "=", VALUE_NAME},
    {KEY("user"), "=", VALUE_NAME},
    {KEY("login"), "=", VALUE_NAME},
    {KEY("set_id"), "=", VALUE_NAME},
    {KEY("U"), "=", VALUE_NAME},
    {KEY("A"), "=", VALUE_LOGIN},
    {KEY("id"), "=", VALUE_ID},
    {KEY("message-id"), "=:", VALUE_MESSAGE_ID},
    {KEY("resent-message-id"), "=:", VALUE_MESSAGE_ID},
    {KEY("T"), "=", VALUE_TITLE},
    {KEY("subject"), ":", VALUE_SUBJECT},
};

struct scrubber {
    GString *out;
    struct span text;
    size_t at;      /* next byte to be read */
    size_t token;   /* in `out`: where a local part that ends here would have begun */
    gssize open;    /* in `out`: where the last '"' would have begun a quoted local part; or -1 */
    gssize escaped; /* the first '\"', likewise */
    bool subject_seen;
};

static char peek(const struct scrubber *scrubber, size_t at)
{
    return at < scrubber->text.length ? scrubber->text.at[at] : '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Letters of keys. Bytes above ASCII are letters of somebody's alphabet. */
static bool is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || (guchar)c >= 0x80;
}

/* What ends an unquoted local part on its left; RFC 5321 lets '=', '/', '%' and '!' stand in one.
 */
static bool is_delimiter(char c)
{
    static const bool delimiters[256] = {
        ['<'] = true, ['>'] = true, ['('] = true, [')'] = true, ['['] = true,  [']'] = true,
        [','] = true, [';'] = true, [':'] = true, ['"'] = true, ['\\'] = true,
    };

    return (guchar)c <= ' ' || delimiters[(guchar)c];
}

static void copy(struct scrubber *scrubber, size_t end)
{
    g_string_append_len(scrubber->out, scrubber->text.at + scrubber->at,
                        (gssize)(end - scrubber->at));
    scrubber->at = end;
    scrubber->token = scrubber->out->len;
}

/* Everything up to `end` is replaced; nothing stays nothing. */
static void blank(struct scrubber *scrubber, size_t end)
{
    if (end > scrubber->at)
        g_string_append(scrubber->out, BLANK);
    scrubber->at = end;
    scrubber->token = scrubber->out->len;
}

/* Where the next "KEY=" stands in for what follows a blank, a value with blanks in it has ended. */
static bool begins_key(const struct scrubber *scrubber, size_t at)
{
    size_t end = at;

    while (end < scrubber->text.length && is_word(scrubber->text.at[end]))
        end++;
    return end > at && peek(scrubber, end) == '=';
}

static size_t end_of_name(const struct scrubber *scrubber, size_t at)
{
    bool bracket = peek(scrubber, at) == '<';

    for (; at < scrubber->text.length; at++) {
        char c = scrubber->text.at[at];
        if (bracket && c == '>')
            return at + 1;
        if (bracket)
            continue;
        if (c == ',' || c == ';' || c == ')' || c == '"')
            break;
        if (is_blank(c) && begins_key(scrubber, at + 1))
            break;
    }
    return at;
}

/* An id has no blanks, unless it stands in brackets. */
static size_t end_of_id(const struct scrubber *scrubber, size_t at, size_t most)
{
    size_t last = most < scrubber->text.length - at ? at + most : scrubber->text.length;
    bool bracket = peek(scrubber, at) == '<';

    for (; at < last; at++) {
        char c = scrubber->text.at[at];
        if (bracket ? c == '>' : is_blank(c) || strchr(",;()\"", c) != NULL)
            break;
    }
    return at;
}

static bool holds_at(struct span span)
{
    return span_find(span, "@") != NULL || span_find(span, "%40") != NULL;
}

static void take_id(struct scrubber *scrubber, bool always)
{
    size_t end;

    if (always && peek(scrubber, scrubber->at) == ' ' && peek(scrubber, scrubber->at + 1) == '<')
        copy(scrubber, scrubber->at + 1);
    end = end_of_id(scrubber, scrubber->at, always ? G_MAXSIZE : ID_BYTES);
    if (!always && end - scrubber->at < ID_BYTES &&
        !holds_at(span_of(scrubber->text.at + scrubber->at, end - scrubber->at)))
        return;
    if (peek(scrubber, scrubber->at) == '<')
        copy(scrubber, scrubber->at + 1);
    blank(scrubber, end);
}

/* "From: Jane Doe <jane@example.com>": the words before the bracket. */
static void take_display(struct scrubber *scrubber)
{
    size_t begin = scrubber->at + (is_blank(peek(scrubber, scrubber->at)) ? 1 : 0);
    size_t end = begin;

    if (scrubber->at == 0 || scrubber->text.at[scrubber->at - 1] != ':' || end == scrubber->at)
        return;
    while (end - begin < DISPLAY_BYTES && end < scrubber->text.length &&
           memchr("<>@\":;[]()", scrubber->text.at[end], 10) == NULL)
        end++;
    if (peek(scrubber, end) != '<' || end < begin + 2 || !is_blank(scrubber->text.at[end - 1]))
        return;
    copy(scrubber, begin);
    blank(scrubber, end - 1);
}

/* "\"Jane Doe\" <" stands before the local part that goes now. */
static void blank_display(struct scrubber *scrubber)
{
    const char *text = scrubber->out->str;
    size_t end = scrubber->out->len;
    size_t begin;

    if (end < 4 || text[end - 1] != '<' || !is_blank(text[end - 2]) || text[end - 3] != '"')
        return;
    for (begin = end - 3; begin > 0 && end - begin < DISPLAY_BYTES; begin--)
        if (text[begin - 1] == '"' && (begin < 2 || text[begin - 2] != '\\'))
            break;
    if (begin == 0 || text[begin - 1] != '"' || begin >= end - 3)
        return;
    g_string_erase(scrubber->out, (gssize)begin, (gssize)(end - 3 - begin));
    g_string_insert(scrubber->out, (gssize)begin, BLANK);
    scrubber->token = scrubber->out->len;
    scrubber->open = scrubber->escaped = -1;
}

static void drop(struct scrubber *scrubber, size_t end)
{
    scrubber->at = end;
    scrubber->token = scrubber->out->len;
}

static bool has_letter(struct span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (g_ascii_isalpha(text.at[i]) || (guchar)text.at[i] >= 0x80)
            return true;
    return false;
}

/* "NAME" after "KEY=": a local part alone. Numbers are counters of commands. */
static void take_name_alone(struct scrubber *scrubber)
{
    size_t end = scrubber->at;
    struct span name;

    if (end == 0 || scrubber->text.at[end - 1] != '=')
        return;
    while (end < scrubber->text.length && !is_delimiter(scrubber->text.at[end]))
        end++;
    name = span_of(scrubber->text.at + scrubber->at, end - scrubber->at);
    if (has_letter(name) && !holds_at(name))
        blank(scrubber, end);
}

/* Where the first '@' of a local part without quotes stands; it may hold blanks and commas. */
static size_t end_of_local_part(const struct scrubber *scrubber, size_t at)
{
    size_t last = MIN(scrubber->text.length, at + DISPLAY_BYTES);

    while (at < last && memchr("@\"<>", scrubber->text.at[at], 4) == NULL)
        at++;
    return at;
}

/*
 * "<NAME>" after a key of an address: a local part alone. Where a quoted part comes, the rules for
 * addresses do the work.
 */
static void take_bracket(struct scrubber *scrubber)
{
    size_t at = scrubber->at;
    size_t end;

    if (is_blank(peek(scrubber, at)))
        at++;
    if (peek(scrubber, at) != '<') {
        take_name_alone(scrubber);
        return;
    }
    copy(scrubber, at + 1);
    end = end_of_local_part(scrubber, scrubber->at);
    if (peek(scrubber, end) == '@') {
        drop(scrubber, end);
        return;
    }
    if (peek(scrubber, end) == '"')
        return;
    for (end = scrubber->at; end < scrubber->text.length; end++) {
        char c = scrubber->text.at[end];
        if (c == '@' || c == '"')
            return;
        if (is_blank(c) || c == '<' || c == '>')
            break;
    }
    blank(scrubber, end);
}

/* Up to its '@' or "+40", which is left for the domain to be known by. */
static void take_xtext(struct scrubber *scrubber)
{
    static const char type[] = "rfc822;";
    struct span rest = span_from(scrubber->text, scrubber->at);
    size_t end;

    if (rest.length >= strlen(type) && g_ascii_strncasecmp(rest.at, type, strlen(type)) == 0)
        copy(scrubber, scrubber->at + strlen(type));
    if (is_blank(peek(scrubber, scrubber->at)))
        copy(scrubber, scrubber->at + 1);
    for (end = scrubber->at; end < scrubber->text.length; end++) {
        char c = scrubber->text.at[end];
        if (c == '@' || span_begins(span_from(scrubber->text, end), "+40")) {
            drop(scrubber, end);
            return;
        }
        if (is_delimiter(c))
            break;
    }
    blank(scrubber, end);
}

static void take_login(struct scrubber *scrubber)
{
    size_t at = scrubber->at;

    while (at < scrubber->text.length && is_word(scrubber->text.at[at]))
        at++;
    if (peek(scrubber, at) != ':')
        return;
    copy(scrubber, at + 1);
    blank(scrubber, end_of_name(scrubber, scrubber->at));
}

static void take_title(struct scrubber *scrubber)
{
    size_t at = scrubber->at + 1;

    if (peek(scrubber, scrubber->at) != '"')
        return;
    for (; at < scrubber->text.length && scrubber->text.at[at] != '"'; at++)
        if (scrubber->text.at[at] == '\\' && at + 1 < scrubber->text.length)
            at++;
    copy(scrubber, scrubber->at + 1);
    blank(scrubber, at);
    if (at < scrubber->text.length)
        copy(scrubber, at + 1);
}

static const char *find_last(struct span span, const char *text)
{
    size_t length = strlen(text);

    for (size_t at = span.length >= length ? span.length - length + 1 : 0; at-- > 0;)
        if (memcmp(span.at + at, text, length) == 0)
            return span.at + at;
    return NULL;
}

/* Of a certificate: "Subject: CN=...", "Subject: /C=...". */
static bool is_subject_of_certificate(const struct scrubber *scrubber)
{
    size_t at = scrubber->at;

    if (is_blank(peek(scrubber, at)))
        at++;
    if (peek(scrubber, at) == '/')
        at++;
    if (!g_ascii_isupper(peek(scrubber, at)))
        return false;
    at++;
    if (g_ascii_isupper(peek(scrubber, at)))
        at++;
    return peek(scrubber, at) == '=';
}

/* Postfix' header_checks: "header Subject: TEXT from HOST[IP]; from=<...> to=<...>". */
static void take_subject(struct scrubber *scrubber)
{
    struct span rest = span_from(scrubber->text, scrubber->at);
    const char *end;

    if (is_subject_of_certificate(scrubber))
        return;
    end = scrubber->subject_seen ? NULL : find_last(rest, "; from=<");
    if (end != NULL)
        end = find_last(span_of(rest.at, (size_t)(end - rest.at)), " from ");
    scrubber->subject_seen = true;
    if (is_blank(peek(scrubber, scrubber->at)))
        copy(scrubber, scrubber->at + 1);
    blank(scrubber, end == NULL ? scrubber->text.length
                                : MAX((size_t)(end - scrubber->text.at), scrubber->at));
}

/*
 * A local part may hold "to=", so a key is not looked for within a token, but for the address in a
 * DN with slashes. Keys of one letter are Exim's fields: exact, and after a blank.
 */
static bool may_begin_key(const struct scrubber *scrubber, const struct key *key)
{
    char before = scrubber->at == 0 ? ' ' : scrubber->text.at[scrubber->at - 1];

    if (key->name[1] == '\0')
        return is_blank(before) && scrubber->text.at[scrubber->at] == *key->name;
    return is_delimiter(before) || (before == '/' && strcmp(key->name, "emailAddress") == 0);
}

static const struct key *find_key(const struct scrubber *scrubber, size_t length, char sign)
{
    const char *word = scrubber->text.at + scrubber->at;

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (keys[i].length == length && strchr(keys[i].signs, sign) != NULL &&
            g_ascii_strncasecmp(word, keys[i].name, length) == 0 &&
            may_begin_key(scrubber, &keys[i]))
            return &keys[i];
    return NULL;
}

static void take_value(struct scrubber *scrubber, const struct key *key)
{
    switch (key->value) {
    case VALUE_ADDRESS:
        take_display(scrubber);
        take_bracket(scrubber);
        break;
    case VALUE_XTEXT:
        take_xtext(scrubber);
        break;
    case VALUE_NAME:
        if (peek(scrubber, scrubber->at) == '"') {
            take_title(scrubber);
            break;
        }
        blank(scrubber, end_of_name(scrubber, scrubber->at));
        break;
    case VALUE_LOGIN:
        take_login(scrubber);
        break;
    case VALUE_ID:
    case VALUE_MESSAGE_ID:
        take_id(scrubber, key->value == VALUE_MESSAGE_ID);
        break;
    case VALUE_TITLE:
        take_title(scrubber);
        break;
    case VALUE_SUBJECT:
        take_subject(scrubber);
        break;
    }
}

/* "KEY":"VALUE" of JSON, for what has no '@' to be known by. */
static bool take_member(struct scrubber *scrubber, size_t end)
{
    size_t length = scrubber->at == 0 ? 0 : end - scrubber->at;
    size_t value = end + (is_blank(peek(scrubber, end + 2)) ? 3 : 2);
    const struct key *key = find_key(scrubber, length, ':');

    if (key == NULL)
        key = find_key(scrubber, length, '=');
    if (key == NULL || key->value == VALUE_ADDRESS || peek(scrubber, value) != '"')
        return false;
    copy(scrubber, value);
    take_title(scrubber);
    return true;
}

/* At the begin of a word: true where it was a key, and it and what goes of its value are done. */
static bool take_key(struct scrubber *scrubber)
{
    size_t end = scrubber->at;
    const struct key *key = NULL;

    while (end < scrubber->text.length && is_word(scrubber->text.at[end]))
        end++;
    if (peek(scrubber, end) == '"' && peek(scrubber, end + 1) == ':')
        return take_member(scrubber, end);
    if (end < scrubber->text.length && strchr("=:;", scrubber->text.at[end]) != NULL &&
        scrubber->text.at[end] != '\0')
        key = find_key(scrubber, end - scrubber->at, peek(scrubber, end));
    if (key == NULL)
        return false;
    copy(scrubber, end + 1);
    take_value(scrubber, key);
    return true;
}

/* "xxxxxx-xxxxxx-xx" and, since 4.97, "xxxxxx-xxxxxxxxxxx-xxxx". */
static bool is_exim_id(struct span word)
{
    return (word.length == 16 && word.at[6] == '-' && word.at[13] == '-') ||
           (word.length == 23 && word.at[6] == '-' && word.at[18] == '-');
}

/*
 * Exim: "ID => bob <bob@example.com>", "ID => /home/bob/Maildir <...>": who or where it was
 * delivered to within the host. `word` has just been copied.
 */
static void take_exim_flag(struct scrubber *scrubber, struct span word)
{
    static const char *const flags[] = {" => ", " -> ", " >> ", " *> ", " ** ", " == ", " <= "};
    struct span rest = span_from(scrubber->text, scrubber->at);
    size_t end = scrubber->at + strlen(flags[0]);

    if (!is_exim_id(word))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (!span_begins(rest, flags[i]))
            continue;
        copy(scrubber, end);
        while (end < scrubber->text.length && !is_blank(scrubber->text.at[end]))
            end++;
        rest = span_of(scrubber->text.at + scrubber->at, end - scrubber->at);
        if (rest.length > 0 && memchr("<:\"", *rest.at, 3) == NULL && !holds_at(rest))
            blank(scrubber, end);
        return;
    }
}

static bool is_escaped(const struct scrubber *scrubber)
{
    return scrubber->at > 0 && scrubber->text.at[scrubber->at - 1] == '\\';
}

/* What stands between two '"' is the ":" or "," of JSON or CSV: the second begins something. */
static bool only_joins(const struct scrubber *scrubber, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (strchr(":, ", scrubber->out->str[i]) == NULL)
            return false;
    return to > from && to - from <= 2;
}

/*
 * Which '"' began the part that this one ends is told by the last one without a '\', whatever
 * levels of '\' stand between: too much goes rather than too little.
 */
static void take_quote(struct scrubber *scrubber)
{
    size_t here = scrubber->out->len;
    size_t begin = here;
    char next = peek(scrubber, scrubber->at + 1);
    gssize open = scrubber->open >= 0 ? scrubber->open : scrubber->escaped;

    /* A quoted part after others: x."y"@example.com. */
    if (here > 0 && scrubber->out->str[here - 1] == '.' && scrubber->token < here)
        begin = scrubber->token;
    if (!is_escaped(scrubber))
        scrubber->open = (gssize)begin;
    else if (scrubber->escaped < 0)
        scrubber->escaped = (gssize)here - 1;
    g_string_append_c(scrubber->out, '"');
    scrubber->at++;
    scrubber->token = scrubber->out->len;
    if (open >= 0 && (next == '@' || next == '.') && !only_joins(scrubber, (size_t)open + 1, here))
        scrubber->token = (size_t)open;
}

/* What stood before the '@' (or its "%40") goes, and with it the quotes that stood in it. */
static void take_at(struct scrubber *scrubber, size_t length)
{
    gssize end = (gssize)scrubber->token;

    g_string_truncate(scrubber->out, scrubber->token);
    if (scrubber->open >= end)
        scrubber->open = -1;
    if (scrubber->escaped >= end)
        scrubber->escaped = -1;
    blank_display(scrubber);
    g_string_append_len(scrubber->out, scrubber->text.at + scrubber->at, (gssize)length);
    scrubber->at += length;
}

/* "<bob>: Recipient address rejected", "<bo" at the end: a local part alone. "<22>" is none. */
static bool take_alone(struct scrubber *scrubber)
{
    size_t begin = scrubber->at + 1;
    size_t end = begin;
    char before = scrubber->at == 0 ? ' ' : scrubber->text.at[scrubber->at - 1];

    while (end < scrubber->text.length &&
           (is_word(scrubber->text.at[end]) || memchr(".+'!%", scrubber->text.at[end], 5) != NULL))
        end++;
    if (before == '=' ||
        (end < scrubber->text.length && scrubber->text.at[end] != '>' &&
         scrubber->text.at[end] != ')') ||
        !has_letter(span_of(scrubber->text.at + begin, end - begin)))
        return false;
    copy(scrubber, begin);
    blank(scrubber, end);
    return true;
}

static void take_word(struct scrubber *scrubber)
{
    size_t begin = scrubber->at;
    size_t token = scrubber->token;

    while (scrubber->at < scrubber->text.length && is_word(scrubber->text.at[scrubber->at]))
        scrubber->at++;
    g_string_append_len(scrubber->out, scrubber->text.at + begin, (gssize)(scrubber->at - begin));
    scrubber->token = token;
    take_exim_flag(scrubber, span_of(scrubber->text.at + begin, scrubber->at - begin));
}

/* "\u00f6", "\/" of JSON: what it stands for, any letter for what is not ASCII; 0 where it is none.
 */
static char escaped_char(const struct scrubber *scrubber, size_t *length)
{
    guint code = 0;

    *length = 2;
    if (peek(scrubber, scrubber->at + 1) == '/')
        return '/';
    *length = 6;
    if (peek(scrubber, scrubber->at + 1) != 'u')
        return '\0';
    for (size_t i = 2; i < 6; i++) {
        char digit = peek(scrubber, scrubber->at + i);
        if (!g_ascii_isxdigit(digit))
            return '\0';
        code = code * 16 + (guint)g_ascii_xdigit_value(digit);
    }
    return code == 0 ? ' ' : code < 0x80 ? (char)code : 'x';
}

static bool take_escape(struct scrubber *scrubber)
{
    size_t length;
    char c = escaped_char(scrubber, &length);

    if (c == '\0')
        return false;
    if (c == '@') {
        take_at(scrubber, length);
        return true;
    }
    g_string_append_len(scrubber->out, scrubber->text.at + scrubber->at, (gssize)length);
    scrubber->at += length;
    if (is_delimiter(c))
        scrubber->token = scrubber->out->len;
    return true;
}

static void take_next(struct scrubber *scrubber)
{
    char c = scrubber->text.at[scrubber->at];

    if (is_word(c)) {
        if (!take_key(scrubber))
            take_word(scrubber);
    } else if (c == '@') {
        take_at(scrubber, 1);
    } else if (c == '%' && span_begins(span_from(scrubber->text, scrubber->at), "%40")) {
        take_at(scrubber, 3);
    } else if (c == '"') {
        take_quote(scrubber);
    } else if (c == '\\' && take_escape(scrubber)) {
        return;
    } else if (c != '<' || !take_alone(scrubber)) {
        bool leads = scrubber->token == scrubber->out->len && strchr("'`{|", c) != NULL;
        g_string_append_c(scrubber->out, c);
        scrubber->at++;
        if (is_delimiter(c) || leads)
            scrubber->token = scrubber->out->len;
    }
}

void scrub_append(GString *out, struct span text, size_t limit)
{
    g_autoptr(GString) clean = g_string_sized_new(text.length + 1);
    g_autofree char *valid = NULL;
    struct scrubber scrubber = {.out = clean, .text = text, .open = -1, .escaped = -1};
    size_t length;

    while (scrubber.at < text.length)
        take_next(&scrubber);
    valid = g_utf8_make_valid(clean->str, (gssize)clean->len);
    length = strlen(valid);
    if (length > limit) {
        length = limit;
        while (length > 0 && ((guchar)valid[length] & 0xC0) == 0x80)
            length--;
    }
    g_string_append_len(out, valid, (gssize)length);
}
