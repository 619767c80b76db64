/* form_html.c: the fields of one page as HTML, with the markup of web/pages (field, radios, date
 * ...). All text passes through tpl_esc. No script is needed: lists have buttons that submit the
 * page. */
#include "engine/form/form_int.h"
#include "web/tpl.h"

struct html {
    struct ctx *cx;
    struct buf *b;
    const struct form_view *v;
    const struct form_links *links;
};

struct shown { /* one control as it is written */
    const struct form_item *it;
    struct str path, name; /* name: "a." + path; also the id */
    struct str hint;
    const struct json *value;
    struct str typed; /* text in the box: the value, or what was typed wrongly */
};

static void
attr(struct html *h, const char *name, struct str value)
{
    buf_addf(h->b, " %s=\"", name);
    tpl_esc(h->b, value);
    BUF_LIT(h->b, "\"");
}

static void
element(struct html *h, const char *open, struct str s, const char *close)
{
    buf_add(h->b, str_of(open));
    tpl_esc(h->b, s);
    buf_add(h->b, str_of(close));
}

static void
hint_and_error(struct html *h, const struct shown *s)
{
    if (s->hint.n > 0) {
        BUF_LIT(h->b, "<p class=\"hint\"");
        attr(h, "id", str_cat(h->cx->arena, s->name, STR("-hint")));
        element(h, ">", s->hint, "</p>\n");
    }
    tpl_error(h->b, h->cx, s->name);
}

static void
optional_mark(struct html *h, const struct shown *s)
{
    bool is_told = !s->it->is_required && s->it->label_key == NULL &&
                   json_get(s->it->messages, "required") == NULL;
    if (is_told) {
        element(h, " <span class=\"muted\">", text(h->cx, "web.optional"), "</span>");
    }
}

static void
label(struct html *h, const struct shown *s)
{
    BUF_LIT(h->b, "<label");
    attr(h, "for", s->name);
    element(h, ">", form_label(h->cx, s->it), "");
    optional_mark(h, s);
    BUF_LIT(h->b, "</label>\n");
}

/* "Lấy từ CSDL dân cư, 25/11/2026. Không đúng?" */
static void
source_mark(struct html *h, const struct shown *s)
{
    const struct json *mark = json_get_str_key(h->v->st->marks, s->path);
    if (mark == NULL) {
        return;
    }
    struct str source = form_mark_text(h->cx, mark);
    bool is_lookup = str_starts(json_text(mark, "from"), STR("exchange."));
    element(h, "<p class=\"source\">", text_fill(h->cx, "form.source", "source", source, NULL), "");
    if (h->links->contest.p != NULL && !is_lookup) {
        BUF_LIT(h->b, " <a href=\"");
        tpl_url(h->b, str_replace(h->cx->arena, h->links->contest, STR("{path}"), s->path));
        element(h, "\">", text(h->cx, "form.contest"), "</a>");
    }
    BUF_LIT(h->b, "</p>\n");
}

static const char *
input_mode(const struct form_item *it)
{
    static const struct {
        struct str format;
        const char *mode;
    } modes[] = {
        { STR_INIT("email"), "email" },      { STR_INIT("uri"), "url" },
        { STR_INIT("phone-vn"), "tel" },     { STR_INIT("personal-id"), "numeric" },
        { STR_INIT("tax-code"), "numeric" },
    };
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        if (str_eq(it->format, modes[i].format)) {
            return modes[i].mode;
        }
    }
    return it->kind == FORM_INT || it->kind == FORM_MONEY ? "numeric" : NULL;
}

static void
write_text(struct html *h, const struct shown *s)
{
    int64_t width = s->it->width;
    const char *mode = input_mode(s->it);
    BUF_LIT(h->b, "<div class=\"field\">\n");
    label(h, s);
    hint_and_error(h, s);
    BUF_LIT(h->b, "<input type=\"text\"");
    attr(h, "id", s->name);
    attr(h, "name", s->name);
    attr(h, "value", s->typed);
    if (width > 0 && width <= 40) {
        buf_addf(h->b, " class=\"w-%" PRId64 "\"", width);
    }
    if (mode != NULL) {
        attr(h, "inputmode", str_of(mode));
    }
    if (s->it->autocomplete.p != NULL) {
        attr(h, "autocomplete", s->it->autocomplete);
    }
    BUF_LIT(h->b, " ");
    tpl_invalid(h->b, h->cx, s->name, s->hint);
    BUF_LIT(h->b, ">\n");
    if (s->it->kind == FORM_MONEY) {
        element(h, "<span class=\"unit\">", text(h->cx, "web.money.unit"), "</span>\n");
    }
    source_mark(h, s);
    BUF_LIT(h->b, "</div>\n");
}

