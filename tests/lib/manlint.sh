#!/bin/sh
# Manual pages: mandoc finds nothing to warn of, and each command has its page.
set -u
number=0
report() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}
set -- man/*.[1-8]
if ! command -v mandoc >/dev/null; then
    echo 'ok 1 - manual pages # SKIP mandoc is not installed'
    echo '1..1'
    exit
fi
for page in "$@"; do
    mandoc -Tlint -Wwarning "$page"
    report $? "$page has no fault"
done
for source in cli/cmd_*.c; do
    [ -e "$source" ] || continue
    command=$(basename "$source" .c)
    page=man/tlstriage-${command#cmd_}.1
    [ -e "$page" ]
    report $? "$page exists"
done
echo "1..$number"
