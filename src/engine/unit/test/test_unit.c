/* test_unit.c: units on the real pack (111 communes to 40 units, then three wards) and on made
 * ones. */
#include "engine/unit/unit.h"
#include "lib/harness.h"

static pack_part_fn *const parts[] = { pack_part_site, unit_pack_part };

struct fixture {
    struct test_env *env;
    struct pack *pack;
    struct pack_fault *faults;
    size_t n_faults;
};

static struct fixture
open_real(void)
{
    struct fixture f = { .env = test_env_new() };
    ASSERT_OK(f.env->cx, pack_read_dir(f.env->cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts),
                                       &f.pack, &f.faults, &f.n_faults));
    assert_int_equal(f.n_faults, 0);
    f.env->cx->pack = f.pack;
    return f;
}

#define SITE                                                                                       \
    "{\"id\":\"thu\",\"name\":{\"vi\":\"Thử\"},\"calendar\":\"chung\","                          \
    "\"province\":[{\"unit\":\"1\"}],\"level_kinds\":{\"police\":[\"ca-xa\",\"ca-tinh\"]}}"
#define HEAD                                                                                       \
    "code,name,name_en,type,level,parent,valid_from,valid_to,lat,lon,area_km2,agency_code,check\n"

static struct fixture
open_made(const char *units, const char *links)
{
    struct fixture f = { .env = test_env_new() };
    struct pack_file files[] = {
        { STR("pack.json"), STR(SITE) },
        { STR("units/units.csv"), str_cat(f.env->cx->arena, STR(HEAD), str_of(units)) },
        { STR("units/successions.csv"),
          str_cat(f.env->cx->arena, STR("from_code,from_valid_to,to_code,to_valid_from,kind\n"),
                  str_of(links)) },
    };
    ASSERT_OK(f.env->cx, pack_read_files(f.env->cx, files, COUNT_OF(files), parts, COUNT_OF(parts),
                                         &f.pack, &f.faults, &f.n_faults));
    f.env->cx->pack = f.pack;
    return f;
}

static void
done(struct fixture *f)
{
    pack_free(f->pack);
    test_env_free(f->env);
}

static struct date
day(const char *iso)
{
    struct date d = { 0 };
    assert_true(date_parse(str_of(iso), &d));
    return d;
}

static void
test_at_same_code_before_and_after(void **state)
{
    (void)state;
    struct fixture f = open_real();
    struct ctx *cx = f.env->cx;
    ASSERT_STR(unit_at(cx, STR("25195"), day("2025-06-30"))->name.vi, "Phường Tân Phú");
    ASSERT_STR(unit_at(cx, STR("25195"), day("2025-07-01"))->name.vi, "Phường Bình Phước");
    ASSERT_STR(unit_at(cx, STR("25363"), day("2026-04-29"))->type, "xã");
    ASSERT_STR(unit_at(cx, STR("25363"), day("2026-04-30"))->type, "phường");
    ASSERT_STR(unit_at(cx, STR("25195"), day("2025-07-01"))->key, "25195@2025-07-01");
    ASSERT_STR(unit_by_key(cx, STR("25195@"))->name.vi, "Phường Tân Phú");
    ASSERT_STR(unit_name(cx, STR("25195")), "Phường Bình Phước");
    ASSERT_STR(unit_name(cx, STR("99999@2025-07-01")), "99999@2025-07-01");
    assert_null(unit_at(cx, STR("688"), day("2025-07-01")));
    assert_null(unit_at(cx, STR(""), day("2025-07-01")));
    done(&f);
}

static void
test_list_counts_of_both_times(void **state)
{
    (void)state;
    struct fixture f = open_real();
    struct ctx *cx = f.env->cx;
    const struct unit *const *v = NULL;
    assert_int_equal(unit_list(cx, UNIT_COMMUNE, day("2025-06-30"), &v), 111);
    assert_int_equal(unit_list(cx, UNIT_DISTRICT, day("2025-06-30"), &v), 11);
    assert_int_equal(unit_list(cx, UNIT_DISTRICT, day("2025-07-01"), &v), 0);
    assert_int_equal(unit_list(cx, UNIT_COMMUNE, day("2025-07-01"), &v), 40);
    assert_int_equal(unit_list(cx, UNIT_COMMUNE, day("2026-04-30"), &v), 40);
    ASSERT_STR(v[0]->name.vi, "Phường An Lộc");
    assert_int_equal(unit_children(cx, STR("75"), UNIT_COMMUNE, day("2026-11-22"), &v), 40);
    assert_int_equal(unit_children(cx, STR("688"), UNIT_COMMUNE, day("2025-06-30"), &v), 7);
    assert_true(unit_is_within(cx, unit_at(cx, STR("25195-HCC"), day("2026-11-22")), STR("75"),
                               day("2026-11-22")));
    assert_false(unit_is_within(cx, unit_at(cx, STR("25195"), day("2026-11-22")), STR("70"),
                                day("2026-11-22")));
    done(&f);
}

