/*
 * rotator LOG LINES SEED COUNT-COMMAND LOCK: writes the log of a busy mail server and rotates it in
 * every way, at random. Each line is a delivery with a queue id of its own; each tenth failed.
 * COUNT-COMMAND prints how many lines were counted so far. While the file LOCK is locked whoever
 * counts must not be killed: only then is a file deleted that has lines which nobody has read.
 * Prints how often it was rotated in which way.
 */
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROTATE_MIN 200
#define ROTATE_MAX 2500
#define LINES_A_SECOND 10 /* of the log's time */
#define PAUSE_LINES 40
#define PAUSE_US 12000
#define LATE_LINES 30
#define KEPT_MAX 2000
#define COUNT_TRIES 600

struct rotator {
    const char *log;
    const char *count;
    int lock;
    int fd;
    GRand *rand;
    guint written;
    guint lines;
    guint kept; /* LOG.1 ... LOG.kept, each maybe with .gz */
};

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static int open_log(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);

    if (fd < 0)
        fail(path);
    return fd;
}

static void write_line(struct rotator *rotator)
{
    guint number = rotator->written++, second = number / LINES_A_SECOND;
    bool failed = number % 10 == 9;
    g_autofree char *line = g_strdup_printf(
        "2026-11-22T%02u:%02u:%02u.%06u+00:00 mail postfix/smtp[%u]: 4%06X: to=<user@d%u.example>, "
        "relay=mx.example.net[192.0.2.25]:25, delay=1, delays=0.1/0/0.4/0.5, dsn=%s, status=%s\n",
        second / 3600, second / 60 % 60, second % 60, number, 100 + number % 7, number, number % 20,
        failed ? "4.7.4" : "2.0.0",
        failed ? "deferred (TLS is required, but was not offered by host "
                 "mx.example.net[192.0.2.25])"
               : "sent (250 2.0.0 Ok)");
    size_t length = strlen(line), first = length;

    /* Now and then a line comes in two pieces. */
    if (g_rand_int_range(rotator->rand, 0, 50) == 0)
        first = (size_t)g_rand_int_range(rotator->rand, 1, (gint32)length);
    if (write(rotator->fd, line, first) != (ssize_t)first)
        fail("write");
    if (first < length && write(rotator->fd, line + first, length - first) < 0)
        fail("write");
    if (number % PAUSE_LINES == 0)
        g_usleep(PAUSE_US);
}

static void write_lines(struct rotator *rotator, guint count)
{
    while (count-- > 0 && rotator->written < rotator->lines)
        write_line(rotator);
}

static char *kept_name(const struct rotator *rotator, guint number, bool packed)
{
    return g_strdup_printf("%s.%u%s", rotator->log, number, packed ? ".gz" : "");
}

/* LOG.1 becomes LOG.2 and so on, the last one first. */
static void shift(struct rotator *rotator)
{
    if (rotator->kept >= KEPT_MAX)
        exit(3);
    for (guint number = rotator->kept++; number > 0; number--) {
        for (guint packed = 0; packed < 2; packed++) {
            g_autofree char *from = kept_name(rotator, number, packed);
            g_autofree char *to = kept_name(rotator, number + 1, packed);
            if (access(from, F_OK) == 0 && rename(from, to) != 0)
                fail(from);
        }
    }
}

static void rename_log(struct rotator *rotator)
{
    g_autofree char *first = kept_name(rotator, 1, false);

    shift(rotator);
    if (rename(rotator->log, first) != 0)
        fail(first);
}

static void reopen(struct rotator *rotator)
{
    close(rotator->fd);
    rotator->fd = open_log(rotator->log);
}

static void rename_and_create(struct rotator *rotator)
{
    rename_log(rotator);
    reopen(rotator);
}

/* As a syslog daemon does that was not told. */
static void rename_and_go_on(struct rotator *rotator)
{
    rename_log(rotator);
    write_lines(rotator, (guint)g_rand_int_range(rotator->rand, 1, LATE_LINES));
    reopen(rotator);
}

static void rename_create_and_go_on(struct rotator *rotator)
{
    rename_log(rotator);
    close(open_log(rotator->log));
    write_lines(rotator, (guint)g_rand_int_range(rotator->rand, 1, LATE_LINES));
    reopen(rotator);
}

static void rename_by_date(struct rotator *rotator)
{
    g_autofree char *name = g_strdup_printf("%s-20261122-%06u", rotator->log, rotator->written);

    if (rename(rotator->log, name) != 0)
        fail(name);
    reopen(rotator);
}

