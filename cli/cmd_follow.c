#include "cli/cli.h"
#include "cli/config.h"
#include "cli/follow_journal.h"
#include "cli/follow_logs.h"
#include "cli/follow_notify.h"
#include "cli/log_options.h"
#include "cli/pause.h"
#include "ingest/log/watch.h"
#include "schema/error.h"
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without a change that we are told of, files are looked at so often: over a network, say. */
#define LOOK_MS 2000

/* After a change so long is waited for more of them: a busy log wakes us a few times a second. */
#define GATHER_US 250000

/* Shorter than others wait: what can be read meanwhile is read. */
#define BUSY_MS 5000

/* Once it is to end, so long is waited for the store in all; what is not written is read again. */
#define LAST_WAIT_US G_USEC_PER_SEC

struct follow {
    struct cli *cli;
    struct follow_wish wish;
    struct log_options options;
    char *store_path;
    struct watch *watch;
    struct follow_logs *logs; /* NULL: not open, the store is not to be had */
    struct pause pause;       /* before the store is tried again */
    bool stop;
    gint64 stop_at; /* monotonic time */
    bool reload;
};

static gboolean on_stop(gpointer data)
{
    struct follow *follow = data;

    if (!follow->stop)
        follow->stop_at = g_get_monotonic_time();
    follow->stop = true;
    return G_SOURCE_CONTINUE;
}

static gboolean on_reload(gpointer data)
{
    ((struct follow *)data)->reload = true;
    return G_SOURCE_CONTINUE;
}

static gboolean on_change(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    *(bool *)data = true;
    return G_SOURCE_CONTINUE;
}

static gboolean on_time(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_CONTINUE;
}

static guint wait_on(int fd, bool *changed)
{
    return fd >= 0 ? g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_change, changed) : 0;
}

/* For a change or a signal, but not for long. */
static void wait_for_news(struct follow *follow)
{
    bool changed = false, over = false;
    guint sources[] = {
        g_timeout_add(LOOK_MS, on_time, &over),
        wait_on(watch_fd(follow->watch), &changed),
        wait_on(follow->logs != NULL ? follow_logs_fd(follow->logs) : -1, &changed),
    };

    while (!changed && !over && !follow->stop && !follow->reload)
        g_main_context_iteration(NULL, TRUE);
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
        if (sources[i] != 0)
            g_source_remove(sources[i]);
    if (changed && !follow->stop)
        g_usleep(GATHER_US);
    watch_clear(follow->watch);
}

static void heed_signals(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* Whether the store is waited for further. */
static bool waits(void *data)
{
    const struct follow *follow = data;

    heed_signals();
    return !follow->stop || g_get_monotonic_time() - follow->stop_at < LAST_WAIT_US;
}

/* Someone has to do something before another try makes sense. */
static bool is_final(const GError *error)
{
    return error->domain == TLSTRIAGE_ERROR &&
           (error->code == TLSTRIAGE_ERROR_NEWER || error->code == TLSTRIAGE_ERROR_FOREIGN ||
            error->code == TLSTRIAGE_ERROR_OUTDATED || error->code == TLSTRIAGE_ERROR_TWICE ||
            error->code == TLSTRIAGE_ERROR_SYSTEM);
}

static void close_all(struct follow *follow)
{
    g_clear_pointer(&follow->logs, follow_logs_close);
    g_clear_pointer(&follow->cli->store, store_close);
}

/* Tries again later; says so the first time. With --once, or if that is of no use, false. */
static bool put_off(struct follow *follow, GError *error, int *status)
{
    if (follow->wish.once || is_final(error)) {
        *status = cli_fail(follow->cli, error);
        return false;
    }
    if (!follow->pause.told)
        cli_complain(follow->cli, "%s; %s", error->message,
                     follow->stop ? "what was not written is read again by the next run"
                                  : "it is tried again, and the logs wait");
    follow->pause.told = true;
    pause_begin(&follow->pause);
    g_error_free(error);
    return true;
}

static void all_is_well(struct follow *follow)
{
    if (follow->pause.told)
        cli_complain(follow->cli, "the store can be written again");
    pause_end(&follow->pause);
}

static bool open_store(struct follow *follow, GError **error)
{
    struct cli *cli = follow->cli;

    if (cli->store != NULL)
        return true;
    /* One that is gone may come back; an empty one in its place would know nothing. */
    if (access(follow->store_path, F_OK) != 0) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_STORE, "%s: %s", follow->store_path,
                    g_strerror(errno));
        return false;
    }
    cli->store = store_open(follow->store_path, STORE_WRITE, error);
    return cli->store != NULL;
}

