#include "cli/cli.h"
#include "cli/reparse.h"
#include "ingest/unpack.h"
#include "report/escape.h"
#include "schema/store_quarantine.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How much of a thing is shown, and how much is unpacked for that. */
#define SHOWN_BYTES ((size_t)4096)
#define UNPACKED_BYTES ((size_t)1 << 20)

/* What one subcommand does with the numbers after it. */
struct action {
    const char *name;
    bool needs_numbers;
    enum store_mode mode;
    bool (*run)(struct cli *cli, char **numbers, bool *missing, GError **error);
};

static char *time_text(gint64 at)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at);

    return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M") : g_strdup("?");
}

static void list_one(const struct store_quarantined *thing, void *data)
{
    g_autofree char *at = time_text(thing->at);
    g_autofree char *from = escape_terminal(thing->sender != NULL ? thing->sender : thing->source);
    g_autofree char *name = escape_terminal(thing->file_name);
    g_autofree char *problem = escape_terminal(thing->problem);
    guint *count = data;

    (*count)++;
    printf("%4" G_GINT64_FORMAT "  %s  %7" G_GINT64_FORMAT " bytes  %s%s%s\n      %s%s%s%s\n",
           thing->id, at, thing->size, from, *name != '\0' ? "  " : "", name, problem,
           thing->clause != NULL ? " (" : "", thing->clause != NULL ? thing->clause : "",
           thing->clause != NULL ? ")" : "");
}

static bool run_list(struct cli *cli, char **numbers, bool *missing, GError **error)
{
    guint count = 0;

    (void)numbers;
    (void)missing;
    if (!store_each_quarantined(cli->store, list_one, &count, error))
        return false;
    return cli_print(cli, count > 0 || cli->quiet ? "" : "The quarantine is empty.\n");
}

static void show_field(const char *name, const char *text)
{
    g_autofree char *escaped = escape_terminal(text);

    if (*escaped != '\0')
        printf("%-9s %s\n", name, escaped);
}

/* What follows a 0 is shown, too: that of UTF-16 goes, no text has another. */
static char *without_zeros(const char *text, size_t length)
{
    GString *copy = g_string_sized_new(length);

    for (size_t i = 0; i < length; i++)
        if (text[i] != '\0')
            g_string_append_c(copy, text[i]);
    return g_string_free(copy, FALSE);
}

/* Line by line, so that line breaks stay and nothing else acts on the terminal. */
static void show_text(const char *text, size_t length)
{
    const char *end = text + MIN(length, SHOWN_BYTES);

    for (const char *line = text; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *line_end = newline != NULL ? newline : end;
        g_autofree char *copy = without_zeros(line, (size_t)(line_end - line));
        g_autofree char *escaped = escape_terminal(g_strchomp(copy));
        printf("  %s\n", escaped);
        line = line_end + 1;
    }
    if (length > SHOWN_BYTES)
        printf("  ... %zu bytes more\n", length - SHOWN_BYTES);
}

/* The innermost text of it; what does not unpack is shown as it is. */
static void show_content(const struct store_quarantined *thing)
{
    g_autoptr(GPtrArray) issues = issues_new();
    g_autoptr(GPtrArray) members = NULL;
    size_t budget = UNPACKED_BYTES;

    if (thing->encoding != ORIGINAL_PLAIN)
        members = unpack(thing->bytes, (size_t)thing->size, &budget, NULL, issues);
    if (members == NULL || members->len == 0) {
        show_text(thing->bytes, (size_t)thing->size);
        return;
    }
    for (guint i = 0; i < members->len; i++) {
        const struct unpack_member *member = g_ptr_array_index(members, i);
        gsize length;
        const char *text = g_bytes_get_data(member->bytes, &length);
        show_text(text, length);
    }
}

static void show_one(const struct store_quarantined *thing, void *data)
{
    g_autofree char *at = time_text(thing->at);

    (void)data;
    printf("%-9s %" G_GINT64_FORMAT "\n", "Number", thing->id);
    show_field("Came", at);
    show_field("From", thing->sender);
    show_field("Subject", thing->subject);
    show_field("Source", thing->source);
    show_field("Part", thing->part);
    show_field("File", thing->file_name);
    show_field("Problem", thing->problem);
    show_field("Clause", thing->clause);
    printf("\n");
    show_content(thing);
}

static void write_raw(const struct store_quarantined *thing, void *data)
{
    (void)data;
    fwrite(thing->bytes, 1, (size_t)thing->size, stdout);
}

