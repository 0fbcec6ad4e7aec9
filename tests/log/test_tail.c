/* A live log across every way of rotation, without waiting: the clock is an argument. */
#include "ingest/log/rotation.h"
#include "ingest/log/tail.h"
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define SECOND ((gint64)G_USEC_PER_SEC)

struct place {
    char *folder;
    char *log; /* FOLDER/mail.log */
    struct tail *tail;
    struct tail_piece last;
    gint64 ahead; /* of the clock */
};

static int set_up(void **state)
{
    struct place *place = g_new0(struct place, 1);

    place->folder = g_dir_make_tmp("tail-XXXXXX", NULL);
    place->log = g_build_filename(place->folder, "mail.log", NULL);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    GDir *dir = g_dir_open(place->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(place->folder, name, NULL);
        g_unlink(path);
    }
    g_dir_close(dir);
    g_rmdir(place->folder);
    tail_free(place->tail);
    g_free(place->folder);
    g_free(place->log);
    g_free(place);
    return 0;
}

static char *path_of(const struct place *place, const char *suffix)
{
    return g_strconcat(place->log, suffix, NULL);
}

static void append(const struct place *place, const char *suffix, const char *text)
{
    g_autofree char *path = path_of(place, suffix);
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void move(const struct place *place, const char *from, const char *to)
{
    g_autofree char *old = path_of(place, from), *new = path_of(place, to);

    assert_int_equal(rename(old, new), 0);
}

static void copy(const struct place *place, const char *to)
{
    g_autofree char *path = path_of(place, to), *bytes = NULL;
    gsize length;

    assert_true(g_file_get_contents(place->log, &bytes, &length, NULL));
    assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

static void copy_and_truncate(const struct place *place, const char *to)
{
    copy(place, to);
    assert_int_equal(truncate(place->log, 0), 0);
}

/* As gzip does: the time stays. */
static void compress_file(const struct place *place, const char *from, const char *to)
{
    g_autofree char *old = path_of(place, from), *new = path_of(place, to), *bytes = NULL;
    struct stat status;
    struct timespec times[2];
    gsize length;
    gzFile file;

    assert_int_equal(stat(old, &status), 0);
    assert_true(g_file_get_contents(old, &bytes, &length, NULL));
    file = gzopen(new, "wb");
    assert_int_equal(gzwrite(file, bytes, (unsigned)length), length);
    gzclose(file);
    times[0] = times[1] = status.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, new, times, 0), 0);
    g_unlink(old);
}

