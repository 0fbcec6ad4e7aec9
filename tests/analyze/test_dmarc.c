/* Alignment, what a policy asks for, and the sums that a digest tells. */
#include "analyze/dmarc.h"
#include "analyze/dmarc_sum.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#define DAY INT64_C(86400)
#define TODAY (INT64_C(20000) * DAY)

static void alignment_follows_the_organizational_domain(void **state)
{
    static const struct {
        const char *from, *domain;
        enum dmarc_strictness strictness;
        enum dmarc_verdict verdict;
    } cases[] = {
        {"example.org", "example.org", DMARC_STRICT, DMARC_PASS},
        {"example.org", "mail.example.org", DMARC_STRICT, DMARC_FAIL},
        {"mail.example.org", "example.org", DMARC_STRICT, DMARC_FAIL},
        {"example.org", "mail.example.org", DMARC_RELAXED, DMARC_PASS},
        {"mail.example.org", "example.org", DMARC_RELAXED, DMARC_PASS},
        {"mail.example.org", "news.example.org", DMARC_STRICTNESS_UNKNOWN, DMARC_PASS},
        {"example.org", "example.net", DMARC_RELAXED, DMARC_FAIL},
        {"example.org", "notexample.org", DMARC_RELAXED, DMARC_FAIL},
        {"example.org", NULL, DMARC_RELAXED, DMARC_FAIL},
        {NULL, "example.org", DMARC_RELAXED, DMARC_FAIL},
        /* One may be an organization and co.uk none: that takes the DNS. */
        {"a.co.uk", "b.co.uk", DMARC_RELAXED, DMARC_VERDICT_UNKNOWN},
        {"a.co.uk", "b.co.uk", DMARC_STRICT, DMARC_FAIL},
        {"example.org", "org", DMARC_RELAXED, DMARC_FAIL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        if (dmarc_alignment(cases[i].from, cases[i].domain, cases[i].strictness, "example.org") !=
            cases[i].verdict)
            fail_msg("case %zu", i);
}

/* A report with one row whose results are given. */
static struct dmarc_report *report_of(uint8_t dkim_said, uint8_t spf_said,
                                      const struct dmarc_auth *dkim, uint8_t dkim_count,
                                      const struct dmarc_auth *spf)
{
    struct dmarc_report *report = dmarc_report_new();
    const struct dmarc_row row = {.header_from = "example.org",
                                  .messages = 1,
                                  .dkim_said = dkim_said,
                                  .spf_said = spf_said,
                                  .dkim = dkim,
                                  .dkim_count = dkim_count,
                                  .spf = spf,
                                  .spf_count = spf != NULL};

    report->policy.domain = g_strdup("example.org");
    dmarc_rows_add(report->rows, &row);
    dmarc_judge(report);
    return report;
}

static const struct dmarc_row *row_of(const struct dmarc_report *report)
{
    return dmarc_rows_at(report->rows, 0);
}

static const struct dmarc_auth ours = {.domain = "example.org", .result = "pass"};
static const struct dmarc_auth theirs = {.domain = "esp.example", .result = "pass"};
static const struct dmarc_auth failed = {.domain = "example.org", .result = "fail"};

static void what_is_said_holds(void **state)
{
    g_autoptr(DmarcReport) passed = report_of(DMARC_PASS, DMARC_FAIL, &failed, 1, &ours);
    g_autoptr(DmarcReport) agreed = report_of(DMARC_PASS, DMARC_FAIL, &ours, 1, &theirs);

    (void)state;
    assert_int_equal(row_of(passed)->dkim_aligned, DMARC_PASS);
    assert_int_equal(row_of(passed)->spf_aligned, DMARC_FAIL);
    assert_int_equal(passed->issues->len, 2); /* one for each contradiction */
    assert_int_equal(row_of(agreed)->dkim_aligned, DMARC_PASS);
    assert_int_equal(row_of(agreed)->spf_aligned, DMARC_FAIL);
    assert_int_equal(agreed->issues->len, 0);
}

static void where_nothing_is_said_results_tell(void **state)
{
    static const struct dmarc_auth sibling = {.domain = "b.co.uk", .result = "pass"};
    static const struct {
        const struct dmarc_auth *auth;
        enum dmarc_verdict verdict;
    } cases[] = {{&ours, DMARC_PASS},
                 {&theirs, DMARC_FAIL},
                 {&failed, DMARC_FAIL},
                 {NULL, DMARC_VERDICT_UNKNOWN}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DmarcReport) report =
            report_of(DMARC_VERDICT_UNKNOWN, DMARC_VERDICT_UNKNOWN, cases[i].auth,
                      cases[i].auth != NULL, cases[i].auth);
        assert_int_equal(row_of(report)->dkim_aligned, cases[i].verdict);
        assert_int_equal(row_of(report)->spf_aligned, cases[i].verdict);
        assert_int_equal(report->issues->len, 0);
    }
    g_autoptr(DmarcReport) report =
        report_of(DMARC_VERDICT_UNKNOWN, DMARC_VERDICT_UNKNOWN, &sibling, 1, NULL);
    assert_int_equal(row_of(report)->dkim_aligned, DMARC_FAIL);
}

static void the_name_in_helo_counts_where_there_is_no_other(void **state)
{
    static const struct dmarc_auth results[] = {
        {.domain = "example.org", .detail = "helo", .result = "pass"},
        {.domain = "example.org", .detail = "mfrom", .result = "softfail"}};
    static const struct {
        uint8_t count;
        const char *envelope_from;
        enum dmarc_verdict verdict;
    } cases[] = {{1, NULL, DMARC_PASS}, {1, "example.org", DMARC_FAIL}, {2, NULL, DMARC_FAIL}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DmarcReport) report =
            report_of(DMARC_FAIL, DMARC_VERDICT_UNKNOWN, NULL, 0, results);
        struct dmarc_row *row = dmarc_rows_at(report->rows, 0);
        row->spf_count = cases[i].count;
        row->envelope_from = cases[i].envelope_from;
        dmarc_judge(report);
        assert_int_equal(row->spf_aligned, cases[i].verdict);
    }
}

