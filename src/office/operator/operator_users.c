/* operator_users.c: officers, their positions and tokens. */
#include "base/buf.h"
#include "base/date.h"
#include "crypto/password.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "office/operator/operator_int.h"
#include "store/store.h"
#include "sys/sys.h"

#define FIRST_PASSWORD_CHARS 14
#define PLACES_MAX           4096

static struct str
user_href(struct ctx *cx, int64_t id)
{
    return str_fmt(cx->arena, "/quan-tri/nguoi-dung/%" PRId64, id);
}

/* Communes and departments of today, for a select. */
static void
unit_options(struct ctx *cx, struct tpl_operator_page_forms_fields *f)
{
    static const enum unit_level levels[] = { UNIT_PROVINCE, UNIT_DEPARTMENT, UNIT_COMMUNE };
    for (size_t k = 0; k < COUNT_OF(levels); k++) {
        const struct unit *const *list = NULL;
        size_t n = unit_list(cx, levels[k], calendar_today(cx), &list);
        for (size_t i = 0; i < n; i++) {
            op_option(cx, f, list[i]->key, pack_text(cx, list[i]->name));
        }
    }
}

static void
role_options(struct ctx *cx, struct tpl_operator_page_forms_fields *f)
{
    const struct access_role *roles = NULL;
    size_t n = access_roles(cx, &roles);
    for (size_t i = 0; i < n; i++) {
        op_option(cx, f, roles[i].id, pack_text(cx, roles[i].name));
    }
}

/* --- the list ------------------------------------------------------------------------------------
 */
/* Where somebody works today and as what, one line a position. */
static enum err
add_places(struct ctx *cx, struct tpl_operator_page_tables_rows *r, int64_t account)
{
    struct access_position_row *v = NULL;
    size_t n = 0;
    struct str today = date_iso(cx->arena, calendar_today(cx));
    struct buf units = buf_new(cx->arena, PLACES_MAX);
    struct buf roles = buf_new(cx->arena, PLACES_MAX);
    TRY(access_positions_of(cx, account, &v, &n));
    for (size_t i = 0; i < n; i++) {
        bool is_over = !str_is_empty(v[i].valid_to) && str_cmp(v[i].valid_to, today) < 0;
        if (!is_over && str_cmp(v[i].valid_from, today) <= 0) {
            const char *comma = units.n == 0 ? "" : "; ";
            buf_addf(&units, "%s" STR_FMT, comma, STR_ARG(unit_name(cx, v[i].unit)));
            buf_addf(&roles, "%s" STR_FMT, comma, STR_ARG(access_role_name(cx, v[i].role)));
        }
    }
    op_cell(cx, r, units.n == 0 ? text(cx, "operator.no_position") : buf_str(&units), STR_NULL);
    op_cell(cx, r, buf_str(&roles), STR_NULL);
    return ERR_OK;
}

static enum err
add_user(struct ctx *cx, struct tpl_operator_page_tables *t, const struct access_account *a)
{
    bool is_locked = !str_eq(a->state, STR("active"));
    struct tpl_operator_page_tables_rows *r = op_row(cx, t, is_locked ? "paused" : "ontime");
    op_cell(cx, r, a->name, user_href(cx, a->id));
    op_cell(cx, r, a->login, STR_NULL);
    TRY(add_places(cx, r, a->id));
    op_cell(cx, r, is_locked ? text(cx, "operator.locked") : text(cx, "operator.active"), STR_NULL);
    op_cell(cx, r, a->has_totp ? text(cx, "operator.yes") : text(cx, "operator.no"), STR_NULL);
    return ERR_OK;
}

static void
add_filter(struct ctx *cx, struct tpl_operator_page *p, const struct access_find *in)
{
    struct tpl_operator_page_forms *f =
        op_filter(cx, p, "/quan-tri/nguoi-dung", "operator.users.find");
    (void)op_field(cx, f, OP_TEXT, "tim", "operator.users.words", in->words);
    unit_options(cx, op_field(cx, f, OP_SELECT, "don-vi", "operator.col.unit", in->unit));
    role_options(cx, op_field(cx, f, OP_SELECT, "vai-tro", "operator.col.role", in->role));
}

