#include "cli/sendmail.h"
#include "schema/error.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *find_sendmail(void)
{
    static const char *const places[] = {"/usr/sbin/sendmail", "/usr/lib/sendmail"};
    char *found = g_find_program_in_path("sendmail");

    for (size_t i = 0; found == NULL && i < G_N_ELEMENTS(places); i++)
        if (access(places[i], X_OK) == 0)
            found = g_strdup(places[i]);
    return found;
}

static bool write_all(int file, const char *bytes, gsize length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            length -= (gsize)written;
        }
    }
    return true;
}

static bool wait_for(GPid child, const char *program, bool written, GError **error)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (written && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_SYSTEM, "%s did not take the mail (%s %d)",
                program, WIFEXITED(status) ? "exit status" : "signal",
                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return false;
}

bool sendmail_send(const char *message, gsize length, GError **error)
{
    g_autofree char *program = find_sendmail();
    const char *arguments[] = {program, "-t", "-oi", NULL};
    GPid child = 0;
    gint input = -1;

    if (program == NULL) {
        g_set_error(error, TLSTRIAGE_ERROR, TLSTRIAGE_ERROR_SYSTEM,
                    "no sendmail in $PATH, /usr/sbin or /usr/lib");
        return false;
    }
    if (!g_spawn_async_with_pipes(NULL, (char **)arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                  NULL, &child, &input, NULL, NULL, error))
        return false;
    /* A sendmail that ends early must not end us. */
    signal(SIGPIPE, SIG_IGN);
    bool written = write_all(input, message, length);
    close(input);
    return wait_for(child, program, written, error);
}
