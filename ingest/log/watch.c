#include "ingest/log/watch.h"
#include <stdbool.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

struct watch {
    int fd;
    GHashTable *files; /* path -> watch descriptor of the file that had it last */
};

struct watch *watch_new(void)
{
    struct watch *watch = g_new0(struct watch, 1);

    watch->fd = -1;
    watch->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
#ifdef __linux__
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
#endif
    return watch;
}

void watch_free(struct watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->fd >= 0)
        close(watch->fd);
    g_hash_table_unref(watch->files);
    g_free(watch);
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

void watch_path(struct watch *watch, const char *path)
{
#ifdef __linux__
    g_autofree char *folder = g_path_get_dirname(path);
    gpointer before = NULL;
    bool known = g_hash_table_lookup_extended(watch->files, path, NULL, &before);
    int now;

    if (watch->fd < 0)
        return;
    inotify_add_watch(watch->fd, folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
    now = inotify_add_watch(watch->fd, path, IN_MODIFY);
    if (known && now != GPOINTER_TO_INT(before))
        inotify_rm_watch(watch->fd, GPOINTER_TO_INT(before));
    if (now >= 0)
        g_hash_table_insert(watch->files, g_strdup(path), GINT_TO_POINTER(now));
    else
        g_hash_table_remove(watch->files, path);
#else
    (void)watch;
    (void)path;
#endif
}

void watch_clear(struct watch *watch)
{
    char events[4096];

    while (watch->fd >= 0 && read(watch->fd, events, sizeof events) > 0)
        ;
}
