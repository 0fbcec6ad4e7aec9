/*
 * One sound report, and every departure from it as a replacement of one of its pieces. Texts stand
 * in single quotes here, which become the double ones of JSON.
 */
#include "ingest/json.h"
#include "ingest/limits.h"
#include "ingest/tlsrpt.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define NOW INT64_C(1772500000) /* 2026-03-03T01:06:40Z */
#define CLAUSE "RFC 8460, section 4.4"

#define RANGE "{'start-datetime':'2026-03-01T00:00:00Z','end-datetime':'2026-03-01T23:59:59Z'}"
#define STRINGS "['version: STSv1','mode: enforce','mx: mx1.rcpt.example','max_age: 86400']"
#define POLICY                                                                                     \
    "{'policy-type':'sts','policy-string':" STRINGS ",'policy-domain':'rcpt.example',"             \
    "'mx-host':['mx1.rcpt.example']}"
#define SUMMARY "{'total-successful-session-count':10,'total-failure-session-count':3}"
#define ADDRESSES                                                                                  \
    "'sending-mta-ip':'192.0.2.1','receiving-mx-hostname':'mx1.rcpt.example',"                     \
    "'receiving-ip':'198.51.100.1',"
#define DETAIL "{'result-type':'certificate-expired'," ADDRESSES "'failed-session-count':3}"
#define ELEMENT "{'policy':" POLICY ",'summary':" SUMMARY ",'failure-details':[" DETAIL "]}"
#define SOUND                                                                                      \
    "{'organization-name':'Reporter Inc.','date-range':" RANGE                                     \
    ",'contact-info':'tls@reporter.example','report-id':'id-1','policies':[" ELEMENT "]}"

#define SOUND_POLICY                                                                               \
    "sts rcpt.example enforce 4 strings mx1.rcpt.example 10+3"                                     \
    " (certificate-expired 192.0.2.1>mx1.rcpt.example[198.51.100.1] x3)"

static const struct tlsrpt_hints no_hints = {.received_at = NOW, .now = NOW};

static char *quoted(const char *text)
{
    return g_strdelimit(g_strdup(text), "'", '"');
}

/* The sound report with `with` in the place of `what`, which must be in it just once. */
static char *sound_but(const char *what, const char *with)
{
    g_autoptr(GString) text = g_string_new(SOUND);

    if (what != NULL && g_string_replace(text, what, with, 0) != 1)
        fail_msg("not just once in the sound report: %s", what);
    return quoted(text->str);
}

/* Repairs of the JSON are put to the report's issues, as ingest does. */
static struct report *parse_bytes(const char *text, size_t length, const struct tlsrpt_hints *hints)
{
    g_autoptr(GPtrArray) issues = issues_new();
    json_t *root = json_read(text, length, NULL, issues);
    struct report *report = tlsrpt_parse(root, hints);

    json_decref(root);
    while (report != NULL && issues->len > 0)
        g_ptr_array_add(report->issues, g_ptr_array_steal_index(issues, 0));
    return report;
}

static struct report *parse(const char *text, const struct tlsrpt_hints *hints)
{
    struct report *report = parse_bytes(text, strlen(text), hints);

    if (report == NULL)
        fail_msg("no report: %s", text);
    return report;
}

static struct report *parse_but(const char *what, const char *with)
{
    g_autofree char *text = sound_but(what, with);

    return parse(text, &no_hints);
}

static const struct policy *policy_at(const struct report *report, guint index)
{
    assert_true(index < report->policies->len);
    return g_ptr_array_index(report->policies, index);
}

static const struct failure *detail_at(const struct report *report, guint policy, guint index)
{
    assert_true(index < policy_at(report, policy)->details->len);
    return g_ptr_array_index(policy_at(report, policy)->details, index);
}

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

static void describe_policy(GString *out, const struct policy *policy)
{
    g_string_append_printf(out, "%s %s %s %u strings ", policy_type_word(policy->type),
                           or_dash(policy->policy_domain), sts_mode_word(policy->mode),
                           policy->strings->len);
    for (guint i = 0; i < policy->mx_hosts->len; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "",
                               (const char *)g_ptr_array_index(policy->mx_hosts, i));
    g_string_append_printf(out, "%s %" PRId64 "+%" PRId64, policy->mx_hosts->len > 0 ? "" : "-",
                           policy->successes, policy->failures);
    for (guint i = 0; i < policy->details->len; i++) {
        const struct failure *failure = g_ptr_array_index(policy->details, i);
        g_string_append_printf(out, " (%s %s>%s[%s] x%" PRId64 ")", or_dash(failure->result_word),
                               or_dash(failure->sending_ip), or_dash(failure->mx),
                               or_dash(failure->receiving_ip), failure->sessions);
    }
}

static char *described(const struct report *report)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < report->policies->len; i++) {
        if (i > 0)
            g_string_append(out, " | ");
        describe_policy(out, policy_at(report, i));
    }
    return g_string_free(out, FALSE);
}

static const struct issue *find_issue(const struct report *report, const char *said)
{
    for (guint i = 0; i < report->issues->len; i++) {
        const struct issue *issue = g_ptr_array_index(report->issues, i);
        if (strstr(issue->problem, said) != NULL)
            return issue;
    }
    return NULL;
}

static const struct issue *assert_issue(const struct report *report, const char *said,
                                        const char *clause)
{
    const struct issue *issue = find_issue(report, said);

    if (issue == NULL)
        fail_msg("no issue says: %s", said);
    if (clause == NULL)
        assert_null(issue->clause);
    else if (issue->clause == NULL || strstr(issue->clause, clause) == NULL)
        fail_msg("\"%s\" cites %s, not %s", issue->problem, or_dash(issue->clause), clause);
    return issue;
}

static void assert_described(const struct report *report, const char *expected)
{
    g_autofree char *found = described(report);

    assert_string_equal(found, expected);
}

/* A piece of the sound report, what stands in its place, and what must come of it. */
struct departure {
    const char *what;
    const char *with;
    const char *policies; /* NULL: as in the sound report */
    const char *said;     /* NULL: no issue at all */
    const char *clause;   /* NULL: one of our limits */
};

