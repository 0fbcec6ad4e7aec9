/* Aggregate reports, as the standards have them and as they come. */
#include "ingest/dmarc.h"
#include "ingest/limits.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#define NOW INT64_C(1795000000)

#define META                                                                                       \
    "<report_metadata><org_name>Org</org_name><email>dmarc@org.example</email>"                    \
    "<report_id>id-1</report_id><date_range><begin>1794873600</begin><end>1794959999</end>"        \
    "</date_range></report_metadata>"
#define POLICY                                                                                     \
    "<policy_published><domain>example.org</domain><adkim>r</adkim><aspf>s</aspf><p>reject</p>"    \
    "<sp>quarantine</sp><pct>50</pct></policy_published>"
#define ROW(ip, count)                                                                             \
    "<row><source_ip>" ip "</source_ip><count>" count "</count><policy_evaluated><disposition>"    \
    "none</disposition><dkim>fail</dkim><spf>pass</spf></policy_evaluated></row>"
#define FROM "<identifiers><header_from>example.org</header_from></identifiers>"
#define AUTH                                                                                       \
    "<auth_results><spf><domain>example.org</domain><result>pass</result></spf></auth_results>"
#define RECORD(ip, count) "<record>" ROW(ip, count) FROM AUTH "</record>"
#define FEEDBACK(inner) "<feedback><version>1.0</version>" META POLICY inner "</feedback>"
#define PLAIN FEEDBACK(RECORD("192.0.2.1", "3"))

/* A text given in pieces of one size. */
struct pieces {
    const char *text;
    size_t length;
    size_t size;
};

static void give(void *source, dmarc_take_fn take, void *taker)
{
    const struct pieces *pieces = source;

    for (size_t at = 0; at < pieces->length; at += pieces->size)
        if (!take(pieces->text + at, MIN(pieces->size, pieces->length - at), taker))
            return;
}

static struct dmarc_report *read_first(const char *text, size_t length, size_t size,
                                       GPtrArray *issues, size_t *next)
{
    struct pieces pieces = {text, length, size};
    const struct dmarc_hints hints = {.now = NOW, .received_at = NOW};

    return dmarc_read(give, &pieces, &hints, issues, next);
}

static struct dmarc_report *read_pieces(const char *text, size_t length, size_t size,
                                        GPtrArray *issues)
{
    size_t next;

    return read_first(text, length, size, issues, &next);
}

/* NULL where it is refused. */
static struct dmarc_report *read_text(const char *text)
{
    g_autoptr(GPtrArray) issues = issues_new();

    return read_pieces(text, strlen(text), SIZE_MAX / 2, issues);
}

static const struct dmarc_row *row_at(const struct dmarc_report *report, guint index)
{
    assert_non_null(report);
    assert_true(index < dmarc_rows_count(report->rows));
    return dmarc_rows_at(report->rows, index);
}

static bool has_issue(const GPtrArray *issues, const char *words)
{
    for (guint i = 0; i < issues->len; i++)
        if (strstr(((const struct issue *)issues->pdata[i])->problem, words) != NULL)
            return true;
    return false;
}

static void assert_issue(const struct dmarc_report *report, const char *words)
{
    if (!has_issue(report->issues, words))
        fail_msg("no issue says \"%s\"", words);
}

