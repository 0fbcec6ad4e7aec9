/* Something to wait on for changes of files, where the system can tell (inotify). Elsewhere, and on
 * network file systems, whoever waits looks now and then by himself. */
#ifndef INGEST_LOG_WATCH_H
#define INGEST_LOG_WATCH_H

#include <glib.h>

struct watch;

struct watch *watch_new(void);
void watch_free(struct watch *watch);

/* Readable when something has changed; -1 where nothing can be waited on. */
int watch_fd(const struct watch *watch);

/* Changes of the file that has this name now, and of its folder. Again after each change of which
 * file that is; what cannot be watched is left to the slow way. */
void watch_path(struct watch *watch, const char *path);

/* What was told so far is dealt with. */
void watch_clear(struct watch *watch);

#endif
