#include "tests/schema/sample.h"

#define BEGIN (SAMPLE_NOW - SAMPLE_DAY)

/* What a report says: one failure among nine sessions. */
static struct report *report_with(const char *id, const char *content)
{
    struct report *report = sample_report("org", id, BEGIN, content);
    struct policy *policy = sample_policy(report, POLICY_STS, "example.org", 8, 1);

    policy->mode = STS_MODE_TESTING;
    g_ptr_array_add(policy->strings, g_strdup("version: STSv1"));
    g_ptr_array_add(policy->strings, g_strdup("say \"hi\"\x01"));
    g_ptr_array_add(policy->mx_hosts, g_strdup("*.example.org"));
    sample_failure(policy, FAILURE_CERT_EXPIRED, "mx.example.org", 1);
    return report;
}

/* A mail with its date and what is known of its signature. */
static struct arrival *mail_of(const char *name, enum authenticity authenticated,
                               gint64 received_at)
{
    struct arrival *mail = sample_mail(name);

    mail->authenticated = authenticated;
    mail->received_at = received_at;
    return mail;
}

static void put(struct sample *sample, const char *name, enum authenticity authenticated,
                gint64 received_at, const char *content)
{
    sample_put(sample, mail_of(name, authenticated, received_at), report_with("id", content),
               SAMPLE_NOW);
}

/* The content that counts. */
static char *counting(const struct sample *sample)
{
    return sample_ask(sample, "SELECT CAST(content AS TEXT) FROM report_json j JOIN reports r "
                              "USING (report) WHERE superseded_by IS NULL ORDER BY 1");
}

static void assert_counts(const struct sample *sample, const char *content)
{
    g_autofree char *found = counting(sample);
    assert_string_equal(found, content);
}

/* A report with a value, and with nothing, wherever there may be nothing. */
static struct report *uneven_report(void)
{
    struct report *report = report_with("id", "a");
    struct policy *tlsa = sample_policy(report, POLICY_TLSA, "example.org", 3, 2);
    struct policy *odd = sample_policy(report, POLICY_OTHER, "", 0, 0);
    struct failure *failure = sample_failure(tlsa, FAILURE_TLSA_UNUSABLE, NULL, 2);

    g_free(odd->type_word);
    odd->type_word = g_strdup("dnssec");
    g_clear_pointer(&odd->policy_domain, g_free);
    odd->domain_source = DOMAIN_UNKNOWN;
    failure->sending_ip = g_strdup("192.0.2.1");
    failure->receiving_ip = g_strdup("2001:db8::1");
    failure->helo = g_strdup("helo");
    failure->reason_code = g_strdup("code");
    failure->additional_information = g_strdup("more");
    g_clear_pointer(&failure->result_word, g_free);
    issue_add(report->issues, ISSUE_REPORT, ISSUE_NOTICE, "RFC 8460", "odd");
    return report;
}

