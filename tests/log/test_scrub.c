#include "ingest/limits.h"
#include "ingest/log/scrub.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char *scrubbed(const char *text, gssize length, size_t limit)
{
    GString *out = g_string_new(NULL);

    scrub_append(out, span_of(text, length < 0 ? strlen(text) : (size_t)length), limit);
    assert_true(out->len <= limit);
    assert_true(g_utf8_validate(out->str, (gssize)out->len, NULL));
    return g_string_free(out, FALSE);
}

static const struct sample {
    const char *text;
    const char *kept; /* NULL: as it came */
} samples[] = {
    /* Postfix */
    {"4F9D195432C: to=<user@example.com>, orig_to=<x>, relay=mx.example.com[192.0.2.1]:25, delay=1",
     "4F9D195432C: to=<@example.com>, orig_to=<...>, relay=mx.example.com[192.0.2.1]:25, delay=1"},
    {"to=<user+tag@example.com>, orig_to=<a.b@example.net>",
     "to=<@example.com>, orig_to=<@example.net>"},
    {"to=<\"quoted local\"@example.com>, relay=none", "to=<@example.com>, relay=none"},
    {"to=<\"a\\\"b c\"@example.com>, relay=none", "to=<@example.com>, relay=none"},
    {"to=<\"a\\\\\"@example.com>", "to=<@example.com>"},
    {"to=<x.\"y z\".w@example.com>", "to=<@example.com>"},
    {"to=<j\xC3\xB6rg@example.com>", "to=<@example.com>"},
    {"to=<SRS0=hash=tt=example.net=bob@example.com>", "to=<@example.com>"},
    {"to=<bounce-from=bob=example.net@example.com>", "to=<@example.com>"},
    {"to=<bob%example.net@example.com>", "to=<@example.com>"},
    {"to=<relay!host!bob@example.com>, to=<relay!bob>", "to=<@example.com>, to=<...>"},
    {"to=<bob%example.net>", "to=<...>"},
    {"to=<o'brien@example.com>", "to=<@example.com>"},
    {"to=<bob@[192.0.2.7]>", "to=<@[192.0.2.7]>"},
    {"to=<@relay.example:bob@example.com>", "to=<@relay.example:@example.com>"},
    {"to=<cut.off.in.the.mid", "to=<..."},
    {"from=<>, size=12, nrcpt=1 (queue active)", NULL},
    {"client=c.example[192.0.2.9], sasl_method=PLAIN, sasl_username=bob",
     "client=c.example[192.0.2.9], sasl_method=PLAIN, sasl_username=..."},
    {"sasl_username=Bob Example, sasl_sender=<bob x>", "sasl_username=..., sasl_sender=..."},
    {"sasl_username=bob@example.com helo=<h.example>", "sasl_username=... helo=<h.example>"},
    {"message-id=<20250101.abc@host.example>", "message-id=<...>"},
    {"message-id=abc@host.example", "message-id=..."},
    {"resent-message-id=<a b@c>", "resent-message-id=<...>"},
    {"warning: header Subject: pay from me; now from c.example[192.0.2.9]; from=<a@b.example> "
     "to=<c@d.example> proto=ESMTP helo=<h>",
     "warning: header Subject: ... from c.example[192.0.2.9]; from=<@b.example> "
     "to=<@d.example> proto=ESMTP helo=<h>"},
    {"Subject: nothing else here", "Subject: ..."},
    {"550 5.7.1 header From: \"Jane Doe\" <jane@example.com> refused",
     "550 5.7.1 header From: \"...\" <@example.com> refused"},
    {"550 \"Doe, Jane \\\"JD\\\"\" <jane@example.com> and \"x\" <y@example.net>",
     "550 \"...\" <@example.com> and \"...\" <@example.net>"},
    {"From: Jane van Doe <jane@example.com> To: J. R. <bob>",
     "From: ... <@example.com> To: ... <...>"},
    {"said: 550 from: mx.example.com [192.0.2.1] <user@example.com>",
     "said: 550 from: mx.example.com [192.0.2.1] <@example.com>"},
    {"(\"\" <user@example.com>) <user@example.com>", "(\"\" <@example.com>) <@example.com>"},
    {"(host mx.example[192.0.2.1] said: 550 5.1.1 user@example.com unknown (in reply to RCPT TO "
     "command))",
     "(host mx.example[192.0.2.1] said: 550 5.1.1 @example.com unknown (in reply to RCPT TO "
     "command))"},
    {"said: 550 5.1.1 <user@example.com>: Recipient address rejected: User unknown",
     "said: 550 5.1.1 <@example.com>: Recipient address rejected: User unknown"},
    {"<bob>: Recipient address rejected", "<...>: Recipient address rejected"},
    {"550 5.1.1 <bob>... User unknown", "550 5.1.1 <...>... User unknown"},
    {"550 <bob>: no such user; <j.doe> neither (<bo); <bo",
     "550 <...>: no such user; <...> neither (<...); <..."},
    {"<22>Nov 22 10:00:00 out postfix/smtp[7]: helo=<h.example>", NULL},
    /* Before 3.5 local parts stand without their quotes. */
    {"to=<Doe, Jane@example.com>, orig_to=<a b;c@example.net>, relay=none",
     "to=<@example.com>, orig_to=<@example.net>, relay=none"},
    {"to=<bob, from=<jane@example.com>", "to=<... from=<@example.com>"},
    {"to=bob, rcpt=j.doe ehlo=1 rcpt=0/1 sender=x@example.com",
     "to=..., rcpt=... ehlo=1 rcpt=0/1 sender=@example.com"},
    {"user=\"Bob Example\", login=<bob>", "user=\"...\", login=..."},
    /* RFC 3461: an address in xtext */
    {"RCPT TO:<x@example.com> ORCPT=rfc822;bob+2Bx+40example.com",
     "RCPT TO:<@example.com> ORCPT=rfc822;+40example.com"},
    {"orcpt=bob, rfc822;bob@example.com, rfc822; bob",
     "orcpt=..., rfc822;@example.com, rfc822; ..."},
    {"see http://spf.example/why?id=bob%40example.com&ip=192.0.2.1",
     "see http:%40example.com&ip=192.0.2.1"},
    {"RCPT TO:<user@example.com> and MAIL FROM:<bob>",
     "RCPT TO:<@example.com> and MAIL FROM:<...>"},
    {"write to 'user@example.com' (user@example.com); mailto:user@example.com",
     "write to '@example.com' (@example.com); mailto:@example.com"},
    {"say \"hello\" to \"x y\"@example.com", "say \"hello\" to @example.com"},

    /* Exim */
    {"1x3oGE-005ESr-SI => bob <bob@example.com> R=local T=local_delivery",
     "1x3oGE-005ESr-SI => ... <@example.com> R=local T=local_delivery"},
    {"1x3oGE-005ESr-SI => /home/bob/Maildir <bob@example.com> R=local",
     "1x3oGE-005ESr-SI => ... <@example.com> R=local"},
    {"2025-01-01 00:00:00 1tSzvQ-00000000abc-1abc ** bob@example.com R=dnslookup T=remote_smtp",
     "2025-01-01 00:00:00 1tSzvQ-00000000abc-1abc ** @example.com R=dnslookup T=remote_smtp"},
    {"1x3oGE-005ESr-SI => :blackhole: <bob@example.com> R=x",
     "1x3oGE-005ESr-SI => :blackhole: <@example.com> R=x"},
    {"1x3oGE-005ESr-SI <= bob@example.com U=www-data P=local S=1 id=a@b.example T=\"My \\\"x\" for "
     "c@d.example",
     "1x3oGE-005ESr-SI <= @example.com U=... P=local S=1 id=... T=\"...\" for @d.example"},
    {"1x3oGE-005ESr-SI <= <> H=c.example [192.0.2.9] A=plain_server:bob@example.com S=1",
     "1x3oGE-005ESr-SI <= <> H=c.example [192.0.2.9] A=plain_server:... S=1"},
    {"F=<bob@example.com> P=<bob> A=login:Bob Example S=12",
     "F=<@example.com> P=<bob> A=login:... S=12"},
    {"535 Incorrect authentication data (set_id=bob)",
     "535 Incorrect authentication data (set_id=...)"},
    {"R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1] X=TLS1.3:A:256 CV=dane A=plain", NULL},

    /* What stays */
    {"H=mx.example.com [192.0.2.1] DN=\"/CN=mx.example.com/emailAddress=XX@example.com\"",
     "H=mx.example.com [192.0.2.1] DN=\"/CN=mx.example.com/emailAddress=@example.com\""},
    {"postfix/smtp[123]: 4jXJrY67pNz1gCfc: TLSA lookup error for mx.example[2001:db8::1]:25", NULL},
    {"_25._tcp.mx.example.com. IN TLSA 3 1 1 aabbcc", NULL},
    {"certificate verification failed for mx.example[192.0.2.1]:25: num=65:no matching DANE TLSA "
     "records",
     NULL},
    {"cert: Subject: CN=mx.example.com, issuer=/C=US/O=Example", NULL},
    {"id=42 status=sent (250 2.0.0 Ok: queued as 4F9D195432C)", NULL},
    {"proxy@-.service and a@", "@-.service and @"},

    /* JSON and CSV */
    {"{\"recipient\":\"bob@example.com\",\"subject\":\"my \\\"secret\\\" day\",\"x\":1}",
     "{\"recipient\":\"@example.com\",\"subject\":\"...\",\"x\":1}"},
    {"{\"recipient\":\"j\\u00f6rg.m\\u00FCller@example.com\",\"sender\":\"a\\/b@example.org\"}",
     "{\"recipient\":\"@example.com\",\"sender\":\"@example.org\"}"},
    {"{\"recipient\":\"bob\\u0040example.com\",\"x\":\"\\u003cbob@example.com\\u003E \\u12\"}",
     "{\"recipient\":\"\\u0040example.com\",\"x\":\"\\u003c@example.com\\u003E \\u12\"}"},
    {"{\"message-id\": \"<a@b>\", \"sasl_username\": \"bob\", \"id\":\"1\"}",
     "{\"message-id\": \"...\", \"sasl_username\": \"...\", \"id\":\"...\"}"},
    {"d,2025-01-01 00:00:00+0000,a@b.example,\"c d\"@e.example,\"x, y@z.example\"",
     "d,2025-01-01 00:00:00+0000,@b.example,@e.example,\"x, @z.example\""},
    {"", NULL},
};

