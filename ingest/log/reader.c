#include "ingest/log/reader.h"
#include "ingest/limits.h"
#include "ingest/log/dialect.h"
#include "ingest/log/envelope.h"
#include "ingest/log/mark.h"
#include <stddef.h>
#include <string.h>

/* What waits for further lines is told after so much log time; looked at so often. */
#define SETTLE_AFTER 600
#define SETTLE_EVERY 60
/* Stamps that go back further are of another time. */
#define SETTLE_BACK 86400
/* What belongs to a session comes within so much log time of it: so near to where a log begins or
   ends lines may be missing. */
#define OPEN_SECONDS 600

/* Names of programs whose dialect is remembered; more are asked for anew. */
#define PROGRAMS 64
#define PROGRAM_BYTES 64

#define DIALECTS_MAX 8

/* The first line of a journal export is no longer. */
#define FORM_BYTES 4096

/* Of a file. */
enum form {
    FORM_UNKNOWN,
    FORM_LINES,
    FORM_EXPORT,  /* of the journal */
    FORM_COUNTED, /* octets are counted, lines have no ends */
};

#define BATCH_LINES 4096
#define BATCH_LOOKS 256 /* likewise */
#define TEXT_BYTES ((gsize)64 << 10)

/* A line that may tell something, or only what its time brings about. */
struct entry {
    gint64 settle; /* what is older is settled before the line is told; 0: nothing is due */
    gint dialect;  /* -1: no line */
    bool has_look; /* the next of batch->looks belongs to it */
    struct log_line line;
};

/* What a dialect found in a line ahead. */
union look {
    max_align_t align;
    char bytes[LOG_LOOK_BYTES];
};

/* Lines with their envelopes off. Lines that tell nothing are counted and dropped. */
struct log_batch {
    struct entry *entries;
    size_t length;
    size_t room;
    union look *looks; /* in the order of the entries that have one */
    size_t look_count;
    size_t look_room;
    GStringChunk *texts; /* of what stands neither in the bytes nor in a line before */
    struct log_counts counts;
    struct log_hosts *hosts;
};

struct program {
    char name[PROGRAM_BYTES];
    size_t length; /* 0: free */
    gint dialect;  /* -1: none */
    log_look_fn look;
};

struct log_reader {
    struct log_options options;
    struct log_context context;
    log_event_fn emit;
    void *data;
    bool is_ending;    /* what waits is told */
    gint64 begins_at;  /* a stretch of log time without a gap, */
    gint64 reaches_to; /* and how far it came */
    struct envelope *envelope;
    void *states[DIALECTS_MAX]; /* of log_dialects[], opened when first needed */
    struct program programs[PROGRAMS];
    gint64 settled_at; /* log time */
    struct log_hasher hasher;
    struct log_batch *batch; /* for log_reader_take() */
    GByteArray *carry;       /* a line whose end has not come */
    size_t skipped;          /* bytes of it that are over the limit */
    guint64 excess;          /* bytes that come yet of a value of an export over the limit */
    enum form form;
    struct log_counts counts;
    struct log_hosts *hosts;
    log_admit_fn admit; /* NULL: all hosts are */
    void *admit_data;
};

/* Whether lines before the begin of what is read, or behind its end, may tell it otherwise. */
static bool is_open(const struct log_reader *reader, const struct log_event *event)
{
    return reader->is_ending || (event->lacks_session && event->at >= reader->begins_at &&
                                 event->at - reader->begins_at <= OPEN_SECONDS);
}

static void pass_on(const struct log_event *event, void *data)
{
    const struct log_reader *reader = data;
    struct log_event open;

    if (!is_open(reader, event)) {
        reader->emit(event, reader->data);
        return;
    }
    open = *event;
    open.is_open = true;
    reader->emit(&open, reader->data);
}

/* A log that goes on where another ended is one with it. */
static void note_stretch(struct log_reader *reader, gint64 at)
{
    if (at - reader->reaches_to > OPEN_SECONDS || reader->reaches_to - at > OPEN_SECONDS)
        reader->begins_at = at;
    reader->reaches_to = at;
}