static void assert_departure(const struct departure *departure)
{
    g_autoptr(Report) report = parse_but(departure->what, departure->with);

    assert_described(report, departure->policies != NULL ? departure->policies : SOUND_POLICY);
    if (departure->said != NULL)
        assert_issue(report, departure->said, departure->clause);
    else if (report->issues->len > 0)
        fail_msg("%s: %s", departure->with,
                 ((const struct issue *)g_ptr_array_index(report->issues, 0))->problem);
}

static void assert_departures(const struct departure *departures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_departure(&departures[i]);
}

static void reads_a_sound_report_without_an_issue(void **state)
{
    g_autoptr(Report) report = parse_but(NULL, NULL);

    (void)state;
    assert_described(report, SOUND_POLICY);
    assert_int_equal(report->issues->len, 0);
    assert_string_equal(report->organization, "Reporter Inc.");
    assert_string_equal(report->external_id, "id-1");
    assert_string_equal(report->contact, "tls@reporter.example");
    assert_string_equal(report->submitter, "reporter.example");
    assert_int_equal(report->begins_at, 1772323200);
    assert_int_equal(report->ends_at, 1772409599);
    assert_string_equal(policy_at(report, 0)->domain, "rcpt.example");
    assert_int_equal(policy_at(report, 0)->domain_source, DOMAIN_FROM_POLICY);
    assert_int_equal(detail_at(report, 0, 0)->result_type, RESULT_CERTIFICATE_EXPIRED);
}

