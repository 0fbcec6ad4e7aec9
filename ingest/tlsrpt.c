/*
 * The JSON of a report, RFC 8460, section 4.4:
 *
 *   organization-name, contact-info, report-id         -> report.organization, contact, external_id
 *   date-range.{start,end}-datetime                    -> report.begins_at, ends_at
 *   policies[].policy.{policy-type,policy-domain,...}  -> policy
 *   policies[].summary.total-*-session-count           -> policy.successes, failures
 *   policies[].failure-details[]                       -> failure
 *
 * Each reader takes what real reporters write (DEVIATIONS.md) and notes what it had to forgive.
 */
#include "ingest/tlsrpt.h"
#include "ingest/json.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include "ingest/tlsrpt_domain.h"
#include <inttypes.h>
#include <string.h>

#define CLAUSE_JSON "RFC 8460, section 4.4"
#define CLAUSE_RESULT "RFC 8460, section 4.3"
#define DAY 86400

/* A period that begins or ends later than this after now is noted: a clock or a forger is wrong. */
#define FUTURE_SLACK (2 * DAY)

/* The last second of year 9999: what is later has no RFC 3339 form. */
#define TIME_MAX INT64_C(253402300799)

struct reading {
    struct report *report;
    guint details; /* over all policies, against LIMIT_DETAILS */
    char part[64]; /* "policies[3]"; "" at the top */
};

/* Whether this was said of the same part: a thousand details have the same defect. */
static bool is_noted(const struct reading *reading, const char *problem)
{
    const GPtrArray *issues = reading->report->issues;

    for (guint i = issues->len; i-- > 0;) {
        const struct issue *issue = g_ptr_array_index(issues, i);
        if (strcmp(issue->part != NULL ? issue->part : "", reading->part) != 0)
            return false;
        if (strcmp(issue->problem, problem) == 0)
            return true;
    }
    return false;
}

/* Without a clause it is a limit of ours that was met. */
G_GNUC_PRINTF(4, 5)
static void note(struct reading *reading, enum issue_severity severity, const char *clause,
                 const char *format, ...)
{
    GPtrArray *issues = reading->report->issues;
    g_autofree char *text = NULL, *problem = NULL;
    va_list args;

    if (issues->len >= LIMIT_ISSUES)
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    /* A quotation may have been cut within a character. */
    problem = g_utf8_make_valid(text, -1);
    if (is_noted(reading, problem))
        return;
    if (issues->len + 1 == LIMIT_ISSUES)
        issue_add(issues, ISSUE_LIMIT, ISSUE_NOTICE, NULL,
                  "more than %d issues; the rest is not listed", LIMIT_ISSUES);
    else
        issue_add(issues, clause != NULL ? ISSUE_REPORT : ISSUE_LIMIT, severity, clause, "%s",
                  problem);
    if (reading->part[0] != '\0')
        issues_place(issues, issues->len - 1, reading->part);
}

/* Other spellings that real reporters use for a name of the RFC. */
static const struct {
    const char *name;
    const char *alias;
} aliases[] = {
    {"mx-host", "mx-host-pattern"},
    {"additional-information", "additional-info-uri"},
    {"receiving-mx-hostname", "receiving-mx-host-name"},
    {"failure-reason-code", "failure-error-code"},
    {"failure-details", "failure-detail"},
    {"contact-info", "contact"},
};

/* Equal but for case and for '_' in the place of '-'. */
static bool name_resembles(const char *name, const char *wanted)
{
    for (; *wanted != '\0'; name++, wanted++)
        if (g_ascii_tolower(*name) != *wanted && !(*name == '_' && *wanted == '-'))
            return false;
    return *name == '\0';
}

static json_t *find_alias(struct reading *reading, const json_t *object, const char *wanted)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        bool hit = name_resembles(name, wanted);
        for (size_t i = 0; !hit && i < G_N_ELEMENTS(aliases); i++)
            hit = strcmp(aliases[i].name, wanted) == 0 && name_resembles(name, aliases[i].alias);
        if (hit) {
            note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"%.60s\" stands for \"%s\"", name, wanted);
            return value;
        }
    }
    return NULL;
}

