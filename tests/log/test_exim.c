#include "tests/log/direct.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ID "0000ab-000001-Xy"
#define TO "== bob@example.com R=dnslookup T=remote_smtp defer "
#define BOUNCED "** bob@example.com R=dnslookup T=remote_smtp "
#define HOST "H=mx.example.com [192.0.2.1]"
#define SENT "=> bob@example.com R=dnslookup T=remote_smtp "

/* What stands in every event of them. */
#define MX " domain=example.com mx=mx.example.com ip=192.0.2.1 id=" ID
#define FAILED "session: out failed" MX "\n"
#define DANE_FAILED "session: out failed level=dane" MX "\n"

struct sample {
    const char *lines; /* each begins with the id of the message, but for those that begin with '-':
                          "-- TEXT" is a whole line, "--" the end of the log */
    const char *events;
};

static void take(struct direct *direct, GString *events, const char *text, gint64 at)
{
    g_autofree char *message =
        g_str_has_prefix(text, "-- ") ? g_strdup(text + 3) : g_strconcat(ID " ", text, NULL);
    struct log_line line = direct_line("exim", message, -1);
    bool tells;

    line.at = at;
    g_string_truncate(direct->events, 0);
    if (strcmp(text, "--") == 0) {
        direct->dialect->settle(direct->state, G_MAXINT64);
    } else {
        tells = direct->dialect->take(direct->state, &line);
        assert_true(tells || direct->events->len == 0);
    }
    g_string_append(events, direct->events->str);
}

/* The events of lines that were logged in one second. */
static char *events_of(const char *lines)
{
    struct direct *direct = direct_new(&log_exim);
    GString *events = g_string_new(NULL);
    g_auto(GStrv) all = g_strsplit(lines, "\n", -1);

    for (guint i = 0; all[i] != NULL; i++)
        take(direct, events, all[i], 0);
    direct_free(direct);
    return g_string_free(events, FALSE);
}

static void check(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        g_autofree char *events = events_of(samples[i].lines);
        if (strcmp(events, samples[i].events) != 0)
            print_message("of: %s\n", samples[i].lines);
        assert_string_equal(events, samples[i].events);
    }
}

#define CHECK(samples) check(samples, G_N_ELEMENTS(samples))

static void its_programs_and_its_bare_lines_are_claimed(void **state)
{
    (void)state;
    assert_true(direct_claims(&log_exim, "exim", ""));
    assert_true(direct_claims(&log_exim, "exim4", "anything"));
    assert_true(direct_claims(&log_exim, "mail/exim", "anything"));
    assert_true(direct_claims(&log_exim, "exim-out", "anything"));
    assert_true(direct_claims(&log_exim, "exim4_in", "anything"));
    assert_true(direct_claims(&log_exim, "Exim", "anything"));
    assert_false(direct_claims(&log_exim, "eximstats", ID " Completed"));
    assert_false(direct_claims(&log_exim, "eximon.bin", ID " Completed"));
    assert_false(direct_claims(&log_exim, "exi", ID " Completed"));
    assert_false(direct_claims(&log_exim, "postfix/smtp", ID " Completed"));
    assert_true(direct_claims(&log_exim, "", ID " Completed"));
    assert_true(direct_claims(&log_exim, "", "1xV155-0000000001X-281p => bob@example.com R=a T=b"));
    assert_true(direct_claims(&log_exim, "", "TLS error on connection from [192.0.2.1] (x): y"));
    assert_true(direct_claims(&log_exim, "", "[192.0.2.1] SSL verify error: depth=0 error=x"));
    assert_false(direct_claims(&log_exim, "", ""));
    assert_false(direct_claims(&log_exim, "", "1xV155-0000000001X-281pp => bob@example.com"));
    assert_false(direct_claims(&log_exim, "", "sha256-abcdef1234 is the digest"));
    assert_false(direct_claims(&log_exim, "", "TLS certificate verification failed for example"));
}

static void a_delivery_is_a_session(void **state)
{
    static const struct sample samples[] = {
        {SENT HOST " X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=dane C=\"250 OK\"",
         "session: out verified TLSv1.3 level=dane" MX "\n"},
        {SENT HOST ":25 X=TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256 CV=yes DN=\"/CN=a\" C=\"250 OK\"",
         "session: out trusted TLSv1.2" MX "\n"},
        {SENT HOST " X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256* CV=no",
         "session: out untrusted TLSv1.3" MX "\n"},
        {SENT HOST " X=TLSv1:DHE-RSA-AES256-SHA:256", "session: out untrusted TLSv1" MX "\n"},
        {SENT HOST " X=TLSv1.2:ADH-AES256-GCM-SHA384:256 CV=no",
         "session: out anonymous TLSv1.2" MX "\n"},
        {SENT HOST " X=TLS1.2:ECDH_ANON_AES_256_GCM_SHA384:256 CV=no",
         "session: out anonymous TLSv1.2" MX "\n"},
        {SENT HOST " C=\"250 X=TLS1.3:a CV=dane\"", "session: out plaintext" MX "\n"},
        /* Without +tls_cipher: there is a certificate only where there is TLS. */
        {SENT HOST " CV=dane C=\"250 OK\"", "session: out verified level=dane" MX "\n"},
        {SENT HOST " CV=yes C=\"250 OK\"", "session: out trusted" MX "\n"},
        {SENT HOST " CV=no C=\"250 OK\"", "session: out untrusted" MX "\n"},
        {SENT HOST " DN=\"/CN=a\" C=\"250 OK\"", "session: out untrusted" MX "\n"},
        {"[192.0.2.1] SSL verify error: depth=0 error=certificate has expired cert=/CN=a\n" SENT
             HOST " CV=no C=\"250 OK\"",
         "session: out untrusted" MX "\n"
         "failure: out certificate-expired cert-expired unverified" MX
         " reason=certificate has expired\n"},
        {"** bob@example.com R=r T=t " HOST " CV=no: SMTP error from remote mail server",
         "session: out untrusted" MX "\n"},
        {">> bob@example.com R=dnslookup T=remote_smtp " HOST " X=TLS1.3:a CV=yes C=\"250\"",
         "session: out trusted TLSv1.3" MX "\n"},
        {"** bob@example.com R=r T=t " HOST " X=TLS1.2:a CV=no: SMTP error from remote mail server",
         "session: out untrusted TLSv1.2" MX "\n"},
        /* Neither within the host, nor over nothing. */
        {"=> bob <bob@example.com> R=local_user T=local_delivery", ""},
        {"=> /home/bob/mail <bob@example.com> R=local_user T=maildir H=a X=b CV=yes", ""},
        {"=> |/usr/bin/filter -x <bob@example.com> R=pipe T=pipe", ""},
        {"*> bob@example.com R=r T=t " HOST, ""},
        {"-> ann@example.com R=dnslookup T=remote_smtp " HOST " X=TLS1.3:a CV=yes", ""},
        {"=> bob@example.com R=r T=lmtp H=a [/run/lmtp]", ""},
        {"=> discarded (system filter)", ""},
        {"Completed", ""},
        {"== bob@example.com R=dnslookup T=remote_smtp defer (110): Connection timed out", ""},
    };

    (void)state;
    CHECK(samples);
}

static void fields_are_found_in_every_order(void **state)
{
    static const struct sample samples[] = {
        {"=> bob@example.com <ann@example.org> F=<carl@example.net> P=<carl@example.net> R=r T=t "
         "S=348 H=MX.Example.COM. DS [192.0.2.1]:25 I=[198.51.100.1]:4711 PS=s X=TLS1.3:a CV=yes "
         "DN=\"/CN=a\" A=plain:bob L K DKIM=a C=\"250 OK\" QT=1m5s DT=0.1s",
         "session: out trusted TLSv1.3" MX "\n"},
        {"=> bob (ann@example.org, al@example.org) <bob@example.com> R=r T=t H=mx.example.com "
         "[192.0.2.1] TFO* X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3" MX "\n"},
        {"=> \"a b H=evil [203.0.113.9] X=TLS1.3:x CV=dane\"@example.com R=r T=t H=mx.example.com "
         "[192.0.2.1]",
         "session: out plaintext" MX "\n"},
        {"=> bob@example.com <\"> H=evil [203.0.113.9]\"@example.org> R=r T=t " HOST,
         "session: out plaintext" MX "\n"},
        {"=> bob@example.com F=<\"> X=TLS1.3:a\"@example.org> R=r T=t " HOST,
         "session: out plaintext" MX "\n"},
    };

    (void)state;
    CHECK(samples);
}

