/* relay_json.c: a policy written as JSON (doc/relay.md): every fault with its line and what to
 * write instead, all at once. Tables say which members there are. */
#include "net/relay_int.h"

#define FAULTS_MAX_BYTES ((size_t)64 * 1024)

enum jkind {
    J_TEXT,
    J_TEXTS,
    J_U32,
    J_U64,
    J_I64,
    J_BOOL,
    J_WORD,
    J_INSTANT,
    J_HOURS,
    J_OPS,
    J_RAW
};

struct jfield {
    const char *name;
    enum jkind kind;
    size_t offset;
    const char *words; /* J_WORD: the enum's words in order, with '|' */
};

struct reader {
    struct ctx *cx;
    struct str file;
    struct buf faults;
    const char *where; /* "pools" */
    size_t index;
};

PRINTF_LIKE(3, 4) static void fault(struct reader *r, const struct json *j, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str text = str_vfmt(r->cx->arena, fmt, ap);
    va_end(ap);
    buf_addf(&r->faults, STR_FMT ":%u: %s[%zu]", STR_ARG(r->file), j->line, r->where, r->index);
    if (j->key.n != 0) {
        buf_addf(&r->faults, "." STR_FMT, STR_ARG(j->key));
    }
    buf_addf(&r->faults, ": " STR_FMT "\n", STR_ARG(text));
}

/* --- single values ---------------------------------------------------------------------------- */
static void
read_number(struct reader *r, const struct json *j, int64_t max, int64_t *ret)
{
    if (j->type != JSON_NUMBER || !j->is_int || j->i64 < 0 || j->i64 > max) {
        fault(r, j, "write a whole number from 0 to %" PRId64, max);
        return;
    }
    *ret = j->i64;
}

static void
read_texts(struct reader *r, const struct json *j, char *to)
{
    struct str *v = ARENA_ARRAY(r->cx->arena, struct str, j->n);
    size_t n = 0;
    if (j->type != JSON_LIST) {
        fault(r, j, "write a list of texts, like [\"a\", \"b\"]");
        return;
    }
    for (JSON_EACH(j, it)) {
        if (it->type != JSON_STRING) {
            fault(r, it, "write a text in quotes");
            return;
        }
        v[n++] = it->text;
    }
    const struct str *list = v; /* a pointer and a count lie side by side in every struct */
    memcpy(to, &list, sizeof(list));
    memcpy(to + sizeof(list), &n, sizeof(n));
}

static void
read_word(struct reader *r, const struct json *j, const char *words, char *to)
{
    struct str rest = str_of(words);
    struct str word;
    for (unsigned i = 0; str_next(&rest, '|', &word); i++) {
        if (j->type == JSON_STRING && str_eq(word, j->text)) {
            memcpy(to, &i, sizeof(i)); /* enums of non-negative values are unsigned int here */
            return;
        }
    }
    fault(r, j, "write one of %s", words);
}

/* "7-11,13-17" as bits: from the first hour to before the last. */
static bool
hours_parse(struct str text, uint32_t *ret)
{
    struct str part;
    uint32_t bits = 0;
    while (text.n != 0 && str_next(&text, ',', &part)) {
        struct str from;
        struct str to;
        int64_t a = 0;
        int64_t b = 0;
        if (!str_cut(str_trim(part), '-', &from, &to) || !str_to_i64(from, 0, 23, &a) ||
            !str_to_i64(to, 1, 24, &b) || a >= b) {
            return false;
        }
        for (int64_t h = a; h < b; h++) {
            bits |= 1U << h;
        }
    }
    *ret = bits;
    return true;
}

static void
read_hours(struct reader *r, const struct json *j, char *to)
{
    uint32_t days[7] = { 0 };
    size_t n = 0;
    for (JSON_EACH(j, it)) {
        if (n == 7 || it->type != JSON_STRING || !hours_parse(it->text, &days[n])) {
            n = 8;
            break;
        }
        n++;
    }
    if (j->type != JSON_LIST || n != 7) {
        fault(r, j, "write seven texts, Monday first, like \"7-11,13-17\" or \"\"");
        return;
    }
    memcpy(to, days, sizeof(days));
}

