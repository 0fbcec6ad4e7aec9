/*
 * What every command shares: common options, configuration, the store, messages. cli/ is the only
 * code that prints to the terminal or decides the exit status.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "schema/record.h"
#include "schema/store.h"
#include <glib.h>

/* Exit status of the program; deliver knows only 0 and EXIT_TEMPFAIL. */
enum {
    EXIT_DONE = 0,
    EXIT_FINDINGS = 1,
    EXIT_USAGE = 2,
    EXIT_TROUBLE = 3,
    EXIT_TEMPFAIL = 75, /* EX_TEMPFAIL of sysexits(3): the mail server keeps the mail */
};

struct cli {
    const char *command;
    char *db;
    char *config;
    char *now_text;
    gboolean quiet;
    gint64 now; /* of --now, else when the program began: the only clock there is */
    struct site *site;
    struct store *store;
};

struct command {
    const char *name;
    const char *summary;   /* one line for `tlstriage --help` */
    const char *arguments; /* "[FILE|DIR|-]..." */
    int (*run)(struct cli *cli, int argc, char **argv);
};

/* Ends with an entry whose name is NULL. */
extern const struct command commands[];
const struct command *command_find(const char *name);

/*
 * Options before the command's name; leaves the rest in argc and argv. Prints help or version and
 * sets *status where that was asked for, or a message where the line makes no sense; then false.
 */
bool cli_parse_global(struct cli *cli, int *argc, char ***argv, int *status);

/*
 * Options of one command, common ones among them; entries end with {NULL}. `description` stands
 * below the options in --help. Then reads the time and the configuration. False as above.
 */
bool cli_parse(struct cli *cli, int *argc, char ***argv, const GOptionEntry *entries,
               const char *description, int *status);

/* Opens the store of --db, $TLSTRIAGE_DB or the default; STORE_WRITE makes it. Says why not. */
bool cli_open_store(struct cli *cli, enum store_mode mode);
/* The same for what has no business making one: a store that is not there is trouble. */
bool cli_open_existing_store(struct cli *cli, enum store_mode mode);

/* "tlstriage digest: ..." to standard error; texts of strangers in it are escaped. */
G_GNUC_PRINTF(2, 3) void cli_complain(const struct cli *cli, const char *format, ...);
/* Takes and frees the error; gives EXIT_TROUBLE, or EXIT_USAGE for a usage error. */
int cli_fail(const struct cli *cli, GError *error);

/* Writes to standard output; false (and a message) where that cannot be written. */
bool cli_print(const struct cli *cli, const char *text);

void cli_clear(struct cli *cli);

/*
 * Seconds of the clock: --now, else the present. What is written takes it inside its transaction,
 * so that of two transactions the later one never has the earlier time.
 */
gint64 cli_clock(const struct cli *cli);

/* RFC 3339, or a day; *day tells that it was only a day. False where it is neither. */
bool cli_read_time(const char *text, gint64 *time, bool *day);

int cmd_ingest(struct cli *cli, int argc, char **argv);
int cmd_deliver(struct cli *cli, int argc, char **argv);
int cmd_digest(struct cli *cli, int argc, char **argv);
int cmd_explain(struct cli *cli, int argc, char **argv);
int cmd_status(struct cli *cli, int argc, char **argv);
int cmd_sql(struct cli *cli, int argc, char **argv);
int cmd_follow(struct cli *cli, int argc, char **argv);
int cmd_prune(struct cli *cli, int argc, char **argv);
int cmd_quarantine(struct cli *cli, int argc, char **argv);
int cmd_reparse(struct cli *cli, int argc, char **argv);

#endif