static void local_parts_and_names_go_and_hosts_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autofree char *kept = scrubbed(samples[i].text, -1, LIMIT_LOG_KEPT_BYTES);
        assert_string_equal(kept, samples[i].kept != NULL ? samples[i].kept : samples[i].text);
    }
}

static void what_was_scrubbed_stays_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autofree char *once = scrubbed(samples[i].text, -1, LIMIT_LOG_KEPT_BYTES);
        g_autofree char *twice = scrubbed(once, -1, LIMIT_LOG_KEPT_BYTES);
        assert_string_equal(twice, once);
    }
}

static void a_local_part_cut_by_the_limit_does_not_show(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 60; limit++) {
        g_autofree char *kept = scrubbed("to=<secret.secret@example.com>, relay=x", -1, limit);
        assert_null(strstr(kept, "s"));
    }
}

static void what_is_no_utf8_or_holds_nul_becomes_text(void **state)
{
    g_autofree char *kept = scrubbed("a\0b \xFF\xC3 x\xC3\xA9y", 11, 100);
    g_autofree char *cut = scrubbed("\xC3\xA9\xC3\xA9", 4, 3);

    (void)state;
    assert_string_equal(kept, "a\xEF\xBF\xBD"
                              "b \xEF\xBF\xBD\xEF\xBF\xBD x\xC3\xA9y");
    assert_string_equal(cut, "\xC3\xA9");
}

