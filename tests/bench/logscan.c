/*
 * The floor for reading a log: finds the lines about TLS and the deliveries of a Postfix or an Exim
 * log and counts them. It joins nothing and keeps nothing.
 *
 *   logscan postfix|exim FILE
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)256 << 10)

struct counts {
    unsigned long lines;
    unsigned long out;
    unsigned long in;
    unsigned long sent;
    unsigned long deferred;
    unsigned long bounced;
    unsigned long failed;
};

static bool begins(const char *text, const char *end, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(end - text) >= length && memcmp(text, word, length) == 0;
}

static const char *after(const char *text, const char *end, const char *word)
{
    const char *found = memmem(text, (size_t)(end - text), word, strlen(word));

    return found == NULL ? NULL : found + strlen(word);
}

/* "Verified TLS connection established to", "... from" */
static bool count_summary(struct counts *counts, const char *message, const char *end)
{
    const char *space = memchr(message, ' ', (size_t)(end - message));

    if (space == NULL || !begins(space, end, " TLS connection "))
        return false;
    space = memchr(space + 16, ' ', (size_t)(end - space - 16));
    if (space != NULL && begins(space, end, " to "))
        counts->out++;
    else
        counts->in++;
    return true;
}

static void count_reason(struct counts *counts, const char *reason, const char *end)
{
    static const char *const reasons[] = {" (Server certificate not", " (TLSA lookup error",
                                          " (Cannot start TLS", " (TLS is required, but"};

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        counts->failed += begins(reason, end, reasons[i]);
}

static void postfix_line(struct counts *counts, const char *line, const char *end)
{
    const char *tag = end - line > 17 ? memchr(line + 16, ' ', (size_t)(end - line - 16)) : NULL;
    const char *message, *status;

    if (tag == NULL || !begins(tag, end, " postfix/"))
        return;
    message = memchr(tag + 9, ' ', (size_t)(end - tag - 9));
    if (message == NULL)
        return;
    message++;
    if (message < end && strchr("AVUT", *message) != NULL && count_summary(counts, message, end))
        return;
    status = after(message, end, ", status=");
    if (status == NULL)
        return;
    counts->sent += begins(status, end, "sent");
    counts->bounced += begins(status, end, "bounced");
    if (begins(status, end, "deferred")) {
        counts->deferred++;
        count_reason(counts, status + strlen("deferred"), end);
    }
}

/* "2026-03-01 00:00:00 1xA000-000000-2K => ..." */
static void exim_line(struct counts *counts, const char *line, const char *end)
{
    const char *flag = end - line > 40 ? memchr(line + 20, ' ', (size_t)(end - line - 20)) : NULL;

    if (flag == NULL)
        return;
    if (begins(flag, end, " => ")) {
        counts->sent++;
        counts->out += after(flag, end, " X=") != NULL;
    } else if (begins(flag, end, " <= ")) {
        counts->in += after(flag, end, " X=") != NULL;
    } else if (begins(flag, end, " == ")) {
        counts->deferred++;
        counts->failed += after(flag, end, ": TLS session: ") != NULL;
    } else if (begins(flag, end, " ** ")) {
        counts->bounced++;
    }
}

static int scan(struct counts *counts, bool exim, int fd)
{
    char *buffer = malloc(BLOCK);
    size_t held = 0;
    ssize_t got;

    if (buffer == NULL)
        return 3;
    while ((got = read(fd, buffer + held, BLOCK - held)) > 0) {
        const char *line = buffer, *end = buffer + held + got, *newline;

        while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
            counts->lines++;
            if (exim)
                exim_line(counts, line, newline);
            else
                postfix_line(counts, line, newline);
            line = newline + 1;
        }
        held = (size_t)(end - line);
        memmove(buffer, line, held);
        if (held == BLOCK)
            held = 0;
    }
    free(buffer);
    return got < 0 ? 3 : 0;
}

int main(int argc, char **argv)
{
    struct counts counts = {0};
    int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;

    if (fd < 0 || scan(&counts, strcmp(argv[1], "exim") == 0, fd) != 0) {
        fprintf(stderr, "usage: logscan postfix|exim FILE\n");
        return 2;
    }
    printf("lines %lu out %lu in %lu sent %lu deferred %lu bounced %lu failed %lu\n", counts.lines,
           counts.out, counts.in, counts.sent, counts.deferred, counts.bounced, counts.failed);
    return 0;
}
