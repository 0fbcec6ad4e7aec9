#include "schema/vocabulary.h"
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* One set of words, its enum seen as a number; `from` is NULL where no text comes in. */
struct set {
    const char *name;
    int count;
    const char *(*word)(int value);
    int (*from)(const char *word);
    int otherwise; /* what an unknown word gives */
};

#define WORDS(name, type)                                                                          \
    static const char *name##_at(int value)                                                        \
    {                                                                                              \
        return name##_word((type)value);                                                           \
    }
#define WORDS_BACK(name, type)                                                                     \
    WORDS(name, type)                                                                              \
    static int name##_of(const char *word)                                                         \
    {                                                                                              \
        return (int)name##_from_word(word);                                                        \
    }

WORDS_BACK(policy_type, enum policy_type)
WORDS_BACK(sts_mode, enum sts_mode)
WORDS_BACK(result_type, enum result_type)
WORDS_BACK(mail_effect, enum mail_effect)
WORDS_BACK(authenticity, enum authenticity)
WORDS_BACK(domain_source, enum domain_source)
WORDS_BACK(mta, enum mta)
WORDS_BACK(tls_level, enum tls_level)
WORDS_BACK(session_outcome, enum session_outcome)
WORDS_BACK(log_outcome, enum log_outcome)
WORDS(direction, enum direction)
WORDS(failure_type, enum failure_type)
WORDS(layer, enum layer)
WORDS(severity, enum severity)
WORDS(actor, enum actor)
WORDS(arrival_kind, enum arrival_kind)
WORDS(arrival_outcome, enum arrival_outcome)
WORDS(issue_kind, enum issue_kind)
WORDS(issue_severity, enum issue_severity)

static const struct set sets[] = {
    {"policy_type", POLICY_OTHER + 1, policy_type_at, policy_type_of, POLICY_OTHER},
    {"sts_mode", STS_MODE_NONE + 1, sts_mode_at, sts_mode_of, STS_MODE_UNKNOWN},
    {"result_type", RESULT_STS_WEBPKI_INVALID + 1, result_type_at, result_type_of, RESULT_UNKNOWN},
    {"mail_effect", EFFECT_RETURNED + 1, mail_effect_at, mail_effect_of, EFFECT_UNKNOWN},
    {"authenticity", AUTH_FAIL + 1, authenticity_at, authenticity_of, AUTH_NONE},
    {"domain_source", DOMAIN_UNKNOWN + 1, domain_source_at, domain_source_of, DOMAIN_UNKNOWN},
    {"mta", MTA_POWERMTA + 1, mta_at, mta_of, MTA_UNKNOWN},
    {"tls_level", LEVEL_HALFDANE + 1, tls_level_at, tls_level_of, LEVEL_UNKNOWN},
    {"session_outcome", SESSION_FAILED + 1, session_outcome_at, session_outcome_of,
     SESSION_UNKNOWN},
    {"log_outcome", LOG_OUTCOME_OTHER_MX + 1, log_outcome_at, log_outcome_of, LOG_OUTCOME_UNKNOWN},
    {"direction", DIRECTION_IN + 1, direction_at, NULL, 0},
    {"failure_type", FAILURE_TYPE_COUNT, failure_type_at, NULL, 0},
    {"layer", LAYER_REPORTING + 1, layer_at, NULL, 0},
    {"severity", SEVERITY_CRITICAL + 1, severity_at, NULL, 0},
    {"actor", ACTOR_REPORTER + 1, actor_at, NULL, 0},
    {"arrival_kind", ARRIVAL_LOG + 1, arrival_kind_at, NULL, 0},
    {"arrival_outcome", OUTCOME_STORED + 1, arrival_outcome_at, NULL, 0},
    {"issue_kind", ISSUE_DMARC + 1, issue_kind_at, NULL, 0},
    {"issue_severity", ISSUE_ERROR + 1, issue_severity_at, NULL, 0},
};

static void each_value_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        for (int value = 0; value < sets[i].count; value++) {
            const char *word = sets[i].word(value);
            if (word == NULL || *word == '\0' ||
                strspn(word, "abcdefghijklmnopqrstuvwxyz-") != strlen(word))
                fail_msg("%s %d: \"%s\"", sets[i].name, value, word);
            if (!g_hash_table_add(seen, (gpointer)word))
                fail_msg("%s has \"%s\" twice", sets[i].name, word);
        }
    }
}

