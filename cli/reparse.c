#include "cli/reparse.h"
#include "analyze/classify.h"
#include "cli/terminal.h"
#include "ingest/ingest.h"

/* Reports read again in one transaction. */
#define BATCH 200

struct reparse {
    struct cli *cli;
    struct ingest_context context;
    gint64 now;                 /* in the transaction */
    struct store_counts stored; /* of what came out of the quarantine */
    struct reparse_counts *counts;
};

/* Puts one thing in its place anew. What still cannot be read stays as it was. */
static bool redo(struct reparse *reparse, const struct store_kept *kept, GError **error)
{
    struct store *store = reparse->cli->store;
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(Report) report =
        ingest_again(&kept->original, kept->arrival, &reparse->context, issues);
    bool changed = false;

    reparse->counts->read++;
    if (report == NULL) {
        reparse->counts->unreadable += !kept->quarantined;
        return true;
    }
    classify_report(report);
    if (kept->quarantined) {
        reparse->counts->released++;
        return store_release(store, kept, report, reparse->now, CLASSIFY_VERSION, &reparse->stored,
                             error);
    }
    if (!store_replace_report(store, kept->id, report, CLASSIFY_VERSION, &changed, error))
        return false;
    reparse->counts->changed += changed;
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

static bool redo_kind(struct reparse *reparse, bool quarantined, GError **error)
{
    gint64 last = 0;
    bool more = true;

    while (more) {
        if (!redo_batch(reparse, quarantined, &last, &more, error))
            return false;
        if (!reparse->cli->quiet)
            terminal_progress(reparse->counts->read, 0, reparse->counts->read);
    }
    return true;
}

static struct reparse begin(struct cli *cli, struct reparse_counts *counts)
{
    ingest_init();
    return (struct reparse){
        .cli = cli, .context = {.site = cli->site, .now = cli->now}, .counts = counts};
}

static bool end(struct cli *cli, bool ok)
{
    if (!cli->quiet)
        terminal_progress_end();
    return ok;
}

bool reparse_all(struct cli *cli, struct reparse_counts *counts, GError **error)
{
    struct reparse reparse = begin(cli, counts);

    return end(cli, redo_kind(&reparse, false, error) && redo_kind(&reparse, true, error));
}

/* The thing with this number, in a transaction of its own. */
static bool redo_one(struct reparse *reparse, gint64 id, bool *found, GError **error)
{
    struct store *store = reparse->cli->store;
    struct store_kept kept = {0};
    bool ok = store_begin(store, error);

    reparse->now = cli_clock(reparse->cli);
    ok = ok && store_next_kept(store, true, id - 1, &kept, found, error);
    *found = *found && kept.id == id;
    ok = ok && (!*found || redo(reparse, &kept, error));
    store_kept_clear(&kept);
    if (ok && store_commit(store, error))
        return true;
    store_rollback(store);
    return false;
}

bool reparse_quarantine(struct cli *cli, char *const *numbers, struct reparse_counts *counts,
                        bool *missing, GError **error)
{
    struct reparse reparse = begin(cli, counts);

    if (*numbers == NULL)
        return end(cli, redo_kind(&reparse, true, error));
    for (char *const *number = numbers; *number != NULL; number++) {
        bool found = false;
        if (!redo_one(&reparse, g_ascii_strtoll(*number, NULL, 10), &found, error))
            return end(cli, false);
        if (!found)
            cli_complain(cli, "nothing in the quarantine has the number %s", *number);
        *missing |= !found;
    }
    return end(cli, true);
}
