#include "tests/log/stories.h"

/* What Postfix could not do for want of its own settings or processes. */
#define OWN_SESSION "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
#define OWN_FAILURE                                                                                \
    "failure: out local-policy-error local-tls-config deferred domain=b.example mx=mx.b.example "  \
    "ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason="
#define NO_HANDSHAKE "Cannot start TLS: handshake failure)\n"
#define NO_HANDSHAKE_OWN OWN_SESSION OWN_FAILURE "Cannot start TLS: handshake failure\n"
#define NOT_VERIFIED "Server certificate not verified)\n"

static const struct story own_stories[] = {
    {"tlsproxy is not there",
     S "warning: connect to private/tlsproxy service: No such file or directory"
       "\n" S TO AT DEFERRED NO_HANDSHAKE,
     NO_HANDSHAKE_OWN},
    {"tlsproxy serves no clients",
     S "warning: private/tlsproxy service role \"client\" is not available"
       "\n" S TO AT DEFERRED NO_HANDSHAKE,
     NO_HANDSHAKE_OWN},
    {"versions of TLS that cannot be set",
     S "warning: " MX ":25: error setting minimum TLS version to: 0x0304"
       "\n" S TO AT DEFERRED NO_HANDSHAKE,
     NO_HANDSHAKE_OWN},
    {"a list of protocols that makes no sense",
     S "warning: " MX ":25: Invalid TLS protocol list \"!x\": aborting TLS session"
       "\n" S TO AT DEFERRED NO_HANDSHAKE,
     NO_HANDSHAKE_OWN},
    {"ciphers that cannot be set, and what OpenSSL says of them",
     S "warning: " MX ":25: error setting cipher grade: \"high\""
       "\n" S "warning: TLS library problem: error:0A0000B9:SSL routines::no cipher match:"
       "../ssl/ssl_lib.c:2745:"
       "\n" S TO AT DEFERRED NO_HANDSHAKE,
     NO_HANDSHAKE_OWN},
    {"a fault of one session is none of the next server's",
     S "warning: " MX ":25: error setting SNI hostname to: a"
       "\n" S TO AT2 DEFERRED NO_HANDSHAKE,
     "failure: out local-policy-error local-tls-config unknown mx=mx.b.example ip=192.0.2.1 "
     "reason=mx.b.example[192.0.2.1]:25: error setting SNI hostname to: a\n"
     "session: out failed domain=b.example mx=mx2.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx2.b.example ip=192.0.2.2 id=4AAAA1111A dsn=4.7.5 delay=1 "
     "reason=Cannot start TLS: handshake failure\n"},
    {"a warning that stands in nobody's way",
     S "warning: " MX ":25: ignoring invalid match name: \".\""
       "\n" S "SSL_connect error to " MX ":25: -1"
       "\n" S TO AT DEFERRED NO_HANDSHAKE,
     "failure: out local-policy-error local-tls-config unknown mx=mx.b.example ip=192.0.2.1 "
     "reason=mx.b.example[192.0.2.1]:25: ignoring invalid match name: \".\"\n" OWN_SESSION
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 "
     "reason=Cannot start TLS: handshake failure\n"},
    {"fingerprints that cannot be used",
     S "warning: " MX ":25: all fingerprints unusable"
       "\n" S "server certificate verification failed for " MX ":25: num=1:unspecified"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS
       "\n" S TO AT DEFERRED NOT_VERIFIED,
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out local-policy-error local-tls-config deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"fingerprints that cannot be used, by Postfix' own report",
     S "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=validation_failure, failure_reason=all-fingerprints-unusable"
       "\n" S "warning: " MX ":25: all fingerprints unusable"
       "\n" S "server certificate verification failed for " MX ":25: num=1:unspecified"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS
       "\n" S TO AT DEFERRED NOT_VERIFIED,
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out validation-failure local-policy-error local-tls-config deferred TLSv1.3 "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server "
     "certificate not verified\n"},
    {"what a server says is no word of ours about our settings",
     S "warning: 4AAAA1111A: non-ESMTP response from " MX ":25: x disabling TLS support"
       "\n" S "warning: 4AAAA1111A: non-ESMTP response from " MX ":25: x aborting TLS session"
       "\n" S "warning: 4AAAA1111A: non-LMTP response from " MX ":24: x no DANE support"
       "\n" S "warning: " MX ":25: response longer than 2048: x: unknown TLS policy 'y......"
       "\n" S "warning: host " MX ":25 said: 550 dns resolver options incompatible with dane TLS "
       "(in reply to XFORWARD NAME/ADDR)"
       "\n" S "warning: host " MX ":25 said: 550 x security level is invalid for delivery via "
       "unix-domain sockets (in reply to XFORWARD NAME/ADDR)"
       "\n",
     ""},
    {"the options of our resolver",
     S "warning: b.example: dns resolver options incompatible with dane-only TLS\n",
     "failure: out local-policy-error local-tls-config unknown domain=b.example hop=b.example "
     "reason=b.example: dns resolver options incompatible with dane-only TLS\n"},
    {"delivery without a network",
     S "warning: /run/x: the \"dane\" security level is invalid for delivery via unix-domain "
       "sockets\n",
     "failure: out local-policy-error local-tls-config unknown reason=/run/x: the \"dane\" "
     "security level is invalid for delivery via unix-domain sockets\n"},
    {"TLS from the first byte on, at a level without TLS",
     S "warning: smtp_tls_wrappermode requires \"smtp_tls_security_level = encrypt\" (or stronger)"
       "\n" S TO NOWHERE ", dsn=4.3.0, status=deferred (server unavailable or unable to receive "
       "mail)\n",
     "failure: out local-policy-error local-tls-config deferred domain=b.example id=4AAAA1111A "
     "dsn=4.3.0 delay=1 reason=server unavailable or unable to receive mail\n"},
};

