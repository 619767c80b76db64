/* unit_model.c: finding units and walking the tree. Pure: reads the pack only. */
#include "engine/unit/unit_int.h"

#include "codec/vn.h"

static const char *const level_names[UNIT_LEVEL_COUNT] = {
    [UNIT_PROVINCE] = "province",     [UNIT_DISTRICT] = "district",
    [UNIT_COMMUNE] = "commune",       [UNIT_HAMLET] = "hamlet",
    [UNIT_DEPARTMENT] = "department", [UNIT_DIVISION] = "division",
    [UNIT_POLICE] = "police",         [UNIT_SOCIAL_INSURANCE] = "social-insurance",
};

struct str
unit_level_name(enum unit_level level)
{
    return level < UNIT_LEVEL_COUNT ? str_of(level_names[level]) : STR_NULL;
}

bool
unit_level_parse(struct str s, enum unit_level *ret)
{
    for (int i = 0; i < UNIT_LEVEL_COUNT; i++) {
        if (str_eq(s, str_of(level_names[i]))) {
            *ret = (enum unit_level)i;
            return true;
        }
    }
    return false;
}

const struct units *
unit_all(const struct ctx *cx)
{
    const struct pack *p = pack_now(cx);
    return p != NULL ? p->slot[PACK_UNITS] : NULL;
}

bool
unit_is_valid(const struct unit *u, struct date on)
{
    return on.day >= u->from.day && on.day <= u->to.day;
}