/* NULL where missing or null. */
static json_t *member(struct reading *reading, const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    if (value == NULL && json_is_object(object))
        value = find_alias(reading, object, name);
    if (!json_is_null(value))
        return value;
    note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"%s\" is null", name);
    return NULL;
}

static char *text_of_number(const json_t *number)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    if (json_is_integer(number))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(number));
    return g_strdup(g_ascii_formatd(text, sizeof(text), "%.15g", json_real_value(number)));
}

/* A string, or what can be read as one: a number, the only element of an array. */
static char *text_of(struct reading *reading, const json_t *value, const char *name, size_t limit)
{
    bool cut = false;
    char *text = NULL;

    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    if (json_is_string(value)) {
        text = text_bounded(json_string_value(value), json_string_length(value), limit, &cut);
        if (text == NULL)
            note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"%s\" is empty", name);
    } else if (json_is_number(value)) {
        text = text_of_number(value);
        note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"%s\" is a number, not a string", name);
    } else if (value != NULL && !json_is_null(value)) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is no string", name);
    }
    if (cut)
        note(reading, ISSUE_NOTICE, NULL, "\"%s\" is longer than %zu bytes; the rest is dropped",
             name, limit);
    return text;
}

static char *text_member(struct reading *reading, const json_t *object, const char *name)
{
    return text_of(reading, member(reading, object, name), name, LIMIT_TEXT_BYTES);
}

static char *required_text(struct reading *reading, const json_t *object, const char *name)
{
    json_t *value = member(reading, object, name);
    char *text = text_of(reading, value, name, LIMIT_TEXT_BYTES);

    if (value == NULL && json_object_get(object, name) == NULL)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is missing", name);
    return text;
}

/* A name as the store keeps it; an odd one is kept and noted. */
static char *domain_member(struct reading *reading, const json_t *object, const char *name)
{
    g_autofree char *text = text_member(reading, object, name);
    bool valid = true;
    char *domain = text_domain(text, &valid);

    if (domain != NULL && !valid)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is no domain name: \"%.100s\"", name,
             domain);
    return domain;
}

static char *address_member(struct reading *reading, const json_t *object, const char *name)
{
    g_autofree char *text = text_member(reading, object, name);
    bool valid = true;
    char *address = text_address(text, &valid);

    if (address != NULL && !valid)
        note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"%s\" is no IP address: \"%.60s\"", name,
             address);
    return address;
}

/* What a count is written as, brought to a number; false where it says nothing. */
static bool count_of(const json_t *value, gint64 *count)
{
    g_autofree char *text = NULL;
    double number = json_real_value(value);

    if (json_is_integer(value)) {
        *count = json_integer_value(value);
        return true;
    }
    if (json_is_string(value)) {
        char *end;
        text = g_strstrip(g_strdup(json_string_value(value)));
        number = g_ascii_strtod(text, &end);
        /* No "nan", no "0x10". */
        if (*text == '\0' || *end != '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
            return false;
    } else if (!json_is_real(value)) {
        return false;
    }
    *count = (gint64)CLAMP(number, -1.0, 2.0 * RECORD_COUNT_MAX);
    return true;
}

/* A session count within 0 .. RECORD_COUNT_MAX; false where it is missing or no number. */
static bool count_member(struct reading *reading, const json_t *object, const char *name,
                         int64_t *sessions)
{
    json_t *value = member(reading, object, name);
    gint64 count = 0;

    if (value == NULL || !count_of(value, &count)) {
        if (value != NULL)
            note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is no number", name);
        return false;
    }
    if (!json_is_integer(value))
        note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"%s\" is no integer", name);
    if (count < 0)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is negative; taken as 0", name);
    if (count > RECORD_COUNT_MAX)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is beyond belief; taken as %" PRId64,
             name, RECORD_COUNT_MAX);
    *sessions = CLAMP(count, 0, RECORD_COUNT_MAX);
    return true;
}

