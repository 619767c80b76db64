/* relay_policy.c: from a description to a snapshot: everything copied, indexed and checked, on the
 * thread of who changes the policy. */
#include "net/relay_int.h"

#define OPERATIONS_MAX 2000U
#define REMOVED_MAX    64U

static struct str
copy(struct arena *a, struct str s)
{
    return s.p == NULL ? STR_NULL : str_dup(a, s);
}

static struct str *
copy_list(struct arena *a, const struct str *v, size_t n)
{
    struct str *to = ARENA_ARRAY(a, struct str, n);
    for (size_t i = 0; i < n; i++) {
        to[i] = str_dup(a, v[i]);
    }
    return to;
}

/* As an X-Road identifier in a field: all but unreserved bytes and '/' percent-encoded. */
static struct str
header_of(struct arena *a, struct str name)
{
    struct buf b = buf_new(a, size_mul(name.n, 3) + 16);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || str_has_char(STR("-._~/"), c);
        if (is_plain) {
            buf_add_char(&b, c);
        } else {
            buf_addf(&b, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
    return buf_str(&b);
}

static int64_t
us_or(uint32_t ms, uint32_t otherwise_ms)
{
    return (int64_t)(ms == 0 ? otherwise_ms : ms) * 1000;
}

void
snap_hold_live(struct rsnap *s, struct rlive *live)
{
    s->lives[s->n_lives++] = live;
}

/* --- clients ---------------------------------------------------------------------------------- */
static enum err
client_proofs(struct ctx *cx, struct rsnap *s, const struct relay_client *from, size_t i,
              const struct rclient *c)
{
    for (size_t k = 0; k < from->n_token_ids; k++) {
        if (!rtable_add(&s->tokens, str_dup(s->arena, from->token_ids[k]), c)) {
            return err_set(cx, ERR_INVALID, "client[%zu].token_ids: \"" STR_FMT "\" is taken", i,
                           STR_ARG(from->token_ids[k]));
        }
    }
    for (size_t k = 0; k < from->n_cert_sha256; k++) {
        struct str hex = str_lower(s->arena, from->cert_sha256[k]);
        bool is_hex = hex.n == 64;
        for (size_t j = 0; j < hex.n && is_hex; j++) {
            is_hex = (hex.p[j] >= '0' && hex.p[j] <= '9') || (hex.p[j] >= 'a' && hex.p[j] <= 'f');
        }
        if (!is_hex || !rtable_add(&s->certs, hex, c)) {
            return err_set(cx, ERR_INVALID, "client[%zu].cert_sha256: %s", i,
                           is_hex ? "belongs to another client" : "64 hex digits are wanted");
        }
    }
    return ERR_OK;
}

static enum err
clients_build(struct ctx *cx, struct rsnap *s, const struct relay_policy *p)
{
    struct rclient *v = ARENA_ARRAY(s->arena, struct rclient, p->n_clients);
    size_t n_tokens = 0;
    size_t n_certs = 0;
    for (size_t i = 0; i < p->n_clients; i++) {
        n_tokens += p->clients[i].n_token_ids;
        n_certs += p->clients[i].n_cert_sha256;
    }
    s->clients = rtable_new(s->arena, p->n_clients);
    s->tokens = rtable_new(s->arena, n_tokens);
    s->certs = rtable_new(s->arena, n_certs);
    for (size_t i = 0; i < p->n_clients; i++) {
        const struct relay_client *from = &p->clients[i];
        v[i] = (struct rclient){ .id = from->id,
                                 .index = (uint32_t)i,
                                 .name = str_dup(s->arena, from->name),
                                 .header = header_of(s->arena, from->name),
                                 .is_suspended = from->is_suspended,
                                 .has_proofs = from->n_token_ids + from->n_cert_sha256 != 0 };
        if (from->name.n == 0 || !rtable_add(&s->clients, v[i].name, &v[i])) {
            return err_set(cx, ERR_INVALID, "client[%zu].name: \"" STR_FMT "\" is empty or taken",
                           i, STR_ARG(from->name));
        }
        TRY(nets_parse(cx, s->arena, "client", i, from->networks, from->n_networks, &v[i].nets));
        TRY(client_proofs(cx, s, from, i, &v[i]));
        s->has_unproven = s->has_unproven || (!v[i].has_proofs && v[i].nets.n != 0);
    }
    return ERR_OK;
}

/* --- routes ----------------------------------------------------------------------------------- */

/* Segments of "/a/b": 2; 0 when it is not a plain path. */
static uint32_t
path_segments(struct str path)
{
    uint32_t n = 0;
    struct str rest = path.n == 0 || path.p[0] != '/' ? STR_NULL : str_slice(path, 1, path.n);
    struct str part;
    while (rest.p != NULL && str_next(&rest, '/', &part)) {
        if (part.n == 0 || str_eq(part, STR(".")) || str_eq(part, STR(".."))) {
            return 0;
        }
        n++;
    }
    return n > RELAY_DEPTH_MAX ? 0 : n;
}

bool
relay_is_target(struct str path)
{
    return path.n != 0 && path.p[0] == '/' && path.p[path.n - 1] != '/' &&
           parse_all(path, PARSE_PATH);
}

static void
soap_copy(struct rsnap *s, const struct relay_route *from, struct rroute *to)
{
    struct relay_soap *v = ARENA_ARRAY(s->arena, struct relay_soap, from->n_soap);
    for (size_t i = 0; i < from->n_soap; i++) {
        v[i] = (struct relay_soap){ str_dup(s->arena, from->soap[i].element),
                                    copy(s->arena, from->soap[i].action),
                                    str_dup(s->arena, from->soap[i].path) };
    }
    to->soap = v;
    to->n_soap = from->n_soap;
}

struct str
snap_provider(const struct rroute *r)
{
    size_t end = r->name.n;
    while (end > 0 && r->name.p[end - 1] != '/') {
        end--;
    }
    return str_slice(r->name, 0, end == 0 ? 0 : end - 1);
}

/* The names of all operations, into the table; what is there already, into twice. */
static void
soap_add(struct rsnap *s, const struct rroute *r, struct rtable *to, struct rtable *twice)
{
    struct str provider = snap_provider(r);
    for (size_t i = 0; i < r->n_soap && !r->is_common; i++) {
        struct str key =
            str_fmt(s->arena, STR_FMT "/" STR_FMT, STR_ARG(provider), STR_ARG(r->soap[i].element));
        if (rtable_get(twice, key) == NULL && !rtable_add(to, key, r)) {
            (void)rtable_add(twice, key, r);
        }
    }
}

/* X-Road knows an operation by its provider and the element; one that two services of a provider
 * have is found by the service's own code only. */
static void
soap_names(struct ctx *cx, struct rsnap *s, const struct rroute *v, size_t n)
{
    size_t n_all = 0;
    for (size_t i = 0; i < n; i++) {
        n_all += v[i].n_soap;
        s->has_open_soap = s->has_open_soap || (v[i].is_soap && v[i].is_open);
    }
    struct rtable twice = rtable_new(cx->arena, n_all);
    struct rtable once = rtable_new(cx->arena, n_all);
    s->soap = rtable_new(s->arena, n_all);
    for (size_t i = 0; i < n; i++) {
        soap_add(s, &v[i], &once, &twice);
    }
    s->soap_common = rtable_new(s->arena, n_all);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < v[i].n_soap && v[i].is_common; k++) {
            (void)rtable_add(&s->soap_common, v[i].soap[k].element, &v[i]);
        }
    }
    for (size_t i = 0; i < n; i++) { /* now it is known which names are there twice */
        soap_add(s, &v[i], &s->soap, &twice);
    }
}

