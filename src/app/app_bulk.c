/* app_bulk.c: which dossiers are copied, how often and into which time, and the run itself. */
#include "app/app_bulk_int.h"

#include <stdio.h>

#define MODELS_MAX    2000
#define WINDOW_US     (INT64_C(28) * 86400 * DATE_US_PER_S) /* whole weeks, so that days fit */
#define WINDOWS       13                                    /* a year */
#define SPREAD_US     (INT64_C(60) * DATE_US_PER_S)
#define BYTES_A_COPY  12000 /* with indexes: what doc/measurements.md found */
#define BYTES_TO_SORT 1000  /* the indexes are made one by one, each sorted in files */
#define SAY_PARTS     10

struct firsts {
    int64_t *v;
    size_t n;
};

static enum err
keep_first(struct ctx *cx UNUSED, const struct store_value *values, void *arg)
{
    struct firsts *f = arg;
    if (f->n < MODELS_MAX) {
        f->v[f->n++] = values[0].i;
    }
    return ERR_OK;
}

static enum err
read_models(struct bulk *b)
{
    struct firsts f = { ARENA_ARRAY(b->arena, int64_t, MODELS_MAX), 0 };
    struct store_value none = { .kind = STORE_VALUE_I64 };
    bool has_finished = false;
    TRY(store_bulk_each(b->cx, b->store, store_bulk_table(b->store, "dossier"), "parent_id", &none,
                        keep_first, &f));
    b->models = ARENA_ARRAY(b->arena, struct model, f.n + 1);
    for (size_t i = 0; i < f.n; i++) {
        TRY(bulk_model_read(b, f.v[i], &b->models[i]));
        has_finished = has_finished || b->models[i].is_finished;
        arena_reset(b->cx->arena);
    }
    b->n_models = f.n;
    return has_finished ? ERR_OK
                        : err_set(b->cx, ERR_INVALID,
                                  "no finished dossier to take as a model: simulate some first");
}

/* The disk must hold the copies and the sorting of their indexes. */
static enum err
check_room(struct bulk *b, int64_t n)
{
    int64_t have = 0;
    int64_t free_bytes = 0;
    TRY(store_bulk_bytes(b->cx, b->store, &have));
    TRY(sys_disk_free(b->cx, b->cx->config->data_dir, &free_bytes));
    int64_t want = n * (BYTES_A_COPY + BYTES_TO_SORT);
    if (free_bytes < want) {
        return err_set(b->cx, ERR_DISK_FULL,
                       "%" PRId64 " dossiers want about %" PRId64 " MB of disk and %" PRId64
                       " MB are free",
                       n, want >> 20, free_bytes >> 20);
    }
    return ERR_OK;
}

/* Windows of four weeks, the oldest first; in the newest one also what is not finished. */
static enum err
copy_window(struct bulk *b, int64_t window, int64_t n)
{
    size_t at = 0;
    size_t n_passed = 0;
    int64_t i = 0;
    while (i < n && n_passed < b->n_models) {
        struct model *m = &b->models[at++ % b->n_models];
        int64_t earlier_us = window * WINDOW_US + i * 7919 % SPREAD_US;
        n_passed++;
        if ((window == 0 || m->is_finished) && bulk_is_known(b, m, earlier_us)) {
            TRY(bulk_copy(b, m, earlier_us));
            arena_reset(b->cx->arena);
            i += m->n_dossiers;
            n_passed = 0;
        }
    }
    return i >= n ? ERR_OK
                  : err_set(b->cx, ERR_INVALID,
                            "no procedure of the finished dossiers was in force %" PRId64
                            " weeks ago: simulate some more first",
                            window * (WINDOW_US / DATE_US_PER_S / 604800));
}

static enum err
copy_all(struct bulk *b, int64_t n)
{
    int64_t done = 0;
    for (int64_t w = WINDOWS - 1; w >= 0; w--) {
        int64_t upto = n * (WINDOWS - w) / WINDOWS;
        TRY(copy_window(b, w, upto - done));
        if (upto * SAY_PARTS / n != done * SAY_PARTS / n) {
            (void)printf("  %" PRId64 " of %" PRId64 " loaded\n", upto, n);
            (void)fflush(stdout);
        }
        done = upto;
    }
    return ERR_OK;
}

static enum err
load(struct bulk *b, int64_t n)
{
    TRY(check_room(b, n));
    TRY(bulk_look(b));
    TRY(bulk_tallies_read(b));
    TRY(read_models(b));
    b->entries = store_bulk_table(b->store, "ledger_entry");
    b->leaves = store_bulk_table(b->store, "ledger_leaf");
    b->heads = store_bulk_table(b->store, "ledger_head");
    b->items = store_bulk_table(b->store, "indicator_item");
    TRY(store_bulk_begin(b->cx, b->store));
    TRY(copy_all(b, n));
    TRY(bulk_seal_rest(b));
    TRY(bulk_tallies_write(b));
    (void)printf("  making the indexes\n");
    (void)fflush(stdout);
    return store_bulk_end(b->cx, b->store, b->last_id);
}

enum err
app_bulk(struct app *app, int64_t n)
{
    struct ctx own = app->cx;
    struct sys_random_seeded random;
    struct bulk b = { .cx = &own, .arena = arena_open(0) };
    TRY(ledger_sealer_open(&app->cx, &b.sealer));
    b.last_id = store_new_id(&app->cx);
    store_close(app->store);
    app->store = app->cx.store = own.store = NULL;
    own.arena = arena_open(0);
    sys_random_seed(&random, (uint64_t)b.last_id);
    own.random = &random.base;
    enum err e = store_bulk_open(&own, app->cx.config->store_url, &b.store);
    if (e == ERR_OK) {
        e = load(&b, n);
    }
    if (e != ERR_OK) {
        (void)ctx_fail(&app->cx, e, __FILE__, __LINE__, "%s", own.err.text);
    }
    store_bulk_close(b.store);
    ledger_sealer_close(b.sealer);
    arena_close(own.arena);
    arena_close(b.arena);
    return e;
}
