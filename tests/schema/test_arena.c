#include "schema/arena.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define MANY 200000

static void fill(struct arena *arena, char **texts, int64_t **numbers)
{
    for (int i = 0; i < MANY; i++) {
        g_autofree char *text = g_strdup_printf("text %d", i);
        texts[i] = arena_text(arena, text);
        numbers[i] = arena_take(arena, sizeof(int64_t));
        assert_int_equal((uintptr_t)numbers[i] % _Alignof(max_align_t), 0);
        *numbers[i] = i;
        if (i % 1000 == 0)
            arena_rest(arena);
    }
}

static void check(char **texts, int64_t **numbers)
{
    for (int i = 0; i < MANY; i++) {
        g_autofree char *text = g_strdup_printf("text %d", i);
        assert_string_equal(texts[i], text);
        assert_int_equal(*numbers[i], i);
    }
}

static void what_is_taken_stays_where_and_what_it_is(void **state)
{
    struct arena *arena = arena_new();
    g_autofree char **texts = g_new(char *, MANY);
    g_autofree int64_t **numbers = g_new(int64_t *, MANY);

    (void)state;
    fill(arena, texts, numbers);
    check(texts, numbers);
    arena_rest(arena);
    check(texts, numbers);
    *numbers[MANY - 1] = 7;
    arena_rest(arena);
    assert_int_equal(*numbers[MANY - 1], 7);
    assert_true(arena_size(arena) - arena_size_in_files(arena) <= ARENA_HEAP_BYTES);
    assert_true(arena_size(arena) > MANY * sizeof(int64_t));
    arena_free(arena);
}

static void little_needs_no_file(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (int i = 0; i < 1000; i++)
        arena_text(arena, "a text of some bytes");
    assert_int_equal(arena_size_in_files(arena), 0);
    assert_true(arena_size(arena) < 64u << 10);
    arena_free(arena);
}

static void a_piece_may_be_larger_than_any_chunk(void **state)
{
    size_t size = 5u << 20;
    struct arena *arena = arena_new();
    char *small = arena_text(arena, "before");
    char *large = arena_take(arena, size);
    char *after = arena_text(arena, "after");

    (void)state;
    memset(large, 'x', size);
    assert_string_equal(small, "before");
    assert_string_equal(after, "after");
    assert_int_equal(large[size - 1], 'x');
    arena_free(arena);
}

static void without_a_file_all_is_heap(void **state)
{
    struct rlimit limit, none;
    struct arena *arena = arena_new();
    g_autofree char **texts = g_new(char *, MANY);
    g_autofree int64_t **numbers = g_new(int64_t *, MANY);

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    fill(arena, texts, numbers);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(arena_size_in_files(arena), 0);
    check(texts, numbers);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_stays_where_and_what_it_is),
        cmocka_unit_test(little_needs_no_file),
        cmocka_unit_test(a_piece_may_be_larger_than_any_chunk),
        cmocka_unit_test(without_a_file_all_is_heap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