/* One page, or for a file all of them. */
static enum err
find_users(struct ctx *cx, struct access_find *in, struct access_account **ret, size_t *ret_n)
{
    bool is_all = op_is_export(cx);
    size_t n = 0;
    *ret = ARENA_ARRAY(cx->arena, struct access_account, is_all ? OP_EXPORT_MAX : ACCESS_FOUND_MAX);
    *ret_n = 0;
    do {
        struct access_account *v = NULL;
        TRY(access_account_find(cx, in, &v, &n));
        memcpy(*ret + *ret_n, v, n * sizeof(*v));
        *ret_n += n;
        in->after = n == 0 ? in->after : v[n - 1].login;
    } while (is_all && n == ACCESS_FOUND_MAX && *ret_n + ACCESS_FOUND_MAX <= OP_EXPORT_MAX);
    return ERR_OK;
}

enum err
op_users(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "operator.col.name",
                                         "operator.col.login",
                                         "operator.col.unit",
                                         "operator.col.role",
                                         "operator.col.state",
                                         "operator.col.totp",
                                         NULL };
    struct tpl_operator_page *p = op_page(cx, "operator.users");
    struct access_find in = { .after = web_text(rq, "sau"),
                              .words = web_text(rq, "tim"),
                              .unit = web_text(rq, "don-vi"),
                              .role = web_text(rq, "vai-tro") };
    struct access_account *v = NULL;
    size_t n = 0;
    bool is_narrow = !str_is_empty(in.words) || !str_is_empty(in.unit) || !str_is_empty(in.role);
    op_link(cx, p, "/quan-tri/nguoi-dung/moi", "operator.user_new", "user");
    add_filter(cx, p, &in);
    TRY(find_users(cx, &in, &v, &n));
    struct tpl_operator_page_tables *t = op_table(
        cx, p, NULL, is_narrow ? "operator.users.not_found" : "operator.users.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        TRY(add_user(cx, t, &v[i]));
    }
    if (n == ACCESS_FOUND_MAX) {
        p->more = str_fmt(cx->arena,
                          "/quan-tri/nguoi-dung?sau=" STR_FMT "&tim=" STR_FMT "&don-vi=" STR_FMT
                          "&vai-tro=" STR_FMT,
                          STR_ARG(op_encode(cx, v[n - 1].login)), STR_ARG(op_encode(cx, in.words)),
                          STR_ARG(op_encode(cx, in.unit)), STR_ARG(op_encode(cx, in.role)));
    }
    return op_show(cx, rs, p);
}

enum err
op_user_form(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.user_new");
    op_below(cx, p, "/quan-tri/nguoi-dung", "operator.users");
    struct tpl_operator_page_forms *f =
        op_form(cx, p, STR("/quan-tri/nguoi-dung"), "operator.user_new", "operator.user_new.hint",
                "operator.user_new.do");
    (void)rq;
    (void)op_field(cx, f, OP_TEXT, "personal_id", "operator.col.personal_id", STR_NULL);
    (void)op_field(cx, f, OP_TEXT, "name", "operator.col.name", STR_NULL);
    (void)op_field(cx, f, OP_TEXT, "login", "operator.col.login", STR_NULL);
    (void)op_field(cx, f, OP_SECRET, "new_password", "operator.first_password", STR_NULL);
    web_crumb(cx, rs, STR("/quan-tri/nguoi-dung"), text(cx, "operator.users"));
    return op_show(cx, rs, p);
}

/* --- one officer ---------------------------------------------------------------------------------
 */
static enum err
positions(struct ctx *cx, struct tpl_operator_page *p, int64_t account)
{
    static const char *const heads[] = { "operator.col.unit",  "operator.col.role",
                                         "operator.col.title", "operator.col.from",
                                         "operator.col.to",    NULL };
    struct access_position_row *v = NULL;
    size_t n = 0;
    TRY(access_positions_of(cx, account, &v, &n));
    struct str today = date_iso(cx->arena, calendar_today(cx));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.positions", "operator.positions.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_over = !str_is_empty(v[i].valid_to) && str_cmp(v[i].valid_to, today) < 0;
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, is_over ? "paused" : "ontime");
        op_cell(cx, r, unit_name(cx, v[i].unit), STR_NULL);
        op_cell(cx, r, access_role_name(cx, v[i].role), STR_NULL);
        op_cell(cx, r, v[i].title, STR_NULL);
        op_cell(cx, r, op_day(cx, v[i].valid_from), STR_NULL);
        op_cell(cx, r, op_day(cx, v[i].valid_to), STR_NULL);
        if (!is_over) {
            op_button(cx, r, "/quan-tri/vi-tri/ket-thuc", "operator.position_end", v[i].id);
        }
    }
    return ERR_OK;
}

