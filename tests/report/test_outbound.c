#include "report/digest.h"
#include "report/format.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define NOW INT64_C(1795348800) /* 2026-11-22 12:00 UTC */
#define HOUR INT64_C(3600)
#define EVIL "\033[2J\xE2\x80\xAE<b>\r\nBcc: x@evil.example\x7F\xC2\x9B"

/* ---- digests of a log ---- */

struct told {
    const char *queue_id, *domain, *mx, *reason;
    enum failure_type type;
    enum log_outcome outcome;
};

static void tell_line(struct outbound_builder *builder, const struct told *told, gint64 id,
                      const char *line)
{
    const struct stored_log_failure failure = {
        .id = id,
        .event = {.kind = LOG_EVENT_FAILURE,
                  .at = NOW - 5 * HOUR + id,
                  .host = "mx1",
                  .mta = MTA_POSTFIX,
                  .queue_id = told->queue_id,
                  .domain = told->domain,
                  .mx = told->mx,
                  .ip = "2001:db8::25",
                  .level = LEVEL_DANE,
                  .outcome = told->outcome,
                  .failure_type = told->type,
                  .detail = DETAIL_TLSA_MISMATCH,
                  .result_type = RESULT_CERTIFICATE_NOT_TRUSTED,
                  .delay = 26 * HOUR,
                  .reason = told->reason,
                  .line = line},
    };

    outbound_builder_add_failure(builder, &failure);
}

