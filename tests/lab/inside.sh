# Within the namespaces of run.sh, which gives LAB_SERVER and LAB_ROOT.
. tests/lib/cli.sh
PATH=$PATH:/usr/sbin:/sbin
PYTHONDONTWRITEBYTECODE=1
export PATH PYTHONDONTWRITEBYTECODE
lab=$PWD/tests/lab
root=$LAB_ROOT
log=$T/lab/mail.log
chmod 755 "$T"
mkdir "$T/lab" "$T/certificates"
: >"$log"

# within SECONDS COMMAND...: true as soon as COMMAND is.
within() {
    left=$(($1 * 5))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.2
    done
}

# in_root COMMAND...: where the mail server is installed. $T is the same folder there.
in_root() {
    chroot "${root:-/}" "$@"
}

# truth: a line "POLICY SCENARIO FATE SESSION RESULT DETAIL OUTCOME" for each recipient.
truth() {
    awk -F '\t' '!/^#/ && NF {
        n = split($1, policies, ",")
        m = split($2, scenarios, ",")
        for (i = 1; i <= n; i++)
            for (k = 1; k <= m; k++)
                print policies[i], scenarios[k], $3, $4, $5, $6, $7
    }' "$lab/truth-$LAB_SERVER.tsv"
}

. "$lab/$LAB_SERVER.sh"

set_up() {
    ip link set lo up
    mount --make-rprivate /
    printf 'nameserver 127.0.0.1\noptions trust-ad edns0\n' >"$T/resolv.conf"
    mount --bind "$T/resolv.conf" "$(readlink -f "$root/etc/resolv.conf" || echo "$root/etc/resolv.conf")"
    if [ -n "$root" ]; then
        mkdir -p "$root$T"
        mount --bind "$T" "$root$T"
        mount -t proc proc "$root/proc"
    else
        mount -t proc proc /proc
    fi
    digest=$(sh "$lab/certificates.sh" "$T/certificates") || return 1
    python3 "$lab/dns.py" "$digest" 2>"$T/dns.err" &
    python3 "$lab/smtp.py" "$T/certificates" 2>"$T/smtp.err" &
    within 20 answers
}

answers() {
    python3 -c 'import socket; socket.create_connection(("127.1.0.1", 25), 1).close()' 2>/dev/null
}

reader=ingest
if "$TLSTRIAGE" --help 2>&1 | grep -Eq '^ *follow '; then
    reader=follow
fi
: "${LAB_READER:=$reader}"

start_reader() {
    [ "$LAB_READER" = follow ] || return 0
    "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" follow --timezone UTC "$log" \
        >"$T/follow.out" 2>&1 &
    follower=$!
}

# The log holds what the store is to hold before follow is told to stop.
stop_reader() {
    if [ "$LAB_READER" = follow ]; then
        sleep 2
        kill -TERM "$follower"
        wait "$follower"
    else
        "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" ingest --timezone UTC "$log"
    fi
}

# What the log itself says became of a recipient: is the laboratory as it was meant to be?
check_fate() {
    is "$1: $2, by the log" "$(fate "$1")" "$2"
}

check_failure() {
    found=$(query "SELECT DISTINCT ifnull(result_type, '-') || ' ' || ifnull(detail, '-') || ' ' ||
        outcome FROM log_failures WHERE domain = '$1' AND direction = 'out'
        AND (result_type IS NOT NULL OR outcome <> 'plaintext')")
    is "$1: $2" "$found" "$([ "$2" = '- - -' ] || echo "$2")"
}

check_session() {
    found=$(query "SELECT DISTINCT outcome FROM deliveries WHERE domain = '$1'
        AND direction = 'out' ORDER BY outcome" | paste -sd ' ')
    like "$1: session $2" "$found" "^($2)\$"
}

ok 'DNS, certificates and servers stand' set_up
start_reader
ok 'the mail server starts' start_server
sent=0
while read -r policy scenario _; do
    send "u@$policy.$scenario.example" && sent=$((sent + 1))
done <<END
$(truth)
END
is 'all mails are taken' "$sent" "$(truth | wc -l)"
ok 'each has met its fate' within 120 all_done
stop_server
ok "the log is read ($LAB_READER)" stop_reader

while read -r policy scenario wanted session result detail outcome; do
    domain=$policy.$scenario.example
    check_fate "$domain" "$wanted"
    check_failure "$domain" "$result $detail $outcome"
    check_session "$domain" "$session"
done <<END
$(truth)
END
is 'no failure of anybody else' "$(query "SELECT count(*) FROM log_failures WHERE direction = 'out'
    AND (domain IS NULL OR domain NOT LIKE '%.example')")" 0
[ "$failed" -eq 0 ] || cp "$log" "${LAB_KEEP:-/dev/null}"
done_testing
