#!/bin/sh
# quarantine: what could not be read is listed, shown without acting on the terminal, given back
# as it came, tried again, and dropped.
. tests/lib/cli.sh

printf '{"organization-name":"Org","policies":[}' |
    gzip -n >"$T/org.example!example.com!1763683200!1763769599.json.gz"
printf 'From: reports@org.example\nTo: tls@example.com\nSubject: Report\nMessage-ID: <a@org.example>\n' >"$T/bad.eml"
printf 'MIME-Version: 1.0\nContent-Type: application/tlsrpt+json; name="x\033[31m.json"\n\n' >>"$T/bad.eml"
printf 'not \033[31mJSON\nat all\n' >>"$T/bad.eml"

exits 'nothing there yet' 3 triage quarantine
exits 'two that cannot be read' 0 triage ingest "$T/bad.eml" "$T"/*.json.gz
exits 'the list' 0 triage quarantine
like 'it has the sender' "$out" '^ *1 .* reports@org\.example'
like 'and why it could not be read' "$out" '^ +[^ ].*(JSON|report)'
like 'and the second one' "$out" '^ *2 '
exits 'list by its name' 0 triage quarantine list
exits 'one at length' 0 triage quarantine show 1
like 'with its subject' "$out" '^Subject +Report$'
like 'and its first lines' "$out" 'not .*JSON'
unlike 'nothing in it acts on a terminal' "$out" "$(printf '\033')"
exits 'a packed one' 0 triage quarantine show 2
like 'is shown unpacked' "$out" 'organization-name'
exits 'one that is not there' 3 triage quarantine show 99
like 'is told' "$err" 'number 99'
exits 'raw' 0 sh -c '"$TLSTRIAGE" --db "$1" --config "$2" quarantine raw 2 >"$3"' sh "$DB" \
    "$T/tlstriage.conf" "$T/raw"
ok 'gives the bytes as they came' cmp "$T/raw" "$T"/*.json.gz
exits 'a list that cannot be written' 3 sh -c '"$TLSTRIAGE" --db "$1" --config "$2" quarantine >/dev/full' \
    sh "$DB" "$T/tlstriage.conf"
exits 'trying again' 0 triage quarantine retry
like 'says what came of it' "$out" '^2 tried again, 0 can be read now$'
exits 'trying one' 0 triage quarantine retry 2
like 'tries that one' "$out" '^1 tried again, 0 can be read now$'
exits 'dropping one' 0 triage quarantine drop 1
is 'leaves the other' "$(query "SELECT group_concat(id) FROM unread")" 2
exits 'dropping one that is gone' 3 triage quarantine drop 1
exits 'show without a number' 2 triage quarantine show
exits 'a word for a number' 2 triage quarantine drop all
exits 'an unknown word' 2 triage quarantine empty
exits 'the last one' 0 triage quarantine drop 2
exits 'an empty one' 0 triage quarantine
is 'says so' "$out" 'The quarantine is empty.'

# What follows a 0 is shown; an encrypted zip is kept as it came, for the reason that it is.
printf 'plain\000hidden' >"$T/org.example!example.com!1763683200!1763769599.json.gz"
{
    printf 'From: a@org.example\nSubject: Report Domain: example.com Submitter: org.example\n'
    printf 'Message-ID: <zip@org.example>\nMIME-Version: 1.0\n'
    printf 'Content-Type: application/zip; name="r.zip"\nContent-Transfer-Encoding: base64\n\n'
    # Two empty.xml, each of one byte, with the flag that says they are encrypted.
    for name in a.xml b.xml; do
        printf 'PK\003\004\024\000\001\000\000\000\000\000\000\000\000\000\000\000\015\000\000\000\001\000\000\000\005\000\000\000%s0123456789abc' "$name"
    done | base64
} >"$T/zip.eml"
exits 'a file with a 0 and an encrypted zip' 0 triage ingest "$T"/org*.json.gz "$T/zip.eml"
exits 'are listed' 0 triage quarantine list
like 'the zip for what it is' "$out" 'zip member is encrypted'
unlike 'not as empty' "$out" 'empty where'
id=$(query 'SELECT max(id) FROM unread')
exits 'the zip' 0 sh -c '"$TLSTRIAGE" --db "$1" --config "$2" quarantine raw "$4" >"$3"' sh "$DB" \
    "$T/tlstriage.conf" "$T/raw" "$id"
is 'is there whole' "$(wc -c <"$T/raw" | tr -d ' ')" 96
exits 'the other' 0 triage quarantine show "$((id - 1))"
like 'is shown whole' "$out" 'plainhidden'
done_testing
