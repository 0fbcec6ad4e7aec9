#include "ingest/json.h"
#include "ingest/json_repair.h"
#include "ingest/limits.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define FFFD "\xef\xbf\xbd"

/* A text made of strings with NUL in them needs its length said. */
#define TEXT(literal) literal, sizeof(literal) - 1

static char *dumped(const json_t *value)
{
    return value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static const struct issue *issue_at(const GPtrArray *issues, guint index)
{
    assert_true(index < issues->len);
    return g_ptr_array_index(issues, index);
}

/* Reads `text` from memory of its very size, so that a sanitizer sees any step past the end. */
static json_t *read_exact(const char *text, size_t length, size_t *consumed, GPtrArray *issues)
{
    char *exact = g_malloc(length + (length == 0));

    memcpy(exact, text, length);
    json_t *value = json_read(exact, length, consumed, issues);
    g_free(exact);
    return value;
}

struct reading {
    const char *text;
    size_t length;
    const char *expected; /* compact; NULL: nothing */
    guint issues;
    enum issue_severity severity; /* of the first issue */
    const char *clause;
    const char *said; /* in its problem */
};

static void assert_reading(const struct reading *reading)
{
    g_autoptr(GPtrArray) issues = issues_new();
    size_t consumed = 0;
    json_t *value = read_exact(reading->text, reading->length, &consumed, issues);
    char *found = dumped(value);

    json_decref(value);
    if (reading->expected == NULL)
        assert_null(found);
    else if (found == NULL)
        fail_msg("nothing was made of %s", reading->text);
    else
        assert_string_equal(found, reading->expected);
    free(found);
    assert_true(consumed <= reading->length);
    assert_int_equal(issues->len, reading->issues);
    if (reading->issues == 0)
        return;
    const struct issue *issue = issue_at(issues, 0);
    assert_int_equal(issue->severity, reading->severity);
    assert_int_equal(issue->kind, ISSUE_JSON);
    if (reading->clause == NULL)
        assert_null(issue->clause);
    else
        assert_string_equal(issue->clause, reading->clause);
    if (strstr(issue->problem, reading->said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", issue->problem, reading->said);
}

static void assert_readings(const struct reading *readings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_reading(&readings[i]);
}

static void takes_valid_json_as_it_is(void **state)
{
    static const struct reading readings[] = {
        {TEXT("{}"), "{}", 0, 0, NULL, NULL},
        {TEXT(" \r\n\t[ ]"), "[]", 0, 0, NULL, NULL},
        {TEXT("{\"a\":[1,-2,0,-0,1.5,1E+2,true,false,null,\"x\"]}"),
         "{\"a\":[1,-2,0,0,1.5,100.0,true,false,null,\"x\"]}", 0, 0, NULL, NULL},
        {TEXT("[9223372036854775807,-9223372036854775808]"),
         "[9223372036854775807,-9223372036854775808]", 0, 0, NULL, NULL},
        {TEXT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\"]"),
         "[\"\\\"\\\\/\\b\\f\\n\\r\\t\xc3\xa4\xf0\x9f\x98\x80\"]", 0, 0, NULL, NULL},
        {TEXT("[\"\x7f \xc2\x80 \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf\"]"),
         "[\"\x7f \xc2\x80 \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf\"]", 0, 0, NULL,
         NULL},
    };

    (void)state;
    assert_readings(readings, G_N_ELEMENTS(readings));
}

static void repairs_characters(void **state)
{
    static const char UTF8[] = "RFC 8259, section 8.1";
    static const char ESCAPES[] = "RFC 8259, section 7";
    static const char SURROGATES[] = "RFC 7493, section 2.1";
    static const struct reading readings[] = {
        {TEXT("\xef\xbb\xbf{}"), "{}", 1, ISSUE_NOTICE, UTF8, "byte order mark"},
        {TEXT("\n\xef\xbb\xbf {}"), "{}", 1, ISSUE_NOTICE, UTF8, "byte 1"},
        {TEXT("[\"a\xff\xc3\"]"), "[\"a" FFFD FFFD "\"]", 1, ISSUE_WARNING, UTF8,
         "(2, first at byte 3)"},
        {TEXT("[\"\xc0\x80\"]"), "[\"" FFFD FFFD "\"]", 1, ISSUE_WARNING, UTF8, "(2"},
        {TEXT("[\"\xed\xa0\x80\"]"), "[\"" FFFD FFFD FFFD "\"]", 1, ISSUE_WARNING, UTF8, "(3"},
        {TEXT("[\"\xf4\x90\x80\x80\"]"), "[\"" FFFD FFFD FFFD FFFD "\"]", 1, ISSUE_WARNING, UTF8,
         "(4"},
        {TEXT("[\"a\nb\tc\x1b[m\"]"), "[\"a\\nb\\tc\\u001B[m\"]", 1, ISSUE_NOTICE, ESCAPES,
         "(3, first at byte 3)"},
        {TEXT("[\"a\0b\"]"), "[\"a" FFFD "b\"]", 2, ISSUE_NOTICE, ESCAPES, "control"},
        {TEXT("[\"a\\u0000b\"]"), "[\"a" FFFD "b\"]", 1, ISSUE_WARNING, NULL, "NUL"},
        {TEXT("[\"\\ud800x\"]"), "[\"" FFFD "x\"]", 1, ISSUE_WARNING, SURROGATES, "(1"},
        {TEXT("[\"\\ud800\\ud800\\udc00\"]"), "[\"" FFFD "\xf0\x90\x80\x80\"]", 1, ISSUE_WARNING,
         SURROGATES, "(1"},
        {TEXT("[\"\\udc00\\ud800\\n\"]"), "[\"" FFFD FFFD "\\n\"]", 1, ISSUE_WARNING, SURROGATES,
         "(2"},
        {TEXT("[\"\\x41\\'\\u12G4\"]"), "[\"x41'u12G4\"]", 1, ISSUE_WARNING, ESCAPES,
         "(3, first at byte 2)"},
        {TEXT("[\"\\\n\"]"), "[\"\\n\"]", 2, ISSUE_NOTICE, ESCAPES, "control"},
        {TEXT("{\"\xff\":1}"), "{\"" FFFD "\":1}", 1, ISSUE_WARNING, UTF8, "byte 2"},
        {TEXT("[1\0,\0\0\xc2\xa0"
              "2,\0]"),
         "[1,2]", 2, ISSUE_NOTICE, "RFC 8259, section 2", "comma"},
        {TEXT("{\0\"a\":1}"), "{\"a\":1}", 1, ISSUE_WARNING, "RFC 8259, section 2", "(1"},
    };

    (void)state;
    assert_readings(readings, G_N_ELEMENTS(readings));
}

static void repairs_numbers_and_words(void **state)
{
    static const char RANGE[] = "RFC 7493, section 2.2";
    static const char FORM[] = "RFC 8259, section 6";
    static const char WORDS[] = "RFC 8259, section 3";
    static const struct reading readings[] = {
        {TEXT("[9223372036854775808]"), "[999999999999999999]", 1, ISSUE_WARNING, RANGE, "(1"},
        {TEXT("[-9223372036854775809]"), "[-999999999999999999]", 1, ISSUE_WARNING, RANGE, "(1"},
        {TEXT("[123456789012345678901234567890]"), "[999999999999999999]", 1, ISSUE_WARNING, RANGE,
         "byte 1"},
        {TEXT("[1e999,-1.5E+400]"), "[999999999999999999,-999999999999999999]", 1, ISSUE_WARNING,
         RANGE, "(2"},
        {TEXT("[1e-999]"), "[0.0]", 0, 0, NULL, NULL},
        {TEXT("[007,+5,.5,-.5,5.,1e,00,-01]"), "[7,5,0.5,-0.5,5,1,0,-1]", 1, ISSUE_NOTICE, FORM,
         "(8, first at byte 1)"},
        {TEXT("[+99999999999999999999]"), "[999999999999999999]", 2, ISSUE_WARNING, RANGE, "(1"},
        {TEXT("[NaN,Infinity,-Infinity,None,undefined,1x,-,1.2.3]"),
         "[null,null,null,null,null,null,null,null]", 1, ISSUE_WARNING, WORDS, "(8"},
        {TEXT("[True,FALSE,Null]"), "[true,false,null]", 1, ISSUE_WARNING, WORDS, "(3"},
        {TEXT("{\"a\":nul,\"b\":1}"), "{\"a\":null,\"b\":1}", 1, ISSUE_WARNING, WORDS, "byte 5"},
    };

    (void)state;
    assert_readings(readings, G_N_ELEMENTS(readings));
}

static void leaves_out_superfluous_commas(void **state)
{
    static const char GRAMMAR[] = "RFC 8259, section 2";
    static const struct reading readings[] = {
        {TEXT("[1,2,]"), "[1,2]", 1, ISSUE_NOTICE, GRAMMAR, "(1, first at byte 4)"},
        {TEXT("{\"a\":1 ,\n }"), "{\"a\":1}", 1, ISSUE_NOTICE, GRAMMAR, "(1"},
        {TEXT("[,1,,2,,]"), "[1,2]", 1, ISSUE_NOTICE, GRAMMAR, "(4"},
        {TEXT("[,]"), "[]", 1, ISSUE_NOTICE, GRAMMAR, "(1"},
        {TEXT("{,\"a\":[{},],}"), "{\"a\":[{}]}", 1, ISSUE_NOTICE, GRAMMAR, "(3"},
    };

    (void)state;
    assert_readings(readings, G_N_ELEMENTS(readings));
}

static void lets_the_last_of_duplicate_names_count(void **state)
{
    static const struct reading readings[] = {
        {TEXT("{\"a\":1,\"b\":2,\"a\":3}"), "{\"a\":3,\"b\":2}", 1, ISSUE_WARNING,
         "RFC 7493, section 2.3", "twice"},
        {TEXT("[{\"a\":1},{\"a\":1}]"), "[{\"a\":1},{\"a\":1}]", 0, 0, NULL, NULL},
    };

    (void)state;
    assert_readings(readings, G_N_ELEMENTS(readings));
}

static void closes_a_cut_text_after_its_last_whole_part(void **state)
{
    static const char GRAMMAR[] = "RFC 8259, section 2";
    static const struct reading readings[] = {
        {TEXT("{\"id\":1,\"policies\":[{\"a\":[1]},{\"b\":2},{\"c\":"),
         "{\"id\":1,\"policies\":[{\"a\":[1]},{\"b\":2}]}", 1, ISSUE_WARNING, GRAMMAR,
         "ends early at byte 43; what is whole, up to byte 37"},
        {TEXT("{\"policies\":[{\"a\":1}"), "{\"policies\":[{\"a\":1}]}", 1, ISSUE_WARNING, GRAMMAR,
         "early"},
        {TEXT("{\"id\":1,\"policies\":[{\"a\":[1"), "{\"id\":1}", 1, ISSUE_WARNING, GRAMMAR,
         "early"},
        {TEXT("{\"policies\":[{}],\"id\":\"x\",\"z\":\"cu"), "{\"policies\":[{}],\"id\":\"x\"}", 1,
         ISSUE_WARNING, GRAMMAR, "early"},
        {TEXT("{\"a\":{\"policies\":[1,2,3"), NULL, 1, ISSUE_ERROR, GRAMMAR, "nothing whole"},
        {TEXT("{\"policies\":{\"a\":1,\"b"), NULL, 1, ISSUE_ERROR, GRAMMAR, "nothing whole"},
        {TEXT("{\"id\":12,\"count\":34"), "{\"id\":12}", 1, ISSUE_WARNING, GRAMMAR, "early"},
        {TEXT("[1,[2],[3"), "[1,[2]]", 1, ISSUE_WARNING, GRAMMAR, "early"},
        {TEXT("{\"id\":1,\"policies\":[{\"a\":1},{\"b\" 2},{}]}"),
         "{\"id\":1,\"policies\":[{\"a\":1}]}", 1, ISSUE_WARNING, GRAMMAR, "broken at byte 33"},
        {TEXT("{\"id\":1,\"policies\":[{\"a\":1}],\"x\":[}"), "{\"id\":1,\"policies\":[{\"a\":1}]}",
         1, ISSUE_WARNING, GRAMMAR, "broken"},
        {TEXT("{\"id\":\"\xff\",\"policies\":[{\"a\":007},{\"b\":NaN,\"c"),
         "{\"id\":\"" FFFD "\",\"policies\":[{\"a\":7}]}", 4, ISSUE_WARNING,
         "RFC 8259, section 8.1", "UTF-8"},
        {TEXT("{\"a\":1,\"b\":\"x\\"), "{\"a\":1}", 2, ISSUE_WARNING, "RFC 8259, section 7",
         "backslash"},
        {TEXT("{"), NULL, 1, ISSUE_ERROR, GRAMMAR, "nothing whole"},
        {TEXT("{'a':1}"), NULL, 1, ISSUE_ERROR, GRAMMAR, "broken at byte 1"},
        {TEXT(""), NULL, 1, ISSUE_ERROR, GRAMMAR, "no JSON"},
        {TEXT("hello"), NULL, 1, ISSUE_ERROR, GRAMMAR, "no JSON"},
        {TEXT("\"text\""), NULL, 1, ISSUE_ERROR, GRAMMAR, "no JSON"},
    };

    (void)state;
    assert_readings(readings, G_N_ELEMENTS(readings));
}

/* However a report is cut, every policy that came whole is there. */
static void keeps_every_whole_policy_wherever_the_cut(void **state)
{
    static const char text[] =
        " {\"organization-name\": \"A\", \"policies\": [ {\"n\": 1, \"s\": [\"]}\"]}, {\"n\": 2} ,"
        " {\"n\": [3, {}]} ] , \"report-id\": \"x\" } ";
    const char *first = strstr(text, "\"A\"") + 3;
    const char *ends[] = {strstr(text, "\"]}\"]}") + 6, strstr(text, "{\"n\": 2}") + 8,
                          strstr(text, "{}]}") + 4};

    (void)state;
    for (size_t length = 0; length < sizeof text; length++) {
        g_autoptr(GPtrArray) issues = issues_new();
        json_t *value = read_exact(text, length, NULL, issues);
        size_t expected = 0;
        for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
            expected += text + length >= ends[i];
        assert_int_equal(json_array_size(json_object_get(value, "policies")), expected);
        assert_int_equal(value != NULL, text + length >= first);
        json_decref(value);
    }
}

static void tells_where_the_value_ended(void **state)
{
    static const struct {
        const char *text;
        size_t consumed;
    } cases[] = {
        {"{}", 2},
        {"{} ", 2},
        {" [1] {\"b\":2}", 4},
        {"{\"a\":1,}\n{\"b\":2}", 8},
        {"\xef\xbb\xbf{}x", 5},
        {"{\"a\":}\n{\"b\":2}", 7},
        {"{\"a\":}\n", 7},
        {"{\"a\":1", 6},
        {"text\n{}", 5},
        {"text", 4},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) issues = issues_new();
        size_t consumed = 1000;
        json_decref(read_exact(cases[i].text, strlen(cases[i].text), &consumed, issues));
        assert_int_equal(consumed, cases[i].consumed);
    }
}

static void goes_on_with_joined_documents(void **state)
{
    static const char text[] = "{\"n\":1}\n{\"n\":2 x}\n{\"n\":3}\xef\xbb\xbf{\"n\":4}\n";
    static const int expected[] = {1, 2, 3, 4};
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autoptr(GPtrArray) issues = issues_new();
        size_t consumed;
        json_t *value = json_read(text + at, sizeof text - 1 - at, &consumed, issues);
        at += consumed;
        assert_int_equal(json_integer_value(json_object_get(value, "n")), expected[i]);
        json_decref(value);
    }
    assert_int_equal(at, sizeof text - 2);
}

