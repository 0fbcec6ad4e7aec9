#!/bin/sh
# Runs one test program that speaks TAP and counts its cases.
#   tap.sh COUNTS LABEL SECONDS COMMAND...
# Appends "PASSED FAILED SKIPPED" to the file COUNTS and prints one result line; where something
# failed, what the program said as well. A crash, a time-out, a case that never came and a program
# without any case are failures.
set -u
counts=$1
label=$2
seconds=$3
shift 3
log=$(mktemp "$counts.XXXXXX") || exit 1
status=0
CMOCKA_MESSAGE_OUTPUT=TAP timeout --kill-after=5 "$seconds" "$@" >"$log" 2>&1 </dev/null || status=$?
# Programs that print a group of tests after another give one plan for each.
# shellcheck disable=SC2046
set -- $(awk '
    /^[ \t]*1\.\.[0-9]+/ { sub(/^[ \t]*1\.\./, ""); planned += $1 }
    /^[ \t]*(not )?ok .*# SKIP/ { skipped++; next } # cmocka calls a skipped test "not ok"
    /^[ \t]*not ok / { failed++; next }
    /^[ \t]*ok / { passed++ }
    /^Bail out!/ { failed++ }
    END {
        missing = planned - passed - failed - skipped
        if (missing > 0) failed += missing
        print passed + 0, failed + 0, skipped + 0
    }' "$log")
passed=$1
failed=$2
skipped=$3
if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ $((passed + skipped)) -eq 0 ]; }; then
    failed=1
fi
line="$label: $passed passed"
[ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
if [ "$failed" -eq 0 ]; then
    echo "ok   $line"
else
    echo "FAIL $line, $failed failed, exit status $status"
    grep -av '^[[:space:]]*ok ' "$log" | tail -n 80 | sed 's/^/     | /'
fi
rm -f "$log"
echo "$passed $failed $skipped" >>"$counts"