static void
write_lines(struct html *h, const struct shown *s)
{
    BUF_LIT(h->b, "<div class=\"field\">\n");
    label(h, s);
    hint_and_error(h, s);
    BUF_LIT(h->b, "<textarea rows=\"4\"");
    attr(h, "id", s->name);
    attr(h, "name", s->name);
    BUF_LIT(h->b, " ");
    tpl_invalid(h->b, h->cx, s->name, s->hint);
    element(h, ">", s->typed, "</textarea>\n");
    source_mark(h, s);
    BUF_LIT(h->b, "</div>\n");
}

static void
open_fieldset(struct html *h, const struct shown *s)
{
    BUF_LIT(h->b, "<fieldset class=\"field\" tabindex=\"-1\"");
    attr(h, "id", s->name);
    BUF_LIT(h->b, " ");
    tpl_invalid(h->b, h->cx, s->name, s->hint);
    element(h, ">\n<legend>", form_label(h->cx, s->it), "");
    optional_mark(h, s);
    BUF_LIT(h->b, "</legend>\n");
    hint_and_error(h, s);
}

static void
close_fieldset(struct html *h, const struct shown *s)
{
    source_mark(h, s);
    BUF_LIT(h->b, "</fieldset>\n");
}

static void
write_date(struct html *h, const struct shown *s)
{
    static const struct {
        const char *suffix, *key;
        int max;
    } boxes[] = { { "-d", "web.date.day", 2 },
                  { "-m", "web.date.month", 2 },
                  { "-y", "web.date.year", 4 } };
    struct shown dated = *s;
    dated.hint = s->hint.n > 0 ? s->hint : text(h->cx, "web.date.hint");
    struct date d;
    struct str parts[3] = { STR_NULL };
    if (date_parse(s->typed, &d)) {
        struct civil c = date_civil(d);
        parts[0] = str_fmt(h->cx->arena, "%d", c.mday);
        parts[1] = str_fmt(h->cx->arena, "%d", c.month);
        parts[2] = str_fmt(h->cx->arena, "%d", c.year);
    } else {
        struct str rest = s->typed;
        for (int i = 0; i < 3 && str_next(&rest, '/', &parts[i]); i++) {
        }
    }
    open_fieldset(h, &dated);
    BUF_LIT(h->b, "<div class=\"date\">\n");
    for (size_t i = 0; i < COUNT_OF(boxes); i++) {
        struct str name = str_cat(h->cx->arena, s->name, str_of(boxes[i].suffix));
        BUF_LIT(h->b, "<div><label");
        attr(h, "for", name);
        element(h, ">", text_find(h->cx, str_of(boxes[i].key)), "</label>");
        buf_addf(h->b,
                 "<input class=\"w-%d num\" type=\"text\" inputmode=\"numeric\" maxlength=\"%d\"",
                 boxes[i].max, boxes[i].max);
        attr(h, "id", name);
        attr(h, "name", name);
        attr(h, "value", parts[i]);
        BUF_LIT(h->b, "></div>\n");
    }
    BUF_LIT(h->b, "</div>\n");
    close_fieldset(h, s);
}

static void
write_choice(struct html *h, const struct shown *s, const char *type, struct form_choice c,
             bool is_on)
{
    buf_addf(h->b, "<label class=\"choice\"><input type=\"%s\"", type);
    attr(h, "name", s->name);
    attr(h, "value", c.value);
    if (is_on) {
        BUF_LIT(h->b, " checked");
    }
    element(h, "><span>", c.text, "</span></label>\n");
}

static void
write_radios(struct html *h, const struct shown *s)
{
    const struct form_choice *c = NULL;
    size_t n = form_choices(h->cx, h->v, s->it, &c);
    open_fieldset(h, s);
    for (size_t i = 0; i < n; i++) {
        write_choice(h, s, "radio", c[i], str_eq(c[i].value, s->typed));
    }
    close_fieldset(h, s);
}