static void
test_resolve_every_old_commune_has_one_successor(void **state)
{
    (void)state;
    struct fixture f = open_real();
    struct ctx *cx = f.env->cx;
    const struct unit *const *old = NULL;
    size_t n = unit_list(cx, UNIT_COMMUNE, day("2025-06-30"), &old);
    for (size_t i = 0; i < n; i++) {
        const struct unit *const *now = NULL;
        if (unit_resolve(cx, old[i], day("2026-11-22"), &now) != 1) {
            fail_msg(STR_FMT " has no single successor", STR_ARG(old[i]->key));
        }
    }
    const struct unit *const *now = NULL;
    /* Names moved: the old communes of Bình Long, and those that are An Lộc now. */
    assert_int_equal(unit_by_name(cx, STR("Phường An Lộc"), day("2025-06-30"), &old), 1);
    assert_int_equal(unit_resolve(cx, old[0], day("2026-11-22"), &now), 1);
    ASSERT_STR(now[0]->name.vi, "Phường Bình Long");
    assert_int_equal(unit_by_name(cx, STR("thanh luong"), day("2025-06-30"), &old), 1);
    assert_int_equal(unit_resolve(cx, old[0], day("2026-11-22"), &now), 1);
    ASSERT_STR(now[0]->name.vi, "Phường An Lộc");
    /* Two steps: merged, then a ward. And back again. */
    assert_int_equal(
        unit_resolve(cx, unit_at(cx, STR("25363"), day("2025-06-30")), day("2026-11-22"), &now), 1);
    ASSERT_STR(now[0]->key, "25363@2026-04-30");
    assert_true(unit_resolve(cx, now[0], day("2025-06-30"), &old) >= 2);
    ASSERT_STR(unit_end_kind(cx, unit_at(cx, STR("25363"), day("2025-07-01"))), "retype");
    assert_null(unit_end_kind(cx, now[0]).p);
    done(&f);
}

static void
test_resolve_divisions_follow_the_body_above(void **state)
{
    (void)state;
    struct fixture f = open_real();
    struct ctx *cx = f.env->cx;
    const struct unit *const *now = NULL;
    const struct unit *desk = unit_at(cx, STR("25228-1C"), day("2025-06-30"));
    assert_non_null(desk);
    assert_int_equal(unit_resolve(cx, desk, day("2026-11-22"), &now), 1);
    assert_true(unit_is_valid(now[0], day("2026-11-22")));
    assert_true(unit_is_within(cx, now[0], STR("75"), day("2026-11-22")));
    done(&f);
}

static void
test_by_name_two_tone_places_and_types(void **state)
{
    (void)state;
    struct fixture f = open_real();
    struct ctx *cx = f.env->cx;
    const struct unit *const *v = NULL;
    assert_int_equal(unit_by_name(cx, STR("an lộc"), day("2026-11-22"), &v), 1);
    assert_int_equal(unit_by_name(cx, STR("PHƯỜNG AN LỘC"), day("2026-11-22"), &v), 1);
    assert_int_equal(unit_by_name(cx, STR("tan loi"), day("2025-06-30"), &v), 2);
    assert_int_equal(unit_by_name(cx, STR("Tân Tiến"), day("2025-06-30"), &v), 2);
    assert_int_equal(unit_by_name(cx, STR("không có"), day("2026-11-22"), &v), 0);
    assert_int_equal(unit_by_name(cx, STR("Đồng Nai"), day("2026-11-22"), &v), 1);
    done(&f);
}

