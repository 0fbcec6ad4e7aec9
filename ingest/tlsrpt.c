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
#include <math.h>
#include <string.h>

#define CLAUSE_JSON "RFC 8460, section 4.4"
#define CLAUSE_RESULT "RFC 8460, section 4.3"
#define DAY 86400

/* A period that begins later than this after now is noted: a clock or a forger is wrong. */
#define FUTURE_SLACK (2 * DAY)

struct reading {
    struct report *report;
    guint details; /* over all policies, against LIMIT_DETAILS */
    char part[64]; /* "policies[3]"; "" at the top */
};

G_GNUC_PRINTF(4, 5)
static void note(struct reading *reading, enum issue_severity severity, const char *clause,
                 const char *format, ...)
{
    GPtrArray *issues = reading->report->issues;
    g_autofree char *problem = NULL;
    va_list args;

    if (issues->len >= LIMIT_ISSUES)
        return;
    va_start(args, format);
    problem = g_strdup_vprintf(format, args);
    va_end(args);
    if (issues->len + 1 == LIMIT_ISSUES)
        issue_add(issues, ISSUE_LIMIT, ISSUE_NOTICE, NULL,
                  "more than %d issues; the rest is not listed", LIMIT_ISSUES);
    else
        issue_add(issues, ISSUE_REPORT, severity, clause, "%s", problem);
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
    return json_is_null(value) ? NULL : value;
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
    } else if (json_is_integer(value)) {
        text = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
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

    if (value == NULL)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is missing%s", name,
             json_object_get(object, name) != NULL ? " (null)" : "");
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
    if (json_is_integer(value)) {
        *count = json_integer_value(value);
        return true;
    }
    if (json_is_real(value) && isfinite(json_real_value(value)) &&
        fabs(json_real_value(value)) < 9e18) {
        *count = (gint64)json_real_value(value);
        return true;
    }
    if (!json_is_string(value))
        return false;
    g_autofree char *text = g_strstrip(g_strdup(json_string_value(value)));
    return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, count, NULL);
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

/* RFC 3339, or with a blank for the T, without a zone (Microsoft; taken as UTC), a day alone,
   seconds since 1970. 0 where it is none of these. */
static gint64 time_of_text(const char *text, bool *loose)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);
    g_autofree char *day = NULL;
    gint64 seconds = 0;
    size_t length = strlen(text);

    *loose = time == NULL || length < 20 || text[10] != 'T';
    if (time == NULL && length == 10)
        time = g_date_time_new_from_iso8601(day = g_strconcat(text, "T00:00:00Z", NULL), utc);
    if (time != NULL)
        return g_date_time_to_unix(time);
    return g_ascii_string_to_signed(text, 10, 0, INT64_C(253402300799), &seconds, NULL) ? seconds
                                                                                        : 0;
}

static gint64 time_member(struct reading *reading, const json_t *object, const char *name)
{
    g_autofree char *text = text_member(reading, object, name);
    bool loose = false;
    gint64 time;

    if (text == NULL) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"%s\" is missing", name);
        return 0;
    }
    time = time_of_text(text, &loose);
    if (time == 0)
        note(reading, ISSUE_WARNING, "RFC 8460, section 4.4; RFC 3339, section 5.6",
             "\"%s\" is no time: \"%.60s\"", name, text);
    else if (loose)
        note(reading, ISSUE_NOTICE, "RFC 8460, section 4.4; RFC 3339, section 5.6",
             "\"%s\" is not in the form of RFC 3339; taken as UTC", name);
    return time;
}

/* One policy string, or several in one: JSON text within the string (Microsoft), lines, or, for
   TLSA records, ';' between them (RFC 8460, section 4). */
static void add_policy_string(struct policy *policy, const char *text, size_t length)
{
    g_autofree char *string = text_bounded(text, length, LIMIT_STRING_BYTES, NULL);

    if (string == NULL || policy->strings->len >= LIMIT_POLICY_STRINGS)
        return;
    if (policy->type == POLICY_TLSA) {
        char *lower = g_ascii_strdown(string, -1);
        g_free(string);
        string = lower;
    }
    g_ptr_array_add(policy->strings, g_steal_pointer(&string));
}

static void split_policy_string(struct reading *reading, struct policy *policy, const char *text,
                                size_t length)
{
    const char *separators = policy->type == POLICY_TLSA ? "\r\n;" : "\r\n";
    const char *end = text + length;

    if (length > 0 && text[0] == '[') {
        g_autoptr(GPtrArray) ignored = issues_new();
        json_t *inner = json_read(text, length, NULL, ignored);
        size_t index;
        json_t *value;
        if (json_is_array(inner)) {
            note(reading, ISSUE_NOTICE, CLAUSE_JSON,
                 "\"policy-string\" holds JSON text in a string");
            json_array_foreach(inner, index, value) if (json_is_string(value))
                add_policy_string(policy, json_string_value(value), json_string_length(value));
            json_decref(inner);
            return;
        }
        json_decref(inner);
    }
    while (text < end) {
        size_t part = strcspn(text, separators);
        add_policy_string(policy, text, part);
        text += part + 1;
    }
}

