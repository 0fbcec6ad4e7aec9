#!/bin/sh
# Logs of mail servers: known by their lines, packed or not, in any order; what was read before
# changes nothing; no local part of an address is kept.
. tests/lib/cli.sh
# Stamps without a zone are of this one, whatever the test runs in.
TZ=UTC
export TZ

# Three deliveries: DANE verified, in clear, and refused because no TLSA record matches.
postfix_log() {
    cat <<END
Nov 20 10:00:01 mx1 postfix/smtp[101]: Verified TLS connection established to mx.good.example[192.0.2.1]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
Nov 20 10:00:02 mx1 postfix/smtp[101]: 4A1B2C3D4E: to=<jane@good.example>, relay=mx.good.example[192.0.2.1]:25, delay=1.1, delays=0.1/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1)
Nov 20 10:00:03 mx1 postfix/smtp[102]: 5A1B2C3D4E: to=<joe@clear.example>, relay=mx.clear.example[192.0.2.2]:25, delay=1.1, delays=0.1/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov 20 10:00:04 mx1 postfix/smtp[103]: server certificate verification failed for mx.bad.example[192.0.2.3]:25: num=65:no matching DANE TLSA records
Nov 20 10:00:04 mx1 postfix/smtp[103]: Untrusted TLS connection established to mx.bad.example[192.0.2.3]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
Nov 20 10:00:05 mx1 postfix/smtp[103]: 6A1B2C3D4E: to=<jack@bad.example>, relay=mx.bad.example[192.0.2.3]:25, delay=5, delays=0.1/0/4/0.5, dsn=4.7.5, status=deferred (Server certificate not verified)
Nov 20 10:00:06 mx1 postfix/smtpd[104]: Anonymous TLS connection established from client.example[192.0.2.9]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
END
}
counts() {
    query "SELECT coalesce(sum(sessions), 0), (SELECT count(*) FROM log_failures) FROM deliveries"
}
fresh() {
    rm -f "$DB" "$DB"-*
}
postfix_log >"$T/mail.log"
touch -d '2026-11-20T12:00:00Z' "$T/mail.log"

exits 'a log is read' 0 triage ingest "$T/mail.log"
like 'and summed up' "$out" '1 log of 7 lines: 4 sessions and 1 failure'
is 'by domain and outcome' \
    "$(query "SELECT hour, host, mta, direction, domain, mx, outcome, tls_version, sessions
        FROM deliveries ORDER BY direction, domain")" \
    '2026-11-20T10:00:00Z|mx1|postfix|in|||anonymous|TLSv1.3|1
2026-11-20T10:00:00Z|mx1|postfix|out|bad.example|mx.bad.example|failed|TLSv1.3|1
2026-11-20T10:00:00Z|mx1|postfix|out|clear.example|mx.clear.example|plaintext||1
2026-11-20T10:00:00Z|mx1|postfix|out|good.example|mx.good.example|verified|TLSv1.3|1'
is 'the failure with its types' \
    "$(query "SELECT at, queue_id, domain, mx, ip, outcome, result_type, failure_type, detail,
        mail_effect FROM log_failures")" \
    '2026-11-20T10:00:05Z|6A1B2C3D4E|bad.example|mx.bad.example|192.0.2.3|deferred|certificate-not-trusted|dane-cert-mismatch|tlsa-mismatch|deferred'
like 'and its line' "$(query 'SELECT line FROM log_failures')" 'status=deferred \(Server certificate not'
ok 'but nobody in it' sh -c '! strings -a "$1" "$1"-* 2>/dev/null | grep -E "jane|jack|joe@"' sh "$DB"
before=$(counts)
is 'four sessions, one failure' "$before" '4|1'

exits 'the same log again' 0 triage ingest "$T/mail.log"
is 'changes nothing' "$(counts)" "$before"
cp -p "$T/mail.log" "$T/mail.log.1"
gzip -k "$T/mail.log.1"
exits 'rotated and packed' 0 triage ingest "$T/mail.log.1.gz"
is 'changes nothing, either' "$(counts)" "$before"
if command -v xz >/dev/null; then
    xz -k "$T/mail.log.1"
    exits 'packed with xz' 0 triage ingest "$T/mail.log.1.xz"
    is 'as well' "$(counts)" "$before"