static void reads_each_element_of_rfc_9990(void **state)
{
    static const char text[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\" xmlns:v=\"https://v.example/x\">\n"
        " <version>1.0</version>\n <report_metadata>\n  <org_name>Empf\xc3\xa4nger &amp; "
        "Co</org_name>"
        "<email>dmarc@receiver.example</email><extra_contact_info lang=\"en\">https://receiver."
        "example/</extra_contact_info><report_id>9@receiver.example</report_id><date_range><begin>"
        "1794873600</begin><end>1794959999</end></date_range><error lang=\"en\">two records</error>"
        "<generator>gen 1</generator></report_metadata>\n"
        "<policy_published><domain>Example.ORG.</domain><p>quarantine</p><sp>none</sp><np>reject"
        "</np><adkim>s</adkim><aspf>r</aspf><testing>y</testing><discovery_method>treewalk"
        "</discovery_method><fo>1:d</fo></policy_published>"
        "<extension><v:count>77</v:count></extension>"
        "<record><row><source_ip>2001:DB8::0:1</source_ip><count>12</count><policy_evaluated>"
        "<disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf><reason><type>"
        "policy_test_mode</type><comment "
        "lang=\"en\">t=y</comment></reason></policy_evaluated></row>"
        "<identifiers><header_from>News.example.org</header_from><envelope_from>b.example.net"
        "</envelope_from><envelope_to>receiver.example</envelope_to></identifiers><auth_results>"
        "<dkim><domain>example.org</domain><selector>S1</selector><result>pass</result>"
        "<human_result>good</human_result></dkim><dkim><domain>example.net</domain><selector>x"
        "</selector><result>fail</result></dkim><spf><domain>b.example.net</domain><scope>mfrom"
        "</scope><result>softfail</result></spf></auth_results><v:trace><v:source_ip>x"
        "</v:source_ip></v:trace></record></feedback>\n";
    g_autoptr(DmarcReport) report = read_text(text);
    const struct dmarc_row *row = row_at(report, 0);

    (void)state;
    assert_string_equal(report->organization, "Empf\xc3\xa4nger & Co");
    assert_string_equal(report->contact, "dmarc@receiver.example");
    assert_string_equal(report->external_id, "9@receiver.example");
    assert_string_equal(report->extra_contact, "https://receiver.example/");
    assert_string_equal(report->generator, "gen 1");
    assert_string_equal(report->error, "two records");
    assert_string_equal(report->version, "1.0");
    assert_int_equal(report->form, DMARC_FORM_RFC9990);
    assert_int_equal(report->begins_at, 1794873600);
    assert_int_equal(report->ends_at, 1794959999);
    assert_string_equal(report->policy.domain, "example.org");
    assert_int_equal(report->policy.p, DMARC_REQUEST_QUARANTINE);
    assert_int_equal(report->policy.sp, DMARC_REQUEST_NONE);
    assert_int_equal(report->policy.np, DMARC_REQUEST_REJECT);
    assert_int_equal(report->policy.adkim, DMARC_STRICT);
    assert_int_equal(report->policy.aspf, DMARC_RELAXED);
    assert_int_equal(report->policy.pct, -1);
    assert_true(report->policy.testing);
    assert_string_equal(report->policy.fo, "1:d");
    assert_string_equal(report->policy.discovery_method, "treewalk");
    assert_int_equal(dmarc_rows_count(report->rows), 1);
    assert_string_equal(row->source_ip, "2001:db8::1");
    assert_int_equal(row->messages, 12);
    assert_int_equal(row->disposition, DMARC_DISPOSITION_PASS);
    assert_int_equal(row->dkim_said, DMARC_PASS);
    assert_int_equal(row->spf_said, DMARC_FAIL);
    assert_string_equal(row->header_from, "news.example.org");
    assert_string_equal(row->envelope_from, "b.example.net");
    assert_string_equal(row->envelope_to, "receiver.example");
    assert_int_equal(row->reason_count, 1);
    assert_string_equal(row->reasons[0].type, "policy_test_mode");
    assert_string_equal(row->reasons[0].comment, "t=y");
    assert_int_equal(row->dkim_count, 2);
    assert_string_equal(row->dkim[0].domain, "example.org");
    assert_string_equal(row->dkim[0].detail, "S1");
    assert_string_equal(row->dkim[0].human_result, "good");
    assert_string_equal(row->dkim[1].result, "fail");
    assert_int_equal(row->spf_count, 1);
    assert_string_equal(row->spf[0].detail, "mfrom");
    assert_string_equal(row->spf[0].result, "softfail");
    assert_int_equal(report->issues->len, 1); /* what the reporter says */
}

static void a_report_of_rfc_7489_without_defect_has_no_issue(void **state)
{
    g_autoptr(DmarcReport) report = read_text("<?xml version=\"1.0\"?>\n" PLAIN);

    (void)state;
    assert_int_equal(report->issues->len, 0);
    assert_int_equal(report->policy.pct, 50);
    assert_int_equal(report->policy.aspf, DMARC_STRICT);
    assert_int_equal(row_at(report, 0)->spf_said, DMARC_PASS);
}

static void the_namespace_does_not_matter(void **state)
{
    static const struct {
        const char *begin;
        const char *end;
        enum dmarc_form form;
    } cases[] = {
        {"<feedback>", "</feedback>", DMARC_FORM_NONE},
        {"<feedback xmlns='http://dmarc.org/dmarc-xml/0.1'>", "</feedback>", DMARC_FORM_RFC7489},
        {"<feedback xmlns='urn:ietf:params:xml:ns:dmarc-2.0'><version>1.0</version>", "</feedback>",
         DMARC_FORM_RFC9990},
        {"<n:feedback xmlns:n='http://dmarc.org/dmarc-xml/0.1'>", "</n:feedback>",
         DMARC_FORM_RFC7489},
        {"<feedback xmlns='http://other.example/'>", "</feedback>", DMARC_FORM_OTHER},
        {"<x xmlns='a'><feedback>", "</feedback></x>", DMARC_FORM_NONE},
        {"<Feedback>", "</Feedback>", DMARC_FORM_NONE},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strconcat(cases[i].begin, META POLICY RECORD("192.0.2.1", "3"), cases[i].end, NULL);
        g_autoptr(DmarcReport) report = read_text(text);
        assert_int_equal(row_at(report, 0)->messages, 3);
        assert_int_equal(report->form, cases[i].form);
    }
}

static void knows_a_report_by_its_first_element(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {PLAIN, true},
        {"\xef\xbb\xbf<?xml version='1.0'?><feedback >", true},
        {" \n<!-- x --><a:feedback\n>", true},
        {"<feedback/>", true},
        {"<Feedback xmlns='x'>", true},
        {"<?xml version='1.0'?><!-- <a> --><!DOCTYPE feedback><feedback>", true},
        {"<xs:schema><feedback><report_metadata>", true},
        {"<schema xmlns='http://dmarc.org/dmarc-xml/0.1'><feedback>", true},
        {"<survey><feedback>", false},
        {"<!-- <feedback> --><survey>", false},
        {"<a:b:feedback>", false},
        {"<feedback", false},
        {"<feedbacks>", false},
        {"<a>feedback</a>", false},
        {"feedback>", false},
        {"{\"x\":\"<feedback>\"}", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(dmarc_sniff(cases[i].text, strlen(cases[i].text)), cases[i].is);
}

/* Texts that are mended: what is expected is the sum of messages, the rows and, unless NULL, the
   first From or an issue. */
static const struct {
    const char *text;
    int messages;
    guint rows;
    const char *from;
    const char *issue;
} broken[] = {
    {FEEDBACK("<record>" ROW("192.0.2.1", "3") "<identifiers><header_from>a<b.example"
                                               "</header_from></identifiers></record>"),
     3, 1, "a<b.example", "not well-formed"},
    {FEEDBACK("<record>" ROW("192.0.2.1", "3") "<identifiers><header_from>a&b.example"
                                               "</header_from></identifiers></record>"),
     3, 1, "a&b.example", "not well-formed"},
    {FEEDBACK("<record>" ROW("192.0.2.1", "3") "<identifiers><header_from>&nbsp;x"
                                               "</header_from></identifiers></record>"),
     3, 1, "&nbsp;x", "not well-formed"},
    {FEEDBACK("<record>" ROW("192.0.2.1", "3") "<identifiers><header_from><a@b.example>"
                                               "</header_from></identifiers></record>"),
     3, 1, "<a@b.example>", "not well-formed"},
    /* Tags that are not closed, closed twice, closed in the wrong order. */
    {FEEDBACK("<record><row><source_ip>192.0.2.1<count>3</count></row>" FROM
              "</record>" RECORD("192.0.2.2", "4")),
     7, 2, "example.org", "not well-formed"},
    {FEEDBACK("<record>" ROW("192.0.2.1", "3") FROM RECORD("192.0.2.2", "4")), 7, 2, "example.org",
     "not well-formed"},
    {FEEDBACK(RECORD("192.0.2.1", "3") "</record></record>" RECORD("192.0.2.2", "4")), 7, 2,
     "example.org", "not well-formed"},
    {FEEDBACK("</a></feedbac>" RECORD("192.0.2.1", "3")), 3, 1, "example.org", "not well-formed"},
    /* Characters and bytes that XML has not. */
    {FEEDBACK("\x01" RECORD("192.0.2.1", "3")), 3, 1, "example.org", "not well-formed"},
    {FEEDBACK("&#0;&#xd800;" RECORD("192.0.2.1", "3")), 3, 1, "example.org", "not well-formed"},
    /* Attributes that are none; a tag that looks like one but is none. */
    {FEEDBACK("<record a=b c>" ROW("192.0.2.1", "3") FROM "</record>"), 3, 1, "example.org",
     "not well-formed"},
    {FEEDBACK("< record>" RECORD("192.0.2.1", "3") "<>"), 3, 1, "example.org", "not well-formed"},
    /* A second declaration, a text after the end, blanks before the begin. */
    {"<feedback>" META "<?xml version='1.0'?>" POLICY RECORD("192.0.2.1", "3") "</feedback>", 3, 1,
     "example.org", "not well-formed"},
    {PLAIN "\n<script>", 3, 1, "example.org", "what follows"},
    {PLAIN "\nbye", 3, 1, "example.org", "what follows"},
    {"\n <?xml version='1.0'?>" PLAIN, 3, 1, "example.org", "blanks before"},
    {"<xs:schema xmlns:xs='x'>" PLAIN, 3, 1, "example.org", "no end"},
    {"<feedback>" META POLICY RECORD("192.0.2.1", "3"), 3, 1, "example.org", "ends before"},
    {"<feedback>" META POLICY RECORD("192.0.2.1", "3") "<record>" ROW("192.0.2.2", "4"), 3, 1,
     "example.org", "ends before"},
    {"<feedback>" META POLICY "&" RECORD("192.0.2.1", "3") "<record>" ROW("192.0.2.2", "4"), 3, 1,
     "example.org", "ends before"},
    /* CDATA, comments and instructions, also where the text is broken. */
    {FEEDBACK("<!-- <record> --><?x <record> ?>" RECORD("192.0.2.1", "<![CDATA[3]]>") "&"), 3, 1,
     "example.org", "not well-formed"},
    {FEEDBACK("&<record>" ROW("192.0.2.1", "3") "<identifiers><header_from><![CDATA[a<&b]]>"
                                                "</header_from></identifiers></record>"),
     3, 1, "a<&b", "not well-formed"},
    {FEEDBACK(RECORD("192.0.2.1", "3") "&<!-- never closed "), 3, 1, "example.org", "ends before"},
};

static void broken_xml_costs_what_is_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(DmarcReport) report = read_text(broken[i].text);
        int64_t messages = 0;
        if (report == NULL)
            fail_msg("case %zu is refused", i);
        for (guint k = 0; k < dmarc_rows_count(report->rows); k++)
            messages += row_at(report, k)->messages;
        if (messages != broken[i].messages || dmarc_rows_count(report->rows) != broken[i].rows)
            fail_msg("case %zu: %d messages, %u rows", i, (int)messages,
                     dmarc_rows_count(report->rows));
        assert_string_equal(row_at(report, 0)->header_from, broken[i].from);
        if (broken[i].issue != NULL && !has_issue(report->issues, broken[i].issue))
            fail_msg("case %zu: no issue \"%s\"", i, broken[i].issue);
    }
}

