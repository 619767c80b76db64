/* key_sign.c: signing and verifying. ECDSA signatures are r||s as in JOSE, not DER. */
#include "crypto/key_int.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <string.h>

#define SIGNATURE_MAX 1024
#define P256_HALF     32

static const EVP_MD *
digest_for(const struct key *k)
{
    return k->type == KEY_ED25519 ? NULL : EVP_sha256();
}

static const unsigned char *
bytes(struct str s)
{
    union {
        const char *in;
        const unsigned char *out;
    } u = { .in = s.n == 0 ? "" : s.p };
    return u.out;
}

static enum err
der_to_raw(struct ctx *cx, const unsigned char *der, size_t n, struct str *ret)
{
    unsigned char *raw = arena_alloc(cx->arena, (size_t)2 * P256_HALF);
    const unsigned char *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
    bool is_ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, P256_HALF) == P256_HALF &&
                 BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + P256_HALF, P256_HALF) == P256_HALF;
    ECDSA_SIG_free(sig);
    *ret = (struct str){ (const char *)raw, (size_t)2 * P256_HALF };
    return is_ok ? ERR_OK : key_openssl_failed(cx, "ECDSA signature");
}

enum err
key_sign(struct ctx *cx, const struct key *k, struct str message, struct str *ret)
{
    unsigned char out[SIGNATURE_MAX];
    size_t n = sizeof(out);
    if (!k->is_private) {
        return err_set(cx, ERR_INTERNAL, "signing with a public key");
    }
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    ASSERT(c != NULL);
    bool is_ok = EVP_DigestSignInit(c, NULL, digest_for(k), NULL, k->pkey) == 1 &&
                 EVP_DigestSign(c, out, &n, bytes(message), message.n) == 1;
    EVP_MD_CTX_free(c);
    if (!is_ok) {
        return key_openssl_failed(cx, "cannot sign");
    }
    if (k->type == KEY_P256) {
        return der_to_raw(cx, out, n, ret);
    }
    *ret = (struct str){ arena_copy(cx->arena, out, n), n };
    return ERR_OK;
}

/* r||s as DER; false when it cannot be one. */
static bool
raw_to_der(struct str raw, unsigned char *der, size_t *ret_n)
{
    if (raw.n != (size_t)2 * P256_HALF) {
        return false;
    }
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes(raw), P256_HALF, NULL);
    BIGNUM *s = BN_bin2bn(bytes(raw) + P256_HALF, P256_HALF, NULL);
    ASSERT(sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1);
    unsigned char *to = der;
    int n = i2d_ECDSA_SIG(sig, &to); /* at most 72 bytes */
    ECDSA_SIG_free(sig);
    *ret_n = n > 0 ? (size_t)n : 0;
    return n > 0;
}

enum err
key_verify(struct ctx *cx, const struct key *k, struct str message, struct str signature)
{
    unsigned char der[SIGNATURE_MAX];
    const unsigned char *sig = bytes(signature);
    size_t n = signature.n;
    if (n == 0 || n > SIGNATURE_MAX) {
        return err_set(cx, ERR_FORBIDDEN, "signature of %zu bytes", n);
    }
    if (k->type == KEY_P256) {
        if (!raw_to_der(signature, der, &n)) {
            return err_set(cx, ERR_FORBIDDEN, "signature of %zu bytes", signature.n);
        }
        sig = der;
    }
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    ASSERT(c != NULL);
    bool is_ok = EVP_DigestVerifyInit(c, NULL, digest_for(k), NULL, k->pkey) == 1 &&
                 EVP_DigestVerify(c, sig, n, bytes(message), message.n) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return is_ok ? ERR_OK : err_set(cx, ERR_FORBIDDEN, "signature does not match");
}
