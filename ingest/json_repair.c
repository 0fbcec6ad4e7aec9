#include "ingest/json_repair.h"
#include "ingest/limits.h"
#include "schema/record.h"
#include <errno.h>
#include <math.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define BOM "\xef\xbb\xbf"
#define BOM_BYTES (sizeof BOM - 1)

/* Repairs may lengthen a text, at worst six times; past this it is cut. */
#define MENDED_BYTES_MAX ((size_t)LIMIT_UNPACKED_BYTES / 2 * 3)

/* Numbers out of range become this: far above all that the store keeps, far below 2^63. */
#define HUGE_COUNT "999999999999999999"

enum repair {
    REPAIR_BOM,
    REPAIR_UTF8,
    REPAIR_CONTROL,
    REPAIR_NUL,
    REPAIR_SURROGATE,
    REPAIR_ESCAPE,
    REPAIR_RANGE,
    REPAIR_NUMBER,
    REPAIR_LITERAL,
    REPAIR_COMMA,
    REPAIR_STRAY,
    REPAIR_SORTS
};

static const struct {
    enum issue_severity severity;
    const char *clause, *problem;
} REPAIRS[REPAIR_SORTS] = {
    [REPAIR_BOM] = {ISSUE_NOTICE, "RFC 8259, section 8.1", "byte order mark left out"},
    [REPAIR_UTF8] = {ISSUE_WARNING, "RFC 8259, section 8.1", "invalid UTF-8 replaced by U+FFFD"},
    [REPAIR_CONTROL] = {ISSUE_NOTICE, "RFC 8259, section 7",
                        "raw control characters in strings escaped"},
    [REPAIR_NUL] = {ISSUE_WARNING, NULL, "NUL in strings replaced by U+FFFD"},
    [REPAIR_SURROGATE] = {ISSUE_WARNING, "RFC 7493, section 2.1",
                          "lone surrogates replaced by U+FFFD"},
    [REPAIR_ESCAPE] = {ISSUE_WARNING, "RFC 8259, section 7",
                       "backslashes before what is no escape left out"},
    [REPAIR_RANGE] = {ISSUE_WARNING, "RFC 7493, section 2.2",
                      "numbers out of range cut to " HUGE_COUNT},
    [REPAIR_NUMBER] = {ISSUE_NOTICE, "RFC 8259, section 6", "numbers in a wrong form rewritten"},
    [REPAIR_LITERAL] = {ISSUE_WARNING, "RFC 8259, section 3",
                        "words that are no JSON literal read as true, false or null"},
    [REPAIR_COMMA] = {ISSUE_NOTICE, "RFC 8259, section 2", "superfluous commas left out"},
    [REPAIR_STRAY] = {ISSUE_WARNING, "RFC 8259, section 2",
                      "control or non-ASCII characters outside of strings left out"},
};

/* Why the pass ended. */
enum end {
    END_NOT_YET,
    END_WHOLE,
    END_EARLY,
    END_GRAMMAR,
    END_DEPTH,
    END_VALUES,
    END_MEMORY,
    END_BYTES
};

static const struct {
    enum issue_kind kind;
    const char *clause, *problem;
} ENDS[] = {
    [END_EARLY] = {ISSUE_JSON, "RFC 8259, section 2", "the text ends early"},
    [END_GRAMMAR] = {ISSUE_JSON, "RFC 8259, section 2", "the grammar is broken"},
    [END_DEPTH] = {ISSUE_LIMIT, NULL,
                   "brackets go deeper than " G_STRINGIFY(LIMIT_JSON_DEPTH) " levels"},
    [END_VALUES] = {ISSUE_LIMIT, NULL,
                    "there are more than " G_STRINGIFY(LIMIT_JSON_VALUES) " values"},
    [END_MEMORY] = {ISSUE_LIMIT, NULL, JSON_REPAIR_MEMORY},
    [END_BYTES] = {ISSUE_LIMIT, NULL, "the repaired text is too long"},
};

enum expect {
    EXPECT_VALUE,
    EXPECT_FIRST_VALUE, /* or the end of the array */
    EXPECT_NAME,
    EXPECT_FIRST_NAME, /* or the end of the object */
    EXPECT_COLON,
    EXPECT_COMMA, /* or the end of either */
};

