#include "cli/intake.h"
#include "analyze/classify.h"
#include "analyze/dmarc.h"
#include "ingest/limits.h"
#include <string.h>

/* Units that one worker takes at a time: fewer wake-ups than one by one. */
#define BATCH_UNITS 16
#define BATCH_BYTES (256u << 10)

/* Batches on the way. */
#define WINDOW 12

/* What has been read and not yet stored may take so much; past it only the oldest batch goes on. A
   small mail may unpack to LIMIT_UNPACKED_BYTES, so its size tells nothing. */
#define WAITING_BYTES (64u << 20)

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
    gsize weight; /* of its arrivals */
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
    GCond lighter;              /* something was stored, or another batch is the oldest */
    bool given_up;              /* nothing is stored any more */
    gsize waiting;              /* weight of what was read and not yet stored */
    const struct batch *oldest; /* the one that is waited for */
    GQueue window;              /* struct batch *, oldest first */
    guint in_transaction;
    gint64 transaction_since;
    gint64 now;      /* in the transaction */
    guint troubles;  /* already stored */
    bool may_block;  /* the input is a pipe: reading may wait, which must not hold the lock */
    struct unit log; /* the next unit, where it is a log */
    struct intake_log *log_intake; /* NULL until the first log */
    const struct log_options *log_options;
    struct intake_log_counts *log_counts;
    struct input *input; /* these three for showing how far a log is */
    intake_progress_fn progress;
    void *progress_data;
    gint64 shown; /* when that was done last */
};

static struct arrival *take_unit(const struct unit *unit, const struct ingest_context *context)
{
    struct arrival *arrival = ingest_unit(unit, context);

    for (guint i = 0; i < arrival->reports->len; i++)
        classify_report(g_ptr_array_index(arrival->reports, i));
    for (guint i = 0; i < arrival->dmarc->len; i++)
        dmarc_judge(g_ptr_array_index(arrival->dmarc, i));
    return arrival;
}

