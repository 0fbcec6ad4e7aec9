#include "analyze/outbound.h"
#include "analyze/outbound_facts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define NOW INT64_C(1795348800) /* 2026-11-22 12:00 UTC */

/* ---- scenarios in words: one failure of the log, and sessions of one hour ---- */

struct told {
    gint64 hours; /* before NOW */
    const char *host, *queue_id, *domain, *mx;
    enum failure_type type;
    enum log_outcome outcome;
    enum tls_level level;
    gint64 delay;
    gint64 returned; /* hours before NOW; 0: not returned */
    const char *reason;
};

struct session {
    gint64 hours; /* before NOW: the hour it lies in */
    const char *host, *domain, *mx;
    enum tls_level level;
    enum session_outcome outcome;
    gint64 count;
};

struct story {
    const struct told *told;
    size_t told_count;
    const struct session *sessions;
    size_t session_count;
    const char *domain;
    bool stored;
    gint64 stored_hours; /* before NOW, with `stored` */
};

#define STORY(t, s)                                                                                \
    {                                                                                              \
        .told = (t), .told_count = G_N_ELEMENTS(t), .sessions = (s),                               \
        .session_count = G_N_ELEMENTS(s)                                                           \
    }

static const struct session no_sessions[] = {
    {700, "a", "other.example", "mx.other.example", LEVEL_MAY, SESSION_UNTRUSTED, 1}};

static struct stored_log_failure failure_of(const struct told *told, gint64 id)
{
    return (struct stored_log_failure){
        .id = id,
        .returned_at = told->returned != 0 ? NOW - told->returned * HOUR : 0,
        .event = {.kind = LOG_EVENT_FAILURE,
                  .at = NOW - told->hours * HOUR + id,
                  .host = told->host,
                  .mta = MTA_POSTFIX,
                  .direction = DIRECTION_OUT,
                  .queue_id = told->queue_id,
                  .domain = told->domain,
                  .mx = told->mx,
                  .ip = told->mx != NULL ? "192.0.2.25" : NULL,
                  .level = told->level,
                  .outcome = told->outcome,
                  .failure_type = told->type,
                  .delay = told->delay != 0 ? told->delay : -1,
                  .reason = told->reason,
                  .line = "the line"},
    };
}

static bool is_tls(enum session_outcome outcome)
{
    return outcome == SESSION_VERIFIED || outcome == SESSION_TRUSTED ||
           outcome == SESSION_UNTRUSTED || outcome == SESSION_ANONYMOUS;
}

static struct stored_deliveries deliveries_of(const struct session *session)
{
    gint64 hour = (NOW - session->hours * HOUR) / HOUR * HOUR;

    return (struct stored_deliveries){.host = session->host,
                                      .domain = session->domain,
                                      .mx = session->mx,
                                      .level = session->level,
                                      .outcome = session->outcome,
                                      .version = is_tls(session->outcome) ? TLS_VERSION_1_3
                                                                          : TLS_VERSION_UNKNOWN,
                                      .sessions = session->count,
                                      .first_hour = hour,
                                      .last_hour = hour};
}

static void add_sessions(struct outbound_builder *builder, const struct story *story)
{
    for (size_t i = 0; i < story->session_count; i++) {
        struct stored_deliveries one = deliveries_of(&story->sessions[i]);
        if (one.first_hour >= NOW - DAY)
            outbound_builder_add_deliveries(builder, OUTBOUND_PERIOD, &one);
        outbound_builder_add_deliveries(
            builder,
            one.first_hour < NOW - OUTBOUND_CONTEXT_DAYS * DAY ? OUTBOUND_BEFORE : OUTBOUND_CONTEXT,
            &one);
    }
}

static void ask_hours(struct outbound_builder *builder, const struct story *story)
{
    g_autoptr(GArray) hours = outbound_builder_suspects(builder);

    for (guint i = 0; i < hours->len; i++)
        for (size_t j = 0; j < story->session_count; j++) {
            struct stored_deliveries one = deliveries_of(&story->sessions[j]);
            if (one.first_hour == g_array_index(hours, gint64, i))
                outbound_builder_add_hour(builder, one.first_hour, &one);
        }
}

static struct outbound_builder *begin(const struct story *story)
{
    struct outbound_period period = {
        .from = NOW - DAY, .to = NOW, .stored = story->stored, .domain = story->domain};
    struct outbound_builder *builder = outbound_builder_new(&period);

    for (size_t i = 0; i < story->told_count; i++) {
        struct stored_log_failure failure = failure_of(&story->told[i], (gint64)i + 1);
        if (story->stored)
            failure.stored_at = NOW - story->stored_hours * HOUR;
        outbound_builder_add_failure(builder, &failure);
    }
    add_sessions(builder, story);
    ask_hours(builder, story);
    return builder;
}

static struct outbound *find(const struct story *story)
{
    return outbound_builder_finish(begin(story), NOW);
}

static const struct outbound_finding *finding_at(const GPtrArray *findings, guint index)
{
    assert_true(index < findings->len);
    return g_ptr_array_index(findings, index);
}

static const struct outbound_domain *domain_at(const struct outbound_finding *finding, guint index)
{
    assert_true(index < finding->domains->len);
    return g_ptr_array_index(finding->domains, index);
}

static const char *text_at(const GPtrArray *counts, guint index)
{
    assert_true(index < counts->len);
    return ((const struct fault_count *)g_ptr_array_index(counts, index))->text;
}

/* ---- one destination ---- */

static const struct told mismatch[] = {
    {60, "a", "Q0", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
     LOG_OUTCOME_DEFERRED, LEVEL_DANE, 100, 0, "Server certificate not verified"},
    {20, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
     LOG_OUTCOME_DEFERRED, LEVEL_DANE, 3600, 0, "Server certificate not verified"},
    {19, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
     LOG_OUTCOME_DEFERRED, LEVEL_DANE, 7200, 0, "Server certificate not verified"},
    {18, "a", "Q2", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
     LOG_OUTCOME_THROTTLED, LEVEL_DANE, 50, 0, "Server certificate not verified"},
};

static const struct session verified_before[] = {
    {100, "a", "bad.example", "mx.bad.example", LEVEL_DANE, SESSION_VERIFIED, 7},
    {20, "a", "bad.example", "mx.bad.example", LEVEL_DANE, SESSION_FAILED, 2},
    {20, "a", "good.example", "mx.good.example", LEVEL_DANE, SESSION_VERIFIED, 5},
    {19, "a", "good.example", "mx.good.example", LEVEL_DANE, SESSION_VERIFIED, 6},
};

