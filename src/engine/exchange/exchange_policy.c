/* exchange_policy.c: the relay's policy made of rows: services become routes and pools, subsystems
 * with proofs become clients, granted agreements become grants. */
#include "base/date.h"
#include "codec/url.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "engine/exchange/exchange_int.h"
#include "gen/q_exchange.h"
#include "net/client.h"
#include "store/store.h"
#include "sys/log.h"
#include "sys/sys.h"

#define PAGE        500
#define ROWS_MAX    ((size_t)100000)
#define OWN_ADDRESS "127.0.0.1"
#define NAMES_S     INT64_C(60)

/* A list that grows; its items are found by id, which only rises. */
struct grown {
    size_t n, cap;
};

static void *
room(struct ctx *cx, struct grown *g, void *old, size_t item_bytes)
{
    if (g->n < g->cap) {
        return old;
    }
    size_t cap = g->cap == 0 ? 64 : size_mul(g->cap, 2);
    char *v = arena_alloc(cx->arena, size_mul(cap, item_bytes));
    const char *from = old;
    for (size_t i = 0; i < g->n * item_bytes; i++) {
        v[i] = from[i];
    }
    g->cap = cap;
    return v;
}

struct build {
    int32_t own_port;
    struct str ca, crl; /* files for services over TLS; null: the system's authorities, no list */
    bool is_trust_bad;
    struct grown n_services, n_subs, n_grants;
    struct exchange_service *services;
    struct exchange_operation **operations; /* of each service */
    size_t *n_operations;
    struct exchange_subsystem *subs;
    struct relay_grant *grants;
};

/* --- rows ------------------------------------------------------------------------------------- */
static enum err
load_services(struct ctx *cx, struct build *b)
{
    int64_t after = 0;
    for (;;) {
        struct q_xservice_published_list list;
        TRY(q_xservice_published(cx, &list, .after = after, .limit_n = PAGE));
        for (size_t i = 0; i < list.n && b->n_services.n < ROWS_MAX; i++) {
            struct exchange_service s;
            after = list.v[i].id;
            TRY(exchange_service_get(cx, after, &s));
            bool is_box = str_eq(s.code, STR(EXCHANGE_BOX_CODE));
            if (!is_box && str_eq(s.state, STR("published"))) {
                b->services = room(cx, &b->n_services, b->services, sizeof(s));
                b->services[b->n_services.n++] = s;
            }
        }
        if (list.n < PAGE) {
            break;
        }
    }
    b->operations = ARENA_ARRAY(cx->arena, struct exchange_operation *, b->n_services.n + 1);
    b->n_operations = ARENA_ARRAY(cx->arena, size_t, b->n_services.n + 1);
    for (size_t i = 0; i < b->n_services.n; i++) {
        TRY(exchange_operations(cx, b->services[i].version_id, &b->operations[i],
                                &b->n_operations[i]));
    }
    return ERR_OK;
}

static enum err
load_subs(struct ctx *cx, struct build *b)
{
    int64_t after = 0;
    for (;;) {
        struct q_xsub_all_list list;
        TRY(q_xsub_all(cx, &list, .after = after, .limit_n = PAGE));
        for (size_t i = 0; i < list.n && b->n_subs.n < ROWS_MAX; i++) {
            after = list.v[i].id;
            b->subs = room(cx, &b->n_subs, b->subs, sizeof(*b->subs));
            TRY(exchange_subsystem_get(cx, after, &b->subs[b->n_subs.n]));
            b->n_subs.n++;
        }
        if (list.n < PAGE) {
            return ERR_OK;
        }
    }
}

