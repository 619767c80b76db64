/* test_pack.c: reading, all faults at once, versions, a publish while a request runs. */
#include "engine/calendar/calendar.h"
#include "engine/pack/pack.h"
#include "engine/pack/pack_int.h"
#include "engine/unit/unit.h"
#include "lib/harness.h"
#include "web/web.h"

static pack_part_fn *const parts[] = { pack_part_site, pack_part_texts, unit_pack_part,
                                       calendar_pack_part };

static void
test_read_dir_small_pack_is_whole(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    ASSERT_OK(cx,
              pack_read_dir(cx, STR("test/packs/small"), parts, COUNT_OF(parts), &p, &faults, &n));
    assert_int_equal(n, 0);
    assert_int_equal(p->version.n, 16);
    ASSERT_STR(p->id, "small");
    const struct pack_site *site = pack_site(p);
    assert_true(site->is_generated);
    assert_int_equal(site->number_digits, 7);
    ASSERT_STR(pack_province_at(p, date_of(2026, 1, 1)), "1");
    cx->texts = pack_texts(p);
    ASSERT_STR(text(cx, "web.brand"), "Tỉnh Thử");
    pack_free(p);
    assert_int_equal(
        pack_read_dir(cx, STR("test/packs/none"), parts, COUNT_OF(parts), &p, &faults, &n),
        ERR_NOT_FOUND);
    test_env_free(env);
}

static void
test_read_dir_first_folder_wins(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str own = str_cat(cx->arena, env->data_dir, STR("/own"));
    struct pack *p = NULL;
    struct pack *q = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    ASSERT_OK(cx, sys_mkdirs(cx, str_cat(cx->arena, own, STR("/texts"))));
    ASSERT_OK(cx, sys_file_write(cx, str_cat(cx->arena, own, STR("/texts/vi.txt")),
                                 STR("web.brand = Của tôi\n")));
    struct str dirs = str_cat(cx->arena, own, STR(":test/packs/small"));
    ASSERT_OK(cx, pack_read_dir(cx, dirs, parts, COUNT_OF(parts), &p, &faults, &n));
    ASSERT_OK(cx,
              pack_read_dir(cx, STR("test/packs/small"), parts, COUNT_OF(parts), &q, &faults, &n));
    cx->texts = pack_texts(p);
    ASSERT_STR(text(cx, "web.brand"), "Của tôi");
    assert_false(str_eq(p->version, q->version));
    pack_free(p);
    pack_free(q);
    test_env_free(env);
}

static bool
has_fault(const struct pack_fault *v, size_t n, const char *file, uint32_t line)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].file, str_of(file)) && (line == 0 || v[i].line == line)) {
            return true;
        }
    }
    return false;
}

static void
test_read_dir_faulty_pack_tells_all_faults_at_once(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    static const struct {
        const char *file;
        uint32_t line;
    } want[] = {
        { "pack.json", 1 },
        { "pack.json", 2 },
        { "pack.json", 3 },
        { "pack.json", 5 },
        { "pack.json", 6 },
        { "units/units.csv", 3 },
        { "calendar/hours.csv", 1 },
        { "calendar/holidays.json", 3 },
        { "calendar/overrides.csv", 2 },
        { "calendar/overrides.csv", 3 },
        { "calendar/overrides.csv", 5 },
        { "texts/vi.txt", 2 },
        { "texts/vi.txt", 3 },
    };
    ASSERT_OK(cx,
              pack_read_dir(cx, STR("test/packs/faulty"), parts, COUNT_OF(parts), &p, &faults, &n));
    struct buf out = buf_new(cx->arena, 100000);
    pack_check_print(&out, faults, n);
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        if (!has_fault(faults, n, want[i].file, want[i].line)) {
            fail_msg("no fault at %s:%u among\n" STR_FMT, want[i].file, want[i].line,
                     STR_ARG(buf_str(&out)));
        }
    }
    for (size_t i = 0; i < n; i++) {
        assert_true(faults[i].remedy.n > 0);
    }
    pack_free(p);
    test_env_free(env);
}

