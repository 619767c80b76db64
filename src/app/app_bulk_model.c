/* app_bulk_model.c: reads one filing from the store as a model: its rows in all tables, and which
 * of their values are its own (ids, times, numbers, names) and so differ in each copy. */
#include "app/app_bulk_int.h"
#include "engine/procedure/procedure.h"
#include "engine/unit/unit.h"

#define IDS_MAX       2000
#define TOKENS_MAX    2400
#define ROWS_MAX      4000
#define REGISTERS_MAX 200
#define MOVES_MAX     400
#define PIECES_MAX    4000

/* Whose rows: those of its dossiers, of their cases, of their bills. */
enum of { OF_DOSSIER, OF_CASE, OF_BILL, OF_OBJECT };
static const struct {
    const char *table, *column;
    enum of of;
    bool is_slow; /* the schema has no index for it */
} parts[] = {
    { "dossier", "id", OF_DOSSIER, false },
    { "draft", "dossier_id", OF_DOSSIER, true },
    { "dossier_event", "dossier_id", OF_DOSSIER, false },
    { "dossier_step", "dossier_id", OF_DOSSIER, false },
    { "supplement", "dossier_id", OF_DOSSIER, false },
    { "result", "dossier_id", OF_DOSSIER, false },
    { "register_entry", "dossier_id", OF_DOSSIER, false },
    { "paper", "dossier_id", OF_DOSSIER, false },
    { "record", "dossier_id", OF_DOSSIER, true },
    { "custody", "dossier_id", OF_DOSSIER, false },
    { "party_consent", "dossier_id", OF_DOSSIER, false },
    { "pay_bill", "dossier_id", OF_DOSSIER, false },
    { "pay_cash", "bill_id", OF_BILL, true },
    { "notice", "dossier_id", OF_DOSSIER, true },
    { "indicator_item", "subject_id", OF_DOSSIER, true },
    { "indicator_stock", "subject_id", OF_DOSSIER, true },
    { "flow_case", "subject_id", OF_DOSSIER, false },
    { "flow_task", "subject_id", OF_DOSSIER, true },
    { "flow_timer", "subject_id", OF_DOSSIER, true },
    { "flow_token", "case_id", OF_CASE, false },
    { "ledger_entry", "object", OF_OBJECT, false },
};

enum err
bulk_look(struct bulk *b)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const struct store_table *t = store_bulk_table(b->store, parts[i].table);
        ASSERT(t != NULL);
        if (parts[i].is_slow) {
            TRY(store_bulk_look_by(b->cx, b->store, t, parts[i].column));
        }
    }
    TRY(store_bulk_look_by(b->cx, b->store, store_bulk_table(b->store, "dossier"), "parent_id"));
    return ERR_OK;
}

/* --- reading rows ----------------------------------------------------------------------------- */
struct reading {
    struct bulk *b;
    struct model *m;
    const struct store_table *t;
    bool is_person;
};

static struct store_value
kept_value(struct arena *a, struct store_value v)
{
    if (v.kind == STORE_VALUE_STR) {
        v.s = str_dup(a, v.s);
    }
    return v;
}

static enum err
keep_row(struct ctx *cx, const struct store_value *values, void *arg)
{
    struct reading *r = arg;
    if (r->m->n_rows == ROWS_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "a filing has more than %d rows", ROWS_MAX);
    }
    struct model_row *row = &r->m->rows[r->m->n_rows++];
    *row = (struct model_row){ .t = r->t, .is_person = r->is_person };
    row->was = ARENA_ARRAY(r->b->arena, struct store_value, r->t->n);
    row->cells = ARENA_ARRAY(r->b->arena, struct cell, r->t->n);
    for (uint32_t i = 0; i < r->t->n; i++) {
        row->was[i] = kept_value(r->b->arena, values[i]);
    }
    return ERR_OK;
}

static enum err
read_rows(struct bulk *b, struct model *m, const char *table, const char *column,
          struct store_value key, bool is_person)
{
    struct reading r = { b, m, store_bulk_table(b->store, table), is_person };
    return store_bulk_each(b->cx, b->store, r.t, column, &key, keep_row, &r);
}

static const struct store_value *
value_of(const struct model_row *row, const char *column)
{
    return &row->was[store_bulk_column(row->t, column)];
}

