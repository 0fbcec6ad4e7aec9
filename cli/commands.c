#include "cli/cli.h"
#include <string.h>

const struct command commands[] = {
    {"ingest", "read reports (mails, mailboxes, folders, JSON, gzip, zip) and mail server logs",
     "[FILE|DIR|-]...", cmd_ingest},
    {"deliver", "take one mail on standard input, for a pipe alias", "", cmd_deliver},
    {"follow", "read the mail server's log as it grows", "FILE...", cmd_follow},
    {"digest", "tell what broke, what it does to the mail, and what to do", "", cmd_digest},
    {"status", "one line and an exit status for monitoring, and what came in", "", cmd_status},
    {"explain", "explain a failure type, cause or result type", "[WORD]", cmd_explain},
    {"sql", "ask the store in SQL, read only", "[QUERY]", cmd_sql},
    {"prune", "drop what is older than the keep time", "", cmd_prune},
    {"quarantine", "look at what could not be read, and try again",
     "[list|show N|raw N|retry [N]|drop N]", cmd_quarantine},
    {"reparse", "read the kept reports again and classify them anew", "", cmd_reparse},
    {NULL, NULL, NULL, NULL},
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}
