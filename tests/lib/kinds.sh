# A mail of every kind that reaches an alias for reports, read with `. tests/lib/kinds.sh`.
#
#   kinds             their names
#   kind_mail NAME    the mail on standard output
#   counts            what a store of all of them answers to $count_kinds
kinds='tls-gzip tls-json dmarc-gzip tls-broken dmarc-broken arf-auth arf-abuse
    dsn-exchange dsn-postfix dsn-exim dsn-user dsn-forwarded
    receipt vacation newsletter spam-zip spam-json invitation signed encrypted'
# shellcheck disable=SC2034 # for those who read this
count_kinds='SELECT kind, outcome, count(*) FROM arrivals GROUP BY 1, 2 ORDER BY 1, 2'
counts='arf|ignored|2
bounce|ignored|2
bounce|stored|3
dmarc|quarantined|1
dmarc|stored|1
other|ignored|8
tlsrpt|quarantined|1
tlsrpt|stored|2'

# fields NAME FROM SUBJECT [FIELD...]
fields() {
    printf 'From: %s\nTo: reports@test.example\nSubject: %s\n' "$2" "$3"
    printf 'Message-ID: <%s@kinds.example>\nDate: Sun, 22 Nov 2026 02:00:00 +0000\n' "$1"
    printf 'MIME-Version: 1.0\n'
    shift 3
    for field; do
        printf '%s\n' "$field"
    done
}

