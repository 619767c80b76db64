/* fixture.h: what the tests of signed exchange share: a message, a member's key, a proof. */
#ifndef ENGINE_NODE_TEST_FIXTURE_H
#define ENGINE_NODE_TEST_FIXTURE_H

#include "engine/node/node_int.h"
#include "lib/harness.h"

static inline int
set_up(void **state)
{
    struct test_env *env = test_env_new();
    ASSERT_OK(env->cx, sign_desk_open(env->cx, &env->cx->sign));
    *state = env;
    return 0;
}

static inline int
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

static inline struct str
written(struct ctx *cx, const struct node_message *m, enum node_kind kind)
{
    struct buf b = buf_new(cx->arena, NODE_WHOLE_BYTES);
    assert_true(node_message_write(&b, m, kind));
    return buf_str(&b);
}

static inline struct node_own *
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

static inline void
own_end(struct node_own *o)
{
    sign_key_close(o->key);
    free(o);
}

static inline struct str
signed_proof(struct ctx *cx, struct node_own *own, const struct digest *d)
{
    struct node_lanes *lanes = node_lanes_open();
    struct str proof;
    const struct node_message m = { .digest = *d };
    const struct node_signing one = { STR("so.test"), NODE_REQUEST, &m, NULL };
    ASSERT_OK(cx, node_sign(cx, lanes, own, &one, &proof));
    node_lanes_close(lanes);
    return proof;
}

#endif
