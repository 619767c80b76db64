/* input.c: from names and texts to checked fields: the route's field table decides, and what it
 * does not name is refused. */
#include "codec/vn.h"
#include "web/input_int.h"

static bool
is_box(const struct web_field *f, struct str name)
{
    size_t n = strlen(f->name);
    return f->type == WEB_DATE && name.n == n + 2 && str_starts(name, str_of(f->name)) &&
           name.p[n] == '-' &&
           (name.p[n + 1] == 'd' || name.p[n + 1] == 'm' || name.p[n + 1] == 'y');
}

const struct web_field *
input_field(const struct web_route *r, struct str name)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct web_field *f = &r->fields[i];
        struct str fname = str_of(f->name);
        if (f->type == WEB_ANY ? str_starts(name, fname) && name.n > fname.n
                               : str_eq(name, fname) || is_box(f, name)) {
            return f;
        }
    }
    return NULL;
}

/* Names that the dispatcher itself reads. */
static bool
is_reserved(struct str name)
{
    return str_eq(name, STR("csrf")) || str_eq(name, STR("lang")) || str_eq(name, STR("signin")) ||
           str_starts(name, STR("signin."));
}

/* Marks that messengers and advertisers hang on shared links: a page must open all the same. */
static bool
is_tracking(struct str name)
{
    return str_starts(name, STR("utm_")) || str_eq(name, STR("fbclid")) ||
           str_eq(name, STR("gclid")) || str_eq(name, STR("zarsrc"));
}

static bool
came_before(const struct gather *g, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_eq(g->v[k].name, g->v[i].name)) {
            return true;
        }
    }
    return false;
}

static void
check_files(struct gather *g)
{
    for (size_t i = 0; i < g->n_files; i++) {
        const struct web_field *f = input_field(g->c->rq.route, g->files[i].field);
        if (f == NULL || f->type != WEB_FILE) {
            ctx_problem(g->c->cx, g->files[i].field, STR("web.invalid.unknown"), STR_NULL);
        }
    }
}

/* Unknown and doubled names. */
static enum err
check_names(struct gather *g)
{
    struct ctx *cx = g->c->cx;
    const struct web_route *r = g->c->rq.route;
    bool is_read = !guard_is_unsafe(g->c->http->method);
    for (size_t i = 0; i < g->n; i++) {
        struct str name = g->v[i].name;
        if (is_reserved(name) || (is_read && is_tracking(name))) {
            continue;
        }
        const struct web_field *f = input_field(r, name);
        if (f == NULL && is_read) {
            return err_set(cx, ERR_BAD_REQUEST, "unknown query name");
        }
        if (f == NULL) {
            ctx_problem(cx, name, STR("web.invalid.unknown"), STR_NULL);
        } else if (f->type == WEB_FILE) {
            ctx_problem(cx, name, STR("web.invalid.type"), STR_NULL);
        } else if (f->type != WEB_LIST && f->type != WEB_ANY && came_before(g, i)) {
            ctx_problem(cx, name, STR("web.invalid.twice"), STR_NULL);
        }
    }
    check_files(g);
    return ERR_OK;
}

static struct str
raw_value(const struct gather *g, struct str name)
{
    for (size_t i = 0; i < g->n; i++) {
        if (str_eq(g->v[i].name, name)) {
            return g->v[i].value;
        }
    }
    return STR_NULL;
}

static struct str
digits_only(struct arena *a, struct str s)
{
    struct buf b = buf_new(a, 64);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '.' && s.p[i] != ' ' && s.p[i] != ',') {
            buf_add_char(&b, s.p[i]);
        }
    }
    return buf_str(&b);
}

/* d/m/yyyy or d-m-yyyy to YYYY-MM-DD; other text comes back as it is. */
static struct str
date_text(struct arena *a, struct str s)
{
    struct str rest = str_has_char(s, '/') ? s : STR_NULL;
    struct str part;
    int64_t v[3];
    size_t n = 0;
    while (n < 3 && str_next(&rest, '/', &part) && str_to_i64(str_trim(part), 1, 9999, &v[n])) {
        n++;
    }
    if (n != 3 || rest.p != NULL) {
        return s;
    }
    return str_fmt(a, "%04d-%02d-%02d", (int)v[2], (int)v[1], (int)v[0]);
}

