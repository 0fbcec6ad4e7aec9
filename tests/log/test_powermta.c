#include "tests/log/direct.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADER                                                                                     \
    "type,timeLogged,timeQueued,orig,rcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,dlvType,"             \
    "dlvDestinationIp,dlvEsmtpAvailable,queue,dlvTlsProtocol,dlvTlsCipher,header_Subject"
#define QUEUED "2025-01-01 02:59:00+0000"
#define LOGGED "2025-01-01 03:00:00+0000"

/* A record of those columns. */
#define RECORD(type, status, diag, esmtp, protocol)                                                \
    type "," LOGGED "," QUEUED ",a@sender.example,b@example.com,x," status "," diag                \
         ",mx.example.com (192.0.2.1),smtp,192.0.2.1," esmtp ",example.com/v1," protocol           \
         ",,\"a secret, for b\""
#define PEER "domain=example.com hop=example.com mx=mx.example.com ip=192.0.2.1"

struct sample {
    const char *line;
    const char *events;
};

static void expect(const struct sample *samples, size_t count)
{
    struct direct *direct = direct_new(&log_powermta);

    for (size_t i = 0; i < count; i++)
        assert_string_equal(direct_take(direct, "", samples[i].line), samples[i].events);
    direct_free(direct);
}

static void records_are_read_by_the_header_above_them(void **state)
{
    static const struct sample samples[] = {
        {HEADER, ""},
        {RECORD("d", "2.0.0 (success)", "smtp;250 ok", "\"8BITMIME,STARTTLS\"", "TLSv1.3"),
         "session: at=1735700400 out untrusted TLSv1.3 " PEER " dsn=2.0.0 delay=60\n"},
        {RECORD("d", "2.0.0 (success)", "smtp;250 ok", "8BITMIME", ""),
         "session: at=1735700400 out plaintext " PEER " dsn=2.0.0 delay=60\n"},
        {RECORD("d", "2.0.0 (success)", "smtp;250 b@example.com", "\"8BITMIME,STARTTLS\"", ""),
         "session: at=1735700400 out plaintext " PEER " dsn=2.0.0 delay=60\n"
         "failure: at=1735700400 out delivered-in-clear plaintext " PEER
         " dsn=2.0.0 delay=60 reason=smtp;250 @example.com\n"},
        {RECORD("t", "4.7.5 (cryptographic failure)", "TLS handshake failed", "", ""),
         "session: at=1735700400 out failed " PEER " dsn=4.7.5 delay=60\n"
         "failure: at=1735700400 out validation-failure tls-handshake-failure handshake-failure "
         "deferred " PEER " dsn=4.7.5 delay=60 reason=TLS handshake failed\n"},
        {RECORD("b", "5.7.5", "\"DANE: no matching TLSA record, \"\"mx\"\"\"", "", ""),
         "session: at=1735700400 out failed level=dane " PEER " dsn=5.7.5 delay=60\n"
         "failure: at=1735700400 out certificate-not-trusted dane-cert-mismatch tlsa-mismatch "
         "bounced level=dane " PEER
         " dsn=5.7.5 delay=60 reason=DANE: no matching TLSA record, \"mx\"\n"},
        {RECORD("t", "4.7.0", "STARTTLS is not offered by remote", "8BITMIME", ""),
         "session: at=1735700400 out failed " PEER " dsn=4.7.0 delay=60\n"
         "failure: at=1735700400 out starttls-not-supported starttls-absent deferred " PEER
         " dsn=4.7.0 delay=60 reason=STARTTLS is not offered by remote\n"},
        {RECORD("t", "4.7.0", "smtp;454 4.7.0 TLS not available due to local problem", "STARTTLS",
                ""),
         "session: at=1735700400 out failed " PEER " dsn=4.7.0 delay=60\n"
         "failure: at=1735700400 out starttls-not-supported starttls-refused starttls-refused "
         "deferred " PEER
         " dsn=4.7.0 delay=60 reason=smtp;454 4.7.0 TLS not available due to local "
         "problem\n"},
        /* What the other server wants of us is no failure of its TLS. */
        {RECORD("b", "5.7.1", "smtp;550 5.7.1 certificate of sender not trusted", "STARTTLS", ""),
         "session: at=1735700400 out plaintext " PEER " dsn=5.7.1 delay=60\n"},
        {RECORD("t", "4.7.0", "smtp;421 4.7.0 too many errors", "STARTTLS", "TLSv1.2"),
         "session: at=1735700400 out untrusted TLSv1.2 " PEER " dsn=4.7.0 delay=60\n"},
        /* No session that the record tells of. */
        {RECORD("t", "4.4.1 (no answer from host)", "", "", ""), ""},
        {RECORD("rb", "5.0.0", "TLS failed", "STARTTLS", ""), ""},
        {RECORD("r", "", "", "STARTTLS", ""), ""},
    };

    (void)state;
    expect(samples, G_N_ELEMENTS(samples));
}

