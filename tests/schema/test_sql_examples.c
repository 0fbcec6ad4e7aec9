/* What man/tlstriage-sql.5 says of the views, against a store with some days of reports in it. */
#include "schema/dmarc_record.h"
#include "schema/store_log.h"
#include "tests/schema/sample.h"

#define PAGE "man/tlstriage-sql.5"
#define EXAMPLES_PER_VIEW 3

static const char *const views[] = {"reports",       "policies",    "failures", "deliveries",
                                    "log_failures",  "domain_days", "issues",   "arrivals",
                                    "dmarc_reports", "dmarc_rows"};

static char *read_page(void)
{
    GError *error = NULL;
    char *page = NULL;

    sample_ok(g_file_get_contents(PAGE, &page, NULL, &error), error);
    return page;
}

/* The page's section about a view, to the next one. */
static char *section_of(const char *page, const char *view)
{
    g_autofree char *title = g_strdup_printf("\n.Ss %s\n", view);
    const char *begin = strstr(page, title);
    g_auto(GStrv) rest = NULL;

    if (begin == NULL)
        fail_msg("%s has no section %s", PAGE, view);
    rest = g_regex_split_simple("\n\\.S[hs] ", begin + strlen(title), 0, 0);
    return g_strdup(rest[0]);
}

/* Every example stands in a literal block, and nothing else of a view's section does. */
static GPtrArray *examples_of(const char *section)
{
    static const char opening[] = "\n.Bd -literal -offset indent\n", closing[] = "\n.Ed";
    GPtrArray *examples = g_ptr_array_new_with_free_func(g_free);

    while ((section = strstr(section, opening)) != NULL) {
        section += strlen(opening);
        const char *end = strstr(section, closing);
        assert_non_null(end);
        g_ptr_array_add(examples, g_strndup(section, (gsize)(end - section)));
        section = end;
    }
    return examples;
}

/* What a daily reporter sends: an MTA-STS policy and a failure of DANE. */
static void put_day(struct sample *sample, const char *organization, gint64 now, int days_ago)
{
    gint64 begins_at = now - now % SAMPLE_DAY - days_ago * SAMPLE_DAY;
    g_autofree char *id = g_strdup_printf("%s %d", organization, days_ago);
    struct arrival *mail = sample_mail(id);
    struct report *report = sample_report(organization, id, begins_at, id);
    struct policy *sts = sample_policy(report, POLICY_STS, "example.org", 10, 0);
    struct policy *tlsa = sample_policy(report, POLICY_TLSA, "example.org", 5, 5);

    sts->mode = STS_MODE_ENFORCE;
    g_ptr_array_add(sts->strings, g_strdup(days_ago > 8 ? "mode: testing" : "mode: enforce"));
    g_ptr_array_add(tlsa->strings, g_strdup("3 1 1 0123"));
    sample_failure(tlsa, FAILURE_DANE_CERT_MISMATCH, NULL, 5);
    if (days_ago == 1)
        sample_failure(tlsa, FAILURE_STARTTLS_ABSENT, "mx2.example.org", 1);
    mail->received_at = begins_at + 2 * SAMPLE_DAY;
    sample_put(sample, mail, report, now);
}

static void put_forged_revision(struct sample *sample, gint64 now)
{
    gint64 begins_at = now - now % SAMPLE_DAY - SAMPLE_DAY;
    struct report *report = sample_report("daily", "daily 1", begins_at, "forged");
    struct arrival *mail = sample_mail("forged");

    issue_add(report->issues, ISSUE_REPORT, ISSUE_WARNING, "RFC 8460, section 4.4",
              "\"contact-info\" missing");
    mail->authenticated = AUTH_FAIL;
    sample_put(sample, mail, report, now);
}

static void put_what_holds_no_report(struct sample *sample, gint64 now)
{
    struct arrival *unreadable = sample_mail("unreadable"), *spam = sample_mail("spam");

    sample_unread(unreadable, ARRIVAL_TLSRPT, "cut");
    issue_add(unreadable->issues, ISSUE_CONTAINER, ISSUE_ERROR, "RFC 1952", "not gzip");
    spam->kind = ARRIVAL_OTHER;
    issue_add(spam->issues, ISSUE_NO_REPORT, ISSUE_NOTICE, NULL, "no part is a report");
    sample_put(sample, unreadable, NULL, now);
    sample_put(sample, spam, NULL, now);
}

