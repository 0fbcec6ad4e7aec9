/* Shared by dmarc*.c only. */
#ifndef INGEST_DMARC_PRIVATE_H
#define INGEST_DMARC_PRIVATE_H

#include "ingest/dmarc.h"

#define DMARC_CLAUSE_XML "XML 1.0, section 2.1"
#define DMARC_CLAUSE_CHARSET "XML 1.0, section 4.3.3"
#define DMARC_CLAUSE_PREFIX "Namespaces in XML 1.0, section 5"
#define DMARC_CLAUSE_ROOT "RFC 9990, section 3.1.1.1; RFC 7489, appendix C"
/* Of what RFC 9990 has made optional. */
#define DMARC_CLAUSE_BEFORE_RFC9990 "RFC 7489, appendix C"
#define DMARC_CLAUSE_FIRST_LEVEL "RFC 9990, section 3.1.1.2; RFC 7489, appendix C"
#define DMARC_CLAUSE_METADATA "RFC 9990, section 3.1.1.3; RFC 7489, appendix C"
#define DMARC_CLAUSE_PERIOD "RFC 9990, section 3.1.1.4; RFC 7489, appendix C"
#define DMARC_CLAUSE_POLICY "RFC 9990, section 3.1.1.5; RFC 7489, appendix C"
#define DMARC_CLAUSE_RECORD "RFC 9990, section 3.1.1.7; RFC 7489, appendix C"
#define DMARC_CLAUSE_ROW "RFC 9990, section 3.1.1.8; RFC 7489, appendix C"
#define DMARC_CLAUSE_EVALUATED "RFC 9990, section 3.1.1.9; RFC 7489, appendix C"
#define DMARC_CLAUSE_IDENTIFIERS "RFC 9990, section 3.1.1.10; RFC 7489, appendix C"
#define DMARC_CLAUSE_DKIM "RFC 9990, section 3.1.1.12; RFC 7489, appendix C"
#define DMARC_CLAUSE_SPF "RFC 9990, section 3.1.1.13; RFC 7489, appendix C"
#define DMARC_CLAUSE_OVERRIDE "RFC 9990, section 3.1.1.14; RFC 7489, appendix C"
#define DMARC_CLAUSE_REASON "RFC 9990, section 3.1.6; RFC 7489, appendix C"

/* Every element that is read, by what it means where it stands. */
enum dmarc_scope {
    SCOPE_OUTSIDE, /* of feedback, whatever the elements are called */
    SCOPE_IGNORED,
    SCOPE_FEEDBACK,
    SCOPE_METADATA,
    SCOPE_DATE_RANGE,
    SCOPE_POLICY,
    SCOPE_RECORD,
    SCOPE_ROW,
    SCOPE_EVALUATED,
    SCOPE_REASON,
    SCOPE_IDENTIFIERS,
    SCOPE_AUTH_RESULTS,
    SCOPE_DKIM,
    SCOPE_SPF,
    SCOPE_FIRST_LEAF, /* from here on: elements that hold a text */
    SCOPE_VERSION = SCOPE_FIRST_LEAF,
    SCOPE_ORG_NAME,
    SCOPE_EMAIL,
    SCOPE_EXTRA_CONTACT,
    SCOPE_REPORT_ID,
    SCOPE_ERROR,
    SCOPE_GENERATOR,
    SCOPE_BEGIN,
    SCOPE_END,
    SCOPE_DOMAIN,
    SCOPE_P,
    SCOPE_SP,
    SCOPE_NP,
    SCOPE_ADKIM,
    SCOPE_ASPF,
    SCOPE_PCT,
    SCOPE_FO,
    SCOPE_TESTING,
    SCOPE_DISCOVERY,
    SCOPE_SOURCE_IP,
    SCOPE_COUNT,
    SCOPE_DISPOSITION,
    SCOPE_DKIM_VERDICT,
    SCOPE_SPF_VERDICT,
    SCOPE_REASON_TYPE,
    SCOPE_REASON_COMMENT,
    SCOPE_HEADER_FROM,
    SCOPE_ENVELOPE_FROM,
    SCOPE_ENVELOPE_TO,
    SCOPE_AUTH_DOMAIN,
    SCOPE_AUTH_DETAIL, /* selector, scope */
    SCOPE_AUTH_RESULT,
    SCOPE_AUTH_HUMAN,
};