static void the_result_that_tells_most_is_chosen(void **state)
{
    const struct dmarc_auth all[] = {theirs, failed, ours, theirs};

    (void)state;
    for (uint8_t count = 1; count <= 4; count++) {
        g_autoptr(DmarcReport) report = report_of(DMARC_PASS, DMARC_FAIL, all, count, NULL);
        static const uint8_t best[] = {0, 0, 1, 2, 2};
        assert_int_equal(row_of(report)->dkim_best, best[count]);
    }
}

static void a_policy_asks_by_name_and_less_while_it_is_tested(void **state)
{
    const enum dmarc_request none = DMARC_REQUEST_NONE, quarantine = DMARC_REQUEST_QUARANTINE,
                             reject = DMARC_REQUEST_REJECT, unsaid = DMARC_REQUEST_UNKNOWN;
    const struct {
        struct dmarc_policy policy;
        const char *from;
        enum dmarc_request least, most;
    } cases[] = {
        {{.p = reject, .pct = -1}, "example.org", reject, reject},
        {{.p = reject, .sp = none, .pct = 100}, "example.org", reject, reject},
        {{.p = reject, .sp = none, .pct = 100}, "a.example.org", none, none},
        {{.p = reject, .sp = unsaid, .pct = 100}, "a.example.org", reject, reject},
        /* Whether the name exists the report does not tell. */
        {{.p = none, .sp = none, .np = reject, .pct = -1}, "a.example.org", none, reject},
        {{.p = none, .sp = none, .np = reject, .pct = -1}, "example.org", none, none},
        {{.p = reject, .pct = -1, .testing = true}, "example.org", quarantine, quarantine},
        {{.p = quarantine, .pct = -1, .testing = true}, "example.org", none, none},
        {{.p = reject, .pct = 50}, "example.org", quarantine, reject},
        {{.p = quarantine, .pct = 0}, "example.org", none, quarantine},
        {{.p = unsaid, .pct = -1}, "example.org", none, none},
        {{.p = reject, .pct = -1}, NULL, reject, reject},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct dmarc_policy policy = cases[i].policy;
        policy.domain = (char *)"example.org";
        struct dmarc_asked asked = dmarc_asked_for(&policy, cases[i].from);
        if (asked.least != cases[i].least || asked.most != cases[i].most)
            fail_msg("case %zu: %d to %d", i, asked.least, asked.most);
    }
}