/* A day and, after a T, a time: what RFC 3339 has but for the zone. */
static bool is_rfc3339_but_zone(const char *text)
{
    size_t length = strlen(text);

    return length >= 10 && text[4] == '-' && (length == 10 || g_ascii_toupper(text[10]) == 'T');
}

/* RFC 3339, or with a blank for the T, without a zone (Microsoft; taken as UTC), a day alone,
   seconds since 1970. 0 where it is none of these, or out of all bounds. */
static gint64 time_of_text(const char *text)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *whole = g_strconcat(text, strlen(text) == 10 ? "T00:00:00Z" : "", NULL);
    g_autofree char *upper = g_ascii_strup(whole, -1); /* GLib knows no 't' and 'z' */
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(upper, utc);
    gint64 seconds = 0;

    if (time != NULL)
        seconds = g_date_time_to_unix(time);
    else
        g_ascii_string_to_signed(text, 10, 0, TIME_MAX, &seconds, NULL);
    return seconds > 0 && seconds <= TIME_MAX ? seconds : 0;
}

static gint64 time_member(struct reading *reading, const json_t *object, const char *name)
{
    static const char clause[] = "RFC 8460, section 4.4; RFC 3339, section 5.6";
    g_autofree char *text = text_member(reading, object, name);
    gint64 time;

    if (text == NULL) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is missing", name);
        return 0;
    }
    time = time_of_text(text);
    if (time == 0)
        note(reading, ISSUE_WARNING, clause, "\"%s\" is no time: \"%.60s\"", name, text);
    else if (!is_rfc3339_but_zone(text))
        note(reading, ISSUE_NOTICE, clause, "\"%s\" is not in the form of RFC 3339", name);
    else if (strpbrk(text + 10, "Zz+-") == NULL)
        note(reading, ISSUE_NOTICE, clause, "\"%s\" has no zone; taken as UTC", name);
    return time;
}

/* Keeps one more than the limit, by which drop_excess() sees that there were more. */
static void add_limited(GPtrArray *texts, char *text, guint limit)
{
    if (text != NULL && texts->len <= limit)
        g_ptr_array_add(texts, text);
    else
        g_free(text);
}

static void drop_excess(struct reading *reading, GPtrArray *texts, guint limit, const char *what)
{
    if (texts->len <= limit)
        return;
    g_ptr_array_set_size(texts, (gint)limit);
    note(reading, ISSUE_NOTICE, NULL, "only the first %u %s are kept", limit, what);
}

static void add_policy_string(struct reading *reading, struct policy *policy, const char *text,
                              size_t length)
{
    bool cut = false;
    char *string = text_bounded(text, length, LIMIT_STRING_BYTES, &cut);

    if (cut)
        note(reading, ISSUE_NOTICE, NULL,
             "\"policy-string\" is longer than %d bytes; the rest is dropped", LIMIT_STRING_BYTES);
    for (char *at = string; policy->type == POLICY_TLSA && at != NULL && *at != '\0'; at++)
        *at = g_ascii_tolower(*at);
    add_limited(policy->strings, string, LIMIT_POLICY_STRINGS);
}

/* JSON text within the string (Microsoft); false where it is none. */
static bool add_inner_json(struct reading *reading, struct policy *policy, const char *text,
                           size_t length)
{
    g_autoptr(GPtrArray) ignored = issues_new();
    json_t *inner = json_read(text, length, NULL, ignored), *value;
    bool found = json_is_array(inner);
    size_t index;

    if (found)
        note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"policy-string\" holds JSON text in a string");
    json_array_foreach(inner, index, value) if (json_is_string(value))
        add_policy_string(reading, policy, json_string_value(value), json_string_length(value));
    json_decref(inner);
    return found;
}

