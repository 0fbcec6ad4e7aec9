/* Shared by store*.c only. */
#ifndef SCHEMA_STORE_PRIVATE_H
#define SCHEMA_STORE_PRIVATE_H

#include "schema/error.h"
#include "schema/log_record.h"
#include "schema/store.h"
#include <sqlite3.h>

/* Every statement that is prepared once and used often; their texts stand in store_sql.c. */
enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_FIND_ARRIVAL,
    SQL_ADD_ARRIVAL,
    SQL_SET_OUTCOME,
    SQL_RAISE_OUTCOME,
    SQL_FIND_CONTENT,
    SQL_FIND_JSON,
    SQL_FIND_IDENTITY,
    SQL_FIND_BARE,
    SQL_MOVE_REPORT,
    SQL_MOVE_ISSUES,
    SQL_ADD_REPORT,
    SQL_SUPERSEDE,
    SQL_ADD_JSON,
    SQL_ADD_POLICY,
    SQL_ADD_FAILURE,
    SQL_ADD_ISSUE,
    SQL_ADD_TROUBLE,
    SQL_ADD_UNREAD,
    SQL_QUARANTINE_SIZE,
    SQL_OLDEST_QUARANTINED,
    SQL_DROP_UNREAD,
    SQL_POLICIES_OF,
    SQL_FAILURES_OF,
    SQL_FAILING_DAYS_MX,
    SQL_FAILING_DAYS_DOMAIN,
    SQL_COUNT_ISSUES,
    SQL_COUNT_ARRIVALS,
    SQL_COUNT_UNREAD,
    SQL_LAST_DIGEST,
    SQL_ADD_DIGEST,
    SQL_NEXT_REPORT,
    SQL_NEXT_UNREAD,
    SQL_DROP_POLICIES,
    SQL_DROP_REPORT_ISSUES,
    SQL_UPDATE_REPORT,
    SQL_UPDATE_HASHES,
    SQL_PRINT_POLICIES,
    SQL_PRINT_FAILURES,
    SQL_ARRIVAL_OF,
    SQL_ARRIVAL_OF_UNREAD,
    SQL_LIST_QUARANTINE,
    SQL_FIND_QUARANTINED,
    SQL_DROP_QUARANTINED,
    SQL_DATA_VERSION,
    SQL_FIND_MARKS,
    SQL_ADD_MARKS,
    SQL_SET_MARKS,
    SQL_FIND_LOG_WORDS,
    SQL_ADD_LOG_WORDS,
    SQL_ANY_ROUTE,
    SQL_FIND_ROUTE,
    SQL_ADD_ROUTE,
    SQL_ADD_COUNT,
    SQL_ADD_COUNTS, /* COUNTS_AT_ONCE rows */
    SQL_ADD_LOG_FAILURE,
    SQL_READ_OPEN,
    SQL_ADD_OPEN,
    SQL_BOUND_OPEN,
    SQL_UNCOUNT_OPEN,
    SQL_DROP_EMPTY_OPEN_COUNT,
    SQL_DROP_OPEN_SESSION,
    SQL_DROP_OPEN_FAILURE,
    SQL_DROP_LOG_FAILURE,
    SQL_FIND_ALONE,
    SQL_FIND_ALONE_COUNT,
    SQL_UNCOUNT_ALONE,
    SQL_DROP_EMPTY_COUNT,
    SQL_COUNT_CLIENTS,
    SQL_ADD_TO_CLIENT,
    SQL_FIND_EXPIRY,
    SQL_ADD_EXPIRY,
    SQL_FIND_RETURNED,
    SQL_SET_RETURNED,
    SQL_PUT_LOG_PEER,
    SQL_LOG_PEERS,
    SQL_OTHER_CARRIER,
    SQL_SPAN_OF_LOG,
    SQL_DROP_LOG_SPANS,
    SQL_ADD_LOG_SPAN,
    SQL_FIND_POSITION,
    SQL_PUT_POSITION,
    SQL_LOG_FAILURES,
    SQL_LOG_FAILURE_SPAN,
    SQL_DELIVERIES,
    SQL_FIND_DMARC_CONTENT,
    SQL_FIND_DMARC_IDENTITY,
    SQL_MOVE_DMARC,
    SQL_MOVE_DMARC_ISSUES,
    SQL_SUPERSEDE_DMARC,
    SQL_ADD_DMARC,
    SQL_ADD_DMARC_XML,
    SQL_ADD_DMARC_LIST,
    SQL_ADD_DMARC_ROW,
    SQL_NEXT_DMARC,
    SQL_PRINT_DMARC,
    SQL_PRINT_DMARC_ROWS,
    SQL_DROP_DMARC_ROWS,
    SQL_DROP_DMARC_LISTS,
    SQL_DROP_DMARC_ISSUES,
    SQL_UPDATE_DMARC,
    SQL_UPDATE_DMARC_HASHES,
    SQL_ARRIVAL_OF_DMARC,
    STATEMENT_COUNT
};
extern const char *const store_statements[STATEMENT_COUNT];

struct store {
    sqlite3 *db;
    char *path;
    gint64 waiting_since; /* of the busy handler, monotonic */
    bool leaves_log;
    int busy_ms;
    store_waits_fn waits; /* NULL: nobody is asked */
    void *waits_data;
    GHashTable *log_words; /* store_log_words.c; NULL: none are known */
    sqlite3_stmt *prepared[STATEMENT_COUNT];
};

