/* backup.h: a whole installation in one file, and back. */
#ifndef ENGINE_BACKUP_BACKUP_H
#define ENGINE_BACKUP_BACKUP_H

#include "store/store.h"

#define BACKUP_TABLES_MAX 1000

/* What a backup says of itself, at its end. */
struct backup_manifest {
    int64_t taken_us;
    struct str program;                /* version that took it */
    int64_t n_files, n_blobs, n_bytes; /* files with the database; content bytes of all */
    int64_t ledger_size;
    struct str ledger_root; /* hex */
    struct store_count *tables;
    size_t n_tables;
};

struct backup_wish {
    struct str to;         /* file, or "-" */
    struct str passphrase; /* null: not encrypted */
    struct str program;    /* version */
    store_connect_fn *const *on_connect;
};
/* Takes a backup of cx->store and cx->config->data_dir, also beside a running program. Needs free
 * space for a copy of the database beside `to` (beside the data for "-"). ERR_BUSY: another backup
 * is being taken. ERR_UNSUPPORTED: the store has means of its own. */
NODISCARD enum err backup_take(struct ctx *cx, const struct backup_wish *wish,
                               struct backup_manifest *ret, int64_t *ret_bytes);

/* Unpacks into dir, which must not exist yet, proving seals, hashes and names; made durable. */
NODISCARD enum err backup_unpack(struct ctx *cx, struct str from, struct str dir,
                                 struct str passphrase, struct backup_manifest *ret);
/* Proves that each table of cx->store, which may be of an older schema, has the rows that the
 * manifest counts. The first difference is in cx->err (ERR_CONFLICT). */
NODISCARD enum err backup_check_rows(struct ctx *cx, const struct backup_manifest *m);
/* Proves that cx->store and cx->config->data_dir hold what the manifest says of the ledger, both
 * ways, of its head, and every blob that a row names. The first difference as above. */
NODISCARD enum err backup_check(struct ctx *cx, const struct backup_manifest *m);

#endif
