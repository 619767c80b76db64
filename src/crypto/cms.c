/* CMS SignedData written and verified. */
#include "crypto/cms.h"

#include "crypto/cms_int.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define DER_MAX ((size_t)64 << 10)

/* object identifiers, whole TLVs */
#define OID_DATA            "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_SIGNED_DATA     "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_CONTENT_TYPE    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_MESSAGE_DIGEST  "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_SIGNING_CERT_V2 "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"
#define ALG_SHA256          "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define ALG_ECDSA_SHA256    "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define ALG_RSA             "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
#define LIT(s)              ((struct str){ s, sizeof(s) - 1 })

/* Tag, length, and the parts one after the other. */
static struct str
tlv(struct arena *a, uint8_t tag, const struct str *parts, size_t n)
{
    struct buf b = buf_new(a, DER_MAX);
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        len = size_add(len, parts[i].n);
    }
    buf_add_char(&b, (char)tag);
    if (len < 128) {
        buf_add_char(&b, (char)len);
    } else if (len < 256) {
        buf_add_char(&b, (char)0x81);
        buf_add_char(&b, (char)len);
    } else {
        ASSERT(len < 65536);
        buf_add_char(&b, (char)0x82);
        buf_add_char(&b, (char)(len >> 8));
        buf_add_char(&b, (char)(len & 0xFF));
    }
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, parts[i]);
    }
    return buf_str(&b);
}

#define TLV(a, tag, ...)                                                                           \
    tlv((a), (tag), (const struct str[]){ __VA_ARGS__ },                                           \
        sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))

struct str
cms_sha256(struct ctx *cx, const struct str *parts, size_t n)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char *out = arena_alloc(cx->arena, 32);
    unsigned int out_n = 0;

    ASSERT(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < n; i++) {
        ASSERT(EVP_DigestUpdate(md, parts[i].p, parts[i].n) == 1);
    }
    ASSERT(EVP_DigestFinal_ex(md, out, &out_n) == 1 && out_n == 32);
    EVP_MD_CTX_free(md);
    return (struct str){ (const char *)out, 32 };
}

enum err
cms_key_sign(struct ctx *cx, void *key, struct str digest, struct str *ret)
{
    EVP_PKEY_CTX *k = EVP_PKEY_CTX_new(key, NULL);
    unsigned char out[512];
    size_t n = sizeof(out);
    enum err e = ERR_OK;

    if (k == NULL || EVP_PKEY_sign_init(k) <= 0 ||
        EVP_PKEY_CTX_set_signature_md(k, EVP_sha256()) <= 0 ||
        EVP_PKEY_sign(k, out, &n, (const unsigned char *)digest.p, digest.n) <= 0) {
        e = cms_fail(cx, "signing");
    } else {
        *ret = (struct str){ arena_copy(cx->arena, out, n), n };
    }
    EVP_PKEY_CTX_free(k);
    return e;
}

struct cert_parts {
    struct str der, issuer, serial, hash;
};

static enum err
cert_parts(struct ctx *cx, struct str pem, struct cert_parts *ret)
{
    X509 *x = cms_x509(pem);
    unsigned char *der = NULL;
    unsigned char *issuer = NULL;
    unsigned char *serial = NULL;
    enum err e = ERR_OK;

    if (x == NULL) {
        return err_set(cx, ERR_INTERNAL, "signer's certificate does not read");
    }
    int der_n = i2d_X509(x, &der);
    int issuer_n = i2d_X509_NAME(X509_get_issuer_name(x), &issuer);
    int serial_n = i2d_ASN1_INTEGER(X509_get_serialNumber(x), &serial);
    if (der_n <= 0 || issuer_n <= 0 || serial_n <= 0) {
        e = cms_fail(cx, "encoding a certificate");
    } else {
        ret->der = (struct str){ arena_copy(cx->arena, der, (size_t)der_n), (size_t)der_n };
        ret->issuer =
            (struct str){ arena_copy(cx->arena, issuer, (size_t)issuer_n), (size_t)issuer_n };
        ret->serial =
            (struct str){ arena_copy(cx->arena, serial, (size_t)serial_n), (size_t)serial_n };
        ret->hash = cms_sha256(cx, &ret->der, 1);
    }
    OPENSSL_free(der);
    OPENSSL_free(issuer);
    OPENSSL_free(serial);
    X509_free(x);
    return e;
}

enum err
cms_cert_algorithm(struct ctx *cx, struct str cert_pem, enum cms_algorithm *ret)
{
    X509 *x = cms_x509(cert_pem);
    const EVP_PKEY *k = x == NULL ? NULL : X509_get0_pubkey(x);
    int id = k == NULL ? 0 : EVP_PKEY_get_base_id(k);

    X509_free(x);
    if (id != EVP_PKEY_EC && id != EVP_PKEY_RSA) {
        return err_set(cx, ERR_UNSUPPORTED, "certificate's key type %d", id);
    }
    *ret = id == EVP_PKEY_EC ? CMS_ECDSA_SHA256 : CMS_RSA_SHA256;
    return ERR_OK;
}

