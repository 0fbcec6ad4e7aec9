#include "schema/dmarc_record.h"
#include "schema/store_overview.h"
#include "tests/schema/sample.h"

/* A mail that came at `now`, of which nothing is kept. */
static void put_mail(struct sample *sample, const char *name, enum arrival_kind kind,
                     const char *sender, gint64 now)
{
    struct arrival *mail = sample_mail(name);

    mail->kind = kind;
    g_free(mail->sender);
    mail->sender = g_strdup(sender);
    sample_put(sample, mail, NULL, now);
}

static void put_report(struct sample *sample, const char *name, const char *organization,
                       enum authenticity authenticated, gint64 now)
{
    struct arrival *mail = sample_mail(name);

    mail->authenticated = authenticated;
    sample_put(sample, mail, sample_report(organization, name, now, name), now);
}

static void put_dmarc(struct sample *sample, const char *name, const char *organization,
                      enum authenticity authenticated, gint64 now)
{
    struct arrival *mail = sample_mail(name);
    struct dmarc_report *report = dmarc_report_new();

    mail->kind = ARRIVAL_DMARC;
    mail->authenticated = authenticated;
    report->organization = g_strdup(organization);
    report->external_id = g_strdup(name);
    report->begins_at = now - SAMPLE_DAY;
    report->ends_at = now;
    report->policy.domain = g_strdup("example.org");
    sample_hash(name, report->content_hash);
    sample_hash(name, report->identity_hash);
    g_ptr_array_add(mail->dmarc, report);
    sample_put(sample, mail, NULL, now);
}

static void append_arrivals(const struct store_arrivals_of *arrivals, void *data)
{
    g_string_append_printf(data, "%s %s %s %u\n", arrivals->kind, arrivals->outcome,
                           arrivals->sender != NULL ? arrivals->sender : "-", arrivals->count);
}

static void append_problem(const char *problem, const char *clause, guint count, void *data)
{
    g_string_append_printf(data, "%s (%s) %u\n", problem, clause != NULL ? clause : "-", count);
}

static void append_unsigned(const char *organization, guint failed, guint passed, void *data)
{
    g_string_append_printf(data, "%s %u %u\n", organization, failed, passed);
}

static void assert_kinds(struct sample *sample, gint64 from, gint64 to, const char *wanted)
{
    g_autoptr(GString) found = g_string_new(NULL);
    GError *error = NULL;

    sample_ok(store_each_kind(sample->store, from, to, append_arrivals, found, &error), error);
    assert_string_equal(found->str, wanted);
}

static void assert_senders(struct sample *sample, gint64 from, gint64 to, const char *wanted)
{
    g_autoptr(GString) found = g_string_new(NULL);
    GError *error = NULL;

    sample_ok(store_each_sender(sample->store, from, to, append_arrivals, found, &error), error);
    assert_string_equal(found->str, wanted);
}

static void an_empty_store_has_no_rows(void **state)
{
    assert_kinds(*state, 0, 0, "");
    assert_senders(*state, 0, 0, "");
}

static void arrivals_are_counted_by_kind_outcome_and_sender(void **state)
{
    struct sample *sample = *state;

    put_mail(sample, "1", ARRIVAL_OTHER, "a@one.example", SAMPLE_NOW);
    put_mail(sample, "2", ARRIVAL_OTHER, "b@one.example", SAMPLE_NOW);
    put_mail(sample, "3", ARRIVAL_OTHER, NULL, SAMPLE_NOW);
    put_mail(sample, "4", ARRIVAL_BOUNCE, "mailer-daemon", SAMPLE_NOW);
    put_mail(sample, "5", ARRIVAL_ARF, "\"who@fake.example\"@real.example", SAMPLE_NOW);
    put_report(sample, "6", "Org", AUTH_PASS, SAMPLE_NOW);
    assert_kinds(sample, 0, 0,
                 "other ignored - 3\narf ignored - 1\nbounce ignored - 1\ntlsrpt stored - 1\n");
    assert_senders(sample, 0, 0,
                   "other ignored one.example 2\narf ignored real.example 1\nbounce ignored - 1\n"
                   "other ignored - 1\ntlsrpt stored reporter.example 1\n");
}

static void the_time_has_a_first_and_an_end(void **state)
{
    struct sample *sample = *state;

    put_mail(sample, "before", ARRIVAL_OTHER, "a@before.example", SAMPLE_NOW - 1);
    put_mail(sample, "first", ARRIVAL_OTHER, "a@first.example", SAMPLE_NOW);
    put_mail(sample, "last", ARRIVAL_OTHER, "a@last.example", SAMPLE_NOW + 9);
    put_mail(sample, "after", ARRIVAL_OTHER, "a@after.example", SAMPLE_NOW + 10);
    assert_kinds(sample, SAMPLE_NOW, SAMPLE_NOW + 10, "other ignored - 2\n");
    assert_senders(sample, SAMPLE_NOW, SAMPLE_NOW + 10,
                   "other ignored first.example 1\nother ignored last.example 1\n");
    assert_kinds(sample, SAMPLE_NOW + 10, 0, "other ignored - 1\n");
}

