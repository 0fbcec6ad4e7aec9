/* What the files of the envelope reader share: envelope.c, envelope_*.c. */
#ifndef INGEST_LOG_ENVELOPE_PRIVATE_H
#define INGEST_LOG_ENVELOPE_PRIVATE_H

#include "ingest/log/envelope.h"

#define ENVELOPE_DEPTH 4          /* prefixes and envelopes around one another in one line */
#define ENVELOPE_HOSTS 8          /* whose previous line is kept for "last message repeated" */
#define ENVELOPE_HOST_BYTES 256   /* of a host's name there */
#define ENVELOPE_KEPT_BYTES 4096  /* of a line there; a longer one is not kept */
#define ENVELOPE_SPLIT 4          /* lines of Exim that are put together at a time */
#define ENVELOPE_WORD_BYTES 24    /* of a month, a weekday, a zone */
#define ENVELOPE_REPEATS 10000000 /* more is taken for a lie */

/* envelope_time.c: stamps */

struct stamp {
    gint64 at;     /* 0 where it says nothing of the time of day */
    size_t length; /* without the blank after it */
    bool absolute; /* names its zone */
    bool spaced;   /* "2025-02-10 14:32:17", which is Exim's way */
    bool journal;  /* in a form that only journalctl writes */
};

/* Counts years by the order of stamps that have none. */
struct envelope_years {
    bool begun;
    int year;
    int month;
    int day;
};

struct envelope_word {
    char at[ENVELOPE_WORD_BYTES];
    size_t length;
};

/* What was found for the stamp before, so that the next one costs a comparison. */
struct envelope_time {
    GTimeZone *zone;
    gint64 limit; /* no stamp without a year is later */
    struct envelope_years years;
    bool looked;        /* envelope_time_look_ahead() set years.year */
    bool day_known;     /* the next four are set */
    char second[15];    /* "Mar  1 00:00:01" */
    char day[7];        /* "Mar  1 " */
    gint64 at;          /* of `second` */
    gint64 midnight;    /* of `day`, local, as if it were UTC */
    char date[10];      /* "2026-03-01" */
    gint64 date_starts; /* likewise */
    char moment[19];    /* "2026-03-01 00:00:01", without a zone behind it */
    gint64 moment_at;
    gint64 zone_day; /* the day that zone_offset is for */
    int zone_offset;
    bool zone_steady;               /* and holds all day */
    struct envelope_word words[12]; /* names of months, other than English ones */
    int word_month;                 /* of the latest of them; 0: none yet */
};

void envelope_time_init(struct envelope_time *time, GTimeZone *zone, gint64 limit);
void envelope_time_clear(struct envelope_time *time);

/* Whether `text` begins with a stamp that is followed by a blank or nothing. */
bool envelope_time_take(struct envelope_time *time, struct span text, struct stamp *stamp);

/* Seconds, milliseconds, microseconds or nanoseconds since 1970 in digits; 0 for anything else. */
gint64 envelope_time_of_number(struct span digits);

/* The lines of a whole file as envelope_time_look_next() is given them, then the end. */
struct envelope_look {
    struct envelope_years years;
    char day[7];
    int leap_year;     /* the year, counted from the first, that held a 29 February; -1: none */
    struct span stamp; /* the last one */
};
void envelope_time_look_next(struct envelope_look *look, struct envelope_time *time,
                             struct span line);
void envelope_time_look_end(struct envelope_look *look, struct envelope_time *time);

/* envelope_month.c: 1 to 12 for an abbreviated month in a language that we know; 0: none. */
int envelope_month_english(const char *at);
int envelope_month_find(struct span word);

/* envelope_syslog.c: what stands around "PROGRAM[PID]: MESSAGE" */

/* "PROGRAM[PID]: MESSAGE"; leaves `line` as it is where that is not there. */
bool envelope_syslog_tag(struct span text, struct log_line *line);