static void
write_yes_no(struct html *h, const struct shown *s)
{
    bool has = s->value != NULL && s->value->type == JSON_BOOL;
    open_fieldset(h, s);
    write_choice(h, s, "radio", (struct form_choice){ STR("true"), text(h->cx, "form.yes") },
                 has && s->value->is_true);
    write_choice(h, s, "radio", (struct form_choice){ STR("false"), text(h->cx, "form.no") },
                 has && !s->value->is_true);
    close_fieldset(h, s);
}

static void
write_boxes(struct html *h, const struct shown *s)
{
    const struct form_choice *c = NULL;
    size_t n = form_choices(h->cx, h->v, s->it, &c);
    open_fieldset(h, s);
    for (size_t i = 0; i < n; i++) {
        bool is_on = false;
        for (JSON_EACH(s->value, e)) {
            is_on = is_on || str_eq(e->text, c[i].value);
        }
        write_choice(h, s, "checkbox", c[i], is_on);
    }
    close_fieldset(h, s);
}

static void
write_check(struct html *h, const struct shown *s)
{
    BUF_LIT(h->b, "<div class=\"field\">\n");
    tpl_error(h->b, h->cx, s->name);
    BUF_LIT(h->b, "<label class=\"choice\"><input type=\"checkbox\" value=\"1\"");
    attr(h, "id", s->name);
    attr(h, "name", s->name);
    if (s->value != NULL && s->value->is_true) {
        BUF_LIT(h->b, " checked");
    }
    BUF_LIT(h->b, " ");
    tpl_invalid(h->b, h->cx, s->name, STR_NULL);
    element(h, "><span>", form_label(h->cx, s->it), "");
    if (s->hint.n > 0) {
        element(h, "<span class=\"hint\">", s->hint, "</span>");
    }
    BUF_LIT(h->b, "</span></label>\n");
    source_mark(h, s);
    BUF_LIT(h->b, "</div>\n");
}

static void
write_option(struct html *h, struct form_choice c, struct str chosen)
{
    BUF_LIT(h->b, "<option");
    attr(h, "value", c.value);
    if (c.value.n > 0 && str_eq(c.value, chosen)) {
        BUF_LIT(h->b, " selected");
    }
    element(h, ">", c.text, "</option>\n");
}

static void
write_select(struct html *h, const struct shown *s)
{
    const struct form_choice *c = NULL;
    size_t n = form_choices(h->cx, h->v, s->it, &c);
    BUF_LIT(h->b, "<div class=\"field\">\n");
    label(h, s);
    hint_and_error(h, s);
    BUF_LIT(h->b, "<select");
    attr(h, "id", s->name);
    attr(h, "name", s->name);
    BUF_LIT(h->b, " ");
    tpl_invalid(h->b, h->cx, s->name, s->hint);
    BUF_LIT(h->b, ">\n");
    write_option(h, (struct form_choice){ STR(""), text(h->cx, "web.choose") }, STR_NULL);
    for (size_t i = 0; i < n; i++) {
        write_option(h, c[i], s->typed);
    }
    if (s->it->is_other_allowed) {
        write_option(h, (struct form_choice){ STR("other"), text(h->cx, "form.address.outside") },
                     s->typed);
    }
    BUF_LIT(h->b, "</select>\n");
    source_mark(h, s);
    BUF_LIT(h->b, "</div>\n");
}

/* Folded away unless it is in use: most people live here. Works without a script. */
static void
write_outside(struct html *h, const struct shown *s)
{
    struct str whole = str_slice(s->path, 0, s->path.n - STR("other").n);
    const struct json *unit =
        form_json_at(h->v->st->answers, str_cat(h->cx->arena, whole, STR("unit")));
    bool is_used = !str_is_empty(s->typed) || (unit != NULL && str_eq(unit->text, STR("other")));
    for (size_t i = 0; i < h->cx->n_problems; i++) {
        is_used = is_used || str_eq(h->cx->problems[i].field, s->name);
    }
    BUF_LIT(h->b, "<details class=\"outside\"");
    buf_add(h->b, is_used ? STR(" open") : STR(""));
    element(h, "><summary>", text(h->cx, "form.address.outside.open"), "</summary>\n");
    write_text(h, s);
    BUF_LIT(h->b, "</details>\n");
}

