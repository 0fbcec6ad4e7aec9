/* expat, its handlers, and where in the report they are. */
#include "ingest/dmarc_mend.h"
#include "ingest/limits.h"
#include <expat.h>
#include <string.h>

/* expat counts in int; and nothing it holds for a token is worth more. */
#define FEED_BYTES (64u << 10)

#define HASH_BYTES (2 * LIMIT_STRING_BYTES)

/* A longer prefix is none that anybody declares. */
#define PREFIX_BYTES 256

/* What expat needs beside the name itself for one that it has not seen before. */
#define NAME_OVERHEAD 64

#define NAMESPACE_RFC7489 "http://dmarc.org/dmarc-xml/"
#define NAMESPACE_RFC9990 "urn:ietf:params:xml:ns:dmarc-2.0"

struct xml {
    XML_Parser parser;
    struct dmarc_mend *mend; /* NULL: expat reads the text itself */
    struct dmarc_pass *pass;
    struct dmarc_reading reading;
    GChecksum *checksum;
    size_t hashed; /* bytes of `buffer` that are not yet in the checksum */
    char buffer[HASH_BYTES];
    GString *text;     /* of the element that is open, at most LIMIT_STRING_BYTES */
    bool cut;          /* there was more */
    bool finished;     /* </feedback> was seen */
    bool stopped;      /* another element came after that */
    size_t blanks;     /* before everything else, in bytes */
    size_t taken;      /* bytes of the text */
    size_t parsed;     /* bytes that expat got */
    GHashTable *names; /* of elements and attributes that no report has; NULL until there is one */
    size_t name_bytes; /* what expat holds for those */
    guint depth;
    guint too_deep; /* elements open past LIMIT_XML_DEPTH */
    enum dmarc_scope scopes[LIMIT_XML_DEPTH];
};

static void flush_hash(struct xml *xml)
{
    g_checksum_update(xml->checksum, (const guchar *)xml->buffer, (gssize)xml->hashed);
    xml->hashed = 0;
}

/* At most LIMIT_STRING_BYTES. */
static void hash(struct xml *xml, char kind, const char *text, size_t length)
{
    if (length + 1 > sizeof(xml->buffer) - xml->hashed)
        flush_hash(xml);
    xml->buffer[xml->hashed++] = kind;
    memcpy(xml->buffer + xml->hashed, text, length);
    xml->hashed += length;
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon != NULL ? colon + 1 : name;
}

/* Some declare it and use no prefix, some declare another beside it: a look at them all. */
static void look_for_namespace(struct xml *xml, const char **attributes)
{
    struct dmarc_report *report = xml->reading.report;

    for (; attributes[0] != NULL; attributes += 2) {
        bool is_default = strcmp(attributes[0], "xmlns") == 0;
        if (!is_default && !g_str_has_prefix(attributes[0], "xmlns:"))
            continue;
        if (strcmp(attributes[1], NAMESPACE_RFC9990) == 0)
            report->form = DMARC_FORM_RFC9990;
        else if (g_str_has_prefix(attributes[1], NAMESPACE_RFC7489))
            report->form = MAX(report->form, DMARC_FORM_RFC7489);
        else if (is_default && report->form == DMARC_FORM_NONE)
            report->form = DMARC_FORM_OTHER;
    }
}

static enum dmarc_scope current(const struct xml *xml)
{
    return xml->depth > 0 ? xml->scopes[xml->depth - 1] : SCOPE_OUTSIDE;
}

static void take_name(struct xml *xml, const char *name)
{
    if (xml->names == NULL)
        xml->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!g_hash_table_contains(xml->names, name)) {
        g_hash_table_add(xml->names, g_strdup(name));
        xml->name_bytes += strlen(name) + NAME_OVERHEAD;
    }
}

/* False where there are too many different names. */
static bool take_names(struct xml *xml, const char *name, const char **attributes)
{
    if (!dmarc_scope_is_name(name, strlen(name)))
        take_name(xml, name);
    for (; attributes[0] != NULL && xml->name_bytes <= LIMIT_XML_NAMES_BYTES; attributes += 2)
        take_name(xml, attributes[0]);
    return xml->name_bytes <= LIMIT_XML_NAMES_BYTES;
}

