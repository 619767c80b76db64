/* faulty.h: a store on a disk that fails, for tests; everything is static. */
#ifndef STORE_TEST_FAULTY_H
#define STORE_TEST_FAULTY_H

#include "lib/fault_vfs.h"
#include "lib/harness.h"

#include "gen/q_store.h"

#include <sqlite3.h>

struct world {
    struct fault_vfs *vfs;
    struct test_env *env;
};

/* log_pages as in store_config. */
static struct world
world_new(uint32_t log_pages)
{
    struct world w = { .vfs = fault_vfs_new("fault") };
    w.env = test_env_new_with(
        &(struct store_config){ .vfs = "fault", .cache_kib = 40, .log_pages = log_pages });
    return w;
}

static void
world_free(struct world *w)
{
    test_env_free(w->env);
    fault_vfs_free(w->vfs);
}

static enum err
put_tx(struct ctx *cx, void *arg)
{
    return q_store_meta_set(cx, NULL, .name = *(struct str *)arg, .value = STR("1"));
}

static enum err
put(struct ctx *cx, struct str name)
{
    return store_write(cx, put_tx, &name);
}

static bool
has(struct ctx *cx, struct str name)
{
    struct q_store_meta_get row;
    enum err e = q_store_meta_get(cx, &row, .name = name);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    return e == ERR_OK;
}

#endif
