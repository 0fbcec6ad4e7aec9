/* Handing a message to the mail server of this host. */
#ifndef CLI_SENDMAIL_H
#define CLI_SENDMAIL_H

#include <glib.h>
#include <stdbool.h>

/*
 * Runs `sendmail -t -oi` ($PATH, then /usr/sbin and /usr/lib) with `message` on its standard
 * input. False where it cannot be started or does not exit with 0.
 */
bool sendmail_send(const char *message, gsize length, GError **error);

#endif
