#!/bin/sh
# certificates.sh FOLDER: a private CA, and certificates of it and others for the scenarios, all of
# one key, whose digest for TLSA records is printed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
openssl ecparam -name prime256v1 -genkey -noout -out key.pem
openssl ecparam -name prime256v1 -genkey -noout -out ca-key.pem
cat >ca.cnf <<'END'
[ca]
default_ca = lab
[lab]
new_certs_dir = .
database = index.txt
rand_serial = yes
certificate = ca.pem
private_key = ca-key.pem
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = nothing
prompt = no
[nothing]
CN = nothing
END
: >index.txt
openssl req -x509 -config ca.cnf -new -key ca-key.pem -days 30 -subj '/CN=Lab CA' -out ca.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null

# sign FILE NAME FROM TO
sign() {
    openssl req -config ca.cnf -new -key key.pem -subj "/CN=$2" -addext "subjectAltName=DNS:$2" \
        -out request.pem
    openssl ca -batch -notext -config ca.cnf -in request.pem -startdate "$3" -enddate "$4" \
        -out "$1.pem" 2>/dev/null
}

now=$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)
later=$(date -u -d '+20 days' +%Y%m%d%H%M%SZ)
while IFS='	' read -r scenario _ certificate _; do
    case $certificate in
    good) sign "good-$scenario" "mx.$scenario.example" "$now" "$later" ;;
    expired) sign "expired-$scenario" "mx.$scenario.example" 20200101000000Z 20200201000000Z ;;
    esac
done <"$here/scenarios.tsv"
sign othername mx.somebody-else.example "$now" "$later"
openssl req -x509 -config ca.cnf -new -key key.pem -days 20 -subj '/CN=mx.nobody.example' \
    -out selfsigned.pem 2>/dev/null
openssl pkey -in key.pem -pubout -outform der | sha256sum | cut -d ' ' -f 1