static void
test_read_files_decomposed_text_is_a_fault(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct pack_file files[] = { { STR("a.txt"), STR("mot\nba\xcc\x81o\n") },
                                 { STR("b.csv"), STR("\xff") } };
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    ASSERT_OK(env->cx, pack_read_files(env->cx, files, COUNT_OF(files), NULL, 0, &p, &faults, &n));
    assert_int_equal(n, 2);
    assert_int_equal(faults[0].line, 2);
    pack_free(p);
    test_env_free(env);
}

static void
test_bundle_comes_back_and_refuses_damage(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct pack_file files[] = { { STR("a"), STR("1\n2") }, { STR("b/c"), STR("") } };
    struct pack_file *back = NULL;
    size_t n = 0;
    struct str bundle = pack_bundle(a, files, COUNT_OF(files));
    assert_true(pack_unbundle(a, bundle, &back, &n));
    assert_int_equal(n, 2);
    assert_true(str_eq(back[0].bytes, files[0].bytes) && str_eq(back[1].path, files[1].path));
    for (size_t cut = 1; cut < bundle.n; cut++) {
        size_t m = 0;
        assert_true(!pack_unbundle(a, str_slice(bundle, 0, cut), &back, &m) || m < 2);
    }
    arena_close(a);
}

static struct str
copy_pack(struct test_env *env, const char *name, struct str brand)
{
    struct ctx *cx = env->cx;
    struct pack_file *files = NULL;
    size_t n = 0;
    struct str dir = str_fmt(cx->arena, STR_FMT "/%s", STR_ARG(env->data_dir), name);
    ASSERT_OK(cx, pack_dir_read(cx, STR("test/packs/small"), cx->arena, &files, &n));
    static const char *const below[] = { "units", "calendar", "texts" };
    for (size_t i = 0; i < COUNT_OF(below); i++) {
        ASSERT_OK(cx, sys_mkdirs(cx, str_fmt(cx->arena, STR_FMT "/%s", STR_ARG(dir), below[i])));
    }
    for (size_t i = 0; i < n; i++) {
        struct str bytes = str_starts(files[i].path, STR("texts/")) ? brand : files[i].bytes;
        ASSERT_OK(cx, sys_file_write(cx,
                                     str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(dir),
                                             STR_ARG(files[i].path)),
                                     bytes));
    }
    return dir;
}

/* Version in force now, in the test's arena. */
static struct str
version_now(struct ctx *cx)
{
    cx->pack = NULL;
    return str_dup(cx->arena, pack_now(cx)->version);
}

static void
reopen(struct ctx *cx, struct str dir, struct pack_set **set)
{
    pack_set_close(*set);
    cx->pack = NULL;
    ASSERT_OK(cx, pack_set_open(cx, dir, parts, COUNT_OF(parts), set));
    cx->packs = *set;
}

/* A set on a copy of the small pack, whose text is "Cũ". */
struct live {
    struct test_env *env;
    struct pack_set *set;
    struct str dir;
};

static struct ctx *
live_open(struct live *ret)
{
    *ret = (struct live){ .env = test_env_new() };
    struct ctx *cx = ret->env->cx;
    ret->dir = copy_pack(ret->env, "p", STR("web.brand = Cũ\n"));
    ASSERT_OK(cx, pack_set_open(cx, ret->dir, parts, COUNT_OF(parts), &ret->set));
    cx->packs = ret->set;
    return cx;
}

static void
live_close(struct live *l)
{
    l->env->cx->packs = NULL;
    l->env->cx->texts = NULL;
    pack_set_close(l->set);
    test_env_free(l->env);
}