static enum err
route_build(struct ctx *cx, struct rsnap *s, const struct relay_route *from, size_t i,
            struct rroute *to)
{
    *to = (struct rroute){
        .id = from->id,
        .index = (uint32_t)i,
        .name = copy(s->arena, from->name),
        .path = copy(s->arena, from->path),
        .header = header_of(s->arena, from->name),
        .target = from->target.n == 0 ? STR("") : str_dup(s->arena, from->target),
        .is_open = from->is_open,
        .is_for_clients = from->is_for_clients,
        .keeps_host = from->keeps_host,
        .is_signed = from->is_signed,
        .keeps_authorization = from->keeps_authorization,
        .is_soap = from->is_soap,
        .is_fixed = from->is_fixed,
        .is_common = from->is_common,
        .is_xroad = str_starts(from->path, STR("/r1/")),
        .body_max = from->body_max_bytes == 0 ? UINT64_C(100) << 20 : from->body_max_bytes,
        .connect_us = us_or(from->connect_ms, 3000),
        .send_us = us_or(from->send_ms, 30000),
        .wait_us = us_or(from->wait_ms, 60000),
        .answer_us = us_or(from->answer_ms, 30000),
        .total_us = (int64_t)from->total_ms * 1000,
        .tries_max = from->tries_max == 0 ? 2 : from->tries_max,
    };
    soap_copy(s, from, to);
    to->n_segments = path_segments(from->path);
    if (to->n_segments == 0) {
        return err_set(cx, ERR_INVALID,
                       "route[%zu].path: \"" STR_FMT "\" is not a path like /a/b of 1 to %u parts",
                       i, STR_ARG(from->path), RELAY_DEPTH_MAX);
    }
    if (from->target.n != 0 && !relay_is_target(from->target)) {
        return err_set(cx, ERR_INVALID,
                       "route[%zu].target: \"" STR_FMT "\" is not empty or a path like /a/b", i,
                       STR_ARG(from->target));
    }
    return ERR_OK;
}