static void read_policy_strings(struct reading *reading, struct policy *policy,
                                const json_t *object)
{
    json_t *strings = member(reading, object, "policy-string"), *value;
    size_t index;

    if (json_is_string(strings)) {
        if (json_string_length(strings) > 0)
            note(reading, ISSUE_NOTICE, CLAUSE_JSON, "\"policy-string\" is no array");
        split_policy_string(reading, policy, json_string_value(strings),
                            json_string_length(strings));
    } else if (strings != NULL && !json_is_array(strings)) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"policy-string\" is no array");
    }
    json_array_foreach(strings, index, value) if (json_is_string(value))
        split_policy_string(reading, policy, json_string_value(value), json_string_length(value));
    if (policy->strings->len >= LIMIT_POLICY_STRINGS)
        note(reading, ISSUE_NOTICE, NULL, "only the first %d policy strings are kept",
             LIMIT_POLICY_STRINGS);
}

static void add_mx_host(struct policy *policy, const char *text)
{
    g_autofree char *name = NULL;

    if (g_ascii_strncasecmp(text, "mx:", 3) == 0)
        text += 3;
    name = text_domain(text, NULL);
    if (name != NULL && policy->mx_hosts->len < LIMIT_MX_HOSTS)
        g_ptr_array_add(policy->mx_hosts, g_steal_pointer(&name));
}

/* An array of patterns (erratum 6241); the RFC's own example has a string, others a list in one. */
static void read_mx_hosts(struct reading *reading, struct policy *policy, const json_t *object)
{
    json_t *hosts = member(reading, object, "mx-host"), *value;
    g_auto(GStrv) names = NULL;
    size_t index;

    json_array_foreach(hosts, index, value) if (json_is_string(value))
        add_mx_host(policy, json_string_value(value));
    if (hosts == NULL || json_is_array(hosts))
        return;
    note(reading, ISSUE_NOTICE, "RFC 8460, section 4.4, erratum 6241", "\"mx-host\" is no array");
    if (!json_is_string(hosts) || json_string_length(hosts) > LIMIT_STRING_BYTES)
        return;
    names = g_strsplit_set(json_string_value(hosts), "[]'\", ", -1);
    for (char **name = names; *name != NULL; name++)
        add_mx_host(policy, *name);
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

static struct failure *read_failure(struct reading *reading, const json_t *object)
{
    struct failure *failure = failure_new();

    read_result_type(reading, failure, object);
    failure->sending_ip = address_member(reading, object, "sending-mta-ip");
    failure->mx = domain_member(reading, object, "receiving-mx-hostname");
    failure->helo = text_member(reading, object, "receiving-mx-helo");
    failure->receiving_ip = address_member(reading, object, "receiving-ip");
    failure->reason_code = text_member(reading, object, "failure-reason-code");
    failure->additional_information = text_member(reading, object, "additional-information");
    if (!count_member(reading, object, "failed-session-count", &failure->sessions))
        failure->sessions = -1;
    return failure;
}

/* A detail without a count stands for what the summary leaves to it; at least for one session. */
static void fill_missing_counts(struct reading *reading, struct policy *policy)
{
    int64_t counted = 0;
    guint missing = 0;

    for (guint i = 0; i < policy->details->len; i++) {
        const struct failure *failure = g_ptr_array_index(policy->details, i);
        counted += MAX(failure->sessions, 0);
        missing += failure->sessions < 0;
    }
    if (missing == 0)
        return;
    note(reading, ISSUE_WARNING, CLAUSE_JSON,
         "\"failed-session-count\" is missing in %u failure-details", missing);
    for (guint i = 0; i < policy->details->len; i++) {
        struct failure *failure = g_ptr_array_index(policy->details, i);
        if (failure->sessions < 0)
            failure->sessions = missing == 1 ? MAX(policy->failures - counted, 1) : 1;
    }
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

static int64_t sum_of_details(const struct policy *policy)
{
    int64_t sum = 0;

    for (guint i = 0; i < policy->details->len; i++)
        sum += MAX(((const struct failure *)g_ptr_array_index(policy->details, i))->sessions, 0);
    return MIN(sum, RECORD_COUNT_MAX);
}

static void read_summary(struct reading *reading, struct policy *policy, const json_t *object)
{
    json_t *summary = member(reading, object, "summary");

    if (!json_is_object(summary))
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"summary\" is missing");
    if (!count_member(reading, summary, "total-successful-session-count", &policy->successes) &&
        json_is_object(summary))
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"total-successful-session-count\" is missing");
    if (!count_member(reading, summary, "total-failure-session-count", &policy->failures)) {
        if (json_is_object(summary))
            note(reading, ISSUE_WARNING, CLAUSE_JSON, "\"total-failure-session-count\" is missing");
        policy->failures = sum_of_details(policy);
    }
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
    read_summary(reading, policy, element);
    fill_missing_counts(reading, policy);
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
             json_is_array(policies) ? "empty" : "missing");
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
        report->begins_at = report->ends_at != 0   ? report->ends_at - DAY + 1
                            : file->begins_at != 0 ? file->begins_at
                                                   : came - came % DAY - DAY;
    if (report->ends_at == 0)
        report->ends_at = file->ends_at != 0 && file->ends_at >= report->begins_at
                              ? file->ends_at
                              : report->begins_at + DAY - 1;
    if (report->ends_at < report->begins_at) {
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "the period ends before it begins");
        report->ends_at = report->begins_at;
    }
    if (report->begins_at > hints->now + FUTURE_SLACK)
        note(reading, ISSUE_WARNING, CLAUSE_JSON, "the period lies in the future");
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
