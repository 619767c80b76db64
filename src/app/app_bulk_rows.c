/* app_bulk_rows.c: writes one copy of a model: its rows with new ids, numbers, codes and times, the
 * person who filed, leaves of the ledger, and what the figures count. */
#include "app/app_bulk_int.h"

#include <stdio.h>

#define DAY_US           (INT64_C(86400) * DATE_US_PER_S)
#define FILINGS_A_PERSON 3
#define RECEIPTS_FROM    INT64_C(5000000)
#define SHORT_CODE       10 /* 50 bits */

struct copy {
    struct bulk *b;
    struct model *m;
    int64_t earlier_us;
    int32_t earlier_days;
    int64_t *ids;
    struct str *tokens;
    struct store_value *values; /* of the row in hand */
};

static struct str
random_hex(struct ctx *cx, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char *p = arena_alloc(cx->arena, n + 1);
    sys_random_bytes(cx, p, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = (unsigned char)digits[p[i] & 15U];
    }
    return (struct str){ (const char *)p, n };
}

static struct date
day_of(const struct copy *c, int64_t day)
{
    return (struct date){ (int32_t)day - c->earlier_days };
}

static int32_t
year_of(const struct copy *c, const struct register_slot *r)
{
    return date_civil(date_at_vn(r->at_us - c->earlier_us)).year;
}

/* --- people ----------------------------------------------------------------------------------- */
/* A personal number like the model's (province, century, sex, year) with another end. */
static struct str
new_personal(struct bulk *b, struct str like)
{
    for (;;) {
        struct str s = str_fmt(b->arena, STR_FMT "%06" PRId64, STR_ARG(str_slice(like, 0, 6)),
                               b->n_people++ % 1000000);
        int64_t *taken = tally_at(&b->taken, s);
        if (*taken == 0) {
            *taken = 1;
            return s;
        }
    }
}

static struct str
token_of(const struct model *m, enum token_kind kind)
{
    for (uint32_t i = 0; i < m->n_tokens; i++) {
        if (m->tokens[i].kind == kind) {
            return m->tokens[i].was;
        }
    }
    return STR_NULL;
}

/* True when the person is new, so that their rows have to be written. */
static bool
choose_person(struct copy *c)
{
    struct bulk *b = c->b;
    struct person *p = &b->person;
    if (!c->m->has_person) {
        return false;
    }
    bool is_new = p->n_left == 0;
    if (is_new) {
        size_t i = (size_t)(b->n_people * 7919) % b->n_names;
        *p = (struct person){ .name = b->names[i],
                              .fold = b->folds[i],
                              .personal = new_personal(b, token_of(c->m, TOKEN_PERSONAL)),
                              .n_left = FILINGS_A_PERSON };
        for (size_t k = 0; k < MODEL_PERSON_IDS; k++) {
            p->ids[k] = ++b->last_id;
        }
    }
    p->n_left--;
    for (size_t k = 0; k < MODEL_PERSON_IDS; k++) {
        c->ids[k] = p->ids[k];
    }
    return is_new;
}

/* --- what is new in this copy ----------------------------------------------------------------- */
static struct str
new_number(struct copy *c, const struct token *t)
{
    struct ctx *cx = c->b->cx;
    struct civil d = date_civil(day_of(c, t->day.day));
    int32_t year = t->has_long_year ? d.year : d.year % 100;
    struct str stem =
        str_fmt(cx->arena, STR_FMT "-%02d%02d%02d-", STR_ARG(t->agency), year, d.month, d.mday);
    int64_t *n = tally_at(&c->b->numbers, str_cat(cx->arena, stem, STR("{seq}")));
    return str_fmt(cx->arena, STR_FMT "%04" PRId64, STR_ARG(stem), ++*n);
}

/* Far above what people will pay in the demo, so that no number is given twice. */
static struct str
new_receipt(struct copy *c, const struct token *t)
{
    struct ctx *cx = c->b->cx;
    int32_t year = date_civil(day_of(c, t->day.day)).year;
    int64_t *n = tally_at(&c->b->registers,
                          str_fmt(cx->arena, STR_FMT "|receipt|%d", STR_ARG(t->agency), year));
    return str_fmt(cx->arena, "%07" PRId64 "/%d", RECEIPTS_FROM + ++*n, year);
}