static struct dmarc_builder *builder_of(const char *domain, dmarc_wanted_fn wanted)
{
    const struct dmarc_count count = {
        .domain = domain, .reports = 2, .organizations = 1, .first_at = TODAY, .last_at = TODAY};
    struct dmarc_builder *builder = dmarc_builder_new(wanted, NULL);

    dmarc_builder_add_count(builder, &count);
    return builder;
}

static void add(struct dmarc_builder *builder, enum dmarc_request asked,
                enum dmarc_disposition disposition, const char *reason, bool aligned,
                int64_t messages)
{
    const struct dmarc_policy policy = {
        .domain = (char *)"example.org", .p = asked, .sp = DMARC_REQUEST_NONE, .pct = -1};
    const struct dmarc_sum sum = {.domain = "example.org",
                                  .policy = &policy,
                                  .reason = reason,
                                  .disposition = disposition,
                                  .dkim = aligned ? DMARC_PASS : DMARC_FAIL,
                                  .spf = DMARC_FAIL,
                                  .messages = messages};

    dmarc_builder_add_sum(builder, &sum);
}

static const struct dmarc_domain *only(const struct dmarc_set *set)
{
    assert_int_equal(set->domains->len, 1);
    return set->domains->pdata[0];
}

static void dispositions_are_held_against_the_policy(void **state)
{
    struct dmarc_builder *builder = builder_of("example.org", NULL);

    (void)state;
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_REJECT, NULL, false, 1);
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_QUARANTINE, NULL, false, 2);
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_NONE, NULL, false, 4);
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_NONE, "mailing_list", false, 8);
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_QUARANTINE, "local_policy", false, 16);
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_NONE, "mailing_list", false, 32);
    add(builder, DMARC_REQUEST_NONE, DMARC_DISPOSITION_NONE, NULL, false, 64);
    add(builder, DMARC_REQUEST_NONE, DMARC_DISPOSITION_QUARANTINE, "local_policy", false, 128);
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_PASS, NULL, true, 256);
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_REJECT, "local_policy", true, 512);

    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    const struct dmarc_domain *domain = only(set);
    assert_int_equal(domain->messages, 1023);
    assert_int_equal(domain->aligned, 768);
    assert_int_equal(domain->dkim_aligned, 768);
    assert_int_equal(domain->spf_aligned, 0);
    assert_int_equal(domain->failed, 255);
    assert_int_equal(domain->rejected, 1);
    assert_int_equal(domain->quarantined, 2 + 16 + 128);
    assert_int_equal(domain->delivered, 4 + 8 + 32 + 64);
    assert_int_equal(domain->unfollowed, 2 + 4);
    assert_int_equal(domain->overridden, 8 + 16 + 32);
    assert_int_equal(domain->not_asked, 64);
    assert_int_equal(domain->punished, 512);
    assert_int_equal(domain->overrides->len, 2);
    assert_string_equal(((struct dmarc_override *)domain->overrides->pdata[0])->type,
                        "mailing_list");
    assert_int_equal(((struct dmarc_override *)domain->overrides->pdata[0])->messages, 40);
}

