#include "cli/cli.h"
#include "cli/intake.h"
#include "cli/log_options.h"
#include "cli/terminal.h"
#include "schema/error.h"
#include "schema/store_overview.h"
#include <stdio.h>
#include <unistd.h>

static void show_progress(const struct input *input, const struct store_counts *counts, void *data)
{
    (void)data;
    terminal_progress(input_bytes_read(input), input_bytes_total(input),
                      counts->new_reports + counts->known + counts->new_dmarc +
                          counts->known_dmarc);
}

static void append_count(GString *line, guint count, const char *one, const char *many)
{
    if (count > 0)
        g_string_append_printf(line, ", %u %s", count, count == 1 ? one : many);
}

/* "1 log of 1000000 lines: 54000 sessions and 1700 failures new, 0 already known" */
static void print_log_summary(const struct cli *cli, const struct intake_log_counts *logs)
{
    const struct store_log_counts *stored = &logs->stored;
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_append_printf(line, "%u %s of %" G_GUINT64_FORMAT " %s: ", logs->logs,
                           logs->logs == 1 ? "log" : "logs", logs->lines.lines,
                           logs->lines.lines == 1 ? "line" : "lines");
    if (logs->lines.ours == 0)
        g_string_append(line, "none of a mail server that is known here");
    else
        g_string_append_printf(line,
                               "%" G_GUINT64_FORMAT " %s and %" G_GUINT64_FORMAT
                               " %s new, %" G_GUINT64_FORMAT " already known",
                               stored->sessions, stored->sessions == 1 ? "session" : "sessions",
                               stored->failures, stored->failures == 1 ? "failure" : "failures",
                               stored->known);
    append_count(line, (guint)logs->lines.cut, "line cut", "lines cut");
    g_string_append_c(line, '\n');
    cli_print(cli, line->str);
}

/* ", 3 DMARC reports new (1 revised) and 2 already known" */
static void append_dmarc(GString *line, const struct store_counts *counts)
{
    if (counts->new_dmarc + counts->known_dmarc == 0)
        return;
    append_count(line, counts->new_dmarc, "DMARC report new", "DMARC reports new");
    if (counts->revised_dmarc > 0)
        g_string_append_printf(line, " (%u revised)", counts->revised_dmarc);
    if (counts->known_dmarc > 0 && counts->new_dmarc > 0)
        g_string_append_printf(line, " and %u already known", counts->known_dmarc);
    else
        append_count(line, counts->known_dmarc, "DMARC report already known",
                     "DMARC reports already known");
}

static void print_summary(const struct cli *cli, const struct store_counts *counts)
{
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_append_printf(line, "%u %s", counts->mails, counts->mails == 1 ? "mail" : "mails");
    append_count(line, counts->files, "file", "files");
    g_string_append_printf(line, ": %u %s new", counts->new_reports,
                           counts->new_reports == 1 ? "report" : "reports");
    if (counts->revised > 0)
        g_string_append_printf(line, " (%u revised)", counts->revised);
    g_string_append_printf(line, ", %u already known, %u without report", counts->known,
                           counts->without);
    append_dmarc(line, counts);
    append_count(line, counts->bounced, "bounce for a TLS reason new",
                 "bounces for a TLS reason new");
    append_count(line, counts->quarantined, "unreadable and quarantined",
                 "unreadable and quarantined");
    g_string_append_printf(line, ", %u %s\n", counts->issues,
                           counts->issues == 1 ? "issue" : "issues");
    cli_print(cli, line->str);
}

/* Says what could not be read; true where that was more than a notice. */
static bool tell_troubles(const struct cli *cli, const struct input *input)
{
    const GPtrArray *troubles = input_troubles(input);
    bool trouble = false;

    for (guint i = 0; i < troubles->len; i++) {
        const struct issue *issue = g_ptr_array_index(troubles, i);
        if (issue->severity == ISSUE_NOTICE)
            continue;
        cli_complain(cli, "%s: %s", issue->part, issue->problem);
        trouble = true;
    }
    return trouble;
}

/* Said once: with the first reports, to whom has not found out yet. */
static bool is_hint_due(struct cli *cli)
{
    bool reports = true, logs = true;

    return store_any_report(cli->store, &reports, NULL) && !reports &&
           store_any_log(cli->store, &logs, NULL) && !logs;
}

static void print_log_hint(const struct cli *cli)
{
    cli_print(cli, "What your own mail server met at others stands in its log, which can be read "
                   "too:\n  tlstriage ingest /var/log/mail.log*\n");
}

static int ingest_paths(struct cli *cli, const struct log_options *options, char **paths)
{
    struct store_counts counts = {0};
    struct intake_log_counts logs = {0};
    struct input *input = input_open(paths);
    GError *error = NULL;
    bool shows = !cli->quiet && terminal_shows_progress();
    bool hints = !cli->quiet && is_hint_due(cli);
    bool ok =
        intake_run(cli, input, &counts, options, &logs, shows ? show_progress : NULL, NULL, &error);

    if (shows)
        terminal_progress_end();
    bool trouble = tell_troubles(cli, input);
    input_close(input);
    if (!cli->quiet && (counts.mails + counts.files > 0 || logs.logs == 0))
        print_summary(cli, &counts);
    if (!cli->quiet && logs.logs > 0)
        print_log_summary(cli, &logs);
    if (hints && logs.logs == 0 && counts.new_reports > 0)
        print_log_hint(cli);
    if (!ok)
        return cli_fail(cli, error);
    return trouble || logs.refused > 0 ? EXIT_TROUBLE : EXIT_DONE;
}

int cmd_ingest(struct cli *cli, int argc, char **argv)
{
    g_auto(GStrv) paths = NULL;
    g_autofree char *timezone = NULL;
    struct log_options options = {0};
    const GOptionEntry entries[] = {
        LOG_OPTIONS_TIMEZONE(&timezone),
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    int status;

    if (!cli_parse(cli, &argc, &argv, entries,
                   "What a file is shows by its content: a mail, an mbox, report JSON, gzip, zip,\n"
                   "the log of a mail server (Postfix, Exim, Halon, PowerMTA), packed or not.\n"
                   "A folder is read with all below it, a Maildir without changing it; - and\n"
                   "no argument at all are standard input. What was read before changes nothing.\n"
                   "Issues are departures from a standard, most of them harmless, and a note for\n"
                   "each mail without report; the view issues has them.\n\n"
                   "Exit status: 0 done, 2 usage, 3 an input or the store could not be read.",
                   &status))
        return status;
    if (paths == NULL && isatty(STDIN_FILENO)) {
        cli_complain(cli, "nothing to read: name files, folders, or - for standard input");
        return EXIT_USAGE;
    }
    if (paths == NULL)
        paths = g_strsplit("-", " ", -1);
    if (!log_options_set(cli, timezone, &options))
        return EXIT_USAGE;
    status = cli_open_store(cli, STORE_WRITE) ? ingest_paths(cli, &options, paths) : EXIT_TROUBLE;
    log_options_clear(&options);
    return status;
}
