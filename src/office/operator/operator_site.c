/* operator_site.c: certificates, reorganisation of units, ledger. */
#include "base/buf.h"
#include "base/date.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "engine/sign/sign.h"
#include "engine/unit/unit.h"
#include "office/operator/operator_int.h"
#include "store/store.h"
#include "sys/sys.h"

#define CERTS_MAX   100
#define NAMES_MAX   4096
#define LEDGER_PAGE 100U /* as many as ledger_newest gives */

/* --- certificates
 * ---------------------------------------------------------------------------------------------- */
/* One page, or for a file all of them. */
static enum err
list_certs(struct ctx *cx, int64_t before, struct sign_cert **ret, size_t *ret_n)
{
    bool is_all = op_is_export(cx);
    size_t n = 0;
    *ret = ARENA_ARRAY(cx->arena, struct sign_cert, is_all ? OP_EXPORT_MAX : CERTS_MAX);
    *ret_n = 0;
    do {
        struct sign_cert *v = NULL;
        TRY(sign_cert_list(cx, before, CERTS_MAX, &v, &n));
        memcpy(*ret + *ret_n, v, n * sizeof(*v));
        *ret_n += n;
        before = n == 0 ? before : v[n - 1].id;
    } while (is_all && n == CERTS_MAX && *ret_n + CERTS_MAX <= OP_EXPORT_MAX);
    return ERR_OK;
}

enum err
op_certs(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "operator.col.name",
                                         "operator.col.kind",
                                         "operator.col.serial",
                                         "operator.col.from",
                                         "operator.col.to",
                                         "operator.col.state",
                                         NULL };
    struct tpl_operator_page *p = op_page(cx, "operator.certs");
    struct sign_cert *v = NULL;
    size_t n = 0;
    TRY(list_certs(cx, web_int(rq, "sau"), &v, &n));
    op_say(cx, p, "now", text(cx, "operator.certs.hint"), NULL);
    struct tpl_operator_page_tables *t = op_table(cx, p, NULL, "operator.certs.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_valid = str_eq(v[i].state, STR("valid"));
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, is_valid ? "ontime" : "paused");
        op_cell(cx, r, v[i].name, STR_NULL);
        op_cell(cx, r,
                str_eq(v[i].kind, SIGN_SEAL) ? text(cx, "operator.cert.seal")
                                             : text(cx, "operator.cert.person"),
                STR_NULL);
        op_cell(cx, r, v[i].serial, STR_NULL);
        op_cell(cx, r, text_date(cx, v[i].valid_from_us), STR_NULL);
        op_cell(cx, r, text_date(cx, v[i].valid_to_us), STR_NULL);
        op_cell(cx, r, text_find(cx, str_cat(cx->arena, STR("operator.cert."), v[i].state)),
                STR_NULL);
        if (is_valid) {
            op_button(cx, r, "/quan-tri/chung-thu/thu-hoi", "operator.cert.revoke", v[i].id);
        }
    }
    if (n == CERTS_MAX) {
        p->more = str_fmt(cx->arena, "/quan-tri/chung-thu?sau=%" PRId64, v[n - 1].id);
    }
    return op_show(cx, rs, p);
}

enum err
op_cert_revoke(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(sign_cert_revoke(cx, web_int(rq, "id"), STR("operator")));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, "/quan-tri/chung-thu");
}

/* --- reorganisation: preview of all that moves, then one transaction
 * ---------------------------------------------- */
static enum err
preview_move(struct ctx *cx, struct tpl_operator_page *p, const struct unit *from,
             const struct unit *to)
{
    static const char *const heads[] = { "operator.col.name", "operator.col.role",
                                         "operator.col.title", NULL };
    struct access_holder *v = NULL;
    size_t n = 0;
    int64_t n_open = 0;
    int64_t n_drafts = 0;
    TRY(dossier_unit_counts(cx, from->key, &n_open, &n_drafts));
    TRY(access_positions_in(cx, from->key, &v, &n));
    op_say(cx, p, "now",
           text_fill(cx, "operator.move.what", "open", text_number(cx, n_open), "drafts",
                     text_number(cx, n_drafts), "positions", text_number(cx, (int64_t)n), "from",
                     pack_text(cx, from->name), "to", pack_text(cx, to->name), NULL),
           NULL);
    op_say(cx, p, "now", text(cx, "operator.move.stays"), NULL);
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.move.positions", "operator.positions.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "now");
        op_cell(cx, r, v[i].name, STR_NULL);
        op_cell(cx, r, access_role_name(cx, v[i].role), STR_NULL);
        op_cell(cx, r, v[i].title, STR_NULL);
    }
    struct tpl_operator_page_forms *f = op_form(cx, p, STR("/quan-tri/don-vi"), "operator.move.do",
                                                "operator.move.hint", "operator.move.do");
    f->is_grave = true;
    op_hidden(cx, f, "from", from->key);
    op_hidden(cx, f, "to", to->key);
    return ERR_OK;
}

