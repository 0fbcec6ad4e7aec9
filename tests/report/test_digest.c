#include "report/digest.h"
#include "report/format.h"
#include "schema/error.h"
#include "tests/report/overview_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <jansson.h>

#define NOW INT64_C(1795348800) /* 2026-11-22 12:00 UTC */
#define TODAY (NOW / FAULT_DAY * FAULT_DAY)
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define EVIL "\033[2J\xE2\x80\xAE<b>\r\nBcc: x@evil.example\x7F\xC2\x9B"

/* ---- hand-made digests ---- */

static struct digest *make_digest(void)
{
    struct digest *digest = digest_new();

    digest->generated_at = NOW;
    digest->covers_from = NOW - FAULT_DAY;
    digest->covers_to = NOW;
    digest->store = g_strdup("/var/lib/tlstriage/tlstriage.db");
    return digest;
}

static void add_reporter(struct digest *digest, const char *organization, int64_t good,
                         int64_t failed)
{
    struct digest_reporter *reporter = g_new0(struct digest_reporter, 1);

    reporter->organization = g_strdup(organization);
    reporter->reports = 1;
    reporter->domains = 1;
    reporter->successes = good;
    reporter->failures = failed;
    reporter->last_day = TODAY - FAULT_DAY;
    reporter->received_at = NOW - 3600;
    g_ptr_array_add(digest->reporters, reporter);
    digest->reports++;
    digest->successes += good;
    digest->failures += failed;
}

static void add_count(GPtrArray *counts, const char *what, guint count)
{
    struct digest_count *added = g_new0(struct digest_count, 1);

    added->what = g_strdup(what);
    added->count = count;
    g_ptr_array_add(counts, added);
}

/* What one report says about one domain. */
struct said {
    const char *organization, *domain, *mx, *reason;
    enum failure_type type;
    enum mail_effect effect;
    int64_t good, failed;
    bool details;
};

static void give(struct fault_builder *builder, const struct said *said)
{
    struct policy *policy = policy_new();
    struct stored_report stored = {.report = report_new(), .received_at = NOW - 3600};
    struct failure *failure;

    stored.report->organization = g_strdup(said->organization);
    stored.report->begins_at = TODAY - FAULT_DAY;
    stored.report->ends_at = TODAY - 1;
    policy->type = POLICY_TLSA;
    policy->domain = g_strdup(said->domain);
    policy->policy_domain = g_strdup(said->domain);
    policy->successes = said->good;
    policy->failures = said->failed;
    g_ptr_array_add(policy->strings, g_strdup("3 1 1 " HEX));
    g_ptr_array_add(stored.report->policies, policy);
    if (said->details) {
        failure = failure_new();
        failure->failure_type = said->type;
        failure->mail_effect = said->effect;
        failure->mx = g_strdup(said->mx);
        failure->receiving_ip = g_strdup("192.0.2.25");
        failure->result_word = g_strdup("validation-failure");
        failure->reason_code = g_strdup(said->reason);
        failure->sessions = said->failed;
        g_ptr_array_add(policy->details, failure);
    }
    fault_builder_add(builder, &stored);
    report_free(stored.report);
}

static struct digest *digest_of(const struct said *said, size_t count)
{
    struct fault_builder *builder = fault_builder_new();
    struct digest *digest = make_digest();

    for (size_t i = 0; i < count; i++) {
        give(builder, &said[i]);
        add_reporter(digest, said[i].organization, said[i].good, said[i].failed);
    }
    digest->faults = fault_builder_finish(builder, NOW);
    return digest;
}

static const struct said story[] = {
    {"First Corp", "a.example", "mx1.host.example", "dane-no-match", FAILURE_DANE_CERT_MISMATCH,
     EFFECT_DEFERRED, 0, 312, true},
    {"Second Ltd", "b.example", "mx2.host.example", NULL, FAILURE_DANE_CERT_MISMATCH,
     EFFECT_DEFERRED, 8, 30, true},
    {"Second Ltd", "c.example", "mx.c.example", NULL, FAILURE_STARTTLS_ABSENT, EFFECT_PLAINTEXT,
     100, 5, true},
    {"First Corp", "d.example", NULL, NULL, 0, 0, 90, 4, false},
    {"First Corp", "e.example", "mx.e.example", NULL, FAILURE_CERT_EXPIRED, EFFECT_NONE, 90, 1,
     true},
    {"First Corp", "fine.example", NULL, NULL, 0, 0, 77, 0, false},
};

