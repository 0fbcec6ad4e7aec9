#include "schema/error.h"
#include "schema/store_log.h"
#include "tests/schema/sample.h"
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR INT64_C(3600)
#define BEGIN (SAMPLE_NOW - SAMPLE_NOW % SAMPLE_DAY) /* of a day */

static struct log_event session(guint64 mark, gint64 at, const char *domain)
{
    return (struct log_event){
        .kind = LOG_EVENT_SESSION,
        .mark = mark,
        .at = at,
        .host = "mx1",
        .mta = MTA_POSTFIX,
        .direction = DIRECTION_OUT,
        .domain = domain,
        .mx = "mx.example.net",
        .level = LEVEL_MAY,
        .version = TLS_VERSION_1_3,
        .sessions = 1,
        .session = SESSION_TRUSTED,
    };
}

static struct log_event failure(guint64 mark, gint64 at, const char *queue_id)
{
    return (struct log_event){
        .kind = LOG_EVENT_FAILURE,
        .mark = mark,
        .at = at,
        .host = "mx1",
        .mta = MTA_POSTFIX,
        .direction = DIRECTION_OUT,
        .queue_id = queue_id,
        .domain = "example.org",
        .next_hop = "",
        .mx = "mx.example.org",
        .ip = "192.0.2.1",
        .level = LEVEL_DANE,
        .version = TLS_VERSION_1_2,
        .sessions = 1,
        .outcome = LOG_OUTCOME_DEFERRED,
        .result_type = RESULT_CERTIFICATE_NOT_TRUSTED,
        .failure_type = FAILURE_DANE_CERT_MISMATCH,
        .detail = DETAIL_TLSA_MISMATCH,
        .delay = 7,
        .dsn = "4.7.5",
        .reason = "Server certificate not verified",
        .tls_error = "num=65:no matching DANE TLSA records",
        .line = "the line",
    };
}

static struct log_event client(guint64 mark, gint64 at, const char *ip)
{
    struct log_event event = failure(mark, at, "not kept");

    event.direction = DIRECTION_IN;
    event.ip = ip;
    event.level = LEVEL_UNKNOWN;
    event.version = TLS_VERSION_UNKNOWN;
    event.outcome = LOG_OUTCOME_UNKNOWN;
    event.result_type = RESULT_UNKNOWN;
    event.failure_type = FAILURE_TLS_HANDSHAKE_FAILURE;
    event.detail = DETAIL_INBOUND_HANDSHAKE_FAILURE;
    event.delay = -1;
    return event;
}

static struct log_event expiry(guint64 mark, gint64 at, const char *queue_id)
{
    return (struct log_event){
        .kind = LOG_EVENT_EXPIRED, .mark = mark, .at = at, .host = "mx1", .queue_id = queue_id};
}

static void write_and_settle(struct store *store, struct log_writer *writer,
                             struct store_log_counts *counts)
{
    GError *error = NULL;

    sample_ok(store_begin(store, &error), error);
    sample_ok(log_writer_write(writer, &error), error);
    sample_ok(store_commit(store, &error), error);
    log_writer_settle(writer, true, counts);
}

/* By a writer of their own, as if read by a program of their own. */
static struct store_log_counts take(struct sample *sample, const struct log_event *events,
                                    size_t count)
{
    struct store_log_counts counts = {0};
    struct log_writer *writer = log_writer_new(sample->store);

    log_writer_set_time(writer, SAMPLE_NOW);
    for (size_t i = 0; i < count; i++)
        log_writer_take(writer, &events[i]);
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    return counts;
}

#define TAKE(sample, ...)                                                                          \
    take(sample, (const struct log_event[]){__VA_ARGS__},                                          \
         sizeof((const struct log_event[]){__VA_ARGS__}) / sizeof(struct log_event))

static void assert_counts(struct store_log_counts counts, guint64 sessions, guint64 failures,
                          guint64 expired, guint64 known)
{
    assert_int_equal(counts.sessions, sessions);
    assert_int_equal(counts.failures, failures);
    assert_int_equal(counts.expired, expired);
    assert_int_equal(counts.known, known);
}

/* All that a log told, whatever the order in which it was read. */
static char *told(const struct sample *sample)
{
    g_autofree char *deliveries =
        sample_ask(sample, "SELECT * FROM deliveries ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
    g_autofree char *failures =
        sample_ask(sample, "SELECT at, host, direction, queue_id, domain, ip, detail, sessions, "
                           "line, mail_effect, returned_at FROM log_failures "
                           "ORDER BY 1, 2, 3, 4, 5, 6, 7, 8");
    return g_strdup_printf("%s\n\n%s", deliveries, failures);
}

static void a_session_is_counted_by_its_hour(void **state)
{
    struct sample *sample = *state;
    struct log_event other_mx = session(5, BEGIN, "example.org");
    struct log_event repeated = session(6, BEGIN + 5, "example.org");

    other_mx.mx = "mx2.example.org";
    repeated.sessions = 4;
    assert_counts(TAKE(sample, session(1, BEGIN, "example.org"),
                       session(2, BEGIN + HOUR - 1, "example.org"),
                       session(3, BEGIN + HOUR, "example.org"), session(4, BEGIN - 1, "a.example"),
                       other_mx, repeated),
                  9, 0, 0, 0);
    sample_is(sample,
              "SELECT hour, host, mta, direction, domain, next_hop, mx, level, outcome, "
              "tls_version, sessions FROM deliveries ORDER BY hour, mx",
              "2026-11-17T23:00:00Z|mx1|postfix|out|a.example|NULL|mx.example.net|may|trusted|"
              "TLSv1.3|1\n"
              "2026-11-18T00:00:00Z|mx1|postfix|out|example.org|NULL|mx.example.net|may|trusted|"
              "TLSv1.3|6\n"
              "2026-11-18T00:00:00Z|mx1|postfix|out|example.org|NULL|mx2.example.org|may|trusted|"
              "TLSv1.3|1\n"
              "2026-11-18T01:00:00Z|mx1|postfix|out|example.org|NULL|mx.example.net|may|trusted|"
              "TLSv1.3|1");
}

static void each_property_of_a_session_counts_apart(void **state)
{
    struct sample *sample = *state;
    struct log_event events[9];

    for (guint i = 0; i < G_N_ELEMENTS(events); i++)
        events[i] = session(i + 1, BEGIN, "example.org");
    events[1].host = "mx2";
    events[2].mta = MTA_EXIM;
    events[3].domain = "example.com";
    events[4].next_hop = "relay.example.org";
    events[5].mx = NULL;
    events[6].level = LEVEL_DANE;
    events[7].session = SESSION_VERIFIED;
    events[8].version = TLS_VERSION_UNKNOWN;
    take(sample, events, G_N_ELEMENTS(events));
    sample_is(sample, "SELECT count(*), sum(sessions) FROM deliveries", "9|9");
    for (guint i = 0; i < G_N_ELEMENTS(events); i++)
        events[i].mark += 100;
    take(sample, events, G_N_ELEMENTS(events));
    sample_is(sample, "SELECT count(*), sum(sessions) FROM deliveries", "9|18");
    sample_is(sample, "SELECT count(*) FROM log_route", "9");
}

static void a_session_told_by_another_line_is_not_counted_again(void **state)
{
    struct sample *sample = *state;
    struct log_event event = session(1, BEGIN, "example.org");

    event.sessions = 0;
    assert_counts(TAKE(sample, event), 0, 0, 0, 0);
    assert_counts(TAKE(sample, event), 0, 0, 0, 1);
    sample_is(sample, "SELECT count(*) FROM deliveries", "0");
}

static void of_clients_no_name_is_kept(void **state)
{
    struct sample *sample = *state;
    struct log_event one = session(1, BEGIN, "a.example"), other = session(2, BEGIN, "b.example");

    one.direction = other.direction = DIRECTION_IN;
    one.mx = "client.example";
    take(sample, &one, 1);
    take(sample, &other, 1);
    sample_is(sample,
              "SELECT direction, domain, next_hop, mx, level, outcome, tls_version, sessions "
              "FROM deliveries",
              "in|NULL|NULL|NULL|unknown|trusted|TLSv1.3|2");
}

static void a_failure_is_kept_with_all_it_tells(void **state)
{
    struct sample *sample = *state;
    struct log_event bare = {.kind = LOG_EVENT_FAILURE, .mark = 2, .at = BEGIN + 1, .delay = -1};

    assert_counts(TAKE(sample, failure(1, BEGIN, "4A"), bare), 0, 2, 0, 0);
    sample_is(sample,
              "SELECT at, host, mta, direction, queue_id, domain, next_hop, mx, ip, outcome, "
              "result_type, failure_type, detail, layer, reason, mail_effect, line, level, "
              "tls_version, sessions, delay, dsn, returned_at, log_failure FROM log_failures",
              "2026-11-18T00:00:00Z|mx1|postfix|out|4A|example.org|NULL|mx.example.org|192.0.2.1|"
              "deferred|certificate-not-trusted|dane-cert-mismatch|tlsa-mismatch|tlsa|"
              "Server certificate not verified|deferred|the line|dane|TLSv1.2|1|7|4.7.5|NULL|1\n"
              "2026-11-18T00:00:01Z|NULL|unknown|out|NULL|NULL|NULL|NULL|NULL|unknown|NULL|other|"
              "NULL|unknown|NULL|unknown|NULL|unknown|NULL|0|NULL|NULL|NULL|2");
}

static void a_failure_tells_when_it_was_stored(void **state)
{
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};
    struct log_event event = failure(1, BEGIN, "4A");
    gint64 before = g_get_real_time() / G_USEC_PER_SEC;

    log_writer_take(writer, &event);
    write_and_settle(sample->store, writer, &counts);
    g_autofree char *sql = g_strdup_printf("SELECT stored_at BETWEEN %" G_GINT64_FORMAT
                                           " AND %" G_GINT64_FORMAT " FROM log_failure",
                                           before, g_get_real_time() / G_USEC_PER_SEC);
    sample_is(sample, sql, "1");
    log_writer_set_time(writer, SAMPLE_NOW);
    event.mark = 2;
    log_writer_take(writer, &event);
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    sample_is(sample, "SELECT stored_at FROM log_failures WHERE log_failure = 2",
              "2026-11-18T11:06:40Z");
}

