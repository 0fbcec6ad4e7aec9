#include "ingest/log/postfix_delivery.h"
#include <glib.h>

/* Room for the longest id with time and inode (enable_long_queue_ids), and then some. */
#define QUEUE_ID_BYTES 32
#define SHORT_ID_BYTES 5
#define LONG_ID_BYTES 11

static bool is_space_or_end(struct span text, size_t at)
{
    return at >= text.length || text.at[at] == ' ';
}

/* What a byte may stand in: the short form of an id is hexadecimal, the long one has no vowels. */
enum { IN_SHORT = 1, IN_LONG = 2 };

static guint forms_of(char c)
{
    static const guint32 vowels = 1u << ('a' - 'a') | 1u << ('e' - 'a') | 1u << ('i' - 'a') |
                                  1u << ('o' - 'a') | 1u << ('u' - 'a');
    guint letter = (guint)(guchar)(c | 0x20) - 'a';

    if (c >= '0' && c <= '9')
        return IN_SHORT | IN_LONG;
    if (letter >= 26)
        return 0;
    return (c >= 'A' && c <= 'F' ? IN_SHORT : 0u) | ((vowels >> letter & 1) == 0 ? IN_LONG : 0u);
}

/* Words of a message that end in ": " look alike, hence the lengths. */
size_t postfix_queue_id(struct span text)
{
    size_t length = 0;
    size_t most = MIN(text.length, QUEUE_ID_BYTES);
    guint forms = IN_SHORT | IN_LONG;

    while (length < most && (forms & forms_of(text.at[length])) != 0)
        forms &= forms_of(text.at[length++]);
    if (length < SHORT_ID_BYTES || length + 1 >= text.length || text.at[length] != ':' ||
        text.at[length + 1] != ' ')
        return 0;
    return (forms & IN_SHORT) != 0 || length >= LONG_ID_BYTES ? length : 0;
}

struct postfix_peer postfix_peer_read(struct span text)
{
    const char *open = text.length == 0 ? NULL : memchr(text.at, '[', text.length);
    struct postfix_peer peer = {.host = text};
    const char *close;

    if (open == NULL)
        return peer;
    peer.host.length = (size_t)(open - text.at);
    close = memchr(open, ']', text.length - peer.host.length);
    if (close != NULL)
        peer.ip = span_of(open + 1, (size_t)(close - open - 1));
    return peer;
}

static bool equal_without_case(struct span one, struct span other)
{
    return one.length == other.length &&
           (one.length == 0 || memcmp(one.at, other.at, one.length) == 0 ||
            g_ascii_strncasecmp(one.at, other.at, one.length) == 0);
}

/* Not every line has an address, and since 3.12 some spell the name in lower case. */
bool postfix_peer_equals(const struct postfix_peer *one, const struct postfix_peer *other)
{
    if (one->ip.length > 0 && other->ip.length > 0)
        return equal_without_case(one->ip, other->ip);
    return one->host.length > 0 && equal_without_case(one->host, other->host);
}

static gint64 whole_seconds(struct span value)
{
    gint64 seconds = 0;
    size_t i = 0;

    for (; i < value.length && i < 15 && g_ascii_isdigit(value.at[i]); i++)
        seconds = seconds * 10 + (value.at[i] - '0');
    return i == 0 ? -1 : seconds;
}

static struct span first_timings(struct span value)
{
    size_t slashes = 0;

    for (size_t i = 0; i < value.length; i++)
        if (value.at[i] == '/' && ++slashes == 3)
            return span_of(value.at, i);
    return value;
}

static enum tls_level level_of(struct span word)
{
    char text[16];

    if (word.length >= sizeof text)
        return LEVEL_UNKNOWN;
    memcpy(text, word.at, word.length);
    text[word.length] = '\0';
    return tls_level_from_word(text);
}

/* "[!]LEVEL[:ACTUAL][?][/REQUIRETLS...]" */
static struct postfix_tls read_tls(struct span value)
{
    struct postfix_tls tls = {.is_present = true};
    const char *end = memchr(value.at, '/', value.length);
    const char *colon;

    if (end != NULL)
        value.length = (size_t)(end - value.at);
    if (value.length > 0 && value.at[value.length - 1] == '?') {
        tls.is_open = true;
        value.length--;
    }
    if (value.length > 0 && *value.at == '!') {
        tls.is_violated = true;
        value = span_from(value, 1);
    }
    colon = memchr(value.at, ':', value.length);
    if (colon != NULL) {
        size_t length = (size_t)(colon - value.at);
        tls.level = level_of(span_of(value.at, length));
        tls.actual = level_of(span_from(value, length + 1));
    } else {
        tls.level = tls.actual = level_of(value);
    }
    return tls;
}

