#include "cli/outbound_make.h"
#include "ingest/queue.h"
#include "schema/store_log.h"

#define DAY FAULT_DAY

/* Times of a day more on either side: a reporter's day need not be ours. */
#define REPORT_DAYS (2 * (gint64)DAY)

struct making {
    struct cli *cli;
    const struct digest_request *request;
    struct outbound_period period;
    struct outbound_builder *builder;
    gint64 first[2]; /* of the failures told, by direction; G_MAXINT64: none */
    gint64 last[2];
    enum direction direction; /* of what is asked for now */
    enum outbound_span span;
    gint64 hour;
};

static struct outbound_period period_of(const struct digest_request *request)
{
    return (struct outbound_period){
        .from = request->by_period ? request->covers_from : request->covers_from + 1,
        .to = request->covers_to,
        .stored = !request->by_period,
        .domain = request->filter.domain,
    };
}

struct outbound_builder *outbound_begin(const struct digest_request *request)
{
    struct outbound_period period = period_of(request);

    return outbound_builder_new(&period);
}

void outbound_add_report(struct outbound_builder *builder, const struct report *report, bool told)
{
    for (guint i = 0; i < report->policies->len; i++) {
        const struct policy *policy = g_ptr_array_index(report->policies, i);
        for (guint j = 0; j < policy->details->len; j++) {
            const struct failure *failure = g_ptr_array_index(policy->details, j);
            struct outbound_report one = {.organization = report->organization,
                                          .domain = policy->domain,
                                          .ip = failure->sending_ip,
                                          .type = failure->failure_type,
                                          .begins_at = report->begins_at,
                                          .sessions = failure->sessions,
                                          .told = told};
            outbound_builder_add_report(builder, &one);
        }
    }
}

/* ---- failures ---- */

static void find_span(const struct stored_log_failure *failure, void *data)
{
    struct making *making = data;
    enum direction direction = making->direction;

    if (!outbound_period_has(&making->period, failure))
        return;
    making->first[direction] = MIN(making->first[direction], failure->event.at);
    making->last[direction] = MAX(making->last[direction], failure->event.at);
}

static void take_failure(const struct stored_log_failure *failure, void *data)
{
    struct making *making = data;

    outbound_builder_add_failure(making->builder, failure);
}

static bool each_failure(struct making *making, enum direction direction, gint64 from,
                         store_log_failure_fn take, GError **error)
{
    const struct store_log_filter filter = {
        .from = MAX(from, 0), .to = making->cli->now + 1, .direction = direction};

    making->direction = direction;
    return store_each_log_failure(making->cli->store, &filter, take, making, error);
}

/* A log may be read long after its time, so that any time may hold what came in since. */
static bool find_stored_span(struct making *making, enum direction direction, GError **error)
{
    gint64 first, last;

    if (!store_span_log_failures(making->cli->store, direction, making->period.from,
                                 making->period.to, making->cli->now, &first, &last, error))
        return false;
    if (first != 0) {
        making->first[direction] = first;
        making->last[direction] = last;
    }
    return true;
}

static bool find_spans(struct making *making, GError **error)
{
    gint64 from = making->period.from - (gint64)OUTBOUND_CONTEXT_DAYS * DAY;

    if (making->period.stored)
        return find_stored_span(making, DIRECTION_OUT, error) &&
               find_stored_span(making, DIRECTION_IN, error);
    return each_failure(making, DIRECTION_OUT, from, find_span, error) &&
           each_failure(making, DIRECTION_IN, from, find_span, error);
}

/* Where the context begins. */
static gint64 context_from(const struct making *making)
{
    gint64 first = MIN(making->period.from, making->first[DIRECTION_OUT]);

    return MAX(first - (gint64)OUTBOUND_CONTEXT_DAYS * DAY, 0);
}

static bool take_failures(struct making *making, GError **error)
{
    return each_failure(making, DIRECTION_OUT, context_from(making), take_failure, error) &&
           each_failure(making, DIRECTION_IN, 0, take_failure, error);
}

/* ---- reports about days on which clients failed ---- */

static void take_report(const struct stored_report *stored, void *data)
{
    struct making *making = data;
    const struct store_filter *filter = &making->request->filter;
    bool told = stored->ingested_at >= filter->ingested_from &&
                (filter->ingested_to == 0 || stored->ingested_at < filter->ingested_to);

    if (!told)
        outbound_add_report(making->builder, stored->report, false);
}

static bool take_reports(struct making *making, GError **error)
{
    const struct store_filter filter = {
        .begins_from = making->first[DIRECTION_IN] - REPORT_DAYS,
        .begins_to = making->last[DIRECTION_IN] + REPORT_DAYS,
        .domain = making->request->filter.domain,
        .skip_unauthenticated = making->request->filter.skip_unauthenticated,
    };

    if (making->request->by_period || making->first[DIRECTION_IN] == G_MAXINT64)
        return true;
    return store_each_report(making->cli->store, &filter, take_report, making, error);
}

/* ---- clients that failed and take mail of ours ---- */

static void take_peer(const char *ip, const char *mx, void *data)
{
    const struct making *making = data;

    outbound_builder_add_peer(making->builder, ip, mx);
}

/* For which of our domains their mail was nobody knows. */
static bool take_peers(struct making *making, GError **error)
{
    gint64 first = making->first[DIRECTION_IN], last = making->last[DIRECTION_IN];

    if (making->request->filter.domain != NULL || first == G_MAXINT64)
        return true;
    return store_each_log_peer(making->cli->store, first, last + 1, take_peer, making, error);
}

/* ---- sessions ---- */

