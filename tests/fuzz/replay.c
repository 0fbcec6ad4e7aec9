/*
 * Feeds files to a fuzz target without a fuzzer, as `make check` does with the kept corpora, and
 * tells the result as TAP. A target that crashes leaves the plan unfulfilled; the last name on
 * standard error is the file that did it.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not every target has one. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static void replay(const char *path, int number)
{
    g_autofree char *bytes = NULL;
    size_t length;
    fprintf(stderr, "# %s\n", path);
    bool ok = g_file_get_contents(path, &bytes, &length, NULL);
    if (ok) {
        /* A copy of the exact size lets the sanitiser see a read past the end. */
        g_autofree uint8_t *data = g_memdup2(bytes, length);
        LLVMFuzzerTestOneInput(data, length);
    }
    printf("%sok %d - %s\n", ok ? "" : "not ", number, path);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++)
        replay(argv[i], i);
    return 0;
}