/* A day of our own log: a resolver that fails for an hour, a message that is returned. */
static void put_log(struct sample *sample, gint64 now)
{
    static const enum session_outcome outcomes[] = {SESSION_VERIFIED, SESSION_PLAINTEXT,
                                                    SESSION_FAILED};
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};
    GError *error = NULL;

    for (guint64 i = 0; i < 24; i++) {
        g_autofree char *domain = g_strdup_printf("d%u.example", (unsigned)i % 8);
        struct log_event event = {.mark = i,
                                  .at = now - 86400,
                                  .host = "mx1",
                                  .mta = MTA_POSTFIX,
                                  .direction = i < 20 ? DIRECTION_OUT : DIRECTION_IN,
                                  .domain = domain,
                                  .mx = "mx.example.net",
                                  .level = LEVEL_DANE,
                                  .sessions = 1,
                                  .session = outcomes[i % 3],
                                  .delay = -1,
                                  .queue_id = domain,
                                  .outcome = LOG_OUTCOME_DEFERRED,
                                  .failure_type = FAILURE_TLSA_LOOKUP_ERROR,
                                  .detail = DETAIL_TLSA_LOOKUP_ERROR,
                                  .line = "line"};
        log_writer_take(writer, &event);
        event.kind = LOG_EVENT_FAILURE;
        log_writer_take(writer, &event);
        event.kind = LOG_EVENT_EXPIRED;
        log_writer_take(writer, &event);
    }
    sample_begin(sample);
    sample_ok(log_writer_write(writer, &error), error);
    sample_commit(sample);
    log_writer_settle(writer, true, &counts);
    log_writer_free(writer);
}

static void put_dmarc(struct sample *sample, gint64 now, enum dmarc_request asked)
{
    const struct dmarc_auth spf = {.domain = "mailer.example", .result = "pass"};
    const struct dmarc_row row = {.source_ip = "192.0.2.7",
                                  .header_from = "example.org",
                                  .messages = 3,
                                  .spf = &spf,
                                  .spf_count = 1,
                                  .disposition = DMARC_DISPOSITION_NONE,
                                  .dkim_aligned = DMARC_FAIL,
                                  .spf_aligned = DMARC_FAIL};
    struct dmarc_report *report = dmarc_report_new();
    struct arrival *mail = sample_mail(dmarc_request_word(asked));

    report->organization = g_strdup("reporter");
    report->error = g_strdup("two DMARC records");
    report->policy.domain = g_strdup("example.org");
    report->policy.p = asked;
    report->begins_at = now - SAMPLE_DAY;
    report->ends_at = now;
    dmarc_rows_add(report->rows, &row);
    sample_hash(dmarc_request_word(asked), report->content_hash);
    sample_hash(dmarc_request_word(asked), report->identity_hash);
    g_ptr_array_add(mail->dmarc, report);
    sample_put(sample, mail, NULL, now);
}

/* The examples ask for "the last week", and SQLite's clock is that of the machine. */
static int setup(void **state)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    sample_setup(state);
    for (int days_ago = 1; days_ago <= 12; days_ago++)
        put_day(*state, "daily", now, days_ago);
    for (int days_ago = 7; days_ago <= 12; days_ago++)
        put_day(*state, "fell silent", now, days_ago);
    put_forged_revision(*state, now);
    put_what_holds_no_report(*state, now);
    put_log(*state, now);
    put_dmarc(*state, now, DMARC_REQUEST_NONE);
    put_dmarc(*state, now, DMARC_REQUEST_REJECT);
    return 0;
}

static void each_example_of_the_manual_finds_rows(void **state)
{
    g_autofree char *page = read_page();

    for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
        g_autofree char *section = section_of(page, views[i]);
        g_autoptr(GPtrArray) examples = examples_of(section);
        assert_int_equal(examples->len, EXAMPLES_PER_VIEW);
        for (guint e = 0; e < examples->len; e++) {
            const char *sql = g_ptr_array_index(examples, e);
            g_autofree char *answer = sample_ask(*state, sql);
            if (*answer == '\0')
                fail_msg("no row for %s", sql);
            if (strstr(sql, views[i]) == NULL)
                fail_msg("not about %s: %s", views[i], sql);
        }
    }
}

/* The columns that a section documents, in order: the words of ".It Li a , Li b". */
static char *documented_columns(const char *section)
{
    g_auto(GStrv) lines = g_strsplit(section, "\n", -1);
    GString *columns = g_string_new(NULL);

    for (char **line = lines; *line != NULL; line++) {
        if (!g_str_has_prefix(*line, ".It "))
            continue;
        g_auto(GStrv) words = g_strsplit_set(*line + strlen(".It "), " ,", -1);
        for (char **word = words; *word != NULL; word++)
            if (**word != '\0' && strcmp(*word, "Li") != 0)
                g_string_append_printf(columns, "%s\n", *word);
    }
    return g_string_free(columns, FALSE);
}

/* Whether each line of `some` is a line of `all`; gives the first that is not. */
static char *missing_line(const char *some, const char *all)
{
    g_auto(GStrv) wanted = g_strsplit(some, "\n", -1);
    g_auto(GStrv) there = g_strsplit(all, "\n", -1);

    for (char **line = wanted; *line != NULL; line++)
        if (!g_strv_contains((const char *const *)there, *line))
            return g_strdup(*line);
    return NULL;
}

