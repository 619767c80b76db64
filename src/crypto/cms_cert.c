/* Keys and certificates of a small CA. */
#include "crypto/cms.h"

#include "crypto/cms_int.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NAME_CHARS_MAX 64

enum err
cms_fail(struct ctx *cx, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return err_set(cx, ERR_INTERNAL, "%s: %s", what, reason != NULL ? reason : "unknown");
}

struct str
cms_bio_str(struct arena *a, BIO *b)
{
    char *p = NULL;
    long n = BIO_get_mem_data(b, &p);
    return (struct str){ arena_copy(a, p, n > 0 ? (size_t)n : 0), n > 0 ? (size_t)n : 0 };
}

X509 *
cms_x509(struct str pem)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = b == NULL ? NULL : PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    ERR_clear_error();
    return x;
}

enum err
cms_key_make(struct ctx *cx, struct str pass, struct str *ret_pem)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    BIO *b = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = str_is_empty(pass) ? NULL : EVP_aes_256_cbc();
    enum err e = ERR_OK;

    if (k == NULL || b == NULL ||
        PEM_write_bio_PKCS8PrivateKey(b, k, cipher, pass.p, (int)pass.n, NULL, NULL) != 1) {
        e = cms_fail(cx, "making a key");
    } else {
        *ret_pem = cms_bio_str(cx->arena, b);
    }
    BIO_free(b);
    EVP_PKEY_free(k);
    return e;
}

static int
give_pass(char *buf, int size, int rwflag, void *arg)
{
    const struct str *pass = arg;
    (void)rwflag;
    if (pass->n > (size_t)size) {
        return -1;
    }
    for (size_t i = 0; i < pass->n; i++) {
        buf[i] = pass->p[i];
    }
    return (int)pass->n;
}

enum err
cms_key_open(struct ctx *cx, struct str pem, struct str pass, struct cms_key **ret)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *k = b == NULL ? NULL : PEM_read_bio_PrivateKey(b, NULL, give_pass, &pass);

    BIO_free(b);
    ERR_clear_error();
    if (k == NULL) {
        return err_set(cx, ERR_FORBIDDEN, "signing key does not open");
    }
    *ret = (struct cms_key *)k;
    return ERR_OK;
}

void
cms_key_close(struct cms_key *k)
{
    EVP_PKEY_free((EVP_PKEY *)k);
}

enum err
cms_key_public(struct ctx *cx, const struct cms_key *k, struct str *ret_pem)
{
    BIO *b = BIO_new(BIO_s_mem());
    enum err e = ERR_OK;

    if (b == NULL || PEM_write_bio_PUBKEY(b, (const EVP_PKEY *)k) != 1) {
        e = cms_fail(cx, "writing a public key");
    } else {
        *ret_pem = cms_bio_str(cx->arena, b);
    }
    BIO_free(b);
    return e;
}

/* At most 64 characters of a name: X.520's bound for O, title and CN. */
static struct str
bounded(struct str s)
{
    size_t n_chars = 0;
    size_t i = 0;
    for (; i < s.n; i++) {
        bool is_first_byte = ((unsigned char)s.p[i] & 0xC0U) != 0x80U;
        n_chars += is_first_byte;
        if (n_chars > NAME_CHARS_MAX) {
            break;
        }
    }
    return str_slice(s, 0, i);
}

static bool
set_name(X509_NAME *n, const struct cms_name *who)
{
    const struct {
        const char *field;
        struct str value;
    } parts[] = {
        { "C", STR("VN") }, { "O", who->org }, { "title", who->title }, { "CN", who->common }
    };

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct str v = bounded(parts[i].value);
        if (v.n > 0 &&
            X509_NAME_add_entry_by_txt(n, parts[i].field, MBSTRING_UTF8, (const unsigned char *)v.p,
                                       (int)v.n, -1, 0) != 1) {
            return false;
        }
    }
    return true;
}

static bool
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX v3;
    X509V3_set_ctx_nodb(&v3);
    X509V3_set_ctx(&v3, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v3, nid, value);
    bool is_ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return is_ok;
}

