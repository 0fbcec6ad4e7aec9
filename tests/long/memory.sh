#!/bin/sh
# Hostile and huge inputs: memory stays bounded, each leaves an issue, what is good in them or
# beside them is stored, and the digest of it all is quick and fit for a terminal.
. tests/lib/cli.sh
. tests/lib/long.sh

limit_kib=$((512 << 10))
# A hard stop, should all bounds fail: no machine should suffer for it.
ulimit -v $((4 << 20))

# within NAME STATUS: of what was measured last.
within() {
    echo "# $1: $peak KiB, $seconds s"
    is "$1: exit status" "$status" "$2"
    ok "$1: $((limit_kib >> 10)) MiB are enough" test "$peak" -lt "$limit_kib"
}

triage_measured() {
    measured "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" "$@"
}

# A mail with FILE as its report.
mail_with() {
    cat <<END
From: tls@hostile.example
To: tlsrpt@example.com
Subject: Report Domain: example.com Submitter: hostile.example Report-ID: <$2>
Message-ID: <$2@hostile.example>
MIME-Version: 1.0
Content-Type: $3; name="hostile.json.gz"
Content-Transfer-Encoding: base64

END
    base64 "$1"
}

# both_ways NAME FILE WANTED: WANTED is how many reports, policies and failure-details are stored.
both_ways() {
    DB=$T/ingest-$1.db
    triage_measured ingest "$2"
    within "$1 by ingest" 0
    quick "$1 by ingest" 60
    is "$1 by ingest: what is stored" "$(stored_rows)" "$3"
    ok "$1 by ingest: has an issue" test "$(query 'SELECT count(*) FROM issues')" -gt 0
    rm -f "$DB"*
    if [ "$(head -c 2 "$2" | od -An -tx1 | tr -d ' ')" = 504b ]; then
        mail_with "$2" "$1" application/zip >"$T/mail"
    elif [ "$(head -c 2 "$2" | od -An -tx1 | tr -d ' ')" = 1f8b ]; then
        mail_with "$2" "$1" application/tlsrpt+gzip >"$T/mail"
    elif head -n 1 "$2" | grep -aEq '^From[: ]'; then
        cp "$2" "$T/mail"
    else
        gzip -c "$2" >"$T/packed"
        mail_with "$T/packed" "$1" application/tlsrpt+gzip >"$T/mail"
    fi
    DB=$T/deliver-$1.db
    triage_measured deliver <"$T/mail"
    within "$1 by deliver" 0
    quick "$1 by deliver" 60
    [ "$1" = large-mbox ] || is "$1 by deliver: what is stored" "$(stored_rows)" "$3"
    ok "$1 by deliver: has an issue" test "$(query 'SELECT count(*) FROM issues')" -gt 0
    rm -f "$DB"*
}

stored_rows() {
    query 'SELECT (SELECT count(*) FROM report), (SELECT count(*) FROM policy),
                  (SELECT count(*) FROM failure)'
}

mkdir "$T/all"
while read -r kind wanted; do
    "$gen_hostile" "$kind" >"$T/all/$kind"
    both_ways "$kind" "$T/all/$kind" "$wanted"
done <<END
brackets 0|0|0
objects-in-objects 0|0|0
empty-arrays 0|0|0
empty-objects 0|0|0
ones 0|0|0
one-string 0|0|0
many-keys 0|0|0
small-policies 1|10000|10000
many-details 1|1|100000
controls 1|1|1
raw-controls 1|1|1
invalid-utf8 1|1|1
nul-bytes 1|1|0
big-counts 1|1|1
negative-counts 1|1|1
long-texts 1|1|1
far-times 1|1|1
blanks 1|1|0
nested-multiparts 0|0|0
nested-messages 0|0|0
many-parts 0|0|0
many-fields 1|0|0
large-mbox 3|3|0
zip-bomb 0|0|0
zip-of-bombs 0|0|0
zip-of-many 0|0|0
END
"$gen_hostile" zeros | gzip -9 >"$T/all/bomb.json.gz"
gzip -9c "$T/all/bomb.json.gz" | gzip -9c >"$T/all/nested.json.gz"
both_ways bomb "$T/all/bomb.json.gz" '0|0|0'
both_ways nested-bombs "$T/all/nested.json.gz" '0|0|0'

