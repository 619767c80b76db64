/* The journey on a bad disk. Each of its transactions meets a disk whose Nth write or sync fails,
 * for every N until none is left to fail; after each failure the power goes too, and what was not
 * synced is dropped, torn or garbled. Then the store is opened again and asked:
 * - what was acknowledged is there, whole;
 * - what was not is there whole or not at all: every table has the rows of before, or those and
 *   exactly the rows that one success adds;
 * - the database is sound and the ledger verifies;
 * - the same act can be done again.
 * `make check` takes every second to 21st N, by what an act costs; CHECK_LEVEL=long each. */
#include "world.h"

#include "codec/image.h"
#include "lib/fault_vfs.h"

#include <sqlite3.h>

#define N_MAX      2000
#define TABLES_MAX 200

struct bad_disk {
    struct world *w;
    struct fault_vfs *vfs;
    int n_faults, n_whole, n_crashes;
};

/* One act of the journey on something prepared for it. */
struct act_kind {
    const char *name;
    int64_t (*prepare)(struct world *w); /* id of a draft or dossier, ready for the act */
    enum err (*run)(struct world *w, int64_t id);
    uint32_t step; /* of make check: what takes long to prepare is tried at fewer calls */
};

/* --- acts ---------------------------------------------------------------------------------------
 */
static int64_t
prepare_draft(struct world *w)
{
    return draft_of(w, "never").id;
}

static enum err
run_submit(struct world *w, int64_t id)
{
    struct dossier_draft d;
    struct dossier_receipt r;
    be(w, CITIZEN);
    TRY(dossier_draft_get(w->cx, id, 0, &d));
    return dossier_submit(w->cx, &d, &r);
}

static enum err
run_accept(struct world *w, int64_t id)
{
    struct flow_task t = open_task(w, id);
    struct dossier_act a = {
        .task = t.id, .version = t.version, .outcome = STR("accept"), .note = STR("")
    };
    be(w, RECEIVER);
    return dossier_do(w->cx, &a);
}

static int64_t
prepare_nothing(struct world *w UNUSED)
{
    return 0;
}

/* A form is begun. */
static enum err
run_begin(struct world *w, int64_t id UNUSED)
{
    struct dossier_draft_new in = { .procedure = STR(PROCEDURE),
                                    .unit = w->unit->key,
                                    .address = STR(UNIT),
                                    .channel = STR("online"),
                                    .party = w->party[CITIZEN],
                                    .account = w->account[CITIZEN] };
    int64_t draft = 0;
    be(w, CITIZEN);
    return dossier_draft_new(w->cx, &in, &draft);
}

/* A paper is handed in: its file first, then its row. */
static enum err
run_hand_in(struct world *w, int64_t id)
{
    struct ctx *cx = w->cx;
    struct image img = { 60, 80, arena_alloc(cx->arena, (size_t)60 * 80 * 3) };
    struct paper_new in = { .owner_id = w->party[CITIZEN],
                            .dossier_id = id,
                            .requirement = STR("giay-khac"),
                            .name = STR("giay.jpg"),
                            .captured_by = STR("citizen"),
                            .field = STR("tep") };
    struct paper p;
    memset(img.rgb, (int)(id % 251), (size_t)60 * 80 * 3);
    be(w, CITIZEN);
    TRY(image_to_jpeg(cx, &img, 90, &in.bytes));
    return paper_add(cx, &in, &p);
}

static int64_t
prepare_bill(struct world *w)
{
    int64_t id = file(w);
    act(w, RECEIVER, id, "accept", "");
    return id;
}

static enum err
run_pay(struct world *w, int64_t id)
{
    struct pay_bill *b = NULL;
    struct pay_bill paid;
    size_t n = 0;
    TRY(pay_bill_list(w->cx, id, &b, &n));
    be(w, CASHIER);
    return pay_cash(w->cx, b[0].id, STR("Võ Thị Tám"), &paid);
}

/* The bank tells that it was paid. */
static enum err
run_bank(struct world *w, int64_t id)
{
    struct pay_bill *b = NULL;
    struct pay_callback call;
    enum pay_answer answer = PAY_REPEATED;
    struct str secret;
    size_t n = 0;
    TRY(pay_bill_list(w->cx, id, &b, &n));
    TRY(pay_secret(w->cx, &secret));
    TRY(pay_simulate(w->cx, &b[0], secret, &call));
    TRY(pay_callback(w->cx, &call, secret, &answer));
    return answer == PAY_ACCEPTED ? ERR_OK : ERR_STORE;
}

static int64_t
prepare_signature(struct world *w)
{
    int64_t id = file(w);
    to_signature(w, id);
    return id;
}

