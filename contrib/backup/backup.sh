#!/bin/sh
# Copies a store that is in use, checks the copy, and only then replaces the last one.
#   backup.sh STORE TARGET
set -eu
umask 027
store=$1
target=$2
[ -f "$store" ] || { echo "backup.sh: no store at $store" >&2; exit 1; }
new=$target.new
rm -f "$new"
trap 'rm -f "$new"' EXIT
sqlite3 -batch -cmd '.timeout 60000' "$store" ".backup '$new'"
# The copy is a single file, without a WAL beside it.
sqlite3 -batch "$new" 'PRAGMA journal_mode = DELETE' >/dev/null
verdict=$(sqlite3 -batch -readonly "$new" 'PRAGMA integrity_check')
if [ "$verdict" != ok ]; then
    echo "backup.sh: the copy is damaged, the last one stays: $verdict" >&2
    exit 1
fi
sync "$new"
mv -f "$new" "$target"
