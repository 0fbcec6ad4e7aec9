#!/bin/sh
# follow: reads live logs, across rotation and restart, and goes on whatever happens to the store.
. tests/lib/cli.sh

LOG=$T/mail.log
number=0
failures=0

# lines COUNT [FILE]: so many deliveries more, each of its own second and queue id.
lines() {
    left=$1
    while [ "$left" -gt 0 ]; do
        number=$((number + 1))
        left=$((left - 1))
        printf '2026-11-22T06:%02d:%02d.000000+00:00 mail postfix/smtp[7]: 4%05X: to=<user@example.net>, relay=mx.example.net[192.0.2.25]:25, delay=1, delays=0.1/0/0.4/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n' \
            $((number / 60 % 60)) $((number % 60)) "$number"
    done >>"${2:-$LOG}"
}

# Its queue id is its own, and it is not counted with the deliveries.
failing() {
    failures=$((failures + 1))
    printf '2026-11-22T06:59:%02d.000000+00:00 mail postfix/smtp[7]: 5%05X: to=<user@example.net>, relay=mx.example.net[192.0.2.25]:25, delay=1, delays=0.1/0/0.4/0.5, dsn=4.7.4, status=deferred (TLS is required, but was not offered by host mx.example.net[192.0.2.25])\n' \
        "$failures" "$failures" >>"$LOG"
}

counted() {
    query "SELECT coalesce(sum(sessions), 0) FROM deliveries WHERE outcome <> 'failed'"
}

failed() {
    query 'SELECT count(*) FROM log_failures'
}

