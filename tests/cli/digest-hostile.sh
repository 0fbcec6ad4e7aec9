#!/bin/sh
# digest: whatever a report says, nothing of it acts on a terminal, a mail program or a shell.
. tests/lib/cli.sh

# For JSON: U+202E, an escape sequence that sets the title, a line break with a field behind it,
# C1's CSI, DEL, NUL-like and quotes of each kind. `touch` would make a file if a shell saw it.
evil='\u202e\u001b]0;x\u0007\r\nBcc: evil@example.org\r\n\u009b2J\u007f\u2028\"'"'"'`touch x1`$(touch x2);touch x3|%s{mx}\\'
# The same without what no host name may hold anyway.
report='{"organization-name":"EVIL'$evil'","date-range":{"start-datetime":"2026-11-21T00:00:00Z",
"end-datetime":"2026-11-21T23:59:59Z"},"contact-info":"EVIL'$evil'","report-id":"EVIL'$evil'",
"policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: EVIL'$evil'",
"mx: EVIL'$evil'"],"policy-domain":"example.com","mx-host":["EVIL'$evil'"]},
"summary":{"total-successful-session-count":1,"total-failure-session-count":70},
"failure-details":[
{"result-type":"certificate-expired","sending-mta-ip":"EVIL'$evil'",
"receiving-mx-hostname":"EVIL'$evil'","receiving-mx-helo":"EVIL'$evil'","receiving-ip":"EVIL'$evil'",
"failed-session-count":40,"additional-information":"EVIL'$evil'","failure-reason-code":"EVIL'$evil'"},
{"result-type":"EVIL'$evil'","receiving-mx-hostname":"mx.example.com","failed-session-count":30,
"failure-reason-code":"EVIL'$evil'"}]},
{"policy":{"policy-type":"tlsa","policy-string":["3 1 1 EVIL'$evil'"],"policy-domain":"EVIL'$evil'",
"mx-host":["EVIL'$evil'"]},
"summary":{"total-successful-session-count":0,"total-failure-session-count":50},
"failure-details":[{"result-type":"tlsa-invalid","receiving-mx-hostname":"EVIL'$evil'",
"failed-session-count":50,"failure-reason-code":"EVIL'$evil'"}]},
{"policy":{"policy-type":"EVIL'$evil'","policy-domain":"EVIL'$evil'"},
"summary":{"total-successful-session-count":0,"total-failure-session-count":9}}]}'
name=$(printf 'EVIL\342\200\256\033]0;x\007$(touch x4)`touch x5`.json')
{
    printf 'From: "EVIL\033]0;x\007" <EVIL$(touch${IFS}x6)@example.org>\nTo: a@example.com\n'
    printf 'Subject: Report Domain: EVIL\342\200\256\033]0;x\007$(touch x7) Submitter: `x`\n'
    printf 'TLS-Report-Domain: EVIL\033]0;x\007$(touch x8)\nMessage-ID: <EVIL\033$(x)@example.org>\n'
    printf 'Date: Sun, 22 Nov 2026 06:00:00 +0000\nMIME-Version: 1.0\n'
    printf 'Content-Type: application/tlsrpt+json; name="%s"\n' "$name"
    printf 'Content-Disposition: attachment; filename="%s"\n\n' "$name"
    printf '%s\n' "$report"
} >"$T/mail.eml"
printf '%s' "$report" | sed 's/"report-id":"EVIL/"report-id":"2EVIL/' >"$T/$name"
printf '%s' "$report" | sed 's/"report-id":"EVIL/"report-id":"3EVIL/; s/"end-datetime/"EVIL$(x)/' \
    >"$T/broken.json"

mkdir "$T/here"
cd "$T/here" || exit 1
exits 'hostile reports are read' 0 triage ingest "$T/mail.eml" "$T/$name" "$T/broken.json"
ingested=$out$err
is 'and stored' "$(query "SELECT count(*) > 1 FROM reports")" 1

