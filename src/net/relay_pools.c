/* relay_pools.c: the upstreams of a snapshot: names resolved, TLS prepared, live state found. */
#include "net/relay_int.h"
#include "net/server_int.h"
#include "sys/log.h"

#include <netdb.h>

#define FAIL_N 5U

static bool
host_and_port(struct str text, struct str *ret_host, struct str *ret_port)
{
    size_t colon = text.n;
    int64_t port = 0;
    while (colon > 0 && text.p[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    *ret_host = str_slice(text, 0, colon - 1);
    *ret_port = str_slice(text, colon, text.n);
    if (ret_host->n > 2 && ret_host->p[0] == '[' && ret_host->p[ret_host->n - 1] == ']') {
        *ret_host = str_slice(*ret_host, 1, ret_host->n - 1);
    }
    return ret_host->n != 0 && str_to_i64(*ret_port, 1, 65535, &port) && ret_port->p[0] != '-';
}

/* Asks the resolver for names; takes the first address. *ret_is_away: no name server answered. */
static bool
resolve(struct ctx *cx, struct str host, struct str port, union raddr *ret, socklen_t *ret_n,
        bool *ret_is_away)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    int e = getaddrinfo(str_z(cx->arena, host), str_z(cx->arena, port), &hints, &found);
    *ret_is_away = e == EAI_AGAIN;
    if (e != 0) {
        return false;
    }
    bool fits = found->ai_addrlen <= sizeof(*ret);
    if (fits) {
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, found->ai_addr, found->ai_addrlen);
        *ret_n = found->ai_addrlen;
    }
    freeaddrinfo(found);
    return fits;
}

/* Connections are shared only by those who would make them alike: all that shapes them is in the
 * key. */
static struct str
tls_key(struct ctx *cx, const struct relay_pool *p)
{
    struct buf b = buf_new(cx->arena, 64U * 1024U);
    const struct str files[] = { p->ca_file, p->crl_file, p->client_cert, p->client_key };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct sys_file_info info = { 0 };
        if (files[i].n != 0 && sys_file_info(cx, files[i], &info) != ERR_OK) {
            info = (struct sys_file_info){ 0 }; /* opening it will tell */
        }
        buf_addf(&b, STR_FMT "\n%" PRId64 " %" PRId64 "\n", STR_ARG(files[i]), info.size_bytes,
                 info.changed_us);
    }
    return buf_str(&b);
}

static enum err
tls_bind(struct ctx *cx, struct rsnap *s, const struct relay_pool *from, size_t i, struct rpool *to)
{
    bool is_new = false;
    struct rregistry *g = &s->relay->registry;
    struct rlive *live =
        live_get(g, LIVE_TLS, tls_key(cx, from), sizeof(struct rlive_tls), &is_new);
    to->tls = (struct rlive_tls *)(void *)live;
    snap_hold_live(s, live);
    if (to->tls->tls == NULL) {
        const struct tls_files files = { from->ca_file, from->crl_file, from->client_cert,
                                         from->client_key };
        enum err e = tls_client_open(cx, &files, &to->tls->tls);
        if (e != ERR_OK) {
            struct str why = str_dup(cx->arena, str_of(cx->err.text));
            return err_set(cx, ERR_INVALID, "pool[%zu]: " STR_FMT, i, STR_ARG(why));
        }
    }
    struct str host;
    struct str port;
    struct str name = from->tls_name.n != 0 ? from->tls_name : to->host;
    if (from->tls_name.n == 0 && host_and_port(name, &host, &port)) {
        name = host;
    }
    uint8_t ip[16];
    to->ca_file = from->ca_file.n == 0 ? NULL : str_z(s->arena, from->ca_file);
    to->crl_file = from->crl_file.n == 0 ? NULL : str_z(s->arena, from->crl_file);
    to->client_cert = from->client_cert.n == 0 ? NULL : str_z(s->arena, from->client_cert);
    to->client_key = from->client_key.n == 0 ? NULL : str_z(s->arena, from->client_key);
    to->tls_name = str_z(s->arena, name);
    to->tls_is_ip = net_address(name, ip);
    return ERR_OK;
}

