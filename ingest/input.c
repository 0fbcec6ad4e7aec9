#include "ingest/input.h"
#include "ingest/limits.h"
#include "ingest/log/shelf.h"
#include "ingest/stream.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef O_NOATIME
#define O_NOATIME 0
#endif

/* A folder that is being read: one open descriptor each, so no path is ever resolved again. */
struct folder {
    DIR *dir;
    char *path;
    GStringChunk *text;
    GPtrArray *names; /* in `text`, in the order to be read */
    guint next;
    bool is_mailbox; /* new/ or cur/ of a Maildir */
};

struct input {
    char **paths;
    guint next_path;
    GPtrArray *folders;     /* struct folder *, the innermost last */
    GHashTable *seen;       /* device and inode of each folder read or being read */
    struct shelf *logs;     /* to be read when all else is */
    struct log_source *log; /* that is being read */
    bool log_is_new;        /* it was not given yet */
    struct stream *stream;
    char *path; /* of the file that is being read; NULL between files */
    char *file_name;
    gint64 time;
    guint64 file_size;
    guint units; /* that came out of it */
    GPtrArray *troubles;
    guint64 bytes_done; /* of the files before */
    guint64 bytes_total;
    bool may_wait;
};

static void folder_free(struct folder *folder)
{
    closedir(folder->dir);
    g_free(folder->path);
    g_string_chunk_free(folder->text);
    g_ptr_array_unref(folder->names);
    g_free(folder);
}

/* Names are the only text of strangers in units and troubles: bytes that are not UTF-8 go. */
static char *name_for_people(const char *name)
{
    return g_utf8_make_valid(name, -1);
}

static void trouble(struct input *input, enum issue_severity severity, const char *path,
                    const char *problem)
{
    struct issue *issue;

    if (input->troubles->len > INPUT_TROUBLES_MAX)
        return;
    if (input->troubles->len == INPUT_TROUBLES_MAX)
        problem = "Further inputs that cannot be read are not listed";
    issue_add(input->troubles, ISSUE_INPUT, severity, NULL, "%s", problem);
    issue = g_ptr_array_index(input->troubles, input->troubles->len - 1);
    issue->part = name_for_people(path);
}

static void trouble_errno(struct input *input, const char *path, const char *what, int error)
{
    g_autofree char *problem = g_strdup_printf("%s: %s", what, g_strerror(error));

    trouble(input, ISSUE_ERROR, path, problem);
}

static const char *kind_of_file(mode_t mode)
{
    if (S_ISFIFO(mode))
        return "This is a FIFO, not a file";
    if (S_ISSOCK(mode))
        return "This is a socket, not a file";
    return "This is a device, not a file";
}

/* The descriptor N that "-", /dev/stdin, /dev/fd/N or /proc/self/fd/N names; -1 for any other. */
static int named_descriptor(const char *path)
{
    static const char *const prefixes[] = {"/dev/fd/", "/proc/self/fd/"};
    guint64 number;

    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0)
        return STDIN_FILENO;
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(path, prefixes[i]) &&
            g_ascii_string_to_unsigned(path + strlen(prefixes[i]), 10, 0, G_MAXINT, &number, NULL))
            return (int)number;
    return -1;
}

struct input *input_open(char *const *paths)
{
    struct input *input = g_new0(struct input, 1);
    bool all_known = true;

    input->paths = g_strdupv((char **)paths);
    input->folders = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
    input->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    input->logs = shelf_new();
    input->stream = stream_new();
    input->troubles = issues_new();
    for (char *const *path = paths; *path != NULL; path++) {
        struct stat status;
        int fd = named_descriptor(*path);

        if ((fd >= 0 ? fstat(fd, &status) : stat(*path, &status)) < 0)
            continue;
        if (S_ISREG(status.st_mode))
            input->bytes_total += (guint64)status.st_size;
        else
            all_known = false;
        input->may_wait |= !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
    }
    if (!all_known)
        input->bytes_total = 0;
    return input;
}

