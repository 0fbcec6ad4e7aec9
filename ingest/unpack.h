/*
 * gzip (RFC 1952) and zip, by content, never past a ceiling. Nothing is written to disk, and
 * member names are never used as paths (RFC 8460, section 6.3).
 */
#ifndef INGEST_UNPACK_H
#define INGEST_UNPACK_H

#include "schema/record.h"
#include <glib.h>
#include <stdint.h>

enum unpack_kind { UNPACK_NONE, UNPACK_GZIP, UNPACK_ZIP };

struct unpack_member {
    char *name; /* of the member, without folders; NULL where none (gzip FNAME is not used) */
    GBytes *bytes;
    bool damaged; /* cut, bad checksum, or a limit met: what came before it is here */
    bool later;   /* only its first bytes are here: unpack_pieces() gives them all */
    guint index;  /* in its container */
};

/* A member larger than this may be left for unpack_pieces(). */
#define UNPACK_HELD_BYTES (256u << 10)

/* Whether a member that begins so is to be read in pieces. */
typedef bool (*unpack_probe_fn)(const char *head, size_t length);

/* Takes the next bytes of a member; false: no more are wanted. */
typedef bool (*unpack_take_fn)(const char *bytes, size_t length, void *taker);

/* By the first bytes: 1f 8b, "PK\3\4" (also "PK\5\6", an empty zip). */
enum unpack_kind unpack_sniff(const uint8_t *bytes, size_t length);

/*
 * Unpacks one level. gzip gives one member (several gzip members in a row are joined, bytes after
 * the last are dropped with an issue); zip gives one per file, directories left out. At most
 * *budget bytes come out, which is lowered by what did; LIMIT_UNPACK_RATIO holds as well. A cut or
 * damaged container gives its good part. Issues name `part`. Returns an array, maybe empty, of
 * struct unpack_member *, owned by the caller; free with g_ptr_array_unref().
 * Safe to call from several threads.
 */
GPtrArray *unpack(const uint8_t *bytes, size_t length, size_t *budget, const char *part,
                  GPtrArray *issues);

/*
 * The same, but a large member for which `probe`, unless NULL, answers true is left for later: of
 * the budget it takes no more than what is here.
 */
GPtrArray *unpack_or_leave(const uint8_t *bytes, size_t length, size_t *budget,
                           unpack_probe_fn probe, const char *part, GPtrArray *issues);

/*
 * Gives one member of a container to `take`, in pieces, up to a ceiling and LIMIT_UNPACK_RATIO.
 * Issues as above; none where `issues` is NULL.
 */
void unpack_pieces(const uint8_t *bytes, size_t length, guint index, size_t ceiling,
                   unpack_take_fn take, void *taker, const char *part, GPtrArray *issues);

/* gzip of what comes in pieces. Finishing frees the packer. */
struct unpack_packer;
struct unpack_packer *unpack_packer_new(void);
void unpack_packer_add(struct unpack_packer *packer, const char *bytes, size_t length);
GBytes *unpack_packer_finish(struct unpack_packer *packer);

/* gzip of `bytes`, for what is kept; never fails. */
GBytes *unpack_pack(const uint8_t *bytes, size_t length);

#endif
