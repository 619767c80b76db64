/* test_calendar.c: lunar dates, days, deadlines, on the real calendar of packs/binh-phuoc and on
 * made ones. */
#include "engine/calendar/calendar.h"
#include "engine/unit/unit.h"
#include "lib/harness.h"
#include "store/store.h"

static pack_part_fn *const parts[] = { pack_part_site, pack_part_texts, unit_pack_part,
                                       calendar_pack_part };

static struct pack *
read_pack(struct ctx *cx, const struct pack_file *files, size_t n)
{
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n_faults = 0;
    ASSERT_OK(cx, files != NULL ? pack_read_files(cx, files, n, parts, COUNT_OF(parts), &p, &faults,
                                                  &n_faults)
                                : pack_read_dir(cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts),
                                                &p, &faults, &n_faults));
    for (size_t i = 0; i < n_faults; i++) {
        print_message(STR_FMT ":%u: " STR_FMT "\n", STR_ARG(faults[i].file), faults[i].line,
                      STR_ARG(faults[i].what));
    }
    assert_int_equal(n_faults, 0);
    cx->pack = p;
    return p;
}

static struct date
day(const char *iso)
{
    struct date d = { 0 };
    assert_true(date_parse(str_of(iso), &d));
    return d;
}

static int64_t
at(const char *iso, int32_t h, int32_t m)
{
    return date_to_us_vn(day(iso), h * 3600 + m * 60);
}

#define ASSERT_AT(cx, us, want)                                                                    \
    do {                                                                                           \
        struct str got_ = date_iso_instant_vn((cx)->arena, (us));                                  \
        if (!str_eq(got_, STR(want))) {                                                            \
            fail_msg("%s:%d is " STR_FMT ", not %s", __FILE__, __LINE__, STR_ARG(got_), want);     \
        }                                                                                          \
    } while (0)

/* vietnam-standards 2.5; 1985, 2007 and 2030 differ from the Chinese calendar. */
static void
test_from_lunar_new_years_and_hung_kings(void **state)
{
    (void)state;
    static const struct {
        const char *iso;
        int32_t year, month, mday;
    } known[] = {
        { "1985-01-21", 1985, 1, 1 },  { "2007-02-17", 2007, 1, 1 },  { "2024-02-10", 2024, 1, 1 },
        { "2025-01-29", 2025, 1, 1 },  { "2026-02-17", 2026, 1, 1 },  { "2027-02-06", 2027, 1, 1 },
        { "2028-01-26", 2028, 1, 1 },  { "2029-02-13", 2029, 1, 1 },  { "2030-02-02", 2030, 1, 1 },
        { "2031-01-23", 2031, 1, 1 },  { "2032-02-11", 2032, 1, 1 },  { "2033-01-31", 2033, 1, 1 },
        { "2024-04-18", 2024, 3, 10 }, { "2025-04-07", 2025, 3, 10 }, { "2026-04-26", 2026, 3, 10 },
        { "2027-04-16", 2027, 3, 10 }, { "2028-04-04", 2028, 3, 10 }, { "2029-04-23", 2029, 3, 10 },
        { "2030-04-12", 2030, 3, 10 },
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct lunar l = { .year = known[i].year, .month = known[i].month, .mday = known[i].mday };
        struct date d = { 0 };
        assert_true(calendar_from_lunar(l, &d));
        if (d.day != day(known[i].iso).day) {
            fail_msg("lunar %d-%d-%d is day %d, not %s", l.year, l.month, l.mday, d.day,
                     known[i].iso);
        }
        struct lunar back = calendar_lunar(d);
        assert_int_equal(back.year, l.year);
        assert_int_equal(back.month, l.month);
        assert_int_equal(back.mday, l.mday);
        assert_false(back.is_leap);
    }
}

static void
test_lunar_every_day_comes_back(void **state)
{
    (void)state;
    struct lunar before = calendar_lunar(date_of(1999, 12, 31));
    for (int32_t d = date_of(2000, 1, 1).day; d <= date_of(2060, 1, 1).day; d++) {
        struct lunar l = calendar_lunar((struct date){ d });
        struct date back = { 0 };
        bool is_next = l.mday == before.mday + 1 || (l.mday == 1 && before.mday >= 29);
        if (!is_next || !calendar_from_lunar(l, &back) || back.day != d) {
            fail_msg("day %d: lunar %d-%d-%d leap %d gives %d", d, l.year, l.month, l.mday,
                     l.is_leap, back.day);
        }
        before = l;
    }
}

