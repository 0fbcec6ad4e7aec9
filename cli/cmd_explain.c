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

/* One a line, the word first: people and the completion of shells read it. */
static int list_words(struct cli *cli)
{
    static const char *const kinds[] = {[KNOWLEDGE_FAILURE] = "failure",
                                        [KNOWLEDGE_CAUSE] = "cause",
                                        [KNOWLEDGE_RESULT] = "result"};
    g_autoptr(GPtrArray) words = knowledge_words();
    g_autoptr(GString) out = g_string_new(NULL);
    enum knowledge_kind kind;

    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        if (knowledge_kind_of(word, &kind))
            g_string_append_printf(out, "%-28s %-8s %s\n", word, kinds[kind],
                                   knowledge_title(word));
    }
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