static struct digest *digest_of_lines(const struct told *told, size_t count, const char *line)
{
    const struct outbound_period period = {.from = NOW - 24 * HOUR, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    struct digest *digest = digest_new();

    for (size_t i = 0; i < count; i++)
        tell_line(builder, &told[i], (gint64)i + 1, line);
    digest->generated_at = NOW;
    digest->covers_from = NOW - 24 * HOUR;
    digest->covers_to = NOW;
    digest->store = g_strdup("/var/lib/tlstriage/tlstriage.db");
    digest->outbound = outbound_builder_finish(builder, NOW);
    digest->faults = fault_builder_finish(fault_builder_new(), NOW);
    return digest;
}

static struct digest *digest_of(const struct told *told, size_t count)
{
    return digest_of_lines(told, count, "the line of the log");
}

static char *write_as(const char *name, const struct digest *digest)
{
    const struct format_options options = {.width = 200};
    GString *out = g_string_new(NULL);

    assert_true(format_find(name)->write(digest, &options, out, NULL));
    return g_string_free(out, FALSE);
}

static json_t *json_of(const struct digest *digest)
{
    g_autofree char *text = write_as("json", digest);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(root);
    return root;
}

static const struct told story[] = {
    {"Q1", "bad.example", "mx.bad.example", "Server certificate not verified",
     FAILURE_DANE_CERT_MISMATCH, LOG_OUTCOME_DEFERRED},
    {"Q2", "bad.example", "mx.bad.example", "Server certificate not verified",
     FAILURE_DANE_CERT_MISMATCH, LOG_OUTCOME_BOUNCED},
    {NULL, NULL, NULL, "dane configured with dnssec lookups disabled", FAILURE_LOCAL_POLICY_ERROR,
     LOG_OUTCOME_UNKNOWN},
    {"Q3", "once.example", "mx.once.example", NULL, FAILURE_TLS_HANDSHAKE_FAILURE,
     LOG_OUTCOME_DEFERRED},
};

static void assert_in_order(const char *text, const char *const *pieces)
{
    const char *at = text;

    for (; *pieces != NULL; pieces++) {
        const char *found = strstr(at, *pieces);
        if (found == NULL)
            fail_msg("\"%s\" is missing or out of order in:\n%s", *pieces, text);
        at = found;
    }
}

/* ---- text ---- */

static void a_finding_says_what_became_of_the_mail_and_what_to_do(void **state)
{
    static const char *const pieces[] = {
        "1. HIGH  our TLS configuration is at fault",
        "the line of the log",
        "What may have caused it",
        "2. HIGH  Our mail to mx.bad.example: certificate matches no TLSA record",
        "Destination  bad.example",
        "1 message returned to its author; 1 message held back, up to 1 day 2 hours so far",
        "certificate-not-trusted (2)",
        "What to do as the sender",
        "posttls-finger -c -l dane '[mx.bad.example]'",
        "a temporary exception to 2026-11-29",
        "2026-11-22 mx.bad.example 2026-11-29 bad.example >>/etc/postfix/tls_policy",
        "What to write to their postmaster",
        "Since 2026-11-22 our mail server has trouble with mx.bad.example (2001:db8::25)",
        "The error: Server certificate not verified",
        "WHERE log_failure IN (1,2)",
        "tlstriage explain dane-cert-mismatch",
        "Seen once, or delivered since; nothing to do: mx.once.example",
        NULL,
    };
    g_autoptr(Digest) digest = digest_of(story, G_N_ELEMENTS(story));
    g_autofree char *text = write_as("text", digest);

    (void)state;
    assert_in_order(text, pieces);
    assert_null(strstr(text, "Renew with")); /* it is not our certificate */
    assert_null(strstr(text, "nothing to do: our"));
}

/* A letter about one of them, and an exception for it, would leave out the others. */
static void several_destinations_behind_one_host_are_told_as_such(void **state)
{
    static const struct told two[] = {
        {"Q1", "bad.example", "mx.host.example", NULL, FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED},
        {"Q2", "worse.example", "mx.host.example", NULL, FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED},
    };
    static const char *const pieces[] = {
        "bad.example is one destination of several behind this host",
        "dig +noall +answer +authority SOA mx.host.example",
        "Likewise for each other destination that cannot wait.",
        "Mail for other domains behind this host is hit as well.", NULL};
    g_autoptr(Digest) digest = digest_of(two, G_N_ELEMENTS(two));
    g_autoptr(Digest) one = digest_of(story, 2);
    g_autofree char *text = write_as("text", digest), *single = write_as("text", one);

    (void)state;
    assert_in_order(text, pieces);
    for (size_t i = 0; pieces[i] != NULL; i++)
        assert_null(strstr(single, pieces[i]));
}

/* What our server says of itself is no message and no attempt. */
static void a_warning_is_no_message(void **state)
{
    static const struct told warnings[] = {
        {NULL, NULL, NULL, "DNSSEC validation may be unavailable", FAILURE_LOCAL_RESOLVER_INSECURE,
         LOG_OUTCOME_UNKNOWN},
        {NULL, NULL, NULL, "DNSSEC validation may be unavailable", FAILURE_LOCAL_RESOLVER_INSECURE,
         LOG_OUTCOME_UNKNOWN},
    };
    g_autoptr(Digest) digest = digest_of(warnings, G_N_ELEMENTS(warnings));
    g_autofree char *text = write_as("text", digest);

    (void)state;
    assert_non_null(strstr(text, "2 warnings"));
    assert_null(strstr(text, "2 messages"));
    assert_null(strstr(text, "2 attempts"));
}

static void mail_that_went_in_clear_is_not_said_to_wait(void **state)
{
    static const struct told clear[] = {
        {"Q1", "bad.example", "mx.bad.example", NULL, FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT},
        {"Q2", "bad.example", "mx.bad.example", NULL, FAILURE_TLS_HANDSHAKE_FAILURE,
         LOG_OUTCOME_PLAINTEXT},
    };
    g_autoptr(Digest) digest = digest_of(clear, G_N_ELEMENTS(clear));
    g_autofree char *text = write_as("text", digest);

    (void)state;
    assert_non_null(strstr(text, "2 messages sent in clear"));
    assert_non_null(strstr(text, "It is mended when the test above is good."));
    assert_null(strstr(text, "postqueue -f"));
    assert_null(strstr(text, "held back"));
}

static void what_is_ours_stands_before_the_faults_and_others_after(void **state)
{
    static const char *const pieces[] = {"1. HIGH  our TLS", "2. ", "STARTTLS not offered: mx.us",
                                         "3. HIGH  Our mail to mx.bad.example", NULL};
    g_autoptr(Digest) digest = digest_of(story, G_N_ELEMENTS(story));
    struct fault_builder *builder = fault_builder_new();
    struct stored_report stored = {.report = report_new(), .received_at = NOW};
    struct policy *policy = policy_new();
    struct failure *failure = failure_new();
    g_autofree char *text = NULL;

    (void)state;
    stored.report->begins_at = NOW - 24 * HOUR;
    policy->domain = g_strdup("us.example");
    failure->mx = g_strdup("mx.us.example");
    failure->failure_type = FAILURE_STARTTLS_ABSENT;
    failure->mail_effect = EFFECT_DEFERRED;
    failure->sessions = 5;
    g_ptr_array_add(policy->details, failure);
    g_ptr_array_add(stored.report->policies, policy);
    fault_builder_add(builder, &stored);
    report_free(stored.report);
    fault_set_free(digest->faults);
    digest->faults = fault_builder_finish(builder, NOW);
    digest->reports = 1;
    text = write_as("text", digest);
    assert_in_order(text, pieces);
    assert_int_equal(digest_fault_count(digest), 3);
}

static void the_headline_counts_findings_and_names_the_worst(void **state)
{
    static const struct {
        size_t from, to;
        const char *headline;
    } cases[] = {
        {0, 2, "1 fault, high: our mail to mx.bad.example: certificate matches no TLSA record"},
        {2, 3, "1 fault, high: our mail server: our TLS configuration is at fault"},
        {0, 4, "2 faults, all high: our mail server: our TLS configuration is at fault"},
        {3, 4, "no report came in"}, /* once only */
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Digest) digest = digest_of(&story[cases[i].from], cases[i].to - cases[i].from);
        g_autofree char *headline = digest_headline(digest);
        assert_string_equal(headline, cases[i].headline);
    }
}