static void one_bad_destination_is_one_finding_with_what_became_of_its_messages(void **state)
{
    const struct story story = STORY(mismatch, verified_before);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);
    const struct outbound_domain *domain = domain_at(finding, 0);

    (void)state;
    assert_int_equal(found->findings->len, 1);
    assert_int_equal(found->passing->len, 0);
    assert_int_equal(finding->type, FAILURE_DANE_CERT_MISMATCH);
    assert_int_equal(finding->severity, SEVERITY_HIGH);
    assert_int_equal(finding->effect, EFFECT_DEFERRED);
    assert_int_equal(finding->messages, 2);
    assert_int_equal(finding->attempts, 2);
    assert_int_equal(finding->throttled, 1);
    assert_int_equal(finding->held, 2);
    assert_int_equal(finding->returned, 0);
    assert_int_equal(finding->delay, 7200);
    assert_int_equal(finding->oldest_at, NOW - 19 * HOUR + 3 - 7200);
    assert_int_equal(finding->first_at, NOW - 60 * HOUR + 1); /* before the period too */
    assert_int_equal(finding->last_at, NOW - 18 * HOUR + 4);
    assert_int_equal(finding->ids->len, 3);
    assert_int_equal(g_array_index(finding->ids, gint64, 0), 2);
    assert_string_equal(text_at(finding->mx, 0), "mx.bad.example");
    assert_string_equal(finding->mx_ip, "192.0.2.25");
    assert_string_equal(text_at(finding->reasons, 0), "Server certificate not verified");
    assert_string_equal(domain->name, "bad.example");
    assert_int_equal(domain->good_at, (NOW - 100 * HOUR) / HOUR * HOUR);
    assert_int_equal(domain->good, SESSION_VERIFIED);
    assert_int_equal(domain->verified_at, (NOW - 100 * HOUR) / HOUR * HOUR);
    assert_false(finding->over);
}

static void domains_whose_dane_held_are_counted(void **state)
{
    const struct story story = STORY(mismatch, verified_before);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->held->len, 1);
    assert_string_equal(text_at(found->held, 0), "good.example");
    assert_int_equal(found->verified, 11);
    assert_int_equal(found->sessions, 13);
    assert_int_equal(found->failed, 2);
    assert_int_equal(found->domains, 2);
}

static void sessions_of_unknown_mail_are_with_no_domain(void **state)
{
    const struct session sessions[] = {
        {2, "a", "good.example", "mx.good.example", LEVEL_DANE, SESSION_VERIFIED, 3},
        {2, "a", NULL, "mx.good.example", LEVEL_UNKNOWN, SESSION_VERIFIED, 1},
    };
    const struct story story = STORY(mismatch, sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->sessions, 4);
    assert_int_equal(found->domains, 1);
}

static void what_went_through_again_is_only_passing(void **state)
{
    const struct session again[] = {
        {100, "a", "bad.example", "mx.bad.example", LEVEL_DANE, SESSION_VERIFIED, 7},
        {2, "a", "bad.example", "mx.bad.example", LEVEL_DANE, SESSION_VERIFIED, 3},
    };
    const struct story story = STORY(mismatch, again);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->findings->len, 0);
    assert_true(finding_at(found->passing, 0)->over);
    assert_int_equal(finding_at(found->passing, 0)->severity, SEVERITY_INFO);
}

/* With an exception of ours, or without their records, mail goes again, and is not verified. */
static void how_it_went_through_since_is_told(void **state)
{
    static const struct {
        enum session_outcome outcomes[2], since;
    } cases[] = {
        {{SESSION_VERIFIED, SESSION_VERIFIED}, SESSION_VERIFIED},
        {{SESSION_VERIFIED, SESSION_UNTRUSTED}, SESSION_UNTRUSTED},
        {{SESSION_TRUSTED, SESSION_VERIFIED}, SESSION_VERIFIED},
        {{SESSION_VERIFIED, SESSION_PLAINTEXT}, SESSION_PLAINTEXT},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct session again[] = {
            {3, "a", "bad.example", "mx.bad.example", LEVEL_DANE, cases[i].outcomes[0], 3},
            {2, "a", "bad.example", "mx.bad.example", LEVEL_DANE, cases[i].outcomes[1], 3},
        };
        const struct story story = STORY(mismatch, again);
        g_autoptr(Outbound) found = find(&story);
        assert_true(finding_at(found->passing, 0)->over);
        assert_int_equal(finding_at(found->passing, 0)->since, cases[i].since);
    }
}

static void nor_does_an_unverified_one(void **state)
{
    const struct told told[] = {
        {9, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_TLSA_UNUSABLE,
         LOG_OUTCOME_UNVERIFIED, LEVEL_DANE, 0, 0, NULL},
        {8, "a", "Q2", "bad.example", "mx.bad.example", FAILURE_TLSA_UNUSABLE,
         LOG_OUTCOME_UNVERIFIED, LEVEL_DANE, 0, 0, NULL},
    };
    const struct session unverified[] = {
        {100, "a", "bad.example", "mx.bad.example", LEVEL_UNKNOWN, SESSION_VERIFIED, 1},
        {8, "a", "bad.example", "mx.bad.example", LEVEL_DANE, SESSION_TRUSTED, 1},
        {2, "a", "bad.example", "mx.bad.example", LEVEL_DANE, SESSION_UNTRUSTED, 1},
    };
    const struct story story = STORY(told, unverified);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->passing->len, 0);
    assert_false(finding_at(found->findings, 0)->over);
    assert_int_equal(domain_at(finding_at(found->findings, 0), 0)->good_at,
                     (NOW - 100 * HOUR) / HOUR * HOUR);
}

