/* Signed exchange without a network: messages, proofs, signing together, replays. */
#include "engine/node/test/fixture.h"

#include "crypto/digest.h"

#include <unistd.h>

/* Signed exchange without a network: messages, proofs, signing together, the log, replays. */
#include "engine/node/node_int.h"
#include "gen/q_node.h"

#include "crypto/digest.h"
#include "lib/harness.h"

#include <unistd.h>

#include <sys/stat.h>

/* --- messages --------------------------------------------------------------------------------- */
static void
test_message_read_gives_back_what_was_written(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_message m = like;
    struct node_message got;
    m.body = STR("{\"a\":1}");
    m.issue = STR("HS-1");
    m.headers[m.n_headers++] = (struct http_header){ STR("Accept"), STR("application/json") };
    struct str bytes = written(cx, &m, NODE_REQUEST);
    assert_true(node_message_read(bytes, NODE_REQUEST, &got));
    assert_true(str_eq(got.body, m.body));
    assert_true(str_eq(got.issue, STR("HS-1")));
    assert_true(str_eq(got.client, m.client));
    assert_true(str_eq(got.target, m.target));
    struct str rest;
    assert_true(str_eq(node_service_of(got.target, &rest), m.service));
    assert_true(str_eq(rest, STR("/thua/12?x=1")));
    assert_true(str_eq(node_member_of(m.client), STR("VN/GOV/X1")));
    assert_null(node_member_of(STR("VN/GOV")).p);
    assert_false(node_message_read(bytes, NODE_ANSWER, &got));
}

static void
test_message_read_refuses_another_form(void **state)
{
    static const char *const wrong[] = {
        "",
        "GET /r1/a HTTP/1.1\r\n",
        "GET  /r1/a HTTP/1.1\r\nX-Road-Client: a\r\nX-Road-Service: b\r\nX-Road-Id: 1\r\n"
        "X-Road-Request-Id: 2\r\nContent-Length: 0\r\n\r\n",
        "GET /r1/a HTTP/1.1\r\nX-Road-Client: a\r\nX-Road-Client: b\r\nX-Road-Service: b\r\n"
        "X-Road-Id: 1\r\nX-Road-Request-Id: 2\r\nContent-Length: 0\r\n\r\n",
        "GET /r1/a HTTP/1.1\r\nX-Road-Client: a\r\nX-Road-Service: b\r\nX-Road-Id: 1\r\n"
        "X-Road-Request-Id: 2\r\nContent-Length: 1\r\n\r\n",
        "GET /r1/a HTTP/1.1\r\nX-Road-Client: a\r\nX-Road-Service: b\r\nX-Road-Id: 1\r\n"
        "X-Road-Request-Id: 2\r\n\r\n",
        "GET /r1/a HTTP/1.1\r\nX-Road-Client: a\n\r\nX-Road-Service: b\r\nX-Road-Id: 1\r\n"
        "X-Road-Request-Id: 2\r\nContent-Length: 0\r\n\r\n",
        "GET /r1/a HTTP/1.1\r\nX-Road-Service: b\r\nX-Road-Id: 1\r\nX-Road-Request-Id: 2\r\n"
        "Content-Length: 0\r\n\r\n",
    };
    struct node_message m;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(node_message_read(str_of(wrong[i]), NODE_REQUEST, &m));
    }
}

