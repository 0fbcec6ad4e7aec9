#include "cli/cli.h"
#include "cli/reparse.h"

static void print_result(const struct cli *cli, const struct reparse_counts *counts)
{
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_append_printf(line,
                           "%u read again, %u changed, %u no longer readable and left as they "
                           "were, %u out of the quarantine",
                           counts->read, counts->changed, counts->unreadable, counts->released);
    if (counts->first_read > 0)
        g_string_append_printf(line, ", %u DMARC read for the first time", counts->first_read);
    g_string_append_c(line, '\n');
    cli_print(cli, line->str);
}

int cmd_reparse(struct cli *cli, int argc, char **argv)
{
    const GOptionEntry entries[] = {{NULL, 0, 0, 0, NULL, NULL, NULL}};
    struct reparse_counts counts = {0};
    GError *error = NULL;
    int status;

    if (!cli_parse(
            cli, &argc, &argv, entries,
            "After an upgrade, or a change of the [domain] groups of the configuration: reads\n"
            "the JSON or XML kept of each report again, and what is in the quarantine, and\n"
            "classifies every failure by the present rules.",
            &status))
        return status;
    if (argc > 1) {
        cli_complain(cli, "takes no arguments");
        return EXIT_USAGE;
    }
    if (!cli_open_existing_store(cli, STORE_WRITE))
        return EXIT_TROUBLE;
    if (!reparse_all(cli, &counts, &error))
        return cli_fail(cli, error);
    if (!cli->quiet)
        print_result(cli, &counts);
    return EXIT_DONE;
}
