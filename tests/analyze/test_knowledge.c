#include "analyze/knowledge.h"
#include "schema/embedded.h"
#include "schema/vocabulary.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS_MAX 100
#define DIGEST_COLUMNS 72
#define DIGEST_LINES_MAX 64

static const char *const sections[] = {"means", "effect",  "causes",  "steps",
                                       "check", "prevent", "sending", "letter"};

/* What the texts are shown with: every policy and mode, with and without values. */
static const struct knowledge_facts settings[] = {
    {.policy_type = POLICY_TLSA},
    {.domain = "example.org",
     .mx = "mx.example.org",
     .ip = "192.0.2.1",
     .policy_type = POLICY_TLSA,
     .effect = EFFECT_DEFERRED,
     .usage_ee = true,
     .tlsa = "3 1 1 AB"},
    {.domain = "example.org",
     .mx = "mx.example.org",
     .ip = "2001:db8::1",
     .policy_type = POLICY_TLSA,
     .effect = EFFECT_RETURNED,
     .usage_ta = true,
     .usage_ee = true},
    {.mx = "mx.example.org",
     .policy_type = POLICY_STS,
     .mode = STS_MODE_ENFORCE,
     .effect = EFFECT_DEFERRED,
     .microsoft = true,
     .many_destinations = true,
     .many_reporters = true},
    {.domain = "example.org", .policy_type = POLICY_STS, .mode = STS_MODE_TESTING},
    {.policy_type = POLICY_STS, .mode = STS_MODE_NONE, .effect = EFFECT_NONE},
    {.policy_type = POLICY_STS, .mode = STS_MODE_UNKNOWN},
    {.policy_type = POLICY_NONE_FOUND, .effect = EFFECT_PLAINTEXT},
    {.policy_type = POLICY_OTHER},
};

/* --- helpers --- */

static bool one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

#define ONE_OF(word, words) one_of(word, words, G_N_ELEMENTS(words))

/* The lines of a section in one string; only those of `kind`, or all if it is negative. */
static char *joined(const char *word, enum knowledge_section section, int kind,
                    const struct knowledge_facts *facts)
{
    g_autoptr(GPtrArray) lines = knowledge_lines(word, section, facts);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++) {
        const struct knowledge_line *line = g_ptr_array_index(lines, i);
        if (kind < 0 || (int)line->kind == kind)
            g_string_append_printf(out, "%s\n", line->text);
    }
    return g_string_free(out, FALSE);
}

static char *whole(const char *word, int kind, const struct knowledge_facts *facts)
{
    GString *out = g_string_new(NULL);
    for (int section = 0; section < SECTION_COUNT; section++) {
        g_autofree char *part = joined(word, (enum knowledge_section)section, kind, facts);
        g_string_append(out, part);
    }
    return g_string_free(out, FALSE);
}

static void assert_says(const char *text, const char *what)
{
    if (strstr(text, what) == NULL)
        fail_msg("\"%s\" is missing in:\n%s", what, text);
}

static void assert_silent(const char *text, const char *what)
{
    if (strstr(text, what) != NULL)
        fail_msg("\"%s\" stands in:\n%s", what, text);
}

static enum knowledge_kind kind_of(const char *word)
{
    enum knowledge_kind kind = KNOWLEDGE_FAILURE;
    if (!knowledge_kind_of(word, &kind))
        fail_msg("%s has no kind", word);
    return kind;
}

/* --- the files --- */

static void each_file_keeps_the_form(void **state)
{
    (void)state;
    for (const struct embedded *file = knowledge_texts; file->name != NULL; file++) {
        assert_true(g_str_has_suffix(file->text, "\n"));
        g_auto(GStrv) lines = g_strsplit(file->text, "\n", -1);
        for (int i = 0; lines[i] != NULL; i++) {
            size_t length = strlen(lines[i]);
            if (length > COLUMNS_MAX || strchr(lines[i], '\t') != NULL ||
                !g_str_is_ascii(lines[i]) || g_str_has_suffix(lines[i], " "))
                fail_msg("%s, line %d: too long, a tab, a blank at the end or not ASCII",
                         file->name, i + 1);
        }
        assert_int_equal(file->length, strlen(file->text));
    }
}

