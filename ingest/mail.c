#include "ingest/mail.h"
#include "ingest/authres.h"
#include "ingest/limits.h"
#include "ingest/mail_bounds.h"
#include "ingest/mail_header.h"
#include "ingest/mail_plain.h"
#include "ingest/text.h"
#include <gmime/gmime.h>
#include <string.h>

#define CLAUSE_MIME "RFC 2046, section 5.1"

/* The header fields that a part inherits from the message it stands in. */
struct message_fields {
    const char *report_domain;
    const char *report_submitter;
    const char *subject;
};

struct walk {
    struct mail *mail;
    GPtrArray *issues;
    guint seen;
    enum mail_place place;
    size_t decoded; /* bytes of messages that came in a transfer encoding */
    bool full;
};

void mail_init(void)
{
    g_mime_init();
}

static void part_free(gpointer data)
{
    struct mail_part *part = data;

    g_free(part->part);
    g_free(part->content_type);
    g_free(part->file_name);
    g_free(part->report_domain);
    g_free(part->report_submitter);
    g_free(part->subject);
    g_bytes_unref(part->bytes);
    g_free(part);
}

void mail_free(struct mail *mail)
{
    if (mail == NULL)
        return;
    g_free(mail->sender);
    g_free(mail->message_id);
    g_free(mail->subject);
    g_free(mail->report_domain);
    g_free(mail->report_submitter);
    g_free(mail->failed_recipients);
    g_ptr_array_unref(mail->parts);
    g_free(mail);
}

/* Blanks and line breaks that folding left in a file's name go: none of RFC 8460 has one. */
static char *clean_file_name(const char *name)
{
    g_autofree char *text =
        name != NULL ? text_bounded(name, strlen(name), LIMIT_TEXT_BYTES, NULL) : NULL;
    const char *base;
    char *clean, *to;

    if (text == NULL)
        return NULL;
    base = MAX(strrchr(text, '/'), strrchr(text, '\\'));
    base = base != NULL && base[1] != '\0' ? base + 1 : text;
    bool squeeze = strchr(base, '!') != NULL;
    clean = to = g_malloc(strlen(base) + 1);
    for (const char *from = base; *from != '\0'; from++)
        if (!g_ascii_iscntrl(*from) && !(squeeze && *from == ' '))
            *to++ = *from;
    *to = '\0';
    return clean;
}

static char *file_name_of(GMimePart *part)
{
    g_autofree char *decoded = NULL;
    const char *name = g_mime_part_get_filename(part);

    if (name != NULL && strstr(name, "=?") != NULL)
        name = decoded = g_mime_utils_header_decode_text(NULL, name);
    return clean_file_name(name);
}

/* GMime keeps the tab of a folded line. */
static char *bounded_header(const char *value)
{
    char *text = value != NULL ? text_bounded(value, strlen(value), LIMIT_TEXT_BYTES, NULL) : NULL;

    return text != NULL ? g_strdelimit(text, "\t", ' ') : NULL;
}

/* The body of a part as it stands in the message: a window of the memory that was parsed. */
static GBytes *raw_content(GMimePart *part)
{
    GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
    GMimeStream *stream = wrapper != NULL ? g_mime_data_wrapper_get_stream(wrapper) : NULL;
    GByteArray *memory = GMIME_IS_STREAM_MEM(stream)
                             ? g_mime_stream_mem_get_byte_array((GMimeStreamMem *)stream)
                             : NULL;
    gint64 start, end;

    if (memory == NULL)
        return g_bytes_new(NULL, 0);
    start = stream->bound_start;
    end = stream->bound_end < 0 ? (gint64)memory->len : stream->bound_end;
    /* GMime takes two bytes for the line break before a delimiter that ends in CRLF itself, though
       one of them may be the last of the part. */
    if (end < (gint64)memory->len && memory->data[end] != '\r' && memory->data[end] != '\n')
        end++;
    return g_bytes_new_static(memory->data + start, (gsize)MAX(end - start, 0));
}

