#include "analyze/sts.h"
#include <string.h>

/* Valid patterns in lower case, without the final dot; wildcards keep their "*.". */
struct sts_patterns {
    GHashTable *set;
    bool quoted; /* a pattern was given, valid or not */
};

static char *normalise(const char *name)
{
    g_autofree char *copy = g_ascii_strdown(name, -1);
    g_strstrip(copy);
    size_t length = strlen(copy);
    while (length > 0 && copy[length - 1] == '.')
        copy[--length] = '\0';
    return g_steal_pointer(&copy);
}

/* A '*' may only be the whole of the leftmost label, and something has to follow it. */
static bool pattern_is_valid(const char *pattern)
{
    const char *name = g_str_has_prefix(pattern, "*.") ? pattern + 2 : pattern;
    return *name != '\0' && *name != '.' && strchr(name, '*') == NULL;
}

static void take_pattern(struct sts_patterns *patterns, const char *text)
{
    g_autofree char *pattern = normalise(text);
    if (*pattern == '\0')
        return;
    patterns->quoted = true;
    if (pattern_is_valid(pattern))
        g_hash_table_add(patterns->set, g_steal_pointer(&pattern));
}

/* RFC 8461, section 3.2: "mx" *WSP ":" *WSP value. */
static void take_line(struct sts_patterns *patterns, char *line)
{
    g_strstrip(line);
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return;
    *colon = '\0';
    if (g_ascii_strcasecmp(g_strchomp(line), "mx") == 0)
        take_pattern(patterns, colon + 1);
}

/* Some reporters put the whole policy into one string, line ends and all. */
static void take_lines(struct sts_patterns *patterns, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        take_line(patterns, *line);
}

struct sts_patterns *sts_patterns_new(const GPtrArray *strings, const GPtrArray *mx_hosts)
{
    struct sts_patterns *patterns = g_new0(struct sts_patterns, 1);
    patterns->set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; strings != NULL && i < strings->len; i++)
        take_lines(patterns, strings->pdata[i]);
    if (!patterns->quoted)
        for (guint i = 0; mx_hosts != NULL && i < mx_hosts->len; i++)
            take_pattern(patterns, mx_hosts->pdata[i]);
    return patterns;
}

bool sts_patterns_allow(const struct sts_patterns *patterns, const char *mx, bool *known)
{
    g_autofree char *name = normalise(mx != NULL ? mx : "");
    *known = patterns->quoted && *name != '\0';
    if (!*known || strchr(name, '*') != NULL)
        return false;
    if (g_hash_table_contains(patterns->set, name))
        return true;
    const char *dot = strchr(name, '.');
    if (dot == NULL || dot == name)
        return false;
    g_autofree char *wildcard = g_strconcat("*", dot, NULL);
    return g_hash_table_contains(patterns->set, wildcard);
}

void sts_patterns_free(struct sts_patterns *patterns)
{
    if (patterns == NULL)
        return;
    g_hash_table_unref(patterns->set);
    g_free(patterns);
}

bool sts_policy_allows(const GPtrArray *strings, const GPtrArray *mx_hosts, const char *mx,
                       bool *known)
{
    struct sts_patterns *patterns = sts_patterns_new(strings, mx_hosts);
    bool allowed = sts_patterns_allow(patterns, mx, known);
    sts_patterns_free(patterns);
    return allowed;
}

bool sts_pattern_matches(const char *pattern, const char *mx)
{
    gpointer data[] = {(gpointer)pattern};
    const GPtrArray one = {.pdata = data, .len = 1};
    bool known;
    return pattern != NULL && sts_policy_allows(NULL, &one, mx, &known);
}