static void a_word_gives_its_value_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++)
        for (int value = 0; sets[i].from != NULL && value < sets[i].count; value++) {
            g_autofree char *shouted = g_ascii_strup(sets[i].word(value), -1);
            assert_int_equal(sets[i].from(sets[i].word(value)), value);
            assert_int_equal(sets[i].from(shouted), value);
        }
}

static void an_unknown_word_is_no_error(void **state)
{
    static const char *const words[] = {"", " ", "tls", "stsx", "tlsa ", "enforce\n", "pas", "-"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        if (sets[i].from == NULL)
            continue;
        assert_int_equal(sets[i].from(NULL), sets[i].otherwise);
        for (size_t w = 0; w < G_N_ELEMENTS(words); w++)
            assert_int_equal(sets[i].from(words[w]), sets[i].otherwise);
    }
}

/* The registry "STARTTLS Validation Result Types", RFC 8460, section 6.6. */
static void reads_the_words_of_the_registry_and_of_postfix(void **state)
{
    static const struct {
        const char *word;
        enum result_type type;
    } cases[] = {
        {"starttls-not-supported", RESULT_STARTTLS_NOT_SUPPORTED},
        {"certificate-host-mismatch", RESULT_CERTIFICATE_HOST_MISMATCH},
        {"certificate-expired", RESULT_CERTIFICATE_EXPIRED},
        {"tlsa-invalid", RESULT_TLSA_INVALID},
        {"dnssec-invalid", RESULT_DNSSEC_INVALID},
        {"dane-required", RESULT_DANE_REQUIRED},
        {"certificate-not-trusted", RESULT_CERTIFICATE_NOT_TRUSTED},
        {"sts-policy-invalid", RESULT_STS_POLICY_INVALID},
        {"sts-webpki-invalid", RESULT_STS_WEBPKI_INVALID},
        {"validation-failure", RESULT_VALIDATION_FAILURE},
        {"sts-policy-fetch-error", RESULT_STS_POLICY_FETCH_ERROR},
        {"certificate_host_mismatch", RESULT_CERTIFICATE_HOST_MISMATCH},
        {"STS_POLICY-FETCH_ERROR", RESULT_STS_POLICY_FETCH_ERROR},
        {"certificate-expire", RESULT_UNKNOWN},
        {"certificate expired", RESULT_UNKNOWN},
        {"certificate--expired", RESULT_UNKNOWN},
        {"sts-policy-valid", RESULT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(result_type_from_word(cases[i].word), cases[i].type);
}

static void each_failure_type_says_what_it_is(void **state)
{
    (void)state;
    for (int value = 0; value < FAILURE_TYPE_COUNT; value++) {
        enum failure_type type = FAILURE_TYPE_COUNT;
        assert_true(failure_type_from_word(failure_type_word(value), &type));
        assert_int_equal(type, value);
        assert_true(strlen(failure_type_label(value)) > 0);
        /* Only what nothing is known of lies nowhere. */
        assert_int_equal(failure_type_layer(value) == LAYER_UNKNOWN, value == FAILURE_OTHER);
        assert_true(failure_type_actor(value) <= ACTOR_REPORTER);
    }
    assert_int_equal(failure_type_layer(FAILURE_STS_MX_MISMATCH), LAYER_MTA_STS);
    assert_int_equal(failure_type_actor(FAILURE_DNSSEC_BOGUS), ACTOR_DNS_OPERATOR);
    assert_string_equal(failure_type_label(FAILURE_CERT_EXPIRED), "certificate expired");
}

static void a_failure_type_is_read_exactly(void **state)
{
    static const char *const words[] = {
        "", NULL, "Cert-Expired", "cert_expired", "unknown", "cert-expired ", "cert-expire"};
    enum failure_type type = FAILURE_REPORTER_SILENT;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        assert_false(failure_type_from_word(words[i], &type));
        assert_int_equal(type, FAILURE_REPORTER_SILENT);
    }
}

/* store_put_arrival() takes the highest of the parts' outcomes. */
static void outcomes_rise_in_weight(void **state)
{
    (void)state;
    assert_true(OUTCOME_IGNORED < OUTCOME_QUARANTINED);
    assert_true(OUTCOME_QUARANTINED < OUTCOME_KNOWN);
    assert_true(OUTCOME_KNOWN < OUTCOME_REVISED);
    assert_true(OUTCOME_REVISED < OUTCOME_STORED);
}

static void each_detail_of_a_log_has_a_word_and_a_failure_type(void **state)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    (void)state;
    for (int value = DETAIL_NONE + 1; value < DETAIL_COUNT; value++) {
        const char *word = log_detail_word(value);
        if (*word == '\0' || strspn(word, "abcdefghijklmnopqrstuvwxyz-") != strlen(word))
            fail_msg("detail %d: \"%s\"", value, word);
        if (!g_hash_table_add(seen, (gpointer)word))
            fail_msg("\"%s\" is there twice", word);
        assert_int_equal(log_detail_from_word(word), value);
        assert_true(log_detail_result(value) <= RESULT_STS_WEBPKI_INVALID);
        for (int dane = 0; dane <= 1; dane++)
            if (log_failure_type(value, RESULT_UNKNOWN, dane) == FAILURE_OTHER)
                fail_msg("%s belongs to no failure type", word);
    }
    assert_string_equal(log_detail_word(DETAIL_NONE), "");
}

