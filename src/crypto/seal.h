/* seal.h: a long stream cut in chunks, each guarded against change, exchange, loss and a cut end.
 * With a passphrase: AES-256-GCM (NIST SP 800-38D) under a key made by Argon2id (RFC 9106), one key
 * a stream, the chunk's number as nonce. Without one: a SHA-256 of each chunk, which finds damage
 * but stops nobody who wants to deceive. doc/backup.md has the bytes. */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/ctx.h"

#define SEAL_HEAD_BYTES  64
#define SEAL_CHUNK_BYTES ((size_t)1 << 20)

struct seal;

/* Takes all bytes, or fails. */
typedef enum err seal_sink_fn(struct ctx *cx, struct str bytes, void *arg);
/* Fills p with n bytes; fewer only at the end. */
typedef enum err seal_source_fn(struct ctx *cx, char *p, size_t n, size_t *ret_n, void *arg);

/* Begins writing; passphrase null or empty: plain. Takes some tenths of a second and 256 MiB with a
 * passphrase. */
NODISCARD enum err seal_begin(struct ctx *cx, struct str passphrase, seal_sink_fn *sink, void *arg,
                              struct seal **ret);
NODISCARD enum err seal_add(struct ctx *cx, struct seal *s, struct str bytes);
/* The last chunk; without it nobody can open the stream to its end. */
NODISCARD enum err seal_end(struct ctx *cx, struct seal *s);

/* Begins reading. ERR_BAD_REQUEST: not such a stream. ERR_FORBIDDEN: a passphrase is needed and
 * missing, or given and not needed. */
NODISCARD enum err seal_open(struct ctx *cx, struct str passphrase, seal_source_fn *source,
                             void *arg, struct seal **ret);
/* Fills p with n bytes that are proven unchanged; fewer only at the true end. ERR_FORBIDDEN: wrong
 * passphrase, or the first chunk was changed; ERR_IO: changed, damaged or cut off later. */
NODISCARD enum err seal_read(struct ctx *cx, struct seal *s, char *p, size_t n, size_t *ret_n);
bool seal_is_secret(const struct seal *s);

/* Wipes the key. Accepts NULL. */
void seal_free(struct seal *s);

#endif
