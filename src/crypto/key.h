/* key.h: asymmetric keys over OpenSSL. */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/ctx.h"

enum key_type { KEY_ED25519, KEY_P256, KEY_RSA };

struct key;
/* Ends with key_free (NULL is fine). A key may be used by several threads at once. */
void key_free(struct key *k);
enum key_type key_type(const struct key *k);
bool key_is_private(const struct key *k);
/* KEY_RSA makes 2048 bits (tests only). */
NODISCARD enum err key_generate(struct ctx *cx, enum key_type type, struct key **ret);
/* PEM PKCS#8 (private) or SubjectPublicKeyInfo. */
NODISCARD enum err key_from_pem(struct ctx *cx, struct str pem, struct key **ret);
NODISCARD enum err key_to_pem(struct ctx *cx, const struct key *k, bool is_private,
                              struct str *ret);
/* Private key file, mode 0600; load refuses a file that others may read. ERR_NOT_FOUND,
 * ERR_FORBIDDEN. */
NODISCARD enum err key_save(struct ctx *cx, const struct key *k, const char *path);
NODISCARD enum err key_load(struct ctx *cx, const char *path, struct key **ret);
/* Loads, or generates and saves when there is no file. */
NODISCARD enum err key_load_or_make(struct ctx *cx, const char *path, enum key_type type,
                                    struct key **ret);
/* Public key from raw parts: Ed25519 x (32), P-256 x,y (32 each), RSA n,e (big endian). */
NODISCARD enum err key_from_ed25519(struct ctx *cx, struct str x, struct key **ret);
NODISCARD enum err key_from_p256(struct ctx *cx, struct str x, struct str y, struct key **ret);
NODISCARD enum err key_from_rsa(struct ctx *cx, struct str n, struct str e, struct key **ret);
/* Raw public key: 32 bytes for Ed25519, 65 (04 x y) for P-256. ERR_UNSUPPORTED for RSA. */
NODISCARD enum err key_public_raw(struct ctx *cx, const struct key *k, struct str *ret);
/* Ed25519: 64 bytes (RFC 8032). P-256: ECDSA with SHA-256, 64 bytes r||s. RSA: PKCS#1 v1.5 with
 * SHA-256. */
NODISCARD enum err key_sign(struct ctx *cx, const struct key *k, struct str bytes, struct str *ret);
/* ERR_OK, or ERR_FORBIDDEN when the signature is wrong. */
NODISCARD enum err key_verify(struct ctx *cx, const struct key *k, struct str bytes,
                              struct str signature);

#endif
