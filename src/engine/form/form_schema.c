/* form_schema.c: reads a JSON Schema: checks every keyword's own value, resolves local references,
 * compiles patterns. Walks with an explicit list of schemas still to be read. */
#include "engine/form/form_schema_int.h"

enum shape {
    SHAPE_ANY,
    SHAPE_SCHEMA,
    SHAPE_SCHEMAS,
    SHAPE_SCHEMA_MAP,
    SHAPE_PATTERN_MAP,
    SHAPE_NATURAL,
    SHAPE_NUMBER,
    SHAPE_POSITIVE,
    SHAPE_BOOL,
    SHAPE_STRING,
    SHAPE_STRINGS,
    SHAPE_STRINGS_MAP,
    SHAPE_LIST,
    SHAPE_TYPE,
    SHAPE_PATTERN,
    SHAPE_REF,
    SHAPE_REFUSED
};

static const struct {
    struct str name;
    enum shape shape;
} shapes[] = {
    { STR_INIT("type"), SHAPE_TYPE },
    { STR_INIT("enum"), SHAPE_LIST },
    { STR_INIT("multipleOf"), SHAPE_POSITIVE },
    { STR_INIT("minimum"), SHAPE_NUMBER },
    { STR_INIT("maximum"), SHAPE_NUMBER },
    { STR_INIT("exclusiveMinimum"), SHAPE_NUMBER },
    { STR_INIT("exclusiveMaximum"), SHAPE_NUMBER },
    { STR_INIT("minLength"), SHAPE_NATURAL },
    { STR_INIT("maxLength"), SHAPE_NATURAL },
    { STR_INIT("pattern"), SHAPE_PATTERN },
    { STR_INIT("format"), SHAPE_STRING },
    { STR_INIT("properties"), SHAPE_SCHEMA_MAP },
    { STR_INIT("patternProperties"), SHAPE_PATTERN_MAP },
    { STR_INIT("additionalProperties"), SHAPE_SCHEMA },
    { STR_INIT("propertyNames"), SHAPE_SCHEMA },
    { STR_INIT("required"), SHAPE_STRINGS },
    { STR_INIT("dependentRequired"), SHAPE_STRINGS_MAP },
    { STR_INIT("dependentSchemas"), SHAPE_SCHEMA_MAP },
    { STR_INIT("minProperties"), SHAPE_NATURAL },
    { STR_INIT("maxProperties"), SHAPE_NATURAL },
    { STR_INIT("unevaluatedProperties"), SHAPE_SCHEMA },
    { STR_INIT("items"), SHAPE_SCHEMA },
    { STR_INIT("prefixItems"), SHAPE_SCHEMAS },
    { STR_INIT("contains"), SHAPE_SCHEMA },
    { STR_INIT("minContains"), SHAPE_NATURAL },
    { STR_INIT("maxContains"), SHAPE_NATURAL },
    { STR_INIT("minItems"), SHAPE_NATURAL },
    { STR_INIT("maxItems"), SHAPE_NATURAL },
    { STR_INIT("uniqueItems"), SHAPE_BOOL },
    { STR_INIT("unevaluatedItems"), SHAPE_SCHEMA },
    { STR_INIT("allOf"), SHAPE_SCHEMAS },
    { STR_INIT("anyOf"), SHAPE_SCHEMAS },
    { STR_INIT("oneOf"), SHAPE_SCHEMAS },
    { STR_INIT("not"), SHAPE_SCHEMA },
    { STR_INIT("if"), SHAPE_SCHEMA },
    { STR_INIT("then"), SHAPE_SCHEMA },
    { STR_INIT("else"), SHAPE_SCHEMA },
    { STR_INIT("$defs"), SHAPE_SCHEMA_MAP },
    { STR_INIT("definitions"), SHAPE_SCHEMA_MAP },
    { STR_INIT("$ref"), SHAPE_REF },
    { STR_INIT("$dynamicRef"), SHAPE_REFUSED },
    { STR_INIT("$dynamicAnchor"), SHAPE_REFUSED },
    { STR_INIT("$recursiveRef"), SHAPE_REFUSED },
    { STR_INIT("$anchor"), SHAPE_REFUSED },
    { STR_INIT("x-date"), SHAPE_STRING },
    { STR_INIT("x-list"), SHAPE_STRING },
    { STR_INIT("x-unit"), SHAPE_STRING },
    { STR_INIT("x-age-min"), SHAPE_NATURAL },
    { STR_INIT("x-age-max"), SHAPE_NATURAL },
};

struct reader {
    struct arena *arena;
    struct schema *s;
    pcre2_compile_context *patterns; /* compiles into the arena: nothing to free */
    const struct json **todo;        /* schemas still to be read */
    size_t n_todo;
    size_t n_seen;
    struct schema_fault *fault;
};