/* One policy string, or several in one: JSON text, lines, or, for TLSA records, ';' between them
   (RFC 8460, section 4). */
static void split_policy_string(struct reading *reading, struct policy *policy, const char *text,
                                size_t length)
{
    const char *separators = policy->type == POLICY_TLSA ? "\r\n;" : "\r\n";
    const char *end = text + length;

    if (length > 0 && text[0] == '[' && add_inner_json(reading, policy, text, length))
        return;
    while (text < end) {
        size_t part = strcspn(text, separators);
        add_policy_string(reading, policy, text, part);
        text += part + 1;
    }
}

static void read_policy_strings(struct reading *reading, struct policy *policy,
                                const json_t *object)
{
    json_t *strings = member(reading, object, "policy-string"), *value;
    bool quotes = policy->type == POLICY_STS || policy->type == POLICY_TLSA;
    size_t index;

    if (strings == NULL && quotes && json_object_get(object, "policy-string") == NULL)
        note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"policy-string\" is missing");
    if (strings != NULL && !json_is_array(strings))
        note(reading, json_is_string(strings) ? ISSUE_NOTICE : ISSUE_WARNING, CLAUSE_JSON,
             "\"policy-string\" is no array");
    if (json_is_string(strings))
        split_policy_string(reading, policy, json_string_value(strings),
                            json_string_length(strings));
    json_array_foreach(strings, index, value)
    {
        if (json_is_string(value))
            split_policy_string(reading, policy, json_string_value(value),
                                json_string_length(value));
        else
            note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"policy-string\" holds what is no string");
    }
    drop_excess(reading, policy->strings, LIMIT_POLICY_STRINGS, "policy strings");
}

static void add_mx_host(struct policy *policy, const char *text)
{
    if (g_ascii_strncasecmp(text, "mx:", 3) == 0)
        text += 3;
    add_limited(policy->mx_hosts, text_domain(text, NULL), LIMIT_MX_HOSTS);
}

/* A list in one string, maybe with the brackets and quotes of some programming language. */
static void split_mx_hosts(struct policy *policy, const char *text)
{
    g_auto(GStrv) names = g_strsplit_set(text, "[]'\", ", LIMIT_STRING_BYTES);

    for (char **name = names; *name != NULL; name++)
        add_mx_host(policy, *name);
}

/* An array of patterns (erratum 6241); the RFC's own example has a string. */
static void read_mx_hosts(struct reading *reading, struct policy *policy, const json_t *object)
{
    json_t *hosts = member(reading, object, "mx-host"), *value;
    size_t index;

    if (hosts != NULL && !json_is_array(hosts))
        note(reading, ISSUE_NOTICE, "RFC 8460, section 4.4, erratum 6241",
             "\"mx-host\" is no array");
    if (json_is_string(hosts) && json_string_length(hosts) <= LIMIT_STRING_BYTES)
        split_mx_hosts(policy, json_string_value(hosts));
    json_array_foreach(hosts, index, value)
    {
        if (json_is_string(value))
            add_mx_host(policy, json_string_value(value));
        else
            note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"mx-host\" holds what is no string");
    }
    drop_excess(reading, policy->mx_hosts, LIMIT_MX_HOSTS, "MX hosts");
}

static void read_policy_type(struct reading *reading, struct policy *policy, const json_t *object)
{
    g_autofree char *word = required_text(reading, object, "policy-type");

    policy->type_word = word != NULL ? g_utf8_strdown(word, -1) : NULL;
    policy->type = policy_type_from_word(policy->type_word);
    if (policy->type == POLICY_OTHER && policy->type_word != NULL)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "unknown policy-type \"%.60s\"", word);
}

