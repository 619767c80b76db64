/* token.h: bearer secrets. What the client holds is random text; what is stored is its SHA-256. */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include "base/ctx.h"

/* 32 random bytes as 43 characters base64url, after prefix ("bb_"; may be empty). */
struct str token_new(struct ctx *cx, struct str prefix);
/* The stored form: 64 hexadecimal digits. */
struct str token_stored(struct arena *a, struct str token);
/* Per-response mask of a CSRF secret against BREACH. secret: at most 256 bytes (a token_new); the
 * mask is some 2.7 times as long. */
struct str token_mask(struct ctx *cx, struct str secret);
bool token_mask_matches(struct arena *a, struct str masked, struct str secret);

#endif
