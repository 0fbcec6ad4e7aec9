#include "analyze/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1795348800) /* 2026-11-22 12:00 UTC */
#define TODAY (NOW / FAULT_DAY * FAULT_DAY)
#define DAYS_AGO(n) (TODAY - (n)*FAULT_DAY)

/* ---- hand-made reports ---- */

static struct stored_report *make_report(const char *organization, int64_t day)
{
    struct stored_report *stored = g_new0(struct stored_report, 1);

    stored->report = report_new();
    stored->report->organization = g_strdup(organization);
    stored->report->contact = g_strdup_printf("tls@%s.example", organization);
    stored->report->begins_at = day;
    stored->report->ends_at = day + FAULT_DAY - 1;
    stored->received_at = day + FAULT_DAY + 3600;
    return stored;
}

static struct policy *add_policy(struct stored_report *stored, enum policy_type type,
                                 const char *domain, int64_t good, int64_t failed)
{
    struct policy *policy = policy_new();

    policy->type = type;
    policy->domain = g_strdup(domain);
    policy->policy_domain = g_strdup(domain);
    policy->successes = good;
    policy->failures = failed;
    g_ptr_array_add(stored->report->policies, policy);
    return policy;
}

static struct failure *add_failure(struct policy *policy, enum failure_type type, const char *mx,
                                   int64_t sessions)
{
    struct failure *failure = failure_new();

    failure->failure_type = type;
    failure->mail_effect = EFFECT_DEFERRED;
    failure->mx = g_strdup(mx);
    failure->result_word = g_strdup("validation-failure");
    failure->sessions = sessions;
    g_ptr_array_add(policy->details, failure);
    return failure;
}

static void give(struct fault_builder *builder, struct stored_report *stored)
{
    fault_builder_add(builder, stored);
    report_free(stored->report);
    g_free(stored);
}

/* A report about one domain with one failing row under a TLSA policy. */
static void give_row(struct fault_builder *builder, const char *organization, int64_t day,
                     const char *domain, const char *mx, int64_t sessions)
{
    struct stored_report *stored = make_report(organization, day);

    add_failure(add_policy(stored, POLICY_TLSA, domain, 0, sessions), FAILURE_DANE_CERT_MISMATCH,
                mx, sessions);
    give(builder, stored);
}

static const struct fault *fault_at(const struct fault_set *set, guint index)
{
    assert_true(index < set->faults->len);
    return g_ptr_array_index(set->faults, index);
}

/* ---- grouping ---- */

static void customers_behind_the_same_hosts_are_one_fault(void **state)
{
    static const char *const hosts[] = {"mx1.host.example", "mx2.host.example", "a.other.example",
                                        "b.third.example"};
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        g_autofree char *name = g_strdup_printf("customer%d.example", i);
        struct policy *policy = add_policy(stored, POLICY_TLSA, name, 1, 2);
        add_failure(policy, FAILURE_DANE_CERT_MISMATCH, hosts[i % 4], 1);
        add_failure(policy, FAILURE_DANE_CERT_MISMATCH, hosts[(i + 1) % 4], 1);
    }
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(set->faults->len, 1);
    assert_int_equal(fault_at(set, 0)->domains->len, 3000);
    assert_int_equal(fault_at(set, 0)->mx->len, 4);
    assert_int_equal(fault_at(set, 0)->sessions, 6000);
    assert_int_equal(fault_at(set, 0)->successes, 3000);
    assert_int_equal(set->fine->len, 0);
}

static void hosts_join_by_their_parent_and_never_by_a_registry(void **state)
{
    static const struct {
        const char *a, *b;
        guint faults;
    } samples[] = {
        {"mx1.host.example", "mx2.host.example", 1},
        {"host.example", "host2.example", 2},
        {"a.co.uk", "b.co.uk", 2},
        {"a.com.au", "b.com.au", 2},
        {"mx.a.co.uk", "mx.b.co.uk", 2},
        {"mx1.a.co.uk", "mx2.a.co.uk", 1},
        {"192.0.2.1", "198.0.2.1", 2},
        {"mail", "relay", 2},
        {".host.example", "x.host.example", 2},
        {"mx1.a.host.example", "mx1.b.host.example", 2},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        struct fault_builder *builder = fault_builder_new();
        g_autoptr(FaultSet) set = NULL;
        give_row(builder, "one", DAYS_AGO(1), "a.example", samples[i].a, 5);
        give_row(builder, "one", DAYS_AGO(1), "b.example", samples[i].b, 5);
        set = fault_builder_finish(builder, NOW);
        assert_int_equal(set->faults->len, samples[i].faults);
    }
}

