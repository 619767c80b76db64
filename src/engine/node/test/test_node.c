/* Signed exchange without a network: messages, proofs, signing together, the log, replays. */
#include "engine/node/node_int.h"
#include "gen/q_node.h"

#include "crypto/digest.h"
#include "lib/harness.h"

#include <unistd.h>

#include <sys/stat.h>

static int
set_up(void **state)
{
    struct test_env *env = test_env_new();
    ASSERT_OK(env->cx, sign_desk_open(env->cx, &env->cx->sign));
    *state = env;
    return 0;
}

static int
tear_down(void **state)
{
    struct test_env *env = *state;
    sign_desk_close(env->cx->sign);
    env->cx->sign = NULL;
    test_env_free(env);
    return 0;
}

static const struct node_message like = {
    .method = STR_INIT("GET"),
    .target = STR_INIT("/r1/VN/GOV/S1/DAT-DAI/so-dat/thua/12?x=1"),
    .client = STR_INIT("VN/GOV/X1/MOT-CUA"),
    .service = STR_INIT("VN/GOV/S1/DAT-DAI/so-dat"),
    .message_id = STR_INIT("m-1"),
    .request_id = STR_INIT("11111111-2222-4333-8444-555555555555"),
};

static struct str
written(struct ctx *cx, const struct node_message *m, enum node_kind kind)
{
    struct buf b = buf_new(cx->arena, NODE_MESSAGE_BYTES);
    assert_true(node_message_write(&b, m, kind));
    return buf_str(&b);
}

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
static struct node_own *
own_key(struct ctx *cx, int64_t *ret_cert, struct str *ret_pem)
{
    const struct sign_cert_wish wish = { .kind = SIGN_EXCHANGE,
                                         .owner = STR("VN/GOV/X1"),
                                         .name = STR("Xã gọi") };
    struct sign_cert cert;
    struct node_own *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    ASSERT_OK(cx, sign_cert_issue(cx, &wish, ret_cert));
    ASSERT_OK(cx, sign_cert_by_id(cx, *ret_cert, &cert));
    ASSERT_OK(cx, sign_key_open(cx, *ret_cert, &o->key));
    assert_true(digest_from_hex(cert.fingerprint, &o->thumb));
    o->refs = 1;
    *ret_pem = cert.pem;
    return o;
}

static void
own_end(struct node_own *o)
{
    sign_key_close(o->key);
    free(o);
}

static struct str
signed_proof(struct ctx *cx, struct node_own *own, const struct digest *d)
{
    struct node_lanes *lanes = node_lanes_open();
    struct str proof;
    ASSERT_OK(cx, node_sign(cx, lanes, own, STR("so.test"), NODE_REQUEST, d, &proof));
    node_lanes_close(lanes);
    return proof;
}