/* Of codes as short as a bill's, two among millions would be the same by chance, and each must be
 * the only one: an odd factor sends different counts to different codes. */
static struct str
new_code(struct copy *c, size_t n)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct ctx *cx = c->b->cx;
    if (n > SHORT_CODE) {
        return sys_random_code(cx, n);
    }
    while (c->b->n_codes == 0) {
        sys_random_bytes(cx, (unsigned char *)&c->b->n_codes, sizeof(c->b->n_codes));
    }
    uint64_t code = c->b->n_codes++ * UINT64_C(0x9e3779b97f4a7c15);
    char *p = arena_alloc(cx->arena, n + 1);
    for (size_t i = 0; i < n; i++, code >>= 5) {
        p[i] = letters[code & 31U];
    }
    return (struct str){ p, n };
}

static struct str
new_token(struct copy *c, const struct token *t)
{
    struct ctx *cx = c->b->cx;
    const struct register_slot *r = NULL;
    switch (t->kind) {
    case TOKEN_ID:
        return str_fmt(cx->arena, "%" PRId64, c->ids[t->at]);
    case TOKEN_NUMBER:
        return new_number(c, t);
    case TOKEN_CODE:
        return str_cat(cx->arena, str_slice(t->was, 0, t->keep), new_code(c, t->was.n - t->keep));
    case TOKEN_REGISTER:
        r = &c->m->registers[t->at];
        return str_fmt(cx->arena, "%02" PRId64 "/%d", r->seq, year_of(c, r));
    case TOKEN_RECEIPT:
        return new_receipt(c, t);
    case TOKEN_NAME:
        return c->b->person.name;
    case TOKEN_FOLD:
        return c->b->person.fold;
    case TOKEN_PERSONAL:
        return c->b->person.personal;
    }
    return STR("");
}

static void
new_registers(struct copy *c)
{
    struct ctx *cx = c->b->cx;
    for (uint32_t i = 0; i < c->m->n_registers; i++) {
        struct register_slot *r = &c->m->registers[i];
        struct str key = str_fmt(cx->arena, STR_FMT "|" STR_FMT "|%d", STR_ARG(r->unit),
                                 STR_ARG(r->book), year_of(c, r));
        r->seq = ++*tally_at(&c->b->registers, key);
    }
}

static struct str
new_text(struct copy *c, const struct cell *cell)
{
    struct buf out = buf_new(c->b->cx->arena, BULK_TEXT_MAX);
    for (uint32_t i = 0; i < cell->n_pieces; i++) {
        const struct piece *p = &cell->pieces[i];
        buf_add(&out, p->token < 0 ? p->text : c->tokens[p->token]);
    }
    return buf_str(&out);
}

static struct store_value
new_value(struct copy *c, const struct cell *cell)
{
    struct ctx *cx = c->b->cx;
    struct store_value v = cell->v;
    switch (cell->kind) {
    case CELL_KEEP:
        break;
    case CELL_ID:
        v.i = c->ids[cell->at];
        break;
    case CELL_TIME:
        v.i -= c->earlier_us;
        break;
    case CELL_DAY:
        v.i -= c->earlier_days;
        break;
    case CELL_DAY_TEXT:
        v.s = date_iso(cx->arena, day_of(c, v.i));
        break;
    case CELL_HEX:
        v.s = random_hex(cx, v.s.n);
        break;
    case CELL_TEXT:
        v.s = new_text(c, cell);
        break;
    case CELL_YEAR:
        v.i = year_of(c, &c->m->registers[cell->at]);
        break;
    case CELL_SEQ:
        v.i = c->m->registers[cell->at].seq;
        break;
    case CELL_SEQ_TEXT:
        v.s = str_fmt(cx->arena, "%02" PRId64, c->m->registers[cell->at].seq);
        break;
    }
    return v;
}

/* --- ledger and figures ----------------------------------------------------------------------- */
static struct store_value
i64_value(int64_t i)
{
    return (struct store_value){ .kind = STORE_VALUE_I64, .i = i };
}

static struct store_value
str_value(struct str s)
{
    return (struct store_value){ .kind = STORE_VALUE_STR, .s = s };
}

