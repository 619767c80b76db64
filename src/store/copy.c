/* copy.c: `bombo store copy`. Tables and columns come from the source's catalogue, so a new table
 * needs nothing here. Every value travels as text or bytes, with NULL kept apart from 0 and "". */
#include "store/copy.h"

#include "base/buf.h"
#include "gen/q_store.h"
#include "store/store_int.h"

#define TABLES_MAX    256
#define COLS_MAX      90
#define BATCH_N       500
#define SQL_MAX_BYTES 16384U
#define MARK          "copying"

struct table {
    struct str name;
    struct str cols[COLS_MAX];
    bool is_number[COLS_MAX], is_blob[COLS_MAX];
    uint32_t n_cols;
    int64_t n_rows;
    uint64_t sum;
};

/* Fields of one row, as the statements below declare them. */
struct fields {
    struct str v[COLS_MAX];
};

struct copy {
    struct ctx *from, *to;
    struct table *tables;
    size_t n_tables;
};

static void
cols_declare(const struct table *t, struct store_col *cols)
{
    for (uint32_t i = 0; i < t->n_cols; i++) {
        cols[i] = (struct store_col){ .name = "c",
                                      .type = t->is_blob[i] ? STORE_BLOB : STORE_STR,
                                      .offset = (uint32_t)(i * sizeof(struct str)) };
    }
}

static const struct store_col name_col[] = { { "name", STORE_STR, 0 } };
static const struct store_col pair_cols[] = { { "name", STORE_STR, 0 },
                                              { "type", STORE_STR, sizeof(struct str) } };

/* --- what there is to copy -------------------------------------------------------------------- */

static enum err
list_tables(struct copy *c)
{
    const struct store_stmt st = {
        .name = "tables",
        .sqlite =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "AND name NOT IN ('store_meta', 'store_lane', 'store_commit') ORDER BY name LIMIT 256",
        .postgres =
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND "
            "tablename NOT IN ('store_meta', 'store_lane', 'store_commit') ORDER BY 1 LIMIT 256",
        .kind = STORE_MANY,
        .out = name_col,
        .n_out = 1,
        .row_bytes = sizeof(struct str),
        .index = STORE_NOT_CACHED
    };
    void *rows = NULL;
    TRY(store_stmt_many(c->from, &st, NULL, &rows, &c->n_tables));
    if (c->n_tables == TABLES_MAX) {
        return err_set(c->from, ERR_TOO_LARGE, "more tables than %d", TABLES_MAX);
    }
    c->tables = ARENA_ARRAY(c->from->arena, struct table, c->n_tables + 1);
    for (size_t i = 0; i < c->n_tables; i++) {
        c->tables[i].name = ((const struct str *)rows)[i];
    }
    return ERR_OK;
}

struct pair {
    struct str name, type;
};

static enum err
list_cols(struct copy *c, struct table *t)
{
    const struct store_stmt st = {
        .name = "columns",
        .sqlite = "SELECT name, lower(type) FROM pragma_table_info(?1) ORDER BY cid LIMIT 91",
        .postgres =
            "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE "
            "table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position LIMIT "
            "91",
        .kind = STORE_MANY,
        .in = name_col,
        .n_in = 1,
        .out = pair_cols,
        .n_out = 2,
        .row_bytes = sizeof(struct pair),
        .index = STORE_NOT_CACHED
    };
    void *rows = NULL;
    size_t n = 0;
    TRY(store_stmt_many(c->from, &st, &t->name, &rows, &n));
    if (n > COLS_MAX) {
        return err_set(c->from, ERR_TOO_LARGE, STR_FMT ": more than %d columns", STR_ARG(t->name),
                       COLS_MAX);
    }
    t->n_cols = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        const struct pair *p = &((const struct pair *)rows)[i];
        t->cols[i] = p->name;
        t->is_blob[i] = str_eq(p->type, STR("blob")) || str_eq(p->type, STR("bytea"));
        t->is_number[i] = str_eq(p->type, STR("bigint")) || str_eq(p->type, STR("integer"));
    }
    return ERR_OK;
}

/* --- statements made for one table --------------------------------------------------------------
 */

