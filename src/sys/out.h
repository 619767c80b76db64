/* out.h: a file written piece by piece, whole or not at all: it stands beside its place until it is
 * finished. */
#ifndef SYS_OUT_H
#define SYS_OUT_H

#include "base/ctx.h"

struct sys_out;

/* A new file with mode 0600; path "-" is the standard output. ERR_IO, ERR_DISK_FULL. */
NODISCARD enum err sys_out_open(struct ctx *cx, struct str path, struct sys_out **ret);
NODISCARD enum err sys_out_write(struct ctx *cx, struct sys_out *o, struct str bytes);
/* In its place under its name; is_synced: durable too, else after sys_sync_all. */
NODISCARD enum err sys_out_finish(struct ctx *cx, struct sys_out *o, bool is_synced);
/* Frees; what is not finished is removed. Accepts NULL. */
void sys_out_free(struct sys_out *o);
int64_t sys_out_bytes(const struct sys_out *o);

/* Makes everything on the file system that holds path durable: one call for a million files. */
NODISCARD enum err sys_sync_all(struct ctx *cx, struct str path);

#endif
