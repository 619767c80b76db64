/* password.h: passwords as Argon2id (RFC 9106). One hash takes 19 MiB and some 30 ms: call it on
 * the worker class "password" only, never inside a transaction. */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/ctx.h"

/* "$argon2id$v=19$m=19456,t=2,p=1$..$..". The salt comes from cx->random. ERR_TOO_LARGE above 1024
 * bytes. */
NODISCARD enum err password_hash(struct ctx *cx, struct str password, struct str *ret_encoded);
/* ERR_OK, ERR_UNAUTHENTICATED when it does not match, ERR_INTERNAL for a broken stored form. */
NODISCARD enum err password_verify(struct ctx *cx, struct str password, struct str encoded);
/* Spends the time of one verification: for unknown accounts. */
void password_verify_nobody(struct ctx *cx, struct str password);
/* True when the stored parameters are weaker than today's. */
bool password_needs_rehash(struct str encoded);

#endif
