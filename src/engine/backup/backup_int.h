/* backup_int.h: the archive inside the sealed stream: entries one after the other. */
#ifndef ENGINE_BACKUP_BACKUP_INT_H
#define ENGINE_BACKUP_BACKUP_INT_H

#include "base/buf.h"
#include "engine/backup/backup.h"

/* An entry: kind (1), length of the path (2), size (8), big endian; path; content; SHA-256 of the
 * content (32). The manifest is the last entry. */
#define ENTRY_FILE     'F'
#define ENTRY_DATABASE 'D'
#define ENTRY_MANIFEST 'M'
#define ENTRY_HEAD     11
#define ENTRY_PATH_MAX 255
#define MANIFEST_MAX   (1U << 20)
#define DATABASE       "bombo.db"
#define DEPTH_MAX      6

/* What is not part of an installation: locks, spooled uploads, the log of the live database. */
bool backup_is_left_out(struct str path);
/* Relative, no ".", "..", empty or odd parts. */
bool backup_is_path(struct str path);

struct str backup_manifest_write(struct ctx *cx, const struct backup_manifest *m);
NODISCARD enum err backup_manifest_read(struct ctx *cx, struct str text,
                                        struct backup_manifest *ret);

#endif
