/* test_health.c: the rules of the checks, samples, and what a probe may say. */
#include "lib/fault_vfs.h"
#include "lib/harness.h"

#include "engine/health/health_int.h"
#include "sys/log.h"

#include <sqlite3.h>
#include <unistd.h>

static struct health_view
fine(void)
{
    struct health_view v = { .at_us = INT64_C(1800000000) * 1000000, .can_read = true };
    v.disk_total_bytes = INT64_C(100) << 30;
    v.disk_free_bytes = INT64_C(50) << 30;
    v.backup_us = v.at_us - INT64_C(3600) * 1000000;
    return v;
}

static enum health_level
level_of(const struct health_view *v, enum health_what what)
{
    struct health_check c[HEALTH_COUNT];
    health_judge(v, c);
    return c[what].level;
}

static void
test_health_judge_all_fine_is_ok_everywhere(void **state)
{
    struct health_view v = fine();
    (void)state;
    for (int i = 0; i < HEALTH_COUNT; i++) {
        assert_int_equal(level_of(&v, (enum health_what)i), HEALTH_OK);
    }
}

static void
test_health_judge_each_limit_raises_its_check(void **state)
{
    struct health_view v = fine();
    (void)state;
    v.can_read = false;
    v.store.busy_us = INT64_C(61000000);
    v.store.log_bytes = INT64_C(1024) << 20;
    v.server.quiet_us = INT64_C(2000000);
    v.disk_free_bytes = INT64_C(5) << 30;
    v.ledger_oldest_us = v.at_us - INT64_C(61) * 1000000;
    v.n_topics = 2;
    v.topics[0] =
        (struct health_topic){ .n_waiting = 1, .oldest_us = v.at_us - INT64_C(3601) * 1000000 };
    v.topics[1] = (struct health_topic){ .n_dead = 1, .oldest_us = 1 };
    v.n_timed = 1;
    v.timed[0].is_failing = true;
    v.n_refused_minute = 600;
    v.n_failed_minute = 1;
    v.server.tls_until_us = v.at_us + INT64_C(86400) * 1000000 * 3;
    v.backup_us = 0;
    v.has_node = true;
    v.node = (struct node_state){ .log_bytes = INT64_C(71) << 30,
                                  .log_max_bytes = INT64_C(100) << 30,
                                  .has_authority = true,
                                  .unstamped_since_us = v.at_us - INT64_C(601) * 1000000 };
    assert_int_equal(level_of(&v, HEALTH_EVIDENCE), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_STAMPS), HEALTH_WARN);
    v.node.is_log_failed = true;
    v.node.is_stamp_late = true;
    assert_int_equal(level_of(&v, HEALTH_EVIDENCE), HEALTH_BAD);
    assert_int_equal(level_of(&v, HEALTH_STAMPS), HEALTH_BAD);
    assert_int_equal(level_of(&v, HEALTH_LOG), HEALTH_WARN);
    v.store = (struct store_stats){ .busy_us = INT64_C(61000000), .is_log_kept = true };
    assert_int_equal(level_of(&v, HEALTH_LOG), HEALTH_BAD); /* however short it still is */
    assert_int_equal(level_of(&v, HEALTH_STORE), HEALTH_BAD);
    assert_int_equal(level_of(&v, HEALTH_WRITER), HEALTH_BAD);
    assert_int_equal(level_of(&v, HEALTH_LOOPS), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_DISK), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_LEDGER), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_OUTBOX), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_DEAD), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_JOBS), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_BUSY), HEALTH_BAD);
    assert_int_equal(level_of(&v, HEALTH_FAILURES), HEALTH_WARN);
    assert_int_equal(level_of(&v, HEALTH_TLS), HEALTH_BAD);
    assert_int_equal(level_of(&v, HEALTH_BACKUP), HEALTH_WARN);
}

/* The first backup is due a day after the database was made; of a shared one never by us. */
static void
test_health_judge_first_backup_is_due_after_a_day(void **state)
{
    struct health_view v = fine();
    struct health_check c[HEALTH_COUNT];
    (void)state;
    v.backup_us = 0;
    v.made_us = v.at_us - INT64_C(25) * 3600 * 1000000;
    health_judge(&v, c);
    assert_int_equal(c[HEALTH_BACKUP].level, HEALTH_OK);
    assert_int_equal(c[HEALTH_BACKUP].value, -1);
    v.made_us -= INT64_C(1) * 3600 * 1000000;
    assert_int_equal(level_of(&v, HEALTH_BACKUP), HEALTH_WARN);
    v.is_shared = true;
    health_judge(&v, c);
    assert_int_equal(c[HEALTH_BACKUP].level, HEALTH_OK);
    assert_int_equal(c[HEALTH_BACKUP].value, -2);
}

/* The disk fails to sync the database once: from then on the alarm is there until the restart, also
 * when all goes well again. */
