/* Whose logs were read, by which way, and for which time. */
#ifndef INGEST_LOG_HOSTS_H
#define INGEST_LOG_HOSTS_H

#include "ingest/log/line.h"

struct log_host {
    char *name;
    enum log_carrier carrier;
    gint64 first_at; /* of the lines that were taken; 0: none was */
    gint64 last_at;
    bool refused; /* further lines are not taken */
};

/* So many are told apart; further ones are not noted. */
#define LOG_HOSTS_MAX 1000

struct log_hosts;

struct log_hosts *log_hosts_new(void);
void log_hosts_free(struct log_hosts *hosts);
void log_hosts_clear(struct log_hosts *hosts);

/* A line of the host's at that time; one without a name, or with a NUL in it, is none. */
void log_hosts_note(struct log_hosts *hosts, enum log_carrier carrier, struct span name, gint64 at);

/* Whether lines of `host` may be taken, with which its log would reach from its first_at to its
   last_at. Asked until it is false. */
typedef bool (*log_admit_fn)(const struct log_host *host, void *data);

/* What `other` noted; but for hosts whose lines are not admitted. `admit` may be NULL. */
void log_hosts_join(struct log_hosts *hosts, const struct log_hosts *other, log_admit_fn admit,
                    void *data);

/* Whether the lines of this host are refused. */
bool log_hosts_refuse(const struct log_hosts *hosts, enum log_carrier carrier, struct span name);

/* struct log_host *, in the order they came */
const GPtrArray *log_hosts_list(const struct log_hosts *hosts);

#endif
