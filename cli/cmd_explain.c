#include "cli/cli.h"
#include "cli/terminal.h"
#include "report/text_knowledge.h"
#include <string.h>

#define WIDTH_MAX 100

static struct page new_page(GString *out)
{
    guint width = MIN(terminal_width(), WIDTH_MAX);

    return (struct page){out, width >= PAGE_WIDTH_MIN ? width : PAGE_WIDTH,
                         terminal_takes_colour()};
}

static void list_kind(GString *out, enum knowledge_kind wanted, const char *heading)
{
    g_autoptr(GPtrArray) words = knowledge_words();
    enum knowledge_kind kind;

    g_string_append_printf(out, "%s%s\n", out->len > 0 ? "\n" : "", heading);
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        if (knowledge_kind_of(word, &kind) && kind == wanted)
            g_string_append_printf(out, "  %-26s %s\n", word, knowledge_title(word));
    }
}

static int list_words(struct cli *cli)
{
    g_autoptr(GString) out = g_string_new(NULL);

    list_kind(out, KNOWLEDGE_FAILURE, "Failure types");
    list_kind(out, KNOWLEDGE_RESULT, "Result types of RFC 8460");
    list_kind(out, KNOWLEDGE_CAUSE, "Causes");
    return cli_print(cli, out->str) ? EXIT_DONE : EXIT_TROUBLE;
}

/* "expired" -> cert-expired, dane-expired ... */
static void suggest(struct cli *cli, const char *word)
{
    g_autoptr(GPtrArray) words = knowledge_words();
    g_autoptr(GString) like = g_string_new(NULL);

    for (guint i = 0; *word != '\0' && i < words->len; i++)
        if (strstr(g_ptr_array_index(words, i), word) != NULL)
            g_string_append_printf(like, "%s%s", like->len > 0 ? ", " : "",
                                   (const char *)g_ptr_array_index(words, i));
    if (like->len > 0)
        cli_complain(cli, "unknown word: %s; did you mean %s?", word, like->str);
    else
        cli_complain(cli, "unknown word: %s; tlstriage explain lists all", word);
}

static int explain(struct cli *cli, const char *asked)
{
    g_autofree char *word = g_ascii_strdown(asked, -1);
    g_autoptr(GString) out = g_string_new(NULL);
    struct page page = new_page(out);

    /* As Postfix' log spells it. */
    g_strdelimit(word, "_", '-');
    if (text_explain(&page, word))
        return cli_print(cli, out->str) ? EXIT_DONE : EXIT_TROUBLE;
    suggest(cli, word);
    return EXIT_USAGE;
}

int cmd_explain(struct cli *cli, int argc, char **argv)
{
    const GOptionEntry entries[] = {{NULL, 0, 0, 0, NULL, NULL, NULL}};
    int status;

    if (!cli_parse(
            cli, &argc, &argv, entries,
            "WORD is a failure type, a cause, or a result type of RFC 8460; without it, all are\n"
            "listed. Needs no store.",
            &status))
        return status;
    if (argc > 2) {
        cli_complain(cli, "one WORD");
        return EXIT_USAGE;
    }
    return argc == 2 ? explain(cli, argv[1]) : list_words(cli);
}