/* --- signing ---------------------------------------------------------------------------------- */
/* What verifies: the picture that node_trust_load makes of rows. */
static void
test_verify_tells_each_fault_apart(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    int64_t cert = 0;
    struct str pem;
    struct node_own *own = own_key(cx, &cert, &pem);
    const struct node_message m = { .digest = digest_sha256(written(cx, &like, NODE_REQUEST)) };
    const struct node_message other = { .digest = digest_sha256(STR("another message")) };
    const struct node_message large = { .digest = m.digest,
                                        .file = STR("f"),
                                        .body_bytes = 60 * 128 * 1000 };
    struct str proof = signed_proof(cx, own, &m.digest);
    struct str member = STR("VN/GOV/X1");
    struct node_trust *t = NULL;
    int64_t now_us = sys_now_us(cx);
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &m, now_us), "");
    assert_string_equal(node_verify(cx, t, proof, NODE_ANSWER, member, &m, now_us),
                        "MalformedSignature");
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, STR("VN/GOV/X2"), &m, now_us),
                        "IncorrectMember");
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &other, now_us),
                        "InvalidSignature.MessageChanged");
    assert_string_equal(
        node_verify(cx, t, proof, NODE_REQUEST, member, &m, now_us + NODE_SKEW_US + DATE_US_PER_S),
        "MessageTooOld");
    assert_string_equal(
        node_verify(cx, t, proof, NODE_REQUEST, member, &m, now_us - NODE_SKEW_US - DATE_US_PER_S),
        "CertificateExpired");
    int64_t minute_us = 60 * DATE_US_PER_S; /* that is what 7.68 MB may take */
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &large,
                                    now_us + NODE_SKEW_US + minute_us - DATE_US_PER_S),
                        "");
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &large,
                                    now_us + NODE_SKEW_US + minute_us + DATE_US_PER_S),
                        "MessageTooOld");
    char *bad = arena_copy(cx->arena, proof.p, proof.n);
    bad[55] = (char)(bad[55] ^ 1);
    assert_string_equal(
        node_verify(cx, t, (struct str){ bad, proof.n }, NODE_REQUEST, member, &m, now_us),
        "InvalidSignature");
    bad[55] = (char)(bad[55] ^ 1);
    bad[20] = (char)(bad[20] ^ 1);
    assert_string_equal(
        node_verify(cx, t, (struct str){ bad, proof.n }, NODE_REQUEST, member, &m, now_us),
        "UnknownCertificate");
    node_trust_drop(t);
    ASSERT_OK(cx, sign_cert_revoke(cx, cert, STR("lost")));
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &m, now_us),
                        "CertificateRevoked");
    node_trust_drop(t);
    own_end(own);
}

/* Flipping any bit of a proof makes it worthless: nothing in it is outside what is signed, except
 * which message it is for. */
static void
test_verify_any_bit_changed_is_refused(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    int64_t cert = 0;
    struct str pem;
    struct node_own *own = own_key(cx, &cert, &pem);
    const struct node_message m = { .digest = digest_sha256(STR("m")) };
    struct str proof = signed_proof(cx, own, &m.digest);
    struct node_trust *t = NULL;
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    char *bad = arena_copy(cx->arena, proof.p, proof.n);
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, STR("VN/GOV/X1"), &m, /* is known */
                                    sys_now_us(cx)),
                        "");
    for (size_t i = 0; i < proof.n; i++) {
        bad[i] = (char)(bad[i] ^ 4);
        assert_string_not_equal(node_verify(cx, t, (struct str){ bad, proof.n }, NODE_REQUEST,
                                            STR("VN/GOV/X1"), &m, sys_now_us(cx)),
                                "");
        bad[i] = (char)(bad[i] ^ 4);
    }
    node_trust_drop(t);
    own_end(own);
}

static void
test_proof_read_gives_back_each_place_of_a_full_batch(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_batch b = { .kind = NODE_ANSWER,
                            .algorithm = CMS_RSA_SHA256,
                            .n = NODE_BATCH_MAX,
                            .signed_us = INT64_C(1763856000) * DATE_US_PER_S,
                            .signature_n = 256 };
    struct node_batch got;
    uint32_t index = 0;
    for (uint32_t i = 0; i < b.n; i++) {
        b.v[i] = digest_sha256((struct str){ (const char *)&i, sizeof(i) });
    }
    for (uint32_t i = 0; i < b.n; i++) {
        assert_true(node_proof_read(node_proof_write(cx->arena, &b, i), &got, &index));
        assert_int_equal(index, i);
        assert_memory_equal(got.v, b.v, sizeof(b.v));
    }
    struct str whole = node_proof_write(cx->arena, &b, 0);
    for (size_t n = 0; n < whole.n; n++) {
        assert_false(node_proof_read(str_slice(whole, 0, n), &got, &index));
    }
}