/* What became of a unit, in words: "Đến hết 30/06/2025: nhập vào Xã Bom Bo". */
static struct str
end_text(struct ctx *cx, const struct unit *u)
{
    const struct unit *const *next = NULL;
    struct str kind = unit_end_kind(cx, u);
    if (str_is_empty(kind)) {
        return text(cx, "operator.unit.goes_on");
    }
    size_t n = unit_successors(cx, u, &next);
    struct buf names = buf_new(cx->arena, NAMES_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_add(&names, i == 0 ? STR("") : STR(", "));
        buf_add(&names, pack_text(cx, next[i]->name));
    }
    struct str word = text_find(cx, str_cat(cx->arena, STR("operator.unit.kind."), kind));
    return text_fill(cx, "operator.unit.end", "day", text_date_of(cx, u->to), "kind", word, "names",
                     buf_str(&names), NULL);
}

static void
choose_units(struct ctx *cx, struct tpl_operator_page *p)
{
    const struct unit *const *list = NULL;
    size_t n = unit_list(cx, UNIT_COMMUNE, calendar_today(cx), &list);
    static const char *const heads[] = { "operator.col.unit", "operator.col.code",
                                         "operator.col.successors", NULL };
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.units.list", "operator.units.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "ontime");
        op_cell(cx, r, pack_text(cx, list[i]->name),
                str_fmt(cx->arena, "/quan-tri/don-vi?from=" STR_FMT, STR_ARG(list[i]->key)));
        op_cell(cx, r, list[i]->code, STR_NULL);
        op_cell(cx, r, end_text(cx, list[i]), STR_NULL);
    }
}

static void
choose_successor(struct ctx *cx, struct tpl_operator_page *p, const struct unit *from)
{
    static const char *const heads[] = { "operator.move.to", "operator.col.code", NULL };
    const struct unit *const *list = NULL;
    const struct unit *const *known = NULL;
    size_t n_known = unit_successors(cx, from, &known);
    size_t n = n_known > 0 ? n_known : unit_list(cx, UNIT_COMMUNE, calendar_today(cx), &list);
    const struct unit *const *from_list = n_known > 0 ? known : list;
    op_say(cx, p, "now",
           text_fill(cx, "operator.move.from", "from", pack_text(cx, from->name), NULL), NULL);
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.move.choose", "operator.units.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        if (from_list[i] == from) {
            continue;
        }
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "ontime");
        op_cell(cx, r, pack_text(cx, from_list[i]->name),
                str_fmt(cx->arena, "/quan-tri/don-vi?from=" STR_FMT "&to=" STR_FMT,
                        STR_ARG(from->key), STR_ARG(from_list[i]->key)));
        op_cell(cx, r, from_list[i]->code, STR_NULL);
    }
}

enum err
op_units(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.units");
    struct str from_key = web_text(rq, "from");
    struct str to_key = web_text(rq, "to");
    const struct unit *from = str_is_empty(from_key) ? NULL : unit_by_key(cx, from_key);
    const struct unit *to = str_is_empty(to_key) ? NULL : unit_by_key(cx, to_key);
    if (from != NULL && to != NULL) {
        TRY(preview_move(cx, p, from, to));
    } else if (from != NULL) {
        choose_successor(cx, p, from);
    } else {
        op_say(cx, p, "now", text(cx, "operator.units.intro"), NULL);
        choose_units(cx, p);
    }
    return op_show(cx, rs, p);
}

enum err
op_unit_move(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t n = 0;
    TRY(dossier_move_unit(cx, web_text(rq, "from"), web_text(rq, "to"), &n));
    web_flash(cx, rs, "operator.move.done");
    return web_see_other(cx, rs, "/quan-tri/don-vi");
}

/* --- ledger
 * -------------------------------------------------------------------------------------------------------
 */
/* "ledger.kind.dossier.signed" in words; the code itself when there are none. */
static struct str
ledger_word(struct ctx *cx, const char *prefix, struct str code)
{
    struct str word =
        str_is_empty(code) ? STR_NULL : text_find(cx, str_cat(cx->arena, str_of(prefix), code));
    return word.p == NULL ? code : word;
}

/* One page, or for a file all of them as far as it goes. */
static enum err
read_ledger(struct ctx *cx, struct str object, int64_t before, struct ledger_entry **ret,
            size_t *ret_n)
{
    bool is_all = op_is_export(cx);
    size_t n = 0;
    *ret = ARENA_ARRAY(cx->arena, struct ledger_entry, is_all ? OP_EXPORT_MAX : LEDGER_PAGE);
    *ret_n = 0;
    do {
        struct ledger_entry *v = NULL;
        TRY(str_is_empty(object) ? ledger_newest(cx, before, &v, &n)
                                 : ledger_of_object(cx, object, before, &v, &n));
        memcpy(*ret + *ret_n, v, n * sizeof(*v));
        *ret_n += n;
        before = n == 0 ? before : v[n - 1].id;
    } while (is_all && n == LEDGER_PAGE && *ret_n + LEDGER_PAGE <= OP_EXPORT_MAX);
    return ERR_OK;
}