static void
test_lunar_leap_months(void **state)
{
    (void)state;
    /* Leap months of the Vietnamese calendar: 2020 month 4, 2023 month 2, 2025 month 6, 2028 month
     * 5, 2033 month 11. */
    static const int32_t leaps[][2] = {
        { 2020, 4 }, { 2023, 2 }, { 2025, 6 }, { 2028, 5 }, { 2033, 11 }
    };
    struct date d;
    for (size_t i = 0; i < COUNT_OF(leaps); i++) {
        struct lunar l = { .year = leaps[i][0], .month = leaps[i][1], .mday = 1, .is_leap = true };
        assert_true(calendar_from_lunar(l, &d));
        assert_true(calendar_lunar(d).is_leap);
    }
    assert_false(calendar_from_lunar(
        (struct lunar){ .year = 2026, .month = 6, .mday = 1, .is_leap = true }, &d));
    assert_false(calendar_from_lunar((struct lunar){ .year = 2026, .month = 13, .mday = 1 }, &d));
    assert_false(calendar_from_lunar((struct lunar){ .year = 2026, .month = 1, .mday = 31 }, &d));
}

static bool
is_work(const struct ctx *cx, const char *iso)
{
    struct calendar_day d;
    calendar_day(cx, STR_NULL, day(iso), &d);
    return d.n_spans > 0;
}

