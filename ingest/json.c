#include "ingest/json.h"
#include "ingest/json_repair.h"
#include "ingest/limits.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Texts longer than this are read one at a time: all of them small, they need no turns. */
#define BIG_BYTES (1u << 20)

/* So many values fit into the memory whatever they are. */
#define FEWEST_VALUES 100000

/* 3 bytes of UTF-8 at most for 2 of UTF-16. */
#define CONVERTED_BYTES_MAX ((size_t)LIMIT_UNPACKED_BYTES / 2 * 3)

/* jansson's allocator hooks have no argument for a context: so one budget per thread. */
static _Thread_local struct {
    bool on;
    bool exceeded;
    size_t used;
} budget;

static GRecMutex turn;

static void *budget_malloc(size_t size)
{
    if (!budget.on)
        return malloc(size);
    if (size > LIMIT_JSON_MEMORY || budget.used > LIMIT_JSON_MEMORY - size) {
        budget.exceeded = true;
        return NULL;
    }
    /* Ends the program where there is none: an unread report is not a broken one. */
    void *memory = g_malloc(size);
    budget.used += malloc_usable_size(memory);
    return memory;
}

static void budget_free(void *memory)
{
    if (budget.on)
        budget.used -= malloc_usable_size(memory);
    free(memory);
}

void json_init(void)
{
    json_set_alloc_funcs(budget_malloc, budget_free);
    json_object_seed(0);
}

void json_turn_take(size_t length)
{
    if (length > BIG_BYTES)
        g_rec_mutex_lock(&turn);
}

/* What a big value took goes back to the system: each thread has memory of its own to allocate
   from, and several that keep as much as one big value needs would be too much together. */
void json_turn_pass(size_t length)
{
    if (length <= BIG_BYTES)
        return;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    g_rec_mutex_unlock(&turn);
}

static uint16_t utf16_unit(const uint8_t *bytes, bool little)
{
    return (uint16_t)(little ? bytes[1] << 8 | bytes[0] : bytes[0] << 8 | bytes[1]);
}

/* Whether a byte order mark says UTF-16, RFC 2781, section 3.2. */
static bool is_utf16(const char *text, size_t length, bool *little)
{
    static const uint8_t LITTLE[] = {0xff, 0xfe}, BIG[] = {0xfe, 0xff};

    if (length < 2)
        return false;
    *little = memcmp(text, LITTLE, sizeof LITTLE) == 0;
    return *little || memcmp(text, BIG, sizeof BIG) == 0;
}

/* g_convert() would refuse all for one lone surrogate. */
static GString *utf16_convert(const char *text, size_t length, bool little)
{
    const uint8_t *bytes = (const uint8_t *)text;
    GString *out = g_string_sized_new(length / 2);

    for (size_t at = 2; at + 1 < length && out->len < CONVERTED_BYTES_MAX; at += 2) {
        gunichar c = utf16_unit(bytes + at, little);
        uint16_t low = at + 3 < length ? utf16_unit(bytes + at + 2, little) : 0;
        if ((c & 0xfc00) == 0xd800 && (low & 0xfc00) == 0xdc00) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
            at += 2;
        } else if ((c & 0xf800) == 0xd800) {
            c = 0xfffd;
        }
        g_string_append_unichar(out, c);
    }
    return out;
}

static bool is_blank(unsigned c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool sniff_utf16(const uint8_t *bytes, size_t length, bool little)
{
    for (size_t at = 0; at + 1 < length; at += 2) {
        uint16_t unit = utf16_unit(bytes + at, little);
        if (unit != 0xfeff && !is_blank(unit))
            return unit == '{' || unit == '[';
    }
    return false;
}

static bool sniff_utf8(const uint8_t *bytes, size_t length)
{
    static const uint8_t BOM[] = {0xef, 0xbb, 0xbf};
    size_t at = 0;

    while (at < length) {
        if (is_blank(bytes[at]))
            at++;
        else if (length - at >= sizeof BOM && memcmp(bytes + at, BOM, sizeof BOM) == 0)
            at += sizeof BOM;
        else
            return bytes[at] == '{' || bytes[at] == '[';
    }
    return false;
}

bool json_sniff(const char *text, size_t length)
{
    bool little;

    if (is_utf16(text, length, &little))
        return sniff_utf16((const uint8_t *)text, length, little);
    return sniff_utf8((const uint8_t *)text, length);
}

static json_t *load(const struct json_repair *repair, size_t flags, json_error_t *error)
{
    budget.on = true;
    budget.exceeded = false;
    budget.used = 0;
    json_t *value = json_loadb(repair->text, repair->length, flags, error);
    budget.on = false;
    return value;
}

static json_t *parse(const struct json_repair *repair, GPtrArray *issues)
{
    json_error_t error;
    json_t *value = load(repair, JSON_REJECT_DUPLICATES, &error);

    if (value == NULL && !budget.exceeded && json_error_code(&error) == json_error_duplicate_key) {
        issue_add(issues, ISSUE_JSON, ISSUE_WARNING, "RFC 7493, section 2.3",
                  "a name occurs twice in one object; the last counts");
        value = load(repair, 0, &error);
    }
    if (value != NULL)
        return value;
    if (budget.exceeded)
        issue_add(issues, ISSUE_LIMIT, ISSUE_ERROR, NULL, JSON_REPAIR_MEMORY);
    else
        issue_add(issues, ISSUE_JSON, ISSUE_ERROR, "RFC 8259, section 2",
                  "the JSON parser refuses the text at byte %d", error.position);
    return NULL;
}

static void repair_utf16(struct json_repair *repair, const char *text, size_t length, bool little,
                         size_t values_max, GPtrArray *issues)
{
    g_autoptr(GString) converted = utf16_convert(text, length, little);

    issue_add(issues, ISSUE_JSON, ISSUE_NOTICE, "RFC 8259, section 8.1", "UTF-16 read as UTF-8");
    json_repair(repair, converted->str, converted->len, values_max, issues);
    repair->consumed = length;
    if (repair->mended == NULL)
        repair->mended = g_steal_pointer(&converted);
}

static json_t *read_values(const char *text, size_t length, size_t values_max, size_t *consumed,
                           GPtrArray *issues)
{
    struct json_repair repair;
    json_t *value = NULL;
    bool little;

    budget.exceeded = false;
    if (is_utf16(text, length, &little))
        repair_utf16(&repair, text, length, little, values_max, issues);
    else
        json_repair(&repair, text, length, values_max, issues);
    if (repair.text != NULL)
        value = parse(&repair, issues);
    *consumed = repair.consumed;
    json_repair_clear(&repair);
    return value;
}

json_t *json_read(const char *text, size_t length, size_t *consumed, GPtrArray *issues)
{
    guint first = issues->len;
    size_t used;

    json_turn_take(length);
    json_t *value = read_values(text, length, LIMIT_JSON_VALUES, &used, issues);
    /* What needs too much memory is cut earlier, so that its beginning is not lost. */
    for (size_t max = LIMIT_JSON_VALUES / 2; budget.exceeded && max >= FEWEST_VALUES; max /= 2) {
        g_ptr_array_set_size(issues, (gint)first);
        value = read_values(text, length, max, &used, issues);
    }
    json_turn_pass(length);
    if (consumed != NULL)
        *consumed = used;
    return value;
}