/* Every word an event may have comes back as it was. */
static void each_word_comes_back(void **state)
{
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};

    for (guint i = 0; i < DETAIL_COUNT; i++) {
        struct log_event event = failure(i + 1, BEGIN + i, "4A");
        event.detail = (enum log_detail)i;
        event.outcome = (enum log_outcome)(i % (LOG_OUTCOME_OTHER_MX + 1));
        event.result_type = (enum result_type)(i % (RESULT_STS_WEBPKI_INVALID + 1));
        event.failure_type = (enum failure_type)(i % FAILURE_TYPE_COUNT);
        event.level = (enum tls_level)(i % (LEVEL_HALFDANE + 1));
        event.version = (enum tls_version)(i % (TLS_VERSION_1_3 + 1));
        event.mta = (enum mta)(i % (MTA_POWERMTA + 1));
        log_writer_take(writer, &event);
    }
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    for (guint i = 0; i < DETAIL_COUNT; i++) {
        const char *detail = log_detail_word(i);
        g_autofree char *sql =
            g_strdup_printf("SELECT coalesce(detail, ''), outcome, coalesce(result_type, 'unknown')"
                            ", failure_type, level, coalesce(tls_version, ''), mta, layer, "
                            "mail_effect FROM log_failures WHERE log_failure = %u",
                            i + 1);
        g_autofree char *wanted = g_strjoin(
            "|", detail, log_outcome_word(i % (LOG_OUTCOME_OTHER_MX + 1)),
            result_type_word(i % (RESULT_STS_WEBPKI_INVALID + 1)),
            failure_type_word(i % FAILURE_TYPE_COUNT), tls_level_word(i % (LEVEL_HALFDANE + 1)),
            tls_version_word(i % (TLS_VERSION_1_3 + 1)), mta_word(i % (MTA_POWERMTA + 1)),
            layer_word(failure_type_layer(i % FAILURE_TYPE_COUNT)),
            mail_effect_word(log_outcome_effect(i % (LOG_OUTCOME_OTHER_MX + 1))), NULL);
        sample_is(sample, sql, wanted);
    }
}

static void words_stand_in_the_store_once(void **state)
{
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};
    struct log_event event = failure(1, BEGIN, "4A");
    GError *error = NULL;

    log_writer_take(writer, &event);
    sample_begin(sample);
    sample_ok(log_writer_write(writer, &error), error);
    store_rollback(sample->store);
    log_writer_settle(writer, false, &counts);
    write_and_settle(sample->store, writer, &counts);
    for (guint i = 0; i < 4; i++) {
        event = failure(i + 2, BEGIN + (gint64)i * 7200, "4B");
        event.detail = i % 2 ? DETAIL_HANDSHAKE_FAILURE : event.detail;
        log_writer_take(writer, &event);
        struct log_event other = session(i + 6, BEGIN, i < 2 ? "a.example" : "b.example");
        log_writer_take(writer, &other);
        write_and_settle(sample->store, writer, &counts);
    }
    log_writer_free(writer);
    assert_counts(counts, 4, 5, 0, 0);
    sample_is(sample, "SELECT count(*) FROM log_words", "3");
    sample_is(sample, "SELECT count(*), count(DISTINCT detail) FROM log_failures", "5|2");
    sample_is(sample, "SELECT sum(sessions) FROM deliveries", "4");
}

static const guint64 marks[] = {11, 12, 13, 14, 15, 16, 17, 18};

/* One after the other a session, a failure, a client's failure and an expiry, over three hours; the
   queue id comes again. */
static struct log_event event_at(size_t i)
{
    gint64 at = BEGIN + (gint64)i * 1500;

    switch (i % 4) {
    case 0:
        return session(marks[i], at, "example.org");
    case 1:
        return failure(marks[i], at, "4A");
    case 2:
        return client(marks[i], at, "198.51.100.7");
    default:
        return expiry(marks[i], at, "4A");
    }
}

static void a_log_read_again_changes_nothing(void **state)
{
    static const struct {
        const char *what;
        size_t events[16];
        size_t count;
    } cases[] = {
        {"again", {0, 1, 2, 3, 4, 5, 6, 7}, 8},
        {"in part", {2, 3, 4}, 3},
        {"backwards", {7, 6, 5, 4, 3, 2, 1, 0}, 8},
        {"twice in one go", {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7}, 16},
    };
    struct sample *sample = *state;
    struct log_event events[16];

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
        events[i] = event_at(i);
    assert_counts(take(sample, events, G_N_ELEMENTS(marks)), 2, 4, 2, 0);
    g_autofree char *before = sample_dump(sample);
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        for (size_t i = 0; i < cases[c].count; i++)
            events[i] = event_at(cases[c].events[i]);
        assert_counts(take(sample, events, cases[c].count), 0, 0, 0, cases[c].count);
        g_autofree char *after = sample_dump(sample);
        if (strcmp(before, after) != 0)
            fail_msg("%s: something changed", cases[c].what);
    }
}

