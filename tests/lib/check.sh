#!/bin/sh
# `make check`: every test, plain and under the sanitisers, and the linters. Result lines, and at
# the end one line with the totals. Everything it writes is below $BUILD.
set -u
: "${MAKE:=make}" "${BUILD:=build}"
. tests/lib/counts.sh
jobs=-j$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
case ${MAKEFLAGS-} in *-j*) jobs= ;; esac

# build NAME VARIABLE=VALUE...: the program and the test programs, warnings being errors.
# shellcheck disable=SC2086 # $jobs may be nothing at all
build() {
    where=$BUILD/$1
    shift
    if $MAKE --no-print-directory $jobs -s DEVELOPER=1 BUILD="$where" "$@" "$where/tlstriage" tests; then
        result 0 "builds without a warning: $where"
    else
        result 1 "builds without a warning: $where"
        totals
    fi
}

# suite NAME: all test programs and scripts against the build of that name.
suite() {
    where=$BUILD/$1
    for source in tests/*/test_*.c; do
        [ -e "$source" ] || continue
        program=${source%.c}
        tap "$program ($1)" 120 "$where/$program"
    done
    for source in tests/fuzz/fuzz_*.c; do
        [ -e "$source" ] || continue
        name=$(basename "$source" .c)
        tap "corpus of $name ($1)" 120 "$where/tests/fuzz/$name" tests/fuzz/corpus/"${name#fuzz_}"/*
    done
    for script in tests/cli/*.sh; do
        [ -e "$script" ] || continue
        TLSTRIAGE=$(realpath "$where/tlstriage") tap "$script ($1)" 180 sh "$script"
    done
    leftovers=$(ls -A "$TMPDIR")
    [ -z "$leftovers" ]
    result $? "the tests leave no files behind ($1) $leftovers"
}

build check
suite check
tap 'layers' 60 sh tests/lib/layers.sh
tap 'the layer check itself' 60 sh tests/lib/layers-seeded.sh
tap 'manual pages' 60 sh tests/lib/manlint.sh
# Nothing may depend on the time zone: the second round runs in an odd one.
export TZ=XST-13:30
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
no_leaks=
if [ ! -e /proc/self/task ]; then
    # ASan reads its options from /proc as well, so this one has to be linked in.
    echo 'note: no /proc here (a bare chroot?), so leaks are not looked for'
    no_leaks=$(realpath "$BUILD")/no_leaks.o
    echo 'int __lsan_is_turned_off(void) { return 1; }' | "${CC:-cc}" -x c -c -o "$no_leaks" -
fi
export UBSAN_OPTIONS=print_stacktrace=1
build sanitised CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined' HARDEN= \
    HARDEN_LINK="$no_leaks"
suite sanitised
tap 'cppcheck' 240 sh tests/lib/cppcheck.sh "$BUILD/cppcheck"
totals
