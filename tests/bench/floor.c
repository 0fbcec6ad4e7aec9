/*
 * The floor of the bench: floor MBOX
 *
 * The least that any reader of TLS reports must do: find each attachment by its header line, undo
 * base64, inflate with zlib, parse with jansson, add up. It knows no MIME, keeps nothing, and
 * judges nothing. Prints the totals in the words of gen_reports.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define REPORT_BYTES ((size_t)1 << 20) /* unpacked; what gen_reports makes is far smaller */
#define NO_DIGIT 64

struct totals {
    uint64_t mails;
    uint64_t policies;
    uint64_t details;
    uint64_t successes;
    uint64_t failures;
};

struct work {
    uint8_t digits[256]; /* value of each base64 digit, NO_DIGIT for what is none */
    uint8_t *packed;
    uint8_t *json;
    z_stream inflater;
    struct totals totals;
};

static const char content_type[] = "\nContent-Type: application/tlsrpt+gzip";

static void make_digits(uint8_t *digits)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    memset(digits, NO_DIGIT, 256);
    for (uint8_t i = 0; i < 64; i++)
        digits[(uint8_t)alphabet[i]] = i;
}

/* Decodes up to the first byte that is neither a digit nor a line end; false if too large. */
static bool decode(const struct work *work, const uint8_t *from, const uint8_t *end, size_t *length)
{
    uint8_t *to = work->packed;
    uint32_t bits = 0;
    unsigned count = 0;

    for (; from < end; from++) {
        uint8_t digit = work->digits[*from];

        if (digit == NO_DIGIT) {
            if (*from == '\n' || *from == '\r')
                continue;
            break;
        }
        bits = bits << 6 | digit;
        if (++count % 4 == 0) {
            if ((size_t)(to - work->packed) + 6 > REPORT_BYTES)
                return false;
            *to++ = (uint8_t)(bits >> 16);
            *to++ = (uint8_t)(bits >> 8);
            *to++ = (uint8_t)bits;
        }
    }
    if (count % 4 >= 2)
        *to++ = (uint8_t)(count % 4 == 2 ? bits >> 4 : bits >> 10);
    if (count % 4 == 3)
        *to++ = (uint8_t)(bits >> 2);
    *length = (size_t)(to - work->packed);
    return true;
}

static bool unpack_json(struct work *work, size_t length, size_t *unpacked)
{
    z_stream *stream = &work->inflater;

    inflateReset(stream);
    stream->next_in = work->packed;
    stream->avail_in = (uInt)length;
    stream->next_out = work->json;
    stream->avail_out = REPORT_BYTES;
    if (inflate(stream, Z_FINISH) != Z_STREAM_END)
        return false;
    *unpacked = REPORT_BYTES - stream->avail_out;
    return true;
}

static uint64_t count_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static bool add_up(struct work *work, size_t length)
{
    json_t *report = json_loadb((const char *)work->json, length, 0, NULL);
    const json_t *policies = json_object_get(report, "policies");
    struct totals *totals = &work->totals;

    if (report == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(policies); i++) {
        const json_t *policy = json_array_get(policies, i);
        const json_t *summary = json_object_get(policy, "summary");

        totals->policies++;
        totals->details += json_array_size(json_object_get(policy, "failure-details"));
        totals->successes += count_of(summary, "total-successful-session-count");
        totals->failures += count_of(summary, "total-failure-session-count");
    }
    totals->mails++;
    json_decref(report);
    return true;
}

static bool read_mbox(struct work *work, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = bytes + size;
    const uint8_t *at = bytes;

    while ((at = memmem(at, (size_t)(end - at), content_type, sizeof content_type - 1)) != NULL) {
        size_t length;

        at = memmem(at, (size_t)(end - at), "\n\n", 2);
        if (at == NULL || !decode(work, at, end, &length) || !unpack_json(work, length, &length) ||
            !add_up(work, length))
            return false;
    }
    return true;
}

static const uint8_t *map(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    const uint8_t *bytes = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &status) == 0) {
        *size = (size_t)status.st_size;
        bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    return bytes == MAP_FAILED ? NULL : bytes;
}

int main(int argc, char **argv)
{
    static struct work work;
    const struct totals *totals = &work.totals;
    size_t size = 0;
    const uint8_t *bytes = argc == 2 ? map(argv[1], &size) : NULL;

    if (bytes == NULL) {
        fprintf(stderr, "usage: floor MBOX\n");
        return 2;
    }
    make_digits(work.digits);
    work.packed = malloc(REPORT_BYTES);
    work.json = malloc(REPORT_BYTES);
    if (work.packed == NULL || work.json == NULL || inflateInit2(&work.inflater, 15 + 16) != Z_OK ||
        !read_mbox(&work, bytes, size)) {
        fprintf(stderr, "floor: cannot read %s\n", argv[1]);
        return 3;
    }
    printf("{\"mails\":%" PRIu64 ",\"policies\":%" PRIu64 ",\"details\":%" PRIu64
           ",\"successes\":%" PRIu64 ",\"failures\":%" PRIu64 "}\n",
           totals->mails, totals->policies, totals->details, totals->successes, totals->failures);
    inflateEnd(&work.inflater);
    free(work.packed);
    free(work.json);
    return 0;
}
