/* All logs that are followed, and the writer that takes what they tell. */
#ifndef CLI_FOLLOW_LOGS_H
#define CLI_FOLLOW_LOGS_H

#include "cli/cli.h"
#include "ingest/log/reader.h"
#include "ingest/log/watch.h"
#include <glib.h>

/* What was asked for. */
struct follow_wish {
    char **paths; /* absolute; NULL: the journal */
    char **matches; /* of the journal, besides what mail servers log; may be NULL */
    bool once;
    bool from_end;
    char *timezone; /* NULL: not given */
};

struct follow_logs;

/* Goes on where the store says. Borrows all it is given, and cli->store. */
struct follow_logs *follow_logs_open(struct cli *cli, const struct follow_wish *wish,
                                     const struct log_options *options, GError **error);
/* What was not written is lost here; it is read again from where the store says. */
void follow_logs_close(struct follow_logs *logs);

enum follow_read {
    FOLLOW_IDLE, /* there is nothing more for now */
    FOLLOW_MORE,
    FOLLOW_FULL, /* what waits must be written first */
};
/* Reads for a while. Says what cannot be read, once. False where the journal cannot be. */
bool follow_logs_read(struct follow_logs *logs, enum follow_read *what, GError **error);

/* Nothing comes without something new being written; with the journal and `once` only. */
bool follow_logs_have_ended(const struct follow_logs *logs);

/* What waited too long for a further line is told. */
void follow_logs_settle(struct follow_logs *logs);

/* Whether it is time to write. */
bool follow_logs_are_due(const struct follow_logs *logs);

enum follow_written {
    FOLLOW_WRITTEN,
    FOLLOW_LATER, /* it waits on */
    FOLLOW_ANEW,  /* close and open: it is to be read again */
    FOLLOW_NEVER, /* not without someone's help */
};
/* Writes what waits and where the logs were left off, in one transaction. */
enum follow_written follow_logs_write(struct follow_logs *logs, GError **error);

/* Sets what is to be told by the watch; again after each read. */
void follow_logs_watch(struct follow_logs *logs, struct watch *watch);
/* Readable when the journal has something; -1: there is no such thing. */
int follow_logs_fd(const struct follow_logs *logs);

/* Times are about to be read in another way, so that lines that were read would not be known
   again: from the next write on none is read again. */
void follow_logs_forget_context(struct follow_logs *logs);

/* Something could not be read. */
bool follow_logs_have_problem(const struct follow_logs *logs);

#endif
