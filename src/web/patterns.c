/* patterns.c: /bo-mau shows every part that pages are made of. Authors of pages and the browser
 * tests look at it. */
#include "gen/tpl_web.h"

#include "web/inside.h"

static const char *const kinds[] = { "counter", "post", NULL };
static const char *const places[] = { "counter", "post", NULL };
static const struct web_field form_fields[] = {
    { "name", WEB_TEXT, .is_required = true, .max = 100, .doc = "full name",
      .label = "web.patterns.name" },
    { "born", WEB_DATE, .is_required = true, .doc = "date of birth", .label = "web.patterns.born" },
    { "paid", WEB_MONEY, .doc = "amount in dong" },
    { "kind", WEB_CHOICE, .is_required = true, .choices = kinds, .doc = "way of return" },
    { "place", WEB_CHOICE, .choices = places, .doc = "place" },
    { "note", WEB_LINES, .max = 1000, .doc = "message" },
    { "photo", WEB_FILE, .max = 1U << 20, .doc = "picture" },
    { "agree", WEB_BOOL, .doc = "declaration" },
};
static const struct web_field page_fields[] = {
    { "q", WEB_TEXT, .doc = "nothing: the search box of the sample" }
};

static void
fill_lists(struct ctx *cx, struct tpl_web_patterns *d)
{
    d->choices.v = ARENA_ARRAY(cx->arena, struct tpl_web_patterns_choices, 2);
    d->choices.v[0] =
        (struct tpl_web_patterns_choices){ STR("counter"), text(cx, "web.patterns.counter"),
                                           text(cx, "web.patterns.counter.note") };
    d->choices.v[1] =
        (struct tpl_web_patterns_choices){ STR("post"), text(cx, "web.patterns.post"), STR_NULL };
    d->choices.n = 2;
    d->steps.v = ARENA_ARRAY(cx->arena, struct tpl_web_patterns_steps, 3);
    d->steps.v[0] = (struct tpl_web_patterns_steps){ text(cx, "web.patterns.step.1"), STR("done"),
                                                     STR("25/11/2026"), STR_NULL, STR_NULL };
    d->steps.v[1] = (struct tpl_web_patterns_steps){ text(cx, "web.patterns.step.2"), STR("now"),
                                                     STR("26/11/2026"), STR_NULL,
                                                     text(cx, "web.patterns.wait") };
    d->steps.v[2] = (struct tpl_web_patterns_steps){ text(cx, "web.patterns.step.3"), STR("next"),
                                                     STR_NULL, STR_NULL, STR_NULL };
    d->steps.n = 3;
    d->tasks.v = ARENA_ARRAY(cx->arena, struct tpl_web_patterns_tasks, 2);
    d->tasks.v[0] = (struct tpl_web_patterns_tasks){ text(cx, "web.patterns.name"), STR("#name"),
                                                     STR("done"), text(cx, "web.patterns.done") };
    d->tasks.v[1] = (struct tpl_web_patterns_tasks){ text(cx, "web.patterns.photo"), STR("#photo"),
                                                     STR("todo"), text(cx, "web.patterns.todo") };
    d->tasks.n = 2;
    d->summary.v = ARENA_ARRAY(cx->arena, struct tpl_web_patterns_summary, 1);
    d->summary.v[0] = (struct tpl_web_patterns_summary){ text(cx, "web.patterns.paid"),
                                                         text_money(cx, 8000), STR("#paid") };
    d->summary.n = 1;
}

static void
fill_rows(struct ctx *cx, struct tpl_web_patterns *d)
{
    static const struct str row_kinds[] = { STR_INIT("late"), STR_INIT("due"), STR_INIT("ontime") };
    d->rows.v = ARENA_ARRAY(cx->arena, struct tpl_web_patterns_rows, COUNT_OF(row_kinds));
    d->rows.n = COUNT_OF(row_kinds);
    for (size_t i = 0; i < d->rows.n; i++) {
        d->rows.v[i].kind = row_kinds[i];
        d->rows.v[i].number = str_fmt(cx->arena, "G15-261125-%04zu", i + 1);
        d->rows.v[i].name = STR("Đ*** T*** H***");
        d->rows.v[i].due =
            text_instant(cx, (INT64_C(1795500000) + (int64_t)i * 86400) * DATE_US_PER_S);
    }
}

static enum err
page_patterns(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_web_patterns *d = ARENA_NEW(cx->arena, struct tpl_web_patterns);
    fill_lists(cx, d);
    fill_rows(cx, d);
    web_title(rs, text(cx, "web.patterns.title"));
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, text(cx, "web.patterns.title"));
    return web_page(cx, rs, &tpl_web_patterns_t, d);
}

/* Keeps nothing. */
static enum err
save_patterns(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    web_flash(cx, rs, "web.saved");
    return web_see_other(cx, rs, "/bo-mau");
}

static const struct web_route own[] = {
    { HTTP_GET, "/bo-mau", "public", page_patterns, WEB_FIELDS(page_fields),
      .doc = "All parts of pages" },
    { HTTP_GET, "/bo-mau/van-phong", "public", page_patterns, .flags = WEB_OFFICE,
      .doc = "All parts of pages, in the office's style" },
    { HTTP_POST, "/bo-mau", "public", save_patterns, WEB_FIELDS(form_fields), .body_max = 2U << 20,
      .again = page_patterns, .doc = "Sample form: keeps nothing" },
};
const struct web_routes web_own_routes = { "web", own, COUNT_OF(own) };
