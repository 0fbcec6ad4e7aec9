#include "ingest/limits.h"
#include "ingest/unpack.h"
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static const char REPORT[] = "{\"organization-name\":\"Example\",\"report-id\":\"one\","
                             "\"contact-info\":\"tls@reporter.example\",\"policies\":[]}\n";

struct unpacking {
    GPtrArray *members;
    GPtrArray *issues;
    size_t budget;
};

/* From memory of its very size, so that a sanitizer sees any step past the end. */
static struct unpacking unpacked(GByteArray *bytes, size_t budget)
{
    struct unpacking unpacking = {.issues = issues_new(), .budget = budget};
    uint8_t *exact = g_memdup2(bytes->data, bytes->len);

    unpacking.members = unpack(exact, bytes->len, &unpacking.budget, "1.2", unpacking.issues);
    g_free(exact);
    return unpacking;
}

static void unpacking_clear(struct unpacking *unpacking)
{
    g_ptr_array_unref(unpacking->members);
    g_ptr_array_unref(unpacking->issues);
}

static void assert_member(const struct unpacking *unpacking, guint index, const char *name,
                          const void *text, size_t length, bool damaged)
{
    gsize size;

    assert_true(index < unpacking->members->len);
    const struct unpack_member *member = g_ptr_array_index(unpacking->members, index);
    const void *bytes = g_bytes_get_data(member->bytes, &size);
    if (name == NULL)
        assert_null(member->name);
    else
        assert_string_equal(member->name, name);
    assert_int_equal(size, length);
    if (length > 0)
        assert_memory_equal(bytes, text, length);
    assert_int_equal(member->damaged, damaged);
}

static void assert_issue(const struct unpacking *unpacking, enum issue_kind kind, const char *said)
{
    assert_int_equal(unpacking->issues->len, 1);
    const struct issue *issue = g_ptr_array_index(unpacking->issues, 0);
    assert_int_equal(issue->kind, kind);
    assert_string_equal(issue->part, "1.2");
    if (strstr(issue->problem, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", issue->problem, said);
}

static void append(GByteArray *bytes, const void *data, size_t length)
{
    g_byte_array_append(bytes, data, (guint)length);
}

static void append_gzip(GByteArray *bytes, const void *data, size_t length)
{
    g_autoptr(GBytes) packed = unpack_pack(data, length);
    gsize size;
    const void *start = g_bytes_get_data(packed, &size);

    append(bytes, start, size);
}

static GByteArray *gzip_of(const void *data, size_t length)
{
    GByteArray *bytes = g_byte_array_new();

    append_gzip(bytes, data, length);
    return bytes;
}

static la_ssize_t write_archive(struct archive *archive, void *bytes, const void *data,
                                size_t length)
{
    (void)archive;
    append(bytes, data, length);
    return (la_ssize_t)length;
}

static struct archive *zip_begin(GByteArray *bytes, const char *method)
{
    struct archive *zip = archive_write_new();

    archive_write_set_format_zip(zip);
    assert_int_equal(archive_write_set_format_option(zip, "zip", "compression", method),
                     ARCHIVE_OK);
    assert_int_equal(archive_write_set_bytes_per_block(zip, 0), ARCHIVE_OK);
    assert_int_equal(archive_write_open(zip, bytes, NULL, write_archive, NULL), ARCHIVE_OK);
    return zip;
}

static void zip_add(struct archive *zip, const char *name, const void *data, size_t length)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, g_str_has_suffix(name, "/") ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)length);
    archive_write_header(zip, entry);
    if (length > 0)
        assert_int_equal(archive_write_data(zip, data, length), (la_ssize_t)length);
    archive_entry_free(entry);
}

static GByteArray *zip_end(struct archive *zip, GByteArray *bytes)
{
    assert_int_equal(archive_write_close(zip), ARCHIVE_OK);
    archive_write_free(zip);
    return bytes;
}

static GByteArray *zip_of(const char *method, const char *name, const void *data, size_t length)
{
    GByteArray *bytes = g_byte_array_new();
    struct archive *zip = zip_begin(bytes, method);

    zip_add(zip, name, data, length);
    return zip_end(zip, bytes);
}

static void test_containers_are_told_by_their_first_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum unpack_kind kind;
    } cases[] = {
        {"\x1f\x8b", 2, UNPACK_GZIP}, {"\x1f", 1, UNPACK_NONE},  {"\x1f\x8c", 2, UNPACK_NONE},
        {"PK\3\4", 4, UNPACK_ZIP},    {"PK\5\6", 4, UNPACK_ZIP}, {"PK\3\6", 4, UNPACK_NONE},
        {"PK\7\x8", 4, UNPACK_NONE},  {"PK\3", 3, UNPACK_NONE},  {"{\"a\":1}", 7, UNPACK_NONE},
        {"", 0, UNPACK_NONE},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(unpack_sniff((const uint8_t *)cases[i].bytes, cases[i].length),
                         cases[i].kind);
}

