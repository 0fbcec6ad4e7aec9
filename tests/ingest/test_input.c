#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/input.h"
#include "ingest/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FROM "From sender@example.net Mon Nov 16 09:12:33 2026\n"
#define FROM_CRLF "From sender@example.net Mon Nov 16 09:12:33 2026\r\n"
#define WINDOW (256 << 10) /* of ingest/stream.c: where a file is read in pieces */

/* A folder for one test, and what was read from it. */
struct fixture {
    char *folder;
    GPtrArray *units; /* struct unit * */
    GPtrArray *troubles;
    guint64 bytes_read;
    guint64 bytes_total;
};

static void unit_free(gpointer data)
{
    unit_clear(data);
    g_free(data);
}

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);

    fixture->folder = g_dir_make_tmp("tlstriage-input-XXXXXX", NULL);
    fixture->units = g_ptr_array_new_with_free_func(unit_free);
    fixture->troubles = issues_new();
    *state = fixture;
    return fixture->folder == NULL;
}

static void remove_tree(const char *path)
{
    GDir *dir;
    const char *name;

    g_chmod(path, 0700);
    dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *entry = g_build_filename(path, name, NULL);

        if (g_file_test(entry, G_FILE_TEST_IS_DIR) && !g_file_test(entry, G_FILE_TEST_IS_SYMLINK))
            remove_tree(entry);
        else
            g_unlink(entry);
    }
    if (dir != NULL)
        g_dir_close(dir);
    g_rmdir(path);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    remove_tree(fixture->folder);
    g_free(fixture->folder);
    g_ptr_array_unref(fixture->units);
    g_ptr_array_unref(fixture->troubles);
    g_free(fixture);
    return 0;
}

static char *place(const struct fixture *fixture, const char *name)
{
    return g_build_filename(fixture->folder, name, NULL);
}