/* Every way to cut eight lines in two logs that overlap, in both orders. */
static void any_order_of_overlapping_logs_ends_in_the_same(void **state)
{
    struct sample *sample = *state;
    struct log_event events[8];
    g_autofree char *wanted = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
        events[i] = event_at(i);
    for (size_t cut = 0; cut <= 2 * G_N_ELEMENTS(events); cut++) {
        size_t first = cut / 2, overlap = MIN(first, 2);
        sample_setup((void **)&sample);
        if (cut % 2 == 0)
            take(sample, events, first);
        take(sample, events + first - overlap, G_N_ELEMENTS(events) - first + overlap);
        take(sample, events, first);
        g_autofree char *now = told(sample);
        if (wanted == NULL)
            wanted = g_steal_pointer(&now);
        else
            assert_string_equal(now, wanted);
        sample_teardown((void **)&sample);
    }
    assert_non_null(strstr(wanted, "returned"));
}

static void one_line_may_tell_a_session_and_a_failure(void **state)
{
    struct sample *sample = *state;

    assert_counts(TAKE(sample, session(7, BEGIN, "example.org"), failure(7, BEGIN, "4A"),
                       expiry(7, BEGIN, "4A")),
                  1, 1, 1, 0);
    assert_counts(TAKE(sample, expiry(7, BEGIN, "4A"), failure(7, BEGIN, "4A"),
                       session(7, BEGIN, "example.org")),
                  0, 0, 0, 3);
}

/* Evidence that was told alone goes with its session when the line of the delivery is read. */
static void what_was_told_alone_gives_way_to_the_whole(void **state)
{
    struct sample *sample = *state;
    struct log_event alone = failure(7, BEGIN, "4A"), alone_session = session(7, BEGIN, NULL);
    struct log_event whole = failure(8, BEGIN + 1, "4A");
    struct log_event whole_session = session(8, BEGIN + 1, "example.org");
    struct log_event consumed = {.kind = LOG_EVENT_CONSUMED, .mark = 7, .at = BEGIN, .host = "mx1"};

    alone.outcome = LOG_OUTCOME_UNKNOWN;
    alone.domain = NULL;
    alone.version = alone_session.version = TLS_VERSION_UNKNOWN;
    alone_session.session = whole_session.session = SESSION_FAILED;
    alone_session.mx = alone.mx;
    alone_session.level = alone.level;
    for (int alone_first = 0; alone_first < 2; alone_first++) {
        sample_setup((void **)&sample);
        if (alone_first != 0)
            TAKE(sample, alone_session, alone);
        TAKE(sample, consumed, whole_session, whole);
        TAKE(sample, alone_session, alone);
        TAKE(sample, consumed, whole_session, whole);
        sample_is(sample, "SELECT domain, outcome, sessions FROM deliveries",
                  "example.org|failed|1");
        sample_is(sample, "SELECT domain, outcome FROM log_failures", "example.org|deferred");
        sample_teardown((void **)&sample);
    }
}

/* By its summary, or by the line of its delivery: whatever part is read first. */
static void a_session_of_two_lines_is_counted_once(void **state)
{
    struct sample *sample = *state;
    struct log_event whole = session(7, BEGIN, "example.org");
    struct log_event summary = whole, delivery = session(8, BEGIN + HOUR, "example.org");
    struct log_event again = {
        .kind = LOG_EVENT_COUNTED, .mark = 9, .at = BEGIN + HOUR, .host = "mx1"};
    struct log_event rest = session(9, BEGIN + HOUR, "example.org");

    whole.other_mark = delivery.mark;
    whole.other_at = delivery.at;
    assert_counts(TAKE(sample, whole, again), 1, 0, 0, 0);
    assert_counts(TAKE(sample, summary), 0, 0, 0, 1);
    assert_counts(TAKE(sample, delivery), 0, 0, 0, 1);
    assert_counts(TAKE(sample, rest), 0, 0, 0, 1);
    sample_teardown((void **)&sample);
    sample_setup((void **)&sample);
    assert_counts(TAKE(sample, delivery), 1, 0, 0, 0);
    assert_counts(TAKE(sample, whole), 0, 0, 0, 1);
    assert_counts(TAKE(sample, summary), 0, 0, 0, 1);
    *state = sample;
}

static void a_mark_is_of_its_host_and_hour(void **state)
{
    struct sample *sample = *state;
    struct log_event full = session(7, BEGIN, "example.org"), other = full, none = full;
    struct log_event address = full, neighbour = full;

    full.host = "MX1.example.com";
    other.host = "mx2.example.com";
    none.host = NULL;
    address.host = "192.0.2.1";
    neighbour.host = "192.0.2.2";
    assert_counts(TAKE(sample, session(7, BEGIN, "example.org"),
                       session(7, BEGIN + HOUR, "example.org"), session(7, 0, "example.org"),
                       session(7, -1, "example.org"), other, none, address, neighbour),
                  8, 0, 0, 0);
    assert_counts(TAKE(sample, full, session(7, BEGIN + 1, "example.org"),
                       session(7, -HOUR, "example.org"), none),
                  0, 0, 0, 4);
}

static void small_and_large_marks_are_told_apart(void **state)
{
    enum { EACH = 3000 };
    struct sample *sample = *state;
    g_autofree struct log_event *events = g_new(struct log_event, 3 * EACH);

    for (guint64 i = 0; i < EACH; i++) {
        events[3 * i] = session(i, BEGIN, "a.example");
        events[3 * i + 1] = session(G_MAXUINT64 - i, BEGIN, "a.example");
        events[3 * i + 2] = session((i + 1) << 48, BEGIN, "a.example");
    }
    assert_counts(take(sample, events, 3 * EACH), 3 * EACH, 0, 0, 0);
    assert_counts(take(sample, events, 3 * EACH), 0, 0, 0, 3 * EACH);
}

/* Whoever follows a log writes a few lines at a time. */
static void many_small_writes_leave_few_rows_of_marks(void **state)
{
    enum { LINES = 2000 };
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};

    for (guint64 i = 0; i < LINES; i++) {
        struct log_event event = session(i + 1, BEGIN + (gint64)i, "a.example");
        log_writer_take(writer, &event);
        if (i % 3 == 0)
            write_and_settle(sample->store, writer, &counts);
    }
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    assert_counts(counts, LINES, 0, 0, 0);
    sample_is(sample, "SELECT sum(length(marks)) / 5, count(*) < 6 FROM log_mark", "2000|1");
    for (guint64 i = 0; i < LINES; i += 97)
        assert_counts(TAKE(sample, session(i + 1, BEGIN + (gint64)i, "a.example")), 0, 0, 0, 1);
}

/* More hours than fit in memory, and then all of them again from the disk, by the same writer. */
static void hours_that_do_not_fit_in_memory_are_read_again(void **state)
{
    enum { HOURS = 3300, EACH = 12 };
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};

    for (int pass = 0; pass < 2; pass++) {
        for (guint64 i = 0; i < HOURS * EACH; i++) {
            struct log_event event =
                session(i + 1, BEGIN + (gint64)(i % HOURS) * HOUR, "a.example");
            g_autofree char *host = g_strdup_printf("mx%d", (int)(i % HOURS) % 10);
            event.host = host;
            log_writer_take(writer, &event);
            if (log_writer_is_full(writer) || i == HOURS * EACH / 2)
                write_and_settle(sample->store, writer, &counts);
        }
        write_and_settle(sample->store, writer, &counts);
    }
    log_writer_free(writer);
    assert_counts(counts, HOURS * EACH, 0, 0, HOURS * EACH);
}