static bool open_logs(struct follow *follow, int *status)
{
    GError *error = NULL;

    if (follow->logs != NULL || pause_lasts(&follow->pause))
        return true;
    if (open_store(follow, &error)) {
        store_set_waits(follow->cli->store, waits, follow);
        if (!follow->wish.once)
            store_set_busy_ms(follow->cli->store, BUSY_MS);
        follow->logs = follow_logs_open(follow->cli, &follow->wish, &follow->options, &error);
    }
    return follow->logs != NULL || put_off(follow, error, status);
}

static bool write_logs(struct follow *follow, int *status)
{
    GError *error = NULL;
    enum follow_written written = follow_logs_write(follow->logs, &error);

    if (written == FOLLOW_WRITTEN) {
        all_is_well(follow);
        return true;
    }
    if (written == FOLLOW_ANEW)
        close_all(follow);
    return put_off(follow, error, status);
}

/* The logs are begun anew as the configuration has them; they go on where they were left off. */
static bool reload(struct follow *follow, int *status)
{
    GError *error = NULL;
    struct cli *cli = follow->cli;
    struct site *site = config_read(cli->config, &error);
    struct site *before = cli->site;

    follow->reload = false;
    if (site == NULL) {
        cli_complain(cli, "%s; the configuration stays as it was", error->message);
        g_error_free(error);
        return true;
    }
    if (follow->logs != NULL && g_strcmp0(site->log_timezone, before->log_timezone) != 0)
        follow_logs_forget_context(follow->logs);
    if (follow->logs != NULL && !write_logs(follow, status)) {
        site_free(site);
        return false;
    }
    g_clear_pointer(&follow->logs, follow_logs_close);
    cli->site = site;
    site_free(before);
    log_options_clear(&follow->options);
    cli_complain(cli, "the configuration was read again");
    *status = EXIT_TROUBLE;
    return log_options_set(cli, follow->wish.timezone, &follow->options);
}

/* One round: reads what there is, writes when it is time. */
static bool work(struct follow *follow, enum follow_read *what, int *status)
{
    GError *error = NULL;

    *what = FOLLOW_IDLE;
    if (!open_logs(follow, status))
        return false;
    if (follow->logs == NULL)
        return true;
    if (!follow_logs_read(follow->logs, what, &error)) {
        *status = cli_fail(follow->cli, error);
        return false;
    }
    follow_logs_watch(follow->logs, follow->watch);
    return !follow_logs_are_due(follow->logs) || pause_lasts(&follow->pause) ||
           write_logs(follow, status);
}

static int finish(struct follow *follow)
{
    int status = EXIT_DONE;

    if (follow->logs == NULL)
        return EXIT_DONE;
    if (follow->wish.once) {
        follow_logs_settle(follow->logs);
        if (follow_logs_have_problem(follow->logs))
            status = EXIT_TROUBLE;
    }
    /* What cannot be written now is read again by the next run. */
    write_logs(follow, &status);
    return status;
}

static int run(struct follow *follow)
{
    enum follow_read what;
    bool ready = false;
    int status = EXIT_DONE;

    while (!follow->stop) {
        if (follow->reload && !reload(follow, &status))
            return status;
        if (!work(follow, &what, &status))
            return status;
        if (!ready)
            follow_notify("READY=1");
        ready = true;
        if (what == FOLLOW_IDLE && follow->wish.once && follow_logs_have_ended(follow->logs))
            break;
        if (what == FOLLOW_MORE)
            heed_signals();
        else if (what == FOLLOW_IDLE || pause_lasts(&follow->pause))
            wait_for_news(follow);
    }
    follow_notify("STOPPING=1");
    return finish(follow);
}

/* What is not there yet is waited for; not in silence, as many systems log to the journal only. */
static bool may_read(struct follow *follow, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    bool regular;

    if (fd < 0) {
        bool may_come = errno == ENOENT;
        cli_complain(follow->cli, "%s: %s", path,
                     may_come ? "does not exist yet, and is read when it does; where the mail "
                                "server logs to the journal only, take --journal"
                              : g_strerror(errno));
        return may_come;
    }
    regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    close(fd);
    if (!regular)
        cli_complain(follow->cli, "%s: not a regular file", path);
    return regular;
}