static void reads_utf16_of_either_byte_order(void **state)
{
    static const struct reading readings[] = {
        {TEXT("\xff\xfe{\0\"\0\xe4\0\"\0:\0\x31\0}\0"), "{\"\xc3\xa4\":1}", 1, ISSUE_NOTICE,
         "RFC 8259, section 8.1", "UTF-16"},
        {TEXT("\xfe\xff\0[\0\"\xd8\x3d\xde\x00\0\"\0]"), "[\"\xf0\x9f\x98\x80\"]", 1, ISSUE_NOTICE,
         "RFC 8259, section 8.1", "UTF-16"},
        {TEXT("\xfe\xff\0[\0\"\xd8\x3d\0\"\0]\0"), "[\"" FFFD "\"]", 1, ISSUE_NOTICE,
         "RFC 8259, section 8.1", "UTF-16"},
        {TEXT("\xff\xfe[\0\x31\0,\0]\0"), "[1]", 2, ISSUE_NOTICE, "RFC 8259, section 8.1",
         "UTF-16"},
        {TEXT("\xff\xfe"), NULL, 2, ISSUE_NOTICE, "RFC 8259, section 8.1", "UTF-16"},
    };

    (void)state;
    assert_readings(readings, G_N_ELEMENTS(readings));
    g_autoptr(GPtrArray) issues = issues_new();
    size_t consumed = 0;
    json_decref(json_read("\xff\xfe{\0}\0 \0x\0", 10, &consumed, issues));
    assert_int_equal(consumed, 10);
}

