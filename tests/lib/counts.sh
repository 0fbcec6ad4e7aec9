# Counting of results for check.sh and check-long.sh: `tap` runs a test program, `result` notes a
# single case, `totals` prints the sum as the last line and ends with its verdict.
mkdir -p "$BUILD/tmp"
counts=$BUILD/counts
: >"$counts"
rm -rf "$BUILD/tmp"
mkdir -p "$BUILD/tmp"
TMPDIR=$(realpath "$BUILD/tmp")
# Run by root in a tree that is closed to others (below /root, say): tests that give up root's rights
# need a folder that they still reach.
if [ "$(id -u)" -eq 0 ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$TMPDIR"; then
    TMPDIR=$(mktemp -d /tmp/tlstriage-check.XXXXXX)
    chmod 755 "$TMPDIR"
fi
trap 'rm -rf "$TMPDIR"' EXIT
export TMPDIR

tap() {
    label=$1
    shift
    sh tests/lib/tap.sh "$counts" "$label" "$@"
}

result() {
    if [ "$1" -eq 0 ]; then
        echo "ok   $2"
        echo '1 0 0' >>"$counts"
    else
        echo "FAIL $2"
        echo '0 1 0' >>"$counts"
    fi
}

totals() {
    rm -rf "$TMPDIR"
    awk '{ passed += $1; failed += $2; skipped += $3 }
         END {
             if (skipped) print skipped " skipped"
             print passed + 0 " passed, " failed + 0 " failed"
             exit failed > 0
         }' "$counts"
    exit
}
