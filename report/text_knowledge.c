#include "report/text_knowledge.h"
#include "report/escape.h"
#include <string.h>

#define TEXT_INDENT 6
#define ITEM_INDENT 3 /* of commands, to stand under the text of their step */

/* In the order in which a postmaster asks. What prevents it is told by `explain`. */
static const enum knowledge_section digest_sections[] = {
    SECTION_EFFECT, SECTION_MEANS, SECTION_CAUSES, SECTION_STEPS, SECTION_CHECK,
};

static const enum knowledge_section all_sections[] = {
    SECTION_MEANS, SECTION_EFFECT,  SECTION_CAUSES,  SECTION_STEPS,
    SECTION_CHECK, SECTION_PREVENT, SECTION_SENDING, SECTION_LETTER,
};

/* A command is never wrapped: it is there to be copied. */
static void write_command(struct page *page, const char *command)
{
    g_auto(GStrv) lines = g_strsplit(command, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *safe = escape_terminal(lines[i]);
        page_line(page, TEXT_INDENT + ITEM_INDENT, safe);
    }
}

/* Columns of "1. " or "- " at the beginning of an item. */
static guint marker_columns(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    if (digits > 0 && text[digits] == '.' && text[digits + 1] == ' ')
        return (guint)digits + 2;
    return g_str_has_prefix(text, "- ") ? 2 : 0;
}

static void write_knowledge_line(struct page *page, const struct knowledge_line *line)
{
    g_autofree char *safe = NULL, *first = NULL;
    guint marker;

    if (line->kind == LINE_BLANK) {
        page_blank(page);
        return;
    }
    if (line->kind == LINE_COMMAND) {
        write_command(page, line->text);
        return;
    }
    safe = escape_terminal(line->text);
    marker = line->kind == LINE_ITEM ? marker_columns(safe) : 0;
    first = g_strdup_printf("%*s%.*s", TEXT_INDENT, "", (int)marker, safe);
    page_wrap(page, first, TEXT_INDENT + marker, safe + marker);
}

void text_knowledge_sections(struct page *page, const char *word,
                             const enum knowledge_section *sections, size_t count,
                             const struct knowledge_facts *facts)
{
    for (size_t i = 0; i < count; i++) {
        g_autoptr(GPtrArray) lines = knowledge_lines(word, sections[i], facts);
        if (lines->len == 0)
            continue;
        page_blank(page);
        page_subheading(page, PAGE_INDENT, knowledge_section_title(sections[i]));
        for (guint j = 0; j < lines->len; j++)
            write_knowledge_line(page, g_ptr_array_index(lines, j));
    }
}

void text_knowledge(struct page *page, const char *word, const struct knowledge_facts *facts)
{
    text_knowledge_sections(page, word, digest_sections, G_N_ELEMENTS(digest_sections), facts);
}

/* "starttls-absent: STARTTLS not offered (failure type; layer starttls)" */
static char *title_of(const char *word, enum knowledge_kind kind)
{
    static const char *const kinds[] = {
        [KNOWLEDGE_FAILURE] = "failure type",
        [KNOWLEDGE_CAUSE] = "cause",
        [KNOWLEDGE_RESULT] = "result type of RFC 8460",
    };
    enum failure_type type;

    if (kind == KNOWLEDGE_FAILURE && failure_type_from_word(word, &type))
        return g_strdup_printf("%s: %s (%s, layer %s)", word, knowledge_title(word), kinds[kind],
                               layer_word(failure_type_layer(type)));
    return g_strdup_printf("%s: %s (%s)", word, knowledge_title(word), kinds[kind]);
}

bool text_explain(struct page *page, const char *word)
{
    enum knowledge_kind kind;
    g_autofree char *title = NULL;
    const char *sources = knowledge_sources(word);

    if (!knowledge_kind_of(word, &kind))
        return false;
    title = title_of(word, kind);
    page_wrap(page, "", 0, title);
    text_knowledge_sections(page, word, all_sections, G_N_ELEMENTS(all_sections), NULL);
    if (sources != NULL) {
        page_blank(page);
        page_wrap(page, "   Sources: ", PAGE_INDENT, sources);
    }
    return true;
}
