/* Whose logs were read, by which way, and for which time. */
#ifndef INGEST_LOG_HOSTS_H
#define INGEST_LOG_HOSTS_H

#include "ingest/log/line.h"

struct log_host {
    char *name;
    enum log_carrier carrier;
    gint64 first_at;
    gint64 last_at;
};

/* So many are told apart; further ones are not noted. */
#define LOG_HOSTS_MAX 1000

struct log_hosts;

struct log_hosts *log_hosts_new(void);
void log_hosts_free(struct log_hosts *hosts);
void log_hosts_clear(struct log_hosts *hosts);

/* A line of the host's at that time; one without a name, or with a NUL in it, is none. */
void log_hosts_note(struct log_hosts *hosts, enum log_carrier carrier, struct span name, gint64 at);

/* What `other` noted. */
void log_hosts_join(struct log_hosts *hosts, const struct log_hosts *other);

/* struct log_host *, in the order they came */
const GPtrArray *log_hosts_list(const struct log_hosts *hosts);

#endif
