/* Words and numbers as the formats say them. What is returned as char * is owned by the caller. */
#ifndef REPORT_PHRASE_H
#define REPORT_PHRASE_H

#include "analyze/fault.h"

char *phrase_day(int64_t at);                   /* "2026-11-21" */
char *phrase_minute(int64_t at);                /* "2026-11-21 06:00" */
char *phrase_time(int64_t at);                  /* "2026-11-21T06:00:00Z", RFC 3339 */
char *phrase_days(int64_t first, int64_t last); /* "2026-11-19 to 2026-11-21", or one day */
char *phrase_number(int64_t number);

char *phrase_age(int64_t seconds); /* "2 days 3 hours", "45 minutes" */

/* "91.8 %", "under 0.1 %"; "" where there was no session. */
char *phrase_share(int64_t failed, int64_t good);

/* "was returned to its authors" */
const char *phrase_effect(enum mail_effect effect);
const char *phrase_actor(enum actor actor);

/* A text of strangers, made safe and cut to PHRASE_COLUMNS. */
char *phrase_text(const char *text);
#define PHRASE_COLUMNS 160

/* A domain's name, or words for the unknown one. */
char *phrase_domain(const char *name);

/* "dane-no-match (300), certificate-expired (2) and 5 more"; struct fault_count *. */
char *phrase_counts(const GPtrArray *counts, guint limit);

/* "Google Inc., Microsoft and 3 more"; char *. */
char *phrase_names(const GPtrArray *names, guint limit);

/* Ends a list of `total` of which `shown` were named. */
void phrase_rest(GString *out, guint total, guint shown);

#endif