/* So many seconds ago it was written to last. */
static void age(const struct place *place, const char *suffix, gint64 seconds)
{
    g_autofree char *path = path_of(place, suffix);
    struct timespec times[2] = {{.tv_sec = g_get_real_time() / SECOND - seconds}};

    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static char *drain(struct place *place, bool hurry)
{
    GString *got = g_string_new(NULL);
    enum tail_what what;

    while ((what = tail_next(place->tail, g_get_real_time() + place->ahead, hurry, &place->last)) !=
               TAIL_WAIT &&
           got->len < 1000000) {
        if (what == TAIL_BYTES)
            g_string_append_len(got, place->last.bytes, (gssize)place->last.length);
        else
            g_string_append_c(got, what == TAIL_BEGIN ? '[' : ']');
    }
    return g_string_free(got, FALSE);
}

/* '[' where a file begins, ']' where it ends. */
static void expect(struct place *place, const char *wanted)
{
    g_autofree char *got = drain(place, false);

    assert_string_equal(got, wanted);
}

/* Long enough for a renamed file to be left. */
static void let_time_pass(struct place *place)
{
    place->ahead += TAIL_LINGER_MS * 1000 + SECOND;
}

/* The program ends, remembers where it was, and begins again. */
static void stop(struct place *place, struct log_position *position)
{
    memset(position, 0, sizeof *position);
    position->device = place->last.device;
    position->inode = place->last.inode;
    position->offset = position->context = place->last.offset;
    position->head_hash = place->last.head_hash;
    position->head_length = place->last.head_length;
    g_clear_pointer(&place->tail, tail_free);
}

static bool start(struct place *place, const struct log_position *position)
{
    place->tail = tail_new(place->log);
    return tail_resume(place->tail, position);
}

static void begin(struct place *place, const char *text)
{
    append(place, "", text);
    place->tail = tail_new(place->log);
    g_autofree char *wanted = g_strconcat("[", text, NULL);
    expect(place, wanted);
}

static void lines_come_as_they_are_written(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    expect(place, "");
    append(place, "", "b\nhal");
    expect(place, "b\nhal");
    append(place, "", "f\n");
    expect(place, "f\n");
    assert_int_equal(place->last.offset, 9);
    assert_null(tail_problem(place->tail));
}

static void a_file_that_does_not_exist_yet_is_waited_for(void **state)
{
    struct place *place = *state;

    place->tail = tail_new(place->log);
    expect(place, "");
    assert_null(tail_problem(place->tail));
    append(place, "", "a\n");
    expect(place, "[a\n");
}

static void what_is_there_can_be_skipped(void **state)
{
    struct place *place = *state;

    append(place, "", "a\nb\n");
    place->tail = tail_new(place->log);
    tail_skip(place->tail);
    expect(place, "[");
    append(place, "", "c\n");
    expect(place, "c\n");
}

static void a_renamed_file_is_read_to_its_end_and_some_seconds_longer(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    append(place, "", "b\n");
    move(place, "", ".1");
    append(place, "", "d\n");
    expect(place, "b\n");
    append(place, ".1", "c\n");
    expect(place, "c\n");
    let_time_pass(place);
    expect(place, "][d\n");
}

static void a_renamed_file_stays_until_the_next_one_has_something(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    move(place, "", ".1");
    let_time_pass(place);
    expect(place, "");
    append(place, ".1", "b\n");
    expect(place, "b\n");
    append(place, "", "");
    let_time_pass(place);
    expect(place, "");
    append(place, ".1", "c\n");
    append(place, "", "d\n");
    let_time_pass(place);
    expect(place, "c\n][d\n");
}

static void a_file_that_is_written_to_for_ever_is_left_at_last(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    move(place, "", ".1");
    append(place, "", "b\n");
    for (guint i = 0; i < TAIL_LINGER_MAX_MS / 1000; i += 60) {
        append(place, ".1", "c\n");
        age(place, ".1", -place->ahead / SECOND);
        expect(place, "c\n");
        place->ahead += 60 * SECOND;
    }
    append(place, ".1", "e\n");
    expect(place, "e\n][b\n");
}

static void hurry_lingers_not(void **state)
{
    struct place *place = *state;
    g_autofree char *got = NULL;

    begin(place, "a\n");
    append(place, "", "b\n");
    move(place, "", ".1");
    append(place, "", "c\n");
    got = drain(place, true);
    assert_string_equal(got, "b\n][c\n");
}

static void a_copied_and_truncated_file_goes_on_in_its_copy(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    append(place, "", "b\n");
    copy_and_truncate(place, ".1");
    append(place, "", "c\n");
    expect(place, "b\n");
    let_time_pass(place);
    expect(place, "][c\n");
}

static void truncation_is_seen_where_the_file_has_grown_past_its_old_size(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    append(place, "", "b\n");
    copy_and_truncate(place, "-20261122");
    append(place, "", "cccc\ndddd\n");
    expect(place, "b\n");
    let_time_pass(place);
    expect(place, "][cccc\ndddd\n");
}

static void truncation_is_seen_where_the_copy_was_packed_at_once(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    append(place, "", "b\n");
    copy_and_truncate(place, ".1");
    compress_file(place, ".1", ".1.gz");
    append(place, "", "cccc\ndddd\n");
    expect(place, "b\n][cccc\ndddd\n");
}

static void a_file_truncated_without_a_copy_begins_anew(void **state)
{
    struct place *place = *state;

    begin(place, "aaaa\n");
    assert_int_equal(truncate(place->log, 0), 0);
    append(place, "", "b\n");
    expect(place, "][b\n");
}

static void a_file_truncated_while_an_older_one_is_read_loses_nothing(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    move(place, "", ".2");
    append(place, "", "b\n");
    expect(place, "");
    copy_and_truncate(place, ".1");
    append(place, "", "c\n");
    let_time_pass(place);
    expect(place, "][b\n][c\n");
}

static void an_empty_file_copied_away_with_what_came_meanwhile_loses_nothing(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    move(place, "", ".2");
    append(place, "", "");
    expect(place, "");
    append(place, "", "b\n");
    copy_and_truncate(place, ".1");
    append(place, "", "c\n");
    let_time_pass(place);
    expect(place, "][b\n][c\n");
}

static void a_copy_that_is_being_made_is_not_read_as_another_file(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    move(place, "", ".2");
    append(place, "", "b\nc\n");
    append(place, ".1", "b\n");
    let_time_pass(place);
    expect(place, "][b\nc\n");
}

static void a_deleted_file_is_read_to_its_end(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    append(place, "", "b\n");
    g_unlink(place->log);
    expect(place, "b\n");
    append(place, "", "c\n");
    let_time_pass(place);
    expect(place, "][c\n");
}

static void rotations_in_one_moment_lose_nothing(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    append(place, "", "b\n");
    move(place, "", ".3");
    append(place, "", "c\n");
    move(place, "", ".2");
    append(place, "", "d\n");
    copy_and_truncate(place, ".1");
    append(place, "", "e\n");
    let_time_pass(place);
    expect(place, "b\n][c\n][d\n][e\n");
}

static void a_renamed_and_packed_file_is_read_once(void **state)
{
    struct place *place = *state;

    begin(place, "a\n");
    append(place, "", "b\n");
    move(place, "", ".1");
    append(place, "", "c\n");
    expect(place, "b\n");
    compress_file(place, ".1", ".1.gz");
    let_time_pass(place);
    expect(place, "][c\n");
    move(place, "", ".1");
    append(place, "", "d\n");
    let_time_pass(place);
    expect(place, "][d\n");
}

static void many_rotations_are_all_read(void **state)
{
    struct place *place = *state;
    struct log_position position;
    g_autoptr(GString) wanted = g_string_new(NULL);
    g_autofree char *got = NULL;

    begin(place, "a\n");
    for (guint i = 1; i <= 3 * TAIL_FILES_MAX; i++) {
        g_autofree char *suffix = g_strdup_printf("-20260101%05u", i);
        g_autofree char *line = g_strdup_printf("line %u\n", i);
        move(place, "", suffix);
        age(place, suffix, 1000 - i);
        append(place, "", line);
        g_string_append_printf(wanted, "][%s", line);
    }
    stop(place, &position);
    assert_true(start(place, &position));
    let_time_pass(place);
    got = drain(place, false);
    g_string_prepend_c(wanted, '[');
    assert_string_equal(got, wanted->str);
}

static void a_restart_goes_on_where_it_stopped(void **state)
{
    struct place *place = *state;
    struct log_position position;

    begin(place, "a\nb\n");
    stop(place, &position);
    append(place, "", "c\n");
    assert_true(start(place, &position));
    expect(place, "[c\n");
    stop(place, &position);
    position.context = 2;
    assert_true(start(place, &position));
    expect(place, "[b\nc\n");
}

/* What happened to the file while nobody looked. */
struct rotation {
    const char *name;
    void (*rotate)(const struct place *place);
    const char *wanted;
};

static void rename_it(const struct place *place)
{
    move(place, "", ".1");
    append(place, "", "d\n");
}

static void rename_twice(const struct place *place)
{
    move(place, "", ".2");
    append(place, "", "d\n");
    move(place, "", ".1");
    append(place, "", "e\n");
}

static void rename_by_date(const struct place *place)
{
    move(place, "", "-20261122");
    append(place, "", "d\n");
}

static void rename_and_pack(const struct place *place)
{
    move(place, "", ".1");
    compress_file(place, ".1", ".1.gz");
    append(place, "", "d\n");
}

static void rename_pack_and_rename(const struct place *place)
{
    move(place, "", ".1");
    compress_file(place, ".1", ".2.gz");
    append(place, "", "d\n");
    move(place, "", ".1");
    append(place, "", "e\n");
}

static void copy_it(const struct place *place)
{
    copy_and_truncate(place, ".1");
    append(place, "", "d\n");
}

static void copy_and_grow(const struct place *place)
{
    copy_and_truncate(place, ".1");
    append(place, "", "d2345678\n");
}

static void copy_and_pack(const struct place *place)
{
    copy_and_truncate(place, ".1");
    compress_file(place, ".1", ".1.gz");
    append(place, "", "d\n");
}

static void move_elsewhere(const struct place *place)
{
    g_autofree char *other = g_build_filename(place->folder, "archived", NULL);

    assert_int_equal(rename(place->log, other), 0);
    append(place, "", "d\n");
}

static void pack_while_it_is_there(const struct place *place)
{
    move(place, "", ".1");
    append(place, ".1.gz", "\x1f\x8b\x08");
    append(place, "", "d\n");
}

static const struct rotation rotations[] = {
    {"renamed", rename_it, "[c\n][d\n"},
    {"renamed twice", rename_twice, "[c\n][d\n][e\n"},
    {"renamed by date", rename_by_date, "[c\n][d\n"},
    {"renamed, packed", rename_and_pack, "[c\n][d\n"},
    {"renamed, packed, renamed", rename_pack_and_rename, "[c\n][d\n][e\n"},
    {"copied", copy_it, "[c\n][d\n"},
    {"copied, grown", copy_and_grow, "[c\n][d2345678\n"},
    {"copied, packed", copy_and_pack, "[c\n][d\n"},
    {"moved elsewhere", move_elsewhere, "[c\n][d\n"},
    {"being packed", pack_while_it_is_there, "[c\n][d\n"},
};

static void what_was_rotated_while_nobody_looked_is_read_first(void **state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rotations); i++) {
        struct log_position position;
        void *inner = NULL;
        struct place *place;

        print_message("# %s\n", rotations[i].name);
        set_up(&inner);
        place = inner;
        begin(place, "a\nb\n");
        stop(place, &position);
        append(place, "", "c\n");
        rotations[i].rotate(place);
        assert_true(start(place, &position));
        let_time_pass(place);
        expect(place, rotations[i].wanted);
        tear_down(&inner);
    }
    (void)state;
}