static char *write_as(const char *name, const struct digest *digest,
                      const struct format_options *options)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    assert_non_null(format_find(name));
    assert_true(format_find(name)->write(digest, options, out, &error));
    assert_null(error);
    return g_string_free(out, FALSE);
}

static const struct format_options plain = {0};

static void assert_in_order(const char *text, const char *const *pieces)
{
    for (; *pieces != NULL; pieces++) {
        const char *found = strstr(text, *pieces);
        if (found == NULL)
            fail_msg("\"%s\" is not where it should be in:\n%s", *pieces, text);
        text = found + strlen(*pieces);
    }
}

/* ---- headline ---- */

static void the_headline_says_the_result(void **state)
{
    static const struct said fine[] = {
        {"First Corp", "fine.example", NULL, NULL, 0, 0, 77, 0, false}};
    static const struct {
        const struct said *said;
        size_t count;
        const char *expected;
    } samples[] = {
        {story, 1, "1 fault, critical: mx1.host.example: certificate matches no TLSA record"},
        {story, 3, "2 faults, 1 critical: mx1.host.example: certificate matches no TLSA record"},
        {story + 3, 1, "no faults; 4 failed sessions without details"},
        {story + 4, 1, "no faults; 1 single failed session"},
        {fine, 1, "nothing failed: 1 report, 77 good sessions"},
        {NULL, 0, "no report came in"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autoptr(Digest) digest = digest_of(samples[i].said, samples[i].count);
        g_autofree char *headline = digest_headline(digest);
        assert_string_equal(headline, samples[i].expected);
    }
}

/* ---- text ---- */

static void the_text_tells_the_worst_first_and_all_that_is_known(void **state)
{
    static const char *const pieces[] = {
        "tlstriage: 2 faults, 1 critical",
        "2026-11-21 12:00 to 2026-11-22 12:00 UTC: 6.",
        "365 good, 352 failed (49.1 %)",
        "1. CRITICAL  certificate matches no TLSA record: mx1.host.example and 1 more",
        "a.example, b.example",
        "342 of 350 sessions",
        "(97.7 %)",
        "validation-failure (342)",
        "dane-no-match (312)",
        "mx1.host.example (312), mx2.host.example (30)",
        "192.0.2.25 (342)",
        "First Corp",
        "312  2026-11-21  2026-11-21  2026-11-22",
        "TLSA records of mx1.host.example as First Corp saw them, 2026-11-21",
        "\n      3 1 1 " HEX "\n",
        "explain dane-cert-mismatch",
        "2. MEDIUM  STARTTLS not offered: mx.c.example",
        "explain starttls-absent",
        "do not explain",
        "d.example",
        "Single failed sessions",
        "1 failure seen once only",
        "e.example",
        "First Corp, 2026-11-21)",
        "Domains that are fine",
        "fine.example",
        "Who reported",
        "Second Ltd",
        NULL,
    };
    g_autoptr(Digest) digest = digest_of(story, G_N_ELEMENTS(story));
    g_autofree char *text = write_as("text", digest, &plain);

    (void)state;
    assert_in_order(text, pieces);
}

/* Commands and TLSA records stand on lines of their own and are never broken. */
static void the_text_is_wrapped_to_the_width(void **state)
{
    static const guint widths[] = {0, 70, 100};
    g_autoptr(Digest) digest = digest_of(story, 1);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(widths); i++) {
        const struct format_options options = {.width = widths[i]};
        g_autofree char *text = write_as("text", digest, &options);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (guint j = 0; lines[j] != NULL; j++) {
            assert_false(g_str_has_suffix(lines[j], " "));
            if (!g_str_has_prefix(lines[j], "      "))
                assert_true(strlen(lines[j]) <= (widths[i] != 0 ? widths[i] : 76));
        }
    }
}