static void each_entry_has_title_kind_and_sources(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    assert_true(words->len > 0);
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        kind_of(word);
        if (knowledge_title(word) == NULL || *knowledge_title(word) == '\0')
            fail_msg("%s has no title", word);
        if (knowledge_sources(word) == NULL || !g_str_has_prefix(knowledge_sources(word), "RFC "))
            fail_msg("%s cites no RFC", word);
    }
}

/* Index of the section that the line begins, at `from` or later; SECTION_COUNT where there is none.
 */
static size_t section_from(const char *line, size_t from)
{
    for (; from < G_N_ELEMENTS(sections); from++) {
        g_autofree char *begin = g_strdup_printf("== %s ==", sections[from]);
        if (strcmp(begin, line) == 0)
            break;
    }
    return from;
}

static void sections_are_known_in_order_and_once(void **state)
{
    (void)state;
    for (const struct embedded *file = knowledge_texts; file->name != NULL; file++) {
        g_auto(GStrv) lines = g_strsplit(file->text, "\n", -1);
        size_t next = 0;
        for (int i = 0; lines[i] != NULL && *file->name != '_'; i++) {
            if (!g_str_has_prefix(lines[i], "=="))
                continue;
            next = section_from(lines[i], next) + 1;
            if (next > SECTION_COUNT)
                fail_msg("%s, line %d: unknown, out of order or twice", file->name, i + 1);
        }
    }
}

static void each_kind_has_its_sections(void **state)
{
    (void)state;
    static const bool needed[][SECTION_COUNT] = {
        [KNOWLEDGE_FAILURE] = {true, true, true, true, true, true},
        [KNOWLEDGE_CAUSE] =
            {[SECTION_MEANS] = true, [SECTION_STEPS] = true, [SECTION_CHECK] = true},
        [KNOWLEDGE_RESULT] = {[SECTION_MEANS] = true},
    };
    g_autoptr(GPtrArray) words = knowledge_words();
    for (guint i = 0; i < words->len; i++)
        for (size_t f = 0; f <= G_N_ELEMENTS(settings); f++)
            for (int section = 0; section < SECTION_COUNT; section++) {
                const char *word = g_ptr_array_index(words, i);
                g_autoptr(GPtrArray) lines = knowledge_lines(word, (enum knowledge_section)section,
                                                             f == 0 ? NULL : &settings[f - 1]);
                if (needed[kind_of(word)][section] && lines->len == 0)
                    fail_msg("%s: nothing in section %s with facts %zu", word, sections[section],
                             f);
            }
}

static void check_term(const char *file, const char *term)
{
    static const char *const allowed[] = {
        "policy=tlsa",       "policy=sts",          "policy=no-policy-found",
        "policy=other",      "mode=enforce",        "mode=testing",
        "mode=none",         "mode=unknown",        "effect=unknown",
        "effect=none",       "effect=unverified",   "effect=plaintext",
        "effect=deferred",   "effect=returned",     "usage=ta",
        "usage=ee-only",     "usage=unknown",       "reporters=one",
        "reporters=many",    "reporters=microsoft", "destinations=one",
        "destinations=many", "known=domain",        "known=mx",
        "known=ip",          "known=tlsa",          "known=sending_ip",
        "known=contact",     "known=reporter",      "known=since",
        "known=reason",      "known=tls_error",     "mta=postfix",
        "mta=exim",          "shown=explain",       "shown=digest",
    };
    g_auto(GStrv) sides = g_strsplit(term, "=", 2);
    assert_non_null(sides[1]);
    if (g_str_has_suffix(sides[0], "!"))
        sides[0][strlen(sides[0]) - 1] = '\0';
    g_auto(GStrv) values = g_strsplit(sides[1], "|", -1);
    for (char **value = values; *value != NULL; value++) {
        g_autofree char *one = g_strconcat(sides[0], "=", *value, NULL);
        if (!ONE_OF(one, allowed))
            fail_msg("%s: unknown condition %s", file, one);
    }
}

static void conditions_are_known(void **state)
{
    (void)state;
    int seen = 0;
    for (const struct embedded *file = knowledge_texts; file->name != NULL; file++) {
        g_auto(GStrv) lines = g_strsplit(file->text, "\n", -1);
        for (char **line = lines; *line != NULL; line++) {
            if (!g_str_has_prefix(*line, "[") || g_str_has_prefix(*line, "[insert "))
                continue;
            if (!g_str_has_prefix(*line, "[if ") || !g_str_has_suffix(*line, "]"))
                fail_msg("%s: %s", file->name, *line);
            g_autofree char *terms = g_strndup(*line + 4, strlen(*line) - 5);
            g_auto(GStrv) list = g_strsplit(terms, " ", -1);
            for (char **term = list; *term != NULL; term++, seen++)
                check_term(file->name, *term);
        }
    }
    assert_true(seen > 50);
}

