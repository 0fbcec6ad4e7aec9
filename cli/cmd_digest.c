#include "cli/cli.h"
#include "cli/digest_make.h"
#include "cli/sendmail.h"
#include "cli/terminal.h"
#include "ingest/text.h"
#include "report/format.h"
#include "schema/error.h"
#include <string.h>

#define DAY 86400
#define TEXT_WIDTH_MAX 100

/* Of --width, where it is not given. */
#define WIDTH_OPEN G_MININT

struct options {
    char *domain;
    char *since;
    char *until;
    char *format;
    char *to;
    char *queue;
    gboolean all;
    gboolean exit_code;
    gint width;
};

static void options_clear(struct options *options)
{
    g_free(options->domain);
    g_free(options->since);
    g_free(options->until);
    g_free(options->format);
    g_free(options->to);
    g_free(options->queue);
}

/* `--to ""`: to whom the configuration says, for the daily timer. */
static void settle_recipient(const struct cli *cli, struct options *options)
{
    const char *to = cli->site->digest_to != NULL ? cli->site->digest_to : "postmaster";

    if (options->to != NULL && *options->to == '\0') {
        g_free(options->to);
        options->to = g_strdup(to);
    }
}

static bool read_bound(struct cli *cli, const char *name, const char *text, bool end, gint64 *time)
{
    bool day = false;

    if (text == NULL)
        return true;
    if (!cli_read_time(text, time, &day)) {
        cli_complain(cli, "--%s: neither a day (2026-11-21) nor a time as RFC 3339 has it: %s",
                     name, text);
        return false;
    }
    /* `--until DAY` means with that day. */
    if (end && day)
        *time += DAY;
    return true;
}

/* A period that holds no time is a slip of the pen, and its digest would look like silence. */
static bool is_period(struct cli *cli, const struct options *options, gint64 from, gint64 to)
{
    if (from <= to)
        return true;
    if (options->until != NULL && options->since != NULL)
        cli_complain(cli, "--until %s lies before --since %s", options->until, options->since);
    else if (options->since != NULL)
        cli_complain(cli, "--since %s is in the future", options->since);
    else
        cli_complain(cli, "--until %s: no time is before that", options->until);
    return false;
}

/* The days that --since and --until name. */
static bool read_period(struct cli *cli, const struct options *options,
                        struct digest_request *request)
{
    struct store_filter *filter = &request->filter;

    if (!read_bound(cli, "since", options->since, false, &filter->begins_from) ||
        !read_bound(cli, "until", options->until, true, &filter->begins_to))
        return false;
    request->covers_from = filter->begins_from;
    request->covers_to = filter->begins_to != 0 ? filter->begins_to - 1 : cli->now;
    return is_period(cli, options, request->covers_from, request->covers_to);
}

/* What came in since the last digest that was sent, or in the last 24 hours. */
static bool read_arrival(struct cli *cli, struct digest_request *request, GError **error)
{
    gint64 last = 0;

    if (!store_last_digest(cli->store, &last, error))
        return false;
    request->covers_from = last != 0 && last <= cli->now ? last : cli->now - DAY;
    request->covers_to = cli->now;
    /* From just after the one end to the other: nothing is in two digests. */
    request->filter.ingested_from = request->covers_from + 1;
    request->filter.ingested_to = request->covers_to + 1;
    return true;
}

static bool make_request(struct cli *cli, const struct options *options,
                         struct digest_request *request, int *status)
{
    GError *error = NULL;

    request->all = options->all;
    request->queue = options->queue;
    request->by_period = options->since != NULL || options->until != NULL;
    request->filter.skip_unauthenticated = cli->site->skip_unauthenticated;
    *status = EXIT_USAGE;
    if (request->by_period)
        return read_period(cli, options, request);
    if (read_arrival(cli, request, &error))
        return true;
    *status = cli_fail(cli, error);
    return false;
}

static const struct format *choose_format(struct cli *cli, const struct options *options)
{
    const char *name = options->to != NULL && options->format == NULL ? "mail"
                       : options->format != NULL                      ? options->format
                                                                      : "text";
    const struct format *format = format_find(name);
    g_autoptr(GString) names = g_string_new(NULL);

    if (format == NULL) {
        for (const struct format *one = formats; one->name != NULL; one++)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", one->name);
        cli_complain(cli, "--format: %s is none of %s", name, names->str);
    } else if (options->to != NULL && strcmp(format->name, "mail") != 0) {
        cli_complain(cli, "--to sends a mail; --format %s does not go with it", name);
        format = NULL;
    }
    return format;
}

static struct format_options format_options(const struct cli *cli, const struct options *options)
{
    guint own = options->to == NULL ? MIN(terminal_width(), (guint)TEXT_WIDTH_MAX) : 0;

    return (struct format_options){
        .width = options->width != WIDTH_OPEN ? (guint)options->width : own,
        .colour = options->to == NULL && terminal_takes_colour(),
        .from = cli->site->digest_from,
        .to = options->to != NULL ? options->to : cli->site->digest_to,
    };
}

/* Held until the program ends; no child inherits it. */
static bool lock_sending(struct cli *cli)
{
    GError *error = NULL;

    if (store_lock(cli->store, "digest", &error) >= 0)
        return true;
    if (g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_BUSY))
        g_prefix_error(&error, "another digest is being sent: ");
    cli_fail(cli, error);
    return false;
}

