/*
 * Numbers in place of texts, so that a hundred thousand rows stay small, and what else the builders
 * of findings have in common. Private to analyze/.
 */
#ifndef ANALYZE_NAMES_H
#define ANALYZE_NAMES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Past so much text only the names of domains, hosts and reporters are kept of what follows. */
#define NAMES_DETAIL_BYTES (64u << 20)

/* Each text once. Number 0 is "no text". */
struct names {
    gsize bytes;
    GStringChunk *chunk;
    GHashTable *numbers; /* text -> number */
    GPtrArray *texts;    /* number -> text */
};

struct names *names_new(void);
void names_free(struct names *names);
/* 0 for NULL and "". */
guint32 names_number(struct names *names, const char *text);
/* Likewise for what a finding can do without: 0 also for a new text past NAMES_DETAIL_BYTES. */
guint32 names_detail(struct names *names, const char *text);
/* 0 for what has no number. */
guint32 names_find(const struct names *names, const char *text);
/* NULL for 0. */
const char *names_text(const struct names *names, guint32 number);

/* Sums of counts that come from strangers stay at INT64_MAX. */
int64_t count_add(int64_t a, int64_t b);

/* Lexical order of two lists of `count` values, for sorting. */
int keys_compare(const int64_t *a, const int64_t *b, size_t count);

/* The domain in which a host name of three or more labels stands; NULL where none is told by it. */
const char *host_parent(const char *host);

#endif
