/*
 * Mail server logs for the bench: gen_log postfix|exim LINES FILE TOTALS
 *
 * Writes a log of at least LINES lines of ordinary mail, one million to the day, about 15 % of them
 * about TLS, and what it adds up to as JSON. The same call gives the same bytes.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DOMAINS 4000
#define CLIENTS 3000
#define FIRST_SECOND 1772323200 /* 2026-03-01 */
#define LINES_PER_SECOND 12
#define AHEAD 64 /* seconds that a line may come after the one it is written with */

enum trust { VERIFIED, TRUSTED, UNTRUSTED, ANONYMOUS, CLEAR, TRUSTS };

static const char *const trust_words[] = {"Verified", "Trusted", "Untrusted", "Anonymous", ""};

static const char *const ciphers[] = {
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "
    "server-signature RSA-PSS (2048 bits) server-digest SHA256",
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519MLKEM768 "
    "server-signature ECDSA (prime256v1) server-digest SHA256",
    "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
};

static const char *const exim_ciphers[] = {
    "TLS1.3:TLS_AES_256_GCM_SHA384:256",
    "TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256",
    "TLS1.2:ECDHE-RSA-AES256-GCM-SHA384:256",
};

/* Lines of one second, waiting for it. */
struct second {
    char *bytes;
    size_t length;
    size_t room;
};

struct generator {
    FILE *out;
    uint64_t random;
    uint64_t planned; /* lines */
    uint64_t now;     /* seconds since the begin */
    uint64_t queued;  /* messages */
    bool exim;
    struct second ring[AHEAD];
    uint64_t sessions[TRUSTS]; /* outbound, by trust */
    uint64_t inbound;
    uint64_t failed; /* recipients that failed for TLS or DANE */
};

static uint32_t draw(struct generator *generator, uint32_t below)
{
    uint64_t x = generator->random += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((x ^ (x >> 31)) % below);
}

/* Small numbers come far more often than large ones. */
static uint32_t draw_skewed(struct generator *generator, uint32_t below)
{
    uint32_t first = draw(generator, below) + 1;

    return draw(generator, first);
}

static void stamp(const struct generator *generator, uint64_t second, char *text, size_t size)
{
    time_t at = (time_t)(FIRST_SECOND + second);
    struct tm parts;

    gmtime_r(&at, &parts);
    if (generator->exim)
        strftime(text, size, "%Y-%m-%d %H:%M:%S ", &parts);
    else
        strftime(text, size, "%b %e %H:%M:%S mx1 ", &parts);
}

__attribute__((format(printf, 3, 4))) static void put(struct generator *generator, uint32_t after,
                                                      const char *format, ...)
{
    uint64_t at = generator->now + (after < AHEAD ? after : AHEAD - 1);
    struct second *second = &generator->ring[at % AHEAD];
    char line[1200];
    size_t length;
    va_list args;

    stamp(generator, at, line, sizeof line);
    length = strlen(line);
    va_start(args, format);
    length += (size_t)vsnprintf(line + length, sizeof line - length, format, args);
    va_end(args);
    line[length++] = '\n';
    if (second->length + length > second->room) {
        second->room = (second->length + length) * 2;
        second->bytes = realloc(second->bytes, second->room);
        if (second->bytes == NULL)
            abort();
    }
    memcpy(second->bytes + second->length, line, length);
    second->length += length;
    generator->planned++;
}

static void end_second(struct generator *generator)
{
    struct second *second = &generator->ring[generator->now % AHEAD];

    fwrite(second->bytes, 1, second->length, generator->out);
    second->length = 0;
    generator->now++;
}

struct peer {
    char domain[64];
    char mx[80];
    char ip[32];
    enum trust trust;
    const char *cipher;
};

static struct peer peer_of(uint32_t number, bool exim)
{
    static const enum trust trusts[] = {VERIFIED,  TRUSTED, TRUSTED,   UNTRUSTED, TRUSTED,
                                        UNTRUSTED, TRUSTED, UNTRUSTED, TRUSTED,   UNTRUSTED};
    struct peer peer;

