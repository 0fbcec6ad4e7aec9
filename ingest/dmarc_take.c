/* What elements outside of records say, into the report. */
#include "ingest/dmarc_private.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include <string.h>

/* The last second of year 9999: what is later has no RFC 3339 form. */
#define TIME_MAX INT64_C(253402300799)

void dmarc_note(struct dmarc_reading *reading, enum issue_kind kind, enum issue_severity severity,
                const char *clause, const char *format, ...)
{
    GPtrArray *issues = reading->report->issues;
    g_autofree char *text = NULL;
    char *problem;
    va_list args;

    if (issues->len >= LIMIT_ISSUES)
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    /* A quotation may have been cut within a character. */
    problem = g_utf8_make_valid(text, -1);
    if (!g_hash_table_add(reading->noted, problem))
        return;
    if (issues->len + 1 == LIMIT_ISSUES)
        issue_add(issues, ISSUE_LIMIT, ISSUE_NOTICE, NULL,
                  "more than %d issues; the rest is not listed", LIMIT_ISSUES);
    else
        issue_add(issues, kind, severity, clause, "%s", problem);
    issues_place(issues, issues->len - 1, reading->part);
}

void dmarc_reading_init(struct dmarc_reading *reading)
{
    memset(reading, 0, sizeof(*reading));
    reading->report = dmarc_report_new();
    reading->noted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    reading->dkim = g_array_new(FALSE, TRUE, sizeof(struct dmarc_auth));
    reading->spf = g_array_new(FALSE, TRUE, sizeof(struct dmarc_auth));
    reading->reasons = g_array_new(FALSE, TRUE, sizeof(struct dmarc_reason));
}

struct dmarc_report *dmarc_reading_finish(struct dmarc_reading *reading)
{
    g_hash_table_unref(reading->noted);
    g_array_unref(reading->dkim);
    g_array_unref(reading->spf);
    g_array_unref(reading->reasons);
    return g_steal_pointer(&reading->report);
}

char *dmarc_domain(struct dmarc_reading *reading, const char *text, const char *name,
                   const char *clause)
{
    bool valid = true;
    char *domain = text_domain(text, &valid);

    if (domain != NULL && !valid)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, clause, "%s is no domain name: \"%.100s\"",
                   name, domain);
    return domain;
}

/* The first one counts. */
static void set_text(char **field, const char *text)
{
    if (*field == NULL && *text != '\0')
        *field = g_strdup(text);
}

/* Seconds since 1970, maybe with a fraction (NetEase), or milliseconds, or RFC 3339. 0: none of
   these. *odd: what is wrong with it; NULL: nothing. */
static gint64 time_of(const char *text, const char **odd)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = NULL;
    char *end;
    double number = g_ascii_strtod(text, &end);

    *odd = text[strspn(text, "0123456789")] != '\0' ? "is no integer" : NULL;
    if (*end != '\0' || text[strspn(text, "+-.0123456789")] != '\0') {
        time = g_date_time_new_from_iso8601(text, utc);
        number = time != NULL ? (double)g_date_time_to_unix(time) : 0;
        if (time == NULL)
            *odd = "is no time";
    } else if (number > (double)TIME_MAX) {
        /* As seconds no date has that number. */
        number /= 1000;
        *odd = "is given in milliseconds";
    }
    if (number > 0 && number <= (double)TIME_MAX)
        return (gint64)number;
    if (time != NULL || *end == '\0')
        *odd = "lies outside of the years from 1970 to 9999";
    return 0;
}

static void set_time(struct dmarc_reading *reading, int64_t *field, enum dmarc_scope scope,
                     const char *text)
{
    const char *odd;
    gint64 time = time_of(text, &odd);

    if (*field != 0 || *text == '\0')
        return;
    *field = time;
    if (odd != NULL)
        dmarc_note(reading, ISSUE_DMARC, time == 0 ? ISSUE_WARNING : ISSUE_NOTICE,
                   DMARC_CLAUSE_PERIOD, "%s %s: \"%.60s\"", dmarc_scope_name(scope), odd, text);
}

static void take_metadata(struct dmarc_reading *reading, enum dmarc_scope scope, const char *text)
{
    struct dmarc_report *report = reading->report;

    switch (scope) {
    case SCOPE_VERSION:
        set_text(&report->version, text);
        if (strcmp(text, "1.0") != 0)
            dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, DMARC_CLAUSE_FIRST_LEVEL,
                       "version is \"%.20s\", not \"1.0\"", text);
        break;
    case SCOPE_ORG_NAME:
        set_text(&report->organization, text);
        break;
    case SCOPE_EMAIL:
        set_text(&report->contact, text);
        break;
    case SCOPE_EXTRA_CONTACT:
        set_text(&report->extra_contact, text);
        break;
    case SCOPE_REPORT_ID:
        set_text(&report->external_id, text);
        break;
    case SCOPE_GENERATOR:
        set_text(&report->generator, text);
        break;
    case SCOPE_ERROR:
        set_text(&report->error, text);
        if (*text != '\0')
            dmarc_note(reading, ISSUE_DMARC, ISSUE_NOTICE, NULL, "the reporter says: \"%.300s\"",
                       text);
        break;
    default:
        break;
    }
}

