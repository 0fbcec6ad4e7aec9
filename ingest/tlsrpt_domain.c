#include "ingest/tlsrpt_domain.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include <string.h>

void tlsrpt_label_clear(struct tlsrpt_label *label)
{
    g_free(label->domain);
    g_free(label->submitter);
    g_free(label->id);
    memset(label, 0, sizeof(*label));
}

/* A name that is one; others say nothing. */
static char *name_or_null(const char *text)
{
    bool valid = false;
    char *name = text_domain(text, &valid);

    if (!valid)
        g_clear_pointer(&name, g_free);
    return name;
}

/* Steps over `word` and the blanks around it; NULL where it does not stand there. */
static const char *skip_word(const char *text, const char *word)
{
    text += strspn(text, " \t\r\n");
    if (g_ascii_strncasecmp(text, word, strlen(word)) != 0)
        return NULL;
    text += strlen(word);
    return text + strspn(text, " \t\r\n");
}

/* "Report Domain:", the blank maybe a fold. */
static const char *find_report_domain(const char *subject)
{
    const char *at = subject != NULL ? strcasestr(subject, "Report") : NULL, *value = NULL;

    for (; at != NULL && value == NULL; at = strcasestr(at + 1, "Report"))
        value = skip_word(at + strlen("Report"), "Domain:");
    return value;
}

/* Up to the next blank, without the ';' or ',' that some put after it. */
static char *take_token(const char **text)
{
    size_t length = strcspn(*text, " \t\r\n");
    const char *token = *text;

    *text += length;
    while (length > 0 && (token[length - 1] == ';' || token[length - 1] == ','))
        length--;
    return text_bounded(token, length, LIMIT_TEXT_BYTES, NULL);
}

/* What stands between < and >, where they are there. */
static char *take_id(const char *text)
{
    size_t length;

    text += *text == '<';
    length = strcspn(text, "<> \t\r\n;");
    return text_bounded(text, length, LIMIT_TEXT_BYTES, NULL);
}

bool tlsrpt_label_of_subject(const char *subject, struct tlsrpt_label *label)
{
    g_autofree char *domain = NULL, *submitter = NULL;
    const char *at = find_report_domain(subject);

    memset(label, 0, sizeof(*label));
    if (at == NULL)
        return false;
    domain = take_token(&at);
    label->domain = name_or_null(domain);
    if (label->domain == NULL)
        return false;
    if ((at = skip_word(at, "Submitter:")) != NULL) {
        submitter = take_token(&at);
        label->submitter = name_or_null(submitter);
        if ((at = skip_word(at, "Report-ID:")) != NULL)
            label->id = take_id(at);
    }
    return true;
}

static gint64 seconds_or_zero(const char *text)
{
    gint64 seconds = 0;

    return g_ascii_string_to_signed(text, 10, 0, G_MAXINT32 * INT64_C(2), &seconds, NULL) ? seconds
                                                                                          : 0;
}

bool tlsrpt_label_of_file_name(const char *file_name, struct tlsrpt_label *label)
{
    g_auto(GStrv) fields = NULL;

    memset(label, 0, sizeof(*label));
    if (file_name == NULL || strlen(file_name) > LIMIT_TEXT_BYTES)
        return false;
    fields = g_strsplit_set(file_name, "!", 6);
    if (g_strv_length(fields) < 4)
        return false;
    label->submitter = name_or_null(fields[0]);
    label->domain = name_or_null(fields[1]);
    label->begins_at = seconds_or_zero(fields[2]);
    fields[3][strcspn(fields[3], ".")] = '\0';
    label->ends_at = seconds_or_zero(fields[3]);
    if (label->domain != NULL && label->begins_at != 0)
        return true;
    tlsrpt_label_clear(label);
    return false;
}

/* What the policies that name a recipient domain say; tables, since there may be thousands. */
struct siblings {
    GHashTable *domains; /* a set of names, not owned */
    GHashTable *by_mx;   /* name or pattern of an MX host -> the first domain with it, not owned */
};

static void add_sibling_mx(struct siblings *siblings, const char *mx, const char *domain)
{
    char *name = text_domain(mx, NULL);

    if (name == NULL || g_hash_table_contains(siblings->by_mx, name))
        g_free(name);
    else
        g_hash_table_insert(siblings->by_mx, name, (gpointer)domain);
}

static void add_sibling(struct siblings *siblings, const struct policy *policy)
{
    g_hash_table_add(siblings->domains, policy->policy_domain);
    for (guint i = 0; i < policy->mx_hosts->len; i++)
        add_sibling_mx(siblings, policy->mx_hosts->pdata[i], policy->policy_domain);
    for (guint i = 0; i < policy->strings->len; i++)
        add_sibling_mx(siblings, skip_word(policy->strings->pdata[i], "mx:"),
                       policy->policy_domain);
}

static void siblings_init(struct siblings *siblings, const struct report *report)
{
    siblings->domains = g_hash_table_new(g_str_hash, g_str_equal);
    siblings->by_mx = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < report->policies->len; i++) {
        const struct policy *policy = g_ptr_array_index(report->policies, i);
        if (policy->type != POLICY_TLSA && policy->policy_domain != NULL)
            add_sibling(siblings, policy);
    }
}

