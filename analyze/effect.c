#include "analyze/effect.h"

/* What decides the effect of a failure type. */
enum ground {
    GROUND_NONE,       /* nothing tells: unknown */
    GROUND_POLICY,     /* the policy in force; without one the session goes on, encrypted */
    GROUND_ENCRYPTION, /* the policy in force; without one the mail goes in clear (RFC 3207) */
    GROUND_DANE,       /* DNS and DANE bind the sender whatever the row's policy type says */
    GROUND_UNUSABLE,
    GROUND_REQUIRED,
    GROUND_HARMLESS,
    GROUND_DEFERS,
    GROUND_RETURNS,
    GROUND_CLEAR,
};

/*
 * DANE types stand apart from the row's policy type and mode because MTA-STS must not override a
 * failing DANE validation (RFC 8461, section 2) and because a host whose TLSA lookup fails has to
 * be left alone whether or not any policy was found (RFC 7672, section 2.1.2); mox reports a bogus
 * MX lookup under no-policy-found.
 *
 * sts-policy-*: without a cached policy the sender goes on as if there were none (RFC 8461,
 * section 3.3). An enforce policy in the row is a cached one; it then governs the sessions, but
 * not being able to renew it has not stopped any mail. Where that policy does, the report has
 * rows of another type for it.
 */
static const enum ground grounds[FAILURE_TYPE_COUNT] = {
    [FAILURE_OTHER] = GROUND_NONE,
    [FAILURE_STARTTLS_ABSENT] = GROUND_ENCRYPTION,
    [FAILURE_STARTTLS_REFUSED] = GROUND_ENCRYPTION,
    [FAILURE_TLS_HANDSHAKE_FAILURE] = GROUND_ENCRYPTION,
    [FAILURE_CERT_EXPIRED] = GROUND_POLICY,
    [FAILURE_CERT_HOST_MISMATCH] = GROUND_POLICY,
    [FAILURE_CERT_NOT_TRUSTED] = GROUND_POLICY,
    [FAILURE_VALIDATION_UNSPECIFIED] = GROUND_POLICY,
    [FAILURE_DANE_CERT_MISMATCH] = GROUND_DANE,
    [FAILURE_TLSA_UNUSABLE] = GROUND_UNUSABLE,
    [FAILURE_DANE_TA_CHAIN] = GROUND_DANE,
    [FAILURE_DANE_TA_NAME] = GROUND_DANE,
    [FAILURE_DANE_EXPIRED] = GROUND_DANE,
    [FAILURE_TLSA_LOOKUP_ERROR] = GROUND_DANE,
    [FAILURE_DNS_LOOKUP_ERROR] = GROUND_DANE,
    [FAILURE_TLSA_MISSING] = GROUND_DEFERS,
    [FAILURE_DNSSEC_BOGUS] = GROUND_DANE,
    [FAILURE_DNSSEC_INSECURE] = GROUND_HARMLESS,
    [FAILURE_DANE_REQUIRED] = GROUND_REQUIRED,
    [FAILURE_DANE_PROTECTION_LOST] = GROUND_HARMLESS,
    [FAILURE_STS_POLICY_FETCH_ERROR] = GROUND_HARMLESS,
    [FAILURE_STS_POLICY_INVALID] = GROUND_HARMLESS,
    [FAILURE_STS_WEBPKI_INVALID] = GROUND_HARMLESS,
    [FAILURE_STS_MX_MISMATCH] = GROUND_POLICY,
    [FAILURE_STS_STALE] = GROUND_POLICY,
    [FAILURE_REQUIRETLS_UNSUPPORTED] = GROUND_RETURNS,
    [FAILURE_MX_INSECURE] = GROUND_DEFERS,
    [FAILURE_TLS_REQUIRED_UNMET] = GROUND_DEFERS,
    [FAILURE_LOCAL_POLICY_ERROR] = GROUND_NONE,
    [FAILURE_LOCAL_RESOLVER_FAILING] = GROUND_DEFERS,
    [FAILURE_LOCAL_RESOLVER_INSECURE] = GROUND_HARMLESS,
    [FAILURE_LOCAL_TRUST_STORE] = GROUND_DEFERS,
    [FAILURE_DELIVERED_IN_CLEAR] = GROUND_CLEAR,
    [FAILURE_REPORTER_FAULT] = GROUND_NONE,
    [FAILURE_TLSRPT_RECORD_INVALID] = GROUND_HARMLESS,
    [FAILURE_REPORT_UNSIGNED] = GROUND_HARMLESS,
    [FAILURE_REPORT_MALFORMED] = GROUND_HARMLESS,
    [FAILURE_REPORT_DUPLICATE] = GROUND_HARMLESS,
    [FAILURE_REPORTER_SILENT] = GROUND_HARMLESS,
};

