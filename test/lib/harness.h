/* harness.h: what every module's tests begin with: a context with arena, a clock that stands at
 * 2026-11-23 08:00 in Vietnam, seeded random bytes, an empty store in a temporary folder. */
#ifndef TEST_LIB_HARNESS_H
#define TEST_LIB_HARNESS_H

#include "store/jobs.h"
#include "store/store.h"
#include "sys/sys.h"

/* cmocka.h needs these before it */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct test_env {
    struct ctx *cx;
    struct sys_clock_fake clock;
    struct sys_random_seeded random;
    struct app_config config;
    struct store_config store_config;
    struct str data_dir;
    bool is_own_db; /* PostgreSQL: the database was made for this environment */
};

/* True when the tests run on PostgreSQL: BOMBO_TEST_STORE=postgres, see tools/with-postgres. Tests
 * of what only the embedded store has begin with TEST_SQLITE_ONLY(). */
bool test_is_postgres(void);
#define TEST_SQLITE_ONLY()                                                                         \
    do {                                                                                           \
        if (test_is_postgres()) {                                                                  \
            skip();                                                                                \
        }                                                                                          \
    } while (0)
#define TEST_POSTGRES_ONLY()                                                                       \
    do {                                                                                           \
        if (!test_is_postgres()) {                                                                 \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

/* A ready environment; fails the test when it cannot be made. */
struct test_env *test_env_new(void);
/* The same with store settings of the test's own; url and on_connect are filled in when empty. */
struct test_env *test_env_new_with(const struct store_config *config);
/* Closes the store, removes the folder. Accepts NULL. */
void test_env_free(struct test_env *env);
/* The same as cmocka's set-up and tear-down of one test: *state is the environment. */
int test_env_set_up(void **state);
int test_env_tear_down(void **state);
/* Closes and opens the store again, as after a restart. */
void test_env_reopen(struct test_env *env);

/* Another context on the same store, for another thread; ended by test_ctx_free. */
struct ctx *test_ctx_new(struct test_env *env);
void test_ctx_free(struct ctx *cx);

/* Rows in a table. Only for tests: the name goes into the SQL. */
int64_t test_count(struct ctx *cx, const char *table);
/* First column of the first row as a number, of any SELECT. */
int64_t test_i64(struct ctx *cx, const char *sql);
/* Runs SQL in one write transaction, for arranging and for what-if. */
enum err test_sql(struct ctx *cx, const char *sql);
/* The same inside a transaction: a store_tx_fn whose arg is the SQL. */
enum err test_sql_tx(struct ctx *cx, void *sql);

/* cmocka assertion that prints the detail of the failure. */
#define ASSERT_OK(cx, call)                                                                        \
    do {                                                                                           \
        enum err assert_err_ = (call);                                                             \
        if (assert_err_ != ERR_OK) {                                                               \
            fail_msg("%s: %s at %s:%d: %s", #call, err_name(assert_err_),                          \
                     (cx)->err.file != NULL ? (cx)->err.file : "?", (cx)->err.line,                \
                     (cx)->err.text);                                                              \
        }                                                                                          \
    } while (0)

#define ASSERT_STR(s, lit)                                                                         \
    do {                                                                                           \
        struct str assert_str_ = (s);                                                              \
        if (!str_eq(assert_str_, STR(lit))) {                                                      \
            fail_msg("%s is \"" STR_FMT "\", not \"%s\"", #s, STR_ARG(assert_str_), lit);          \
        }                                                                                          \
    } while (0)

#endif
