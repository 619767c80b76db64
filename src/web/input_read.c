/* input_read.c: what handlers read of the checked fields. */
#include "web/input_int.h"

/* Asking for a name that the table does not have is a mistake in our code. A form shown again runs
 * the reading handler under the writing route, so there it is only absent. */
static void
check_declared(const struct web_req *rq, const char *name)
{
#ifdef BOMBO_TEST
    ASSERT(rq->is_again || input_field(rq->route, str_of(name)) != NULL);
#else
    (void)rq;
    (void)name;
#endif
}

static struct str
pair_value(const struct web_pair *v, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].name, name)) {
            return v[i].value;
        }
    }
    return STR_NULL;
}

struct str
web_text(const struct web_req *rq, const char *name)
{
    check_declared(rq, name);
    return pair_value(rq->pairs, rq->n_pairs, str_of(name));
}

int64_t
web_int(const struct web_req *rq, const char *name)
{
    int64_t v = 0;
    (void)str_to_i64(web_text(rq, name), INT64_MIN, INT64_MAX, &v);
    return v;
}

bool
web_bool(const struct web_req *rq, const char *name)
{
    return str_eq(web_text(rq, name), STR("1"));
}

size_t
web_list(struct ctx *cx, const struct web_req *rq, const char *name, struct str **ret)
{
    check_declared(rq, name);
    struct str *v = ARENA_ARRAY(cx->arena, struct str, rq->n_pairs);
    size_t n = 0;
    for (size_t i = 0; i < rq->n_pairs; i++) {
        if (str_eq(rq->pairs[i].name, str_of(name))) {
            v[n++] = rq->pairs[i].value;
        }
    }
    *ret = v;
    return n;
}

const struct web_file *
web_file(const struct web_req *rq, const char *name)
{
    check_declared(rq, name);
    for (size_t i = 0; i < rq->n_files; i++) {
        if (str_eq(rq->files[i].field, str_of(name))) {
            return &rq->files[i];
        }
    }
    return NULL;
}

struct str
web_param(const struct web_req *rq, const char *name)
{
    return pair_value(rq->params, rq->n_params, str_of(name));
}

enum err
web_param_id(struct ctx *cx, const struct web_req *rq, const char *name, int64_t *ret)
{
    if (!str_to_i64(web_param(rq, name), 1, INT64_MAX, ret)) {
        return err_set(cx, ERR_NOT_FOUND, "path parameter %s is no id", name);
    }
    return ERR_OK;
}
