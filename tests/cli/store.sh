#!/bin/sh
# The store as a file: where it is, how it is made, and which files are left alone.
. tests/lib/cli.sh
. tests/lib/samples.sh

# every_command: one line for each command that opens the store.
every_command() {
    printf '%s\n' 'ingest mail' 'deliver' 'digest' 'digest --to a@b.example' 'sql SELECT(1)' prune \
        'prune --dry-run' reparse
}

# refused NAME REGEX [STATUS]: every command refuses $DB with a reason, and leaves it and its log
# as they are to the byte.
refused() {
    cat "$DB" "$DB-wal" 2>/dev/null | cksum >before
    ls "$DB"* >>before
    every_command >commands
    while read -r words; do
        # shellcheck disable=SC2086 # words
        run triage $words <mail
        wanted=3
        [ "$words" != deliver ] || wanted=75
        is "$1, $words: exit status" "$status" "$wanted"
        like "$1, $words: says why" "$err" "$2"
    done <commands
    cat "$DB" "$DB-wal" 2>/dev/null | cksum >after
    ls "$DB"* >>after
    ok "$1: left as it is" cmp before after
}

cd "$T" || exit 1
report_mail first a.example >mail
mkdir bin
printf '#!/bin/sh\ncat >>"%s"\n' "$T/sent" >bin/sendmail
chmod 755 bin/sendmail
PATH=$T/bin:$PATH

# Made by the first ingest.
(umask 0 && triage --quiet ingest mail)
is 'mode, with an umask that allows all' "$(stat -c %a store.db store.db-wal store.db-shm | sort -u)" 640
is 'WAL' "$(query 'PRAGMA journal_mode')" wal
is 'the header says whose it is' "$(dd if=store.db bs=1 skip=68 count=4 2>/dev/null)" TLST
is 'application_id' "$(query 'PRAGMA application_id')" 1414288212
ok 'user_version' test "$(query 'PRAGMA user_version')" -ge 1
is 'every table is STRICT' \
    "$(query "SELECT name FROM pragma_table_list
              WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite%'")" ''
is 'foreign keys hold' "$(query 'PRAGMA foreign_key_check')" ''
DB=$T/delivered.db
(umask 0 && triage deliver <mail)
is 'mode, made by deliver' "$(stat -c %a delivered.db delivered.db-wal | sort -u)" 640
is 'WAL, made by deliver' "$(query 'PRAGMA journal_mode')" wal
DB=$T/tight.db
(umask 077 && triage deliver <mail)
is 'a stricter umask counts' "$(stat -c %a tight.db)" 600
DB=$T/theirs/store.db
mkdir theirs
if [ "$(id -u)" -eq 0 ]; then
    chown 65534:65534 theirs
    triage --quiet ingest mail
    is 'made by root in the folder of a user it is that of the user' \
        "$(stat -c %u:%g "$DB")" 65534:65534
    report_mail second b.example >second
    exits 'so that the alias can write it' 0 unprivileged triage deliver <second
else
    skip 'made by root in the folder of a user' 'not root'
fi

# Not for us.
DB=$T/newer.db
cp store.db newer.db
sqlite3 newer.db 'PRAGMA journal_mode=DELETE; PRAGMA user_version=1000' >/dev/null
refused 'a later version' 'newer\.db: made by a later tlstriage .*left untouched'
DB=$T/newer-log.db
cp store.db newer-log.db
sqlite3 newer-log.db '.dbconfig no_ckpt_on_close on' '.filectrl persist_wal 1' \
    'PRAGMA user_version=1000' >/dev/null
ok 'that it is of a later version stands in the log alone' test -s newer-log.db-wal
refused 'a later version, by its log' 'made by a later tlstriage .*left untouched'
DB=$T/other.db
sqlite3 other.db 'CREATE TABLE report (name TEXT)'
refused 'another database' 'other\.db: not a store of tlstriage'
DB=$T/text.db
printf 'This is no database at all, but %s\n' a long text >text.db
refused 'a file that is no database' 'text\.db: .*not a database'

# Not there.
DB=$T/missing.db
every_command | grep -v -e ingest -e deliver >commands
while read -r words; do
    # shellcheck disable=SC2086 # words
    exits "no store, $words: 3" 3 triage $words
    like "no store, $words: says so" "$err" "missing\\.db: .*no store.*tlstriage ingest"
done <commands
ok 'no store: and none is made' test ! -e missing.db
DB=$T/nowhere/store.db
exits 'no folder, ingest: 3' 3 triage ingest mail
like 'no folder, ingest: says so' "$err" 'nowhere/store\.db: cannot be made'
ok 'no folder: and none is made' test ! -e nowhere

ok 'no digest was sent of any of these' test ! -e sent

# Where it is. The system's own place stays alone: only users without rights take a default here.
: >none.conf
run env TLSTRIAGE_DB="$T/variable.db" "$TLSTRIAGE" --config none.conf --quiet ingest mail
ok 'TLSTRIAGE_DB is the store' test -s variable.db
run env TLSTRIAGE_DB="$T/variable2.db" "$TLSTRIAGE" --config none.conf --quiet ingest --db option.db mail
ok '--db wins over TLSTRIAGE_DB' test -s option.db -a ! -e variable2.db
run "$TLSTRIAGE" --config none.conf --quiet --db early.db ingest --db late.db mail
is 'an option after the command wins over one before' "$(ls early.db late.db 2>/dev/null)" late.db
if [ "$(id -un)" = tlstriage ]; then
    skip 'the default store of a plain user' 'run as the system user'
else
    cp "$TLSTRIAGE" program
    chmod 755 program
    mkdir data plain
    chmod 777 data plain
    run unprivileged env XDG_DATA_HOME="$T/data" "$T/program" --config none.conf ingest mail
    is 'a plain user: exit status and messages' "$status$err" 0
    is 'the store of a plain user is below XDG_DATA_HOME' \
        "$(stat -c %a data/tlstriage data/tlstriage/tlstriage.db | tr '\n' ' ')" '750 640 '
    run unprivileged env XDG_DATA_HOME="$T/data" "$T/program" --config none.conf sql \
        'SELECT count(*) FROM reports'
    is 'and is found there again' "$out" 1
    run unprivileged env HOME="$T/plain" "$T/program" --config none.conf ingest mail
    ok 'else below HOME' test -s plain/.local/share/tlstriage/tlstriage.db
fi

for DB in store.db delivered.db tight.db option.db data/tlstriage/tlstriage.db; do
    is "integrity of $DB" "$(query 'PRAGMA integrity_check')" ok
done
done_testing
