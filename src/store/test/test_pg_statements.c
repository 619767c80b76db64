/* Every statement of the program against the real schema on PostgreSQL: it can be prepared, gives
 * the columns it declares with types the store reads, and reads no table from end to end unless it
 * says why. Every plan is listed in build/plans-postgres.txt. */
#include "base/buf.h"
#include "lib/harness.h"

#include <libpq-fe.h>
#include <stdio.h>

#define PARAMS_MAX     96
#define PLAN_LINES     400
#define TABLE_NAME_MIN 6 /* outbox */

static PGconn *
open_db(struct test_env *env)
{
    PGconn *pg = PQconnectdb(str_z(env->cx->arena, env->store_config.url));
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    return pg;
}

static bool
run_sql(PGconn *pg, const char *sql)
{
    PGresult *res = PQexec(pg, sql);
    ExecStatusType st = PQresultStatus(res);
    bool is_good = st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK;
    if (!is_good) {
        print_error("%s: %s", sql, PQerrorMessage(pg));
    }
    PQclear(res);
    return is_good;
}

static Oid
oid_of(enum store_type type)
{
    return type == STORE_STR ? 25 : type == STORE_BLOB ? 17 : 20;
}

/* bool, bytea, int8, int2, int4, text and numeric sums */
static bool
is_type_fine(enum store_type type, Oid oid)
{
    static const Oid numbers[] = { 16, 20, 21, 23, 1700 };
    if (type == STORE_BLOB) {
        return oid == 17;
    }
    if (type == STORE_STR) {
        return oid == 25;
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (oid == numbers[i]) {
            return true;
        }
    }
    return false;
}

static bool
check_columns(const struct store_stmt *st, const PGresult *res)
{
    bool is_good = (uint32_t)PQnfields(res) == st->n_out && (uint32_t)PQnparams(res) == st->n_in;
    if (!is_good) {
        print_error("%s: %d columns and %d parameters, declared %u and %u\n", st->name,
                    PQnfields(res), PQnparams(res), st->n_out, st->n_in);
    }
    for (uint32_t i = 0; is_good && i < st->n_out; i++) {
        if (!is_type_fine(st->out[i].type, PQftype(res, (int)i))) {
            print_error("%s: column %s has type %u\n", st->name, st->out[i].name,
                        PQftype(res, (int)i));
            is_good = false;
        }
    }
    return is_good;
}

static bool
check_stmt(PGconn *pg, const struct store_stmt *st)
{
    Oid types[PARAMS_MAX];
    assert_true(st->n_in <= PARAMS_MAX);
    for (uint32_t i = 0; i < st->n_in; i++) {
        types[i] = oid_of(st->in[i].type);
    }
    PGresult *res = PQprepare(pg, "s", st->postgres, (int)st->n_in, types);
    bool is_good = PQresultStatus(res) == PGRES_COMMAND_OK;
    if (!is_good) {
        print_error("%s: %s", st->name, PQerrorMessage(pg));
    } else {
        PGresult *what = PQdescribePrepared(pg, "s");
        is_good = check_columns(st, what);
        PQclear(what);
    }
    PQclear(res);
    res = PQexec(pg, "DEALLOCATE ALL");
    PQclear(res);
    return is_good;
}

static void
test_statements_prepare_on_postgres_with_declared_columns(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    PGconn *pg = open_db(env);
    size_t n_bad = 0;
    for (size_t i = 0; i < store_n_stmts; i++) {
        n_bad += check_stmt(pg, store_all_stmts[i]) ? 0 : 1;
    }
    PQfinish(pg);
    test_env_free(env);
    assert_int_equal(n_bad, 0);
}

/* --- plans: with sequential scans made dear, a plan that still has one has no index to use
 * --------
 */

/* "EXPLAIN EXECUTE s (NULL, ...)" of the generic plan. */
static const char *
explain_of(struct arena *a, const struct store_stmt *st)
{
    struct buf b = buf_new(a, 4096);
    buf_add(&b, STR("EXPLAIN EXECUTE s"));
    for (uint32_t i = 0; i < st->n_in; i++) {
        buf_addf(&b, "%s%s", i == 0 ? "(" : ", ", st->in[i].type == STORE_STR ? "''" : "1");
    }
    if (st->n_in > 0) {
        buf_add_char(&b, ')');
    }
    return str_z(a, buf_str(&b));
}

static bool
is_full_scan(struct str line)
{
    size_t at = str_find(line, STR("Seq Scan on "));
    return at < line.n && str_find(line, STR("store_meta")) == line.n;
}

/* A whole index is read where the line after an index scan names no condition on it, unless it is
 * read in its order and a LIMIT ends it. */
static bool
is_whole_index(const PGresult *res, int i)
{
    struct str line = str_of(PQgetvalue(res, i, 0));
    struct str next = i + 1 < PQntuples(res) ? str_of(PQgetvalue(res, i + 1, 0)) : STR("");
    bool is_index = str_find(line, STR("Index Scan ")) < line.n ||
                    str_find(line, STR("Index Only Scan ")) < line.n;
    bool is_head = str_starts(str_of(PQgetvalue(res, 0, 0)), STR("Limit")) &&
                   str_find(next, STR("Filter: ")) == next.n;
    return is_index && str_find(next, STR("Index Cond: ")) == next.n && !is_head;
}

