/* tsa.c: see tsa.h. */
#include "crypto/tsa.h"

#include "crypto/cms_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>

#define POLICY    "1.3.6.1.4.1.99999.1" /* no authority's: of demonstrations */
#define QUERY_MAX ((size_t)4 << 10)

static ASN1_INTEGER *
on_serial(TS_RESP_CTX *ctx, void *arg)
{
    uint64_t n = 0;
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    (void)ctx;
    (void)arg;
    if (serial == NULL || RAND_bytes((unsigned char *)&n, sizeof(n)) != 1 ||
        ASN1_INTEGER_set_uint64(serial, n >> 1) != 1) {
        ASN1_INTEGER_free(serial);
        return NULL;
    }
    return serial;
}

static int
on_time(TS_RESP_CTX *ctx, void *arg, long *ret_s, long *ret_us)
{
    const int64_t *at_us = arg;
    (void)ctx;
    *ret_s = (long)(*at_us / 1000000);
    *ret_us = 0;
    return 1;
}

static EVP_PKEY *
private_of(struct str pem)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *k = b == NULL ? NULL : PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
    BIO_free(b);
    return k;
}

static bool
prepare(TS_RESP_CTX *ts, struct str key_pem, struct str cert_pem, int64_t *at_us)
{
    EVP_PKEY *key = private_of(key_pem);
    X509 *cert = cms_x509(cert_pem);
    ASN1_OBJECT *policy = OBJ_txt2obj(POLICY, 1);
    bool is_good =
        key != NULL && cert != NULL && policy != NULL &&
        TS_RESP_CTX_set_signer_cert(ts, cert) == 1 && TS_RESP_CTX_set_signer_key(ts, key) == 1 &&
        TS_RESP_CTX_set_signer_digest(ts, EVP_sha256()) == 1 &&
        TS_RESP_CTX_set_ess_cert_id_digest(ts, EVP_sha256()) == 1 &&
        TS_RESP_CTX_set_def_policy(ts, policy) == 1 && TS_RESP_CTX_add_md(ts, EVP_sha256()) == 1;
    TS_RESP_CTX_set_serial_cb(ts, on_serial, NULL);
    TS_RESP_CTX_set_time_cb(ts, on_time, at_us);
    ASN1_OBJECT_free(policy);
    X509_free(cert);
    EVP_PKEY_free(key);
    return is_good;
}

enum err
tsa_answer(struct ctx *cx, struct str query_der, struct str key_pem, struct str cert_pem,
           int64_t at_us, struct str *ret_der)
{
    unsigned char *der = NULL;
    TS_RESP *rs = NULL;
    TS_RESP_CTX *ts = TS_RESP_CTX_new();
    BIO *in = query_der.n == 0 || query_der.n > QUERY_MAX
                  ? NULL
                  : BIO_new_mem_buf(query_der.p, (int)query_der.n);
    if (ts != NULL && in != NULL && prepare(ts, key_pem, cert_pem, &at_us)) {
        rs = TS_RESP_create_response(ts, in);
    }
    int n = rs == NULL ? 0 : i2d_TS_RESP(rs, &der);
    if (n > 0) {
        *ret_der = str_dup(cx->arena, (struct str){ (const char *)der, (size_t)n });
    }
    OPENSSL_free(der);
    TS_RESP_free(rs);
    TS_RESP_CTX_free(ts);
    BIO_free(in);
    ERR_clear_error();
    return n > 0 ? ERR_OK : err_set(cx, ERR_INVALID, "no time-stamp query");
}
