/* Tests of base/: arena, strings, builder, dates. */
#include "base/buf.h"
#include "base/ctx.h"
#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
test_arena_over_quota_is_marked(void **state)
{
    (void)state;
    struct arena *a = arena_open(100);
    memset(arena_alloc(a, 64), 1, 64);
    assert_false(arena_is_over(a));
    memset(arena_alloc(a, 100000), 1, 100000);
    assert_true(arena_is_over(a));
    arena_reset(a);
    assert_false(arena_is_over(a));
    arena_close(a);
}

static void
test_str_next_splits_and_ends(void **state)
{
    (void)state;
    struct str rest = STR("a,,b");
    struct str part;
    assert_true(str_next(&rest, ',', &part) && str_eq(part, STR("a")));
    assert_true(str_next(&rest, ',', &part) && part.n == 0);
    assert_true(str_next(&rest, ',', &part) && str_eq(part, STR("b")));
    assert_false(str_next(&rest, ',', &part));
}

static void
test_str_visible_n_stops_at_each_other_byte(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 20; at++) {
            char s[20];
            memset(s, '~', sizeof(s));
            s[at] = (char)c;
            size_t want = c >= 0x20 && c < 0x7F ? sizeof(s) : at;
            assert_int_equal(str_visible_n((struct str){ s, sizeof(s) }), want);
        }
    }
    assert_int_equal(str_visible_n(STR("")), 0);
}

static void
test_str_is_utf8_refuses_bad_sequences(void **state)
{
    (void)state;
    assert_true(str_is_utf8(STR("Đăng ký khai sinh \xF0\x9F\x8C\xBE")));
    assert_false(str_is_utf8(STR("\xC0\x80")));
    assert_false(str_is_utf8(STR("\xED\xA0\x80")));
    assert_false(str_is_utf8(STR("\xE1\xBB")));
    for (size_t at = 0; at < 20; at++) { /* also behind and within what is looked at together */
        char s[20];
        memset(s, 'a', sizeof(s));
        s[at] = '\xC0';
        assert_false(str_is_utf8((struct str){ s, sizeof(s) }));
    }
}

static void
test_str_to_i64_range_and_overflow(void **state)
{
    (void)state;
    int64_t v = 7;
    assert_true(str_to_i64(STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &v));
    assert_true(v == INT64_MIN);
    assert_false(str_to_i64(STR("9223372036854775808"), INT64_MIN, INT64_MAX, &v));
    assert_false(str_to_i64(STR("12a"), 0, 100, &v));
    assert_false(str_to_i64(STR(""), 0, 100, &v));
    assert_false(str_to_i64(STR("101"), 0, 100, &v));
}

static void
test_str_replace_all(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_true(str_eq(str_replace(a, STR("a{n}b{n}"), STR("{n}"), STR("12")), STR("a12b12")));
    assert_true(str_eq(str_replace(a, STR("abc"), STR("x"), STR("")), STR("abc")));
    arena_close(a);
}

static void
test_buf_over_max_is_failed_and_empty(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct buf b = buf_new(a, 8);
    buf_add(&b, STR("1234"));
    buf_add_i64(&b, -567);
    assert_true(str_eq(buf_str(&b), STR("1234-567")));
    buf_add_char(&b, 'x');
    assert_true(b.is_failed);
    assert_int_equal(buf_str(&b).n, 0);
    arena_close(a);
}

static void
test_date_round_trip_every_day(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    for (int32_t d = date_of(1899, 12, 31).day; d < date_of(2101, 1, 2).day; d++) {
        struct civil c = date_civil((struct date){ d });
        assert_int_equal(date_of(c.year, c.month, c.mday).day, d);
    }
    assert_int_equal(date_weekday(date_of(2026, 11, 22)), 7);
    struct date r;
    assert_false(date_parse(STR("2026-02-29"), &r));
    assert_true(date_parse(STR("2028-02-29"), &r));
    int64_t at = 0;
    assert_true(date_parse_instant(STR("2026-11-22T08:30:00+07:00"), &at));
    assert_true(str_eq(date_iso_instant_vn(a, at), STR("2026-11-22T08:30:00+07:00")));
    assert_true(date_to_us_vn(date_of(2026, 11, 22), 8 * 3600 + 1800) == at);
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_over_quota_is_marked),
        cmocka_unit_test(test_str_next_splits_and_ends),
        cmocka_unit_test(test_str_visible_n_stops_at_each_other_byte),
        cmocka_unit_test(test_str_is_utf8_refuses_bad_sequences),
        cmocka_unit_test(test_str_to_i64_range_and_overflow),
        cmocka_unit_test(test_str_replace_all),
        cmocka_unit_test(test_buf_over_max_is_failed_and_empty),
        cmocka_unit_test(test_date_round_trip_every_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
