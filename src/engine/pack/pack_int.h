/* pack_int.h: shared inside the module. */
#ifndef ENGINE_PACK_PACK_INT_H
#define ENGINE_PACK_PACK_INT_H

#include "engine/pack/pack.h"

#include <pthread.h>
#include <stdatomic.h>

#define PACK_FILES_MAX      20000
#define PACK_FILE_MAX_BYTES ((size_t)8 << 20)
#define PACK_MAX_BYTES      ((size_t)128 << 20)
#define PACK_FAULTS_MAX     1000
#define PACK_DEPTH_MAX      8

#define PACK_VERSIONS_MAX 4096
#define PACK_PARTS_MAX    32

struct overlay {
    void *p;
    void (*free_fn)(void *);
    struct overlay *next; /* the one set before, of any slot */
};

/* The versions in this process. */
struct set_state {
    pthread_mutex_t lock;  /* guards packs and n */
    pthread_mutex_t going; /* one change of what is in force at a time */
    _Atomic(const struct pack *) now;
    struct pack *packs[PACK_VERSIONS_MAX];
    size_t n;
    pack_part_fn *parts[PACK_PARTS_MAX];
    size_t n_parts;
    _Atomic(const struct overlay *) overlays[PACK_SLOT_COUNT];
    struct overlay *all_overlays; /* under lock */
};

/* cx->packs is const; what changes lies behind this pointer. */
struct pack_set {
    struct set_state *state;
};

struct pack_load {
    struct pack *pack;
    const struct pack_file *files; /* sorted by path */
    size_t n_files;
    struct arena *fault_arena;
    struct pack_fault *faults;
    size_t n_faults, cap_faults;
};

/* All files below the folders (':'-separated, first wins), sorted by path, bytes in a. */
enum err pack_dir_read(struct ctx *cx, struct str dirs, struct arena *a, struct pack_file **ret,
                       size_t *ret_n);
void pack_files_sort(struct pack_file *files, size_t n);

/* One byte string for all files, and back. Its SHA-256 is the content hash. */
struct str pack_bundle(struct arena *a, const struct pack_file *files, size_t n);
bool pack_unbundle(struct arena *a, struct str bundle, struct pack_file **ret, size_t *ret_n);

/* --- pack_set.c: versions in memory and in the store --------------------------------------------
 */
/* Keeps p, or frees it when the version is there already. NULL when the set is full. */
const struct pack *pack_keep(struct set_state *st, struct pack *take_p);
/* Puts the files into the store, once. */
enum err pack_store_version(struct ctx *cx, const struct pack *p, const struct pack_file *files,
                            size_t n);
/* Files of a version, in a. ERR_NOT_FOUND. */
enum err pack_stored_files(struct ctx *cx, struct str version, struct arena *a,
                           struct pack_file **ret, size_t *ret_n);
/* A version of the store, kept in memory; its faults by today's rules do not count. */
enum err pack_load_stored(struct ctx *cx, struct set_state *st, struct str version,
                          const struct pack **ret);
/* The version that these files are. */
struct str pack_files_version(struct arena *a, const struct pack_file *files, size_t n);

/* --- pack_live.c: going live --------------------------------------------------------------------
 */
enum err pack_live_start(struct ctx *cx, struct set_state *st, struct str dir);

#endif
