/* harness.c: the environment of the tests. */
#include "lib/harness.h"

#include "base/date.h"
#include "lib/harness_pg.h"

#include <stdlib.h>

/* Functions that modules register on each SQLite connection (store_config.on_connect); app/ has the
 * same list for the program. */
static store_connect_fn *const test_on_connect[] = { NULL };

bool
test_is_postgres(void)
{
    const char *which = getenv("BOMBO_TEST_STORE");
    return which != NULL && strcmp(which, "postgres") == 0;
}

static void
url_fill(struct test_env *env)
{
    if (!str_is_empty(env->store_config.url)) {
        return;
    }
    env->is_own_db = test_is_postgres();
    env->store_config.url =
        env->is_own_db
            ? test_pg_take(env->cx->arena, env->store_config.schema == NULL)
            : str_fmt(env->cx->arena, "sqlite:" STR_FMT "/bombo.db", STR_ARG(env->data_dir));
}

static void
config_fill(struct test_env *env)
{
    struct app_config *c = &env->config;
    c->data_dir = env->data_dir;
    c->pack_dirs = STR("packs/demo:packs/binh-phuoc");
    c->base_url = STR("http://localhost:8080");
    c->store_url = env->store_config.url;
    c->today = STR("");
    c->smtp_url = STR("");
    c->clamd_socket = STR("");
    c->oidc_issuer = STR("");
    c->oidc_client_id = STR("");
    c->oidc_client_secret = STR("");
    c->sign_module = STR("");
    c->sign_pin = STR("");
    c->port = 8080;
    c->n_workers = 2;
    c->n_loops = 1;
    c->is_demo = true;
}

static struct ctx *
ctx_base(struct test_env *env)
{
    struct ctx *cx = calloc(1, sizeof(*cx));
    assert_non_null(cx);
    cx->arena = arena_open(0);
    cx->clock = &env->clock.base;
    cx->random = &env->random.base;
    cx->config = &env->config;
    cx->lang = STR("vi");
    cx->trace_id = STR("test");
    return cx;
}

struct test_env *
test_env_new_with(const struct store_config *config)
{
    struct test_env *env = calloc(1, sizeof(*env));
    assert_non_null(env);
    sys_clock_fake_init(&env->clock, date_to_us_vn(date_of(2026, 11, 23), 8 * 3600));
    sys_random_seed(&env->random, 1);
    env->cx = ctx_base(env);
    ASSERT_OK(env->cx, sys_temp_dir(env->cx, &env->data_dir));
    env->store_config = *config;
    url_fill(env);
    if (env->store_config.on_connect == NULL) {
        env->store_config.on_connect = test_on_connect;
    }
    config_fill(env);
    ASSERT_OK(env->cx, store_open(env->cx, &env->store_config, &env->cx->store));
    return env;
}

struct test_env *
test_env_new(void)
{
    return test_env_new_with(&(struct store_config){ 0 });
}

void
test_env_free(struct test_env *env)
{
    if (env == NULL) {
        return;
    }
    bool is_fine = env->cx->store != NULL && env->store_config.schema == NULL;
    store_close(env->cx->store);
    if (env->is_own_db) {
        test_pg_give_back(env->store_config.url, is_fine);
    }
    ASSERT_OK(env->cx, sys_remove_tree(env->cx, env->data_dir));
    test_ctx_free(env->cx);
    free(env);
}

int
test_env_set_up(void **state)
{
    *state = test_env_new();
    return 0;
}

int
test_env_tear_down(void **state)
{
    test_env_free(*state);
    return 0;
}

void
test_env_reopen(struct test_env *env)
{
    store_close(env->cx->store);
    env->cx->store = NULL;
    ASSERT_OK(env->cx, store_open(env->cx, &env->store_config, &env->cx->store));
}

struct ctx *
test_ctx_new(struct test_env *env)
{
    struct ctx *cx = ctx_base(env);
    cx->store = env->cx->store;
    cx->packs = env->cx->packs;
    cx->actor = env->cx->actor;
    return cx;
}

void
test_ctx_free(struct ctx *cx)
{
    if (cx != NULL) {
        arena_close(cx->arena);
        free(cx);
    }
}

/* A statement made on the spot. Its place in the cache is the spare one behind the program's own
 * statements, marked so by the store. */
int64_t
test_i64(struct ctx *cx, const char *sql)
{
    static const struct store_col out[] = { { "n", STORE_I64, 0 } };
    struct store_stmt st = { .name = sql,
                             .sqlite = sql,
                             .postgres = sql,
                             .kind = STORE_ONE,
                             .out = out,
                             .n_out = 1,
                             .row_bytes = sizeof(int64_t),
                             .index = STORE_NOT_CACHED };
    int64_t n = 0;
    ASSERT_OK(cx, store_stmt_one(cx, &st, NULL, &n));
    return n;
}

int64_t
test_count(struct ctx *cx, const char *table)
{
    return test_i64(cx, str_z(cx->arena, str_fmt(cx->arena, "SELECT count(*) FROM %s", table)));
}

enum err
test_sql_tx(struct ctx *cx, void *arg)
{
    struct store_stmt st = {
        .name = arg, .sqlite = arg, .postgres = arg, .kind = STORE_EXEC, .index = STORE_NOT_CACHED
    };
    return store_stmt_exec(cx, &st, NULL, NULL);
}

enum err
test_sql(struct ctx *cx, const char *sql)
{
    return store_write(cx, test_sql_tx, str_z(cx->arena, str_of(sql)));
}
