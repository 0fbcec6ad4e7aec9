#include "cli/pause.h"

#define PAUSE_MIN_US ((gint64)G_USEC_PER_SEC)
#define PAUSE_MAX_US (60 * PAUSE_MIN_US)

void pause_begin(struct pause *pause)
{
    pause->length = pause->length == 0 ? PAUSE_MIN_US : MIN(2 * pause->length, PAUSE_MAX_US);
    pause->until = g_get_monotonic_time() + pause->length;
}

bool pause_lasts(const struct pause *pause)
{
    return g_get_monotonic_time() < pause->until;
}

void pause_end(struct pause *pause)
{
    *pause = (struct pause){0};
}
