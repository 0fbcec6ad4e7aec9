#!/bin/sh
# The recipe of contrib/exim with a real Exim: a private configuration and spool, that listens
# nowhere. Needs root and an installed Exim; touches nothing of its setup.
. tests/lib/cli.sh
exim=$(command -v exim4 || command -v exim)
[ -n "$exim" ] || skip_all 'the recipe of contrib/exim' 'Exim is not installed'
[ "$(id -u)" -eq 0 ] || skip_all 'the recipe of contrib/exim' 'not root'
. tests/lib/mailserver.sh

owner=$("$exim" -bP exim_user | sed 's/.* = //')
mkdir "$T/spool" "$T/log"
chown "$owner" "$T/spool" "$T/log"
{
    cat <<END
primary_hostname = mx.test.example
domainlist local_domains = test.example
spool_directory = $T/spool
log_file_path = $T/log/%slog
keep_environment =
trusted_users = root
never_users =
begin routers
END
    recipe contrib/exim/tlstriage-router
    echo 'begin transports'
    recipe contrib/exim/tlstriage-transport
    printf 'begin retry\n* * F,1h,1h\n'
} >"$T/exim.conf"
chmod 644 "$T/exim.conf"
ok 'the recipe is valid' "$exim" -C "$T/exim.conf" -bV

number=0
# send: queued and then delivered by root, since Exim keeps its rights with a configuration of ours
# only there. What became of it stands in $fate as the log has it: => delivered, == deferred,
# ** bounced; "frozen" if it is.
send() {
    number=$((number + 1))
    mail "$number" | "$exim" -C "$T/exim.conf" -odq -f reports@reporter.example tlsrpt@test.example
    id=$(sed -n 's/^[^ ]* [^ ]* \([^ ]*\) <= .*/\1/p' "$T/log/mainlog" | tail -n 1)
    "$exim" -C "$T/exim.conf" -M "$id"
    fate=$(sed -n 's/^[^ ]* [^ ]* [^ ]* \(=>\|==\|\*\*\) .*/\1/p; s/.* Frozen.*/frozen/p
                   s/.*frozen.*/frozen/p' "$T/log/mainlog" | tail -n 1)
}

flushed() {
    "$exim" -C "$T/exim.conf" -qff
    [ -z "$("$exim" -C "$T/exim.conf" -bpr)" ]
}

installed
send
is 'a report is taken' "$fate" '=>'
is 'and stored' "$(stored)" 1
is 'by the right user' "$(stat -c %U "$store")" "$user"
missing
send
is 'without the program it is deferred' "$fate" '=='
broken
send
is 'with a library missing it is deferred' "$fate" '=='
killed
send
is 'with the program killed it is deferred' "$fate" '=='
printf '#!/bin/sh\nkill -9 $PPID\n' >"$program"
send
is 'with the shell killed it is frozen' "$fate" frozen
installed
root_made_it
send
is 'with a store that root made it is deferred' "$fate" '=='
chown "$user:$group" "$store"*
ok 'all is delivered once the fault is mended' flushed
is 'and stored' "$(stored)" 6
unlike 'nothing bounced' "$(cat "$T/log/mainlog")" ' (\*\*|<= <>) '
done_testing
