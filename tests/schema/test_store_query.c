#include "schema/error.h"
#include "tests/schema/sample.h"

#define TODAY (SAMPLE_NOW - SAMPLE_NOW % SAMPLE_DAY)

static const struct store_filter everything;

/* A report with sessions of one domain; the id is its content too. */
static struct report *report_of(const char *id, gint64 begins_at, const char *domain)
{
    struct report *report = sample_report("org", id, begins_at, id);

    sample_policy(report, POLICY_STS, domain, 8, 1);
    return report;
}

static void put(struct sample *sample, const char *name, struct report *report,
                enum authenticity authenticated, gint64 now)
{
    struct arrival *mail = sample_mail(name);

    mail->authenticated = authenticated;
    sample_put(sample, mail, report, now);
}

static void add_id(const struct stored_report *stored, void *data)
{
    g_string_append_printf(data, "%s:%u ", stored->report->external_id,
                           stored->report->policies->len);
}

static void assert_reports(struct sample *sample, const struct store_filter *filter,
                           const char *wanted)
{
    g_autoptr(GString) ids = g_string_new(NULL);
    GError *error = NULL;

    sample_ok(store_each_report(sample->store, filter, add_id, ids, &error), error);
    assert_string_equal(ids->str, wanted);
}

static void gives_the_reports_that_a_filter_means(void **state)
{
    struct sample *sample = *state;
    const gint64 later = SAMPLE_NOW + 60;
    const struct {
        struct store_filter filter;
        const char *ids;
    } cases[] = {
        {{0}, "a:2 forged:1 c:1 d:1 "},
        {{.ingested_from = later}, "d:1 "},
        {{.ingested_to = later}, "a:2 forged:1 c:1 "},
        {{.ingested_from = SAMPLE_NOW, .ingested_to = later + 1}, "a:2 forged:1 c:1 d:1 "},
        {{.begins_from = TODAY}, "c:1 d:1 "},
        {{.begins_to = TODAY}, "a:2 forged:1 "},
        {{.begins_from = TODAY, .begins_to = TODAY + 1}, "c:1 d:1 "},
        {{.domain = "a.example"}, "a:1 forged:1 d:1 "},
        {{.domain = "b.example"}, "a:1 c:1 "},
        {{.domain = "A.EXAMPLE"}, ""},
        {{.domain = "' OR 1"}, ""},
        {{.skip_unauthenticated = true}, "a:2 c:1 d:1 "},
        {{.domain = "a.example", .begins_to = TODAY, .skip_unauthenticated = true}, "a:1 "},
    };
    struct report *two = report_of("a", TODAY - SAMPLE_DAY, "a.example");
    struct report *revised = report_of("c", TODAY, "b.example");

    sample_policy(two, POLICY_TLSA, "b.example", 1, 0);
    put(sample, "a", two, AUTH_PASS, SAMPLE_NOW);
    put(sample, "b", report_of("forged", TODAY - SAMPLE_DAY, "a.example"), AUTH_FAIL, SAMPLE_NOW);
    sample_hash("old", revised->content_hash);
    sample_hash("old", revised->json_hash);
    put(sample, "old", revised, AUTH_NONE, SAMPLE_NOW);
    put(sample, "c", report_of("c", TODAY, "b.example"), AUTH_NONE, SAMPLE_NOW);
    put(sample, "d", report_of("d", TODAY, "a.example"), AUTH_NONE, later);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_reports(sample, &cases[i].filter, cases[i].ids);
}

