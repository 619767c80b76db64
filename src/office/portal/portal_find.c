/* portal_find.c: searching procedures, the list with filters, life events. */
#include "codec/url.h"
#include "codec/vn.h"
#include "engine/calendar/calendar.h"
#include "engine/search/search.h"
#include "gen/tpl_portal.h"
#include "office/portal/portal_int.h"

#define PAGE_N    30
#define RESULTS_N 40

static const char *const audience_words[] = { "citizen", "business", "agency", "foreigner", NULL };
static const char *const level_words[] = { "commune", "province",         "department", "division",
                                           "police",  "social-insurance", NULL };
static const char *const online_words[] = { "full", "part", "counter", NULL };

#define FILTER_FIELDS                                                                              \
    { .name = "linh-vuc", .type = WEB_TEXT, .max = 60, .doc = "field of government" },             \
        { .name = "su-kien", .type = WEB_TEXT, .max = 60, .doc = "life event" },                   \
        { .name = "doi-tuong",                                                                     \
          .type = WEB_TEXT,                                                                        \
          .max = 20,                                                                               \
          .doc = "citizen, business, agency or foreigner" },                                       \
        { .name = "cap", .type = WEB_TEXT, .max = 30, .doc = "level that decides" },               \
    {                                                                                              \
        .name = "hinh-thuc", .type = WEB_TEXT, .max = 20, .doc = "full, part or counter"           \
    }

const struct web_field portal_search_fields[PORTAL_FILTERS_N + 2] = {
    { .name = "q", .type = WEB_TEXT, .max = 200, .doc = "what is wanted, with or without marks" },
    { .name = "sau", .type = WEB_TEXT, .max = 60, .doc = "not used by the search" },
    FILTER_FIELDS,
};
const struct web_field portal_list_fields[PORTAL_FILTERS_N + 2] = {
    { .name = "q", .type = WEB_TEXT, .max = 200, .doc = "not used by the list" },
    { .name = "sau", .type = WEB_TEXT, .max = 60, .doc = "code of the last one seen" },
    FILTER_FIELDS,
};

/* --- words about a procedure
 * ---------------------------------------------------------------------------------------------- */
struct str
portal_procedure_href(struct ctx *cx, const struct procedure *p)
{
    return str_fmt(cx->arena, "/thu-tuc/" STR_FMT, STR_ARG(p->code));
}

struct str
portal_online_text(struct ctx *cx, const struct procedure *p)
{
    static const char *const keys[] = { "procedure.online.counter", "procedure.online.part",
                                        "procedure.online.full" };
    return text_find(cx, str_of(keys[p->online]));
}

struct str
portal_online_kind(const struct procedure *p)
{
    static const struct str kinds[] = { STR_INIT("paused"), STR_INIT("wait"), STR_INIT("ontime") };
    return kinds[p->online];
}

struct str
portal_decides_text(struct ctx *cx, const struct procedure *p)
{
    struct date today = calendar_today(cx);
    struct unit_rule rule = procedure_decides_on(p, today);
    const struct unit *const *v = NULL;
    if (!str_is_empty(rule.kind)) {
        size_t n = unit_list(cx, rule.level, today, &v);
        for (size_t i = 0; i < n; i++) {
            if (str_eq(v[i]->kind, rule.kind)) {
                return pack_text(cx, v[i]->name);
            }
        }
    }
    struct str key = str_cat(cx->arena, STR("portal.level."), unit_level_name(rule.level));
    struct str s = text_find(cx, key);
    return s.p == NULL ? unit_level_name(rule.level) : s;
}

/* --- filters
 * ---------------------------------------------------------------------------------------------- */
static int
word_index(const char *const *words, struct str s)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (str_eq(s, str_of(words[i]))) {
            return i;
        }
    }
    return -1;
}

static struct procedure_filter
read_filter(const struct web_req *rq)
{
    struct procedure_filter f = { .field = web_text(rq, "linh-vuc"),
                                  .life_event = web_text(rq, "su-kien"),
                                  .level = web_text(rq, "cap"),
                                  .online = -1 };
    int audience = word_index(audience_words, web_text(rq, "doi-tuong"));
    int online = word_index(online_words, web_text(rq, "hinh-thuc"));
    f.audience = audience < 0 ? 0 : 1U << (unsigned)audience;
    if (online >= 0) {
        f.online = 1 + (PROCEDURE_FULL - online);
    }
    return f;
}

