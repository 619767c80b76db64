/* form_schema_int.h: the compiled schema, shared by form_schema.c (compiler), form_schema_eval.c
 * and form_schema_objects.c. */
#ifndef ENGINE_FORM_SCHEMA_INT_H
#define ENGINE_FORM_SCHEMA_INT_H

#include "engine/form/form_schema.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define SCHEMA_DEPTH_MAX 64
#define SCHEMA_STEPS_MAX 200000
#define SCHEMA_NODES_MAX 20000

/* A keyword's value and what it was compiled to; sorted by node for look-up. */
struct schema_link {
    const struct json *node;
    const struct json *target; /* of a $ref */
    pcre2_code *pattern;       /* of a pattern, or of a member of patternProperties */
};

struct schema {
    const struct json *root;
    struct schema_link *links;
    size_t n_links, cap_links;
    bool has_unevaluated; /* only then is it tracked which members were looked at */
};

/* PCRE2 memory that goes with an arena. */
pcre2_general_context *schema_pcre2_in(struct arena *a);
const struct schema_link *schema_link_of(const struct schema *s, const struct json *node);

/* --- evaluation ------------------------------------------------------------------------------- */
struct schema_step { /* the way from the root to a value */
    const struct schema_step *up;
    struct str key; /* null: index */
    size_t index;
};

struct schema_run {
    struct arena *arena;
    const struct schema *s;
    const struct json *doc;
    const struct schema_env *env;
    struct schema_problem *problems;
    size_t n_problems;
    uint32_t probing; /* above 0: only the verdict counts, problems are not kept */
    uint32_t depth, steps;
    bool is_over;
};

struct schema_at { /* one value under one schema */
    const struct json *v;
    const struct schema_step *path;
    const struct json *schema; /* the object that holds the keyword */
    bool *seen;                /* members or items already evaluated; NULL when not tracked */
};

typedef bool schema_keyword_fn(struct schema_run *r, struct schema_at *at, const struct json *kw);

/* Validates v under a schema; marks what was evaluated in seen (may be NULL). */
bool schema_apply(struct schema_run *r, const struct json *schema, const struct json *v,
                  const struct schema_step *path, bool *seen);
/* Records a problem of this value; always false. */
bool schema_problem(struct schema_run *r, const struct schema_at *at, const struct json *kw);
/* The same, standing at a member of this value. */
bool schema_problem_at(struct schema_run *r, const struct schema_at *at, struct str member,
                       const struct json *kw);
bool schema_matches(struct schema_run *r, const struct json *kw, struct str s);
bool *schema_seen_new(struct schema_run *r, const struct json *v);

/* Keywords of objects and lists (form_schema_objects.c). */
schema_keyword_fn schema_kw_properties, schema_kw_pattern_properties, schema_kw_additional,
    schema_kw_names, schema_kw_required, schema_kw_dependent_required, schema_kw_dependent_schemas,
    schema_kw_unevaluated_properties, schema_kw_prefix_items, schema_kw_items, schema_kw_contains,
    schema_kw_unique, schema_kw_unevaluated_items;
/* Keywords of our own (form_schema_extra.c). */
schema_keyword_fn schema_kw_x_date, schema_kw_x_age_min, schema_kw_x_age_max, schema_kw_x_list,
    schema_kw_x_unit, schema_kw_x_agrees;

/* Exact decimals (form_schema_number.c): -1, 0, 1. */
int schema_number_cmp(const struct json *x, const struct json *y);
bool schema_number_is_whole(const struct json *x);
bool schema_number_is_multiple(const struct json *x, const struct json *of);

size_t schema_length(struct str s); /* code points */

#endif