static void
test_publish_while_a_request_runs_and_old_version_stays(void **state)
{
    (void)state;
    struct live l;
    struct ctx *cx = live_open(&l);
    struct pack_fault *faults = NULL;
    size_t n = 0;
    const struct pack_change change = { 0 };
    struct str old = str_dup(cx->arena, pack_now(cx)->version);
    pack_pin(cx);
    const struct pack *pinned = pack_now(cx);

    (void)copy_pack(l.env, "p", STR("web.brand = Mới\n"));
    l.env->clock.wall += 1000;
    ASSERT_OK(cx, pack_set_publish(cx, l.set, l.dir, &change, &faults, &n));
    assert_ptr_equal(pack_now(cx), pinned); /* this request still sees its version */
    ASSERT_STR(text(cx, "web.brand"), "Cũ");
    pack_pin(cx);
    ASSERT_STR(text(cx, "web.brand"), "Mới");
    assert_false(str_eq(pack_now(cx)->version, old));

    (void)copy_pack(l.env, "p", STR("hỏng\n"));
    assert_int_equal(pack_set_publish(cx, l.set, l.dir, &change, &faults, &n), ERR_INVALID);
    assert_int_equal(n, 1);
    pack_pin(cx);
    ASSERT_STR(text(cx, "web.brand"), "Mới");

    struct pack_version *versions = NULL;
    size_t n_versions = 0;
    ASSERT_OK(cx, pack_versions(cx, &versions, &n_versions));
    assert_int_equal(n_versions, 2);
    assert_true(versions[0].is_now && !versions[1].is_now);

    /* After a restart with the new folder the old version comes from the store. */
    (void)copy_pack(l.env, "p", STR("web.brand = Mới\n"));
    reopen(cx, l.dir, &l.set);
    const struct pack *p = NULL;
    ASSERT_OK(cx, pack_by_version(cx, old, &p));
    cx->texts = pack_texts(p);
    ASSERT_STR(text(cx, "web.brand"), "Cũ");
    assert_non_null(p->slot[PACK_UNITS]);
    assert_int_equal(pack_by_version(cx, STR("0123456789abcdef"), &p), ERR_NOT_FOUND);
    live_close(&l);
}

static enum err
refuse_live(struct ctx *cx, struct str version, struct str reason)
{
    (void)version;
    (void)reason;
    return err_set(cx, ERR_CONFLICT, "no entry can be written");
}

static void
test_return_stays_over_a_restart_until_the_folder_changes_or_is_asked_for(void **state)
{
    (void)state;
    struct live l;
    struct ctx *cx = live_open(&l);
    struct pack_fault *faults = NULL;
    size_t n = 0;
    const struct pack_change silent = { .reason = STR("sai lệ phí") };
    const struct pack_change asked = { .is_asked = true };
    const struct pack_change refused = { .on_live = refuse_live };
    struct str old = version_now(cx);
    (void)copy_pack(l.env, "p", STR("web.brand = Mới\n"));
    l.env->clock.wall += 1000;
    assert_int_equal(pack_set_publish(cx, l.set, l.dir, &refused, &faults, &n), ERR_CONFLICT);
    assert_true(str_eq(version_now(cx), old)); /* what cannot be recorded does not go live */
    ASSERT_OK(cx, pack_set_publish(cx, l.set, l.dir, &silent, &faults, &n));
    struct str new = version_now(cx);

    assert_int_equal(
        pack_set_return(cx, l.set, l.dir, STR("0123456789abcdef"), &silent, &faults, &n),
        ERR_NOT_FOUND);
    l.env->clock.wall += 1000;
    ASSERT_OK(cx, pack_set_return(cx, l.set, l.dir, old, &silent, &faults, &n));
    assert_true(str_eq(version_now(cx), old));
    struct pack_version *v = NULL;
    ASSERT_OK(cx, pack_versions(cx, &v, &n));
    assert_int_equal(n, 2);
    assert_true(!v[0].is_now && v[1].is_now);
    ASSERT_STR(v[0].live_kind, "published");
    ASSERT_STR(v[1].live_kind, "returned");
    ASSERT_STR(v[1].reason, "sai lệ phí");
    assert_true(v[1].live_us > v[1].at_us);

    reopen(cx, l.dir, &l.set); /* the folder still holds the newer one */
    assert_true(str_eq(version_now(cx), old));
    ASSERT_OK(cx, pack_set_publish(cx, l.set, l.dir, &silent, &faults, &n)); /* a reload likewise */
    assert_true(str_eq(version_now(cx), old));
    ASSERT_OK(cx, pack_set_publish(cx, l.set, l.dir, &asked, &faults, &n));
    assert_true(str_eq(version_now(cx), new));

    ASSERT_OK(cx, pack_set_return(cx, l.set, l.dir, old, &silent, &faults, &n));
    (void)copy_pack(l.env, "p", STR("web.brand = Mới nữa\n"));
    reopen(cx, l.dir, &l.set);
    assert_false(str_eq(version_now(cx), old) || str_eq(version_now(cx), new));
    live_close(&l);
}

