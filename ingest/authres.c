#include "ingest/authres.h"
#include "ingest/text.h"
#include <string.h>

/* A field's value, read token by token (RFC 8601, section 2.2). */
struct scanner {
    const char *at;
};

/* Blanks, folds and comments, which may nest (RFC 5322, section 3.2.2). */
static void skip_cfws(struct scanner *scanner)
{
    int depth = 0;

    for (; *scanner->at != '\0'; scanner->at++) {
        char c = *scanner->at;
        if (c == '\\' && depth > 0 && scanner->at[1] != '\0')
            scanner->at++;
        else if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (depth == 0 && !g_ascii_isspace(c))
            return;
    }
}

static bool is_special(char c)
{
    return g_ascii_isspace(c) || strchr("()<>,;=\"\\", c) != NULL;
}

/* A quoted string or a run of other characters; NULL where neither stands there. */
static char *take_value(struct scanner *scanner)
{
    GString *value;

    skip_cfws(scanner);
    if (*scanner->at == '"') {
        value = g_string_new(NULL);
        for (scanner->at++; *scanner->at != '\0' && *scanner->at != '"'; scanner->at++) {
            if (*scanner->at == '\\' && scanner->at[1] != '\0')
                scanner->at++;
            g_string_append_c(value, *scanner->at);
        }
        scanner->at += *scanner->at == '"';
        return g_string_free(value, FALSE);
    }
    const char *start = scanner->at;
    while (*scanner->at != '\0' && !is_special(*scanner->at))
        scanner->at++;
    return scanner->at > start ? g_strndup(start, (gsize)(scanner->at - start)) : NULL;
}

static bool take_char(struct scanner *scanner, char wanted)
{
    skip_cfws(scanner);
    if (*scanner->at != wanted)
        return false;
    scanner->at++;
    return true;
}

/* To the next ';' outside quotes and comments. */
static void skip_result(struct scanner *scanner)
{
    while (skip_cfws(scanner), *scanner->at != '\0' && *scanner->at != ';') {
        g_autofree char *value = take_value(scanner);
        if (value == NULL)
            scanner->at++;
    }
}

/* RFC 8460, section 3 speaks of the submitter's domain; mail in practice comes from a subdomain or
   is signed by one. A lone top-level label is aligned with nothing. */
static bool is_aligned(const char *signer, const char *from)
{
    g_autofree char *name = text_domain(signer, NULL);
    const char *shorter;

    if (name == NULL || from == NULL)
        return false;
    shorter = strlen(name) < strlen(from) ? name : from;
    return strchr(shorter, '.') != NULL &&
           (text_domain_within(name, from) || text_domain_within(from, name));
}

/* "header.d=..." and, failing that, "header.i=...@..." of one dkim=pass. */
static bool read_properties(struct scanner *scanner, const char *from_domain)
{
    g_autofree char *domain = NULL, *identity = NULL;

    while (skip_cfws(scanner), *scanner->at != '\0' && *scanner->at != ';') {
        g_autofree char *name = take_value(scanner);
        g_autofree char *value =
            name != NULL && take_char(scanner, '=') ? take_value(scanner) : NULL;
        if (name == NULL)
            scanner->at++;
        else if (g_ascii_strcasecmp(name, "header.d") == 0 && domain == NULL)
            domain = g_steal_pointer(&value);
        else if (g_ascii_strcasecmp(name, "header.i") == 0 && identity == NULL)
            identity = g_steal_pointer(&value);
    }
    if (domain == NULL && identity != NULL) {
        const char *at = strrchr(identity, '@');
        domain = g_strdup(at != NULL ? at + 1 : identity);
    }
    return is_aligned(domain, from_domain);
}

static bool has_aligned_pass(struct scanner *scanner, const char *from_domain)
{
    while (take_char(scanner, ';')) {
        g_autofree char *method = take_value(scanner);
        /* "dkim/1=pass": a version may follow the method. */
        if (method != NULL)
            method[strcspn(method, "/")] = '\0';
        g_autofree char *result =
            method != NULL && take_char(scanner, '=') ? take_value(scanner) : NULL;
        if (method != NULL && result != NULL && g_ascii_strcasecmp(method, "dkim") == 0 &&
            g_ascii_strcasecmp(result, "pass") == 0 && read_properties(scanner, from_domain))
            return true;
        skip_result(scanner);
    }
    return false;
}

/* The id and, where one stands there, the version; what else follows makes it another's id. */
static bool take_id(struct scanner *scanner, const char *wanted)
{
    g_autofree char *id = take_value(scanner);
    g_autofree char *version = NULL;

    if (id == NULL || g_ascii_strcasecmp(id, wanted) != 0)
        return false;
    version = take_value(scanner);
    if (version != NULL && strspn(version, "0123456789") != strlen(version))
        return false;
    skip_cfws(scanner);
    return *scanner->at == ';' || *scanner->at == '\0';
}

enum authenticity authres_judge(char *const *fields, const char *authserv_id,
                                const char *from_domain)
{
    for (; authserv_id != NULL && *fields != NULL; fields++) {
        struct scanner scanner = {*fields};
        if (take_id(&scanner, authserv_id))
            return has_aligned_pass(&scanner, from_domain) ? AUTH_PASS : AUTH_FAIL;
    }
    return AUTH_NONE;
}
