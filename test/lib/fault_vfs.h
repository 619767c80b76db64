/* fault_vfs.h: an SQLite VFS over the default one that plays a bad disk, for tests and benchmarks.
 *
 * Power loss: every write since a file's last sync is kept beside the content of that sync. At
 * fault_vfs_crash the disk keeps the synced content and, as told, none or a random part of the
 * later writes; from then on every call fails, as for a dead process. Close the store, call
 * fault_vfs_recover, and open again. */
#ifndef TEST_LIB_FAULT_VFS_H
#define TEST_LIB_FAULT_VFS_H

#include "base/base.h"

struct fault_vfs;

/* Registers a VFS under this name (static string). */
struct fault_vfs *fault_vfs_new(const char *name);
/* After the store is closed. Accepts NULL. */
void fault_vfs_free(struct fault_vfs *v);

enum fault_crash {
    FAULT_DROP,   /* nothing that was not synced survives */
    FAULT_TEAR,   /* each later write survives whole, in part, or not at all */
    FAULT_GARBLE, /* the same, and some sectors of it hold other bytes */
};
void fault_vfs_crash(struct fault_vfs *v, enum fault_crash how, uint64_t seed);
/* Puts what survived into the files. */
void fault_vfs_recover(struct fault_vfs *v);

enum fault_op {
    FAULT_WRITE = 1,
    FAULT_SYNC = 2,
    FAULT_READ = 4,
    FAULT_TRUNCATE = 8,
    FAULT_SYNC_DB = 16 /* of the database itself, not of its log */
};
/* Lets the nth call (1 = next) of these kinds fail with the SQLite code rc, and all later ones too
 * when is_sticky. nth 0 ends it. */
void fault_vfs_fail(struct fault_vfs *v, unsigned ops, uint32_t nth, int rc, bool is_sticky);
/* How often it has failed since the last fault_vfs_fail. */
uint32_t fault_vfs_n_failed(struct fault_vfs *v);

/* From now on syncs of the database itself (not of its log) do not return, until false. Those of
 * the spared thread do. */
void fault_vfs_hold_db(struct fault_vfs *v, bool is_held);
void fault_vfs_spare_thread(struct fault_vfs *v); /* the one that calls this */
/* How many wait for that. */
uint32_t fault_vfs_n_held(struct fault_vfs *v);

/* Each sync takes this much longer. */
void fault_vfs_delay_sync(struct fault_vfs *v, uint32_t delay_us);
uint64_t fault_vfs_n_syncs(struct fault_vfs *v);
/* Writes to the log (-wal) since its last sync. */
uint64_t fault_vfs_n_unsynced(struct fault_vfs *v);

#endif
