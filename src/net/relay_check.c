/* relay_check.c: who calls, whereto, and whether that is allowed: from memory only. */
#include "net/relay_int.h"

/* --- the path --------------------------------------------------------------------------------- */

/* "*" and "{x}" stand for one segment, a last "**" for any rest. */
static bool
path_fits(struct str pattern, struct str path)
{
    struct str want;
    struct str have;
    while (str_next(&pattern, '/', &want)) {
        if (str_eq(want, STR("**")) && pattern.p == NULL) {
            return true;
        }
        bool is_any =
            str_eq(want, STR("*")) || (want.n > 2 && want.p[0] == '{' && want.p[want.n - 1] == '}');
        if (!str_next(&path, '/', &have) || (is_any ? have.n == 0 : !str_eq(want, have))) {
            return false;
        }
    }
    return path.p == NULL;
}

bool
operation_fits(const struct roperation *o, struct str method, struct str path)
{
    return (o->method.n == 0 || str_eq(o->method, method)) && path_fits(o->path, path);
}

/* The raw target behind the route's segments, with the query. No segment holds an encoded '/', so
 * segments of the raw and the decoded path correspond. */
static struct str
rest_of(struct str target, uint32_t n_segments)
{
    size_t at = 0;
    if (target.n != 0 && target.p[0] != '/') { /* absolute form */
        at = str_find(target, STR("://")) + 3;
        while (at < target.n && target.p[at] != '/') {
            at++;
        }
    }
    for (uint32_t seen = 0; at < target.n && target.p[at] != '?'; at++) {
        if (target.p[at] == '/' && seen++ == n_segments) {
            break;
        }
    }
    return str_slice(target, at < target.n ? at : target.n, target.n);
}

struct str
path_below(const struct rcall *x)
{
    struct str below = str_slice(x->rq.path, x->route->path.n, x->rq.path.n);
    return below.n == 0 ? STR("/") : below;
}

/* --- who -------------------------------------------------------------------------------------- */
static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* An X-Road identifier as it stands in a field: three to four parts, each percent-encoded. */
static bool
identifier_decode(struct arena *a, struct str s, struct str *ret)
{
    if (s.n == 0 || s.n > 512) {
        return false;
    }
    char *to = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int hi = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
            int lo = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
            if (hi < 0 || lo < 0 || hi * 16 + lo < 0x20) {
                return false;
            }
            c = (char)(hi * 16 + lo);
            i += 2;
        }
        to[n++] = c;
    }
    *ret = (struct str){ to, n };
    return str_is_utf8(*ret);
}

static bool
bearer(struct str authorization, struct str *ret)
{
    if (authorization.n < 8 || !str_eq_nocase(str_slice(authorization, 0, 7), STR("Bearer "))) {
        return false;
    }
    *ret = str_trim(str_slice(authorization, 7, authorization.n));
    return true;
}

/* Known by its address alone: only clients that have no stronger proof and name their networks. */
static enum relay_error
by_network(struct rcall *x, const struct rsnap *s, struct str name)
{
    if (name.n == 0) {
        return x->route->is_xroad ? RELAY_NO_CLIENT_ID : RELAY_NO_PROOF;
    }
    const struct rclient *c = rtable_get(&s->clients, name);
    if (c == NULL) {
        return RELAY_UNKNOWN_CLIENT;
    }
    if (c->has_proofs || c->nets.n == 0) {
        return RELAY_NO_PROOF;
    }
    x->who = c;
    x->proof = RELAY_BY_NETWORK;
    return RELAY_OK;
}

static enum relay_error
identify(struct rcall *x, const struct rsnap *s, struct str name)
{
    struct str token;
    if (!x->route->keeps_authorization && bearer(x->authorization, &token)) {
        x->proof = RELAY_BY_TOKEN;
        return token_client(x->client, s, token, &x->who);
    }
    if (x->client->has_cert) {
        x->who = rtable_get(&s->certs, (struct str){ x->client->cert, 64 });
        if (x->who != NULL) {
            x->proof = RELAY_BY_CERT;
            return RELAY_OK;
        }
    }
    return by_network(x, s, name);
}

bool
check_name(struct rcall *x, struct str *ret)
{
    *ret = STR_NULL;
    return x->x_client.p == NULL || identifier_decode(x->arena, x->x_client, ret);
}

/* What can be told before a body was read: nobody makes the relay hold one who cannot be known. */
enum relay_error
check_proof(struct rcall *x, const struct rsnap *s)
{
    struct str token;
    const struct rconn *c = x->client;
    bool is_kept = x->route != NULL && x->route->keeps_authorization;
    if (!is_kept && bearer(x->authorization, &token)) {
        x->proof = RELAY_BY_TOKEN;
        return token_client(c, s, token, &x->who);
    }
    bool is_open = x->route == NULL ? s->has_open_soap : x->route->is_open;
    bool is_shown = c->has_cert && rtable_get(&s->certs, (struct str){ c->cert, 64 }) != NULL;
    return is_open || is_shown || s->has_unproven ? RELAY_OK : RELAY_NO_PROOF;
}