static void copy_and_truncate(struct rotator *rotator)
{
    g_autofree char *first = kept_name(rotator, 1, false), *bytes = NULL;
    gsize length;
    int fd;

    shift(rotator);
    if (!g_file_get_contents(rotator->log, &bytes, &length, NULL))
        fail(rotator->log);
    fd = open_log(first);
    /* In pieces, as cp does. */
    for (gsize done = 0; done < length;) {
        ssize_t put = write(fd, bytes + done, MIN(length - done, 32768));
        if (put < 0)
            fail(first);
        done += (gsize)put;
        g_usleep(200);
    }
    close(fd);
    if (ftruncate(rotator->fd, 0) != 0)
        fail("ftruncate");
}

static void pack_one(struct rotator *rotator)
{
    g_autofree char *name = kept_name(
        rotator, (guint)g_rand_int_range(rotator->rand, 1, (gint32)MIN(rotator->kept, 4) + 1),
        false);
    g_autofree char *command = g_strdup_printf("gzip '%s'", name);

    if (access(name, F_OK) == 0 && system(command) != 0)
        fail(command);
}

static void rename_and_pack(struct rotator *rotator)
{
    rename_and_create(rotator);
    pack_one(rotator);
}

static void copy_truncate_and_pack(struct rotator *rotator)
{
    copy_and_truncate(rotator);
    pack_one(rotator);
}

static void rename_twice(struct rotator *rotator)
{
    rename_and_create(rotator);
    write_lines(rotator, (guint)g_rand_int_range(rotator->rand, 0, LATE_LINES));
    rename_and_create(rotator);
}

static guint counted(const struct rotator *rotator)
{
    FILE *pipe = popen(rotator->count, "r");
    guint count = 0;

    if (pipe == NULL)
        fail(rotator->count);
    if (fscanf(pipe, "%u", &count) != 1)
        count = 0;
    pclose(pipe);
    return count;
}

static void wait_until_counted(const struct rotator *rotator)
{
    for (guint i = 0; i < COUNT_TRIES && counted(rotator) < rotator->written; i++)
        g_usleep(100000);
}

static void delete_and_create(struct rotator *rotator)
{
    if (flock(rotator->lock, LOCK_EX) != 0)
        fail("flock");
    wait_until_counted(rotator);
    write_lines(rotator, LATE_LINES);
    if (unlink(rotator->log) != 0)
        fail(rotator->log);
    reopen(rotator);
    write_lines(rotator, LATE_LINES);
    wait_until_counted(rotator);
    flock(rotator->lock, LOCK_UN);
}

static const struct {
    const char *name;
    void (*rotate)(struct rotator *rotator);
    guint share; /* in 100 */
} ways[] = {
    {"renamed and made anew", rename_and_create, 20},
    {"renamed and written to on", rename_and_go_on, 15},
    {"renamed, made anew, the old one written to on", rename_create_and_go_on, 10},
    {"renamed by date", rename_by_date, 10},
    {"renamed and packed", rename_and_pack, 12},
    {"copied and truncated", copy_and_truncate, 15},
    {"copied, truncated and packed", copy_truncate_and_pack, 8},
    {"renamed twice", rename_twice, 8},
    {"deleted", delete_and_create, 2},
};

int main(int argc, char **argv)
{
    struct rotator rotator = {0};
    guint counts[G_N_ELEMENTS(ways)] = {0};

    if (argc != 6)
        return 2;
    rotator.log = argv[1];
    rotator.lines = (guint)strtoul(argv[2], NULL, 10);
    rotator.rand = g_rand_new_with_seed((guint32)strtoul(argv[3], NULL, 10));
    rotator.count = argv[4];
    rotator.lock = open_log(argv[5]);
    rotator.fd = open_log(rotator.log);
    while (rotator.written < rotator.lines) {
        guint dice = (guint)g_rand_int_range(rotator.rand, 0, 100), way = 0;
        write_lines(&rotator, (guint)g_rand_int_range(rotator.rand, ROTATE_MIN, ROTATE_MAX));
        while (dice >= ways[way].share)
            dice -= ways[way++].share;
        ways[way].rotate(&rotator);
        counts[way]++;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++)
        printf("%u %s\n", counts[i], ways[i].name);
    g_rand_free(rotator.rand);
    return 0;
}
