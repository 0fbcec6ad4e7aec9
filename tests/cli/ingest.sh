#!/bin/sh
# ingest: what holds a report is found out by content; nothing is lost, nothing is doubled.
. tests/lib/cli.sh
. tests/lib/samples.sh

# came NAME ID...: passes if just these reports are new since the last call.
last=0
came() {
    name=$1
    shift
    got=$(query "SELECT external_id FROM reports WHERE report > $last ORDER BY 1")
    last=$(query 'SELECT coalesce(max(report), 0) FROM reports')
    is "$name" "$got" "$(printf '%s\n' "$@" | sort)"
}

# takes NAME FILE ID...: ingests the file; passes if these reports are new.
takes() {
    name=$1
    run triage ingest "$2"
    shift 2
    came "$name" "$@"
    is "$name: quietly" "$status$err" 0
}

# unchanged NAME: passes if the store is what the last call of remember saw.
remember() {
    query .dump >"$T/.dump"
}
unchanged() {
    query .dump >"$T/.dump2"
    ok "$1" cmp "$T/.dump" "$T/.dump2"
}

in_part() {
    part "$@" >"$T/part"
}

cd "$T" || exit 1
mkdir form

# Containers, each with the name of another one.
simple_report json-txt a.example >form/report.txt
takes 'JSON with the name of a text' form/report.txt json-txt
simple_report json-gz a.example >form/plain.json.gz
takes 'JSON with the name of a gzip' form/plain.json.gz json-gz
{ printf '\357\273\277\r\n' && simple_report json-bom a.example; } >form/bom.eml
takes 'JSON after a byte order mark, with the name of a mail' form/bom.eml json-bom
simple_report gz-json a.example | gzip >form/packed.json
takes 'gzip with the name of JSON' form/packed.json gz-json
simple_report gz-gz a.example | gzip | gzip >form/twice
takes 'gzip in gzip' form/twice gz-gz
# The report inside is 001 of google.com for 2026-11-15.
cp "$OLDPWD/contrib/demo/mail/saved/google-example.net.zip" form/packed.eml
run triage ingest --quiet form/packed.eml
like 'zip with the name of a mail' "$(query 'SELECT domain FROM policies')" '^example\.net$'
last=$(query 'SELECT max(report) FROM reports')
if command -v zip >/dev/null; then
    simple_report in-zip-1 a.example >one
    simple_report in-zip-2 a.example >two.pdf
    zip -q form/two.zip one two.pdf
    takes 'zip with two reports' form/two.zip in-zip-1 in-zip-2
else
    skip 'zip with two reports' 'there is no zip here'
fi
{ simple_report nd-1 a.example && simple_report nd-2 b.example && simple_report nd-3 c.example; } \
    >form/lines.json
takes 'NDJSON: one report in each line' form/lines.json nd-1 nd-2 nd-3

# One mail.
report_mail mail-lf a.example >form/mail.zip
takes 'a mail with LF, with the name of a zip' form/mail.zip mail-lf
report_mail mail-crlf a.example | with_crlf >form/mail.json
takes 'a mail with CRLF, with the name of JSON' form/mail.json mail-crlf
{ echo 'From tls@sender.example Sat Nov 21 03:00:00 2026' && report_mail mail-from a.example; } \
    >form/from
takes 'a mail below a From line' form/from mail-from
{ printf 'X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n' && report_mail mail-moz a.example; } \
    >form/mozilla
takes 'a mail below lines of Mozilla' form/mozilla mail-moz
{ echo 'Return-Path: <tls@sender.example>' && report_mail mail-path a.example; } >form/path
takes 'a mail below Return-Path' form/path mail-path

# One part, whatever its type says.
for type in application/tlsrpt+gzip application/gzip application/octet-stream \
    application/x-zip-compressed application/tlsrpt text/plain ''; do
    simple_report "gz:$type" a.example | gzip | in_part "$type"
    mail_of "gz:$type@sender.example" part >form/typed
    takes "gzip in a part of type '$type'" form/typed "gz:$type"
done
for type in application/tlsrpt+json application/json text/json application/tlsrpt+gzip; do
    simple_report "json:$type" a.example | in_part "$type" report.json
    mail_of "json:$type@sender.example" part >form/typed
    takes "JSON in a part of type '$type'" form/typed "json:$type"