/* Each row of the table of reasons, as the reason of a deferral. */
static void a_deferral_tells_its_reason(void **state)
{
    static const struct sample samples[] = {
        {TO "(-38) " HOST ": a TLS session is required, but the server did not offer TLS support",
         FAILED "failure: out starttls-not-supported starttls-absent deferred" MX
                " reason=a TLS session is required, but the server did not offer TLS support\n"},
        {TO "(-38): a TLS session is required for mx.example.com [192.0.2.1], but the server did "
            "not offer TLS support",
         FAILED "failure: out starttls-not-supported starttls-absent deferred" MX
                " reason=a TLS session is required for mx.example.com [192.0.2.1], but the server "
                "did not offer TLS support\n"},
        {TO "(-38) " HOST ": a TLS session is required, but an attempt to start TLS failed",
         FAILED "failure: out starttls-not-supported starttls-refused starttls-refused deferred" MX
                " reason=a TLS session is required, but an attempt to start TLS failed\n"},
        {TO "(0) " HOST " DT=0.1s: SMTP error from remote mail server after STARTTLS: 454 4.7.0 no",
         FAILED "failure: out starttls-not-supported starttls-refused starttls-refused deferred" MX
                " dsn=4.7.0"
                " reason=SMTP error from remote mail server after STARTTLS: 454 4.7.0 no\n"},
        {TO "(-18) " HOST ": Remote host closed connection in response to STARTTLS",
         FAILED "failure: out tls-handshake-failure tls-session-lost deferred" MX
                " reason=Remote host closed connection in response to STARTTLS\n"},
        {TO "(110): Connection timed out " HOST ": SMTP timeout after STARTTLS",
         FAILED "failure: out tls-handshake-failure tls-session-lost deferred" MX
                " reason=SMTP timeout after STARTTLS\n"},
        {TO "(-1): lookup of IP address for mx.example.com was insecure",
         "failure: out dane-required mx-insecure host-lookup-not-dnssec deferred"
         " domain=example.com mx=mx.example.com id=" ID
         " reason=lookup of IP address for mx.example.com was insecure\n"},
        {TO "(-1) " HOST ": REQUIRETLS support is required from the server but it was not offered",
         FAILED "failure: out requiretls-unsupported requiretls-not-offered deferred" MX
                " reason=REQUIRETLS support is required from the server but it was not offered\n"},
        {TO "(-37) " HOST ": failure while setting up TLS session", FAILED
         "failure: out validation-failure tls-handshake-failure handshake-failure deferred" MX
         " reason=failure while setting up TLS session\n"},
        {TO "(-37) " HOST ": bad first read from TLS conn", FAILED
         "failure: out validation-failure tls-handshake-failure handshake-failure deferred" MX
         " reason=bad first read from TLS conn\n"},
        {TO "(-37): TLS support not available",
         "session: out failed domain=example.com id=" ID "\n"
         "failure: out local-policy-error local-tls-config deferred domain=example.com id=" ID
         " reason=TLS support not available\n"},
        {TO "(-36): DANE error: tlsa lookup DEFER",
         "session: out failed level=dane domain=example.com id=" ID "\n"
         "failure: out dnssec-invalid tlsa-lookup-error tlsa-lookup-error deferred level=dane "
         "domain=example.com id=" ID " reason=DANE error: tlsa lookup DEFER\n"},
        {TO "(-36): DANE error: something new",
         "session: out failed level=dane domain=example.com id=" ID "\n"
         "failure: out validation-failure validation-unspecified deferred level=dane "
         "domain=example.com id=" ID " reason=DANE error: something new\n"},
        {TO "(-37) " HOST ": DANE error: No usable TLSA records",
         DANE_FAILED "failure: out tlsa-invalid tlsa-unusable tlsa-unusable deferred level=dane" MX
                     " reason=DANE error: No usable TLSA records\n"},
        {"** bob@example.com R=r T=t : DANE error: tlsa lookup FAIL DT=0.000s",
         "session: out failed level=dane-only domain=example.com id=" ID "\n"
         "failure: out dane-required tlsa-missing no-tlsa bounced level=dane-only "
         "domain=example.com id=" ID " reason=DANE error: tlsa lookup FAIL\n"},
        {"** bob@example.com R=r T=t: DANE error: mx.example.com lookup not DNSSEC",
         "session: out failed level=dane-only domain=example.com mx=mx.example.com id=" ID "\n"
         "failure: out dane-required mx-insecure host-lookup-not-dnssec bounced level=dane-only "
         "domain=example.com mx=mx.example.com id=" ID
         " reason=DANE error: mx.example.com lookup not DNSSEC\n"},
        {"** bob@example.com R=r T=t: DANE error: TLSA lookup for mx.example.com not DNSSEC",
         "session: out failed level=dane domain=example.com mx=mx.example.com id=" ID "\n"
         "failure: out dnssec-insecure tlsa-not-dnssec bounced level=dane domain=example.com "
         "mx=mx.example.com id=" ID
         " reason=DANE error: TLSA lookup for mx.example.com not DNSSEC\n"},
        {"== bob@example.com R=dnslookup defer (-1): host lookup did not complete",
         "failure: out dns-lookup-error dns-lookup-error deferred domain=example.com id=" ID
         " reason=host lookup did not complete\n"},
        {"== bob@example.com R=smart T=t defer (-36): host lookup for mx.example.com did not "
         "complete (DNS timeout?)",
         "failure: out dns-lookup-error dns-lookup-error deferred domain=example.com id=" ID
         " reason=host lookup for mx.example.com did not complete (DNS timeout?)\n"},
        {"== bob@example.com R=dnslookup defer (-1): host lookup done insecurely",
         "failure: out dane-required mx-insecure insecure-mx deferred domain=example.com id=" ID
         " reason=host lookup done insecurely\n"},
        {"== bob@example.com R=smart T=t defer (-1): lookup of IP address for mx.example.com was "
         "insecure",
         "failure: out dane-required mx-insecure host-lookup-not-dnssec deferred "
         "domain=example.com mx=mx.example.com id=" ID
         " reason=lookup of IP address for mx.example.com was insecure\n"},
        {"** bob@example.com R=r T=t " HOST ": REQUIRETLS support is required from the server",
         FAILED "failure: out requiretls-unsupported requiretls-not-offered bounced" MX
                " reason=REQUIRETLS support is required from the server\n"},
        {TO "(0): SMTP error from remote mail server after STARTTLS: host mx.example.com "
            "[192.0.2.1]: 454 no",
         FAILED "failure: out starttls-not-supported starttls-refused starttls-refused deferred" MX
                " reason=SMTP error from remote mail server after STARTTLS: host mx.example.com "
                "[192.0.2.1]: 454 no\n"},
        {TO "(-18): Remote host mx.example.com [192.0.2.1] closed connection in response to "
            "STARTTLS",
         FAILED "failure: out tls-handshake-failure tls-session-lost deferred" MX
                " reason=Remote host mx.example.com [192.0.2.1] closed connection in response to "
                "STARTTLS\n"},
        {TO "(-54): all host address lookups for 'example.com' failed temporarily",
         "failure: out dns-lookup-error dns-lookup-error deferred domain=example.com id=" ID
         " reason=all host address lookups for 'example.com' failed temporarily\n"},
    };

    (void)state;
    CHECK(samples);
}

