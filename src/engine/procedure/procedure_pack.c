/* procedure_pack.c: fields, life events and procedures of a pack, and their order. */
#include "engine/procedure/procedure_int.h"

static void
read_fields(struct pack_load *l, struct procedures *ps)
{
    static const char *const required[] = { "code", "name_vi", "name_en", NULL };
    struct str *paths = NULL;
    size_t n = pack_load_list(l, STR("procedures/fields"), STR(".csv"), &paths);
    for (size_t i = 0; i < n; i++) {
        struct pack_csv csv;
        if (!pack_load_csv(l, paths[i], required, &csv)) {
            continue;
        }
        struct arena *a = pack_load_arena(l);
        const struct procedure_field **v =
            ARENA_ARRAY(a, const struct procedure_field *, ps->n_fields + csv.n_rows + 1);
        for (size_t k = 0; k < ps->n_fields; k++) {
            v[k] = ps->fields[k];
        }
        ps->fields = v;
        for (size_t r = 0; r < csv.n_rows; r++) {
            struct procedure_field *f = ARENA_NEW(a, struct procedure_field);
            f->code = pack_csv_get(&csv, r, "code");
            f->name = (struct pack_text){ pack_csv_get(&csv, r, "name_vi"),
                                          pack_csv_get(&csv, r, "name_en") };
            f->rank = (int32_t)ps->n_fields;
            if (!pack_is_code(f->code) || f->name.vi.n == 0) {
                pack_load_faultf(l, paths[i], csv.lines[r], "Ghi mã không dấu và tên",
                                 "Lĩnh vực thiếu mã hoặc tên");
            }
            v[ps->n_fields++] = f;
        }
    }
}

static uint32_t
audience_of(struct pack_load *l, const struct pack_csv *csv, size_t r)
{
    static const char *const names[] = { "citizen", "business", "agency", "foreigner" };
    struct str rest = pack_csv_get(csv, r, "audience");
    struct str word;
    uint32_t bits = 0;
    while (rest.n != 0 && str_next(&rest, ' ', &word)) {
        size_t i = 0;
        while (i < COUNT_OF(names) && !str_eq(word, str_of(names[i]))) {
            i++;
        }
        if (i == COUNT_OF(names)) {
            pack_load_faultf(l, csv->file, csv->lines[r],
                             "Dùng citizen, business, agency, foreigner, cách nhau dấu cách",
                             "Đối tượng \"" STR_FMT "\" không có", STR_ARG(word));
        } else {
            bits |= 1U << i;
        }
    }
    return bits;
}

static int
event_cmp(const void *x, const void *y)
{
    const struct procedure_life_event *a = *(const struct procedure_life_event *const *)x;
    const struct procedure_life_event *b = *(const struct procedure_life_event *const *)y;
    return a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : str_cmp(a->id, b->id);
}

static void
read_events(struct pack_load *l, struct procedures *ps)
{
    static const char *const required[] = { "id",   "name_vi",  "name_en", "icon",
                                            "rank", "audience", NULL };
    struct pack_csv csv;
    struct arena *a = pack_load_arena(l);
    if (!pack_load_csv(l, STR("procedures/life-events.csv"), required, &csv)) {
        return;
    }
    ps->events = ARENA_ARRAY(a, const struct procedure_life_event *, csv.n_rows + 1);
    for (size_t r = 0; r < csv.n_rows; r++) {
        struct procedure_life_event *e = ARENA_NEW(a, struct procedure_life_event);
        int64_t rank = 0;
        e->id = pack_csv_get(&csv, r, "id");
        e->icon = pack_csv_get(&csv, r, "icon");
        e->name = (struct pack_text){ pack_csv_get(&csv, r, "name_vi"),
                                      pack_csv_get(&csv, r, "name_en") };
        e->audience = audience_of(l, &csv, r);
        if (!str_to_i64(pack_csv_get(&csv, r, "rank"), 0, 10000, &rank) || !pack_is_code(e->id) ||
            e->name.vi.n == 0) {
            pack_load_faultf(l, csv.file, csv.lines[r], "Ghi mã không dấu, tên và thứ tự bằng số",
                             "Sự kiện thiếu mã, tên hoặc thứ tự");
        }
        e->rank = (int32_t)rank;
        ps->events[ps->n_events++] = e;
    }
    if (ps->n_events > 1) {
        qsort(ps->events, ps->n_events, sizeof(ps->events[0]), event_cmp);
    }
}

bool
procedure_knows_paper_type(struct pack_load *l, struct str code)
{
    static const struct str path = STR_INIT("lists/paper-types.csv");
    struct str rest = pack_load_file(l, path);
    struct str line;
    if (rest.p == NULL) {
        return true;
    }
    /* Codes have no quotes or commas, so the first cell is the text before the first comma. */
    while (str_next(&rest, '\n', &line)) {
        struct str first;
        struct str tail;
        if (str_cut(line, ',', &first, &tail) && str_eq(str_trim(first), code)) {
            return true;
        }
    }
    return false;
}

