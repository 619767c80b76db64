/* test_seal.c: what was sealed comes back whole, or not at all: each byte changed, each cut. */
#include "base/buf.h"
#include "crypto/seal.h"
#include "sys/sys.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROOM (16U << 20)

struct env {
    struct ctx cx;
    struct sys_random_seeded random;
    struct buf out;
    struct str in;
    size_t at;
};

static enum err
sink(struct ctx *cx UNUSED, struct str bytes, void *arg)
{
    struct env *e = arg;
    buf_add(&e->out, bytes);
    return ERR_OK;
}

static enum err
source(struct ctx *cx UNUSED, char *p, size_t n, size_t *ret_n, void *arg)
{
    struct env *e = arg;
    size_t part = e->in.n - e->at < n ? e->in.n - e->at : n;
    memcpy(p, e->in.p + e->at, part);
    e->at += part;
    *ret_n = part;
    return ERR_OK;
}

static void
env_init(struct env *e)
{
    sys_random_seed(&e->random, 7);
    e->cx =
        (struct ctx){ .arena = arena_open(0), .clock = &sys_clock_real, .random = &e->random.base };
    e->out = buf_new(e->cx.arena, ROOM);
}

static struct str
sealed(struct env *e, struct str pass, struct str plain)
{
    struct seal *s = NULL;
    e->out = buf_new(e->cx.arena, ROOM);
    assert_int_equal(seal_begin(&e->cx, pass, sink, e, &s), ERR_OK);
    assert_int_equal(seal_add(&e->cx, s, plain), ERR_OK);
    assert_int_equal(seal_end(&e->cx, s), ERR_OK);
    seal_free(s);
    return buf_str(&e->out);
}

/* The whole plain text, or the error. */
static enum err
opened(struct env *e, struct str pass, struct str bytes, struct str *ret)
{
    struct seal *s = NULL;
    char *p = arena_alloc(e->cx.arena, bytes.n + 1);
    size_t n = 0;
    e->in = bytes;
    e->at = 0;
    TRY(seal_open(&e->cx, pass, source, e, &s));
    enum err err = seal_read(&e->cx, s, p, bytes.n + 1, &n);
    seal_free(s);
    *ret = (struct str){ p, n };
    return err;
}

static struct str
long_text(struct arena *a, size_t n)
{
    char *p = arena_alloc(a, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = (char)(i * 31 + i / 257);
    }
    return (struct str){ p, n };
}

static void
test_seal_read_gives_back_every_length(void **state)
{
    static const size_t lengths[] = {
        0, 1, SEAL_CHUNK_BYTES - 1, SEAL_CHUNK_BYTES, SEAL_CHUNK_BYTES + 1, SEAL_CHUNK_BYTES * 2
    };
    struct env e;
    struct str got;
    (void)state;
    env_init(&e);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct str plain = long_text(e.cx.arena, lengths[i]);
        assert_int_equal(opened(&e, STR_NULL, sealed(&e, STR_NULL, plain), &got), ERR_OK);
        assert_true(str_eq(got, plain));
    }
    struct str plain = long_text(e.cx.arena, SEAL_CHUNK_BYTES + 5);
    struct str secret = sealed(&e, STR("cụm từ mật"), plain);
    assert_int_equal(opened(&e, STR("cụm từ mật"), secret, &got), ERR_OK);
    assert_true(str_eq(got, plain));
    assert_int_equal(str_find(secret, str_slice(plain, 0, 16)), secret.n);
    assert_int_equal(opened(&e, STR("cum tu mat"), secret, &got), ERR_FORBIDDEN);
    assert_int_equal(opened(&e, STR_NULL, secret, &got), ERR_FORBIDDEN);
    arena_close(e.cx.arena);
}

static void
test_seal_read_of_a_changed_or_cut_stream_fails(void **state)
{
    struct env e;
    struct str got;
    (void)state;
    env_init(&e);
    struct str whole = sealed(&e, STR_NULL, STR("a record that must not change"));
    for (size_t i = 0; i < whole.n; i++) {
        char *bad = arena_alloc(e.cx.arena, whole.n);
        memcpy(bad, whole.p, whole.n);
        bad[i] = (char)(bad[i] ^ 1);
        assert_int_not_equal(opened(&e, STR_NULL, (struct str){ bad, whole.n }, &got), ERR_OK);
        assert_int_not_equal(opened(&e, STR_NULL, str_slice(whole, 0, i), &got), ERR_OK);
    }
    arena_close(e.cx.arena);
}

static void
test_seal_read_of_exchanged_or_dropped_chunks_fails(void **state)
{
    struct env e;
    struct str got;
    const size_t chunk = 4 + SEAL_CHUNK_BYTES + 16;
    (void)state;
    env_init(&e);
    struct str whole = sealed(&e, STR_NULL, long_text(e.cx.arena, SEAL_CHUNK_BYTES * 3));
    assert_int_equal(whole.n, SEAL_HEAD_BYTES + 3 * chunk);
    char *p = arena_alloc(e.cx.arena, whole.n);
    memcpy(p, whole.p, whole.n);
    memcpy(p + SEAL_HEAD_BYTES, whole.p + SEAL_HEAD_BYTES + chunk, chunk);
    memcpy(p + SEAL_HEAD_BYTES + chunk, whole.p + SEAL_HEAD_BYTES, chunk);
    assert_int_equal(opened(&e, STR_NULL, (struct str){ p, whole.n }, &got), ERR_IO);
    memcpy(p, whole.p, whole.n - chunk); /* the last one lost */
    assert_int_equal(opened(&e, STR_NULL, (struct str){ p, whole.n - chunk }, &got), ERR_IO);
    arena_close(e.cx.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_read_gives_back_every_length),
        cmocka_unit_test(test_seal_read_of_a_changed_or_cut_stream_fails),
        cmocka_unit_test(test_seal_read_of_exchanged_or_dropped_chunks_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
