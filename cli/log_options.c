#include "cli/log_options.h"

bool log_options_set(const struct cli *cli, const char *timezone, struct log_options *options)
{
    const char *name = timezone != NULL ? timezone : cli->site->log_timezone;

    *options =
        (struct log_options){.now = cli->now, .keep_addresses = cli->site->log_keep_addresses};
    if (name == NULL)
        return true;
    options->zone = g_time_zone_new_identifier(name);
    if (options->zone == NULL)
        cli_complain(cli, "--timezone: there is no time zone of this name: %s", name);
    return options->zone != NULL;
}

void log_options_clear(struct log_options *options)
{
    g_clear_pointer(&options->zone, g_time_zone_unref);
}
