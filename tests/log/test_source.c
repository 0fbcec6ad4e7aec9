#include "ingest/log/source.h"
#include "ingest/unpack.h"
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES 20000

static char *make_log(void)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; i < LINES; i++)
        g_string_append_printf(text, "Nov 20 10:00:00 mx1 postfix/smtp[1]: line %d\n", i);
    return g_string_free(text, FALSE);
}

static int file_of(const void *bytes, size_t length)
{
    int fd = memfd_create("log", MFD_CLOEXEC);

    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Everything, in reads of odd sizes. */
static GString *read_all(struct log_source *source)
{
    GString *text = g_string_new(NULL);
    char bytes[777];
    size_t got;

    while ((got = log_source_read(source, bytes, sizeof bytes)) > 0)
        g_string_append_len(text, bytes, (gssize)got);
    return text;
}

static void assert_reads(int fd, const void *first, size_t length, const char *wanted)
{
    struct log_source *source = log_source_new(fd, first, length);
    GString *text = read_all(source);

    assert_null(log_source_problem(source));
    assert_string_equal(text->str, wanted);
    g_string_free(text, TRUE);
    log_source_free(source);
}

static void plain_bytes_come_as_they_are(void **state)
{
    g_autofree char *log = make_log();
    size_t length = strlen(log);

    (void)state;
    assert_reads(file_of(log, length), NULL, 0, log);
    assert_reads(file_of(log + 1000, length - 1000), log, 1000, log);
    assert_reads(-1, log, length, log);
    assert_reads(file_of("", 0), NULL, 0, "");
}

static void gzip_is_unpacked_with_all_its_members(void **state)
{
    g_autofree char *log = make_log();
    size_t half = strlen(log) / 2;
    g_autoptr(GBytes) one = unpack_pack((const uint8_t *)log, half);
    g_autoptr(GBytes) two = unpack_pack((const uint8_t *)log + half, strlen(log) - half);
    g_autoptr(GByteArray) both = g_byte_array_new();
    gsize length;
    const guint8 *bytes = g_bytes_get_data(one, &length);

    (void)state;
    g_byte_array_append(both, bytes, (guint)length);
    bytes = g_bytes_get_data(two, &length);
    g_byte_array_append(both, bytes, (guint)length);
    assert_reads(file_of(both->data, both->len), NULL, 0, log);
    g_byte_array_append(both, (const guint8 *)"\0\0\0\0", 4);
    assert_reads(file_of(both->data + 3, both->len - 3), both->data, 3, log);
}

static void a_cut_gzip_gives_its_good_part_and_says_so(void **state)
{
    g_autofree char *log = make_log();
    g_autoptr(GBytes) all = unpack_pack((const uint8_t *)log, strlen(log));
    gsize length;
    const guint8 *bytes = g_bytes_get_data(all, &length);
    struct log_source *source = log_source_new(file_of(bytes, length / 2), NULL, 0);
    GString *text = read_all(source);

    (void)state;
    assert_non_null(log_source_problem(source));
    assert_true(text->len > 0 && text->len < strlen(log));
    assert_memory_equal(text->str, log, text->len);
    g_string_free(text, TRUE);
    log_source_free(source);
}

static GBytes *pack(int (*add_filter)(struct archive *), const char *log)
{
    size_t room = strlen(log) + (1 << 16), used = 0;
    char *out = g_malloc(room);
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
    assert_int_equal(add_filter(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(archive, out, room, &used), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(archive, log, strlen(log)), strlen(log));
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(archive);
    return g_bytes_new_take(out, used);
}

static void xz_zstd_bzip2_and_compress_are_unpacked(void **state)
{
    static int (*const filters[])(struct archive *) = {
        archive_write_add_filter_xz, archive_write_add_filter_zstd, archive_write_add_filter_bzip2,
        archive_write_add_filter_compress};
    g_autofree char *log = make_log();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autoptr(GBytes) bytes = pack(filters[i], log);
        gsize length;
        const char *packed = g_bytes_get_data(bytes, &length);

        assert_true(log_source_is_packed(packed, length));
        assert_reads(file_of(packed, length), NULL, 0, log);
        assert_reads(file_of(packed + 100, length - 100), packed, 100, log);
    }
}

static void a_cut_pack_gives_its_good_part_and_says_so(void **state)
{
    static int (*const filters[])(struct archive *) = {
        archive_write_add_filter_xz, archive_write_add_filter_zstd, archive_write_add_filter_bzip2};
    g_autofree char *log = make_log();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autoptr(GBytes) bytes = pack(filters[i], log);
        gsize length;
        const char *packed = g_bytes_get_data(bytes, &length);
        struct log_source *cut = log_source_new(file_of(packed, length / 2), NULL, 0);
        GString *text = read_all(cut);

        assert_non_null(log_source_problem(cut));
        assert_true(text->len < strlen(log) && memcmp(text->str, log, text->len) == 0);
        g_string_free(text, TRUE);
        log_source_free(cut);
    }
}

static void only_logs_are_packed_so(void **state)
{
    (void)state;
    assert_false(log_source_is_packed("\x1f\x8b\x08", 3));
    assert_false(log_source_is_packed("PK\3\4", 4));
    assert_false(log_source_is_packed("{}", 2));
    assert_false(log_source_is_packed("", 0));
    assert_true(log_source_is_packed("BZh9", 4));
}

/* A pipe, and bytes that no file follows, are never sure to be longer. */
static void only_a_file_tells_its_size(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "four", 4), 4);
    close(ends[1]);
    const struct {
        int fd;
        const char *first;
        guint64 size;
        bool is_over;
    } cases[] = {
        {file_of("four", 4), NULL, 3, true},
        {file_of("four", 4), NULL, 4, false},
        {ends[0], NULL, 3, false},
        {-1, "four", 3, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct log_source *source = log_source_new(
            cases[i].fd, cases[i].first, cases[i].first != NULL ? strlen(cases[i].first) : 0);
        assert_int_equal(log_source_is_over(source, cases[i].size), cases[i].is_over);
        log_source_free(source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_come_as_they_are),
        cmocka_unit_test(gzip_is_unpacked_with_all_its_members),
        cmocka_unit_test(a_cut_gzip_gives_its_good_part_and_says_so),
        cmocka_unit_test(xz_zstd_bzip2_and_compress_are_unpacked),
        cmocka_unit_test(a_cut_pack_gives_its_good_part_and_says_so),
        cmocka_unit_test(only_logs_are_packed_so),
        cmocka_unit_test(only_a_file_tells_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
