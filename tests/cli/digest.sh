#!/bin/sh
# digest: the story of the demo told rightly, what period it covers, and that it is sent once.
. tests/lib/cli.sh

mkdir "$T/bin"
PATH=$T/bin:$PATH
export PATH
# A sendmail that keeps what it was given; $T/sleep and $T/status tell it how to behave.
cat >"$T/bin/sendmail" <<EOF
#!/bin/sh
printf '%s\n' "\$*" >"$T/sent.args"
cat >"$T/sent"
[ ! -e "$T/sleep" ] || { : >"$T/asleep"; while [ -e "$T/sleep" ]; do sleep 0.05; done; }
[ ! -e "$T/status" ] || exit "\$(cat "$T/status")"
EOF
chmod +x "$T/bin/sendmail"

# field PATH: a value of the last JSON digest in $T/json.
field() {
    sqlite3 :memory: "SELECT json_extract(readfile('$T/json'), '$1')"
}
# all ARRAY PATH: that value of each element of an array.
all() {
    sqlite3 :memory: "SELECT json_extract(value, '$2')
                        FROM json_each(readfile('$T/json'), '$1')"
}
json() {
    triage digest --format json "$@" >"$T/json" 2>"$T/json.err"
}
# report FILE ID DAY DOMAIN FAILURES
report_file() {
    printf '{"organization-name":"Org %s","date-range":{"start-datetime":"%sT00:00:00Z",
        "end-datetime":"%sT23:59:59Z"},"contact-info":"a@org.example","report-id":"%s",
        "policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce",
        "mx: mx.%s","max_age: 86400"],"policy-domain":"%s","mx-host":["mx.%s"]},
        "summary":{"total-successful-session-count":100,"total-failure-session-count":%s}' \
        "$2" "$3" "$3" "$2" "$4" "$4" "$4" "$5"
    [ "$5" -eq 0 ] || printf ',"failure-details":[{"result-type":"certificate-expired",
        "sending-mta-ip":"192.0.2.9","receiving-mx-hostname":"mx.%s","receiving-ip":"192.0.2.1",
        "failed-session-count":%s}]' "$4" "$5"
    printf '}]}'
}
put() {
    report_file "$@" >"$T/$1.json"
    triage --quiet ingest "$T/$1.json"
}

# Nothing there.
exits 'without a store' 3 triage digest
mkdir "$T/none"
exits 'an empty store' 0 triage --quiet ingest "$T/none"
exits 'has a digest' 0 triage digest --exit-code
like 'that says so' "$out" '^tlstriage: .*([Nn]o|nothing).*report'
exits 'also of a period' 0 triage digest --since 2026-01-01
json
is 'and as JSON' "$(field '$.totals.reports')|$(field '$.faults')" '0|[]'
rm -f "$DB"*

# The story.
cp contrib/demo/tlstriage.conf "$T/tlstriage.conf"
exits 'the demo is read' 0 triage ingest contrib/demo/mail
exits 'its digest' 0 triage digest --since 2026-11-10
story=$out
is 'tells two faults, the worst first' "$(printf '%s\n' "$story" | grep -E '^[0-9]+\. ')" \
    '1. CRITICAL  certificate matches no TLSA record: mx1.example.org
2. MEDIUM  MTA-STS policy could not be fetched: example.com'
like 'what it does to the mail' "$story" '^   The mail     waits, unless another MX host takes it'
like 'how many sessions' "$story" '^   Failed       632 of '
like 'who says so and since when' "$story" '^   Microsoft Corporation     588  2026-11-16  2026-11-18'
like 'the TLSA records that were seen' "$story" '^      3 1 1 9f2c41d0'
like 'commands with the names filled in' "$story" 'openssl s_client .*192\.0\.2\.25:25'
like 'the single failed session in one line' "$story" '^ .*seen once only.*example\.net'
like 'and who reported' "$story" '^   Google Inc\. +28 +57014 '
unlike 'no placeholder is left' "$story" '[{][a-z]+[}]'
unlike 'no line is wider than asked, but for commands' \
    "$(triage digest --since 2026-11-10 --width 60 | grep -v '^         ')" '^.{90}'