/* dsnStatus has words of PowerMTA's own behind the code, whatever dsnDiag has. */
static void status_and_diagnostic_are_both_looked_at(void **state)
{
    static const struct sample samples[] = {
        {HEADER, ""},
        {RECORD("t", "4.7.5 (TLS handshake failed)",
                "\"smtp;STARTTLS failed, certificate expired\"", "STARTTLS", ""),
         "session: at=1735700400 out failed " PEER " dsn=4.7.5 delay=60\n"
         "failure: at=1735700400 out certificate-expired cert-expired deferred " PEER
         " dsn=4.7.5 delay=60 reason=smtp;STARTTLS failed, certificate expired\n"},
        {RECORD("b", "5.7.0 (DANE validation failed)", "smtp;no match", "STARTTLS", ""),
         "session: at=1735700400 out failed level=dane " PEER " dsn=5.7.0 delay=60\n"
         "failure: at=1735700400 out validation-failure validation-unspecified bounced "
         "level=dane " PEER " dsn=5.7.0 delay=60 reason=5.7.0 (DANE validation failed)\n"},
        {RECORD("b", "5.7.1 (TLS required)", "smtp;550 5.7.1 no", "8BITMIME", ""),
         "session: at=1735700400 out failed " PEER " dsn=5.7.1 delay=60\n"
         "failure: at=1735700400 out validation-failure validation-unspecified bounced " PEER
         " dsn=5.7.1 delay=60 reason=5.7.1 (TLS required)\n"},
        {RECORD("t", "4.7.5 (certificate has expired)", "TLS handshake failed", "STARTTLS", ""),
         "session: at=1735700400 out failed " PEER " dsn=4.7.5 delay=60\n"
         "failure: at=1735700400 out certificate-expired cert-expired deferred " PEER
         " dsn=4.7.5 delay=60 reason=4.7.5 (certificate has expired)\n"},
        /* Names of codes, and words of the other server about a session that had TLS. */
        {RECORD("b", "5.7.5 (cryptographic failure)", "smtp;550 5.7.5 bad signature", "STARTTLS",
                ""),
         "session: at=1735700400 out plaintext " PEER " dsn=5.7.5 delay=60\n"},
        {RECORD("b", "5.7.1 (TLS required)", "smtp;550 5.7.1 no", "STARTTLS", "TLSv1.3"),
         "session: at=1735700400 out untrusted TLSv1.3 " PEER " dsn=5.7.1 delay=60\n"},
        {RECORD("b", "5.7.1 (refused)", "smtp;550 5.7.1 no DANE here", "STARTTLS", ""),
         "session: at=1735700400 out plaintext " PEER " dsn=5.7.1 delay=60\n"},
        /* Nothing tells that the session went on. */
        {RECORD("t", "4.4.2 (bad connection)", "", "STARTTLS", ""), ""},
        {RECORD("t", "4.4.2 (bad connection)", "smtp;connection lost", "STARTTLS", ""), ""},
        {RECORD("t", "4.2.0 (other)", "smtp; 450-4.2.0 later", "STARTTLS", ""),
         "session: at=1735700400 out plaintext " PEER " dsn=4.2.0 delay=60\n"},
    };

    (void)state;
    expect(samples, G_N_ELEMENTS(samples));
}

static void another_header_in_the_file_counts_from_there_on(void **state)
{
    static const struct sample samples[] = {
        {"\xEF\xBB\xBF" HEADER, ""},
        {"type,\"rcpt\",someNewColumn,TIMELOGGED", ""},
        {"d,b@example.com,\"x,y\",1735700400", "session: at=1735700400 out unknown "
                                               "domain=example.com\n"},
        {"d,b@example.com,,01/01/2025 03:00:00+0000",
         "session: at=1735700400 out unknown domain=example.com\n"},
        {"d,b@example.com,,2025-01-01T04:00:00.25+01:00",
         "session: at=1735700400 out unknown domain=example.com\n"},
        {"type,timeLogged,rcpt,dlvTlsProtocol", ""},
        {"d,1735700400,b@example.com,TLSv1.2",
         "session: at=1735700400 out untrusted TLSv1.2 domain=example.com\n"},
        /* Fewer fields than columns. */
        {"d,1735700400,b@example.com", "session: at=1735700400 out plaintext domain=example.com\n"},
    };

    (void)state;
    expect(samples, G_N_ELEMENTS(samples));
}