static void assert_told_to_a_sender(enum failure_type type)
{
    const struct told told[] = {
        {"Q1", "bad.example", "mx.bad.example", NULL, type, LOG_OUTCOME_DEFERRED},
        {"Q2", "bad.example", "mx.bad.example", NULL, type, LOG_OUTCOME_DEFERRED},
    };
    g_autoptr(Digest) digest = digest_of(told, G_N_ELEMENTS(told));
    g_autofree char *text = write_as("text", digest);

    if (strstr(text, "What to do as the sender") == NULL && strstr(text, "What to do now") == NULL)
        fail_msg("%s: nothing to do", failure_type_word(type));
    if (strstr(text, "REPORTER") != NULL || strstr(text, "CONTACT") != NULL)
        fail_msg("%s speaks of a reporter:\n%s", failure_type_word(type), text);
}

static void each_failure_of_a_log_is_told_with_steps_for_senders(void **state)
{
    (void)state;
    for (int dane = 0; dane < 2; dane++) {
        for (int detail = DETAIL_NONE + 1; detail < DETAIL_COUNT; detail++) {
            enum failure_type type =
                log_failure_type((enum log_detail)detail, RESULT_UNKNOWN, dane != 0);
            if (type != FAILURE_DELIVERED_IN_CLEAR) /* summed by the month */
                assert_told_to_a_sender(type);
        }
        for (int result = RESULT_UNKNOWN; result <= RESULT_STS_WEBPKI_INVALID; result++)
            assert_told_to_a_sender(
                log_failure_type(DETAIL_NONE, (enum result_type)result, dane != 0));
    }
}

static void what_strangers_said_does_nothing_to_the_reader(void **state)
{
    static const struct told evil[] = {
        {EVIL, EVIL, EVIL, EVIL, FAILURE_DANE_CERT_MISMATCH, LOG_OUTCOME_DEFERRED},
        {"Q2" EVIL, EVIL, "mx.$(id).example", EVIL, FAILURE_DANE_CERT_MISMATCH,
         LOG_OUTCOME_DEFERRED},
        {"Q3", "'; DROP TABLE x", NULL, EVIL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED},
        {"Q4", "'; DROP TABLE x", NULL, EVIL, FAILURE_DNS_LOOKUP_ERROR, LOG_OUTCOME_DEFERRED},
    };
    static const char *const names[] = {"text", "mail", "json"};
    g_autoptr(Digest) digest = digest_of(evil, G_N_ELEMENTS(evil));

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = write_as(names[i], digest);
        assert_null(strchr(text, '\033'));
        assert_null(strstr(text, "\xE2\x80\xAE"));
        assert_null(strstr(text, "\nBcc:"));
        assert_true(g_utf8_validate(text, -1, NULL));
        assert_null(strstr(text, "TLSA _25._tcp.mx.$(id)"));
    }
}

