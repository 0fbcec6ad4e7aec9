#include "ingest/zip_library_private.h"
#include <dlfcn.h>
#include <glib.h>
#include <stddef.h>

/* The version that was built against; the Makefile asks the linker's library for it. */
#ifndef LIBARCHIVE_SONAME
#define LIBARCHIVE_SONAME "libarchive.so.13"
#endif

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"archive_read_new", offsetof(struct zip_library, read_new)},
    {"archive_read_free", offsetof(struct zip_library, read_free)},
    {"archive_read_support_format_zip", offsetof(struct zip_library, read_support_format_zip)},
    {"archive_read_open_memory", offsetof(struct zip_library, read_open_memory)},
    {"archive_read_next_header", offsetof(struct zip_library, read_next_header)},
    {"archive_read_data_block", offsetof(struct zip_library, read_data_block)},
    {"archive_errno", offsetof(struct zip_library, error_number)},
    {"archive_entry_filetype", offsetof(struct zip_library, entry_filetype)},
    {"archive_entry_is_encrypted", offsetof(struct zip_library, entry_is_encrypted)},
    {"archive_entry_pathname", offsetof(struct zip_library, entry_pathname)},
};

static gpointer load(gpointer unused)
{
    void *handle = dlopen(LIBARCHIVE_SONAME, RTLD_NOW | RTLD_LOCAL);
    struct zip_library *library = g_new0(struct zip_library, 1);

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++) {
        void *symbol = handle != NULL ? dlsym(handle, symbols[i].name) : NULL;
        if (symbol == NULL) {
            g_free(library);
            return NULL;
        }
        *(void **)(void *)((char *)library + symbols[i].offset) = symbol;
    }
    return library;
}

const struct zip_library *zip_library_load(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, load, NULL);
}