# With less memory than it takes a delivery says 75; never is a good report taken for a broken one.
# 127: not even the program could be loaded, which the recipes of contrib/ turn into 75.
"$gen_hostile" many-details 90000 | gzip -c >"$T/packed"
mail_with "$T/packed" scarce application/tlsrpt+gzip >"$T/mail"
DB=$T/scarce.db
refusals=0
lost=
for mib in 20 40 60 70 80 90 100 110 120 130 140 160 180 200 220 250 300 400; do
    rm -f "$DB"*
    status=0
    (ulimit -v $((mib << 10)); triage deliver <"$T/mail") 2>"$T/said" || status=$?
    case $status in
    75) refusals=$((refusals + 1)) ;;
    127) ;;
    0) [ "$(stored_rows)" = '1|1|90000' ] || lost="$lost $mib" ;;
    *) lost="$lost $mib:$status" ;;
    esac
done
is 'with too little memory nothing is lost' "$lost" ''
ok 'and a delivery is put off' test "$refusals" -gt 2
is 'with enough it is taken' "$status" 0
rm -f "$DB"*

# All of them in one folder, bombs side by side, and good reports between them.
"$gen_hostile" blanks $((250 << 20)) | gzip -9 >"$T/all/bomc.json.gz"
for place in 00 iii zzz; do
    number=$((number + 1))
    "$gen_reports" 1 "$T/all/$place-good" "$T/totals" "$number"
done
ln -s . "$T/all/itself"
ln -s nowhere "$T/all/dangling"
mkfifo "$T/all/fifo"
: >"$T/all/secret"
chmod 000 "$T/all/secret"
chmod 755 "$T" "$T/all"
DB=$T/everything/store.db
mkdir "$T/everything"
chmod 777 "$T/everything"
cp "$TLSTRIAGE" "$T/program"
as_nobody=
[ "$(id -u)" -ne 0 ] || as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
# shellcheck disable=SC2086
measured $as_nobody "$T/program" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" ingest "$T/all"
said=$err
within 'everything in one folder' 3
like 'the unreadable file is named' "$said" 'all/secret: '
is 'the good reports beside it are stored' \
    "$(query "SELECT count(*) FROM reports WHERE source LIKE '%-good%'")" 3
for input in "$T"/all/*; do
    name=$(basename "$input")
    case $name in
    *-good | itself | dangling) ;;
    *) ok "$name has an issue" test "$(query "SELECT count(*) FROM issues
                                              WHERE source LIKE '%/all/$name%'")" -gt 0 ;;
    esac
done
sound 'the store is sound'
before=$(query 'SELECT count(*) FROM report, issue, unread')
# shellcheck disable=SC2086
measured $as_nobody "$T/program" --db "$DB" --config "$T/tlstriage.conf" --now "$NOW" ingest "$T/all"
is 'again changes nothing' "$(query 'SELECT count(*) FROM report, issue, unread')" "$before"

# Nothing that a terminal would obey: C0 but for line feed, DEL, C1, and what turns the direction
# of text or breaks lines (U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069).
harmless() {
    controls=$(tr -d '\n\040-\176\200-\377' <"$T/.out" | wc -c)
    is "$1: no control characters" "$controls" 0
    ! LC_ALL=C grep -aq "$(printf '\302[\200-\237]\|\342\200[\216\217\250-\256]\|\342\201[\246-\251]')" \
        "$T/.out"
    report $? "$1: nothing that turns or breaks text"
}

for format in text json mail; do
    for range in '' '--since 1970-01-01'; do
        # shellcheck disable=SC2086
        triage_measured digest --format "$format" --all $range
        within "digest as $format $range" 0
        quick "digest as $format $range" 10
        harmless "digest as $format $range"
    done
done
triage_measured reparse
within reparse 0

# Memory does not grow with the mailbox.
peak_of() {
    "$gen_reports" "$1" "$T/mbox" "$T/totals"
    DB=$T/flat-$1.db
    triage_measured ingest "$T/mbox"
    is "$1 mails are read" "$status $(query 'SELECT count(*) FROM report')" "0 $1"
    rm -f "$DB"*
}
peak_of 1000
few=$peak
peak_of 100000
echo "# 1000 mails: $few KiB, 100000 mails: $peak KiB, $seconds s"
ok 'memory is flat from 1000 to 100000 mails' test $((peak - few)) -lt $((8 << 10))
ok 'and below 64 MiB' test "$peak" -lt $((64 << 10))
done_testing
