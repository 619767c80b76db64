/* tpl.c: escaping and the form helpers of compiled pages. */
#include "web/tpl.h"

#include "crypto/token.h"

static const char *const escapes[256] = {
    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
};

void
tpl_esc(struct buf *b, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *e = escapes[(unsigned char)s.p[i]];
        if (e != NULL) {
            buf_add_bytes(b, s.p + from, i - from);
            buf_add(b, str_of(e));
            from = i + 1;
        }
    }
    if (s.n > from) {
        buf_add_bytes(b, s.p + from, s.n - from);
    }
}

/* A reference without scheme, or with one that cannot run anything. */
static bool
url_is_harmless(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ') {
            return false;
        }
    }
    size_t colon = str_find_char(s, ':');
    size_t slash = str_find_char(s, '/');
    size_t mark = str_find_char(s, '?');
    size_t hash = str_find_char(s, '#');
    if (colon == s.n || colon > slash || colon > mark || colon > hash) {
        return true;
    }
    struct str scheme = str_slice(s, 0, colon);
    return str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https")) ||
           str_eq_nocase(scheme, STR("mailto")) || str_eq_nocase(scheme, STR("tel"));
}

void
tpl_url(struct buf *b, struct str s)
{
    tpl_esc(b, url_is_harmless(s) ? s : STR("#"));
}

static struct str
arg_of(const struct tpl_arg *args, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(args[i].name, name)) {
            return args[i].value;
        }
    }
    return STR_NULL;
}

void
tpl_text(struct buf *b, struct ctx *cx, size_t index, const struct tpl_arg *args, size_t n)
{
    struct str rest = text_at(cx, index);
    while (rest.n != 0) {
        size_t open = str_find_char(rest, '{');
        tpl_esc(b, str_slice(rest, 0, open));
        rest = str_slice(rest, open, rest.n);
        size_t end = str_find_char(rest, '}');
        if (end == rest.n) {
            tpl_esc(b, rest);
            return;
        }
        tpl_esc(b, arg_of(args, n, str_slice(rest, 1, end)));
        rest = str_slice(rest, end + 1, rest.n);
    }
}

struct str
tpl_number(struct ctx *cx, int64_t n)
{
    return text_number(cx, n);
}

struct str
tpl_plain(struct ctx *cx, int64_t n)
{
    return str_fmt(cx->arena, "%" PRId64, n);
}

void
tpl_csrf(struct buf *b, struct ctx *cx)
{
    if (cx->req == NULL || cx->req->csrf.n == 0) {
        return;
    }
    BUF_LIT(b, "<input type=\"hidden\" name=\"csrf\" value=\"");
    tpl_esc(b, token_mask(cx, cx->req->csrf));
    BUF_LIT(b, "\">");
}

/* "Name: message" when the route's table names the field, else the message. */
static struct str
summary_text(struct ctx *cx, const struct problem *p)
{
    struct str message = web_problem_text(cx, p);
    const struct web_route *r = cx->req == NULL ? NULL : cx->req->route;
    for (size_t i = 0; r != NULL && i < r->n_fields; i++) {
        if (r->fields[i].label != NULL && str_eq(p->field, str_of(r->fields[i].name))) {
            struct str label = text_find(cx, str_of(r->fields[i].label));
            return text_fill(cx, "web.errors.item", "label", label, "message", message, NULL);
        }
    }
    return message;
}

void
tpl_errors(struct buf *b, struct ctx *cx)
{
    if (cx->n_problems == 0) {
        return;
    }
    BUF_LIT(b, "<div class=\"errors\" role=\"alert\" tabindex=\"-1\" id=\"errors\" "
               "aria-labelledby=\"errors-title\">"
               "<h2 id=\"errors-title\">");
    tpl_esc(b, text(cx, "web.errors.title"));
    BUF_LIT(b, "</h2><ul>");
    for (uint32_t i = 0; i < cx->n_problems; i++) {
        const struct problem *p = &cx->problems[i];
        BUF_LIT(b, "<li>");
        if (p->field.n != 0) {
            BUF_LIT(b, "<a href=\"#");
            tpl_esc(b, p->field);
            BUF_LIT(b, "\">");
        }
        tpl_esc(b, summary_text(cx, p));
        buf_add(b, p->field.n != 0 ? STR("</a></li>") : STR("</li>"));
    }
    BUF_LIT(b, "</ul></div>");
}