static void check_whole(const struct stored_report *stored, void *data)
{
    const struct report *report = stored->report;
    const struct policy *tlsa = g_ptr_array_index(report->policies, 0);
    const struct policy *odd = g_ptr_array_index(report->policies, 1);
    const struct failure *failure = g_ptr_array_index(tlsa->details, 0);

    (*(int *)data)++;
    assert_int_equal(stored->id, 1);
    assert_int_equal(stored->authenticated, AUTH_PASS);
    assert_int_equal(stored->received_at, SAMPLE_NOW);
    assert_int_equal(stored->ingested_at, SAMPLE_NOW + 7);
    assert_string_equal(report->organization, "org");
    assert_string_equal(report->submitter, "reporter.example");
    assert_string_equal(report->contact, "tls@reporter.example");
    assert_int_equal(report->begins_at, TODAY);
    assert_int_equal(report->ends_at, TODAY + SAMPLE_DAY - 1);
    assert_int_equal(tlsa->type, POLICY_TLSA);
    assert_string_equal(tlsa->type_word, "tlsa");
    assert_int_equal(tlsa->mode, STS_MODE_UNKNOWN);
    assert_string_equal(tlsa->policy_domain, "mx.example.org");
    assert_int_equal(tlsa->domain_source, DOMAIN_FROM_SIBLING);
    assert_int_equal(tlsa->strings->len, 2);
    assert_string_equal(g_ptr_array_index(tlsa->strings, 1), "\"\xc3\xa4\"\x1b");
    assert_string_equal(g_ptr_array_index(tlsa->mx_hosts, 0), "mx.example.org");
    assert_int_equal(tlsa->successes, RECORD_COUNT_MAX);
    assert_int_equal(failure->result_type, RESULT_TLSA_INVALID);
    assert_string_equal(failure->result_word, "tlsa-invalid");
    assert_int_equal(failure->failure_type, FAILURE_DANE_CERT_MISMATCH);
    assert_int_equal(failure->mail_effect, EFFECT_DEFERRED);
    assert_string_equal(failure->helo, "helo");
    assert_string_equal(failure->reason_code, "code");
    assert_null(failure->mx);
    assert_int_equal(failure->sessions, 2);
    assert_int_equal(odd->type, POLICY_OTHER);
    assert_null(odd->type_word);
    assert_null(odd->policy_domain);
    assert_string_equal(odd->domain, "");
    assert_int_equal(odd->domain_source, DOMAIN_UNKNOWN);
}

static void gives_a_report_back_as_it_was_stored(void **state)
{
    struct sample *sample = *state;
    struct report *report = sample_report("org", "a", TODAY, "a");
    struct policy *tlsa = sample_policy(report, POLICY_TLSA, "example.org", RECORD_COUNT_MAX, 2);
    struct failure *failure = sample_failure(tlsa, FAILURE_DANE_CERT_MISMATCH, NULL, 2);
    struct policy *odd = sample_policy(report, POLICY_OTHER, "", 0, 0);
    GError *error = NULL;
    int times = 0;

    g_ptr_array_add(tlsa->strings, g_strdup("3 1 1 ab"));
    g_ptr_array_add(tlsa->strings, g_strdup("\"\xc3\xa4\"\x1b"));
    g_ptr_array_add(tlsa->mx_hosts, g_strdup("mx.example.org"));
    g_free(failure->result_word);
    failure->result_word = g_strdup("tlsa-invalid");
    failure->helo = g_strdup("helo");
    failure->reason_code = g_strdup("code");
    g_clear_pointer(&odd->type_word, g_free);
    g_clear_pointer(&odd->policy_domain, g_free);
    odd->domain_source = DOMAIN_UNKNOWN;
    put(sample, "a", report, AUTH_PASS, SAMPLE_NOW + 7);
    sample_ok(store_each_report(sample->store, &everything, check_whole, &times, &error), error);
    assert_int_equal(times, 1);
}

static void assert_sum(struct sample *sample, const struct store_filter *filter, const char *where)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT coalesce(sum(successes), 0), coalesce(sum(failures), 0) FROM domain_days %s",
        where);
    int64_t successes = -1, failures = -1;
    GError *error = NULL;

    sample_ok(store_sum_sessions(sample->store, filter, NULL, &successes, &failures, &error),
              error);
    g_autofree char *sum =
        g_strdup_printf("%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT, successes, failures);
    sample_is(sample, sql, sum);
}

/* Two days, two reporters, the same sessions under DANE at two hosts and under MTA-STS. */
static void put_shared_sessions(struct sample *sample)
{
    struct report *a = sample_report("org", "a", TODAY, "a");
    struct report *b = sample_report("org", "b", TODAY + 3600, "b");
    struct report *c = sample_report("other", "c", TODAY, "c");
    struct report *d = sample_report("org", "d", TODAY - 1, "d");

    sample_policy(a, POLICY_TLSA, "example.org", 30, 1);
    sample_policy(a, POLICY_TLSA, "example.org", 20, 2);
    sample_policy(a, POLICY_STS, "example.org", 45, 9);
    sample_policy(a, POLICY_NONE_FOUND, "example.net", 7, 0);
    sample_policy(b, POLICY_STS, "example.org", 10, 1);
    sample_policy(c, POLICY_STS, "example.org", 100, 0);
    sample_policy(d, POLICY_STS, "example.org", 1000, 3);
    put(sample, "a", a, AUTH_NONE, SAMPLE_NOW);
    put(sample, "b", b, AUTH_NONE, SAMPLE_NOW);
    put(sample, "c", c, AUTH_NONE, SAMPLE_NOW);
    put(sample, "d", d, AUTH_NONE, SAMPLE_NOW);
}

