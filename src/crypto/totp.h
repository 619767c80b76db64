/* totp.h: one-time passwords by time (RFC 6238: HMAC-SHA-1, 30 s, 6 digits, as authenticator apps
 * expect). */
#ifndef CRYPTO_TOTP_H
#define CRYPTO_TOTP_H

#include "base/ctx.h"

/* 20 random bytes. */
struct str totp_secret_new(struct ctx *cx);
/* Base32 without padding, for typing. */
struct str totp_base32(struct arena *a, struct str secret);
/* otpauth://totp/... for the QR code. */
struct str totp_uri(struct arena *a, struct str secret, struct str issuer, struct str account);
/* Code of a counter (time step): 6 digits. */
struct str totp_code(struct arena *a, struct str secret, int64_t counter);
/* True when code is right for a step within +-1 of at_us and later than last_counter (replay);
 * *ret_counter is to be stored as the new last counter. */
bool totp_verify(struct str secret, struct str code, int64_t at_us, int64_t last_counter,
                 int64_t *ret_counter);

#endif
