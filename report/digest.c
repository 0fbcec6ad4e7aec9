#include "report/digest.h"
#include "analyze/outbound_facts.h"

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
    outbound_free(digest->outbound);
    dmarc_set_free(digest->dmarc);
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

/* What a headline says of a fault or of a finding of our own log. */
struct head {
    enum severity severity;
    enum failure_type type;
    const char *before; /* "our mail to " */
    const char *place;
};

static struct head head_of_fault(const struct fault *fault)
{
    return (struct head){fault->severity, fault->type, "", digest_fault_place(fault)};
}

static struct head head_of_finding(const struct outbound_finding *finding)
{
    const char *place = outbound_place(finding);

    if (outbound_is_ours(finding) || place == NULL)
        return (struct head){finding->severity, finding->type, "our mail server", ""};
    return (struct head){finding->severity, finding->type, "our mail to ", place};
}

/* In the order in which they are told: of equally grave ones the first is named. */
static GArray *heads_of(const struct digest *digest)
{
    GArray *heads = g_array_new(FALSE, FALSE, sizeof(struct head));

    for (guint i = 0; digest->faults != NULL && i < digest->faults->faults->len; i++) {
        struct head head = head_of_fault(g_ptr_array_index(digest->faults->faults, i));
        g_array_append_val(heads, head);
    }
    for (guint i = 0; digest->outbound != NULL && i < digest->outbound->findings->len; i++) {
        const struct outbound_finding *finding = g_ptr_array_index(digest->outbound->findings, i);
        struct head head = head_of_finding(finding);
        if (outbound_is_ours(finding))
            g_array_insert_val(heads, i, head);
        else
            g_array_append_val(heads, head);
    }
    return heads;
}

static char *headline_of_faults(const GArray *heads)
{
    struct head worst = g_array_index(heads, struct head, 0);
    g_autofree char *which = NULL;
    const char *severity;
    guint equal = 0;

    for (guint i = 1; i < heads->len; i++)
        if (g_array_index(heads, struct head, i).severity > worst.severity)
            worst = g_array_index(heads, struct head, i);
    for (guint i = 0; i < heads->len; i++)
        equal += g_array_index(heads, struct head, i).severity == worst.severity;
    severity = severity_word(worst.severity);
    which = equal == heads->len
                ? (equal == 1 ? g_strdup(severity) : g_strdup_printf("all %s", severity))
                : g_strdup_printf("%u %s", equal, severity);
    return g_strdup_printf("%u fault%s, %s: %s%s: %s", heads->len, heads->len == 1 ? "" : "s",
                           which, worst.before, worst.place, failure_type_label(worst.type));
}

guint digest_fault_count(const struct digest *digest)
{
    return (digest->faults != NULL ? digest->faults->faults->len : 0) +
           (digest->outbound != NULL ? digest->outbound->findings->len : 0);
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

const char *digest_kind_of_report(const struct digest *digest)
{
    const GPtrArray *foreign = digest->overview->foreign;

    for (guint i = 0; i < foreign->len; i++)
        if (((const struct overview_domain *)g_ptr_array_index(foreign, i))->dmarc_reports > 0)
            return "TLS ";
    return digest->dmarc != NULL && digest->dmarc->domains->len > 0 ? "TLS " : "";
}

bool digest_mail_failed(const struct digest *digest)
{
    for (guint i = 0; digest->dmarc != NULL && i < digest->dmarc->domains->len; i++) {
        const struct dmarc_domain *domain = g_ptr_array_index(digest->dmarc->domains, i);
        if (domain->failed + domain->punished > 0)
            return true;
    }
    return false;
}

bool digest_log_only(const struct digest *digest)
{
    return digest->never_reported && digest->outbound != NULL;
}

static char *headline_of_log(const struct digest *digest, const char *kind)
{
    gint64 sessions = digest->outbound->sessions, failed = digest->outbound->failed;
    g_autofree char *none =
        digest_log_only(digest) ? g_strdup("") : g_strdup_printf("no %sreport; ", kind);

    /* Told before, or not read yet. */
    if (failed > 0)
        return g_strdup_printf("%sno new fault; %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                               " session%s of our log failed",
                               none, failed, sessions, sessions == 1 ? "" : "s");
    return g_strdup_printf("%sno fault in %" G_GINT64_FORMAT " session%s of our log", none,
                           sessions, sessions == 1 ? "" : "s");
}

static char *headline_of_none(const struct digest *digest)
{
    const char *kind = digest_kind_of_report(digest);

    if (digest->outbound != NULL && digest->outbound->sessions > 0)
        return headline_of_log(digest, kind);
    if (digest->domain != NULL)
        return g_strdup_printf("no %sreport about %s", kind, digest->domain);
    if (overview_has_foreign(digest->overview))
        return g_strdup_printf("no %sreport about our domains %s", kind,
                               digest->by_period ? "on these days" : "came in");
    return g_strdup_printf("no %sreport %s", kind,
                           digest->by_period ? "about these days" : "came in");
}

char *digest_headline(const struct digest *digest)
{
    char *headline;

    if (digest_fault_count(digest) > 0) {
        g_autoptr(GArray) heads = heads_of(digest);
        return headline_of_faults(heads);
    }
    headline = headline_of_less(digest->faults);
    if (headline != NULL)
        return headline;
    if (digest->reports == 0)
        return headline_of_none(digest);
    return g_strdup_printf("%s: %u %sreport%s, %" G_GINT64_FORMAT " good sessions",
                           digest_mail_failed(digest) ? "no TLS session failed" : "nothing failed",
                           digest->reports, digest_kind_of_report(digest),
                           digest->reports == 1 ? "" : "s", digest->successes);
}
