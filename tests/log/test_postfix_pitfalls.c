#include "tests/log/stories.h"

/* Lines that are easily taken for something else. */
static const struct story pitfall_stories[] = {
    {"1: num=65 at level fingerprint is no matter of TLSA",
     S "server certificate verification failed for " MX ":25: num=65:no matching DANE TLSA records"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT
       ", tls=!fingerprint" DEFERRED "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 level=fingerprint domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted tls-required-unmet fingerprint-mismatch deferred "
     "TLSv1.3 level=fingerprint domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A "
     "dsn=4.7.5 delay=1 reason=Server certificate not verified\n"},
    {"1: num=65 elsewhere is",
     S "server certificate verification failed for " MX ":25: num=65:no matching DANE TLSA records"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT
       ", tls=!dane" DEFERRED "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 level=dane domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch deferred TLSv1.3 "
     "level=dane domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 "
     "reason=Server certificate not verified\n"},
    {"2: Trusted directly before not verified (3.5 and before) is the name",
     S "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-host-mismatch cert-host-mismatch deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"2: Untrusted and not verified without a line on why (3.5 and before) is the fingerprint",
     S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 level=fingerprint domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted tls-required-unmet fingerprint-mismatch deferred "
     "TLSv1.3 "
     "level=fingerprint domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 "
     "delay=1 reason=Server certificate not verified\n"},
    {"2: not where tlsproxy may have said why",
     X "CONNECT to [192.0.2.9]:25"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"2: nor without a number of the process",
     H "postfix/smtp: Untrusted TLS connection established to " MX ":25" TLS "\n" H
       "postfix/smtp: " TO AT DEFERRED "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"2: in the words of 3.5 an untrusted chain leads to another reason, or nobody asked for it",
     S MX ":25: subjectAltName: mx.b.example"
          "\n" S MX ":25 CommonName mx.b.example"
          "\n" S "certificate verification failed for " MX ":25: self-signed certificate"
          "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
          "Server certificate not verified)"
          "\n",
     "session: out failed TLSv1.3 level=fingerprint domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted tls-required-unmet fingerprint-mismatch deferred "
     "TLSv1.3 "
     "level=fingerprint domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 "
     "delay=1 reason=Server certificate not verified\n"},
    {"2: the same after a reason that only 3.5 and before have",
     S "certificate verification failed for " MX2 ":25: self-signed certificate"
       "\n" S "5BBBB2222B: to=<u@c.example>" AT2 DEFERRED "Server certificate not trusted)"
       "\n" S "server certificate verification failed for " MX ":25: certificate has expired"
       "\n" S TO AT DEFERRED "Server certificate not verified)"
       "\n",
     "session: out failed domain=c.example mx=mx2.b.example id=5BBBB2222B\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed deferred domain=c.example "
     "mx=mx2.b.example ip=192.0.2.2 id=5BBBB2222B dsn=4.7.5 delay=1 reason=Server certificate not "
     "trusted\n"
     "session: out failed level=fingerprint domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out certificate-not-trusted tls-required-unmet fingerprint-mismatch deferred "
     "level=fingerprint domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 "
     "delay=1 reason=Server certificate not verified\n"},
    {"2: not trusted without a line on why (2.11 to 3.5) is a TLSA record",
     S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not trusted)"
       "\n",
     "session: out failed TLSv1.3 level=dane domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch deferred TLSv1.3 "
     "level=dane domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 "
     "reason=Server certificate not trusted\n"},
    {"2: a server that was passed over, too",
     S "Untrusted TLS connection established to " MX ":25" TLS "\n" S
       "4AAAA1111A: Server certificate not trusted"
       "\n" S "Verified TLS connection established to " MX2 ":25" TLS "\n" S TO AT2 SENT "\n",
     "session: out failed TLSv1.3 level=dane domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch other-mx TLSv1.3 "
     "level=dane domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A reason=Server "
     "certificate not trusted\n"
     "session: out verified TLSv1.3 domain=b.example mx=mx2.b.example\n"},
    {"2: names of a certificate are no failure, whoever writes them",
     X MX ":25: subjectAltName: mx.b.example"
          "\n" X MX ":25 CommonName mx.b.example"
          "\n" S MX ":25: Matched subjectAltName: mx.b.example"
          "\n" S MX ":25 Matched CommonName mx.b.example"
          "\n",
     ""},
    {"2: not verified without any other line",
     S TO AT DEFERRED "Server certificate not verified)"
                      "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out certificate-not-trusted cert-not-trusted deferred domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"3: Trusted with success is good, halfdane or not",
     S "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT ", tls=halfdane" SENT
       "\n",
     "session: out trusted TLSv1.3 level=halfdane domain=b.example mx=mx.b.example\n"},
    {"4: a handshake failure at may is deferred, and in clear later",
     S "SSL_connect error to " MX ":25: -1"
       "\n" S TO AT DEFERRED "Cannot start TLS: handshake failure)"
       "\n" S "SSL_connect error to " MX ":25: -1"
       "\n" S "4AAAA1111A: Cannot start TLS: handshake failure"
       "\n" S TO ", relay=" MX ":25, delay=1.2, delays=301/0/0.1/0" SENT "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"
     "session: out plaintext domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure plaintext "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 "
     "reason=SSL_connect error to mx.b.example[192.0.2.1]:25: -1\n"},
    {"7: relay=none takes the server from the reason",
     S TO NOWHERE DEFERRED "TLSA lookup error for mx.b.example:25)"
                           "\n",
     "session: out failed level=dane domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out dnssec-invalid tlsa-lookup-error tlsa-lookup-error deferred level=dane "
     "domain=b.example mx=mx.b.example id=4AAAA1111A dsn=4.7.5 delay=1 reason=TLSA lookup error "
     "for mx.b.example:25\n"},
    {"8: a reason with parentheses and TLS in a reply",
     S
     "Verified TLS connection established to " MX ":25" TLS "\n" S TO AT
     ", dsn=4.7.0, status=deferred (host " MX
     " said: 454 4.7.0 TLS not available (see https://b.example/) (in reply to MAIL FROM command))"
     "\n",
     "session: out verified TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"8: an answer that is none at all",
     S TO AT ", dsn=5.5.0, status=bounced (Protocol error: TLS is required, but host " MX
             " refused to start TLS: 334 go on)"
             "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out starttls-not-supported starttls-refused starttls-refused bounced "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=5.5.0 delay=1 "
     "reason=Protocol error: TLS is required, but host mx.b.example[192.0.2.1] refused to start "
     "TLS: 334 go on\n"},
    {"R6 after our own settings made a session impossible",
     S "warning: " MX ":25: error setting cipher grade: \"high\""
       "\n" S "warning: TLS library problem: error:0A0000B9:SSL routines::no cipher match:a.c:1:"
       "\n" S TO AT DEFERRED "Cannot start TLS: handshake failure)"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out local-policy-error local-tls-config deferred domain=b.example mx=mx.b.example "
     "ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Cannot start TLS: handshake failure\n"},
    {"R8 after our own settings let no certificate be good enough",
     S "warning: " MX ":25: all fingerprints unusable"
       "\n" S "server certificate verification failed for " MX ":25: num=1:unspecified"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out local-policy-error local-tls-config deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"R8 after a TLSA record that OpenSSL broke off at",
     S "warning: " MX ":25: error loading trust settings: 3 1 1 00"
       "\n" S "server certificate verification failed for " MX ":25: num=1:unspecified"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out tlsa-invalid tlsa-unusable tlsa-unusable deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"R6 after a handshake, whatever our settings are",
     S "warning: " MX ":25: ignoring invalid match name: \".\""
       "\n" S "SSL_connect error to " MX ":25: lost connection"
       "\n" S TO AT DEFERRED "Cannot start TLS: handshake failure)"
       "\n",
     "failure: out local-policy-error local-tls-config unknown mx=mx.b.example ip=192.0.2.1 "
     "reason=mx.b.example[192.0.2.1]:25: ignoring invalid match name: \".\"\n"
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"},
    {"R17 on port 465: TLS is there before the greeting",
     S "Verified TLS connection established to mx.b.example[192.0.2.1]:465" TLS "\n" S TO
       ", relay=mx.b.example[192.0.2.1]:465, delay=1.2, delays=1/0/0.1/0, dsn=4.4.2, "
       "status=deferred (lost connection with " MX " while receiving the initial server greeting)"
       "\n",
     "session: out verified TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out tls-handshake-failure tls-session-lost deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.4.2 delay=1 reason=lost connection with "
     "mx.b.example[192.0.2.1] while receiving the initial server greeting\n"},
    {"R17 elsewhere: a greeting is before TLS",
     S TO AT ", dsn=4.4.2, status=deferred (lost connection with " MX
             " while receiving the initial server greeting)"
             "\n",
     ""},
    {"9: the other server wants TLS of us",
     S TO AT ", dsn=5.7.0, status=bounced (host " MX
             " said: 530 5.7.0 Must issue a STARTTLS command first (in reply to MAIL FROM command))"
             "\n",
     "session: out unknown domain=b.example mx=mx.b.example id=4AAAA1111A\n"},
    {"10: MTA-STS left no server, and the delivery says nothing of TLS",
     S "warning: MX name 'mx.b.example' does not match STS MX pattern for 'b.example'"
       "\n" S "warning: MX name 'mx2.b.example' does not match STS MX pattern for 'b.example'"
       "\n" S TO NOWHERE
       ", dsn=4.3.0, status=deferred (server unavailable or unable to receive mail)"
       "\n" S "5BBBB2222B: to=<u@b.example>" NOWHERE
       ", dsn=4.3.0, status=deferred (server unavailable or unable to receive mail)"
       "\n",
     "session: out failed domain=b.example hop=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure sts-mx-mismatch sts-mx-mismatch deferred domain=b.example "
     "hop=b.example mx=mx.b.example id=4AAAA1111A dsn=4.3.0 delay=1 reason=server unavailable or "
     "unable to receive mail\n"},
    {"11: TLSRPT tells a failure, and the mail was sent in clear",
     S "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=starttls_not_supported"
       "\n" S TO AT SENT "\n" S "4AAAA1111A: to=<v@b.example>" AT SENT "\n",
     "session: out plaintext domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out starttls-not-supported starttls-refused starttls-refused-fallback plaintext "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 "
     "reason=failure_type=starttls_not_supported\n"
     "failure: out starttls-not-supported starttls-refused starttls-refused-fallback plaintext "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 "
     "reason=failure_type=starttls_not_supported\n"},
    {"11: TLSRPT tells a failure, and the mail was sent without authentication",
     S "warning: " MX ":25: unusable TLSA RR: 3 1 1 0BFE"
       "\n" S "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=tlsa_invalid, failure_reason=all-TLSA-records-unusable"
       "\n" S "warning: " MX ":25: all TLSA records unusable, fallback to unauthenticated TLS"
       "\n" S "server certificate verification failed for " MX ":25: num=62:hostname mismatch"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT SENT "\n",
     "session: out untrusted TLSv1.3 level=dane domain=b.example mx=mx.b.example\n"
     "failure: out tlsa-invalid tlsa-unusable tlsa-unusable-fallback unverified TLSv1.3 level=dane "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 "
     "reason=mx.b.example[192.0.2.1]:25: all TLSA records unusable, fallback to unauthenticated "
     "TLS\n"},
    {"11: records that Postfix does not use, before it connects",
     S "warning: _25._tcp.mx.b.example unsupported TLSA certificate usage: 1 1 1 0BFE"
       "\n" S "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT
       ", tls=encrypt" SENT "\n",
     "session: out trusted TLSv1.3 level=dane domain=b.example mx=mx.b.example\n"
     "failure: out tlsa-invalid tlsa-unusable tlsa-unusable-fallback unverified TLSv1.3 level=dane "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 "
     "reason=_25._tcp.mx.b.example unsupported TLSA certificate usage: 1 1 1 0BFE\n"},
    {"11: two at once by tlsproxy, one of which may do without authentication",
     H "postfix/tlsproxy[6]: warning: " MX ":25: unusable TLSA RR: 3 1 1 00"
       "\n" H "postfix/tlsproxy[6]: warning: " MX
       ":25: all TLSA records unusable, fallback to unauthenticated TLS"
       "\n" H "postfix/tlsproxy[6]: Trusted TLS connection established to " MX ":25" TLS "\n" X
       "warning: " MX ":25: unusable TLSA RR: 3 1 1 00"
       "\n" X "warning: " MX ":25: all TLSA records unusable"
       "\n" X "server certificate verification failed for " MX ":25: num=1:unspecified"
       "\n" X "Untrusted TLS connection established to " MX ":25" TLS "\n" S
       "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n" H "postfix/smtp[8]: Trusted TLS connection established to " MX ":25" TLS "\n" H
       "postfix/smtp[8]: 5BBBB2222B: to=<u@b.example>" AT SENT "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out tlsa-invalid tlsa-unusable tlsa-unusable deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"
     "session: out trusted TLSv1.3 level=dane domain=b.example mx=mx.b.example\n"
     "failure: out tlsa-invalid tlsa-unusable tlsa-unusable-fallback unverified TLSv1.3 level=dane "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=5BBBB2222B dsn=2.0.0 delay=1 "
     "reason=mx.b.example[192.0.2.1]:25: all TLSA records unusable, fallback to unauthenticated "
     "TLS\n"},
    {"12: a DANE match makes expired, self-signed and other names good",
     S "certificate verification failed for " MX ":25: self-signed certificate"
       "\n" S "warning: _25._tcp.mx.b.example unsupported TLSA certificate usage: 1 1 1 0BFE"
       "\n" S "Verified TLS connection established to " MX ":25" TLS "\n" S TO AT ", tls=dane" SENT
       "\n",
     "session: out verified TLSv1.3 level=dane domain=b.example mx=mx.b.example\n"},
    {"13: the lookup problem is logged twice",
     S
     "warning: DANE TLSA lookup problem: Host or domain name not found. Name service error for "
     "name=_25._tcp.mx.b.example type=TLSA: Host not found, try again"
     "\n" S "warning: DANE TLSA lookup problem: Host or domain name not found. Name service error "
     "for name=_25._tcp.mx.b.example type=TLSA: Host not found, try again"
     "\n" S
     "warning: TLS policy lookup for b.example/mx.b.example: TLSA lookup error for mx.b.example:25"
     "\n" S TO NOWHERE DEFERRED "TLSA lookup error for mx.b.example:25)"
     "\n",
     "session: out failed level=dane domain=b.example hop=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out dnssec-invalid tlsa-lookup-error tlsa-lookup-error deferred level=dane "
     "domain=b.example hop=b.example mx=mx.b.example id=4AAAA1111A dsn=4.7.5 delay=1 reason=TLSA "
     "lookup error for mx.b.example:25\n"},
    {"14: three verification lines for one session",
     S "certificate verification failed for mx.b.example: num=20:unable to get local issuer "
       "certificate"
       "\n" S "certificate verification failed for mx.b.example: num=27:certificate not trusted"
       "\n" S "certificate verification failed for mx.b.example: num=21:unable to verify the first "
       "certificate"
       "\n" S
       "TLS connection established to mx.b.example: TLSv1 with cipher DES-CBC3-SHA (168/168 bits)"
       "\n",
     "session: out untrusted TLSv1 mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted untrusted-issuer unknown TLSv1 "
     "mx=mx.b.example reason=certificate verification failed for mx.b.example: num=20:unable to "
     "get local issuer certificate\n"},
    {"26: spellings of OpenSSL",
     S "certificate verification failed for " MX ":25: num=18:self signed certificate"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not trusted)"
       "\n" S "SSL_connect error to " MX2 ":25: -1"
       "\n" S
       "warning: TLS library problem: 3682:error:14094410:SSL routines:SSL3_READ_BYTES:sslv3 alert "
       "handshake failure:s3_pkt.c:1487:SSL alert number 40:"
       "\n" S "5BBBB2222B: to=<u@b.example>" AT2 DEFERRED "Cannot start TLS: handshake failure)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed deferred TLSv1.3 "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server "
     "certificate not trusted\n"
     "session: out failed domain=b.example mx=mx2.b.example id=5BBBB2222B\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx2.b.example ip=192.0.2.2 id=5BBBB2222B dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"},
    {"27: names of certificates hold anything",
     S "certificate verification failed for " MX
       ":25: untrusted issuer /C=DE/O=A: B, \"C\" [192.0.2.9]:25: certificate has "
       "expired/CN=\303\203\302\274"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not trusted)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted untrusted-issuer deferred TLSv1.3 "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server "
     "certificate not trusted\n"},
    {"28: redacted addresses are none",
     S "certificate verification failed for mx.b.example[IP address]:25: self-signed certificate"
       "\n",
     "session: out unknown mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed unknown mx=mx.b.example "
     "reason=certificate verification failed for mx.b.example[IP address]:25: self-signed "
     "certificate\n"},
    {"30: lines that only look right",
     S "TLS certificate verification failed for " MX ":25: self-signed certificate"
       "\n" S "Cannot start TLS: handshake failure"
       "\n" S "my certificate verification failed for " MX ": num=18:x"
       "\n",
     ""},
    {"34: TLS-Required: no lets mail pass",
     S "certificate verification failed for " MX ":25: self-signed certificate"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT ", tls=may" SENT
       "\n",
     "session: out untrusted TLSv1.3 level=may domain=b.example mx=mx.b.example\n"},
    {"35: probes are sessions and no mail",
     S "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT
       ", dsn=2.0.0, status=deliverable (250 2.1.5 Ok)"
       "\n" S "5BBBB2222B: to=<u@b.example>" AT2
       ", dsn=4.7.4, status=undeliverable (TLS is required, but was not offered by host " MX2 ")"
       "\n",
     "session: out trusted TLSv1.3 domain=b.example mx=mx.b.example\n"
     "session: out failed domain=b.example mx=mx2.b.example id=5BBBB2222B\n"
     "failure: out starttls-not-supported starttls-absent unknown domain=b.example "
     "mx=mx2.b.example ip=192.0.2.2 id=5BBBB2222B dsn=4.7.4 delay=1 reason=TLS is required, but "
     "was not offered by host mx2.b.example[192.0.2.2]\n"},
    {"content filters of this host are counted and not judged",
     S "TLSRPT: status=failure, domain=b.example, receiving_mx=localhost[127.0.0.1], "
       "failure_type=starttls_not_supported"
       "\n" S TO ", relay=localhost[127.0.0.1]:10024, delay=1.2, delays=1/0/0.1/0" SENT "\n",
     "session: out unknown domain=b.example mx=localhost id=4AAAA1111A\n"},
    {"an untrusted session at may is no failure",
     S "certificate verification failed for " MX ":25: self-signed certificate"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT SENT "\n",
     "session: out untrusted TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"evidence for which no delivery comes is told as it stands",
     S "certificate verification failed for " MX ":25: self-signed certificate"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n",
     "session: out untrusted TLSv1.3 mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed unknown TLSv1.3 "
     "mx=mx.b.example ip=192.0.2.1 reason=certificate verification failed for "
     "mx.b.example[192.0.2.1]:25: self-signed certificate\n"},
    {"a lookup of MX or address that fails says nothing of TLS",
     S TO NOWHERE ", dsn=4.4.3, status=deferred (Host or domain name not found. Name service error "
                  "for name=b.example type=MX: Host not found, try again)"
                  "\n" S "5BBBB2222B: to=<u@b.example>" NOWHERE
                  ", dsn=4.4.3, status=deferred (Host or domain name not found. Name service error "
                  "for name=mx.b.example type=AAAA: Host not found, try again)"
                  "\n",
     "failure: out dns-lookup-error dns-lookup-error deferred domain=b.example id=4AAAA1111A "
     "dsn=4.4.3 delay=1 reason=Host or domain name not found. Name service error for "
     "name=b.example type=MX: Host not found, try again\n"
     "failure: out dns-lookup-error dns-lookup-error deferred domain=b.example mx=mx.b.example "
     "id=5BBBB2222B dsn=4.4.3 delay=1 reason=Host or domain name not found. Name service error for "
     "name=mx.b.example type=AAAA: Host not found, try again\n"},
    {"a session of an untrusted credential is used again",
     S MX ":25: re-using session with untrusted certificate, look for details earlier in the log"
          "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
          "Server certificate not verified)"
          "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted reused-untrusted-session deferred "
     "TLSv1.3 domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 "
     "reason=Server certificate not verified\n"},
    {"an address that holds a whole delivery",
     S "4AAAA1111A: to=<\"a\\\">, relay=mx.c.example[192.0.2.3]:25, delay=1, delays=0/0/0/1, "
       "dsn=4.7.5, status=deferred (Server certificate not verified) \"@b.example>" AT SENT "\n" S
       "4AAAA1111B: to=<u@b.example>, orig_to=<\"a>, relay=mx.c.example[192.0.2.3]:25, "
       "delay=1, delays=0/0/0/1, dsn=4.7.5, status=deferred (Server certificate not verified) "
       "\"@d.example>" AT SENT "\n",
     "session: out unknown domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "session: out unknown domain=b.example mx=mx.b.example id=4AAAA1111B\n"},
    {"an address with a comma or a bracket in it",
     S "4AAAA1111A: to=<\"a>, b, relay=none\"@B.Example.>, orig_to=<x, y>, "
       "relay=MX.B.example[192.0.2.1]:25, delay=86400, delays=1/0/0.1/0, dsn=4.7.4, "
       "status=deferred (TLS is required, but was not offered by host " MX ")"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out starttls-not-supported starttls-absent deferred domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.4 delay=86400 reason=TLS is required, but "
     "was not offered by host mx.b.example[192.0.2.1]\n"},
};

int main(void)
{
    struct CMUnitTest tests[STORIES_MAX];
    size_t count = 0;

    count = stories_add(tests, count, pitfall_stories, G_N_ELEMENTS(pitfall_stories));
    return _cmocka_run_group_tests("postfix pitfalls", tests, count, NULL, NULL);
}
