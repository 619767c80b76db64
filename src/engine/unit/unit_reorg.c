/* unit_reorg.c: reorganisations, and which unit decides. Pure. */
#include "engine/unit/unit_int.h"

size_t
unit_first_link(const struct units *us, bool is_back, uint32_t at)
{
    size_t lo = 0;
    size_t hi = us->n_links;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        uint32_t here = is_back ? us->backward[mid].to : us->forward[mid].from;
        if (here < at) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* No row between them: the same code without a gap is the same body under a new name or type. */
static bool
is_same_body(const struct unit *early, const struct unit *late)
{
    return str_eq(early->code, late->code) && early->to.day + 1 == late->from.day;
}

/* Units one step away; written to ret, which has room for max. */
static size_t
step(const struct units *us, bool is_back, uint32_t at, uint32_t *ret, size_t max)
{
    const struct unit_link *links = is_back ? us->backward : us->forward;
    size_t n = 0;
    for (size_t i = unit_first_link(us, is_back, at); i < us->n_links && n < max; i++) {
        if ((is_back ? links[i].to : links[i].from) != at) {
            break;
        }
        ret[n++] = is_back ? links[i].from : links[i].to;
    }
    if (n > 0 || max == 0) {
        return n;
    }
    if (is_back && at > 0 && is_same_body(&us->v[at - 1], &us->v[at])) {
        ret[n++] = at - 1;
    }
    if (!is_back && at + 1 < us->n && is_same_body(&us->v[at], &us->v[at + 1])) {
        ret[n++] = at + 1;
    }
    return n;
}

struct spread {
    const struct units *us;
    uint8_t *is_seen;
    uint32_t *queue; /* room for us->n */
    size_t n_queue;
};

static void
push(struct spread *s, const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!s->is_seen[v[i]]) {
            s->is_seen[v[i]] = 1;
            s->queue[s->n_queue++] = v[i];
        }
    }
}

/* Follows links from u to the units valid on the day. Each unit is looked at once, so it ends. */
static size_t
follow(struct ctx *cx, const struct units *us, const struct unit *u, struct date on,
       const struct unit **ret)
{
    struct spread s = { .us = us,
                        .is_seen = arena_alloc(cx->arena, us->n),
                        .queue = ARENA_ARRAY(cx->arena, uint32_t, us->n) };
    uint32_t *near = ARENA_ARRAY(cx->arena, uint32_t, us->n);
    uint32_t first = (uint32_t)(u - us->v);
    bool is_back = on.day < u->from.day;
    size_t n = 0;
    push(&s, &first, 1);
    for (size_t i = 0; i < s.n_queue; i++) {
        const struct unit *v = &us->v[s.queue[i]];
        if (unit_is_valid(v, on)) {
            ret[n++] = v;
        } else if (is_back ? on.day < v->from.day : on.day > v->to.day) {
            push(&s, near, step(us, is_back, s.queue[i], near, us->n));
        }
    }
    return n;
}

/* A division or department goes with the body above it: the one of the same kind there, else that
 * body. */
static size_t
follow_parent(struct ctx *cx, const struct units *us, const struct unit *u, struct date on,
              const struct unit **ret)
{
    struct date last = { on.day < u->from.day ? u->from.day : u->to.day };
    const struct unit *parent = unit_find(us, u->parent, last);
    if (parent == NULL || u->level < UNIT_DEPARTMENT) {
        return 0;
    }
    const struct unit **bodies = ARENA_ARRAY(cx->arena, const struct unit *, us->n);
    size_t n = follow(cx, us, parent, on, bodies);
    for (size_t i = 0; i < n; i++) {
        ret[i] = bodies[i];
        size_t c = unit_first_child(us, bodies[i]->code);
        for (; c < us->n && str_eq(us->v[us->by_parent[c]].parent, bodies[i]->code); c++) {
            const struct unit *child = &us->v[us->by_parent[c]];
            if (unit_is_valid(child, on) && str_eq(child->kind, u->kind)) {
                ret[i] = child;
            }
        }
    }
    return n;
}

size_t
unit_resolve(struct ctx *cx, const struct unit *u, struct date on, const struct unit *const **ret)
{
    const struct units *us = unit_all(cx);
    *ret = NULL;
    if (us == NULL || u < us->v || u >= us->v + us->n) {
        return 0;
    }
    const struct unit **v = ARENA_ARRAY(cx->arena, const struct unit *, us->n);
    size_t n = follow(cx, us, u, on, v);
    if (n == 0) {
        n = follow_parent(cx, us, u, on, v);
    }
    *ret = v;
    return n;
}

