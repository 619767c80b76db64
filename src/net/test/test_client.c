/* The outbound client against our own server, plain and over TLS with a certificate made here. */
#include "net/client.h"
#include "net/test/peer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static struct client_response
call_ok(struct bench *b, const struct client_request *rq)
{
    struct client_response rs = { 0 };
    enum err e = client_call(&b->cx, rq, &rs);
    if (e != ERR_OK) {
        print_error("%s\n", b->cx.err.text);
    }
    assert_int_equal(e, ERR_OK);
    return rs;
}

static struct str
url(struct bench *b, const char *scheme, const char *path)
{
    return str_fmt(b->arena, "%s://127.0.0.1:%d%s", scheme, server_port(b->server), path);
}

static void
test_client_call_plain_gets_and_posts(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    struct client_response rs =
        call_ok(b, &(struct client_request){ .url = url(b, "http", "/fast") });
    assert_int_equal(rs.status, 200);
    assert_true(str_eq(rs.body, STR("hello")));
    assert_true(str_eq(client_header_get(&rs, STR("content-type")), STR("text/plain")));
    struct http_header more = { STR("X-A"), STR("b") };
    rs = call_ok(b, &(struct client_request){ .url = url(b, "http", "/echo"),
                                              .body = STR("a=b"),
                                              .headers = &more,
                                              .n_headers = 1,
                                              .content_type = STR("text/x") });
    assert_true(str_eq(rs.body, STR("a=b")));
    rs = call_ok(b,
                 &(struct client_request){ .url = url(b, "http", "/fast"), .method = STR("HEAD") });
    assert_int_equal(rs.status, 200);
    assert_int_equal(rs.body.n, 0);
    rs = call_ok(
        b, &(struct client_request){ .url = url(b, "http", "/unset"), .method = STR("DELETE") });
    assert_int_equal(rs.status, 500);
    bench_end(b);
}

static void
call_fails(struct bench *b, const struct client_request *rq, enum err want)
{
    struct client_response rs = { .status = 7 };
    assert_int_equal(client_call(&b->cx, rq, &rs), want);
    assert_int_equal(rs.status, 7);
}

static void
test_client_call_faults_have_their_codes(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    call_fails(b,
               &(struct client_request){
                   .url = url(b, "http", "/echo"), .body = STR("0123456789"), .body_max_bytes = 9 },
               ERR_TOO_LARGE);
    call_fails(b, &(struct client_request){ .url = url(b, "http", "/slow"), .timeout_ms = 50 },
               ERR_DEADLINE);
    call_fails(b, &(struct client_request){ .url = STR("file:///etc/passwd") }, ERR_INVALID);
    call_fails(b, &(struct client_request){ .url = STR("http://a\r\nb/") }, ERR_INVALID);
    call_fails(b, &(struct client_request){ .url = STR("http://127.0.0.1:1/") }, ERR_UPSTREAM);
    call_fails(b,
               &(struct client_request){ .url = url(b, "http", "/fast"), .is_public_only = true },
               ERR_UPSTREAM);
    call_fails(b, &(struct client_request){ .url = url(b, "https", "/fast") }, ERR_UPSTREAM);
    struct http_header bad = { STR("X-A"), STR("b\r\nX-C: d") };
    call_fails(
        b,
        &(struct client_request){ .url = url(b, "http", "/fast"), .headers = &bad, .n_headers = 1 },
        ERR_INVALID);
    b->cx.deadline_us = sys_mono_us(&b->cx) - 1;
    call_fails(b, &(struct client_request){ .url = url(b, "http", "/fast") }, ERR_DEADLINE);
    bench_end(b);
}

static uint64_t
connections_after(struct bench *b, const struct client_request *rq, int n)
{
    struct server_stats before;
    struct server_stats after;
    server_stats(b->server, &before);
    for (int i = 0; i < n; i++) {
        (void)call_ok(b, rq);
    }
    server_stats(b->server, &after);
    return after.n_connections - before.n_connections;
}

