#include "cli/cli.h"
#include "cli/config.h"
#include "report/escape.h"
#include "schema/error.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_USER "tlstriage"
#define SYSTEM_STORE "/var/lib/tlstriage/tlstriage.db"

#ifndef TLSTRIAGE_VERSION
#define TLSTRIAGE_VERSION "unknown"
#endif

void cli_complain(const struct cli *cli, const char *format, ...)
{
    g_autofree char *text = NULL, *escaped = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    escaped = escape_terminal(text);
    fprintf(stderr, "tlstriage%s%s: %s\n", cli->command != NULL ? " " : "",
            cli->command != NULL ? cli->command : "", escaped);
}

int cli_fail(const struct cli *cli, GError *error)
{
    bool usage = error == NULL || error->domain == G_OPTION_ERROR ||
                 g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_USAGE);

    cli_complain(cli, "%s", error != NULL ? error->message : "failed");
    g_clear_error(&error);
    return usage ? EXIT_USAGE : EXIT_TROUBLE;
}

bool cli_print(const struct cli *cli, const char *text)
{
    /* What was written before may have failed as well, and its bytes are gone then. */
    if (fputs(text, stdout) != EOF && fflush(stdout) == 0 && ferror(stdout) == 0)
        return true;
    cli_complain(cli, "cannot write to standard output: %s", g_strerror(errno));
    return false;
}

static void print_commands(void)
{
    printf(
        "Usage: tlstriage [OPTIONS] COMMAND [ARGUMENTS]\n\n"
        "Reads TLS-RPT reports (RFC 8460), DMARC aggregate reports and the log of one's own mail\n"
        "server into a store, and tells a postmaster what failed, why, and how to mend it.\n\n"
        "Commands:\n");
    for (const struct command *command = commands; command->name != NULL; command++)
        printf("  %-10s %s\n", command->name, command->summary);
    printf("\nOptions, before or after the command's name:\n"
           "  --db FILE      the store; else $TLSTRIAGE_DB; else " SYSTEM_STORE "\n"
           "                 for root and the user " SYSTEM_USER
           ", $XDG_DATA_HOME/tlstriage/tlstriage.db for others\n"
           "  --config FILE  the configuration; else " CONFIG_DEFAULT_PATH "\n"
           "  --now TIME     take TIME (RFC 3339) for the present\n"
           "  --quiet        no progress, no summary\n"
           "  --help         this help; after a command, help on it\n"
           "  --version      the version\n\n"
           "Start with: tlstriage ingest MAILBOX && tlstriage digest --since 2026-01-01\n"
           "or:         tlstriage ingest /var/log/mail.log* && tlstriage digest\n");
}

/* The entries all commands know. */
static void common_entries(struct cli *cli, GOptionEntry entries[5])
{
    const GOptionEntry all[] = {
        {"db", 0, 0, G_OPTION_ARG_FILENAME, &cli->db, "The store", "FILE"},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &cli->config, "The configuration file", "FILE"},
        {"now", 0, 0, G_OPTION_ARG_STRING, &cli->now_text, "Take TIME (RFC 3339) for the present",
         "TIME"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &cli->quiet, "No progress, no summary", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    memcpy(entries, all, sizeof(all));
}

bool cli_parse_global(struct cli *cli, int *argc, char ***argv, int *status)
{
    gboolean help = FALSE, version = FALSE;
    GOptionEntry common[5];
    const GOptionEntry own[] = {
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show help", NULL},
        {"version", 'V', 0, G_OPTION_ARG_NONE, &version, "Show the version", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    GError *error = NULL;

    common_entries(cli, common);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_add_main_entries(context, common, NULL);
    g_option_context_add_main_entries(context, own, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        *status = cli_fail(cli, error);
        return false;
    }
    *status = EXIT_DONE;
    if (version)
        printf("tlstriage %s\n", TLSTRIAGE_VERSION);
    else if (help)
        print_commands();
    else if (*argc >= 2)
        return true;
    else {
        fputs("tlstriage: a command is missing; tlstriage --help lists them\n", stderr);
        *status = EXIT_USAGE;
    }
    return false;
}

gint64 cli_clock(const struct cli *cli)
{
    return cli->now_text != NULL ? cli->now : g_get_real_time() / G_USEC_PER_SEC;
}

static bool read_now(struct cli *cli, int *status)
{
    bool day = false;

    cli->now = g_get_real_time() / G_USEC_PER_SEC;
    if (cli->now_text == NULL || cli_read_time(cli->now_text, &cli->now, &day))
        return true;
    cli_complain(cli, "--now: not a time as RFC 3339 has it: %s", cli->now_text);
    *status = EXIT_USAGE;
    return false;
}

static bool read_config(struct cli *cli, int *status)
{
    GError *error = NULL;

    cli->site = config_read(cli->config, &error);
    if (cli->site == NULL)
        *status = cli_fail(cli, error);
    return cli->site != NULL;
}

static void take_over(char **value, char *given)
{
    if (given == NULL)
        return;
    g_free(*value);
    *value = given;
}

/* What stands behind the command's name goes before what stands in front of it. */
static void take_common(struct cli *cli, const struct cli *given)
{
    take_over(&cli->db, given->db);
    take_over(&cli->config, given->config);
    take_over(&cli->now_text, given->now_text);
    cli->quiet = cli->quiet || given->quiet;
}

/* GLib leaves the "--" in its place where an argument behind it begins with '-'. */
static void drop_separator(int *argc, char **argv)
{
    int at = 1;

    while (at < *argc && strcmp(argv[at], "--") != 0)
        at++;
    if (at == *argc)
        return;
    memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof(*argv));
    --*argc;
}

bool cli_parse(struct cli *cli, int *argc, char ***argv, const GOptionEntry *entries,
               const char *description, int *status)
{
    const struct command *command = command_find(cli->command);
    g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
    struct cli given = {0};
    GOptionEntry common[5];
    GError *error = NULL;
    g_autofree char *name = g_strdup_printf("tlstriage %s", command->name);
    g_autofree char *summary =
        g_strdup_printf("%c%s.", g_ascii_toupper(command->summary[0]), command->summary + 1);

    /* GLib's help names the program by this. */
    g_set_prgname(name);
    common_entries(&given, common);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, description);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, common, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        *status = cli_fail(cli, error);
        return false;
    }
    take_common(cli, &given);
    drop_separator(argc, *argv);
    return read_now(cli, status) && read_config(cli, status);
}

