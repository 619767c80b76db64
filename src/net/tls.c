/* tls.c: TLS 1.2 and 1.3 over OpenSSL, without blocking. */
#include "net/server_int.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* HTTP/1.1 or no protocol at all: a client that offers only others is told so (RFC 7301 3.2). */
static int
alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
            unsigned in_n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof(ours) - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static enum err
tls_fail(struct ctx *cx, SSL_CTX *tls, const char *what)
{
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof(text));
    SSL_CTX_free(tls);
    return err_set(cx, ERR_IO, "%s: %s", what, text);
}

enum err
tls_open(struct ctx *cx, struct str cert, struct str key, SSL_CTX **ret)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL) {
        return tls_fail(cx, tls, "TLS");
    }
    (void)SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE |
                                       SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls, 1); /* a record by one read, not its head and then the rest */
    SSL_CTX_set_alpn_select_cb(tls, alpn_select, NULL);
    if (SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
        return tls_fail(cx, tls, "TLS ciphers");
    }
    if (SSL_CTX_use_certificate_chain_file(tls, str_z(cx->arena, cert)) != 1) {
        return tls_fail(cx, tls, "certificate file");
    }
    if (SSL_CTX_use_PrivateKey_file(tls, str_z(cx->arena, key), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1) {
        return tls_fail(cx, tls, "private key file");
    }
    *ret = tls;
    return ERR_OK;
}

void
tls_close(SSL_CTX *tls)
{
    SSL_CTX_free(tls);
}

static int64_t
until_s(const X509 *x)
{
    struct tm tm;
    if (x == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1) {
        return 0;
    }
    return timegm(&tm);
}

int64_t
tls_until_s(const SSL_CTX *tls)
{
    return until_s(tls == NULL ? NULL : SSL_CTX_get0_certificate(tls));
}

int64_t
tls_peer_until_s(const SSL *ssl)
{
    return until_s(SSL_get0_peer_certificate(ssl));
}

SSL *
tls_conn_new(SSL_CTX *tls, int fd)
{
    SSL *ssl = SSL_new(tls);
    if (ssl != NULL && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (ssl != NULL) {
        SSL_set_accept_state(ssl);
    }
    return ssl;
}

/* --- certificates of clients ------------------------------------------------------------------
 */
static int
any_cert(int is_good, X509_STORE_CTX *store)
{
    (void)is_good;
    (void)store;
    return 1; /* the handshake has proved the key; whose it is, the fingerprint tells */
}

void
tls_ask_cert(SSL_CTX *tls)
{
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, any_cert);
    (void)SSL_CTX_set_session_id_context(tls, (const unsigned char *)"bombo", 5);
}

bool
tls_peer_cert(const SSL *ssl, char ret_hex[64])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    X509 *cert = SSL_get0_peer_certificate(ssl);
    if (cert == NULL || X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0 ||
        X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0 ||
        X509_digest(cert, EVP_sha256(), sum, &n) != 1 || n != 32) {
        return false;
    }
    for (unsigned i = 0; i < 32; i++) {
        ret_hex[2 * i] = digits[sum[i] >> 4];
        ret_hex[2 * i + 1] = digits[sum[i] & 15U];
    }
    return true;
}

/* --- connections we open ---------------------------------------------------------------------- */
/* With lists of revoked certificates each certificate of the chain but the root is looked up. */
static bool
load_lists(struct ctx *cx, SSL_CTX *tls, struct str crl)
{
    X509_STORE *store = SSL_CTX_get_cert_store(tls);
    X509_LOOKUP *from = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    return from != NULL && X509_load_crl_file(from, str_z(cx->arena, crl), X509_FILETYPE_PEM) > 0 &&
           X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

/* Lists have a place of their own (crl): among the authorities they would not be looked at. */
static bool
has_list(SSL_CTX *tls)
{
    const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(tls));
    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(all, i)) == X509_LU_CRL) {
            return true;
        }
    }
    return false;
}

static bool
client_files(struct ctx *cx, SSL_CTX *tls, const struct tls_files *f)
{
    int r = f->ca.n == 0 ? SSL_CTX_set_default_verify_paths(tls)
                         : SSL_CTX_load_verify_file(tls, str_z(cx->arena, f->ca));
    bool is_good = r == 1 && !has_list(tls);
    if (!is_good || (f->crl.n != 0 && !load_lists(cx, tls, f->crl))) {
        return false;
    }
    if (r == 1 && f->cert.n != 0) {
        r = SSL_CTX_use_certificate_chain_file(tls, str_z(cx->arena, f->cert)) == 1 &&
            SSL_CTX_use_PrivateKey_file(tls, str_z(cx->arena, f->key), SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_check_private_key(tls) == 1;
    }
    return r == 1;
}

enum err
tls_client_open(struct ctx *cx, const struct tls_files *f, SSL_CTX **ret)
{
    static const unsigned char ours[] = "\x08http/1.1";
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL) {
        return tls_fail(cx, tls, "TLS");
    }
    (void)SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_alpn_protos(tls, ours, sizeof(ours) - 1);
    if (SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        !client_files(cx, tls, f)) {
        return tls_fail(cx, tls,
                        "authority (without lists), list of revoked certificates, certificate or "
                        "key file of an "
                        "upstream");
    }
    *ret = tls;
    return ERR_OK;
}

SSL *
tls_client_new(SSL_CTX *tls, int fd, const char *name, bool is_ip)
{
    SSL *ssl = SSL_new(tls);
    if (ssl == NULL) {
        return NULL;
    }
    int r = SSL_set_fd(ssl, fd);
    if (r == 1 && is_ip) {
        r = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
    } else if (r == 1) {
        union { /* the macro of SSL_set_tlsext_host_name casts const away; the name is only read */
            const char *from;
            void *to;
        } p = { .from = name };
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        r = SSL_set1_host(ssl, name) == 1 &&
            SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, p.to) == 1;
    }
    if (r != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

/* is_clean: the peer is told that nothing was cut off. */
void
tls_conn_free(SSL *ssl, bool is_clean)
{
    if (ssl == NULL) {
        return;
    }
    ERR_clear_error();
    if (is_clean) {
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
}

static int64_t
tls_result(SSL *ssl, int r)
{
    switch (SSL_get_error(ssl, r)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return -2;
    }
}

int64_t
tls_read(SSL *ssl, char *p, size_t n)
{
    size_t have = 0;
    ERR_clear_error();
    int r = SSL_read_ex(ssl, p, n, &have);
    return r == 1 ? (int64_t)have : tls_result(ssl, r);
}

int64_t
tls_write(SSL *ssl, const char *p, size_t n)
{
    size_t have = 0;
    ERR_clear_error();
    int r = SSL_write_ex(ssl, p, n, &have);
    if (r == 1) {
        return (int64_t)have;
    }
    int64_t why = tls_result(ssl, r);
    return why == 0 ? -2 : why;
}

enum tls_peer_fault
tls_peer_fault(const SSL *ssl)
{
    switch (SSL_get_verify_result(ssl)) {
    case X509_V_ERR_CERT_REVOKED:
        return TLS_PEER_REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
        return TLS_PEER_NO_LIST;
    default:
        return TLS_PEER_OTHER;
    }
}

int
tls_handshake(SSL *ssl)
{
    ERR_clear_error();
    int r = SSL_do_handshake(ssl);
    if (r == 1) {
        return 1;
    }
    return tls_result(ssl, r) == -1 ? -1 : -2;
}
