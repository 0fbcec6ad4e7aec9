#include "tests/log/stories.h"

/* What lines of one delivery come to. */
static const struct story session_stories[] = {
    {"one session for its summary, with the domain that the delivery tells",
     S "Verified TLS connection established to " MX ":25" TLS "\n" S TO AT SENT "\n",
     "session: out verified TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"later recipients of an attempt are no sessions",
     S "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT SENT "\n" S
       "4AAAA1111A: to=<v@b.example>" AT SENT "\n" S "4AAAA1111A: to=<w@b.example>" AT DEFERRED
       "host " MX " said: 450 4.2.1 busy (in reply to RCPT TO command))"
       "\n",
     "session: out trusted TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"a session is told once, as failed, where the policy was not met in it",
     S "certificate verification failed for " MX ":25: self-signed certificate"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n" S "4AAAA1111A: to=<v@b.example>" AT DEFERRED "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed deferred TLSv1.3 "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server "
     "certificate not verified\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed deferred TLSv1.3 "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server "
     "certificate not verified\n"},
    {"what the TLS library says stands beside a reason that leaves it out",
     S "SSL_connect error to " MX ":25: -1"
       "\n" S "warning: TLS library problem: error:0A00010B:SSL routines::wrong version "
       "number:../ssl/record/ssl3_record.c:354:"
       "\n" S "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=validation_failure, failure_reason=tls-handshake-failure"
       "\n" S TO AT DEFERRED "Cannot start TLS: handshake failure)"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure | error:0A00010B:SSL routines::wrong version "
     "number:../ssl/record/ssl3_record.c:354:\n"},
    {"what a verification line says likewise, without the server's name",
     S "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=validation_failure, failure_reason=self-signed_certificate"
       "\n" S "certificate verification failed for " MX ":25: untrusted issuer /CN=a@b.example: x"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted untrusted-issuer deferred TLSv1.3 "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server "
     "certificate not verified | untrusted issuer @b.example: x\n"},
    {"the reason of a TLSRPT line where nothing says more",
     S "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=validation_failure, failure_reason=self-signed_certificate"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out validation-failure cert-not-trusted self-signed deferred TLSv1.3 "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server "
     "certificate not verified | self-signed_certificate\n"},
    {"without a summary it is not known what the session was", S TO AT SENT "\n",
     "session: out unknown domain=b.example mx=mx.b.example id=4AAAA1111A\n"},
    {"without a summary it was in clear where others are logged",
     S "Trusted TLS connection established to mx.c.example[192.0.2.9]:25" TLS "\n" S
       "4AAAA1111A: to=<u@c.example>, relay=mx.c.example[192.0.2.9]:25, delay=1.2, "
       "delays=1/0/0.1/0" SENT "\n" S "5BBBB2222B: to=<u@b.example>" AT SENT "\n",
     "session: out trusted TLSv1.3 domain=c.example mx=mx.c.example\n"
     "session: out plaintext domain=b.example mx=mx.b.example id=5BBBB2222B\n"},
    {"tls= tells what no summary does",
     S TO AT ", tls=dane" SENT "\n" S "1111A: to=<u@b.example>" AT ", tls=may" SENT "\n" S
             "2222A: to=<u@b.example>" AT ", tls=may:none" SENT "\n" S "3333A: to=<u@b.example>" AT
             ", tls=none" SENT "\n" S "4444A: to=<u@b.example>" AT ", tls=halfdane" SENT "\n" S
             "5555A: to=<u@b.example>" AT ", tls=encrypt" SENT "\n" S "6666A: to=<u@b.example>" AT
             ", tls=secure" SENT "\n" S "7777A: to=<u@b.example>" AT ", tls=may?" SENT "\n",
     "session: out verified level=dane domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "session: out untrusted level=may domain=b.example mx=mx.b.example id=1111A\n"
     "session: out plaintext level=may domain=b.example mx=mx.b.example id=2222A\n"
     "session: out plaintext level=none domain=b.example mx=mx.b.example id=3333A\n"
     "session: out trusted level=halfdane domain=b.example mx=mx.b.example id=4444A\n"
     "session: out untrusted level=encrypt domain=b.example mx=mx.b.example id=5555A\n"
     "session: out verified level=secure domain=b.example mx=mx.b.example id=6666A\n"
     "session: out unknown level=may domain=b.example mx=mx.b.example id=7777A\n"},
    {"a reused connection is no session",
     S "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT SENT "\n" S
       "Trusted TLS connection reused to " MX ":25" TLS "\n" S
       "5BBBB2222B: to=<u@b.example>, relay=" MX ":25, conn_use=2, delay=1.2, delays=1/0/0.1/0" SENT
       "\n",
     "session: out trusted TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"tlsproxy says each summary again",
     X "CONNECT to [192.0.2.1]:25"
       "\n" X "Trusted TLS connection established to " MX ":25" TLS "\n" S
       "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT SENT "\n",
     "session: out trusted TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"no connection is no session",
     S TO NOWHERE ", dsn=4.4.1, status=deferred (connect to " MX ":25: Connection timed out)"
                  "\n" S "5BBBB2222B: to=<u@b.example>" NOWHERE
                  ", dsn=5.4.4, status=bounced (Host or domain name not found. Name service error "
                  "for name=b.example type=A: Host not found)"
                  "\n",
     ""},
    {"a connection lost before TLS is no session",
     S TO AT ", dsn=4.4.2, status=deferred (lost connection with " MX
             " while receiving the initial server greeting)"
             "\n" S "5BBBB2222B: to=<u@b.example>" AT ", dsn=4.7.0, status=deferred (host " MX
             " refused to talk to me: 421 4.7.0 busy)"
             "\n" S "6BBBB2222B: to=<u@b.example>" AT
             ", dsn=4.4.2, status=deferred (lost connection with " MX
             " while performing the EHLO handshake)"
             "\n",
     ""},
    {"what another server says of the mail leaves the session as it was",
     S "Verified TLS connection established to " MX ":25" TLS "\n" S TO AT
       ", dsn=5.1.1, status=bounced (host " MX
       " said: 550 5.1.1 no such user (in reply to RCPT TO command))"
       "\n",
     "session: out verified TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"mail to programs of this host is no session",
     H
     "postfix/lmtp[8]: " TO
     ", relay=mail[private/dovecot-lmtp], delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)"
     "\n" H "postfix/local[8]: " TO
     ", relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)"
     "\n",
     ""},
    {"a session without a delivery is told at the end",
     S "Trusted TLS connection established to " MX ":25" TLS "\n",
     "session: out trusted TLSv1.3 mx=mx.b.example\n"},
    {"a session of a server that was given up for another one has the same domain",
     S "Trusted TLS connection established to " MX ":25" TLS "\n" S "4AAAA1111A: host " MX
       " said: 450 4.2.1 busy (in reply to RCPT TO command)"
       "\n" S "Verified TLS connection established to " MX2 ":25" TLS "\n" S TO AT2 SENT "\n",
     "session: out trusted TLSv1.3 domain=b.example mx=mx.b.example\n"
     "session: out verified TLSv1.3 domain=b.example mx=mx2.b.example\n"},
    {"old summaries without a trust word or an address are sessions",
     S "TLS connection established to mx.b.example: TLSv1 with cipher DES-CBC3-SHA (168/168 bits)"
       "\n" S TO AT SENT "\n",
     "session: out untrusted TLSv1 domain=b.example mx=mx.b.example\n"},
    {"an address of IPv6 and of a mapped IPv4",
     S "SSL_connect error to mx.b.example[2001:DB8::1]:25: -1"
       "\n" S TO ", relay=mx.b.example[2001:DB8::1]:25, delay=1.2, delays=1/0/0.1/0" DEFERRED
       "Cannot start TLS: handshake failure)"
       "\n" S "5BBBB2222B: to=<u@b.example>, relay=mx.b.example[::ffff:192.0.2.7]:25, delay=1.2, "
       "delays=1/0/0.1/0" DEFERRED "Cannot start TLS: handshake failure)"
       "\n" S "6BBBB2222B: to=<u@b.example>, relay=mx.b.example[ipaddr]:25, delay=1.2, "
       "delays=1/0/0.1/0" DEFERRED "Cannot start TLS: handshake failure)"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=2001:db8::1 id=4AAAA1111A dsn=4.7.5 delay=1 "
     "reason=Cannot start TLS: handshake failure\n"
     "session: out failed domain=b.example mx=mx.b.example id=5BBBB2222B\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.7 id=5BBBB2222B dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"
     "session: out failed domain=b.example mx=mx.b.example id=6BBBB2222B\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example id=6BBBB2222B dsn=4.7.5 delay=1 reason=Cannot start TLS: "
     "handshake failure\n"},
    {"another name of the instance is no other rule",
     H "postfix/amavis/smtp[7]: Untrusted TLS connection established to "
       "127.0.0.1[127.0.0.1]:10024" TLS "\n" H "postfix-out/smtp[7]: " TO AT
       ", dsn=4.7.4, status=deferred (TLS is required, but was not offered by host " MX ")"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out starttls-not-supported starttls-absent deferred domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.4 delay=1 reason=TLS is required, but was "
     "not offered by host mx.b.example[192.0.2.1]\n"
     "session: out untrusted TLSv1.3 mx=127.0.0.1\n"},
};