static void what_waits_is_bounded(void **state)
{
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};
    guint64 i = 0;

    assert_false(log_writer_is_full(writer));
    for (; !log_writer_is_full(writer) && i < 1000000; i++) {
        struct log_event event = session(i, BEGIN, "a.example");
        log_writer_take(writer, &event);
    }
    assert_in_range(i, 1000, 500000);
    write_and_settle(sample->store, writer, &counts);
    assert_false(log_writer_is_full(writer));
    for (i = 0; !log_writer_is_full(writer) && i < 1000000; i++) {
        struct log_event event = failure(i, BEGIN, "4A");
        log_writer_take(writer, &event);
    }
    assert_in_range(i, 1000, 50000);
    write_and_settle(sample->store, writer, &counts);
    assert_false(log_writer_is_full(writer));
    log_writer_free(writer);
}

static void marks_of_an_hour_are_bounded(void **state)
{
    enum { MORE = 10 };
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};

    for (guint64 i = 0; i < STORE_LOG_MARKS_MAX + MORE; i++) {
        struct log_event event = session(i, BEGIN, "a.example");
        log_writer_take(writer, &event);
        if (log_writer_is_full(writer))
            write_and_settle(sample->store, writer, &counts);
    }
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    /* Of a million marks in one hour some are equal by chance. */
    assert_in_range(counts.sessions, STORE_LOG_MARKS_MAX + MORE - 10, STORE_LOG_MARKS_MAX + MORE);
    assert_counts(TAKE(sample, session(0, BEGIN, "a.example"),
                       session(STORE_LOG_MARKS_MAX - 1, BEGIN, "a.example"),
                       session(STORE_LOG_MARKS_MAX + MORE - 1, BEGIN, "a.example"),
                       session(STORE_LOG_MARKS_MAX + MORE - 1, BEGIN + HOUR, "a.example")),
                  2, 0, 0, 2);
}

/* A transaction that fails at its end: what waited waits on, with its lock. */
static void what_could_not_be_written_waits_on(void **state)
{
    struct sample *sample = *state;
    struct log_event events[8];
    struct store_log_counts counts = {0};
    struct log_writer *writer;
    GError *error = NULL;

    TAKE(sample, session(1, BEGIN, "example.org"), failure(2, BEGIN, "4A"));
    writer = log_writer_new(sample->store);
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        events[i] = event_at(i);
        log_writer_take(writer, &events[i]);
    }
    g_autofree char *before = sample_dump(sample);
    for (int tries = 0; tries < 2; tries++) {
        sample_begin(sample);
        sample_ok(log_writer_write(writer, &error), error);
        store_rollback(sample->store);
        log_writer_settle(writer, false, &counts);
        g_autofree char *after = sample_dump(sample);
        assert_string_equal(before, after);
        assert_counts(counts, 0, 0, 0, 0);
        assert_int_equal(store_lock(sample->store, "log", &error), -1);
        g_clear_error(&error);
    }
    /* Known to be waiting, though not in the store. */
    log_writer_take(writer, &events[0]);
    struct log_event late = session(99, BEGIN, "late.example");
    log_writer_take(writer, &late);
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    assert_counts(counts, 3, 4, 2, 1);
    assert_counts(take(sample, events, G_N_ELEMENTS(events)), 0, 0, 0, G_N_ELEMENTS(events));
    sample_is(sample, "SELECT sum(sessions) FROM deliveries", "4");
    sample_is(sample, "SELECT count(*) FROM log_failures", "5");
}

static void a_lock_that_stays_is_told_when_writing(void **state)
{
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct log_event event = session(1, BEGIN, "example.org");
    struct store_log_counts counts = {0};
    GError *error = NULL;
    int lock = store_lock(sample->store, "log", &error);

    assert_true(lock >= 0);
    store_set_busy_ms(sample->store, 30);
    log_writer_take(writer, &event);
    log_writer_take(writer, &event);
    sample_begin(sample);
    assert_false(log_writer_write(writer, &error));
    assert_true(g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_BUSY));
    g_clear_error(&error);
    store_rollback(sample->store);
    log_writer_settle(writer, false, &counts);
    close(lock);
    log_writer_take(writer, &event);
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    assert_counts(counts, 1, 0, 0, 0);
}

static bool waits_twice_more(void *data)
{
    return (*(int *)data)++ < 2;
}

static void a_lock_is_not_waited_for_when_that_is_not_wanted(void **state)
{
    struct sample *sample = *state;
    struct store *other = NULL;
    struct log_writer *writer = log_writer_new(sample->store);
    struct log_event event = session(1, BEGIN, "example.org");
    GError *error = NULL;
    int lock = store_lock(sample->store, "log", &error), asked = 0;

    other = store_open(sample->path, STORE_WRITE, &error);
    sample_ok(other != NULL, error);
    assert_true(lock >= 0);
    store_set_busy_ms(sample->store, G_MAXINT);
    store_set_waits(sample->store, waits_twice_more, &asked);
    log_writer_take(writer, &event);
    assert_int_equal(asked, 3);
    close(lock);
    log_writer_free(writer);
    sample_ok(store_begin(other, &error), error);
    asked = 0;
    assert_false(store_begin(sample->store, &error));
    assert_int_equal(asked, 3);
    assert_true(g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_BUSY));
    g_clear_error(&error);
    store_rollback(other);
    store_close(other);
}

static void a_writer_without_events_holds_no_lock(void **state)
{
    struct sample *sample = *state;
    GError *error = NULL;
    struct store *other = store_open(sample->path, STORE_WRITE, &error);
    struct log_writer *writer = log_writer_new(other);
    struct log_event event = session(1, BEGIN, "example.org");
    struct store_log_counts counts = {0};

    sample_ok(other != NULL, error);
    log_writer_take(writer, &event);
    write_and_settle(other, writer, &counts);
    assert_counts(TAKE(sample, event, session(3, BEGIN, "example.org")), 1, 0, 0, 1);
    /* It learns what was written meanwhile. */
    event.mark = 3;
    log_writer_take(writer, &event);
    write_and_settle(other, writer, &counts);
    assert_counts(counts, 1, 0, 0, 1);
    log_writer_free(writer);
    store_close(other);
}

/* Reads a log of `count` lines and writes it in small steps. */
static int child(const char *path, guint64 count)
{
    struct store *store = store_open(path, STORE_WRITE, NULL);
    struct log_writer *writer = store != NULL ? log_writer_new(store) : NULL;
    struct store_log_counts counts = {0};
    bool ok = writer != NULL;

    for (guint64 i = 0; ok && i < count; i++) {
        struct log_event event = session(i, BEGIN + (gint64)(i % 5) * HOUR, "a.example");
        struct log_event other = failure(i, event.at, "4A");
        log_writer_take(writer, &event);
        log_writer_take(writer, &other);
        if (i % 7 != 0 && i + 1 < count)
            continue;
        ok =
            store_begin(store, NULL) && log_writer_write(writer, NULL) && store_commit(store, NULL);
        log_writer_settle(writer, ok, &counts);
    }
    log_writer_free(writer);
    store_close(store);
    return ok && counts.sessions + counts.failures + counts.known == 2 * count ? 0 : 1;
}