/* A passage may insert only those above itself, so that none inserts itself. */
static void inserted_passages_exist(void **state)
{
    (void)state;
    const struct embedded *shared = knowledge_texts;
    while (shared->name != NULL && strcmp(shared->name, "_shared.txt") != 0)
        shared++;
    assert_non_null(shared->name);
    for (const struct embedded *file = knowledge_texts; file->name != NULL; file++) {
        for (const char *at = file->text; (at = strstr(at, "\n[insert ")) != NULL; at++) {
            const char *name = at + strlen("\n[insert ");
            g_autofree char *head =
                g_strdup_printf("\n== %.*s ==\n", (int)strcspn(name, "]\n"), name);
            const char *found = strstr(shared->text, head);
            const char *own =
                file == shared ? g_strrstr_len(shared->text, at - shared->text, "\n== ") : NULL;
            if (found == NULL || (own != NULL && found >= own))
                fail_msg("%s inserts%s", file->name, head);
        }
    }
}

static void no_placeholder_is_left_over(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    g_autoptr(GRegex) left = g_regex_new("\\{[A-Za-z_]*\\}|\\[(if|insert) ", 0, 0, NULL);
    for (guint i = 0; i < words->len; i++) {
        g_autofree char *text = whole(g_ptr_array_index(words, i), -1, NULL);
        if (g_regex_match(left, text, 0, NULL))
            fail_msg("%s", text);
    }
}

static void each_candidate_cause_has_an_entry_and_a_check(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    for (guint i = 0; i < words->len; i++) {
        g_autoptr(GPtrArray) lines =
            knowledge_lines(g_ptr_array_index(words, i), SECTION_CAUSES, NULL);
        for (guint j = 0; j < lines->len; j++) {
            const struct knowledge_line *line = g_ptr_array_index(lines, j);
            assert_int_equal(line->kind, LINE_ITEM);
            g_autofree char *cause = g_strndup(line->text + 2, strcspn(line->text + 2, ":"));
            if (knowledge_title(cause) == NULL)
                fail_msg("%s names the cause %s", (char *)g_ptr_array_index(words, i), cause);
            assert_says(line->text, "Check: ");
        }
    }
}

static void each_cause_is_a_candidate_somewhere(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    GString *named = g_string_new("\n");
    for (guint i = 0; i < words->len; i++) {
        g_autofree char *causes = joined(g_ptr_array_index(words, i), SECTION_CAUSES, -1, NULL);
        g_string_append(named, causes);
    }
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        g_autofree char *item = g_strdup_printf("\n- %s: ", word);
        if (kind_of(word) == KNOWLEDGE_CAUSE)
            assert_says(named->str, item);
    }
    g_string_free(named, TRUE);
}

static void each_word_of_the_vocabulary_has_an_entry(void **state)
{
    (void)state;
    for (int type = 0; type < FAILURE_TYPE_COUNT; type++) {
        const char *word = failure_type_word((enum failure_type)type);
        if (knowledge_title(word) == NULL)
            fail_msg("no text for %s", word);
        assert_int_equal(kind_of(word), KNOWLEDGE_FAILURE);
        assert_string_equal(knowledge_title(word), failure_type_label((enum failure_type)type));
    }
    for (int type = RESULT_UNKNOWN + 1; type <= RESULT_STS_WEBPKI_INVALID; type++)
        if (knowledge_title(result_type_word((enum result_type)type)) == NULL)
            fail_msg("no text for %s", result_type_word((enum result_type)type));
}

static void items_are_numbered_without_gaps(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    for (guint i = 0; i < words->len; i++)
        for (size_t f = 0; f < G_N_ELEMENTS(settings); f++) {
            g_autoptr(GPtrArray) lines =
                knowledge_lines(g_ptr_array_index(words, i), SECTION_STEPS, &settings[f]);
            guint number = 0;
            for (guint j = 0; j < lines->len; j++) {
                const struct knowledge_line *line = g_ptr_array_index(lines, j);
                if (line->kind == LINE_ITEM && g_ascii_isdigit(*line->text))
                    assert_int_equal(g_ascii_strtoull(line->text, NULL, 10), ++number);
            }
            assert_true(number > 0 || kind_of(g_ptr_array_index(words, i)) == KNOWLEDGE_RESULT);
        }
}