/* Names that are not found for now; those that do not exist are no news. */
#define DNS_FAILURE "failure: out dns-lookup-error dns-lookup-error deferred domain=b.example "
#define SOFT_DSN ", dsn=4.4.3, status=deferred ("

static const struct story name_stories[] = {
    {"a name server that answers nonsense",
     S TO NOWHERE SOFT_DSN "Host or domain name not found. Name service error for name=b.example "
                           "type=MX: Malformed or unexpected name server reply)\n",
     DNS_FAILURE
     "id=4AAAA1111A dsn=4.4.3 delay=1 reason=Host or domain name not found. Name "
     "service error for name=b.example type=MX: Malformed or unexpected name server reply\n"},
    {"the system's own resolver has no answer",
     S TO NOWHERE SOFT_DSN "unable to look up host mx.b.example: Temporary failure in name "
                           "resolution)\n",
     DNS_FAILURE "mx=mx.b.example id=4AAAA1111A dsn=4.4.3 delay=1 reason=unable to look up host "
                 "mx.b.example: Temporary failure in name resolution\n"},
    {"another server's word about its own resolver, in a line that was cut",
     S TO AT ", dsn=4.4.3, status=deferred (host " MX " said: 451 4.4.3 Name service error for "
             "name=c.example type=MX: Host not found, try again\n",
     "session: out unknown domain=b.example mx=mx.b.example id=4AAAA1111A\n"},
    {"the system's own resolver says that there is no such name",
     S TO NOWHERE ", dsn=5.4.4, status=bounced (unable to look up host mx.b.example: Name or "
                  "service not known)\n",
     ""},
};

int main(void)
{
    struct CMUnitTest tests[STORIES_MAX];
    size_t count = 0;

    count = stories_add(tests, count, own_stories, G_N_ELEMENTS(own_stories));
    count = stories_add(tests, count, name_stories, G_N_ELEMENTS(name_stories));
    return _cmocka_run_group_tests("postfix_own", tests, count, NULL, NULL);
}
