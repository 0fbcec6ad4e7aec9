#include "analyze/fault.h"
#include "report/json_private.h"
#include "report/phrase.h"

static const char *const section_keys[SECTION_COUNT] = {
    [SECTION_MEANS] = "means",     [SECTION_EFFECT] = "effect", [SECTION_CAUSES] = "causes",
    [SECTION_STEPS] = "steps",     [SECTION_CHECK] = "check",   [SECTION_PREVENT] = "prevent",
    [SECTION_SENDING] = "sending", [SECTION_LETTER] = "letter",
};

static const char *const line_kinds[] = {
    [LINE_TEXT] = "text",
    [LINE_COMMAND] = "command",
    [LINE_ITEM] = "item",
    [LINE_BLANK] = "blank",
};

void json_set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

void json_set_text(json_t *object, const char *key, const char *text)
{
    g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;

    json_set(object, key, valid != NULL ? json_string(valid) : json_null());
}

void json_set_number(json_t *object, const char *key, int64_t number)
{
    json_set(object, key, json_integer(number));
}

void json_set_bool(json_t *object, const char *key, bool value)
{
    json_set(object, key, json_boolean(value));
}

void json_set_day(json_t *object, const char *key, int64_t at)
{
    g_autofree char *day = phrase_day(at);

    json_set_text(object, key, day);
}

void json_set_time(json_t *object, const char *key, int64_t at)
{
    g_autofree char *time = phrase_time(at);

    json_set_text(object, key, time);
}

json_t *json_texts(const GPtrArray *texts)
{
    json_t *list = json_array();

    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *valid = g_utf8_make_valid(g_ptr_array_index(texts, i), -1);
        json_array_append_new(list, json_string(valid));
    }
    return list;
}

/* A list with one object, made by `one`, for each element. */
json_t *json_list(const GPtrArray *elements, json_t *(*one)(gconstpointer element))
{
    json_t *list = json_array();

    for (guint i = 0; i < elements->len; i++)
        json_array_append_new(list, one(g_ptr_array_index(elements, i)));
    return list;
}

json_t *json_count(gconstpointer element)
{
    const struct fault_count *count = element;
    json_t *object = json_object();

    json_set_text(object, "text", count->text);
    json_set_number(object, "sessions", count->sessions);
    return object;
}

static json_t *line(gconstpointer element)
{
    const struct knowledge_line *line = element;
    json_t *object = json_object();

    json_set_text(object, "kind", line_kinds[line->kind]);
    json_set_text(object, "text", line->text != NULL ? line->text : "");
    return object;
}

json_t *json_knowledge(const char *word, const enum knowledge_section *sections, size_t count,
                       const struct knowledge_facts *facts)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++) {
        g_autoptr(GPtrArray) lines = knowledge_lines(word, sections[i], facts);
        json_set(object, section_keys[sections[i]], json_list(lines, line));
    }
    return object;
}
