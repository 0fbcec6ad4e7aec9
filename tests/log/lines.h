/* Lines of a log in syslog's old form into one dialect: "Nov 22 06:12:36 HOST PROGRAM[PID]: TEXT".
 */
#ifndef TESTS_LOG_LINES_H
#define TESTS_LOG_LINES_H

#include "tests/log/direct.h"
#include <stdio.h>

#define LINES_YEAR 2026

/* The next word of the line, and the blank after it. */
static inline struct span lines_word(struct span *rest)
{
    const char *blank = rest->length == 0 ? NULL : memchr(rest->at, ' ', rest->length);
    size_t length = blank == NULL ? rest->length : (size_t)(blank - rest->at);
    struct span word = span_of(rest->at, length);

    *rest = span_from(*rest, blank == NULL ? length : length + 1);
    return word;
}

/* "Nov 22 06:12:36" */
static inline gint64 lines_time(struct span text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, hour, minute, second;
    char month[4] = "";
    g_autofree char *stamp = g_strndup(text.at, MIN(text.length, 15));
    g_autoptr(GDateTime) time = NULL;

    g_assert_cmpint(sscanf(stamp, "%3s %d %d:%d:%d", month, &day, &hour, &minute, &second), ==, 5);
    g_assert_nonnull(strstr(months, month));
    time = g_date_time_new_utc(LINES_YEAR, (int)(strstr(months, month) - months) / 3 + 1, day, hour,
                               minute, second);
    return g_date_time_to_unix(time);
}

/* Whether the dialect claimed it. */
static inline bool lines_take_one(struct direct *direct, struct span whole)
{
    struct log_line line = {.whole = whole, .repeats = 1};
    struct span rest = span_from(whole, strlen("Nov 22 06:12:36 "));
    const char *open;

    line.at = lines_time(whole);
    line.host = lines_word(&rest);
    line.program = lines_word(&rest);
    line.message = rest;
    line.program.length--;
    open = memchr(line.program.at, '[', line.program.length);
    if (open != NULL) {
        line.pid = g_ascii_strtoll(open + 1, NULL, 10);
        line.program.length = (size_t)(open - line.program.at);
    }
    if (!direct->dialect->claims(&line))
        return false;
    direct->dialect->take(direct->state, &line);
    return true;
}

/* All lines of the text; what they make the dialect emit is added to direct->events. */
static inline void lines_take(struct direct *direct, const char *text, size_t length)
{
    while (length > 0) {
        const char *newline = memchr(text, '\n', length);
        size_t line = newline == NULL ? length : (size_t)(newline - text);

        if (line > 0)
            lines_take_one(direct, span_of(text, line));
        length -= newline == NULL ? line : line + 1;
        text += newline == NULL ? line : line + 1;
    }
}

#endif