done
part application/zip <form/packed.eml >part
mail_of zip@sender.example part >form/typed
triage ingest --quiet form/typed
is 'zip in a part, already known from its file' \
    "$(query "SELECT outcome FROM arrivals WHERE message_id = 'zip@sender.example'")" known
{ mail_head single@sender.example &&
    simple_report single a.example | gzip | part application/tlsrpt+gzip; } >form/single
takes 'the body of a mail without parts' form/single single
{ mail_head bare@sender.example && echo && simple_report bare a.example; } >form/bare
takes 'JSON as the body of a mail without a type' form/bare bare
simple_report both-1 a.example | gzip | part application/tlsrpt+gzip >one
simple_report both-2 b.example | gzip | part application/tlsrpt+gzip >two
mail_of both@sender.example one two >form/both
takes 'two reports in one mail' form/both both-1 both-2
{ printf 'Content-Type: message/rfc822\n\n' && report_mail forwarded a.example; } |
    sed 's/=-cut/=-inner/' >part
mail_of forward@sender.example part >form/forward
takes 'a report in a forwarded mail' form/forward forwarded
{ printf 'Content-Type: text/plain\n\n' && simple_report quoted a.example; } >one
simple_report attached a.example | gzip | part application/tlsrpt+gzip >two
mail_of quoted@sender.example one two >form/quoted
takes 'the text beside a report is not a report' form/quoted attached

# RFC 8460, section 5.6: the JSON wins, the mail fills what it lacks.
report_json wins "$(policy json.example 1 0)" | gzip | part application/tlsrpt+gzip >part
{ echo 'TLS-Report-Domain: field.example' && mail_of wins@sender.example part; } >form/wins
takes 'a report under another name in its mail' form/wins wins
is 'the JSON wins over the field of the mail' \
    "$(query "SELECT domain FROM policies WHERE report = $last")" json.example
report_json fills "$(policy json.example 1 0 | sed 's/,"policy-domain":"json.example"//')" |
    gzip | part application/tlsrpt+gzip >part
{ echo 'TLS-Report-Domain: field.example' && mail_of fills@sender.example part; } >form/fills
takes 'a report without a domain' form/fills fills
is 'the field of the mail fills in the domain' \
    "$(query "SELECT domain, domain_source IS NOT NULL FROM policies WHERE report = $last")" \
    'field.example|1'

# Many mails.
for number in 1 2 3; do
    echo "From tls@sender.example Sat Nov 21 03:00:0$number 2026"
    report_mail "mbox-$number" a.example
    echo
done >form/mbox.json
takes 'mbox with the name of JSON' form/mbox.json mbox-1 mbox-2 mbox-3
for number in 4 5; do
    echo "From tls@sender.example Sat Nov 21 03:00:0$number 2026"
    report_mail "mbox-$number" a.example
    echo
done | gzip >form/mbox.txt
takes 'mbox in gzip' form/mbox.txt mbox-4 mbox-5

mkdir -p box/new box/cur box/tmp box/.Archive/new box/.Archive/cur
report_mail dir-new a.example >box/new/1.a.host
report_mail dir-cur a.example | with_crlf >box/cur/2.a.host:2,S
report_mail dir-sub a.example >box/.Archive/cur/3.a.host:2,S
report_mail dir-tmp a.example >box/tmp/4.a.host
touch -d 2026-11-21T03:00:00Z box/*/* box/.Archive/*/*
ls -lR --time-style=full-iso box >before
touch stamp
takes 'Maildir: new, cur and subfolders, not tmp' box dir-new dir-cur dir-sub
ls -lR --time-style=full-iso box >after
is 'a Maildir is not changed: nothing newer' "$(find box -newer stamp)" ''
ok 'a Maildir is not changed: same names, sizes and times' cmp before after

# Standard input.
run triage ingest <<IN
$(simple_report stdin-none a.example)
IN
came 'standard input without arguments' stdin-none
simple_report stdin-dash a.example | gzip >one
run triage ingest - <one
came 'standard input as -' stdin-dash
report_mail stdin-also a.example | with_crlf >one
simple_report file-also a.example >two
run triage ingest two - <one
came 'a file and -' stdin-also file-also
run sh -c "cat one | \"\$0\" --db '$DB' --config tlstriage.conf ingest -" "$TLSTRIAGE"
like 'a pipe; the same mail again is known' "$out" '^1 mail: 0 reports new, 1 already known'