static size_t
service_index(const struct build *b, int64_t id)
{
    size_t lo = 0;
    size_t hi = b->n_services.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (b->services[mid].id < id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < b->n_services.n && b->services[lo].id == id ? lo : SIZE_MAX;
}

static const struct exchange_subsystem *
sub_of(const struct build *b, int64_t id)
{
    size_t lo = 0;
    size_t hi = b->n_subs.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (b->subs[mid].id < id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < b->n_subs.n && b->subs[lo].id == id ? &b->subs[lo] : NULL;
}

/* --- words, networks: "a b c" as a list --------------------------------------------------------
 */
static size_t
split(struct ctx *cx, struct str words, const struct str **ret)
{
    struct str *v = ARENA_ARRAY(cx->arena, struct str, words.n / 2 + 1);
    struct str one;
    size_t n = 0;
    while (str_next(&words, ' ', &one)) {
        if (!str_is_empty(one)) {
            v[n++] = one;
        }
    }
    *ret = v;
    return n;
}

/* --- parts of the policy ---------------------------------------------------------------------- */
/* A service described by WSDL: its operations by the element in the body. */
static void
soap_of(struct ctx *cx, const struct build *b, size_t service, struct relay_route *route)
{
    size_t n = b->n_operations[service];
    struct relay_soap *v = ARENA_ARRAY(cx->arena, struct relay_soap, n);
    for (size_t i = 0; i < n; i++) {
        const struct exchange_operation *o = &b->operations[service][i];
        if (!str_is_empty(o->element)) {
            v[route->n_soap++] =
                (struct relay_soap){ o->element, str_is_empty(o->action) ? STR_NULL : o->action,
                                     o->path };
        }
    }
    route->soap = v;
    route->is_soap = route->n_soap != 0;
}

bool
exchange_url_split(struct str endpoint, struct url_parts *ret)
{
    if (!url_split(endpoint, ret)) {
        return false;
    }
    while (str_ends(ret->path, STR("/"))) {
        ret->path.n--;
    }
    return ret->path.n == 0 || relay_is_target(ret->path);
}

/* Nobody serves there: calls end as those to a service that is away. */
static void
leads_nowhere(struct relay_pool *pool, struct str *address)
{
    *address = STR(OWN_ADDRESS ":1");
    pool->is_tls = false;
}

/* One service with a faulty address must not hold back the others, nor a member's suspension. */
static void
route_to(struct ctx *cx, const struct build *b, struct str endpoint, struct relay_pool *pool,
         struct str *address, struct relay_route *route)
{
    struct url_parts url;
    if (!exchange_url_split(endpoint, &url)) {
        const struct sys_log_field f[] = { SYS_LOG_TEXT("service", pool->name),
                                           SYS_LOG_TEXT("address", endpoint) };
        sys_log(cx, SYS_LOG_WARN, "exchange.bad_address", f, COUNT_OF(f));
        leads_nowhere(pool, address);
        return;
    }
    pool->is_tls = str_eq(url.scheme, STR("https"));
    if (pool->is_tls && b->is_trust_bad) {
        leads_nowhere(pool, address); /* whom to trust is not known */
        return;
    }
    pool->ca_file = b->ca;
    pool->crl_file = b->crl;
    pool->may_lack_address = true;
    int32_t port = url.port != 0 ? url.port : pool->is_tls ? 443 : 80;
    *address = str_fmt(cx->arena, STR_FMT ":%d", STR_ARG(url.host), port);
    route->target = url.path.n == 0 ? STR_NULL : url.path;
    route->is_fixed = route->is_soap;
}

static enum err
pool_and_route(struct ctx *cx, const struct build *b, const struct exchange_service *s,
               struct relay_pool *pool, struct relay_route *route)
{
    struct str *address = ARENA_NEW(cx->arena, struct str);
    *pool = (struct relay_pool){ .name = s->path, .addresses = address, .n_addresses = 1 };
    *route = (struct relay_route){
        .id = s->id,
        .name = s->path,
        .path = str_cat(cx->arena, STR("/r1/"), s->path),
        .pool = s->path,
        .wait_ms = (uint32_t)s->timeout_ms,
    };
    soap_of(cx, b, (size_t)(s - b->services), route);
    if (str_starts(s->endpoint, STR("sim:"))) {
        *address = str_fmt(cx->arena, OWN_ADDRESS ":%d", b->own_port);
        route->target = str_cat(cx->arena, STR(EXCHANGE_SIM_PATH "/"),
                                str_slice(s->endpoint, 4, s->endpoint.n));
        return ERR_OK;
    }
    if (str_eq(s->endpoint, STR(EXCHANGE_NODE_ENDPOINT))) {
        /* without a gate the address leads nowhere and the call is refused as unreachable */
        *address = str_fmt(cx->arena, OWN_ADDRESS ":%d", cx->gate == NULL ? 1 : cx->gate->port);
        pool->host = cx->gate == NULL ? STR_NULL : cx->gate->host;
        route->target = route->path;
        /* the gate bounds each silence by itself; large bodies are spooled before it answers */
        route->wait_ms += (uint32_t)CLIENT_TRANSFER_MS(2 * EXCHANGE_BODY_BYTES);
        route->is_signed = true;
        route->tries_max = 1;
        return ERR_OK;
    }
    route_to(cx, b, s->endpoint, pool, address, route);
    return ERR_OK;
}

static enum err
client(struct ctx *cx, const struct exchange_subsystem *s, struct relay_client *ret)
{
    struct exchange_client *clients = NULL;
    struct exchange_cert *certs = NULL;
    size_t n_clients = 0;
    size_t n_certs = 0;
    size_t n_ids = 0;
    size_t n_thumbs = 0;
    int64_t now_us = sys_now_us(cx);
    TRY(exchange_clients(cx, s->id, &clients, &n_clients));
    TRY(exchange_certs(cx, s->id, &certs, &n_certs));
    struct str *ids = ARENA_ARRAY(cx->arena, struct str, n_clients + 1);
    struct str *thumbs = ARENA_ARRAY(cx->arena, struct str, n_certs + 1);
    for (size_t i = 0; i < n_clients; i++) {
        if (clients[i].revoked_us == 0) {
            ids[n_ids++] = clients[i].client_id;
        }
    }
    for (size_t i = 0; i < n_certs; i++) {
        if (certs[i].revoked_us == 0 && certs[i].not_after_us > now_us) {
            thumbs[n_thumbs++] = certs[i].thumb;
        }
    }
    *ret = (struct relay_client){
        .id = s->id,
        .name = s->path,
        .token_ids = ids,
        .n_token_ids = n_ids,
        .cert_sha256 = thumbs,
        .n_cert_sha256 = n_thumbs,
        .is_suspended = !str_eq(s->state, STR("active")) || !str_eq(s->member_state, STR("active")),
    };
    ret->n_networks = split(cx, s->ip_allow, &ret->networks);
    return ERR_OK;
}

/* Paths of granted operations, those of the version in force. */
static size_t
operations(struct ctx *cx, const struct build *b, size_t service, struct str codes,
           const struct relay_operation **ret)
{
    struct relay_operation *v =
        ARENA_ARRAY(cx->arena, struct relay_operation, b->n_operations[service] + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->n_operations[service]; i++) {
        const struct exchange_operation *o = &b->operations[service][i];
        if (exchange_names(codes, o->code)) {
            v[n++] = (struct relay_operation){ o->method, o->path };
        }
    }
    *ret = v;
    return n;
}

static enum err
grant(struct ctx *cx, struct build *b, const struct q_xagree_granted_list *list, size_t i)
{
    const struct q_xagree_granted *r = &list->v[i];
    const struct exchange_subsystem *sub = sub_of(b, r->consumer_id);
    size_t service = service_index(b, r->service_id);
    struct date day;
    if (sub == NULL || service == SIZE_MAX) {
        return ERR_OK; /* the service is retired or its member suspended */
    }
    struct relay_grant g = {
        .id = r->id,
        .client = sub->path,
        .route = b->services[service].path,
        .rate_n = (uint32_t)r->rate_s,
        .rate_ms = 1000,
        .quota_n = (uint64_t)r->quota_day,
        .quota_window = RELAY_DAY,
    };
    g.n_operations = operations(cx, b, service, r->operations, &g.operations);
    if (g.n_operations == 0) {
        return ERR_OK; /* none of them exists any more: to the relay, none would mean all */
    }
    exchange_hours_bits(r->hours, g.hours);
    if (date_parse(r->valid_from, &day)) {
        g.from_us = date_to_us_vn(day, 0);
    }
    if (date_parse(r->valid_to, &day)) {
        g.until_us = date_to_us_vn((struct date){ day.day + 1 }, 0);
    }
    g.n_removed = split(cx, r->removed, &g.removed);
    if (g.n_removed > EXCHANGE_REMOVED_MAX) {
        return ERR_OK; /* without all of them taken out nothing may pass; the others' calls go on */
    }
    if (r->quota_day > 0) {
        struct q_xcall_day_n used;
        TRY(q_xcall_day_n(cx, &used, .agreement_id = r->id, .consumer_id = r->consumer_id,
                          .since_id = date_to_us_vn(date_at_vn(sys_now_us(cx)), 0)));
        g.quota_used = (uint64_t)used.n;
    }
    b->grants = room(cx, &b->n_grants, b->grants, sizeof(g));
    b->grants[b->n_grants.n++] = g;
    return ERR_OK;
}

static enum err
load_grants(struct ctx *cx, struct build *b)
{
    int64_t after = 0;
    for (;;) {
        struct q_xagree_granted_list list;
        TRY(q_xagree_granted(cx, &list, .after = after, .limit_n = PAGE));
        for (size_t i = 0; i < list.n && b->n_grants.n < ROWS_MAX; i++) {
            after = list.v[i].id;
            TRY(grant(cx, b, &list, i));
        }
        if (list.n < PAGE) {
            return ERR_OK;
        }
    }
}

/* Operational monitoring is the program's own: every client that proves itself may ask, and sees
 * what concerns it. Its requests reach the program under a host name that only the relay knows. */
static enum err
own_route(struct ctx *cx, int32_t own_port, struct relay_pool *pool, struct relay_route *route)
{
    struct str *address = ARENA_NEW(cx->arena, struct str);
    *address = str_fmt(cx->arena, OWN_ADDRESS ":%d", own_port);
    *pool = (struct relay_pool){ .name = STR("opmon"), .addresses = address, .n_addresses = 1 };
    *route = (struct relay_route){ .name = STR("opmon"),
                                   .path = STR(EXCHANGE_OPMON_PATH),
                                   .pool = STR("opmon"),
                                   .target = STR(EXCHANGE_OPMON_PATH),
                                   .is_for_clients = true,
                                   .body_max_bytes = EXCHANGE_XROAD_BYTES,
                                   .tries_max = 1 };
    return exchange_relay_host(cx, &pool->host);
}

/* The same by SOAP: one route for all providers, the message names which. */
static struct relay_route
soap_meta_route(struct ctx *cx, struct relay_route own)
{
    const char *const *codes = NULL;
    size_t n = exchange_meta_soap_codes(&codes);
    struct relay_soap *v = ARENA_ARRAY(cx->arena, struct relay_soap, n);
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct relay_soap){ str_of(codes[i]), STR_NULL,
                                    str_cat(cx->arena, STR("/"), str_of(codes[i])) };
    }
    own.name = own.path = own.target = STR(EXCHANGE_META_PATH);
    own.is_soap = own.is_fixed = own.is_common = true;
    own.body_max_bytes = EXCHANGE_XROAD_BYTES;
    own.soap = v;
    own.n_soap = n;
    return own;
}