static void
write_control(struct html *h, const struct form_item *it, size_t index)
{
    struct arena *a = h->cx->arena;
    struct str path = form_path(a, h->v->st->form, it, index);
    const struct json *wrong = json_get_str_key(h->v->st->wrong, path);
    const struct json *value = form_json_at(h->v->st->answers, path);
    const struct json *shown = wrong != NULL ? wrong : value;
    struct shown s = {
        .it = it,
        .path = path,
        .name = str_cat(a, STR("a."), path),
        .hint = pack_text(h->cx, it->hint),
        .value = value,
        .typed = shown == NULL ? STR_NULL : shown->text,
    };
    if (it->is_outside) {
        write_outside(h, &s);
        return;
    }
    switch ((int)it->kind) {
    case FORM_LINES:
        write_lines(h, &s);
        break;
    case FORM_DATE:
        write_date(h, &s);
        break;
    case FORM_RADIOS:
        write_radios(h, &s);
        break;
    case FORM_SELECT:
        write_select(h, &s);
        break;
    case FORM_CHECK:
        write_check(h, &s);
        break;
    case FORM_YES_NO:
        write_yes_no(h, &s);
        break;
    case FORM_BOXES:
        write_boxes(h, &s);
        break;
    default:
        write_text(h, &s);
        break;
    }
}

static void
open_group(struct html *h, const struct form_item *it)
{
    struct str hint = pack_text(h->cx, it->hint);
    element(h, "<fieldset class=\"group\">\n<legend>", form_label(h->cx, it), "</legend>\n");
    if (hint.n > 0) {
        element(h, "<p class=\"hint\">", hint, "</p>\n");
    }
}

static void
write_note(struct html *h, const struct form_item *it)
{
    const char *kind = str_eq(it->tone, STR("warning")) ? "soon" : "wait";
    buf_addf(h->b, "<div class=\"note note-%s\"><p>", kind);
    element(h, "", pack_text(h->cx, it->text), "</p></div>\n");
}

static void
write_button(struct html *h, struct str name, struct str value, struct str label_text)
{
    BUF_LIT(h->b, "<button class=\"btn btn-2\" type=\"submit\" formnovalidate");
    attr(h, "name", name);
    attr(h, "value", value);
    element(h, ">", label_text, "</button>\n");
}

/* What came of a look-up, in words. Nobody learns whether the number or the name was the wrong one.
 */
static void
write_looked(struct html *h, const struct form_lookup *l)
{
    struct form_looked r = form_lookup_state(h->cx, h->v->st, l);
    bool is_found = str_eq(r.state, STR("found"));
    if (str_is_empty(r.state)) {
        return;
    }
    struct str key = str_cat(h->cx->arena, STR("form.lookup."), r.state);
    struct str words = str_replace(h->cx->arena, text_find(h->cx, key), STR("{source}"), r.source);
    buf_addf(h->b, "<div class=\"note note-%s\" role=\"status\"><p>", is_found ? "ontime" : "due");
    element(h, "", words, "</p></div>\n");
}

static void
write_lookup(struct html *h, const struct form_lookup *l)
{
    struct str anchor = str_cat(h->cx->arena, STR("tra-"), l->id);
    if (h->links->lookup.p == NULL) {
        return;
    }
    BUF_LIT(h->b, "<div class=\"field lookup\"");
    attr(h, "id", anchor);
    element(h, ">\n<p class=\"hint\">", pack_text(h->cx, l->hint), "</p>\n");
    BUF_LIT(h->b, "<button class=\"btn btn-2\" type=\"submit\" formnovalidate");
    attr(h, "formaction", str_replace(h->cx->arena, h->links->lookup, STR("{id}"), l->id));
    element(h, ">", pack_text(h->cx, l->label), "</button>\n");
    write_looked(h, l);
    BUF_LIT(h->b, "</div>\n");
}

