#include "ingest/dmarc_mend.h"
#include "ingest/limits.h"
#include <string.h>

/* What a reference to a character may take: "&#x10ffff;" and some zeros. */
#define REFERENCE_BYTES 16

/* The encoding is declared that early. */
#define DECLARATION_BYTES 200

#define OUT_BYTES (16u << 10)

enum mode { MODE_TEXT, MODE_COMMENT, MODE_CDATA, MODE_INSTRUCTION, MODE_REFUSED };

/* What opens a stretch without tags, and what ends it. */
static const struct {
    enum mode mode;
    const char *begin;
    const char *end;
} stretches[] = {
    {MODE_COMMENT, "<!--", "-->"},
    {MODE_CDATA, "<![CDATA[", "]]>"},
    {MODE_INSTRUCTION, "<?", "?>"},
};

struct dmarc_mend {
    dmarc_take_fn take;
    void *taker;
    enum mode mode;
    bool enough;   /* `take` wants no more */
    bool has_map;  /* an encoding was declared that has one byte for each character */
    bool at_end;   /* nothing more comes to what is held */
    bool is_long;  /* the instruction is longer than a declaration, and its begin is gone */
    int map[256];  /* else windows-1252: for what is no UTF-8 */
    GString *held; /* not yet mended */
    GString *out;  /* not yet given */
    size_t gone;   /* bytes that are no longer held */
    size_t place;  /* where what is given now ends in the text */
    size_t used;   /* that of the report's end, once it was told of */
    bool closed;   /* an element that may be the report was closed just now */
    bool foreign;  /* bytes that are no UTF-8 were read as windows-1252 */
    bool repaired;
    guint depth;
    char *open[LIMIT_XML_DEPTH]; /* names of elements */
    enum dmarc_scope scopes[LIMIT_XML_DEPTH];
};

struct dmarc_mend *dmarc_mend_new(dmarc_take_fn take, void *taker)
{
    struct dmarc_mend *mend = g_new0(struct dmarc_mend, 1);

    mend->take = take;
    mend->taker = taker;
    mend->held = g_string_new(NULL);
    mend->out = g_string_new("<" DMARC_MEND_ROOT ">");
    dmarc_charset("windows-1252", mend->map);
    return mend;
}

void dmarc_mend_free(struct dmarc_mend *mend)
{
    if (mend == NULL)
        return;
    for (guint i = 0; i < mend->depth; i++)
        g_free(mend->open[i]);
    g_string_free(mend->held, TRUE);
    g_string_free(mend->out, TRUE);
    g_free(mend);
}

static void give(struct dmarc_mend *mend, size_t at_least)
{
    if (mend->out->len == 0 || mend->out->len < at_least)
        return;
    mend->enough = mend->enough || !mend->take(mend->out->str, mend->out->len, mend->taker);
    g_string_set_size(mend->out, 0);
}

/* A character that XML has, as UTF-8; others as U+FFFD. */
static void put_character(struct dmarc_mend *mend, gunichar c)
{
    bool allowed = c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) ||
                   (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);

    if (c == '<')
        g_string_append(mend->out, "&lt;");
    else if (c == '&')
        g_string_append(mend->out, "&amp;");
    else if (c == '>')
        g_string_append(mend->out, "&gt;");
    else
        g_string_append_unichar(mend->out, allowed ? c : 0xfffd);
    mend->repaired |= !allowed;
}

/* Whether the bytes after '&' are a reference that XML knows without a declaration; its length up
   to and with ';', else 0. */
static size_t reference_length(const char *text, size_t length)
{
    static const char *const names[] = {"amp;", "lt;", "gt;", "quot;", "apos;"};
    const char *end = memchr(text, ';', MIN(length, REFERENCE_BYTES));
    g_autofree char *digits = NULL;
    guint64 number = 0;
    bool hex;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (length >= strlen(names[i]) && memcmp(text, names[i], strlen(names[i])) == 0)
            return strlen(names[i]);
    if (end == NULL || end - text < 2 || text[0] != '#')
        return 0;
    hex = text[1] == 'x';
    /* GLib takes what stands for a blank elsewhere before a number. */
    if (!g_ascii_isxdigit(text[1 + hex]))
        return 0;
    digits = g_strndup(text + 1 + hex, (gsize)(end - text - 1 - hex));
    if (!g_ascii_string_to_unsigned(digits, hex ? 16 : 10, 1, 0x10ffff, &number, NULL) ||
        (number < 0x20 && number != '\t' && number != '\n' && number != '\r') ||
        (number >= 0xd800 && number < 0xe000) || number == 0xfffe || number == 0xffff)
        return 0;
    return (size_t)(end - text) + 1;
}

