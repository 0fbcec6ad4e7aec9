#include "ingest/log/exim_private.h"

/* Mail that is older than this, by the time in its id, was not logged in the zone we think of. */
#define QUEUE_SECONDS_MAX (60 * 86400)

#define SHORT_ID_BYTES 16 /* "xxxxxx-xxxxxx-xx", up to 4.96 */
#define LONG_ID_BYTES 23  /* "xxxxxx-xxxxxxxxxxx-xxxx" */

static bool is_base62(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]))
            return false;
    return true;
}

static bool ends_at(struct span text, size_t length)
{
    return text.length == length || (text.length > length && text.at[length] == ' ');
}

static bool has_flag(struct span text)
{
    return text.length >= 4 && text.at[0] == ' ' && text.at[3] == ' ' &&
           (memcmp(text.at + 1, "=>", 2) == 0 || memcmp(text.at + 1, "**", 2) == 0 ||
            memcmp(text.at + 1, "==", 2) == 0 || memcmp(text.at + 1, "<=", 2) == 0 ||
            memcmp(text.at + 1, "->", 2) == 0);
}

/* An id that somebody shortened is known by the flag behind it. */
static size_t short_id_length(struct span text)
{
    size_t end = 7;

    while (end < text.length && end < LONG_ID_BYTES &&
           (g_ascii_isalnum(text.at[end]) || text.at[end] == '-'))
        end++;
    return end > 7 && has_flag(span_from(text, end)) ? end : 0;
}

size_t exim_id_length(struct span text)
{
    if (text.length < 8 || text.at[6] != '-' || !is_base62(text.at, 6))
        return 0;
    if (text.length >= SHORT_ID_BYTES && text.at[13] == '-' && ends_at(text, SHORT_ID_BYTES) &&
        is_base62(text.at + 7, 6) && is_base62(text.at + 14, 2))
        return SHORT_ID_BYTES;
    if (text.length >= LONG_ID_BYTES && text.at[18] == '-' && ends_at(text, LONG_ID_BYTES) &&
        is_base62(text.at + 7, 11) && is_base62(text.at + 19, 4))
        return LONG_ID_BYTES;
    return short_id_length(text);
}

/* What is left of a line. */
struct cursor {
    const char *at;
    const char *end;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at == ' ')
        cursor->at++;
}

/* Up to the next blank. */
static struct span take_word(struct cursor *cursor)
{
    const char *begin = cursor->at;
    const char *blank = memchr(begin, ' ', (size_t)(cursor->end - begin));

    cursor->at = blank != NULL ? blank : cursor->end;
    return span_of(begin, (size_t)(cursor->at - begin));
}

/* Behind the '"' that ends what the '"' here begins. */
static void skip_quoted(struct cursor *cursor)
{
    for (cursor->at++; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++)
        if (*cursor->at == '\\')
            cursor->at++;
    cursor->at = cursor->at < cursor->end ? cursor->at + 1 : cursor->end;
}

/* What stands before `close`; the opening sign has been passed. Quoted local parts hold anything.
 */
static struct span take_until(struct cursor *cursor, char close)
{
    const char *begin = cursor->at;
    struct span inside;

    while (cursor->at < cursor->end && *cursor->at != close) {
        if (*cursor->at == '"')
            skip_quoted(cursor);
        else
            cursor->at++;
    }
    inside = span_of(begin, (size_t)(cursor->at - begin));
    if (cursor->at < cursor->end)
        cursor->at++;
    return inside;
}

static struct span take_address(struct cursor *cursor)
{
    const char *begin = cursor->at;

    if (cursor->at < cursor->end && *cursor->at == '"')
        skip_quoted(cursor);
    take_word(cursor);
    return span_of(begin, (size_t)(cursor->at - begin));
}

/* The names in a DN are not escaped: it ends at a '"' with a field or the reason behind it. */
static void skip_name(struct cursor *cursor)
{
    while (cursor->at < cursor->end) {
        const char *quote = memchr(cursor->at, '"', (size_t)(cursor->end - cursor->at));
        if (quote == NULL)
            break;
        cursor->at = quote + 1;
        if (quote[-1] != '\\' &&
            (cursor->at == cursor->end || *cursor->at == ' ' || *cursor->at == ':'))
            return;
    }
    cursor->at = cursor->end;
}

