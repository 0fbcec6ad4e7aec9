#!/bin/sh
# What a person at a terminal sees: colour, width and progress there, and never in a pipe or a file;
# texts of strangers are made visible there, and stay as they are elsewhere.
. tests/lib/cli.sh
. tests/lib/samples.sh

unset NO_COLOR COLUMNS
TERM=xterm
export TERM
# Only the script of util-linux takes a command this way, and it needs a pseudo terminal.
works=$(script -qec 'test -t 1 && echo yes' /dev/null 2>/dev/null </dev/null | tr -d '\r')
[ "$works" = yes ] || skip_all 'a terminal' 'no script(1) of util-linux, or no pseudo terminal'

escape=$(printf '\033')
# at_terminal COMMAND: run it by the shell, on a terminal of 70 columns. `triage` stands for the
# program with its common options.
at_terminal() {
    {
        echo 'triage() {'
        echo "\"$TLSTRIAGE\" --db '$DB' --config '$T/tlstriage.conf' --now $NOW \"\$@\""
        echo '}'
        echo "T='$T'; stty cols 70"
        printf '%s\n' "$1"
    } >"$T/typed"
    run script -qec "sh '$T/typed'" /dev/null </dev/null
    out=$(tr -d '\r' <"$T/.out")
}

# Progress.
report_mail one a.example >"$T/mail"
cp contrib/demo/tlstriage.conf "$T/tlstriage.conf"
at_terminal 'for word in a b c; do
        echo "From tls@sender.example Sat Nov 21 03:00:00 2026"
        sed "s/one/$word/" "$T/mail"
        echo
        sleep 0.2
    done | triage ingest - >"$T/summary"'
is 'ingest ends well' "$status" 0
like 'progress in bytes and reports' "$out" '[0-9] [kM]?B|[0-9] bytes'
like 'and reports' "$out" '[0-9]+ reports'
is 'in ASCII' "$(printf '%s' "$out" | LC_ALL=C tr -d '\033\n -~')" ''
unlike 'progress does not go where the summary goes' "$(cat "$T/summary")" "$escape|%"
like 'the summary is there' "$(cat "$T/summary")" '^3 mails: 1 report new, 2 already known'
DB=$T/demo.db
at_terminal 'triage ingest contrib/demo/mail'
like 'the bar is gone at the end' "$out" "$escape\\[K45 mails, 8 files: 54 reports new"
at_terminal 'triage --quiet ingest contrib/demo/mail'
is '--quiet shows none' "$out" ''
at_terminal 'triage ingest contrib/demo/mail 2>"$T/errors"'
is 'nor does a file' "$(cat "$T/errors")" ''
at_terminal 'triage reparse 2>"$T/errors" >/dev/null; triage prune 2>>"$T/errors" >/dev/null'
is 'nor do other commands' "$out$(cat "$T/errors")" ''

# Colour and width.
at_terminal 'triage digest'
like 'the digest has colour' "$out" "$escape\\[1;31m1\\. CRITICAL"
plain=$(printf '%s\n' "$out" | sed "s/$escape\\[[0-9;]*m//g")
unlike 'and no other escape sequence' "$plain" "$escape"
wide=$(printf '%s\n' "$plain" | grep -E '^.{71}' | grep -vE '^ +[^ ]+$|^      ')
is 'and the width of the terminal, but for what is copied' "$wide" ''
triage digest --width 70 >"$T/piped"
is 'otherwise it is what a pipe gets' "$plain" "$(cat "$T/piped")"
unlike 'which has no colour' "$(cat "$T/piped")" "$escape"
at_terminal 'triage digest >"$T/file"'
is 'nor has a file' "$(grep -c "$escape" "$T/file")" 0
is 'whose width is its own' "$(cat "$T/file")" "$(triage digest)"
at_terminal 'NO_COLOR=1 triage digest'
unlike 'nor a terminal with NO_COLOR' "$out" "$escape"
at_terminal 'NO_COLOR= triage digest'
like 'if that is not empty' "$out" "$escape"
at_terminal 'TERM=dumb triage digest'
unlike 'nor a dumb terminal' "$out" "$escape"
for format in json mail; do
    at_terminal "triage digest --format $format"
    unlike "nor the format $format" "$out" "$escape"
done
at_terminal 'triage explain dane-cert-mismatch'
is 'explain has the width of the terminal too' \
    "$(printf '%s\n' "$out" | sed "s/$escape\\[[0-9;]*m//g" | grep -E '^.{71}' | grep -v '^      ')" ''

# Texts of strangers.
DB=$T/evil.db
report_json 'evil\u001b]0;title\u0007\u202e\u009b2J\r\n\u007fend' "$(policy a.example 1 0)" >"$T/evil"
exits 'a report with an escape sequence' 0 triage --quiet ingest "$T/evil"
at_terminal 'triage sql "SELECT external_id FROM reports"'
like 'sql shows it at a terminal' "$out" 'evil.*title.*end'
is 'in one line' "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 1
is 'without what a terminal obeys' "$(printf '%s' "$out" | LC_ALL=C tr -d ' -~')" ''
at_terminal 'triage sql --header "SELECT 1 AS \"$(printf "a\033b")\""'
unlike 'neither in the name of a column' "$out" "$escape"
at_terminal 'triage sql "SELECT \"$(printf "a\033b")\" FROM nowhere"'
unlike 'nor in an error' "$out" "$escape"
triage sql 'SELECT hex(external_id) FROM reports' >"$T/wanted"
triage sql 'SELECT external_id FROM reports' | tr -d '\n' | od -An -v -tx1 | tr -d ' \n' |
    tr a-f A-F >"$T/got"
is 'elsewhere it is as it is stored' "$(cat "$T/got")" "$(sed 's/0D0A/0D/' "$T/wanted")"
at_terminal 'triage frobnicate "$(printf "a\033]0;x\007")"; triage "$(printf "a\033]0;x\007")"'
unlike 'nor does a wrong word reach the terminal' "$out" "$escape"
done_testing
