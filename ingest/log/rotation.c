#include "ingest/log/rotation.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void rotated_free(gpointer data)
{
    struct rotated *rotated = data;

    g_free(rotated->path);
    g_free(rotated);
}

/* What may stand behind the number or the date: nothing, or how it is packed. */
static bool is_rest(const char *rest, const char *extension)
{
    static const char *const packed[] = {"", ".gz", ".xz", ".zst", ".bz2", ".Z"};

    if (extension != NULL && g_str_has_prefix(rest, extension))
        rest += strlen(extension);
    else if (extension != NULL)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
        if (strcmp(rest, packed[i]) == 0)
            return true;
    return false;
}

/* "." or "-" and a number, or a date that may hold '-', '.', ':' and 'T' between its digits. */
static bool is_numbered(const char *text, const char *extension, guint64 *order)
{
    const char *digits = text + 1, *end = digits;

    if ((*text != '.' && *text != '-' && *text != '_') || !g_ascii_isdigit(*digits))
        return false;
    while (g_ascii_isdigit(*end) ||
           (*end != '\0' && strchr("-_:.T", *end) != NULL && g_ascii_isdigit(end[1])))
        end++;
    *order = *text == '.' && strspn(digits, "0123456789") <= 4 ? strtoull(digits, NULL, 10) : 0;
    return is_rest(end, extension);
}

bool rotation_is_name(const char *base, const char *name, guint64 *order)
{
    size_t length = strlen(base);
    const char *extension = strrchr(base, '.');

    *order = 0;
    if (strncmp(name, base, length) == 0)
        return is_numbered(name + length, NULL, order) ||
               (g_str_has_prefix(name + length, ".old") && is_rest(name + length + 4, NULL));
    if (extension == NULL || extension == base)
        return false;
    length = (size_t)(extension - base);
    return strncmp(name, base, length) == 0 && is_numbered(name + length, extension, order);
}

static void add(GPtrArray *list, const char *folder, const char *name, guint64 order, guint64 inode,
                bool by_name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    struct rotated *rotated;
    struct stat status;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
        (!by_name && (guint64)status.st_ino != inode))
        return;
    rotated = g_new0(struct rotated, 1);
    rotated->path = g_steal_pointer(&path);
    rotated->inode = (guint64)status.st_ino;
    rotated->mtime = (gint64)status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;
    rotated->order = order;
    g_ptr_array_add(list, rotated);
}

static void list_folder(GPtrArray *list, const char *path, guint64 inode)
{
    g_autofree char *folder = g_path_get_dirname(path), *base = g_path_get_basename(path);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && list->len < ROTATION_FILES_MAX && (name = g_dir_read_name(dir)) != NULL) {
        guint64 order;
        bool by_name = rotation_is_name(base, name, &order);
        if ((by_name || inode != 0) && strcmp(name, base) != 0)
            add(list, folder, name, order, inode, by_name);
    }
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const struct rotated *first = *(const struct rotated *const *)a;
    const struct rotated *second = *(const struct rotated *const *)b;

    if (first->mtime != second->mtime)
        return first->mtime < second->mtime ? -1 : 1;
    if (first->order != second->order)
        return first->order > second->order ? -1 : 1;
    return strcmp(first->path, second->path);
}

GPtrArray *rotation_list(const char *path, guint64 inode)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(rotated_free);
    char *real = realpath(path, NULL);

    list_folder(list, path, inode);
    if (real != NULL && strcmp(real, path) != 0)
        list_folder(list, real, inode);
    free(real);
    g_ptr_array_sort(list, compare);
    return list;
}
