#!/bin/sh
# What a digest says of our own mail server's log: what failed at others and what became of the
# mail, whether it is them or our resolver, what waits, and what clients met here beside reports.
. tests/lib/cli.sh

fresh() {
    rm -f "$DB" "$DB"-*
}
# A delivery of Exim's: sent DAY-TIME ID DOMAIN CV; mismatch and lookup: deferred.
sent() {
    echo "$1 +0000 [51] $2 => u@$3 R=dnslookup T=remote_smtp H=mx.$3 DS [192.0.2.10]:25 X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=$4 DN=\"/CN=mx.$3\" C=\"250 Ok\" QT=1s DT=1s"
}
mismatch() {
    echo "$1 +0000 [52] $2 DANE attempt failed; TLS connection to mx.$3 [192.0.2.20]: (SSL_connect): error:0A000086:SSL routines::certificate verify failed"
    echo "$1 +0000 [52] $2 == jane@$3 R=dnslookup T=remote_smtp defer (-37) H=mx.$3 DS [192.0.2.20]:25 DT=1s: TLS session: (SSL_connect): error:0A000086:SSL routines::certificate verify failed"
}
lookup() {
    echo "$1 +0000 [53] $2 H=mx.$3 [192.0.2.30]:25: DANE error: tlsa lookup DEFER"
    echo "$1 +0000 [53] $2 == u@$3 R=dnslookup T=remote_smtp defer (-36) DT=0s: DANE error: tlsa lookup DEFER"
}

# A report without a failure.
cat >"$T/good.json" <<'END'
{"organization-name":"Org","date-range":{"start-datetime":"2026-11-21T00:00:00Z",
 "end-datetime":"2026-11-21T23:59:59Z"},"contact-info":"a@org.example","report-id":"good",
 "policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce",
   "mx: mx.example.com","max_age: 86400"],"policy-domain":"example.com"},
   "summary":{"total-successful-session-count":5,"total-failure-session-count":0}}]}
END

# from_json SQL: what the SQL gives of the JSON in $out, which it names j.
from_json() {
    printf '%s' "$out" >"$T/json"
    sqlite3 :memory: "SELECT $1 FROM (SELECT CAST(readfile('$T/json') AS TEXT) AS j)"
}

# Nothing of a log, nothing about logs.
exits 'a store without a log' 0 triage ingest contrib/demo/mail
like 'the first reports bring the hint that logs can be read' "$out" '^  tlstriage ingest /var/log/mail\.log'
exits 'read again' 0 triage ingest contrib/demo/mail
unlike 'it is not said again' "$out" 'mail\.log'
run triage digest --width 400
unlike 'says nothing about logs' "$out" 'mail server.s log|own mail server'
run triage digest --width 400 --format json
is 'in JSON neither' "$(from_json "json_type(j, '\$.outbound')")" null
fresh

# One destination whose certificate fits no TLSA record.
{
    sent '2026-11-10 08:00:00' 1xA000-000000000AA-0aaa bad.example dane
    mismatch '2026-11-21 20:10:00' 1xA001-000000000AB-0aab bad.example
    mismatch '2026-11-21 21:10:00' 1xA001-000000000AB-0aab bad.example
    mismatch '2026-11-21 21:20:00' 1xA002-000000000AC-0aac bad.example
    sent '2026-11-21 21:30:00' 1xA003-000000000AD-0aad good.example dane
    sent '2026-11-21 22:30:00' 1xA004-000000000AE-0aae good.example dane
} >"$T/mainlog"
touch -d '2026-11-22T06:00:00Z' "$T/mainlog"
exits 'a log with a bad destination' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 400
like 'the headline names it' "$out" '^tlstriage: 1 fault, high: our mail to mx\.bad\.example'
like 'as a finding' "$out" '^1\. HIGH  Our mail to mx\.bad\.example: certificate matches no TLSA record'
like 'with the messages' "$out" 'The mail +2 messages held back'
like 'when a session was good' "$out" 'Last good +in the hour from 2026-11-10 08:00 UTC \(verified\)'
like 'who was verified until when' "$out" 'DANE verified it until 2026-11-10'
like 'a text to write to them' "$out" 'Subject: mail for bad\.example: your certificate matches no'
like 'an exception ends' "$out" 'temporary exception to 2026-11-29'
like 'where DANE held' "$out" 'DANE held: 2 sessions with 1 domain'
unlike 'but no local part' "$out" 'jane'
exits 'it is a finding to --exit-code' 1 triage digest --exit-code
run triage digest --width 400 --format json
finding='$.outbound.findings[0]'
is 'JSON counts' "$(from_json "json_extract(j, '$finding.failure_type', '$finding.severity',
    '$finding.messages', '$finding.attempts', '$finding.held', '$finding.returned',
    '$finding.domains[0].verified_hour', '$finding.mail_effect')")" \
    '["dane-cert-mismatch","high",2,3,2,0,"2026-11-10T08:00:00Z","deferred"]'
