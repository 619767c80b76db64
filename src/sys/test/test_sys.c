/* Tests of sys/: clocks, random, files, folders, the lock. */
#include "sys/sys.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct ctx *
cx_new(void)
{
    struct ctx *cx = calloc(1, sizeof(*cx));
    cx->arena = arena_open(0);
    cx->clock = &sys_clock_real;
    cx->random = &sys_random_real;
    return cx;
}

static void
cx_free(struct ctx *cx)
{
    arena_close(cx->arena);
    free(cx);
}

static void
test_clock_fake_stands_still_and_mono_never_goes_back(void **state)
{
    (void)state;
    struct sys_clock_fake f;
    sys_clock_fake_init(&f, 5000000);
    struct ctx cx = { .clock = &f.base };
    int64_t mono = sys_mono_us(&cx);
    assert_true(sys_now_us(&cx) == 5000000);
    sys_clock_fake_step(&f, -1000000);
    assert_true(sys_now_us(&cx) == 4000000);
    assert_true(sys_mono_us(&cx) == mono);
    sys_clock_fake_step(&f, 10);
    assert_true(sys_mono_us(&cx) == mono + 10);
}

static void
test_random_seeded_repeats_and_code_has_no_lookalikes(void **state)
{
    (void)state;
    struct ctx *cx = cx_new();
    struct sys_random_seeded r;
    cx->random = &r.base;
    sys_random_seed(&r, 42);
    struct str a = sys_random_code(cx, 200);
    sys_random_seed(&r, 42);
    struct str b = sys_random_code(cx, 200);
    assert_true(str_eq(a, b));
    for (size_t i = 0; i < a.n; i++) {
        assert_false(str_has_char(STR("ILOU"), a.p[i]));
    }
    cx->random = &sys_random_real;
    assert_false(str_eq(sys_random_code(cx, 20), sys_random_code(cx, 20)));
    cx_free(cx);
}

static void
test_file_write_read_move_copy_remove(void **state)
{
    (void)state;
    struct ctx *cx = cx_new();
    struct str dir;
    assert_int_equal(sys_temp_dir(cx, &dir), ERR_OK);
    struct str deep = str_cat(cx->arena, dir, STR("/a/b"));
    assert_int_equal(sys_mkdirs(cx, deep), ERR_OK);
    assert_int_equal(sys_mkdirs(cx, deep), ERR_OK);
    struct str f = str_cat(cx->arena, deep, STR("/f"));
    struct str g = str_cat(cx->arena, dir, STR("/g"));
    struct str got;
    assert_int_equal(sys_file_read(cx, f, 100, &got), ERR_NOT_FOUND);
    assert_int_equal(sys_file_write(cx, f, STR("xin chào")), ERR_OK);
    assert_int_equal(sys_file_write(cx, f, STR("xin")), ERR_OK);
    assert_int_equal(sys_file_read(cx, f, 2, &got), ERR_TOO_LARGE);
    assert_int_equal(sys_file_read(cx, f, 3, &got), ERR_OK);
    assert_true(str_eq(got, STR("xin")));
    assert_int_equal(sys_file_copy(cx, f, g), ERR_OK);
    assert_int_equal(sys_file_move(cx, f, str_cat(cx->arena, dir, STR("/h"))), ERR_OK);
    assert_false(sys_file_exists(cx, f));
    struct sys_entry *v;
    size_t n;
    assert_int_equal(sys_dir_list(cx, dir, &v, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_true(str_eq(v[0].name, STR("a")) && v[0].is_dir);
    assert_true(str_eq(v[1].name, STR("g")) && !v[1].is_dir);
    assert_true(str_eq(v[2].name, STR("h")));
    assert_int_equal(sys_file_remove(cx, g), ERR_OK);
    assert_int_equal(sys_file_remove(cx, g), ERR_OK);
    assert_int_equal(sys_remove_tree(cx, dir), ERR_OK);
    assert_false(sys_file_exists(cx, dir));
    cx_free(cx);
}

static void
test_lock_open_second_is_busy(void **state)
{
    (void)state;
    struct ctx *cx = cx_new();
    struct str dir;
    assert_int_equal(sys_temp_dir(cx, &dir), ERR_OK);
    struct str path = str_cat(cx->arena, dir, STR("/lock"));
    struct sys_lock *a = NULL;
    struct sys_lock *b = NULL;
    assert_int_equal(sys_lock_open(cx, path, &a), ERR_OK);
    assert_int_equal(sys_lock_open(cx, path, &b), ERR_BUSY);
    assert_null(b);
    sys_lock_close(a);
    assert_int_equal(sys_lock_open(cx, path, &b), ERR_OK);
    sys_lock_close(b);
    assert_int_equal(sys_remove_tree(cx, dir), ERR_OK);
    cx_free(cx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_fake_stands_still_and_mono_never_goes_back),
        cmocka_unit_test(test_random_seeded_repeats_and_code_has_no_lookalikes),
        cmocka_unit_test(test_file_write_read_move_copy_remove),
        cmocka_unit_test(test_lock_open_second_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