static bool
fault(struct reader *rd, const struct json *at, const char *what)
{
    *rd->fault =
        (struct schema_fault){ .line = at->line,
                               .what = str_fmt(rd->arena, "%s: " STR_FMT, what, STR_ARG(at->key)) };
    return false;
}

static bool
push(struct reader *rd, const struct json *schema)
{
    if (schema->type != JSON_OBJECT && schema->type != JSON_BOOL) {
        return fault(rd, schema, "a schema must be an object, true or false");
    }
    if (rd->n_seen >= SCHEMA_NODES_MAX) {
        return fault(rd, schema, "the schema is too large");
    }
    rd->n_seen++;
    rd->todo[rd->n_todo++] = schema;
    return true;
}

static bool
link_add(struct reader *rd, struct schema_link l)
{
    if (rd->s->n_links >= rd->s->cap_links) {
        return fault(rd, l.node, "too many references and patterns");
    }
    rd->s->links[rd->s->n_links++] = l;
    return true;
}

static bool
add_pattern(struct reader *rd, const struct json *node, struct str text)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *p = pcre2_compile((PCRE2_SPTR)text.p, text.n,
                                  PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code,
                                  &offset, rd->patterns);
    if (p == NULL) {
        return fault(rd, node, "the pattern is not a regular expression");
    }
    return link_add(rd, (struct schema_link){ .node = node, .pattern = p });
}

/* One part of a JSON pointer: ~1 is '/', ~0 is '~'. */
static const struct json *
pointer_step(struct arena *a, const struct json *j, struct str part)
{
    struct str key = str_replace(a, str_replace(a, part, STR("~1"), STR("/")), STR("~0"), STR("~"));
    if (j->type == JSON_OBJECT) {
        return json_get_str_key(j, key);
    }
    int64_t index = 0;
    if (j->type != JSON_LIST || !str_to_i64(key, 0, j->n, &index)) {
        return NULL;
    }
    const struct json *item = j->child;
    for (int64_t i = 0; i < index && item != NULL; i++) {
        item = item->next;
    }
    return item;
}

static bool
add_ref(struct reader *rd, const struct json *kw)
{
    if (kw->type != JSON_STRING || !str_starts(kw->text, STR("#")) ||
        (kw->text.n > 1 && kw->text.p[1] != '/')) {
        return fault(rd, kw, "only local references (#/$defs/...) are supported");
    }
    const struct json *target = rd->s->root;
    struct str rest = str_slice(kw->text, 2, kw->text.n);
    struct str part;
    while (kw->text.n > 2 && target != NULL && str_next(&rest, '/', &part)) {
        target = pointer_step(rd->arena, target, part);
    }
    if (target == NULL || (target->type != JSON_OBJECT && target->type != JSON_BOOL)) {
        return fault(rd, kw, "the reference leads nowhere");
    }
    return link_add(rd, (struct schema_link){ .node = kw, .target = target });
}

static bool
is_type_name(const struct json *j)
{
    static const struct str names[] = { STR_INIT("null"),   STR_INIT("boolean"),
                                        STR_INIT("number"), STR_INIT("integer"),
                                        STR_INIT("string"), STR_INIT("array"),
                                        STR_INIT("object") };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (j->type == JSON_STRING && str_eq(j->text, names[i])) {
            return true;
        }
    }
    return false;
}

static bool
read_type(struct reader *rd, const struct json *kw)
{
    if (kw->type != JSON_LIST) {
        return is_type_name(kw) || fault(rd, kw, "unknown type");
    }
    for (JSON_EACH(kw, it)) {
        if (!is_type_name(it)) {
            return fault(rd, kw, "unknown type");
        }
    }
    return true;
}

static bool
read_strings(struct reader *rd, const struct json *kw)
{
    if (kw->type != JSON_LIST) {
        return fault(rd, kw, "must be a list of texts");
    }
    for (JSON_EACH(kw, it)) {
        if (it->type != JSON_STRING) {
            return fault(rd, kw, "must be a list of texts");
        }
    }
    return true;
}

static bool
read_map(struct reader *rd, const struct json *kw, enum shape shape)
{
    if (kw->type != JSON_OBJECT) {
        return fault(rd, kw, "must be an object");
    }
    for (JSON_EACH(kw, it)) {
        bool is_good = shape == SHAPE_STRINGS_MAP ? read_strings(rd, it) : push(rd, it);
        if (is_good && shape == SHAPE_PATTERN_MAP) {
            is_good = add_pattern(rd, it, it->key);
        }
        if (!is_good) {
            return false;
        }
    }
    return true;
}

static bool
read_schemas(struct reader *rd, const struct json *kw)
{
    if (kw->type != JSON_LIST || kw->n == 0) {
        return fault(rd, kw, "must be a list of schemas");
    }
    for (JSON_EACH(kw, it)) {
        if (!push(rd, it)) {
            return false;
        }
    }
    return true;
}