static int start(struct follow *follow)
{
    guint sources[] = {
        g_unix_signal_add(SIGTERM, on_stop, follow),
        g_unix_signal_add(SIGINT, on_stop, follow),
        g_unix_signal_add(SIGHUP, on_reload, follow),
    };
    int status;

    follow->watch = watch_new();
    status = run(follow);
    close_all(follow);
    watch_free(follow->watch);
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
        g_source_remove(sources[i]);
    return status;
}

/* A file is remembered by its whole name, and followed once. */
static char **whole_paths(char **paths)
{
    GPtrArray *whole = g_ptr_array_new();

    for (char **path = paths; *path != NULL; path++) {
        char *name = g_canonicalize_filename(*path, NULL);
        if (g_ptr_array_find_with_equal_func(whole, name, g_str_equal, NULL))
            g_free(name);
        else
            g_ptr_array_add(whole, name);
    }
    g_ptr_array_add(whole, NULL);
    return (char **)g_ptr_array_free(whole, FALSE);
}

static int follow_paths(struct follow *follow)
{
    int status = EXIT_USAGE;

    for (char **path = follow->wish.paths; path != NULL && *path != NULL; path++)
        if (!may_read(follow, *path))
            return EXIT_TROUBLE;
    if (!log_options_set(follow->cli, follow->wish.timezone, &follow->options))
        return status;
    status = EXIT_TROUBLE;
    if (cli_open_store(follow->cli, STORE_WRITE)) {
        follow->store_path = g_strdup(store_path(follow->cli->store));
        status = start(follow);
    }
    g_free(follow->store_path);
    log_options_clear(&follow->options);
    return status;
}

/* Whether the arguments make sense together; says what does not. */
static bool is_wish(const struct cli *cli, bool journal, char **paths, char **matches)
{
    if (journal == (paths != NULL)) {
        cli_complain(cli, journal ? "--journal takes no files"
                                  : "nothing to follow: name files, or --journal");
        return false;
    }
    if (matches != NULL && !journal) {
        cli_complain(cli, "--match goes with --journal");
        return false;
    }
    for (char **match = matches; match != NULL && *match != NULL; match++)
        if (!follow_journal_is_match(*match)) {
            cli_complain(cli, "--match: not FIELD=VALUE, as journalctl takes it: %s", *match);
            return false;
        }
    return true;
}

int cmd_follow(struct cli *cli, int argc, char **argv)
{
    gboolean journal = FALSE, once = FALSE, from_end = FALSE;
    g_auto(GStrv) paths = NULL, whole = NULL, matches = NULL;
    g_autofree char *timezone = NULL;
    const GOptionEntry entries[] = {
        {"journal", 0, 0, G_OPTION_ARG_NONE, &journal, "Follow the systemd journal", NULL},
        {"match", 0, 0, G_OPTION_ARG_STRING_ARRAY, &matches,
         "Of the journal, read what has this in a field as well", "FIELD=VALUE"},
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "Read what there is, and end", NULL},
        {"from-end", 0, 0, G_OPTION_ARG_NONE, &from_end,
         "Of a log that is new here, leave out what it has already", NULL},
        LOG_OPTIONS_TIMEZONE(&timezone),
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct follow follow = {.cli = cli};
    int status;

    if (!cli_parse(cli, &argc, &argv, entries,
                   "Reads the mail server's log into the store as it grows, across rotation, and\n"
                   "goes on where it stopped. A file that does not exist yet is waited for.\n"
                   "SIGTERM ends it, SIGHUP has it read the configuration again.\n\n"
                   "Exit status: 0 ended by a signal or --once, 2 usage, 3 a log may not be read,\n"
                   "the store is of no use, or the log was read already from the other of file\n"
                   "and journal.",
                   &status))
        return status;
    if (!is_wish(cli, journal, paths, matches))
        return EXIT_USAGE;
    whole = paths != NULL ? whole_paths(paths) : NULL;
    follow.wish = (struct follow_wish){whole, matches, once, from_end, timezone};
    return follow_paths(&follow);
}