static void two_processes_count_each_line_once(void **state)
{
    enum { LINES = 300, PROCESSES = 3 };
    struct sample *sample = *state;
    pid_t children[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(child(sample->path, LINES));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    sample_is(sample, "SELECT sum(sessions) FROM deliveries", "300");
    sample_is(sample, "SELECT count(*) FROM log_failures", "300");
    sample_is(sample, "SELECT sum(length(marks)) / 5 FROM log_mark", "600");
    sample_is(sample, "SELECT count(*) FROM log_route", "1");
}

static void a_returned_message_is_noted_in_its_rows(void **state)
{
    struct sample *sample = *state;
    struct log_event other_host = failure(4, BEGIN, "4A");

    other_host.host = "mx2";
    TAKE(sample, failure(1, BEGIN, "4A"), failure(2, BEGIN + HOUR, "4A"), failure(3, BEGIN, "4B"),
         other_host, failure(5, BEGIN - 31 * SAMPLE_DAY, "4A"));
    assert_counts(TAKE(sample, failure(6, BEGIN + 2 * HOUR, "4A"),
                       expiry(7, BEGIN + 5 * SAMPLE_DAY, "4A"), expiry(8, BEGIN, "4C"),
                       failure(9, BEGIN + 6 * SAMPLE_DAY, "4A")),
                  0, 2, 1, 0);
    sample_is(sample,
              "SELECT log_failure, mail_effect, returned_at FROM log_failures "
              "WHERE returned_at IS NOT NULL ORDER BY 1",
              "1|returned|2026-11-23T00:00:00Z\n2|returned|2026-11-23T00:00:00Z\n"
              "6|returned|2026-11-23T00:00:00Z");
    sample_is(sample, "SELECT count(*) FROM log_failures WHERE mail_effect = 'deferred'", "4");
}

static void a_return_read_before_its_failures_is_remembered(void **state)
{
    struct sample *sample = *state;

    assert_counts(TAKE(sample, expiry(1, BEGIN + 5 * SAMPLE_DAY, "4A")), 0, 0, 0, 0);
    assert_counts(TAKE(sample, failure(2, BEGIN, "4A"), failure(3, BEGIN + 1, "4A")), 0, 2, 1, 0);
    assert_counts(TAKE(sample, failure(4, BEGIN + 2, "4A"), failure(5, BEGIN, "4B")), 0, 2, 0, 0);
    sample_is(sample, "SELECT queue_id, returned_at IS NOT NULL FROM log_failures",
              "4A|1\n4A|1\n4A|1\n4B|0");
}

static void failures_of_a_client_are_one_row_an_hour(void **state)
{
    struct sample *sample = *state;
    struct log_event other = client(6, BEGIN + 5, "198.51.100.7");
    struct log_event repeated = client(7, BEGIN + 50, "198.51.100.7");
    struct log_event earlier = client(8, BEGIN + 1, "198.51.100.7");

    other.detail = DETAIL_INBOUND_PEER_REJECTED_OUR_CERT;
    repeated.sessions = 20;
    earlier.line = "the first line";
    assert_counts(TAKE(sample, client(1, BEGIN + 9, "198.51.100.7"),
                       client(2, BEGIN + 10, "198.51.100.7"), client(3, BEGIN, "198.51.100.8"),
                       client(4, BEGIN + HOUR, "198.51.100.7"), other),
                  0, 4, 0, 0);
    assert_counts(TAKE(sample, repeated, earlier, client(1, BEGIN + 9, "198.51.100.7")), 0, 0, 0,
                  1);
    sample_is(sample,
              "SELECT at, ip, detail, sessions, line, queue_id, domain, mx FROM log_failures "
              "ORDER BY at, ip",
              "2026-11-18T00:00:00Z|198.51.100.8|inbound-handshake-failure|1|NULL|NULL|NULL|"
              "NULL\n"
              "2026-11-18T00:00:01Z|198.51.100.7|inbound-handshake-failure|23|NULL|NULL|"
              "NULL|NULL\n"
              "2026-11-18T00:00:05Z|198.51.100.7|inbound-peer-rejected-our-cert|1|NULL|NULL|"
              "NULL|NULL\n"
              "2026-11-18T01:00:00Z|198.51.100.7|inbound-handshake-failure|1|NULL|NULL|NULL|"
              "NULL");
}

static void scanners_do_not_fill_the_store(void **state)
{
    enum { MORE = 500 };
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};

    for (guint64 i = 0; i < STORE_LOG_INBOUND_ROWS + MORE; i++) {
        g_autofree char *ip = g_strdup_printf("2001:db8::%" G_GINT64_MODIFIER "x", i + 1);
        struct log_event event = client(i + 1, BEGIN + (gint64)(i % 3600), ip);
        log_writer_take(writer, &event);
        if (i % 1000 == 0)
            write_and_settle(sample->store, writer, &counts);
    }
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    assert_int_equal(counts.failures, STORE_LOG_INBOUND_ROWS + 1);
    sample_is(sample,
              "SELECT count(*), sum(sessions), max(iif(ip IS NULL, sessions, 0)) "
              "FROM log_failures",
              "2001|2500|500");
    /* One that has a row is counted there; another hour has rows of its own. */
    TAKE(sample, client(90001, BEGIN, "2001:db8::1"), client(90002, BEGIN, "192.0.2.99"),
         client(90003, BEGIN + HOUR, "192.0.2.99"));
    sample_is(sample,
              "SELECT ip, sessions FROM log_failures WHERE ip IS NULL OR ip = '2001:db8::1' "
              "OR ip = '192.0.2.99' ORDER BY ip",
              "NULL|501\n192.0.2.99|1\n2001:db8::1|2");
}

static void add_peer_text(const char *ip, const char *mx, void *data)
{
    g_string_append_printf(data, "%s=%s ", ip, mx != NULL ? mx : "-");
}

static void knows_the_clients_that_take_our_mail(void **state)
{
    struct sample *sample = *state;
    g_autoptr(GString) peers = g_string_new(NULL);
    struct log_event old = session(1, BEGIN, "example.org"), young = session(2, BEGIN, "x.example");
    struct log_event failed = session(3, BEGIN, "example.org"), in = session(4, BEGIN, NULL);
    struct log_event nameless = session(5, BEGIN, "y.example");
    GError *error = NULL;

    old.ip = young.ip = "192.0.2.1";
    young.at += 2 * SAMPLE_DAY;
    young.mx = "mx2.example.net";
    failed.ip = "192.0.2.2";
    failed.session = SESSION_FAILED;
    in.direction = DIRECTION_IN;
    in.ip = "192.0.2.3";
    nameless.ip = "2001:db8::1";
    nameless.mx = NULL;
    TAKE(sample, young, nameless, failed, in);
    TAKE(sample, old); /* a name that was true before */
    sample_is(sample, "SELECT ip, mx, last_at % 86400 FROM log_peer ORDER BY 1",
              "192.0.2.1|mx2.example.net|0\n2001:db8::1|NULL|0");
    TAKE(sample, client(11, BEGIN, "192.0.2.1"), client(12, BEGIN, "192.0.2.2"),
         client(13, BEGIN + HOUR, "2001:db8::1"), failure(14, BEGIN, "4A"));
    sample_ok(store_each_log_peer(sample->store, BEGIN, BEGIN + HOUR, add_peer_text, peers, &error),
              error);
    assert_string_equal(peers->str, "192.0.2.1=mx2.example.net ");
    sample_ok(
        store_each_log_peer(sample->store, BEGIN, BEGIN + HOUR + 1, add_peer_text, peers, &error),
        error);
    assert_non_null(strstr(peers->str, "2001:db8::1=- "));
}

