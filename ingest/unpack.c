#include "ingest/unpack.h"
#include "ingest/archive_library_private.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include <errno.h>
#include <string.h>
#include <zlib.h>

#define CLAUSE_GZIP "RFC 1952, section 2.3"

/* windowBits of zlib for gzip, and only gzip. */
#define GZIP_WINDOW (15 + 16)

/* First guess of what a container unpacks to: enough for nearly every report. */
#define FIRST_RATIO 4
#define FIRST_BYTES_MIN 1024
#define FIRST_BYTES_MAX UNPACK_HELD_BYTES

#define PIECE_BYTES ((size_t)64 << 10)

static void member_free(gpointer data)
{
    struct unpack_member *member = data;

    g_free(member->name);
    g_bytes_unref(member->bytes);
    g_free(member);
}

/* How much may come out of `length` bytes. */
static size_t ceiling_for(size_t length, size_t budget)
{
    size_t by_ratio =
        length > SIZE_MAX / LIMIT_UNPACK_RATIO ? SIZE_MAX : length * LIMIT_UNPACK_RATIO;

    return MIN(budget, by_ratio);
}

G_GNUC_PRINTF(5, 6)
static void note(GPtrArray *issues, const char *part, enum issue_severity severity,
                 const char *clause, const char *format, ...)
{
    g_autofree char *problem = NULL;
    va_list args;

    va_start(args, format);
    problem = g_strdup_vprintf(format, args);
    va_end(args);
    issue_add(issues, ISSUE_CONTAINER, severity, clause, "%s", problem);
    issues_place(issues, issues->len - 1, part);
}

static void note_limit(GPtrArray *issues, const char *part, size_t got)
{
    issue_add(issues, ISSUE_LIMIT, ISSUE_WARNING, NULL,
              "unpacks to more than the limit; only the first %zu bytes are used", got);
    issues_place(issues, issues->len - 1, part);
}

enum unpack_kind unpack_sniff(const uint8_t *bytes, size_t length)
{
    if (length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
        return UNPACK_GZIP;
    if (length >= 4 && memcmp(bytes, "PK", 2) == 0 &&
        ((bytes[2] == 3 && bytes[3] == 4) || (bytes[2] == 5 && bytes[3] == 6)))
        return UNPACK_ZIP;
    return UNPACK_NONE;
}

/* Output that grows, or is given away in pieces, to a ceiling. */
struct output {
    uint8_t *bytes;
    size_t length;
    size_t room;
    size_t ceiling;
    unpack_probe_fn probe; /* asked once; NULL: never */
    bool later;            /* its answer */
    unpack_take_fn take;   /* NULL: the output grows */
    void *taker;
    size_t given;
    bool enough; /* `take` wants no more */
};

static void output_init(struct output *output, size_t packed, size_t ceiling, unpack_probe_fn probe)
{
    size_t first = CLAMP(packed * FIRST_RATIO, FIRST_BYTES_MIN, FIRST_BYTES_MAX);

    memset(output, 0, sizeof(*output));
    output->ceiling = ceiling;
    output->room = MIN(first, ceiling);
    output->bytes = g_malloc(MAX(output->room, 1));
    output->probe = probe;
}

static void output_init_pieces(struct output *output, size_t ceiling, unpack_take_fn take,
                               void *taker)
{
    memset(output, 0, sizeof(*output));
    output->ceiling = ceiling;
    output->room = PIECE_BYTES;
    output->bytes = g_malloc(output->room);
    output->take = take;
    output->taker = taker;
}

/* False where no more is wanted, or the ceiling is met. */
static bool output_give(struct output *output)
{
    size_t length = MIN(output->length, output->ceiling - output->given);

    output->enough = output->enough || (length > 0 && !output->take((const char *)output->bytes,
                                                                    length, output->taker));
    output->given += length;
    output->length = 0;
    return !output->enough && output->given < output->ceiling;
}

static bool is_for_later(struct output *output)
{
    if (output->probe == NULL || output->length < UNPACK_HELD_BYTES)
        return false;
    output->later = output->probe((const char *)output->bytes, output->length);
    output->probe = NULL;
    return output->later;
}

/* Makes room; false at the ceiling, and where no more is wanted now. */
static bool output_grow(struct output *output)
{
    if (output->take != NULL)
        return output_give(output);
    if (is_for_later(output) || output->room >= output->ceiling)
        return false;
    output->room = output->room > output->ceiling / 2 ? output->ceiling : output->room * 2;
    output->bytes = g_realloc(output->bytes, output->room);
    return true;
}

/* Gives the bytes away. */
static GBytes *output_take(struct output *output)
{
    if (output->length < output->room / 2)
        output->bytes = g_realloc(output->bytes, MAX(output->length, 1));
    return g_bytes_new_take(output->bytes, output->length);
}

/* Memory as GLib gives it: without any the program ends, and setting zlib up cannot fail. */
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

static z_stream new_stream(const uint8_t *bytes, size_t length)
{
    return (z_stream){
        .next_in = (Bytef *)bytes,
        .avail_in = (uInt)MIN(length, G_MAXUINT),
        .zalloc = zlib_alloc,
        .zfree = zlib_free,
    };
}

enum end { END_WHOLE, END_CUT, END_DAMAGED, END_LIMIT };

/* One gzip member into the output. */
static enum end inflate_member(z_stream *stream, struct output *output)
{
    for (;;) {
        size_t room = MIN(output->room - output->length, (size_t)G_MAXUINT / 2);
        stream->next_out = output->bytes + output->length;
        stream->avail_out = (uInt)room;
        int code = inflate(stream, Z_NO_FLUSH);
        output->length += room - stream->avail_out;
        if (code == Z_STREAM_END)
            return END_WHOLE;
        if (code != Z_OK && code != Z_BUF_ERROR)
            return END_DAMAGED;
        if (stream->avail_out > 0)
            return END_CUT;
        if (output->length == output->room && !output_grow(output))
            return END_LIMIT;
    }
}

/* Members follow one another; what follows the last and is none is dropped (RFC 1952, 2.2). */
static enum end inflate_all(z_stream *stream, struct output *output)
{
    enum end end = inflate_member(stream, output);