static void
test_health_failed_sync_of_the_database_is_an_alarm_until_the_restart(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct fault_vfs *vfs = fault_vfs_new("fault");
    struct test_env *env =
        test_env_new_with(&(struct store_config){ .vfs = "fault", .log_pages = 8 });
    struct ctx *cx = env->cx;
    struct health *h = health_open("1", NULL, 0);
    struct health_check c[HEALTH_COUNT] = { 0 };
    struct str text;
    ASSERT_OK(cx, health_look(cx, h));
    health_checks(h, c);
    assert_int_equal(c[HEALTH_LOG].level, HEALTH_OK);
    fault_vfs_fail(vfs, FAULT_SYNC_DB, 1, SQLITE_IOERR_FSYNC, false);
    while (c[HEALTH_LOG].level != HEALTH_BAD) { /* the log's thread meets it sooner or later */
        ASSERT_OK(cx,
                  test_sql(cx, "INSERT INTO store_meta (name, value) VALUES ('n', '1') ON CONFLICT"
                               " (name) DO UPDATE SET value = store_meta.value + 1"));
        sys_clock_fake_step(&env->clock, INT64_C(10) * 1000000);
        ASSERT_OK(cx, health_look(cx, h));
        health_checks(h, c);
    }
    assert_int_equal(fault_vfs_n_failed(vfs), 1);
    ASSERT_OK(cx, health_metrics(cx, h, &text));
    assert_non_null(strstr(str_z(cx->arena, text), "\nbombo_store_log_kept 1\n"));
    test_env_reopen(env);
    sys_clock_fake_step(&env->clock, INT64_C(10) * 1000000);
    ASSERT_OK(cx, health_look(cx, h));
    health_checks(h, c);
    assert_int_equal(c[HEALTH_LOG].level, HEALTH_OK);
    health_close(h);
    test_env_free(env);
    fault_vfs_free(vfs);
}

static void
test_health_sample_keeps_an_hour_and_logs_each_change_once(void **state)
{
    struct test_env *env = test_env_new();
    struct health *h = health_open("1", NULL, 0);
    struct health_sample *v = NULL;
    char text[4096];
    int pipes[2];
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    env->cx->log = sys_log_open(pipes[1], SYS_LOG_INFO);
    sys_clock_fake_step(&env->clock, INT64_C(27) * 3600 * 1000000); /* a day without a backup */
    for (int i = 0; i < HEALTH_SAMPLES_MAX + 5; i++) {
        health_sample(env->cx, h);
        sys_clock_fake_step(&env->clock, INT64_C(10) * 1000000);
    }
    size_t n = health_samples(env->cx, h, &v);
    assert_int_equal(n, HEALTH_SAMPLES_MAX);
    assert_int_equal(v[1].at_us - v[0].at_us, INT64_C(10) * 1000000);
    assert_true(v[n - 1].memory_bytes > 0);
    (void)close(pipes[1]);
    ssize_t got = read(pipes[0], text, sizeof(text) - 1);
    assert_true(got >= 0);
    text[got] = '\0';
    char *first = strstr(text, "\"check\":\"backup\"");
    if (test_is_postgres()) { /* a shared database has backups of its own */
        assert_null(first);
    } else {
        assert_ptr_equal(first,
                         strstr(text, "\"check\":\"backup\",\"is\":1,\"was\":0,\"value\":-1}\n"));
        assert_non_null(first);
        assert_null(strstr(first + 1, "\"check\":\"backup\""));
    }
    (void)close(pipes[0]);
    sys_log_close(env->cx->log);
    env->cx->log = NULL;
    health_close(h);
    test_env_free(env);
}

static void
test_health_ready_says_why_not(void **state)
{
    struct test_env *env = test_env_new();
    struct health *h = health_open("1", NULL, 0);
    (void)state;
    assert_string_equal(health_ready(h), "starting");
    health_state_set(h, HEALTH_SERVING);
    assert_string_equal(health_ready(h), "ready");
    assert_int_equal(test_sql(env->cx, "DROP TABLE ledger_pending"), ERR_OK);
    ASSERT_OK(env->cx, health_look(env->cx, h));
    assert_string_equal(health_ready(h), "store");
    health_state_set(h, HEALTH_STOPPING);
    assert_string_equal(health_ready(h), "stopping");
    assert_true(health_is_alive(env->cx, h));
    health_close(h);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health_judge_all_fine_is_ok_everywhere),
        cmocka_unit_test(test_health_judge_each_limit_raises_its_check),
        cmocka_unit_test(test_health_judge_first_backup_is_due_after_a_day),
        cmocka_unit_test(test_health_failed_sync_of_the_database_is_an_alarm_until_the_restart),
        cmocka_unit_test(test_health_sample_keeps_an_hour_and_logs_each_change_once),
        cmocka_unit_test(test_health_ready_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