static void colour_comes_only_when_asked_for(void **state)
{
    const struct format_options coloured = {.colour = true};
    g_autoptr(Digest) digest = digest_of(story, G_N_ELEMENTS(story));
    g_autofree char *without = write_as("text", digest, &plain);
    g_autofree char *with = write_as("text", digest, &coloured);

    (void)state;
    assert_null(strchr(without, '\033'));
    assert_non_null(strstr(with, "\033[1;31m1. CRITICAL"));
}

static void a_quiet_day_and_a_dead_pipeline_look_different(void **state)
{
    g_autoptr(Digest) quiet = digest_of(story + 5, 1);
    g_autoptr(Digest) silent = digest_of(NULL, 0);
    g_autofree char *good = write_as("text", quiet, &plain);
    g_autofree char *dead = write_as("text", silent, &plain);

    (void)state;
    assert_non_null(strstr(good, "Nothing failed"));
    assert_non_null(strstr(good, "First Corp"));
    assert_non_null(strstr(good, "77 good, 0 failed"));
    assert_null(strstr(good, "No report came in"));
    assert_non_null(strstr(dead, "No report came in"));
    assert_non_null(strstr(dead, "dig +short TXT _smtp._tls.DOMAIN\n"));
    assert_null(strstr(dead, "Nothing failed"));
    assert_non_null(strstr(dead, "tlstriage digest --since DAY\n"));
}

static void reports_without_a_session_are_no_good_news(void **state)
{
    struct said said = story[5];
    g_autoptr(Digest) digest = NULL;
    g_autofree char *text = NULL;

    (void)state;
    said.good = 0;
    digest = digest_of(&said, 1);
    text = write_as("text", digest, &plain);
    assert_non_null(strstr(text, "tell of no session at all"));
    assert_null(strstr(text, "good sessions only"));
}

static void without_reports_it_says_of_what_there_are_none(void **state)
{
    g_autoptr(Digest) period = digest_of(NULL, 0);
    g_autoptr(Digest) domain = digest_of(NULL, 0);
    g_autofree char *days = NULL, *one = NULL;

    (void)state;
    period->by_period = true;
    period->covers_from = TODAY - 7 * FAULT_DAY;
    period->covers_to = TODAY - 1;
    domain->domain = g_strdup("other.example");
    add_count(domain->arrivals, "tlsrpt stored", 3);
    days = write_as("text", period, &plain);
    one = write_as("text", domain, &plain);
    assert_non_null(strstr(days, "tlstriage: no report about these days\n"));
    assert_non_null(strstr(days, "Reports about 2026-11-15 to 2026-11-21: 0."));
    assert_null(strstr(days, "--since DAY"));
    assert_non_null(strstr(one, "tlstriage: no report about other.example\n"));
    assert_non_null(strstr(one, "What came in, about any domain"));
}

static struct fault_reporter *only_reporter(const struct digest *digest)
{
    const struct fault *fault = g_ptr_array_index(digest->faults->faults, 0);

    assert_int_equal(fault->reporters->len, 1);
    return g_ptr_array_index(fault->reporters, 0);
}

static void a_policy_on_a_web_host_is_no_work_for_the_mail_server(void **state)
{
    static const enum failure_type types[] = {
        FAILURE_STS_POLICY_FETCH_ERROR, FAILURE_STS_POLICY_INVALID, FAILURE_STS_WEBPKI_INVALID};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        struct said said = story[0];
        said.type = types[i];
        said.effect = EFFECT_NONE;
        g_autoptr(Digest) digest = digest_of(&said, 1);
        g_autofree char *text = write_as("text", digest, &plain);
        assert_non_null(strstr(text, "Who acts     the operator of the web host"));
        assert_null(strstr(text, "Who acts     the operator of the receiving mail server"));
    }
}

static void a_fault_that_may_be_over_is_told_as_such(void **state)
{
    g_autoptr(Digest) now = digest_of(story, 1);
    g_autoptr(Digest) over = digest_of(story, 1);
    g_autoptr(Digest) old = digest_of(story, 1);
    g_autofree char *present = NULL, *later = NULL, *past = NULL;

    (void)state;
    only_reporter(over)->newest_day += 2 * FAULT_DAY;
    old->generated_at += 30 * FAULT_DAY;
    present = write_as("text", now, &plain);
    later = write_as("text", over, &plain);
    past = write_as("text", old, &plain);
    assert_non_null(strstr(present, "   Days         2026-11-21\n"));
    assert_non_null(strstr(later, "2026-11-21; not in the later reports of these reporters, to"));
    assert_non_null(strstr(later, "2026-11-23\n"));
    assert_non_null(strstr(past, "2026-11-21; that is 31 days ago: check first\n"));
}