static const char *
select_sql(struct arena *a, const struct table *t)
{
    struct buf b = buf_new(a, SQL_MAX_BYTES);
    for (uint32_t i = 0; i < t->n_cols; i++) {
        buf_addf(&b, t->is_number[i] ? "%sCAST(\"" STR_FMT "\" AS TEXT)" : "%s\"" STR_FMT "\"",
                 i == 0 ? "SELECT " : ", ", STR_ARG(t->cols[i]));
    }
    buf_addf(&b, " FROM \"" STR_FMT "\"", STR_ARG(t->name));
    return str_z(a, buf_str(&b));
}

static const char *
insert_sql(struct arena *a, const struct table *t, char mark)
{
    struct buf b = buf_new(a, SQL_MAX_BYTES);
    buf_addf(&b, "INSERT INTO \"" STR_FMT "\" (", STR_ARG(t->name));
    for (uint32_t i = 0; i < t->n_cols; i++) {
        buf_addf(&b, "%s\"" STR_FMT "\"", i == 0 ? "" : ", ", STR_ARG(t->cols[i]));
    }
    buf_add(&b, STR(") VALUES ("));
    for (uint32_t i = 0; i < t->n_cols; i++) {
        buf_addf(&b, t->is_number[i] ? "%sCAST(%c%u AS BIGINT)" : "%s%c%u", i == 0 ? "" : ", ",
                 mark, i + 1);
    }
    buf_add(&b, STR(")"));
    return str_z(a, buf_str(&b));
}

/* FNV-1a over the fields, lengths and absence included; rows are added up, in whatever order. */
static uint64_t
row_hash(const struct table *t, const struct fields *f)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < t->n_cols; i++) {
        h = (h ^ (f->v[i].p == NULL ? UINT64_MAX : f->v[i].n)) * UINT64_C(1099511628211);
        h = (h ^ str_hash(f->v[i])) * UINT64_C(1099511628211);
    }
    return h;
}

/* Hands every row of a table to fn. */
static enum err
each_row(struct ctx *cx, const struct table *t, store_row_fn *fn, void *arg)
{
    struct store_col cols[COLS_MAX];
    struct arena *a = arena_open(0);
    const char *sql = select_sql(a, t);
    cols_declare(t, cols);
    const struct store_stmt st = { .name = "copy: read",
                                   .sqlite = sql,
                                   .postgres = sql,
                                   .kind = STORE_EACH,
                                   .out = cols,
                                   .n_out = t->n_cols,
                                   .row_bytes = sizeof(struct fields),
                                   .index = STORE_NOT_CACHED };
    enum err e = store_stmt_each(cx, &st, NULL, fn, arg);
    arena_close(a);
    return e;
}

/* --- moving -------------------------------------------------------------------------------------
 */

struct batch {
    struct copy *copy;
    struct table *table;
    struct store_stmt insert;
    struct arena *arena; /* rows of the batch */
    struct fields *rows[BATCH_N];
    size_t n;
};

static enum err
insert_tx(struct ctx *cx, void *arg)
{
    const struct batch *b = arg;
    for (size_t i = 0; i < b->n; i++) {
        TRY(store_stmt_exec(cx, &b->insert, b->rows[i], NULL));
    }
    return ERR_OK;
}

static enum err
flush(struct batch *b)
{
    enum err e = b->n > 0 ? store_write_locked(b->copy->to, insert_tx, b) : ERR_OK;
    b->n = 0;
    arena_reset(b->arena);
    return e;
}

static enum err
move_row(struct ctx *cx UNUSED, const void *row, void *arg)
{
    struct batch *b = arg;
    const struct fields *f = row;
    struct fields *kept = ARENA_NEW(b->arena, struct fields);
    for (uint32_t i = 0; i < b->table->n_cols; i++) {
        kept->v[i] = f->v[i].p == NULL ? STR_NULL : str_dup(b->arena, f->v[i]);
    }
    b->table->n_rows++;
    b->table->sum += row_hash(b->table, f);
    b->rows[b->n++] = kept;
    return b->n == BATCH_N ? flush(b) : ERR_OK;
}

