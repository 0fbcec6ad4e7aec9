#!/bin/sh
# The command line and the configuration, as all commands share them.
. tests/lib/cli.sh

exits '--version' 0 "$TLSTRIAGE" --version
like 'says name and version' "$out" '^tlstriage [0-9]+\.[0-9]+'
exits '--help' 0 "$TLSTRIAGE" --help
help=$out
like 'tells that logs can be read too' "$help" '^  ingest +.*mail server logs'
for option in db config now quiet help version; do
    like "names --$option" "$help" "^  --$option"
done
for command in ingest deliver follow digest explain sql prune reparse; do
    like "names $command" "$help" "^  $command +[a-z]"
done

# helps COMMAND OPTION...
helps() {
    command=$1
    shift
    exits "$command --help" 0 "$TLSTRIAGE" "$command" --help
    missing=
    for option in db config now quiet "$@"; do
        printf '%s\n' "$out" | grep -q -- " --${option}[= ]" || missing="$missing --$option"
    done
    is "$command --help names all its options" "$missing" ''
    like "$command --help says what it does" "$out" '^[A-Z].*\.$'
    run "$TLSTRIAGE" --help "$command"
    is "--help $command ends well" "$status" 0
}
helps ingest
helps deliver
helps follow journal once from-end timezone
helps digest domain since until format to all exit-code width
helps explain
helps sql header
helps prune days dry-run
helps reparse

# Manual pages and completions know each command and option, and no other.
for command in ingest deliver follow digest explain sql prune reparse; do
    "$TLSTRIAGE" "$command" --help | sed -n 's/^  \(-., \)*--\([a-z-]*\)[= ].*/\2/p' |
        grep -vxE 'help|db|config|now|quiet' | sort >"$T/known"
    grep -E '^\.(It|Op) Fl' "man/tlstriage-$command.1" | grep -oE 'Fl -[a-z-]+' | sed 's/^Fl -//' |
        sort -u >"$T/told"
    is "manual page of $command: its options" "$(cat "$T/told")" "$(cat "$T/known")"
    missing=
    while read -r option; do
        for file in contrib/completion/tlstriage.bash contrib/completion/_tlstriage; do
            grep -qe "--$option" "$file" || missing="$missing $file:--$option"
        done
    done <"$T/known"
    is "completion of $command: its options" "$missing" ''
done
"$TLSTRIAGE" --help | sed -n 's/^  --\([a-z]*\) .*/\1/p' | sort >"$T/known"
grep -oE '^\.It Fl -[a-z]+' man/tlstriage.1 | sed 's/^.* -//' | sort >"$T/told"
is 'manual page: the common options' "$(cat "$T/told")" "$(cat "$T/known")"
if command -v bash >/dev/null; then
    cat >"$T/complete" <<'END'
_init_completion() {
    words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
}
_filedir() { COMPREPLY=(FILES); }
. contrib/completion/tlstriage.bash
tlstriage() { "$TLSTRIAGE" "$@"; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_tlstriage
echo "${COMPREPLY[*]}"
END
    # completes NAME WANTED WORD...
    completes() {
        name=$1
        wanted=$2
        shift 2
        run bash "$T/complete" tlstriage "$@"
        is "bash completes $name" "$out$err" "$wanted"
    }
    completes 'a command' 'deliver digest' d
    completes 'a command after options' 'explain' --db x.db -q ex
    completes 'an option of a command' '--header' sql --hea
    completes 'another' '--db --days --dry-run' prune --d
    completes 'a format' 'json' digest --format j
    completes 'a format of another' 'text json' status --format ''
    completes 'a file' 'FILES' ingest ''
    completes 'a file after an option' 'FILES' digest --queue ''
    completes 'a word to explain' 'sts-wildcard' explain sts-wi
else
    skip 'completion in bash' 'no bash'
fi

exits 'no command' 2 "$TLSTRIAGE"
like 'is said' "$err" 'command.*--help'
exits 'an unknown command' 2 triage frobnicate
like 'is named' "$err" 'frobnicate'
exits 'an unknown option before the command' 2 "$TLSTRIAGE" --frobnicate digest
like 'is named' "$err" 'frobnicate'
for command in ingest follow digest explain sql prune reparse; do
    exits "an unknown option of $command" 2 triage "$command" --frobnicate
    like 'is named together with the command' "$err" "^tlstriage $command: .*frobnicate"
done
exits 'an option without its value' 2 "$TLSTRIAGE" digest --db
exits 'an argument that digest does not take' 2 triage digest example.com
exits 'deliver keeps the mail whatever the option' 75 triage deliver --frobnicate
exits 'also before the command' 75 "$TLSTRIAGE" --frobnicate deliver
ok 'none of this made a store' test ! -e "$DB"
escape=$(printf 'a\033]0;x\007\342\200\256b')
exits 'an escape sequence for a command' 2 "$TLSTRIAGE" "$escape"
unlike 'does not reach the terminal' "$err" "$(printf '[\033\007]|\342\200\256')"

# Common options, before and after.
printf '{"organization-name":"Org","date-range":{"start-datetime":"2026-11-20T00:00:00Z",
    "end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"a@org.example","report-id":"1",
    "policies":[{"policy":{"policy-type":"no-policy-found","policy-domain":"example.com"},
    "summary":{"total-successful-session-count":5,"total-failure-session-count":0}}]}' >"$T/1.json"