static void put_bytes(const struct fixture *fixture, const char *name, const void *bytes,
                      size_t length)
{
    g_autofree char *path = place(fixture, name);
    g_autofree char *folder = g_path_get_dirname(path);

    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

static void put(const struct fixture *fixture, const char *name, const char *text)
{
    put_bytes(fixture, name, text, strlen(text));
}

static void make_folder(const struct fixture *fixture, const char *name)
{
    g_autofree char *path = place(fixture, name);

    assert_int_equal(g_mkdir_with_parents(path, 0755), 0);
}

static void keep_troubles(struct fixture *fixture, const GPtrArray *troubles)
{
    for (guint i = 0; i < troubles->len; i++) {
        const struct issue *issue = g_ptr_array_index(troubles, i);
        struct issue *copy;

        assert_int_equal(issue->kind, ISSUE_INPUT);
        issue_add(fixture->troubles, issue->kind, issue->severity, NULL, "%s", issue->problem);
        copy = g_ptr_array_index(fixture->troubles, i);
        copy->part = g_strdup(issue->part);
    }
}

static void read_path(struct fixture *fixture, const char *path)
{
    char *paths[] = {(char *)path, NULL};
    struct input *input = input_open(paths);
    struct unit unit;

    while (input_next(input, &unit)) {
        struct unit *kept = g_new(struct unit, 1);
        *kept = unit;
        g_ptr_array_add(fixture->units, kept);
    }
    assert_false(input_next(input, &unit));
    keep_troubles(fixture, input_troubles(input));
    fixture->bytes_read = input_bytes_read(input);
    fixture->bytes_total = input_bytes_total(input);
    input_close(input);
}

static void read_name(struct fixture *fixture, const char *name)
{
    g_autofree char *path = place(fixture, name);

    read_path(fixture, path);
}

static const struct unit *unit_at(const struct fixture *fixture, guint index)
{
    assert_true(index < fixture->units->len);
    return g_ptr_array_index(fixture->units, index);
}

static void assert_bytes(const struct unit *unit, const char *want)
{
    gsize length;
    const char *bytes = g_bytes_get_data(unit->bytes, &length);
    g_autofree char *text = g_strndup(bytes, length);

    assert_string_equal(text, want);
    assert_int_equal(length, strlen(want));
}

/* The sources of all units below the test's folder, joined by blanks. */
static void assert_sources(const struct fixture *fixture, const char *want)
{
    g_autoptr(GString) got = g_string_new(NULL);

    for (guint i = 0; i < fixture->units->len; i++) {
        const char *source = unit_at(fixture, i)->source;

        assert_true(g_str_has_prefix(source, fixture->folder));
        g_string_append_printf(got, "%s%s", i == 0 ? "" : " ",
                               source + strlen(fixture->folder) + 1);
    }
    assert_string_equal(got->str, want);
}

static void assert_trouble(const struct fixture *fixture, guint index, const char *name,
                           enum issue_severity severity, const char *part_of_problem)
{
    g_autofree char *path = place(fixture, name);
    const struct issue *issue;

    assert_true(index < fixture->troubles->len);
    issue = g_ptr_array_index(fixture->troubles, index);
    assert_string_equal(issue->part, path);
    assert_int_equal(issue->severity, severity);
    if (strstr(issue->problem, part_of_problem) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", issue->problem, part_of_problem);
}

static const struct {
    const char *name;
    const char *text;
    const char *messages[4];
} splits[] = {
    {"one message", FROM "A: 1\n\nbody\n", {"A: 1\n\nbody\n"}},
    {"two", FROM "A: 1\n\nx\n\n" FROM "B: 2\n\ny\n\n", {"A: 1\n\nx\n", "B: 2\n\ny\n"}},
    {"three", FROM "A\n\n" FROM "B\n\n" FROM "C\n", {"A\n", "B\n", "C\n"}},
    {"CRLF",
     FROM_CRLF "A: 1\r\n\r\nx\r\n\r\n" FROM_CRLF "B: 2\r\n",
     {"A: 1\r\n\r\nx\r\n", "B: 2\r\n"}},
    {"only one empty line is dropped", FROM "A\n\n\n\n" FROM "B\n", {"A\n\n\n", "B\n"}},
    {"no final line end", FROM "A\n\n" FROM "B", {"A\n", "B"}},
    {"no empty line before", FROM "A\n" FROM "B\n", {"A\n" FROM "B\n"}},
    {"no time",
     FROM "A\n\nFrom then on all was well\nB\n",
     {"A\n\nFrom then on all was well\nB\n"}},
    {"a time that is none", FROM "A\n\nFrom a 1:2:3 9: :\n", {"A\n\nFrom a 1:2:3 9: :\n"}},
    {"from in small letters", FROM "A\n\nfrom a 09:10\nB\n", {"A\n\nfrom a 09:10\nB\n"}},
    {"empty message", FROM "\n" FROM "B\n", {"B\n"}},
    {"ends with a From line", FROM "A\n\n" FROM, {"A\n"}},
    {"ends in a From line", FROM "A\n\nFrom x 09:10", {"A\n"}},
    {"ends like a From line", FROM "A\n\nFrom", {"A\n\nFrom"}},
    {"quoted",
     FROM "A\n\n>From x\n>>From y\n>Fro\n> From\n",
     {"A\n\nFrom x\n>From y\n>Fro\n> From\n"}},
    {"quoted at the start and the end", FROM ">From x\n\n>From ", {"From x\n\nFrom "}},
    {"quoted, in the second only",
     FROM "A\n\n>x\n\n" FROM "B\n\n>From z\n\n" FROM "C\n",
     {"A\n\n>x\n", "B\n\nFrom z\n", "C\n"}},
};

static void an_mbox_is_split_at_from_lines_after_empty_lines(void **state)
{
    struct fixture *fixture = *state;

    for (guint i = 0; i < G_N_ELEMENTS(splits); i++) {
        guint count = 0;

        print_message("  %s\n", splits[i].name);
        g_ptr_array_set_size(fixture->units, 0);
        put(fixture, "box", splits[i].text);
        read_name(fixture, "box");
        while (count < 4 && splits[i].messages[count] != NULL)
            count++;
        assert_int_equal(fixture->units->len, count);
        for (guint n = 0; n < count; n++) {
            assert_bytes(unit_at(fixture, n), splits[i].messages[n]);
            assert_false(unit_at(fixture, n)->cut);
            assert_null(unit_at(fixture, n)->file_name);
        }
    }
}

static void messages_are_numbered_from_one(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "box", FROM "A\n\n" FROM "\n" FROM "C\n");
    read_name(fixture, "box");
    assert_sources(fixture, "box:1 box:3");
}

static const struct {
    const char *name;
    const char *text;
} wholes[] = {
    {"a mail", "Subject: x\n\n" FROM "\n\n" FROM},
    {"a From line only", "From sender@example.net Mon Nov 16 09:12:33 2026\n"},
    {"a From line without an end", "From sender@example.net Mon Nov 16 09:12:33 2026"},
    {"no time", "From nobody\nSubject: x\n\n"},
    {"quotes", "Subject: x\n\n>From y\n"},
    {"JSON", "{\"a\": \"From 10:10\"}\n\n"},
    {"one byte", "x"},
    {"line ends", "\n\n\n"},
};

static void a_file_that_is_no_mbox_is_one_unit_unchanged(void **state)
{
    struct fixture *fixture = *state;

    for (guint i = 0; i < G_N_ELEMENTS(wholes); i++) {
        print_message("  %s\n", wholes[i].name);
        g_ptr_array_set_size(fixture->units, 0);
        put(fixture, "file.x", wholes[i].text);
        read_name(fixture, "file.x");
        assert_int_equal(fixture->units->len, 1);
        assert_bytes(unit_at(fixture, 0), wholes[i].text);
        assert_string_equal(unit_at(fixture, 0)->file_name, "file.x");
        assert_sources(fixture, "file.x");
        assert_int_equal(fixture->bytes_read, strlen(wholes[i].text));
        assert_int_equal(fixture->bytes_total, strlen(wholes[i].text));
    }
    assert_int_equal(fixture->troubles->len, 0);
}

/* Each place where a "From " line can lie across two reads. */
static void messages_are_split_alike_at_every_place_of_a_window(void **state)
{
    struct fixture *fixture = *state;

    for (size_t length = WINDOW - 120; length < WINDOW + 8; length++) {
        g_autoptr(GString) text = g_string_new(FROM "A: 1\n\n");

        while (text->len < length)
            g_string_append_c(text, text->len % 77 == 0 ? '\n' : 'x');
        g_string_append(text, "\n\n" FROM "B: 2\n");
        g_ptr_array_set_size(fixture->units, 0);
        put_bytes(fixture, "box", text->str, text->len);
        read_name(fixture, "box");
        assert_int_equal(fixture->units->len, 2);
        assert_int_equal(g_bytes_get_size(unit_at(fixture, 0)->bytes), length + 1 - strlen(FROM));
        assert_bytes(unit_at(fixture, 1), "B: 2\n");
    }
}

static void an_unfinished_last_line_is_judged_alike_in_small_and_large_files(void **state)
{
    struct fixture *fixture = *state;
    static const char *const ends[] = {"\nFrom x 09:10", "\nFrom "};

    for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autoptr(GString) text = g_string_new(FROM "A: 1\n\n");

        while (text->len < WINDOW)
            g_string_append(text, "x\n");
        g_string_append(text, ends[i]);
        g_ptr_array_set_size(fixture->units, 0);
        put_bytes(fixture, "box", text->str, text->len);
        read_name(fixture, "box");
        assert_int_equal(fixture->units->len, 1);
        assert_int_equal(g_bytes_get_size(unit_at(fixture, 0)->bytes),
                         text->len - strlen(FROM) - (i == 0 ? strlen(ends[0]) : 0));
    }
}

