/* blobs.h: files kept once by the SHA-256 of their content, in a spread tree below the data folder,
 * or in a bucket of an S3 server when the configuration says so (then ERR_UPSTREAM, ERR_DEADLINE).
 * Write, fsync, rename, fsync the folder: only then may a row name the hash. */
#ifndef STORE_BLOBS_H
#define STORE_BLOBS_H

#include "store/store.h"

/* Stores the bytes durably; ret_hash is 64 lower-case hex digits in cx->arena. Idempotent.
 * Not inside a write transaction. ERR_DISK_FULL, ERR_IO. */
NODISCARD enum err blobs_put(struct ctx *cx, struct str bytes, struct str *ret_hash);
/* The same from a file (an upload's spool file), which is moved when on the same file system. */
NODISCARD enum err blobs_put_file(struct ctx *cx, struct str path, struct str *ret_hash);
/* Reads a whole blob, up to max_bytes (ERR_TOO_LARGE). ERR_NOT_FOUND; ERR_IO when the content does
 * not match its hash. */
NODISCARD enum err blobs_get(struct ctx *cx, struct str hash, size_t max_bytes,
                             struct str *ret_bytes);
/* Is it there? ERR_NOT_FOUND. */
NODISCARD enum err blobs_has(struct ctx *cx, struct str hash);
/* Whether they are kept in a bucket, and calls fn for each one there, with the time it was written
 * last; cx->arena is emptied between pages of the list. */
bool blobs_is_remote(const struct ctx *cx);
typedef enum err blobs_each_fn(struct ctx *cx, struct str hash, int64_t changed_us, void *arg);
NODISCARD enum err blobs_each_remote(struct ctx *cx, blobs_each_fn *fn, void *arg);
/* Copies every file of the data folder into the bucket, or back; what is there already is proven
 * and left. *ret_n: files seen. Nothing is removed. */
NODISCARD enum err blobs_push(struct ctx *cx, int64_t *ret_n);
NODISCARD enum err blobs_pull(struct ctx *cx, int64_t *ret_n);
/* Path of the file below the data folder, NUL-terminated in cx->arena. ERR_NOT_FOUND. */
NODISCARD enum err blobs_path(struct ctx *cx, struct str hash, struct str *ret_path);
/* Removes files older than min_age_us that keep() does not know. A module that stores blobs has a
 * keep function in app/app_collect.c; it says yes also when the store cannot answer. */
typedef bool blobs_keep_fn(struct ctx *cx, struct str hash);
NODISCARD enum err blobs_collect(struct ctx *cx, int64_t min_age_us, blobs_keep_fn *keep,
                                 int64_t *ret_n);

#endif