static void where_the_file_is_gone_the_last_rotated_one_is_read_whole(void **state)
{
    struct place *place = *state;
    struct log_position position;

    begin(place, "a\nb\n");
    stop(place, &position);
    g_unlink(place->log);
    append(place, ".1", "c\n");
    append(place, "", "d\n");
    assert_false(start(place, &position));
    let_time_pass(place);
    expect(place, "[c\n][d\n");
}

static void a_position_of_an_empty_file_loses_nothing(void **state)
{
    struct place *place = *state;
    struct log_position position;

    append(place, "", "");
    place->tail = tail_new(place->log);
    expect(place, "");
    stop(place, &position);
    append(place, "", "b\n");
    copy_and_truncate(place, ".1");
    append(place, "", "c\n");
    assert_false(start(place, &position));
    let_time_pass(place);
    expect(place, "[b\n][c\n");
}

static void a_file_shorter_than_its_position_is_read_from_its_begin(void **state)
{
    struct place *place = *state;
    struct log_position position;

    begin(place, "a\nb\n");
    stop(place, &position);
    assert_int_equal(truncate(place->log, 2), 0);
    append(place, "", "");
    assert_false(start(place, &position));
    expect(place, "[a\n");
}

static void the_first_line_comes_with_a_begin_further_on(void **state)
{
    struct place *place = *state;
    struct log_position position;
    struct tail_piece piece;

    begin(place, "names,of,columns\n1,2,3\n");
    stop(place, &position);
    append(place, "", "4,5,6\n");
    assert_true(start(place, &position));
    assert_int_equal(tail_next(place->tail, 0, false, &piece), TAIL_BEGIN);
    assert_int_equal(piece.length, strlen("names,of,columns\n"));
    assert_memory_equal(piece.bytes, "names,of,columns\n", piece.length);
    expect(place, "4,5,6\n");
}