static void days_of_our_own_log_count_as_outbound(void **state)
{
    struct sample *sample = *state;
    struct log_event failed = session(3, BEGIN + 1, "example.org"), nowhere = failed;
    struct log_event in = session(5, BEGIN, "example.org");
    struct log_event plain = session(6, BEGIN + SAMPLE_DAY, "example.org"), other = plain;

    failed.session = SESSION_FAILED;
    nowhere.mark = 4;
    nowhere.domain = NULL;
    in.direction = DIRECTION_IN;
    plain.session = SESSION_PLAINTEXT;
    other.mark = 7;
    other.host = "mx2";
    other.session = SESSION_FAILED;
    other.sessions = 5;
    TAKE(sample, session(1, BEGIN, "example.org"), session(2, BEGIN + HOUR, "example.org"), failed,
         nowhere, in, plain, other);
    sample_is(sample,
              "SELECT day, direction, domain, successes, failures, reporters FROM domain_days "
              "ORDER BY day",
              "2026-11-18|out|example.org|2|1|1\n2026-11-19|out|example.org|1|5|2");
    sample_is(sample, "SELECT count(*) FROM domain_days WHERE direction = 'in'", "0");
}

static void note(struct sample *sample, const char *host, enum log_carrier carrier, gint64 from,
                 gint64 to)
{
    GError *error = NULL;

    sample_ok(store_note_log(sample->store, host, carrier, BEGIN + from, BEGIN + to, &error),
              error);
}

static void assert_twice(struct sample *sample, const char *host, enum log_carrier carrier,
                         gint64 from, gint64 to, const char *told)
{
    GError *error = NULL;

    assert_false(store_note_log(sample->store, host, carrier, BEGIN + from, BEGIN + to, &error));
    assert_true(g_error_matches(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_TWICE));
    if (strstr(error->message, told) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error->message, told);
    g_clear_error(&error);
}

static void one_log_is_not_read_by_two_roads(void **state)
{
    struct sample *sample = *state;

    sample_begin(sample);
    note(sample, "mx1.example.org", LOG_CARRIER_FILE, 0, 1000);
    note(sample, "mx2", LOG_CARRIER_JOURNAL, 0, 1000);
    assert_twice(sample, "MX1", LOG_CARRIER_JOURNAL, 500, 2000,
                 "the log of mx1 from 2026-11-18T00:00:00Z to 2026-11-18T00:16:40Z came from log "
                 "files before; the journal from 2026-11-18T00:08:20Z to 2026-11-18T00:33:20Z");
    assert_twice(sample, "mx1", LOG_CARRIER_JOURNAL, -500, 61, "journal");
    assert_twice(sample, "mx1", LOG_CARRIER_JOURNAL, 100, 200, "journal");
    assert_twice(sample, "mx2", LOG_CARRIER_FILE, -10, 5000, "log files from");
    note(sample, "mx1", LOG_CARRIER_JOURNAL, 940, 3000);
    note(sample, "mx1", LOG_CARRIER_JOURNAL, -500, 60);
    note(sample, "mx1", LOG_CARRIER_FILE, 100, 900);
    note(sample, "mx1.example.org", LOG_CARRIER_FILE, 3000, 4000);
    sample_commit(sample);
    sample_is(sample, "SELECT host, carrier, count(*) FROM log_source GROUP BY 1, 2",
              "mx1|file|2\nmx1|journal|2\nmx2|journal|1");
}

static void times_that_touch_are_one(void **state)
{
    struct sample *sample = *state;

    sample_begin(sample);
    note(sample, "mx1", LOG_CARRIER_FILE, 0, 1000);
    note(sample, "mx1", LOG_CARRIER_FILE, 5000, 6000);
    for (int i = 0; i < 5; i++)
        note(sample, "mx1", LOG_CARRIER_FILE, 900, 1000 + 500 * i);
    sample_commit(sample);
    sample_is(sample, "SELECT last_at - first_at FROM log_source ORDER BY first_at", "3000\n1000");
    sample_begin(sample);
    note(sample, "mx1", LOG_CARRIER_FILE, 2000, 5500);
    sample_commit(sample);
    sample_is(sample, "SELECT last_at - first_at FROM log_source", "6000");
}

static void a_position_comes_back_as_it_was(void **state)
{
    struct sample *sample = *state;
    struct log_position put = {.path = (char *)"/var/log/mail.log",
                               .device = 7,
                               .inode = G_MAXUINT64,
                               .offset = G_GUINT64_CONSTANT(1) << 40,
                               .context = 12,
                               .head_hash = G_GUINT64_CONSTANT(0xfedcba9876543210),
                               .head_length = 4000000000u};
    struct log_position got = {0};
    GError *error = NULL;
    bool found = true;

    sample_ok(store_get_log_position(sample->store, put.path, &got, &found, &error), error);
    assert_false(found);
    for (int i = 0; i < 2; i++) {
        put.cursor = i == 0 ? NULL : (char *)"s=1;i=2";
        put.offset += (guint64)i;
        sample_begin(sample);
        sample_ok(store_put_log_position(sample->store, &put, SAMPLE_NOW, &error), error);
        sample_commit(sample);
        sample_ok(store_get_log_position(sample->store, put.path, &got, &found, &error), error);
        assert_true(found);
        assert_string_equal(got.path, put.path);
        assert_true(got.device == put.device && got.inode == put.inode);
        assert_true(got.offset == put.offset && got.context == put.context);
        assert_true(got.head_hash == put.head_hash && got.head_length == put.head_length);
        assert_int_equal(g_strcmp0(got.cursor, put.cursor), 0);
        log_position_clear(&got);
    }
    sample_is(sample, "SELECT count(*) FROM log_position", "1");
}

static void add_failure_text(const struct stored_log_failure *stored, void *data)
{
    const struct log_event *e = &stored->event;

    assert_int_equal(e->kind, LOG_EVENT_FAILURE);
    assert_int_equal(stored->stored_at, SAMPLE_NOW);
    g_string_append_printf(data, "%d|%d|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%u|%d|%s|%s|%s|%d\n",
                           (int)stored->id, (int)(e->at - BEGIN), e->host, mta_word(e->mta),
                           direction_word(e->direction), e->queue_id, e->domain, e->next_hop, e->mx,
                           e->ip, tls_level_word(e->level), tls_version_word(e->version),
                           log_outcome_word(e->outcome), result_type_word(e->result_type),
                           e->sessions, (int)e->delay, e->dsn, e->reason, e->line,
                           stored->returned_at != 0 ? (int)(stored->returned_at - BEGIN) : 0);
    g_string_append_printf(data, "%s %s\n", failure_type_word(e->failure_type),
                           log_detail_word(e->detail));
}

static void assert_failures(struct sample *sample, struct store_log_filter filter,
                            const char *wanted)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GError *error = NULL;

    sample_ok(store_each_log_failure(sample->store, &filter, add_failure_text, text, &error),
              error);
    assert_string_equal(text->str, wanted);
}

#define FIRST                                                                                      \
    "1|0|mx1|postfix|out|4A|example.org|(null)|mx.example.org|192.0.2.1|dane|TLSv1.2|deferred|"    \
    "certificate-not-trusted|1|7|4.7.5|Server certificate not verified|the line|9\n"               \
    "dane-cert-mismatch tlsa-mismatch\n"
#define SECOND                                                                                     \
    "2|8|mx1|postfix|out|4B|a.example|(null)|mx.example.org|192.0.2.1|dane|TLSv1.2|deferred|"      \
    "certificate-not-trusted|1|7|4.7.5|Server certificate not verified|the line|0\n"               \
    "dane-cert-mismatch tlsa-mismatch\n"
#define CLIENT                                                                                     \
    "3|8|mx1|postfix|in|(null)|(null)|(null)|(null)|192.0.2.9|unknown||unknown|unknown|1|-1|"      \
    "4.7.5|Server certificate not verified|(null)|0\n"                                             \
    "tls-handshake-failure inbound-handshake-failure\n"

