#!/bin/sh
# prune: what is older than the keep time goes, with the JSON kept of it, and nothing else.
. tests/lib/cli.sh

# put FILE DAY: a report about one day.
put() {
    printf '{"organization-name":"Org","date-range":{"start-datetime":"%sT00:00:00Z",
        "end-datetime":"%sT23:59:59Z"},"contact-info":"a@org.example","report-id":"%s",
        "policies":[{"policy":{"policy-type":"sts","policy-domain":"example.com"},
        "summary":{"total-successful-session-count":5,"total-failure-session-count":2},
        "failure-details":[{"result-type":"certificate-expired","failed-session-count":2}]}]}' \
        "$2" "$2" "$2" >"$T/$1"
}
at() {
    NOW=$1
    shift
    triage "$@"
    result=$?
    NOW=2026-11-22T07:00:00Z
    return $result
}
# How much of anything the store holds, in each table that prune may thin out.
rows() {
    query "SELECT count(*), (SELECT count(*) FROM policies), (SELECT count(*) FROM failures),
        (SELECT count(*) FROM arrivals), (SELECT count(*) FROM report_json),
        (SELECT count(*) FROM issues WHERE report IS NULL),
        (SELECT count(DISTINCT report) FROM issues WHERE report IS NOT NULL) FROM reports"
}
put old.json 2025-09-01
put middle.json 2026-08-01
put new.json 2026-11-20
printf 'From: a@example.org\nTo: b@example.org\nSubject: no report\n\nGood morning\n' >"$T/other.eml"

exits 'an old report comes in' 0 at 2025-09-02T07:00:00Z ingest "$T/old.json" "$T/other.eml"
exits 'a report of last summer comes in' 0 at 2026-08-02T07:00:00Z ingest "$T/middle.json"
exits 'a new report comes in' 0 triage ingest "$T/new.json"
is 'all are stored' "$(rows)" '3|3|3|4|3|1|3'

full=$(rows)
exits '--dry-run' 0 triage prune --dry-run
would=$out
like 'says what would be dropped' "$would" '^Would drop .*400 days: 1 report'
is 'and changes nothing' "$(rows)" "$full"
exits 'the default keep time is 400 days' 0 triage prune
is 'prune says the same numbers as its dry run' "$out" \
    "$(printf '%s\n' "$would" | sed 's/^Would drop/Dropped/')"
is 'the old report went with all that belongs to it' "$(rows)" '2|2|2|2|2|0|2'
is 'the newer ones stayed' "$(query 'SELECT external_id FROM reports ORDER BY 1')" '2026-08-01
2026-11-20'
exits 'a second prune' 0 triage prune
like 'finds nothing to drop' "$out" '^Dropped .*400 days: 0 report'

printf '[store]\nkeep-days = 200\n' >"$T/tlstriage.conf"
exits 'keep-days of the configuration' 0 triage prune --dry-run
like 'is the keep time' "$out" '200 days: 0 report'
exits '--days' 0 triage prune --days 100 --dry-run
like 'goes before the configuration' "$out" '100 days: 1 report'
printf '[store]\nkeep-days = 100\n' >"$T/tlstriage.conf"
exits 'prune with 100 days' 0 triage --quiet prune
is '--quiet says nothing' "$out$err" ''
is 'what is younger stays' "$(query 'SELECT external_id FROM reports')" 2026-11-20
is 'no JSON outlives its report' "$(query "SELECT count(*) FROM report_json")" 1
ok 'the store is sound' test "$(query 'PRAGMA integrity_check')" = ok
is 'no row points at what went' "$(query 'PRAGMA foreign_key_check')" ''

exits 'what went comes in again' 0 triage ingest "$T/old.json" "$T/middle.json"
like 'as new' "$out" '2 reports new, 0 already known'
is 'with its policies and failures' \
    "$(query 'SELECT count(*), (SELECT count(*) FROM failures) FROM reports')" '3|3'
exits 'what stayed comes in again' 0 triage ingest "$T/new.json"
like 'as known' "$out" '0 reports new, 1 already known'

# What could not be read: the quarantine has a limit of its own, DMARC reports the keep time.
DB=$T/unread.db
: >"$T/tlstriage.conf"
{
    printf 'From: a@org.example\nMessage-ID: <cut@org.example>\n'
    printf 'Content-Type: application/tlsrpt+gzip\n\nneither this nor that\n'
} >"$T/cut.eml"
{
    printf 'From: a@org.example\nMessage-ID: <dmarc@org.example>\nContent-Type: text/xml\n\n'
    printf '<?xml version="1.0"?><feedback><version>1.0</version><report_metadata><org_name>O</org_name></report_metadata>'
    printf '<policy_published><domain>a.example</domain></policy_published></feedback>\n'
} >"$T/dmarc.eml"
exits 'a broken and a DMARC report come in' 0 at 2026-08-01T07:00:00Z ingest "$T/cut.eml" \
    "$T/dmarc.eml"
is 'and are kept' "$(query 'SELECT (SELECT kind FROM unread), (SELECT count(*) FROM dmarc_reports)')" \
    'tlsrpt|1'
exits 'prune after 90 days' 0 at 2026-10-30T06:59:59Z prune
is 'keeps both' \
    "$(query 'SELECT (SELECT count(*) FROM unread) + (SELECT count(*) FROM dmarc_reports)')" 2
exits 'prune later' 0 at 2026-10-30T07:00:01Z prune
like 'drops from the quarantine' "$out" 'quarantine: 1$'
is 'but not the DMARC report' "$(query 'SELECT organization FROM dmarc_reports')" O
like 'nor the memory that something came' "$(query 'SELECT message_id FROM arrivals')" '^cut@'
exits 'prune past the keep time' 0 at 2027-09-06T07:00:00Z prune
like 'says so of the DMARC report' "$out" ' 1 DMARC reports, '
is 'drops all of it' "$(query 'SELECT (SELECT count(*) FROM unread),
    (SELECT count(*) FROM arrivals), (SELECT count(*) FROM issues),
    (SELECT count(*) FROM dmarc_reports), (SELECT count(*) FROM dmarc_xml)')" '0|0|0|0|0'
DB=$T/store.db

# Out of range, each with its own message: nothing is dropped by a slip of the pen.
for days in 0 -1 1e9 ten 99999999999 ''; do
    exits "--days '$days' is no number of days" 2 triage prune "--days=$days"
done
exits 'an argument' 2 triage prune 90
is 'nothing went' "$(query 'SELECT count(*) FROM reports')" 3
DB=$T/none/store.db
exits 'a store that cannot be made' 3 triage prune
done_testing