static enum err
routes_build(struct ctx *cx, struct rsnap *s, const struct relay_policy *p)
{
    struct rroute *v = ARENA_ARRAY(s->arena, struct rroute, p->n_routes);
    struct rtable pools = rtable_new(cx->arena, s->n_pools);
    for (size_t i = 0; i < s->n_pools; i++) {
        (void)rtable_add(&pools, s->pools[i].name, &s->pools[i]);
    }
    s->routes = rtable_new(s->arena, p->n_routes);
    for (size_t i = 0; i < p->n_routes; i++) {
        const struct relay_route *from = &p->routes[i];
        TRY(route_build(cx, s, from, i, &v[i]));
        v[i].pool = from->pool.p == NULL ? NULL : rtable_get(&pools, from->pool);
        if (v[i].pool == NULL) {
            return err_set(cx, ERR_INVALID, "route[%zu].pool: there is no pool \"" STR_FMT "\"", i,
                           STR_ARG(from->pool));
        }
        if (v[i].name.n == 0 || !rtable_add(&s->route_names, v[i].name, &v[i])) {
            return err_set(cx, ERR_INVALID, "route[%zu].name: \"" STR_FMT "\" is empty or taken", i,
                           STR_ARG(from->name));
        }
        if (!rtable_add(&s->routes, v[i].path, &v[i])) {
            return err_set(cx, ERR_INVALID, "route[%zu].path: \"" STR_FMT "\" is taken", i,
                           STR_ARG(from->path));
        }
    }
    soap_names(cx, s, v, p->n_routes);
    return ERR_OK;
}

/* The route with the longest path: hashes of all prefixes that end with a segment, longest first.
 */
const struct rroute *
snap_route(const struct rsnap *s, struct str path)
{
    uint64_t hashes[RELAY_DEPTH_MAX];
    size_t ends[RELAY_DEPTH_MAX];
    size_t n = 0;
    uint64_t hash = 14695981039346656037ULL; /* as str_hash, going on from prefix to prefix */
    for (size_t i = 0; i <= path.n && n < RELAY_DEPTH_MAX; i++) {
        if (i == path.n || (path.p[i] == '/' && i != 0)) {
            hashes[n] = hash;
            ends[n++] = i;
        }
        hash = i == path.n ? hash : (hash ^ (unsigned char)path.p[i]) * 1099511628211ULL;
    }
    while (n-- > 0) {
        const struct rroute *r =
            rtable_get_hashed(&s->routes, hashes[n], str_slice(path, 0, ends[n]));
        if (r != NULL) {
            return r;
        }
    }
    return NULL;
}