/* Metadata services of the subsystems that offer something, and the list of clients: answered by
 * the program, each under the provider's own path. */
static size_t
meta_routes(struct ctx *cx, const struct build *b, struct relay_route *routes)
{
    const char *const *codes = NULL;
    size_t n_codes = exchange_meta_codes(&codes);
    bool *offers = ARENA_ARRAY(cx->arena, bool, b->n_subs.n + 1);
    size_t n = 0;
    struct relay_route own = { .pool = STR("opmon"), .is_for_clients = true, .tries_max = 1 };
    own.is_signed = true; /* the program's own X-Road-Error passes */
    own.name = own.path = own.target = STR(EXCHANGE_CLIENTS_PATH);
    routes[n++] = own;
    routes[n++] = soap_meta_route(cx, own);
    for (size_t i = 0; i < b->n_services.n; i++) {
        const struct exchange_subsystem *sub = sub_of(b, b->services[i].subsystem_id);
        if (sub != NULL) {
            offers[sub - b->subs] = true;
        }
    }
    for (size_t i = 0; i < b->n_subs.n; i++) {
        for (size_t k = 0; offers[i] && k < n_codes; k++) {
            own.path = own.target =
                str_fmt(cx->arena, "/r1/" STR_FMT "/%s", STR_ARG(b->subs[i].path), codes[k]);
            own.name = str_slice(own.path, 4, own.path.n);
            routes[n++] = own;
        }
    }
    return n;
}