/* Does the reason name the scanned table? Indexes are named after theirs. */
static bool
is_allowed(const struct store_stmt *st, struct str line)
{
    struct str reason = st->scan_reason == NULL ? STR("") : str_of(st->scan_reason);
    struct str word;
    while (str_next(&reason, ' ', &word)) {
        word = str_ends(word, STR(":")) ? str_slice(word, 0, word.n - 1) : word;
        if (word.n >= TABLE_NAME_MIN && str_find(line, word) < line.n) {
            return true;
        }
    }
    return false;
}

static bool
check_plan(PGconn *pg, struct arena *a, const struct store_stmt *st, FILE *list)
{
    Oid types[PARAMS_MAX];
    bool is_good = true;
    for (uint32_t i = 0; i < st->n_in; i++) {
        types[i] = oid_of(st->in[i].type);
    }
    PQclear(PQprepare(pg, "s", st->postgres, (int)st->n_in, types));
    PGresult *res = PQexec(pg, explain_of(a, st));
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        print_error("%s: %s", st->name, PQerrorMessage(pg));
        is_good = false;
    }
    if (list != NULL) {
        (void)fprintf(list, "%s%s%s\n", st->name, st->scan_reason == NULL ? "" : "; a scan: ",
                      st->scan_reason == NULL ? "" : st->scan_reason);
    }
    for (int i = 0; i < PQntuples(res); i++) {
        struct str line = str_of(PQgetvalue(res, i, 0));
        if (list != NULL) {
            (void)fprintf(list, "    " STR_FMT "\n", STR_ARG(line));
        }
        if ((is_full_scan(line) || is_whole_index(res, i)) && !is_allowed(st, line)) {
            print_error("%s: " STR_FMT "; add an index, or '-- scan: its small table, reason'\n",
                        st->name, STR_ARG(line));
            is_good = false;
        }
    }
    PQclear(res);
    PQclear(PQexec(pg, "DEALLOCATE ALL"));
    return is_good;
}

/* Rows in every table, each value another: a plan for empty tables says nothing. */
static const char *const fill_all =
    "DO $$ DECLARE t text; cols text; vals text; BEGIN "
    "FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN "
    "('store_meta', 'store_lane', 'store_commit') LOOP "
    "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position), "
    "string_agg(CASE WHEN column_name = 'state' AND t IN ('dossier', 'flow_task') THEN "
    "quote_literal('open') "
    "WHEN data_type = 'bigint' THEN 'g' WHEN data_type = 'bytea' THEN 'NULL' "
    "ELSE 'chr(97) || g' END, ', ' ORDER BY ordinal_position) INTO cols, vals "
    "FROM information_schema.columns WHERE table_schema = 'public' AND table_name = t; "
    "EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM generate_series(1, 3000) AS g', t, cols, "
    "vals); END LOOP; END $$";

static void
plan_settings(PGconn *pg)
{
    assert_true(run_sql(pg, fill_all));
    assert_true(run_sql(pg, "ANALYZE"));
    assert_true(run_sql(pg, "SET enable_seqscan = off"));
    assert_true(run_sql(pg, "SET plan_cache_mode = force_generic_plan"));
}

static void
test_statements_use_an_index_on_postgres_or_say_why_not(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    PGconn *pg = open_db(env);
    size_t n_bad = 0;
    FILE *list = fopen("build/plans-postgres.txt", "we");
    assert_non_null(list);
    plan_settings(pg);
    for (size_t i = 0; i < store_n_stmts; i++) {
        n_bad += check_plan(pg, env->cx->arena, store_all_stmts[i], list) ? 0 : 1;
    }
    assert_int_equal(fclose(list), 0);
    PQfinish(pg);
    test_env_free(env);
    assert_int_equal(n_bad, 0);
}

static void
test_check_plan_full_scan_on_postgres_is_found(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    PGconn *pg = open_db(env);
    struct store_stmt bad = { .name = "bad",
                              .postgres = "SELECT id FROM outbox WHERE payload = 'x'" };
    struct store_stmt good = { .name = "good", .postgres = "SELECT id FROM outbox WHERE id = 1" };
    struct store_stmt other = bad;
    struct store_stmt told = bad;
    other.scan_reason = "job_timed: a row for each job";
    told.scan_reason = "outbox holds what waits";
    plan_settings(pg);
    assert_false(check_plan(pg, env->cx->arena, &bad, NULL));
    assert_false(check_plan(pg, env->cx->arena, &other, NULL));
    assert_true(check_plan(pg, env->cx->arena, &told, NULL));
    assert_true(check_plan(pg, env->cx->arena, &good, NULL));
    PQfinish(pg);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_prepare_on_postgres_with_declared_columns),
        cmocka_unit_test(test_statements_use_an_index_on_postgres_or_say_why_not),
        cmocka_unit_test(test_check_plan_full_scan_on_postgres_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