static bool
read_number(struct reader *rd, const struct json *kw, enum shape shape)
{
    static const struct json zero = { .type = JSON_NUMBER, .is_int = true, .text = STR_INIT("0") };
    bool is_good = kw->type == JSON_NUMBER;
    if (is_good && shape == SHAPE_NATURAL) {
        is_good = schema_number_is_whole(kw) && schema_number_cmp(kw, &zero) >= 0;
    }
    if (is_good && shape == SHAPE_POSITIVE) {
        is_good = schema_number_cmp(kw, &zero) > 0;
    }
    return is_good || fault(rd, kw, "must be a number that makes sense here");
}

static bool
read_keyword(struct reader *rd, const struct json *kw, enum shape shape)
{
    switch (shape) {
    case SHAPE_SCHEMA:
        return push(rd, kw);
    case SHAPE_SCHEMAS:
        return read_schemas(rd, kw);
    case SHAPE_SCHEMA_MAP:
    case SHAPE_PATTERN_MAP:
    case SHAPE_STRINGS_MAP:
        return read_map(rd, kw, shape);
    case SHAPE_NATURAL:
    case SHAPE_NUMBER:
    case SHAPE_POSITIVE:
        return read_number(rd, kw, shape);
    case SHAPE_BOOL:
        return kw->type == JSON_BOOL || fault(rd, kw, "must be true or false");
    case SHAPE_STRING:
        return kw->type == JSON_STRING || fault(rd, kw, "must be a text");
    case SHAPE_STRINGS:
        return read_strings(rd, kw);
    case SHAPE_LIST:
        return kw->type == JSON_LIST || fault(rd, kw, "must be a list");
    case SHAPE_TYPE:
        return read_type(rd, kw);
    case SHAPE_PATTERN:
        return kw->type == JSON_STRING ? add_pattern(rd, kw, kw->text)
                                       : fault(rd, kw, "must be a text");
    case SHAPE_REF:
        return add_ref(rd, kw);
    case SHAPE_REFUSED:
        return fault(rd, kw, "this keyword is not supported");
    case SHAPE_ANY:
        break;
    }
    return true;
}

static bool
read_schema(struct reader *rd, const struct json *schema)
{
    for (JSON_EACH(schema, kw)) {
        enum shape shape = SHAPE_ANY;
        for (size_t i = 0; i < COUNT_OF(shapes); i++) {
            if (str_eq(kw->key, shapes[i].name)) {
                shape = shapes[i].shape;
            }
        }
        if (!read_keyword(rd, kw, shape)) {
            return false;
        }
        if (str_starts(kw->key, STR("unevaluated"))) {
            rd->s->has_unevaluated = true;
        }
    }
    return true;
}

static int
link_cmp(const void *x, const void *y)
{
    uintptr_t a = (uintptr_t)((const struct schema_link *)x)->node;
    uintptr_t b = (uintptr_t)((const struct schema_link *)y)->node;
    return a < b ? -1 : a > b;
}

const struct schema_link *
schema_link_of(const struct schema *s, const struct json *node)
{
    struct schema_link key = { .node = node };
    return s->n_links == 0 ? NULL : bsearch(&key, s->links, s->n_links, sizeof(key), link_cmp);
}

static void *
arena_malloc(PCRE2_SIZE size, void *arena)
{
    return arena_alloc(arena, size);
}

static void
arena_free(void *p, void *arena)
{
    (void)p;
    (void)arena; /* goes with the arena */
}

pcre2_general_context *
schema_pcre2_in(struct arena *a)
{
    return pcre2_general_context_create(arena_malloc, arena_free, a);
}

enum err
schema_compile(struct arena *a, const struct json *root, struct schema **ret,
               struct schema_fault *ret_fault)
{
    struct arena *work = arena_open(0);
    struct schema *s = ARENA_NEW(a, struct schema);
    struct reader rd = { .arena = a, .s = s, .fault = ret_fault };
    s->root = root;
    s->cap_links = SCHEMA_NODES_MAX / 10;
    s->links = ARENA_ARRAY(work, struct schema_link, s->cap_links);
    rd.todo = ARENA_ARRAY(work, const struct json *, SCHEMA_NODES_MAX + 1);
    rd.patterns = pcre2_compile_context_create(schema_pcre2_in(a));
    bool is_good = push(&rd, root);
    while (is_good && rd.n_todo > 0) {
        const struct json *next = rd.todo[--rd.n_todo];
        is_good = next->type != JSON_OBJECT || read_schema(&rd, next);
    }
    s->links = arena_copy(a, s->links, size_mul(sizeof(*s->links), s->n_links));
    arena_close(work);
    if (!is_good) {
        return ERR_BAD_REQUEST;
    }
    if (s->n_links > 0) {
        qsort(s->links, s->n_links, sizeof(*s->links), link_cmp);
    }
    *ret = s;
    return ERR_OK;
}