/* base64 without a word about it: the first bytes of gzip, zip and of a JSON object. */
static bool looks_like_base64(const char *text, gsize length)
{
    static const char *const starts[] = {"H4sI", "UEsD", "eyJ", "eyA", "ewo", "ew0K"};

    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++)
        if (length > 4 && memcmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static GMimeContentEncoding encoding_of(GMimePart *part, GBytes *raw)
{
    GMimeContentEncoding encoding = g_mime_part_get_content_encoding(part);
    gsize length;
    const char *text = g_bytes_get_data(raw, &length);

    if (encoding != GMIME_CONTENT_ENCODING_BASE64 &&
        encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
        encoding != GMIME_CONTENT_ENCODING_UUENCODE && length > 0 &&
        looks_like_base64(text, length))
        encoding = GMIME_CONTENT_ENCODING_BASE64;
    return encoding;
}

/* GMime's decoder takes the line "begin 644 name" for data. */
static gsize uuencoded_start(const char *text, gsize length)
{
    static const char begin[] = "begin ";
    gsize at = 0;

    while (at + sizeof begin < length) {
        const char *feed = memchr(text + at, '\n', length - at);
        gsize next = feed != NULL ? (gsize)(feed - text) + 1 : length;
        if (memcmp(text + at, begin, sizeof begin - 1) == 0)
            return next;
        at = next;
    }
    return 0;
}

static GBytes *decoded_content(GMimePart *part)
{
    g_autoptr(GBytes) raw = raw_content(part);
    GMimeContentEncoding encoding = encoding_of(part, raw);
    GMimeEncoding state;
    gsize length, size = 0, start = 0;
    const char *text = g_bytes_get_data(raw, &length);
    char *out;

    if (encoding == GMIME_CONTENT_ENCODING_UUENCODE)
        start = uuencoded_start(text, length);
    g_mime_encoding_init_decode(&state, encoding);
    out = g_malloc(g_mime_encoding_outlen(&state, length) + 1);
    if (start < length)
        size = g_mime_encoding_flush(&state, text + start, length - start, out);
    return g_bytes_new_take(out, size);
}

static char *lower_type(const char *name)
{
    g_autofree char *text = bounded_header(name);

    return text != NULL ? g_ascii_strdown(text, -1) : g_strdup("");
}

/* The part of a notification that a program reads (RFC 3464, 5965, 6533, 8098). */
static const struct {
    const char *type;
    enum arrival_kind kind;
    bool is_receipt;
} notices[] = {
    {"message/delivery-status", ARRIVAL_BOUNCE, false},
    {"message/global-delivery-status", ARRIVAL_BOUNCE, false},
    {"message/feedback-report", ARRIVAL_ARF, false},
    {"message/disposition-notification", ARRIVAL_OTHER, true},
    {"message/global-disposition-notification", ARRIVAL_OTHER, true},
};

/* Index of `type` in notices[]; their number where it is none of them. */
static size_t notice_of_type(const char *type)
{
    size_t i = 0;

    while (i < G_N_ELEMENTS(notices) && g_ascii_strcasecmp(type, notices[i].type) != 0)
        i++;
    return i;
}

static bool is_notice(GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    g_autofree char *name = type != NULL ? g_mime_content_type_get_mime_type(type) : NULL;

    return name != NULL && notice_of_type(name) < G_N_ELEMENTS(notices);
}

/* What a notice says of the mail: its own before that of a mail it forwards. */
static void settle_kind(struct walk *walk, const char *type)
{
    size_t notice = notice_of_type(type);

    if (notice == G_N_ELEMENTS(notices) || walk->place == MAIL_RETURNED)
        return;
    if (walk->mail->kind == ARRIVAL_OTHER)
        walk->mail->kind = notices[notice].kind;
    walk->mail->is_receipt |= notices[notice].is_receipt;
}

static void take_leaf(struct walk *walk, GMimeObject *object, const char *number,
                      const struct message_fields *fields)
{
    struct mail_part *part = g_new0(struct mail_part, 1);
    GMimeContentType *type = g_mime_object_get_content_type(object);
    bool declared = g_mime_object_get_header(object, "Content-Type") != NULL;
    g_autofree char *name = declared ? g_mime_content_type_get_mime_type(type) : NULL;

    part->part = g_strdup(number);
    part->content_type = lower_type(name);
    part->file_name = file_name_of((GMimePart *)object);
    part->place = walk->place;
    part->is_text = !declared || strcmp(part->content_type, "text/plain") == 0 ||
                    strcmp(part->content_type, "text/html") == 0;
    part->report_domain = g_strdup(fields->report_domain);
    part->report_submitter = g_strdup(fields->report_submitter);
    part->subject = g_strdup(fields->subject);
    part->bytes = decoded_content((GMimePart *)object);
    g_ptr_array_add(walk->mail->parts, part);
    settle_kind(walk, part->content_type);
}

static void note_limit(struct walk *walk, const char *what, int limit)
{
    if (!walk->full)
        issue_add(walk->issues, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                  "MIME %s beyond %d: the rest is not looked at", what, limit);
    walk->full = true;
}

/* The thinned header and the body in one buffer: GMime's parts are windows of it. */
static GMimeStream *stream_of(const struct mail_header *header, const uint8_t *bytes, size_t length)
{
    GByteArray *buffer = g_byte_array_sized_new(header->kept->len + (guint)(length - header->body));
    GMimeStream *stream;

    g_byte_array_append(buffer, header->kept->data, header->kept->len);
    if (header->body < length)
        g_byte_array_append(buffer, bytes + header->body, (guint)(length - header->body));
    stream = g_mime_stream_mem_new_with_byte_array(buffer);
    g_mime_stream_mem_set_owner((GMimeStreamMem *)stream, TRUE);
    return stream;
}

/* The length to be read, which is less where reading more would cost too much. */
static size_t bounded_length(const struct mail_header *header, const uint8_t *bytes, size_t length,
                             GPtrArray *issues)
{
    size_t body = MIN(header->body, length);
    size_t used = body + mail_bounds(header, bytes + body, length - body);

    if (used < length)
        issue_add(issues, ISSUE_LIMIT, ISSUE_WARNING, CLAUSE_MIME,
                  "too many MIME parts or header fields in them; only the first %zu bytes are read",
                  used);
    return used;
}

/* NULL where it is no message at all. */
static GMimeMessage *construct_message(const struct mail_header *header, const uint8_t *bytes,
                                       size_t length)
{
    GMimeStream *stream = stream_of(header, bytes, length);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    return message;
}

static void walk_object(struct walk *walk, GMimeObject *object, const char *number, int depth,
                        const struct message_fields *fields);

static bool has_report_type(GMimeObject *object, const char *wanted)
{
    const char *type = g_mime_object_get_content_type_parameter(object, "report-type");

    return type != NULL && g_ascii_strcasecmp(type, wanted) == 0;
}

static bool has_notice(GMimeMultipart *multipart)
{
    int count = MIN(g_mime_multipart_get_count(multipart), LIMIT_MIME_PARTS);

    for (int i = 0; i < count; i++)
        if (is_notice(g_mime_multipart_get_part(multipart, i)))
            return true;
    return false;
}

static bool is_message_type(GMimeObject *object)
{
    static const char *const subtypes[] = {"rfc822", "rfc2822", "global", "news"};
    GMimeContentType *type = g_mime_object_get_content_type(object);

    for (size_t i = 0; i < G_N_ELEMENTS(subtypes); i++)
        if (g_mime_content_type_is_type(type, "message", subtypes[i]))
            return true;
    return false;
}

/* Beside a notice everything else is for a person or comes back; where one is only announced, the
   messages. */
static enum mail_place place_of_child(GMimeMultipart *multipart, GMimeObject *child, bool notice)
{
    GMimeObject *parent = (GMimeObject *)multipart;

    if (notice)
        return is_notice(child) ? MAIL_OWN : MAIL_RETURNED;
    return is_message_type(child) && (has_report_type(parent, "delivery-status") ||
                                      has_report_type(parent, "feedback-report") ||
                                      has_report_type(parent, "disposition-notification"))
               ? MAIL_RETURNED
               : MAIL_OWN;
}

/* Children are numbered below their multipart; a multipart that is a message's whole content adds
   no number of its own (RFC 9051, section 6.4.5.1). */
static void walk_multipart(struct walk *walk, GMimeMultipart *multipart, const char *prefix,
                           int depth, const struct message_fields *fields)
{
    int count = g_mime_multipart_get_count(multipart);
    bool notice = has_notice(multipart);
    enum mail_place place = walk->place;

    for (int i = 0; i < count && !walk->full; i++) {
        GMimeObject *child = g_mime_multipart_get_part(multipart, i);
        g_autofree char *number = *prefix != '\0' ? g_strdup_printf("%s.%d", prefix, i + 1)
                                                  : g_strdup_printf("%d", i + 1);
        walk->place = MAX(place, place_of_child(multipart, child, notice));
        walk_object(walk, child, number, depth + 1, fields);
    }
    walk->place = place;
}

static void walk_content(struct walk *walk, GMimeObject *content, const char *prefix, int depth,
                         const struct message_fields *fields)
{
    g_autofree char *number = NULL;

    if (content == NULL)
        return;
    if (GMIME_IS_MULTIPART(content)) {
        walk_multipart(walk, (GMimeMultipart *)content, prefix, depth, fields);
        return;
    }
    number = *prefix != '\0' ? g_strdup_printf("%s.1", prefix) : g_strdup("1");
    walk_object(walk, content, number, depth, fields);
}

static void walk_message(struct walk *walk, GMimeMessage *message, const char *number, int depth,
                         const struct message_fields *outer)
{
    GMimeObject *object = (GMimeObject *)message;
    g_autofree char *domain = bounded_header(g_mime_object_get_header(object, "TLS-Report-Domain"));
    g_autofree char *submitter =
        bounded_header(g_mime_object_get_header(object, "TLS-Report-Submitter"));
    g_autofree char *subject = bounded_header(g_mime_message_get_subject(message));
    const struct message_fields fields = {
        domain != NULL ? domain : outer->report_domain,
        submitter != NULL ? submitter : outer->report_submitter,
        subject != NULL ? subject : outer->subject,
    };
    enum mail_place place = walk->place;

    if (*number != '\0')
        walk->place = MAX(place, walk->mail->is_reply ? MAIL_RETURNED : MAIL_FORWARDED);
    walk_content(walk, g_mime_message_get_mime_part(message), number, depth + 1, &fields);
    walk->place = place;
}

/* A message in base64 or the like, which RFC 2046, section 5.2.1 forbids and GMime leaves alone.
   False where there is none. */
static bool walk_encoded_message(struct walk *walk, GMimeObject *object, const char *number,
                                 int depth, const struct message_fields *fields)
{
    g_autoptr(GBytes) content =
        is_message_type(object) ? decoded_content((GMimePart *)object) : NULL;
    gsize length = content != NULL ? g_bytes_get_size(content) : 0;
    const uint8_t *bytes = length > 0 ? g_bytes_get_data(content, NULL) : NULL;
    struct mail_header header;

    if (bytes == NULL || !mail_sniff(bytes, length) ||
        (walk->decoded += length) > LIMIT_MESSAGE_BYTES)
        return false;
    mail_header_read(&header, bytes, length);
    length = bounded_length(&header, bytes, length, walk->issues);
    GMimeMessage *message = construct_message(&header, bytes, length);
    mail_header_clear(&header);
    g_clear_pointer(&content, g_bytes_unref);
    if (message != NULL) {
        walk_message(walk, message, number, depth, fields);
        g_object_unref(message);
    }
    return message != NULL;
}

static void walk_object(struct walk *walk, GMimeObject *object, const char *number, int depth,
                        const struct message_fields *fields)
{
    if (walk->full || object == NULL)
        return;
    if (depth > LIMIT_MIME_DEPTH)
        note_limit(walk, "depth", LIMIT_MIME_DEPTH);
    else if (++walk->seen > LIMIT_MIME_PARTS)
        note_limit(walk, "parts", LIMIT_MIME_PARTS);
    else if (GMIME_IS_MULTIPART(object))
        walk_multipart(walk, (GMimeMultipart *)object, number, depth, fields);
    else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *message = g_mime_message_part_get_message((GMimeMessagePart *)object);
        if (message != NULL)
            walk_message(walk, message, number, depth, fields);
    } else if (GMIME_IS_PART(object) && !walk_encoded_message(walk, object, number, depth, fields))
        take_leaf(walk, object, number, fields);
}

