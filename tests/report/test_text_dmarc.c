/* The section about DMARC as a person reads it. */
#include "report/text_dmarc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#define DAY INT64_C(86400)
#define TODAY (INT64_C(20000) * DAY) /* 2024-10-04 */

static void add_domain(struct dmarc_builder *builder, const char *name, int64_t aligned,
                       int64_t failed)
{
    const struct dmarc_count count = {
        .domain = name, .reports = 1, .organizations = 1, .first_at = TODAY, .last_at = TODAY};
    const struct dmarc_policy policy = {
        .domain = (char *)name, .p = DMARC_REQUEST_REJECT, .sp = DMARC_REQUEST_NONE, .pct = -1};
    struct dmarc_sum sum = {.domain = name,
                            .policy = &policy,
                            .disposition = DMARC_DISPOSITION_NONE,
                            .dkim = DMARC_PASS,
                            .spf = DMARC_FAIL,
                            .messages = aligned};

    dmarc_builder_add_count(builder, &count);
    dmarc_builder_add_sum(builder, &sum);
    sum.dkim = DMARC_FAIL;
    sum.messages = failed;
    sum.reason = "mailing_list";
    dmarc_builder_add_sum(builder, &sum);
}

static char *write_text(struct dmarc_builder *builder)
{
    g_autoptr(DmarcSet) set = dmarc_builder_finish(builder);
    struct page page = {.out = g_string_new(NULL), .width = PAGE_WIDTH};

    text_dmarc(&page, set);
    return g_string_free(page.out, FALSE);
}

static void without_reports_there_is_no_section(void **state)
{
    g_autofree char *text = write_text(dmarc_builder_new(NULL, NULL));
    struct page page = {.out = g_string_new(NULL), .width = PAGE_WIDTH};

    (void)state;
    assert_string_equal(text, "");
    text_dmarc(&page, NULL);
    assert_int_equal(page.out->len, 0);
    g_string_free(page.out, TRUE);
}

static void a_domain_tells_what_became_of_its_mail(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);
    const struct dmarc_seen seen = {.domain = "example.org",
                                    .organization = "Receiver",
                                    .policy = {.p = DMARC_REQUEST_REJECT,
                                               .sp = DMARC_REQUEST_NONE,
                                               .np = DMARC_REQUEST_REJECT,
                                               .adkim = DMARC_RELAXED,
                                               .aspf = DMARC_STRICT,
                                               .pct = 50,
                                               .testing = true},
                                    .reports = 2,
                                    .organizations = 1,
                                    .last_at = TODAY};

    (void)state;
    add_domain(builder, "example.org", 75, 25);
    dmarc_builder_add_seen(builder, &seen);
    g_autofree char *text = write_text(builder);
    assert_non_null(strstr(text, "example.org: 100 messages, 75.0 % aligned (by DKIM 75.0 %, by "));
    assert_non_null(strstr(text, "25 messages: 25 delivered; policy set aside for 25 with a\n"));
    assert_non_null(strstr(text, "mailing_list 25"));
    assert_non_null(strstr(text, "p=reject sp=none np=reject adkim=r aspf=s pct=50 t=y, in 2\n"));
    assert_non_null(strstr(text, "of Receiver, last 2024-10-04"));
}

static void domains_come_worst_first_and_fine_ones_in_a_line(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);

    (void)state;
    add_domain(builder, "a.example", 10, 0);
    add_domain(builder, "b.example", 10, 1);
    add_domain(builder, "c.example", 10, 5);
    g_autofree char *text = write_text(builder);
    assert_true(strstr(text, "c.example:") < strstr(text, "b.example:"));
    assert_non_null(strstr(text, "All aligned: a.example (10 messages)"));
    assert_null(strstr(text, "a.example:"));
}

static void without_messages_nothing_was_aligned(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);

    (void)state;
    add_domain(builder, "a.example", 10, 0);
    add_domain(builder, "empty.example", 0, 0);
    g_autofree char *text = write_text(builder);
    assert_non_null(strstr(text, "All aligned: a.example (10 messages)\n"));
    assert_non_null(strstr(text, "Reports without a message: empty.example\n"));
}

static void many_domains_are_counted(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);

    (void)state;
    for (int i = 0; i < 100; i++) {
        g_autofree char *name = g_strdup_printf("d%d.example", i);
        add_domain(builder, name, 1, 1 + i);
    }
    g_autofree char *text = write_text(builder);
    assert_non_null(strstr(text, "and 90 more domains"));
}

