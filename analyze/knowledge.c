#include "analyze/knowledge.h"
#include "schema/embedded.h"
#include "schema/vocabulary.h"
#include <string.h>

#define TEXT_VALUE_MAX 200  /* bytes of a stranger's value in a sentence */
#define NAME_MAX_LENGTH 253 /* RFC 1035, section 2.3.4, without the final dot */
#define SHARED_TEXTS "_shared.txt"
#define INDENT "  "

static const char *const section_words[SECTION_COUNT] = {
    [SECTION_MEANS] = "means",     [SECTION_EFFECT] = "effect", [SECTION_CAUSES] = "causes",
    [SECTION_STEPS] = "steps",     [SECTION_CHECK] = "check",   [SECTION_PREVENT] = "prevent",
    [SECTION_SENDING] = "sending", [SECTION_LETTER] = "letter",
};

static const char *const section_titles[SECTION_COUNT] = {
    [SECTION_MEANS] = "What it means",
    [SECTION_EFFECT] = "What it does to the mail",
    [SECTION_CAUSES] = "What may have caused it",
    [SECTION_STEPS] = "What to do now",
    [SECTION_CHECK] = "How to check",
    [SECTION_PREVENT] = "So that it does not come again",
    [SECTION_SENDING] = "What to do as the sender",
    [SECTION_LETTER] = "What to write to their postmaster",
};

static const char *const kinds[] = {
    [KNOWLEDGE_FAILURE] = "failure",
    [KNOWLEDGE_CAUSE] = "cause",
    [KNOWLEDGE_RESULT] = "result",
};

/* --- values of placeholders --- */

static const struct placeholder {
    const char *name;
    const char *otherwise; /* stands where the value is not known */
    size_t offset;
    size_t fallback; /* taken where the first is not known; may equal it */
    bool brackets;   /* an IPv6 address goes into [] */
} placeholders[] = {
#define PLACE(name, otherwise, member, fallback, brackets)                                         \
    {                                                                                              \
        name, otherwise, G_STRUCT_OFFSET(struct knowledge_facts, member),                          \
            G_STRUCT_OFFSET(struct knowledge_facts, fallback), brackets                            \
    }
    PLACE("domain", "DOMAIN", domain, domain, false),
    PLACE("mx", "MX", mx, mx, false),
    PLACE("ip", "IP", ip, ip, false),
    PLACE("ip_or_mx", "MX", ip, mx, false),
    PLACE("ip_connect", "MX", ip, mx, true),
    PLACE("sending_ip", "SENDING-IP", sending_ip, sending_ip, false),
    PLACE("reporter", "REPORTER", reporter, reporter, false),
    PLACE("contact", "CONTACT", contact, contact, false),
    PLACE("tlsa", "TLSA-SET", tlsa, tlsa, false),
    PLACE("since", "DAY", first_day, first_day, false),
    PLACE("reason", "REASON", reason, reason, false),
    PLACE("tls_error", "TLS-ERROR", tls_error, tls_error, false),
    PLACE("today", "TODAY", today, today, false),
    PLACE("remove", "DAY", remove_after, remove_after, false),
#undef PLACE
};

static const struct placeholder *find_placeholder(const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(placeholders); i++)
        if (strlen(placeholders[i].name) == length &&
            strncmp(placeholders[i].name, name, length) == 0)
            return &placeholders[i];
    return NULL;
}

static const char *fact_at(const struct knowledge_facts *facts, size_t offset)
{
    const char *value = facts == NULL ? NULL : G_STRUCT_MEMBER(const char *, facts, offset);
    return value == NULL || *value == '\0' ? NULL : value;
}

/* A host name or an address by its form: nothing in it means anything to a shell or to getopt. */
static bool is_plain(const char *value)
{
    size_t length = strlen(value);
    if (length > NAME_MAX_LENGTH || *value == '-')
        return false;
    if (strchr(value, ':') != NULL)
        return strspn(value, "0123456789abcdefABCDEF:.") == length &&
               g_hostname_is_ip_address(value);
    return strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
           length;
}

static void append_for_command(GString *out, const struct placeholder *place,
                               const struct knowledge_facts *facts)
{
    const char *value = fact_at(facts, place->offset);
    if (value == NULL || !is_plain(value))
        value = fact_at(facts, place->fallback);
    if (value == NULL || !is_plain(value))
        value = place->otherwise;
    bool brackets = place->brackets && strchr(value, ':') != NULL;
    g_string_append_printf(out, brackets ? "[%s]" : "%s", value);
}

