/* procedure_model.c: finding and listing. Pure: reads the pack only. */
#include "engine/procedure/procedure_int.h"

#include "codec/vn.h"

const struct procedures *
procedures_of(const struct pack *p)
{
    return p != NULL ? p->slot[PACK_PROCEDURES] : NULL;
}

size_t
procedure_first(const struct procedures *ps, struct str code)
{
    size_t lo = 0;
    size_t hi = ps->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(ps->by_code[mid]->code, code) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static bool
is_valid(const struct procedure *p, struct date on)
{
    return on.day >= p->from.day && on.day <= p->to.day;
}

const struct procedure *
procedure_in(const struct pack *p, struct str code, struct date on)
{
    const struct procedures *ps = procedures_of(p);
    for (size_t i = ps != NULL ? procedure_first(ps, code) : 0; ps != NULL && i < ps->n; i++) {
        if (!str_eq(ps->by_code[i]->code, code)) {
            break;
        }
        if (is_valid(ps->by_code[i], on)) {
            return ps->by_code[i];
        }
    }
    return NULL;
}

#define CODE_CHARS 8 /* "1.004873" */

struct str
procedure_code_of(struct str s)
{
    if (s.n < CODE_CHARS || s.p[1] != '.' || (s.n > CODE_CHARS && s.p[CODE_CHARS] != '.')) {
        return STR_NULL;
    }
    for (size_t i = 0; i < CODE_CHARS; i++) {
        if (i != 1 && (s.p[i] < '0' || s.p[i] > '9')) {
            return STR_NULL;
        }
    }
    return str_slice(s, 0, CODE_CHARS);
}

const struct procedure *
procedure_at(const struct ctx *cx, struct str code, struct date on)
{
    return procedure_in(pack_now(cx), code, on);
}

struct unit_rule
procedure_decides_on(const struct procedure *p, struct date on)
{
    for (size_t i = 0; i < p->n_decides_before; i++) {
        if (on.day <= p->decides_before[i].to.day) {
            return p->decides_before[i].rule;
        }
    }
    return p->decides;
}

/* Everyday names are written as people say them, in small letters; shown they begin with a capital.
 */
static struct str
capitalised(struct arena *a, struct str s)
{
    size_t n = s.n > 0 ? 1 : 0;
    while (n < s.n && ((unsigned char)s.p[n] & 0xC0U) == 0x80U) {
        n++;
    }
    return str_cat(a, vn_upper(a, str_slice(s, 0, n)), str_slice(s, n, s.n));
}

struct str
procedure_short_name(const struct ctx *cx, const struct procedure *p)
{
    bool is_en = str_eq(cx->lang, STR("en"));
    if (is_en && p->n_everyday_en > 0) {
        return capitalised(cx->arena, p->everyday_en[0]);
    }
    return !is_en && p->n_everyday_vi > 0 ? capitalised(cx->arena, p->everyday_vi[0])
                                          : pack_text(cx, p->name);
}

static bool
has_event(const struct procedure *p, struct str id)
{
    for (size_t i = 0; i < p->n_life_events; i++) {
        if (str_eq(p->life_events[i]->id, id)) {
            return true;
        }
    }
    return false;
}

bool
procedure_matches(const struct procedure *p, const struct procedure_filter *f)
{
    bool is_field = f->field.n == 0 || (p->field != NULL && str_eq(p->field->code, f->field));
    bool is_event = f->life_event.n == 0 || has_event(p, f->life_event);
    bool is_audience = f->audience == 0 || (p->audience & f->audience) != 0;
    bool is_level = f->level.n == 0 || str_eq(unit_level_name(p->decides.level), f->level);
    bool is_kind = f->kind.n == 0 || str_eq(p->decides.kind, f->kind);
    bool is_online = f->online <= 0 || (int32_t)p->online == f->online - 1;
    return is_field && is_event && is_audience && is_level && is_kind && is_online;
}

size_t
procedure_list(struct ctx *cx, const struct procedure_filter *f, struct date on, struct str after,
               size_t limit, const struct procedure *const **ret)
{
    const struct procedures *ps = procedures_of(pack_now(cx));
    *ret = NULL;
    if (ps == NULL) {
        return 0;
    }
    size_t from = 0;
    if (after.n != 0) {
        size_t i = procedure_first(ps, after);
        bool is_known = i < ps->n && str_eq(ps->by_code[i]->code, after);
        from = is_known ? ps->by_code[i]->index + 1U : ps->n;
    }
    limit = limit < ps->n ? limit : ps->n;
    const struct procedure **v = ARENA_ARRAY(cx->arena, const struct procedure *, limit + 1);
    size_t n = 0;
    for (size_t i = from; i < ps->n && n < limit; i++) {
        bool is_same = after.n != 0 && str_eq(ps->v[i]->code, after);
        if (!is_same && is_valid(ps->v[i], on) && procedure_matches(ps->v[i], f)) {
            v[n++] = ps->v[i];
        }
    }
    *ret = v;
    return n;
}

size_t
procedure_count(struct ctx *cx, const struct procedure_filter *f, struct date on)
{
    const struct procedures *ps = procedures_of(pack_now(cx));
    size_t n = 0;
    for (size_t i = 0; ps != NULL && i < ps->n; i++) {
        n += is_valid(ps->v[i], on) && procedure_matches(ps->v[i], f);
    }
    return n;
}

size_t
procedure_all(const struct pack *p, const struct procedure *const **ret)
{
    const struct procedures *ps = procedures_of(p);
    *ret = ps != NULL ? ps->v : NULL;
    return ps != NULL ? ps->n : 0;
}

size_t
procedure_fields(const struct ctx *cx, const struct procedure_field *const **ret)
{
    const struct procedures *ps = procedures_of(pack_now(cx));
    *ret = ps != NULL ? ps->fields : NULL;
    return ps != NULL ? ps->n_fields : 0;
}

const struct procedure_field *
procedure_field(const struct ctx *cx, struct str code)
{
    const struct procedures *ps = procedures_of(pack_now(cx));
    for (size_t i = 0; ps != NULL && i < ps->n_fields; i++) {
        if (str_eq(ps->fields[i]->code, code)) {
            return ps->fields[i];
        }
    }
    return NULL;
}

size_t
procedure_life_events(const struct ctx *cx, const struct procedure_life_event *const **ret)
{
    const struct procedures *ps = procedures_of(pack_now(cx));
    *ret = ps != NULL ? ps->events : NULL;
    return ps != NULL ? ps->n_events : 0;
}

const struct procedure_life_event *
procedure_life_event(const struct ctx *cx, struct str id)
{
    const struct procedures *ps = procedures_of(pack_now(cx));
    for (size_t i = 0; ps != NULL && i < ps->n_events; i++) {
        if (str_eq(ps->events[i]->id, id)) {
            return ps->events[i];
        }
    }
    return NULL;
}

const struct procedure_document *
procedure_document(const struct procedure *p, struct str template_id)
{
    for (size_t i = 0; i < p->n_documents; i++) {
        if (str_eq(p->documents[i].template_id, template_id)) {
            return &p->documents[i];
        }
    }
    return NULL;
}
