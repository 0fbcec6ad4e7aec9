#include "ingest/log/source.h"
#include "ingest/archive_library_private.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define WINDOW_BYTES ((size_t)128 << 10)

/* windowBits of zlib for gzip, and only gzip. */
#define GZIP_WINDOW (15 + 16)

struct log_source {
    int fd;
    guint8 *first; /* what was read before, until it is used up */
    size_t first_length;
    size_t first_done;
    guint8 *window;             /* packed bytes */
    _Atomic guint64 bytes_read; /* another thread may show how far things are */
    size_t (*read)(struct log_source *source, char *bytes, size_t size);
    z_stream zlib;
    bool is_gzip;
    bool between_members;
    bool ended;
    const struct archive_library *library;
    struct archive *archive;
    char *problem;
};

static const struct {
    const char *magic;
    size_t length;
} packed[] = {
    {"\xfd"
     "7zXZ\0",
     6},
    {"\x28\xb5\x2f\xfd", 4},
    {"BZh", 3},
    {"\x1f\x9d", 2},
};

bool log_source_is_packed(const void *bytes, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
        if (length >= packed[i].length && memcmp(bytes, packed[i].magic, packed[i].length) == 0)
            return true;
    return false;
}

G_GNUC_PRINTF(2, 3)
static size_t fail(struct log_source *source, const char *format, ...)
{
    va_list args;

    source->ended = true;
    if (source->problem != NULL)
        return 0;
    va_start(args, format);
    source->problem = g_strdup_vprintf(format, args);
    va_end(args);
    return 0;
}

/* From what was read before, else from the descriptor, which may be non-blocking. */
static size_t read_raw(struct log_source *source, void *bytes, size_t size)
{
    struct pollfd ready = {.fd = source->fd, .events = POLLIN};

    if (source->first_done < source->first_length) {
        size_t length = MIN(size, source->first_length - source->first_done);
        memcpy(bytes, source->first + source->first_done, length);
        source->first_done += length;
        source->bytes_read += length;
        return length;
    }
    while (source->fd >= 0) {
        ssize_t got = read(source->fd, bytes, size);
        if (got >= 0) {
            source->bytes_read += (guint64)got;
            return (size_t)got;
        }
        if (errno == EAGAIN)
            poll(&ready, 1, -1);
        else if (errno != EINTR)
            return fail(source, "Cannot be read to its end: %s", g_strerror(errno));
    }
    return 0;
}

/* After a member another one may follow (RFC 1952, section 2.2); anything else is no log. */
static bool next_member(struct log_source *source)
{
    while (source->zlib.avail_in > 0 && *source->zlib.next_in == 0) {
        source->zlib.next_in++;
        source->zlib.avail_in--;
    }
    if (source->zlib.avail_in == 0)
        return true;
    source->between_members = false;
    return inflateReset(&source->zlib) == Z_OK && *source->zlib.next_in == 0x1f;
}

static bool refill(struct log_source *source)
{
    size_t got;

    if (source->zlib.avail_in > 0)
        return true;
    got = read_raw(source, source->window, WINDOW_BYTES);
    source->zlib.next_in = source->window;
    source->zlib.avail_in = (uInt)got;
    return got > 0;
}

static size_t read_gzip(struct log_source *source, char *bytes, size_t size)
{
    source->zlib.next_out = (Bytef *)bytes;
    source->zlib.avail_out = (uInt)size;
    while (source->zlib.avail_out > 0 && !source->ended) {
        int result;

        if (!refill(source)) {
            source->ended = true;
            if (!source->between_members && source->fd >= 0)
                fail(source, "The gzip data ends too early (RFC 1952, section 2.3)");
            break;
        }
        if (source->between_members && !next_member(source)) {
            source->ended = true;
            break;
        }
        if (source->zlib.avail_in == 0)
            continue;
        result = inflate(&source->zlib, Z_NO_FLUSH);
        source->between_members = result == Z_STREAM_END;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            fail(source, "The gzip data is damaged (RFC 1952, section 2.3)");
    }
    return size - source->zlib.avail_out;
}

