#include "schema/store_quarantine.h"
#include "tests/schema/sample.h"

static void put(struct sample *sample, const char *name, gint64 now)
{
    struct arrival *mail = sample_mail(name);

    sample_unread(mail, ARRIVAL_TLSRPT, name);
    sample_put(sample, mail, NULL, now);
}

static void append_thing(const struct store_quarantined *thing, void *data)
{
    g_string_append_printf(data, "%d %" G_GINT64_FORMAT " %s %s|", (int)thing->id,
                           thing->at - SAMPLE_NOW, thing->kind, thing->sender);
    if (thing->bytes != NULL)
        g_string_append_len(data, thing->bytes, (gssize)thing->size);
}

static char *list(struct sample *sample)
{
    GString *found = g_string_new(NULL);
    GError *error = NULL;

    sample_ok(store_each_quarantined(sample->store, append_thing, found, &error), error);
    return g_string_free(found, FALSE);
}

static void look(struct sample *sample, gint64 id, const char *wanted)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GError *error = NULL;
    bool found = wanted == NULL;

    sample_ok(store_look_into_quarantine(sample->store, id, append_thing, text, &found, &error),
              error);
    assert_int_equal(found, wanted != NULL);
    assert_string_equal(text->str, wanted != NULL ? wanted : "");
}

static bool drop(struct sample *sample, gint64 id)
{
    GError *error = NULL;
    bool found = false;

    sample_begin(sample);
    sample_ok(store_drop_quarantined(sample->store, id, &found, &error), error);
    sample_commit(sample);
    return found;
}

static void an_empty_one_has_nothing(void **state)
{
    g_autofree char *found = list(*state);

    assert_string_equal(found, "");
    look(*state, 1, NULL);
    assert_false(drop(*state, 1));
}

static void things_are_listed_in_the_order_they_came(void **state)
{
    put(*state, "one", SAMPLE_NOW);
    put(*state, "two", SAMPLE_NOW + 60);
    g_autofree char *found = list(*state);
    assert_string_equal(found, "1 0 tlsrpt tlsrpt@reporter.example|"
                               "2 60 tlsrpt tlsrpt@reporter.example|");
}

static void one_thing_is_given_back_as_it_came(void **state)
{
    put(*state, "one", SAMPLE_NOW);
    put(*state, "two", SAMPLE_NOW);
    look(*state, 2, "2 0 tlsrpt tlsrpt@reporter.example|two");
    look(*state, 3, NULL);
    look(*state, -1, NULL);
}

static void what_is_dropped_is_gone_and_no_longer_weighs(void **state)
{
    struct sample *sample = *state;

    put(sample, "one", SAMPLE_NOW);
    put(sample, "two", SAMPLE_NOW);
    assert_true(drop(sample, 1));
    assert_false(drop(sample, 1));
    g_autofree char *found = list(sample);
    assert_string_equal(found, "2 0 tlsrpt tlsrpt@reporter.example|");
    sample_is(sample, "SELECT bytes = (SELECT sum(size) FROM unread) FROM quarantine", "1");
    assert_true(drop(sample, 2));
    sample_is(sample, "SELECT bytes FROM quarantine", "0");
}

static void what_is_kept_for_a_later_version_is_no_part_of_it(void **state)
{
    struct sample *sample = *state;

    put(sample, "one", SAMPLE_NOW);
    put(sample, "two", SAMPLE_NOW);
    sample_leave_for_later(sample, "two");
    g_autofree char *found = list(sample);
    assert_string_equal(found, "1 0 tlsrpt tlsrpt@reporter.example|");
    look(sample, 2, NULL);
    assert_false(drop(sample, 2));
    sample_is(sample, "SELECT count(*) FROM unread", "2");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_one_has_nothing),
        TEST(things_are_listed_in_the_order_they_came),
        TEST(one_thing_is_given_back_as_it_came),
        TEST(what_is_dropped_is_gone_and_no_longer_weighs),
        TEST(what_is_kept_for_a_later_version_is_no_part_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
