/* What all commands that read logs have in common: --timezone and the group [log]. */
#ifndef CLI_LOG_OPTIONS_H
#define CLI_LOG_OPTIONS_H

#include "cli/cli.h"
#include "ingest/log/reader.h"

/* The entry for a command's table; `timezone` is the address of a char * that is NULL. */
#define LOG_OPTIONS_TIMEZONE(timezone)                                                             \
    {                                                                                              \
        "timezone", 0, 0, G_OPTION_ARG_STRING, (timezone), "Zone of stamps that name none", "ZONE" \
    }

/*
 * How logs are to be read: --timezone goes before the configuration, that before local time.
 * `timezone` may be NULL. False, and a message, where there is no such zone.
 */
bool log_options_set(const struct cli *cli, const char *timezone, struct log_options *options);
void log_options_clear(struct log_options *options);

#endif
