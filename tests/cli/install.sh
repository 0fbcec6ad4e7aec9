#!/bin/sh
# make install and make uninstall, into a folder: every file where it belongs, none left over.
. tests/lib/cli.sh

[ -f Makefile ] || skip_all 'installation' 'not in the root of the tree'
command -v make >/dev/null || skip_all 'installation' 'no make'

# What install.sh takes from the tree, with the program under test: nothing is built here.
mkdir "$T/tree"
cp -R contrib man README.md DEVIATIONS.md NEWS.md LICENSE "$T/tree/"
cp "$TLSTRIAGE" "$T/tree/tlstriage"
root=$T/root
setup() {
    (cd "$T/tree" && DESTDIR=$root PREFIX=/usr sh contrib/install.sh "$1")
}
contents() {
    (cd "$root" && find . ! -type d | sort)
}
exits 'install' 0 setup install
contents >"$T/first"
ok 'the program runs where it was put' "$root/usr/bin/tlstriage" --version
missing=
for page in man/*.[1-8]; do
    name=${page#man/}
    [ -s "$root/usr/share/man/man${name##*.}/$name" ] || missing="$missing $name"
done
is 'each manual page is there' "$missing" ''
missing=
for file in bash-completion/completions/tlstriage zsh/site-functions/_tlstriage \
    doc/tlstriage/README.md doc/tlstriage/LICENSE doc/tlstriage/DEVIATIONS.md \
    doc/tlstriage/examples/tlstriage.conf; do
    [ -s "$root/usr/share/$file" ] || missing="$missing $file"
done
for recipe in postfix exim halon cron backup; do
    [ -n "$(ls "$root/usr/share/doc/tlstriage/examples/$recipe")" ] || missing="$missing $recipe"
done
for file in sysusers.d/tlstriage.conf tmpfiles.d/tlstriage.conf; do
    [ -s "$root/usr/lib/$file" ] || missing="$missing $file"
done
for unit in contrib/systemd/*.service contrib/systemd/*.timer; do
    [ -s "$root/usr/lib/systemd/system/${unit##*/}" ] || missing="$missing $unit"
done
is 'completions, units and recipes are there' "$missing" ''
is 'nothing half written is left' "$(find "$root" -name '*.new')" ''
is 'only the program and recipes may be run' \
    "$(find "$root" -type f -perm -u+x ! -path '*/examples/*' | sed "s|^$root||")" /usr/bin/tlstriage
is 'everybody may read all' "$(find "$root" -type f ! -perm -044)" ''
exits 'a second install' 0 setup install
contents >"$T/second"
ok 'puts the same files in the same places' diff "$T/first" "$T/second"
mkdir -p "$root/etc" "$root/var/lib/tlstriage"
: >"$root/etc/tlstriage.conf"
: >"$root/var/lib/tlstriage/tlstriage.db"
exits 'uninstall' 0 setup uninstall
is 'leaves configuration and store, and nothing else' "$(contents)" './etc/tlstriage.conf
./var/lib/tlstriage/tlstriage.db'
ok 'the folder of its own is gone' test ! -e "$root/usr/share/doc/tlstriage"
exits 'a second uninstall' 0 setup uninstall

# Another prefix: what names the program must name it there.
rm -rf "$root"
exits 'install below another prefix' 0 sh -c 'cd "$1/tree" && DESTDIR=$1/root PREFIX=/opt/t \
    sh contrib/install.sh install' sh "$T"
is 'no unit or page names a program elsewhere' \
    "$(grep -rl '/usr/bin/tlstriage' "$root/opt/t/lib" "$root/opt/t/share/man")" ''
like 'the unit starts the program there' "$(cat "$root"/opt/t/lib/systemd/system/*.service)" \
    '^ExecStart=/opt/t/bin/tlstriage'
is 'nothing stands outside of it' "$(ls "$root")" opt

# The targets of the Makefile do just this; install also builds, so it is only looked at.
unset MAKEFLAGS MAKELEVEL MAKE
exits 'make uninstall' 0 make -s uninstall DESTDIR="$root" PREFIX=/opt/t
is 'removes what is below its PREFIX and DESTDIR' "$(contents)" ''
like 'make install runs the same script' "$(make -n install DESTDIR="$root" PREFIX=/usr 2>&1)" \
    'contrib/install\.sh install'
done_testing
