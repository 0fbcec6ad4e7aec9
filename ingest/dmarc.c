/* A report from its passes: what is missing filled in, what is wrong said, who it is. */
#include "ingest/dmarc.h"
#include "ingest/dmarc_private.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include "ingest/tlsrpt_domain.h"
#include <string.h>

#define DAY 86400

/* A period that begins or ends later than this after now is noted: a clock or a forger is wrong. */
#define FUTURE_SLACK (2 * DAY)

/* A period is a day, as a rule. */
#define LONG_PERIOD (31 * DAY)

/* In lower case, without a byte order mark, and without the half of UTF-16 that ASCII leaves 0. */
static GString *plain_head(const char *text, size_t length)
{
    static const char *const marks[] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
    GString *head = g_string_sized_new(MIN(length, DMARC_HEAD));
    size_t at = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(marks) && at == 0; i++)
        if (length >= strlen(marks[i]) && memcmp(text, marks[i], strlen(marks[i])) == 0)
            at = strlen(marks[i]);
    while (at < length && (g_ascii_isspace(text[at]) || text[at] == '\0'))
        at++;
    if (at >= length || text[at] != '<')
        return head;
    for (length = MIN(length, at + DMARC_HEAD); at < length; at++)
        if (text[at] != '\0')
            g_string_append_c(head, g_ascii_tolower(text[at]));
    return head;
}

/* "<feedback>", "<x:feedback ...". */
static bool is_feedback_tag(const char *tag)
{
    size_t length = strcspn(tag + 1, "<>/ \t\r\n");
    const char *colon = memchr(tag + 1, ':', length), *name = colon != NULL ? colon + 1 : tag + 1;

    return tag[1 + length] != '\0' && (size_t)(tag + 1 + length - name) == strlen("feedback") &&
           g_str_has_prefix(name, "feedback");
}

static bool has_feedback_tag(const char *head)
{
    for (const char *tag = head; (tag = strchr(tag, '<')) != NULL; tag++)
        if (is_feedback_tag(tag))
            return true;
    return false;
}

/* Past declarations, comments and instructions; NULL where there is none. */
static const char *first_element(const char *head)
{
    const char *tag = strchr(head, '<');

    while (tag != NULL && (tag[1] == '?' || tag[1] == '!')) {
        const char *end = strstr(tag, g_str_has_prefix(tag, "<!--") ? "-->" : ">");
        tag = end != NULL ? strchr(end, '<') : NULL;
    }
    return tag;
}

/* Other XML has feedback as well. */
static bool names_dmarc(const char *head)
{
    return strstr(head, "report_metadata") != NULL || strstr(head, "policy_published") != NULL ||
           strstr(head, "policy_evaluated") != NULL || strstr(head, "dmarc") != NULL;
}

bool dmarc_sniff(const char *text, size_t length)
{
    GString *head = plain_head(text, length);
    const char *first = first_element(head->str);
    bool is = (first != NULL && is_feedback_tag(first)) ||
              (has_feedback_tag(head->str) && names_dmarc(head->str));

    g_string_free(head, TRUE);
    return is;
}

G_GNUC_PRINTF(4, 5)
static void note(struct dmarc_report *report, enum issue_severity severity, const char *clause,
                 const char *format, ...)
{
    g_autofree char *problem = NULL;
    va_list args;

    if (report->issues->len >= LIMIT_ISSUES)
        return;
    va_start(args, format);
    problem = g_strdup_vprintf(format, args);
    va_end(args);
    issue_add(report->issues, ISSUE_DMARC, severity, clause, "%s", problem);
}

/* Senders report about a day on the next one. */
static void fill_period(struct dmarc_report *report, const struct tlsrpt_label *file,
                        const struct dmarc_hints *hints)
{
    gint64 came = hints->received_at != 0 ? hints->received_at : hints->now;

    if (report->begins_at == 0 || report->ends_at == 0)
        note(report, ISSUE_WARNING, DMARC_CLAUSE_PERIOD,
             "%s of date_range is missing or cannot be used",
             report->begins_at == 0 ? "begin" : "end");
    if (report->begins_at == 0)
        report->begins_at = report->ends_at != 0   ? MAX(report->ends_at - DAY + 1, 0)
                            : file->begins_at != 0 ? file->begins_at
                                                   : MAX(came - came % DAY - DAY, 0);
    if (report->ends_at == 0)
        report->ends_at =
            file->ends_at >= report->begins_at ? file->ends_at : report->begins_at + DAY - 1;
    if (report->ends_at < report->begins_at) {
        note(report, ISSUE_WARNING, DMARC_CLAUSE_PERIOD, "the period ends before it begins");
        report->ends_at = report->begins_at;
    }
    if (report->begins_at > hints->now + FUTURE_SLACK)
        note(report, ISSUE_WARNING, DMARC_CLAUSE_PERIOD, "the period lies in the future");
    else if (report->ends_at > hints->now + FUTURE_SLACK)
        note(report, ISSUE_WARNING, DMARC_CLAUSE_PERIOD, "the period ends in the future");
    if (report->ends_at - report->begins_at > LONG_PERIOD)
        note(report, ISSUE_NOTICE, DMARC_CLAUSE_PERIOD,
             "the period is longer than a month: %" G_GINT64_FORMAT " days",
             (gint64)(report->ends_at - report->begins_at) / DAY);
}