static void older_files_are_none_of_ours(void **state)
{
    struct place *place = *state;

    append(place, ".1", "old\n");
    append(place, ".2", "older\n");
    age(place, ".1", 10);
    age(place, ".2", 20);
    begin(place, "a\n");
    move(place, "", ".0");
    append(place, "", "b\n");
    let_time_pass(place);
    expect(place, "][b\n");
}

static void a_folder_is_no_log(void **state)
{
    struct place *place = *state;

    assert_int_equal(g_mkdir(place->log, 0700), 0);
    place->tail = tail_new(place->log);
    expect(place, "");
    assert_non_null(tail_problem(place->tail));
    g_rmdir(place->log);
    append(place, "", "a\n");
    expect(place, "[a\n");
    assert_null(tail_problem(place->tail));
}

static void a_pipe_is_not_waited_for(void **state)
{
    struct place *place = *state;

    assert_int_equal(mkfifo(place->log, 0600), 0);
    place->tail = tail_new(place->log);
    expect(place, "");
    assert_non_null(strstr(tail_problem(place->tail), "not a regular file"));
}

static void a_link_is_followed_to_where_its_file_is_rotated(void **state)
{
    struct place *place = *state;
    struct log_position position;
    g_autofree char *target = path_of(place, "-real");

    append(place, "-real", "a\n");
    assert_int_equal(symlink(target, place->log), 0);
    place->tail = tail_new(place->log);
    expect(place, "[a\n");
    stop(place, &position);
    append(place, "-real", "b\n");
    move(place, "-real", "-real.1");
    append(place, "-real", "c\n");
    assert_true(start(place, &position));
    let_time_pass(place);
    expect(place, "[b\n][c\n");
}

