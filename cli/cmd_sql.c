/*
 * Questions in SQL. One on the command line is answered by ourselves: cells are texts of strangers,
 * which a terminal must not act on. Without one, the sqlite3 shell opens on the store.
 */
#include "cli/cli.h"
#include "cli/terminal.h"
#include "report/escape.h"
#include "schema/error.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHELL "sqlite3"

struct answer {
    const struct cli *cli;
    gboolean header;
    bool safe; /* escape for a terminal */
    bool begun;
};

/* Cells parted by '|' as the sqlite3 shell has it; NULL is empty. */
static bool print_cells(const struct answer *answer, int columns, const char *const *cells)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (int i = 0; i < columns; i++) {
        g_autofree char *escaped =
            answer->safe && cells[i] != NULL ? escape_terminal(cells[i]) : NULL;
        if (i > 0)
            g_string_append_c(line, '|');
        if (cells[i] != NULL)
            g_string_append(line, escaped != NULL ? escaped : cells[i]);
    }
    g_string_append_c(line, '\n');
    return fputs(line->str, stdout) != EOF;
}

static bool print_row(int columns, const char *const *names, const char *const *cells, void *data)
{
    struct answer *answer = data;

    if (answer->header && !answer->begun && !print_cells(answer, columns, names))
        return false;
    answer->begun = true;
    return print_cells(answer, columns, cells);
}

static int answer_query(struct cli *cli, const char *query, gboolean header)
{
    struct answer answer = {.cli = cli, .header = header, .safe = isatty(STDOUT_FILENO) != 0};
    GError *error = NULL;

    if (!store_query(cli->store, query, print_row, &answer, &error))
        return cli_fail(cli, error);
    return cli_print(cli, "") ? EXIT_DONE : EXIT_TROUBLE;
}

static int open_shell(struct cli *cli)
{
    g_autofree char *path = g_strdup(store_path(cli->store));
    /* Newer shells escape control characters by themselves; none is told to run its own file. */
    const char *arguments[] = {SHELL,   "-readonly", "-header", "-column",
                               "-init", "/dev/null", path,      NULL};

    g_clear_pointer(&cli->store, store_close);
    execvp(SHELL, (char *const *)arguments);
    cli_complain(cli, "cannot start %s: %s; a QUERY on the command line needs no shell", SHELL,
                 g_strerror(errno));
    return EXIT_TROUBLE;
}

int cmd_sql(struct cli *cli, int argc, char **argv)
{
    gboolean header = FALSE;
    const GOptionEntry entries[] = {
        {"header", 0, 0, G_OPTION_ARG_NONE, &header, "Begin with the names of the columns", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    int status;

    if (!cli_parse(
            cli, &argc, &argv, entries,
            "Answers QUERY with a line a row, cells parted by '|'. Without QUERY the sqlite3\n"
            "shell opens on the store, read only. tlstriage-sql(5) describes the views:\n"
            "reports, policies, failures, domain_days, issues, arrivals.\n\n"
            "  tlstriage sql \"SELECT domain, sum(failures) FROM domain_days GROUP BY 1\"",
            &status))
        return status;
    if (argc > 2) {
        cli_complain(cli, "one QUERY, in quotes");
        return EXIT_USAGE;
    }
    if (!cli_open_existing_store(cli, STORE_READ))
        return EXIT_TROUBLE;
    return argc == 2 ? answer_query(cli, argv[1], header) : open_shell(cli);
}