    while (end == END_WHOLE && stream->avail_in >= 2 &&
           unpack_sniff(stream->next_in, stream->avail_in) == UNPACK_GZIP &&
           inflateReset(stream) == Z_OK)
        end = inflate_member(stream, output);
    return end;
}

static void note_gzip_end(GPtrArray *issues, const char *part, enum end end, const z_stream *stream,
                          size_t got)
{
    if (end == END_WHOLE && stream->avail_in > 0)
        note(issues, part, ISSUE_NOTICE, "RFC 1952, section 2.2",
             "%u bytes after the end of the gzip data are not used", stream->avail_in);
    else if (end == END_CUT)
        note(issues, part, ISSUE_WARNING, CLAUSE_GZIP,
             "the gzip data ends early; its first %zu bytes are used", got);
    else if (end == END_DAMAGED)
        note(issues, part, ISSUE_WARNING, CLAUSE_GZIP,
             "the gzip data is damaged (%s); its first %zu bytes are used",
             stream->msg != NULL ? stream->msg : "unknown method", got);
    else if (end == END_LIMIT)
        note_limit(issues, part, got);
}

/* What one member of a container came to. */
static struct unpack_member *new_member(struct output *output, enum end end, guint index,
                                        size_t *budget)
{
    struct unpack_member *member = g_new0(struct unpack_member, 1);

    *budget -= output->length;
    member->damaged = end != END_WHOLE;
    member->later = output->later;
    member->index = index;
    member->bytes = output_take(output);
    return member;
}

static void unpack_gzip(const uint8_t *bytes, size_t length, size_t *budget, unpack_probe_fn probe,
                        const char *part, GPtrArray *issues, GPtrArray *members)
{
    z_stream stream = new_stream(bytes, length);
    struct output output;

    output_init(&output, length, ceiling_for(length, *budget), probe);
    inflateInit2(&stream, GZIP_WINDOW);
    enum end end = inflate_all(&stream, &output);
    if (!output.later)
        note_gzip_end(issues, part, end, &stream, output.length);
    inflateEnd(&stream);
    g_ptr_array_add(members, new_member(&output, end, 0, budget));
}

static void give_gzip(const uint8_t *bytes, size_t length, struct output *output, const char *part,
                      GPtrArray *issues)
{
    z_stream stream = new_stream(bytes, length);

    inflateInit2(&stream, GZIP_WINDOW);
    enum end end = inflate_all(&stream, output);
    output_give(output);
    if (issues != NULL && !output->enough)
        note_gzip_end(issues, part, end, &stream, output->given);
    inflateEnd(&stream);
}

/* The last part of a member's path, in either system's spelling. */
static char *base_name(const char *path)
{
    const char *name = path;

    for (const char *at = path; path != NULL && *at != '\0'; at++)
        if ((*at == '/' || *at == '\\') && at[1] != '\0')
            name = at + 1;
    return name != NULL ? text_bounded(name, strlen(name), LIMIT_TEXT_BYTES, NULL) : NULL;
}

/* Whether all of it had room below the ceiling. */
static bool output_append(struct output *output, const void *bytes, size_t length)
{
    const uint8_t *from = bytes;

    while (length > 0) {
        if (output->length == output->room && !output_grow(output))
            return false;
        size_t fits = MIN(length, output->room - output->length);
        memcpy(output->bytes + output->length, from, fits);
        output->length += fits;
        from += fits;
        length -= fits;
    }
    return true;
}

/* By blocks: archive_read_data() does not tell what came before an error. */
static enum end read_entry(struct archive *archive, struct output *output)
{
    for (;;) {
        const void *block;
        size_t length;
        la_int64_t offset;
        int code = archive_library_load()->read_data_block(archive, &block, &length, &offset);

        if (code == ARCHIVE_EOF)
            return END_WHOLE;
        if (code != ARCHIVE_OK)
            return END_DAMAGED;
        if (!output_append(output, block, length))
            return END_LIMIT;
    }
}

static void note_zip_end(GPtrArray *issues, const char *part, enum end end,
                         struct archive_entry *entry, size_t got)
{
    if (end == END_LIMIT)
        note_limit(issues, part, got);
    else if (end == END_DAMAGED)
        note(issues, part, ISSUE_WARNING, NULL, "zip member is %s; its first %zu bytes are used",
             archive_library_load()->entry_is_encrypted(entry) ? "encrypted" : "damaged", got);
}

/* False where a limit was met. */
static bool unpack_entry(struct archive *archive, struct archive_entry *entry, size_t packed,
                         size_t *budget, unpack_probe_fn probe, const char *part, GPtrArray *issues,
                         GPtrArray *members)
{
    struct unpack_member *member;
    struct output output;

    output_init(&output, packed, ceiling_for(packed, *budget), probe);
    enum end end = read_entry(archive, &output);
    if (!output.later)
        note_zip_end(issues, part, end, entry, output.length);
    member = new_member(&output, end, members->len, budget);
    member->name = base_name(archive_library_load()->entry_pathname(entry));
    g_ptr_array_add(members, member);
    return end != END_LIMIT || member->later;
}

static void read_zip(struct archive *archive, size_t packed, size_t *budget, unpack_probe_fn probe,
                     const char *part, GPtrArray *issues, GPtrArray *members)
{
    struct archive_entry *entry;
    int code;

    while ((code = archive_library_load()->read_next_header(archive, &entry)) == ARCHIVE_OK ||
           code == ARCHIVE_WARN) {
        if (archive_library_load()->entry_filetype(entry) == AE_IFDIR)
            continue;
        if (members->len >= LIMIT_ZIP_MEMBERS) {
            issue_add(issues, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                      "more than %d members in the zip; the rest is not used", LIMIT_ZIP_MEMBERS);
            issues_place(issues, issues->len - 1, part);
            return;
        }
        if (!unpack_entry(archive, entry, packed, budget, probe, part, issues, members) &&
            *budget == 0)
            return;
    }
    if (code != ARCHIVE_EOF)
        note(issues, part, ISSUE_WARNING, NULL, "the zip is damaged after %u members",
             members->len);
}

/* A lack of memory says nothing about the zip: the program ends, as where GLib finds none. */
static void demand_memory(struct archive *archive)
{
    g_assert(archive != NULL && archive_library_load()->error_number(archive) != ENOMEM);
}

/* NULL where it cannot be opened, and an issue says so, unless `issues` is NULL. */
static struct archive *open_zip(const uint8_t *bytes, size_t length, const char *part,
                                GPtrArray *issues)
{
    const struct archive_library *zip = archive_library_load();
    struct archive *archive = zip != NULL ? zip->read_new() : NULL;

    if (zip == NULL && issues != NULL) {
        issue_add(issues, ISSUE_CONTAINER, ISSUE_ERROR, NULL,
                  "the zip cannot be read: libarchive is not installed");
        issues_place(issues, issues->len - 1, part);
    }
    if (zip == NULL)
        return NULL;
    if (archive != NULL && zip->read_support_format_zip(archive) == ARCHIVE_OK &&
        zip->read_open_memory(archive, bytes, length) == ARCHIVE_OK)
        return archive;
    if (issues != NULL)
        note(issues, part, ISSUE_WARNING, NULL, "the zip cannot be read");
    demand_memory(archive);
    zip->read_free(archive);
    return NULL;
}

static void close_zip(struct archive *archive)
{
    demand_memory(archive);
    archive_library_load()->read_free(archive);
}

static void unpack_zip(const uint8_t *bytes, size_t length, size_t *budget, unpack_probe_fn probe,
                       const char *part, GPtrArray *issues, GPtrArray *members)
{
    struct archive *archive = open_zip(bytes, length, part, issues);

    if (archive == NULL)
        return;
    read_zip(archive, length, budget, probe, part, issues, members);
    close_zip(archive);
}

static void give_zip(const uint8_t *bytes, size_t length, guint index, struct output *output,
                     const char *part, GPtrArray *issues)
{
    struct archive *archive = open_zip(bytes, length, part, NULL);
    struct archive_entry *entry;
    guint at = 0;
    int code;

    if (archive == NULL)
        return;
    while ((code = archive_library_load()->read_next_header(archive, &entry)) == ARCHIVE_OK ||
           code == ARCHIVE_WARN) {
        if (archive_library_load()->entry_filetype(entry) == AE_IFDIR || at++ < index)
            continue;
        enum end end = read_entry(archive, output);
        output_give(output);
        if (issues != NULL && !output->enough)
            note_zip_end(issues, part, end, entry, output->given);
        break;
    }
    close_zip(archive);
}

GPtrArray *unpack_or_leave(const uint8_t *bytes, size_t length, size_t *budget,
                           unpack_probe_fn probe, const char *part, GPtrArray *issues)
{
    GPtrArray *members = g_ptr_array_new_with_free_func(member_free);

    switch (unpack_sniff(bytes, length)) {
    case UNPACK_GZIP:
        unpack_gzip(bytes, length, budget, probe, part, issues, members);
        break;
    case UNPACK_ZIP:
        unpack_zip(bytes, length, budget, probe, part, issues, members);
        break;
    case UNPACK_NONE:
        break;
    }
    return members;
}

GPtrArray *unpack(const uint8_t *bytes, size_t length, size_t *budget, const char *part,
                  GPtrArray *issues)
{
    return unpack_or_leave(bytes, length, budget, NULL, part, issues);
}

void unpack_pieces(const uint8_t *bytes, size_t length, guint index, size_t ceiling,
                   unpack_take_fn take, void *taker, const char *part, GPtrArray *issues)
{
    struct output output;

    output_init_pieces(&output, ceiling_for(length, ceiling), take, taker);
    if (unpack_sniff(bytes, length) == UNPACK_GZIP)
        give_gzip(bytes, length, &output, part, issues);
    else
        give_zip(bytes, length, index, &output, part, issues);
    g_free(output.bytes);
}

struct unpack_packer {
    z_stream stream;
    GByteArray *packed;
};

struct unpack_packer *unpack_packer_new(void)
{
    struct unpack_packer *packer = g_new0(struct unpack_packer, 1);

