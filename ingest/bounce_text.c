#include "ingest/bounce_text.h"
#include "ingest/limits.h"
#include "ingest/log/exim_text.h"
#include "ingest/text.h"
#include <string.h>

/* Exim's indents: of an address, and of all that follows it. */
#define ADDRESS_INDENT 2
#define REASON_INDENT 4

/* Words without which no reason of Exim's can be about TLS or the names of hosts. */
static const char *const hints[] = {"TLS", "SSL", "DANE", "lookup"};

static const struct {
    const char *end; /* of the heading */
    bool delayed;
} headings[] = {
    {"address(es) failed:", false},
    {"has not yet been delivered is:", true},
    {"has not yet been delivered are:", true},
};

struct reading {
    GPtrArray *all;
    struct bounce_words *open; /* whose lines come; NULL: none */
    GString *reason;
    struct exim_texts *texts; /* made when they are needed */
    bool announced;
    bool delayed;
};

static void words_free(gpointer data)
{
    struct bounce_words *words = data;

    g_free(words->address);
    g_free(words->original);
    g_free(words->mx);
    g_free(words->reason);
    g_free(words);
}

static void judge(struct reading *reading, struct bounce_words *words)
{
    struct span text = span_of(words->reason, strlen(words->reason));
    bool may_be = false;

    for (size_t i = 0; i < G_N_ELEMENTS(hints); i++)
        may_be |= strstr(words->reason, hints[i]) != NULL;
    if (!may_be)
        return;
    if (reading->texts == NULL)
        reading->texts = exim_texts_new();
    words->is_tls = exim_texts_judge(reading->texts, text, &words->detail, &words->result_type,
                                     &words->failure_type);
}

static void close_words(struct reading *reading)
{
    struct bounce_words *words = reading->open;

    if (words == NULL)
        return;
    words->reason =
        text_bounded(reading->reason->str, reading->reason->len, LIMIT_STRING_BYTES, NULL);
    if (words->reason == NULL)
        words->reason = g_strdup("");
    judge(reading, words);
    g_string_truncate(reading->reason, 0);
    reading->open = NULL;
}

static bool is_address(struct span text)
{
    const char *sign = span_find(text, "@");

    return sign != NULL && sign > text.at && sign + 1 < text.at + text.length &&
           memchr(text.at, ' ', text.length) == NULL && *text.at != '<';
}

static void open_words(struct reading *reading, struct span address)
{
    close_words(reading);
    if (!is_address(address) || reading->all->len >= BOUNCE_RECIPIENTS_MAX)
        return;
    reading->open = g_new0(struct bounce_words, 1);
    reading->open->address = text_bounded(address.at, address.length, LIMIT_TEXT_BYTES, NULL);
    reading->open->announced = reading->announced;
    reading->open->delayed = reading->delayed;
    g_ptr_array_add(reading->all, reading->open);
}

/* "(generated from ADDR)", "(ultimately generated from ADDR)". */
static bool take_original(struct bounce_words *words, struct span line)
{
    static const char label[] = "generated from ";
    const char *at = span_find(line, label);

    if (at == NULL || *line.at != '(' || line.at[line.length - 1] != ')')
        return false;
    at += strlen(label);
    if (words->original == NULL)
        words->original =
            text_bounded(at, (size_t)(line.at + line.length - 1 - at), LIMIT_TEXT_BYTES, NULL);
    return true;
}

/* "host NAME [IP]", alone on its line or before the answer of that host. */
static bool take_host(struct bounce_words *words, struct span line)
{
    static const char label[] = "host ";
    struct span rest;
    const char *space;

    if (!span_begins(line, label))
        return false;
    rest = span_from(line, strlen(label));
    space = span_find(rest, " [");
    if (space == NULL || memchr(rest.at, ' ', rest.length) != space)
        return false;
    if (words->mx == NULL) {
        g_autofree char *name = g_strndup(rest.at, (size_t)(space - rest.at));
        words->mx = text_domain(name, NULL);
    }
    return span_find(line, "]") == line.at + line.length - 1;
}

static void take_words(struct reading *reading, struct span line)
{
    static const char delay[] = "Delay reason: ";
    bool is_first = reading->reason->len == 0;

    if (is_first && take_original(reading->open, line))
        return;
    if (take_host(reading->open, line) && is_first)
        return;
    if (is_first && span_begins(line, delay))
        line = span_from(line, strlen(delay));
    if (reading->reason->len + line.length >= LIMIT_STRING_BYTES)
        return;
    if (!is_first)
        g_string_append_c(reading->reason, ' ');
    g_string_append_len(reading->reason, line.at, (gssize)line.length);
}

static void take_heading(struct reading *reading, struct span line)
{
    reading->announced = false;
    for (size_t i = 0; i < G_N_ELEMENTS(headings); i++) {
        size_t length = strlen(headings[i].end);
        if (line.length < length ||
            memcmp(line.at + line.length - length, headings[i].end, length) != 0)
            continue;
        reading->announced = true;
        reading->delayed = headings[i].delayed;
    }
}

static void take_line(struct reading *reading, struct span line)
{
    size_t indent = 0;

    while (line.length > 0 && g_ascii_isspace(line.at[line.length - 1]))
        line.length--;
    while (indent < line.length && line.at[indent] == ' ')
        indent++;
    if (line.length == 0) {
        close_words(reading);
    } else if (indent == ADDRESS_INDENT) {
        open_words(reading, span_from(line, indent));
    } else if (indent >= REASON_INDENT && reading->open != NULL) {
        take_words(reading, span_from(line, indent));
    } else if (indent == 0) {
        close_words(reading);
        take_heading(reading, line);
    }
}

GPtrArray *bounce_text_read(const char *text, size_t length)
{
    struct reading reading = {
        .all = g_ptr_array_new_with_free_func(words_free),
        .reason = g_string_new(NULL),
    };

    for (size_t at = 0; at < length;) {
        const char *feed = memchr(text + at, '\n', length - at);
        size_t size = feed != NULL ? (size_t)(feed - text) - at : length - at;
        take_line(&reading, span_of(text + at, size));
        at += size + 1;
    }
    close_words(&reading);
    g_string_free(reading.reason, TRUE);
    exim_texts_free(reading.texts);
    return reading.all;
}