static void
test_competent_by_level_and_time(void **state)
{
    (void)state;
    struct fixture f = open_real();
    struct ctx *cx = f.env->cx;
    const struct unit *u = NULL;
    struct unit_rule commune = { UNIT_COMMUNE, STR("") };
    struct unit_rule district = { UNIT_DISTRICT, STR("") };
    struct unit_rule justice = { UNIT_DEPARTMENT, STR("so-tu-phap") };
    struct unit_rule province = { UNIT_PROVINCE, STR("") };
    ASSERT_OK(cx, unit_competent(cx, commune, STR("25195@"), day("2026-11-22"), &u));
    ASSERT_STR(u->key, "25195@2025-07-01");
    ASSERT_OK(cx, unit_competent(cx, district, STR("25195"), day("2025-06-30"), &u));
    ASSERT_STR(u->code, "689");
    assert_int_equal(unit_competent(cx, district, STR("25195"), day("2026-11-22"), &u),
                     ERR_NOT_FOUND);
    ASSERT_OK(cx, unit_competent(cx, justice, STR("25405"), day("2026-11-22"), &u));
    ASSERT_STR(u->code, "75-STP");
    ASSERT_OK(cx, unit_competent(cx, province, STR("688@"), day("2026-11-22"), &u));
    ASSERT_STR(u->name.vi, "Thành phố Đồng Nai");
    assert_int_equal(unit_competent(cx, commune, STR("688@"), day("2026-11-22"), &u), ERR_CONFLICT);
    assert_int_equal(unit_competent(cx, commune, STR("nope"), day("2026-11-22"), &u),
                     ERR_NOT_FOUND);
    done(&f);
}

static void
test_competent_police_is_the_nearest_kind(void **state)
{
    (void)state;
    struct fixture f = open_made("1,Tỉnh A,,tỉnh,province,,,,,,,H19,\n"
                                 "2,Xã B,,xã,commune,1,,,,,,,\n"
                                 "3,Xã C,,xã,commune,1,,,,,,,\n"
                                 "1-CA,Công an tỉnh,,ca-tinh,department,1,,,,,,,\n"
                                 "2-CA,Công an xã B,,ca-xa,division,2,,,,,,,\n",
                                 "");
    struct ctx *cx = f.env->cx;
    const struct unit *u = NULL;
    assert_int_equal(f.n_faults, 0);
    ASSERT_OK(cx, unit_competent(cx, (struct unit_rule){ UNIT_POLICE, STR("") }, STR("2"),
                                 day("2026-11-22"), &u));
    ASSERT_STR(u->code, "2-CA");
    ASSERT_OK(cx, unit_competent(cx, (struct unit_rule){ UNIT_POLICE, STR("") }, STR("3"),
                                 day("2026-11-22"), &u));
    ASSERT_STR(u->code, "1-CA");
    done(&f);
}

static void
test_pack_every_fault_is_found(void **state)
{
    (void)state;
    struct fixture f =
        open_made("1,Tỉnh A,,tỉnh,province,,,,,,,H1,\n"               /* 2 agency code */
                  "2,Xã B,,xã,commune,1,2025-07-01,2026-01-01,,,,,\n" /* 3 no successor */
                  "3,Xã C,,xã,comune,1,,,,,,,\n"                      /* 4 level */
                  "4,Xã D,,xã,commune,9,,,,,,,\n"                     /* 5 parent */
                  "5,Xã E,,xã,commune,1,,,x,,,,\n"                    /* 6 lat */
                  "6,Xã G,,xã,commune,1,2026-13-01,,,,,,\n"           /* 7 date */
                  "7,Xã H,,xã,commune,1,,,,,,,\n"
                  "7,Xã I,,xã,commune,1,2026-01-01,,,,,,\n" /* 9 overlap */
                  "8,Xã K,,xã,commune,7,,,,,,,\n"           /* 10 parent level */
                  "9,,,xã,commune,1,,,,,,,\n"               /* 11 name */
                  "10,Xã L,,xã,commune,,,,,,,,\n"           /* 12 no parent */
                  "11,Xã M,,xã\n",                          /* 13 cells */
                  "2,2026-01-01,77,2026-01-02,merge\n"
                  "2,2026-01-01,5,2026-01-02,melt\n");
    static const uint32_t lines[] = { 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13 };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        bool is_found = false;
        for (size_t k = 0; k < f.n_faults; k++) {
            assert_true(f.faults[k].remedy.n > 0);
            is_found = is_found || (str_eq(f.faults[k].file, STR("units/units.csv")) &&
                                    f.faults[k].line == lines[i]);
        }
        if (!is_found) {
            fail_msg("no fault told for line %u", lines[i]);
        }
    }
    assert_true(f.n_faults >= COUNT_OF(lines) + 2);
    done(&f);
}

struct number_job {
    const struct unit *unit;
    struct date on;
    struct str number;
    bool is_failing;
};

static enum err
number_tx(struct ctx *cx, void *arg)
{
    struct number_job *job = arg;
    TRY(unit_next_number(cx, job->unit, job->on, &job->number));
    return job->is_failing ? err_set(cx, ERR_CONFLICT, "wanted") : ERR_OK;
}