static guint wrapped_lines(const struct knowledge_line *line)
{
    guint count = 1;
    if (line->kind == LINE_COMMAND) {
        for (const char *c = line->text; *c != '\0'; c++)
            count += *c == '\n';
        return count;
    }
    return count + (guint)(strlen(line->text) / DIGEST_COLUMNS);
}

static void a_failure_fits_a_screen_of_a_digest(void **state)
{
    (void)state;
    for (int type = 0; type < FAILURE_TYPE_COUNT; type++)
        for (size_t f = 0; f < G_N_ELEMENTS(settings); f++) {
            guint total = 0;
            for (int section = 0; section < SECTION_PREVENT; section++) {
                g_autoptr(GPtrArray) lines =
                    knowledge_lines(failure_type_word((enum failure_type)type),
                                    (enum knowledge_section)section, &settings[f]);
                for (guint i = 0; i < lines->len; i++)
                    total += wrapped_lines(g_ptr_array_index(lines, i));
            }
            if (total > DIGEST_LINES_MAX)
                fail_msg("%s: %u lines", failure_type_word((enum failure_type)type), total);
        }
}

/* --- commands --- */

static void assert_shell_takes(const char *word, const char *commands)
{
    const char *argv[] = {"sh", "-n", "-c", commands, NULL};
    g_autofree char *errors = NULL;
    int status = -1;
    assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                             &errors, &status, NULL));
    if (status != 0 || *errors != '\0')
        fail_msg("%s: %s\n%s", word, errors, commands);
}

static void every_command_is_sound_shell(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        for (size_t f = 0; f < 3; f++) {
            g_autofree char *commands = whole(word, LINE_COMMAND, f == 0 ? NULL : &settings[f]);
            assert_shell_takes(word, commands);
        }
    }
}

static void strangers_values_never_reach_a_command(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "$(rm -rf /)",
        "; id",
        "a\nid\n",
        "x'y",
        "x\"y",
        "`id`",
        "-oProxy=x",
        "-4",
        "a b",
        "a|b",
        "a&b",
        "a>b",
        "a\\b",
        "*.example",
        "[2001:db8::1]",
        "2001:db8::g",
        "::1%eth0",
        "a/../b",
        "mx.\xc3\xa4.example",
        "a:25",
        "#x",
        "~root",
        "\x1b[31mred",
        "a$IFS",
        "",
    };
    g_autoptr(GPtrArray) words = knowledge_words();
    g_autofree char *too_long = g_strnfill(254, 'a');
    const struct knowledge_facts none = {.policy_type = POLICY_TLSA};
    for (size_t h = 0; h <= G_N_ELEMENTS(hostile); h++) {
        const char *bad = h < G_N_ELEMENTS(hostile) ? hostile[h] : too_long;
        const struct knowledge_facts facts = {.domain = bad,
                                              .mx = bad,
                                              .ip = bad,
                                              .sending_ip = bad,
                                              .reporter = bad,
                                              .contact = bad,
                                              .tlsa = bad,
                                              .first_day = bad,
                                              .policy_type = POLICY_TLSA};
        for (guint i = 0; i < words->len; i++) {
            g_autofree char *filled = whole(g_ptr_array_index(words, i), LINE_COMMAND, &facts);
            g_autofree char *plain = whole(g_ptr_array_index(words, i), LINE_COMMAND, &none);
            assert_string_equal(filled, plain);
        }
    }
}

static void commands_hold_the_names_of_the_case(void **state)
{
    (void)state;
    g_autofree char *v4 = whole("dane-cert-mismatch", LINE_COMMAND, &settings[1]);
    assert_says(v4, "-connect '192.0.2.1:25'");
    assert_says(v4, "-servername mx.example.org");
    assert_says(v4, "_25._tcp.mx.example.org");
    g_autofree char *v6 = whole("dane-cert-mismatch", LINE_COMMAND, &settings[2]);
    assert_says(v6, "-connect '[2001:db8::1]:25'");
    g_autofree char *by_name = whole("cert-expired", LINE_COMMAND, &settings[3]);
    assert_says(by_name, "-connect 'mx.example.org:25'");
    g_autofree char *unknown = whole("cert-expired", LINE_COMMAND, NULL);
    assert_says(unknown, "-connect 'MX:25' \\\n  -servername MX ");
    g_autofree char *v6_plain = whole("starttls-absent", LINE_COMMAND, &settings[2]);
    assert_says(v6_plain, "nc -w 20 2001:db8::1 25");
    g_autofree char *web = whole("sts-policy-fetch-error", LINE_COMMAND, &settings[4]);
    assert_says(web, "https://mta-sts.example.org/.well-known/mta-sts.txt");
}

