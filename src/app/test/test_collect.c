/* Tests of app_collect.c with the real tables. */
#include "app/app_int.h"
#include "engine/paper/paper.h"
#include "gen/q_dossier.h"
#include "gen/q_paper.h"
#include "lib/harness.h"
#include "store/blobs.h"

#define VERSION_SQL                                                                                \
    "INSERT INTO pack_version (version, hash, id, name, stored_us, n_files, size_bytes) VALUES "   \
    "('v', '" STR_FMT "', 'p', 'p', 1, 1, 1)"
#define DAY_US (INT64_C(24) * 3600 * 1000 * 1000)

enum { PAPER, RECORD, RESULT, VERSION, REMOVED, THROWN, ORPHAN, N_FILES };

static enum err
paper_row(struct ctx *cx, int64_t id, int64_t dossier_id, struct str hash)
{
    return q_paper_insert(cx, NULL, .id = id, .owner_id = 1, .dossier_id = dossier_id,
                          .requirement = STR("x"), .type = STR("x"), .hash = hash,
                          .media = STR("image/jpeg"), .name = STR("x"), .captured_by = STR("x"),
                          .pages = 1, .size_bytes = 1, .received_us = 1, .record_id = 0);
}

static enum err
rows_tx(struct ctx *cx, void *arg)
{
    const struct str *hash = arg;
    TRY(paper_row(cx, 1, 1, hash[PAPER]));
    TRY(paper_row(cx, 4, 1, hash[REMOVED]));
    TRY(paper_row(cx, 5, 2, hash[THROWN]));
    TRY(q_record_insert(cx, NULL, .id = 2, .owner_id = 1, .dossier_id = 1, .type = STR("x"),
                        .title = STR("x"), .number = STR("x"), .hash = hash[RECORD],
                        .media = STR("application/pdf"), .issuer = STR("x"), .pages = 1,
                        .size_bytes = 1, .issued_day = 1, .expires_day = 0, .kept_us = 1));
    TRY(q_result_insert(cx, NULL, .id = 3, .dossier_id = 1, .template_id = STR("x"),
                        .title = STR("x"), .number = STR("1"), .fields = STR("{}"),
                        .code = STR("ABCDEFGHJKMN"), .corrects = 0, .correct_reason = STR("")));
    return q_result_signed(cx, NULL, .id = 3, .hash = hash[RESULT], .signer = STR("x"),
                           .signed_us = 1);
}

/* What dropping draft 2 does to its papers. */
static enum err
throw_tx(struct ctx *cx, void *arg)
{
    (void)arg;
    return paper_remove_all(cx, 2);
}

static void
test_collect_files_keeps_what_any_row_names(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct str hash[N_FILES];
    struct str got;
    int64_t again_us = 0;
    for (int i = 0; i < N_FILES; i++) {
        ASSERT_OK(cx, blobs_put(cx, str_fmt(cx->arena, "file %d", i), &hash[i]));
    }
    ASSERT_OK(cx, store_write(cx, rows_tx, hash));
    ASSERT_OK(cx, test_sql(cx, str_z(cx->arena,
                                     str_fmt(cx->arena, VERSION_SQL, STR_ARG(hash[VERSION])))));
    ASSERT_OK(cx, app_collect_files(cx, &again_us));
    ASSERT_OK(cx, blobs_get(cx, hash[ORPHAN], 100, &got)); /* too young: its row may be coming */
    sys_clock_fake_step(&env->clock, 3 * DAY_US);
    ASSERT_OK(cx, app_collect_files(cx, &again_us));
    assert_true(again_us == DAY_US);
    for (int i = 0; i < ORPHAN; i++) {
        ASSERT_OK(cx, blobs_get(cx, hash[i], 100, &got));
    }
    ASSERT_OK(cx, paper_remove(cx, 4, 1));
    ASSERT_OK(cx, store_write(cx, throw_tx, NULL));
    ASSERT_OK(cx, app_collect_files(cx, &again_us));
    for (int i = 0; i < N_FILES; i++) {
        assert_int_equal(blobs_get(cx, hash[i], 100, &got), i < REMOVED ? ERR_OK : ERR_NOT_FOUND);
    }
    assert_int_equal(blobs_get(cx, hash[ORPHAN], 100, &got), ERR_NOT_FOUND);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collect_files_keeps_what_any_row_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
