/* The files that a log became when it was rotated, by their names: logrotate, savelog, newsyslog,
 * exicyclog. */
#ifndef INGEST_LOG_ROTATION_H
#define INGEST_LOG_ROTATION_H

#include <glib.h>
#include <stdbool.h>

/* Past so many of them the rest is not looked at. */
#define ROTATION_FILES_MAX 4096

struct rotated {
    char *path;
    guint64 inode;
    gint64 mtime;  /* in microseconds */
    guint64 order; /* N of "mail.log.N", which is the older the larger; 0 where the name has none */
};

/*
 * Whether `name` is one that a log `base` is rotated to: mail.log.1, mail.log.2.gz,
 * mail.log-20261122, mail-20261122.log.xz, mainlog.01, mail.log.old; not mail.log.swp,
 * mail.logger.1 or mail.err.1.
 */
bool rotation_is_name(const char *base, const char *name, guint64 *order);

/*
 * Those beside `path` (where that is a link, also beside what it leads to), the oldest first.
 * GPtrArray of struct rotated *. With `inode` other than 0 files of that inode are in it whatever
 * their names.
 */
GPtrArray *rotation_list(const char *path, guint64 inode);

#endif
