#include "cli/follow_logs.h"
#include "cli/follow_file.h"
#include "cli/follow_journal.h"
#include "cli/intake_log.h"
#include "cli/pause.h"
#include "schema/error.h"

/* What was read is written after so long; a mere position, which only saves reading again, later.
 */
#define WRITE_US ((gint64)G_USEC_PER_SEC)
#define POSITION_US (10 * WRITE_US)

struct follow_logs {
    struct cli *cli;
    const struct follow_wish *wish;
    const struct log_options *options;
    struct log_writer *writer;
    GPtrArray *files;    /* struct follow_file * */
    GHashTable *told_of; /* path -> problem that was said */
    struct follow_journal *journal;
    struct pause pause; /* before journalctl is begun again */
    bool journal_done;
    guint64 written_told; /* events of all readers, when they were written last */
    gint64 written_at;    /* monotonic time */
    bool fed;             /* something was read since; at first, something is to be remembered */
    bool watches;
};

static void free_file(gpointer file)
{
    follow_file_free(file);
}

static bool open_file(struct follow_logs *logs, const char *path, GError **error)
{
    struct log_position position = {0};
    bool found;

    if (!store_get_log_position(logs->cli->store, path, &position, &found, error))
        return false;
    g_ptr_array_add(logs->files, follow_file_new(path, logs->options, logs->writer,
                                                 found ? &position : NULL, logs->wish->from_end));
    log_position_clear(&position);
    return true;
}

static bool start_journal(struct follow_logs *logs, const struct log_position *position,
                          GError **error)
{
    logs->journal = follow_journal_new(logs->options, logs->writer, position, logs->wish->from_end,
                                       logs->wish->once);
    follow_journal_set_matches(logs->journal, logs->wish->matches);
    return follow_journal_start(logs->journal, error);
}

static bool open_journal(struct follow_logs *logs, GError **error)
{
    struct log_position position = {0};
    bool found, ok;

    if (!store_get_log_position(logs->cli->store, FOLLOW_JOURNAL, &position, &found, error))
        return false;
    ok = start_journal(logs, found ? &position : NULL, error);
    log_position_clear(&position);
    return ok;
}

struct follow_logs *follow_logs_open(struct cli *cli, const struct follow_wish *wish,
                                     const struct log_options *options, GError **error)
{
    struct follow_logs *logs = g_new0(struct follow_logs, 1);
    bool ok = true;

    logs->cli = cli;
    logs->wish = wish;
    logs->options = options;
    logs->writer = log_writer_new(cli->store);
    logs->fed = true;
    logs->files = g_ptr_array_new_with_free_func(free_file);
    logs->told_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (char **path = wish->paths; ok && path != NULL && *path != NULL; path++)
        ok = open_file(logs, *path, error);
    if (ok && wish->paths == NULL)
        ok = open_journal(logs, error);
    if (ok)
        return logs;
    follow_logs_close(logs);
    return NULL;
}

void follow_logs_close(struct follow_logs *logs)
{
    if (logs == NULL)
        return;
    g_ptr_array_unref(logs->files);
    g_hash_table_unref(logs->told_of);
    follow_journal_free(logs->journal);
    log_writer_free(logs->writer);
    g_free(logs);
}

/* A problem is said when it comes up, not each time it is met. */
static void tell_problem(struct follow_logs *logs, struct follow_file *file)
{
    const char *path = follow_file_path(file), *problem = follow_file_problem(file);

    if (problem == NULL) {
        g_hash_table_remove(logs->told_of, path);
    } else if (g_strcmp0(g_hash_table_lookup(logs->told_of, path), problem) != 0) {
        cli_complain(logs->cli, "%s", problem);
        g_hash_table_insert(logs->told_of, g_strdup(path), g_strdup(problem));
    }
}

bool follow_logs_have_problem(const struct follow_logs *logs)
{
    return g_hash_table_size(logs->told_of) > 0;
}

static bool read_file(struct follow_logs *logs, struct follow_file *file)
{
    gint64 before = follow_file_reader(file)->fed_at;
    bool more = follow_file_read(file, logs->wish->once);

    logs->fed |= follow_file_reader(file)->fed_at != before;
    tell_problem(logs, file);
    if (!more && !logs->wish->once)
        follow_reader_settle_if_quiet(follow_file_reader(file));
    return more;
}

/* With what it has read so far, and a reader that knows nothing yet. */
static bool restart_journal(struct follow_logs *logs, GError **error)
{
    struct follow_journal *before = logs->journal;
    struct log_position position;
    bool found = follow_journal_position(before, &position), ok;

    ok = start_journal(logs, found ? &position : NULL, error);
    follow_journal_free(before);
    return ok;
}

static bool journal_died(struct follow_logs *logs, const char *problem, GError **error)
{
    if (logs->wish->once) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_INPUT, "%s", problem);
        return false;
    }
    if (!logs->pause.told)
        cli_complain(logs->cli, "%s; it is begun again", problem);
    logs->pause.told = true;
    pause_begin(&logs->pause);
    return true;
}

