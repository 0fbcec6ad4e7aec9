#!/bin/sh
# Many deliveries at once: first into a store that is not there yet, then beside a long ingest.
# Whatever a delivery says, the mail server would do: 75 is tried again, 0 is forgotten.
. tests/lib/cli.sh
. tests/lib/long.sh

crowd=200
mailbox_mails=10000

# deliver_one FILE: until taken, as a mail server would, with one line for each try. The lines of
# many go into one file: each is short enough to be written whole.
deliver_one() {
    tries=0
    status=75
    while [ "$status" -eq 75 ] && [ "$tries" -lt 10 ]; do
        tries=$((tries + 1))
        begin=$(now_ms)
        status=0
        triage deliver <"$1" || status=$?
        echo "$status $(($(now_ms) - begin))" >>"$T/tries"
    done
}

# deliver_all FOLDER: each file of it at the same time.
deliver_all() {
    for file in "$1"/*; do
        deliver_one "$file" &
        echo $! >>"$T/children"
    done
}

await() {
    while read -r child; do
        wait "$child"
    done <"$T/children"
    rm "$T/children"
}

told() {
    sort -n -k2 "$T/tries" | tail -n 1 |
        sed "s/.* \(.*\)/# $1: longest wait \1 ms of $(wc -l <"$T/tries") tries/"
}

all_taken() {
    is "$1: $crowd were taken" "$(grep -c '^0 ' "$T/tries")" "$crowd"
    is "$1: and nothing but 0 and 75 was said" "$(grep -Ev '^(0|75) ' "$T/tries")" ''
}

split 100000 "$crowd" "$T/early"
split 200000 "$crowd" "$T/late"
"$gen_reports" "$mailbox_mails" "$T/mbox" "$T/totals"

deliver_all "$T/early"
await
told 'a store that was not there'
all_taken 'a store that was not there'
is 'each report is there once' "$(query 'SELECT count(*) FROM report')" "$crowd"
sound 'the store is sound'

rm "$T/tries"
(triage --quiet ingest "$T/mbox"; echo $? >"$T/ingest") 2>"$T/ingest.err" &
ingest=$!
deliver_all "$T/late"
await
wait "$ingest"
told 'beside an ingest'
all_taken 'beside an ingest'
is 'the ingest ended well' "$(cat "$T/ingest" "$T/ingest.err")" 0
# The deliveries were spread over the ingest: else this would prove nothing.
ok 'deliveries came between reports of the mailbox' test "$(query "
    SELECT count(*) FROM report r JOIN arrival a ON a.id = r.arrival WHERE a.source = '-'
       AND r.id > (SELECT min(report) FROM reports WHERE source <> '-')
       AND r.id < (SELECT max(report) FROM reports WHERE source <> '-')")" -gt 0
is 'all reports are there' "$(query 'SELECT count(*) FROM report')" $((2 * crowd + mailbox_mails))
is 'and as many mails' "$(query 'SELECT count(*) FROM arrival')" $((2 * crowd + mailbox_mails))
is 'none is doubled or made a revision' \
    "$(query 'SELECT count(DISTINCT identity_hash) - count(*) FROM report')" 0
sound 'the store is sound'

# The same once more, one after the other.
contents >"$T/crowded"
crowded=$DB
DB=$T/calm.db
triage --quiet ingest "$T/mbox"
cat "$T"/early/* "$T"/late/* | triage --quiet ingest -
contents >"$T/calm"
ok 'the same is stored as in peace' cmp "$T/crowded" "$T/calm"
DB=$crowded
triage --quiet ingest "$T/mbox"
deliver_all "$T/early"
await
contents >"$T/again"
ok 'coming again changes nothing' cmp "$T/crowded" "$T/again"
done_testing
