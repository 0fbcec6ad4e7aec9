#include "ingest/tlsrpt_domain.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static void assert_text(const char *found, const char *expected)
{
    if (expected == NULL)
        assert_null(found);
    else if (found == NULL)
        fail_msg("nothing in the place of %s", expected);
    else
        assert_string_equal(found, expected);
}

static void reads_subjects_in_every_form(void **state)
{
    static const struct {
        const char *subject;
        const char *domain; /* NULL: none of this form */
        const char *submitter;
        const char *id;
    } cases[] = {
        {"Report Domain: rcpt.example Submitter: google.example Report-ID: "
         "<2026.03.01T00.00.00Z+rcpt.example@google.example>",
         "rcpt.example", "google.example", "2026.03.01T00.00.00Z+rcpt.example@google.example"},
        {"Report Domain: rcpt.example Submitter: microsoft.example Report-ID: "
         "133198585438131172+rcpt.example",
         "rcpt.example", "microsoft.example", "133198585438131172+rcpt.example"},
        {"Report\r\n Domain:\r\n rcpt.example\r\n Submitter:\r\n mail.example\r\n Report-ID:\r\n "
         "<c96d@mail.example>",
         "rcpt.example", "mail.example", "c96d@mail.example"},
        {"Report  Domain:rcpt.example\tSubmitter:s.example Report-ID:<1@s.example> (comment)",
         "rcpt.example", "s.example", "1@s.example"},
        {"[EXTERNAL] Fwd: Report on mail: Report Domain: rcpt.example Submitter: s.example",
         "rcpt.example", "s.example", NULL},
        {"report domain: RCPT.Example. submitter: S.example report-id: <x>", "rcpt.example",
         "s.example", "x"},
        /* As DMARC reports have it, and one sender of them. */
        {"Report Domain: rcpt.example; Submitter: mail.example; Report-ID: 177123", "rcpt.example",
         "mail.example", "177123"},
        {"Report Domain: rcpt.example Submitter: s.example Report-ID: <>", "rcpt.example",
         "s.example", NULL},
        {"Report Domain: rcpt.example", "rcpt.example", NULL, NULL},
        {"Report Domain: rcpt.example Report-ID: <1@s.example>", "rcpt.example", NULL, NULL},
        {"Report Domain: rcpt.example Submitter: Some Company Ltd", "rcpt.example", "some", NULL},
        {"Report Domain: not\x1b[2Ja.name Submitter: s.example", NULL, NULL, NULL},
        {"Report Domain:", NULL, NULL, NULL},
        {"Report Domain", NULL, NULL, NULL},
        {"Domain: rcpt.example Report", NULL, NULL, NULL},
        {"Report ReportReport", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
        {NULL, NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct tlsrpt_label label;
        assert_true(tlsrpt_label_of_subject(cases[i].subject, &label) == (cases[i].domain != NULL));
        assert_text(label.domain, cases[i].domain);
        assert_text(label.submitter, cases[i].submitter);
        assert_text(label.id, cases[i].id);
        assert_true(label.begins_at == 0 && label.ends_at == 0);
        tlsrpt_label_clear(&label);
    }
}

static void reads_file_names_in_every_form(void **state)
{
    static const struct {
        const char *name;
        const char *domain; /* NULL: none of this form */
        const char *submitter;
        gint64 begins_at, ends_at;
    } cases[] = {
        {"google.example!rcpt.example!1663200000!1663286399!001.json.gz", "rcpt.example",
         "google.example", 1663200000, 1663286399},
        {"s.example!rcpt.example!1013662812!1013749130.json.gz", "rcpt.example", "s.example",
         1013662812, 1013749130},
        {"s.example!rcpt.example!1013662812!1013749130.json", "rcpt.example", "s.example",
         1013662812, 1013749130},
        {"s.example!RCPT.example.!1013662812!1013749130!a!b!c.zip", "rcpt.example", "s.example",
         1013662812, 1013749130},
        {"Some Company!rcpt.example!1013662812!1013749130.json", "rcpt.example", NULL, 1013662812,
         1013749130},
        {"s.example!rcpt.example!1013662812!soon.json", "rcpt.example", "s.example", 1013662812, 0},
        {"s.example!rcpt.example!soon!1013749130.json", NULL, NULL, 0, 0},
        {"s.example!rcpt.example!-5!1013749130.json", NULL, NULL, 0, 0},
        {"s.example!rcpt.example!99999999999999999999!1.json", NULL, NULL, 0, 0},
        {"s.example!not a name!1013662812!1013749130.json", NULL, NULL, 0, 0},
        {"s.example!rcpt.example!1013662812.json", NULL, NULL, 0, 0},
        {"!!!!", NULL, NULL, 0, 0},
        {"report.json.gz", NULL, NULL, 0, 0},
        {"", NULL, NULL, 0, 0},
        {NULL, NULL, NULL, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct tlsrpt_label label;
        assert_true(tlsrpt_label_of_file_name(cases[i].name, &label) == (cases[i].domain != NULL));
        assert_text(label.domain, cases[i].domain);
        assert_text(label.submitter, cases[i].submitter);
        assert_int_equal(label.begins_at, cases[i].begins_at);
        assert_int_equal(label.ends_at, cases[i].ends_at);
        tlsrpt_label_clear(&label);
    }
}

static void a_label_of_ten_thousand_bytes_is_none(void **state)
{
    g_autofree char *text = g_strnfill(10240, 'a');
    g_autofree char *subject = g_strdup_printf("Report Domain: %s.example Submitter: b.c", text);
    g_autofree char *name = g_strdup_printf("s.example!%s.example!1!2.json", text);
    struct tlsrpt_label label;

    (void)state;
    assert_false(tlsrpt_label_of_subject(subject, &label));
    assert_null(label.domain);
    assert_false(tlsrpt_label_of_file_name(name, &label));
    assert_null(label.domain);
}

/* "domain mx mx": a configured domain with its MX hosts. */
static void add_own(struct site *site, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    struct own_domain *own = g_new0(struct own_domain, 1);

    own->name = g_strdup(words[0]);
    own->mx = g_ptr_array_new_with_free_func(g_free);
    own->addresses = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(site->domains, own);
    g_hash_table_insert(site->domain_by_name, own->name, own);
    for (char **mx = words + 1; *mx != NULL; mx++) {
        GPtrArray *owners = g_hash_table_lookup(site->domain_by_mx, *mx);
        g_ptr_array_add(own->mx, g_strdup(*mx));
        if (owners == NULL)
            g_hash_table_insert(site->domain_by_mx, g_strdup(*mx), owners = g_ptr_array_new());
        g_ptr_array_add(owners, own);
    }
}

/* "type policy-domain mx-host ...", "-" for no policy domain; what begins with "mx:" goes to the
   policy string. */
static struct policy *policy_of(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    struct policy *policy = policy_new();

    policy->type = policy_type_from_word(words[0]);
    policy->policy_domain = strcmp(words[1], "-") != 0 ? g_strdup(words[1]) : NULL;
    for (char **word = words + 2; *word != NULL; word++)
        g_ptr_array_add(g_str_has_prefix(*word, "mx:") ? policy->strings : policy->mx_hosts,
                        g_strdup(*word));
    return policy;
}

struct derivation {
    const char *own;         /* configured domains, one a line; NULL: no configuration */
    const char *policies[4]; /* the last is the one asked about */
    const char *outer;
    const char *domain;
    enum domain_source source;
};

static void assert_derivation(const struct derivation *derivation)
{
    g_auto(GStrv) own = g_strsplit(derivation->own != NULL ? derivation->own : "", "\n", -1);
    const struct tlsrpt_outer outer = {derivation->outer, DOMAIN_FROM_HEADER};
    g_autoptr(Site) site = derivation->own != NULL ? site_new() : NULL;
    g_autoptr(Report) report = report_new();

    for (char **line = own; site != NULL && *line != NULL; line++)
        if (**line != '\0')
            add_own(site, *line);
    for (size_t i = 0; i < G_N_ELEMENTS(derivation->policies); i++)
        if (derivation->policies[i] != NULL)
            g_ptr_array_add(report->policies, policy_of(derivation->policies[i]));
    tlsrpt_derive_domains(report, site, &outer);
    const struct policy *policy = g_ptr_array_index(report->policies, report->policies->len - 1);
    assert_string_equal(policy->domain, derivation->domain);
    assert_string_equal(domain_source_word(policy->domain_source),
                        domain_source_word(derivation->source));
}

static void assert_derivations(const struct derivation *derivations, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_derivation(&derivations[i]);
}

static void sts_and_no_policy_found_are_for_the_policy_domain(void **state)
{
    static const struct derivation derivations[] = {
        {NULL, {"sts a.example"}, NULL, "a.example", DOMAIN_FROM_POLICY},
        {NULL, {"no-policy-found a.example"}, "b.example", "a.example", DOMAIN_FROM_POLICY},
        {"a.example mx.b.example", {"sts mx.b.example"}, NULL, "mx.b.example", DOMAIN_FROM_POLICY},
        {NULL, {"something a.example"}, NULL, "a.example", DOMAIN_FROM_POLICY},
    };

    (void)state;
    assert_derivations(derivations, G_N_ELEMENTS(derivations));
}

static void tlsa_is_for_the_configured_domain_first(void **state)
{
    static const struct derivation derivations[] = {
        {"a.example mx.host.example",
         {"tlsa mx.host.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_CONFIG_MX},
        {"a.example mx.host.example",
         {"sts b.example", "tlsa mx.host.example"},
         "c.example",
         "a.example",
         DOMAIN_FROM_CONFIG_MX},
        /* Several domains behind one MX: the one that the report names, else the first. */
        {"a.example mx.host.example\nb.example mx.host.example",
         {"sts b.example", "tlsa mx.host.example"},
         "a.example",
         "b.example",
         DOMAIN_FROM_CONFIG_MX},
        {"a.example mx.host.example\nb.example mx.host.example",
         {"tlsa mx.host.example"},
         "b.example",
         "b.example",
         DOMAIN_FROM_CONFIG_MX},
        {"a.example mx.host.example\nb.example mx.host.example",
         {"tlsa mx.host.example"},
         "c.example",
         "a.example",
         DOMAIN_FROM_CONFIG_MX},
        /* Microsoft gives the recipient domain. */
        {"a.example mx.a.example",
         {"sts a.example", "tlsa a.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_CONFIG_MX},
        {"mx.a.example\na.example mx.a.example",
         {"tlsa mx.a.example"},
         "a.example",
         "mx.a.example",
         DOMAIN_FROM_CONFIG_MX},
    };

    (void)state;
    assert_derivations(derivations, G_N_ELEMENTS(derivations));
}

static void tlsa_is_for_the_domain_of_a_sibling_next(void **state)
{
    static const struct derivation derivations[] = {
        {NULL,
         {"sts a.example", "tlsa mx.host.example"},
         "c.example",
         "a.example",
         DOMAIN_FROM_SIBLING},
        {NULL,
         {"no-policy-found a.example", "tlsa mx.host.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_SIBLING},
        {"a.example mx.else.example",
         {"sts a.example", "tlsa a.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_CONFIG_MX},
        /* Of several the one that names this MX, by name or pattern, or that it lies in. */
        {NULL,
         {"sts a.example mx.a.example", "sts b.example mx.host.example", "tlsa mx.host.example"},
         NULL,
         "b.example",
         DOMAIN_FROM_SIBLING},
        {NULL,
         {"sts a.example mx:mx.host.example", "sts b.example", "tlsa mx.host.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_SIBLING},
        {NULL,
         {"sts a.example *.a.example", "sts b.example *.host.example", "tlsa mx.host.example"},
         NULL,
         "b.example",
         DOMAIN_FROM_SIBLING},
        {NULL,
         {"sts a.example mx:*.Host.example", "sts b.example", "tlsa mx.host.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_SIBLING},
        {NULL,
         {"sts a.example *.example", "sts b.example", "tlsa mx.host.example"},
         "c.example",
         "c.example",
         DOMAIN_FROM_HEADER},
        {NULL,
         {"sts a.example", "sts b.example", "tlsa mx.b.example"},
         NULL,
         "b.example",
         DOMAIN_FROM_SIBLING},
        {NULL,
         {"sts a.example", "sts ample.example", "tlsa mx.example.example"},
         NULL,
         "mx.example.example",
         DOMAIN_FROM_POLICY_HOST},
        /* A policy that changed during the day stands there twice. */
        {NULL,
         {"sts a.example old.a.example", "sts a.example mx.host.example", "sts b.example",
          "tlsa mx.host.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_SIBLING},
        /* The same domain twice is one sibling. */
        {NULL,
         {"sts a.example", "no-policy-found a.example", "tlsa mx.host.example"},
         NULL,
         "a.example",
         DOMAIN_FROM_SIBLING},
        {NULL,
         {"tlsa mx1.host.example", "tlsa mx2.host.example"},
         NULL,
         "mx2.host.example",
         DOMAIN_FROM_POLICY_HOST},
    };

    (void)state;
    assert_derivations(derivations, G_N_ELEMENTS(derivations));
}

static void tlsa_is_for_the_domain_of_the_mail_after_that(void **state)
{
    static const struct derivation derivations[] = {
        {NULL, {"tlsa mx.host.example"}, "a.example", "a.example", DOMAIN_FROM_HEADER},
        {"host.example", {"tlsa mx.host.example"}, "a.example", "a.example", DOMAIN_FROM_HEADER},
        {"host.example mx.else.example",
         {"tlsa mx.host.example"},
         NULL,
         "host.example",
         DOMAIN_FROM_CONFIG_SUFFIX},
        {"ost.example", {"tlsa mx.host.example"}, NULL, "mx.host.example", DOMAIN_FROM_POLICY_HOST},
        {"", {"tlsa mx.host.example"}, NULL, "mx.host.example", DOMAIN_FROM_POLICY_HOST},
        /* To the operator of an MX host mox reports the recipient domains behind it. */
        {NULL,
         {"tlsa a.example mx.host.example", "tlsa b.example mx.host.example"},
         "mx.host.example",
         "b.example",
         DOMAIN_FROM_POLICY_HOST},
        {NULL,
         {"tlsa mx.host.example mx.host.example"},
         "mx.host.example",
         "mx.host.example",
         DOMAIN_FROM_POLICY_HOST},
    };

    (void)state;
    assert_derivations(derivations, G_N_ELEMENTS(derivations));
}

static void without_a_policy_domain_other_names_count(void **state)
{
    static const struct derivation derivations[] = {
        {NULL, {"no-policy-found -"}, "a.example", "a.example", DOMAIN_FROM_HEADER},
        {NULL, {"tlsa -"}, "a.example", "a.example", DOMAIN_FROM_HEADER},
        {NULL, {"sts b.example", "tlsa -"}, "a.example", "a.example", DOMAIN_FROM_HEADER},
        {NULL, {"sts b.example", "tlsa -"}, NULL, "b.example", DOMAIN_FROM_SIBLING},
        {NULL, {"sts b.example", "sts c.example", "tlsa -"}, NULL, "", DOMAIN_UNKNOWN},
        {"a.example mx.a.example", {"no-policy-found -"}, NULL, "", DOMAIN_UNKNOWN},
    };

    (void)state;
    assert_derivations(derivations, G_N_ELEMENTS(derivations));
}

static void a_missing_policy_domain_is_filled_in(void **state)
{
    const struct tlsrpt_outer outer = {"a.example", DOMAIN_FROM_SUBJECT}, none = {NULL, 0};
    g_autoptr(Report) report = report_new(), unknown = report_new();

    (void)state;
    g_ptr_array_add(report->policies, policy_of("sts -"));
    tlsrpt_derive_domains(report, NULL, &outer);
    assert_string_equal(((struct policy *)report->policies->pdata[0])->policy_domain, "a.example");
    g_ptr_array_add(unknown->policies, policy_of("sts -"));
    tlsrpt_derive_domains(unknown, NULL, &none);
    assert_null(((struct policy *)unknown->policies->pdata[0])->policy_domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_subjects_in_every_form),
        cmocka_unit_test(reads_file_names_in_every_form),
        cmocka_unit_test(a_label_of_ten_thousand_bytes_is_none),
        cmocka_unit_test(sts_and_no_policy_found_are_for_the_policy_domain),
        cmocka_unit_test(tlsa_is_for_the_configured_domain_first),
        cmocka_unit_test(tlsa_is_for_the_domain_of_a_sibling_next),
        cmocka_unit_test(tlsa_is_for_the_domain_of_the_mail_after_that),
        cmocka_unit_test(without_a_policy_domain_other_names_count),
        cmocka_unit_test(a_missing_policy_domain_is_filled_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
