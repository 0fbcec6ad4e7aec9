#include "ingest/stream.h"
#include "ingest/dmarc.h"
#include "ingest/limits.h"
#include "ingest/unpack.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_BYTES ((size_t)256 << 10)
#define PEEK_BYTES ((size_t)64 << 10)
#define FROM_LINE_BYTES 1000 /* RFC 5322, section 2.1.1: no line is longer */
/* So much past its limit a message is cut for certain: what may be a "From " line is judged. */
#define MESSAGE_WINDOW (LIMIT_MESSAGE_BYTES + FROM_LINE_BYTES)
#define FIELD_NAME_BYTES 77 /* and so no field name longer than this */

struct stream {
    int fd;
    uint8_t *buffer;
    size_t size;
    size_t begin; /* the current message */
    size_t end;   /* of what was read */
    size_t scan;  /* line starts up to here are judged */
    bool drain;
    bool begun;
    bool is_mbox;
    bool at_end; /* nothing more to be read */
    bool quoted; /* a line of the current message begins with '>' */
    guint message;
    int error;
    guint64 bytes_read;
};

enum verdict { VERDICT_NO, VERDICT_SEPARATOR, VERDICT_MORE };

struct stream *stream_new(void)
{
    struct stream *stream = g_new0(struct stream, 1);

    stream->fd = -1;
    stream->size = WINDOW_BYTES;
    stream->buffer = g_malloc(stream->size);
    return stream;
}

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    stream_close(stream);
    g_free(stream->buffer);
    g_free(stream);
}

void stream_open(struct stream *stream, int fd, bool drain)
{
    uint8_t *buffer = stream->buffer;
    size_t size = stream->size;

    stream_close(stream);
    memset(stream, 0, sizeof *stream);
    stream->buffer = buffer;
    stream->size = size;
    stream->fd = fd;
    stream->drain = drain;
}

void stream_close(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
    stream->at_end = true;
    stream->begin = stream->end = stream->scan = 0;
}

int stream_error(const struct stream *stream)
{
    return stream->error;
}

guint64 stream_bytes_read(const struct stream *stream)
{
    return stream->bytes_read;
}

/* Room for one more read: first by moving what is left to the front, only then by growing. */
static void make_room(struct stream *stream)
{
    size_t used = stream->end - stream->begin;

    if (stream->begin > 0) {
        memmove(stream->buffer, stream->buffer + stream->begin, used);
        stream->scan -= stream->begin;
        stream->begin = 0;
        stream->end = used;
    }
    if (stream->size > WINDOW_BYTES && used < WINDOW_BYTES / 2)
        stream->size = WINDOW_BYTES;
    else if (used == stream->size)
        stream->size *= 2;
    else
        return;
    stream->buffer = g_realloc(stream->buffer, stream->size);
}

static ssize_t read_some(int fd, uint8_t *bytes, size_t size)
{
    for (;;) {
        ssize_t got = read(fd, bytes, size);
        struct pollfd ready = {.fd = fd, .events = POLLIN};

        if (got >= 0)
            return got;
        if (errno == EAGAIN)
            poll(&ready, 1, -1);
        else if (errno != EINTR)
            return -1;
    }
}

/* One read into the buffer; false at the end of the file. */
static bool fill(struct stream *stream)
{
    ssize_t got;

    if (stream->at_end)
        return false;
    make_room(stream);
    got = read_some(stream->fd, stream->buffer + stream->end,
                    MIN(stream->size - stream->end, WINDOW_BYTES));
    if (got < 0)
        stream->error = errno;
    if (got <= 0) {
        stream->at_end = true;
        return false;
    }
    stream->end += (size_t)got;
    stream->bytes_read += (guint64)got;
    return true;
}

/* A line that begins with "From " and holds a time, "HH:MM". */
static bool is_from_line(const uint8_t *line, size_t length)
{
    if (length < 5 || memcmp(line, "From ", 5) != 0)
        return false;
    for (size_t i = 7; i + 2 < length; i++)
        if (line[i] == ':' && g_ascii_isdigit(line[i - 2]) && g_ascii_isdigit(line[i - 1]) &&
            g_ascii_isdigit(line[i + 1]) && g_ascii_isdigit(line[i + 2]))
            return true;
    return false;
}

bool stream_is_mbox(const uint8_t *bytes, size_t length)
{
    const uint8_t *newline = memchr(bytes, '\n', MIN(length, FROM_LINE_BYTES));

    return newline != NULL && newline + 1 < bytes + length &&
           is_from_line(bytes, (size_t)(newline - bytes));
}

/* A header field at the very start (RFC 5322, section 2.2); stricter, since JSON has colons too. */
static bool begins_with_field(const uint8_t *bytes, size_t length)
{
    size_t i = 0;

    while (i < MIN(length, FIELD_NAME_BYTES) &&
           (g_ascii_isalnum(bytes[i]) || bytes[i] == '-' || bytes[i] == '_'))
        i++;
    return i > 0 && i < length && bytes[i] == ':';
}

