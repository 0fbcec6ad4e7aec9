#!/bin/sh
# Puts a backup in the place of a store that nothing uses now; keeps the old one beside it.
#   restore.sh COPY STORE
set -eu
copy=$1
store=$2
verdict=$(sqlite3 -batch -readonly "$copy" 'PRAGMA integrity_check')
[ "$verdict" = ok ] || { echo "restore.sh: $copy is damaged: $verdict" >&2; exit 1; }
# Owner and mode as the old store has them; else those of its folder.
if [ -e "$store" ]; then like=$store; else like=$(dirname "$store"); fi
cp "$copy" "$store.new"
sqlite3 -batch "$store.new" 'PRAGMA journal_mode = WAL' >/dev/null
chown --reference="$like" "$store.new"
chmod 0640 "$store.new"
sync "$store.new"
if [ -e "$store" ]; then
    # Brings what is in the WAL into the old file, so that a stale WAL is never read with the new.
    sqlite3 -batch "$store" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null || true
    mv -f "$store" "$store.before-restore"
fi
rm -f "$store-wal" "$store-shm"
mv -f "$store.new" "$store"