/* One character of text, or, unless `raw`, a reference; returns its bytes. 0: what comes next has
   the rest of it, if the text is not `whole`. */
static size_t put_one(struct dmarc_mend *mend, const char *text, size_t length, bool raw,
                      bool whole)
{
    guchar byte = (guchar)*text;
    gunichar c;

    if (byte == '&' && !raw) {
        size_t reference = reference_length(text + 1, length - 1);
        if (reference == 0 && !whole && length < REFERENCE_BYTES)
            return 0;
        mend->repaired |= reference == 0;
        if (reference > 0)
            g_string_append_len(mend->out, text, (gssize)reference + 1);
        else
            put_character(mend, '&');
        return reference + 1;
    }
    if (byte < 0x80 || mend->has_map) {
        put_character(mend, byte < 0x80 ? byte : (gunichar)mend->map[byte]);
        return 1;
    }
    c = g_utf8_get_char_validated(text, (gssize)length);
    if (c == (gunichar)-2 && !whole)
        return 0;
    mend->foreign |= c > 0x10ffff;
    put_character(mend, c <= 0x10ffff ? c : (gunichar)mend->map[byte]);
    return c <= 0x10ffff ? (size_t)g_unichar_to_utf8(c, NULL) : 1;
}

/* Text without a tag in it; returns how much was taken. */
static size_t put_text(struct dmarc_mend *mend, const char *text, size_t length, bool raw,
                       bool whole)
{
    size_t at = 0, used;

    while (at < length && (used = put_one(mend, text + at, length - at, raw, whole)) > 0) {
        at += used;
        give(mend, OUT_BYTES);
    }
    return at;
}

static void put_tag(struct dmarc_mend *mend, const char *name, bool is_end, const char *namespace)
{
    g_string_append(mend->out, is_end ? "</" : "<");
    g_string_append(mend->out, name);
    if (namespace != NULL) {
        g_autofree char *escaped = g_markup_escape_text(namespace, -1);
        g_string_append_printf(mend->out, " xmlns=\"%s\"", escaped);
    }
    g_string_append_c(mend->out, '>');
}

/* How many elements are open up to the innermost of that name, with it; 0: none. */
static guint find_open(const struct dmarc_mend *mend, const char *name)
{
    for (guint i = mend->depth; i-- > 0;)
        if (strcmp(mend->open[i], name) == 0)
            return mend->depth - i;
    return 0;
}

static bool is_feedback(const char *name)
{
    const char *colon = strrchr(name, ':');

    return strcmp(colon != NULL ? colon + 1 : name, "feedback") == 0;
}

static void close_one(struct dmarc_mend *mend)
{
    g_autofree char *name = mend->open[--mend->depth];

    put_tag(mend, name, true, NULL);
    mend->closed = mend->closed || is_feedback(name);
}

static enum dmarc_scope scope_at(const struct dmarc_mend *mend, guint depth)
{
    return depth > 0 ? mend->scopes[depth - 1] : SCOPE_OUTSIDE;
}

/* How many elements lack their end, where one of that name begins: an element with a text holds no
   other, and one that holds others is looked for further out, too. */
static guint find_unended(const struct dmarc_mend *mend, const char *name)
{
    size_t length = strlen(name);
    guint depth = mend->depth;
    bool is_leaf_open = scope_at(mend, depth) >= SCOPE_FIRST_LEAF;

    if (strcmp(name, "record") == 0 && find_open(mend, name) > 0)
        return find_open(mend, name);
    for (guint close = 0; close < depth && scope_at(mend, depth - close) > SCOPE_IGNORED; close++) {
        enum dmarc_scope scope = dmarc_scope_find(scope_at(mend, depth - close), name, length);
        if (scope > SCOPE_IGNORED && (scope < SCOPE_FIRST_LEAF || close <= is_leaf_open))
            return close;
    }
    return 0;
}