#define MENDED FEEDBACK("&" RECORD("192.0.2.1", "3"))
#define XML "<?xml version='1.0'?>\n"

/* What follows a report is another one, nothing or an issue. */
static void what_follows_a_report_is_told(void **state)
{
    static const struct {
        const char *before, *after;
        const char *issue; /* NULL: none */
        bool is_report;
    } cases[] = {
        {PLAIN, "", NULL, false},
        {PLAIN, "\n \r\n\t", NULL, false},
        {PLAIN, "\n<!-- made by <x> --><?y z?>\n", NULL, false},
        {PLAIN, "<!-- x -->bye", "what follows", false},
        {PLAIN, "</feedback>", "what follows", false},
        {PLAIN, "<!-- never closed", "what follows", false},
        {PLAIN "\n", PLAIN, "another report", true},
        {XML PLAIN "\r\n\r\n", XML PLAIN, "another report", true},
        {PLAIN, "\xef\xbb\xbf" XML PLAIN, "another report", true},
        {PLAIN, "<!-- x -->" PLAIN, "another report", true},
        {PLAIN, "<feedback", "what follows", false},
        {"\n<reports>" PLAIN, PLAIN "</reports>", "another report", true},
        {"<reports>" PLAIN, "<other/></reports>", "what follows", false},
        {MENDED, "\n<!-- x -->\n", NULL, false},
        {MENDED, "bye", "what follows", false},
        {PLAIN, "<!DOCTYPE f>", "what follows", false},
        {MENDED, "<!doctype f>", "what follows", false},
        {"<reports>" MENDED, "</reports>\n", NULL, false},
        {MENDED "\n", PLAIN, "another report", true},
        {" " XML MENDED "\n", XML MENDED, "another report", true},
    };
    static const size_t sizes[] = {1, 7, SIZE_MAX / 2};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(sizes); i++) {
        const char *before = cases[i / 3].before, *issue = cases[i / 3].issue;
        g_autofree char *text = g_strconcat(before, cases[i / 3].after, NULL);
        g_autoptr(GPtrArray) issues = issues_new();
        size_t next = 1;
        g_autoptr(DmarcReport) report = read_first(text, strlen(text), sizes[i % 3], issues, &next);
        assert_int_equal(row_at(report, 0)->messages, 3);
        assert_int_equal(dmarc_rows_count(report->rows), 1);
        if (next != (cases[i / 3].is_report ? strlen(before) : 0))
            fail_msg("case %zu: the next one is at %zu", i / 3, next);
        if (has_issue(report->issues, "follows") != (issue != NULL) ||
            (issue != NULL && !has_issue(report->issues, issue)))
            fail_msg("case %zu: not just an issue \"%s\"", i / 3, issue);
    }
}

static void the_size_of_the_pieces_changes_nothing(void **state)
{
    static const size_t sizes[] = {1, 2, 7, 64, 1000};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(DmarcReport) whole = read_text(broken[i].text);
        for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
            g_autoptr(GPtrArray) issues = issues_new();
            g_autoptr(DmarcReport) report =
                read_pieces(broken[i].text, strlen(broken[i].text), sizes[s], issues);
            assert_non_null(report);
            if (memcmp(report->content_hash, whole->content_hash, RECORD_HASH_BYTES) != 0)
                fail_msg("case %zu in pieces of %zu", i, sizes[s]);
            assert_int_equal(report->issues->len, whole->issues->len);
        }
    }
}

static void a_report_cut_anywhere_gives_its_whole_records(void **state)
{
    static const char text[] = FEEDBACK(RECORD("192.0.2.1", "3") RECORD("192.0.2.2", "4"));
    const char *first = strstr(text, "</record>") + strlen("</record>");
    const char *second = strstr(first, "</record>") + strlen("</record>");

    (void)state;
    for (size_t length = 0; length < sizeof(text); length++) {
        g_autoptr(GPtrArray) issues = issues_new();
        g_autoptr(DmarcReport) report = read_pieces(text, length, 100, issues);
        guint wanted = (guint)(text + length >= first) + (text + length >= second);
        if (report == NULL) {
            assert_int_equal(wanted, 0);
            assert_true(issues->len > 0);
            continue;
        }
        assert_int_equal(dmarc_rows_count(report->rows), wanted);
        if (wanted == 2)
            assert_int_equal(row_at(report, 1)->messages, 4);
    }
}