static const char *first_header_from(const struct dmarc_report *report)
{
    return dmarc_rows_count(report->rows) > 0 ? dmarc_rows_at(report->rows, 0)->header_from : NULL;
}

static void fill_domain(struct dmarc_report *report, const struct tlsrpt_label *subject,
                        const struct tlsrpt_label *file)
{
    const char *other = subject->domain != NULL ? subject->domain
                        : file->domain != NULL  ? file->domain
                                                : first_header_from(report);

    if (report->policy.domain == NULL)
        note(report, ISSUE_WARNING, DMARC_CLAUSE_POLICY, "domain of policy_published is missing%s",
             other != NULL ? "; taken from beside it" : "");
    if (report->policy.domain == NULL)
        report->policy.domain = g_strdup(other != NULL ? other : "");
}

static void fill_organization(struct dmarc_report *report, const struct tlsrpt_label *subject,
                              const struct tlsrpt_label *file)
{
    if (report->organization != NULL)
        return;
    note(report, ISSUE_NOTICE, DMARC_CLAUSE_METADATA, "org_name is missing or empty");
    report->organization = text_domain_of_address(report->contact);
    if (report->organization == NULL)
        report->organization =
            g_strdup(file->submitter != NULL ? file->submitter : subject->submitter);
}

static void fill(struct dmarc_report *report, const struct dmarc_hints *hints)
{
    struct tlsrpt_label subject, file;

    tlsrpt_label_of_subject(hints->subject, &subject);
    tlsrpt_label_of_file_name(hints->file_name, &file);
    fill_organization(report, &subject, &file);
    fill_period(report, &file, hints);
    fill_domain(report, &subject, &file);
    if (report->version == NULL && report->form != DMARC_FORM_RFC9990)
        note(report, ISSUE_NOTICE, DMARC_CLAUSE_BEFORE_RFC9990, "version is missing");
    if (report->external_id == NULL)
        note(report, ISSUE_WARNING, DMARC_CLAUSE_METADATA, "report_id is missing or empty");
    if (dmarc_rows_count(report->rows) == 0)
        note(report, ISSUE_NOTICE, DMARC_CLAUSE_FIRST_LEVEL, "there is no record");
    if (report->policy.p == DMARC_REQUEST_UNKNOWN)
        note(report, ISSUE_NOTICE, DMARC_CLAUSE_POLICY, "p of policy_published is missing");
    tlsrpt_label_clear(&subject);
    tlsrpt_label_clear(&file);
}

static void hash_text(GChecksum *checksum, const char *text)
{
    /* With its final NUL, so that no two lists of texts run into one. */
    if (text != NULL)
        g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text) + 1);
    else
        g_checksum_update(checksum, (const guchar *)"\1", 1);
}

/* Some reporters give one id to reports about many domains or days. Without any, nothing tells a
   revision from another report: then the content is the identity. */
static void hash_identity(struct dmarc_report *report)
{
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize length = RECORD_HASH_BYTES;
    g_autofree char *period = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                                              (gint64)report->begins_at, (gint64)report->ends_at);

    hash_text(checksum, "dmarc");
    hash_text(checksum, report->organization);
    hash_text(checksum, report->external_id);
    hash_text(checksum, report->policy.domain);
    hash_text(checksum, period);
    if (report->external_id == NULL)
        g_checksum_update(checksum, report->content_hash, RECORD_HASH_BYTES);
    g_checksum_get_digest(checksum, report->identity_hash, &length);
    g_checksum_free(checksum);
}

/* Names, an id or a record: less than one of these is no report. */
static bool holds_something(const struct dmarc_report *report)
{
    return dmarc_rows_count(report->rows) > 0 || report->organization != NULL ||
           report->external_id != NULL || report->policy.domain != NULL;
}

static void note_end(const struct dmarc_pass *first, const struct dmarc_pass *last)
{
    struct dmarc_report *report = last->report;

    if (last->end == DMARC_BROKEN)
        issue_add(report->issues, ISSUE_XML, ISSUE_WARNING, DMARC_CLAUSE_XML,
                  "not well-formed: %s; its whole records before that are used: %u", first->broken,
                  dmarc_rows_count(report->rows));
    else if (first->end == DMARC_BROKEN && (last->repaired || !last->foreign))
        issue_add(report->issues, ISSUE_XML, ISSUE_WARNING, DMARC_CLAUSE_XML,
                  "not well-formed, mended: %s", first->broken);
    if (last->foreign)
        issue_add(report->issues, ISSUE_XML, ISSUE_WARNING, DMARC_CLAUSE_CHARSET,
                  "bytes that are no UTF-8; read as windows-1252");
    if (last->end == DMARC_CUT && last->finished)
        issue_add(report->issues, ISSUE_XML, ISSUE_NOTICE, DMARC_CLAUSE_XML,
                  "an element around the report has no end");
    else if (last->end == DMARC_CUT)
        issue_add(report->issues, ISSUE_XML, ISSUE_WARNING, DMARC_CLAUSE_XML,
                  "the text ends before its elements do; its whole records are used: %u",
                  dmarc_rows_count(report->rows));
    else if (last->end == DMARC_LIMIT)
        issue_add(report->issues, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                  "the text is not read past that; its whole records are used: %u",
                  dmarc_rows_count(report->rows));
}