/* Each row of the table of the TLS libraries' words. */
static void a_library_tells_its_error(void **state)
{
    static const struct {
        const char *error;
        const char *told;      /* at a host that is not authenticated by TLSA records */
        const char *with_dane; /* at one that is */
    } rows[] = {
        {"(SSL_connect): error:0A000086:SSL routines::certificate verify failed",
         "certificate-not-trusted cert-not-trusted",
         "certificate-not-trusted dane-cert-mismatch tlsa-mismatch"},
        {"(SSL_connect): error:14090086:SSL routines:ssl3_get_server_certificate:certificate "
         "verify failed",
         "certificate-not-trusted cert-not-trusted",
         "certificate-not-trusted dane-cert-mismatch tlsa-mismatch"},
        {"(SSL_connect) Server certificate revoked",
         "validation-failure cert-not-trusted cert-revoked",
         "validation-failure cert-not-trusted cert-revoked"},
        {"(SSL_connect) Required TLS certificate status not received",
         "validation-failure cert-not-trusted cert-revoked",
         "validation-failure cert-not-trusted cert-revoked"},
        {"(SSL_connect): error:0A000148:SSL routines::invalid status response",
         "validation-failure cert-not-trusted cert-revoked",
         "validation-failure cert-not-trusted cert-revoked"},
        {"(tlsa load): error:00000000:lib(0):func(0):reason(0)",
         "tlsa-invalid tlsa-unusable tlsa-unusable", "tlsa-invalid tlsa-unusable tlsa-unusable"},
        {"(failed to stat /a for certificates)", "local-policy-error local-tls-config",
         "local-policy-error local-tls-config"},
        {"(malloc failed)", "local-policy-error local-tls-config",
         "local-policy-error local-tls-config"},
        {"(certificate status check failed)", "validation-failure cert-not-trusted cert-revoked",
         "validation-failure cert-not-trusted cert-revoked"},
        {"(SSL_connect) Server certificate status is out-of-date",
         "validation-failure validation-unspecified", "validation-failure validation-unspecified"},
        {"(certificate verification failed)", "certificate-host-mismatch cert-host-mismatch",
         "certificate-host-mismatch dane-ta-name"},
        {"(certificate verification failed): certificate revoked",
         "validation-failure cert-not-trusted cert-revoked",
         "validation-failure cert-not-trusted cert-revoked"},
        {"(certificate verification failed): certificate invalid",
         "certificate-not-trusted cert-not-trusted", "certificate-not-trusted dane-cert-mismatch"},
        {"(certificate verification failed): certificate not supplied",
         "validation-failure validation-unspecified", "validation-failure validation-unspecified"},
        {"(certificate verification failed): no certificate received from peer",
         "validation-failure validation-unspecified", "validation-failure validation-unspecified"},
        {"(certificate verification failed): TLSA record problem: none usable",
         "tlsa-invalid tlsa-unusable tlsa-unusable", "tlsa-invalid tlsa-unusable tlsa-unusable"},
        {"(cert/key setup: cert=/a key=/b): Error while reading file.",
         "local-policy-error local-tls-config", "local-policy-error local-tls-config"},
        {"(SSL_CTX_load_verify_locations file=/a): error:0:b",
         "local-policy-error local-tls-config", "local-policy-error local-tls-config"},
        {"(gnutls_priority_set): No or insufficient priorities were set.",
         "local-policy-error local-tls-config", "local-policy-error local-tls-config"},
        {"expansion of tls_require_ciphers failed", "local-policy-error local-tls-config",
         "local-policy-error local-tls-config"},
        {"(SSL_connect): error:0A00010B:SSL routines::wrong version number",
         "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure tls-handshake-failure handshake-failure"},
        {"(SSL_connect): error:00000000:lib(0)::reason(0)",
         "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure tls-handshake-failure handshake-failure"},
        {"(SSL_connect): timed out", "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure tls-handshake-failure handshake-failure"},
        {"(gnutls_handshake): rxd alert: Handshake failed",
         "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure tls-handshake-failure handshake-failure"},
        {"(gnutls_handshake): timed out",
         "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure tls-handshake-failure handshake-failure"},
        {"(handshake): ALPN required but not negotiated",
         "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure tls-handshake-failure handshake-failure"},
        {"(tlsa load): error:0A0000BD:SSL routines::dane tlsa bad digest length (TLSA)",
         "tlsa-invalid tlsa-unusable tlsa-unusable", "tlsa-invalid tlsa-unusable tlsa-unusable"},
        {"(SSL_connect): error:0A000148:SSL routines::invalid status response",
         "validation-failure cert-not-trusted cert-revoked",
         "validation-failure cert-not-trusted cert-revoked"},
        {"(cert-status-req): The request is invalid.", "local-policy-error local-tls-config",
         "local-policy-error local-tls-config"},
        {"(Unknown curve name in tls_eccurve 'x')", "local-policy-error local-tls-config",
         "local-policy-error local-tls-config"},
        {"error on first read", "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure tls-handshake-failure handshake-failure"},
        {"something new", "validation-failure tls-handshake-failure handshake-failure",
         "validation-failure validation-unspecified"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *line =
            g_strdup_printf(TO "(-37) " HOST ": TLS session: %s", rows[i].error);
        g_autofree char *with_dane = g_strdup_printf(
            "DANE attempt failed; TLS connection to mx.example.com [192.0.2.1]: %s\n%s",
            rows[i].error, line);
        g_autofree char *told = events_of(line);
        g_autofree char *told_with_dane = events_of(with_dane);
        g_autofree char *wanted = g_strdup_printf("failure: out %s deferred ", rows[i].told);
        g_autofree char *wanted_with_dane =
            g_strdup_printf("failure: out %s deferred level=dane ", rows[i].with_dane);
        bool names_dane = strstr(rows[i].told, "tlsa") != NULL;

        assert_non_null(strstr(told, names_dane ? "deferred level=dane" : wanted));
        assert_non_null(strstr(told_with_dane, wanted_with_dane));
    }
}

/* Each row of the table of what OpenSSL finds wrong with a certificate, which is told alone where
   no line about the delivery follows. */
static void a_check_tells_what_it_found(void **state)
{
    static const struct {
        const char *found;
        const char *told;
    } rows[] = {
        {"certificate has expired", "certificate-expired cert-expired unknown"},
        {"certificate revoked", "validation-failure cert-not-trusted cert-revoked unknown"},
        {"CRL has expired", "validation-failure cert-not-trusted cert-revoked unknown"},
        {"unable to get certificate CRL",
         "validation-failure cert-not-trusted cert-revoked unknown"},
        {"self signed certificate", "certificate-not-trusted cert-not-trusted self-signed unknown"},
        {"self-signed certificate", "certificate-not-trusted cert-not-trusted self-signed unknown"},
        {"self signed certificate in certificate chain",
         "certificate-not-trusted cert-not-trusted untrusted-issuer unknown"},
        {"unable to get local issuer certificate",
         "certificate-not-trusted cert-not-trusted untrusted-issuer unknown"},
        {"unable to get issuer certificate",
         "certificate-not-trusted cert-not-trusted untrusted-issuer unknown"},
        {"unable to verify the first certificate",
         "certificate-not-trusted cert-not-trusted untrusted-issuer unknown"},
        {"certificate not trusted",
         "certificate-not-trusted cert-not-trusted untrusted-issuer unknown"},
        {"invalid CA certificate", "certificate-not-trusted cert-not-trusted unknown"},
        {"certificate signature failure", "certificate-not-trusted cert-not-trusted unknown"},
        {"certificate is not yet valid",
         "validation-failure cert-not-trusted cert-not-yet-valid unknown"},
        {"unsupported certificate purpose",
         "validation-failure cert-not-trusted cert-purpose unknown"},
        {"unsuitable certificate purpose",
         "validation-failure cert-not-trusted cert-purpose unknown"},
        {"certificate chain too long",
         "validation-failure cert-not-trusted cert-chain-too-long unknown"},
        {"path length constraint exceeded",
         "validation-failure cert-not-trusted cert-chain-too-long unknown"},
        {"EE certificate key too weak", "validation-failure cert-not-trusted cert-weak unknown"},
        {"hostname mismatch", "certificate-host-mismatch cert-host-mismatch unknown"},
        {"IP address mismatch",
         "certificate-host-mismatch cert-host-mismatch ip-address-mismatch unknown"},
        {"application verification failure", "validation-failure validation-unspecified unknown"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *lines = g_strdup_printf(
            "[192.0.2.1] SSL verify error: depth=0 error=%s cert=/CN=a\n--", rows[i].found);
        g_autofree char *events = events_of(lines);
        g_autofree char *wanted = g_strdup_printf(
            "failure: out %s ip=192.0.2.1 id=" ID " reason=%s\n", rows[i].told, rows[i].found);
        assert_string_equal(events, wanted);
    }
}

#define EXPIRED "[192.0.2.1] SSL verify error: depth=0 error=certificate has expired cert=/CN=a"
#define UNTRUSTED                                                                                  \
    "[192.0.2.1] SSL verify error: depth=0 error=unable to get local issuer certificate "          \
    "cert=/CN=a"
#define UNVERIFIABLE                                                                               \
    "[192.0.2.1] SSL verify error: depth=0 error=unable to verify the first certificate "          \
    "cert=/CN=a"
#define MISMATCH                                                                                   \
    "[192.0.2.1] SSL verify error: certificate name mismatch: DN=\"/CN=a\" H=\"mx.example.com\""
#define CV_NO SENT HOST " X=TLS1.3:a CV=no"
#define CV_NO_SESSION "session: out untrusted TLSv1.3" MX "\n"

static void a_session_that_is_not_verified_has_the_reason(void **state)
{
    static const struct sample samples[] = {
        {EXPIRED "\n" CV_NO,
         CV_NO_SESSION "failure: out certificate-expired cert-expired unverified" MX
                       " reason=certificate has expired\n"},
        /* Once, for all recipients. */
        {EXPIRED "\n" CV_NO "\n-> al@example.com R=r T=t " HOST " X=TLS1.3:a CV=no\nCompleted\n--",
         CV_NO_SESSION "failure: out certificate-expired cert-expired unverified" MX
                       " reason=certificate has expired\n"},
        /* Before 4.86 without the address. */
        {"SSL verify error: depth=0 error=certificate has expired cert=/CN=a\n" CV_NO,
         CV_NO_SESSION "failure: out certificate-expired cert-expired unverified" MX
                       " reason=certificate has expired\n"},
        /* The peer was verified in the end, or not for this message's sake. */
        {EXPIRED "\n" SENT HOST " X=TLS1.3:a CV=dane\n--",
         "session: out verified TLSv1.3 level=dane" MX "\n"},
        {EXPIRED "\n" SENT HOST " X=TLS1.3:a CV=yes\n--", "session: out trusted TLSv1.3" MX "\n"},
        {CV_NO "\n--", CV_NO_SESSION},
        {"-- [192.0.2.1] SSL verify error: depth=0 error=certificate has expired cert=/CN=a\n--",
         ""},
        {"[192.0.2.1] SSL verify error (during c-verify for [192.0.2.9]): depth=0 "
         "error=certificate "
         "has expired cert=/CN=a\n--",
         ""},
        /* Hoped for DANE. */
        {"DANE error: TLSA lookup for mx.example.com not DNSSEC\n" SENT HOST " X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3" MX "\n"
         "failure: out dnssec-insecure tlsa-not-dnssec unverified level=dane" MX
         " reason=DANE error: TLSA lookup for mx.example.com not DNSSEC\n"},
        {"DANE error: TLSA lookup not DNSSEC\n" CV_NO,
         CV_NO_SESSION "failure: out dnssec-insecure tlsa-not-dnssec unverified level=dane" MX
                       " reason=DANE error: TLSA lookup not DNSSEC\n"},
        {"DANE error: TLSA lookup for mx.example.com not DNSSEC\n" SENT HOST,
         "session: out plaintext" MX "\n"
         "failure: out dnssec-insecure tlsa-not-dnssec plaintext level=dane" MX
         " reason=DANE error: TLSA lookup for mx.example.com not DNSSEC\n"},
        {"H=mx.example.com [192.0.2.1] TLS error on connection (SSL_connect): error:14090086:SSL "
         "routines:a:certificate verify failed\n"
         "DANE attempt failed; trying CA-root TLS to mx.example.com [192.0.2.1] (not in "
         "hosts_require_dane)\n" CV_NO,
         CV_NO_SESSION
         "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch unverified "
         "level=dane" MX
         " reason=(SSL_connect): error:14090086:SSL routines:a:certificate verify failed\n"},
    };

    (void)state;
    CHECK(samples);
}

/* Neither delivered unverified or in clear, nor returned for what was found: catalog 4.6. */
static void mail_refused_for_something_else_was_not_delivered(void **state)
{
#define SPAM " : SMTP error from remote mail server after end of data: 550 spam"
#define FALLBACK                                                                                   \
    "TLS session: (SSL_connect): error:0A00010B:SSL routines::wrong version number: delivering "   \
    "unencrypted to H=mx.example.com [192.0.2.1] (not in hosts_require_tls)\n"
#define UNKNOWN_EXPIRED                                                                            \
    "failure: out certificate-expired cert-expired unknown" MX " reason=certificate has expired\n"
    static const struct sample samples[] = {
        {EXPIRED "\n" BOUNCED HOST " X=TLS1.3:a CV=no" SPAM "\nCompleted\n--",
         CV_NO_SESSION UNKNOWN_EXPIRED},
        {MISMATCH "\n" TO "(-46) " HOST " X=TLS1.3:a CV=no: SMTP error from remote mail server "
                  "after end of data: 451 later\n--",
         CV_NO_SESSION "failure: out certificate-host-mismatch cert-host-mismatch unknown" MX
                       " reason=" MISMATCH "\n"},
        {FALLBACK BOUNCED HOST SPAM "\nCompleted\n--",
         "failure: out validation-failure tls-handshake-failure handshake-failure unknown" MX
         " reason=(SSL_connect): error:0A00010B:SSL routines::wrong version number\n" FAILED},
        /* Another recipient's was delivered in the same session. */
        {EXPIRED "\n" BOUNCED HOST " X=TLS1.3:a CV=no" SPAM "\n" CV_NO "\nCompleted\n--",
         CV_NO_SESSION CV_NO_SESSION "failure: out certificate-expired cert-expired unverified" MX
                                     " reason=certificate has expired\n"},
        /* A second session. */
        {EXPIRED "\n" BOUNCED HOST " X=TLS1.3:a CV=no" SPAM "\n" EXPIRED "\n" CV_NO "\n--",
         CV_NO_SESSION UNKNOWN_EXPIRED CV_NO_SESSION
         "failure: out certificate-expired cert-expired unverified" MX
         " reason=certificate has expired\n"},
        {EXPIRED "\n" BOUNCED HOST " X=TLS1.3:a CV=dane" SPAM "\nCompleted\n--",
         "session: out verified TLSv1.3 level=dane" MX "\n"},
    };

    (void)state;
    CHECK(samples);
}

static void mail_in_clear_after_a_failure_has_the_reason(void **state)
{
    static const struct sample samples[] = {
        {"TLS session: (SSL_connect): error:0A00010B:SSL routines::wrong version number: "
         "delivering "
         "unencrypted to H=mx.example.com [192.0.2.1] (not in hosts_require_tls)\n" SENT HOST,
         "session: out plaintext" MX "\n"
         "failure: out validation-failure tls-handshake-failure handshake-failure plaintext" MX
         " reason=(SSL_connect): error:0A00010B:SSL routines::wrong version number\n"},
        {EXPIRED "\nTLS session: (SSL_connect): error:0A000086:SSL routines::certificate verify "
                 "failed: delivering unencrypted to H=mx.example.com [192.0.2.1] (not in "
                 "hosts_require_tls)\n" SENT HOST,
         "session: out plaintext" MX "\n"
         "failure: out certificate-expired cert-expired plaintext" MX
         " reason=(SSL_connect): error:0A000086:SSL routines::certificate verify failed\n"},
        {"TLS error on connection to mx.example.com [192.0.2.1] (gnutls_handshake): timed out\n"
         "TLS session failure: delivering unencrypted to mx.example.com [192.0.2.1] (not in "
         "hosts_require_tls)\n" SENT HOST,
         "session: out plaintext" MX "\n"
         "failure: out validation-failure tls-handshake-failure handshake-failure plaintext" MX
         " reason=(gnutls_handshake): timed out\n"},
        /* Refused in clear as well, for a reason of its own. */
        {"TLS session: (SSL_connect): timed out: delivering unencrypted to H=mx.example.com "
         "[192.0.2.1] (not in hosts_require_tls)\n" TO "(-44) " HOST
         ": SMTP error from remote mail server after RCPT TO:<bob@example.com>: 450 later\n--",
         "failure: out validation-failure tls-handshake-failure handshake-failure unknown" MX
         " reason=(SSL_connect): timed out\n" FAILED},
    };

    (void)state;
    CHECK(samples);
}

#define VERIFY_FAILED                                                                              \
    "TLS session: (SSL_connect): error:0A000086:SSL routines::certificate verify failed"

static void evidence_refines_the_reason_of_a_deferral(void **state)
{
    static const struct sample samples[] = {
        {EXPIRED "\n" TO "(-37) " HOST ": " VERIFY_FAILED, FAILED
         "failure: out certificate-expired cert-expired deferred" MX " reason=" VERIFY_FAILED "\n"},
        {"Server certificate revoked; reason: superseded\n" TO "(-37) " HOST ": " VERIFY_FAILED,
         FAILED "failure: out validation-failure cert-not-trusted cert-revoked deferred" MX
                " reason=" VERIFY_FAILED "\n"},
        /* 4.85 to 4.89: the reason stands in the line before alone. */
        {"H=mx.example.com [192.0.2.1] TLS error on connection (certificate verification "
         "failed)\n" TO "(-37) " HOST ": failure while setting up TLS session",
         FAILED "failure: out certificate-host-mismatch cert-host-mismatch deferred" MX
                " reason=failure while setting up TLS session\n"},
        /* Before 4.85 without the host. */
        {"TLS error on connection to mx.example.com [192.0.2.1] (cert/key setup: cert=a key=b): "
         "Error while reading file.\n" TO "(-37): failure while setting up TLS session",
         FAILED "failure: out local-policy-error local-tls-config deferred" MX
                " reason=failure while setting up TLS session\n"},
        {"H=mx.example.com [192.0.2.1]: DANE error: tlsa lookup DEFER\n" TO
         "(-36) DT=0.000s: DANE error: tlsa lookup DEFER",
         DANE_FAILED "failure: out dnssec-invalid tlsa-lookup-error tlsa-lookup-error deferred "
                     "level=dane" MX " reason=DANE error: tlsa lookup DEFER\n"},
        /* The library gave no text, or an old one. */
        {"DANE error: No usable TLSA records\n"
         "DANE attempt failed; TLS connection to mx.example.com [192.0.2.1]: NULL\n" TO
         "(-37) " HOST ": TLS session: NULL",
         DANE_FAILED "failure: out tlsa-invalid tlsa-unusable tlsa-unusable deferred level=dane" MX
                     " reason=TLS session: NULL\n"},
        {"DANE attempt failed; no TLS connection to mx.example.com [192.0.2.1]\n" TO "(-37) " HOST
         ": failure while setting up TLS session",
         DANE_FAILED "failure: out validation-failure validation-unspecified deferred level=dane" MX
                     " reason=failure while setting up TLS session\n"},
        /* Before 4.85 the line of a host that was tried has nothing before its reason. */
        {"SMTP error from remote mail server after STARTTLS: host mx.example.com [192.0.2.1]: 454 "
         "no\n" SENT "H=mx2.example.com [192.0.2.2]\nCompleted",
         "session: out plaintext domain=example.com mx=mx2.example.com ip=192.0.2.2 id=" ID "\n"
         "failure: out starttls-not-supported starttls-refused starttls-refused other-mx" MX
         " reason=SMTP error from remote mail server after STARTTLS: host mx.example.com "
         "[192.0.2.1]: 454 no\n" FAILED},
        {"Connection aborted; STARTTLS support by mx.example.com [192.0.2.1] required by DNS SRV "
         "but STARTTLS not offered\n--",
         "failure: out starttls-not-supported starttls-absent unknown mx=mx.example.com "
         "ip=192.0.2.1 id=" ID " reason=Connection aborted; STARTTLS support by mx.example.com "
         "[192.0.2.1] required by DNS SRV but STARTTLS not offered\n"
         "session: out failed mx=mx.example.com ip=192.0.2.1 id=" ID "\n"},
    };

    (void)state;
    CHECK(samples);
}

/* Up to 4.89 the library's line comes before the one that says it was about DANE. */
static void what_failed_under_dane_is_known_afterwards(void **state)
{
#define FAILED_BEFORE_DANE                                                                         \
    HOST " TLS error on connection (SSL_connect): error:14090086:SSL routines:"                    \
         "SSL3_GET_SERVER_CERTIFICATE:certificate verify failed\n"
    static const struct sample samples[] = {
        {FAILED_BEFORE_DANE
         "DANE attempt failed; no TLS connection to mx.example.com [192.0.2.1]\n" TO
         "(-37): failure while setting up TLS session",
         DANE_FAILED "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch "
                     "deferred level=dane" MX " reason=failure while setting up TLS session\n"},
        {FAILED_BEFORE_DANE
         "DANE attempt failed; trying CA-root TLS to mx.example.com [192.0.2.1] (not "
         "in hosts_require_dane)\n" SENT HOST " X=TLSv1.2:a CV=yes",
         "session: out trusted TLSv1.2" MX "\n"
         "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch unverified "
         "level=dane" MX " reason=(SSL_connect): error:14090086:SSL routines:"
         "SSL3_GET_SERVER_CERTIFICATE:certificate verify failed\n"},
    };

    (void)state;
    CHECK(samples);
}

static void recipients_of_one_attempt_are_one_session(void **state)
{
    static const struct sample samples[] = {
        {TO
         "(-37) " HOST ": " VERIFY_FAILED "\n== ann@example.org R=r T=t defer (-37) " HOST
         ": " VERIFY_FAILED
         "\n== bob@example.com R=r T=t defer (-37) H=mx2.example.com [192.0.2.2]: " VERIFY_FAILED,
         FAILED "failure: out certificate-not-trusted cert-not-trusted deferred" MX
                " reason=" VERIFY_FAILED "\n"
                "failure: out certificate-not-trusted cert-not-trusted deferred domain=example.org "
                "mx=mx.example.com ip=192.0.2.1 id=" ID " reason=" VERIFY_FAILED "\n"
                "session: out failed domain=example.com mx=mx2.example.com ip=192.0.2.2 id=" ID "\n"
                "failure: out certificate-not-trusted cert-not-trusted deferred domain=example.com "
                "mx=mx2.example.com ip=192.0.2.2 id=" ID " reason=" VERIFY_FAILED "\n"},
    };

    (void)state;
    CHECK(samples);
}

static void count_sessions(const struct log_event *event, void *data)
{
    guint *counts = data;

    if (event->kind == LOG_EVENT_SESSION)
        counts[0] += event->sessions;
    else if (event->kind == LOG_EVENT_FAILURE)
        counts[1] += event->sessions;
    counts[2]++;
}

static void a_later_attempt_is_another_session(void **state)
{
    static const char text[] = ID " " TO "(-37) " HOST ": " VERIFY_FAILED;
    struct direct *direct = direct_new(&log_exim);
    struct log_line line = direct_line("exim", text, -1);
    guint counts[3] = {0};

    (void)state;
    direct->context.emit = count_sessions;
    direct->context.data = counts;
    for (line.at = 1000; line.at <= 4600; line.at += 1800)
        direct->dialect->take(direct->state, &line);
    line.repeats = 5;
    direct->dialect->take(direct->state, &line);
    direct_free(direct);
    assert_int_equal(counts[0], 3 + 5);
    assert_int_equal(counts[1], 3 + 5);
    assert_int_equal(counts[2], 8);
}

static void evidence_without_a_delivery_is_told_in_the_end(void **state)
{
    static const struct sample samples[] = {
        /* Another MX took the mail. */
        {"DANE attempt failed; TLS connection to mx.example.com [192.0.2.1]: (SSL_connect): "
         "error:0A000086:SSL routines::certificate verify failed\n"
         "=> bob@example.com R=r T=t H=mx2.example.com [192.0.2.2] X=TLS1.3:a CV=dane\nCompleted",
         "session: out verified TLSv1.3 level=dane domain=example.com mx=mx2.example.com "
         "ip=192.0.2.2 id=" ID "\n"
         "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch other-mx "
         "level=dane" MX " reason=(SSL_connect): error:0A000086:SSL routines::certificate verify "
         "failed\n" DANE_FAILED},
        {"H=mx.example.com [192.0.2.1]: a TLS session is required, but the server did not offer "
         "TLS support\n--",
         "failure: out starttls-not-supported starttls-absent unknown mx=mx.example.com "
         "ip=192.0.2.1 id=" ID " reason=a TLS session is required, but the server did not offer "
         "TLS support\nsession: out failed mx=mx.example.com ip=192.0.2.1 id=" ID "\n"},
        {EXPIRED "\nCompleted",
         "failure: out certificate-expired cert-expired unknown ip=192.0.2.1 id=" ID
         " reason=certificate has expired\n"},
        /* No word of TLS: nothing waits. */
        {"H=mx.example.com [192.0.2.1] Connection timed out\n"
         "H=mx.example.com [192.0.2.1]: SMTP error from remote mail server after initial "
         "connection: 421 TLS session: DANE error: no\n--",
         ""},
    };

    (void)state;
    CHECK(samples);
}

static void what_waits_is_told_after_its_time(void **state)
{
    struct direct *direct = direct_new(&log_exim);
    struct log_line line = direct_line("exim", ID " " EXPIRED, -1);

    (void)state;
    line.at = 1000;
    direct->dialect->take(direct->state, &line);
    direct->dialect->settle(direct->state, 1000);
    assert_string_equal(direct->events->str, "");
    direct->dialect->settle(direct->state, 1001);
    assert_non_null(strstr(direct->events->str, "failure: at=1000 out certificate-expired"));
    g_string_truncate(direct->events, 0);
    direct->dialect->settle(direct->state, G_MAXINT64);
    assert_string_equal(direct->events->str, "");
    direct_free(direct);
}

static void mail_that_is_not_tried_again_yet_has_the_earlier_reason(void **state)
{
    static const char failed[] =
        TO "(-38) " HOST ": a TLS session is required, but the server did not offer TLS support\n";
    static const struct sample samples[] = {
        {"-- 0000ab-000002-Xy " TO "(-54): retry time not reached for any host for 'example.com'",
         "failure: out starttls-not-supported starttls-absent throttled domain=example.com "
         "mx=mx.example.com ip=192.0.2.1 id=0000ab-000002-Xy reason=retry time not reached for any "
         "host for 'example.com'\n"},
        {"-- 0000ab-000002-Xy " BOUNCED
         ": all hosts for 'example.com' have been failing for a long "
         "time and were last tried after this message arrived",
         "failure: out starttls-not-supported starttls-absent bounced domain=example.com "
         "mx=mx.example.com ip=192.0.2.1 id=0000ab-000002-Xy reason=all hosts for 'example.com' "
         "have been failing for a long time and were last tried after this message arrived\n"},
        /* Of another domain; after a delivery; after another reason. */
        {"== ann@example.org R=r T=t defer (-54): retry time not reached for any host", ""},
        {"-- 0000ab-000003-Xy " SENT "H=mx3.example.com [192.0.2.3] X=TLS1.3:a CV=yes\n"
         "-- 0000ab-000002-Xy " TO "(-54): retry time not reached for any host",
         "session: out trusted TLSv1.3 domain=example.com mx=mx3.example.com ip=192.0.2.3 "
         "id=0000ab-000003-Xy\n"},
        {"-- 0000ab-000003-Xy " TO "(111): Connection refused\n"
         "-- 0000ab-000002-Xy " TO "(-54): retry time not reached for any host",
         ""},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autofree char *lines = g_strconcat(failed, samples[i].lines, NULL);
        g_autofree char *events = events_of(lines);
        const char *first = strstr(events, "TLS support\n");
        assert_non_null(first);
        assert_string_equal(first + strlen("TLS support\n"), samples[i].events);
    }
}

static void mail_that_is_given_up_is_told(void **state)
{
    static const struct sample samples[] = {
        {"** bob@example.com: retry timeout exceeded",
         "expired: out domain=example.com id=" ID "\n"},
        {"** bob <bob@example.com>: retry timeout exceeded",
         "expired: out domain=example.com id=" ID "\n"},
        {"** bob@example.com : retry timeout exceeded",
         "expired: out domain=example.com id=" ID "\n"},
    };

    (void)state;
    CHECK(samples);
}

static void a_continued_connection_is_one_session(void **state)
{
    static const struct sample samples[] = {
        {SENT HOST " X=TLS1.3:a CV=yes\n-- 0000ab-000002-Xy " SENT HOST "* X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3" MX "\n"},
        {SENT HOST ":25 X=TLS1.3:a CV=yes\n-- 0000ab-000002-Xy " SENT HOST ":25* X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3" MX "\n"},
        /* The line that began it tells nothing, as where its recipient was refused. */
        {SENT HOST "* X=TLS1.3:a CV=yes", "session: out trusted TLSv1.3" MX "\n"},
    };

    (void)state;
    CHECK(samples);
}

static void the_age_of_a_message_is_known_by_its_id(void **state)
{
    static const struct {
        const char *message;
        const char *delay;
    } rows[] = {
        /* 1735689600 is 1tSm9Y in base 62 */
        {"1tSm9Y-000001-Xy " TO "(-37) " HOST ": " VERIFY_FAILED, " delay=3600 "},
        {"1tSm9Y-00000000001-Xy12 " TO "(-37) " HOST ": " VERIFY_FAILED, " delay=3600 "},
        {"1tSm9Y-000001-Xy " TO "(-37) " HOST " QT=2h5m DT=1s: " VERIFY_FAILED, " delay=7500 "},
        {"zzzzzz-000001-Xy " TO "(-37) " HOST ": " VERIFY_FAILED, " reason="},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct direct *direct = direct_new(&log_exim);
        struct log_line line = direct_line("exim", rows[i].message, -1);

        line.at = INT64_C(1735689600) + 3600;
        assert_true(direct->dialect->take(direct->state, &line));
        assert_non_null(strstr(direct->events->str, rows[i].delay));
        assert_true((strstr(direct->events->str, "delay=") == NULL) == (i == 3));
        direct_free(direct);
    }
}

/* Catalog of pitfalls, 14. */
static void three_findings_are_one_session(void **state)
{
    static const struct sample samples[] = {
        {UNTRUSTED "\n" UNVERIFIABLE "\n" MISMATCH "\n" CV_NO "\n--", CV_NO_SESSION
         "failure: out certificate-not-trusted cert-not-trusted untrusted-issuer unverified" MX
         " reason=unable to get local issuer certificate\n"},
        {MISMATCH "\n" EXPIRED "\n" UNTRUSTED "\n" CV_NO "\n--",
         CV_NO_SESSION "failure: out certificate-expired cert-expired unverified" MX
                       " reason=certificate has expired\n"},
        {MISMATCH "\n" UNTRUSTED "\n" EXPIRED "\n" TO "(-37) " HOST ": " VERIFY_FAILED "\n--",
         FAILED "failure: out certificate-expired cert-expired deferred" MX " reason=" VERIFY_FAILED
                "\n"},
    };

    (void)state;
    CHECK(samples);
}

/* 15. */
static void a_reason_stands_behind_either_colon_and_before_its_time(void **state)
{
    static const char *const bounces[] = {
        BOUNCED HOST ": " VERIFY_FAILED,
        BOUNCED HOST " : " VERIFY_FAILED,
        BOUNCED HOST " : " VERIFY_FAILED " DT=1.234s",
        BOUNCED HOST ":25 DT=0.051s: " VERIFY_FAILED,
        "** bob@example.com F=<a@example.org> P=<a@example.org> R=r T=t " HOST
        ":25 : " VERIFY_FAILED,
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bounces); i++) {
        g_autofree char *events = events_of(bounces[i]);
        assert_string_equal(events, FAILED
                            "failure: out certificate-not-trusted cert-not-trusted bounced" MX
                            " reason=" VERIFY_FAILED "\n");
    }
}

/* 16. */
static void an_end_without_courtesies_is_no_failure(void **state)
{
    static const struct sample samples[] = {
        {SENT HOST
         " X=TLS1.3:a CV=yes\n"
         "H=mx.example.com [192.0.2.1] TLS error on connection (recv): The TLS connection "
         "was non-properly terminated.\nCompleted\n--",
         "session: out trusted TLSv1.3" MX "\n"},
        {"H=mx.example.com [192.0.2.1] TLS error on connection (send): Error in the push "
         "function.\n--",
         ""},
        {"-- TLS error on connection from mx.example.com [192.0.2.1] (recv): The TLS connection "
         "was "
         "non-properly terminated.",
         ""},
        {"-- TLS error (SSL_read): on connection from [192.0.2.1] error:0A000126:SSL "
         "routines::unexpected eof while reading",
         ""},
    };

    (void)state;
    CHECK(samples);
}

/* 17 and 18 stand in a_library_tells_its_error(); 18 as it was seen. */
static void a_misleading_text_is_a_validation_failure(void **state)
{
    static const struct sample samples[] = {
        {"DANE attempt failed; TLS connection to mx.example.com [192.0.2.1]: (SSL_connect): "
         "error:068000DE:asn1 encoding routines::illegal zero content\n" TO "(-37) " HOST
         ": TLS session: (SSL_connect): error:068000DE:asn1 encoding routines::illegal zero "
         "content",
         DANE_FAILED "failure: out validation-failure validation-unspecified deferred level=dane" MX
                     " reason=TLS session: (SSL_connect): error:068000DE:asn1 encoding "
                     "routines::illegal zero content\n"},
    };

    (void)state;
    CHECK(samples);
}

/* 19 and 20. */
static void a_refused_starttls_looks_like_an_smtp_error(void **state)
{
    static const struct sample samples[] = {
        {"H=mx.example.com [192.0.2.1]: SMTP error from remote mail server after STARTTLS: 454 TLS "
         "not available\n" TO "(0) " HOST
         ": SMTP error from remote mail server after STARTTLS: 454 TLS not available",
         FAILED "failure: out starttls-not-supported starttls-refused starttls-refused deferred" MX
                " reason=SMTP error from remote mail server after STARTTLS: 454 TLS not "
                "available\n"},
        {TO "(-44) " HOST
            ": SMTP error from remote mail server after RCPT TO:<bob@example.com>: 450 "
            "SMTP error from remote mail server after STARTTLS: 454",
         ""},
        {TO "(-44) " HOST
            ": SMTP error from remote mail server after MAIL FROM:<a@example.org>: 451 "
            "a TLS session is required, but the server did not offer TLS support",
         ""},
    };

    (void)state;
    CHECK(samples);
}

#define REFUSED(ip, type) "session: in failed\nfailure: in " type " unknown ip=" ip
#define REJECTED(ip) REFUSED(ip, "cert-not-trusted inbound-peer-rejected-our-cert")
#define BROKEN(ip) REFUSED(ip, "tls-handshake-failure inbound-handshake-failure")
#define OURS(ip) REFUSED(ip, "local-policy-error inbound-local-cert-problem")

/* 21. */
static void a_name_in_helo_is_not_the_peer(void **state)
{
    static const struct sample samples[] = {
        {"-- TLS error on connection from (x) [203.0.113.9] (SSL_accept): timed out) [192.0.2.1] "
         "(SSL_accept): timed out",
         BROKEN("192.0.2.1") " reason=(SSL_accept): timed out\n"},
        {"-- TLS error on connection from a.example ([203.0.113.9]) [192.0.2.1]:4711 "
         "I=[198.51.100.1]:25 (gnutls_handshake): timed out",
         BROKEN("192.0.2.1") " reason=(gnutls_handshake): timed out\n"},
        {"-- TLS error on connection from (a [203.0.113.9] I=[203.0.113.8]:25) [2001:DB8::1] "
         "(SSL_accept): timed out",
         BROKEN("2001:db8::1") " reason=(SSL_accept): timed out\n"},
        {"-- TLS error on connection from (a) [192.0.2.1] (via inetd) (SSL_accept): timed out",
         BROKEN("192.0.2.1") " reason=(SSL_accept): timed out\n"},
        {"<= a@example.org H=(x) P=esmtps X=TLS1.3:a CV=yes) [192.0.2.1] P=esmtp S=1 id=b",
         "session: in plaintext\n"},
    };

    (void)state;
    CHECK(samples);
}

/* 26. */
static void openssl_may_spell_it_in_several_ways(void **state)
{
    static const struct {
        const char *text, *type;
    } rejected[] = {
        {"(SSL_accept): error:14094415:SSL routines:ssl3_read_bytes:sslv3 alert certificate "
         "expired",
         "certificate-expired cert-expired"},
        {"(SSL_accept): error:0A000415:SSL routines::ssl/tls alert certificate expired",
         "certificate-expired cert-expired"},
        {"(SSL_accept): error:0A000418:SSL routines::tlsv1 alert unknown ca",
         "certificate-not-trusted cert-not-trusted"},
        {"(gnutls_handshake): rxd alert: CA is unknown",
         "certificate-not-trusted cert-not-trusted"},
        {"(SSL_accept): error:0A000412:SSL routines::sslv3 alert bad certificate",
         "cert-not-trusted"},
        {"(SSL_accept): error:0A000416:SSL routines::sslv3 alert certificate unknown",
         "cert-not-trusted"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rejected); i++) {
        g_autofree char *line = g_strconcat(
            "-- TLS error on connection from a.example [192.0.2.1] ", rejected[i].text, NULL);
        g_autofree char *what =
            g_strconcat(rejected[i].type, " inbound-peer-rejected-our-cert", NULL);
        g_autofree char *events = events_of(line);
        g_autofree char *wanted =
            g_strconcat("session: in failed\nfailure: in ", what,
                        " unknown ip=192.0.2.1 reason=", rejected[i].text, "\n", NULL);
        assert_string_equal(events, wanted);
    }
}

/* 27. */
static void names_of_certificates_may_hold_anything(void **state)
{
    static const struct sample samples[] = {
        {SENT HOST
         " X=TLS1.3:a CV=yes DN=\"/O=a: b, \\\"c\\\" H=x [203.0.113.9] X=y /CN=\xc3\xa4\" "
         "C=\"250\"",
         "session: out trusted TLSv1.3" MX "\n"},
        /* Quotes in it are not escaped. */
        {SENT HOST " X=TLS1.3:a CV=no DN=\"/CN=x\" H=mx.example.net [203.0.113.9] X=TLS1.2:b "
                   "CV=dane DN=\"y\" C=\"250\"",
         "session: out untrusted TLSv1.3" MX "\n"},
        {BOUNCED HOST " X=TLS1.3:a CV=no DN=\"/CN=x\" H=mx.example.net [203.0.113.9] y\": "
                      "" VERIFY_FAILED,
         FAILED "failure: out certificate-not-trusted cert-not-trusted bounced" MX
                " reason=" VERIFY_FAILED "\n"},
        {BOUNCED HOST " X=TLS1.3:a CV=no DN=\"/O=a: DANE error: x, b\"c /CN=a\" : SMTP error from "
                      "remote mail server after RCPT TO:<bob@example.com>: 550 no",
         "session: out untrusted TLSv1.3" MX "\n"},
        {BOUNCED HOST " X=TLS1.3:a CV=no DN=\"C=a,O=b: c\": " VERIFY_FAILED,
         FAILED "failure: out certificate-not-trusted cert-not-trusted bounced" MX
                " reason=" VERIFY_FAILED "\n"},
        {"[192.0.2.1] SSL verify error: depth=0 error=certificate has expired cert=/O=a cert=: "
         "error=x, \"b\"\n" CV_NO,
         CV_NO_SESSION "failure: out certificate-expired cert-expired unverified" MX
                       " reason=certificate has expired\n"},
    };

    (void)state;
    CHECK(samples);
}

/* 28. */
static void addresses_of_every_form(void **state)
{
    static const struct sample samples[] = {
        {SENT "H=mx.example.com [2001:DB8:0:0::1]:25 X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3 domain=example.com mx=mx.example.com ip=2001:db8::1 id=" ID
         "\n"},
        {SENT "H=mx.example.com [::ffff:192.0.2.1] X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3" MX "\n"},
        {SENT "H=mx.example.com [192.0.2.xx] X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3 domain=example.com mx=mx.example.com id=" ID "\n"},
        {SENT "H=mx.example.com [192.0.2.256] X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3 domain=example.com mx=mx.example.com id=" ID "\n"},
        {SENT "H=192.0.2.1 [192.0.2.1] X=TLS1.3:a CV=yes",
         "session: out trusted TLSv1.3 domain=example.com ip=192.0.2.1 id=" ID "\n"},
        {"=> bob@b\xc3\xbc"
         "cher.example R=r T=t " HOST,
         "session: out plaintext domain=xn--bcher-kva.example mx=mx.example.com ip=192.0.2.1 "
         "id=" ID "\n"},
    };

    (void)state;
    CHECK(samples);
}

/* 35: a callout is no delivery. */
static void a_callout_is_no_delivery(void **state)
{
    static const struct sample samples[] = {
        {"-- TLS session: (SSL_connect): timed out: callout unencrypted to mx.example.com "
         "[192.0.2.1] (not in hosts_require_tls)\n--",
         ""},
        {"TLS session: (SSL_connect): timed out: callout unencrypted to mx.example.com [192.0.2.1] "
         "(not in hosts_require_tls)\n--",
         ""},
    };

    (void)state;
    CHECK(samples);
}

static void mail_that_comes_in_is_a_session(void **state)
{
    static const struct sample samples[] = {
        {"<= a@example.org H=mx.example.org [192.0.2.1] P=esmtps X=TLS1.3:a CV=no SNI=b S=1 id=c",
         "session: in anonymous TLSv1.3\n"},
        {"<= a@example.org H=mx.example.org [192.0.2.1] P=esmtps X=TLS1.3:a S=1",
         "session: in anonymous TLSv1.3\n"},
        {"<= a@example.org H=(b c) [192.0.2.1]:25 I=[192.0.2.2]:25 Ci=d P=esmtps L- X=TLSv1.2:a "
         "CV=yes DN=\"/CN=e\" S=1",
         "session: in trusted TLSv1.2\n"},
        {"<= a@example.org H=mx.example.org (b) [192.0.2.1] P=esmtps X=TLS1.3:a CV=no DN=\"CN=e\" "
         "S=1",
         "session: in untrusted TLSv1.3\n"},
        {"<= a@example.org H=mx.example.org [192.0.2.1] P=esmtpsa X=TLS1.3:a CV=no A=plain:bob S=1",
         "session: in anonymous TLSv1.3\n"},
        {"<= a@example.org H=mx.example.org [192.0.2.1] P=esmtps X=TLS1.3:a CV=no "
         "DN=\"/CN=e\" P=local X=TLS1.2:b CV=yes\" S=1",
         "session: in untrusted TLSv1.3\n"},
        {"<= a@example.org H=mx.example.org [192.0.2.1] P=esmtps X=TLS1.3:a CV=no "
         "SNI=\"e\" P=local X=TLS1.2:b CV=yes\" S=1",
         "session: in anonymous TLSv1.3\n"},
        {"<= <> H=mx.example.org [192.0.2.1] P=esmtp S=1 T=\"X=TLS1.3:a\"",
         "session: in plaintext\n"},
        {"<= a@example.org H=mx.example.org [192.0.2.1] P=smtp S=1", "session: in plaintext\n"},
        /* Without +tls_cipher the protocol tells. */
        {"<= a@example.org H=mx.example.org [192.0.2.1] P=esmtps S=1", "session: in untrusted\n"},
        {"<= a@example.org U=root P=local S=1", ""},
        {"<= <> R=0000ab-000001-Xy U=Debian-exim P=local S=1", ""},
        {"<= a@example.org U=a P=local-smtp S=1", ""},
    };

    (void)state;
    CHECK(samples);
}

/* Each row of the tables of exim_inbound.c that is not above. */
static void a_client_without_a_session_is_told(void **state)
{
    static const struct sample samples[] = {
        {"-- TLS error on connection from [192.0.2.1] (gnutls_handshake): Decryption has failed.",
         REJECTED("192.0.2.1") " reason=(gnutls_handshake): Decryption has failed.\n"},
        {"-- TLS error on connection from [192.0.2.1] (gnutls_handshake): A TLS fatal alert has "
         "been "
         "received.",
         REJECTED(
             "192.0.2.1") " reason=(gnutls_handshake): A TLS fatal alert has been received.\n"},
        {"-- TLS error on connection from [192.0.2.1] (gnutls_handshake): rxd alert: Unknown CA",
         REJECTED("192.0.2.1") " reason=(gnutls_handshake): rxd alert: Unknown CA\n"},
        {"-- TLS error on connection from [192.0.2.1] (recv): A TLS fatal alert has been received: "
         "Certificate is bad",
         REJECTED(
             "192.0.2.1") " reason=(recv): A TLS fatal alert has been received: Certificate is "
                          "bad\n"},
        {"-- TLS error on connection from [192.0.2.1] (gnutls_handshake): rxd alert: Handshake "
         "failed",
         BROKEN("192.0.2.1") " reason=(gnutls_handshake): rxd alert: Handshake failed\n"},
        {"-- TLS error on connection from [192.0.2.1] SSL_accept: TCP connection closed by peer",
         BROKEN("192.0.2.1") " reason=SSL_accept: TCP connection closed by peer\n"},
        {"-- TLS error on connection Ci=a from b [192.0.2.1] (SSL_accept): (TLSv1.3)",
         BROKEN("192.0.2.1") " reason=(SSL_accept): (TLSv1.3)\n"},
        {"-- TLS error on connection from [192.0.2.1] (cert/key setup: cert=/a key=/b): Error "
         "while "
         "reading file.",
         OURS("192.0.2.1") " reason=(cert/key setup: cert=/a key=/b): Error while reading file.\n"},
        {"-- TLS error on connection from [192.0.2.1] (no TLS server certificate is specified)",
         OURS("192.0.2.1") " reason=(no TLS server certificate is specified)\n"},
        {"-- TLS error on connection from [192.0.2.1] (failed to load cert chain from /a): error:0",
         OURS("192.0.2.1") " reason=(failed to load cert chain from /a): error:0\n"},
        {"-- TLS error on connection from [192.0.2.1] expansion of tls_certificate failed",
         OURS("192.0.2.1") " reason=expansion of tls_certificate failed\n"},
        {"-- no MAIL in SMTP connection from (a) [192.0.2.1] D=0s X=TLS1.3:a SNI=b "
         "C=EHLO,STARTTLS,QUIT",
         REFUSED("192.0.2.1",
                 "validation-unspecified inbound-quit-after-starttls") " reason=C=EHLO,STARTTLS,"
                                                                       "QUIT\n"},
        {"-- no MAIL in SMTP connection from (a) [192.0.2.1] D=0s C=EHLO,STARTTLS", ""},
        {"-- no MAIL in SMTP connection from (a) [192.0.2.1] D=0s X=TLS1.3:a C=EHLO,STARTTLS,EHLO,"
         "AUTH,QUIT",
         ""},
        /* An alert in a session that is there: TLS 1.3. Of the connection no more is told. */
        {"-- TLS error (SSL_read): on connection from a (b) [192.0.2.1] error:0A000412:SSL "
         "routines::sslv3 alert bad certificate\n"
         "-- no MAIL in SMTP connection from a (b) [192.0.2.1] D=0s X=TLS1.3:a C=EHLO,STARTTLS",
         REJECTED(
             "192.0.2.1") " reason=error:0A000412:SSL routines::sslv3 alert bad certificate\n"},
    };

    (void)state;
    CHECK(samples);
}

static void pieces_of_syslog_make_one_line(void **state)
{
    static const char long_line[] =
        "-- [1/2] 2025-01-01 00:00:00.123 +0100 [95] " ID " " TO "(-37) H=mx.exam\n"
        "-- [2/2] ple.com [192.0.2.1]: " VERIFY_FAILED;
    static const char told[] =
        FAILED "failure: out certificate-not-trusted cert-not-trusted deferred" MX
               " reason=" VERIFY_FAILED "\n";
    static const struct sample samples[] = {
        {long_line, told},
        {"-- 2025-01-01 00:00:00 " ID " " TO "(-37) " HOST ": " VERIFY_FAILED, told},
        {"-- [1/3] " ID " " TO "(-37) " HOST
         "\n-- [2/3] : TLS session: (SSL_connect): error:0A0000\n"
         "-- [3/3] 86:SSL routines::certificate verify failed",
         told},
        /* At a line break. */
        {"-- [1\\2] " ID " " TO "(-37) " HOST ":\n-- [2/2] " VERIFY_FAILED, told},
        /* The end never comes; the begin was never seen; another line begins. */
        {"-- [1/2] " ID " " TO "(-37) " HOST ": " VERIFY_FAILED "\n--", told},
        {"-- [2/2] " ID " " TO "(-37) " HOST ": " VERIFY_FAILED "\n--", ""},
        {"-- [1/2] " ID " " TO "(-37) " HOST ": " VERIFY_FAILED "\n-- [1/2] " ID " a\n--", told},
        {"-- [0/2] a\n-- [3/2] a\n-- [1/\n-- [1/2]\n-- [999999999999/9] a\n--", ""},
    };

    (void)state;
    CHECK(samples);
}

/* Bytes of a line, one by one and twisted: nothing is read that is not there. */
static void broken_lines_break_nothing(void **state)
{
    static const char *const lines[] = {
        ID " " BOUNCED HOST " X=TLS1.3:a CV=no DN=\"/O=a\" : " VERIFY_FAILED " DT=1.234s",
        ID " " TO
           "(110): Connection timed out H=mx DS [192.0.2.1]:25*: SMTP timeout after STARTTLS",
        ID " => \"a\\\"b\"@example.com (a, b) <\"x>\"@y> F=<a> R=r T=t " HOST " X=TLS1.3:a CV=dane",
        ID " <= a@b H=(c) [192.0.2.1]:1 I=[::1]:2 P=esmtps X=TLS1.3:a CV=yes DN=\"a\" S=1",
        ID " " EXPIRED,
        ID
        " TLS session: (x): y: delivering unencrypted to H=mx.example.com [192.0.2.1] (not in z)",
        "TLS error on connection from (x) [192.0.2.1] (SSL_accept): timed out",
        "[1/2] 2025-01-01 00:00:00.1 +0100 [9] " ID " => a",
    };
    struct direct *direct = direct_new(&log_exim);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        size_t length = strlen(lines[i]);
        for (size_t end = 0; end <= length; end++) {
            g_autofree char *copy = g_memdup2(lines[i], end + 1);
            struct log_line line;
            /* So that a sanitiser sees the first byte past the end. */
            g_autofree char *exact = end > 0 ? g_memdup2(copy, end) : NULL;

            line = direct_line("exim", exact != NULL ? exact : "", (gssize)end);
            direct->dialect->take(direct->state, &line);
            for (size_t at = 0; at < end; at += 3) {
                exact[at] = "\"\0<[: =("[(at + end) % 8];
                direct->dialect->take(direct->state, &line);
            }
        }
    }
    direct->dialect->settle(direct->state, G_MAXINT64);
    direct_free(direct);
}