static void the_manual_has_each_column_and_no_other(void **state)
{
    g_autofree char *page = read_page();

    for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
        g_autofree char *section = section_of(page, views[i]);
        g_autofree char *documented = documented_columns(section);
        g_autofree char *sql =
            g_strdup_printf("SELECT name FROM pragma_table_info('%s')", views[i]);
        g_autofree char *columns = sample_ask(*state, sql);
        g_autofree char *forgotten = missing_line(columns, documented);
        g_autofree char *invented = NULL;
        if (forgotten != NULL)
            fail_msg("%s.%s is not documented", views[i], forgotten);
        g_strchomp(documented);
        if ((invented = missing_line(documented, columns)) != NULL)
            fail_msg("%s has no column %s", views[i], invented);
    }
}

static void the_manual_names_every_view(void **state)
{
    g_autofree char *page = read_page();
    g_autofree char *names =
        sample_ask(*state, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY rowid");
    g_auto(GStrv) there = g_strsplit(names, "\n", -1);

    assert_int_equal(g_strv_length(there), G_N_ELEMENTS(views));
    for (size_t i = 0; i < G_N_ELEMENTS(views); i++)
        assert_string_equal(there[i], views[i]);
}

static void assert_word(const char *section, const char *word)
{
    g_autofree char *pattern = g_strdup_printf("\\.?Li %s( [.,;:]+)?\n", word);

    if (!g_regex_match_simple(pattern, section, 0, 0))
        fail_msg("the word %s is not documented", word);
}

#define ASSERT_WORDS(section, word_of, last)                                                       \
    for (int value = 0; value <= (int)(last); value++)                                             \
    assert_word(section, word_of(value))

static void the_manual_has_each_word_a_column_can_have(void **state)
{
    g_autofree char *page = read_page();
    g_autofree char *reports = section_of(page, "reports");
    g_autofree char *policies = section_of(page, "policies");
    g_autofree char *failures = section_of(page, "failures");
    g_autofree char *deliveries = section_of(page, "deliveries");
    g_autofree char *log_failures = section_of(page, "log_failures");
    g_autofree char *details = section_of(page, "Details of logs");
    g_autofree char *issues = section_of(page, "issues");
    g_autofree char *arrivals = section_of(page, "arrivals");
    g_autofree char *types = section_of(page, "Failure types");

    (void)state;
    ASSERT_WORDS(reports, authenticity_word, AUTH_FAIL);
    ASSERT_WORDS(policies, policy_type_word, POLICY_OTHER);
    ASSERT_WORDS(policies, domain_source_word, DOMAIN_UNKNOWN);
    for (int mode = STS_MODE_ENFORCE; mode <= STS_MODE_NONE; mode++)
        assert_word(policies, sts_mode_word(mode));
    ASSERT_WORDS(failures, layer_word, LAYER_REPORTING);
    ASSERT_WORDS(failures, mail_effect_word, EFFECT_RETURNED);
    ASSERT_WORDS(deliveries, mta_word, MTA_POWERMTA);
    ASSERT_WORDS(deliveries, direction_word, DIRECTION_IN);
    ASSERT_WORDS(deliveries, tls_level_word, LEVEL_HALFDANE);
    ASSERT_WORDS(deliveries, session_outcome_word, SESSION_FAILED);
    for (int version = TLS_VERSION_UNKNOWN + 1; version <= TLS_VERSION_1_3; version++)
        assert_word(deliveries, tls_version_word(version));
    ASSERT_WORDS(log_failures, direction_word, DIRECTION_IN);
    ASSERT_WORDS(log_failures, log_outcome_word, LOG_OUTCOME_OTHER_MX);
    for (int detail = DETAIL_NONE + 1; detail < DETAIL_COUNT; detail++)
        assert_word(details, log_detail_word(detail));
    ASSERT_WORDS(issues, issue_kind_word, ISSUE_DMARC);
    ASSERT_WORDS(issues, issue_severity_word, ISSUE_ERROR);
    ASSERT_WORDS(arrivals, arrival_kind_word, ARRIVAL_LOG);
    ASSERT_WORDS(arrivals, arrival_outcome_word, OUTCOME_STORED);
    for (int type = 0; type < FAILURE_TYPE_COUNT; type++) {
        g_autofree char *entry =
            g_strdup_printf(".It Li %s\n%s (%s)\n", failure_type_word(type),
                            failure_type_label(type), layer_word(failure_type_layer(type)));
        if (strstr(types, entry) == NULL)
            fail_msg("not documented: %s", entry);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_example_of_the_manual_finds_rows),
        cmocka_unit_test(the_manual_has_each_column_and_no_other),
        cmocka_unit_test(the_manual_names_every_view),
        cmocka_unit_test(the_manual_has_each_word_a_column_can_have),
    };

    return cmocka_run_group_tests(tests, setup, sample_teardown);
}