static enum err
run_sign(struct world *w, int64_t id)
{
    int64_t task = open_task(w, id).id;
    size_t done = 0;
    be(w, LEADER);
    TRY(dossier_sign(w->cx, &task, 1, STR(PIN), &done));
    return done == 1 ? ERR_OK : ERR_STORE;
}

/* The leader sends it back to the desk. */
static enum err
run_return(struct world *w, int64_t id)
{
    struct flow_task t = open_task(w, id);
    struct dossier_act a = {
        .task = t.id, .version = t.version, .outcome = STR("return"), .note = STR("sai năm sinh")
    };
    be(w, LEADER);
    return dossier_do(w->cx, &a);
}

static int64_t
prepare_result(struct world *w)
{
    int64_t id = prepare_signature(w);
    sign(w, id);
    return id;
}

/* The result is given to the citizen. */
static enum err
run_hand_over(struct world *w, int64_t id)
{
    struct flow_task t = open_task(w, id);
    be(w, RECEIVER);
    return dossier_hand_over(w->cx, t.id, t.version, STR("Thị Mơ"), STR("tại quầy"));
}

/* --- rows of all tables -------------------------------------------------------------------------
 */
struct rows {
    int64_t n[TABLES_MAX];
    size_t n_tables;
};

static enum err
rows_read(struct ctx *cx, void *arg)
{
    struct rows *r = arg;
    struct store_count *v = NULL;
    TRY(store_counts(cx, &v, &r->n_tables));
    assert_true(r->n_tables < TABLES_MAX);
    for (size_t i = 0; i < r->n_tables; i++) {
        /* the high-water mark of ids is kept ahead, whatever happens */
        r->n[i] = str_eq(v[i].name, STR("store_meta")) ? 0 : v[i].n_rows;
    }
    return ERR_OK;
}

static struct rows
rows_of(struct world *w)
{
    struct rows r = { 0 };
    ASSERT_OK(w->cx, store_read(w->cx, rows_read, &r));
    return r;
}

static bool
rows_equal(const struct rows *x, const struct rows *y)
{
    return x->n_tables == y->n_tables && memcmp(x->n, y->n, sizeof(x->n)) == 0;
}

static struct rows
rows_plus(const struct rows *x, const struct rows *delta)
{
    struct rows r = *x;
    for (size_t i = 0; i < r.n_tables; i++) {
        r.n[i] += delta->n[i];
    }
    return r;
}

/* What one success adds; the first ones may make rows that later ones only change. */
static struct rows
rows_of_success(struct world *w, const struct act_kind *k)
{
    struct rows delta = { 0 };
    for (int i = 0; i < 2; i++) {
        int64_t id = k->prepare(w);
        struct rows before = rows_of(w);
        ASSERT_OK(w->cx, k->run(w, id));
        delta = rows_of(w);
        for (size_t t = 0; t < delta.n_tables; t++) {
            delta.n[t] -= before.n[t];
        }
    }
    return delta;
}

/* --- the bad disk -------------------------------------------------------------------------------
 */
static void
open_again(struct bad_disk *b, uint32_t n)
{
    struct test_env *env = b->w->env;
    static const enum fault_crash ways[] = { FAULT_DROP, FAULT_TEAR, FAULT_GARBLE };
    if (n % 4 != 0) { /* now and then only the program ends, not the power */
        fault_vfs_crash(b->vfs, ways[n % 3], n * 7919U + 1);
        b->n_crashes++;
    }
    store_close(env->cx->store);
    fault_vfs_recover(b->vfs);
    env->cx->store = NULL;
    ASSERT_OK(env->cx, store_open(env->cx, &env->store_config, &env->cx->store));
}

