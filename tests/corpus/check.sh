#!/bin/sh
# check.sh FOLDER: compares what the program reads with the facts known of a folder of reports
# (expected.json, INDEX.tsv). Needs python3, of which only the standard library is used.
set -eu
: "${TLSTRIAGE:?names no program}"
exec python3 "$(dirname "$0")/check.py" "$TLSTRIAGE" "${1:?names no folder}"
