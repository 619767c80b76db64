/* list.c: all routes written out, for `bombo routes` and for tests that try every one of them. */
#include "web/inside.h"

const char *const web_type_names[WEB_TYPES_N] = {
    [WEB_TEXT] = "text",     [WEB_LINES] = "lines", [WEB_INT] = "int",       [WEB_MONEY] = "money",
    [WEB_DATE] = "date",     [WEB_BOOL] = "bool",   [WEB_CHOICE] = "choice", [WEB_ID] = "id",
    [WEB_SECRET] = "secret", [WEB_FILE] = "file",   [WEB_LIST] = "list",     [WEB_ANY] = "any",
};

static void
put_field(struct json_out *o, const struct web_field *f)
{
    json_open(o);
    json_put_str(o, "name", str_of(f->name));
    json_put_str(o, "type", str_of(web_type_names[f->type]));
    json_put_bool(o, "required", f->is_required);
    json_put_i64(o, "max", (int64_t)input_max(f));
    json_key(o, "choices");
    json_open_list(o);
    for (size_t i = 0; f->choices != NULL && f->choices[i] != NULL; i++) {
        json_str(o, str_of(f->choices[i]));
    }
    json_close_list(o);
    json_close(o);
}

static void
put_route(struct json_out *o, const struct web_route *r)
{
    json_open(o);
    json_put_str(o, "method", str_of(route_method(r->method)));
    json_put_str(o, "path", str_of(r->path));
    json_put_str(o, "permission", str_of(r->perm));
    json_put_bool(o, "page", (r->flags & (uint32_t)WEB_API_ONLY) == 0);
    json_put_bool(o, "api", (r->flags & (uint32_t)(WEB_API | WEB_API_ONLY)) != 0);
    json_put_bool(o, "csrf", guard_is_unsafe(r->method) && (r->flags & (uint32_t)WEB_NO_CSRF) == 0);
    json_put_bool(o, "raw", (r->flags & (uint32_t)WEB_RAW) != 0);
    json_put_bool(o, "idempotent", (r->flags & (uint32_t)WEB_IDEMPOTENT) != 0);
    json_put_bool(o, "again", r->again != NULL);
    json_put_i64(o, "body_max", r->body_max == 0 ? (int64_t)WEB_BODY_MAX : (int64_t)r->body_max);
    json_put_str(o, "reply", r->reply == NULL ? STR_NULL : str_of(r->reply->name));
    json_put_str(o, "media", r->media == NULL ? STR_NULL : str_of(r->media));
    json_put_str(o, "doc", r->doc == NULL ? STR_NULL : str_of(r->doc));
    json_key(o, "fields");
    json_open_list(o);
    for (size_t i = 0; i < r->n_fields; i++) {
        put_field(o, &r->fields[i]);
    }
    json_close_list(o);
    json_close(o);
}

struct str
web_routes_json(struct ctx *cx, const struct web *w)
{
    struct buf b = buf_new(cx->arena, WEB_PAGE_MAX);
    struct json_out o = json_out(&b);
    json_open_list(&o);
    for (size_t i = 0; i < w->n_entries; i++) {
        put_route(&o, w->entries[i].route);
    }
    json_close_list(&o);
    return buf_str(&b);
}

struct str
web_routes_text(struct ctx *cx, const struct web *w)
{
    struct buf b = buf_new(cx->arena, WEB_PAGE_MAX);
    for (size_t i = 0; i < w->n_entries; i++) {
        const struct web_route *r = w->entries[i].route;
        bool is_api = (r->flags & (uint32_t)(WEB_API | WEB_API_ONLY)) != 0;
        buf_addf(&b, "%-5s %-40s %-22s %-4s %s\n", route_method(r->method), r->path, r->perm,
                 is_api ? "api" : "", r->doc == NULL ? "" : r->doc);
    }
    return buf_str(&b);
}
