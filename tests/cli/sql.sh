#!/bin/sh
# sql: questions to the store, which they cannot change.
. tests/lib/cli.sh

exits 'without a store there is no answer' 3 triage sql 'SELECT 1'
like 'the message names the store' "$err" 'store\.db'
ok 'and none was made' test ! -e "$DB"
exits 'the demo is read' 0 triage --config contrib/demo/tlstriage.conf ingest contrib/demo/mail
before=$(cksum <"$DB")
is 'the reports of the demo are there' "$(query 'SELECT count(*) FROM reports')" 54

exits 'cells are parted by |, NULL is empty' 0 triage sql "SELECT 1, NULL, 'a b', 2.5"
is 'as in the shell of sqlite3' "$out" '1||a b|2.5'
exits 'a line a row' 0 triage sql "SELECT 'a' UNION ALL SELECT 'b'"
is 'in order' "$out" "a
b"
exits '--header' 0 triage sql --header "SELECT 1 AS one, 'x' AS two UNION ALL SELECT 2, 'y'"
is 'begins with the names, once' "$out" "one|two
1|x
2|y"
exits 'several statements' 0 triage sql "SELECT 1; SELECT 2 AS b, 3; -- the end"
is 'are answered one after the other' "$out" "1
2|3"
exits 'a question without rows' 0 triage sql 'SELECT 1 WHERE 0'
is 'has no lines' "$out" ''

for write in 'DELETE FROM reports' 'DROP VIEW reports' 'CREATE TABLE x (y)' 'PRAGMA user_version=9' \
    "ATTACH '$T/other.db' AS o; CREATE TABLE o.x (y)" "VACUUM INTO '$T/copy.db'"; do
    exits "refused: ${write%%"'"*}" 3 triage sql "$write"
done
run triage sql 'SELECT 1; DELETE FROM sqlite_master'
is 'a write after a read is refused' "$status" 3
is 'nothing changed' "$(cksum <"$DB")" "$before"
ok 'no other file was made' test ! -e "$T/other.db"
exits 'a slip of the pen' 3 triage sql 'SELEC 1'
like 'the message says where' "$err" 'SELEC'
exits 'no such column' 3 triage sql 'SELECT nonsense FROM reports'
like 'the message names it' "$err" 'nonsense'
exits 'two questions as two arguments' 2 triage sql 'SELECT 1' 'SELECT 2'

# Without a question the shell of sqlite3 opens, and cannot write either.
printf 'SELECT count(*) FROM reports;\nDELETE FROM report;\n' >"$T/typed"
run triage sql <"$T/typed"
like 'the shell answers' "$out" '^54'
like 'and refuses to write' "$err" 'readonly'
printf 'CREATE TABLE from_a_file (x);\n' >"$HOME/.sqliterc"
run triage sql <"$T/typed"
like "no file of the user's is run in it" "$out" '^54'
unlike 'nor complained of' "$err" 'from_a_file'
is 'nothing changed' "$(cksum <"$DB")" "$before"
mkdir "$T/bin"
exits 'without sqlite3 there is no shell' 3 env PATH="$T/bin" "$TLSTRIAGE" --db "$DB" sql
like 'and that is said' "$err" 'cannot start sqlite3'
exits 'but an answer' 0 env PATH="$T/bin" "$TLSTRIAGE" --db "$DB" sql 'SELECT 1'

if [ -c /dev/full ]; then
    exits 'a long answer that cannot be written' 3 sh -c '"$1" --db "$2" sql "
        SELECT hex(zeroblob(9000)) UNION ALL SELECT 1" >/dev/full' sh "$TLSTRIAGE" "$DB"
    like 'is no success' "$err" 'cannot write'
else
    skip 'an answer that cannot be written' 'no /dev/full'
fi

# The promise to users of the store; others may follow.
has() {
    view=$1
    shift
    exits "$view answers" 0 triage sql --header "SELECT * FROM $view LIMIT 1"
    names="|$(printf '%s\n' "$out" | head -n 1)|"
    is "$view has a row in the demo" "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 2
    missing=
    for column in "$@"; do
        case $names in
        *"|$column|"*) ;;
        *) missing="$missing $column" ;;
        esac
    done
    is "$view has the columns promised" "$missing" ''
}
has reports report organization submitter external_id contact begins_at ends_at received_at \
    ingested_at authenticated source issues
has policies report policy day organization domain domain_source policy_domain policy_type mode \
    policy_strings mx_hosts successes failures
has failures report policy day organization domain policy_domain policy_type mode mx sending_ip \
    receiving_ip result_type failure_type layer sessions reason_code additional_information \
    mail_effect
has domain_days day direction domain successes failures reporters
has issues issue at kind severity source message_id sender report part clause problem
has arrivals at kind sender message_id outcome

# Words and forms of the views.
none() {
    is "$1" "$(query "$2")" ''
}
none 'times are RFC 3339 in UTC' "SELECT begins_at, ends_at, received_at, ingested_at FROM reports
    WHERE begins_at NOT GLOB '20??-??-??T??:??:??Z' OR ends_at NOT GLOB '20??-??-??T??:??:??Z'
       OR received_at NOT GLOB '20??-??-??T??:??:??Z' OR ingested_at <> '2026-11-22T07:00:00Z'"
none 'days are days' "SELECT day FROM policies WHERE day NOT GLOB '2026-11-[0-9][0-9]'"
none 'words of policies' "SELECT policy_type, mode FROM policies
    WHERE policy_type NOT IN ('tlsa', 'sts', 'no-policy-found', 'other')
       OR mode NOT IN ('enforce', 'testing', 'none')"
none 'policy strings and MX hosts are JSON' "SELECT policy FROM policies
    WHERE NOT json_valid(policy_strings) OR NOT json_valid(mx_hosts)"
none 'words of failures' "SELECT layer, mail_effect FROM failures
    WHERE layer NOT IN ('dns', 'dnssec', 'tlsa', 'starttls', 'certificate', 'mta-sts',
                        'sender-policy', 'local', 'reporting', 'unknown')
       OR mail_effect NOT IN ('deferred', 'returned', 'plaintext', 'unverified', 'none', 'unknown')"
none 'words of arrivals' "SELECT kind, outcome FROM arrivals
    WHERE kind NOT IN ('tlsrpt', 'dmarc', 'arf', 'bounce', 'log', 'other')
       OR outcome NOT IN ('stored', 'known', 'revised', 'quarantined', 'ignored')"
done_testing
