/* app_bulk_tally.c: counters in memory while rows are loaded: dossier numbers, register books and
 * the figures' roll-ups, read from the store before and written back after. */
#include "app/app_bulk_int.h"

#define TALLY_FIRST 1024

void
tally_init(struct tally *t, struct arena *a)
{
    *t = (struct tally){ .arena = a, .cap = TALLY_FIRST };
    t->slots = ARENA_ARRAY(a, struct tally_slot, t->cap);
}

static struct tally_slot *
slot_of(struct tally_slot *slots, size_t cap, struct str key, uint64_t hash)
{
    size_t i = (size_t)hash & (cap - 1);
    while (slots[i].key.p != NULL && !(slots[i].hash == hash && str_eq(slots[i].key, key))) {
        i = (i + 1) & (cap - 1);
    }
    return &slots[i];
}

static void
grow(struct tally *t)
{
    size_t cap = size_mul(t->cap, 4);
    struct tally_slot *slots = ARENA_ARRAY(t->arena, struct tally_slot, cap);
    for (size_t i = 0; i < t->cap; i++) {
        if (t->slots[i].key.p != NULL) {
            *slot_of(slots, cap, t->slots[i].key, t->slots[i].hash) = t->slots[i];
        }
    }
    t->slots = slots;
    t->cap = cap;
}

int64_t *
tally_at(struct tally *t, struct str key)
{
    uint64_t hash = str_hash(key);
    struct tally_slot *s = slot_of(t->slots, t->cap, key, hash);
    if (s->key.p == NULL) {
        if (t->n >= t->cap / 2) {
            grow(t);
            s = slot_of(t->slots, t->cap, key, hash);
        }
        *s = (struct tally_slot){ .key = str_dup(t->arena, key), .hash = hash };
        t->n++;
    }
    return &s->n;
}

/* --- from and to the store -------------------------------------------------------------------- */
static enum err
keep_number(struct ctx *cx UNUSED, const struct store_value *v, void *arg)
{
    *tally_at(&((struct bulk *)arg)->numbers, v[0].s) = v[1].i;
    return ERR_OK;
}

static enum err
keep_figure(struct ctx *cx, const struct store_value *v, void *arg)
{
    struct str key =
        str_fmt(cx->arena, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT, STR_ARG(v[0].s),
                STR_ARG(v[1].s), STR_ARG(v[2].s), STR_ARG(v[3].s), STR_ARG(v[4].s));
    *tally_at(&((struct bulk *)arg)->figures, key) += v[5].i;
    return ERR_OK;
}

static enum err
keep_register(struct ctx *cx, const struct store_value *v, void *arg)
{
    int64_t *last = tally_at(&((struct bulk *)arg)->registers,
                             str_fmt(cx->arena, STR_FMT "|" STR_FMT "|%" PRId64, STR_ARG(v[1].s),
                                     STR_ARG(v[2].s), v[3].i));
    *last = v[4].i > *last ? v[4].i : *last;
    return ERR_OK;
}

/* name, name_fold and personal_id of people; numbers are never given twice */
static enum err
keep_person(struct ctx *cx UNUSED, const struct store_value *v, void *arg)
{
    struct bulk *b = arg;
    const struct store_table *t = store_bulk_table(b->store, "party");
    const struct store_value *personal = &v[store_bulk_column(t, "personal_id")];
    if (personal->kind != STORE_VALUE_STR) {
        return ERR_OK;
    }
    *tally_at(&b->taken, personal->s) = 1;
    if (b->n_names < b->cap_names) {
        b->names[b->n_names] = str_dup(b->arena, v[store_bulk_column(t, "name")].s);
        b->folds[b->n_names++] = str_dup(b->arena, v[store_bulk_column(t, "name_fold")].s);
    }
    return ERR_OK;
}

enum err
bulk_tallies_read(struct bulk *b)
{
    static const struct {
        const char *table;
        store_bulk_fn *fn;
    } parts[] = { { "unit_counter", keep_number },
                  { "indicator", keep_figure },
                  { "register_entry", keep_register },
                  { "party", keep_person } };
    b->cap_names = 4000;
    b->names = ARENA_ARRAY(b->arena, struct str, b->cap_names);
    b->folds = ARENA_ARRAY(b->arena, struct str, b->cap_names);
    tally_init(&b->taken, b->arena);
    tally_init(&b->numbers, b->arena);
    tally_init(&b->registers, b->arena);
    tally_init(&b->figures, b->arena);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        TRY(store_bulk_each(b->cx, b->store, store_bulk_table(b->store, parts[i].table), NULL, NULL,
                            parts[i].fn, b));
    }
    return b->n_names > 0 ? ERR_OK : err_set(b->cx, ERR_INVALID, "the store has no people");
}

static struct store_value
text_value(struct str s)
{
    return (struct store_value){ .kind = STORE_VALUE_STR, .s = s };
}

static struct store_value
i64_value(int64_t i)
{
    return (struct store_value){ .kind = STORE_VALUE_I64, .i = i };
}

static enum err
write_numbers(struct bulk *b)
{
    const struct store_table *t = store_bulk_table(b->store, "unit_counter");
    TRY(store_bulk_empty(b->cx, b->store, t));
    for (size_t i = 0; i < b->numbers.cap; i++) {
        const struct tally_slot *s = &b->numbers.slots[i];
        struct store_value v[] = { text_value(s->key), i64_value(s->n) };
        if (s->key.p != NULL) {
            TRY(store_bulk_put(b->cx, b->store, t, v));
        }
    }
    return ERR_OK;
}

static enum err
write_figures(struct bulk *b)
{
    const struct store_table *t = store_bulk_table(b->store, "indicator");
    TRY(store_bulk_empty(b->cx, b->store, t));
    for (size_t i = 0; i < b->figures.cap; i++) {
        struct store_value v[7];
        struct str rest = b->figures.slots[i].key;
        if (rest.p == NULL) {
            continue;
        }
        for (size_t k = 0; k < 5; k++) {
            struct str part = STR("");
            (void)str_next(&rest, '|', &part);
            v[k] = text_value(part);
        }
        v[5] = i64_value(b->figures.slots[i].n);
        v[6] = i64_value(1); /* nobody has looked yet: the program does not run */
        TRY(store_bulk_put(b->cx, b->store, t, v));
    }
    return ERR_OK;
}

enum err
bulk_tallies_write(struct bulk *b)
{
    TRY(write_numbers(b));
    return write_figures(b);
}