static char *big_message(const char *begin, size_t length)
{
    char *text = g_malloc(length + 1);
    size_t used = g_strlcpy(text, begin, length + 1);

    for (size_t i = used; i < length; i++)
        text[i] = i % 77 == 0 ? '\n' : 'x';
    text[length] = '\0';
    return text;
}

static void put_big_mbox(const struct fixture *fixture, size_t length)
{
    g_autofree char *message = big_message("A: 1\n\n", length);
    g_autofree char *text = g_strdup_printf("%s%s\n\n%sB: 2\n", FROM, message, FROM);

    message[length - 1] = 'x';
    put(fixture, "box", text);
}

static const struct {
    size_t length; /* the message has one more: its last line end */
    bool cut;
} sizes[] = {
    {(3u << 20), false},
    {LIMIT_MESSAGE_BYTES - 2, false},
    {LIMIT_MESSAGE_BYTES + 1, true},
    {LIMIT_MESSAGE_BYTES + 2000, true},
    {2 * LIMIT_MESSAGE_BYTES, true},
};

static void a_message_past_the_limit_is_cut_and_the_next_is_whole(void **state)
{
    struct fixture *fixture = *state;

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_ptr_array_set_size(fixture->units, 0);
        put_big_mbox(fixture, sizes[i].length);
        read_name(fixture, "box");
        assert_int_equal(fixture->units->len, 2);
        assert_int_equal(unit_at(fixture, 0)->cut, sizes[i].cut);
        assert_int_equal(g_bytes_get_size(unit_at(fixture, 0)->bytes),
                         sizes[i].cut ? LIMIT_MESSAGE_BYTES : sizes[i].length + 1);
        assert_bytes(unit_at(fixture, 1), "B: 2\n");
        assert_false(unit_at(fixture, 1)->cut);
    }
}