/* A select's choices from words and the text keys prefix + word. */
#define WORD_CHOICES(list, type, words, prefix)                                                    \
    do {                                                                                           \
        (list).n = COUNT_OF(words) - 1;                                                            \
        (list).v = ARENA_ARRAY(cx->arena, struct type, (list).n);                                  \
        for (size_t i_ = 0; i_ < (list).n; i_++) {                                                 \
            (list).v[i_].value = str_of((words)[i_]);                                              \
            (list).v[i_].label = text_find(cx, str_fmt(cx->arena, "%s%s", (prefix), (words)[i_])); \
        }                                                                                          \
    } while (0)

static void
fill_filters(struct ctx *cx, const struct web_req *rq, struct tpl_portal_list *data)
{
    const struct procedure_field *const *fields = NULL;
    const struct procedure_life_event *const *events = NULL;
    data->fields.n = procedure_fields(cx, &fields);
    data->fields.v = ARENA_ARRAY(cx->arena, struct tpl_portal_list_fields, data->fields.n);
    for (size_t i = 0; i < data->fields.n; i++) {
        data->fields.v[i].value = fields[i]->code;
        data->fields.v[i].label = pack_text(cx, fields[i]->name);
    }
    data->events.n = procedure_life_events(cx, &events);
    data->events.v = ARENA_ARRAY(cx->arena, struct tpl_portal_list_events, data->events.n);
    for (size_t i = 0; i < data->events.n; i++) {
        data->events.v[i].value = events[i]->id;
        data->events.v[i].label = pack_text(cx, events[i]->name);
    }
    WORD_CHOICES(data->audiences, tpl_portal_list_audiences, audience_words, "portal.audience.");
    WORD_CHOICES(data->levels, tpl_portal_list_levels, level_words, "portal.level.");
    WORD_CHOICES(data->onlines, tpl_portal_list_onlines, online_words, "procedure.online.");
    data->field_chosen = web_text(rq, "linh-vuc");
    data->event_chosen = web_text(rq, "su-kien");
    data->audience_chosen = web_text(rq, "doi-tuong");
    data->level_chosen = web_text(rq, "cap");
    data->online_chosen = web_text(rq, "hinh-thuc");
    data->is_filtered = data->field_chosen.n + data->event_chosen.n + data->audience_chosen.n +
                            data->level_chosen.n + data->online_chosen.n !=
                        0;
    data->hotline = portal_hotline(cx);
}

/* --- results
 * ---------------------------------------------------------------------------------------------- */
static struct str
official_if_other(struct ctx *cx, const struct procedure *p, struct str shown)
{
    struct str official = pack_text(cx, p->name);
    return str_eq(official, shown) ? STR_NULL : official;
}

static void
fill_hit(struct ctx *cx, const struct procedure *p, struct tpl_portal_list_hits *h)
{
    h->href = portal_procedure_href(cx, p);
    h->name = procedure_short_name(cx, p);
    h->official = official_if_other(cx, p, h->name);
    h->unit = portal_decides_text(cx, p);
    h->time = procedure_time_text(cx, p);
    h->fee = procedure_fees_text(cx, p);
    h->online = portal_online_text(cx, p);
    h->kind = portal_online_kind(p);
}

enum err
portal_search(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_portal_list *data = ARENA_NEW(cx->arena, struct tpl_portal_list);
    struct procedure_filter f = read_filter(rq);
    struct search_hits hits = { 0 };
    data->q = web_text(rq, "q");
    TRY(search_procedures(cx, data->q, &f, RESULTS_N, &hits));
    data->is_search = true;
    data->title = str_is_empty(data->q) ? text(cx, "portal.search.title")
                                        : text_fill(cx, "portal.search.for", "q", data->q, NULL);
    data->corrected = hits.corrected;
    data->is_suggestion = hits.is_suggestion || hits.n == 0;
    data->count =
        text_fill(cx, "portal.list.count", "n", text_number(cx, (int64_t)hits.n_total), NULL);
    data->hits.n = hits.n;
    data->hits.v = ARENA_ARRAY(cx->arena, struct tpl_portal_list_hits, hits.n);
    for (size_t i = 0; i < hits.n; i++) {
        fill_hit(cx, hits.v[i].procedure, &data->hits.v[i]);
        if (!vn_equal(cx->arena, hits.v[i].matched, data->hits.v[i].name)) {
            data->hits.v[i].matched = hits.v[i].matched;
        }
    }
    fill_filters(cx, rq, data);
    web_title(rs, data->title);
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, text(cx, "portal.search.title"));
    return web_page(cx, rs, &tpl_portal_list_t, data);
}