static void counts_sessions_once(void **state)
{
    struct sample *sample = *state;
    const struct store_filter one_domain = {.domain = "example.org"},
                              one_day = {.begins_from = TODAY, .begins_to = TODAY + SAMPLE_DAY},
                              nothing = {.domain = "nowhere.example"};

    assert_sum(sample, &everything, "");
    put_shared_sessions(sample);
    sample_is(sample,
              "SELECT day, direction, domain, successes, failures, reporters FROM domain_days",
              "2026-11-17|in|example.org|1000|3|1\n"
              "2026-11-18|in|example.net|7|0|1\n"
              "2026-11-18|in|example.org|155|10|2");
    assert_sum(sample, &everything, "");
    assert_sum(sample, &one_domain, "WHERE domain = 'example.org'");
    assert_sum(sample, &one_day, "WHERE day = '2026-11-18'");
    assert_sum(sample, &nothing, "WHERE domain = 'nowhere.example'");
}

static void a_superseded_report_adds_nothing(void **state)
{
    struct sample *sample = *state;
    struct report *revision = report_of("a", TODAY, "example.org");

    put(sample, "a", report_of("a", TODAY, "example.org"), AUTH_NONE, SAMPLE_NOW);
    sample_hash("other", revision->content_hash);
    sample_hash("other", revision->json_hash);
    put(sample, "b", revision, AUTH_NONE, SAMPLE_NOW);
    sample_is(sample, "SELECT successes, failures, reporters FROM domain_days", "8|1|1");
    assert_sum(sample, &everything, "");
}

static void put_failure(struct sample *sample, const char *id, int days_ago, enum failure_type type,
                        const char *mx)
{
    struct report *report = report_of(id, TODAY - days_ago * SAMPLE_DAY + 3600, "example.org");

    sample_failure(g_ptr_array_index(report->policies, 0), type, mx, 1);
    put(sample, id, report, AUTH_NONE, SAMPLE_NOW);
}

static void add_day(const char *organization, gint64 day, void *data)
{
    g_string_append_printf(data, "%s %d ", organization, (int)((TODAY - day) / SAMPLE_DAY));
}

static void assert_days(struct sample *sample, enum failure_type type, const char *mx, gint64 from,
                        gint64 until, const char *wanted)
{
    GError *error = NULL;
    g_autoptr(GString) days = g_string_new(NULL);

    sample_ok(store_failing_days(sample->store, type, mx, "example.org", from, until, add_day, days,
                                 &error),
              error);
    assert_string_equal(days->str, wanted);
}

static void gives_the_days_on_which_it_failed_before(void **state)
{
    struct sample *sample = *state;
    const gint64 now = TODAY + SAMPLE_DAY;

    put_failure(sample, "0", 0, FAILURE_CERT_EXPIRED, "mx1.example.org");
    put_failure(sample, "1", 1, FAILURE_CERT_EXPIRED, "mx2.example.org");
    put_failure(sample, "1 again", 1, FAILURE_CERT_EXPIRED, "mx2.example.org");
    put_failure(sample, "2", 2, FAILURE_STARTTLS_ABSENT, "mx1.example.org");
    put_failure(sample, "3", 3, FAILURE_CERT_EXPIRED, NULL);
    put_failure(sample, "5", 5, FAILURE_CERT_EXPIRED, "mx1.example.org");
    assert_days(sample, FAILURE_CERT_EXPIRED, "mx1.example.org", 0, now, "org 0 org 5 ");
    assert_days(sample, FAILURE_CERT_EXPIRED, NULL, 0, now, "org 0 org 1 org 3 org 5 ");
    assert_days(sample, FAILURE_CERT_EXPIRED, NULL, TODAY - 2 * SAMPLE_DAY, now, "org 0 org 1 ");
    assert_days(sample, FAILURE_CERT_EXPIRED, NULL, 0, TODAY - 1, "org 1 org 3 org 5 ");
    assert_days(sample, FAILURE_STARTTLS_ABSENT, NULL, 0, now, "org 2 ");
    assert_days(sample, FAILURE_TLSA_UNUSABLE, NULL, 0, now, "");
}

