#!/bin/sh
# deliver: 0 for what is stored or known to be no report, without a word; 75 for anything else.
. tests/lib/cli.sh
. tests/lib/samples.sh

# takes NAME FILE: passes if the mail is taken and nothing is printed.
takes() {
    run triage deliver <"$2"
    is "$1: 0 and silent" "$status$out$err" 0
}

# puts_off NAME REGEX COMMAND...: passes if the command ends with 75 and says why. Reads $T/mail.
puts_off() {
    name=$1
    why=$2
    shift 2
    run "$@" <"$T/mail"
    is "$name: 75" "$status" 75
    like "$name: and says why" "$err" "$why"
}

outcomes() {
    query "SELECT kind, outcome FROM arrivals WHERE message_id = '$1@sender.example'"
}

# caught PID: whether deliver has come to reading its mail, the handlers being there then. Without
# /proc, a moment is all there is.
caught() {
    if [ ! -e /proc/self/status ]; then
        sleep 1
        return 0
    fi
    handled=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status")
    # SIGPROF is 27 and the last that gets one: bit 26, in the seventh digit from the right.
    case $handled in *[4567cdef]??????) return 0 ;; esac
    return 1
}

cd "$T" || exit 1
report_mail first a.example >mail

# Taken.
takes 'a report' mail
is 'and it is stored' "$(query 'SELECT external_id FROM reports')" first
query .dump >before
takes 'the same again' mail
query .dump >after
ok 'and it changes nothing' cmp before after
report_mail crlf a.example | with_crlf >crlf
takes 'a report with CRLF' crlf
{ mail_head hello@sender.example 'Subject: hello' && printf '\nHow are you?\n'; } >hello
takes 'a mail without report' hello
is 'and it is remembered' "$(outcomes hello)" 'other|ignored'
like 'with an issue' "$(query 'SELECT kind, message_id FROM issues')" \
    '^no-report\|hello@sender\.example'
takes 'empty input' /dev/null
echo 'neither this nor that' | part application/tlsrpt+gzip >part
mail_of broken@sender.example part >broken
takes 'a report that cannot be read' broken
is 'and it is in the quarantine' "$(outcomes broken)" 'tlsrpt|quarantined'
printf '<?xml version="1.0"?><feedback><version>1.0</version><report_metadata><org_name>S</org_name></report_metadata>%s' \
    '<policy_published><domain>a.example</domain></policy_published></feedback>' >dmarc.xml
gzip -c dmarc.xml | part application/gzip 'sender.example!a.example!1!2.xml.gz' >part
mail_of dmarc@sender.example part >dmarc
takes 'a DMARC aggregate report' dmarc
query "SELECT writefile('kept', content) FROM dmarc_xml" >/dev/null
is 'and it is read' "$(outcomes dmarc)" 'dmarc|stored'
run gzip -dc kept
is 'packed, as it came' "$out" "$(cat dmarc.xml)"
is 'nothing of all this is stored twice' "$(query 'SELECT count(*) FROM arrivals')" 6

# A mail past the limit is read to its end: a writer that gets SIGPIPE would not say so.
{ report_mail long a.example | sed 's/--=-cut--/--=-cut/' && dd if=/dev/zero bs=1M count=27 2>/dev/null |
    tr '\0' x; } >long
run sh -c "trap '' PIPE; { cat long && echo written >wrote; } | \"\$0\" --db '$DB' \
    --config tlstriage.conf deliver" "$TLSTRIAGE"
is 'a mail past the limit: 0 and silent' "$status$out$err" 0
is 'and it is read to its end' "$(cat wrote)" written
is 'what came before the limit is stored' \
    "$(query "SELECT count(*) FROM reports WHERE external_id = 'long'")" 1
like 'the limit leaves an issue' "$(query 'SELECT kind, problem FROM issues')" '^limit\|longer than'
rm long

# The command line and the configuration.
puts_off 'an unknown option' 'bogus' triage deliver --bogus
puts_off 'an unknown option before the command' 'bogus' triage --bogus deliver
puts_off 'an option without its value' '--now|Missing' triage deliver --now
puts_off 'a time that is none' 'RFC 3339' triage deliver --now yesterday
puts_off 'an argument' 'no arguments' triage deliver mail
puts_off 'a configuration that is named and missing' 'missing.conf' \
    triage deliver --config missing.conf
printf '[ingest]\nauthserv-it = mx.example\n' >bad.conf
puts_off 'a configuration with an unknown key' 'bad\.conf.*no such key' \
    triage deliver --config bad.conf
printf 'no group at all\n' >bad.conf
puts_off 'a configuration that cannot be read' 'bad\.conf' triage deliver --config bad.conf
for order in '--db other.db deliver' 'deliver --db other.db'; do
    rm -f other.db*
    # shellcheck disable=SC2086 # words
    run "$TLSTRIAGE" --config tlstriage.conf $order <mail
    is "$order: 0 and silent" "$status$out$err" 0
    ok "$order: is the store" test -s other.db