static enum err
tokens(struct ctx *cx, struct tpl_operator_page *p, int64_t account)
{
    static const char *const heads[] = { "operator.col.name", "operator.col.perms",
                                         "operator.col.ends", "operator.col.used", NULL };
    struct access_token *v = NULL;
    size_t n = 0;
    TRY(access_tokens(cx, account, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.tokens", "operator.tokens.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r =
            op_row(cx, t, v[i].revoked_us != 0 ? "paused" : "ontime");
        op_cell(cx, r, v[i].name, STR_NULL);
        op_cell(cx, r, access_perm_words(cx, v[i].perms), STR_NULL);
        op_cell(cx, r, op_when(cx, v[i].ends_us), STR_NULL);
        op_cell(cx, r, op_when(cx, v[i].used_us), STR_NULL);
        if (v[i].revoked_us == 0) {
            struct str action =
                str_fmt(cx->arena, "/quan-tri/nguoi-dung/%" PRId64 "/khoa", account);
            op_button(cx, r, str_z(cx->arena, action), "operator.token_revoke", v[i].id);
        }
    }
    return ERR_OK;
}

enum err
op_user(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct access_account a;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(access_account_get(cx, id, &a));
    TRY(access_require_over(cx, "user.manage", id));
    web_reads_person(cx, rs, a.party, "user.manage", STR_NULL);
    struct tpl_operator_page *p = op_page(cx, "operator.user");
    op_below(cx, p, "/quan-tri/nguoi-dung", "operator.users");
    p->title = str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(a.name), STR_ARG(a.login));
    bool is_locked = !str_eq(a.state, STR("active"));
    op_say(cx, p, is_locked ? "paused" : "ontime",
           is_locked ? text(cx, "operator.user_is_locked") : text(cx, "operator.user_is_active"),
           NULL);
    TRY(positions(cx, p, id));
    TRY(tokens(cx, p, id));
    TRY(op_names_table(cx, p, a.party));
    struct str base = user_href(cx, id);
    struct tpl_operator_page_forms *f =
        op_form(cx, p, str_cat(cx->arena, base, STR("/vi-tri")), "operator.position_new", NULL,
                "operator.position_new.do");
    unit_options(cx, op_field(cx, f, OP_SELECT, "unit", "operator.col.unit", STR_NULL));
    role_options(cx, op_field(cx, f, OP_SELECT, "role", "operator.col.role", STR_NULL));
    (void)op_field(cx, f, OP_TEXT, "title", "operator.col.title", STR_NULL);
    (void)op_field(cx, f, OP_TEXT, "from", "operator.col.from",
                   text_date_of(cx, calendar_today(cx)));
    (void)op_field(cx, f, OP_TEXT, "to", "operator.col.to", STR_NULL);
    op_rename_form(cx, p, base, a.name);
    if (id != cx->who.account) {
        f = op_form(cx, p, str_cat(cx->arena, base, STR("/mat-khau")), "operator.reset",
                    a.has_totp ? "operator.reset.hint_totp" : "operator.reset.hint",
                    "operator.reset.do");
        (void)op_field(cx, f, OP_CHECK, "checked", "operator.reset.checked", STR_NULL);
        f->is_grave = true;
    }
    f = op_form(cx, p, str_cat(cx->arena, base, is_locked ? STR("/mo") : STR("/khoa-lai")),
                is_locked ? "operator.unlock" : "operator.lock",
                is_locked ? NULL : "operator.lock.hint",
                is_locked ? "operator.unlock" : "operator.lock");
    f->is_grave = !is_locked;
    return op_show(cx, rs, p);
}

/* --- acts
 * ------------------------------------------------------------------------------------------- */
struct new_user {
    struct str personal_id, name, login, hash;
    int64_t account;
};

static enum err
new_user_tx(struct ctx *cx, void *arg)
{
    struct new_user *job = arg;
    struct party p;
    enum err e = party_by_personal_id(cx, job->personal_id, &p);
    if (e == ERR_NOT_FOUND) {
        p = (struct party){ .kind = STR("person"),
                            .name = job->name,
                            .personal_id = job->personal_id,
                            .source = STR("counter") };
        e = party_add(cx, &p);
    }
    TRY(e);
    return access_account_add(cx, p.id, job->login, job->hash, true, true, &job->account);
}

