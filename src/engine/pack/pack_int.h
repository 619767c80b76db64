/* pack_int.h: shared inside the module. */
#ifndef ENGINE_PACK_PACK_INT_H
#define ENGINE_PACK_PACK_INT_H

#include "engine/pack/pack.h"

#define PACK_FILES_MAX      20000
#define PACK_FILE_MAX_BYTES ((size_t)8 << 20)
#define PACK_MAX_BYTES      ((size_t)128 << 20)
#define PACK_FAULTS_MAX     1000
#define PACK_DEPTH_MAX      8

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

#endif
