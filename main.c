/* Finds the command and gives it the rest of the line. */
#include "cli/cli.h"
#include <locale.h>
#include <signal.h>
#include <string.h>

static int run_command(struct cli *cli, int argc, char **argv)
{
    const struct command *command = command_find(argv[1]);

    if (command == NULL) {
        cli_complain(cli, "no such command: %s; tlstriage --help lists them", argv[1]);
        return EXIT_USAGE;
    }
    cli->command = command->name;
    return command->run(cli, argc - 1, argv + 1);
}

/* A mail server must keep the mail whatever is wrong, the command line included. */
static bool names_deliver(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "deliver") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    bool is_deliver = names_deliver(argc, argv);
    struct cli cli = {0};
    int status;

    setlocale(LC_CTYPE, "");
    /* A store past the largest file size is then an error like a full disk, and said. */
    signal(SIGXFSZ, SIG_IGN);
    if (cli_parse_global(&cli, &argc, &argv, &status))
        status = run_command(&cli, argc, argv);
    cli_clear(&cli);
    return is_deliver && status != EXIT_DONE ? EXIT_TEMPFAIL : status;
}