/* `shared` of the domains 0..9 of mx.a.example fail at mx.b.example too, which has 20 of its own.
 */
static guint faults_with_shared(guint shared)
{
    struct fault_builder *builder = fault_builder_new();
    g_autoptr(FaultSet) set = NULL;

    for (guint i = 0; i < 30; i++) {
        g_autofree char *name = g_strdup_printf("d%u.example", i);
        if (i < 10)
            give_row(builder, "one", DAYS_AGO(1), name, "mx.a.example", 1);
        if (i < shared || i >= 10)
            give_row(builder, "one", DAYS_AGO(1), name, "mx.b.example", 1);
    }
    set = fault_builder_finish(builder, NOW);
    return set->faults->len;
}

static void hosts_join_where_half_of_the_domains_are_common(void **state)
{
    (void)state;
    assert_int_equal(faults_with_shared(0), 2);
    assert_int_equal(faults_with_shared(4), 2);
    assert_int_equal(faults_with_shared(5), 1);
    assert_int_equal(faults_with_shared(10), 1);
}

static void other_failure_types_are_other_faults(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    struct policy *policy = add_policy(stored, POLICY_TLSA, "a.example", 0, 9);
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    add_failure(policy, FAILURE_DANE_CERT_MISMATCH, "mx.a.example", 5);
    add_failure(policy, FAILURE_STARTTLS_ABSENT, "mx.a.example", 4);
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(set->faults->len, 2);
    assert_int_equal(fault_at(set, 0)->type, FAILURE_DANE_CERT_MISMATCH);
}

static void a_tlsa_policy_domain_stands_for_the_missing_host(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    struct policy *policy = add_policy(stored, POLICY_TLSA, "a.example", 0, 5);
    g_autoptr(FaultSet) set = NULL;
    const struct fault_count *mx;

    (void)state;
    g_free(policy->policy_domain);
    policy->policy_domain = g_strdup("mx.host.example");
    add_failure(policy, FAILURE_DANE_CERT_MISMATCH, NULL, 5);
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(fault_at(set, 0)->mx->len, 1);
    mx = g_ptr_array_index(fault_at(set, 0)->mx, 0);
    assert_string_equal(mx->text, "mx.host.example");
}

static void give_fetch_error(struct fault_builder *builder, int64_t day, const char *domain,
                             const char *reason)
{
    struct stored_report *stored = make_report("one", day);
    struct policy *policy = add_policy(stored, POLICY_STS, domain, 5, 5);
    struct failure *failure = add_failure(policy, FAILURE_STS_POLICY_FETCH_ERROR, NULL, 5);

    failure->reason_code = g_strdup(reason);
    failure->mail_effect = EFFECT_NONE;
    give(builder, stored);
}

