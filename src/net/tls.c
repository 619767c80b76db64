/* tls.c: TLS 1.2 and 1.3 over OpenSSL, without blocking. */
#include "net/server_int.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

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
