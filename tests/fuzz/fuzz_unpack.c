/*
 * A container, whole and once more with a small budget: never more than the budget comes out, and
 * what the small one gives is the beginning of the whole. The packer's work unpacks to the same.
 */
#include "ingest/limits.h"
#include "ingest/unpack.h"
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define BUDGET ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t check_members(const GPtrArray *members)
{
    size_t total = 0;

    CHECK(members->len <= LIMIT_ZIP_MEMBERS);
    for (guint i = 0; i < members->len; i++) {
        const struct unpack_member *member = g_ptr_array_index(members, i);
        total += g_bytes_get_size(member->bytes);
        CHECK(member->name == NULL || (g_utf8_validate(member->name, -1, NULL) &&
                                       strlen(member->name) <= LIMIT_TEXT_BYTES));
    }
    return total;
}

static void check_issues(const GPtrArray *members, const GPtrArray *issues)
{
    bool damaged = false;

    for (guint i = 0; i < members->len; i++)
        damaged |= ((const struct unpack_member *)g_ptr_array_index(members, i))->damaged;
    CHECK(!damaged || issues->len > 0);
    for (guint i = 0; i < issues->len; i++)
        CHECK(g_utf8_validate(((const struct issue *)g_ptr_array_index(issues, i))->problem, -1,
                              NULL));
}

static void check_beginning(const GPtrArray *few, const GPtrArray *all)
{
    CHECK(few->len <= all->len);
    for (guint i = 0; i < few->len; i++) {
        gsize length, whole;
        const struct unpack_member *part = g_ptr_array_index(few, i);
        const struct unpack_member *full = g_ptr_array_index(all, i);
        const void *bytes = g_bytes_get_data(part->bytes, &length);
        const void *expected = g_bytes_get_data(full->bytes, &whole);
        CHECK(length <= whole && (length == 0 || memcmp(bytes, expected, length) == 0));
    }
}

static void check_round_trip(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(GBytes) packed = unpack_pack(data, size);
    size_t budget = size, length;
    const uint8_t *bytes = g_bytes_get_data(packed, &length);
    g_autoptr(GPtrArray) members = unpack(bytes, length, &budget, NULL, issues);

    CHECK(members->len == 1 && issues->len == 0 && budget == 0);
    const struct unpack_member *member = g_ptr_array_index(members, 0);
    g_autoptr(GBytes) original = g_bytes_new_static(data, size);
    CHECK(!member->damaged && g_bytes_equal(member->bytes, original));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(GPtrArray) more = issues_new();
    size_t budget = BUDGET, little = size > 0 ? data[size - 1] * 4 : 0, left = little;
    g_autoptr(GPtrArray) members = unpack(data, size, &budget, "1", issues);
    g_autoptr(GPtrArray) few = unpack(data, size, &left, "1", more);

    CHECK(check_members(members) == BUDGET - budget);
    CHECK(check_members(few) == little - left);
    check_issues(members, issues);
    check_issues(few, more);
    check_beginning(few, members);
    CHECK(unpack_sniff(data, size) != UNPACK_NONE || (members->len == 0 && issues->len == 0));
    check_round_trip(data, size);
    return 0;
}
