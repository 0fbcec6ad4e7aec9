#!/bin/sh
# The recipes of contrib/postfix with a real Postfix: a private instance with its own folder, that
# listens nowhere. Needs root and an installed Postfix (3.4 or later); touches nothing of its setup.
. tests/lib/cli.sh
daemons=$(postconf -d -h daemon_directory 2>/dev/null)
[ -n "$daemons" ] || skip_all 'the recipes of contrib/postfix' 'Postfix is not installed'
[ "$(id -u)" -eq 0 ] || skip_all 'the recipes of contrib/postfix' 'not root'
. tests/lib/mailserver.sh
. tests/lib/kinds.sh
trap 'postfix -c "$T/etc" stop >/dev/null 2>&1; rm -rf "$T"; [ -n "$planned" ] || echo "Bail out!"' EXIT

mkdir "$T/etc" "$T/queue" "$T/data"
chown postfix "$T/data"
recipe contrib/postfix/tlstriage-aliases >"$T/etc/tlstriage-aliases"
chown "$user:$group" "$T/etc/tlstriage-aliases"
echo 'dmarc tlsrpt' >"$T/etc/aliases"
echo 'piped@test.example tlstriage:' >"$T/etc/transport"
cat >"$T/etc/main.cf" <<END
compatibility_level = 3.6
queue_directory = $T/queue
data_directory = $T/data
daemon_directory = $daemons
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.test.example
myorigin = test.example
mydestination = test.example
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
local_recipient_maps =
alias_maps = texthash:$T/etc/aliases texthash:$T/etc/tlstriage-aliases
alias_database =
transport_maps = texthash:$T/etc/transport
maillog_file = $T/mail.log
maillog_file_prefixes = $T
notify_classes =
minimal_backoff_time = 3600s
import_environment = MAIL_CONFIG
END
{
    cat <<END
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
showq     unix  n - n - - showq
flush     unix  n - n 1000? 0 flush
local     unix  - n n - - local
postlog   unix-dgram n - n - 1 postlogd
END
    recipe contrib/postfix/master.cf.tlstriage
} >"$T/etc/master.cf"
ok 'a private Postfix starts' postfix -c "$T/etc" start

number=0
# send ADDRESS: waits until the log tells what became of it, in $fate.
send() {
    number=$((number + 1))
    mail "$number" | sendmail -C "$T/etc" -f reports@reporter.example "$1@test.example"
    within 20 grep -q "message-id=<$number\.$$@" "$T/mail.log"
    await "$number"
}

await() {
    queued=$(sed -n "s/.*cleanup\[[0-9]*\]: \([0-9A-Za-z]*\): message-id=<$1\.$$@.*/\1/p" "$T/mail.log")
    within 20 grep -q "$queued: .*status=" "$T/mail.log"
    fate=$(grep "$queued: .*status=" "$T/mail.log" | tail -n 1 | sed 's/.*status=\([a-z]*\).*/\1/')
}

flushed() {
    within 60 empty
}

# The queue manager lets a destination rest that has just failed: one flush may not be enough.
empty() {
    postqueue -c "$T/etc" -f
    sleep 1
    postqueue -c "$T/etc" -p | grep -q 'Mail queue is empty'
}

for address in tlsrpt piped; do
    rm -f "$store"*
    installed
    send "$address"
    is "$address: a report is taken" "$fate" sent
    is "$address: and stored" "$(stored)" 1
    is "$address: by the right user" "$(stat -c %U "$store")" "$user"
    missing
    send "$address"
    is "$address: without the program it is deferred" "$fate" deferred
    broken
    send "$address"
    is "$address: with a library missing it is deferred" "$fate" deferred
    killed
    send "$address"
    is "$address: with the program killed it is deferred" "$fate" deferred
    installed
    root_made_it
    send "$address"
    is "$address: with a store that root made it is deferred" "$fate" deferred
    chown "$user:$group" "$store"*
    ok "$address: all is delivered once the fault is mended" flushed
    is "$address: and stored" "$(stored)" 5
done
# fate_of NAME: what became of the newest mail of that kind, "" as long as nothing did.
fate_of() {
    queued=$(sed -n "s/.*cleanup\[[0-9]*\]: \([0-9A-Za-z]*\): message-id=<$1@kinds\.example>.*/\1/p" \
        "$T/mail.log" | tail -n 1)
    [ -n "$queued" ] || return 1
    sed -n "s/.* $queued: .*status=\([a-z]*\).*/\1/p" "$T/mail.log" | tail -n 1 | grep .
}

settled() {
    for kind in $kinds; do
        fate_of "$kind" >/dev/null || return 1
    done
    postqueue -c "$T/etc" -p | grep -q 'Mail queue is empty'
}

# Bounces come from nobody.
sender_of() {
    case $1 in
    dsn-* | receipt | vacation) ;;
    *) echo sender@kinds.example ;;
    esac
}

# send_kinds ADDRESS: one mail of every kind; what became of each is in $fates.
send_kinds() {
    for kind in $kinds; do
        kind_mail "$kind" | sendmail -i -C "$T/etc" -f "$(sender_of "$kind")" "$1@test.example"
    done
    within 60 settled
    fates=$(for kind in $kinds; do fate_of "$kind"; done | sort | uniq -c | tr -s ' ')
}

# One address for everything: the rua of _dmarc and that of _smtp._tls. Each comes a second time, as
# mail does that has two of our addresses.
all=" $(printf '%s\n' "$kinds" | wc -w) sent"
for address in tlsrpt dmarc piped; do
    rm -f "$store"*
    send_kinds "$address"
    is "$address: mail of every kind is taken" "$fates" "$all"
    is "$address: by the right user" "$(stat -c %U "$store")" "$user"
    is "$address: and known by kind" "$(sqlite3 -readonly -batch "$store" "$count_kinds")" "$counts"
    send_kinds "$address"
    is "$address: the same again is taken" "$fates" "$all"
    is "$address: and no report is counted twice" \
        "$(sqlite3 -readonly -batch "$store" 'SELECT (SELECT count(*) FROM reports),
            (SELECT count(*) FROM dmarc_reports), (SELECT count(*) FROM log_failures)')" '2|1|3'
done
unlike 'nothing bounced' "$(cat "$T/mail.log")" 'status=bounced|sender non-delivery'
done_testing
