/* Pauses before something is tried again, each twice as long as the one before up to a minute. */
#ifndef CLI_PAUSE_H
#define CLI_PAUSE_H

#include <glib.h>
#include <stdbool.h>

/* All zero: no pause. */
struct pause {
    gint64 length; /* microseconds */
    gint64 until;  /* monotonic time */
    bool told;     /* the user knows why */
};

void pause_begin(struct pause *pause);
bool pause_lasts(const struct pause *pause);
void pause_end(struct pause *pause);

#endif
