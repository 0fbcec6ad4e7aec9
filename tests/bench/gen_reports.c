/*
 * Report mails for the bench: gen_reports COUNT MBOX TOTALS [FIRST [dmarc]]
 *
 * Writes COUNT mails, from number FIRST on, as an mbox, and what they add up to as JSON: TLS
 * reports or DMARC aggregate reports. Each mail follows from its number alone, so the same call
 * gives the same bytes.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define DOMAINS 200
#define SUBMITTERS 60
#define MAILS_PER_DAY 400
#define FIRST_DAY 1767225600 /* 2026-01-01 */
#define DAY 86400
#define SIGNATURE_BYTES 256
#define HASH_BYTES 32

struct random {
    uint64_t state;
};

struct text {
    char bytes[32 << 10];
    size_t length;
};

struct totals {
    uint64_t mails;
    uint64_t policies;
    uint64_t details;
    uint64_t successes;
    uint64_t failures;
};

/* Who reports about whom, and when. */
struct subject {
    uint64_t number;
    unsigned domain;
    char name[64];
    char submitter[64];
    time_t begin;
    char day[16];
};

static const char *const result_types[] = {
    "starttls-not-supported", "certificate-host-mismatch",
    "certificate-expired",    "certificate-not-trusted",
    "validation-failure",     "tlsa-invalid",
    "dnssec-invalid",         "dane-required",
    "sts-policy-fetch-error", "sts-policy-invalid",
    "sts-webpki-invalid",
};
static const char *const reasons[] = {
    "dane-no-match",
    "X509_V_ERR_CERT_HAS_EXPIRED",
    "unable to get local issuer certificate",
    "extended-dns-error-22-no-reachable-authority",
};

#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

/* splitmix64 */
static uint64_t draw(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned below(struct random *random, unsigned limit)
{
    return (unsigned)(draw(random) % limit);
}

/* Many small numbers, few large ones, as sessions are. */
static uint64_t long_tailed(struct random *random)
{
    unsigned magnitude = below(random, 14);

    return draw(random) >> (50 + magnitude);
}

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text->bytes + text->length, sizeof text->bytes - text->length, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof text->bytes - text->length)
        abort();
    text->length += (size_t)length;
}

static void add_base64(struct text *text, const uint8_t *bytes, size_t length, const char *fold)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < length; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;

        if (i > 0 && i % 57 == 0)
            add(text, "%s", fold);
        group |= i + 1 < length ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= i + 2 < length ? bytes[i + 2] : 0;
        add(text, "%c%c%c%c", digits[group >> 18], digits[group >> 12 & 63],
            i + 1 < length ? digits[group >> 6 & 63] : '=',
            i + 2 < length ? digits[group & 63] : '=');
    }
}

static void add_noise(struct text *text, struct random *random, size_t length, const char *fold)
{
    uint8_t bytes[SIGNATURE_BYTES];

    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)draw(random);
    add_base64(text, bytes, length, fold);
}

static void choose_subject(struct subject *subject, struct random *random, uint64_t number)
{
    struct tm day;
    /* Twice, so that few domains and few reporters make most of the reports. */
    unsigned domain = below(random, below(random, DOMAINS) + 1);
    unsigned submitter = below(random, below(random, SUBMITTERS) + 1);

    subject->number = number;
    subject->domain = domain;
    snprintf(subject->name, sizeof subject->name, "d%u-%x.example", domain, domain * 2654435761u);
    snprintf(subject->submitter, sizeof subject->submitter, "reporter%u.example.net", submitter);
    subject->begin = FIRST_DAY + (time_t)(number / MAILS_PER_DAY) * DAY;
    gmtime_r(&subject->begin, &day);
    strftime(subject->day, sizeof subject->day, "%Y-%m-%d", &day);
}

/* One draw for all: C leaves open which argument of a call is worked out first. */
static void add_address(struct text *json, struct random *random, const char *key)
{
    uint64_t bits = draw(random);

    if (bits % 10 < 4)
        add(json, "\"%s\":\"2001:db8:%x:%x::%x\",", key, 1 + (unsigned)(bits >> 52),
            1 + (unsigned)(bits >> 32 & 0xfff), 1 + (unsigned)(bits >> 16 & 0xfff));
    else
        add(json, "\"%s\":\"198.51.100.%u\",", key, (unsigned)(bits >> 8 & 255));
}

static void add_detail(struct text *json, const struct subject *subject, struct random *random,
                       struct totals *totals, uint64_t count)
{
    const char *type = below(random, 10) < 7
                           ? result_types[subject->domain % COUNT_OF(result_types)]
                           : result_types[below(random, COUNT_OF(result_types))];