static void kinds_are_whole_where_senders_are_without_end(void **state)
{
    struct sample *sample = *state;
    g_autoptr(GString) found = g_string_new(NULL);
    GError *error = NULL;
    guint lines = 0;

    put_mail(sample, "one", ARRIVAL_ARF, "a@often.example", SAMPLE_NOW);
    put_mail(sample, "two", ARRIVAL_ARF, "b@often.example", SAMPLE_NOW);
    sample_begin(sample);
    for (int i = 0; i < STORE_OVERVIEW_ROWS + 50; i++) {
        g_autofree char *name = g_strdup_printf("a@d%d.example", i);
        struct arrival *mail = sample_mail(name);
        mail->kind = ARRIVAL_OTHER;
        g_free(mail->sender);
        mail->sender = g_strdup(name);
        sample_ok(store_put_arrival(sample->store, mail, SAMPLE_NOW, SAMPLE_RULES, &sample->counts,
                                    &error),
                  error);
        arrival_free(mail);
    }
    sample_commit(sample);
    g_autofree char *wanted =
        g_strdup_printf("other ignored - %d\narf ignored - 2\n", STORE_OVERVIEW_ROWS + 50);
    assert_kinds(sample, 0, 0, wanted);
    sample_ok(store_each_sender(sample->store, 0, 0, append_arrivals, found, &error), error);
    for (const char *at = found->str; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, STORE_OVERVIEW_ROWS);
    assert_true(g_str_has_prefix(found->str, "arf ignored often.example 2\n"));
}

static void put_unread(struct sample *sample, const char *name, const char *problem,
                       const char *clause, gint64 now)
{
    struct arrival *mail = sample_mail(name);
    struct unread *unread = sample_unread(mail, ARRIVAL_TLSRPT, name);

    g_free(unread->problem);
    g_free(unread->clause);
    unread->problem = g_strdup(problem);
    unread->clause = g_strdup(clause);
    sample_put(sample, mail, NULL, now);
}

static void problems_are_counted_by_reason(void **state)
{
    struct sample *sample = *state;
    g_autoptr(GString) found = g_string_new(NULL);
    GError *error = NULL;

    put_unread(sample, "1", "no TLS report", "RFC 8460, section 4.4", SAMPLE_NOW);
    put_unread(sample, "2", "cut off", NULL, SAMPLE_NOW);
    put_unread(sample, "3", "no TLS report", "RFC 8460, section 4.4", SAMPLE_NOW + 5);
    put_unread(sample, "4", "cut off", NULL, SAMPLE_NOW + 10);
    sample_ok(store_each_problem(sample->store, SAMPLE_NOW, SAMPLE_NOW + 10, append_problem, found,
                                 &error),
              error);
    assert_string_equal(found->str, "no TLS report (RFC 8460, section 4.4) 2\ncut off (-) 1\n");
}

static void who_failed_its_signature_is_told_with_what_ever_passed(void **state)
{
    struct sample *sample = *state;
    g_autoptr(GString) found = g_string_new(NULL);
    GError *error = NULL;

    put_report(sample, "1", "Google", AUTH_PASS, SAMPLE_NOW - 99 * SAMPLE_DAY);
    put_report(sample, "2", "Google", AUTH_FAIL, SAMPLE_NOW);
    put_report(sample, "3", "Google", AUTH_FAIL, SAMPLE_NOW);
    put_report(sample, "4", "Nobody", AUTH_FAIL, SAMPLE_NOW);
    put_report(sample, "5", "Earlier", AUTH_FAIL, SAMPLE_NOW - 1);
    put_report(sample, "6", "Fine", AUTH_PASS, SAMPLE_NOW);
    sample_ok(store_each_unsigned(sample->store, SAMPLE_NOW, 0, append_unsigned, found, &error),
              error);
    assert_string_equal(found->str, "Google 2 1\nNobody 1 0\n");
}

static void signatures_of_dmarc_reports_count_as_well(void **state)
{
    struct sample *sample = *state;
    g_autoptr(GString) found = g_string_new(NULL);
    GError *error = NULL;

    put_dmarc(sample, "1", "Google", AUTH_PASS, SAMPLE_NOW - 9 * SAMPLE_DAY);
    put_dmarc(sample, "2", "Google", AUTH_FAIL, SAMPLE_NOW);
    put_report(sample, "3", "Google", AUTH_FAIL, SAMPLE_NOW);
    put_report(sample, "4", "Google", AUTH_PASS, SAMPLE_NOW);
    put_dmarc(sample, "5", "Nobody", AUTH_FAIL, SAMPLE_NOW);
    put_dmarc(sample, "8", "Nobody", AUTH_FAIL, SAMPLE_NOW);
    put_dmarc(sample, "9", "Nobody", AUTH_FAIL, SAMPLE_NOW);
    put_dmarc(sample, "6", "Earlier", AUTH_FAIL, SAMPLE_NOW - 1);
    put_dmarc(sample, "7", "Fine", AUTH_PASS, SAMPLE_NOW);
    sample_ok(store_each_unsigned(sample->store, SAMPLE_NOW, 0, append_unsigned, found, &error),
              error);
    assert_string_equal(found->str, "Google 2 2\nNobody 3 0\n");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_store_has_no_rows),
        TEST(arrivals_are_counted_by_kind_outcome_and_sender),
        TEST(the_time_has_a_first_and_an_end),
        TEST(kinds_are_whole_where_senders_are_without_end),
        TEST(problems_are_counted_by_reason),
        TEST(who_failed_its_signature_is_told_with_what_ever_passed),
        TEST(signatures_of_dmarc_reports_count_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