enum err
exchange_relay_host(struct ctx *cx, struct str *ret)
{
    struct aead_key key;
    TRY(exchange_seal_key(cx, &key));
    struct digest d =
        digest_hmac((struct str){ (const char *)key.b, sizeof(key.b) }, STR("relay-host"));
    *ret = str_cat(cx->arena, STR("relay-"), digest_hex(cx->arena, &d));
    return ERR_OK;
}

/* data_dir/keys/services-ca.pem and services-crl.pem: whom services over TLS are believed, and
 * which certificates are revoked. A faulty file must not hold back the rest of a policy (a member
 * that is suspended): then only these services are not called, and the log says why. */
static void
load_trust(struct ctx *cx, struct build *b)
{
    struct str keys = str_cat(cx->arena, cx->config->data_dir, STR("/keys/"));
    struct str ca = str_cat(cx->arena, keys, STR("services-ca.pem"));
    struct str crl = str_cat(cx->arena, keys, STR("services-crl.pem"));
    b->ca = sys_file_exists(cx, ca) ? ca : STR_NULL;
    b->crl = sys_file_exists(cx, crl) ? crl : STR_NULL;
    if ((b->ca.n != 0 || b->crl.n != 0) && relay_trust_check(cx, b->ca, b->crl) != ERR_OK) {
        const struct sys_log_field f[] = { SYS_LOG_TEXT("files", keys),
                                           SYS_LOG_TEXT("detail", str_of(cx->err.text)) };
        sys_log(cx, SYS_LOG_ERROR, "exchange.trust", f, COUNT_OF(f));
        b->is_trust_bad = true;
    }
}