    add(json, "{\"result-type\":\"%s\",", type);
    add_address(json, random, "sending-mta-ip");
    add_address(json, random, "receiving-ip");
    if (below(random, 10) < 3)
        add(json, "\"receiving-mx-helo\":\"mx1.%s\",", subject->name);
    if (below(random, 10) < 3)
        add(json, "\"failure-reason-code\":\"%s\",", reasons[below(random, COUNT_OF(reasons))]);
    add(json, "\"receiving-mx-hostname\":\"mx1.%s\",\"failed-session-count\":%" PRIu64 "}",
        subject->name, count);
    totals->details++;
    totals->failures += count;
}

static void add_results(struct text *json, const struct subject *subject, struct random *random,
                        struct totals *totals)
{
    int bad_domain = subject->domain % 8 == 3;
    int fails = (bad_domain && below(random, 10) < 7) || below(random, 20) == 0;
    unsigned details = fails ? 1 + below(random, 5) : 0;
    uint64_t successes = long_tailed(random);
    uint64_t counts[8];
    uint64_t failures = 0;

    for (unsigned i = 0; i < details; i++)
        failures += counts[i] = 1 + long_tailed(random) / 8;
    add(json,
        "\"summary\":{\"total-successful-session-count\":%" PRIu64
        ",\"total-failure-session-count\":%" PRIu64 "}",
        successes, failures);
    totals->policies++;
    totals->successes += successes;
    for (unsigned i = 0; i < details; i++) {
        add(json, "%s", i == 0 ? ",\"failure-details\":[" : ",");
        add_detail(json, subject, random, totals, counts[i]);
    }
    add(json, "%s", details > 0 ? "]" : "");
}

static void add_sts(struct text *json, const struct subject *subject)
{
    const char *mode = subject->domain % 3 == 0 ? "testing" : "enforce";

    add(json,
        "{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\","
        "\"mode: %s\",\"mx: mx1.%s\",\"mx: mx2.%s\",\"max_age: 604800\"],\"policy-domain\":\"%s\","
        "\"mx-host\":[\"mx1.%s\",\"mx2.%s\"]},",
        mode, subject->name, subject->name, subject->name, subject->name, subject->name);
}

static void add_tlsa(struct text *json, const struct subject *subject)
{
    struct random key = {subject->domain};

    add(json, "{\"policy\":{\"policy-type\":\"tlsa\",\"policy-string\":[");
    for (int record = 0; record < 2; record++) {
        add(json, "%s\"3 1 1 ", record > 0 ? "," : "");
        for (int word = 0; word < 4; word++)
            add(json, "%016" PRIx64, draw(&key));
        add(json, "\"");
    }
    add(json, "],\"policy-domain\":\"mx1.%s\",\"mx-host\":[\"mx1.%s\"]},", subject->name,
        subject->name);
}

static void add_policy(struct text *json, const struct subject *subject, struct random *random,
                       struct totals *totals, unsigned kind)
{
    if (kind < 11)
        add_sts(json, subject);
    else if (kind < 16)
        add_tlsa(json, subject);
    else
        add(json, "{\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-domain\":\"%s\"},",
            subject->name);
    add_results(json, subject, random, totals);
    add(json, "}");
}

static void make_json(struct text *json, const struct subject *subject, struct random *random,
                      struct totals *totals)
{
    unsigned kind = subject->domain * 7 % 20; /* 11 of 20 sts, 5 tlsa, 4 without */

    json->length = 0;
    add(json,
        "{\"organization-name\":\"%s\",\"date-range\":{\"start-datetime\":\"%sT00:00:00Z\","
        "\"end-datetime\":\"%sT23:59:59Z\"},\"contact-info\":\"tls-reports@%s\","
        "\"report-id\":\"%sT00:00:00Z_%s_%" PRIx64 "\",\"policies\":[",
        subject->submitter, subject->day, subject->day, subject->submitter, subject->day,
        subject->name, subject->number);
    add_policy(json, subject, random, totals, kind);
    if (kind >= 11 && kind < 16 && below(random, 2) == 0) {
        add(json, ",");
        add_policy(json, subject, random, totals, 0);
    }
    add(json, "]}");
}

/* One record of a DMARC report: mostly the domain's own server, else somebody who fails. */
static void add_record(struct text *xml, const struct subject *subject, struct random *random,
                       struct totals *totals, unsigned number)
{
    int ours = number == 0 || below(random, 3) == 0;
    uint64_t messages = 1 + long_tailed(random);
    const char *verdict = ours ? "pass" : "fail";

