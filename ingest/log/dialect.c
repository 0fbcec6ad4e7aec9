#include "ingest/log/dialect.h"
#include "ingest/limits.h"
#include "ingest/log/mark.h"
#include "ingest/log/scrub.h"
#include "ingest/text.h"

/* Bare lines are offered in this order: the more exact the claim, the earlier. */
const struct log_dialect *const log_dialects[] = {
    &log_postfix, &log_exim, &log_halon, &log_powermta, NULL,
};

guint64 log_mark(struct log_context *context, const struct log_line *line)
{
    return log_marks_take(context->marks, line);
}

void log_clues_add(struct log_clues *clues, guint64 mark, gint64 at)
{
    guint place = clues->count++ % LOG_CLUES_MAX;

    clues->lines[place].mark = mark;
    clues->lines[place].at = at;
}

void log_clues_join(struct log_clues *clues, const struct log_clues *other)
{
    for (guint i = 0; i < MIN(other->count, LOG_CLUES_MAX); i++)
        log_clues_add(clues, other->lines[i].mark, other->lines[i].at);
}

void log_clues_consume_but(struct log_context *context, struct log_clues *clues, const char *host,
                           guint64 mark)
{
    for (guint i = 0; i < MIN(clues->count, LOG_CLUES_MAX); i++) {
        const struct log_event event = {
            .kind = LOG_EVENT_CONSUMED,
            .mark = clues->lines[i].mark,
            .at = clues->lines[i].at,
            .host = host,
            .delay = -1,
        };
        if (event.mark != mark)
            context->emit(&event, context->data);
    }
    clues->count = 0;
}

void log_clues_consume(struct log_context *context, struct log_clues *clues, const char *host)
{
    log_clues_consume_but(context, clues, host, 0);
}

gint64 log_line_time(const struct log_context *context, const struct log_line *line)
{
    return line->at != 0 ? line->at : context->fallback_time;
}

const char *log_context_line(struct log_context *context, struct span line)
{
    g_string_truncate(context->scratch, 0);
    if (context->keep_addresses) {
        g_autofree char *text = text_bounded(line.at, line.length, LIMIT_LOG_KEPT_BYTES, NULL);
        g_string_append(context->scratch, text != NULL ? text : "");
    } else {
        scrub_append(context->scratch, line, LIMIT_LOG_KEPT_BYTES);
    }
    return context->scratch->str;
}