struct log_reader *log_reader_new(const struct log_options *options, log_event_fn emit, void *data)
{
    struct log_reader *reader = g_new0(struct log_reader, 1);

    reader->options = *options;
    if (options->zone != NULL)
        g_time_zone_ref(options->zone);
    reader->emit = emit;
    reader->data = data;
    reader->context.emit = pass_on;
    reader->context.data = reader;
    reader->context.keep_addresses = options->keep_addresses;
    reader->context.marks = log_marks_new();
    reader->context.scratch = g_string_new(NULL);
    reader->batch = log_batch_new();
    reader->carry = g_byte_array_new();
    reader->hosts = log_hosts_new();
    return reader;
}

void log_reader_free(struct log_reader *reader)
{
    if (reader == NULL)
        return;
    for (guint i = 0; log_dialects[i] != NULL; i++)
        if (reader->states[i] != NULL)
            log_dialects[i]->close(reader->states[i]);
    envelope_free(reader->envelope);
    log_marks_free(reader->context.marks);
    g_string_free(reader->context.scratch, TRUE);
    log_batch_free(reader->batch);
    g_byte_array_unref(reader->carry);
    log_hosts_free(reader->hosts);
    if (reader->options.zone != NULL)
        g_time_zone_unref(reader->options.zone);
    g_free(reader);
}

void log_reader_set_admission(struct log_reader *reader, log_admit_fn admit, void *data)
{
    reader->admit = admit;
    reader->admit_data = data;
}

void log_reader_begin(struct log_reader *reader, gint64 time)
{
    envelope_free(reader->envelope);
    reader->envelope = envelope_new(reader->options.zone, time, reader->options.now);
    log_marks_begin(reader->context.marks);
    reader->context.fallback_time = time != 0 ? time : reader->options.now;
    g_byte_array_set_size(reader->carry, 0);
    reader->skipped = 0;
    reader->excess = 0;
    reader->form = FORM_UNKNOWN;
}

void log_reader_look_ahead(struct log_reader *reader, const char *bytes, size_t length)
{
    envelope_look_ahead(reader->envelope, bytes, length);
}

static void *state_of(struct log_reader *reader, guint dialect)
{
    if (reader->states[dialect] == NULL)
        reader->states[dialect] = log_dialects[dialect]->open(&reader->context);
    return reader->states[dialect];
}

static gint claiming_dialect(const struct log_line *line)
{
    for (gint i = 0; log_dialects[i] != NULL; i++)
        if (log_dialects[i]->claims(line))
            return i;
    return -1;
}

static void ask_program(struct program *program, const struct log_line *line)
{
    program->dialect = claiming_dialect(line);
    program->look = program->dialect < 0 || log_dialects[program->dialect]->look == NULL
                        ? NULL
                        : log_dialects[program->dialect]->look(line->program);
}

/* What is known of the line's program; a bare line is looked at each time. */
static const struct program *program_of(struct log_reader *reader, const struct log_line *line,
                                        struct program *other)
{
    size_t length = line->program.length;
    struct program *program;

    if (length == 0 || length > PROGRAM_BYTES) {
        ask_program(other, line);
        return other;
    }
    program = &reader->programs[span_tail_hash(line->program) % PROGRAMS];
    if (program->length != length || memcmp(program->name, line->program.at, length) != 0) {
        ask_program(program, line);
        program->length = length;
        memcpy(program->name, line->program.at, length);
    }
    return program;
}

static void settle_by(struct log_reader *reader, gint64 before)
{
    for (guint i = 0; log_dialects[i] != NULL; i++)
        if (reader->states[i] != NULL)
            log_dialects[i]->settle(reader->states[i], before);
}

static void widen(struct log_counts *counts, gint64 first_at, gint64 last_at)
{
    if (counts->first_at == 0 || (first_at != 0 && first_at < counts->first_at))
        counts->first_at = first_at;
    counts->last_at = MAX(counts->last_at, last_at);
}

