/*
 * Where bytes come from: files, folders, Maildir, mbox, standard input. Gives one unit (one mail
 * or one plain file) at a time; an mbox is never in memory as a whole. Nothing is ever changed:
 * files are opened for reading, new/ stays new/.
 */
#ifndef INGEST_INPUT_H
#define INGEST_INPUT_H

#include "ingest/log/source.h"
#include "schema/record.h"
#include <glib.h>

/* One mail or one plain file, or one log. */
struct unit {
    struct log_source *log; /* a log, to be read from here; stays the input's, to the next unit;
                               then `bytes` is NULL */
    GBytes *bytes;   /* at most LIMIT_MESSAGE_BYTES of a mail, LIMIT_UNPACKED_BYTES of a file */
    char *source;    /* "path", "path:3" (third message of an mbox), "-" */
    char *file_name; /* last part of the path; NULL for stdin and messages of an mbox */
    bool cut;        /* longer than the limit: the rest was read and dropped */
    gint64 time;     /* modification time of the file; 0 where none */
};

#define INPUT_TROUBLES_MAX 10000 /* one more says that there are others */

struct input;

/*
 * `paths`: files, folders and "-", in the order to be read; folders are walked in byte order of
 * names, below LIMIT_DIRECTORY_DEPTH, each directory once however many links lead to it. In a
 * Maildir (a folder with new/ and cur/) only those two and its Maildir++ subfolders are read.
 * Other hidden files are left out. Only regular files are read, plus, where named in `paths`, "-"
 * and pipes below /dev/fd or /proc/self/fd.
 *
 * Logs (shelf_is_log()) come after everything else, in the order of their first lines; one that
 * comes through a pipe comes at once.
 */
struct input *input_open(char *const *paths);

/*
 * The next unit; ownership passes to the caller (unit_clear). False at the end. What cannot be
 * opened or read is skipped: see input_troubles().
 */
bool input_next(struct input *input, struct unit *unit);

/*
 * What could not be read so far: struct issue * of kind INPUT, whose part is the path. ERROR: could
 * not be opened or read; WARNING: a FIFO, socket or device; NOTICE: nothing is lost (an empty file,
 * a folder that links lead to twice). Mail that a mail reader moved out of new/ or cur/ just now is
 * none. The caller may look at it after each input_next(); the array belongs to the input.
 */
const GPtrArray *input_troubles(const struct input *input);

/* Bytes read so far, and in all as far as known (0 where not: stdin), for a progress bar. */
guint64 input_bytes_read(const struct input *input);
guint64 input_bytes_total(const struct input *input);

/* Whether input_next() may wait for others to write: a pipe or a terminal is among the paths. */
bool input_may_wait(const struct input *input);

void input_close(struct input *input);
void unit_clear(struct unit *unit);

#endif
