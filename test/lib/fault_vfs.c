/* fault_vfs.c: see fault_vfs.h. */
#include "lib/fault_vfs.h"

#include "lib/fault_image.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fault_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    pthread_mutex_t mutex;
    struct fault_image *images;
    pthread_cond_t let_go;
    pthread_t spared;
    bool is_dead, is_sticky, is_held, has_spared;
    unsigned fail_ops;
    uint32_t fail_in, n_failed, delay_us, n_held;
    int fail_rc;
    uint64_t n_syncs;
};

struct file {
    sqlite3_file base;
    struct fault_vfs *v;
    struct fault_image *image; /* NULL for files without a name */
    bool is_db;
    sqlite3_file *real;
};

static struct file *
file_of(sqlite3_file *f)
{
    return (struct file *)(void *)f;
}

static struct fault_vfs *
vfs_of(sqlite3_vfs *v)
{
    return v->pAppData;
}

/* The code this call has to fail with, or SQLITE_OK. */
static int
fault(struct fault_vfs *v, unsigned op, int dead_rc)
{
    if (v->is_dead) {
        return dead_rc;
    }
    if ((v->fail_ops & op) == 0 || v->fail_in == 0) {
        return SQLITE_OK;
    }
    if (v->fail_in > 1) {
        v->fail_in--;
        return SQLITE_OK;
    }
    if (!v->is_sticky) {
        v->fail_in = 0;
    }
    v->n_failed++;
    return v->fail_rc;
}

/* --- the file's methods ----------------------------------------------------------------------- */

static int
f_close(sqlite3_file *f)
{
    struct file *x = file_of(f);
    int rc = x->real->pMethods->xClose(x->real);
    free(x->real);
    return rc;
}

static int
f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 offset)
{
    struct file *x = file_of(f);
    (void)pthread_mutex_lock(&x->v->mutex);
    int rc = fault(x->v, FAULT_READ, SQLITE_IOERR_READ);
    (void)pthread_mutex_unlock(&x->v->mutex);
    return rc != SQLITE_OK ? rc : x->real->pMethods->xRead(x->real, p, n, offset);
}

static int
f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 offset)
{
    struct file *x = file_of(f);
    (void)pthread_mutex_lock(&x->v->mutex);
    int rc = fault(x->v, FAULT_WRITE, SQLITE_IOERR_WRITE);
    if (rc == SQLITE_OK) {
        rc = x->real->pMethods->xWrite(x->real, p, n, offset);
    }
    if (rc == SQLITE_OK && x->image != NULL) {
        fault_image_add(x->image, offset, p, (size_t)n, false);
    }
    (void)pthread_mutex_unlock(&x->v->mutex);
    return rc;
}

static int
f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct file *x = file_of(f);
    (void)pthread_mutex_lock(&x->v->mutex);
    int rc = fault(x->v, FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    if (rc == SQLITE_OK) {
        rc = x->real->pMethods->xTruncate(x->real, size);
    }
    if (rc == SQLITE_OK && x->image != NULL) {
        fault_image_add(x->image, size, NULL, 0, true);
    }
    (void)pthread_mutex_unlock(&x->v->mutex);
    return rc;
}

/* The mutex is held. */
static void
wait_let_go(struct fault_vfs *v)
{
    if (!v->is_held || (v->has_spared && pthread_equal(v->spared, pthread_self()))) {
        return;
    }
    v->n_held++;
    while (v->is_held) {
        (void)pthread_cond_wait(&v->let_go, &v->mutex);
    }
    v->n_held--;
}

/* Does not call the real sync: this disk is the one that loses power, and tests need not wait. */
static int
f_sync(sqlite3_file *f, int flags UNUSED)
{
    struct file *x = file_of(f);
    (void)pthread_mutex_lock(&x->v->mutex);
    if (x->is_db) {
        wait_let_go(x->v);
    }
    int rc = fault(x->v, x->is_db ? FAULT_SYNC | FAULT_SYNC_DB : FAULT_SYNC, SQLITE_IOERR_FSYNC);
    uint32_t delay_us = x->v->delay_us;
    (void)pthread_mutex_unlock(&x->v->mutex);
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (delay_us != 0) {
        (void)usleep(delay_us);
    }
    (void)pthread_mutex_lock(&x->v->mutex);
    if (x->v->is_dead) { /* the power went while the sync ran */
        rc = SQLITE_IOERR_FSYNC;
    } else {
        x->v->n_syncs++;
        if (x->image != NULL) {
            fault_image_sync(x->image);
        }
    }
    (void)pthread_mutex_unlock(&x->v->mutex);
    return rc;
}

