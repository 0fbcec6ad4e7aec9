/*
 * The store: one SQLite file. store*.c are the only users of sqlite3.h; everything else names an
 * operation. Each function that can fail for want of disk, locks or memory takes a GError **
 * (TLSTRIAGE_ERROR) and says so with the file's path.
 *
 * Writers take the write lock for a short transaction and wait for it up to STORE_BUSY_MS; readers
 * never wait (WAL).
 */
#ifndef SCHEMA_STORE_H
#define SCHEMA_STORE_H

#include "schema/record.h"
#include <glib.h>
#include <stdbool.h>

#define STORE_APPLICATION_ID 0x544c5354 /* "TLST", in the file's header */
#define STORE_BUSY_MS 60000

/* The quarantine: past either limit the oldest go first. */
#define STORE_QUARANTINE_BYTES (INT64_C(256) << 20)
#define STORE_QUARANTINE_DAYS 90

struct store;

enum store_mode {
    STORE_READ,  /* the file must exist, and be of this version */
    STORE_WRITE, /* made if missing, mode 0640; an older one is migrated in one transaction */
};

/*
 * Opens the store at `path`. NULL with TLSTRIAGE_ERROR_NEWER if a later version wrote it and
 * _FOREIGN if it is something else: both are left untouched. _OUTDATED: STORE_READ and migrations
 * are missing.
 */
struct store *store_open(const char *path, enum store_mode mode, GError **error);
void store_close(struct store *store);
/*
 * Leaves the write-ahead log as it is at close, for whoever writes one thing and goes: what was
 * committed is durable in the log, and a later writer moves it into the file.
 */
void store_leave_log(struct store *store);
const char *store_path(const struct store *store);

/* Whether the file at that path is another one now, or none. */
bool store_has_moved(struct store *store);

/* How long this handle waits for a lock, in the place of STORE_BUSY_MS. */
void store_set_busy_ms(struct store *store, int milliseconds);

/* Asked now and then while this handle waits for a lock: false, and it waits no longer. */
typedef bool (*store_waits_fn)(void *data);
void store_set_waits(struct store *store, store_waits_fn waits, void *data);

/*
 * Takes the lock file "STORE.NAME-lock", made if missing for the owner of the folder. The lock is
 * held while the file that is given stays open. -1 with TLSTRIAGE_ERROR_BUSY where another process
 * holds it.
 */
int store_lock(const struct store *store, const char *name, GError **error);

/* Version of the schema this program makes: the number of its migrations. */
int store_schema_version(void);

/* One writing transaction; BEGIN IMMEDIATE. Rollback never fails. */
bool store_begin(struct store *store, GError **error);
bool store_commit(struct store *store, GError **error);
void store_rollback(struct store *store);

/* What came of arrivals, added up. */
struct store_counts {
    guint mails;       /* arrivals that are mails */
    guint files;       /* arrivals that are plain files */
    guint new_reports; /* revisions among them */
    guint revised;
    guint known;       /* reports seen before */
    guint without;     /* arrivals that hold nothing we keep */
    guint quarantined; /* parts that could not be read */
    guint new_dmarc;   /* DMARC reports, as with new_reports */
    guint revised_dmarc;
    guint known_dmarc;
    guint bounced; /* new bounces that tell of failures; `without` has them too */
    guint issues;  /* new ones */
};

/*
 * Stores an arrival with everything in it that is not there yet; within a transaction of the
 * caller. The same arrival again changes nothing; the same report in another arrival is known; a
 * report with the same identity and other content is a revision (design: the latest counts, but
 * one that failed authentication never replaces one that did not). Adds to *counts.
 */
bool store_put_arrival(struct store *store, const struct arrival *arrival, gint64 now,
                       int classified, struct store_counts *counts, GError **error);

/* Records that an input (issue->part) could not be read; once for each input and problem. */
bool store_put_trouble(struct store *store, const struct issue *issue, gint64 now,
                       struct store_counts *counts, GError **error);

/* Which reports are meant. Zero or NULL: no bound. Superseded revisions are never given. */
struct store_filter {
    gint64 ingested_from; /* at or after */
    gint64 ingested_to;   /* before */
    gint64 begins_from;   /* likewise, of the reported period */
    gint64 begins_to;
    const char *domain;        /* recipient domain of a policy; other policies are left out */
    bool skip_unauthenticated; /* leave out those whose signature failed */
};

/* Gives each report to `take`, in the order in which they came. */
typedef void (*store_report_fn)(const struct stored_report *stored, void *data);
bool store_each_report(struct store *store, const struct store_filter *filter, store_report_fn take,
                       void *data, GError **error);

/*
 * Sessions of these reports as the view domain_days counts them, but for those with the domains
 * `without` (char *; NULL: none).
 */
