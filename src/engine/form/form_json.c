/* form_json.c: answers are a JSON tree in the arena; these change it by path. */
#include "engine/form/form_int.h"

struct json *
form_json_new(struct arena *a, enum json_type type)
{
    struct json *j = ARENA_NEW(a, struct json);
    j->type = type;
    return j;
}

struct json *
form_json_str(struct arena *a, struct str s)
{
    struct json *j = form_json_new(a, JSON_STRING);
    j->text = s.p == NULL ? STR("") : s;
    return j;
}

struct json *
form_json_i64(struct arena *a, int64_t v)
{
    struct json *j = form_json_new(a, JSON_NUMBER);
    j->is_int = true;
    j->i64 = v;
    j->text = str_fmt(a, "%" PRId64, v);
    return j;
}

struct json *
form_json_bool(struct arena *a, bool v)
{
    struct json *j = form_json_new(a, JSON_BOOL);
    j->is_true = v;
    return j;
}

struct str
form_json_text(struct arena *a, const struct json *j)
{
    struct buf b = buf_new(a, 1u << 20);
    struct json_out o = json_out(&b);
    json_write(&o, j);
    return buf_str(&b);
}

/* A copy that may be changed, by writing and reading: trees here are small. */
struct json *
form_json_copy(struct arena *a, const struct json *j)
{
    struct json *copy = NULL;
    struct json_fault fault;
    if (json_parse(a, form_json_text(a, j), (struct json_limits){ 0 }, &copy, &fault) != ERR_OK) {
        return form_json_new(a, j->type);
    }
    return copy;
}

static struct json *
member(const struct json *j, struct str part)
{
    int64_t index = 0;
    if (j->type == JSON_LIST && str_to_i64(part, 0, j->n, &index)) {
        struct json *it = j->child;
        for (; it != NULL && index > 0; index--) {
            it = it->next;
        }
        return it;
    }
    for (struct json *it = j->child; j->type == JSON_OBJECT && it != NULL; it = it->next) {
        if (str_eq(it->key, part)) {
            return it;
        }
    }
    return NULL;
}

const struct json *
form_json_at(const struct json *root, struct str path)
{
    struct str part;
    while (root != NULL && str_next(&path, '.', &part)) {
        root = member(root, part);
    }
    return root;
}

void
form_json_set(struct arena *a, struct json *obj, struct str key, struct json *value)
{
    struct json **at = &obj->child;
    value->key = obj->type == JSON_OBJECT ? str_dup(a, key) : STR_NULL;
    while (*at != NULL && !(obj->type == JSON_OBJECT && str_eq((*at)->key, key))) {
        at = &(*at)->next;
    }
    value->next = *at == NULL ? NULL : (*at)->next;
    obj->n += *at == NULL;
    *at = value;
}

void
form_json_unset(struct json *obj, struct str key)
{
    struct json *gone = member(obj, key);
    for (struct json **at = &obj->child; gone != NULL && *at != NULL; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            obj->n--;
            return;
        }
    }
}

void
form_json_put(struct arena *a, struct json *root, struct str path, struct json *value)
{
    struct str part;
    struct str rest;
    while (str_cut(path, '.', &part, &rest)) {
        struct json *next = member(root, part);
        if (next == NULL) {
            char first = rest.n == 0 ? ' ' : rest.p[0];
            next = form_json_new(a, first >= '0' && first <= '9' ? JSON_LIST : JSON_OBJECT);
            form_json_set(a, root, part, next);
        }
        root = next;
        path = rest;
    }
    struct json *old = root->type == JSON_LIST ? member(root, part) : NULL;
    if (old == NULL) {
        form_json_set(a, root, part, value);
        return;
    }
    struct json *next = old->next;
    *old = *value;
    old->next = next;
}

void
form_json_drop(struct json *root, struct str path)
{
    struct str part;
    struct str rest;
    while (root != NULL && str_cut(path, '.', &part, &rest)) {
        root = member(root, part);
        path = rest;
    }
    if (root != NULL) {
        form_json_unset(root, part);
    }
}

void
form_json_truncate(struct json *root, struct str path, size_t n)
{
    struct str part;
    while (root != NULL && str_next(&path, '.', &part)) {
        root = member(root, part);
    }
    if (root == NULL || root->type != JSON_LIST || root->n <= n) {
        return;
    }
    struct json **at = &root->child;
    for (size_t i = 0; i < n; i++) {
        at = &(*at)->next;
    }
    *at = NULL;
    root->n = (uint32_t)n;
}