static void keeps_all_that_a_report_says(void **state)
{
    struct sample *sample = *state;

    sample_put(sample, mail_of("m", AUTH_PASS, SAMPLE_NOW - 5), uneven_report(), SAMPLE_NOW);
    sample_is(sample,
              "SELECT report, organization, submitter, external_id, contact, begins_at, ends_at, "
              "received_at, ingested_at, authenticated, source, issues, superseded_by, message_id "
              "FROM reports",
              "1|org|reporter.example|id|tls@reporter.example|2026-11-17T11:06:40Z|"
              "2026-11-18T11:06:39Z|2026-11-18T11:06:35Z|2026-11-18T11:06:40Z|pass|mbox#m|1|NULL|"
              "m@reporter.example");
    sample_is(sample,
              "SELECT day, domain, domain_source, policy_domain, policy_type, mode, "
              "policy_strings, mx_hosts, successes, failures, reported_type FROM policies",
              "2026-11-17|example.org|policy|example.org|sts|testing|"
              "[\"version: STSv1\",\"say \\\"hi\\\"\\u0001\"]|[\"*.example.org\"]|8|1|sts\n"
              "2026-11-17|example.org|sibling-policy|mx.example.org|tlsa|NULL|[]|[]|3|2|tlsa\n"
              "2026-11-17||unknown|NULL|other|NULL|[]|[]|0|0|dnssec");
    sample_is(sample,
              "SELECT policy, mx, sending_ip, receiving_ip, result_type, failure_type, layer, "
              "sessions, reason_code, additional_information, mail_effect, helo FROM failures",
              "1|mx.example.org|NULL|NULL|validation-failure|cert-expired|certificate|1|NULL|NULL|"
              "deferred|NULL\n"
              "2|mx.example.org|192.0.2.1|2001:db8::1|NULL|tlsa-unusable|tlsa|2|code|more|"
              "deferred|helo");
    sample_is(
        sample,
        "SELECT kind, severity, source, message_id, sender, report, part, clause, "
        "problem FROM issues",
        "report|notice|mbox#m|m@reporter.example|tlsrpt@reporter.example|1|NULL|RFC 8460|odd");
    sample_is(sample, "SELECT kind, sender, outcome, authenticated, is_mail FROM arrivals",
              "tlsrpt|tlsrpt@reporter.example|stored|pass|1");
    assert_int_equal(sample->counts.mails, 1);
    assert_int_equal(sample->counts.new_reports, 1);
    assert_int_equal(sample->counts.issues, 1);
}

/* A mail with one of everything. */
static struct arrival *full_mail(void)
{
    struct arrival *mail = sample_mail("full");

    g_ptr_array_add(mail->reports, report_with("one", "1"));
    g_ptr_array_add(mail->reports, report_with("two", "2"));
    sample_unread(mail, ARRIVAL_OTHER, "cut");
    sample_unread(mail, ARRIVAL_DMARC, "<feedback/>");
    issue_add(mail->issues, ISSUE_MAIL, ISSUE_WARNING, "RFC 2045", "no boundary");
    return mail;
}

static void the_same_arrival_again_changes_nothing(void **state)
{
    struct sample *sample = *state;

    sample_put(sample, full_mail(), NULL, SAMPLE_NOW);
    assert_int_equal(sample->counts.new_reports, 2);
    assert_int_equal(sample->counts.quarantined, 2);
    assert_int_equal(sample->counts.issues, 1);
    g_autofree char *before = sample_dump(sample);

    sample->counts = (struct store_counts){0};
    sample_put(sample, full_mail(), NULL, SAMPLE_NOW + 60);
    g_autofree char *after = sample_dump(sample);
    assert_string_equal(before, after);
    assert_int_equal(sample->counts.mails, 1);
    assert_int_equal(sample->counts.known, 2);
    assert_int_equal(
        sample->counts.new_reports + sample->counts.quarantined + sample->counts.issues, 0);
}

static void the_same_report_in_another_mail_is_known(void **state)
{
    struct sample *sample = *state;
    struct report *again = report_with("id", "a");

    put(sample, "first", AUTH_NONE, SAMPLE_NOW, "a");
    issue_add(again->issues, ISSUE_REPORT, ISSUE_NOTICE, NULL, "not noted twice");
    sample_put(sample, sample_mail("second"), again, SAMPLE_NOW);
    assert_int_equal(sample->counts.known, 1);
    assert_int_equal(sample->counts.issues, 0);
    sample_is(sample, "SELECT report, source, issues FROM reports", "1|mbox#first|0");
    sample_is(sample, "SELECT outcome FROM arrivals", "stored\nknown");
}

