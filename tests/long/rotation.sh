#!/bin/sh
# The rotation torture: a log of numbered lines is rotated at random in every way while follow is
# killed with -9 at random. Afterwards every line is counted exactly once. Then how much of the
# processor an idle follow takes.
. tests/lib/cli.sh
: "${BUILD:=build}" "${ROTATION_LINES:=200000}" "${ROTATION_SEED:=7}"
rotator=$BUILD/tests/long/rotator
if ! [ -x "$rotator" ]; then
    echo "# $rotator is missing: run make check-full"
    exit 1
fi

LOG=$T/log/mail.log
mkdir "$T/log"
counted() {
    query "SELECT (SELECT coalesce(sum(sessions), 0) FROM deliveries WHERE outcome <> 'failed')
        + (SELECT count(*) FROM log_failures)"
}
cat >"$T/count" <<END
sqlite3 -readonly -batch '$DB' ".timeout 5000" "SELECT
    (SELECT coalesce(sum(sessions), 0) FROM deliveries WHERE outcome <> 'failed')
    + (SELECT count(*) FROM log_failures)" 2>/dev/null || echo 0
END
begin() {
    "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" follow "$LOG" \
        2>>"$T/said" &
    follower=$!
}

"$rotator" "$LOG" "$ROTATION_LINES" "$ROTATION_SEED" "sh $T/count" "$T/nokill" >"$T/ways" &
writer=$!
kills=0
pause() {
    awk -v seed="$ROTATION_SEED$kills" 'BEGIN { srand(seed); print 0.05 + 3 * rand() ^ 2 }'
}
while kill -0 "$writer" 2>/dev/null; do
    begin
    sleep "$(pause)"
    # shellcheck disable=SC2016
    flock "$T/nokill" sh -c 'kill -9 "$1"' sh "$follower"
    { wait "$follower"; } 2>/dev/null
    kills=$((kills + 1))
done
wait "$writer"
is 'the writer came to its end' "$?" 0
sed 's/^/# /' "$T/ways"
echo "# killed $kills times, $(find "$T/log" -type f | wc -l) files"
begin
tries=0
while [ "$(counted)" != "$ROTATION_LINES" ] && [ "$tries" -lt 60 ]; do
    sleep 1
    tries=$((tries + 1))
done
sleep 2
is 'every line is counted exactly once' "$(counted)" "$ROTATION_LINES"
is 'failures have a row each' "$(query 'SELECT count(*), count(DISTINCT queue_id)
    FROM log_failures')" "$((ROTATION_LINES / 10))|$((ROTATION_LINES / 10))"
is 'each domain has its share' "$(query "SELECT DISTINCT sum(sessions) FROM deliveries
    WHERE outcome <> 'failed' GROUP BY domain")" "$((ROTATION_LINES / 20))"
is 'nothing was complained about' "$(cat "$T/said")" ''

before=$(awk '{ print $14 + $15 }' "/proc/$follower/stat")
sleep 30
after=$(awk '{ print $14 + $15 }' "/proc/$follower/stat")
echo "# idle for 30 s: $((after - before)) ticks of 1/100 s, $(
    awk '/VmHWM/ { print $2, $3 }' "/proc/$follower/status") at most"
ok 'idle it takes less than a thousandth of a processor' test $((after - before)) -le 3
kill "$follower"
wait "$follower"
is 'SIGTERM ends it' "$?" 0
for kept in "$T"/log/*; do
    triage --quiet ingest "$kept" || echo "not ok - ingest of $kept"
done
is 'ingest of all files counts nothing twice' "$(counted)" "$ROTATION_LINES"
done_testing
