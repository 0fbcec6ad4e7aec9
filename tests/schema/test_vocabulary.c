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
    {"failure_type", FAILURE_TYPE_COUNT, failure_type_at, NULL, 0},
    {"layer", LAYER_REPORTING + 1, layer_at, NULL, 0},
    {"severity", SEVERITY_CRITICAL + 1, severity_at, NULL, 0},
    {"actor", ACTOR_REPORTER + 1, actor_at, NULL, 0},
    {"arrival_kind", ARRIVAL_LOG + 1, arrival_kind_at, NULL, 0},
    {"arrival_outcome", OUTCOME_STORED + 1, arrival_outcome_at, NULL, 0},
    {"issue_kind", ISSUE_NOT_YET + 1, issue_kind_at, NULL, 0},
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
