/* Tests over the real tables of the program: every route of every office refuses what it must. */
#include "app/app_int.h"
#include "engine/access/access.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool
nobody_may(struct ctx *cx, const char *perm)
{
    (void)cx;
    return str_eq(str_of(perm), STR("public"));
}

static const struct web_hooks hooks = { .may = nobody_may, .perm_exists = access_perm_exists };

struct fixture {
    struct ctx cx;
    struct sys_random_seeded random;
    struct web *w;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct web_routes *const *routes = NULL;
    struct web_config config = { .hooks = &hooks };
    sys_random_seed(&f->random, 7);
    f->cx = (struct ctx){ .arena = arena_open(UINT64_C(4) << 30),
                          .clock = &sys_clock_real,
                          .random = &f->random.base,
                          .lang = STR("vi"),
                          .trace_id = STR("0123456789abcdef") };
    config.n_routes = app_routes(&routes);
    config.routes = routes;
    assert_int_equal(web_open(&f->cx, &config, &f->w), ERR_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    web_close(f->w);
    arena_close(f->cx.arena);
    free(f);
    return 0;
}

static void
test_check_routes_over_the_real_tables_finds_no_fault(void **state)
{
    struct fixture *f = *state;
    struct web_check check;
    web_check_routes(f->w, &f->cx, &check);
    print_message(STR_FMT, STR_ARG(check.report));
    print_message("%zu routes, %zu requests\n", check.n_routes, check.n_requests);
    assert_int_equal(check.n_faults, 0);
    assert_true(check.n_routes > 150);
    assert_true(check.n_requests > 10 * check.n_routes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_check_routes_over_the_real_tables_finds_no_fault,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