/* Known traps: a test that waits for ever, shows another certificate, or tests nothing. */
static void commands_avoid_known_traps(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    for (guint i = 0; i < words->len; i++) {
        g_autofree char *commands = whole(g_ptr_array_index(words, i), LINE_COMMAND, NULL);
        g_autofree char *flat = g_strdelimit(g_strdup(commands), "\\\n", ' ');
        for (const char *at = flat; (at = strstr(at, "openssl s_client")) != NULL; at++) {
            const char *next = strstr(at + 1, "openssl s_client");
            g_autofree char *one = next ? g_strndup(at, (gsize)(next - at)) : g_strdup(at);
            bool fed = at >= flat + 4 && g_strrstr_len(flat, at - flat, "QUIT") != NULL;
            if (!fed)
                assert_says(one, "</dev/null");
            if (strstr(one, "-dane_tlsa_domain") == NULL && strstr(one, "-noservername") == NULL)
                assert_says(one, "-servername ");
            if (strstr(one, "-dane_tlsa_domain") != NULL)
                assert_says(one, "-dane_ee_no_namechecks");
        }
        for (const char *at = flat; (at = strstr(at, "dig +short TLSA")) != NULL; at++)
            fail_msg("dig splits and needs +nosplit: %s", commands);
    }
}

/* --- values in sentences --- */

static void sentences_hold_values_as_they_are_but_bounded(void **state)
{
    (void)state;
    struct knowledge_facts facts = {.contact = "tls <x> $(id)", .policy_type = POLICY_TLSA};
    g_autofree char *raw = joined("one-reporter", SECTION_STEPS, -1, &facts);
    assert_says(raw, "from its report: tls <x> $(id)\n");

    /* 196 bytes and then two-byte characters: the cut at 197 would be inside the first */
    g_autofree char *start = g_strnfill(196, 'a');
    g_autofree char *longer = g_strconcat(start, "\xc3\xa4\xc3\xa4\xc3\xa4", NULL);
    g_autofree char *cut = g_strconcat("its report: ", start, "...\n", NULL);
    facts.contact = longer;
    g_autofree char *bounded = joined("one-reporter", SECTION_STEPS, -1, &facts);
    assert_says(bounded, cut);

    g_autofree char *unknown = joined("one-reporter", SECTION_STEPS, -1, NULL);
    assert_says(unknown, "its report: CONTACT\n");
}

/* --- what is said is true --- */

static void expiry_counts_under_ta_and_not_under_ee(void **state)
{
    (void)state;
    struct knowledge_facts facts = {.policy_type = POLICY_TLSA, .usage_ee = true};
    g_autofree char *ee = whole("dane-expired", -1, &facts);
    assert_says(ee, "conforming senders ignore the expiry date");
    assert_says(ee, "Conforming DANE senders deliver as usual");
    assert_says(ee, "- expired-strict-sender:");
    assert_silent(ee, "- dane-ta-expired:");
    facts = (struct knowledge_facts){.policy_type = POLICY_TLSA, .usage_ta = true};
    g_autofree char *ta = whole("dane-expired", -1, &facts);
    assert_says(ta, "DANE-TA(2) the dates count");
    assert_says(ta, "does not deliver to this host");
    assert_silent(ta, "ignore");
    assert_silent(ta, "expired-strict-sender");
}

static void names_count_under_ta_and_not_under_ee(void **state)
{
    (void)state;
    struct knowledge_facts facts = {.policy_type = POLICY_TLSA, .usage_ee = true};
    g_autofree char *ee = whole("dane-ta-name", -1, &facts);
    assert_says(ee, "fault of the reporter");
    assert_silent(ee, "- cert-wrong-name:");
    facts = (struct knowledge_facts){.policy_type = POLICY_TLSA, .usage_ta = true};
    g_autofree char *ta = whole("dane-ta-name", -1, &facts);
    assert_says(ta, "- cert-wrong-name:");
    assert_silent(ta, "fault of the reporter");
}