/* --- xmlsec1: the second opinion -------------------------------------------------------------- */
static void
put_file(struct ctx *cx, const char *dir, const char *name, struct str bytes)
{
    ASSERT_OK(cx, sys_file_write(cx, str_fmt(cx->arena, "%s/%s", dir, name), bytes));
}

static int
xmlsec(struct ctx *cx, const char *dir)
{
    struct str command =
        str_fmt(cx->arena,
                "cd %s && xmlsec1 --verify --pubkey-cert-pem cert.pem --id-attr:Id "
                "http://www.w3.org/2000/09/xmldsig#:Manifest --id-attr:Id "
                "http://uri.etsi.org/01903/v1.3.2#:SignedProperties sig.xml >out.txt 2>&1 && "
                "grep -q 'Manifests References (ok/all): 1/1' out.txt",
                dir);
    return system(str_z(cx->arena, command)); // NOLINT(cert-env33-c): a test's own words
}

/* A batch of n messages, each place of it: what xmlsec1 says of the file made from digests. */
static void
test_signature_xml_is_verified_by_xmlsec1(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    int64_t cert = 0;
    struct str pem;
    struct str der;
    struct node_own *own = own_key(cx, &cert, &pem);
    struct str message = written(cx, &like, NODE_REQUEST);
    struct str made;
    const char *dir = str_z(cx->arena, env->data_dir);
    ASSERT_OK(cx, cms_cert_der(cx, pem, &der));
    put_file(cx, dir, "cert.pem", pem);
    for (uint32_t n = 1; n <= NODE_BATCH_MAX; n += 21) {
        struct node_batch b = { .kind = NODE_REQUEST, .n = n, .cert = own->thumb };
        b.signed_us = sys_now_us(cx) / DATE_US_PER_S * DATE_US_PER_S;
        for (uint32_t i = 0; i < n; i++) {
            b.v[i] = digest_sha256((struct str){ (const char *)&i, sizeof(i) });
        }
        b.v[n / 2] = digest_sha256(message);
        struct digest d = digest_sha256(node_signed_info(cx->arena, &b));
        ASSERT_OK(cx, sign_key_digest(cx, own->key, (struct str){ (const char *)d.b, sizeof(d.b) },
                                      &made));
        memcpy(b.signature, made.p, made.n);
        b.signature_n = (uint32_t)made.n;
        put_file(cx, dir, "sig.xml", node_signature_xml(cx->arena, &b, n / 2, der));
        put_file(cx, dir, "request.http", message);
        assert_int_equal(xmlsec(cx, dir), 0);
        put_file(cx, dir, "request.http", STR("another"));
        assert_int_not_equal(xmlsec(cx, dir), 0);
    }
    own_end(own);
}

/* --- signing together ------------------------------------------------------------------------- */
#define CALLERS 16
#define EACH    40

struct caller {
    struct ctx cx;
    struct node_lanes *lanes;
    struct node_own *own;
    struct node_trust *trust;
    struct node_log *log; /* NULL: only signed */
    unsigned number, n_good;
};

static void *
call_often(void *arg)
{
    struct caller *c = arg;
    c->cx.arena = arena_open(0);
    for (unsigned i = 0; i < EACH; i++) {
        unsigned words[2] = { c->number, i };
        const struct node_message m = {
            .bytes = { (const char *)words, sizeof(words) },
            .digest = digest_sha256((struct str){ (const char *)words, sizeof(words) }),
        };
        struct str proof;
        arena_reset(c->cx.arena);
        const struct node_signing one = { STR("so.test"), NODE_REQUEST, &m, c->log };
        if (node_sign(&c->cx, c->lanes, c->own, &one, &proof) == ERR_OK &&
            node_verify(&c->cx, c->trust, proof, NODE_REQUEST, STR("VN/GOV/X1"), &m,
                        sys_now_us(&c->cx))[0] == '\0') {
            c->n_good++;
        }
    }
    arena_close(c->cx.arena);
    return NULL;
}

