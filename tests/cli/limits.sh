#!/bin/sh
# Hostile input in small: each leaves an issue, costs no good report beside it, and ends well. The
# long tests have the large ones and measure memory.
. tests/lib/cli.sh
. tests/lib/samples.sh

cd "$T" || exit 1
simple_report good a.example >good
number=0
# survives NAME REGEX: ingests the file `bad` beside a good one, and as a mail by deliver; an issue
# of it has a clause or problem that matches.
survives() {
    number=$((number + 1))
    DB=$T/$number.db
    exits "$1: 0" 0 triage ingest bad good
    is "$1: and not a word" "$err" ''
    like "$1: leaves an issue" "$(query 'SELECT kind, clause, problem FROM issues')" "$2"
    is "$1: the report beside it is stored" \
        "$(query "SELECT count(*) FROM reports WHERE external_id = 'good'")" 1
    part application/tlsrpt+gzip <bad >part
    mail_of "bad-$number@sender.example" part >mail
    run triage deliver <mail
    is "$1: deliver takes it silently" "$status$out$err" 0
    is "$1: integrity" "$(query 'PRAGMA integrity_check')" ok
}
# stored ID: what is stored of the hostile report: domain, successes, failures.
stored() {
    query "SELECT domain, successes, failures FROM policies JOIN reports USING (report)
           WHERE external_id = '$1' ORDER BY policy"
}
repeat() {
    awk -v text="$1" -v times="$2" 'BEGIN { for (i = 0; i < times; i++) printf "%s", text }'
}
counts() {
    policy b.example 7 7 | sed "s/session-count\":7,/session-count\":$1,/; s/session-count\":7}/session-count\":$2}/"
}

repeat '[' 100000 >bad
survives 'JSON of 100000 brackets' '^(json|limit|container)'
{ repeat '[[],' 200000 && echo 1; } >bad
survives 'JSON of empty arrays' '^(json|limit)'
repeat '{"policies":' 50000 >bad
survives 'JSON of objects in objects' '^(json|limit)'

report_json nul "$(policy b.example 5 0)" | sed 's/Sender/Sen\\u0000der/' >bad
survives 'an escaped NUL' '^(json|report)'
is 'an escaped NUL: the rest is used' "$(stored nul)" 'b.example|5|0'
report_json raw "$(policy b.example 5 0)" | sed 's/Sender/Sen\x00d\xffer/' >bad
survives 'a NUL and a byte that is no UTF-8' '^json'
is 'a NUL and a byte that is no UTF-8: the rest is used' "$(stored raw)" 'b.example|5|0'
report_json counts "$(counts 9223372036854775808 3)" "$(counts -5 4)" "$(counts 1e400 5)" \
    "$(policy c.example 6 1)" >bad
survives 'counts past 2^63, below 0 and without end' '^(json|report)'
is 'such counts cost nothing else' "$(stored counts | cut -d'|' -f1,3)" 'b.example|3
b.example|4
b.example|5
c.example|1'
is 'and none is below 0' "$(query 'SELECT count(*) FROM policies WHERE successes < 0')" 0
report_json reversed "$(policy b.example 5 0)" | sed 's/2026-11-20T23:59:59Z/2026-11-19T00:00:00Z/' >bad
survives 'a period that ends before it begins' 'section 4'
is 'a period that ends before it begins: it is used' "$(stored reversed)" 'b.example|5|0'
report_json far "$(policy b.example 5 0)" | sed 's/2026-11-20T23/9999-12-31T23/' >bad
survives 'a period up to the year 9999' 'section 4'
is 'a period up to the year 9999: it is used' "$(stored far)" 'b.example|5|0'
exits 'and a digest tells it' 0 triage digest --since 2026-11-01
report_json long "$(policy "$(repeat abcdefghi. 1000)example" 5 0)" "$(policy b.example 5 0)" >bad
survives 'a domain of 10 kB' '(limit|report)'
like 'a domain of 10 kB: the other is stored' "$(stored long)" '^b\.example\|5\|0$'
unlike 'a domain of 10 kB is not' "$(stored long)" '.{2000}'
report_json cut "$(policy b.example 5 0)" "$(policy c.example 6 1)" | head -c 460 >bad
survives 'JSON that is cut off' '^json'
is 'JSON that is cut off: its whole policies are used' "$(stored cut)" 'b.example|5|0'
{ report_json behind "$(policy b.example 5 0)" && echo '<!-- scanned -->'; } >bad
survives 'bytes behind the JSON' '^json'
is 'bytes behind the JSON: it is used' "$(stored behind)" 'b.example|5|0'

# Packed and nested.
dd if=/dev/zero bs=1M count=80 2>/dev/null | gzip -1 >bad
survives 'a gzip bomb' '^(container|limit)'
simple_report depth b.example | gzip | gzip | gzip | gzip | gzip | gzip >bad
survives 'gzip in gzip in gzip ...' '^(container|limit)'
{
    mail_head nested@sender.example 'Content-Type: multipart/mixed; boundary="b0"'
    awk 'BEGIN { for (i = 0; i < 20000; i++)
        printf "\n--b%d\nContent-Type: multipart/mixed; boundary=\"b%d\"\n", i, i + 1 }'
} >bad
survives '20000 multiparts in one another' '^limit'
{
    mail_head many@sender.example 'Content-Type: multipart/mixed; boundary="b"'
    echo
    repeat '--b
Content-Type: text/plain

x
' 5000
    simple_report many-parts b.example | gzip | { echo --b && part application/tlsrpt+gzip; }
    echo '--b--'
} >bad
survives '5000 parts' '^limit'
done_testing