static void test_what_is_packed_unpacks_to_the_same(void **state)
{
    g_autofree char *zeros = g_malloc0(3u << 20);
    const struct {
        const char *text;
        size_t length;
    } cases[] = {{"", 0}, {"a", 1}, {REPORT, sizeof REPORT - 1}, {zeros, 3u << 20}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = gzip_of(cases[i].text, cases[i].length);
        struct unpacking unpacking = unpacked(bytes, LIMIT_UNPACKED_BYTES);
        assert_int_equal(unpacking.members->len, 1);
        assert_member(&unpacking, 0, NULL, cases[i].text, cases[i].length, false);
        assert_int_equal(unpacking.issues->len, 0);
        assert_int_equal(unpacking.budget, LIMIT_UNPACKED_BYTES - cases[i].length);
        unpacking_clear(&unpacking);
    }
}

static void test_what_is_no_container_gives_nothing(void **state)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    (void)state;
    append(bytes, REPORT, sizeof REPORT - 1);
    struct unpacking unpacking = unpacked(bytes, 1000);
    assert_int_equal(unpacking.members->len, 0);
    assert_int_equal(unpacking.issues->len, 0);
    assert_int_equal(unpacking.budget, 1000);
    unpacking_clear(&unpacking);
}

static void test_gzip_members_in_a_row_are_joined(void **state)
{
    g_autoptr(GByteArray) bytes = gzip_of("{\"a\":", 5);

    (void)state;
    append_gzip(bytes, "", 0);
    append_gzip(bytes, "1}", 2);
    struct unpacking unpacking = unpacked(bytes, 1000);
    assert_member(&unpacking, 0, NULL, "{\"a\":1}", 7, false);
    assert_int_equal(unpacking.members->len, 1);
    assert_int_equal(unpacking.issues->len, 0);
    unpacking_clear(&unpacking);
}

static void test_bytes_after_gzip_are_dropped_with_an_issue(void **state)
{
    static const char *const tails[] = {"\r\n", "x", "\x1f", "trailing words", "PK\3\4"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
        g_autoptr(GByteArray) bytes = gzip_of(REPORT, sizeof REPORT - 1);
        append(bytes, tails[i], strlen(tails[i]));
        struct unpacking unpacking = unpacked(bytes, 1000);
        assert_member(&unpacking, 0, NULL, REPORT, sizeof REPORT - 1, false);
        assert_issue(&unpacking, ISSUE_CONTAINER, "after the end");
        unpacking_clear(&unpacking);
    }
}

static void test_a_broken_second_member_costs_nothing_of_the_first(void **state)
{
    static const char tail[] = "\x1f\x8b no gzip header";
    g_autoptr(GByteArray) bytes = gzip_of(REPORT, sizeof REPORT - 1);

    (void)state;
    append(bytes, tail, sizeof tail - 1);
    struct unpacking unpacking = unpacked(bytes, 1000);
    assert_member(&unpacking, 0, NULL, REPORT, sizeof REPORT - 1, true);
    assert_issue(&unpacking, ISSUE_CONTAINER, "damaged");
    unpacking_clear(&unpacking);
}

static void test_gzip_cut_anywhere_gives_its_beginning(void **state)
{
    g_autoptr(GByteArray) whole = gzip_of(REPORT, sizeof REPORT - 1);
    gsize most = 0;

    (void)state;
    for (guint length = 2; length < whole->len; length++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        gsize size;
        append(bytes, whole->data, length);
        struct unpacking unpacking = unpacked(bytes, 1000);
        const struct unpack_member *member = g_ptr_array_index(unpacking.members, 0);
        const void *start = g_bytes_get_data(member->bytes, &size);
        assert_true(size <= sizeof REPORT - 1 && member->damaged);
        if (size > 0)
            assert_memory_equal(start, REPORT, size);
        assert_issue(&unpacking, ISSUE_CONTAINER, "ends early");
        most = MAX(most, size);
        unpacking_clear(&unpacking);
    }
    assert_int_equal(most, sizeof REPORT - 1);
}

