#!/bin/sh
# `make demo`: the sample mails and the log of contrib/demo into a store of their own, and what it says of them.
set -eu
: "${TLSTRIAGE:=./tlstriage}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
triage() {
    command=$1
    shift
    "$TLSTRIAGE" "$command" --db "$folder/demo.db" --config contrib/demo/tlstriage.conf \
        --now 2026-11-22T07:00:00Z "$@"
}
for file in contrib/demo/*; do
    case $file in
    *.conf | */README*) ;;
    *) set -- "$@" "$file" ;;
    esac
done
triage ingest "$@"
triage digest --since 2026-11-10