static void siblings_clear(struct siblings *siblings)
{
    g_hash_table_unref(siblings->domains);
    g_hash_table_unref(siblings->by_mx);
}

/* NULL where there are none or several. */
static const char *only_sibling(const struct siblings *siblings)
{
    GHashTableIter iter;
    gpointer name = NULL;

    if (g_hash_table_size(siblings->domains) != 1)
        return NULL;
    g_hash_table_iter_init(&iter, siblings->domains);
    g_hash_table_iter_next(&iter, &name, NULL);
    return name;
}

/* The sibling that lists this MX; by RFC 8461, section 4.1, "*." stands for one label. */
static const char *sibling_with_mx(const struct siblings *siblings, const char *host)
{
    const char *domain = g_hash_table_lookup(siblings->by_mx, host), *dot = strchr(host, '.');
    g_autofree char *pattern = dot != NULL ? g_strconcat("*", dot, NULL) : NULL;

    return domain != NULL || pattern == NULL ? domain
                                             : g_hash_table_lookup(siblings->by_mx, pattern);
}

/* The only sibling there is; else the one that lists this MX; else one that the host lies in. */
static const char *sibling_for(const struct siblings *siblings, const char *host)
{
    const char *domain = only_sibling(siblings);

    if (domain == NULL)
        domain = sibling_with_mx(siblings, host);
    for (const char *at = host; domain == NULL && at != NULL; at = strchr(at, '.')) {
        at += *at == '.';
        domain = g_hash_table_lookup(siblings->domains, at);
    }
    return domain;
}

static bool lists_name(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++)
        if (g_strcmp0(g_ptr_array_index(names, i), name) == 0)
            return true;
    return false;
}

static bool is_owner(const GPtrArray *owners, const char *name)
{
    for (guint i = 0; i < owners->len; i++)
        if (g_strcmp0(((const struct own_domain *)g_ptr_array_index(owners, i))->name, name) == 0)
            return true;
    return false;
}

/* Of several configured domains behind one MX the one that the report names, else the mail. */
static const char *configured_for(const struct site *site, const char *host, const char *sibling,
                                  const char *outer)
{
    const GPtrArray *owners = g_hash_table_lookup(site->domain_by_mx, host);

    if (g_hash_table_contains(site->domain_by_name, host))
        return host;
    if (owners == NULL || owners->len == 0)
        return NULL;
    if (is_owner(owners, sibling))
        return sibling;
    if (is_owner(owners, outer))
        return outer;
    return ((const struct own_domain *)g_ptr_array_index(owners, 0))->name;
}

static const char *configured_suffix(const struct site *site, const char *host)
{
    for (const char *at = host; at != NULL; at = strchr(at, '.')) {
        at += *at == '.';
        const struct own_domain *own = g_hash_table_lookup(site->domain_by_name, at);
        if (own != NULL)
            return own->name;
    }
    return NULL;
}

static void settle(struct policy *policy, const char *domain, enum domain_source source)
{
    policy->domain = g_strdup(domain);
    policy->domain_source = source;
}

static void derive_tlsa(const struct siblings *siblings, struct policy *policy,
                        const struct site *site, const struct tlsrpt_outer *outer)
{
    const char *host = policy->policy_domain, *name;
    const char *sibling = sibling_for(siblings, host);

    if (site != NULL && (name = configured_for(site, host, sibling, outer->domain)) != NULL)
        settle(policy, name, DOMAIN_FROM_CONFIG_MX);
    else if (sibling != NULL)
        settle(policy, sibling, DOMAIN_FROM_SIBLING);
    /* A report addressed to the MX host itself names the recipient domain in policy-domain. */
    else if (outer->domain != NULL && !lists_name(policy->mx_hosts, outer->domain))
        settle(policy, outer->domain, outer->source);
    else if (site != NULL && (name = configured_suffix(site, host)) != NULL)
        settle(policy, name, DOMAIN_FROM_CONFIG_SUFFIX);
    else
        settle(policy, host, DOMAIN_FROM_POLICY_HOST);
}

/* Without a policy domain: the names around the report; else the one that it has elsewhere. */
static void derive_without(const struct siblings *siblings, struct policy *policy,
                           const struct tlsrpt_outer *outer)
{
    const char *sibling = only_sibling(siblings);

    if (outer->domain != NULL)
        settle(policy, outer->domain, outer->source);
    else if (sibling != NULL)
        settle(policy, sibling, DOMAIN_FROM_SIBLING);
    else
        settle(policy, "", DOMAIN_UNKNOWN);
    policy->policy_domain = *policy->domain != '\0' ? g_strdup(policy->domain) : NULL;
}

void tlsrpt_derive_domains(struct report *report, const struct site *site,
                           const struct tlsrpt_outer *outer)
{
    struct siblings siblings;

    siblings_init(&siblings, report);
    for (guint i = 0; i < report->policies->len; i++) {
        struct policy *policy = g_ptr_array_index(report->policies, i);
        g_clear_pointer(&policy->domain, g_free);
        if (policy->policy_domain == NULL)
            derive_without(&siblings, policy, outer);
        else if (policy->type == POLICY_TLSA)
            derive_tlsa(&siblings, policy, site, outer);
        else
            settle(policy, policy->policy_domain, DOMAIN_FROM_POLICY);
    }
    siblings_clear(&siblings);
}
