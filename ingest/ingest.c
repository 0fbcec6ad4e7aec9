/*
 * A unit is taken apart by content, level by level: mail -> parts -> gzip, zip -> JSON or XML ->
 * reports. What claims to be a report and cannot be read goes to the quarantine; everything else
 * leaves a note that it came.
 */
#include "ingest/ingest.h"
#include "ingest/bounce.h"
#include "ingest/dmarc.h"
#include "ingest/json.h"
#include "ingest/limits.h"
#include "ingest/mail.h"
#include "ingest/stream.h"
#include "ingest/text.h"
#include "ingest/tlsrpt.h"
#include "ingest/tlsrpt_domain.h"
#include "ingest/unpack.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* How much is looked at for NUL bytes. */
#define BINARY_HEAD 4096

/* How much of a stranger's name or subject stands in an issue. */
#define QUOTED_BYTES 200

#define CLAUSE_TLSRPT "RFC 8460, section 4.4"
#define CLAUSE_DMARC "RFC 9990, section 3.1.1.1; RFC 7489, appendix C"
#define CLAUSE_DMARC_PACKING "RFC 9990, section 3.5.2; RFC 7489, section 7.2.1.1"

struct work {
    const struct ingest_context *context;
    struct arrival *arrival;
    size_t budget;     /* bytes that may still be unpacked, LIMIT_UNPACKED_BYTES at first */
    bool full;         /* LIMIT_REPORTS_PER_ARRIVAL was met, and an issue says so */
    bool inner_fields; /* TLS-Report-Domain of the arrival is that of mails inside it ... */
    bool inner_differ; /* ... which would be if they agreed */
    const char *what;  /* a mail without report is, NULL where nothing is known */
};

/* Bytes at some level, with what is known of the level above. */
struct piece {
    GBytes *bytes;
    GBytes *outer;                   /* the container it came from, NULL where none */
    enum original_encoding encoding; /* of outer */
    const char *member;              /* its name in a container of several; NULL: of none */
    bool alone;                      /* nothing else came from that container */
    bool claims_report;              /* type or name say it is a TLS report */
    bool expected;                   /* at least the mail around it says there is a report */
    bool may_be_mail;                /* a mail or mbox in here is worth opening */
    int depth;                       /* of containers and mails around it */
    const char *part;                /* "2", NULL for a plain file */
    const char *file_name;
    const char *report_domain;
    const char *report_submitter;
    const char *subject;
};

static bool take_piece(struct work *work, const struct piece *piece);
static bool take_messages(struct work *work, const struct piece *piece);

void ingest_init(void)
{
    mail_init();
    json_init();
}

static char *quotable(const char *text)
{
    return text != NULL ? text_bounded(text, strlen(text), QUOTED_BYTES, NULL) : NULL;
}

static const char *part_label(const struct piece *piece, char **allocated)
{
    g_autofree char *name = quotable(piece->file_name);

    if (piece->part == NULL && piece->member != NULL)
        return *allocated = quotable(piece->member);
    if (piece->part == NULL || name == NULL)
        return piece->part;
    return *allocated = g_strdup_printf("%s %s", piece->part, name);
}

/* "submitter!domain!begin!end": RFC 8460, section 5.1; RFC 9990, section 3.5.2 has it, too. */
static bool has_report_name(const char *name)
{
    struct tlsrpt_label label;
    bool has = tlsrpt_label_of_file_name(name, &label);

    tlsrpt_label_clear(&label);
    return has;
}

static bool name_ends(const char *name, const char *const *endings)
{
    for (size_t i = 0; name != NULL && endings[i] != NULL; i++) {
        size_t length = strlen(name), size = strlen(endings[i]);
        if (length >= size && g_ascii_strcasecmp(name + length - size, endings[i]) == 0)
            return true;
    }
    return false;
}

static bool name_is_json(const char *name)
{
    static const char *const endings[] = {".json", ".json.gz", ".json.zip", ".json.gzip", NULL};

    return name_ends(name, endings);
}

static bool name_is_xml(const char *name)
{
    static const char *const endings[] = {".xml", ".xml.gz", ".xml.zip", ".xml.gzip", NULL};

    return name_ends(name, endings);
}

static bool name_is_packed(const char *name)
{
    static const char *const endings[] = {".gz", ".gzip", ".zip", NULL};

    return name_ends(name, endings);
}

/* A file that Finder adds to what it packs: its name is that of another. */
static bool is_finders_shadow(const char *name)
{
    return name != NULL && g_str_has_prefix(name, "._");
}

static bool type_claims_report(const char *type)
{
    return strstr(type, "tlsrpt") != NULL;
}

/* Broken JSON by no telling name: two of the members that only a report has. */
static bool text_claims_report(const char *text, size_t length)
{
    static const char *const members[] = {"\"organization-name\"", "\"date-range\"",
                                          "\"report-id\"", "\"failure-details\"",
                                          "\"policy-type\""};
    int hits = 0;

    for (size_t i = 0; json_sniff(text, length) && i < G_N_ELEMENTS(members); i++)
        hits += memmem(text, length, members[i], strlen(members[i])) != NULL;
    return hits >= 2;
}