static void domains_without_a_host_join_by_reason_and_first_day(void **state)
{
    static const struct {
        const char *reason_a, *reason_b;
        int64_t day_a, day_b;
        guint faults;
    } samples[] = {
        {"timeout", "timeout", 1, 1, 1},
        {"timeout", "timeout", 1, 2, 2},
        {"timeout", "status 404", 1, 1, 2},
        {NULL, NULL, 1, 1, 1},
        {"get https://mta-sts.a.example/: EOF", "get https://mta-sts.b.example/: EOF", 1, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        struct fault_builder *builder = fault_builder_new();
        g_autoptr(FaultSet) set = NULL;
        give_fetch_error(builder, DAYS_AGO(samples[i].day_a), "a.example", samples[i].reason_a);
        give_fetch_error(builder, DAYS_AGO(samples[i].day_b), "b.example", samples[i].reason_b);
        set = fault_builder_finish(builder, NOW);
        assert_int_equal(set->faults->len, samples[i].faults);
    }
}

static void a_row_without_a_host_joins_the_host_of_its_domain(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    give_row(builder, "one", DAYS_AGO(1), "a.example", "mx.a.example", 5);
    give_row(builder, "two", DAYS_AGO(1), "a.example", NULL, 2);
    give_row(builder, "one", DAYS_AGO(1), "b.example", "mx.b.example", 5);
    give_row(builder, "two", DAYS_AGO(1), "b.example", NULL, 2);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(set->faults->len, 2);
    assert_int_equal(fault_at(set, 0)->sessions, 7);
    assert_int_equal(fault_at(set, 0)->reporters->len, 2);
}

/* ---- counting ---- */

static void sessions_under_several_policies_count_once(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    g_autoptr(FaultSet) set = NULL;
    struct policy *policy;

    (void)state;
    policy = add_policy(stored, POLICY_TLSA, "a.example", 10, 7);
    add_failure(policy, FAILURE_CERT_EXPIRED, "mx.a.example", 4);
    add_failure(policy, FAILURE_CERT_EXPIRED, "mx2.a.example", 3);
    policy = add_policy(stored, POLICY_STS, "a.example", 11, 6);
    add_failure(policy, FAILURE_CERT_EXPIRED, "mx.a.example", 6);
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(fault_at(set, 0)->sessions, 7);
    assert_int_equal(fault_at(set, 0)->successes, 10);
}

static void days_and_reporters_add_up(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    const struct fault_reporter *reporter;
    const struct fault *fault;
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    give_row(builder, "one", DAYS_AGO(2), "a.example", "mx.a.example", 5);
    give_row(builder, "one", DAYS_AGO(1), "a.example", "mx.a.example", 6);
    give_row(builder, "two", DAYS_AGO(3), "a.example", "mx.a.example", 2);
    set = fault_builder_finish(builder, NOW);
    fault = fault_at(set, 0);
    assert_int_equal(fault->sessions, 13);
    assert_int_equal(fault->first_day, DAYS_AGO(3));
    assert_int_equal(fault->last_day, DAYS_AGO(1));
    assert_int_equal(fault->reporters->len, 2);
    reporter = g_ptr_array_index(fault->reporters, 0);
    assert_string_equal(reporter->organization, "one");
    assert_int_equal(reporter->sessions, 11);
    assert_int_equal(reporter->reports, 2);
    assert_int_equal(reporter->first_day, DAYS_AGO(2));
    assert_int_equal(reporter->since, DAYS_AGO(2));
    assert_int_equal(reporter->last_day, DAYS_AGO(1));
    assert_int_equal(reporter->received_at, DAYS_AGO(0) + 3600);
    assert_false(reporter->late);
}

static void a_late_or_unsigned_report_is_marked(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(20));
    const struct fault_reporter *reporter;
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    stored->received_at = DAYS_AGO(1);
    stored->authenticated = AUTH_FAIL;
    add_failure(add_policy(stored, POLICY_TLSA, "a.example", 0, 5), FAILURE_DANE_CERT_MISMATCH,
                "mx.a.example", 5);
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    reporter = g_ptr_array_index(fault_at(set, 0)->reporters, 0);
    assert_true(reporter->late);
    assert_true(reporter->authenticated_fail);
}

static void policies_are_shown_as_each_version_was_seen(void **state)
{
    static const char *const sets[] = {"3 1 1 aa", "3 1 1 aa", "3 1 1 bb"};
    struct fault_builder *builder = fault_builder_new();
    const struct fault_policy *policy;
    const struct fault *fault;
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct stored_report *stored = make_report("one", DAYS_AGO(3 - i));
        struct policy *seen = add_policy(stored, POLICY_TLSA, "a.example", 0, 5);
        /* The order of a TLSA set says nothing. */
        g_ptr_array_add(seen->strings, g_strdup(i == 0 ? "2 1 1 cc" : sets[i]));
        g_ptr_array_add(seen->strings, g_strdup(i == 0 ? sets[i] : "2 1 1 cc"));
        add_failure(seen, FAILURE_DANE_CERT_MISMATCH, "mx.a.example", 5);
        give(builder, stored);
    }
    set = fault_builder_finish(builder, NOW);
    fault = fault_at(set, 0);
    assert_int_equal(fault->policies->len, 2);
    policy = g_ptr_array_index(fault->policies, 0);
    assert_string_equal(policy->host, "mx.a.example");
    assert_int_equal(policy->strings->len, 2);
    assert_string_equal(g_ptr_array_index(policy->strings, 1), "3 1 1 bb");
    assert_int_equal(policy->first_day, DAYS_AGO(1));
    policy = g_ptr_array_index(fault->policies, 1);
    assert_int_equal(policy->first_day, DAYS_AGO(3));
    assert_int_equal(policy->last_day, DAYS_AGO(2));
}

