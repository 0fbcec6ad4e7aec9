#include "tests/log/stories.h"

/* What clients met at our server. */
static const struct story inbound_stories[] = {
    {"a session that a client began",
     D
     "connect from c.example[192.0.2.3]"
     "\n" D "Anonymous TLS connection established from c.example[192.0.2.3]" TLS "\n" D
     "disconnect from c.example[192.0.2.3] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7"
     "\n",
     "session: in anonymous TLSv1.3\n"},
    {"mail that came in clear",
     D "connect from c.example[192.0.2.3]"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 mail=2 rcpt=2 data=2 quit=1 commands=8"
       "\n" D "disconnect from c.example[192.0.2.3] helo=1 mail=1 rcpt=1 bdat=1 commands=4"
       "\n",
     "session: in plaintext\n"
     "session: in plaintext\n"},
    {"what was refused, logged in, of this machine or with TLS from the begin is no mail in clear",
     D "disconnect from c.example[192.0.2.3] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 auth=1 mail=1 rcpt=1 data=1 commands=5"
       "\n" D "disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 commands=4"
       "\n" D "disconnect from localhost[::1] ehlo=1 mail=1 rcpt=1 data=1 commands=4"
       "\n" D "Anonymous TLS connection established from c.example[192.0.2.3]" TLS "\n" D
       "disconnect from c.example[192.0.2.3] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"
       "\n",
     "session: in anonymous TLSv1.3\n"},
    {"a session with TLS before it makes none of the next in clear",
     D "Anonymous TLS connection established from c.example[192.0.2.3]" TLS "\n" D
       "disconnect from c.example[192.0.2.3] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 commands=6"
       "\n" D "connect from d.example[192.0.2.4]"
       "\n" D "disconnect from d.example[192.0.2.4] ehlo=1 mail=1 rcpt=1 data=1 commands=4"
       "\n",
     "session: in anonymous TLSv1.3\n"
     "session: in plaintext\n"},
    {"all lines of one failed connection are one failure",
     D "SSL_accept error from c.example[192.0.2.3]: -1"
       "\n" D "warning: TLS library problem: error:0A0000C1:SSL routines::no shared "
       "cipher:../ssl/statem/statem_srvr.c:2226:"
       "\n" D "lost connection after STARTTLS from c.example[192.0.2.3]"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 starttls=0/1 commands=1/2"
       "\n",
     "session: in failed\n"
     "failure: in tls-handshake-failure inbound-handshake-failure unknown ip=192.0.2.3 reason=TLS "
     "library problem: error:0A0000C1:SSL routines::no shared "
     "cipher:../ssl/statem/statem_srvr.c:2226:\n"},
    {"clients of one process are told apart where a log has no more than their errors",
     D "SSL_accept error from c.example[192.0.2.3]: -1"
       "\n" D "SSL_accept error from d.example[192.0.2.4]: -1"
       "\n",
     "session: in failed\n"
     "failure: in tls-handshake-failure inbound-handshake-failure unknown ip=192.0.2.3 "
     "reason=SSL_accept error: -1\n"
     "session: in failed\n"
     "failure: in tls-handshake-failure inbound-handshake-failure unknown ip=192.0.2.4 "
     "reason=SSL_accept error: -1\n"},
    {"the client's alert is about our certificate",
     D "SSL_accept error from c.example[192.0.2.3]: -1"
       "\n" D "warning: TLS library problem: error:0A000412:SSL routines::ssl/tls alert bad "
       "certificate:../ssl/record/rec_layer_s3.c:1601:SSL alert number 42:"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 starttls=0/1 commands=1/2"
       "\n",
     "session: in failed\n"
     "failure: in cert-not-trusted inbound-peer-rejected-our-cert unknown ip=192.0.2.3 reason=TLS "
     "library problem: error:0A000412:SSL routines::ssl/tls alert bad "
     "certificate:../ssl/record/rec_layer_s3.c:1601:SSL alert number 42:\n"},
    {"an alert that tells what the client disliked",
     D "SSL_accept error from c.example[192.0.2.3]: -1"
       "\n" D "warning: TLS library problem: error:0A000415:SSL routines::sslv3 alert certificate "
       "expired:../ssl/record/rec_layer_s3.c:1601:SSL alert number 45:"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 starttls=0/1 commands=1/2"
       "\n" D "SSL_accept error from d.example[192.0.2.4]: -1"
       "\n" D "warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown "
       "ca:../ssl/record/rec_layer_s3.c:1601:SSL alert number 48:"
       "\n" D "disconnect from d.example[192.0.2.4] ehlo=1 starttls=0/1 commands=1/2"
       "\n",
     "session: in failed\n"
     "failure: in certificate-expired cert-expired inbound-peer-rejected-our-cert unknown "
     "ip=192.0.2.3 reason=TLS library problem: error:0A000415:SSL routines::sslv3 alert "
     "certificate "
     "expired:../ssl/record/rec_layer_s3.c:1601:SSL alert number 45:\n"
     "session: in failed\n"
     "failure: in certificate-not-trusted cert-not-trusted inbound-peer-rejected-our-cert unknown "
     "ip=192.0.2.4 reason=TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown "
     "ca:../ssl/record/rec_layer_s3.c:1601:SSL alert number 48:\n"},
    {"a sender that looks at our certificate and goes",
     D "Anonymous TLS connection established from c.example[192.0.2.3]" TLS "\n" D
       "disconnect from c.example[192.0.2.3] ehlo=1 starttls=1 quit=1 commands=3"
       "\n" D "disconnect from d.example[192.0.2.4] ehlo=1 starttls=1 commands=2"
       "\n",
     "session: in anonymous TLSv1.3\n"
     "failure: in validation-unspecified inbound-quit-after-starttls unknown ip=192.0.2.3 "
     "reason=disconnect ehlo=1 starttls=1 quit=1 commands=3\n"
     "session: in failed\n"
     "failure: in validation-unspecified inbound-quit-after-starttls unknown ip=192.0.2.4 "
     "reason=disconnect ehlo=1 starttls=1 commands=2\n"},
    {"a client that goes on after STARTTLS liked our certificate",
     D "disconnect from c.example[192.0.2.3] ehlo=2 starttls=1 quit=1 commands=4"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 starttls=1 auth=0/1 quit=1 commands=3/4"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 quit=1 commands=2"
       "\n",
     ""},
    {"a connection lost after TLS had begun is no failed handshake",
     D "Anonymous TLS connection established from c.example[192.0.2.3]" TLS "\n" D
       "lost connection after STARTTLS from c.example[192.0.2.3]"
       "\n" D "disconnect from c.example[192.0.2.3]"
       "\n",
     "session: in anonymous TLSv1.3\n"},
    {"failures of our users' programs are counted and not told",
     H "postfix/submission/smtpd[9]: SSL_accept error from unknown[192.0.2.5]: lost connection"
       "\n" H "postfix/submission/smtpd[9]: disconnect from unknown[192.0.2.5] ehlo=1 starttls=0/1 "
       "commands=1/2"
       "\n",
     "session: in failed\n"},
    {"our own certificate cannot be used",
     D "warning: cannot get RSA certificate from file \"/etc/ssl/mx.pem\": disabling TLS support"
       "\n" D "warning: No server certs available. TLS won't be enabled"
       "\n" D "warning: No server certs available. TLS won't be enabled"
       "\n",
     "failure: in local-policy-error inbound-local-cert-problem unknown reason=cannot get RSA "
     "certificate from file \"/etc/ssl/mx.pem\": disabling TLS support\n"
     "failure: in local-policy-error inbound-local-cert-problem unknown reason=No server certs "
     "available. TLS won't be enabled\n"},
    {"what a client sends is no word of ours about our certificate",
     D "warning: non-SMTP command from unknown[192.0.2.66]: GET /x disabling TLS support"
       "\n" D "warning: Illegal address syntax from unknown[192.0.2.66] in MAIL command: <a b "
       "disabling TLS support"
       "\n" D
       "warning: unknown[192.0.2.66]: SASL LOGIN authentication failed: disabling TLS support"
       "\n",
     ""},
    {"our own limit of new TLS sessions",
     D "Anonymous TLS connection established from c.example[192.0.2.3]" TLS "\n" D
       "warning: New TLS session rate limit exceeded: 2 from c.example[192.0.2.3] for service smtp"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 starttls=0/1 commands=1/2"
       "\n" D "connect from c.example[192.0.2.3]"
       "\n" D "warning: Refusing STARTTLS request from c.example[192.0.2.3] for service smtp"
       "\n" D "lost connection after STARTTLS from c.example[192.0.2.3]"
       "\n" D "disconnect from c.example[192.0.2.3] ehlo=1 starttls=0/1 commands=1/2"
       "\n",
     "session: in anonymous TLSv1.3\n"
     "failure: in starttls-refused inbound-tls-rate-limit unknown ip=192.0.2.3 reason=New TLS "
     "session rate limit exceeded: 2 for service smtp\n"
     "session: in failed\n"
     "failure: in starttls-refused inbound-tls-rate-limit unknown ip=192.0.2.3 reason=Refusing "
     "STARTTLS request for service smtp\n"},
    {"lines of tlsproxy that were cut",
     X "CONNECT "
       "\n" X "CONNECT t"
       "\n" X "CONNECT from"
       "\n" X "DISCONNECT\n",
     ""},
    {"tlsproxy as a server",
     X "CONNECT from [192.0.2.6]:45454"
       "\n" X "warning: TLS library problem: error:0A00010B:SSL routines::wrong version "
       "number:../ssl/record/ssl3_record.c:350:"
       "\n" X "TLS handshake failed for service=smtp peer=[192.0.2.6]:45454"
       "\n",
     "session: in failed\n"
     "failure: in tls-handshake-failure inbound-handshake-failure unknown ip=192.0.2.6 reason=TLS "
     "library problem: error:0A00010B:SSL routines::wrong version "
     "number:../ssl/record/ssl3_record.c:350:\n"},
};

int main(void)
{
    struct CMUnitTest tests[STORIES_MAX];
    size_t count = 0;

    count = stories_add(tests, count, inbound_stories, G_N_ELEMENTS(inbound_stories));
    return _cmocka_run_group_tests("postfix inbound", tests, count, NULL, NULL);
}
