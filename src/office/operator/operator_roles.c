/* operator_roles.c: roles of the pack, in words: what each may do, where, and who holds it. */
#include "engine/access/access.h"
#include "office/operator/operator_int.h"

static struct str
role_href(struct ctx *cx, struct str id)
{
    return str_fmt(cx->arena, "/quan-tri/vai-tro/" STR_FMT, STR_ARG(id));
}

/* Roles that no position gives. */
static bool
is_everybody(const struct access_role *r)
{
    return str_eq(r->id, STR("citizen")) || str_eq(r->id, STR("representative"));
}

static struct str
reach(struct ctx *cx, const struct access_role *r)
{
    if (is_everybody(r)) {
        return text(cx, "operator.role.self");
    }
    return r->is_below ? text(cx, "operator.role.below") : text(cx, "operator.role.own");
}

enum err
op_roles(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "operator.col.role", "operator.col.reach",
                                         "operator.col.perms", NULL };
    const struct access_role *roles = NULL;
    struct tpl_operator_page *p = op_page(cx, "operator.roles");
    size_t n = access_roles(cx, &roles);
    (void)rq;
    op_say(cx, p, "now", text(cx, "operator.roles.hint"), NULL);
    struct tpl_operator_page_tables *t = op_table(cx, p, NULL, "operator.roles.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "ontime");
        op_cell(cx, r, pack_text(cx, roles[i].name), role_href(cx, roles[i].id));
        op_cell(cx, r, reach(cx, &roles[i]), STR_NULL);
        op_cell(cx, r, access_perm_words(cx, roles[i].perms), STR_NULL);
    }
    return op_show(cx, rs, p);
}

static void
add_perms(struct ctx *cx, struct tpl_operator_page *p, const struct access_role *role)
{
    static const char *const heads[] = { "operator.col.perm", "operator.col.code", NULL };
    struct str rest = str_trim(role->perms);
    struct str perm;
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.role.may", "operator.role.nothing", heads, rest.n / 2 + 1);
    while (rest.n != 0 && str_next(&rest, ' ', &perm)) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "ontime");
        op_cell(cx, r, access_perm_word(cx, perm), STR_NULL);
        op_cell(cx, r, perm, STR_NULL);
    }
}

static enum err
add_holders(struct ctx *cx, struct tpl_operator_page *p, struct str role)
{
    static const char *const heads[] = { "operator.col.name", "operator.col.login",
                                         "operator.col.state", NULL };
    struct access_find in = { .role = role };
    struct access_account *v = NULL;
    size_t n = 0;
    TRY(access_account_find(cx, &in, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.role.holders", "operator.role.nobody", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_locked = !str_eq(v[i].state, STR("active"));
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, is_locked ? "paused" : "ontime");
        op_cell(cx, r, v[i].name, str_fmt(cx->arena, "/quan-tri/nguoi-dung/%" PRId64, v[i].id));
        op_cell(cx, r, v[i].login, STR_NULL);
        op_cell(cx, r, is_locked ? text(cx, "operator.locked") : text(cx, "operator.active"),
                STR_NULL);
    }
    if (n == ACCESS_FOUND_MAX) {
        p->more = str_fmt(cx->arena, "/quan-tri/nguoi-dung?vai-tro=" STR_FMT, STR_ARG(role));
    }
    return ERR_OK;
}

enum err
op_role(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct access_role *role = access_role(cx, web_param(rq, "role"));
    if (role == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such role");
    }
    struct tpl_operator_page *p = op_page(cx, "operator.roles");
    p->title = pack_text(cx, role->name);
    op_below(cx, p, "/quan-tri/vai-tro", "operator.roles");
    op_say(cx, p, "now", reach(cx, role), NULL);
    if (is_everybody(role)) {
        op_say(cx, p, "now", text_find(cx, str_cat(cx->arena, STR("operator.role."), role->id)),
               NULL);
    } else {
        TRY(add_holders(cx, p, role->id));
    }
    add_perms(cx, p, role);
    web_crumb(cx, rs, STR("/quan-tri/vai-tro"), text(cx, "operator.roles"));
    return op_show(cx, rs, p);
}