static enum err
move_table(struct copy *c, struct table *t)
{
    struct store_col cols[COLS_MAX];
    struct arena *a = arena_open(0);
    struct batch *b = ARENA_NEW(a, struct batch);
    cols_declare(t, cols);
    *b = (struct batch){ .copy = c, .table = t, .arena = arena_open(0) };
    b->insert = (struct store_stmt){ .name = "copy: write",
                                     .sqlite = insert_sql(a, t, '?'),
                                     .postgres = insert_sql(a, t, '$'),
                                     .kind = STORE_EXEC,
                                     .in = cols,
                                     .n_in = t->n_cols,
                                     .index = STORE_NOT_CACHED };
    enum err e = each_row(c->from, t, move_row, b);
    if (e == ERR_OK) {
        e = flush(b);
    }
    arena_close(b->arena);
    arena_close(a);
    return e;
}

/* --- before and after ---------------------------------------------------------------------------
 */

struct check {
    const struct table *table;
    int64_t n;
    uint64_t sum;
};

static enum err
check_row(struct ctx *cx UNUSED, const void *row, void *arg)
{
    struct check *k = arg;
    k->n++;
    k->sum += row_hash(k->table, row);
    return ERR_OK;
}

static enum err
check_table(struct copy *c, const struct table *t)
{
    struct check k = { .table = t };
    TRY(each_row(c->to, t, check_row, &k));
    if (k.n != t->n_rows || k.sum != t->sum) {
        return err_set(c->to, ERR_STORE, "table " STR_FMT ": %lld rows there, %lld rows here%s",
                       STR_ARG(t->name), (long long)t->n_rows, (long long)k.n,
                       k.n == t->n_rows ? ", with other contents" : "");
    }
    return ERR_OK;
}

static enum err
refuse_row(struct ctx *cx, const void *row UNUSED, void *arg)
{
    const struct table *t = arg;
    return err_set(cx, ERR_CONFLICT, "the target is not empty: table " STR_FMT " has rows",
                   STR_ARG(t->name));
}

static enum err
target_is_empty(struct copy *c)
{
    for (size_t i = 0; i < c->n_tables; i++) {
        TRY(each_row(c->to, &c->tables[i], refuse_row, &c->tables[i]));
    }
    return ERR_OK;
}

static enum err
mark_tx(struct ctx *cx, void *arg)
{
    return q_store_meta_set(cx, NULL, .name = STR("schema_version"),
                            .value = *(const struct str *)arg);
}

/* New ids stay above those of the source, also when the clocks disagree. */
static void
keep_ids(struct copy *c)
{
    int64_t last = atomic_load(&c->from->store->last_id);
    if (last > atomic_load(&c->to->store->last_id)) {
        atomic_store(&c->to->store->last_id, last);
    }
}

static enum err
read_all(struct ctx *cx UNUSED, void *arg)
{
    struct copy *c = arg;
    TRY(list_tables(c));
    for (size_t i = 0; i < c->n_tables; i++) {
        TRY(list_cols(c, &c->tables[i]));
    }
    TRY(target_is_empty(c));
    struct str mark = STR(MARK);
    TRY(store_write(c->to, mark_tx, &mark));
    for (size_t i = 0; i < c->n_tables; i++) {
        TRY(move_table(c, &c->tables[i]));
    }
    return ERR_OK;
}

enum err
store_copy(struct ctx *from, struct ctx *to, struct store_copied *ret)
{
    struct copy c = { .from = from, .to = to };
    struct q_store_meta_get version;
    struct store_copied done = { 0 };
    TRY(q_store_meta_get(to, &version, .name = STR("schema_version")));
    enum err e = store_read(from, read_all, &c);
    if (e != ERR_OK) {
        if (to->err.text[0] == '\0') {
            to->err = from->err;
        }
        return e;
    }
    for (size_t i = 0; i < c.n_tables; i++) {
        TRY(check_table(&c, &c.tables[i]));
        done.n_tables++;
        done.n_rows += c.tables[i].n_rows;
    }
    keep_ids(&c);
    TRY(store_write(to, mark_tx, &version.value));
    *ret = done;
    return ERR_OK;
}
