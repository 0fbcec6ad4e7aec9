#include "analyze/effect.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The columns of the tables below. */
static const struct {
    enum policy_type type;
    enum sts_mode mode;
} columns[] = {
    {POLICY_TLSA, STS_MODE_UNKNOWN},  {POLICY_STS, STS_MODE_ENFORCE},
    {POLICY_STS, STS_MODE_TESTING},   {POLICY_STS, STS_MODE_NONE},
    {POLICY_STS, STS_MODE_UNKNOWN},   {POLICY_NONE_FOUND, STS_MODE_UNKNOWN},
    {POLICY_OTHER, STS_MODE_UNKNOWN},
};

/* One letter per effect, so that a row of the table fits a line. */
static char letter(enum mail_effect effect)
{
    static const char letters[] = {
        [EFFECT_UNKNOWN] = '?',   [EFFECT_NONE] = '-',     [EFFECT_UNVERIFIED] = 'U',
        [EFFECT_PLAINTEXT] = 'P', [EFFECT_DEFERRED] = 'D', [EFFECT_RETURNED] = 'R',
    };
    return letters[effect];
}

struct row {
    enum failure_type type;
    const char *effects; /* a letter for each column */
};

static void check_rows(const struct row *rows, size_t count, enum dialect dialect)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < G_N_ELEMENTS(columns); j++) {
            enum mail_effect effect =
                effect_of(rows[i].type, columns[j].type, columns[j].mode, dialect);
            if (letter(effect) != rows[i].effects[j])
                fail_msg("%s, column %zu, dialect %d: %s", failure_type_word(rows[i].type), j,
                         (int)dialect, mail_effect_word(effect));
        }
}

/* tlsa, sts enforce, testing, none, mode unknown, no-policy-found, other */
static const struct row common[] = {
    {FAILURE_STARTTLS_ABSENT, "DD--?P?"},        {FAILURE_STARTTLS_REFUSED, "DD--?P?"},
    {FAILURE_TLS_HANDSHAKE_FAILURE, "DD--?P?"},  {FAILURE_CERT_EXPIRED, "DD--?-?"},
    {FAILURE_CERT_HOST_MISMATCH, "DD--?-?"},     {FAILURE_CERT_NOT_TRUSTED, "DD--?-?"},
    {FAILURE_VALIDATION_UNSPECIFIED, "DD--?-?"}, {FAILURE_STS_MX_MISMATCH, "DD--?-?"},
    {FAILURE_DANE_TA_NAME, "DDDDDD?"},           {FAILURE_DANE_EXPIRED, "DDDDDD?"},
    {FAILURE_TLSA_LOOKUP_ERROR, "DDDDDD?"},      {FAILURE_DNSSEC_BOGUS, "DDDDDD?"},
    {FAILURE_STS_POLICY_FETCH_ERROR, "-------"}, {FAILURE_STS_POLICY_INVALID, "-------"},
    {FAILURE_STS_WEBPKI_INVALID, "-------"},     {FAILURE_OTHER, "???????"},
};

static void the_effect_follows_policy_type_and_mode_at_every_reporter(void **state)
{
    (void)state;
    for (int dialect = DIALECT_UNKNOWN; dialect <= DIALECT_MAILRU; dialect++)
        check_rows(common, G_N_ELEMENTS(common), (enum dialect)dialect);
}

static void a_mismatch_is_returned_at_once_by_stalwart_alone(void **state)
{
    static const struct row elsewhere[] = {
        {FAILURE_DANE_CERT_MISMATCH, "DDDDDD?"},
        {FAILURE_DANE_TA_CHAIN, "DDDDDD?"},
    };
    static const struct row stalwart[] = {
        {FAILURE_DANE_CERT_MISMATCH, "RRRRRR?"},
        {FAILURE_DANE_TA_CHAIN, "RRRRRR?"},
    };
    (void)state;
    for (int dialect = DIALECT_UNKNOWN; dialect <= DIALECT_MAILRU; dialect++) {
        const struct row *rows = dialect == DIALECT_STALWART ? stalwart : elsewhere;
        check_rows(rows, G_N_ELEMENTS(elsewhere), (enum dialect)dialect);
    }
}

static void exim_defers_unusable_records_and_returns_what_misses_required_dane(void **state)
{
    static const struct row elsewhere[] = {
        {FAILURE_TLSA_UNUSABLE, "UUUUUU?"},
        {FAILURE_DANE_REQUIRED, "DDDDDDD"},
    };
    static const struct row exim[] = {
        {FAILURE_TLSA_UNUSABLE, "DDDDDD?"},
        {FAILURE_DANE_REQUIRED, "RRRRRRR"},
    };
    (void)state;
    for (int dialect = DIALECT_UNKNOWN; dialect <= DIALECT_MAILRU; dialect++) {
        const struct row *rows = dialect == DIALECT_EXIM ? exim : elsewhere;
        check_rows(rows, G_N_ELEMENTS(elsewhere), (enum dialect)dialect);
    }
}

static void types_that_no_report_shows_have_their_own_effect(void **state)
{
    static const struct {
        enum failure_type type;
        enum mail_effect effect;
    } cases[] = {
        {FAILURE_DNSSEC_INSECURE, EFFECT_NONE},
        {FAILURE_DANE_PROTECTION_LOST, EFFECT_NONE},
        {FAILURE_DELIVERED_IN_CLEAR, EFFECT_PLAINTEXT},
        {FAILURE_REQUIRETLS_UNSUPPORTED, EFFECT_RETURNED},
        {FAILURE_TLSA_MISSING, EFFECT_DEFERRED},
        {FAILURE_MX_INSECURE, EFFECT_DEFERRED},
        {FAILURE_TLS_REQUIRED_UNMET, EFFECT_DEFERRED},
        {FAILURE_LOCAL_RESOLVER_FAILING, EFFECT_DEFERRED},
        {FAILURE_DNS_LOOKUP_ERROR, EFFECT_DEFERRED},
        {FAILURE_LOCAL_RESOLVER_INSECURE, EFFECT_NONE},
        {FAILURE_LOCAL_TRUST_STORE, EFFECT_DEFERRED},
        {FAILURE_REPORTER_SILENT, EFFECT_NONE},
        {FAILURE_TLSRPT_RECORD_INVALID, EFFECT_NONE},
        {FAILURE_LOCAL_POLICY_ERROR, EFFECT_UNKNOWN},
        {FAILURE_REPORTER_FAULT, EFFECT_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(
            effect_of(cases[i].type, POLICY_NONE_FOUND, STS_MODE_UNKNOWN, DIALECT_UNKNOWN),
            cases[i].effect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_effect_follows_policy_type_and_mode_at_every_reporter),
        cmocka_unit_test(a_mismatch_is_returned_at_once_by_stalwart_alone),
        cmocka_unit_test(exim_defers_unusable_records_and_returns_what_misses_required_dane),
        cmocka_unit_test(types_that_no_report_shows_have_their_own_effect),
    };
    return cmocka_run_group_tests_name("effect", tests, NULL, NULL);
}