static char *first_address(InternetAddressList *list)
{
    int count = list != NULL ? internet_address_list_length(list) : 0;

    for (int i = 0; i < count; i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (!INTERNET_ADDRESS_IS_MAILBOX(address))
            continue;
        g_autofree char *text =
            bounded_header(internet_address_mailbox_get_addr((InternetAddressMailbox *)address));
        return text != NULL ? g_utf8_strdown(text, -1) : NULL;
    }
    return NULL;
}

static void read_report_type(struct mail *mail, GMimeObject *content)
{
    if (content == NULL)
        return;
    if (has_report_type(content, "feedback-report"))
        mail->kind = ARRIVAL_ARF;
    else if (has_report_type(content, "delivery-status"))
        mail->kind = ARRIVAL_BOUNCE;
    mail->is_receipt = has_report_type(content, "disposition-notification");
    mail->says_tlsrpt = has_report_type(content, "tlsrpt");
}

static void read_fields(struct mail *mail, GMimeMessage *message)
{
    GMimeObject *object = (GMimeObject *)message;
    GDateTime *date = g_mime_message_get_date(message);

    mail->sender = first_address(g_mime_message_get_from(message));
    mail->message_id = bounded_header(g_mime_message_get_message_id(message));
    mail->subject = bounded_header(g_mime_message_get_subject(message));
    mail->report_domain = bounded_header(g_mime_object_get_header(object, "TLS-Report-Domain"));
    mail->report_submitter =
        bounded_header(g_mime_object_get_header(object, "TLS-Report-Submitter"));
    mail->date = date != NULL ? g_date_time_to_unix(date) : 0;
    read_report_type(mail, g_mime_message_get_mime_part(message));
}

