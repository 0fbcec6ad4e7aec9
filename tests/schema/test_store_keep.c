#include "schema/error.h"
#include "tests/schema/sample.h"
#include <sqlite3.h>

#define KEEP_DAYS 30
#define OLD (SAMPLE_NOW - 40 * SAMPLE_DAY)
#define NEW (SAMPLE_NOW - 2 * SAMPLE_DAY)

static struct report *report_of(const char *id, gint64 begins_at)
{
    struct report *report = sample_report("org", id, begins_at, id);
    struct policy *policy = sample_policy(report, POLICY_STS, "example.org", 8, 1);

    sample_failure(policy, FAILURE_CERT_EXPIRED, "mx.example.org", 1);
    issue_add(report->issues, ISSUE_REPORT, ISSUE_NOTICE, NULL, "odd");
    return report;
}

static void put(struct sample *sample, const char *id, gint64 begins_at, gint64 received_at,
                gint64 now)
{
    struct arrival *mail = sample_mail(id);

    mail->received_at = received_at;
    issue_add(mail->issues, ISSUE_MAIL, ISSUE_NOTICE, NULL, "no Date");
    sample_put(sample, mail, report_of(id, begins_at), now);
}

/* Prunes; the dry run before must say the same and change nothing. */
static struct store_pruned prune(struct sample *sample, int days)
{
    struct store_pruned would = {0}, pruned = {0};
    GError *error = NULL;
    g_autofree char *before = sample_dump(sample);

    sample_ok(store_prune(sample->store, days, SAMPLE_NOW, true, &would, &error), error);
    g_autofree char *after = sample_dump(sample);
    assert_string_equal(before, after);
    sample_ok(store_prune(sample->store, days, SAMPLE_NOW, false, &pruned, &error), error);
    assert_memory_equal(&would, &pruned, sizeof(pruned));
    return pruned;
}

static void prunes_reports_by_the_end_of_their_period(void **state)
{
    struct sample *sample = *state;
    gint64 cutoff = SAMPLE_NOW - KEEP_DAYS * SAMPLE_DAY;

    put(sample, "old", OLD, OLD, OLD);
    put(sample, "old from an archive", OLD, OLD, NEW);
    put(sample, "just old", cutoff - SAMPLE_DAY, cutoff, NEW);
    put(sample, "just not", cutoff - SAMPLE_DAY + 1, cutoff, NEW);
    put(sample, "new", NEW, NEW, NEW);
    put(sample, "of the future", SAMPLE_NOW + 99 * SAMPLE_DAY, OLD, OLD);
    struct store_pruned pruned = prune(sample, KEEP_DAYS);
    assert_int_equal(pruned.reports, 4);
    sample_is(sample, "SELECT external_id FROM reports", "just not\nnew");
    sample_is(sample, "SELECT count(*) FROM report_json", "2");
    sample_is(sample, "SELECT count(*) FROM policies", "2");
    sample_is(sample, "SELECT count(*) FROM failures", "2");
    sample_is(sample, "SELECT count(*) FROM issues WHERE report IS NOT NULL", "2");
}

static void prunes_arrivals_and_troubles(void **state)
{
    struct sample *sample = *state;
    struct arrival *ignored = sample_mail("ignored");
    g_autoptr(GPtrArray) issues = issues_new();
    GError *error = NULL;

    ignored->kind = ARRIVAL_OTHER;
    sample_put(sample, ignored, NULL, OLD);
    ignored = sample_mail("ignored, dated long ago");
    ignored->kind = ARRIVAL_OTHER;
    ignored->received_at = OLD;
    sample_put(sample, ignored, NULL, NEW);
    put(sample, "old", OLD, OLD, OLD);
    put(sample, "old from an archive", OLD, OLD, NEW);
    put(sample, "a long time on its way", OLD, NEW, NEW);
    issue_add(issues, ISSUE_INPUT, ISSUE_ERROR, NULL, "cannot be opened");
    sample_begin(sample);
    sample_ok(store_put_trouble(sample->store, issues->pdata[0], OLD, &sample->counts, &error),
              error);
    sample_commit(sample);

    struct store_pruned pruned = prune(sample, KEEP_DAYS);
    assert_int_equal(pruned.reports, 3);
    assert_int_equal(pruned.arrivals, 3);
    assert_int_equal(pruned.issues, 1);
    sample_is(sample, "SELECT source FROM arrivals",
              "mbox#ignored, dated long ago\nmbox#a long time on its way");
    pruned = prune(sample, KEEP_DAYS);
    assert_int_equal(pruned.reports + pruned.arrivals + pruned.issues + pruned.quarantined, 0);
}

