/* app_fill.c: fills in any form of a pack as a person would: page by page through the same reader
 * as the web pages. What a page complains about is answered from the form's own schema, until
 * nothing is complained about. For generated dossiers only. */
#include "app/app_fill.h"

#include "base/buf.h"
#include "engine/party/party.h"
#include "sys/sys.h"

#define PAIRS_MAX  256
#define ROUNDS_MAX 24
#define DEPTH_MAX  6
#define TEXT_MAX   (64U << 10)

struct filling {
    const struct fill_person *who;
    const struct form_env *env;
    const struct json *schema;
    struct web_pair pairs[PAIRS_MAX];
    int32_t tries[PAIRS_MAX];
    size_t n;
};

static uint32_t
draw(struct ctx *cx, uint32_t below)
{
    uint32_t v = 0;
    sys_random_bytes(cx, &v, sizeof(v));
    return v % below;
}

/* --- what was typed so far ---------------------------------------------------------------------
 */
static struct str
typed(const struct filling *f, struct str name)
{
    for (size_t i = 0; i < f->n; i++) {
        if (str_eq(f->pairs[i].name, name)) {
            return f->pairs[i].value;
        }
    }
    return STR_NULL;
}

/* Returns how often the field was answered before. */
static int32_t
tries_of(const struct filling *f, struct str name)
{
    for (size_t i = 0; i < f->n; i++) {
        if (str_eq(f->pairs[i].name, name)) {
            return f->tries[i];
        }
    }
    return 0;
}

static void
type(struct filling *f, struct str name, struct str value)
{
    for (size_t i = 0; i < f->n; i++) {
        if (str_eq(f->pairs[i].name, name)) {
            f->pairs[i].value = value;
            f->tries[i]++;
            return;
        }
    }
    if (f->n < PAIRS_MAX) {
        f->pairs[f->n] = (struct web_pair){ name, value };
        f->tries[f->n++] = 1;
    }
}

/* Prefilled answers as a browser would send them back. Objects at most DEPTH_MAX deep. */
static void
type_answers(struct ctx *cx, struct filling *f, const struct json *answers)
{
    struct {
        const struct json *at;
        struct str path;
    } stack[DEPTH_MAX * 8];
    size_t n = 0;
    stack[n].at = answers;
    stack[n++].path = STR("a");
    while (n > 0) {
        const struct json *j = stack[--n].at;
        struct str base = stack[n].path;
        for (JSON_EACH(j, it)) {
            struct str path =
                str_fmt(cx->arena, STR_FMT "." STR_FMT, STR_ARG(base), STR_ARG(it->key));
            if (it->type == JSON_OBJECT && n < COUNT_OF(stack)) {
                stack[n].at = it;
                stack[n++].path = path;
            } else if (it->type == JSON_STRING || it->type == JSON_NUMBER) {
                type(f, path, it->text);
            } else if (it->type == JSON_BOOL) {
                type(f, path, it->is_true ? STR("true") : STR("false"));
            }
        }
    }
}

/* --- the schema --------------------------------------------------------------------------------
 */
static const struct json *
follow(const struct filling *f, const struct json *schema)
{
    struct str ref = json_text(schema, "$ref");
    struct str prefix = STR("#/$defs/");
    if (!str_starts(ref, prefix)) {
        return schema;
    }
    return json_get_str_key(json_get(f->schema, "$defs"), str_slice(ref, prefix.n, ref.n));
}

/* Schema of "a.home.unit" or "a.members.0.name"; NULL when there is none. */
static const struct json *
schema_of(const struct filling *f, struct str name)
{
    struct str rest = name;
    struct str part;
    const struct json *at = f->schema;
    int64_t index = 0;
    (void)str_next(&rest, '.', &part); /* "a" */
    while (at != NULL && str_next(&rest, '.', &part)) {
        at = follow(f, at);
        at = str_to_i64(part, 0, 1000, &index) ? json_get(at, "items")
                                               : json_get_str_key(json_get(at, "properties"), part);
    }
    return at == NULL ? NULL : follow(f, at);
}

/* --- values ------------------------------------------------------------------------------------
 */
static bool
has(struct str name, const char *word)
{
    return str_find(name, str_of(word)) < name.n;
}

static struct date
day_of(const struct filling *f, struct str name)
{
    struct str iso = typed(f, name);
    struct date d = f->env->today;
    (void)date_parse(iso, &d);
    return d;
}

static struct str
sibling(struct ctx *cx, struct str name, const char *last)
{
    size_t dot = name.n;
    while (dot > 0 && name.p[dot - 1] != '.') {
        dot--;
    }
    return str_fmt(cx->arena, STR_FMT "%s", STR_ARG(str_slice(name, 0, dot)), last);
}