/* Exim says of no failure how long the message is under way. */
static void without_a_delay_it_is_the_time_since_the_first_failure(void **state)
{
    static const struct told told[] = {
        {70, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 0, 0, NULL}, /* before the period */
        {20, "a", "Q2", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 0, 0, NULL},
        {10, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 0, 0, NULL},
        {5, "a", NULL, "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 0, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(finding_at(found->findings, 0)->delay, 60 * HOUR + 2);
    assert_int_equal(finding_at(found->findings, 0)->oldest_at, NOW - 70 * HOUR + 1);
}

/* A name that never took mail of ours may be misspelt or dead: no reason to rise at night. */
static void a_domain_never_reached_is_no_grave_finding(void **state)
{
    static const struct told told[] = {
        {20, "a", "Q1", "dead.example", NULL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED,
         LEVEL_UNKNOWN, 4 * DAY, 0, NULL},
        {10, "a", "Q1", "dead.example", NULL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED,
         LEVEL_UNKNOWN, 5 * DAY, 5, NULL},
    };
    static const struct session before[] = {
        {100, "a", "dead.example", "mx.dead.example", LEVEL_MAY, SESSION_TRUSTED, 1}};
    const struct story dead = STORY(told, no_sessions), alive = STORY(told, before);
    g_autoptr(Outbound) never = find(&dead);
    g_autoptr(Outbound) once = find(&alive);

    (void)state;
    assert_int_equal(finding_at(never->findings, 0)->severity, SEVERITY_MEDIUM);
    assert_int_equal(finding_at(once->findings, 0)->severity, SEVERITY_HIGH);
}

/* The session in clear is what the failed handshake led to. */
static void a_session_in_clear_mends_nothing_that_led_to_one(void **state)
{
    const struct told told[] = {
        {9, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 0, 0, NULL},
        {8, "a", "Q2", "bad.example", "mx.bad.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 0, 0, NULL},
    };
    const struct session clear[] = {
        {100, "a", "bad.example", "mx.bad.example", LEVEL_MAY, SESSION_UNTRUSTED, 1},
        {8, "a", "bad.example", "mx.bad.example", LEVEL_MAY, SESSION_PLAINTEXT, 1},
        {2, "a", "bad.example", "mx.bad.example", LEVEL_MAY, SESSION_PLAINTEXT, 1},
    };
    const struct story story = STORY(told, clear);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->passing->len, 0);
    assert_false(finding_at(found->findings, 0)->over);
    assert_int_equal(domain_at(finding_at(found->findings, 0), 0)->good_at,
                     (NOW - 100 * HOUR) / HOUR * HOUR);
    assert_int_equal(domain_at(finding_at(found->findings, 0), 0)->good, SESSION_UNTRUSTED);
    assert_false(domain_at(finding_at(found->findings, 0), 0)->elsewhere);
}

/* That another MX host takes the mail mends nothing at this one. */
static void a_good_session_at_another_host_ends_nothing(void **state)
{
    const struct session elsewhere[] = {
        {2, "a", "bad.example", "backup.elsewhere.example", LEVEL_DANE, SESSION_VERIFIED, 3},
    };
    const struct story story = STORY(mismatch, elsewhere);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_false(finding_at(found->findings, 0)->over);
    assert_int_equal(domain_at(finding_at(found->findings, 0), 0)->good_at,
                     (NOW - 2 * HOUR) / HOUR * HOUR);
    assert_true(domain_at(finding_at(found->findings, 0), 0)->elsewhere);
}

static void returned_messages_are_counted_once_each(void **state)
{
    const struct told told[] = {
        {30, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 5 * DAY, 10, NULL}, /* given up in the period */
        {8, "a", "Q2", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 4, NULL},
        {7, "a", "Q2", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 600, 4, NULL},
        {6, "a", "Q3", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_BOUNCED, LEVEL_DANE, 600, 0, NULL},
        {6, "a", "Q4", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 600, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(finding->messages, 4);
    assert_int_equal(finding->returned, 3);
    assert_int_equal(finding->held, 1);
    assert_int_equal(finding->delay, 5 * DAY);
    assert_int_equal(finding->held_delay, 600);
    assert_int_equal(finding->effect, EFFECT_RETURNED);
    assert_int_equal(finding->severity, SEVERITY_HIGH);
    assert_int_equal(domain_at(finding, 0)->returned, 3);
}

static void deferrals_without_an_attempt_are_told_apart(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_THROTTLED, LEVEL_DANE, 60, 0, NULL},
        {7, "a", "Q2", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_THROTTLED, LEVEL_DANE, 600, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(finding->attempts, 0);
    assert_int_equal(finding->throttled, 2);
    assert_int_equal(finding->held, 2);
    assert_int_equal(finding->effect, EFFECT_DEFERRED);
}

static void the_same_queue_id_at_two_servers_is_two_messages(void **state)
{
    const struct told told[] = {
        {8, "a.our.example", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
        {7, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL}, /* the same server, named in short */
        {6, "b", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 600, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->findings->len, 1);
    assert_int_equal(finding_at(found->findings, 0)->messages, 2);
}

static void one_attempt_at_one_message_is_only_passing(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->findings->len, 0);
    assert_int_equal(found->passing->len, 1);
}

/* ---- what belongs together ---- */

static void a_provider_is_one_finding_and_others_are_their_own(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "a.example", "mx1.host.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
        {8, "a", "Q2", "b.example", "mx2.host.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
        {8, "a", "Q3", "b.example", NULL, FAILURE_DANE_CERT_MISMATCH, LOG_OUTCOME_DEFERRED,
         LEVEL_DANE, 60, 0, NULL}, /* no host told: with its domain */
        {8, "a", "Q4", "a.example", "mx1.host.example", FAILURE_STARTTLS_ABSENT,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL}, /* another failure */
        {7, "a", "Q4", "a.example", "mx1.host.example", FAILURE_STARTTLS_ABSENT,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
        {8, "a", "Q5", "c.example", "mx.c.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL}, /* another host */
        {7, "a", "Q5", "c.example", "mx.c.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *provider = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(found->findings->len, 3);
    assert_int_equal(provider->domains->len, 2);
    assert_string_equal(domain_at(provider, 0)->name, "b.example");
    assert_string_equal(domain_at(provider, 1)->name, "a.example");
    assert_int_equal(provider->messages, 3);
}

static void dead_domains_without_a_host_are_their_own(void **state)
{
    const struct told told[] = {
        {20, "a", "Q1", "a.example", NULL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED,
         LEVEL_UNKNOWN, 60, 0, "Host not found, try again"},
        {19, "a", "Q1", "a.example", NULL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED,
         LEVEL_UNKNOWN, 60, 0, "Host not found, try again"},
        {20, "a", "Q2", "b.example", NULL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED,
         LEVEL_UNKNOWN, 60, 0, "Host not found, try again"},
        {19, "a", "Q2", "b.example", NULL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED,
         LEVEL_UNKNOWN, 60, 0, "Host not found, try again"},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->findings->len, 2);
}

static void opportunistic_sessions_are_no_news(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "a.example", "mx.a.example", FAILURE_CERT_NOT_TRUSTED,
         LOG_OUTCOME_UNVERIFIED, LEVEL_MAY, 0, 0, NULL},
        {8, "a", "Q2", "a.example", "mx.a.example", FAILURE_DELIVERED_IN_CLEAR,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 0, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->findings->len + found->passing->len, 0);
}

static void in_clear_after_a_broken_handshake_is_told(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "a.example", "mx.a.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 0, 0, NULL},
        {7, "a", "Q2", "a.example", "mx.a.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 0, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(finding->effect, EFFECT_PLAINTEXT);
    assert_int_equal(finding->outcomes[LOG_OUTCOME_PLAINTEXT], 2);
    assert_int_equal(finding->severity, SEVERITY_LOW); /* nothing more was asked for */
}

/* Postfix holds a message back at the first handshake that fails, and sends it in clear later. */
static void held_back_once_and_then_sent_in_clear_is_not_held(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "a.example", "mx.a.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_DEFERRED, LEVEL_MAY, 1, 0, NULL},
        {7, "a", "Q1", "a.example", "mx.a.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 311, 0, NULL},
        {6, "a", "Q2", "a.example", "mx.a.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_DEFERRED, LEVEL_MAY, 1, 0, NULL},
        {5, "a", "Q2", "a.example", "mx.a.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 311, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(finding->messages, 2);
    assert_int_equal(finding->held, 0);
    assert_int_equal(finding->held_delay, -1);
    assert_int_equal(finding->outcomes[LOG_OUTCOME_PLAINTEXT], 2);
    assert_int_equal(finding->effect, EFFECT_PLAINTEXT);
    assert_int_equal(finding->severity, SEVERITY_LOW);
}

/* One message to two domains behind one host: one of them got it, the other waits. */
static void a_message_is_held_while_one_of_its_domains_waits(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "a.example", "mx.host.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_DEFERRED, LEVEL_MAY, 1, 0, NULL},
        {8, "a", "Q1", "b.example", "mx.host.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_DEFERRED, LEVEL_MAY, 1, 0, NULL},
        {7, "a", "Q1", "b.example", "mx.host.example", FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT, LEVEL_MAY, 311, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(finding_at(found->findings, 0)->held, 1);
    assert_int_equal(finding_at(found->findings, 0)->effect, EFFECT_DEFERRED);
}

/* The sender of our own mail are we; that we should agree with its postmaster helps nobody. */
static void the_sender_of_our_own_mail_are_we(void **state)
{
    static const struct told told[] = {
        {6, "a", "Q1", "a.example", "mx.a.example", FAILURE_REQUIRETLS_UNSUPPORTED,
         LOG_OUTCOME_BOUNCED, LEVEL_MAY, 60, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(finding_at(found->findings, 0)->type, FAILURE_REQUIRETLS_UNSUPPORTED);
    assert_int_equal(finding_at(found->findings, 0)->actor, ACTOR_US);
}

/* ---- them or us ---- */

#define LOOKUP(hours, queue_id, domain, mx, type)                                                  \
    {                                                                                              \
        hours, "a", queue_id, domain, mx, type, LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL      \
    }

static const struct told outage[] = {
    LOOKUP(6, "Q1", "a.example", "mx.a.example", FAILURE_TLSA_LOOKUP_ERROR),
    LOOKUP(6, "Q2", "b.example", "mx.b.example", FAILURE_TLSA_LOOKUP_ERROR),
    LOOKUP(6, "Q3", "c.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
    LOOKUP(5, "Q1", "a.example", "mx.a.example", FAILURE_TLSA_LOOKUP_ERROR),
};

static void lookups_that_fail_for_many_in_an_hour_are_our_resolver(void **state)
{
    const struct session sessions[] = {
        {30, "a", "a.example", "mx.a.example", LEVEL_DANE, SESSION_VERIFIED, 9},
        {6, "a", "unsigned.example", "mx.unsigned.example", LEVEL_MAY, SESSION_TRUSTED, 9},
    };
    const struct story story = STORY(outage, sessions);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(found->findings->len, 1); /* no finding for each domain beside it */
    assert_int_equal(found->passing->len, 0);
    assert_int_equal(finding->type, FAILURE_LOCAL_RESOLVER_FAILING);
    assert_int_equal(finding->severity, SEVERITY_CRITICAL);
    assert_int_equal(finding->actor, ACTOR_US);
    assert_int_equal(finding->domains->len, 3);
    assert_int_equal(finding->messages, 3);
    assert_string_equal(text_at(finding->types, 0), "tlsa-lookup-error");
}

/* One dead domain in the queue, tried every hour, is no measure of how many fail together. */
static void a_dead_domain_does_not_hide_that_our_resolver_fails(void **state)
{
    enum { DEAD_HOURS = 90 };
    const struct session sessions[] = {
        {30, "a", "a.example", "mx.a.example", LEVEL_DANE, SESSION_VERIFIED, 9},
    };
    struct told told[DEAD_HOURS + G_N_ELEMENTS(outage)];
    struct story story = STORY(told, sessions);
    g_autoptr(Outbound) found = NULL;

    (void)state;
    for (guint i = 0; i < DEAD_HOURS; i++)
        told[i] = (struct told)LOOKUP(DEAD_HOURS + 6 - i, "Q9", "dead.example", NULL,
                                      FAILURE_DNS_LOOKUP_ERROR);
    memcpy(told + DEAD_HOURS, outage, sizeof outage);
    found = find(&story);
    assert_int_equal(finding_at(found->findings, 0)->type, FAILURE_LOCAL_RESOLVER_FAILING);
    assert_int_equal(finding_at(found->findings, 0)->domains->len, 3);
}

static void a_verified_session_in_the_hour_clears_our_resolver(void **state)
{
    const struct session sessions[] = {
        {30, "a", "good.example", "mx.good.example", LEVEL_DANE, SESSION_VERIFIED, 9},
        {6, "a", "good.example", "mx.good.example", LEVEL_DANE, SESSION_VERIFIED, 9},
        {5, "a", "good.example", "mx.good.example", LEVEL_DANE, SESSION_VERIFIED, 9},
    };
    const struct story story = STORY(outage, sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    for (guint i = 0; i < found->findings->len; i++)
        assert_int_not_equal(finding_at(found->findings, i)->type, FAILURE_LOCAL_RESOLVER_FAILING);
    assert_int_equal(found->findings->len + found->passing->len, 3);
}

static void one_provider_for_many_domains_is_not_our_resolver(void **state)
{
    const struct told told[] = {
        LOOKUP(6, "Q1", "a.example", "mx1.host.example", FAILURE_TLSA_LOOKUP_ERROR),
        LOOKUP(6, "Q2", "b.example", "mx2.host.example", FAILURE_TLSA_LOOKUP_ERROR),
        LOOKUP(6, "Q3", "c.example", "mx3.host.example", FAILURE_TLSA_LOOKUP_ERROR),
        LOOKUP(6, "Q4", "d.example", NULL, FAILURE_DNS_LOOKUP_ERROR), /* known to be there too */
    };
    const struct session sessions[] = {
        {30, "a", "d.example", "mx1.host.example", LEVEL_DANE, SESSION_VERIFIED, 9},
    };
    const struct story story = STORY(told, sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(finding_at(found->findings, 0)->type, FAILURE_TLSA_LOOKUP_ERROR);
    assert_int_equal(finding_at(found->findings, 0)->domains->len, 3);
}

/* Domains that are dead for good fail in the same hours, day after day. */
static void domains_dead_for_days_are_not_our_resolver(void **state)
{
    const struct told told[] = {
        LOOKUP(90, "Q1", "a.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(70, "Q2", "b.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(50, "Q1", "a.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(40, "Q3", "c.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(30, "Q2", "b.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(6, "Q1", "a.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(6, "Q2", "b.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(6, "Q3", "c.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(found->findings->len, 0);
    assert_int_equal(found->passing->len, 3); /* once each in the period */
}

/* Three dead domains in an hour with hundreds of good ones: plain lookups tell no more than that.
 */
static void a_few_dead_domains_among_many_good_ones_are_not_our_resolver(void **state)
{
    static const char *const good[] = {"d1.example", "d2.example", "d3.example", "d4.example",
                                       "d5.example", "d6.example", "d7.example", "d8.example",
                                       "d9.example", "da.example", "db.example", "dc.example",
                                       "dd.example"};
    const struct told told[] = {
        LOOKUP(6, "Q1", "a.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(6, "Q2", "b.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
        LOOKUP(6, "Q3", "c.example", NULL, FAILURE_DNS_LOOKUP_ERROR),
    };
    struct session sessions[G_N_ELEMENTS(good)];
    struct story story = STORY(told, sessions);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        sessions[i] = (struct session){6, "a", good[i], NULL, LEVEL_MAY, SESSION_UNTRUSTED, 3};
    for (size_t few = 0; few < 2; few++) {
        story.session_count = few ? 12 : 13;
        g_autoptr(Outbound) found = find(&story);
        assert_int_equal(found->findings->len, few ? 1 : 0);
        assert_int_equal(found->passing->len, few ? 0 : 3);
    }
}

/* Each of our servers asks its own resolver. */
static void a_sound_server_does_not_clear_another_ones_resolver(void **state)
{
    const struct session sessions[] = {
        {6, "b", "good.example", "mx.good.example", LEVEL_DANE, SESSION_VERIFIED, 9},
    };
    const struct story story = STORY(outage, sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(finding_at(found->findings, 0)->type, FAILURE_LOCAL_RESOLVER_FAILING);
}

static void what_is_ours_to_mend_comes_first(void **state)
{
    const struct told told[] = {
        {8, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_BOUNCED, LEVEL_DANE, 60, 0, NULL},
        {8, "a", "Q2", "b.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
        {8, "a", "Q3", "c.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
        {8, "a", NULL, NULL, NULL, FAILURE_LOCAL_POLICY_ERROR, LOG_OUTCOME_UNKNOWN, LEVEL_UNKNOWN,
         0, 0, NULL},
    };
    const struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_int_equal(finding_at(found->findings, 0)->type, FAILURE_LOCAL_POLICY_ERROR);
    assert_int_equal(finding_at(found->findings, 0)->severity, SEVERITY_HIGH);
    assert_string_equal(finding_at(found->findings, 0)->line, "the line");
    assert_int_equal(finding_at(found->findings, 0)->warnings, 1); /* it is about no message */
    assert_int_equal(finding_at(found->findings, 0)->messages, 0);
    assert_int_equal(finding_at(found->findings, 0)->attempts, 0);
    assert_int_equal(finding_at(found->findings, 0)->outcomes[LOG_OUTCOME_UNKNOWN], 0);
    assert_int_equal(finding_at(found->findings, 1)->severity, SEVERITY_CRITICAL);
}

#define UNTRUSTED(hours, host, queue_id, domain)                                                   \
    {                                                                                              \
        hours, host, queue_id, domain, "mx." domain, FAILURE_CERT_NOT_TRUSTED,                     \
            LOG_OUTCOME_DEFERRED, LEVEL_SECURE, 60, 0, "Server certificate not trusted"            \
    }

static const struct told untrusted[] = {
    UNTRUSTED(8, "a", "Q1", "a.example"),
    UNTRUSTED(7, "a", "Q2", "b.example"),
    UNTRUSTED(6, "a", "Q3", "c.example"),
    UNTRUSTED(5, "a", "Q1", "a.example"),
};

static void certificates_of_many_that_nobody_here_trusts_are_our_list_of_authorities(void **state)
{
    const struct session sessions[] = {
        {9, "a", "may.example", "mx.may.example", LEVEL_MAY, SESSION_TRUSTED, 9},
        {6, "a", "may.example", "mx.may.example", LEVEL_MAY, SESSION_UNTRUSTED, 9},
        {6, "a", "dane.example", "mx.dane.example", LEVEL_DANE, SESSION_VERIFIED, 9},
        {6, "b", "may.example", "mx.may.example", LEVEL_MAY, SESSION_TRUSTED, 9},
    };
    const struct story story = STORY(untrusted, sessions);
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(found->findings->len, 1);
    assert_int_equal(finding->type, FAILURE_LOCAL_TRUST_STORE);
    assert_int_equal(finding->severity, SEVERITY_CRITICAL);
    assert_int_equal(finding->actor, ACTOR_US);
    assert_int_equal(finding->domains->len, 3);
    assert_int_equal(finding->messages, 3);
    assert_string_equal(text_at(finding->types, 0), "cert-not-trusted");
}

static void one_trusted_certificate_clears_our_list_of_authorities(void **state)
{
    static const enum tls_level levels[] = {LEVEL_MAY, LEVEL_SECURE};
    static const enum session_outcome outcomes[] = {SESSION_TRUSTED, SESSION_VERIFIED};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        const struct session sessions[] = {
            {6, "a", "may.example", "mx.may.example", levels[i], outcomes[i], 1},
        };
        const struct story story = STORY(untrusted, sessions);
        g_autoptr(Outbound) found = find(&story);
        for (guint j = 0; j < found->findings->len; j++)
            assert_int_equal(finding_at(found->findings, j)->type, FAILURE_CERT_NOT_TRUSTED);
        assert_int_equal(found->findings->len + found->passing->len, 3);
    }
}

/* Postfix before 3.11 tells no level: what was verified may have been so by DANE. */
static void what_dane_may_have_verified_clears_no_list_of_authorities(void **state)
{
    struct session sessions[] = {
        {6, "a", "dane.example", "mx.dane.example", LEVEL_UNKNOWN, SESSION_VERIFIED, 9},
        {6, "a", "d.example", "mx.d.example", LEVEL_UNKNOWN, SESSION_UNTRUSTED, 9},
        {6, "a", "e.example", "mx.e.example", LEVEL_UNKNOWN, SESSION_UNTRUSTED, 9},
        {6, "a", "f.example", "mx.f.example", LEVEL_UNKNOWN, SESSION_UNTRUSTED, 9},
    };
    const struct story story = STORY(untrusted, sessions);
    g_autoptr(Outbound) found = find(&story);
    g_autoptr(Outbound) few = NULL;

    (void)state;
    assert_int_equal(finding_at(found->findings, 0)->type, FAILURE_LOCAL_TRUST_STORE);
    /* With hardly anybody else it may be that all who are trusted have to be. */
    sessions[3] = sessions[2];
    few = find(&story);
    assert_int_equal(finding_at(few->findings, 0)->type, FAILURE_CERT_NOT_TRUSTED);
}

/* Postfix at smtp_tls_loglevel 0 tells of no TLS session, so that nobody seems to be trusted. */
static void a_log_without_tls_sessions_says_nothing_of_our_list_of_authorities(void **state)
{
    const struct session sessions[] = {
        {6, "a", "may.example", "mx.may.example", LEVEL_MAY, SESSION_UNKNOWN, 9},
        {6, "a", "clear.example", "mx.clear.example", LEVEL_MAY, SESSION_PLAINTEXT, 9},
        {6, "b", "may.example", "mx.may.example", LEVEL_MAY, SESSION_UNTRUSTED, 9},
    };
    const struct story story = STORY(untrusted, sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    for (guint i = 0; i < found->findings->len; i++)
        assert_int_equal(finding_at(found->findings, i)->type, FAILURE_CERT_NOT_TRUSTED);
    assert_int_equal(found->findings->len + found->passing->len, 3);
}

/* What failed while others were trusted goes on to fail at night, when there are no others. */
static void chains_that_were_bad_before_are_not_our_list_of_authorities(void **state)
{
    const struct told told[] = {
        UNTRUSTED(40, "a", "Q1", "a.example"), UNTRUSTED(8, "a", "Q1", "a.example"),
        UNTRUSTED(7, "a", "Q2", "b.example"),  UNTRUSTED(6, "a", "Q3", "c.example"),
        UNTRUSTED(6, "b", "Q4", "d.example"),
    };
    const struct session sessions[] = {
        {30, "a", "may.example", "mx.may.example", LEVEL_MAY, SESSION_TRUSTED, 1},
    };
    const struct story story = STORY(told, sessions);
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    for (guint i = 0; i < found->findings->len; i++)
        assert_int_equal(finding_at(found->findings, i)->type, FAILURE_CERT_NOT_TRUSTED);
    assert_int_equal(found->findings->len + found->passing->len, 4);
}

static void dane_that_verifies_nothing_any_more_is_our_resolver(void **state)
{
    struct session sessions[] = {
        {40 * 24, "a", "dane.example", "mx.dane.example", LEVEL_DANE, SESSION_VERIFIED, 90},
        {50, "a", "dane.example", "mx.dane.example", LEVEL_DANE, SESSION_TRUSTED, 20},
        {5, "a", "dane.example", "mx.dane.example", LEVEL_DANE, SESSION_TRUSTED, 10},
    };
    struct story story = {.sessions = sessions, .session_count = G_N_ELEMENTS(sessions)};
    g_autoptr(Outbound) found = find(&story);
    const struct outbound_finding *finding = finding_at(found->findings, 0);

    (void)state;
    assert_int_equal(finding->type, FAILURE_LOCAL_RESOLVER_INSECURE);
    assert_int_equal(finding->unverified, 30);
    assert_string_equal(domain_at(finding, 0)->name, "dane.example");
    sessions[2].count = 9; /* too few to say so */
    g_autoptr(Outbound) fewer = find(&story);
    assert_int_equal(fewer->findings->len, 0);
    sessions[2].count = 10;
    sessions[2].outcome = SESSION_VERIFIED;
    g_autoptr(Outbound) verified = find(&story);
    assert_int_equal(verified->findings->len, 0);
}

/* ---- period, domain, month ---- */

static void a_log_read_late_is_told_when_it_came_in(void **state)
{
    const struct told told[] = {
        {400, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
        {399, "a", "Q1", "bad.example", "mx.bad.example", FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED, LEVEL_DANE, 60, 0, NULL},
    };
    struct story story = STORY(told, no_sessions);
    g_autoptr(Outbound) by_time = find(&story);

    (void)state;
    assert_int_equal(by_time->findings->len, 0);
    story.stored = true;
    story.stored_hours = 1;
    g_autoptr(Outbound) by_arrival = find(&story);
    assert_int_equal(by_arrival->findings->len, 1);
    assert_int_equal(finding_at(by_arrival->findings, 0)->severity, SEVERITY_LOW); /* long ago */
    story.stored_hours = 30; /* told by an earlier digest */
    g_autoptr(Outbound) earlier = find(&story);
    assert_int_equal(earlier->findings->len, 0);
}

static void one_domain_shows_what_hits_it(void **state)
{
    struct story story = STORY(outage, no_sessions);
    story.domain = "b.example";
    g_autoptr(Outbound) hit = find(&story);
    story.domain = "z.example";
    g_autoptr(Outbound) not_hit = find(&story);

    (void)state;
    /* also what only the other domains show: that it is our resolver */
    assert_int_equal(finding_at(hit->findings, 0)->type, FAILURE_LOCAL_RESOLVER_FAILING);
    assert_int_equal(not_hit->findings->len, 0);
}

static void a_store_without_any_log_has_nothing_to_say(void **state)
{
    struct story story = {0};
    g_autoptr(Outbound) found = find(&story);

    (void)state;
    assert_null(found);
}

static void a_month_sums_what_nobody_asked_more_of(void **state)
{
    const struct session sessions[] = {
        {100, "a", "clear.example", NULL, LEVEL_MAY, SESSION_PLAINTEXT, 5},
        {90, "a", "clear.example", NULL, LEVEL_UNKNOWN, SESSION_PLAINTEXT, 6},
        {80, "a", "selfsigned.example", NULL, LEVEL_MAY, SESSION_UNTRUSTED, 7},
        {80, "a", "strict.example", NULL, LEVEL_ENCRYPT, SESSION_UNTRUSTED, 8},
        {80, "a", "fine.example", NULL, LEVEL_MAY, SESSION_TRUSTED, 9},
    };
    const struct outbound_period period = {.from = NOW - DAY, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    g_autoptr(Outbound) found = NULL;

    (void)state;
    outbound_builder_begin_month(builder, NOW - 31 * DAY, NOW);
    for (size_t i = 0; i < G_N_ELEMENTS(sessions); i++) {
        struct stored_deliveries one = deliveries_of(&sessions[i]);
        outbound_builder_add_deliveries(builder, OUTBOUND_MONTH, &one);
    }
    found = outbound_builder_finish(builder, NOW);
    assert_non_null(found->month);
    assert_int_equal(found->month->clear_sessions, 11);
    assert_int_equal(found->month->clear->len, 1);
    assert_int_equal(found->month->unverified_sessions, 7);
    assert_string_equal(text_at(found->month->unverified, 0), "selfsigned.example");
}

/* What is said of hosts that are known for DANE, of a month with these sessions. */
static gint64 unchecked_of(const struct session *sessions, size_t count, guint *hosts)
{
    const struct outbound_period period = {.from = NOW - DAY, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    g_autoptr(Outbound) found = NULL;

    outbound_builder_begin_month(builder, NOW - 31 * DAY, NOW);
    for (size_t i = 0; i < count; i++) {
        struct stored_deliveries one = deliveries_of(&sessions[i]);
        outbound_builder_add_deliveries(builder, OUTBOUND_MONTH, &one);
    }
    found = outbound_builder_finish(builder, NOW);
    *hosts = found->month->unchecked->len;
    return found->month->unchecked_sessions;
}

static void a_month_without_any_dane_is_told_where_some_should_be(void **state)
{
    enum { FEW, MANY, FAILED, LIKENESS, LAST };
    struct session sessions[] = {
        [FEW] = {90, "a", "x.example", "mx00.gmx.net", LEVEL_MAY, SESSION_TRUSTED, 4},
        [MANY] = {80, "a", "y.example", "mx.web.de", LEVEL_UNKNOWN, SESSION_UNTRUSTED, 26},
        [FAILED] = {70, "a", "y.example", "mx.web.de", LEVEL_UNKNOWN, SESSION_FAILED, 9},
        [LIKENESS] = {70, "a", "z.example", "mx.notweb.de", LEVEL_MAY, SESSION_TRUSTED, 9},
        [LAST] = {60, "a", "v.example", "mx.v.example", LEVEL_SECURE, SESSION_VERIFIED, 5},
    };
    guint hosts;

    (void)state;
    assert_int_equal(unchecked_of(sessions, G_N_ELEMENTS(sessions), &hosts), 30);
    assert_int_equal(hosts, 2);
    /* One host may have changed; few sessions are chance; and DANE may work. */
    assert_int_equal(unchecked_of(sessions + MANY, LAST - MANY, &hosts), 0);
    assert_int_equal(hosts, 0);
    sessions[FEW].count = 3;
    assert_int_equal(unchecked_of(sessions, G_N_ELEMENTS(sessions), &hosts), 0);
    sessions[FEW].count = 4;
    sessions[LAST].level = LEVEL_DANE;
    assert_int_equal(unchecked_of(sessions, G_N_ELEMENTS(sessions), &hosts), 0);
    sessions[LAST].level = LEVEL_UNKNOWN;
    assert_int_equal(unchecked_of(sessions, G_N_ELEMENTS(sessions), &hosts), 0);
}

/* How many are told as steady where one has a session on each of `days` days, the first of them
   `first` days ago, and this besides. */
static guint steady_of(int first, int days, const struct session *other, const struct told *failed)
{
    const struct outbound_period period = {.from = NOW - DAY, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    g_autoptr(Outbound) found = NULL;

    outbound_builder_begin_month(builder, NOW - 31 * DAY, NOW);
    for (int i = 0; i < days; i++) {
        struct session day = {(first - first * i / days) * 24 - 1,
                              "a",
                              "good.example",
                              "mx.good.example",
                              LEVEL_DANE,
                              SESSION_VERIFIED,
                              2};
        struct stored_deliveries one = deliveries_of(&day);
        outbound_builder_add_deliveries(builder, OUTBOUND_DAY, &one);
    }
    if (other != NULL) {
        struct stored_deliveries one = deliveries_of(other);
        outbound_builder_add_deliveries(builder, OUTBOUND_DAY, &one);
    }
    if (failed != NULL) {
        struct stored_log_failure one = failure_of(failed, 1);
        outbound_builder_add_unsteady(builder, &one);
    }
    found = outbound_builder_finish(builder, NOW);
    if (found->month->steady->len > 0)
        assert_string_equal(text_at(found->month->steady, 0), "good.example");
    return found->month->steady->len;
}

static void who_was_verified_for_months_is_told(void **state)
{
    static const struct session others[] = {
        {50, "a", "good.example", "mx2.good.example", LEVEL_DANE, SESSION_UNTRUSTED, 1},
        {50, "b", "good.example", "mx.good.example", LEVEL_MAY, SESSION_PLAINTEXT, 1},
        {50, "b", "good.example", "mx.good.example", LEVEL_UNKNOWN, SESSION_VERIFIED, 1},
        {50, "a", "good.example", "mx.good.example", LEVEL_DANE, SESSION_FAILED, 1},
        {50, "a", "good.example", "mx.good.example", LEVEL_DANE_ONLY, SESSION_VERIFIED, 1},
    };
    static const struct session elsewhere = {
        50, "a", "other.example", "mx.good.example", LEVEL_MAY, SESSION_UNTRUSTED, 1};
    struct told failed = {50,
                          "a",
                          "Q0",
                          "good.example",
                          NULL,
                          FAILURE_TLSA_LOOKUP_ERROR,
                          LOG_OUTCOME_DEFERRED,
                          LEVEL_DANE,
                          100,
                          0,
                          "TLSA lookup error"};

    (void)state;
    assert_int_equal(steady_of(100, 40, NULL, NULL), 1);
    assert_int_equal(steady_of(100, 40, &elsewhere, NULL), 1);
    assert_int_equal(steady_of(100, 15, NULL, NULL), 1);
    assert_int_equal(steady_of(100, 14, NULL, NULL), 0);
    assert_int_equal(steady_of(85, 40, NULL, NULL), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        assert_int_equal(steady_of(100, 40, &others[i], NULL), 0);
    assert_int_equal(steady_of(100, 40, NULL, &failed), 0);
    failed.hours = -1; /* after the month */
    assert_int_equal(steady_of(100, 40, NULL, &failed), 1);
}

/* ---- queue ---- */

static void waiting_messages_are_those_of_the_log_or_with_its_very_reason(void **state)
{
    static const struct queued_message queue[] = {
        {"deferred", "Q1", 0, "bad.example", "Server certificate not verified"},
        {"deferred", "Q8", 0, "bad.example", "Server certificate not verified"},
        {"deferred", "Q9", 0, "bad.example",
         "delivery temporarily suspended: Server certificate not verified"},
        {"deferred", "Q9", 0, "bad.example", "Server certificate not verified"}, /* recipient 2 */
        {"deferred", "QA", 0, "bad.example", "mailbox full"},
        {"deferred", "QB", 0, "other.example", "Server certificate not verified"},
        {"active", "QC", 0, "bad.example", NULL},
    };
    const struct story story = STORY(mismatch, verified_before);
    struct outbound_builder *builder = begin(&story);
    g_autoptr(Outbound) found = NULL;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(queue); i++)
        outbound_builder_add_queued(builder, &queue[i]);
    outbound_builder_queue_read(builder, 0);
    found = outbound_builder_finish(builder, NOW);
    assert_true(found->queue_read);
    assert_int_equal(found->queued, 6);
    assert_int_equal(found->queued_ours, 3);
    assert_int_equal(finding_at(found->findings, 0)->waiting, 3);
    assert_int_equal(domain_at(finding_at(found->findings, 0), 0)->waiting, 3);
}

/* ---- inbound ---- */

static void add_client(struct outbound_builder *builder, const char *ip, gint64 hours,
                       guint sessions, enum log_detail detail)
{
    const struct stored_log_failure failure = {
        .id = 1,
        .event = {.kind = LOG_EVENT_FAILURE,
                  .at = NOW - hours * HOUR,
                  .direction = DIRECTION_IN,
                  .ip = ip,
                  .sessions = sessions,
                  .detail = detail,
                  .failure_type = FAILURE_TLS_HANDSHAKE_FAILURE},
    };

    outbound_builder_add_failure(builder, &failure);
}

static void inbound_failures_are_told_only_beside_a_report_of_the_day(void **state)
{
    const struct outbound_period period = {.from = NOW - DAY, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    struct outbound_report report = {.organization = "Reporter",
                                     .domain = "our.example",
                                     .ip = "192.0.2.7",
                                     .type = FAILURE_TLS_HANDSHAKE_FAILURE,
                                     .begins_at = NOW - 36 * HOUR,
                                     .sessions = 3,
                                     .told = true};
    g_autoptr(Outbound) found = NULL;
    const struct outbound_inbound *joined;

    (void)state;
    outbound_builder_add_report(builder, &report);
    report.ip = "192.0.2.8"; /* nothing of it here */
    outbound_builder_add_report(builder, &report);
    add_client(builder, "192.0.2.7", 30, 2, DETAIL_INBOUND_HANDSHAKE_FAILURE);
    add_client(builder, "192.0.2.7", 20, 4, DETAIL_INBOUND_HANDSHAKE_FAILURE);
    add_client(builder, "192.0.2.7", 200, 8, DETAIL_INBOUND_HANDSHAKE_FAILURE);    /* another day */
    add_client(builder, "198.51.100.1", 20, 99, DETAIL_INBOUND_HANDSHAKE_FAILURE); /* a scanner */
    add_client(builder, "198.51.100.2", 20, 5, DETAIL_INBOUND_PEER_REJECTED_OUR_CERT);
    add_client(builder, "198.51.100.2", 200, 9, DETAIL_INBOUND_PEER_REJECTED_OUR_CERT);
    found = outbound_builder_finish(builder, NOW);
    assert_int_equal(found->findings->len + found->passing->len, 0);
    assert_int_equal(found->inbound->len, 1);
    joined = g_ptr_array_index(found->inbound, 0);
    assert_string_equal(joined->organization, "Reporter");
    assert_string_equal(joined->ip, "192.0.2.7");
    assert_int_equal(joined->reported, 3);
    assert_int_equal(joined->handshakes, 6);
    assert_string_equal(text_at(joined->details, 0), "inbound-handshake-failure");
    assert_int_equal(found->inbound_failed, 108); /* of the period */
    assert_int_equal(found->inbound_refused, 5);
}

static void inbound_failures_of_who_takes_our_mail_are_told(void **state)
{
    const struct outbound_period period = {.from = NOW - DAY, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    const struct outbound_report report = {.organization = "Reporter",
                                           .domain = "our.example",
                                           .ip = "192.0.2.7",
                                           .type = FAILURE_TLS_HANDSHAKE_FAILURE,
                                           .begins_at = NOW - 36 * HOUR,
                                           .sessions = 3,
                                           .told = true};
    g_autoptr(Outbound) found = NULL;
    const struct outbound_peer *peer;

    (void)state;
    outbound_builder_add_report(builder, &report);
    outbound_builder_add_peer(builder, "192.0.2.7", "mx.reported.example");
    outbound_builder_add_peer(builder, "192.0.2.8", "mx.few.example");
    outbound_builder_add_peer(builder, "2001:db8::9", NULL);
    outbound_builder_add_peer(builder, "192.0.2.10", "mx.fine.example");
    add_client(builder, "192.0.2.8", 200, 64, DETAIL_INBOUND_HANDSHAKE_FAILURE); /* another day */
    add_client(builder, "2001:db8::9", 23, 4, DETAIL_INBOUND_PEER_REJECTED_OUR_CERT);
    add_client(builder, "192.0.2.8", 21, 2, DETAIL_INBOUND_HANDSHAKE_FAILURE);
    add_client(builder, "192.0.2.7", 20, 32, DETAIL_INBOUND_HANDSHAKE_FAILURE);
    add_client(builder, "2001:db8::9", 3, 8, DETAIL_INBOUND_HANDSHAKE_FAILURE);
    add_client(builder, "198.51.100.1", 2, 99, DETAIL_INBOUND_HANDSHAKE_FAILURE); /* a scanner */
    found = outbound_builder_finish(builder, NOW);
    assert_int_equal(found->inbound->len, 1); /* which is told with its report, and not again */
    assert_int_equal(found->peers->len, 2);
    peer = g_ptr_array_index(found->peers, 0);
    assert_string_equal(peer->ip, "2001:db8::9");
    assert_null(peer->mx);
    assert_int_equal(peer->handshakes, 12);
    assert_int_equal(peer->first_at, NOW - 23 * HOUR);
    assert_int_equal(peer->last_at, NOW - 3 * HOUR);
    assert_string_equal(text_at(peer->details, 0), "inbound-handshake-failure");
    peer = g_ptr_array_index(found->peers, 1);
    assert_string_equal(peer->mx, "mx.few.example");
    assert_int_equal(peer->handshakes, 2);
}

/* ---- hostile ---- */

static void texts_of_strangers_and_odd_times_do_no_harm(void **state)
{
    static const gint64 times[] = {G_MININT64 + 10, -1, 0, G_MAXINT64 - 10 * DAY, NOW - HOUR};
    const struct outbound_period period = {.from = G_MININT64, .to = G_MAXINT64};
    struct outbound_builder *builder = outbound_builder_new(&period);
    g_autoptr(Outbound) found = NULL;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        struct stored_log_failure failure = failure_of(&mismatch[0], (gint64)i);
        failure.event.at = times[i];
        failure.event.failure_type = i % 2 ? FAILURE_TLSA_LOOKUP_ERROR : FAILURE_DNSSEC_BOGUS;
        failure.event.delay = i % 2 ? G_MAXINT64 : -1;
        failure.event.domain = "\033[2J\n'; DROP TABLE";
        failure.event.mx = i % 2 ? "" : "...";
        outbound_builder_add_failure(builder, &failure);
    }
    found = outbound_builder_finish(builder, NOW);
    assert_non_null(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_destination_is_one_finding_with_what_became_of_its_messages),
        cmocka_unit_test(domains_whose_dane_held_are_counted),
        cmocka_unit_test(sessions_of_unknown_mail_are_with_no_domain),
        cmocka_unit_test(what_went_through_again_is_only_passing),
        cmocka_unit_test(how_it_went_through_since_is_told),
        cmocka_unit_test(without_a_delay_it_is_the_time_since_the_first_failure),
        cmocka_unit_test(nor_does_an_unverified_one),
        cmocka_unit_test(a_domain_never_reached_is_no_grave_finding),
        cmocka_unit_test(a_session_in_clear_mends_nothing_that_led_to_one),
        cmocka_unit_test(a_good_session_at_another_host_ends_nothing),
        cmocka_unit_test(returned_messages_are_counted_once_each),
        cmocka_unit_test(deferrals_without_an_attempt_are_told_apart),
        cmocka_unit_test(the_same_queue_id_at_two_servers_is_two_messages),
        cmocka_unit_test(one_attempt_at_one_message_is_only_passing),
        cmocka_unit_test(a_provider_is_one_finding_and_others_are_their_own),
        cmocka_unit_test(dead_domains_without_a_host_are_their_own),
        cmocka_unit_test(opportunistic_sessions_are_no_news),
        cmocka_unit_test(in_clear_after_a_broken_handshake_is_told),
        cmocka_unit_test(held_back_once_and_then_sent_in_clear_is_not_held),
        cmocka_unit_test(a_message_is_held_while_one_of_its_domains_waits),
        cmocka_unit_test(the_sender_of_our_own_mail_are_we),
        cmocka_unit_test(lookups_that_fail_for_many_in_an_hour_are_our_resolver),
        cmocka_unit_test(a_dead_domain_does_not_hide_that_our_resolver_fails),
        cmocka_unit_test(a_verified_session_in_the_hour_clears_our_resolver),
        cmocka_unit_test(one_provider_for_many_domains_is_not_our_resolver),
        cmocka_unit_test(domains_dead_for_days_are_not_our_resolver),
        cmocka_unit_test(a_few_dead_domains_among_many_good_ones_are_not_our_resolver),
        cmocka_unit_test(a_sound_server_does_not_clear_another_ones_resolver),
        cmocka_unit_test(what_is_ours_to_mend_comes_first),
        cmocka_unit_test(certificates_of_many_that_nobody_here_trusts_are_our_list_of_authorities),
        cmocka_unit_test(one_trusted_certificate_clears_our_list_of_authorities),
        cmocka_unit_test(what_dane_may_have_verified_clears_no_list_of_authorities),
        cmocka_unit_test(a_log_without_tls_sessions_says_nothing_of_our_list_of_authorities),
        cmocka_unit_test(chains_that_were_bad_before_are_not_our_list_of_authorities),
        cmocka_unit_test(dane_that_verifies_nothing_any_more_is_our_resolver),
        cmocka_unit_test(a_log_read_late_is_told_when_it_came_in),
        cmocka_unit_test(one_domain_shows_what_hits_it),
        cmocka_unit_test(a_store_without_any_log_has_nothing_to_say),
        cmocka_unit_test(a_month_sums_what_nobody_asked_more_of),
        cmocka_unit_test(a_month_without_any_dane_is_told_where_some_should_be),
        cmocka_unit_test(who_was_verified_for_months_is_told),
        cmocka_unit_test(waiting_messages_are_those_of_the_log_or_with_its_very_reason),
        cmocka_unit_test(inbound_failures_are_told_only_beside_a_report_of_the_day),
        cmocka_unit_test(inbound_failures_of_who_takes_our_mail_are_told),
        cmocka_unit_test(texts_of_strangers_and_odd_times_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