static void long_lists_end_with_the_sum_of_the_rest(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    struct policy *policy = add_policy(stored, POLICY_TLSA, "a.example", 0, 500);
    const struct fault_count *last;
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    for (int i = 0; i < FAULT_TEXTS + 10; i++) {
        struct failure *failure =
            add_failure(policy, FAILURE_DANE_CERT_MISMATCH, "mx.a.example", i < 10 ? 1 : 2);
        failure->receiving_ip = g_strdup_printf("192.0.2.%d", i);
    }
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(fault_at(set, 0)->receiving_ips->len, FAULT_TEXTS + 1);
    last = g_ptr_array_index(fault_at(set, 0)->receiving_ips, FAULT_TEXTS);
    assert_string_equal(last->text, "...");
    assert_int_equal(last->sessions, 10);
}

static void the_address_belongs_to_the_host_that_failed_most(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    struct policy *policy = add_policy(stored, POLICY_TLSA, "a.example", 0, 14);
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    add_failure(policy, FAILURE_CERT_EXPIRED, "mx1.a.example", 4)->receiving_ip = g_strdup("::1");
    add_failure(policy, FAILURE_CERT_EXPIRED, "mx1.a.example", 3)->receiving_ip = g_strdup("::2");
    add_failure(policy, FAILURE_CERT_EXPIRED, "mx2.a.example", 5)->receiving_ip = g_strdup("::3");
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_string_equal(fault_at(set, 0)->mx_ip, "::1");
}

static void singles_are_not_faults_and_a_count_of_nothing_is(void **state)
{
    static const struct {
        int64_t counts[2];
        int rows;
        bool single;
    } samples[] = {
        {{1, 0}, 1, true},  {{0, 0}, 1, true},  {{2, 0}, 1, false},
        {{0, 0}, 2, false}, {{-5, 0}, 1, true}, {{RECORD_COUNT_MAX, 0}, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        struct fault_builder *builder = fault_builder_new();
        struct stored_report *stored = make_report("one", DAYS_AGO(1));
        struct policy *policy = add_policy(stored, POLICY_TLSA, "a.example", 0, 1);
        g_autoptr(FaultSet) set = NULL;
        for (int j = 0; j < samples[i].rows; j++)
            add_failure(policy, FAILURE_DANE_CERT_MISMATCH, "mx.a.example", samples[i].counts[j]);
        give(builder, stored);
        set = fault_builder_finish(builder, NOW);
        assert_int_equal(set->singles->len, samples[i].single ? 1 : 0);
        assert_int_equal(set->faults->len, samples[i].single ? 0 : 1);
        if (samples[i].single)
            assert_int_equal(((struct fault *)g_ptr_array_index(set->singles, 0))->severity,
                             SEVERITY_INFO);
    }
}

static void what_no_detail_explains_stands_apart(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(2));
    const struct unexplained *unexplained;
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    add_policy(stored, POLICY_STS, "a.example", 100, 7);
    /* RFC 8460, section 4: details may add up to more than the summary. */
    add_failure(add_policy(stored, POLICY_STS, "b.example", 1, 1), FAILURE_CERT_EXPIRED,
                "mx.b.example", 2);
    give(builder, stored);
    stored = make_report("one", DAYS_AGO(1));
    add_policy(stored, POLICY_STS, "a.example", 50, 3);
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(set->unexplained->len, 1);
    unexplained = g_ptr_array_index(set->unexplained, 0);
    assert_string_equal(unexplained->domain, "a.example");
    assert_int_equal(unexplained->sessions, 10);
    assert_int_equal(unexplained->successes, 150);
    assert_int_equal(unexplained->first_day, DAYS_AGO(2));
    assert_int_equal(unexplained->last_day, DAYS_AGO(1));
}

