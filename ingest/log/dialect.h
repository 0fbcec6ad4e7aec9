/*
 * The log of one kind of mail server. A dialect takes lines with their envelope off, keeps what it
 * must remember between them (bounded), and emits what they tell. One file each; the table in
 * dialect.c is the only place that lists them.
 */
#ifndef INGEST_LOG_DIALECT_H
#define INGEST_LOG_DIALECT_H

#include "ingest/log/line.h"
#include "schema/log_record.h"

/* What a dialect may ask for while it works; owned by the reader (reader.h). */
struct log_context {
    log_event_fn emit;
    void *data;
    gint64 fallback_time; /* for lines without a time of their own: the file's, else now */
    bool keep_addresses;  /* configured: local parts stay in kept lines */
    struct log_marks *marks;
    GString *scratch; /* for log_context_line() */
};

/*
 * The mark of a line that something is to rest on: a hash of host (first label), second,
 * program[pid] and message, and of how often exactly this line was marked before in this file. So
 * the marks of a log are a multiset, and the same log read again gives the same marks. To be called
 * once for each such line, in the order of the lines, whatever comes of it.
 */
guint64 log_mark(struct log_context *context, const struct log_line *line);

/* Marks of lines that would be told alone if the log ended behind them. */
#define LOG_CLUES_MAX 8
struct log_clues {
    guint count; /* the last LOG_CLUES_MAX are kept */
    struct {
        guint64 mark;
        gint64 at;
    } lines[LOG_CLUES_MAX];
};
void log_clues_add(struct log_clues *clues, guint64 mark, gint64 at);
void log_clues_join(struct log_clues *clues, const struct log_clues *other);

/* They were told with another line, or turned out to be nothing: see LOG_EVENT_CONSUMED. */
void log_clues_consume(struct log_context *context, struct log_clues *clues, const char *host);

/* The same, but for the line with this mark: it is told, for all of them. */
void log_clues_consume_but(struct log_context *context, struct log_clues *clues, const char *host,
                           guint64 mark);

/* The line's time, else the fallback. */
gint64 log_line_time(const struct log_context *context, const struct log_line *line);

/* The line as it may be kept (scrub.h), valid until the next call. */
const char *log_context_line(struct log_context *context, struct span line);

/* What can be known of a line by itself. */
enum log_look {
    LOG_LOOK_IDLE,   /* it tells nothing, whatever came before it */
    LOG_LOOK_TELLS,  /* it may */
    LOG_LOOK_FILLED, /* it may, and all that it says by itself is in `looked` */
};

/* `looked` has LOG_LOOK_BYTES, is aligned for anything and may stay as it is. */
#define LOG_LOOK_BYTES 256
typedef enum log_look (*log_look_fn)(const struct log_line *line, void *looked);

struct log_dialect {
    const char *name;
    enum mta mta;

    void *(*open)(struct log_context *context);

    /*
     * Whether lines of this program or, where `program` is empty, a bare line like this are ours.
     * The answer for a program is remembered: it may depend on nothing else than the name then.
     */
    bool (*claims)(const struct log_line *line);

    /*
     * May be NULL, and give NULL: what looks at a program's lines before they are taken, or not. It
     * is called in another thread than all else, and must change nothing but what it fills.
     */
    log_look_fn (*look)(struct span program);

    /* One line that it claims. False: it tells nothing. */
    bool (*take)(void *state, const struct log_line *line);

    /*
     * No more lines of what waits: everything older than `before` (Unix seconds) is told now as it
     * stands, say a failed handshake for which no delivery line came.
     */
    void (*settle)(void *state, gint64 before);

    void (*close)(void *state);
};

/* Ends with NULL. */
extern const struct log_dialect *const log_dialects[];

extern const struct log_dialect log_postfix;
extern const struct log_dialect log_exim;
extern const struct log_dialect log_halon;
extern const struct log_dialect log_powermta;

#endif