/* RFC 8461, section 3.2: the first "mode:" line counts. */
static void read_mode(struct policy *policy)
{
    for (guint i = 0; policy->type == POLICY_STS && i < policy->strings->len; i++) {
        const char *line = g_ptr_array_index(policy->strings, i);
        if (g_ascii_strncasecmp(line, "mode", 4) != 0)
            continue;
        line += 4 + strspn(line + 4, " \t");
        if (*line != ':')
            continue;
        g_autofree char *word = g_strstrip(g_strdup(line + 1));
        policy->mode = sts_mode_from_word(word);
        return;
    }
}

static void read_policy_object(struct reading *reading, struct policy *policy, const json_t *object)
{
    read_policy_type(reading, policy, object);
    policy->policy_domain = domain_member(reading, object, "policy-domain");
    read_policy_strings(reading, policy, object);
    read_mx_hosts(reading, policy, object);
    read_mode(policy);
}

static void read_result_type(struct reading *reading, struct failure *failure, const json_t *object)
{
    g_autofree char *word = required_text(reading, object, "result-type");

    failure->result_word = word != NULL ? g_utf8_strdown(word, -1) : NULL;
    failure->result_type = result_type_from_word(failure->result_word);
    if (failure->result_type == RESULT_UNKNOWN && failure->result_word != NULL)
        note(reading, ISSUE_WARNING, CLAUSE_RESULT, "unknown result-type \"%.60s\"", word);
}

/* The name alone, where a reporter gives the whole reply to EHLO: "250-NAME ..." and more lines. */
static char *helo_member(struct reading *reading, const json_t *object)
{
    g_autofree char *text = text_member(reading, object, "receiving-mx-helo");
    const char *name = text;
    size_t length;

    if (text == NULL)
        return NULL;
    if (g_str_has_prefix(name, "250-") || g_str_has_prefix(name, "250 "))
        name += 4;
    length = strcspn(name, " \t\r\n");
    if (length < strlen(text))
        note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"receiving-mx-helo\" is more than a name");
    return text_bounded(name, length, LIMIT_TEXT_BYTES, NULL);
}

/* Only a policy that could not be had leaves nobody to talk to. */
static void note_missing_peers(struct reading *reading, const struct failure *failure)
{
    bool is_policy = failure->result_type == RESULT_STS_POLICY_FETCH_ERROR ||
                     failure->result_type == RESULT_STS_POLICY_INVALID ||
                     failure->result_type == RESULT_STS_WEBPKI_INVALID;

    if (!is_policy && failure->sending_ip == NULL && failure->mx == NULL &&
        failure->receiving_ip == NULL)
        note(reading, ISSUE_NOTICE, CLAUSE_JSON,
             "failure-details name neither address nor MX host");
}

static struct failure *read_failure(struct reading *reading, const json_t *object)
{
    struct failure *failure = failure_new();

    read_result_type(reading, failure, object);
    failure->sending_ip = address_member(reading, object, "sending-mta-ip");
    failure->mx = domain_member(reading, object, "receiving-mx-hostname");
    failure->helo = helo_member(reading, object);
    failure->receiving_ip = address_member(reading, object, "receiving-ip");
    failure->reason_code = text_member(reading, object, "failure-reason-code");
    failure->additional_information = text_member(reading, object, "additional-information");
    if (!count_member(reading, object, "failed-session-count", &failure->sessions))
        failure->sessions = -1;
    note_missing_peers(reading, failure);
    return failure;
}

static void read_details(struct reading *reading, struct policy *policy, const json_t *object)
{
    json_t *details = member(reading, object, "failure-details"), *value;
    size_t index;

    if (json_is_object(details)) {
        note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"failure-details\" is no array");
        g_ptr_array_add(policy->details, read_failure(reading, details));
        reading->details++;
    } else if (details != NULL && !json_is_array(details)) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"failure-details\" is no array");
    }
    json_array_foreach(details, index, value)
    {
        if (reading->details >= LIMIT_DETAILS) {
            note(reading, ISSUE_WARNING, NULL, "more than %d failure-details; the rest is dropped",
                 LIMIT_DETAILS);
            return;
        }
        if (!json_is_object(value)) {
            note(reading, ISSUE_WARNING, CLAUSE_JSON, "failure-details[%zu] is no object", index);
            continue;
        }
        g_ptr_array_add(policy->details, read_failure(reading, value));
        reading->details++;
    }
}

