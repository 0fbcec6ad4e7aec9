/* The terminal: how wide it is, whether it takes colour, a progress bar. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <glib.h>
#include <stdbool.h>

/* Columns of standard output's terminal; 0 where it is none. */
guint terminal_width(void);

/* Standard output is a terminal that takes colours, and NO_COLOR is not set. */
bool terminal_takes_colour(void);

/* Standard error is a terminal. */
bool terminal_shows_progress(void);

/*
 * Draws "[#####.....]  45 %  12.3 MB  4512 reports" over the last one; `total` 0: no bar, only the
 * numbers. Nothing where standard error is no terminal.
 */
void terminal_progress(guint64 done, guint64 total, guint reports);

/* Takes the bar away. */
void terminal_progress_end(void);

#endif
