#include "analyze/classify.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "ingest/ingest.h"

/* Reports read again in one transaction. */
#define BATCH 200

struct reparse {
    struct cli *cli;
    struct ingest_context context;
    gint64 now;                 /* in the transaction */
    struct store_counts counts; /* of what came out of the quarantine */
    guint read;
    guint changed;
    guint unreadable;
    guint released;
};

/* Puts one thing in its place anew. What still cannot be read stays as it was. */
static bool redo(struct reparse *reparse, const struct store_kept *kept, GError **error)
{
    struct store *store = reparse->cli->store;
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(Report) report =
        ingest_again(&kept->original, kept->arrival, &reparse->context, issues);
    bool changed = false;

    reparse->read++;
    if (report == NULL) {
        reparse->unreadable += !kept->quarantined;
        return true;
    }
    classify_report(report);
    if (kept->quarantined) {
        reparse->released++;
        return store_release(store, kept, report, reparse->now, CLASSIFY_VERSION, &reparse->counts,
                             error);
    }
    if (!store_replace_report(store, kept->id, report, CLASSIFY_VERSION, &changed, error))
        return false;
    reparse->changed += changed;
    return true;
}

/* One transaction's worth; *last moves on. */
static bool redo_batch(struct reparse *reparse, bool quarantined, gint64 *last, bool *more,
                       GError **error)
{
    struct store *store = reparse->cli->store;
    bool ok = store_begin(store, error);

    reparse->now = cli_clock(reparse->cli);
    *more = ok;
    for (int i = 0; ok && *more && i < BATCH; i++) {
        struct store_kept kept = {0};
        ok = store_next_kept(store, quarantined, *last, &kept, more, error);
        if (ok && *more) {
            *last = kept.id;
            ok = redo(reparse, &kept, error);
        }
        store_kept_clear(&kept);
    }
    if (ok && store_commit(store, error))
        return true;
    store_rollback(store);
    return false;
}

static bool redo_all(struct reparse *reparse, bool quarantined, GError **error)
{
    gint64 last = 0;
    bool more = true;

    while (more) {
        if (!redo_batch(reparse, quarantined, &last, &more, error))
            return false;
        if (!reparse->cli->quiet)
            terminal_progress(reparse->read, 0, reparse->read);
    }
    return true;
}

static void print_result(const struct reparse *reparse)
{
    g_autofree char *line =
        g_strdup_printf("%u read again, %u changed, %u no longer readable and left as they were, "
                        "%u out of the quarantine\n",
                        reparse->read, reparse->changed, reparse->unreadable, reparse->released);

    cli_print(reparse->cli, line);
}

int cmd_reparse(struct cli *cli, int argc, char **argv)
{
    const GOptionEntry entries[] = {{NULL, 0, 0, 0, NULL, NULL, NULL}};
    struct reparse reparse = {.cli = cli};
    GError *error = NULL;
    int status;

    if (!cli_parse(
            cli, &argc, &argv, entries,
            "After an upgrade, or a change of the [domain] groups of the configuration: reads\n"
            "the JSON kept of each report again, and what is in the quarantine, and\n"
            "classifies every failure by the present rules.",
            &status))
        return status;
    if (argc > 1) {
        cli_complain(cli, "takes no arguments");
        return EXIT_USAGE;
    }
    if (!cli_open_existing_store(cli, STORE_WRITE))
        return EXIT_TROUBLE;
    ingest_init();
    reparse.context = (struct ingest_context){.site = cli->site, .now = cli->now};
    bool ok = redo_all(&reparse, false, &error) && redo_all(&reparse, true, &error);
    if (!cli->quiet)
        terminal_progress_end();
    if (!ok)
        return cli_fail(cli, error);
    if (!cli->quiet)
        print_result(&reparse);
    return EXIT_DONE;
}