static void a_document_type_is_refused_and_nothing_expanded(void **state)
{
    static const char *const texts[] = {
        "<!DOCTYPE feedback>" PLAIN,
        "<?xml version='1.0'?>\n<!DOCTYPE feedback SYSTEM 'http://x.example/x.dtd'>" PLAIN,
        "<!DOCTYPE feedback [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><feedback>" META
        "<version>&x;</version></feedback>",
        "<!DOCTYPE f [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>]>"
        "<feedback>" META "<version>&d;</version></feedback>",
        /* Where none may stand, and in a text that is broken before. */
        "<feedback><!DOCTYPE feedback [<!ENTITY x 'y'>]>" META "</feedback>",
        "<feedback>&<!DOCTYPE feedback>" META "</feedback>",
        "<feedback>&<!doctype feedback>" META "</feedback>",
        PLAIN "<!DOCTYPE feedback [",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GPtrArray) issues = issues_new();
        g_autoptr(DmarcReport) report = read_pieces(texts[i], strlen(texts[i]), 30, issues);
        if (i + 1 == G_N_ELEMENTS(texts)) {
            /* After the report it is no part of it. */
            assert_int_equal(row_at(report, 0)->messages, 3);
            continue;
        }
        if (report != NULL)
            fail_msg("case %zu is read", i);
        assert_true(has_issue(issues, "document type"));
        assert_int_equal(((struct issue *)issues->pdata[issues->len - 1])->severity, ISSUE_ERROR);
    }
}

static void an_entity_that_nobody_declared_stays_as_it_is(void **state)
{
    g_autoptr(DmarcReport) report =
        read_text("<feedback><report_metadata><org_name>a &copy; b &lt; c &#65;</org_name>"
                  "</report_metadata></feedback>");

    (void)state;
    assert_string_equal(report->organization, "a &copy; b < c A");
}

static void encodings_are_read_as_declared_or_as_windows_1252(void **state)
{
    static const struct {
        const char *declaration;
        const char *name;
        const char *wanted;
    } cases[] = {
        {"<?xml version='1.0' encoding='windows-1252'?>", "Caf\xe9 \x80",
         "Caf\xc3\xa9 \xe2\x82\xac"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?>", "Caf\xe9", "Caf\xc3\xa9"},
        {"<?xml version='1.0' encoding='iso-8859-15'?>", "\xa4", "\xe2\x82\xac"},
        {"<?xml version='1.0' encoding='koi8-r'?>", "\xc1", "\xd0\xb0"},
        {"<?xml version='1.0' encoding='UTF-8'?>", "Caf\xe9", "Caf\xc3\xa9"},
        {"<?xml version='1.0'?>", "Caf\xe9 \xc3\xa9", "Caf\xc3\xa9 \xc3\xa9"},
        {"", "\x93x\x94", "\xe2\x80\x9cx\xe2\x80\x9d"},
        {"<?xml version='1.0' encoding='windows-1252'?>", "Caf\xe9 & \x80",
         "Caf\xc3\xa9 & \xe2\x82\xac"},
        /* What .NET declares of a text that is no longer so; what nobody knows. */
        {"<?xml version='1.0' encoding='utf-16'?>", "Caf\xc3\xa9", "Caf\xc3\xa9"},
        {"<?xml version='1.0' encoding='../../x'?>", "Caf\xc3\xa9", "Caf\xc3\xa9"},
        {"<?xml version='1.0' encoding='GB2312'?>", "abc", "abc"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strconcat(cases[i].declaration, "<feedback><report_metadata><org_name>",
                        cases[i].name, "</org_name></report_metadata></feedback>", NULL);
        for (size_t size = 1; size < 200; size += 66) {
            g_autoptr(GPtrArray) issues = issues_new();
            g_autoptr(DmarcReport) report = read_pieces(text, strlen(text), size, issues);
            if (report == NULL)
                fail_msg("case %zu is refused", i);
            assert_string_equal(report->organization, cases[i].wanted);
        }
    }
}

/* Every XML processor reads UTF-16 (XML 1.0, section 4.3.3). */
static void utf_16_is_read(void **state)
{
    static const struct {
        const char *charset, *mark, *head, *words; /* NULL: it is a report */
    } cases[] = {
        {"UTF-16LE", "\xff\xfe", "<?xml version='1.0' encoding='UTF-16'?>", NULL},
        {"UTF-16BE", "\xfe\xff", "<?xml version='1.0' encoding='UTF-16'?>", NULL},
        {"UTF-16LE", "", "<?xml version='1.0' encoding='UTF-16'?>", NULL},
        {"UTF-16BE", "", "<?xml version='1.0' encoding='UTF-16'?>", NULL},
        {"UTF-16BE", "", "\n <?xml version='1.0'?>", NULL},
        {"UTF-16LE", "", "\n <?xml version='1.0'?>", NULL},
        {"UTF-16LE", "\xff\xfe",
         "<!DOCTYPE f [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>", "document type"},
        {"UTF-16BE", "\xfe\xff", "<!DOCTYPE f SYSTEM 'file:///etc/passwd'>", "document type"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *plain = g_strconcat(cases[i].head, PLAIN, NULL);
        gsize length;
        g_autofree char *wide =
            g_convert(plain, -1, cases[i].charset, "UTF-8", NULL, &length, NULL);
        g_autoptr(GByteArray) text = g_byte_array_new();
        g_byte_array_append(text, (const guint8 *)cases[i].mark, (guint)strlen(cases[i].mark));
        g_byte_array_append(text, (const guint8 *)wide, (guint)length);
        g_autoptr(GPtrArray) issues = issues_new();
        g_autoptr(DmarcReport) report =
            read_pieces((const char *)text->data, text->len, 51, issues);
        assert_true(dmarc_sniff((const char *)text->data, text->len));
        if (cases[i].words == NULL) {
            assert_int_equal(row_at(report, 0)->messages, 3);
            assert_false(has_issue(report->issues, "ends before"));
        } else {
            assert_null(report);
            assert_true(has_issue(issues, cases[i].words));
        }
    }
}

static void a_period_that_nobody_believes_is_noted(void **state)
{
    static const struct {
        const char *end, *words;
    } cases[] = {
        {"1794959999", NULL},
        {"1794873599", "before it begins"},
        {"1799999999", "ends in the future"},
        {"1799999999", "longer than a month"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) halves = g_strsplit(PLAIN, "1794959999", 2);
        g_autofree char *text = g_strjoin(cases[i].end, halves[0], halves[1], NULL);
        g_autoptr(DmarcReport) report = read_text(text);
        if (cases[i].words != NULL)
            assert_issue(report, cases[i].words);
        else
            assert_false(has_issue(report->issues, "period"));
    }
}

static void counts_are_brought_into_range(void **state)
{
    static const struct {
        const char *text;
        int64_t messages;
        const char *issue;
    } cases[] = {
        {"0", 0, NULL},           {" 7 ", 7, NULL},
        {"7.0", 7, NULL},         {"-3", 0, "negative"},
        {"", 1, "taken as 1"},    {"many", 1, "taken as 1"},
        {"nan", 1, "taken as 1"}, {"0x10", 1, "taken as 1"},
        {"1e9", 1, "taken as 1"}, {"99999999999999999999", RECORD_COUNT_MAX, "beyond belief"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            FEEDBACK("<record>" ROW("192.0.2.1", "%s") FROM "</record>"), cases[i].text);
        g_autoptr(DmarcReport) report = read_text(text);
        assert_int_equal(row_at(report, 0)->messages, cases[i].messages);
        if (cases[i].issue != NULL)
            assert_issue(report, cases[i].issue);
    }
}

static void times_are_brought_to_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t time;
    } cases[] = {
        {"1794873600", 1794873600},
        {"1794873600.0", 1794873600},
        {" 1794873600 ", 1794873600},
        {"1794873600000", 1794873600},
        {"2026-11-17T00:00:00Z", 1794873600},
        /* From the time of the mail. */
        {"soon", NOW - NOW % 86400 - 86400},
        {"-5", NOW - NOW % 86400 - 86400},
        {"99999999999999999999", NOW - NOW % 86400 - 86400},
        {"", NOW - NOW % 86400 - 86400},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "<feedback><report_metadata><report_id>x</report_id><date_range><begin>%s</begin>"
            "</date_range></report_metadata></feedback>",
            cases[i].text);
        g_autoptr(DmarcReport) report = read_text(text);
        assert_non_null(report);
        if (report->begins_at != cases[i].time)
            fail_msg("\"%s\": %d", cases[i].text, (int)report->begins_at);
        assert_int_equal(report->ends_at, report->begins_at + 86399);
    }
}