static const struct story other_server_stories[] = {
    {"a server that failed before another one took the mail",
     S "SSL_connect error to " MX ":25: -1"
       "\n" S "warning: TLS library problem: error:0A00010B:SSL routines::wrong version "
       "number:../ssl/record/ssl3_record.c:350:"
       "\n" S "4AAAA1111A: Cannot start TLS: handshake failure"
       "\n" S "Trusted TLS connection established to " MX2 ":25" TLS "\n" S TO AT2 SENT "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure other-mx "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A reason=TLS library problem: "
     "error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350:\n"
     "session: out trusted TLSv1.3 domain=b.example mx=mx2.b.example\n"},
    {"a server that failed before the mail went to it in clear",
     S "SSL_connect error to " MX ":25: lost connection"
       "\n" S "4AAAA1111A: Cannot start TLS: handshake failure"
       "\n" S TO AT SENT "\n",
     "session: out plaintext domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure plaintext "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 "
     "reason=SSL_connect error to mx.b.example[192.0.2.1]:25: lost connection\n"},
    {"a handshake that failed and no line in between says so of the server",
     S "4AAAA1111A: Cannot start TLS: handshake failure"
       "\n" S TO AT SENT "\n",
     "session: out plaintext domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure plaintext "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"},
    {"the same failure of the same server is told once",
     S "SSL_connect error to " MX ":25: -1"
       "\n" S "4AAAA1111A: Cannot start TLS: handshake failure"
       "\n" S TO AT DEFERRED "Cannot start TLS: handshake failure)"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"},
    {"two servers failed, each in its own way",
     S "server certificate verification failed for " MX ":25: certificate has expired"
       "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S
       "4AAAA1111A: Server certificate not verified"
       "\n" S TO AT2
       ", dsn=4.7.4, status=deferred (TLS is required, but was not offered by host " MX2 ")"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-expired cert-expired deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A reason=server certificate verification failed for "
     "mx.b.example[192.0.2.1]:25: certificate has expired\n"
     "session: out failed domain=b.example mx=mx2.b.example id=4AAAA1111A\n"
     "failure: out starttls-not-supported starttls-absent deferred domain=b.example "
     "mx=mx2.b.example ip=192.0.2.2 id=4AAAA1111A dsn=4.7.4 delay=1 reason=TLS is required, but "
     "was not offered by host mx2.b.example[192.0.2.2]\n"},
    {"a server that failed before the others did not answer",
     S "4AAAA1111A: TLS is required, but was not offered by host " MX "\n" S TO NOWHERE
       ", dsn=4.4.1, status=deferred (connect to " MX2 ":25: Connection refused)"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out starttls-not-supported starttls-absent deferred domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A reason=TLS is required, but was not offered by "
     "host mx.b.example[192.0.2.1]\n"},
    {"no TLSA answer for one server, and another one took the mail",
     S
     "warning: DANE TLSA lookup problem: Host or domain name not found. Name service error for "
     "name=_25._tcp.mx.b.example type=TLSA: Host not found, try again"
     "\n" S
     "warning: TLS policy lookup for b.example/mx.b.example: TLSA lookup error for mx.b.example:25"
     "\n" S "Verified TLS connection established to " MX2 ":25" TLS "\n" S TO AT2 SENT "\n",
     "session: out failed level=dane domain=b.example hop=b.example mx=mx.b.example\n"
     "failure: out dnssec-invalid tlsa-lookup-error tlsa-lookup-error other-mx level=dane "
     "domain=b.example hop=b.example mx=mx.b.example reason=DANE TLSA lookup problem: Host or "
     "domain name not found. Name service error for name=_25._tcp.mx.b.example type=TLSA: Host not "
     "found, try again\n"
     "session: out verified TLSv1.3 domain=b.example mx=mx2.b.example\n"},
    {"MTA-STS passed one server over, and another one took the mail",
     S "warning: MX name 'mx.b.example' does not match STS MX pattern for 'b.example'"
       "\n" S "Verified TLS connection established to " MX2 ":25" TLS "\n" S TO AT2 SENT "\n",
     "session: out failed domain=b.example hop=b.example mx=mx.b.example\n"
     "failure: out validation-failure sts-mx-mismatch sts-mx-mismatch other-mx domain=b.example "
     "hop=b.example mx=mx.b.example reason=MX name 'mx.b.example' does not match STS MX pattern "
     "for 'b.example'\n"
     "session: out verified TLSv1.3 domain=b.example mx=mx2.b.example\n"},
    {"TLS lost at one server, then clear text at the same",
     S "Trusted TLS connection established to " MX ":25" TLS "\n" S
       "4AAAA1111A: lost connection with " MX " while performing the EHLO handshake"
       "\n" S TO AT SENT "\n",
     "session: out trusted TLSv1.3 domain=b.example mx=mx.b.example\n"
     "session: out plaintext domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out tls-handshake-failure tls-session-lost plaintext domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 reason=lost connection with "
     "mx.b.example[192.0.2.1] while performing the EHLO handshake\n"},
    {"REQUIRETLS that is not enforced is said in passing",
     S "4AAAA1111A: Sender requested REQUIRETLS, but my configured TLS security level 'may' "
       "disables certificate matching. The last attempted server was mx.b.example"
       "\n" S "Trusted TLS connection established to " MX ":25" TLS "\n" S
       "4AAAA1111A: Sender requested REQUIRETLS, but REQUIRETLS support was not offered by host " MX
       "\n" S TO AT ", tls=may/requiretls:none" SENT "\n",
     "session: out trusted TLSv1.3 level=may domain=b.example mx=mx.b.example\n"},
    {"two names of one address, and the second was good",
     S "server certificate verification failed for " MX ":25: num=62:hostname mismatch"
       "\n" S "Trusted TLS connection established to " MX ":25" TLS "\n" S
       "4AAAA1111A: Server certificate not verified"
       "\n" S "Verified TLS connection established to mx2.b.example[192.0.2.1]:25" TLS "\n" S TO
       ", relay=mx2.b.example[192.0.2.1]:25, delay=1.2, delays=1/0/0.1/0" SENT "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-host-mismatch cert-host-mismatch other-mx TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A reason=server certificate verification failed for "
     "mx.b.example[192.0.2.1]:25: num=62:hostname mismatch\n"
     "session: out verified TLSv1.3 domain=b.example mx=mx2.b.example\n"},
    {"the mail went in clear after a failure, and the other server did not want it",
     S "SSL_connect error to " MX ":25: -1"
       "\n" S "4AAAA1111A: Cannot start TLS: handshake failure"
       "\n" S TO AT ", dsn=5.1.1, status=bounced (host " MX
       " said: 550 5.1.1 no such user (in reply to RCPT TO command))"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure bounced "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A reason=SSL_connect error to "
     "mx.b.example[192.0.2.1]:25: -1\n"
     "session: out unknown domain=b.example mx=mx.b.example id=4AAAA1111A\n"},
};

static const struct story repeat_stories[] = {
    {"a throttled repeat knows what the failure was, and is no session",
     S
     "server certificate verification failed for " MX ":25: certificate has expired"
     "\n" S "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
     "Server certificate not verified)"
     "\n" H
     "postfix/error[4]: 5BBBB2222B: to=<v@b.example>, relay=none, delay=5, delays=4/1/0/0" DEFERRED
     "delivery temporarily suspended: Server certificate not verified)"
     "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-expired cert-expired deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"
     "failure: out certificate-expired cert-expired throttled domain=b.example id=5BBBB2222B "
     "dsn=4.7.5 delay=5 reason=delivery temporarily suspended: Server certificate not verified\n"},
    {"a throttled repeat alone",
     H "postfix/retry[4]: 5BBBB2222B: to=<v@b.example>, relay=none, delay=5, delays=4/1/0/0, "
       "dsn=4.7.4, status=deferred (delivery temporarily suspended: TLS is required, but was not "
       "offered by host " MX ")"
       "\n" Q "6BBBB2222B: to=<v@b.example>, relay=none, delay=5, status=deferred (delivery "
       "temporarily suspended: Cannot start TLS: handshake failure)"
       "\n",
     "failure: out starttls-not-supported starttls-absent throttled domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=5BBBB2222B dsn=4.7.4 delay=5 reason=delivery temporarily "
     "suspended: TLS is required, but was not offered by host mx.b.example[192.0.2.1]\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure throttled "
     "domain=b.example id=6BBBB2222B delay=5 reason=delivery temporarily suspended: Cannot start "
     "TLS: handshake failure\n"},
    {"an error transport of an admin's own is none of ours",
     H "postfix/error[4]: 5BBBB2222B: to=<v@b.example>, relay=none, delay=5, delays=4/1/0/0, "
       "dsn=5.1.1, status=bounced (TLS is required, but was not offered by host x)"
       "\n",
     ""},
    {"our own resolver does not validate: two lines of each process are one row",
     S
     "warning: DNSSEC validation may be unavailable"
     "\n" S "warning: reason: dnssec_probe 'ns:.' received a response that is not DNSSEC validated"
     "\n" S TO AT SENT "\n" S "warning: DNSSEC validation may be unavailable"
     "\n" S "warning: reason: dnssec_probe 'ns:.' received a response that is not DNSSEC validated"
     "\n",
     "failure: out local-resolver-insecure local-resolver-no-dnssec unknown reason=DNSSEC "
     "validation may be unavailable\n"
     "session: out unknown domain=b.example mx=mx.b.example id=4AAAA1111A\n"},
    {"a policy table that makes no sense: three lines and a delivery are one row",
     S "warning: smtp_tls_policy_maps, next-hop destination \"b.example\": invalid security level "
       "\"nonsense\"\n" S
       "warning: TLS policy lookup for b.example/mx.b.example: client TLS configuration problem"
       "\n" S TO NOWHERE DEFERRED "client TLS configuration problem)"
       "\n",
     "failure: out local-policy-error local-tls-config deferred domain=b.example hop=b.example "
     "mx=mx.b.example id=4AAAA1111A dsn=4.7.5 delay=1 reason=client TLS configuration problem\n"},
    {"a policy table that does not answer",
     S
     "warning: socketmap:inet:127.0.0.1:8461:query lookup error for \"b.example\"\n" S
     "warning: smtp_tls_policy_maps, next-hop destination \"b.example\": policy table lookup error"
     "\n" S
     "warning: TLS policy lookup for b.example/mx.b.example: client TLS configuration problem"
     "\n" S TO NOWHERE DEFERRED "client TLS configuration problem)"
     "\n",
     "failure: out local-policy-error local-policy-lookup deferred domain=b.example hop=b.example "
     "mx=mx.b.example id=4AAAA1111A dsn=4.7.5 delay=1 reason=client TLS configuration problem\n"},
    {"dane that cannot be does not stop the mail",
     S "warning: b.example: dane configured with dnssec lookups disabled"
       "\n" S "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT SENT "\n",
     "failure: out local-policy-error local-tls-config unknown domain=b.example hop=b.example "
     "reason=b.example: dane configured with dnssec lookups disabled\n"
     "session: out trusted TLSv1.3 domain=b.example mx=mx.b.example\n"},
    {"mail that was given up",
     Q "4AAAA1111A: from=<u@a.example>, status=expired, returned to sender"
       "\n" Q "5BBBB2222B: from=<>, status=force-expired, returned to sender"
       "\n" Q "5BBBB2222B: removed"
       "\n" Q "6BBBB2222B: from=<u@a.example>, size=1, nrcpt=1 (queue active)"
       "\n",
     "expired: out id=4AAAA1111A\n"
     "expired: out id=5BBBB2222B\n"},
    {"mail over a connection that went on in clear suffers as well",
     S "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=starttls_not_supported"
       "\n" S TO AT ", tls=may:none" SENT "\n" S "5BBBB2222B: to=<u@b.example>, relay=" MX
       ":25, conn_use=2, delay=1.2, delays=1/0/0.1/0, tls=may?" SENT "\n",
     "session: out plaintext level=may domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out starttls-not-supported starttls-refused starttls-refused-fallback plaintext "
     "level=may domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=2.0.0 delay=1 "
     "reason=failure_type=starttls_not_supported\n"
     "failure: out starttls-not-supported starttls-refused starttls-refused-fallback plaintext "
     "level=may domain=b.example mx=mx.b.example ip=192.0.2.1 id=5BBBB2222B dsn=2.0.0 delay=1 "
     "reason=250 2.0.0 Ok: queued as 4BBB\n"},
};

static const struct story proxy_stories[] = {
    {"a handshake that tlsproxy made is the failure of the delivery",
     X "CONNECT to [192.0.2.1]:25"
       "\n" X "warning: TLS library problem: error:0A00010B:SSL routines::wrong version "
       "number:../ssl/record/ssl3_record.c:350:"
       "\n" X "TLS handshake failed for service=smtp peer=[192.0.2.1]:25"
       "\n" X "DISCONNECT [192.0.2.1]:25"
       "\n" S TO AT DEFERRED "Cannot start TLS: handshake failure)"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"},
    {"smtp may speak before tlsproxy",
     X "CONNECT to [192.0.2.1]:25"
       "\n" S TO AT DEFERRED "Cannot start TLS: handshake failure)"
       "\n" X "warning: ciphertext read/write timeout for [192.0.2.1]:25"
       "\n" X "TLS handshake failed for service=smtp peer=[192.0.2.1]:25"
       "\n",
     "session: out failed domain=b.example mx=mx.b.example id=4AAAA1111A\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure deferred "
     "domain=b.example mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Cannot "
     "start TLS: handshake failure\n"},
    {"what tlsproxy found in the certificate",
     X "CONNECT to [192.0.2.1]:25"
       "\n" X "server certificate verification failed for " MX ":25: num=62:hostname mismatch"
       "\n" X "Trusted TLS connection established to " MX ":25" TLS "\n" S
       "Trusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-host-mismatch cert-host-mismatch deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"},
    {"of two deliveries to one server each gets what is said of its domain",
     X "certificate verification failed for " MX ":25: self-signed certificate"
       "\n" X "TLSRPT: status=failure, domain=c.example, receiving_mx=" MX
       ", failure_type=validation_failure, failure_reason=self-signed_certificate"
       "\n" X "Untrusted TLS connection established to " MX ":25" TLS "\n" X
       "server certificate verification failed for " MX ":25: certificate has expired"
       "\n" X "TLSRPT: status=failure, domain=b.example, receiving_mx=" MX
       ", failure_type=certificate_expired"
       "\n" X "Untrusted TLS connection established to " MX ":25" TLS "\n" S
       "Untrusted TLS connection established to " MX ":25" TLS "\n" S TO AT DEFERRED
       "Server certificate not verified)"
       "\n",
     "session: out failed TLSv1.3 domain=b.example mx=mx.b.example\n"
     "failure: out certificate-expired cert-expired deferred TLSv1.3 domain=b.example "
     "mx=mx.b.example ip=192.0.2.1 id=4AAAA1111A dsn=4.7.5 delay=1 reason=Server certificate not "
     "verified\n"
     "session: out unknown domain=c.example mx=mx.b.example\n"
     "failure: out certificate-not-trusted cert-not-trusted self-signed unknown domain=c.example "
     "mx=mx.b.example ip=192.0.2.1 reason=certificate verification failed for "
     "mx.b.example[192.0.2.1]:25: self-signed certificate\n"},
    {"what no delivery asked for is told at the end",
     X "CONNECT to [192.0.2.1]:25"
       "\n" X "TLS handshake failed for service=smtp peer=[192.0.2.1]:25"
       "\n",
     "session: out failed\n"
     "failure: out validation-failure tls-handshake-failure handshake-failure unknown ip=192.0.2.1 "
     "reason=TLS handshake failed for service=smtp peer=[192.0.2.1]:25\n"},
};

int main(void)
{
    struct CMUnitTest tests[STORIES_MAX];
    size_t count = 0;

    count = stories_add(tests, count, session_stories, G_N_ELEMENTS(session_stories));
    count = stories_add(tests, count, other_server_stories, G_N_ELEMENTS(other_server_stories));
    count = stories_add(tests, count, repeat_stories, G_N_ELEMENTS(repeat_stories));
    count = stories_add(tests, count, proxy_stories, G_N_ELEMENTS(proxy_stories));
    return _cmocka_run_group_tests("postfix", tests, count, NULL, NULL);
}