/* Body of the signed attributes. DER orders a SET by the encodings: shorter (lower length byte)
 * first, and these three come out in this order. RFC 5652 11, RFC 5035 3 (SHA-256 is the default
 * and left out). */
static struct str
signed_attributes(struct arena *a, const struct cert_parts *c, struct str digest)
{
    struct str type = TLV(a, 0x30, LIT(OID_CONTENT_TYPE), TLV(a, 0x31, LIT(OID_DATA)));
    struct str md = TLV(a, 0x30, LIT(OID_MESSAGE_DIGEST), TLV(a, 0x31, TLV(a, 0x04, digest)));
    struct str names = TLV(a, 0x30, TLV(a, 0xA4, c->issuer));
    struct str ess = TLV(a, 0x30, TLV(a, 0x04, c->hash), TLV(a, 0x30, names, c->serial));
    struct str cert =
        TLV(a, 0x30, LIT(OID_SIGNING_CERT_V2), TLV(a, 0x31, TLV(a, 0x30, TLV(a, 0x30, ess))));
    struct str all[] = { type, md, cert };
    struct buf b = buf_new(a, DER_MAX);

    ASSERT(type.n < md.n && md.n < cert.n);
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        buf_add(&b, all[i]);
    }
    return buf_str(&b);
}

enum err
cms_sign(struct ctx *cx, const struct cms_signing *how, struct str content_digest,
         struct str *ret_der)
{
    struct arena *a = cx->arena;
    struct cert_parts c = { 0 };
    struct cert_parts ca = { 0 };
    struct str signature = STR_NULL;
    const struct str one = LIT("\x02\x01\x01");

    TRY(cert_parts(cx, how->cert_pem, &c));
    TRY(cert_parts(cx, how->ca_pem, &ca));
    struct str attributes = signed_attributes(a, &c, content_digest);
    struct str as_set = TLV(a, 0x31, attributes);
    TRY(how->sign(cx, how->arg, cms_sha256(cx, &as_set, 1), &signature));

    struct str algorithm =
        how->algorithm == CMS_ECDSA_SHA256 ? LIT(ALG_ECDSA_SHA256) : LIT(ALG_RSA);
    struct str signer = TLV(a, 0x30, one, TLV(a, 0x30, c.issuer, c.serial), LIT(ALG_SHA256),
                            TLV(a, 0xA0, attributes), algorithm, TLV(a, 0x04, signature));
    struct str data = TLV(a, 0x30, one, TLV(a, 0x31, LIT(ALG_SHA256)), TLV(a, 0x30, LIT(OID_DATA)),
                          TLV(a, 0xA0, c.der, ca.der), TLV(a, 0x31, signer));
    *ret_der = TLV(a, 0x30, LIT(OID_SIGNED_DATA), TLV(a, 0xA0, data));
    return ERR_OK;
}

/* --- verifying -------------------------------------------------------------------------------- */

/* PEM certificates, one after the other. */
static X509_STORE *
store_of(struct str roots_pem, int64_t at_us)
{
    X509_STORE *s = X509_STORE_new();
    BIO *b = BIO_new_mem_buf(roots_pem.p, (int)roots_pem.n);
    X509_VERIFY_PARAM *p = X509_STORE_get0_param(s);

    for (X509 *x = NULL; b != NULL && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL;
         X509_free(x)) {
        (void)X509_STORE_add_cert(s, x);
    }
    BIO_free(b);
    X509_VERIFY_PARAM_set_time(p, (time_t)(at_us / 1000000));
    X509_VERIFY_PARAM_set_depth(p, 4);
    (void)X509_STORE_set_purpose(s, X509_PURPOSE_ANY);
    ERR_clear_error();
    return s;
}

static bool
is_digest_strong(CMS_SignerInfo *si)
{
    X509_ALGOR *digest = NULL;
    const ASN1_OBJECT *o = NULL;

    CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, NULL);
    X509_ALGOR_get0(&o, NULL, NULL, digest);
    int nid = OBJ_obj2nid(o);
    return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* extra: certificates that came along, may be NULL. */
