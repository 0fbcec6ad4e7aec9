#!/bin/sh
# The laboratory: a real mail server on loopback, in a network namespace of its own, sends mail to
# servers with faults; what the store says of its log is compared with what was built in.
#   run.sh [postfix|exim]      (both, one after the other)
# LAB_POSTFIX, LAB_EXIM: a folder where Debian with that server is installed (debootstrap), since
# both cannot be installed side by side; without it the server of this machine. See README.md.
if [ $# -eq 0 ]; then
    status=0
    for server in postfix exim; do
        sh "$0" "$server" || status=1
    done
    exit "$status"
fi
. tests/lib/cli.sh
server=$1
case $server in
postfix) root=${LAB_POSTFIX-} command='postfix postmap postconf' ;;
exim) root=${LAB_EXIM-} command=exim4 ;;
*)
    echo "Bail out! no such server: $server"
    exit 2
    ;;
esac
lab="the laboratory with $server"
[ "$(id -u)" -eq 0 ] || skip_all "$lab" 'not root'
for program in unshare ip python3 openssl sqlite3; do
    command -v "$program" >/dev/null || skip_all "$lab" "$program is not installed"
done
for program in $command; do
    PATH=$PATH:/usr/sbin:/sbin chroot "${root:-/}" sh -c "command -v $program" >/dev/null 2>&1 ||
        skip_all "$lab" "$program is not installed"
done
unshare -n -m -p --fork true 2>/dev/null || skip_all "$lab" 'no namespaces here'

planned=1
LAB_ROOT=$root LAB_SERVER=$server unshare -n -m -p --fork sh tests/lab/inside.sh
status=$?
# What inside.sh has mounted there is gone with its namespace.
[ -z "$root" ] || find "$root$T" -depth -type d -exec rmdir {} \;
exit "$status"
