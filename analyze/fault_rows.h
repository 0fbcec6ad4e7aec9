/*
 * What the builder of faults keeps of the reports: numbers in place of texts, so that a hundred
 * thousand rows stay small. Private to analyze/fault*.c.
 */
#ifndef ANALYZE_FAULT_ROWS_H
#define ANALYZE_FAULT_ROWS_H

#include "analyze/fault.h"
#include "analyze/names.h"
#include <glib.h>

/* Past this many rows a policy keeps one row for each failure type, without its addresses. */
#define FAULT_ROWS 2000000

/* One failing row. */
struct fault_row {
    guint8 type; /* enum failure_type */
    guint8 effect;
    guint32 policy; /* index */
    guint32 mx;     /* the names from here on */
    guint32 receiving_ip;
    guint32 sending_ip;
    guint32 result;
    guint32 reason;
    guint32 reason_key; /* the reason without the domain's name in it; only where mx is 0 */
    guint32 group;      /* set by fault_group() */
    int64_t sessions;
};

/* One policy of one report. */
struct row_policy {
    guint8 type; /* enum policy_type */
    guint8 mode;
    guint32 report; /* index */
    guint32 reporter;
    guint32 domain;
    guint32 strings; /* joined by POLICY_JOINT; 0 where no row fails */
    int64_t day;
    int64_t successes;
    int64_t unexplained;
};

#define POLICY_JOINT "\n"

struct row_report {
    guint32 reporter;
    guint32 contact;
    guint32 stamp; /* the last fault that counted it */
    bool authenticated_fail;
    bool microsoft;
    int64_t day;
    int64_t ends_at;
    int64_t received_at;
};

struct fault_builder {
    struct names *names;
    GArray *reports;  /* struct row_report */
    GArray *policies; /* struct row_policy */
    GArray *rows;     /* struct fault_row */
};

/*
 * Sets the group of each row: rows of one group are one fault. Sorts the rows. The time is
 * O(n log n) whatever the reports hold.
 */
void fault_group(struct fault_builder *builder);

/* Sorts the rows so that those of one fault stand together, in the order that fault_sum() needs. */
void fault_sort(struct fault_builder *builder);

/*
 * The fault of the rows [from, to), not yet judged. `newest`: reporter -> the newest day that it
 * reported, in days. `stamp`: another number for each fault, from 1.
 */
struct fault *fault_sum(struct fault_builder *builder, GHashTable *newest, guint32 stamp,
                        guint from, guint to);
void fault_free(struct fault *fault);

#endif