    snprintf(peer.domain, sizeof peer.domain, "domain%u.example", number);
    if (number % 2 == 0)
        snprintf(peer.mx, sizeof peer.mx, "mx%u.provider%u.example.net", number % 4, number % 60);
    else
        snprintf(peer.mx, sizeof peer.mx, "mail.domain%u.example", number);
    snprintf(peer.ip, sizeof peer.ip, "198.51.%u.%u", number / 250 % 250, number % 250 + 1);
    peer.trust = number % 97 == 13 ? ANONYMOUS : number % 29 == 7 ? CLEAR : trusts[number / 7 % 10];
    peer.cipher = (exim ? exim_ciphers : ciphers)[number % 3];
    return peer;
}

/* One delivery by smtp(8). The process is free again before the next one with its number. */
static void postfix_delivery(struct generator *generator, uint32_t after)
{
    struct peer peer = peer_of(draw_skewed(generator, DOMAINS), false);
    unsigned id = 0x10000000u + (unsigned)generator->queued * 17u;
    unsigned pid = 3000 + (unsigned)(generator->queued++ % 400);
    bool fails = peer.trust == VERIFIED && draw(generator, 12) == 0;

    put(generator, after,
        "postfix/qmgr[1187]: %09X: from=<user%u@sender.example>, size=%u, "
        "nrcpt=1 (queue active)",
        id, draw(generator, 900), 900 + draw(generator, 90000));
    if (fails) {
        put(generator, after + 1,
            "postfix/smtp[%u]: server certificate verification failed for %s[%s]:25: num=65:no "
            "matching DANE TLSA records",
            pid, peer.mx, peer.ip);
        put(generator, after + 1,
            "postfix/smtp[%u]: Untrusted TLS connection established to "
            "%s[%s]:25: %s",
            pid, peer.mx, peer.ip, peer.cipher);
        put(generator, after + 2,
            "postfix/smtp[%u]: %09X: to=<user%u@%s>, relay=%s[%s]:25, delay=1.2, "
            "delays=0.1/0/0.9/0.2, dsn=4.7.5, status=deferred (Server certificate not verified)",
            pid, id, draw(generator, 900), peer.domain, peer.mx, peer.ip);
        generator->failed++;
        return;
    }
    if (peer.trust != CLEAR)
        put(generator, after + 1,
            "postfix/smtp[%u]: %s TLS connection established to %s[%s]:25: "
            "%s",
            pid, trust_words[peer.trust], peer.mx, peer.ip, peer.cipher);
    put(generator, after + 2,
        "postfix/smtp[%u]: %09X: to=<user%u@%s>, relay=%s[%s]:25, delay=1.2, "
        "delays=0.1/0/0.9/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %08X)",
        pid, id, draw(generator, 900), peer.domain, peer.mx, peer.ip, draw(generator, 1u << 31));
    put(generator, after + 2, "postfix/qmgr[1187]: %09X: removed", id);
    generator->sessions[peer.trust]++;
}

static void postfix_arrival(struct generator *generator)
{
    unsigned client = draw_skewed(generator, CLIENTS), pid = 900000 + draw(generator, 100000);
    unsigned id = 0x90000000u + (unsigned)generator->queued++;
    char name[80];

    snprintf(name, sizeof name, "client%u.example.org[203.0.%u.%u]", client, client / 250,
             client % 250);
    put(generator, 0, "postfix/smtpd[%u]: connect from %s", pid, name);
    if (draw(generator, 100) < 85) {
        put(generator, 0, "postfix/smtpd[%u]: Anonymous TLS connection established from %s: %s",
            pid, name, ciphers[client % 3]);
        generator->inbound++;
    }
    put(generator, 1, "postfix/smtpd[%u]: %09X: client=%s", pid, id, name);
    put(generator, 1, "postfix/cleanup[%u]: %09X: message-id=<%08x@client%u.example.org>", pid + 7,
        id, draw(generator, 1u << 31), client);
    put(generator, 1,
        "postfix/qmgr[1187]: %09X: from=<a%u@client%u.example.org>, size=%u, nrcpt=1 "
        "(queue active)",
        id, client, client, 900 + draw(generator, 90000));
    put(generator, 1,
        "postfix/smtpd[%u]: disconnect from %s ehlo=2 starttls=1 mail=1 rcpt=1 "
        "data=1 quit=1 commands=7",
        pid, name);
    put(generator, 2,
        "postfix/lmtp[%u]: %09X: to=<user%u@sender.example>, "
        "relay=mail[private/dovecot-lmtp], delay=1.7, delays=0.3/0.01/0.01/0.1, dsn=2.0.0, "
        "status=sent (250 2.0.0 <user> Saved)",
        pid + 9, id, client);
    put(generator, 2,
        "dovecot: lmtp(user%u)<%u><%08x>: sieve: msgid=<x>: stored mail into mailbox "
        "'INBOX'",
        client, pid + 9, draw(generator, 1u << 31));
    put(generator, 2, "postfix/qmgr[1187]: %09X: removed", id);
}

