#include "ingest/log/mark.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Places that a line may stand in: those whose hashes share a line of the cache. */
#define PLACES 8

struct slot {
    gint64 at;
    guint32 count; /* 0: free */
    guint32 file;
};

struct log_marks {
    guint32 file;
    struct log_hasher hasher;
    guint64 hashes[LOG_MARKS_MAX];
    struct slot slots[LOG_MARKS_MAX];
};

struct log_marks *log_marks_new(void)
{
    return g_new0(struct log_marks, 1);
}

void log_marks_free(struct log_marks *marks)
{
    g_free(marks);
}

void log_marks_begin(struct log_marks *marks)
{
    marks->file++;
}

/* Some loggers write the full name of the host, some its first label. */
static struct span first_label(struct span host)
{
    const char *dot = host.length == 0 ? NULL : memchr(host.at, '.', host.length);
    bool is_address = host.length > 0 && g_ascii_isdigit(host.at[0]);

    return dot != NULL && !is_address ? span_of(host.at, (size_t)(dot - host.at)) : host;
}

static guint64 hash_host(struct log_hasher *hasher, struct span host)
{
    struct span label = first_label(host);
    char lower[sizeof hasher->host];
    size_t length = MIN(label.length, sizeof lower);

    if (length == 0)
        return 0;
    if (length == hasher->host_length && memcmp(label.at, hasher->host, length) == 0)
        return hasher->host_hash;
    for (size_t i = 0; i < length; i++)
        lower[i] = g_ascii_tolower(label.at[i]);
    hasher->host_hash = XXH3_64bits(lower, length);
    memcpy(hasher->host, label.at, length);
    hasher->host_length = length;
    return hasher->host_hash;
}

guint64 log_hash(struct log_hasher *hasher, const struct log_line *line)
{
    struct {
        guint64 host;
        guint64 program;
        gint64 at;
        gint64 pid;
    } frame = {hash_host(hasher, line->host), XXH3_64bits(line->program.at, line->program.length),
               line->at, line->pid};

    guint64 hash = XXH3_64bits_withSeed(line->message.at, line->message.length,
                                        XXH3_64bits(&frame, sizeof frame));

    return hash != 0 ? hash : 1;
}

static bool is_past(const struct log_marks *marks, const struct slot *slot, gint64 at)
{
    return slot->count == 0 || slot->file != marks->file || slot->at + LOG_MARKS_SECONDS < at;
}

/* One that is free, or else the one that has been idle for longest. */
static struct slot *free_slot(struct log_marks *marks, struct slot *slots, gint64 at)
{
    struct slot *oldest = slots;

    for (guint i = 0; i < PLACES; i++) {
        if (is_past(marks, &slots[i], at))
            return &slots[i];
        if (slots[i].at < oldest->at)
            oldest = &slots[i];
    }
    return oldest;
}

/* Where the line stands, or else its place from now on. */
static struct slot *find_slot(struct log_marks *marks, guint64 hash, gint64 at)
{
    guint first = (guint)(hash % (LOG_MARKS_MAX / PLACES)) * PLACES;
    struct slot *slot;

    for (guint i = first; i < first + PLACES; i++)
        if (marks->hashes[i] == hash && !is_past(marks, &marks->slots[i], at))
            return &marks->slots[i];
    slot = free_slot(marks, &marks->slots[first], at);
    *slot = (struct slot){.at = at, .file = marks->file};
    marks->hashes[slot - marks->slots] = hash;
    return slot;
}

guint64 log_marks_take(struct log_marks *marks, const struct log_line *line)
{
    guint64 hash = line->hash != 0 ? line->hash : log_hash(&marks->hasher, line);
    guint32 before = find_slot(marks, hash, line->at)->count++;

    return before == 0 ? hash : XXH3_64bits_withSeed(&before, sizeof before, hash);
}