size_t
unit_first(const struct units *us, struct str code)
{
    size_t lo = 0;
    size_t hi = us->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(us->v[mid].code, code) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

size_t
unit_first_child(const struct units *us, struct str code)
{
    size_t lo = 0;
    size_t hi = us->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(us->v[us->by_parent[mid]].parent, code) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

const struct unit *
unit_find(const struct units *us, struct str code, struct date on)
{
    if (us == NULL || code.n == 0) {
        return NULL;
    }
    for (size_t i = unit_first(us, code); i < us->n && str_eq(us->v[i].code, code); i++) {
        if (unit_is_valid(&us->v[i], on)) {
            return &us->v[i];
        }
    }
    return NULL;
}

const struct unit *
unit_at(const struct ctx *cx, struct str code, struct date on)
{
    return unit_find(unit_all(cx), code, on);
}

const struct unit *
unit_by_key(const struct ctx *cx, struct str key)
{
    const struct units *us = unit_all(cx);
    struct str code;
    struct str from;
    bool has_day = str_cut(key, '@', &code, &from);
    const struct unit *found = NULL;
    if (us == NULL || key.n == 0) {
        return NULL;
    }
    for (size_t i = unit_first(us, code); i < us->n && str_eq(us->v[i].code, code); i++) {
        if (!has_day || str_eq(us->v[i].key, key)) {
            found = &us->v[i];
        }
    }
    return found;
}

struct str
unit_name(const struct ctx *cx, struct str key)
{
    const struct unit *u = unit_by_key(cx, key);
    return u != NULL ? pack_text(cx, u->name) : key;
}

/* --- names ------------------------------------------------------------------------------------ */

struct str
unit_bare_name(struct arena *a, struct str name, struct str type)
{
    struct str n = vn_lower(a, name);
    struct str t = vn_lower(a, type);
    size_t cut = 0;
    for (size_t i = 0; i < n.n && i < t.n && n.p[i] == t.p[i]; i++) {
        bool is_end = i + 1 == t.n || t.p[i + 1] == ' ';
        if (is_end && i + 1 < n.n && n.p[i + 1] == ' ') {
            cut = i + 2;
        }
    }
    /* Lower-case letters take as many bytes as capital ones in composed Vietnamese. */
    return n.n == name.n ? str_slice(name, cut, name.n) : name;
}

struct str
unit_place(struct ctx *cx, const struct unit *u, struct date on)
{
    const struct unit *at = u;
    while (at->level > UNIT_COMMUNE && unit_parent(cx, at, on) != NULL) {
        at = unit_parent(cx, at, on);
    }
    return unit_bare_name(cx->arena, at->name.vi, at->type);
}

static size_t
first_name(const struct units *us, struct str key)
{
    size_t lo = 0;
    size_t hi = us->n_names;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(us->names[mid].key, key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static size_t
named(const struct units *us, struct str key, const struct date *on, const struct unit **ret)
{
    size_t n = 0;
    for (size_t i = first_name(us, key); i < us->n_names && str_eq(us->names[i].key, key); i++) {
        const struct unit *u = &us->v[us->names[i].at];
        bool is_new = n == 0 || ret[n - 1] != u;
        if (is_new && (on == NULL || unit_is_valid(u, *on))) {
            ret[n++] = u;
        }
    }
    return n;
}

/* on: NULL for any time */
static size_t
by_name(struct ctx *cx, struct str name, const struct date *on, const struct unit *const **ret)
{
    const struct units *us = unit_all(cx);
    *ret = NULL;
    if (us == NULL || name.n == 0 || name.n > 300) {
        return 0;
    }
    const struct unit **v = ARENA_ARRAY(cx->arena, const struct unit *, us->n_names + 1);
    size_t n = named(us, vn_name_key(cx->arena, name), on, v);
    if (n == 0) {
        n = named(us, vn_search_key(cx->arena, name), on, v);
    }
    *ret = v;
    return n;
}

size_t
unit_by_name(struct ctx *cx, struct str name, struct date on, const struct unit *const **ret)
{
    return by_name(cx, name, &on, ret);
}

size_t
unit_by_name_ever(struct ctx *cx, struct str name, const struct unit *const **ret)
{
    return by_name(cx, name, NULL, ret);
}

/* --- tree ------------------------------------------------------------------------------------- */

const struct unit *
unit_parent(const struct ctx *cx, const struct unit *u, struct date on)
{
    return unit_at(cx, u->parent, on);
}

size_t
unit_children(struct ctx *cx, struct str code, enum unit_level level, struct date on,
              const struct unit *const **ret)
{
    const struct units *us = unit_all(cx);
    *ret = NULL;
    if (us == NULL) {
        return 0;
    }
    size_t from = unit_first_child(us, code);
    size_t end = from;
    while (end < us->n && str_eq(us->v[us->by_parent[end]].parent, code)) {
        end++;
    }
    const struct unit **v = ARENA_ARRAY(cx->arena, const struct unit *, end - from + 1);
    size_t n = 0;
    for (size_t i = from; i < end; i++) {
        const struct unit *u = &us->v[us->by_parent[i]];
        if (unit_is_valid(u, on) && (level == UNIT_LEVEL_COUNT || u->level == level)) {
            v[n++] = u;
        }
    }
    *ret = v;
    return n;
}

size_t
unit_list(struct ctx *cx, enum unit_level level, struct date on, const struct unit *const **ret)
{
    const struct units *us = unit_all(cx);
    *ret = NULL;
    if (us == NULL) {
        return 0;
    }
    const struct unit **v = ARENA_ARRAY(cx->arena, const struct unit *, us->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < us->n; i++) {
        const struct unit *u = &us->v[us->by_name[i]];
        if (unit_is_valid(u, on) && (level == UNIT_LEVEL_COUNT || u->level == level)) {
            v[n++] = u;
        }
    }
    *ret = v;
    return n;
}

bool
unit_is_within(const struct ctx *cx, const struct unit *u, struct str whole, struct date on)
{
    for (int i = 0; i < UNIT_CHAIN_MAX && u != NULL; i++) {
        if (str_eq(u->key, whole) || str_eq(u->code, whole)) {
            return true;
        }
        u = unit_parent(cx, u, on);
    }
    return false;
}

static int
unit_order(const struct unit *a, const struct unit *b)
{
    int by_code = str_cmp(a->code, b->code);
    return by_code != 0 ? by_code : a->from.day < b->from.day ? -1 : a->from.day > b->from.day;
}

size_t
unit_missing(struct ctx *cx, const struct pack *has, const struct pack *lacks, struct str **ret)
{
    const struct units *a = has->slot[PACK_UNITS];
    const struct units *b = lacks->slot[PACK_UNITS];
    size_t n = 0;
    size_t k = 0;
    *ret = ARENA_ARRAY(cx->arena, struct str, a->n + 1);
    for (size_t i = 0; i < a->n; i++) { /* both by code, then first day */
        while (k < b->n && unit_order(&b->v[k], &a->v[i]) < 0) {
            k++;
        }
        if (k == b->n || unit_order(&b->v[k], &a->v[i]) != 0) {
            (*ret)[n++] = str_dup(cx->arena, a->v[i].key);
        }
    }
    return n;
}