/* Where a name led in the policy before; else a port of this machine that nobody serves. */
static void
last_address(const struct rsnap *old, struct str pool, struct str text, union raddr *ret,
             socklen_t *ret_n)
{
    for (size_t i = 0; old != NULL && i < old->n_pools; i++) {
        const struct rpool *p = &old->pools[i];
        for (uint32_t k = 0; str_eq(p->name, pool) && k < p->n_addresses; k++) {
            if (str_eq(p->addresses[k]->text, text)) {
                *ret = p->addresses[k]->at;
                *ret_n = p->addresses[k]->at_n;
                return;
            }
        }
    }
    memset(ret, 0, sizeof(*ret));
    ret->v4 = (struct sockaddr_in){ .sin_family = AF_INET,
                                    .sin_port = htons(1),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    *ret_n = sizeof(ret->v4);
}

/* One service without an address must not hold back the rest of a policy (a member that is
 * suspended). Names are not waited for one by one when the name server is away. */
static bool
address_of(struct ctx *cx, struct rsnap *s, const struct relay_pool *from, struct str text,
           union raddr *ret, socklen_t *ret_n)
{
    struct str host;
    struct str port;
    bool is_away = false;
    uint8_t ip[16];
    if (!host_and_port(text, &host, &port)) {
        return false;
    }
    if ((!s->is_resolver_away || net_address(host, ip)) &&
        resolve(cx, host, port, ret, ret_n, &is_away)) {
        return true;
    }
    if (!from->may_lack_address) {
        return false;
    }
    const struct sys_log_field f[] = { SYS_LOG_TEXT("service", from->name),
                                       SYS_LOG_TEXT("address", text) };
    sys_log(cx, SYS_LOG_WARN, "relay.no_address", f, COUNT_OF(f));
    s->lacks_address = true;
    s->is_resolver_away = s->is_resolver_away || is_away;
    last_address(s->relay->snap, from->name, text, ret, ret_n);
    return true;
}

static enum err
address_bind(struct ctx *cx, struct rsnap *s, const struct relay_pool *from, size_t i, size_t k,
             struct rpool *to)
{
    struct str host;
    struct str port;
    struct str text = from->addresses[k];
    bool is_new = false;
    union raddr at;
    socklen_t at_n = 0;
    if (!host_and_port(text, &host, &port)) {
        return err_set(cx, ERR_INVALID,
                       "pool[%zu].addresses: \"" STR_FMT "\" is not an address like 10.0.0.1:8080",
                       i, STR_ARG(text));
    }
    if (!address_of(cx, s, from, text, &at, &at_n)) {
        return err_set(cx, ERR_INVALID, "pool[%zu].addresses: \"" STR_FMT "\" has no address", i,
                       STR_ARG(host));
    }
    struct str tls = to->tls == NULL ? STR("") : to->tls->live.key;
    struct str name = to->tls_name == NULL ? STR("") : str_of(to->tls_name);
    struct str key = str_fmt(cx->arena, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT,
                             STR_ARG(from->name), STR_ARG(text), STR_ARG(name), STR_ARG(tls));
    key = str_cat(cx->arena, key, (struct str){ (const char *)&at, sizeof(at) });
    size_t size = size_add(sizeof(struct rlive_address),
                           size_mul(sizeof(struct ridle), s->relay->config.n_loops));
    struct rlive *live = live_get(&s->relay->registry, LIVE_ADDRESS, key, size, &is_new);
    struct rlive_address *a = (struct rlive_address *)(void *)live;
    snap_hold_live(s, live);
    if (is_new) { /* nobody else can see it before this snapshot is in force */
        a->at = at;
        a->at_n = at_n;
        a->text = str_slice(live->key, from->name.n + 1, from->name.n + 1 + text.n);
    }
    to->addresses[k] = a;
    return ERR_OK;
}

enum err
relay_trust_check(struct ctx *cx, struct str ca_file, struct str crl_file)
{
    const struct tls_files files = { .ca = ca_file, .crl = crl_file };
    SSL_CTX *tls = NULL;
    TRY(tls_client_open(cx, &files, &tls));
    tls_close(tls);
    return ERR_OK;
}

static bool
is_good_host(struct str host)
{
    return host.n == 0 || parse_is_host(host);
}

static bool
is_good_path(struct str path)
{
    return path.n == 0 || (path.p[0] == '/' && parse_all(path, PARSE_QUERY));
}

static enum err
pool_build(struct ctx *cx, struct rsnap *s, const struct relay_pool *from, size_t i,
           struct rpool *to)
{
    if (from->n_addresses == 0 || from->n_addresses > RELAY_ADDRESSES_MAX) {
        return err_set(cx, ERR_INVALID, "pool[%zu].addresses: 1 to %u are wanted", i,
                       RELAY_ADDRESSES_MAX);
    }
    if (!is_good_host(from->host) || !is_good_path(from->check_path)) {
        return err_set(cx, ERR_INVALID, "pool[%zu]: host or check_path is malformed", i);
    }
    struct str host = from->host.n != 0 ? from->host : from->addresses[0];
    bool is_new = false;
    *to = (struct rpool){
        .name = str_dup(s->arena, from->name),
        .host = str_dup(s->arena, host),
        .balance = from->balance,
        .n_addresses = (uint32_t)from->n_addresses,
        .addresses = ARENA_ARRAY(s->arena, struct rlive_address *, from->n_addresses),
        .idle_us = (int64_t)(from->idle_ms == 0 ? 50000 : from->idle_ms) * 1000,
        .idle_max = from->idle_max == 0 ? 256 : from->idle_max,
        .open_us = (int64_t)(from->open_ms == 0 ? 10000 : from->open_ms) * 1000,
        .check_every_us = (int64_t)(from->check_every_ms == 0 ? 5000 : from->check_every_ms) * 1000,
        .check_path = from->check_path.n == 0 ? STR_NULL : str_dup(s->arena, from->check_path),
        .busy_max = from->busy_max,
        .fail_n = from->fail_n == 0 ? FAIL_N : from->fail_n,
        .is_5xx_failure = from->is_5xx_failure,
    };
    struct rlive *live =
        live_get(&s->relay->registry, LIVE_POOL, to->name, sizeof(struct rlive_pool), &is_new);
    to->live = (struct rlive_pool *)(void *)live;
    snap_hold_live(s, live);
    if (from->is_tls) {
        TRY(tls_bind(cx, s, from, i, to));
    }
    for (size_t k = 0; k < from->n_addresses; k++) {
        TRY(address_bind(cx, s, from, i, k, to));
    }
    return ERR_OK;
}

enum err
snap_pools(struct ctx *cx, struct rsnap *s, const struct relay_policy *p)
{
    struct rtable names = rtable_new(cx->arena, p->n_pools);
    s->pools = ARENA_ARRAY(s->arena, struct rpool, p->n_pools);
    for (size_t i = 0; i < p->n_pools; i++) {
        if (p->pools[i].name.n == 0 || !rtable_add(&names, p->pools[i].name, p)) {
            return err_set(cx, ERR_INVALID, "pool[%zu].name: \"" STR_FMT "\" is empty or taken", i,
                           STR_ARG(p->pools[i].name));
        }
        TRY(pool_build(cx, s, &p->pools[i], i, &s->pools[i]));
        s->n_pools++;
    }
    return ERR_OK;
}