/* What is to be settled at this time, or 0. */
static gint64 note_time(struct log_reader *reader, struct log_batch *batch, gint64 at)
{
    widen(&batch->counts, at, at);
    /* A clock that was wrong for a line, or an older log: nothing would be settled until then. */
    if (reader->settled_at - at > SETTLE_BACK)
        reader->settled_at = at;
    if (at - reader->settled_at < SETTLE_EVERY)
        return 0;
    reader->settled_at = at;
    return at - SETTLE_AFTER;
}

static void tell_entry(struct log_reader *reader, const struct entry *entry)
{
    if (entry->settle != 0)
        settle_by(reader, entry->settle);
    if (entry->dialect < 0 ||
        log_hosts_refuse(reader->hosts, entry->line.carrier, entry->line.host))
        return;
    if (entry->line.at != 0)
        note_stretch(reader, entry->line.at);
    if (log_dialects[entry->dialect]->take(state_of(reader, (guint)entry->dialect), &entry->line))
        reader->counts.told++;
}

/* A stretch that would not outlive the line is copied. */
static void keep_span(struct log_batch *batch, struct span *span, const char *bytes, size_t length)
{
    bool is_of_bytes = span->at >= bytes && span->at <= bytes + length;

    if (span->length > 0 && !is_of_bytes)
        span->at = g_string_chunk_insert_len(batch->texts, span->at, (gssize)span->length);
}

static struct entry *next_entry(struct log_batch *batch)
{
    if (batch->length == batch->room) {
        batch->room *= 2;
        batch->entries = g_renew(struct entry, batch->entries, batch->room);
    }
    return &batch->entries[batch->length];
}

/* Room for what is found in the next line; it stays only where something is. */
static union look *next_look(struct log_batch *batch)
{
    if (batch->look_count == batch->look_room) {
        batch->look_room *= 2;
        batch->looks = g_renew(union look, batch->looks, batch->look_room);
    }
    return &batch->looks[batch->look_count];
}

/* What is known of the program in the message of another that is no mail server. */
static const struct program *program_within(struct log_reader *reader, struct log_line *line,
                                            const struct program *outer, struct program *other)
{
    return envelope_unwrap(reader->envelope, line) ? program_of(reader, line, other) : outer;
}

/* Whether there is anything to be told of the line. */
static bool look_at_line(struct log_reader *reader, struct entry *entry,
                         const struct program *program, struct log_batch *batch)
{
    struct log_line *line = &entry->line;
    enum log_look found = LOG_LOOK_TELLS;

    entry->dialect = program->dialect;
    entry->settle = 0;
    entry->has_look = false;
    if (program->dialect < 0) {
        batch->counts.unknown += line->program.length == 0;
        return false;
    }
    batch->counts.ours++;
    if (line->at != 0) {
        log_hosts_note(batch->hosts, line->carrier, line->host, line->at);
        entry->settle = note_time(reader, batch, line->at);
    }
    if (program->look != NULL) {
        found = program->look(line, next_look(batch));
        entry->has_look = found == LOG_LOOK_FILLED;
        if (entry->has_look) {
            batch->look_count++;
            line->hash = log_hash(&reader->hasher, line);
        }
    }
    if (found != LOG_LOOK_IDLE)
        return true;
    entry->dialect = -1;
    return entry->settle != 0;
}

static void split_line(struct log_reader *reader, const char *bytes, size_t length, bool cut,
                       struct log_batch *batch)
{
    struct entry *entry = next_entry(batch);
    struct log_line *line = &entry->line;
    const struct program *program;
    struct program other;
    bool has_message;

    batch->counts.lines++;
    batch->counts.cut += cut;
    has_message = reader->form == FORM_EXPORT
                      ? envelope_take_export(reader->envelope, bytes, length, line)
                      : envelope_take(reader->envelope, bytes, length, line);
    if (!has_message)
        return;
    program = program_of(reader, line, &other);
    if (G_UNLIKELY(program->dialect < 0))
        program = program_within(reader, line, program, &other);
    keep_span(batch, &line->message, bytes, length); /* what is found in it points to it */
    if (!look_at_line(reader, entry, program, batch))
        return;
    line->cut |= cut;
    keep_span(batch, &line->host, bytes, length);
    keep_span(batch, &line->program, bytes, length);
    keep_span(batch, &line->whole, bytes, length);
    batch->length++;
}