/* The begin of what follows a report. */
struct rest {
    size_t left; /* bytes of the report itself, and blanks */
    size_t at;   /* where it begins */
    GString *head;
};

static bool is_blank(char c)
{
    return g_ascii_isspace(c) || c == '\0';
}

static bool take_rest(const char *bytes, size_t length, void *taker)
{
    struct rest *rest = taker;
    size_t at = MIN(rest->left, length);

    rest->left -= at;
    while (rest->head->len == 0 && at < length && is_blank(bytes[at]))
        at++;
    if (rest->head->len == 0)
        rest->at += at;
    g_string_append_len(rest->head, bytes + at,
                        (gssize)MIN(length - at, DMARC_HEAD - rest->head->len));
    return rest->head->len < DMARC_HEAD;
}

/* Whether there is more than comments, instructions and blanks, which XML allows there; of a text
   that was mended, ends of elements as well: that their begin is missing was said. */
static bool says_something(const char *text, bool mended)
{
    static const char *const harmless[][2] = {{"<!--", "-->"}, {"<?", "?>"}, {"</", ">"}};
    size_t kinds = mended ? G_N_ELEMENTS(harmless) : G_N_ELEMENTS(harmless) - 1, kind = 0;

    while (kind < kinds) {
        text += strspn(text, " \t\r\n");
        for (kind = 0; kind < kinds && !g_str_has_prefix(text, harmless[kind][0]);)
            kind++;
        if (kind < kinds)
            text = strstr(text, harmless[kind][1]);
        if (text == NULL)
            return true;
        text += kind < kinds ? strlen(harmless[kind][1]) : 0;
    }
    return *text != '\0';
}

/* What follows the report; where in the text that is another one, 0 if it is none. */
static size_t look_past(dmarc_source_fn source, void *data, const struct dmarc_pass *pass,
                        bool mended)
{
    struct rest rest = {.left = pass->used, .head = g_string_new(NULL)};
    GPtrArray *issues = pass->report->issues;
    size_t next = 0;

    source(data, take_rest, &rest);
    if (dmarc_sniff(rest.head->str, rest.head->len))
        next = rest.at;
    if (next > 0)
        issue_add(issues, ISSUE_XML, ISSUE_NOTICE, DMARC_CLAUSE_XML,
                  "another report follows in the same text");
    else if (says_something(rest.head->str, mended))
        issue_add(issues, ISSUE_XML, ISSUE_NOTICE, DMARC_CLAUSE_XML,
                  "what follows the end of the report is not read");
    g_string_free(rest.head, TRUE);
    return next;
}

static void refuse(const struct dmarc_pass *pass, GPtrArray *issues)
{
    if (pass->end == DMARC_REFUSED)
        issue_add(issues, ISSUE_XML, ISSUE_ERROR, "RFC 9990, appendix A; XML 1.0, section 2.8",
                  "refused: a document type declaration has no place in a DMARC report");
    else if (pass->broken[0] != '\0')
        issue_add(issues, ISSUE_XML, ISSUE_ERROR, DMARC_CLAUSE_XML, "not well-formed: %s",
                  pass->broken);
    else
        issue_add(issues, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_ROOT,
                  "nothing of a DMARC report in it");
}

/* What expat refuses is mended; but UTF-16, of which no tag is found then: there is what came
   before. Gives the pass that counts. */
static struct dmarc_pass *pass_again(dmarc_source_fn source, void *data, struct dmarc_pass *first,
                                     struct dmarc_pass *mended)
{
    bool had_feedback = first->feedback;

    g_clear_pointer(&first->report, dmarc_report_free);
    dmarc_pass(source, data, true, mended);
    if (mended->feedback || !had_feedback || mended->end == DMARC_REFUSED)
        return mended;
    g_clear_pointer(&mended->report, dmarc_report_free);
    dmarc_pass(source, data, false, first);
    return first;
}

struct dmarc_report *dmarc_read(dmarc_source_fn source, void *data, const struct dmarc_hints *hints,
                                GPtrArray *issues, size_t *next)
{
    struct dmarc_pass first = {0}, mended = {0}, *last = &first;
    g_autoptr(DmarcReport) report = NULL;

    *next = 0;
    dmarc_pass(source, data, false, &first);
    if (first.end == DMARC_BROKEN)
        last = pass_again(source, data, &first, &mended);
    report = last->report;
    if (last->end == DMARC_REFUSED || !last->feedback || !holds_something(report)) {
        refuse(last, issues);
        return NULL;
    }
    note_end(&first, last);
    if (last->more && last->end != DMARC_LIMIT)
        *next = look_past(source, data, last, last == &mended);
    fill(report, hints);
    hash_identity(report);
    dmarc_rows_seal(report->rows);
    return g_steal_pointer(&report);
}