static void two_reports_under_one_id_are_both_kept(void **state)
{
    struct sample *sample = *state;
    struct report *other = report_with("id", "b");

    put(sample, "first", AUTH_NONE, SAMPLE_NOW, "a");
    sample_hash("of other policy domains", other->identity_hash);
    sample_put(sample, sample_mail("second"), other, SAMPLE_NOW);
    assert_counts(sample, "a\nb");
    assert_int_equal(sample->counts.revised, 0);
    sample_is(sample, "SELECT count(*) FROM issues", "0");
}

static void of_a_revision_both_are_kept_and_the_latest_counts(void **state)
{
    struct sample *sample = *state;

    put(sample, "first", AUTH_NONE, SAMPLE_NOW, "a");
    put(sample, "second", AUTH_NONE, SAMPLE_NOW + 1, "b");
    assert_counts(sample, "b");
    sample_is(sample, "SELECT report, superseded_by FROM reports", "1|2\n2|NULL");
    sample_is(sample, "SELECT DISTINCT report FROM policies", "2");
    sample_is(sample, "SELECT DISTINCT report FROM failures", "2");
    sample_is(sample, "SELECT successes, failures, reporters FROM domain_days", "8|1|1");
    sample_is(sample, "SELECT kind, report, clause FROM issues",
              "revision|2|RFC 8460, section 4.4");
    sample_is(sample, "SELECT outcome FROM arrivals", "stored\nrevised");
    assert_int_equal(sample->counts.revised, 1);
    assert_int_equal(sample->counts.new_reports, 2);
    assert_int_equal(sample->counts.issues, 1);
}

/* Of every pair of mails the same one counts, whichever came first. */
static void which_revision_counts_does_not_hang_on_the_order(void **state)
{
    static const struct {
        enum authenticity authenticated[2];
        gint64 received[2];
        const char *counts;
    } cases[] = {
        {{AUTH_NONE, AUTH_NONE}, {1, 2}, "b"}, {{AUTH_PASS, AUTH_PASS}, {2, 1}, "a"},
        {{AUTH_FAIL, AUTH_FAIL}, {1, 2}, "b"}, {{AUTH_PASS, AUTH_FAIL}, {1, 2}, "a"},
        {{AUTH_NONE, AUTH_FAIL}, {1, 2}, "a"}, {{AUTH_NONE, AUTH_PASS}, {2, 1}, "b"},
    };
    static const char *const names[] = {"a", "b"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        for (int first = 0; first < 2; first++) {
            void *own;
            sample_setup(&own);
            for (int step = 0; step < 2; step++) {
                int which = step == 0 ? first : 1 - first;
                put(own, names[which], cases[i].authenticated[which],
                    SAMPLE_NOW + cases[i].received[which], names[which]);
            }
            assert_counts(own, cases[i].counts);
            sample_teardown(&own);
        }
}

/* Three mails, two of them with the same content: in all six orders the same report counts. */
static void a_signed_copy_counts_before_an_unsigned_revision(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const struct {
        const char *name, *content;
        enum authenticity authenticated;
        gint64 received_at;
    } mails[] = {
        {"unsigned", "true", AUTH_NONE, SAMPLE_NOW},
        {"forged", "false", AUTH_FAIL, SAMPLE_NOW + 9},
        {"signed", "true", AUTH_PASS, SAMPLE_NOW + 1},
    };

    (void)state;
    for (int forged = AUTH_NONE; forged <= AUTH_FAIL; forged += AUTH_FAIL)
        for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
            void *own;
            sample_setup(&own);
            for (int step = 0; step < 3; step++) {
                int which = orders[i][step];
                put(own, mails[which].name,
                    which == 1 ? (enum authenticity)forged : mails[which].authenticated,
                    mails[which].received_at, mails[which].content);
            }
            assert_counts(own, "true");
            sample_is(own,
                      "SELECT authenticated, message_id FROM reports "
                      "WHERE superseded_by IS NULL",
                      "pass|signed@reporter.example");
            sample_teardown(&own);
        }
}