static void sniffs_objects_and_arrays(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        bool json;
    } cases[] = {
        {TEXT("{"), true},
        {TEXT(" \r\n\t["), true},
        {TEXT("\xef\xbb\xbf {"), true},
        {TEXT("\xff\xfe \0{\0"), true},
        {TEXT("\xfe\xff\0 \0["), true},
        {TEXT("\xfe\xff\xfe\xff\0["), true},
        {TEXT("\xfe\xff{\0"), false},
        {TEXT(""), false},
        {TEXT("  "), false},
        {TEXT("\xef\xbb"), false},
        {TEXT("\xff\xfe"), false},
        {TEXT("\0{"), false},
        {TEXT("<xml>"), false},
        {TEXT("\"{\""), false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(json_sniff(cases[i].text, cases[i].length), cases[i].json);
}

static void copies_nothing_where_nothing_is_wrong(void **state)
{
    static const char clean[] = " {\"a\": [\"\xc3\xa4\\u00e4\", 1.5e3, -7, true]} {";
    static const char marked[] = "\xef\xbb\xbf[]";
    static const char broken[] = "[1,]";
    struct json_repair repair;
    g_autoptr(GPtrArray) issues = issues_new();

    (void)state;
    json_repair(&repair, clean, sizeof clean - 1, LIMIT_JSON_VALUES, issues);
    assert_null(repair.mended);
    assert_ptr_equal(repair.text, clean + 1);
    assert_int_equal(repair.length, sizeof clean - 1 - 3);
    assert_int_equal(issues->len, 0);
    json_repair_clear(&repair);
    json_repair(&repair, marked, sizeof marked - 1, LIMIT_JSON_VALUES, issues);
    assert_null(repair.mended);
    assert_ptr_equal(repair.text, marked + 3);
    json_repair_clear(&repair);
    json_repair(&repair, broken, sizeof broken - 1, LIMIT_JSON_VALUES, issues);
    assert_non_null(repair.mended);
    assert_int_equal(repair.length, 3);
    json_repair_clear(&repair);
}

/* `start`, `unit` until `size` is reached, `end`. */
static GString *big_text(const char *start, const char *unit, size_t size, const char *end)
{
    GString *text = g_string_sized_new(size + 64);
    size_t length = strlen(unit);

    g_string_append(text, start);
    while (text->len < size)
        g_string_append_len(text, unit, (gssize)length);
    g_string_append(text, end);
    return text;
}

static void assert_only_limit(const GPtrArray *issues, enum issue_severity severity,
                              const char *said)
{
    assert_int_equal(issues->len, 1);
    const struct issue *issue = issue_at(issues, 0);
    assert_int_equal(issue->kind, ISSUE_LIMIT);
    assert_int_equal(issue->severity, severity);
    assert_null(issue->clause);
    assert_non_null(strstr(issue->problem, said));
}

static void cuts_what_is_too_deep(void **state)
{
    g_autoptr(GString) deep = big_text("{\"a\":1,\"b\":", "[", 100000, "");
    g_autoptr(GString) fits = big_text("", "[", LIMIT_JSON_DEPTH, "");
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(GPtrArray) none = issues_new();

    (void)state;
    json_t *value = json_read(deep->str, deep->len, NULL, issues);
    assert_int_equal(json_object_size(value), 1);
    assert_only_limit(issues, ISSUE_WARNING, "deeper than 64");
    json_decref(value);
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
        g_string_append_c(fits, ']');
    value = json_read(fits->str, fits->len, NULL, none);
    assert_non_null(value);
    assert_int_equal(none->len, 0);
    json_decref(value);
}

static void cuts_after_two_million_values(void **state)
{
    g_autoptr(GString) text = big_text("[", "1,", 5u << 20, "1]");
    g_autoptr(GPtrArray) issues = issues_new();

    (void)state;
    json_t *value = json_read(text->str, text->len, NULL, issues);
    assert_int_equal(json_array_size(value), LIMIT_JSON_VALUES - 1);
    assert_only_limit(issues, ISSUE_WARNING, "more than 2000000 values");
    json_decref(value);
}

static void keeps_the_policies_before_a_flood(void **state)
{
    g_autoptr(GString) text =
        big_text("{\"policies\":[{\"n\":1},{\"n\":2},{\"n\":[", "[],", 7u << 20, "");
    g_autoptr(GPtrArray) issues = issues_new();

    (void)state;
    json_t *value = json_read(text->str, text->len, NULL, issues);
    assert_int_equal(json_array_size(json_object_get(value, "policies")), 2);
    assert_only_limit(issues, ISSUE_WARNING, "values");
    json_decref(value);
}

static void keeps_what_fits_into_the_memory_budget_and_reads_on(void **state)
{
    g_autoptr(GString) text = big_text("{\"policies\":[", "{},", 5u << 20, "{}]}");
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(GPtrArray) after = issues_new();

    (void)state;
    json_t *value = json_read(text->str, text->len, NULL, issues);
    assert_true(json_array_size(json_object_get(value, "policies")) > LIMIT_POLICIES);
    assert_only_limit(issues, ISSUE_WARNING, "256 MiB");
    json_decref(value);
    value = json_read("[1]", 3, NULL, after);
    assert_non_null(value);
    assert_int_equal(after->len, 0);
    json_decref(value);
}

static void gives_back_memory_to_the_budget(void **state)
{
    /* Each object takes the place of the one before it, which is freed. */
    g_autoptr(GString) text = big_text("{", "\"a\":{},", 13u << 20, "\"b\":1}");
    g_autoptr(GPtrArray) issues = issues_new();

    (void)state;
    json_t *value = json_read(text->str, text->len, NULL, issues);
    assert_int_equal(json_object_size(value), 2);
    assert_int_equal(issues->len, 1);
    assert_string_equal(issue_at(issues, 0)->clause, "RFC 7493, section 2.3");
    json_decref(value);
}

static void reads_a_string_of_60_mib(void **state)
{
    g_autoptr(GString) text = big_text("[\"", "0123456789abcdef", 60u << 20, "\"]");
    g_autoptr(GPtrArray) issues = issues_new();

    (void)state;
    json_t *value = json_read(text->str, text->len, NULL, issues);
    assert_int_equal(json_string_length(json_array_get(value, 0)), text->len - 4);
    assert_int_equal(issues->len, 0);
    json_decref(value);
}

static void bounds_what_repairs_add(void **state)
{
    g_autoptr(GString) text = big_text("{\"a\":1,\"b\":\"", "\x01", 32u << 20, "\"}");
    g_autoptr(GPtrArray) issues = issues_new();

    (void)state;
    json_t *value = json_read(text->str, text->len, NULL, issues);
    assert_int_equal(json_object_size(value), 1);
    json_decref(value);
    assert_int_equal(issues->len, 2);
    assert_int_equal(issue_at(issues, 1)->kind, ISSUE_LIMIT);
}

static void is_linear_in_hostile_texts(void **state)
{
    static const struct {
        const char *start, *unit;
    } cases[] = {
        {"{\"a\":", "9"},   {"[1", ",       "},    {"[1", ","},          {"[\"", "\\u"},
        {"[\"", "\\ud800"}, {"[", "\xef\xbb\xbf"}, {"", "\n{"},          {"{\"a", "\":\""},
        {"[", "+"},         {"[0.", "0"},          {"", "\xef\xbb\xbf"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = big_text(cases[i].start, cases[i].unit, 4u << 20, "]}");
        g_autoptr(GPtrArray) issues = issues_new();
        gint64 begun = g_get_monotonic_time();
        size_t at = 0;
        /* A caller that goes on, as for joined documents. */
        for (int documents = 0; at < text->len && documents < 1000; documents++) {
            size_t consumed = 0;
            json_decref(json_read(text->str + at, text->len - at, &consumed, issues));
            assert_true(consumed > 0);
            at += consumed;
        }
        assert_true(g_get_monotonic_time() - begun < 5 * G_USEC_PER_SEC);
    }
}

static void hash_of(const char *text, uint8_t hash[RECORD_HASH_BYTES])
{
    g_autoptr(GPtrArray) issues = issues_new();
    json_t *value = json_read(text, strlen(text), NULL, issues);

    assert_non_null(value);
    json_hash(value, hash);
    json_decref(value);
}

static void hashes_the_canonical_form(void **state)
{
    static const char *const same[] = {
        "{\"a\":1,\"b\":[true,{\"c\":\"x\",\"d\":null}]}",
        "{\"b\":[true,{\"d\":null,\"c\":\"x\"}],\"a\":1}",
        " {\n\t\"b\" : [ true , { \"d\" : null , \"c\" : \"\\u0078\" } ] , \"a\" : 1 }\n",
    };
    static const char *const other[] = {
        "{\"a\":2,\"b\":[true,{\"c\":\"x\",\"d\":null}]}",
        "{\"a\":1,\"b\":[{\"c\":\"x\",\"d\":null},true]}",
        "{\"a\":\"1\",\"b\":[true,{\"c\":\"x\",\"d\":null}]}",
        "{\"a\":1.0,\"b\":[true,{\"c\":\"x\",\"d\":null}]}",
        "{\"a\":1,\"b\":[true,{\"c\":\"x\",\"d\":false}]}",
        "{\"a\":1,\"b\":[true,{\"c\":\"xd\",\"\":null}]}",
        "{\"a\":1,\"b\":[true],\"c\":{\"d\":null}}",
        "[{\"a\":1,\"b\":[true,{\"c\":\"x\",\"d\":null}]}]",
    };
    uint8_t first[RECORD_HASH_BYTES], hash[RECORD_HASH_BYTES];

    (void)state;
    hash_of(same[0], first);
    for (size_t i = 1; i < G_N_ELEMENTS(same); i++) {
        hash_of(same[i], hash);
        assert_memory_equal(first, hash, sizeof hash);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(other); i++) {
        hash_of(other[i], hash);
        assert_memory_not_equal(first, hash, sizeof hash);
    }
}

static void hashes_long_values_whole(void **state)
{
    static const size_t lengths[] = {4090, 4092, 4093, 4096, 4097, 20000};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *x = g_strnfill(lengths[i], 'x');
        g_autofree char *text = g_strdup_printf("[\"%s\",1]", x);
        g_autofree char *spaced = g_strdup_printf(" [ \"%s\" , 1 ] ", x);
        uint8_t hash[RECORD_HASH_BYTES], other[RECORD_HASH_BYTES];
        hash_of(text, hash);
        hash_of(spaced, other);
        assert_memory_equal(hash, other, sizeof hash);
        /* A change at either end, or anywhere in between, shows. */
        for (size_t at = 0; at < lengths[i]; at += lengths[i] - 1) {
            text[2 + at] = 'y';
            hash_of(text, other);
            assert_memory_not_equal(hash, other, sizeof hash);
            text[2 + at] = 'x';
        }
    }
}

static gpointer read_many(gpointer data)
{
    const GString *text = data;

    for (int i = 0; i < 8; i++) {
        g_autoptr(GPtrArray) issues = issues_new();
        json_turn_take(text->len);
        json_t *value = json_read(text->str, text->len, NULL, issues);
        size_t size = json_array_size(value);
        json_decref(value);
        json_turn_pass(text->len);
        if (size == 0 || issues->len > 0)
            return NULL;
    }
    return data;
}

static void serves_several_threads(void **state)
{
    g_autoptr(GString) big = big_text("[", "{\"a\":1},", (1u << 20) + 1, "{}]");
    g_autoptr(GString) small = big_text("[", "{\"a\":1},", 1u << 10, "{}]");
    GString *const texts[] = {big, small, big, small};
    GThread *threads[G_N_ELEMENTS(texts)];

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        threads[i] = g_thread_new("reader", read_many, texts[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_ptr_equal(g_thread_join(threads[i]), texts[i]);
}

static int set_up(void **state)
{
    (void)state;
    json_init();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_valid_json_as_it_is),
        cmocka_unit_test(repairs_characters),
        cmocka_unit_test(repairs_numbers_and_words),
        cmocka_unit_test(leaves_out_superfluous_commas),
        cmocka_unit_test(lets_the_last_of_duplicate_names_count),
        cmocka_unit_test(closes_a_cut_text_after_its_last_whole_part),
        cmocka_unit_test(keeps_every_whole_policy_wherever_the_cut),
        cmocka_unit_test(tells_where_the_value_ended),
        cmocka_unit_test(goes_on_with_joined_documents),
        cmocka_unit_test(reads_utf16_of_either_byte_order),
        cmocka_unit_test(sniffs_objects_and_arrays),
        cmocka_unit_test(copies_nothing_where_nothing_is_wrong),
        cmocka_unit_test(cuts_what_is_too_deep),
        cmocka_unit_test(cuts_after_two_million_values),
        cmocka_unit_test(keeps_the_policies_before_a_flood),
        cmocka_unit_test(keeps_what_fits_into_the_memory_budget_and_reads_on),
        cmocka_unit_test(gives_back_memory_to_the_budget),
        cmocka_unit_test(reads_a_string_of_60_mib),
        cmocka_unit_test(bounds_what_repairs_add),
        cmocka_unit_test(is_linear_in_hostile_texts),
        cmocka_unit_test(hashes_the_canonical_form),
        cmocka_unit_test(hashes_long_values_whole),
        cmocka_unit_test(serves_several_threads),
    };

    return cmocka_run_group_tests_name("ingest/json", tests, set_up, NULL);
}
