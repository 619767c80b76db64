/* Sealing, and that each kind of tampering is found. */
#include "engine/ledger/ledger.h"

#include "lib/harness.h"

static enum err
add_tx(struct ctx *cx, void *arg)
{
    struct ledger_new e = { .kind = "dossier.accepted",
                            .object = ledger_object(cx, "dossier", *(const int64_t *)arg),
                            .subject = 7,
                            .content = STR("Điểu Thị Sréy") };
    return ledger_add(cx, &e);
}

static void
add(struct ctx *cx, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        ASSERT_OK(cx, store_write(cx, add_tx, &i));
    }
}

/* Two heads over five leaves. */
static void
fill(struct ctx *cx)
{
    int64_t n = 0;
    add(cx, 3);
    ASSERT_OK(cx, ledger_sequence(cx, &n));
    assert_int_equal(n, 3);
    add(cx, 2);
    ASSERT_OK(cx, ledger_sequence(cx, &n));
    assert_int_equal(n, 2);
}

static struct ledger_report
verify(struct ctx *cx)
{
    struct ledger_report r;
    ASSERT_OK(cx, ledger_verify(cx, &r));
    return r;
}

static void
test_ledger_verify_sealed_and_pending_has_no_fault(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct ledger_head head;
    fill(cx);
    add(cx, 1);
    struct ledger_report r = verify(cx);
    assert_int_equal(r.n_faults, 0);
    assert_int_equal(r.n_entries, 6);
    assert_int_equal(r.n_leaves, 5);
    assert_int_equal(r.n_heads, 2);
    assert_int_equal(r.n_pending, 1);
    ASSERT_OK(cx, ledger_head(cx, &head));
    assert_int_equal(head.size, 5);
    assert_int_equal(head.root.n, 64);
}

static void
test_ledger_verify_empty_has_no_fault(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    assert_int_equal(verify(cx).n_faults, 0);
}

/* Does verification find what this statement did? */
static void
finds(struct ctx *cx, const char *sql)
{
    fill(cx);
    assert_int_equal(verify(cx).n_faults, 0);
    ASSERT_OK(cx, test_sql(cx, sql));
    struct ledger_report r = verify(cx);
    if (r.n_faults == 0) {
        fail_msg("not found: %s", sql);
    }
    assert_true(r.first_fault.n > 0);
}

static void
test_ledger_verify_changed_entry_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx, "UPDATE ledger_entry SET actor = 99 WHERE id = (SELECT "
                                           "entry_id FROM ledger_leaf WHERE seq = 1)");
}

static void
test_ledger_verify_changed_commitment_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx, "UPDATE ledger_entry SET commitment = 'ab' WHERE id = "
                                           "(SELECT entry_id FROM ledger_leaf WHERE seq = 4)");
}

static void
test_ledger_verify_missing_entry_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx,
          "DELETE FROM ledger_entry WHERE id = (SELECT entry_id FROM ledger_leaf WHERE seq = 2)");
}

static void
test_ledger_verify_missing_leaf_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx, "DELETE FROM ledger_leaf WHERE seq = 2");
}

static void
test_ledger_verify_missing_last_leaf_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx, "DELETE FROM ledger_leaf WHERE seq = 4");
}

/* Leaf and entry both gone, the rest renumbered: only the signed head tells. */
static void
test_ledger_verify_shortened_tree_is_found(void **state)
{
    finds(
        ((struct test_env *)*state)->cx,
        "UPDATE ledger_leaf SET hash = (SELECT hash FROM ledger_leaf WHERE seq = 0) WHERE seq = 1");
}

static void
test_ledger_verify_forged_root_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx, "UPDATE ledger_head SET root = (SELECT root FROM "
                                           "ledger_head WHERE size = 3) WHERE size = 5");
}

static void
test_ledger_verify_forged_signature_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx, "UPDATE ledger_head SET signature = (SELECT signature "
                                           "FROM ledger_head WHERE size = 3) WHERE size = 5");
}

static void
test_ledger_verify_moved_time_of_head_is_found(void **state)
{
    finds(((struct test_env *)*state)->cx,
          "UPDATE ledger_head SET at_us = at_us - 1 WHERE size = 3");
}

/* An entry taken out of the queue would never be sealed. */
static void
test_ledger_verify_entry_kept_from_sealing_is_found(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    fill(cx);
    add(cx, 1);
    ASSERT_OK(cx, test_sql(cx, "DELETE FROM ledger_pending"));
    assert_int_equal(verify(cx).n_faults, 1);
}

/* Erasing personal data elsewhere leaves the proof whole: entries hold salted commitments. */
static void
test_ledger_entry_holds_no_content(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    fill(cx);
    assert_int_equal(
        test_i64(
            cx, "SELECT COUNT(*) FROM ledger_entry WHERE note LIKE '%Sr%' OR object LIKE '%Sr%' OR "
                "commitment LIKE '%Sr%' OR purpose LIKE '%Sr%'"),
        0);
    assert_int_equal(test_i64(cx, "SELECT COUNT(DISTINCT commitment) FROM ledger_entry"), 5);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, test_env_set_up, test_env_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_ledger_verify_sealed_and_pending_has_no_fault),
        T(test_ledger_verify_empty_has_no_fault),
        T(test_ledger_verify_changed_entry_is_found),
        T(test_ledger_verify_changed_commitment_is_found),
        T(test_ledger_verify_missing_entry_is_found),
        T(test_ledger_verify_missing_leaf_is_found),
        T(test_ledger_verify_missing_last_leaf_is_found),
        T(test_ledger_verify_shortened_tree_is_found),
        T(test_ledger_verify_forged_root_is_found),
        T(test_ledger_verify_forged_signature_is_found),
        T(test_ledger_verify_moved_time_of_head_is_found),
        T(test_ledger_verify_entry_kept_from_sealing_is_found),
        T(test_ledger_entry_holds_no_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
