# A private Postfix with its own folders, read by inside.sh.
domain_levels() {
    truth | while read -r policy scenario _; do
        echo "$policy.$scenario.example $policy"
    done
}

start_server() {
    mkdir "$T/lab/etc" "$T/lab/queue" "$T/lab/data"
    in_root chown postfix "$T/lab/data"
    cp "$T/certificates/ca.pem" "$T/lab/etc/ca.pem"
    domain_levels >"$T/lab/etc/levels"
    cat >"$T/lab/etc/main.cf" <<END
compatibility_level = 3.6
queue_directory = $T/lab/queue
data_directory = $T/lab/data
daemon_directory = $(in_root postconf -d -h daemon_directory)
mail_owner = postfix
setgid_group = postdrop
myhostname = out.lab.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
maillog_file = $log
maillog_file_prefixes = $T
notify_classes =
import_environment = MAIL_CONFIG TZ=UTC
minimal_backoff_time = 3600s
smtp_dns_support_level = dnssec
smtp_tls_security_level = may
smtp_tls_policy_maps = texthash:$T/lab/etc/levels
smtp_tls_CAfile = $T/lab/etc/ca.pem
smtp_tls_loglevel = 1
END
    cat >"$T/lab/etc/master.cf" <<END
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
showq     unix  n - n - - showq
flush     unix  n - n 1000? 0 flush
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
END
    in_root postfix -c "$T/lab/etc" start
}

stop_server() {
    in_root postfix -c "$T/lab/etc" stop >/dev/null 2>&1
}

send() {
    printf 'Subject: lab\n\nlab\n' |
        in_root sendmail -C "$T/lab/etc" -f sender@out.lab.example "$1"
}

all_done() {
    [ "$(grep -c 'to=<u@.*status=' "$log")" -ge "$sent" ]
}

fate() {
    sed -n "s/.* to=<u@$1>.*status=\([a-z]*\) .*/\1/p" "$log" | sort -u
}