/* RFC 9989, section 4.7. An empty element says nothing (IronPort). */
static void set_request(struct dmarc_reading *reading, enum dmarc_request *field,
                        enum dmarc_scope scope, const char *text)
{
    enum dmarc_request request = dmarc_request_from_word(text);

    if (request == DMARC_REQUEST_UNKNOWN)
        dmarc_note(reading, ISSUE_DMARC, *text == '\0' ? ISSUE_NOTICE : ISSUE_WARNING,
                   DMARC_CLAUSE_POLICY,
                   *text == '\0' ? "%s is empty%s" : "%s is unknown: \"%.40s\"",
                   dmarc_scope_name(scope), text);
    *field = request;
}

static void set_strictness(struct dmarc_reading *reading, enum dmarc_strictness *field,
                           enum dmarc_scope scope, const char *text)
{
    *field = dmarc_strictness_from_word(text);
    if (*field == DMARC_STRICTNESS_UNKNOWN && g_ascii_strcasecmp(text, "relaxed") == 0)
        *field = DMARC_RELAXED;
    if (*field == DMARC_STRICTNESS_UNKNOWN && g_ascii_strcasecmp(text, "strict") == 0)
        *field = DMARC_STRICT;
    if (*field == DMARC_STRICTNESS_UNKNOWN && *text != '\0')
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_POLICY,
                   "%s is unknown: \"%.40s\"", dmarc_scope_name(scope), text);
}

static void set_pct(struct dmarc_reading *reading, const char *text)
{
    char *end;
    double number = g_ascii_strtod(text, &end);

    if (*text == '\0')
        return;
    if (*end == '\0' && number >= 0 && number <= 100)
        reading->report->policy.pct = (int)(number + 0.5);
    else
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, "RFC 7489, section 6.3",
                   "pct is no number from 0 to 100: \"%.40s\"", text);
}

static void take_policy(struct dmarc_reading *reading, enum dmarc_scope scope, const char *text)
{
    struct dmarc_policy *policy = &reading->report->policy;

    switch (scope) {
    case SCOPE_DOMAIN:
        if (policy->domain == NULL)
            policy->domain =
                dmarc_domain(reading, text, "domain of policy_published", DMARC_CLAUSE_POLICY);
        break;
    case SCOPE_P:
        set_request(reading, &policy->p, scope, text);
        break;
    case SCOPE_SP:
        set_request(reading, &policy->sp, scope, text);
        break;
    case SCOPE_NP:
        set_request(reading, &policy->np, scope, text);
        break;
    case SCOPE_ADKIM:
        set_strictness(reading, &policy->adkim, scope, text);
        break;
    case SCOPE_ASPF:
        set_strictness(reading, &policy->aspf, scope, text);
        break;
    case SCOPE_PCT:
        set_pct(reading, text);
        break;
    case SCOPE_FO:
        set_text(&policy->fo, text);
        break;
    case SCOPE_TESTING:
        policy->testing = g_ascii_tolower(*text) == 'y';
        break;
    case SCOPE_DISCOVERY:
        set_text(&policy->discovery_method, text);
        break;
    default:
        break;
    }
}

void dmarc_take_text(struct dmarc_reading *reading, enum dmarc_scope scope, enum dmarc_scope parent,
                     const char *text)
{
    if (scope >= SCOPE_SOURCE_IP) {
        dmarc_row_text(reading, scope, parent, text);
    } else if (scope == SCOPE_BEGIN || scope == SCOPE_END) {
        set_time(reading,
                 scope == SCOPE_BEGIN ? &reading->report->begins_at : &reading->report->ends_at,
                 scope, text);
    } else if (scope >= SCOPE_DOMAIN) {
        if (reading->policies == 1)
            take_policy(reading, scope, text);
    } else {
        take_metadata(reading, scope, text);
    }
}

void dmarc_take_begin(struct dmarc_reading *reading, enum dmarc_scope scope)
{
    if (scope == SCOPE_POLICY && ++reading->policies == 2)
        dmarc_note(reading, ISSUE_DMARC, ISSUE_WARNING, DMARC_CLAUSE_POLICY,
                   "more than one policy_published; the first one counts");
    if (scope >= SCOPE_RECORD)
        dmarc_row_begin(reading, scope);
}

void dmarc_take_end(struct dmarc_reading *reading, enum dmarc_scope scope)
{
    if (scope == SCOPE_RECORD)
        dmarc_row_end(reading);
}