static int
f_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    return file_of(f)->real->pMethods->xFileSize(file_of(f)->real, ret);
}

static int
f_lock(sqlite3_file *f, int kind)
{
    return file_of(f)->real->pMethods->xLock(file_of(f)->real, kind);
}

static int
f_unlock(sqlite3_file *f, int kind)
{
    return file_of(f)->real->pMethods->xUnlock(file_of(f)->real, kind);
}

static int
f_check_lock(sqlite3_file *f, int *ret)
{
    return file_of(f)->real->pMethods->xCheckReservedLock(file_of(f)->real, ret);
}

static int
f_control(sqlite3_file *f, int op, void *arg)
{
    return file_of(f)->real->pMethods->xFileControl(file_of(f)->real, op, arg);
}

static int
f_sector(sqlite3_file *f)
{
    return file_of(f)->real->pMethods->xSectorSize(file_of(f)->real);
}

static int
f_device(sqlite3_file *f)
{
    return file_of(f)->real->pMethods->xDeviceCharacteristics(file_of(f)->real);
}

static int
f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    return file_of(f)->real->pMethods->xShmMap(file_of(f)->real, page, size, extend, ret);
}

static int
f_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return file_of(f)->real->pMethods->xShmLock(file_of(f)->real, offset, n, flags);
}

static void
f_shm_barrier(sqlite3_file *f)
{
    file_of(f)->real->pMethods->xShmBarrier(file_of(f)->real);
}

static int
f_shm_unmap(sqlite3_file *f, int is_delete)
{
    return file_of(f)->real->pMethods->xShmUnmap(file_of(f)->real, is_delete);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2, /* without memory mapping, which would pass by us */
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_check_lock,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_device,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};

/* --- the VFS's methods ------------------------------------------------------------------------ */

static int
v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
    struct fault_vfs *v = vfs_of(vfs);
    struct file *x = file_of(f);
    *x = (struct file){ .v = v };
    x->real = calloc(1, (size_t)v->real->szOsFile);
    ASSERT(x->real != NULL);
    int rc =
        v->is_dead ? SQLITE_CANTOPEN : v->real->xOpen(v->real, name, x->real, flags, ret_flags);
    if (rc != SQLITE_OK) {
        free(x->real);
        return rc;
    }
    if (name != NULL) {
        (void)pthread_mutex_lock(&v->mutex);
        x->image = fault_image_find(&v->images, name);
        (void)pthread_mutex_unlock(&v->mutex);
    }
    x->is_db = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    x->base.pMethods = &file_methods;
    return SQLITE_OK;
}

static int
v_delete(sqlite3_vfs *vfs, const char *name, int is_dir_sync)
{
    struct fault_vfs *v = vfs_of(vfs);
    (void)pthread_mutex_lock(&v->mutex);
    int rc = v->is_dead ? SQLITE_IOERR_DELETE : v->real->xDelete(v->real, name, is_dir_sync);
    if (rc == SQLITE_OK) {
        fault_image_forget(fault_image_find(&v->images, name));
    }
    (void)pthread_mutex_unlock(&v->mutex);
    return rc;
}

static int
v_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
    return vfs_of(vfs)->real->xAccess(vfs_of(vfs)->real, name, flags, ret);
}

static int
v_full_path(sqlite3_vfs *vfs, const char *name, int n, char *ret)
{
    return vfs_of(vfs)->real->xFullPathname(vfs_of(vfs)->real, name, n, ret);
}

static int
v_random(sqlite3_vfs *vfs, int n, char *ret)
{
    return vfs_of(vfs)->real->xRandomness(vfs_of(vfs)->real, n, ret);
}

static int
v_sleep(sqlite3_vfs *vfs, int us)
{
    return vfs_of(vfs)->real->xSleep(vfs_of(vfs)->real, us);
}

static int
v_time(sqlite3_vfs *vfs, double *ret)
{
    return vfs_of(vfs)->real->xCurrentTime(vfs_of(vfs)->real, ret);
}

static int
v_last_error(sqlite3_vfs *vfs, int n, char *ret)
{
    return vfs_of(vfs)->real->xGetLastError(vfs_of(vfs)->real, n, ret);
}