static void take_deliveries(const struct stored_deliveries *deliveries, void *data)
{
    struct making *making = data;

    outbound_builder_add_deliveries(making->builder, making->span, deliveries);
}

static bool each_deliveries(struct making *making, enum outbound_span span, gint64 from, gint64 to,
                            GError **error)
{
    const struct store_log_filter filter = {
        .from = MAX(from, 0),
        .to = to,
        .direction = DIRECTION_OUT,
        .domain = span == OUTBOUND_PERIOD ? making->request->filter.domain : NULL};

    making->span = span;
    return store_each_deliveries(making->cli->store, &filter, take_deliveries, making, error);
}

/* The begin of the month that `at` lies in, and of the one before. */
static gint64 month_of(gint64 at, int months_before)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at);
    g_autoptr(GDateTime) begin = time == NULL
                                     ? NULL
                                     : g_date_time_new_utc(g_date_time_get_year(time),
                                                           g_date_time_get_month(time), 1, 0, 0, 0);
    g_autoptr(GDateTime) before =
        begin == NULL ? NULL : g_date_time_add_months(begin, -months_before);

    return before == NULL ? 0 : g_date_time_to_unix(before);
}

static void take_unsteady(const struct stored_log_failure *failure, void *data)
{
    struct making *making = data;

    outbound_builder_add_unsteady(making->builder, failure);
}

/* With whom DANE held in every session. */
static bool take_days(struct making *making, gint64 to, GError **error)
{
    gint64 from = MAX(outbound_steady_from(to), 0);

    for (gint64 day = from; day < to; day += DAY)
        if (!each_deliveries(making, OUTBOUND_DAY, day, day + DAY, error))
            return false;
    return each_failure(making, DIRECTION_OUT, from, take_unsteady, error);
}

/* The month before the latest first day of a month that the digest covers. */
static bool take_month(struct making *making, GError **error)
{
    gint64 end = month_of(making->period.to, 0), begin = month_of(making->period.to, 1);

    if (end < making->period.from || making->request->filter.domain != NULL)
        return true;
    outbound_builder_begin_month(making->builder, begin, end);
    return each_deliveries(making, OUTBOUND_MONTH, begin, end, error) &&
           take_days(making, end, error);
}

static gint64 hour_of(gint64 at)
{
    return at / OUTBOUND_HOUR * OUTBOUND_HOUR;
}

/* What a log that was read late failed is told beside the sessions of its time. Days that were
   asked for have their own: a message given up in them may have failed first before. */
static gint64 sessions_from(const struct making *making)
{
    const struct outbound_period *period = &making->period;

    return hour_of(period->stored ? MIN(period->from, making->first[DIRECTION_OUT]) : period->from);
}

static bool take_sessions(struct making *making, GError **error)
{
    gint64 context = hour_of(context_from(making));
    gint64 from = sessions_from(making);
    gint64 before = context - (gint64)OUTBOUND_BEFORE_DAYS * DAY;

    return each_deliveries(making, OUTBOUND_BEFORE, before, context, error) &&
           each_deliveries(making, OUTBOUND_CONTEXT, context, making->cli->now + 1, error) &&
           each_deliveries(making, OUTBOUND_PERIOD, from, making->period.to + 1, error) &&
           take_month(making, error);
}

static void take_hour(const struct stored_deliveries *deliveries, void *data)
{
    struct making *making = data;

    outbound_builder_add_hour(making->builder, making->hour, deliveries);
}

static bool take_suspects(struct making *making, GError **error)
{
    g_autoptr(GArray) hours = outbound_builder_suspects(making->builder);

    for (guint i = 0; i < hours->len; i++) {
        struct store_log_filter filter = {.direction = DIRECTION_OUT};
        making->hour = g_array_index(hours, gint64, i);
        filter.from = making->hour;
        filter.to = making->hour + OUTBOUND_HOUR;
        if (!store_each_deliveries(making->cli->store, &filter, take_hour, making, error))
            return false;
    }
    return true;
}

/* ---- queue ---- */

static void take_queued(const struct queued_message *message, void *data)
{
    outbound_builder_add_queued(data, message);
}

static bool take_queue(struct making *making, GError **error)
{
    struct queue_counts counts = {0};

    if (making->request->queue == NULL)
        return true;
    if (!queue_read(making->request->queue, take_queued, making->builder, &counts, error))
        return false;
    outbound_builder_queue_read(making->builder, counts.unreadable);
    return true;
}

/* ---- all of it ---- */

/* A domain that our log knows nothing of is most likely one of ours. */
static bool is_silent(const struct outbound *outbound)
{
    return outbound->sessions == 0 &&
           outbound->findings->len + outbound->passing->len + outbound->inbound->len == 0;
}

bool outbound_make(struct cli *cli, const struct digest_request *request,
                   struct outbound_builder *builder, struct outbound **found, GError **error)
{
    struct making making = {.cli = cli,
                            .request = request,
                            .period = period_of(request),
                            .builder = builder,
                            .first = {G_MAXINT64, G_MAXINT64}};

    *found = NULL;
    if (!find_spans(&making, error) || !take_reports(&making, error) ||
        !take_peers(&making, error) || !take_failures(&making, error) ||
        !take_sessions(&making, error) || !take_suspects(&making, error) ||
        !take_queue(&making, error)) {
        outbound_builder_free(builder);
        return false;
    }
    *found = outbound_builder_finish(builder, cli->now);
    if (*found != NULL && request->filter.domain != NULL && is_silent(*found))
        g_clear_pointer(found, outbound_free);
    return true;
}