/* Moves issues from `index` on to the begin of another list. */
static void move_issues(GPtrArray *from, guint index, GPtrArray *to)
{
    for (gint at = 0; from->len > index; at++)
        g_ptr_array_insert(to, at, g_ptr_array_steal_index(from, index));
}

static void bound_issues(GPtrArray *issues)
{
    if (issues->len <= LIMIT_ISSUES)
        return;
    g_ptr_array_set_size(issues, LIMIT_ISSUES - 1);
    issue_add(issues, ISSUE_LIMIT, ISSUE_NOTICE, NULL,
              "more than %d issues; the rest is not listed", LIMIT_ISSUES);
}

/* `inner` where it says something that the arrival does not. */
static char *other_text(const char *inner, const char *outer)
{
    return inner != NULL && g_strcmp0(inner, outer) != 0 ? g_strdup(inner) : NULL;
}

static void keep_bytes(const struct piece *piece, const char *text, size_t length, bool whole,
                       struct original *original)
{
    enum unpack_kind kind = unpack_sniff((const uint8_t *)text, length);

    if (whole && piece->outer != NULL && piece->alone) {
        original->bytes = g_bytes_ref(piece->outer);
        original->encoding = piece->encoding;
    } else if (whole && kind != UNPACK_NONE) {
        original->bytes = g_bytes_ref(piece->bytes);
        original->encoding = kind == UNPACK_GZIP ? ORIGINAL_GZIP : ORIGINAL_ZIP;
    } else {
        original->bytes = unpack_pack((const uint8_t *)text, length);
        original->encoding = ORIGINAL_GZIP;
    }
}

static void keep_fields(const struct work *work, const struct piece *piece,
                        struct original *original)
{
    const struct arrival *arrival = work->arrival;

    original->part = g_strdup(piece->part);
    original->file_name = g_strdup(piece->file_name);
    original->report_domain = other_text(piece->report_domain, arrival->report_domain);
    original->report_submitter = other_text(piece->report_submitter, arrival->report_submitter);
    original->subject = other_text(piece->subject, arrival->subject);
}

/* The container where it holds just this; else the piece itself, packed. */
static void keep_original(const struct work *work, const struct piece *piece, const char *text,
                          size_t length, bool whole, struct original *original)
{
    keep_fields(work, piece, original);
    keep_bytes(piece, text, length, whole, original);
}

static void quarantine(struct work *work, const struct piece *piece, enum arrival_kind kind,
                       const char *clause, const char *problem)
{
    gsize length;
    const char *bytes = g_bytes_get_data(piece->bytes, &length);
    struct unread *unread = unread_new();

    unread->kind = kind;
    unread->clause = g_strdup(clause);
    unread->problem = g_strdup(problem);
    keep_original(work, piece, bytes, length, true, &unread->original);
    g_ptr_array_add(work->arrival->unread, unread);
}

static enum arrival_kind claimed_kind(const struct piece *piece)
{
    gsize length;
    const char *text = g_bytes_get_data(piece->bytes, &length);

    return piece->claims_report || text_claims_report(text, length) ? ARRIVAL_TLSRPT
           : name_is_xml(piece->file_name)                          ? ARRIVAL_DMARC
                                                                    : ARRIVAL_OTHER;
}

/* Into the quarantine for the gravest of the issues found since `first`. */
static void quarantine_for_issues(struct work *work, const struct piece *piece, guint first,
                                  const char *fallback)
{
    enum arrival_kind kind = claimed_kind(piece);
    const GPtrArray *issues = work->arrival->issues;
    const struct issue *gravest = NULL;

    for (guint i = first; i < issues->len; i++) {
        const struct issue *issue = g_ptr_array_index(issues, i);
        if (gravest == NULL || issue->severity > gravest->severity)
            gravest = issue;
    }
    if (gravest == NULL) {
        g_autofree char *label = NULL;
        issue_add(work->arrival->issues, ISSUE_REPORT, ISSUE_ERROR,
                  piece->claims_report    ? CLAUSE_TLSRPT
                  : kind == ARRIVAL_DMARC ? CLAUSE_DMARC
                                          : NULL,
                  "%s", fallback);
        issues_place(work->arrival->issues, issues->len - 1, part_label(piece, &label));
        gravest = g_ptr_array_index(issues, issues->len - 1);
    }
    quarantine(work, piece, kind, gravest->clause, gravest->problem);
}

static bool room_for_report(struct work *work)
{
    GPtrArray *issues = work->arrival->issues;

    if (work->arrival->reports->len + work->arrival->dmarc->len < LIMIT_REPORTS_PER_ARRIVAL)
        return true;
    if (!work->full)
        issue_add(issues, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                  "more than %d reports; the rest is dropped", LIMIT_REPORTS_PER_ARRIVAL);
    work->full = true;
    return false;
}

