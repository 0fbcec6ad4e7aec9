/* The journal that is followed, by way of journalctl. */
#ifndef CLI_FOLLOW_JOURNAL_H
#define CLI_FOLLOW_JOURNAL_H

#include "cli/cli.h"
#include "cli/follow_reader.h"

#define FOLLOW_JOURNAL "journal" /* path of its position */

struct follow_journal;

/* `position` NULL: never seen; then `from_end` leaves out what there is. `once`: to its end only.
 */
struct follow_journal *follow_journal_new(const struct log_options *options,
                                          struct log_writer *writer,
                                          const struct log_position *position, bool from_end,
                                          bool once);
void follow_journal_free(struct follow_journal *journal);

/* "FIELD=VALUE" each: entries to be read besides those of mail servers. Borrowed; NULL: none. */
void follow_journal_set_matches(struct follow_journal *journal, char *const *matches);
bool follow_journal_is_match(const char *text);

/* Begins to read. TLSTRIAGE_ERROR_SYSTEM where there is no journalctl. */
bool follow_journal_start(struct follow_journal *journal, GError **error);

enum follow_journal_state {
    FOLLOW_JOURNAL_WAITS,
    FOLLOW_JOURNAL_MORE, /* to be read at once */
    FOLLOW_JOURNAL_DONE, /* `once`, and journalctl did its work */
    FOLLOW_JOURNAL_DIED, /* *problem says how; the caller's */
};
/* Reads for a while. Stops when the writer is full. */
enum follow_journal_state follow_journal_read(struct follow_journal *journal, char **problem);

/* To wait on; -1 where nothing is read. */
int follow_journal_fd(const struct follow_journal *journal);

/* As those of follow_file.h. */
void follow_journal_settle(struct follow_journal *journal);
bool follow_journal_position(const struct follow_journal *journal, struct log_position *position);
struct follow_reader *follow_journal_reader(struct follow_journal *journal);

#endif