static void
test_check_puts_nothing_in_force_and_compare_names_the_files(void **state)
{
    (void)state;
    struct live l;
    struct ctx *cx = live_open(&l);
    struct pack_fault *faults = NULL;
    struct pack *p = NULL;
    size_t n = 0;
    struct str old = version_now(cx);
    struct pack_file_change *c = NULL;
    ASSERT_OK(cx, pack_compare(cx, l.dir, old, STR_NULL, &c, &n));
    assert_int_equal(n, 0);
    (void)copy_pack(l.env, "p", STR("web.brand = Mới\n"));
    ASSERT_OK(cx, sys_file_write(cx, str_cat(cx->arena, l.dir, STR("/zz.md")), STR("thêm\n")));
    ASSERT_OK(cx, pack_set_check(cx, l.set, l.dir, &p, &faults, &n));
    assert_false(str_eq(p->version, old));
    pack_free(p);
    assert_true(str_eq(version_now(cx), old));
    struct pack_version *v = NULL;
    ASSERT_OK(cx, pack_versions(cx, &v, &n));
    assert_int_equal(n, 1); /* a check keeps nothing */
    ASSERT_OK(cx, pack_compare(cx, l.dir, old, STR_NULL, &c, &n));
    assert_int_equal(n, 2);
    ASSERT_STR(c[0].path, "texts/vi.txt");
    assert_int_equal(c[0].kind, '*');
    ASSERT_STR(c[1].path, "zz.md");
    assert_int_equal(c[1].kind, '+');
    ASSERT_OK(cx, pack_compare(cx, l.dir, STR_NULL, old, &c, &n));
    assert_int_equal(c[1].kind, '-');
    (void)copy_pack(l.env, "p", STR("hỏng\n"));
    assert_int_equal(pack_set_check(cx, l.set, l.dir, &p, &faults, &n), ERR_INVALID);
    assert_int_equal(n, 1);
    live_close(&l);
}

static void
test_follow_takes_over_what_another_process_put_in_force(void **state)
{
    (void)state;
    struct live l;
    struct ctx *cx = live_open(&l);
    struct pack_set *other = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    bool is_changed = true;
    const struct pack_change change = { 0 };
    ASSERT_OK(cx, pack_set_open(cx, l.dir, parts, COUNT_OF(parts), &other));
    (void)copy_pack(l.env, "p", STR("web.brand = Mới\n"));
    ASSERT_OK(cx, pack_set_publish(cx, other, l.dir, &change, &faults, &n));
    cx->packs = other;
    struct str new = version_now(cx);
    cx->packs = l.set;
    assert_false(str_eq(version_now(cx), new));
    ASSERT_OK(cx, pack_set_follow(cx, l.set, &is_changed));
    assert_true(is_changed);
    assert_true(str_eq(version_now(cx), new));
    ASSERT_OK(cx, pack_set_follow(cx, l.set, &is_changed));
    assert_false(is_changed);
    pack_set_close(other);
    live_close(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_dir_small_pack_is_whole),
        cmocka_unit_test(test_read_dir_first_folder_wins),
        cmocka_unit_test(test_read_dir_faulty_pack_tells_all_faults_at_once),
        cmocka_unit_test(test_read_files_decomposed_text_is_a_fault),
        cmocka_unit_test(test_bundle_comes_back_and_refuses_damage),
        cmocka_unit_test(test_publish_while_a_request_runs_and_old_version_stays),
        cmocka_unit_test(test_return_stays_over_a_restart_until_the_folder_changes_or_is_asked_for),
        cmocka_unit_test(test_check_puts_nothing_in_force_and_compare_names_the_files),
        cmocka_unit_test(test_follow_takes_over_what_another_process_put_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