bool store_sum_sessions(struct store *store, const struct store_filter *filter,
                        const GPtrArray *without, int64_t *successes, int64_t *failures,
                        GError **error);

/*
 * Gives the days (Unix seconds) after `from` up to `until` on which failures of `type` were
 * reported at `mx`, or, where that is NULL, for `domain`: for each organization the latest first.
 */
typedef void (*store_day_fn)(const char *organization, gint64 day, void *data);
bool store_failing_days(struct store *store, enum failure_type type, const char *mx,
                        const char *domain, gint64 from, gint64 until, store_day_fn take,
                        void *data, GError **error);

/* A number under a name: "container", "tlsrpt stored". */
struct store_tally {
    char *what;
    guint count;
};
void store_tally_free(struct store_tally *tally);

/* GPtrArray of struct store_tally *; of what came in within the filter's ingested_from/_to. */
GPtrArray *store_count_issues(struct store *store, const struct store_filter *filter,
                              GError **error);
GPtrArray *store_count_arrivals(struct store *store, const struct store_filter *filter,
                                GError **error);
/* Of the issues that belong to a report, of TLS or DMARC, that the filter means. */
GPtrArray *store_count_report_issues(struct store *store, const struct store_filter *filter,
                                     GError **error);
/* Of what came in: quarantined, and kept by an earlier version until `reparse` reads it. */
bool store_count_unread(struct store *store, const struct store_filter *filter, guint *quarantined,
                        guint *not_yet, GError **error);

/* End of the period that the last sent digest covered; 0 where none was sent. */
bool store_last_digest(struct store *store, gint64 *covers_to, GError **error);
bool store_put_digest(struct store *store, gint64 at, gint64 covers_from, gint64 covers_to,
                      const char *recipient, GError **error);

/* What prune took away, or would. */
struct store_pruned {
    gint64 reports;
    gint64 dmarc_reports;
    gint64 dmarc_rows;
    gint64 arrivals;
    gint64 quarantined;
    gint64 issues;
    gint64 log_failures;
    gint64 log_counts; /* rows of the view deliveries */
    gint64 log_marks;  /* rows of what is remembered of logs that were read */
};

/*
 * Drops what is older than `days` before `now`: reports by the end of their period (or when they
 * came in, if that was earlier) with their JSON; what logs told, by its time; the quarantine by its
 * own limits; rows of failed handshakes of clients by STORE_LOG_INBOUND_DAYS, but those of
 * addresses that a stored report names as its sender's are kept as long as the rest. `dry_run`
 * counts only. Opens its own transactions, each of them short.
 */
bool store_prune(struct store *store, int days, gint64 now, bool dry_run,
                 struct store_pruned *pruned, GError **error);

/* Where a kept thing is: a TLS report, the quarantine or what an earlier version left unread, a
   DMARC report. */
enum store_kept_kind { KEPT_REPORT, KEPT_UNREAD, KEPT_DMARC };

/* One thing to be read again. */
struct store_kept {
    gint64 id; /* of a thing of its kind */
    enum store_kept_kind kind;
    bool later; /* KEPT_UNREAD: left unread by an earlier version, not quarantined */
    struct original original;
    struct arrival *arrival; /* its mail's fields; no reports, unread, issues */
    bool stays; /* set by who releases a report of it: something else is in it as well */
};
void store_kept_clear(struct store_kept *kept);

/*
 * The next kept thing of a kind with an id above `after`; false at the end. The kinds are walked
 * one after the other by the caller.
 */
bool store_next_kept(struct store *store, enum store_kept_kind kind, gint64 after,
                     struct store_kept *kept, bool *found, GError **error);

/*
 * Puts `report` in the place of the stored report `id`: same id, policies, failures and issues made
 * anew, the issues as of the time when the report came in. Within a transaction of the caller.
 * *changed: its policies or failures are not what they were.
 */
bool store_replace_report(struct store *store, gint64 id, const struct report *report,
                          int classified, bool *changed, GError **error);

/* Stores a report that came out of the quarantine and, unless kept->stays, drops it there; within a
   transaction. */
bool store_release(struct store *store, const struct store_kept *kept, struct report *report,
                   gint64 now, int classified, struct store_counts *counts, GError **error);

/*
 * Runs one reading SQL text and gives each row's cells (NULL for NULL; blobs as upper-case hex) to
 * `take`, which returns whether it wants more; `names` are the columns. The store must be open with
 * STORE_READ.
 */
typedef bool (*store_row_fn)(int columns, const char *const *names, const char *const *cells,
                             void *data);
bool store_query(struct store *store, const char *sql, store_row_fn take, void *data,
                 GError **error);

typedef struct store Store;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)

#endif