static void
read_operations(struct reader *r, const struct json *j, char *to)
{
    struct relay_operation *v = ARENA_ARRAY(r->cx->arena, struct relay_operation, j->n);
    size_t n = 0;
    if (j->type != JSON_LIST) {
        fault(r, j, "write a list like [\"GET /people/{id}\"]");
        return;
    }
    for (JSON_EACH(j, it)) {
        struct str method;
        struct str path;
        if (it->type != JSON_STRING || !str_cut(it->text, ' ', &method, &path) || path.n == 0 ||
            path.p[0] != '/') {
            fault(r, it, "write a method and a path, like \"GET /people/{id}\" or \"* /people\"");
            return;
        }
        v[n++] = (struct relay_operation){ str_eq(method, STR("*")) ? STR_NULL : method, path };
    }
    const struct relay_operation *list = v;
    memcpy(to, &list, sizeof(list));
    memcpy(to + sizeof(list), &n, sizeof(n));
}

static void
read_raw(struct reader *r, const struct json *j, char *to)
{
    struct buf b = buf_new(r->cx->arena, (size_t)1 << 20);
    struct json_out o = json_out(&b);
    json_write(&o, j);
    struct str s = buf_str(&b);
    memcpy(to, &s, sizeof(s));
}

static void
read_i64(struct reader *r, const struct json *j, int64_t max, size_t size, char *to)
{
    int64_t n = 0;
    read_number(r, j, max, &n);
    uint32_t small = (uint32_t)n;
    memcpy(to, size == sizeof(small) ? (const void *)&small : (const void *)&n, size);
}

static void
read_value(struct reader *r, const struct jfield *f, const struct json *j, char *to)
{
    int64_t us = 0;
    switch (f->kind) {
    case J_TEXT:
        if (j->type != JSON_STRING) {
            fault(r, j, "write a text in quotes");
            return;
        }
        memcpy(to, &j->text, sizeof(j->text));
        return;
    case J_TEXTS:
        read_texts(r, j, to);
        return;
    case J_U32:
        read_i64(r, j, UINT32_MAX, sizeof(uint32_t), to);
        return;
    case J_U64:
    case J_I64:
        read_i64(r, j, INT64_MAX, sizeof(int64_t), to);
        return;
    case J_BOOL:
        if (j->type != JSON_BOOL) {
            fault(r, j, "write true or false");
            return;
        }
        memcpy(to, &j->is_true, sizeof(j->is_true));
        return;
    case J_WORD:
        read_word(r, j, f->words, to);
        return;
    case J_INSTANT:
        if (j->type != JSON_STRING || !date_parse_instant(j->text, &us)) {
            fault(r, j, "write an instant, like \"2026-12-01T00:00:00+07:00\"");
        }
        memcpy(to, &us, sizeof(us));
        return;
    case J_HOURS:
        read_hours(r, j, to);
        return;
    case J_OPS:
        read_operations(r, j, to);
        return;
    case J_RAW:
        read_raw(r, j, to);
        return;
    }
}

/* --- the tables ------------------------------------------------------------------------------- */
#define F(type, member, kind)                                                                      \
    {                                                                                              \
#member, kind, offsetof(struct relay_##type, member), NULL                                 \
    }