/* What its name says beside what it means. A prefix was declared if its attribute was met: on the
   element itself or before it. */
static void look_at_name(struct xml *xml, enum dmarc_scope scope, const char *name,
                         const char *local)
{
    if (scope == SCOPE_IDENTIFIERS && g_ascii_strcasecmp(local, "identities") == 0)
        dmarc_note(&xml->reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_RECORD,
                   "identities stands for identifiers");
    if ((scope == SCOPE_FEEDBACK || scope == SCOPE_RECORD) && local > name) {
        g_autofree char *prefix = g_strndup(name, MIN((size_t)(local - name - 1), PREFIX_BYTES));
        g_autofree char *attribute = g_strconcat("xmlns:", prefix, NULL);
        if (xml->names == NULL || !g_hash_table_contains(xml->names, attribute))
            dmarc_note(&xml->reading, ISSUE_XML, ISSUE_NOTICE, DMARC_CLAUSE_PREFIX,
                       "the prefix \"%.40s\" is not declared", prefix);
    }
}

static void stop(struct xml *xml, enum dmarc_end end)
{
    xml->pass->end = end;
    XML_StopParser(xml->parser, XML_FALSE);
}

static void XMLCALL on_begin(void *data, const char *name, const char **attributes)
{
    struct xml *xml = data;
    const char *local = local_name(name);
    enum dmarc_scope parent = current(xml), scope;

    if (xml->pass->end != DMARC_WHOLE || xml->stopped)
        return;
    /* Of the next report, as a rule: that is read by itself. */
    if (xml->finished) {
        xml->stopped = true;
        XML_StopParser(xml->parser, XML_FALSE);
        return;
    }
    if (!take_names(xml, name, attributes)) {
        dmarc_note(&xml->reading, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                   "too many different names of elements and attributes");
        stop(xml, DMARC_LIMIT);
        return;
    }
    if (xml->depth == LIMIT_XML_DEPTH) {
        if (xml->too_deep++ == 0)
            dmarc_note(&xml->reading, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                       "elements more than %d deep are not read", LIMIT_XML_DEPTH);
        if (xml->too_deep < LIMIT_XML_NESTED)
            return;
        stop(xml, DMARC_LIMIT);
        return;
    }
    scope = dmarc_scope_find(parent, local, strlen(local));
    if (scope == SCOPE_FEEDBACK) {
        look_for_namespace(xml, attributes);
        xml->pass->feedback = true;
    }
    xml->scopes[xml->depth++] = scope;
    look_at_name(xml, scope, name, local);
    hash(xml, '<', local, MIN(strlen(local), (size_t)LIMIT_STRING_BYTES));
    if (scope > SCOPE_IGNORED && scope < SCOPE_FIRST_LEAF)
        dmarc_take_begin(&xml->reading, scope);
    g_string_set_size(xml->text, 0);
    xml->cut = false;
}

/* Blanks around a text do not count, and between elements neither. */
static void trim(struct xml *xml)
{
    GString *text = xml->text;

    while (text->len > 0 && g_ascii_isspace(text->str[text->len - 1]))
        text->len--;
    text->str[text->len] = '\0';
}

static void take_leaf(struct xml *xml, enum dmarc_scope scope)
{
    GString *text = xml->text;

    xml->cut = xml->cut || text->len > LIMIT_TEXT_BYTES;
    if (text->len > LIMIT_TEXT_BYTES) {
        /* Not within a character. */
        text->len = LIMIT_TEXT_BYTES;
        while (text->len > 0 && ((guchar)text->str[text->len] & 0xc0) == 0x80)
            text->len--;
        trim(xml);
    }
    if (xml->cut)
        dmarc_note(&xml->reading, ISSUE_LIMIT, ISSUE_NOTICE, NULL,
                   "%s is longer than %d bytes; the rest is dropped", dmarc_scope_name(scope),
                   LIMIT_TEXT_BYTES);
    dmarc_take_text(&xml->reading, scope, current(xml), text->str);
}