/* The date of one box or of three. */
static struct str
date_value(const struct gather *g, const struct web_field *f)
{
    struct arena *a = g->c->cx->arena;
    struct str whole = str_trim(raw_value(g, str_of(f->name)));
    if (whole.n != 0) {
        return date_text(a, whole);
    }
    struct str d = str_trim(raw_value(g, str_fmt(a, "%s-d", f->name)));
    struct str m = str_trim(raw_value(g, str_fmt(a, "%s-m", f->name)));
    struct str y = str_trim(raw_value(g, str_fmt(a, "%s-y", f->name)));
    if (d.n + m.n + y.n == 0) {
        return STR_NULL;
    }
    return date_text(
        a, str_fmt(a, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(d), STR_ARG(m), STR_ARG(y)));
}

static bool
is_choice(const struct web_field *f, struct str s)
{
    for (size_t i = 0; f->choices != NULL && f->choices[i] != NULL; i++) {
        if (str_eq(s, str_of(f->choices[i]))) {
            return true;
        }
    }
    return false;
}

static bool
has_control(struct str s, bool may_break)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch == 0x7F || (ch < ' ' && !(may_break && (ch == '\n' || ch == '\t')))) {
            return true;
        }
    }
    return false;
}

/* What a box sends, and what programs write. */
static struct str
bool_value(struct str s, const char **ret_key)
{
    static const struct {
        struct str word;
        bool is_true;
    } words[] = {
        { STR_INIT("1"), true },  { STR_INIT("true"), true },   { STR_INIT("on"), true },
        { STR_INIT("0"), false }, { STR_INIT("false"), false }, { STR_INIT("off"), false }
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq(s, words[i].word)) {
            return words[i].is_true ? STR("1") : STR("");
        }
    }
    *ret_key = "web.invalid.type";
    return s;
}

static struct str
text_value(struct arena *a, struct str s, bool may_break, const char **ret_key)
{
    struct str t = vn_nfc(a, s);
    t = may_break ? str_replace(a, t, STR("\r\n"), STR("\n")) : t;
    *ret_key = has_control(t, may_break) ? "web.invalid.text" : NULL;
    return t;
}

/* The value in its one lawful form. *ret_key is the problem, or NULL. */
static struct str
normal_value(struct arena *a, const struct web_field *f, struct str s, const char **ret_key)
{
    struct str t = str_trim(s);
    struct date d;
    int64_t n = 0;
    *ret_key = NULL;
    switch (f->type) {
    case WEB_INT:
        *ret_key = str_to_i64(t, INT64_MIN, INT64_MAX, &n) ? NULL : "web.invalid.int";
        return t;
    case WEB_ID:
        *ret_key = str_to_i64(t, 1, INT64_MAX, &n) ? NULL : "web.invalid.id";
        return t;
    case WEB_MONEY:
        t = digits_only(a, t);
        *ret_key = str_to_i64(t, 0, INT64_C(1000000000000000), &n) ? NULL : "web.invalid.money";
        return t;
    case WEB_DATE:
        *ret_key = date_parse(t, &d) ? NULL : "web.invalid.date";
        return t;
    case WEB_BOOL:
        return bool_value(t, ret_key);
    case WEB_CHOICE:
        *ret_key = is_choice(f, t) ? NULL : "web.invalid.choice";
        return t;
    case WEB_SECRET:
        return s;
    case WEB_LINES:
    case WEB_ANY:
        return text_value(a, t, true, ret_key);
    case WEB_TEXT:
    case WEB_LIST:
    case WEB_FILE:
        break;
    }
    return text_value(a, t, false, ret_key);
}

size_t
input_max(const struct web_field *f)
{
    if (f->max != 0) {
        return f->max;
    }
    if (f->type == WEB_FILE) {
        return INPUT_FILE_MAX;
    }
    return f->type == WEB_LINES || f->type == WEB_ANY ? 4000 : f->type == WEB_SECRET ? 1024 : 200;
}