static void append_for_text(GString *out, const struct placeholder *place,
                            const struct knowledge_facts *facts)
{
    const char *value = fact_at(facts, place->offset);
    if (value == NULL)
        value = fact_at(facts, place->fallback);
    if (value == NULL)
        value = place->otherwise;
    size_t length = strlen(value);
    if (length > TEXT_VALUE_MAX) {
        length = TEXT_VALUE_MAX - strlen("...");
        while (length > 0 && ((guchar)value[length] & 0xC0) == 0x80)
            length--; /* not inside a character */
        g_string_append_len(out, value, (gssize)length);
        g_string_append(out, "...");
    } else {
        g_string_append(out, value);
    }
}

/* `text` with each {name} filled in; other braces, as of awk, stay. */
static char *fill(const char *text, bool command, const struct knowledge_facts *facts)
{
    GString *out = g_string_new(NULL);
    while (*text != '\0') {
        size_t length = *text == '{' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        const struct placeholder *place = NULL;
        if (length > 0 && text[1 + length] == '}')
            place = find_placeholder(text + 1, length);
        if (place == NULL) {
            g_string_append_c(out, *text++);
            continue;
        }
        if (command)
            append_for_command(out, place, facts);
        else
            append_for_text(out, place, facts);
        text += length + 2;
    }
    return g_string_free(out, FALSE);
}

/* --- conditions --- */

static bool is_policy(const struct knowledge_facts *facts, const char *value)
{
    return strcmp(policy_type_word(facts->policy_type), value) == 0;
}

static bool is_mode(const struct knowledge_facts *facts, const char *value)
{
    return strcmp(sts_mode_word(facts->mode), value) == 0;
}

static bool is_effect(const struct knowledge_facts *facts, const char *value)
{
    return strcmp(mail_effect_word(facts->effect), value) == 0;
}

static bool is_mta(const struct knowledge_facts *facts, const char *value)
{
    return strcmp(mta_word(facts->mta), value) == 0;
}

static bool has_usage(const struct knowledge_facts *facts, const char *value)
{
    if (strcmp(value, "ee-only") == 0)
        return facts->usage_ee && !facts->usage_ta;
    if (strcmp(value, "ta") == 0)
        return facts->usage_ta;
    return strcmp(value, "unknown") == 0 && !facts->usage_ee && !facts->usage_ta;
}

static bool has_destinations(const struct knowledge_facts *facts, const char *value)
{
    return strcmp(value, facts->many_destinations ? "many" : "one") == 0;
}

static bool has_reporters(const struct knowledge_facts *facts, const char *value)
{
    return strcmp(value, facts->many_reporters ? "many" : "one") == 0 ||
           (facts->microsoft && strcmp(value, "microsoft") == 0);
}

static bool is_known(const struct knowledge_facts *facts, const char *value)
{
    const struct placeholder *place = find_placeholder(value, strlen(value));
    return place != NULL && fact_at(facts, place->offset) != NULL;
}

static bool is_shown(const struct knowledge_facts *facts, const char *value)
{
    return strcmp(value, facts == NULL ? "explain" : "digest") == 0;
}

static const struct {
    const char *key;
    bool without_facts; /* asked also where nothing is known; else it counts as met */
    bool (*holds)(const struct knowledge_facts *facts, const char *value);
} conditions[] = {
    {"policy", false, is_policy},        {"mode", false, is_mode},
    {"effect", false, is_effect},        {"usage", false, has_usage},
    {"reporters", false, has_reporters}, {"destinations", false, has_destinations},
    {"known", false, is_known},          {"mta", false, is_mta},
    {"shown", true, is_shown},
};

/* "key=a|b" or "key!=a|b" */
static bool term_holds(const char *term, const struct knowledge_facts *facts)
{
    const char *equals = strchr(term, '=');
    if (equals == NULL || equals == term)
        return false;
    bool negated = equals[-1] == '!';
    g_autofree char *key = g_strndup(term, (gsize)(equals - term) - negated);
    g_auto(GStrv) values = g_strsplit(equals + 1, "|", -1);
    for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++) {
        if (strcmp(conditions[i].key, key) != 0)
            continue;
        if (facts == NULL && !conditions[i].without_facts)
            return true;
        bool found = false;
        for (char **value = values; *value != NULL && !found; value++)
            found = conditions[i].holds(facts, *value);
        return found != negated;
    }
    return false;
}

