/* aead.h: small secrets at rest (TOTP seeds, client secrets): AES-256-GCM (NIST SP 800-38D), random
 * nonce. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/ctx.h"

struct aead_key {
    uint8_t b[32];
};
/* Key file of 32 random bytes as hex, mode 0600: loads, or makes it when absent. */
NODISCARD enum err aead_key_load_or_make(struct ctx *cx, const char *path, struct aead_key *ret);
/* "v1." + base64url(nonce || ciphertext || tag). label binds the text to its place ("totp:<account
 * id>"). At most 64 KiB. */
NODISCARD enum err aead_seal(struct ctx *cx, const struct aead_key *k, struct str label,
                             struct str plain, struct str *ret);
/* ERR_FORBIDDEN when it was altered, or sealed with another key or label. */
NODISCARD enum err aead_open(struct ctx *cx, const struct aead_key *k, struct str label,
                             struct str sealed, struct str *ret);

#endif
