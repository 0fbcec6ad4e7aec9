/*
 * JSON into a report, with hints that the end of the input gives: what follows the last five lines'
 * ends is TLS-Report-Domain, TLS-Report-Submitter, subject, file name and a configured domain with
 * its MX. What comes out must keep the promises of schema/record.h.
 */
#include "ingest/json.h"
#include "ingest/limits.h"
#include "ingest/tlsrpt.h"
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define HINTS 5
#define NOW INT64_C(1772500000)
#define TIME_MAX INT64_C(253402300799)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_init();
    return 0;
}

static void check_text(const char *text, size_t limit)
{
    CHECK(text == NULL || (*text != '\0' && g_utf8_validate(text, -1, NULL)));
    CHECK(text == NULL || strlen(text) <= limit);
}

static void check_texts(const GPtrArray *texts, guint count, size_t limit)
{
    CHECK(texts->len <= count);
    for (guint i = 0; i < texts->len; i++) {
        CHECK(texts->pdata[i] != NULL);
        check_text(texts->pdata[i], limit);
    }
}

static void check_failure(const struct failure *failure)
{
    CHECK(failure->sessions >= 0 && failure->sessions <= RECORD_COUNT_MAX);
    check_text(failure->result_word, 3 * LIMIT_TEXT_BYTES);
    check_text(failure->sending_ip, LIMIT_TEXT_BYTES);
    check_text(failure->mx, LIMIT_TEXT_BYTES);
    check_text(failure->helo, LIMIT_TEXT_BYTES);
    check_text(failure->receiving_ip, LIMIT_TEXT_BYTES);
    check_text(failure->reason_code, LIMIT_TEXT_BYTES);
    check_text(failure->additional_information, LIMIT_TEXT_BYTES);
}

static void check_policy(const struct policy *policy)
{
    CHECK(policy->successes >= 0 && policy->successes <= RECORD_COUNT_MAX);
    CHECK(policy->failures >= 0 && policy->failures <= RECORD_COUNT_MAX);
    CHECK(policy->domain != NULL && g_utf8_validate(policy->domain, -1, NULL));
    CHECK((*policy->domain == '\0') == (policy->domain_source == DOMAIN_UNKNOWN));
    check_text(policy->policy_domain, LIMIT_TEXT_BYTES);
    check_text(policy->type_word, 3 * LIMIT_TEXT_BYTES);
    check_texts(policy->strings, LIMIT_POLICY_STRINGS, LIMIT_STRING_BYTES);
    check_texts(policy->mx_hosts, LIMIT_MX_HOSTS, LIMIT_TEXT_BYTES);
    for (guint i = 0; i < policy->details->len; i++)
        check_failure(g_ptr_array_index(policy->details, i));
}

static void check_report(const struct report *report)
{
    check_text(report->organization, LIMIT_TEXT_BYTES);
    check_text(report->submitter, LIMIT_TEXT_BYTES);
    check_text(report->external_id, LIMIT_TEXT_BYTES);
    check_text(report->contact, LIMIT_TEXT_BYTES);
    CHECK(report->begins_at >= 0 && report->begins_at <= report->ends_at);
    CHECK(report->ends_at <= TIME_MAX);
    CHECK(report->policies->len <= LIMIT_POLICIES);
    CHECK(report->issues->len <= LIMIT_ISSUES);
    for (guint i = 0; i < report->policies->len; i++)
        check_policy(g_ptr_array_index(report->policies, i));
    for (guint i = 0; i < report->issues->len; i++) {
        const struct issue *issue = g_ptr_array_index(report->issues, i);
        CHECK(g_utf8_validate(issue->problem, -1, NULL));
        CHECK((issue->kind == ISSUE_LIMIT) == (issue->clause == NULL));
    }
}

/* Cuts the last line off `text`; NULL where there is no other before it. */
static char *cut_line(char *text)
{
    char *at = strrchr(text, '\n');

    if (at != NULL)
        *at++ = '\0';
    return at;
}

static struct site *site_of(const char *name)
{
    struct site *site = site_new();
    struct own_domain *own = g_new0(struct own_domain, 1);
    GPtrArray *owners = g_ptr_array_new();

    own->name = g_utf8_make_valid(name, -1);
    own->mx = g_ptr_array_new_with_free_func(g_free);
    own->addresses = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(owners, own);
    g_ptr_array_add(site->domains, own);
    g_hash_table_insert(site->domain_by_name, own->name, own);
    g_hash_table_insert(site->domain_by_mx, g_strconcat("mx.", own->name, NULL), owners);
    return site;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GPtrArray) issues = issues_new();
    char *lines[HINTS];

    for (int i = 0; i < HINTS; i++)
        lines[i] = cut_line(text);
    g_autoptr(Site) site = lines[4] != NULL && *lines[4] != '\0' ? site_of(lines[4]) : NULL;
    const struct tlsrpt_hints hints = {
        .site = site,
        .report_domain = lines[0],
        .report_submitter = lines[1],
        .subject = lines[2],
        .file_name = lines[3],
        .received_at = size % 2 == 0 ? NOW - 1 : 0,
        .now = NOW,
    };
    json_t *root = json_read(text, strlen(text), NULL, issues);
    g_autoptr(Report) report = tlsrpt_parse(root, &hints);
    g_autoptr(Report) again = tlsrpt_parse(root, &hints);

    CHECK((report != NULL) == tlsrpt_sniff(root));
    if (report != NULL) {
        check_report(report);
        CHECK(memcmp(report->content_hash, again->content_hash, RECORD_HASH_BYTES) == 0);
        CHECK(memcmp(report->identity_hash, again->identity_hash, RECORD_HASH_BYTES) == 0);
    }
    json_decref(root);
    return 0;
}