static void knows_a_report_by_two_of_its_names(void **state)
{
    static const struct {
        const char *text;
        bool is_report;
    } cases[] = {
        {"{'policies':[],'report-id':'x'}", true},
        {"{'organization_name':'x','Date-Range':{}}", true},
        {"{'policies':[]}", false},
        {"{'contact-info':1,'a':2}", false},
        {"{}", false},
        {"[]", false},
        {"['policies','report-id']", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = quoted(cases[i].text);
        g_autoptr(Report) report = parse_bytes(text, strlen(text), &no_hints);
        assert_true((report != NULL) == cases[i].is_report);
    }
    assert_null(tlsrpt_parse(NULL, &no_hints));
}

#define BARE "sts rcpt.example enforce 4 strings mx1.rcpt.example 10+3"
#define WITH(detail) BARE " (" detail ")"
#define FULL_ADDRESSES "192.0.2.1>mx1.rcpt.example[198.51.100.1]"

/* The defects that were measured against other readers, one at a time. */
static void yields_the_usable_part_of_each_measured_defect(void **state)
{
    static const struct departure departures[] = {
        {"['mx1.rcpt.example']", "'mx1.rcpt.example'", NULL, "\"mx-host\" is no array",
         "erratum 6241"},
        {ADDRESSES, "", WITH("certificate-expired ->-[-] x3"), "neither address nor MX host",
         CLAUSE},
        {"'policy-string':" STRINGS ",", "",
         "sts rcpt.example unknown 0 strings mx1.rcpt.example 10+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "\"policy-string\" is missing", CLAUSE},
        {"00:00:00Z", "00:00:00", NULL, "\"start-datetime\" has no zone", "RFC 3339"},
        {"'tls@reporter.example'", "null", NULL, "\"contact-info\" is null", CLAUSE},
        {"'policy-domain':'rcpt.example',", "",
         "sts - enforce 4 strings mx1.rcpt.example 10+3 (certificate-expired " FULL_ADDRESSES
         " x3)",
         "\"policy-domain\" is missing", CLAUSE},
        {",'total-failure-session-count':3", "", NULL, "\"total-failure-session-count\" is missing",
         CLAUSE},
        {"'policy-type':'sts'", "'policy-type':'smtp-rainbow'",
         "other rcpt.example unknown 4 strings mx1.rcpt.example 10+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "unknown policy-type \"smtp-rainbow\"", CLAUSE},
        {"certificate-expired", "certificate-purple",
         WITH("certificate-purple " FULL_ADDRESSES " x3"),
         "unknown result-type \"certificate-purple\"", "RFC 8460, section 4.3"},
        {"[" DETAIL "]", "null", BARE, "\"failure-details\" is null", CLAUSE},
        {"[" DETAIL "]", "[]", BARE, "3 failed sessions without failure-details", CLAUSE},
        {"[" ELEMENT "]", "[]", "", "\"policies\" is empty", CLAUSE},
        {"'sending-mta-ip':'192.0.2.1'", "'sending-mta-ip':''",
         WITH("certificate-expired ->mx1.rcpt.example[198.51.100.1] x3"),
         "\"sending-mta-ip\" is empty", CLAUSE},
        {"'result-type':'certificate-expired',", "", WITH("- " FULL_ADDRESSES " x3"),
         "\"result-type\" is missing", CLAUSE},
        {"count':10", "count':'10'", NULL, "\"total-successful-session-count\" is no integer",
         CLAUSE},
        {"'Reporter Inc.'", "null", NULL, "\"organization-name\" is null", CLAUSE},
        {"'report-id':'id-1',", "", NULL, "\"report-id\" is missing", CLAUSE},
        {",'failed-session-count':3", "", NULL, "\"failed-session-count\" is missing", CLAUSE},
        {"'failed-session-count':3", "'failed-session-count':-3",
         WITH("certificate-expired " FULL_ADDRESSES " x0"), "\"failed-session-count\" is negative",
         CLAUSE},
        {STRINGS, "''",
         "sts rcpt.example unknown 0 strings mx1.rcpt.example 10+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "\"policy-string\" is no array", CLAUSE},
        {STRINGS, "'version: STSv1\\r\\nmode: testing\\r\\n'",
         "sts rcpt.example testing 2 strings mx1.rcpt.example 10+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "\"policy-string\" is no array", CLAUSE},
        {"count':10", "count':8589934592",
         "sts rcpt.example enforce 4 strings mx1.rcpt.example 8589934592+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         NULL, NULL},
        {STRINGS, "null",
         "sts rcpt.example unknown 0 strings mx1.rcpt.example 10+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "\"policy-string\" is null", CLAUSE},
        {"'report-id':'id-1'", "'report-id':'id-1','x-more':{'a':[1]}", NULL, NULL, NULL},
        {"[" ELEMENT "]", "['rubbish'," ELEMENT ",{'policy':7}]",
         SOUND_POLICY " | other rcpt.example unknown 0 strings - 0+0", "\"policy\" is missing",
         CLAUSE},
    };

    (void)state;
    assert_departures(departures, G_N_ELEMENTS(departures));
}

static void takes_a_byte_order_mark_and_bytes_after_the_end(void **state)
{
    g_autofree char *sound = sound_but(NULL, NULL);
    g_autofree char *marked = g_strconcat("\xef\xbb\xbf", sound, NULL);
    g_autofree char *longer = g_strconcat(sound, "\n\x1a\x1a", NULL);
    g_autoptr(Report) first = parse(marked, &no_hints), second = parse(longer, &no_hints);

    (void)state;
    assert_described(first, SOUND_POLICY);
    assert_issue(first, "byte order mark", "RFC 8259, section 8.1");
    assert_described(second, SOUND_POLICY);
}

static void names_the_policy_an_issue_is_about(void **state)
{
    g_autoptr(Report) report = parse_but("[" ELEMENT "]", "[" ELEMENT ",7,{'policy':7}]");

    (void)state;
    assert_string_equal(assert_issue(report, "no object", CLAUSE)->part, "policies[1]");
    assert_string_equal(assert_issue(report, "\"policy\" is missing", CLAUSE)->part, "policies[2]");
    assert_int_equal(find_issue(report, "no object")->kind, ISSUE_REPORT);
}

static void says_the_same_about_a_policy_just_once(void **state)
{
    g_autoptr(Report) report =
        parse_but(DETAIL, "{'sending-mta-ip':null},{'sending-mta-ip':null},{'sending-mta-ip':''}");
    guint null = 0;

    (void)state;
    for (guint i = 0; i < report->issues->len; i++)
        null += strstr(((struct issue *)g_ptr_array_index(report->issues, i))->problem,
                       "\"sending-mta-ip\" is null") != NULL;
    assert_int_equal(null, 1);
}

/* Names and texts as real reporters write them. */
static void takes_what_reporters_write(void **state)
{
    static const struct departure departures[] = {
        {"'mx-host'", "'mx-host-pattern'", NULL, "\"mx-host-pattern\" stands for \"mx-host\"",
         CLAUSE},
        {"receiving-mx-hostname", "receiving-mx-host-name", NULL, "stands for", CLAUSE},
        {"'policy-type'", "'Policy_Type'", NULL, "\"Policy_Type\" stands for", CLAUSE},
        {"'failure-details'", "'failure-detail'", NULL, "stands for", CLAUSE},
        {"[" DETAIL "]", DETAIL, NULL, "\"failure-details\" is no array", CLAUSE},
        {"[" DETAIL "]", "[3," DETAIL "]", NULL, "failure-details[0] is no object", CLAUSE},
        {"[" ELEMENT "]", ELEMENT, NULL, "\"policies\" is no array", CLAUSE},
        {"[" ELEMENT "]", "null", "", "\"policies\" is null", CLAUSE},
        {"'policy':" POLICY, "'policy-type':'sts','policy-domain':'rcpt.example'",
         "sts rcpt.example unknown 0 strings - 10+3 (certificate-expired " FULL_ADDRESSES " x3)",
         "\"policy\" is missing", CLAUSE},
        {"'summary':" SUMMARY ",", "",
         "sts rcpt.example enforce 4 strings mx1.rcpt.example 0+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "\"summary\" is missing", CLAUSE},
        {"'policy-type':'sts'", "'policy-type':'STS'", NULL, NULL, NULL},
        {"'policy-domain':'rcpt.example'", "'policy-domain':'RCPT.Example.'", NULL, NULL, NULL},
        {"['mx1.rcpt.example']", "'[\\u0027mx1.rcpt.example\\u0027, \\u0027*.b.example\\u0027]'",
         "sts rcpt.example enforce 4 strings mx1.rcpt.example,*.b.example 10+3"
         " (certificate-expired " FULL_ADDRESSES " x3)",
         "\"mx-host\" is no array", "erratum 6241"},
        {"['mx1.rcpt.example']", "['mx: mx1.rcpt.example','mx: ']", NULL, NULL, NULL},
        {"['mx1.rcpt.example']", "[1,'mx1.rcpt.example',null]", NULL, "\"mx-host\" holds", CLAUSE},
        {"'mode: enforce'", "'mode:testing  \\r'",
         "sts rcpt.example testing 4 strings mx1.rcpt.example 10+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         NULL, NULL},
        {"'mode: enforce'", "'mode: enforce','mode: none',9",
         "sts rcpt.example enforce 5 strings mx1.rcpt.example 10+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "\"policy-string\" holds", CLAUSE},
        {"'192.0.2.1'", "'x.x.x.x'",
         WITH("certificate-expired x.x.x.x>mx1.rcpt.example[198.51.100.1] x3"),
         "\"sending-mta-ip\" is no IP address", CLAUSE},
        {"'192.0.2.1'", "'2001:db8:abcd:0012::1'",
         WITH("certificate-expired 2001:db8:abcd:12::1>mx1.rcpt.example[198.51.100.1] x3"), NULL,
         NULL},
        {"'failed-session-count':3", "'failed-session-count':5",
         WITH("certificate-expired " FULL_ADDRESSES " x5"), NULL, NULL},
        {"'failed-session-count':3", "'failed-session-count':1",
         WITH("certificate-expired " FULL_ADDRESSES " x1"), NULL, NULL},
        {"'id-1'", "'1234567890+'", NULL, NULL, NULL},
        {"'id-1'", "17", NULL, "\"report-id\" is a number", CLAUSE},
        {"'id-1'", "['id-1']", NULL, NULL, NULL},
        {"'id-1'", "{}", NULL, "\"report-id\" is no string", CLAUSE},
        {"'id-1'", "' '", NULL, "\"report-id\" is empty", CLAUSE},
    };

    (void)state;
    assert_departures(departures, G_N_ELEMENTS(departures));
}

static void no_policy_found_needs_no_policy_string(void **state)
{
    g_autoptr(Report) report =
        parse_but(POLICY, "{'policy-type':'no-policy-found','policy-domain':'rcpt.example'}");

    (void)state;
    assert_int_equal(report->issues->len, 0);
    assert_int_equal(policy_at(report, 0)->type, POLICY_NONE_FOUND);
}

static void a_policy_that_could_not_be_fetched_has_no_session(void **state)
{
    g_autoptr(Report) report =
        parse_but(DETAIL, "{'result-type':'sts-policy-fetch-error','failed-session-count':3}");

    (void)state;
    assert_int_equal(report->issues->len, 0);
    assert_described(report, WITH("sts-policy-fetch-error ->-[-] x3"));
}

static void reads_tlsa_records_however_they_are_packed(void **state)
{
    static const char *const forms[] = {
        "['3 1 1 ab','2 0 1 cd']",
        "['[\\'3 1 1 AB\\',\\'2 0 1 CD\\']']",
        "'3 1 1 AB; 2 0 1 CD'",
        "['3 1 1 AB\\r\\n2 0 1 CD\\r']",
        "'[\\'3 1 1 AB\\',5,\\'2 0 1 CD\\']'",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *with =
            g_strconcat("{'policy-type':'tlsa','policy-domain':'mx1.rcpt.example',"
                        "'policy-string':",
                        forms[i], "}", NULL);
        g_autoptr(Report) report = parse_but(POLICY, with);
        const struct policy *policy = policy_at(report, 0);
        assert_int_equal(policy->type, POLICY_TLSA);
        assert_int_equal(policy->strings->len, 2);
        assert_string_equal(g_ptr_array_index(policy->strings, 0), "3 1 1 ab");
        assert_string_equal(g_ptr_array_index(policy->strings, 1), "2 0 1 cd");
        assert_true((i > 0 && i != 3) == (find_issue(report, "policy-string") != NULL));
    }
}

static void keeps_the_name_out_of_a_whole_ehlo_reply(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        bool noted;
    } cases[] = {
        {"mx1.rcpt.example", "mx1.rcpt.example", false},
        {"250-mx1.rcpt.example\\r\\n250-PIPELINING\\r\\n250 CHUNKING", "mx1.rcpt.example", true},
        {"250 mx1.rcpt.example Hello you", "mx1.rcpt.example", true},
        {"mx1.rcpt.example\\nPIPELINING", "mx1.rcpt.example", true},
        {"[192.0.2.1]", "[192.0.2.1]", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *with =
            g_strdup_printf("'receiving-mx-helo':'%s','receiving-ip'", cases[i].text);
        g_autoptr(Report) report = parse_but("'receiving-ip'", with);
        assert_string_equal(detail_at(report, 0, 0)->helo, cases[i].name);
        assert_true(cases[i].noted == (find_issue(report, "receiving-mx-helo") != NULL));
        assert_described(report, SOUND_POLICY);
    }
}

static void keeps_reason_and_further_information(void **state)
{
    static const char *const names[] = {"additional-information", "additional-info-uri"};
    static const char *const codes[] = {"failure-reason-code", "failure-error-code"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *with = g_strdup_printf(
            "'%s':'https://a.example/?q=a b','%s':'dial tcp: \\u0022no route\\u0022',"
            "'receiving-ip'",
            names[i], codes[i]);
        g_autoptr(Report) report = parse_but("'receiving-ip'", with);
        const struct failure *failure = detail_at(report, 0, 0);
        assert_string_equal(failure->additional_information, "https://a.example/?q=a b");
        assert_string_equal(failure->reason_code, "dial tcp: \"no route\"");
        assert_int_equal(report->issues->len, i * 2);
    }
}

static void brings_counts_into_bounds(void **state)
{
    static const struct {
        const char *text;
        int64_t count;
        const char *said;
    } cases[] = {
        {"0", 0, NULL},
        {"10000000000", RECORD_COUNT_MAX, NULL},
        {"10000000001", RECORD_COUNT_MAX, "beyond belief"},
        {"9223372036854775807", RECORD_COUNT_MAX, "beyond belief"},
        {"9223372036854775808", RECORD_COUNT_MAX, "beyond belief"},
        {"1e300", RECORD_COUNT_MAX, "beyond belief"},
        {"1e999", RECORD_COUNT_MAX, "beyond belief"},
        {"-1", 0, "negative"},
        {"-9223372036854775808", 0, "negative"},
        {"-1e300", 0, "negative"},
        {"12.0", 12, "no integer"},
        {"12.9", 12, "no integer"},
        {"' 12 '", 12, "no integer"},
        {"'12.0'", 12, "no integer"},
        {"'-5'", 0, "negative"},
        {"'99999999999999999999999'", RECORD_COUNT_MAX, "beyond belief"},
        {"'0x10'", 0, "is no number"},
        {"'nan'", 0, "is no number"},
        {"'many'", 0, "is no number"},
        {"''", 0, "is no number"},
        {"true", 0, "is no number"},
        {"[10]", 0, "is no number"},
        {"null", 0, "\"total-successful-session-count\" is missing"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *with = g_strconcat("count':", cases[i].text, NULL);
        g_autoptr(Report) report = parse_but("count':10", with);
        if (policy_at(report, 0)->successes != cases[i].count)
            fail_msg("%s is read as %" PRId64, cases[i].text, policy_at(report, 0)->successes);
        assert_int_equal(policy_at(report, 0)->failures, 3);
        if (cases[i].said != NULL)
            assert_non_null(find_issue(report, cases[i].said));
        else
            assert_int_equal(report->issues->len, 0);
    }
}

/* What of the counts is missing, and what stands for it. */
static void fills_missing_counts(void **state)
{
    static const struct departure departures[] = {
        /* One detail without a count has what the total leaves to it. */
        {"[" DETAIL "]", "[{'result-type':'a','failed-session-count':1},{'result-type':'b'}]",
         BARE " (a ->-[-] x1) (b ->-[-] x2)", "\"failed-session-count\" is missing in 1", CLAUSE},
        {"[" DETAIL "]", "[{'result-type':'a','failed-session-count':9},{'result-type':'b'}]",
         BARE " (a ->-[-] x9) (b ->-[-] x1)", "\"failed-session-count\" is missing in 1", CLAUSE},
        {"[" DETAIL "]", "[{'result-type':'a'},{'result-type':'b'}]",
         BARE " (a ->-[-] x1) (b ->-[-] x1)", "\"failed-session-count\" is missing in 2", CLAUSE},
        /* Without a total the details count, those without a number as one. */
        {SUMMARY ",'failure-details':[" DETAIL "]",
         "{},'failure-details':[{'result-type':'a','failed-session-count':4},{'result-type':'b'}]",
         "sts rcpt.example enforce 4 strings mx1.rcpt.example 0+5 (a ->-[-] x4) (b ->-[-] x1)",
         "\"total-failure-session-count\" is missing", CLAUSE},
        {SUMMARY, "[]",
         "sts rcpt.example enforce 4 strings mx1.rcpt.example 0+3 "
         "(certificate-expired " FULL_ADDRESSES " x3)",
         "\"summary\" is missing", CLAUSE},
    };

    (void)state;
    assert_departures(departures, G_N_ELEMENTS(departures));
}

#define DAY_BEGIN INT64_C(1772323200)
#define DAY_END (DAY_BEGIN + 86399)

static void reads_every_form_of_period(void **state)
{
    static const struct {
        const char *range;
        gint64 begins_at;
        gint64 ends_at;
        const char *said;
    } cases[] = {
        {"{'start-datetime':'2026-03-01T00:00:00Z','end-datetime':'2026-03-02T00:00:00Z'}",
         DAY_BEGIN, DAY_END + 1, NULL},
        {"{'start-datetime':'2026-03-01T01:00:00+01:00','end-datetime':'2026-03-02T00:59:59+01:00'"
         "}",
         DAY_BEGIN, DAY_END, NULL},
        {"{'start-datetime':'2026-03-01T00:00:00.000Z','end-datetime':'2026-03-01t23:59:59.9z'}",
         DAY_BEGIN, DAY_END, NULL},
        {"{'start-datetime':'2026-02-22T00:00:00Z','end-datetime':'2026-03-01T23:59:59Z'}",
         DAY_BEGIN - 7 * 86400, DAY_END, NULL},
        {"{'start-datetime':'2026-03-01T00:00:00','end-datetime':'2026-03-01T23:59:59'}", DAY_BEGIN,
         DAY_END, "\"end-datetime\" has no zone"},
        {"{'start-datetime':'2026-03-01T00:00:00.0000','end-datetime':'2026-03-01T23:59:59Z'}",
         DAY_BEGIN, DAY_END, "\"start-datetime\" has no zone"},
        {"{'start-datetime':'2026-03-01 01:00:00+01:00','end-datetime':'2026-03-01T23:59:59Z'}",
         DAY_BEGIN, DAY_END, "\"start-datetime\" is not in the form of RFC 3339"},
        {"{'start-datetime':'2026-03-01','end-datetime':'2026-03-02'}", DAY_BEGIN, DAY_END + 1,
         "\"start-datetime\" has no zone"},
        {"{'start-datetime':'1772323200','end-datetime':'1772409599'}", DAY_BEGIN, DAY_END,
         "\"end-datetime\" is not in the form"},
        {"{'start-datetime':1772323200,'end-datetime':1772409599.0}", DAY_BEGIN, DAY_END,
         "\"start-datetime\" is a number"},
        {"{'start-datetime':'2','end-datetime':'2026-03-01T23:59:59+00'}", 2, DAY_END,
         "\"start-datetime\" is not in the form"},
        /* What cannot be read is worked out from the other end. */
        {"{'start-datetime':'2026-03-01T00:00:00Z'}", DAY_BEGIN, DAY_END,
         "\"end-datetime\" is missing"},
        {"{'start-datetime':'2026-03-01T00:00:00Z','end-datetime':'2026-03-01T24:00:00Z'}",
         DAY_BEGIN, DAY_END, "\"end-datetime\" is no time"},
        {"{'start-datetime':'yesterday','end-datetime':'2026-03-01T23:59:59Z'}", DAY_BEGIN, DAY_END,
         "\"start-datetime\" is no time: \"yesterday\""},
        {"{'start-datetime':'0001-01-01T00:00:00Z','end-datetime':'2026-03-01T23:59:59Z'}",
         DAY_BEGIN, DAY_END, "\"start-datetime\" is no time"},
        {"{'start-datetime':'2026-03-01T00:00:00Z','end-datetime':'2026-02-01T00:00:00Z'}",
         DAY_BEGIN, DAY_BEGIN, "the period ends before it begins"},
        {"{'start-datetime':'2026-03-01T00:00:00Z','end-datetime':'9999-12-31T23:59:59Z'}",
         DAY_BEGIN, INT64_C(253402300799), "the period reaches into the future"},
        {"{'start-datetime':'2026-03-01T00:00:00Z','end-datetime':'9999-12-31T23:59:59-23:00'}",
         DAY_BEGIN, DAY_END, "\"end-datetime\" is no time"},
        {"{'start-datetime':'9999-12-31T12:00:00Z'}", INT64_C(253402300800) - 43200,
         INT64_C(253402300799), "the period lies in the future"},
        {"{'start-datetime':'1970-01-01T00:00:00Z','end-datetime':'1970-01-01T00:00:01Z'}", 0, 1,
         "\"start-datetime\" is no time"},
        /* Nothing at all: reports are about the day before they come. */
        {"{}", DAY_BEGIN + 86400, DAY_END + 86400, "\"start-datetime\" is missing"},
        {"null", DAY_BEGIN + 86400, DAY_END + 86400, "\"date-range\" is null"},
        {"'2026-03-01'", DAY_BEGIN + 86400, DAY_END + 86400, "\"start-datetime\" is missing"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report = parse_but(RANGE, cases[i].range);
        if (report->begins_at != cases[i].begins_at || report->ends_at != cases[i].ends_at)
            fail_msg("%s is read as %" PRId64 " .. %" PRId64, cases[i].range, report->begins_at,
                     report->ends_at);
        if (cases[i].said != NULL)
            assert_issue(report, cases[i].said, CLAUSE);
        else if (report->issues->len > 0)
            fail_msg("%s: %s", cases[i].range,
                     ((const struct issue *)g_ptr_array_index(report->issues, 0))->problem);
        assert_described(report, SOUND_POLICY);
    }
}

static const struct tlsrpt_hints full_hints = {
    .report_domain = "Header.example",
    .report_submitter = "submitter.example",
    .subject = "Report Domain: subject.example Submitter: s.example Report-ID: <1@s.example>",
    .file_name = "f.example!file.example!1771718400!1771804799!7.json.gz",
    .received_at = NOW,
    .now = NOW,
};

static void hints_never_win_over_the_report(void **state)
{
    g_autofree char *text = sound_but(NULL, NULL);
    g_autoptr(Report) plain = parse(text, &no_hints), hinted = parse(text, &full_hints);

    (void)state;
    assert_described(hinted, SOUND_POLICY);
    assert_string_equal(policy_at(hinted, 0)->domain, "rcpt.example");
    assert_string_equal(hinted->external_id, "id-1");
    assert_string_equal(hinted->organization, "Reporter Inc.");
    assert_int_equal(hinted->begins_at, plain->begins_at);
    assert_int_equal(hinted->ends_at, plain->ends_at);
    assert_issue(hinted, "header.example; the report wins", "RFC 8460, section 5.6");
    assert_memory_equal(hinted->content_hash, plain->content_hash, RECORD_HASH_BYTES);
    assert_memory_equal(hinted->identity_hash, plain->identity_hash, RECORD_HASH_BYTES);
}

static void hints_fill_what_the_report_lacks(void **state)
{
    g_autofree char *text = quoted("{'policies':[{'policy':{'policy-type':'no-policy-found'},"
                                   "'summary':" SUMMARY "}],'report-id':null}");
    g_autoptr(Report) report = parse(text, &full_hints);

    (void)state;
    assert_string_equal(report->organization, "submitter.example");
    assert_string_equal(report->submitter, "submitter.example");
    assert_string_equal(report->external_id, "1@s.example");
    assert_string_equal(policy_at(report, 0)->policy_domain, "header.example");
    assert_string_equal(policy_at(report, 0)->domain, "header.example");
    assert_int_equal(policy_at(report, 0)->domain_source, DOMAIN_FROM_HEADER);
    assert_int_equal(report->begins_at, 1771718400);
    assert_int_equal(report->ends_at, 1771804799);
    assert_issue(report, "\"policy-domain\" is missing; taken from the header", CLAUSE);
}

static void the_next_hint_counts_where_one_is_missing(void **state)
{
    static const struct {
        const char *report_domain, *subject, *file_name;
        const char *domain;
        enum domain_source source;
    } cases[] = {
        {"a.example", "Report Domain: b.example", "s!c.example!1!2.json", "a.example",
         DOMAIN_FROM_HEADER},
        {"Some Reporter Ltd", "Report Domain: b.example", "s!c.example!1!2.json", "b.example",
         DOMAIN_FROM_SUBJECT},
        {NULL, "Fwd: report", "s.example!c.example!1!2.json", "c.example", DOMAIN_FROM_FILE_NAME},
        {"", "", "", "", DOMAIN_UNKNOWN},
        {NULL, NULL, NULL, "", DOMAIN_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = sound_but("'policy-domain':'rcpt.example',", "");
        const struct tlsrpt_hints hints = {.report_domain = cases[i].report_domain,
                                           .subject = cases[i].subject,
                                           .file_name = cases[i].file_name,
                                           .now = NOW};
        g_autoptr(Report) report = parse(text, &hints);
        assert_string_equal(policy_at(report, 0)->domain, cases[i].domain);
        assert_int_equal(policy_at(report, 0)->domain_source, cases[i].source);
    }
}

static void the_submitter_is_the_best_domain_there_is(void **state)
{
    static const struct {
        const char *header, *contact, *file_name, *subject, *submitter;
    } cases[] = {
        {"Mail.example", "'a@corp.mail.example'", NULL, NULL, "mail.example"},
        {"Some Reporter Ltd", "'a@corp.mail.example'", NULL, NULL, "corp.mail.example"},
        {NULL, "null", "f.example!c.example!1!2.json",
         "Report Domain: c.example Submitter: s.example", "f.example"},
        {NULL, "'https://b.example/'", NULL, "Report Domain: c.example Submitter: s.example",
         "s.example"},
        {NULL, "null", NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = sound_but("'tls@reporter.example'", cases[i].contact);
        const struct tlsrpt_hints hints = {.report_submitter = cases[i].header,
                                           .subject = cases[i].subject,
                                           .file_name = cases[i].file_name,
                                           .now = NOW};
        g_autoptr(Report) report = parse(text, &hints);
        if (cases[i].submitter == NULL)
            assert_null(report->submitter);
        else
            assert_string_equal(report->submitter, cases[i].submitter);
    }
}

static bool same(const uint8_t a[RECORD_HASH_BYTES], const uint8_t b[RECORD_HASH_BYTES])
{
    return memcmp(a, b, RECORD_HASH_BYTES) == 0;
}

/* Two reports that differ in one piece: are they one, or revisions of one? */
static void tells_reports_revisions_and_copies_apart(void **state)
{
    static const struct {
        const char *what, *with;
        bool same_identity, same_content;
    } cases[] = {
        {"'report-id':'id-1'", "\n 'report-id' : 'id-1' ", true, true},
        {"'contact-info':'tls@reporter.example','report-id':'id-1'",
         "'report-id':'id-1','contact-info':'tls@reporter.example'", true, true},
        {"count':10", "count':11", true, false},
        {"'tls@reporter.example'", "'other@reporter.example'", true, false},
        {"'policy-domain':'rcpt.example'", "'policy-domain':'other.example'", false, false},
        {"'policy-domain':'rcpt.example'", "'policy-domain':'RCPT.example'", true, false},
        {"'id-1'", "'id-2'", false, false},
        {"'Reporter Inc.'", "'Another Inc.'", false, false},
        {"2026-03-01T00:00:00Z", "2026-03-01T00:00:01Z", false, false},
        {"T23:59:59Z", "T23:59:58Z", false, false},
        {"[" ELEMENT "]", "[" ELEMENT "," ELEMENT "]", true, false},
    };
    g_autoptr(Report) sound = parse_but(NULL, NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) other = parse_but(cases[i].what, cases[i].with);
        if (same(sound->identity_hash, other->identity_hash) != cases[i].same_identity ||
            same(sound->content_hash, other->content_hash) != cases[i].same_content)
            fail_msg("%s", cases[i].with);
        assert_true(same(sound->json_hash, other->json_hash) == cases[i].same_content);
    }
}

static void the_order_of_policies_is_no_part_of_the_identity(void **state)
{
    static const char a[] = "{'policy':{'policy-type':'sts','policy-domain':'a.example'}}";
    static const char b[] = "{'policy':{'policy-type':'sts','policy-domain':'b.example'}}";
    g_autofree char *ab = g_strdup_printf("[%s,%s]", a, b), *ba = g_strdup_printf("[%s,%s]", b, a);
    g_autoptr(Report) first = parse_but("[" ELEMENT "]", ab);
    g_autoptr(Report) second = parse_but("[" ELEMENT "]", ba);

    (void)state;
    assert_true(same(first->identity_hash, second->identity_hash));
    assert_false(same(first->content_hash, second->content_hash));
}

static void a_domain_from_outside_tells_equal_json_apart(void **state)
{
    g_autofree char *text = sound_but("'policy-domain':'rcpt.example',", "");
    const struct tlsrpt_hints a = {.report_domain = "a.example", .now = NOW};
    const struct tlsrpt_hints b = {.report_domain = "b.example", .now = NOW};
    const struct tlsrpt_hints also_a = {.subject = "Report Domain: A.example", .now = NOW};
    g_autoptr(Report) first = parse(text, &a), other = parse(text, &b),
                      again = parse(text, &also_a);

    (void)state;
    assert_true(same(first->json_hash, other->json_hash));
    assert_false(same(first->content_hash, other->content_hash));
    assert_false(same(first->identity_hash, other->identity_hash));
    assert_true(same(first->content_hash, again->content_hash));
    assert_true(same(first->identity_hash, again->identity_hash));
}

static void without_an_id_no_report_revises_another(void **state)
{
    g_autofree char *text = sound_but("'report-id':'id-1',", "");
    g_autoptr(GString) more = g_string_new(text);
    g_string_replace(more, "count\":10", "count\":11", 0);
    g_autoptr(Report) first = parse(text, &full_hints), second = parse(more->str, &full_hints);

    (void)state;
    assert_false(same(first->identity_hash, second->identity_hash));
    assert_string_equal(first->external_id, "1@s.example");
}

static char *repeated(const char *text, guint count)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < count; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "", text);
    return g_string_free(out, FALSE);
}

static void keeps_policies_up_to_the_limit(void **state)
{
    static const char one[] = "{'policy':{'policy-type':'no-policy-found','policy-domain':'a.b'},"
                              "'summary':" SUMMARY ",'failure-details':[]}";
    g_autofree char *many = repeated(one, LIMIT_POLICIES + 1);
    g_autofree char *with = g_strdup_printf("[" ELEMENT ",%s]", many);
    g_autoptr(Report) report = parse_but("[" ELEMENT "]", with);

    (void)state;
    assert_int_equal(report->policies->len, LIMIT_POLICIES);
    assert_int_equal(report->issues->len, LIMIT_ISSUES);
    const struct issue *last = g_ptr_array_index(report->issues, LIMIT_ISSUES - 1);
    assert_int_equal(last->kind, ISSUE_LIMIT);
    assert_non_null(strstr(last->problem, "the rest is not listed"));
}

static void keeps_details_up_to_the_limit(void **state)
{
    g_autofree char *many = repeated("{'result-type':'certificate-expired','sending-mta-ip':"
                                     "'192.0.2.1','failed-session-count':1}",
                                     LIMIT_DETAILS);
    g_autofree char *with = g_strdup_printf(
        "[" ELEMENT ",{'policy':" POLICY ",'summary':" SUMMARY ",'failure-details':[%s]}]", many);
    g_autoptr(Report) report = parse_but("[" ELEMENT "]", with);

    (void)state;
    assert_int_equal(policy_at(report, 1)->details->len, LIMIT_DETAILS - 1);
    assert_int_equal(assert_issue(report, "more than 100000 failure-details", NULL)->kind,
                     ISSUE_LIMIT);
    assert_int_equal(policy_at(report, 1)->failures, 3);
}

static void keeps_policy_strings_and_hosts_up_to_the_limit(void **state)
{
    for (guint over = 0; over <= 1; over++) {
        g_autofree char *lines = repeated("'mx: a.example'", LIMIT_POLICY_STRINGS + over);
        g_autofree char *hosts = repeated("'a.example'", LIMIT_MX_HOSTS + over);
        g_autofree char *with = g_strdup_printf("{'policy-type':'sts','policy-domain':'a.example',"
                                                "'policy-string':[%s],'mx-host':[%s]}",
                                                lines, hosts);
        g_autoptr(Report) report = parse_but(POLICY, with);
        assert_int_equal(policy_at(report, 0)->strings->len, LIMIT_POLICY_STRINGS);
        assert_int_equal(policy_at(report, 0)->mx_hosts->len, LIMIT_MX_HOSTS);
        assert_int_equal(report->issues->len, over * 2);
        if (over > 0) {
            assert_issue(report, "only the first 200 policy strings", NULL);
            assert_issue(report, "only the first 200 MX hosts", NULL);
        }
    }
    (void)state;
}

static void cuts_long_texts(void **state)
{
    g_autofree char *text = g_strnfill(10240, 'a');
    g_autofree char *with = g_strdup_printf("'%s'", text);
    g_autoptr(Report) long_id = parse_but("'id-1'", with);
    g_autoptr(Report) long_line = parse_but("'mode: enforce'", with);
    g_autofree char *domain = g_strdup_printf("'policy-domain':'%s.example'", text);
    g_autoptr(Report) long_domain = parse_but("'policy-domain':'rcpt.example'", domain);

    (void)state;
    assert_int_equal(strlen(long_id->external_id), LIMIT_TEXT_BYTES);
    assert_int_equal(assert_issue(long_id, "\"report-id\" is longer than 1024", NULL)->kind,
                     ISSUE_LIMIT);
    assert_int_equal(strlen(g_ptr_array_index(policy_at(long_line, 0)->strings, 1)),
                     LIMIT_STRING_BYTES);
    assert_issue(long_line, "\"policy-string\" is longer than 4096", NULL);
    assert_true(strlen(policy_at(long_domain, 0)->policy_domain) <= LIMIT_TEXT_BYTES);
    assert_issue(long_domain, "\"policy-domain\" is no domain name", CLAUSE);
}

static void assert_utf8(const char *text)
{
    if (text != NULL)
        assert_true(g_utf8_validate(text, -1, NULL));
}

/* Each text of a stranger, with the worst there is in it, comes out as valid UTF-8. */
static void hostile_texts_stay_texts(void **state)
{
    static const char *const texts[] = {
        "a\xe2\x80\xae"
        "b",
        "a\\u0000b",
        "a\\u001b[2Jb",
        "\x1b]0;x\x07",
        "\xff\xfe",
        "\\ud800",
        "\xe2\x80\xae",
        "%s%n%s",
        "'; DROP TABLE report; --",
    };
    static const char *const places[] = {
        "Reporter Inc.", "tls@reporter.example", "id-1",      "'sts'",
        "mode: enforce", "'rcpt.example'",       "192.0.2.1", "certificate-expired",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts) * G_N_ELEMENTS(places); i++) {
        const char *place = places[i % G_N_ELEMENTS(places)];
        bool own = place[0] == '\'';
        g_autofree char *text = g_strdelimit(g_strdup(texts[i / G_N_ELEMENTS(places)]), "'", '`');
        g_autofree char *with = own ? g_strdup_printf("'%s'", text) : g_strdup(text);
        g_autoptr(Report) report = parse_but(place, with);
        assert_int_equal(report->policies->len, 1);
        assert_int_equal(policy_at(report, 0)->details->len, 1);
        assert_int_equal(policy_at(report, 0)->failures, 3);
        assert_utf8(report->organization);
        assert_utf8(policy_at(report, 0)->policy_domain);
        assert_utf8(policy_at(report, 0)->type_word);
        assert_utf8(detail_at(report, 0, 0)->sending_ip);
        for (guint k = 0; k < report->issues->len; k++)
            assert_utf8(((struct issue *)g_ptr_array_index(report->issues, k))->problem);
    }
}

static void a_quotation_is_cut_between_characters(void **state)
{
    (void)state;
    for (int length = 54; length <= 60; length++) {
        g_autofree char *filler = g_strnfill(length, 'a');
        g_autofree char *text = g_strdup_printf("'policy-type':'%s\xc3\xa4\xe2\x82\xac'", filler);
        g_autoptr(Report) report = parse_but("'policy-type':'sts'", text);
        assert_utf8(assert_issue(report, "unknown policy-type", CLAUSE)->problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_sound_report_without_an_issue),
        cmocka_unit_test(knows_a_report_by_two_of_its_names),
        cmocka_unit_test(yields_the_usable_part_of_each_measured_defect),
        cmocka_unit_test(takes_a_byte_order_mark_and_bytes_after_the_end),
        cmocka_unit_test(names_the_policy_an_issue_is_about),
        cmocka_unit_test(says_the_same_about_a_policy_just_once),
        cmocka_unit_test(takes_what_reporters_write),
        cmocka_unit_test(no_policy_found_needs_no_policy_string),
        cmocka_unit_test(a_policy_that_could_not_be_fetched_has_no_session),
        cmocka_unit_test(reads_tlsa_records_however_they_are_packed),
        cmocka_unit_test(keeps_the_name_out_of_a_whole_ehlo_reply),
        cmocka_unit_test(keeps_reason_and_further_information),
        cmocka_unit_test(brings_counts_into_bounds),
        cmocka_unit_test(fills_missing_counts),
        cmocka_unit_test(reads_every_form_of_period),
        cmocka_unit_test(hints_never_win_over_the_report),
        cmocka_unit_test(hints_fill_what_the_report_lacks),
        cmocka_unit_test(the_next_hint_counts_where_one_is_missing),
        cmocka_unit_test(the_submitter_is_the_best_domain_there_is),
        cmocka_unit_test(tells_reports_revisions_and_copies_apart),
        cmocka_unit_test(the_order_of_policies_is_no_part_of_the_identity),
        cmocka_unit_test(a_domain_from_outside_tells_equal_json_apart),
        cmocka_unit_test(without_an_id_no_report_revises_another),
        cmocka_unit_test(keeps_policies_up_to_the_limit),
        cmocka_unit_test(keeps_details_up_to_the_limit),
        cmocka_unit_test(keeps_policy_strings_and_hosts_up_to_the_limit),
        cmocka_unit_test(cuts_long_texts),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(a_quotation_is_cut_between_characters),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