struct day_rule {
    const char *word;
    int32_t days_ago;
};

static struct str
date_value(struct ctx *cx, const struct filling *f, struct str name, const struct json *s,
           int32_t try)
{
    static const struct day_rule rules[] = {
        { "child_birth", 20 },       { "death_date", 4 },       { "death_paper", 3 },
        { "deceased_birth", 28000 }, { "mother_birth", 10400 }, { "father_birth", 11300 },
        { "birth", 11000 },          { "past_from", 4000 },     { "past_to", 3000 },
        { "certificate", 2500 },
    };
    struct date d = f->env->today;
    struct str kind = json_text(s, "x-date");
    if (has(name, "birth_notice")) {
        d = day_of(f, sibling(cx, name, "child_birth"));
        d.day += 1;
        return date_iso(cx->arena, d);
    }
    if (has(kind, "future") || kind.p == NULL) {
        d.day += 5 + try;
        return date_iso(cx->arena, d);
    }
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        if (has(name, rules[i].word)) {
            d.day -= rules[i].days_ago + try * 400;
            return date_iso(cx->arena, d);
        }
    }
    d.day -= 1 + try;
    return date_iso(cx->arena, d);
}

/* A well-formed number that agrees with birth and sex where the schema wants that. */
static struct str
id_value(struct ctx *cx, const struct filling *f, const struct json *s)
{
    const struct json *agrees = json_get(s, "x-agrees");
    struct str birth = str_cat(cx->arena, STR("a."), json_text(agrees, "birth"));
    struct str sex = str_cat(cx->arena, STR("a."), json_text(agrees, "sex"));
    struct civil c = date_civil(day_of(f, birth));
    if (agrees == NULL) {
        c = (struct civil){ .year = 1980 + (int32_t)draw(cx, 20) };
    }
    int32_t digit = (c.year >= 2000 ? 2 : 0) + (str_eq(typed(f, sex), STR("female")) ? 1 : 0);
    if (json_text(agrees, "sex").p == NULL && has(birth, "mother")) {
        digit |= 1;
    }
    return str_fmt(cx->arena, "070%d%02d%06u", digit, c.year % 100, 900000 + draw(cx, 99999));
}

static struct str
int_value(struct ctx *cx, struct str name, const struct json *s, int32_t try)
{
    int64_t min = json_int(s, "minimum", 1);
    int64_t max = json_int(s, "maximum", INT64_MAX);
    int64_t v = min;
    if (has(name, "_vnd")) {
        v = 20000000;
    } else if (has(name, "area") || has(name, "_m2")) {
        v = 100;
    } else if (has(name, "height")) {
        v = 420;
    } else if (has(name, "copies") || has(name, "wanted") || has(name, "pages")) {
        v = 1 + draw(cx, 3);
    }
    v += try;
    v = v < min ? min : v;
    return str_fmt(cx->arena, "%" PRId64, v > max ? max : v);
}

static struct str
list_value(struct str list, int32_t try)
{
    if (str_eq(list, STR("quoc-tich"))) {
        return STR("VN");
    }
    if (str_eq(list, STR("nganh-nghe"))) {
        return STR("4711");
    }
    return try % 2 == 0 ? STR("01") : STR("22");
}

static struct str
text_value(struct ctx *cx, const struct filling *f, struct str name, const struct json *s)
{
    if (has(name, "account")) {
        return str_fmt(cx->arena, "07%08u", draw(cx, 99999999));
    }
    if (has(name, "business_name") || has(name, "shop")) {
        return str_fmt(cx->arena, "Hộ kinh doanh mẫu " STR_FMT, STR_ARG(f->who->given));
    }
    if (str_ends(name, STR("name")) || has(name, "_name")) {
        return f->who->others[draw(cx, (uint32_t)f->who->n_others)];
    }
    if (str_ends(name, STR(".line"))) {
        return f->who->line;
    }
    return json_int(s, "minLength", 0) > 20 ? STR("Nội dung mẫu do chương trình điền vào.")
                                            : STR("Nội dung mẫu");
}

static struct str
format_value(struct ctx *cx, const struct filling *f, struct str name, const struct json *s,
             int32_t try)
{
    struct str format = json_text(s, "format");
    if (str_eq(format, STR("date"))) {
        return date_value(cx, f, name, s, try);
    }
    if (str_eq(format, STR("personal-id"))) {
        return id_value(cx, f, s);
    }
    if (str_eq(format, STR("phone-vn"))) {
        return str_fmt(cx->arena, "09000%05u", draw(cx, 99999));
    }
    if (str_eq(format, STR("email"))) {
        return STR("mau@vidu.example");
    }
    if (str_eq(format, STR("tax-code"))) {
        return f->who->tax_code;
    }
    return str_eq(format, STR("time")) ? STR("08:30") : text_value(cx, f, name, s);
}

