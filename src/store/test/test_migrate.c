/* Tests of the life of a schema: creation, forward migrations, refusals. */
#include "lib/harness.h"

#define META "CREATE TABLE store_meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);"
#define LANE                                                                                       \
    META "CREATE TABLE store_lane (id BIGINT PRIMARY KEY);"                                        \
         "CREATE TABLE store_commit (id BIGINT PRIMARY KEY);"
#define PET         "CREATE TABLE pet (id BIGINT PRIMARY KEY, name TEXT);"
#define PET_AGE     "CREATE TABLE pet (id BIGINT PRIMARY KEY, name TEXT, age BIGINT);"
#define ADD_AGE     "ALTER TABLE pet ADD COLUMN age BIGINT;"
#define SET_AGE     "UPDATE pet SET age = 7;"
#define SET_NOTHING "UPDATE nothing SET age = 7;"

static const struct store_schema_part old_parts[] = {
    { "store", "store/schema.sql", 0, META, LANE },
    { "pet", "pet/schema.sql", 0, PET, PET },
};
static const struct store_schema_set old_set = { .schema = old_parts, .n_schema = 2 };

static const struct store_schema_part new_parts[] = {
    { "store", "store/schema.sql", 0, META, LANE },
    { "pet", "pet/schema.sql", 0, PET_AGE, PET_AGE },
};
static const struct store_schema_part new_steps[] = {
    { "pet", "pet/migrations/0001_age.sql", 1, ADD_AGE, ADD_AGE },
    { "pet", "pet/migrations/0002_old.sql", 2, SET_AGE, SET_AGE },
};
static const struct store_schema_set new_set = {
    .schema = new_parts, .n_schema = 2, .migrations = new_steps, .n_migrations = 2
};

static const struct store_schema_part bad_steps[] = {
    { "pet", "pet/migrations/0001_age.sql", 1, ADD_AGE, ADD_AGE },
    { "pet", "pet/migrations/0002_bad.sql", 2, SET_NOTHING, SET_NOTHING },
};
static const struct store_schema_set bad_set = {
    .schema = new_parts, .n_schema = 2, .migrations = bad_steps, .n_migrations = 2
};
static const struct store_schema_set unsaid_set = { .schema = new_parts, .n_schema = 2 };

static struct test_env *
env_with_pet(void)
{
    struct test_env *env = test_env_new_with(&(struct store_config){ .schema = &old_set });
    ASSERT_OK(env->cx, test_sql(env->cx, "INSERT INTO pet (id, name) VALUES (1, 'Mực')"));
    store_close(env->cx->store);
    env->cx->store = NULL;
    return env;
}

static enum err
open_with(struct test_env *env, const struct store_schema_set *set)
{
    env->store_config.schema = set;
    return store_open(env->cx, &env->store_config, &env->cx->store);
}

static void
test_open_older_database_is_brought_forward_once(void **state)
{
    (void)state;
    struct test_env *env = env_with_pet();
    ASSERT_OK(env->cx, open_with(env, &new_set));
    assert_int_equal(test_i64(env->cx, "SELECT age FROM pet WHERE name = 'Mực'"), 7);
    ASSERT_OK(env->cx, test_sql(env->cx, "UPDATE pet SET age = 8"));
    test_env_reopen(env);
    assert_int_equal(test_i64(env->cx, "SELECT age FROM pet"), 8);
    test_env_free(env);
}

static void
test_open_failing_migration_changes_nothing(void **state)
{
    (void)state;
    struct test_env *env = env_with_pet();
    assert_int_equal(open_with(env, &bad_set), ERR_STORE);
    assert_non_null(strstr(env->cx->err.text, "0002_bad.sql"));
    ASSERT_OK(env->cx, open_with(env, &old_set));
    assert_int_equal(
        test_i64(env->cx,
                 test_is_postgres()
                     ? "SELECT count(*) FROM information_schema.columns WHERE table_name = 'pet'"
                     : "SELECT count(*) FROM pragma_table_info('pet')"),
        2);
    test_env_free(env);
}

static void
test_open_newer_database_is_refused(void **state)
{
    (void)state;
    struct test_env *env = env_with_pet();
    ASSERT_OK(env->cx, open_with(env, &new_set));
    store_close(env->cx->store);
    env->cx->store = NULL;
    assert_int_equal(open_with(env, &old_set), ERR_UNSUPPORTED);
    assert_non_null(strstr(env->cx->err.text, "newer program"));
    test_env_free(env);
}

static void
test_open_schema_changed_without_migration_is_refused(void **state)
{
    (void)state;
    struct test_env *env = env_with_pet();
    assert_int_equal(open_with(env, &unsaid_set), ERR_UNSUPPORTED);
    assert_non_null(strstr(env->cx->err.text, "add a migration"));
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_older_database_is_brought_forward_once),
        cmocka_unit_test(test_open_failing_migration_changes_nothing),
        cmocka_unit_test(test_open_newer_database_is_refused),
        cmocka_unit_test(test_open_schema_changed_without_migration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
