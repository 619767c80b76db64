/* Large bodies of signed messages, kept in files beside the log: taken in, proved, archived, swept.
 */
#include "engine/node/test/log.h"

#include "crypto/digest.h"

#define LARGE ((size_t)700 << 10)

static bool
has_words(struct str s, const char *words)
{
    return str_find(s, str_of(words)) < s.n;
}

static struct str
large_body(struct ctx *cx)
{
    char *p = arena_alloc(cx->arena, LARGE);
    for (size_t i = 0; i < LARGE; i++) {
        p[i] = (char)(i * 31 % 251);
    }
    return (struct str){ p, LARGE };
}

/* A request with a large body as it comes over the wire; n: what its head says of the length. */
static struct str
large_envelope(struct ctx *cx, struct str proof, size_t n, struct str *ret_message)
{
    struct node_message m = like;
    struct buf b = buf_new(cx->arena, LARGE + NODE_HEAD_BYTES);
    m.file = STR("elsewhere");
    m.body_bytes = (int64_t)n;
    assert_true(node_message_write(&b, &m, NODE_REQUEST));
    buf_add(&b, large_body(cx));
    *ret_message = buf_str(&b);
    return node_envelope_write(cx->arena, proof, *ret_message);
}

static size_t
n_bodies(struct ctx *cx)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, sys_dir_list(cx, node_file_dir(cx, log_dir(cx)), &v, &n));
    return n;
}

static enum err
intake(struct ctx *cx, struct str envelope, size_t piece, struct str *ret_proof,
       struct node_message *ret)
{
    struct node_intake *t = node_intake_open(cx, log_dir(cx));
    enum err e = ERR_OK;
    ASSERT_OK(cx, sys_mkdirs(cx, node_file_dir(cx, log_dir(cx))));
    for (size_t at = 0; at < envelope.n && e == ERR_OK; at += piece) {
        size_t end = at + piece < envelope.n ? at + piece : envelope.n;
        e = node_intake_add(t, str_slice(envelope, at, end));
    }
    e = e == ERR_OK ? node_intake_end(t, NODE_REQUEST, ret_proof, ret) : e;
    node_intake_drop(t);
    return e;
}

static void
test_intake_large_body_is_in_a_file_whatever_the_pieces(void **state)
{
    static const size_t pieces[] = { 4099, 65536, LARGE * 2 };
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct str message;
    struct str envelope = large_envelope(cx, STR("proof"), LARGE, &message);
    struct node_message whole = { .body = large_body(cx), .body_bytes = (int64_t)LARGE };
    struct digest want = digest_sha256(message);
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        struct node_message m;
        struct str proof;
        struct str bytes;
        ASSERT_OK(cx, intake(cx, envelope, pieces[i], &proof, &m));
        assert_true(str_eq(proof, STR("proof")));
        assert_true(digest_equal(&m.digest, &want));
        whole.head = m.head;
        assert_true(str_eq(node_request_hash(cx->arena, &m), node_request_hash(cx->arena, &whole)));
        assert_int_equal(m.bytes.n + LARGE, message.n);
        ASSERT_OK(cx, sys_file_read(cx, m.file, LARGE + 1, &bytes));
        assert_true(str_eq(bytes, large_body(cx)));
        ASSERT_OK(cx, node_message_digest(cx, &m)); /* read again from the file */
        assert_true(digest_equal(&m.digest, &want));
        assert_int_equal(n_bodies(cx), 1);
        node_file_drop(cx, &m);
        assert_int_equal(n_bodies(cx), 0);
    }
}

static void
test_intake_what_lies_about_its_length_leaves_nothing(void **state)
{
    static const size_t lies[] = { 0, LARGE - 1, LARGE + 1, (size_t)101 << 20 };
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_message m;
    struct str message;
    struct str proof;
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        struct str envelope = large_envelope(cx, STR("proof"), lies[i], &message);
        assert_int_equal(intake(cx, envelope, 65536, &proof, &m), ERR_INVALID);
        assert_int_equal(n_bodies(cx), 0);
    }
    struct str noise = large_body(cx); /* no head at all */
    assert_int_equal(intake(cx, noise, 65536, &proof, &m), ERR_INVALID);
    assert_int_equal(n_bodies(cx), 0);
}