static void a_plain_file_displaces_nothing_of_more_trust_later(void **state)
{
    struct sample *sample = *state;
    struct arrival *file = sample_mail("file");

    file->is_mail = false;
    sample_put(sample, file, report_with("id", "a"), SAMPLE_NOW);
    assert_int_equal(sample->counts.files, 1);
    put(sample, "forged", AUTH_FAIL, SAMPLE_NOW + 1, "b");
    assert_counts(sample, "a");
    put(sample, "signed", AUTH_PASS, SAMPLE_NOW + 1, "c");
    assert_counts(sample, "c");
}

static void the_same_content_signed_raises_authenticated(void **state)
{
    struct sample *sample = *state;
    struct report *report = report_with("id", "a");

    issue_add(report->issues, ISSUE_REPORT, ISSUE_NOTICE, NULL, "odd");
    sample_put(sample, mail_of("plain", AUTH_NONE, SAMPLE_NOW), report, SAMPLE_NOW);
    put(sample, "failed", AUTH_FAIL, SAMPLE_NOW, "a");
    sample_is(sample, "SELECT authenticated, source FROM reports", "none|mbox#plain");
    put(sample, "signed", AUTH_PASS, SAMPLE_NOW, "a");
    sample_is(sample, "SELECT authenticated, source FROM reports", "pass|mbox#signed");
    sample_is(sample, "SELECT source, report FROM issues", "mbox#signed|1");
    put(sample, "signed too", AUTH_PASS, SAMPLE_NOW, "a");
    put(sample, "plain again", AUTH_NONE, SAMPLE_NOW, "a");
    sample_is(sample, "SELECT authenticated, source FROM reports", "pass|mbox#signed");
}

static struct report *without_id(const char *domain)
{
    struct report *report = report_with("none", "a");

    g_clear_pointer(&report->external_id, g_free);
    if (domain != NULL) {
        sample_outer_domain(report, domain);
        memcpy(report->identity_hash, report->content_hash, RECORD_HASH_BYTES);
        g_free(((struct policy *)report->policies->pdata[0])->domain);
        ((struct policy *)report->policies->pdata[0])->domain = g_strdup(domain);
    }
    return report;
}

static void a_report_without_its_domain_gives_way_to_one_with_it(void **state)
{
    static const enum authenticity cases[][2] = {
        {AUTH_NONE, AUTH_NONE}, {AUTH_PASS, AUTH_PASS}, {AUTH_FAIL, AUTH_FAIL}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        for (int first = 0; first < 2; first++) {
            void *own;
            sample_setup(&own);
            for (int step = 0; step < 2; step++) {
                bool with = (step == 0) == (first == 0);
                sample_put(own,
                           mail_of(with ? "with" : "without", cases[i][with], SAMPLE_NOW - with),
                           without_id(with ? "a.example" : NULL), SAMPLE_NOW);
            }
            sample_is(own, "SELECT domain FROM policies", "a.example");
            sample_teardown(&own);
        }
}

static void one_content_may_be_about_two_domains(void **state)
{
    struct sample *sample = *state;

    sample_put(sample, sample_mail("without"), without_id(NULL), SAMPLE_NOW);
    sample_put(sample, sample_mail("a"), without_id("a.example"), SAMPLE_NOW);
    sample_put(sample, sample_mail("b"), without_id("b.example"), SAMPLE_NOW);
    sample_put(sample, sample_mail("again"), without_id(NULL), SAMPLE_NOW);
    sample_is(sample, "SELECT domain FROM policies ORDER BY 1", "a.example\nb.example");
    sample_is(sample, "SELECT outcome FROM arrivals", "stored\nrevised\nstored\nknown");
}

static void trouble_is_noted_once_for_each_input_and_problem(void **state)
{
    static const char *const inputs[] = {"/a", "/a", "/b"};
    struct sample *sample = *state;
    g_autoptr(GPtrArray) issues = issues_new();
    GError *error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
        issue_add(issues, ISSUE_INPUT, ISSUE_ERROR, NULL, "cannot be opened");
        issues_place(issues, (guint)i, inputs[i]);
    }
    issue_add(issues, ISSUE_INPUT, ISSUE_ERROR, NULL, "is a socket");
    issues_place(issues, 3, "/a");
    sample_begin(sample);
    for (guint i = 0; i < issues->len; i++)
        sample_ok(store_put_trouble(sample->store, issues->pdata[i], SAMPLE_NOW + i,
                                    &sample->counts, &error),
                  error);
    sample_commit(sample);
    assert_int_equal(sample->counts.issues, 3);
    sample_is(sample, "SELECT source, problem, at, report, part FROM issues",
              "/a|cannot be opened|2026-11-18T11:06:40Z|NULL|NULL\n"
              "/b|cannot be opened|2026-11-18T11:06:42Z|NULL|NULL\n"
              "/a|is a socket|2026-11-18T11:06:43Z|NULL|NULL");
}