static enum exim_verified read_verified(struct span word)
{
    if (span_begins(word, "dane"))
        return EXIM_CV_DANE;
    return span_begins(word, "yes") ? EXIM_CV_YES : EXIM_CV_NO;
}

/* "[IP]:PORT*" after H=. */
static struct span take_ip(struct cursor *cursor, struct exim_delivery *delivery)
{
    struct span word = take_word(cursor);
    const char *close = memchr(word.at, ']', word.length);
    struct span rest;

    if (close == NULL)
        return word;
    delivery->ip = span_of(word.at + 1, (size_t)(close - word.at) - 1);
    rest = span_from(word, (size_t)(close - word.at) + 1);
    delivery->is_continued = rest.length > 0 && memchr(rest.at, '*', rest.length) != NULL;
    return word;
}

/* The name, " DS" and the address; the last word of them is given. */
static struct span take_host(struct cursor *cursor, struct exim_delivery *delivery)
{
    struct span word = take_word(cursor);
    struct cursor ahead;

    delivery->host = span_from(word, strlen("H="));
    if (delivery->host.length > 0 && delivery->host.at[delivery->host.length - 1] == ':')
        delivery->host.length--;
    ahead = *cursor;
    skip_blanks(&ahead);
    if (ahead.end - ahead.at > 3 && memcmp(ahead.at, "DS ", 3) == 0)
        ahead.at += 3;
    if (ahead.at == ahead.end || *ahead.at != '[')
        return word;
    *cursor = ahead;
    return take_ip(cursor, delivery);
}

/* "defer (110): Connection timed out H=HOST [IP]: REASON": the system's word is passed over. */
static struct span take_code(struct cursor *cursor)
{
    struct span word = take_word(cursor);
    struct span rest = span_of(cursor->at, (size_t)(cursor->end - cursor->at));
    const char *host, *separator;

    if (word.length < 4 || word.at[1] == '-' || word.at[1] == '0' ||
        word.at[word.length - 1] != ':')
        return word;
    host = span_find(rest, " H=");
    separator = span_find(rest, ": ");
    if (host != NULL && (separator == NULL || host < separator)) {
        cursor->at = host;
        word.length--;
    } else if (separator != NULL) {
        cursor->at = separator + 1;
    }
    return word;
}

static struct span without_colon(struct span word)
{
    if (word.length > 0 && word.at[word.length - 1] == ':')
        word.length--;
    return word;
}

/* "(a@b, c@d)": the addresses it came by; false where it is something else. */
static bool is_after_defer(const struct cursor *cursor, const char *begin)
{
    return cursor->at - begin >= 6 && memcmp(cursor->at - 6, "defer ", 6) == 0;
}

/* One word, or what hangs together; given is what the reason may follow. */
static struct span take_field(struct cursor *cursor, const char *begin,
                              struct exim_delivery *delivery)
{
    struct span rest = span_of(cursor->at, (size_t)(cursor->end - cursor->at));
    struct span word;

    switch (*rest.at) {
    case '<':
        cursor->at++;
        delivery->original = take_until(cursor, '>');
        return take_word(cursor);
    case '(':
        if (is_after_defer(cursor, begin))
            return take_code(cursor);
        cursor->at++;
        take_until(cursor, ')');
        return take_word(cursor);
    case 'H':
        if (span_begins(rest, "H="))
            return take_host(cursor, delivery);
        break;
    case 'F':
    case 'P':
        if (span_begins(span_from(rest, 1), "=<")) {
            cursor->at += 3;
            take_until(cursor, '>');
        }
        break;
    case 'D':
        if (span_begins(rest, "DN=\"")) {
            delivery->is_encrypted = true;
            cursor->at += 4;
            skip_name(cursor);
        }
        break;
    case 'X':
        word = take_word(cursor);
        if (span_begins(word, "X=")) {
            delivery->cipher = without_colon(span_from(word, 2));
            delivery->is_encrypted = true;
        }
        return word;
    case 'C':
        word = take_word(cursor);
        if (span_begins(word, "CV=")) {
            delivery->verified = read_verified(span_from(word, 3));
            delivery->is_encrypted = true;
        } else if (span_begins(word, "C=\""))
            cursor->at = cursor->end;
        return word;
    default:
        break;
    }
    return take_word(cursor);
}

/* " DT=0.051s" at the end of the reason of a bounce. */
static struct span without_time(struct span text)
{
    size_t end = text.length;