static const struct problem *
problem_of(const struct ctx *cx, struct str name)
{
    for (uint32_t i = 0; i < cx->n_problems; i++) {
        if (str_eq(cx->problems[i].field, name)) {
            return &cx->problems[i];
        }
    }
    return NULL;
}

void
tpl_error(struct buf *b, struct ctx *cx, struct str name)
{
    const struct problem *p = problem_of(cx, name);
    if (p == NULL) {
        return;
    }
    BUF_LIT(b, "<p class=\"field-error\" id=\"");
    tpl_esc(b, name);
    BUF_LIT(b, "-error\"><span class=\"vh\">");
    tpl_esc(b, text(cx, "web.error.prefix"));
    BUF_LIT(b, " </span>");
    tpl_esc(b, web_problem_text(cx, p));
    BUF_LIT(b, "</p>");
}

void
tpl_invalid(struct buf *b, struct ctx *cx, struct str name, struct str hint)
{
    if (problem_of(cx, name) != NULL) {
        BUF_LIT(b, "aria-invalid=\"true\" ");
    }
    tpl_described(b, cx, name, hint);
}

void
tpl_described(struct buf *b, struct ctx *cx, struct str name, struct str hint)
{
    bool is_faulty = problem_of(cx, name) != NULL;
    if (!is_faulty && hint.n == 0) {
        return;
    }
    BUF_LIT(b, "aria-describedby=\"");
    if (hint.n != 0) {
        tpl_esc(b, name);
        BUF_LIT(b, "-hint");
    }
    if (is_faulty) {
        buf_add(b, hint.n != 0 ? STR(" ") : STR(""));
        tpl_esc(b, name);
        BUF_LIT(b, "-error");
    }
    BUF_LIT(b, "\"");
}

/* What was typed for name, when the page is shown again after an error. */
static bool
typed_value(const struct ctx *cx, struct str name, struct str *ret)
{
    const struct web_req *rq = cx->req;
    if (rq == NULL || !rq->is_again) {
        return false;
    }
    for (size_t i = 0; i < rq->n_typed; i++) {
        if (str_eq(rq->typed[i].name, name)) {
            *ret = rq->typed[i].value;
            return true;
        }
    }
    return false;
}

void
tpl_input(struct buf *b, struct ctx *cx, struct str name, struct str value)
{
    struct str shown = value;
    (void)typed_value(cx, name, &shown);
    tpl_esc(b, shown);
}

/* Whether choice was typed for name (names may repeat), or is the value of a fresh page. */
static bool
is_chosen(const struct ctx *cx, struct str name, struct str choice, struct str value)
{
    const struct web_req *rq = cx->req;
    if (rq == NULL || !rq->is_again) {
        return str_eq(choice, value) && value.p != NULL;
    }
    for (size_t i = 0; i < rq->n_typed; i++) {
        if (str_eq(rq->typed[i].name, name) && str_eq(rq->typed[i].value, choice)) {
            return true;
        }
    }
    return false;
}

void
tpl_checked(struct buf *b, struct ctx *cx, struct str name, struct str choice, struct str value)
{
    if (is_chosen(cx, name, choice, value)) {
        BUF_LIT(b, "checked");
    }
}

void
tpl_selected(struct buf *b, struct ctx *cx, struct str name, struct str choice, struct str value)
{
    if (is_chosen(cx, name, choice, value)) {
        BUF_LIT(b, "selected");
    }
}