# Each number is one that SQL finds.
exits 'the same as JSON' 0 json --since 2026-11-10
is 'is valid' "$(sqlite3 :memory: "SELECT json_valid(readfile('$T/json'))")" 1
is 'has the keys that are documented' "$(sqlite3 :memory: "SELECT group_concat(key, ' ')
    FROM json_each(readfile('$T/json'))")" \
    'format version generated_at headline store domain covers totals faults singles unexplained fine reporters issues arrivals outbound dmarc arrived unreadable not_ours signature_failed'
is 'so has a fault' "$(sqlite3 :memory: "SELECT group_concat(key, ' ') FROM (SELECT key
    FROM json_each(readfile('$T/json'), '\$.faults[0]') ORDER BY key)")" \
    'domains effects_differ failure_type first_day knowledge label last_day layer mail_effect microsoft mode mx policies policy_type reason_codes receiving_ips reporters result_types sending_ips sessions severity since single sources successes who_acts'
is 'and a reporter of it' "$(sqlite3 :memory: "SELECT group_concat(key, ' ') FROM (SELECT key
    FROM json_each(readfile('$T/json'), '\$.faults[0].reporters[0]') ORDER BY key)")" \
    'authenticated_fail contact first_day last_day late newest_day organization received_at reports sessions since successes'
is 'format and version' "$(field '$.format') $(field '$.version')" 'tlstriage-digest 1'
is 'reports' "$(field '$.totals.reports')" "$(query 'SELECT count(*) FROM reports')"
is 'good and failed sessions' "$(field '$.totals.successes')|$(field '$.totals.failures')" \
    "$(query 'SELECT sum(successes), sum(failures) FROM domain_days')"
is 'failed sessions of each fault' "$(all '$.faults' '$.sessions')" \
    "$(query "SELECT sum(sessions) FROM failures WHERE failure_type IN
        ('dane-cert-mismatch', 'sts-policy-fetch-error') GROUP BY failure_type")"
is 'failed sessions told twice under two policies count once' \
    "$(field '$.totals.failures')" "$(($(field '$.faults[0].sessions') +
        $(field '$.faults[1].sessions') + $(field '$.singles[0].sessions')))"
is 'who reported a fault, how often' \
    "$(sqlite3 :memory: "SELECT json_extract(value, '\$.organization'),
        json_extract(value, '\$.sessions'), json_extract(value, '\$.first_day'),
        json_extract(value, '\$.last_day')
        FROM json_each(readfile('$T/json'), '\$.faults[0].reporters')")" \
    "$(query "SELECT organization, sum(sessions), min(day), max(day) FROM failures
        WHERE failure_type = 'dane-cert-mismatch' GROUP BY 1 ORDER BY 2 DESC")"
is 'result types of a fault' "$(all '$.faults[0].result_types' '$.sessions')" \
    "$(query "SELECT sum(sessions) FROM failures WHERE failure_type = 'dane-cert-mismatch'
        GROUP BY result_type ORDER BY 1 DESC")"
is 'days of a fault' "$(field '$.faults[1].first_day')|$(field '$.faults[1].last_day')" \
    "$(query "SELECT min(day), max(day) FROM failures
        WHERE failure_type = 'sts-policy-fetch-error'")"
is 'reports of each reporter' "$(sqlite3 :memory: "SELECT json_extract(value, '\$.organization'),
        json_extract(value, '\$.reports') FROM json_each(readfile('$T/json'), '\$.reporters')")" \
    "$(query 'SELECT organization, count(*) FROM reports GROUP BY 1 ORDER BY 2 DESC, 1')"
is 'issues of the reports of that time' "$(all '$.issues' '$.what')" \
    "$(query 'SELECT kind FROM issues WHERE report IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC')"
is 'and how many' "$(all '$.issues' '$.count')" "$(query 'SELECT count(*) FROM issues
    WHERE report IS NOT NULL GROUP BY kind ORDER BY 1 DESC')"
like 'also in the text' "$story" '^   Issues       report 19, json 1$'
printf '%s\n' "$story" | sed -n '/ sql "/,/[^"]"$/p' | sed "s|tlstriage --db|'$TLSTRIAGE' --db|" \
    >"$T/query"
exits 'the question that it prints' 0 sh "$T/query"
like 'is answered' "$out" '^Microsoft Corporation\|RFC 8460, section 4\.4\|.*\|5$'
is 'what came in beside them is of no period' "$(field '$.arrivals')|$(field '$.totals.not_yet_read')" \
    '[]|0'