static void what_was_pruned_can_be_read_again(void **state)
{
    struct sample *sample = *state;

    put(sample, "old", OLD, OLD, OLD);
    put(sample, "a long time on its way", OLD, NEW, NEW);
    g_autofree char *before = sample_ask(sample, "SELECT count(*) FROM failures");
    prune(sample, KEEP_DAYS);
    sample->counts = (struct store_counts){0};
    put(sample, "old", OLD, OLD, SAMPLE_NOW);
    put(sample, "a long time on its way", OLD, NEW, SAMPLE_NOW);
    assert_int_equal(sample->counts.new_reports, 2);
    g_autofree char *after = sample_ask(sample, "SELECT count(*) FROM failures");
    assert_string_equal(before, after);
}

static void prunes_more_than_one_batch(void **state)
{
    enum { REPORTS = 1203 };
    struct sample *sample = *state;
    GError *error = NULL;

    sample_begin(sample);
    for (int i = 0; i < REPORTS; i++) {
        g_autofree char *id = g_strdup_printf("%d", i);
        g_autoptr(Arrival) mail = sample_mail(id);
        mail->received_at = OLD;
        g_ptr_array_add(mail->reports, report_of(id, OLD));
        sample_ok(
            store_put_arrival(sample->store, mail, OLD, SAMPLE_RULES, &sample->counts, &error),
            error);
    }
    sample_commit(sample);
    struct store_pruned pruned = {0};
    sample_ok(store_prune(sample->store, KEEP_DAYS, SAMPLE_NOW, false, &pruned, &error), error);
    assert_int_equal(pruned.reports, REPORTS);
    assert_int_equal(pruned.arrivals, REPORTS);
    sample_is(sample, "SELECT (SELECT count(*) FROM policy) + (SELECT count(*) FROM issue)", "0");
}

static void quarantine(struct sample *sample, const char *text, enum arrival_kind kind, gint64 at)
{
    struct arrival *mail = sample_mail(text);

    mail->received_at = at;
    sample_unread(mail, kind, text);
    sample_put(sample, mail, NULL, at);
}

static void the_quarantine_has_its_own_limits(void **state)
{
    gint64 limit = SAMPLE_NOW - STORE_QUARANTINE_DAYS * SAMPLE_DAY;
    struct sample *sample = *state;

    quarantine(sample, "too old", ARRIVAL_OTHER, limit - 1);
    quarantine(sample, "not yet read", ARRIVAL_DMARC, limit - 1);
    sample_leave_for_later(sample, "not yet read");
    quarantine(sample, "just not", ARRIVAL_OTHER, limit);
    quarantine(sample, "new", ARRIVAL_OTHER, NEW);

    struct store_pruned pruned = prune(sample, 2 * STORE_QUARANTINE_DAYS);
    assert_int_equal(pruned.quarantined, 1);
    assert_int_equal(pruned.arrivals, 0);
    sample_is(sample, "SELECT CAST(content AS TEXT) FROM unread", "not yet read\njust not\nnew");

    /* A shorter keep time is not for what may be read yet, but for what a later version reads. */
    pruned = prune(sample, KEEP_DAYS);
    assert_int_equal(pruned.quarantined, 0);
    assert_int_equal(pruned.arrivals, 2);
    sample_is(sample, "SELECT CAST(content AS TEXT) FROM unread", "just not\nnew");
}