static void gives_the_failures_that_are_asked_for(void **state)
{
    struct sample *sample = *state;
    struct log_event second = failure(2, BEGIN + 8, "4B");

    second.domain = "a.example";
    TAKE(sample, failure(1, BEGIN, "4A"), second, client(3, BEGIN + 8, "192.0.2.9"),
         expiry(4, BEGIN + 9, "4A"));
    assert_failures(sample, (struct store_log_filter){0}, FIRST SECOND);
    assert_failures(sample, (struct store_log_filter){.from = BEGIN, .to = BEGIN + 8}, FIRST);
    assert_failures(sample, (struct store_log_filter){.from = BEGIN + 1}, SECOND);
    assert_failures(sample, (struct store_log_filter){.domain = "example.org"}, FIRST);
    assert_failures(sample, (struct store_log_filter){.direction = DIRECTION_IN}, CLIENT);
    assert_failures(sample, (struct store_log_filter){.from = BEGIN + 9}, "");
}

static void assert_span(struct sample *sample, gint64 from, gint64 to, gint64 now, gint64 first,
                        gint64 last)
{
    GError *error = NULL;
    gint64 got_first = -1, got_last = -1;

    sample_ok(store_span_log_failures(sample->store, DIRECTION_OUT, from, to, now, &got_first,
                                      &got_last, &error),
              error);
    assert_int_equal(got_first, first);
    assert_int_equal(got_last, last);
}

static void spans_the_failures_that_came_in_or_were_given_up(void **state)
{
    struct sample *sample = *state;

    assert_span(sample, 0, G_MAXINT64, G_MAXINT64, 0, 0);
    TAKE(sample, failure(1, BEGIN, "4A"), failure(2, BEGIN + 8, "4B"),
         client(3, BEGIN + 20, "192.0.2.9"), expiry(4, BEGIN + 9, "4A"));
    assert_span(sample, SAMPLE_NOW, SAMPLE_NOW, G_MAXINT64, BEGIN, BEGIN + 8);
    assert_span(sample, SAMPLE_NOW, SAMPLE_NOW, BEGIN + 7, BEGIN, BEGIN);
    assert_span(sample, SAMPLE_NOW + 1, G_MAXINT64, G_MAXINT64, 0, 0);
    assert_span(sample, BEGIN + 9, BEGIN + 9, G_MAXINT64, BEGIN, BEGIN);
    assert_span(sample, BEGIN, BEGIN + 8, G_MAXINT64, 0, 0);
}

static void add_deliveries_text(const struct stored_deliveries *d, void *data)
{
    g_string_append_printf(data, "%s|%s|%s|%s|%s|%s|%s|%s|%d|%d|%d\n", d->host, mta_word(d->mta),
                           d->domain, d->next_hop, d->mx, tls_level_word(d->level),
                           session_outcome_word(d->outcome), tls_version_word(d->version),
                           (int)d->sessions, (int)(d->first_hour - BEGIN),
                           (int)(d->last_hour - BEGIN));
}

static void assert_deliveries(struct sample *sample, struct store_log_filter filter,
                              const char *wanted)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GError *error = NULL;

    sample_ok(store_each_deliveries(sample->store, &filter, add_deliveries_text, text, &error),
              error);
    assert_string_equal(text->str, wanted);
}

static void adds_up_the_deliveries_that_are_asked_for(void **state)
{
    struct sample *sample = *state;
    struct log_event in = session(5, BEGIN, NULL);

    in.direction = DIRECTION_IN;
    in.session = SESSION_ANONYMOUS;
    TAKE(sample, session(1, BEGIN, "a.example"), session(2, BEGIN + HOUR, "a.example"),
         session(3, BEGIN + 5 * HOUR, "a.example"), session(4, BEGIN + HOUR, "b.example"), in);
#define A "mx1|postfix|a.example|(null)|mx.example.net|may|trusted|TLSv1.3|"
#define B "mx1|postfix|b.example|(null)|mx.example.net|may|trusted|TLSv1.3|"
    assert_deliveries(sample, (struct store_log_filter){0}, A "3|0|18000\n" B "1|3600|3600\n");
    assert_deliveries(sample, (struct store_log_filter){.from = BEGIN + 1, .to = BEGIN + HOUR + 1},
                      A "1|3600|3600\n" B "1|3600|3600\n");
    assert_deliveries(sample, (struct store_log_filter){.to = BEGIN + HOUR, .domain = "a.example"},
                      A "1|0|0\n");
    assert_deliveries(sample, (struct store_log_filter){.direction = DIRECTION_IN},
                      "mx1|postfix|(null)|(null)|(null)|unknown|anonymous|TLSv1.3|1|0|0\n");
}

static struct store_pruned prune(struct sample *sample, int days)
{
    struct store_pruned would = {0}, pruned = {0};
    GError *error = NULL;

    sample_ok(store_prune(sample->store, days, SAMPLE_NOW, true, &would, &error), error);
    sample_ok(store_prune(sample->store, days, SAMPLE_NOW, false, &pruned, &error), error);
    assert_memory_equal(&would, &pruned, sizeof(pruned));
    return pruned;
}

static void prunes_by_the_time_of_the_log(void **state)
{
    struct sample *sample = *state;
    gint64 cutoff = SAMPLE_NOW - 60 * SAMPLE_DAY;
    struct log_position position = {.path = (char *)"/var/log/old.log"};
    GError *error = NULL;

    struct log_event peers[] = {session(8, cutoff - SAMPLE_DAY, "both.example"),
                                session(9, cutoff + SAMPLE_DAY, "both.example")};

    peers[0].ip = "192.0.2.1";
    peers[1].ip = "192.0.2.2";
    take(sample, peers, G_N_ELEMENTS(peers));
    TAKE(sample, session(1, cutoff - HOUR, "old.example"),
         session(2, cutoff - HOUR, "both.example"), session(3, cutoff, "both.example"),
         failure(4, cutoff - 1, "4A"), failure(5, cutoff, "4B"),
         expiry(6, SAMPLE_NOW - 29 * SAMPLE_DAY, "4B"), expiry(7, cutoff, "4C"));
    sample_begin(sample);
    note(sample, "mx1", LOG_CARRIER_FILE, -70 * SAMPLE_DAY, -65 * SAMPLE_DAY);
    note(sample, "mx1", LOG_CARRIER_FILE, -50 * SAMPLE_DAY, 0);
    sample_ok(store_put_log_position(sample->store, &position, cutoff - 1, &error), error);
    sample_commit(sample);
    struct store_pruned pruned = prune(sample, 60);
    assert_int_equal(pruned.log_failures, 1);
    assert_int_equal(pruned.log_counts, 3);
    sample_is(sample, "SELECT domain FROM log_route", "both.example");
    sample_is(sample, "SELECT queue_id, tls_error FROM log_failures",
              "4B|num=65:no matching DANE TLSA records");
    sample_is(sample, "SELECT queue_id FROM log_expiry", "4B");
    sample_is(sample, "SELECT count(*), (SELECT count(*) FROM log_position) FROM log_source",
              "1|0");
    sample_is(sample, "SELECT sum(length(marks)) / 5 FROM log_mark", "6");
    sample_is(sample, "SELECT ip FROM log_peer", "192.0.2.2");
    pruned = prune(sample, 60);
    assert_int_equal(pruned.log_failures + pruned.log_counts + pruned.log_marks, 0);
}