static void test_a_flipped_byte_never_passes_unseen(void **state)
{
    g_autoptr(GByteArray) bytes = gzip_of(REPORT, sizeof REPORT - 1);

    (void)state;
    for (guint i = 10; i < bytes->len; i++) {
        bytes->data[i] ^= 0x41;
        struct unpacking unpacking = unpacked(bytes, 1u << 20);
        const struct unpack_member *member = g_ptr_array_index(unpacking.members, 0);
        assert_true(member->damaged);
        assert_true(unpacking.issues->len > 0);
        unpacking_clear(&unpacking);
        bytes->data[i] ^= 0x41;
    }
}

/* All bytes are there, but nobody can say that they are the sender's. */
static void test_a_wrong_checksum_gives_all_bytes_and_says_so(void **state)
{
    g_autoptr(GByteArray) bytes = gzip_of(REPORT, sizeof REPORT - 1);

    (void)state;
    bytes->data[bytes->len - 8] ^= 1;
    struct unpacking unpacking = unpacked(bytes, 1000);
    assert_member(&unpacking, 0, NULL, REPORT, sizeof REPORT - 1, true);
    assert_issue(&unpacking, ISSUE_CONTAINER, "incorrect data check");
    unpacking_clear(&unpacking);
}

static void test_unpacking_stops_at_the_budget(void **state)
{
    g_autofree char *zeros = g_malloc0(1u << 20);
    g_autoptr(GByteArray) gzip = gzip_of(zeros, 1u << 20);
    g_autoptr(GByteArray) zip = zip_of("deflate", "a.json", zeros, 1u << 20);
    GByteArray *const containers[] = {gzip, zip};
    static const size_t budgets[] = {0, 1, 1023, 1024, 5000, (1u << 20) - 1};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(containers); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(budgets); k++) {
            struct unpacking unpacking = unpacked(containers[i], budgets[k]);
            assert_member(&unpacking, 0, i == 0 ? NULL : "a.json", zeros, budgets[k], true);
            assert_issue(&unpacking, ISSUE_LIMIT, "limit");
            assert_int_equal(unpacking.budget, 0);
            unpacking_clear(&unpacking);
        }
        struct unpacking exact = unpacked(containers[i], 1u << 20);
        assert_member(&exact, 0, i == 0 ? NULL : "a.json", zeros, 1u << 20, false);
        assert_int_equal(exact.issues->len, 0);
        unpacking_clear(&exact);
    }
}

static void test_a_bomb_stops_at_the_budget_of_its_mail(void **state)
{
    g_autofree char *zeros = g_malloc0(80u << 20);
    g_autoptr(GByteArray) bytes = gzip_of(zeros, 80u << 20);

    (void)state;
    struct unpacking unpacking = unpacked(bytes, LIMIT_UNPACKED_BYTES);
    assert_member(&unpacking, 0, NULL, zeros, LIMIT_UNPACKED_BYTES, true);
    assert_issue(&unpacking, ISSUE_LIMIT, "limit");
    unpacking_clear(&unpacking);
}

static void test_calls_share_one_budget(void **state)
{
    g_autoptr(GByteArray) bytes = gzip_of(REPORT, sizeof REPORT - 1);
    g_autoptr(GPtrArray) issues = issues_new();
    size_t budget = 2 * (sizeof REPORT - 1) + 5;
    static const size_t expected[] = {sizeof REPORT - 1, sizeof REPORT - 1, 5, 0};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autoptr(GPtrArray) members = unpack(bytes->data, bytes->len, &budget, NULL, issues);
        const struct unpack_member *member = g_ptr_array_index(members, 0);
        assert_int_equal(g_bytes_get_size(member->bytes), expected[i]);
        assert_int_equal(member->damaged, i >= 2);
    }
    assert_int_equal(budget, 0);
}

static void test_zip_gives_each_file_and_no_folder(void **state)
{
    static const char *const methods[] = {"deflate", "store"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        struct archive *zip = zip_begin(bytes, methods[i]);
        zip_add(zip, "reports/", NULL, 0);
        zip_add(zip, "reports/one.json", REPORT, sizeof REPORT - 1);
        zip_add(zip, "empty.json", NULL, 0);
        zip_add(zip, "two.json", "{}", 2);
        zip_end(zip, bytes);
        struct unpacking unpacking = unpacked(bytes, 10000);
        assert_int_equal(unpacking.members->len, 3);
        assert_member(&unpacking, 0, "one.json", REPORT, sizeof REPORT - 1, false);
        assert_member(&unpacking, 1, "empty.json", "", 0, false);
        assert_member(&unpacking, 2, "two.json", "{}", 2, false);
        assert_int_equal(unpacking.issues->len, 0);
        assert_int_equal(unpacking.budget, 10000 - (sizeof REPORT - 1) - 2);
        unpacking_clear(&unpacking);
    }
}

