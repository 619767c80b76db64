/* form_schema_eval.c: runs a compiled schema over a document: scalars and combinations. */
#include "engine/form/form_schema_int.h"

static bool schema_kw_all_of(struct schema_run *r, struct schema_at *at, const struct json *kw);

size_t
schema_length(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += ((unsigned char)s.p[i] & 0xC0u) != 0x80u;
    }
    return n;
}

/* --- problems --------------------------------------------------------------------------------- */

static struct str
path_text(struct schema_run *r, const struct schema_step *path, struct str member)
{
    const struct schema_step *steps[SCHEMA_DEPTH_MAX * 2];
    size_t n = 0;
    for (; path != NULL && n < COUNT_OF(steps); path = path->up) {
        steps[n++] = path;
    }
    struct buf b = buf_new(r->arena, 4000);
    while (n > 0) {
        const struct schema_step *st = steps[--n];
        if (b.n > 0) {
            buf_add_char(&b, '.');
        }
        if (st->key.p != NULL) {
            buf_add(&b, st->key);
        } else {
            buf_add_i64(&b, (int64_t)st->index);
        }
    }
    if (member.p != NULL) {
        if (b.n > 0) {
            buf_add_char(&b, '.');
        }
        buf_add(&b, member);
    }
    return b.n == 0 ? STR("") : buf_str(&b);
}

#define PROBLEMS_MAX 200

bool
schema_problem_at(struct schema_run *r, const struct schema_at *at, struct str member,
                  const struct json *kw)
{
    if (r->probing == 0 && r->n_problems < PROBLEMS_MAX) {
        r->problems[r->n_problems++] = (struct schema_problem){
            .path = path_text(r, at->path, member),
            .keyword =
                kw == NULL ? "limit" : (kw->key.p == NULL ? "false" : str_z(r->arena, kw->key)),
            .schema = kw,
        };
    }
    return false;
}

bool
schema_problem(struct schema_run *r, const struct schema_at *at, const struct json *kw)
{
    return schema_problem_at(r, at, STR_NULL, kw);
}

/* --- any type --------------------------------------------------------------------------------- */

static bool
has_type(const struct json *v, struct str name)
{
    switch (v->type) {
    case JSON_NULL:
        return str_eq(name, STR("null"));
    case JSON_BOOL:
        return str_eq(name, STR("boolean"));
    case JSON_NUMBER:
        return str_eq(name, STR("number")) ||
               (str_eq(name, STR("integer")) && schema_number_is_whole(v));
    case JSON_STRING:
        return str_eq(name, STR("string"));
    case JSON_LIST:
        return str_eq(name, STR("array"));
    case JSON_OBJECT:
        return str_eq(name, STR("object"));
    }
    return false;
}

static bool
kw_type(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = kw->type == JSON_STRING && has_type(at->v, kw->text);
    for (const struct json *it = kw->child; kw->type == JSON_LIST && it != NULL; it = it->next) {
        is_good = is_good || has_type(at->v, it->text);
    }
    return is_good || schema_problem(r, at, kw);
}

static bool
kw_enum(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    for (JSON_EACH(kw, it)) {
        if (json_equal(it, at->v)) {
            return true;
        }
    }
    return schema_problem(r, at, kw);
}

static bool
kw_const(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    return json_equal(kw, at->v) || schema_problem(r, at, kw);
}

/* --- numbers and texts ------------------------------------------------------------------------ */

static bool
kw_number(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    if (str_eq(kw->key, STR("multipleOf"))) {
        return schema_number_is_multiple(at->v, kw) || schema_problem(r, at, kw);
    }
    int c = schema_number_cmp(at->v, kw);
    bool is_good = (str_eq(kw->key, STR("minimum")) && c >= 0) ||
                   (str_eq(kw->key, STR("maximum")) && c <= 0) ||
                   (str_eq(kw->key, STR("exclusiveMinimum")) && c > 0) ||
                   (str_eq(kw->key, STR("exclusiveMaximum")) && c < 0);
    return is_good || schema_problem(r, at, kw);
}

/* A natural number against a keyword that begins with min or max. */
static bool
kw_size(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    size_t n = at->v->type == JSON_STRING ? schema_length(at->v->text) : at->v->n;
    struct json size = { .type = JSON_NUMBER, .text = str_fmt(r->arena, "%zu", n) };
    int c = schema_number_cmp(&size, kw);
    bool is_good = str_starts(kw->key, STR("min")) ? c >= 0 : c <= 0;
    return is_good || schema_problem(r, at, kw);
}