static void a_message_past_the_limit_may_end_in_an_unfinished_line(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *message = big_message("A: 1\n\n", LIMIT_MESSAGE_BYTES + WINDOW);
    g_autofree char *text = g_strdup_printf("%s%s\nFrom ", FROM, message);

    put(fixture, "box", text);
    read_name(fixture, "box");
    assert_int_equal(fixture->units->len, 1);
    assert_true(unit_at(fixture, 0)->cut);
}

static const struct {
    const char *begin;
    size_t length;
    size_t want;
} files[] = {
    {"Subject: x\n\n", LIMIT_MESSAGE_BYTES, LIMIT_MESSAGE_BYTES},
    {"Subject: x\n\n", LIMIT_MESSAGE_BYTES + 1, LIMIT_MESSAGE_BYTES},
    {"{\"a\": 1}", LIMIT_MESSAGE_BYTES + 1, LIMIT_MESSAGE_BYTES + 1},
    {"{\"a\": 1}", LIMIT_UNPACKED_BYTES, LIMIT_UNPACKED_BYTES},
    {"{\"a\": 1}", LIMIT_UNPACKED_BYTES + 1, LIMIT_UNPACKED_BYTES},
};

static void a_file_past_its_limit_is_cut(void **state)
{
    struct fixture *fixture = *state;

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = big_message(files[i].begin, files[i].length);

        g_ptr_array_set_size(fixture->units, 0);
        put_bytes(fixture, "big", text, files[i].length);
        read_name(fixture, "big");
        assert_int_equal(fixture->units->len, 1);
        assert_int_equal(g_bytes_get_size(unit_at(fixture, 0)->bytes), files[i].want);
        assert_memory_equal(g_bytes_get_data(unit_at(fixture, 0)->bytes, NULL), text,
                            files[i].want);
        assert_int_equal(unit_at(fixture, 0)->cut, files[i].want < files[i].length);
        assert_int_equal(fixture->bytes_read, files[i].length);
    }
}

