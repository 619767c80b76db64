/* test_viet.c: keys of Vietnamese words. */
#include "codec/vn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
assert_str(struct str got, const char *want)
{
    if (!str_eq(got, str_of(want))) {
        fail_msg("got '%.*s', want '%s'", (int)got.n, got.p, want);
    }
}

static void
test_vn_name_key_two_tone_places_are_equal(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_true(str_eq(vn_name_key(a, STR("Thanh Hoá")), vn_name_key(a, STR("thanh  Hóa"))));
    assert_true(str_eq(vn_name_key(a, STR("Thuỷ-Nguyên")), vn_name_key(a, STR("Thủy Nguyên"))));
    assert_false(str_eq(vn_name_key(a, STR("Đak Ơ")), vn_name_key(a, STR("Đăk Ơ"))));
    assert_false(str_eq(vn_name_key(a, STR("Tân Lợi")), vn_name_key(a, STR("Tân Lội"))));
    arena_close(a);
}

static void
test_vn_search_key_marks_case_and_codes(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_str(vn_search_key(a, STR("  Đăng ký KHAI-SINH, lần 2! ")), "dang ky khai sinh lan 2");
    assert_str(vn_search_key(a, STR("Đăng ky\xcc\x81")), "dang ky");
    assert_str(vn_search_key(a, STR("mã 1.004873.")), "ma 1.004873");
    assert_str(vn_search_key(a, STR("S'tiêng, Ê-đê, M'nông Bŭ Đăng")),
               "s tieng e de m nong bu dang");
    assert_str(vn_search_key(a, STR("\xff\xc3(\xe1\xba")), "");
    assert_str(vn_search_key(a, STR("日本")), "");
    arena_close(a);
}

static void
test_vn_sort_key_alphabet_then_tone(void **state)
{
    (void)state;
    static const char *const sorted[] = { "An Lộc",   "Ăn",     "Ân",       "Bà",        "Bả",
                                          "Bã",       "Bá",     "Bạ",       "Bù Đăng",   "Bù Đốp",
                                          "Dân",      "Đa Kia", "Đồng Phú", "Đồng Xoài", "Lộc An",
                                          "Lộc Ninh", "Uy",     "Ư" };
    struct arena *a = arena_open(0);
    for (size_t i = 1; i < COUNT_OF(sorted); i++) {
        struct str x = vn_sort_key(a, str_of(sorted[i - 1]));
        if (str_cmp(x, vn_sort_key(a, str_of(sorted[i]))) >= 0) {
            fail_msg("%s not before %s", sorted[i - 1], sorted[i]);
        }
    }
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vn_name_key_two_tone_places_are_equal),
        cmocka_unit_test(test_vn_search_key_marks_case_and_codes),
        cmocka_unit_test(test_vn_sort_key_alphabet_then_tone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