ids=$(from_json "(SELECT group_concat(value) FROM json_each(j, '$finding.log_failures'))")
is 'and names the rows' \
    "$(query "SELECT count(*) FROM log_failures WHERE log_failure IN ($ids) AND domain = 'bad.example'")" 3
sql=$(from_json "json_extract(j, '$finding.query')")
ok 'its query can be asked' sh -c '[ "$("$0" --db "$1" sql "$2" | grep -c bad.example)" -ge 3 ]' \
    "$TLSTRIAGE" "$DB" "$sql"
run triage digest --width 400 --format mail
like 'the mail has it in its subject' "$out" '^Subject: tlstriage: 1 fault, high: our mail to'
run triage digest --width 400 --domain bad.example
like 'asked for that domain' "$out" 'Our mail to mx\.bad\.example'
run triage digest --width 400 --domain other.example
unlike 'another domain has nothing of it' "$out" 'mail server.s log|Our mail to'

# What waits.
cat >"$T/queue" <<'END'
{"queue_name": "deferred", "queue_id": "4A", "arrival_time": 1795300000, "recipients": [{"address": "jo@bad.example", "delay_reason": "TLS session: (SSL_connect): error:0A000086:SSL routines::certificate verify failed"}]}
{"queue_name": "deferred", "queue_id": "4B", "arrival_time": 1795300000, "recipients": [{"address": "jo@bad.example", "delay_reason": "mailbox full"}]}
Mail queue is odd
END
run triage digest --width 400 --queue "$T/queue"
like 'the queue is counted' "$out" 'In the queue: 2 messages, of which 1 waits'
like 'what cannot be read of it as well' "$out" '1 line of what was given as the queue'
like 'and stands with the finding' "$out" 'In the queue +1 message$'
ok 'also from standard input' sh -c '"$0" --db "$1" --now "$2" digest --queue - <"$3" | grep -q "2 messages, of which 1"' \
    "$TLSTRIAGE" "$DB" "$NOW" "$T/queue"
exits 'a queue that is not there' 3 triage digest --queue "$T/none"

# An exception lets mail through, unverified: that is not the end of it.
{
    cat "$T/mainlog"
    sent '2026-11-22 03:30:00' 1xA005-000000000AF-0aaf bad.example no
} >"$T/mainlog.2"
triage --db "$T/exception.db" --quiet ingest --timezone UTC "$T/mainlog.2"
run triage --db "$T/exception.db" digest --width 400
like 'mail that goes again without the check is told as that' "$out" \
    'Delivered since, but unverified or in clear; if that is by an exception of yours, test and remove it: mx\.bad\.example'
unlike 'and not as done' "$out" 'nothing to do: mx\.bad'