/* "dossier:17" as people say it: the kind, and the end of its number. A file keeps it whole. */
static struct str
object_text(struct ctx *cx, struct str object)
{
    size_t at = str_find(object, STR(":"));
    struct str kind = str_slice(object, 0, at);
    struct str id = str_slice(object, at < object.n ? at + 1 : at, object.n);
    struct str word = str_is_empty(object) || op_is_export(cx)
                          ? STR_NULL
                          : text_find(cx, str_cat(cx->arena, STR("operator.object."), kind));
    if (word.p == NULL) {
        return object;
    }
    return str_fmt(cx->arena, STR_FMT " #" STR_FMT, STR_ARG(word),
                   STR_ARG(str_slice(id, id.n > 6 ? id.n - 6 : 0, id.n)));
}

static void
put_entry(struct ctx *cx, struct tpl_operator_page_tables *t, const struct ledger_entry *e)
{
    struct tpl_operator_page_tables_rows *r = op_row(cx, t, e->seq < 0 ? "wait" : "ontime");
    bool is_masked = op_is_export(cx) && e->actor_name.p != NULL; /* a file leaves the house */
    op_cell(cx, r, op_when(cx, e->at_us), STR_NULL);
    op_cell(cx, r, ledger_word(cx, "ledger.kind.", e->kind), STR_NULL);
    op_cell(cx, r, is_masked ? party_mask_name(cx->arena, e->actor_name) : e->actor_name, STR_NULL);
    op_cell(cx, r, object_text(cx, e->object),
            str_is_empty(e->object)
                ? STR_NULL
                : str_fmt(cx->arena, "/quan-tri/nhat-ky?doi-tuong=" STR_FMT, STR_ARG(e->object)));
    op_cell(cx, r, ledger_word(cx, "ledger.purpose.", e->purpose), STR_NULL);
    op_cell(cx, r, e->note, STR_NULL);
    op_cell(cx, r, e->seq < 0 ? text(cx, "operator.ledger.unsealed") : text_number(cx, e->seq),
            STR_NULL);
}

static enum err
list_ledger(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page *p, struct str object,
            int64_t before)
{
    static const char *const heads[] = { "operator.col.at",      "operator.col.kind",
                                         "operator.col.actor",   "operator.col.object",
                                         "operator.col.purpose", "operator.col.note",
                                         "operator.col.leaf",    NULL };
    struct ledger_entry *v = NULL;
    size_t n = 0;
    TRY(read_ledger(cx, object, before, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.ledger.entries", "operator.ledger.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        put_entry(cx, t, &v[i]);
    }
    if (op_is_export(cx)) {
        web_reads_person(cx, rs, 0, "ledger", str_fmt(cx->arena, "file n=%zu", n));
    } else if (n == LEDGER_PAGE) {
        p->more = str_fmt(cx->arena, "/quan-tri/nhat-ky?truoc=%" PRId64 "&doi-tuong=" STR_FMT,
                          v[n - 1].id, STR_ARG(object));
    }
    return ERR_OK;
}

enum err
op_ledger(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.ledger");
    struct ledger_head head;
    TRY(ledger_head(cx, &head));
    op_say(cx, p, "ontime",
           text_fill(cx, "operator.health.ledger", "n", text_number(cx, head.size), "at",
                     op_when(cx, head.at_us), NULL),
           NULL);
    op_say(cx, p, "now", text_fill(cx, "operator.ledger.root", "root", head.root, NULL), NULL);
    if (access_may(cx, "ledger.verify")) {
        (void)op_form(cx, p, STR("/quan-tri/nhat-ky"), "operator.ledger.verify",
                      "operator.ledger.verify.hint", "operator.ledger.verify");
    }
    TRY(list_ledger(cx, rs, p, web_text(rq, "doi-tuong"), web_int(rq, "truoc")));
    return op_show(cx, rs, p);
}

enum err
op_ledger_verify(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.ledger");
    struct ledger_report r;
    (void)rq;
    TRY(ledger_verify(cx, &r));
    op_say(cx, p, r.n_faults == 0 ? "ontime" : "late",
           text_fill(cx, r.n_faults == 0 ? "operator.ledger.fine" : "operator.ledger.faults",
                     "entries", text_number(cx, r.n_entries), "leaves", text_number(cx, r.n_leaves),
                     "heads", text_number(cx, r.n_heads), "pending", text_number(cx, r.n_pending),
                     "faults", text_number(cx, r.n_faults), NULL),
           "/quan-tri/nhat-ky");
    if (r.n_faults != 0) {
        op_say(cx, p, "late", r.first_fault, NULL);
    }
    return op_show(cx, rs, p);
}
