/* The configuration file, a GKeyFile: tlstriage.conf(5). */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "schema/record.h"
#include <glib.h>

#define CONFIG_DEFAULT_PATH "/etc/tlstriage.conf"
#define CONFIG_DEFAULT_KEEP_DAYS 400

/*
 * Reads `path`; NULL means the default one, which may be missing. What is unknown in it or makes no
 * sense is an error that names file, group and key: a slip of the pen in authserv-id should not
 * pass for no setting. The site is the caller's (site_free).
 */
struct site *config_read(const char *path, GError **error);

#endif