# A log that is read late is told once; a digest that was sent is not sent again.
mkdir "$T/bin"
printf '#!/bin/sh\ncat >"%s"\n' "$T/sent" >"$T/bin/sendmail"
chmod +x "$T/bin/sendmail"
PATH=$T/bin:$PATH
exits 'a digest is sent' 0 triage digest --to postmaster@our.example
NOW=2026-11-22T08:00:00Z
run triage digest --width 400
unlike 'the next says nothing of what it told' "$out" 'Our mail to'
mismatch '2026-11-01 20:10:00' 1xB001-000000000AB-0aab late.example >"$T/oldlog"
mismatch '2026-11-01 21:10:00' 1xB001-000000000AB-0aab late.example >>"$T/oldlog"
touch -d '2026-11-02T06:00:00Z' "$T/oldlog"
exits 'a log of weeks ago' 0 triage ingest --timezone UTC "$T/oldlog"
run triage digest --width 400
like 'is told when it comes in' "$out" 'Our mail to mx\.late\.example'
run triage digest --width 400 --since 2026-11-21 --until 2026-11-22
unlike 'and not for days it is not about' "$out" 'late\.example'

# Who only reads logs is not told every day that reports stay away, nor what to check then.
fresh
NOW=2026-11-22T07:00:00Z
{
    sent '2026-11-21 21:30:00' 1xA003-000000000AD-0aad good.example dane
    mismatch '2026-11-21 22:10:00' 1xA001-000000000AB-0aab bad.example
    mismatch '2026-11-21 22:30:00' 1xA001-000000000AB-0aab bad.example
} >"$T/mainlog"
touch -d '2026-11-22T06:00:00Z' "$T/mainlog"
exits 'a log and never a report' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 400
like 'says what logs cannot tell' "$out" '^No TLS report came in so far.*what fails on the way to you'
like 'and how to ask for it' "$out" 'dig \+short TXT _smtp\._tls\.DOMAIN'
unlike 'without a list of checks' "$out" 'That says nothing|deliver`: send one|FROM arrivals|--since DAY'
run triage digest --width 400 --domain bad.example
like 'asked for a destination' "$out" '^No report is about this domain\. If it is one of yours, '
unlike 'neither' "$out" 'That says nothing'
exits 'a warning of the finding' 1 triage status
like 'of nothing else' "$out" '^tlstriage WARNING: no report so far, 3 sessions of our log in 7 days, 1 fault, high:'
fresh
sed -i '/bad/d' "$T/mainlog"
exits 'a good log' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 400
like 'has a headline of its own' "$out" '^tlstriage: no fault in 1 session of our log$'
exits 'and no warning' 0 triage status
like 'but says that there are no reports' "$out" '^tlstriage OK: no report so far, 1 session of our log in 7 days, nothing fails'
NOW=2026-12-05T07:00:00Z
exits 'a log that has ended is a warning' 1 triage status
like 'as there is nothing to judge by' "$out" '^tlstriage WARNING: no report for the last 7 days, and our log has no session with others'
run triage digest --width 400
like 'a log of earlier days is told with a command' "$out" 'What it tells of the week before:$'
command=$(printf '%s\n' "$out" | sed -n 's/^ *tlstriage \(.*digest --since .*\)/\1/p')
ok 'that finds its sessions' sh -c 'eval "\"\$0\" --now \"$2\" $1 --width 400" | grep -q "1 session with 1 domain"' \
    "$TLSTRIAGE" "$command" "$NOW"
NOW=2026-11-22T07:00:00Z
exits 'with good reports' 0 triage ingest "$T/good.json"
unlike 'who reads logs is not told that they can be read' "$out" 'mail\.log'
run triage digest --width 400
like 'it says whose sessions did not fail' "$out" '^Nothing on the way to us failed\. The reports below'
NOW=2026-11-23T07:30:00Z
run triage digest --width 400
like 'reports that stay away are told then' "$out" '^No report came in\. That says nothing about your TLS'

# Lookups that fail for many at once: us.
fresh
NOW=2026-11-22T07:00:00Z
{
    sent '2026-11-20 08:00:00' 1xA000-000000000AA-0aaa a.example dane
    lookup '2026-11-22 05:10:00' 1xA001-000000000AB-0aab a.example
    lookup '2026-11-22 05:15:00' 1xA002-000000000AC-0aac b.example
    lookup '2026-11-22 05:20:00' 1xA003-000000000AD-0aad c.example
    lookup '2026-11-22 05:40:00' 1xA001-000000000AB-0aab a.example
} >"$T/mainlog"
touch -d '2026-11-22T06:00:00Z' "$T/mainlog"
exits 'a log of an outage' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 400
like 'our resolver is told' "$out" '^1\. CRITICAL  our resolver fails'
like 'once' "$out" '^tlstriage: 1 fault, critical: our mail server: our resolver fails'
unlike 'and nobody else is blamed' "$out" 'Our mail to|What to write to their'

