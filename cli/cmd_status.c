#include "cli/cli.h"
#include "cli/digest_make.h"
#include "cli/overview_make.h"
#include "cli/terminal.h"
#include "report/status.h"
#include <string.h>

#define DAY 86400
#define DAYS_DEFAULT 7
#define DAYS_MAX 400
#define WIDTH 100

static void count_severity(enum severity severity, struct status *status)
{
    status->faults++;
    status->critical += severity == SEVERITY_CRITICAL;
    status->high += severity == SEVERITY_HIGH;
}

/* Of what others reported and of what our own log tells. */
static void count_faults(const struct digest *digest, struct status *status)
{
    for (guint i = 0; i < digest->faults->faults->len; i++)
        count_severity(((struct fault *)g_ptr_array_index(digest->faults->faults, i))->severity,
                       status);
    for (guint i = 0; digest->outbound != NULL && i < digest->outbound->findings->len; i++)
        count_severity(
            ((struct outbound_finding *)g_ptr_array_index(digest->outbound->findings, i))->severity,
            status);
    if (status->faults > 0)
        status->worst = digest_headline(digest);
}

static bool look_over(struct cli *cli, gint64 from, const struct digest *digest,
                      struct status *status, GError **error)
{
    const struct store_filter came = {.ingested_from = from, .ingested_to = cli->now + 1};
    guint not_yet_read = 0;

    status->overview = overview_make(cli, from, cli->now + 1, error);
    if (status->overview == NULL ||
        !store_count_unread(cli->store, &came, &status->quarantined, &not_yet_read, error))
        return false;
    g_ptr_array_unref(status->overview->foreign);
    status->overview->foreign = g_ptr_array_ref(digest->overview->foreign);
    return true;
}

/* What failed in the periods of these days; and what came in within them. */
static bool gather(struct cli *cli, struct status *status, GError **error)
{
    gint64 from = cli->now - (gint64)status->days * DAY;
    const struct digest_request request = {
        .filter = {.begins_from = from, .skip_unauthenticated = cli->site->skip_unauthenticated},
        .by_period = true,
        .covers_from = from,
        .covers_to = cli->now,
    };
    g_autoptr(Digest) digest = digest_make(cli, &request, error);

    if (digest == NULL)
        return false;
    count_faults(digest, status);
    status->reports = digest->reports;
    status->never_reported = digest->never_reported;
    status->has_log = digest->outbound != NULL;
    status->log_sessions = digest->outbound != NULL ? digest->outbound->sessions : 0;
    status->has_dmarc = *digest_kind_of_report(digest) != '\0';
    status->mail_failed = digest_mail_failed(digest);
    for (guint i = 0; i < digest->reporters->len; i++) {
        const struct digest_reporter *reporter = g_ptr_array_index(digest->reporters, i);
        status->newest_day = MAX(status->newest_day, reporter->last_day);
    }
    return look_over(cli, from, digest, status, error);
}

static int tell(struct cli *cli, int days, bool json)
{
    struct status status = {.days = days};
    GError *error = NULL;
    int exit_status = STATUS_UNKNOWN;

    if (gather(cli, &status, &error)) {
        g_autofree char *text = json ? status_json(&status) : status_text(&status, WIDTH);
        exit_status = status_level(&status);
        if (!cli_print(cli, text))
            exit_status = STATUS_UNKNOWN;
    } else {
        cli_fail(cli, error);
    }
    status_clear(&status);
    return exit_status;
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
    gint days = DAYS_DEFAULT;
    g_autofree char *format = NULL;
    const GOptionEntry entries[] = {
        {"days", 0, 0, G_OPTION_ARG_INT, &days, "Look back N days (7)", "N"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    int status;

    if (!cli_parse(cli, &argc, &argv, entries,
                   "One line for monitoring, then what came in, by kind and sender.\n\n"
                   "Exit status: 0 all is well; 1 a grave fault, something unreadable, or no\n"
                   "report at all; 2 a critical fault; 3 not known, or a wrong command line.",
                   &status))
        return status == EXIT_DONE ? EXIT_DONE : STATUS_UNKNOWN;
    if (argc > 1 || days < 1 || days > DAYS_MAX) {
        cli_complain(cli, argc > 1 ? "takes no arguments" : "--days: 1 to %d", DAYS_MAX);
        return STATUS_UNKNOWN;
    }
    if (format != NULL && strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        cli_complain(cli, "--format: %s is none of text, json", format);
        return STATUS_UNKNOWN;
    }
    if (!cli_open_existing_store(cli, STORE_READ))
        return STATUS_UNKNOWN;
    return tell(cli, days, g_strcmp0(format, "json") == 0);
}
