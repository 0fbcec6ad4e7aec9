#!/bin/sh
# The bench for logs: ingest beside a bare scan (logscan), zcat, and where they are installed
# pflogsumm and eximstats. Prints median wall times, ratios and peak memory; fails only where a
# total is wrong.
#
#   tests/bench/logs.sh TLSTRIAGE BUILD [LINES]...      (100000 and 1000000 lines by default)
set -eu

tlstriage=$1
bench=$2/tests/bench
shift 2
[ $# -gt 0 ] || set -- 100000 1000000
runs=${RUNS:-5}
work=$(mktemp -d "${TMPDIR:-/tmp}/tlstriage-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck source=tests/bench/figures.sh
. "$(dirname "$0")/figures.sh"

# What the store adds up to, in the words of gen_log.
totals_of() {
    sqlite3 "$1" "SELECT json_object(
        'in', coalesce(sum(sessions) FILTER (WHERE direction = 'in'), 0),
        'out', coalesce(sum(sessions) FILTER (WHERE direction = 'out'), 0),
        'verified', coalesce(sum(sessions) FILTER (WHERE outcome = 'verified'), 0),
        'trusted', coalesce(sum(sessions) FILTER (WHERE outcome = 'trusted'), 0),
        'untrusted', coalesce(sum(sessions) FILTER (WHERE direction = 'out' AND outcome = 'untrusted'), 0),
        'plaintext', coalesce(sum(sessions) FILTER (WHERE direction = 'out' AND outcome = 'plaintext'), 0),
        'failed', coalesce(sum(sessions) FILTER (WHERE outcome = 'failed'), 0),
        'failures', (SELECT count(*) FROM log_failures)) FROM deliveries"
}

# ingest FILE FIGURES : one reading into a new store, whose totals must be right
ingest() {
    rm -f "$work/db" "$work/db-wal" "$work/db-shm" "$work/db.log-lock"
    TZ=UTC "$bench/measure" "$2" "$tlstriage" --db "$work/db" ingest "$1" >"$work/out" 2>&1 || {
        cat "$work/out" >&2
        exit 1
    }
    same "$(cat "$work/totals")" "$(totals_of "$work/db")" "ingest $1"
}

other() {
    if command -v "$1" >/dev/null; then
        "$bench/measure" "$work/other" "$@" "$work/log" >"$work/out" 2>&1
        printf '%s %s s, %s times as long; ' "$1" "$(median "$work/other" 1)" \
            "$(ratio "$(median "$work/other" 1)" "$plain")"
        rm -f "$work/other"
    fi
}

bench_log() {
    "$bench/gen_log" "$1" "$2" "$work/log" "$work/totals"
    gzip -k "$work/log"
    for run in $(seq "$runs"); do
        "$bench/measure" "$work/scan" "$bench/logscan" "$1" "$work/log" >/dev/null
        ingest "$work/log" "$work/plain"
        "$bench/measure" "$work/zcat" zcat "$work/log.gz" >/dev/null
        ingest "$work/log.gz" "$work/packed"
    done
    scan=$(median "$work/scan" 1)
    plain=$(median "$work/plain" 1)
    zcat=$(median "$work/zcat" 1)
    packed=$(median "$work/packed" 1)
    printf '%8d %-7s lines  scan %6.3f s  ingest %6.3f s  ratio %5s  peak %6d KiB  store %d KiB\n' \
        "$2" "$1" "$scan" "$plain" "$(ratio "$plain" "$scan")" "$(largest "$work/plain")" \
        "$(($(wc -c <"$work/db") / 1024))"
    printf '%8s gzipped        zcat %6.3f s  ingest %6.3f s  ratio %5s  peak %6d KiB\n' '' "$zcat" \
        "$packed" "$(ratio "$packed" "$zcat")" "$(largest "$work/packed")"
    case $1 in
    postfix) other pflogsumm ;;
    exim) other eximstats ;;
    esac
    echo
    rm -f "$work/log" "$work/log.gz" "$work/scan" "$work/plain" "$work/zcat" "$work/packed"
}

for lines in "$@"; do
    bench_log postfix "$lines"
    bench_log exim "$lines"
done