static struct str
enum_value(const struct json *list, int32_t try)
{
    int32_t i = 0;
    for (JSON_EACH(list, it)) {
        if (i++ == try % (int32_t)list->n) {
            return it->text;
        }
    }
    return STR("");
}

static struct str
value_of(struct ctx *cx, const struct filling *f, struct str name, const struct json *s)
{
    int32_t try = tries_of(f, name);
    struct str type = json_text(s, "type");
    const struct json *choices = json_get(s, "enum");
    if (choices != NULL) {
        return enum_value(choices, try);
    }
    if (str_eq(type, STR("boolean"))) {
        bool is_true = json_flag(s, "const", try % 2 == 1);
        return is_true ? STR("true") : STR("false");
    }
    if (str_eq(type, STR("integer"))) {
        return int_value(cx, name, s, try);
    }
    if (json_text(s, "x-list").p != NULL) {
        return list_value(json_text(s, "x-list"), try);
    }
    if (json_text(s, "x-unit").p != NULL) {
        return f->who->unit_code;
    }
    return format_value(cx, f, name, s, try);
}

/* An object or list is answered by its members: one item of a list. */
static void
answer_members(struct ctx *cx, struct filling *f, struct str base, const struct json *s)
{
    const struct json *required = json_get(s, "required");
    for (JSON_EACH(required, it)) {
        struct str name = str_fmt(cx->arena, STR_FMT "." STR_FMT, STR_ARG(base), STR_ARG(it->text));
        const struct json *member = schema_of(f, name);
        if (member != NULL) {
            type(f, name, value_of(cx, f, name, member));
        }
    }
}

static void
answer(struct ctx *cx, struct filling *f, struct str name)
{
    const struct json *s = schema_of(f, name);
    struct str kind = s == NULL ? STR_NULL : json_text(s, "type");
    if (s == NULL) {
        return;
    }
    if (str_eq(kind, STR("array"))) {
        const struct json *items = follow(f, json_get(s, "items"));
        if (json_get(items, "enum") != NULL) {
            type(f, name, enum_value(json_get(items, "enum"), tries_of(f, name)));
        } else {
            answer_members(cx, f, str_cat(cx->arena, name, STR(".0")), items);
        }
    } else if (str_eq(kind, STR("object"))) {
        answer_members(cx, f, name, s);
    } else {
        type(f, name, value_of(cx, f, name, s));
    }
}

/* --- rounds ------------------------------------------------------------------------------------
 */
/* Sends every page; answers what was complained about. True when nothing was. */
static enum err
round_of_pages(struct ctx *cx, struct filling *f, struct form_state *st, bool *ret_is_done)
{
    cx->n_problems = 0;
    for (size_t i = 0; i < form_n_pages(st->form); i++) {
        bool is_button = false;
        enum err e =
            form_read_page(cx, st, form_page_at(st->form, i), f->env, f->pairs, f->n, &is_button);
        if (e != ERR_OK && e != ERR_INVALID) {
            return e;
        }
    }
    if (cx->n_problems == 0) {
        enum err e = form_check(cx, st, f->env);
        if (e != ERR_OK && e != ERR_INVALID) {
            return e;
        }
    }
    *ret_is_done = cx->n_problems == 0;
    uint32_t n = cx->n_problems;
    cx->n_problems = 0;
    for (uint32_t i = 0; i < n; i++) {
        answer(cx, f, cx->problems[i].field);
    }
    return ERR_OK;
}

enum err
app_fill(struct ctx *cx, const struct form *form, const struct form_env *env,
         const struct fill_person *who, struct str *ret_draft)
{
    struct filling *f = ARENA_NEW(cx->arena, struct filling);
    struct form_state st;
    struct json *schema = NULL;
    struct json_limits limits = { 0 };
    bool is_done = false;
    TRY(json_parse(cx->arena, form_schema_json(form), limits, &schema, NULL));
    TRY(form_state_load(cx, form, STR_NULL, &st));
    f->who = who;
    f->env = env;
    f->schema = schema;
    (void)form_prefill(cx, &st, env, who->sources, who->n_sources);
    type_answers(cx, f, st.answers);
    for (int i = 0; i < ROUNDS_MAX && !is_done; i++) {
        TRY(round_of_pages(cx, f, &st, &is_done));
    }
    if (!is_done) {
        return err_set(cx, ERR_INVALID, "form " STR_FMT " could not be filled in",
                       STR_ARG(form_id(form)));
    }
    *ret_draft = form_state_save(cx, &st);
    return ERR_OK;
}