static void begin_element(struct dmarc_mend *mend, const char *name, const char *namespace)
{
    guint close = find_unended(mend, name);

    mend->repaired |= close > 0;
    while (close-- > 0)
        close_one(mend);
    if (mend->depth == LIMIT_XML_DEPTH)
        return;
    mend->scopes[mend->depth] = dmarc_scope_find(scope_at(mend, mend->depth), name, strlen(name));
    mend->open[mend->depth++] = g_strdup(name);
    put_tag(mend, name, false, namespace);
}

static void end_element(struct dmarc_mend *mend, const char *name)
{
    guint close = find_open(mend, name);

    mend->repaired |= close != 1;
    for (; close > 0; close--)
        close_one(mend);
}

/* The value of xmlns or xmlns:prefix that names DMARC, if any; owned by the caller. */
static char *find_namespace(const char *tag, size_t length)
{
    static const char *const known[] = {"urn:ietf:params:xml:ns:dmarc-", "http://dmarc.org/"};

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        const char *at = memmem(tag, length, known[i], strlen(known[i]));
        if (at == NULL)
            continue;
        size_t left = length - (size_t)(at - tag), value = 0;
        while (value < left && at[value] != '"' && at[value] != '\'' && at[value] > ' ' &&
               at[value] < 0x7f)
            value++;
        return g_strndup(at, value);
    }
    return NULL;
}

/* What stands between '<' and '>': false where it is no tag of a report. */
static bool take_tag(struct dmarc_mend *mend, const char *tag, size_t length)
{
    bool is_end = length > 0 && tag[0] == '/';
    const char *name = tag + is_end, *colon;
    size_t room = length - is_end, size = 0;
    g_autofree char *lower = NULL, *namespace = NULL;

    while (size < room && (g_ascii_isalnum(name[size]) || strchr("_-.:", name[size]) != NULL) &&
           name[size] != '\0')
        size++;
    if (size < room && name[size] != '/' && !g_ascii_isspace(name[size]))
        return false;
    colon = memrchr(name, ':', size);
    if (colon != NULL) {
        size -= (size_t)(colon + 1 - name);
        name = colon + 1;
    }
    if (size == 0 || !dmarc_scope_is_name(name, size))
        return false;
    lower = g_ascii_strdown(name, (gssize)size);
    if (is_end) {
        end_element(mend, lower);
        return true;
    }
    namespace = find_namespace(tag, length);
    begin_element(mend, lower, namespace);
    if (tag[length - 1] == '/')
        end_element(mend, lower);
    return true;
}

/* Where the tag at text[0] ends: its '>' outside of quotes. 0: it is none, -1: not yet known. */
static ssize_t tag_length(const struct dmarc_mend *mend, const char *text, size_t length)
{
    char quote = '\0';

    for (size_t at = 1; at < length && at < LIMIT_XML_TAG_BYTES; at++) {
        char c = text[at];
        if (c == '<')
            return 0;
        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '>')
            return (ssize_t)at + 1;
        else if (c == '"' || c == '\'')
            quote = c;
    }
    return mend->at_end || length >= LIMIT_XML_TAG_BYTES ? 0 : -1;
}

static bool begins_with(const char *text, size_t length, const char *word)
{
    return g_ascii_strncasecmp(text, word, MIN(length, strlen(word))) == 0;
}

/* At '<'; returns how much was taken, 0 where more is needed. */
static size_t take_markup(struct dmarc_mend *mend, const char *text, size_t length)
{
    ssize_t size;

    if (length < strlen("<![CDATA[") && !mend->at_end && (length == 1 || text[1] == '!'))
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(stretches); i++)
        if (length >= strlen(stretches[i].begin) && begins_with(text, length, stretches[i].begin)) {
            mend->mode = stretches[i].mode;
            return strlen(stretches[i].begin);
        }
    if (length >= strlen("<!DOCTYPE") && begins_with(text, length, "<!DOCTYPE")) {
        /* Past what was wanted it is about something else; whether that is so depends on what is
           not given yet. */
        give(mend, 1);
        mend->enough = mend->enough || mend->used > 0;
        if (!mend->enough)
            mend->mode = MODE_REFUSED;
        return length;
    }
    size = tag_length(mend, text, length);
    if (size < 0)
        return 0;
    if (size > 0 && take_tag(mend, text + 1, (size_t)size - 2))
        return (size_t)size;
    mend->repaired = true;
    put_character(mend, '<');
    return 1;
}