static void news_tell_what_is_new_of_them(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);
    const struct dmarc_source now[] = {
        {.domain = "example.org", .source_ip = "192.0.2.1", .messages = 60, .failed = 30},
        {.domain = "example.org", .source_ip = "192.0.2.2", .messages = 100, .failed = 40},
        {.domain = "example.org", .source_ip = "192.0.2.3", .messages = 20, .failed = 20},
    };
    const struct dmarc_source past[] = {
        {.domain = "example.org", .source_ip = "192.0.2.2", .messages = 200, .failed = 1},
        {.domain = "example.org",
         .source_ip = "192.0.2.3",
         .messages = 90,
         .aligned = 90,
         .aligned_at = TODAY - DAY},
    };

    (void)state;
    add_domain(builder, "example.org", 910, 90);
    for (size_t i = 0; i < G_N_ELEMENTS(past); i++)
        dmarc_builder_add_past(builder, &past[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(now); i++) {
        struct dmarc_source source = now[i];
        source.aligned = source.messages - source.failed;
        source.aligned_at = source.aligned > 0 ? TODAY : 0;
        source.failed_at = TODAY;
        source.organizations = 1;
        source.spf_domain = "bounce.example";
        dmarc_builder_add_source(builder, &source);
    }
    g_autofree char *text = write_text(builder);
    g_autoptr(GRegex) blanks = g_regex_new("[ \\n]+", 0, 0, NULL);
    g_autofree char *flat = g_regex_replace(blanks, text, -1, 0, " ", 0, NULL);
    assert_non_null(strstr(flat, "192.0.2.1 is new with 6.0 % of all messages: 30 of 60 not "
                                 "aligned, seen by 1 receiver; it passes SPF for bounce.example"));
    assert_non_null(strstr(flat, "192.0.2.2 fails with 4.0 % of all messages, which is new: "
                                 "40 of 100 not aligned, 1 of 200 before, seen by 1 receiver"));
    assert_non_null(strstr(flat, "192.0.2.3 was aligned until 2024-10-03 and is not now: 20 of 20 "
                                 "not aligned, seen by"));
}

static void what_is_not_listed_is_counted(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);
    const struct dmarc_source known = {
        .domain = "example.org", .source_ip = "192.0.2.1", .messages = 900, .aligned = 900};

    (void)state;
    add_domain(builder, "example.org", 900, 340);
    for (int i = 0; i < 34; i++) {
        g_autofree char *ip = g_strdup_printf("2001:db8::%x", i);
        const struct dmarc_source source = {.domain = "example.org",
                                            .source_ip = ip,
                                            .messages = 20,
                                            .failed = i < 12 ? 20 : 5,
                                            .failed_at = TODAY};
        dmarc_builder_add_source(builder, &source);
    }
    for (int i = 0; i < 5; i++) {
        const struct dmarc_seen seen = {
            .domain = "example.org", .organization = "x", .policy = {.pct = i}, .organizations = 1};
        dmarc_builder_add_seen(builder, &seen);
    }
    dmarc_builder_add_past(builder, &known);
    g_autofree char *text = write_text(builder);
    assert_non_null(strstr(text, "and          2 more\n   Not aligned"));
    assert_non_null(strstr(text, "and          2 more\n\n"));
    assert_non_null(strstr(text, "      and 17 more sources\n"));
}

static void what_the_reports_leave_open_is_told(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);
    const struct dmarc_policy policy = {.domain = (char *)"example.org", .pct = -1};
    const struct dmarc_sum sum = {
        .domain = "example.org", .policy = &policy, .spf = DMARC_FAIL, .messages = 6};

    (void)state;
    add_domain(builder, "example.org", 10, 1);
    dmarc_builder_add_sum(builder, &sum);
    g_autofree char *text = write_text(builder);
    assert_non_null(strstr(text, "example.org: 17 messages, 58.8 % aligned"));
    assert_non_null(strstr(text, "Not aligned  1 message: 1 delivered"));
    assert_non_null(strstr(text, "Not told     6 messages: the reports lack the verdict"));
}

static void texts_of_strangers_cannot_act(void **state)
{
    struct dmarc_builder *builder = dmarc_builder_new(NULL, NULL);
    const struct dmarc_seen seen = {.domain = "x\033[31m.example",
                                    .organization = "\033]0;x\007",
                                    .policy = {.pct = 100},
                                    .organizations = 1};
    const struct dmarc_source source = {.domain = "x\033[31m.example",
                                        .source_ip = "\033[2J",
                                        .spf_domain = "\xe2\x80\xaegro",
                                        .messages = 5,
                                        .failed = 5,
                                        .failed_at = TODAY};

    (void)state;
    add_domain(builder, "x\033[31m.example", 1, 5);
    dmarc_builder_add_seen(builder, &seen);
    dmarc_builder_add_source(builder, &source);
    g_autofree char *text = write_text(builder);
    assert_null(strchr(text, '\033'));
    assert_null(strchr(text, '\007'));
    assert_null(strstr(text, "\xe2\x80\xae"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_reports_there_is_no_section),
        cmocka_unit_test(a_domain_tells_what_became_of_its_mail),
        cmocka_unit_test(domains_come_worst_first_and_fine_ones_in_a_line),
        cmocka_unit_test(without_messages_nothing_was_aligned),
        cmocka_unit_test(many_domains_are_counted),
        cmocka_unit_test(news_tell_what_is_new_of_them),
        cmocka_unit_test(what_is_not_listed_is_counted),
        cmocka_unit_test(what_the_reports_leave_open_is_told),
        cmocka_unit_test(texts_of_strangers_cannot_act),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