static enum cms_verdict
check_chain(STACK_OF(X509) * extra, X509 *signer, struct str roots_pem, int64_t at_us)
{
    X509_STORE *store = store_of(roots_pem, at_us);
    X509_STORE_CTX *sc = X509_STORE_CTX_new();
    enum cms_verdict v = CMS_UNTRUSTED;

    if (sc != NULL && X509_STORE_CTX_init(sc, store, signer, extra) == 1) {
        if (X509_verify_cert(sc) == 1) {
            v = CMS_OK;
        } else {
            int why = X509_STORE_CTX_get_error(sc);
            v = why == X509_V_ERR_CERT_HAS_EXPIRED || why == X509_V_ERR_CERT_NOT_YET_VALID
                    ? CMS_EXPIRED
                    : CMS_UNTRUSTED;
        }
    }
    X509_STORE_CTX_free(sc);
    X509_STORE_free(store);
    ERR_clear_error();
    return v;
}

/* Why CMS_verify said no: a wrong digest or signature value means changed content. */
static enum cms_verdict
verdict_of_failure(void)
{
    int reason = 0;
    unsigned long e = 0;
    enum cms_verdict v = CMS_BROKEN;

    while ((e = ERR_get_error()) != 0) {
        reason = ERR_GET_REASON(e);
        if (ERR_GET_LIB(e) == ERR_LIB_CMS &&
            (reason == CMS_R_VERIFICATION_FAILURE || reason == CMS_R_CONTENT_VERIFY_ERROR ||
             reason == CMS_R_MESSAGEDIGEST_WRONG_LENGTH)) {
            v = CMS_CHANGED;
        }
    }
    return v;
}

/* A filter before the memory: CMS_verify copies a plain memory BIO and loses the copy when a
 * digest is not known. Freed with BIO_free_all. */
static BIO *
content_of(struct str bytes)
{
    BIO *memory = BIO_new_mem_buf(bytes.p, (int)bytes.n);
    BIO *filter = BIO_new(BIO_f_null());
    return filter == NULL ? memory : BIO_push(filter, memory);
}

/* The signing-certificate attribute names the certificate that signed (RFC 5035): a second pass,
 * since OpenSSL checks it only together with the chain. */
static bool
is_certificate_bound(CMS_ContentInfo *cms, struct str bytes, struct str roots_pem, int64_t at_us)
{
    X509_STORE *store = store_of(roots_pem, at_us);
    BIO *in = content_of(bytes);
    int is_right = CMS_verify(cms, NULL, store, in, NULL, CMS_DETACHED | CMS_BINARY | CMS_CADES);

    BIO_free_all(in);
    X509_STORE_free(store);
    return is_right == 1;
}

void
cms_verify(struct ctx *cx, struct str der, const struct str content[2], struct str roots_pem,
           int64_t at_us, struct cms_check *ret)
{
    const unsigned char *p = (const unsigned char *)der.p;
    CMS_ContentInfo *cms = der.n > INT32_MAX ? NULL : d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
    STACK_OF(CMS_SignerInfo) *infos = cms == NULL ? NULL : CMS_get0_SignerInfos(cms);

    *ret = (struct cms_check){ .verdict = CMS_BROKEN };
    if (infos == NULL || sk_CMS_SignerInfo_num(infos) != 1 ||
        !is_digest_strong(sk_CMS_SignerInfo_value(infos, 0))) {
        CMS_ContentInfo_free(cms);
        ERR_clear_error();
        return;
    }
    struct buf all = buf_new(cx->arena, size_add(content[0].n, content[1].n));
    buf_add(&all, content[0]);
    buf_add(&all, content[1]);
    struct str bytes = buf_str(&all);
    BIO *in = content_of(bytes);
    int is_right = CMS_verify(cms, NULL, NULL, in, NULL,
                              CMS_DETACHED | CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY);
    BIO_free_all(in);
    ret->verdict = is_right == 1 ? CMS_OK : verdict_of_failure();
    X509 *signer = NULL;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(infos, 0), NULL, &signer, NULL, NULL);
    if (signer != NULL) {
        ret->signer = cms_info(cx->arena, signer);
        STACK_OF(X509) *extra = CMS_get1_certs(cms);
        ret->verdict =
            ret->verdict == CMS_OK ? check_chain(extra, signer, roots_pem, at_us) : ret->verdict;
        sk_X509_pop_free(extra, X509_free);
    }
    if (ret->verdict == CMS_OK && !is_certificate_bound(cms, bytes, roots_pem, at_us)) {
        ret->verdict = CMS_BROKEN;
    }
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
}

void
cms_cert_check(struct ctx *cx, struct str cert_pem, struct str roots_pem, int64_t at_us,
               struct cms_check *ret)
{
    X509 *x = cms_x509(cert_pem);

    *ret = (struct cms_check){ .verdict = CMS_BROKEN };
    if (x != NULL) {
        ret->signer = cms_info(cx->arena, x);
        ret->verdict = check_chain(NULL, x, roots_pem, at_us);
    }
    X509_free(x);
}
