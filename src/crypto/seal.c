/* seal.c: chunks of a sealed stream. */
#include "crypto/seal.h"

#include "sys/sys.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define MAGIC       "BOMBOBK1"
#define KEY_BYTES   32
#define SALT_BYTES  16
#define SALT_AT     24
#define TAG_BYTES   16
#define NONCE_BYTES 12
#define LAST_BIT    0x80000000U
#define MODE_PLAIN  0
#define MODE_GCM    1
/* RFC 9106 4: the second recommended choice is 64 MiB, t=3, p=4; a passphrase that guards a whole
 * province deserves four times as much. Reading accepts up to the limits. */
#define M_KIB     (256U * 1024U)
#define T_COST    3U
#define LANES     4U
#define M_KIB_MAX (1024U * 1024U)
#define T_MAX     16U
#define LANES_MAX 16U

struct seal {
    unsigned char head[SEAL_HEAD_BYTES];
    unsigned char key[KEY_BYTES];
    bool is_secret, is_ended;
    uint64_t index; /* of the next chunk */
    unsigned char *chunk;
    size_t at, n; /* writing: n bytes waiting; reading: [at, n) not yet read */
    EVP_CIPHER_CTX *cipher;
    EVP_MD_CTX *hash;
    seal_sink_fn *sink;
    seal_source_fn *source;
    void *arg;
};

static void
put_u32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 24);
    p[1] = (unsigned char)(v >> 16);
    p[2] = (unsigned char)(v >> 8);
    p[3] = (unsigned char)v;
}

static uint32_t
get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const unsigned char *
bytes_of(struct str s)
{
    union {
        const char *in;
        const unsigned char *out;
    } u = { .in = s.n == 0 ? "" : s.p };
    return u.out;
}

static struct seal *
seal_new(void *arg)
{
    struct seal *s = calloc(1, sizeof(*s));
    ASSERT(s != NULL);
    s->chunk = malloc(SEAL_CHUNK_BYTES);
    s->cipher = EVP_CIPHER_CTX_new();
    s->hash = EVP_MD_CTX_new();
    s->arg = arg;
    ASSERT(s->chunk != NULL && s->cipher != NULL && s->hash != NULL);
    return s;
}

void
seal_free(struct seal *s)
{
    if (s == NULL) {
        return;
    }
    OPENSSL_cleanse(s->key, sizeof(s->key));
    OPENSSL_cleanse(s->chunk, SEAL_CHUNK_BYTES);
    free(s->chunk);
    EVP_CIPHER_CTX_free(s->cipher);
    EVP_MD_CTX_free(s->hash);
    free(s);
}

bool
seal_is_secret(const struct seal *s)
{
    return s->is_secret;
}

static enum err
make_key(struct ctx *cx, struct seal *s, struct str passphrase)
{
    const unsigned char *h = s->head;
    int rc = argon2id_hash_raw(get_u32(h + 16), get_u32(h + 12), get_u32(h + 20), passphrase.p,
                               passphrase.n, h + SALT_AT, SALT_BYTES, s->key, KEY_BYTES);
    return rc == ARGON2_OK ? ERR_OK
                           : err_set(cx, ERR_INTERNAL, "Argon2id: %s", argon2_error_message(rc));
}

/* --- one chunk ----------------------------------------------------------------------------------
 */

/* What is guarded beside the content: the head, the chunk's number, whether it is the last. */
static void
label_of(const struct seal *s, bool is_last, unsigned char label[SEAL_HEAD_BYTES + 9])
{
    memcpy(label, s->head, SEAL_HEAD_BYTES);
    put_u32(label + SEAL_HEAD_BYTES, (uint32_t)(s->index >> 32));
    put_u32(label + SEAL_HEAD_BYTES + 4, (uint32_t)s->index);
    label[SEAL_HEAD_BYTES + 8] = is_last ? 1 : 0;
}