/* False where the total of failures is missing. */
static bool read_summary(struct reading *reading, struct policy *policy, const json_t *object)
{
    json_t *summary = member(reading, object, "summary");

    if (!json_is_object(summary)) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"summary\" is missing");
        return false;
    }
    if (!count_member(reading, summary, "total-successful-session-count", &policy->successes))
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"total-successful-session-count\" is missing");
    if (count_member(reading, summary, "total-failure-session-count", &policy->failures))
        return true;
    note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"total-failure-session-count\" is missing");
    return false;
}

/* A detail without a count stands for what the total leaves to it, at least for one session; a
   missing total is the sum of the details. */
static void fill_missing_counts(struct reading *reading, struct policy *policy, bool total_known)
{
    int64_t counted = 0;
    guint missing = 0;

    for (guint i = 0; i < policy->details->len; i++) {
        const struct failure *failure = g_ptr_array_index(policy->details, i);
        counted += MAX(failure->sessions, 0);
        missing += failure->sessions < 0;
    }
    if (missing > 0)
        note(reading, ISSUE_WARNING, CLAUSE_JSON,
             "\"failed-session-count\" is missing in %u failure-details", missing);
    for (guint i = 0; i < policy->details->len; i++) {
        struct failure *failure = g_ptr_array_index(policy->details, i);
        if (failure->sessions < 0)
            failure->sessions = missing == 1 ? MAX(policy->failures - counted, 1) : 1;
    }
    if (!total_known)
        policy->failures = MIN(counted + missing, RECORD_COUNT_MAX);
}

static struct policy *read_policy(struct reading *reading, const json_t *element)
{
    struct policy *policy = policy_new();
    json_t *object = member(reading, element, "policy");

    if (!json_is_object(object)) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"policy\" is missing");
        object = (json_t *)element;
    }
    read_policy_object(reading, policy, object);
    read_details(reading, policy, element);
    fill_missing_counts(reading, policy, read_summary(reading, policy, element));
    if (policy->failures > 0 && policy->details->len == 0)
        note(reading, ISSUE_NOTICE, CLAUSE_JSON,
             "%" PRId64 " failed sessions without failure-details", policy->failures);
    return policy;
}

static void read_policies(struct reading *reading, const json_t *root)
{
    json_t *policies = member(reading, root, "policies"), *value;
    size_t index;

    if (json_is_object(policies)) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"policies\" is no array");
        g_ptr_array_add(reading->report->policies, read_policy(reading, policies));
    } else if (json_array_size(policies) == 0) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"policies\" is %s",
             json_is_array(policies) ? "empty"
             : policies != NULL      ? "no array"
                                     : "missing");
    }
    json_array_foreach(policies, index, value)
    {
        reading->part[0] = '\0';
        if (index >= LIMIT_POLICIES) {
            note(reading, ISSUE_WARNING, NULL, "more than %d policies; the rest is dropped",
                 LIMIT_POLICIES);
            break;
        }
        g_snprintf(reading->part, sizeof(reading->part), "policies[%zu]", index);
        if (json_is_object(value))
            g_ptr_array_add(reading->report->policies, read_policy(reading, value));
        else
            note(reading, ISSUE_WARNING, CLAUSE_JSON, "no object");
    }
    reading->part[0] = '\0';
}

/* The period; what the JSON does not say comes from the file's name, then from the time of the
   mail: reports about a day are sent on the next (RFC 8460, section 4.1). */