static void domains_that_are_fine_are_listed_when_asked_for(void **state)
{
    struct said said[20];
    char names[20][32];
    g_autoptr(Digest) digest = NULL;
    g_autofree char *some = NULL, *all = NULL;

    (void)state;
    for (int i = 0; i < 20; i++) {
        g_snprintf(names[i], sizeof(names[i]), "fine%d.example", i);
        said[i] = (struct said){.organization = "First Corp", .domain = names[i], .good = i};
    }
    digest = digest_of(said, 20);
    some = write_as("text", digest, &plain);
    digest->all = true;
    all = write_as("text", digest, &plain);
    assert_null(strstr(some, "fine7.example"));
    assert_non_null(
        strstr(some, "20 domains without a failure (tlstriage digest --all lists them)"));
    assert_non_null(strstr(all, "fine7.example"));
    assert_non_null(strstr(all, "fine19.example"));
}

static void three_thousand_domains_are_one_short_section(void **state)
{
    g_autofree struct said *said = g_new0(struct said, 3000);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Digest) digest = NULL;
    g_autofree char *text = NULL;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        g_ptr_array_add(names, g_strdup_printf("d%d.example", i));
        said[i] = story[0];
        said[i].domain = g_ptr_array_index(names, i);
    }
    digest = digest_of(said, 3000);
    text = write_as("text", digest, &plain);
    assert_non_null(strstr(text, "and 2990 more"));
    assert_non_null(strstr(text, "failure_type = 'dane-cert-mismatch' AND day >= '2026-11-21'"));
    assert_null(strstr(text, "\n2. "));
}

static void thousands_of_faults_do_not_drown_the_reader(void **state)
{
    g_autofree struct said *said = g_new0(struct said, 2000);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Digest) digest = NULL;
    g_autofree char *text = NULL;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        g_ptr_array_add(names, g_strdup_printf("mx.d%d.example", i));
        said[i] = story[0];
        said[i].domain = said[i].mx = g_ptr_array_index(names, i);
    }
    digest = digest_of(said, 2000);
    text = write_as("text", digest, &plain);
    assert_non_null(strstr(text, "more faults (tlstriage digest --format json has all)"));
    assert_true(strlen(text) < 512 * 1024);
}

static void reports_about_others_are_not_called_silence(void **state)
{
    g_autoptr(Digest) digest = digest_of(NULL, 0);

    (void)state;
    add_foreign(digest->overview, "other.example", 2, 1, 5);
    g_autofree char *text = write_as("text", digest, &plain);
    digest->by_period = true;
    g_autofree char *days = digest_headline(digest);
    assert_non_null(strstr(text, "tlstriage: no report about our domains came in\n"));
    assert_non_null(strstr(text, "No report is about a domain that the configuration lists as"));
    assert_non_null(strstr(text, "other.example: 2 reports of 1 reporter, 5 failed"));
    assert_string_equal(days, "no report about our domains on these days");
}

static void what_came_in_is_counted(void **state)
{
    g_autoptr(Digest) digest = digest_of(story, 1);
    g_autofree char *text = NULL;

    (void)state;
    struct overview_kind *kind = add_kind(digest->overview, "tlsrpt", 16);
    kind->stored = 14;
    kind->quarantined = 2;
    add_kind(digest->overview, "other", 9)->ignored = 9;
    add_problem(digest->overview, "cut off", NULL, 2);
    add_count(digest->arrivals, "tlsrpt stored", 14);
    add_count(digest->issues, "no-report", 9);
    add_count(digest->issues, "container", 3);
    digest->quarantined = 2;
    digest->not_yet_read = 6;
    text = write_as("text", digest, &plain);
    assert_non_null(strstr(text, "16 TLS reports: 14 new, 2 unreadable"));
    assert_non_null(strstr(text, "9 other mails and files: 9 without anything for us"));
    assert_non_null(strstr(text, "2: cut off"));
    assert_null(strstr(text, "no-report"));
    assert_non_null(strstr(text, "container 3"));
    assert_non_null(strstr(text, "6 (DMARC)"));
    assert_non_null(strstr(text, "tlstriage --db '/var/lib/tlstriage/tlstriage.db' sql"));
}