    add(xml, "  <record>\n    <row>\n      <source_ip>%s.%u.%u</source_ip>\n",
        ours ? "192.0" : "198.51", below(random, 256), ours ? subject->domain % 256 : number);
    add(xml,
        "      <count>%" PRIu64 "</count>\n      <policy_evaluated>\n"
        "        <disposition>%s</disposition>\n        <dkim>%s</dkim>\n"
        "        <spf>%s</spf>\n      </policy_evaluated>\n    </row>\n",
        messages, ours ? "none" : "reject", verdict, verdict);
    add(xml,
        "    <identifiers>\n      <header_from>%s</header_from>\n    </identifiers>\n"
        "    <auth_results>\n      <dkim>\n        <domain>%s</domain>\n"
        "        <result>%s</result>\n        <selector>s%u</selector>\n      </dkim>\n",
        subject->name, subject->name, verdict, subject->domain % 3);
    add(xml,
        "      <spf>\n        <domain>%s</domain>\n        <result>%s</result>\n      </spf>\n"
        "    </auth_results>\n  </record>\n",
        ours ? subject->name : "spam.example", ours ? "pass" : "softfail");
    totals->details++;
    *(ours ? &totals->successes : &totals->failures) += messages;
}

static void make_xml(struct text *xml, const struct subject *subject, struct random *random,
                     struct totals *totals)
{
    unsigned records = 1 + below(random, 9);

    xml->length = 0;
    add(xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<feedback>\n  <version>1.0</version>\n"
        "  <report_metadata>\n"
        "    <org_name>%s</org_name>\n    <email>noreply-dmarc@%s</email>\n"
        "    <extra_contact_info>https://%s/dmarc</extra_contact_info>\n"
        "    <report_id>%s_%" PRIx64 "</report_id>\n    <date_range>\n",
        subject->submitter, subject->submitter, subject->submitter, subject->day, subject->number);
    add(xml,
        "      <begin>%lld</begin>\n      <end>%lld</end>\n    </date_range>\n"
        "  </report_metadata>\n  <policy_published>\n    <domain>%s</domain>\n"
        "    <adkim>r</adkim>\n    <aspf>r</aspf>\n    <p>reject</p>\n    <sp>reject</sp>\n"
        "    <pct>100</pct>\n  </policy_published>\n",
        (long long)subject->begin, (long long)subject->begin + DAY - 1, subject->name);
    for (unsigned i = 0; i < records; i++)
        add_record(xml, subject, random, totals, i);
    add(xml, "</feedback>\n");
    totals->policies++;
}

static size_t pack(const struct text *json, uint8_t *packed, size_t size)
{
    z_stream stream = {.next_in = (Bytef *)json->bytes,
                       .avail_in = (uInt)json->length,
                       .next_out = packed,
                       .avail_out = (uInt)size};

    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    deflateEnd(&stream);
    return stream.total_out;
}

static void add_trace(struct text *mail, const struct subject *subject, struct random *random,
                      const char *date)
{
    unsigned host = below(random, 65536);

    add(mail,
        "Return-Path: <tls-reports@%s>\nDelivered-To: tlsrpt@%s\n"
        "Received: from mail-%04x.%s (mail-%04x.%s [192.0.2.%u])\n"
        "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
        "\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\n"
        "\t(No client certificate requested)\n\tby mx1.%s (Postfix) with ESMTPS id %010" PRIX64 "\n"
        "\tfor <tlsrpt@%s>; %s\n",
        subject->submitter, subject->name, host, subject->submitter, host, subject->submitter,
        host % 256, subject->name, draw(random) >> 24, subject->name, date);
    add(mail,
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n        d=%s; s=20260101; t=%lld;\n"
        "        h=tls-report-submitter:tls-report-domain:date:message-id:subject:from\n"
        "         :mime-version:to; bh=",
        subject->submitter, (long long)subject->begin + DAY);
    add_noise(mail, random, HASH_BYTES, "");
    add(mail, ";\n        b=");
    add_noise(mail, random, SIGNATURE_BYTES, "\n         ");
    add(mail,
        "\nAuthentication-Results: mx1.%s; dkim=pass header.d=%s;\n"
        "        spf=pass smtp.mailfrom=%s\n",
        subject->name, subject->submitter, subject->submitter);
}

static void add_dmarc_fields(struct text *mail, const struct subject *subject, const char *date,
                             const char *boundary)
{
    add(mail,
        "From: noreply-dmarc@%s\nTo: dmarc@%s\nDate: %s\nMessage-ID: <%s.%" PRIx64 "@%s>\n"
        "Subject: Report Domain: %s\n Submitter: %s\n Report-ID: <%s_%" PRIx64 ">\n"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed;\n boundary=\"%s\"\n\n",
        subject->submitter, subject->name, date, boundary + 10, subject->number, subject->submitter,
        subject->name, subject->submitter, subject->day, subject->number, boundary);
}