static bool after_empty_line(const struct stream *stream, size_t line)
{
    size_t end = line - 1; /* the newline of the line before */

    if (end > stream->begin && stream->buffer[end - 1] == '\r')
        end--;
    return end == stream->begin || stream->buffer[end - 1] == '\n';
}

/* Whether a message ends where `line` begins. */
static enum verdict judge(struct stream *stream, size_t line)
{
    const uint8_t *start = stream->buffer + line;
    size_t left = stream->end - line;
    const uint8_t *newline;

    if (left == 0)
        return stream->at_end ? VERDICT_NO : VERDICT_MORE;
    if (*start == '>')
        stream->quoted = true;
    if (*start != 'F' || memcmp(start, "From ", MIN(left, 5)) != 0)
        return VERDICT_NO;
    newline = memchr(start, '\n', MIN(left, FROM_LINE_BYTES));
    if (newline == NULL && left >= FROM_LINE_BYTES)
        return VERDICT_NO;
    if (newline == NULL && !stream->at_end)
        return VERDICT_MORE;
    if (newline != NULL)
        left = (size_t)(newline - start);
    return is_from_line(start, left) && after_empty_line(stream, line) ? VERDICT_SEPARATOR
                                                                       : VERDICT_NO;
}

/* Looks for the end of the message in what was read and not looked at yet. */
static bool find_separator(struct stream *stream)
{
    while (stream->scan < stream->end) {
        const uint8_t *from = stream->buffer + stream->scan;
        const uint8_t *newline = memchr(from, '\n', stream->end - stream->scan);
        size_t line;

        if (newline == NULL) {
            stream->scan = stream->end;
            return false;
        }
        line = (size_t)(newline - stream->buffer) + 1;
        switch (judge(stream, line)) {
        case VERDICT_SEPARATOR:
            stream->scan = line;
            return true;
        case VERDICT_MORE:
            stream->scan = line - 1;
            return false;
        case VERDICT_NO:
            stream->scan = line;
        }
    }
    return false;
}

static size_t skip_quotes(const uint8_t *line, const uint8_t *end)
{
    const uint8_t *text = line;

    while (text < end && *text == '>')
        text++;
    return end - text >= 5 && memcmp(text, "From ", 5) == 0 ? (size_t)(text - line) : 0;
}

/* mboxrd: a line "From " of the message was written with one '>' more than it had. */
static GBytes *without_quotes(const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;
    const uint8_t *kept = bytes;
    GByteArray *out = NULL;

    for (const uint8_t *line = bytes; line < end;) {
        const uint8_t *newline = memchr(line, '\n', (size_t)(end - line));

        if (*line == '>' && skip_quotes(line, end) > 0) {
            if (out == NULL)
                out = g_byte_array_sized_new((guint)length);
            g_byte_array_append(out, kept, (guint)(line - kept));
            kept = line + 1;
        }
        line = newline == NULL ? end : newline + 1;
    }
    if (out == NULL)
        return g_bytes_new(bytes, length);
    g_byte_array_append(out, kept, (guint)(end - kept));
    return g_byte_array_free_to_bytes(out);
}

/* The empty line before a "From " line belongs to the mbox, not to the message. */
static size_t without_empty_line(const uint8_t *bytes, size_t length)
{
    size_t shorter = length;

    if (shorter == 0 || bytes[shorter - 1] != '\n')
        return length;
    shorter--;
    if (shorter > 0 && bytes[shorter - 1] == '\r')
        shorter--;
    return shorter == 0 || bytes[shorter - 1] == '\n' ? shorter : length;
}

/* The message from `begin` to `scan`; the bytes stay in the buffer. */
static void give_message(struct stream *stream, struct stream_unit *unit)
{
    const uint8_t *bytes = stream->buffer + stream->begin;
    size_t length = stream->scan - stream->begin;

    unit->message = stream->message;
    unit->cut = length > LIMIT_MESSAGE_BYTES || (stream->error != 0 && stream->scan == stream->end);
    length = unit->cut ? MIN(length, LIMIT_MESSAGE_BYTES) : without_empty_line(bytes, length);
    unit->bytes = stream->quoted ? without_quotes(bytes, length) : g_bytes_new(bytes, length);
}

/* Whether the message ends in what was read; at the end of the file it does. */
static bool find_end(struct stream *stream)
{
    if (find_separator(stream))
        return true;
    if (stream->at_end)
        stream->scan = stream->end;
    return stream->at_end;
}