static void read_relay(struct span value, struct postfix_delivery *delivery)
{
    delivery->relay_text = value;
    if (span_is(value, "none")) {
        delivery->relay = POSTFIX_RELAY_NONE;
        return;
    }
    delivery->peer = postfix_peer_read(value);
    delivery->relay = delivery->peer.ip.length == 0 ||
                              memchr(delivery->peer.ip.at, '/', delivery->peer.ip.length) != NULL
                          ? POSTFIX_RELAY_LOCAL
                          : POSTFIX_RELAY_HOST;
}

static enum postfix_status status_of(struct span word)
{
    static const struct {
        const char *word;
        enum postfix_status status;
    } words[] = {
        {"sent", POSTFIX_SENT},
        {"deferred", POSTFIX_DEFERRED},
        {"bounced", POSTFIX_BOUNCED},
        {"SOFTBOUNCE", POSTFIX_DEFERRED},
        {"deliverable", POSTFIX_PROBE_GOOD},
        {"undeliverable", POSTFIX_PROBE_BAD},
        {"undeliverable-but-not-cached", POSTFIX_PROBE_BAD},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (span_is(word, words[i].word))
            return words[i].status;
    return POSTFIX_STATUS_UNKNOWN;
}

/* Up to the last parenthesis of the line: a reason may hold some itself. */
static struct span in_parentheses(struct span text)
{
    const char *close;

    text = span_from(text, 1);
    close = text.length == 0 ? NULL : memrchr(text.at, ')', text.length);
    return close == NULL ? text : span_of(text.at, (size_t)(close - text.at));
}

/* "deferred (REASON)" */
static void read_status(struct span rest, struct postfix_delivery *delivery)
{
    size_t length = 0;

    while (!is_space_or_end(rest, length))
        length++;
    delivery->status = status_of(span_of(rest.at, length));
    rest = span_from(rest, length);
    if (span_begins(rest, " ("))
        delivery->reason = in_parentheses(span_from(rest, 1));
}

static void read_field(struct span key, struct span value, struct postfix_delivery *delivery)
{
    switch (key.length) {
    case 3:
        if (span_is(key, "dsn"))
            delivery->dsn = value;
        else if (span_is(key, "tls"))
            delivery->tls = read_tls(value);
        break;
    case 5:
        if (span_is(key, "relay"))
            read_relay(value, delivery);
        else if (span_is(key, "delay"))
            delivery->delay = whole_seconds(value);
        break;
    case 6:
        if (span_is(key, "delays"))
            delivery->timings = first_timings(value);
        break;
    case 8:
        if (span_is(key, "conn_use"))
            delivery->is_reused = true;
        break;
    default:
        break;
    }
}

/* ", KEY=" or the end. */
static bool begins_field(struct span rest)
{
    size_t at = 2;

    if (rest.length == 0)
        return true;
    if (!span_begins(rest, ", "))
        return false;
    while (at < rest.length && (g_ascii_islower(rest.at[at]) || rest.at[at] == '_'))
        at++;
    return at > 2 && at < rest.length && rest.at[at] == '=';
}

/*
 * Where in an address its end is to be looked for: a quoted local part, as Postfix writes it since
 * 3.5, may hold what looks like the rest of the line.
 */
static size_t quoted_length(struct span address)
{
    size_t at = 1;

    if (address.length == 0 || *address.at != '"')
        return 0;
    while (at < address.length && address.at[at] != '"')
        at += address.at[at] == '\\' ? 2 : 1;
    at++;
    return at < address.length && (address.at[at] == '@' || address.at[at] == '>') ? at : 0;
}

/* "to=<ADDRESS>": an address may hold '>' and ", " itself. What is left after it. */
static struct span read_recipient(struct span text, struct postfix_delivery *delivery)
{
    struct span rest = span_from(text, strlen("to=<"));
    const char *last = rest.at + rest.length;
    const char *end = rest.at + quoted_length(rest);
    const char *at;

