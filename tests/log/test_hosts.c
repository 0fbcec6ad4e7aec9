/* Whose logs were read, and for which time. */
#include "ingest/log/hosts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct span text(const char *name)
{
    return span_of(name, strlen(name));
}

static const struct log_host *host_at(const struct log_hosts *hosts, guint i)
{
    return g_ptr_array_index(log_hosts_list(hosts), i);
}

static void a_host_has_its_first_and_its_last_time(void **state)
{
    struct log_hosts *hosts = log_hosts_new();

    (void)state;
    log_hosts_note(hosts, LOG_CARRIER_FILE, text("mx1"), 20);
    log_hosts_note(hosts, LOG_CARRIER_FILE, text("mx2"), 30);
    log_hosts_note(hosts, LOG_CARRIER_FILE, text("mx1"), 10);
    log_hosts_note(hosts, LOG_CARRIER_JOURNAL, text("mx1"), 40);
    log_hosts_note(hosts, LOG_CARRIER_FILE, text("mx1"), 25);
    assert_int_equal(log_hosts_list(hosts)->len, 3);
    assert_string_equal(host_at(hosts, 0)->name, "mx1");
    assert_int_equal(host_at(hosts, 0)->first_at, 10);
    assert_int_equal(host_at(hosts, 0)->last_at, 25);
    assert_int_equal(host_at(hosts, 2)->carrier, LOG_CARRIER_JOURNAL);
    assert_int_equal(host_at(hosts, 2)->first_at, 40);
    log_hosts_free(hosts);
}

static bool before_100(const struct log_host *host, void *data)
{
    ++*(guint *)data;
    return strcmp(host->name, "mx1") != 0 || host->last_at < 100;
}

static void a_host_that_is_not_admitted_stays_as_it_was(void **state)
{
    struct log_hosts *hosts = log_hosts_new(), *batch = log_hosts_new();
    guint asked = 0;

    (void)state;
    log_hosts_note(batch, LOG_CARRIER_FILE, text("mx1"), 20);
    log_hosts_join(hosts, batch, before_100, &asked);
    assert_false(log_hosts_refuse(hosts, LOG_CARRIER_FILE, text("mx1")));
    log_hosts_note(batch, LOG_CARRIER_FILE, text("mx1"), 200);
    log_hosts_note(batch, LOG_CARRIER_FILE, text("mx2"), 200);
    log_hosts_join(hosts, batch, before_100, &asked);
    assert_true(log_hosts_refuse(hosts, LOG_CARRIER_FILE, text("mx1")));
    assert_false(log_hosts_refuse(hosts, LOG_CARRIER_JOURNAL, text("mx1")));
    assert_false(log_hosts_refuse(hosts, LOG_CARRIER_FILE, text("mx2")));
    assert_int_equal(host_at(hosts, 0)->last_at, 20);
    assert_int_equal(host_at(hosts, 1)->last_at, 200);
    assert_int_equal(asked, 3);
    log_hosts_join(hosts, batch, before_100, &asked);
    assert_int_equal(asked, 4); /* of mx1 it is known */
    log_hosts_free(hosts);
    log_hosts_free(batch);
}

static void what_is_no_name_is_not_noted(void **state)
{
    struct log_hosts *hosts = log_hosts_new();
    g_autofree char *giant = g_strnfill(5000, 'a');

    (void)state;
    log_hosts_note(hosts, LOG_CARRIER_FILE, text(""), 1);
    log_hosts_note(hosts, LOG_CARRIER_FILE, span_of("a\0b", 3), 1);
    log_hosts_note(hosts, LOG_CARRIER_FILE, text(giant), 1);
    assert_int_equal(log_hosts_list(hosts)->len, 0);
    log_hosts_free(hosts);
}

static void their_number_is_bounded(void **state)
{
    struct log_hosts *hosts = log_hosts_new(), *other = log_hosts_new();

    (void)state;
    for (guint i = 0; i < 2 * LOG_HOSTS_MAX; i++) {
        g_autofree char *name = g_strdup_printf("host%u", i);
        log_hosts_note(i % 2 == 0 ? hosts : other, LOG_CARRIER_FILE, text(name), i);
    }
    assert_int_equal(log_hosts_list(hosts)->len, LOG_HOSTS_MAX);
    log_hosts_join(hosts, other, NULL, NULL);
    assert_int_equal(log_hosts_list(hosts)->len, LOG_HOSTS_MAX);
    log_hosts_note(hosts, LOG_CARRIER_FILE, text("host0"), 9000);
    assert_int_equal(host_at(hosts, 0)->last_at, 9000);
    log_hosts_clear(hosts);
    log_hosts_join(hosts, other, NULL, NULL);
    assert_string_equal(host_at(hosts, 0)->name, "host1");
    log_hosts_free(hosts);
    log_hosts_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_has_its_first_and_its_last_time),
        cmocka_unit_test(a_host_that_is_not_admitted_stays_as_it_was),
        cmocka_unit_test(what_is_no_name_is_not_noted),
        cmocka_unit_test(their_number_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