static void
test_next_number_counts_per_unit_and_day(void **state)
{
    (void)state;
    struct fixture f = open_real();
    struct ctx *cx = f.env->cx;
    struct number_job a = { unit_at(cx, STR("75"), day("2026-11-22")), day("2026-11-22"), STR_NULL,
                            false };
    struct number_job b = { unit_at(cx, STR("25405"), day("2026-11-22")), day("2026-11-22"),
                            STR_NULL, false };
    ASSERT_OK(cx, store_write(cx, number_tx, &a));
    ASSERT_STR(a.number, "H19-261122-0001");
    ASSERT_OK(cx, store_write(cx, number_tx, &a));
    ASSERT_STR(a.number, "H19-261122-0002");
    a.is_failing = true;
    assert_int_equal(store_write(cx, number_tx, &a), ERR_CONFLICT);
    a.is_failing = false;
    ASSERT_OK(cx, store_write(cx, number_tx, &a));
    ASSERT_STR(a.number, "H19-261122-0003");
    ASSERT_OK(cx, store_write(cx, number_tx, &b));
    ASSERT_STR(b.number, "25405-261122-0001");
    a.on = day("2026-11-23");
    ASSERT_OK(cx, store_write(cx, number_tx, &a));
    ASSERT_STR(a.number, "H19-261123-0001");
    done(&f);
}

static void
test_number_parse_both_forms(void **state)
{
    (void)state;
    struct str agency;
    struct str when;
    int64_t seq = 0;
    assert_true(unit_number_parse(STR("H10.12-250101-0001"), &agency, &when, &seq));
    ASSERT_STR(agency, "H10.12");
    assert_true(unit_number_parse(STR("G09.20-20260609-0092637"), &agency, &when, &seq));
    assert_int_equal(seq, 92637);
    assert_true(unit_number_parse(STR("25195-HCC-261122-0001"), &agency, &when, &seq));
    ASSERT_STR(agency, "25195-HCC");
    assert_false(unit_number_parse(STR("H10-2501-0001"), &agency, &when, &seq));
    assert_false(unit_number_parse(STR("-250101-0001"), &agency, &when, &seq));
    assert_false(unit_number_parse(STR("H10-250101-001"), &agency, &when, &seq));
    assert_false(unit_number_parse(STR(""), &agency, &when, &seq));
}

static void
test_place_is_the_bare_name_of_the_territory(void **state)
{
    (void)state;
    struct fixture f = open_real();
    static const char *const want[][2] = { { "25405", "Bom Bo" },
                                           { "25405-CA", "Bom Bo" },
                                           { "25405-KT", "Bom Bo" },
                                           { "75", "Đồng Nai" },
                                           { "75-TTHCC", "Đồng Nai" } };
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        const struct unit *u = unit_at(f.env->cx, str_of(want[i][0]), day("2026-11-22"));
        assert_non_null(u);
        struct str place = unit_place(f.env->cx, u, day("2026-11-22"));
        assert_true(str_eq(place, str_of(want[i][1])));
    }
    done(&f);
}

static void
test_agency_code_forms(void **state)
{
    (void)state;
    assert_true(unit_agency_code_is_valid(STR("H19")));
    assert_true(unit_agency_code_is_valid(STR("H37.02.02")));
    assert_true(unit_agency_code_is_valid(STR("000.00.00.H49")));
    assert_false(unit_agency_code_is_valid(STR("H1")));
    assert_false(unit_agency_code_is_valid(STR("H19.1234")));
    assert_false(unit_agency_code_is_valid(STR("H19.1.2.3.4.5")));
    assert_false(unit_agency_code_is_valid(STR("")));
    assert_true(unit_agency_code_eq(STR("H37.02.02"), STR("H37.2.2")));
    assert_false(unit_agency_code_eq(STR("H37.2"), STR("H37.2.0")));
    assert_false(unit_agency_code_eq(STR("H37.2"), STR("H38.2")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_same_code_before_and_after),
        cmocka_unit_test(test_list_counts_of_both_times),
        cmocka_unit_test(test_resolve_every_old_commune_has_one_successor),
        cmocka_unit_test(test_resolve_divisions_follow_the_body_above),
        cmocka_unit_test(test_by_name_two_tone_places_and_types),
        cmocka_unit_test(test_competent_by_level_and_time),
        cmocka_unit_test(test_competent_police_is_the_nearest_kind),
        cmocka_unit_test(test_pack_every_fault_is_found),
        cmocka_unit_test(test_next_number_counts_per_unit_and_day),
        cmocka_unit_test(test_number_parse_both_forms),
        cmocka_unit_test(test_place_is_the_bare_name_of_the_territory),
        cmocka_unit_test(test_agency_code_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
