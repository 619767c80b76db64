/* access_pack.c: roles of the pack: roles/roles.csv (role,name_vi,name_en,perms and, optional,
 * scope). */
#include "engine/access/access.h"

#include "base/buf.h"
#include "web/web.h"

#define WORDS_MAX 16384

struct roles {
    struct access_role *v;
    size_t n;
};

static bool
check_perms(struct pack_load *l, const struct pack_csv *csv, size_t row, struct str list)
{
    struct str rest = str_trim(list);
    struct str word;
    bool is_good = true;
    while (str_next(&rest, ' ', &word)) {
        if (!str_is_empty(word) && !access_perm_exists(str_z(pack_load_arena(l), word))) {
            pack_load_fault(
                l, csv->file, csv->lines[row],
                str_fmt(pack_load_arena(l), "không có quyền tên là \"" STR_FMT "\"", STR_ARG(word)),
                STR("dùng một tên trong access_perms.def, hoặc bỏ từ này"));
            is_good = false;
        }
    }
    return is_good;
}

void
access_pack_part(struct pack_load *l)
{
    static const char *const required[] = { "role", "name_vi", "name_en", "perms", NULL };
    struct pack_csv csv;
    struct arena *a = pack_load_arena(l);
    if (!pack_load_csv(l, STR("roles/roles.csv"), required, &csv)) {
        return;
    }
    struct roles *roles = ARENA_NEW(a, struct roles);
    roles->v = ARENA_ARRAY(a, struct access_role, csv.n_rows);
    for (size_t i = 0; i < csv.n_rows; i++) {
        struct str list = pack_csv_get(&csv, i, "perms");
        (void)check_perms(l, &csv, i, list);
        roles->v[roles->n++] = (struct access_role){
            .id = pack_csv_get(&csv, i, "role"),
            .name = { pack_csv_get(&csv, i, "name_vi"), pack_csv_get(&csv, i, "name_en") },
            .perms = list,
            .is_below = str_eq(pack_csv_get(&csv, i, "scope"), STR("below")),
        };
    }
    pack_load_target(l)->slot[PACK_ROLES] = roles;
}

struct str
access_perm_word(struct ctx *cx, struct str perm)
{
    struct str word = text_find(cx, str_cat(cx->arena, STR("access.perm."), perm));
    return word.p == NULL ? perm : word;
}

struct str
access_perm_words(struct ctx *cx, struct str perms)
{
    struct buf b = buf_new(cx->arena, WORDS_MAX);
    struct str rest = str_trim(perms);
    struct str perm;
    while (rest.n != 0 && str_next(&rest, ' ', &perm)) {
        if (perm.n != 0) {
            buf_add(&b, b.n == 0 ? STR("") : STR("; "));
            buf_add(&b, access_perm_word(cx, perm));
        }
    }
    return buf_str(&b);
}

size_t
access_roles(const struct ctx *cx, const struct access_role **ret)
{
    const struct roles *roles = pack_now(cx)->slot[PACK_ROLES];
    *ret = roles == NULL ? NULL : roles->v;
    return roles == NULL ? 0 : roles->n;
}

const struct access_role *
access_role(const struct ctx *cx, struct str id)
{
    const struct access_role *v = NULL;
    size_t n = access_roles(cx, &v);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].id, id)) {
            return &v[i];
        }
    }
    return NULL;
}

struct str
access_role_name(struct ctx *cx, struct str id)
{
    const struct access_role *r = access_role(cx, id);
    return r == NULL ? id : pack_text(cx, r->name);
}
