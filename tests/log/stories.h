/* Stories: lines of Postfix' log, and the events that they make. Each is a test of its own. */
#ifndef TESTS_LOG_STORIES_H
#define TESTS_LOG_STORIES_H

#include "tests/log/lines.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STORIES_MAX 100

/* Where lines come from. */
#define H "Nov 22 10:00:00 out "
#define S H "postfix/smtp[7]: "
#define D H "postfix/smtpd[9]: "
#define X H "postfix/tlsproxy[5]: "
#define Q H "postfix/qmgr[3]: "

/* What they are about. */
#define MX "mx.b.example[192.0.2.1]"
#define MX2 "mx2.b.example[192.0.2.2]"
#define TLS ": TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
#define TO "4AAAA1111A: to=<u@b.example>"
#define AT ", relay=" MX ":25, delay=1.2, delays=1/0/0.1/0"
#define AT2 ", relay=" MX2 ":25, delay=1.2, delays=1/0/0.1/0"
#define NOWHERE ", relay=none, delay=1.2, delays=1/0/0.1/0"
#define SENT ", dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4BBB)"
#define DEFERRED ", dsn=4.7.5, status=deferred ("

struct story {
    const char *promise;
    const char *lines;
    /* Without what is the same in all, or follows from the lines: time and log host, the address of
       a session; and without " | TLS-ERROR" where the story is not about it, that is has none. */
    const char *events;
};

static inline char *stories_plain(const char *events, bool with_errors)
{
    g_autoptr(GRegex) same = g_regex_new(with_errors ? " (?:at=\\d+|host=out)\\b"
                                                     : " (?:(?:at=\\d+|host=out)\\b|\\| .*)",
                                         0, 0, NULL);
    g_autoptr(GRegex) address = g_regex_new("^session: .*\\K ip=\\S+", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *without = g_regex_replace_literal(same, events, -1, 0, "", 0, NULL);

    return g_regex_replace_literal(address, without, -1, 0, "", 0, NULL);
}

static inline void stories_check(void **state)
{
    const struct story *story = *state;
    struct direct *direct = direct_new(&log_postfix);
    g_autofree char *events = NULL;

    lines_take(direct, story->lines, strlen(story->lines));
    direct->dialect->settle(direct->state, G_MAXINT64);
    events = stories_plain(direct->events->str, strstr(story->events, " | ") != NULL);
    assert_string_equal(events, story->events);
    direct_free(direct);
}

/* Adds them to a group of `count` tests; the new count. */
static inline size_t stories_add(struct CMUnitTest *tests, size_t count,
                                 const struct story *stories, size_t length)
{
    g_assert_cmpuint(count + length, <=, STORIES_MAX);
    for (size_t i = 0; i < length; i++)
        tests[count++] = (struct CMUnitTest){
            .name = stories[i].promise,
            .test_func = stories_check,
            .initial_state = (void *)&stories[i],
        };
    return count;
}

#endif