static gsize text_weight(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

static gsize report_weight(const struct report *report)
{
    gsize weight = sizeof(*report);

    for (guint i = 0; i < report->policies->len; i++) {
        const struct policy *policy = g_ptr_array_index(report->policies, i);
        weight += sizeof(*policy) + policy->details->len * sizeof(struct failure);
        for (guint j = 0; j < policy->strings->len; j++)
            weight += text_weight(g_ptr_array_index(policy->strings, j));
        for (guint j = 0; j < policy->details->len; j++) {
            const struct failure *failure = g_ptr_array_index(policy->details, j);
            weight += text_weight(failure->reason_code) +
                      text_weight(failure->additional_information) + text_weight(failure->helo);
        }
    }
    return weight;
}

static gsize arrival_weight(const struct arrival *arrival)
{
    gsize weight = 0;

    for (guint i = 0; i < arrival->reports->len; i++)
        weight += report_weight(g_ptr_array_index(arrival->reports, i));
    for (guint i = 0; i < arrival->dmarc->len; i++) {
        const struct dmarc_report *report = g_ptr_array_index(arrival->dmarc, i);
        weight += dmarc_rows_size(report->rows);
    }
    return weight;
}

/* The oldest batch always goes on: the writer waits for it, and the rest for the writer. */
static bool wait_for_room(struct intake *intake, const struct batch *batch)
{
    bool goes_on;

    g_mutex_lock(&intake->lock);
    while (intake->waiting > WAITING_BYTES && intake->oldest != batch && !intake->given_up)
        g_cond_wait(&intake->lighter, &intake->lock);
    goes_on = !intake->given_up;
    g_mutex_unlock(&intake->lock);
    return goes_on;
}

static void add_weight(struct intake *intake, struct batch *batch, const struct arrival *arrival)
{
    gsize weight = arrival_weight(arrival);

    g_mutex_lock(&intake->lock);
    batch->weight += weight;
    intake->waiting += weight;
    g_mutex_unlock(&intake->lock);
}

static void set_oldest(struct intake *intake, const struct batch *batch)
{
    g_mutex_lock(&intake->lock);
    intake->oldest = batch;
    g_cond_broadcast(&intake->lighter);
    g_mutex_unlock(&intake->lock);
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
    for (guint i = 0; i < batch->length && wait_for_room(intake, batch); i++) {
        batch->arrivals[i] = take_unit(&batch->units[i], &intake->context);
        unit_clear(&batch->units[i]);
        add_weight(intake, batch, batch->arrivals[i]);
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

/* A heavy batch is freed at once: behind others in the queue it would stay too long. */
static void leave(struct intake *intake, struct batch *batch)
{
    gsize weight = batch->weight;

    batch->stored = true;
    if (weight > WAITING_BYTES / WINDOW)
        batch_free(batch);
    else
        g_thread_pool_push(intake->workers, batch, NULL);
    g_mutex_lock(&intake->lock);
    intake->waiting -= weight;
    intake->oldest = NULL;
    g_cond_broadcast(&intake->lighter);
    g_mutex_unlock(&intake->lock);
}

/* Waits for the oldest batch and stores it; a long wait never holds the write lock. */
static bool finish_oldest(struct intake *intake, GError **error)
{
    struct batch *batch = g_queue_pop_head(&intake->window);
    bool ok = true;

    set_oldest(intake, batch);
    while (!wait_until_done(intake, batch, g_get_monotonic_time() + COMMIT_US))
        ok = ok && commit(intake, error);
    for (guint i = 0; ok && i < batch->length; i++)
        ok = store_one(intake, batch->arrivals[i], error);
    leave(intake, batch);
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

/* A batch of the next units, empty before a log; NULL at the end of the input. */
static struct batch *next_batch(struct intake *intake)
{
    struct batch *batch = g_new0(struct batch, 1);

    while (batch->length < BATCH_UNITS && batch->bytes < BATCH_BYTES && intake->log.log == NULL &&
           input_next(intake->input, &batch->units[batch->length])) {
        struct unit *unit = &batch->units[batch->length];
        if (unit->log != NULL) {
            intake->log = *unit;
            memset(unit, 0, sizeof *unit);
        } else {
            batch->bytes += g_bytes_get_size(unit->bytes);
            batch->length++;
        }
    }
    if (batch->length > 0 || intake->log.log != NULL)
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

static void show_progress(void *data)
{
    struct intake *intake = data;

    if (intake->progress == NULL || g_get_monotonic_time() - intake->shown <= PROGRESS_US)
        return;
    intake->progress(intake->input, intake->counts, intake->progress_data);
    intake->shown = g_get_monotonic_time();
}

/* A log is taken in by itself: everything before it is stored, and no transaction is open. */
static bool take_log(struct intake *intake, GError **error)
{
    bool ok = drain(intake, error) && commit(intake, error);

    if (ok && intake->log_intake == NULL)
        intake->log_intake = intake_log_new(intake->cli, intake->log_options, intake->log_counts);
    ok = ok && intake_log_take(intake->log_intake, &intake->log, show_progress, intake, error);
    unit_clear(&intake->log);
    return ok;
}

static bool take_batch(struct intake *intake, struct batch *batch, GError **error)
{
    bool large = batch->bytes >= LARGE_UNIT;

    if (batch->length == 0) {
        batch_free(batch);
        return true;
    }
    if (large && !drain(intake, error)) {
        batch_free(batch);
        return false;
    }
    return submit(intake, batch, error) && (!large || drain(intake, error));
}

static bool run_loop(struct intake *intake, GError **error)
{
    struct batch *batch;

    while ((batch = next_batch(intake)) != NULL) {
        if (!take_batch(intake, batch, error) ||
            (intake->log.log != NULL && !take_log(intake, error)) ||
            !store_troubles(intake, intake->input, error))
            return false;
        show_progress(intake);
    }
    return drain(intake, error) && store_troubles(intake, intake->input, error) &&
           commit(intake, error) &&
           (intake->log_intake == NULL || intake_log_finish(intake->log_intake, error));
}

/* Lets the workers end what they have begun, and read nothing more. */
static void give_up(struct intake *intake)
{
    g_mutex_lock(&intake->lock);
    intake->given_up = true;
    g_cond_broadcast(&intake->lighter);
    g_mutex_unlock(&intake->lock);
}

bool intake_run(struct cli *cli, struct input *input, struct store_counts *counts,
                const struct log_options *options, struct intake_log_counts *logs,
                intake_progress_fn progress, void *data, GError **error)
{
    struct intake intake = {.cli = cli,
                            .context = {.site = cli->site, .now = cli->now},
                            .counts = counts,
                            .log_options = options,
                            .log_counts = logs,
                            .input = input,
                            .progress = progress,
                            .progress_data = data,
                            .shown = g_get_monotonic_time()};
    gint workers = (gint)CLAMP(g_get_num_processors(), 1, WORKERS_MAX);

    ingest_init();
    g_mutex_init(&intake.lock);
    g_cond_init(&intake.finished);
    g_cond_init(&intake.lighter);
    g_queue_init(&intake.window);
    intake.may_block = input_may_wait(input);
    intake.workers = g_thread_pool_new(work_on, &intake, workers, TRUE, NULL);
    bool ok = run_loop(&intake, error);
    give_up(&intake);
    g_thread_pool_free(intake.workers, FALSE, TRUE);
    if (!ok)
        store_rollback(cli->store);
    g_queue_clear_full(&intake.window, batch_free);
    unit_clear(&intake.log);
    intake_log_free(intake.log_intake);
    g_mutex_clear(&intake.lock);
    g_cond_clear(&intake.finished);
    g_cond_clear(&intake.lighter);
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
