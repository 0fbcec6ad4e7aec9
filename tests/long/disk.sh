#!/bin/sh
# A store that cannot be written, for whatever reason: deliver says 75 and ingest 3, nothing is
# damaged, and once the cause is gone the same mail is stored.
. tests/lib/cli.sh
. tests/lib/long.sh

split 1 2 "$T"
split 3 80 "$T/mails"
"$gen_reports" 3000 "$T/mbox" "$T/totals" 1000
first=$T/1
second=$T/2

# taken: one delivery of the file $MAIL; refused: both commands say no, and why.
taken() {
    # shellcheck disable=SC2086
    $WAY deliver <"$MAIL"
}

refused() {
    exits "$1: deliver says 75" 75 taken
    like "$1: and why, with the store's name" "$err" "store\.db: $2"
    # shellcheck disable=SC2086
    exits "$1: ingest says 3" 3 $WAY ingest "$T/mbox"
    like "$1: and why, with the store's name" "$err" "store\.db: $2"
}

# until_refused COMMAND...: deliveries until one is refused; passes if that one said 75, and all
# that were taken are there.
until_refused() {
    before=$(query 'SELECT count(*) FROM report')
    number=0
    for MAIL in "$T"/mails/*; do
        status=0
        "$@" 2>"$T/said" || status=$?
        [ "$status" -eq 0 ] || break
        number=$((number + 1))
    done
    is 'in the end deliver says 75' "$status" 75
    like "and why, with the store's name" "$(cat "$T/said")" 'store\.db: '
    is 'all that was taken is there' "$(query 'SELECT count(*) FROM report')" $((before + number))
    sound 'and the store is sound'
}

# works NAME: afterwards.
works() {
    exits "$1: later deliver works" 0 taken
    sound "$1: and the store is sound"
    # shellcheck disable=SC2086
    exits "$1: and ingest" 0 $WAY ingest "$T/mbox"
    ok "$1: and nothing was lost" test "$(query 'SELECT count(*) FROM report')" -ge 3002
}

# $WAY: how the program is called, as nobody where the test runs as root.
chmod 755 "$T"
cp "$TLSTRIAGE" "$T/program"
WAY="$T/program --db $DB --config $T/tlstriage.conf --now $NOW"
if [ "$(id -u)" -eq 0 ]; then
    WAY="setpriv --reuid=65534 --regid=65534 --clear-groups $WAY"
fi
# at PLACE: where the store lies from now on.
at() {
    DB=$1/store.db
    WAY=$(printf '%s' "$WAY" | sed "s|--db [^ ]*|--db $DB|")
}

# A store with one report, and nothing beside it.
fresh() {
    at "$T/place"
    rm -rf "$T/place"
    mkdir "$T/place"
    [ "$(id -u)" -ne 0 ] || chown 65534:65534 "$T/place"
    MAIL=$first
    taken
    sqlite3 -batch "$DB" 'PRAGMA wal_checkpoint(TRUNCATE)' >"$T/.out"
    rm -f "$DB"-*
    MAIL=$second
}

fresh
chmod 444 "$DB"
refused 'a store file that is read-only' 'cannot be written'
chmod 640 "$DB"
works 'a store file that is read-only'

fresh
chmod 555 "$T/place"
refused 'a folder that is read-only' '.*(read-?only|unable to open)'
chmod 755 "$T/place"
works 'a folder that is read-only'

fresh
rm -f "$DB"
chmod 555 "$T/place"
refused 'no store in a folder that is read-only' 'cannot be made'
chmod 755 "$T/place"
MAIL=$first
taken
MAIL=$second
works 'no store in a folder that is read-only'

# Longer than anybody waits.
fresh
mkfifo "$T/orders"
sqlite3 -batch "$DB" <"$T/orders" &
exec 3>"$T/orders"
echo 'BEGIN IMMEDIATE;' >&3
sleep 1
begin=$(now_ms)
refused 'a store that is locked' '.*locked'
waited=$(($(now_ms) - begin))
exec 3>&-
wait
ok "both wait a minute for the lock ($waited ms)" test "$waited" -ge 110000 -a "$waited" -le 150000
works 'a store that is locked'

# The largest file a process may write, in units of 512 bytes, as a mail server may set it.
limited() {
    (ulimit -f "$largest"; taken)
}
fresh
echo '# past the largest file size'
largest=$(($(stat -c %s "$DB") / 512 + 8))
until_refused limited
status=0
# shellcheck disable=SC2086
(ulimit -f "$largest"; exec $WAY ingest "$T/mbox") >"$T/.out" 2>"$T/said" || status=$?
is 'ingest says 3' "$status" 3
like "and why, with the store's name" "$(cat "$T/said")" 'store\.db: '
sound 'and the store is sound'
works 'past the largest file size'

# A full disk.
mkdir "$T/disk"
disk_of() {
    mount -t tmpfs -o "size=$1,mode=777" tmpfs "$T/disk" 2>"$T/said" || return 1
    trap 'umount "$T/disk"; rm -rf "$T"; [ -n "$planned" ] || echo "Bail out! ended early"' EXIT
    at "$T/disk"
}
[ "$(id -u)" -eq 0 ] || skip_all 'a full disk' 'not root'
disk_of 2m || skip_all 'a full disk' "$(cat "$T/said")"

MAIL=$first
taken
# shellcheck disable=SC2086
exits 'a full disk: ingest says 3' 3 $WAY ingest "$T/mbox"
like "a full disk: and why, with the store's name" "$err" 'store\.db: .*full'
sound 'a full disk: and the store is sound'
dd if=/dev/zero of="$T/disk/filler" bs=4k 2>"$T/.kill"
until_refused taken
like 'it says that it is full' "$(cat "$T/said")" 'full'
rm "$T/disk/filler"
mount -o remount,size=64m "$T/disk"
works 'a full disk'

umount "$T/disk"
disk_of 64k || skip_all 'a disk without room for a store' "$(cat "$T/said")"
MAIL=$first
refused 'no room for a store' '.*full'
mount -o remount,size=64m "$T/disk"
taken
MAIL=$second
works 'no room for a store'
done_testing