static void it_appends(void **state)
{
    g_autoptr(GString) out = g_string_new("before ");

    (void)state;
    scrub_append(out, span_of("a@b", 3), 2);
    assert_string_equal(out->str, "before @b");
}

/* Work that grew with the square of the length would take minutes. */
static void hostile_repetitions_take_linear_time(void **state)
{
    static const char *const pieces[] = {
        "id=",           "\"",       "a@",      "user=<,", "to=<\"",   "\\\"",     "Subject: ",
        "Subject: C=x ", "<a",       "a.\"",    "T=\"",    " U=a ",    "%40",      "@",
        "set_id=a ",     "; from=<", "\"a\":",  "to=<",    "a=b=\"c.", "\\",       "A=x:",
        "id=<",          "a b=",     "<a,",     "to=<a,",  "rfc822;",  "rfc822;+", "to=a",
        "message-id= <", "\\u00f6",  "\\u0040", "\\/",     "\\u",      "a\\u0022",
    };
    gint64 begin = g_get_monotonic_time();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *kept = NULL;
        while (text->len < LIMIT_LOG_LINE_BYTES * 16)
            g_string_append(text, pieces[i]);
        kept = scrubbed(text->str, (gssize)text->len, LIMIT_LOG_KEPT_BYTES);
    }
    assert_true(g_get_monotonic_time() - begin < 60 * G_USEC_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_parts_and_names_go_and_hosts_stay),
        cmocka_unit_test(what_was_scrubbed_stays_the_same),
        cmocka_unit_test(a_local_part_cut_by_the_limit_does_not_show),
        cmocka_unit_test(what_is_no_utf8_or_holds_nul_becomes_text),
        cmocka_unit_test(it_appends),
        cmocka_unit_test(hostile_repetitions_take_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