static struct report *parse_report(struct work *work, const struct piece *piece, const json_t *root)
{
    const struct tlsrpt_hints hints = {
        .site = work->context->site,
        .report_domain = piece->report_domain,
        .report_submitter = piece->report_submitter,
        .subject = piece->subject,
        .file_name = piece->file_name,
        .received_at = work->arrival->received_at,
        .now = work->context->now,
    };

    return room_for_report(work) ? tlsrpt_parse(root, &hints) : NULL;
}

/* One JSON object: true if it is a report. `text` is its own, `whole` if it is all of the piece. */
static bool take_object(struct work *work, const struct piece *piece, const json_t *root,
                        const char *text, size_t length, bool whole, guint first_issue)
{
    g_autofree char *label = NULL;
    struct report *report = parse_report(work, piece, root);

    if (report == NULL)
        return false;
    keep_original(work, piece, text, length, whole, &report->original);
    issues_place(report->issues, 0, part_label(piece, &label));
    move_issues(work->arrival->issues, first_issue, report->issues);
    bound_issues(report->issues);
    g_ptr_array_add(work->arrival->reports, report);
    return true;
}

/* An array of reports: no RFC has it, but nothing is lost by taking it. */
static bool take_array(struct work *work, const struct piece *piece, const json_t *array,
                       guint first_issue)
{
    size_t index;
    json_t *value;
    bool taken = false;

    json_array_foreach(array, index, value)
    {
        if (!tlsrpt_sniff(value))
            continue;
        char *text = json_dumps(value, JSON_COMPACT);
        if (text != NULL)
            taken |= take_object(work, piece, value, text, strlen(text), false, first_issue);
        free(text);
    }
    return taken;
}

static size_t skip_blanks(const char *text, size_t length, size_t at)
{
    while (at < length && (g_ascii_isspace(text[at]) || text[at] == '\0'))
        at++;
    return at;
}

/* The value at `at`: true if a report came of it. *used tells where it ended. A big value is held
   by one thread at a time (see json_turn_take()). */
static bool take_value(struct work *work, const struct piece *piece, size_t at, size_t *used)
{
    GPtrArray *issues = work->arrival->issues;
    g_autofree char *label = NULL;
    gsize length;
    const char *text = g_bytes_get_data(piece->bytes, &length);
    size_t left = length - at;
    guint first = issues->len;

    json_turn_take(left);
    json_t *root = json_read(text + at, left, used, issues);
    issues_place(issues, first, part_label(piece, &label));
    bool whole = at == 0 && skip_blanks(text, length, *used) == length;
    bool taken = json_is_array(root)
                     ? take_array(work, piece, root, first)
                     : take_object(work, piece, root, text + at, *used, whole, first);
    json_decref(root);
    json_turn_pass(left);
    return taken;
}

/* One value, or several in a row (NDJSON). False where none was a report. */
static bool take_json(struct work *work, const struct piece *piece)
{
    GPtrArray *issues = work->arrival->issues;
    g_autofree char *label = NULL;
    gsize length;
    const char *text = g_bytes_get_data(piece->bytes, &length);
    size_t at = 0, used = 1;
    bool taken = false;

    for (int values = 0;
         used > 0 && values <= LIMIT_REPORTS_PER_ARRIVAL && json_sniff(text + at, length - at);
         values++) {
        taken |= take_value(work, piece, at, &used);
        at = skip_blanks(text, length, at + used);
    }
    if (taken && at < length) {
        issue_add(issues, ISSUE_JSON, ISSUE_NOTICE, "RFC 8259, section 2",
                  "%zu bytes after the report are not used", length - at);
        issues_place(issues, issues->len - 1, part_label(piece, &label));
    }
    return taken;
}

/* Where the text of a DMARC report is: whole in a piece, or still in its container. */
struct dmarc_place {
    const struct piece *piece;
    GBytes *container; /* NULL: it is the piece */
    guint index;       /* of the member */
    GPtrArray *issues; /* of unpacking; NULL once they are known */
};

static void give_dmarc(void *source, dmarc_take_fn take, void *taker)
{
    struct dmarc_place *place = source;
    gsize length;
    const void *bytes = g_bytes_get_data(
        place->container != NULL ? place->container : place->piece->bytes, &length);

    if (place->container == NULL)
        take(bytes, length, taker);
    else
        unpack_pieces(bytes, length, place->index, LIMIT_DMARC_BYTES, take, taker, NULL,
                      place->issues);
    place->issues = NULL;
}

static bool pack_more(const char *bytes, size_t length, void *packer)
{
    unpack_packer_add(packer, bytes, length);
    return true;
}

/* As keep_original(), for what is read in pieces. */
static void keep_dmarc(const struct work *work, struct dmarc_place *place,
                       struct original *original)
{
    const struct piece *piece = place->piece;
    gsize length;
    const char *bytes = g_bytes_get_data(piece->bytes, &length);

    if (place->container == NULL || piece->alone) {
        keep_original(work, piece, bytes, length, true, original);
        return;
    }
    struct unpack_packer *packer = unpack_packer_new();
    give_dmarc(place, pack_more, packer);
    keep_fields(work, piece, original);
    original->bytes = unpack_packer_finish(packer);
    original->encoding = ORIGINAL_GZIP;
}

