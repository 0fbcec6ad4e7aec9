#include "cli/terminal.h"
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_CELLS 24

guint terminal_width(void)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

bool terminal_takes_colour(void)
{
    const char *term = g_getenv("TERM"), *no_colour = g_getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0 &&
           (no_colour == NULL || *no_colour == '\0');
}

bool terminal_shows_progress(void)
{
    return isatty(STDERR_FILENO) != 0;
}

/* "12.3 MB": GLib parts the two with a blank that not every terminal can show. */
static char *plain_size(guint64 bytes)
{
    g_autofree char *size = g_format_size(bytes);
    g_auto(GStrv) words = g_strsplit(size, "\u00a0", 2);

    return g_strjoinv(" ", words);
}

void terminal_progress(guint64 done, guint64 total, guint reports)
{
    char bar[BAR_CELLS + 1];
    guint64 filled = total > 0 ? MIN(done, total) * BAR_CELLS / total : 0;
    g_autofree char *size = plain_size(done);

    if (!terminal_shows_progress())
        return;
    for (guint64 i = 0; i < BAR_CELLS; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    if (total > 0)
        fprintf(stderr, "\r[%s] %3d %%  %s  %u reports\033[K", bar,
                (int)(MIN(done, total) * 100 / total), size, reports);
    else
        fprintf(stderr, "\r%s  %u reports\033[K", size, reports);
    fflush(stderr);
}

void terminal_progress_end(void)
{
    if (!terminal_shows_progress())
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
