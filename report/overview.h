/* What came in within a time, as plain data: for the digest's end and for `status`. */
#ifndef REPORT_OVERVIEW_H
#define REPORT_OVERVIEW_H

#include "report/page.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* One kind of arrivals, with who sent most of them. */
struct overview_kind {
    char *kind; /* "tlsrpt", "dmarc", "arf", "bounce", "log", "other" */
    guint count;
    guint stored; /* new to the store */
    guint known;
    guint ignored;
    guint quarantined;
    GPtrArray *senders; /* struct overview_sender *, most first; the rarest may be left out */
};

struct overview_sender {
    char *domain; /* of the sender; NULL where none was said */
    guint count;
};

struct overview_problem {
    char *problem;
    char *clause; /* NULL where no standard is broken */
    guint count;
};

/* A domain that reports are about though the configuration does not call it ours. */
struct overview_domain {
    char *domain;
    guint reports;
    guint organizations;
    int64_t successes;
    int64_t failures;
    guint dmarc_reports; /* the members above are of TLS reports */
    guint dmarc_organizations;
};

/* A reporter with reports whose signature failed. */
struct overview_unsigned {
    char *organization;
    guint failed;
    guint passed; /* reports of it that ever passed: then it is a known reporter */
};

struct overview {
    GPtrArray *kinds;    /* struct overview_kind *, most first */
    GPtrArray *problems; /* struct overview_problem *: what lies in the quarantine */
    GPtrArray *foreign;  /* struct overview_domain * */
    GPtrArray *failed;   /* struct overview_unsigned * */
};

struct overview *overview_new(void);
void overview_free(struct overview *overview);

/* Whether TLS reports came about domains that are not ours. */
bool overview_has_foreign(const struct overview *overview);

/* Lines below a heading of the caller; nothing where nothing came. */
void overview_write(struct page *page, const struct overview *overview);

typedef struct overview Overview;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Overview, overview_free)

#endif