static void quarantine_dmarc(struct work *work, struct dmarc_place *place)
{
    const GPtrArray *issues = work->arrival->issues;
    const struct issue *last = g_ptr_array_index(issues, issues->len - 1);
    struct unread *unread = unread_new();

    unread->kind = ARRIVAL_DMARC;
    unread->clause = g_strdup(last->clause);
    unread->problem = g_strdup(last->problem);
    keep_dmarc(work, place, &unread->original);
    g_ptr_array_add(work->arrival->unread, unread);
}

/* The report is kept without what follows it, where that is another one. */
static void keep_dmarc_up_to(const struct work *work, struct dmarc_place *place, size_t next,
                             struct original *original)
{
    if (next > 0 && place->container == NULL)
        keep_original(work, place->piece, g_bytes_get_data(place->piece->bytes, NULL), next, false,
                      original);
    else
        keep_dmarc(work, place, original);
}

/* What cannot be read goes to the quarantine. False where it is just no report: other XML has an
   element of that name, too. *next: where another report begins, 0: nowhere. */
static bool take_one_dmarc(struct work *work, struct dmarc_place *place, size_t *next)
{
    const struct piece *piece = place->piece;
    struct arrival *arrival = work->arrival;
    const struct dmarc_hints hints = {
        .subject = piece->subject,
        .file_name = piece->file_name,
        .received_at = arrival->received_at,
        .now = work->context->now,
    };
    g_autofree char *label = NULL;
    guint first = arrival->issues->len;
    struct dmarc_report *report;

    *next = 0;
    if (!room_for_report(work))
        return true;
    place->issues = arrival->issues;
    report = dmarc_read(give_dmarc, place, &hints, arrival->issues, next);
    if (report == NULL) {
        struct issue *why = g_ptr_array_index(arrival->issues, arrival->issues->len - 1);
        bool claims = why->severity == ISSUE_ERROR || piece->expected;
        if (claims) {
            why->severity = ISSUE_ERROR;
            quarantine_dmarc(work, place);
        }
        issues_place(arrival->issues, first, part_label(piece, &label));
        return claims;
    }
    keep_dmarc_up_to(work, place, *next, &report->original);
    if (*next > 0 && place->container != NULL)
        issue_add(report->issues, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                  "the text is long; only the first report in it is read");
    move_issues(arrival->issues, first, report->issues);
    issues_place(report->issues, 0, part_label(piece, &label));
    bound_issues(report->issues);
    g_ptr_array_add(arrival->dmarc, report);
    return true;
}

/* A report, or several in a row. To find the next one in what is unpacked as it is read, that would
   have to be unpacked from its begin again and again: there it is left. */
static bool take_dmarc(struct work *work, struct dmarc_place *place)
{
    size_t next;
    bool taken = take_one_dmarc(work, place, &next);
    g_autoptr(GBytes) rest = place->container == NULL ? g_bytes_ref(place->piece->bytes) : NULL;

    while (next > 0 && rest != NULL) {
        struct piece piece = *place->piece;
        GBytes *shorter = g_bytes_new_from_bytes(rest, next, g_bytes_get_size(rest) - next);
        g_bytes_unref(rest);
        piece.bytes = rest = shorter;
        piece.outer = NULL;
        take_one_dmarc(work, &(struct dmarc_place){.piece = &piece}, &next);
    }
    return taken;
}

/* Of several members only those that look like reports are what their container claims to bring. */
static void judge_sibling(struct piece *piece, const char *name)
{
    bool looks = !is_finders_shadow(piece->file_name), named = has_report_name(name);

    piece->member = name;
    piece->claims_report |= named && name_is_json(name);
    piece->expected |= named;

    piece->claims_report &= looks && name_is_json(piece->file_name);
    piece->expected &= looks && (name_is_json(piece->file_name) || name_is_xml(piece->file_name) ||
                                 name_is_packed(piece->file_name));
}

/* A DMARC report came out of it. Its way of packing is no reason to leave it, but to say so. */
static void note_packing(struct work *work, const struct piece *piece, guint members)
{
    GPtrArray *issues = work->arrival->issues;
    guint first = issues->len;
    g_autofree char *label = NULL;

    if (piece->outer != NULL)
        issue_add(issues, ISSUE_CONTAINER, ISSUE_NOTICE, CLAUSE_DMARC_PACKING,
                  "a packed file in a packed file");
    if (members > 1)
        issue_add(issues, ISSUE_CONTAINER, ISSUE_NOTICE, CLAUSE_DMARC_PACKING,
                  "%u files are packed together", members);
    issues_place(issues, first, part_label(piece, &label));
}

