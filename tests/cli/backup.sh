#!/bin/sh
# The recipes of contrib/backup: a copy of a store in use, and back again.
. tests/lib/cli.sh
. tests/lib/samples.sh

backup=$PWD/contrib/backup/backup.sh
restore=$PWD/contrib/backup/restore.sh
cd "$T" || exit 1
for number in 1 2 3 4; do
    report_mail "mail-$number" a.example >"mail-$number"
done
# dump FILE: all that a store holds.
dump() {
    sqlite3 -readonly -batch "$1" .dump
}

triage --quiet ingest mail-1
triage deliver <mail-2
ok 'the newest part of the store is in its log' test -s store.db-wal
# A writer in the middle of its work.
mkfifo held
{ echo "BEGIN IMMEDIATE; DELETE FROM report; SELECT 'begun';" && cat held; } | sqlite3 store.db >begun &
writer=$!
tries=0
while [ $tries -lt 100 ] && [ ! -s begun ]; do
    tries=$((tries + 1))
    sleep 0.05
done
is 'a writer is at work' "$(cat begun)" begun
exits 'backup while the store is in use' 0 sh "$backup" store.db copy.db
is 'says nothing' "$out$err" ''
is 'what the writer did not commit is not in it' \
    "$(sqlite3 -readonly copy.db 'SELECT external_id FROM reports ORDER BY 1')" 'mail-1
mail-2'
: >held
wait "$writer"
is 'the copy is whole' "$(dump copy.db)" "$(dump store.db)"
is 'a single file, not for everybody' "$(ls copy.db* && stat -c %a copy.db)" 'copy.db
640'
triage deliver <mail-3
exits 'a second backup' 0 sh "$backup" store.db copy.db
is 'replaces the first' "$(dump copy.db)" "$(dump store.db)"

cp copy.db good.db
exits 'backup of a store that is missing' 1 sh "$backup" missing.db copy.db
like 'says so' "$err" 'missing\.db'
ok 'and makes none' test ! -e missing.db
echo 'no store, but a text that is long enough to be taken for one' >text.db
run sh "$backup" text.db copy.db
ok 'backup of what is no store fails' test "$status" -ne 0
ok 'and the last copy stays' cmp copy.db good.db
is 'and nothing beside it' "$(ls copy.db*)" copy.db

# Back again.
triage deliver <mail-4
dump store.db >later
exits 'restore from what is no store' 1 sh "$restore" text.db store.db
dump store.db >after
ok 'leaves the store as it is' cmp later after
exits 'restore' 0 sh "$restore" copy.db store.db
is 'gives back what was copied' "$(dump store.db)" "$(dump copy.db)"
is 'as it was: mode and WAL' "$(stat -c %a store.db) $(query 'PRAGMA journal_mode')" '640 wal'
dump store.db.before-restore >after
ok 'the old store is kept, whole' cmp later after
ok 'the copy too' cmp copy.db good.db
exits 'a delivery after it' 0 triage deliver <mail-4
exits 'all the mails again' 0 triage ingest mail-1 mail-2 mail-3 mail-4
like 'only the missing was missing' "$out" '^4 mails: 0 reports new, 4 already known'
is 'foreign keys hold' "$(query 'PRAGMA foreign_key_check')" ''

# A log that the old store needs goes with it, even if nothing can be written into that any more.
cp store.db torn.db
printf 'garbage' | dd of=torn.db bs=1 count=7 conv=notrunc 2>/dev/null
printf 'what the log held' >torn.db-wal
exits 'restore in the place of a damaged store' 0 sh "$restore" copy.db torn.db
is 'gives back what was copied' "$(dump torn.db)" "$(dump copy.db)"
is 'and keeps the log of the damaged one' "$(cat torn.db.before-restore-wal)" 'what the log held'
exits 'restore where there is no store' 0 sh "$restore" copy.db new.db
is 'makes it' "$(dump new.db)" "$(dump copy.db)"
done_testing