static void only_domains_without_any_failure_are_fine(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    const struct fine_domain *fine;
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    add_policy(stored, POLICY_STS, "good.example", 10, 0);
    add_policy(stored, POLICY_TLSA, "good.example", 12, 0);
    add_policy(stored, POLICY_STS, "counts.example", 10, 1);
    add_failure(add_policy(stored, POLICY_STS, "bad.example", 10, 0), FAILURE_CERT_EXPIRED, NULL,
                0);
    add_policy(stored, POLICY_STS, "", 10, 0);
    give(builder, stored);
    stored = make_report("two", DAYS_AGO(1));
    add_policy(stored, POLICY_STS, "good.example", 5, 0);
    add_policy(stored, POLICY_STS, "bad.example", 5, 0);
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(set->fine->len, 1);
    fine = g_ptr_array_index(set->fine, 0);
    assert_string_equal(fine->name, "good.example");
    assert_int_equal(fine->successes, 17);
    assert_int_equal(fine->reporters, 2);
}

/* ---- severity ---- */

struct judged {
    enum failure_type type;
    enum mail_effect effect;
    enum policy_type policy_type;
    int reporters;
    int64_t failed, good; /* of each */
    int days_ago;
    bool microsoft;
    enum severity severity;
};

static const struct judged judged[] = {
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, POLICY_TLSA, 2, 1, 999, 1, false,
     SEVERITY_CRITICAL},
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_RETURNED, POLICY_TLSA, 2, 1, 999, 3, false,
     SEVERITY_CRITICAL},
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, POLICY_TLSA, 1, 10, 90, 1, false,
     SEVERITY_CRITICAL},
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, POLICY_TLSA, 1, 10, 91, 1, false, SEVERITY_HIGH},
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, POLICY_TLSA, 1, 10, 91, 1, true,
     SEVERITY_CRITICAL},
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, POLICY_TLSA, 2, 9, 0, 5, false, SEVERITY_HIGH},
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, POLICY_TLSA, 2, 9, 0, 8, false, SEVERITY_LOW},
    {FAILURE_DANE_CERT_MISMATCH, EFFECT_DEFERRED, POLICY_TLSA, 2, 9, 0, 8, true, SEVERITY_LOW},
    {FAILURE_TLSA_UNUSABLE, EFFECT_UNVERIFIED, POLICY_TLSA, 2, 9, 0, 1, false, SEVERITY_MEDIUM},
    {FAILURE_STARTTLS_ABSENT, EFFECT_PLAINTEXT, POLICY_NONE_FOUND, 2, 9, 0, 1, false,
     SEVERITY_MEDIUM},
    {FAILURE_STS_POLICY_FETCH_ERROR, EFFECT_NONE, POLICY_STS, 2, 9, 0, 1, false, SEVERITY_MEDIUM},
    {FAILURE_DANE_PROTECTION_LOST, EFFECT_NONE, POLICY_NONE_FOUND, 1, 9, 0, 1, false,
     SEVERITY_MEDIUM},
    {FAILURE_CERT_EXPIRED, EFFECT_NONE, POLICY_STS, 2, 9, 0, 1, false, SEVERITY_LOW},
    {FAILURE_CERT_EXPIRED, EFFECT_UNKNOWN, POLICY_STS, 2, 9, 0, 1, false, SEVERITY_MEDIUM},
    {FAILURE_CERT_EXPIRED, EFFECT_UNKNOWN, POLICY_STS, 2, 9, 0, 20, false, SEVERITY_LOW},
    {FAILURE_DANE_REQUIRED, EFFECT_DEFERRED, POLICY_TLSA, 1, 9, 0, 1, false, SEVERITY_HIGH},
    {FAILURE_DANE_REQUIRED, EFFECT_DEFERRED, POLICY_TLSA, 1, 1, 999, 1, false, SEVERITY_HIGH},
    {FAILURE_OTHER, EFFECT_UNKNOWN, POLICY_OTHER, 2, 9, 0, 1, false, SEVERITY_INFO},
};

