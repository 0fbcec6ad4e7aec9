#include "cli/cli.h"
#include "cli/reparse.h"

static void print_result(const struct cli *cli, const struct reparse_counts *counts)
{
    g_autofree char *line =
        g_strdup_printf("%u read again, %u changed, %u no longer readable and left as they were, "
                        "%u out of the quarantine\n",
                        counts->read, counts->changed, counts->unreadable, counts->released);

    cli_print(cli, line);
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
            "the JSON kept of each report again, and what is in the quarantine, and\n"
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
