#!/usr/bin/env python3
"""Makes the mails of contrib/demo, and the log beside them:

    python3 tests/data/make-demo.py contrib/demo/mail

The same bytes each time. Its output is committed, since building needs no Python. The story
stands in contrib/demo/README; names and addresses are those that RFC 2606, RFC 6761, RFC 5737 and
RFC 3849 reserve, but for the names of the three large reporters.
"""
import base64, datetime, gzip, hashlib, io, json, os, shutil, sys, zipfile

OLD_KEY = "9f2c41d07be85a3614c0fd6a7729be13e45d80c2a6f1193b5570e8d4c23a9b6e"  # mx1, as in DNS
MX2_KEY = "47ab0e19d5c36f8802e1b7c4903d5ea6f7281bc04d96e35fa1c80b72d4e9163f"
RENEWED = 16  # November 2026: mx1 has a new key, DNS the old TLSA record
SILENT = 18   # November 2026: mta-sts.example.com does not answer any more

STS = {
    "example.org": ["mx1.example.org", "mx2.example.org"],
    "example.net": ["mx.example.net"],
    "lists.example.net": ["mx.example.net"],
    "example.com": ["mail.example.com"],
}


def noise(key, length):
    out = b""
    while len(out) < length:
        out += hashlib.sha256(("%s/%d" % (key, len(out))).encode()).digest()
    return out[:length]


def day_start(day):
    return datetime.datetime(2026, 11, day, tzinfo=datetime.timezone.utc)


def epoch(day):
    return int(day_start(day).timestamp())


def date_field(when):
    return when.strftime("%a, %d %b %Y %H:%M:%S +0000")


def wrapped(data, width=76, indent=""):
    text = base64.b64encode(data).decode()
    return ("\n" + indent).join(text[i:i + width] for i in range(0, len(text), width))


def date_range(day, end="23:59:59", zone="Z"):
    last = day_start(day + 1) if end == "00:00:00" else day_start(day)
    return {"start-datetime": day_start(day).strftime("%Y-%m-%dT00:00:00") + zone,
            "end-datetime": last.strftime("%Y-%m-%dT") + end + zone}


def summary(good, bad):
    return {"total-successful-session-count": good, "total-failure-session-count": bad}


def sts_lines(domain):
    return (["version: STSv1", "mode: enforce"] + ["mx: " + mx for mx in STS[domain]] +
            ["max_age: 604800"])


# ---- what each reporter writes ------------------------------------------------------------------

def google(domain, day, good, failures=(), fetched=True):
    policy = {"policy-type": "sts"}
    if fetched:
        policy["policy-string"] = sts_lines(domain)
    policy["policy-domain"] = domain
    if fetched:
        policy["mx-host"] = STS[domain]
    entry = {"policy": policy,
             "summary": summary(good, sum(f["failed-session-count"] for f in failures))}
    if failures:
        entry["failure-details"] = list(failures)
    return {"organization-name": "Google Inc.", "date-range": date_range(day),
            "contact-info": "smtp-tls-reporting@google.com",
            "report-id": day_start(day).strftime("%Y-%m-%dT00:00:00Z_") + domain,
            "policies": [entry]}


def filetime(when):
    return (int(when.timestamp()) + 11644473600) * 10000000 + 2987951


def microsoft(domain, day, when, entries):
    return {"organization-name": "Microsoft Corporation", "date-range": date_range(day),
            "contact-info": "tlsrpt-noreply@microsoft.com",
            "report-id": "%d+%s" % (filetime(when), domain), "policies": entries}


def microsoft_sts(domain, good, bad=0, details=None, strings=True):
    policy = {"policy-type": "sts"}
    if strings:
        policy["policy-string"] = sts_lines(domain)
    policy["policy-domain"] = domain
    entry = {"policy": policy, "summary": summary(good, bad)}
    if details:
        entry["failure-details"] = details
    return entry


