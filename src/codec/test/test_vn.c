/* Tests of vn: Vietnamese text. */
#include "codec/vn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SAME(x, y) assert_string_equal(str_z(a, (x)), (y))

static void
test_vn_nfc_composes_marks_in_any_order(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    SAME(vn_nfc(a, STR("Nguye\u0302\u0303n")), "Nguyễn");
    SAME(vn_nfc(a, STR("Nguye\u0303\u0302n")), "Nguyễn");
    SAME(vn_nfc(a, STR("Nguyê\u0303n")), "Nguyễn");
    SAME(vn_nfc(a, STR("Nguyẽ\u0302n")), "Nguyễn");
    SAME(vn_nfc(a, STR("U\u031B\u0301 u\u0323\u031B")), "Ứ ự");
    SAME(vn_nfc(a, STR("a\u0306\u0323 A\u0323\u0302")), "ặ Ậ");
    SAME(vn_nfc(a, STR("a\u0341")), "á");
    SAME(vn_nfc(a, STR("S'tie\u0306ng n\u0303 o\u0306\u0302 O\u0306")), "S'tiĕng ñ ŏ\u0302 Ŏ");
    SAME(vn_nfc(a, STR("o\u0302\u0306\u0323")), "ộ\u0306");
    SAME(vn_nfc(a, STR("x\u0301y\u0301\u0301")), "x\u0301ý\u0301");
    arena_close(a);
}

static void
test_vn_nfc_unchanged_text_is_returned_itself(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str s = STR("Đồng Xoài \xFF \xF0\x9F\x8C\xBE ខ្មែរ");
    assert_ptr_equal(vn_nfc(a, s).p, s.p);
    struct str marked = STR("x\u0301");
    assert_ptr_equal(vn_nfc(a, marked).p, marked.p);
    assert_true(str_eq(vn_nfc(a, STR("\xFF"
                                     "e\u0301\xE1")),
                       STR("\xFF"
                           "é\xE1")));
    arena_close(a);
}

static void
test_vn_lower_upper_whole_alphabet(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    const char *low = "aàáãảạăằắẵẳặâầấẫẩậbcdđeèéẽẻẹêềếễểệghiìíĩỉịklmnoòóõỏọôồốỗổộơờớỡởợpqrstuùúũủụư"
                      "ừứữửựvxyỳýỹỷỵ ñŏĕŭč";
    const char *up = "AÀÁÃẢẠĂẰẮẴẲẶÂẦẤẪẨẬBCDĐEÈÉẼẺẸÊỀẾỄỂỆGHIÌÍĨỈỊKLMNOÒÓÕỎỌÔỒỐỖỔỘƠỜỚỠỞỢPQRSTUÙÚŨỦỤƯỪ"
                     "ỨỮỬỰVXYỲÝỸỶỴ ÑŎĔŬČ";
    SAME(vn_lower(a, str_of(up)), low);
    SAME(vn_upper(a, str_of(low)), up);
    SAME(vn_lower(a, str_of(low)), low);
    arena_close(a);
}

static void
test_vn_fold_removes_marks(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    SAME(vn_fold(a, STR("ĐỒNG XOÀI, Phước Long – S’tiêng")), "dong xoai, phuoc long - s'tieng");
    SAME(vn_fold(a, STR("Ñŏ\u0302 č Nguye\u0302\u0303n")), "no c nguyen");
    SAME(vn_fold(a,
                 STR("aàáãảạăằắẵẳặâầấẫẩậđeèéẽẻẹêềếễểệiìíĩỉịoòóõỏọôồốỗổộơờớỡởợuùúũủụưừứữửựyỳýỹỷỵ")),
         "aaaaaaaaaaaaaaaaaadeeeeeeeeeeeeiiiiiioooooooooooooooooouuuuuuuuuuuuyyyyyy");
    arena_close(a);
}

static void
test_vn_tone_place_one_spelling(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    SAME(vn_tone_place(a, STR("Hoà hoè thuỷ UỶ BAN HOÁ khoẻ")), "Hòa hòe thủy ỦY BAN HÓA khỏe");
    SAME(vn_tone_place(a, STR("hòa quý Quỳ hoàn thuyền ngoài toàn quỹ khuỷu")),
         "hòa quý Quỳ hoàn thuyền ngoài toàn quỹ khuỷu");
    assert_true(vn_equal(a, STR(" Lê  HOÀ "), STR("lê hòa")));
    assert_false(vn_equal(a, STR("Lê Hoa"), STR("lê hòa")));
    arena_close(a);
}

static void
test_vn_squeeze_and_length(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    SAME(vn_squeeze(a, STR("  Điểu \t\u00A0 K\u2019rê\n")), "Điểu K’rê");
    SAME(vn_squeeze(a, STR(" \n ")), "");
    assert_int_equal(vn_length(STR("Điểu\xFF")), 5);
    arena_close(a);
}

static void
test_vn_is_name_forms(void **state)
{
    (void)state;
    static const char *const good[] = { "Nguyễn Thị Ánh",   "Điểu K'Rê",  "Thị B’Lơi", "Y Bhĭm Niê",
                                        "Lâm Sa-Rây",       "Kim St. Ny", "H'Hen Niê", "An",
                                        "S’Tiêng Ŏ\u0302n", "Jr." };
    static const char *const bad[] = { "",    "A",   " An",   "An ", "An  Bình", "An1",  "An@b",
                                       "<b>", "'An", "An--B", "-",   "An'",      "张\n", "An\tB" };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!vn_is_name(str_of(good[i]), 100)) {
            fail_msg("refused: %s", good[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (vn_is_name(str_of(bad[i]), 100)) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    assert_false(vn_is_name(STR("Nguyễn"), 5));
    assert_true(vn_is_name(STR("Nguyễn"), 6));
}

static void
test_vn_distance_counts_edits(void **state)
{
    (void)state;
    assert_int_equal(vn_distance(STR("khai sinh"), STR("khai sinh"), 3), 0);
    assert_int_equal(vn_distance(STR("kahi"), STR("khai"), 3), 1);
    assert_int_equal(vn_distance(STR("giay"), STR("giy"), 3), 1);
    assert_int_equal(vn_distance(STR("đất"), STR("đát"), 3), 1);
    assert_int_equal(vn_distance(STR("abcdef"), STR("xyzuvw"), 2), 3);
    assert_int_equal(vn_distance(STR(""), STR("ab"), 3), 2);
    assert_int_equal(vn_distance(STR("a"), STR("abcdef"), 3), 4);
    assert_int_equal(vn_distance(STR("ab"), STR("ba"), 0), 1);
    assert_int_equal(vn_distance(STR("kitten"), STR("sitting"), 5), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vn_nfc_composes_marks_in_any_order),
        cmocka_unit_test(test_vn_nfc_unchanged_text_is_returned_itself),
        cmocka_unit_test(test_vn_lower_upper_whole_alphabet),
        cmocka_unit_test(test_vn_fold_removes_marks),
        cmocka_unit_test(test_vn_tone_place_one_spelling),
        cmocka_unit_test(test_vn_squeeze_and_length),
        cmocka_unit_test(test_vn_is_name_forms),
        cmocka_unit_test(test_vn_distance_counts_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