static la_ssize_t give_archive(struct archive *archive, void *data, const void **bytes)
{
    struct log_source *source = data;

    (void)archive;
    *bytes = source->window;
    return (la_ssize_t)read_raw(source, source->window, WINDOW_BYTES);
}

static bool open_archive(struct log_source *source)
{
    const struct archive_library *library = archive_library_load();
    struct archive_entry *entry;

    if (library == NULL) {
        fail(source, "Packed, and libarchive that would unpack it is not installed");
        return false;
    }
    source->library = library;
    source->archive = library->read_new();
    library->read_support_filter_all(source->archive);
    library->read_support_format_raw(source->archive);
    if (library->read_open(source->archive, source, NULL, give_archive, NULL) == ARCHIVE_OK &&
        library->read_next_header(source->archive, &entry) == ARCHIVE_OK)
        return true;
    fail(source, "Cannot be unpacked");
    return false;
}

static size_t read_archive(struct log_source *source, char *bytes, size_t size)
{
    la_ssize_t got;

    if (source->archive == NULL && !open_archive(source))
        return 0;
    got = source->library->read_data(source->archive, bytes, size);
    if (got >= 0)
        return (size_t)got;
    if (source->fd < 0) {
        source->ended = true;
        return 0;
    }
    return fail(source, "The packed data is damaged or ends too early");
}

static size_t read_plain(struct log_source *source, char *bytes, size_t size)
{
    return read_raw(source, bytes, size);
}

static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size)
{
    (void)opaque;
    return g_malloc_n(items, size);
}

static void zlib_free(voidpf opaque, voidpf memory)
{
    (void)opaque;
    g_free(memory);
}

/* The first bytes decide; where none are given some are read. */
static void choose(struct log_source *source)
{
    if (source->first_length == 0) {
        source->first = g_realloc(source->first, WINDOW_BYTES);
        source->first_length = read_raw(source, source->first, WINDOW_BYTES);
        source->bytes_read = 0;
    }
    source->read = read_plain;
    if (source->first_length >= 2 && source->first[0] == 0x1f && source->first[1] == 0x8b) {
        source->read = read_gzip;
        source->is_gzip = true;
        source->zlib.zalloc = zlib_alloc;
        source->zlib.zfree = zlib_free;
        inflateInit2(&source->zlib, GZIP_WINDOW);
    } else if (log_source_is_packed(source->first, source->first_length)) {
        source->read = read_archive;
    }
    if (source->read != read_plain)
        source->window = g_malloc(WINDOW_BYTES);
}

struct log_source *log_source_new(int fd, const void *first, size_t length)
{
    struct log_source *source = g_new0(struct log_source, 1);

    source->fd = fd;
    source->first = length > 0 ? g_memdup2(first, length) : NULL;
    source->first_length = length;
    return source;
}

size_t log_source_read(struct log_source *source, char *bytes, size_t size)
{
    if (source->read == NULL)
        choose(source);
    return source->ended ? 0 : source->read(source, bytes, size);
}

/* What is packed is hardly ever longer than what it holds. */
bool log_source_is_over(const struct log_source *source, guint64 size)
{
    struct stat status;

    return source->fd >= 0 && fstat(source->fd, &status) == 0 && S_ISREG(status.st_mode) &&
           status.st_size > 0 && (guint64)status.st_size > size;
}

const char *log_source_problem(const struct log_source *source)
{
    return source->problem;
}

guint64 log_source_bytes_read(const struct log_source *source)
{
    return source->bytes_read;
}

void log_source_free(struct log_source *source)
{
    if (source == NULL)
        return;
    if (source->is_gzip)
        inflateEnd(&source->zlib);
    if (source->archive != NULL)
        source->library->read_free(source->archive);
    if (source->fd >= 0)
        close(source->fd);
    g_free(source->first);
    g_free(source->window);
    g_free(source->problem);
    g_free(source);
}