/* What waits is told early rather than kept without bounds. */
static void memory_is_bounded(void **state)
{
    struct direct *direct = direct_new(&log_exim);
    guint counts[3] = {0};

    (void)state;
    direct->context.emit = count_sessions;
    direct->context.data = counts;
    for (guint i = 0; i < 30000; i++) {
        g_autofree char *text =
            g_strdup_printf("%06u-000001-Xy H=mx%u.example.com [192.0.2.%u]: a TLS session is "
                            "required, but the server did not offer TLS support",
                            i / 30, i, i % 250);
        struct log_line line = direct_line("exim", text, -1);
        assert_true(direct->dialect->take(direct->state, &line));
    }
    assert_true(counts[1] > 20000);
    direct->dialect->settle(direct->state, G_MAXINT64);
    assert_int_equal(counts[0], 30000);
    assert_int_equal(counts[1], 30000);
    direct_free(direct);
}

static char *without_host(const char *events)
{
    g_auto(GStrv) parts = g_strsplit(events, " host=mail", -1);

    return g_strjoinv("", parts);
}

/* The reader looks at lines ahead, some of which are unpacked into memory of its own. */
static void lines_say_the_same_in_every_envelope(void **state)
{
    static const char *const lines[] = {
        "1vwUE4-008jWE-4L => u@example.net R=dnslookup T=remote_smtp H=mx.example.net "
        "[2001:db8::19] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=dane C=\"250 Ok\"",
        "1vwUE4-008jWE-4L Completed",
        "1vwUE5-009PGh-Zn <= a@example.org H=mx.example.org [192.0.2.7] P=esmtps "
        "X=TLS1.2:ECDHE-RSA-AES128-GCM-SHA256:128 CV=no S=1",
        "1vwUE6-009PGh-Zn == v@example.com R=dnslookup T=remote_smtp defer (-36) "
        "H=mx.example.com [192.0.2.9]: a TLS session is required, but an attempt to start TLS "
        "failed",
        "1vwUE7-009PGh-Zn -> w@example.com <w@example.com> R=local T=lmtp",
    };
    static const struct {
        const char *before;
        const char *after;
        bool is_json;
    } forms[] = {
        {"2025-01-01 00:00:00 ", "\n", false},
        {"2025-01-01 00:00:00 [123] ", "\n", false},
        {"2025-01-01 00:00:00 mail exim[123]: ", "\n", false},
        {"2025-01-01T00:00:00+00:00 mail exim[123]: ", "\n", false},
        {"2025-01-01T00:00:00+00:00 mail exim[123]: 2025-01-01 00:00:00 ", "\n", false},
        {"Jan  1 00:00:00 mail exim[123]: ", "\n", false},
        {"{\"log\":\"2025-01-01 00:00:00 ", "\\n\",\"stream\":\"stdout\"}\n", true},
    };
    g_autofree char *wanted = NULL;

    (void)state;
    for (size_t form = 0; form < G_N_ELEMENTS(forms); form++) {
        g_autoptr(GString) log = g_string_new(NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
            g_autofree char *json = g_strescape(lines[i], NULL);
            g_string_append_printf(log, "%s%s%s", forms[form].before,
                                   forms[form].is_json ? json : lines[i], forms[form].after);
        }
        g_autofree char *events = direct_read(log->str);
        g_autofree char *bare = without_host(events);
        if (wanted == NULL)
            wanted = g_steal_pointer(&bare);
        else
            assert_string_equal(bare, wanted);
    }
    assert_non_null(strstr(wanted, "out verified TLSv1.3 level=dane domain=example.net"));
    assert_non_null(strstr(wanted, "in anonymous"));
    assert_non_null(strstr(wanted, "domain=example.com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_programs_and_its_bare_lines_are_claimed),
        cmocka_unit_test(a_delivery_is_a_session),
        cmocka_unit_test(fields_are_found_in_every_order),
        cmocka_unit_test(a_deferral_tells_its_reason),
        cmocka_unit_test(a_library_tells_its_error),
        cmocka_unit_test(a_check_tells_what_it_found),
        cmocka_unit_test(a_session_that_is_not_verified_has_the_reason),
        cmocka_unit_test(mail_refused_for_something_else_was_not_delivered),
        cmocka_unit_test(mail_in_clear_after_a_failure_has_the_reason),
        cmocka_unit_test(evidence_refines_the_reason_of_a_deferral),
        cmocka_unit_test(what_failed_under_dane_is_known_afterwards),
        cmocka_unit_test(recipients_of_one_attempt_are_one_session),
        cmocka_unit_test(a_later_attempt_is_another_session),
        cmocka_unit_test(evidence_without_a_delivery_is_told_in_the_end),
        cmocka_unit_test(what_waits_is_told_after_its_time),
        cmocka_unit_test(mail_that_is_not_tried_again_yet_has_the_earlier_reason),
        cmocka_unit_test(mail_that_is_given_up_is_told),
        cmocka_unit_test(a_continued_connection_is_one_session),
        cmocka_unit_test(the_age_of_a_message_is_known_by_its_id),
        cmocka_unit_test(three_findings_are_one_session),
        cmocka_unit_test(a_reason_stands_behind_either_colon_and_before_its_time),
        cmocka_unit_test(an_end_without_courtesies_is_no_failure),
        cmocka_unit_test(a_misleading_text_is_a_validation_failure),
        cmocka_unit_test(a_refused_starttls_looks_like_an_smtp_error),
        cmocka_unit_test(a_name_in_helo_is_not_the_peer),
        cmocka_unit_test(openssl_may_spell_it_in_several_ways),
        cmocka_unit_test(names_of_certificates_may_hold_anything),
        cmocka_unit_test(addresses_of_every_form),
        cmocka_unit_test(a_callout_is_no_delivery),
        cmocka_unit_test(mail_that_comes_in_is_a_session),
        cmocka_unit_test(a_client_without_a_session_is_told),
        cmocka_unit_test(pieces_of_syslog_make_one_line),
        cmocka_unit_test(broken_lines_break_nothing),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(lines_say_the_same_in_every_envelope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
