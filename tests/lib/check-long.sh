#!/bin/sh
# `make check-full`: the tests of tests/long, and the laboratory with real mail servers in tests/lab,
# which take minutes, root or a mail server. Each says itself what it lacks and skips.
set -u
: "${BUILD:=build}"
. tests/lib/counts.sh
for script in tests/long/*.sh; do
    [ -e "$script" ] || continue
    tap "$script" 3600 sh "$script"
done
for server in postfix exim; do
    tap "tests/lab/run.sh $server" 600 sh tests/lab/run.sh "$server"
done
totals
