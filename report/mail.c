#include "report/escape.h"
#include "report/format.h"
#include "schema/error.h"
#include <gmime/gmime.h>
#include <string.h>

#define SUBJECT_COLUMNS 180
#define LINE_BYTES 900 /* RFC 5322, section 2.1.1: at most 998 */

/* An address list of the configuration or the command line; a line break in it ends nothing. */
static bool add_addresses(GMimeMessage *message, GMimeAddressType type, const char *text,
                          GError **error)
{
    InternetAddressList *parsed, *list = g_mime_message_get_addresses(message, type);
    g_autofree char *safe = g_strdup(text);
    bool found;

    g_strdelimit(safe, "\r\n", ' ');
    parsed = internet_address_list_parse(NULL, safe);
    found = parsed != NULL && internet_address_list_length(parsed) > 0;
    if (found)
        internet_address_list_append(list, parsed);
    else
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_CONFIG, "not a mail address: \"%s\"",
                    safe);
    g_clear_object(&parsed);
    return found;
}

static char *make_message_id(void)
{
    g_autofree char *random = g_uuid_string_random();
    const char *host = g_get_host_name();

    if (*host == '\0' || strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789.-") != strlen(host))
        host = "localhost";
    return g_strdup_printf("tlstriage.%s@%s", random, host);
}

static void set_subject(GMimeMessage *message, const struct digest *digest)
{
    g_autofree char *headline = digest_headline(digest);
    g_autofree char *shown = escape_terminal(headline);
    g_autofree char *cut =
        g_utf8_substring(shown, 0, MIN(g_utf8_strlen(shown, -1), SUBJECT_COLUMNS));
    g_autofree char *whole = g_strconcat("tlstriage: ", cut, NULL);
    g_autofree char *safe = escape_header(whole);

    g_mime_object_set_header(GMIME_OBJECT(message), "Subject", safe, "us-ascii");
}

/* Plain ASCII is sent as it is, so that it can be read where no program decodes it. */
static GMimeContentEncoding encoding_of(const char *text)
{
    if (!g_str_is_ascii(text))
        return GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (length > LINE_BYTES)
            return GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
        line += length + (line[length] == '\n');
    }
    return GMIME_CONTENT_ENCODING_7BIT;
}

/* The later place for a multipart: what the message holds is decided here alone. */
static GMimeObject *make_body(const struct digest *digest, const struct format_options *options,
                              GError **error)
{
    const struct format_options plain = {.width = options->width};
    g_autoptr(GString) text = g_string_new(NULL);
    GMimeDataWrapper *content;
    GMimeStream *stream;
    GMimeTextPart *part;

    if (!format_text(digest, &plain, text, error))
        return NULL;
    /* Not g_mime_text_part_set_text(), which chooses a charset of its own. */
    stream = g_mime_stream_mem_new_with_buffer(text->str, text->len);
    content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    part = g_mime_text_part_new_with_subtype("plain");
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_part_set_content(GMIME_PART(part), content);
    g_mime_part_set_content_encoding(GMIME_PART(part), encoding_of(text->str));
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

static bool fill_message(GMimeMessage *message, const struct digest *digest,
                         const struct format_options *options, GError **error)
{
    g_autofree char *id = make_message_id();
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(digest->generated_at);
    GMimeObject *body;

    if (options->from != NULL &&
        !add_addresses(message, GMIME_ADDRESS_TYPE_FROM, options->from, error))
        return false;
    if (options->to == NULL)
        g_mime_object_set_header(GMIME_OBJECT(message), "To", "undisclosed-recipients:;", NULL);
    else if (!add_addresses(message, GMIME_ADDRESS_TYPE_TO, options->to, error))
        return false;
    set_subject(message, digest);
    if (date != NULL)
        g_mime_message_set_date(message, date);
    g_mime_message_set_message_id(message, id);
    g_mime_object_set_header(GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", NULL);
    g_mime_object_set_header(GMIME_OBJECT(message), "MIME-Version", "1.0", NULL);
    body = make_body(digest, options, error);
    if (body == NULL)
        return false;
    g_mime_message_set_mime_part(message, body);
    g_object_unref(body);
    return true;
}

bool format_mail(const struct digest *digest, const struct format_options *options, GString *out,
                 GError **error)
{
    GMimeMessage *message;
    bool done;

    g_mime_init();
    message = g_mime_message_new(TRUE);
    done = fill_message(message, digest, options, error);
    if (done) {
        g_autofree char *text = g_mime_object_to_string(GMIME_OBJECT(message), NULL);
        g_string_append(out, text);
    }
    g_object_unref(message);
    return done;
}