    packer->stream = new_stream(NULL, 0);
    packer->packed = g_byte_array_new();
    deflateInit2(&packer->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                 Z_DEFAULT_STRATEGY);
    return packer;
}

static void pack(struct unpack_packer *packer, const char *bytes, size_t length, int flush)
{
    uint8_t out[4096];

    packer->stream.next_in = (Bytef *)bytes;
    packer->stream.avail_in = (uInt)length;
    do {
        packer->stream.next_out = out;
        packer->stream.avail_out = sizeof(out);
        deflate(&packer->stream, flush);
        g_byte_array_append(packer->packed, out, (guint)(sizeof(out) - packer->stream.avail_out));
    } while (packer->stream.avail_out == 0);
}

void unpack_packer_add(struct unpack_packer *packer, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += PIECE_BYTES)
        pack(packer, bytes + at, MIN(length - at, PIECE_BYTES), Z_NO_FLUSH);
}

GBytes *unpack_packer_finish(struct unpack_packer *packer)
{
    GBytes *bytes;

    pack(packer, NULL, 0, Z_FINISH);
    deflateEnd(&packer->stream);
    bytes = g_byte_array_free_to_bytes(packer->packed);
    g_free(packer);
    return bytes;
}

GBytes *unpack_pack(const uint8_t *bytes, size_t length)
{
    z_stream stream = new_stream(bytes, length);
    uint8_t *packed;
    size_t bound;

    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY);
    bound = deflateBound(&stream, (uLong)length);
    packed = g_malloc(bound);
    stream.next_out = packed;
    stream.avail_out = (uInt)bound;
    deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    return g_bytes_new_take(packed, bound - stream.avail_out);
}