static enum err
put_head(struct bulk *b)
{
    struct ledger_head_row h;
    TRY(ledger_seal_head(b->cx, b->sealer, &h));
    struct store_value v[] = { i64_value(h.size),     str_value(h.root),   i64_value(h.at_us),
                               str_value(h.frontier), str_value(h.key_id), str_value(h.signature) };
    return store_bulk_put(b->cx, b->store, b->heads, v);
}

enum err
bulk_seal_rest(struct bulk *b)
{
    return ledger_seal_has_rest(b->sealer) ? put_head(b) : ERR_OK;
}

static enum err
seal_entry(struct bulk *b, const struct store_value *v)
{
    struct ledger_row e = { .id = v[0].i,
                            .at_us = v[1].i,
                            .kind = v[2].s,
                            .actor = v[3].i,
                            .acting_for = v[4].i,
                            .unit = v[5].s,
                            .object = v[6].s,
                            .subject = v[7].i,
                            .purpose = v[8].s,
                            .note = v[9].s,
                            .salt = v[10].s,
                            .commitment = v[11].s };
    int64_t seq = 0;
    struct str hash;
    ledger_seal(b->sealer, b->cx->arena, &e, &seq, &hash);
    struct store_value leaf[] = { i64_value(seq), i64_value(e.id), str_value(hash) };
    TRY(store_bulk_put(b->cx, b->store, b->leaves, leaf));
    return ledger_seal_is_due(b->sealer) ? put_head(b) : ERR_OK;
}

/* A row of indicator_item is counted as it stands. */
static void
count_item(struct bulk *b, const struct store_value *v)
{
    struct str key = str_fmt(b->cx->arena, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT,
                             STR_ARG(v[1].s), STR_ARG(v[2].s), STR_ARG(v[3].s), STR_ARG(v[4].s),
                             STR_ARG(v[5].s));
    *tally_at(&b->figures, key) += v[7].i;
}

static void
count_moves(struct copy *c)
{
    struct ctx *cx = c->b->cx;
    for (uint32_t i = 0; i < c->m->n_moves; i++) {
        const struct stock_move *s = &c->m->moves[i];
        struct str day = date_iso(cx->arena, date_at_vn(s->at_us - c->earlier_us));
        struct str key =
            str_fmt(cx->arena, "%s|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT, s->metric,
                    STR_ARG(day), STR_ARG(s->unit), STR_ARG(s->procedure), STR_ARG(s->field));
        *tally_at(&c->b->figures, key) += s->n;
    }
}

static enum err
put_row(struct copy *c, const struct model_row *row)
{
    for (uint32_t i = 0; i < row->t->n; i++) {
        c->values[i] = new_value(c, &row->cells[i]);
    }
    TRY(store_bulk_put(c->b->cx, c->b->store, row->t, c->values));
    if (row->t == c->b->entries) {
        return seal_entry(c->b, c->values);
    }
    if (row->t == c->b->items) {
        count_item(c->b, c->values);
    }
    return ERR_OK;
}

enum err
bulk_copy(struct bulk *b, struct model *m, int64_t earlier_us)
{
    struct copy c = { .b = b,
                      .m = m,
                      .earlier_us = earlier_us,
                      .earlier_days = (int32_t)(earlier_us / DAY_US),
                      .ids = ARENA_ARRAY(b->cx->arena, int64_t, (size_t)m->n_ids + 1),
                      .tokens = ARENA_ARRAY(b->cx->arena, struct str, (size_t)m->n_tokens + 1),
                      .values = ARENA_ARRAY(b->cx->arena, struct store_value, 128) };
    bool is_new = choose_person(&c);
    for (uint32_t i = m->has_person ? MODEL_PERSON_IDS : 0; i < m->n_ids; i++) {
        c.ids[i] = ++b->last_id;
    }
    new_registers(&c);
    for (uint32_t i = 0; i < m->n_tokens; i++) {
        if (m->tokens[i].is_used) {
            c.tokens[i] = new_token(&c, &m->tokens[i]);
        }
    }
    for (uint32_t k = 0; k < m->n_rows && is_new; k++) { /* people before what they did */
        if (m->rows[k].is_person) {
            TRY(put_row(&c, &m->rows[k]));
        }
    }
    for (uint32_t k = 0; k < m->n_rows; k++) {
        if (!m->rows[k].is_person) {
            TRY(put_row(&c, &m->rows[k]));
        }
    }
    count_moves(&c);
    return ERR_OK;
}