static void
test_day_real_pack_holidays_substitutes_and_overrides(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = read_pack(cx, NULL, 0);
    static const char *const off[] = { "2026-01-01", "2026-01-02", "2026-02-16", "2026-02-20",
                                       "2026-04-27", "2026-04-30", "2026-05-01", "2026-08-31",
                                       "2026-09-01", "2026-09-02", "2026-11-24", "2026-11-22",
                                       "2025-01-27", "2025-09-01", "2024-04-29" };
    static const char *const work[] = { "2026-01-10", "2026-08-22", "2026-09-03", "2025-04-26",
                                        "2025-02-03", "2026-11-23", "2024-05-04", "2026-04-28" };
    for (size_t i = 0; i < COUNT_OF(off); i++) {
        if (is_work(cx, off[i])) {
            fail_msg("%s is no working day", off[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(work); i++) {
        if (!is_work(cx, work[i])) {
            fail_msg("%s is a working day", work[i]);
        }
    }
    struct calendar_day d;
    calendar_day(cx, STR_NULL, day("2026-04-27"), &d);
    assert_true(d.is_substitute && d.is_holiday);
    ASSERT_STR(calendar_why_text(cx, &d), "Nghỉ bù Giỗ Tổ Hùng Vương");
    calendar_day(cx, STR_NULL, day("2026-11-24"), &d);
    assert_true(d.is_check);
    struct calendar_special *list = NULL;
    assert_true(calendar_specials(cx, STR_NULL, 2026, &list) >= 15);
    assert_int_equal(calendar_next_work_day(cx, STR_NULL, day("2026-02-14")).day,
                     day("2026-02-23").day);
    pack_free(p);
    test_env_free(env);
}

static void
test_day_unit_calendar_opens_saturday_morning(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = read_pack(cx, NULL, 0);
    assert_false(calendar_is_open(cx, STR("25195"), at("2026-11-21", 9, 0)));
    assert_true(calendar_is_open(cx, STR("75-TTHCC"), at("2026-11-21", 9, 0)));
    assert_true(calendar_is_open(cx, STR("75-TTHCC@2025-07-01"), at("2026-11-21", 9, 0)));
    assert_false(calendar_is_open(cx, STR("75-TTHCC"), at("2026-11-21", 13, 0)));
    assert_false(calendar_is_open(cx, STR_NULL, at("2026-11-23", 11, 30)));
    assert_true(calendar_is_open(cx, STR_NULL, at("2026-11-23", 13, 0)));
    pack_free(p);
    test_env_free(env);
}

static void
test_add_work_half_days_weekends_and_nights(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = read_pack(cx, NULL, 0);
    struct str u = STR_NULL;
    /* 2026-11-19 is a Thursday; the 24th is a holiday. */
    ASSERT_AT(cx, calendar_add_work(cx, u, at("2026-11-19", 10, 0), 8 * 3600),
              "2026-11-20T10:00:00+07:00");
    ASSERT_AT(cx, calendar_add_work(cx, u, at("2026-11-19", 7, 30), 4 * 3600),
              "2026-11-19T11:30:00+07:00");
    ASSERT_AT(cx, calendar_add_work(cx, u, at("2026-11-19", 11, 0), 3600),
              "2026-11-19T13:30:00+07:00");
    ASSERT_AT(cx, calendar_add_work(cx, u, at("2026-11-20", 22, 15), 8 * 3600),
              "2026-11-23T17:00:00+07:00");
    ASSERT_AT(cx, calendar_add_work(cx, u, at("2026-11-23", 16, 0), 2 * 3600),
              "2026-11-25T08:30:00+07:00");
    ASSERT_AT(cx, calendar_add_work(cx, u, at("2026-11-21", 9, 0), 0), "2026-11-23T07:30:00+07:00");
    ASSERT_AT(cx, calendar_add_work(cx, STR("75-TTHCC"), at("2026-11-20", 13, 0), 8 * 3600),
              "2026-11-21T11:30:00+07:00");
    assert_true(calendar_add_work(cx, u, at("2026-11-20", 13, 0), INT64_MAX) >
                at("2036-11-01", 0, 0));
    pack_free(p);
    test_env_free(env);
}

static void
test_work_between_is_inverse_of_add_work(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = read_pack(cx, NULL, 0);
    int64_t from = at("2026-02-10", 9, 17);
    for (int64_t work = 60; work < 400 * 3600; work += 3607) {
        int64_t due = calendar_add_work(cx, STR_NULL, from, work);
        assert_int_equal(calendar_work_between(cx, STR_NULL, from, due), work);
        assert_int_equal(calendar_work_between(cx, STR_NULL, due, from), -work);
    }
    /* A pause: what remains is kept and runs on later. */
    int64_t due = calendar_add_limit(cx, STR_NULL, at("2026-11-16", 9, 0),
                                     (struct calendar_limit){ 5, CALENDAR_WD, 0 });
    int64_t left = calendar_work_between(cx, STR_NULL, at("2026-11-17", 9, 0), due);
    assert_int_equal(left, 4 * CALENDAR_WORK_DAY_S);
    ASSERT_AT(cx, calendar_add_work(cx, STR_NULL, at("2026-11-30", 14, 0), left),
              "2026-12-04T14:00:00+07:00");
    pack_free(p);
    test_env_free(env);
}

static void
test_add_limit_every_unit(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = read_pack(cx, NULL, 0);
    struct calendar_limit same = { 0, CALENDAR_WD, 15 * 3600 };
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-19", 14, 59), same),
              "2026-11-19T17:00:00+07:00");
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-19", 15, 0), same),
              "2026-11-20T17:00:00+07:00");
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-20", 15, 1), same),
              "2026-11-23T17:00:00+07:00");
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-21", 8, 0), same),
              "2026-11-23T17:00:00+07:00");
    same.cutoff_s = 0;
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-19", 16, 59), same),
              "2026-11-19T17:00:00+07:00");
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-19", 17, 0), same),
              "2026-11-20T17:00:00+07:00");
    struct calendar_limit wd = { 3, CALENDAR_WD, 0 };
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-20", 9, 0), wd),
              "2026-11-26T09:00:00+07:00");
    struct calendar_limit days = { 2, CALENDAR_DAY, 0 };
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-20", 9, 0), days),
              "2026-11-23T17:00:00+07:00");
    struct calendar_limit month = { 1, CALENDAR_MONTH, 0 };
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2027-01-31", 9, 0), month),
              "2027-03-01T17:00:00+07:00");
    struct calendar_limit hours = { 8, CALENDAR_HOUR, 0 };
    ASSERT_AT(cx, calendar_add_limit(cx, STR_NULL, at("2026-11-19", 9, 0), hours),
              "2026-11-20T09:00:00+07:00");
    assert_int_equal(calendar_limit_work_s(cx, STR_NULL, at("2026-11-19", 9, 0), hours), 8 * 3600);
    pack_free(p);
    test_env_free(env);
}