# comes NAME COMMAND WANTED: passes as soon as COMMAND prints WANTED, within ten seconds.
comes() {
    tries=0
    while got=$($2 2>/dev/null); [ "$got" != "$3" ] && [ "$tries" -lt 400 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    is "$1" "$got" "$3"
}

follower=
begin() {
    : >"$T/said"
    "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" follow "$@" 2>>"$T/said" &
    follower=$!
}

end() {
    kill "-${2:-TERM}" "$follower" 2>/dev/null
    ended=0
    wait "$follower" 2>/dev/null || ended=$?
    is "$1" "$ended" "${3:-0}"
}

said() {
    grep -c -- "$1" "$T/said"
}

# --once
lines 3
failing
exits '--once reads what there is' 0 triage follow --once "$LOG"
is 'and says nothing' "$out$err" ''
is 'deliveries are counted' "$(counted)" "$number"
is 'failures are rows' "$(query 'SELECT domain, failure_type FROM log_failures')" \
    'example.net|starttls-absent'
exits 'again' 0 triage follow --once "$LOG"
is 'nothing is counted twice' "$(counted)" "$number"
printf '2026-11-22T06:10:00.000000+00:00 mail postfix/smtp[7]: 4FFFF: to=<us' >>"$LOG"
exits 'a line without an end' 0 triage follow --once "$LOG"
is 'waits' "$(counted)" "$number"
printf 'er@example.net>, relay=mx.example.net[192.0.2.25]:25, delay=1, delays=0.1/0/0.4/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n' >>"$LOG"
number=$((number + 1))
exits 'until its end comes' 0 triage follow --once "$LOG"
is 'and counts then' "$(counted)" "$number"
lines 2
mv "$LOG" "$LOG.1"
lines 2
exits 'a renamed file' 0 triage follow --once "$LOG"
is 'is read to its end, and the new one' "$(counted)" "$number"
lines 2
cp "$LOG" "$LOG.1"
: >"$LOG"
lines 1
exits 'a truncated file' 0 triage follow --once "$LOG"
is 'is read on in its copy' "$(counted)" "$number"
lines 2
mv "$LOG" "$LOG.1"
gzip "$LOG.1"
exits 'a packed one, with no other yet' 0 triage follow --once "$LOG"
is 'is read to its end' "$(counted)" "$number"
cp "$LOG.1.gz" "$T/copy.gz"
exits 'ingest of what was followed' 0 triage --quiet ingest "$T/copy.gz"
is 'counts nothing twice' "$(counted)" "$number"
exits 'a log that is not there yet' 0 triage follow --quiet --once "$T/later.log"
like 'is named: it may be in the journal only' "$err" 'later\.log: does not exist yet, .*--journal'
lines 2 "$T/later.log"
mv "$T/later.log" "$T/later.log.1"
lines 1 "$T/later.log"
exits 'is read when it is' 0 triage follow --once "$T/later.log"
is 'though it was rotated by then' "$(counted)" "$number"
mkdir "$T/new"
lines 5 "$T/new/mail.log"
all=$number
number=0
DB=$T/new.db
exits '--from-end' 0 triage follow --once --from-end "$T/new/mail.log"
is 'leaves out what there is' "$(counted)" 0
number=$all
lines 2 "$T/new/mail.log"
exits 'what comes later' 0 triage follow --once --from-end "$T/new/mail.log"
is 'is read' "$(counted)" 2

# What cannot be.
exits 'nothing to follow' 2 triage follow
exits 'files and the journal' 2 triage follow --journal "$LOG"
exits 'a time zone that is none' 2 triage follow --once --timezone Nowhere/Land "$LOG"
like 'is named' "$err" 'Nowhere/Land'
exits 'a folder' 3 triage follow --once "$T"
like 'is no log' "$err" 'not a regular file'
mkfifo "$T/pipe"
exits 'a pipe' 3 triage follow --once "$T/pipe"
: >"$T/secret.log"
chmod 000 "$T/secret.log"
cp "$DB" "$T/nobody.db"
chmod 666 "$T/nobody.db"
chmod 777 "$T"
DB=$T/nobody.db
exits 'a file that may not be read' 3 unprivileged triage follow "$T/secret.log"
like 'is named' "$err" 'secret\.log: .*[Pp]ermission'
DB=$T/none/store.db
exits 'a store that cannot be made' 3 triage follow --once "$LOG"

# Live.
DB=$T/live.db
LOG=$T/live.log
number=0
begin "$LOG"
sleep 0.3
lines 2
comes 'a file that was not there at first' counted "$number"
lines 2
mv "$LOG" "$LOG.1"
lines 1 "$LOG.1"
lines 1
comes 'a rotation' counted "$number"
printf '[log]\nkeep-addresses = true\n' >"$T/tlstriage.conf"
kill -HUP "$follower"
comes 'SIGHUP is heeded' 'said read.again' 1
failing
comes 'what comes then' failed 1
like 'is kept as it was configured' "$(query 'SELECT line FROM log_failures')" 'to=<user@example.net>'
printf '[log]\nkeep-adresses = true\n' >"$T/tlstriage.conf"
kill -HUP "$follower"
comes 'a wrong configuration is said' 'said keep-adresses' 1
: >"$T/tlstriage.conf"
lines 1
end 'SIGTERM ends it'
begin "$LOG"
comes 'the next run has all' counted "$number"
lines 3
sleep 0.5
end 'kill -9' KILL 137
lines 1
begin "$LOG"
comes 'loses nothing and counts nothing twice' counted "$number"
end 'SIGINT ends it' INT

# The store is locked, and goes and comes.
begin "$LOG"
comes 'before' counted "$number"
mkfifo "$T/lock"
sqlite3 -batch "$DB" <"$T/lock" >"$T/locker" 2>&1 &
locker=$!
exec 7>"$T/lock"
printf '.timeout 10000\nBEGIN IMMEDIATE; SELECT 1;\n' >&7
comes 'the store is locked' "cat $T/locker" 1
lines 3
tries=0
while [ "$(said 'the logs wait')" -eq 0 ] && [ "$tries" -lt 200 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
is 'that is said once' "$(said 'the logs wait')" 1
echo 'ROLLBACK;' >&7
exec 7>&-
wait "$locker"
comes 'what came meanwhile is stored' counted "$number"
comes 'that is said too' 'said can.be.written' 1
for part in "$DB" "$DB"-wal "$DB"-shm; do
    [ ! -e "$part" ] || mv "$part" "$T/away${part#"$T/live"}"
done
lines 3
comes 'a store that is gone' 'said the.logs.wait' 2
for part in "$T"/away.db*; do
    mv "$part" "$T/live${part#"$T/away"}"
done
comes 'and comes back has all' counted "$number"
end 'SIGTERM ends it then'

# The journal, as a program of that name gives it.
mkdir "$T/bin"
cat >"$T/bin/journalctl" <<'END'
#!/bin/sh
after=0
follow=
for word; do
    case $word in
    --after-cursor=*) after=${word#*i=} ;;
    --follow) follow=yes ;;
    esac
done
echo "$*" >>"$JOURNAL.calls"
echo $$ >"$JOURNAL.pid"
exec tail -n "+$((after + 1))" ${follow:+-f} "$JOURNAL"
END
chmod +x "$T/bin/journalctl"
JOURNAL=$T/journal
export JOURNAL
entries() {
    left=$1
    while [ "$left" -gt 0 ]; do
        number=$((number + 1))
        left=$((left - 1))
        printf '{"__CURSOR":"s=1;i=%d","__REALTIME_TIMESTAMP":"%d000000","_HOSTNAME":"mail","SYSLOG_IDENTIFIER":"postfix/smtp","SYSLOG_PID":"7","_PID":"7","MESSAGE":"4%05X: to=<user@example.net>, relay=mx.example.net[192.0.2.25]:25, delay=1, delays=0.1/0/0.4/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)"}\n' \
            "$number" "$((1795327200 + number))" "$number"
    done >>"$JOURNAL"
}
DB=$T/journal.db
number=0
entries 4
PATH=$T/bin:$PATH
exits '--journal --once' 0 triage follow --journal --once
is 'reads what there is' "$(counted)" "$number"
like 'of the facility mail' "$(cat "$JOURNAL.calls")" 'SYSLOG_FACILITY=2'
entries 2
exits 'again' 0 triage follow --journal --once
is 'has what is new' "$(counted)" "$number"
entries 1500
exits 'much more' 0 triage follow --journal --once
is 'is counted once' "$(counted)" "$number"
exits 'again' 0 triage follow --journal --once
is 'from later on' "$(counted)" "$number"
like 'behind a cursor' "$(tail -n 1 "$JOURNAL.calls")" '--after-cursor=s=1;i='
exits '--match' 0 triage follow --journal --once --match CONTAINER_NAME=mail --match _PID=9
like 'adds what else is read' "$(tail -n 1 "$JOURNAL.calls")" \
    'SYSLOG_FACILITY=2 .*\+ CONTAINER_NAME=mail \+ _PID=9$'
for match in --vacuum-time=1s mail container=mail =mail '_COMM=' +; do
    exits "--match $match" 2 triage follow --journal --once --match "$match"
    like 'is none' "$err" 'FIELD=VALUE'
done
exits '--match with files' 2 triage follow --match _PID=9 "$T/any.log"
like 'says what it is for' "$err" '--match goes with --journal'
begin --journal
sleep 0.3
entries 2
comes 'the journal as it grows' counted "$number"
kill "$(cat "$JOURNAL.pid")"
comes 'a journalctl that dies is said' 'said begun.again' 1
entries 2
comes 'and begun again' counted "$number"
end 'SIGTERM ends it'
LOG=$T/twice.log
number=300
lines 200
exits 'a file of the same host and time' 3 triage follow --once "$LOG"
like 'is refused' "$err" 'journal'
printf '#!/bin/sh\ntrap "" TERM\necho $$ >"$JOURNAL.pid"\nexec sleep 60\n' >"$T/bin/journalctl"
rm -f "$JOURNAL.pid"
begin --journal
hangs() {
    [ ! -s "$JOURNAL.pid" ] || echo yes
}
comes 'a journalctl that hangs' hangs yes
end 'does not keep it'
printf '#!/bin/sh\necho "no journal files" >&2\nexit 1\n' >"$T/bin/journalctl"
exits 'a journal that cannot be read' 3 triage follow --journal --once
like 'is said' "$err" 'exit status 1'
exits 'without journalctl' 3 env PATH=/nowhere "$TLSTRIAGE" --db "$DB" \
    --config "$T/tlstriage.conf" follow --journal
like 'it is said what is missing' "$err" 'journalctl'
done_testing