bool
schema_matches(struct schema_run *r, const struct json *kw, struct str s)
{
    const struct schema_link *l = schema_link_of(r->s, kw);
    if (NEVER(l == NULL || l->pattern == NULL)) {
        return false;
    }
    pcre2_general_context *gc = schema_pcre2_in(r->arena);
    pcre2_match_context *mc = pcre2_match_context_create(gc);
    pcre2_set_match_limit(mc, 100000);
    pcre2_set_depth_limit(mc, 1000);
    pcre2_set_heap_limit(mc, 1000);
    pcre2_match_data *md = pcre2_match_data_create(1, gc);
    return pcre2_match(l->pattern, (PCRE2_SPTR)s.p, s.n, 0, 0, md, mc) >= 0;
}

static bool
kw_pattern(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    return schema_matches(r, kw, at->v->text) || schema_problem(r, at, kw);
}

static bool
kw_format(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    return schema_format_ok(kw->text, at->v->text) || schema_problem(r, at, kw);
}

/* --- combinations ----------------------------------------------------------------------------- */

bool *
schema_seen_new(struct schema_run *r, const struct json *v)
{
    bool is_container = v->type == JSON_OBJECT || v->type == JSON_LIST;
    return r->s->has_unevaluated && is_container ? ARENA_ARRAY(r->arena, bool, v->n + 1) : NULL;
}

static void
seen_merge(bool *seen, const bool *more, const struct json *v)
{
    for (uint32_t i = 0; seen != NULL && more != NULL && i < v->n; i++) {
        seen[i] = seen[i] || more[i];
    }
}

/* A subschema on the same value; what it evaluated counts only when it holds.
 * The recursion apply_here <-> schema_apply follows the schema's nesting: bounded by
 * SCHEMA_DEPTH_MAX. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool
apply_here(struct schema_run *r, struct schema_at *at, const struct json *schema)
{
    bool *seen = schema_seen_new(r, at->v);
    if (!schema_apply(r, schema, at->v, at->path, seen)) {
        return false;
    }
    seen_merge(at->seen, seen, at->v);
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
probe_here(struct schema_run *r, struct schema_at *at, const struct json *schema)
{
    r->probing++;
    bool is_good = apply_here(r, at, schema);
    r->probing--;
    return is_good;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
kw_ref(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    const struct schema_link *l = schema_link_of(r->s, kw);
    return l != NULL && apply_here(r, at, l->target);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
schema_kw_all_of(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    for (JSON_EACH(kw, it)) {
        is_good = apply_here(r, at, it) && is_good;
    }
    return is_good;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
kw_any_of(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = false;
    for (JSON_EACH(kw, it)) {
        is_good = probe_here(r, at, it) || is_good;
    }
    return is_good || schema_problem(r, at, kw);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
kw_one_of(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    uint32_t n = 0;
    for (JSON_EACH(kw, it)) {
        n += probe_here(r, at, it);
    }
    return n == 1 || schema_problem(r, at, kw);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
kw_not(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    struct schema_at alone = *at;
    alone.seen = NULL;
    return !probe_here(r, &alone, kw) || schema_problem(r, at, kw);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
kw_if(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    const struct json *next = json_get(at->schema, probe_here(r, at, kw) ? "then" : "else");
    return next == NULL || apply_here(r, at, next);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
bool
schema_kw_dependent_schemas(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    for (JSON_EACH(kw, it)) {
        if (json_get_str_key(at->v, it->key) != NULL) {
            is_good = apply_here(r, at, it) && is_good;
        }
    }
    return is_good;
}

/* --- the table -------------------------------------------------------------------------------- */

#define FOR(t)  (1u << (t))
#define FOR_ALL 0xFFu