/* The same of bytes that go with the next line. */
static void split_copy(struct log_reader *reader, const void *bytes, size_t length, bool cut,
                       struct log_batch *batch)
{
    const char *copy = g_string_chunk_insert_len(batch->texts, bytes, (gssize)length);

    split_line(reader, copy, length, cut, batch);
}

/* What has no end yet is kept, up to the limit. */
static void carry(struct log_reader *reader, const char *bytes, size_t length, size_t limit)
{
    size_t room = limit - MIN(reader->carry->len, limit);

    g_byte_array_append(reader->carry, (const guint8 *)bytes, (guint)MIN(length, room));
    reader->skipped += length - MIN(length, room);
}

static void end_carry(struct log_reader *reader, struct log_batch *batch)
{
    if (reader->carry->len > 0)
        split_copy(reader, reader->carry->data, reader->carry->len, reader->skipped > 0, batch);
    g_byte_array_set_size(reader->carry, 0);
    reader->skipped = 0;
}

static void split_lines(struct log_reader *reader, const char *bytes, size_t length,
                        struct log_batch *batch)
{
    const char *end = bytes + length;
    const char *newline;

    while ((newline = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
        size_t line = (size_t)(newline - bytes);

        if (reader->carry->len > 0) {
            carry(reader, bytes, line, LIMIT_LOG_LINE_BYTES);
            end_carry(reader, batch);
        } else {
            split_line(reader, bytes, MIN(line, LIMIT_LOG_LINE_BYTES), line > LIMIT_LOG_LINE_BYTES,
                       batch);
        }
        bytes = newline + 1;
    }
    if (bytes < end)
        carry(reader, bytes, (size_t)(end - bytes), LIMIT_LOG_LINE_BYTES);
}

/* The rest of a value that was too long; what stands in it is no entry. */
static size_t skip_excess(struct log_reader *reader, size_t length)
{
    size_t skipped = (size_t)MIN(reader->excess, length);

    reader->excess -= skipped;
    return skipped;
}

static void split_entries(struct log_reader *reader, const char *bytes, size_t length,
                          struct log_batch *batch)
{
    size_t done = skip_excess(reader, length), entry;

    bytes += done;
    length -= done;
    done = 0;
    g_byte_array_append(reader->carry, (const guint8 *)bytes, (guint)length);
    while ((entry = envelope_export_entry((const char *)reader->carry->data + done,
                                          reader->carry->len - done)) > 0) {
        split_copy(reader, reader->carry->data + done, entry, false, batch);
        if (entry >= LIMIT_JOURNAL_ENTRY_BYTES)
            reader->excess =
                envelope_export_excess((const char *)reader->carry->data + done, entry);
        done += entry;
        done += skip_excess(reader, reader->carry->len - done);
    }
    if (done > 0)
        g_byte_array_remove_range(reader->carry, 0, (guint)done);
}

static void split_counted(struct log_reader *reader, const char *bytes, size_t length,
                          struct log_batch *batch)
{
    size_t done = 0, entry;
    struct span line;

    g_byte_array_append(reader->carry, (const guint8 *)bytes, (guint)length);
    while ((entry = envelope_counted_entry((const char *)reader->carry->data + done,
                                           reader->carry->len - done, &line)) > 0) {
        split_copy(reader, line.at, line.length, false, batch);
        done += entry;
    }
    if (done > 0)
        g_byte_array_remove_range(reader->carry, 0, (guint)done);
}

/* An export is known by its first line, counted octets by the second, and they may come byte by
   byte. */
static bool know_form(struct log_reader *reader, const char *bytes, size_t length)
{
    const char *newline = memchr(bytes, '\n', MIN(length, FORM_BYTES));
    bool more = false;
    bool is_counted = g_ascii_isdigit(*bytes) && envelope_is_counted(bytes, length, &more);

    if (more || (length < FORM_BYTES && newline == NULL && *bytes == '_'))
        return false;
    if (newline != NULL && envelope_is_export(bytes, (size_t)(newline - bytes) + 1))
        reader->form = FORM_EXPORT;
    else
        reader->form = is_counted ? FORM_COUNTED : FORM_LINES;
    return true;
}

static void split_by_form(struct log_reader *reader, const char *bytes, size_t length,
                          struct log_batch *batch)
{
    if (reader->form == FORM_EXPORT)
        split_entries(reader, bytes, length, batch);
    else if (reader->form == FORM_COUNTED)
        split_counted(reader, bytes, length, batch);
    else
        split_lines(reader, bytes, length, batch);
}

struct log_batch *log_batch_new(void)
{
    struct log_batch *batch = g_new0(struct log_batch, 1);