/* In place. is_writing: tag is made, else compared. */
static bool
gcm(struct seal *s, size_t n, bool is_last, bool is_writing, unsigned char tag[TAG_BYTES])
{
    unsigned char label[SEAL_HEAD_BYTES + 9];
    unsigned char nonce[NONCE_BYTES] = { 0 };
    int got = 0;
    int end = 0;
    label_of(s, is_last, label);
    put_u32(nonce + 4, (uint32_t)(s->index >> 32));
    put_u32(nonce + 8, (uint32_t)s->index);
    bool is_good =
        EVP_CipherInit_ex(s->cipher, EVP_aes_256_gcm(), NULL, s->key, nonce, is_writing) == 1 &&
        EVP_CipherUpdate(s->cipher, NULL, &got, label, sizeof(label)) == 1 &&
        EVP_CipherUpdate(s->cipher, s->chunk, &got, s->chunk, (int)n) == 1;
    if (is_good && !is_writing) {
        is_good = EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1;
    }
    is_good = is_good && EVP_CipherFinal_ex(s->cipher, s->chunk + n, &end) == 1;
    if (is_good && is_writing) {
        is_good = EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;
    }
    return is_good;
}

static bool
sha(struct seal *s, size_t n, bool is_last, unsigned char tag[TAG_BYTES])
{
    unsigned char label[SEAL_HEAD_BYTES + 9];
    unsigned char out[32];
    unsigned got = 0;
    label_of(s, is_last, label);
    bool is_good = EVP_DigestInit_ex(s->hash, EVP_sha256(), NULL) == 1 &&
                   EVP_DigestUpdate(s->hash, label, sizeof(label)) == 1 &&
                   EVP_DigestUpdate(s->hash, s->chunk, n) == 1 &&
                   EVP_DigestFinal_ex(s->hash, out, &got) == 1;
    memcpy(tag, out, TAG_BYTES);
    return is_good;
}

/* --- writing ------------------------------------------------------------------------------------
 */
enum err
seal_begin(struct ctx *cx, struct str passphrase, seal_sink_fn *sink, void *arg, struct seal **ret)
{
    struct seal *s = seal_new(arg);
    enum err e = ERR_OK;
    s->sink = sink;
    s->is_secret = passphrase.n != 0;
    memcpy(s->head, MAGIC, 8);
    s->head[8] = s->is_secret ? MODE_GCM : MODE_PLAIN;
    if (s->is_secret) {
        put_u32(s->head + 12, M_KIB);
        put_u32(s->head + 16, T_COST);
        put_u32(s->head + 20, LANES);
        sys_random_bytes(cx, s->head + SALT_AT, SALT_BYTES);
        e = make_key(cx, s, passphrase);
    }
    if (e == ERR_OK) {
        const void *head = s->head;
        e = sink(cx, (struct str){ head, SEAL_HEAD_BYTES }, arg);
    }
    if (e != ERR_OK) {
        seal_free(s);
        return e;
    }
    *ret = s;
    return ERR_OK;
}

static enum err
chunk_write(struct ctx *cx, struct seal *s, bool is_last)
{
    unsigned char size[4];
    unsigned char tag[TAG_BYTES];
    const void *parts[3] = { size, s->chunk, tag };
    put_u32(size, (uint32_t)s->n | (is_last ? LAST_BIT : 0));
    bool is_good = s->is_secret ? gcm(s, s->n, is_last, true, tag) : sha(s, s->n, is_last, tag);
    if (!is_good) {
        return err_set(cx, ERR_INTERNAL, "cannot seal a chunk");
    }
    TRY(s->sink(cx, (struct str){ parts[0], sizeof(size) }, s->arg));
    TRY(s->sink(cx, (struct str){ parts[1], s->n }, s->arg));
    TRY(s->sink(cx, (struct str){ parts[2], sizeof(tag) }, s->arg));
    s->index++;
    s->n = 0;
    return ERR_OK;
}

enum err
seal_add(struct ctx *cx, struct seal *s, struct str bytes)
{
    const unsigned char *p = bytes_of(bytes);
    size_t n = bytes.n;
    while (n > 0) {
        if (s->n == SEAL_CHUNK_BYTES) {
            TRY(chunk_write(cx, s, false));
        }
        size_t room = SEAL_CHUNK_BYTES - s->n;
        size_t part = n < room ? n : room;
        memcpy(s->chunk + s->n, p, part);
        s->n += part;
        p += part;
        n -= part;
    }
    return ERR_OK;
}

