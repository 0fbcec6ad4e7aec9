#include "ingest/archive_library_private.h"
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
    {"archive_read_new", offsetof(struct archive_library, read_new)},
    {"archive_read_free", offsetof(struct archive_library, read_free)},
    {"archive_read_support_format_zip", offsetof(struct archive_library, read_support_format_zip)},
    {"archive_read_support_format_raw", offsetof(struct archive_library, read_support_format_raw)},
    {"archive_read_support_filter_all", offsetof(struct archive_library, read_support_filter_all)},
    {"archive_read_open", offsetof(struct archive_library, read_open)},
    {"archive_read_data", offsetof(struct archive_library, read_data)},
    {"archive_error_string", offsetof(struct archive_library, error_string)},
    {"archive_read_open_memory", offsetof(struct archive_library, read_open_memory)},
    {"archive_read_next_header", offsetof(struct archive_library, read_next_header)},
    {"archive_read_data_block", offsetof(struct archive_library, read_data_block)},
    {"archive_errno", offsetof(struct archive_library, error_number)},
    {"archive_entry_filetype", offsetof(struct archive_library, entry_filetype)},
    {"archive_entry_is_encrypted", offsetof(struct archive_library, entry_is_encrypted)},
    {"archive_entry_pathname", offsetof(struct archive_library, entry_pathname)},
};

static gpointer load(gpointer unused)
{
    void *handle = dlopen(LIBARCHIVE_SONAME, RTLD_NOW | RTLD_LOCAL);
    struct archive_library *library = g_new0(struct archive_library, 1);

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

const struct archive_library *archive_library_load(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, load, NULL);
}