is 'severity, layer and effect are words of the views' "$(all '$.faults' '$.severity')
$(all '$.faults' '$.layer')
$(all '$.faults' '$.mail_effect')" 'critical
medium
tlsa
mta-sts
deferred
none'

# --domain
json --since 2026-11-10 --domain example.com
is '--domain tells of one domain' "$(all '$.faults' '$.failure_type')|$(field '$.domain')" \
    'sts-policy-fetch-error|example.com'
is 'and counts its sessions' "$(field '$.totals.failures')" \
    "$(query "SELECT sum(failures) FROM domain_days WHERE domain = 'example.com'")"
is 'and the issues of its reports' "$(all '$.issues' '$.count')" "$(query "SELECT count(*)
    FROM issues WHERE report IN (SELECT report FROM policies WHERE domain = 'example.com')")"
json --since 2026-11-10 --domain EXAMPLE.com.
is 'however it is written' "$(field '$.domain')" example.com
exits 'a domain that nobody reported' 0 triage digest --since 2026-11-10 --domain none.example \
    --exit-code
unlike 'has no fault' "$out" '^1\. [A-Z]+  '
like 'but says that no report came' "$out" '^tlstriage: no report'

# --since and --until: days are inclusive.
json --since 2026-11-18 --until 2026-11-18
is 'one day is both its begin and its end' "$(field '$.totals.reports')" \
    "$(query "SELECT count(*) FROM reports WHERE date(begins_at) = '2026-11-18'")"
is 'with the sessions of that day' "$(field '$.totals.failures')" \
    "$(query "SELECT sum(failures) FROM domain_days WHERE day = '2026-11-18'")"
is 'the period is said' "$(field '$.covers.from')|$(field '$.covers.to')|$(field '$.covers.by')" \
    '2026-11-18T00:00:00Z|2026-11-18T23:59:59Z|period'
like 'with the last day that it covers' "$(triage digest --since 2026-11-16 --until 2026-11-18)" \
    '^Reports about 2026-11-16 to 2026-11-18:'
like 'up to the last one there is' "$(triage digest --since 2026-11-16 --until 9999-12-31)" \
    '^Reports about 2026-11-16 to 9999-12-31:'
run triage digest --until 2026-11-15
unlike 'no begin is made up for one that has none' "$out" '1970'
json --until 2026-11-15
is '--until alone' "$(field '$.totals.reports')|$(field '$.faults')" \
    "$(query "SELECT count(*) FROM reports WHERE date(begins_at) <= '2026-11-15'")|[]"
json --since 2026-11-18T00:00:01Z
is 'a time is as exact as it is written' "$(field '$.totals.reports')" \
    "$(query "SELECT count(*) FROM reports WHERE begins_at > '2026-11-18T00:00:00Z'")"
exits 'a period that ends before it begins' 2 triage digest --since 2026-11-19 --until 2026-11-18
like 'is said, not taken for silence' "$err" '--until.*before'
exits 'a day that is none' 2 triage digest --since 2026-02-30
exits 'nor in words' 2 triage digest --until yesterday

# --all and --exit-code
exits 'faults and --exit-code' 1 triage digest --since 2026-11-10 --exit-code
exits 'faults without it' 0 triage digest --since 2026-11-10
exits 'no fault and --exit-code' 0 triage digest --until 2026-11-15 --exit-code
like 'the title says it' "$(printf '%s\n' "$out" | head -n 1)" '^tlstriage: .*(no|nothing|fine)'
like 'the number of domains that are fine' "$out" '3 domains without a failure'
exits '--all' 0 triage digest --until 2026-11-15 --all
for domain in example.com example.net example.org; do
    like "lists $domain" "$out" "^   $domain "
done
json --until 2026-11-15 --all
is 'also in JSON' "$(all '$.fine' '$.domain')" 'example.com
example.net
example.org'
json --until 2026-11-15
is 'which is null without it' "$(field '$.fine')|$(field '$.totals.fine_domains')" '|3'
for width in -5 0 wide; do
    exits "--width $width is no width" 2 triage digest "--width=$width"
done
exits 'an unknown format' 2 triage digest --format html
like 'the message lists those that are known' "$err" 'text.*json.*mail'