# A folder of mixed things, some of which cannot be read.
mkdir -p mixed/deep/deeper
simple_report mixed-json a.example >mixed/deep/deeper/x.pdf
report_mail mixed-mail a.example >mixed/mail
for number in 6 7; do
    echo "From tls@sender.example Sat Nov 21 03:00:0$number 2026"
    report_mail "mbox-$number" a.example
    echo
done >mixed/deep/mbox
: >mixed/empty
dd if=/dev/zero of=mixed/zeros bs=1024 count=4 2>/dev/null
simple_report hidden a.example >mixed/.hidden
ln -s . mixed/loop
ln -s ../.. mixed/deep/deeper/up
exits 'a folder with loops, an empty and a strange file: 0' 0 triage ingest mixed
came 'a folder of mixed things, read once' mixed-json mixed-mail mbox-6 mbox-7
is 'and nothing is said of it' "$err" ''
like 'an empty file leaves an issue' \
    "$(query 'SELECT source, problem FROM issues')" 'mixed/empty\|.*empty'
remember
exits 'the same folder again: 0' 0 triage ingest mixed
unchanged 'and the store is as before, issues included'

mkdir odd
mkfifo odd/fifo
simple_report odd-good a.example >odd/zzz
exits 'a FIFO in a folder: 3' 3 triage ingest odd
like 'a FIFO is named' "$err" '^tlstriage ingest: odd/fifo: .*FIFO'
came 'the rest beside a FIFO is stored' odd-good
like 'a FIFO leaves an issue' "$(query 'SELECT source, problem FROM issues')" 'odd/fifo\|.*FIFO'
simple_report odd-later a.example >later
exits 'a missing file: 3' 3 triage ingest nowhere later
like 'a missing file is named' "$err" '^tlstriage ingest: nowhere: Cannot be opened'
came 'the file after a missing one is stored' odd-later
like 'a missing file leaves an issue' "$(query 'SELECT source FROM issues')" '^nowhere$'

mkdir closed
chmod 755 closed
simple_report closed-1 a.example >closed/1-secret
simple_report closed-2 a.example >closed/2-open
chmod 0 closed/1-secret
DB=$T/nobody/store.db
mkdir nobody
chmod 777 nobody
exits 'an unreadable file: 3' 3 unprivileged triage ingest closed
like 'an unreadable file is named' "$err" 'closed/1-secret: Cannot be opened: Permission denied'
is 'the rest beside an unreadable file is stored' \
    "$(query 'SELECT external_id FROM reports')" closed-2
like 'an unreadable file leaves an issue' "$(query 'SELECT source, kind FROM issues')" \
    '^closed/1-secret\|'
DB=$T/store.db

# What is broken, and what is no report.
DB=$T/second.db
last=0
report_json half "$(policy good.example 5 1)" '{"policy":7,"summary":[]}' '"none"' \
    "$(policy fine.example 3 0)" >half.json
exits 'bad policies beside good ones: 0' 0 triage ingest half.json
is 'the good policies beside the bad ones are stored' \
    "$(query 'SELECT domain, successes, failures FROM policies
              WHERE length(domain) > 0 ORDER BY 1')" 'fine.example|3|0
good.example|5|1'
like 'the bad policies leave an issue' "$(query 'SELECT clause FROM issues')" 'RFC 8460, section 4'
# Policies whose names do not repeat, so that half of the gzip holds about half of them.
set --
for number in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29; do
    set -- "$@" "$(policy "$(echo "$number" | cksum | tr -d ' ').example" "$number" 0)"
done
report_json cut "$@" | gzip >whole.gz
dd if=whole.gz of=cut.gz bs=1 count=$(($(wc -c <whole.gz) * 3 / 4)) 2>/dev/null
exits 'a gzip that is cut in the middle: 0' 0 triage ingest cut.gz
got=$(query "SELECT count(*) FROM policies p JOIN reports r USING (report)
             WHERE external_id = 'cut'")
ok "a cut gzip gives the policies before the cut ($got of 20)" test "$got" -gt 4 -a "$got" -lt 20
like 'a cut gzip leaves an issue' "$(query "SELECT problem FROM issues WHERE source = 'cut.gz'")" \
    'cut|end|trunc'
echo 'neither this nor that' | part application/tlsrpt+gzip >part
mail_of broken@sender.example part >broken
run triage ingest broken
like 'a report that cannot be read is counted' "$out" '1 unreadable and quarantined'
query "SELECT writefile('packed', content) FROM unread WHERE encoding = 'gzip'" >/dev/null
is 'and is in the quarantine' \
    "$(query "SELECT outcome FROM arrivals WHERE message_id = 'broken@sender.example'") $(
        gzip -dc packed)" 'quarantined neither this nor that'
{ mail_head hello@person.example 'Subject: hello' && printf '\nHow are you?\n'; } >hello
run triage ingest hello
is 'summary of a mail without report' "$out" \
    '1 mail: 0 reports new, 0 already known, 1 without report, 1 issue'