/* What verifies: the picture that node_trust_load makes of rows. */
static void
test_verify_tells_each_fault_apart(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    int64_t cert = 0;
    struct str pem;
    struct node_own *own = own_key(cx, &cert, &pem);
    struct digest d = digest_sha256(written(cx, &like, NODE_REQUEST));
    struct digest other = digest_sha256(STR("another message"));
    struct str proof = signed_proof(cx, own, &d);
    struct str member = STR("VN/GOV/X1");
    struct node_trust *t = NULL;
    int64_t now_us = sys_now_us(cx);
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &d, now_us), "");
    assert_string_equal(node_verify(cx, t, proof, NODE_ANSWER, member, &d, now_us),
                        "MalformedSignature");
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, STR("VN/GOV/X2"), &d, now_us),
                        "IncorrectMember");
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &other, now_us),
                        "InvalidSignature.MessageChanged");
    assert_string_equal(
        node_verify(cx, t, proof, NODE_REQUEST, member, &d, now_us + NODE_SKEW_US + DATE_US_PER_S),
        "MessageTooOld");
    assert_string_equal(
        node_verify(cx, t, proof, NODE_REQUEST, member, &d, now_us - NODE_SKEW_US - DATE_US_PER_S),
        "CertificateExpired");
    char *bad = arena_copy(cx->arena, proof.p, proof.n);
    bad[55] = (char)(bad[55] ^ 1);
    assert_string_equal(
        node_verify(cx, t, (struct str){ bad, proof.n }, NODE_REQUEST, member, &d, now_us),
        "InvalidSignature");
    bad[55] = (char)(bad[55] ^ 1);
    bad[20] = (char)(bad[20] ^ 1);
    assert_string_equal(
        node_verify(cx, t, (struct str){ bad, proof.n }, NODE_REQUEST, member, &d, now_us),
        "UnknownCertificate");
    node_trust_drop(t);
    ASSERT_OK(cx, sign_cert_revoke(cx, cert, STR("lost")));
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    assert_string_equal(node_verify(cx, t, proof, NODE_REQUEST, member, &d, now_us),
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
    struct digest d = digest_sha256(STR("m"));
    struct str proof = signed_proof(cx, own, &d);
    struct node_trust *t = NULL;
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    char *bad = arena_copy(cx->arena, proof.p, proof.n);
    for (size_t i = 0; i < proof.n; i++) {
        bad[i] = (char)(bad[i] ^ 4);
        assert_string_not_equal(node_verify(cx, t, (struct str){ bad, proof.n }, NODE_REQUEST,
                                            STR("VN/GOV/X1"), &d, sys_now_us(cx)),
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
    unsigned number, n_good;
};

static void *
call_often(void *arg)
{
    struct caller *c = arg;
    c->cx.arena = arena_open(0);
    for (unsigned i = 0; i < EACH; i++) {
        unsigned words[2] = { c->number, i };
        struct digest d = digest_sha256((struct str){ (const char *)words, sizeof(words) });
        struct str proof;
        arena_reset(c->cx.arena);
        if (node_sign(&c->cx, c->lanes, c->own, STR("so.test"), NODE_REQUEST, &d, &proof) ==
                ERR_OK &&
            node_verify(&c->cx, c->trust, proof, NODE_REQUEST, STR("VN/GOV/X1"), &d,
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
    ASSERT_OK(cx, node_trust_load(cx, NULL, &t));
    for (unsigned i = 0; i < CALLERS; i++) {
        v[i] = (struct caller){ *cx, lanes, own, t, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &v[i]), 0);
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(v[i].n_good, EACH);
    }
    node_lanes_count(lanes, &n_batches, &n_signed);
    assert_int_equal(n_signed, CALLERS * EACH);
    assert_true(n_batches <= n_signed);
    node_lanes_close(lanes);
    node_trust_drop(t);
    own_end(own);
}

/* --- replays ---------------------------------------------------------------------------------- */
static void
test_seen_add_remembers_as_long_as_a_message_could_be_taken(void **state)
{
    struct node_seen *s = node_seen_open();
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

/* --- the log ---------------------------------------------------------------------------------- */
static struct str
log_dir(struct ctx *cx)
{
    ASSERT_OK(cx, sys_mkdirs(cx, node_log_dir(cx)));
    return node_log_dir(cx);
}

static struct node_log *
log_of(struct ctx *cx, int64_t max_bytes)
{
    struct node_log *l = NULL;
    ASSERT_OK(cx, node_log_open(cx, log_dir(cx), max_bytes, &l));
    return l;
}

static enum err
add(struct ctx *cx, struct node_log *l, const char *words)
{
    const struct node_record r = { .type = NODE_REFUSAL, .at_us = 5, .body = str_of(words) };
    return node_log_add(cx, l, &r, 1);
}

static void
test_log_goes_on_after_it_was_closed_and_its_chain_is_whole(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log_report r;
    for (int i = 0; i < 3; i++) {
        struct node_log *l = log_of(cx, INT64_MAX);
        assert_int_equal(node_log_seq(l), i * 2);
        ASSERT_OK(cx, add(cx, l, "one"));
        ASSERT_OK(cx, add(cx, l, ""));
        node_log_close(l);
    }
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_int_equal(r.n_records, 6);
    assert_true(str_is_empty(r.fault));
}

static void
test_log_half_a_record_at_the_end_is_put_aside(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log_report r;
    struct node_log *l = log_of(cx, INT64_MAX);
    ASSERT_OK(cx, add(cx, l, "kept"));
    ASSERT_OK(cx, add(cx, l, "cut in the middle by a power failure"));
    node_log_close(l);
    struct str path = str_cat(cx->arena, log_dir(cx), STR("/00000001.seg"));
    struct sys_file_info info;
    ASSERT_OK(cx, sys_file_info(cx, path, &info));
    assert_int_equal(truncate(str_z(cx->arena, path), info.size_bytes - 7), 0);
    l = log_of(cx, INT64_MAX);
    assert_int_equal(node_log_seq(l), 1);
    ASSERT_OK(cx, add(cx, l, "after it"));
    node_log_close(l);
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_true(str_is_empty(r.fault));
    assert_int_equal(r.n_records, 2);
    struct sys_entry *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, sys_dir_list(cx, log_dir(cx), &v, &n));
    assert_int_equal(n, 2);
    assert_true(str_starts(v[1].name, STR("torn-00000001-")));
}

static void
test_log_verify_finds_a_changed_byte(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log_report r;
    struct str bytes;
    struct node_log *l = log_of(cx, INT64_MAX);
    ASSERT_OK(cx, add(cx, l, "first"));
    ASSERT_OK(cx, add(cx, l, "second"));
    node_log_close(l);
    struct str path = str_cat(cx->arena, log_dir(cx), STR("/00000001.seg"));
    ASSERT_OK(cx, sys_file_read(cx, path, 100000, &bytes));
    for (size_t i = 0; i < bytes.n; i++) {
        char *bad = arena_copy(cx->arena, bytes.p, bytes.n);
        bad[i] = (char)(bad[i] ^ 1);
        ASSERT_OK(cx, sys_file_write(cx, path, (struct str){ bad, bytes.n }));
        ASSERT_OK(cx, node_log_verify(cx, &r));
        /* the first record's "before" says what stood before the log began: nothing to compare */
        assert_false(str_is_empty(r.fault));
    }
}

static void
test_log_without_room_refuses_and_takes_again(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log *l = log_of(cx, 250);
    ASSERT_OK(cx, add(cx, l, "one"));
    ASSERT_OK(cx, add(cx, l, "two"));
    assert_int_equal(add(cx, l, "three"), ERR_DISK_FULL);
    assert_int_equal(node_log_seq(l), 2);
    node_log_close(l);
    l = log_of(cx, 1000);
    ASSERT_OK(cx, add(cx, l, "three"));
    node_log_close(l);
}

/* --- the archive --------------------------------------------------------------------------------
 */
static enum err
mark_tx(struct ctx *cx, void *arg)
{
    return q_node_mark_set(cx, NULL, .seq = *(const int64_t *)arg, .segment = 1, .at = 0);
}

static void
test_archive_takes_old_segments_that_are_settled_and_they_stay_provable(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log *l = log_of(cx, INT64_MAX);
    struct node_log_report r;
    struct node_record one;
    struct digest before;
    struct digest after;
    size_t n = 0;
    int64_t indexed = 3;
    node_log_set_segment(l, 1); /* a segment each */
    for (int i = 0; i < 6; i++) {
        ASSERT_OK(cx, add(cx, l, "words"));
    }
    int64_t full = node_log_bytes(l);
    ASSERT_OK(cx, node_log_archive(cx, 1, &n));
    assert_int_equal(n, 0); /* nothing is indexed yet */
    ASSERT_OK(cx, store_write(cx, mark_tx, &indexed));
    ASSERT_OK(cx, node_log_archive(cx, 1, &n));
    assert_int_equal(n, 2); /* records 1 and 2; the third is not known to be behind us */
    indexed = 6;
    ASSERT_OK(cx, store_write(cx, mark_tx, &indexed));
    ASSERT_OK(cx, node_log_archive(cx, 36500, &n));
    assert_int_equal(n, 0); /* all are younger */
    ASSERT_OK(cx, node_log_archive(cx, 1, &n));
    assert_int_equal(n, 2); /* the last two stay */
    ASSERT_OK(cx, node_log_recount(cx, l));
    assert_true(node_log_bytes(l) * 3 == full);
    ASSERT_OK(cx, node_log_read(cx, node_log_dir(cx), 1, 0, &one, &before, &after));
    assert_int_equal(one.seq, 1);
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_true(str_is_empty(r.fault));
    assert_int_equal(r.n_records, 6);
    assert_int_equal(r.n_segments, 6);
    ASSERT_OK(cx, add(cx, l, "and on"));
    node_log_close(l);
}

/* --- bad days --------------------------------------------------------------------------------- */
/* The caller is told which of the two closed the exchange, and for how long stamps may be missing
 * is the policy's to say. */
static void
test_may_pass_says_why_signed_calls_are_refused(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct app_config config = *cx->config;
    struct node n = { .cx = *cx };
    const int64_t hour_us = 3600 * DATE_US_PER_S;
    const int64_t now_us = 1000 * hour_us;
    config.node_stamp_hours = 2;
    n.cx.config = &config;
    n.log = log_of(cx, (int64_t)(2 * NODE_MESSAGE_BYTES) + 150);
    assert_string_equal(node_may_pass(&n, now_us), "");
    atomic_store(&n.unstamped_since_us, now_us - 2 * hour_us);
    assert_string_equal(node_may_pass(&n, now_us), "");
    assert_string_equal(node_may_pass(&n, now_us + 1), "LoggingFailed.TimestamperFailed");
    atomic_store(&n.unstamped_since_us, 0); /* a stamp came */
    assert_string_equal(node_may_pass(&n, now_us + 1), "");
    ASSERT_OK(cx, add(cx, n.log, "one"));
    ASSERT_OK(cx, add(cx, n.log, "two"));
    assert_string_equal(node_may_pass(&n, now_us), "LoggingFailed.LogFull");
    node_log_close(n.log);
}

/* --- stamps ----------------------------------------------------------------------------------- */
static void
test_stamp_path_leads_to_the_root_from_every_leaf(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    for (size_t n = 1; n <= 33; n++) {
        char *leaves = arena_alloc(cx->arena, n * 32);
        for (size_t i = 0; i < n * 32; i++) {
            leaves[i] = (char)(i * 7 + n);
        }
        struct node_stamp s = { 0, n, n, { leaves, n * 32 }, STR("t") };
        struct node_stamp got;
        struct digest root = node_stamp_root(&s);
        assert_true(node_stamp_read(node_stamp_write(cx->arena, &s), &got));
        struct digest again = node_stamp_root(&got);
        assert_true(digest_equal(&root, &again));
        for (size_t i = 0; i < n; i++) {
            struct merkle_proof p;
            struct digest leaf;
            memcpy(leaf.b, leaves + i * 32, 32);
            ASSERT_OK(cx, node_stamp_path(cx, &s, i, &p));
            assert_true(merkle_verify_inclusion(&leaf, i, n, &p, &root));
        }
    }
}

/* --- cards ------------------------------------------------------------------------------------ */
static void
test_card_read_names_what_is_wrong(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"node\":\"a\",\"address\":\"a\"}",
        "{\"node\":\"a\",\"address\":\"a:1\",\"tls\":\"x\",\"members\":[]}",
        "{\"node\":\"a\",\"address\":\"a b:1\",\"tls\":\"x\",\"members\":[]}",
        "{\"node\":\"a\",\"address\":\"a:99999\",\"tls\":\"x\",\"members\":[]}",
    };
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct card *c = NULL;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        cx->n_problems = 0;
        assert_int_equal(node_card_read(cx, str_of(wrong[i]), &c), ERR_INVALID);
        assert_int_equal(cx->n_problems, 1);
    }
    cx->n_problems = 0;
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
        cmocka_unit_test_setup_teardown(test_sign_by_many_at_once_each_gets_its_own_proof, set_up,
                                        tear_down),
        cmocka_unit_test(test_seen_add_remembers_as_long_as_a_message_could_be_taken),
        cmocka_unit_test_setup_teardown(test_log_goes_on_after_it_was_closed_and_its_chain_is_whole,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_half_a_record_at_the_end_is_put_aside, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_log_verify_finds_a_changed_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_without_room_refuses_and_takes_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_archive_takes_old_segments_that_are_settled_and_they_stay_provable, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_may_pass_says_why_signed_calls_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_stamp_path_leads_to_the_root_from_every_leaf, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_card_read_names_what_is_wrong, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
