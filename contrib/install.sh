#!/bin/sh
# `make install` and `make uninstall`: one list of files for both.
#   PREFIX=/usr/local DESTDIR= sh contrib/install.sh install|uninstall
set -eu
: "${PREFIX:=/usr/local}" "${DESTDIR:=}"
action=$1
doc=$PREFIX/share/doc/tlstriage

# put MODE FILE TARGET: TARGET is a path below DESTDIR.
put() {
    target=$DESTDIR$3
    if [ "$action" = uninstall ]; then
        rm -f "$target"
        return
    fi
    mkdir -p "$(dirname "$target")"
    case $2 in
    tlstriage) cp "$2" "$target.new" ;;
    # Units, pages and recipes name the program, in the tree as /usr/bin/tlstriage.
    *) sed "s|/usr/bin/tlstriage|$PREFIX/bin/tlstriage|g" "$2" >"$target.new" ;;
    esac
    chmod "$1" "$target.new"
    mv -f "$target.new" "$target"
}

# each MODE FOLDER FILE...
each() {
    mode=$1
    folder=$2
    shift 2
    for file in "$@"; do
        [ -f "$file" ] || continue
        put "$mode" "$file" "$folder/$(basename "$file")"
    done
}

put 755 tlstriage "$PREFIX/bin/tlstriage"
for section in 1 5 7; do
    each 644 "$PREFIX/share/man/man$section" man/*."$section"
done
put 644 contrib/completion/tlstriage.bash "$PREFIX/share/bash-completion/completions/tlstriage"
put 644 contrib/completion/_tlstriage "$PREFIX/share/zsh/site-functions/_tlstriage"
each 644 "$PREFIX/lib/systemd/system" contrib/systemd/*.service contrib/systemd/*.timer
put 644 contrib/systemd/sysusers.conf "$PREFIX/lib/sysusers.d/tlstriage.conf"
put 644 contrib/systemd/tmpfiles.conf "$PREFIX/lib/tmpfiles.d/tlstriage.conf"
each 644 "$doc" README.md DEVIATIONS.md NEWS.md LICENSE
each 644 "$doc/examples" contrib/tlstriage.conf
for recipe in postfix exim halon cron backup; do
    each 644 "$doc/examples/$recipe" contrib/"$recipe"/*
done
if [ "$action" = uninstall ]; then
    find "$DESTDIR$doc" -depth -type d -exec rmdir {} + 2>/dev/null || true
fi