static const struct keyword {
    struct str name;
    uint32_t types; /* JSON types it speaks of */
    schema_keyword_fn *fn;
    bool is_last; /* after all others: sees what they evaluated */
} keywords[] = {
    { STR_INIT("$ref"), FOR_ALL, kw_ref, false },
    { STR_INIT("type"), FOR_ALL, kw_type, false },
    { STR_INIT("enum"), FOR_ALL, kw_enum, false },
    { STR_INIT("const"), FOR_ALL, kw_const, false },
    { STR_INIT("multipleOf"), FOR(JSON_NUMBER), kw_number, false },
    { STR_INIT("minimum"), FOR(JSON_NUMBER), kw_number, false },
    { STR_INIT("maximum"), FOR(JSON_NUMBER), kw_number, false },
    { STR_INIT("exclusiveMinimum"), FOR(JSON_NUMBER), kw_number, false },
    { STR_INIT("exclusiveMaximum"), FOR(JSON_NUMBER), kw_number, false },
    { STR_INIT("minLength"), FOR(JSON_STRING), kw_size, false },
    { STR_INIT("maxLength"), FOR(JSON_STRING), kw_size, false },
    { STR_INIT("pattern"), FOR(JSON_STRING), kw_pattern, false },
    { STR_INIT("format"), FOR(JSON_STRING), kw_format, false },
    { STR_INIT("x-date"), FOR(JSON_STRING), schema_kw_x_date, false },
    { STR_INIT("x-age-min"), FOR(JSON_STRING), schema_kw_x_age_min, false },
    { STR_INIT("x-age-max"), FOR(JSON_STRING), schema_kw_x_age_max, false },
    { STR_INIT("x-list"), FOR(JSON_STRING), schema_kw_x_list, false },
    { STR_INIT("x-unit"), FOR(JSON_STRING), schema_kw_x_unit, false },
    { STR_INIT("x-agrees"), FOR(JSON_STRING), schema_kw_x_agrees, false },
    { STR_INIT("properties"), FOR(JSON_OBJECT), schema_kw_properties, false },
    { STR_INIT("patternProperties"), FOR(JSON_OBJECT), schema_kw_pattern_properties, false },
    { STR_INIT("additionalProperties"), FOR(JSON_OBJECT), schema_kw_additional, false },
    { STR_INIT("propertyNames"), FOR(JSON_OBJECT), schema_kw_names, false },
    { STR_INIT("required"), FOR(JSON_OBJECT), schema_kw_required, false },
    { STR_INIT("dependentRequired"), FOR(JSON_OBJECT), schema_kw_dependent_required, false },
    { STR_INIT("dependentSchemas"), FOR(JSON_OBJECT), schema_kw_dependent_schemas, false },
    { STR_INIT("minProperties"), FOR(JSON_OBJECT), kw_size, false },
    { STR_INIT("maxProperties"), FOR(JSON_OBJECT), kw_size, false },
    { STR_INIT("prefixItems"), FOR(JSON_LIST), schema_kw_prefix_items, false },
    { STR_INIT("items"), FOR(JSON_LIST), schema_kw_items, false },
    { STR_INIT("contains"), FOR(JSON_LIST), schema_kw_contains, false },
    { STR_INIT("minItems"), FOR(JSON_LIST), kw_size, false },
    { STR_INIT("maxItems"), FOR(JSON_LIST), kw_size, false },
    { STR_INIT("uniqueItems"), FOR(JSON_LIST), schema_kw_unique, false },
    { STR_INIT("allOf"), FOR_ALL, schema_kw_all_of, false },
    { STR_INIT("anyOf"), FOR_ALL, kw_any_of, false },
    { STR_INIT("oneOf"), FOR_ALL, kw_one_of, false },
    { STR_INIT("not"), FOR_ALL, kw_not, false },
    { STR_INIT("if"), FOR_ALL, kw_if, false },
    { STR_INIT("unevaluatedProperties"), FOR(JSON_OBJECT), schema_kw_unevaluated_properties, true },
    { STR_INIT("unevaluatedItems"), FOR(JSON_LIST), schema_kw_unevaluated_items, true },
};

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
static bool
apply_keywords(struct schema_run *r, struct schema_at *at, bool is_last)
{
    bool is_good = true;
    for (JSON_EACH(at->schema, kw)) {
        for (size_t i = 0; i < COUNT_OF(keywords); i++) {
            const struct keyword *k = &keywords[i];
            if (k->is_last == is_last && (k->types & FOR(at->v->type)) != 0 &&
                str_eq(kw->key, k->name)) {
                is_good = k->fn(r, at, kw) && is_good;
                break;
            }
        }
    }
    return is_good;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX
bool
schema_apply(struct schema_run *r, const struct json *schema, const struct json *v,
             const struct schema_step *path, bool *seen)
{
    struct schema_at at = { .v = v, .path = path, .schema = schema, .seen = seen };
    if (schema->type == JSON_BOOL) {
        return schema->is_true || schema_problem(r, &at, schema);
    }
    if (r->is_over || r->depth >= SCHEMA_DEPTH_MAX || r->steps >= SCHEMA_STEPS_MAX) {
        r->is_over = true;
        return schema_problem(r, &at, NULL);
    }
    r->depth++;
    r->steps++;
    bool is_good = apply_keywords(r, &at, false);
    if (r->s->has_unevaluated) {
        is_good = apply_keywords(r, &at, true) && is_good;
    }
    r->depth--;
    return is_good;
}

bool
schema_validate(struct arena *a, const struct schema *s, const struct json *doc,
                const struct schema_env *env, struct schema_problem **ret, size_t *ret_n)
{
    struct schema_run r = { .arena = a, .s = s, .doc = doc, .env = env };
    r.problems = ARENA_ARRAY(a, struct schema_problem, PROBLEMS_MAX + 1);
    bool is_good = schema_apply(&r, s->root, doc, NULL, schema_seen_new(&r, doc));
    if (r.is_over) {
        is_good = false; /* a verdict cut short must never count as "valid" (think of "not") */
        if (r.n_problems == 0) {
            r.problems[r.n_problems++] =
                (struct schema_problem){ .path = STR(""), .keyword = "limit" };
        }
    }
    *ret = r.problems;
    *ret_n = r.n_problems;
    return is_good;
}
