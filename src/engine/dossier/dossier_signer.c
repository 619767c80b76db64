/* dossier_signer.c: what stands above a signature. Decree 30/2020, annex I, part II: "TM." for a
 * body that decides as one, "KT." when a deputy signs for the head, "TUQ." when the right to sign
 * was lent. */
#include "base/buf.h"
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/dossier/dossier_int.h"
#include "engine/unit/unit.h"

#define COUNCIL "TM. ỦY BAN NHÂN DÂN"

/* "Phó Chủ tịch Ủy ban nhân dân" stands as "PHÓ CHỦ TỊCH": the body is in the heading already. */
static struct str
short_title(struct arena *a, struct str title)
{
    struct str up = vn_upper(a, str_trim(title));
    size_t at = str_find(up, STR(" ỦY BAN NHÂN DÂN"));
    return str_slice(up, 0, at);
}

struct dossier_signer
dossier_signer_of(struct arena *a, struct str title, struct str lent_to, bool is_council)
{
    struct dossier_signer s = { .capacity = is_council ? STR(COUNCIL) : STR(""),
                                .instead = STR(""),
                                .position = short_title(a, title) };
    struct str head = str_slice(s.position, STR("PHÓ ").n, s.position.n);
    if (lent_to.p != NULL) {
        s.capacity = STR("");
        s.instead = str_cat(a, STR("TUQ. "), s.position);
        s.position = short_title(a, lent_to);
    } else if (str_starts(s.position, STR("PHÓ ")) && !str_is_empty(head)) {
        s.instead = str_cat(a, STR("KT. "), head);
    }
    return s;
}

/* The actor's position that may sign in this unit; an own one before a lent one. */
static const struct access_position *
signing_position(struct ctx *cx, struct str unit)
{
    const struct access_position *found = NULL;
    struct access_position *v = NULL;
    size_t n = access_positions_for(cx, "dossier.sign", &v);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].unit, unit) && (found == NULL || (found->owner != 0 && v[i].owner == 0))) {
            found = &v[i];
        }
    }
    return found;
}

struct dossier_signer
dossier_signer_now(struct ctx *cx, const struct dossier *d)
{
    const struct access_position *p = signing_position(cx, d->unit);
    const struct unit *u = unit_by_key(cx, d->unit);
    bool is_council = u != NULL && u->level <= UNIT_COMMUNE;
    if (p == NULL) {
        return (struct dossier_signer){ .capacity = is_council ? STR(COUNCIL) : STR(""),
                                        .instead = STR(""),
                                        .position = STR("") };
    }
    struct str own = STR("");
    for (size_t i = 0; i < cx->actor->n_positions && p->owner != 0; i++) {
        const struct access_position *q = &cx->actor->positions[i];
        own = q->owner == 0 && str_is_empty(own) ? q->title : own;
    }
    return dossier_signer_of(cx->arena, p->title, p->owner == 0 ? STR_NULL : own, is_council);
}