static void add_fields(struct text *mail, const struct subject *subject, const char *date,
                       const char *boundary)
{
    add(mail,
        "From: tls-reports@%s\nTo: tlsrpt@%s\nDate: %s\nMessage-ID: <%s.%" PRIx64 "@%s>\n"
        "Subject: Report Domain: %s\n Submitter: %s\n Report-ID: <%sT00:00:00Z_%s_%" PRIx64 "@%s>\n"
        "TLS-Report-Domain: %s\nTLS-Report-Submitter: %s\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=\"tlsrpt\";\n boundary=\"%s\"\n\n",
        subject->submitter, subject->name, date, boundary + 10, subject->number, subject->submitter,
        subject->name, subject->submitter, subject->day, subject->name, subject->number,
        subject->submitter, subject->name, subject->submitter, boundary);
}

static void add_parts(struct text *mail, const struct subject *subject, const char *boundary,
                      const uint8_t *packed, size_t length, int dmarc)
{
    const char *type = dmarc ? "application/gzip" : "application/tlsrpt+gzip";
    char name[256];

    snprintf(name, sizeof name, "%s!%s!%lld!%lld!%03u.%s.gz", subject->submitter, subject->name,
             (long long)subject->begin, (long long)subject->begin + DAY - 1,
             (unsigned)(subject->number % 1000), dmarc ? "xml" : "json");
    add(mail,
        "This is a multi-part message in MIME format.\n\n--%s\n"
        "Content-Type: text/plain; charset=\"us-ascii\"\nContent-Transfer-Encoding: 7bit\n\n"
        "This is an aggregate report from %s for %s.\n\n--%s\n"
        "Content-Type: %s;\n name=\"%s\"\n"
        "Content-Disposition: attachment; filename=\"%s\"\n"
        "Content-Transfer-Encoding: base64\n\n",
        boundary, subject->submitter, subject->name, boundary, type, name, name);
    add_base64(mail, packed, length, "\n");
    add(mail, "\n--%s--\n\n", boundary);
}

static void write_mail(FILE *out, uint64_t number, struct totals *totals, int dmarc)
{
    struct random random = {number * UINT64_C(0xd1342543de82ef95)};
    struct subject subject;
    struct text json;
    struct text mail = {.length = 0};
    uint8_t packed[sizeof json.bytes];
    char boundary[40];
    char date[64];
    char asctime_date[64];
    struct tm when;
    time_t sent;

    choose_subject(&subject, &random, number);
    sent = subject.begin + DAY + 3600 + (time_t)(number % 7200);
    gmtime_r(&sent, &when);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &when);
    strftime(asctime_date, sizeof asctime_date, "%a %b %e %H:%M:%S %Y", &when);
    snprintf(boundary, sizeof boundary, "----=_Part%016" PRIx64, draw(&random));

    if (dmarc)
        make_xml(&json, &subject, &random, totals);
    else
        make_json(&json, &subject, &random, totals);
    add(&mail, "From tls-reports@%s %s\n", subject.submitter, asctime_date);
    add_trace(&mail, &subject, &random, date);
    if (dmarc)
        add_dmarc_fields(&mail, &subject, date, boundary);
    else
        add_fields(&mail, &subject, date, boundary);
    add_parts(&mail, &subject, boundary, packed, pack(&json, packed, sizeof packed), dmarc);
    fwrite(mail.bytes, 1, mail.length, out);
    totals->mails++;
}

static int write_totals(const char *path, const struct totals *totals)
{
    FILE *out = fopen(path, "w");

    if (out == NULL)
        return -1;
    fprintf(out,
            "{\"mails\":%" PRIu64 ",\"policies\":%" PRIu64 ",\"details\":%" PRIu64
            ",\"successes\":%" PRIu64 ",\"failures\":%" PRIu64 "}\n",
            totals->mails, totals->policies, totals->details, totals->successes, totals->failures);
    return fclose(out);
}

int main(int argc, char **argv)
{
    struct totals totals = {0};
    uint64_t count;
    uint64_t first;
    FILE *out;

    if (argc < 4) {
        fprintf(stderr, "usage: gen_reports COUNT MBOX TOTALS [FIRST [dmarc]]\n");
        return 2;
    }
    count = strtoull(argv[1], NULL, 10);
    first = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    out = fopen(argv[2], "w");
    if (out == NULL) {
        perror(argv[2]);
        return 3;
    }
    for (uint64_t i = 0; i < count; i++)
        write_mail(out, first + i, &totals, argc > 5 && strcmp(argv[5], "dmarc") == 0);
    if (fclose(out) != 0 || write_totals(argv[3], &totals) != 0) {
        perror(argv[2]);
        return 3;
    }
    return 0;
}