static char *tally_text(GPtrArray *tallies)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < tallies->len; i++) {
        const struct store_tally *tally = g_ptr_array_index(tallies, i);
        g_string_append_printf(text, "%s %u\n", tally->what, tally->count);
    }
    g_ptr_array_unref(tallies);
    return g_string_free(text, FALSE);
}

static void put_for_tallies(struct sample *sample, const char *name, gint64 now)
{
    struct arrival *mail = sample_mail(name);

    issue_add(mail->issues, ISSUE_MAIL, ISSUE_NOTICE, NULL, "odd");
    issue_add(mail->issues, ISSUE_CONTAINER, ISSUE_ERROR, NULL, "cut");
    issue_add(mail->issues, ISSUE_CONTAINER, ISSUE_ERROR, NULL, "cut too");
    sample_unread(mail, ARRIVAL_OTHER, name);
    sample_put(sample, mail, NULL, now);
}

static void tallies_what_came_in(void **state)
{
    struct sample *sample = *state;
    const struct store_filter filter = {.ingested_from = SAMPLE_NOW,
                                        .ingested_to = SAMPLE_NOW + 10};
    guint quarantined = 9, not_yet = 9;
    GError *error = NULL;
    struct arrival *dmarc = sample_mail("dmarc");

    put_for_tallies(sample, "before", SAMPLE_NOW - 1);
    put_for_tallies(sample, "first", SAMPLE_NOW);
    put_for_tallies(sample, "last", SAMPLE_NOW + 9);
    put_for_tallies(sample, "after", SAMPLE_NOW + 10);
    put(sample, "a", report_of("a", TODAY, "example.org"), AUTH_NONE, SAMPLE_NOW + 5);
    dmarc->kind = ARRIVAL_DMARC;
    sample_unread(dmarc, ARRIVAL_DMARC, "<feedback/>");
    sample_put(sample, dmarc, NULL, SAMPLE_NOW);
    sample_leave_for_later(sample, "<feedback/>");

    g_autofree char *issues = tally_text(store_count_issues(sample->store, &filter, &error));
    assert_string_equal(issues, "container 4\nmail 2\n");
    g_autofree char *arrivals = tally_text(store_count_arrivals(sample->store, &filter, &error));
    assert_string_equal(arrivals, "tlsrpt quarantined 2\ndmarc quarantined 1\ntlsrpt stored 1\n");
    sample_ok(store_count_unread(sample->store, &filter, &quarantined, &not_yet, &error), error);
    assert_int_equal(quarantined, 2);
    assert_int_equal(not_yet, 1);
    sample_ok(store_count_unread(sample->store, &everything, &quarantined, &not_yet, &error),
              error);
    assert_int_equal(quarantined, 4);
}

static void tallies_the_issues_of_the_reports_of_a_period(void **state)
{
    struct sample *sample = *state;
    const struct store_filter today = {.begins_from = TODAY, .begins_to = TODAY + 86400};
    const struct store_filter one = {.domain = "example.net"};
    struct report *reports[] = {report_of("a", TODAY - 86400, "example.org"),
                                report_of("b", TODAY, "example.org"),
                                report_of("c", TODAY, "example.net")};
    GError *error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(reports); i++) {
        issue_add(reports[i]->issues, ISSUE_REPORT, ISSUE_NOTICE, NULL, "odd");
        put(sample, reports[i]->external_id, reports[i], AUTH_NONE, SAMPLE_NOW);
    }
    put_for_tallies(sample, "no report", SAMPLE_NOW);
    g_autofree char *all =
        tally_text(store_count_report_issues(sample->store, &everything, &error));
    assert_string_equal(all, "report 3\n");
    g_autofree char *of_today =
        tally_text(store_count_report_issues(sample->store, &today, &error));
    assert_string_equal(of_today, "report 2\n");
    g_autofree char *of_one = tally_text(store_count_report_issues(sample->store, &one, &error));
    assert_string_equal(of_one, "report 1\n");
}

