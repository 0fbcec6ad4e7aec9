#include "cli/config.h"
#include "ingest/text.h"
#include "schema/error.h"
#include <string.h>
#include <unistd.h>

#define KEEP_DAYS_MAX 100000

/* Every key there is; a group "domain NAME" may come often. */
static const struct {
    const char *group;
    const char *key;
} known[] = {
    {"ingest", "authserv-id"}, {"analyze", "skip-unauthenticated"},
    {"store", "keep-days"},    {"digest", "to"},
    {"digest", "from"},        {"log", "timezone"},
    {"log", "keep-addresses"}, {"domain ", "mx"},
};

static bool group_matches(const char *group, const char *pattern)
{
    return g_str_has_suffix(pattern, " ") ? g_str_has_prefix(group, pattern)
                                          : strcmp(group, pattern) == 0;
}

static bool is_known(const char *group, const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (group_matches(group, known[i].group) && (key == NULL || !strcmp(key, known[i].key)))
            return true;
    return false;
}

G_GNUC_PRINTF(5, 6)
static bool refuse(GError **error, const char *path, const char *group, const char *key,
                   const char *format, ...)
{
    g_autofree char *problem = NULL;
    va_list args;

    va_start(args, format);
    problem = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_CONFIG, "%s: [%s]%s%s: %s", path, group,
                key != NULL ? " " : "", key != NULL ? key : "", problem);
    return false;
}

static bool check_known(GKeyFile *file, const char *path, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    for (char **group = groups; *group != NULL; group++) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, *group, NULL, NULL);
        if (!is_known(*group, NULL))
            return refuse(error, path, *group, NULL, "no such group");
        for (char **key = keys; key != NULL && *key != NULL; key++)
            if (!is_known(*group, *key))
                return refuse(error, path, *group, *key, "no such key");
    }
    return true;
}

/* NULL where missing or empty. */
static char *text_value(GKeyFile *file, const char *group, const char *key)
{
    char *text = g_key_file_get_string(file, group, key, NULL);

    if (text != NULL && *g_strstrip(text) == '\0')
        g_clear_pointer(&text, g_free);
    return text;
}

static bool read_bool(GKeyFile *file, const char *path, const char *group, const char *key,
                      bool *value, GError **error)
{
    g_autoptr(GError) problem = NULL;
    gboolean read;

    if (!g_key_file_has_key(file, group, key, NULL))
        return true;
    read = g_key_file_get_boolean(file, group, key, &problem);
    if (problem != NULL)
        return refuse(error, path, group, key, "neither true nor false");
    *value = read;
    return true;
}

static bool read_keep_days(GKeyFile *file, const char *path, struct site *site, GError **error)
{
    g_autofree char *text = text_value(file, "store", "keep-days");
    gint64 days = CONFIG_DEFAULT_KEEP_DAYS;

    if (text != NULL && !g_ascii_string_to_signed(text, 10, 1, KEEP_DAYS_MAX, &days, NULL))
        return refuse(error, path, "store", "keep-days", "not a number of days (1 to %d): %s",
                      KEEP_DAYS_MAX, text);
    site->keep_days = (int)days;
    return true;
}

static bool read_log(GKeyFile *file, const char *path, struct site *site, GError **error)
{
    g_autoptr(GTimeZone) zone = NULL;

    site->log_timezone = text_value(file, "log", "timezone");
    if (site->log_timezone != NULL) {
        zone = g_time_zone_new_identifier(site->log_timezone);
        if (zone == NULL)
            return refuse(error, path, "log", "timezone", "no such time zone: %s",
                          site->log_timezone);
    }
    return read_bool(file, path, "log", "keep-addresses", &site->log_keep_addresses, error);
}

static void index_mx(struct site *site, struct own_domain *domain, const char *mx)
{
    GPtrArray *owners = g_hash_table_lookup(site->domain_by_mx, mx);

    if (owners == NULL) {
        owners = g_ptr_array_new();
        g_hash_table_insert(site->domain_by_mx, g_strdup(mx), owners);
    }
    g_ptr_array_add(owners, domain);
}

/* "mx1.example.com 192.0.2.25 2001:db8::25" */
static bool read_mx(struct site *site, struct own_domain *domain, const char *path,
                    const char *group, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
    bool first = true, valid;

    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        char *name = first ? text_domain(*word, &valid) : text_address(*word, &valid);
        g_ptr_array_add(first ? domain->mx : domain->addresses, name);
        if (name == NULL || !valid)
            return refuse(error, path, group, "mx", "no %s: %s", first ? "host name" : "IP address",
                          *word);
        if (first)
            index_mx(site, domain, name);
        first = false;
    }
    return true;
}

static bool read_domain(GKeyFile *file, const char *path, const char *group, struct site *site,
                        GError **error)
{
    struct own_domain *domain = g_new0(struct own_domain, 1);
    g_autofree char *mx = text_value(file, group, "mx");
    g_auto(GStrv) hosts = mx != NULL ? g_strsplit(mx, ";", -1) : NULL;
    bool valid = false;

    domain->mx = g_ptr_array_new_with_free_func(g_free);
    domain->addresses = g_ptr_array_new_with_free_func(g_free);
    domain->name = text_domain(group + strlen("domain "), &valid);
    g_ptr_array_add(site->domains, domain);
    if (domain->name == NULL || !valid)
        return refuse(error, path, group, NULL, "no domain name");
    g_hash_table_insert(site->domain_by_name, domain->name, domain);
    for (char **host = hosts; host != NULL && *host != NULL; host++)
        if (!read_mx(site, domain, path, group, *host, error))
            return false;
    return true;
}

static bool read_groups(GKeyFile *file, const char *path, struct site *site, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    site->authserv_id = text_value(file, "ingest", "authserv-id");
    site->digest_to = text_value(file, "digest", "to");
    site->digest_from = text_value(file, "digest", "from");
    if (!read_bool(file, path, "analyze", "skip-unauthenticated", &site->skip_unauthenticated,
                   error) ||
        !read_keep_days(file, path, site, error) || !read_log(file, path, site, error))
        return false;
    for (char **group = groups; *group != NULL; group++)
        if (g_str_has_prefix(*group, "domain ") && !read_domain(file, path, *group, site, error))
            return false;
    return true;
}

struct site *config_read(const char *path, GError **error)
{
    const char *name = path != NULL ? path : CONFIG_DEFAULT_PATH;
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) problem = NULL;
    g_autoptr(Site) site = site_new();

    site->keep_days = CONFIG_DEFAULT_KEEP_DAYS;
    if (path == NULL && access(name, F_OK) != 0)
        return g_steal_pointer(&site);
    if (!g_key_file_load_from_file(file, name, G_KEY_FILE_NONE, &problem)) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_CONFIG, "%s: %s", name,
                    problem->message);
        return NULL;
    }
    return check_known(file, name, error) && read_groups(file, name, site, error)
               ? g_steal_pointer(&site)
               : NULL;
}