static void reasons_add_up_to_what_was_set_aside(void **state)
{
    const struct dmarc_policy policy = {
        .domain = (char *)"example.org", .p = DMARC_REQUEST_REJECT, .pct = 50};
    struct dmarc_sum sum = {.domain = "example.org",
                            .policy = &policy,
                            .reason = "sampled_out",
                            .disposition = DMARC_DISPOSITION_QUARANTINE,
                            .dkim = DMARC_FAIL,
                            .spf = DMARC_FAIL,
                            .messages = 90};
    struct dmarc_builder *builder = builder_of("example.org", NULL);

    (void)state;
    dmarc_builder_add_sum(builder, &sum);
    sum.reason = "mailing_list";
    sum.disposition = DMARC_DISPOSITION_NONE;
    sum.messages = 5;
    dmarc_builder_add_sum(builder, &sum);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    assert_int_equal(only(set)->overridden, 5);
    assert_int_equal(only(set)->overrides->len, 1);
    assert_int_equal(((struct dmarc_override *)only(set)->overrides->pdata[0])->messages, 5);
}

static void what_is_asked_of_a_sample_or_of_np_is_not_known(void **state)
{
    static const struct {
        enum dmarc_request np;
        int pct;
        bool subdomain;
        const char *reason;
        int64_t not_asked, perhaps;
    } cases[] = {
        {DMARC_REQUEST_UNKNOWN, 50, false, NULL, 0, 9},
        {DMARC_REQUEST_UNKNOWN, 50, false, "sampled_out", 9, 0},
        {DMARC_REQUEST_UNKNOWN, 100, true, NULL, 9, 0},
        {DMARC_REQUEST_REJECT, 100, true, NULL, 0, 9},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct dmarc_policy policy = {.domain = (char *)"example.org",
                                            .p = DMARC_REQUEST_QUARANTINE,
                                            .sp = DMARC_REQUEST_NONE,
                                            .np = cases[i].np,
                                            .pct = cases[i].pct};
        const struct dmarc_sum sum = {.domain = "example.org",
                                      .policy = &policy,
                                      .subdomain = cases[i].subdomain,
                                      .reason = cases[i].reason,
                                      .disposition = DMARC_DISPOSITION_NONE,
                                      .dkim = DMARC_FAIL,
                                      .spf = DMARC_FAIL,
                                      .messages = 9};
        struct dmarc_builder *builder = builder_of("example.org", NULL);
        dmarc_builder_add_sum(builder, &sum);
        g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
        assert_int_equal(only(set)->not_asked, cases[i].not_asked);
        assert_int_equal(only(set)->perhaps, cases[i].perhaps);
    }
}

/* As many as a report has records; a search for each among all of them would not end. */
static void reasons_that_strangers_make_up_are_bounded(void **state)
{
    struct dmarc_builder *builder = builder_of("example.org", NULL);

    (void)state;
    for (int i = 0; i < 300000; i++) {
        g_autofree char *type = g_strdup_printf("reason-that-nobody-knows-%d", i);
        add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_NONE, type, false, 1);
    }
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_NONE, "mailing_list", false, 7);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    assert_int_equal(only(set)->overridden, 300007);
    assert_int_equal(only(set)->overrides->len, DMARC_OVERRIDES);
    assert_string_equal(((struct dmarc_override *)only(set)->overrides->pdata[0])->type,
                        "mailing_list");
}

static void names_below_the_domain_go_by_sp(void **state)
{
    const struct dmarc_policy policy = {.domain = (char *)"example.org",
                                        .p = DMARC_REQUEST_REJECT,
                                        .sp = DMARC_REQUEST_NONE,
                                        .pct = -1};
    const struct dmarc_sum sum = {.domain = "example.org",
                                  .policy = &policy,
                                  .subdomain = true,
                                  .disposition = DMARC_DISPOSITION_NONE,
                                  .dkim = DMARC_FAIL,
                                  .spf = DMARC_FAIL,
                                  .messages = 5};
    struct dmarc_builder *builder = builder_of("example.org", NULL);

    (void)state;
    dmarc_builder_add_sum(builder, &sum);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    assert_int_equal(only(set)->unfollowed, 0);
    assert_int_equal(only(set)->not_asked, 5);
    assert_int_equal(only(set)->subdomains, 5);
    assert_int_equal(only(set)->failed_subdomains, 5);
}

