/*
 * What is known about each failure type and cause: prose in analyze/knowledge/, compiled in, with
 * {placeholders} and conditions. analyze/knowledge/README.md describes the format for those who
 * mend a text.
 */
#ifndef ANALYZE_KNOWLEDGE_H
#define ANALYZE_KNOWLEDGE_H

#include "schema/record.h"

enum knowledge_kind { KNOWLEDGE_FAILURE, KNOWLEDGE_CAUSE, KNOWLEDGE_RESULT };

/* Sections of an entry, in the order in which they are shown. */
enum knowledge_section {
    SECTION_MEANS,   /* what it means, in plain words */
    SECTION_EFFECT,  /* what it does to the mail */
    SECTION_CAUSES,  /* candidate causes, each with the check that tells it apart */
    SECTION_STEPS,   /* what to do now */
    SECTION_CHECK,   /* how to see that it is mended */
    SECTION_PREVENT, /* so that it does not come again */
    SECTION_SENDING, /* what to do where our own mail server met it */
    SECTION_LETTER,  /* what to write to the postmaster there */
    SECTION_COUNT
};

/*
 * What fills the placeholders and decides the conditions. Any text may be NULL: then the
 * placeholder stays as a word in capitals (DOMAIN, MX, IP). Values come from strangers: in a
 * command they are put in as a shell takes them literally, and only if they are names or addresses
 * by their form; else the word in capitals stands.
 */
struct knowledge_facts {
    const char *domain;
    const char *mx;
    const char *ip; /* a receiving address that failed */
    const char *sending_ip;
    const char *reporter; /* organization */
    const char *contact;  /* its contact-info */
    const char *tlsa;     /* the TLSA set as the reporter saw it, records joined by "; " */
    const char *first_day;
    const char *reason;       /* what our own mail server's log says */
    const char *tls_error;    /* and what its TLS noted beside that */
    const char *today;        /* day of the digest */
    const char *remove_after; /* day on which an exception ends */
    enum policy_type policy_type;
    enum sts_mode mode;
    enum mail_effect effect;
    enum mta mta;           /* ours, where it is about our own mail */
    bool usage_ee;          /* the quoted TLSA set has usable DANE-EE(3) records */
    bool usage_ta;          /* ... DANE-TA(2) records */
    bool many_reporters;    /* more than one reporter reports it */
    bool many_destinations; /* of our mail, behind that MX host; `domain` is one of them */
    bool microsoft;         /* Exchange Online is among them: it gives up after a day */
};

enum knowledge_line_kind { LINE_TEXT, LINE_COMMAND, LINE_ITEM, LINE_BLANK };

/* A paragraph, a numbered or dashed item, or one shell command, without indentation. */
struct knowledge_line {
    enum knowledge_line_kind kind;
    char *
        text; /* an item begins with "- " or "1. "; a command may have several lines: indent each */
};

/* NULL where the word is not known. Words: failure types, causes, RFC 8460 result types. */
const char *knowledge_title(const char *word);
bool knowledge_kind_of(const char *word, enum knowledge_kind *kind);

/*
 * The lines of one section with the facts filled in; an array of struct knowledge_line *, empty
 * where the entry has no such section. Paragraphs whose condition does not hold are left out.
 * Without facts (NULL, as for `explain`) every condition counts as met, but that of a digest.
 * Owned by the caller (g_ptr_array_unref).
 */
GPtrArray *knowledge_lines(const char *word, enum knowledge_section section,
                           const struct knowledge_facts *facts);

/* "RFC 7672, section 3.1.3; RFC 7671, section 9"; NULL where the entry names none. */
const char *knowledge_sources(const char *word);

/* Every word, sorted; char * not owned. For completion, `explain` without a word, and tests. */
GPtrArray *knowledge_words(void);

const char *knowledge_section_title(enum knowledge_section section); /* "What to do now" */

#endif