static const struct jfield token_fields[] = {
    F(tokens, jwks, J_RAW),
    F(tokens, issuer, J_TEXT),
    F(tokens, audience, J_TEXT),
    F(tokens, revoked, J_TEXTS),
};
static const struct jfield pool_fields[] = {
    F(pool, name, J_TEXT),
    F(pool, addresses, J_TEXTS),
    { "balance", J_WORD, offsetof(struct relay_pool, balance), "round_robin|least_busy|hash" },
    F(pool, host, J_TEXT),
    F(pool, is_tls, J_BOOL),
    F(pool, tls_name, J_TEXT),
    F(pool, ca_file, J_TEXT),
    F(pool, crl_file, J_TEXT),
    F(pool, client_cert, J_TEXT),
    F(pool, client_key, J_TEXT),
    F(pool, idle_ms, J_U32),
    F(pool, idle_max, J_U32),
    F(pool, busy_max, J_U32),
    F(pool, check_path, J_TEXT),
    F(pool, check_every_ms, J_U32),
    F(pool, fail_n, J_U32),
    F(pool, open_ms, J_U32),
    F(pool, is_5xx_failure, J_BOOL),
};
static const struct jfield client_fields[] = {
    F(client, id, J_I64),          F(client, name, J_TEXT),
    F(client, token_ids, J_TEXTS), F(client, cert_sha256, J_TEXTS),
    F(client, networks, J_TEXTS),  F(client, is_suspended, J_BOOL),
};
static const struct jfield route_fields[] = {
    F(route, id, J_I64),
    F(route, name, J_TEXT),
    F(route, path, J_TEXT),
    F(route, pool, J_TEXT),
    F(route, target, J_TEXT),
    F(route, is_open, J_BOOL),
    F(route, is_for_clients, J_BOOL),
    F(route, keeps_host, J_BOOL),
    F(route, keeps_authorization, J_BOOL),
    F(route, is_soap, J_BOOL),
    F(route, is_fixed, J_BOOL),
    F(route, body_max_bytes, J_U64),
    F(route, connect_ms, J_U32),
    F(route, send_ms, J_U32),
    F(route, wait_ms, J_U32),
    F(route, answer_ms, J_U32),
    F(route, total_ms, J_U32),
    F(route, tries_max, J_U32),
};
static const struct jfield grant_fields[] = {
    F(grant, id, J_I64),
    F(grant, client, J_TEXT),
    F(grant, route, J_TEXT),
    F(grant, operations, J_OPS),
    F(grant, rate_n, J_U32),
    F(grant, rate_ms, J_U32),
    F(grant, rate_burst, J_U32),
    F(grant, quota_n, J_U64),
    { "quota_window", J_WORD, offsetof(struct relay_grant, quota_window), "day|month" },
    F(grant, quota_used, J_U64),
    F(grant, hours, J_HOURS),
    { "from", J_INSTANT, offsetof(struct relay_grant, from_us), NULL },
    { "until", J_INSTANT, offsetof(struct relay_grant, until_us), NULL },
    F(grant, networks, J_TEXTS),
    F(grant, removed, J_TEXTS),
};
#undef F

static const struct jfield *
field_named(const struct jfield *fields, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(name, str_of(fields[i].name))) {
            return &fields[i];
        }
    }
    return NULL;
}

static void
read_object(struct reader *r, const struct json *j, const struct jfield *fields, size_t n, char *to)
{
    if (j->type != JSON_OBJECT) {
        fault(r, j, "write an object in braces");
        return;
    }
    for (JSON_EACH(j, it)) {
        const struct jfield *f = field_named(fields, n, it->key);
        if (f != NULL) {
            read_value(r, f, it, to + f->offset);
            continue;
        }
        struct buf known = buf_new(r->cx->arena, 2048);
        for (size_t i = 0; i < n; i++) {
            buf_addf(&known, "%s%s", i == 0 ? "" : ", ", fields[i].name);
        }
        fault(r, it, "there is no such member; members are " STR_FMT, STR_ARG(buf_str(&known)));
    }
}

static void *
read_list(struct reader *r, const struct json *root, const char *name, const struct jfield *fields,
          size_t n, size_t size)
{
    const struct json *list = json_get(root, name);
    r->where = name;
    r->index = 0;
    if (list == NULL) {
        return NULL;
    }
    if (list->type != JSON_LIST) {
        fault(r, list, "write a list in square brackets");
        return NULL;
    }
    char *v = arena_alloc(r->cx->arena, size_mul(list->n, size));
    for (JSON_EACH(list, it)) {
        read_object(r, it, fields, n, v + r->index * size);
        r->index++;
    }
    return v;
}

static size_t
count(const struct json *root, const char *name)
{
    const struct json *list = json_get(root, name);
    return list == NULL || list->type != JSON_LIST ? 0 : list->n;
}

