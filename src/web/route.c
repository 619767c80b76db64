/* route.c: the table of all routes: checked at start, found by number of segments and first
 * segment. */
#include "web/inside.h"

#include <stdio.h>

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "?",
};

const char *
route_method(enum http_method m)
{
    return method_names[m];
}

/* Cuts "/a/{id}/b" in segments; "/" has none. SIZE_MAX when there are more than max. */
static size_t
cut_path(struct str path, struct str *ret, size_t max)
{
    struct str rest = str_slice(path, 1, path.n);
    struct str part;
    size_t n = 0;
    if (rest.n == 0) {
        return 0;
    }
    while (str_next(&rest, '/', &part)) {
        if (n == max) {
            return SIZE_MAX;
        }
        ret[n++] = part;
    }
    return n;
}

static bool
is_param(struct str seg)
{
    return seg.n > 2 && seg.p[0] == '{' && seg.p[seg.n - 1] == '}';
}

static size_t
bucket_of(const struct str *segs, size_t n)
{
    return (str_hash(n == 0 ? STR("") : segs[0]) + n) % WEB_BUCKETS;
}

static bool
same_place(const struct web_entry *x, const struct web_entry *y)
{
    if (x->route->method != y->route->method || x->n_segs != y->n_segs) {
        return false;
    }
    for (size_t i = 0; i < x->n_segs; i++) {
        bool both = is_param(x->segs[i]) && is_param(y->segs[i]);
        if (!both && !str_eq(x->segs[i], y->segs[i])) {
            return false;
        }
    }
    return true;
}

static size_t
check_fields(const char *module, const struct web_route *r)
{
    size_t bad = 0;
    for (size_t i = 0; i < r->n_fields; i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(str_of(r->fields[i].name), str_of(r->fields[j].name))) {
                (void)fprintf(stderr, "route %s %s of %s: field %s twice\n",
                              route_method(r->method), r->path, module, r->fields[i].name);
                bad++;
            }
        }
        if (r->fields[i].type == WEB_CHOICE && r->fields[i].choices == NULL) {
            (void)fprintf(stderr, "route %s of %s: field %s has no choices\n", r->path, module,
                          r->fields[i].name);
            bad++;
        }
    }
    return bad;
}

static bool
is_perm_known(const struct web *w, const char *perm)
{
    return str_eq(str_of(perm), STR("public")) || str_eq(str_of(perm), STR("signed-in")) ||
           (w->hooks->perm_exists != NULL && w->hooks->perm_exists(perm));
}

/* What its flags promise and its row does not keep; NULL: nothing. */
static const char *
flags_fault(const struct web_route *r)
{
    bool is_api_read =
        r->method == HTTP_GET && (r->flags & (uint32_t)(WEB_API | WEB_API_ONLY)) != 0;
    if (is_api_read && (r->reply == NULL) == (r->media == NULL)) {
        return "a GET of the API names what it answers: .reply or .media";
    }
    if ((r->flags & WEB_CACHE) != 0 &&
        (r->method != HTTP_GET || !str_eq(str_of(r->perm), STR("public")))) {
        return "only a public GET can be cached";
    }
    return NULL;
}

static const char *
route_fault(const struct web *w, const struct web_route *r)
{
    if (r->path == NULL || r->path[0] != '/' || r->path[1] == '{') {
        return "path must begin with a fixed segment";
    }
    if (r->perm == NULL) {
        return "no permission stated";
    }
    if (!is_perm_known(w, r->perm)) {
        return "unknown permission";
    }
    if (r->fn == NULL) {
        return "no function";
    }
    if (r->method == HTTP_HEAD || r->method == HTTP_OPTIONS || r->method == HTTP_OTHER) {
        return "method is answered by the dispatcher";
    }
    return flags_fault(r);
}

static size_t
check_route(const struct web *w, const char *module, const struct web_route *r)
{
    const char *what = route_fault(w, r);
    if (what != NULL) {
        (void)fprintf(stderr, "route %s of %s: %s\n", r->path == NULL ? "?" : r->path, module,
                      what);
        return 1;
    }
    return check_fields(module, r);
}

