/*
 * Joined documents, read one after the other. What jansson takes as it stands must come out equal
 * and without an issue; whatever comes out must be JSON again.
 */
#include "ingest/json.h"
#include "ingest/limits.h"
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned depth_of(const json_t *value)
{
    unsigned deepest = 0;
    const char *name;
    json_t *inner;
    size_t index;

    /* MAX() would go down twice at each level. */
    json_array_foreach(value, index, inner)
    {
        unsigned depth = depth_of(inner);
        deepest = MAX(deepest, depth);
    }
    json_object_foreach((json_t *)value, name, inner)
    {
        unsigned depth = depth_of(inner);
        deepest = MAX(deepest, depth);
    }
    return deepest + (json_is_array(value) || json_is_object(value));
}

static void check_against_jansson(const char *text, size_t length, const json_t *value,
                                  size_t consumed, const GPtrArray *issues)
{
    json_error_t error;
    json_t *strict =
        json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);

    /* jansson loses a NUL that follows a number, and so takes some invalid texts. */
    bool oracle = memchr(text, '\0', length) == NULL;
    if (oracle && strict != NULL && depth_of(strict) <= LIMIT_JSON_DEPTH) {
        CHECK(issues->len == 0);
        CHECK(json_equal(strict, value));
        CHECK(consumed == (size_t)error.position);
    }
    json_decref(strict);
}

static void check_value(const json_t *value)
{
    uint8_t hash[RECORD_HASH_BYTES], again[RECORD_HASH_BYTES];
    json_error_t error;
    g_autoptr(GPtrArray) issues = issues_new();

    CHECK(json_is_object(value) || json_is_array(value));
    CHECK(depth_of(value) <= LIMIT_JSON_DEPTH);
    char *text = json_dumps(value, JSON_COMPACT);
    CHECK(text != NULL);
    json_t *copy = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    CHECK(copy != NULL && json_equal(copy, value));
    json_decref(copy);
    copy = json_read(text, strlen(text), NULL, issues);
    CHECK(issues->len == 0 && json_equal(copy, value));
    json_hash(value, hash);
    json_hash(copy, again);
    CHECK(memcmp(hash, again, sizeof hash) == 0);
    json_decref(copy);
    free(text);
}

static void check_issues(const GPtrArray *issues, const json_t *value)
{
    bool error = false;

    for (guint i = 0; i < issues->len; i++) {
        const struct issue *issue = g_ptr_array_index(issues, i);
        error = error || issue->severity == ISSUE_ERROR;
        CHECK(g_utf8_validate(issue->problem, -1, NULL));
        CHECK(strstr(issue->problem, "parser refuses") == NULL);
    }
    CHECK(error == (value == NULL));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of just its size: a sanitizer sees any step past its end. */
    char *text = malloc(size + (size == 0));
    size_t at = 0;

    if (size > 0)
        memcpy(text, data, size);
    do {
        g_autoptr(GPtrArray) issues = issues_new();
        size_t left = size - at;
        size_t consumed = left + 1;
        json_t *value = json_read(text + at, left, &consumed, issues);
        CHECK(consumed <= left && (consumed > 0 || left == 0));
        CHECK(value == NULL || json_sniff(text + at, left));
        check_against_jansson(text + at, left, value, consumed, issues);
        check_issues(issues, value);
        if (value != NULL)
            check_value(value);
        json_decref(value);
        at += consumed;
    } while (at < size);
    free(text);
    return 0;
}