fi
rm -f "$T"/mail.log.1*
head -n 5 "$T/mail.log" >"$T/part"
touch -d '2026-11-20T12:00:00Z' "$T/part"
exits 'a part of it' 0 triage ingest "$T/part"
is 'as well' "$(counts)" "$before"
sed 's/^Nov 20 \([0-9:]*\)/2026-11-20T\1.250000+00:00/' "$T/mail.log" >"$T/iso"
exits 'the same lines with other stamps' 0 triage ingest "$T/iso"
is 'are the same' "$(counts)" "$before"

fresh
exits 'the part first' 0 triage ingest "$T/part"
exits 'then all' 0 triage ingest "$T/mail.log"
is 'is all, once' "$(counts)" "$before"
fresh
exits 'standard input' 0 sh -c '"$TLSTRIAGE" --db "$1" --config "$2" --now 2026-11-20T11:30:00Z ingest - <"$3"' \
    sh "$DB" "$T/tlstriage.conf" "$T/mail.log"
is 'works too' "$(counts)" "$before"

# Two identical lines are two events, and stay two.
fresh
sed -n 3p "$T/mail.log" >"$T/twice"
sed -n 3p "$T/mail.log" | sed 's/5A1B2C3D4E/7A1B2C3D4E/' >>"$T/twice"
for line in 1 2; do
    echo 'Nov 20 10:00:07 mx1 postfix/smtpd[9]: Anonymous TLS connection established from unknown[203.0.113.7]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)'
done >>"$T/twice"
touch -d '2026-11-20T12:00:00Z' "$T/twice"
exits 'equal lines' 0 triage ingest "$T/twice"
twice=$(query "SELECT sum(sessions) FROM deliveries WHERE direction = 'in'")
is 'count each' "$twice" 2
exits 'and again' 0 triage ingest "$T/twice"
is 'once' "$(query "SELECT sum(sessions) FROM deliveries WHERE direction = 'in'")" "$twice"

# A folder of rotated logs, whose names say the wrong order, over New Year.
fresh
mkdir "$T/logs"
sed 's/^Nov 20/Dec 31/' "$T/mail.log" | head -n 5 >"$T/logs/mail.log.1"
sed 's/^Nov 20/Jan  1/' "$T/mail.log" | tail -n 2 | sed 's/10:00/00:00/' >"$T/logs/mail.log"
touch -d '2026-01-01T00:00:00Z' "$T/logs/mail.log.1"
touch -d '2026-01-01T06:00:00Z' "$T/logs/mail.log"
gzip "$T/logs/mail.log.1"
exits 'a folder' 0 triage ingest "$T/logs"
is 'the old year is the old year' "$(query 'SELECT min(hour) FROM deliveries')" 2025-12-31T10:00:00Z
is 'and the new one the new' "$(query "SELECT at FROM log_failures WHERE queue_id IS NOT NULL")" \
    2026-01-01T00:00:05Z

# Rotated within a second, and within a session.
fresh
mkdir "$T/second"
cat >"$T/second/mail.log.1" <<'END'
Nov 20 11:00:00 mx1 postfix/smtp[7]: Trusted TLS connection established to mx.example.org[192.0.2.9]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
END
cat >"$T/second/mail.log" <<'END'
Nov 20 11:00:00 mx1 postfix/smtp[7]: 8A1B2C3D50: to=<u@example.org>, relay=mx.example.org[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)
END
touch -d '2025-11-20T11:00:01Z' "$T/second/mail.log.1"
touch -d '2025-11-20T12:00:00Z' "$T/second/mail.log"
exits 'what was written to last comes last' 0 triage ingest "$T/second"
is 'and is one session' "$(query 'SELECT domain, outcome, sessions FROM deliveries')" \
    'example.org|trusted|1'

# Read up to a line within a session, then as a whole.
fresh
exits 'a part' 0 triage ingest "$T/second/mail.log.1"
is 'is told as it seems' "$(query 'SELECT domain, outcome, sessions FROM deliveries')" \
    '|trusted|1'
cat "$T/second/mail.log.1" "$T/second/mail.log" >"$T/second.log"
touch -d '2025-11-20T12:00:00Z' "$T/second.log"
exits 'the whole' 0 triage ingest "$T/second.log"
is 'tells it as it is' "$(query 'SELECT domain, outcome, sessions FROM deliveries')" \
    'example.org|trusted|1'