static void
test_sign_by_many_at_once_each_gets_its_own_proof(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    int64_t cert = 0;
    struct str pem;
    struct node_own *own = own_key(cx, &cert, &pem);
    struct node_lanes *lanes = node_lanes_open();
    struct node_trust *t = NULL;
    struct caller v[CALLERS];
    pthread_t threads[CALLERS];
    uint64_t n_batches = 0;
    uint64_t n_signed = 0;
    struct node_log *log = NULL;
    ASSERT_OK(cx, node_log_open(cx, node_log_dir(cx), INT64_MAX, &log));
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    for (unsigned i = 0; i < CALLERS; i++) {
        v[i] = (struct caller){ *cx, lanes, own, t, log, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &v[i]), 0);
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(v[i].n_good, EACH);
    }
    node_lanes_count(lanes, &n_batches, &n_signed);
    assert_int_equal(n_signed, CALLERS * EACH);
    assert_true(n_batches <= n_signed);
    assert_int_equal(node_log_seq(log), n_signed); /* each was evidence before its caller went on */
    node_log_close(log);
    struct node_log_report report;
    ASSERT_OK(cx, node_log_verify(cx, &report));
    assert_true(str_is_empty(report.fault));
    assert_int_equal(report.n_messages, n_signed);
    node_lanes_close(lanes);
    node_trust_drop(t);
    own_end(own);
}

/* What the log does not take is not handed out, to nobody of the batch. */
static void
test_sign_into_a_full_log_gives_nobody_a_proof(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    int64_t cert = 0;
    struct str pem;
    struct str proof = STR_NULL;
    struct node_own *own = own_key(cx, &cert, &pem);
    struct node_lanes *lanes = node_lanes_open();
    struct node_log *log = NULL;
    const struct node_message m = { .bytes = STR("m"), .digest = digest_sha256(STR("m")) };
    ASSERT_OK(cx, node_log_open(cx, node_log_dir(cx), 100, &log));
    const struct node_signing one = { STR("so.test"), NODE_ANSWER, &m, log };
    assert_int_equal(node_sign(cx, lanes, own, &one, &proof), ERR_DISK_FULL);
    assert_null(proof.p);
    assert_int_equal(node_log_seq(log), 0);
    node_log_close(log);
    node_lanes_close(lanes);
    own_end(own);
}

/* --- replays ---------------------------------------------------------------------------------- */
static void
test_seen_add_remembers_as_long_as_a_message_could_be_taken(void **state)
{
    struct node_seen *s = node_seen_open(2 * NODE_SKEW_US, 1024);
    struct digest a = digest_sha256(STR("a"));
    struct digest b = digest_sha256(STR("b"));
    int64_t at_us = INT64_C(1000) * DATE_US_PER_S;
    (void)state;
    assert_int_equal(node_seen_add(s, &a, at_us), NODE_SEEN_NEW);
    assert_int_equal(node_seen_add(s, &a, at_us), NODE_SEEN_AGAIN);
    assert_int_equal(node_seen_add(s, &a, at_us + 2 * NODE_SKEW_US), NODE_SEEN_AGAIN);
    assert_int_equal(node_seen_add(s, &b, at_us + 2 * NODE_SKEW_US), NODE_SEEN_NEW);
    assert_int_equal(node_seen_add(s, &b, at_us + 4 * NODE_SKEW_US), NODE_SEEN_AGAIN);
    assert_int_equal(node_seen_add(s, &a, at_us + 8 * NODE_SKEW_US), NODE_SEEN_NEW);
    node_seen_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_message_read_gives_back_what_was_written, set_up,
                                        tear_down),
        cmocka_unit_test(test_message_read_refuses_another_form),
        cmocka_unit_test_setup_teardown(test_verify_tells_each_fault_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_verify_any_bit_changed_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_proof_read_gives_back_each_place_of_a_full_batch,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_xml_is_verified_by_xmlsec1, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_sign_into_a_full_log_gives_nobody_a_proof, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_sign_by_many_at_once_each_gets_its_own_proof, set_up,
                                        tear_down),
        cmocka_unit_test(test_seen_add_remembers_as_long_as_a_message_could_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
