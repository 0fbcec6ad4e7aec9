#include "report/page.h"
#include <string.h>

#define GAP 2 /* blanks between columns */
#define STYLE_END "\033[0m"
#define FIRST_COLUMN 8 /* no table cuts its first column further */

static const char *const style_codes[] = {
    [STYLE_PLAIN] = "",
    [STYLE_BOLD] = "\033[1m",
    [STYLE_RED] = "\033[1;31m",
    [STYLE_YELLOW] = "\033[1;33m",
};

static guint char_columns(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

static guint columns_of(const char *text, size_t length)
{
    const char *end = text + length;
    guint columns = 0;

    for (; text < end; text = g_utf8_next_char(text))
        columns += char_columns(g_utf8_get_char(text));
    return columns;
}

guint page_columns(const char *text)
{
    return columns_of(text, strlen(text));
}

static void append_blanks(GString *out, guint count)
{
    for (guint i = 0; i < count; i++)
        g_string_append_c(out, ' ');
}

void page_blank(struct page *page)
{
    g_string_append_c(page->out, '\n');
}

void page_line(struct page *page, guint indent, const char *text)
{
    append_blanks(page->out, indent);
    g_string_append(page->out, text);
    g_string_append_c(page->out, '\n');
}

/* A number and its per cent sign stay together. */
static size_t word_length(const char *word)
{
    size_t length = strcspn(word, " ");

    if (word[length] == ' ' && word[length + 1] == '%')
        length += 1 + strcspn(word + length + 1, " ");
    return length;
}

void page_wrap(struct page *page, const char *first, guint indent, const char *text)
{
    guint column = page_columns(first);
    bool begun = false;

    g_string_append(page->out, first);
    for (const char *word = text + strspn(text, " "); *word != '\0';) {
        size_t length = word_length(word);
        guint columns = columns_of(word, length);
        if (begun && column + 1 + columns > page->width) {
            g_string_append_c(page->out, '\n');
            append_blanks(page->out, indent);
            column = indent;
        } else if (begun) {
            g_string_append_c(page->out, ' ');
            column++;
        }
        g_string_append_len(page->out, word, (gssize)length);
        column += columns;
        begun = true;
        word += length;
        word += strspn(word, " ");
    }
    g_string_append_c(page->out, '\n');
}

void page_field(struct page *page, const char *label, const char *text)
{
    g_autofree char *first = NULL;

    if (text == NULL || *text == '\0')
        return;
    first = g_strdup_printf("%*s%-*s", PAGE_INDENT, "", PAGE_LABEL - PAGE_INDENT, label);
    page_wrap(page, first, PAGE_LABEL, text);
}

void page_heading(struct page *page, enum page_style style, const char *first, const char *text)
{
    guint columns = MIN(page_columns(first) + page_columns(text), page->width);
    bool styled = page->colour && style != STYLE_PLAIN;

    if (styled)
        g_string_append(page->out, style_codes[style]);
    page_wrap(page, first, PAGE_INDENT, text);
    if (styled)
        g_string_append(page->out, STYLE_END);
    for (guint i = 0; i < columns; i++)
        g_string_append_c(page->out, '-');
    g_string_append_c(page->out, '\n');
}

void page_subheading(struct page *page, guint indent, const char *text)
{
    append_blanks(page->out, indent);
    if (page->colour)
        g_string_append_printf(page->out, "%s%s" STYLE_END "\n", style_codes[STYLE_BOLD], text);
    else
        g_string_append_printf(page->out, "%s\n", text);
}

struct table *table_new(const enum column_align *align, guint columns)
{
    struct table *table = g_new0(struct table, 1);

    table->align = align;
    table->columns = columns;
    table->cells = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}

void table_take(struct table *table, char *cell)
{
    g_ptr_array_add(table->cells, cell);
}

/* `text` in at most `columns` columns. */
static char *cut(const char *text, guint columns)
{
    const char *end = text;
    guint used = 0;

    if (page_columns(text) <= columns)
        return g_strdup(text);
    while (used + char_columns(g_utf8_get_char(end)) + 3 <= columns) {
        used += char_columns(g_utf8_get_char(end));
        end = g_utf8_next_char(end);
    }
    return g_strdup_printf("%.*s...", (int)(end - text), text);
}

static void measure(const struct table *table, const struct page *page, guint indent, guint *widths)
{
    guint others = indent;

    memset(widths, 0, table->columns * sizeof(*widths));
    for (guint i = 0; i < table->cells->len; i++) {
        guint *width = &widths[i % table->columns];
        *width = MAX(*width, page_columns(g_ptr_array_index(table->cells, i)));
    }
    for (guint i = 1; i < table->columns; i++)
        others += widths[i] > 0 ? widths[i] + GAP : 0;
    if (widths[0] + others > page->width)
        widths[0] = others + FIRST_COLUMN < page->width ? page->width - others : FIRST_COLUMN;
}

static void append_cell(GString *line, const char *text, guint width, enum column_align align)
{
    g_autofree char *shown = cut(text, width);
    guint blanks = width - page_columns(shown);

    if (align == COLUMN_RIGHT)
        append_blanks(line, blanks);
    g_string_append(line, shown);
    if (align == COLUMN_LEFT)
        append_blanks(line, blanks);
}

void table_write(const struct table *table, struct page *page, guint indent)
{
    g_autofree guint *widths = g_new(guint, table->columns);

    measure(table, page, indent, widths);
    for (guint row = 0; row + table->columns <= table->cells->len; row += table->columns) {
        g_autoptr(GString) line = g_string_new(NULL);
        for (guint i = 0; i < table->columns; i++) {
            if (widths[i] == 0)
                continue;
            if (i > 0)
                append_blanks(line, GAP);
            append_cell(line, g_ptr_array_index(table->cells, row + i), widths[i], table->align[i]);
        }
        g_strchomp(line->str);
        page_line(page, indent, line->str);
    }
}