static bool take_container(struct work *work, const struct piece *piece, enum unpack_kind kind)
{
    guint reports = work->arrival->dmarc->len;
    g_autofree char *label = NULL;
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(piece->bytes, &length);
    g_autoptr(GPtrArray) members =
        unpack_or_leave(bytes, length, &work->budget, dmarc_sniff, part_label(piece, &label),
                        work->arrival->issues);
    bool taken = false;

    for (guint i = 0; i < members->len; i++) {
        struct unpack_member *member = g_ptr_array_index(members, i);
        struct piece inner = *piece;
        inner.bytes = member->bytes;
        inner.depth++;
        inner.may_be_mail = true;
        /* Of nested containers the outermost is kept. */
        if (piece->outer == NULL) {
            inner.outer = piece->bytes;
            inner.encoding = kind == UNPACK_GZIP ? ORIGINAL_GZIP : ORIGINAL_ZIP;
            inner.alone = members->len == 1;
        } else {
            inner.alone = piece->alone && members->len == 1;
        }
        if (member->name != NULL)
            inner.file_name = member->name;
        if (members->len > 1)
            judge_sibling(&inner, member->name);
        /* Encrypted, or cut at its begin: what is worth keeping is the container. */
        if (member->damaged && g_bytes_get_size(member->bytes) == 0)
            continue;
        if (member->later) {
            taken |= take_dmarc(work, &(struct dmarc_place){.piece = &inner,
                                                            .container = piece->bytes,
                                                            .index = member->index});
        } else {
            taken |= take_piece(work, &inner);
        }
    }
    if (work->arrival->dmarc->len > reports)
        note_packing(work, piece, members->len);
    return taken;
}

static bool looks_binary(const char *text, size_t length)
{
    return memchr(text, '\0', MIN(length, BINARY_HEAD)) != NULL;
}

static void note_depth(struct work *work, const struct piece *piece)
{
    GPtrArray *issues = work->arrival->issues;
    g_autofree char *label = NULL;

    issue_add(issues, ISSUE_LIMIT, ISSUE_WARNING, NULL, "packed more than %d times; left unopened",
              LIMIT_UNPACK_DEPTH);
    issues_place(issues, issues->len - 1, part_label(piece, &label));
}

/* What is wrong with the attachments of a mail that brings no report is not our trouble; of a file
   that someone names it may be. */
static void forget_issues(struct work *work, guint first)
{
    GPtrArray *issues = work->arrival->issues;

    for (guint i = issues->len; i > first; i--)
        if (((const struct issue *)g_ptr_array_index(issues, i - 1))->kind != ISSUE_LIMIT)
            g_ptr_array_remove_index(issues, i - 1);
}

static const char *missing_report(const struct piece *piece)
{
    gsize length;
    const char *text = g_bytes_get_data(piece->bytes, &length);

    if (length == 0)
        return "empty where a report should be";
    if (looks_binary(text, length))
        return "neither gzip, zip, JSON nor XML";
    if (piece->claims_report)
        return "no TLS report";
    return claimed_kind(piece) == ARRIVAL_DMARC ? "no DMARC report, though announced as one"
                                                : "no report, though announced as one";
}

static void settle_untaken(struct work *work, const struct piece *piece, guint first)
{
    gsize length;
    const char *text = g_bytes_get_data(piece->bytes, &length);

    if (piece->claims_report || piece->expected || text_claims_report(text, length))
        quarantine_for_issues(work, piece, first, missing_report(piece));
    else if (work->arrival->is_mail)
        forget_issues(work, first);
}

/* True where a report came out of it, DMARC ones too. What cannot be read though it claims to be a
   report goes to the quarantine at the level where that shows. */
static bool take_piece(struct work *work, const struct piece *piece)
{
    gsize length;
    const char *text = g_bytes_get_data(piece->bytes, &length);
    enum unpack_kind kind = unpack_sniff((const uint8_t *)text, length);
    guint first = work->arrival->issues->len, unread = work->arrival->unread->len;
    bool taken = false;

    if (kind != UNPACK_NONE && piece->depth < LIMIT_UNPACK_DEPTH)
        taken = take_container(work, piece, kind);
    else if (kind != UNPACK_NONE)
        note_depth(work, piece);
    else if (json_sniff(text, length))
        taken = take_json(work, piece);
    else if (dmarc_sniff(text, length))
        taken = take_dmarc(work, &(struct dmarc_place){.piece = piece});
    else if (piece->may_be_mail && piece->depth < LIMIT_UNPACK_DEPTH &&
             mail_sniff((const uint8_t *)text, length))
        taken = take_messages(work, piece);
    if (!taken && work->arrival->unread->len == unread)
        settle_untaken(work, piece, first);
    return taken;
}

/* Of the mail around a part: a subject as RFC 8460, section 5.3, and DMARC have it, which automatic
   replies repeat, or a field or type of RFC 8460. */
static bool is_report_mail(const struct mail *mail, const struct mail_part *part)
{
    return part->report_domain != NULL || (mail->says_tlsrpt && part->place == MAIL_OWN) ||
           (!mail->is_reply && part->subject != NULL &&
            strcasestr(part->subject, "Report Domain:") != NULL);
}

/* Any mail may have JSON or a zip with it: only a name or type that none but reports have is a
   claim by itself. */