static void folders_are_walked_in_byte_order_without_hidden_files(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "b", "1");
    put(fixture, "a/z", "1");
    put(fixture, "a/B/c", FROM "m\n\n" FROM "n\n");
    put(fixture, "a.x", "1");
    put(fixture, "\xc3\xa4", "1");
    put(fixture, ".hidden", "1");
    put(fixture, ".folder/x", "1");
    read_name(fixture, "");
    assert_sources(fixture, "a/B/c:1 a/B/c:2 a/z a.x b \xc3\xa4");
    assert_int_equal(fixture->troubles->len, 0);
    assert_int_equal(fixture->bytes_total, 0);
}

static void of_a_maildir_only_mail_is_read(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "cur/2:2,S", "B: 2\n");
    put(fixture, "new/1", "A: 1\n");
    put(fixture, "new/.hidden", "X: 1\n");
    put(fixture, "tmp/3", "X: 1\n");
    put(fixture, "other/4", "X: 1\n");
    put(fixture, "dovecot.index", "x");
    put(fixture, ".Reports/cur/5", "C: 3\n");
    put(fixture, ".Reports/new/6", FROM "D: 4\n");
    put(fixture, ".Reports/maildirfolder", "x");
    put(fixture, ".git/config", "x");
    read_name(fixture, "");
    assert_sources(fixture, "new/1 cur/2:2,S .Reports/new/6:1 .Reports/cur/5");
    assert_int_equal(fixture->troubles->len, 0);
}

static void mail_that_a_reader_moves_from_new_to_cur_is_read_once(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *from = place(fixture, "new/2");
    g_autofree char *to = place(fixture, "cur/2:2,S");
    char *paths[] = {fixture->folder, NULL};
    struct input *input;
    struct unit unit;
    GString *got = g_string_new(NULL);

    make_folder(fixture, "cur");
    put(fixture, "new/1", "A");
    put(fixture, "new/2", "B");
    input = input_open(paths);
    while (input_next(input, &unit)) {
        if (got->len == 0)
            assert_int_equal(g_rename(from, to), 0);
        g_string_append_len(got, g_bytes_get_data(unit.bytes, NULL),
                            (gssize)g_bytes_get_size(unit.bytes));
        unit_clear(&unit);
    }
    assert_int_equal(input_troubles(input)->len, 0);
    input_close(input);
    assert_string_equal(got->str, "AB");
    g_string_free(got, TRUE);
}

static void link_to(const struct fixture *fixture, const char *target, const char *name)
{
    g_autofree char *path = place(fixture, name);

    assert_int_equal(symlink(target, path), 0);
}

static void a_folder_is_read_once_however_many_links_lead_to_it(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "a/x", "1");
    link_to(fixture, "..", "a/up");
    link_to(fixture, "a", "b");
    link_to(fixture, "a/x", "file");
    read_name(fixture, "");
    assert_sources(fixture, "a/x file");
    assert_int_equal(fixture->troubles->len, 2);
    assert_trouble(fixture, 0, "a/up", ISSUE_NOTICE, "already");
    assert_trouble(fixture, 1, "b", ISSUE_NOTICE, "already");
}

static void folders_too_deep_are_told_and_the_rest_is_read(void **state)
{
    struct fixture *fixture = *state;
    g_autoptr(GString) name = g_string_new(NULL);
    const struct issue *issue;

    for (guint i = 1; i < LIMIT_DIRECTORY_DEPTH + 3; i++)
        g_string_append(name, "d/");
    g_string_append(name, "deep");
    put(fixture, name->str, "1");
    put(fixture, "d/z", "1");
    read_name(fixture, "");
    assert_sources(fixture, "d/z");
    assert_int_equal(fixture->troubles->len, 1);
    issue = g_ptr_array_index(fixture->troubles, 0);
    assert_int_equal(issue->severity, ISSUE_ERROR);
}