static struct str
more_href(struct ctx *cx, const struct tpl_portal_list *d, struct str last)
{
    const struct {
        const char *name;
        struct str value;
    } parts[] = { { "linh-vuc", d->field_chosen },
                  { "su-kien", d->event_chosen },
                  { "doi-tuong", d->audience_chosen },
                  { "cap", d->level_chosen },
                  { "hinh-thuc", d->online_chosen } };
    struct buf b = buf_new(cx->arena, 2000);
    buf_addf(&b, "/thu-tuc?sau=" STR_FMT, STR_ARG(last));
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].value.n != 0) {
            buf_addf(&b, "&%s=", parts[i].name);
            buf_add(&b, url_encode(cx->arena, parts[i].value));
        }
    }
    return buf_str(&b);
}

enum err
portal_list(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_portal_list *data = ARENA_NEW(cx->arena, struct tpl_portal_list);
    struct procedure_filter f = read_filter(rq);
    const struct procedure *const *v = NULL;
    struct date today = calendar_today(cx);
    size_t n = procedure_list(cx, &f, today, web_text(rq, "sau"), PAGE_N + 1, &v);
    data->title = text(cx, "portal.list.title");
    data->count = text_fill(cx, "portal.list.count", "n",
                            text_number(cx, (int64_t)procedure_count(cx, &f, today)), NULL);
    data->hits.n = n > PAGE_N ? PAGE_N : n;
    data->hits.v = ARENA_ARRAY(cx->arena, struct tpl_portal_list_hits, data->hits.n);
    for (size_t i = 0; i < data->hits.n; i++) {
        fill_hit(cx, v[i], &data->hits.v[i]);
    }
    fill_filters(cx, rq, data);
    data->more = n > PAGE_N ? more_href(cx, data, v[PAGE_N - 1]->code) : STR_NULL;
    web_title(rs, data->title);
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, data->title);
    return web_page(cx, rs, &tpl_portal_list_t, data);
}

/* --- life event
 * ---------------------------------------------------------------------------------------------- */
static void
other_events(struct ctx *cx, const struct procedure_life_event *not_this,
             struct tpl_portal_life_event *data)
{
    const struct procedure_life_event *const *all = NULL;
    size_t n = procedure_life_events(cx, &all);
    data->others.v = ARENA_ARRAY(cx->arena, struct tpl_portal_life_event_others, n);
    for (size_t i = 0; i < n; i++) {
        if (all[i] != not_this) {
            struct tpl_portal_life_event_others *o = &data->others.v[data->others.n++];
            o->href = str_fmt(cx->arena, "/su-kien/" STR_FMT, STR_ARG(all[i]->id));
            o->name = pack_text(cx, all[i]->name);
        }
    }
}

/* Adds the procedures that can, or cannot, be done wholly online. */
static void
life_event_hits(struct ctx *cx, const struct procedure *const *v, size_t n, bool is_full,
                struct tpl_portal_life_event *data)
{
    for (size_t i = 0; i < n; i++) {
        struct tpl_portal_list_hits h = { 0 };
        if ((v[i]->online == PROCEDURE_FULL) != is_full) {
            continue;
        }
        fill_hit(cx, v[i], &h);
        data->hits.v[data->hits.n++] = (struct tpl_portal_life_event_hits){ .href = h.href,
                                                                            .name = h.name,
                                                                            .official = h.official,
                                                                            .unit = h.unit,
                                                                            .time = h.time,
                                                                            .fee = h.fee,
                                                                            .online = h.online,
                                                                            .kind = h.kind };
    }
}

enum err
portal_life_event(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct procedure_life_event *event = procedure_life_event(cx, web_param(rq, "id"));
    if (event == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such life event");
    }
    struct tpl_portal_life_event *data = ARENA_NEW(cx->arena, struct tpl_portal_life_event);
    struct procedure_filter f = { .life_event = event->id, .online = -1 };
    const struct procedure *const *v = NULL;
    data->title = pack_text(cx, event->name);
    data->picture = str_is_empty(event->icon) ? STR("file") : event->icon;
    size_t n = procedure_list(cx, &f, calendar_today(cx), STR_NULL, SEARCH_LIMIT_MAX, &v);
    data->hits.v = ARENA_ARRAY(cx->arena, struct tpl_portal_life_event_hits, n);
    life_event_hits(cx, v, n, true, data); /* first what can be done wholly online */
    life_event_hits(cx, v, n, false, data);
    other_events(cx, event, data);
    web_title(rs, data->title);
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, data->title);
    return web_page(cx, rs, &tpl_portal_life_event_t, data);
}
