/* DMARC reports in the store: keyed, revised, read again, added up, pruned. */
#include "schema/embedded.h"
#include "schema/store_dmarc.h"
#include "tests/schema/sample.h"

#define TODAY (SAMPLE_NOW - SAMPLE_NOW % SAMPLE_DAY)

static const struct dmarc_auth passes[] = {{.domain = "example.org", .result = "pass"}};
static const struct dmarc_auth several[] = {
    {.domain = "example.org", .detail = "s1", .result = "fail", .human_result = "bad \"body\""},
    {.domain = "esp.example", .detail = "s2", .result = "pass"}};
static const struct dmarc_reason reasons[] = {{.type = "mailing_list", .comment = "known list"}};

/* A report of one day; `id` and organization tell a revision, `content` what is known. */
static struct dmarc_report *report_of(const char *organization, const char *id, gint64 begins_at,
                                      const char *content)
{
    struct dmarc_report *report = dmarc_report_new();
    g_autofree char *identity =
        g_strdup_printf("%s %s %" G_GINT64_FORMAT, organization, id, begins_at);

    report->organization = g_strdup(organization);
    report->external_id = g_strdup(id);
    report->begins_at = begins_at;
    report->ends_at = begins_at + SAMPLE_DAY - 1;
    report->policy.domain = g_strdup("example.org");
    report->policy.p = DMARC_REQUEST_REJECT;
    report->original.bytes = g_bytes_new(content, strlen(content));
    report->original.encoding = ORIGINAL_PLAIN;
    sample_hash(content, report->content_hash);
    sample_hash(identity, report->identity_hash);
    return report;
}

static void add_row(struct dmarc_report *report, const char *ip, bool aligned, int64_t messages)
{
    const struct dmarc_row row = {.source_ip = ip,
                                  .header_from = "example.org",
                                  .messages = messages,
                                  .disposition =
                                      aligned ? DMARC_DISPOSITION_NONE : DMARC_DISPOSITION_REJECT,
                                  .dkim_aligned = aligned ? DMARC_PASS : DMARC_FAIL,
                                  .spf_aligned = DMARC_FAIL,
                                  .dkim = aligned ? passes : several,
                                  .dkim_count = aligned ? 1 : 2,
                                  .dkim_best = aligned ? 0 : 1};

    dmarc_rows_add(report->rows, &row);
}

static void put(struct sample *sample, const char *name, struct dmarc_report *report,
                enum authenticity authenticated, gint64 received_at)
{
    struct arrival *mail = sample_mail(name);

    mail->kind = ARRIVAL_DMARC;
    mail->authenticated = authenticated;
    mail->received_at = received_at;
    g_ptr_array_add(mail->dmarc, report);
    sample_put(sample, mail, NULL, SAMPLE_NOW);
}

static void the_views_give_what_came(void **state)
{
    struct sample *sample = *state;
    struct dmarc_report *report = report_of("org", "1", TODAY, "a");
    struct dmarc_row *row;

    add_row(report, "192.0.2.1", true, 7);
    add_row(report, "192.0.2.2", false, 3);
    row = dmarc_rows_at(report->rows, 1);
    row->header_from = "news.example.org";
    row->reasons = reasons;
    row->reason_count = 1;
    row->spf_aligned = DMARC_VERDICT_UNKNOWN;
    report->policy.sp = DMARC_REQUEST_NONE;
    put(sample, "mail", report, AUTH_NONE, TODAY);
    sample_is(sample,
              "SELECT organization, external_id, domain, p, sp, np, pct, testing, rows, "
              "messages, issues, form FROM dmarc_reports",
              "org|1|example.org|reject|none|NULL|NULL|0|2|10|0|none");
    sample_is(sample,
              "SELECT source_ip, messages, disposition, dkim_aligned, spf_aligned, aligned,"
              " subdomain, policy, reason FROM dmarc_rows",
              "192.0.2.1|7|none|1|0|1|0|reject|NULL\n"
              "192.0.2.2|3|reject|0|NULL|0|1|none|mailing_list");
    sample_is(sample,
              "SELECT dkim_domain, dkim_selector, dkim_result, dkim, spf, reasons FROM "
              "dmarc_rows WHERE messages = 3",
              "esp.example|s2|pass|[{\"domain\":\"example.org\",\"selector\":\"s1\",\"result\":"
              "\"fail\",\"human_result\":\"bad \\\"body\\\"\"},{\"domain\":\"esp.example\","
              "\"selector\":\"s2\",\"result\":\"pass\"}]|[]|"
              "[{\"type\":\"mailing_list\",\"comment\":\"known list\"}]");
    sample_is(sample, "SELECT kind, outcome FROM arrivals", "dmarc|stored");
    assert_int_equal(sample->counts.new_dmarc, 1);
    assert_int_equal(sample->counts.new_reports, 0);
    assert_int_equal(sample->counts.without, 0);
}