/* --- grants ----------------------------------------------------------------------------------- */
static enum err
operations_build(struct ctx *cx, struct rsnap *s, const struct relay_grant *from, size_t i,
                 struct rgrant *to)
{
    struct roperation *v = ARENA_ARRAY(s->arena, struct roperation, from->n_operations);
    if (from->n_operations > OPERATIONS_MAX || from->n_removed > REMOVED_MAX) {
        return err_set(cx, ERR_INVALID, "grant[%zu]: over %u operations or %u removed fields", i,
                       OPERATIONS_MAX, REMOVED_MAX);
    }
    for (size_t k = 0; k < from->n_operations; k++) {
        const struct relay_operation *o = &from->operations[k];
        if (o->path.n == 0 || o->path.p[0] != '/') {
            return err_set(cx, ERR_INVALID,
                           "grant[%zu].operations: path \"" STR_FMT "\" does not begin with /", i,
                           STR_ARG(o->path));
        }
        v[k] = (struct roperation){ copy(s->arena, o->method), str_dup(s->arena, o->path) };
    }
    to->operations = v;
    to->n_operations = from->n_operations;
    to->removed = copy_list(s->arena, from->removed, from->n_removed);
    to->n_removed = from->n_removed;
    return ERR_OK;
}

static struct str
grant_key(const uint64_t *key)
{
    return (struct str){ (const char *)key, sizeof(*key) };
}

static void
grant_times(const struct relay_grant *from, struct rgrant *to)
{
    int64_t rate_us = us_or(from->rate_ms, 1000);
    int64_t burst = from->rate_burst == 0 ? from->rate_n : from->rate_burst;
    to->rate_step_us = from->rate_n == 0 ? 0 : rate_us / from->rate_n;
    if (from->rate_n != 0 && to->rate_step_us == 0) {
        to->rate_step_us = 1;
    }
    to->rate_burst_us = burst * to->rate_step_us;
    for (size_t d = 0; d < 7; d++) {
        to->hours[d] = from->hours[d];
        to->has_hours = to->has_hours || from->hours[d] != 0;
    }
}

static enum err
grant_build(struct ctx *cx, struct rsnap *s, const struct relay_grant *from, size_t i,
            struct rgrant *to)
{
    *to = (struct rgrant){ .id = from->id,
                           .quota_n = from->quota_n,
                           .quota_window = from->quota_window,
                           .from_us = from->from_us,
                           .until_us = from->until_us };
    to->client = from->client.p == NULL ? NULL : rtable_get(&s->clients, from->client);
    to->route = from->route.p == NULL ? NULL : rtable_get(&s->route_names, from->route);
    if (to->client == NULL || to->route == NULL) {
        return err_set(cx, ERR_INVALID, "grant[%zu].%s: there is no \"" STR_FMT "\"", i,
                       to->client == NULL ? "client" : "route",
                       STR_ARG(to->client == NULL ? from->client : from->route));
    }
    if (from->quota_n > LIMIT_COUNT_MASK / 2) {
        return err_set(cx, ERR_INVALID, "grant[%zu].quota_n: too large", i);
    }
    grant_times(from, to);
    TRY(operations_build(cx, s, from, i, to));
    TRY(nets_parse(cx, s->arena, "grant", i, from->networks, from->n_networks, &to->nets));
    to->key = (uint64_t)to->client->index << 32 | to->route->index;
    if (!rtable_add(&s->grants, grant_key(&to->key), to)) {
        return err_set(cx, ERR_INVALID,
                       "grant[%zu]: \"" STR_FMT "\" has a grant for \"" STR_FMT "\" already", i,
                       STR_ARG(from->client), STR_ARG(from->route));
    }
    return ERR_OK;
}

const struct rgrant *
snap_grant(const struct rsnap *s, const struct rclient *c, const struct rroute *route)
{
    uint64_t key = (uint64_t)c->index << 32 | route->index;
    return rtable_get(&s->grants, grant_key(&key));
}