static void read_period(struct reading *reading, const json_t *root,
                        const struct tlsrpt_label *file, const struct tlsrpt_hints *hints)
{
    struct report *report = reading->report;
    json_t *range = member(reading, root, "date-range");
    gint64 came = hints->received_at != 0 ? hints->received_at : hints->now;

    report->begins_at = time_member(reading, range, "start-datetime");
    report->ends_at = time_member(reading, range, "end-datetime");
    if (report->begins_at == 0)
        report->begins_at = report->ends_at != 0   ? MAX(report->ends_at - DAY + 1, 0)
                            : file->begins_at != 0 ? file->begins_at
                                                   : came - came % DAY - DAY;
    if (report->ends_at == 0)
        report->ends_at = file->ends_at != 0 && file->ends_at >= report->begins_at
                              ? file->ends_at
                              : report->begins_at + DAY - 1;
    report->ends_at = MIN(report->ends_at, TIME_MAX);
    if (report->ends_at < report->begins_at) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "the period ends before it begins");
        report->ends_at = report->begins_at;
    }
    if (report->begins_at > hints->now + FUTURE_SLACK)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "the period lies in the future");
    else if (report->ends_at > hints->now + FUTURE_SLACK)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "the period reaches into the future");
}

/* TLS-Report-Submitter, where it is a domain (older tlsrpt-reporters put their name there). */
static char *find_submitter(const struct report *report, const struct tlsrpt_hints *hints,
                            const struct tlsrpt_label *subject, const struct tlsrpt_label *file)
{
    bool valid = false;
    char *name = text_domain(hints->report_submitter, &valid);

    if (name != NULL && valid && strchr(name, '.') != NULL)
        return name;
    g_free(name);
    name = text_domain_of_address(report->contact);
    if (name == NULL)
        name = g_strdup(file->submitter != NULL ? file->submitter : subject->submitter);
    return name;
}

static void read_head(struct reading *reading, const json_t *root)
{
    struct report *report = reading->report;

    report->organization = required_text(reading, root, "organization-name");
    report->external_id = required_text(reading, root, "report-id");
    report->contact = required_text(reading, root, "contact-info");
}

static void hash_text(GChecksum *checksum, const char *text)
{
    /* With its final NUL, so that no two lists of texts run into one. */
    if (text != NULL)
        g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text) + 1);
    else
        g_checksum_update(checksum, (const guchar *)"\1", 1);
}

static void finish_hash(GChecksum *checksum, uint8_t hash[RECORD_HASH_BYTES])
{
    gsize length = RECORD_HASH_BYTES;

    g_checksum_get_digest(checksum, hash, &length);
    g_checksum_free(checksum);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

/* Organization, id, period and the sorted set of policy domains. Without an id nothing can tell a
   revision from another report: then the content is the identity. */
static void hash_identity(struct report *report)
{
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *period = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                                              (gint64)report->begins_at, (gint64)report->ends_at);

    hash_text(checksum, report->organization);
    hash_text(checksum, report->external_id);
    hash_text(checksum, period);
    for (guint i = 0; i < report->policies->len; i++) {
        struct policy *policy = g_ptr_array_index(report->policies, i);
        if (policy->policy_domain != NULL)
            g_ptr_array_add(names, policy->policy_domain);
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++)
        if (i == 0 || compare_names(&names->pdata[i - 1], &names->pdata[i]) != 0)
            hash_text(checksum, names->pdata[i]);
    if (report->external_id == NULL)
        g_checksum_update(checksum, report->content_hash, RECORD_HASH_BYTES);
    finish_hash(checksum, report->identity_hash);
}

/* The JSON alone, unless a domain came from outside: two such reports may differ in nothing else.
 */
static void hash_content(struct report *report, const char *outer_domain)
{
    GChecksum *checksum;

    memcpy(report->content_hash, report->json_hash, RECORD_HASH_BYTES);
    if (outer_domain == NULL)
        return;
    checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, report->json_hash, RECORD_HASH_BYTES);
    hash_text(checksum, outer_domain);
    finish_hash(checksum, report->content_hash);
}

