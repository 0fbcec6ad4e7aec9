#include "cli/reparse.h"
#include "analyze/classify.h"
#include "analyze/dmarc.h"
#include "cli/terminal.h"
#include "ingest/ingest.h"
#include "schema/store_dmarc.h"

/* Reports read again in one transaction, and how long one may take until the next is begun: mail
   that comes in waits for it. */
#define BATCH 200
#define BATCH_SECONDS 2

struct reparse {
    struct cli *cli;
    struct ingest_context context;
    gint64 now;                 /* in the transaction */
    struct store_counts stored; /* of what came out of the quarantine */
    struct reparse_counts *counts;
};

static bool put_report(struct reparse *reparse, const struct store_kept *kept,
                       struct report *report, bool *changed, GError **error)
{
    struct store *store = reparse->cli->store;

    classify_report(report);
    return store_replace_report(store, kept->id, report, CLASSIFY_VERSION, changed, error);
}

static bool put_dmarc(struct reparse *reparse, const struct store_kept *kept,
                      struct dmarc_report *report, bool *changed, GError **error)
{
    struct store *store = reparse->cli->store;

    dmarc_judge(report);
    return store_replace_dmarc(store, kept->id, report, changed, error);
}

/* All that is in it, unless something in it still cannot be read, goes with the last of them. */
static bool release(struct reparse *reparse, struct store_kept *kept, const struct arrival *again,
                    GError **error)
{
    struct store *store = reparse->cli->store;
    guint left = again->reports->len + again->dmarc->len;
    bool ok = true;

    for (guint i = 0; ok && i < again->reports->len; i++) {
        struct report *report = g_ptr_array_index(again->reports, i);
        classify_report(report);
        kept->stays = --left > 0 || again->unread->len > 0;
        ok = store_release(store, kept, report, reparse->now, CLASSIFY_VERSION, &reparse->stored,
                           error);
    }
    for (guint i = 0; ok && i < again->dmarc->len; i++) {
        struct dmarc_report *report = g_ptr_array_index(again->dmarc, i);
        dmarc_judge(report);
        kept->stays = --left > 0 || again->unread->len > 0;
        ok = store_release_dmarc(store, kept, report, reparse->now, &reparse->stored, error);
    }
    reparse->counts->released += ok && !kept->later;
    reparse->counts->first_read += ok && kept->later;
    return ok;
}

/* Puts one thing in its place anew. What still cannot be read stays as it was. */
static bool redo(struct reparse *reparse, struct store_kept *kept, GError **error)
{
    g_autoptr(Arrival) again = ingest_again(&kept->original, kept->arrival, &reparse->context);
    bool changed = false, ok;

    reparse->counts->read++;
    if (kept->kind == KEPT_UNREAD)
        return again->reports->len + again->dmarc->len == 0 || release(reparse, kept, again, error);
    if (kept->kind == KEPT_REPORT && again->reports->len > 0) {
        ok = put_report(reparse, kept, again->reports->pdata[0], &changed, error);
    } else if (kept->kind == KEPT_DMARC && again->dmarc->len > 0) {
        ok = put_dmarc(reparse, kept, again->dmarc->pdata[0], &changed, error);
    } else {
        reparse->counts->unreadable++;
        return true;
    }
    reparse->counts->changed += changed;
    return ok;
}

/* One transaction's worth; *last moves on. */
static bool redo_batch(struct reparse *reparse, enum store_kept_kind kind, gint64 *last, bool *more,
                       GError **error)
{
    struct store *store = reparse->cli->store;
    bool ok = store_begin(store, error);
    gint64 until = g_get_monotonic_time() + BATCH_SECONDS * G_USEC_PER_SEC;

    reparse->now = cli_clock(reparse->cli);
    *more = ok;
    for (int i = 0; ok && *more && i < BATCH && g_get_monotonic_time() < until; i++) {
        struct store_kept kept = {0};
        ok = store_next_kept(store, kind, *last, &kept, more, error);
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

static bool redo_kind(struct reparse *reparse, enum store_kept_kind kind, GError **error)
{
    gint64 last = 0;
    bool more = true;

    while (more) {
        if (!redo_batch(reparse, kind, &last, &more, error))
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

    return end(cli, redo_kind(&reparse, KEPT_REPORT, error) &&
                        redo_kind(&reparse, KEPT_DMARC, error) &&
                        redo_kind(&reparse, KEPT_UNREAD, error));
}

/* The thing with this number, in a transaction of its own. */
static bool redo_one(struct reparse *reparse, gint64 id, bool *found, GError **error)
{
    struct store *store = reparse->cli->store;
    struct store_kept kept = {0};
    bool ok = store_begin(store, error);

    reparse->now = cli_clock(reparse->cli);
    ok = ok && store_next_kept(store, KEPT_UNREAD, id - 1, &kept, found, error);
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
        return end(cli, redo_kind(&reparse, KEPT_UNREAD, error));
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
