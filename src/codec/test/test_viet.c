/* test_viet.c: Vietnamese letters. The decomposed text below is what Unicode's NFD makes of the 146. */
#include "codec/viet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char composed[] =
    "aáàảãạăắằẳẵặâấầẩẫậeéèẻẽẹêếềểễệiíìỉĩị"
    "oóòỏõọôốồổỗộơớờởỡợuúùủũụưứừửữựyýỳỷỹỵ"
    "AÁÀẢÃẠĂẮẰẲẴẶÂẤẦẨẪẬEÉÈẺẼẸÊẾỀỂỄỆIÍÌỈĨỊ"
    "OÓÒỎÕỌÔỐỒỔỖỘƠỚỜỞỠỢUÚÙỦŨỤƯỨỪỬỮỰYÝỲỶỸỴ"
    "đĐ";
static const char decomposed[] =
        "aa\xcc\x81" "a\xcc\x80" "a\xcc\x89" "a\xcc\x83" "a\xcc\xa3" "a\xcc\x86" "a\xcc\x86" "\xcc\x81" "a\xcc\x86" "\xcc\x80" "a\xcc\x86" "\xcc\x89" "a\xcc\x86"
        "\xcc\x83" "a\xcc\xa3" "\xcc\x86" "a\xcc\x82" "a\xcc\x82" "\xcc\x81" "a\xcc\x82" "\xcc\x80" "a\xcc\x82" "\xcc\x89" "a\xcc\x82" "\xcc\x83" "a\xcc\xa3" "\xcc\x82" "ee\xcc\x81"
        "e\xcc\x80" "e\xcc\x89" "e\xcc\x83" "e\xcc\xa3" "e\xcc\x82" "e\xcc\x82" "\xcc\x81" "e\xcc\x82" "\xcc\x80" "e\xcc\x82" "\xcc\x89" "e\xcc\x82" "\xcc\x83" "e\xcc\xa3"
        "\xcc\x82" "ii\xcc\x81" "i\xcc\x80" "i\xcc\x89" "i\xcc\x83" "i\xcc\xa3" "oo\xcc\x81" "o\xcc\x80" "o\xcc\x89" "o\xcc\x83" "o\xcc\xa3" "o"
        "\xcc\x82" "o\xcc\x82" "\xcc\x81" "o\xcc\x82" "\xcc\x80" "o\xcc\x82" "\xcc\x89" "o\xcc\x82" "\xcc\x83" "o\xcc\xa3" "\xcc\x82" "o\xcc\x9b" "o\xcc\x9b" "\xcc\x81" "o\xcc\x9b" "\xcc\x80"
        "o\xcc\x9b" "\xcc\x89" "o\xcc\x9b" "\xcc\x83" "o\xcc\x9b" "\xcc\xa3" "uu\xcc\x81" "u\xcc\x80" "u\xcc\x89" "u\xcc\x83" "u\xcc\xa3" "u\xcc\x9b" "u\xcc\x9b"
        "\xcc\x81" "u\xcc\x9b" "\xcc\x80" "u\xcc\x9b" "\xcc\x89" "u\xcc\x9b" "\xcc\x83" "u\xcc\x9b" "\xcc\xa3" "yy\xcc\x81" "y\xcc\x80" "y\xcc\x89" "y\xcc\x83" "y\xcc\xa3"
        "AA\xcc\x81" "A\xcc\x80" "A\xcc\x89" "A\xcc\x83" "A\xcc\xa3" "A\xcc\x86" "A\xcc\x86" "\xcc\x81" "A\xcc\x86" "\xcc\x80" "A\xcc\x86" "\xcc\x89" "A\xcc\x86"
        "\xcc\x83" "A\xcc\xa3" "\xcc\x86" "A\xcc\x82" "A\xcc\x82" "\xcc\x81" "A\xcc\x82" "\xcc\x80" "A\xcc\x82" "\xcc\x89" "A\xcc\x82" "\xcc\x83" "A\xcc\xa3" "\xcc\x82" "EE\xcc\x81"
        "E\xcc\x80" "E\xcc\x89" "E\xcc\x83" "E\xcc\xa3" "E\xcc\x82" "E\xcc\x82" "\xcc\x81" "E\xcc\x82" "\xcc\x80" "E\xcc\x82" "\xcc\x89" "E\xcc\x82" "\xcc\x83" "E\xcc\xa3"
        "\xcc\x82" "II\xcc\x81" "I\xcc\x80" "I\xcc\x89" "I\xcc\x83" "I\xcc\xa3" "OO\xcc\x81" "O\xcc\x80" "O\xcc\x89" "O\xcc\x83" "O\xcc\xa3" "O"
        "\xcc\x82" "O\xcc\x82" "\xcc\x81" "O\xcc\x82" "\xcc\x80" "O\xcc\x82" "\xcc\x89" "O\xcc\x82" "\xcc\x83" "O\xcc\xa3" "\xcc\x82" "O\xcc\x9b" "O\xcc\x9b" "\xcc\x81" "O\xcc\x9b" "\xcc\x80"
        "O\xcc\x9b" "\xcc\x89" "O\xcc\x9b" "\xcc\x83" "O\xcc\x9b" "\xcc\xa3" "UU\xcc\x81" "U\xcc\x80" "U\xcc\x89" "U\xcc\x83" "U\xcc\xa3" "U\xcc\x9b" "U\xcc\x9b"
        "\xcc\x81" "U\xcc\x9b" "\xcc\x80" "U\xcc\x9b" "\xcc\x89" "U\xcc\x9b" "\xcc\x83" "U\xcc\x9b" "\xcc\xa3" "YY\xcc\x81" "Y\xcc\x80" "Y\xcc\x89" "Y\xcc\x83" "Y\xcc\xa3"
        "\xc4\x91" "\xc4\x90";