static void late_unsigned_and_unknown_are_said(void **state)
{
    struct said said = story[0];
    g_autoptr(Digest) digest = NULL;
    struct fault *fault;
    struct fault_reporter *reporter;
    g_autofree char *text = NULL;

    (void)state;
    said.domain = "";
    digest = digest_of(&said, 1);
    fault = g_ptr_array_index(digest->faults->faults, 0);
    fault->effects_differ = true;
    reporter = g_ptr_array_index(fault->reporters, 0);
    reporter->late = reporter->authenticated_fail = true;
    reporter->since = TODAY - 9 * FAULT_DAY;
    text = write_as("text", digest, &plain);
    assert_non_null(strstr(text, "(unknown domain)"));
    assert_non_null(strstr(text, "312  2026-11-13  2026-11-21  2026-11-22  late, unsigned\n"));
    assert_non_null(strstr(text, "2026-11-13 to 2026-11-21"));
    assert_non_null(strstr(text, "not so at every sender"));
}

/* ---- hostile texts ---- */

static struct digest *evil_digest(void)
{
    static const struct said evil[] = {
        {EVIL, EVIL, EVIL, EVIL, FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, 0, 9, true},
        {EVIL, "x" EVIL, NULL, NULL, 0, 0, 0, 9, false},
        {EVIL, "y" EVIL, NULL, NULL, 0, 0, 1, 0, false},
        {"z" EVIL, "z" EVIL, EVIL "z", NULL, FAILURE_CERT_EXPIRED, EFFECT_NONE, 0, 1, true},
    };
    struct digest *digest = digest_of(evil, G_N_ELEMENTS(evil));

    digest->all = true;
    digest->domain = g_strdup(EVIL);
    add_count(digest->issues, EVIL, 1);
    add_count(digest->arrivals, EVIL, 1);
    return digest;
}

static void nothing_of_strangers_acts_on_a_terminal(void **state)
{
    static const char *const names[] = {"text", "json", "mail"};
    g_autoptr(Digest) digest = evil_digest();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const struct format_options options = {.to = "postmaster@example.org"};
        g_autofree char *text = write_as(names[i], digest, &options);
        assert_true(g_utf8_validate(text, -1, NULL));
        assert_null(strstr(text, "\xE2\x80\xAE"));
        assert_null(strstr(text, "\nBcc"));
        for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c))
            if (*c != '\n')
                assert_false(g_unichar_iscntrl(g_utf8_get_char(c)));
    }
}

static void a_silent_digest_is_safe_too(void **state)
{
    g_autoptr(Digest) digest = make_digest();
    g_autofree char *text = NULL;

    (void)state;
    digest->domain = g_strdup(EVIL);
    text = write_as("text", digest, &plain);
    assert_null(strchr(text, '\033'));
    assert_null(strstr(text, "\nBcc"));
}

/* ---- JSON ---- */