exits 'common options before the command' 0 "$TLSTRIAGE" --db "$T/a.db" --config "$T/tlstriage.conf" \
    --now 2026-11-21T01:02:03Z --quiet ingest "$T/1.json"
is '--quiet is quiet' "$out$err" ''
exits 'common options after the command' 0 "$TLSTRIAGE" ingest --db="$T/b.db" "$T/1.json" \
    --config="$T/tlstriage.conf" --now=2026-11-21T02:02:03+01:00 -q
is '-q is quiet' "$out$err" ''
for store in a b; do
    DB=$T/$store.db
    is "--db and --now are heeded ($store)" "$(query 'SELECT ingested_at FROM reports')" \
        2026-11-21T01:02:03Z
done
exits 'the same option twice: the last one counts' 0 "$TLSTRIAGE" --db "$T/none.db" sql \
    --config "$T/tlstriage.conf" --db "$T/a.db" 'SELECT count(*) FROM reports'
is 'its store was asked' "$out" 1
exits '$TLSTRIAGE_DB' 0 env TLSTRIAGE_DB="$T/b.db" "$TLSTRIAGE" --config "$T/tlstriage.conf" sql \
    'SELECT count(*) FROM reports'
exits '--db goes before $TLSTRIAGE_DB' 0 env TLSTRIAGE_DB="$T/none.db" "$TLSTRIAGE" --db "$T/b.db" \
    --config "$T/tlstriage.conf" sql 'SELECT count(*) FROM reports'
exits 'a query may begin with a dash after --' 0 triage sql -- '-- nothing
    SELECT 1'
cp "$T/1.json" "$T/-1.json"
exits 'so may a file' 0 sh -c 'cd "$1" && "$TLSTRIAGE" ingest --config tlstriage.conf --db b.db -- \
    1.json -1.json' sh "$T"
like 'both were read' "$out" '2 already known'
exits 'a folder for a store' 3 "$TLSTRIAGE" --db "$T" --config "$T/tlstriage.conf" sql 'SELECT 1'
printf 'no database, but a text that is long enough to be looked at as one\n' >"$T/text.db"
cp "$T/text.db" "$T/text.copy"
exits 'a text for a store' 3 "$TLSTRIAGE" --db "$T/text.db" --config "$T/tlstriage.conf" ingest \
    "$T/1.json"
like 'is named' "$err" 'text\.db'
ok 'and left as it was' cmp "$T/text.db" "$T/text.copy"

for now in yesterday 2026-13-01T00:00:00Z 2026-11-21T25:00:00Z '' 20; do
    exits "--now '$now' is no time" 2 "$TLSTRIAGE" --now "$now" --db "$T/a.db" \
        --config "$T/tlstriage.conf" digest
    like 'is said' "$err" '--now'
done

# refused NAME CONFIGURATION REGEX: an error that names the file and what REGEX wants.
refused() {
    printf '%b' "$2" >"$T/bad.conf"
    exits "configuration: $1" 3 "$TLSTRIAGE" --config "$T/bad.conf" --db "$T/a.db" digest
    like 'the message names file, group and key' "$err" "/bad\\.conf: .*$3"
}
refused 'unknown group' '[ingset]\nauthserv-id = x\n' '\[ingset\]'
refused 'unknown key' '[ingest]\nauthservid = x\n' '\[ingest\] authservid'
refused 'no number' '[store]\nkeep-days = many\n' '\[store\] keep-days'
refused 'number out of range' '[store]\nkeep-days = 0\n' '\[store\] keep-days'
refused 'neither true nor false' '[analyze]\nskip-unauthenticated = perhaps\n' \
    '\[analyze\] skip-unauthenticated'
refused 'no time zone' '[log]\ntimezone = Europe/Nowhere\n' '\[log\] timezone'
refused 'neither yes nor no' '[log]\nkeep-addresses = some\n' '\[log\] keep-addresses'
refused 'no host name' '[domain example.com]\nmx = m_x..example.com\n' '\[domain example.com\] mx'
refused 'no address' '[domain example.com]\nmx = mx.example.com 192.0.2.256\n' \
    '\[domain example.com\] mx'
refused 'no domain' '[domain ]\nmx = mx.example.com\n' '\[domain \]'
refused 'no group at all' 'authserv-id = x\n' '.'
exits 'deliver keeps the mail with a bad configuration' 75 "$TLSTRIAGE" --config "$T/bad.conf" \
    --db "$T/a.db" deliver </dev/null
exits 'a configuration that is named must exist' 3 "$TLSTRIAGE" --config "$T/none.conf" \
    --db "$T/a.db" digest
like 'the message names it' "$err" 'none\.conf'
exits 'all keys at once' 0 sh -c 'printf "[ingest]\nauthserv-id = mx\n[analyze]
skip-unauthenticated = true\n[store]\nkeep-days = 30\n[digest]\nto = a@example.com\nfrom = b@example.com
[log]\ntimezone = Europe/Berlin\nkeep-addresses = true
[domain example.com]\nmx = mx1.example.com 192.0.2.25 2001:db8::25; mx2.example.com\n" >"$1/good.conf"
    "$TLSTRIAGE" --config "$1/good.conf" --db "$1/a.db" digest' sh "$T"
done_testing