static size_t
near_units(struct ctx *cx, const struct unit *u, bool is_back, const struct unit *const **ret)
{
    const struct units *us = unit_all(cx);
    *ret = NULL;
    if (us == NULL || u < us->v || u >= us->v + us->n) {
        return 0;
    }
    uint32_t *at = ARENA_ARRAY(cx->arena, uint32_t, us->n);
    size_t n = step(us, is_back, (uint32_t)(u - us->v), at, us->n);
    const struct unit **v = ARENA_ARRAY(cx->arena, const struct unit *, n + 1);
    for (size_t i = 0; i < n; i++) {
        v[i] = &us->v[at[i]];
    }
    *ret = v;
    return n;
}

size_t
unit_successors(struct ctx *cx, const struct unit *u, const struct unit *const **ret)
{
    return near_units(cx, u, false, ret);
}

size_t
unit_predecessors(struct ctx *cx, const struct unit *u, const struct unit *const **ret)
{
    return near_units(cx, u, true, ret);
}

struct str
unit_end_kind(const struct ctx *cx, const struct unit *u)
{
    const struct units *us = unit_all(cx);
    if (us == NULL || u < us->v || u >= us->v + us->n || u->to.day >= PACK_DAY_MAX) {
        return STR_NULL;
    }
    uint32_t at = (uint32_t)(u - us->v);
    size_t i = unit_first_link(us, false, at);
    return i < us->n_links && us->forward[i].from == at ? us->forward[i].kind : STR("retype");
}

/* --- who decides ------------------------------------------------------------------------------ */

static bool
is_one_of(struct str s, const struct str *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(s, v[i])) {
            return true;
        }
    }
    return false;
}

/* Kinds that stand for the rule's level, from pack.json level_kinds. */
static size_t
kinds_of(const struct units *us, const struct unit_rule *rule, const struct str **ret)
{
    if (rule->kind.n != 0) {
        *ret = &rule->kind;
        return 1;
    }
    for (size_t i = 0; us->site != NULL && i < us->site->n_level_kinds; i++) {
        if (str_eq(us->site->level_kinds[i].level, unit_level_name(rule->level))) {
            *ret = us->site->level_kinds[i].kinds;
            return us->site->level_kinds[i].n;
        }
    }
    *ret = NULL;
    return 0;
}

static const struct unit *
body_below(const struct units *us, const struct unit *territory, const struct unit_rule *rule,
           struct date on)
{
    const struct str *kinds = NULL;
    size_t n_kinds = kinds_of(us, rule, &kinds);
    size_t i = unit_first_child(us, territory->code);
    for (; i < us->n && str_eq(us->v[us->by_parent[i]].parent, territory->code); i++) {
        const struct unit *u = &us->v[us->by_parent[i]];
        bool is_match = n_kinds > 0 ? is_one_of(u->kind, kinds, n_kinds) : u->level == rule->level;
        if (unit_is_valid(u, on) && is_match) {
            return u;
        }
    }
    return NULL;
}

/* From the address upwards: the first territory of the level, or the first that has such a body. */
static const struct unit *
decider(const struct units *us, const struct unit_rule *rule, const struct unit *address,
        struct date on)
{
    for (int i = 0; i < UNIT_CHAIN_MAX && address != NULL; i++) {
        if (rule->level <= UNIT_HAMLET && address->level == rule->level) {
            return address;
        }
        const struct unit *body =
            rule->level > UNIT_HAMLET ? body_below(us, address, rule, on) : NULL;
        if (body != NULL) {
            return body;
        }
        address = unit_find(us, address->parent, on);
    }
    return NULL;
}

enum err
unit_competent(struct ctx *cx, struct unit_rule rule, struct str address, struct date on,
               const struct unit **ret)
{
    const struct units *us = unit_all(cx);
    const struct unit *u =
        unit_at(cx, address, on); /* a plain code means today's unit when there is one */
    if (u == NULL) {
        u = unit_by_key(cx, address);
    }
    if (us == NULL || u == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "unknown unit in the address");
    }
    const struct unit *const *now = NULL;
    size_t n = unit_resolve(cx, u, on, &now);
    const struct unit *found = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct unit *d = decider(us, &rule, now[i], on);
        if (d != NULL && found != NULL && d != found) {
            return err_set(cx, ERR_CONFLICT, "the old address lies in %zu units now", n);
        }
        found = d != NULL ? d : found;
    }
    if (found == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no body of this level for the address");
    }
    *ret = found;
    return ERR_OK;
}