/* Of "[if policy=sts mode!=enforce]" every term. */
static bool condition_holds(const char *line, const struct knowledge_facts *facts)
{
    g_autofree char *terms = g_strndup(line + strlen("[if "), strcspn(line, "]") - strlen("[if "));
    g_auto(GStrv) list = g_strsplit(terms, " ", -1);
    for (char **term = list; *term != NULL; term++)
        if (**term != '\0' && !term_holds(*term, facts))
            return false;
    return true;
}

/* --- texts --- */

static const struct embedded *find_text(const char *file_name)
{
    for (const struct embedded *text = knowledge_texts; text->name != NULL; text++)
        if (strcmp(text->name, file_name) == 0)
            return text;
    return NULL;
}

static bool is_word(const char *file_name)
{
    return *file_name != '_' && g_str_has_suffix(file_name, ".txt");
}

static const struct embedded *find_entry(const char *word)
{
    if (word == NULL)
        return NULL;
    g_autofree char *file_name = g_strconcat(word, ".txt", NULL);
    return is_word(file_name) ? find_text(file_name) : NULL;
}

/* The value of "key: value" in the lines above the first empty one; where it ends in *length. */
static const char *header_value(const struct embedded *text, const char *key, size_t *length)
{
    size_t key_length = strlen(key);
    for (const char *line = text->text; *line != '\0' && *line != '\n';) {
        size_t line_length = strcspn(line, "\n");
        if (strncmp(line, key, key_length) == 0 && strncmp(line + key_length, ": ", 2) == 0) {
            *length = line_length - key_length - 2;
            return line + key_length + 2;
        }
        line += line_length + (line[line_length] == '\n');
    }
    return NULL;
}

/* --- one section to lines --- */

struct walk {
    const struct knowledge_facts *facts;
    GPtrArray *lines;
    GString *block; /* the paragraph, item or command being read */
    enum knowledge_line_kind kind;
    bool in_block;
    bool wanted;      /* the condition of this block holds */
    bool conditional; /* an [if] stands directly before the next block */
    bool blank;       /* an empty line is due before the next block */
    guint number;     /* of the last numbered item */
};

static void knowledge_line_free(gpointer data)
{
    struct knowledge_line *line = data;
    g_free(line->text);
    g_free(line);
}

static void add_line(GPtrArray *lines, enum knowledge_line_kind kind, char *text)
{
    struct knowledge_line *line = g_new(struct knowledge_line, 1);
    *line = (struct knowledge_line){kind, text};
    g_ptr_array_add(lines, line);
}

static void finish_block(struct walk *walk)
{
    if (walk->in_block && walk->wanted) {
        if (walk->blank && walk->lines->len > 0)
            add_line(walk->lines, LINE_BLANK, g_strdup(""));
        walk->blank = false;
        char *text = fill(walk->block->str, walk->kind == LINE_COMMAND, walk->facts);
        add_line(walk->lines, walk->kind, text);
    }
    walk->in_block = false;
}

/* A command shares the condition of what it follows; anything else begins anew. */
static void begin_block(struct walk *walk, enum knowledge_line_kind kind, const char *text,
                        size_t length)
{
    finish_block(walk);
    if (kind != LINE_COMMAND && !walk->conditional)
        walk->wanted = true;
    walk->conditional = false;
    walk->in_block = true;
    walk->kind = kind;
    g_string_truncate(walk->block, 0);
    g_string_append_len(walk->block, text, (gssize)length);
}

/* Items are numbered here, since one whose condition does not hold leaves no gap. */
static void begin_numbered(struct walk *walk, const char *text, size_t length)
{
    begin_block(walk, LINE_ITEM, "", 0);
    if (walk->wanted)
        walk->number++;
    g_string_append_printf(walk->block, "%u. ", walk->number);
    g_string_append_len(walk->block, text, (gssize)length);
}

static void continue_block(struct walk *walk, const char *line, size_t length)
{
    size_t indent = g_str_has_prefix(line, INDENT) ? strlen(INDENT) : 0;
    if (walk->kind != LINE_COMMAND)
        indent = strspn(line, " ");
    if (!walk->in_block || (indent == 0 && walk->kind != LINE_TEXT)) {
        begin_block(walk, LINE_TEXT, line, length);
        return;
    }
    g_string_append_c(walk->block, walk->kind == LINE_COMMAND ? '\n' : ' ');
    g_string_append_len(walk->block, line + indent, (gssize)(length - indent));
}