#define DATES(begin, end)                                                                          \
    "<feedback><version>1.0</version><report_metadata><org_name>Org</org_name><report_id>id-1"     \
    "</report_id><date_range><begin>" begin "</begin><end>" end "</end></date_range>"              \
    "</report_metadata>" POLICY RECORD("192.0.2.1", "3") "</feedback>"
#define EVALUATED "<disposition>none</disposition><dkim>fail</dkim><spf>pass</spf>"
#define WITH(evaluated, from, auth)                                                                \
    FEEDBACK("<record><row><source_ip>192.0.2.1</source_ip><count>3</"                             \
             "count><policy_evaluated>" EVALUATED evaluated "</policy_evaluated></row>" from auth  \
             "</record>")

/* NULL: the report has no issue. */
static const struct {
    const char *text;
    const char *problem;
    const char *clause;
} departures[] = {
    {PLAIN, NULL, NULL},
    {"<feedback>" META POLICY RECORD("192.0.2.1", "3") "</feedback>", "version is missing",
     "RFC 7489, appendix C"},
    {"<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">" META POLICY RECORD("192.0.2.1",
                                                                                "3") "</feedback>",
     NULL, NULL},
    {"<n:feedback><n:version>1.0</n:version>" META POLICY RECORD("192.0.2.1", "3") "</n:feedback>",
     "the prefix \"n\" is not declared", "Namespaces in XML 1.0, section 5"},
    {"<n:feedback xmlns:n='x'><version>1.0</version>" META POLICY RECORD("192.0.2.1",
                                                                         "3") "</n:feedback>",
     NULL, NULL},
    {"<a xmlns:n='x'><n:feedback><version>1.0</version>" META POLICY RECORD(
         "192.0.2.1", "3") "</n:feedback></a>",
     NULL, NULL},
    {WITH("", "<identities><header_from>example.org</header_from></identities>", AUTH),
     "identities stands for identifiers", "RFC 9990, section 3.1.1.7; RFC 7489, appendix C"},
    {WITH("", "", AUTH), "identifiers is missing",
     "RFC 9990, section 3.1.1.7; RFC 7489, appendix C"},
    {WITH("", "<identifiers/>", AUTH), "header_from is missing or empty",
     "RFC 9990, section 3.1.1.10; RFC 7489, appendix C"},
    {WITH("<reason><type/><comment/></reason>", FROM, AUTH), "type of reason is missing or empty",
     "RFC 9990, section 3.1.1.14; RFC 7489, appendix C"},
    {WITH("<reason/>", FROM, AUTH), "type of reason is missing or empty",
     "RFC 9990, section 3.1.1.14; RFC 7489, appendix C"},
    {WITH("<reason><type>other</type></reason>", FROM, AUTH), NULL, NULL},
    {WITH("", FROM, "<auth_results/>"), "auth_results is empty", "RFC 7489, appendix C"},
    {WITH("", FROM, "<auth_results><dkim/></auth_results>"), "auth_results is empty",
     "RFC 7489, appendix C"},
    {WITH("", FROM, ""), "auth_results is missing",
     "RFC 9990, section 3.1.1.7; RFC 7489, appendix C"},
    {FEEDBACK(RECORD("192.0.2.1", "3") "<extension>\xe9</extension>"),
     "bytes that are no UTF-8; read as windows-1252", "XML 1.0, section 4.3.3"},
    {DATES("1794873600000", "1794959999"), "begin is given in milliseconds: \"1794873600000\"",
     "RFC 9990, section 3.1.1.4; RFC 7489, appendix C"},
    {DATES("1794873600.5", "1794959999"), "begin is no integer: \"1794873600.5\"",
     "RFC 9990, section 3.1.1.4; RFC 7489, appendix C"},
    {DATES("1794873600", "yesterday"), "end is no time: \"yesterday\"",
     "RFC 9990, section 3.1.1.4; RFC 7489, appendix C"},
    {DATES("1794873600", "99999999999999999"),
     "end lies outside of the years from 1970 to 9999: \"99999999999999999\"",
     "RFC 9990, section 3.1.1.4; RFC 7489, appendix C"},
    {DATES("1794873600", "-5"), "end lies outside of the years from 1970 to 9999: \"-5\"",
     "RFC 9990, section 3.1.1.4; RFC 7489, appendix C"},
    {DATES("1794873600", "253402300799"), "the period ends in the future",
     "RFC 9990, section 3.1.1.4; RFC 7489, appendix C"},
};

static void departures_are_noted_with_their_clause(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(departures); i++) {
        g_autoptr(DmarcReport) report = read_text(departures[i].text);
        const struct issue *found = NULL;

        assert_int_equal(row_at(report, 0)->messages, 3);
        for (guint k = 0; k < report->issues->len; k++) {
            const struct issue *issue = g_ptr_array_index(report->issues, k);
            if (departures[i].problem == NULL)
                fail_msg("case %zu: %s", i, issue->problem);
            if (strcmp(issue->problem, departures[i].problem) == 0)
                found = issue;
            /* Nothing that is not true. */
            assert_null(strstr(issue->problem, "invalid token"));
        }
        if ((found != NULL) != (departures[i].problem != NULL))
            fail_msg("case %zu has not its issue", i);
        if (found != NULL)
            assert_string_equal(found->clause, departures[i].clause);
    }
}

