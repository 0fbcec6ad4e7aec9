#!/bin/sh
# status: one line and an exit status for monitoring; what came in by kind and sender; what is about
# domains that are not ours.
. tests/lib/cli.sh

# from_json SQL: what the SQL gives of the JSON in $out, which it names j.
from_json() {
    printf '%s' "$out" >"$T/json"
    sqlite3 :memory: "SELECT $1 FROM (SELECT CAST(readfile('$T/json') AS TEXT) AS j)"
}

# report FILE ID DOMAIN DAY RESULT: a report mail of Org with five failed sessions.
report_mail() {
    cat >"$T/$1" <<END
From: reports@org.example
To: tls@example.com
Subject: Report Domain: $3 Submitter: org.example Report-ID: <$2>
Message-ID: <$2@org.example>
Date: Sun, 22 Nov 2026 01:00:00 +0000
TLS-Report-Domain: $3
TLS-Report-Submitter: org.example
MIME-Version: 1.0
Content-Type: application/tlsrpt+json

{"organization-name":"Org","date-range":{"start-datetime":"$4T00:00:00Z",
"end-datetime":"$4T23:59:59Z"},"contact-info":"a@org.example","report-id":"$2",
"policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: $6","mx: mx.$3",
"max_age: 86400"],"policy-domain":"$3"},"summary":{"total-successful-session-count":5,
"total-failure-session-count":5},"failure-details":[{"result-type":"$5",
"failed-session-count":5,"receiving-mx-hostname":"mx.$3"}]}]}
END
}
mail() {
    printf 'From: %s\nTo: tls@example.com\nSubject: %s\nMessage-ID: <%s>\nDate: Sun, 22 Nov 2026 02:00:00 +0000\n%s' \
        "$2" "$3" "$1@x.example" "$4" >"$T/$1.eml"
}

exits 'no store' 3 triage status
report_mail ours.eml r1 example.com 2026-11-20 certificate-expired testing
exits 'a report' 0 triage ingest "$T/ours.eml"
exits 'a small fault is no alarm' 0 triage status
like 'the line begins as plugins do' "$out" '^tlstriage OK: 1 report for the last 7 days, the newest about 2026-11-20'
like 'and ends with figures' "$out" ' \| reports=1 faults=1 critical=0 high=0 quarantined=0$'
like 'who sent it' "$out" '1 TLS report: 1 new; from org\.example 1'

mail news news@list.example Newsletter 'Content-Type: text/html

<p>Buy now</p>
'
mail away jane@partner.example 'Out of office' 'Auto-Submitted: auto-replied

Until Monday.
'
mail ruf abuse@isp.example 'FW: spam' 'MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

See below.
--b
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: x/1
Version: 1

--b
Content-Type: message/rfc822

From: a@example.com
Subject: Report Domain: example.com
Content-Type: application/tlsrpt+json

{"organization-name":"Trap"}
--b--
'
mail bounce mailer-daemon@example.com 'Undelivered Mail' 'MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com

Final-Recipient: rfc822; user@partner.example
Action: failed
Status: 5.7.323
Diagnostic-Code: smtp; 550 5.7.323 tlsa-invalid: the domain failed DANE validation

--b--
'
exits 'mail of every kind' 0 triage ingest "$T/news.eml" "$T/away.eml" "$T/ruf.eml" "$T/bounce.eml"
is 'is known by kind' "$(query 'SELECT kind, outcome, count(*) FROM arrivals GROUP BY 1, 2')" \
    'arf|ignored|1
bounce|stored|1
other|ignored|2
tlsrpt|stored|1'
is 'and none is taken for a broken report' "$(query 'SELECT count(*) FROM unread')" 0
is 'the bounce is a failure of our mail' \
    "$(query "SELECT domain, outcome, result_type, failure_type, host FROM log_failures")" \
    'partner.example|bounced|tlsa-invalid|dane-cert-mismatch|mail.example.com'
exits 'the same mail again' 0 triage ingest "$T/bounce.eml"
is 'changes nothing' "$(query 'SELECT count(*) FROM log_failures')" 1
exits 'status' 0 triage status
like 'tells of our mail that came back' "$out" ', 2 faults, 1 medium: our mail to partner\.example: '
like 'tells each kind' "$out" '2 other mails and files: 2 without anything for us; from .*list\.example 1'
like 'bounces too' "$out" '1 bounce: 1 new'

