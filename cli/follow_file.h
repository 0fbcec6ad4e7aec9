/* One log file that is followed: from its bytes to the writer, and where it was left off. */
#ifndef CLI_FOLLOW_FILE_H
#define CLI_FOLLOW_FILE_H

#include "cli/cli.h"
#include "cli/follow_reader.h"
#include "ingest/log/tail.h"

struct follow_file;

/*
 * `position` NULL: never seen; then `from_end` leaves out what there is. Nothing is opened yet.
 */
struct follow_file *follow_file_new(const char *path, const struct log_options *options,
                                    struct log_writer *writer, const struct log_position *position,
                                    bool from_end);
void follow_file_free(struct follow_file *file);

/* Reads for a while; true where there is more to be read at once. Stops when the writer is full. */
bool follow_file_read(struct follow_file *file, bool hurry);

/* Nothing more is read in this run: what waited too long already, by the file's time, is told. */
void follow_file_settle(struct follow_file *file);

/* Which of its files is read has changed since this was asked last. */
bool follow_file_has_moved(struct follow_file *file);

/* From now on the position is where it is read, and no line is read again. */
void follow_file_forget_context(struct follow_file *file);

/* Lends its texts. False where there is nothing to remember yet. */
bool follow_file_position(const struct follow_file *file, struct log_position *position);

struct follow_reader *follow_file_reader(struct follow_file *file);
const char *follow_file_path(const struct follow_file *file);
const char *follow_file_problem(const struct follow_file *file);

#endif
