/*
 * What stands around a message in a log: the forms of syslog, journald, Postfix' own log file,
 * containers, Exim. One reader of envelopes reads one file, since years and forms are learned from
 * the lines before.
 */
#ifndef INGEST_LOG_ENVELOPE_H
#define INGEST_LOG_ENVELOPE_H

#include "ingest/log/line.h"
#include <glib.h>

struct envelope;

/*
 * `zone`: of stamps that name none (NULL: local time). `file_time`: when the file was last written
 * to (0: unknown, then `now`): of the years that a stamp without one may be of, the latest that is
 * not after it.
 */
struct envelope *envelope_new(GTimeZone *zone, gint64 file_time, gint64 now);
void envelope_free(struct envelope *envelope);

/*
 * Takes the envelope off one line (without its newline; a '\r' before that is dropped). Always
 * gives something: a line in no known form is a message with nothing else known. The spans point
 * into `bytes` or into the envelope's own memory, and hold until the next call. False: a line that
 * carries no message (an empty one, a comment of journalctl).
 *
 * "message repeated N times: [ TEXT]" gives TEXT with repeats N; "last message repeated N times"
 * gives the host's previous line again. Of a line that Exim split for syslog ("[1/2] ..."), the
 * last part gives all of it, and the others nothing. `whole` of an entry of the journal, or of
 * another logger's JSON, is what journalctl -o short-iso would show.
 *
 * `bytes` must stay as they are until envelope_keep() or envelope_free(): a host's previous line is
 * copied by envelope_keep() only.
 */
bool envelope_take(struct envelope *envelope, const char *bytes, size_t length,
                   struct log_line *line);
void envelope_keep(struct envelope *envelope);

/*
 * A line that was taken, of a program that is none of a mail server: a container's runtime gives
 * what the container writes to syslog or to the journal as messages of its own ("docker/mail[9]:
 * Mar  3 12:01:20 mx1 postfix/smtp[7]: ..."). True: the message began with a stamp and held a line
 * with a program, which `line` is now; its time is the outer one's where the inner names no zone.
 * False: `line` is as it was.
 */
bool envelope_unwrap(struct envelope *envelope, struct log_line *line);

/*
 * The year of a log without years that goes over more than one New Year: the number of times that
 * the stamps in `bytes` go from December to January. To be called, if at all, before the first line
 * with all of the file.
 */
void envelope_look_ahead(struct envelope *envelope, const char *bytes, size_t length);

/*
 * journalctl -o export: entries of several lines, some of them binary. Whether `bytes` begin so,
 * and the length of the first whole entry in them (0: more is needed; an entry is never longer than
 * LIMIT_JOURNAL_ENTRY_BYTES, past that its end is taken to be there).
 */
bool envelope_is_export(const char *bytes, size_t length);
size_t envelope_export_entry(const char *bytes, size_t length);

/* How many bytes behind such an entry that was ended by the limit are still of its last value, as
   far as that tells its size. */
guint64 envelope_export_excess(const char *bytes, size_t length);
bool envelope_take_export(struct envelope *envelope, const char *bytes, size_t length,
                          struct log_line *line);

/*
 * Octets counted as in RFC 6587, "45 <22>1 ...", with no end of a line between: whether the whole
 * of `bytes` begins so. `more`: that cannot be told yet, by so few of them. Then the length of the
 * first entry with its count, 0 where more is needed, and in `line` what it holds; what is no entry
 * ends with its line.
 */
bool envelope_is_counted(const char *bytes, size_t length, bool *more);
size_t envelope_counted_entry(const char *bytes, size_t length, struct span *line);

/*
 * Whether these first bytes of a file are of a log that we read, by its first lines: an envelope
 * we know with a program that a dialect claims somewhere, or at least a syslog form; a bare line
 * that a dialect claims. `whole`: nothing follows. Never true for mail, mbox, JSON reports, XML.
 */
bool envelope_sniff(const char *bytes, size_t length, bool whole);

#endif