if [ -c /dev/full ]; then
    exits 'a digest that cannot be written' 3 sh -c '"$@" >/dev/full' sh "$TLSTRIAGE" --db "$DB" \
        --config "$T/tlstriage.conf" --now "$NOW" digest --since 2026-11-10
    like 'is no success' "$err" 'cannot write'
else
    skip 'a digest that cannot be written' 'no /dev/full'
fi

# A mail on standard output.
exits 'a mail' 0 triage digest --since 2026-11-10 --format mail
header=$(printf '%s\n' "$out" | sed '/^$/q')
like 'has a subject that says the result' "$header" '^Subject: .*2 faults, 1 critical: mx1\.example\.org'
like 'and the same story' "$out" '^1\. CRITICAL  certificate matches no TLSA record: mx1'

# What came in beside the reports, and is not in any period.
json
is 'counts of issues' "$(all '$.issues' '$.count')" \
    "$(query 'SELECT count(*) FROM issues GROUP BY kind ORDER BY 1 DESC, kind')"
is 'counts of arrivals' "$(sqlite3 :memory: "SELECT sum(json_extract(value, '\$.count'))
    FROM json_each(readfile('$T/json'), '\$.arrivals')")" "$(query 'SELECT count(*) FROM arrivals')"
is 'the DMARC report is read' "$(field '$.totals.not_yet_read')|$(field '$.dmarc[0].reports')" '0|1'

# Many domains behind one MX host with one failure are one fault. All are ours: none is listed.
DB=$T/many.db
: >"$T/tlstriage.conf"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    report_file x "$i" 2026-11-21 "customer$i.test" "$i" | sed 's/mx\.customer[0-9]*\.test/mx.host.test/g' \
        >"$T/customer$i.json"
done
exits 'reports about the customers of one host' 0 triage --quiet ingest "$T"/customer*.json
exits 'their digest' 0 triage digest
is 'has one section' "$(printf '%s\n' "$out" | grep -cE '^[0-9]+\. [A-Z]+  ')" 1
like 'named after the host' "$out" '^1\. [A-Z]+  certificate expired: mx\.host\.test$'
like 'with the sum of the sessions' "$out" '^   Failed       78 of 1278 '
json
is 'and a list of the domains, the worst first' "$(all '$.faults[0].domains' '$.sessions')" '12
11
10
9
8
7
6
5
4
3
2
1'
printf '[analyze]\nskip-unauthenticated = true\n[ingest]\nauthserv-id = mx.test\n' >"$T/tlstriage.conf"
{
    printf 'Authentication-Results: mx.test; dkim=fail header.d=org.example\nFrom: a@org.example\n'
    printf 'Content-Type: application/tlsrpt+json\n\n'
    report_file x forged 2026-11-21 customer1.test 900
} >"$T/forged.eml"
exits 'a mail whose signature failed' 0 triage --quiet ingest "$T/forged.eml"
is 'is marked' "$(query "SELECT authenticated FROM reports WHERE external_id = 'forged'")" fail
json
is 'and left out where the configuration says so' "$(field '$.totals.failures')" 78
: >"$T/tlstriage.conf"
json
is 'else told' "$(field '$.totals.failures')" 978
is 'with who could not prove to be who it is' "$(field '$.faults[0].reporters[0].authenticated_fail')" 1

# By default: what came in during the last 24 hours, then since the last one that was sent.
DB=$T/period.db
: >"$T/tlstriage.conf"
NOW=2026-11-20T08:00:00Z
put first 1 2026-11-19 example.com 3
NOW=2026-11-21T07:00:00Z
put second 2 2026-11-20 example.com 4
json
is 'first the last 24 hours' "$(field '$.covers.from')|$(field '$.covers.to')|$(field '$.covers.by')" \
    '2026-11-20T07:00:00Z|2026-11-21T07:00:00Z|arrival'
