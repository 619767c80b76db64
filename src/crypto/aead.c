/* aead.c: see aead.h. */
#include "crypto/aead.h"

#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/secret_file.h"
#include "sys/sys.h"

#include <openssl/evp.h>

#define NONCE_BYTES 12
#define TAG_BYTES   16
#define PLAIN_MAX   65536
#define PREFIX      "v1."

enum err
aead_key_load_or_make(struct ctx *cx, const char *path, struct aead_key *ret)
{
    struct str text;
    enum err e = secret_file_read(cx, path, &text);
    if (e == ERR_NOT_FOUND) {
        struct aead_key fresh;
        char digits[2 * sizeof(fresh.b)];
        sys_random_bytes(cx, fresh.b, sizeof(fresh.b));
        hex_to(digits, fresh.b, sizeof(fresh.b));
        e = secret_file_write(cx, path, (struct str){ digits, sizeof(digits) });
        if (e != ERR_OK && e != ERR_CONFLICT) {
            return e;
        }
        e = secret_file_read(cx, path, &text);
    }
    TRY(e);
    return hex_from(str_trim(text), ret->b, sizeof(ret->b))
               ? ERR_OK
               : err_set(cx, ERR_INTERNAL, "%s is broken", path);
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

/* One pass over label and text; EVP_Cipher* calls have the same shape both ways. */
static bool
run(EVP_CIPHER_CTX *c, struct str label, struct str in, unsigned char *out)
{
    int n = 0;
    return EVP_CipherUpdate(c, NULL, &n, bytes(label), (int)label.n) == 1 &&
           EVP_CipherUpdate(c, out, &n, bytes(in), (int)in.n) == 1 && (size_t)n == in.n;
}

enum err
aead_seal(struct ctx *cx, const struct aead_key *k, struct str label, struct str plain,
          struct str *ret)
{
    if (plain.n > PLAIN_MAX || label.n > PLAIN_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "secret of %zu bytes", plain.n);
    }
    size_t n = NONCE_BYTES + plain.n + TAG_BYTES;
    unsigned char *p = arena_alloc(cx->arena, n);
    int last = 0;
    sys_random_bytes(cx, p, NONCE_BYTES);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    ASSERT(c != NULL);
    bool is_ok =
        EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, k->b, p, 1) == 1 &&
        run(c, label, plain, p + NONCE_BYTES) &&
        EVP_CipherFinal_ex(c, p + NONCE_BYTES + plain.n, &last) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, p + NONCE_BYTES + plain.n) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!is_ok) {
        return err_set(cx, ERR_INTERNAL, "cannot seal");
    }
    *ret = str_cat(cx->arena, STR(PREFIX),
                   base64_url_encode(cx->arena, (struct str){ (const char *)p, n }));
    return ERR_OK;
}

enum err
aead_open(struct ctx *cx, const struct aead_key *k, struct str label, struct str sealed,
          struct str *ret)
{
    struct str raw;
    if (!str_starts(sealed, STR(PREFIX)) || sealed.n > (size_t)2 * PLAIN_MAX ||
        label.n > PLAIN_MAX ||
        !base64_url_decode(cx->arena, str_slice(sealed, sizeof(PREFIX) - 1, sealed.n), &raw) ||
        raw.n < NONCE_BYTES + TAG_BYTES) {
        return err_set(cx, ERR_FORBIDDEN, "not a sealed secret");
    }
    size_t n = raw.n - NONCE_BYTES - TAG_BYTES;
    unsigned char *p = arena_alloc(cx->arena, n + 1);
    unsigned char *tag = arena_copy(cx->arena, raw.p + NONCE_BYTES + n, TAG_BYTES);
    int last = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    ASSERT(c != NULL);
    bool is_ok = EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, k->b, bytes(raw), 0) == 1 &&
                 run(c, label, str_slice(raw, NONCE_BYTES, NONCE_BYTES + n), p) &&
                 EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
                 EVP_CipherFinal_ex(c, p + n, &last) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!is_ok) {
        return err_set(cx, ERR_FORBIDDEN, "sealed secret was altered or belongs elsewhere");
    }
    *ret = (struct str){ (const char *)p, n };
    return ERR_OK;
}