/*
 * The next digest begins where this one ends, so this one may only say "until now" when nobody can
 * store anything under a time up to now any more: when that second is over, and the transactions
 * begun in it are done.
 */
static bool let_arrivals_settle(struct cli *cli, GError **error)
{
    gint64 left = (cli->now + 1) * G_USEC_PER_SEC - g_get_real_time();

    if (cli->now_text != NULL)
        return true;
    g_usleep((gulong)CLAMP(left, 0, G_USEC_PER_SEC));
    if (!store_begin(cli->store, error))
        return false;
    store_rollback(cli->store);
    return true;
}

static bool note_sent(struct cli *cli, const struct digest_request *request, const char *to,
                      GError **error)
{
    if (!store_begin(cli->store, error))
        return false;
    if (store_put_digest(cli->store, cli->now, request->covers_from, request->covers_to, to,
                         error) &&
        store_commit(cli->store, error))
        return true;
    store_rollback(cli->store);
    return false;
}

static int put_out(struct cli *cli, const struct options *options,
                   const struct digest_request *request, const struct format *format,
                   const struct digest *digest)
{
    struct format_options how = format_options(cli, options);
    g_autoptr(GString) out = g_string_new(NULL);
    GError *error = NULL;

    if (!format->write(digest, &how, out, &error))
        return cli_fail(cli, error);
    if (options->to == NULL)
        return cli_print(cli, out->str) ? EXIT_DONE : EXIT_TROUBLE;
    if (!sendmail_send(out->str, out->len, &error))
        return cli_fail(cli, error);
    /* A digest of one domain, or of a past period, does not stand for what came in. */
    if (!request->by_period && request->filter.domain == NULL &&
        !note_sent(cli, request, options->to, &error))
        return cli_fail(cli, error);
    return EXIT_DONE;
}

/* One that is sent may be the first thing that happens here: that no report came at all is what it
   then says. Only at the place where the store belongs, though: --db may be mistyped. */
static bool open_store(struct cli *cli, const struct options *options)
{
    if (options->to == NULL)
        return cli_open_existing_store(cli, STORE_READ);
    return cli->db == NULL ? cli_open_store(cli, STORE_WRITE)
                           : cli_open_existing_store(cli, STORE_WRITE);
}

static int run_digest(struct cli *cli, const struct options *options)
{
    const struct format *format = choose_format(cli, options);
    g_autofree char *domain = text_domain(options->domain, NULL);
    struct digest_request request = {.filter = {.domain = domain}};
    g_autoptr(Digest) digest = NULL;
    GError *error = NULL;
    int status;

    if (format == NULL)
        return EXIT_USAGE;
    if (options->domain != NULL && domain == NULL) {
        cli_complain(cli, "--domain: no domain: %s", options->domain);
        return EXIT_USAGE;
    }
    if (options->width < 1 && options->width != WIDTH_OPEN) {
        cli_complain(cli, "--width: no number of columns: %d", options->width);
        return EXIT_USAGE;
    }
    if (!open_store(cli, options))
        return EXIT_TROUBLE;
    if (options->to != NULL && !lock_sending(cli))
        return EXIT_TROUBLE;
    if (options->to != NULL && !let_arrivals_settle(cli, &error))
        return cli_fail(cli, error);
    if (!make_request(cli, options, &request, &status))
        return status;
    digest = digest_make(cli, &request, &error);
    if (digest == NULL)
        return cli_fail(cli, error);
    status = put_out(cli, options, &request, format, digest);
    if (status == EXIT_DONE && options->exit_code && digest_fault_count(digest) > 0)
        status = EXIT_FINDINGS;
    return status;
}

int cmd_digest(struct cli *cli, int argc, char **argv)
{
    struct options options = {.width = WIDTH_OPEN};
    const GOptionEntry entries[] = {
        {"domain", 0, 0, G_OPTION_ARG_STRING, &options.domain, "Only this recipient domain",
         "DOMAIN"},
        {"since", 0, 0, G_OPTION_ARG_STRING, &options.since, "Reports about this day or later",
         "DAY"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &options.until, "Reports about this day or earlier",
         "DAY"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "text, json or mail", "FORMAT"},
        {"to", 0, 0, G_OPTION_ARG_STRING, &options.to,
         "Send it there through sendmail; \"\": as configured", "ADDRESS"},
        {"queue", 0, 0, G_OPTION_ARG_FILENAME, &options.queue,
         "What waits, as postqueue -j prints it; -: standard input", "FILE"},
        {"all", 0, 0, G_OPTION_ARG_NONE, &options.all, "List the domains that are fine", NULL},
        {"exit-code", 0, 0, G_OPTION_ARG_NONE, &options.exit_code,
         "Exit with 1 if something failed", NULL},
        {"width", 0, 0, G_OPTION_ARG_INT, &options.width, "Columns of the text", "N"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    int status;

    if (cli_parse(cli, &argc, &argv, entries,
                  "Covers what came in since the last digest that was sent with --to, or in the\n"
                  "last 24 hours; with --since or --until the reports about these days.\n\n"
                  "Exit status: 0 done, 1 something failed (with --exit-code), 2 usage, 3 trouble.",
                  &status)) {
        if (argc > 1) {
            cli_complain(cli, "takes no arguments: %s", argv[1]);
            status = EXIT_USAGE;
        } else {
            settle_recipient(cli, &options);
            status = run_digest(cli, &options);
        }
    }
    options_clear(&options);
    return status;
}