static void what_nothing_tells_of_is_neither(void **state)
{
    const struct dmarc_policy policy = {.domain = (char *)"example.org", .pct = -1};
    struct dmarc_sum sum = {
        .domain = "example.org", .policy = &policy, .spf = DMARC_FAIL, .messages = 5};
    struct dmarc_builder *builder = builder_of("example.org", NULL);

    (void)state;
    dmarc_builder_add_sum(builder, &sum);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    assert_int_equal(only(set)->unknown, 5);
    assert_int_equal(only(set)->aligned + only(set)->failed, 0);
}

/* Each source in a domain of 1000 messages, and whether it is news. */
static void news_are_sources_that_fell_or_came_with_a_share(void **state)
{
    static const struct {
        const char *what;
        int64_t aligned, failed, aligned_at;
        int64_t past_aligned, past_failed, past_at;
        enum dmarc_news news;
    } cases[] = {
        {"aligned before, failing now", 0, 5, 0, 50, 0, TODAY - DAY, DMARC_WAS_ALIGNED},
        {"aligned this morning, failing since", 20, 5, TODAY - DAY, 0, 0, 0, DMARC_WAS_ALIGNED},
        {"a single failed message", 0, 1, 0, 50, 0, TODAY - DAY, DMARC_NO_NEWS},
        {"fails and passes on the same day", 20, 5, TODAY, 50, 0, TODAY - DAY, DMARC_NO_NEWS},
        {"failed mostly before", 0, 5, 0, 2, 50, TODAY - 3 * DAY, DMARC_NO_NEWS},
        {"unknown, with one percent", 0, 10, 0, 0, 0, 0, DMARC_NEW_SHARE},
        {"unknown, of a spam run", 0, 9, 0, 0, 0, 0, DMARC_NO_NEWS},
        {"known to fail with more than a percent", 0, 50, 0, 0, 600, 0, DMARC_NO_NEWS},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct dmarc_builder *builder = builder_of("example.org", NULL);
        const struct dmarc_source now = {.domain = "example.org",
                                         .source_ip = "192.0.2.7",
                                         .messages = cases[i].aligned + cases[i].failed,
                                         .aligned = cases[i].aligned,
                                         .failed = cases[i].failed,
                                         .aligned_at = cases[i].aligned_at,
                                         .failed_at = TODAY};
        const struct dmarc_source past = {.domain = "example.org",
                                          .source_ip = "192.0.2.7",
                                          .messages = cases[i].past_aligned + cases[i].past_failed,
                                          .aligned = cases[i].past_aligned,
                                          .failed = cases[i].past_failed,
                                          .aligned_at = cases[i].past_at};
        const struct dmarc_source other = {
            .domain = "example.org", .source_ip = "192.0.2.1", .messages = 10000, .aligned = 10000};
        add(builder, DMARC_REQUEST_NONE, DMARC_DISPOSITION_NONE, NULL, true, 1000);
        dmarc_builder_add_past(builder, &other);
        if (past.messages > 0)
            dmarc_builder_add_past(builder, &past);
        dmarc_builder_add_source(builder, &now);
        g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
        const struct dmarc_domain *domain = only(set);
        bool is_news = cases[i].news != DMARC_NO_NEWS;
        if (domain->news->len != is_news || domain->failing->len != !is_news)
            fail_msg("%s: %u news", cases[i].what, domain->news->len);
        if (is_news)
            assert_int_equal(((struct dmarc_sender *)domain->news->pdata[0])->news, cases[i].news);
    }
}

static void without_a_past_nothing_is_new(void **state)
{
    struct dmarc_builder *builder = builder_of("example.org", NULL);
    const struct dmarc_source source = {.domain = "example.org",
                                        .source_ip = "192.0.2.7",
                                        .messages = 500,
                                        .failed = 500,
                                        .failed_at = TODAY};

    (void)state;
    add(builder, DMARC_REQUEST_NONE, DMARC_DISPOSITION_NONE, NULL, false, 500);
    dmarc_builder_add_source(builder, &source);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    assert_int_equal(only(set)->news->len, 0);
    assert_int_equal(only(set)->failing->len, 1);
}

