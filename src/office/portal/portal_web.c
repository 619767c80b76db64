/* portal_web.c: home, how figures are counted, explanations; the routes of the portal. */
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/indicator/indicator.h"
#include "gen/tpl_portal.h"
#include "office/portal/portal_int.h"
#include "sys/sys.h"

#define HOME_EVENTS_MAX 8
#define FIGURES_N       3
#define SECTIONS_MAX    12

/* --- live figures
 * ---------------------------------------------------------------------------------------------- */
struct figures {
    int64_t today, done, done_late;
    int64_t wait_s; /* working seconds the longest open dossier waits; -1: none is open */
};

static enum err
count_figures(struct ctx *cx, struct figures *ret)
{
    struct date today = calendar_today(cx);
    struct civil c = date_civil(today);
    struct indicator_query day = { .from = today, .to = today };
    struct indicator_query month = { .from = date_of(c.year, c.month, 1), .to = today };
    int64_t since_us = 0;
    TRY(indicator_sum(cx, &day, "received", &ret->today));
    TRY(indicator_sum(cx, &month, "done", &ret->done));
    TRY(indicator_sum(cx, &month, "done_late", &ret->done_late));
    TRY(dossier_oldest_open(cx, &since_us));
    ret->wait_s =
        since_us == 0 ? -1 : calendar_work_between(cx, STR_NULL, since_us, calendar_now_us(cx));
    return ERR_OK;
}

/* "97,8 %" in whole thousandths, rounded down: 99,96 is not 100. */
static struct str
on_time_text(struct ctx *cx, const struct figures *f)
{
    if (f->done <= 0) {
        return text(cx, "portal.figure.none");
    }
    int64_t mille = (f->done - f->done_late) * 1000 / f->done;
    const char *point = str_eq(cx->lang, STR("en")) ? "." : ",";
    if (mille % 10 == 0) {
        return str_fmt(cx->arena, "%" PRId64 " %%", mille / 10);
    }
    return str_fmt(cx->arena, "%" PRId64 "%s%" PRId64 " %%", mille / 10, point, mille % 10);
}

static struct str
wait_text(struct ctx *cx, const struct figures *f)
{
    if (f->wait_s < 0) {
        return text(cx, "portal.figure.no_wait");
    }
    int64_t days = f->wait_s / CALENDAR_WORK_DAY_S;
    int64_t hours = f->wait_s % CALENDAR_WORK_DAY_S / 3600;
    return days > 0 ? text_fill(cx, "portal.figure.days", "n", text_number(cx, days), NULL)
                    : text_fill(cx, "portal.figure.hours", "n", text_number(cx, hours), NULL);
}

/* --- home
 * ---------------------------------------------------------------------------------------------- */
static void
home_events(struct ctx *cx, struct tpl_portal_home *data)
{
    const struct procedure_life_event *const *all = NULL;
    size_t n = procedure_life_events(cx, &all);
    data->events.n = n < HOME_EVENTS_MAX ? n : HOME_EVENTS_MAX;
    data->events.v = ARENA_ARRAY(cx->arena, struct tpl_portal_home_events, data->events.n);
    for (size_t i = 0; i < data->events.n; i++) {
        data->events.v[i] = (struct tpl_portal_home_events){
            .href = str_fmt(cx->arena, "/su-kien/" STR_FMT, STR_ARG(all[i]->id)),
            .icon = str_is_empty(all[i]->icon) ? STR("file") : all[i]->icon,
            .name = pack_text(cx, all[i]->name)
        };
    }
}

static enum err
home(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_portal_home *data = ARENA_NEW(cx->arena, struct tpl_portal_home);
    struct figures f = { 0 };
    TRY(count_figures(cx, &f));
    home_events(cx, data);
    data->today = text_number(cx, f.today);
    data->on_time = on_time_text(cx, &f);
    data->wait = wait_text(cx, &f);
    data->hotline = portal_hotline(cx);
    web_title(rs, text(cx, "portal.home.title"));
    return web_page(cx, rs, &tpl_portal_home_t, data);
}

/* --- how figures are counted
 * ---------------------------------------------------------------------------------------------- */
static enum err
figures_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_portal_figures *data = ARENA_NEW(cx->arena, struct tpl_portal_figures);
    struct figures f = { 0 };
    TRY(count_figures(cx, &f));
    struct date today = calendar_today(cx);
    data->day = text_date_of(cx, today);
    data->month = text_date_of(cx, date_of(date_civil(today).year, date_civil(today).month, 1));
    data->today = text_number(cx, f.today);
    data->on_time = on_time_text(cx, &f);
    data->done = text_number(cx, f.done);
    data->in_time = text_number(cx, f.done - f.done_late);
    data->wait = wait_text(cx, &f);
    data->at = text_instant(cx, sys_now_us(cx));
    web_title(rs, text(cx, "portal.figures.title"));
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, text(cx, "portal.figures.title"));
    return web_page(cx, rs, &tpl_portal_figures_t, data);
}

/* --- explanations: texts portal.page.<page>.title, .lead, .1.title, .1.text ...
 * ---------------------------------------------------------------------------------------------- */
