/*
 * One mail from a mail server's pipe. Whatever can be caught ends in EX_TEMPFAIL, so that the mail
 * server keeps the mail and tries again: a bounce would go to the reporter, and its report be lost.
 */
#include "cli/cli.h"
#include "cli/intake.h"
#include "ingest/limits.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (64u << 10)

/* A crash is a bug of ours; what committed is safe, the rest comes again with the mail. */
static void give_up(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_TEMPFAIL);
}

static void catch_signals(void)
{
    static const int deadly[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,   SIGABRT, SIGTRAP,
                                 SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,    SIGALRM, SIGXCPU,
                                 SIGSYS,  SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF};
    struct sigaction action = {.sa_handler = give_up};

    for (size_t i = 0; i < G_N_ELEMENTS(deadly); i++)
        sigaction(deadly[i], &action, NULL);
    /* Ignored, so that writing fails with an error that is handled. */
    signal(SIGPIPE, SIG_IGN);
}

/* Reads to the end even past the limit: a mail server takes a closed pipe for a failure. */
static bool read_mail(int file, struct unit *unit)
{
    g_autoptr(GByteArray) mail = g_byte_array_new();
    g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
    ssize_t length;

    while ((length = read(file, buffer, READ_BYTES)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return false;
        size_t room = LIMIT_MESSAGE_BYTES - mail->len;
        unit->cut |= (size_t)length > room;
        g_byte_array_append(mail, buffer, (guint)MIN((size_t)length, room));
    }
    unit->bytes = g_byte_array_free_to_bytes(g_steal_pointer(&mail));
    unit->source = g_strdup("-");
    return true;
}

static int deliver(struct cli *cli)
{
    struct unit unit = {0};
    struct store_counts counts = {0};
    GError *error = NULL;
    bool ok;

    if (!read_mail(STDIN_FILENO, &unit)) {
        cli_complain(cli, "cannot read standard input: %s", g_strerror(errno));
        return EXIT_TEMPFAIL;
    }
    ok = cli_open_store(cli, STORE_WRITE);
    if (ok)
        store_leave_log(cli->store);
    if (ok && !intake_unit(cli, &unit, &counts, &error)) {
        cli_fail(cli, error);
        ok = false;
    }
    unit_clear(&unit);
    return ok ? EXIT_DONE : EXIT_TEMPFAIL;
}

int cmd_deliver(struct cli *cli, int argc, char **argv)
{
    const GOptionEntry entries[] = {{NULL, 0, 0, 0, NULL, NULL, NULL}};
    int status;

    catch_signals();
    if (!cli_parse(
            cli, &argc, &argv, entries,
            "Reads one mail from standard input and stores the reports in it. Prints nothing.\n"
            "The store is --db, $TLSTRIAGE_DB or /var/lib/tlstriage/tlstriage.db.\n\n"
            "Exit status: 0 stored, or known to be no report; 75 (EX_TEMPFAIL) for everything\n"
            "else, so that the mail server keeps the mail and tries again.",
            &status))
        return status;
    if (argc > 1) {
        cli_complain(cli, "takes no arguments: %s", argv[1]);
        return EXIT_TEMPFAIL;
    }
    return deliver(cli);
}
