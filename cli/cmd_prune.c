#include "cli/cli.h"
#include "schema/error.h"

#define DAYS_MAX 100000
#define DAYS_NOT_GIVEN G_MININT

static void print_pruned(const struct cli *cli, const struct store_pruned *pruned, int days,
                         bool dry_run)
{
    g_autofree char *line =
        g_strdup_printf("%s of more than %d days: %" G_GINT64_FORMAT " reports, %" G_GINT64_FORMAT
                        " DMARC reports, %" G_GINT64_FORMAT " arrivals, %" G_GINT64_FORMAT
                        " issues; of logs: %" G_GINT64_FORMAT " failures, %" G_GINT64_FORMAT
                        " hourly counts; of the quarantine: %" G_GINT64_FORMAT "\n",
                        dry_run ? "Would drop" : "Dropped", days, pruned->reports,
                        pruned->dmarc_reports, pruned->arrivals, pruned->issues,
                        pruned->log_failures, pruned->log_counts, pruned->quarantined);

    cli_print(cli, line);
}

int cmd_prune(struct cli *cli, int argc, char **argv)
{
    gint days = DAYS_NOT_GIVEN;
    gboolean dry_run = FALSE;
    const GOptionEntry entries[] = {
        {"days", 0, 0, G_OPTION_ARG_INT, &days, "Keep N days; else [store] keep-days, else 400",
         "N"},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "Only say what would be dropped", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct store_pruned pruned;
    GError *error = NULL;
    int status;

    if (!cli_parse(cli, &argc, &argv, entries,
                   "Drops reports by the end of their period, or by when they came in if that was\n"
                   "earlier, with the JSON or XML kept of them, what came without a report, and "
                   "what logs\n"
                   "told, by its time. The quarantine keeps 90 days and 256 MiB, handshakes that\n"
                   "clients failed at 30 days.",
                   &status))
        return status;
    if (days == DAYS_NOT_GIVEN)
        days = cli->site->keep_days;
    if (argc > 1 || days < 1 || days > DAYS_MAX) {
        cli_complain(cli, argc > 1 ? "takes no arguments" : "--days: 1 to %d", DAYS_MAX);
        return EXIT_USAGE;
    }
    if (!cli_open_existing_store(cli, STORE_WRITE))
        return EXIT_TROUBLE;
    if (!store_prune(cli->store, days, cli->now, dry_run, &pruned, &error))
        return cli_fail(cli, error);
    if (!cli->quiet)
        print_pruned(cli, &pruned, days, dry_run);
    return EXIT_DONE;
}