static void remembers_what_the_last_digest_covered(void **state)
{
    static const gint64 ends[] = {200, 100, 300};
    struct sample *sample = *state;
    gint64 last = -1;
    GError *error = NULL;

    sample_ok(store_last_digest(sample->store, &last, &error), error);
    assert_int_equal(last, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        sample_begin(sample);
        sample_ok(store_put_digest(sample->store, SAMPLE_NOW, 0, ends[i], "postmaster", &error),
                  error);
        sample_commit(sample);
        sample_ok(store_last_digest(sample->store, &last, &error), error);
        assert_int_equal(last, i < 2 ? 200 : 300);
    }
}

static void answers_questions(void **state)
{
    static const struct {
        const char *sql, *answer;
    } cases[] = {
        {"SELECT 1, 'two', NULL, 2.5, x'00aBff', x'', ''", "1|two|NULL|2.5|00ABFF||"},
        {"SELECT 1; SELECT 2;;\n -- and a comment\n; SELECT 3", "1\n2\n3"},
        {"SELECT 1 WHERE 0", ""},
        {"", ""},
        {" -- only a comment", ""},
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
         "SELECT i FROM n",
         "1\n2\n3"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        sample_is(*state, cases[i].sql, cases[i].answer);
}

static bool take_names(int columns, const char *const *names, const char *const *cells, void *data)
{
    (void)cells;
    for (int i = 0; i < columns; i++)
        g_string_append_printf(data, "%s,", names[i]);
    return false;
}

static void a_taker_that_has_enough_gets_no_more(void **state)
{
    struct sample *sample = *state;
    g_autoptr(GString) names = g_string_new(NULL);
    GError *error = NULL;

    sample_ok(store_query(sample->store,
                          "SELECT 1 AS a, 2 AS b UNION ALL SELECT 3, 4; SELECT 5 AS c", take_names,
                          names, &error),
              error);
    assert_string_equal(names->str, "a,b,");
}

static void a_question_cannot_write(void **state)
{
    struct sample *sample = *state;
    g_autofree char *beside = g_build_filename(sample->folder, "beside.db", NULL);
    g_autofree char *attach = g_strdup_printf("ATTACH '%s' AS b; CREATE TABLE b.t (a)", beside);
    const char *const cases[] = {
        "DELETE FROM report",
        "UPDATE arrival SET at = 0",
        "SELECT 1; INSERT INTO digest_sent VALUES (1, 1, 1, 1, 'a', 'b')",
        "PRAGMA query_only=OFF; DROP TABLE report",
        "CREATE TABLE t (a)",
        "PRAGMA query_only=OFF; PRAGMA user_version=7",
        attach,
        "SELECT",
        "SELECT nothing FROM reports",
    };
    GError *error = NULL;

    put(sample, "a", report_of("a", TODAY, "example.org"), AUTH_NONE, SAMPLE_NOW);
    g_autofree char *before = sample_dump(sample);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct store *reader = store_open(sample->path, STORE_READ, &error);
        g_autoptr(GString) rows = g_string_new(NULL);
        sample_ok(reader != NULL, error);
        if (store_query(reader, cases[i], sample_take_row, rows, &error))
            fail_msg("was not refused: %s", cases[i]);
        assert_true(g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_STORE));
        g_clear_error(&error);
        store_close(reader);
    }
    g_autofree char *after = sample_dump(sample);
    assert_string_equal(before, after);
    assert_false(g_file_test(beside, G_FILE_TEST_EXISTS));
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(gives_the_reports_that_a_filter_means),
        IN_STORE(gives_a_report_back_as_it_was_stored),
        IN_STORE(counts_sessions_once),
        IN_STORE(a_superseded_report_adds_nothing),
        IN_STORE(gives_the_days_on_which_it_failed_before),
        IN_STORE(tallies_what_came_in),
        IN_STORE(tallies_the_issues_of_the_reports_of_a_period),
        IN_STORE(remembers_what_the_last_digest_covered),
        IN_STORE(answers_questions),
        IN_STORE(a_taker_that_has_enough_gets_no_more),
        IN_STORE(a_question_cannot_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