static struct str
page_text(struct ctx *cx, struct str page, const char *part)
{
    return text_find(cx, str_fmt(cx->arena, "portal.page." STR_FMT ".%s", STR_ARG(page), part));
}

static enum err
show_page(struct ctx *cx, struct web_resp *rs, struct str page)
{
    struct tpl_portal_page *data = ARENA_NEW(cx->arena, struct tpl_portal_page);
    data->title = page_text(cx, page, "title");
    if (data->title.p == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such explanation");
    }
    data->lead = page_text(cx, page, "lead");
    data->sections.v = ARENA_ARRAY(cx->arena, struct tpl_portal_page_sections, SECTIONS_MAX);
    for (int i = 1; i <= SECTIONS_MAX; i++) {
        struct tpl_portal_page_sections *s = &data->sections.v[data->sections.n];
        s->title = page_text(cx, page, str_z(cx->arena, str_fmt(cx->arena, "%d.title", i)));
        s->text = page_text(cx, page, str_z(cx->arena, str_fmt(cx->arena, "%d.text", i)));
        data->sections.n += s->title.p != NULL && s->text.p != NULL ? 1 : 0;
    }
    data->hotline = portal_hotline(cx);
    web_title(rs, data->title);
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, data->title);
    return web_page(cx, rs, &tpl_portal_page_t, data);
}

static enum err
explain(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return show_page(cx, rs, web_param(rq, "page"));
}

static enum err
help(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    return show_page(cx, rs, STR("huong-dan"));
}

struct str
portal_hotline(struct ctx *cx)
{
    const struct pack_site *site = pack_site(pack_now(cx));
    return site == NULL || str_is_empty(site->hotline) ? STR("1022") : site->hotline;
}

#define SAME_FOR_ALL ((uint32_t)WEB_API | (uint32_t)WEB_CACHE)

static const struct web_route routes[] = {
    { HTTP_GET, "/", "public", home, .doc = "Home page with live figures" },
    { HTTP_GET, "/so-lieu", "public", figures_page, .flags = WEB_API,
      .reply = &tpl_portal_figures_t, .doc = "Public figures and how they are counted" },
    { HTTP_GET, "/giai-thich", "public", help, .flags = WEB_CACHE, .doc = "Help" },
    { HTTP_GET, "/giai-thich/{page}", "public", explain, .flags = WEB_CACHE,
      .doc = "An explanation: accessibility, personal data, open source" },
    { HTTP_GET, "/tim", "public", portal_search, WEB_FIELDS(portal_search_fields), .flags = WEB_API,
      .reply = &tpl_portal_list_t, .doc = "Search procedures" },
    { HTTP_GET, "/thu-tuc", "public", portal_list, WEB_FIELDS(portal_list_fields),
      .flags = SAME_FOR_ALL, .reply = &tpl_portal_list_t, .doc = "List of procedures" },
    { HTTP_GET, "/thu-tuc/{code}", "public", portal_procedure_page, .flags = SAME_FOR_ALL,
      .reply = &tpl_portal_procedure_t, .doc = "One procedure" },
    { HTTP_GET, "/su-kien/{id}", "public", portal_life_event, .flags = SAME_FOR_ALL,
      .reply = &tpl_portal_life_event_t, .doc = "Procedures of one life event" },
    { HTTP_GET, "/don-vi", "public", portal_units, WEB_FIELDS(portal_units_fields),
      .flags = SAME_FOR_ALL, .reply = &tpl_portal_units_t,
      .doc = "Public bodies on a day, or by a name of any time, with what they are now" },
    { HTTP_GET, "/don-vi/{key}", "public", portal_unit, .flags = SAME_FOR_ALL,
      .reply = &tpl_portal_unit_t, .doc = "A public body: validity, before, after, today" },
    { HTTP_GET, "/tra-cuu", "public", portal_track, WEB_FIELDS(portal_track_fields),
      .flags = (uint32_t)WEB_API | (uint32_t)WEB_NO_STORE, .reply = &tpl_portal_track_t,
      .doc = "State of a dossier by number and tracking code" },
    { HTTP_GET, "/kiem-tra", "public", portal_verify, WEB_FIELDS(portal_verify_fields),
      .doc = "Form for checking a result" },
    { HTTP_POST, "/kiem-tra", "public", portal_verify_file, WEB_FIELDS(portal_file_fields),
      .body_max = 20U << 20, .work_class = "pdf", .flags = WEB_API, .again = portal_verify,
      .reply = &tpl_portal_result_t, .doc = "Check a result by its file" },
    { HTTP_GET, "/kiem-tra/{hash}", "public", portal_verify_hash,
      .flags = (uint32_t)WEB_API | (uint32_t)WEB_NO_STORE, .reply = &tpl_portal_result_t,
      .doc = "Check a result by the SHA-256 of its file" },
    { HTTP_GET, "/kiem-tra/k/{code}", "public", portal_verify_code,
      .flags = (uint32_t)WEB_API | (uint32_t)WEB_NO_STORE, .reply = &tpl_portal_result_t,
      .doc = "Check a result by the code in its QR" },
};

const struct web_routes portal_routes = { "portal", routes, COUNT_OF(routes) };
