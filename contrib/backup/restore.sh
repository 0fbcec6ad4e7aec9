#!/bin/sh
# Puts a backup in the place of a store that nothing uses now; keeps the old one beside it.
#   restore.sh COPY STORE
set -eu
copy=$1
store=$2
verdict=$(sqlite3 -batch -readonly "$copy" 'PRAGMA integrity_check' 2>&1) || true
[ "$verdict" = ok ] || { echo "restore.sh: $copy is damaged: $verdict" >&2; exit 1; }
# Owner and mode as the old store has them; else those of its folder.
if [ -e "$store" ]; then like=$store; else like=$(dirname "$store"); fi
cp "$copy" "$store.new"
sqlite3 -batch "$store.new" 'PRAGMA journal_mode = WAL' >/dev/null
chown --reference="$like" "$store.new"
chmod 0640 "$store.new"
sync "$store.new"
if [ -e "$store" ]; then
    # Brings what is in the WAL into the old file. Where that cannot be done it goes with the file:
    # a stale WAL must never be read with the new one.
    sqlite3 -batch "$store" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null 2>&1 || true
    rm -f "$store.before-restore-wal"
    mv -f "$store" "$store.before-restore"
    [ ! -e "$store-wal" ] || mv -f "$store-wal" "$store.before-restore-wal"
fi
rm -f "$store-wal" "$store-shm"
mv -f "$store.new" "$store"