enum err
op_user_new(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct new_user job = { .personal_id = web_text(rq, "personal_id"),
                            .name = web_text(rq, "name"),
                            .login = web_text(rq, "login") };
    struct str password = web_text(rq, "new_password");
    const char *wrong = party_check_personal_id(job.personal_id, STR_NULL, STR_NULL);
    if (wrong != NULL) {
        ctx_problem(cx, STR("personal_id"), str_of(wrong), STR_NULL);
    }
    if (password.n < FIRST_PASSWORD_CHARS) {
        ctx_problem(cx, STR("new_password"), STR("operator.password_short"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(password_hash(cx, password, &job.hash));
    enum err e = store_write(cx, new_user_tx, &job);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("login"), STR("operator.login_taken"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, STR_FMT, STR_ARG(user_href(cx, job.account)));
}

static enum err
lock_as(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, bool is_locked)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    if (is_locked && id == cx->who.account) {
        return err_set(cx, ERR_CONFLICT, "operators do not lock themselves out");
    }
    TRY(access_require_over(cx, "user.manage", id));
    TRY(access_account_lock(cx, id, is_locked));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, STR_FMT, STR_ARG(user_href(cx, id)));
}

enum err
op_user_lock(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return lock_as(cx, rq, rs, true);
}

/* The one-time password is shown once and kept nowhere in the clear. */
enum err
op_user_reset(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_one_time *p = ARENA_NEW(cx->arena, struct tpl_operator_one_time);
    struct access_account a;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(access_account_get(cx, id, &a));
    TRY(access_require_over(cx, "user.manage", id));
    if (!a.is_officer) {
        return err_set(cx, ERR_FORBIDDEN, "citizens get theirs at the counter");
    }
    if (!web_bool(rq, "checked")) {
        ctx_problem(cx, STR("checked"), STR("operator.reset.unchecked"), STR_NULL);
        return ctx_check(cx);
    }
    p->password = sys_random_code(cx, FIRST_PASSWORD_CHARS);
    TRY(access_reset(cx, id, p->password));
    p->name = a.name;
    p->login = a.login;
    p->href = user_href(cx, id);
    web_reads_person(cx, rs, a.party, "user.manage", STR_NULL);
    web_title(rs, text(cx, "operator.one_time"));
    return web_page(cx, rs, &tpl_operator_one_time_t, p);
}

enum err
op_user_unlock(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return lock_as(cx, rq, rs, false);
}

struct position_job {
    int64_t account, position;
    struct str unit, role, title, from, to;
};

static enum err
position_tx(struct ctx *cx, void *arg)
{
    const struct position_job *j = arg;
    return access_position_add(cx, j->account, j->unit, j->role, j->title, j->from, j->to);
}

enum err
op_position_add(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct position_job j = { .unit = web_text(rq, "unit"),
                              .role = web_text(rq, "role"),
                              .title = web_text(rq, "title"),
                              .from = web_text(rq, "from"),
                              .to = web_text(rq, "to") };
    TRY(web_param_id(cx, rq, "id", &j.account));
    TRY(access_require_over(cx, "user.manage", j.account));
    if (unit_by_key(cx, j.unit) == NULL) {
        ctx_problem(cx, STR("unit"), STR("operator.unit_unknown"), STR_NULL);
    }
    if (access_role(cx, j.role) == NULL) {
        ctx_problem(cx, STR("role"), STR("operator.role_unknown"), STR_NULL);
    }
    if (!str_is_empty(j.to) && str_cmp(j.to, j.from) < 0) {
        ctx_problem(cx, STR("to"), STR("operator.to_before_from"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(access_require_in(cx, "user.manage", j.unit));
    TRY(store_write(cx, position_tx, &j));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, STR_FMT, STR_ARG(user_href(cx, j.account)));
}

static enum err
end_tx(struct ctx *cx, void *arg)
{
    const struct position_job *j = arg;
    return access_position_end(cx, j->position, date_iso(cx->arena, calendar_today(cx)));
}

enum err
op_position_end(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct position_job j = { .position = web_int(rq, "id") };
    struct access_position_row p;
    TRY(access_position_by_id(cx, j.position, &p));
    TRY(access_require_in(cx, "user.manage", p.unit));
    TRY(store_write(cx, end_tx, &j));
    web_flash(cx, rs, "operator.position_ended");
    return web_see_other(cx, rs, "/quan-tri/nguoi-dung");
}

enum err
op_token_revoke(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t account = 0;
    TRY(web_param_id(cx, rq, "id", &account));
    TRY(access_require_over(cx, "token.manage", account));
    TRY(access_token_revoke(cx, account, web_int(rq, "id")));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, STR_FMT, STR_ARG(user_href(cx, account)));
}
