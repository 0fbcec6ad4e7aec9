/* The one table of elements: RFC 7489, appendix C, and RFC 9990, appendix A, side by side. */
#include "ingest/dmarc_private.h"
#include <string.h>

static const struct {
    enum dmarc_scope parent;
    enum dmarc_scope scope;
    const char *name;
} elements[] = {
    {SCOPE_OUTSIDE, SCOPE_FEEDBACK, "feedback"},
    {SCOPE_FEEDBACK, SCOPE_VERSION, "version"},
    {SCOPE_FEEDBACK, SCOPE_METADATA, "report_metadata"},
    {SCOPE_FEEDBACK, SCOPE_POLICY, "policy_published"},
    {SCOPE_FEEDBACK, SCOPE_RECORD, "record"},
    {SCOPE_FEEDBACK, SCOPE_IGNORED, "extension"},
    {SCOPE_METADATA, SCOPE_ORG_NAME, "org_name"},
    {SCOPE_METADATA, SCOPE_EMAIL, "email"},
    {SCOPE_METADATA, SCOPE_EXTRA_CONTACT, "extra_contact_info"},
    {SCOPE_METADATA, SCOPE_REPORT_ID, "report_id"},
    {SCOPE_METADATA, SCOPE_ERROR, "error"},
    {SCOPE_METADATA, SCOPE_GENERATOR, "generator"},
    {SCOPE_METADATA, SCOPE_DATE_RANGE, "date_range"},
    {SCOPE_DATE_RANGE, SCOPE_BEGIN, "begin"},
    {SCOPE_DATE_RANGE, SCOPE_END, "end"},
    {SCOPE_POLICY, SCOPE_DOMAIN, "domain"},
    {SCOPE_POLICY, SCOPE_P, "p"},
    {SCOPE_POLICY, SCOPE_SP, "sp"},
    {SCOPE_POLICY, SCOPE_NP, "np"},
    {SCOPE_POLICY, SCOPE_ADKIM, "adkim"},
    {SCOPE_POLICY, SCOPE_ASPF, "aspf"},
    {SCOPE_POLICY, SCOPE_PCT, "pct"},
    {SCOPE_POLICY, SCOPE_FO, "fo"},
    {SCOPE_POLICY, SCOPE_TESTING, "testing"},
    {SCOPE_POLICY, SCOPE_DISCOVERY, "discovery_method"},
    {SCOPE_RECORD, SCOPE_ROW, "row"},
    {SCOPE_RECORD, SCOPE_IDENTIFIERS, "identifiers"},
    {SCOPE_RECORD, SCOPE_IDENTIFIERS, "identities"}, /* drafts before RFC 7489 */
    {SCOPE_RECORD, SCOPE_AUTH_RESULTS, "auth_results"},
    {SCOPE_ROW, SCOPE_SOURCE_IP, "source_ip"},
    {SCOPE_ROW, SCOPE_COUNT, "count"},
    {SCOPE_ROW, SCOPE_EVALUATED, "policy_evaluated"},
    {SCOPE_EVALUATED, SCOPE_DISPOSITION, "disposition"},
    {SCOPE_EVALUATED, SCOPE_DKIM_VERDICT, "dkim"},
    {SCOPE_EVALUATED, SCOPE_SPF_VERDICT, "spf"},
    {SCOPE_EVALUATED, SCOPE_REASON, "reason"},
    {SCOPE_REASON, SCOPE_REASON_TYPE, "type"},
    {SCOPE_REASON, SCOPE_REASON_COMMENT, "comment"},
    {SCOPE_IDENTIFIERS, SCOPE_HEADER_FROM, "header_from"},
    {SCOPE_IDENTIFIERS, SCOPE_ENVELOPE_FROM, "envelope_from"},
    {SCOPE_IDENTIFIERS, SCOPE_ENVELOPE_TO, "envelope_to"},
    {SCOPE_AUTH_RESULTS, SCOPE_DKIM, "dkim"},
    {SCOPE_AUTH_RESULTS, SCOPE_SPF, "spf"},
    {SCOPE_DKIM, SCOPE_AUTH_DOMAIN, "domain"},
    {SCOPE_DKIM, SCOPE_AUTH_DETAIL, "selector"},
    {SCOPE_DKIM, SCOPE_AUTH_RESULT, "result"},
    {SCOPE_DKIM, SCOPE_AUTH_HUMAN, "human_result"},
    {SCOPE_SPF, SCOPE_AUTH_DOMAIN, "domain"},
    {SCOPE_SPF, SCOPE_AUTH_DETAIL, "scope"},
    {SCOPE_SPF, SCOPE_AUTH_RESULT, "result"},
    {SCOPE_SPF, SCOPE_AUTH_HUMAN, "human_result"},
};

static bool is_name(const char *wanted, const char *name, size_t length)
{
    return g_ascii_tolower(*name) == *wanted && g_ascii_strncasecmp(wanted, name, length) == 0 &&
           wanted[length] == '\0';
}

enum dmarc_scope dmarc_scope_find(enum dmarc_scope parent, const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(elements); i++)
        if (elements[i].parent == parent && is_name(elements[i].name, name, length))
            return elements[i].scope;
    return parent == SCOPE_OUTSIDE ? SCOPE_OUTSIDE : SCOPE_IGNORED;
}

bool dmarc_scope_is_name(const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(elements); i++)
        if (is_name(elements[i].name, name, length))
            return true;
    return false;
}

const char *dmarc_scope_name(enum dmarc_scope scope)
{
    for (size_t i = 0; i < G_N_ELEMENTS(elements); i++)
        if (elements[i].scope == scope)
            return elements[i].name;
    return "feedback";
}