static void postfix_noise(struct generator *generator)
{
    unsigned client = draw_skewed(generator, CLIENTS), pid = 900000 + draw(generator, 100000);

    put(generator, 0, "postfix/smtpd[%u]: connect from unknown[192.0.2.%u]", pid, client % 250);
    put(generator, 1,
        "postfix/smtpd[%u]: NOQUEUE: reject: RCPT from unknown[192.0.2.%u]: 554 5.7.1 "
        "Service unavailable; Client host [192.0.2.%u] blocked using list.example; "
        "from=<a@b.example> to=<c@sender.example> proto=ESMTP helo=<b.example>",
        pid, client % 250, client % 250);
    put(generator, 1,
        "postfix/smtpd[%u]: disconnect from unknown[192.0.2.%u] ehlo=1 mail=1 "
        "rcpt=0/1 quit=1 commands=3/4",
        pid, client % 250);
    put(generator, 0, "postfix/postscreen[1200]: CONNECT from [192.0.2.%u]:%u to [192.0.2.25]:25",
        client % 250, 1024 + draw(generator, 60000));
    put(generator, 6, "postfix/postscreen[1200]: PASS OLD [192.0.2.%u]:%u", client % 250, client);
}

static void exim_id(struct generator *generator, char *id, size_t size)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t number = generator->queued++;
    char low[5] = "0000";

    for (int i = 3; i >= 0; i--, number /= 62)
        low[i] = digits[number % 62];
    snprintf(id, size, "1xA%c%c%c-00%s-2K", digits[generator->now / 3844 % 62],
             digits[generator->now / 62 % 62], digits[generator->now % 62], low);
}

static void exim_delivery(struct generator *generator)
{
    static const char *const verdicts[] = {"dane", "yes", "no", "no"};
    struct peer peer = peer_of(draw_skewed(generator, DOMAINS), true);
    unsigned user = draw(generator, 900);
    char id[40];

    exim_id(generator, id, sizeof id);
    put(generator, 0, "%s <= user%u@sender.example U=www-data P=local S=%u", id, user,
        900 + draw(generator, 90000));
    if (peer.trust == VERIFIED && draw(generator, 12) == 0) {
        put(generator, 1,
            "%s DANE attempt failed; TLS connection to %s [%s]: (SSL_connect): "
            "error:0A000086:SSL routines::certificate verify failed",
            id, peer.mx, peer.ip);
        put(generator, 1,
            "%s == user%u@%s R=dnslookup T=remote_smtp defer (-37) H=%s [%s]: TLS "
            "session: (SSL_connect): error:0A000086:SSL routines::certificate verify failed",
            id, user, peer.domain, peer.mx, peer.ip);
        generator->failed++;
        return;
    }
    if (peer.trust == CLEAR)
        put(generator, 1,
            "%s => user%u@%s R=dnslookup T=remote_smtp H=%s [%s] C=\"250 2.0.0 Ok: "
            "queued as %08X\"",
            id, user, peer.domain, peer.mx, peer.ip, draw(generator, 1u << 31));
    else
        put(generator, 1,
            "%s => user%u@%s R=dnslookup T=remote_smtp H=%s [%s] X=%s CV=%s "
            "C=\"250 2.0.0 Ok: queued as %08X\"",
            id, user, peer.domain, peer.mx, peer.ip, peer.cipher, verdicts[peer.trust],
            draw(generator, 1u << 31));
    put(generator, 2, "%s Completed", id);
    generator->sessions[peer.trust == ANONYMOUS ? UNTRUSTED : peer.trust]++;
}

