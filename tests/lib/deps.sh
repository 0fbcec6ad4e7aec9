#!/bin/sh
# Installs what building and testing need where apt is at hand; elsewhere says what to install.
set -eu

debian='gcc libc6-dev pkg-config libglib2.0-dev libgmime-3.0-dev libjansson-dev libarchive-dev libsqlite3-dev
        zlib1g-dev libexpat1-dev libpcre2-dev libxxhash-dev libcmocka-dev sqlite3 mandoc cppcheck'

if ! command -v apt-get >/dev/null; then
    cat >&2 <<'END'
make deps knows apt only. Install GNU make, a C compiler and these, then run `make`:
  Fedora   dnf install gcc pkgconf-pkg-config glib2-devel gmime30-devel jansson-devel \
               libarchive-devel sqlite-devel zlib-devel expat-devel pcre2-devel xxhash-devel \
               libcmocka-devel sqlite mandoc cppcheck
  Alpine   apk add gcc musl-dev pkgconf glib-dev gmime-dev jansson-dev libarchive-dev \
               sqlite-dev zlib-dev cmocka-dev sqlite mandoc cppcheck
  Arch     pacman -S --needed gcc pkgconf glib2-devel gmime3 jansson libarchive sqlite zlib expat pcre2 \
               xxhash cmocka mandoc cppcheck
  FreeBSD  pkg install gmake pkgconf glib gmime30 jansson libarchive sqlite3 expat pcre2 xxhash \
               cmocka cppcheck
END
    exit 1
fi

missing=
for package in $debian; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" -eq 0 ] || sudo='sudo'
export DEBIAN_FRONTEND=noninteractive
install="$sudo apt-get install -y --no-install-recommends$missing"
echo "$install"
# Package lists may be old or empty: fetch them only where the first try fails.
$install || { $sudo apt-get update && $install; }