enum err
seal_end(struct ctx *cx, struct seal *s)
{
    return chunk_write(cx, s, true);
}

/* --- reading ------------------------------------------------------------------------------------
 */
static enum err
read_exact(struct ctx *cx, struct seal *s, void *p, size_t n)
{
    size_t got = 0;
    TRY(s->source(cx, p, n, &got, s->arg));
    return got == n ? ERR_OK : err_set(cx, ERR_IO, "cut off after chunk %" PRIu64, s->index);
}

static enum err
head_check(struct ctx *cx, struct seal *s, struct str passphrase)
{
    const unsigned char *h = s->head;
    if (memcmp(h, MAGIC, 8) != 0 || h[8] > MODE_GCM) {
        return err_set(cx, ERR_BAD_REQUEST, "not a backup of this program");
    }
    s->is_secret = h[8] == MODE_GCM;
    if (s->is_secret != (passphrase.n != 0)) {
        return err_set(cx, ERR_FORBIDDEN,
                       s->is_secret ? "it is encrypted: a passphrase is needed"
                                    : "it is not encrypted: no passphrase belongs to it");
    }
    if (!s->is_secret) {
        return ERR_OK;
    }
    if (get_u32(h + 12) > M_KIB_MAX || get_u32(h + 16) > T_MAX || get_u32(h + 20) > LANES_MAX) {
        return err_set(cx, ERR_BAD_REQUEST, "the key's parameters are beyond all reason");
    }
    return make_key(cx, s, passphrase);
}

enum err
seal_open(struct ctx *cx, struct str passphrase, seal_source_fn *source, void *arg,
          struct seal **ret)
{
    struct seal *s = seal_new(arg);
    size_t got = 0;
    void *head = s->head;
    s->source = source;
    enum err e = source(cx, head, SEAL_HEAD_BYTES, &got, arg);
    if (e == ERR_OK && got != SEAL_HEAD_BYTES) {
        e = err_set(cx, ERR_BAD_REQUEST, "not a backup of this program");
    }
    if (e == ERR_OK) {
        e = head_check(cx, s, passphrase);
    }
    if (e != ERR_OK) {
        seal_free(s);
        return e;
    }
    *ret = s;
    return ERR_OK;
}

static enum err
chunk_read(struct ctx *cx, struct seal *s)
{
    unsigned char size[4];
    unsigned char tag[TAG_BYTES];
    unsigned char own[TAG_BYTES];
    TRY(read_exact(cx, s, size, sizeof(size)));
    uint32_t n = get_u32(size) & ~LAST_BIT;
    bool is_last = (get_u32(size) & LAST_BIT) != 0;
    if (n > SEAL_CHUNK_BYTES) {
        return err_set(cx, ERR_IO, "damaged at chunk %" PRIu64, s->index);
    }
    TRY(read_exact(cx, s, s->chunk, n));
    TRY(read_exact(cx, s, tag, sizeof(tag)));
    bool is_good = s->is_secret ? gcm(s, n, is_last, false, tag)
                                : sha(s, n, is_last, own) && memcmp(own, tag, TAG_BYTES) == 0;
    if (!is_good && s->index == 0 && s->is_secret) {
        return err_set(cx, ERR_FORBIDDEN, "the passphrase is wrong, or the file was changed");
    }
    if (!is_good) {
        return err_set(cx, ERR_IO, "changed or damaged at chunk %" PRIu64, s->index);
    }
    s->index++;
    s->at = 0;
    s->n = n;
    s->is_ended = is_last;
    return ERR_OK;
}

enum err
seal_read(struct ctx *cx, struct seal *s, char *p, size_t n, size_t *ret_n)
{
    size_t have = 0;
    while (have < n) {
        if (s->at == s->n && s->is_ended) {
            break;
        }
        if (s->at == s->n) {
            TRY(chunk_read(cx, s));
            continue;
        }
        size_t part = s->n - s->at < n - have ? s->n - s->at : n - have;
        memcpy(p + have, s->chunk + s->at, part);
        s->at += part;
        have += part;
    }
    *ret_n = have;
    return ERR_OK;
}