static void year_9999_is_in_seconds(void **state)
{
    g_autoptr(DmarcReport) report = read_text(DATES("1794873600", "253402300799"));

    (void)state;
    assert_int_equal(report->ends_at, INT64_C(253402300799));
}

/* Each of the end tags left out: nothing that stands there may be lost by it. */
static void a_missing_end_tag_costs_no_value(void **state)
{
    static const char *const ends[] = {
        "</version>",
        "</org_name>",
        "</report_id>",
        "</begin>",
        "</date_range>",
        "</report_metadata>",
        "</domain>",
        "</p>",
        "</sp>",
        "</policy_published>",
        "</source_ip>",
        "</count>",
        "</disposition>",
        "</dkim>",
        "</policy_evaluated>",
        "</row>",
        "</header_from>",
        "</identifiers>",
        "</result>",
        "</spf></auth_results>",
        "</auth_results>",
        "</record>",
    };
    static const char text[] = FEEDBACK(RECORD("192.0.2.1", "3") RECORD("192.0.2.2", "4"));

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        const char *at = strstr(text, ends[i]);
        g_autoptr(GString) cut = g_string_new(text);

        assert_non_null(at);
        g_string_erase(cut, at - text, (gssize)strlen(ends[i]));
        g_autoptr(DmarcReport) report = read_text(cut->str);
        const struct dmarc_row *row = row_at(report, 0);
        print_message("without %s\n", ends[i]);
        assert_int_equal(dmarc_rows_count(report->rows), 2);
        assert_string_equal(report->version, "1.0");
        assert_string_equal(report->organization, "Org");
        assert_string_equal(report->external_id, "id-1");
        assert_int_equal(report->begins_at, 1794873600);
        assert_int_equal(report->ends_at, 1794959999);
        assert_string_equal(report->policy.domain, "example.org");
        assert_int_equal(report->policy.sp, DMARC_REQUEST_QUARANTINE);
        assert_int_equal(report->policy.pct, 50);
        assert_string_equal(row->source_ip, "192.0.2.1");
        assert_int_equal(row->messages, 3);
        assert_int_equal(row->disposition, DMARC_DISPOSITION_NONE);
        assert_int_equal(row->dkim_said, DMARC_FAIL);
        assert_int_equal(row->spf_said, DMARC_PASS);
        assert_string_equal(row->header_from, "example.org");
        assert_int_equal(row->spf_count, 1);
        assert_string_equal(row->spf[0].domain, "example.org");
        assert_string_equal(row->spf[0].result, "pass");
        assert_int_equal(row_at(report, 1)->messages, 4);
        assert_issue(report, "not well-formed");
    }
}

static void words_are_read_without_regard_to_case(void **state)
{
    g_autoptr(DmarcReport) report = read_text(
        "<feedback>" META "<policy_published><domain>example.org</domain><p>REJECT</p><sp>None</sp>"
        "<adkim>S</adkim></policy_published><record><row><source_ip>192.0.2.1</source_ip><count>1"
        "</count><policy_evaluated><disposition>None</disposition><dkim>Pass</dkim><spf>FAIL</spf>"
        "</policy_evaluated></row>" FROM "<auth_results><spf><domain>x.example</domain><result>"
        "HardFail</result></spf></auth_results></record></feedback>");
    const struct dmarc_row *row = row_at(report, 0);

    (void)state;
    assert_int_equal(report->policy.p, DMARC_REQUEST_REJECT);
    assert_int_equal(report->policy.sp, DMARC_REQUEST_NONE);
    assert_int_equal(report->policy.adkim, DMARC_STRICT);
    assert_int_equal(row->disposition, DMARC_DISPOSITION_NONE);
    assert_int_equal(row->dkim_said, DMARC_PASS);
    assert_int_equal(row->spf_said, DMARC_FAIL);
    assert_string_equal(row->spf[0].result, "hardfail");
    assert_issue(report, "not in lower case");
    assert_issue(report, "unknown result of spf: \"hardfail\"");
}

static void what_is_not_said_is_not_known(void **state)
{
    g_autoptr(DmarcReport) report = read_text(
        "<feedback>" META "<policy_published><domain>example.org</domain><p></p><sp/><pct/>"
        "</policy_published><record><row><source_ip/><count>1</"
        "count><policy_evaluated><disposition/>"
        "<reason><type/><comment/></reason></policy_evaluated></row><identifiers><header_from/>"
        "</identifiers><auth_results><dkim><domain/><result/></dkim><spf><domain>NULL</domain>"
        "<result>none</result></spf></auth_results></record></feedback>");
    const struct dmarc_row *row = row_at(report, 0);

    (void)state;
    assert_int_equal(report->policy.p, DMARC_REQUEST_UNKNOWN);
    assert_int_equal(report->policy.pct, -1);
    assert_null(row->source_ip);
    assert_null(row->header_from);
    assert_int_equal(row->disposition, DMARC_DISPOSITION_UNKNOWN);
    assert_int_equal(row->dkim_said, DMARC_VERDICT_UNKNOWN);
    assert_int_equal(row->reason_count + row->dkim_count, 0);
    assert_int_equal(row->spf_count, 1);
    assert_null(row->spf[0].domain);
    assert_issue(report, "disposition is empty");
    assert_issue(report, "policy_evaluated lacks");
}

static void one_bad_record_costs_no_other(void **state)
{
    g_autoptr(DmarcReport) report = read_text(FEEDBACK(RECORD("192.0.2.1", "3") "<record>" ROW(
        "1.2.3.4.5", "x") "</record>"
                          "<record></record>" RECORD("192.0.2.2", "4")));

    (void)state;
    assert_int_equal(dmarc_rows_count(report->rows), 4);
    assert_string_equal(row_at(report, 1)->source_ip, "1.2.3.4.5");
    assert_null(row_at(report, 2)->source_ip);
    assert_string_equal(row_at(report, 3)->source_ip, "192.0.2.2");
    assert_int_equal(row_at(report, 3)->messages, 4);
    for (guint i = 0; i < report->issues->len; i++) {
        const struct issue *issue = g_ptr_array_index(report->issues, i);
        assert_non_null(issue->clause);
        assert_true(g_str_has_prefix(issue->part, "record["));
    }
}

