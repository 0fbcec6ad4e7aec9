#!/bin/sh
# A mailbox that holds everything: exact counts by kind and outcome, for SQL, in status and in the
# digest, whichever way it comes; the same again changes nothing.
. tests/lib/cli.sh
. tests/lib/kinds.sh

mkdir "$T/mails"
for name in $kinds; do
    kind_mail "$name" >"$T/mails/$name.eml"
    printf 'From sender@kinds.example Sun Nov 22 02:00:00 2026\n' >>"$T/all.mbox"
    sed 's/^From />&/' "$T/mails/$name.eml" >>"$T/all.mbox"
    echo >>"$T/all.mbox"
done
dump() {
    sqlite3 -readonly -batch "$DB" .dump
}
number=$(printf '%s\n' "$kinds" | wc -w)

exits 'a mailbox of every kind' 0 triage ingest "$T/all.mbox"
is 'the summary counts them' "$(printf "%s\n" "$out" | head -n 1)" '20 mails: 2 reports new, 0 already known, 15 without report, 1 DMARC report new, 3 bounces for a TLS reason new, 2 unreadable and quarantined, 17 issues'
is 'each is known by kind' "$(query "$count_kinds")" "$counts"
is 'none is missing' "$(query 'SELECT count(*) FROM arrivals')" "$number"
is 'reports are what was sent to us' \
    "$(query 'SELECT organization FROM reports ORDER BY 1')" 'Google
Microsoft'
is 'DMARC reports as well' "$(query 'SELECT organization FROM dmarc_reports')" Receiver
is 'only broken reports are in the quarantine' \
    "$(query "SELECT kind || ' ' || file_name FROM unread ORDER BY 1")" \
    'dmarc broken.example!test.example!1795132800!1795219199.xml.gz
tlsrpt broken.example!test.example!1795132800!1795219199.json.gz'
is 'bounces for a TLS reason are failures of our mail' \
    "$(query 'SELECT mta, host, outcome, failure_type, mx FROM log_failures ORDER BY 2')" \
    'unknown|am0pr01.prod.exchange.example|bounced|dane-cert-mismatch|
exim|exim.test.example|deferred|tlsa-lookup-error|mx.partner.example
postfix|mail.test.example|bounced|tlsa-lookup-error|'
is 'the rest is named' \
    "$(query "SELECT problem FROM issues WHERE kind = 'no-report' ORDER BY 1" | sort)" \
    'a bounce for a TLS reason: "Undeliverable: Hello"
a bounce for a TLS reason: "Undelivered Mail Returned to Sender"
a bounce for a TLS reason: "Warning: message delayed 24 hours"
a bounce: "Fwd: Undelivered"
a bounce: "Undelivered Mail Returned to Sender"
a failure report (ARF): "FW: Payment"
a failure report (ARF): "complaint"
a receipt (MDN): "Read: Report Domain: partner.example"
an automatic reply: "Out of office: Report Domain: partner.example"
no report in this mail: "..."
no report in this mail: "All the news"
no report in this mail: "Invoice"
no report in this mail: "Invoice"
no report in this mail: "Meeting"
no report in this mail: "Signed"'

is 'what is wrong with the attachments of junk is none of ours' \
    "$(query "SELECT kind, count(*) FROM issues WHERE kind <> 'no-report' GROUP BY 1")" 'report|2'

exits 'status' 1 triage status
like 'its figures' "$out" '^tlstriage WARNING: 2 reports .*\| reports=2 .*quarantined=2$'
# told WHERE: in $out, however its lines are broken.
told() {
    out=$(printf '%s\n' "$out" | tr -s ' \n' ' ')
    like "$1: TLS reports" "$out" '3 TLS reports: 2 new, 1 unreadable; from broken\.example 1, '
    like "$1: DMARC reports" "$out" '2 DMARC reports: 1 new, 1 unreadable; from broken\.example 1, '
    like "$1: failure reports" "$out" '2 failure reports: 2 without anything for us; '
    like "$1: bounces" "$out" '5 bounces: 3 new, 2 without anything for us; from mail\.test\.example 2, exim\.test\.example 1, '
    like "$1: the rest" "$out" '8 other mails and files: 8 without anything for us; from partner\.example 2, spam\.example 2, '
}
told status
exits 'the digest' 0 triage digest
told digest
unlike 'junk is no issue there' "$out" 'no-report|json'
exits 'finds what bounces tell of our mail' 1 triage digest --exit-code
like 'and nothing else' "$out" '^tlstriage: 2 faults, 1 high: our mail to mx\.partner\.example'
out=$(triage digest | tr -s ' \n' ' ')
like 'says that no log told it' "$out" 'Known from 2 bounces only, which anybody can write'
like 'and how other mail servers try again' "$out" 'Then let your mail server try again what waits\.'
exits 'as JSON' 0 triage digest --format json
printf '%s\n' "$out" >"$T/json"
is 'with the same counts' \
    "$(sqlite3 :memory: "SELECT json_extract(value, '\$.kind'), json_extract(value, '\$.count'),
            json_extract(value, '\$.new'), json_extract(value, '\$.unreadable'),
            json_extract(value, '\$.ignored')
        FROM json_each(readfile('$T/json'), '\$.arrived') ORDER BY 1")" \
    'arf|2|0|0|2
bounce|5|3|0|2
dmarc|2|1|1|0
other|8|0|0|8
tlsrpt|3|2|1|0'

dump >"$T/before"
exits 'the same mailbox again' 0 triage ingest "$T/all.mbox"
dump >"$T/after"
ok 'changes nothing' cmp "$T/before" "$T/after"
exits 'each mail for itself' 0 triage ingest "$T/mails"
is 'adds no report' "$(query 'SELECT count(*) FROM reports')|$(query 'SELECT count(*) FROM dmarc_reports')" \
    '2|1'
is 'and no bounce' "$(query 'SELECT count(*) FROM log_failures')" 3

rm -f "$DB"*
for name in $kinds; do
    "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" deliver \
        <"$T/mails/$name.eml" >"$T/said" 2>&1 || echo "$name" >>"$T/refused"
    cat "$T/said" >>"$T/all.said"
done
ok 'one by one from a pipe: all are taken' test ! -e "$T/refused"
ok 'in silence' test ! -s "$T/all.said"
is 'with the same counts from the pipe' "$(query "$count_kinds")" "$counts"
done_testing
