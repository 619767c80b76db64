/* digest.h: SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104) and comparison in constant time. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/str.h"

struct digest {
    uint8_t b[32];
};
struct digest digest_sha256(struct str bytes);
struct digest512 {
    uint8_t b[64];
};
struct digest512 digest_sha512(struct str bytes);
/* Lower-case hexadecimal of SHA-256. */
struct str digest_sha256_hex(struct arena *a, struct str bytes);
struct str digest_hex(struct arena *a, const struct digest *d);
bool digest_from_hex(struct str text, struct digest *ret);
struct digest digest_hmac(struct str key, struct str bytes);
bool digest_equal(const struct digest *x, const struct digest *y); /* constant time */
/* Equal bytes; time depends on the lengths only. */
bool digest_same(struct str x, struct str y);

/* Streaming. digest_end frees; call it exactly once. */
struct digest_stream;
struct digest_stream *digest_begin(void);
void digest_add(struct digest_stream *s, struct str bytes);
struct digest digest_end(struct digest_stream *s);
/* The same for SHA-512: a stream begun by one is ended by its own. */
struct digest_stream *digest512_begin(void);
struct digest512 digest512_end(struct digest_stream *s);

#endif
