/* The state of things in one line, as monitoring plugins say it, with what came in below. */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include "report/overview.h"

/* Exit statuses of monitoring plugins. */
enum status_level { STATUS_OK, STATUS_WARNING, STATUS_CRITICAL, STATUS_UNKNOWN };

struct status {
    int days; /* that it looks back */
    guint reports;
    bool never_reported; /* there is no report at all, of whatever day */
    bool has_log;        /* our own log was read */
    gint64 log_sessions; /* of it, in these days */
    gint64 newest_day;   /* of the latest period that was reported on; 0: none */
    guint faults;        /* still going on */
    guint critical;
    guint high;
    guint quarantined;
    char *worst;               /* how many faults, and the worst, in words; NULL where none */
    bool has_dmarc;            /* reports about DMARC as well, which `reports` does not count */
    bool mail_failed;          /* by those about DMARC, which is no fault */
    struct overview *overview; /* owned */
};

void status_clear(struct status *status);

/*
 * CRITICAL: a critical fault. WARNING: a grave one, something unreadable, or no report at all in
 * the days looked at, unless there never was one and our log has sessions of these days.
 */
enum status_level status_level(const struct status *status);

/* "tlstriage OK: ... | reports=12 ...", then the overview. */
char *status_text(const struct status *status, guint width);
char *status_json(const struct status *status);

#endif
