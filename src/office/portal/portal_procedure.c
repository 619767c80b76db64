/* portal_procedure.c: the page of one procedure. */
#include "engine/calendar/calendar.h"
#include "gen/tpl_portal.h"
#include "office/portal/portal_int.h"

static struct str
count_text(struct ctx *cx, const char *key, int64_t n)
{
    return text_fill(cx, key, "n", text_number(cx, n), NULL);
}

/* "1 bản chính, 2 bản sao", and what else one must know of it. */
static struct str
how_text(struct ctx *cx, const struct procedure_paper *p)
{
    struct str parts[5];
    size_t n = 0;
    if (p->is_by_form) {
        return text(cx, "portal.paper.by_form");
    }
    if (p->is_shown) {
        return text(cx, "portal.paper.shown");
    }
    if (p->n_originals > 0) {
        parts[n++] = count_text(cx, "portal.paper.originals", p->n_originals);
    }
    if (p->n_copies > 0) {
        parts[n++] = count_text(cx, "portal.paper.copies", p->n_copies);
    }
    if (p->is_given_back) {
        parts[n++] = text(cx, "portal.paper.given_back");
    }
    if (p->may_reuse) {
        parts[n++] = text(cx, "portal.paper.reuse");
    }
    struct buf b = buf_new(cx->arena, 2000);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, i == 0 ? STR("") : STR("; "));
        buf_add(&b, parts[i]);
    }
    return buf_str(&b);
}

static void
fill_papers(struct ctx *cx, const struct procedure *p, struct tpl_portal_procedure *data)
{
    int64_t n_needed = 0;
    data->papers.n = p->n_papers;
    data->papers.v = ARENA_ARRAY(cx->arena, struct tpl_portal_procedure_papers, p->n_papers);
    for (size_t i = 0; i < p->n_papers; i++) {
        const struct procedure_paper *from = &p->papers[i];
        data->papers.v[i] =
            (struct tpl_portal_procedure_papers){ .name = pack_text(cx, from->name),
                                                  .note = pack_text(cx, from->note),
                                                  .how = how_text(cx, from),
                                                  .is_needed = from->is_required ||
                                                               from->is_by_form || from->is_shown,
                                                  .is_when = !str_is_empty(from->when) };
        n_needed += from->is_required && str_is_empty(from->when) && !from->is_by_form ? 1 : 0;
    }
    data->papers_text = n_needed == 0 ? text(cx, "portal.procedure.papers_none")
                                      : count_text(cx, "portal.procedure.papers_n", n_needed);
}

static void
fill_fees(struct ctx *cx, const struct procedure *p, struct tpl_portal_procedure *data)
{
    data->fee = procedure_fees_text(cx, p);
    data->fees.n = p->n_fees;
    data->fees.v = ARENA_ARRAY(cx->arena, struct tpl_portal_procedure_fees, p->n_fees);
    for (size_t i = 0; i < p->n_fees; i++) {
        const struct procedure_fee *from = &p->fees[i];
        data->fees.v[i] = (struct tpl_portal_procedure_fees){
            .name = pack_text(cx, from->name),
            .amount = procedure_fee_text(cx, from),
            .exempt = pack_text(cx, from->exempt),
            .basis = from->basis,
            .is_check = from->is_check && (p->check & (uint32_t)PROCEDURE_CHECK_FEES) == 0
        };
        data->is_exempt = data->is_exempt || data->fees.v[i].exempt.n != 0;
    }
}

static void
fill_result(struct ctx *cx, const struct procedure *p, struct tpl_portal_procedure *data)
{
    static const struct {
        uint32_t bit;
        const char *key;
    } ways[] = { { PROCEDURE_AT_COUNTER, "dossier.collect.counter" },
                 { PROCEDURE_BY_POST, "dossier.collect.post" },
                 { PROCEDURE_ELECTRONIC, "dossier.collect.electronic" } };
    data->result = pack_text(cx, p->result_name);
    data->identity = p->is_identity_checked;
    data->collect.v = ARENA_ARRAY(cx->arena, struct tpl_portal_procedure_collect, COUNT_OF(ways));
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        if ((p->collect & ways[i].bit) != 0) {
            data->collect.v[data->collect.n++].text = text_find(cx, str_of(ways[i].key));
        }
    }
    data->basis.n = p->n_basis;
    data->basis.v = ARENA_ARRAY(cx->arena, struct tpl_portal_procedure_basis, p->n_basis);
    for (size_t i = 0; i < p->n_basis; i++) {
        data->basis.v[i].name = p->basis[i].name;
        data->basis.v[i].article = p->basis[i].article;
    }
}