# multipart TYPE: the begin of one with the boundary b; part TYPE [NAME]: the begin of a part.
multipart() {
    printf 'Content-Type: %s; boundary="b"\n\nMIME.\n' "$1"
}
part() {
    printf '\n--b\nContent-Type: %s\n' "$1"
    [ $# -eq 1 ] || printf 'Content-Disposition: attachment; filename="%s"\n' "$2"
    [ $# -lt 3 ] || printf 'Content-Transfer-Encoding: %s\n' "$3"
    printf '\n'
}
end() {
    printf '\n--b--\n'
}
words() {
    part 'text/plain; charset=utf-8'
    printf '%s\n' "$1"
}

# tls_json ID ORGANIZATION
tls_json() {
    cat <<END
{"organization-name": "$2", "report-id": "$1", "contact-info": "tls@org.example",
 "date-range": {"start-datetime": "2026-11-21T00:00:00Z", "end-datetime": "2026-11-21T23:59:59Z"},
 "policies": [{"policy": {"policy-type": "sts", "policy-domain": "test.example",
   "policy-string": ["version: STSv1", "mode: enforce", "mx: mx.test.example", "max_age: 86400"]},
   "summary": {"total-successful-session-count": 7, "total-failure-session-count": 0}}]}
END
}
dmarc_xml() {
    cat <<END
<?xml version="1.0"?>
<feedback><version>1.0</version><report_metadata><org_name>Receiver</org_name><email>dmarc@receiver.example</email>
<report_id>d1</report_id><date_range><begin>1795132800</begin><end>1795219199</end></date_range>
</report_metadata><policy_published><domain>test.example</domain><p>none</p></policy_published>
<record><row><source_ip>192.0.2.7</source_ip><count>3</count><policy_evaluated>
<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>test.example</header_from></identifiers><auth_results>
<dkim><domain>test.example</domain><result>pass</result></dkim></auth_results></record></feedback>
END
}

# What comes back of a report mail that test.example sent itself: it is no report to test.example.
returned() {
    cat <<END
From: tls@test.example
Subject: Report Domain: partner.example Submitter: test.example Report-ID: <back>
TLS-Report-Domain: partner.example
TLS-Report-Submitter: test.example
MIME-Version: 1.0
Content-Type: application/tlsrpt+json; name="test.example!partner.example!1795132800!1795219199.json"

$(tls_json back Ourselves)
END
}

# status REPORTING-MTA ACTION STATUS DIAGNOSTIC [FIELD]: delivery-status of user@partner.example.
delivery_status() {
    printf 'Reporting-MTA: dns; %s\n%s\n' "$1" "${5+$5
}"
    printf 'Original-Recipient: rfc822;user@partner.example\n'
    printf 'Final-Recipient: rfc822;user@partner.example\nAction: %s\nStatus: %s\n' "$2" "$3"
    printf 'Diagnostic-Code: %s\n' "$4"
}

kind_mail() {
    case $1 in
    tls-gzip)
        fields "$1" tls@google.example 'Report Domain: test.example Submitter: google.example' \
            'TLS-Report-Domain: test.example' 'TLS-Report-Submitter: google.example'
        multipart 'multipart/report; report-type=tlsrpt'
        words 'An aggregate TLS report.'
        part application/tlsrpt+gzip 'google.example!test.example!1795132800!1795219199.json.gz' base64
        tls_json g1 Google | gzip -n | base64
        end
        ;;
    tls-json)
        fields "$1" tls@microsoft.example 'A report' 'Content-Type: application/tlsrpt+json' ''
        tls_json m1 Microsoft
        ;;
    dmarc-gzip)
        fields "$1" dmarc@receiver.example \
            'Report Domain: test.example Submitter: receiver.example Report-ID: d1' \
            'Auto-Submitted: auto-generated'
        multipart multipart/mixed
        words 'An aggregate DMARC report.'
        part application/gzip 'receiver.example!test.example!1795132800!1795219199.xml.gz' base64
        dmarc_xml | gzip -n | base64
        end
        ;;
    tls-broken)
        fields "$1" tls@broken.example 'Report Domain: test.example Submitter: broken.example'
        multipart 'multipart/report; report-type=tlsrpt'
        part application/tlsrpt+gzip 'broken.example!test.example!1795132800!1795219199.json.gz' base64
        echo 'not packed and no JSON' | base64
        end
        ;;
    dmarc-broken)
        fields "$1" dmarc@broken.example 'Report domain: test.example Submitter: broken.example'
        multipart multipart/mixed
        part application/octet-stream 'broken.example!test.example!1795132800!1795219199.xml.gz' base64
        echo 'not packed and no XML' | base64
        end
        ;;
    arf-auth)
        fields "$1" ruf@receiver.example 'FW: Payment'
        multipart 'multipart/report; report-type=feedback-report'
        words 'A mail that failed DMARC.'
        part message/feedback-report
        printf 'Feedback-Type: auth-failure\nUser-Agent: ruf/1\nVersion: 1\nAuth-Failure: dmarc\n'
        part message/rfc822
        returned
        end
        ;;
    arf-abuse)
        fields "$1" fbl@provider.example 'complaint'
        multipart multipart/report
        words 'Someone pressed the button.'
        part message/feedback-report
        printf 'Feedback-Type: abuse\nUser-Agent: fbl/1\nVersion: 1\n'
        part text/rfc822-headers
        returned | sed '/^$/q'
        end
        ;;
    dsn-exchange)
        fields "$1" postmaster@tenant.example 'Undeliverable: Hello' 'Auto-Submitted: auto-replied' \
            'X-MS-Exchange-Message-Is-Ndr:'
        multipart 'multipart/report; report-type=delivery-status'
        words 'Your message could not be delivered.'
        part message/delivery-status
        delivery_status AM0PR01.prod.exchange.example failed 5.7.323 \
            'smtp;550 5.7.323 tlsa-invalid: The domain failed DANE validation'
        printf 'X-Display-Name: User\n'
        part message/rfc822
        returned
        end
        ;;
    dsn-postfix)
        fields "$1" MAILER-DAEMON@mail.test.example 'Undelivered Mail Returned to Sender' \
            'Auto-Submitted: auto-replied'
        multipart 'multipart/report; report-type=delivery-status'
        words 'This is the mail system.'
        part message/delivery-status
        delivery_status mail.test.example failed 4.7.5 \
            'X-Postfix; TLSA lookup error for mx.partner.example:25' 'X-Postfix-Queue-ID: 4jXJrY67pN'
        part message/rfc822
        returned
        end
        ;;
    dsn-exim)
        fields "$1" Mailer-Daemon@exim.test.example 'Warning: message delayed 24 hours' \
            'Auto-Submitted: auto-replied'
        multipart 'multipart/report; report-type=delivery-status'
        words 'This message was created automatically by mail delivery software.'
        part message/delivery-status
        printf 'Reporting-MTA: dns; exim.test.example\n\nAction: delayed\n'
        printf 'Final-Recipient: rfc822;user@partner.example\nStatus: 4.0.0\n'
        printf 'Remote-MTA: dns; mx.partner.example\n'
        printf 'X-Exim-Diagnostic: X-str; DANE error: tlsa lookup DEFER\n'
        part text/rfc822-headers
        returned | sed '/^$/q'
        end
        ;;
    dsn-user)
        fields "$1" MAILER-DAEMON@mail.test.example 'Undelivered Mail Returned to Sender'
        multipart 'multipart/report; report-type=delivery-status'
        words 'This is the mail system.'
        part message/delivery-status
        delivery_status mail.test.example failed 5.1.1 'smtp; 550 5.1.1 no such user'
        part message/rfc822
        returned
        end
        ;;
    dsn-forwarded)
        fields "$1" colleague@test.example 'Fwd: Undelivered'
        multipart multipart/mixed
        words 'What is this?'
        part message/rfc822
        kind_mail dsn-exchange | sed 's/"b"/"inner"/; s/^--b/--inner/'
        end
        ;;
    receipt)
        fields "$1" reader@partner.example 'Read: Report Domain: partner.example'
        multipart 'multipart/report; report-type=disposition-notification'
        words 'It was displayed.'
        part message/disposition-notification
        printf 'Final-Recipient: rfc822;reader@partner.example\n'
        printf 'Disposition: manual-action/MDN-sent-manually; displayed\n'
        part message/rfc822
        returned
        end
        ;;
    vacation)
        fields "$1" jane@partner.example 'Out of office: Report Domain: partner.example' \
            'Auto-Submitted: auto-replied' ''
        printf 'Until Monday.\n'
        ;;
    newsletter)
        fields "$1" news@list.example 'All the news' 'List-Id: <news.list.example>'
        multipart multipart/mixed
        part text/html
        printf '<p>Buy now</p>\n'
        part application/json prices.json
        printf '{"prices": [1, 2, 3]}\n'
        part text/xml prices.xml
        printf '<?xml version="1.0"?><prices><price>1</price></prices>\n'
        end
        ;;
    spam-zip)
        fields "$1" spam@spam.example 'Invoice'
        multipart multipart/mixed
        words 'Please see the invoice.'
        part application/zip invoice.zip base64
        printf 'PK\003\004\024\000\001\000 and so on' | base64
        end
        ;;
    spam-json)
        fields "$1" spam@spam.example 'Invoice'
        multipart multipart/mixed
        words 'Please see the invoice.'
        part application/gzip invoice.json.gz base64
        printf '{"invoice": 1, ' | gzip -n | base64
        end
        ;;
    invitation)
        fields "$1" boss@test.example 'Meeting'
        multipart multipart/alternative
        words 'Come to the meeting.'
        part 'text/calendar; method=REQUEST'
        printf 'BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n'
        end
        ;;
    signed)
        fields "$1" lawyer@law.example 'Signed'
        multipart 'multipart/signed; micalg=sha-256; protocol="application/pkcs7-signature"'
        words 'Signed and sealed.'
        part application/pkcs7-signature smime.p7s base64
        printf '0\202\001\002' | base64
        end
        ;;
    encrypted)
        fields "$1" friend@friend.example '...'
        multipart 'multipart/encrypted; protocol="application/pgp-encrypted"'
        part application/pgp-encrypted
        printf 'Version: 1\n'
        part application/octet-stream encrypted.asc
        printf -- '-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n'
        end
        ;;
    esac
}
