# A private Exim with its own folders, read by inside.sh. It keeps its rights with a configuration of
# ours only as root, and so delivers when it is told to.
log=$T/lab/main.log

# router POLICY, transport POLICY OPTIONS
name() {
    echo "$1" | tr - _
}

router() {
    cat <<END
to_$(name "$1"):
    driver = dnslookup
    domains = ^$1[.]
    dnssec_request_domains = *
    transport = $(name "$1")
    no_more
END
}

transport() {
    printf '%s:\n    driver = smtp\n    dnssec_request_domains = *\n' "$(name "$1")"
    printf '    tls_verify_certificates = %s\n' "$T/lab/ca.pem"
    shift
    printf '    %s\n' "$@"
}

start_server() {
    exim=$(in_root sh -c 'command -v exim4')
    mkdir "$T/lab/spool"
    cp "$T/certificates/ca.pem" "$T/lab/ca.pem"
    in_root chown -R "$(in_root "$exim" -bP exim_user | sed 's/.* = //')" "$T/lab"
    {
        cat <<END
primary_hostname = out.lab.example
domainlist local_domains =
spool_directory = $T/lab/spool
log_file_path = $T/lab/%s.log
log_selector = +tls_certificate_verified +tls_peerdn +dnssec
timezone = UTC
keep_environment =
trusted_users = root
never_users =
local_interfaces = 127.0.0.1
disable_ipv6
dns_dnssec_ok = 1
begin routers
END
        for policy in may encrypt verify dane dane-only; do
            router "$policy"
        done
        echo 'begin transports'
        transport may 'hosts_try_dane ='
        transport encrypt 'hosts_try_dane =' 'hosts_require_tls = *'
        transport verify 'hosts_try_dane =' 'tls_verify_hosts = *' 'tls_tempfail_tryclear = false'
        transport dane 'hosts_try_dane = *'
        transport dane-only 'hosts_require_dane = *'
        printf 'begin retry\n* * F,1h,1h\n'
    } >"$T/lab/exim.conf"
    chmod 644 "$T/lab/exim.conf"
    in_root "$exim" -C "$T/lab/exim.conf" -bV
}

stop_server() {
    :
}

# The null sender: what is returned goes nowhere.
send() {
    printf 'Subject: lab\n\nlab\n' |
        in_root "$exim" -C "$T/lab/exim.conf" -odq -f '<>' "$1"
}

# -qf: whatever the retry times are, which Exim keeps by host and so for all policies together.
all_done() {
    in_root "$exim" -C "$T/lab/exim.conf" -qf
    [ "$(grep -c ' \(=>\|==\|\*\*\) u@' "$log")" -ge "$sent" ]
}

fate() {
    sed -n "s/^[^ ]* [^ ]* [^ ]* \(=>\|==\|\*\*\) u@$1 .*/\1/p" "$log" | sort -u |
        sed 's/=>/sent/; s/==/deferred/; s/[*][*]/bounced/'
}