static bool
is_of(const struct model_row *row, const char *table)
{
    return str_eq(row->t->name, str_of(table));
}

static struct store_value
i64_value(int64_t i)
{
    return (struct store_value){ .kind = STORE_VALUE_I64, .i = i };
}

static struct store_value
object_of(struct bulk *b, const char *kind, int64_t id)
{
    return (struct store_value){ .kind = STORE_VALUE_STR,
                                 .s = str_fmt(b->arena, "%s:%" PRId64, kind, id) };
}

/* The rows of the tables whose rows hang on what was read before: dossiers, cases, bills. */
static enum err
read_parts(struct bulk *b, struct model *m, const int64_t *dossiers, size_t n)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        uint32_t n_rows = m->n_rows; /* so far */
        const char *holder = parts[i].of == OF_CASE ? "flow_case" : "pay_bill";
        for (size_t k = 0; k < n && parts[i].of == OF_DOSSIER; k++) {
            TRY(read_rows(b, m, parts[i].table, parts[i].column, i64_value(dossiers[k]), false));
        }
        for (size_t k = 0; k < n && parts[i].of == OF_OBJECT; k++) {
            TRY(read_rows(b, m, parts[i].table, parts[i].column,
                          object_of(b, "dossier", dossiers[k]), false));
        }
        for (uint32_t k = 0; k < n_rows && (parts[i].of == OF_CASE || parts[i].of == OF_BILL);
             k++) {
            if (is_of(&m->rows[k], holder)) {
                TRY(read_rows(b, m, parts[i].table, parts[i].column, m->rows[k].was[0], false));
            }
        }
    }
    return ERR_OK;
}

/* Who filed, when it was for themself. */
static enum err
read_person(struct bulk *b, struct model *m)
{
    const struct model_row *d = &m->rows[0];
    struct store_value party = *value_of(d, "party_id");
    struct store_value account = *value_of(d, "filed_by");
    uint32_t n = m->n_rows;
    TRY(read_rows(b, m, "party", "id", party, true));
    TRY(read_rows(b, m, "account", "id", account, true));
    TRY(read_rows(b, m, "ledger_entry", "object", object_of(b, "account", account.i), true));
    m->has_person = m->n_rows == n + MODEL_PERSON_IDS &&
                    value_of(&m->rows[n], "personal_id")->kind == STORE_VALUE_STR &&
                    value_of(&m->rows[n + 1], "party_id")->i == party.i;
    m->n_rows = m->has_person ? m->n_rows : n;
    return ERR_OK;
}