/* --- procedures ------------------------------------------------------------------------------- */

struct entry {
    struct procedure *p;
    struct str file;
    uint32_t line;
};
struct entries {
    struct entry *v;
    size_t n, cap;
};

static void
push_entry(struct arena *a, struct entries *es, struct entry e)
{
    if (es->n == es->cap) {
        es->cap = es->cap == 0 ? 128 : size_mul(es->cap, 2);
        struct entry *v = ARENA_ARRAY(a, struct entry, es->cap);
        for (size_t i = 0; i < es->n; i++) {
            v[i] = es->v[i];
        }
        es->v = v;
    }
    es->v[es->n++] = e;
}

static void
read_one(struct pack_at at, const struct json *j, const struct procedures *ps, struct entries *es)
{
    if (es->n >= PROCEDURES_MAX) {
        pack_load_faultf(at.l, at.file, j->line, "Tách bớt thủ tục sang gói khác", "Quá %d thủ tục",
                         PROCEDURES_MAX);
        return;
    }
    struct procedure *p = procedure_read(at, j, ps);
    if (p != NULL) {
        push_entry(pack_load_arena(at.l), es, (struct entry){ p, at.file, j->line });
    }
}

static void
read_all(struct pack_load *l, const struct procedures *ps, struct entries *es)
{
    struct str *paths = NULL;
    struct arena *tree = arena_open(0);
    size_t n = pack_load_list(l, STR("procedures/"), STR(".json"), &paths);
    for (size_t i = 0; i < n; i++) {
        struct pack_at at = { l, paths[i] };
        arena_reset(tree);
        const struct json *root = pack_load_json_in(l, paths[i], true, tree);
        if (root != NULL && root->type == JSON_LIST) {
            for (JSON_EACH(root, it)) {
                read_one(at, it, ps, es);
            }
        } else if (root != NULL) {
            read_one(at, root, ps, es);
        }
    }
    arena_close(tree);
}

static int
code_cmp(const struct procedure *a, const struct procedure *b)
{
    int c = str_cmp(a->code, b->code);
    return c != 0 ? c : date_cmp(a->from, b->from);
}

static int
entry_by_code(const void *x, const void *y)
{
    const struct entry *a = x;
    const struct entry *b = y;
    int c = code_cmp(a->p, b->p);
    return c != 0 ? c : str_cmp(a->file, b->file);
}

static int
by_use(const void *x, const void *y)
{
    const struct procedure *a = *(const struct procedure *const *)x;
    const struct procedure *b = *(const struct procedure *const *)y;
    if (a->is_generated != b->is_generated) {
        return a->is_generated ? 1 : -1;
    }
    if (a->has_own_form != b->has_own_form) {
        return a->has_own_form ? -1 : 1;
    }
    int32_t i = a->field != NULL ? a->field->rank : INT32_MAX;
    int32_t k = b->field != NULL ? b->field->rank : INT32_MAX;
    return i != k ? (i < k ? -1 : 1) : code_cmp(a, b);
}

static void
check_versions(struct pack_load *l, const struct entries *es)
{
    for (size_t i = 1; i < es->n; i++) {
        const struct procedure *p = es->v[i].p;
        const struct procedure *before = es->v[i - 1].p;
        if (str_eq(p->code, before->code) && p->from.day <= before->to.day) {
            pack_load_faultf(l, es->v[i].file, es->v[i].line,
                             "Ghi valid_to của bản cũ là ngày ngay trước valid_from của bản mới",
                             "Thủ tục \"" STR_FMT "\" có hai bản cùng một thời gian",
                             STR_ARG(p->code));
        }
    }
}

void
procedure_pack_part(struct pack_load *l)
{
    struct arena *a = pack_load_arena(l);
    struct procedures *ps = ARENA_NEW(a, struct procedures);
    struct entries es = { 0 };
    read_fields(l, ps);
    read_events(l, ps);
    read_all(l, ps, &es);
    if (es.n > 1) {
        qsort(es.v, es.n, sizeof(es.v[0]), entry_by_code);
    }
    check_versions(l, &es);
    ps->n = es.n;
    ps->by_code = ARENA_ARRAY(a, const struct procedure *, es.n + 1);
    ps->v = ARENA_ARRAY(a, const struct procedure *, es.n + 1);
    struct procedure **sorted = ARENA_ARRAY(a, struct procedure *, es.n + 1);
    for (size_t i = 0; i < es.n; i++) {
        ps->by_code[i] = es.v[i].p;
        sorted[i] = es.v[i].p;
    }
    if (es.n > 1) {
        qsort(sorted, es.n, sizeof(sorted[0]), by_use);
    }
    for (size_t i = 0; i < es.n; i++) {
        sorted[i]->index = (uint32_t)i;
        ps->v[i] = sorted[i];
    }
    pack_load_target(l)->slot[PACK_PROCEDURES] = ps;
}
