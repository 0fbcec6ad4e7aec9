#!/bin/sh
# explain: words of reports and digests, told in the program's own words. Needs no store.
. tests/lib/cli.sh

exits 'a failure type is explained' 0 triage explain dane-cert-mismatch
like 'it says what it means' "$out" '^   What it means'
like 'it gives candidate causes with their checks' "$out" '^ +- key-rolled:'
like 'it gives steps' "$out" '^   What to do'
like 'it says how to check' "$out" '^   How to check'
like 'it says how to keep it from coming again' "$out" '^   .*(prevent|again)'
like 'it names its sources' "$out" 'RFC 7672'
unlike 'no placeholder of a digest is left in it' "$out" '[{](domain|mx|ip)[}]'

exits 'a cause is explained' 0 triage explain key-rolled
like 'by its title' "$out" '^key-rolled: '

exits 'a result type of RFC 8460 is explained' 0 triage explain certificate-host-mismatch
like 'it says that it is one' "$out" '[Rr]esult type'
hyphens=$out
exits "the spelling of Postfix' log is understood" 0 triage explain certificate_host_mismatch
is 'and means the same' "$out" "$hyphens"
exits 'capitals are understood' 0 triage explain CERTIFICATE-host-mismatch
is 'and mean the same' "$out" "$hyphens"

exits 'every result type of RFC 8460, section 4.3 is known' 0 sh -c '
    for word in starttls-not-supported certificate-host-mismatch certificate-expired \
        certificate-not-trusted validation-failure tlsa-invalid dnssec-invalid dane-required \
        sts-policy-fetch-error sts-policy-invalid sts-webpki-invalid; do
        "$TLSTRIAGE" explain "$word" >/dev/null || { echo "$word"; exit 1; }
    done'

exits 'an unknown word is a wrong command line' 2 triage explain expired
is 'nothing is printed for it' "$out" ''
like 'words like it are suggested' "$err" 'did you mean .*cert-expired.*dane-expired'
exits 'a word like no other' 2 triage explain xyzzy
like 'the list is pointed at' "$err" 'xyzzy.*explain lists all'
exits 'an empty word' 2 triage explain ''
exits 'an escape sequence in place of a word' 2 triage explain "$(printf 'a\033]0;x\007b')"
unlike 'it is not sent to the terminal' "$err" "$(printf '[\033\007]')"
exits 'two words are one too many' 2 triage explain cert-expired dane-expired

exits 'without a word all are listed' 0 triage explain
list=$out
like 'failure types' "$list" '^dane-cert-mismatch +failure +certificate matches no TLSA record$'
like 'causes' "$list" '^key-rolled +cause +[a-z]'
like 'result types' "$list" '^certificate-expired +result +'
is 'sorted' "$(printf '%s\n' "$list" | LC_ALL=C sort)" "$list"
unknown=
printf '%s\n' "$list" >"$T/list"
while read -r word rest; do
    "$TLSTRIAGE" explain "$word" >"$T/.word" 2>&1 && [ -n "$rest" ] && grep -q . "$T/.word" ||
        unknown="$unknown $word"
done <"$T/list"
is 'each listed word is explained' "$unknown" ''
ok 'no store was made' test ! -e "$DB"
done_testing