static struct piece piece_of_part(const struct mail *mail, const struct mail_part *part, int depth)
{
    const char *name = part->file_name;
    bool report_mail = is_report_mail(mail, part), report_name = has_report_name(name);

    return (struct piece){
        .bytes = part->bytes,
        .depth = depth,
        .part = part->part,
        .file_name = name,
        .claims_report = type_claims_report(part->content_type) ||
                         (name_is_json(name) && (report_mail || report_name)),
        .expected = report_name || (report_mail && (strstr(part->content_type, "zip") != NULL ||
                                                    name_is_packed(name) || name_is_xml(name))),
        .may_be_mail = strcmp(part->content_type, "application/octet-stream") == 0,
        .report_domain = part->report_domain,
        .report_submitter = part->report_submitter,
        .subject = part->subject,
    };
}

/* Fields of a forwarded mail, where the outer one has none and all that are inside agree: what was
   kept is read again with them. */
static void keep_inner_fields(struct work *work, const struct mail_part *part)
{
    struct arrival *arrival = work->arrival;

    if (work->inner_fields && g_strcmp0(arrival->report_domain, part->report_domain) != 0) {
        g_clear_pointer(&arrival->report_domain, g_free);
        work->inner_differ = true;
    } else if (arrival->report_domain == NULL && !work->inner_differ) {
        arrival->report_domain = g_strdup(part->report_domain);
        work->inner_fields = true;
    }
}

/* Of two parts of one multipart, as they are numbered. */
static bool are_siblings(const char *one, const char *other)
{
    const char *last = strrchr(one, '.'), *other_last = strrchr(other, '.');
    size_t length = last != NULL ? (size_t)(last - one) : 0;

    return length == (other_last != NULL ? (size_t)(other_last - other) : 0) &&
           strncmp(one, other, length) == 0;
}

/* The text for a person before part number `index`, NULL where there is none. */
static GPtrArray *words_beside(const struct mail *mail, guint index)
{
    const struct mail_part *status = g_ptr_array_index(mail->parts, index);

    for (guint i = index; i-- > 0;) {
        const struct mail_part *part = g_ptr_array_index(mail->parts, i);
        gsize length;
        const char *text = g_bytes_get_data(part->bytes, &length);
        if (length > 0 && strcmp(part->content_type, "text/plain") == 0 &&
            are_siblings(part->part, status->part))
            return bounce_text_read(text, length);
    }
    return NULL;
}

/* Of a bounce that someone forwards nobody knows whose mail it was. */
static void take_status(struct work *work, const struct mail *mail, guint index)
{
    const struct mail_part *part = g_ptr_array_index(mail->parts, index);
    gsize length;
    const char *text = g_bytes_get_data(part->bytes, &length);
    GPtrArray *words;

    if (part->place != MAIL_OWN || length == 0 ||
        (strcmp(part->content_type, "message/delivery-status") != 0 &&
         strcmp(part->content_type, "message/global-delivery-status") != 0))
        return;
    words = words_beside(mail, index);
    bounce_parse(text, length, words, work->arrival->received_at, work->arrival->bounced);
    g_clear_pointer(&words, g_ptr_array_unref);
}

/* In the form of qmail-send (QSBMF), known by its first words and by who says them: RFC 3834 is
   younger. Its copy of the message may be anything. */
static bool is_qmail_bounce(const struct mail *mail, const char *text, size_t length)
{
    static const char words[] = "Hi. This is the ", who[] = "mailer-daemon@";

    return length > strlen(words) && memcmp(text, words, strlen(words)) == 0 &&
           mail->sender != NULL && g_str_has_prefix(mail->sender, who);
}

/* An automatic reply that is one text. */
static void take_plain_bounce(struct work *work, const struct mail *mail)
{
    const struct mail_part *part = mail->parts->len == 1 ? g_ptr_array_index(mail->parts, 0) : NULL;
    const struct bounce_mail fields = {mail->failed_recipients, mail->message_id};
    struct arrival *arrival = work->arrival;
    gsize length;
    const char *text;

    if (part == NULL || part->place != MAIL_OWN || !part->is_text)
        return;
    text = g_bytes_get_data(part->bytes, &length);
    if (length == 0)
        return;
    if (is_qmail_bounce(mail, text, length)) {
        arrival->kind = ARRIVAL_BOUNCE;
        work->what = "a bounce";
    }
    if (!mail->is_reply)
        return;
    GPtrArray *words = bounce_text_read(text, length);
    bounce_parse_plain(&fields, words, arrival->received_at, arrival->bounced);
    g_ptr_array_unref(words);
    if (arrival->bounced->len > 0)
        arrival->kind = ARRIVAL_BOUNCE;
}

/* Parts for a person come last, and only where no other part held a report: the text beside a
   report is not one, even if it quotes JSON. */
