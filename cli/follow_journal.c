#include "cli/follow_journal.h"
#include "ingest/limits.h"
#include "schema/error.h"
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long journalctl may take to end. */
#define CHILD_ENDS_US 2000000
#define CHILD_POLL_US 5000

#define READ_BYTES ((size_t)64 << 10)
#define CURSOR_BYTES 512

/* Facility "mail", and what logs there under its own name only. */
static const char *const mail_servers[] = {
    "SYSLOG_FACILITY=2",       "+", "SYSLOG_IDENTIFIER=exim", "SYSLOG_IDENTIFIER=exim4",
    "SYSLOG_IDENTIFIER=halon",
};

struct follow_journal {
    char *path; /* FOLLOW_JOURNAL */
    struct follow_reader reader;
    struct follow_trail trail;
    char *const *matches; /* what is asked for besides; may be NULL */
    bool once;
    bool skip;          /* the first line is the last one of what is left out */
    gint64 started_at;  /* journal time in microseconds */
    char *cursor;       /* of the last line that was taken; NULL: none */
    gint64 taken_at;    /* journal time of it, in seconds */
    gint64 known_until; /* lines before, in journal time, were read by an earlier run */
    gint64 mute_until;  /* 0: not known yet */
    GPid pid;           /* 0: none */
    int fd;
    GString *line; /* that has not come whole yet */
    bool cut;
    char bytes[READ_BYTES];
};

struct follow_journal *follow_journal_new(const struct log_options *options,
                                          struct log_writer *writer,
                                          const struct log_position *position, bool from_end,
                                          bool once)
{
    struct follow_journal *journal = g_new0(struct follow_journal, 1);

    follow_reader_init(&journal->reader, options, writer);
    follow_trail_init(&journal->trail);
    journal->path = g_strdup(FOLLOW_JOURNAL);
    journal->once = once;
    journal->fd = -1;
    journal->line = g_string_new(NULL);
    journal->skip = position == NULL && from_end;
    if (position != NULL) {
        journal->cursor = g_strdup(position->cursor);
        journal->known_until = (gint64)position->offset;
    }
    return journal;
}

/* Whether it ended, or there is none. */
static bool has_ended(const struct follow_journal *journal, int *status, int options)
{
    pid_t ended;

    do
        ended = waitpid(journal->pid, status, options);
    while (ended < 0 && errno == EINTR);
    return ended != 0;
}

/* One that neither ends by itself nor when it is told to is ended. */
static void reap_child(struct follow_journal *journal, int *status)
{
    gint64 until = g_get_monotonic_time() + CHILD_ENDS_US;

    while (!has_ended(journal, status, WNOHANG)) {
        if (g_get_monotonic_time() < until) {
            g_usleep(CHILD_POLL_US);
            continue;
        }
        kill(journal->pid, SIGKILL);
        has_ended(journal, status, 0);
        break;
    }
    g_spawn_close_pid(journal->pid);
    journal->pid = 0;
}

static void end_child(struct follow_journal *journal, int *status)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
    if (journal->pid == 0)
        return;
    kill(journal->pid, SIGTERM);
    reap_child(journal, status);
}

void follow_journal_free(struct follow_journal *journal)
{
    int status;

    if (journal == NULL)
        return;
    end_child(journal, &status);
    follow_reader_clear(&journal->reader);
    follow_trail_clear(&journal->trail);
    g_free(journal->path);
    g_free(journal->cursor);
    g_string_free(journal->line, TRUE);
    g_free(journal);
}

void follow_journal_set_matches(struct follow_journal *journal, char *const *matches)
{
    journal->matches = matches;
}

bool follow_journal_is_match(const char *text)
{
    size_t name = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return name > 0 && text[name] == '=' && text[name + 1] != '\0';
}

