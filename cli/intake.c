#include "cli/intake.h"
#include "analyze/classify.h"
#include "ingest/limits.h"

/* Units that one worker takes at a time: fewer wake-ups than one by one. */
#define BATCH_UNITS 16
#define BATCH_BYTES (256u << 10)

/* Batches on the way. Together with the sizes above the bound on memory. */
#define WINDOW 12

/* A unit of this size goes alone, so that never two large ones are unpacked at once. */
#define LARGE_UNIT (4u << 20)

/* A transaction ends after so many arrivals or so long a time: others want to write too. */
#define COMMIT_ARRIVALS 4000
#define COMMIT_US (300 * 1000)
#define COMMIT_PAUSE_US 1000

#define WORKERS_MAX 4
#define PROGRESS_US (100 * 1000)

struct batch {
    guint length;
    gsize bytes;
    struct unit units[BATCH_UNITS];
    struct arrival *arrivals[BATCH_UNITS];
    bool done;
    bool stored;
};

struct intake {
    struct cli *cli;
    struct ingest_context context;
    struct store_counts *counts;
    GThreadPool *workers;
    GMutex lock;
    GCond finished;
    GQueue window; /* struct batch *, oldest first */
    guint in_transaction;
    gint64 transaction_since;
    gint64 now;     /* in the transaction */
    guint troubles; /* already stored */
    bool may_block; /* the input is a pipe: reading may wait, which must not hold the lock */
};

static struct arrival *take_unit(const struct unit *unit, const struct ingest_context *context)
{
    struct arrival *arrival = ingest_unit(unit, context);

    for (guint i = 0; i < arrival->reports->len; i++)
        classify_report(g_ptr_array_index(arrival->reports, i));
    return arrival;
}

static void batch_free(gpointer data)
{
    struct batch *batch = data;

    for (guint i = 0; i < batch->length; i++) {
        unit_clear(&batch->units[i]);
        arrival_free(batch->arrivals[i]);
    }
    g_free(batch);
}

/* A stored batch comes back to be freed: that costs as much as half the storing. */
static void work_on(gpointer data, gpointer user_data)
{
    struct batch *batch = data;
    struct intake *intake = user_data;

    if (batch->stored) {
        batch_free(batch);
        return;
    }
    for (guint i = 0; i < batch->length; i++) {
        batch->arrivals[i] = take_unit(&batch->units[i], &intake->context);
        unit_clear(&batch->units[i]);
    }
    g_mutex_lock(&intake->lock);
    batch->done = true;
    g_cond_signal(&intake->finished);
    g_mutex_unlock(&intake->lock);
}

static bool commit(struct intake *intake, GError **error)
{
    if (intake->in_transaction == 0)
        return true;
    intake->in_transaction = 0;
    if (!store_commit(intake->cli->store, error))
        return false;
    g_usleep(COMMIT_PAUSE_US);
    return true;
}

static bool begin(struct intake *intake, GError **error)
{
    if (intake->in_transaction++ > 0)
        return true;
    intake->transaction_since = g_get_monotonic_time();
    if (!store_begin(intake->cli->store, error)) {
        intake->in_transaction = 0;
        return false;
    }
    intake->now = cli_clock(intake->cli);
    return true;
}

static bool store_one(struct intake *intake, const struct arrival *arrival, GError **error)
{
    return begin(intake, error) && store_put_arrival(intake->cli->store, arrival, intake->now,
                                                     CLASSIFY_VERSION, intake->counts, error);
}

static bool commit_if_due(struct intake *intake, GError **error)
{
    bool due = intake->may_block || intake->in_transaction >= COMMIT_ARRIVALS ||
               g_get_monotonic_time() - intake->transaction_since > COMMIT_US;

    return intake->in_transaction == 0 || !due || commit(intake, error);
}

static bool wait_until_done(struct intake *intake, const struct batch *batch, gint64 until)
{
    bool done;

    g_mutex_lock(&intake->lock);
    while (!batch->done && g_cond_wait_until(&intake->finished, &intake->lock, until))
        ;
    done = batch->done;
    g_mutex_unlock(&intake->lock);
    return done;
}

