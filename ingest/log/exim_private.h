/* Exim's log: what the files exim*.c share. */
#ifndef INGEST_LOG_EXIM_PRIVATE_H
#define INGEST_LOG_EXIM_PRIVATE_H

#include "ingest/limits.h"
#include "ingest/log/dialect.h"
#include "ingest/log/pattern.h"

#define EXIM_ID_BYTES 32 /* a message id has 16, since 4.97 23 */
#define EXIM_IP_BYTES 64
#define EXIM_IPS 512
#define EXIM_CIPHERS 32
#define EXIM_CIPHER_BYTES 100

/* Messages with something pending, and hosts they met trouble at; past them the oldest are told. */
#define EXIM_MESSAGES_MAX 2048
#define EXIM_ATTEMPTS_MAX 4096
#define EXIM_ATTEMPTS_OF_MESSAGE 16

/* Recipients of one attempt are logged together; later the host was tried again. */
#define EXIM_ATTEMPT_SECONDS 60

/* Domains whose mail waits, and why. */
#define EXIM_DOMAINS_MAX 4096

/* Hosts a connection may still be open to, and for how long. */
#define EXIM_OPEN_HOSTS 4096
#define EXIM_OPEN_SECONDS 3600

enum exim_verified { EXIM_CV_ABSENT, EXIM_CV_NO, EXIM_CV_YES, EXIM_CV_DANE };

/* A line with a flag ("=>" "**" "=="): what stands after the flag. Spans point into the line. */
struct exim_delivery {
    struct span address;  /* ADDR, or what it was delivered to */
    struct span original; /* <ORIG> without the brackets; empty where none */
    struct span host;     /* H=; empty where none */
    struct span ip;       /* [IP] without the brackets; empty where none */
    bool is_continued;    /* "[IP]*": over a connection that was there */
    bool is_encrypted;    /* by X=, or for want of +tls_cipher by CV= or DN= */
    struct span cipher;   /* X=; empty where none */
    enum exim_verified verified;
    struct span text; /* the reason */
};

/* "(P)HOST (HELO) [IP] I=[...] P=esmtps X=... CV=..." of an arrival. */
struct exim_arrival {
    struct span protocol;
    struct span cipher;
    enum exim_verified verified;
    bool has_host;
    bool has_name; /* DN= */
};

/* How much a finding says; of two the higher one is taken. */
enum exim_rank {
    EXIM_NOTHING,
    EXIM_GENERIC,       /* "failure while setting up TLS session" */
    EXIM_HANDSHAKE,     /* broke off, or an error text that we do not know */
    EXIM_CHECK_FAILED,  /* "certificate verify failed": why is in another line, if anywhere */
    EXIM_NAME_MISMATCH, /* from here on the whole reason; of several in rising order */
    EXIM_CHECKED,
    EXIM_UNTRUSTED,
    EXIM_SELF_SIGNED,
    EXIM_EXPIRED,
    EXIM_REVOKED,
    EXIM_EXACT,
};

/* What a line does to the delivery it stands before. */
enum exim_kind {
    EXIM_FAILED,   /* the session */
    EXIM_CHECK,    /* one thing found wrong with the certificate */
    EXIM_SOFT,     /* DANE was hoped for; the delivery goes on without */
    EXIM_IN_CLEAR, /* the session failed; the delivery goes on in clear */
};

struct exim_finding {
    enum exim_rank rank;
    enum exim_kind kind;
    enum log_detail detail;
    enum log_detail dane_detail; /* where it turns out to be about DANE; DETAIL_NONE: the same */
    enum result_type result;
    enum tls_level level;
    bool is_dane;     /* TLSA records were to authenticate the host */
    bool no_session;  /* of a lookup: no session was to be */
    struct span name; /* of the host, where the text holds it */
    struct span ip;
    struct span reason; /* the part of the text that tells it */
};

/* An address as it was read, and as the records want it. */
struct exim_ip {
    size_t length;
    char text[EXIM_IP_BYTES];
    char ip[EXIM_IP_BYTES];
};

/* Of a message. */
struct exim_id {
    guint hash; /* of text, known since the line was looked at */
    char text[EXIM_ID_BYTES];
};

/* What a line says by itself. */
enum exim_form { EXIM_OTHER, EXIM_DELIVERED, EXIM_ARRIVED, EXIM_DEFERRED, EXIM_BOUNCED };
struct exim_look {
    struct span id; /* of the message; empty where the line is of none */
    guint id_hash;
    struct span text; /* what follows the id, or all of the line */
    enum exim_form form;
    union {
        struct exim_delivery delivery;
        struct exim_arrival arrival;
    };
};
G_STATIC_ASSERT(sizeof(struct exim_look) <= LOG_LOOK_BYTES);

/* "TLS1.3:TLS_AES_256_GCM_SHA384:256" as it was read, and what it says. */
struct exim_cipher {
    size_t length; /* of text; 0 where the cipher is longer than text takes */
    char text[EXIM_CIPHER_BYTES];
    enum tls_version version;
    bool is_anonymous;
};

struct exim {
    struct log_context *context;
    struct pattern_set *reasons;
    struct pattern_set *errors;
    struct pattern_set *checks;
    struct pattern_set *evidence;
    struct pattern_set *inbound;
    struct pattern_set *inbound_errors;
    GHashTable *messages; /* struct exim_id: struct exim_message */
    GQueue by_age;        /* the same, oldest first */
    guint attempts;       /* of all messages */
    GHashTable *domains;  /* name: struct exim_domain */
    GQueue domains_by_age;
    struct exim_open *open;    /* EXIM_OPEN_HOSTS */
    struct exim_open *refused; /* clients whose handshake failed just now */
    struct exim_split *split;
    GString *reason;
    char host[LIMIT_DOMAIN_BYTES + 1]; /* of the event that is made */
    char domain[LIMIT_DOMAIN_BYTES + 1];
    char mx[LIMIT_DOMAIN_BYTES + 1];
    char ip[EXIM_IP_BYTES];
    struct exim_id id;
    struct exim_ip ips[EXIM_IPS]; /* read before; each has one place */
    struct exim_cipher ciphers[EXIM_CIPHERS];
};