static void severity_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(judged); i++) {
        struct fault_reporter reporters[2] = {{0}};
        struct fault fault = {.type = judged[i].type,
                              .effect = judged[i].effect,
                              .policy_type = judged[i].policy_type,
                              .sessions = judged[i].failed * judged[i].reporters,
                              .successes = judged[i].good * judged[i].reporters,
                              .last_day = DAYS_AGO(judged[i].days_ago),
                              .microsoft = judged[i].microsoft,
                              .reporters = g_ptr_array_new()};
        for (int j = 0; j < judged[i].reporters; j++) {
            reporters[j].last_day = reporters[j].newest_day = fault.last_day;
            g_ptr_array_add(fault.reporters, &reporters[j]);
        }
        if (fault_severity(&fault, NOW) != judged[i].severity)
            fail_msg("row %zu: %s", i, severity_word(fault_severity(&fault, NOW)));
        g_ptr_array_unref(fault.reporters);
    }
}

static enum severity severity_of_late(bool good_since)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("late", DAYS_AGO(15));
    g_autoptr(FaultSet) set = NULL;

    stored->received_at = DAYS_AGO(1);
    add_failure(add_policy(stored, POLICY_TLSA, "a.example", 0, 5), FAILURE_DANE_CERT_MISMATCH,
                "mx.a.example", 5);
    give(builder, stored);
    if (good_since) {
        stored = make_report("late", DAYS_AGO(14));
        stored->received_at = DAYS_AGO(1);
        add_policy(stored, POLICY_TLSA, "a.example", 5, 0);
        give(builder, stored);
    }
    set = fault_builder_finish(builder, NOW);
    return fault_at(set, 0)->severity;
}

static void a_late_reporter_cannot_have_told_that_it_is_over(void **state)
{
    (void)state;
    assert_int_equal(severity_of_late(false), SEVERITY_CRITICAL);
    assert_int_equal(severity_of_late(true), SEVERITY_LOW);
}

static void the_worst_comes_first(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    give_fetch_error(builder, DAYS_AGO(1), "sts.example", NULL);
    give_row(builder, "one", DAYS_AGO(1), "b.example", "mx.b.example", 5);
    give_row(builder, "one", DAYS_AGO(1), "a.example", "mx.a.example", 5);
    give_row(builder, "one", DAYS_AGO(1), "c.example", "mx.c.example", 50);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(set->faults->len, 4);
    assert_int_equal(fault_at(set, 0)->sessions, 50);
    assert_string_equal(((struct fault_count *)g_ptr_array_index(fault_at(set, 1)->mx, 0))->text,
                        "mx.a.example");
    assert_string_equal(((struct fault_count *)g_ptr_array_index(fault_at(set, 2)->mx, 0))->text,
                        "mx.b.example");
    assert_int_equal(fault_at(set, 3)->type, FAILURE_STS_POLICY_FETCH_ERROR);
    assert_int_equal(fault_at(set, 3)->effect, EFFECT_NONE);
}

static void the_gravest_effect_counts_and_others_are_told(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    struct policy *policy = add_policy(stored, POLICY_STS, "a.example", 0, 9);
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    policy->mode = STS_MODE_ENFORCE;
    add_failure(policy, FAILURE_STARTTLS_ABSENT, "mx.a.example", 2);
    policy = add_policy(stored, POLICY_NONE_FOUND, "a.example", 0, 9);
    add_failure(policy, FAILURE_STARTTLS_ABSENT, "mx.a.example", 7)->mail_effect = EFFECT_PLAINTEXT;
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(fault_at(set, 0)->effect, EFFECT_DEFERRED);
    assert_true(fault_at(set, 0)->effects_differ);
    assert_int_equal(fault_at(set, 0)->policy_type, POLICY_STS);
    assert_int_equal(fault_at(set, 0)->mode, STS_MODE_ENFORCE);
}

/* ---- hostile and large ---- */

static void no_report_gives_an_empty_set(void **state)
{
    g_autoptr(FaultSet) set = fault_builder_finish(fault_builder_new(), NOW);

    (void)state;
    assert_int_equal(set->faults->len + set->singles->len + set->unexplained->len + set->fine->len,
                     0);
    fault_builder_free(fault_builder_new());
    fault_builder_free(NULL);
    fault_set_free(NULL);
}

