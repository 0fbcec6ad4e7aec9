# A small library for whole-program tests, read with `. tests/lib/cli.sh` from the root of the tree.
# It gives TAP on standard output, a scratch folder $T that is removed at the end, and an
# environment in which nothing of the user's reaches the program.
#
#   ok NAME COMMAND...        passes if COMMAND succeeds; its output is shown if it does not
#   is NAME GOT WANTED        passes if the two texts are equal
#   like NAME TEXT REGEX      passes if a line of TEXT matches the extended REGEX
#   unlike NAME TEXT REGEX    passes if none does
#   run COMMAND...            sets $status, $out and $err; never fails itself
#   exits NAME STATUS CMD...  run, then passes if the exit status is STATUS
#   triage WORD...            run the program on the store $DB with a fixed clock $NOW
#   query SQL                 what the store $DB answers, columns separated by |
#   unprivileged COMMAND...   as nobody where the test runs as root, so that file modes count;
#                             COMMAND is a program, or triage
#   skip NAME REASON          counts as skipped
#   skip_all NAME REASON      likewise, and ends the test
#   done_testing              the last line of every test
set -u
LC_ALL=C.UTF-8
TZ=${TZ-UTC}
export LC_ALL TZ
unset TLSTRIAGE_DB XDG_DATA_HOME XDG_CONFIG_HOME
: "${TLSTRIAGE:=$PWD/tlstriage}"
T=$(mktemp -d "${TMPDIR:-/tmp}/tlstriage.XXXXXX") || exit 1
HOME=$T/home
TMPDIR=$T
export HOME TMPDIR TLSTRIAGE
mkdir "$HOME"
DB=$T/store.db
NOW=2026-11-22T07:00:00Z
: >"$T/tlstriage.conf"
tests=0
failed=0
planned=
trap 'rm -rf "$T"; [ -n "$planned" ] || { echo "Bail out! ended before done_testing"; exit 1; }' EXIT
trap 'exit 130' INT TERM

# report STATUS NAME: what every check ends with.
report() {
    tests=$((tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tests - $2"
    else
        failed=$((failed + 1))
        echo "not ok $tests - $2"
    fi
}

comment() {
    printf '%s\n' "$1" | head -n 40 | sed 's/^/#   /'
}

run() {
    status=0
    "$@" >"$T/.out" 2>"$T/.err" || status=$?
    out=$(cat "$T/.out")
    err=$(cat "$T/.err")
}

ok() {
    name=$1
    shift
    run "$@"
    report "$status" "$name"
    [ "$status" -eq 0 ] || comment "status $status: $out
$err"
}

exits() {
    name=$1
    wanted=$2
    shift 2
    run "$@"
    [ "$status" -eq "$wanted" ]
    report $? "$name"
    [ "$status" -eq "$wanted" ] || comment "status $status, not $wanted: $out
$err"
}

is() {
    [ "$2" = "$3" ]
    report $? "$1"
    [ "$2" = "$3" ] || comment "got:    $2
wanted: $3"
}

like() {
    printf '%s\n' "$2" | grep -Eq -- "$3"
    matched=$?
    report $matched "$1"
    [ $matched -eq 0 ] || comment "no line matches $3 in:
$2"
}

unlike() {
    ! printf '%s\n' "$2" | grep -Eq -- "$3"
    matched=$?
    report $matched "$1"
    [ $matched -eq 0 ] || comment "a line matches $3 in:
$2"
}

triage() {
    "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" "$@"
}

query() {
    sqlite3 -readonly -batch "$DB" "$1"
}

# The program is copied where nobody may run it: a tree below /root is closed to others.
unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    chmod 755 "$T"
    [ -e "$T/.program" ] || cp "$TLSTRIAGE" "$T/.program"
    if [ "$1" = triage ]; then
        shift
        set -- "$T/.program" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" "$@"
    fi
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

skip_all() {
    skip "$1" "$2"
    done_testing
}

done_testing() {
    planned=$tests
    echo "1..$tests"
    [ "$failed" -eq 0 ]
    exit
}
