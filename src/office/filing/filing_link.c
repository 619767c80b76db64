/* filing_link.c: /nop-ho-so, the national portal's link to one of our forms. Source: national
 * portal, deep link to a provincial form (MaTTHCDP, MaCoQuanThucHien, MaDVC, MDT, vnconnect). */
#include "codec/url.h"
#include "engine/calendar/calendar.h"
#include "engine/procedure/procedure.h"
#include "engine/unit/unit.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"

static const struct procedure *
procedure_of(struct ctx *cx, const struct web_req *rq, struct str *ret_asked)
{
    static const char *const names[] = { "MaTTHCDP", "MaDVC", "MaTTHC" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct str asked = web_text(rq, names[i]);
        struct str code = procedure_code_of(asked);
        const struct procedure *p =
            code.p == NULL ? NULL : procedure_at(cx, code, calendar_today(cx));
        *ret_asked = str_is_empty(*ret_asked) ? asked : *ret_asked;
        if (p != NULL) {
            return p;
        }
    }
    return NULL;
}

static struct str
start_href(struct ctx *cx, const struct procedure *p, const struct unit *u, const struct unit *was)
{
    struct str path = str_fmt(cx->arena, "/nop/" STR_FMT, STR_ARG(p->code));
    struct url_pair pairs[2];
    size_t n = 0;
    if (u != NULL && u->level == UNIT_COMMUNE) {
        pairs[n++] = (struct url_pair){ STR("xa"), u->code };
        if (was != u && was->level == UNIT_COMMUNE) {
            pairs[n++] = (struct url_pair){ STR("cu"), was->name.vi };
        }
    }
    return n == 0 ? path
                  : str_fmt(cx->arena, STR_FMT "?" STR_FMT, STR_ARG(path),
                            STR_ARG(url_query_build(cx->arena, pairs, n)));
}

/* What is wrong with the link, in words, and how to go on all the same. */
static enum err
explain(struct ctx *cx, struct web_resp *rs, const char *key, struct str asked,
        struct tpl_filing_link *data)
{
    data->why = text_fill(cx, key, "arg", str_is_empty(asked) ? STR("?") : asked, NULL);
    web_status(rs, 404);
    web_title(rs, text(cx, "filing.link"));
    return web_page(cx, rs, &tpl_filing_link_t, data);
}

enum err
filing_link(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_filing_link *data = ARENA_NEW(cx->arena, struct tpl_filing_link);
    struct str asked = STR_NULL;
    struct str agency = web_text(rq, "MaCoQuanThucHien");
    const struct unit *was = NULL;
    const struct unit *const *now = NULL;
    const struct procedure *p = procedure_of(cx, rq, &asked);
    if (p == NULL) {
        return explain(cx, rs, "filing.link.procedure", asked, data);
    }
    data->procedure = procedure_short_name(cx, p);
    data->start = start_href(cx, p, NULL, NULL);
    if (str_is_empty(agency)) {
        return web_see_other(cx, rs, STR_FMT, STR_ARG(data->start));
    }
    size_t n = unit_by_national_code(cx, agency, calendar_today(cx), &was, &now);
    if (n == 0) {
        return explain(cx, rs, "filing.link.unit", agency, data);
    }
    if (n == 1) {
        struct str href = start_href(cx, p, now[0], was);
        return web_see_other(cx, rs, STR_FMT, STR_ARG(href));
    }
    data->units.v = ARENA_ARRAY(cx->arena, struct tpl_filing_link_units, n);
    for (; data->units.n < n; data->units.n++) {
        data->units.v[data->units.n] = (struct tpl_filing_link_units){
            .href = start_href(cx, p, now[data->units.n], was),
            .label = pack_text(cx, now[data->units.n]->name),
        };
    }
    return explain(cx, rs, "filing.link.split", pack_text(cx, was->name), data);
}