/* What an element of that name is below another; SCOPE_IGNORED where nothing is known of it. */
enum dmarc_scope dmarc_scope_find(enum dmarc_scope parent, const char *name, size_t length);
/* Whether any element that is read has that name. */
bool dmarc_scope_is_name(const char *name, size_t length);
/* "source_ip", for issues. */
const char *dmarc_scope_name(enum dmarc_scope scope);

/* A report on its way from elements to records. */
struct dmarc_reading {
    struct dmarc_report *report;
    GHashTable *noted; /* problems that were said once */
    char part[32];     /* "record[3]"; "" outside of records */
    guint policies;    /* policy_published begun */
    /* Of the record that is being read. */
    struct dmarc_row row;
    bool count_seen;
    bool identifiers_seen;
    bool results_seen; /* auth_results */
    GArray *dkim;      /* struct dmarc_auth */
    GArray *spf;
    GArray *reasons; /* struct dmarc_reason */
    guint records;   /* begun */
    bool full;       /* no more rows are taken */
};

void dmarc_reading_init(struct dmarc_reading *reading);
/* Gives the report away. */
struct dmarc_report *dmarc_reading_finish(struct dmarc_reading *reading);

/* Once for each problem. Without a clause it is a limit of ours that was met. */
G_GNUC_PRINTF(5, 6)
void dmarc_note(struct dmarc_reading *reading, enum issue_kind kind, enum issue_severity severity,
                const char *clause, const char *format, ...);

/* An element begins; one with a text ends: `text` is trimmed, valid UTF-8, bounded, maybe "". */
void dmarc_take_begin(struct dmarc_reading *reading, enum dmarc_scope scope);
void dmarc_take_text(struct dmarc_reading *reading, enum dmarc_scope scope, enum dmarc_scope parent,
                     const char *text);
/* An element without a text ends. */
void dmarc_take_end(struct dmarc_reading *reading, enum dmarc_scope scope);
/* dmarc_row.c: the same for what is below record. */
void dmarc_row_begin(struct dmarc_reading *reading, enum dmarc_scope scope);
void dmarc_row_text(struct dmarc_reading *reading, enum dmarc_scope scope, enum dmarc_scope parent,
                    const char *text);
void dmarc_row_end(struct dmarc_reading *reading);

/* A domain or host name as text_domain() makes it; one that is none is noted. */
char *dmarc_domain(struct dmarc_reading *reading, const char *text, const char *name,
                   const char *clause);

/* How a pass over the text ended. */
enum dmarc_end {
    DMARC_WHOLE,
    DMARC_CUT,     /* the text ended inside an element: what came before was read */
    DMARC_BROKEN,  /* expat refused it */
    DMARC_REFUSED, /* a document type declaration */
    DMARC_LIMIT,
};

/* One pass; dmarc_xml.c. `broken` takes expat's words for DMARC_BROKEN. */
struct dmarc_pass {
    enum dmarc_end end;
    bool feedback; /* there was such an element */
    bool finished; /* and its end */
    size_t used;   /* bytes up to that end */
    bool more;     /* something may follow that is no part of the report */
    bool foreign;  /* mended: bytes that are no UTF-8 were read as windows-1252 */
    bool repaired; /* mended: something else was not well-formed */
    char broken[160];
    struct dmarc_report *report; /* what was read; owned by the caller */
};
void dmarc_pass(dmarc_source_fn source, void *data, bool mend, struct dmarc_pass *pass);

/* What each byte stands for in an encoding of one byte per character. False
   where that is no such encoding. */
bool dmarc_charset(const char *name, int map[256]);

#endif