static void
test_left_text_and_due_state(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = read_pack(cx, NULL, 0);
    ASSERT_STR(calendar_left_text(cx, 2 * 28800 + 3 * 3600 + 60), "còn 2 ngày 3 giờ làm việc");
    ASSERT_STR(calendar_left_text(cx, 28800), "còn 1 ngày làm việc");
    ASSERT_STR(calendar_left_text(cx, 1799), "còn 30 phút làm việc");
    ASSERT_STR(calendar_left_text(cx, -4 * 3600), "trễ 4 giờ làm việc");
    ASSERT_STR(calendar_left_text(cx, 0), "đã đến hạn");
    ASSERT_STR(calendar_limit_text(cx, (struct calendar_limit){ 3, CALENDAR_WD, 0 }),
               "3 ngày làm việc");
    cx->lang = STR("en");
    ASSERT_STR(calendar_left_text(cx, 28800 + 3600), "1 day 1 hour of working time left");
    int64_t now = at("2026-11-20", 10, 0);
    assert_int_equal(calendar_due_state(cx, STR_NULL, now, now - 1), CALENDAR_LATE);
    assert_int_equal(calendar_due_state(cx, STR_NULL, now, at("2026-11-23", 9, 59)), CALENDAR_SOON);
    assert_int_equal(calendar_due_state(cx, STR_NULL, now, at("2026-11-23", 10, 1)), CALENDAR_FINE);
    pack_free(p);
    test_env_free(env);
}

static enum err
set_today(struct ctx *cx, void *arg)
{
    return calendar_set_today(cx, *(struct str *)arg);
}

static void
test_today_switch_moves_the_date_only_in_the_demo(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str past = STR("2025-06-30");
    struct str wrong = STR("30/6/2025");
    struct str none = STR("");
    env->config.is_demo = false;
    assert_int_equal(calendar_today(cx).day, day("2026-11-23").day);
    assert_int_equal(store_write(cx, set_today, &past), ERR_FORBIDDEN);
    env->config.is_demo = true;
    assert_int_equal(store_write(cx, set_today, &wrong), ERR_INVALID);
    ASSERT_OK(cx, store_write(cx, set_today, &past));
    assert_int_equal(calendar_today(cx).day, day("2025-06-30").day);
    ASSERT_AT(cx, calendar_now_us(cx), "2025-06-30T08:00:00+07:00");
    env->config.is_demo = false;
    assert_int_equal(calendar_today(cx).day, day("2026-11-23").day);
    env->config.is_demo = true;
    ASSERT_OK(cx, store_write(cx, set_today, &none));
    env->config.today = STR("2026-04-30");
    assert_int_equal(calendar_today(cx).day, day("2026-04-30").day);
    test_env_free(env);
}

/* Rows are written in one transaction, as the operator's page does. */
struct set_job {
    const struct calendar_override_new *day;
    int64_t id;
};

static enum err
set_tx(struct ctx *cx, void *arg)
{
    struct set_job *j = arg;
    return calendar_override_add(cx, j->day, &j->id);
}

static enum err
end_tx(struct ctx *cx, void *arg)
{
    struct date unused;
    return calendar_override_end(cx, *(const int64_t *)arg, &unused);
}

static int64_t
set_day(struct ctx *cx, const struct calendar_override_new *day)
{
    struct set_job j = { .day = day };
    assert_true(calendar_override_fits(cx, STR("day"), day));
    ASSERT_OK(cx, store_write(cx, set_tx, &j));
    ASSERT_OK(cx, calendar_overrides_load(cx));
    return j.id;
}

static int32_t
spans_on(struct ctx *cx, struct str unit, struct date d)
{
    struct calendar_day day;
    calendar_day(cx, unit, d, &day);
    return day.n_spans;
}