static void names_beside_the_xml_fill_what_it_lacks(void **state)
{
    struct pieces pieces = {"<feedback><report_metadata><report_id>x</report_id></report_metadata>"
                            "</feedback>",
                            82, 100};
    const struct dmarc_hints by_file = {
        .file_name = "receiver.example!a.example!1794873600!1794959999!1.xml.gz", .now = NOW};
    const struct dmarc_hints by_subject = {
        .subject = "Report Domain: b.example Submitter: other.example Report-ID: <y>", .now = NOW};
    g_autoptr(GPtrArray) issues = issues_new();
    size_t next;

    (void)state;
    pieces.length = strlen(pieces.text);
    g_autoptr(DmarcReport) file = dmarc_read(give, &pieces, &by_file, issues, &next);
    g_autoptr(DmarcReport) subject = dmarc_read(give, &pieces, &by_subject, issues, &next);
    assert_string_equal(file->policy.domain, "a.example");
    assert_string_equal(file->organization, "receiver.example");
    assert_int_equal(file->begins_at, 1794873600);
    assert_int_equal(file->ends_at, 1794959999);
    assert_string_equal(subject->policy.domain, "b.example");
    assert_string_equal(subject->organization, "other.example");
}

static bool same(const uint8_t one[RECORD_HASH_BYTES], const uint8_t other[RECORD_HASH_BYTES])
{
    return memcmp(one, other, RECORD_HASH_BYTES) == 0;
}

static void form_is_no_content_and_texts_are(void **state)
{
    static const char *const alike[] = {
        "<?xml version=\"1.0\"?>\n\n" PLAIN "\n",
        "<n:feedback xmlns:n='x'><version>1.0</version>" META "<!-- x -->" POLICY
        "\n\t" RECORD("192.0.2.1", " 3 ") "</n:feedback>",
    };
    static const char *const others[] = {
        FEEDBACK(RECORD("192.0.2.1", "4")),
        FEEDBACK(RECORD("192.0.2.2", "3")),
        FEEDBACK(RECORD("192.0.2.1", "3") RECORD("192.0.2.1", "3")),
        FEEDBACK(RECORD("192.0.2.1", "3") "<extension>x</extension>"),
    };
    g_autoptr(DmarcReport) report = read_text(PLAIN);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(alike); i++) {
        g_autoptr(DmarcReport) other = read_text(alike[i]);
        assert_true(same(other->content_hash, report->content_hash));
        assert_true(same(other->identity_hash, report->identity_hash));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(DmarcReport) other = read_text(others[i]);
        assert_false(same(other->content_hash, report->content_hash));
        assert_true(same(other->identity_hash, report->identity_hash));
    }
}

static void identity_is_organization_id_domain_and_period(void **state)
{
    static const struct {
        const char *from, *to;
    } changes[] = {{">Org<", ">Other<"},
                   {">id-1<", ">id-2<"},
                   {"<domain>example.org", "<domain>example.net"},
                   {"1794873600", "1794787200"},
                   {"1794959999", "1794960000"}};
    g_autoptr(DmarcReport) report = read_text(PLAIN);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_auto(GStrv) parts = g_strsplit(PLAIN, changes[i].from, 2);
        g_autofree char *text = g_strjoinv(changes[i].to, parts);
        g_autoptr(DmarcReport) other = read_text(text);
        assert_false(same(other->identity_hash, report->identity_hash));
    }
}

static void rows_share_texts_and_lists(void **state)
{
    g_autoptr(DmarcReport) report =
        read_text(FEEDBACK(RECORD("192.0.2.1", "3") RECORD("192.0.2.1", "4")));

    (void)state;
    assert_ptr_equal(row_at(report, 0)->source_ip, row_at(report, 1)->source_ip);
    assert_ptr_equal(row_at(report, 0)->spf, row_at(report, 1)->spf);
}

static void rows_of_a_long_report_are_what_and_where_they_were(void **state)
{
    static const char *const results[] = {"pass", "fail", "none"};
    g_autoptr(GString) text = g_string_new("<feedback>" META POLICY);
    guint count = 10 * DMARC_ROWS_BLOCK + 7;

    (void)state;
    for (guint i = 0; i < count; i++)
        g_string_append_printf(text,
                               "<record><row><source_ip>10.0.%u.%u</source_ip><count>%u</count>"
                               "</row>" FROM "<auth_results><spf><domain>d%u.example</domain>"
                               "<result>%s</result></spf></auth_results></record>",
                               i >> 8, i & 255, i + 1, i % 100, results[i % 3]);
    g_string_append(text, "</feedback>");
    g_autoptr(DmarcReport) report = read_text(text->str);
    assert_int_equal(dmarc_rows_count(report->rows), count);
    for (guint k = 0; k < count; k++) {
        guint i = k % 2 == 0 ? k : count - k; /* near and far */
        g_autofree char *address = g_strdup_printf("10.0.%u.%u", i >> 8, i & 255);
        g_autofree char *domain = g_strdup_printf("d%u.example", i % 100);
        assert_string_equal(row_at(report, i)->source_ip, address);
        assert_int_equal(row_at(report, i)->messages, i + 1);
        assert_string_equal(row_at(report, i)->spf->domain, domain);
        assert_string_equal(row_at(report, i)->spf->result, results[i % 3]);
    }
    assert_ptr_equal(row_at(report, 0)->spf, row_at(report, 300)->spf);
}

static void lists_of_a_row_are_bounded(void **state)
{
    g_autoptr(GString) text = g_string_new("<feedback>" META POLICY "<record>");

    (void)state;
    g_string_append(text, "<row><count>1</count><policy_evaluated>");
    for (int i = 0; i < 3 * LIMIT_DMARC_REASONS; i++)
        g_string_append_printf(text, "<reason><type>other</type><comment>%d</comment></reason>", i);
    g_string_append(text, "</policy_evaluated></row><auth_results>");
    for (int i = 0; i < 3 * LIMIT_DMARC_RESULTS; i++)
        g_string_append_printf(text,
                               "<dkim><selector>s%d</selector></dkim><spf><domain>d%d.example"
                               "</domain></spf>",
                               i, i);
    g_string_append(text, "</auth_results></record></feedback>");
    g_autoptr(DmarcReport) report = read_text(text->str);
    assert_int_equal(row_at(report, 0)->reason_count, LIMIT_DMARC_REASONS);
    assert_int_equal(row_at(report, 0)->dkim_count, LIMIT_DMARC_RESULTS);
    assert_int_equal(row_at(report, 0)->spf_count, LIMIT_DMARC_RESULTS);
    assert_issue(report, "DKIM results");
}

static void a_long_text_is_cut(void **state)
{
    g_autofree char *name = g_strnfill(100000, 'x');
    g_autofree char *text = g_strconcat("<feedback><report_metadata><org_name>", name,
                                        "</org_name></report_metadata></feedback>", NULL);
    g_autoptr(DmarcReport) report = read_text(text);

    (void)state;
    assert_int_equal(strlen(report->organization), LIMIT_TEXT_BYTES);
    assert_issue(report, "longer than");
}