/* Controls of one item of a list; their rules speak of the whole form. */
static void
write_list_item(struct html *h, uint32_t open, size_t index)
{
    const struct form *f = h->v->st->form;
    struct arena *a = h->cx->arena;
    const struct form_item *list = &f->items[open];
    struct str name = str_fmt(a, STR_FMT " %zu", STR_ARG(pack_text(h->cx, list->text)), index + 1);
    element(h, "<fieldset class=\"group item\">\n<legend>", name, "</legend>\n");
    for (uint32_t i = open + 1; f->items[i].kind != FORM_LIST_CLOSE; i++) {
        if (form_is_control(&f->items[i]) && form_item_is_shown(h->v, &f->items[i])) {
            write_control(h, &f->items[i], index);
        }
    }
    if (index < form_list_n(h->v->st, list)) {
        struct str remove = str_fmt(a, "a." STR_FMT ".remove", STR_ARG(list->path));
        struct str remove_text = text_fill(h->cx, "form.list.remove", "what", name, NULL);
        write_button(h, remove, str_fmt(a, "%zu", index), remove_text);
    }
    BUF_LIT(h->b, "</fieldset>\n");
}

static void
write_list(struct html *h, uint32_t open)
{
    const struct form_item *list = &h->v->st->form->items[open];
    struct str name = str_cat(h->cx->arena, STR("a."), list->path);
    struct str hint = pack_text(h->cx, list->hint);
    size_t n = form_list_n(h->v->st, list);
    if (n == 0 && list->is_required) {
        n = 1; /* the first item stands open: nobody has to find the button */
    }
    BUF_LIT(h->b, "<fieldset class=\"group list\" tabindex=\"-1\"");
    attr(h, "id", name);
    element(h, ">\n<legend>", form_label(h->cx, list), "</legend>\n");
    if (hint.n > 0) {
        element(h, "<p class=\"hint\">", hint, "</p>\n");
    }
    tpl_error(h->b, h->cx, name);
    if (n == 0) {
        element(h, "<p class=\"muted\">", text(h->cx, "form.list.empty"), "</p>\n");
    }
    for (size_t i = 0; i < n; i++) {
        write_list_item(h, open, i);
    }
    if ((int64_t)n < list->max) {
        struct str add_text =
            text_fill(h->cx, "form.list.add", "what", pack_text(h->cx, list->text), NULL);
        write_button(h, str_cat(h->cx->arena, name, STR(".add")), STR("1"), add_text);
    }
    BUF_LIT(h->b, "</fieldset>\n");
}

static void
write_item(struct html *h, uint32_t i)
{
    const struct form_item *it = &h->v->st->form->items[i];
    switch ((int)it->kind) {
    case FORM_GROUP_OPEN:
    case FORM_ADDRESS_OPEN:
        open_group(h, it);
        break;
    case FORM_GROUP_CLOSE:
    case FORM_ADDRESS_CLOSE:
        BUF_LIT(h->b, "</fieldset>\n");
        break;
    case FORM_LIST_OPEN:
        write_list(h, i);
        break;
    case FORM_NOTE:
        write_note(h, it);
        break;
    case FORM_LOOKUP:
        write_lookup(h, it->lookup);
        break;
    default:
        write_control(h, it, 0);
        break;
    }
}

/* Index of the CLOSE that belongs to an OPEN. */
static uint32_t
close_of(const struct form *f, uint32_t open, uint32_t to)
{
    uint32_t depth = 0;
    for (uint32_t i = open; i < to; i++) {
        enum form_kind k = f->items[i].kind;
        depth += k == FORM_GROUP_OPEN || k == FORM_ADDRESS_OPEN;
        depth -= k == FORM_GROUP_CLOSE || k == FORM_ADDRESS_CLOSE;
        if (depth == 0) {
            return i;
        }
    }
    return to;
}

void
form_render_page(struct ctx *cx, const struct form_state *st, const struct form_page *p,
                 const struct form_env *env, const struct form_links *links, struct buf *b)
{
    struct form_view v = form_view(cx, st, env);
    struct html h = { .cx = cx, .b = b, .v = &v, .links = links };
    struct str intro = pack_text(cx, p->intro);
    if (intro.n > 0) {
        element(&h, "<p class=\"lead\">", intro, "</p>\n");
    }
    for (uint32_t i = p->from; i < p->to; i++) {
        const struct form_item *it = &st->form->items[i];
        bool is_close = it->kind == FORM_GROUP_CLOSE || it->kind == FORM_ADDRESS_CLOSE;
        if (it->kind == FORM_LIST_CLOSE || it->list >= 0) {
            continue; /* written with the list */
        }
        if (is_close || form_item_is_shown(&v, it)) {
            write_item(&h, i);
        } else {
            i = close_of(st->form, i, p->to);
        }
    }
}