like 'a mail without report is remembered with Message-ID and reason' \
    "$(query 'SELECT kind, message_id, problem FROM issues')" \
    '^no-report\|hello@person\.example\|no report in this mail'

# Identity.
last=$(query 'SELECT max(report) FROM reports')
simple_report same-id one.example >one
simple_report same-id two.example >two
run triage ingest one two
came 'two domains under one report-id are both kept' same-id same-id
is 'and both count' \
    "$(query "SELECT count(*) FROM reports WHERE external_id = 'same-id'
              AND superseded_by IS NULL")" 2
report_json same-id "$(policy one.example 11 2)" >revised
run triage ingest revised
like 'other content under the same identity is a revision' "$out" '1 report new \(1 revised\)'
is 'of a revision the later counts, the earlier is kept' \
    "$(query "SELECT successes, failures FROM policies WHERE domain = 'one.example'
              UNION ALL SELECT count(*), 0 FROM reports WHERE external_id = 'same-id'")" '11|2
3|0'
like 'a revision leaves an issue' "$(query 'SELECT kind FROM issues')" '^revision$'

# Whether a report is from whom it says: RFC 8460, section 3; RFC 8601, section 5.
# signed NAME WANTED FIELD...: the same report mail below these fields of our mail server.
signed() {
    name=$1
    wanted=$2
    shift 2
    number=$((number + 1))
    { printf 'Authentication-Results: %s\n' "$@" && report_mail "signed-$number" a.example; } >signed
    triage --quiet ingest signed
    is "authenticated: $name" "$(query "SELECT authenticated FROM reports
        WHERE external_id = 'signed-$number'")" "$wanted"
}
number=0
pass='mx.example.org; dkim=pass header.d=sender.example'
signed 'without configuration' none "$pass"
printf '[ingest]\nauthserv-id = mx.example.org\n' >tlstriage.conf
signed 'a signature of the sender' pass "$pass"
signed 'a signature of somebody else' fail 'mx.example.org; dkim=pass header.d=other.example'
signed 'a signature that failed' fail 'mx.example.org; dkim=fail header.d=sender.example'
signed 'SPF alone' fail 'mx.example.org; spf=pass smtp.mailfrom=sender.example'
signed 'the topmost field of our id counts' fail 'mx.example.org; dkim=none' "$pass"
signed 'a field of another id does not' pass \
    'mx.other.example; dkim=fail header.d=sender.example' "$pass"
signed 'only a field of another id' none 'mx.other.example; dkim=pass header.d=sender.example'
simple_report unmailed a.example >unmailed
triage --quiet ingest unmailed
is 'authenticated: a file' \
    "$(query "SELECT authenticated FROM reports WHERE external_id = 'unmailed'")" none
: >tlstriage.conf

# Twice the same.
remember
exits 'everything again: 0' 0 triage ingest half.json cut.gz broken hello one two revised
is 'summary when all is known' "$out" \
    '2 mails, 5 files: 0 reports new, 5 already known, 1 without report, 0 issues'
unchanged 'everything again changes nothing: issues and quarantine included'
DB=$T/store.db
remember
run triage ingest "$OLDPWD/contrib/demo/mail" form box
query .dump >.dump
run triage ingest "$OLDPWD/contrib/demo/mail" form box
unchanged 'the demo mails twice change nothing'
DB=$T/demo.db
run triage ingest "$OLDPWD/contrib/demo/mail"
like 'summary of the demo mails' "$out" \
    '^[0-9]+ mails, [0-9]+ files: [0-9]+ reports new, [0-9]+ already known, [0-9]+ without report'
simple_report quiet a.example >quiet
run triage ingest --quiet quiet
is '--quiet prints nothing' "$out$err" ''
is 'and stores all the same' "$(query "SELECT count(*) FROM reports WHERE external_id = 'quiet'")" 1
exits 'an unknown option: 2' 2 triage ingest --bogus quiet
for DB in "$T"/*.db; do
    is "integrity of $(basename "$DB")" "$(query 'PRAGMA integrity_check')" ok
done
done_testing
