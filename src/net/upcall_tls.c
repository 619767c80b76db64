/* upcall_tls.c: TLS to one that is known by its certificate. */
#include "net/upcall.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

static BIO *
bio_of(struct str s)
{
    return s.n > INT32_MAX ? NULL : BIO_new_mem_buf(s.p, (int)s.n);
}

static X509 *
cert_of(struct str pem)
{
    BIO *b = bio_of(pem);
    X509 *x = b == NULL ? NULL : PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    return x;
}

static bool
pin(SSL_CTX *tls, struct str peer_pem, struct str own_pem, struct str key_pem)
{
    X509 *peer = cert_of(peer_pem);
    X509 *own = cert_of(own_pem);
    BIO *b = bio_of(key_pem);
    EVP_PKEY *key = b == NULL ? NULL : PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
    X509_STORE *store = SSL_CTX_get_cert_store(tls);
    bool is_good = peer != NULL && own != NULL && key != NULL &&
                   X509_STORE_add_cert(store, peer) == 1 &&
                   X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
                   SSL_CTX_use_certificate(tls, own) == 1 &&
                   SSL_CTX_use_PrivateKey(tls, key) == 1 && SSL_CTX_check_private_key(tls) == 1;
    X509_free(peer);
    X509_free(own);
    EVP_PKEY_free(key);
    BIO_free(b);
    return is_good;
}

enum err
upcall_tls_pinned(struct ctx *cx, struct str peer_pem, struct str own_pem, struct str key_pem,
                  SSL_CTX **ret)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    ASSERT(tls != NULL);
    (void)SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(tls,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        !pin(tls, peer_pem, own_pem, key_pem)) {
        ERR_clear_error();
        SSL_CTX_free(tls);
        return err_set(cx, ERR_UPSTREAM, "the other node's certificate, or ours, cannot be used");
    }
    *ret = tls;
    return ERR_OK;
}

void
upcall_tls_close(SSL_CTX *tls)
{
    SSL_CTX_free(tls);
}