static bool read_journal(struct follow_logs *logs, bool *more, GError **error)
{
    gint64 before = follow_journal_reader(logs->journal)->fed_at;
    g_autofree char *problem = NULL;
    enum follow_journal_state state;

    *more = false;
    if (logs->journal_done || pause_lasts(&logs->pause))
        return true;
    if (follow_journal_fd(logs->journal) < 0 && !restart_journal(logs, error))
        return false;
    state = follow_journal_read(logs->journal, &problem);
    *more = state == FOLLOW_JOURNAL_MORE;
    logs->journal_done = state == FOLLOW_JOURNAL_DONE;
    if (follow_journal_reader(logs->journal)->fed_at != before) {
        logs->fed = true;
        pause_end(&logs->pause);
    }
    if (state == FOLLOW_JOURNAL_WAITS)
        follow_reader_settle_if_quiet(follow_journal_reader(logs->journal));
    return state != FOLLOW_JOURNAL_DIED || journal_died(logs, problem, error);
}

bool follow_logs_read(struct follow_logs *logs, enum follow_read *what, GError **error)
{
    bool more = false;

    for (guint i = 0; i < logs->files->len; i++)
        more |= read_file(logs, g_ptr_array_index(logs->files, i));
    if (logs->journal != NULL && !read_journal(logs, &more, error))
        return false;
    *what = log_writer_is_full(logs->writer) ? FOLLOW_FULL : more ? FOLLOW_MORE : FOLLOW_IDLE;
    return true;
}

bool follow_logs_have_ended(const struct follow_logs *logs)
{
    return logs->journal == NULL || logs->journal_done;
}

void follow_logs_forget_context(struct follow_logs *logs)
{
    for (guint i = 0; i < logs->files->len; i++)
        follow_file_forget_context(g_ptr_array_index(logs->files, i));
}

void follow_logs_settle(struct follow_logs *logs)
{
    for (guint i = 0; i < logs->files->len; i++)
        follow_file_settle(g_ptr_array_index(logs->files, i));
    if (logs->journal != NULL)
        follow_journal_settle(logs->journal);
}

static guint64 count_told(const struct follow_logs *logs)
{
    guint64 told = 0;

    for (guint i = 0; i < logs->files->len; i++)
        told += follow_file_reader(g_ptr_array_index(logs->files, i))->told;
    return told + (logs->journal != NULL ? follow_journal_reader(logs->journal)->told : 0);
}

bool follow_logs_are_due(const struct follow_logs *logs)
{
    gint64 since = g_get_monotonic_time() - logs->written_at;

    return log_writer_is_full(logs->writer) || (logs->fed && since >= POSITION_US) ||
           (since >= WRITE_US && count_told(logs) != logs->written_told);
}

static bool put_logs(struct follow_logs *logs, GError **error)
{
    struct store *store = logs->cli->store;
    gint64 now = cli_clock(logs->cli);
    struct log_position position;

    for (guint i = 0; i < logs->files->len; i++) {
        struct follow_file *file = g_ptr_array_index(logs->files, i);
        if (!intake_log_note(store, follow_file_reader(file)->reader, error) ||
            (follow_file_position(file, &position) &&
             !store_put_log_position(store, &position, now, error)))
            return false;
    }
    return logs->journal == NULL ||
           (intake_log_note(store, follow_journal_reader(logs->journal)->reader, error) &&
            (!follow_journal_position(logs->journal, &position) ||
             store_put_log_position(store, &position, now, error)));
}

/* The store stands under another name, or under none: what is written would be lost with it. */
static bool is_in_place(struct follow_logs *logs, GError **error)
{
    if (!store_has_moved(logs->cli->store))
        return true;
    g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_STORE, "%s: is there no more",
                store_path(logs->cli->store));
    return false;
}

enum follow_written follow_logs_write(struct follow_logs *logs, GError **error)
{
    struct store_log_counts counts = {0};
    GError *problem = NULL;
    bool ok;

    if (!is_in_place(logs, error))
        return FOLLOW_ANEW;
    if (!store_begin(logs->cli->store, error)) {
        log_writer_settle(logs->writer, false, &counts);
        return FOLLOW_LATER;
    }
    ok = put_logs(logs, &problem) && log_writer_write(logs->writer, &problem) &&
         store_commit(logs->cli->store, &problem);
    if (!ok)
        store_rollback(logs->cli->store);
    log_writer_settle(logs->writer, ok, &counts);
    if (ok) {
        logs->written_told = count_told(logs);
        logs->written_at = g_get_monotonic_time();
        logs->fed = false;
        return FOLLOW_WRITTEN;
    }
    ok = g_error_matches(problem, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_TWICE);
    g_propagate_error(error, problem);
    return ok ? FOLLOW_NEVER : FOLLOW_ANEW;
}

void follow_logs_watch(struct follow_logs *logs, struct watch *watch)
{
    for (guint i = 0; i < logs->files->len; i++) {
        struct follow_file *file = g_ptr_array_index(logs->files, i);
        if (follow_file_has_moved(file) || !logs->watches)
            watch_path(watch, follow_file_path(file));
    }
    logs->watches = true;
}

int follow_logs_fd(const struct follow_logs *logs)
{
    return logs->journal != NULL && !pause_lasts(&logs->pause) ? follow_journal_fd(logs->journal)
                                                               : -1;
}