# The months' first day sums what nobody asked more of.
fresh
NOW=2026-12-01T07:00:00Z
{
    echo '2026-11-12 08:00:00 +0000 [51] 1xA000-000000000AA-0aaa => u@clear.example R=dnslookup T=remote_smtp H=mx.clear.example [192.0.2.10]:25 C="250 Ok" QT=1s DT=1s'
    echo '2026-11-13 08:00:00 +0000 [51] 1xA000-000000000AB-0aaa => u@clear.example R=dnslookup T=remote_smtp H=mx.clear.example [192.0.2.10]:25 C="250 Ok" QT=1s DT=1s'
    i=10
    while [ $i -lt 40 ]; do
        echo "2026-11-14 08:00:00 +0000 [51] 1xA0$i-000000000AB-0aaa => u@big.example R=dnslookup T=remote_smtp H=mx$((i % 2)).$([ $i -lt 25 ] && echo web.de || echo gmx.net) [192.0.2.10]:25 X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C=\"250 Ok\" QT=1s DT=1s"
        i=$((i + 1))
    done
} >"$T/mainlog"
touch -d '2026-11-30T06:00:00Z' "$T/mainlog"
exits 'a log of a month' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 400
like 'on the first day the month is told' "$out" 'In clear in 2026-11, .*: 2'
like 'and that DANE verified nothing' "$out" \
    'DANE verified no session in 2026-11, although 30 sessions .*: gmx\.net \(15\), web\.de \(15\)'
NOW=2026-12-02T07:30:00Z
run triage digest --width 400
unlike 'on the second not again' "$out" 'In clear in'