static void a_mismatch_under_ee_blames_no_issuer(void **state)
{
    (void)state;
    struct knowledge_facts facts = {.policy_type = POLICY_TLSA, .usage_ee = true};
    g_autofree char *ee = joined("dane-cert-mismatch", SECTION_CAUSES, -1, &facts);
    assert_says(ee, "- key-rolled:");
    assert_silent(ee, "issuer-changed");
    assert_silent(ee, "chain-incomplete");
    facts.usage_ta = true;
    g_autofree char *ta = joined("dane-cert-mismatch", SECTION_CAUSES, -1, &facts);
    assert_says(ta, "issuer-changed");
}

static void testing_mode_leaves_mail_alone(void **state)
{
    (void)state;
    static const char *const types[] = {"cert-expired", "cert-host-mismatch", "cert-not-trusted",
                                        "validation-unspecified", "sts-mx-mismatch"};
    struct knowledge_facts testing = {.policy_type = POLICY_STS, .mode = STS_MODE_TESTING};
    struct knowledge_facts enforce = {
        .policy_type = POLICY_STS, .mode = STS_MODE_ENFORCE, .effect = EFFECT_DEFERRED};
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *calm = joined(types[i], SECTION_EFFECT, -1, &testing);
        assert_says(calm, "nothing happened to the mail, it was delivered");
        assert_silent(calm, "24 hours");
        g_autofree char *grave = joined(types[i], SECTION_EFFECT, -1, &enforce);
        assert_says(grave, "the mail waits in its queue");
        assert_silent(grave, "nothing happened");
    }
}

static void without_a_policy_mail_went_on(void **state)
{
    (void)state;
    static const char *const types[] = {"starttls-absent", "starttls-refused",
                                        "tls-handshake-failure"};
    const struct knowledge_facts facts = {.policy_type = POLICY_NONE_FOUND,
                                          .effect = EFFECT_PLAINTEXT};
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *effect = joined(types[i], SECTION_EFFECT, -1, &facts);
        assert_says(effect, "delivered in clear");
        assert_silent(effect, "waits");
    }
}

static void a_policy_host_is_not_a_mail_server(void **state)
{
    (void)state;
    static const char *const types[] = {"sts-policy-fetch-error", "sts-policy-invalid",
                                        "sts-webpki-invalid"};
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *text = whole(types[i], -1, &settings[4]);
        assert_says(text, "mta-sts.example.org");
        assert_says(text, "Mail is not stopped by this");
        assert_silent(text, "-starttls");
        assert_silent(text, ":25");
    }
}

static void senders_give_up_at_different_times(void **state)
{
    (void)state;
    g_autofree char *waits = joined("cert-expired", SECTION_EFFECT, -1, &settings[3]);
    assert_says(waits, "Exchange Online after 24 hours");
    assert_says(waits, "Postfix after about 5");
    assert_says(waits, "a weekend is too long");
    g_autofree char *other = joined("dane-cert-mismatch", SECTION_EFFECT, -1, &settings[1]);
    assert_silent(other, "weekend");
    g_autofree char *returned = joined("dane-cert-mismatch", SECTION_EFFECT, -1, &settings[2]);
    assert_says(returned, "returned the mail to its author at once");
    assert_says(returned, "Exchange Online after 24 hours"); /* others wait */
    assert_silent(other, "at once");
}

static void dane_required_is_the_senders_setting(void **state)
{
    (void)state;
    g_autofree char *text = whole("dane-required", -1, &settings[0]);
    assert_says(text, "This is a setting of that sender");
    assert_says(text, "Other senders are not stopped");
}

/* --- words --- */

static void explain_shows_what_a_digest_leaves_out(void **state)
{
    (void)state;
    g_autofree char *digest = joined("dane-cert-mismatch", SECTION_CAUSES, -1, &settings[1]);
    g_autofree char *explain = joined("dane-cert-mismatch", SECTION_CAUSES, -1, NULL);
    assert_silent(digest, "- tlsa-edited:");
    assert_says(explain, "- tlsa-edited:");
    assert_says(explain, "- issuer-changed:");
}