struct fault_vfs *
fault_vfs_new(const char *name)
{
    struct fault_vfs *v = calloc(1, sizeof(*v));
    ASSERT(v != NULL && sqlite3_initialize() == SQLITE_OK);
    v->real = sqlite3_vfs_find(NULL);
    ASSERT(v->real != NULL && pthread_mutex_init(&v->mutex, NULL) == 0);
    ASSERT(pthread_cond_init(&v->let_go, NULL) == 0);
    v->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct file),
        .mxPathname = v->real->mxPathname,
        .zName = name,
        .pAppData = v,
        .xOpen = v_open,
        .xDelete = v_delete,
        .xAccess = v_access,
        .xFullPathname = v_full_path,
        .xRandomness = v_random,
        .xSleep = v_sleep,
        .xCurrentTime = v_time,
        .xGetLastError = v_last_error,
    };
    ASSERT(sqlite3_vfs_register(&v->vfs, 0) == SQLITE_OK);
    return v;
}

void
fault_vfs_free(struct fault_vfs *v)
{
    if (v == NULL) {
        return;
    }
    (void)sqlite3_vfs_unregister(&v->vfs);
    struct fault_image *im = v->images;
    while (im != NULL) {
        struct fault_image *next = im->next;
        fault_image_free(im);
        im = next;
    }
    (void)pthread_cond_destroy(&v->let_go);
    (void)pthread_mutex_destroy(&v->mutex);
    free(v);
}

/* --- faults ----------------------------------------------------------------------------------- */

void
fault_vfs_crash(struct fault_vfs *v, enum fault_crash how, uint64_t seed)
{
    (void)pthread_mutex_lock(&v->mutex);
    v->is_dead = true;
    for (struct fault_image *im = v->images; im != NULL; im = im->next) {
        fault_image_crash(im, how, &seed);
    }
    (void)pthread_mutex_unlock(&v->mutex);
}

void
fault_vfs_recover(struct fault_vfs *v)
{
    (void)pthread_mutex_lock(&v->mutex);
    for (struct fault_image *im = v->images; im != NULL; im = im->next) {
        fault_image_restore(im);
    }
    v->is_dead = false;
    v->fail_in = 0;
    (void)pthread_mutex_unlock(&v->mutex);
}

void
fault_vfs_fail(struct fault_vfs *v, unsigned ops, uint32_t nth, int rc, bool is_sticky)
{
    (void)pthread_mutex_lock(&v->mutex);
    v->fail_ops = ops;
    v->fail_in = nth;
    v->fail_rc = rc;
    v->is_sticky = is_sticky;
    v->n_failed = 0;
    (void)pthread_mutex_unlock(&v->mutex);
}

uint32_t
fault_vfs_n_failed(struct fault_vfs *v)
{
    (void)pthread_mutex_lock(&v->mutex);
    uint32_t n = v->n_failed;
    (void)pthread_mutex_unlock(&v->mutex);
    return n;
}

void
fault_vfs_hold_db(struct fault_vfs *v, bool is_held)
{
    (void)pthread_mutex_lock(&v->mutex);
    v->is_held = is_held;
    (void)pthread_cond_broadcast(&v->let_go);
    (void)pthread_mutex_unlock(&v->mutex);
}

void
fault_vfs_spare_thread(struct fault_vfs *v)
{
    (void)pthread_mutex_lock(&v->mutex);
    v->spared = pthread_self();
    v->has_spared = true;
    (void)pthread_mutex_unlock(&v->mutex);
}

uint32_t
fault_vfs_n_held(struct fault_vfs *v)
{
    (void)pthread_mutex_lock(&v->mutex);
    uint32_t n = v->n_held;
    (void)pthread_mutex_unlock(&v->mutex);
    return n;
}

void
fault_vfs_delay_sync(struct fault_vfs *v, uint32_t delay_us)
{
    (void)pthread_mutex_lock(&v->mutex);
    v->delay_us = delay_us;
    (void)pthread_mutex_unlock(&v->mutex);
}

uint64_t
fault_vfs_n_syncs(struct fault_vfs *v)
{
    (void)pthread_mutex_lock(&v->mutex);
    uint64_t n = v->n_syncs;
    (void)pthread_mutex_unlock(&v->mutex);
    return n;
}

uint64_t
fault_vfs_n_unsynced(struct fault_vfs *v)
{
    uint64_t n = 0;
    (void)pthread_mutex_lock(&v->mutex);
    for (struct fault_image *im = v->images; im != NULL; im = im->next) {
        size_t len = strlen(im->name);
        if (len > 4 && strcmp(im->name + len - 4, "-wal") == 0) {
            n += im->n_ops;
        }
    }
    (void)pthread_mutex_unlock(&v->mutex);
    return n;
}