static void test_a_member_has_a_name_and_no_path(void **state)
{
    static const struct {
        const char *path, *name;
    } cases[] = {
        {"one.json", "one.json"},
        {"/etc/passwd", "passwd"},
        {"../../up.json", "up.json"},
        {"a\\b\\two.json", "two.json"},
        {"..\\../mixed\\three.json", "three.json"},
        {"a!b!1!2.json", "a!b!1!2.json"},
        {"bad\xff.json", "bad\xef\xbf\xbd.json"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = zip_of("deflate", cases[i].path, REPORT, sizeof REPORT - 1);
        struct unpacking unpacking = unpacked(bytes, 10000);
        assert_member(&unpacking, 0, cases[i].name, REPORT, sizeof REPORT - 1, false);
        unpacking_clear(&unpacking);
    }
}

static void test_long_names_are_cut_at_a_character(void **state)
{
    GString *name = g_string_new("x");

    (void)state;
    while (name->len < 3 * LIMIT_TEXT_BYTES)
        g_string_append(name, "\xc3\xa9");
    g_autoptr(GByteArray) bytes = zip_of("deflate", name->str, REPORT, sizeof REPORT - 1);
    struct unpacking unpacking = unpacked(bytes, 10000);
    const struct unpack_member *member = g_ptr_array_index(unpacking.members, 0);
    assert_true(strlen(member->name) <= LIMIT_TEXT_BYTES);
    assert_true(g_utf8_validate(member->name, -1, NULL));
    assert_null(strstr(member->name, "\xef\xbf\xbd"));
    unpacking_clear(&unpacking);
    g_string_free(name, TRUE);
}

static void test_an_empty_zip_holds_nothing(void **state)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    (void)state;
    zip_end(zip_begin(bytes, "deflate"), bytes);
    assert_int_equal(unpack_sniff(bytes->data, bytes->len), UNPACK_ZIP);
    struct unpacking unpacking = unpacked(bytes, 10000);
    assert_int_equal(unpacking.members->len, 0);
    unpacking_clear(&unpacking);
}

static void test_an_encrypted_member_is_said_to_be_so(void **state)
{
    g_autoptr(GByteArray) bytes = zip_of("deflate", "one.json", REPORT, sizeof REPORT - 1);

    (void)state;
    /* General purpose flags of the local header and of the central directory. */
    bytes->data[6] |= 1;
    uint8_t *central = memmem(bytes->data, bytes->len, "PK\1\2", 4);
    assert_non_null(central);
    central[8] |= 1;
    struct unpacking unpacking = unpacked(bytes, 10000);
    assert_int_equal(unpacking.members->len, 1);
    const struct unpack_member *member = g_ptr_array_index(unpacking.members, 0);
    assert_true(member->damaged);
    assert_int_equal(g_bytes_get_size(member->bytes), 0);
    assert_issue(&unpacking, ISSUE_CONTAINER, "encrypted");
    unpacking_clear(&unpacking);
}

static void test_a_zip_cut_or_flipped_anywhere_is_survived(void **state)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    struct archive *zip = zip_begin(whole, "deflate");

    (void)state;
    zip_add(zip, "one.json", REPORT, sizeof REPORT - 1);
    zip_add(zip, "two.json", REPORT, sizeof REPORT - 1);
    zip_end(zip, whole);
    for (guint length = 4; length < whole->len; length++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        append(bytes, whole->data, length);
        struct unpacking unpacking = unpacked(bytes, 10000);
        assert_true(unpacking.members->len <= 2);
        assert_true(unpacking.budget >= 10000 - 2 * (sizeof REPORT - 1));
        unpacking_clear(&unpacking);
    }
    for (guint i = 4; i < whole->len; i++) {
        whole->data[i] ^= 0x55;
        struct unpacking unpacking = unpacked(whole, 10000);
        assert_true(unpacking.budget <= 10000);
        unpacking_clear(&unpacking);
        whole->data[i] ^= 0x55;
    }
}

static void test_a_zip_without_its_directory_gives_its_files(void **state)
{
    g_autoptr(GByteArray) bytes = zip_of("deflate", "one.json", REPORT, sizeof REPORT - 1);
    uint8_t *central = memmem(bytes->data, bytes->len, "PK\1\2", 4);

    (void)state;
    assert_non_null(central);
    /* Checksum and sizes into the local header, where most programs have them. */
    bytes->data[6] &= (uint8_t)~8;
    memcpy(bytes->data + 14, central + 16, 12);
    g_byte_array_set_size(bytes, (guint)(central - bytes->data));
    struct unpacking unpacking = unpacked(bytes, 10000);
    assert_member(&unpacking, 0, "one.json", REPORT, sizeof REPORT - 1, false);
    unpacking_clear(&unpacking);
}