    while (end > 0 && text.at[end - 1] == ' ')
        end--;
    if (end > 0 && text.at[end - 1] == 's') {
        size_t at = end - 1;
        while (at > 0 && (g_ascii_isdigit(text.at[at - 1]) || strchr(".dhm", text.at[at - 1])))
            at--;
        if (at >= 4 && memcmp(text.at + at - 4, " DT=", 4) == 0)
            return span_of(text.at, at - 4);
    }
    return text;
}

void exim_parse_delivery(struct span rest, struct exim_delivery *delivery)
{
    struct cursor cursor = {rest.at, rest.at + rest.length};
    struct span word;
    bool named = false, begins_name;

    memset(delivery, 0, sizeof *delivery);
    skip_blanks(&cursor);
    word = delivery->address = take_address(&cursor);
    delivery->address = without_colon(delivery->address);
    while (cursor.at < cursor.end) {
        if (word.length > 0 && word.at[word.length - 1] == ':') {
            skip_blanks(&cursor);
            delivery->text = without_time(span_of(cursor.at, (size_t)(cursor.end - cursor.at)));
            return;
        }
        skip_blanks(&cursor);
        if (cursor.at == cursor.end)
            return;
        /* A name with quotes in it may go on with fields of its own; none of ours follow it. */
        begins_name = span_begins(span_of(cursor.at, (size_t)(cursor.end - cursor.at)), "DN=\"");
        word = named ? take_word(&cursor) : take_field(&cursor, rest.at, delivery);
        named = named || begins_name;
    }
}

bool exim_is_remote(const struct exim_delivery *delivery)
{
    return delivery->host.length > 0 && delivery->ip.length > 0 && *delivery->ip.at != '/';
}

/* HELO stands in brackets and may hold anything; an address follows it. */
static void skip_helo(struct cursor *cursor)
{
    struct span rest = span_of(cursor->at, (size_t)(cursor->end - cursor->at));
    const char *address = span_find(rest, ") [");

    cursor->at = address != NULL ? address + 1 : cursor->end;
}

/* False where nothing of use follows. */
static bool take_arrival_field(struct cursor *cursor, struct exim_arrival *arrival)
{
    struct span rest = span_of(cursor->at, (size_t)(cursor->end - cursor->at));
    struct span word;

    if (*rest.at == '(' || span_begins(rest, "H=(")) {
        arrival->has_host |= *rest.at == 'H';
        skip_helo(cursor);
        return true;
    }
    /* Of the peer, with quotes as they are: they may go on with fields of their own. */
    if (span_begins(rest, "DN=\"") || span_begins(rest, "SNI=\"")) {
        arrival->has_name = *rest.at == 'D';
        return false;
    }
    word = take_word(cursor);
    if (span_begins(word, "H="))
        arrival->has_host = true;
    else if (span_begins(word, "P="))
        arrival->protocol = span_from(word, 2);
    else if (span_begins(word, "X="))
        arrival->cipher = span_from(word, 2);
    else if (span_begins(word, "CV="))
        arrival->verified = read_verified(span_from(word, 3));
    return !span_begins(word, "S=");
}

void exim_parse_arrival(struct span rest, struct exim_arrival *arrival)
{
    struct cursor cursor = {rest.at, rest.at + rest.length};

    memset(arrival, 0, sizeof *arrival);
    skip_blanks(&cursor);
    take_address(&cursor);
    for (;;) {
        skip_blanks(&cursor);
        if (cursor.at == cursor.end || !take_arrival_field(&cursor, arrival))
            return;
    }
}

bool exim_is_of_client(const struct exim_arrival *arrival)
{
    return arrival->has_host && (span_begins(arrival->protocol, "esmtp") ||
                                 span_find(arrival->protocol, "smtp") != NULL);
}

static struct span after_at(struct span address)
{
    const char *at = address.length == 0 ? NULL : memrchr(address.at, '@', address.length);

    return at == NULL ? span_of(NULL, 0) : span_from(address, (size_t)(at - address.at) + 1);
}

struct span exim_recipient_domain(const struct exim_delivery *delivery)
{
    struct span domain = after_at(delivery->address);

    return domain.length > 0 ? domain : after_at(delivery->original);
}