/* Only one of those that fail sent aligned mail before, and least fails of it. */
static void a_spam_run_is_counted_and_not_listed(void **state)
{
    struct dmarc_builder *builder = builder_of("example.org", NULL);
    struct dmarc_source source = {
        .domain = "example.org", .messages = 6, .failed = 6, .failed_at = TODAY};

    (void)state;
    add(builder, DMARC_REQUEST_REJECT, DMARC_DISPOSITION_REJECT, NULL, false, 30003);
    for (size_t time = 0; time < 2; time++) {
        void (*take)(struct dmarc_builder *, const struct dmarc_source *) =
            time == 0 ? dmarc_builder_add_past : dmarc_builder_add_source;
        for (int i = 0; i < 5000; i++) {
            g_autofree char *ip = g_strdup_printf("2001:db8:%zx::%x", time, i);
            source.source_ip = ip;
            take(builder, &source);
        }
        const struct dmarc_source known = {.domain = "example.org",
                                           .source_ip = "192.0.2.1",
                                           .messages = time == 0 ? 100 : 3,
                                           .aligned = time == 0 ? 100 : 0,
                                           .failed = time == 0 ? 0 : 3,
                                           .aligned_at = time == 0 ? TODAY - DAY : 0,
                                           .failed_at = TODAY};
        take(builder, &known);
    }
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    assert_int_equal(only(set)->news->len, 1);
    assert_string_equal(((struct dmarc_sender *)only(set)->news->pdata[0])->source_ip, "192.0.2.1");
    assert_int_equal(only(set)->sources_failing, 5001);
    assert_int_equal(only(set)->failing->len, DMARC_SOURCES);
}

static bool not_this(const char *domain, void *data)
{
    (void)data;
    return strcmp(domain, "example.org") != 0;
}

static void domains_that_are_not_wanted_leave_no_trace(void **state)
{
    struct dmarc_builder *builder = builder_of("example.org", not_this);
    const struct dmarc_source source = {.domain = "example.org", .source_ip = "x", .failed = 1};
    const struct dmarc_seen seen = {.domain = "example.org"};

    (void)state;
    add(builder, DMARC_REQUEST_NONE, DMARC_DISPOSITION_NONE, NULL, false, 5);
    dmarc_builder_add_seen(builder, &seen);
    dmarc_builder_add_source(builder, &source);
    dmarc_builder_add_past(builder, &source);
    assert_int_equal(dmarc_builder_first(builder), 0);
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    assert_int_equal(set->domains->len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alignment_follows_the_organizational_domain),
        cmocka_unit_test(what_is_said_holds),
        cmocka_unit_test(where_nothing_is_said_results_tell),
        cmocka_unit_test(the_name_in_helo_counts_where_there_is_no_other),
        cmocka_unit_test(the_result_that_tells_most_is_chosen),
        cmocka_unit_test(a_policy_asks_by_name_and_less_while_it_is_tested),
        cmocka_unit_test(dispositions_are_held_against_the_policy),
        cmocka_unit_test(reasons_add_up_to_what_was_set_aside),
        cmocka_unit_test(what_is_asked_of_a_sample_or_of_np_is_not_known),
        cmocka_unit_test(reasons_that_strangers_make_up_are_bounded),
        cmocka_unit_test(names_below_the_domain_go_by_sp),
        cmocka_unit_test(what_nothing_tells_of_is_neither),
        cmocka_unit_test(news_are_sources_that_fell_or_came_with_a_share),
        cmocka_unit_test(without_a_past_nothing_is_new),
        cmocka_unit_test(a_spam_run_is_counted_and_not_listed),
        cmocka_unit_test(domains_that_are_not_wanted_leave_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
