/* secret_file.h: small files that only their owner may read: private keys. */
#ifndef CRYPTO_SECRET_FILE_H
#define CRYPTO_SECRET_FILE_H

#include "base/ctx.h"

/* Writes a new file with mode 0600, whole or not at all, synced. ERR_CONFLICT when it exists
 * already. */
NODISCARD enum err secret_file_write(struct ctx *cx, const char *path, struct str bytes);
/* ERR_NOT_FOUND; ERR_FORBIDDEN when group or others have any right to it; ERR_TOO_LARGE past 64
 * KiB. */
NODISCARD enum err secret_file_read(struct ctx *cx, const char *path, struct str *ret);

#endif