static void finish_feedback(struct xml *xml)
{
    xml->finished = true;
    if (xml->mend != NULL)
        dmarc_mend_end(xml->mend);
    else
        xml->pass->used = xml->blanks + (size_t)XML_GetCurrentByteIndex(xml->parser) +
                          (size_t)XML_GetCurrentByteCount(xml->parser);
}

static void XMLCALL on_end(void *data, const char *name)
{
    struct xml *xml = data;
    enum dmarc_scope scope;

    (void)name;
    /* That of an empty element comes even where its begin stopped the parser. */
    if (xml->pass->end != DMARC_WHOLE || xml->stopped)
        return;
    if (xml->too_deep > 0) {
        xml->too_deep--;
        return;
    }
    scope = xml->scopes[--xml->depth];
    trim(xml);
    hash(xml, '>', xml->text->str, xml->text->len);
    if (scope >= SCOPE_FIRST_LEAF)
        take_leaf(xml, scope);
    else if (scope > SCOPE_IGNORED)
        dmarc_take_end(&xml->reading, scope);
    if (scope == SCOPE_FEEDBACK)
        finish_feedback(xml);
    g_string_set_size(xml->text, 0);
    xml->cut = false;
}

static void XMLCALL on_text(void *data, const char *text, int length)
{
    struct xml *xml = data;
    size_t room = LIMIT_STRING_BYTES - xml->text->len;

    while (xml->text->len == 0 && length > 0 && g_ascii_isspace(*text)) {
        text++;
        length--;
    }
    xml->cut = xml->cut || (size_t)length > room;
    g_string_append_len(xml->text, text, (gssize)MIN((size_t)length, room));
}

static void XMLCALL on_doctype(void *data, const char *name, const char *system, const char *public,
                               int internal)
{
    struct xml *xml = data;

    (void)name, (void)system, (void)public, (void)internal;
    stop(xml, DMARC_REFUSED);
}

static void XMLCALL on_declaration(void *data, const char *version, const char *encoding,
                                   int standalone)
{
    struct xml *xml = data;

    (void)version, (void)encoding, (void)standalone;
    if (xml->blanks > 0)
        dmarc_note(&xml->reading, ISSUE_XML, ISSUE_NOTICE, "XML 1.0, section 2.8",
                   "blanks before the XML declaration");
}

static int XMLCALL on_encoding(void *data, const char *name, XML_Encoding *encoding)
{
    (void)data;
    encoding->data = NULL;
    encoding->convert = NULL;
    encoding->release = NULL;
    return dmarc_charset(name, encoding->map) ? XML_STATUS_OK : XML_STATUS_ERROR;
}

/* Elements that were open when the text ended are no longer there: a cut is no defect of what came
   before. */
static enum dmarc_end end_of_error(enum XML_Error error)
{
    switch (error) {
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
        return DMARC_CUT;
    default:
        return DMARC_BROKEN;
    }
}

/* expat holds a tag until it ends, and begins to read it anew with each piece. */
static bool is_too_long(struct xml *xml)
{
    XML_Index at = XML_GetCurrentByteIndex(xml->parser);

    if (at < 0 || xml->parsed - (size_t)at <= LIMIT_XML_TOKEN_BYTES)
        return false;
    xml->pass->end = DMARC_BROKEN;
    g_snprintf(xml->pass->broken, sizeof(xml->pass->broken), "line %lu: a tag without end",
               (unsigned long)XML_GetCurrentLineNumber(xml->parser));
    return true;
}

static bool parse(struct xml *xml, const char *bytes, size_t length, bool last)
{
    enum XML_Error error;

    xml->parsed += length;
    if (XML_Parse(xml->parser, bytes, (int)length, last) != XML_STATUS_ERROR)
        return !is_too_long(xml);
    error = XML_GetErrorCode(xml->parser);
    if (xml->pass->end != DMARC_WHOLE || xml->stopped)
        return false;
    xml->pass->end = last && length == 0 ? end_of_error(error) : DMARC_BROKEN;
    /* What follows the report is none of its own. */
    if (xml->finished && xml->depth == 0) {
        xml->pass->end = DMARC_WHOLE;
        xml->pass->more = true;
    }
    g_snprintf(xml->pass->broken, sizeof(xml->pass->broken), "line %lu: %s",
               (unsigned long)XML_GetCurrentLineNumber(xml->parser), XML_ErrorString(error));
    return false;
}

