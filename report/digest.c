#include "report/digest.h"

static void reporter_free(struct digest_reporter *reporter)
{
    g_free(reporter->organization);
    g_free(reporter);
}

static void count_free(struct digest_count *count)
{
    g_free(count->what);
    g_free(count);
}

struct digest *digest_new(void)
{
    struct digest *digest = g_new0(struct digest, 1);

    digest->reporters = g_ptr_array_new_with_free_func((GDestroyNotify)reporter_free);
    digest->issues = g_ptr_array_new_with_free_func((GDestroyNotify)count_free);
    digest->arrivals = g_ptr_array_new_with_free_func((GDestroyNotify)count_free);
    digest->overview = overview_new();
    return digest;
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    g_free(digest->domain);
    g_free(digest->store);
    fault_set_free(digest->faults);
    g_ptr_array_unref(digest->reporters);
    g_ptr_array_unref(digest->issues);
    g_ptr_array_unref(digest->arrivals);
    overview_free(digest->overview);
    g_free(digest);
}

const char *digest_fault_place(const struct fault *fault)
{
    const struct fault_domain *domain;

    if (fault->mx->len > 0)
        return ((const struct fault_count *)g_ptr_array_index(fault->mx, 0))->text;
    domain = fault->domains->len > 0 ? g_ptr_array_index(fault->domains, 0) : NULL;
    return domain != NULL && *domain->name != '\0' ? domain->name : "unknown domain";
}

static char *headline_of_faults(const GPtrArray *faults)
{
    const struct fault *worst = g_ptr_array_index(faults, 0);
    const char *severity = severity_word(worst->severity);
    g_autofree char *which = NULL;
    guint equal = 0;

    while (equal < faults->len &&
           ((const struct fault *)g_ptr_array_index(faults, equal))->severity == worst->severity)
        equal++;
    which = equal == faults->len
                ? (equal == 1 ? g_strdup(severity) : g_strdup_printf("all %s", severity))
                : g_strdup_printf("%u %s", equal, severity);
    return g_strdup_printf("%u fault%s, %s: %s: %s", faults->len, faults->len == 1 ? "" : "s",
                           which, digest_fault_place(worst), failure_type_label(worst->type));
}

static int64_t unexplained_sessions(const GPtrArray *unexplained)
{
    int64_t sum = 0;

    for (guint i = 0; i < unexplained->len; i++) {
        const struct unexplained *one = g_ptr_array_index(unexplained, i);
        if (__builtin_add_overflow(sum, one->sessions, &sum))
            return INT64_MAX;
    }
    return sum;
}

static char *headline_of_less(const struct fault_set *set)
{
    guint singles = set != NULL ? set->singles->len : 0;
    int64_t sessions = set != NULL ? unexplained_sessions(set->unexplained) : 0;

    if (sessions > 0)
        return g_strdup_printf("no faults; %" G_GINT64_FORMAT " failed session%s without details",
                               sessions, sessions == 1 ? "" : "s");
    if (singles > 0)
        return g_strdup_printf("no faults; %u single failed session%s", singles,
                               singles == 1 ? "" : "s");
    return NULL;
}

static char *headline_of_none(const struct digest *digest)
{
    if (digest->domain != NULL)
        return g_strdup_printf("no report about %s", digest->domain);
    return g_strdup(digest->by_period ? "no report about these days" : "no report came in");
}

char *digest_headline(const struct digest *digest)
{
    char *headline;

    if (digest->faults != NULL && digest->faults->faults->len > 0)
        return headline_of_faults(digest->faults->faults);
    headline = headline_of_less(digest->faults);
    if (headline != NULL)
        return headline;
    if (digest->reports == 0)
        return headline_of_none(digest);
    return g_strdup_printf("nothing failed: %u report%s, %" G_GINT64_FORMAT " good sessions",
                           digest->reports, digest->reports == 1 ? "" : "s", digest->successes);
}