static bool is_system_user(void)
{
    const struct passwd *user = getpwuid(geteuid());

    return geteuid() == 0 || (user != NULL && strcmp(user->pw_name, SYSTEM_USER) == 0);
}

/* For deliver it never depends on $HOME: a mail server sets it as it likes. */
static char *store_location(const struct cli *cli)
{
    const char *variable = g_getenv("TLSTRIAGE_DB");

    if (cli->db != NULL)
        return g_strdup(cli->db);
    if (variable != NULL && *variable != '\0')
        return g_strdup(variable);
    if (strcmp(cli->command, "deliver") == 0 || is_system_user())
        return g_strdup(SYSTEM_STORE);
    return g_build_filename(g_get_user_data_dir(), "tlstriage", "tlstriage.db", NULL);
}

/* To be read, a store must be there. SQLite says of all that is amiss the same. */
static bool is_readable(struct cli *cli, const char *path)
{
    bool system = strcmp(path, SYSTEM_STORE) == 0;

    if (access(path, R_OK) == 0)
        return true;
    if (errno == ENOENT)
        cli_complain(cli, "%s: there is no store; tlstriage ingest makes one%s", path,
                     system ? "" : ", and --db names another (the system's is " SYSTEM_STORE ")");
    else
        cli_complain(cli, "%s: %s%s", path, g_strerror(errno),
                     system ? "; the user " SYSTEM_USER " and members of its group may read it"
                            : "");
    return false;
}

bool cli_open_store(struct cli *cli, enum store_mode mode)
{
    g_autofree char *path = store_location(cli), *folder = g_path_get_dirname(path);
    GError *error = NULL;

    if (mode == STORE_READ && !is_readable(cli, path))
        return false;

    /* Only a default folder is made: a mistyped --db should not leave folders behind. */
    if (mode == STORE_WRITE && cli->db == NULL && g_getenv("TLSTRIAGE_DB") == NULL)
        g_mkdir_with_parents(folder, 0750);
    cli->store = store_open(path, mode, &error);
    if (cli->store == NULL)
        cli_fail(cli, error);
    return cli->store != NULL;
}

bool cli_open_existing_store(struct cli *cli, enum store_mode mode)
{
    g_autofree char *path = store_location(cli);

    if (access(path, F_OK) == 0 || errno != ENOENT)
        return cli_open_store(cli, mode);
    cli_complain(cli, "%s: there is no store; run tlstriage ingest first", path);
    return false;
}

void cli_clear(struct cli *cli)
{
    store_close(cli->store);
    site_free(cli->site);
    g_free(cli->db);
    g_free(cli->config);
    g_free(cli->now_text);
}

bool cli_read_time(const char *text, gint64 *time, bool *day)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *midnight = NULL;
    g_autoptr(GDateTime) read = NULL;

    *day = strlen(text) == 10;
    midnight = *day ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
    read = g_date_time_new_from_iso8601(midnight, utc);
    if (read == NULL)
        return false;
    *time = g_date_time_to_unix(read);
    return true;
}