done
rm -rf other.db* "$HOME"
run env -u HOME "$TLSTRIAGE" --db other.db --config tlstriage.conf deliver <mail
is 'without HOME: 0 and silent' "$status$out$err" 0
run env HOME=/nonexistent TLSTRIAGE_DB="$T/other.db" "$TLSTRIAGE" --config tlstriage.conf deliver <mail
is 'the store of TLSTRIAGE_DB, with a HOME that is not there: 0 and silent' "$status$out$err" 0

# refuses NAME REGEX: as puts_off, and $DB stays as it is to the byte.
refuses() {
    cksum "$DB" >before
    puts_off "$1" "$2" triage deliver
    cksum "$DB" >after
    ok "$1: left as it is" cmp before after
    is "$1: nothing beside it" "$(ls "$DB"-* 2>/dev/null)" ''
}

# Stores that are not for us.
DB=$T/newer.db
triage deliver <mail
sqlite3 "$DB" 'PRAGMA journal_mode=DELETE; PRAGMA user_version=1000' >/dev/null
rm -f "$DB"-*
refuses 'a store of a later version' 'later tlstriage'
DB=$T/foreign.db
sqlite3 "$DB" 'CREATE TABLE address (name TEXT)'
refuses 'another database' 'another database'
DB=$T/text.db
head -c 5000 "$TLSTRIAGE" >"$DB"
refuses 'a file that is no database' 'not a database'
DB=$T/nowhere/store.db
puts_off 'a folder that is missing' 'nowhere' triage deliver
ok 'a folder that is missing is not made' test ! -e nowhere
DB=$T/home
mkdir -p "$DB"
puts_off 'a folder in the place of the store' 'home' triage deliver
DB=$T/locked/store.db
mkdir locked
chmod 755 locked
[ "$(id -u)" -eq 0 ] || chmod 555 locked
puts_off 'a folder that cannot be written' 'locked/store.db' unprivileged triage deliver
chmod 755 locked
triage deliver <mail
chmod 440 "$DB"*
report_mail second a.example >mail
puts_off 'a store that cannot be written' 'locked/store.db' unprivileged triage deliver

# Without --db it is the system's store or none: never one below a HOME that a mail server sets.
if [ "$(id -u)" -ne 0 ] && { [ "$(id -un)" = tlstriage ] || [ -w /var/lib ]; }; then
    skip 'a store by default' "the system's store could be written"
else
    mkdir -p evil/home evil/data
    chmod -R 777 evil
    chmod 755 "$T"
    cp "$TLSTRIAGE" program
    chmod 755 program tlstriage.conf
    puts_off "a store by default that may not be written" '/var/lib/tlstriage' \
        unprivileged env HOME="$T/evil/home" XDG_DATA_HOME="$T/evil/data" "$T/program" deliver \
        --config "$T/tlstriage.conf"
    is 'and none is made below HOME' "$(find evil -type f)" ''
fi

# Another program that writes is waited for.
DB=$T/store.db
report_mail patient a.example >mail
mkfifo held
{ echo 'BEGIN IMMEDIATE; SELECT 1;' && cat held && echo 'COMMIT;'; } | sqlite3 "$DB" >lock &
holder=$!
tries=0
while [ $tries -lt 100 ] && [ ! -s lock ]; do
    tries=$((tries + 1))
    sleep 0.05
done
triage deliver <mail >said 2>&1 &
waiting=$!
sleep 0.5
ok 'a locked store is waited for' kill -0 "$waiting"
is 'and nothing is written meanwhile' \
    "$(query "SELECT count(*) FROM reports WHERE external_id = 'patient'")" 0
: >held
wait "$waiting"
is 'then it is stored, silently' "$?$(cat said)" 0
wait "$holder"
is 'once' "$(query "SELECT count(*) FROM reports WHERE external_id = 'patient'")" 1

# An input that cannot be read.
exits 'standard input is closed: 75' 75 triage deliver <&-
exits 'standard input is a folder: 75' 75 triage deliver <"$T"

# Signals: the mail server keeps the mail. The writer sleeps, so deliver waits for input.
DB=$T/store.db
mkfifo pipe
for signal in TERM ABRT HUP INT SEGV; do
    sleep 20 >pipe &
    writer=$!
    "$TLSTRIAGE" --db "$DB" --config tlstriage.conf deliver <pipe >/dev/null 2>&1 &
    reader=$!
    tries=0
    while [ $tries -lt 100 ] && ! caught "$reader"; do
        tries=$((tries + 1))
        sleep 0.02
    done
    kill -s "$signal" "$reader"
    wait "$reader"
    is "SIG$signal while the mail comes in: 75" $? 75
    kill "$writer" 2>/dev/null
    wait "$writer" 2>/dev/null
done
is 'integrity' "$(query 'PRAGMA integrity_check')" ok
done_testing