enum relay_error
check_who(struct rcall *x, const struct rsnap *s, struct str name)
{
    enum relay_error why = identify(x, s, name);
    if (why != RELAY_OK) {
        return why;
    }
    if (x->route->is_xroad && name.p == NULL) {
        return RELAY_NO_CLIENT_ID;
    }
    if (name.p != NULL && !str_eq(name, x->who->name)) {
        return RELAY_OTHER_CLIENT;
    }
    if (x->who->is_suspended) {
        return RELAY_SUSPENDED;
    }
    return nets_have(x->who->nets, x->client->peer_at) ? RELAY_OK : RELAY_NETWORK;
}

/* --- what is allowed -------------------------------------------------------------------------- */
static bool
operation_note(struct rcall *x, const struct rgrant *g, struct str path)
{
    for (size_t i = 0; i < g->n_operations; i++) {
        if (operation_fits(&g->operations[i], x->rq.method_name, path)) {
            x->operation = g->operations[i].path;
            return true;
        }
    }
    return g->n_operations == 0;
}

enum relay_error
check_grant(struct rcall *x, const struct rsnap *s, struct str path)
{
    const struct rgrant *g = snap_grant(s, x->who, x->route);
    if (g == NULL) {
        return RELAY_NO_GRANT;
    }
    x->grant = g;
    if ((g->from_us != 0 && x->started_wall_us < g->from_us) ||
        (g->until_us != 0 && x->started_wall_us >= g->until_us)) {
        return RELAY_EXPIRED;
    }
    if (!hours_allow(g, x->started_wall_us)) {
        return RELAY_HOURS;
    }
    if (!nets_have(g->nets, x->client->peer_at)) {
        return RELAY_NETWORK;
    }
    if (!operation_note(x, g, path)) {
        return RELAY_NO_OPERATION;
    }
    return limit_take(g, x->loop->now_us, x->started_wall_us, &x->retry_after_s);
}

/* h2c is an offer that a server may let pass; all else would change what the bytes mean. */
static bool
is_upgrade_refused(const struct rcall *x)
{
    return x->upgrade.p != NULL && !str_eq_nocase(x->upgrade, STR("h2c"));
}

enum relay_error
rcall_check(struct rcall *x)
{
    struct rloop *l = x->loop;
    if (!head_note(x)) {
        return RELAY_BAD_REQUEST;
    }
    head_ids(x);
    rloop_snapshot(l);
    if (l->hold == NULL) {
        return RELAY_NO_POLICY;
    }
    x->hold = l->hold;
    x->hold->n++;
    const struct rsnap *s = x->hold->snap;
    if (is_upgrade_refused(x)) {
        return RELAY_UPGRADE;
    }
    x->route = x->head.is_asterisk ? NULL : snap_route(s, x->rq.path);
    if (x->route == NULL || x->route->is_soap) {
        return soap_begin(x);
    }
    if (!x->route->is_open) {
        struct str name;
        enum relay_error why = check_name(x, &name) ? check_who(x, s, name) : RELAY_NO_CLIENT_ID;
        why = why == RELAY_OK && !x->route->is_for_clients ? check_grant(x, s, path_below(x)) : why;
        if (why != RELAY_OK) {
            return why;
        }
    }
    if (x->head.framing == PARSE_LENGTH && x->head.length > x->route->body_max) {
        return RELAY_TOO_LARGE;
    }
    x->rest = rest_of(x->rq.target, x->route->n_segments);
    return RELAY_OK;
}

/* A call that is under way when the policy changes: may it go on? Asked where bytes move, so a long
 * answer to a member that was suspended ends within the next 64 KiB. */
bool
rcall_may_go_on(struct rcall *x)
{
    struct rloop *l = x->loop;
    if (x->hold == l->hold || x->reviewed == l->serial) {
        return true;
    }
    const struct rsnap *s = l->hold->snap;
    x->reviewed = l->serial;
    const struct rroute *route = rtable_get(&s->route_names, x->route->name);
    if (route == NULL || x->who == NULL || route->is_open) {
        return route != NULL && (x->who != NULL || route->is_open);
    }
    const struct rclient *who = rtable_get(&s->clients, x->who->name);
    if (route->is_for_clients) {
        return who != NULL && !who->is_suspended;
    }
    const struct rgrant *g = who == NULL || who->is_suspended ? NULL : snap_grant(s, who, route);
    return g != NULL && (g->until_us == 0 || relay_wall_us(l->relay) < g->until_us);
}