/* "12s" "0.200s" "1d2h3m4s"; -1 where it is none. */
static gint64 read_duration(struct span text)
{
    gint64 sum = 0, number = 0;
    bool is_fraction = false;

    for (size_t i = 0; i < text.length && sum < QUEUE_SECONDS_MAX * 100; i++) {
        static const char units[] = "smhdw";
        static const gint64 seconds[] = {1, 60, 3600, 86400, 604800};
        const char *unit = strchr(units, text.at[i]);

        if (g_ascii_isdigit(text.at[i])) {
            if (!is_fraction)
                number = MIN(number * 10 + text.at[i] - '0', QUEUE_SECONDS_MAX);
        } else if (text.at[i] == '.') {
            is_fraction = true;
        } else if (unit != NULL && *unit != '\0') {
            sum += number * seconds[unit - units];
            number = 0;
            is_fraction = false;
        } else {
            return i > 0 && text.at[i] == ' ' ? sum : -1;
        }
    }
    return sum;
}

static gint64 queue_time(struct span message)
{
    const char *found = NULL;
    const char *next;
    struct span rest = message;

    while ((next = span_find(rest, " QT=")) != NULL) {
        found = next;
        rest = span_from(rest, (size_t)(next - rest.at) + 4);
    }
    return found == NULL ? -1 : read_duration(rest);
}

/* The first six digits of an id are the second of the message's arrival. */
static gint64 id_time(const char *id)
{
    gint64 time = 0;

    for (int i = 0; i < 6; i++) {
        char c = id[i];
        int digit = g_ascii_isdigit(c)   ? c - '0'
                    : g_ascii_isupper(c) ? c - 'A' + 10
                    : g_ascii_islower(c) ? c - 'a' + 36
                                         : -1;
        if (digit < 0)
            return -1;
        time = time * 62 + digit;
    }
    return time;
}

gint64 exim_delay(struct span message, const char *id, gint64 at)
{
    gint64 delay = queue_time(message);
    gint64 arrived;

    if (delay >= 0)
        return delay;
    arrived = id_time(id);
    return arrived > 0 && at >= arrived && at - arrived <= QUEUE_SECONDS_MAX ? at - arrived : -1;
}

static enum tls_version version_of(struct span cipher)
{
    char word[16];
    const char *colon = cipher.length == 0 ? NULL : memchr(cipher.at, ':', cipher.length);
    size_t length = colon == NULL ? cipher.length : (size_t)(colon - cipher.at);

    if (length == 0 || length >= sizeof word)
        return TLS_VERSION_UNKNOWN;
    memcpy(word, cipher.at, length);
    word[length] = '\0';
    return tls_version_from_word(word);
}

/* OpenSSL "ADH-..." "AECDH-...", GnuTLS "DH_ANON_..." "ECDHE_anon_...". */
static bool is_anonymous(struct span cipher)
{
    const char *colon = cipher.length == 0 ? NULL : memchr(cipher.at, ':', cipher.length);
    struct span suite = colon == NULL ? cipher : span_from(cipher, (size_t)(colon - cipher.at) + 1);

    if (span_begins(suite, "ADH-") || span_begins(suite, "AECDH-"))
        return true;
    for (size_t i = 0; i + 4 <= suite.length; i++)
        if ((suite.at[i] | 0x20) == 'a' && g_ascii_strncasecmp(suite.at + i, "anon", 4) == 0)
            return true;
    return false;
}

const struct exim_cipher *exim_read_cipher(struct exim *exim, struct span cipher)
{
    struct exim_cipher *known;

    if (cipher.length == 0)
        return NULL;
    known = &exim->ciphers[(cipher.length + (guchar)cipher.at[cipher.length / 2]) % EXIM_CIPHERS];
    if (known->length == cipher.length && memcmp(known->text, cipher.at, cipher.length) == 0)
        return known;
    known->length = cipher.length <= sizeof known->text ? cipher.length : 0;
    memcpy(known->text, cipher.at, known->length);
    known->version = version_of(cipher);
    known->is_anonymous = is_anonymous(cipher);
    return known;
}

enum tls_version exim_tls_version(const struct exim_cipher *cipher)
{
    return cipher == NULL ? TLS_VERSION_UNKNOWN : cipher->version;
}

enum session_outcome exim_session(const struct exim_cipher *cipher, enum exim_verified verified)
{
    if (verified == EXIM_CV_DANE)
        return SESSION_VERIFIED;
    if (cipher != NULL && cipher->is_anonymous)
        return SESSION_ANONYMOUS;
    return verified == EXIM_CV_YES ? SESSION_TRUSTED : SESSION_UNTRUSTED;
}