/* Whether a lock that was first asked for at this monotonic time is waited for further. */
bool store_waits_on(const struct store *store, gint64 since);

/* Sets *error from what SQLite last said; always false. `doing`: "writing a report". */
bool store_fail(struct store *store, const char *doing, GError **error);

/* A statement with its bindings cleared; NULL with an error. Never finalised by the caller. */
sqlite3_stmt *store_statement(struct store *store, enum statement which, GError **error);

/* Steps a statement that gives no row, and resets it. */
bool store_run(struct store *store, sqlite3_stmt *statement, const char *doing, GError **error);

/* Runs SQL texts that need no values. */
bool store_exec(struct store *store, const char *sql, const char *doing, GError **error);

/* NULL stays NULL. The text or hash must live until the statement was stepped. */
void store_bind_text(sqlite3_stmt *statement, int index, const char *text);
void store_bind_hash(sqlite3_stmt *statement, int index, const uint8_t hash[RECORD_HASH_BYTES]);

/* A copy of a column's text; NULL for NULL. */
char *store_column_dup(sqlite3_stmt *statement, int column);

const char *original_encoding_word(enum original_encoding encoding);
enum original_encoding original_encoding_from_word(const char *word);

/* Reports of one kind. What is done with all kinds is done by the same code. */
struct store_family {
    enum statement find_content;  /* ?1 hash; gives id, arrival, authenticated */
    enum statement find_identity; /* ?1 hash; gives id, authenticated, is_mail, received_at,
                                    sender; the latest first */
    enum statement move;          /* ?1 id, ?2 arrival */
    enum statement move_issues;   /* likewise */
    enum statement supersede;     /* ?1 id, ?2 id of the one that counts */
    const char *clause;           /* of ids */
};
extern const struct store_family store_family_tlsrpt, store_family_dmarc;

/* What a report is known by. */
struct store_identity {
    const struct store_family *family;
    const uint8_t *content_hash;
    const uint8_t *identity_hash;
    const char *external_id;
};

/* A report that came before and counts: `id` 0 where none did. */
struct store_earlier {
    gint64 id;
    enum authenticity authenticated;
    bool is_mail;
    gint64 received_at;
};

/* The id in the first column; 0 where there is no row, -1 with an error. */
gint64 store_find_by_hash(struct store *store, enum statement which,
                          const uint8_t hash[RECORD_HASH_BYTES], GError **error);
/* The latest of that hash which counts and may be what `arrival`, unless NULL, revises: mails of
   equal trust from unrelated domains revise nothing of each other. */
bool store_find_counting(struct store *store, enum statement which,
                         const uint8_t hash[RECORD_HASH_BYTES], const struct arrival *arrival,
                         struct store_earlier *earlier, GError **error);
/* Whether a new report takes the place of an earlier one with the same identity. */
bool store_displaces(const struct arrival *arrival, const struct store_earlier *earlier);
/* `by` 0: it counts again. */
bool store_supersede(struct store *store, const struct store_family *family, gint64 id, gint64 by,
                     GError **error);
bool store_note_revision(struct store *store, gint64 arrival_id, gint64 id,
                         const struct store_identity *identity, bool counts, gint64 now,
                         GError **error);
/* The same content again. Now signed where it was not before: that is worth knowing, and says the
   same in whatever order the two came. */
bool store_know_again(struct store *store, const struct arrival *arrival, gint64 arrival_id,
                      gint64 id, const struct store_identity *identity, gint64 now,
                      struct store_counts *counts, GError **error);
bool store_add_issues_of(struct store *store, const struct store_family *family, gint64 arrival_id,
                         gint64 id, const GPtrArray *issues, gint64 now, GError **error);
/* Six parameters from `index` on: all of it but the bytes. */
void store_bind_original(sqlite3_stmt *statement, int index, const struct original *original);

/* store_intake.c, for store_keep.c. */
bool store_add_policies(struct store *store, gint64 report_id, const struct report *report,
                        GError **error);
bool store_add_issues(struct store *store, gint64 arrival_id, gint64 report_id,
                      const GPtrArray *issues, gint64 now, GError **error);
bool store_add_report(struct store *store, gint64 arrival_id, const struct arrival *arrival,
                      const struct report *report, gint64 now, int classified,
                      struct store_counts *counts, enum arrival_outcome *outcome, GError **error);
/* store_keep.c, for store_dmarc.c. */
bool store_run_for(struct store *store, enum statement which, gint64 id, GError **error);
void store_hash_column(GChecksum *hash, sqlite3_stmt *row, int column);
/* The arrival (column 0) and ingested_at (column 1) of a report; 0 with an error. */
gint64 store_arrival_of(struct store *store, enum statement which, gint64 id, gint64 *ingested_at,
                        GError **error);
/* Of a thing in the quarantine that was read at last. */
gint64 store_arrival_of_unread(struct store *store, gint64 id, GError **error);
bool store_unread_is_read(struct store *store, const struct store_kept *kept, gint64 arrival,
                          enum arrival_outcome outcome, GError **error);

/* store_log_write.c: one row of log_failure; `ip` in the place of the event's. */
bool store_add_log_failure(struct store *store, const struct log_event *event, const char *ip,
                           gint64 now, GError **error);
bool store_bound_quarantine(struct store *store, gint64 now, gint64 *dropped, GError **error);

#endif