static void make_socket(const struct fixture *fixture, const char *name)
{
    g_autofree char *path = place(fixture, name);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static void what_is_no_file_is_told_and_never_blocks(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *fifo = place(fixture, "fifo");

    assert_int_equal(mkfifo(fifo, 0600), 0);
    make_socket(fixture, "socket");
    put(fixture, "a", "1");
    put(fixture, "z", "1");
    link_to(fixture, "nowhere", "dangling");
    link_to(fixture, "loop", "loop");
    link_to(fixture, "/dev/null", "null");
    put(fixture, "empty", "");
    read_name(fixture, "");
    assert_sources(fixture, "a z");
    assert_int_equal(fixture->troubles->len, 6);
    assert_trouble(fixture, 0, "dangling", ISSUE_ERROR, g_strerror(ENOENT));
    assert_trouble(fixture, 1, "empty", ISSUE_NOTICE, "empty");
    assert_trouble(fixture, 2, "fifo", ISSUE_WARNING, "FIFO");
    assert_trouble(fixture, 3, "loop", ISSUE_ERROR, g_strerror(ELOOP));
    assert_trouble(fixture, 4, "null", ISSUE_WARNING, "device");
    assert_trouble(fixture, 5, "socket", ISSUE_WARNING, "socket");
}

static void a_fifo_that_is_named_is_told(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *fifo = place(fixture, "fifo");

    assert_int_equal(mkfifo(fifo, 0600), 0);
    read_name(fixture, "fifo");
    assert_int_equal(fixture->units->len, 0);
    assert_trouble(fixture, 0, "fifo", ISSUE_WARNING, "FIFO");
}

static void a_path_that_is_not_there_is_told(void **state)
{
    struct fixture *fixture = *state;

    read_name(fixture, "none");
    assert_int_equal(fixture->units->len, 0);
    assert_int_equal(fixture->troubles->len, 1);
    assert_trouble(fixture, 0, "none", ISSUE_ERROR, g_strerror(ENOENT));
}

static void set_mode(const struct fixture *fixture, const char *name, int mode)
{
    g_autofree char *path = place(fixture, name);

    assert_int_equal(g_chmod(path, mode), 0);
}

static void what_is_not_ours_to_read_is_told_and_the_rest_is_read(void **state)
{
    struct fixture *fixture = *state;
    bool is_root = geteuid() == 0;

    put(fixture, "a", "1");
    put(fixture, "b", "1");
    put(fixture, "c/x", "1");
    put(fixture, "d", "1");
    set_mode(fixture, "", 0755);
    set_mode(fixture, "a", 0644);
    set_mode(fixture, "b", 0);
    set_mode(fixture, "c", 0);
    set_mode(fixture, "d", 0644);
    if (is_root)
        assert_int_equal(seteuid(65534), 0);
    /* A tree below /root is closed to the other user. */
    bool reaches = faccessat(AT_FDCWD, fixture->folder, R_OK | X_OK, AT_EACCESS) == 0;
    if (reaches)
        read_name(fixture, "");
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    if (!reaches)
        skip();
    assert_sources(fixture, "a d");
    assert_int_equal(fixture->troubles->len, 2);
    assert_trouble(fixture, 0, "b", ISSUE_ERROR, g_strerror(EACCES));
    assert_trouble(fixture, 1, "c", ISSUE_ERROR, g_strerror(EACCES));
}

struct writer {
    int fd;
    const char *text;
    useconds_t pause;
};

/* One byte at a time, so that every read of a pipe may end anywhere. */
static gpointer write_slowly(gpointer data)
{
    const struct writer *writer = data;

    for (const char *byte = writer->text; *byte != '\0'; byte++) {
        if (write(writer->fd, byte, 1) != 1)
            break;
        g_usleep(writer->pause);
    }
    close(writer->fd);
    return NULL;
}

static void assert_pipe_gives_two(struct fixture *fixture, const char *prefix, int flags)
{
    int ends[2];
    struct writer writer = {.text = FROM "A: 1\n\n>From x\n\n" FROM "B: 2\n", .pause = 100};
    g_autofree char *path = NULL;
    GThread *thread;

    assert_int_equal(pipe2(ends, O_CLOEXEC | flags), 0);
    path = g_strdup_printf("%s%d", prefix, ends[0]);
    writer.fd = ends[1];
    thread = g_thread_new("writer", write_slowly, &writer);
    g_ptr_array_set_size(fixture->units, 0);
    read_path(fixture, path);
    g_thread_join(thread);
    close(ends[0]);
    assert_int_equal(fixture->units->len, 2);
    assert_bytes(unit_at(fixture, 0), "A: 1\n\nFrom x\n");
    assert_bytes(unit_at(fixture, 1), "B: 2\n");
    assert_null(unit_at(fixture, 1)->file_name);
    assert_int_equal(unit_at(fixture, 1)->time, 0);
    assert_int_equal(fixture->bytes_total, 0);
    assert_int_equal(fixture->bytes_read, strlen(writer.text));
}

static void a_pipe_is_read_by_its_number(void **state)
{
    assert_pipe_gives_two(*state, "/dev/fd/", 0);
    assert_pipe_gives_two(*state, "/proc/self/fd/", 0);
    assert_pipe_gives_two(*state, "/dev/fd/", O_NONBLOCK);
}

static void read_stdin(struct fixture *fixture, int fd)
{
    int saved = dup(STDIN_FILENO);

    assert_true(dup2(fd, STDIN_FILENO) >= 0);
    read_path(fixture, "-");
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    close(saved);
    close(fd);
}

static void standard_input_is_read_like_a_file(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = place(fixture, "box");

    put(fixture, "box", FROM "A\n\n" FROM "B\n");
    read_stdin(fixture, open(path, O_RDONLY | O_CLOEXEC));
    assert_int_equal(fixture->units->len, 2);
    assert_string_equal(unit_at(fixture, 0)->source, "-:1");
    put(fixture, "box", "Subject: x\n\n");
    read_stdin(fixture, open(path, O_RDONLY | O_CLOEXEC));
    assert_string_equal(unit_at(fixture, 2)->source, "-");
    assert_null(unit_at(fixture, 2)->file_name);
    assert_bytes(unit_at(fixture, 2), "Subject: x\n\n");
}

static gpointer write_much(gpointer data)
{
    const struct writer *writer = data;
    size_t left = strlen(writer->text);
    const char *text = writer->text;

    while (left > 0) {
        ssize_t done = write(writer->fd, text, left);

        if (done <= 0)
            break;
        text += done;
        left -= (size_t)done;
    }
    close(writer->fd);
    return GSIZE_TO_POINTER(left);
}

static void a_pipe_is_read_to_its_end_even_past_the_limit(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *text = big_message("Subject: x\n\n", LIMIT_MESSAGE_BYTES + 3000000);
    int ends[2];
    struct writer writer = {.text = text};
    GThread *thread;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    writer.fd = ends[1];
    thread = g_thread_new("writer", write_much, &writer);
    read_stdin(fixture, ends[0]);
    assert_null(g_thread_join(thread));
    assert_int_equal(fixture->units->len, 1);
    assert_true(unit_at(fixture, 0)->cut);
    assert_int_equal(g_bytes_get_size(unit_at(fixture, 0)->bytes), LIMIT_MESSAGE_BYTES);
}

static void reading_changes_no_time_of_a_file(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = place(fixture, "box");
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
    struct stat status;

    put(fixture, "box", FROM "A\n");
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    read_name(fixture, "box");
    assert_int_equal(unit_at(fixture, 0)->time, 2000);
    assert_int_equal(stat(path, &status), 0);
#ifdef O_NOATIME
    assert_int_equal(status.st_atime, 1000);
#endif
    assert_int_equal(status.st_mtime, 2000);
}

static void sources_are_valid_utf8_whatever_the_file_is_called(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "\xff\xfe", "1");
    put(fixture, "\xfe", "");
    read_name(fixture, "");
    assert_int_equal(fixture->units->len, 1);
    assert_true(g_utf8_validate(unit_at(fixture, 0)->source, -1, NULL));
    assert_true(g_utf8_validate(unit_at(fixture, 0)->file_name, -1, NULL));
    assert_int_equal(fixture->troubles->len, 1);
}