static void a_fault_that_one_reporter_sees_may_lie_with_it(void **state)
{
    static const char *const words[] = {"dnssec-bogus", "dane-cert-mismatch", "cert-not-trusted",
                                        "sts-policy-fetch-error", "tls-handshake-failure"};
    struct knowledge_facts one = settings[1], many = settings[1];

    (void)state;
    one.many_reporters = false;
    many.many_reporters = true;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *alone = joined(words[i], SECTION_CAUSES, -1, &one);
        g_autofree char *together = joined(words[i], SECTION_CAUSES, -1, &many);
        assert_says(alone, "- one-reporter:");
        assert_silent(together, "- one-reporter:");
    }
}

static void explain_claims_nothing_about_a_case(void **state)
{
    (void)state;
    static const char *const claims[] = {"is among the reporters", "One sender at least",
                                         "records here are", "records seen are"};
    g_autoptr(GPtrArray) words = knowledge_words();
    for (guint i = 0; i < words->len; i++) {
        g_autofree char *text = whole(g_ptr_array_index(words, i), -1, NULL);
        for (size_t c = 0; c < G_N_ELEMENTS(claims); c++)
            assert_silent(text, claims[c]);
    }
    g_autofree char *digest = whole("dane-cert-mismatch", -1, &settings[1]);
    assert_says(digest, "records here are DANE-EE(3)");
}

/* Mail that another MX host took, or that went out, needs no exception and waits nowhere. */
static void what_waits_is_told_only_where_mail_waits(void **state)
{
    static const enum mail_effect gone[] = {EFFECT_NONE, EFFECT_UNVERIFIED, EFFECT_PLAINTEXT};
    g_autoptr(GPtrArray) words = knowledge_words();
    struct knowledge_facts facts = settings[1];

    (void)state;
    facts.mta = MTA_POSTFIX;
    for (guint i = 0; i < words->len * G_N_ELEMENTS(gone); i++) {
        const char *word = g_ptr_array_index(words, i / G_N_ELEMENTS(gone));
        facts.effect = gone[i % G_N_ELEMENTS(gone)];
        g_autofree char *sending = joined(word, SECTION_SENDING, -1, &facts);
        g_autofree char *letter = joined(word, SECTION_LETTER, -1, &facts);
        assert_silent(sending, "REMOVE AFTER");
        assert_silent(sending, "postqueue -f");
        assert_silent(letter, "held back");
        assert_silent(letter, "waits in our queue");
    }
    facts.effect = EFFECT_DEFERRED;
    g_autofree char *sending = joined("dane-cert-mismatch", SECTION_SENDING, -1, &facts);
    g_autofree char *letter = joined("dane-cert-mismatch", SECTION_LETTER, -1, &facts);
    assert_says(sending, "REMOVE AFTER");
    assert_says(letter, "waits in our queue");
}

/* Levels are a word of Postfix; and a step that ends in a colon has its command. */
static void each_mail_server_is_told_in_its_own_words(void **state)
{
    static const enum mta mtas[] = {MTA_UNKNOWN, MTA_POSTFIX, MTA_EXIM, MTA_HALON, MTA_POWERMTA};
    g_autoptr(GPtrArray) words = knowledge_words();
    struct knowledge_facts facts = settings[1];

    (void)state;
    for (guint i = 0; i < words->len * G_N_ELEMENTS(mtas); i++) {
        const char *word = g_ptr_array_index(words, i / G_N_ELEMENTS(mtas));
        facts.mta = mtas[i % G_N_ELEMENTS(mtas)];
        g_autoptr(GPtrArray) lines = knowledge_lines(word, SECTION_SENDING, &facts);
        for (guint l = 0; l < lines->len; l++) {
            const struct knowledge_line *line = g_ptr_array_index(lines, l);
            const struct knowledge_line *next =
                l + 1 < lines->len ? g_ptr_array_index(lines, l + 1) : NULL;
            if (line->kind == LINE_ITEM && g_str_has_suffix(line->text, ":"))
                assert_true(next != NULL && next->kind == LINE_COMMAND);
            if (facts.mta == MTA_EXIM)
                assert_silent(line->text, "\"encrypt\"");
        }
    }
}

/* A log before Postfix 3.11 does not tell whether a rule of ours, DANE-TA(2) records or MTA-STS
   had the certificate checked: none of them may be left out. */