static void test_a_cut_member_gives_its_beginning(void **state)
{
    g_autoptr(GByteArray) bytes = zip_of("store", "one.json", REPORT, sizeof REPORT - 1);
    uint8_t *text = memmem(bytes->data, bytes->len, REPORT, 20);
    uint8_t *central = memmem(bytes->data, bytes->len, "PK\1\2", 4);

    (void)state;
    assert_true(text != NULL && central != NULL);
    bytes->data[6] &= (uint8_t)~8;
    memcpy(bytes->data + 14, central + 16, 12);
    g_byte_array_set_size(bytes, (guint)(text - bytes->data) + 20);
    struct unpacking unpacking = unpacked(bytes, 10000);
    assert_member(&unpacking, 0, "one.json", REPORT, 20, true);
    unpacking_clear(&unpacking);
}

static void test_members_past_the_limit_are_left_out(void **state)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct archive *zip = zip_begin(bytes, "store");

    (void)state;
    for (int i = 0; i < LIMIT_ZIP_MEMBERS + 5; i++) {
        g_autofree char *name = g_strdup_printf("%d.json", i);
        zip_add(zip, name, "{}", 2);
    }
    zip_end(zip, bytes);
    struct unpacking unpacking = unpacked(bytes, LIMIT_UNPACKED_BYTES);
    assert_int_equal(unpacking.members->len, LIMIT_ZIP_MEMBERS);
    assert_member(&unpacking, LIMIT_ZIP_MEMBERS - 1, "999.json", "{}", 2, false);
    assert_issue(&unpacking, ISSUE_LIMIT, "more than 1000 members");
    unpacking_clear(&unpacking);
}

/* Once the budget is used up, members bring no bytes and not an issue each. */
static void test_a_zip_bomb_of_many_members_stops_at_the_budget(void **state)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree char *zeros = g_malloc0(1u << 20);
    struct archive *zip = zip_begin(bytes, "deflate");

    (void)state;
    for (int i = 0; i < 200; i++)
        zip_add(zip, "zeros.json", zeros, 1u << 20);
    zip_end(zip, bytes);
    struct unpacking unpacking = unpacked(bytes, LIMIT_UNPACKED_BYTES);
    assert_int_equal(unpacking.budget, 0);
    assert_member(&unpacking, 63, "zeros.json", zeros, 1u << 20, false);
    assert_issue(&unpacking, ISSUE_LIMIT, "limit");
    unpacking_clear(&unpacking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_containers_are_told_by_their_first_bytes),
        cmocka_unit_test(test_what_is_packed_unpacks_to_the_same),
        cmocka_unit_test(test_what_is_no_container_gives_nothing),
        cmocka_unit_test(test_gzip_members_in_a_row_are_joined),
        cmocka_unit_test(test_bytes_after_gzip_are_dropped_with_an_issue),
        cmocka_unit_test(test_a_broken_second_member_costs_nothing_of_the_first),
        cmocka_unit_test(test_gzip_cut_anywhere_gives_its_beginning),
        cmocka_unit_test(test_a_flipped_byte_never_passes_unseen),
        cmocka_unit_test(test_a_wrong_checksum_gives_all_bytes_and_says_so),
        cmocka_unit_test(test_unpacking_stops_at_the_budget),
        cmocka_unit_test(test_a_bomb_stops_at_the_budget_of_its_mail),
        cmocka_unit_test(test_calls_share_one_budget),
        cmocka_unit_test(test_zip_gives_each_file_and_no_folder),
        cmocka_unit_test(test_a_member_has_a_name_and_no_path),
        cmocka_unit_test(test_long_names_are_cut_at_a_character),
        cmocka_unit_test(test_an_empty_zip_holds_nothing),
        cmocka_unit_test(test_an_encrypted_member_is_said_to_be_so),
        cmocka_unit_test(test_a_zip_cut_or_flipped_anywhere_is_survived),
        cmocka_unit_test(test_a_zip_without_its_directory_gives_its_files),
        cmocka_unit_test(test_a_cut_member_gives_its_beginning),
        cmocka_unit_test(test_members_past_the_limit_are_left_out),
        cmocka_unit_test(test_a_zip_bomb_of_many_members_stops_at_the_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
