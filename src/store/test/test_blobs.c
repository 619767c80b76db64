/* Tests of the files kept by hash. */
#include "lib/harness.h"

#include "store/blobs.h"

#define DAY_US (INT64_C(86400) * 1000000)

static void
test_put_twice_keeps_one_and_get_gives_it_back(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str a;
    struct str b;
    struct str got;
    ASSERT_OK(cx, blobs_put(cx, STR("giấy khai sinh"), &a));
    ASSERT_OK(cx, blobs_put(cx, STR("giấy khai sinh"), &b));
    assert_true(str_eq(a, b));
    ASSERT_OK(cx, blobs_get(cx, a, 100, &got));
    ASSERT_STR(got, "giấy khai sinh");
    assert_int_equal(blobs_get(cx, a, 3, &got), ERR_TOO_LARGE);
    ASSERT_OK(cx, blobs_put(cx, STR(""), &b));
    ASSERT_OK(cx, blobs_get(cx, b, 100, &got));
    assert_int_equal(got.n, 0);
    test_env_free(env);
}

static void
test_get_hostile_or_unknown_name_is_not_found(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str got;
    assert_int_equal(blobs_get(cx, STR("../../etc/passwd"), 100, &got), ERR_NOT_FOUND);
    assert_int_equal(blobs_get(cx, STR(""), 100, &got), ERR_NOT_FOUND);
    assert_int_equal(
        blobs_path(cx, STR("ZZ000000000000000000000000000000000000000000000000000000000000ZZ"),
                   &got),
        ERR_NOT_FOUND);
    assert_int_equal(
        blobs_get(cx, STR("00000000000000000000000000000000000000000000000000000000000000aa"), 100,
                  &got),
        ERR_NOT_FOUND);
    test_env_free(env);
}

static void
test_get_changed_content_is_io_error(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str hash;
    struct str path;
    struct str got;
    ASSERT_OK(cx, blobs_put(cx, STR("bản gốc"), &hash));
    ASSERT_OK(cx, blobs_path(cx, hash, &path));
    ASSERT_OK(cx, sys_file_write(cx, path, STR("bản giả")));
    assert_int_equal(blobs_get(cx, hash, 100, &got), ERR_IO);
    test_env_free(env);
}

static void
test_put_file_moves_the_spool_file(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str spool = str_cat(cx->arena, env->data_dir, STR("/upload"));
    struct str a;
    struct str b;
    struct str got;
    ASSERT_OK(cx, sys_file_write(cx, spool, STR("ảnh chụp")));
    ASSERT_OK(cx, blobs_put_file(cx, spool, &a));
    assert_false(sys_file_exists(cx, spool));
    ASSERT_OK(cx, sys_file_write(cx, spool, STR("ảnh chụp")));
    ASSERT_OK(cx, blobs_put_file(cx, spool, &b));
    assert_false(sys_file_exists(cx, spool));
    assert_true(str_eq(a, b));
    ASSERT_OK(cx, blobs_get(cx, a, 100, &got));
    ASSERT_STR(got, "ảnh chụp");
    test_env_free(env);
}

static enum err
put_tx(struct ctx *cx, void *arg)
{
    return blobs_put(cx, STR("x"), arg);
}

static void
test_put_inside_a_transaction_is_refused(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct str hash;
    assert_int_equal(store_write(env->cx, put_tx, &hash), ERR_INTERNAL);
    test_env_free(env);
}

/* Keeps what the test put behind the context's trace id. */
static bool
keep_named(struct ctx *cx, struct str hash)
{
    return str_eq(hash, cx->trace_id);
}

/* As keep_named, and meanwhile someone puts the file again. */
static bool
keep_and_put_again(struct ctx *cx, struct str hash UNUSED)
{
    struct str h;
    assert_int_equal(blobs_put(cx, STR("orphan"), &h), ERR_OK);
    return false;
}

static void
test_collect_removes_old_orphans_only(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str kept;
    struct str orphan;
    struct str young;
    struct str got;
    int64_t n = -1;
    ASSERT_OK(cx, blobs_collect(cx, DAY_US, keep_named, &n));
    assert_int_equal(n, 0);
    ASSERT_OK(cx, blobs_put(cx, STR("kept"), &kept));
    ASSERT_OK(cx, blobs_put(cx, STR("orphan"), &orphan));
    sys_clock_fake_step(&env->clock, 2 * DAY_US);
    ASSERT_OK(cx, blobs_put(cx, STR("young"), &young));
    cx->trace_id = kept;
    ASSERT_OK(cx, blobs_collect(cx, DAY_US, keep_named, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(cx, blobs_get(cx, kept, 100, &got));
    ASSERT_OK(cx, blobs_get(cx, young, 100, &got));
    assert_int_equal(blobs_get(cx, orphan, 100, &got), ERR_NOT_FOUND);
    test_env_free(env);
}

static void
test_collect_spares_what_is_put_again_meanwhile(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str orphan;
    struct str got;
    int64_t n = -1;
    ASSERT_OK(cx, blobs_put(cx, STR("orphan"), &orphan));
    sys_clock_fake_step(&env->clock, 2 * DAY_US);
    ASSERT_OK(cx, blobs_collect(cx, DAY_US, keep_and_put_again, &n));
    assert_int_equal(n, 0);
    ASSERT_OK(cx, blobs_get(cx, orphan, 100, &got));
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_twice_keeps_one_and_get_gives_it_back),
        cmocka_unit_test(test_get_hostile_or_unknown_name_is_not_found),
        cmocka_unit_test(test_get_changed_content_is_io_error),
        cmocka_unit_test(test_put_file_moves_the_spool_file),
        cmocka_unit_test(test_put_inside_a_transaction_is_refused),
        cmocka_unit_test(test_collect_removes_old_orphans_only),
        cmocka_unit_test(test_collect_spares_what_is_put_again_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