static void
fill_path(struct ctx *cx, const struct procedure *p, struct tpl_portal_procedure *data)
{
    data->steps.n = p->n_steps;
    data->steps.v = ARENA_ARRAY(cx->arena, struct tpl_portal_procedure_steps, p->n_steps);
    for (size_t i = 0; i < p->n_steps; i++) {
        data->steps.v[i].text = pack_text(cx, p->steps[i]);
    }
    data->events.n = p->n_life_events;
    data->events.v = ARENA_ARRAY(cx->arena, struct tpl_portal_procedure_events, p->n_life_events);
    for (size_t i = 0; i < p->n_life_events; i++) {
        const struct procedure_life_event *e = p->life_events[i];
        data->events.v[i].href = str_fmt(cx->arena, "/su-kien/" STR_FMT, STR_ARG(e->id));
        data->events.v[i].name = pack_text(cx, e->name);
    }
}

/* What is marked "cần kiểm tra"; when everything is, one note says it instead of many marks. */
static void
fill_checks(const struct procedure *p, struct tpl_portal_procedure *data)
{
    uint32_t c = p->check;
    data->check_all = (c & (uint32_t)PROCEDURE_CHECK_ALL) != 0;
    if (data->check_all) {
        return;
    }
    data->check_fees = (c & (uint32_t)PROCEDURE_CHECK_FEES) != 0;
    data->check_time = (c & (uint32_t)PROCEDURE_CHECK_TIME) != 0;
    data->check_papers = (c & (uint32_t)PROCEDURE_CHECK_PAPERS) != 0;
    data->check_steps = (c & (uint32_t)PROCEDURE_CHECK_STEPS) != 0;
    data->check_result = (c & (uint32_t)PROCEDURE_CHECK_RESULT) != 0;
    data->check_basis = (c & (uint32_t)PROCEDURE_CHECK_BASIS) != 0;
    data->check_decides = (c & (uint32_t)PROCEDURE_CHECK_DECIDES) != 0;
    data->check_online = (c & (uint32_t)PROCEDURE_CHECK_ONLINE) != 0;
}

enum err
portal_procedure_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct procedure *p = procedure_at(cx, web_param(rq, "code"), calendar_today(cx));
    if (p == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such procedure today");
    }
    struct tpl_portal_procedure *data = ARENA_NEW(cx->arena, struct tpl_portal_procedure);
    struct str official = pack_text(cx, p->name);
    data->code = p->code;
    data->name = procedure_short_name(cx, p);
    data->official = str_eq(official, data->name) ? STR_NULL : official;
    data->who = pack_text(cx, p->who);
    data->time = procedure_time_text(cx, p);
    data->time_note = pack_text(cx, p->time_note);
    data->online = portal_online_text(cx, p);
    data->online_kind = portal_online_kind(p);
    data->may_start = p->online != PROCEDURE_COUNTER;
    data->start = str_fmt(cx->arena, "/nop/" STR_FMT, STR_ARG(p->code));
    data->minutes = text_number(cx, p->minutes);
    data->unit = portal_decides_text(cx, p);
    data->conditions = pack_text(cx, p->conditions);
    data->hotline = portal_hotline(cx);
    data->valid_from = p->from.day <= PACK_DAY_MIN ? STR_NULL : text_date_of(cx, p->from);
    data->is_generated = p->is_generated;
    fill_checks(p, data);
    fill_papers(cx, p, data);
    fill_fees(cx, p, data);
    fill_result(cx, p, data);
    fill_path(cx, p, data);
    web_title(rs, data->name);
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR("/thu-tuc"), text(cx, "portal.list.title"));
    web_crumb(cx, rs, STR_NULL, data->name);
    return web_page(cx, rs, &tpl_portal_procedure_t, data);
}