static void judge(struct mail *mail, GPtrArray *authres, const char *authserv_id)
{
    g_autofree char *domain = NULL;

    if (authserv_id == NULL)
        return;
    domain = text_domain_of_address(mail->sender);
    g_ptr_array_add(authres, NULL);
    mail->authenticated = authres_judge((char *const *)authres->pdata, authserv_id, domain);
}

static void read_with_gmime(struct walk *walk, const struct mail_header *header,
                            const uint8_t *bytes, size_t length)
{
    const struct message_fields none = {NULL, NULL, NULL};
    GMimeMessage *message = construct_message(header, bytes, length);

    if (message == NULL)
        return;
    read_fields(walk->mail, message);
    walk_message(walk, message, "", 0, &none);
    g_object_unref(message);
}

static struct mail *parse(const uint8_t *bytes, size_t length, const char *authserv_id,
                          bool plain_too, GPtrArray *issues)
{
    struct mail *mail = g_new0(struct mail, 1);
    struct mail_header header;
    struct walk walk = {.mail = mail, .issues = issues};

    /* An empty GBytes has no data. */
    if (bytes == NULL)
        bytes = (const uint8_t *)"";
    mail->parts = g_ptr_array_new_with_free_func(part_free);
    mail_header_read(&header, bytes, length);
    mail->is_reply = header.is_reply;
    length = bounded_length(&header, bytes, MIN(length, (size_t)G_MAXINT32), issues);
    if (!plain_too || !mail_plain_read(mail, &header, bytes + header.body, length - header.body))
        read_with_gmime(&walk, &header, bytes, length);
    judge(mail, header.authres, authserv_id);
    mail->failed_recipients = g_steal_pointer(&header.failed);
    if (mail->kind == ARRIVAL_OTHER && mail->is_reply && mail->failed_recipients != NULL)
        mail->kind = ARRIVAL_BOUNCE;
    mail_header_clear(&header);
    return mail;
}

struct mail *mail_parse(const uint8_t *bytes, size_t length, const char *authserv_id,
                        GPtrArray *issues)
{
    return parse(bytes, length, authserv_id, true, issues);
}

struct mail *mail_parse_with_gmime(const uint8_t *bytes, size_t length, const char *authserv_id,
                                   GPtrArray *issues)
{
    return parse(bytes, length, authserv_id, false, issues);
}

bool mail_sniff(const uint8_t *bytes, size_t length)
{
    size_t at = 0;

    if ((length >= 5 && memcmp(bytes, "From ", 5) == 0) ||
        (length >= 6 && memcmp(bytes, ">From ", 6) == 0))
        return true;
    while (at < length && (g_ascii_isalnum(bytes[at]) || bytes[at] == '-' || bytes[at] == '_'))
        at++;
    return at > 0 && at < length && bytes[at] == ':';
}