static void
read_members(struct reader *r, const struct json *root, struct relay_policy *p)
{
    static const char *const known[] = {
        "version", "tokens", "pools", "clients", "routes", "grants"
    };
    r->where = "policy";
    for (JSON_EACH(root, it)) {
        bool is_known = false;
        for (size_t i = 0; i < COUNT_OF(known); i++) {
            is_known = is_known || str_eq(it->key, str_of(known[i]));
        }
        if (!is_known) {
            fault(r, it,
                  "there is no such member; members are version, tokens, pools, clients, routes, "
                  "grants");
        }
    }
    p->version = json_text(root, "version");
    const struct json *tokens = json_get(root, "tokens");
    if (tokens != NULL) {
        r->where = "tokens";
        read_object(r, tokens, token_fields, COUNT_OF(token_fields), (char *)&p->tokens);
    }
    p->pools = read_list(r, root, "pools", pool_fields, COUNT_OF(pool_fields), sizeof(*p->pools));
    p->n_pools = count(root, "pools");
    p->clients =
        read_list(r, root, "clients", client_fields, COUNT_OF(client_fields), sizeof(*p->clients));
    p->n_clients = count(root, "clients");
    p->routes =
        read_list(r, root, "routes", route_fields, COUNT_OF(route_fields), sizeof(*p->routes));
    p->n_routes = count(root, "routes");
    p->grants =
        read_list(r, root, "grants", grant_fields, COUNT_OF(grant_fields), sizeof(*p->grants));
    p->n_grants = count(root, "grants");
}

static enum err
read_tree(struct ctx *cx, struct str file_name, struct str text, struct json **ret_root,
          struct relay_policy *ret, struct str *ret_faults)
{
    struct reader r = { .cx = cx,
                        .file = file_name,
                        .faults = buf_new(cx->arena, FAULTS_MAX_BYTES) };
    struct json_fault at = { 0 };
    struct json_limits limits = { .depth_max = 12, .nodes_max = 4000000 };
    if (json_parse(cx->arena, text, limits, ret_root, &at) != ERR_OK) {
        *ret_faults = str_fmt(cx->arena, STR_FMT ":%u: not JSON at column %u: %s\n",
                              STR_ARG(file_name), at.line, at.column, at.what);
        return err_set(cx, ERR_INVALID, "the policy is not JSON");
    }
    *ret = (struct relay_policy){ 0 };
    if ((*ret_root)->type != JSON_OBJECT) {
        *ret_faults =
            str_fmt(cx->arena, STR_FMT ":1: write an object in braces\n", STR_ARG(file_name));
        return err_set(cx, ERR_INVALID, "the policy is not an object");
    }
    read_members(&r, *ret_root, ret);
    *ret_faults = r.faults.is_failed ? STR("too many faults\n") : buf_str(&r.faults);
    return ret_faults->n == 0 ? ERR_OK : err_set(cx, ERR_INVALID, "the policy has faults");
}

enum err
relay_policy_read(struct ctx *cx, struct str file_name, struct str json, struct relay_policy *ret,
                  struct str *ret_faults)
{
    struct json *root = NULL;
    return read_tree(cx, file_name, json, &root, ret, ret_faults);
}

/* The line of what relay_apply complains about: its words begin with "route[3]". */
static uint32_t
line_of(const struct json *root, struct str text)
{
    static const char *const lists[] = { "pools", "clients", "routes", "grants" };
    struct str kind;
    struct str rest;
    struct str number;
    int64_t index = 0;
    if (!str_cut(text, '[', &kind, &rest) || !str_cut(rest, ']', &number, &rest) ||
        !str_to_i64(number, 0, UINT32_MAX, &index)) {
        return 1;
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct json *list = json_get(root, lists[i]);
        if (!str_starts(str_of(lists[i]), kind) || list == NULL) {
            continue;
        }
        for (JSON_EACH(list, it)) {
            if (index-- == 0) {
                return it->line;
            }
        }
    }
    return 1;
}

enum err
relay_apply_json(struct ctx *cx, struct relay *r, struct str file_name, struct str json,
                 struct str *ret_faults)
{
    struct json *root = NULL;
    struct relay_policy p;
    enum err e = read_tree(cx, file_name, json, &root, &p, ret_faults);
    if (e != ERR_OK) {
        return e;
    }
    e = relay_apply(cx, r, &p);
    if (e != ERR_OK) {
        struct str why = str_of(cx->err.text);
        *ret_faults = str_fmt(cx->arena, STR_FMT ":%u: " STR_FMT "\n", STR_ARG(file_name),
                              line_of(root, why), STR_ARG(why));
    }
    return e;
}
