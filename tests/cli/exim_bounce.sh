#!/bin/sh
# Bounces of Exim whose reason stands in the text for a person, and nowhere else.
. tests/lib/cli.sh

# head NAME [FIELD]: the header fields that both forms have.
head_of() {
    printf 'From: Mail Delivery System <Mailer-Daemon@example.com>\nTo: a@example.com\n'
    printf 'Auto-Submitted: auto-replied\nMessage-ID: <E%s@exim.example.com>\n' "$1"
    printf 'Subject: Mail delivery failed: returning message to sender\n'
    printf 'Date: Sat, 21 Nov 2026 10:00:00 +0000\n'
}
words() {
    printf 'This message was created automatically by mail delivery software.\n\n'
    printf 'A message that you sent could not be delivered to one or more of its\n'
    printf 'recipients. This is a permanent error. The following address(es) failed:\n\n'
    printf '  bob.secret@%s\n    host mx.%s [192.0.2.9]\n    %s\n\n' "$1" "$1" "$2"
}
{
    head_of 1
    printf 'X-Failed-Recipients: bob.secret@dane.example\nMIME-Version: 1.0\nContent-Type: '
    printf 'multipart/report; report-type=delivery-status; boundary=1795-eximdsn-1\n\n'
    printf -- '--1795-eximdsn-1\nContent-type: text/plain; charset=us-ascii\n\n'
    words dane.example 'DANE error: tlsa lookup FAIL <bob.secret@dane.example>'
    printf -- '--1795-eximdsn-1\nContent-type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; exim.example.com\n\nAction: failed\n'
    printf 'Final-Recipient: rfc822;bob.secret@dane.example\nStatus: 5.0.0\n\n'
    printf -- '--1795-eximdsn-1\nContent-type: message/rfc822\n\nSubject: x\n\n'
    words returned.example 'DANE error: tlsa lookup FAIL'
    printf -- '--1795-eximdsn-1--\n'
} >"$T/report.eml"
{
    head_of 2
    printf 'X-Failed-Recipients: bob.secret@plain.example\n\n'
    words plain.example 'a TLS session is required, but the server did not offer TLS support'
    printf -- '------ This is a copy of the message, including all the headers. ------\n\n'
    printf 'Subject: x\n\n  jane@copy.example\n    DANE error: tlsa lookup FAIL\n'
} >"$T/plain.eml"
{
    head_of 3
    printf 'X-Failed-Recipients: bob.secret@other.example\n\n'
    words other.example 'SMTP error from remote mail server after end of data: 550 TLS spam'
} >"$T/other.eml"
# Written by a person, who quotes one.
head_of 4 | sed '/^Auto-Submitted/d; s/^Subject: .*/Subject: why?/' >"$T/person.eml"
{
    echo
    words person.example 'DANE error: tlsa lookup FAIL'
} >>"$T/person.eml"

for name in report plain other person; do
    exits "$name" 0 triage ingest "$T/$name.eml"
done
is 'the text tells why' \
    "$(query 'SELECT mta, host, domain, mx, outcome, result_type, failure_type, reason
        FROM log_failures ORDER BY domain')" \
    'exim|exim.example.com|dane.example|mx.dane.example|bounced|dane-required|tlsa-missing|DANE error: tlsa lookup FAIL <@dane.example>
exim|exim.example.com|plain.example|mx.plain.example|bounced|starttls-not-supported|starttls-absent|a TLS session is required, but the server did not offer TLS support'
is 'each is a bounce, but that of a person' \
    "$(query 'SELECT kind, count(*) FROM arrivals GROUP BY 1')" 'bounce|3
other|1'
sqlite3 -readonly -batch "$DB" .dump >"$T/dump"
unlike 'nobody is named' "$(cat "$T/dump")" 'bob\.secret'
triage ingest "$T/plain.eml" >/dev/null 2>&1
is 'the same again tells nothing new' "$(query 'SELECT count(*) FROM log_failures')" 2
done_testing