/* An mbox whose access time is not newer than its last change has new mail: keep it so. */
static int open_quietly(int folder, const char *name)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int fd = openat(folder, name, flags | O_NOATIME);

    if (fd < 0 && errno == EPERM && O_NOATIME != 0)
        fd = openat(folder, name, flags);
    return fd;
}

static bool is_folder_at(int folder, const char *name)
{
    struct stat status;

    return fstatat(folder, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

static bool is_maildir(int folder)
{
    return is_folder_at(folder, "new") && is_folder_at(folder, "cur");
}

/* A folder that cannot be looked into is taken for one, so that entering it tells why. */
static bool is_subfolder(int maildir, const char *name)
{
    g_autofree char *inside = g_build_filename(name, "new", NULL);
    struct stat status;

    if (fstatat(maildir, inside, &status, 0) < 0)
        return errno == EACCES;
    return S_ISDIR(status.st_mode);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether an entry of the folder is to be read. In a Maildir, new/ and cur/ are taken apart. */
static bool is_wanted(int folder, const char *name, bool in_maildir)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    if (in_maildir)
        return *name == '.' && is_subfolder(folder, name);
    return *name != '.';
}

static void list_folder(struct input *input, struct folder *folder)
{
    int fd = dirfd(folder->dir);
    bool in_maildir = is_maildir(fd);
    const struct dirent *entry;

    while ((errno = 0, entry = readdir(folder->dir)) != NULL)
        if (is_wanted(fd, entry->d_name, in_maildir))
            g_ptr_array_add(folder->names, g_string_chunk_insert(folder->text, entry->d_name));
    if (errno != 0)
        trouble_errno(input, folder->path, "Cannot be listed to its end", errno);
    g_ptr_array_sort(folder->names, compare_names);
    if (!in_maildir)
        return;
    /* A mail reader moves mail from new/ to cur/: in this order none slips through. */
    g_ptr_array_insert(folder->names, 0, g_string_chunk_insert(folder->text, "new"));
    g_ptr_array_insert(folder->names, 1, g_string_chunk_insert(folder->text, "cur"));
}

/* Whether the path is new/ or cur/ beside its sibling, also where it was named itself. */
static bool is_mailbox(int fd, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    bool is_new = strcmp(name, "new") == 0;

    return (is_new || strcmp(name, "cur") == 0) && is_folder_at(fd, is_new ? "../cur" : "../new");
}

static struct folder *folder_new(DIR *dir, const char *path)
{
    struct folder *folder = g_new0(struct folder, 1);

    folder->dir = dir;
    folder->path = g_strdup(path);
    folder->text = g_string_chunk_new(4096);
    folder->names = g_ptr_array_new();
    folder->is_mailbox = is_mailbox(dirfd(dir), path);
    return folder;
}

/* Whether the folder is to be read; says why not. */
static bool is_new_folder(struct input *input, const struct stat *status, const char *path)
{
    char *identity =
        g_strdup_printf("%ju:%ju", (uintmax_t)status->st_dev, (uintmax_t)status->st_ino);

    if (!g_hash_table_add(input->seen, identity)) {
        trouble(input, ISSUE_NOTICE, path, "This folder is read already, under another name");
        return false;
    }
    if (input->folders->len < LIMIT_DIRECTORY_DEPTH)
        return true;
    /* Another way to it may be shorter. */
    g_hash_table_remove(input->seen, identity);
    trouble(input, ISSUE_ERROR, path, "Too many folders inside each other: not read");
    return false;
}

/* Takes over `fd`. */
static void enter_folder(struct input *input, int fd, const struct stat *status, const char *path)
{
    struct folder *folder;
    DIR *dir = NULL;

    if (is_new_folder(input, status, path)) {
        dir = fdopendir(fd);
        if (dir == NULL)
            trouble_errno(input, path, "Cannot be listed", errno);
    }
    if (dir == NULL) {
        close(fd);
        return;
    }
    folder = folder_new(dir, path);
    g_ptr_array_add(input->folders, folder);
    list_folder(input, folder);
}

/* A log waits until everything else is read; what has no path is read now. */
static void put_log_aside(struct input *input, const char *path, gint64 first_at, bool is_file,
                          const uint8_t *head, size_t length)
{
    if (is_file && input->file_name != NULL) {
        shelf_add(input->logs, path, first_at, input->time);
        stream_close(input->stream);
        g_clear_pointer(&input->path, g_free);
        g_clear_pointer(&input->file_name, g_free);
        return;
    }
    input->log = log_source_new(stream_give_up(input->stream), head, length);
    input->log_is_new = true;
}

/* Takes over `fd`. `file_name` may be NULL. */
static void begin_file(struct input *input, int fd, const struct stat *status, const char *path,
                       const char *file_name)
{
    bool is_file = S_ISREG(status->st_mode), whole;
    const uint8_t *head;
    gint64 first_at;
    size_t length;

    input->path = name_for_people(path);
    input->file_name = file_name == NULL ? NULL : name_for_people(file_name);
    input->time = is_file ? (gint64)status->st_mtime : 0;
    input->file_size = is_file ? (guint64)status->st_size : 0;
    input->units = 0;
    stream_open(input->stream, fd, !is_file);
    head = stream_peek(input->stream, &length, &whole);
    if (shelf_is_log(head, length, whole, input->time, &first_at))
        put_log_aside(input, path, first_at, is_file, head, length);
}

static void end_log(struct input *input)
{
    const char *problem = log_source_problem(input->log);

    if (problem != NULL)
        trouble(input, ISSUE_ERROR, input->path, problem);
    input->bytes_done += log_source_bytes_read(input->log);
    g_clear_pointer(&input->log, log_source_free);
    g_clear_pointer(&input->path, g_free);
    g_clear_pointer(&input->file_name, g_free);
}

static void end_file(struct input *input)
{
    int error = stream_error(input->stream);

    if (error != 0)
        trouble_errno(input, input->path, "Cannot be read to its end", error);
    else if (input->units == 0)
        trouble(input, ISSUE_NOTICE, input->path, "This file is empty");
    /* What is left of a file past its limit counts as done. */
    input->bytes_done += MAX(stream_bytes_read(input->stream), input->file_size);
    stream_close(input->stream);
    g_clear_pointer(&input->path, g_free);
    g_clear_pointer(&input->file_name, g_free);
}

/* Takes over `fd`. `any`: pipes and the like, too. */
static void begin(struct input *input, int fd, const char *path, bool any)
{
    g_autofree char *file_name = any ? NULL : g_path_get_basename(path);
    struct stat status;

    if (fstat(fd, &status) < 0) {
        trouble_errno(input, path, "Cannot be opened", errno);
    } else if (S_ISDIR(status.st_mode)) {
        enter_folder(input, fd, &status, path);
        return;
    } else if (any || S_ISREG(status.st_mode)) {
        begin_file(input, fd, &status, path, file_name);
        return;
    } else {
        trouble(input, ISSUE_WARNING, path, kind_of_file(status.st_mode));
    }
    close(fd);
}

/* Gone between listing and opening: in a Maildir mail readers rename all the time. */
static bool has_moved(const struct folder *folder, const char *name)
{
    struct stat status;

    return folder != NULL && folder->is_mailbox &&
           fstatat(dirfd(folder->dir), name, &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* Looks before it opens, since opening alone does something to a FIFO or a device. */
static void open_file(struct input *input, const struct folder *folder, const char *name,
                      const char *path)
{
    int where = folder == NULL ? AT_FDCWD : dirfd(folder->dir);
    struct stat status;
    int fd = -1;

    if (fstatat(where, name, &status, 0) == 0) {
        if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
            trouble(input, ISSUE_WARNING, path, kind_of_file(status.st_mode));
            return;
        }
        fd = open_quietly(where, name);
    }
    if (fd < 0) {
        int error = errno;
        if (error != ENOENT || !has_moved(folder, name))
            trouble_errno(input, path, "Cannot be opened", error);
        return;
    }
    begin(input, fd, path, false);
}

/* A copy of the descriptor: a socket cannot be opened again by its name below /proc. */
static void open_descriptor(struct input *input, int number, const char *path)
{
    int fd = fcntl(number, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        trouble_errno(input, path, "Cannot be opened", errno);
    else
        begin(input, fd, path, true);
}

/* Goes on to the next file, folder or end of a folder; false where all is done. */
static bool advance(struct input *input)
{
    if (input->folders->len > 0) {
        guint last = input->folders->len - 1;
        struct folder *folder = g_ptr_array_index(input->folders, last);

        if (folder->next == folder->names->len) {
            g_ptr_array_set_size(input->folders, (gint)last);
        } else {
            const char *name = g_ptr_array_index(folder->names, folder->next++);
            g_autofree char *path = g_build_filename(folder->path, name, NULL);
            open_file(input, folder, name, path);
        }
        return true;
    }
    if (input->paths[input->next_path] != NULL) {
        const char *path = input->paths[input->next_path++];
        int number = named_descriptor(path);

        if (number >= 0)
            open_descriptor(input, number, path);
        else
            open_file(input, NULL, path, path);
        return true;
    }
    return false;
}

/* The next log of those put aside; one that has gone meanwhile is trouble. */
static bool open_log(struct input *input)
{
    const struct shelf_log *log;

    while ((log = shelf_next(input->logs)) != NULL) {
        int fd = open_quietly(AT_FDCWD, log->path);
        struct stat status;

        if (fd >= 0 && fstat(fd, &status) == 0) {
            input->path = name_for_people(log->path);
            input->file_name = g_path_get_basename(input->path);
            input->time = (gint64)status.st_mtime;
            input->log = log_source_new(fd, NULL, 0);
            input->log_is_new = true;
            return true;
        }
        trouble_errno(input, log->path, "Cannot be opened", errno);
        if (fd >= 0)
            close(fd);
    }
    return false;
}

static void give_log(struct input *input, struct unit *unit)
{
    input->log_is_new = false;
    unit->log = input->log;
    unit->time = input->time;
    unit->source = g_strdup(input->path);
    unit->file_name = g_strdup(input->file_name);
}

static bool next_of_file(struct input *input, struct unit *unit)
{
    struct stream_unit next;

    if (input->log != NULL) {
        bool is_new = input->log_is_new;
        if (is_new)
            give_log(input, unit);
        return is_new;
    }

    if (!stream_next(input->stream, &next))
        return false;
    input->units++;
    unit->bytes = next.bytes;
    unit->cut = next.cut;
    unit->time = input->time;
    unit->source = next.message == 0 ? g_strdup(input->path)
                                     : g_strdup_printf("%s:%u", input->path, next.message);
    unit->file_name = next.message == 0 ? g_strdup(input->file_name) : NULL;
    return true;
}

bool input_next(struct input *input, struct unit *unit)
{
    memset(unit, 0, sizeof *unit);
    do {
        if (input->path != NULL) {
            if (next_of_file(input, unit))
                return true;
            if (input->log != NULL)
                end_log(input);
            else
                end_file(input);
        }
    } while (advance(input) || open_log(input));
    return false;
}

const GPtrArray *input_troubles(const struct input *input)
{
    return input->troubles;
}

guint64 input_bytes_read(const struct input *input)
{
    if (input->log != NULL)
        return input->bytes_done + log_source_bytes_read(input->log);
    return input->bytes_done + (input->path == NULL ? 0 : stream_bytes_read(input->stream));
}

bool input_may_wait(const struct input *input)
{
    return input->may_wait;
}

guint64 input_bytes_total(const struct input *input)
{
    return input->bytes_total;
}

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    log_source_free(input->log);
    shelf_free(input->logs);
    stream_free(input->stream);
    g_strfreev(input->paths);
    g_ptr_array_unref(input->folders);
    g_hash_table_unref(input->seen);
    g_ptr_array_unref(input->troubles);
    g_free(input->path);
    g_free(input->file_name);
    g_free(input);
}

void unit_clear(struct unit *unit)
{
    g_clear_pointer(&unit->bytes, g_bytes_unref);
    g_clear_pointer(&unit->source, g_free);
    g_clear_pointer(&unit->file_name, g_free);
    unit->log = NULL; /* lent */
}
