/* access_model.c: who may do what: pure over the actor and the roles of the pack. */
#include "engine/access/access.h"

#include "engine/calendar/calendar.h"
#include "engine/unit/unit.h"

static const char *const perms[] = {
#define PERM(name) name,
#include "engine/access/access_perms.def"
#undef PERM
};

bool
access_perm_exists(const char *perm)
{
    struct str p = str_of(perm);
    if (str_eq(p, STR("public")) || str_eq(p, STR("signed-in"))) {
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(perms); i++) {
        if (str_eq(p, str_of(perms[i]))) {
            return true;
        }
    }
    return false;
}

/* perms is " a b c ": a whole word? */
static bool
has_word(struct str words, struct str word)
{
    struct str rest = words;
    while (rest.n > word.n) {
        size_t at = str_find(rest, word);
        if (at == rest.n) {
            return false;
        }
        bool starts = at == 0 || rest.p[at - 1] == ' ';
        bool ends = at + word.n == rest.n || rest.p[at + word.n] == ' ';
        if (starts && ends) {
            return true;
        }
        rest = str_slice(rest, at + 1, rest.n);
    }
    return str_eq(rest, word);
}

static bool
role_gives(const struct ctx *cx, struct str role, struct str perm)
{
    const struct access_role *r = access_role(cx, role);
    return r != NULL && has_word(r->perms, perm);
}

/* What every signed-in person may do, and those who represent an organisation. */
static bool
person_may(const struct ctx *cx, struct str perm)
{
    return role_gives(cx, STR("citizen"), perm) ||
           (cx->actor->for_party != 0 && role_gives(cx, STR("representative"), perm));
}

static bool
token_allows(const struct actor *me, struct str perm)
{
    return me->token == 0 || has_word(me->token_perms, perm);
}

bool
access_may(struct ctx *cx, const char *perm)
{
    struct str p = str_of(perm);
    const struct actor *me = cx->actor;
    if (str_eq(p, STR("public"))) {
        return true;
    }
    if (me == NULL) {
        return false;
    }
    if (str_eq(p, STR("signed-in"))) {
        return me->token == 0;
    }
    if (!token_allows(me, p)) {
        return false;
    }
    for (size_t i = 0; i < me->n_positions; i++) {
        if (role_gives(cx, me->positions[i].role, p)) {
            return true;
        }
    }
    return person_may(cx, p);
}

static bool
position_covers(struct ctx *cx, const struct access_position *pos, struct str unit)
{
    if (str_eq(pos->unit, unit)) {
        return true;
    }
    const struct access_role *r = access_role(cx, pos->role);
    const struct unit *u = unit_by_key(cx, unit);
    return r != NULL && r->is_below && u != NULL &&
           unit_is_within(cx, u, pos->unit, calendar_today(cx));
}

bool
access_may_in(struct ctx *cx, const char *perm, struct str unit)
{
    struct str p = str_of(perm);
    const struct actor *me = cx->actor;
    if (me == NULL || !token_allows(me, p)) {
        return false;
    }
    for (size_t i = 0; i < me->n_positions; i++) {
        if (role_gives(cx, me->positions[i].role, p) &&
            position_covers(cx, &me->positions[i], unit)) {
            return true;
        }
    }
    return false;
}

enum err
access_require_in(struct ctx *cx, const char *perm, struct str unit)
{
    return access_may_in(cx, perm, unit)
               ? ERR_OK
               : err_set(cx, ERR_FORBIDDEN, "%s in unit " STR_FMT, perm, STR_ARG(unit));
}

size_t
access_positions_for(struct ctx *cx, const char *perm, struct access_position **ret)
{
    const struct actor *me = cx->actor;
    size_t n = 0;
    struct access_position *v =
        ARENA_ARRAY(cx->arena, struct access_position, me == NULL ? 1 : me->n_positions + 1);
    for (size_t i = 0; me != NULL && i < me->n_positions; i++) {
        if (role_gives(cx, me->positions[i].role, str_of(perm))) {
            v[n++] = me->positions[i];
        }
    }
    *ret = v;
    return n;
}