struct scanner {
    const char *text;
    size_t length;
    size_t at;
    enum expect expect;
    uint64_t objects; /* one bit per open bracket, the innermost lowest; set: '{' */
    unsigned depth;
    size_t values;
    size_t values_max;
    bool in_policies; /* the top-level member now read is "policies" */
    GString *mended;  /* NULL as long as nothing had to be mended */
    size_t copied;    /* up to here the text stands in `mended`, or is dropped */
    struct {
        unsigned depth; /* 0: there is none yet */
        size_t at;      /* in the text */
        size_t length;  /* of what was made of it so far */
    } whole;            /* where the text can be cut and closed */
    struct {
        size_t count;
        size_t first;
    } repairs[REPAIR_SORTS];
};

G_STATIC_ASSERT(LIMIT_JSON_DEPTH <= 64);

/* Bytes in a string that need no look. */
static const bool PLAIN[256] = {
    [0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7f] = true};

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What may stand between tokens, by the grammar or by mistake. */
static bool is_gap(char c)
{
    return (uint8_t)c <= ' ' || (uint8_t)c >= 0x7f;
}

/* Bytes of numbers, literals, and what stands in their place. */
static bool is_word(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '.' || c == '+' || c == '_' || c == '$';
}

static void repair_count(struct scanner *s, enum repair sort, size_t at)
{
    if (s->repairs[sort].count++ == 0)
        s->repairs[sort].first = at;
}

static void copy_until(struct scanner *s, size_t at)
{
    /* What follows may be a million other documents: the first step is small. */
    if (s->mended == NULL)
        s->mended = g_string_sized_new(MIN(s->length - s->copied, 4096) + sizeof HUGE_COUNT);
    g_string_append_len(s->mended, s->text + s->copied, (gssize)(at - s->copied));
    s->copied = at;
}

/* `replacement` instead of the bytes from `from` to `to`. */
static void mend(struct scanner *s, size_t from, size_t to, const char *replacement)
{
    copy_until(s, from);
    g_string_append(s->mended, replacement);
    s->copied = to;
}