exits 'prune' 0 triage prune --days 1
is 'leaves nothing open' "$(query 'SELECT count(*) FROM log_open')" 0

# A container whose output the host's syslog takes, beside lines of the host's own.
fresh
{
    echo 'Nov 20 10:59:59 mx1 cron[7]: Nov 1 is a holiday'
    sed 's/^/Nov 20 11:00:30 mx1 docker\/mail[77]: /' "$T/mail.log"
} >"$T/contained"
touch -d '2026-11-20T12:00:00Z' "$T/contained"
exits 'a container in syslog' 0 triage ingest "$T/contained"
is 'is read as its own log is' "$(counts)" "$before"
is 'under its own host, by the outer clock' \
    "$(query 'SELECT DISTINCT hour, host FROM deliveries')" '2026-11-20T11:00:00Z|mx1'

# Zones.
fresh
exits 'a zone' 0 triage ingest --timezone Europe/Berlin "$T/mail.log"
is 'counts' "$(query 'SELECT min(hour) FROM deliveries')" 2026-11-20T09:00:00Z
exits 'no zone' 2 triage ingest --timezone Mars/Olympus "$T/mail.log"

# The journal of the same host.
for at in 1795168740 1795168800 1795169100; do
    printf '{"__REALTIME_TIMESTAMP":"%s000000","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"101","MESSAGE":"8A1B2C3D4E: to=<a@good.example>, relay=mx.good.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)"}\n' "$at"
done >"$T/journal.json"
{
    cat "$T/mail.log"
    sed -n 7p "$T/mail.log" | sed 's/10:00:06/10:05:00/'
} >"$T/longer.log"
touch -d '2026-11-20T12:00:00Z' "$T/longer.log"
fresh
exits 'a log of a file' 0 triage ingest "$T/longer.log"
before=$(counts)
exits 'and the journal of that host and time' 3 triage ingest "$T/journal.json"
like 'is refused' "$err" 'mx1'
is 'and changes nothing' "$(counts)" "$before"
sed 's/ mx1 / mx2 /' "$T/longer.log" >"$T/other.log"
touch -d '2026-11-20T12:00:00Z' "$T/other.log"
exits 'nor does it keep another log out' 3 triage ingest "$T/journal.json" "$T/other.log"
like 'it is named' "$err" 'journal\.json: the log of mx1'
is 'and the other is read' "$(query 'SELECT count(*) FROM log_failures WHERE host = '"'mx2'")" 1
fresh
exits 'both in one go' 3 triage ingest "$T/longer.log" "$T/journal.json"
is 'the one that begins first is read' "$(query 'SELECT sum(sessions) FROM deliveries')" 1
before='4|1'

# What is no log.
fresh
head -c 100000 /dev/urandom >"$T/mail.log.bin"
mv "$T/mail.log.bin" "$T/binary.log"
exits 'a binary file named like a log' 0 triage ingest "$T/binary.log"
is 'is none' "$(query 'SELECT count(*) FROM deliveries')" 0
{
    head -n 2 "$T/mail.log"
    printf 'Nov 20 10:00:02 mx1 postfix/smtp[101]: '
    head -c 10000000 /dev/zero | tr '\0' x
    printf '\nNov 20 10:00:02 mx1 postfix/smtp[101]: \000\377\376 broken\n'
    tail -n 5 "$T/mail.log"
} >"$T/long.log"
touch -d '2026-11-20T12:00:00Z' "$T/long.log"
exits 'a line of 10 MB, NUL and invalid bytes' 0 triage ingest "$T/long.log"
is 'cost nothing else' "$(counts)" "$before"
like 'and are told' "$out" '1 line cut'
: >"$T/empty.log"
exits 'an empty log' 0 triage ingest "$T/empty.log"
printf 'Nov 20 10:00:01 mx1 CRON[77]: (root) CMD (true)\n' >"$T/cron.log"
exits 'a log without mail' 0 triage ingest "$T/cron.log"
like 'says so' "$out" 'none of a mail server'

# Configured otherwise, addresses stay.
fresh
printf '[log]\nkeep-addresses = true\n' >"$T/tlstriage.conf"
exits 'keep-addresses' 0 triage ingest "$T/mail.log"
like 'keeps them' "$(query 'SELECT line FROM log_failures')" 'jack@bad\.example'
done_testing