static void rows_with_the_same_results_share_them(void **state)
{
    struct sample *sample = *state;
    struct dmarc_report *report = report_of("org", "1", TODAY, "a");

    for (int i = 0; i < 100; i++)
        add_row(report, "192.0.2.1", i % 2 == 0, 1);
    put(sample, "mail", report, AUTH_NONE, TODAY);
    sample_is(sample, "SELECT count(*), (SELECT count(*) FROM dmarc_row) FROM dmarc_list", "2|100");
}

static void the_same_report_again_is_known(void **state)
{
    struct sample *sample = *state;

    put(sample, "one", report_of("org", "1", TODAY, "a"), AUTH_NONE, TODAY);
    g_autofree char *before = sample_ask(sample, "SELECT * FROM dmarc_report");
    put(sample, "two", report_of("org", "1", TODAY, "a"), AUTH_NONE, TODAY + 1);
    g_autofree char *after = sample_ask(sample, "SELECT * FROM dmarc_report");
    assert_string_equal(before, after);
    assert_int_equal(sample->counts.new_dmarc, 1);
    assert_int_equal(sample->counts.known_dmarc, 1);
    sample_is(sample, "SELECT outcome FROM arrivals", "stored\nknown");
}

static void other_content_is_a_revision_and_the_latest_counts(void **state)
{
    static const struct {
        const char *what;
        enum authenticity first, second;
        gint64 later; /* the second than the first */
        const char *counts;
    } cases[] = {
        {"the later one", AUTH_NONE, AUTH_NONE, 60, "b"},
        {"the later one, though it came first", AUTH_NONE, AUTH_NONE, -60, "a"},
        {"the signed one", AUTH_PASS, AUTH_NONE, 60, "a"},
        {"a signed one after a forged one", AUTH_FAIL, AUTH_PASS, -60, "b"},
        {"never one whose signature failed", AUTH_NONE, AUTH_FAIL, 60, "a"},
    };
    struct sample *sample = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *id = g_strdup_printf("id%zu", i);
        g_autofree char *a = g_strdup_printf("a%zu", i), *b = g_strdup_printf("b%zu", i);
        g_autofree char *sql = g_strdup_printf(
            "SELECT substr(CAST(content AS TEXT), 1, 1) FROM dmarc_report JOIN dmarc_xml ON report "
            "= id WHERE superseded_by IS NULL AND external_id = '%s'",
            id);
        put(sample, a, report_of("org", id, TODAY, a), cases[i].first, TODAY);
        put(sample, b, report_of("org", id, TODAY, b), cases[i].second, TODAY + cases[i].later);
        sample_is(sample, sql, cases[i].counts);
    }
    assert_int_equal(sample->counts.revised_dmarc, G_N_ELEMENTS(cases));
    sample_is(sample, "SELECT kind, count(*), count(dmarc_report) FROM issues", "revision|5|5");
    sample_is(sample, "SELECT count(*) FROM dmarc_reports", "10");
}

static void put_from(struct sample *sample, const char *sender, const char *content,
                     enum authenticity authenticated)
{
    struct arrival *mail = sample_mail(content);

    g_free(mail->sender);
    mail->sender = g_strdup(sender);
    mail->kind = ARRIVAL_DMARC;
    mail->authenticated = authenticated;
    mail->received_at = TODAY;
    g_ptr_array_add(mail->dmarc, report_of("org", "1", TODAY, content));
    sample_put(sample, mail, NULL, SAMPLE_NOW);
}

