/* Reading again what is kept, by the present rules. */
#ifndef CLI_REPARSE_H
#define CLI_REPARSE_H

#include "cli/cli.h"

struct reparse_counts {
    guint read;
    guint changed;
    guint unreadable; /* reports that can no longer be read, and were left as they were */
    guint released;   /* out of the quarantine */
    guint first_read; /* kept unread by an earlier version, and read now */
};

/* Every kept report, then the quarantine. False where the store fails; what was committed stays. */
bool reparse_all(struct cli *cli, struct reparse_counts *counts, GError **error);

/*
 * What is in the quarantine: all of it, or these numbers of the list (ends with NULL). *missing:
 * one of them is not there, which was said.
 */
bool reparse_quarantine(struct cli *cli, char *const *numbers, struct reparse_counts *counts,
                        bool *missing, GError **error);

#endif
