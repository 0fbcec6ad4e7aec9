/*
 * The one error domain. A GError means that *we* could not work: disk, store, configuration,
 * limits of the machine. Bad input is never an error; it becomes an issue (record.h).
 */
#ifndef SCHEMA_ERROR_H
#define SCHEMA_ERROR_H

#include <glib.h>

#define TLSTRIAGE_ERROR (tlstriage_error_quark())

enum tlstriage_error {
    TLSTRIAGE_ERROR_STORE,    /* the store cannot be opened, read or written */
    TLSTRIAGE_ERROR_BUSY,     /* the store stayed locked past the busy timeout */
    TLSTRIAGE_ERROR_NEWER,    /* the store was written by a later version; left untouched */
    TLSTRIAGE_ERROR_FOREIGN,  /* the file is a database of something else, or none at all */
    TLSTRIAGE_ERROR_OUTDATED, /* opened read only, and its migrations are not all done */
    TLSTRIAGE_ERROR_CONFIG,   /* the configuration file cannot be read or makes no sense */
    TLSTRIAGE_ERROR_USAGE,    /* the command line makes no sense */
    TLSTRIAGE_ERROR_INPUT,    /* an input cannot be opened or read */
    TLSTRIAGE_ERROR_TWICE,    /* the same log would be counted twice: from the journal and files */
    TLSTRIAGE_ERROR_SYSTEM,   /* a file, a child process or memory could not be had */
};

GQuark tlstriage_error_quark(void);

#endif