static void what_is_appended_while_an_mbox_is_read_is_read_too(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = place(fixture, "box");
    char *paths[] = {path, NULL};
    struct input *input;
    struct unit unit;
    guint count = 0;

    put_big_mbox(fixture, WINDOW);
    input = input_open(paths);
    while (input_next(input, &unit)) {
        FILE *file = count++ == 0 ? g_fopen(path, "a") : NULL;

        if (file != NULL) {
            fputs("\n" FROM "C: 3\n", file);
            fclose(file);
        }
        unit_clear(&unit);
    }
    assert_int_equal(input_troubles(input)->len, 0);
    assert_int_equal(count, 3);
    input_close(input);
}

/* A socket whose other end closes with something unread gives what was sent, then ECONNRESET. */
static void a_read_error_keeps_what_came_before_and_tells(void **state)
{
    struct fixture *fixture = *state;
    const char *text = FROM "A: 1\n\n" FROM "B: 2\n\nhalf";
    g_autofree char *path = NULL;
    const struct issue *issue;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    assert_int_equal(write(ends[0], "x", 1), 1);
    close(ends[1]);
    path = g_strdup_printf("/dev/fd/%d", ends[0]);
    read_path(fixture, path);
    close(ends[0]);
    assert_int_equal(fixture->units->len, 2);
    assert_bytes(unit_at(fixture, 0), "A: 1\n");
    assert_false(unit_at(fixture, 0)->cut);
    assert_bytes(unit_at(fixture, 1), "B: 2\n\nhalf");
    assert_true(unit_at(fixture, 1)->cut);
    assert_int_equal(fixture->troubles->len, 1);
    issue = g_ptr_array_index(fixture->troubles, 0);
    assert_int_equal(issue->severity, ISSUE_ERROR);
    assert_non_null(strstr(issue->problem, g_strerror(ECONNRESET)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_mbox_is_split_at_from_lines_after_empty_lines),
        TEST(messages_are_numbered_from_one),
        TEST(a_file_that_is_no_mbox_is_one_unit_unchanged),
        TEST(messages_are_split_alike_at_every_place_of_a_window),
        TEST(an_unfinished_last_line_is_judged_alike_in_small_and_large_files),
        TEST(a_message_past_the_limit_is_cut_and_the_next_is_whole),
        TEST(a_message_past_the_limit_may_end_in_an_unfinished_line),
        TEST(a_file_past_its_limit_is_cut),
        TEST(folders_are_walked_in_byte_order_without_hidden_files),
        TEST(of_a_maildir_only_mail_is_read),
        TEST(mail_that_a_reader_moves_from_new_to_cur_is_read_once),
        TEST(a_folder_is_read_once_however_many_links_lead_to_it),
        TEST(folders_too_deep_are_told_and_the_rest_is_read),
        TEST(what_is_no_file_is_told_and_never_blocks),
        TEST(a_fifo_that_is_named_is_told),
        TEST(a_path_that_is_not_there_is_told),
        TEST(what_is_not_ours_to_read_is_told_and_the_rest_is_read),
        TEST(a_pipe_is_read_by_its_number),
        TEST(standard_input_is_read_like_a_file),
        TEST(a_pipe_is_read_to_its_end_even_past_the_limit),
        TEST(reading_changes_no_time_of_a_file),
        TEST(sources_are_valid_utf8_whatever_the_file_is_called),
        TEST(what_is_appended_while_an_mbox_is_read_is_read_too),
        TEST(a_read_error_keeps_what_came_before_and_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