static void the_quarantine_drops_the_oldest_when_it_takes_one_more(void **state)
{
    struct sample *sample = *state;
    const gint64 limit = STORE_QUARANTINE_DAYS * SAMPLE_DAY;

    quarantine(sample, "second", ARRIVAL_OTHER, SAMPLE_NOW + 5);
    quarantine(sample, "first", ARRIVAL_OTHER, SAMPLE_NOW);
    quarantine(sample, "third", ARRIVAL_OTHER, SAMPLE_NOW + limit + 1);
    sample_is(sample, "SELECT CAST(content AS TEXT) FROM unread", "second\nthird");
}

/* Sizes stand in a column, so that small things can pass for large ones. */
static void enlarge_quarantined(const struct sample *sample, gint64 size)
{
    g_autofree char *sql =
        g_strdup_printf("UPDATE unread SET size = %" G_GINT64_FORMAT " WHERE later = 0", size);
    sqlite3 *db;

    assert_int_equal(sqlite3_open(sample->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void the_quarantine_drops_the_oldest_where_it_is_too_large(void **state)
{
    struct sample *sample = *state;
    gint64 half = STORE_QUARANTINE_BYTES / 2;

    quarantine(sample, "b", ARRIVAL_OTHER, NEW + 1);
    quarantine(sample, "a", ARRIVAL_OTHER, NEW);
    quarantine(sample, "dmarc", ARRIVAL_DMARC, NEW);
    sample_leave_for_later(sample, "dmarc");
    enlarge_quarantined(sample, half);
    assert_int_equal(prune(sample, KEEP_DAYS).quarantined, 0);
    quarantine(sample, "c", ARRIVAL_OTHER, NEW);
    sample_is(sample, "SELECT CAST(content AS TEXT) FROM unread ORDER BY 1", "b\nc\ndmarc");

    enlarge_quarantined(sample, STORE_QUARANTINE_BYTES);
    quarantine(sample, "d", ARRIVAL_OTHER, NEW + 2);
    sample_is(sample, "SELECT CAST(content AS TEXT) FROM unread ORDER BY 1", "d\ndmarc");
}

/* Ids and contents of all that is kept. */
static char *walk(struct sample *sample, enum store_kept_kind kind)
{
    GString *found_all = g_string_new(NULL);
    gint64 after = 0;

    for (bool found = true; found;) {
        struct store_kept kept = {0};
        GError *error = NULL;
        sample_ok(store_next_kept(sample->store, kind, after, &kept, &found, &error), error);
        if (found) {
            gsize size;
            const char *bytes = g_bytes_get_data(kept.original.bytes, &size);
            assert_true(kept.id > after);
            assert_int_equal(kept.kind, kind);
            g_string_append_printf(found_all, "%.*s ", (int)size, bytes);
            after = kept.id;
        }
        store_kept_clear(&kept);
    }
    return g_string_free(found_all, FALSE);
}

static void walks_over_reports_and_the_quarantine(void **state)
{
    struct sample *sample = *state;

    put(sample, "a", NEW, NEW, NEW);
    quarantine(sample, "cut", ARRIVAL_OTHER, NEW);
    quarantine(sample, "later", ARRIVAL_DMARC, NEW);
    sample_leave_for_later(sample, "later");
    put(sample, "b", NEW, NEW, NEW);
    quarantine(sample, "too", ARRIVAL_TLSRPT, NEW);
    g_autofree char *reports = walk(sample, KEPT_REPORT);
    assert_string_equal(reports, "a b ");
    g_autofree char *unread = walk(sample, KEPT_UNREAD);
    assert_string_equal(unread, "cut later too ");
}

static struct store_kept first_kept(struct sample *sample, enum store_kept_kind kind)
{
    struct store_kept kept = {0};
    GError *error = NULL;
    bool found = false;

    sample_ok(store_next_kept(sample->store, kind, 0, &kept, &found, &error), error);
    assert_true(found);
    return kept;
}

static void gives_back_how_a_kept_thing_came(void **state)
{
    struct sample *sample = *state;

    for (int quarantined = 0; quarantined < 2; quarantined++) {
        struct arrival *mail = sample_mail(quarantined ? "cut" : "whole");
        struct report *report = quarantined ? NULL : report_of("a", NEW);
        struct original *original =
            quarantined ? &sample_unread(mail, ARRIVAL_OTHER, "cut")->original : &report->original;
        mail->authenticated = AUTH_FAIL;
        mail->report_domain = g_strdup("example.org");
        mail->report_submitter = g_strdup("sender.example");
        original->report_domain = g_strdup("inner.example");
        original->report_submitter = g_strdup("inner.sender.example");
        original->subject = g_strdup("inner");
        sample_put(sample, mail, report, NEW);

        struct store_kept kept = first_kept(sample, quarantined != 0);
        assert_int_equal(kept.original.encoding, quarantined ? ORIGINAL_GZIP : ORIGINAL_PLAIN);
        assert_string_equal(kept.original.part, quarantined ? "1.3" : "1.2");
        assert_string_equal(kept.original.file_name,
                            quarantined ? "report.json.gz" : "report.json");
        assert_string_equal(kept.original.report_domain, "inner.example");
        assert_string_equal(kept.original.report_submitter, "inner.sender.example");
        assert_string_equal(kept.original.subject, "inner");
        assert_int_equal(kept.arrival->authenticated, AUTH_FAIL);
        assert_true(kept.arrival->is_mail);
        assert_int_equal(kept.arrival->received_at, SAMPLE_NOW);
        assert_string_equal(kept.arrival->sender, "tlsrpt@reporter.example");
        assert_string_equal(kept.arrival->report_domain, "example.org");
        assert_string_equal(kept.arrival->report_submitter, "sender.example");
        assert_true(g_str_has_prefix(kept.arrival->message_id, quarantined ? "cut" : "whole"));
        assert_true(g_str_has_prefix(kept.arrival->source, "mbox#"));
        assert_true(g_str_has_prefix(kept.arrival->subject, "Report Domain: example.org"));
        store_kept_clear(&kept);
    }
}

static bool replace(struct sample *sample, const struct report *report)
{
    GError *error = NULL;
    bool changed = false;

    sample_begin(sample);
    sample_ok(store_replace_report(sample->store, 1, report, SAMPLE_RULES + 1, &changed, &error),
              error);
    sample_commit(sample);
    return changed;
}

static void a_report_read_again_takes_its_own_place(void **state)
{
    struct sample *sample = *state;
    g_autoptr(Report) same = report_of("a", NEW);
    g_autoptr(Report) other = report_of("a", NEW);
    struct policy *policy = g_ptr_array_index(other->policies, 0);

    put(sample, "a", NEW, NEW, NEW);
    assert_false(replace(sample, same));
    sample_is(sample,
              "SELECT count(*) FROM issue i JOIN report r ON r.id = i.report "
              "WHERE i.at <> r.ingested_at",
              "0");
    sample_is(sample, "SELECT classified FROM report", "2");
    sample_is(sample, "SELECT count(*) FROM issues WHERE report = 1", "1");

    ((struct failure *)policy->details->pdata[0])->failure_type = FAILURE_CERT_NOT_TRUSTED;
    g_free(other->organization);
    other->organization = g_strdup("other org");
    g_ptr_array_set_size(other->issues, 0);
    assert_true(replace(sample, other));
    assert_false(replace(sample, other));
    sample_is(sample, "SELECT report, organization, issues, message_id FROM reports",
              "1|other org|0|a@reporter.example");
    sample_is(sample, "SELECT failure_type FROM failures", "cert-not-trusted");
    sample_is(sample, "SELECT count(*) FROM report_json", "1");

    g_ptr_array_set_size(other->policies, 0);
    assert_true(replace(sample, other));
    sample_is(sample, "SELECT count(*) FROM policies", "0");
}

static void replacing_keeps_the_note_of_a_revision(void **state)
{
    struct sample *sample = *state;
    struct report *second = report_of("a", NEW);
    g_autoptr(Report) again = report_of("a", NEW);

    put(sample, "a", NEW, NEW, NEW);
    sample_hash("second", second->content_hash);
    sample_hash("second", second->json_hash);
    sample_put(sample, sample_mail("second"), second, NEW);
    sample_is(sample, "SELECT superseded_by FROM reports", "2\nNULL");
    assert_false(replace(sample, again));
    sample_is(sample, "SELECT superseded_by FROM reports", "2\nNULL");
    sample_is(sample, "SELECT report, kind FROM issues WHERE report IS NOT NULL ORDER BY 1, 2",
              "1|report\n2|report\n2|revision");
}

static void replacing_what_is_not_there_is_an_error(void **state)
{
    struct sample *sample = *state;
    g_autoptr(Report) report = report_of("a", NEW);
    GError *error = NULL;
    bool changed;

    sample_begin(sample);
    assert_false(store_replace_report(sample->store, 7, report, SAMPLE_RULES, &changed, &error));
    assert_non_null(error);
    g_clear_error(&error);
    store_rollback(sample->store);
}

static void release(struct sample *sample, struct report *report)
{
    struct store_kept kept = first_kept(sample, KEPT_UNREAD);
    GError *error = NULL;

    sample_begin(sample);
    sample_ok(store_release(sample->store, &kept, report, SAMPLE_NOW, SAMPLE_RULES, &sample->counts,
                            &error),
              error);
    sample_commit(sample);
    store_kept_clear(&kept);
    report_free(report);
}

static void what_can_be_read_at_last_leaves_the_quarantine(void **state)
{
    struct sample *sample = *state;

    quarantine(sample, "cut", ARRIVAL_OTHER, NEW);
    release(sample, report_of("a", NEW));
    sample_is(sample, "SELECT count(*) FROM unread", "0");
    sample_is(sample, "SELECT external_id, message_id FROM reports", "a|cut@reporter.example");
    sample_is(sample, "SELECT outcome FROM arrivals", "stored");
    assert_int_equal(sample->counts.new_reports, 1);

    quarantine(sample, "cut too", ARRIVAL_OTHER, NEW);
    release(sample, report_of("a", NEW));
    sample_is(sample, "SELECT count(*) FROM unread", "0");
    sample_is(sample, "SELECT outcome FROM arrivals", "stored\nknown");
    assert_int_equal(sample->counts.known, 1);
}

static void release_leaves_a_better_outcome(void **state)
{
    struct sample *sample = *state;
    struct arrival *mail = sample_mail("both");

    sample_unread(mail, ARRIVAL_OTHER, "cut");
    sample_put(sample, mail, report_of("a", NEW), NEW);
    release(sample, report_of("a", NEW));
    sample_is(sample, "SELECT outcome FROM arrivals", "stored");
}

static void a_forgery_from_the_quarantine_displaces_nothing(void **state)
{
    struct sample *sample = *state;
    struct arrival *forged = sample_mail("forged");
    struct report *report = report_of("a", NEW);

    put(sample, "a", NEW, NEW, NEW);
    forged->authenticated = AUTH_FAIL;
    sample_unread(forged, ARRIVAL_OTHER, "cut");
    sample_put(sample, forged, NULL, NEW);
    sample_hash("forged", report->content_hash);
    sample_hash("forged", report->json_hash);
    release(sample, report);
    sample_is(sample, "SELECT superseded_by FROM reports", "NULL\n1");
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(prunes_reports_by_the_end_of_their_period),
        IN_STORE(prunes_arrivals_and_troubles),
        IN_STORE(what_was_pruned_can_be_read_again),
        IN_STORE(prunes_more_than_one_batch),
        IN_STORE(the_quarantine_has_its_own_limits),
        IN_STORE(the_quarantine_drops_the_oldest_when_it_takes_one_more),
        IN_STORE(the_quarantine_drops_the_oldest_where_it_is_too_large),
        IN_STORE(walks_over_reports_and_the_quarantine),
        IN_STORE(gives_back_how_a_kept_thing_came),
        IN_STORE(a_report_read_again_takes_its_own_place),
        IN_STORE(replacing_keeps_the_note_of_a_revision),
        IN_STORE(replacing_what_is_not_there_is_an_error),
        IN_STORE(what_can_be_read_at_last_leaves_the_quarantine),
        IN_STORE(release_leaves_a_better_outcome),
        IN_STORE(a_forgery_from_the_quarantine_displaces_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