static enum mail_effect effect_of_mode(enum sts_mode mode)
{
    switch (mode) {
    case STS_MODE_ENFORCE:
        return EFFECT_DEFERRED;
    case STS_MODE_TESTING:
    case STS_MODE_NONE:
        /* RFC 8461, section 5: the mail takes the way that it would have taken without policy. */
        return EFFECT_NONE;
    case STS_MODE_UNKNOWN:
        break;
    }
    /* Some reporters quote no policy (Mail.ru, Microsoft), and testing is as common as enforce. */
    return EFFECT_UNKNOWN;
}

static enum mail_effect effect_of_policy(enum policy_type policy_type, enum sts_mode mode,
                                         enum mail_effect without)
{
    switch (policy_type) {
    case POLICY_TLSA:
        return EFFECT_DEFERRED;
    case POLICY_STS:
        return effect_of_mode(mode);
    case POLICY_NONE_FOUND:
        return without;
    case POLICY_OTHER:
        break;
    }
    return EFFECT_UNKNOWN;
}

static enum mail_effect effect_of_dane(enum failure_type type, enum dialect dialect)
{
    /* Stalwart calls it a permanent failure that no key matches, and no other DANE failure. */
    if (dialect == DIALECT_STALWART &&
        (type == FAILURE_DANE_CERT_MISMATCH || type == FAILURE_DANE_TA_CHAIN))
        return EFFECT_RETURNED;
    return EFFECT_DEFERRED;
}

enum mail_effect effect_of(enum failure_type type, enum policy_type policy_type, enum sts_mode mode,
                           enum dialect dialect)
{
    g_return_val_if_fail((size_t)type < FAILURE_TYPE_COUNT, EFFECT_UNKNOWN);
    bool exim = dialect == DIALECT_EXIM;
    switch (grounds[type]) {
    case GROUND_POLICY:
        return effect_of_policy(policy_type, mode, EFFECT_NONE);
    case GROUND_ENCRYPTION:
        return effect_of_policy(policy_type, mode, EFFECT_PLAINTEXT);
    case GROUND_DANE:
        return policy_type == POLICY_OTHER ? EFFECT_UNKNOWN : effect_of_dane(type, dialect);
    case GROUND_UNUSABLE:
        /* RFC 7672, section 2.2: TLS without authentication. Exim with OpenSSL defers. */
        if (policy_type == POLICY_OTHER)
            return EFFECT_UNKNOWN;
        return exim ? EFFECT_DEFERRED : EFFECT_UNVERIFIED;
    case GROUND_REQUIRED:
        /* RFC 7672, section 6: delay. Exim with hosts_require_dane returns the mail at once. */
        return exim ? EFFECT_RETURNED : EFFECT_DEFERRED;
    case GROUND_HARMLESS:
        return EFFECT_NONE;
    case GROUND_DEFERS:
        return EFFECT_DEFERRED;
    case GROUND_RETURNS:
        return EFFECT_RETURNED;
    case GROUND_CLEAR:
        return EFFECT_PLAINTEXT;
    case GROUND_NONE:
        break;
    }
    return EFFECT_UNKNOWN;
}