static void
test_client_call_of_a_pool_keeps_connections_for_what_may_be_repeated(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    struct client_pool *p = client_pool_open();
    struct client_request rq = { .url = url(b, "http", "/fast"), .pool = p };
    assert_int_equal(connections_after(b, &rq, 5), 1);
    rq.url = url(b, "http", "/echo");
    rq.body = STR("pay once"); /* a dead connection would have it sent twice */
    assert_int_equal(connections_after(b, &rq, 3), 3);
    rq = (struct client_request){ .url = url(b, "http", "/fast") };
    assert_int_equal(connections_after(b, &rq, 3), 3);
    rq.pool = p;
    rq.is_public_only = true;
    call_fails(b, &rq, ERR_UPSTREAM); /* not by a connection that is open already */
    client_pool_close(p);
    bench_end(b);
}

/* --- TLS -------------------------------------------------------------------------------------- */
static void
certificate_write(const char *cert, const char *key)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    assert_true(k != NULL && x != NULL);
    (void)X509_set_version(x, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    (void)X509_set_pubkey(x, k);
    X509_NAME *name = X509_get_subject_name(x);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1,
                                     -1, 0);
    (void)X509_set_issuer_name(x, name);
    X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    (void)X509_add_ext(x, alt, -1);
    X509_EXTENSION_free(alt);
    assert_true(X509_sign(x, k, EVP_sha256()) > 0);
    FILE *f = fopen(cert, "we");
    assert_true(f != NULL && PEM_write_X509(f, x) == 1);
    (void)fclose(f);
    f = fopen(key, "we");
    assert_true(f != NULL && PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL) == 1);
    (void)fclose(f);
    X509_free(x);
    EVP_PKEY_free(k);
}

static void
test_server_tls_serves_whole_file_and_stream(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    char cert[96], key[96];
    (void)snprintf(cert, sizeof(cert), "%s/cert", b->dir);
    (void)snprintf(key, sizeof(key), "%s/key", b->dir);
    certificate_write(cert, key);
    b->config.tls_cert = str_of(cert);
    b->config.tls_key = str_of(key);
    (void)bench_start(b);
    struct client_request rq = { .url = url(b, "https", "/fast"), .ca_file = str_of(cert) };
    assert_true(str_eq(call_ok(b, &rq).body, STR("hello")));
    char *big = arena_alloc(b->arena, 700000);
    memset(big, 'b', 700000);
    rq.body = (struct str){ big, 700000 };
    rq.url = url(b, "https", "/echo");
    assert_true(str_starts(call_ok(b, &rq).body, STR("spooled 700000 ")));
    assert_int_equal(sys_file_write(&b->cx, str_of(b->file), rq.body), ERR_OK);
    rq.url = url(b, "https", "/file");
    rq.body = STR_NULL;
    assert_true(str_eq(call_ok(b, &rq).body, (struct str){ big, 700000 }));
    rq.url = url(b, "https", "/stream");
    rq.body_max_bytes = 64U << 20;
    assert_int_equal(call_ok(b, &rq).body.n, 32U << 20);
    rq.ca_file = STR_NULL; /* nobody vouches for this certificate */
    call_fails(b, &rq, ERR_UPSTREAM);
    int fd = bench_peer(b); /* and no plain words on this port */
    peer_get(fd, "/fast");
    struct str all = peer_rest(b->arena, fd, 4096);
    assert_int_equal(str_find(all, STR("HTTP/1.1")), all.n);
    (void)close(fd);
    (void)unlink(cert);
    (void)unlink(key);
    bench_end(b);
}

static void
test_server_start_without_certificate_is_io_error(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.tls_cert = STR("/nonexistent/cert");
    b->config.tls_key = STR("/nonexistent/key");
    assert_int_equal(server_start(&b->cx, &b->config, &b->server), ERR_IO);
    b->config.tls_cert = STR_NULL;
    bench_end(bench_start(b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_call_plain_gets_and_posts),
        cmocka_unit_test(test_client_call_faults_have_their_codes),
        cmocka_unit_test(test_client_call_of_a_pool_keeps_connections_for_what_may_be_repeated),
        cmocka_unit_test(test_server_tls_serves_whole_file_and_stream),
        cmocka_unit_test(test_server_start_without_certificate_is_io_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