static void walk_section(struct walk *walk, const struct embedded *text, const char *section);

static void insert_shared(struct walk *walk, const char *line)
{
    const struct embedded *shared = find_text(SHARED_TEXTS);
    finish_block(walk);
    if (shared != NULL && (walk->wanted || !walk->conditional)) {
        size_t start = strlen("[insert ");
        g_autofree char *name = g_strndup(line + start, strcspn(line, "]") - start);
        walk->conditional = false;
        walk_section(walk, shared, name);
        walk->blank = false; /* the empty line that ends the passage */
    }
    walk->conditional = false;
}

static void walk_line(struct walk *walk, const char *line, size_t length)
{
    size_t digits = strspn(line, "0123456789");
    if (length == 0) {
        finish_block(walk);
        walk->blank = true;
    } else if (g_str_has_prefix(line, "[if ")) {
        finish_block(walk);
        walk->wanted = condition_holds(line, walk->facts);
        walk->conditional = true;
    } else if (g_str_has_prefix(line, "[insert ")) {
        insert_shared(walk, line);
    } else if (g_str_has_prefix(line, "$ ")) {
        begin_block(walk, LINE_COMMAND, line + 2, length - 2);
    } else if (g_str_has_prefix(line, "- ")) {
        begin_block(walk, LINE_ITEM, line, length);
    } else if (digits > 0 && g_str_has_prefix(line + digits, ". ")) {
        begin_numbered(walk, line + digits + 2, length - digits - 2);
    } else {
        continue_block(walk, line, length);
    }
}

static void walk_section(struct walk *walk, const struct embedded *text, const char *section)
{
    g_autofree char *begin = g_strdup_printf("== %s ==\n", section);
    const char *line = strstr(text->text, begin);
    if (line == NULL)
        return;
    for (line += strlen(begin); *line != '\0' && !g_str_has_prefix(line, "== ");) {
        size_t length = strcspn(line, "\n");
        walk_line(walk, line, length);
        line += length + (line[length] == '\n');
    }
    finish_block(walk);
}

GPtrArray *knowledge_lines(const char *word, enum knowledge_section section,
                           const struct knowledge_facts *facts)
{
    struct walk walk = {.facts = facts,
                        .lines = g_ptr_array_new_with_free_func(knowledge_line_free),
                        .block = g_string_new(NULL),
                        .wanted = true};
    const struct embedded *text = find_entry(word);
    if (text != NULL && (size_t)section < SECTION_COUNT)
        walk_section(&walk, text, section_words[section]);
    g_string_free(walk.block, TRUE);
    return walk.lines;
}

/* --- what entries there are --- */

/* Interned, since the value lies in the middle of a text; there are few of them. */
static const char *header_interned(const char *word, const char *key)
{
    size_t length = 0;
    const struct embedded *text = find_entry(word);
    const char *value = text == NULL ? NULL : header_value(text, key, &length);
    if (value == NULL)
        return NULL;
    g_autofree char *copy = g_strndup(value, length);
    return g_intern_string(copy);
}

const char *knowledge_title(const char *word)
{
    return header_interned(word, "title");
}

const char *knowledge_sources(const char *word)
{
    return header_interned(word, "sources");
}

bool knowledge_kind_of(const char *word, enum knowledge_kind *kind)
{
    const char *name = header_interned(word, "kind");
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i], name) == 0) {
            *kind = (enum knowledge_kind)i;
            return true;
        }
    return false;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *knowledge_words(void)
{
    GPtrArray *words = g_ptr_array_new();
    for (const struct embedded *text = knowledge_texts; text->name != NULL; text++) {
        if (!is_word(text->name))
            continue;
        g_autofree char *word = g_strndup(text->name, strlen(text->name) - strlen(".txt"));
        g_ptr_array_add(words, (gpointer)g_intern_string(word));
    }
    g_ptr_array_sort(words, by_name);
    return words;
}

const char *knowledge_section_title(enum knowledge_section section)
{
    g_return_val_if_fail((size_t)section < SECTION_COUNT, "");
    return section_titles[section];
}