static bool take_mended(const char *bytes, size_t length, void *taker)
{
    return parse(taker, bytes, length, false);
}

/* The first half of the '<' of UTF-16, big end first. */
static bool is_wide(const char *bytes, size_t length)
{
    return length >= 3 && bytes[0] == '\0' && bytes[1] == '<' && bytes[2] == '\0';
}

/* Blanks before the XML declaration, where XML 1.0 allows none. */
static size_t skip_blanks(const char *bytes, size_t length)
{
    size_t at = 0;

    while (at < length && (g_ascii_isspace(bytes[at]) || bytes[at] == '\0') &&
           !is_wide(bytes + at, length - at))
        at++;
    return at;
}

static bool take_piece(struct xml *xml, const char *bytes, size_t length)
{
    return xml->mend != NULL ? dmarc_mend_feed(xml->mend, bytes, length)
                             : parse(xml, bytes, length, false);
}

static bool take_bytes(const char *bytes, size_t length, void *taker)
{
    struct xml *xml = taker;

    if (xml->taken == 0) {
        size_t blanks = skip_blanks(bytes, length);
        xml->blanks += blanks;
        bytes += blanks;
        length -= blanks;
    }
    xml->taken += length;
    for (size_t at = 0; at < length; at += FEED_BYTES)
        if (!take_piece(xml, bytes + at, MIN(length - at, FEED_BYTES)))
            return false;
    return true;
}

static void init(struct xml *xml, bool mend, struct dmarc_pass *pass)
{
    memset(xml, 0, sizeof(*xml));
    memset(pass, 0, sizeof(*pass));
    xml->pass = pass;
    xml->parser = XML_ParserCreate(mend ? "UTF-8" : NULL);
    g_assert(xml->parser != NULL); /* else no memory: the program ends, as where GLib finds none */
    xml->mend = mend ? dmarc_mend_new(take_mended, xml) : NULL;
    xml->checksum = g_checksum_new(G_CHECKSUM_SHA256);
    xml->text = g_string_sized_new(256);
    dmarc_reading_init(&xml->reading);
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
    XML_SetXmlDeclHandler(xml->parser, on_declaration);
    XML_SetUnknownEncodingHandler(xml->parser, on_encoding, NULL);
}

static void finish(struct xml *xml)
{
    gsize length = RECORD_HASH_BYTES;
    struct dmarc_pass *pass = xml->pass;

    if (xml->mend != NULL && pass->end == DMARC_WHOLE && !xml->stopped &&
        dmarc_mend_finish(xml->mend))
        pass->end = DMARC_CUT;
    if (xml->mend != NULL && dmarc_mend_refused(xml->mend))
        pass->end = DMARC_REFUSED;
    if (xml->mend == NULL && pass->end == DMARC_WHOLE && !xml->stopped && !pass->more)
        parse(xml, "", 0, true);
    pass->more = pass->more || xml->stopped;
    if (xml->mend != NULL && xml->finished) {
        pass->more = true;
        pass->used = xml->blanks + dmarc_mend_used(xml->mend);
    }
    if (xml->mend != NULL)
        dmarc_mend_look(xml->mend, &pass->foreign, &pass->repaired);
    flush_hash(xml);
    g_checksum_get_digest(xml->checksum, xml->reading.report->content_hash, &length);
    pass->finished = xml->finished;
    pass->report = dmarc_reading_finish(&xml->reading);
    g_checksum_free(xml->checksum);
    g_string_free(xml->text, TRUE);
    g_clear_pointer(&xml->names, g_hash_table_unref);
    dmarc_mend_free(xml->mend);
    XML_ParserFree(xml->parser);
}

void dmarc_pass(dmarc_source_fn source, void *data, bool mend, struct dmarc_pass *pass)
{
    struct xml xml;

    init(&xml, mend, pass);
    source(data, take_bytes, &xml);
    finish(&xml);
}