const struct rgrant *
snap_grant_named(const struct rsnap *s, const struct rclient *c, struct str route)
{
    const struct rroute *r = rtable_get(&s->route_names, route);
    return r == NULL ? NULL : snap_grant(s, c, r);
}

struct str
limit_key(struct arena *a, struct str client, struct str route)
{
    return str_fmt(a, STR_FMT "\n" STR_FMT, STR_ARG(client), STR_ARG(route));
}

/* Rate and quota count on from the policy before; only a limit new to this process takes over what
 * the caller says was used. */
static void
limit_bind(struct ctx *cx, struct rsnap *s, const struct relay_grant *from, struct rgrant *to)
{
    bool is_new = false;
    if (to->rate_step_us == 0 && to->quota_n == 0) {
        return;
    }
    struct str key = limit_key(cx->arena, from->client, from->route);
    struct rlive *live =
        live_get(&s->relay->registry, LIVE_LIMIT, key, sizeof(struct rlive_limit), &is_new);
    to->limit = (struct rlive_limit *)(void *)live;
    snap_hold_live(s, live);
    if (is_new && from->quota_n != 0) {
        uint64_t used = from->quota_used > from->quota_n ? from->quota_n : from->quota_used;
        uint64_t window = limit_window(from->quota_window, relay_wall_us(s->relay));
        atomic_store(&to->limit->window, window << LIMIT_COUNT_BITS | used);
    }
}

static enum err
grants_build(struct ctx *cx, struct rsnap *s, const struct relay_policy *p)
{
    struct rgrant *v = ARENA_ARRAY(s->arena, struct rgrant, p->n_grants);
    s->grants = rtable_new(s->arena, p->n_grants);
    for (size_t i = 0; i < p->n_grants; i++) {
        TRY(grant_build(cx, s, &p->grants[i], i, &v[i]));
        limit_bind(cx, s, &p->grants[i], &v[i]);
    }
    return ERR_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */
static enum err
tokens_build(struct ctx *cx, struct rsnap *s, const struct relay_tokens *t)
{
    s->jwks = copy(s->arena, t->jwks);
    s->issuer = copy(s->arena, t->issuer);
    s->audience = copy(s->arena, t->audience);
    s->revoked = rtable_new(s->arena, t->n_revoked);
    for (size_t i = 0; i < t->n_revoked; i++) {
        (void)rtable_add(&s->revoked, str_dup(s->arena, t->revoked[i]), s);
    }
    return t->jwks.n == 0 ? ERR_OK : jose_set_parse(cx, t->jwks, &s->keys);
}

static enum err
parts_build(struct ctx *cx, struct rsnap *s, const struct relay_policy *p)
{
    size_t n_lives = p->n_pools * 2 + p->n_grants;
    for (size_t i = 0; i < p->n_pools; i++) {
        n_lives += p->pools[i].n_addresses;
    }
    s->lives = ARENA_ARRAY(s->arena, struct rlive *, n_lives);
    s->version = copy(s->arena, p->version);
    s->route_names = rtable_new(s->arena, p->n_routes);
    TRY(tokens_build(cx, s, &p->tokens));
    TRY(snap_pools(cx, s, p));
    TRY(clients_build(cx, s, p));
    TRY(routes_build(cx, s, p));
    return grants_build(cx, s, p);
}

enum err
snap_build(struct ctx *cx, struct relay *r, const struct relay_policy *p, struct rsnap **ret)
{
    struct arena *a = arena_open(0);
    struct rsnap *s = ARENA_NEW(a, struct rsnap);
    s->arena = a;
    s->relay = r;
    atomic_init(&s->refs, 1);
    enum err e = parts_build(cx, s, p);
    if (e != ERR_OK) {
        snap_free(s);
        return e;
    }
    *ret = s;
    return ERR_OK;
}

void
snap_free(struct rsnap *s)
{
    for (size_t i = 0; i < s->n_lives; i++) {
        live_drop(&s->relay->registry, s->lives[i]);
    }
    jose_set_free(s->keys);
    arena_close(s->arena);
}