static void counts_and_times_at_the_edge_do_not_overflow(void **state)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, INT64_MAX};
    struct fault_builder *builder = fault_builder_new();
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        struct stored_report *stored = make_report("one", 0);
        struct policy *policy = add_policy(stored, POLICY_TLSA, "a.example", INT64_MAX, INT64_MAX);
        stored->report->begins_at = times[i];
        stored->report->ends_at = times[G_N_ELEMENTS(times) - 1 - i];
        stored->received_at = times[i];
        add_failure(policy, FAILURE_DANE_CERT_MISMATCH, "mx.a.example", INT64_MAX);
        add_failure(policy, FAILURE_DANE_CERT_MISMATCH, "mx.a.example", INT64_MAX);
        give(builder, stored);
    }
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(set->faults->len, 1);
    assert_int_equal(fault_at(set, 0)->sessions, INT64_MAX);
    assert_int_equal(fault_at(set, 0)->successes, INT64_MAX);
}

/* Each of these would be slow if every host or domain were compared with every other. */
static void a_hundred_thousand_details_take_no_long_time(void **state)
{
    struct fault_builder *builder = fault_builder_new();
    struct stored_report *stored = make_report("one", DAYS_AGO(1));
    struct policy *policy = add_policy(stored, POLICY_TLSA, "a.example", 0, 100000);
    gint64 start = g_get_monotonic_time();
    g_autoptr(FaultSet) set = NULL;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        g_autofree char *mx = g_strdup_printf("mx.p%d.example", i);
        g_autofree char *domain = g_strdup_printf("d%d.example", i % 10000);
        struct failure *failure = add_failure(policy, FAILURE_DANE_CERT_MISMATCH, mx, 1);
        failure->reason_code = g_strdup_printf("reason %d", i);
        failure->receiving_ip = g_strdup_printf("2001:db8::%x", i);
        if (i % 10 == 0)
            add_failure(add_policy(stored, POLICY_TLSA, domain, 0, 1), FAILURE_CERT_EXPIRED, mx, 1);
    }
    give(builder, stored);
    set = fault_builder_finish(builder, NOW);
    assert_int_equal(fault_at(set, 0)->mx->len, 100000);
    assert_true(g_get_monotonic_time() - start < 20 * G_USEC_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(customers_behind_the_same_hosts_are_one_fault),
        cmocka_unit_test(hosts_join_by_their_parent_and_never_by_a_registry),
        cmocka_unit_test(hosts_join_where_half_of_the_domains_are_common),
        cmocka_unit_test(other_failure_types_are_other_faults),
        cmocka_unit_test(a_tlsa_policy_domain_stands_for_the_missing_host),
        cmocka_unit_test(domains_without_a_host_join_by_reason_and_first_day),
        cmocka_unit_test(a_row_without_a_host_joins_the_host_of_its_domain),
        cmocka_unit_test(sessions_under_several_policies_count_once),
        cmocka_unit_test(days_and_reporters_add_up),
        cmocka_unit_test(a_late_or_unsigned_report_is_marked),
        cmocka_unit_test(policies_are_shown_as_each_version_was_seen),
        cmocka_unit_test(long_lists_end_with_the_sum_of_the_rest),
        cmocka_unit_test(the_address_belongs_to_the_host_that_failed_most),
        cmocka_unit_test(singles_are_not_faults_and_a_count_of_nothing_is),
        cmocka_unit_test(what_no_detail_explains_stands_apart),
        cmocka_unit_test(only_domains_without_any_failure_are_fine),
        cmocka_unit_test(severity_follows_the_table),
        cmocka_unit_test(a_late_reporter_cannot_have_told_that_it_is_over),
        cmocka_unit_test(the_worst_comes_first),
        cmocka_unit_test(the_gravest_effect_counts_and_others_are_told),
        cmocka_unit_test(no_report_gives_an_empty_set),
        cmocka_unit_test(counts_and_times_at_the_edge_do_not_overflow),
        cmocka_unit_test(a_hundred_thousand_details_take_no_long_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