static void
assert_str(struct str got, const char *want)
{
    if (!str_eq(got, str_of(want))) {
        fail_msg("got '%.*s', want '%s'", (int)got.n, got.p, want);
    }
}

static void
test_viet_nfc_every_letter_is_unicodes(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_str(viet_nfc(a, str_of(decomposed)), composed);
    assert_str(viet_nfc(a, str_of(composed)), composed);
    assert_str(viet_nfc(a, STR("a\xcc\xa3\xcc\x82 x\xcc\x81")), "ậ x\xcc\x81");
    assert_str(viet_nfc(a, STR("")), "");
    assert_null(viet_nfc(a, STR_NULL).p);
    arena_close(a);
}

static void
test_viet_lower_every_letter(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str s = viet_lower(a, str_of(composed));
    size_t half = s.n / 2;
    assert_true(half > 100);
    assert_str(viet_lower(a, STR("ĐƯỜNG Quốc LỘ 14")), "đường quốc lộ 14");
    assert_str(viet_lower(a, STR("日本 ×÷")), "日本 ×÷");
    arena_close(a);
}

static void
test_viet_name_key_two_tone_places_are_equal(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_true(str_eq(viet_name_key(a, STR("Thanh Hoá")), viet_name_key(a, STR("thanh  Hóa"))));
    assert_true(str_eq(viet_name_key(a, STR("Thuỷ-Nguyên")), viet_name_key(a, STR("Thủy Nguyên"))));
    assert_false(str_eq(viet_name_key(a, STR("Đak Ơ")), viet_name_key(a, STR("Đăk Ơ"))));
    assert_false(str_eq(viet_name_key(a, STR("Tân Lợi")), viet_name_key(a, STR("Tân Lội"))));
    arena_close(a);
}

static void
test_viet_fold_marks_case_and_codes(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_str(viet_fold(a, STR("  Đăng ký KHAI-SINH, lần 2! ")), "dang ky khai sinh lan 2");
    assert_str(viet_fold(a, STR("Đăng ky\xcc\x81")), "dang ky");
    assert_str(viet_fold(a, STR("mã 1.004873.")), "ma 1.004873");
    assert_str(viet_fold(a, STR("S'tiêng, Ê-đê, M'nông Bŭ Đăng")), "s tieng e de m nong bu dang");
    assert_str(viet_fold(a, STR("\xff\xc3(\xe1\xba")), "");
    assert_str(viet_fold(a, STR("日本")), "");
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_viet_nfc_every_letter_is_unicodes),
        cmocka_unit_test(test_viet_lower_every_letter),
        cmocka_unit_test(test_viet_name_key_two_tone_places_are_equal),
        cmocka_unit_test(test_viet_fold_marks_case_and_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