static bool
is_refused(struct ctx *cx, const struct calendar_override_new *day, const char *key)
{
    cx->n_problems = 0;
    bool is_it =
        !calendar_override_fits(cx, STR("day"), day) && str_eq(cx->problems[0].key, str_of(key));
    cx->n_problems = 0;
    return is_it;
}

static void
test_override_of_an_operator_wins_over_the_pack_until_it_is_undone(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack_set *set = NULL;
    ASSERT_OK(cx, pack_set_open(cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts), &set));
    cx->packs = set;
    env->clock.wall = at("2027-02-01", 8, 0);
    struct date monday = day("2027-03-15");
    struct date saturday = day("2027-03-20");
    struct date holiday = day("2027-09-02");
    const struct str bom_bo = STR("25405");
    int64_t from_us = at("2027-03-12", 13, 0); /* Friday afternoon */
    int64_t due_us = calendar_add_work(cx, bom_bo, from_us, (int64_t)2 * 8 * 3600);

    const struct calendar_override_new off = {
        .day = monday, .is_off = true, .unit = bom_bo, .name = STR("Mất điện"), .reason = STR("x")
    };
    int64_t id = set_day(cx, &off);
    assert_int_equal(spans_on(cx, STR("25405@2025-07-01"), monday), 0);
    assert_int_equal(spans_on(cx, STR("25195"), monday), 2); /* of another unit */
    assert_int_equal(spans_on(cx, STR_NULL, monday), 2);
    int64_t later_us = calendar_add_work(cx, bom_bo, from_us, (int64_t)2 * 8 * 3600);
    assert_true(later_us - due_us == (int64_t)24 * 3600 * 1000000);
    assert_true(is_refused(cx, &off, "calendar.override.same"));

    struct calendar_override_new work = { .day = saturday,
                                          .name = STR("Làm bù"),
                                          .reason = STR("x") };
    work.unit = STR("");
    (void)set_day(cx, &work);
    assert_int_equal(spans_on(cx, STR_NULL, saturday), 2);
    assert_int_equal(spans_on(cx, bom_bo, saturday), 2);
    work.day = holiday; /* worked although the pack has a holiday: its own weekday's hours */
    (void)set_day(cx, &work);
    assert_int_equal(spans_on(cx, STR_NULL, holiday), 2);

    work.day = day("2027-03-16");
    assert_true(is_refused(cx, &work, "calendar.override.worked"));
    work.day = day("2027-01-30");
    assert_true(is_refused(cx, &work, "calendar.override.past"));
    work.day = day("2031-01-04");
    assert_true(is_refused(cx, &work, "calendar.override.far"));
    work.day = day("2027-03-27");
    work.unit = STR("none");
    assert_true(is_refused(cx, &work, "calendar.override.unit"));

    ASSERT_OK(cx, store_write(cx, end_tx, &id));
    ASSERT_OK(cx, calendar_overrides_load(cx));
    assert_int_equal(spans_on(cx, bom_bo, monday), 2);
    assert_int_equal(store_write(cx, end_tx, &id), ERR_CONFLICT);
    struct calendar_override *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, calendar_overrides(cx, &v, &n));
    assert_int_equal(n, 3);
    assert_true(v[2].ended_us != 0 && v[2].id == id);
    env->clock.wall = at("2027-03-22", 8, 0);
    assert_int_equal(store_write(cx, end_tx, &v[1].id), ERR_CONFLICT); /* the day has passed */
    cx->packs = NULL;
    pack_set_close(set);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_lunar_new_years_and_hung_kings),
        cmocka_unit_test(test_lunar_every_day_comes_back),
        cmocka_unit_test(test_lunar_leap_months),
        cmocka_unit_test(test_day_real_pack_holidays_substitutes_and_overrides),
        cmocka_unit_test(test_day_unit_calendar_opens_saturday_morning),
        cmocka_unit_test(test_add_work_half_days_weekends_and_nights),
        cmocka_unit_test(test_work_between_is_inverse_of_add_work),
        cmocka_unit_test(test_add_limit_every_unit),
        cmocka_unit_test(test_left_text_and_due_state),
        cmocka_unit_test(test_today_switch_moves_the_date_only_in_the_demo),
        cmocka_unit_test(test_override_of_an_operator_wins_over_the_pack_until_it_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
