/* token.c: see token.h. */
#include "crypto/token.h"

#include "codec/base64.h"
#include "crypto/digest.h"
#include "sys/sys.h"

#define SECRET_BYTES 32
#define SECRET_MAX   256

struct str
token_new(struct ctx *cx, struct str prefix)
{
    char bytes[SECRET_BYTES];
    sys_random_bytes(cx, bytes, sizeof(bytes));
    return str_cat(cx->arena, prefix,
                   base64_url_encode(cx->arena, (struct str){ bytes, sizeof(bytes) }));
}

struct str
token_stored(struct arena *a, struct str token)
{
    return digest_sha256_hex(a, token);
}

/* pad || (pad xor secret): every response shows other bytes, so compression tells nothing of the
 * secret. */
struct str
token_mask(struct ctx *cx, struct str secret)
{
    size_t n = secret.n;
    ASSERT(n <= SECRET_MAX);
    char *p = arena_alloc(cx->arena, 2 * n);
    sys_random_bytes(cx, p, n);
    for (size_t i = 0; i < n; i++) {
        p[n + i] = (char)(p[i] ^ secret.p[i]);
    }
    return base64_url_encode(cx->arena, (struct str){ p, 2 * n });
}

bool
token_mask_matches(struct arena *a, struct str masked, struct str secret)
{
    struct str bytes;
    if (secret.n == 0 || secret.n > SECRET_MAX || masked.n > 4 * SECRET_MAX ||
        !base64_url_decode(a, masked, &bytes) || bytes.n != 2 * secret.n) {
        return false;
    }
    char *p = arena_alloc(a, secret.n);
    for (size_t i = 0; i < secret.n; i++) {
        p[i] = (char)(bytes.p[i] ^ bytes.p[secret.n + i]);
    }
    return digest_same((struct str){ p, secret.n }, secret);
}