/* Adds one route; returns the number of faults. */
static size_t
add_route(struct web *w, const char *module, const struct web_route *r)
{
    size_t bad = check_route(w, module, r);
    if (bad != 0) {
        return bad;
    }
    struct web_entry *e = &w->entries[w->n_entries];
    e->route = r;
    e->module = module;
    e->n_segs = cut_path(str_of(r->path), e->segs, COUNT_OF(e->segs));
    size_t n_params = 0;
    for (size_t i = 0; e->n_segs != SIZE_MAX && i < e->n_segs; i++) {
        n_params += is_param(e->segs[i]) ? 1 : 0;
    }
    if (e->n_segs == SIZE_MAX || n_params > WEB_PARAMS_MAX) {
        (void)fprintf(stderr, "route %s of %s: too many segments\n", r->path, module);
        return 1;
    }
    size_t at = bucket_of(e->segs, e->n_segs);
    for (const struct web_entry *o = w->buckets[at]; o != NULL; o = o->next) {
        if (same_place(e, o)) {
            (void)fprintf(stderr, "route %s %s of %s is also %s\n", route_method(r->method),
                          r->path, module, o->route->path);
            return 1;
        }
    }
    e->next = w->buckets[at];
    w->buckets[at] = e;
    w->n_entries++;
    return 0;
}

enum err
route_table(struct ctx *cx, struct web *w, const struct web_config *config)
{
    size_t n = 0;
    for (size_t i = 0; i < config->n_routes; i++) {
        n += config->routes[i]->n;
    }
    w->entries = ARENA_ARRAY(w->arena, struct web_entry, n + 1);
    size_t bad = 0;
    for (size_t i = 0; i < config->n_routes; i++) {
        for (size_t k = 0; k < config->routes[i]->n; k++) {
            bad += add_route(w, config->routes[i]->module, &config->routes[i]->v[k]);
        }
    }
    return bad == 0 ? ERR_OK : err_set(cx, ERR_INVALID, "%zu faults in the route tables", bad);
}

/* Literal segments beat parameters, the leftmost first. */
static bool
is_better(const struct web_entry *x, const struct web_entry *than)
{
    if (than == NULL) {
        return true;
    }
    for (size_t i = 0; i < x->n_segs; i++) {
        if (is_param(x->segs[i]) != is_param(than->segs[i])) {
            return !is_param(x->segs[i]);
        }
    }
    return false;
}

static bool
fits(const struct web_entry *e, const struct str *segs, size_t n)
{
    if (e->n_segs != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_param(e->segs[i]) ? segs[i].n == 0 : !str_eq(e->segs[i], segs[i])) {
            return false;
        }
    }
    return true;
}

static bool
is_offered(const struct web_route *r, bool is_api)
{
    return is_api ? (r->flags & (WEB_API | WEB_API_ONLY)) != 0 : (r->flags & WEB_API_ONLY) == 0;
}

const struct web_entry *
route_find(const struct web *w, struct arena *a, enum http_method m, struct str path, bool is_api,
           struct str *ret_allow)
{
    struct str segs[16];
    size_t n = cut_path(path, segs, COUNT_OF(segs));
    const struct web_entry *best = NULL;
    struct buf allow = buf_new(a, 200);
    *ret_allow = STR_NULL;
    if (n == SIZE_MAX) {
        return NULL;
    }
    enum http_method wanted = m == HTTP_HEAD ? HTTP_GET : m;
    for (const struct web_entry *e = w->buckets[bucket_of(segs, n)]; e != NULL; e = e->next) {
        if (!fits(e, segs, n) || !is_offered(e->route, is_api)) {
            continue;
        }
        buf_addf(&allow, "%s%s", allow.n == 0 ? "" : ", ", route_method(e->route->method));
        if (e->route->method == wanted && is_better(e, best)) {
            best = e;
        }
    }
    if (allow.n != 0) {
        *ret_allow = buf_str(&allow);
    }
    return best;
}

size_t
route_params(struct arena *a, const struct web_entry *e, struct str path, struct web_pair *ret)
{
    struct str segs[16];
    size_t n = cut_path(path, segs, COUNT_OF(segs));
    size_t found = 0;
    for (size_t i = 0; i < n && i < e->n_segs; i++) {
        if (is_param(e->segs[i])) {
            ret[found].name = str_slice(e->segs[i], 1, e->segs[i].n - 1);
            ret[found++].value = str_dup(a, segs[i]);
        }
    }
    return found;
}
