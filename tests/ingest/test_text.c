#include "ingest/limits.h"
#include "ingest/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void assert_text(const char *found, const char *expected)
{
    if (expected == NULL)
        assert_null(found);
    else if (found == NULL)
        fail_msg("found nothing, expected \"%s\"", expected);
    else
        assert_string_equal(found, expected);
}

static void bounds_trims_and_repairs_text(void **state)
{
    static const struct {
        const char *text;
        size_t length, limit;
        const char *expected;
        bool cut;
    } cases[] = {
        {NULL, 0, 10, NULL, false},
        {"", 0, 10, NULL, false},
        {" \t\r\n ", 5, 10, NULL, false},
        {" a b ", 5, 10, "a b", false},
        {"abcdef", 6, 6, "abcdef", false},
        {"abcdef", 6, 5, "abcde", true},
        {"abcdef", 3, 5, "abc", false},
        {"abc  def", 8, 5, "abc", true},
        {"a\xc3\xa4z", 4, 4, "a\xc3\xa4z", false},
        {"a\xc3\xa4z", 4, 3, "a\xc3\xa4", true},
        {"a\xc3\xa4z", 4, 2, "a", true},
        {"\xf0\x9f\x98\x80", 4, 3, NULL, true},
        {"a\xff"
         "b",
         3, 10,
         "a\xef\xbf\xbd"
         "b",
         false},
        {"a\0b", 3, 10,
         "a\xef\xbf\xbd"
         "b",
         false},
        {"a\xc3", 2, 10, "a\xef\xbf\xbd", false},
        {"\xff\xff\xff", 3, 7, "\xef\xbf\xbd\xef\xbf\xbd", true},
        {"\xed\xa0\x80", 3, 3, "\xef\xbf\xbd", true},
        {"a\x1b[31m\xe2\x80\xae", 9, 20, "a\x1b[31m\xe2\x80\xae", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool cut = false;
        g_autofree char *found = text_bounded(cases[i].text, cases[i].length, cases[i].limit, &cut);
        assert_text(found, cases[i].expected);
        assert_int_equal(cut, cases[i].cut);
    }
}

static void bounds_text_of_any_size_to_valid_utf8(void **state)
{
    size_t length = 8u << 20;
    g_autofree char *text = g_malloc(length);

    (void)state;
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(i * 131 + i / 256 * 7);
    for (size_t limit = 1; limit < 400; limit++) {
        g_autofree char *found = text_bounded(text + limit, length - limit, limit, NULL);
        assert_true(found == NULL || g_utf8_validate(found, -1, NULL));
        assert_true(found == NULL || strlen(found) <= limit);
    }
    memset(text, ' ', length);
    assert_null(text_bounded(text, length, 10, NULL));
}

static void brings_domains_into_the_form_of_the_store(void **state)
{
    static const struct {
        const char *name, *expected;
        bool valid;
    } cases[] = {
        {NULL, NULL, true},
        {"", NULL, true},
        {" \t", NULL, true},
        {"[]", NULL, true},
        {"mx.example.com", "mx.example.com", true},
        {"MX.Example.COM.", "mx.example.com", true},
        {" mx.example.com\r\n", "mx.example.com", true},
        {"[mx.example.com]", "mx.example.com", true},
        {"*.example.com", "*.example.com", true},
        {"_25._tcp.mx1.example.com", "_25._tcp.mx1.example.com", true},
        {"localhost", "localhost", true},
        {"b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example", true},
        {"B\xc3\x9c"
         "CHER.Example.",
         "xn--bcher-kva.example", true},
        {"XN--BCHER-KVA.example", "xn--bcher-kva.example", true},
        {"\xe4\xbe\x8b\xe3\x80\x82\xe4\xbe\x8b", "xn--fsq.xn--fsq", true},
        {".", ".", false},
        {"a..b", "a..b", false},
        {"example.com..", "example.com.", false},
        {".example.com", ".example.com", false},
        {"*", "*", false},
        {"mx.*.example.com", "mx.*.example.com", false},
        {"-a.example.com", "-a.example.com", false},
        {"a-.example.com", "a-.example.com", false},
        {"MX: mx.example.com", "mx: mx.example.com", false},
        {"a b.example.com", "a b.example.com", false},
        {"a\tb.example.com", "a\tb.example.com", false},
        {"a\x1b[1m.example.com", "a\x1b[1m.example.com", false},
        {"../../etc/passwd", "../../etc/passwd", false},
        {"\"a\".example.com", "\"a\".example.com", false},
        {"192.0.2.1", "192.0.2.1", false},
        {"2001:db8::1", "2001:db8::1", false},
        {"a\xff.example.com", "a\xef\xbf\xbd.example.com", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool valid = !cases[i].valid;
        g_autofree char *found = text_domain(cases[i].name, &valid);
        assert_text(found, cases[i].expected);
        assert_int_equal(valid, cases[i].valid);
        g_autofree char *again = text_domain(cases[i].name, NULL);
        assert_text(again, cases[i].expected);
    }
}

static void holds_labels_to_63_bytes_and_names_to_253(void **state)
{
    g_autofree char *label63 = g_strnfill(63, 'a');
    g_autofree char *fits = g_strdup_printf("%s.example", label63);
    g_autofree char *label64 = g_strdup_printf("a%s.example", label63);
    g_autoptr(GString) name = g_string_new(NULL);
    bool valid;

    (void)state;
    g_autofree char *found = text_domain(fits, &valid);
    assert_true(valid);
    assert_string_equal(found, fits);
    g_autofree char *refused = text_domain(label64, &valid);
    assert_false(valid);
    assert_string_equal(refused, label64);
    while (name->len < 252)
        g_string_append(name, "a.");
    g_string_append(name, "c");
    g_autofree char *longest = text_domain(name->str, &valid);
    assert_int_equal(strlen(longest), LIMIT_DOMAIN_BYTES);
    assert_true(valid);
    g_string_prepend(name, "a");
    g_autofree char *longer = text_domain(name->str, &valid);
    assert_int_equal(strlen(longer), LIMIT_DOMAIN_BYTES);
    assert_false(valid);
}

static void keeps_huge_domains_bounded(void **state)
{
    static const char *const units[] = {"a.", "A", "\xc3\xbc", "\xff", "\xe4\xbe\x8b.", "*."};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        g_autoptr(GString) name = g_string_new(NULL);
        bool valid = true;
        while (name->len < 1u << 20)
            g_string_append(name, units[i]);
        g_autofree char *found = text_domain(name->str, &valid);
        assert_false(valid);
        assert_true(strlen(found) <= LIMIT_DOMAIN_BYTES);
        assert_true(g_utf8_validate(found, -1, NULL));
    }
    g_autofree char *blanks = g_strnfill(5000, ' ');
    g_autofree char *hidden = g_strdup_printf("example.com%sx", blanks);
    bool valid = true;
    g_autofree char *found = text_domain(hidden, &valid);
    assert_string_equal(found, "example.com");
    assert_false(valid);
}

static void brings_addresses_into_rfc_5952_form(void **state)
{
    static const struct {
        const char *address, *expected;
        bool valid;
    } cases[] = {
        {NULL, NULL, true},
        {"", NULL, true},
        {"  ", NULL, true},
        {"192.0.2.1", "192.0.2.1", true},
        {" 192.0.2.255\n", "192.0.2.255", true},
        {"[192.0.2.1]", "192.0.2.1", true},
        {"0.0.0.0", "0.0.0.0", true},
        {"2001:db8:abcd:0012::1", "2001:db8:abcd:12::1", true},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", true},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", true},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", true},
        {"[IPv6:2001:db8::1]", "2001:db8::1", true},
        {"ipv6:2001:db8::1", "2001:db8::1", true},
        {"[2001:db8::1]", "2001:db8::1", true},
        {"fe80::1%eth0", "fe80::1", true},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"::ffff:c000:201", "192.0.2.1", true},
        {"::", "::", true},
        {"x.x.x.x", "x.x.x.x", false},
        {"192.0.2.01", "192.0.2.01", false},
        {"192.0.2.256", "192.0.2.256", false},
        {"192.0.2.1000", "192.0.2.1000", false},
        {"192.0.2", "192.0.2", false},
        {"192.0.2.", "192.0.2.", false},
        {"192.0.2.1.1", "192.0.2.1.1", false},
        {"192.0.2.1 ok", "192.0.2.1 ok", false},
        {"2001:db8::1::2", "2001:db8::1::2", false},
        {"%eth0", "%eth0", false},
        {"IPv6:", "IPv6:", false},
        {"a\xff", "a\xef\xbf\xbd", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool valid = !cases[i].valid;
        g_autofree char *found = text_address(cases[i].address, &valid);
        assert_text(found, cases[i].expected);
        assert_int_equal(valid, cases[i].valid);
    }
    g_autofree char *huge = g_strnfill(100000, '1');
    g_autofree char *found = text_address(huge, NULL);
    assert_int_equal(strlen(found), LIMIT_TEXT_BYTES);
}

