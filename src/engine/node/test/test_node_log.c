/* Evidence without a network: the log, its archive, stamps; cards. */
#include "engine/node/test/log.h"

#include "crypto/digest.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

/* --- the log ---------------------------------------------------------------------------------- */
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
        cmocka_unit_test_setup_teardown(test_may_pass_says_why_signed_calls_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_stamp_path_leads_to_the_root_from_every_leaf, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_card_read_names_what_is_wrong, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