# With whom DANE held in every session for months.
fresh
NOW=2026-12-01T07:00:00Z
i=0
while [ $i -lt 100 ]; do
    day=$(date -u -d "2026-08-24 $i days" +%F)
    for domain in steady other; do
        cv=dane
        [ $i = 60 ] && [ $domain = other ] && cv=no
        echo "$day 08:00:00 +0000 [51] 1xA$((i + 100))-000000000AB-0aa${domain%"${domain#?}"} => u@$domain.example R=dnslookup T=remote_smtp H=mx.$domain.example [192.0.2.10]:25 X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=$cv C=\"250 Ok\" QT=1s DT=1s"
    done
    i=$((i + 1))
done >"$T/mainlog"
touch -d '2026-12-01T06:00:00Z' "$T/mainlog"
exits 'a log of months' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 900
like 'who might be held to DANE is told' "$out" \
    'DANE verified every session of 90 days or more, up to the end of 2026-11, with 1 destination: steady\.example \(99\)\. .*dane-only'
run triage digest --format json
is 'in JSON too' "$(printf '%s\n' "$out" | tr -d ' \n' | grep -o '"steady":[^]]*]')" \
    '"steady":[{"text":"steady.example","sessions":99}]'

# What failed once stands in the headline, though it is no fault.
fresh
NOW=2026-11-22T07:00:00Z
{
    sent '2026-11-21 21:30:00' 1xA003-000000000AD-0aad good.example dane
    mismatch '2026-11-21 22:10:00' 1xA001-000000000AB-0aab bad.example
    sent '2026-11-21 23:30:00' 1xA001-000000000AB-0aab bad.example dane
} >"$T/mainlog"
exits 'one that failed once' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 400
like 'has no fault, and does not hide it' "$out" \
    '^tlstriage: no new fault; 1 of 3 sessions of our log failed$'

# Given up within the days asked for, of a failure before them: sessions are those of these days.
fresh
{
    mismatch '2026-11-10 20:10:00' 1xA001-000000000AB-0aab bad.example
    mismatch '2026-11-10 22:10:00' 1xA001-000000000AB-0aab bad.example
    sent '2026-11-11 21:30:00' 1xA003-000000000AD-0aad good.example dane
    echo '2026-11-17 22:10:00 +0000 [52] 1xA001-000000000AB-0aab ** jane@bad.example: retry timeout exceeded'
    sent '2026-11-20 21:30:00' 1xA004-000000000AE-0aae good.example dane
} >"$T/mainlog"
exits 'mail given up after a week' 0 triage ingest --timezone UTC "$T/mainlog"
run triage digest --width 400 --since 2026-11-15
like 'what was given up is told' "$out" '1 message returned to its author'
like 'with the sessions of the days asked for' "$out" \
    'log from 2026-11-20 21:00 UTC on: 1 session with 1 domain, 0 failed'
run triage status --days 7
like 'likewise by status' "$out" 'no report so far, 1 session of our log in 7 days'

# A client that failed here and takes our mail is a mail server; all dialects know its address.
failed_client() {
    echo "Nov 21 10:10:0$1 mx1 postfix/smtpd[9]: SSL_accept error from unknown[$2]: -1"
    echo "Nov 21 10:10:0$1 mx1 postfix/smtpd[9]: lost connection after STARTTLS from unknown[$2]"
    echo "Nov 21 10:10:0$1 mx1 postfix/smtpd[9]: disconnect from unknown[$2] ehlo=1 starttls=0/1 commands=1/2"
}
fresh
{
    echo 'Nov 21 09:00:00 mx1 postfix/smtp[7]: Trusted TLS connection established to mx.peer.example[192.0.2.7]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)'
    echo 'Nov 21 09:00:01 mx1 postfix/smtp[7]: 4F0000001: to=<u@peer.example>, relay=mx.peer.example[192.0.2.7]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)'
    echo 'Nov 21 09:00:02 mx1 halon: {"tlstriage": 1, "domain": "halon.example", "mx": "mx.halon.example", "ip": "192.0.2.9", "status": "delivered", "tls": {"started": true, "protocol": "TLSv1.3"}}'
    failed_client 1 192.0.2.7
    failed_client 2 203.0.113.66
    failed_client 3 192.0.2.9
    failed_client 4 192.0.2.10
    failed_client 5 192.0.2.7
} >"$T/mail.log"
touch -d '2026-11-22T06:00:00Z' "$T/mail.log"
exits 'a log of Postfix and Halon' 0 triage ingest --timezone UTC "$T/mail.log"
sent '2026-11-21 22:30:00' 1xA004-000000000AE-0aae good.example dane >"$T/mainlog"
exits 'a log of Exim' 0 triage ingest "$T/mainlog"
run triage digest --width 400
like 'a mail server among the clients' "$out" \
    'mx\.peer\.example \(192\.0\.2\.7\) takes our mail, so it is a mail server\. At ours 2 sessions'
like 'of Halon' "$out" 'mx\.halon\.example \(192\.0\.2\.9\) takes our mail'
like 'of Exim' "$out" 'mx\.good\.example \(192\.0\.2\.10\) takes our mail'
like 'the others are counted' "$out" '5 sessions of clients failed'
unlike 'no scanner' "$out" '203\.0\.113\.66'
run triage digest --width 400 --domain peer.example
unlike 'of one domain: nobody knows for whom the mail was' "$out" 'takes our mail'

# Clients that look at our certificate and go, in the hour of one row.
fresh
for second in 11 22 33; do
    D="2026-11-21T20:10:$second.000000+00:00 mx postfix/smtpd[71]:"
    echo "$D connect from c.example[192.0.2.77]"
    echo "$D Anonymous TLS connection established from c.example[192.0.2.77]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
    echo "$D disconnect from c.example[192.0.2.77] ehlo=1 starttls=1 quit=1 commands=3"
done >"$T/mail.log"
exits 'a log of clients that leave' 0 triage ingest "$T/mail.log"
is 'each has left' "$(query 'SELECT sum(sessions) FROM log_failures')" 3
is 'after a session that did not fail' "$(query 'SELECT outcome, sessions FROM deliveries')" 'anonymous|3'
run triage digest --width 400
like 'the digest says as many' "$out" '^ +3 sessions of clients failed at our server'

# A certificate that nobody asked for, and mail that was refused for another cause.
fresh
{
    echo '2026-11-21 20:10:00 +0000 [52] 1xA001-000000000AB-0aab [192.0.2.20] SSL verify error: depth=0 error=certificate has expired cert=/CN=mx.bad.example'
    echo '2026-11-21 20:10:01 +0000 [52] 1xA001-000000000AB-0aab ** u@bad.example R=dnslookup T=remote_smtp H=mx.bad.example [192.0.2.20] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no: SMTP error from remote mail server after end of data: 550 spam'
} >"$T/mainlog"
exits 'a log of mail refused as spam' 0 triage ingest "$T/mainlog"
is 'the row does not say that it was delivered' "$(query 'SELECT outcome FROM log_failures')" unknown
run triage digest --width 400
like 'that is no fault of TLS' "$out" '^tlstriage: no fault in 1 session of our log'

# Postfix up to 3.5 is silent about what does not match where the chain is trusted: the name, a TLSA
# record or a fingerprint. So nobody is told that it was the name.
fresh
unmatched() {
    echo "Nov 21 $1 mx postfix/smtp[71]: Trusted TLS connection established to mx.bad.example[192.0.2.20]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
    echo "Nov 21 $1 mx postfix/smtp[71]: $2: to=<u@bad.example>, relay=mx.bad.example[192.0.2.20]:25, delay=9, delays=0/0/9/0, dsn=4.7.5, status=deferred (Server certificate not verified)"
}
{
    unmatched 20:10:00 4AAAA1111A
    unmatched 21:10:00 4AAAA1111A
} >"$T/mail.log"
touch -d '2026-11-22T06:00:00Z' "$T/mail.log"
exits 'a log of Postfix 3.5' 0 triage ingest --timezone UTC "$T/mail.log"
run triage digest --width 400
like 'the text says what else it may be' "$out" 'Postfix up to 3\.5 writes .* TLSA records'
unlike 'the letter does not claim the name' "$out" 'certificate lacks the name'
like 'but all that it may be' "$out" 'or the TLSA records of the MX host'
fresh
{
    echo 'Nov 21 20:10:00 mx postfix/smtp[71]: certificate verification failed for mx.bad.example[192.0.2.20]:25: num=62:hostname mismatch'
    unmatched 20:10:00 4AAAA1111A | sed 's/Trusted/Untrusted/'
    unmatched 21:10:00 4AAAA1111A | sed 's/Trusted/Untrusted/'
} >"$T/mail.log"
touch -d '2026-11-22T06:00:00Z' "$T/mail.log"
exits 'a log of a later Postfix' 0 triage ingest --timezone UTC "$T/mail.log"
run triage digest --width 400
unlike 'where the log tells there is no doubt' "$out" 'Postfix up to 3\.5'
like 'and the letter names it' "$out" 'certificate lacks the name'
like 'with what TLS said' "$out" 'The error: Server certificate not verified \(num=62:hostname mismatch\)'

# Exim waits for usable records at hosts_try_dane too: no rule of ours is to blame.
fresh
for minute in 10 40; do
    echo "2026-11-21 20:$minute:00 +0000 [52] 1xA001-000000000AB-0aab == jane@bad.example R=dnslookup T=remote_smtp defer (-36) H=mx.bad.example [192.0.2.20]:25 DT=0s: DANE error: No usable TLSA records"
done >"$T/mainlog"
exits 'a log of Exim with unusable records' 0 triage ingest "$T/mainlog"
run triage digest --width 400
like 'that is what the log tells' "$out" 'mx\.bad\.example: TLSA records all unusable'
unlike 'no rule of ours is blamed' "$out" 'rule for this domain is dane-only'
like 'the way out is one for Exim' "$out" 'hosts_try_dane = ! mx\.bad\.example'

# What is wrong with our own files is told as that, and concerns more than what we send.
fresh
echo '2026-11-21T20:10:00.000000+00:00 mx postfix/smtpd[71]: warning: cannot get RSA certificate from file "/etc/ssl/mx.pem": disabling TLS support' >"$T/mail.log"
exits 'a log of a server without its certificate' 0 triage ingest "$T/mail.log"
run triage digest --width 400
like 'the headline claims no contradiction' "$out" '^tlstriage: 1 fault, high: our mail server: our TLS configuration is at fault'
like 'it is ours, sending or not' "$out" '^ +Who acts +you$'
like 'a file may be the cause' "$out" 'tls-file-unusable: '
like 'and those of the server are asked for' "$out" 'postconf smtpd_tls_chain_files'

# Where nobody's certificate is trusted any more, three postmasters need not be told that theirs is bad.
fresh
untrusted() {
    echo "2026-11-21T2$1:10:00.000000+00:00 mx postfix/smtp[8$1]: certificate verification failed for mx.$2[192.0.2.4$1]:25: untrusted issuer /C=US/O=Authority/CN=Root"
    echo "2026-11-21T2$1:10:00.000000+00:00 mx postfix/smtp[8$1]: Untrusted TLS connection established to mx.$2[192.0.2.4$1]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
    echo "2026-11-21T2$1:10:01.000000+00:00 mx postfix/smtp[8$1]: 5A1B2C3D4$1: to=<u@$2>, relay=mx.$2[192.0.2.4$1]:25, delay=2, delays=0/0/2/0, dsn=4.7.5, status=deferred (Server certificate not trusted)"
}
for hour in 0 1; do
    for domain in one two six; do
        untrusted "$hour" "$domain.example"
    done
done >"$T/mail.log"
grep -v 'TLS connection' "$T/mail.log" >"$T/level0.log"
exits 'a log that tells of no TLS session' 0 triage ingest "$T/level0.log"
run triage digest --width 400
like 'could have left out who was trusted' "$out" '^tlstriage: 3 faults, all high: our mail to mx\.'
fresh
exits 'a log of a server without authorities' 0 triage ingest "$T/mail.log"
run triage digest --width 400
like 'is one fault of ours' "$out" '^tlstriage: 1 fault, critical: our mail server: no certificate authority is trusted here'
like 'which explains the others' "$out" '^ +Explains +cert-not-trusted \(6\)$'
like 'with what to look at' "$out" 'postconf smtp_tls_CAfile smtp_tls_CApath'
unlike 'and nothing to write to anybody' "$out" 'Subject: '
cat >>"$T/mail.log" <<'END'
2026-11-21T21:30:00.000000+00:00 mx postfix/smtp[90]: Trusted TLS connection established to mx.four.example[192.0.2.50]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
2026-11-21T21:30:01.000000+00:00 mx postfix/smtp[90]: 5A1B2C3D50: to=<u@four.example>, relay=mx.four.example[192.0.2.50]:25, delay=2, delays=0/0/2/0, dsn=2.0.0, status=sent (250 Ok)
END
exits 'one that is trusted' 0 triage ingest "$T/mail.log"
run triage digest --width 400
like 'makes it theirs' "$out" '^tlstriage: 3 faults, all high: our mail to mx\.one\.example: certificate chain not trusted'

# Both directions of the demo, as its README tells it.
fresh
NOW=2026-11-22T07:00:00Z
exits 'the demo' 0 triage ingest --timezone UTC contrib/demo/mail contrib/demo/mail.log
run triage digest --since 2026-11-10 --width 400
like 'its certificate that fits no record' "$out" 'HIGH  Our mail to mx.partner.example: certificate matches no TLSA record'
like 'since when' "$out" 'Since +2026-11-19 08:12 to 2026-11-21 19:22 UTC'
like 'what was wrong with it, in the words of the log' "$out" 'TLS errors +num=65:no matching DANE TLSA records \(61\)'
like 'and what waits' "$out" '3 messages held back, up to 2 days 9 hours'
is 'by its attempts' \
    "$(query "SELECT count(*), count(DISTINCT queue_id) FROM log_failures WHERE domain = 'partner.example'")" \
    '61|3'
like 'its zone' "$out" 'HIGH  Our mail to town.example: MX or address lookup fails'
like 'and what was delivered since' "$out" 'mx.bank.example .*delivered since'
done_testing
