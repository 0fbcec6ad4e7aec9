#!/bin/sh
# status: one line and an exit status for monitoring; what came in by kind and sender; what is about
# domains that are not ours.
. tests/lib/cli.sh

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
like 'the line begins as plugins do' "$out" '^tlstriage OK: 1 report in 7 days, the newest about 2026-11-20'
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
exits 'JSON' 1 triage status --format json
ok 'is JSON' sh -c 'printf %s "$1" | jq -e ".not_ours[0].domain == \"other.example\"" ||
    printf %s "$1" | grep -q other.example' sh "$out"
exits 'a long time without reports' 1 sh -c '"$TLSTRIAGE" --db "$1" --config "$2" --now 2027-06-01T00:00:00Z status' sh "$DB" "$T/tlstriage.conf"
like 'is a warning, too' "$out" '^tlstriage WARNING: no report in 7 days'
exits 'a wrong option' 3 triage status --days 0
exits 'a wrong format' 3 triage status --format xml
done_testing
