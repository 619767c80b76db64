/* digest.c: see digest.h. */
/* SHA256_Init and its kin are deprecated in favour of EVP_Digest, which looks its algorithm up
 * among the providers and makes a context on the heap each time: a twentieth of a page's CPU, for
 * the 40 bytes of a cookie. The code beneath is the same. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.h"

#include "codec/hex.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

/* OpenSSL's own failure here means no memory or a broken library: a bug, not input. */
struct digest
digest_sha256(struct str bytes)
{
    struct digest d;
    SHA256_CTX c;
    _Static_assert(sizeof(d.b) == SHA256_DIGEST_LENGTH, "a digest has 32 bytes");
    ASSERT(SHA256_Init(&c) == 1 && SHA256_Update(&c, bytes.n == 0 ? "" : bytes.p, bytes.n) == 1 &&
           SHA256_Final(d.b, &c) == 1);
    return d;
}

struct digest512
digest_sha512(struct str bytes)
{
    struct digest512 d;
    unsigned n = 0;
    ASSERT(EVP_Digest(bytes.n == 0 ? "" : bytes.p, bytes.n, d.b, &n, EVP_sha512(), NULL) == 1 &&
           n == sizeof(d.b));
    return d;
}

struct str
digest_hex(struct arena *a, const struct digest *d)
{
    char *p = arena_alloc(a, 2 * sizeof(d->b));
    hex_to(p, d->b, sizeof(d->b));
    return (struct str){ p, 2 * sizeof(d->b) };
}

struct str
digest_sha256_hex(struct arena *a, struct str bytes)
{
    struct digest d = digest_sha256(bytes);
    return digest_hex(a, &d);
}

bool
digest_from_hex(struct str text, struct digest *ret)
{
    struct digest d;
    if (!hex_from(text, d.b, sizeof(d.b))) {
        return false;
    }
    *ret = d;
    return true;
}

struct digest
digest_hmac(struct str key, struct str bytes)
{
    struct digest d;
    unsigned n = 0;
    union {
        const char *in;
        const unsigned char *out;
    } data = { .in = bytes.n == 0 ? "" : bytes.p };
    ASSERT(key.n <= INT32_MAX);
    ASSERT(HMAC(EVP_sha256(), key.n == 0 ? "" : key.p, (int)key.n, data.out, bytes.n, d.b, &n) !=
           NULL);
    return d;
}

bool
digest_equal(const struct digest *x, const struct digest *y)
{
    return CRYPTO_memcmp(x->b, y->b, sizeof(x->b)) == 0;
}

bool
digest_same(struct str x, struct str y)
{
    return x.n == y.n && (x.n == 0 || CRYPTO_memcmp(x.p, y.p, x.n) == 0);
}

struct digest_stream {
    EVP_MD_CTX *md;
};

static struct digest_stream *
stream_begin(const EVP_MD *which)
{
    struct digest_stream *s = calloc(1, sizeof(*s));
    ASSERT(s != NULL);
    s->md = EVP_MD_CTX_new();
    ASSERT(s->md != NULL && EVP_DigestInit_ex(s->md, which, NULL) == 1);
    return s;
}

static void
stream_end(struct digest_stream *s, uint8_t *ret, size_t n)
{
    unsigned made = 0;
    ASSERT((size_t)EVP_MD_CTX_get_size(s->md) == n);
    ASSERT(EVP_DigestFinal_ex(s->md, ret, &made) == 1);
    EVP_MD_CTX_free(s->md);
    free(s);
}

struct digest_stream *
digest_begin(void)
{
    return stream_begin(EVP_sha256());
}

struct digest_stream *
digest512_begin(void)
{
    return stream_begin(EVP_sha512());
}

void
digest_add(struct digest_stream *s, struct str bytes)
{
    if (bytes.n > 0) {
        ASSERT(EVP_DigestUpdate(s->md, bytes.p, bytes.n) == 1);
    }
}

struct digest
digest_end(struct digest_stream *s)
{
    struct digest d;
    stream_end(s, d.b, sizeof(d.b));
    return d;
}

struct digest512
digest512_end(struct digest_stream *s)
{
    struct digest512 d;
    stream_end(s, d.b, sizeof(d.b));
    return d;
}
