/* TLSA records as reports quote them (RFC 6698, RFC 7671, RFC 7672). */
#ifndef ANALYZE_TLSA_H
#define ANALYZE_TLSA_H

#include <glib.h>
#include <stdbool.h>

struct tlsa {
    int usage; /* 0..255 */
    int selector;
    int matching;
    char *data; /* lower-case hex */
};

/* What the record set of one policy amounts to. */
struct tlsa_set {
    guint records;
    guint usable;     /* for SMTP, RFC 7672, section 3.1 */
    guint usable_ee;  /* of these with usage DANE-EE(3) */
    guint usable_ta;  /* of these with usage DANE-TA(2) */
    guint unreadable; /* strings that are no TLSA record */
};

/* "3 1 1 <hex>", blanks within the hex allowed. False leaves *record untouched. */
bool tlsa_parse(const char *text, struct tlsa *record);
void tlsa_clear(struct tlsa *record);

/*
 * Usable for SMTP: usage 2 or 3, selector 0 or 1, matching type 1 with 32 bytes, 2 with 64, 0 with
 * more than 32.
 */
bool tlsa_usable(const struct tlsa *record);

/* `strings`: char *, as in struct policy. */
struct tlsa_set tlsa_summarize(const GPtrArray *strings);

#endif