static void a_route_that_prune_took_is_made_again(void **state)
{
    struct sample *sample = *state;
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};
    struct log_event old = session(1, BEGIN - 90 * SAMPLE_DAY, "a.example");
    struct log_event other = session(2, BEGIN, "b.example"), again = session(3, BEGIN, "a.example");
    GError *error = NULL;
    struct store *pruner = store_open(sample->path, STORE_WRITE, &error);
    struct store_pruned pruned;

    sample_ok(pruner != NULL, error);
    log_writer_take(writer, &old);
    write_and_settle(sample->store, writer, &counts);
    log_writer_take(writer, &other);
    sample_ok(store_prune(pruner, 60, SAMPLE_NOW, false, &pruned, &error), error);
    store_close(pruner);
    assert_int_equal(pruned.log_counts, 1);
    log_writer_take(writer, &again);
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    sample_is(sample, "SELECT domain, sessions FROM deliveries ORDER BY 1",
              "a.example|1\nb.example|1");
}

static void clients_are_kept_where_a_report_names_them(void **state)
{
    struct sample *sample = *state;
    gint64 old = SAMPLE_NOW - (STORE_LOG_INBOUND_DAYS + 1) * SAMPLE_DAY;
    struct report *report = sample_report("org", "1", old, "1");
    struct policy *policy = sample_policy(report, POLICY_STS, "example.org", 8, 1);

    sample_failure(policy, FAILURE_CERT_EXPIRED, "mx.example.org", 1)->sending_ip =
        g_strdup("198.51.100.7");
    sample_failure(policy, FAILURE_CERT_EXPIRED, "mx.example.org", 1);
    sample_put(sample, sample_mail("1"), report, SAMPLE_NOW);
    TAKE(sample, client(1, old, "198.51.100.7"), client(2, old, "198.51.100.8"),
         client(3, old, NULL), client(4, SAMPLE_NOW - SAMPLE_DAY, "198.51.100.9"),
         failure(5, old, "4A"));
    assert_int_equal(prune(sample, 400).log_failures, 2);
    sample_is(sample, "SELECT ip FROM log_failures ORDER BY 1",
              "192.0.2.1\n198.51.100.7\n198.51.100.9");
    assert_int_equal(prune(sample, 30).log_failures, 2);
    sample_is(sample, "SELECT ip FROM log_failures", "198.51.100.9");
}

static gint64 size_of_store(struct sample *sample)
{
    struct stat status;
    GError *error = NULL;

    store_close(sample->store);
    assert_int_equal(stat(sample->path, &status), 0);
    sample->store = store_open(sample->path, STORE_WRITE, &error);
    sample_ok(sample->store != NULL, error);
    return status.st_size;
}

/* What a million lines of ordinary mail tell in a day: 4000 domains, few of them often. */
static struct log_event ordinary(GRand *random, guint64 i, guint64 count, char *texts)
{
    double x = g_rand_double(random), kind = g_rand_double(random);
    unsigned domain = (unsigned)(4000 * x * x * x);
    struct log_event event = failure(i * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15),
                                     BEGIN + (gint64)(i * 86400 / count), texts + 600);

    g_snprintf(texts, 100, "some-%u-domain.example.net", domain * 7919 % 100003);
    g_snprintf(texts + 100, 100, "mx%u.%s", domain % 4, domain % 2 ? texts : "provider.example");
    g_snprintf(texts + 600, 20, "4jXJrY67pNz%07x", (unsigned)i);
    g_snprintf(texts + 200, 400,
               "Nov 18 12:00:00 mx1 postfix/smtp[12345]: %s: to=<@%s>, relay=%s[192.0.2.1]:25, "
               "delay=1.2, delays=0.1/0/1/0.1, dsn=4.7.5, status=deferred (Server certificate not "
               "verified)",
               texts + 600, texts, texts + 100);
    event.domain = texts;
    event.mx = texts + 100;
    event.line = texts + 200;
    if (kind > 1700.0 / 116700)
        event.kind = LOG_EVENT_SESSION;
    event.session = (enum session_outcome)(domain % 4 + 1);
    event.version = domain % 5 == 0 ? TLS_VERSION_1_2 : TLS_VERSION_1_3;
    if (kind > 55700.0 / 116700)
        event.direction = DIRECTION_IN;
    return event;
}

static void a_million_lines_take_less_than_four_megabytes(void **state)
{
    enum { EVENTS = 116700 };
    struct sample *sample = *state;
    gint64 before = size_of_store(sample);
    struct log_writer *writer = log_writer_new(sample->store);
    struct store_log_counts counts = {0};
    GRand *random = g_rand_new_with_seed(20261118);
    char texts[700];

    for (guint64 i = 0; i < EVENTS; i++) {
        struct log_event event = ordinary(random, i, EVENTS, texts);
        log_writer_take(writer, &event);
        if (log_writer_is_full(writer) || i % 20000 == 0)
            write_and_settle(sample->store, writer, &counts);
    }
    write_and_settle(sample->store, writer, &counts);
    log_writer_free(writer);
    g_rand_free(random);
    assert_int_equal(counts.sessions + counts.failures, EVENTS);
    assert_in_range(counts.failures, 1400, 2000);
    assert_in_range(size_of_store(sample) - before, 1 << 20, 4000000);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_session_is_counted_by_its_hour),
        IN_STORE(each_property_of_a_session_counts_apart),
        IN_STORE(a_session_told_by_another_line_is_not_counted_again),
        IN_STORE(of_clients_no_name_is_kept),
        IN_STORE(a_failure_is_kept_with_all_it_tells),
        IN_STORE(a_failure_tells_when_it_was_stored),
        IN_STORE(each_word_comes_back),
        IN_STORE(words_stand_in_the_store_once),
        IN_STORE(a_log_read_again_changes_nothing),
        cmocka_unit_test(any_order_of_overlapping_logs_ends_in_the_same),
        IN_STORE(one_line_may_tell_a_session_and_a_failure),
        cmocka_unit_test(what_was_told_alone_gives_way_to_the_whole),
        IN_STORE(a_session_of_two_lines_is_counted_once),
        IN_STORE(a_mark_is_of_its_host_and_hour),
        IN_STORE(small_and_large_marks_are_told_apart),
        IN_STORE(many_small_writes_leave_few_rows_of_marks),
        IN_STORE(hours_that_do_not_fit_in_memory_are_read_again),
        IN_STORE(what_waits_is_bounded),
        IN_STORE(marks_of_an_hour_are_bounded),
        IN_STORE(what_could_not_be_written_waits_on),
        IN_STORE(a_lock_that_stays_is_told_when_writing),
        IN_STORE(a_lock_is_not_waited_for_when_that_is_not_wanted),
        IN_STORE(a_writer_without_events_holds_no_lock),
        IN_STORE(two_processes_count_each_line_once),
        IN_STORE(a_returned_message_is_noted_in_its_rows),
        IN_STORE(a_return_read_before_its_failures_is_remembered),
        IN_STORE(failures_of_a_client_are_one_row_an_hour),
        IN_STORE(scanners_do_not_fill_the_store),
        IN_STORE(knows_the_clients_that_take_our_mail),
        IN_STORE(days_of_our_own_log_count_as_outbound),
        IN_STORE(one_log_is_not_read_by_two_roads),
        IN_STORE(times_that_touch_are_one),
        IN_STORE(a_position_comes_back_as_it_was),
        IN_STORE(gives_the_failures_that_are_asked_for),
        IN_STORE(spans_the_failures_that_came_in_or_were_given_up),
        IN_STORE(adds_up_the_deliveries_that_are_asked_for),
        IN_STORE(prunes_by_the_time_of_the_log),
        IN_STORE(a_route_that_prune_took_is_made_again),
        IN_STORE(clients_are_kept_where_a_report_names_them),
        IN_STORE(a_million_lines_take_less_than_four_megabytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
