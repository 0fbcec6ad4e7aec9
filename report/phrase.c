#include "report/phrase.h"
#include "report/escape.h"
#include <string.h>

static const char *const effects[] = {
    [EFFECT_UNKNOWN] = "the reports do not tell what became of it",
    [EFFECT_NONE] = "was delivered all the same",
    [EFFECT_UNVERIFIED] = "was delivered encrypted, but nobody checked to whom",
    [EFFECT_PLAINTEXT] = "was most likely delivered in clear",
    [EFFECT_DEFERRED] =
        "waits, unless another MX host takes it, and is returned when senders give up",
    [EFFECT_RETURNED] = "was returned to its authors",
};

static const char *const actors[] = {
    [ACTOR_NOBODY] = "nobody for now",
    [ACTOR_RECEIVER] = "the operator of the receiving mail server",
    [ACTOR_DNS_OPERATOR] = "the operator of the DNS zone",
    [ACTOR_SENDER] = "the sender; agree with its postmaster on what to do",
    [ACTOR_US] = "you, as the sending side",
    [ACTOR_REPORTER] = "the reporter",
};

static char *format_at(int64_t at, const char *format)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at);

    return time != NULL ? g_date_time_format(time, format) : g_strdup("unknown");
}

char *phrase_day(int64_t at)
{
    return format_at(at, "%Y-%m-%d");
}

char *phrase_minute(int64_t at)
{
    return format_at(at, "%Y-%m-%d %H:%M");
}

char *phrase_time(int64_t at)
{
    return format_at(at, "%Y-%m-%dT%H:%M:%SZ");
}

char *phrase_days(int64_t first, int64_t last)
{
    g_autofree char *from = phrase_day(first);
    g_autofree char *to = phrase_day(last);

    return strcmp(from, to) == 0 ? g_strdup(from) : g_strdup_printf("%s to %s", from, to);
}

char *phrase_age(int64_t seconds)
{
    int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

    if (days > 0 && hours % 24 > 0)
        return g_strdup_printf("%.0f day%s %.0f hour%s", (double)days, days == 1 ? "" : "s",
                               (double)(hours % 24), hours % 24 == 1 ? "" : "s");
    if (days > 0)
        return g_strdup_printf("%.0f day%s", (double)days, days == 1 ? "" : "s");
    if (hours > 0)
        return g_strdup_printf("%.0f hour%s", (double)hours, hours == 1 ? "" : "s");
    return g_strdup_printf("%.0f minute%s", (double)minutes, minutes == 1 ? "" : "s");
}

char *phrase_number(int64_t number)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, number);
}

char *phrase_share(int64_t failed, int64_t good)
{
    double all = (double)failed + (double)good, share;
    char digits[G_ASCII_DTOSTR_BUF_SIZE];

    if (all <= 0)
        return g_strdup("");
    share = 100.0 * (double)failed / all;
    if (failed > 0 && share < 0.1)
        return g_strdup("under 0.1 %");
    if (good > 0 && share > 99.9)
        return g_strdup("over 99.9 %");
    g_ascii_formatd(digits, sizeof(digits), failed == 0 || good == 0 ? "%.0f" : "%.1f", share);
    return g_strdup_printf("%s %%", digits);
}

const char *phrase_effect(enum mail_effect effect)
{
    return effects[effect];
}

const char *phrase_actor(enum actor actor)
{
    return actors[actor];
}

char *phrase_text(const char *text)
{
    g_autofree char *safe = escape_terminal(text);
    const char *end;

    if (g_utf8_strlen(safe, -1) <= PHRASE_COLUMNS)
        return g_steal_pointer(&safe);
    end = g_utf8_offset_to_pointer(safe, PHRASE_COLUMNS - 3);
    return g_strdup_printf("%.*s...", (int)(end - safe), safe);
}

char *phrase_domain(const char *name)
{
    return name != NULL && *name != '\0' ? phrase_text(name) : g_strdup("(unknown domain)");
}

void phrase_rest(GString *out, guint total, guint shown)
{
    if (total > shown)
        g_string_append_printf(out, " and %u more", total - shown);
}

char *phrase_counts(const GPtrArray *counts, guint limit)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < MIN(counts->len, limit); i++) {
        const struct fault_count *count = g_ptr_array_index(counts, i);
        g_autofree char *text = phrase_text(count->text);
        g_string_append_printf(out, "%s%s (%" G_GINT64_FORMAT ")", i > 0 ? ", " : "", text,
                               count->sessions);
    }
    phrase_rest(out, counts->len, MIN(counts->len, limit));
    return g_string_free(out, FALSE);
}

char *phrase_names(const GPtrArray *names, guint limit)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < MIN(names->len, limit); i++) {
        g_autofree char *text = phrase_text(g_ptr_array_index(names, i));
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", text);
    }
    phrase_rest(out, names->len, MIN(names->len, limit));
    return g_string_free(out, FALSE);
}