# clean NAME FILE: plain text and nothing else. C1 characters are two bytes in UTF-8.
control=$(printf '[\001-\011\013-\037\177]')
clean() {
    LC_ALL=C tr -d '\n' <"$2" | LC_ALL=C tr -d '\000' >"$T/bytes"
    found=$(LC_ALL=C grep -cE "$control" "$T/bytes")
    is "$1: no control character" "$found" 0
    is "$1: no NUL" "$(LC_ALL=C tr -dc '\000' <"$2" | wc -c | tr -d ' ')" 0
    found=$(LC_ALL=C grep -c "$(printf '\302[\200-\237]')" "$T/bytes")
    is "$1: no C1 control character" "$found" 0
    found=$(LC_ALL=C grep -cE "$(printf '\342\200[\216\217\250-\256]|\342\201[\246-\251]')" "$T/bytes")
    is "$1: nothing that turns or breaks the text" "$found" 0
}
printf 'a\033b' >"$T/raw"
exits 'the test sees what it looks for' 0 env LC_ALL=C grep -qE "$control" "$T/raw"
printf '%s\n' "$ingested" >"$T/out"
clean 'messages of ingest' "$T/out"
for format in text json mail; do
    for options in '' '--all --since 2026-11-01' '--all --width 40' '--domain example.com'; do
        # shellcheck disable=SC2086 # several words
        triage digest --format $format $options >"$T/$format" 2>&1
        is "digest --format $format $options ends well" "$?" 0
        clean "$format $options" "$T/$format"
    done
done
triage digest --format text --since 2026-11-01 >"$T/text"
triage digest --format json --since 2026-11-01 >"$T/json"
triage digest --format mail --since 2026-11-01 >"$T/mail"
like 'they are told, made visible' "$(cat "$T/text")" 'EVIL'
is 'JSON is valid' "$(sqlite3 :memory: "SELECT json_valid(readfile('$T/json'))")" 1
is 'JSON keeps them as they are' "$(sqlite3 :memory: "SELECT count(*) > 0
    FROM json_tree(readfile('$T/json')) WHERE instr(atom, 'EVIL') AND instr(atom, char(8238))")" 1
sed '/^$/q' "$T/mail" >"$T/header"
unlike 'no header field is added' "$(cat "$T/header")" '^Bcc'
is 'each line of the header is a field or goes on' \
    "$(grep -vE '^([A-Za-z-]+: |[ 	]|$)' "$T/header")" ''
is 'one Subject' "$(grep -ci '^subject:' "$T/header")" 1

# What stands in a command line of the digest is pasted into a shell.
sqlite3 :memory: "SELECT json_extract(value, '\$.text') FROM json_tree(readfile('$T/json'))
    WHERE type = 'object' AND json_extract(value, '\$.kind') = 'command'" >"$T/commands"
ok 'there are commands' test -s "$T/commands"
unlike 'none holds a text of the reports' "$(cat "$T/commands")" 'EVIL|touch|evil@'
# In the text commands and quoted policies are both indented; a shell takes the rest for words.
unlike 'nor does one in the text' \
    "$(grep -E '(openssl|dig|curl|posttls-finger|tlstriage|swaks) .*' "$T/text")" 'touch|evil@'
ok 'the commands are shell' sh -n "$T/commands"

# Other doors to the terminal.
printf '{"policies":"EVIL\033\342\200\256"' >"$T/$name.bad"
run triage ingest "$T/$name.bad" "$T/$name.none" "$T/mail.eml"
printf '%s\n' "$out$err" >"$T/out"
clean 'messages about files' "$T/out"
run triage reparse
printf '%s\n' "$out$err" >"$T/out"
clean 'messages of reparse' "$T/out"
run triage digest --domain "$(printf 'a\033]0;x\007$(touch x9)\342\200\256')"
printf '%s\n' "$out$err" >"$T/out"
clean '--domain' "$T/out"
printf '%s\n' "$out" | grep -E '^ +dig ' >"$T/dig"
ok 'it stands in a command' grep -q touch "$T/dig"
ok 'which a shell takes for one word' sh -c 'dig() { [ $# -eq 3 ]; }; . "$1"' sh "$T/dig"
is 'nothing was run' "$(ls "$T/here")" ''
done_testing