def microsoft_example_org(day, when):
    bad = {16: 118, 17: 243, 18: 227}.get(day, 0)
    good = 480 - bad - 3 * day
    records = ["3 1 1 " + OLD_KEY.upper(), "3 1 1 " + MX2_KEY.upper()]
    dane = {"policy": {"policy-type": "tlsa", "policy-string": [json.dumps(records)],
                       "policy-domain": "example.org"}, "summary": summary(good, bad)}
    if bad:
        dane["failure-details"] = [
            {"result-type": "tlsa-invalid", "sending-mta-ip": "198.51.100.%d" % (14 + i),
             "receiving-mx-hostname": "mx1.example.org", "failed-session-count": count}
            for i, count in enumerate((bad - bad // 3, bad // 3))]
    return microsoft("example.org", day, when, [dane, microsoft_sts("example.org", good)])


def microsoft_example_com(day, when):
    if day < SILENT:
        return microsoft("example.com", day, when, [microsoft_sts("example.com", 64 + day)])
    bad = 21 + day
    detail = {"result-type": "sts-policy-fetch-error", "failed-session-count": bad}
    return microsoft("example.com", day, when,
                     [microsoft_sts("example.com", 0, bad, [detail], strings=False)])


def dane_entry(mx, key, good, details):
    return {"policy": {"policy-type": "tlsa", "policy-string": ["3 1 1 " + key],
                       "policy-domain": mx, "mx-host": [mx]},
            "summary": summary(good, sum(d["failed-session-count"] for d in details)),
            "failure-details": details}


def postfix_site(day):
    bad = {16: 4}.get(day, 7 + day % 3) if day >= RENEWED else 0
    details = [{"result-type": "certificate-not-trusted", "sending-mta-ip": "198.51.100.77",
                "receiving-mx-hostname": "mx1.example.org", "receiving-mx-helo": "mx1.example.org",
                "receiving-ip": "192.0.2.25", "failed-session-count": bad}] if bad else []
    report = {"organization-name": "Verein Beispiel e. V.", "date-range": date_range(day),
              "contact-info": "smtp-tls-reporting@verein.example",
              "policies": [
                  dane_entry("mx1.example.org", OLD_KEY, 6 if day <= RENEWED else 0, details),
                  dane_entry("mx2.example.org", MX2_KEY, 3 + day % 4 + bad, [])],
              "report-id": day_start(day).strftime("%Y-%m-%dT00:00:00Z_idx1_example.org")}
    return report


def mox_site(day):
    bad = {17: 2, 19: 5}.get(day, 0)
    details = [{"result-type": "validation-failure", "sending-mta-ip": "2001:db8:ffee::25",
                "receiving-mx-hostname": "mx1.example.org", "receiving-mx-helo": "mx1.example.org",
                "receiving-ip": "2001:db8:25::1", "failed-session-count": bad,
                "additional-information": "", "failure-reason-code": "dane-no-match"}] if bad else []
    return {"organization-name": "mox.example", "date-range": date_range(day),
            "contact-info": "postmaster@mox.example",
            "report-id": "202611%02d.example.org@mox.example" % day,
            "policies": [dane_entry("mx1.example.org", OLD_KEY, 0 if bad else 2, details)] +
                        ([dane_entry("mx2.example.org", MX2_KEY, bad, [])] if bad else [])}


def mailru(domain, day, good, reasons=()):
    policy = {"policy-type": "sts", "policy-domain": domain}
    if not reasons:
        policy["policy-string"] = sts_lines(domain)
    details = [{"result-type": "sts-policy-fetch-error", "failed-session-count": count,
                "failure-reason-code": reason} for count, reason in reasons]
    entry = {"policy": policy, "summary": summary(good, sum(c for c, _ in reasons))}
    if details:
        entry["failure-details"] = details
    return {"organization-name": "Mail.ru", "date-range": date_range(day, end="00:00:00"),
            "contact-info": "noreply-smtp-tls-reporting@corp.mail.ru",
            "report-id": mailru_id(domain, day), "policies": [entry]}


def mailru_id(domain, day):
    x = noise("mailru" + domain + str(day), 16).hex()
    return "%s-%s-5%s-9%s-%s@mail.ru" % (x[:8], x[8:12], x[13:16], x[17:20], x[20:])


# ---- the mails around them ----------------------------------------------------------------------

def trace(envelope, host, address, when, tls, selector, signer, signed, dkim=True):
    """What our own MX and the sender's signer put on top."""
    queue_id = noise(envelope + str(when), 5).hex().upper()
    lines = ["Return-Path: <%s>" % envelope,
             "Delivered-To: tlsrpt@example.org",
             "Received: from %s (%s [%s])" % (host, host, address),
             "\t(using %s with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))" % tls,
             "\tby mx1.example.org (Postfix) with ESMTPS id %s" % queue_id,
             "\tfor <tlsrpt@example.org>; %s" % date_field(when + datetime.timedelta(seconds=4))]
    result = ("dkim=pass (2048-bit key) header.d=%s header.s=%s" % (signer, selector) if dkim
              else "dkim=none")
    lines += ["Authentication-Results: mx1.example.org;",
              "\t%s;" % result,
              "\tspf=pass smtp.mailfrom=%s" % envelope.split("@")[1]]
    if dkim:
        lines += ["DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=%s;"
                  % (signer, selector),
                  "\tt=%d; h=%s;" % (int(when.timestamp()), signed),
                  "\tbh=%s;" % wrapped(noise("bh" + queue_id, 32)),
                  "\tb=%s" % wrapped(noise("b" + queue_id, 256), 70, "\t ")]
    return lines


def report_mail(head, boundary, text_part, file_name, body, part_lines=None):
    if part_lines is None:
        part_lines = ['Content-Type: application/tlsrpt+gzip;', '\tname="%s"' % file_name]
    lines = head + ["", "--" + boundary] + text_part + ["", "--" + boundary] + part_lines
    lines += ["Content-Disposition: attachment;", '\tfilename="%s"' % file_name,
              "Content-Transfer-Encoding: base64", "", wrapped(body), "--%s--" % boundary, ""]
    return "\n".join(lines)


def packed(report, **style):
    return gzip.compress(json.dumps(report, **(style or {"separators": (",", ":")})).encode(),
                         9, mtime=0)


def file_name(submitter, domain, day, unique="001", extension="json.gz"):
    return "%s!%s!%d!%d!%s.%s" % (submitter, domain, epoch(day), epoch(day) + 86399, unique,
                                  extension)


def google_mail(report, domain, day):
    when = day_start(day + 1) + datetime.timedelta(hours=9, minutes=3 + day, seconds=len(domain))
    x = noise("google" + domain + str(day), 12).hex()
    boundary = "000000000000" + x[:16]
    head = trace("3%s@smtp-tls-reporting.bounces.google.com" % x[:20], "mail-%s-f73.google.com" % x[:3],
                 "198.51.100.%d" % (160 + day), when, "TLSv1.3", "20251104", "google.com",
                 "to:from:subject:message-id:tls-report-submitter:\n\t tls-report-domain:date:mime-version")
    head += ["MIME-Version: 1.0", "Date: " + date_field(when), "TLS-Report-Domain: " + domain,
             "TLS-Report-Submitter: google.com", "Message-ID: <%s.%stls@google.com>" % (x[:8], x[8:14]),
             "Subject: Report Domain: %s Submitter: google.com Report-ID: <%s+%s@google.com>"
             % (domain, day_start(day).strftime("%Y.%m.%dT00.00.00Z"), domain),
             "From: noreply-smtp-tls-reporting@google.com", "To: tlsrpt@example.org",
             'Content-Type: multipart/report; boundary="%s"; report-type=tlsrpt' % boundary]
    text = ['Content-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes', "",
            "This is an aggregate TLS report from google.com"]
    return when, report_mail(head, boundary, text, file_name("google.com", domain, day),
                             packed(report))


def microsoft_mail(report, domain, day, when):
    number = filetime(when)
    boundary = "=-" + base64.b64encode(noise("ms" + domain + str(day), 15)).decode()
    head = trace("tlsrpt-noreply@microsoft.com", "BN1PR04CU%03d.outbound.protection.example" % day,
                 "198.51.100.%d" % (14 + day), when, "TLSv1.2", "selector2", "microsoft.com",
                 "From:Date:Subject:Message-ID:Content-Type:MIME-Version")
    head += ["From: <tlsrpt-noreply@microsoft.com>",
             'To: "tlsrpt@example.org" <tlsrpt@example.org>', "Date: " + date_field(when),
             "Subject: Report Domain: %s Submitter: microsoft.com Report-ID:" % domain,
             " %d+%s" % (number, domain), "TLS-Report-Domain: " + domain,
             "TLS-Report-Submitter: microsoft.com", "MIME-Version: 1.0",
             "Message-ID: <%d+%s@microsoft.com>" % (number, domain),
             'Content-Type: multipart/report; report-type=tlsrpt; boundary="%s"' % boundary]
    text = ['Content-Type: text/html; charset="utf-8"', "Content-Transfer-Encoding: quoted-printable",
            "", '<html><head><meta http-equiv=3D"Content-Type" content=3D"text/html; charset=3D=',
            'utf-8"></head><body>This is an aggregate TLS report from Microsoft Corporation for =',
            domain + ".</body></html>"]
    parts = ["Content-Type: application/tlsrpt+gzip", "Content-Description:",
             " " + file_name("microsoft.com", domain, day, str(number))]
    return report_mail(head, boundary, text, file_name("microsoft.com", domain, day, str(number)),
                       packed(report), parts)


def mailru_mail(report, domain, day):
    when = day_start(day + 1) + datetime.timedelta(hours=0, minutes=10, seconds=38 + day % 9)
    boundary = "----=_NextPart_%d" % (int(when.timestamp()) * 1000000000 + 991563614)
    head = trace("noreply-smtp-tls-reporting@corp.mail.ru", "relay6.m.mail.example",
                 "2001:db8:94::132", when, "TLSv1.3", "mail4", "corp.mail.ru",
                 "Content-Type:MIME-Version:Message-Id:Subject:To:Date:From")
    head += ["From: noreply-smtp-tls-reporting@corp.mail.ru",
             "Date: " + (when + datetime.timedelta(hours=3)).strftime("%a, %d %b %Y %H:%M:%S +0300"),
             "To: tlsrpt@example.org", "Subject: Report", " Domain: " + domain,
             " Submitter: mail.ru", " Report-ID: <%s>" % report["report-id"],
             "Auto-Submitted: auto-generated", "TLS-Report-Domain: " + domain,
             "TLS-Report-Submitter: mail.ru", "Message-Id: <%s>" % report["report-id"],
             "MIME-Version: 1.0", 'Content-Type: multipart/report; report-type="tlsrpt";',
             ' boundary="%s"' % boundary, "", "This is a multipart message in MIME format."]
    text = ['Content-Type: text/plain; charset="us-ascii"', "Content-Transfer-Encoding: 7bit", "",
            "This is an aggregate TLS report from mail.ru"]
    return report_mail(head, boundary, text, file_name("mail.ru", domain, day), packed(report))


def postfix_mail(report, day):
    when = day_start(day + 1) + datetime.timedelta(hours=1, minutes=17 + day % 5, seconds=day)
    boundary = "===============%d==" % int.from_bytes(noise("postfix%d" % day, 8), "big")
    head = trace("smtp-tls-reporting@verein.example", "post.verein.example", "198.51.100.77", when,
                 "TLSv1.3", "tlsrpt", "verein.example",
                 "From:To:Subject:Date:Message-ID:TLS-Report-Domain:\n\t TLS-Report-Submitter")
    head += ["Message-ID: <%d.%d@post.verein.example>" % (int(when.timestamp()), 4000 + day),
             'Content-Type: multipart/report; report-type="tlsrpt"; boundary="%s"' % boundary,
             "MIME-Version: 1.0",
             "Subject: Report Domain: example.org Submitter: verein.example Report-ID:",
             " <%s@verein.example>" % report["report-id"], "From: smtp-tls-reporting@verein.example",
             "To: tlsrpt@example.org", "Date: " + date_field(when),
             "TLS-Report-Domain: example.org", "TLS-Report-Submitter: verein.example",
             "TLS-Required: No"]
    text = ['Content-Type: text/plain; charset="utf-8"', "Content-Transfer-Encoding: 7bit", "",
            "This is an aggregate TLS report from verein.example"]
    return when, report_mail(head, boundary, text,
                             file_name("verein.example", "example.org", day, "idx1"),
                             packed(report, indent=2))


def mox_mail(report, day):
    when = day_start(day + 1) + datetime.timedelta(hours=3, minutes=41, seconds=day)
    boundary = noise("mox%d" % day, 15).hex()
    head = trace("postmaster@mox.example", "mail.mox.example", "2001:db8:ffee::25", when, "TLSv1.3",
                 "2026a", "mox.example", "From:To:Subject:Date:Message-ID:MIME-Version:\n\t"
                 " TLS-Report-Domain:TLS-Report-Submitter")
    head += ["From: <postmaster@mox.example>", "To: <tlsrpt@example.org>",
             "Subject: Report Domain: example.org Submitter: mox.example Report-ID: <%s>"
             % report["report-id"], "Date: " + date_field(when),
             "Message-ID: <%s@mail.mox.example>" % noise("moxid%d" % day, 9).hex(),
             "TLS-Report-Domain: example.org", "TLS-Report-Submitter: mox.example",
             "TLS-Required: No", "User-Agent: mox/v0.0.15", "MIME-Version: 1.0",
             'Content-Type: multipart/report; report-type="tlsrpt";', ' boundary="%s"' % boundary]
    text = ['Content-Type: text/plain; charset="us-ascii"', "Content-Transfer-Encoding: 7bit", "",
            "Attached is a TLS report with a summary of connection successes and failures for",
            "attempts to deliver to the mail servers of your domain."]
    return when, report_mail(head, boundary, text,
                             file_name("mox.example", "example.org", day, "20261100"),
                             packed(report, indent="\t"))


# ---- what else lies in such a mail box ----------------------------------------------------------

CRON = """Return-Path: <root@mx1.example.org>
Delivered-To: tlsrpt@example.org
Received: by mx1.example.org (Postfix, from userid 0)
\tid 7C1D2400B2; Mon, 16 Nov 2026 10:02:07 +0000 (UTC)
From: root@mx1.example.org (Cron Daemon)
To: root@mx1.example.org
Subject: Cron <root@mx1> test -x /usr/bin/acme-renew && acme-renew --quiet
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
Auto-Submitted: auto-generated
X-Cron-Env: <SHELL=/bin/sh>
Message-Id: <20261116100207.7C1D2400B2@mx1.example.org>
Date: Mon, 16 Nov 2026 10:02:07 +0000 (UTC)

acme-renew: mx1.example.org: 29 days left, new key made, new certificate installed
acme-renew: postfix reloaded
"""


def dmarc_mail():
    begin = epoch(17)
    xml = """<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <version>1.0</version>
  <report_metadata>
    <org_name>receiver.example</org_name>
    <email>dmarc-reports@receiver.example</email>
    <report_id>20261118.%d</report_id>
    <date_range><begin>%d</begin><end>%d</end></date_range>
  </report_metadata>
  <policy_published>
    <domain>example.org</domain><adkim>r</adkim><aspf>r</aspf><p>quarantine</p><sp>none</sp><pct>100</pct>
  </policy_published>
  <record>
    <row>
      <source_ip>192.0.2.25</source_ip><count>12</count>
      <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated>
    </row>
    <identifiers><header_from>example.org</header_from></identifiers>
    <auth_results>
      <dkim><domain>example.org</domain><result>pass</result></dkim>
      <spf><domain>example.org</domain><result>pass</result></spf>
    </auth_results>
  </record>
</feedback>
""" % (begin, begin, begin + 86399)
    name = "receiver.example!example.org!%d!%d.xml.gz" % (begin, begin + 86399)
    when = day_start(18) + datetime.timedelta(hours=5, minutes=12)
    boundary = "_----" + noise("dmarc", 12).hex()
    head = trace("dmarc-reports@receiver.example", "out.receiver.example", "198.51.100.201", when,
                 "TLSv1.3", "r1", "receiver.example", "From:To:Subject:Date:Message-ID")
    head += ["From: dmarc-reports@receiver.example", "To: tlsrpt@example.org",
             "Subject: Report Domain: example.org Submitter: receiver.example Report-ID: <20261118.%d>"
             % begin, "Date: " + date_field(when),
             "Message-ID: <20261118.%d@receiver.example>" % begin, "MIME-Version: 1.0",
             'Content-Type: multipart/mixed; boundary="%s"' % boundary]
    text = ["Content-Type: text/plain", "", "This is an aggregate report from receiver.example."]
    return report_mail(head, boundary, text, name, gzip.compress(xml.encode(), 9, mtime=0),
                       ['Content-Type: application/gzip; name="%s"' % name])


def defective_report():
    """A byte order mark, times without a zone, no contact, mx-host a string, a count as text."""
    report = {"organization-name": "Hosting Beispiel", "date-range": date_range(18, zone=""),
              "contact-info": None, "report-id": "hb-20261118-7",
              "policies": [{"policy": {"policy-type": "sts", "policy-string": sts_lines("example.net"),
                                       "policy-domain": "Example.NET.", "mx-host": "mx.example.net"},
                            "summary": {"total-successful-session-count": "14",
                                        "total-failure-session-count": 0}}]}
    return b"\xef\xbb\xbf" + json.dumps(report, indent=2).encode() + b"\n"


# ---- where they lie -----------------------------------------------------------------------------

def put(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(data, str):
        data = data.encode()
    with open(path, "wb") as out:
        out.write(data)


def google_box():
    """Google's mails about example.org and example.com, as an mbox."""
    mails = []
    for day in range(12, 21):
        mails.append(google_mail(google("example.org", day, 3100 + 37 * (day % 5) + 11 * day),
                                 "example.org", day))
        if day < SILENT:
            report = google("example.com", day, 880 + 13 * day)
        else:
            detail = {"result-type": "sts-policy-fetch-error", "failed-session-count": 310 + day}
            report = google("example.com", day, 0, [detail], fetched=False)
        mails.append(google_mail(report, "example.com", day))
    mails.sort(key=lambda mail: mail[0])
    return "".join("From noreply-smtp-tls-reporting@google.com %s\n%s\n"
                   % (when.strftime("%a %b %d %H:%M:%S %Y"), text) for when, text in mails)


def google_files(out):
    """Google's reports about example.net, as files saved from the mails: gzip, JSON and zip."""
    in_zip = io.BytesIO()
    with zipfile.ZipFile(in_zip, "w", zipfile.ZIP_DEFLATED) as archive:
        for day in range(12, 21):
            report = google("example.net", day, 2200 + 17 * (day % 4))
            text = json.dumps(report, separators=(",", ":"))
            name = file_name("google.com", "example.net", day, extension="json")
            if day < 16:
                archive.writestr(zipfile.ZipInfo(name, (2026, 11, 17, 8, 0, 0)), text,
                                 zipfile.ZIP_DEFLATED)
            elif day == 20:
                put(out, "saved/" + name, text)
            else:
                put(out, "saved/" + name + ".gz", packed(report))
    put(out, "saved/google-example.net.zip", in_zip.getvalue())
    # A single session that failed among hundreds is noise, and the digest says so.
    detail = [{"result-type": "validation-failure", "sending-mta-ip": "2001:db8:4864:20::a3",
               "receiving-ip": "192.0.2.80", "receiving-mx-hostname": "mx.example.net",
               "failed-session-count": 1}]
    put(out, "saved/" + file_name("google.com", "lists.example.net", 19, extension="json"),
        json.dumps(google("lists.example.net", 19, 412, detail)))


def maildir(out):
    for day in range(13, 21):
        when, text = postfix_mail(postfix_site(day), day)
        where = "cur/%d.M%dP%d.mx1:2,S" if day < 18 else "new/%d.M%dP%d.mx1"
        put(out, "Maildir/" + where % (int(when.timestamp()), 400000 + day, 900 + day), text)
    for day in (15, 17, 19):
        when, text = mox_mail(mox_site(day), day)
        where = "cur/%d.M%dP%d.mx1:2,S" if day < 18 else "new/%d.M%dP%d.mx1"
        put(out, "Maildir/" + where % (int(when.timestamp()), 500000 + day, 900 + day), text)
    put(out, "Maildir/cur/1794823327.M700016P916.mx1:2,S", CRON)
    put(out, "Maildir/cur/1794978720.M700018P918.mx1:2,S", dmarc_mail())


def single_mails(out):
    for day, arrives in ((14, 18), (15, 19), (16, 20), (17, 21), (18, 21)):
        when = day_start(arrives) + datetime.timedelta(hours=19, minutes=37, seconds=day)
        text = microsoft_mail(microsoft_example_org(day, when), "example.org", day, when)
        junk = "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n" if day == 14 else ""
        put(out, "microsoft-example.org-%d.eml" % day, (junk + text).replace("\n", "\r\n"))
    for day in (17, 18, 19):
        when = day_start(21) + datetime.timedelta(hours=18, minutes=5, seconds=day)
        text = microsoft_mail(microsoft_example_com(day, when), "example.com", day, when)
        put(out, "microsoft-example.com-%d.eml" % day, text.replace("\n", "\r\n"))
    when = day_start(20) + datetime.timedelta(hours=20, minutes=2)
    text = microsoft_mail(microsoft("example.net", 16, when, [microsoft_sts("example.net", 96)]),
                          "example.net", 16, when)
    put(out, "microsoft-example.net-16.eml", text.replace("\n", "\r\n"))
    url = "https://mta-sts.example.com/.well-known/mta-sts.txt"
    reason = ('unable to do http request: Get "%s": context deadline exceeded (Client.Timeout '
              'exceeded while awaiting headers)' % url)
    for domain, day, good, reasons in (("example.net", 15, 23, ()), ("example.net", 18, 31, ()),
                                       ("example.com", 16, 8, ()),
                                       ("example.com", 18, 0, ((6, reason),)),
                                       ("example.com", 20, 0, ((9, reason),))):
        put(out, "mailru-%s-%d.eml" % (domain, day),
            mailru_mail(mailru(domain, day, good, reasons), domain, day))


# ---- the other direction: the log of mx1.example.org, which delivers what the users write --------

CIPHER = ("TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "
          "server-signature %s server-digest SHA256")
ECDSA, RSA = "ECDSA (prime256v1)", "RSA-PSS (2048 bits)"


class MailLog:
    """Lines of Postfix 3.7 as rsyslog of Debian 12 writes them; smtp_tls_security_level = dane."""

    def __init__(self):
        self.lines = []

    def add(self, when, daemon, pid, text):
        stamp = when.strftime("%Y-%m-%dT%H:%M:%S.") + "%06d+00:00" % (when.microsecond)
        self.lines.append((when, len(self.lines),
                           "%s mx1 postfix/%s[%d]: %s\n" % (stamp, daemon, pid, text)))

    def attempt(self, when, mail, evidence, result, relay="none", delay=None, dsn="4.7.5"):
        """One line for each of `evidence`, then that of the delivery."""
        number = int(noise(mail["id"] + str(when), 2).hex(), 16)
        when += datetime.timedelta(microseconds=number * 15)
        pid = 20000 + number % 9000
        for text in evidence:
            self.add(when, "smtp", pid, text)
            when += datetime.timedelta(milliseconds=31)
        age = (when - mail["at"]).total_seconds() if delay is None else delay
        self.add(when, "smtp", pid,
                 "%s: to=<%s>, relay=%s, delay=%.2g, delays=0.06/0.01/0.11/%.2g, dsn=%s, status=%s"
                 % (mail["id"], mail["to"], relay, age, age, dsn, result)
                 if age < 100 else
                 "%s: to=<%s>, relay=%s, delay=%d, delays=%d/0.01/0.11/0, dsn=%s, status=%s"
                 % (mail["id"], mail["to"], relay, age, age, dsn, result))

    def sent(self, when, mail, host, address, trust, signature=RSA):
        where = "%s[%s]:25" % (host, address)
        self.attempt(when, mail, ["%s TLS connection established to %s: %s"
                                  % (trust, where, CIPHER % signature)],
                     "sent (250 2.0.0 Ok: queued as %s)" % noise(mail["id"], 5).hex().upper(),
                     where, 0.4, "2.0.0")

    def text(self):
        return "".join(line for _, _, line in sorted(self.lines))


def letter(to, when):
    return {"id": noise(to + str(when), 5).hex().upper(), "to": to, "at": when}


def at(day, hour, minute=0):
    return day_start(day) + datetime.timedelta(hours=hour, minutes=minute)


def ordinary_mail(log):
    """What goes well, mostly because nobody asks for more."""
    for day in range(16, 22):
        for hour in (7, 9, 11, 14, 16):
            when = at(day, hour, 7 + day)
            log.sent(when, letter("orders@shop.example", when), "mx.shop.example", "203.0.113.40",
                     "Trusted")
        when = at(day, 10, 31)
        log.sent(when, letter("board@club.example", when), "mail.club.example", "203.0.113.77",
                 "Untrusted")
        if day < 19:
            for hour in (8, 13):
                when = at(day, hour, 40)
                log.sent(when, letter("anna@partner.example", when), "mx.partner.example",
                         "203.0.113.25", "Verified", ECDSA)
        if day < 20:
            when = at(day, 9, 52)
            log.sent(when, letter("office@town.example", when), "mx.town.example", "203.0.113.90",
                     "Verified")


def partner_mail(log):
    """On 19 November partner.example renews its certificate, and not its TLSA record."""
    where = "mx.partner.example[203.0.113.25]:25"
    for begin, to in ((at(19, 8, 12), "anna@partner.example"), (at(19, 14, 2), "ben@partner.example"),
                      (at(20, 9, 30), "anna@partner.example")):
        mail = letter(to, begin)
        when = begin
        while when < at(21, 20):
            log.attempt(when, mail,
                        ["server certificate verification failed for %s: "
                         "num=65:no matching DANE TLSA records" % where,
                         "Untrusted TLS connection established to %s: %s" % (where, CIPHER % ECDSA)],
                        "deferred (Server certificate not verified)", where)
            when += datetime.timedelta(minutes=max(5, min(240, (when - begin).seconds // 60 or 5)))


def town_mail(log):
    """On 20 November the signatures of town.example expire: a resolver that validates finds nothing."""
    reason = ("Host or domain name not found. Name service error for name=town.example type=MX: "
              "Host not found, try again")
    for begin, to in ((at(20, 9, 52), "office@town.example"), (at(21, 9, 52), "taxes@town.example")):
        mail = letter(to, begin)
        for hours in range(0, 24, 4):
            if begin + datetime.timedelta(hours=hours) < at(21, 20):
                log.attempt(begin + datetime.timedelta(hours=hours), mail, [],
                            "deferred (%s)" % reason, dsn="4.4.3")


def bank_mail(log):
    """bank.example is to be reached encrypted only (smtp_tls_policy_maps), and once was not."""
    where = "mx.bank.example[203.0.113.11]:25"
    mail = letter("loans@bank.example", at(20, 15, 3))
    for minutes in (0, 5, 15, 35):
        log.attempt(mail["at"] + datetime.timedelta(minutes=minutes), mail, [],
                    "deferred (TLS is required, but was not offered by host "
                    "mx.bank.example[203.0.113.11])", where, dsn="4.7.4")
    log.sent(mail["at"] + datetime.timedelta(minutes=75), mail, "mx.bank.example", "203.0.113.11",
             "Trusted")


def mail_log():
    log = MailLog()
    ordinary_mail(log)
    partner_mail(log)
    town_mail(log)
    bank_mail(log)
    return log.text()


def main():
    out = sys.argv[1]
    shutil.rmtree(out, ignore_errors=True)
    put(out, "google.mbox", google_box())
    google_files(out)
    maildir(out)
    single_mails(out)
    put(out, "saved/hosting-beispiel.json", defective_report())
    put(os.path.dirname(os.path.abspath(out)), "mail.log", mail_log())


if __name__ == "__main__":
    main()
