# Small reports and mails for whole-program tests, read after tests/lib/cli.sh. All print to
# standard output; lines end with LF.
#
#   policy DOMAIN SUCCESSES FAILURES     one element of policies
#   report_json ID POLICY...             a report of sender.example for one day
#   simple_report ID DOMAIN              the same with one policy that is fine
#   part TYPE [NAME]                     one MIME part in base64, its content from standard input
#   mail_head MESSAGE-ID [FIELD...]      the header, without the empty line at its end
#   mail_of MESSAGE-ID PART...           a multipart mail around the files PART
#   report_mail ID DOMAIN                what a good sender sends
#   with_crlf                            standard input with CRLF
policy() {
    printf '{"policy":{"policy-type":"no-policy-found","policy-domain":"%s"},' "$1"
    printf '"summary":{"total-successful-session-count":%d,' "$2"
    printf '"total-failure-session-count":%d}}' "$3"
}

report_json() {
    printf '{"organization-name":"Sender","contact-info":"tls@sender.example",'
    printf '"date-range":{"start-datetime":"2026-11-20T00:00:00Z",'
    printf '"end-datetime":"2026-11-20T23:59:59Z"},"report-id":"%s","policies":[' "$1"
    shift
    printf '%s' "$1"
    shift
    for one in "$@"; do
        printf ',%s' "$one"
    done
    printf ']}\n'
}

simple_report() {
    report_json "$1" "$(policy "$2" 10 0)"
}

part() {
    [ -z "$1" ] || printf 'Content-Type: %s\n' "$1"
    [ -z "${2-}" ] || printf 'Content-Disposition: attachment; filename="%s"\n' "$2"
    printf 'Content-Transfer-Encoding: base64\n\n'
    base64
}

mail_head() {
    printf 'From: TLS reports <tls@sender.example>\nTo: tlsrpt@example.org\n'
    printf 'Date: Sat, 21 Nov 2026 03:00:00 +0000\nMessage-ID: <%s>\nMIME-Version: 1.0\n' "$1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@"
}

mail_of() {
    mail_head "$1" 'Content-Type: multipart/report; report-type=tlsrpt; boundary="=-cut"'
    shift
    printf '\n--=-cut\nContent-Type: text/plain\n\nThis is a TLS report.\n'
    for one in "$@"; do
        printf '\n--=-cut\n'
        cat "$one"
    done
    printf '\n--=-cut--\n'
}

report_mail() {
    simple_report "$1" "$2" | gzip | part application/tlsrpt+gzip >"$T/.part"
    mail_of "$1@sender.example" "$T/.part"
    rm "$T/.part"
}

with_crlf() {
    sed "s/\$/$(printf '\r')/"
}