static void knows_which_domain_lies_within_which(void **state)
{
    (void)state;
    assert_true(text_domain_within("example.com", "example.com"));
    assert_true(text_domain_within("mx.example.com", "example.com"));
    assert_true(text_domain_within("a.mx.example.com", "example.com"));
    assert_false(text_domain_within("badexample.com", "example.com"));
    assert_false(text_domain_within("example.com", "mx.example.com"));
    assert_false(text_domain_within("example.com", ""));
    assert_false(text_domain_within(NULL, "example.com"));
    assert_false(text_domain_within("example.com", NULL));
}

static void takes_the_domain_of_an_address(void **state)
{
    static const struct {
        const char *address, *expected;
    } cases[] = {
        {NULL, NULL},
        {"", NULL},
        {"postmaster", NULL},
        {"postmaster@", NULL},
        {"smtp-tls-reporting@Google.COM", "google.com"},
        {"\"a@b\"@example.com", "example.com"},
        {"Reports <tls@example.com>", "example.com"},
        {"a@b\xc3\xbc"
         "cher.example.",
         "xn--bcher-kva.example"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = text_domain_of_address(cases[i].address);
        assert_text(found, cases[i].expected);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_trims_and_repairs_text),
        cmocka_unit_test(bounds_text_of_any_size_to_valid_utf8),
        cmocka_unit_test(brings_domains_into_the_form_of_the_store),
        cmocka_unit_test(holds_labels_to_63_bytes_and_names_to_253),
        cmocka_unit_test(keeps_huge_domains_bounded),
        cmocka_unit_test(brings_addresses_into_rfc_5952_form),
        cmocka_unit_test(knows_which_domain_lies_within_which),
        cmocka_unit_test(takes_the_domain_of_an_address),
    };

    return cmocka_run_group_tests_name("ingest/text", tests, NULL, NULL);
}