/* Waits for the oldest batch and stores it; a long wait never holds the write lock. */
static bool finish_oldest(struct intake *intake, GError **error)
{
    struct batch *batch = g_queue_pop_head(&intake->window);
    bool ok = true;

    while (!wait_until_done(intake, batch, g_get_monotonic_time() + COMMIT_US))
        ok = ok && commit(intake, error);
    for (guint i = 0; ok && i < batch->length; i++)
        ok = store_one(intake, batch->arrivals[i], error);
    batch->stored = true;
    g_thread_pool_push(intake->workers, batch, NULL);
    return ok && commit_if_due(intake, error);
}

static bool drain(struct intake *intake, GError **error)
{
    while (!g_queue_is_empty(&intake->window))
        if (!finish_oldest(intake, error))
            return false;
    return true;
}

static bool submit(struct intake *intake, struct batch *batch, GError **error)
{
    g_queue_push_tail(&intake->window, batch);
    g_thread_pool_push(intake->workers, batch, NULL);
    return intake->window.length < WINDOW || finish_oldest(intake, error);
}

/* A batch of the next units; NULL at the end of the input. */
static struct batch *next_batch(struct input *input)
{
    struct batch *batch = g_new0(struct batch, 1);

    while (batch->length < BATCH_UNITS && batch->bytes < BATCH_BYTES &&
           input_next(input, &batch->units[batch->length]))
        batch->bytes += g_bytes_get_size(batch->units[batch->length++].bytes);
    if (batch->length > 0)
        return batch;
    g_free(batch);
    return NULL;
}

static bool store_troubles(struct intake *intake, const struct input *input, GError **error)
{
    const GPtrArray *troubles = input_troubles(input);

    while (intake->troubles < troubles->len) {
        const struct issue *issue = g_ptr_array_index(troubles, intake->troubles++);
        if (!begin(intake, error) ||
            !store_put_trouble(intake->cli->store, issue, intake->now, intake->counts, error))
            return false;
    }
    return true;
}

static bool run_loop(struct intake *intake, struct input *input, intake_progress_fn progress,
                     void *data, GError **error)
{
    struct batch *batch;
    gint64 shown = g_get_monotonic_time();

    while ((batch = next_batch(input)) != NULL) {
        bool large = batch->bytes >= LARGE_UNIT;
        if ((large && !drain(intake, error)) || !submit(intake, batch, error) ||
            (large && !drain(intake, error)) || !store_troubles(intake, input, error))
            return false;
        if (progress != NULL && g_get_monotonic_time() - shown > PROGRESS_US) {
            progress(input, intake->counts, data);
            shown = g_get_monotonic_time();
        }
    }
    return drain(intake, error) && store_troubles(intake, input, error) && commit(intake, error);
}

bool intake_run(struct cli *cli, struct input *input, struct store_counts *counts,
                intake_progress_fn progress, void *data, GError **error)
{
    struct intake intake = {
        .cli = cli, .context = {.site = cli->site, .now = cli->now}, .counts = counts};
    gint workers = (gint)CLAMP(g_get_num_processors(), 1, WORKERS_MAX);

    ingest_init();
    g_mutex_init(&intake.lock);
    g_cond_init(&intake.finished);
    g_queue_init(&intake.window);
    intake.may_block = input_bytes_total(input) == 0;
    intake.workers = g_thread_pool_new(work_on, &intake, workers, TRUE, NULL);
    bool ok = run_loop(&intake, input, progress, data, error);
    g_thread_pool_free(intake.workers, FALSE, TRUE);
    if (!ok)
        store_rollback(cli->store);
    g_queue_clear_full(&intake.window, batch_free);
    g_mutex_clear(&intake.lock);
    g_cond_clear(&intake.finished);
    return ok;
}

bool intake_unit(struct cli *cli, const struct unit *unit, struct store_counts *counts,
                 GError **error)
{
    const struct ingest_context context = {.site = cli->site, .now = cli->now};
    g_autoptr(Arrival) arrival = NULL;

    ingest_init();
    arrival = take_unit(unit, &context);
    if (!store_begin(cli->store, error))
        return false;
    if (store_put_arrival(cli->store, arrival, cli_clock(cli), CLASSIFY_VERSION, counts, error) &&
        store_commit(cli->store, error))
        return true;
    store_rollback(cli->store);
    return false;
}