static void exim_arrival(struct generator *generator)
{
    unsigned client = draw_skewed(generator, CLIENTS);
    bool tls = draw(generator, 100) < 60;
    char id[40];

    exim_id(generator, id, sizeof id);
    put(generator, 0,
        "%s <= a%u@client%u.example.org H=client%u.example.org [203.0.113.%u] "
        "P=esmtp%s%s%s S=%u id=%08x@client%u.example.org",
        id, client, client, client, client % 250, tls ? "s X=" : "",
        tls ? exim_ciphers[client % 3] : "", tls ? " CV=no" : "", 900 + draw(generator, 90000),
        draw(generator, 1u << 31), client);
    put(generator, 1, "%s => user%u <user%u@sender.example> R=local_user T=dovecot_lmtp", id,
        client, client);
    put(generator, 1, "%s Completed", id);
    generator->inbound++;
}

static void exim_noise(struct generator *generator)
{
    unsigned client = draw_skewed(generator, CLIENTS);

    put(generator, 0,
        "H=(client%u.example.org) [192.0.2.%u] F=<a@b.example> rejected RCPT "
        "<user@sender.example>: 192.0.2.%u is listed at list.example",
        client, client % 250, client % 250);
    put(generator, 1,
        "unexpected disconnection while reading SMTP command from (x) [192.0.2.%u] "
        "D=%us",
        client % 250, draw(generator, 30));
    put(generator, 1, "no host name found for IP address 192.0.2.%u", client % 250);
    put(generator, 2,
        "dovecot_plain authenticator failed for (x) [192.0.2.%u]: 535 Incorrect "
        "authentication data (set_id=user%u)",
        client % 250, client);
}

static void one_message(struct generator *generator)
{
    uint32_t kind = draw(generator, 100);

    if (generator->exim && kind < 30)
        exim_arrival(generator);
    else if (generator->exim && kind < 55)
        exim_delivery(generator);
    else if (generator->exim)
        exim_noise(generator);
    else if (kind < 35)
        postfix_arrival(generator);
    else if (kind < 65)
        postfix_delivery(generator, 0);
    else
        postfix_noise(generator);
}

static int write_totals(const struct generator *generator, const char *path)
{
    FILE *totals = fopen(path, "w");
    uint64_t sessions = 0;

    if (totals == NULL) {
        perror(path);
        return 3;
    }
    for (int i = 0; i < TRUSTS; i++)
        sessions += generator->sessions[i];
    fprintf(totals,
            "{\"in\":%" PRIu64 ",\"out\":%" PRIu64 ",\"verified\":%" PRIu64 ",\"trusted\":%" PRIu64
            ",\"untrusted\":%" PRIu64 ",\"plaintext\":%" PRIu64 ",\"failed\":%" PRIu64
            ",\"failures\":%" PRIu64 "}\n",
            generator->inbound, sessions + generator->failed, generator->sessions[VERIFIED],
            generator->sessions[TRUSTED], generator->sessions[UNTRUSTED],
            generator->sessions[CLEAR], generator->failed, generator->failed);
    return fclose(totals) == 0 ? 0 : 3;
}

int main(int argc, char **argv)
{
    struct generator *generator = calloc(1, sizeof *generator);
    uint64_t lines = argc == 5 ? strtoull(argv[2], NULL, 10) : 0;

    if (generator == NULL || lines == 0) {
        fprintf(stderr, "usage: gen_log postfix|exim LINES FILE TOTALS\n");
        return 2;
    }
    generator->exim = strcmp(argv[1], "exim") == 0;
    generator->out = fopen(argv[3], "w");
    if (generator->out == NULL) {
        perror(argv[3]);
        return 3;
    }
    while (generator->planned < lines) {
        while (generator->planned < lines &&
               generator->planned < (generator->now + 1) * LINES_PER_SECOND)
            one_message(generator);
        end_second(generator);
    }
    for (int i = 0; i < AHEAD; i++)
        end_second(generator);
    if (fclose(generator->out) != 0) {
        perror(argv[3]);
        return 3;
    }
    return write_totals(generator, argv[4]);
}