/* A host, and when it was seen last: 0 never. */
struct exim_open {
    guint64 hash;
    gint64 at;
};

/* exim_line.c: the anatomy of a line. */

/* Length of the message id that `text` begins with, 0 where none does. */
size_t exim_id_length(struct span text);

/* "=>" ">>" "**" "==": what follows it. Always gives something. */
void exim_parse_delivery(struct span rest, struct exim_delivery *delivery);

/* To another host: others deliver to files, programs and sockets. */
bool exim_is_remote(const struct exim_delivery *delivery);

/* "<=": what follows it. Always gives something. */
void exim_parse_arrival(struct span rest, struct exim_arrival *arrival);

/* From another host by SMTP. */
bool exim_is_of_client(const struct exim_arrival *arrival);

/* The domain of the recipient, of <ORIG> where ADDR has none; empty where there is none. */
struct span exim_recipient_domain(const struct exim_delivery *delivery);

/* Seconds the message was on the queue when the line was written, by QT= or its id; -1: unknown. */
gint64 exim_delay(struct span message, const char *id, gint64 at);

/* What X= says, until the next is read; NULL: nothing, the session was in clear. */
const struct exim_cipher *exim_read_cipher(struct exim *exim, struct span cipher);
enum tls_version exim_tls_version(const struct exim_cipher *cipher);
/* Of a session with TLS; `cipher` NULL: not known. */
enum session_outcome exim_session(const struct exim_cipher *cipher, enum exim_verified verified);

/* exim_name.c: names as the records want them; "" for what is none. */
void exim_take_name(struct span name, char out[LIMIT_DOMAIN_BYTES + 1]);

/* Puts the address into exim->ip. */
void exim_take_ip(struct exim *exim, struct span ip);

/* exim_reason.c: what a text says. */
void exim_open_reasons(struct exim *exim);
void exim_close_reasons(struct exim *exim);
/* The text of a "==" or "**" line, or after "H=HOST [IP]: ". */
bool exim_read_reason(struct exim *exim, struct span text, struct exim_finding *finding);
/* The text of a line without a flag: evidence. */
bool exim_read_evidence(struct exim *exim, struct span text, struct exim_finding *finding);
/* No host was tried, since the ones that failed before are not to be tried again yet or at all. */
bool exim_is_retry(struct span text);
/* "4.7.0" in the reply of a server; empty where none. */
struct span exim_read_dsn(struct span text);

/* exim_message.c: what becomes of messages. `id`: of the message. */
void exim_open_messages(struct exim *exim);
void exim_close_messages(struct exim *exim);
bool exim_take_delivered(struct exim *exim, const struct log_line *line,
                         const struct exim_delivery *delivery);
bool exim_take_refused(struct exim *exim, const struct log_line *line,
                       const struct exim_delivery *delivery, bool is_bounce);
bool exim_take_evidence(struct exim *exim, const struct log_line *line, struct span text);
bool exim_take_completed(struct exim *exim);
void exim_settle_messages(struct exim *exim, gint64 before);

/* exim_domain.c: why the mail to a domain waits. */
struct exim_domain {
    char name[LIMIT_DOMAIN_BYTES + 1];
    char mx[LIMIT_DOMAIN_BYTES + 1];
    char ip[EXIM_IP_BYTES];
    struct exim_finding finding;
    GList age; /* in struct exim.domains_by_age */
};
guint exim_hash(gconstpointer text); /* of a string, as a GHashTable wants it */
void exim_open_domains(struct exim *exim);
void exim_close_domains(struct exim *exim);
void exim_remember_domain(struct exim *exim, const struct log_event *event,
                          const struct exim_finding *finding);
void exim_forget_domain(struct exim *exim, const char *name);
const struct exim_domain *exim_find_domain(const struct exim *exim, const char *name);

/* Whether the host was seen within `seconds` before. */
bool exim_was_seen(const struct exim_open *open, const char *ip, gint64 at, gint64 seconds);
/* The same, and now it is. */
bool exim_see_host(struct exim_open *open, const char *ip, gint64 at, gint64 seconds);

/* exim_inbound.c: we are the server. */
void exim_open_inbound(struct exim *exim);
void exim_close_inbound(struct exim *exim);
bool exim_take_arrival(struct exim *exim, const struct log_line *line,
                       const struct exim_arrival *arrival);
bool exim_take_connection(struct exim *exim, const struct log_line *line, struct span text);

/* exim_split.c: lines that syslog got in pieces. */
struct exim_split;
struct exim_split *exim_split_new(void);
void exim_split_free(struct exim_split *split);
/* exim.c: a whole line. */
bool exim_take_whole(struct exim *exim, const struct log_line *line, struct span text);
/* Whether `text` is "[1/2] ..."; *told: whether what it completes told something. */
bool exim_take_piece(struct exim *exim, const struct log_line *line, struct span text, bool *told);
void exim_settle_pieces(struct exim *exim, gint64 before);

/* exim.c: an event of this line, with what all events have in common. */
struct log_event exim_event(struct exim *exim, const struct log_line *line,
                            enum log_event_kind kind);
const char *exim_scrubbed(struct exim *exim, struct span text);
/* Adds type and detail. */
void exim_put_finding(struct log_event *event, const struct exim_finding *finding);

#endif