/* Checks one value and keeps it under name. */
static void
take(struct web_call *c, const struct web_field *f, struct str name, struct str raw)
{
    struct ctx *cx = c->cx;
    const char *key = NULL;
    if (!str_is_utf8(raw)) {
        ctx_problem(cx, name, STR("web.invalid.text"), STR_NULL);
        return;
    }
    struct str value = normal_value(cx->arena, f, raw, &key);
    size_t n = vn_length(value);
    if (key != NULL) {
        ctx_problem(cx, name, str_of(key), STR_NULL);
    } else if (n > input_max(f)) {
        ctx_problem2(cx, name, STR("web.invalid.too_long"), str_fmt(cx->arena, "%zu", input_max(f)),
                     str_fmt(cx->arena, "%zu", n));
    }
    c->rq.pairs[c->rq.n_pairs++] = (struct web_pair){ name, value };
}

/* A file field; false when nothing was sent for it. */
static bool
take_file(struct web_call *c, const struct web_field *f)
{
    struct ctx *cx = c->cx;
    bool is_there = false;
    uint64_t max = input_max(f);
    for (size_t i = 0; i < c->rq.n_files; i++) {
        if (!str_eq(c->rq.files[i].field, str_of(f->name))) {
            continue;
        }
        is_there = c->rq.files[i].size_bytes > 0 || is_there;
        if ((uint64_t)c->rq.files[i].size_bytes > max) {
            ctx_problem(cx, str_of(f->name), STR("web.invalid.file_too_large"),
                        str_fmt(cx->arena, "%" PRIu64, max >> 20));
        }
    }
    return is_there;
}

/* A field that may have many values or names. */
static bool
take_many(const struct gather *g, const struct web_field *f)
{
    bool is_there = false;
    for (size_t i = 0; i < g->n; i++) {
        if (input_field(g->c->rq.route, g->v[i].name) == f) {
            take(g->c, f, g->v[i].name, g->v[i].value);
            is_there = true;
        }
    }
    return is_there;
}

static void
take_field(struct gather *g, const struct web_field *f)
{
    struct str name = str_of(f->name);
    bool is_there = false;
    if (f->type == WEB_FILE) {
        is_there = take_file(g->c, f);
    } else if (f->type == WEB_LIST || f->type == WEB_ANY) {
        is_there = take_many(g, f);
    } else {
        struct str raw = f->type == WEB_DATE ? date_value(g, f) : raw_value(g, name);
        is_there = f->type == WEB_SECRET ? raw.n != 0 : str_trim(raw).n != 0;
        if (is_there) {
            take(g->c, f, name, raw);
        } else if (raw.p != NULL) {
            g->c->rq.pairs[g->c->rq.n_pairs++] = (struct web_pair){ name, STR("") };
        }
    }
    if (f->is_required && !is_there) {
        ctx_problem(g->c->cx, name, STR("web.invalid.required"), STR_NULL);
    }
}

/* What is shown again after an error: everything but secrets. */
static void
keep_typed(struct gather *g)
{
    struct web_req *rq = &g->c->rq;
    rq->typed = ARENA_ARRAY(g->c->cx->arena, struct web_pair, g->n);
    for (size_t i = 0; i < g->n; i++) {
        const struct web_field *f = input_field(rq->route, g->v[i].name);
        if (f != NULL && f->type != WEB_SECRET && str_is_utf8(g->v[i].value)) {
            rq->typed[rq->n_typed++] = g->v[i];
        }
    }
}

enum err
input_read(struct web_call *c)
{
    struct gather g = { .c = c };
    TRY(input_gather(&g));
    c->rq.files = g.files;
    c->rq.n_files = g.n_files;
    c->rq.pairs = ARENA_ARRAY(c->cx->arena, struct web_pair, g.n + c->rq.route->n_fields + 1);
    c->raw = g.v;
    c->n_raw = g.n;
    keep_typed(&g);
    TRY(check_names(&g));
    for (size_t i = 0; i < c->rq.route->n_fields; i++) {
        take_field(&g, &c->rq.route->fields[i]);
    }
    return ERR_OK;
}

struct str
input_raw(const struct web_call *c, struct str name)
{
    for (size_t i = 0; i < c->n_raw; i++) {
        if (str_eq(c->raw[i].name, name)) {
            return c->raw[i].value;
        }
    }
    return STR_NULL;
}
