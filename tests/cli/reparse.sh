#!/bin/sh
# reparse: the kept JSON is read again as ingest would read it today.
. tests/lib/cli.sh

# All that a reading makes; policies and failures are made anew, so their numbers may differ.
tables() {
    query "SELECT * FROM reports; SELECT * FROM arrivals; SELECT * FROM domain_days;
        SELECT report, day, organization, domain, domain_source, policy_domain, policy_type, mode,
               policy_strings, mx_hosts, successes, failures FROM policies ORDER BY report, policy;
        SELECT report, day, organization, domain, policy_domain, policy_type, mode, mx, sending_ip,
               receiving_ip, result_type, failure_type, layer, sessions, reason_code,
               additional_information, mail_effect FROM failures ORDER BY report, policy, failure;
        SELECT kind, severity, source, report, part, clause, problem FROM issues
         ORDER BY source, report, part, problem" >"$1"
}
same() {
    tables "$T/after"
    ok "$1" diff "$T/before" "$T/after"
}
cp contrib/demo/tlstriage.conf "$T/tlstriage.conf"
exits 'the demo is read' 0 triage ingest contrib/demo/mail
tables "$T/before"
NOW=2026-12-24T07:00:00Z
exits 'a second reading by the same rules' 0 triage reparse
like 'changes no report' "$out" '^55 read again, 0 changed, 0 no longer readable'
same 'nor a row, nor a time of arrival'
exits 'and a third one' 0 triage reparse --quiet
is '--quiet says nothing' "$out$err" ''
same 'changes nothing'

sqlite3 "$DB" "UPDATE failure SET failure_type = 'cert-expired', layer = 'certificate',
    mail_effect = 'none' WHERE id IN (SELECT failure FROM failures WHERE sessions > 1)"
tables "$T/after"
exits 'failure types are changed by hand' 1 cmp -s "$T/before" "$T/after"
exits 'are judged anew' 0 triage reparse
unlike 'and that is said' "$out" ' 0 changed'
same 'and are what they were'

# DANE reports name the MX host; whose domain that is the configuration tells.
printf '{"organization-name":"Org","date-range":{"start-datetime":"2026-11-20T00:00:00Z",
    "end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"a@org.example","report-id":"x1",
    "policies":[{"policy":{"policy-type":"tlsa","policy-domain":"mail.host.test"},
    "summary":{"total-successful-session-count":5,"total-failure-session-count":0}}]}' >"$T/x.json"
DB=$T/second.db
: >"$T/tlstriage.conf"
exits 'a report about an MX host' 0 triage ingest "$T/x.json"
is 'is about the host where nothing else is known' \
    "$(query 'SELECT domain, domain_source FROM policies')" 'mail.host.test|policy-host'
printf '[domain customer.test]\nmx = mail.host.test 192.0.2.1\n' >"$T/tlstriage.conf"
exits 'with its MX host in the configuration' 0 triage reparse
like 'the report changes' "$out" '^1 read again, 1 changed'
is 'it is about the domain' "$(query 'SELECT domain, domain_source FROM policies')" \
    'customer.test|config-mx'
is 'so does the sum of the day' "$(query 'SELECT domain, successes FROM domain_days')" \
    'customer.test|5'
is 'the report is the same' "$(query 'SELECT report, external_id FROM reports')" '1|x1'
exits 'ingest after it' 0 triage ingest "$T/x.json"
like 'knows the report' "$out" '0 reports new, 1 already known'

# The quarantine: what nobody can read stays as it is, what can be read comes out.
DB=$T/third.db
: >"$T/tlstriage.conf"
{
    printf 'From: a@org.example\nMessage-ID: <cut@org.example>\nDate: Fri, 20 Nov 2026 06:00:00 +0000\n'
    printf 'Content-Type: application/tlsrpt+gzip\n\nneither this nor that\n'
} >"$T/cut.eml"
exits 'a report that cannot be read' 0 triage ingest "$T/cut.eml"
is 'is in the quarantine' "$(query 'SELECT outcome FROM arrivals')" quarantined
query .dump >"$T/before"
exits 'reparse' 0 triage reparse
like 'cannot read it either' "$out" '^1 read again, 0 changed, 0 no longer .* 0 out of the quarantine'
query .dump >"$T/after"
ok 'and leaves it, its issues and its time alone' diff "$T/before" "$T/after"
# As if this version could read what the last one could not.
sqlite3 "$DB" "UPDATE unread SET content = CAST(readfile('$T/x.json') AS BLOB), encoding = 'plain'"
NOW=2026-12-25T07:00:00Z
exits 'reparse by a version that knows more' 0 triage reparse
like 'says so' "$out" ' 1 out of the quarantine'
is 'the report is there, and is news to the next digest' \
    "$(query 'SELECT external_id, date(received_at), date(ingested_at) FROM reports')" \
    'x1|2026-11-20|2026-12-25'
is 'its mail came when it came' "$(query 'SELECT outcome, date(at) FROM arrivals')" 'stored|2026-12-24'
is 'the quarantine is empty' "$(query 'SELECT count(*) FROM unread')" 0
exits 'the file of that report' 0 triage ingest "$T/x.json"
like 'is known now' "$out" '0 reports new, 1 already known'
is 'foreign keys hold' "$(query 'PRAGMA foreign_key_check')" ''
# Several that can be read now come out, not the first alone.
DB=$T/several.db
exits 'another report that cannot be read' 0 triage ingest "$T/cut.eml"
{ cat "$T/x.json"; sed s/x1/x2/ "$T/x.json"; } >"$T/two.json"
sqlite3 "$DB" "UPDATE unread SET content = CAST(readfile('$T/two.json') AS BLOB), encoding = 'plain'"
exits 'two are in it now' 0 triage quarantine retry
like 'which is one thing that can be read' "$out" '^1 tried again, 1 can be read now$'
is 'both come out' "$(query 'SELECT group_concat(external_id) FROM reports')" 'x1,x2'
is 'of the quarantine' "$(query 'SELECT count(*) FROM unread')" 0
DB=$T/third.db
# A kept JSON that has become unreadable does not lose what was read from it.
sqlite3 "$DB" "UPDATE report_json SET content = x'00', encoding = 'plain'"
exits 'a kept JSON that is broken' 0 triage reparse
like 'is said' "$out" '1 no longer readable and left as they were'
is 'and its report stays' "$(query 'SELECT domain, successes FROM policies')" 'mail.host.test|5'

exits 'an argument' 2 triage reparse now
DB=$T/none/store.db
exits 'a store that cannot be made' 3 triage reparse
done_testing
