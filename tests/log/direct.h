/*
 * Lines into one dialect, without envelopes and files: what it claims, and what it emits, as text;
 * and a whole log through the reader.
 */
#ifndef TESTS_LOG_DIRECT_H
#define TESTS_LOG_DIRECT_H

#include "ingest/log/dialect.h"
#include "ingest/log/mark.h"
#include "ingest/log/reader.h"

#define DIRECT_FILE_TIME 1735689600 /* 2025-01-01 */

struct direct {
    const struct log_dialect *dialect;
    struct log_context context;
    void *state;
    GString *events; /* one line each */
    guint64 mark;    /* of the last event */
    guint consumed;  /* lines that were told with another one */
};

/*
 * "session: at=AT out|in OUTCOME VERSION level=L domain=D mx=M ip=I id=Q host=H xN", and for
 * failures also "RESULT FAILURE DETAIL OUTCOME dsn=.. delay=.. reason=.. | TLS-ERROR". What is not
 * known is left out.
 */
static inline void direct_add(GString *out, const char *name, const char *value)
{
    if (value != NULL && *value != '\0')
        g_string_append_printf(out, " %s%s", name, value);
}

static inline void direct_emit(const struct log_event *event, void *data)
{
    static const char *const kinds[] = {"session:", "failure:", "expired:"};
    struct direct *direct = data;
    GString *out = direct->events;

    if (event->kind == LOG_EVENT_CONSUMED) {
        direct->consumed++;
        return;
    }
    if (event->kind == LOG_EVENT_COUNTED)
        return;
    direct->mark = event->mark;
    g_string_append(out, kinds[event->kind]);
    if (event->at != DIRECT_FILE_TIME)
        g_string_append_printf(out, " at=%" G_GINT64_FORMAT, event->at);
    direct_add(out, "", direction_word(event->direction));
    if (event->kind == LOG_EVENT_SESSION)
        direct_add(out, "", session_outcome_word(event->session));
    if (event->kind == LOG_EVENT_FAILURE) {
        if (event->result_type != RESULT_UNKNOWN)
            direct_add(out, "", result_type_word(event->result_type));
        direct_add(out, "", failure_type_word(event->failure_type));
        direct_add(out, "", log_detail_word(event->detail));
        direct_add(out, "", log_outcome_word(event->outcome));
    }
    direct_add(out, "", tls_version_word(event->version));
    if (event->level != LEVEL_UNKNOWN)
        direct_add(out, "level=", tls_level_word(event->level));
    direct_add(out, "domain=", event->domain);
    direct_add(out, "hop=", event->next_hop);
    direct_add(out, "mx=", event->mx);
    direct_add(out, "ip=", event->ip);
    direct_add(out, "id=", event->queue_id);
    direct_add(out, "host=", event->host);
    direct_add(out, "dsn=", event->dsn);
    if (event->delay >= 0)
        g_string_append_printf(out, " delay=%" G_GINT64_FORMAT, event->delay);
    if (event->kind == LOG_EVENT_FAILURE) {
        direct_add(out, "reason=", event->reason);
        direct_add(out, "| ", event->tls_error);
        g_assert_true(event->line != NULL || event->direction == DIRECTION_IN);
    }
    if (event->kind == LOG_EVENT_SESSION && event->sessions != 1)
        g_string_append_printf(out, " x%u", event->sessions);
    g_string_append_c(out, '\n');
}

static inline struct direct *direct_new(const struct log_dialect *dialect)
{
    struct direct *direct = g_new0(struct direct, 1);

    direct->dialect = dialect;
    direct->events = g_string_new(NULL);
    direct->context.emit = direct_emit;
    direct->context.data = direct;
    direct->context.fallback_time = DIRECT_FILE_TIME;
    direct->context.marks = log_marks_new();
    direct->context.scratch = g_string_new(NULL);
    direct->state = dialect->open(&direct->context);
    return direct;
}

static inline void direct_free(struct direct *direct)
{
    direct->dialect->close(direct->state);
    log_marks_free(direct->context.marks);
    g_string_free(direct->context.scratch, TRUE);
    g_string_free(direct->events, TRUE);
    g_free(direct);
}

static inline struct log_line direct_line(const char *program, const char *message, gssize length)
{
    struct span text = span_of(message, length < 0 ? strlen(message) : (size_t)length);

    return (struct log_line){
        .program = span_of(program, strlen(program)),
        .message = text,
        .whole = text,
        .repeats = 1,
    };
}

static inline bool direct_claims(const struct log_dialect *dialect, const char *program,
                                 const char *message)
{
    struct log_line line = direct_line(program, message, -1);

    return dialect->claims(&line);
}

/* What the line makes the dialect emit; valid until the next call. */
static inline const char *direct_take(struct direct *direct, const char *program,
                                      const char *message)
{
    struct log_line line = direct_line(program, message, -1);
    bool tells;

    g_string_truncate(direct->events, 0);
    if (!direct->dialect->claims(&line))
        return "not claimed";
    tells = direct->dialect->take(direct->state, &line);
    g_assert_cmpint(tells, >=, direct->events->len > 0);
    return direct->events->str;
}

/* What a log makes the reader emit; the caller's. */
static inline char *direct_read(const char *log)
{
    struct log_options options = {.zone = g_time_zone_new_utc(), .now = DIRECT_FILE_TIME + 86400};
    struct direct direct = {.events = g_string_new(NULL)};
    struct log_reader *reader = log_reader_new(&options, direct_emit, &direct);

    log_reader_begin(reader, DIRECT_FILE_TIME);
    log_reader_take(reader, log, strlen(log));
    log_reader_end(reader);
    log_reader_settle(reader, G_MAXINT64);
    log_reader_free(reader);
    g_time_zone_unref(options.zone);
    return g_string_free(direct.events, FALSE);
}

#endif