static bool take_parts(struct work *work, const struct mail *mail, int depth)
{
    bool taken = false;

    for (int texts = 0; texts <= 1 && !taken; texts++)
        for (guint i = 0; i < mail->parts->len; i++) {
            const struct mail_part *part = g_ptr_array_index(mail->parts, i);
            struct piece piece = piece_of_part(mail, part, depth);
            bool is_text = part->is_text && !piece.claims_report;
            if (part->place == MAIL_RETURNED)
                continue;
            if (texts == 0 && depth == 0)
                take_status(work, mail, i);
            if (is_text != (texts == 1) || !take_piece(work, &piece))
                continue;
            taken = true;
            keep_inner_fields(work, part);
        }
    return taken;
}

/* Bounces are automatic replies as well. */
static const char *name_of_mail(const struct mail *mail)
{
    return mail->kind == ARRIVAL_BOUNCE ? "a bounce"
           : mail->kind == ARRIVAL_ARF  ? "a failure report (ARF)"
           : mail->is_receipt           ? "a receipt (MDN)"
           : mail->is_reply             ? "an automatic reply"
                                        : NULL;
}

static void copy_mail_fields(struct work *work, const struct mail *mail)
{
    struct arrival *arrival = work->arrival;

    work->what = name_of_mail(mail);
    arrival->is_mail = true;
    arrival->kind = mail->kind;
    arrival->authenticated = mail->authenticated;
    arrival->sender = g_strdup(mail->sender);
    arrival->message_id = g_strdup(mail->message_id);
    arrival->subject = g_strdup(mail->subject);
    arrival->report_domain = g_strdup(mail->report_domain);
    arrival->report_submitter = g_strdup(mail->report_submitter);
    /* A clock ahead of ours says nothing about when the mail came. */
    if (mail->date > 0 && mail->date <= work->context->now)
        arrival->received_at = mail->date;
}

static void number_parts(struct mail *mail, guint message)
{
    for (guint i = 0; i < mail->parts->len; i++) {
        struct mail_part *part = g_ptr_array_index(mail->parts, i);
        char *number = g_strdup_printf("%u:%s", message, part->part);
        g_free(part->part);
        part->part = number;
    }
}

/* `message` counts within an mbox; 0: a mail by itself, which then is what arrived. What is inside
   another mail does not speak for it. */
static bool take_message(struct work *work, GBytes *bytes, guint message, int depth)
{
    gsize length;
    const uint8_t *data = g_bytes_get_data(bytes, &length);
    g_autoptr(Mail) mail =
        mail_parse(data, length, work->context->site->authserv_id, work->arrival->issues);

    if (message == 0 && !work->arrival->is_mail)
        copy_mail_fields(work, mail);
    if (message > 0)
        number_parts(mail, message);
    if (message == 0 && depth == 0)
        take_plain_bounce(work, mail);
    return take_parts(work, mail, depth);
}

/* An unpacked mbox is bounded, so it may go through memory. */
static bool take_mbox(struct work *work, const struct piece *piece)
{
    gsize length;
    const char *text = g_bytes_get_data(piece->bytes, &length);
    int file = memfd_create("mbox", MFD_CLOEXEC);
    bool taken = false;

    if (file < 0 || write(file, text, length) != (ssize_t)length || lseek(file, 0, SEEK_SET) != 0) {
        if (file >= 0)
            close(file);
        /* Kept as it is: reparse tries again. */
        issue_add(work->arrival->issues, ISSUE_INPUT, ISSUE_ERROR, NULL,
                  "no memory to read the mailbox in it");
        quarantine(work, piece, ARRIVAL_OTHER, NULL, "no memory to read the mailbox in it");
        return false;
    }
    struct stream *stream = stream_new();
    struct stream_unit unit = {0};
    stream_open(stream, file, false);
    while (stream_next(stream, &unit)) {
        taken |= take_message(work, unit.bytes, unit.message, piece->depth + 1);
        g_bytes_unref(unit.bytes);
    }
    stream_free(stream);
    return taken;
}

static bool take_messages(struct work *work, const struct piece *piece)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(piece->bytes, &length);

    return stream_is_mbox(bytes, length) ? take_mbox(work, piece)
                                         : take_message(work, piece->bytes, 0, piece->depth + 1);
}

static void take_file(struct work *work, const struct unit *unit)
{
    struct piece piece = {
        .bytes = unit->bytes,
        .file_name = unit->file_name,
        .expected = has_report_name(unit->file_name),
    };

    piece.claims_report = piece.expected && !name_is_xml(unit->file_name);

    take_piece(work, &piece);
}

static void note_without_report(struct arrival *arrival, const char *of_mail)
{
    const char *what = arrival->bounced->len > 0 ? "a bounce for a TLS reason"
                       : of_mail != NULL         ? of_mail
                       : arrival->is_mail        ? "no report in this mail"
                                                 : "no report in this file";
    g_autofree char *subject = quotable(arrival->subject);

    if (subject != NULL)
        issue_add(arrival->issues, ISSUE_NO_REPORT, ISSUE_NOTICE, NULL, "%s: \"%s\"", what,
                  subject);
    else
        issue_add(arrival->issues, ISSUE_NO_REPORT, ISSUE_NOTICE, NULL, "%s", what);
}