    while ((end = end == last ? NULL : memchr(end, '>', (size_t)(last - end))) != NULL) {
        if (begins_field(span_of(end + 1, (size_t)(last - end - 1))))
            break;
        end++;
    }
    if (end == NULL)
        return rest;
    at = memrchr(rest.at, '@', (size_t)(end - rest.at));
    if (at != NULL)
        delivery->domain = span_of(at + 1, (size_t)(end - at - 1));
    rest = span_from(rest, (size_t)(end - rest.at) + 1);
    return span_begins(rest, ", ") ? span_from(rest, 2) : rest;
}

/* The end of a value: ", " outside of "<...>". */
static size_t value_length(struct span text)
{
    const char *at = text.at;
    const char *end = text.at + text.length;

    if (text.length > 0 && *at == '<') {
        struct span address = span_from(text, 1);
        const char *from = address.at + quoted_length(address);
        const char *close = memmem(from, (size_t)(end - from), ">, ", 3);
        return close == NULL ? text.length : (size_t)(close - text.at) + 1;
    }
    while (at < end && (at = memchr(at, ',', (size_t)(end - at))) != NULL) {
        if (at + 1 == end || at[1] == ' ')
            return (size_t)(at - text.at);
        at++;
    }
    return text.length;
}

static bool read_fields(struct span rest, struct postfix_delivery *delivery)
{
    bool is_known = false;

    while (rest.length > 0) {
        const char *equals = memchr(rest.at, '=', rest.length);
        struct span key;
        size_t length;

        if (equals == NULL)
            break;
        key = span_of(rest.at, (size_t)(equals - rest.at));
        rest = span_from(rest, key.length + 1);
        if (span_is(key, "status")) {
            read_status(rest, delivery);
            return true;
        }
        length = value_length(rest);
        read_field(key, span_of(rest.at, length), delivery);
        is_known |= delivery->relay_text.length > 0;
        rest = span_from(rest, MIN(length + 2, rest.length));
    }
    return is_known;
}

bool postfix_delivery_read(struct span text, size_t id_length, struct postfix_delivery *delivery)
{
    bool is_read;

    memset(delivery, 0, sizeof *delivery);
    delivery->delay = -1;
    if (id_length > 0) {
        delivery->queue_id = span_of(text.at, id_length);
        text = span_from(text, id_length + 2);
    }
    if (span_begins(text, "(delivery temporarily suspended: ")) {
        delivery->status = POSTFIX_DEFERRED;
        delivery->reason = in_parentheses(text);
        return true;
    }
    if (span_begins(text, "to=<"))
        text = read_recipient(text, delivery);
    else if (!span_begins(text, "status="))
        return false;
    is_read = read_fields(text, delivery);
    /* A line that was cut off before its status. */
    if (delivery->status == POSTFIX_STATUS_UNKNOWN && delivery->reason.length == 0 &&
        delivery->dsn.length > 0 && *delivery->dsn.at == '2')
        delivery->status = POSTFIX_SENT;
    return is_read;
}

static enum tls_version version_of(struct span text)
{
    char word[12];
    size_t length = 0;

    for (; length < text.length && length < sizeof word - 1 && text.at[length] != ' '; length++)
        word[length] = text.at[length];
    word[length] = '\0';
    return tls_version_from_word(word);
}

/* The word before "TLS connection "; the ages without one (2.2 to 2.4) said nothing of trust. */
static bool read_trust(struct span *text, struct postfix_summary *summary)
{
    static const struct {
        const char *begin;
        enum session_outcome outcome;
    } words[] = {
        {"Trusted TLS connection ", SESSION_TRUSTED},
        {"Untrusted TLS connection ", SESSION_UNTRUSTED},
        {"Verified TLS connection ", SESSION_VERIFIED},
        {"Anonymous TLS connection ", SESSION_ANONYMOUS},
        {"TLS connection ", SESSION_UNTRUSTED},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (text->length == 0 || *text->at != *words[i].begin ||
            !span_begins(*text, words[i].begin))
            continue;
        summary->outcome = words[i].outcome;
        *text = span_from(*text, strlen(words[i].begin));
        return true;
    }
    return false;
}

bool postfix_summary_read(struct span text, struct postfix_summary *summary)
{
    const char *end, *close;

    memset(summary, 0, sizeof *summary);
    if (!read_trust(&text, summary))
        return false;
    summary->is_inbound = span_begins(text, "established from ");
    summary->is_reused = span_begins(text, "reused to ");
    if (summary->is_inbound)
        text = span_from(text, strlen("established from "));
    else if (summary->is_reused)
        text = span_from(text, strlen("reused to "));
    else if (span_begins(text, "established to "))
        text = span_from(text, strlen("established to "));
    else
        return false;
    /* An address has colons of its own; a name of the server (SNI) may follow it. */
    close = text.length == 0 ? NULL : memchr(text.at, ']', text.length);
    end = close != NULL ? memmem(close, (size_t)(text.at + text.length - close), ": ", 2)
                        : span_find(text, ": ");
    if (end == NULL)
        return false;
    summary->peer = postfix_peer_read(span_of(text.at, (size_t)(end - text.at)));
    summary->version = version_of(span_from(text, (size_t)(end - text.at) + 2));
    return true;
}