static void the_json_has_all_and_says_it_with_our_words(void **state)
{
    g_autoptr(Digest) digest = digest_of(story, G_N_ELEMENTS(story));
    g_autofree char *text = write_as("json", digest, &plain);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *fault, *policy;
    const char *type, *severity, *effect, *who, *day, *host, *string, *from, *by, *generated;
    int version, faults, singles, sessions, good;

    (void)state;
    assert_non_null(root);
    assert_int_equal(json_unpack(root, "{s:i, s:s, s:{s:i, s:i}, s:{s:s, s:s}, s:n}", "version",
                                 &version, "generated_at", &generated, "totals", "faults", &faults,
                                 "singles", &singles, "covers", "from", &from, "by", &by, "fine"),
                     0);
    assert_int_equal(version, 1);
    assert_int_equal(faults, 2);
    assert_int_equal(singles, 1);
    assert_string_equal(generated, "2026-11-22T12:00:00Z");
    assert_string_equal(from, "2026-11-21T12:00:00Z");
    assert_string_equal(by, "arrival");
    fault = json_array_get(json_object_get(root, "faults"), 0);
    assert_int_equal(json_unpack(fault, "{s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "failure_type",
                                 &type, "severity", &severity, "mail_effect", &effect, "who_acts",
                                 &who, "sessions", &sessions, "successes", &good, "last_day", &day),
                     0);
    assert_string_equal(type, "dane-cert-mismatch");
    assert_string_equal(severity, "critical");
    assert_string_equal(effect, "deferred");
    assert_string_equal(who, "receiver");
    assert_string_equal(day, "2026-11-21");
    assert_int_equal(sessions, 342);
    assert_int_equal(good, 8);
    policy = json_array_get(json_object_get(fault, "policies"), 0);
    assert_int_equal(json_unpack(policy, "{s:s, s:[s]}", "host", &host, "strings", &string), 0);
    assert_string_equal(string, "3 1 1 " HEX);
    assert_int_equal(json_object_size(json_object_get(fault, "knowledge")), 6);
    assert_int_equal(json_array_size(json_object_get(fault, "domains")), 2);
    assert_int_equal(json_array_size(json_object_get(fault, "reporters")), 2);
    assert_int_equal(json_array_size(json_object_get(root, "unexplained")), 1);
    json_decref(root);
}

static void the_json_gives_back_what_strangers_wrote(void **state)
{
    g_autoptr(Digest) digest = evil_digest();
    g_autofree char *text = write_as("json", digest, &plain);
    json_t *root = json_loads(text, 0, NULL), *fault;
    const char *mx;

    (void)state;
    assert_true(g_str_is_ascii(text));
    fault = json_array_get(json_object_get(root, "faults"), 0);
    assert_int_equal(json_unpack(fault, "{s:[{s:s}]}", "mx", "text", &mx), 0);
    assert_string_equal(mx, EVIL);
    assert_int_equal(json_array_size(json_object_get(root, "fine")), 1);
    json_decref(root);
}

static void an_empty_digest_is_whole_json(void **state)
{
    g_autoptr(Digest) digest = make_digest();
    g_autofree char *text = write_as("json", digest, &plain);
    json_t *root = json_loads(text, 0, NULL);

    (void)state;
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "faults")), 0);
    assert_true(json_is_array(json_object_get(root, "faults")));
    json_decref(root);
}

/* ---- mail ---- */

static GMimeMessage *parse_mail(const char *text)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    assert_non_null(message);
    return message;
}

static char *body_of(GMimeMessage *message)
{
    return g_mime_text_part_get_text(GMIME_TEXT_PART(g_mime_message_get_mime_part(message)));
}

static void the_mail_has_its_fields_and_the_text_as_body(void **state)
{
    const struct format_options options = {.from = "TLS Triage <tls@example.org>",
                                           .to = "postmaster@example.org, ops@example.org",
                                           .colour = true};
    g_autoptr(Digest) digest = digest_of(story, G_N_ELEMENTS(story));
    g_autofree char *text = write_as("text", digest, &plain);
    g_autofree char *mail = write_as("mail", digest, &options);
    GMimeMessage *message = parse_mail(mail);
    g_autofree char *body = body_of(message);
    GMimeObject *object = GMIME_OBJECT(message);

    (void)state;
    assert_string_equal(g_mime_object_get_header(object, "From"), "TLS Triage <tls@example.org>");
    assert_string_equal(g_mime_object_get_header(object, "To"),
                        "postmaster@example.org, ops@example.org");
    assert_string_equal(g_mime_message_get_subject(message),
                        "tlstriage: 2 faults, 1 critical: mx1.host.example: certificate matches "
                        "no TLSA record");
    assert_string_equal(g_mime_object_get_header(object, "Auto-Submitted"), "auto-generated");
    assert_string_equal(g_mime_object_get_header(object, "MIME-Version"), "1.0");
    assert_non_null(strstr(mail, "\nContent-Type: text/plain; charset=utf-8\n"));
    assert_int_equal(g_date_time_to_unix(g_mime_message_get_date(message)), NOW);
    assert_string_equal(body, text);
    g_object_unref(message);
}

