#!/bin/sh
# kill -9 at random moments of ingest and of deliver: the store is sound each time, holds no half
# report, and running again gives what an undisturbed run gives.
#
# The process is stopped before it is killed, so that one can see whether it held the write lock: a
# test that never hits an open transaction would prove nothing.
. tests/lib/cli.sh
. tests/lib/long.sh

mailbox_mails=6000
ingest_kills=150
kills_of_one_store=6
deliver_kills=100
large_details=2000

unsound=0
halves=0
in_transaction=0
too_late=0
early=0

lock_is_held() {
    [ -s "$DB" ] && sqlite3 -batch "$DB" 'BEGIN IMMEDIATE; ROLLBACK' 2>&1 | grep -q locked
}

# random COUNT: numbers from 0 to 1, the same in each run.
random() {
    awk -v count="$1" 'BEGIN { srand(7); for (i = 0; i < count; i++) printf "%.4f\n", rand() }'
}

# kill_after SECONDS INPUT COMMAND...: $ended says whether it was over before.
kill_after() {
    delay=$1
    input=$2
    shift 2
    "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" "$@" \
        <"$input" >"$T/.out" 2>&1 &
    victim=$!
    sleep "$delay"
    ended=0
    kill -STOP "$victim" 2>"$T/.kill" || ended=1
    if [ "$ended" -eq 0 ] && lock_is_held; then
        in_transaction=$((in_transaction + 1))
    fi
    # What the shell says of the dead goes nowhere.
    { kill -KILL "$victim"; wait "$victim"; } 2>"$T/.kill"
    [ $? -eq 137 ] || ended=1
    too_late=$((too_late + ended))
}

# Every report that is there must be as the undisturbed store has it.
inspect() {
    if ! [ -s "$DB" ] || [ -z "$(sqlite3 -batch "$DB" "SELECT 1 FROM sqlite_schema LIMIT 1")" ]; then
        early=$((early + 1))
        return
    fi
    found=$(sqlite3 -batch "$DB" 'PRAGMA integrity_check; PRAGMA foreign_key_check;
        SELECT * FROM arrival a WHERE kind = '\''tlsrpt'\'' AND NOT EXISTS
            (SELECT 1 FROM report r WHERE r.arrival = a.id);
        SELECT * FROM report r WHERE NOT EXISTS
            (SELECT 1 FROM report_json j WHERE j.report = r.id)' 2>&1)
    [ "$found" = ok ] || { unsound=$((unsound + 1)); comment "$found"; }
    contents >"$T/now"
    [ -z "$(comm -23 "$T/now" "$1")" ] || halves=$((halves + 1))
}

verdict() {
    echo "# $1: $in_transaction of $2 kills in an open transaction, $too_late after the end," \
        "$early before there was a store"
    is "$1: the store is sound after each kill" "$unsound" 0
    is "$1: no report is half stored" "$halves" 0
    ok "$1: a quarter of the kills met an open transaction" test $((in_transaction * 4)) -ge "$2"
    in_transaction=0
    too_late=0
    early=0
}

"$gen_reports" "$mailbox_mails" "$T/mbox" "$T/totals"
calm=$DB
begin=$(now_ms)
triage --quiet ingest "$T/mbox"
length=$(($(now_ms) - begin))
contents "$calm" >"$T/calm"

DB=$T/killed.db
different=0
number=0
killed=0
# One store is killed several times, until an ingest was quicker than the kill; then it is run to
# its end and compared.
finish() {
    triage --quiet ingest "$T/mbox" || different=$((different + 1))
    contents >"$T/now"
    cmp -s "$T/now" "$T/calm" || different=$((different + 1))
    rm -f "$DB" "$DB"-*
    number=0
}
for part in $(random $((ingest_kills * 3))); do
    [ "$killed" -lt "$ingest_kills" ] || break
    kill_after "$(awk "BEGIN { print $part * $length / 1000 }")" "$T/totals" ingest "$T/mbox"
    killed=$((killed + 1 - ended))
    inspect "$T/calm"
    number=$((number + 1))
    [ "$ended" -eq 0 ] && [ "$number" -lt "$kills_of_one_store" ] || finish
done
finish
is "ingest: $ingest_kills were killed at work" "$killed" "$ingest_kills"
verdict ingest "$killed"
all_killed=$killed
is 'ingest: again gives what an undisturbed run gives' "$different" 0

# Deliveries: small reports, and large ones that are stored for a while.
split 500000 $((deliver_kills / 2)) "$T/mails"
number=0
while [ "$number" -lt $((deliver_kills / 2)) ]; do
    {
        printf 'From: tls@reporter.example\nMessage-ID: <large-%s@reporter.example>\n' "$number"
        printf 'Content-Type: application/tlsrpt+json\n\n'
        "$gen_hostile" many-details "$large_details" | sed "s/hostile-1/large-$number/"
    } >"$T/mails/large-$number"
    number=$((number + 1))
done
DB=$T/deliver-calm.db
for mail in "$T"/mails/*; do
    begin=$(now_ms)
    triage deliver <"$mail"
    echo "$(($(now_ms) - begin))" >"$T/length.$(basename "$mail")"
done
contents >"$T/calm"

DB=$T/deliver-killed.db
unsaid=0
number=0
killed=0
for part in $(random "$deliver_kills"); do
    number=$((number + 1))
    mail=$(find "$T/mails" -type f | sort | sed -n "${number}p")
    read -r length <"$T/length.$(basename "$mail")"
    kill_after "$(awk "BEGIN { print $part * 0.8 * $length / 1000 }")" "$mail" deliver
    killed=$((killed + 1 - ended))
    inspect "$T/calm"
    triage deliver <"$mail" || unsaid=$((unsaid + 1))
done
verdict deliver "$killed"
ok "$((all_killed + killed)) were killed at work in all" test $((all_killed + killed)) -ge 200
is 'deliver: each is taken when it comes again' "$unsaid" 0
contents >"$T/now"
ok 'deliver: and all is as in an undisturbed run' cmp "$T/now" "$T/calm"
done_testing