static bool lacks_domain(const struct report *report)
{
    for (guint i = 0; i < report->policies->len; i++)
        if (((const struct policy *)g_ptr_array_index(report->policies, i))->policy_domain == NULL)
            return true;
    return false;
}

static void find_outer(const struct tlsrpt_hints *hints, const struct tlsrpt_label *subject,
                       const struct tlsrpt_label *file, char **header, struct tlsrpt_outer *outer)
{
    bool valid = false;

    *header = text_domain(hints->report_domain, &valid);
    if (*header != NULL && valid)
        *outer = (struct tlsrpt_outer){*header, DOMAIN_FROM_HEADER};
    else if (subject->domain != NULL)
        *outer = (struct tlsrpt_outer){subject->domain, DOMAIN_FROM_SUBJECT};
    else if (file->domain != NULL)
        *outer = (struct tlsrpt_outer){file->domain, DOMAIN_FROM_FILE_NAME};
}

/* RFC 8460, section 5.6: the report wins; that they disagree is worth a note. */
static void compare_outer(struct reading *reading, const struct tlsrpt_outer *outer)
{
    const GPtrArray *policies = reading->report->policies;

    if (outer->domain == NULL || policies->len == 0)
        return;
    for (guint i = 0; i < policies->len; i++) {
        const struct policy *policy = g_ptr_array_index(policies, i);
        if (policy->type == POLICY_TLSA || policy->policy_domain == NULL ||
            strcmp(policy->policy_domain, outer->domain) == 0)
            return;
    }
    note(reading, ISSUE_NOTICE, "RFC 8460, section 5.6",
         "mail or file name say the report is about %.100s; the report wins", outer->domain);
}

static void settle_domains(struct reading *reading, const struct tlsrpt_hints *hints,
                           const struct tlsrpt_label *subject, const struct tlsrpt_label *file)
{
    struct report *report = reading->report;
    struct tlsrpt_outer outer = {NULL, DOMAIN_UNKNOWN};
    g_autofree char *header = NULL;
    bool lacking = lacks_domain(report);

    find_outer(hints, subject, file, &header, &outer);
    if (lacking)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"policy-domain\" is missing%s%s",
             outer.domain != NULL ? "; taken from the " : "",
             outer.domain != NULL ? domain_source_word(outer.source) : "");
    compare_outer(reading, &outer);
    tlsrpt_derive_domains(report, hints->site, &outer);
    hash_content(report, lacking ? outer.domain : NULL);
    hash_identity(report);
    /* Only now: mails may bring many reports under one subject, which revise nothing. */
    if (report->external_id == NULL)
        report->external_id = g_strdup(subject->id);
}

bool tlsrpt_sniff(const json_t *root)
{
    static const char *const names[] = {"organization-name", "date-range", "contact-info",
                                        "report-id", "policies"};
    guint hits = 0;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)root, name, value) for (size_t i = 0; i < G_N_ELEMENTS(names);
                                                          i++) hits +=
        name_resembles(name, names[i]);
    return hits >= 2;
}

struct report *tlsrpt_parse(const json_t *root, const struct tlsrpt_hints *hints)
{
    struct tlsrpt_label subject, file;
    struct reading reading = {0};

    if (!tlsrpt_sniff(root))
        return NULL;
    reading.report = report_new();
    tlsrpt_label_of_subject(hints->subject, &subject);
    tlsrpt_label_of_file_name(hints->file_name, &file);
    read_head(&reading, root);
    read_period(&reading, root, &file, hints);
    read_policies(&reading, root);
    reading.report->submitter = find_submitter(reading.report, hints, &subject, &file);
    if (reading.report->organization == NULL)
        reading.report->organization = g_strdup(reading.report->submitter);
    json_hash(root, reading.report->json_hash);
    settle_domains(&reading, hints, &subject, &file);
    tlsrpt_label_clear(&subject);
    tlsrpt_label_clear(&file);
    return reading.report;
}