printf '{"organization-name":"Org","policies":[}' |
    gzip -n >"$T/org.example!example.com!1763683200!1763769599.json.gz"
exits 'something unreadable' 0 triage ingest "$T"/*.json.gz
exits 'is a warning' 1 triage status
like 'with the reason' "$out" '1: .+'
like 'and the command' "$out" 'tlstriage quarantine'

report_mail foreign.eml r2 other.example 2026-11-21 certificate-expired enforce
exits 'a report about another domain' 0 triage ingest "$T/foreign.eml"
exits 'counts where no domain is configured' 2 triage status
printf '[domain example.com]\nmx = mx.example.com\n' >"$T/tlstriage.conf"
exits 'not where ours are' 1 triage status
like 'but it is told' "$out" 'other\.example: 1 report of 1 reporter, 5 failed'
exits 'the digest' 0 triage digest --since 2026-11-01
unlike 'tells its faults not among ours' "$out" '^[0-9]+\. .*other\.example'
like 'and tells that it came' "$out" 'other\.example: 1 report'
exits 'where that is all there is' 0 triage digest --since 2026-11-21 --until 2026-11-21 --exit-code
like 'it is not called silence' "$out" '^tlstriage: no report about our domains on these days'
exits 'who asks for that domain' 1 triage digest --domain other.example --since 2026-11-01 --exit-code
like 'is told of it' "$out" '^tlstriage: 1 fault, critical: mx\.other\.example: certificate expired'
unlike 'and not that it is none of ours' "$out" 'not told above'
exits 'who asks for one of ours' 0 triage digest --domain example.com --since 2026-11-01
unlike 'is not told of others' "$out" 'other\.example'
run triage digest --since 2026-11-01 --format json
is 'a digest of ours counts only ours' \
    "$(from_json "json_extract(j, '\$.totals.reports', '\$.totals.failures')")" '[1,5]'

# One report about both; one about a host of ours; one about a subdomain; one for a host's name.
pair() {
    printf '{"policy":{"policy-type":"%s","policy-string":["version: STSv1","mode: enforce","mx: %s"],
        "policy-domain":"%s"%s},"summary":{"total-successful-session-count":5,
        "total-failure-session-count":1},"failure-details":[{"result-type":"certificate-expired",
        "failed-session-count":1,"receiving-mx-hostname":"%s"}]}' "$1" "$3" "$2" \
        "$([ "$1" = sts ] || printf ',"mx-host":["%s"]' "$3")" "$3"
}
file() {
    printf '{"organization-name":"Org","date-range":{"start-datetime":"2026-11-21T00:00:00Z",
        "end-datetime":"2026-11-21T23:59:59Z"},"contact-info":"a@org.example","report-id":"%s",
        "policies":[%s]}' "$1" "$2" >"$T/$1.json"
    triage --quiet ingest "$T/$1.json"
}
file both "$(pair sts example.com mx.example.com),$(pair sts other.example mx.other.example)"
file below "$(pair sts sub.example.com mx.elsewhere.example)"
file hosted "$(pair sts customer.example MX.Example.COM)"
file alike "$(pair sts notexample.com mx.notexample.com)"
exits 'status with all of these' 2 triage status
like 'tells the other domains with what is about them' "$out" 'other\.example: 2 reports of 1 reporter, 6 failed'
like 'a name that only ends alike is another' "$out" 'notexample\.com: 1 report of 1 reporter, 1 failed'
unlike 'a subdomain and a customer of our host are ours' "$out" '(sub\.|customer).*: 1 report'
like 'and counted' "$out" ' \| reports=4 '
like 'with their faults told once' "$out" '^tlstriage CRITICAL: 4 reports for the last 7 days, [^,]*, [0-9]+ faults?, '

exits 'JSON' 2 triage status --format json
is 'is JSON' "$(from_json "json_extract(j, '\$.not_ours[0].domain')")" other.example
exits 'a long time without reports' 1 sh -c '"$TLSTRIAGE" --db "$1" --config "$2" --now 2027-06-01T00:00:00Z status' sh "$DB" "$T/tlstriage.conf"
like 'is a warning, too' "$out" '^tlstriage WARNING: no report for the last 7 days'
exits 'a wrong option' 3 triage status --days 0
exits 'a wrong format' 3 triage status --format xml
done_testing