/* Signed by a domain of his own, in the name of another. */
static void a_stranger_displaces_no_report(void **state)
{
    static const struct {
        const char *senders[2];
        enum authenticity authenticated[2];
        const char *counting;
    } cases[] = {
        {{"a@org.example", "a@evil.example"}, {AUTH_PASS, AUTH_PASS}, "2"},
        {{"a@evil.example", "a@org.example"}, {AUTH_PASS, AUTH_PASS}, "2"},
        {{"a@org.example", "a@notorg.example"}, {AUTH_NONE, AUTH_NONE}, "2"},
        {{"a@org.example", "a@evil.example"}, {AUTH_PASS, AUTH_FAIL}, "1"},
        {{"a@evil.example", "a@org.example"}, {AUTH_FAIL, AUTH_PASS}, "1"},
        {{"a@org.example", "b@reports.ORG.example"}, {AUTH_PASS, AUTH_PASS}, "1"},
        {{"a@reports.org.example", "b@org.example"}, {AUTH_PASS, AUTH_PASS}, "1"},
        {{"a@org.example", NULL}, {AUTH_NONE, AUTH_NONE}, "1"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        void *own;
        sample_setup(&own);
        put_from(own, cases[i].senders[0], "a", cases[i].authenticated[0]);
        put_from(own, cases[i].senders[1], "b", cases[i].authenticated[1]);
        sample_is(own, "SELECT count(*) FROM dmarc_reports WHERE superseded_by IS NULL",
                  cases[i].counting);
        sample_teardown(&own);
    }
}

static void a_known_report_that_comes_signed_is_signed(void **state)
{
    struct sample *sample = *state;

    put(sample, "unsigned", report_of("org", "1", TODAY, "a"), AUTH_FAIL, TODAY);
    put(sample, "forged", report_of("org", "1", TODAY, "b"), AUTH_NONE, TODAY + 60);
    put(sample, "signed", report_of("org", "1", TODAY, "a"), AUTH_PASS, TODAY);
    sample_is(sample, "SELECT authenticated, superseded_by IS NULL FROM dmarc_reports",
              "pass|1\nnone|0");
}

static struct store_kept first_kept(struct sample *sample, enum store_kept_kind kind)
{
    struct store_kept kept = {0};
    GError *error = NULL;
    bool found = false;

    sample_ok(store_next_kept(sample->store, kind, 0, &kept, &found, &error), error);
    assert_true(found);
    assert_int_equal(kept.kind, kind);
    return kept;
}

static void replace(struct sample *sample, gint64 id, const struct dmarc_report *report,
                    bool changes)
{
    GError *error = NULL;
    bool changed = !changes;

    sample_begin(sample);
    sample_ok(store_replace_dmarc(sample->store, id, report, &changed, &error), error);
    sample_commit(sample);
    assert_int_equal(changed, changes);
}

static void a_report_is_read_again_in_its_place(void **state)
{
    struct sample *sample = *state;
    struct dmarc_report *report = report_of("org", "1", TODAY, "a");
    g_autoptr(DmarcReport) same = report_of("org", "1", TODAY, "a");
    g_autoptr(DmarcReport) better = report_of("org", "1", TODAY, "a");

    add_row(report, "192.0.2.1", true, 7);
    add_row(same, "192.0.2.1", true, 7);
    add_row(better, "192.0.2.1", true, 7);
    add_row(better, "192.0.2.2", false, 1);
    issue_add(better->issues, ISSUE_DMARC, ISSUE_NOTICE, "RFC 9990", "new");
    put(sample, "mail", report, AUTH_NONE, TODAY);
    struct store_kept kept = first_kept(sample, KEPT_DMARC);
    assert_string_equal(kept.arrival->message_id, "mail@reporter.example");
    replace(sample, kept.id, same, false);
    replace(sample, kept.id, better, true);
    sample_is(sample, "SELECT rows, messages, issues FROM dmarc_reports", "2|8|1");
    sample_is(sample, "SELECT count(*) FROM dmarc_list", "2");
    store_kept_clear(&kept);
}

static void what_was_left_unread_is_read_at_last(void **state)
{
    struct sample *sample = *state;
    struct arrival *mail = sample_mail("old");
    g_autoptr(DmarcReport) report = report_of("org", "1", TODAY, "a");
    GError *error = NULL;

    mail->kind = ARRIVAL_DMARC;
    sample_unread(mail, ARRIVAL_DMARC, "<feedback/>");
    sample_put(sample, mail, NULL, SAMPLE_NOW);
    sample_leave_for_later(sample, "<feedback/>");
    struct store_kept kept = first_kept(sample, KEPT_UNREAD);
    assert_true(kept.later);
    sample_begin(sample);
    sample_ok(
        store_release_dmarc(sample->store, &kept, report, SAMPLE_NOW, &sample->counts, &error),
        error);
    sample_commit(sample);
    sample_is(sample, "SELECT count(*) FROM unread", "0");
    sample_is(sample, "SELECT bytes FROM quarantine", "0");
    sample_is(sample, "SELECT external_id, message_id FROM dmarc_reports",
              "1|old@reporter.example");
    store_kept_clear(&kept);
}

/* A store as the version before made it, with a DMARC report kept and a TLS report quarantined. */
static void make_older_store(const char *path)
{
    static const char fill[] =
        "INSERT INTO arrival (id, key, at, received_at, kind, outcome, is_mail, authenticated, "
        "source) VALUES (1, zeroblob(32), 1, 1, 'dmarc', 'stored', 1, 'none', '-');"
        "INSERT INTO unread (arrival, hash, at, kind, size, encoding, content) VALUES "
        "(1, zeroblob(32), 1, 'dmarc', 100, 'plain', x'00'), "
        "(1, randomblob(32), 1, 'tlsrpt', 10, 'plain', x'00');"
        "PRAGMA application_id=1414288212; PRAGMA user_version=2";
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sqlite3_exec(db, schema_sql[i].text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, fill, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void what_an_earlier_version_kept_is_no_quarantine(void **state)
{
    struct sample *sample = *state;
    g_autofree char *path = g_build_filename(sample->folder, "older.db", NULL);
    struct sample older = {.path = path};
    GError *error = NULL;

    make_older_store(path);
    older.store = store_open(path, STORE_WRITE, &error);
    sample_ok(older.store != NULL, error);
    sample_is(&older, "SELECT kind, later FROM unread", "dmarc|1\ntlsrpt|0");
    sample_is(&older, "SELECT bytes FROM quarantine", "10");
    store_close(older.store);
}

static void append_count(const struct dmarc_count *count, void *data)
{
    g_string_append_printf(data, "%s %u/%u; ", count->domain, count->reports, count->organizations);
}

static void append_sum(const struct dmarc_sum *sum, void *data)
{
    g_string_append_printf(data, "%s:%d ", sum->dkim == DMARC_PASS ? "pass" : "fail",
                           (int)sum->messages);
}

static void append_seen(const struct dmarc_seen *seen, void *data)
{
    g_string_append_printf(data, "p=%s sp=%s np=%s pct=%d %s %u; ",
                           dmarc_request_word(seen->policy.p), dmarc_request_word(seen->policy.sp),
                           dmarc_request_word(seen->policy.np), seen->policy.pct,
                           seen->policy.testing ? "t=y" : "-", seen->reports);
}

static void append_source(const struct dmarc_source *source, void *data)
{
    g_string_append_printf(data, "%s %d-%d %u %s; ", source->source_ip, (int)source->aligned,
                           (int)source->failed, source->organizations,
                           source->dkim_domain != NULL ? source->dkim_domain : "-");
}

static void put_days(struct sample *sample)
{
    for (int i = 0; i < 3; i++) {
        g_autofree char *id = g_strdup_printf("%d", i);
        struct dmarc_report *report =
            report_of(i == 2 ? "other" : "org", id, TODAY - i * SAMPLE_DAY, id);
        add_row(report, "192.0.2.1", true, 10);
        add_row(report, "192.0.2.2", false, 1 + i);
        /* The same record, read by receivers of the older and the newer standard. */
        report->policy.np = i == 1 ? DMARC_REQUEST_REJECT : DMARC_REQUEST_UNKNOWN;
        report->policy.pct = i == 1 ? -1 : 100;
        report->policy.sp = i == 2 ? DMARC_REQUEST_NONE : DMARC_REQUEST_UNKNOWN;
        report->policy.testing = i == 1;
        put(sample, id, report, i == 2 ? AUTH_FAIL : AUTH_NONE, TODAY);
    }
}

/* The older standard's reports, which cannot tell, go with the latest. */
static void a_policy_that_changed_is_told_as_two(void **state)
{
    struct sample *sample = *state;
    g_autoptr(GString) seen = g_string_new(NULL);
    GError *error = NULL;

    for (int i = 0; i < 4; i++) {
        g_autofree char *id = g_strdup_printf("%d", i);
        struct dmarc_report *report = report_of("org", id, TODAY - i * SAMPLE_DAY, id);
        bool old_form = i == 0 || i == 3;
        report->form = old_form ? DMARC_FORM_NONE : DMARC_FORM_RFC9990;
        report->policy.np = old_form ? DMARC_REQUEST_UNKNOWN
                            : i == 1 ? DMARC_REQUEST_NONE
                                     : DMARC_REQUEST_REJECT;
        report->policy.testing = i == 2;
        report->policy.pct = -1;
        put(sample, id, report, AUTH_NONE, TODAY);
    }
    sample_ok(
        store_each_dmarc_seen(sample->store, &(struct store_filter){0}, append_seen, seen, &error),
        error);
    assert_string_equal(seen->str, "p=reject sp=reject np=none pct=100 - 3; "
                                   "p=reject sp=reject np=reject pct=100 t=y 1; ");
}

static void adds_up_what_a_filter_means(void **state)
{
    static const struct {
        struct store_filter filter;
        const char *counts, *sums, *seen, *sources;
    } cases[] = {
        {{0},
         "example.org 3/2; ",
         "fail:3 fail:2 fail:1 pass:10 pass:10 pass:10 ",
         "p=reject sp=reject np=reject pct=100 t=y 2; p=reject sp=none np= pct=100 - 1; ",
         "192.0.2.2 0-6 2 esp.example; 192.0.2.1 30-0 2 example.org; "},
        {{.begins_from = TODAY},
         "example.org 1/1; ",
         "fail:1 pass:10 ",
         "p=reject sp=reject np= pct=100 - 1; ",
         "192.0.2.2 0-1 1 esp.example; 192.0.2.1 10-0 1 example.org; "},
        {{.skip_unauthenticated = true, .begins_to = TODAY},
         "example.org 1/1; ",
         "fail:2 pass:10 ",
         "p=reject sp=reject np=reject pct=100 t=y 1; ",
         "192.0.2.2 0-2 1 esp.example; 192.0.2.1 10-0 1 example.org; "},
        {{.domain = "other.example"}, "", "", "", ""},
        {{.ingested_from = SAMPLE_NOW + 1}, "", "", "", ""},
    };
    struct sample *sample = *state;

    put_days(sample);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct store_filter *filter = &cases[i].filter;
        g_autoptr(GString) counts = g_string_new(NULL), sums = g_string_new(NULL);
        g_autoptr(GString) seen = g_string_new(NULL), sources = g_string_new(NULL);
        struct store *store = sample->store;
        GError *error = NULL;
        sample_ok(store_each_dmarc_count(store, filter, append_count, counts, &error), error);
        sample_ok(store_each_dmarc_sum(store, filter, append_sum, sums, &error), error);
        sample_ok(store_each_dmarc_seen(store, filter, append_seen, seen, &error), error);
        sample_ok(store_each_dmarc_source(store, filter, append_source, sources, &error), error);
        g_auto(GStrv) words = g_strsplit(sums->str, " ", -1);
        g_auto(GStrv) wanted = g_strsplit(cases[i].sums, " ", -1);
        assert_string_equal(counts->str, cases[i].counts);
        assert_int_equal(g_strv_length(words), g_strv_length(wanted));
        for (char **word = words; *word != NULL; word++)
            assert_true(g_strv_contains((const char *const *)wanted, *word));
        assert_string_equal(seen->str, cases[i].seen);
        assert_string_equal(sources->str, cases[i].sources);
    }
}

static void pruning_takes_rows_lists_and_xml_along(void **state)
{
    struct sample *sample = *state;
    struct store_pruned pruned;
    GError *error = NULL;

    put_days(sample);
    sample_ok(store_prune(sample->store, 1, TODAY + SAMPLE_DAY, true, &pruned, &error), error);
    assert_int_equal(pruned.dmarc_reports, 2);
    sample_ok(store_prune(sample->store, 1, TODAY + SAMPLE_DAY, false, &pruned, &error), error);
    assert_int_equal(pruned.dmarc_reports, 2);
    assert_int_equal(pruned.dmarc_rows, 4);
    sample_is(sample,
              "SELECT (SELECT count(*) FROM dmarc_report), (SELECT count(*) FROM "
              "dmarc_row), (SELECT count(*) FROM dmarc_list), (SELECT count(*) FROM "
              "dmarc_xml), (SELECT count(*) FROM pragma_foreign_key_check)",
              "1|2|2|1|0");
}

static void assert_tallies(struct sample *sample, const struct store_filter *filter,
                           const char *wanted)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) tallies = NULL;
    GError *error = NULL;

    tallies = store_count_report_issues(sample->store, filter, &error);
    sample_ok(tallies != NULL, error);
    for (guint i = 0; i < tallies->len; i++) {
        const struct store_tally *tally = g_ptr_array_index(tallies, i);
        g_string_append_printf(text, "%s %u\n", tally->what, tally->count);
    }
    assert_string_equal(text->str, wanted);
}

