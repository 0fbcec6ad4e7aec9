#include "ingest/log/pattern.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Work that one match may do; a line of 64 KiB against the tables' expressions needs far less. */
#define MATCH_LIMIT 200000

/* Machine code is made for an expression that is tried so often: most are not in most logs. */
#define JIT_TRIES 8

struct row {
    const char *literal;
    size_t length;
    bool at_begin;
    pcre2_code *code;
    guint tries; /* up to JIT_TRIES */
};

struct pattern_set {
    struct row *rows;
    size_t count;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static pcre2_code *compile(const char *regex)
{
    int problem;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY,
                                     &problem, &at, NULL);

    if (code == NULL) {
        char text[120] = "";
        pcre2_get_error_message(problem, (PCRE2_UCHAR *)text, sizeof text);
        g_critical("pattern %s: %s at %zu", regex, text, at);
        return NULL;
    }
    return code;
}

struct pattern_set *pattern_set_new(const void *rows, size_t count, size_t stride)
{
    struct pattern_set *set = g_new0(struct pattern_set, 1);

    set->rows = g_new0(struct row, count);
    set->count = count;
    set->data = pcre2_match_data_create(PATTERN_CAPTURES, NULL);
    set->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(set->context, MATCH_LIMIT);
    for (size_t i = 0; i < count; i++) {
        const struct pattern *pattern = (const void *)((const char *)rows + i * stride);
        struct row *row = &set->rows[i];
        row->at_begin = *pattern->literal == '^';
        row->literal = pattern->literal + row->at_begin;
        row->length = strlen(row->literal);
        row->code = compile(pattern->regex);
    }
    return set;
}

void pattern_set_free(struct pattern_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        pcre2_code_free(set->rows[i].code);
    pcre2_match_data_free(set->data);
    pcre2_match_context_free(set->context);
    g_free(set->rows);
    g_free(set);
}

static bool has_literal(const struct row *row, struct span text)
{
    if (text.length < row->length)
        return false;
    if (row->at_begin)
        return memcmp(text.at, row->literal, row->length) == 0;
    return memmem(text.at, text.length, row->literal, row->length) != NULL;
}

static int match(struct pattern_set *set, struct row *row, struct span text)
{
    /* Without JIT (not built in, or no executable memory) the interpreter gives the same. */
    if (row->tries < JIT_TRIES && ++row->tries == JIT_TRIES)
        pcre2_jit_compile(row->code, PCRE2_JIT_COMPLETE);
    return pcre2_match(row->code, (PCRE2_SPTR)text.at, text.length, 0, 0, set->data, set->context);
}

static void take_captures(const struct pattern_set *set, struct span text, int groups,
                          struct span *captures)
{
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(set->data);

    for (int i = 0; i < PATTERN_CAPTURES; i++) {
        bool is_set = i < groups && places[2 * i] != PCRE2_UNSET;
        captures[i] =
            is_set ? span_of(text.at + places[2 * i], (size_t)(places[2 * i + 1] - places[2 * i]))
                   : span_of(text.at, 0);
    }
}

int pattern_set_match(struct pattern_set *set, struct span text,
                      struct span captures[PATTERN_CAPTURES])
{
    for (size_t i = 0; text.length > 0 && i < set->count; i++) {
        struct row *row = &set->rows[i];
        int groups;

        if (row->code == NULL || !has_literal(row, text))
            continue;
        groups = match(set, row, text);
        if (groups > 0) {
            take_captures(set, text, groups, captures);
            return (int)i;
        }
    }
    return -1;
}
