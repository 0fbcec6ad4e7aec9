#include "schema/record.h"
#include "schema/dmarc_record.h"
#include <stdarg.h>

GPtrArray *issues_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)issue_free);
}

void issue_add(GPtrArray *issues, enum issue_kind kind, enum issue_severity severity,
               const char *clause, const char *format, ...)
{
    struct issue *issue = g_new0(struct issue, 1);
    va_list args;

    issue->kind = kind;
    issue->severity = severity;
    issue->clause = g_strdup(clause);
    va_start(args, format);
    issue->problem = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(issues, issue);
}

void issues_place(GPtrArray *issues, guint first, const char *prefix)
{
    if (prefix == NULL || *prefix == '\0')
        return;
    for (guint i = first; i < issues->len; i++) {
        struct issue *issue = g_ptr_array_index(issues, i);
        char *part =
            issue->part == NULL ? g_strdup(prefix) : g_strdup_printf("%s %s", prefix, issue->part);
        g_free(issue->part);
        issue->part = part;
    }
}

void issue_free(struct issue *issue)
{
    if (issue == NULL)
        return;
    g_free(issue->part);
    g_free(issue->clause);
    g_free(issue->problem);
    g_free(issue);
}

struct failure *failure_new(void)
{
    return g_new0(struct failure, 1);
}

void failure_free(struct failure *failure)
{
    if (failure == NULL)
        return;
    g_free(failure->result_word);
    g_free(failure->sending_ip);
    g_free(failure->mx);
    g_free(failure->helo);
    g_free(failure->receiving_ip);
    g_free(failure->reason_code);
    g_free(failure->additional_information);
    g_free(failure);
}

struct policy *policy_new(void)
{
    struct policy *policy = g_new0(struct policy, 1);

    policy->strings = g_ptr_array_new_with_free_func(g_free);
    policy->mx_hosts = g_ptr_array_new_with_free_func(g_free);
    policy->details = g_ptr_array_new_with_free_func((GDestroyNotify)failure_free);
    return policy;
}

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    g_free(policy->type_word);
    g_free(policy->policy_domain);
    g_free(policy->domain);
    g_ptr_array_unref(policy->strings);
    g_ptr_array_unref(policy->mx_hosts);
    g_ptr_array_unref(policy->details);
    g_free(policy);
}

void original_clear(struct original *original)
{
    g_clear_pointer(&original->bytes, g_bytes_unref);
    g_clear_pointer(&original->part, g_free);
    g_clear_pointer(&original->file_name, g_free);
    g_clear_pointer(&original->report_domain, g_free);
    g_clear_pointer(&original->report_submitter, g_free);
    g_clear_pointer(&original->subject, g_free);
}

struct report *report_new(void)
{
    struct report *report = g_new0(struct report, 1);

    report->policies = g_ptr_array_new_with_free_func((GDestroyNotify)policy_free);
    report->issues = issues_new();
    return report;
}

void report_free(struct report *report)
{
    if (report == NULL)
        return;
    g_free(report->organization);
    g_free(report->submitter);
    g_free(report->external_id);
    g_free(report->contact);
    g_ptr_array_unref(report->policies);
    g_ptr_array_unref(report->issues);
    original_clear(&report->original);
    g_free(report);
}

struct unread *unread_new(void)
{
    return g_new0(struct unread, 1);
}

void unread_free(struct unread *unread)
{
    if (unread == NULL)
        return;
    original_clear(&unread->original);
    g_free(unread->problem);
    g_free(unread->clause);
    g_free(unread);
}

struct arrival *arrival_new(void)
{
    struct arrival *arrival = g_new0(struct arrival, 1);

    arrival->reports = g_ptr_array_new_with_free_func((GDestroyNotify)report_free);
    arrival->dmarc = g_ptr_array_new_with_free_func((GDestroyNotify)dmarc_report_free);
    arrival->unread = g_ptr_array_new_with_free_func((GDestroyNotify)unread_free);
    arrival->bounced = g_ptr_array_new_with_free_func((GDestroyNotify)bounced_free);
    arrival->issues = issues_new();
    return arrival;
}

void bounced_free(struct bounced *bounced)
{
    if (bounced == NULL)
        return;
    g_free(bounced->host);
    g_free(bounced->queue_id);
    g_free(bounced->domain);
    g_free(bounced->mx);
    g_free(bounced->status);
    g_free(bounced->reason);
    g_free(bounced);
}

void arrival_free(struct arrival *arrival)
{
    if (arrival == NULL)
        return;
    g_free(arrival->source);
    g_free(arrival->sender);
    g_free(arrival->message_id);
    g_free(arrival->subject);
    g_free(arrival->report_domain);
    g_free(arrival->report_submitter);
    g_ptr_array_unref(arrival->reports);
    g_ptr_array_unref(arrival->dmarc);
    g_ptr_array_unref(arrival->unread);
    g_ptr_array_unref(arrival->bounced);
    g_ptr_array_unref(arrival->issues);
    g_free(arrival);
}

void own_domain_free(struct own_domain *domain)
{
    if (domain == NULL)
        return;
    g_free(domain->name);
    g_ptr_array_unref(domain->mx);
    g_ptr_array_unref(domain->addresses);
    g_free(domain);
}

struct site *site_new(void)
{
    struct site *site = g_new0(struct site, 1);

    site->domains = g_ptr_array_new_with_free_func((GDestroyNotify)own_domain_free);
    site->domain_by_mx =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    site->domain_by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return site;
}

void site_free(struct site *site)
{
    if (site == NULL)
        return;
    g_hash_table_unref(site->domain_by_mx);
    g_hash_table_unref(site->domain_by_name);
    g_ptr_array_unref(site->domains);
    g_free(site->authserv_id);
    g_free(site->digest_to);
    g_free(site->digest_from);
    g_free(site->log_timezone);
    g_free(site);
}