/* Bytes of the character at `at` (RFC 3629, section 4); 0 where it is none. */
static size_t character_length(const struct scanner *s)
{
    const uint8_t *c = (const uint8_t *)s->text + s->at;
    size_t left = s->length - s->at;
    size_t length = c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;

    if (length == 0 || length > left)
        return 0;
    uint8_t low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
    if (c[1] < low || c[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

static void scan_character(struct scanner *s)
{
    size_t length = character_length(s);

    if (length == 0) {
        repair_count(s, REPAIR_UTF8, s->at);
        mend(s, s->at, s->at + 1, REPLACEMENT);
        length = 1;
    }
    s->at += length;
}

static void scan_control(struct scanner *s)
{
    uint8_t c = (uint8_t)s->text[s->at];
    char escape[] = "\\u00xx";

    repair_count(s, REPAIR_CONTROL, s->at);
    if (c == '\0') {
        repair_count(s, REPAIR_NUL, s->at);
        mend(s, s->at, s->at + 1, REPLACEMENT);
    } else {
        escape[4] = c < 0x10 ? '0' : '1';
        escape[5] = "0123456789abcdef"[c & 0xf];
        mend(s, s->at, s->at + 1, escape);
    }
    s->at++;
}

/* The code unit of a \uXXXX at `at`; -1 where there is none. */
static int code_unit(const struct scanner *s, size_t at)
{
    int unit = 0;

    if (s->length - at < 6 || s->text[at] != '\\' || s->text[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = g_ascii_xdigit_value(s->text[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static void scan_escape(struct scanner *s)
{
    char c = s->at + 1 < s->length ? s->text[s->at + 1] : '\0';
    int unit = c == 'u' ? code_unit(s, s->at) : -1;

    if (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) {
        s->at += 2;
    } else if (unit < 0) {
        repair_count(s, REPAIR_ESCAPE, s->at);
        mend(s, s->at, s->at + 1, "");
        s->at++;
    } else if ((unit & 0xfc00) == 0xd800 && (code_unit(s, s->at + 6) & ~0x3ff) == 0xdc00) {
        s->at += 12;
    } else {
        if (unit == 0 || (unit & 0xf800) == 0xd800) {
            repair_count(s, unit == 0 ? REPAIR_NUL : REPAIR_SURROGATE, s->at);
            mend(s, s->at, s->at + 6, REPLACEMENT);
        }
        s->at += 6;
    }
}

/* From the quote that opens it to after the one that closes it. */
static enum end scan_string(struct scanner *s)
{
    for (s->at++;;) {
        while (s->at < s->length && PLAIN[(uint8_t)s->text[s->at]])
            s->at++;
        if (s->at >= s->length)
            return END_EARLY;
        char c = s->text[s->at];
        if (c == '"')
            break;
        if (c == '\\')
            scan_escape(s);
        else if ((uint8_t)c < ' ')
            scan_control(s);
        else
            scan_character(s);
        if (s->mended != NULL && s->mended->len > MENDED_BYTES_MAX)
            return END_BYTES;
    }
    s->at++;
    return END_NOT_YET;
}

/* A number as people write it: "+007.e1" too. */
struct number {
    bool negative;
    const char *digits, *fraction, *exponent;
    size_t digits_length, fraction_length, exponent_length;
};

static size_t digits_length(const char *text, const char *end)
{
    const char *at = text;

    while (at < end && g_ascii_isdigit(*at))
        at++;
    return (size_t)(at - text);
}

static bool number_split(struct number *number, const char *text, const char *end)
{
    memset(number, 0, sizeof *number);
    number->negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    number->digits = text;
    number->digits_length = digits_length(text, end);
    text += number->digits_length;
    if (text < end && *text == '.') {
        number->fraction = ++text;
        number->fraction_length = digits_length(text, end);
        text += number->fraction_length;
    }
    if (text < end && (*text == 'e' || *text == 'E')) {
        number->exponent = text++;
        if (text < end && (*text == '-' || *text == '+'))
            text++;
        size_t length = digits_length(text, end);
        text += length;
        number->exponent_length = length == 0 ? 0 : (size_t)(text - number->exponent);
    }
    return text == end && number->digits_length + number->fraction_length > 0;
}

/* In the form of RFC 8259, section 6. */
static GString *number_join(const struct number *number)
{
    size_t all = number->digits_length + number->fraction_length + number->exponent_length;
    GString *out = g_string_sized_new(all + sizeof "-0.");
    const char *digits = number->digits;
    size_t length = number->digits_length;

    for (; length > 1 && *digits == '0'; length--)
        digits++;
    g_string_append(out, number->negative ? "-" : "");
    g_string_append_len(out, length == 0 ? "0" : digits, length == 0 ? 1 : (gssize)length);
    if (number->fraction_length > 0) {
        g_string_append_c(out, '.');
        g_string_append_len(out, number->fraction, (gssize)number->fraction_length);
    }
    if (number->exponent_length > 0)
        g_string_append_len(out, number->exponent, (gssize)number->exponent_length);
    return out;
}

/* jansson keeps what has neither fraction nor exponent as int64_t, the rest as double. */
static bool number_overflows(const struct number *number, const char *text)
{
    if (number->fraction_length + number->exponent_length > 0)
        return isinf(g_ascii_strtod(text, NULL)) != 0;
    errno = 0;
    (void)g_ascii_strtoll(text, NULL, 10);
    return errno == ERANGE;
}

static void mend_number(struct scanner *s, size_t from, const struct number *number)
{
    g_autoptr(GString) text = number_join(number);
    size_t length = s->at - from;
    bool changed = text->len != length || memcmp(text->str, s->text + from, length) != 0;

    if (changed)
        repair_count(s, REPAIR_NUMBER, from);
    if (number_overflows(number, text->str)) {
        repair_count(s, REPAIR_RANGE, from);
        mend(s, from, s->at, number->negative ? "-" HUGE_COUNT : HUGE_COUNT);
    } else if (changed) {
        mend(s, from, s->at, text->str);
    }
}

static bool word_is(const char *word, size_t length, const char *literal)
{
    return length == strlen(literal) && memcmp(word, literal, length) == 0;
}

static void mend_literal(struct scanner *s, size_t from)
{
    static const char *const LITERALS[] = {"true", "false", "null"};
    const char *meant = "null";

    for (size_t i = 0; i < G_N_ELEMENTS(LITERALS); i++) {
        size_t length = strlen(LITERALS[i]);
        if (length == s->at - from && g_ascii_strncasecmp(s->text + from, LITERALS[i], length) == 0)
            meant = LITERALS[i];
    }
    repair_count(s, REPAIR_LITERAL, from);
    mend(s, from, s->at, meant);
}

/* What nearly every number and literal is: right at first sight. */
static bool is_plain_word(const char *word, size_t length)
{
    static const size_t SAFE_DIGITS = sizeof HUGE_COUNT - 1;

    if (g_ascii_isdigit(word[0]))
        return length <= SAFE_DIGITS && (word[0] != '0' || length == 1) &&
               digits_length(word, word + length) == length;
    return word_is(word, length, "null") || word_is(word, length, "true") ||
           word_is(word, length, "false");
}

static enum end scan_word(struct scanner *s)
{
    struct number number;
    size_t from = s->at;

    while (s->at < s->length && is_word(s->text[s->at]))
        s->at++;
    if (s->at == from)
        return END_GRAMMAR;
    /* Nobody knows how it would have gone on. */
    if (s->at == s->length)
        return END_EARLY;
    if (is_plain_word(s->text + from, s->at - from))
        return END_NOT_YET;
    if (number_split(&number, s->text + from, s->text + s->at))
        mend_number(s, from, &number);
    else
        mend_literal(s, from);
    return END_NOT_YET;
}

static void value_done(struct scanner *s)
{
    s->expect = EXPECT_COMMA;
    if (s->depth > 2 || (s->depth == 2 && (!s->in_policies || (s->objects & 1) != 0)))
        return;
    s->whole.depth = s->depth;
    s->whole.at = s->at;
    s->whole.length = (s->mended == NULL ? 0 : s->mended->len) + s->at - s->copied;
}

static enum end open_bracket(struct scanner *s)
{
    bool object = s->text[s->at] == '{';

    if (s->depth >= LIMIT_JSON_DEPTH)
        return END_DEPTH;
    s->depth++;
    s->objects = s->objects << 1 | object;
    s->expect = object ? EXPECT_FIRST_NAME : EXPECT_FIRST_VALUE;
    s->at++;
    return END_NOT_YET;
}

static enum end close_bracket(struct scanner *s)
{
    bool object = s->text[s->at] == '}';

    if (object != ((s->objects & 1) != 0))
        return END_GRAMMAR;
    s->objects >>= 1;
    s->depth--;
    s->at++;
    if (s->depth == 0)
        return END_WHOLE;
    value_done(s);
    return END_NOT_YET;
}

static enum end scan_value(struct scanner *s)
{
    char c = s->text[s->at];

    if (++s->values > s->values_max)
        return s->values_max < LIMIT_JSON_VALUES ? END_MEMORY : END_VALUES;
    if (c == '{' || c == '[')
        return open_bracket(s);
    enum end end = c == '"' ? scan_string(s) : scan_word(s);
    if (end == END_NOT_YET)
        value_done(s);
    return end;
}

static enum end scan_name(struct scanner *s)
{
    static const char POLICIES[] = "\"policies\"";
    size_t from = s->at;
    enum end end = scan_string(s);

    if (end != END_NOT_YET)
        return end;
    if (s->depth == 1)
        s->in_policies = word_is(s->text + from, s->at - from, POLICIES);
    s->expect = EXPECT_COLON;
    return END_NOT_YET;
}

static enum end scan_comma(struct scanner *s)
{
    size_t next = s->at + 1;

    while (next < s->length && is_gap(s->text[next]))
        next++;
    char c = next < s->length ? s->text[next] : '\0';
    if (s->expect != EXPECT_COMMA || c == ',' || c == ']' || c == '}') {
        repair_count(s, REPAIR_COMMA, s->at);
        mend(s, s->at, s->at + 1, "");
    } else {
        s->expect = (s->objects & 1) != 0 ? EXPECT_NAME : EXPECT_VALUE;
    }
    s->at++;
    return END_NOT_YET;
}

static enum end scan_token(struct scanner *s)
{
    bool first = s->expect == EXPECT_FIRST_NAME || s->expect == EXPECT_FIRST_VALUE;
    char c = s->text[s->at];

    if (first || s->expect == EXPECT_COMMA) {
        if (c == ',')
            return scan_comma(s);
        if (c == ']' || c == '}')
            return close_bracket(s);
        if (!first)
            return END_GRAMMAR;
    }
    if (s->expect == EXPECT_VALUE || s->expect == EXPECT_FIRST_VALUE)
        return scan_value(s);
    if (s->expect != EXPECT_COLON)
        return c == '"' ? scan_name(s) : END_GRAMMAR;
    if (c != ':')
        return END_GRAMMAR;
    s->at++;
    s->expect = EXPECT_VALUE;
    return END_NOT_YET;
}

static void skip_gap(struct scanner *s)
{
    for (; s->at < s->length && is_gap(s->text[s->at]); s->at++) {
        if (is_blank(s->text[s->at]))
            continue;
        repair_count(s, REPAIR_STRAY, s->at);
        mend(s, s->at, s->at + 1, "");
    }
}

static enum end scan(struct scanner *s)
{
    enum end end = END_NOT_YET;

    while (end == END_NOT_YET) {
        skip_gap(s);
        end = s->at < s->length ? scan_token(s) : END_EARLY;
    }
    return end;
}

/* A byte order mark may stand before each of several documents that were joined. */
static bool scan_start(struct scanner *s)
{
    while (s->at < s->length) {
        if (s->length - s->at >= BOM_BYTES && memcmp(s->text + s->at, BOM, BOM_BYTES) == 0) {
            repair_count(s, REPAIR_BOM, s->at);
            s->at += BOM_BYTES;
        } else if (is_blank(s->text[s->at])) {
            s->at++;
        } else {
            break;
        }
    }
    s->copied = s->at;
    return s->at < s->length && (s->text[s->at] == '{' || s->text[s->at] == '[');
}

/* Cuts after the last whole part and closes what is open there. */
static void close_early(struct scanner *s, char outermost)
{
    copy_until(s, MAX(s->whole.at, s->copied));
    g_string_truncate(s->mended, s->whole.length);
    if (s->whole.depth == 2)
        g_string_append_c(s->mended, ']');
    g_string_append_c(s->mended, outermost == '{' ? '}' : ']');
}

static void report_repairs(const struct scanner *s, GPtrArray *issues)
{
    for (int i = 0; i < REPAIR_SORTS; i++) {
        if (s->repairs[i].count > 0)
            issue_add(issues, ISSUE_JSON, REPAIRS[i].severity, REPAIRS[i].clause,
                      "%s (%zu, first at byte %zu)", REPAIRS[i].problem, s->repairs[i].count,
                      s->repairs[i].first);
    }
}

static void report_cut(const struct scanner *s, enum end end, GPtrArray *issues)
{
    if (s->whole.depth == 0)
        issue_add(issues, ENDS[end].kind, ISSUE_ERROR, ENDS[end].clause,
                  "%s at byte %zu, with nothing whole before it", ENDS[end].problem, s->at);
    else
        issue_add(issues, ENDS[end].kind, ISSUE_WARNING, ENDS[end].clause,
                  "%s at byte %zu; what is whole, up to byte %zu, is kept", ENDS[end].problem,
                  s->at, s->whole.at);
}

/* After a broken document the next of several may begin on a line of its own. */
static size_t next_document(const struct scanner *s)
{
    const char *next = memmem(s->text + s->at, s->length - s->at, "\n{", 2);

    return next == NULL ? s->length : (size_t)(next + 1 - s->text);
}

void json_repair(struct json_repair *repair, const char *text, size_t length, size_t values_max,
                 GPtrArray *issues)
{
    struct scanner s = {.text = text, .length = length, .values_max = values_max};

    memset(repair, 0, sizeof *repair);
    if (!scan_start(&s)) {
        issue_add(issues, ISSUE_JSON, ISSUE_ERROR, "RFC 8259, section 2",
                  "no JSON object or array begins at byte %zu", s.at);
        repair->consumed = next_document(&s);
        return;
    }
    size_t start = s.at;
    enum end end = scan(&s);
    report_repairs(&s, issues);
    repair->consumed = s.at;
    if (end != END_WHOLE) {
        report_cut(&s, end, issues);
        repair->consumed = next_document(&s);
    }
    if (end != END_WHOLE && s.whole.depth > 0)
        close_early(&s, text[start]);
    else if (end == END_WHOLE && s.mended != NULL)
        copy_until(&s, s.at);
    repair->mended = s.mended;
    if (end == END_WHOLE || s.whole.depth > 0) {
        repair->text = s.mended == NULL ? text + start : s.mended->str;
        repair->length = s.mended == NULL ? s.at - start : s.mended->len;
    }
}

void json_repair_clear(struct json_repair *repair)
{
    if (repair->mended != NULL)
        g_string_free(repair->mended, TRUE);
    memset(repair, 0, sizeof *repair);
}