/* To the end of a message of which no more is kept. Enough stays to know an empty line. */
static void skip_message(struct stream *stream)
{
    do {
        if (stream->scan > stream->begin + 4)
            stream->begin = stream->scan - 4;
        fill(stream);
    } while (!find_end(stream));
}

/* Steps over the "From " line at `begin`. False where nothing follows. */
static bool begin_message(struct stream *stream)
{
    const uint8_t *newline =
        memchr(stream->buffer + stream->begin, '\n', stream->end - stream->begin);

    if (newline == NULL)
        return false;
    stream->begin = stream->scan = (size_t)(newline - stream->buffer) + 1;
    stream->quoted = false;
    stream->message++;
    return true;
}

/* The first line of a message is judged for '>' only: a "From " line needs an empty line first. */
static void look_at_first_line(struct stream *stream)
{
    if (stream->begin == stream->end)
        fill(stream);
    if (stream->begin < stream->end && stream->buffer[stream->begin] == '>')
        stream->quoted = true;
}

static bool next_message(struct stream *stream, struct stream_unit *unit)
{
    while (begin_message(stream)) {
        bool ended;

        look_at_first_line(stream);
        while (!(ended = find_end(stream)) && stream->end - stream->begin <= MESSAGE_WINDOW)
            fill(stream);
        give_message(stream, unit);
        if (!ended)
            skip_message(stream);
        stream->begin = stream->scan;
        if (g_bytes_get_size(unit->bytes) > 0)
            return true;
        g_clear_pointer(&unit->bytes, g_bytes_unref);
    }
    return false;
}

static size_t limit_of(const struct stream *stream)
{
    return stream->end > LIMIT_MESSAGE_BYTES && begins_with_field(stream->buffer, stream->end)
               ? LIMIT_MESSAGE_BYTES
               : LIMIT_UNPACKED_BYTES;
}

static GBytes *take_whole(struct stream *stream, size_t length)
{
    uint8_t *bytes = stream->buffer;

    if (length <= WINDOW_BYTES)
        return g_bytes_new(bytes, length);
    stream->size = WINDOW_BYTES;
    stream->buffer = g_malloc(stream->size);
    return g_bytes_new_take(g_realloc(bytes, length), length);
}

/* The rest is read and forgotten where the writer of a pipe must not notice. */
static void end_file(struct stream *stream)
{
    stream->begin = stream->end = stream->scan = 0;
    while (stream->drain && fill(stream))
        stream->end = 0;
    stream->end = 0;
    stream->at_end = true;
}

/* A large DMARC report: what reads it takes it out of gzip in pieces, so that it never is in memory
   whole. Packed it is kept anyway. */
static bool pack_file(struct stream *stream, struct stream_unit *unit)
{
    struct unpack_packer *packer;
    size_t taken = 0;

    while (stream->end < UNPACK_HELD_BYTES && fill(stream))
        ;
    if (stream->end < UNPACK_HELD_BYTES || !dmarc_sniff((const char *)stream->buffer, stream->end))
        return false;
    packer = unpack_packer_new();
    /* One byte past the limit, so that whoever unpacks it notices. */
    do {
        size_t length = MIN(stream->end, LIMIT_DMARC_BYTES + 1 - taken);
        unpack_packer_add(packer, (const char *)stream->buffer, length);
        taken += length;
        stream->end = 0;
    } while (taken <= LIMIT_DMARC_BYTES && fill(stream));
    unit->message = 0;
    unit->cut = stream->error != 0;
    unit->bytes = unpack_packer_finish(packer);
    end_file(stream);
    return true;
}

static bool whole_file(struct stream *stream, struct stream_unit *unit)
{
    size_t limit;

    if (pack_file(stream, unit))
        return true;
    while (stream->end <= limit_of(stream) && fill(stream))
        ;
    if (stream->end == 0)
        return false;
    limit = limit_of(stream);
    unit->message = 0;
    unit->cut = stream->end > limit || stream->error != 0;
    unit->bytes = take_whole(stream, MIN(stream->end, limit));
    end_file(stream);
    return true;
}

bool stream_next(struct stream *stream, struct stream_unit *unit)
{
    if (!stream->begun) {
        stream->begun = true;
        while (stream->end <= FROM_LINE_BYTES && fill(stream))
            ;
        stream->is_mbox = stream_is_mbox(stream->buffer, stream->end);
    }
    return stream->is_mbox ? next_message(stream, unit) : whole_file(stream, unit);
}

const uint8_t *stream_peek(struct stream *stream, size_t *length, bool *whole)
{
    while (stream->end < PEEK_BYTES && fill(stream))
        if (memchr(stream->buffer, '\n', stream->end) != NULL)
            break;
    *length = stream->end;
    *whole = stream->at_end;
    return stream->buffer;
}

int stream_give_up(struct stream *stream)
{
    int fd = stream->fd;

    stream->fd = -1;
    return fd;
}