/* "<?xml ... encoding='...'": from here on bytes are read so. */
static void take_declaration(struct dmarc_mend *mend, const char *text, size_t length)
{
    g_autofree char *head = g_strndup(text, MIN(length, DECLARATION_BYTES));
    char *at = strstr(head, "encoding");

    at = at != NULL ? strpbrk(at, "\"'") : NULL;
    if (!g_str_has_prefix(head, "xml") || at == NULL)
        return;
    at++;
    at[strcspn(at, "\"'")] = '\0';
    mend->has_map = dmarc_charset(at, mend->map);
    if (!mend->has_map)
        dmarc_charset("windows-1252", mend->map);
}

static const char *end_of_stretch(enum mode mode)
{
    size_t i = 0;

    while (stretches[i].mode != mode)
        i++;
    return stretches[i].end;
}

/* Up to what ends the stretch; returns how much was taken, 0 where more is needed. */
static size_t take_stretch(struct dmarc_mend *mend, const char *text, size_t length)
{
    const char *end = end_of_stretch(mend->mode);
    const char *at = memmem(text, length, end, strlen(end));
    size_t size = at != NULL ? (size_t)(at - text) : length;

    if (at == NULL && !mend->at_end && mend->mode == MODE_INSTRUCTION && length < DECLARATION_BYTES)
        return 0;
    /* What ends it may be cut in two. */
    if (at == NULL && !mend->at_end)
        size = length > strlen(end) ? length - strlen(end) : 0;
    if (mend->mode == MODE_CDATA)
        size = put_text(mend, text, size, true, at != NULL || mend->at_end);
    else if (mend->mode == MODE_INSTRUCTION && at != NULL && !mend->is_long &&
             size + strlen(end) <= DECLARATION_BYTES)
        take_declaration(mend, text, size);
    mend->is_long = at == NULL && mend->mode == MODE_INSTRUCTION;
    if (at == NULL)
        return size;
    mend->mode = MODE_TEXT;
    return size + strlen(end);
}

static size_t take_some(struct dmarc_mend *mend, const char *text, size_t length)
{
    const char *tag;

    if (mend->mode == MODE_REFUSED)
        return length;
    if (mend->mode != MODE_TEXT)
        return take_stretch(mend, text, length);
    if (*text == '<')
        return take_markup(mend, text, length);
    tag = memchr(text, '<', length);
    if (tag != NULL)
        return put_text(mend, text, (size_t)(tag - text), false, true);
    return put_text(mend, text, length, false, mend->at_end);
}

static void work(struct dmarc_mend *mend)
{
    size_t at = 0, used = 1;

    while (at < mend->held->len && used > 0 && !mend->enough) {
        const char *text = mend->held->str + at;
        size_t left = mend->held->len - at;
        bool is_end = begins_with(text, left, "</");
        used = take_some(mend, text, left);
        /* What begins may end what is open: that ended before it. */
        mend->place = mend->gone + (is_end ? at + used : at);
        at += used;
        /* At once, so that it is the same however the text comes. */
        give(mend, mend->closed || mend->used > 0 ? 1 : OUT_BYTES);
        mend->closed = false;
        mend->enough = mend->enough || (mend->used > 0 && mend->depth == 0);
    }
    g_string_erase(mend->held, 0, (gssize)at);
    mend->gone += at;
}

bool dmarc_mend_feed(struct dmarc_mend *mend, const char *bytes, size_t length)
{
    g_string_append_len(mend->held, bytes, (gssize)length);
    work(mend);
    give(mend, 1);
    return !mend->enough && mend->mode != MODE_REFUSED;
}

bool dmarc_mend_refused(const struct dmarc_mend *mend)
{
    return mend->mode == MODE_REFUSED;
}

void dmarc_mend_end(struct dmarc_mend *mend)
{
    mend->used = mend->used > 0 ? mend->used : mend->place;
}

size_t dmarc_mend_used(const struct dmarc_mend *mend)
{
    return mend->used;
}

void dmarc_mend_look(const struct dmarc_mend *mend, bool *foreign, bool *repaired)
{
    *foreign = mend->foreign;
    *repaired = mend->repaired;
}

bool dmarc_mend_finish(struct dmarc_mend *mend)
{
    mend->at_end = true;
    work(mend);
    give(mend, 1);
    return mend->depth > 0 || mend->mode == MODE_COMMENT || mend->mode == MODE_CDATA;
}
