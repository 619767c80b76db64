/* fault_image.h: what a file of the fault VFS holds: its content at the last sync and each write
 * since, of which a crash keeps all, a part or nothing. The caller holds the lock. */
#ifndef TEST_LIB_FAULT_IMAGE_H
#define TEST_LIB_FAULT_IMAGE_H

#include "lib/fault_vfs.h"

/* A write or truncation since the last sync. */
struct fault_write {
    struct fault_write *next;
    int64_t offset;
    size_t n;
    bool is_truncate;
    unsigned char bytes[];
};

/* A file by name, for as long as the VFS lives. */
struct fault_image {
    struct fault_image *next;
    char *name;
    unsigned char *synced; /* content at the last sync, then what survived a crash */
    size_t n_synced;
    struct fault_write *first, *last;
    uint64_t n_ops;
};

/* The file of this name; put into the list when it is first seen, with what is on disk. */
struct fault_image *fault_image_find(struct fault_image **list, const char *name);
/* A write (or, with p NULL, a truncation to offset) that is not synced yet. */
void fault_image_add(struct fault_image *im, int64_t offset, const void *p, size_t n,
                     bool is_truncate);
void fault_image_sync(struct fault_image *im);
/* The file was removed. */
void fault_image_forget(struct fault_image *im);
/* Power is lost: what was not synced goes, or stays in part. */
void fault_image_crash(struct fault_image *im, enum fault_crash how, uint64_t *seed);
/* Writes what survived into the file. */
void fault_image_restore(const struct fault_image *im);
void fault_image_free(struct fault_image *im);

#endif