static void settle_kind(const struct work *work)
{
    struct arrival *arrival = work->arrival;

    if (arrival->reports->len > 0) {
        arrival->kind = ARRIVAL_TLSRPT;
    } else if (arrival->dmarc->len > 0) {
        arrival->kind = ARRIVAL_DMARC;
    } else if (arrival->unread->len > 0) {
        const struct unread *unread = g_ptr_array_index(arrival->unread, 0);
        arrival->kind = unread->kind;
    } else {
        note_without_report(arrival, work->what);
    }
}

static void add_text(GChecksum *checksum, const char *text)
{
    if (text != NULL)
        g_checksum_update(checksum, (const guchar *)text, -1);
    g_checksum_update(checksum, (const guchar *)"", 1);
}

static void add_bytes(GChecksum *checksum, GBytes *bytes)
{
    gsize length;
    const guchar *data = g_bytes_get_data(bytes, &length);

    if (length > 0)
        g_checksum_update(checksum, data, (gssize)length);
}

/* Bounces of one message for one reason are alike but for their Message-ID. */
static bool is_empty(const struct arrival *arrival)
{
    guint bounced = arrival->message_id != NULL ? arrival->bounced->len : 0;

    return arrival->reports->len + arrival->dmarc->len + arrival->unread->len + bounced == 0;
}

static void add_bounced(GChecksum *checksum, const struct bounced *bounced)
{
    add_text(checksum, bounced->host);
    add_text(checksum, bounced->queue_id);
    add_text(checksum, bounced->domain);
    add_text(checksum, bounced->status);
    add_text(checksum, bounced->reason);
}

/* By what it brings and under which Message-ID, not by its bytes: the same mail from a mailbox and
   from an archive differ in trace fields and line ends. Without content, by its bytes. */
static void settle_key(struct arrival *arrival, const struct unit *unit)
{
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize length = RECORD_HASH_BYTES;

    add_text(checksum, arrival->is_mail ? "mail" : "file");
    add_text(checksum, arrival->message_id);
    add_text(checksum, authenticity_word(arrival->authenticated));
    for (guint i = 0; i < arrival->reports->len; i++) {
        const struct report *report = g_ptr_array_index(arrival->reports, i);
        g_checksum_update(checksum, report->content_hash, RECORD_HASH_BYTES);
    }
    for (guint i = 0; i < arrival->dmarc->len; i++) {
        const struct dmarc_report *report = g_ptr_array_index(arrival->dmarc, i);
        g_checksum_update(checksum, report->content_hash, RECORD_HASH_BYTES);
    }
    for (guint i = 0; i < arrival->unread->len; i++)
        add_bytes(checksum,
                  ((const struct unread *)g_ptr_array_index(arrival->unread, i))->original.bytes);
    for (guint i = 0; i < arrival->bounced->len; i++)
        add_bounced(checksum, g_ptr_array_index(arrival->bounced, i));
    if (is_empty(arrival))
        add_bytes(checksum, unit->bytes);
    g_checksum_get_digest(checksum, arrival->key, &length);
    g_checksum_free(checksum);
}

/* A plain gzip, zip or JSON file may begin with bytes that look like a header field, never the
   other way round: content first, mail second. */
static bool is_mail(const uint8_t *bytes, size_t length)
{
    return unpack_sniff(bytes, length) == UNPACK_NONE && !json_sniff((const char *)bytes, length) &&
           mail_sniff(bytes, length);
}

struct arrival *ingest_unit(const struct unit *unit, const struct ingest_context *context)
{
    struct work work = {
        .context = context, .arrival = arrival_new(), .budget = LIMIT_UNPACKED_BYTES};
    struct arrival *arrival = work.arrival;
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(unit->bytes, &length);

    arrival->source = g_strdup(unit->source);
    arrival->received_at = unit->time != 0 ? MIN(unit->time, context->now) : context->now;
    if (unit->cut)
        issue_add(arrival->issues, ISSUE_LIMIT, ISSUE_WARNING, NULL,
                  "longer than the limit; only the first %zu bytes were read", (size_t)length);
    if (is_mail(bytes, length))
        take_message(&work, unit->bytes, 0, 0);
    else
        take_file(&work, unit);
    settle_kind(&work);
    settle_key(arrival, unit);
    bound_issues(arrival->issues);
    return arrival;
}

struct arrival *ingest_again(const struct original *original, const struct arrival *arrival,
                             const struct ingest_context *context)
{
    struct arrival *scratch = arrival_new();
    struct work work = {.context = context, .arrival = scratch, .budget = LIMIT_UNPACKED_BYTES};
    struct piece piece = {
        .bytes = original->bytes,
        .part = original->part,
        .file_name = original->file_name,
        .report_domain =
            original->report_domain != NULL ? original->report_domain : arrival->report_domain,
        .report_submitter = original->report_submitter != NULL ? original->report_submitter
                                                               : arrival->report_submitter,
        .subject = original->subject != NULL ? original->subject : arrival->subject,
    };

    scratch->received_at = arrival->received_at;
    take_piece(&work, &piece);
    return scratch;
}