static void issues_of_a_period_are_tallied_with_those_of_tls_reports(void **state)
{
    struct sample *sample = *state;
    const struct store_filter today = {.begins_from = TODAY, .begins_to = TODAY + SAMPLE_DAY};
    const struct store_filter other = {.domain = "example.net"};
    const struct store_filter trusted = {.begins_from = TODAY, .skip_unauthenticated = true};
    struct dmarc_report *reports[] = {report_of("org", "1", TODAY - SAMPLE_DAY, "a"),
                                      report_of("org", "2", TODAY, "b"),
                                      report_of("org", "3", TODAY, "c")};
    struct report *tls = sample_report("org", "t", TODAY, "t");

    for (size_t i = 0; i < G_N_ELEMENTS(reports); i++) {
        g_autofree char *name = g_strdup_printf("mail %zu", i);
        issue_add(reports[i]->issues, ISSUE_DMARC, ISSUE_NOTICE, NULL, "odd");
        put(sample, name, reports[i], i == 2 ? AUTH_FAIL : AUTH_NONE, TODAY);
    }
    issue_add(tls->issues, ISSUE_REPORT, ISSUE_NOTICE, NULL, "odd");
    sample_put(sample, sample_mail("tls"), tls, SAMPLE_NOW);
    assert_tallies(sample, &today, "dmarc 2\nreport 1\n");
    assert_tallies(sample, &other, "");
    assert_tallies(sample, &trusted, "dmarc 1\nreport 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_views_give_what_came, sample_setup, sample_teardown),
        cmocka_unit_test_setup_teardown(rows_with_the_same_results_share_them, sample_setup,
                                        sample_teardown),
        cmocka_unit_test_setup_teardown(the_same_report_again_is_known, sample_setup,
                                        sample_teardown),
        cmocka_unit_test_setup_teardown(other_content_is_a_revision_and_the_latest_counts,
                                        sample_setup, sample_teardown),
        cmocka_unit_test(a_stranger_displaces_no_report),
        cmocka_unit_test_setup_teardown(a_known_report_that_comes_signed_is_signed, sample_setup,
                                        sample_teardown),
        cmocka_unit_test_setup_teardown(a_report_is_read_again_in_its_place, sample_setup,
                                        sample_teardown),
        cmocka_unit_test_setup_teardown(what_was_left_unread_is_read_at_last, sample_setup,
                                        sample_teardown),
        cmocka_unit_test_setup_teardown(what_an_earlier_version_kept_is_no_quarantine, sample_setup,
                                        sample_teardown),
        cmocka_unit_test_setup_teardown(a_policy_that_changed_is_told_as_two, sample_setup,
                                        sample_teardown),
        cmocka_unit_test_setup_teardown(adds_up_what_a_filter_means, sample_setup, sample_teardown),
        cmocka_unit_test_setup_teardown(issues_of_a_period_are_tallied_with_those_of_tls_reports,
                                        sample_setup, sample_teardown),
        cmocka_unit_test_setup_teardown(pruning_takes_rows_lists_and_xml_along, sample_setup,
                                        sample_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
