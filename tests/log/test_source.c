#include "ingest/log/source.h"
#include "ingest/unpack.h"
#include <glib/gstdio.h>
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

/* Packed by the program NAME, where there is one; else nothing is told. */
static bool pack(const char *name, const char *log, char **packed, size_t *length)
{
    g_autofree char *folder = g_dir_make_tmp("tlstriage-source.XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "log", NULL);
    g_autofree char *found = g_find_program_in_path(name);
    gsize size = 0;
    int status = 1;
    g_autofree char *command = g_strdup_printf("%s -c '%s'", name, path);
    g_autofree char *out = g_build_filename(folder, "packed", NULL);
    g_autofree char *line = g_strdup_printf("sh -c \"%s >'%s'\"", command, out);

    if (found != NULL && g_file_set_contents(path, log, -1, NULL) &&
        g_spawn_command_line_sync(line, NULL, NULL, &status, NULL) && status == 0)
        g_file_get_contents(out, packed, &size, NULL);
    g_unlink(path);
    g_unlink(out);
    g_rmdir(folder);
    *length = size;
    return size > 0;
}

/* How many of the packers are installed. */
static int try_packers(void)
{
    static const char *const packers[] = {"xz", "zstd", "bzip2"};
    g_autofree char *log = make_log();
    int tried = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(packers); i++) {
        g_autofree char *packed = NULL;
        size_t length;

        if (!pack(packers[i], log, &packed, &length))
            continue;
        tried++;
        assert_true(log_source_is_packed(packed, length));
        assert_reads(file_of(packed, length), NULL, 0, log);
        assert_reads(file_of(packed + 100, length - 100), packed, 100, log);
        struct log_source *cut = log_source_new(file_of(packed, length / 2), NULL, 0);
        GString *text = read_all(cut);
        assert_non_null(log_source_problem(cut));
        g_string_free(text, TRUE);
        log_source_free(cut);
    }
    return tried;
}

/* skip() jumps: nothing that is to be freed may be open. */
static void xz_zstd_and_bzip2_are_unpacked(void **state)
{
    (void)state;
    if (try_packers() == 0)
        skip();
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
        cmocka_unit_test(xz_zstd_and_bzip2_are_unpacked),
        cmocka_unit_test(only_logs_are_packed_so),
        cmocka_unit_test(only_a_file_tells_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
