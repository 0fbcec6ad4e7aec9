/*
 * Plain text of a fixed width: paragraphs wrapped, fields with a label, tables with aligned
 * columns. Texts are taken as they are; escape those of strangers first (escape.h).
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define PAGE_WIDTH 76
#define PAGE_WIDTH_MIN 40
/* Columns of a field's label with its indentation and the blanks after it. */
#define PAGE_LABEL 16
#define PAGE_INDENT 3

enum page_style { STYLE_PLAIN, STYLE_BOLD, STYLE_RED, STYLE_YELLOW };

struct page {
    GString *out;
    guint width;
    bool colour;
};

/* Columns that a terminal needs for valid UTF-8. */
guint page_columns(const char *text);

/*
 * `text` wrapped at blanks: the first line after `first`, the others after `indent` blanks. A word
 * longer than the line stands alone on one. Ends the line.
 */
void page_wrap(struct page *page, const char *first, guint indent, const char *text);

/* "   Label        text", wrapped under the text. Nothing for an empty text. */
void page_field(struct page *page, const char *label, const char *text);

/* One line as it is, after `indent` blanks. */
void page_line(struct page *page, guint indent, const char *text);
void page_blank(struct page *page);

/* A heading, underlined; `first` is what its first line begins with. */
void page_heading(struct page *page, enum page_style style, const char *first, const char *text);
/* Without underline, after `indent` blanks. */
void page_subheading(struct page *page, guint indent, const char *text);

enum column_align { COLUMN_LEFT, COLUMN_RIGHT };

/* Rows of cells; the first row is the heading. */
struct table {
    const enum column_align *align;
    guint columns;
    GPtrArray *cells; /* char *, row by row */
};

struct table *table_new(const enum column_align *align, guint columns);
void table_free(struct table *table);
/* Takes the text. */
void table_take(struct table *table, char *cell);
/* The first column is cut with "..." where the table would be wider than the page. */
void table_write(const struct table *table, struct page *page, guint indent);

typedef struct table Table;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

#endif