static void columns_may_stand_in_any_order(void **state)
{
    static const struct sample samples[] = {
        {"rcpt,type,dlvTlsProtocol,timeLogged,dsnMta", ""},
        {"b@example.com,d,TLSv1.2," LOGGED ",mx.example.com (192.0.2.1)",
         "session: at=1735700400 out untrusted TLSv1.2 domain=example.com mx=mx.example.com "
         "ip=192.0.2.1\n"},
        {"\"timeLogged\",\"type\",\"rcpt\",\"dsnStatus\"", ""},
        {"\"" LOGGED "\",\"t\",\"b@example.com\",\"4.7.5 (TLS handshake failed)\"",
         "session: at=1735700400 out failed domain=example.com dsn=4.7.5\n"
         "failure: at=1735700400 out validation-failure tls-handshake-failure handshake-failure "
         "deferred domain=example.com dsn=4.7.5 reason=4.7.5 (TLS handshake failed)\n"},
    };

    (void)state;
    assert_true(direct_claims(&log_powermta, "", samples[0].line));
    assert_true(direct_claims(&log_powermta, "", samples[1].line));
    assert_true(direct_claims(&log_powermta, "", samples[3].line));
    expect(samples, G_N_ELEMENTS(samples));
}

static void each_type_of_record_may_have_its_header(void **state)
{
    static const struct sample samples[] = {
        {"type,timeLogged,rcpt,dsnMta,dlvTlsProtocol", ""},
        {"type,timeLogged,dsnStatus,dsnDiag,dsnMta,queue", ""},
        {"d," LOGGED ",b@example.com,mx.example.com (192.0.2.1),TLSv1.3",
         "session: at=1735700400 out untrusted TLSv1.3 domain=example.com mx=mx.example.com "
         "ip=192.0.2.1\n"},
        {"tq," LOGGED ",4.7.5,TLS handshake failed,mx.example.com (192.0.2.1),example.com/v1",
         "session: at=1735700400 out failed domain=example.com hop=example.com mx=mx.example.com "
         "ip=192.0.2.1 dsn=4.7.5\n"
         "failure: at=1735700400 out validation-failure tls-handshake-failure handshake-failure "
         "deferred domain=example.com hop=example.com mx=mx.example.com ip=192.0.2.1 dsn=4.7.5 "
         "reason=TLS handshake failed\n"},
        /* Columns that do not fit name no person. */
        {"d," LOGGED ",x,y,b@example.com,z", "session: at=1735700400 out unknown domain=z hop=z\n"},
    };

    (void)state;
    expect(samples, G_N_ELEMENTS(samples));
}

/* record-fields may differ by type; then each has a header of its own. */
static void of_several_headers_the_one_with_as_many_columns_counts(void **state)
{
    static const struct sample samples[] = {
        {"type,timeLogged,rcpt,dsnMta,dlvTlsProtocol", ""},
        {"type,timeLogged,dsnStatus,dsnDiag,bounceCat,rcpt", ""},
        {"d,1735700400,b@example.com,mx.example.com (192.0.2.1),TLSv1.2",
         "session: at=1735700400 out untrusted TLSv1.2 domain=example.com mx=mx.example.com "
         "ip=192.0.2.1\n"},
        {"b,1735700400,5.7.5,certificate has expired,other,b@example.com",
         "session: at=1735700400 out failed domain=example.com dsn=5.7.5\n"
         "failure: at=1735700400 out certificate-expired cert-expired bounced domain=example.com "
         "dsn=5.7.5 reason=certificate has expired\n"},
        {"d,1735700400,c@example.com,mx.example.com (192.0.2.1),TLSv1.3",
         "session: at=1735700400 out untrusted TLSv1.3 domain=example.com mx=mx.example.com "
         "ip=192.0.2.1\n"},
    };

    (void)state;
    expect(samples, G_N_ELEMENTS(samples));
}

static void words_about_tls_have_their_types(void **state)
{
    static const struct {
        const char *diag;
        const char *told;
    } rows[] = {
        {"certificate does not match host name mx.b.example",
         "certificate-host-mismatch cert-host-mismatch "},
        {"certificate does not match TLSA record",
         "certificate-not-trusted dane-cert-mismatch tlsa-mismatch "},
        {"DNSSEC validation of MX failed (bogus)",
         "dnssec-invalid tlsa-lookup-error tlsa-lookup-error "},
        {"MTA-STS: MX host does not match policy",
         "validation-failure sts-mx-mismatch sts-mx-mismatch "},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct direct *direct = direct_new(&log_powermta);
        g_autofree char *line = g_strdup_printf("t,1735700400,4.7.5,%s", rows[i].diag);
        g_autofree char *wanted = g_strdup_printf(" out %sdeferred ", rows[i].told);

        direct_take(direct, "", "type,timeLogged,dsnStatus,dsnDiag");
        if (strstr(direct_take(direct, "", line), wanted) == NULL)
            fail_msg("%s: %s", rows[i].diag, direct->events->str);
        direct_free(direct);
    }
}