static void
assert_sound(struct world *w)
{
    assert_int_equal(
        test_i64(w->cx,
                 "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0);
    assert_int_equal(test_i64(w->cx, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

static void
assert_ledger(struct world *w)
{
    struct ledger_report r;
    int64_t n = 0;
    ASSERT_OK(w->cx, ledger_sequence(w->cx, &n));
    ASSERT_OK(w->cx, ledger_verify(w->cx, &r));
    if (r.n_faults != 0) {
        fail_msg("ledger: %s", str_z(w->cx->arena, r.first_fault));
    }
}

/* One N. True when the act went through without meeting it: the sweep is over. */
static bool
sweep_one(struct bad_disk *b, const struct act_kind *k, const struct rows *delta, uint32_t n,
          int64_t *id)
{
    struct world *w = b->w;
    struct rows before = rows_of(w);
    struct rows whole = rows_plus(&before, delta);
    unsigned ops = FAULT_WRITE | FAULT_SYNC | FAULT_TRUNCATE;
    fault_vfs_fail(b->vfs, ops, n, n % 2 == 0 ? SQLITE_IOERR : SQLITE_FULL, n % 5 == 0);
    bool is_acked = k->run(w, *id) == ERR_OK;
    bool is_over = fault_vfs_n_failed(b->vfs) == 0;
    fault_vfs_fail(b->vfs, 0, 0, 0, false);
    b->n_faults += is_over ? 0 : 1;
    open_again(b, n);
    struct rows after = rows_of(w);
    bool is_whole = rows_equal(&after, &whole);
    if (!is_whole && !rows_equal(&after, &before)) {
        fail_msg("%s with call %u failing: half of it is there", k->name, n);
    }
    if (is_acked && !is_whole) {
        fail_msg("%s with call %u failing: acknowledged and lost", k->name, n);
    }
    assert_sound(w);
    if (is_whole) {
        b->n_whole++;
        *id = k->prepare(w);
    }
    return is_over && is_acked;
}

static void
sweep(struct bad_disk *b, const struct act_kind *k)
{
    const char *level = getenv("CHECK_LEVEL");
    uint32_t step = level != NULL && strcmp(level, "long") == 0 ? 1 : k->step;
    struct rows delta = rows_of_success(b->w, k);
    int64_t id = k->prepare(b->w);
    uint32_t n = 1;
    b->n_faults = 0;
    b->n_whole = 0;
    b->n_crashes = 0;
    while (!sweep_one(b, k, &delta, n, &id)) {
        n += step;
        assert_true(n < N_MAX);
    }
    assert_true(b->n_faults > 0);
    ASSERT_OK(b->w->cx, k->run(b->w, id)); /* after all that, it can be done */
    assert_ledger(b->w);
    print_message("%s: %d faults up to call %u, %d crashes, %d times whole afterwards\n", k->name,
                  b->n_faults, n, b->n_crashes, b->n_whole);
}

static int
set_up_bad(void **state)
{
    static struct bad_disk b;
    void *w = NULL;
    b = (struct bad_disk){ .vfs = fault_vfs_new("fault") };
    struct store_config config = { .vfs = "fault", .cache_kib = 256 };
    int rc = set_up_with(&w, &config);
    b.w = w;
    *state = &b;
    return rc;
}

static int
tear_down_bad(void **state)
{
    struct bad_disk *b = *state;
    void *w = b->w;
    int rc = tear_down(&w);
    fault_vfs_free(b->vfs);
    return rc;
}

static void
test_begin_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "begin", prepare_nothing, run_begin, 3 };
    sweep(*state, &k);
}

static void
test_hand_in_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "hand in", prepare_draft, run_hand_in, 2 };
    sweep(*state, &k);
}

static void
test_submit_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "submit", prepare_draft, run_submit, 7 };
    sweep(*state, &k);
}

static void
test_accept_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "accept", file, run_accept, 7 };
    sweep(*state, &k);
}

static void
test_pay_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "pay", prepare_bill, run_pay, 7 };
    sweep(*state, &k);
}

static void
test_bank_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "bank", prepare_bill, run_bank, 5 };
    sweep(*state, &k);
}

static void
test_sign_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "sign", prepare_signature, run_sign, 21 };
    sweep(*state, &k);
}

static void
test_send_back_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "return", prepare_signature, run_return, 21 };
    sweep(*state, &k);
}

static void
test_hand_over_on_a_bad_disk_is_all_or_nothing(void **state)
{
    static const struct act_kind k = { "hand over", prepare_result, run_hand_over, 21 };
    sweep(*state, &k);
}

/* The clock jumps: back a day (a battery that died), ahead a year (a mistyped date), and home. */
static void
test_journey_while_the_clock_jumps_keeps_order_and_ledger(void **state)
{
    static const int64_t jumps_h[] = { -24, 24 * 365, -24 * 365, 1, -1 };
    struct bad_disk *b = *state;
    struct world *w = b->w;
    int64_t last = 0;
    for (size_t i = 0; i < COUNT_OF(jumps_h); i++) {
        sys_clock_fake_step(&w->env->clock, jumps_h[i] * HOUR_US);
        int64_t id = file(w);
        assert_true(id > last); /* ids go on, also over a restart */
        test_env_reopen(w->env);
        int64_t next = store_new_id(w->cx);
        assert_true(next > id);
        last = next;
    }
    assert_int_equal(test_i64(w->cx, "SELECT count(*) - count(DISTINCT number) FROM dossier"), 0);
    assert_sound(w);
    assert_ledger(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begin_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_hand_in_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_submit_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_accept_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_pay_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_bank_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_sign_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_send_back_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_hand_over_on_a_bad_disk_is_all_or_nothing),
        cmocka_unit_test(test_journey_while_the_clock_jumps_keeps_order_and_ledger),
    };
    return cmocka_run_group_tests(tests, set_up_bad, tear_down_bad);
}