static void names_of_rotated_files_are_known(void **state)
{
    static const struct {
        const char *base;
        const char *name;
        bool is;
        guint64 order;
    } names[] = {
        {"mail.log", "mail.log.1", true, 1},
        {"mail.log", "mail.log.0", true, 0},
        {"mail.log", "mail.log.12.gz", true, 12},
        {"mail.log", "mail.log-20261122", true, 0},
        {"mail.log", "mail.log-20261122.xz", true, 0},
        {"mail.log", "mail.log-2026-11-22T07:00", true, 0},
        {"mail.log", "mail.log-1795330800.zst", true, 0},
        {"mail.log", "mail-20261122.log", true, 0},
        {"mail.log", "mail.1.log.bz2", true, 1},
        {"mail.log", "mail.log.old", true, 0},
        {"mail.log", "mail.log.old.gz", true, 0},
        {"mainlog", "mainlog.01", true, 1},
        {"maillog", "maillog.0.bz2", true, 0},
        {"mail.log", "mail.log", false, 0},
        {"mail.log", "mail.log.swp", false, 0},
        {"mail.log", "mail.log.1.swp", false, 0},
        {"mail.log", "mail.log.older", false, 0},
        {"mail.log", "mail.logger.1", false, 0},
        {"mail.log", "mail.err.1", false, 0},
        {"mail.log", "mail.1", false, 0},
        {"mail.log", "mail-1.err", false, 0},
        {"mail", "mail.log.1", false, 0},
        {"mail", "mail.1", true, 1},
        {".log", "-1.log", false, 0},
        {"mail.log", "mail.log.", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        guint64 order;
        print_message("# %s %s\n", names[i].base, names[i].name);
        assert_int_equal(rotation_is_name(names[i].base, names[i].name, &order), names[i].is);
        if (names[i].is)
            assert_int_equal(order, names[i].order);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_come_as_they_are_written),
        TEST(a_file_that_does_not_exist_yet_is_waited_for),
        TEST(what_is_there_can_be_skipped),
        TEST(a_renamed_file_is_read_to_its_end_and_some_seconds_longer),
        TEST(a_renamed_file_stays_until_the_next_one_has_something),
        TEST(a_file_that_is_written_to_for_ever_is_left_at_last),
        TEST(hurry_lingers_not),
        TEST(a_copied_and_truncated_file_goes_on_in_its_copy),
        TEST(truncation_is_seen_where_the_file_has_grown_past_its_old_size),
        TEST(truncation_is_seen_where_the_copy_was_packed_at_once),
        TEST(a_file_truncated_without_a_copy_begins_anew),
        TEST(a_file_truncated_while_an_older_one_is_read_loses_nothing),
        TEST(an_empty_file_copied_away_with_what_came_meanwhile_loses_nothing),
        TEST(a_copy_that_is_being_made_is_not_read_as_another_file),
        TEST(a_deleted_file_is_read_to_its_end),
        TEST(rotations_in_one_moment_lose_nothing),
        TEST(a_renamed_and_packed_file_is_read_once),
        TEST(many_rotations_are_all_read),
        TEST(a_restart_goes_on_where_it_stopped),
        TEST(what_was_rotated_while_nobody_looked_is_read_first),
        TEST(where_the_file_is_gone_the_last_rotated_one_is_read_whole),
        TEST(a_position_of_an_empty_file_loses_nothing),
        TEST(a_file_shorter_than_its_position_is_read_from_its_begin),
        TEST(the_first_line_comes_with_a_begin_further_on),
        TEST(older_files_are_none_of_ours),
        TEST(a_folder_is_no_log),
        TEST(a_pipe_is_not_waited_for),
        TEST(a_link_is_followed_to_where_its_file_is_rotated),
        TEST(names_of_rotated_files_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