static void without_a_header_the_columns_are_those_of_the_guide(void **state)
{
    static const struct sample samples[] = {
        {"d,2025-01-01 03:00:00+0000,2025-01-01 02:59:50+0000,a@s.example,b@example.com,,relayed,"
         "2.0.0 (success),smtp;250 ok,mx.example.com (192.0.2.1),,api,c.example (192.0.2.9),smtp,"
         "192.0.2.2,192.0.2.1,\"8BITMIME,STARTTLS\",41,vmta1,job",
         "session: at=1735700400 out unknown domain=example.com mx=mx.example.com ip=192.0.2.1 "
         "dsn=2.0.0 delay=10\n"},
        {"b,2012-06-12 00:11:57-0500,2012-06-12 00:11:50-0500,2012-06-12 00:11:51-0500,"
         "a@s.example,b@example.com,,failed,5.7.5 (cryptographic failure),certificate has expired,"
         "mx.example.com (192.0.2.1),other",
         "session: at=1339477917 out failed domain=example.com mx=mx.example.com ip=192.0.2.1 "
         "dsn=5.7.5 delay=7\n"
         "failure: at=1339477917 out certificate-expired cert-expired bounced domain=example.com "
         "mx=mx.example.com ip=192.0.2.1 dsn=5.7.5 delay=7 reason=certificate has expired\n"},
        {"tq,2025-01-01 03:00:00+0000,4.4.1 (no answer from host),,mx.example.com (192.0.2.1),smtp,"
         "0.0.0.0,192.0.2.1,vmta1,b\xC3\xBC"
         "cher.example/vmta1",
         ""},
        {"tq,2025-01-01 03:00:00+0000,4.7.0 (TLS required),TLSA lookup failed,mx.example.com "
         "(192.0.2.1),smtp,0.0.0.0,0.0.0.0,vmta1,b\xC3\xBC"
         "cher.example/vmta1",
         "session: at=1735700400 out failed level=dane domain=xn--bcher-kva.example "
         "hop=xn--bcher-kva.example mx=mx.example.com ip=192.0.2.1 dsn=4.7.0\n"
         "failure: at=1735700400 out dnssec-invalid tlsa-lookup-error tlsa-lookup-error deferred "
         "level=dane domain=xn--bcher-kva.example hop=xn--bcher-kva.example mx=mx.example.com "
         "ip=192.0.2.1 dsn=4.7.0 reason=TLSA lookup failed\n"},
    };

    (void)state;
    expect(samples, G_N_ELEMENTS(samples));
}

static void a_file_without_header_after_one_with_other_columns_is_noticed(void **state)
{
    static const struct sample samples[] = {
        {"type,rcpt,timeLogged", ""},
        {"d,1735700400,1735700390,a@s.example,b@example.com",
         "session: at=1735700390 out unknown\n"},
        {"d,2025-01-01 03:00:00+0000,x,a@s.example,b@example.com",
         "session: at=1735700400 out unknown domain=example.com\n"},
    };

    (void)state;
    expect(samples, G_N_ELEMENTS(samples));
}

static void what_is_kept_of_a_record_has_no_subject_and_no_local_part(void **state)
{
    struct direct *direct = direct_new(&log_powermta);

    (void)state;
    direct_take(direct, "", HEADER);
    direct_take(direct, "", RECORD("t", "4.7.5", "TLS failed", "", ""));
    assert_string_equal(direct->context.scratch->str,
                        "t," LOGGED "," QUEUED ",,@example.com,x,4.7.5,TLS failed,mx.example.com "
                        "(192.0.2.1),smtp,192.0.2.1,,example.com/v1,,,");
    direct_free(direct);
}

