/* key.c: see key.h. Making, reading and writing of keys; signing is in key_sign.c. */
#include "crypto/key_int.h"

#include "crypto/secret_file.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

enum err
key_openssl_failed(struct ctx *cx, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return err_set(cx, ERR_INTERNAL, "%s: %s", what, reason == NULL ? "unknown" : reason);
}

void
key_free(struct key *k)
{
    if (k != NULL) {
        EVP_PKEY_free(k->pkey);
        free(k);
    }
}

enum key_type
key_type(const struct key *k)
{
    return k->type;
}

bool
key_is_private(const struct key *k)
{
    return k->is_private;
}

/* Only the three kinds this program knows. */
static bool
type_of(EVP_PKEY *pkey, enum key_type *ret)
{
    char group[64] = "";
    size_t n = 0;
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_ED25519:
        *ret = KEY_ED25519;
        return true;
    case EVP_PKEY_EC:
        *ret = KEY_P256;
        return EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) == 1 &&
               strcmp(group, "prime256v1") == 0;
    case EVP_PKEY_RSA:
        *ret = KEY_RSA;
        return EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN && EVP_PKEY_get_bits(pkey) <= RSA_BITS_MAX;
    default:
        return false;
    }
}

/* Takes pkey over, NULL too. */
static enum err
wrap(struct ctx *cx, EVP_PKEY *pkey, bool is_private, struct key **ret)
{
    enum key_type type = KEY_ED25519;
    if (pkey == NULL) {
        ERR_clear_error();
        return err_set(cx, ERR_BAD_REQUEST, "not a key");
    }
    if (!type_of(pkey, &type)) {
        EVP_PKEY_free(pkey);
        return err_set(cx, ERR_UNSUPPORTED, "kind or size of key is not supported");
    }
    struct key *k = calloc(1, sizeof(*k));
    ASSERT(k != NULL);
    *k = (struct key){ .pkey = pkey, .type = type, .is_private = is_private };
    *ret = k;
    return ERR_OK;
}

enum err
key_generate(struct ctx *cx, enum key_type type, struct key **ret)
{
    EVP_PKEY *pkey = NULL;
    switch (type) {
    case KEY_ED25519:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case KEY_P256:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "prime256v1");
        break;
    case KEY_RSA:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS_MIN);
        break;
    }
    return pkey == NULL ? key_openssl_failed(cx, "cannot make a key") : wrap(cx, pkey, true, ret);
}

/* Never asks at the terminal: an encrypted key is simply refused. */
static int
no_password(char *buf UNUSED, int size UNUSED, int rwflag UNUSED, void *arg UNUSED)
{
    return -1;
}

enum err
key_from_pem(struct ctx *cx, struct str pem, struct key **ret)
{
    if (pem.n == 0 || pem.n > 65536) {
        return err_set(cx, ERR_BAD_REQUEST, "PEM of %zu bytes", pem.n);
    }
    bool is_private = str_find(pem, STR("PRIVATE KEY-----")) < pem.n;
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    ASSERT(bio != NULL);
    EVP_PKEY *pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL)
                                : PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
    BIO_free(bio);
    return wrap(cx, pkey, is_private, ret);
}

enum err
key_to_pem(struct ctx *cx, const struct key *k, bool is_private, struct str *ret)
{
    BIO *bio = BIO_new(BIO_s_mem());
    ASSERT(bio != NULL);
    char *p = NULL;
    int ok = is_private ? PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL)
                        : PEM_write_bio_PUBKEY(bio, k->pkey);
    if (ok != 1 || (is_private && !k->is_private)) {
        BIO_free(bio);
        return key_openssl_failed(cx, "cannot write the key");
    }
    long n = BIO_get_mem_data(bio, &p);
    *ret = (struct str){ arena_copy(cx->arena, p, (size_t)n), (size_t)n };
    BIO_free(bio);
    return ERR_OK;
}