static void every_mail_has_another_message_id(void **state)
{
    g_autoptr(Digest) digest = digest_of(story, 1);
    g_autofree char *first = write_as("mail", digest, &plain);
    g_autofree char *second = write_as("mail", digest, &plain);
    GMimeMessage *a = parse_mail(first), *b = parse_mail(second);

    (void)state;
    assert_non_null(g_mime_message_get_message_id(a));
    assert_string_not_equal(g_mime_message_get_message_id(a), g_mime_message_get_message_id(b));
    g_object_unref(a);
    g_object_unref(b);
}

static void a_mail_of_strange_texts_keeps_to_the_line_limit(void **state)
{
    const struct format_options options = {.to = "postmaster@example.org"};
    g_autoptr(GString) name = g_string_new(NULL);
    struct said said = story[0];
    g_autoptr(Digest) digest = NULL;
    g_autofree char *mail = NULL;
    g_auto(GStrv) lines = NULL;

    (void)state;
    for (int i = 0; i < 3000; i++)
        g_string_append(name, "\xF3\xA0\x81\x81\xC3\xBC");
    said.mx = said.reason = said.organization = name->str;
    digest = digest_of(&said, 1);
    mail = write_as("mail", digest, &options);
    lines = g_strsplit(mail, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        assert_true(strlen(lines[i]) <= 998); /* RFC 5322, section 2.1.1 */
        assert_true(g_str_is_ascii(lines[i]));
    }
}

static void an_address_brings_no_field_of_its_own(void **state)
{
    const struct format_options options = {.to = "a@example.org\r\nBcc: b@example.org"};
    const struct format_options none = {.to = ""};
    g_autoptr(Digest) digest = digest_of(story, 1);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    (void)state;
    if (format_find("mail")->write(digest, &options, out, NULL))
        assert_null(strstr(out->str, "\nBcc"));
    assert_false(format_find("mail")->write(digest, &none, out, &error));
    assert_true(g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_CONFIG));
}

static void formats_are_found_by_name(void **state)
{
    (void)state;
    for (const struct format *format = formats; format->name != NULL; format++)
        assert_ptr_equal(format_find(format->name), format);
    assert_null(format_find("html-for-now"));
    assert_null(format_find(NULL));
}

static int start_gmime(void **state)
{
    (void)state;
    g_mime_init();
    return 0;
}

static int stop_gmime(void **state)
{
    (void)state;
    g_mime_shutdown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headline_says_the_result),
        cmocka_unit_test(the_text_tells_the_worst_first_and_all_that_is_known),
        cmocka_unit_test(the_text_is_wrapped_to_the_width),
        cmocka_unit_test(colour_comes_only_when_asked_for),
        cmocka_unit_test(a_quiet_day_and_a_dead_pipeline_look_different),
        cmocka_unit_test(reports_without_a_session_are_no_good_news),
        cmocka_unit_test(without_reports_it_says_of_what_there_are_none),
        cmocka_unit_test(a_policy_on_a_web_host_is_no_work_for_the_mail_server),
        cmocka_unit_test(a_fault_that_may_be_over_is_told_as_such),
        cmocka_unit_test(domains_that_are_fine_are_listed_when_asked_for),
        cmocka_unit_test(three_thousand_domains_are_one_short_section),
        cmocka_unit_test(thousands_of_faults_do_not_drown_the_reader),
        cmocka_unit_test(reports_about_others_are_not_called_silence),
        cmocka_unit_test(what_came_in_is_counted),
        cmocka_unit_test(late_unsigned_and_unknown_are_said),
        cmocka_unit_test(nothing_of_strangers_acts_on_a_terminal),
        cmocka_unit_test(a_silent_digest_is_safe_too),
        cmocka_unit_test(the_json_has_all_and_says_it_with_our_words),
        cmocka_unit_test(the_json_gives_back_what_strangers_wrote),
        cmocka_unit_test(an_empty_digest_is_whole_json),
        cmocka_unit_test(the_mail_has_its_fields_and_the_text_as_body),
        cmocka_unit_test(every_mail_has_another_message_id),
        cmocka_unit_test(a_mail_of_strange_texts_keeps_to_the_line_limit),
        cmocka_unit_test(an_address_brings_no_field_of_its_own),
        cmocka_unit_test(formats_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, start_gmime, stop_gmime);
}