static void what_cannot_be_read_is_kept_once(void **state)
{
    struct sample *sample = *state;
    static const char *const names[] = {"a", "b"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        struct arrival *mail = sample_mail(names[i]);
        mail->kind = ARRIVAL_OTHER;
        sample_unread(mail, ARRIVAL_OTHER, "cut");
        sample_unread(mail, ARRIVAL_DMARC, "<feedback/>");
        sample_put(sample, mail, NULL, SAMPLE_NOW);
    }
    assert_int_equal(sample->counts.quarantined, 2);
    assert_int_equal(sample->counts.without, 0);
    sample_is(sample, "SELECT kind, size, content, problem FROM unread",
              "other|3|637574|not gzip\ndmarc|11|3C666565646261636B2F3E|not gzip");
}

static void the_outcome_is_that_of_the_weightiest_part(void **state)
{
    struct sample *sample = *state;
    struct arrival *cut = sample_mail("cut"), *both = sample_mail("both"),
                   *known = sample_mail("known"), *nothing = sample_mail("nothing");

    sample_unread(cut, ARRIVAL_OTHER, "1");
    sample_put(sample, cut, NULL, SAMPLE_NOW);
    sample_unread(both, ARRIVAL_OTHER, "2");
    sample_put(sample, both, report_with("id", "a"), SAMPLE_NOW);
    sample_unread(known, ARRIVAL_OTHER, "3");
    sample_put(sample, known, report_with("id", "a"), SAMPLE_NOW);
    issue_add(nothing->issues, ISSUE_NO_REPORT, ISSUE_NOTICE, NULL, "no part is a report");
    sample_put(sample, nothing, NULL, SAMPLE_NOW);
    sample_is(sample, "SELECT outcome FROM arrivals", "quarantined\nstored\nknown\nignored");
    assert_int_equal(sample->counts.without, 1);
    assert_int_equal(sample->counts.issues, 1);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(keeps_all_that_a_report_says),
        IN_STORE(the_same_arrival_again_changes_nothing),
        IN_STORE(the_same_report_in_another_mail_is_known),
        IN_STORE(two_reports_under_one_id_are_both_kept),
        IN_STORE(of_a_revision_both_are_kept_and_the_latest_counts),
        cmocka_unit_test(which_revision_counts_does_not_hang_on_the_order),
        cmocka_unit_test(a_signed_copy_counts_before_an_unsigned_revision),
        IN_STORE(a_plain_file_displaces_nothing_of_more_trust_later),
        IN_STORE(the_same_content_signed_raises_authenticated),
        cmocka_unit_test(a_report_without_its_domain_gives_way_to_one_with_it),
        IN_STORE(one_content_may_be_about_two_domains),
        IN_STORE(trouble_is_noted_once_for_each_input_and_problem),
        IN_STORE(what_cannot_be_read_is_kept_once),
        IN_STORE(the_outcome_is_that_of_the_weightiest_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