static void a_certificate_may_have_been_checked_for_several_reasons(void **state)
{
    static const char *const words[] = {"cert-expired", "cert-not-trusted", "cert-host-mismatch"};
    struct knowledge_facts facts = settings[1];

    (void)state;
    facts.mta = MTA_POSTFIX;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *sending = joined(words[i], SECTION_SENDING, -1, &facts);
        assert_says(sending, "postconf smtp_tls_security_level smtp_tls_policy_maps");
        assert_says(sending, "TLSA _25._tcp.mx.example.org");
        assert_says(sending, "TXT _mta-sts.example.org");
    }
    g_autofree char *expired = joined("cert-expired", SECTION_LETTER, -1, &facts);
    g_autofree char *name = joined("cert-host-mismatch", SECTION_LETTER, -1, &facts);
    assert_says(expired, "TLSA records of usage 2");
    assert_silent(name, "does not name mx.example.org"); /* a rule may ask for the domain's name */
}

static void words_are_sorted_and_complete(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = knowledge_words();
    for (guint i = 1; i < words->len; i++)
        assert_true(strcmp(g_ptr_array_index(words, i - 1), g_ptr_array_index(words, i)) < 0);
    guint files = 0;
    for (const struct embedded *file = knowledge_texts; file->name != NULL; file++)
        files += *file->name != '_';
    assert_int_equal(words->len, files);
}

static void an_unknown_word_has_nothing(void **state)
{
    (void)state;
    static const char *const unknown[] = {"no-such-word", "",      "_shared",
                                          "../knowledge", "Other", "other.txt"};
    enum knowledge_kind kind = KNOWLEDGE_RESULT;
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
        assert_null(knowledge_title(unknown[i]));
        assert_null(knowledge_sources(unknown[i]));
        assert_false(knowledge_kind_of(unknown[i], &kind));
        g_autoptr(GPtrArray) lines = knowledge_lines(unknown[i], SECTION_MEANS, NULL);
        assert_int_equal(lines->len, 0);
    }
    assert_null(knowledge_title(NULL));
    assert_int_equal(kind, KNOWLEDGE_RESULT);
    for (int section = 0; section < SECTION_COUNT; section++)
        assert_true(strlen(knowledge_section_title((enum knowledge_section)section)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_keeps_the_form),
        cmocka_unit_test(each_entry_has_title_kind_and_sources),
        cmocka_unit_test(sections_are_known_in_order_and_once),
        cmocka_unit_test(each_kind_has_its_sections),
        cmocka_unit_test(conditions_are_known),
        cmocka_unit_test(inserted_passages_exist),
        cmocka_unit_test(no_placeholder_is_left_over),
        cmocka_unit_test(each_candidate_cause_has_an_entry_and_a_check),
        cmocka_unit_test(each_cause_is_a_candidate_somewhere),
        cmocka_unit_test(each_word_of_the_vocabulary_has_an_entry),
        cmocka_unit_test(items_are_numbered_without_gaps),
        cmocka_unit_test(a_failure_fits_a_screen_of_a_digest),
        cmocka_unit_test(every_command_is_sound_shell),
        cmocka_unit_test(strangers_values_never_reach_a_command),
        cmocka_unit_test(commands_hold_the_names_of_the_case),
        cmocka_unit_test(commands_avoid_known_traps),
        cmocka_unit_test(sentences_hold_values_as_they_are_but_bounded),
        cmocka_unit_test(expiry_counts_under_ta_and_not_under_ee),
        cmocka_unit_test(names_count_under_ta_and_not_under_ee),
        cmocka_unit_test(a_mismatch_under_ee_blames_no_issuer),
        cmocka_unit_test(testing_mode_leaves_mail_alone),
        cmocka_unit_test(without_a_policy_mail_went_on),
        cmocka_unit_test(a_policy_host_is_not_a_mail_server),
        cmocka_unit_test(senders_give_up_at_different_times),
        cmocka_unit_test(dane_required_is_the_senders_setting),
        cmocka_unit_test(explain_shows_what_a_digest_leaves_out),
        cmocka_unit_test(a_fault_that_one_reporter_sees_may_lie_with_it),
        cmocka_unit_test(explain_claims_nothing_about_a_case),
        cmocka_unit_test(what_waits_is_told_only_where_mail_waits),
        cmocka_unit_test(each_mail_server_is_told_in_its_own_words),
        cmocka_unit_test(a_certificate_may_have_been_checked_for_several_reasons),
        cmocka_unit_test(words_are_sorted_and_complete),
        cmocka_unit_test(an_unknown_word_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