static bool
set_extensions(X509 *x, X509 *issuer, const struct cms_cert_wish *w)
{
    const char *usage = w->is_ca                       ? "critical,keyCertSign,cRLSign"
                        : w->is_seal || w->is_stamping ? "critical,digitalSignature"
                                                       : "critical,digitalSignature,nonRepudiation";
    return add_extension(x, issuer, NID_basic_constraints,
                         w->is_ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
           add_extension(x, issuer, NID_key_usage, usage) &&
           (!w->is_stamping ||
            add_extension(x, issuer, NID_ext_key_usage, "critical,timeStamping")) &&
           add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(x, issuer, NID_authority_key_identifier, "keyid");
}

static bool
set_serial(X509 *x)
{
    BIGNUM *n = BN_new();
    bool is_ok = n != NULL && BN_rand(n, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                 BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return is_ok;
}

static EVP_PKEY *
public_of(struct str pem)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *k = b == NULL ? NULL : PEM_read_bio_PUBKEY(b, NULL, NULL, NULL);
    BIO_free(b);
    return k;
}

enum err
cms_cert_make(struct ctx *cx, const struct cms_cert_wish *wish, struct str issuer_pem,
              const struct cms_key *issuer_key, struct str *ret_pem)
{
    X509 *x = X509_new();
    X509 *issuer = str_is_empty(issuer_pem) ? NULL : cms_x509(issuer_pem);
    EVP_PKEY *pub = public_of(wish->public_pem);
    BIO *b = BIO_new(BIO_s_mem());
    enum err e = ERR_OK;
    X509 *signer = issuer != NULL ? issuer : x;
    union {
        const struct cms_key *in;
        EVP_PKEY *out;
    } key = { issuer_key };

    bool is_ok = x != NULL && pub != NULL && b != NULL && X509_set_version(x, 2) == 1 &&
                 set_serial(x) && set_name(X509_get_subject_name(x), &wish->subject) &&
                 X509_set_issuer_name(x, X509_get_subject_name(signer)) == 1 &&
                 X509_set_pubkey(x, pub) == 1 &&
                 ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(wish->from_us / 1000000)) != NULL &&
                 ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(wish->to_us / 1000000)) != NULL &&
                 set_extensions(x, signer, wish) && X509_sign(x, key.out, EVP_sha256()) > 0 &&
                 PEM_write_bio_X509(b, x) == 1;
    if (is_ok) {
        *ret_pem = cms_bio_str(cx->arena, b);
    } else {
        e = cms_fail(cx, "making a certificate");
    }
    BIO_free(b);
    EVP_PKEY_free(pub);
    X509_free(issuer);
    X509_free(x);
    return e;
}

static struct str
name_part(struct arena *a, const X509_NAME *n, int nid)
{
    int at = X509_NAME_get_index_by_NID(n, nid, -1);
    unsigned char *utf8 = NULL;
    int len =
        at < 0 ? -1
               : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at)));

    if (len < 0) {
        return STR_NULL;
    }
    struct str out = str_dup(a, (struct str){ (const char *)utf8, (size_t)len });
    OPENSSL_free(utf8);
    return out;
}

static struct str
hex_of(struct arena *a, const unsigned char *p, size_t n)
{
    struct buf b = buf_new(a, n * 2 + 1);
    for (size_t i = 0; i < n; i++) {
        buf_addf(&b, "%02x", p[i]);
    }
    return buf_str(&b);
}

static int64_t
time_us(const ASN1_TIME *t)
{
    struct tm tm = { 0 };
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * 1000000 : 0;
}

struct cms_cert_info
cms_info(struct arena *a, const X509 *x)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int md_n = 0;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    const X509_NAME *who = X509_get_subject_name(x);

    (void)X509_digest(x, EVP_sha256(), md, &md_n);
    return (struct cms_cert_info){
        .subject = { name_part(a, who, NID_commonName), name_part(a, who, NID_organizationName),
                     name_part(a, who, NID_title) },
        .issuer = name_part(a, X509_get_issuer_name(x), NID_commonName),
        .serial = hex_of(a, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)),
        .fingerprint = hex_of(a, md, md_n),
        .from_us = time_us(X509_get0_notBefore(x)),
        .to_us = time_us(X509_get0_notAfter(x)),
    };
}

enum err
cms_cert_read(struct ctx *cx, struct str pem, struct cms_cert_info *ret)
{
    X509 *x = cms_x509(pem);
    if (x == NULL) {
        return err_set(cx, ERR_BAD_REQUEST, "not a certificate");
    }
    *ret = cms_info(cx->arena, x);
    X509_free(x);
    return ERR_OK;
}

enum err
cms_cert_public(struct ctx *cx, struct str cert_pem, struct str *ret_pem)
{
    X509 *x = cms_x509(cert_pem);
    BIO *b = BIO_new(BIO_s_mem());
    EVP_PKEY *k = x == NULL ? NULL : X509_get0_pubkey(x);
    bool is_good = k != NULL && b != NULL && PEM_write_bio_PUBKEY(b, k) == 1;
    if (is_good) {
        *ret_pem = cms_bio_str(cx->arena, b);
    }
    BIO_free(b);
    X509_free(x);
    ERR_clear_error();
    return is_good ? ERR_OK : err_set(cx, ERR_INVALID, "no certificate");
}

enum err
cms_cert_der(struct ctx *cx, struct str cert_pem, struct str *ret)
{
    X509 *x = cms_x509(cert_pem);
    unsigned char *der = NULL;
    int n = x == NULL ? -1 : i2d_X509(x, &der);
    if (n > 0) {
        *ret = str_dup(cx->arena, (struct str){ (const char *)der, (size_t)n });
    }
    OPENSSL_free(der);
    X509_free(x);
    ERR_clear_error();
    return n > 0 ? ERR_OK : err_set(cx, ERR_INVALID, "no certificate");
}

enum err
cms_ecdsa_raw(struct ctx *cx, struct str der, struct str *ret)
{
    const unsigned char *p = (const unsigned char *)der.p;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
    unsigned char *raw = arena_alloc(cx->arena, 64);
    bool is_good = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32) == 32 &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    ERR_clear_error();
    *ret = (struct str){ (const char *)raw, 64 };
    return is_good ? ERR_OK : err_set(cx, ERR_INVALID, "no ECDSA signature over P-256");
}