    batch->entries = g_new(struct entry, BATCH_LINES);
    batch->room = BATCH_LINES;
    batch->hosts = log_hosts_new();
    batch->look_room = BATCH_LOOKS;
    batch->looks = g_new(union look, BATCH_LOOKS);
    batch->texts = g_string_chunk_new(TEXT_BYTES);
    return batch;
}

void log_batch_free(struct log_batch *batch)
{
    if (batch == NULL)
        return;
    g_free(batch->entries);
    g_free(batch->looks);
    log_hosts_free(batch->hosts);
    g_string_chunk_free(batch->texts);
    g_free(batch);
}

void log_batch_clear(struct log_batch *batch)
{
    memset(&batch->counts, 0, sizeof batch->counts);
    batch->length = 0;
    batch->look_count = 0;
    log_hosts_clear(batch->hosts);
    g_string_chunk_clear(batch->texts);
}

static void split(struct log_reader *reader, const char *bytes, size_t length,
                  struct log_batch *batch)
{
    if (length == 0)
        return;
    if (reader->form != FORM_UNKNOWN) {
        split_by_form(reader, bytes, length, batch);
    } else if (reader->carry->len == 0) {
        if (know_form(reader, bytes, length))
            split_by_form(reader, bytes, length, batch);
        else
            g_byte_array_append(reader->carry, (const guint8 *)bytes, (guint)length);
    } else {
        size_t all = reader->carry->len + length;
        char *copy;
        g_byte_array_append(reader->carry, (const guint8 *)bytes, (guint)length);
        copy =
            g_string_chunk_insert_len(batch->texts, (const char *)reader->carry->data, (gssize)all);
        g_byte_array_set_size(reader->carry, 0);
        split(reader, copy, all, batch);
    }
}

void log_reader_split(struct log_reader *reader, const char *bytes, size_t length,
                      struct log_batch *batch)
{
    split(reader, bytes, length, batch);
    envelope_keep(reader->envelope);
}

void log_reader_tell(struct log_reader *reader, struct log_batch *batch)
{
    guint look = 0;

    reader->counts.lines += batch->counts.lines;
    reader->counts.ours += batch->counts.ours;
    reader->counts.unknown += batch->counts.unknown;
    reader->counts.cut += batch->counts.cut;
    widen(&reader->counts, batch->counts.first_at, batch->counts.last_at);
    log_hosts_join(reader->hosts, batch->hosts, reader->admit, reader->admit_data);
    for (size_t i = 0; i < batch->length; i++) {
        struct entry *entry = &batch->entries[i];
        if (entry->has_look)
            entry->line.looked = &batch->looks[look++];
        tell_entry(reader, entry);
    }
    log_batch_clear(batch);
}

void log_reader_take(struct log_reader *reader, const char *bytes, size_t length)
{
    log_reader_split(reader, bytes, length, reader->batch);
    log_reader_tell(reader, reader->batch);
}

size_t log_reader_pending(const struct log_reader *reader)
{
    return reader->carry->len + reader->skipped;
}

void log_reader_end(struct log_reader *reader)
{
    end_carry(reader, reader->batch);
    if (reader->envelope != NULL)
        envelope_keep(reader->envelope);
    log_reader_tell(reader, reader->batch);
}

void log_reader_settle(struct log_reader *reader, gint64 before)
{
    reader->is_ending = true;
    settle_by(reader, before);
    reader->is_ending = false;
}

const struct log_counts *log_reader_counts(const struct log_reader *reader)
{
    return &reader->counts;
}

const GPtrArray *log_reader_hosts(const struct log_reader *reader)
{
    return log_hosts_list(reader->hosts);
}
