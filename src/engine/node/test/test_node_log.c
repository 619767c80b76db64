/* Evidence without a network: the log, its archive, large bodies beside it, stamps; cards. */
#include "engine/node/test/fixture.h"

#include "crypto/digest.h"
#include "gen/q_node.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

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

#define WRITERS 12
#define RECORDS 40
struct writer {
    struct ctx cx;
    struct node_log *log;
    _Atomic unsigned *n_failed;
};

/* Until so many are there; what failed is tried again. */
static void *
write_often(void *arg)
{
    struct writer *w = arg;
    w->cx.arena = arena_open(0);
    for (unsigned n = 0; n < RECORDS;) {
        arena_reset(w->cx.arena);
        if (add(&w->cx, w->log, "some words that take a little room") == ERR_OK) {
            n++;
        } else {
            (void)atomic_fetch_add(w->n_failed, 1);
            (void)sched_yield();
        }
    }
    arena_close(w->cx.arena);
    return NULL;
}

/* The disk refuses for a while: who was told "there" is there, who was told "not" is not. */
static void
test_log_written_by_many_with_failures_between_holds_what_was_acknowledged(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct node_log *l = log_of(cx, INT64_MAX);
    struct node_log_report r;
    struct writer v[WRITERS];
    pthread_t threads[WRITERS];
    _Atomic unsigned n_failed = 0;
    struct rlimit whole;
    struct rlimit small = { 0 };
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && getrlimit(RLIMIT_FSIZE, &whole) == 0);
    small = (struct rlimit){ .rlim_cur = 20000, .rlim_max = whole.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (unsigned i = 0; i < WRITERS; i++) {
        v[i] = (struct writer){ *cx, l, &n_failed };
        assert_int_equal(pthread_create(&threads[i], NULL, write_often, &v[i]), 0);
    }
    while (atomic_load(&n_failed) < 3 * WRITERS) {
        (void)sched_yield();
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(node_log_seq(l), WRITERS * RECORDS);
    assert_false(node_log_is_failed(l));
    node_log_close(l);
    ASSERT_OK(cx, node_log_verify(cx, &r));
    assert_true(str_is_empty(r.fault));
    assert_int_equal(r.n_records, WRITERS * RECORDS);
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
    ASSERT_OK(cx, node_log_archive(cx, 1, SIZE_MAX, &n));
    assert_int_equal(n, 0); /* nothing is indexed yet */
    ASSERT_OK(cx, store_write(cx, mark_tx, &indexed));
    ASSERT_OK(cx, node_log_archive(cx, 1, SIZE_MAX, &n));
    assert_int_equal(n, 2); /* records 1 and 2; the third is not known to be behind us */
    indexed = 6;
    ASSERT_OK(cx, store_write(cx, mark_tx, &indexed));
    ASSERT_OK(cx, node_log_archive(cx, 36500, SIZE_MAX, &n));
    assert_int_equal(n, 0); /* all are younger */
    ASSERT_OK(cx, node_log_archive(cx, 1, SIZE_MAX, &n));
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

static bool
has_words(struct str s, const char *words)
{
    return str_find(s, str_of(words)) < s.n;
}

static void
test_archive_turn_moves_a_segment_a_turn_once_a_day_at_its_time(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct app_config config = *cx->config;
    struct node n = { .cx = *cx };
    struct str archive = node_log_archive_dir(cx, log_dir(cx));
    int64_t *v = NULL;
    size_t n_old = 0;
    int64_t indexed = 6;
    const int64_t minute_us = 60 * DATE_US_PER_S;
    const int64_t midnight_us = date_to_us_vn(date_at_vn(sys_now_us(cx)), 0);
    n.log = log_of(cx, INT64_MAX);
    node_log_set_segment(n.log, 1);
    for (int i = 0; i < 6; i++) {
        ASSERT_OK(cx, add(cx, n.log, "words"));
    }
    ASSERT_OK(cx, store_write(cx, mark_tx, &indexed));
    cx->config = &config;
    config.node_archive_at = STR("24:00");
    assert_int_equal(node_archive_open(cx, &n), ERR_INVALID);
    config.node_archive_at = STR("02:30");
    ASSERT_OK(cx, node_archive_open(cx, &n));
    ASSERT_OK(cx, node_archive_turn(cx, &n, midnight_us + 600 * minute_us)); /* not asked for */
    config.node_archive_days = 1;
    ASSERT_OK(cx, node_archive_turn(cx, &n, midnight_us + 149 * minute_us)); /* too early */
    ASSERT_OK(cx, node_log_archived(cx, log_dir(cx), &v, &n_old));
    assert_int_equal(n_old, 0);
    for (size_t i = 1; i <= 6; i++) { /* the last two stay; then it is done for the day */
        ASSERT_OK(cx, node_archive_turn(cx, &n, midnight_us + 150 * minute_us));
        ASSERT_OK(cx, node_log_archived(cx, log_dir(cx), &v, &n_old));
        assert_int_equal(n_old, i < 4 ? i : 4);
    }
    ASSERT_OK(cx, add(cx, n.log, "one more"));
    indexed = 7;
    ASSERT_OK(cx, store_write(cx, mark_tx, &indexed));
    ASSERT_OK(cx, node_archive_turn(cx, &n, midnight_us + 1439 * minute_us));
    ASSERT_OK(cx, node_log_archived(cx, log_dir(cx), &v, &n_old));
    assert_int_equal(n_old, 4);
    /* the archive cannot be written: said, tried again an hour later */
    const int64_t next_us = midnight_us + (1440 + 150) * minute_us;
    struct str aside = str_cat(cx->arena, archive, STR(".aside"));
    ASSERT_OK(cx, sys_file_rename(cx, archive, aside));
    ASSERT_OK(cx, sys_file_write(cx, archive, STR("no folder")));
    assert_int_not_equal(node_archive_turn(cx, &n, next_us), ERR_OK);
    assert_true(atomic_load(&n.is_archive_failed));
    ASSERT_OK(cx, sys_file_remove(cx, archive));
    ASSERT_OK(cx, sys_file_rename(cx, aside, archive));
    ASSERT_OK(cx, node_archive_turn(cx, &n, next_us + 59 * minute_us));
    assert_true(atomic_load(&n.is_archive_failed));
    ASSERT_OK(cx, node_archive_turn(cx, &n, next_us + 60 * minute_us));
    assert_false(atomic_load(&n.is_archive_failed));
    ASSERT_OK(cx, node_log_archived(cx, log_dir(cx), &v, &n_old));
    assert_int_equal(n_old, 5);
    cx->config = n.cx.config;
    node_log_close(n.log);
}

/* --- large bodies ------------------------------------------------------------------------------
 */
#define LARGE ((size_t)700 << 10)

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
    n.log = log_of(cx, 250);
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
        cmocka_unit_test_setup_teardown(test_log_goes_on_after_it_was_closed_and_its_chain_is_whole,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_half_a_record_at_the_end_is_put_aside, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_log_verify_finds_a_changed_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_log_written_by_many_with_failures_between_holds_what_was_acknowledged, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_log_without_room_refuses_and_takes_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_archive_takes_old_segments_that_are_settled_and_they_stay_provable, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            test_archive_turn_moves_a_segment_a_turn_once_a_day_at_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_intake_large_body_is_in_a_file_whatever_the_pieces,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_intake_what_lies_about_its_length_leaves_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_large_body_is_proved_with_the_log_also_from_the_archive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sweep_takes_away_what_no_record_knows, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_log_counts_the_files_beside_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_may_pass_says_why_signed_calls_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_stamp_path_leads_to_the_root_from_every_leaf, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_card_read_names_what_is_wrong, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