static GPtrArray *child_arguments(const struct follow_journal *journal)
{
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(arguments, g_strdup("journalctl"));
    g_ptr_array_add(arguments, g_strdup("--output=json"));
    g_ptr_array_add(arguments, g_strdup("--all")); /* long fields too */
    g_ptr_array_add(arguments, g_strdup("--quiet"));
    g_ptr_array_add(arguments, g_strdup("--no-pager"));
    if (!journal->once)
        g_ptr_array_add(arguments, g_strdup("--follow"));
    if (journal->skip)
        g_ptr_array_add(arguments, g_strdup("--lines=1"));
    else if (!journal->once)
        g_ptr_array_add(arguments, g_strdup("--no-tail"));
    if (journal->cursor != NULL)
        g_ptr_array_add(arguments, g_strconcat("--after-cursor=", journal->cursor, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(mail_servers); i++)
        g_ptr_array_add(arguments, g_strdup(mail_servers[i]));
    for (char *const *match = journal->matches; match != NULL && *match != NULL; match++) {
        g_ptr_array_add(arguments, g_strdup("+"));
        g_ptr_array_add(arguments, g_strdup(*match));
    }
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

static void add_mark(struct follow_journal *journal, gint64 at)
{
    follow_trail_add(&journal->trail, (struct follow_mark){.at = at,
                                                           .total = journal->trail.total,
                                                           .cursor = g_strdup(journal->cursor)});
}

bool follow_journal_start(struct follow_journal *journal, GError **error)
{
    g_autoptr(GPtrArray) arguments = child_arguments(journal);
    g_autoptr(GError) problem = NULL;

    if (!g_spawn_async_with_pipes(NULL, (char **)arguments->pdata, NULL,
                                  G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                  &journal->pid, NULL, &journal->fd, NULL, &problem)) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_SYSTEM,
                    "the journal is read with journalctl, which cannot be run: %s",
                    problem->message);
        journal->pid = 0;
        journal->fd = -1;
        return false;
    }
    g_unix_set_fd_nonblocking(journal->fd, TRUE, NULL);
    journal->started_at = g_get_real_time();
    log_reader_begin(journal->reader.reader, 0);
    journal->reader.mute = journal->known_until > 0;
    add_mark(journal, 0);
    return true;
}

/* A field of an entry whose value holds no escape, as those have that journald itself makes. */
static struct span field(struct span line, const char *quoted_name)
{
    const char *at = span_find(line, quoted_name), *end = line.at + line.length, *close;

    if (at == NULL)
        return span_of(NULL, 0);
    at += strlen(quoted_name);
    while (at < end && (*at == ' ' || *at == ':'))
        at++;
    if (at >= end || *at != '"')
        return span_of(NULL, 0);
    close = memchr(at + 1, '"', (size_t)(end - at - 1));
    return close != NULL ? span_of(at + 1, (size_t)(close - at - 1)) : span_of(NULL, 0);
}

/* In microseconds; 0 where it is not told. */
static gint64 entry_time(struct span line)
{
    struct span text = field(line, "\"__REALTIME_TIMESTAMP\"");
    char digits[24] = "";

    memcpy(digits, text.at != NULL ? text.at : "", MIN(text.length, sizeof digits - 1));
    return g_ascii_strtoll(digits, NULL, 10);
}

/* It is handed to journalctl again, so it is nothing but what cursors are made of. */
static void keep_cursor(struct follow_journal *journal, struct span line)
{
    struct span cursor = field(line, "\"__CURSOR\"");

    if (cursor.length == 0 || cursor.length > CURSOR_BYTES)
        return;
    for (size_t i = 0; i < cursor.length; i++)
        if (!g_ascii_isalnum(cursor.at[i]) && strchr("=;-_", cursor.at[i]) == NULL)
            return;
    g_free(journal->cursor);
    journal->cursor = g_strndup(cursor.at, cursor.length);
}

static void set_mute(struct follow_journal *journal, gint64 at)
{
    if (journal->mute_until == 0)
        journal->mute_until = at + FOLLOW_WAITS_SECONDS;
    journal->reader.mute = at < journal->known_until && at < journal->mute_until;
}

