#include "ingest/log/exim_private.h"

/* Processes whose long lines are under way at the same time. */
#define LINES_MAX 64

#define PROGRAM_BYTES 64
#define HOST_BYTES 256

/* One line, as far as it has come. */
struct piece {
    gint64 pid;
    gint64 at;
    guint next; /* the number of the piece that is waited for; 0: free */
    guint count;
    struct log_line line; /* its spans are set by line_of() */
    char host[HOST_BYTES];
    size_t host_length;
    char program[PROGRAM_BYTES];
    size_t program_length;
    GString *text;
    GString *whole;
};

struct exim_split {
    struct piece pieces[LINES_MAX];
};

struct exim_split *exim_split_new(void)
{
    return g_new0(struct exim_split, 1);
}

void exim_split_free(struct exim_split *split)
{
    for (guint i = 0; i < LINES_MAX; i++) {
        if (split->pieces[i].text == NULL)
            continue;
        g_string_free(split->pieces[i].text, TRUE);
        g_string_free(split->pieces[i].whole, TRUE);
    }
    g_free(split);
}

static const char *read_number(const char *at, const char *end, guint *number)
{
    const char *begin = at;

    for (*number = 0; at < end && at - begin < 3 && g_ascii_isdigit(*at); at++)
        *number = *number * 10 + (guint)(*at - '0');
    return at > begin && at < end ? at : NULL;
}

/* "[1/2] " where the line was too long, "[1\2] " where it had a line break here. */
static bool read_head(struct span text, guint *number, guint *count, char *sign, size_t *length)
{
    const char *end = text.at + text.length;
    const char *at;

    if (text.length < 6 || *text.at != '[' || (at = read_number(text.at + 1, end, number)) == NULL)
        return false;
    *sign = *at;
    if ((*sign != '/' && *sign != '\\') || (at = read_number(at + 1, end, count)) == NULL)
        return false;
    if (end - at < 2 || at[0] != ']' || at[1] != ' ' || *number == 0 || *number > *count)
        return false;
    *length = (size_t)(at + 2 - text.at);
    return true;
}

static bool is_of(const struct piece *piece, const struct log_line *line)
{
    size_t length = MIN(line->host.length, HOST_BYTES);

    return piece->next != 0 && piece->pid == line->pid && piece->host_length == length &&
           (length == 0 || memcmp(piece->host, line->host.at, length) == 0);
}

static bool give_whole(struct exim *exim, struct piece *piece)
{
    struct log_line line = piece->line;

    piece->next = 0;
    line.hash = 0;
    line.looked = NULL;
    line.at = piece->at;
    line.host = span_of(piece->host, piece->host_length);
    line.program = span_of(piece->program, piece->program_length);
    line.message = span_of(piece->text->str, piece->text->len);
    line.whole = span_of(piece->whole->str, piece->whole->len);
    return exim_take_whole(exim, &line, line.message);
}

static struct piece *find_piece(struct exim_split *split, const struct log_line *line)
{
    for (guint i = 0; i < LINES_MAX; i++)
        if (is_of(&split->pieces[i], line))
            return &split->pieces[i];
    return NULL;
}

static struct piece *free_piece(struct exim *exim)
{
    struct piece *oldest = &exim->split->pieces[0];

    for (guint i = 0; i < LINES_MAX; i++) {
        struct piece *piece = &exim->split->pieces[i];
        if (piece->next == 0)
            return piece;
        if (piece->at < oldest->at)
            oldest = piece;
    }
    give_whole(exim, oldest);
    return oldest;
}

static size_t copy_span(char *out, size_t size, struct span span)
{
    size_t length = MIN(span.length, size);

    if (length > 0)
        memcpy(out, span.at, length);
    return length;
}

/* Of what stands before the message; 0 where that is not how they lie. */
static size_t envelope_length(const struct log_line *line)
{
    const char *end = line->whole.at + line->whole.length;

    if (line->message.at < line->whole.at || line->message.at + line->message.length != end)
        return 0;
    return (size_t)(line->message.at - line->whole.at);
}

static struct piece *begin_piece(struct exim *exim, const struct log_line *line)
{
    struct piece *piece = free_piece(exim);

    if (piece->text == NULL) {
        piece->text = g_string_new(NULL);
        piece->whole = g_string_new(NULL);
    }
    piece->line = *line;
    piece->pid = line->pid;
    piece->at = line->at;
    piece->host_length = copy_span(piece->host, HOST_BYTES, line->host);
    piece->program_length = copy_span(piece->program, PROGRAM_BYTES, line->program);
    g_string_truncate(piece->text, 0);
    g_string_truncate(piece->whole, 0);
    g_string_append_len(piece->whole, line->whole.at, (gssize)envelope_length(line));
    return piece;
}

static void append(GString *out, struct span text)
{
    size_t room = LIMIT_LOG_LINE_BYTES - MIN(out->len, LIMIT_LOG_LINE_BYTES);

    g_string_append_len(out, text.at, (gssize)MIN(text.length, room));
}

bool exim_take_piece(struct exim *exim, const struct log_line *line, struct span text, bool *told)
{
    guint number, count;
    char sign;
    size_t head;
    struct piece *piece;

    *told = false;
    if (!read_head(text, &number, &count, &sign, &head))
        return false;
    piece = find_piece(exim->split, line);
    if (number == 1) {
        if (piece != NULL)
            *told = give_whole(exim, piece);
        piece = begin_piece(exim, line);
        piece->next = 1;
        piece->count = count;
    }
    /* The first piece says which message it is: without it the others tell nothing. */
    if (piece == NULL || piece->next != number || piece->count != count)
        return true;
    append(piece->text, span_from(text, head));
    append(piece->whole, span_from(text, head));
    if (sign == '\\') {
        append(piece->text, span_of(" ", 1));
        append(piece->whole, span_of(" ", 1));
    }
    piece->next++;
    if (number == count)
        *told |= give_whole(exim, piece);
    return true;
}

void exim_settle_pieces(struct exim *exim, gint64 before)
{
    for (guint i = 0; i < LINES_MAX; i++) {
        struct piece *piece = &exim->split->pieces[i];
        if (piece->next != 0 && piece->at < before)
            give_whole(exim, piece);
    }
}
