#!/bin/sh
# A large provider: 3000 domains behind four MX hosts that fail alike, three reporters, two weeks:
# 126 000 reports. The digest shows one fault, and soon; pruning leaves room for deliveries.
. tests/lib/cli.sh
. tests/lib/long.sh
gen_scale=$BUILD/tests/long/gen_scale

domains=3000
reporters=3
days=14

timed() {
    measured "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" "$@"
    echo "# $*: $seconds s, of the processor $cpu s, $peak KiB"
}

"$gen_scale" "$domains" "$reporters" "$days" >"$T/mbox"
timed ingest "$T/mbox"
rm "$T/mbox"
is 'all reports are stored' "$(query 'SELECT count(*) FROM report')" $((domains * reporters * days))

timed digest --since 2026-11-21
digest=$out
like 'a day: one fault' "$digest" '^tlstriage: 1 fault, '
is 'a day: one section' "$(echo "$digest" | grep -c '^[0-9]*\. ')" 1
like 'a day: with a list of the domains' "$digest" "and $((domains - 10)) more"
like 'a day: since the first day, not since this one' "$digest" '^ *Reporter 0 .*2026-11-08'
is 'a day: all reporters' "$(echo "$digest" | grep -c '^ *Reporter [0-9] .*2026-11-08')" "$reporters"
is 'a day: short' "$(test "$(echo "$digest" | wc -l)" -lt 150; echo $?)" 0
quick 'a day of 126 000 reports' 2

timed digest --since 2026-11-08
like 'two weeks: one fault' "$out" '^tlstriage: 1 fault, '
quick 'two weeks' 10
ok 'two weeks: memory' test "$peak" -lt $((256 << 10))
timed digest --since 2026-11-21 --format json
is 'as JSON: all domains' "$(sqlite3 -batch :memory: "SELECT json_array_length(
    readfile('$T/.out'), '$.faults[0].domains')")" "$domains"
quick 'as JSON' 2
timed digest --since 2026-11-08 --domain customer7.example
like 'one domain' "$out" '^tlstriage: 1 fault, '
quick 'one domain' 2
timed sql "SELECT day, sum(failures) FROM domain_days GROUP BY day ORDER BY day"
is 'the view of days' "$(echo "$out" | grep -c '^2026-11-')" "$days"
quick 'the view of days' 5

# Deliveries while half of it is pruned: none may wait long.
split 900000 200 "$T/mails"
(timed prune --days 7; echo "$status $seconds" >"$T/pruned") >"$T/prune.out" &
prune=$!
taken=0
beside=0
for mail in "$T"/mails/*; do
    begin=$(now_ms)
    triage deliver <"$mail" && taken=$((taken + 1))
    echo $(($(now_ms) - begin)) >>"$T/waits"
    [ -e "$T/pruned" ] || beside=$((beside + 1))
done
wait "$prune"
longest=$(sort -n "$T/waits" | tail -n 1)
echo "# prune: $(cat "$T/pruned"); $beside deliveries beside it, longest $longest ms"
is 'prune ends well' "$(cut -d' ' -f1 "$T/pruned")" 0
is 'all deliveries beside it are taken' "$taken" 200
ok 'deliveries came while it pruned' test "$beside" -gt 3
ok 'none waited longer than 2 s' test "$longest" -lt 2000
is 'what is old is gone' \
    "$(query "SELECT count(*) FROM reports WHERE ends_at < '2026-11-15T07:00:00Z'
                 AND organization LIKE 'Reporter %'")" 0
is 'what is new is there' \
    "$(query "SELECT count(*) FROM reports WHERE organization LIKE 'Reporter %'")" \
    $((domains * reporters * 7))
sound 'the store is sound'
done_testing