/* "HOST PROGRAM[PID]: MESSAGE" and what comes in its place. False: nothing like it. */
bool envelope_syslog_header(struct span text, struct log_line *line);

/* "HOST PROGRAM PID MSGID DATA MESSAGE" of RFC 5424, after the stamp. */
bool envelope_syslog_5424(struct span text, struct log_line *line);

/* "<22>"; `text` is then what follows. */
bool envelope_syslog_priority(struct span *text);

/* Takes one thing off that others put before a line: "# ", "postfix  | ". False: there is none. */
bool envelope_syslog_prefix(struct span *text);

/* The first word, up to a blank; `rest` is what follows the blanks after it. */
struct span envelope_syslog_word(struct span text, struct span *rest);

/* envelope_journal.c: JSON and journalctl -o export */

enum {
    JOURNAL_HAS_MESSAGE = 1 << 0,
    JOURNAL_HAS_CONTEXT = 1 << 1, /* a program or a time */
    JOURNAL_IS_JOURNAL = 1 << 2,  /* journald's own fields */
    JOURNAL_IS_OTHER = 1 << 3,    /* fields of Halon's log */
    JOURNAL_IS_REPORT = 1 << 4,   /* fields of a TLS-RPT report */
};

/* A field's value in the text of `struct journal_entry`. */
struct journal_value {
    bool set;
    unsigned rank; /* the lower counts */
    gsize at;
    gsize length;
};

enum journal_slot {
    JOURNAL_MESSAGE,
    JOURNAL_HOST,
    JOURNAL_PROGRAM,
    JOURNAL_PID,
    JOURNAL_TIME,
    JOURNAL_SLOTS
};

struct journal_entry {
    GString *text; /* the caller's */
    unsigned has;
    struct journal_value values[JOURNAL_SLOTS];
};

/* Reads as far as it can; a cut end is no matter. False: `bytes` are no object. */
bool envelope_journal_json(struct span bytes, struct journal_entry *entry);
void envelope_journal_export(struct span bytes, struct journal_entry *entry);

/* Fills in all but the message, which is given back; empty where there is none. */
struct span envelope_journal_fill(const struct journal_entry *entry, struct envelope_time *time,
                                  struct log_line *line);

/* envelope_exim.c */

struct envelope;
struct envelope_exim;

/* What follows the stamp in a mainlog; false where it is syslog with such stamps. */
bool envelope_exim_mainlog(struct span rest, struct log_line *line);

/*
 * A line of Exim's that came through syslog: its own stamp goes off, and long lines that were split
 * are put together. Then `message` is empty until the last part has come.
 */
void envelope_exim_syslog(struct envelope *envelope, struct log_line *line);

void envelope_exim_free(struct envelope_exim *exim);

/* envelope_sniff.c */

/* Whether what follows the stamp in a mainlog is Exim's; other logs have such stamps too. */
bool envelope_is_exim_message(struct span text);

/* envelope.c */

struct previous {
    char host[ENVELOPE_HOST_BYTES];
    size_t host_length;
    char text[ENVELOPE_KEPT_BYTES]; /* "PROGRAM[PID]: MESSAGE" */
    struct log_line line;           /* its spans point to `text`, or */
    bool is_lent;                   /* to the line as it came */
};

struct envelope {
    struct envelope_time time;
    bool journal;  /* journalctl's comments are among the lines: its short form looks like syslog */
    bool absolute; /* the time found last has a zone of its own */
    bool mainlog;  /* the line is one of Exim's own mainlog */
    /* What spans point to that does not stand in the line as it came; JSON may stand in JSON. */
    GString *texts[ENVELOPE_DEPTH];
    GString *whole;
    struct envelope_exim *exim; /* NULL until the first part of a line comes */
    struct previous *previous;  /* ENVELOPE_HOSTS of them */
    unsigned hosts;
    unsigned latest; /* of them, whose line came last */
};

/* As envelope_take(), and whether the line is in a form that we know. */
bool envelope_know(struct envelope *envelope, struct span text, struct log_line *line);

#endif