/* --- what differs in each copy ---------------------------------------------------------------- */
static int
by_value(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x;
    int64_t b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

static void
collect_ids(struct bulk *b, struct model *m)
{
    uint32_t n = m->has_person ? MODEL_PERSON_IDS : 0;
    m->ids = ARENA_ARRAY(b->arena, int64_t, (size_t)m->n_rows + MODEL_PERSON_IDS);
    for (uint32_t i = 0; i < m->n_rows; i++) {
        const struct model_row *row = &m->rows[i];
        if (row->is_person) {
            m->ids[i - (m->n_rows - MODEL_PERSON_IDS)] = row->was[0].i;
        } else if (str_eq(row->t->columns[0], STR("id"))) {
            m->ids[n++] = row->was[0].i;
        }
    }
    m->n_ids = n;
    uint32_t first = m->has_person ? MODEL_PERSON_IDS : 0;
    qsort(m->ids + first, m->n_ids - first, sizeof(m->ids[0]), by_value);
}

static bool
id_index(const struct model *m, int64_t id, uint32_t *ret)
{
    for (uint32_t i = 0; i < m->n_ids && id != 0; i++) {
        if (m->ids[i] == id) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static void
add_token(struct model *m, struct token t)
{
    if (t.was.n >= 4 && m->n_tokens < TOKENS_MAX) {
        m->tokens[m->n_tokens++] = t;
    }
}

static void
number_token(struct model *m, struct str number, int64_t at_us)
{
    struct str agency;
    struct str day;
    int64_t seq = 0;
    if (unit_number_parse(number, &agency, &day, &seq)) {
        add_token(m, (struct token){ .kind = TOKEN_NUMBER,
                                     .was = number,
                                     .agency = agency,
                                     .day = date_at_vn(at_us),
                                     .has_long_year = day.n == 8 });
    }
}

static void
tokens_of_row(struct bulk *b, struct model *m, const struct model_row *row)
{
    if (is_of(row, "dossier")) {
        number_token(m, value_of(row, "number")->s, value_of(row, "submitted_us")->i);
        add_token(m, (struct token){ .kind = TOKEN_CODE, .was = value_of(row, "code")->s });
    } else if (is_of(row, "pay_bill")) {
        add_token(m,
                  (struct token){ .kind = TOKEN_CODE, .was = value_of(row, "code")->s, .keep = 2 });
        add_token(m, (struct token){
                         .kind = TOKEN_CODE, .was = value_of(row, "bank_ref")->s, .keep = 3 });
        add_token(m, (struct token){ .kind = TOKEN_RECEIPT,
                                     .was = value_of(row, "receipt")->s,
                                     .agency = value_of(row, "unit")->s,
                                     .day = date_at_vn(value_of(row, "paid_us")->i) });
    } else if (is_of(row, "result")) {
        add_token(m, (struct token){ .kind = TOKEN_CODE, .was = value_of(row, "code")->s });
    } else if (is_of(row, "register_entry")) {
        struct register_slot *r = &m->registers[m->n_registers];
        ASSERT(m->n_registers < REGISTERS_MAX);
        *r = (struct register_slot){ .unit = value_of(row, "unit")->s,
                                     .book = value_of(row, "book")->s,
                                     .at_us = value_of(row, "at_us")->i };
        if (!str_starts(r->book, STR("result:"))) {
            add_token(m, (struct token){ .kind = TOKEN_REGISTER,
                                         .at = m->n_registers,
                                         .was = str_fmt(b->arena, "%02" PRId64 "/%" PRId64,
                                                        value_of(row, "seq")->i,
                                                        value_of(row, "year")->i) });
        }
        m->n_registers++;
    } else if (is_of(row, "party")) {
        add_token(m, (struct token){ .kind = TOKEN_NAME, .was = value_of(row, "name")->s });
        add_token(m, (struct token){ .kind = TOKEN_FOLD, .was = value_of(row, "name_fold")->s });
        add_token(m,
                  (struct token){ .kind = TOKEN_PERSONAL, .was = value_of(row, "personal_id")->s });
    }
}

static void
collect_tokens(struct bulk *b, struct model *m)
{
    m->tokens = ARENA_ARRAY(b->arena, struct token, TOKENS_MAX);
    m->registers = ARENA_ARRAY(b->arena, struct register_slot, REGISTERS_MAX);
    for (uint32_t i = 0; i < m->n_rows; i++) {
        tokens_of_row(b, m, &m->rows[i]);
    }
    for (uint32_t i = 0; i < m->n_ids; i++) {
        add_token(m, (struct token){ .kind = TOKEN_ID,
                                     .at = i,
                                     .was = str_fmt(b->arena, "%" PRId64, m->ids[i]) });
    }
}

/* --- texts as pieces -------------------------------------------------------------------------- */
static bool
token_at(const struct model *m, struct str rest, int32_t *ret)
{
    for (uint32_t i = 0; i < m->n_tokens; i++) {
        if (str_starts(rest, m->tokens[i].was)) {
            *ret = (int32_t)i;
            return true;
        }
    }
    return false;
}

static void
compile_text(struct bulk *b, struct model *m, struct str s, struct cell *c)
{
    struct piece *v = ARENA_ARRAY(b->cx->arena, struct piece, PIECES_MAX);
    size_t from = 0;
    uint32_t n = 0;
    for (size_t i = 0; i < s.n && n + 2 < PIECES_MAX;) {
        int32_t token = -1;
        if (!token_at(m, str_slice(s, i, s.n), &token)) {
            i++;
            continue;
        }
        if (i > from) {
            v[n++] = (struct piece){ str_slice(s, from, i), -1 };
        }
        v[n++] = (struct piece){ STR_NULL, token };
        m->tokens[token].is_used = true;
        i += m->tokens[token].was.n;
        from = i;
    }
    if (n == 0) {
        return;
    }
    if (from < s.n) {
        v[n++] = (struct piece){ str_slice(s, from, s.n), -1 };
    }
    c->kind = CELL_TEXT;
    c->n_pieces = n;
    c->pieces = arena_copy(b->arena, v, n * sizeof(*v));
}

/* --- cells ------------------------------------------------------------------------------------ */
/* A result's number is that of its entry in the book of its kind. */
static bool
result_register(const struct model *m, struct str template_id, uint32_t *ret)
{
    for (uint32_t i = 0; i < m->n_registers; i++) {
        struct str book = m->registers[i].book;
        if (str_starts(book, STR("result:")) &&
            str_eq(str_slice(book, sizeof("result:") - 1, book.n), template_id)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* The result that a kept record is a copy of. */
static const struct model_row *
result_of_record(const struct model *m, const struct model_row *record)
{
    for (uint32_t i = 0; i < m->n_rows; i++) {
        if (is_of(&m->rows[i], "result") &&
            value_of(&m->rows[i], "record_id")->i == record->was[0].i) {
            return &m->rows[i];
        }
    }
    return NULL;
}

static bool
compile_number(const struct model *m, const struct model_row *row, struct str column,
               struct cell *c, uint32_t n_registers)
{
    const struct model_row *result = is_of(row, "result")   ? row
                                     : is_of(row, "record") ? result_of_record(m, row)
                                                            : NULL;
    if (is_of(row, "register_entry") &&
        (str_eq(column, STR("seq")) || str_eq(column, STR("year")))) {
        c->kind = str_eq(column, STR("seq")) ? CELL_SEQ : CELL_YEAR;
        c->at = n_registers;
        return true;
    }
    if (str_eq(column, STR("number")) && result != NULL &&
        result_register(m, value_of(result, "template_id")->s, &c->at)) {
        c->kind = CELL_SEQ_TEXT;
        return true;
    }
    return false;
}

static void
compile_i64(const struct model *m, struct str column, struct cell *c)
{
    if (id_index(m, c->v.i, &c->at)) {
        c->kind = CELL_ID;
    } else if (str_ends(column, STR("_us")) && c->v.i > 0) {
        c->kind = CELL_TIME;
    } else if ((str_ends(column, STR("_day")) || str_eq(column, STR("day"))) && c->v.i > 0) {
        c->kind = CELL_DAY;
    }
}

static void
compile_str(struct bulk *b, struct model *m, const struct model_row *row, struct str column,
            struct cell *c)
{
    struct date day;
    if (is_of(row, "ledger_entry") && c->v.s.n > 0 &&
        (str_eq(column, STR("salt")) || str_eq(column, STR("commitment")))) {
        c->kind = CELL_HEX;
    } else if (str_eq(column, STR("day")) && date_parse(c->v.s, &day)) {
        c->kind = CELL_DAY_TEXT;
        c->v.i = day.day;
    } else {
        compile_text(b, m, c->v.s, c);
    }
}

static void
compile_rows(struct bulk *b, struct model *m)
{
    uint32_t n_registers = 0;
    for (uint32_t i = 0; i < m->n_rows; i++) {
        struct model_row *row = &m->rows[i];
        for (uint32_t k = 0; k < row->t->n; k++) {
            struct cell *c = &row->cells[k];
            struct str column = row->t->columns[k];
            *c = (struct cell){ .kind = CELL_KEEP, .v = row->was[k] };
            if (compile_number(m, row, column, c, n_registers)) {
                continue;
            }
            if (c->v.kind == STORE_VALUE_I64) {
                compile_i64(m, column, c);
            } else if (c->v.kind == STORE_VALUE_STR) {
                compile_str(b, m, row, column, c);
            }
        }
        n_registers += is_of(row, "register_entry") ? 1U : 0U;
    }
}

/* --- the roll-ups' past ----------------------------------------------------------------------- */
static void
add_move(struct model *m, const char *metric, const struct model_row *d, int64_t at_us, int64_t n)
{
    if (at_us > 0) {
        ASSERT(m->n_moves < MOVES_MAX);
        m->moves[m->n_moves++] = (struct stock_move){ .metric = metric,
                                                      .at_us = at_us,
                                                      .n = n,
                                                      .unit = value_of(d, "unit")->s,
                                                      .procedure = value_of(d, "procedure_code")->s,
                                                      .field = value_of(d, "field")->s };
    }
}

static bool
is_in_stock(const struct model *m, const char *metric, int64_t dossier)
{
    for (uint32_t i = 0; i < m->n_rows; i++) {
        if (is_of(&m->rows[i], "indicator_stock") &&
            str_eq(value_of(&m->rows[i], "metric")->s, str_of(metric)) &&
            value_of(&m->rows[i], "subject_id")->i == dossier) {
            return true;
        }
    }
    return false;
}

/* Stocks keep no past of each dossier: it came in when it was filed and left, unless it is still
 * there, when it was finished; a bill from its making until it was paid or the dossier finished;
 * waiting while a citizen's answer was. */
static void
moves_of_dossier(struct model *m, const struct model_row *d)
{
    int64_t id = d->was[0].i;
    int64_t finished_us = value_of(d, "finished_us")->i;
    add_move(m, "open", d, value_of(d, "submitted_us")->i, 1);
    if (!is_in_stock(m, "open", id)) {
        add_move(m, "open", d, finished_us, -1);
    }
    for (uint32_t i = 0; i < m->n_rows; i++) {
        const struct model_row *r = &m->rows[i];
        if (is_of(r, "pay_bill") && value_of(r, "dossier_id")->i == id) {
            int64_t paid_us = value_of(r, "paid_us")->i;
            add_move(m, "unpaid", d, value_of(r, "created_us")->i, 1);
            if (!is_in_stock(m, "unpaid", id)) {
                add_move(m, "unpaid", d, paid_us > 0 ? paid_us : finished_us, -1);
            }
        }
    }
    if (is_in_stock(m, "waiting", id)) {
        add_move(m, "waiting", d, value_of(d, "submitted_us")->i, 1);
    }
}

static void
collect_moves(struct bulk *b, struct model *m)
{
    m->moves = ARENA_ARRAY(b->arena, struct stock_move, MOVES_MAX);
    m->is_finished = true;
    for (uint32_t i = 0; i < m->n_rows; i++) {
        if (is_of(&m->rows[i], "dossier")) {
            m->n_dossiers++;
            m->is_finished =
                m->is_finished && !str_eq(value_of(&m->rows[i], "state")->s, STR("open"));
            moves_of_dossier(m, &m->rows[i]);
        }
    }
}

bool
bulk_is_known(const struct bulk *b, const struct model *m, int64_t earlier_us)
{
    for (uint32_t i = 0; i < m->n_rows; i++) {
        const struct model_row *row = &m->rows[i];
        if (is_of(row, "dossier")) {
            struct date on = date_at_vn(value_of(row, "submitted_us")->i - earlier_us);
            if (procedure_at(b->cx, value_of(row, "procedure_code")->s, on) == NULL) {
                return false;
            }
        }
    }
    return true;
}

/* --- all of it -------------------------------------------------------------------------------- */
struct dossiers {
    int64_t v[64];
    size_t n;
};

static enum err
keep_dossier(struct ctx *cx, const struct store_value *values, void *arg)
{
    struct dossiers *d = arg;
    if (d->n == COUNT_OF(d->v)) {
        return err_set(cx, ERR_TOO_LARGE, "a filing has too many dossiers");
    }
    d->v[d->n++] = values[0].i;
    return ERR_OK;
}

enum err
bulk_model_read(struct bulk *b, int64_t dossier, struct model *ret)
{
    struct model m = { .rows = ARENA_ARRAY(b->cx->arena, struct model_row, ROWS_MAX) };
    struct dossiers all = { .v = { dossier }, .n = 1 };
    struct store_value parent = i64_value(dossier);
    TRY(store_bulk_each(b->cx, b->store, store_bulk_table(b->store, "dossier"), "parent_id",
                        &parent, keep_dossier, &all));
    TRY(read_parts(b, &m, all.v, all.n));
    if (m.n_rows == 0) {
        return err_set(b->cx, ERR_NOT_FOUND, "no such dossier");
    }
    TRY(read_person(b, &m));
    if (m.n_rows > IDS_MAX) {
        return err_set(b->cx, ERR_TOO_LARGE, "a filing has too many rows to be a model");
    }
    m.rows = arena_copy(b->arena, m.rows, m.n_rows * sizeof(*m.rows));
    collect_ids(b, &m);
    collect_tokens(b, &m);
    collect_moves(b, &m);
    compile_rows(b, &m);
    *ret = m;
    return ERR_OK;
}