enum err
key_save(struct ctx *cx, const struct key *k, const char *path)
{
    struct str pem;
    TRY(key_to_pem(cx, k, true, &pem));
    return secret_file_write(cx, path, pem);
}

enum err
key_load(struct ctx *cx, const char *path, struct key **ret)
{
    struct str pem;
    struct key *k = NULL;
    TRY(secret_file_read(cx, path, &pem));
    TRY(key_from_pem(cx, pem, &k));
    if (!k->is_private) {
        key_free(k);
        return err_set(cx, ERR_BAD_REQUEST, "%s holds no private key", path);
    }
    *ret = k;
    return ERR_OK;
}

enum err
key_load_or_make(struct ctx *cx, const char *path, enum key_type type, struct key **ret)
{
    enum err e = key_load(cx, path, ret);
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    struct key *k = NULL;
    TRY(key_generate(cx, type, &k));
    e = key_save(cx, k, path);
    key_free(k);
    if (e != ERR_OK &&
        e != ERR_CONFLICT) { /* conflict: another process was first, its key counts */
        return e;
    }
    return key_load(cx, path, ret);
}

static unsigned char *
bytes_of(struct arena *a, struct str s)
{
    return arena_copy(a, s.p, s.n);
}

enum err
key_from_ed25519(struct ctx *cx, struct str x, struct key **ret)
{
    if (x.n != 32) {
        return err_set(cx, ERR_BAD_REQUEST, "Ed25519 key of %zu bytes", x.n);
    }
    return wrap(cx,
                EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes_of(cx->arena, x), x.n),
                false, ret);
}

/* Public key from OpenSSL's parameter list. */
static EVP_PKEY *
from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    ASSERT(c != NULL);
    if (EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(c);
    return pkey;
}

enum err
key_from_p256(struct ctx *cx, struct str x, struct str y, struct key **ret)
{
    unsigned char point[65] = { 4 };
    char group[] = "prime256v1";
    if (x.n != 32 || y.n != 32) {
        return err_set(cx, ERR_BAD_REQUEST, "P-256 coordinates of %zu and %zu bytes", x.n, y.n);
    }
    memcpy(point + 1, x.p, 32);
    memcpy(point + 33, y.p, 32);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    return wrap(cx, from_params("EC", params), false, ret);
}

enum err
key_from_rsa(struct ctx *cx, struct str n, struct str e, struct key **ret)
{
    if (n.n == 0 || n.n > RSA_BITS_MAX / 8 || e.n == 0 || e.n > 8) {
        return err_set(cx, ERR_BAD_REQUEST, "RSA key of %zu bytes", n.n);
    }
    BIGNUM *modulus = BN_bin2bn(bytes_of(cx->arena, n), (int)n.n, NULL);
    BIGNUM *exponent = BN_bin2bn(bytes_of(cx->arena, e), (int)e.n, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    ASSERT(modulus != NULL && exponent != NULL && build != NULL);
    ASSERT(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
           OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    ASSERT(params != NULL);
    EVP_PKEY *pkey = from_params("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(modulus);
    BN_free(exponent);
    return wrap(cx, pkey, false, ret);
}

enum err
key_public_raw(struct ctx *cx, const struct key *k, struct str *ret)
{
    unsigned char bytes[65];
    size_t n = sizeof(bytes);
    bool is_ok = false;
    if (k->type == KEY_ED25519) {
        is_ok = EVP_PKEY_get_raw_public_key(k->pkey, bytes, &n) == 1;
    } else if (k->type == KEY_P256) {
        is_ok = EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PUB_KEY, bytes,
                                                sizeof(bytes), &n) == 1 &&
                n == 65;
    } else {
        return err_set(cx, ERR_UNSUPPORTED, "no raw form of an RSA key");
    }
    if (!is_ok) {
        return key_openssl_failed(cx, "cannot read the public key");
    }
    *ret = (struct str){ arena_copy(cx->arena, bytes, n), n };
    return ERR_OK;
}