static void take_line(struct follow_journal *journal, struct span line)
{
    gint64 micros = entry_time(line), at = micros / G_USEC_PER_SEC;
    gint64 before = follow_reader_last_at(&journal->reader);
    bool anywhere, wants = follow_trail_wants(&journal->trail, before, &anywhere);
    bool skip = journal->skip && micros < journal->started_at;

    journal->skip = false;
    if (!skip) {
        set_mute(journal, at);
        follow_reader_take(&journal->reader, line.at, line.length);
        if (wants && (anywhere ||
                      (at > journal->taken_at && follow_reader_last_at(&journal->reader) > before)))
            add_mark(journal, at);
    }
    keep_cursor(journal, line);
    if (skip) {
        follow_trail_clear(&journal->trail);
        add_mark(journal, at);
    }
    journal->taken_at = MAX(journal->taken_at, at);
    journal->trail.total += line.length;
}

/* An entry that is longer than any of ours is left out. */
static void take_bytes(struct follow_journal *journal, const char *bytes, size_t length)
{
    const char *newline;

    while ((newline = memchr(bytes, '\n', length)) != NULL) {
        size_t part = (size_t)(newline + 1 - bytes);
        if (!journal->cut) {
            g_string_append_len(journal->line, bytes, (gssize)part);
            take_line(journal, span_of(journal->line->str, journal->line->len));
        }
        g_string_truncate(journal->line, 0);
        journal->cut = false;
        bytes += part;
        length -= part;
    }
    journal->cut = journal->cut || journal->line->len + length > LIMIT_JOURNAL_ENTRY_BYTES;
    if (!journal->cut)
        g_string_append_len(journal->line, bytes, (gssize)length);
}

static enum follow_journal_state ended(struct follow_journal *journal, char **problem)
{
    int status = 0;

    /* It has closed its output, so it goes by itself and is not to be told so. */
    if (journal->pid != 0)
        reap_child(journal, &status);
    end_child(journal, &status);
    if (journal->once && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return FOLLOW_JOURNAL_DONE;
    *problem = WIFSIGNALED(status)
                   ? g_strdup_printf("journalctl was ended by signal %d", WTERMSIG(status))
                   : g_strdup_printf("journalctl ended with exit status %d", WEXITSTATUS(status));
    return FOLLOW_JOURNAL_DIED;
}

enum follow_journal_state follow_journal_read(struct follow_journal *journal, char **problem)
{
    gint64 until = g_get_monotonic_time() + FOLLOW_TURN_US;

    while (!log_writer_is_full(journal->reader.writer) && g_get_monotonic_time() < until) {
        ssize_t got = read(journal->fd, journal->bytes, READ_BYTES);
        if (got < 0 && errno == EAGAIN)
            return FOLLOW_JOURNAL_WAITS;
        if (got == 0 || (got < 0 && errno != EINTR))
            return ended(journal, problem);
        if (got > 0)
            take_bytes(journal, journal->bytes, (size_t)got);
    }
    return FOLLOW_JOURNAL_MORE;
}

int follow_journal_fd(const struct follow_journal *journal)
{
    return journal->fd;
}

void follow_journal_settle(struct follow_journal *journal)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    follow_reader_settle(&journal->reader, MAX(0, now - follow_reader_last_at(&journal->reader)));
}

bool follow_journal_position(const struct follow_journal *journal, struct log_position *position)
{
    const struct follow_mark *mark = g_queue_peek_head((GQueue *)&journal->trail.marks);

    if (mark == NULL || journal->cursor == NULL)
        return false;
    *position = (struct log_position){
        .path = journal->path,
        .offset = (guint64)MAX(journal->taken_at, journal->known_until),
        .cursor = mark->cursor,
    };
    return true;
}

struct follow_reader *follow_journal_reader(struct follow_journal *journal)
{
    return &journal->reader;
}