static void an_unknown_detail_is_none(void **state)
{
    static const char *const words[] = {"", NULL, "TLSA-mismatch", "tlsa-mismatc", "no_tlsa"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        assert_int_equal(log_detail_from_word(words[i]), DETAIL_NONE);
}

/* A typed failure is never without a class of ours. */
static void each_result_type_of_a_log_has_a_failure_type(void **state)
{
    (void)state;
    for (int result = RESULT_UNKNOWN + 1; result <= RESULT_STS_WEBPKI_INVALID; result++)
        for (int dane = 0; dane <= 1; dane++)
            assert_int_not_equal(log_failure_type(DETAIL_NONE, result, dane), FAILURE_OTHER);
    assert_int_equal(log_failure_type(DETAIL_NONE, RESULT_UNKNOWN, false), FAILURE_OTHER);
    assert_int_equal(log_failure_type(DETAIL_NONE, RESULT_UNKNOWN, true), FAILURE_OTHER);
}

/* RFC 7672, section 3.1: under DANE-EE(3) neither names nor dates nor the chain count, so a
   certificate at fault under DANE is another failure than elsewhere. */
static void a_certificate_at_fault_is_another_failure_under_dane(void **state)
{
    static const struct {
        enum log_detail detail;
        enum result_type result;
        enum failure_type otherwise, dane;
    } cases[] = {
        {DETAIL_NONE, RESULT_CERTIFICATE_EXPIRED, FAILURE_CERT_EXPIRED, FAILURE_DANE_EXPIRED},
        {DETAIL_NONE, RESULT_CERTIFICATE_HOST_MISMATCH, FAILURE_CERT_HOST_MISMATCH,
         FAILURE_DANE_TA_NAME},
        {DETAIL_NONE, RESULT_CERTIFICATE_NOT_TRUSTED, FAILURE_CERT_NOT_TRUSTED,
         FAILURE_DANE_CERT_MISMATCH},
        {DETAIL_SELF_SIGNED, RESULT_CERTIFICATE_NOT_TRUSTED, FAILURE_CERT_NOT_TRUSTED,
         FAILURE_DANE_CERT_MISMATCH},
        {DETAIL_UNTRUSTED_ISSUER, RESULT_CERTIFICATE_NOT_TRUSTED, FAILURE_CERT_NOT_TRUSTED,
         FAILURE_DANE_TA_CHAIN},
        {DETAIL_NONE, RESULT_STARTTLS_NOT_SUPPORTED, FAILURE_STARTTLS_ABSENT,
         FAILURE_STARTTLS_ABSENT},
        /* The finer word goes before the result type. */
        {DETAIL_STARTTLS_REFUSED, RESULT_STARTTLS_NOT_SUPPORTED, FAILURE_STARTTLS_REFUSED,
         FAILURE_STARTTLS_REFUSED},
        {DETAIL_TLSA_MISMATCH, RESULT_VALIDATION_FAILURE, FAILURE_DANE_CERT_MISMATCH,
         FAILURE_DANE_CERT_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(log_failure_type(cases[i].detail, cases[i].result, false),
                         cases[i].otherwise);
        assert_int_equal(log_failure_type(cases[i].detail, cases[i].result, true), cases[i].dane);
    }
}

static void a_tls_version_is_read_in_all_spellings(void **state)
{
    static const struct {
        const char *word;
        enum tls_version version;
    } cases[] = {
        {"TLSv1.3", TLS_VERSION_1_3},  {"TLS1.3", TLS_VERSION_1_3},  {"tlsv1.2", TLS_VERSION_1_2},
        {"TLSv1.1", TLS_VERSION_1_1},  {"TLSv1", TLS_VERSION_1_0},   {"TLS1.0", TLS_VERSION_1_0},
        {"SSLv3", TLS_VERSION_SSL3},   {"SSL3.0", TLS_VERSION_SSL3}, {"TLSv2", TLS_VERSION_UNKNOWN},
        {"TLSv", TLS_VERSION_UNKNOWN}, {"", TLS_VERSION_UNKNOWN},    {NULL, TLS_VERSION_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(tls_version_from_word(cases[i].word), cases[i].version);
    for (int version = TLS_VERSION_UNKNOWN; version <= TLS_VERSION_1_3; version++)
        assert_int_equal(tls_version_from_word(tls_version_word(version)), version);
    assert_string_equal(tls_version_word(TLS_VERSION_UNKNOWN), "");
}

static void each_outcome_says_what_it_did_to_the_mail(void **state)
{
    static const enum mail_effect effects[] = {
        [LOG_OUTCOME_UNKNOWN] = EFFECT_UNKNOWN,     [LOG_OUTCOME_DEFERRED] = EFFECT_DEFERRED,
        [LOG_OUTCOME_BOUNCED] = EFFECT_RETURNED,    [LOG_OUTCOME_THROTTLED] = EFFECT_DEFERRED,
        [LOG_OUTCOME_PLAINTEXT] = EFFECT_PLAINTEXT, [LOG_OUTCOME_UNVERIFIED] = EFFECT_UNVERIFIED,
        [LOG_OUTCOME_OTHER_MX] = EFFECT_NONE,
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(effects); i++)
        assert_int_equal(log_outcome_effect((enum log_outcome)i), effects[i]);
}

static void words_of_dmarc_are_those_of_the_standard(void **state)
{
    (void)state;
    assert_int_equal(dmarc_request_from_word("Reject"), DMARC_REQUEST_REJECT);
    assert_string_equal(dmarc_request_word(DMARC_REQUEST_QUARANTINE), "quarantine");
    assert_int_equal(dmarc_request_from_word("pass"), DMARC_REQUEST_UNKNOWN);
    assert_int_equal(dmarc_disposition_from_word("PASS"), DMARC_DISPOSITION_PASS);
    assert_int_equal(dmarc_disposition_from_word(""), DMARC_DISPOSITION_UNKNOWN);
    assert_int_equal(dmarc_verdict_from_word("Fail"), DMARC_FAIL);
    assert_int_equal(dmarc_verdict_from_word(NULL), DMARC_VERDICT_UNKNOWN);
    assert_int_equal(dmarc_strictness_from_word("s"), DMARC_STRICT);
    assert_string_equal(dmarc_strictness_word(DMARC_RELAXED), "r");
    assert_string_equal(dmarc_form_word(DMARC_FORM_RFC9990), "rfc9990");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_a_word_of_its_own),
        cmocka_unit_test(a_word_gives_its_value_back),
        cmocka_unit_test(an_unknown_word_is_no_error),
        cmocka_unit_test(reads_the_words_of_the_registry_and_of_postfix),
        cmocka_unit_test(each_failure_type_says_what_it_is),
        cmocka_unit_test(a_failure_type_is_read_exactly),
        cmocka_unit_test(outcomes_rise_in_weight),
        cmocka_unit_test(each_detail_of_a_log_has_a_word_and_a_failure_type),
        cmocka_unit_test(an_unknown_detail_is_none),
        cmocka_unit_test(each_result_type_of_a_log_has_a_failure_type),
        cmocka_unit_test(a_certificate_at_fault_is_another_failure_under_dane),
        cmocka_unit_test(a_tls_version_is_read_in_all_spellings),
        cmocka_unit_test(words_of_dmarc_are_those_of_the_standard),
        cmocka_unit_test(each_outcome_says_what_it_did_to_the_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
