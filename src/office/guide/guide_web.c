/* guide_web.c: shows a guide; the same for everyone, so it is rendered once per pack version and
 * kept. */
#include "codec/md.h"
#include "gen/tpl_guide.h"
#include "office/guide/guide.h"

#define HTML_MAX (512U << 10)

static enum err
show(struct ctx *cx, struct web_resp *rs, struct str name)
{
    struct tpl_guide_page *data = ARENA_NEW(cx->arena, struct tpl_guide_page);
    const struct guide_text *found = NULL;
    for (size_t i = 0; i < guide_texts_n; i++) {
        if (str_eq(guide_texts[i].name, name)) {
            found = &guide_texts[i];
        }
    }
    if (found == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such guide");
    }
    data->title = found->title;
    data->is_first = str_is_empty(name);
    TRY(md_html(cx->arena, found->markdown, 1, HTML_MAX, &data->text));
    web_title(rs, found->title);
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    if (!data->is_first) {
        web_crumb(cx, rs, STR("/huong-dan"), text(cx, "guide.title"));
    }
    web_crumb(cx, rs, STR_NULL, found->title);
    return web_page(cx, rs, &tpl_guide_page_t, data);
}

static enum err
first(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    return show(cx, rs, STR(""));
}

static enum err
page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return show(cx, rs, web_param(rq, "page"));
}

static const struct web_route routes[] = {
    { HTTP_GET, "/huong-dan", "public", first, .flags = WEB_CACHE, .doc = "Guides for all users" },
    { HTTP_GET, "/huong-dan/{page}", "public", page, .flags = WEB_CACHE, .doc = "One guide" },
};

const struct web_routes guide_routes = { "guide", routes, COUNT_OF(routes) };