/* The same few bytes many times, within a report. */
static struct dmarc_report *read_many(const char *before, const char *unit, size_t times,
                                      const char *after)
{
    g_autoptr(GString) text = g_string_new("<feedback>" META POLICY);
    g_autoptr(GPtrArray) issues = issues_new();

    g_string_append(text, before);
    for (size_t i = 0; i < times; i++)
        g_string_append(text, unit);
    g_string_append(text, after);
    g_string_append(text, "</feedback>");
    return read_pieces(text->str, text->len, 1 << 20, issues);
}

static void rows_past_the_limit_are_dropped(void **state)
{
    g_autoptr(DmarcReport) report =
        read_many("", "<record><row><count>1</count></row></record>", LIMIT_DMARC_ROWS + 10, "");

    (void)state;
    assert_int_equal(dmarc_rows_count(report->rows), LIMIT_DMARC_ROWS);
    assert_issue(report, "the rest is dropped");
}

static void what_is_hostile_takes_neither_time_nor_memory(void **state)
{
    static const struct {
        const char *before, *unit;
        size_t times;
    } cases[] = {
        {"", "<a>", 1 << 20},      {"", "<record>", 1 << 18},   {"&", "<record>", 1 << 18},
        {"&", "<!--", 1 << 20},    {"&", "<![CDATA[", 1 << 18}, {"&", "<a \"", 1 << 18},
        {"&", "<", 1 << 22},       {"&", "&", 1 << 22},         {"&", "<?", 1 << 20},
        {"", "&#", 1 << 20},       {"<!--", "x", 1 << 23},      {"<a b='", "x", 1 << 23},
        {"<a ", "b='' ", 1 << 20},
    };
    gint64 begin = g_get_monotonic_time();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DmarcReport) report =
            read_many(cases[i].before, cases[i].unit, cases[i].times, RECORD("192.0.2.1", "3"));
        assert_non_null(report);
        assert_string_equal(report->external_id, "id-1");
    }
    /* Squares of these sizes would take hours. */
    assert_true(g_get_monotonic_time() - begin < 60 * G_USEC_PER_SEC);
}

/* expat keeps every name that it sees. */
static void names_without_end_end_the_reading(void **state)
{
    static const char *const units[] = {"<x%dx/>", "<x y%d=''/>", "<p%d:extension/>", "<y%d>"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        g_autoptr(GString) text = g_string_new("<feedback>" META POLICY RECORD("192.0.2.1", "3"));
        for (int name = 0; name < 100000; name++) {
            g_autofree char *number = g_strdup_printf("%d", name);
            g_auto(GStrv) halves = g_strsplit(units[i], "%d", 2);
            g_string_append_printf(text, "%s%s%s", halves[0], number, halves[1]);
            if (i == 3)
                g_string_append_printf(text, "</y%d>", name);
        }
        g_string_append(text, RECORD("192.0.2.2", "3") "</feedback>");
        g_autoptr(DmarcReport) report = read_text(text->str);
        assert_string_equal(row_at(report, 0)->source_ip, "192.0.2.1");
        assert_int_equal(dmarc_rows_count(report->rows), 1);
        assert_issue(report, "too many different names");
    }
}

static void many_rows_with_the_same_odd_names_are_read(void **state)
{
    g_autoptr(GString) text = g_string_new("<feedback>" META POLICY);

    (void)state;
    for (int i = 0; i < 100000; i++)
        g_string_append(text, "<record xmlns:v='https://v.example/'>" ROW("192.0.2.1", "1") FROM
                        "<v:score v:of='it'>1</v:score></record>");
    g_string_append(text, "</feedback>");
    g_autoptr(DmarcReport) report = read_text(text->str);
    assert_int_equal(row_at(report, 0)->messages, 1);
    assert_int_equal(dmarc_rows_count(report->rows), 100000);
}

static void a_text_that_is_no_report_is_refused_with_a_reason(void **state)
{
    static const char *const texts[] = {"",
                                        "<feedback/>",
                                        "<a/>",
                                        "<feedback><report_metadata/>",
                                        "<feedback",
                                        "<<<<",
                                        "<feedback><x></feedback>"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GPtrArray) issues = issues_new();
        assert_null(read_pieces(texts[i], strlen(texts[i]), 3, issues));
        assert_int_equal(issues->len, 1);
        assert_non_null(((struct issue *)issues->pdata[0])->clause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_element_of_rfc_9990),
        cmocka_unit_test(a_report_of_rfc_7489_without_defect_has_no_issue),
        cmocka_unit_test(the_namespace_does_not_matter),
        cmocka_unit_test(knows_a_report_by_its_first_element),
        cmocka_unit_test(broken_xml_costs_what_is_broken),
        cmocka_unit_test(what_follows_a_report_is_told),
        cmocka_unit_test(the_size_of_the_pieces_changes_nothing),
        cmocka_unit_test(a_report_cut_anywhere_gives_its_whole_records),
        cmocka_unit_test(a_document_type_is_refused_and_nothing_expanded),
        cmocka_unit_test(an_entity_that_nobody_declared_stays_as_it_is),
        cmocka_unit_test(encodings_are_read_as_declared_or_as_windows_1252),
        cmocka_unit_test(utf_16_is_read),
        cmocka_unit_test(a_period_that_nobody_believes_is_noted),
        cmocka_unit_test(counts_are_brought_into_range),
        cmocka_unit_test(times_are_brought_to_seconds),
        cmocka_unit_test(departures_are_noted_with_their_clause),
        cmocka_unit_test(year_9999_is_in_seconds),
        cmocka_unit_test(a_missing_end_tag_costs_no_value),
        cmocka_unit_test(words_are_read_without_regard_to_case),
        cmocka_unit_test(what_is_not_said_is_not_known),
        cmocka_unit_test(one_bad_record_costs_no_other),
        cmocka_unit_test(names_beside_the_xml_fill_what_it_lacks),
        cmocka_unit_test(form_is_no_content_and_texts_are),
        cmocka_unit_test(identity_is_organization_id_domain_and_period),
        cmocka_unit_test(rows_share_texts_and_lists),
        cmocka_unit_test(rows_of_a_long_report_are_what_and_where_they_were),
        cmocka_unit_test(lists_of_a_row_are_bounded),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(rows_past_the_limit_are_dropped),
        cmocka_unit_test(what_is_hostile_takes_neither_time_nor_memory),
        cmocka_unit_test(names_without_end_end_the_reading),
        cmocka_unit_test(many_rows_with_the_same_odd_names_are_read),
        cmocka_unit_test(a_text_that_is_no_report_is_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