is 'with what came in' "$(field '$.totals.reports')|$(field '$.totals.failures')" '2|7'
NOW=2026-11-21T09:00:00Z
json
is 'and no more' "$(field '$.totals.reports')|$(field '$.totals.failures')" '1|4'
exits 'printing it makes no difference' 0 triage digest
is 'nothing is sent' "$(ls "$T"/sent* 2>/dev/null)" ''
exits 'one is sent' 0 triage digest --to 'Post Master <postmaster@example.com>'
is 'nothing is printed' "$out$err" ''
is 'sendmail is called so' "$(cat "$T/sent.args")" '-t -oi'
header=$(tr -d '\r' <"$T/sent" | sed '/^$/q')
like 'To' "$header" '^To: Post Master <postmaster@example\.com>$'
like 'Subject' "$header" '^Subject: .*1 fault.*mx\.example\.com'
like 'Date' "$header" '^Date: Sat, 21 Nov 2026 09:00:00 \+0000$'
like 'Message-ID' "$header" '^[Mm]essage-[Ii][Dd]: <[^<> ]+@[^<> ]+>$'
like 'Auto-Submitted' "$header" '^Auto-Submitted: auto-generated$'
like 'MIME-Version' "$header" '^MIME-Version: 1\.0$'
like 'Content-Type' "$header" '^Content-Type: text/plain; charset=utf-8$'
like 'the body is the digest' "$(cat "$T/sent")" '^1\. [A-Z]+  certificate expired: mx\.example\.com'
message_id=$(printf '%s\n' "$header" | grep -i '^message-id:')
NOW=2026-11-23T07:00:00Z
json
is 'then since that one' "$(field '$.covers.from')|$(field '$.totals.reports')" '2026-11-21T09:00:00Z|0'
put third 3 2026-11-21 example.com 5
exits 'the next one' 0 triage digest --to postmaster@example.com
like 'tells only what came since' "$(cat "$T/sent")" '^   Failed       5 of '
unlike 'its Message-ID is another' "$(cat "$T/sent")" "^$message_id"
NOW=2026-11-23T08:00:00Z
put fourth 4 2026-11-22 example.com 6
exits 'one about a past period is sent' 0 triage digest --to a@example.com --since 2026-11-01
exits 'and one about one domain' 0 triage digest --to a@example.com --domain example.com
json
is 'these are not what came in: it is still to be told' "$(field '$.totals.failures')" 6

# A sendmail that fails.
echo 75 >"$T/status"
exits 'a sendmail that fails' 3 triage digest --to a@example.com
like 'is said' "$err" 'sendmail.*75'
json
is 'and nothing counts as told' "$(field '$.totals.failures')" 6
rm "$T/status"
mv "$T/bin/sendmail" "$T/bin/sendmail.real"
printf '#!/bin/sh\nexit 0\n' >"$T/bin/sendmail"
chmod +x "$T/bin/sendmail"
run triage digest --to a@example.com --since 2026-11-01
like 'a sendmail that does not read is no crash' "$status" '^[03]$'
mv "$T/bin/sendmail.real" "$T/bin/sendmail"
exits 'an address that is none' 3 triage digest --to '<'
exits '--to goes with a mail only' 2 triage digest --to a@example.com --format json
rm -f "$T/sent"
exits 'an address that would be a header field' 0 triage digest --since 2026-11-01 \
    --to "$(printf 'a@example.com\nBcc: b@example.com')"
unlike 'makes none' "$(sed '/^$/q' "$T/sent")" '^Bcc'

# Two at once.
: >"$T/sleep"
triage digest --to a@example.com >"$T/one.out" 2>&1 &
one=$!
i=0
while [ ! -e "$T/asleep" ] && [ $i -lt 100 ]; do
    sleep 0.05
    i=$((i + 1))
done
exits 'a second digest while one is being sent' 3 triage digest --to b@example.com
like 'says so' "$err" 'another digest is being sent'
exits 'one that is only printed is none' 0 triage digest
rm "$T/sleep"
wait "$one"
is 'the first one is sent' "$?" 0
like 'to whom it should be' "$(cat "$T/sent")" '^To: a@example\.com'
json
is 'and told' "$(field '$.totals.reports')" 0

# To whom the configuration says.
printf '[digest]\nto = daily@example.com\nfrom = TLS <tlstriage@example.com>\n' >"$T/tlstriage.conf"
exits 'an empty --to' 0 triage digest --to ''
like 'means [digest] to' "$(cat "$T/sent")" '^To: daily@example\.com'
like 'From is [digest] from' "$(cat "$T/sent")" '^From: TLS <tlstriage@example\.com>'
like 'no report at all is a result too' "$(cat "$T/sent")" '^Subject: tlstriage: .*([Nn]o|nothing).*report'
: >"$T/tlstriage.conf"
exits 'without configuration' 0 triage digest --to ''
like 'it is postmaster' "$(cat "$T/sent")" '^To: postmaster$'
done_testing
