#!/bin/sh
# The bench: ingest of TLS reports beside the floor, and of DMARC reports, deliver beside one sqlite3 process. Prints median wall
# times, their ratios and peak memory; fails only where a total is wrong.
#
#   tests/bench/run.sh TLSTRIAGE BUILD [MAILS]...      (1000 and 10000 mails by default)
#
# BUILD/tests/bench holds gen_reports, floor and measure. $RUNS (5) runs each, one after the other
# in turn; $DELIVERIES (30); $TMPDIR says where the store lies, which decides what a commit costs.
set -eu

tlstriage=$1
bench=$2/tests/bench
shift 2
[ $# -gt 0 ] || set -- 1000 10000
runs=${RUNS:-5}
deliveries=${DELIVERIES:-30}
work=$(mktemp -d "${TMPDIR:-/tmp}/tlstriage-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# shellcheck source=tests/bench/figures.sh
. "$(dirname "$0")/figures.sh"

# What the store adds up to, in the words of gen_reports.
totals_of() {
    sqlite3 "$1" "SELECT json_object('mails', (SELECT count(*) FROM reports),
        'policies', count(*), 'details', (SELECT count(*) FROM failures),
        'successes', sum(successes), 'failures', sum(failures)) FROM policies"
}

bench_ingest() {
    count=$1
    db=$work/ingest.db
    "$bench/gen_reports" "$count" "$work/mbox" "$work/totals"
    want=$(cat "$work/totals")
    rm -f "$work/floor" "$work/ingest"
    for run in $(seq "$runs"); do
        rm -f "$db" "$db-wal" "$db-shm"
        "$bench/measure" "$work/floor" "$bench/floor" "$work/mbox" >"$work/out"
        same "$want" "$(cat "$work/out")" floor
        "$bench/measure" "$work/ingest" "$tlstriage" --db "$db" ingest "$work/mbox" \
            >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
    done
    same "$want" "$(totals_of "$db")" ingest
    floor=$(median "$work/floor" 1)
    ingest=$(median "$work/ingest" 1)
    printf '%7d mails  floor %8.4f s  ingest %8.4f s  ratio %5s  peak memory %6d KiB\n' \
        "$count" "$floor" "$ingest" "$(ratio "$ingest" "$floor")" "$(largest "$work/ingest")"
}

dmarc_totals_of() {
    sqlite3 "$1" "SELECT json_object('mails', (SELECT count(*) FROM dmarc_reports),
        'policies', (SELECT count(*) FROM dmarc_reports), 'details', count(*),
        'successes', sum(messages * aligned), 'failures', sum(messages * NOT aligned))
        FROM dmarc_rows"
}

# For comparison: parsedmarc takes 31 s for 10000 mails with TLS reports, which are smaller.
bench_dmarc() {
    count=$1
    db=$work/dmarc.db
    "$bench/gen_reports" "$count" "$work/dmarc.mbox" "$work/totals" 0 dmarc
    rm -f "$work/dmarc"
    for run in $(seq "$runs"); do
        rm -f "$db" "$db-wal" "$db-shm"
        "$bench/measure" "$work/dmarc" "$tlstriage" --db "$db" ingest "$work/dmarc.mbox" \
            >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
    done
    same "$(cat "$work/totals")" "$(dmarc_totals_of "$db")" dmarc
    printf '%7d DMARC  ingest %8.4f s  peak memory %6d KiB\n' "$count" \
        "$(median "$work/dmarc" 1)" "$(largest "$work/dmarc")"
}

# Both append one row in WAL mode with synchronous=FULL: one process, one synced commit.
bench_deliver() {
    db=$work/deliver.db
    plain=$work/plain.db
    "$bench/gen_reports" 1 "$work/mail" "$work/totals" 999999
    "$tlstriage" --db "$db" deliver <"$work/mail"
    sqlite3 "$plain" 'PRAGMA journal_mode = WAL;
        CREATE TABLE mail (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;' >"$work/out"
    rm -f "$work/deliver" "$work/sqlite3"
    for run in $(seq "$deliveries"); do
        "$bench/gen_reports" 1 "$work/mail" "$work/totals" "$run"
        "$bench/measure" "$work/sqlite3" sqlite3 "$plain" \
            "PRAGMA synchronous = FULL; INSERT INTO mail (text) VALUES (hex(randomblob(400)));"
        "$bench/measure" "$work/deliver" "$tlstriage" --db "$db" deliver <"$work/mail"
    done
    same $((deliveries + 1)) "$(sqlite3 "$db" 'SELECT count(*) FROM reports')" deliver
    insert=$(median "$work/sqlite3" 1)
    deliver=$(median "$work/deliver" 1)
    printf '%7d deliver  sqlite3 %6.4f s  deliver %7.4f s  ratio %5s  peak memory %6d KiB\n' \
        "$deliveries" "$insert" "$deliver" "$(ratio "$deliver" "$insert")" \
        "$(largest "$work/deliver")"
}

for count in "$@"; do
    bench_ingest "$count"
    bench_dmarc "$count"
done
bench_deliver
