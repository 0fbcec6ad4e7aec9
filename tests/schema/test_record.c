#include "schema/record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void nothing_can_be_freed(void **state)
{
    struct original original = {0};

    (void)state;
    issue_free(NULL);
    failure_free(NULL);
    policy_free(NULL);
    report_free(NULL);
    unread_free(NULL);
    arrival_free(NULL);
    own_domain_free(NULL);
    site_free(NULL);
    original_clear(&original);
}

static void a_new_record_says_nothing(void **state)
{
    g_autoptr(Failure) failure = failure_new();
    g_autoptr(Policy) policy = policy_new();
    g_autoptr(Report) report = report_new();
    g_autoptr(Unread) unread = unread_new();
    g_autoptr(Arrival) arrival = arrival_new();
    g_autoptr(Site) site = site_new();

    (void)state;
    assert_int_equal(failure->result_type, RESULT_UNKNOWN);
    assert_int_equal(failure->failure_type, FAILURE_OTHER);
    assert_int_equal(failure->mail_effect, EFFECT_UNKNOWN);
    assert_null(failure->result_word);
    assert_int_equal(policy->mode, STS_MODE_UNKNOWN);
    assert_int_equal(policy->strings->len + policy->mx_hosts->len + policy->details->len, 0);
    assert_int_equal(report->policies->len + report->issues->len, 0);
    assert_null(unread->original.bytes);
    assert_int_equal(arrival->authenticated, AUTH_NONE);
    assert_int_equal(arrival->reports->len + arrival->unread->len + arrival->issues->len, 0);
    assert_null(site->authserv_id);
    assert_int_equal(site->domains->len, 0);
    assert_null(g_hash_table_lookup(site->domain_by_mx, "mx.example.org"));
}

/* With a leak checker this shows whether each owner frees what it holds. */
static void an_arrival_owns_all_that_is_in_it(void **state)
{
    g_autoptr(Arrival) arrival = arrival_new();
    struct report *report = report_new();
    struct policy *policy = policy_new();
    struct failure *failure = failure_new();
    struct unread *unread = unread_new();
    struct original *originals[] = {&report->original, &unread->original};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(originals); i++) {
        originals[i]->bytes = g_bytes_new("{}", 2);
        originals[i]->part = g_strdup("1.2");
        originals[i]->file_name = g_strdup("a.json");
        originals[i]->report_domain = g_strdup("example.org");
        originals[i]->report_submitter = g_strdup("example.com");
        originals[i]->subject = g_strdup("subject");
    }
    failure->additional_information = g_strdup("more");
    policy->type_word = g_strdup("sts");
    policy->domain = g_strdup("example.org");
    unread->problem = g_strdup("cut");
    g_ptr_array_add(policy->strings, g_strdup("mode: enforce"));
    g_ptr_array_add(policy->mx_hosts, g_strdup("mx.example.org"));
    g_ptr_array_add(policy->details, failure);
    g_ptr_array_add(report->policies, policy);
    issue_add(report->issues, ISSUE_REPORT, ISSUE_NOTICE, NULL, "odd");
    g_ptr_array_add(arrival->reports, report);
    g_ptr_array_add(arrival->unread, unread);
    issue_add(arrival->issues, ISSUE_MAIL, ISSUE_NOTICE, "RFC 5322", "odd");
    arrival->message_id = g_strdup("a@example.org");
}

static void a_cleared_original_can_be_filled_again(void **state)
{
    struct original original = {.bytes = g_bytes_new("a", 1), .part = g_strdup("1")};

    (void)state;
    original.subject = g_strdup("subject");
    original_clear(&original);
    assert_null(original.bytes);
    assert_null(original.part);
    assert_null(original.subject);
    original_clear(&original);
    original.bytes = g_bytes_new("b", 1);
    original_clear(&original);
}

static void an_issue_is_a_sentence_with_its_clause(void **state)
{
    g_autoptr(GPtrArray) issues = issues_new();
    const struct issue *issue;

    (void)state;
    issue_add(issues, ISSUE_JSON, ISSUE_WARNING, "RFC 8259, section 4", "key \"%s\" %d times",
              "a%sb", 2);
    issue_add(issues, ISSUE_INPUT, ISSUE_ERROR, NULL, "is a socket");
    assert_int_equal(issues->len, 2);
    issue = g_ptr_array_index(issues, 0);
    assert_int_equal(issue->kind, ISSUE_JSON);
    assert_int_equal(issue->severity, ISSUE_WARNING);
    assert_string_equal(issue->clause, "RFC 8259, section 4");
    assert_string_equal(issue->problem, "key \"a%sb\" 2 times");
    assert_null(issue->part);
    issue = g_ptr_array_index(issues, 1);
    assert_null(issue->clause);
}

static void assert_part(const GPtrArray *issues, guint index, const char *part)
{
    const struct issue *issue = g_ptr_array_index(issues, index);

    if (part == NULL)
        assert_null(issue->part);
    else
        assert_string_equal(issue->part, part);
}

static void places_issues_from_the_inside_out(void **state)
{
    g_autoptr(GPtrArray) issues = issues_new();

    (void)state;
    issue_add(issues, ISSUE_MAIL, ISSUE_NOTICE, NULL, "outside");
    issue_add(issues, ISSUE_JSON, ISSUE_NOTICE, NULL, "inside");
    issues_place(issues, 1, NULL);
    issues_place(issues, 1, "");
    assert_part(issues, 1, NULL);
    issues_place(issues, 1, "summary");
    issues_place(issues, 1, "1.2");
    assert_part(issues, 0, NULL);
    assert_part(issues, 1, "1.2 summary");
    issues_place(issues, 2, "nothing there");
    issues_place(issues, 0, "mbox#1");
    assert_part(issues, 0, "mbox#1");
    assert_part(issues, 1, "mbox#1 1.2 summary");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_can_be_freed),
        cmocka_unit_test(a_new_record_says_nothing),
        cmocka_unit_test(an_arrival_owns_all_that_is_in_it),
        cmocka_unit_test(a_cleared_original_can_be_filled_again),
        cmocka_unit_test(an_issue_is_a_sentence_with_its_clause),
        cmocka_unit_test(places_issues_from_the_inside_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