static void lines_of_the_text_log_are_sessions(void **state)
{
    struct direct *direct = direct_new(&log_powermta);

    (void)state;
    direct_take(direct, "", "Starting new query for TLSA _25._tcp.MX.example.com:");
    direct_take(direct, "pmta", "answer _25._tcp.mx.example.com. 60 IN TLSA 3 1 1 25DE21");
    direct_take(direct, "", "tls: TLSv1.2 connected with 256-bit ECDHE-RSA-AES256-GCM-SHA384");
    direct_take(direct, "", "tls: cert: /C=NL/L=A B; issuer=/C=NL/O=X; verified=yes");
    direct_take(direct, "", "tls: DANE match: /C=NL; issuer=/O=X; depth=0");
    assert_string_equal(
        direct_take(direct, "", "tls: TLSv1.3 connected with 256-bit TLS_AES_256_GCM_SHA384"),
        "session: out verified TLSv1.2 level=dane mx=mx.example.com\n");
    direct_take(direct, "", "tls: cert: /C=NL; issuer=/C=NL/O=X; verified=yes");
    g_string_truncate(direct->events, 0);
    log_powermta.settle(direct->state, DIRECT_FILE_TIME);
    assert_string_equal(direct->events->str, "");
    log_powermta.settle(direct->state, G_MAXINT64);
    assert_string_equal(direct->events->str, "session: out trusted TLSv1.3\n");
    direct_take(direct, "", "tls: TLSv1.3 connected with 256-bit TLS_AES_256_GCM_SHA384");
    assert_string_equal(direct_take(direct, "", "tls: DANE error: no matching TLSA record"),
                        "failure: out certificate-not-trusted dane-cert-mismatch tlsa-mismatch "
                        "unknown TLSv1.3 level=dane reason=tls: DANE error: no matching TLSA "
                        "record\nsession: out failed TLSv1.3 level=dane\n");
    direct_free(direct);
}

static void what_is_of_others_is_not_claimed(void **state)
{
    static const char *const others[] = {
        "",
        "d,e,f",
        "type,time,size",
        "typetimeLogged",
        "x,2025-01-01 03:00:00+0000,b@example.com",
        "d 2025-01-01 03:00:00+0000,b@example.com,x",
        "tls: a word",
        "TLSv1.2 connected with 256-bit X",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        assert_false(direct_claims(&log_powermta, "", others[i]));
    assert_false(direct_claims(&log_powermta, "postfix/smtp", HEADER));
}

static void fields_without_end_do_no_harm(void **state)
{
    struct direct *direct = direct_new(&log_powermta);
    g_autoptr(GString) line = g_string_new("d,2025-01-01 03:00:00+0000");

    (void)state;
    for (int i = 0; i < 60000; i++)
        g_string_append_c(line, ',');
    assert_string_equal(direct_take(direct, "", line->str), "session: at=1735700400 out unknown\n");
    g_string_assign(line, "type,timeLogged");
    for (int i = 0; i < 5000; i++)
        g_string_append(line, ",timeLogged");
    assert_string_equal(direct_take(direct, "", line->str), "");
    assert_string_equal(direct_take(direct, "", "d,2025-01-01 03:00:00+0000,\"\"\"\"\"\"\""),
                        "session: at=1735700400 out unknown\n");
    direct_free(direct);
}

static void a_whole_file_through_the_reader(void **state)
{
    g_autofree char *events =
        direct_read("type,timeLogged,rcpt,dlvTlsProtocol\r\n"
                    "d,2025-01-01 03:00:00+0000,b@example.com,TLSv1.2\r\n"
                    "d,2025-01-01 03:00:00+0000,b@example.com,TLSv1.2\r\n"
                    "tls: TLSv1.3 connected with 256-bit TLS_AES_256_GCM_SHA384\r\n"
                    "tls: DANE match: /CN=x; issuer=/CN=y; depth=0\r\n");

    (void)state;
    assert_string_equal(events, "session: at=1735700400 out untrusted TLSv1.2 domain=example.com\n"
                                "session: at=1735700400 out untrusted TLSv1.2 domain=example.com\n"
                                "session: out verified TLSv1.3 level=dane\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read_by_the_header_above_them),
        cmocka_unit_test(status_and_diagnostic_are_both_looked_at),
        cmocka_unit_test(another_header_in_the_file_counts_from_there_on),
        cmocka_unit_test(columns_may_stand_in_any_order),
        cmocka_unit_test(each_type_of_record_may_have_its_header),
        cmocka_unit_test(of_several_headers_the_one_with_as_many_columns_counts),
        cmocka_unit_test(words_about_tls_have_their_types),
        cmocka_unit_test(without_a_header_the_columns_are_those_of_the_guide),
        cmocka_unit_test(a_file_without_header_after_one_with_other_columns_is_noticed),
        cmocka_unit_test(what_is_kept_of_a_record_has_no_subject_and_no_local_part),
        cmocka_unit_test(lines_of_the_text_log_are_sessions),
        cmocka_unit_test(what_is_of_others_is_not_claimed),
        cmocka_unit_test(fields_without_end_do_no_harm),
        cmocka_unit_test(a_whole_file_through_the_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