/* What no line of a log tells came with a bounce. */
static void what_only_bounces_tell_is_no_log(void **state)
{
    g_autoptr(Digest) bounced = digest_of_lines(story, 2, NULL);
    g_autoptr(Digest) logged = digest_of(story, 2);
    g_autofree char *text = write_as("text", bounced);
    g_autofree char *other = write_as("text", logged);
    json_t *root = json_of(bounced);

    (void)state;
    assert_non_null(strstr(text, "In bounces   tlsa-mismatch (2)\n"));
    assert_non_null(strstr(text, "Known from   2 bounces only, which anybody can write: look for "
                                 "it in the mail server's log\n"));
    assert_null(strstr(text, "In the log"));
    assert_null(strstr(text, "Where it stands in the log"));
    assert_null(strstr(other, "ounces"));
    assert_int_equal(
        json_integer_value(json_object_get(
            json_array_get(json_object_get(json_object_get(root, "outbound"), "findings"), 0),
            "bounces")),
        2);
    json_decref(root);
}

/* ---- JSON ---- */

static void clients_that_refuse_our_certificate_are_told_apart(void **state)
{
    const struct outbound_period period = {.from = NOW - 24 * HOUR, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    g_autoptr(Digest) digest = digest_new();
    struct stored_log_failure failure = {
        .id = 1,
        .event = {.kind = LOG_EVENT_FAILURE,
                  .at = NOW - 5 * HOUR,
                  .direction = DIRECTION_IN,
                  .ip = "2001:db8::9",
                  .sessions = 7,
                  .failure_type = FAILURE_TLS_HANDSHAKE_FAILURE,
                  .detail = DETAIL_INBOUND_HANDSHAKE_FAILURE},
    };
    g_autofree char *text = NULL;

    (void)state;
    outbound_builder_add_failure(builder, &failure);
    failure.event.sessions = 3;
    failure.event.detail = DETAIL_INBOUND_PEER_REJECTED_OUR_CERT;
    outbound_builder_add_failure(builder, &failure);
    digest->generated_at = NOW;
    digest->outbound = outbound_builder_finish(builder, NOW);
    digest->faults = fault_builder_finish(fault_builder_new(), NOW);
    text = write_as("text", digest);
    assert_non_null(strstr(text, "10 sessions of clients failed"));
    assert_non_null(strstr(text, "In 3 handshakes the client did not accept"));
    assert_non_null(strstr(text, "detail = 'inbound-peer-rejected-our-cert'"));
}

static void clients_that_take_our_mail_are_named(void **state)
{
    const struct outbound_period period = {.from = NOW - 24 * HOUR, .to = NOW};
    struct outbound_builder *builder = outbound_builder_new(&period);
    g_autoptr(Digest) digest = digest_new();
    struct stored_log_failure failure = {
        .id = 1,
        .event = {.kind = LOG_EVENT_FAILURE,
                  .at = NOW - 5 * HOUR,
                  .direction = DIRECTION_IN,
                  .ip = "2001:db8::9",
                  .sessions = 7,
                  .failure_type = FAILURE_TLS_HANDSHAKE_FAILURE,
                  .detail = DETAIL_INBOUND_HANDSHAKE_FAILURE},
    };
    g_autofree char *text = NULL, *json = NULL;

    (void)state;
    outbound_builder_add_peer(builder, "2001:db8::9", "mx.\033[31mred.example");
    outbound_builder_add_peer(builder, "192.0.2.3", NULL);
    outbound_builder_add_failure(builder, &failure);
    failure.event.ip = "192.0.2.3";
    failure.event.sessions = 1;
    outbound_builder_add_failure(builder, &failure);
    digest->generated_at = NOW;
    digest->outbound = outbound_builder_finish(builder, NOW);
    digest->faults = fault_builder_finish(fault_builder_new(), NOW);
    text = write_as("text", digest);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "(2001:db8::9) takes our mail, so it is a mail server."));
    assert_non_null(strstr(text, "7 sessions of it failed"));
    assert_non_null(strstr(text, "192.0.2.3 takes our mail"));
    assert_non_null(strstr(text, "1 session of it failed"));
    json = write_as("json", digest);
    assert_non_null(strstr(json, "\"inbound_peers\""));
}