static bool look_into(struct cli *cli, char **numbers, store_quarantined_fn take, bool *missing,
                      GError **error)
{
    for (char **number = numbers; *number != NULL; number++) {
        gint64 id = g_ascii_strtoll(*number, NULL, 10);
        bool found = false;

        if (!store_look_into_quarantine(cli->store, id, take, NULL, &found, error))
            return false;
        if (!found)
            cli_complain(cli, "nothing in the quarantine has the number %s", *number);
        *missing |= !found;
    }
    return cli_print(cli, "");
}

static bool run_show(struct cli *cli, char **numbers, bool *missing, GError **error)
{
    return look_into(cli, numbers, show_one, missing, error);
}

static bool run_raw(struct cli *cli, char **numbers, bool *missing, GError **error)
{
    return look_into(cli, numbers, write_raw, missing, error);
}

static bool drop_all(struct cli *cli, char **numbers, bool *missing, GError **error)
{
    for (char **number = numbers; *number != NULL; number++) {
        bool found = false;
        if (!store_drop_quarantined(cli->store, g_ascii_strtoll(*number, NULL, 10), &found, error))
            return false;
        if (!found)
            cli_complain(cli, "nothing in the quarantine has the number %s", *number);
        *missing |= !found;
    }
    return true;
}

static bool run_drop(struct cli *cli, char **numbers, bool *missing, GError **error)
{
    if (!store_begin(cli->store, error))
        return false;
    if (drop_all(cli, numbers, missing, error) && store_commit(cli->store, error))
        return true;
    store_rollback(cli->store);
    return false;
}

static bool run_retry(struct cli *cli, char **numbers, bool *missing, GError **error)
{
    struct reparse_counts counts = {0};

    if (!reparse_quarantine(cli, numbers, &counts, missing, error))
        return false;
    if (!cli->quiet)
        printf("%u tried again, %u can be read now\n", counts.read, counts.released);
    return cli_print(cli, "");
}

static const struct action actions[] = {
    {"list", false, STORE_READ, run_list}, {"show", true, STORE_READ, run_show},
    {"raw", true, STORE_READ, run_raw},    {"retry", false, STORE_WRITE, run_retry},
    {"drop", true, STORE_WRITE, run_drop},
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static bool are_numbers(const struct cli *cli, char **words)
{
    for (char **word = words; *word != NULL; word++)
        if (!g_ascii_string_to_signed(*word, 10, 1, G_MAXINT64, NULL, NULL)) {
            cli_complain(cli, "not a number of the list: %s", *word);
            return false;
        }
    return true;
}

/* NULL with a message where the words make no sense. */
static const struct action *choose_action(const struct cli *cli, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "list";
    const struct action *action = find_action(name);

    if (action == NULL) {
        cli_complain(cli, "list, show, raw, retry or drop, not %s", name);
        return NULL;
    }
    if ((argc < 3 && action->needs_numbers) || (argc > 2 && action->run == run_list)) {
        cli_complain(
            cli, action->needs_numbers ? "%s needs a number of the list" : "%s takes no arguments",
            name);
        return NULL;
    }
    if (argc > 2 && !are_numbers(cli, argv + 2))
        return NULL;
    if (action->run == run_raw && isatty(STDOUT_FILENO)) {
        cli_complain(cli, "raw bytes do not go to a terminal: send them to a file");
        return NULL;
    }
    return action;
}

int cmd_quarantine(struct cli *cli, int argc, char **argv)
{
    const GOptionEntry entries[] = {{NULL, 0, 0, 0, NULL, NULL, NULL}};
    static char *none[] = {NULL};
    const struct action *action;
    GError *error = NULL;
    bool missing = false;
    int status;

    if (!cli_parse(cli, &argc, &argv, entries,
                   "What came as a report and could not be read is kept for 90 days, up to 256\n"
                   "MiB.\n\n"
                   "  list         number, time, size, sender and what is wrong (the default)\n"
                   "  show N...    the same at length, and how it begins\n"
                   "  raw N        its bytes, gzip where they came unpacked, to a file or a pipe\n"
                   "  retry [N]... read it again, after an upgrade say\n"
                   "  drop N...    forget it",
                   &status))
        return status;
    action = choose_action(cli, argc, argv);
    if (action == NULL)
        return EXIT_USAGE;
    if (!cli_open_existing_store(cli, action->mode))
        return EXIT_TROUBLE;
    if (!action->run(cli, argc > 2 ? argv + 2 : none, &missing, &error))
        return error != NULL ? cli_fail(cli, error) : EXIT_TROUBLE;
    return missing ? EXIT_TROUBLE : EXIT_DONE;
}
