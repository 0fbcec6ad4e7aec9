/*
 * Whether two readings of one mail are equal in all that mail.h promises, the verdict on
 * Authentication-Results left out. For the tests of the short cut and its fuzz target.
 */
#ifndef TESTS_LIB_MAIL_SAME_H
#define TESTS_LIB_MAIL_SAME_H

#include "ingest/mail.h"

static const char *part_difference(const struct mail_part *one, const struct mail_part *other)
{
    if (g_strcmp0(one->part, other->part) != 0)
        return "number of a part";
    if (g_strcmp0(one->content_type, other->content_type) != 0)
        return "content type of a part";
    if (g_strcmp0(one->file_name, other->file_name) != 0)
        return "file name of a part";
    if (one->place != other->place)
        return "place of a part";
    if (one->is_text != other->is_text)
        return "whether a part is text";
    if (g_strcmp0(one->report_domain, other->report_domain) != 0 ||
        g_strcmp0(one->report_submitter, other->report_submitter) != 0 ||
        g_strcmp0(one->subject, other->subject) != 0)
        return "fields that a part inherits";
    return g_bytes_equal(one->bytes, other->bytes) ? NULL : "bytes of a part";
}

/* The first thing that differs; NULL where nothing does. */
static const char *mail_difference(const struct mail *one, const struct mail *other)
{
    if (g_strcmp0(one->sender, other->sender) != 0)
        return "sender";
    if (g_strcmp0(one->message_id, other->message_id) != 0)
        return "message id";
    if (g_strcmp0(one->subject, other->subject) != 0)
        return "subject";
    if (g_strcmp0(one->report_domain, other->report_domain) != 0)
        return "report domain";
    if (g_strcmp0(one->report_submitter, other->report_submitter) != 0)
        return "report submitter";
    if (one->date != other->date)
        return "date";
    if (one->kind != other->kind)
        return "kind";
    if (one->is_receipt != other->is_receipt || one->is_reply != other->is_reply ||
        one->says_tlsrpt != other->says_tlsrpt)
        return "what it says of itself";
    if (one->parts->len != other->parts->len)
        return "number of parts";
    for (guint i = 0; i < one->parts->len; i++) {
        const char *difference =
            part_difference(g_ptr_array_index(one->parts, i), g_ptr_array_index(other->parts, i));
        if (difference != NULL)
            return difference;
    }
    return NULL;
}

#endif
