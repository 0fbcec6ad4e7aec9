/*
 * Runs a command and appends its wall time (seconds), its peak memory (KiB) and its processor time
 * (seconds) to a file: measure FILE COMMAND [ARGUMENT]... Ends as the command ended.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    double begin = now();
    struct rusage usage;
    double wall;
    int status;
    FILE *out;
    pid_t child;

    if (argc < 3) {
        fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT]...\n");
        return 2;
    }
    /* vfork(): a copy of this small process would cost as much as a small command. */
    child = vfork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("measure");
        return 3;
    }
    wall = now() - begin;
    out = fopen(argv[1], "a");
    if (out == NULL) {
        perror(argv[1]);
        return 3;
    }
    fprintf(out, "%.6f %ld %.6f\n", wall, usage.ru_maxrss,
            seconds(usage.ru_utime) + seconds(usage.ru_stime));
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
