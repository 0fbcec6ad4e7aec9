/*
 * libarchive, loaded when the first zip comes, or the first log packed with other than gzip. With
 * all that it needs itself, loading it took a quarter of the time of a delivery, and hardly any
 * delivery brings a zip.
 */
#ifndef INGEST_ARCHIVE_LIBRARY_PRIVATE_H
#define INGEST_ARCHIVE_LIBRARY_PRIVATE_H

#include <archive.h>
#include <archive_entry.h>

/* libarchive's functions, under their names without "archive_". */
struct archive_library {
    __typeof__(archive_read_new) *read_new;
    __typeof__(archive_read_free) *read_free;
    __typeof__(archive_read_support_format_zip) *read_support_format_zip;
    __typeof__(archive_read_support_format_raw) *read_support_format_raw;
    __typeof__(archive_read_support_filter_all) *read_support_filter_all;
    __typeof__(archive_read_open) *read_open;
    __typeof__(archive_read_data) *read_data;
    __typeof__(archive_error_string) *error_string;
    __typeof__(archive_read_open_memory) *read_open_memory;
    __typeof__(archive_read_next_header) *read_next_header;
    __typeof__(archive_read_data_block) *read_data_block;
    __typeof__(archive_errno) *error_number;
    __typeof__(archive_entry_filetype) *entry_filetype;
    __typeof__(archive_entry_is_encrypted) *entry_is_encrypted;
    __typeof__(archive_entry_pathname) *entry_pathname;
};

/* NULL where it is not installed: what needs it then cannot be read. Several threads may call it. */
const struct archive_library *archive_library_load(void);

#endif
