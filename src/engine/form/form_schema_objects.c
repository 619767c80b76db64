/* form_schema_objects.c: keywords of objects and lists. Calls to schema_apply nest with the schema:
 * bounded by SCHEMA_DEPTH_MAX there. */
#include "engine/form/form_schema_int.h"

/* NOLINTBEGIN(misc-no-recursion): bounded by SCHEMA_DEPTH_MAX in schema_apply */

static bool
apply_member(struct schema_run *r, const struct schema_at *at, const struct json *schema,
             const struct json *member)
{
    struct schema_step step = { .up = at->path, .key = member->key };
    return schema_apply(r, schema, member, &step, schema_seen_new(r, member));
}

static bool
apply_item(struct schema_run *r, const struct schema_at *at, const struct json *schema,
           const struct json *item, size_t index)
{
    struct schema_step step = { .up = at->path, .key = STR_NULL, .index = index };
    return schema_apply(r, schema, item, &step, schema_seen_new(r, item));
}

static void
mark(struct schema_at *at, size_t index)
{
    if (at->seen != NULL) {
        at->seen[index] = true;
    }
}

bool
schema_kw_properties(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    size_t i = 0;
    for (JSON_EACH(at->v, m)) {
        const struct json *schema = json_get_str_key(kw, m->key);
        if (schema != NULL) {
            is_good = apply_member(r, at, schema, m) && is_good;
            mark(at, i);
        }
        i++;
    }
    return is_good;
}

bool
schema_kw_pattern_properties(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    size_t i = 0;
    for (JSON_EACH(at->v, m)) {
        for (JSON_EACH(kw, p)) {
            if (schema_matches(r, p, m->key)) {
                is_good = apply_member(r, at, p, m) && is_good;
                mark(at, i);
            }
        }
        i++;
    }
    return is_good;
}

static bool
is_named(struct schema_run *r, const struct schema_at *at, const struct json *m)
{
    if (json_get_str_key(json_get(at->schema, "properties"), m->key) != NULL) {
        return true;
    }
    for (JSON_EACH(json_get(at->schema, "patternProperties"), p)) {
        if (schema_matches(r, p, m->key)) {
            return true;
        }
    }
    return false;
}

bool
schema_kw_additional(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    size_t i = 0;
    for (JSON_EACH(at->v, m)) {
        if (!is_named(r, at, m)) {
            is_good = apply_member(r, at, kw, m) && is_good;
            mark(at, i);
        }
        i++;
    }
    return is_good;
}

bool
schema_kw_names(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    for (JSON_EACH(at->v, m)) {
        struct json name = { .type = JSON_STRING, .text = m->key };
        struct schema_step step = { .up = at->path, .key = m->key };
        is_good = schema_apply(r, kw, &name, &step, NULL) && is_good;
    }
    return is_good;
}

bool
schema_kw_required(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    for (JSON_EACH(kw, name)) {
        if (json_get_str_key(at->v, name->text) == NULL) {
            is_good = schema_problem_at(r, at, name->text, kw);
        }
    }
    return is_good;
}

bool
schema_kw_dependent_required(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    for (JSON_EACH(kw, list)) {
        bool is_there = json_get_str_key(at->v, list->key) != NULL;
        for (const struct json *name = list->child; is_there && name != NULL; name = name->next) {
            if (json_get_str_key(at->v, name->text) == NULL) {
                is_good = schema_problem_at(r, at, name->text, kw);
            }
        }
    }
    return is_good;
}

bool
schema_kw_unevaluated_properties(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    size_t i = 0;
    for (JSON_EACH(at->v, m)) {
        if (at->seen != NULL && !at->seen[i]) {
            is_good = apply_member(r, at, kw, m) && is_good;
            mark(at, i);
        }
        i++;
    }
    return is_good;
}

bool
schema_kw_prefix_items(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    size_t i = 0;
    const struct json *item = at->v->child;
    for (const struct json *schema = kw->child; schema != NULL && item != NULL;
         schema = schema->next) {
        is_good = apply_item(r, at, schema, item, i) && is_good;
        mark(at, i++);
        item = item->next;
    }
    return is_good;
}

bool
schema_kw_items(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    const struct json *prefix = json_get(at->schema, "prefixItems");
    size_t skip = prefix == NULL ? 0 : prefix->n;
    bool is_good = true;
    size_t i = 0;
    for (JSON_EACH(at->v, item)) {
        if (i >= skip) {
            is_good = apply_item(r, at, kw, item, i) && is_good;
            mark(at, i);
        }
        i++;
    }
    return is_good;
}

bool
schema_kw_contains(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    uint64_t n = 0;
    size_t i = 0;
    r->probing++;
    for (JSON_EACH(at->v, item)) {
        if (apply_item(r, at, kw, item, i)) {
            n++;
            mark(at, i);
        }
        i++;
    }
    r->probing--;
    const struct json *min = json_get(at->schema, "minContains");
    const struct json *max = json_get(at->schema, "maxContains");
    struct json found = { .type = JSON_NUMBER, .text = str_fmt(r->arena, "%" PRIu64, n) };
    if (min == NULL ? n == 0 : schema_number_cmp(&found, min) < 0) {
        return schema_problem(r, at, kw);
    }
    if (max != NULL && schema_number_cmp(&found, max) > 0) {
        return schema_problem(r, at, max);
    }
    return true;
}

bool
schema_kw_unique(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    if (!kw->is_true) {
        return true;
    }
    for (JSON_EACH(at->v, x)) {
        for (const struct json *y = x->next; y != NULL; y = y->next) {
            if (++r->steps >= SCHEMA_STEPS_MAX) {
                r->is_over = true;
                return schema_problem(r, at, NULL);
            }
            if (json_equal(x, y)) {
                return schema_problem(r, at, kw);
            }
        }
    }
    return true;
}

bool
schema_kw_unevaluated_items(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    bool is_good = true;
    size_t i = 0;
    for (JSON_EACH(at->v, item)) {
        if (at->seen != NULL && !at->seen[i]) {
            is_good = apply_item(r, at, kw, item, i) && is_good;
            mark(at, i);
        }
        i++;
    }
    return is_good;
}

/* NOLINTEND(misc-no-recursion) */