/* Takes a large message in and stores it, as node_in does. */
static struct digest
store_large(struct ctx *cx, struct node_log *l, struct node_own *own)
{
    struct node_message m;
    struct str message;
    struct str proof;
    ASSERT_OK(cx, intake(cx, large_envelope(cx, STR("proof"), LARGE, &message), 65536, &proof, &m));
    proof = signed_proof(cx, own, &m.digest);
    ASSERT_OK(cx, node_file_keep(cx, log_dir(cx), &m));
    struct node_record r = node_stored_record(cx, STR("so.test"), 'r', proof, &m, NODE_REQUEST);
    ASSERT_OK(cx, node_log_add(cx, l, &r, 1));
    return m.digest;
}

static void
test_large_body_is_proved_with_the_log_also_from_the_archive(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log *l = log_of(cx, INT64_MAX);
    struct node_log_report r;
    struct str pem;
    struct str file;
    struct str bytes;
    int64_t cert = 0;
    int64_t indexed = 4;
    size_t n = 0;
    struct node_own *own = own_key(cx, &cert, &pem);
    node_log_set_segment(l, 1);
    struct digest d = store_large(cx, l, own);
    assert_true(node_log_bytes(l) > (int64_t)LARGE);
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(cx, add(cx, l, "words"));
    }
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_true(str_is_empty(r.fault));
    ASSERT_OK(cx, store_write(cx, mark_tx, &indexed));
    ASSERT_OK(cx, node_log_archive(cx, 1, SIZE_MAX, &n));
    assert_int_equal(n, 2);
    assert_int_equal(n_bodies(cx), 0);
    ASSERT_OK(cx, node_log_recount(cx, l));
    assert_true(node_log_bytes(l) < (int64_t)LARGE);
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_true(str_is_empty(r.fault));
    ASSERT_OK(cx, node_file_find(cx, log_dir(cx), &d, &file));
    assert_true(has_words(file, "/archive/bodies/"));
    ASSERT_OK(cx, sys_file_read(cx, file, LARGE + 1, &bytes));
    char *bad = arena_copy(cx->arena, bytes.p, bytes.n);
    bad[LARGE / 2] = (char)(bad[LARGE / 2] ^ 1);
    ASSERT_OK(cx, sys_file_write(cx, file, (struct str){ bad, bytes.n }));
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_true(has_words(r.fault, "is changed"));
    ASSERT_OK(cx, sys_file_remove(cx, file));
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_true(has_words(r.fault, "is not there"));
    own_end(own);
    node_log_close(l);
}

static enum err
evidence_tx(struct ctx *cx, void *arg)
{
    return q_node_evidence_insert(
        cx, NULL, .id = store_new_id(cx), .seq = 1, .kind = STR("request"), .way = STR("received"),
        .request_id = STR("r"), .message_id = STR("m"), .client = STR("c"), .service = STR("s"),
        .issue = STR(""), .user_id = STR(""), .peer = STR("p"), .n_bytes = 1 << 20,
        .digest = *(const struct str *)arg);
}

static void
test_sweep_takes_away_what_no_record_knows(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct str dir = node_file_dir(cx, log_dir(cx));
    struct str known = digest_sha256_hex(cx->arena, STR("known"));
    struct str orphan = digest_sha256_hex(cx->arena, STR("killed before its record"));
    ASSERT_OK(cx, sys_mkdirs(cx, dir));
    const struct str names[] = { known, orphan, STR("part-XYZ"), STR("not-ours.txt") };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct str path = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(names[i]));
        ASSERT_OK(cx, sys_file_write(cx, path, STR("bytes")));
    }
    ASSERT_OK(cx, store_write(cx, evidence_tx, &known));
    ASSERT_OK(cx, node_file_sweep(cx, log_dir(cx)));
    struct sys_entry *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, sys_dir_list(cx, dir, &v, &n));
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_true(str_eq(v[i].name, known) || str_eq(v[i].name, STR("not-ours.txt")));
    }
}

static void
test_log_counts_the_files_beside_it(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log *l = log_of(cx, 4096);
    struct node_record r = { .type = NODE_REFUSAL, .at_us = 5, .beside_bytes = 3000 };
    ASSERT_OK(cx, node_log_add(cx, l, &r, 1));
    assert_true(node_log_bytes(l) > 3000);
    assert_true(node_log_is_full(l)); /* the next call would hardly fit: told before it comes */
    assert_int_equal(node_log_add(cx, l, &r, 1), ERR_DISK_FULL);
    r.beside_bytes = 0;
    ASSERT_OK(cx, node_log_add(cx, l, &r, 1));
    node_log_close(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_intake_large_body_is_in_a_file_whatever_the_pieces,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_intake_what_lies_about_its_length_leaves_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_large_body_is_proved_with_the_log_also_from_the_archive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sweep_takes_away_what_no_record_knows, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_log_counts_the_files_beside_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