static enum err
build_policy(struct ctx *cx, void *arg)
{
    struct exchange_policy_job *job = arg;
    struct build b = { .own_port = job->own_port };
    struct relay_policy p = { 0 };
    load_trust(cx, &b);
    TRY(load_services(cx, &b));
    TRY(load_subs(cx, &b));
    TRY(load_grants(cx, &b));
    struct relay_pool *pools = ARENA_ARRAY(cx->arena, struct relay_pool, b.n_services.n + 2);
    struct relay_route *routes =
        ARENA_ARRAY(cx->arena, struct relay_route, b.n_services.n + 4 * b.n_subs.n + 3);
    struct relay_client *clients = ARENA_ARRAY(cx->arena, struct relay_client, b.n_subs.n + 1);
    for (size_t i = 0; i < b.n_services.n; i++) {
        TRY(pool_and_route(cx, &b, &b.services[i], &pools[i], &routes[i]));
    }
    TRY(own_route(cx, b.own_port, &pools[b.n_services.n], &routes[b.n_services.n]));
    for (size_t i = 0; i < b.n_subs.n; i++) {
        TRY(client(cx, &b.subs[i], &clients[i]));
    }
    TRY(exchange_token_keys(cx, &p.tokens.jwks));
    p.tokens.issuer = cx->config->base_url;
    p.tokens.audience = STR(EXCHANGE_AUDIENCE);
    p.version = date_iso_instant_vn(cx->arena, sys_now_us(cx));
    p.pools = pools;
    p.n_pools = b.n_services.n + 1;
    p.routes = routes;
    p.n_routes = b.n_services.n + 1;
    p.n_routes += meta_routes(cx, &b, routes + p.n_routes);
    p.clients = clients;
    p.n_clients = b.n_subs.n;
    p.grants = b.grants;
    p.n_grants = b.n_grants.n;
    *job->ret = p;
    return ERR_OK;
}

enum err
exchange_policy(struct ctx *cx, int32_t own_port, struct relay_policy *ret)
{
    struct exchange_policy_job job = { own_port, ret };
    return store_read(cx, build_policy, &job);
}

enum err
exchange_changed(struct ctx *cx)
{
    TRY(q_xmark_add(cx, NULL));
    TRY(store_outbox_put(cx, STR("node.trust"), STR("trust"), STR("{}")));
    return store_outbox_put(cx, STR("exchange.policy"), STR("policy"), STR("{}"));
}

enum err
exchange_mark(struct ctx *cx, int64_t *ret)
{
    struct q_xmark_get mark = { .n = 0 };
    enum err e = q_xmark_get(cx, &mark);
    *ret = mark.n;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
exchange_relay_apply(struct ctx *cx)
{
    struct relay_policy p;
    if (cx->relay == NULL || cx->config->relay_policy.n != 0) {
        return ERR_OK;
    }
    TRY(exchange_policy(cx, cx->config->port, &p));
    return relay_apply(cx, cx->relay, &p);
}

enum err
exchange_names_again(struct ctx *cx, int64_t *ret_again_us)
{
    *ret_again_us = NAMES_S * DATE_US_PER_S;
    bool lacks = cx->relay != NULL && relay_lacks_address(cx->relay);
    return lacks ? exchange_relay_apply(cx) : ERR_OK;
}