static void json_names_the_rows_and_the_numbers(void **state)
{
    g_autoptr(Digest) digest = digest_of(story, G_N_ELEMENTS(story));
    json_t *root = json_of(digest);
    json_t *outbound = json_object_get(root, "outbound"), *finding, *knowledge;

    (void)state;
    assert_int_equal(json_array_size(json_object_get(outbound, "findings")), 2);
    assert_int_equal(json_array_size(json_object_get(outbound, "passing")), 1);
    finding = json_array_get(json_object_get(outbound, "findings"), 1);
    assert_string_equal(json_string_value(json_object_get(finding, "failure_type")),
                        "dane-cert-mismatch");
    assert_string_equal(json_string_value(json_object_get(finding, "mail_effect")), "returned");
    assert_int_equal(json_integer_value(json_object_get(finding, "messages")), 2);
    assert_int_equal(json_integer_value(json_object_get(finding, "returned")), 1);
    assert_int_equal(json_integer_value(json_object_get(finding, "delay")), 26 * HOUR);
    assert_int_equal(json_array_size(json_object_get(finding, "log_failures")), 2);
    assert_int_equal(
        json_integer_value(json_array_get(json_object_get(finding, "log_failures"), 1)), 2);
    assert_string_equal(json_string_value(json_object_get(finding, "query")),
                        "SELECT at, domain, mx, outcome, reason, line FROM log_failures\n"
                        "WHERE log_failure IN (1,2)");
    knowledge = json_object_get(finding, "knowledge");
    assert_true(json_array_size(json_object_get(knowledge, "sending")) > 0);
    assert_true(json_array_size(json_object_get(knowledge, "letter")) > 0);
    assert_true(json_is_null(json_object_get(outbound, "queue")));
    assert_true(json_is_null(json_object_get(outbound, "month")));
    json_decref(root);
}

static void without_a_log_nothing_is_said_of_logs(void **state)
{
    g_autoptr(Digest) digest = digest_of(NULL, 0);
    g_autofree char *text = write_as("text", digest);
    json_t *root = json_of(digest);

    (void)state;
    assert_null(digest->outbound);
    assert_null(strstr(text, "mail server's log"));
    assert_null(strstr(text, "own mail server"));
    assert_true(json_is_null(json_object_get(root, "outbound")));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_says_what_became_of_the_mail_and_what_to_do),
        cmocka_unit_test(several_destinations_behind_one_host_are_told_as_such),
        cmocka_unit_test(a_warning_is_no_message),
        cmocka_unit_test(mail_that_went_in_clear_is_not_said_to_wait),
        cmocka_unit_test(what_is_ours_stands_before_the_faults_and_others_after),
        cmocka_unit_test(the_headline_counts_findings_and_names_the_worst),
        cmocka_unit_test(each_failure_of_a_log_is_told_with_steps_for_senders),
        cmocka_unit_test(what_strangers_said_does_nothing_to_the_reader),
        cmocka_unit_test(what_only_bounces_tell_is_no_log),
        cmocka_unit_test(clients_that_refuse_our_certificate_are_told_apart),
        cmocka_unit_test(clients_that_take_our_mail_are_named),
        cmocka_unit_test(json_names_the_rows_and_the_numbers),
        cmocka_unit_test(without_a_log_nothing_is_said_of_logs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
